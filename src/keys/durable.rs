//! Files that are either wholly there after a crash or not at all, and private from the moment they exist.
//!
//! Modes are those of Unix. On Windows the files inherit the directory's access list, and directories cannot be
//! flushed; both are left to the system there.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile, TempDir};
use zeroize::Zeroizing;

/// How everything unfinished is called; what is called so after a crash counts for nothing.
pub(super) const UNFINISHED: &str = ".new-";

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readers {
    Owner,
    Everyone,
}

/// What could not be done to a file or directory.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("cannot {action} `{path}`{advice}", path = path.display(), advice = advice(source))]
    Failed { action: &'static str, path: PathBuf, source: io::Error },
    #[error("`{path}` is there already: choose another name, or replace it with `--force`", path = path.display())]
    Exists { path: PathBuf },
    #[error(
        "`{path}` can be read by others than its owner (mode {mode:04o}): run `chmod 600 '{path}'`, and renew the \
         certificate if they should not have seen it",
        path = path.display()
    )]
    Exposed { path: PathBuf, mode: u32 },
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            ": make room on that disk and run again; what was there before is untouched"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            ": give the user who runs Accredit access to it, or choose another key directory"
        }
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            ": a part of that path is a file where a directory is needed; choose another key directory"
        }
        _ => "",
    }
}

pub(super) fn failed<'a>(action: &'static str, path: &'a Path) -> impl Fn(io::Error) -> FileError + 'a {
    move |source| FileError::Failed { action, path: path.to_owned(), source }
}

/// Makes a directory and those above it that are missing, for the owner alone, and flushes each.
pub(super) fn create_directories(path: &Path) -> Result<(), FileError> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().unwrap_or_else(|| Path::new(""));
    create_directories(parent)?;
    match for_owner(&mut DirBuilder::new()).create(path) {
        // Another process may have been quicker.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        outcome => outcome.map_err(failed("create the directory", path)),
    }?;
    flush_directory(parent)
}

/// A directory inside `parent` that disappears unless [`publish`] gives it its name.
pub(super) fn draft_directory(parent: &Path) -> Result<TempDir, FileError> {
    let mut builder = Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir_in(parent).map_err(failed("create a directory in", parent))
}

/// The commit: flushes the draft and renames it into place.
pub(super) fn publish(draft: TempDir, path: &Path) -> Result<(), FileError> {
    flush_directory(draft.path())?;
    fs::rename(draft.path(), path).map_err(failed("rename a finished directory to", path))?;
    // It has another name now: nothing is left to clean up.
    let _former_path = draft.keep();
    flush_directory(path.parent().unwrap_or_else(|| Path::new("")))
}

/// Gives a directory another name beside its own, whole, and flushes that.
pub(super) fn rename_directory(from: &Path, to: &Path) -> Result<(), FileError> {
    flush_directory(from)?;
    fs::rename(from, to).map_err(failed("rename a finished directory to", to))?;
    flush_directory(to.parent().unwrap_or_else(|| Path::new("")))
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome.map_err(failed("remove", path)),
    }
}

/// Writes a file that must not be there yet, and flushes it.
pub(super) fn write_new(path: &Path, bytes: &[u8], readers: Readers) -> Result<(), FileError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode(readers));
    let write = || {
        let mut file = options.open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(failed("write", path))
}

/// Writes a file beside its place and renames it there: whoever reads sees all of the former or all of this.
pub(super) fn replace(path: &Path, bytes: &[u8], readers: Readers) -> Result<(), FileError> {
    let parent = path.parent().unwrap_or_else(|| Path::new(""));
    draft(parent, bytes, readers)
        .and_then(|file| file.persist(path).map_err(|error| error.error))
        .map_err(failed("write", path))?;
    flush_directory(parent)
}

/// Whether a file that is there may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replace {
    Never,
    Allowed,
}

/// Writes a file that appears whole, for its owner alone where it is private.
pub fn place(path: &Path, bytes: &[u8], is_private: bool, existing: Replace) -> Result<(), FileError> {
    let readers = if is_private { Readers::Owner } else { Readers::Everyone };
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let draft = draft(parent, bytes, readers).map_err(failed("write", path))?;
    match existing {
        Replace::Allowed => draft.persist(path).map_err(|error| failed("write", path)(error.error))?,
        Replace::Never => draft.persist_noclobber(path).map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => FileError::Exists { path: path.to_owned() },
            _ => failed("write", path)(error.error),
        })?,
    };
    flush_directory(parent)
}

fn draft(parent: &Path, bytes: &[u8], readers: Readers) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode(readers)));
    #[cfg(not(unix))]
    let _ = readers;
    let mut file = builder.tempfile_in(parent)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Reads a secret, unless others than its owner could have.
pub fn read_private(path: &Path) -> Result<Zeroizing<String>, FileError> {
    refuse_exposed(path)?;
    fs::read_to_string(path).map(Zeroizing::new).map_err(failed("read", path))
}

/// That a private file is there and private.
#[cfg(unix)]
pub(super) fn refuse_exposed(path: &Path) -> Result<(), FileError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).map_err(failed("read", path))?.permissions().mode() & 0o7777;
    let for_others = mode & 0o077;
    if for_others == 0 { Ok(()) } else { Err(FileError::Exposed { path: path.to_owned(), mode }) }
}

/// That a private file is there.
#[cfg(not(unix))]
pub(super) fn refuse_exposed(path: &Path) -> Result<(), FileError> {
    fs::metadata(path).map(drop).map_err(failed("read", path))
}

#[cfg(unix)]
fn for_owner(builder: &mut DirBuilder) -> &DirBuilder {
    std::os::unix::fs::DirBuilderExt::mode(builder, 0o700)
}

#[cfg(not(unix))]
fn for_owner(builder: &mut DirBuilder) -> &DirBuilder {
    builder
}

#[cfg(unix)]
fn mode(readers: Readers) -> u32 {
    match readers {
        Readers::Owner => 0o600,
        Readers::Everyone => 0o644,
    }
}

#[cfg(unix)]
fn flush_directory(path: &Path) -> Result<(), FileError> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    File::open(path).and_then(|directory| directory.sync_all()).map_err(failed("flush the directory", path))
}

#[cfg(not(unix))]
fn flush_directory(_: &Path) -> Result<(), FileError> {
    Ok(())
}
