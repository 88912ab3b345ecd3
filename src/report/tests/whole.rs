//! Whole reports as they are written down, and two as the model holds them: a changed word, row or order shows here.
//!
//! Where the change is meant: `INSTA_UPDATE=always cargo test --lib report::`, and read the difference.

use super::*;
use crate::history::{Contacted, ExecutionEnd, ExecutionFinished, ExecutionStarted, FORMAT, History, KeyHeld, KeyMinted, Note, RunOrigin};
use crate::history::{KeyProbed, KeyStanding, KeyStored, RunbookStarted, StepFinished, StepStarted};
use crate::model::{Action, Condition, Confirm, Environment, ExecutionPlan, Goal, Rotate, RotationPart, Runbook, StartMode, Step, StepEnd};
use crate::report::{Report, execution};
use crate::units::{Fingerprint, Seed};
use insta::assert_snapshot;
use std::collections::BTreeMap;

fn dies(told: &mut Recorded, id: u64, due: u64) {
    if during(due) { told.done(id, due, 5, Outcome::Error) } else { told.usual(id, due) }
}

fn model(report: &Report) -> String {
    serde_json::to_string_pretty(report).unwrap()
}

#[test]
fn a_drill_that_was_met() {
    let told = Drill::of(unavailable(), retries).told();
    assert_snapshot!("met.md", told.report);
    assert_snapshot!("met.txt", told.screen);
}

#[test]
fn a_drill_that_was_missed() {
    let told = Drill::of(Blackhole.into(), dies).told();
    assert_snapshot!("missed.md", told.report);
    assert_snapshot!("missed.txt", told.screen);
}

#[test]
fn a_drill_that_never_sent_anything() {
    let detail = "2 things are wrong:\n  1. CLIENT_KEY is not set\n  2. nobody listens at h|p\n\nhint: set it: `export CLIENT_KEY=…`";
    let stopped = Some((0, StopReason::Environment, detail));
    let told = Drill { stopped, ..Drill::of(Blackhole.into(), dies) }.told();
    assert_snapshot!("stopped.md", told.report);
    assert_snapshot!("stopped.txt", told.screen);
    assert_snapshot!("stopped.json", model(&told.model));
}

#[test]
fn a_key_that_was_revoked_and_replaced() {
    let story = emergency();
    let mut digest = Digest::default();
    digest.apply(&Stamped { t: 0, event: Event::Started(Box::new(story.started())) });
    story.events().iter().for_each(|stamped| digest.apply(stamped));
    digest.settle();
    let report = drill(&story.judged(), &digest, "0", &DrillContext::default());
    is_well_formed(&report);
    assert_snapshot!("key.md", markdown(&report));
    assert_snapshot!("key.txt", summary(&story.judged(), 100));
}

/// A person was asked, a key was replaced half-way, and somebody could not be told.
fn walk() -> History {
    const OLD: Fingerprint = Fingerprint(0xa);
    const NEW: Fingerprint = Fingerprint(0xb);
    let credential = || "openai_key".to_owned();
    let minute: Duration = "1m".parse().unwrap();
    let rotate = |part| Action::Rotate(Rotate { part, credential: credential(), from: None });
    let mut ask = Step::new("Ask | decide", Action::Confirm(Confirm { question: "Go on?".into(), ..Confirm::default() }), minute);
    (ask.owner, ask.expected) = (Some("ann".into()), Some(Duration::from_secs(2)));
    let steps = vec![ask, Step::new("Mint", rotate(RotationPart::Mint), minute), Step::new("Store", rotate(RotationPart::Store), minute)];
    let runbook = Runbook {
        name: "replace <the> key".into(),
        owner: Some("ann".into()),
        reviewed: None,
        start: StartMode::ByHand,
        detect: Condition::of(Goal::Fails(3)),
        reaction: None,
        severity: None,
        roles: std::collections::BTreeMap::new(),
        escalate: Vec::new(),
        updates: Vec::new(),
        steps,
    };
    let plan = ExecutionPlan {
        runbook,
        environment_name: Some("staging".into()),
        environment: Environment::default(),
        service_name: Some("chat".into()),
        service: None,
        providers: BTreeMap::new(),
        credentials: BTreeMap::new(),
        stores: BTreeMap::new(),
        secrets: BTreeMap::new(),
        contacts: BTreeMap::new(),
        mail: None,
        sources: Vec::new(),
        parameters: std::collections::BTreeMap::new(),
    };
    let started = ExecutionStarted {
        format: FORMAT,
        lifeboat: "0".into(),
        execution: "walk".into(),
        seed: Seed(1),
        wall_clock: "2026-11-21T12:00:00Z".into(),
        origin: RunOrigin::default(),
        root: "/srv".into(),
        plan,
    };
    let begin = |step: u32, name: &str| Event::StepStarted(StepStarted { step, attempt: 1, name: name.into() });
    let end = |step: u32, end: StepEnd, output: &str| {
        Event::StepFinished(StepFinished { step, end, output: output.into(), unsure: false, value: None })
    };
    let at = |tenths: u64| tenths * 100 * MS;
    let (lo, hi) = (at(41), at(42));
    let events = [
        (0, Event::ExecutionStarted(Box::new(started))),
        (0, Event::RunbookStarted(RunbookStarted { runbook: "replace <the> key".into(), because: "ann said so".into() })),
        (1, begin(0, "Ask | decide")),
        (35, end(0, StepEnd::Done, "yes")),
        (36, Event::KeyHeld(KeyHeld { credential: credential(), key: OLD, id: None })),
        (37, begin(1, "Mint")),
        (42, Event::KeyMinted(KeyMinted { credential: credential(), key: NEW, id: "svc_1".into(), lo, hi })),
        (43, end(1, StepEnd::Done, "")),
        (44, begin(2, "Store")),
        (
            45,
            Event::KeyStored(KeyStored {
                credential: credential(),
                key: OLD,
                place: "dotenv:.env#KEY".into(),
                version: "1".into(),
                lo,
                hi,
            }),
        ),
        (46, probe(credential(), NEW, at(46))),
        (47, probe(credential(), NEW, at(47))),
        (50, end(2, StepEnd::Failed, "permission denied\n`chmod`?")),
        (
            51,
            Event::Contacted(Contacted {
                contact: "bob".into(),
                because: "it failed".into(),
                end: StepEnd::Failed,
                output: "no route".into(),
                key: String::new(),
                said: String::new(),
            }),
        ),
        (52, Event::Note(Note { text: "*tried* again by hand".into() })),
        (60, Event::ExecutionFinished(ExecutionFinished { end: ExecutionEnd::Failed })),
    ];
    History { events: events.into_iter().map(|(tenths, event)| Stamped { t: at(tenths), event }).collect(), torn: false }
}

fn probe(credential: String, key: Fingerprint, at: u64) -> Event {
    let (standing, status, why) = (KeyStanding::Accepted, 200, String::new());
    Event::KeyProbed(KeyProbed { credential, key, standing, status, lo: at, hi: at, last: false, why })
}

#[test]
fn a_runbook_that_was_walked_for_real() {
    let report = execution(&walk()).unwrap();
    is_well_formed(&report);
    assert_snapshot!("walk.md", markdown(&report));
    assert_snapshot!("walk.json", model(&report));
    assert_eq!(execution(&History { events: Vec::new(), torn: false }), None, "a history of nothing");
}
