//! From the paths the user names to texts: finds the manifests in directories and reads them, within limits.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::model::Problem;

use super::source::Source;

/// Larger than any file a person writes, small enough to be read whole without a thought.
const MAXIMUM_BYTES: u64 = 4 * 1024 * 1024;
const MAXIMUM_TOTAL_BYTES: u64 = 64 * 1024 * 1024;
const MAXIMUM_FILES: usize = 10_000;
const MAXIMUM_DEPTH: usize = 32;

/// A manifest's text and the directory that its relative paths begin at.
pub(super) struct ManifestFile {
    pub source: Source,
    /// As it was come across: below the path that was given.
    pub path: PathBuf,
    /// Relative to the working directory, unless absolute.
    pub directory: PathBuf,
    /// Whether it can be read at all; what is not UTF-8 is kept only to be shown.
    pub is_text: bool,
    /// Whether the text, which is without it, began with one.
    pub has_byte_order_mark: bool,
}

/// Reads every manifest under the given paths, in the order of their names, each file once.
pub(super) fn read(paths: &[PathBuf], working_directory: &Path) -> (Vec<ManifestFile>, Vec<Problem>) {
    let mut reader = Reader {
        working_directory,
        seen: BTreeSet::new(),
        files: Vec::new(),
        problems: Vec::new(),
        bytes: 0,
        is_full: false,
        met: 0,
    };
    for path in paths {
        let before = (reader.met, reader.problems.len());
        reader.visit(path, &mut Vec::new());
        if before == (reader.met, reader.problems.len()) && working_directory.join(path).is_dir() {
            let message = format!("the directory `{}` has no manifests", name_of(path));
            let problem = Problem::error(message).help("manifests are files that end in `.yaml` or `.yml`");
            reader.problems.push(problem);
        }
    }
    reader.files.sort_by(|one, other| one.source.name().cmp(other.source.name()));
    (reader.files, reader.problems)
}

struct Reader<'a> {
    working_directory: &'a Path,
    /// Files and directories by their one true path.
    seen: BTreeSet<PathBuf>,
    files: Vec<ManifestFile>,
    problems: Vec<Problem>,
    bytes: u64,
    /// There is more than one estate may have, and no more is looked at.
    is_full: bool,
    /// How many files and repeated directories were come across.
    met: usize,
}

impl Reader<'_> {
    fn visit(&mut self, path: &Path, parents: &mut Vec<PathBuf>) {
        if self.is_full {
            return;
        }
        if self.seen.len() > MAXIMUM_FILES {
            self.is_full = true;
            return self.fail(path, &format!("there are more than {MAXIMUM_FILES} files and directories"));
        }
        let real = self.working_directory.join(path);
        let (canonical, metadata) = match fs::canonicalize(&real).and_then(|it| Ok((it, fs::metadata(&real)?))) {
            Ok(found) => found,
            Err(error) => return self.fail(path, &error.to_string()),
        };
        if parents.contains(&canonical) {
            return self.fail(path, "this symbolic link leads back to a directory that it lies in");
        }
        self.met += usize::from(metadata.is_file());
        if !self.seen.insert(canonical.clone()) {
            self.met += 1;
            return;
        }
        if metadata.is_dir() {
            if parents.len() >= MAXIMUM_DEPTH {
                return self.fail(path, &format!("directories are nested deeper than {MAXIMUM_DEPTH} levels"));
            }
            parents.push(canonical);
            self.visit_directory(path, &real, parents);
            parents.pop();
        } else if metadata.is_file() {
            self.read_file(path, &real, metadata.len());
        } else {
            self.fail(path, "neither a file nor a directory");
        }
    }

    fn visit_directory(&mut self, path: &Path, real: &Path, parents: &mut Vec<PathBuf>) {
        let names = fs::read_dir(real)
            .and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect::<std::io::Result<BTreeSet<_>>>());
        let names = match names {
            Ok(names) => names,
            Err(error) => return self.fail(path, &error.to_string()),
        };
        for name in names {
            let inner = if path == Path::new(".") { PathBuf::from(&name) } else { path.join(&name) };
            let is_hidden = name.to_string_lossy().starts_with('.');
            let is_manifest = inner.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
            if !is_hidden && (is_manifest || real.join(&name).is_dir()) {
                self.visit(&inner, parents);
            }
        }
    }

    fn read_file(&mut self, path: &Path, real: &Path, length: u64) {
        if length > MAXIMUM_BYTES {
            let message = format!("larger than {} MiB", MAXIMUM_BYTES / 1024 / 1024);
            return self.fail(path, &message);
        }
        if self.files.len() >= MAXIMUM_FILES || self.bytes + length > MAXIMUM_TOTAL_BYTES {
            let total = MAXIMUM_TOTAL_BYTES / 1024 / 1024;
            return self.fail(path, &format!("one estate takes at most {MAXIMUM_FILES} files and {total} MiB"));
        }
        let mut bytes = Vec::new();
        // The file may have grown since, or have said nothing of its length, as those in /proc do.
        let outcome = File::open(real).and_then(|file| file.take(MAXIMUM_BYTES + 1).read_to_end(&mut bytes));
        match outcome {
            Err(error) => self.fail(path, &error.to_string()),
            Ok(_) if bytes.len() as u64 > MAXIMUM_BYTES => self.fail(path, "larger than it said it was"),
            Ok(_) => {
                self.bytes += bytes.len() as u64;
                self.accept(path, bytes);
            }
        }
    }

    fn accept(&mut self, path: &Path, mut bytes: Vec<u8>) {
        let has_byte_order_mark = bytes.starts_with(b"\xEF\xBB\xBF");
        if has_byte_order_mark {
            bytes.drain(..3);
        }
        let name: Arc<str> = name_of(path).into();
        let (text, wrong) = match String::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(error) => {
                let position = error.utf8_error().valid_up_to();
                (String::from_utf8_lossy(error.as_bytes()).into_owned(), Some(position))
            }
        };
        let source = Source::new(name, text);
        if let Some(position) = wrong {
            let problem = Problem::error("this is not UTF-8").at(&source.place_at(position));
            self.problems.push(problem.help("save the file as UTF-8"));
        }
        let directory = path.parent().map(Path::to_path_buf).unwrap_or_default();
        let (path, is_text) = (path.to_owned(), wrong.is_none());
        self.files.push(ManifestFile { source, path, directory, is_text, has_byte_order_mark });
    }

    fn fail(&mut self, path: &Path, reason: &str) {
        self.problems.push(Problem::error(format!("cannot read `{}`: {reason}", name_of(path))));
    }
}

/// A path as messages show it: no control characters, which a file's name may hold.
fn name_of(path: &Path) -> String {
    path.to_string_lossy().chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}
