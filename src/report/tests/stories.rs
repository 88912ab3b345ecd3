//! Drills with a known story, written by hand: what a report must say of each, and what it must not.
//!
//! A number in a story decides a sentence; where it is changed, the sentence must change with it.

use super::*;
use crate::history::{AlertReceived, AlertSource, RunbookStarted, StepEnd, StepFinished, StepStarted};
use crate::model::{Action, Command, Condition, Goal, StartMode, Step};
use crate::report::SectionKind;
use crate::rotation_story::NEW;

/// What stands in the sections of a kind, in one line each.
fn points(report: &Report, kind: SectionKind) -> Vec<String> {
    let of_kind = report.sections.iter().filter(|section| section.kind == kind);
    of_kind
        .flat_map(|section| &section.blocks)
        .flat_map(|block| match block {
            Block::List(points) => points.iter().map(Text::plain).collect(),
            Block::Waterfall(waterfall) => {
                let stage = |stage: &super::super::WaterfallStage| format!("{}: {}", stage.label.plain(), stage.source.plain());
                [waterfall.summary.plain()].into_iter().chain(waterfall.stages.iter().map(stage)).collect::<Vec<_>>()
            }
            _ => Vec::new(),
        })
        .collect()
}

/// All that is said of a drill on its first screens.
fn told(screens: &Screens) -> String {
    let found = points(&screens.model, SectionKind::Found);
    let waterfall = points(&screens.model, SectionKind::Waterfall);
    let opening = screens.report.lines().nth(2).unwrap_or_default().to_owned();
    [opening].into_iter().chain(found).chain(waterfall).collect::<Vec<_>>().join("\n")
}

/// What must be said of a story, and what must not.
fn holds(drill: &Drill, must: &[&str], never: &[&str]) -> Screens {
    let screens = drill.told();
    let told = told(&screens);
    for text in must {
        assert!(told.contains(text), "it does not say {text:?}:\n{told}");
    }
    for text in never {
        assert!(!told.contains(text), "it says {text:?}:\n{told}");
    }
    assert!(points(&screens.model, SectionKind::Found).len() <= 8, "{told}");
    screens
}

/// What is found to look into, by its names, and what is not.
fn finds(screens: &Screens, must: &[&str], never: &[&str]) {
    let blocks = screens.model.sections.iter().flat_map(|section| &section.blocks);
    let findings = blocks.flat_map(|block| if let Block::Findings(findings) = block { findings.as_slice() } else { &[] });
    let ids: Vec<String> = findings.map(|finding| finding.id.to_string()).collect();
    assert!(must.iter().all(|id| ids.iter().any(|found| found == id)), "{must:?} are not all among {ids:?}");
    assert!(!never.iter().any(|id| ids.iter().any(|found| found == id)), "one of {never:?} is among {ids:?}");
}

fn served(told: &mut Recorded, id: u64, due: u64, after: u64) {
    told.seen(Some(id), "standby", due + after, 10, 200);
    told.done(id, due, after + 15, Outcome::Ok);
}

/// The primary answers 503 itself, and the gateway passes that on.
fn fails(told: &mut Recorded, id: u64, due: u64) {
    told.seen(Some(id), "primary", due + 2, 1, 503).touched = true;
    told.done(id, due, 5, Outcome::Error);
}

/// So many milliseconds after the fault the standby takes over.
fn failover(after: u64) -> impl Fn(&mut Recorded, u64, u64) {
    move |told, id, due| match due {
        FAULT..HEAL if due < FAULT + after => fails(told, id, due),
        FAULT..HEAL => served(told, id, due, 2),
        _ => told.usual(id, due),
    }
}

#[test]
fn a_clean_failover() {
    let lost = |after: u64, count: &str, went: &str| {
        let never =
            ["still asked", "retry storm", "first and w", "slower", "came and went", "No request was sent", "second time", "runbook"];
        holds(&Drill::of(unavailable(), failover(after)), &[count, went, "the gateway asks a standby, by itself"], &never)
    };
    let told =
        lost(3_000, "60 of 400 requests during the fault ended with an error.", "3.0 of 3.0 s went by before the gateway asked a standby.");
    told.says("where 3.0 of 3.0 s went by before the gateway asked a standby.");
    finds(
        &told,
        &["requests-lost"],
        &["rto-missed", "dead-primary-asked", "retry-storm", "late-answers", "failback-hurt", "near-miss-rto"],
    );
    lost(5_000, "100 of 400 requests during the fault ended with an error.", "5.0 of 5.0 s went by before the gateway asked a standby.");
}

#[test]
fn a_gateway_that_keeps_asking_the_dead_primary() {
    let asks = |every: u64, waits: u64| {
        move |told: &mut Recorded, id: u64, due: u64| {
            if during(due) && id.is_multiple_of(every) {
                told.seen(Some(id), "primary", due + 2, waits, 503).touched = true;
                served(told, id, due, 5 + waits);
            } else {
                failover(0)(told, id, due);
            }
        }
    };
    // Requests are due every 50 ms for 20 s; a tenth of a second in which service came back is not counted.
    let always = holds(
        &Drill::of(unavailable(), asks(1, 2_000)),
        &[
            "The reference gateway still asked primary 3",
            "360 of 400 requests went to primary first and were then answered by another provider. That cost each 2.01 s",
            "2.00 each",
        ],
        &["retry storm", "ended with"],
    );
    always.says("Until the fault ended, requests still went to primary first.");
    finds(&always, &["dead-primary-asked"], &["requests-lost", "retry-storm", "late-answers"]);
    holds(
        &Drill::of(unavailable(), asks(4, 1_000)),
        &[
            "The reference gateway still asked primary ",
            "95 of 400 requests went to primary first and were then answered by another provider. That cost each 1.01 s",
        ],
        &["primary 3", "attempts for the"],
    );
    holds(&Drill::of(unavailable(), asks(300, 1_000)), &[], &["still asked"]);
}

/// A runbook that moves users to the standby in one step.
fn runbook(start: StartMode) -> Runbook {
    let run = Action::Run(Command {
        argv: vec!["switch".into()],
        env: std::collections::BTreeMap::new(),
        pass: Vec::new(),
        folder: None,
        exit_codes: Vec::new(),
        leaves_running: false,
        grace: Command::GRACE,
    });
    let minute: Duration = "1m".parse().unwrap();
    Runbook {
        name: "move".into(),
        owner: None,
        reviewed: None,
        start,
        detect: Condition::of(Goal::Alert("ServiceSlow".into())),
        reaction: None,
        severity: None,
        roles: std::collections::BTreeMap::new(),
        escalate: Vec::new(),
        updates: Vec::new(),
        steps: vec![Step::new("Switch to the standby", run, minute)],
    }
}

/// It begins, and its step ends, so many milliseconds after the fault.
fn walked(began: u64, done: u64) -> Vec<(u64, Event)> {
    let because = "a person".to_owned();
    vec![
        (FAULT + began, Event::RunbookStarted(RunbookStarted { runbook: "move".into(), because })),
        (FAULT + began + 1, Event::StepStarted(StepStarted { step: 0, name: "Switch to the standby".into(), attempt: 1 })),
        (
            FAULT + done,
            Event::StepFinished(StepFinished { step: 0, end: StepEnd::Done, output: String::new(), unsure: false, value: None }),
        ),
    ]
}

#[test]
fn a_person_who_notices_late() {
    let mut drill = Drill::of(unavailable(), failover(7_000));
    (drill.runbook, drill.besides) = (Some(runbook(StartMode::ByHand)), walked(6_100, 6_900));
    let never = ["by itself", "good for", "still asked", "The alert"];
    let told = holds(
        &drill,
        &[
            "6.1 of 7.0 s went by before the runbook started.",
            "a person starts the runbook",
            "the runbook has done: Switch to the standby",
            "140 of 400",
        ],
        &never,
    );
    told.says("where 6.1 of 7.0 s went by before the runbook started.");
    finds(&told, &["near-miss-rto"], &["rto-missed", "dead-primary-asked"]);
    // Whoever notices at once and then takes long.
    drill.besides = walked(300, 6_900);
    holds(
        &drill,
        &[
            "6.6 of 7.0 s went by before the runbook had acted.",
            "Of the 6.6 s that the runbook took to act, 6.5 s went into the step Switch to the standby.",
        ],
        &["before the runbook started"],
    );
    // The gateway does not wait for it.
    drill.besides = walked(9_000, 9_500);
    holds(
        &drill,
        &["Service was good again before the runbook move had changed anything", "the gateway asks a standby, by itself"],
        &["runbook started"],
    );
}

#[test]
fn an_alert_that_comes_when_all_is_over() {
    let fired = |after: u64, starts_at: Option<&str>| {
        let at = FAULT + after;
        let alert = AlertReceived {
            at: at * MS,
            source: AlertSource::Alertmanager,
            name: "ServiceSlow".into(),
            instance: String::new(),
            firing: true,
            starts_at: starts_at.map(str::to_owned),
            ends_at: None,
        };
        Drill { besides: vec![(at, Event::AlertReceived(alert))], ..Drill::of(unavailable(), failover(3_000)) }
    };
    let alert = |after| fired(after, None);
    let late =
        "The alert ServiceSlow came 9 s after the first request was hurt, when service was good again already: it came too late to help.";
    holds(
        &alert(9_000),
        &[late, "the alert ServiceSlow arrives: alertmanager, when Lifeboat received it, 9.00 s after the first request was hurt"],
        &[],
    );
    holds(&alert(2_000), &["The alert ServiceSlow came 2 s after the first request was hurt."], &["too late to help"]);
    holds(&alert(400), &["the alert ServiceSlow arrives"], &["The alert ServiceSlow came"]);
    // The drill's clock began at noon, and the fault 10 s after it.
    let rule = "the alert ServiceSlow fires: alertmanager, by its own clock";
    let way = "2.00 s after the first request was hurt, 1.2 s after it fired: grouping and delivery";
    holds(&fired(2_000, Some("2026-11-21T12:00:10.8Z")), &[rule, way], &["clock is"]);
    let ahead = "its sender's clock is at least 3.5 s ahead of this host's";
    holds(&fired(2_000, Some("2026-11-21T13:00:15.5+01:00")), &[ahead], &[rule]);
    let early = "it fired 40 s before the fault by its sender's clock: it tells of something else, or that clock is behind";
    holds(&fired(2_000, Some("2026-11-21T11:59:30Z")), &[early], &[rule]);
}

#[test]
fn streams_that_break_off_and_look_whole() {
    let breaks = |why: &'static str| {
        move |told: &mut Recorded, id: u64, due: u64| {
            if (FAULT..FAULT + 4_000).contains(&due) {
                let seen = told.seen(Some(id), "primary", due + 2, 60, 200);
                (seen.cut, seen.touched) = (true, true);
                told.done(id, due, 65, Outcome::Truncated);
                let Some((_, Event::Request(done))) = told.0.last_mut() else { unreachable!("it was pushed") };
                done.why = Some(why.into());
            } else {
                failover(0)(told, id, due);
            }
        }
    };
    let silent = "80 answers broke off without an error: only the missing end shows that they were not whole.";
    let lost = "80 of 400 requests during the fault ended with half of one.";
    let fault = || -> Fault { EndEarly { after: 3 }.into() };
    let told = holds(
        &Drill::of(fault(), breaks("silently-truncated")),
        &[silent, "80 of 400 requests during the fault ended with half an answer."],
        &["with an error", lost],
    );
    finds(&told, &["truncated-streams"], &["late-answers"]);
    holds(&Drill::of(fault(), breaks("reset")), &["80 of 400 requests during the fault ended with half an answer."], &[silent]);
}

#[test]
fn service_that_does_not_stay() {
    let relapses = |until: u64| {
        move |told: &mut Recorded, id: u64, due: u64| {
            let again = (FAULT + 14_000..FAULT + until).contains(&due);
            if again { fails(told, id, due) } else { failover(1_000)(told, id, due) }
        }
    };
    let told = holds(
        &Drill::of(unavailable(), relapses(17_000)),
        &["Service did not stay good: 60 of 60 requests were bad 14.00 to 16.9", "80 of 400"],
        &["came and went"],
    );
    assert_eq!(told.objective("stability"), Some(Decision::Missed));
    finds(&told, &["relapse"], &["rto-missed", "failback-hurt"]);
    holds(&Drill::of(unavailable(), relapses(14_000)), &["20 of 400"], &["did not stay good"]);
}

#[test]
fn a_way_back_that_hurts_again() {
    let back = |until: u64| {
        move |told: &mut Recorded, id: u64, due: u64| {
            if (HEAL..HEAL + until).contains(&due) { told.done(id, due, 5, Outcome::Error) } else { failover(1_000)(told, id, due) }
        }
    };
    let told = holds(
        &Drill::of(unavailable(), back(2_000)),
        &["After the fault was healed 40 of 200 requests were lost: users were hurt a second time.", "20 of 400"],
        &[],
    );
    finds(&told, &["failback-hurt"], &["relapse"]);
    // One may be chance.
    holds(&Drill::of(unavailable(), back(50)), &["20 of 400"], &["After the fault was healed"]);
    let first = move |told: &mut Recorded, id: u64, due: u64| {
        if (HEAL..HEAL + 2_000).contains(&due) { told.done(id, due, 5, Outcome::Error) } else { failover(0)(told, id, due) }
    };
    holds(&Drill::of(unavailable(), first), &["it was the way back that hurt users"], &["a second time"]);
}

#[test]
fn a_fault_that_nobody_felt() {
    let told = Drill { touched: 0, ..Drill::of(Blackhole.into(), Recorded::usual) }.told();
    assert_eq!((told.verdict.verdict, told.verdict.reason), (Decision::Void, Some(Reason::FaultNotEffective)));
    finds(&told, &["fault-without-effect"], &["rto-missed", "requests-lost"]);
    told.says("the fault touched no request").never("What was found").never("Where the seconds went").never("nobody noticed");
}

#[test]
fn answers_that_are_late_and_never_wrong() {
    let slow = |late: u64| {
        move |told: &mut Recorded, id: u64, due: u64| {
            if (FAULT..FAULT + late).contains(&due) { served(told, id, due, 3_000) } else { failover(0)(told, id, due) }
        }
    };
    let says =
        "of 400 requests during the fault waited longer than the promised 2.5 s for their answers, although none of them got an error";
    let told = holds(&Drill::of(Blackhole.into(), slow(2_800)), &[&format!("56 {says}")], &["ended with"]);
    finds(&told, &["late-answers"], &["requests-lost", "truncated-streams"]);
    holds(&Drill::of(Blackhole.into(), slow(5_000)), &[&format!("100 {says}")], &[]);
    holds(&Drill::of(Blackhole.into(), slow(50)), &[], &["waited longer"]);
}

#[test]
fn a_standby_that_cannot_carry_the_load() {
    let refuses = |every: u64, status: u16| {
        move |told: &mut Recorded, id: u64, due: u64| {
            if during(due) && id.is_multiple_of(every) {
                told.seen(Some(id), "standby", due + 2, 1, status);
                told.done(id, due, 5, Outcome::Error);
            } else {
                failover(0)(told, id, due);
            }
        }
    };
    let never = ["No request was sent", "still asked", "broke off"];
    let told = holds(
        &Drill::of(Blackhole.into(), refuses(2, 429)),
        &[
            "standby refused 200 of 400 attempts, all with status 429: it could not take the load. No fault was on it.",
            "200 of 400 requests during the fault ended with an error.",
        ],
        &never,
    );
    assert_eq!(told.verdict.verdict, Decision::Missed);
    finds(&told, &["rto-missed", "requests-lost"], &["dead-primary-asked", "truncated-streams"]);
    holds(
        &Drill::of(Blackhole.into(), refuses(4, 500)),
        &["standby refused 100 of 400 attempts, all with status 500: it failed by itself."],
        &["take the load"],
    );
    holds(&Drill::of(Blackhole.into(), refuses(399, 429)), &[], &["standby refused"]);
}

#[test]
fn a_drill_that_a_guard_stopped() {
    let detail = "fewer than 50% of requests were good for 1 s";
    let stopped = Some((14_000, StopReason::Guard, detail));
    let told = holds(
        &Drill { stopped, ..Drill::of(unavailable(), failover(20_000)) },
        &[
            "the drill was stopped 4.00 s after the fault: fewer than 50% of requests were good for 1 s",
            "All 80 requests during the fault ended with an error.",
        ],
        &["400 requests", "took over", "second time"],
    );
    assert_eq!(told.verdict.reason, Some(Reason::Stopped));
    finds(&told, &["drill-stopped"], &["rto-missed", "failback-hurt"]);
}

#[test]
fn a_retry_storm_on_a_provider_that_asks_for_a_pause() {
    let storm = |tries: u64| {
        move |told: &mut Recorded, id: u64, due: u64| {
            if !during(due) {
                return told.usual(id, due);
            }
            (0..tries).for_each(|again| told.seen(Some(id), "primary", due + 2 + again * 4, 1, 429).touched = true);
            served(told, id, due, 2 + tries * 4);
        }
    };
    let pause = || -> Fault { Status { code: 429, retry_after: Some(Duration::from_secs(5)), retry_form: None }.into() };
    let told = holds(
        &Drill::of(pause(), storm(4)),
        &[
            "The reference gateway made 2,000 attempts for the 400 requests of the fault, 5.00 each: a retry storm.",
            "primary asked for a pause of 5 s (`Retry-After`), and 1,599 of its 1,600 attempts came sooner.",
        ],
        &["ended with", "kept to the pause"],
    );
    assert_eq!(told.verdict.verdict, Decision::Met);
    finds(&told, &["retry-storm", "retry-after-ignored"], &["requests-lost", "rto-missed"]);
    holds(
        &Drill::of(pause(), storm(1)),
        &["800 attempts for the 400 requests of the fault, 2.00 each.", "399 of its 400 attempts came sooner"],
        &["retry storm"],
    );
    let patient = |told: &mut Recorded, id: u64, due: u64| match due {
        // Once at first, and then every six seconds.
        FAULT..HEAL if (due - FAULT).is_multiple_of(6_000) => {
            told.seen(Some(id), "primary", due + 2, 1, 429).touched = true;
            served(told, id, due, 6);
        }
        _ => failover(0)(told, id, due),
    };
    holds(
        &Drill::of(pause(), patient),
        &["The reference gateway kept to the pause of 5 s that primary asked for (`Retry-After`)."],
        &["came sooner"],
    );
}

#[test]
fn answers_that_are_made_twice_and_a_standby_that_takes_its_time() {
    let hedges = |took: u64| {
        move |told: &mut Recorded, id: u64, due: u64| {
            if during(due) {
                told.seen(Some(id), "standby", due + 2, took, 200);
                told.seen(Some(id), "spare", due + 3, took + 1, 200);
                told.done(id, due, took + 8, Outcome::Ok);
            } else {
                told.usual(id, due);
            }
        }
    };
    let twice = "400 answers were made twice: providers charge for them, and nobody read them.";
    let slower = "standby is slower than primary: 95% of its answers took at most 401 ms at its proxy, against 10 ms";
    let told = holds(
        &Drill::of(Blackhole.into(), hedges(400)),
        &[twice, slower, "During the fault 95% of the answers came within 409 ms, before it within 15 ms."],
        &[],
    );
    finds(&told, &["duplicate-answers", "standby-slow"], &["retry-storm", "late-answers"]);
    holds(&Drill::of(Blackhole.into(), hedges(12)), &[twice], &["slower", "95% of"]);
}

#[test]
fn health_checks_that_see_nothing() {
    let checked = |well: bool| {
        move |told: &mut Recorded, id: u64, due: u64| {
            if id % 10 == 5 {
                told.seen(None, "primary", due, 1, if well { 200 } else { 503 }).request = Some("GET /health".into());
            }
            failover(3_000)(told, id, due);
        }
    };
    let says = "of 40 health checks of primary went well while the fault was on it";
    holds(&Drill::of(unavailable(), checked(true)), &[&format!("40 {says}: they do not see what users saw, which were bad answers.")], &[]);
    holds(&Drill::of(unavailable(), checked(false)), &["60 of 400"], &["health check"]);
}

#[test]
fn a_replica_that_takes_the_new_key_late() {
    let told = |late: u64| {
        let story = emergency().but(|story| story.replicas[1] = vec![(late, NEW)]);
        let mut digest = Digest::default();
        digest.apply(&Stamped { t: 0, event: Event::Started(Box::new(story.started())) });
        story.events().iter().for_each(|stamped| digest.apply(stamped));
        digest.settle();
        let report = drill(&story.judged(), &digest, "0", &DrillContext::default());
        is_well_formed(&report);
        points(&report, SectionKind::Found).join("\n")
    };
    let late = told(16_500);
    assert!(late.contains("Replica 2 used the new key 2.5 s later than replica 1."), "{late}");
    assert!(late.contains("primary refused 103 requests that still carried the old key."), "{late}");
    let together = told(14_000);
    assert!(!together.contains("later than replica") && together.contains("primary refused 78 requests"), "{together}");
}
