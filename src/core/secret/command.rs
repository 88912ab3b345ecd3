//! What other programs keep: one command prints the value, another takes a new one from its standard input.
//!
//! A value never stands among arguments, where every user of the host could read it. Of what a failed command said, its last lines on the
//! standard error are shown: without everything that it printed on its standard output, which is where a key would be, without the values
//! that it was given, without what stands behind a name that says a secret (`password=…`, `user:…@host`), and without whatever looks like a key
//! and like nothing that people write.

use super::error::words;
use super::secret_name::says_secret;
use super::{Ability, Pending, SecretError, Store, Version, VersionedSecret, still};
use crate::host;
use crate::process::{FinishedRun, GRACE, ProcessError, Program, RunOptions, Supervision};
use crate::redact::{Redactor, without_key_like};
use crate::units::Secret;
use std::path::PathBuf;
use std::time::Duration;

/// No command may take longer than this.
const TIMEOUT: Duration = Duration::from_secs(30);
/// No value is longer than this. In bytes.
const LONGEST: usize = 1 << 16;
/// Shorter parts of an output are no keys.
const KEY: usize = 6;

/// One secret of another program.
#[derive(Debug)]
pub(super) struct Commands {
    pub(super) place: String,
    pub(super) read: Vec<String>,
    pub(super) write: Option<Vec<String>>,
    /// What they are given of this process's environment.
    pub(super) pass: Vec<String>,
    /// Where they run.
    pub(super) folder: PathBuf,
}

impl Commands {
    /// Runs one to its end; returns what it printed. A variable is added to its environment.
    pub(super) async fn run(&self, argv: &[String], input: Option<&Secret>, variable: Option<(&str, &str)>) -> Result<Secret, SecretError> {
        let program = Program {
            argv: argv.to_vec(),
            folder: self.folder.clone(),
            pass: self.pass.clone(),
            env: variable.map(|(name, value)| (name.to_owned(), value.into())).into_iter().collect(),
            supervision: Supervision::Unsupervised,
            grace: GRACE,
        };
        let redactor = Redactor::default();
        let options = RunOptions { input, within: Some(TIMEOUT), ..RunOptions::new(&redactor) };
        let finished = program.run(options).await.map_err(|error| self.not_run(&error))?;
        if !finished.is_done(&[]) {
            return Err(self.failed(&finished, input));
        }
        let name = argv.first().map_or("", String::as_str);
        let printed = finished.stdout.whole().filter(|printed| printed.len() <= LONGEST);
        let printed = printed.ok_or_else(|| self.refused(format!("`{name}` printed more than 64 KiB")))?;
        let value = Secret::from_bytes(printed.to_vec()).ok_or_else(|| self.refused(format!("`{name}` printed no text")))?;
        Ok(value.trimmed())
    }

    fn not_run(&self, error: &ProcessError) -> SecretError {
        match error {
            ProcessError::NotStarted { .. } => SecretError::Unreachable {
                place: self.place.clone(),
                problem: error.to_string(),
                hint: "install it, or write its whole path".to_owned(),
            },
            _ => self.refused(error.to_string()),
        }
    }

    /// With what the command said last, without whatever may be the secret.
    fn failed(&self, finished: &FinishedRun, input: Option<&Secret>) -> SecretError {
        let printed = Secret::new(finished.stdout.value());
        let parts: Vec<Secret> = key_sized(printed.expose()).collect();
        let given = self.pass.iter().filter_map(|name| std::env::var(name).ok()).filter(|value| value.len() >= KEY).map(Secret::new);
        let secrets: Vec<Secret> = input
            .cloned()
            .into_iter()
            .chain(input.into_iter().flat_map(|input| key_sized(input.expose())))
            .chain(parts)
            .chain(given)
            .chain([printed.trimmed()])
            .collect();
        let said = words(&without_key_like(&without_named(&finished.stderr.raw_end())), &secrets.iter().collect::<Vec<_>>());
        let error = finished.failure(String::new());
        let why = if said.is_empty() { error.to_string() } else { format!("{error}: {said}") };
        match error {
            ProcessError::TooSlow { .. } => SecretError::Unknown { place: self.place.clone(), problem: why },
            _ => {
                let hint = format!("run the command by hand and look at its output; {}", host::GIVES_LITTLE);
                SecretError::Refused { place: self.place.clone(), why, hint }
            }
        }
    }

    fn refused(&self, why: String) -> SecretError {
        SecretError::Refused { place: self.place.clone(), why, hint: "run the command by hand and look at its output".to_owned() }
    }
}

/// What of a text may be a key by its length.
fn key_sized(text: &str) -> impl Iterator<Item = Secret> {
    let parts = text.split(|letter: char| letter.is_whitespace() || "\"',:;={}[]()".contains(letter));
    parts.filter(|part| part.len() >= KEY).map(Secret::from)
}

/// A text with `[hidden]` behind every name that says a secret, and in the place of whoever an address names.
fn without_named(text: &str) -> String {
    let hidden = |word: &str| -> String {
        if let Some((scheme, rest)) = word.split_once("://")
            && let Some((_, host)) = rest.split_once('@')
        {
            return format!("{scheme}://[hidden]@{host}");
        }
        match word.find(['=', ':']).map(|place| word.split_at(place + 1)) {
            Some((name, value)) if says_secret(name) && !value.trim().is_empty() => {
                let end = &value[value.trim_end().len()..];
                format!("{name}[hidden]{end}")
            }
            _ => word.to_owned(),
        }
    };
    // A name may stand in a word of its own: `password: hunter2`, `Authorization: Bearer abc`.
    let mut told = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let mut named = false;
        for word in line.split_inclusive(' ') {
            told += &if named { format!("[hidden]{}", &word[word.trim_end().len()..]) } else { hidden(word) };
            named = named || (word.trim_end().ends_with([':', '=']) && says_secret(word));
        }
    }
    told
}

impl Store for Commands {
    fn place(&self) -> &str {
        &self.place
    }

    fn abilities(&self) -> &'static [Ability] {
        if self.write.is_some() { &[Ability::Write] } else { &[] }
    }

    fn read(&self) -> Pending<'_, VersionedSecret> {
        Box::pin(async {
            let value = self.run(&self.read, None, None).await?;
            if value.is_empty() {
                return Err(SecretError::Absent {
                    place: self.place.clone(),
                    problem: "the command printed nothing".to_owned(),
                    hint: "run it by hand; it prints the key on its standard output".to_owned(),
                });
            }
            Ok(VersionedSecret::unnumbered(value))
        })
    }

    fn write<'a>(&'a self, value: &'a Secret, over: Option<&'a Version>) -> Pending<'a, Version> {
        Box::pin(async move {
            let write = self.write.as_ref().ok_or_else(|| SecretError::Cannot {
                place: self.place.clone(),
                what: "be written: the store has no command for it",
                hint: "add `write: [PROGRAM, ARGUMENT]` to the store; it takes the value from its standard input",
            })?;
            still(self, over).await?;
            self.run(write, Some(value), None).await?;
            Ok(VersionedSecret::unnumbered(value.clone()).version)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::without_named;

    #[test]
    fn what_stands_behind_a_name_that_says_a_secret_is_hidden_and_nothing_else_is() {
        for (said, shown) in [
            ("+ curl -d password=hunter2 http://vault", "+ curl -d password=[hidden] http://vault"),
            ("GET https://ann:hunter2@host/x: 403", "GET https://[hidden]@host/x: 403"),
            ("x-api-key: hunter2\nbye", "x-api-key: [hidden]\nbye"),
            ("Authorization: Bearer hunter2", "Authorization: [hidden] [hidden]"),
            ("token=hunter2\n", "token=[hidden]\n"),
            ("error: no such file: /etc/keys/a.txt", "error: no such file: /etc/keys/a.txt"),
            ("An error occurred (403): status=denied", "An error occurred (403): status=denied"),
        ] {
            assert_eq!(without_named(said), shown);
        }
    }
}
