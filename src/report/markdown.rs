//! The report as Markdown: it renders in a pull request or a ticket, and reads as plain text.
//!
//! It is written for somebody who was not there: the verdict and the picture first, then what was promised against what was measured, the
//! proof that the fault bit, who did what, and what the verdict does not claim.

use super::digest::{Digest, Second, WorkloadDigest};
use super::moments::{self, Milestone};
use super::sentence::{because, between, bit, headline, hint, nameless, seconds_up, span};
use super::{credential, providers, rescue, stability};
use crate::fault::unsaid;
use crate::history::{Event, Stamped};
use crate::model::StartMode;
use crate::units::{counted, grouped, is_unprintable, printable};
use crate::verdict::{Decision, Measures, Verdict};
use std::fmt::Write;

/// Columns of the picture.
const COLUMNS: usize = 72;
const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The whole report. `hash` is the history's SHA-256 in hexadecimal.
pub fn markdown(verdict: &Verdict, digest: &Digest, hash: &str) -> String {
    let mut text = String::new();
    let report = DrillReport { verdict, digest, flow: &digest.flows[0] };
    // Writing to a String cannot fail.
    let _ = report.write(&mut text, hash);
    printable(&text).into_owned()
}

struct DrillReport<'a> {
    verdict: &'a Verdict,
    digest: &'a Digest,
    /// The workload that the verdict is about.
    flow: &'a WorkloadDigest,
}

impl DrillReport<'_> {
    fn write(&self, text: &mut String, hash: &str) -> std::fmt::Result {
        self.head(text)?;
        for each in self.each() {
            each.workload_head(text)?;
            each.picture(text)?;
            each.objectives(text)?;
            each.waterfall(text)?;
            text.push_str(&credential::section(each.verdict, if each.name().is_some() { "###" } else { "##" }));
        }
        self.faults(text)?;
        self.traffic(text)?;
        self.runbook(text)?;
        self.findings(text)?;
        self.uncertainty(text)?;
        self.identity(text, hash)
    }

    /// One report for each workload that is judged.
    fn each(&self) -> Vec<Self> {
        if self.verdict.workloads.is_empty() {
            return vec![Self { ..*self }];
        }
        let flow = |name: &str| {
            let named = |flow: &&WorkloadDigest| flow.named.as_ref().is_some_and(|named| named.name == name);
            self.digest.flows.iter().find(named).unwrap_or(self.flow)
        };
        self.verdict.workloads.iter().map(|of| Self { verdict: &of.verdict, flow: flow(&of.name), ..*self }).collect()
    }

    /// The name of the workload, where there are several.
    fn name(&self) -> Option<&str> {
        self.flow.named.as_ref().filter(|_| self.digest.has_several_workloads()).map(|named| named.name.as_str())
    }

    fn workload_head(&self, text: &mut String) -> std::fmt::Result {
        let Some((name, named)) = self.name().zip(self.flow.named.as_ref()) else { return Ok(()) };
        writeln!(text, "## Workload {} to {}: {}\n", escaped(name), escaped(&named.service_name), self.verdict.verdict)?;
        self.first(text)
    }

    /// The sentences that come before everything else.
    fn first(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "**{}**\n", headline(self.verdict))?;
        if let Some(rescued) = rescue::sentence(self.verdict) {
            writeln!(text, "{rescued}\n")?;
        }
        if let Some(hint) = hint(self.verdict) {
            writeln!(text, "What to do next: {hint}.\n")?;
        }
        Ok(())
    }

    /// A heading, one level deeper where it stands under that of a workload.
    fn heading(&self, text: &mut String, words: &str) -> std::fmt::Result {
        writeln!(text, "{} {words}\n", if self.name().is_some() { "###" } else { "##" })
    }

    fn head(&self, text: &mut String) -> std::fmt::Result {
        let title = self.digest.started.as_ref().map_or("A drill", |started| started.plan.scenario.title.as_str());
        writeln!(text, "# {}: {}\n", escaped(title), self.verdict.verdict)?;
        if !self.verdict.workloads.is_empty() {
            let each: Vec<String> =
                self.verdict.workloads.iter().map(|of| format!("{}: {}", escaped(&of.name), of.verdict.verdict)).collect();
            return writeln!(text, "**{}.**\n", each.join("; "));
        }
        self.first(text)
    }

    /// One row for each provider and one for bad requests, on one axis.
    fn picture(&self, text: &mut String) -> std::fmt::Result {
        let seconds = &self.flow.seconds;
        if seconds.is_empty() {
            return Ok(());
        }
        let wide = seconds.len().div_ceil(COLUMNS).max(1);
        let columns = seconds.len().div_ceil(wide);
        let top =
            seconds.chunks(wide).map(|column| column.iter().map(|second| second.good + second.bad).sum::<u32>()).max().unwrap_or(1).max(1);
        let row = |count: &dyn Fn(&Second) -> u32| -> String {
            seconds.chunks(wide).map(|column| bar(column.iter().map(count).sum(), top)).collect()
        };
        let label = |name: &str| format!("{:<22}", name.chars().take(21).collect::<String>());
        writeln!(text, "```text")?;
        let own = |name: &String| self.flow.named.as_ref().is_some_and(|named| named.service.providers.contains(name));
        let served = |place: usize| seconds.iter().any(|second| second.served.get(place).is_some_and(|count| *count > 0));
        let rows = self.digest.providers.iter().enumerate().filter(|(place, name)| self.name().is_none() || own(name) || served(*place));
        // Nobody told who served: a row without a bar would say that they did not.
        for (place, name) in rows.filter(|_| !nameless(self.verdict)) {
            writeln!(text, "{}{}", label(name), row(&|second| second.served.get(place).copied().unwrap_or(0)).trim_end())?;
        }
        writeln!(text, "{}{}", label("bad"), row(&|second| second.bad).trim_end())?;
        if let Some((from, until)) = self.digest.fault_seconds() {
            let column = |second: f64| ((second / wide as f64) as usize).min(columns);
            let (from, until) = (column(from), until.map_or(columns, column));
            let (what, limit) =
                if self.verdict.only_rotates { ("rotation", self.verdict.terms.rotation) } else { ("fault", self.verdict.terms.rto) };
            writeln!(text, "{}{}{}", label(what), " ".repeat(from), "▒".repeat((until - from).max(1)))?;
            let rto = (limit.as_secs_f64() / wide as f64) as usize;
            writeln!(text, "{}{}├{}┤ objective", label(""), " ".repeat(from), "─".repeat(rto.saturating_sub(2)))?;
        }
        let mark = 10;
        let mut axis = label("seconds of traffic");
        for column in (0..columns).step_by(mark) {
            let number = (column * wide).to_string();
            axis.push_str(&format!("{number:<mark$}"));
        }
        writeln!(text, "{}\n```\n", axis.trim_end())?;
        writeln!(
            text,
            "The drill's requests that each provider answered completely, and those that were bad; one column is {wide} s, from the moment the traffic began.\n"
        )
    }

    fn objectives(&self, text: &mut String) -> std::fmt::Result {
        let Some(measures) = &self.verdict.measures else { return Ok(()) };
        // What was promised of a credential stands in a section of its own.
        let told = || self.verdict.objectives.iter().filter(|objective| !credential::tells(objective.name));
        let left_out = measures.never_left && self.verdict.terms.failback.is_some();
        if told().next().is_none() && !left_out {
            return Ok(());
        }
        self.heading(text, "Objectives: promised and measured")?;
        writeln!(text, "| objective | promised | measured | verdict |\n|---|---|---|---|")?;
        for objective in told() {
            let (declared, measured) = self.declared_and_measured(objective.name, measures);
            writeln!(text, "| {} | {declared} | {measured} | {} |", objective.name, objective.verdict)?;
        }
        if left_out {
            let (declared, _) = self.declared_and_measured("failback", measures);
            writeln!(text, "| failback | {declared} | none needed: the service never left its primary | not applicable |")?;
        }
        writeln!(text)
    }

    fn declared_and_measured(&self, name: &str, measures: &Measures) -> (String, String) {
        let terms = &self.verdict.terms;
        let objectives = self.flow.named.as_ref().map(|named| &named.objectives);
        let cap = |limit: Option<u64>| limit.map_or_else(|| "a limit".to_owned(), at_most);
        match name {
            "rto" => {
                let interval = if terms.gate == crate::model::Gate::Cutover { measures.cutover } else { measures.restore };
                (format!("{} within {} of the fault", terms.gate, span(terms.rto)), format!("{} after the fault", between(interval)))
            }
            "stability" => (format!("no relapse after the hold of {}", span(terms.hold)), stability::measured(measures, self.verdict)),
            "lost" => (
                match objectives.and_then(|objectives| objectives.lost) {
                    Some(crate::model::LossBudget::Requests(0)) => "none".to_owned(),
                    Some(crate::model::LossBudget::Requests(count)) => format!("at most {}", counted(count, "request")),
                    Some(crate::model::LossBudget::Share(share)) => format!("at most {share} of requests"),
                    None => "a limit".into(),
                },
                with_in_flight(format!("{} during the fault", grouped(measures.lost)), measures.lost_in_flight),
            ),
            "truncated" => (
                cap(objectives.and_then(|objectives| objectives.truncated)),
                match (measures.truncated, measures.truncated_in_flight) {
                    (all, 0) => grouped(all),
                    (all, in_flight) if all == in_flight => format!("{}, all in flight when the fault began", grouped(all)),
                    (all, in_flight) => format!("{}, {} of them in flight when the fault began", grouped(all), grouped(in_flight)),
                },
            ),
            "rescued" => (
                rescue::limit(self.verdict).unwrap_or_default(),
                measures.rescued.as_ref().map_or_else(|| "not seen".into(), |rescued| rescue::share(&rescued.later)),
            ),
            "duplicates" => (cap(objectives.and_then(|objectives| objectives.duplicates)), optional(measures.duplicates)),
            "overshoot" => (
                objectives
                    .and_then(|objectives| objectives.overshoot)
                    .map_or_else(|| "a limit".into(), |limit| format!("at most {limit} × the rate")),
                measures.overshoot.map_or_else(|| "not seen".into(), |ratio| format!("{ratio:.2} × the rate")),
            ),
            "failback" => (
                terms.failback.map_or_else(String::new, |limit| format!("within {} of the heal", span(limit))),
                measures.failback.map_or_else(|| "not seen".into(), |failback| format!("{} after the heal", between(failback))),
            ),
            _ => (String::new(), measures.rpa.map_or_else(|| "not seen".into(), |rpa| seconds_up(rpa.0))),
        }
    }

    fn waterfall(&self, text: &mut String) -> std::fmt::Result {
        let Some(measures) = self.verdict.measures.as_ref().filter(|_| !self.verdict.only_rotates) else { return Ok(()) };
        self.heading(text, "From the fault to the end")?;
        writeln!(text, "| moment | after the fault began | known from |\n|---|---|---|")?;
        for Milestone { what, when, known_from, .. } in moments::moments(self.verdict, self.digest, measures) {
            writeln!(text, "| {what} | {when} | {known_from} |")?;
        }
        writeln!(text)
    }

    fn faults(&self, text: &mut String) -> std::fmt::Result {
        let mut rows: Vec<[String; 5]> = Vec::new();
        let second = |moment: u64| format!("{:.3} s", moment.saturating_sub(self.digest.zero()) as f64 / 1e9);
        for stamped in &self.digest.notable {
            match &stamped.event {
                Event::FaultRequested(fault) => {
                    rows.push([
                        format!("{}{}{} on {}", fault.what, fault.aim, unsaid(&fault.what, &fault.aim), fault.on),
                        second(stamped.t),
                        "never".into(),
                        "never".into(),
                        "not known".into(),
                    ]);
                }
                Event::FaultConfirmed(fault) => {
                    if let Some(row) = rows.get_mut(fault.fault as usize) {
                        row[2] = format!("{} (± {:.2} ms)", second(fault.lo), (fault.hi - fault.lo) as f64 / 2e6);
                    }
                }
                Event::FaultHealed(fault) => {
                    if let Some(row) = rows.get_mut(fault.fault as usize) {
                        row[3] = match (self.digest.of_credential(fault.fault), fault.expired) {
                            (true, _) => format!("never; watched until {}", second(fault.lo)),
                            (false, true) => format!("{}, by itself when its lease ran out", second(fault.lo)),
                            (false, false) => second(fault.lo),
                        };
                        row[4] = fault.touched.map_or_else(|| "not counted".to_owned(), |count| self.touched(&fault.on, count));
                    }
                }
                _ => {}
            }
        }
        if rows.is_empty() {
            return Ok(());
        }
        let heading = if self.verdict.only_rotates { "What was done" } else { "The fault, and that it took effect" };
        writeln!(text, "## {heading}\n")?;
        writeln!(text, "Times are since the traffic began.\n")?;
        writeln!(text, "| fault | requested | active | healed | requests touched |\n|---|---|---|---|---|")?;
        for row in rows {
            writeln!(text, "| {} |", row.join(" | "))?;
        }
        for each in self.each() {
            if let Some(told) = bit(each.verdict) {
                writeln!(text, "\n{}{told}.", each.name().map(|name| format!("{}: ", escaped(name))).unwrap_or_default())?;
            }
        }
        writeln!(text)
    }

    /// What a fault touched, by whose it was where no other fault was on the same provider.
    fn touched(&self, on: &str, total: u64) -> String {
        let faults = self.digest.started.as_ref().map(|started| &started.plan.scenario.timeline.faults);
        let alone = faults.is_some_and(|faults| faults.iter().filter(|planned| planned.on == on).count() == 1);
        let by = self.digest.touched.get(on).copied().unwrap_or_default();
        if alone { providers::touched(total, by) } else { grouped(total) }
    }

    fn traffic(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "## Traffic\n")?;
        for flow in &self.digest.flows {
            self.flow(flow, text)?;
        }
        let each = self.each();
        let verdicts: Vec<&Verdict> = each.iter().map(|report| report.verdict).collect();
        providers::table(self.digest, &verdicts, text)?;
        writeln!(text)
    }

    /// What one workload sent, and what became of it.
    fn flow(&self, flow: &WorkloadDigest, text: &mut String) -> std::fmt::Result {
        if let Some(named) = &flow.named {
            let (workload, objectives) = (&named.workload, &named.objectives);
            let (several, requests) = (self.digest.has_several_workloads(), flow.requests);
            if several {
                let what = if named.judged { "" } else { ", load only" };
                writeln!(text, "### {} to {}{what}\n", escaped(&named.name), escaped(&named.service_name))?;
            }
            writeln!(
                text,
                "{} {} at {}, {} arrivals, open model. Good means: {}, {} within {} from when it was due, and the end of it within {}.\n",
                counted(if several { requests } else { self.verdict.evidence.requests }, "request"),
                match &workload.script {
                    Some(script) => format!("sent by k6 with {}", escaped(script)),
                    None => format!("of the kind {}", workload.request),
                },
                workload.pace(),
                workload.arrivals,
                if workload.script.is_some() { "accepted by the script" } else { "a complete answer with its canary in it" },
                if objectives.slo_on == crate::model::SloOn::Proof { "the first token" } else { "the whole answer" },
                objectives.slo,
                objectives.deadline
            )?;
        }
        writeln!(
            text,
            "| when due | ok | late | error | timeout | truncated | unknown | p50 | p95 | p99 |\n|---|---|---|---|---|---|---|---|---|---|"
        )?;
        for (name, part) in ["before the fault", "in flight when it began", "during the fault", "after the heal"].iter().zip(&flow.periods)
        {
            let count = |word: &str| grouped(part.outcomes.get(word).copied().unwrap_or(0));
            let at = |quantile: f64| {
                if part.latency_ms.is_empty() { "".into() } else { format!("{} ms", grouped(part.latency_ms.value_at_quantile(quantile))) }
            };
            writeln!(
                text,
                "| {name} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                count("ok"),
                count("late"),
                count("error"),
                count("timeout"),
                count("truncated"),
                count("unknown"),
                at(0.5),
                at(0.95),
                at(0.99)
            )?;
        }
        writeln!(text, "\nLatency runs from when a request was due to its first content; only answered requests count.")?;
        let late = &flow.late_ms;
        if !late.is_empty() {
            let ms = |quantile: f64| late.value_at_quantile(quantile) as f64 / 1e3;
            writeln!(
                text,
                "The load generator sent requests {:.2} ms late at the median, {:.2} ms at the 99th percentile, {:.2} ms at most.",
                ms(0.5),
                ms(0.99),
                late.max() as f64 / 1e3
            )?;
        }
        if !flow.why.is_empty() {
            let mut why: Vec<_> = flow.why.iter().collect();
            why.sort_by_key(|(word, count)| (std::cmp::Reverse(**count), (*word).clone()));
            let words: Vec<String> = why.iter().take(8).map(|(word, count)| format!("{} × {}", grouped(**count), escaped(word))).collect();
            writeln!(text, "What went wrong: {}.", words.join(", "))?;
        }
        if self.digest.has_several_workloads() { writeln!(text) } else { Ok(()) }
    }

    fn runbook(&self, text: &mut String) -> std::fmt::Result {
        let Some(runbook) = self.digest.started.as_ref().and_then(|started| started.plan.runbook.as_ref()) else { return Ok(()) };
        let at = |stamped: &Stamped| format!("{:.2} s", stamped.t.saturating_sub(self.digest.zero()) as f64 / 1e9);
        writeln!(text, "## Runbook: {}\n", escaped(&runbook.name))?;
        writeln!(text, "| since the traffic began | what | details |\n|---|---|---|")?;
        let name = |step: u32| runbook.steps.get(step as usize).map_or("a step", |step| step.name.as_str());
        for stamped in &self.digest.notable {
            let (what, seen) = match &stamped.event {
                Event::AlertReceived(alert) => {
                    let state = if alert.firing { "fires" } else { "is resolved" };
                    (format!("the alert {} {state}", alert.name), format!("by {}", alert.source))
                }
                Event::RunbookStarted(started) => ("the runbook starts".to_owned(), started.because.clone()),
                Event::ReactionModelled(reaction) => {
                    let whose = reaction.step.map_or("people react", name);
                    (format!("{whose}: modelled, not measured"), format!("{:.2} s, drawn from the seed", reaction.length as f64 / 1e9))
                }
                Event::StepStarted(step) if step.attempt > 1 => (format!("{}: try {}", step.name, step.attempt), String::new()),
                Event::StepStarted(step) => (format!("{}: started", step.name), String::new()),
                Event::StepFinished(step) => (format!("{}: {}", name(step.step), step.end), step.output.clone()),
                Event::StepUndone(step) => (format!("{}: undo {}", name(step.step), step.end), step.output.clone()),
                _ => continue,
            };
            writeln!(text, "| {} | {} | {} |", at(stamped), escaped(&what), escaped(&seen))?;
        }
        if !self.digest.notable.iter().any(|stamped| matches!(stamped.event, Event::RunbookStarted(_))) {
            writeln!(text, "| | the runbook was never started: {} did not come | |", escaped(&runbook.detect.to_string()))?;
        }
        writeln!(text)
    }

    fn findings(&self, text: &mut String) -> std::fmt::Result {
        let mut findings: Vec<String> = Vec::new();
        for stamped in &self.digest.notable {
            match &stamped.event {
                Event::Cancelled(cancelled) => {
                    findings.push(format!("The drill was stopped early: {}.", cancelled.detail.lines().next().unwrap_or_default()));
                }
                Event::ProxyClock(clock) => findings.push(format!(
                    "The fault proxy ran on another host, whose clock is known to within {:.2} ms; the times of faults are less certain by that much.",
                    clock.error.saturating_mul(2) as f64 / 1e6
                )),
                Event::AlertsLeftOut(left_out) if left_out.awaited + left_out.others + left_out.unread > 0 => {
                    findings.push(format!("{left_out}."));
                }
                Event::Remark(remark) => findings.push(format!("{}.", remark.text)),
                Event::SightGap(gap) => findings.push(format!("The proxy missed {}: it was not read fast enough.", counted(gap.missed, "exchange"))),
                Event::StepFinished(step) if step.end != crate::history::StepEnd::Done => {
                    findings.push(format!("Step {} of the runbook{}: {}.", step.step + 1, self.step_name(step.step), step.end));
                }
                _ => {}
            }
        }
        findings.extend(self.alert_that_never_came());
        for each in self.each() {
            let whose = each.name().map(|name| format!("Workload {name}: ")).unwrap_or_default();
            findings.extend(credential::findings(each.verdict).into_iter().map(|finding| format!("{whose}{finding}.")));
            let bad = each.verdict.objectives.iter().filter(|objective| objective.verdict != Decision::Met);
            for objective in bad.filter(|objective| !credential::tells(objective.name)) {
                let word = if whose.is_empty() { "Objective" } else { "objective" };
                let told = each.verdict.measures.as_ref().map(|measures| each.declared_and_measured(objective.name, measures));
                let told = told.map(|(declared, measured)| format!(" ({declared}): {measured}")).unwrap_or_default();
                findings.push(format!("{whose}{word} {}{told}: {}.", objective.name, objective.verdict));
            }
            if each.verdict.reason.is_some_and(|reason| !reason.is_told_by_objectives()) {
                findings.push(format!("{whose}{}.", because(each.verdict)));
            }
        }
        if findings.is_empty() {
            return Ok(());
        }
        writeln!(text, "## Findings\n\n| finding | owner | due | ticket |\n|---|---|---|---|")?;
        for finding in findings {
            let mut letters = finding.chars();
            let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
            writeln!(text, "| {}{} | | | |", first, escaped(letters.as_str()))?;
        }
        writeln!(text)
    }

    /// `, Store the key`; empty where the runbook is not known.
    fn step_name(&self, step: u32) -> String {
        let runbook = self.digest.started.as_ref().and_then(|started| started.plan.runbook.as_ref());
        runbook.and_then(|runbook| runbook.steps.get(step as usize)).map_or_else(String::new, |step| format!(", {}", step.name))
    }

    /// The team's own alert was to start the runbook, and did not.
    fn alert_that_never_came(&self) -> Option<String> {
        let runbook = self.digest.started.as_ref()?.plan.runbook.as_ref()?;
        let alert = runbook.detect.goal.alert().filter(|_| runbook.start == StartMode::OnDetection)?;
        let began = self.digest.notable.iter().any(|stamped| matches!(stamped.event, Event::RunbookStarted(_)));
        (!began).then(|| format!("The alert {alert} never came, so the runbook {} was never started.", runbook.name))
    }

    fn uncertainty(&self, text: &mut String) -> std::fmt::Result {
        let each = self.each();
        let of = |report: &Self| report.name().map(|name| format!(" of {}", escaped(name))).unwrap_or_default();
        writeln!(text, "## What this does not claim\n")?;
        let measured = each.iter().filter(|each| each.verdict.measures.is_some());
        let widest: Vec<String> = measured.map(|each| format!("{}{}", seconds_up(each.verdict.resolution.0), of(each))).collect();
        if !widest.is_empty() {
            writeln!(
                text,
                "- A time such as `2.86 to 3.04 s` is an interval: at its start service was proven bad, and at its end proven good. Requests were so far apart, and an answer may take so long, that such an interval can be {} wide; it is wider only where service came and went between two requests.",
                widest.join(", ")
            )?;
            writeln!(text, "- One drill is one sample: an objective that was met once may be missed the next time.")?;
        }
        let modelled = |stamped: &Stamped| if let Event::ReactionModelled(reaction) = &stamped.event { reaction.length } else { 0 };
        let modelled: u64 = self.digest.notable.iter().map(modelled).sum();
        if modelled > 0 {
            let length = modelled as f64 / 1e9;
            writeln!(text, "- No people took part: {length:.2} s of their reactions were modelled, and none was measured.")?;
        }
        if !self.verdict.evidence.attempts_seen && !nameless(self.verdict) {
            writeln!(text, "- No proxy saw who served, so a cutover could not be told from a restore.")?;
        }
        for caveat in each.first().iter().flat_map(|each| &each.verdict.caveats) {
            writeln!(text, "- {}{}.", caveat.text[..1].to_uppercase(), escaped(&caveat.text[1..]))?;
        }
        for each in &each {
            let (evidence, of) = (&each.verdict.evidence, of(each));
            writeln!(
                text,
                "- {}{of} were judged, {} before the fault and {} during it. Requests of other kinds and sizes may do better or worse.",
                counted(evidence.requests, "request"),
                grouped(evidence.baseline),
                grouped(evidence.during_fault)
            )?;
        }
        writeln!(text)
    }

    fn identity(&self, text: &mut String, hash: &str) -> std::fmt::Result {
        writeln!(text, "## Identity\n\n| | |\n|---|---|")?;
        if let Some(started) = &self.digest.started {
            writeln!(text, "| drill | {} |", escaped(&started.drill))?;
            writeln!(
                text,
                "| scenario | {} in the environment {} |",
                escaped(&started.plan.scenario.name),
                escaped(&started.plan.environment_name)
            )?;
            let leading = started.plan.workloads.leading();
            writeln!(text, "| service | {}, from {} |", escaped(&leading.service_name), escaped(&leading.service.order()))?;
            for (_, other) in started.plan.workloads.others() {
                let (service, providers) = (escaped(&other.service_name), escaped(&other.service.order()));
                writeln!(text, "| workload {} | {service}, from {providers} |", escaped(&other.name))?;
            }
            writeln!(text, "| started | {} |", started.wall_clock)?;
            writeln!(text, "| seed | {} |", started.seed)?;
            writeln!(text, "| Lifeboat | {} |", started.lifeboat)?;
        }
        writeln!(text, "| history, SHA-256 | {hash} |")?;
        writeln!(text, "| hold, limit on late sending | {}, {} |", span(self.verdict.terms.hold), span(self.verdict.terms.lag_max))
    }
}

fn bar(count: u32, top: u32) -> char {
    let eighths = (f64::from(count) / f64::from(top) * 8.0).round() as usize;
    BARS[if count > 0 { eighths.clamp(1, 8) } else { 0 }]
}

fn optional(count: Option<u64>) -> String {
    count.map_or_else(|| "not seen".into(), grouped)
}

/// A limit on a count.
pub(super) fn at_most(limit: u64) -> String {
    if limit == 0 { "none".to_owned() } else { format!("at most {}", grouped(limit)) }
}

/// What is told, and how many more were in flight when the fault began, where there were any.
fn with_in_flight(mut told: String, in_flight: u64) -> String {
    if in_flight > 0 {
        told += &format!(", {} more that {} in flight when it began", grouped(in_flight), if in_flight == 1 { "was" } else { "were" });
    }
    told
}

/// Text from files and programs, safe within a table's cell.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' => safe.push_str("<br>"),
            '|' | '<' | '>' | '*' | '_' | '`' | '[' | ']' | '\\' | '#' => {
                safe.push('\\');
                safe.push(letter);
            }
            letter if is_unprintable(letter) || letter == '\t' => {}
            letter => safe.push(letter),
        }
    }
    safe
}
