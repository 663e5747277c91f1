//! What lies where in a key store, named so that a person and a script find it.
//!
//! ```text
//! keys/                               .lock
//!   exo-automation/                   the handle; .gitignore keeps keys in the clear out of commits
//!     main/                           the name of the certificate
//!       D3083EC9…/                    one generation: the SHA-1 thumbprint
//!         certificate.pem
//!         chain.pem                   those that issued it, where an authority did
//!         follows.txt                 the certificates that were here before it
//!         private-key.pem             0600; private-key.pem.age where it is encrypted, with
//!         recipients.txt              to whom
//!         exo-automation-main.csr     what the authority was asked for
//!         exo-automation-main.cer     what was exported, named so that it can be sent somewhere
//!         exo-automation-main.pem     0600
//!         exo-automation-main.pfx     0600
//!         exo-automation-main.pfx-password
//!       request-3f81…/                a key that waits for its certificate
//!         private-key.pem
//!         exo-automation-main.csr     to be signed; the answer is put beside it
//! ```

use std::path::{Path, PathBuf};

use crate::model::ExportFormat;

pub(super) const CERTIFICATE: &str = "certificate.pem";
pub(super) const CHAIN: &str = "chain.pem";
pub(super) const PRIVATE_KEY: &str = "private-key.pem";
pub(super) const RECIPIENTS: &str = "recipients.txt";
pub(super) const FOLLOWS: &str = "follows.txt";

const REQUEST: &str = "request-";

/// Where the files of one generation or request lie, whether or not they are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPaths {
    pub directory: PathBuf,
    pub certificate: PathBuf,
    pub private_key: PathBuf,
    pub pfx_password: PathBuf,
    /// `<handle>-<certificate>`.
    stem: String,
}

impl StoredPaths {
    pub fn export(&self, format: ExportFormat) -> PathBuf {
        self.directory.join(format!("{}.{}", self.stem, format.as_str()))
    }

    pub fn request(&self) -> PathBuf {
        self.directory.join(format!("{}.csr", self.stem))
    }

    pub(super) fn chain(&self) -> PathBuf {
        self.directory.join(CHAIN)
    }
}

/// Where one generation lies below the directory of its certificate.
pub(super) fn generation(slot: &Path, handle: &str, certificate: &str, thumbprint: &str) -> StoredPaths {
    paths(slot.join(thumbprint), handle, certificate)
}

/// Where a key lies that waits for its certificate.
pub(super) fn request(slot: &Path, handle: &str, certificate: &str, id: &str) -> StoredPaths {
    paths(slot.join(format!("{REQUEST}{id}")), handle, certificate)
}

fn paths(directory: PathBuf, handle: &str, certificate: &str) -> StoredPaths {
    let stem = format!("{handle}-{certificate}");
    StoredPaths {
        certificate: directory.join(CERTIFICATE),
        private_key: directory.join(PRIVATE_KEY),
        pfx_password: directory.join(format!("{stem}.pfx-password")),
        directory,
        stem,
    }
}

/// Whether this names a directory that holds a finished generation.
pub(super) fn is_thumbprint(name: &str) -> bool {
    name.len() == 40 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'))
}

/// The id of the request that a directory of this name holds.
pub(super) fn request_id(name: &str) -> Option<&str> {
    let id = name.strip_prefix(REQUEST)?;
    (id.len() == 16 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))).then_some(id)
}

/// Whether this names a directory that holds a key which waits for its certificate.
pub(super) fn is_request_directory(name: &str) -> bool {
    request_id(name).is_some()
}

/// Whether this can name a directory: nothing that leads elsewhere (`..`, `/`), nothing hidden, for that is unfinished.
pub(super) fn is_name(name: &str) -> bool {
    name.len() <= 100
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// Whether a file of that name is a request that was written here.
pub(super) fn is_request(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "csr")
}
