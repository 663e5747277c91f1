//! Where a tenant is kept: a file of JSON lines, one per acknowledged write, flushed before the write is answered.
//!
//! A line that a crash left half written is cut off when the file is opened. When the lines have outgrown the objects,
//! the file is replaced, by an atomic rename, with one that says the same in fewer lines.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::{
    files::{open_private, parent, sync_parent},
    world::{Change, World},
};

/// A journal grows to this many times its compact size, and this many bytes more, before it is written anew.
const GROWTH: u64 = 4;
const SLACK: u64 = 1 << 20;

/// Why a tenant file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JournalError {
    #[error("line {line} is not a journal entry")]
    Damaged { line: usize },
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The first bytes of every journal.
const BEGINNING: &[u8] = b"[{\"put\":{\"collection\":";

/// An open tenant file.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    length: u64,
    compact: u64,
    broken: bool,
}

impl Journal {
    /// Opens or makes the file, and gives back the world that it tells of.
    pub(crate) fn open(path: &Path) -> Result<(Self, World), JournalError> {
        let mut world = World::default();
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let mut kept = 0;
        let mut lines = text.split_inclusive(|byte| *byte == b'\n').enumerate().peekable();
        // A torn first line is one that was begun as every journal begins; anything else is somebody's file.
        let ours = |line: &[u8], kept: usize| kept > 0 || line.iter().zip(BEGINNING).all(|(one, other)| one == other);
        while let Some((index, line)) = lines.next() {
            match serde_json::from_slice::<Vec<Change>>(line) {
                Ok(changes) if line.ends_with(b"\n") => world.apply(changes),
                // Only the last line can be torn, and then it has no end; anything else is damage that must not be hidden.
                _ if lines.peek().is_none() && !line.ends_with(b"\n") && ours(line, kept) => break,
                _ => return Err(JournalError::Damaged { line: index + 1 }),
            }
            kept += line.len();
        }
        let kept = kept as u64;
        let mut file = open_private(path)?;
        file.set_len(kept)?;
        file.seek(SeekFrom::End(0))?;
        file.sync_all()?;
        sync_parent(path)?;
        let mut journal = Self { path: path.to_owned(), file, length: kept, compact: kept, broken: false };
        if kept > SLACK {
            journal.rewrite(&world)?;
        }
        Ok((journal, world))
    }

    /// Writes one acknowledged change. On an error the file is as it was before.
    pub(crate) fn append(&mut self, changes: &[Change]) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other("an earlier write could not be undone"));
        }
        let mut line = serde_json::to_vec(changes)?;
        line.push(b'\n');
        let written = self.file.write_all(&line).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            let undone = self.file.set_len(self.length).and_then(|()| {
                self.file.seek(SeekFrom::End(0))?;
                self.file.sync_data()
            });
            self.broken = undone.is_err();
            return Err(error);
        }
        self.length += line.len() as u64;
        Ok(())
    }

    /// Writes the file anew when it holds much more than the world does.
    pub(crate) fn compact(&mut self, world: &World) -> io::Result<()> {
        if self.length > self.compact.saturating_mul(GROWTH) + SLACK {
            self.rewrite(world)?;
        }
        Ok(())
    }

    fn rewrite(&mut self, world: &World) -> io::Result<()> {
        let directory = parent(&self.path);
        // Temporary files are private from the start.
        let mut fresh = tempfile::Builder::new().prefix(".tenant").tempfile_in(directory)?;
        let mut writer = BufWriter::new(fresh.as_file_mut());
        for change in world.snapshot() {
            serde_json::to_writer(&mut writer, &[change])?;
            writer.write_all(b"\n")?;
        }
        writer.flush()?;
        drop(writer);
        fresh.as_file().sync_all()?;
        let mut file = fresh.persist(&self.path).map_err(|error| error.error)?;
        sync_parent(&self.path)?;
        self.length = file.seek(SeekFrom::End(0))?;
        self.compact = self.length;
        self.file = file;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::emulator::world::{Collection, Document};

    fn put(id: &str) -> Vec<Change> {
        let document: Document = serde_json::from_value(json!({ "id": id })).unwrap();
        vec![Change::put(Collection::Users, document)]
    }

    #[test]
    fn a_torn_last_line_is_cut_off_and_earlier_damage_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tenant");
        let (mut journal, _) = Journal::open(&path).unwrap();
        journal.append(&put("one")).unwrap();
        journal.append(&put("two")).unwrap();
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 5]).unwrap();
        let (mut journal, world) = Journal::open(&path).unwrap();
        assert_eq!(world.all(Collection::Users).count(), 1);
        journal.append(&put("three")).unwrap();
        let (_, world) = Journal::open(&path).unwrap();
        assert_eq!(world.all(Collection::Users).count(), 2);

        let mut damaged = b"nonsense\n".to_vec();
        damaged.extend(whole);
        fs::write(&path, damaged).unwrap();
        assert!(matches!(Journal::open(&path), Err(JournalError::Damaged { line: 1 })));
    }

    #[test]
    fn a_file_of_another_kind_is_left_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tenant");
        for text in ["{\"my\":\"precious data\"}", "a token", "[{\"put\":1}]", "nonsense\n", "{}\n"] {
            fs::write(&path, text).unwrap();
            assert!(matches!(Journal::open(&path), Err(JournalError::Damaged { line: 1 })), "{text}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        // A journal whose very first write was cut short is begun anew.
        fs::write(&path, &BEGINNING[..12]).unwrap();
        assert!(Journal::open(&path).unwrap().1.is_empty());
    }

    #[test]
    fn a_disk_error_is_told_and_nothing_follows_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tenant");
        let (mut journal, _) = Journal::open(&path).unwrap();
        journal.append(&put("one")).unwrap();
        // A handle that only reads stands for a disk that no longer takes writes.
        journal.file = File::open(&path).unwrap();
        assert!(journal.append(&put("two")).is_err());
        assert!(journal.append(&put("three")).is_err());
        let (_, world) = Journal::open(&path).unwrap();
        assert_eq!(world.all(Collection::Users).count(), 1);
    }

    #[test]
    fn a_long_journal_is_written_anew_and_tells_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tenant");
        let (mut journal, mut world) = Journal::open(&path).unwrap();
        for _ in 0..3 {
            let mut changes = put("one");
            if let Change::Put { document, .. } = &mut changes[0] {
                document.insert("notes".into(), "x".repeat(500_000).into());
            }
            journal.append(&changes).unwrap();
            world.apply(changes);
        }
        journal.compact(&world).unwrap();
        assert!(fs::metadata(&path).unwrap().len() < 600_000);
        journal.append(&put("two")).unwrap();
        let (_, world) = Journal::open(&path).unwrap();
        assert_eq!(world.all(Collection::Users).count(), 2);
    }
}
