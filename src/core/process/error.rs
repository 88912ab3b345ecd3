//! Why a program did not do its work.

use super::capture::last_words;
use crate::units;
use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessExit {
    /// By itself, with this exit code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

impl ProcessExit {
    /// As the operating system tells it of a child.
    pub(crate) fn of(status: ExitStatus) -> Self {
        status.code().map_or_else(|| Self::Signal(status.signal().unwrap_or_default()), Self::Code)
    }

    /// As a supervisor tells it of its program: a signal's number and 128, as shells do.
    pub(crate) fn of_supervised(status: ExitStatus) -> Self {
        match Self::of(status) {
            Self::Code(code) if code > 128 => Self::Signal(code - 128),
            other => other,
        }
    }
}

impl fmt::Display for ProcessExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "ended with exit code {code}"),
            Self::Signal(_) => f.write_str("was ended by a signal"),
        }
    }
}

/// Why a program did not do its work. Its text ends with what the program said last, without secrets: an exit code alone helps nobody.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// There is nothing to start.
    #[error("the command is empty")]
    Empty,
    /// It did not start.
    #[error("`{program}` cannot be started: {}", not_started(source))]
    NotStarted {
        /// The program.
        program: String,
        /// The operating system's words.
        source: std::io::Error,
    },
    /// It cannot run where it should.
    #[error("the folder {} {why}", folder.display())]
    Folder {
        /// Where.
        folder: PathBuf,
        /// Why not.
        why: String,
    },
    /// It started, and how it ended cannot be known.
    #[error("`{program}` cannot be waited for: {source}")]
    Lost {
        /// The program.
        program: String,
        /// The operating system's words.
        source: std::io::Error,
    },
    /// It ran too long, and was ended.
    #[error("`{program}` did not end within {}; {how}{}", units::Duration::from(*within), last_words(said))]
    TooSlow {
        /// The program.
        program: String,
        /// How long it had.
        within: Duration,
        /// How it ended then.
        how: String,
        /// What it had said by then.
        said: String,
    },
    /// Somebody had it end.
    #[error("`{program}` was ended: {how}{}", last_words(said))]
    Ended {
        /// The program.
        program: String,
        /// How it ended.
        how: String,
        /// What it had said by then.
        said: String,
    },
    /// It ended as it should not.
    #[error("`{program}` {exit}{}", last_words(said))]
    Failed {
        /// The program.
        program: String,
        /// How it ended.
        exit: ProcessExit,
        /// What it said.
        said: String,
    },
}

fn not_started(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such program".to_owned(),
        std::io::ErrorKind::PermissionDenied => "it is not executable".to_owned(),
        _ => error.to_string(),
    }
}
