//! Schedules: when which drills are due, in files below `schedules/` or in the inventory.
//!
//! What this file does not do: reckon (`schedule`), or ask whether what a rule says makes sense (`schedule_doubts`).

use super::document::SourceDocument;
use super::finding::{Finding, Findings};
use super::opened_project::Project;
use super::reader::TreeReader;
use super::shape::{self, FileKind};
use super::tree::{Node, NodeKind};
use super::{check, schedule_doubts};
use crate::model::{ApprovalWish, DrillSchedule, DueRule, IfMissed, OverlapPolicy, ScheduleNotices};
use crate::schedule::{StartGaps, read_cron, read_rule, start_gaps};
use crate::units::{Duration, ParseError, ZoneName};
use std::path::{Path, PathBuf};

/// The folder, from a project's root.
pub(super) const FOLDER: &str = "schedules";
/// How long an occurrence may still begin on time where nobody says so.
const WINDOW: Duration = Duration::from_secs(3_600);
/// How long before something is due people are told or asked where nobody says so.
const BEFORE: Duration = Duration::from_secs(86_400);

/// A schedule, and where in which file it stands.
pub(super) struct PlacedSchedule<'d> {
    pub(super) schedule: DrillSchedule,
    pub(super) document: &'d SourceDocument,
    /// The path of keys to it; empty where it has a file of its own.
    pub(super) at: Vec<String>,
}

impl PlacedSchedule<'_> {
    /// An error at one of its values.
    pub(super) fn error(&self, path: &[&str], message: impl AsRef<str>, hint: impl AsRef<str>) -> Finding {
        let path: Vec<&str> = self.at.iter().map(String::as_str).chain(path.iter().copied()).collect();
        self.document.error(&path, message, hint)
    }

    /// The key that holds its rule.
    pub(super) fn rule_key(&self) -> &'static str {
        let path: Vec<&str> = self.at.iter().map(String::as_str).chain(["cron"]).collect();
        if self.document.has(&path) { "cron" } else { "when" }
    }
}

impl Project {
    /// All schedules of the project, by their names, with what is wrong or doubtful about them: those of files below `schedules/`, then those of the
    /// inventory. One whose scenarios or people are not there is among them; one that cannot be understood is not.
    pub fn schedules(&self) -> (Vec<DrillSchedule>, Findings) {
        let mut findings = Findings::default();
        let documents: Vec<SourceDocument> = files(&self.root).iter().map(|file| open(file, &self.root)).collect();
        let mut placed: Vec<PlacedSchedule<'_>> = Vec::new();
        for document in &documents {
            findings.extend(document.findings.iter().cloned());
            placed.extend(of_document(document));
        }
        placed.extend(listed(&self.document));
        let mut kept: Vec<&PlacedSchedule<'_>> = Vec::new();
        for each in &placed {
            findings.extend(schedule_doubts::of(self, each));
            match kept.iter().find(|other| other.schedule.name == each.schedule.name) {
                Some(other) => {
                    let message = format!("`{}` is a schedule of `{}` already", each.schedule.name, other.document.source.path);
                    findings.extend([each.error(&["schedule"], message, "give this one another name, or take one of them away")]);
                }
                None => kept.push(each),
            }
        }
        self.settle(&mut findings);
        let mut schedules: Vec<DrillSchedule> = kept.into_iter().map(|each| each.schedule.clone()).collect();
        schedules.sort_by(|one, two| one.name.cmp(&two.name));
        (schedules, findings)
    }
}

impl Project {
    /// What the scenario in a file calls itself: past drills are known by that. `None` where the file cannot be read.
    pub fn scenario_name(&self, path: &str) -> Option<String> {
        let document = SourceDocument::open(&self.file(path)?, &self.root);
        Some(document.root?.at(&["scenario"])?.as_text()?.to_owned())
    }
}

/// The files of a project that hold schedules.
pub(super) fn files(root: &Path) -> Vec<PathBuf> {
    check::files_below(&root.join(FOLDER))
}

/// A file with a schedule, and what is wrong in it.
pub(super) fn open(file: &Path, root: &Path) -> SourceDocument {
    let mut document = SourceDocument::open(file, root);
    if let Some(finding) = shape::mixed_up(&document, FileKind::Schedule) {
        (document.findings, document.root) = (vec![finding], None);
    }
    let reader = TreeReader::new(&document.source);
    let _ = document.root.as_ref().and_then(|root| read(&reader, root, false));
    let found = reader.into_parts();
    document.add(found);
    document
}

/// The schedule of a file.
pub(super) fn of_document(document: &SourceDocument) -> Option<PlacedSchedule<'_>> {
    let reader = TreeReader::new(&document.source);
    let schedule = document.root.as_ref().and_then(|root| read(&reader, root, false))?;
    Some(PlacedSchedule { schedule, document, at: Vec::new() })
}

/// The schedules of an inventory.
pub(super) fn listed(document: &SourceDocument) -> Vec<PlacedSchedule<'_>> {
    let Some(NodeKind::List(items)) = document.root.as_ref().and_then(|root| root.at(&["schedules"])).map(|node| &node.kind) else {
        return Vec::new();
    };
    let reader = TreeReader::new(&document.source);
    let read = items.iter().enumerate().filter_map(|(place, node)| Some((place, read(&reader, node, true)?)));
    read.map(|(place, schedule)| PlacedSchedule { schedule, document, at: vec!["schedules".to_owned(), place.to_string()] }).collect()
}

/// Reads a schedule, in a file of its own or in the inventory's list.
pub(super) fn read(reader: &TreeReader<'_>, node: &Node, is_listed: bool) -> Option<DrillSchedule> {
    let fields = reader.fields(node, if is_listed { "a schedule of the inventory" } else { "a schedule" })?;
    if !is_listed {
        fields.version();
    }
    let name = fields.required("schedule", &|reader, node| reader.name(node));
    let scenarios = fields.required("scenarios", &|reader, node| reader.list(node, &|reader, node| reader.words(node)));
    let environment = fields.required("environment", &|reader, node| reader.name(node));
    let zone = fields.optional("zone", &|reader, node| reader.quantity::<ZoneName>(node));
    let is_zoneless = fields.has_none(&["zone"]);
    let when = match fields.exactly_one(&["when", "cron"]) {
        Some("cron") => fields.optional("cron", &|reader, node| cron(reader, node, zone.clone(), is_zoneless)),
        Some(_) => fields.optional("when", &|reader, node| rule(reader, node, zone.clone(), is_zoneless)),
        None => None,
    };
    let time = |name| fields.optional(name, &|reader, node| reader.time(node));
    let (window, cadence) = (time("window"), fields.optional("cadence", &cadence));
    let jitter = fields.optional("jitter", &|reader, node| reader.quantity::<Duration>(node));
    let if_missed = fields.optional("if_missed", &|reader, node| reader.word(node, IfMissed::WORDS, IfMissed::from_word));
    let overlap = fields.optional("overlap", &|reader, node| reader.word(node, OverlapPolicy::WORDS, OverlapPolicy::from_word));
    let approval = fields.optional("approval", &approval);
    let notify = fields.optional("notify", &notices);
    fields.finish();
    let (when, jitter) = (when?, jitter.unwrap_or(Duration::ZERO));
    let gaps = start_gaps(&when);
    let window = window.unwrap_or_else(|| gaps.map_or(WINDOW, |gaps| gaps.shortest.min(WINDOW)));
    Some(DrillSchedule {
        name: name?,
        scenarios: scenarios.filter(|scenarios| !scenarios.is_empty())?,
        environment: environment?,
        window,
        jitter,
        if_missed: if_missed.unwrap_or(IfMissed::RunLate),
        overlap: overlap.unwrap_or(OverlapPolicy::Skip),
        cadence: cadence.unwrap_or_else(|| usual_cadence(gaps, window)),
        approval,
        notify: notify.unwrap_or_default(),
        when,
    })
}

/// Once nothing was kept for the longest time between two starts, and its window is over too.
fn usual_cadence(gaps: Option<StartGaps>, window: Duration) -> Option<Duration> {
    Some(gaps?.longest.plus(window))
}

/// `100d`, or `none`.
fn cadence(reader: &TreeReader<'_>, node: &Node) -> Option<Option<Duration>> {
    if node.as_text() == Some("none") { Some(None) } else { reader.time(node).map(Some) }
}

/// A rule in words.
fn rule(reader: &TreeReader<'_>, node: &Node, zone: Option<ZoneName>, is_zoneless: bool) -> Option<DueRule> {
    let text = reader.words(node)?;
    // Where the zone is wrong, that is told already.
    let zone = if zone.is_none() && !is_zoneless { Some(ZoneName::utc()) } else { zone };
    told(reader, node, read_rule(&text, zone))
}

/// Five fields of cron.
fn cron(reader: &TreeReader<'_>, node: &Node, zone: Option<ZoneName>, is_zoneless: bool) -> Option<DueRule> {
    let text = reader.words(node)?;
    if is_zoneless {
        reader.error(node.spot, "these fields do not say whose clock they go by", "add `zone: Europe/Berlin`, or `zone: UTC`");
    }
    told(reader, node, read_cron(&text, zone.unwrap_or_else(ZoneName::utc)))
}

fn told(reader: &TreeReader<'_>, node: &Node, read: Result<DueRule, ParseError>) -> Option<DueRule> {
    match read {
        Ok(rule) => Some(rule),
        Err(ParseError { problem, hint }) => {
            reader.error(node.spot, problem, hint);
            None
        }
    }
}

fn approval(reader: &TreeReader<'_>, node: &Node) -> Option<ApprovalWish> {
    let fields = reader.fields(node, "whose approval a schedule wants")?;
    let by = fields.required("by", &|reader, node| reader.list(node, &|reader, node| reader.name(node)));
    let before = fields.optional("before", &|reader, node| reader.time(node)).unwrap_or(BEFORE);
    fields.finish();
    Some(ApprovalWish { by: by?, before })
}

fn notices(reader: &TreeReader<'_>, node: &Node) -> Option<ScheduleNotices> {
    let fields = reader.fields(node, "who is told of a schedule")?;
    let names = |reader: &TreeReader<'_>, node: &Node| reader.list(node, &|reader, node| reader.name(node));
    let before = fields.optional("before", &|reader, node| reader.time(node));
    let to = fields.optional("to", &names).unwrap_or_default();
    let after = fields.optional("after", &names).unwrap_or_default();
    if let (Some((_, node)), true) = (fields.raw("before"), fields.has_none(&["to"])) {
        reader.error(node.spot, "nobody is told before it is due", "add `to: [CONTACT]`, or take `before` away");
    }
    fields.finish();
    let before = before.or_else(|| (!to.is_empty()).then_some(BEFORE));
    Some(ScheduleNotices { before, to, after })
}
