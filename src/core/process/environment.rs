//! The environment of a program that Lifeboat starts.
//!
//! Lifeboat's own environment holds keys: those that the inventory names, and whatever else a team exports. A program prints its environment
//! more easily than anybody thinks (`env`, `set -x`, a crash report), so it is given what programs need to run at all, the variables that
//! whoever declared it names (`pass:`), and the values that stand there (`env:`). Nothing else.

use crate::host::is_given;
use std::ffi::OsString;
use std::process::Command;

/// Takes away what a program would inherit, and gives it what it needs, those of `passed` that are set, and its `own` values.
pub fn environment<S: Into<OsString>>(command: &mut Command, passed: &[String], own: impl IntoIterator<Item = (String, S)>) {
    command.env_clear();
    let meant = |name: &str| is_given(name) || passed.iter().any(|passed| passed == name);
    command.envs(std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(meant)));
    command.envs(own.into_iter().map(|(name, value)| (name, value.into())));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_given_what_it_needs_and_was_promised_and_nothing_else() {
        // Cargo gives its own variables to tests.
        let seen = |passed: &[String], own: &[(&str, &str)]| {
            let mut command = Command::new("env");
            environment(&mut command, passed, own.iter().map(|(name, value)| ((*name).to_owned(), *value)));
            let text = String::from_utf8(command.output().unwrap().stdout).unwrap();
            text.lines().filter_map(|line| Some(line.split_once('=')?.0.to_owned())).collect::<Vec<_>>()
        };
        assert!(seen(&[], &[]).iter().all(|name| is_given(name)), "{:?}", seen(&[], &[]));
        assert!(seen(&[], &[]).contains(&"PATH".to_owned()));
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
        let more = seen(&["CARGO_MANIFEST_DIR".into(), "NOT_SET".into()], &[("TOKEN", "x"), ("PATH", "/bin:/usr/bin")]);
        assert!(more.contains(&"CARGO_MANIFEST_DIR".to_owned()) && more.contains(&"TOKEN".to_owned()), "{more:?}");
        assert!(!more.contains(&"NOT_SET".to_owned()) && !more.contains(&"CARGO_PKG_NAME".to_owned()), "{more:?}");
    }
}
