//! Keys and self-signed certificates: making them, reading them back, encoding them, and the directory they are kept
//! in.
//!
//! The only room that sees private key bytes. They live in [`PrivateKey`], which prints nothing and is wiped when
//! dropped. Time comes in as an argument; randomness comes from aws-lc-rs.

mod certificate;
mod durable;
mod inspect;
mod layout;
mod name;
mod pem;
mod pfx;
mod private_key;
mod store;
mod sweep;

pub use certificate::{KeyPair, MakeError, self_signed};
pub use durable::FileError;
pub use inspect::{InspectError, inspect};
pub use layout::StoredPaths;
pub use pfx::PfxError;
pub use private_key::PrivateKey;
pub use store::{DirectoryStore, StoreError, StoreLock};
