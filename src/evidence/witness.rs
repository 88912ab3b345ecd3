//! A witness: an authority of somebody else that states when the plan and the whole record were there, so that not even their producer can change
//! them later.
//!
//! ```text
//!  plan.tsr   a time stamp of the first line of history.jsonl, with its line feed: it holds the whole plan. Made before anything is broken
//!  head.tsr   the same of the last seal's line, which stands for every line before it. Made when the drill is over
//! ```
//!
//! Anybody can check one with OpenSSL: `head -n 1 history.jsonl | openssl ts -verify -data /dev/stdin -in plan.tsr -CAfile CA.pem`. The lines of a
//! compressed history are stamped, not its frames.
//!
//! What this file does not do: know the form of a time stamp (`time_stamp`), or decide whom to trust.

use super::check::{Check, CheckState};
use super::time_stamp::{StampError, StampQuery, TimeStamp, bytes_of};
use crate::history::Seal;
use crate::host::{self, private};
use crate::model::{HistoryForm, WitnessPolicy, WitnessSource};
use crate::process::{Program, RunOptions, Supervision};
use crate::redact::Redactor;
use crate::run_folder::{HistoryInput, RunFile, form_in, history_in, last_lines};
use crate::secret::variable;
use crate::units::{Explained, Problem, RunningHash, expand};
use crate::web::ByteQuestion;
use std::borrow::Cow;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use super::time_stamp::Authorities;

/// How long a witness may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// No time stamp is longer. In bytes.
const LONGEST: usize = 1 << 18;
/// No line of a history is longer. In bytes.
const LINE: u64 = 1 << 28;
/// A seal's line is shorter. In bytes.
const SEAL: u64 = 256;

/// A witness that can be asked.
#[derive(Debug, Clone)]
pub struct Witness {
    policy: WitnessPolicy,
    /// The project's root, from which files are read and where programs run.
    root: PathBuf,
}

/// Why there is no time stamp.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// What is to be stamped cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        source: std::io::Error,
    },
    /// There is nothing yet to be stamped.
    #[error("{} holds no seal to be stamped", path.display())]
    Unsealed {
        /// The history.
        path: PathBuf,
    },
    /// The witness does not answer.
    #[error("the witness has not stamped {what}: {problem}")]
    Silent {
        /// What was to be stamped.
        what: &'static str,
        /// Why not.
        problem: Problem,
    },
    /// It answered something that is not believed.
    #[error("the witness has not stamped {what}: {source}")]
    Stamp {
        /// What was to be stamped.
        what: &'static str,
        /// What is wrong with it.
        source: StampError,
    },
    /// The certificates cannot be read.
    #[error("{} holds no certificates in PEM", path.display())]
    Authorities {
        /// The file.
        path: PathBuf,
    },
}

impl Explained for WitnessError {
    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Io { .. } | Self::Unsealed { .. } => None,
            Self::Silent { problem, .. } => problem.hint().or(Some(OPTIONAL.into())),
            Self::Stamp { source: StampError::Certificate(_) | StampError::Signature, .. } => {
                Some("name the certificates of its authority in `evidence: {witness: {ca: FILE}}` of the inventory".into())
            }
            Self::Stamp { .. } => Some(OPTIONAL.into()),
            Self::Authorities { .. } => Some("name a file with the authority's certificates, as its operator publishes it".into()),
        }
    }
}

const OPTIONAL: &str = "see that it answers, or write `required: false` beside `witness:` in the inventory to drill without it";

/// What is stamped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StampedPart {
    /// The plan: the history's first line.
    Plan,
    /// The whole record: the history's last seal.
    Head,
}

impl StampedPart {
    /// Where the stamp is.
    pub const fn file(self) -> RunFile {
        match self {
            Self::Plan => RunFile::PlanStamp,
            Self::Head => RunFile::HeadStamp,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Plan => "the plan",
            Self::Head => "the record",
        }
    }

    /// Prints the bytes that are stamped.
    fn command(self, folder: &Path) -> String {
        match (self, form_in(folder)) {
            (Self::Plan, HistoryForm::Plain) => "head -n 1 history.jsonl".to_owned(),
            (Self::Head, HistoryForm::Plain) => "grep '\"sealed\":{' history.jsonl | tail -n 1".to_owned(),
            (Self::Plan, packed) => format!("{} | head -n 1", packed.printed()),
            (Self::Head, packed) => format!("{} | grep '\"sealed\":{{' | tail -n 1", packed.printed()),
        }
    }

    /// The SHA-256 that is stamped.
    fn hash(self, folder: &Path) -> Result<[u8; 32], WitnessError> {
        let path = history_in(folder);
        let found = match self {
            Self::Plan => first_line(&path),
            Self::Head => last_seal(&path).map(|seal| seal.map(|seal| seal.head())),
        };
        match found {
            Ok(Some(hash)) => bytes_of(&hash).ok_or(WitnessError::Unsealed { path }),
            Ok(None) => Err(WitnessError::Unsealed { path }),
            Err(source) => Err(WitnessError::Io { path, source }),
        }
    }
}

impl Witness {
    /// One of a project.
    ///
    /// # Errors
    /// Where the certificates that it names cannot be read.
    pub fn new(policy: WitnessPolicy, root: &Path) -> Result<Self, WitnessError> {
        let witness = Self { policy, root: root.to_owned() };
        witness.authorities()?;
        Ok(witness)
    }

    /// True where nothing may be broken without it.
    pub const fn is_required(&self) -> bool {
        self.policy.required
    }

    /// Has it stamp a part of the record in a drill's folder, and keeps the stamp there.
    ///
    /// # Errors
    /// Where it does not answer, or answers with something that is not believed.
    pub async fn stamp(&self, part: StampedPart, folder: &Path) -> Result<(), WitnessError> {
        let what = part.words();
        let query = part.hash(folder).and_then(|hash| StampQuery::new(hash).map_err(|source| io(folder, source)))?;
        let answer = match &self.policy.from {
            WitnessSource::Url(address) => over_http(address, query.bytes()).await,
            WitnessSource::Run(argv) => self.run(argv, &query.bytes()).await,
        };
        let answer = answer.map_err(|problem| WitnessError::Silent { what, problem })?;
        let believed = |source| WitnessError::Stamp { what, source };
        query.answered(&answer).map_err(believed)?;
        if let Some(trusted) = self.authorities()? {
            TimeStamp::read(&answer).and_then(|stamp| stamp.certified(&trusted)).map_err(believed)?;
        }
        let path = part.file().within(folder);
        private::write(&path, &answer).map_err(|source| io(&path, source))
    }

    fn authorities(&self) -> Result<Option<Authorities>, WitnessError> {
        self.policy.ca.as_ref().map(|file| authorities(&self.root.join(file))).transpose()
    }

    async fn run(&self, argv: &[String], query: &[u8]) -> Result<Vec<u8>, Problem> {
        let place = super::scratch::ScratchFolder::new().map_err(|error| Problem::new("no file can be made for it").caused_by(error))?;
        let (asked, answered) = (place.path().join("query.tsq"), place.path().join("answer.tsr"));
        private::write(&asked, query).map_err(|error| Problem::new("no file can be made for it").caused_by(error))?;
        let named =
            |argument: &String| argument.replace("${query}", &asked.to_string_lossy()).replace("${answer}", &answered.to_string_lossy());
        let program = Program {
            argv: argv.iter().map(named).collect(),
            folder: self.root.clone(),
            pass: Vec::new(),
            env: Vec::new(),
            supervision: Supervision::Unsupervised,
            grace: crate::process::GRACE,
        };
        let redactor = Redactor::default();
        let options = RunOptions { within: Some(PATIENCE), ..RunOptions::new(&redactor) };
        let finished = program.run(options).await.map_err(|error| Problem::new(error.to_string()).hint(host::GIVES_LITTLE))?;
        if !finished.is_done(&[]) {
            return Err(Problem::new(finished.failure(finished.complained()).to_string()));
        }
        host::bytes_of(&answered, LONGEST).map_err(|error| Problem::new("the program wrote no answer").caused_by(error))
    }
}

/// Variables of the environment in its address are put in; none of it is shown but the host.
async fn over_http(address: &str, query: Vec<u8>) -> Result<Vec<u8>, Problem> {
    let value = |name: &str| variable(name).map(|value| value.expose().to_owned());
    let address = &expand(address, value).map_err(|unknown| Problem::new(format!("the variable {} is not set", unknown.name)))?;
    let (kind, answer) = ("application/timestamp-query", "application/timestamp-reply");
    ByteQuestion { address, kind, answer, within: PATIENCE, most: LONGEST }.ask(query).await
}

/// The certificates in a file.
///
/// # Errors
/// Where it cannot be read, or holds none.
pub fn authorities(path: &Path) -> Result<Authorities, WitnessError> {
    let text = host::bytes_of(path, host::CERTIFICATES_MAX).map_err(|source| io(path, source))?;
    Authorities::from_pem(&text).ok_or_else(|| WitnessError::Authorities { path: path.to_owned() })
}

/// What the time stamps in a folder are worth. Where nobody says whose certificates are trusted, a stamp that is of the right bytes is
/// [`CheckState::Unknown`]; where somebody does, one that is not there is missing.
pub fn check(folder: &Path, trusted: Option<&Authorities>) -> Vec<Check> {
    let times = [StampedPart::Plan, StampedPart::Head].map(|part| checked(part, folder, trusted));
    let mut checks: Vec<Check> = times.iter().map(|(check, _)| check.clone()).collect();
    if let [(_, Some(plan)), (_, Some(head))] = times
        && head < plan
    {
        let detail = format!("the whole record was stamped at {}, before the plan, at {}", told(head), told(plan));
        checks.push(Check::new(RunFile::HeadStamp.name(), CheckState::Changed, detail));
    }
    checks
}

type StampTime = chrono::DateTime<chrono::Utc>;

/// One stamp, and when it was made, where it says so.
fn checked(part: StampedPart, folder: &Path, trusted: Option<&Authorities>) -> (Check, Option<StampTime>) {
    let (file, path) = (part.file().name(), part.file().within(folder));
    let of = |state, detail: String| Check::new(file.clone(), state, detail);
    let bytes = match host::bytes_of(&path, LONGEST) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            // Whoever has certificates to check it by expects one. Where the plan was stamped the record was to be; that the plan was is in the manifest.
            let begun = part == StampedPart::Head && RunFile::PlanStamp.within(folder).exists();
            let state = if trusted.is_some() || begun { CheckState::Missing } else { CheckState::Unsigned };
            return (of(state, format!("there is no time stamp of {}", part.words())), None);
        }
        Err(error) => return (of(CheckState::Changed, error.to_string()), None),
    };
    let stamp = match TimeStamp::read(&bytes) {
        Ok(stamp) => stamp,
        Err(error) => return (of(CheckState::Changed, error.to_string()), None),
    };
    let hash = match part.hash(folder) {
        Ok(hash) => hash,
        Err(error) => return (of(CheckState::Changed, error.to_string()), None),
    };
    if stamp.is_of(&hash).is_err() {
        return (of(CheckState::Changed, format!("it is a stamp of something else than {} that stands here", part.words())), None);
    }
    let when = told(stamp.time);
    let check = match trusted.map(|trusted| stamp.certified(trusted)) {
        Some(Ok(())) => of(CheckState::Intact, format!("{} was there at {when}", part.words())),
        // Another authority may have signed it, of which nobody here can tell.
        Some(Err(error @ (StampError::Certificate(_) | StampError::Algorithm))) => of(CheckState::Unknown, error.to_string()),
        Some(Err(error)) => of(CheckState::Changed, error.to_string()),
        None => of(
            CheckState::Unknown,
            format!(
                "it says that {} was there at {when}; who signed it was not checked: give --witness-ca CA.pem, or \
                 {} | openssl ts -verify -data /dev/stdin -in {file} -CAfile CA.pem",
                part.words(),
                part.command(folder)
            ),
        ),
    };
    (check, Some(stamp.time))
}

fn told(time: StampTime) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

/// The SHA-256 of a history's first line with its line feed; `None` where it has none.
fn first_line(path: &Path) -> std::io::Result<Option<String>> {
    let (mut line, mut hash) = (Vec::new(), RunningHash::default());
    BufReader::new(HistoryInput::new(host::regular(path)?).take(LINE)).read_until(b'\n', &mut line)?;
    if line.last() != Some(&b'\n') {
        return Ok(None);
    }
    hash.add(&line);
    Ok(Some(hash.hex()))
}

/// The last seal of a history. A torn line, or events that were not sealed any more, may follow it.
fn last_seal(path: &Path) -> std::io::Result<Option<Seal>> {
    // It is the last line of every drill that came to its end.
    // Of a compressed one only all of it says for sure where its frames begin.
    let is_packed = path.extension().is_some_and(|ending| ending == "zst");
    let end = if is_packed { Vec::new() } else { last_lines(host::regular(path)?, SEAL)? };
    if let Some(seal) = end.split_inclusive(|byte| *byte == b'\n').next_back().and_then(Seal::of_line) {
        return Ok(Some(seal));
    }
    let input = HistoryInput::new(host::regular(path)?);
    let (mut reader, mut line, mut last) = (BufReader::with_capacity(1 << 20, input), Vec::new(), None);
    while (&mut reader).take(LINE).read_until(b'\n', &mut line)? > 0 {
        last = Seal::of_line(&line).or(last);
        line.clear();
    }
    Ok(last)
}

fn io(path: &Path, source: std::io::Error) -> WitnessError {
    WitnessError::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Sealer;

    fn sealed(lines: &[&str]) -> Vec<u8> {
        let (mut sealer, mut text) = (Sealer::default(), Vec::new());
        for line in lines {
            sealer.add(1, line.as_bytes());
            text.extend_from_slice(line.as_bytes());
            text.extend(sealer.seal().unwrap());
        }
        text
    }

    #[test]
    fn the_head_is_the_last_seal_whatever_follows_it() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("history.jsonl");
        let text = sealed(&["one\n", "two\n"]);
        let last = text.split_inclusive(|byte| *byte == b'\n').next_back().and_then(Seal::of_line);
        for after in ["", "three\n", "thr", &"x".repeat(10_000)] {
            std::fs::write(&path, [&text[..], after.as_bytes()].concat()).unwrap();
            assert_eq!(last_seal(&path).unwrap(), last, "{after:.9}");
        }
        assert_eq!(first_line(&path).unwrap(), Some(crate::units::sha256_hex(b"one\n")));
        for none in ["", "one", "one\n"] {
            std::fs::write(&path, none).unwrap();
            assert_eq!((last_seal(&path).unwrap(), first_line(&path).unwrap().is_some()), (None, none == "one\n"));
        }
    }

    #[test]
    fn a_folder_without_stamps_is_merely_unsigned_and_with_another_files_bytes_changed() {
        let place = tempfile::tempdir().unwrap();
        let states = || check(place.path(), None).into_iter().map(|check| check.state).collect::<Vec<_>>();
        assert_eq!(states(), [CheckState::Unsigned; 2]);
        std::fs::write(place.path().join("history.jsonl"), sealed(&["one\n"])).unwrap();
        std::fs::write(place.path().join("plan.tsr"), "no stamp").unwrap();
        assert_eq!(states(), [CheckState::Changed, CheckState::Missing]);
    }
}
