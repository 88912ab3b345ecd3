//! What drills leave to look into: each finding by the name that stays the same, from a small recorded drill that shows it.

use super::*;
use crate::history::{AlertReceived, AlertSource, Remark, RemarkAbout, RunbookStarted, SightGap, StepEnd, StepFinished};
use crate::model::{Condition, Goal, LossBudget, Runbook, StartMode};
use crate::report::{FindingSeverity, ReportFinding};

fn all(told: &Screens) -> Vec<ReportFinding> {
    let mut blocks: Vec<&Block> = told.model.sections.iter().flat_map(|section| &section.blocks).collect();
    let mut found = Vec::new();
    while let Some(block) = blocks.pop() {
        match block {
            Block::Findings(findings) => found.extend(findings.iter().cloned()),
            Block::Section(section) => blocks.extend(&section.blocks),
            _ => {}
        }
    }
    found
}

/// The finding of this name.
#[track_caller]
fn one(told: &Screens, id: &str) -> ReportFinding {
    let found = all(told);
    let ids: Vec<&str> = found.iter().map(|finding| finding.id.as_str()).collect();
    found.iter().find(|finding| finding.id == id).cloned().unwrap_or_else(|| panic!("{id} is not among {ids:?}:\n{}", told.report))
}

fn has(told: &Screens, id: &str) -> bool {
    all(told).iter().any(|finding| finding.id == id)
}

/// A standby answers at once during the fault.
fn moves(told: &mut Recorded, id: u64, due: u64) {
    if during(due) {
        told.seen(Some(id), "standby", due + 2, 10, 200);
        told.done(id, due, 15, Outcome::Ok);
    } else {
        told.usual(id, due);
    }
}

fn dies(told: &mut Recorded, id: u64, due: u64) {
    if during(due) { told.done(id, due, 5, Outcome::Error) } else { told.usual(id, due) }
}

#[test]
fn a_missed_objective_is_shown_by_lines_of_the_history_and_requests() {
    let drill = Drill::of(unavailable(), dies);
    let told = drill.told();
    let missed = one(&told, "rto-missed");
    assert_eq!((missed.severity, missed.objective.as_deref()), (FindingSeverity::High, Some("rto")));
    assert!(missed.says.plain().starts_with("The objective rto, cutover within 8 s of the fault, was missed: "), "{}", missed.says.plain());
    assert_eq!((missed.evidence.requests.first(), missed.evidence.count), (Some(&200), Some(400)));
    // The first line is that of the event `started`.
    let events = drill.events();
    let line = usize::try_from(missed.evidence.events[0]).unwrap();
    assert!(matches!(&events[line - 2].event, Event::Request(done) if done.id == 200 && done.outcome == Outcome::Error));
    let lost = one(&told, "requests-lost");
    assert_eq!(lost.says.plain(), "400 of 400 requests that were due during the fault were lost.");
    assert!(all(&told).windows(2).all(|pair| pair[0].severity >= pair[1].severity), "what matters most comes first");
    told.reports("| finding | severity | what was seen | what to do | owner | due | ticket | state |")
        .reports("requests 200, 201, 202, 203 and 204, 400 in all");
}

#[test]
fn a_drill_that_went_well_leaves_nothing_to_look_into() {
    assert_eq!(all(&Drill::of(unavailable(), moves).told()), []);
}

#[test]
fn a_dead_primary_that_is_asked_again_and_again() {
    let told = Drill::of(unavailable(), retries).told();
    let asked = one(&told, "dead-primary-asked");
    let says = asked.says.plain();
    assert!(
        says.starts_with("The reference gateway asked primary ") && says.contains("400 of 400 requests went to primary before another"),
        "{says}"
    );
    assert_eq!(asked.evidence.count, Some(400));
    let waits = one(&Drill::of(Blackhole.into(), waits).told(), "dead-primary-asked");
    assert!(waits.says.plain().contains("(inferred from their wait)"), "{}", waits.says.plain());
    // A probe now and then is how a breaker works.
    let probed =
        Drill::of(
            unavailable(),
            |told, id, due| {
                if during(due) && id.is_multiple_of(100) { retries(told, id, due) } else { moves(told, id, due) }
            },
        );
    assert!(!has(&probed.told(), "dead-primary-asked"));
}

#[test]
fn what_nearly_failed_is_told() {
    fn late(told: &mut Recorded, id: u64, due: u64) {
        if (FAULT..FAULT + 7_000).contains(&due) { told.done(id, due, 5, Outcome::Error) } else { moves(told, id, due) }
    }
    let mut drill = Drill::of(unavailable(), late);
    drill.objectives.lost = Some(LossBudget::Requests(150));
    let told = drill.told();
    assert_eq!(told.verdict.verdict, Decision::Met, "{}", told.screen);
    let near = one(&told, "near-miss-rto");
    assert_eq!((near.severity, near.objective.as_deref()), (FindingSeverity::Low, Some("rto")));
    assert!(near.says.plain().contains("with less than a fifth of it to spare"), "{}", near.says.plain());
    assert!(has(&told, "near-miss-lost") && !has(&told, "requests-lost"), "what was promised is not told twice");
    drill.objectives.rto = Some(Duration::from_secs(10));
    assert!(!has(&drill.told(), "near-miss-rto"), "three seconds of ten are enough");
}

#[test]
fn what_users_got_is_told_with_its_counts() {
    fn bad(told: &mut Recorded, id: u64, due: u64) {
        match due {
            FAULT..12_000 => {
                told.seen(Some(id), "standby", due + 2, 2_600, 200);
                told.done(id, due, 2_700, Outcome::Ok);
            }
            20_000..20_100 => told.done(id, due, 5, Outcome::Truncated),
            35_000..35_100 => told.done(id, due, 5, Outcome::Error),
            _ if during(due) => {
                told.seen(Some(id), "standby", due + 2, 300, 200);
                told.seen(Some(id), "standby", due + 3, 300, 200);
                told.done(id, due, 310, Outcome::Ok);
            }
            _ => told.usual(id, due),
        }
    }
    let told = Drill::of(unavailable(), bad).told();
    let late = one(&told, "late-answers");
    assert_eq!(late.says.plain(), "40 of 400 requests that were due during the fault waited longer than 2.5 s.");
    assert_eq!((late.evidence.requests.first(), late.evidence.count), (Some(&200), Some(40)));
    assert!(one(&told, "truncated-streams").says.plain().starts_with("2 answers ended before they were whole"));
    assert_eq!(one(&told, "failback-hurt").says.plain(), "2 requests were lost after the fault was healed.");
    assert!(one(&told, "duplicate-answers").evidence.count.is_some_and(|count| count > 300));
    let slow = one(&told, "standby-slow");
    assert_eq!(slow.about.as_deref(), Some("standby"));
    assert!(slow.says.plain().contains("primary had taken 10 ms before"), "{}", slow.says.plain());
}

#[test]
fn a_storm_of_retries_and_a_pause_that_nobody_kept() {
    fn storms(told: &mut Recorded, id: u64, due: u64) {
        if during(due) {
            for attempt in 0..4 {
                told.seen(Some(id), "primary", due + 2 + attempt * 3, 1, 429).touched = true;
            }
            told.seen(Some(id), "standby", due + 20, 10, 200);
            told.done(id, due, 35, Outcome::Ok);
        } else {
            told.usual(id, due);
        }
    }
    let fault = Status { code: 429, retry_after: Some(Duration::from_secs(30)), retry_form: None };
    let told = Drill::of(fault.into(), storms).told();
    let storm = one(&told, "retry-storm");
    assert!(storm.says.plain().contains("5.00 each; 400 were tried 4 times or more"), "{}", storm.says.plain());
    let ignored = one(&told, "retry-after-ignored");
    assert!(ignored.says.plain().starts_with("primary asked for a pause of 30 s (`Retry-After`), and "), "{}", ignored.says.plain());
    assert!(!ignored.evidence.requests.is_empty());
}

#[test]
fn a_trial_that_proves_nothing_says_why() {
    let unsteady = Drill::of(unavailable(), |told, id, due| {
        told.seen(Some(id), "primary", due + 2, 10, 200);
        told.done(id, due, if due < FAULT && id.is_multiple_of(5) { 2_600 } else { 15 }, Outcome::Ok);
    });
    let unsteady = one(&unsteady.told(), "baseline-unsteady");
    assert_eq!((unsteady.severity, unsteady.evidence.requests.first()), (FindingSeverity::Medium, Some(&0)));
    assert!(unsteady.suggestion.is_some());
    let idle = Drill { touched: 0, ..Drill::of(unavailable(), Recorded::usual) };
    assert!(has(&idle.told(), "fault-without-effect"));
    let stopped = Some((20_000, StopReason::Person, "stopped by a person"));
    let told = Drill { stopped, ..Drill::of(unavailable(), moves) }.told();
    assert!(one(&told, "drill-stopped").says.plain().starts_with("The drill was stopped early: stopped by a person."));
    assert!(has(&told, "objective-undecided"));
}

#[test]
fn what_happened_beside_the_traffic_is_told_with_its_line() {
    let remark = |about, text: &str| Event::Remark(Remark { about, text: text.into() });
    let failed = StepFinished { step: 0, end: StepEnd::Failed, output: "no".into(), unsure: false, value: None };
    let (lo, hi) = (11_000 * MS, 11_000 * MS);
    let besides = vec![
        (12_000, Event::SightGap(SightGap { missed: 7 })),
        (12_100, remark(RemarkAbout::Store, "vault:kv/x could not be restored")),
        (12_200, remark(RemarkAbout::Redaction, "KEY is not known")),
        (12_300, Event::StepFinished(failed)),
        (12_400, Event::FaultConfirmed(FaultConfirmed { fault: 7, on: "standby".into(), lo, hi })),
    ];
    let drill = Drill { besides, ..Drill::of(unavailable(), moves) };
    let told = drill.told();
    assert_eq!(one(&told, "proxy-missed").says.plain(), "The proxy missed 7 exchanges: it was not read fast enough.");
    assert_eq!(one(&told, "left-behind").says.plain(), "Vault:kv/x could not be restored.");
    assert_eq!(one(&told, "left-behind").severity, FindingSeverity::High);
    assert!(one(&told, "step-failed").says.plain().contains("failed") && has(&told, "secret-not-known"));
    let open = one(&told, "heal-not-confirmed");
    assert_eq!((open.about.as_deref(), open.severity), (Some("standby"), FindingSeverity::High));
    let line = usize::try_from(open.evidence.events[0]).unwrap();
    assert!(matches!(&drill.events()[line - 2].event, Event::FaultConfirmed(fault) if fault.fault == 7));
}

#[test]
fn others_who_were_hit_and_an_alert_that_never_came() {
    fn shared(told: &mut Recorded, id: u64, due: u64) {
        if during(due) && id.is_multiple_of(100) {
            let other = told.seen(None, "primary", due, 1, 503);
            (other.request, other.touched) = (Some("POST /v1/chat/completions".into()), true);
        }
        moves(told, id, due);
    }
    let runbook = Runbook {
        name: "switch".into(),
        owner: None,
        reviewed: None,
        start: StartMode::OnDetection,
        detect: Condition::of(Goal::Alert("AzureDown".into())),
        reaction: None,
        severity: None,
        roles: std::collections::BTreeMap::new(),
        escalate: Vec::new(),
        updates: Vec::new(),
        steps: Vec::new(),
    };
    let alert = |after: i64, name: &str, firing: bool, starts_at: Option<&str>| {
        let at = FAULT.saturating_add_signed(after);
        let (source, name, starts_at) = (AlertSource::Grafana, name.to_owned(), starts_at.map(str::to_owned));
        (at, Event::AlertReceived(AlertReceived { at: at * MS, source, name, instance: String::new(), firing, starts_at, ends_at: None }))
    };
    let with = |besides| Drill { runbook: Some(runbook.clone()), besides, ..Drill::of(unavailable(), shared) }.told();
    let early = with(vec![alert(-4_000, "AzureDown", true, None), alert(-2_000, "AzureDown", false, None)]);
    let says =
        "The alert AzureDown fired already 4 s before the fault, so it tells nothing of this one; the runbook switch was never started.";
    assert_eq!(one(&early, "alert-before-fault").says.plain(), says);
    let other = with(vec![alert(1_000, "azuredown", true, None)]);
    let found = one(&other, "alert-never-came");
    assert_eq!(found.says.plain(), "The alert AzureDown never came, but azuredown did; the runbook switch was never started.");
    let suggestion = found.suggestion.as_ref().map(|suggestion| suggestion.text.plain());
    assert_eq!(suggestion.as_deref(), Some("Write the name in the runbook as it arrives: azuredown."));
    let began = RunbookStarted { runbook: "switch".into(), because: "the alert AzureDown: received".into() };
    let stale = with(vec![alert(1_000, "AzureDown", true, Some("2026-11-21T11:59:30Z")), (FAULT + 1_100, Event::RunbookStarted(began))]);
    let says = &one(&stale, "alert-before-fault").says.plain();
    assert!(says.contains("started the runbook switch, but by its sender's clock it fired already 40 s before the fault"), "{says}");
    let told = with(Vec::new());
    let others = one(&told, "others-touched");
    assert_eq!(others.says.plain(), "The fault on primary also touched 4 requests that are not the drill's.");
    assert_eq!(one(&told, "alert-never-came").says.plain(), "The alert AzureDown never came, so the runbook switch was never started.");
}

#[test]
fn a_relapse_and_a_primary_that_stays_away_are_missed_objectives() {
    fn relapses(told: &mut Recorded, id: u64, due: u64) {
        match due {
            22_000..24_000 => told.done(id, due, 5, Outcome::Error),
            HEAL.. => {
                told.seen(Some(id), "standby", due + 2, 10, 200);
                told.done(id, due, 15, Outcome::Ok);
            }
            _ => moves(told, id, due),
        }
    }
    let told = Drill::of(Refuse.into(), relapses).told();
    assert_eq!(one(&told, "relapse").severity, FindingSeverity::High, "{}", told.screen);
    assert_eq!(one(&told, "failback-missed").objective.as_deref(), Some("failback"));
}

#[test]
fn what_was_kept_stands_beside_what_was_found() {
    let drill = Drill::of(unavailable(), dies);
    let started = drill.started();
    let mut fold = Fold::new(&started);
    let mut digest = Digest::default();
    digest.apply(&Stamped { t: 0, event: Event::Started(Box::new(started)) });
    for stamped in drill.events() {
        fold.apply(&stamped);
        digest.apply(&stamped);
    }
    digest.settle();
    let verdict = judge(&fold.finish());
    let mut kept = crate::report::kept_findings(&verdict, &digest, None);
    kept.drill = Some("the one before".into());
    for entry in &mut kept.entries {
        (entry.owner, entry.since) = (Some("ann | bob".into()), Some("an older one".into()));
    }
    let context = DrillContext { kept: Some(kept), ..DrillContext::default() };
    let model = super::drill(&verdict, &digest, "0", &context);
    let report = markdown(&model);
    assert!(report.contains("ann \\| bob") && report.contains("still there, since an older one"), "{report}");
}
