//! How a program ended that was asked to, and what became of what it had started: as its supervisor tells it, and in words.

use crate::units::Duration;
use serde::{Deserialize, Serialize};
use std::fmt;
use tokio::sync::watch;

/// More names than anybody reads.
const NAMES: usize = 8;

/// What was ended with a program, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndReport {
    /// What it had started and left in the background when it ended by itself, by name: those were ended.
    pub(crate) others: Vec<String>,
    /// Those that did not end when they were asked to, so that they were killed; the program itself may be one.
    pub(crate) killed: Vec<String>,
}

impl EndReport {
    /// What a program that ended by itself had left running, which was ended with it; `None` where that was nothing.
    pub fn left_behind(&self) -> Option<String> {
        let (what, were) = match self.others.len() {
            0 => return None,
            1 => ("1 program that it left running was".to_owned(), "it run on"),
            count => (format!("{count} programs that it left running were"), "them run on"),
        };
        let killed = match self.killed.as_slice() {
            [] => String::new(),
            killed => format!("; killed, because SIGTERM did not end it: {}", Names(killed)),
        };
        Some(format!("{what} ended with it: {}{killed}; `leaves_running: true` beside `command:` lets {were}", Names(&self.others)))
    }

    /// How it ended that was asked to.
    pub(crate) fn when_asked(&self, grace: std::time::Duration) -> String {
        match self.killed.as_slice() {
            [] => "it was asked to end (SIGTERM) and did".to_owned(),
            killed => format!(
                "it was asked to end (SIGTERM), and after {} this was killed (SIGKILL): {}; look for locks that it left",
                Duration::from(grace),
                Names(killed)
            ),
        }
    }
}

/// Names of programs, each once.
struct Names<'a>(&'a [String]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<(&str, usize)> = Vec::new();
        for name in self.0 {
            match names.iter_mut().find(|(known, _)| known == name) {
                Some((_, count)) => *count += 1,
                None => names.push((name, 1)),
            }
        }
        let told = names.iter().take(NAMES).map(|(name, count)| if *count == 1 { (*name).to_owned() } else { format!("{count} × {name}") });
        f.write_str(&told.collect::<Vec<_>>().join(", "))?;
        if names.len() > NAMES { f.write_str(", …") } else { Ok(()) }
    }
}

/// What asks a running program to end, from elsewhere.
#[derive(Debug, Default)]
pub struct EndOrder(watch::Sender<bool>);

impl EndOrder {
    /// Asks it.
    pub fn give(&self) {
        self.0.send_replace(true);
    }

    /// Takes it back, for a program that is started after the one that it was given to.
    pub fn take_back(&self) {
        self.0.send_replace(false);
    }

    /// Waits until it is given.
    pub(super) async fn given(&self) {
        let _ = self.0.subscribe().wait_for(|given| *given).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_ended_is_told_by_number_and_name() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let report = |others: &[&str], killed: &[&str]| EndReport { others: names(others), killed: names(killed) };
        assert_eq!(report(&[], &[]).left_behind(), None);
        assert_eq!(
            report(&["gateway.sh", "sleep", "sleep"], &[]).left_behind().unwrap(),
            "3 programs that it left running were ended with it: gateway.sh, 2 × sleep; `leaves_running: true` beside `command:` lets them run on"
        );
        assert!(report(&["a"], &["a"]).left_behind().unwrap().starts_with("1 program that it left running was ended with it: a; killed, "));
        let many: Vec<String> = (0..20).map(|number| format!("p{number}")).collect();
        assert!(EndReport { others: many, killed: Vec::new() }.left_behind().unwrap().contains("p7, …;"));
        let ten = std::time::Duration::from_secs(10);
        assert_eq!(report(&[], &[]).when_asked(ten), "it was asked to end (SIGTERM) and did");
        assert!(report(&[], &["terraform"]).when_asked(ten).contains("after 10 s this was killed (SIGKILL): terraform;"));
    }
}
