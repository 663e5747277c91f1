//! Keys, certificates and requests: making them, reading them from files of any format, judging and encoding them, and
//! the directory they are kept in.
//!
//! The only room that sees private key bytes. They live in [`PrivateKey`], which prints nothing and is wiped when
//! dropped. Time comes in as an argument; randomness comes from aws-lc-rs.

mod age;
mod ber;
mod certificate;
mod contents;
mod directory;
mod durable;
mod ed25519;
mod encryption;
mod error;
mod examination;
mod facts;
mod file;
mod foreign;
mod identifiers;
mod inspect;
mod issuance;
mod key_store;
mod name;
mod output;
mod password;
mod pem;
mod pfx;
mod pkcs7;
mod private_key;
mod request;
mod signer;
mod unreadable;
mod vault;
mod verdict;

pub use age::{AgeError, Identities};
pub use certificate::{KeyPair, MakeError, self_signed};
pub use contents::{FileFormat, FoundCertificate, FoundKey, KeyFile, Labels, MAXIMUM_SIZE, read};
pub use directory::{DirectoryStore, StoreLock, StoredPaths};
pub use durable::{FileError, Replace, place, read_private};
pub use ed25519::{Ed25519Error, SigningKey, VerifyKey};
pub use error::StoreError;
pub use examination::{Examined, examine};
pub use file::CertificateFile;
pub use inspect::{InspectError, inspect};
pub use key_store::{KeyStore, Openers};
pub use output::{Bundle, Encoded, OutputError, OutputFormat};
pub use password::random_password;
pub use pfx::{CSP_NAME, PfxError, PfxTerms};
pub use private_key::PrivateKey;
pub use request::{generate, request};
pub use signer::{JwsAlgorithm, SignError, Signer};
pub use unreadable::Unreadable;
pub use vault::{VaultError, VaultStore, Vaults};
