//! `lifeboat judge`: the verdict of a stored history or of somebody else's record, for people or as JSON.

use super::terminal::{note, put_verdict, show_work, width};
use super::{Exit, put, say};
use crate::console::WorkProgress;
use crate::exercise::{self, Judged};
use crate::import::{ImportSettings, LoadModel, RecordSource, RecordTime, StatedFacts};
use crate::model::NamedWorkload;
use crate::project::Project;
use crate::report::{repeats_summary, summary};
use crate::units::{Duration, ParseError, explained};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Judges a drill's folder, a `history.jsonl`, a bare history in JSON, or what another tool recorded. The exit code is the verdict's.
///
/// Whose record a file is shows in its first lines and is said; --from says it where that is not so.
///
/// A record of another tool says neither what was promised nor when the outage began: --objectives and --fault-at do. What it cannot tell
/// is said with the verdict, and nothing is met that was not seen.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A drill's folder, its `history.jsonl`, a bare history, or another tool's record
    history: PathBuf,
    /// How the verdict is written to stdout
    #[arg(long, value_enum, default_value_t = VerdictFormat::Text)]
    format: VerdictFormat,
    #[command(flatten)]
    record: RecordOptions,
}

const EXAMPLES: &str = "Examples:
  lifeboat judge drills/2026-11-20T14-03-07-azure-outage-2a1f
  lifeboat judge run.json --from k6 --model open --objectives scenarios/outage.yaml --fault-at 2026-11-20T14:03:07.5Z
  lifeboat judge access.log --from nginx --log-format '$msec $request_time $status $upstream_addr' \\
      --map 10.0.0.1:443=azure-swedencentral --map 10.0.0.2:443=openai-eu \\
      --objectives scenarios/outage.yaml --fault-at 1763647387 --heal-at +10m --fault-uncertainty 500ms";

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Another tool's record")]
struct RecordOptions {
    /// Whose record it is: k6 (--out json), oha (--output-format csv), vegeta (encode --to json or csv), locust (a CSV with a row a
    /// request), or an access log of nginx, haproxy or envoy
    #[arg(long, value_name = "TOOL", value_parser = source)]
    from: Option<RecordSource>,
    /// The scenario with the service, providers and objectives; without it there are measurements but no verdict
    #[arg(long, value_name = "SCENARIO")]
    objectives: Option<PathBuf>,
    /// The environment of that scenario
    #[arg(long, default_value = "lab", requires = "objectives")]
    env: String,
    /// When the outage began, by the record's clock: RFC 3339, seconds since 1970 (or as the record counts), or +42s from its start
    #[arg(long, value_name = "TIME", value_parser = moment)]
    fault_at: Option<RecordTime>,
    /// When its cause was gone, likewise; without it the outage lasts to the record's end
    #[arg(long, value_name = "TIME", value_parser = moment, requires = "fault_at")]
    heal_at: Option<RecordTime>,
    /// How far off these times may be, either way
    #[arg(long, value_name = "DURATION", value_parser = duration, requires = "fault_at")]
    fault_uncertainty: Option<Duration>,
    /// Leave out what was sent before; access logs begin ten minutes before the fault where this is not given
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<RecordTime>,
    /// Leave out what was sent after
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<RecordTime>,
    /// The format line of an access log, in its gateway's own words
    #[arg(long, value_name = "LINE")]
    log_format: Option<String>,
    /// The field that tells who served: a tag of k6, a header in Vegeta's JSON, a column, a field of the format line
    #[arg(long, value_name = "FIELD")]
    served_by: Option<String>,
    /// Which provider the record means by a name or an address
    #[arg(long, value_name = "NAME=PROVIDER", value_parser = pair, requires = "objectives")]
    map: Vec<(String, String)>,
    /// How k6 sent: `open` if its executor has an arrival rate, else `closed`
    #[arg(long, value_name = "open|closed", value_parser = pace)]
    model: Option<LoadModel>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum VerdictFormat {
    /// For people
    Text,
    /// As in `verdict.json`, byte for byte
    Json,
}

pub(super) fn judge(args: &Args) -> anyhow::Result<Exit> {
    if exercise::holds_repeats(&args.history) {
        return repeats(args);
    }
    let source = match args.record.from {
        Some(source) => Some(source),
        None => guessed(args)?,
    };
    let work = Arc::default();
    let showing = show_work(&work);
    let judged = match source {
        None => match args.record.of_records_only() {
            None => exercise::judge_counting(&args.history, &work)?,
            // Where it is no history either, that is what is wrong.
            Some(option) => match exercise::judge(&args.history) {
                Ok(_) => {
                    let history = args.history.display();
                    say(&format!("error: --{option} is for another tool's record, and {history} is a history\n\nhint: leave it out"));
                    return Ok(Exit::Usage);
                }
                Err(error) => return Err(error.into()),
            },
        },
        Some(source) => match recorded(source, args, &work)? {
            Ok(judged) => judged,
            Err(problem) => {
                say(&format!("error: {problem}"));
                return Ok(Exit::Usage);
            }
        },
    };
    drop(showing);
    if let Some(newer) = &judged.newer {
        say(&format!("warning: {newer}\n\nhint: update lifeboat"));
    }
    if judged.torn {
        say("warning: the last line is incomplete and was ignored: the drill was killed while it was written");
    }
    if let Some(outline) = &judged.outline {
        note(&format!("{}: {outline}\n", args.history.display()));
    }
    match args.format {
        VerdictFormat::Text => put_verdict(&summary(&judged.verdict, width()))?,
        VerdictFormat::Json => put(&judged.json())?,
    }
    Ok(judged.verdict.verdict.into())
}

/// Several drills of one scenario, together.
fn repeats(args: &Args) -> anyhow::Result<Exit> {
    let work = Arc::default();
    let showing = show_work(&work);
    let drills = exercise::judge_repeats(&args.history, &work)?;
    drop(showing);
    match args.format {
        VerdictFormat::Text => put_verdict(&repeats_summary(&drills, width()))?,
        VerdictFormat::Json => put(&drills.record.json())?,
    }
    Ok(drills.verdict().into())
}

/// Whose record it is, as far as that shows in it; said, so that nobody is judged by a guess without knowing.
fn guessed(args: &Args) -> anyhow::Result<Option<RecordSource>> {
    let source = exercise::whose(&args.history, args.record.log_format.as_deref())?;
    if let Some(source) = source {
        // The same format is offered by other servers, such as Apache and Caddy.
        let others =
            if source == RecordSource::Nginx && args.record.log_format.is_none() { " (or another server's `combined`)" } else { "" };
        say(&format!("{}: looks like {source}'s record{others}; use --from if it is not", args.history.display()));
    }
    Ok(source)
}

impl RecordOptions {
    /// The first option that is given and says something of records only.
    fn of_records_only(&self) -> Option<&'static str> {
        let given = [
            ("objectives", self.objectives.is_some()),
            ("fault-at", self.fault_at.is_some()),
            ("since", self.since.is_some()),
            ("until", self.until.is_some()),
            ("log-format", self.log_format.is_some()),
            ("served-by", self.served_by.is_some()),
            ("model", self.model.is_some()),
        ];
        given.iter().find(|(_, given)| *given).map(|(option, _)| *option)
    }
}

/// Judges another tool's record, or tells in words what is wrong with what was said about it.
fn recorded(source: RecordSource, args: &Args, work: &WorkProgress) -> anyhow::Result<Result<Judged, String>> {
    let record = &args.record;
    let mut told = StatedFacts {
        fault: record.fault_at,
        heal: record.heal_at,
        uncertainty: record
            .fault_uncertainty
            .map_or(0, |duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX / 8).min(i64::MAX / 8)),
        since: record.since.is_some(),
        ..StatedFacts::default()
    };
    if let Some(scenario) = &record.objectives
        && let Err(problem) = promised(scenario, record, &mut told)?
    {
        return Ok(Err(problem));
    }
    let settings = ImportSettings {
        source,
        pace: record.model,
        template: record.log_format.clone(),
        served_by: record.served_by.clone(),
        since: record.since,
        until: record.until,
    };
    Ok(Ok(exercise::judge_record_counting(&args.history, &settings, &told, work)?))
}

/// What a scenario promises, its providers, and what they are called.
fn promised(scenario: &Path, record: &RecordOptions, told: &mut StatedFacts) -> anyhow::Result<Result<(), String>> {
    let (project, _) = Project::open(&Project::find(scenario)?);
    let plan = match project.plan(scenario, &record.env) {
        Ok((plan, _)) => plan,
        Err(findings) => {
            for finding in &findings {
                say(&finding.to_string());
            }
            return Ok(Err(format!("{} does not validate", scenario.display())));
        }
    };
    let NamedWorkload { service, objectives, .. } = plan.workloads.leading().clone();
    told.sharing = service.primaries().len();
    told.broken = plan.scenario.timeline.faults.iter().map(|fault| fault.on.clone()).collect();
    told.providers = service.providers;
    for (name, provider) in &plan.providers {
        if let Some(url) = &provider.base_url {
            told.called.insert(authority(url), name.clone());
        }
    }
    let mut map = BTreeMap::new();
    for (called, provider) in &record.map {
        if !told.providers.contains(provider) {
            return Ok(Err(format!(
                "`{provider}` is not a provider of this scenario's service\n\nhint: they are {}",
                told.providers.join(", ")
            )));
        }
        map.insert(called.clone(), provider.clone());
    }
    told.called.extend(map);
    told.objectives = Some(objectives);
    Ok(Ok(()))
}

/// `host:port` of a URL, as access logs have it.
fn authority(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    let host = rest.split('/').next().unwrap_or(rest);
    if host.contains(':') { host.to_owned() } else { format!("{host}:{}", if scheme == "http" { 80 } else { 443 }) }
}

fn word<T>(text: &str, words: &[&str], value: Option<T>) -> Result<T, String> {
    value.ok_or_else(|| format!("it is none of {}", words.join(", "))).map_err(|problem| format!("`{text}`: {problem}"))
}

fn source(text: &str) -> Result<RecordSource, String> {
    word(text, RecordSource::WORDS, RecordSource::from_word(text))
}

fn pace(text: &str) -> Result<LoadModel, String> {
    word(text, LoadModel::WORDS, LoadModel::from_word(text))
}

fn moment(text: &str) -> Result<RecordTime, String> {
    text.parse().map_err(|problem| explained(&problem))
}

fn duration(text: &str) -> Result<Duration, String> {
    text.parse().map_err(|ParseError { problem, hint }| format!("{problem}\n\nhint: {hint}"))
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.rsplit_once('=') {
        Some((called, provider)) if !called.is_empty() && !provider.is_empty() => Ok((called.to_owned(), provider.to_owned())),
        _ => Err(format!("`{text}` names no provider\n\nhint: write it as 10.0.0.1:443=azure-swedencentral")),
    }
}
