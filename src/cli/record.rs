//! Another tool's record, or any other history that a command is given: whose it is, what is said of it, and its verdict.

use super::say;
use super::terminal::note;
use crate::console::WorkProgress;
use crate::exercise::{self, Judged};
use crate::import::{ImportSettings, LoadModel, RecordSource, RecordTime, StatedFacts};
use crate::model::NamedWorkload;
use crate::project::Project;
use crate::units::{Duration, ParseError, explained};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What is said of another tool's record, which does not say it itself.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Another tool's record")]
pub(super) struct RecordOptions {
    /// Whose record it is: k6 (--out json), oha (--output-format csv), vegeta (encode --to json or csv), locust (a CSV with a row a
    /// request), or an access log of nginx, haproxy or envoy
    #[arg(long, value_name = "TOOL", value_parser = source)]
    from: Option<RecordSource>,
    /// The scenario with the service, providers and objectives; without it there are measurements but no verdict
    #[arg(long, value_name = "SCENARIO")]
    pub(super) objectives: Option<PathBuf>,
    /// The environment of that scenario
    #[arg(long, default_value = "lab", requires = "objectives")]
    env: String,
    /// When the outage began, by the record's clock: RFC 3339, seconds since 1970 (or as the record counts), or +42s from its start
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(super) fault_at: Option<RecordTime>,
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

/// Says what is to be known of what was judged, beside its verdict.
pub(super) fn tell_of(judged: &Judged, history: &Path) {
    if let Some(newer) = &judged.newer {
        say(&format!("warning: {newer}\n\nhint: update lifeboat"));
    }
    if judged.torn {
        say("warning: the last line is incomplete and was ignored: the drill was killed while it was written");
    }
    if let Some(outline) = &judged.outline {
        note(&format!("{}: {outline}\n", history.display()));
    }
}

impl RecordOptions {
    /// The first option that is given and says something of records only. A scenario may also say whose drills stand beside an incident.
    fn of_records_only(&self, incident: bool) -> Option<&'static str> {
        let given = [
            ("objectives", self.objectives.is_some() && !incident),
            ("fault-at", self.fault_at.is_some()),
            ("since", self.since.is_some()),
            ("until", self.until.is_some()),
            ("log-format", self.log_format.is_some()),
            ("served-by", self.served_by.is_some()),
            ("model", self.model.is_some()),
        ];
        given.iter().find(|(_, given)| *given).map(|(option, _)| *option)
    }

    /// The name of the scenario that was given; `None` where none was, or it does not validate, which judging tells.
    pub(super) fn scenario(&self) -> anyhow::Result<Option<String>> {
        let Some(scenario) = &self.objectives else { return Ok(None) };
        let (project, _) = Project::open(&Project::find(scenario)?);
        Ok(project.plan(scenario, &self.env).ok().map(|(plan, _)| plan.scenario.name))
    }

    /// Whose record a file is: as was said, else as far as that shows in it; `None` for a history.
    pub(super) fn source(&self, history: &Path) -> anyhow::Result<Option<RecordSource>> {
        match self.from {
            Some(source) => Ok(Some(source)),
            None => guessed(history, self.log_format.as_deref()),
        }
    }

    /// The verdict on a history, or on a record of this source; or in words what is wrong with what was said about it.
    pub(super) fn judged(
        &self,
        history: &Path,
        source: Option<RecordSource>,
        incident: bool,
        work: &WorkProgress,
    ) -> anyhow::Result<Result<Judged, String>> {
        let Some(source) = source else {
            let Some(option) = self.of_records_only(incident) else { return Ok(Ok(exercise::judge_counting(history, work)?)) };
            // Where it is no history either, that is what is wrong.
            exercise::judge(history)?;
            let history = history.display();
            return Ok(Err(format!("--{option} is for another tool's record, and {history} is a history\n\nhint: leave it out")));
        };
        recorded(source, history, self, work)
    }
}

/// Whose record it is, as far as that shows in it; said, so that nobody is judged by a guess without knowing.
fn guessed(history: &Path, template: Option<&str>) -> anyhow::Result<Option<RecordSource>> {
    let source = exercise::whose(history, template)?;
    if let Some(source) = source {
        // The same format is offered by other servers, such as Apache and Caddy.
        let others = if source == RecordSource::Nginx && template.is_none() { " (or another server's `combined`)" } else { "" };
        say(&format!("{}: looks like {source}'s record{others}; use --from if it is not", history.display()));
    }
    Ok(source)
}

/// Judges another tool's record, or tells in words what is wrong with what was said about it.
fn recorded(source: RecordSource, history: &Path, record: &RecordOptions, work: &WorkProgress) -> anyhow::Result<Result<Judged, String>> {
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
    Ok(Ok(exercise::judge_record_counting(history, &settings, &told, work)?))
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
