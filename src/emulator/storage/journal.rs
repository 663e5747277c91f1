//! Where a tenant is kept: a file of JSON lines, one per acknowledged write, flushed before the write is answered.
//!
//! A line that a crash left half written is cut off when the file is opened. When the lines have outgrown the objects,
//! the file is replaced, by an atomic rename, with one that says the same in fewer lines.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver, TryRecvError},
    thread,
};

use tempfile::NamedTempFile;

use super::super::{
    storage::files::{open_private, parent, sync_parent},
    world::{Change, Collection, Snapshot, World},
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

/// From this many objects on, a journal is written anew beside the service instead of within a write.
const MANY: usize = 2_000;

/// An open tenant file.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    length: u64,
    compact: u64,
    broken: bool,
    rewriting: Option<Rewriting>,
}

/// A fresh file that a thread of its own is writing.
#[derive(Debug)]
struct Rewriting {
    ready: Receiver<io::Result<NamedTempFile>>,
    /// What was written meanwhile.
    tail: Vec<u8>,
}

impl Journal {
    /// Opens or makes the file, and gives back the world that it tells of.
    pub(crate) fn open(path: &Path) -> Result<(Self, World), JournalError> {
        let mut world = World::default();
        let (kept, lines) = match File::open(path) {
            Ok(file) => replay(BufReader::with_capacity(1 << 16, file), &mut world)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => (0, 0),
            Err(error) => return Err(error.into()),
        };
        let mut file = open_private(path)?;
        file.set_len(kept)?;
        file.seek(SeekFrom::End(0))?;
        file.sync_all()?;
        sync_parent(path)?;
        let mut journal =
            Self { path: path.to_owned(), file, length: kept, compact: kept, broken: false, rewriting: None };
        let objects: usize = Collection::ALL.into_iter().map(|collection| world.count(collection)).sum();
        if kept > SLACK && lines > objects * 2 {
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
        if let Some(rewriting) = &mut self.rewriting {
            rewriting.tail.extend_from_slice(&line);
        }
        Ok(())
    }

    /// Writes the file anew when it holds much more than the world does. A large one is written by a thread of its own,
    /// and takes the old one's place with a later write.
    pub(crate) fn compact(&mut self, world: &World) -> io::Result<()> {
        if let Some(rewriting) = &self.rewriting {
            let fresh = match rewriting.ready.try_recv() {
                Err(TryRecvError::Empty) => return Ok(()),
                Err(TryRecvError::Disconnected) => Err(io::Error::other("the journal's writer ended")),
                Ok(fresh) => fresh,
            };
            // Whatever goes wrong here, the old file is whole; it is tried again when that has grown.
            let tail = self.rewriting.take().map(|rewriting| rewriting.tail).unwrap_or_default();
            self.compact = self.length;
            let mut fresh = fresh?;
            fresh.write_all(&tail)?;
            return self.replace(fresh);
        }
        if self.length <= self.compact.saturating_mul(GROWTH) + SLACK {
            return Ok(());
        }
        let snapshot = world.snapshot();
        if snapshot.len() < MANY {
            let fresh = write(&self.path, &snapshot)?;
            return self.replace(fresh);
        }
        let (sender, ready) = mpsc::channel();
        let path = self.path.clone();
        thread::spawn(move || {
            // Nobody waits any more when the emulator has stopped.
            let _ = sender.send(write(&path, &snapshot));
        });
        self.rewriting = Some(Rewriting { ready, tail: Vec::new() });
        Ok(())
    }

    /// Writes the whole world into the file, in place of what there was.
    pub(crate) fn rewrite(&mut self, world: &World) -> io::Result<()> {
        self.rewriting = None;
        let fresh = write(&self.path, &world.snapshot())?;
        self.replace(fresh)
    }

    fn replace(&mut self, fresh: NamedTempFile) -> io::Result<()> {
        fresh.as_file().sync_all()?;
        let mut file = fresh.persist(&self.path).map_err(|error| error.error)?;
        sync_parent(&self.path)?;
        self.length = file.seek(SeekFrom::End(0))?;
        self.compact = self.length;
        self.file = file;
        Ok(())
    }
}

/// Applies every whole line; gives back how many bytes and lines they are.
fn replay(mut reader: impl BufRead, world: &mut World) -> Result<(u64, usize), JournalError> {
    // A torn first line is one that was begun as every journal begins; anything else is somebody's file.
    let ours = |line: &[u8], kept: u64| kept > 0 || line.iter().zip(BEGINNING).all(|(one, other)| one == other);
    let (mut kept, mut lines, mut line) = (0_u64, 0, Vec::new());
    while reader.read_until(b'\n', &mut line)? > 0 {
        lines += 1;
        match serde_json::from_slice::<Vec<Change>>(&line) {
            Ok(changes) if line.ends_with(b"\n") => world.apply(changes),
            // Only the last line can be torn, and then it has no end; anything else is damage that must not be hidden.
            _ if !line.ends_with(b"\n") && ours(&line, kept) => break,
            _ => return Err(JournalError::Damaged { line: lines }),
        }
        world.tidy();
        kept += line.len() as u64;
        line.clear();
    }
    Ok((kept, lines))
}

/// A fresh file with one line for each object.
fn write(path: &Path, snapshot: &Snapshot) -> io::Result<NamedTempFile> {
    // Temporary files are private from the start.
    let mut fresh = tempfile::Builder::new().prefix(".tenant").tempfile_in(parent(path))?;
    let mut writer = BufWriter::with_capacity(1 << 20, fresh.as_file_mut());
    for (collection, id, packed) in snapshot {
        writer.write_all(BEGINNING)?;
        serde_json::to_writer(&mut writer, collection)?;
        writer.write_all(b",\"id\":")?;
        serde_json::to_writer(&mut writer, &**id)?;
        writer.write_all(b",\"document\":")?;
        writer.write_all(packed.text().as_bytes())?;
        writer.write_all(b"}}]\n")?;
    }
    writer.flush()?;
    drop(writer);
    fresh.as_file().sync_all()?;
    Ok(fresh)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;
    use crate::emulator::world::Document;

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
        assert_eq!(Journal::open(&path).unwrap().1.count(Collection::Users), 0);
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

    #[test]
    fn a_large_tenant_is_written_anew_beside_its_writes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tenant");
        let (mut journal, mut world) = Journal::open(&path).unwrap();
        for number in 0..MANY {
            world.apply(put(&format!("user {number}")));
        }
        journal.rewrite(&world).unwrap();
        let mut number = 0;
        // Until the rewriting has begun, and until its result has taken the place of the old file.
        for begun in [false, true] {
            while journal.rewriting.is_some() == begun {
                let mut changes = put(&format!("user {number}"));
                if let Change::Put { document, .. } = &mut changes[0] {
                    let notes = if begun { number.to_string() } else { "x".repeat(200_000) };
                    document.insert("notes".into(), notes.into());
                }
                journal.append(&changes).unwrap();
                world.apply(changes);
                world.tidy();
                journal.compact(&world).unwrap();
                number = (number + 1) % 7;
            }
        }
        journal.append(&put("last")).unwrap();
        world.apply(put("last"));
        let (_, read) = Journal::open(&path).unwrap();
        assert_eq!(read.count(Collection::Users), MANY + 1);
        assert!(read.all(Collection::Users).eq(world.all(Collection::Users)));
    }
}
