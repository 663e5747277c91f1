//! Keys of an application that got another handle come to lie under it too.
//!
//! They are copied, under the new names, and nothing is taken away from where they lie: no key is ever deleted. A generation is
//! there whole or not at all; one that was there in part gets the files that it lacks.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::super::durable::{self, Readers, failed};
use super::super::error::StoreError;
use super::layout::{PRIVATE_KEY, RECIPIENTS, is_request_directory, is_thumbprint};
use super::private::encrypted;
use super::{DirectoryStore, is_missing};

/// A generation or a request that does not lie in the new place as it lies in the old.
#[derive(Debug)]
pub struct Lacking {
    pub name: String,
    new: PathBuf,
    /// Each file, and where in the new directory it belongs.
    files: Vec<(PathBuf, PathBuf)>,
}

impl DirectoryStore {
    /// What lies under the handle that an application had and is to be copied. Empty once all of it was.
    pub fn lacking(&self, former: &str, handle: &str, certificate: &str) -> Result<Vec<Lacking>, StoreError> {
        let (from, to) = (self.slot(former, certificate)?, self.slot(handle, certificate)?);
        let stems = (format!("{former}-{certificate}."), format!("{handle}-{certificate}."));
        let mut all = Vec::new();
        for path in entries(&from)? {
            let name = path.file_name().and_then(OsStr::to_str);
            let Some(name) = name.filter(|name| is_thumbprint(name) || is_request_directory(name)) else { continue };
            let new = to.join(name);
            if is_request_directory(name) && !new.exists() && was_taken_in(&path, &to, (&stems.0, &stems.1))? {
                continue;
            }
            let mut files = Vec::new();
            files_of(&path, Path::new(""), (&stems.0, &stems.1), &mut files)?;
            if !new.exists() || files.iter().any(|(_, file)| !is_there(&new, file, &stems.1)) {
                all.push(Lacking { name: name.to_owned(), new, files });
            }
        }
        Ok(all)
    }

    /// Copies everything that is kept of this certificate under the handle that its application had. Where a file in the new place
    /// is another one, nothing is written.
    pub fn copy_in(&self, former: &str, handle: &str, certificate: &str) -> Result<(), StoreError> {
        let lacking = self.lacking(former, handle, certificate)?;
        for (old, file) in lacking.iter().flat_map(|one| one.files.iter().map(|(old, file)| (old, one.new.join(file))))
        {
            if file.exists() && read(old)? != read(&file)? {
                return Err(StoreError::Differs { path: file, other: old.clone() });
            }
        }
        if lacking.is_empty() {
            return Ok(());
        }
        let to = self.slot(handle, certificate)?;
        durable::create_directories(&to)?;
        self.keep_out_of_git(handle)?;
        let stem = format!("{handle}-{certificate}.");
        for Lacking { name: _, new, files } in lacking {
            if new.exists() {
                for (old, file) in files.iter().filter(|(_, file)| !is_there(&new, file, &stem)) {
                    let file = new.join(file);
                    durable::create_directories(file.parent().unwrap_or(&new))?;
                    durable::replace(&file, &read(old)?, readers(old))?;
                }
            } else {
                let draft = durable::draft_directory(&to)?;
                for (old, file) in &files {
                    let file = draft.path().join(file);
                    durable::create_directories(file.parent().unwrap_or(draft.path()))?;
                    durable::write_new(&file, &read(old)?, readers(old))?;
                }
                durable::publish(draft, &new)?;
            }
        }
        Ok(())
    }
}

/// All files below `from`, each with its place below the new directory: those named for the handle under its new name.
fn files_of(
    from: &Path,
    below: &Path,
    (old, new): (&str, &str),
    files: &mut Vec<(PathBuf, PathBuf)>,
) -> Result<(), StoreError> {
    for path in entries(from)? {
        let Some(name) = path.file_name() else { continue };
        let renamed = name.to_str().and_then(|name| name.strip_prefix(old)).map(|rest| format!("{new}{rest}"));
        let file = below.join(renamed.map_or_else(|| name.to_owned(), Into::into));
        if path.is_file() {
            // What a crash left unfinished is nobody's.
            if !name.to_str().is_some_and(|name| name.starts_with(durable::UNFINISHED)) {
                files.push((path, file));
            }
        } else if fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir()) {
            files_of(&path, &below.join(name), (old, new), files)?;
        }
    }
    Ok(())
}

/// Whether the new directory has this file, in the form in which it keeps private ones by now.
fn is_there(new: &Path, file: &Path, stem: &str) -> bool {
    let place = new.join(file);
    let in_the_clear = place.extension().is_some_and(|end| end == "age").then(|| place.with_extension(""));
    let key = new.join(PRIVATE_KEY);
    place.exists()
        || encrypted(&place).exists()
        || in_the_clear.is_some_and(|place| place.exists())
        || file == Path::new(RECIPIENTS) && key.exists()
        || file.to_str() == Some(&format!("{stem}pem")) && encrypted(&key).exists()
}

/// Whether the certificate for a request was put beside its key in the new place: the request went with it.
fn was_taken_in(request: &Path, to: &Path, (old, new): (&str, &str)) -> Result<bool, StoreError> {
    let asked = fs::read(request.join(format!("{old}csr"))).ok();
    let mut generations = entries(to)?.into_iter();
    Ok(asked.is_some() && generations.any(|generation| fs::read(generation.join(format!("{new}csr"))).ok() == asked))
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let entries = match fs::read_dir(directory) {
        Err(error) if is_missing(&error) => return Ok(Vec::new()),
        outcome => outcome.map_err(failed("read the directory", directory))?,
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    Ok(paths.collect::<Result<_, _>>().map_err(failed("read the directory", directory))?)
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    Ok(Zeroizing::new(fs::read(path).map_err(failed("read", path))?))
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
