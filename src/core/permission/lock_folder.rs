//! Locks as files of a folder that processes and hosts share: `NAME.GENERATION`.
//!
//! A generation is put by `link(2)`, which is exclusive on NFS too, where `O_EXCL` was not always; the file is whole before it has its name. It is
//! written again by `rename(2)` over it, which its owner alone does. The newest generation is never removed, and older ones are by whoever put a
//! newer one: a taker that is so late that the generation it wants was used and removed meanwhile finds a higher one after it has put its own.
//!
//! What this file does not do: work on a file system whose listings are older than what was written (some object stores mounted as folders).

use super::lock::LockRecord;
use super::lock_table::{LockEntry, LockTable};
use crate::host::private;
use crate::units::sha256_hex;
use std::fs::File;
use std::io::{ErrorKind, Read, Result, Write};
use std::path::{Path, PathBuf};

/// So much of a lock is read, in bytes.
const LARGEST: u64 = 64 << 10;

/// A folder of locks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockFolder(PathBuf);

impl LockFolder {
    /// At this path; made when the first lock is taken.
    pub const fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    fn file(&self, name: &str, generation: u64) -> PathBuf {
        self.0.join(format!("{}.{generation}", file_name(name)))
    }

    /// The generations that are there.
    fn generations(&self, name: &str) -> Result<Vec<u64>> {
        let entries = match std::fs::read_dir(&self.0) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let prefix = format!("{}.", file_name(name));
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry?.file_name();
            found.extend(entry.to_str().and_then(|entry| entry.strip_prefix(&prefix)?.parse::<u64>().ok()));
        }
        found.sort_unstable();
        Ok(found)
    }

    /// A whole file with this record, which has no lock's name yet.
    fn draft(&self, name: &str, record: &LockRecord) -> Result<PathBuf> {
        let path = self.0.join(format!(".{}.{}", file_name(name), record.token));
        let mut file = File::create(&path)?;
        file.write_all(&serde_json::to_vec_pretty(record)?)?;
        file.sync_all()?;
        Ok(path)
    }
}

impl LockTable for LockFolder {
    fn place(&self, name: &str) -> String {
        self.0.join(file_name(name)).display().to_string()
    }

    fn newest(&self, name: &str) -> Result<Option<LockEntry>> {
        let Some(generation) = self.generations(name)?.pop() else { return Ok(None) };
        let mut text = Vec::new();
        let opened = match File::open(self.file(name, generation)) {
            // It was the newest a moment ago, and there is a newer one now.
            Err(error) if error.kind() == ErrorKind::NotFound => return self.newest(name),
            opened => opened?,
        };
        opened.take(LARGEST).read_to_end(&mut text)?;
        let record = serde_json::from_slice(&text).ok();
        Ok(Some(LockEntry { generation, text, record }))
    }

    fn put(&self, name: &str, generation: u64, record: &LockRecord) -> Result<bool> {
        if !self.0.is_dir() {
            private::folder(&self.0)?;
        }
        let (draft, path) = (self.draft(name, record)?, self.file(name, generation));
        let linked = std::fs::hard_link(&draft, &path);
        // Over NFS an answer may be lost although the link was made: the number of names tells.
        let is_made = linked.is_ok() || std::os::unix::fs::MetadataExt::nlink(&draft.metadata()?) == 2;
        std::fs::remove_file(&draft)?;
        if !is_made {
            return match linked {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
                _ => Ok(false),
            };
        }
        let all = self.generations(name)?;
        if all.last().is_some_and(|last| *last > generation) {
            let _ = std::fs::remove_file(path);
            return Ok(false);
        }
        // What another user has left may not be ours to remove.
        all.iter().filter(|older| **older < generation).for_each(|older| drop(std::fs::remove_file(self.file(name, *older))));
        Ok(true)
    }

    fn rewrite(&self, name: &str, generation: u64, record: &LockRecord) -> Result<bool> {
        if self.generations(name)?.last() != Some(&generation) {
            return Ok(false);
        }
        std::fs::rename(self.draft(name, record)?, self.file(name, generation))?;
        Ok(self.generations(name)?.last() == Some(&generation))
    }
}

/// What people can read of a name, and what tells it from every other.
fn file_name(name: &str) -> String {
    let plain: String = name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).take(60).collect();
    format!("{plain}-{}.lock", &sha256_hex(name.as_bytes())[..12])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(token: &str) -> LockRecord {
        LockRecord::new("the service chat", "x", crate::units::Duration::from_secs(30), token.to_owned())
    }

    #[test]
    fn a_generation_is_put_once_however_many_want_it() {
        let folder = tempfile::tempdir().unwrap();
        let table = LockFolder::at(folder.path().join("locks"));
        assert_eq!(table.newest("a").unwrap(), None);
        for generation in 1..=20 {
            let winners: Vec<bool> = std::thread::scope(|scope| {
                let tries: Vec<_> = (0..8)
                    .map(|one| {
                        let table = table.clone();
                        scope.spawn(move || table.put("a", generation, &record(&format!("{generation}-{one}"))).unwrap())
                    })
                    .collect();
                tries.into_iter().map(|tried| tried.join().unwrap()).collect()
            });
            assert_eq!(winners.iter().filter(|won| **won).count(), 1, "generation {generation}");
            assert_eq!(table.newest("a").unwrap().unwrap().generation, generation);
        }
        // One that comes so late that what it wants was used and removed.
        assert!(!table.put("a", 7, &record("late")).unwrap());
        assert!(!table.rewrite("a", 7, &record("late")).unwrap());
        let names: Vec<String> =
            std::fs::read_dir(table.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert_eq!(names.len(), 1, "{names:?}");
        assert!(table.rewrite("a", 20, &record("newest")).unwrap());
        assert_eq!(table.newest("a").unwrap().unwrap().record.unwrap().token, "newest");
        assert_eq!(table.newest("b").unwrap(), None, "names are apart");
    }

    #[test]
    fn what_cannot_be_read_is_there_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let table = LockFolder::at(folder.path().to_owned());
        assert!(table.put("a", 1, &record("one")).unwrap());
        std::fs::write(table.file("a", 1), "{\"lock\": 1, \"wh").unwrap();
        let entry = table.newest("a").unwrap().unwrap();
        assert_eq!((entry.generation, entry.record), (1, None));
    }
}
