//! Files that are written whole or not at all.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Writes a new text into a file that is there: into what a symbolic link leads to, with the permissions that it has.
pub(super) fn replace(file: &Path, text: &str) -> io::Result<()> {
    let file = fs::canonicalize(file)?;
    let permissions = fs::metadata(&file)?.permissions();
    if permissions.readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only"));
    }
    let mut draft = draft_beside(&file, text)?;
    draft.as_file_mut().set_permissions(permissions)?;
    draft.as_file().sync_all()?;
    draft.persist(&file).map_err(|error| error.error)?;
    Ok(())
}

/// Writes a file that is not there yet, with the directories that lead to it; an error, where something is there.
pub(super) fn create(file: &Path, text: &str) -> io::Result<()> {
    let directory = directory_of(file);
    fs::create_dir_all(&directory)?;
    // Not a draft: those are readable by their owner alone, and this is for everybody who has the directory.
    let mut made = fs::OpenOptions::new().write(true).create_new(true).open(file)?;
    made.write_all(text.as_bytes())?;
    made.sync_all()
}

fn draft_beside(file: &Path, text: &str) -> io::Result<tempfile::NamedTempFile> {
    let mut draft = tempfile::NamedTempFile::new_in(directory_of(file))?;
    draft.write_all(text.as_bytes())?;
    Ok(draft)
}

fn directory_of(file: &Path) -> PathBuf {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).to_owned()
}
