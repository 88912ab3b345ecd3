//! Drills that were stopped: what is said of why, and of what to do.

use super::*;

/// Each kind of stop, at each time: its own reason and its own hint, on the screen, in the report and in the JSON.
#[test]
fn a_stopped_drill_keeps_its_own_reason_and_hint() {
    let unsteady = "the traffic before the fault is not steady: only 43 of 50 requests were good; 7 came too late\n\nhint: no fault was injected; fix this first";
    let spent = "0.40 USD may have been spent, and one more request could exceed the 0.40 USD that the environment allows";
    let guard = "fewer than 50% of requests were good for 1 s";
    let lease = "the lease of the fault on primary could not be renewed: nobody answers";
    let both =
        "2 things are wrong:\n  1. CLIENT_KEY is not set\n  2. nobody listens at h\n\nhint: \n  1. export CLIENT_KEY=…\n  2. start h";
    let emptied =
        "9 requests were sent, and the environment allows no more\n\nhint: write a higher `max_requests` to its `allow:`, or send less";
    let aborted = "fewer than 50% of requests were good for 1 s\n\nhint: see why it went so badly";
    let full = "the history cannot be written: no space left";
    let system = "the fault proxy is gone\nand more\n\nhint: start it again";
    let stops = [
        (
            5_000,
            StopReason::BaselineUnsteady,
            unsteady,
            "no fault was injected: the traffic before the fault is not steady: only 43 of 50",
            "fix this first",
        ),
        (
            5_000,
            StopReason::Person,
            "stopped by a person",
            "no fault was injected: a person stopped it",
            "run it again, and let it run to its end",
        ),
        (5_000, StopReason::Guard, spent, "no fault was injected: 0.40 USD may have been spent", "`max_spend`"),
        (0, StopReason::Environment, system, "the drill ended before its traffic began: the fault proxy is gone", "start it again"),
        (10_400, StopReason::Person, "stopped by a person", "stopped 0.40 s after the fault: a person stopped it", "let it run to its end"),
        (0, StopReason::Person, "stopped by a person", "before its traffic began: a person stopped it", "run it again"),
        (
            0,
            StopReason::Environment,
            both,
            "before its traffic began: 2 things are wrong: 1. CLIENT_KEY is not set; 2. nobody",
            "2. start h",
        ),
        (14_000, StopReason::Guard, emptied, "stopped 4.00 s after the fault: 9 requests were sent", "write a higher `max_requests`"),
        (14_000, StopReason::Guard, aborted, "stopped 4.00 s after the fault: fewer than 50%", "see why it went so badly"),
        (5_000, StopReason::Journal, full, "no fault was injected: the history cannot be written", "make room"),
        (14_000, StopReason::Guard, guard, "stopped 4.00 s after the fault: fewer than 50%", "`abort_when`"),
        (14_000, StopReason::Guard, spent, "stopped 4.00 s after the fault: 0.40 USD", "`max_requests`"),
        (14_000, StopReason::Fault, lease, "stopped 4.00 s after the fault: the lease of the fault on primary", "fault proxy"),
        (14_000, StopReason::Environment, system, "stopped 4.00 s after the fault: the fault proxy is gone", "start it again"),
        (32_000, StopReason::Person, "stopped by a person", "stopped after the fault was healed: a person stopped it", ""),
    ];
    for (at, reason, detail, because, hint) in stops {
        // Once the fault is over, that it touched nothing is a reason of its own.
        for touched in [0, 400].into_iter().filter(|touched| at < HEAL || *touched > 0) {
            let dead = |told: &mut Recorded, id: u64, due: u64| {
                if during(due) { told.done(id, due, 5, Outcome::Error) } else { told.usual(id, due) }
            };
            let drill = Drill { stopped: Some((at, reason, detail)), touched, ..Drill::of(Blackhole.into(), dead) };
            let told = drill.told();
            let context = format!("{reason} at {at} ms, {touched} touched:\n{}", told.screen);
            assert!(told.verdict.verdict != Decision::Met, "{context}");
            told.says(because).reports(&because.replace('`', "\\`")[..because.len().min(30)]);
            if told.verdict.verdict != Decision::Missed {
                told.says(&format!("hint {}", if hint.starts_with("run") { hint } else { "" })).says(hint).reports("What to do next: ");
                let code = match reason {
                    StopReason::BaselineUnsteady => Reason::BaselineUnstable,
                    StopReason::Fault => Reason::ScheduleIncomplete,
                    _ => Reason::Stopped,
                };
                assert_eq!(told.verdict.reason, Some(code), "{context}");
            }
            assert_eq!(told.json["stopped"]["reason"], reason.word(), "{context}");
            // As older histories have it: the hint at the end of the detail.
            let (what, advice) = detail.split_once("\n\nhint: ").map_or((detail, None), |(what, advice)| (what, Some(advice)));
            assert_eq!((&told.json["stopped"]["detail"], &told.json["stopped"]["hint"]), (&json!(what), &json!(advice)), "{context}");
            if told.verdict.verdict != Decision::Missed && at < HEAL {
                let (why, what) = (told.json["because"].as_str().unwrap_or_default(), told.json["hint"].as_str().unwrap_or_default());
                assert!(why.contains(because) && what.contains(hint), "{why}\n{what}\n{context}");
                told.reports(hint);
            }
            // Nothing that a later check would say.
            for later in
                ["touched no request", "the standby was not tested", "before it ended", "0.00 s after the fault, and", "breaks off"]
            {
                told.never(later);
            }
        }
    }
}
