//! Why a key store did not do what it was asked.

use std::path::PathBuf;

use super::age::AgeError;
use super::certificate::MakeError;
use super::durable::FileError;
use super::inspect::InspectError;
use super::pfx::PfxError;
use crate::model::StoreTrouble;

/// Why a key store did not do what it was asked. Nothing that it kept was lost by it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(
        "another apply is using the key store `{path}`: wait for it to end and run again",
        path = path.display()
    )]
    Locked { path: PathBuf },
    #[error(
        "`{name}` cannot name a directory of the key store: use letters, digits, `-`, `_` and `.`, beginning with a \
         letter or digit"
    )]
    Name { name: String },
    #[error("no certificate was made for `{handle}/{certificate}`")]
    Make { handle: String, certificate: String, source: MakeError },
    #[error(
        "`{path}` is damaged: put it back from a copy, or move `{directory}` out of the key store to do without it",
        path = path.display(),
        directory = directory.display()
    )]
    Certificate { path: PathBuf, directory: PathBuf, source: InspectError },
    #[error(
        "`{path}` holds another certificate than its directory is named for: put each back into its own",
        path = path.display()
    )]
    Misplaced { path: PathBuf },
    #[error(
        "`{path}` is missing: put it back from a copy, or move `{directory}` out of the key store to do without it",
        path = path.display(),
        directory = directory.display()
    )]
    Missing { path: PathBuf, directory: PathBuf },
    #[error(
        "`{path}` is not the private key of the certificate beside it: put the right one back",
        path = path.display()
    )]
    KeyDiffers { path: PathBuf },
    #[error(
        "`{path}` is not what `{other}` is, so nothing was copied: keep the right one of the two and move the other out of the key store",
        path = path.display(),
        other = other.display()
    )]
    Differs { path: PathBuf, other: PathBuf },
    #[error("a password is needed to write `{path}`", path = path.display())]
    PasswordMissing { path: PathBuf },
    #[error("no PFX was written to `{path}`", path = path.display())]
    Pfx { path: PathBuf, source: PfxError },
    #[error("no password was made for `{path}`: the source of randomness failed", path = path.display())]
    Randomness { path: PathBuf },
    #[error("`{path}` could not be encrypted or decrypted", path = path.display())]
    Age { path: PathBuf, source: AgeError },
    #[error("`{path}` has a key of another request, or was changed since it was planned", path = path.display())]
    RequestMoved { path: PathBuf },
    #[error("the private key of `{what}` is not here, so nothing can be signed with it")]
    NoPrivateKey { what: String },
    #[error("no key can be made for `{what}` in its place")]
    MakesNone { what: String },
    #[error("the vault did not do what it was asked")]
    Vault(#[from] super::vault::VaultError),
    #[error("the thread that makes keys ended unexpectedly")]
    Thread,
}

impl StoreError {
    /// What is the matter, as far as it can be told apart from its words.
    pub fn trouble(&self) -> StoreTrouble {
        match self {
            Self::Missing { .. } => StoreTrouble::KeyMissing,
            Self::KeyDiffers { .. } => StoreTrouble::KeyOfAnother,
            Self::File(FileError::Exposed { .. }) => StoreTrouble::Exposed,
            _ => StoreTrouble::Other,
        }
    }
}
