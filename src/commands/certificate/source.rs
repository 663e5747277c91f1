//! Where a certificate is taken from: files, or a key store by the handle of an application.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::commands::{Failure, secrets};
use crate::keys::{Bundle, DirectoryStore, StoredPaths};
use crate::model::StoredCertificate;

use super::files::{self, Passwords};

/// A key store, and which certificate in it.
#[derive(Debug)]
pub struct Shelf {
    pub store: PathBuf,
    /// `None`: the one that there is.
    pub certificate: Option<String>,
}

/// The youngest generation of a certificate in a key store.
pub(super) struct Stored {
    pub(super) store: DirectoryStore,
    pub(super) handle: String,
    pub(super) certificate: String,
    pub(super) generation: StoredCertificate,
}

impl Stored {
    pub(super) fn paths(&self) -> Result<StoredPaths, Failure> {
        Ok(self.store.paths(&self.handle, &self.certificate, &self.generation)?)
    }

    /// The certificate with those that issued it, and with its key where that is wanted, which may have to be decrypted.
    pub(super) fn bundle(&self, with_key: bool) -> Result<Bundle, Failure> {
        let Self { store, handle, certificate, generation } = self;
        let chain = store.chain(handle, certificate, generation)?;
        let private_key =
            if with_key { Some(store.key_pair(handle, certificate, generation)?.private_key) } else { None };
        Ok(Bundle { certificate: Some(generation.der.clone()), chain, private_key, friendly_name: None })
    }
}

/// What was named, if it is no file: the youngest certificate of an application.
pub(super) fn find(name: &Path, shelf: &Shelf) -> Result<Option<Stored>, Failure> {
    let Some(handle) = name.to_str().filter(|_| !name.exists()) else { return Ok(None) };
    // Nothing is encrypted here, but what was encrypted may have to be opened.
    let store = DirectoryStore::open(&shelf.store).protected(&BTreeSet::new(), &secrets::identities()?);
    let nothing = || {
        Failure::message(format!(
            "`{handle}` is neither a file nor an application with a certificate in `{}`",
            shelf.store.display()
        ))
        .hint("give the path of a file, or `--store DIRECTORY` with the handle of an application")
    };
    let names = store.names(handle).map_err(|_| nothing())?;
    let certificate = match (&shelf.certificate, names.as_slice()) {
        (Some(wanted), _) if names.contains(wanted) => wanted.clone(),
        (None, [only]) => only.clone(),
        (_, []) => return Err(nothing()),
        (_, several) => {
            let list: Vec<String> = several.iter().map(|name| format!("`{name}`")).collect();
            return Err(Failure::message(format!("`{handle}` has these certificates: {}", list.join(", ")))
                .hint("say which one with `--certificate NAME`"));
        }
    };
    let generation = store.list(handle, &certificate)?.generations.pop().ok_or_else(nothing)?;
    Ok(Some(Stored { store, handle: handle.to_owned(), certificate, generation }))
}

/// What several files hold together.
pub(super) fn bundle_of_files(files: &[PathBuf], passwords: &mut Passwords<'_>) -> Result<Bundle, Failure> {
    let contents = files.iter().map(|path| files::open(path, passwords)).collect::<Result<Vec<_>, _>>()?;
    Ok(Bundle::of_files(&contents)?)
}
