//! Keys of an application that got another handle come to lie under it.
//!
//! Each generation is copied into its new place, under the new names, and is there whole before the old one goes. So a run may be
//! killed at any moment: a key is then in one place or in both, and the next run finishes.

use std::fs;
use std::path::Path;

use zeroize::Zeroizing;

use super::super::durable::{self, Readers, failed};
use super::super::error::StoreError;
use super::layout::{is_request_directory, is_thumbprint};
use super::{DirectoryStore, is_missing};

impl DirectoryStore {
    /// Takes over everything that is kept of this certificate under the handle that its application had.
    pub fn move_in(&self, former: &str, handle: &str, certificate: &str) -> Result<(), StoreError> {
        let (from, to) = (self.slot(former, certificate)?, self.slot(handle, certificate)?);
        let entries = match fs::read_dir(&from) {
            Err(error) if is_missing(&error) => return Ok(()),
            outcome => outcome.map_err(failed("read the directory", &from))?,
        };
        durable::create_directories(&to)?;
        self.keep_out_of_git(handle)?;
        let stems = (format!("{former}-{certificate}."), format!("{handle}-{certificate}."));
        for entry in entries {
            let name = entry.map_err(failed("read the directory", &from))?.file_name();
            let Some(name) = name.to_str().filter(|name| is_thumbprint(name) || is_request_directory(name)) else {
                continue;
            };
            let (old, new) = (from.join(name), to.join(name));
            if !new.exists() {
                let draft = durable::draft_directory(&to)?;
                copy(&old, draft.path(), (&stems.0, &stems.1))?;
                durable::publish(draft, &new)?;
            }
            // Hidden first: half of a generation is never seen under its name.
            let gone = from.join(format!("{}gone-{name}", durable::UNFINISHED));
            durable::rename_directory(&old, &gone)?;
            fs::remove_dir_all(&gone).map_err(failed("remove the directory", &gone))?;
        }
        // What somebody else put beside the keys is not ours to remove.
        let _left = fs::remove_dir(&from);
        Ok(())
    }
}

/// Copies the files of one generation, those named for the handle under its new name, each as readable as it was.
fn copy(from: &Path, to: &Path, (old, new): (&str, &str)) -> Result<(), StoreError> {
    for entry in fs::read_dir(from).map_err(failed("read the directory", from))? {
        let path = entry.map_err(failed("read the directory", from))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|_| path.is_file()) else { continue };
        let named = name.strip_prefix(old).map_or_else(|| name.to_owned(), |rest| format!("{new}{rest}"));
        let bytes = Zeroizing::new(fs::read(&path).map_err(failed("read", &path))?);
        durable::write_new(&to.join(named), &bytes, readers(&path))?;
    }
    Ok(())
}

#[cfg(unix)]
fn readers(path: &Path) -> Readers {
    use std::os::unix::fs::PermissionsExt as _;
    let is_open = fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0);
    if is_open { Readers::Everyone } else { Readers::Owner }
}

#[cfg(not(unix))]
fn readers(_: &Path) -> Readers {
    Readers::Owner
}
