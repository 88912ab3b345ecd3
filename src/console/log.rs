//! A running drill as plain lines, for logs and pipes: one for each notable event, and who served every five seconds. Pure.

use super::line::{clean, columns};
use super::panel::length;
use crate::fault::unsaid;
use crate::history::{Bucket, Event, GuardSays, HealthState, Live, OverlayRead, Phase, StepEnd};
use crate::model::{Guard, NamedWorkload};
use crate::units::grouped;

/// How often it is said who serves.
const BEAT: u64 = 5_000_000_000;

/// A drill's log in plain lines, and how much of it was shown already.
#[derive(Debug, Default)]
pub struct PlainLog {
    shown: usize,
    /// The next beat, and the totals at the last one: one for each workload.
    beat: Option<(u64, Vec<Bucket>)>,
}

impl PlainLog {
    /// The lines that are new since the last call.
    pub fn lines(&mut self, live: &Live) -> Vec<String> {
        let mut lines: Vec<(u64, String)> = Vec::new();
        for stamped in live.notable.iter().skip(self.shown) {
            let (kind, text) = told(&stamped.event, live);
            lines.push((stamped.t, line(stamped.t, kind, &text)));
        }
        self.shown = live.notable.len();
        lines.extend(self.beats(live));
        lines.into_iter().map(|(_, text)| text).collect()
    }

    fn beats(&mut self, live: &Live) -> Vec<(u64, String)> {
        let Some(since) = live.traffic_since else { return Vec::new() };
        let (due, before) = self.beat.get_or_insert_with(|| (since + BEAT, vec![Bucket::default(); live.workloads.len()]));
        if live.now < *due || live.finished {
            return Vec::new();
        }
        // The real length, which a busy machine makes longer than a beat.
        let seconds = (live.now - (*due - BEAT)) as f64 / 1e9;
        let rate = |now: u64, then: u64| (now - then) as f64 / seconds;
        let trouble = |now: &Bucket, then: &Bucket| {
            let errors = rate(now.failed + now.shed, then.failed + then.shed);
            format!("errors {errors:.1}/s  late {:.1}/s", rate(now.slow, then.slow))
        };
        let count = |bucket: &Bucket, place: usize| bucket.served.get(place).copied().unwrap_or(0);
        let (leading, earlier) = (&live.leading().total, before.get(live.lead()).cloned().unwrap_or_default());
        let served = |place: usize| rate(count(leading, place), count(&earlier, place));
        let mut parts: Vec<String> =
            live.providers.iter().enumerate().map(|(place, name)| format!("{name} {:.1}/s", served(place))).collect();
        parts.push(trouble(leading, &earlier));
        let mut lines = vec![(live.now, line(live.now, "served", &parts.join("  ")))];
        for (place, named, other) in live.others() {
            let before = before.get(place).cloned().unwrap_or_default();
            let good = rate(other.total.good, before.good);
            let text = format!("{} {good:.1}/s  {}", named.name, trouble(&other.total, &before));
            lines.push((live.now, line(live.now, "beside", &text)));
        }
        self.beat = Some((live.now + BEAT, live.workloads.iter().map(|workload| workload.total.clone()).collect()));
        lines
    }
}

/// As every line of a log stands there: when, what kind, what.
pub(super) fn line(t: u64, kind: &str, text: &str) -> String {
    format!("{:>6.1} s  {kind:<8}  {}", (t / 100_000_000) as f64 / 10.0, clean(text))
}

/// Where the text of a line begins.
const TEXT_AT: usize = 20;

/// A line broken between words where it is wider than the terminal; what follows stands under its text.
pub(super) fn folded(line: &str, width: usize) -> String {
    if columns(line) <= width || width < 2 * TEXT_AT {
        return line.to_owned();
    }
    let (mut text, mut left) = (String::new(), width);
    for (place, word) in line.split(' ').enumerate() {
        let wide = columns(word);
        let begun = width - left > TEXT_AT;
        if place > 0 && wide + 1 > left && begun {
            text += "\n";
            text += &" ".repeat(TEXT_AT);
            left = width - TEXT_AT;
        } else if place > 0 {
            text.push(' ');
            left = left.saturating_sub(1);
        }
        text += word;
        left = left.saturating_sub(wide);
    }
    text
}

/// A kind and a sentence for an event.
fn told(event: &Event, live: &Live) -> (&'static str, String) {
    let fault = |place: u32| {
        live.faults.get(place as usize).map_or_else(|| "a fault".to_owned(), |fault| format!("{} on {}", fault.what, fault.on))
    };
    let steps = || live.steps;
    let ended = |end: StepEnd, output: &str| {
        let mut lines = output.lines().map(str::trim).filter(|line| !line.is_empty());
        match (end, lines.next()) {
            (StepEnd::Done, _) | (_, None) => end.to_string(),
            // What to type next is said further down.
            (_, Some(first)) => {
                let hint = lines.find(|line| line.starts_with("hint: ")).map_or_else(String::new, |hint| format!("; {hint}"));
                format!("{end}: {first}{hint}")
            }
        }
    };
    match event {
        Event::Started(started) => ("drill", format!("{} (drill {}, seed {})", started.plan.scenario.title, started.drill, started.seed)),
        Event::Phase(entered) => ("phase", phase(entered.name, live)),
        Event::FaultRequested(asked) => {
            ("fault", format!("{}{}{} on {} requested", asked.what, asked.aim, unsaid(&asked.what, &asked.aim), asked.on))
        }
        Event::FaultConfirmed(seen) => {
            ("fault", format!("{} active (confirmed within {})", fault(seen.fault), milliseconds(seen.hi.saturating_sub(seen.lo))))
        }
        Event::FaultHealed(healed) => {
            let how = if healed.expired { "ended by itself, because its lease was not renewed" } else { "healed" };
            let touched = healed.touched.map(|count| format!("; it touched {count}")).unwrap_or_default();
            ("fault", format!("{} {how}{touched}", fault(healed.fault)))
        }
        Event::Spared(spared) => ("spared", spared.told()),
        Event::ProxyClock(clock) => {
            ("proxy", format!("runs on another host: its clock is known within {}", milliseconds(clock.error.saturating_mul(2))))
        }
        Event::PlainToxiproxy(_) => {
            ("proxy", "is a plain Toxiproxy, which sees neither who served nor what a fault touched; the drill is judged by when users were served by anyone".into())
        }
        Event::SightGap(gap) => ("proxy", format!("{} exchanges were not seen: the proxy was not read fast enough", gap.missed)),
        Event::Paced(paced) => (
            "load",
            match paced.step {
                Some(step) => format!("step {}: {} from now on", step + 1, paced.rate),
                None => format!("the climb is over: {} from now on", paced.rate),
            },
        ),
        Event::Gateway(gateway) => ("gateway", format!("the breaker of {} is {}", gateway.provider, gateway.breaker)),
        Event::AlertReceived(alert) => {
            let state = if alert.firing { "fires" } else { "is over" };
            let meant = live.meant_by(&alert.name).map(|name| format!("; the runbook waits for `{name}`")).unwrap_or_default();
            ("alert", format!("{} {state}, by {}{meant}", alert.name, alert.source))
        }
        Event::AlertsAwaited(awaited) => ("alert", format!("alerts are received at {}", awaited.url)),
        Event::AlertsLeftOut(left_out) => ("alert", left_out.to_string()),
        Event::RunbookDrilled(drilled) => {
            let version = if drilled.same { "this version" } else { "an older version" };
            let verdict = drilled.verdict.as_deref().unwrap_or("not judged");
            let told = drilled.drill.as_ref().map(|drill| format!("{drill} walked {version} of the runbook: {verdict}"));
            ("drilled", told.unwrap_or_else(|| "no drill has walked this runbook".to_owned()))
        }
        Event::RunbookStarted(started) => ("runbook", format!("{} begins: {}", started.runbook, started.because)),
        Event::ReactionModelled(reaction) => {
            let length = crate::units::Duration::from_nanos(reaction.length / 1_000_000 * 1_000_000);
            ("people", format!("no people take part: {length} are taken for their reaction (modelled, not measured)"))
        }
        Event::StepStarted(step) => {
            let again = if step.attempt > 1 { format!(", try {}", step.attempt) } else { String::new() };
            ("step", format!("{}/{} {}{again}", step.step + 1, steps(), step.name))
        }
        Event::StepFinished(step) => {
            let note = step.note().map_or_else(String::new, |note| format!("; {note}"));
            ("step", format!("{}/{} {}{note}", step.step + 1, steps(), ended(step.end, &step.output)))
        }
        Event::StepOverran(step) => {
            let expected = crate::units::Duration::from_nanos(step.expected);
            ("step", format!("{}/{} takes longer than the expected {expected}", step.step + 1, steps()))
        }
        Event::UndoStarted(undo) => ("undo", format!("{}/{} is undone", undo.step + 1, steps())),
        Event::StepUndone(step) => ("undo", format!("{}/{} {}", step.step + 1, steps(), ended(step.end, &step.output))),
        Event::KeyHeld(held) => ("key", format!("{} is {}", held.credential, held.key)),
        Event::KeyMinted(minted) => ("key", format!("{}: {} is new", minted.credential, minted.key)),
        Event::KeyStored(stored) => ("key", format!("{}: {} is current in {}", stored.credential, stored.key, stored.place)),
        Event::KeyRevoked(revoked) => ("key", format!("{}: {} was revoked, says its issuer", revoked.credential, revoked.key)),
        Event::KeyProbed(probed) => {
            let why = if probed.why.is_empty() { String::new() } else { format!(": {}", probed.why) };
            ("key", format!("{}: the provider says of {}: {}{why}", probed.credential, probed.key, probed.standing))
        }
        Event::GuardTripped(guarded) => {
            let seen = guarded.evidence.as_ref();
            let seen = seen.map_or_else(String::new, |seen| format!(" (seen: {}; from {})", seen.value, seen.from));
            ("guard", format!("{}{seen}", guarded.guard))
        }
        Event::GuardSeen(seen) => {
            let plan = live.plan.as_ref();
            let guard = plan.and_then(|plan| plan.scenario.abort_when.get(seen.guard as usize));
            let source = guard.map_or_else(|| "a guard".to_owned(), Guard::source);
            let says = match seen.says {
                GuardSays::Go => "does not say stop",
                GuardSays::Stop => "says stop",
                GuardSays::Unknown => "cannot be asked",
            };
            let is_service = guard.is_some_and(|guard| guard.service().is_some());
            ("guard", if is_service { seen.detail.clone() } else { format!("{source} {says}: {}", seen.detail) })
        }
        Event::Health(seen) => {
            let what = if seen.state == HealthState::Unproven { "NOT PROVEN: " } else { "" };
            ("health", format!("{what}{}", seen.detail))
        }
        Event::Cancelled(cancelled) => {
            let (detail, hint) = cancelled.told();
            let hint = hint.map_or_else(String::new, |hint| format!("  hint: {hint}"));
            ("stopped", format!("{}: {detail}{hint}", cancelled.reason))
        },
        Event::Finished(finished) => ("end", format!("{} requests were due", grouped(finished.requests))),
        Event::ExecutionStarted(started) => ("execute", format!("{} ({})", started.plan.runbook.name, started.execution)),
        Event::Resumed(resumed) if resumed.undo => ("resumed", format!("at {}, to undo what was done", resumed.wall_clock)),
        Event::Resumed(resumed) => ("resumed", format!("at {}", resumed.wall_clock)),
        Event::Mended(mended) => ("mended", format!("{}: its mended version is walked from here on", mended.plan.runbook.name)),
        Event::StepSettled(settled) => {
            let what = if settled.undo { "undoing it: " } else { "" };
            let note = if settled.note.is_empty() { String::new() } else { format!(": {}", settled.note) };
            ("step", format!("{}/{} {what}{}, says {}{note}", settled.step + 1, steps(), settled.becomes, settled.by))
        }
        Event::HandedOver(handed) => ("handover", format!("to {}", handed.to)),
        Event::TakenOver(taken) => ("handover", format!("{} takes over from {}", taken.by, taken.from)),
        Event::StepExplained(explained) => ("about", explained.text.clone()),
        Event::Answered(answered) => ("answer", format!("{}/{} {answered}", answered.step + 1, steps())),
        Event::Ticked(ticked) => ("tick", format!("{}/{} {ticked}", ticked.step + 1, steps())),
        Event::RoleTaken(taken) => ("role", taken.to_string()),
        Event::Note(note) => ("note", note.text.clone()),
        Event::Approved(approved) => ("approved", format!("by {}", approved.told())),
        Event::Overlay(series) => ("series", told_of(series)),
        Event::Awaited(awaited) => ("waits", format!("for {}, at most {}", awaited.what, length(awaited.most))),
        Event::Remark(remark) => (remark.about.word(), remark.text.clone()),
        Event::Contacted(contacted) => {
            let how = match contacted.end {
                StepEnd::Done => "told",
                StepEnd::Skipped => "TELL",
                _ => "NOT TOLD",
            };
            ("contact", format!("{how} {}, {}: {}", contacted.contact, contacted.because, contacted.output))
        }
        Event::UpdateBegun(update) => ("contact", format!("an update goes to {}", update.contact)),
        Event::Acknowledged(acknowledged) => {
            let spared = match acknowledged.spared.as_slice() {
                [] => String::new(),
                spared => format!("; not told any more: {}", spared.join(", ")),
            };
            ("ack", format!("{} acknowledged ({}){spared}", acknowledged.by, acknowledged.how.told()))
        }
        Event::PageIncidentOpened(opened) => ("contact", format!("{}: the incident {} is open", opened.contact, opened.incident)),
        Event::ExecutionFinished(finished) => ("end", finished.end.to_string()),
        // Never notable: the live fold only counts them.
        Event::Request(_) | Event::Shed(_) | Event::Overdue(_) | Event::Served(_) | Event::Carried(_) | Event::TokenMinted(_) | Event::ParityProbed(_) => {
            ("", String::new())
        }
    }
}

fn phase(phase: Phase, live: &Live) -> String {
    let Some(plan) = live.plan.as_ref() else { return phase.to_string() };
    let scenario = &plan.scenario;
    match phase {
        Phase::Baseline => {
            let each = |named: &NamedWorkload| format!("{} to {}", named.workload.pace(), named.service_name);
            let each: Vec<String> = plan.workloads.iter().map(each).collect();
            format!("{phase}: {} for {}", each.join(", "), scenario.timeline.baseline)
        }
        Phase::Watch => format!("{phase}: {} more, to see traffic return", scenario.timeline.watch),
        Phase::Preparing | Phase::Fault | Phase::Draining => phase.to_string(),
    }
}

fn milliseconds(nanoseconds: u64) -> String {
    format!("{:.1} ms", nanoseconds as f64 / 1e6)
}

/// A series of the team's own in a line.
fn told_of(series: &OverlayRead) -> String {
    let OverlayRead { name, points, problem, .. } = series;
    problem.as_ref().map_or_else(|| format!("{name}: {} points", points.len()), |problem| format!("{name} could not be read: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::super::sample::{AZURE, outage};
    use super::*;
    use crate::history::{Cancelled, FaultHealed, Guarded, StopReason};

    #[test]
    fn a_long_line_is_broken_between_words_under_its_text() {
        let long = line(5_900_000_000, "answer", "3/3 yes, says alice (as typed by the user root; not verified): go");
        let wanted = "   5.9 s  answer    3/3 yes, says alice (as typed by the\n                    user root; not verified): go";
        assert_eq!(folded(&long, 58), wanted);
        assert_eq!((folded(&long, 200), folded(&long, usize::MAX)), (long.clone(), long));
    }

    #[test]
    fn a_drill_reads_as_a_story() {
        let mut log = PlainLog::default();
        let told: Vec<String> = (0..=37_500).step_by(500).flat_map(|until| log.lines(&outage(until).live)).collect();
        let wanted = "   0.0 s  drill     Azure OpenAI stops answering (drill 2026-11-20-azure-outage, seed 000000000000002a)
   0.0 s  phase     preparing
   1.0 s  phase     baseline: 50/s to support-chat for 8 s
   6.0 s  served    azure-swedencentral 49.2/s  openai-eu 0.0/s  errors 0.0/s  late 0.0/s
   9.0 s  phase     fault
   9.0 s  fault     blackhole on azure-swedencentral requested
   9.0 s  fault     blackhole on azure-swedencentral active (confirmed within 0.4 ms)
   9.6 s  runbook   fail-over begins: 5 failures in a row
   9.6 s  step      1/2 See that the primary is down
  11.0 s  step      1/2 done
  11.0 s  step      2/2 Point the gateway at the standby
  11.0 s  served    azure-swedencentral 29.8/s  openai-eu 0.0/s  errors 20.2/s  late 0.0/s
  11.5 s  step      2/2 Point the gateway at the standby, try 2
  12.0 s  gateway   the breaker of azure-swedencentral is open
  14.0 s  step      2/2 timed-out: switch.sh: no answer
  16.0 s  served    azure-swedencentral 0.0/s  openai-eu 40.2/s  errors 9.8/s  late 0.0/s
  21.0 s  served    azure-swedencentral 0.0/s  openai-eu 50.0/s  errors 0.0/s  late 0.0/s
  26.0 s  served    azure-swedencentral 0.0/s  openai-eu 50.0/s  errors 0.0/s  late 0.0/s
  29.0 s  fault     blackhole on azure-swedencentral healed; it touched 153
  29.0 s  phase     watch: 8 s more, to see traffic return
  31.0 s  gateway   the breaker of azure-swedencentral is closed
  31.0 s  served    azure-swedencentral 0.2/s  openai-eu 49.8/s  errors 0.0/s  late 0.0/s
  36.0 s  served    azure-swedencentral 50.0/s  openai-eu 0.0/s  errors 0.0/s  late 0.0/s
  37.0 s  phase     draining
  37.5 s  end       1,796 requests were due";
        assert_eq!(told.join("\n"), wanted);
        assert_eq!(log.lines(&outage(37_500).live), [""; 0], "nothing is told twice");
    }

    #[test]
    fn what_goes_wrong_is_told_in_words_and_drives_no_terminal() {
        let mut history = outage(10_000);
        let mut log = PlainLog::default();
        log.lines(&history.live);
        let healed = FaultHealed { fault: 0, on: AZURE.into(), lo: 1, hi: 2, touched: Some(5), expired: true };
        history.tell(10_100, Event::FaultHealed(healed));
        history.tell(10_200, Event::GuardTripped(Guarded { guard: "success below 5%\u{1b}[31m for 3m".into(), evidence: None }));
        history.tell(10_300, Event::Cancelled(Cancelled { reason: StopReason::Guard, detail: "healed\nand stopped".into(), hint: None }));
        assert_eq!(
            log.lines(&history.live),
            [
                "  10.1 s  fault     blackhole on azure-swedencentral ended by itself, because its lease was not renewed; it touched 5",
                "  10.2 s  guard     success below 5%[31m for 3m",
                "  10.3 s  stopped   guard: healed and stopped",
            ]
        );
    }
}
