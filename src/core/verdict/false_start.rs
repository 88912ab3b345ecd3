//! What began and did not count: good service that did not last for the hold.
//!
//! It explains a recovery that came late or never. "More than 13 s" alone does not say that service was good from the 14th second on, and that the
//! fault was over before the hold was. What this file does not do: decide. No verdict depends on it.

use super::Millis;
use super::onset::{Recovery, Start};
use super::window::{RequestWindow, Tri};

/// Good service that did not last for the hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FalseStart {
    /// When its first request was due, from the moment that the recovery is measured from.
    pub from: Millis,
    /// Why it does not count.
    pub why: WhyNot,
}

/// Why good service does not count as a recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyNot {
    /// Nothing went bad any more, and the time that counts was over before the hold was.
    EndedBefore {
        /// When it was over, from the same moment.
        at: Millis,
    },
    /// More went bad within the hold than was promised.
    Bad {
        /// How many.
        bad: u64,
        /// Requests in the hold.
        requests: u64,
        /// When the first of the bad ones was due.
        first: Millis,
    },
    /// Of too many within the hold it is not known how they ended.
    Unknown {
        /// How many.
        unknown: u64,
        /// Requests in the hold.
        requests: u64,
    },
}

impl RequestWindow<'_> {
    /// What began last and was good to the end of the window; else what was good for longest before the recovery, and for a quarter of the hold at
    /// least.
    pub(super) fn false_start(&self, start: Start, recovery: &Recovery) -> Option<FalseStart> {
        let from = start.edge.hi + self.evidence.instrument.clock_error;
        let before = recovery.onset.unwrap_or(self.requests.len());
        let mut longest: Option<(i64, usize)> = None;
        let mut place = 0;
        while place < before {
            let length = self.reads[place..].iter().take_while(|reading| **reading == Tri::Yes).count();
            let end = place + length;
            if end > before {
                // The recovery itself.
                break;
            }
            if length >= (self.evidence.objectives.lead_in as usize).max(1) && self.requests.at(place).sent >= from {
                let last = end >= self.requests.len();
                let lasted = self.requests.due(end - 1) - self.requests.due(place);
                if last {
                    longest = Some((i64::MAX, place));
                } else if lasted * 4 >= start.hold && longest.is_none_or(|(most, _)| lasted > most) {
                    longest = Some((lasted, place));
                }
            }
            place = end + 1;
        }
        let (_, place) = longest?;
        let why = self.why_not(place, start)?;
        Some(FalseStart { from: Millis((self.requests.due(place) - start.edge.lo).max(0)), why })
    }

    fn why_not(&self, place: usize, start: Start) -> Option<WhyNot> {
        let hold_ends = self.requests.due(place) + start.hold;
        let within = || self.requests.since(place).iter().zip(&self.reads[place..]).take_while(|(request, _)| request.due < hold_ends);
        let (requests, count) = (within().count() as u64, |wanted: Tri| within().filter(|(_, reading)| **reading == wanted).count() as u64);
        let (bad, unknown) = (count(Tri::No), count(Tri::Maybe));
        if let Some((first, _)) = within().find(|(_, reading)| **reading == Tri::No) {
            return Some(WhyNot::Bad { bad, requests, first: Millis(first.due - start.edge.lo) });
        }
        match (hold_ends > self.to, unknown) {
            (true, _) => Some(WhyNot::EndedBefore { at: Millis(self.to - start.edge.lo) }),
            (false, 1..) => Some(WhyNot::Unknown { unknown, requests }),
            (false, 0) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::judge;
    use super::*;
    use crate::history::bare;
    use serde_json::{Value, json};

    /// One request every 100 ms around a fault of 20 s, with a hold of 5 s and an RTO of 4 s; `outcome` says how each during the fault ended.
    fn told(outcome: impl Fn(i64) -> &'static str) -> Option<FalseStart> {
        let one =
            |due: i64| json!({"due_ms": due, "done_ms": due + 20, "outcome": if due < 0 { "ok" } else { outcome(due) }, "served_by": "a"});
        let history = json!({
            "bare_history": 1, "primary": ["a"], "standbys": ["b"], "observed_until_ms": 20_000,
            "fault": {"lo_ms": 0, "hi_ms": 0, "requests_touched": 9}, "heal": {"lo_ms": 20_000, "hi_ms": 20_000},
            "objectives": {"gate": "restore", "rto_ms": 4_000, "hold_ms": 5_000},
            "requests": (-30..200).map(|place| one(place * 100)).collect::<Vec<Value>>(),
        });
        judge(&bare(&serde_json::to_vec(&history).unwrap()).unwrap()).measures.unwrap().false_start
    }

    const fn ms(milliseconds: i64) -> Millis {
        Millis(milliseconds * 1_000_000)
    }

    #[test]
    fn what_was_good_to_the_end_and_not_for_the_hold_says_so() {
        let late = told(|due| if due < 16_000 { "error" } else { "ok" });
        assert_eq!(late, Some(FalseStart { from: ms(16_000), why: WhyNot::EndedBefore { at: ms(20_000) } }));
    }

    #[test]
    fn what_went_bad_within_the_hold_says_how_much_and_when() {
        let shaky = told(|due| match due {
            ..2_000 | 5_000..5_300 | 7_000..9_000 => "error",
            _ => "ok",
        });
        let why = WhyNot::Bad { bad: 3, requests: 50, first: ms(5_000) };
        assert_eq!(shaky, Some(FalseStart { from: ms(2_000), why }), "the recovery at 9 s was late, and this came before it");
        let unknown = told(|due| match due {
            ..2_000 | 9_000.. => "error",
            5_000..6_000 => "unknown",
            _ => "ok",
        });
        assert_eq!(unknown, Some(FalseStart { from: ms(2_000), why: WhyNot::Unknown { unknown: 10, requests: 50 } }));
    }

    #[test]
    fn nothing_is_said_where_nothing_began() {
        assert_eq!(told(|_| "error"), None);
        assert_eq!(told(|due| if due < 2_000 { "error" } else { "ok" }), None, "it recovered at once");
        assert_eq!(told(|due| if due % 500 == 0 { "ok" } else { "error" }), None, "single good ones are no beginning");
    }
}
