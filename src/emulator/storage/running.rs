//! One process per tenant file: the lock beside the file, and the note of where it is served.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::super::{
    Operator,
    storage::files::{make_private_directory, open_private, parent},
};

/// An emulator that serves a tenant file right now.
#[derive(Debug, Clone)]
pub struct Running {
    /// Where it is served, without a trailing slash.
    pub url: String,
    /// The same with TLS.
    pub https_url: Option<String>,
    /// The tenant's id.
    pub tenant_id: String,
    /// The tenant's initial domain.
    pub domain: String,
    /// The seeded application.
    pub operator: Operator,
}

/// The note as it is written.
#[derive(Serialize, Deserialize)]
struct Note {
    url: String,
    https_url: Option<String>,
    tenant_id: String,
    domain: String,
    client_id: String,
    client_secret: String,
}

/// A tenant file that is ours for now.
#[derive(Debug)]
pub(crate) struct Claim {
    _lock: File,
    note: PathBuf,
}

fn beside(file: &Path, extension: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(extension);
    PathBuf::from(name)
}

/// The file under its one true name, so that it is locked once however it is spelled. Makes the directory that it is in.
pub(crate) fn real_path(file: &Path) -> io::Result<PathBuf> {
    if let Ok(real) = fs::canonicalize(file) {
        return Ok(real);
    }
    make_private_directory(parent(file))?;
    Ok(fs::canonicalize(parent(file))?.join(file.file_name().unwrap_or_default()))
}

/// Takes the file for this process; none when another has it.
pub(crate) fn claim(file: &Path) -> io::Result<Option<Claim>> {
    let lock = open_private(&beside(file, ".lock"))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let note = beside(file, ".running");
    // What is there was left behind by a process that did not end well.
    match fs::remove_file(&note) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    Ok(Some(Claim { _lock: lock, note }))
}

impl Claim {
    /// Says where the file is served.
    pub(crate) fn announce(&self, running: &Running) -> io::Result<()> {
        let note = Note {
            url: running.url.clone(),
            https_url: running.https_url.clone(),
            tenant_id: running.tenant_id.clone(),
            domain: running.domain.clone(),
            client_id: running.operator.client_id.clone(),
            client_secret: running.operator.client_secret.clone(),
        };
        let mut fresh = tempfile::Builder::new().prefix(".running").tempfile_in(parent(&self.note))?;
        fresh.write_all(&serde_json::to_vec(&note)?)?;
        fresh.persist(&self.note).map_err(|error| error.error)?;
        Ok(())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.note);
    }
}

/// Finds the process that serves this tenant file, if there is one.
pub fn running(file: &Path) -> Option<Running> {
    let file = &fs::canonicalize(file).ok()?;
    let note: Note = serde_json::from_slice(&fs::read(beside(file, ".running")).ok()?).ok()?;
    let lock = OpenOptions::new().write(true).open(beside(file, ".lock")).ok()?;
    // A note whose lock nobody holds is stale.
    if !matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) {
        return None;
    }
    Some(Running {
        url: note.url,
        https_url: note.https_url,
        tenant_id: note.tenant_id,
        domain: note.domain,
        operator: Operator { client_id: note.client_id, client_secret: note.client_secret },
    })
}
