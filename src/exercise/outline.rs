//! What a drill would do, told without doing it. Nothing is started, asked or looked up, and no secret is read: of those the names are told, and where
//! they are kept.
//!
//! A plan is told in sections, one function each in [`SECTIONS`]: who knows one thing more about a drill adds a line there.
//!
//! What this file does not do: decide whether a drill may begin, or how it is shown.

use super::orders::PlannedDrill;
use super::plan_hash::plan_hash;
use super::predicted;
use super::spending::{keys_written, most_spent};
use crate::fault::unsaid;
use crate::model::{
    Action, Channel, DrillPlan, EvidencePolicy, Executable, KeySource, ParityProbe, PlannedFault, REHEARSALS, RotationPart, SecretSource,
    Step, Within, Workload,
};
use crate::permission::outlook;
use crate::permission::trust::known;
use crate::units::counted;
use std::collections::BTreeSet;
use std::path::Path;

/// One thing that a plan says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutlineLine {
    /// What it is about, in a word.
    pub label: &'static str,
    /// What it says.
    pub text: String,
}

impl OutlineLine {
    /// Of these words.
    pub fn new(label: &'static str, text: impl Into<String>) -> Self {
        Self { label, text: text.into() }
    }
}

/// Everything that a plan says, in order; `repeat` is how often it is drilled.
pub fn outline(drill: &PlannedDrill, repeat: u32) -> Vec<OutlineLine> {
    let subject = Subject { root: &drill.root, plan: &drill.plan, evidence: &drill.evidence, repeat };
    SECTIONS.iter().flat_map(|section| section(&subject)).collect()
}

/// What is told of a drill.
struct Subject<'a> {
    root: &'a Path,
    plan: &'a DrillPlan,
    evidence: &'a EvidencePolicy,
    repeat: u32,
}

/// A part of what is told.
type OutlineSection = fn(&Subject<'_>) -> Vec<OutlineLine>;

/// In their order.
const SECTIONS: &[OutlineSection] = &[
    place,
    traffic,
    money,
    timeline,
    runbook,
    objectives,
    expectation,
    guards,
    permission,
    commands,
    files,
    secrets,
    irreversible,
    identity,
];

fn place(of: &Subject<'_>) -> Vec<OutlineLine> {
    let (plan, environment) = (of.plan, &of.plan.environment);
    let workloads = &plan.workloads;
    let carries = environment.carries.map(|most| format!(" (carries {most} at most)")).unwrap_or_default();
    let service = &workloads.leading().service_name;
    let mut lines = vec![
        OutlineLine::new("environment", format!("{}{carries}, service {service}", plan.environment_name)),
        OutlineLine::new("providers", workloads.leading().service.order()),
    ];
    if let Some(control) = &environment.control {
        let text = format!("{}, which is not asked now: `lifeboat doctor` tells what stands there", control.url);
        lines.push(OutlineLine::new("control", text));
    }
    lines
}

fn traffic(of: &Subject<'_>) -> Vec<OutlineLine> {
    let (plan, timeline) = (of.plan, &of.plan.scenario.timeline);
    let workloads = &plan.workloads;
    let mut lines = Vec::new();
    for named in workloads {
        let traffic = &named.workload;
        let whose = if workloads.are_several() { format!("{} to {}: ", named.name, named.service_name) } else { String::new() };
        let text = format!(
            "{whose}{} {} at {}, {} in {}{}",
            traffic.arrivals,
            traffic.script.as_ref().map_or_else(|| traffic.request.to_string(), |script| format!("k6 with {script}")),
            traffic.pace(),
            counted(traffic.requests(timeline.total()).round() as u64, "request"),
            timeline.total(),
            longer(plan, traffic)
        );
        lines.push(OutlineLine::new("traffic", text));
        if let Some(binding) = plan.environment.services.get(&named.service_name) {
            lines.push(OutlineLine::new("asks", format!("{}{}", whose, binding.url)));
        }
    }
    lines.extend(rehearsed(plan));
    lines
}

/// What a k6 may send beyond the timeline.
fn longer(plan: &DrillPlan, traffic: &Workload) -> String {
    match plan.requests_of(traffic) - traffic.requests(plan.scenario.timeline.total()).round() as u64 {
        0 => String::new(),
        more => format!(", and up to {more} more before and after, until k6 has ended"),
    }
}

/// What is asked before the baseline to find out how answers end.
fn rehearsed(plan: &DrillPlan) -> Option<OutlineLine> {
    let workloads = &plan.workloads;
    let told = |place: usize| {
        let (service, way) = (&workloads[place].service_name, workloads[place].workload.request.word());
        match plan.ways_of(service) {
            1 => format!("{service} ({way})"),
            ways => format!("{service} ({way}) in {ways} ways"),
        }
    };
    let each: Vec<String> = plan.rehearsed().into_iter().map(told).collect();
    let text = || format!("asks {} once to {REHEARSALS} times, to see how answers end", each.join(", "));
    (!each.is_empty()).then(|| OutlineLine::new("before it", text()))
}

fn money(of: &Subject<'_>) -> Vec<OutlineLine> {
    let spends = OutlineLine::new("spends", most_spent(of.plan));
    let writes = keys_written(of.plan).map(|writes| OutlineLine::new("writes", writes));
    std::iter::once(spends).chain(writes).collect()
}

/// What is broken, where and for how long.
fn timeline(of: &Subject<'_>) -> Vec<OutlineLine> {
    let (plan, timeline) = (of.plan, &of.plan.scenario.timeline);
    let mut lines = vec![OutlineLine::new("baseline", timeline.baseline.to_string())];
    for fault in &timeline.faults {
        let (what, aim) = (&fault.fault, &fault.aim);
        let besides = what.besides().map(|besides| format!("; {besides}")).unwrap_or_default();
        let (unsaid, on, at, length) = (unsaid(what, aim), &fault.on, fault.at, fault.length);
        lines.push(OutlineLine::new("fault", format!("{what}{aim}{unsaid} on {on}, from {at} for {length}{besides}")));
        lines.push(OutlineLine::new("where", whereabouts(plan, fault)));
        if aim.only.is_some() {
            let text = format!("every other request at {on}; the proxy counts those, and how many of them the fault touched");
            lines.push(OutlineLine::new("spares", text));
        }
    }
    lines.push(OutlineLine::new("watch", timeline.watch.to_string()));
    lines
}

/// Where a fault stands, and before whom.
fn whereabouts(plan: &DrillPlan, fault: &PlannedFault) -> String {
    let (name, environment) = (&fault.on, &plan.environment);
    let url = plan.providers.get(name).and_then(|provider| provider.base_url.as_deref());
    let provider = match url {
        Some(url) if !environment.embedded => url.to_owned(),
        _ => format!("the lab's imitation of {name}"),
    };
    if fault.fault.of_credential().is_some() {
        let issuer = if environment.embedded { "the lab" } else { "its issuer" };
        return format!("the key {} of {provider}, at {issuer}", plan.credential_of(name));
    }
    let listen = environment.proxies.get(name).and_then(|place| place.listen.as_deref());
    let port = listen.map_or_else(|| "a free port of loopback".to_owned(), str::to_owned);
    let whose =
        environment.control.as_ref().map_or_else(|| "the drill's own proxy".to_owned(), |control| format!("the proxy of {}", control.url));
    format!("{whose} at {port}, before {provider}")
}

fn runbook(of: &Subject<'_>) -> Vec<OutlineLine> {
    let Some(runbook) = &of.plan.runbook else { return vec![OutlineLine::new("runbook", "none")] };
    let mut lines = vec![OutlineLine::new("runbook", format!("{} ({}), {} steps", runbook.name, runbook.start, runbook.steps.len()))];
    for (number, step) in (1..).zip(&runbook.steps) {
        lines.push(OutlineLine::new("step", format!("{number}. {}: {}", step.name, told(&step.action))));
        lines.extend(step.undo.as_ref().map(|undo| OutlineLine::new("", format!("   undone by {}", told(undo)))));
    }
    if !runbook.escalate.is_empty() {
        let each = runbook.escalate.iter().map(|escalation| format!("{} after {}", escalation.to, escalation.after));
        lines.push(OutlineLine::new("escalates", each.collect::<Vec<_>>().join(", ")));
    }
    lines
}

/// What a step does, in a line. What stands in bodies and messages is not told.
fn told(action: &Action) -> String {
    match action {
        Action::WaitUntil(_) => "waits for a condition".to_owned(),
        Action::Http(call) => format!("{} {}", call.method, call.url),
        Action::Run(command) => {
            let line =
                Executable { place: String::new(), argv: command.argv.clone(), env: Default::default(), pass: Vec::new(), folder: None };
            format!("runs {}", line.line())
        }
        Action::Confirm(confirm) if confirm.approvers.is_empty() => format!("asks: {}", confirm.question),
        Action::Confirm(confirm) => {
            format!("asks {} ({} of them): {}", confirm.approvers.join(", "), confirm.needed.max(1), confirm.question)
        }
        Action::Manual(manual) => format!("a person: {}", manual.text.lines().next().unwrap_or_default()),
        Action::Ask(ask) => format!("asks: {}", ask.question),
        Action::Pause(time) => format!("waits {time}"),
        Action::Switch(switch) => match &switch.within {
            Within::File { file, .. } => format!("sets {} in {file}", switch.key.join(".")),
            Within::Kubernetes { store, object } => format!("sets {} of {object} in {store}", switch.key.join(".")),
        },
        Action::SwitchBack(_) => "what it replaced is put back".to_owned(),
        Action::Notify(notify) => match &notify.channel {
            Channel::Contact(name) => format!("tells {name}"),
            Channel::Email(_) => "sends an e-mail".to_owned(),
            other => format!("posts to {}", other.word()),
        },
        Action::Rotate(rotate) => format!("rotation of {}: {}", rotate.credential, rotate.part),
        Action::Canary(canary) => format!("a canary, held for {}: {}", canary.hold, told(&canary.shift)),
        Action::StopHere(_) => "ends the walk".to_owned(),
    }
}

fn objectives(of: &Subject<'_>) -> Vec<OutlineLine> {
    let workloads = &of.plan.workloads;
    let line = |named: &crate::model::NamedWorkload| {
        let (objectives, whose) = (&named.objectives, if workloads.are_several() { format!("{}: ", named.name) } else { String::new() });
        let text = if named.judged {
            format!("{whose}{} within {}, stable for {}", objectives.gate, objectives.rto, objectives.hold)
        } else {
            format!("{whose}none, it is only load")
        };
        OutlineLine::new("objective", text)
    };
    let mut lines: Vec<OutlineLine> = workloads.iter().map(line).collect();
    for named in workloads.iter().filter(|named| named.judged && !named.residency.is_empty()) {
        let whose = if workloads.are_several() { format!("{}: ", named.name) } else { String::new() };
        lines.push(OutlineLine::new("objective", format!("{whose}requests go to {} only", named.residency.join(" or "))));
    }
    if !of.plan.parity.is_empty() {
        let times = u64::from(ParityProbe::TIMES) * of.plan.parity.len() as u64;
        let asked = format!("{} before the fault and {times} while the standby serves", counted(times, "probe"));
        lines.push(OutlineLine::new("objective", format!("the standby decides as the primary does: {asked}")));
    }
    lines
}

/// What the gateway's configuration lets expect, and what would halve it.
fn expectation(of: &Subject<'_>) -> Vec<OutlineLine> {
    let Some(told) = of.plan.prediction.clone().or_else(|| predicted::by_settings(of.plan)) else { return Vec::new() };
    let by = told.file.as_deref().map_or_else(|| "the gateway's settings".to_owned(), str::to_owned);
    let mut lines = vec![OutlineLine::new("expected", format!("cutover {} by {by}, after {}: {}", told.told(), told.shape, told.because))];
    for term in told.terms.iter().filter(|_| told.file.is_some()) {
        let place = term.line.map_or_else(|| "by default".to_owned(), |line| format!("line {line}"));
        lines.push(OutlineLine::new("", format!("   {}: {} ({place})", term.name, term.value)));
    }
    if let Some((change, then)) = told.change().zip(told.then) {
        let better = if told.cutover.is_some() { "to halve it, " } else { "to bound it, " };
        lines.push(OutlineLine::new("", format!("   {better}{change}: {then} then")));
    }
    lines.extend(told.doubts.iter().map(|doubt| OutlineLine::new("", format!("   not certain: {doubt}"))));
    lines
}

/// What stops it.
fn guards(of: &Subject<'_>) -> Vec<OutlineLine> {
    let stop = |guard: &crate::model::Guard| OutlineLine::new("stops when", guard.to_string());
    let lines: Vec<OutlineLine> = of.plan.scenario.abort_when.iter().map(stop).collect();
    if lines.is_empty() { vec![OutlineLine::new("stops when", "somebody stops it: the scenario has no guard of its own")] } else { lines }
}

/// What the environment allows and whose approval it needs, which freeze comes next, and whether the drill would begin now. Calendars that lie
/// elsewhere are not asked.
fn permission(of: &Subject<'_>) -> Vec<OutlineLine> {
    let lines = outlook(of.plan, of.root, chrono::Utc::now());
    let mut lines: Vec<OutlineLine> = lines.into_iter().map(|(label, text)| OutlineLine::new(label, text)).collect();
    if !lines.iter().any(|line| line.label == "allowed") {
        lines.insert(0, OutlineLine::new("allowed", "everything: the environment sets no bounds"));
    }
    lines
}

/// What is started on this host, with which variables, and what resets it.
fn commands(of: &Subject<'_>) -> Vec<OutlineLine> {
    let mut lines: Vec<OutlineLine> = Vec::new();
    for each in Executable::of_drill(of.plan, of.evidence) {
        let folder = each.folder.as_ref().map(|folder| format!(" in {folder}")).unwrap_or_default();
        lines.push(OutlineLine::new("starts", format!("{} ({}){folder}", each.line(), each.place)));
        // A value that only repeats a variable says where it comes from; what stands there itself may be anything, and is not told.
        let given = each
            .env
            .iter()
            .map(|(name, value)| if value.contains("${") { format!("{name} from {}", sources(value, of.plan)) } else { name.clone() });
        let passed = each.pass.iter().map(|name| format!("{name} from this shell"));
        let given: Vec<String> = given.chain(passed).collect();
        if !given.is_empty() {
            lines.push(OutlineLine::new("starts", format!("   with {}", given.join(", "))));
        }
    }
    if lines.is_empty() {
        lines.push(OutlineLine::new("starts", "no command of the project"));
    }
    if of.repeat > 1 {
        let resets = of.plan.environment.services.values().filter_map(|binding| binding.reset.as_ref());
        let programs: Vec<&str> = resets.filter_map(|reset| reset.run.first()).map(String::as_str).collect();
        let resets = if programs.is_empty() { String::new() } else { format!("; before each of them: {}", programs.join(", ")) };
        let text = format!("{}, each with a phase of the fault of its own{resets}", of.repeat);
        lines.push(OutlineLine::new("trials", text));
    }
    lines
}

/// The variables in a text, without what stands around them, and where those that are secret are kept.
fn sources(value: &str, plan: &DrillPlan) -> String {
    let names = value.split("${").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
    let kept = |name: &str| {
        let from = match name.split_once('.') {
            Some(("credential", provider)) => plan.credentials.get(plan.credential_of(provider)).map(|credential| &credential.from),
            Some(("secret", secret)) => plan.secrets.get(secret),
            _ => None,
        };
        from.map(|from| format!(" ({from})")).unwrap_or_default()
    };
    names.map(|name| format!("${{{name}}}{}", kept(name))).collect::<Vec<_>>().join(" and ")
}

/// The project's own files that the commands name: what is executed, and what may decide what that does.
fn files(of: &Subject<'_>) -> Vec<OutlineLine> {
    match known(of.root, &Executable::of_drill(of.plan, of.evidence)) {
        Ok(commands) => {
            let all: BTreeSet<(String, String)> = commands.into_iter().flat_map(|command| command.files).collect();
            all.into_iter().map(|(path, sha256)| OutlineLine::new("files", format!("{path} (sha256 {})", short(&sha256)))).collect()
        }
        Err(problem) => vec![OutlineLine::new("files", problem.to_string())],
    }
}

/// Enough of a hash to tell two files apart by eye; what is none is told whole.
fn short(sha256: &str) -> &str {
    if sha256.len() == 64 { &sha256[..12] } else { sha256 }
}

/// Which secrets it needs, by name and place.
fn secrets(of: &Subject<'_>) -> Vec<OutlineLine> {
    let plan = of.plan;
    let named = SecretSource::of_drill(plan);
    let mut places: BTreeSet<String> =
        named.iter().filter_map(|one| if let SecretSource::Key(place) = one { Some(place.clone()) } else { None }).collect();
    let credentials = plan.credentials.iter().map(|(name, credential)| (format!("credential {name}"), credential.from.to_string()));
    let tokens = plan.secrets.iter().map(|(name, from)| (format!("secret {name}"), from.to_string()));
    let mut lines: Vec<OutlineLine> = Vec::new();
    for (name, place) in credentials.chain(tokens) {
        places.remove(&place);
        lines.push(OutlineLine::new("secrets", format!("{name} from {place}")));
    }
    lines.extend(places.into_iter().map(|place| OutlineLine::new("secrets", place)));
    if lines.is_empty() {
        lines.push(OutlineLine::new("secrets", "none"));
    }
    if plan.environment.embedded && plan.environment.keys != KeySource::Stores {
        lines.push(OutlineLine::new(
            "secrets",
            "(the lab makes up its providers' keys; these are read to keep them out of what is written)",
        ));
    }
    lines
}

/// What nobody takes back when it is over.
fn irreversible(of: &Subject<'_>) -> Vec<OutlineLine> {
    let plan = of.plan;
    let mut stays: Vec<String> = Vec::new();
    for fault in plan.scenario.timeline.faults.iter().filter(|fault| fault.fault.is_revocation() && !plan.environment.embedded) {
        stays.push(format!("the key {} is revoked for good", plan.credential_of(&fault.on)));
    }
    for (number, step) in (1..).zip(plan.runbook.iter().flat_map(|runbook| &runbook.steps)) {
        stays.extend(lasting(step, plan.environment.embedded).map(|what| format!("step {number}, {}: {what}", step.name)));
    }
    if !plan.environment.embedded && !plan.written().is_empty() {
        stays.push("new keys stay in their stores".to_owned());
    }
    if plan.is_paid() {
        stays.push("what real providers bill".to_owned());
    }
    let escalates = plan.runbook.iter().flat_map(|runbook| &runbook.escalate).map(|escalation| escalation.to.as_str());
    let told: BTreeSet<&str> = escalates.collect();
    if !told.is_empty() {
        stays.push(format!("messages to {}", told.into_iter().collect::<Vec<_>>().join(", ")));
    }
    if stays.is_empty() {
        stays.push("nothing: all that it does is taken back".to_owned());
    }
    stays.into_iter().map(|what| OutlineLine::new("stays", what)).collect()
}

/// What of a step stays, in words.
fn lasting(step: &Step, is_lab: bool) -> Option<&'static str> {
    let is_undone = step.undo.is_some();
    match &step.action {
        Action::Notify(_) => Some("a message that was sent is read"),
        Action::Rotate(rotate) if rotate.part == RotationPart::Revoke && !is_lab => Some("a key is revoked for good"),
        Action::Http(call) if !is_undone && call.method != "GET" => Some("a request that changes something, and no undo"),
        Action::Run(_) if !is_undone && !step.changes_nothing() => Some("a program, and no undo"),
        Action::Manual(_) if !is_undone => Some("done by hand, and no undo"),
        Action::Switch(_) if !is_undone => Some("a value is replaced, and no undo"),
        _ => None,
    }
}

/// By what this very plan is known: what is approved, and what a drill's record shows.
fn identity(of: &Subject<'_>) -> Vec<OutlineLine> {
    vec![OutlineLine::new("plan", format!("sha256 {}", plan_hash(of.plan)))]
}
