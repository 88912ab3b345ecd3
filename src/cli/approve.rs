//! `lifeboat approve`: approves a drill beforehand, as a signed file, so that it can run unattended in a protected environment.

use super::terminal::note;
use super::{Exit, put, say};
use crate::exercise::{ReadScenario, approval_subject};
use crate::host::bytes_of;
use crate::permission::{ApprovalProblem, approval};
use crate::signing::SigningKey;
use crate::units::{Duration, Explained, Problem, explained};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use std::path::{Path, PathBuf};

/// Approves what a scenario does in a protected environment, as it stands now: its plan, and the files of the project that the plan names. Where any
/// of that changes, the approval holds no more.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The scenario file
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,
    /// The environment, which says `protected: true` and who may approve
    #[arg(long)]
    env: String,
    /// Who approves: an approver of the environment
    #[arg(long = "as", value_name = "WHO")]
    who: String,
    /// Until when it holds: a time with its zone (2026-12-24T18:00Z), or how long from now (2d, 12h)
    #[arg(long, value_name = "WHEN")]
    until: String,
    /// The approver's private key, in PEM
    #[arg(long, value_name = "KEY.pem")]
    key: PathBuf,
    /// Where the approval is written; printed where it is not given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn approve(args: &Args) -> anyhow::Result<Exit> {
    let now = Utc::now();
    let until = match until(&args.until, now) {
        Ok(until) => until,
        Err(problem) => return Ok(refused(&problem)),
    };
    let read = ReadScenario::of(&args.scenario, &args.env)?;
    for finding in &read.findings {
        say(&finding.to_string());
    }
    if let Some(problem) = &read.unaffordable {
        return Ok(refused(problem));
    }
    let Some(planned) = read.planned.as_ref().filter(|_| read.is_valid()) else { return Ok(Exit::Usage) };
    if approval::needed(&planned.plan.environment).is_none() {
        let problem = Problem::new(format!("the environment `{}` is not protected, so that nothing is to be approved", args.env));
        return Ok(refused(&problem.hint("add `protected: true` to it, if no drill is to begin there that nobody approved")));
    }
    let key = match key(&args.key) {
        Ok(key) => key,
        Err(problem) => return Ok(refused(&problem)),
    };
    let made = approval_subject(planned).and_then(|subject| Ok((approval::sign(&subject, &args.who, until, now, &key)?, subject)));
    let (text, subject) = match made {
        Ok(made) => made,
        Err(problem) => return Ok(refused::<ApprovalProblem>(&problem)),
    };
    let until = until.to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut told =
        format!("{} approves {} in {} until {until}\n  plan  {}\n", args.who, subject.scenario, subject.environment_name, subject.plan);
    for file in &subject.files {
        told += &format!("  file  {}  {}\n", &file.sha256[..16], file.path);
    }
    note(told.trim_end());
    match &args.out {
        Some(out) => {
            if let Err(error) = std::fs::write(out, text) {
                return Ok(refused(&Problem::new(format!("cannot write {}", out.display())).caused_by(error)));
            }
            put(&format!("{}\n", out.display()))?;
        }
        None => put(&text)?,
    }
    Ok(Exit::Met)
}

fn refused<E: Explained>(problem: &E) -> Exit {
    say(&format!("error: {}", explained(problem)));
    Exit::Usage
}

fn key(path: &Path) -> Result<SigningKey, Problem> {
    const LARGEST: usize = 100_000;
    let bad = |why: String| Problem::new(format!("the key {} cannot be used: {why}", path.display()));
    let hint = "make a pair with `lifeboat key`, or with `openssl genpkey -algorithm ed25519`";
    let bytes = zeroize_on_drop(bytes_of(path, LARGEST).map_err(|error| bad(error.to_string()).hint(hint))?);
    SigningKey::from_pem(bytes.expose()).map_err(|error| bad(error.to_string()).hint(hint))
}

/// A text that is overwritten in memory when it is dropped.
fn zeroize_on_drop(bytes: Vec<u8>) -> crate::units::Secret {
    crate::units::Secret::new(String::from_utf8(bytes).unwrap_or_default())
}

/// `2026-12-24T18:00Z`, `2026-12-24 18:00+01:00`, with or without seconds; or `2d`, `12h` from now.
fn until(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, Problem> {
    let hint =
        "write a time with its zone, for example `2026-12-24T18:00Z` or `2026-12-24T18:00+01:00`, or how long from now, for example `2d`";
    let typed = text.trim().replacen(' ', "T", 1);
    let forms = ["%Y-%m-%dT%H:%M%#z", "%Y-%m-%dT%H:%M:%S%#z"];
    let zoned = typed.strip_suffix(['Z', 'z']).map_or_else(|| typed.clone(), |local| format!("{local}+00:00"));
    let at = forms.iter().find_map(|form| DateTime::parse_from_str(&zoned, form).ok()).map(|at| at.to_utc());
    let from_now = || {
        text.trim()
            .parse::<Duration>()
            .ok()
            .and_then(|length| TimeDelta::from_std(length.std()).ok())
            .and_then(|length| now.checked_add_signed(length))
    };
    let until = at.or_else(from_now).ok_or_else(|| Problem::new(format!("`{text}` is no time that an approval can end at")).hint(hint))?;
    if until <= now {
        return Err(Problem::new(format!("`{text}` is over, so that the approval would hold for nothing")).hint(hint));
    }
    Ok(until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_time_with_its_zone_or_how_long_from_now() {
        let now = DateTime::parse_from_rfc3339("2026-12-01T12:00:00Z").unwrap().to_utc();
        let read = |text: &str| until(text, now).map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)).map_err(|problem| problem.message);
        for (typed, told) in [
            ("2026-12-24T18:00Z", "2026-12-24T18:00:00Z"),
            ("2026-12-24T18:00:30Z", "2026-12-24T18:00:30Z"),
            ("2026-12-24 18:00+01:00", "2026-12-24T17:00:00Z"),
            ("2026-12-24T18:00+0100", "2026-12-24T17:00:00Z"),
            ("2d", "2026-12-03T12:00:00Z"),
            ("90m", "2026-12-01T13:30:00Z"),
        ] {
            assert_eq!(read(typed), Ok(told.to_owned()), "{typed}");
        }
        for typed in ["2026-12-24T18:00", "2026-12-24", "tomorrow", "", "18:00", "2"] {
            assert_eq!(read(typed), Err(format!("`{typed}` is no time that an approval can end at")));
        }
        for typed in ["2026-11-30T18:00Z", "0s"] {
            assert_eq!(read(typed), Err(format!("`{typed}` is over, so that the approval would hold for nothing")));
        }
    }
}
