//! What a runbook that was walked for real did to keys: which was old and which is new, when, and who says so.
//!
//! Keys appear as fingerprints. What is not known here is which request used which key, since no proxy watched: that is for drills (`credential`).

use super::execution::clock;
use super::markdown::escaped;
use crate::history::{Event, KeyProbed, KeyStanding, Stamped};
use crate::model::{Action, Rotate, RotationPart, Step, StepEnd};
use crate::units::Fingerprint;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What became of one credential.
#[derive(Debug, Default)]
struct KeyTrail {
    rows: Vec<KeyMoment>,
    old: Option<Fingerprint>,
    new: Option<Fingerprint>,
    stored: Option<Fingerprint>,
    revoked: bool,
    /// What the runbook does with it.
    parts: Vec<RotationPart>,
    /// What the provider said last of each, where it said anything.
    standing: BTreeMap<Fingerprint, KeyStanding>,
}

#[derive(Debug)]
struct KeyMoment {
    at: u64,
    what: String,
    from: &'static str,
    /// Of a question: what it was about and what was said, how often the same was asked and heard in a row, and when for the last time.
    asked: Option<((Fingerprint, KeyStanding, u16), u32, u64)>,
}

/// A table for each credential of which anything was learnt; nothing where there is none.
pub(super) fn section(steps: &[Step], events: &[Stamped]) -> String {
    let mut text = String::new();
    for (credential, trail) in trails(steps, events).into_iter().filter(|(_, trail)| !trail.rows.is_empty()) {
        // Writing to a String cannot fail.
        let _ = trail.write(&mut text, credential);
    }
    text
}

/// What is missing where a key was replaced, of what the runbook was to do with it.
pub(super) fn findings(steps: &[Step], events: &[Stamped]) -> Vec<String> {
    trails(steps, events).into_iter().flat_map(|(credential, trail)| trail.findings(credential)).collect()
}

fn trails<'a>(steps: &'a [Step], events: &'a [Stamped]) -> BTreeMap<&'a str, KeyTrail> {
    let mut trails: BTreeMap<&str, KeyTrail> = BTreeMap::new();
    for Rotate { credential, part, .. } in steps.iter().filter_map(rotate) {
        trails.entry(credential).or_default().parts.push(*part);
    }
    for stamped in events {
        // After a crash nobody has the old key any more, and the step alone says that its issuer took it back.
        if let Event::StepFinished(finished) = &stamped.event
            && finished.end == StepEnd::Done
            && let Some(rotate) = steps.get(finished.step as usize).and_then(rotate)
            && rotate.part == RotationPart::Revoke
        {
            trails.entry(&rotate.credential).or_default().revoke(None, stamped.t);
            continue;
        }
        let (credential, at) = match &stamped.event {
            Event::KeyHeld(event) => (&event.credential, stamped.t),
            Event::KeyMinted(event) => (&event.credential, event.hi),
            Event::KeyStored(event) => (&event.credential, event.hi),
            Event::KeyRevoked(event) => (&event.credential, event.hi),
            Event::KeyProbed(event) => (&event.credential, event.hi),
            _ => continue,
        };
        trails.entry(credential).or_default().take(&stamped.event, at);
    }
    trails
}

const fn rotate(step: &Step) -> Option<&Rotate> {
    if let Action::Rotate(rotate) = &step.action { Some(rotate) } else { None }
}

impl KeyTrail {
    fn take(&mut self, event: &Event, at: u64) {
        let (what, from) = match event {
            Event::KeyHeld(event) => {
                self.old = self.old.or(Some(event.key));
                (format!("the key in use is {}{}", event.key, named(event.id.as_deref())), "its store")
            }
            Event::KeyMinted(event) if event.id.is_empty() => {
                self.new = Some(event.key);
                (format!("a spare key, {}, becomes the new one", event.key), "where it was kept")
            }
            Event::KeyMinted(event) => {
                self.new = Some(event.key);
                (format!("a new key, {}, is created{}", event.key, named(Some(&event.id))), "the issuer's answer")
            }
            Event::KeyStored(event) => {
                self.stored = Some(event.key);
                (format!("{} is the current key in {}", event.key, escaped(&event.place)), "read again")
            }
            Event::KeyRevoked(event) => return self.revoke(Some(event.key), at),
            Event::KeyProbed(event) => return self.probed(event, at),
            _ => return,
        };
        self.rows.push(KeyMoment { at, what, from, asked: None });
    }

    fn revoke(&mut self, key: Option<Fingerprint>, at: u64) {
        if !std::mem::replace(&mut self.revoked, true) {
            self.old = self.old.or(key);
            let what = self.old.map_or_else(|| "the old key is revoked".to_owned(), |old| format!("{old} is revoked"));
            self.rows.push(KeyMoment { at, what, from: "the issuer's answer, which proves nothing yet", asked: None });
        }
    }

    /// The same answer again makes no row of its own: a step asks until another comes.
    fn probed(&mut self, event: &KeyProbed, at: u64) {
        if event.standing != KeyStanding::Unknown {
            self.standing.insert(event.key, event.standing);
        }
        let asked = (event.key, event.standing, event.status);
        if let Some((last, count, until)) = self.rows.last_mut().and_then(|row| row.asked.as_mut())
            && *last == asked
        {
            (*count, *until) = (*count + 1, at);
            return;
        }
        let what = match event.standing {
            KeyStanding::Accepted => format!("the provider accepts {} ({})", event.key, event.status),
            KeyStanding::Refused => format!("the provider refuses {} ({})", event.key, event.status),
            KeyStanding::Unknown => format!("it is not known whether the provider accepts {}: {}", event.key, escaped(&event.why)),
        };
        self.rows.push(KeyMoment { at, what, from: "asked directly", asked: Some((asked, 1, at)) });
    }

    fn write(&self, text: &mut String, credential: &str) -> std::fmt::Result {
        writeln!(text, "## The credential: {}\n\n| after the start | what | known from |\n|---|---|---|", escaped(credential))?;
        for KeyMoment { at, what, from, asked } in &self.rows {
            let again = match asked {
                Some((_, count @ 2.., until)) => format!("; {count} times, the last at {}", clock(*until)),
                _ => String::new(),
            };
            writeln!(text, "| {} | {what}{again} | {from} |", clock(*at))?;
        }
        writeln!(text)
    }

    /// In the order in which somebody must do something about them.
    fn findings(&self, credential: &str) -> Vec<String> {
        let Some(new) = self.new else { return Vec::new() };
        let old = self.old.map(|old| format!(", {old},")).unwrap_or_default();
        let is = |key: Option<Fingerprint>, standing| key.is_some_and(|key| self.standing.get(&key) == Some(&standing));
        use RotationPart::{Accepted, Commit, Refused, Revoke, Store};
        let said = [
            (&[Store, Commit][..], self.stored == Some(new), format!("the store was not seen to hold the new key, {new}, at the end")),
            (&[Accepted], is(self.new, KeyStanding::Accepted), format!("the provider was not seen to accept the new key, {new}")),
            (&[Revoke], self.revoked, format!("the old key{old} was not seen to be revoked")),
            (
                &[Refused],
                is(self.old, KeyStanding::Refused),
                format!("the provider was not seen to refuse the old key{old} so it may still work"),
            ),
        ];
        let missing = said.into_iter().filter(|(parts, seen, _)| !seen && self.parts.iter().any(|part| parts.contains(part)));
        missing.map(|(_, _, what)| format!("{credential}: {what}")).collect()
    }
}

/// What an issuer calls a key.
fn named(id: Option<&str>) -> String {
    id.map(|id| format!(" ({})", escaped(id))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{KeyHeld, KeyMinted, KeyRevoked, KeyStored, StepFinished};

    const OLD: Fingerprint = Fingerprint(0xa);
    const NEW: Fingerprint = Fingerprint(0xb);

    /// Of a runbook that does these parts.
    fn steps(parts: &[RotationPart]) -> Vec<Step> {
        let rotate = |part| Action::Rotate(Rotate { part, credential: credential(), from: None });
        parts.iter().map(|part| Step::new(part.word(), rotate(*part), "1m".parse().unwrap())).collect()
    }

    const WHOLE: [RotationPart; 5] =
        [RotationPart::Mint, RotationPart::Accepted, RotationPart::Store, RotationPart::Revoke, RotationPart::Refused];

    fn stamped(events: Vec<Event>) -> Vec<Stamped> {
        let stamp = |(index, event)| Stamped { t: at(index as u64), event };
        events.into_iter().enumerate().map(stamp).collect()
    }

    fn at(tenths: u64) -> u64 {
        tenths * 100_000_000
    }

    fn credential() -> String {
        "openai-key".to_owned()
    }

    fn held() -> Event {
        Event::KeyHeld(KeyHeld { credential: credential(), key: OLD, id: None })
    }

    fn minted(id: &str) -> Event {
        Event::KeyMinted(KeyMinted { credential: credential(), key: NEW, id: id.to_owned(), lo: at(1), hi: at(2) })
    }

    fn stored(key: Fingerprint) -> Event {
        let (place, version) = ("dotenv:.env#KEY".to_owned(), "1".to_owned());
        Event::KeyStored(KeyStored { credential: credential(), key, place, version, lo: at(3), hi: at(4) })
    }

    fn revoked() -> Event {
        Event::KeyRevoked(KeyRevoked { credential: credential(), key: OLD, lo: at(5), hi: at(6) })
    }

    fn probed(key: Fingerprint, standing: KeyStanding, status: u16, tenths: u64) -> Event {
        let (lo, hi, why) = (at(tenths), at(tenths), if status == 0 { "no answer" } else { "" }.to_owned());
        Event::KeyProbed(KeyProbed { credential: credential(), key, standing, status, lo, hi, last: false, why })
    }

    #[test]
    fn a_whole_rotation_is_told_and_nothing_is_said_against_it() {
        let accepted = |tenths| probed(OLD, KeyStanding::Accepted, 200, tenths);
        let events = stamped(vec![
            held(),
            minted("svc_1"),
            probed(NEW, KeyStanding::Unknown, 0, 3),
            probed(NEW, KeyStanding::Accepted, 200, 4),
            stored(NEW),
            revoked(),
            accepted(10),
            accepted(15),
            accepted(620),
            probed(OLD, KeyStanding::Refused, 401, 625),
        ]);
        let wanted = "## The credential: openai-key

| after the start | what | known from |
|---|---|---|
| 0:00.0 | the key in use is 0000000a | its store |
| 0:00.2 | a new key, 0000000b, is created (svc\\_1) | the issuer's answer |
| 0:00.3 | it is not known whether the provider accepts 0000000b: no answer | asked directly |
| 0:00.4 | the provider accepts 0000000b (200) | asked directly |
| 0:00.4 | 0000000b is the current key in dotenv:.env\\#KEY | read again |
| 0:00.6 | 0000000a is revoked | the issuer's answer, which proves nothing yet |
| 0:01.0 | the provider accepts 0000000a (200); 3 times, the last at 1:02.0 | asked directly |
| 0:62.5 | the provider refuses 0000000a (401) | asked directly |

"
        .replace("0:62.5", "1:02.5");
        assert_eq!(section(&steps(&WHOLE), &events), wanted);
        assert_eq!(findings(&steps(&WHOLE), &events), [""; 0]);
    }

    #[test]
    fn what_is_missing_is_a_finding() {
        let cases = [
            (vec![held()], vec![]),
            (
                vec![held(), minted("")],
                vec![
                    "openai-key: the store was not seen to hold the new key, 0000000b, at the end",
                    "openai-key: the provider was not seen to accept the new key, 0000000b",
                    "openai-key: the old key, 0000000a, was not seen to be revoked",
                    "openai-key: the provider was not seen to refuse the old key, 0000000a, so it may still work",
                ],
            ),
            (
                vec![held(), minted("svc_1"), probed(NEW, KeyStanding::Accepted, 200, 3), stored(NEW), revoked(), stored(OLD)],
                vec![
                    "openai-key: the store was not seen to hold the new key, 0000000b, at the end",
                    "openai-key: the provider was not seen to refuse the old key, 0000000a, so it may still work",
                ],
            ),
        ];
        for (events, wanted) in cases {
            assert_eq!(findings(&steps(&WHOLE), &stamped(events)), wanted);
        }
        // What people do by hand is not missed here.
        assert_eq!(findings(&steps(&[RotationPart::Take]), &stamped(vec![held(), minted("")])), [""; 0]);
        let spare = section(&[], &stamped(vec![minted("")]));
        assert!(spare.contains("| a spare key, 0000000b, becomes the new one | where it was kept |"), "{spare}");
        assert_eq!((section(&steps(&WHOLE), &[]), findings(&steps(&WHOLE), &[])), (String::new(), Vec::new()));
    }

    #[test]
    fn after_a_crash_the_step_says_that_the_old_key_is_revoked() {
        let finished = StepFinished { step: 3, end: StepEnd::Done, output: String::new(), unsure: false, value: None };
        let events =
            stamped(vec![held(), minted("svc_1"), probed(NEW, KeyStanding::Accepted, 200, 3), stored(NEW), Event::StepFinished(finished)]);
        let told = section(&steps(&WHOLE), &events);
        assert!(told.ends_with("| 0:00.4 | 0000000a is revoked | the issuer's answer, which proves nothing yet |\n\n"), "{told}");
        let wanted = "openai-key: the provider was not seen to refuse the old key, 0000000a, so it may still work";
        assert_eq!(findings(&steps(&WHOLE), &events), [wanted]);
    }
}
