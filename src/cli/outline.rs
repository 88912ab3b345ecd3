//! `lifeboat run --dry-run`: what drills would do, without doing it.

use super::{Exit, bill, leases, put, say, stores};
use crate::fault::unsaid;
use crate::model::{DrillPlan, REHEARSALS, Workload};
use crate::units::counted;

/// What drills would do. Their servers of faults are asked what they are, and nothing else.
pub(super) fn shown<'a>(plans: impl Iterator<Item = &'a DrillPlan>, repeat: u32) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut exit = Exit::Met;
    for plan in plans {
        let said = runtime.block_on(leases::shown(plan));
        let labels = ["leases", "shows"].iter().zip(&said.lines).map(|(label, line)| format!("  {label:<11} {line}\n"));
        put(&(outline(plan) + &repeated(plan, repeat) + &labels.collect::<String>()))?;
        if let Some(unable) = &said.unable {
            say(&format!("error: {unable}"));
            exit = Exit::Inconclusive;
        }
    }
    Ok(exit)
}

/// How often, and what puts the system back in between.
fn repeated(plan: &DrillPlan, repeat: u32) -> String {
    if repeat == 1 {
        return String::new();
    }
    let resets = plan.environment.services.values().filter_map(|binding| binding.reset.as_ref());
    let programs: Vec<&str> = resets.filter_map(|reset| reset.run.first()).map(String::as_str).collect();
    let resets = if programs.is_empty() { String::new() } else { format!("; before each of them: {}", programs.join(", ")) };
    format!("  trials      {repeat}, each with a phase of the fault of its own{resets}\n")
}

/// What a k6 may send beyond the timeline.
fn longer(plan: &DrillPlan, traffic: &Workload) -> String {
    match plan.requests_of(traffic) - traffic.requests(plan.scenario.timeline.total()).round() as u64 {
        0 => String::new(),
        more => format!(", and up to {more} more before and after, until k6 has ended"),
    }
}

/// What is asked before the baseline to find out how answers end.
fn rehearsed(plan: &DrillPlan) -> String {
    let workloads = &plan.workloads;
    let told = |place: usize| {
        let (service, way) = (&workloads[place].service_name, workloads[place].workload.request.word());
        match plan.ways_of(service) {
            1 => format!("{service} ({way})"),
            ways => format!("{service} ({way}) in {ways} ways"),
        }
    };
    let each: Vec<String> = plan.rehearsed().into_iter().map(told).collect();
    if each.is_empty() {
        return String::new();
    }
    format!("  before it   asks {} once to {REHEARSALS} times, to see how answers end\n", each.join(", "))
}

/// What a drill would do, without doing it.
fn outline(plan: &DrillPlan) -> String {
    let timeline = &plan.scenario.timeline;
    let workloads = &plan.workloads;
    let carries = plan.environment.carries.map(|most| format!(" (carries {most} at most)")).unwrap_or_default();
    let mut text = format!(
        "{}\n  environment {}{carries}, service {}\n",
        plan.scenario.title,
        plan.environment_name,
        workloads.leading().service_name
    );
    text += &format!("  providers   {}\n", workloads.leading().service.order());
    for named in workloads {
        let traffic = &named.workload;
        let whose = if workloads.are_several() { format!("{} to {}: ", named.name, named.service_name) } else { String::new() };
        text += &format!(
            "  traffic     {whose}{} {} at {}, {} in {}{}\n",
            traffic.arrivals,
            traffic.script.as_ref().map_or_else(|| traffic.request.to_string(), |script| format!("k6 with {script}")),
            traffic.pace(),
            counted(traffic.requests(timeline.total()).round() as u64, "request"),
            timeline.total(),
            longer(plan, traffic)
        );
    }
    text += &rehearsed(plan);
    text += &format!("  spends      {}\n", bill::most(plan));
    if let Some(writes) = stores::written(plan) {
        text += &format!("  writes      {writes}\n");
    }
    text += &format!("  baseline    {}\n", timeline.baseline);
    for fault in &timeline.faults {
        let (what, aim) = (&fault.fault, &fault.aim);
        let besides = what.besides().map(|besides| format!("; {besides}")).unwrap_or_default();
        let (unsaid, on, at, length) = (unsaid(what, aim), &fault.on, fault.at, fault.length);
        text += &format!("  fault       {what}{aim}{unsaid} on {on}, from {at} for {length}{besides}\n");
    }
    text += &format!("  watch       {}\n", timeline.watch);
    text += &match &plan.runbook {
        Some(runbook) => format!("  runbook     {} ({}), {} steps\n", runbook.name, runbook.start, runbook.steps.len()),
        None => "  runbook     none\n".to_owned(),
    };
    for named in workloads {
        let (objectives, whose) = (&named.objectives, if workloads.are_several() { format!("{}: ", named.name) } else { String::new() });
        if !named.judged {
            text += &format!("  objective   {whose}none, it is only load\n");
            continue;
        }
        text += &format!("  objective   {whose}{} within {}, stable for {}\n", objectives.gate, objectives.rto, objectives.hold);
    }
    for guard in &plan.scenario.abort_when {
        text += &format!("  stops when  {guard}\n");
    }
    text
}
