//! Services whose providers share the load, in words: whether the share of who broke has moved, and who waited for it.
//!
//! What this file does not do: decide. All that it tells is in the measures.

use super::nature::{is_sustained, objective};
use super::wording::seconds_up;
use crate::model::Gate;
use crate::units::grouped;
use crate::verdict::{Decision, Interval, Measures, Millis, ObjectiveName, Reason, Share, Verdict};

fn of(verdict: &Verdict) -> Option<(&Measures, &Share)> {
    let measures = verdict.measures.as_ref()?;
    measures.share.as_ref().filter(|_| verdict.terms.gate == Gate::Cutover).map(|share| (measures, share))
}

/// Who broke, of those that share the load.
pub(in crate::report) fn who(share: &Share) -> String {
    if share.of.is_empty() { "what broke".to_owned() } else { share.of.join(" and ") }
}

/// Why a verdict is not decisive, as the end of a sentence.
pub(in crate::report) fn because(verdict: &Verdict) -> Option<String> {
    let (measures, share) = of(verdict)?;
    match verdict.reason? {
        Reason::CutoverNotExercised if share.of.is_empty() => Some("the fault was on none of the providers that share the load".into()),
        Reason::CutoverNotExercised => {
            Some(format!("no request failed or was late, and nothing shows that the share of {} moved", who(share)))
        }
        Reason::RecordCannotTell if unseen(verdict, measures.cutover) => {
            Some(format!("for too many requests it is not known who answered them, or whether they waited for {} first", who(share)))
        }
        _ => None,
    }
}

/// What to do about it.
pub(in crate::report) fn hint(verdict: &Verdict) -> Option<&'static str> {
    let (measures, share) = of(verdict)?;
    match verdict.reason? {
        Reason::CutoverNotExercised if share.of.is_empty() => Some("aim the fault at one of the providers that share the load"),
        Reason::CutoverNotExercised => {
            Some("use a fault that takes the provider away; if it is enough that users notice nothing, write `gate: restore`")
        }
        Reason::RecordCannotTell if unseen(verdict, measures.cutover) => Some(if verdict.evidence.attempts_seen {
            "use a fault under which each request can be seen, such as `{status: {code: 503}}` or `stall`; or write `gate: restore`"
        } else {
            "record each request's `attempts` and `served_by`; or write `gate: restore`"
        }),
        _ => None,
    }
}

fn unseen(verdict: &Verdict, cutover: Interval) -> bool {
    cutover.hi.is_none() && objective(verdict, ObjectiveName::RTO) == Some(Decision::Inconclusive)
}

/// That requests waited again, though nobody did for a hold; empty where none did.
pub(in crate::report) fn sentence(verdict: &Verdict) -> String {
    let Some((measures, share)) = of(verdict).filter(|(measures, _)| !is_sustained(measures, Gate::Cutover)) else {
        return String::new();
    };
    let Some(Millis(until)) = share.until.filter(|until| measures.cutover.hi.is_some_and(|hi| until.0 > hi)) else { return String::new() };
    let (waited, who) = (share.waited, who(share));
    format!(" Later, requests waited for {who} again: {} in all, the last sent {} after the fault.", grouped(waited), seconds_up(until))
}

/// What stands for cutover in a table.
pub(in crate::report) fn moved(share: &Share) -> String {
    if share.of.is_empty() {
        return "no request waits for what broke, which had no share of the load".to_owned();
    }
    format!("the share of {} ({:.0}%) has moved, and no request waits for it", share.of.join(" and "), share.before * 100.0)
}

#[cfg(test)]
mod tests {
    use crate::history::bare;
    use crate::report::summary;
    use crate::verdict::judge;
    use serde_json::{Value, json};

    /// The screen of a drill of 30 s, its lines joined: `fate` says by whom each request was served, and who was asked 900 ms before.
    fn screen(change: impl FnOnce(&mut Value), fate: impl Fn(i64, i64) -> (&'static str, Option<&'static str>)) -> String {
        let one = |(number, due): (i64, i64)| {
            let (by, before) = fate(number, due);
            let wait = if before.is_some() { 900 } else { 1 };
            let first = before.map(|name| json!({"provider": name, "at_ms": due + 1, "completed": false}));
            let answer = json!({"provider": by, "at_ms": due + wait, "completed": true});
            let attempts: Vec<Value> = first.into_iter().chain([answer]).collect();
            json!({"due_ms": due, "done_ms": due + wait + 40, "outcome": "ok", "served_by": by, "attempts": attempts})
        };
        let mut history = json!({
            "bare_history": 1, "objectives": {}, "primary": ["a", "b"], "standbys": [], "heal": {"lo_ms": 30_000, "hi_ms": 30_000},
            "fault": {"lo_ms": 0, "hi_ms": 0, "on": ["a"], "requests_touched": 9},
            "requests": (0..400).map(|number| one((number, -9_970 + 100 * number))).collect::<Vec<_>>(),
        });
        change(&mut history);
        let verdict = judge(&bare(&serde_json::to_vec(&history).unwrap()).unwrap());
        summary(&verdict, 100).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn turn(number: i64) -> &'static str {
        if number % 2 == 0 { "a" } else { "b" }
    }

    /// Where `a` is waited for in these times, and takes its turns before 0.
    fn waits(number: i64, due: i64, when: &[std::ops::Range<i64>]) -> (&'static str, Option<&'static str>) {
        match due {
            ..0 => (turn(number), None),
            _ => ("b", when.iter().any(|when| when.contains(&due)).then_some("a").filter(|_| number % 2 == 0)),
        }
    }

    #[test]
    fn stayed_so_is_not_said_where_requests_wait_again() {
        let again = screen(|_| {}, |number, due| waits(number, due, &[0..1_000, 8_000..30_000]));
        assert!(!again.contains("stayed so") && again.contains("and service stayed good;"), "{again}");
        assert!(again.contains("Later, requests waited for a again: 115 in all, the last sent 29.83 s after the fault."), "{again}");
        assert!(again.contains("sustained more than"), "{again}");
        let once = screen(|_| {}, |number, due| waits(number, due, std::slice::from_ref(&(0..1_000))));
        assert!(once.contains("and it stayed so;") && !once.contains("again"), "{once}");
    }

    #[test]
    fn stayed_so_is_not_said_of_a_standby_where_the_primary_serves_again() {
        let alone = |history: &mut Value| {
            (history["primary"], history["standbys"]) = (json!(["a"]), json!(["b"]));
            history["fault"].as_object_mut().unwrap().remove("on");
        };
        let back = |from: i64| move |_: i64, due: i64| (if (1_000..from).contains(&due) { "b" } else { "a" }, None);
        let again = screen(alone, back(9_000));
        assert!(
            again.contains("A standby took over")
                && again.contains("and service stayed good;")
                && again.contains("sustained more than 29.93 s"),
            "{again}"
        );
        assert!(screen(alone, back(30_000)).contains("after the fault and kept serving;"));
    }

    #[test]
    fn what_was_not_tested_is_told_in_words_of_a_shared_load() {
        let nothing = |number: i64, _: i64| (turn(number), None);
        let on = |names: Value| move |history: &mut Value| history["fault"]["on"] = names;
        let told = screen(on(json!([])), nothing);
        assert!(told.contains("because the fault was on none of the providers that share the load"), "{told}");
        let told = screen(on(json!(["a"])), nothing);
        assert!(
            told.contains("because no request failed or was late, and nothing shows that the share of a moved")
                && !told.contains("standby"),
            "{told}"
        );
    }

    #[test]
    fn what_was_not_seen_is_told_with_what_to_record() {
        let unseen = |history: &mut Value| {
            history["requests"].as_array_mut().unwrap().iter_mut().for_each(|request| request["attempts"] = json!([]));
        };
        let told = screen(unseen, |number, due| waits(number, due, &[]));
        assert!(told.contains("not known who answered them, or whether they waited for a first"), "{told}");
        assert!(told.contains("hint record each request's `attempts` and `served_by`"), "{told}");
    }
}
