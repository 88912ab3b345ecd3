//! What a runbook that was walked for real did to keys, as rows for people: what happened to which key, when, and who says so.
//!
//! Keys appear as fingerprints. Which of them is old, new, stored or revoked is folded in `history`. What is not known here is which request
//! used which key, since no proxy watched: that is for drills (`credential`).

use crate::history::{Event, KeyProbed, KeyReplacement, KeyRevoked, KeyStanding, Stamped};
use crate::model::{Action, Rotate, RotationPart, Step, StepEnd};
use crate::report::model::{Quantity, ReportTable, Section, SectionKind, TableCell, TableRow, Text};
use crate::report::words::wording::clock;
use crate::units::Fingerprint;
use std::collections::BTreeMap;

/// What became of one credential: its rows for people, and what is proven of its keys.
#[derive(Debug)]
struct KeyTrail {
    rows: Vec<KeyMoment>,
    keys: KeyReplacement,
    /// What was minted last, be it the old key again.
    minted: Option<Fingerprint>,
    /// What the runbook does with it.
    parts: Vec<RotationPart>,
}

/// Something that was seen of a key.
#[derive(Debug)]
struct KeyMoment {
    at: u64,
    what: Text,
    from: &'static str,
    asked: Option<RepeatedAnswer>,
}

/// A question about a key, as often as it was asked and answered alike in a row.
#[derive(Debug)]
struct RepeatedAnswer {
    /// What it was about, and what was said.
    answer: (Fingerprint, KeyStanding, u16),
    times: u32,
    /// When for the last time.
    until: u64,
}

/// A section for each credential of which anything was learnt; nothing where there is none.
pub(in crate::report) fn sections(steps: &[Step], events: &[Stamped]) -> Vec<Section> {
    let trails = trails(steps, events).into_iter().filter(|(_, trail)| !trail.rows.is_empty());
    trails.map(|(credential, trail)| trail.section(credential)).collect()
}

/// What is missing where a key was replaced, of what the runbook was to do with it.
///
/// Of each its credential, the part of the rotation that was not seen, and that in words.
pub(in crate::report) fn findings(steps: &[Step], events: &[Stamped]) -> Vec<(String, RotationPart, String)> {
    let each = trails(steps, events).into_iter();
    each.flat_map(|(credential, trail)| trail.findings().into_iter().map(move |(part, what)| (credential.to_owned(), part, what))).collect()
}

fn trails<'a>(steps: &'a [Step], events: &'a [Stamped]) -> BTreeMap<&'a str, KeyTrail> {
    let mut trails: BTreeMap<&str, KeyTrail> = BTreeMap::new();
    for Rotate { credential, part, .. } in steps.iter().filter_map(rotate) {
        trails.entry(credential).or_default().parts.push(*part);
    }
    for stamped in events {
        if let Some(credential) = revoked_by_step(steps, &stamped.event) {
            trails.entry(credential).or_default().revoked(None, stamped.t);
        } else if let Some(credential) = KeyReplacement::credential(&stamped.event) {
            trails.entry(credential).or_default().take(stamped);
        }
    }
    trails
}

/// After a crash nobody has the old key any more, and the step alone says that its issuer took it back.
fn revoked_by_step<'a>(steps: &'a [Step], event: &Event) -> Option<&'a str> {
    let Event::StepFinished(finished) = event else { return None };
    let rotate = steps.get(finished.step as usize).and_then(rotate)?;
    (finished.end == StepEnd::Done && rotate.part == RotationPart::Revoke).then_some(&rotate.credential)
}

const fn rotate(step: &Step) -> Option<&Rotate> {
    if let Action::Rotate(rotate) = &step.action { Some(rotate) } else { None }
}

impl Default for KeyTrail {
    fn default() -> Self {
        let mut keys = KeyReplacement::default();
        // A runbook that is walked for real begins with its first event.
        keys.begin();
        Self { rows: Vec::new(), keys, minted: None, parts: Vec::new() }
    }
}

impl KeyTrail {
    fn take(&mut self, stamped: &Stamped) {
        let event = &stamped.event;
        if let Event::KeyRevoked(event) = event {
            return self.revoked(Some(event), event.hi);
        }
        self.keys.apply(event);
        let (at, what, from) = match event {
            Event::KeyHeld(event) => {
                let what = Text::own(format!("the key in use is {}", event.key)).then(named(event.id.as_deref()));
                (stamped.t, what, "its store")
            }
            Event::KeyMinted(event) => {
                self.minted = Some(event.key);
                let spare = || format!("a spare key, {}, becomes the new one", event.key).into();
                let created = || Text::own(format!("a new key, {}, is created", event.key)).then(named(Some(&event.id)));
                let (what, from) = if event.id.is_empty() { (spare(), "where it was kept") } else { (created(), "the issuer's answer") };
                (event.hi, what, from)
            }
            Event::KeyStored(event) => {
                let what = Text::own(format!("{} is the current key in ", event.key)).then(Text::outside(&event.place));
                (event.hi, what, "read again")
            }
            Event::KeyProbed(event) => return self.probed(event),
            _ => return,
        };
        self.rows.push(KeyMoment { at, what, from, asked: None });
    }

    /// Told once, whoever says it first.
    fn revoked(&mut self, event: Option<&KeyRevoked>, at: u64) {
        if self.keys.revoked.is_some() {
            return;
        }
        // Where nobody held it before, what is revoked was the old key.
        self.keys.old = self.keys.old.or(event.map(|event| event.key));
        match event {
            Some(event) => self.keys.apply(&Event::KeyRevoked(event.clone())),
            None => self.keys.revoke(at),
        }
        let key = event.map(|event| event.key).or(self.keys.old);
        let what = key.map_or_else(|| "the old key is revoked".to_owned(), |key| format!("{key} is revoked"));
        self.rows.push(KeyMoment { at, what: what.into(), from: "the issuer's answer, which proves nothing yet", asked: None });
    }

    /// The same answer again makes no row of its own: a step asks until another comes.
    fn probed(&mut self, event: &KeyProbed) {
        let (at, answer) = (event.hi, (event.key, event.standing, event.status));
        if let Some(last) = self.rows.last_mut().and_then(|row| row.asked.as_mut()).filter(|last| last.answer == answer) {
            (last.times, last.until) = (last.times + 1, at);
            return;
        }
        let what = match event.standing {
            KeyStanding::Accepted => format!("the provider accepts {} ({})", event.key, event.status).into(),
            KeyStanding::Refused => format!("the provider refuses {} ({})", event.key, event.status).into(),
            KeyStanding::Unknown => {
                let unknown = format!("it is not known whether the provider accepts {}: ", event.key);
                Text::own(unknown).then(Text::outside(&event.why))
            }
        };
        self.rows.push(KeyMoment { at, what, from: "asked directly", asked: Some(RepeatedAnswer { answer, times: 1, until: at }) });
    }

    fn section(self, credential: &str) -> Section {
        let columns = vec!["after the start", "what", "known from"];
        let rows = self.rows.into_iter().map(KeyMoment::row).collect();
        let section = Section::new(SectionKind::Credential, Text::own("The credential: ").then(Text::outside(credential)));
        Section { about: Some(credential.to_owned()), ..section }.with(ReportTable { columns, rows })
    }

    /// In the order in which somebody must do something about them.
    fn findings(&self) -> Vec<(RotationPart, String)> {
        let Some(new) = self.minted else { return Vec::new() };
        let keys = &self.keys;
        let old = keys.old.map(|old| format!(", {old},")).unwrap_or_default();
        let stored = keys.store.as_ref().is_some_and(|(key, _)| *key == new);
        let is = |key: Option<Fingerprint>, standing| keys.said_of(key) == Some(standing);
        use RotationPart::{Accepted, Commit, Refused, Revoke, Store};
        let said = [
            (&[Store, Commit][..], stored, format!("the store was not seen to hold the new key, {new}, at the end")),
            (&[Accepted], is(Some(new), KeyStanding::Accepted), format!("the provider was not seen to accept the new key, {new}")),
            (&[Revoke], keys.revoked.is_some(), format!("the old key{old} was not seen to be revoked")),
            (
                &[Refused],
                is(keys.old, KeyStanding::Refused),
                format!("the provider was not seen to refuse the old key{old} so it may still work"),
            ),
        ];
        let missing = said.into_iter().filter(|(parts, seen, _)| !seen && self.parts.iter().any(|part| parts.contains(part)));
        missing.map(|(parts, _, what)| (parts[0], what)).collect()
    }
}

impl KeyMoment {
    fn row(self) -> TableRow {
        let again = match self.asked {
            Some(RepeatedAnswer { times: times @ 2.., until, .. }) => format!("; {times} times, the last at {}", clock(until)),
            _ => String::new(),
        };
        let at = TableCell::of(clock(self.at), Some(Quantity::Nanoseconds(i64::try_from(self.at).unwrap_or(i64::MAX))));
        TableRow::of([at, self.what.then(again).into(), self.from.into()])
    }
}

/// What an issuer calls a key.
fn named(id: Option<&str>) -> Text {
    id.map(|id| Text::own(" (").then(Text::outside(id)).then(")")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{ExecutionEnd, KeyHeld, KeyMinted, KeyRevoked, KeyStored, StepFinished};
    use crate::report::{Report, ReportIdentity, ReportKind, markdown};

    fn section(steps: &[Step], events: &[Stamped]) -> String {
        let (title, status) = ("A walk".into(), ExecutionEnd::Done.into());
        let (kind, identity) = (ReportKind::Execution, ReportIdentity::default());
        let report = Report { kind, identity, title, status, opening: Vec::new(), sections: sections(steps, events) };
        markdown(&report).trim_start_matches("# A walk: done\n").trim_start_matches('\n').to_owned()
    }

    const OLD: Fingerprint = Fingerprint(0xa);
    const NEW: Fingerprint = Fingerprint(0xb);

    /// Of a runbook that does these parts.
    fn steps(parts: &[RotationPart]) -> Vec<Step> {
        let rotate = |part| Action::Rotate(Rotate { part, credential: credential(), from: None });
        parts.iter().map(|part| Step::new(part.word(), rotate(*part), "1m".parse().unwrap())).collect()
    }

    const WHOLE: [RotationPart; 5] =
        [RotationPart::Mint, RotationPart::Accepted, RotationPart::Store, RotationPart::Revoke, RotationPart::Refused];

    /// What is missing, in words.
    fn missing(steps: &[Step], events: &[Stamped]) -> Vec<String> {
        findings(steps, events).into_iter().map(|(credential, _, what)| format!("{credential}: {what}")).collect()
    }

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
        assert_eq!(missing(&steps(&WHOLE), &events), [""; 0]);
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
            assert_eq!(missing(&steps(&WHOLE), &stamped(events)), wanted);
        }
        // What people do by hand is not missed here.
        assert_eq!(missing(&steps(&[RotationPart::Take]), &stamped(vec![held(), minted("")])), [""; 0]);
        let spare = section(&[], &stamped(vec![minted("")]));
        assert!(spare.contains("| a spare key, 0000000b, becomes the new one | where it was kept |"), "{spare}");
        assert_eq!((section(&steps(&WHOLE), &[]), missing(&steps(&WHOLE), &[])), (String::new(), Vec::new()));
    }

    #[test]
    fn after_a_crash_the_step_says_that_the_old_key_is_revoked() {
        let finished = StepFinished { step: 3, end: StepEnd::Done, output: String::new(), unsure: false, value: None };
        let events =
            stamped(vec![held(), minted("svc_1"), probed(NEW, KeyStanding::Accepted, 200, 3), stored(NEW), Event::StepFinished(finished)]);
        let told = section(&steps(&WHOLE), &events);
        assert!(told.ends_with("| 0:00.4 | 0000000a is revoked | the issuer's answer, which proves nothing yet |\n"), "{told}");
        let wanted = "openai-key: the provider was not seen to refuse the old key, 0000000a, so it may still work";
        assert_eq!(missing(&steps(&WHOLE), &events), [wanted]);
    }
}
