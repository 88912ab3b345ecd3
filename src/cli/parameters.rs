//! What a runbook is told before it is walked: with `--param NAME=VALUE`, or asked for on the terminal.

use super::say;
use super::terminal::note;
use crate::project::{Parameter, Project, refused};
use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal};
use std::path::Path;

/// How often a value that may not be this is asked for again.
const TRIES: usize = 3;

/// `NAME=VALUE`.
pub(super) fn parse(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as `NAME=VALUE`, for example `--param host=db-2`".to_owned()),
    }
}

/// The values of a runbook's parameters: those that were typed with the command, and the answers of whoever sits at the terminal. What is still
/// missing then, or may not be so, is told where the runbook is read.
pub(super) fn told(project: &Project, runbook: &Path, given: Vec<(String, String)>) -> BTreeMap<String, String> {
    let mut values: BTreeMap<String, String> = given.into_iter().collect();
    if !std::io::stdin().is_terminal() {
        return values;
    }
    for (name, parameter) in project.parameters(runbook) {
        if parameter.required && !values.contains_key(&name) {
            values.extend(asked(&name, &parameter).map(|value| (name, value)));
        }
    }
    values
}

fn asked(name: &str, parameter: &Parameter) -> Option<String> {
    let about = parameter.description.as_ref().map_or_else(String::new, |text| format!(" ({text})"));
    let usual = parameter.default.as_ref().map_or_else(String::new, |text| format!(" [{text}]"));
    for _ in 0..TRIES {
        note(&format!("{name}{about}{usual}?"));
        let mut line = String::new();
        if std::io::stdin().lock().read_line(&mut line).unwrap_or(0) == 0 {
            return None;
        }
        let value = match line.trim() {
            "" => parameter.default.clone()?,
            typed => typed.to_owned(),
        };
        match refused(&value).map(str::to_owned).or_else(|| parameter.refuses(&value)) {
            None => return Some(value),
            Some(problem) => say(&format!("the value of `{name}` {problem}")),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_first_equals_sign_ends_the_name() {
        assert_eq!(parse("query=a=b"), Ok(("query".to_owned(), "a=b".to_owned())));
        assert_eq!(parse("empty="), Ok(("empty".to_owned(), String::new())));
        assert!(parse("host").is_err() && parse("=x").is_err());
    }
}
