//! The panel of a running drill: who serves, what fails, the fault, the runbook, how far it is. Pure: live fold and moment in, lines out.
//!
//! Bars and sparklines are those of the leading workload; each other has one line.
//!
//! Rates are those of the last whole second, counted when answers end; sparklines show one second a column. All bars and sparklines have one
//! scale, from the plan's busiest moment, which stands above them and never changes; what goes beyond it is told by its number alone.

use super::line::{StyledLine, Tone, columns, cut};
use crate::history::{Bucket, Event, Live, LiveStep, LiveWorkload, Phase, StepEnd};
use crate::model::{DrillPlan, NamedWorkload, PlannedFault, StartMode};
use std::collections::VecDeque;

/// The length of a slice of the live fold.
const SLICE: u64 = 100_000_000;
/// Slices in a second.
const SECOND: u64 = 10;
/// Below this width the sparkline is shorter.
const WIDE: usize = 64;
/// The widest bar of blocks.
const WIDEST_BAR: usize = 24;
/// Columns before the subject of a row.
const LABEL: usize = 11;
/// Faults that have a line; a drill with more shows those that matter now.
const FAULT_LINES: usize = 3;

/// A line, and how soon it gives way where there are too few rows: the highest first.
type Ranked = (u8, StyledLine);

/// The panel at `now` (nanoseconds since the drill's origin), no line wider than `width` columns, and no more of them than `rows`.
pub fn panel(live: &Live, now: u64, width: usize, rows: usize) -> Vec<StyledLine> {
    let Some(plan) = &live.plan else { return vec![StyledLine::new().with(Tone::Dim, "preparing the drill").cut(width)] };
    let mut lines: Vec<Ranked> = vec![(0, head(live, now))];
    lines.extend(awaited(live, now, width).into_iter().map(|line| (1, line)));
    lines.extend(providers(live, plan, now, width));
    lines.push((4, trouble(live, now)));
    lines.extend(live.others().map(|(_, named, counts)| (7, beside(named, counts, now, width))));
    lines.extend(faults(live, &plan.scenario.timeline.faults, now, width).into_iter().map(|line| (3, line)));
    lines.extend(alert(live, width).map(|line| (5, line)));
    lines.extend(runbook(live, now, width).map(|line| (3, line)));
    lines.extend(stopped(live).map(|line| (1, line)));
    lines.push((1, progress(live, now, width)));
    while lines.len() > rows.max(1) {
        let rank = lines.iter().map(|(rank, _)| *rank).max();
        let Some(place) = lines.iter().rposition(|(own, _)| Some(*own) == rank) else { break };
        lines.remove(place);
    }
    lines.into_iter().map(|(_, line)| line.cut(width)).collect()
}

/// What stays on the terminal above a question: where the drill and its runbook are.
pub(super) fn standing(live: &Live, now: u64, width: usize) -> Vec<StyledLine> {
    std::iter::once(head(live, now)).chain(runbook(live, now, width)).map(|line| line.cut(width)).collect()
}

/// The phase and how long it has lasted; the title stands above the panel.
fn head(live: &Live, now: u64) -> StyledLine {
    if live.finished {
        return StyledLine::new().with(Tone::Bold, "ended").with(Tone::Plain, format!("  after {}", seconds(now)));
    }
    let (word, since) = live.phase.map_or(("starting", now), |(phase, since)| (phase.word(), since));
    StyledLine::new().with(Tone::Bold, word).with(Tone::Plain, format!("  {}", seconds(now.saturating_sub(since))))
}

/// What is waited for before the baseline, for how long already, and for how long at most: in two lines where it does not fit into one, since
/// an address is of no use without its end.
fn awaited(live: &Live, now: u64, width: usize) -> Vec<StyledLine> {
    let Some((since, awaited)) = live.awaited.as_ref().filter(|_| !live.finished) else { return Vec::new() };
    let what = format!("for {}", awaited.what);
    let state = format!("{} of at most {}", seconds(now.saturating_sub(*since)), length(awaited.most));
    let state = StyledLine::new().with(Tone::Warn, state);
    if LABEL + columns(&what) + 2 + state.columns() <= width {
        return vec![row("waits", &what, state, width)];
    }
    vec![row("waits", &what, StyledLine::new(), width), StyledLine::new().to(LABEL).then(state)]
}

/// What the bars are to, and a line for each provider: its name, its rate as a bar and as a number, and the last while.
fn providers(live: &Live, plan: &DrillPlan, now: u64, width: usize) -> Vec<Ranked> {
    let spark = if width >= WIDE { 20 } else { 10 };
    let names = live.providers.iter().map(|name| columns(name)).max().unwrap_or(0).min(width.saturating_sub(2) * 4 / 9);
    let bar = width.saturating_sub(names + spark + 15).min(WIDEST_BAR);
    let scale = scale(plan.workloads.leading().workload.busiest(plan.scenario.timeline.total()));
    let line = |(place, name): (usize, &String)| {
        let history: Vec<Option<u64>> = (0..spark).rev().map(|ago| served(live, place, now, ago as u64)).collect();
        let rate = history.last().copied().flatten().unwrap_or(0);
        let tone = if rate > 0 { Tone::Good } else { Tone::Dim };
        let line = StyledLine::new().with(Tone::Plain, format!("  {}", cut(name, names))).to(names + 4);
        let line = line.with(Tone::Good, blocks(rate as f64 / scale, bar)).to(names + 5 + bar);
        let line = line.with(tone, format!("{rate:>5}/s")).with(Tone::Plain, "  ").with(tone, sparkline(&history, scale));
        // The primary and its standby stay longest.
        (if place < 2 { 2 } else { 6 }, line)
    };
    let most = format!("{scale}/s");
    let ruler = match bar.saturating_sub(columns(&most) + 3) {
        0 => format!("{most:>bar$}"),
        rule => format!("0 {} {most}", "─".repeat(rule)),
    };
    let ruler = StyledLine::new().to(names + 4).with(Tone::Dim, ruler).to(names + 5 + bar);
    let ruler = ruler.with(Tone::Dim, format!("{:>7}  last {spark} s", "now"));
    std::iter::once((5, ruler)).chain(live.providers.iter().enumerate().map(line)).collect()
}

/// The end of the bars for a rate: the next round number with room to spare, so that a second that is busier by chance fits.
fn scale(busiest: f64) -> f64 {
    const ROUND: [f64; 10] = [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0];
    let wanted = (busiest * 1.1).max(1.0);
    let decade = 10_f64.powf(wanted.log10().floor());
    let found = ROUND.iter().map(|round| (round * decade).ceil()).find(|end| *end >= wanted);
    found.unwrap_or(10.0 * decade)
}

/// Answers of a provider in the whole second that ended `ago` seconds before `now`; `None` before there was traffic.
fn served(live: &Live, place: usize, now: u64, ago: u64) -> Option<u64> {
    let end = (now / SLICE).checked_sub(ago * SECOND)?;
    let start = end.saturating_sub(SECOND);
    (live.traffic_since? / SLICE < end)
        .then(|| sum(&live.leading().slices, start, end, |bucket| bucket.served.get(place).copied().unwrap_or(0)))
}

/// A count over the slices from `start` to before `end`.
fn sum(slices: &VecDeque<Bucket>, start: u64, end: u64, count: impl Fn(&Bucket) -> u64) -> u64 {
    let newest_first = slices.iter().rev().skip_while(|bucket| bucket.slice >= end);
    newest_first.take_while(|bucket| bucket.slice >= start).map(count).sum()
}

/// `share` of `width` columns, to an eighth of a column. Something is never nothing.
pub(super) fn blocks(share: f64, width: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (share.clamp(0.0, 1.0) * width as f64 * 8.0).round() as usize;
    let eighths = if share > 0.0 { eighths.max(1) } else { 0 };
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

fn sparkline(history: &[Option<u64>], scale: f64) -> String {
    const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let column = |count: &Option<u64>| match count {
        None => ' ',
        Some(0) => HEIGHTS[0],
        Some(count) => HEIGHTS[((*count as f64 / scale * 7.0).round() as usize).clamp(1, 7)],
    };
    history.iter().map(column).collect()
}

fn trouble(live: &Live, now: u64) -> StyledLine {
    let end = now / SLICE;
    let last = |count: fn(&Bucket) -> u64| sum(&live.leading().slices, end.saturating_sub(SECOND), end, count);
    let rate = |line: StyledLine, what: &str, count: u64, tone: Tone| {
        line.with(if count > 0 { tone } else { Tone::Dim }, format!("{what} {count}/s")).with(Tone::Plain, "  ")
    };
    let line = rate(StyledLine::new().with(Tone::Plain, "  "), "errors", last(|bucket| bucket.failed + bucket.shed), Tone::Bad);
    let line = rate(line, "late", last(|bucket| bucket.slow), Tone::Warn);
    let bad = live.leading().total.failed + live.leading().total.shed + live.leading().total.slow;
    line.with(Tone::Dim, format!("{} requests, {bad} bad", live.leading().total.requests()))
}

/// A workload that does not lead: whom it asks, and how that goes.
fn beside(named: &NamedWorkload, counts: &LiveWorkload, now: u64, width: usize) -> StyledLine {
    let end = now / SLICE;
    let last = |count: fn(&Bucket) -> u64| sum(&counts.slices, end.saturating_sub(SECOND), end, count);
    let (good, errors, late) = (last(|bucket| bucket.good), last(|bucket| bucket.failed + bucket.shed), last(|bucket| bucket.slow));
    let tone = |count: u64, tone: Tone| if count > 0 { tone } else { Tone::Dim };
    let state = StyledLine::new()
        .with(tone(good, Tone::Good), format!("{good}/s"))
        .with(tone(errors, Tone::Bad), format!("  errors {errors}/s"))
        .with(tone(late, Tone::Warn), format!("  late {late}/s"));
    row("beside", &format!("{} to {}", named.name, named.service_name), state, width)
}

fn faults(live: &Live, planned: &[PlannedFault], now: u64, width: usize) -> Vec<StyledLine> {
    // Those that are over give way first, the last of them last; then those that are far off.
    let over = (0..planned.len()).take_while(|place| live.faults.get(*place).is_some_and(|fault| fault.healed.is_some())).count();
    let first = over.saturating_sub(1).min(planned.len().saturating_sub(FAULT_LINES));
    (first..planned.len()).take(FAULT_LINES).map(|place| fault(live, &planned[place], place, now, width)).collect()
}

fn fault(live: &Live, planned: &PlannedFault, place: usize, now: u64, width: usize) -> StyledLine {
    let row =
        |tone, state: String| row("fault", &format!("{} on {}", planned.fault, planned.on), StyledLine::new().with(tone, state), width);
    let Some(fault) = live.faults.get(place) else {
        let baseline = live.plan.as_ref().map_or(0, |plan| plan.scenario.timeline.baseline.as_nanos());
        let state = match live.traffic_since {
            Some(since) => format!("in {}", seconds((since + baseline + planned.at.as_nanos()).saturating_sub(now))),
            None => "to come".to_owned(),
        };
        return row(Tone::Dim, state);
    };
    let since = fault.confirmed.unwrap_or(fault.requested);
    match (fault.confirmed, fault.healed) {
        (_, Some(healed)) => row(Tone::Dim, format!("healed after {}", seconds(healed.saturating_sub(since)))),
        (None, None) => row(Tone::Warn, "requested".to_owned()),
        (Some(_), None) => row(Tone::Warn, format!("{} of {}", seconds(now.saturating_sub(since)), length(planned.length.as_nanos()))),
    }
}

/// The alert that the runbook waits for, else the last that changed.
fn alert(live: &Live, width: usize) -> Option<StyledLine> {
    let awaited = live.plan.as_ref().and_then(|plan| plan.runbook.as_ref()?.awaited_alert());
    let known = awaited.and_then(|name| live.alerts.get_key_value(name));
    let (name, alert) = known.or_else(|| live.alerts.iter().max_by_key(|(_, alert)| alert.since))?;
    let (tone, state) = if alert.firing.is_empty() { (Tone::Dim, "is over") } else { (Tone::Warn, "fires") };
    let fault = live.faults.iter().find_map(|fault| fault.confirmed).and_then(|fault| alert.since.checked_sub(fault));
    let when = fault.map_or_else(String::new, |after| format!(", {} after the fault", seconds(after)));
    Some(row("alert", &format!("{name} by {}", alert.source), StyledLine::new().with(tone, format!("{state}{when}")), width))
}

fn runbook(live: &Live, now: u64, width: usize) -> Option<StyledLine> {
    let runbook = live.plan.as_ref()?.runbook.as_ref()?;
    let row = |subject: &str, state| Some(row("runbook", subject, state, width));
    let Some((_, because)) = &live.runbook_started else {
        let waits = match runbook.start {
            StartMode::OnDetection => format!("waits for {}", runbook.detect),
            StartMode::WithTheFault => "waits for the fault".to_owned(),
            StartMode::ByHand => "waits to be started by hand".to_owned(),
        };
        return row(&waits, StyledLine::new());
    };
    let Some(step) = &live.step else { return row(&format!("{} begins: {because}", runbook.name), StyledLine::new()) };
    let (began, ended) = times(live, step);
    let took = began.map_or_else(String::new, |began| seconds(ended.unwrap_or(now).saturating_sub(began)));
    let again = if step.attempt > 1 { format!("try {}  ", step.attempt) } else { String::new() };
    let state = StyledLine::new().with(Tone::Plain, format!("{again}{took} "));
    let state = match step.end {
        None => state,
        Some(StepEnd::Done) => state.with(Tone::Good, "✓"),
        Some(end) => state.with(Tone::Bad, format!("✗ {}", end.word())),
    };
    row(&format!("{}/{} {}", step.step + 1, runbook.steps.len(), step.name), state)
}

/// A word, what it is about, and how that stands; where room is short the subject gives way, not the state.
fn row(word: &str, subject: &str, state: StyledLine, width: usize) -> StyledLine {
    let room = width.saturating_sub(LABEL + state.columns() + 2);
    StyledLine::new()
        .with(Tone::Plain, "  ")
        .with(Tone::Dim, word)
        .to(LABEL)
        .with(Tone::Plain, cut(subject, room))
        .with(Tone::Plain, "  ")
        .then(state)
}

/// When a step's first try began and when the step ended.
fn times(live: &Live, wanted: &LiveStep) -> (Option<u64>, Option<u64>) {
    let (mut began, mut ended) = (None, None);
    for stamped in &live.notable {
        match &stamped.event {
            Event::StepStarted(step) if step.step == wanted.step => began = began.or(Some(stamped.t)),
            Event::StepFinished(step) if step.step == wanted.step => ended = Some(stamped.t),
            _ => {}
        }
    }
    (began, ended)
}

/// Why the drill was stopped, where it was.
fn stopped(live: &Live) -> Option<StyledLine> {
    let cancelled = live.notable.iter().rev().find_map(|stamped| match &stamped.event {
        Event::Cancelled(cancelled) => Some(cancelled),
        _ => None,
    })?;
    // Its first line: what to type next is said at the end.
    let why = cancelled.detail.lines().next().unwrap_or_default();
    let why = why.strip_prefix("stopped ").unwrap_or(why);
    Some(StyledLine::new().with(Tone::Plain, "  ").with(Tone::Bad, "stopped").to(LABEL).with(Tone::Bad, why))
}

fn progress(live: &Live, now: u64, width: usize) -> StyledLine {
    let total = live.plan.as_ref().map_or(0, |plan| plan.scenario.timeline.total().as_nanos());
    let passed = live.traffic_since.map_or(0, |since| now.saturating_sub(since));
    let is_stopped = live.notable.iter().rev().any(|stamped| matches!(stamped.event, Event::Cancelled(_)));
    let share = if live.finished && !is_stopped { 1.0 } else { passed as f64 / total.max(1) as f64 };
    let left = match live.phase {
        _ if live.finished && is_stopped => "stopped".to_owned(),
        _ if live.finished => "done".to_owned(),
        _ if is_stopped => "stopping".to_owned(),
        Some((Phase::Draining, _)) => "draining".to_owned(),
        _ => format!("{} left", length(total.saturating_sub(passed).div_ceil(1_000_000_000) * 1_000_000_000)),
    };
    let bar = width.saturating_sub(2 + 17);
    let filled = blocks(share, bar);
    let rest = "─".repeat(bar.saturating_sub(columns(&filled)));
    StyledLine::new()
        .with(Tone::Plain, "  ")
        .with(Tone::Plain, filled)
        .with(Tone::Dim, rest)
        .to(2 + bar)
        .with(Tone::Plain, format!("{left:>16}"))
}

/// `6.2 s`, from a minute on `1 min 2 s`.
pub(super) fn seconds(nanoseconds: u64) -> String {
    match nanoseconds / 1_000_000_000 {
        whole @ 60.. => match (whole / 60, whole % 60) {
            (minutes, 0) => format!("{minutes} min"),
            (minutes, seconds) => format!("{minutes} min {seconds} s"),
        },
        _ => format!("{:.1} s", (nanoseconds / 100_000_000) as f64 / 10.0),
    }
}

/// The same for lengths that were planned, which are whole numbers as a rule: `20 s`.
pub(super) fn length(nanoseconds: u64) -> String {
    let text = seconds(nanoseconds);
    text.strip_suffix(".0 s").map_or_else(|| text.clone(), |whole| format!("{whole} s"))
}

#[cfg(test)]
mod tests {
    use super::super::sample::{AZURE, SampleHistory, outage};
    use super::*;
    use crate::history::{Cancelled, PhaseEntered, StopReason};
    use crate::units::Duration;

    fn text(live: &Live, now: u64, width: usize) -> String {
        let lines = panel(live, now, width, 24);
        assert!(lines.iter().all(|line| line.columns() <= width), "{lines:#?}");
        lines.iter().map(|line| line.plain() + "\n").collect()
    }

    #[test]
    fn before_the_first_event_there_is_little_to_say() {
        assert_eq!(text(&Live::default(), 0, 80), "preparing the drill\n");
    }

    #[test]
    fn in_the_baseline_the_primary_serves_and_the_fault_is_to_come() {
        let wanted = "\
baseline  5.0 s
                       0 ───────────────── 60/s     now  last 20 s
  azure-swedencentral  ████████████████████        50/s                 ▆▇▇▇▇
  openai-eu                                         0/s                 ▁▁▁▁▁
  errors 0/s  late 0/s  246 requests, 0 bad
  fault    blackhole on azure-swedencentral  in 3.0 s
  runbook  waits for 5 failures in a row
  ████████▍───────────────────────────────────────────────────        31 s left
";
        assert_eq!(text(&outage(6_000).live, 6_000_000_000, 79), wanted);
    }

    #[test]
    fn after_the_cutover_the_standby_serves_and_a_step_that_failed_says_how() {
        let wanted = "\
fault  5.6 s
                       0 ───────────────── 60/s     now  last 20 s
  azure-swedencentral                               0/s        ▄▇▇▇▇▇▇▇▃▁▁▁▁▁
  openai-eu            ██████████████████▍         46/s        ▁▁▁▁▁▁▁▁▁▁▁▅▇▆
  errors 0/s  late 0/s  671 requests, 150 bad
  fault    blackhole on azure-swedencentral  5.5 s of 20 s
  runbook  2/2 Point the gateway at the standby  try 2  3.0 s ✗ timed-out
  ██████████████████████▋─────────────────────────────────────        23 s left
";
        // The newest event is 100 ms old: time goes on without events.
        assert_eq!(text(&outage(14_500).live, 14_600_000_000, 79), wanted);
    }

    #[test]
    fn on_a_narrow_terminal_names_give_way_and_states_stay() {
        let wanted = "\
fault  3.8 s
                        60/s     now  last 10 s
  azure-swedencentral            0/s  ▇▇▇▇▇▇▂▁▁▁
  openai-eu            ███▍     40/s  ▁▁▁▁▁▁▁▁▁▆
  errors 10/s  late 0/s  586 requests, 150 bad
  fault    blackhole on azure-swe…  3.7 s of 20 s
  runbook  2/2 Point the gateway …  try 2  1.8 s
  █████████▉────────────────────        25 s left
";
        assert_eq!(text(&outage(12_800).live, 12_800_000_000, 49), wanted);
    }

    #[test]
    fn the_last_picture_says_what_was_healed_and_why_it_stopped() {
        let mut history = outage(30_000);
        history.tell(30_001, Event::Cancelled(Cancelled { reason: StopReason::Person, detail: "Ctrl-C".into(), hint: None }));
        let shown = text(&history.live, 30_001_000_000, 79);
        assert!(shown.contains("  fault    blackhole on azure-swedencentral  healed after 20.0 s\n"), "{shown}");
        assert!(shown.contains("  stopped  Ctrl-C\n") && shown.contains("  stopping\n"), "{shown}");
        let shown = text(&outage(37_500).live, 37_500_000_000, 79);
        assert!(shown.ends_with("█             done\n"), "{shown}");
    }

    #[test]
    fn no_width_and_no_moment_makes_it_wider_than_asked_or_panic() {
        for until in (0..38_000).step_by(700) {
            let history = outage(until);
            for width in 0..90 {
                text(&history.live, until * 1_000_000, width);
                text(&history.live, 0, width);
            }
            for rows in 0..12 {
                assert!(panel(&history.live, until * 1_000_000, 79, rows).len() <= rows.max(1), "{until} {rows}");
            }
        }
    }

    #[test]
    fn where_rows_are_few_the_drill_and_its_providers_stay() {
        let shown: Vec<String> = panel(&outage(14_500).live, 14_600_000_000, 79, 4).iter().map(StyledLine::plain).collect();
        let begins: Vec<&str> = shown.iter().map(|line| line.trim_start().split(' ').next().unwrap()).collect();
        assert_eq!(begins[..3], ["fault", "azure-swedencentral", "openai-eu"], "{shown:?}");
        assert!(shown[3].ends_with("23 s left"), "{shown:?}");
    }

    #[test]
    fn the_scale_is_of_the_plan_and_never_changes() {
        for (busiest, end) in
            [(0.2, 1.0), (1.0, 2.0), (5.0, 6.0), (50.0, 60.0), (54.0, 60.0), (100.0, 120.0), (460.0, 600.0), (1000.0, 1200.0)]
        {
            assert_eq!(scale(busiest), end, "{busiest}");
            assert!(scale(busiest) >= busiest * 1.1);
        }
        let rulers = (1_500..38_000).step_by(500).map(|until| {
            let mut history = outage(until);
            // A second that is ten times as busy.
            (0..500).for_each(|_| history.request(until, Some(AZURE)));
            text(&history.live, until * 1_000_000, 79).lines().nth(1).unwrap().to_owned()
        });
        let rulers: std::collections::BTreeSet<String> = rulers.collect();
        assert_eq!(rulers.len(), 1, "{rulers:?}");
    }

    #[test]
    fn what_is_waited_for_is_told_with_how_long_already_and_at_most() {
        use crate::history::Awaited;
        let mut history = SampleHistory::begin();
        history.tell(10, Event::Phase(PhaseEntered { name: Phase::Preparing }));
        let what = "http://127.0.0.1:25021/health".to_owned();
        history.tell(200, Event::Awaited(Awaited { what, most: 60_000_000_000 }));
        let line = |live: &Live, width| {
            let shown = text(live, 3_400_000_000, width);
            let waits = shown.split_once("\n  waits    ")?.1.split("    0 ").next().unwrap_or_default().trim().to_owned();
            Some(waits)
        };
        assert_eq!(line(&history.live, 79).unwrap(), "for http://127.0.0.1:25021/health  3.2 s of at most 1 min");
        let narrow = "for http://127.0.0.1:25021/health\n           3.2 s of at most 1 min";
        assert!(line(&history.live, 56).unwrap().starts_with(narrow), "{:?}", line(&history.live, 56));
        history.tell(3_000, Event::Phase(PhaseEntered { name: Phase::Baseline }));
        assert_eq!(line(&history.live, 79), None);
    }

    #[test]
    fn each_workload_that_does_not_lead_has_a_line_of_its_own() {
        use crate::history::{Outcome, RequestDone, request_id};
        use crate::model::Workloads;
        let mut history = SampleHistory::with(|plan| {
            let leading = plan.workloads.leading().clone();
            let other = NamedWorkload { name: "long-answers".into(), judged: false, ..leading.clone() };
            plan.workloads = Workloads::new(vec![leading, other]).expect("there are two");
        });
        history.tell(1_000, Event::Phase(PhaseEntered { name: Phase::Baseline }));
        for ms in (1_000..3_000).step_by(100) {
            let outcome = if ms < 2_500 { Outcome::Ok } else { Outcome::Timeout };
            let done = RequestDone { id: request_id(1, ms), due: ms * 1_000_000, lag: 0, proof: None, done: 1, outcome, why: None };
            history.tell(ms, Event::Request(done));
        }
        let shown = |width: usize| {
            let shown = text(&history.live, 3_000_000_000, width);
            shown.lines().find(|line| line.contains("beside")).unwrap().to_owned()
        };
        assert_eq!(shown(79), "  beside   long-answers to support-chat  5/s  errors 5/s  late 0/s");
        assert_eq!(shown(49), "  beside   long-answe…  5/s  errors 5/s  late 0/s");
        assert_eq!(history.live.leading().total.requests(), 0, "the leading workload's counts are its own");
    }

    #[test]
    fn of_many_faults_those_that_matter_now_are_shown() {
        let mut history = outage(30_000);
        let mut plan = (**history.live.plan.as_ref().unwrap()).clone();
        let first = plan.scenario.timeline.faults[0].clone();
        for place in 1..6u64 {
            plan.scenario.timeline.faults.push(PlannedFault { at: Duration::from_secs(30 * place), ..first.clone() });
        }
        history.live.plan = Some(plan.into());
        let shown = text(&history.live, 30_000_000_000, 79);
        let lines: Vec<&str> =
            shown.lines().filter_map(|line| line.split("swedencentral  ").nth(1)).filter(|rest| !rest.contains("/s")).collect();
        assert_eq!(lines, ["healed after 20.0 s", "in 9.0 s", "in 39.0 s"]);
    }
}
