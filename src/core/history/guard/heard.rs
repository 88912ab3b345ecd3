//! A guard on what somebody outside says: stop, something else, or nothing.

use super::{GuardLevel, Streak};
use crate::history::guarded::{GuardEvidence, GuardSays, GuardSeen, Guarded};
use crate::model::{Guard, OutsideGuard, Unreachable};

/// What one guard has heard.
#[derive(Debug, Clone)]
pub struct HeardFold {
    place: u32,
    length: u64,
    clears_after: u64,
    is_stop_unreachable: bool,
    streak: Streak,
    /// When it heard stop last.
    last_stop: Option<u64>,
    says: Option<GuardSays>,
}

impl HeardFold {
    /// Of the guard at this place of the scenario.
    pub fn new(guard: &Guard, outside: &OutsideGuard, place: u32) -> Self {
        Self {
            place,
            length: guard.length.as_nanos(),
            clears_after: outside.clears_after.as_nanos(),
            is_stop_unreachable: outside.unreachable == Unreachable::Stop,
            streak: Streak::default(),
            last_stop: None,
            says: None,
        }
    }

    /// The change, where this answer is the first, or another than the one before.
    pub fn change(&mut self, says: GuardSays, detail: &str) -> Option<GuardSeen> {
        let is_new = self.says.replace(says) != Some(says);
        is_new.then(|| GuardSeen { guard: self.place, says, detail: detail.to_owned() })
    }

    /// Takes one more answer in, which came at `now`; what made the guard trip, where it does. One that does not come is no stop, unless that was
    /// said: it neither begins nor ends anything, until nobody has said stop for so long that whatever was may be over.
    pub fn heard(&mut self, outside: &OutsideGuard, (says, detail): (GuardSays, &str), now: u64) -> Option<Guarded> {
        let counts_as = if says == GuardSays::Unknown && self.is_stop_unreachable { GuardSays::Stop } else { says };
        let since_stop = self.last_stop.map_or(u64::MAX, |last| now.saturating_sub(last));
        let level = match counts_as {
            GuardSays::Stop => {
                self.last_stop = Some(now);
                Some(GuardLevel::Over)
            }
            GuardSays::Go if since_stop < self.clears_after => None,
            GuardSays::Go => Some(GuardLevel::Clear),
            GuardSays::Unknown => {
                if since_stop > self.clears_after.max(self.length) {
                    self.streak.clear();
                }
                None
            }
        };
        let since = self.streak.look(level, now)?;
        if since.saturating_add(self.length) > now {
            return None;
        }
        let length = crate::units::Duration::from_nanos(self.length);
        let lasted = if self.length == 0 { String::new() } else { format!(" for {length}") };
        let guard = match says {
            GuardSays::Unknown => format!("{} did not answer{lasted}, which counts as stop (`unreachable: stop`)", outside.place()),
            _ => format!("{}{lasted}", outside.told()),
        };
        let (value, threshold) = (detail.to_owned(), outside.asked.expects.to_string());
        let evidence = GuardEvidence { place: Some(self.place), value, threshold, since, at: now, from: outside.place() };
        Some(Guarded { guard, evidence: Some(evidence) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{GuardWatch, HttpCall, Inquiry, InquiryGoal, InquirySource};
    use crate::units::Duration;

    const SECOND: u64 = 1_000_000_000;

    /// When a guard of 4 s trips, asked once a second: `s`top, `g`o, or no answer.
    fn trips(clears_after: u64, unreachable: Unreachable, answers: &str) -> Option<u64> {
        let url = "https://status.example/stop".to_owned();
        let call = HttpCall { method: "GET".into(), url, headers: Default::default(), body: None, expect_status: None, expect_text: None };
        let (every, timeout) = (Duration::from_secs(1), Duration::from_secs(1));
        let expects = InquiryGoal::Contains("stop".into());
        let asked = Inquiry { of: InquirySource::Http(call), json: None, expects, in_a_row: 1, every, timeout };
        let outside = OutsideGuard { asked, clears_after: Duration::from_secs(clears_after), unreachable };
        let guard = Guard { watches: GuardWatch::Outside(Box::new(outside.clone())), length: Duration::from_secs(4) };
        let mut fold = HeardFold::new(&guard, &outside, 0);
        answers.chars().zip(0..).find_map(|(answer, at)| {
            let says = match answer {
                's' => GuardSays::Stop,
                'g' => GuardSays::Go,
                _ => GuardSays::Unknown,
            };
            fold.heard(&outside, (says, "seen"), at * SECOND).map(|_| at)
        })
    }

    #[test]
    fn stop_must_last_and_what_does_not_answer_has_said_nothing() {
        let go = Unreachable::Go;
        assert_eq!(trips(0, go, "ggsssssss"), Some(6));
        assert_eq!(trips(0, go, "sssgsssgsssg"), None, "each go begins again");
        assert_eq!(trips(3, go, "sssgsss"), Some(4), "one go is no all-clear before 3 s of them");
        assert_eq!(trips(3, go, "sssgggsssgggsss"), None);
        assert_eq!(trips(0, go, "g--------------------"), None);
        assert_eq!(trips(0, go, "ss---s"), Some(5), "it said stop before and after");
        assert_eq!(trips(0, go, "ss--------sss"), None, "what was said long ago is over");
        assert_eq!(trips(0, go, "ss----"), None, "it trips only on a stop that is heard");
        assert_eq!(trips(0, Unreachable::Stop, "gg-----"), Some(6));
    }
}
