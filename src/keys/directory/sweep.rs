//! Removes what crashes left unfinished in a key store.

use std::ffi::OsStr;
use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};

use super::super::durable;
use super::layout::{CERTIFICATE, CHAIN, FOLLOWS, PRIVATE_KEY, RECIPIENTS, is_request};

/// Removes unfinished files and directories, at the places where this store writes and nowhere else.
///
/// Only for who holds the lock: everyone else's drafts are dead then. None was ever uploaded, for that comes after the
/// rename. What cannot be removed is left: it is hidden and counts for nothing.
pub(super) fn sweep(directory: &Path) {
    for slot in subdirectories(directory).iter().flat_map(|handle| subdirectories(handle)) {
        let name_of = |path: &Path| path.file_name().and_then(OsStr::to_str).map(str::to_owned).unwrap_or_default();
        let stem = format!("{}-{}.", slot.parent().map(name_of).unwrap_or_default(), name_of(&slot));
        for found in subdirectories(&slot) {
            if is_unfinished(&found) {
                let is_ours = |name: &str| {
                    [CERTIFICATE, RECIPIENTS, FOLLOWS].contains(&name)
                        || name.starts_with(PRIVATE_KEY)
                        || name == CHAIN
                        || name.starts_with(&stem)
                        || is_request(name)
                };
                for entry in entries(&found) {
                    if entry.file_name().to_str().is_some_and(is_ours) {
                        let _left = fs::remove_file(entry.path());
                    }
                }
                let _left = fs::remove_dir(found);
            } else {
                for export in entries(&found).iter().map(DirEntry::path).filter(|path| is_unfinished(path)) {
                    let _left = fs::remove_file(export);
                }
            }
        }
    }
}

fn is_unfinished(path: &Path) -> bool {
    path.file_name().and_then(OsStr::to_str).is_some_and(|name| name.starts_with(durable::UNFINISHED))
}

/// Without links: they lead to places that are not ours.
fn subdirectories(directory: &Path) -> Vec<PathBuf> {
    let is_directory = |entry: &DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    entries(directory).iter().filter(|entry| is_directory(entry)).map(DirEntry::path).collect()
}

fn entries(directory: &Path) -> Vec<DirEntry> {
    fs::read_dir(directory).map(|entries| entries.flatten().collect()).unwrap_or_default()
}
