//! Keys, certificates and requests: making them, reading them from files of any format, judging and encoding them, and
//! the directory they are kept in.
//!
//! The only room that sees private key bytes. They live in [`PrivateKey`], which prints nothing and is wiped when
//! dropped. Time comes in as an argument; randomness comes from aws-lc-rs.

mod ber;
mod certificate;
mod contents;
mod durable;
mod encryption;
mod examination;
mod facts;
mod foreign;
mod identifiers;
mod inspect;
mod issuance;
mod layout;
mod name;
mod output;
mod password;
mod pem;
mod pfx;
mod pkcs7;
mod private_key;
mod request;
mod store;
mod sweep;
mod unreadable;
mod verdict;

pub use certificate::{KeyPair, MakeError, self_signed};
pub use contents::{FileFormat, FoundCertificate, FoundKey, KeyFile, Labels, read};
pub use durable::{FileError, Replace, place};
pub use examination::{Examined, examine};
pub use inspect::{InspectError, inspect};
pub use layout::StoredPaths;
pub use output::{Bundle, Encoded, OutputError, OutputFormat};
pub use password::random_password;
pub use pfx::{CSP_NAME, PfxError, PfxTerms};
pub use private_key::PrivateKey;
pub use request::{generate, request};
pub use store::{DirectoryStore, StoreError, StoreLock};
pub use unreadable::Unreadable;
