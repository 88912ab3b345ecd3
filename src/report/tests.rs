//! What the first screen, the report and the JSON say of drills that are more than met or missed.

use super::{Block, Digest, DrillContext, PhraseForm, PhraseSource, Report, Text, drill, json, markdown, summary, summary_with};
use crate::fault::{Blackhole, EndEarly, Refuse, Status};
use crate::history::{
    Cancelled, Event, FaultConfirmed, FaultHealed, FaultRequested, Finished, Fold, Outcome, Phase, PhaseEntered, RequestDone, Served,
    Stamped, Started, StopReason,
};
use crate::model::{Aim, DeclaredObjectives, Fault, Gate, PlannedFault, Rescues, Runbook, SloOn};
use crate::rotation_story::{MS, emergency};
use crate::units::{Duration, Ratio};
use crate::verdict::{Decision, Reason, Verdict, judge};

use serde_json::{Value, json};

mod cost;
mod findings;
mod pictures;
mod recovery;
mod stopped;
mod stories;
mod whole;

/// What becomes of a request with this number, due at this millisecond.
type Course = Box<dyn Fn(&mut Recorded, u64, u64)>;

/// A request every 50 ms: ten seconds of baseline, twenty of the fault, ten of watching.
struct Drill {
    fault: Fault,
    objectives: DeclaredObjectives,
    /// What becomes of the request at this place, due at this millisecond.
    course: Course,
    /// By the proxy's count.
    touched: u64,
    /// True where both share the load.
    shares: bool,
    /// When it was stopped, in milliseconds, and why; without a detail it was killed by nobody.
    stopped: Option<(u64, StopReason, &'static str)>,
    /// What answers.
    runbook: Option<Runbook>,
    /// What else is recorded, and when, in milliseconds.
    besides: Vec<(u64, Event)>,
}

/// Events in the making.
#[derive(Default)]
struct Recorded(Vec<(u64, Event)>);

const FAULT: u64 = 10_000;
const HEAL: u64 = 30_000;
const END: u64 = 40_000;

impl Recorded {
    fn seen(&mut self, id: Option<u64>, by: &'static str, at: u64, took: u64, status: u16) -> &mut Served {
        let served = Served {
            id,
            by: by.into(),
            at: at * MS,
            took: took * MS,
            status,
            key: None,
            cut: false,
            touched: false,
            request: None,
            tenant: None,
            tokens: None,
        };
        self.0.push(((at + took) * MS, Event::Served(served)));
        let Some((_, Event::Served(served))) = self.0.last_mut() else { unreachable!("it was pushed") };
        served
    }

    fn done(&mut self, id: u64, due: u64, took: u64, outcome: Outcome) {
        let done = RequestDone { id, due: due * MS, lag: 0, proof: None, done: took * MS, outcome, why: None };
        self.0.push(((due + took) * MS, Event::Request(done)));
    }

    /// The primary answers.
    fn usual(&mut self, id: u64, due: u64) {
        self.seen(Some(id), "primary", due + 2, 10, 200);
        self.done(id, due, 15, Outcome::Ok);
    }
}

impl Drill {
    fn of(fault: Fault, course: impl Fn(&mut Recorded, u64, u64) + 'static) -> Self {
        let objectives = DeclaredObjectives {
            rto: Some(Duration::from_secs(8)),
            stable_for: Some(Duration::from_secs(6)),
            slo: Some(Duration::from_millis(2500)),
            slo_on: Some(SloOn::Done),
            deadline: Some(Duration::from_secs(8)),
            gate: Some(Gate::Cutover),
            failback: Some(Duration::from_secs(9)),
            ..DeclaredObjectives::default()
        };
        let course = Box::new(course);
        Self { fault, objectives, course, touched: 400, shares: false, stopped: None, runbook: None, besides: Vec::new() }
    }

    fn started(&self) -> Started {
        let mut started = emergency().started();
        let fault = PlannedFault {
            at: Duration::ZERO,
            on: "primary".into(),
            fault: self.fault.clone(),
            aim: Aim::default(),
            length: Duration::from_secs(20),
        };
        started.plan.scenario.timeline.faults = vec![fault];
        started.plan.runbook.clone_from(&self.runbook);
        if self.shares {
            started.plan.workloads[0].service.sharing = 2;
        }
        started.plan.workloads[0].objectives = DeclaredObjectives { success: Ratio::new(0.98), ..self.objectives.clone() }.resolved();
        started
    }

    fn events(&self) -> Vec<Stamped> {
        let mut told = Recorded::default();
        let last = self.stopped.map_or(END, |(at, ..)| at);
        let count = last / 50;
        (0..count).for_each(|id| (self.course)(&mut told, id, id * 50));
        let mut events = told.0;
        events.extend(self.besides.iter().map(|(at, event)| (at * MS, event.clone())));
        let phase = |at: u64, name: Phase| (at * MS, Event::Phase(PhaseEntered { name }));
        events.push(phase(0, Phase::Baseline));
        if last > FAULT {
            let (what, on, aim) = (self.fault.clone(), "primary".to_owned(), Aim::default());
            events.push(phase(FAULT - 2, Phase::Fault));
            events.push(((FAULT - 1) * MS, Event::FaultRequested(FaultRequested { fault: 0, on: on.clone(), what, aim })));
            let (lo, hi) = (FAULT * MS, FAULT * MS + 1000);
            events.push((hi + MS, Event::FaultConfirmed(FaultConfirmed { fault: 0, on: on.clone(), lo, hi })));
            let (lo, hi) = (HEAL.min(last) * MS, HEAL.min(last) * MS + 1000);
            events.push((hi + MS, Event::FaultHealed(FaultHealed { fault: 0, on, lo, hi, touched: Some(self.touched), expired: false })));
        }
        if last > HEAL {
            events.push(phase(HEAL + 2, Phase::Watch));
        }
        events.sort_by_key(|(t, _)| *t);
        let end = (last + 10_000) * MS;
        events.push((end, Event::Phase(PhaseEntered { name: Phase::Draining })));
        if let Some((at, reason, detail)) = self.stopped {
            // It is told of once everything is taken back, and stamped then.
            events.push((end, Event::Cancelled(Cancelled { reason, detail: detail.into(), hint: None })));
            assert!(at == last);
        }
        events.push((end, Event::Finished(Finished { observed_until: last * MS, requests: count, by_workload: Vec::new() })));
        events.into_iter().map(|(t, event)| Stamped { t, event }).collect()
    }

    fn told(&self) -> Screens {
        let started = self.started();
        let (mut fold, mut digest) = (Fold::new(&started), Digest::default());
        digest.apply(&Stamped { t: 0, event: Event::Started(Box::new(started)) });
        for stamped in self.events() {
            fold.apply(&stamped);
            digest.apply(&stamped);
        }
        digest.settle();
        let verdict = judge(&fold.finish());
        let model = drill(&verdict, &digest, "0", &DrillContext::default());
        is_well_formed(&model);
        let (report, screen) = (markdown(&model), summary_with(&verdict, Some(&digest), 100));
        as_people_write(&screen);
        as_people_write(&report);
        Screens { screen, json: serde_json::from_str(&json(&verdict, None)).unwrap(), report, verdict, model }
    }
}

struct Screens {
    verdict: Verdict,
    screen: String,
    report: String,
    model: Report,
    json: Value,
}

impl Screens {
    /// The screen in one line, however it is wrapped.
    fn line(&self) -> String {
        self.screen.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn says(&self, text: &str) -> &Self {
        assert!(self.line().contains(text), "the screen does not say {text:?}:\n{}", self.screen);
        self
    }

    fn reports(&self, text: &str) -> &Self {
        assert!(self.report.contains(text), "the report does not say {text:?}:\n{}", self.report);
        self
    }

    fn never(&self, text: &str) -> &Self {
        assert!(!self.line().contains(text) && !self.report.contains(text), "it says {text:?}:\n{}\n{}", self.screen, self.report);
        self
    }

    fn objective(&self, name: &str) -> Option<Decision> {
        self.verdict.objectives.iter().find(|objective| objective.name.word() == name).map(|objective| objective.verdict)
    }
}

/// No length of time as files have it (`2s500ms`, `30s`), no count of nothing, no share with a blank before its sign.
pub(super) fn as_people_write(text: &str) {
    // What is to be typed stands between backticks.
    let spoken: String = text.split('`').step_by(2).collect();
    for word in spoken.split_whitespace().map(|word| word.trim_matches(|letter: char| "().,;:|*±".contains(letter))) {
        // A fingerprint may end like one.
        let is_length = !word.starts_with("00") && word.parse::<Duration>().is_ok();
        assert!(!is_length, "`{word}` is no length of time as people write it:\n{text}");
    }
    for bad in [" 0 late", " 0 lost", " 0 bad", "of these 0", " %"] {
        assert!(!spoken.contains(bad), "it says {bad:?}:\n{text}");
    }
}

/// What every renderer relies on: rows as wide as their tables, bars as long as their chart, and no markup in Lifeboat's own words.
pub(super) fn is_well_formed(report: &Report) {
    let mut texts: Vec<&Text> = vec![&report.title];
    let mut blocks: Vec<&Block> = report.opening.iter().collect();
    for section in &report.sections {
        texts.push(&section.title);
        blocks.extend(&section.blocks);
    }
    while let Some(block) = blocks.pop() {
        match block {
            Block::Paragraph(paragraph) => {
                assert!(!paragraph.lines.is_empty(), "{report:?}");
                texts.extend(&paragraph.lines);
            }
            Block::List(points) => texts.extend(points),
            Block::Table(table) => {
                assert!(table.rows.iter().all(|row| row.cells.len() == table.columns.len()), "{table:?}");
                texts.extend(table.rows.iter().flat_map(|row| &row.cells).filter_map(|cell| cell.text.as_ref()));
            }
            Block::Facts(facts) => texts.extend(facts.iter().flat_map(|fact| [&fact.label, &fact.text])),
            Block::Picture(picture) => {
                assert!(picture.series.iter().all(|series| series.counts.len() == picture.columns), "{picture:?}");
                assert!(picture.latency.iter().all(|line| line.ns.len() == picture.columns), "{picture:?}");
                texts.extend(&picture.words);
            }
            Block::Waterfall(waterfall) => {
                texts.push(&waterfall.summary);
                texts.extend(waterfall.stages.iter().flat_map(|stage| [&stage.label, &stage.source]));
                let shares: f64 = waterfall.stages.iter().filter_map(|stage| stage.share).sum();
                assert!(shares < 1.000_1, "{waterfall:?}");
            }
            Block::Intervals(_) => {}
            Block::Findings(findings) => {
                assert!(!findings.is_empty() && findings.iter().all(|finding| !finding.says.is_empty()), "{findings:?}");
                texts.extend(findings.iter().map(|finding| &finding.says));
                texts.extend(findings.iter().filter_map(|finding| finding.suggestion.as_ref()).map(|suggestion| &suggestion.text));
            }
            Block::Section(section) => {
                texts.push(&section.title);
                blocks.extend(&section.blocks);
            }
        }
    }
    let own = texts.iter().flat_map(|text| &text.0).filter(|phrase| phrase.source == PhraseSource::Lifeboat);
    for phrase in own.filter(|phrase| phrase.form == PhraseForm::Prose) {
        assert!(!["**", "<", "\n", "\\", "`"].iter().any(|markup| phrase.words.contains(markup)), "{phrase:?}");
    }
}

fn during(due: u64) -> bool {
    (FAULT..HEAL).contains(&due)
}

/// Status 503 in the provider's place.
fn unavailable() -> Fault {
    Status { code: 503, retry_after: None, retry_form: None }.into()
}

/// The gateway waits 2 s for the dead primary, each time.
fn waits(told: &mut Recorded, id: u64, due: u64) {
    if during(due) {
        told.seen(Some(id), "standby", due + 2002 + id % 7, 10, 200);
        told.done(id, due, 2030, Outcome::Ok);
    } else {
        told.usual(id, due);
    }
}

/// The gateway asks the primary each time, which refuses.
fn retries(told: &mut Recorded, id: u64, due: u64) {
    if during(due) {
        told.seen(Some(id), "primary", due + 2, 1, 503).touched = true;
        told.seen(Some(id), "standby", due + 5 + id % 3, 10, 200);
        told.done(id, due, 20, Outcome::Ok);
    } else {
        told.usual(id, due);
    }
}

#[test]
fn a_gateway_that_waits_for_the_dead_primary_each_time_is_told_on_the_first_screen() {
    let told = Drill::of(Blackhole.into(), waits).told();
    assert_eq!(told.verdict.verdict, Decision::Met, "{}", told.screen);
    told.says("rescued 360 of 400 requests went to primary before another; that cost each 2.00 to 2.01 s (median 2.01 s); until the fault ended (inferred from their wait)");
    told.says("Until the fault ended, requests still went to primary first.");
    told.reports("360 of 400 requests went to primary first and were then answered by another provider. That cost each 2.00 to 2.01 s (median 2.01 s), until the fault ended (inferred from their wait).");
    told.reports("The fault also swallowed 400 connections;");
    let rescued = &told.json["measures"]["rescued"];
    assert_eq!((&rescued["requests"], &rescued["of"], &rescued["by_connection"]), (&json!(360), &json!(400), &json!(true)));
    assert_eq!((&rescued["asked"], &rescued["until_ms"], &rescued["to_the_end"]), (&json!(["primary"]), &json!(17950.0), &json!(true)));
    assert_eq!(rescued["paid"], json!({"lo_ms": 2000.0, "median_ms": 2003.0, "hi_ms": 2006.0}));
    assert_eq!(told.json["measures"]["dispatched"], json!({"attempts": 400, "reached": 400, "connections": 400}));
    assert_eq!(told.json["evidence"]["touched_by"], json!({"drill": 0, "others": 0, "health_checks": 0, "connections": 400}));
}

#[test]
fn an_attempt_that_the_fault_answers_reaches_no_provider() {
    let mut drill = Drill::of(unavailable(), retries);
    drill.objectives.rescued = Some(Rescues { at_most: Ratio::new(0.05).unwrap(), after: Duration::from_secs(10) });
    let told = drill.told();
    assert_eq!(told.json["measures"]["dispatched"], json!({"attempts": 800, "reached": 400, "connections": 0}));
    assert_eq!(told.json["measures"]["amplification"], json!(2.0), "dispatched, as it ever was");
    told.reports("the proxies saw 800 attempts for 400 requests, 2.00 each; 400 of these attempts reached a provider, 1.00 each");
    told.says("rescued 400 of 400 requests went to primary before another; that cost each 3 to 5 ms (median 4 ms); until the fault ended (objective: at most 5% from 10 s after the fault: 200 of 200 requests)");
    assert_eq!((told.objective("rescued"), told.verdict.verdict), (Some(Decision::Missed), Decision::Missed));
    told.reports("| rescued | at most 5% from 10 s after the fault | 200 of 200 requests | missed |");
    told.reports("| status 503 on primary | 9.999 s | 10.000 s (± 0.00 ms) | 30.000 s | 400 (all by the drill) |");
    assert_eq!(told.json["measures"]["rescued"]["by_connection"], json!(false));
}

#[test]
fn a_gateway_that_learns_is_told_with_its_last_rescue_and_keeps_the_promise() {
    fn learns(told: &mut Recorded, id: u64, due: u64) {
        match due {
            _ if !during(due) => told.usual(id, due),
            ..12_000 => waits(told, id, due),
            _ => {
                told.seen(Some(id), "standby", due + 3, 10, 200);
                told.done(id, due, 20, Outcome::Ok);
            }
        }
    }
    let mut drill = Drill::of(Blackhole.into(), learns);
    drill.objectives.rescued = Some(Rescues { at_most: Ratio::new(0.05).unwrap(), after: Duration::from_secs(10) });
    let told = drill.told();
    told.says("rescued 40 of 400 requests went to primary before another; that cost each 2.00 to 2.01 s (median 2.01 s); the last 1.95 s after the fault (inferred from their wait)");
    told.never("still went to primary first");
    assert_eq!(told.objective("rescued"), Some(Decision::Met));
    told.says("(objective: at most 5% from 10 s after the fault: 0 of 200 requests)");
    drill.course = Box::new(|told: &mut Recorded, id, due| match due {
        12_000..HEAL => {
            told.seen(Some(id), "standby", due + 30, 10, 200);
            told.done(id, due, 50, Outcome::Ok);
        }
        _ if during(due) => waits(told, id, due),
        _ => told.usual(id, due),
    });
    assert_eq!(drill.told().objective("rescued"), Some(Decision::Inconclusive), "30 ms may be the wait for a dead primary, or not");
    drill.course = Box::new(learns);
    drill.fault = Refuse.into();
    assert_eq!(drill.told().objective("rescued"), Some(Decision::Inconclusive), "a refused connection leaves no trace");
}

#[test]
fn what_has_no_mark_counts_in_no_bar_attempt_or_dollar() {
    fn early(told: &mut Recorded, id: u64, due: u64) {
        if id.is_multiple_of(10) {
            told.seen(None, "standby", due, 1, 200).request = Some("GET /v1/models".into());
            let check = told.seen(None, "primary", due, 1, 200);
            (check.request, check.touched) = (Some("GET /v1/models".into()), during(due));
        }
        if during(due) || (9_990..FAULT).contains(&(due + 40)) {
            let served = told.seen(Some(id), "primary", due + 2, 60, 200);
            (served.cut, served.touched) = (true, true);
            told.done(id, due, 65, Outcome::Truncated);
        } else {
            told.usual(id, due);
        }
    }
    let told = Drill { touched: 441, ..Drill::of(EndEarly { after: 3 }.into(), early) }.told();
    assert_eq!(told.verdict.verdict, Decision::Missed, "{}", told.screen);
    told.reports("| primary | 800 | 399 |").reports("| standby | 0 | 0 | | 80 (all GET /v1/models) |");
    let bars = told.report.lines().find(|line| line.starts_with("standby")).unwrap();
    assert_eq!(bars.trim(), "standby", "no bar in the picture");
    // The primary was never left.
    told.says("failback none needed: the service never left its primary");
    told.reports("| failback | within 9 s of the heal | none needed: the service never left its primary | not applicable |");
    assert_eq!((told.objective("failback"), &told.json["measures"]["failback"]), (None, &Value::Null));
    assert_eq!(told.json["measures"]["never_left"], json!(true));
    // Touched is told by whose it was.
    told.reports("| 441 (401 by the drill, 40 health checks) |");
    assert_eq!(told.json["evidence"]["touched_by"], json!({"drill": 401, "others": 0, "health_checks": 40, "connections": 0}));
    // Lost, in flight and truncated are the same counts everywhere.
    told.says(
        "requests 400 during the fault: 400 bad (all lost); 1 more was in flight when it began, and lost; all of the lost were truncated",
    );
    told.reports("| in flight when it began | 0 | 0 | 0 | 0 | 1 | 0 |").reports("| during the fault | 0 | 0 | 0 | 0 | 400 | 0 |");
    let measures = &told.json["measures"];
    assert_eq!((&measures["lost"], &measures["lost_in_flight"]), (&json!(400), &json!(1)));
    assert_eq!((&measures["truncated"], &measures["truncated_in_flight"]), (&json!(401), &json!(1)));
}

#[test]
fn a_primary_that_does_not_come_back_is_missed_though_nobody_left_it() {
    fn dead(told: &mut Recorded, id: u64, due: u64) {
        if due < FAULT {
            told.usual(id, due);
        } else {
            told.done(id, due, 5, Outcome::Error);
        }
    }
    assert_eq!(Drill::of(Refuse.into(), dead).told().objective("failback"), Some(Decision::Missed));
}

#[test]
fn times_of_one_table_have_one_base() {
    let told = Drill::of(unavailable(), retries).told();
    told.reports("| rto | cutover within 8 s of the fault | 0.00 to 0.0");
    told.reports("Times are since the traffic began.");
    let back = told.report.lines().find(|line| line.contains("the primary serves again, and stays")).unwrap();
    assert!(back.starts_with("| the primary serves again, and stays | 20.00 to 20.0") && !back.contains("after the heal"), "{back}");
    told.says("cutover 0.00 to 0.0").says("after the fault (objective: 8 s)").says("after the heal (objective: 9 s)");
}

#[test]
fn an_unsteady_baseline_is_told_with_its_counts() {
    fn slow(told: &mut Recorded, id: u64, due: u64) {
        let late = due < FAULT && id.is_multiple_of(5);
        told.seen(Some(id), "primary", due + 2, 10, 200);
        told.done(id, due, if late { 2_600 } else { 15 }, Outcome::Ok);
    }
    fn elsewhere(told: &mut Recorded, id: u64, due: u64) {
        told.seen(Some(id), "standby", due + 2, 10, 200);
        told.done(id, due, 15, Outcome::Ok);
    }
    let told = Drill::of(Blackhole.into(), slow).told();
    told.says("the traffic before the fault was not steady: only 160 of ").says("requests were good");
    assert_eq!(told.verdict.reason, Some(Reason::BaselineUnstable));
    Drill::of(Blackhole.into(), elsewhere).told().says("did not go to the primary: it answered only 0 of 200 requests");
}

/// The fault touches nothing but the gateway's health checks.
fn checked(told: &mut Recorded, id: u64, due: u64) {
    if during(due) && id.is_multiple_of(10) {
        let check = told.seen(None, "primary", due, 1, 503);
        (check.request, check.touched) = (Some("GET /health".into()), true);
    }
}

#[test]
fn a_fault_that_touches_only_health_checks_proves_nothing_of_users() {
    fn stays(told: &mut Recorded, id: u64, due: u64) {
        checked(told, id, due);
        told.usual(id, due);
    }
    fn leaves(told: &mut Recorded, id: u64, due: u64) {
        checked(told, id, due);
        if (FAULT + 3_000..HEAL).contains(&due) {
            told.seen(Some(id), "standby", due + 2, 10, 200);
            told.done(id, due, 15, Outcome::Ok);
        } else {
            told.usual(id, due);
        }
    }
    fn shares(told: &mut Recorded, id: u64, due: u64, left: bool) {
        checked(told, id, due);
        let by = if id.is_multiple_of(2) && !(left && (FAULT + 3_000..HEAL).contains(&due)) { "primary" } else { "standby" };
        told.seen(Some(id), by, due + 2, 10, 200);
        told.done(id, due, 15, Outcome::Ok);
    }
    let drill = |gate: Gate, sharing: bool, course: fn(&mut Recorded, u64, u64)| {
        let mut drill = Drill { touched: 40, shares: sharing, ..Drill::of(unavailable(), course) };
        (drill.objectives.gate, drill.objectives.failback) = (Some(gate), None);
        drill.told()
    };
    let told = drill(Gate::Restore, false, stays);
    assert_eq!((told.verdict.verdict, told.verdict.reason), (Decision::Inconclusive, Some(Reason::FaultNotEffective)), "{}", told.screen);
    told.says("the fault touched none of the drill's requests").never("did not become good");
    assert_eq!(drill(Gate::Restore, false, leaves).verdict.verdict, Decision::Met, "by its health checks it left, and a standby answered");
    assert_eq!(drill(Gate::Cutover, false, stays).verdict.reason, Some(Reason::CutoverNotExercised));
    for gate in [Gate::Restore, Gate::Cutover] {
        let stays = drill(gate, true, |told, id, due| shares(told, id, due, false)).verdict;
        assert_eq!((stays.verdict, stays.reason), (Decision::Inconclusive, Some(Reason::FaultNotEffective)), "{gate}");
        assert_eq!(drill(gate, true, |told, id, due| shares(told, id, due, true)).verdict.verdict, Decision::Met, "{gate}");
    }
}

#[test]
fn what_is_verified_is_what_gates() {
    fn returns(told: &mut Recorded, id: u64, due: u64) {
        if (FAULT..FAULT + 1_000).contains(&due) { told.done(id, due, 5, Outcome::Error) } else { told.usual(id, due) }
    }
    let mut drill = Drill::of(unavailable(), returns);
    (drill.objectives.gate, drill.objectives.failback) = (Some(Gate::Restore), None);
    drill.told().reports("| service is good again | 0.94 to 1.00 s |").reports("| that has held for 6 s | 7.00 s |");
}

#[test]
fn a_stop_after_the_heal_is_blamed_for_nothing_that_happened_before() {
    fn shaky(told: &mut Recorded, id: u64, due: u64) {
        if during(due) && [20_000, 20_500, 21_000, 21_500, 22_000, 27_100, 27_200].contains(&due) {
            told.seen(Some(id), "standby", due + 2, 10, 503);
            told.done(id, due, 15, Outcome::Error);
        } else if during(due) {
            told.seen(Some(id), "standby", due + 2, 10, 200);
            told.done(id, due, 15, Outcome::Ok);
        } else {
            told.usual(id, due);
        }
    }
    fn steady(told: &mut Recorded, id: u64, due: u64) {
        if during(due) {
            told.seen(Some(id), "standby", due + 2, 10, 200);
            told.done(id, due, 15, Outcome::Ok);
        } else {
            told.usual(id, due);
        }
    }
    let stopped = Some((32_000, StopReason::Person, "stopped by a person"));
    let told = |course: fn(&mut Recorded, u64, u64)| Drill { stopped, ..Drill::of(unavailable(), course) }.told();
    let unclear = told(shaky);
    assert_eq!(
        (unclear.verdict.verdict, unclear.verdict.reason),
        (Decision::Inconclusive, Some(Reason::StabilityUnclear)),
        "{}",
        unclear.screen
    );
    // The window that is told ends where its own last bad request was due, and not with the last of all.
    unclear.says("5 of 120 requests were bad in the 6 s up to 12.00 s after the fault").never("let it run to its end");
    let open = told(steady);
    assert_eq!((open.verdict.verdict, open.verdict.reason), (Decision::Inconclusive, Some(Reason::Stopped)), "{}", open.screen);
    open.says("let it run to its end");
    let dead = told(|told, id, due| if due < FAULT { told.usual(id, due) } else { told.done(id, due, 5, Outcome::Error) });
    dead.says("and none served well for the hold of 6 s before the fault ended").never("before the drill was stopped");
}

/// A record of a request every 100 ms, all of them good but some before the fault.
fn recorded(length: i64, objectives: Value, bad_before: &[i64], touched: Option<u64>) -> (Verdict, String) {
    let one = |due: i64| {
        let (outcome, by) = if bad_before.contains(&due) { ("error", None) } else { ("ok", Some("a")) };
        json!({"due_ms": due, "done_ms": due + 20, "outcome": outcome, "served_by": by})
    };
    let mut record = json!({
        "bare_history": 1, "primary": ["a"], "standbys": ["b"], "objectives": objectives,
        "fault": {"lo_ms": 0, "hi_ms": 0}, "heal": {"lo_ms": length, "hi_ms": length},
        "requests": (-100..length / 100).map(|place| one(place * 100)).collect::<Vec<_>>(),
    });
    if let Some(touched) = touched {
        record["fault"]["requests_touched"] = json!(touched);
    }
    let verdict = judge(&crate::history::bare(record.to_string().as_bytes()).unwrap());
    let screen = summary(&verdict, 100).split_whitespace().collect::<Vec<_>>().join(" ");
    (verdict, screen)
}

#[test]
fn where_nothing_went_bad_nobody_was_ill_served() {
    for (length, touched) in [(0, None), (3_000, None), (0, Some(9)), (3_000, Some(9))] {
        let (verdict, screen) = recorded(length, json!({"gate": "restore"}), &[], touched);
        assert_eq!(verdict.verdict, Decision::Inconclusive);
        assert!(!screen.contains("still bad") && !screen.contains("did not become good"), "{screen}");
    }
}

#[test]
fn what_the_baseline_was_held_against_is_told() {
    let goals = json!({"success": 0.9, "baseline_success": 0.99});
    let (verdict, screen) = recorded(30_000, goals, &[-900, -800, -700, -600, -500], Some(9));
    assert_eq!(verdict.reason, Some(Reason::BaselineUnstable));
    assert!(screen.contains("only 95 of 100 requests were good"), "{screen}");
}
