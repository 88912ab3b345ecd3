//! `records.jsonl`: what is in no drill's folder, written a second time as lines beside the SQLite file, so that it outlives it.
//!
//! ```text
//! {"at":1795000000000,"kind":"deferrals","row":{"service":"chat","quarter":"2026-Q4","by":"ann","why":"…"}}
//! {"at":1795000000001,"kind":"deferrals","gone":{"service":"chat","quarter":"2026-Q4"}}
//! ```
//!
//! `kind` is the name of a table, `row` one of its rows as it is from now on, each column by its name; `gone` is the key of one that was taken
//! away. Where the SQLite file is gone or was damaged the lines are put back in their order: a row replaces the one with the same primary key.
//! So whoever has a table here writes no code to read it back, and only what changes is noted, not each lease that is renewed.
//!
//! What this file does not do: note anything of a store on PostgreSQL, which has backups of its own, or of what drills' folders tell.

use super::StoreError;
use super::drill_store::DrillStore;
use crate::host::private;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct JournalLine {
    /// When it was noted, milliseconds since 1970.
    pub(super) at: i64,
    /// The table.
    pub(super) kind: String,
    /// The row, as it is from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) row: Option<Map<String, Value>>,
    /// The key of a row that was taken away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) gone: Option<Map<String, Value>>,
}

impl DrillStore {
    /// Notes a row of the table `kind` as it is from now on: an object with every column that it must have, by the columns' names. Called after
    /// the row was written. On PostgreSQL it does nothing.
    ///
    /// # Errors
    /// Where the line cannot be written and brought to the disk. The row itself stands then.
    pub async fn note(&self, kind: &'static str, value: &impl Serialize) -> Result<(), StoreError> {
        let Some(path) = self.journal() else { return Ok(()) };
        let row = object(value);
        self.append(path, JournalLine { at: now(), kind: kind.to_owned(), row: Some(row), gone: None }).await
    }

    /// Notes that the row with this key was taken away.
    ///
    /// # Errors
    /// As [`DrillStore::note`].
    pub async fn note_gone(&self, kind: &'static str, key: &impl Serialize) -> Result<(), StoreError> {
        let Some(path) = self.journal() else { return Ok(()) };
        self.append(path, JournalLine { at: now(), kind: kind.to_owned(), row: None, gone: Some(object(key)) }).await
    }

    async fn append(&self, path: PathBuf, line: JournalLine) -> Result<(), StoreError> {
        let text = serde_json::to_string(&line).expect("a line has text keys only") + "\n";
        let shown = path.clone();
        let written = tokio::task::spawn_blocking(move || append(&path, text.as_bytes())).await;
        let written = written.unwrap_or_else(|_| Err(std::io::Error::other("the task that writes it ended")));
        written.map_err(|source| StoreError::File { path: shown, source })
    }
}

fn now() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

/// A row, or what stands for one: a value that is no object is kept under `value`.
fn object(value: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(value).unwrap_or_default() {
        Value::Object(row) => row,
        value => Map::from_iter([("value".to_owned(), value)]),
    }
}

/// Adds a line, and brings it to the disk. What a crash left of a line ends first; what cannot be written whole is taken away again.
fn append(path: &Path, line: &[u8]) -> std::io::Result<()> {
    let mut file = private::open(path, File::options().read(true).append(true).create(true))?;
    file.lock()?;
    let length = file.seek(SeekFrom::End(0))?;
    let mut last = [b'\n'];
    if length > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    let pause: &[u8] = if last == [b'\n'] { b"" } else { b"\n" };
    let written = file.write_all(&[pause, line].concat()).and_then(|()| file.sync_data());
    if written.is_err() {
        let _ = file.set_len(length);
    }
    written
}

/// The lines of a file, and how many are none; none where there is no file.
pub(super) fn lines(path: &Path) -> std::io::Result<(Vec<JournalLine>, u64)> {
    let file = match private::open(path, File::options().read(true)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((Vec::new(), 0)),
        file => file?,
    };
    let (mut lines, mut broken) = (Vec::new(), 0);
    for line in BufReader::new(file).split(b'\n') {
        let line = line?;
        match serde_json::from_slice(&line) {
            Ok(line) => lines.push(line),
            Err(_) if line.is_empty() => {}
            Err(_) => broken += 1,
        }
    }
    Ok((lines, broken))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_crash_left_of_a_line_spoils_no_other() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("records.jsonl");
        assert_eq!(lines(&path).unwrap(), (Vec::new(), 0));
        append(&path, b"{\"at\":1,\"kind\":\"a\",\"row\":{\"x\":1}}\n").unwrap();
        std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + "{\"at\":2,\"ki").unwrap();
        append(&path, b"{\"at\":3,\"kind\":\"a\",\"gone\":{\"x\":1}}\n").unwrap();
        let (lines, broken) = lines(&path).unwrap();
        assert_eq!((lines.iter().map(|line| line.at).collect::<Vec<_>>(), broken), (vec![1, 3], 1));
        assert_eq!((lines[0].row.is_some(), lines[1].gone.is_some()), (true, true));
    }
}
