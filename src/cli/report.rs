//! `lifeboat report`: a stored run's report, computed again from its history, in any of its formats; and sent to where it is wanted.

use super::beside::{BesideOptions, reported};
use super::terminal::show_work;
use super::{Exit, note, open, put, say, until_interrupted};
use crate::compare::{COMPARISON, read_comparison};
use crate::console::WorkProgress;
use crate::exercise::{holds_repeats, judge_repeats};
use crate::report::{
    Report, candidates, grafana, grafana_annotations, html, junit, markdown, oscal, otlp, report_json, slack, svg, teams, verdict_json,
};
use crate::units::{Problem, Secret, counted, explained};
use crate::verdict::VerdictRecord;
use crate::web::post_json;
use std::path::PathBuf;
use std::sync::Arc;

/// Renders the report of a drill or of an execution again from its history, to stdout or into a file, or sends it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The folder of a drill, of repeated drills, of an execution or of a comparison, its `history.jsonl`, a bare history, or what another tool recorded
    drill: PathBuf,
    /// As what it is written; `md` unless it is only sent
    #[arg(long, value_enum)]
    format: Option<ReportFormat>,
    /// Open the page, `report.html` of its folder, in the browser
    #[arg(long, conflicts_with_all = ["format", "out"])]
    open: bool,
    /// A file to write it into, instead of stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Where the whole report can be read, for `slack` and `teams`
    #[arg(long, value_name = "URL", value_parser = link)]
    link: Option<String>,
    #[command(flatten)]
    sending: Sending,
    #[command(flatten)]
    beside: BesideOptions,
}

/// Where a report goes.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Sending")]
struct Sending {
    /// Mark the run, its faults and its cutover on the dashboards of this Grafana; each time, so send a run once
    #[arg(long, value_name = "URL")]
    annotate: Option<String>,
    /// Where Grafana's token is: env:NAME or file:PATH; without it the environment variable LIFEBOAT_GRAFANA_TOKEN, if it is set
    #[arg(long, value_name = "PLACE", requires = "annotate", value_parser = token_place)]
    annotate_token: Option<TokenPlace>,
    /// Send the trace to a collector of OpenTelemetry, to its path /v1/traces
    #[arg(long, value_name = "URL")]
    otlp: Option<String>,
}

const EXAMPLES: &str = "Examples:
  lifeboat report drills/2026-11-20T14-03-07-azure-outage-2a1f
  lifeboat report DRILL --format junit --out build/drill.xml
  lifeboat report DRILL --format slack --link https://wiki.example/drills/17 | curl -d @- -H 'content-type: application/json' \"$WEBHOOK\"
  lifeboat report drills/after --against drills/before
  lifeboat report access.log --from nginx --objectives scenarios/outage.yaml --fault-at 2026-11-20T14:03:07Z --incident INC-123
  lifeboat report DRILL --annotate https://grafana.example --otlp http://127.0.0.1:4318";

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ReportFormat {
    /// Markdown, as in `report.md`
    Md,
    /// The report and the verdict as JSON; `lifeboat schema report` tells its form
    Json,
    /// A page, as in `report.html`
    Html,
    /// The picture of the drill alone, as in `report.svg`
    Svg,
    /// JUnit's XML: a case for each objective; inconclusive is an error
    Junit,
    /// OSCAL's assessment results, for auditors' tools
    Oscal,
    /// A message for Slack's incoming webhooks
    Slack,
    /// A message for Teams' webhooks, with an Adaptive Card
    Teams,
    /// An OpenTelemetry trace, in OTLP's JSON
    Otlp,
    /// Grafana's annotations, as `--annotate` posts them
    Grafana,
    /// The verdict, as in `verdict.json`
    Verdict,
}

/// The environment variable of Grafana's token.
const TOKEN: &str = "LIFEBOAT_GRAFANA_TOKEN";

/// Where a token is.
#[derive(Debug, Clone)]
enum TokenPlace {
    Variable(String),
    File(PathBuf),
}

fn token_place(text: &str) -> Result<TokenPlace, String> {
    match text.split_once(':') {
        Some(("env", name)) if !name.is_empty() => Ok(TokenPlace::Variable(name.to_owned())),
        Some(("file", path)) if !path.is_empty() => Ok(TokenPlace::File(path.into())),
        _ => Err("write env:NAME, the environment variable that holds the token, or file:PATH".into()),
    }
}

fn link(text: &str) -> Result<String, String> {
    let is_one = text.starts_with("https://") || text.starts_with("http://");
    let is_plain = !text.chars().any(|letter| letter.is_whitespace() || letter.is_control());
    if is_one && is_plain { Ok(text.to_owned()) } else { Err("write the whole address, as https://wiki.example/drills/17".into()) }
}

/// What is told of a run: its report, and what `verdict.json` says where it was a drill.
struct Told {
    report: Report,
    verdict: Option<VerdictRecord>,
}

impl Told {
    /// As it is written in a format.
    fn rendered(&self, format: ReportFormat, link: Option<&str>) -> Result<String, Problem> {
        let Self { report, verdict } = self;
        Ok(match format {
            ReportFormat::Html => html(report),
            ReportFormat::Md => markdown(report),
            ReportFormat::Svg => match svg(report) {
                Some(picture) => picture,
                None => {
                    return Err(Problem::new("nothing was sent, so there is no picture").hint("`--format html` has the rest of the report"));
                }
            },
            ReportFormat::Json => report_json(report, verdict.as_ref()),
            ReportFormat::Junit => junit(report),
            ReportFormat::Oscal => oscal(report)?,
            ReportFormat::Slack => slack(report, link),
            ReportFormat::Teams => teams(report, link),
            ReportFormat::Otlp => otlp(report)?,
            ReportFormat::Grafana => grafana(report)?,
            ReportFormat::Verdict => match verdict {
                Some(record) => verdict_json(record),
                None => return Err(Problem::new("this has no verdict of its own").hint("`--format json` has its report for machines")),
            },
        })
    }
}

pub(super) fn report(args: &Args) -> anyhow::Result<Exit> {
    // What was asked for cannot be had, or nobody answers where it is to be sent to: no fault of this program's.
    written(args).or_else(refused)
}

/// Says what cannot be had: that is no fault of this program's.
pub(super) fn refused(error: anyhow::Error) -> anyhow::Result<Exit> {
    let problem = error.downcast::<Problem>()?;
    say(&format!("error: {}", explained(&problem)));
    Ok(Exit::Usage)
}

fn written(args: &Args) -> anyhow::Result<Exit> {
    if args.drill.join(COMPARISON).is_file() {
        let told = Told { report: candidates(&read_comparison(&args.drill)?.comparison), verdict: None };
        return out(args, &told.rendered(args.format.unwrap_or(ReportFormat::Md), args.link.as_deref())?);
    }
    if args.format == Some(ReportFormat::Verdict) && holds_repeats(&args.drill) {
        return out(args, &judge_repeats(&args.drill, &WorkProgress::default())?.record.json());
    }
    let work = Arc::default();
    let showing = show_work(&work);
    let reported = reported(&args.drill, &args.beside, &work)?;
    drop(showing);
    let told = match reported {
        Ok((report, verdict)) => Told { report, verdict },
        Err(problem) => {
            say(&format!("error: {problem}"));
            return Ok(Exit::Usage);
        }
    };
    if args.open {
        return open::page(&args.drill, &told.report);
    }
    let sends = args.sending.annotate.is_some() || args.sending.otlp.is_some();
    let format = args.format.or_else(|| (!sends || args.out.is_some()).then_some(ReportFormat::Md));
    if let Some(format) = format {
        out(args, &told.rendered(format, args.link.as_deref())?)?;
    }
    if sends { send(&args.sending, &told.report) } else { Ok(Exit::Met) }
}

/// To stdout, or into the file.
fn out(args: &Args, text: &str) -> anyhow::Result<Exit> {
    match &args.out {
        None => put(text)?,
        Some(file) => std::fs::write(file, text).map_err(|error| {
            Problem::new(format!("cannot write {}", file.display())).caused_by(error).hint("name another file with `--out`")
        })?,
    }
    Ok(Exit::Met)
}

/// To where it is wanted; what cannot be sent is told, and everything else is sent nevertheless.
fn send(sending: &Sending, report: &Report) -> anyhow::Result<Exit> {
    let trace = sending.otlp.as_ref().map(|url| anyhow::Ok((url.clone(), otlp(report)?))).transpose()?;
    let annotations = sending.annotate.as_ref().map(|url| anyhow::Ok((url.clone(), grafana_annotations(report)?))).transpose()?;
    let token = if annotations.is_some() { token(sending.annotate_token.as_ref())? } else { None };
    until_interrupted("stopping", async |_| {
        if let Some((url, annotations)) = annotations {
            for annotation in &annotations {
                post_json(&url, "/api/annotations", token.as_ref(), serde_json::to_string(annotation)?).await?;
            }
            note(&format!("{} sent to Grafana\n", counted(annotations.len() as u64, "annotation")));
        }
        if let Some((url, trace)) = trace {
            post_json(&url, "/v1/traces", None, trace).await?;
            note("the trace was sent\n");
        }
        Ok(Exit::Met)
    })
}

/// Grafana's token; `None` where none is told of, as of a Grafana that lets anybody in.
fn token(place: Option<&TokenPlace>) -> Result<Option<Secret>, Problem> {
    let token = match place {
        None => std::env::var(TOKEN).ok().map(Secret::new),
        Some(TokenPlace::Variable(name)) => {
            let none = || Problem::new(format!("the environment variable {name} holds no token")).hint(format!("export {name}=…"));
            Some(Secret::new(std::env::var(name).map_err(|_| none())?))
        }
        Some(TokenPlace::File(path)) => {
            let none = || Problem::new(format!("{} holds no token", path.display())).hint("name a file with the token and nothing else");
            let bytes = std::fs::read(path).map_err(|error| none().caused_by(error))?;
            Some(Secret::from_bytes(bytes).ok_or_else(none)?)
        }
    };
    Ok(token.map(Secret::trimmed).filter(|token| !token.is_empty()))
}
