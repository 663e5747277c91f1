//! What lies where in a key store, named so that a person and a script find it.
//!
//! ```text
//! keys/                               .lock
//!   exo-automation/                   the handle; .gitignore with `*`
//!     main/                           the name of the certificate
//!       D3083EC9…/                    one generation: the SHA-1 thumbprint
//!         certificate.pem
//!         private-key.pem           0600
//!         exo-automation-main.cer     what was exported, named so that it can be sent somewhere
//!         exo-automation-main.pem     0600
//!         exo-automation-main.pfx     0600
//!         exo-automation-main.pfx-password
//! ```

use std::path::{Path, PathBuf};

use crate::model::ExportFormat;

pub(super) const CERTIFICATE: &str = "certificate.pem";
pub(super) const PRIVATE_KEY: &str = "private-key.pem";

/// Where the files of one generation lie, whether or not they are there.
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
}

/// Where one generation lies below the directory of its certificate.
pub(super) fn generation(slot: &Path, handle: &str, certificate: &str, thumbprint: &str) -> StoredPaths {
    let directory = slot.join(thumbprint);
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

/// Whether this can name a directory: nothing that leads elsewhere (`..`, `/`), nothing hidden, for that is unfinished.
pub(super) fn is_name(name: &str) -> bool {
    name.len() <= 100
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}
