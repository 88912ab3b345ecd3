//! A stored history → a verdict and what its report shows, in one pass over the file.

use super::pipeline::{Digested, digested};
use crate::console::WorkProgress;
use crate::history::{BareError, Event, Fold, ReadError, RemarkAbout, bare};
use crate::import::{self, ImportError, ImportSettings, Outline, RecordSource, StatedFacts};
use crate::model::NamedWorkload;
use crate::report::{Digest, json, verdict_record};
use crate::run_folder::{HistoryInput, history_in};
use crate::units::{Explained, RunningHash};
use crate::verdict::record::RepeatsReadError;
use crate::verdict::{OfWorkload, Verdict, VerdictRecord, judge as decide, together};
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// A judged history.
#[derive(Debug)]
pub struct Judged {
    /// The judgement.
    pub verdict: Verdict,
    /// What its report shows.
    pub digest: Digest,
    /// SHA-256 of the record as text, in hexadecimal: of a compressed history that of its lines.
    pub hash: String,
    /// True where the history's last line was torn, or its last frame, because the drill was killed.
    pub torn: bool,
    /// What is to be known of its format, where a newer build wrote it.
    pub newer: Option<String>,
    /// What somebody else's record holds, for people; `None` for a history.
    pub outline: Option<Outline>,
}

impl Judged {
    /// Its `verdict.json`.
    pub fn json(&self) -> String {
        json(&self.verdict, Some(&self.digest))
    }

    /// The same before it is written.
    pub fn record(&self) -> VerdictRecord {
        verdict_record(&self.verdict, Some(&self.digest))
    }
}

/// Why a history cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// The file could not be opened.
    #[error("cannot read {}: {source}", path.display())]
    Open {
        /// As named.
        path: PathBuf,
        /// The operating system's words.
        source: std::io::Error,
    },
    /// It is not a history.
    #[error("{}: {source}", path.display())]
    History {
        /// As named.
        path: PathBuf,
        /// What is wrong.
        source: ReadError,
    },
    /// There is nothing in it.
    #[error("{}: the file is empty", path.display())]
    Empty {
        /// As named.
        path: PathBuf,
    },
    /// It is neither kind of history.
    #[error("{}: this is no history of a drill, no bare history, and no record that is known by its first lines", path.display())]
    Other {
        /// As named.
        path: PathBuf,
    },
    /// Several tools may have written it.
    #[error("{}: this may be a record of {}", path.display(), tools.join(" or of "))]
    Several {
        /// As named.
        path: PathBuf,
        /// Whose it may be.
        tools: Vec<&'static str>,
    },
    /// It is not the record that it was taken for, or what was said about it is wrong.
    #[error("{}: {source}", path.display())]
    Record {
        /// As named.
        path: PathBuf,
        /// What is wrong.
        source: ImportError,
    },
    /// It is no plan of several drills.
    #[error("{}: {source}", path.display())]
    Repeats {
        /// As named.
        path: PathBuf,
        /// What is wrong.
        source: RepeatsReadError,
    },
    /// It is not a bare history.
    #[error("{}: {source}", path.display())]
    Bare {
        /// As named.
        path: PathBuf,
        /// What is wrong.
        source: BareError,
    },
}

impl Explained for JudgeError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Open { .. } => "name a drill's folder, its history.jsonl, or a bare history".into(),
            Self::History { source, .. } => return source.hint(),
            Self::Empty { .. } => "a drill that was killed right at its start leaves nothing to judge; run it again".into(),
            Self::Other { .. } => {
                let words = RecordSource::WORDS.join("|");
                let template = "an access log in a format of its own needs that too, --log-format '…'";
                format!("say whose record it is, --from {words}; {template}").into()
            }
            Self::Several { tools, .. } => format!("say whose it is, --from {}", tools.join("|")).into(),
            Self::Record { source, .. } => return source.hint(),
            Self::Repeats { source, .. } => return source.hint(),
            Self::Bare { source, .. } => return source.hint(),
        })
    }
}

/// Judges a drill's folder, a `history.jsonl`, plain or compressed, or a bare history in JSON.
///
/// # Errors
/// Where the file cannot be read or is none of these.
pub fn judge(path: &Path) -> Result<Judged, JudgeError> {
    judge_counting(path, &WorkProgress::default())
}

/// The same, for whoever shows how far it is. It does not end the work: a report may follow.
///
/// # Errors
/// As [`judge`].
pub fn judge_counting(path: &Path, work: &WorkProgress) -> Result<Judged, JudgeError> {
    let file = if path.is_dir() { history_in(path) } else { path.to_owned() };
    let open = |source| JudgeError::Open { path: file.clone(), source };
    // A folder may be anybody's, and a pipe in it would be waited for without end.
    if path.is_dir() && file.exists() && !file.is_file() {
        return Err(open(std::io::Error::other("it is not a file")));
    }
    let opened = File::open(&file).map_err(open)?;
    work.begin("judging the history", opened.metadata().map_or(0, |facts| facts.len()));
    let opened = HistoryInput::new(CountedFile { file: opened, work });
    let mut input = Hashing { input: BufReader::new(opened), hash: RunningHash::default() };
    let first = input.input.fill_buf().map_err(open)?;
    // A drill's first line is `{"t":0,"started":…`; a bare history is one document with `bare_history` among its keys.
    let begins: Vec<u8> = first.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).take(5).collect();
    if begins.is_empty() && first.is_empty() {
        return Err(JudgeError::Empty { path: file });
    }
    if begins.first() != Some(&b'{') {
        return Err(JudgeError::Other { path: file });
    }
    if begins != b"{\"t\":" {
        return judge_bare(file, input);
    }
    let wrong = |source| JudgeError::History { path: file.clone(), source };
    let mut folds: Vec<(NamedWorkload, Fold)> = Vec::new();
    let mut lead = 0;
    let mut newer = None;
    let read = digested(input, |stamped| match &stamped.event {
        Event::Started(started) if folds.is_empty() => {
            let judged = started.plan.workloads.iter().enumerate().filter(|(_, named)| named.judged);
            lead = judged.clone().position(|(place, _)| place == started.plan.workloads.lead()).unwrap_or(0);
            folds = judged.map(|(place, named)| (named.clone(), Fold::of(started, place))).collect();
        }
        Event::Remark(remark) if remark.about == RemarkAbout::Format => newer = Some(remark.text.clone()),
        _ => folds.iter_mut().for_each(|(_, fold)| fold.apply(stamped)),
    });
    let Digested { mut digest, torn, input } = read.map_err(wrong)?;
    work.begin("drawing the verdict", 0);
    digest.settle();
    let several = digest.has_several_workloads();
    let each = folds.into_iter().map(|(named, fold)| {
        let verdict = decide(&fold.finish());
        OfWorkload { name: named.name, service: named.service_name, verdict }
    });
    let mut each: Vec<OfWorkload> = each.collect();
    let verdict = if several { together(each, lead) } else { each.pop().map(|only| only.verdict) };
    let verdict = verdict.ok_or(ReadError::NoStart).map_err(wrong)?;
    let history = input.input.get_ref();
    let torn = torn || history.torn() > 0;
    digest.kept_as(history.form());
    Ok(Judged { verdict, digest, hash: input.hex(), torn, newer, outline: None })
}

/// The same of a bare history, which is one document.
fn judge_bare(file: PathBuf, mut input: Hashing<impl BufRead>) -> Result<Judged, JudgeError> {
    let mut text = Vec::new();
    input.read_to_end(&mut text).map_err(|source| JudgeError::Open { path: file.clone(), source })?;
    let said = |source| match text.windows(BARE.len()).any(|bytes| bytes == BARE) {
        true => JudgeError::Bare { path: file.clone(), source },
        // JSON of somebody else's, often one document a line.
        false => JudgeError::Other { path: file.clone() },
    };
    let evidence = bare(&text).map_err(said)?;
    let digest = Digest::of_record(&evidence);
    Ok(Judged { verdict: decide(&evidence), digest, hash: input.hex(), torn: false, newer: None, outline: None })
}

/// Whose record a file is, by its first lines; `None` where it is a history, or nothing that is known, as [`judge`] will say.
///
/// # Errors
/// Where the file cannot be read, or several tools may have written it.
pub fn whose(path: &Path, template: Option<&str>) -> Result<Option<RecordSource>, JudgeError> {
    // What is no file can be read only once.
    if !path.is_file() {
        return Ok(None);
    }
    let unread = |source| JudgeError::Open { path: path.to_owned(), source };
    let mut input = BufReader::new(HistoryInput::new(File::open(path).map_err(unread)?));
    let first = input.fill_buf().map_err(unread)?;
    let is_history = first.starts_with(b"{\"t\":") || first.windows(BARE.len()).any(|bytes| bytes == BARE);
    if is_history {
        return Ok(None);
    }
    let tools = import::guess(input, template).map_err(|source| JudgeError::Record { path: path.to_owned(), source })?;
    match tools[..] {
        [] => Ok(None),
        [only] => Ok(Some(only)),
        _ => Err(JudgeError::Several { path: path.to_owned(), tools: tools.into_iter().map(RecordSource::word).collect() }),
    }
}

/// A key that only bare histories have.
const BARE: &[u8] = b"\"bare_history\"";

/// Judges what somebody else recorded: another load generator's output, or a gateway's access log.
///
/// # Errors
/// Where the file cannot be read or is something else, or where what was told about it cannot be true.
pub fn judge_record(path: &Path, settings: &ImportSettings, told: &StatedFacts) -> Result<Judged, JudgeError> {
    judge_record_counting(path, settings, told, &WorkProgress::default())
}

/// The same, for whoever shows how far it is.
///
/// # Errors
/// As [`judge_record`].
pub fn judge_record_counting(
    path: &Path,
    settings: &ImportSettings,
    told: &StatedFacts,
    work: &WorkProgress,
) -> Result<Judged, JudgeError> {
    let wrong = |source| JudgeError::Record { path: path.to_owned(), source };
    let file = File::open(path).map_err(|source| JudgeError::Open { path: path.to_owned(), source })?;
    work.begin("reading the record", file.metadata().map_or(0, |facts| facts.len()));
    let mut input = Hashing { input: CountedFile { file, work }, hash: RunningHash::default() };
    let record = import::read(BufReader::with_capacity(1 << 20, &mut input), settings).map_err(wrong)?;
    work.begin("drawing the verdict", 0);
    let outline = Some(record.outline());
    let evidence = import::evidence(record, told).map_err(wrong)?;
    let (verdict, digest) = (decide(&evidence), Digest::of_record(&evidence));
    Ok(Judged { verdict, digest, hash: input.hex(), torn: false, newer: None, outline })
}

/// Counts what is read of a file, for whoever shows how far it is.
struct CountedFile<'w> {
    file: File,
    work: &'w WorkProgress,
}

impl Read for CountedFile<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.work.add(count as u64);
        Ok(count)
    }
}

/// Hashes what is read through it.
struct Hashing<R> {
    input: R,
    hash: RunningHash,
}

impl<R> Hashing<R> {
    fn hex(self) -> String {
        self.hash.hex()
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.hash.add(&buffer[..count]);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_of_others_is_told_as_that_and_a_bare_history_as_one() {
        let caddy = "{\"level\":\"info\",\"ts\":1,\"status\":200}\n";
        let cases = [
            (caddy.to_owned(), "--from"),
            (caddy.repeat(3), "--from"),
            ("{\"bare_history\": 1, \"primary\": [\n".into(), "help bare-history"),
            ("{\"bare_history\": 2, \"primary\": [], \"standbys\": [], \"requests\": []}".into(), "help bare-history"),
        ];
        let folder = tempfile::tempdir().unwrap();
        for (text, hint) in cases {
            let path = folder.path().join("access.json");
            std::fs::write(&path, &text).unwrap();
            let said = crate::units::explained(&judge(&path).unwrap_err());
            assert!(said.contains(hint), "{text}: {said}");
            assert_eq!(said.contains("no record that is known"), hint == "--from", "{said}");
        }
    }
}
