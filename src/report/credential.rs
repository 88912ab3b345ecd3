//! A credential's rotation in words and tables: when what happened and who says so, what each replica did, what was promised and kept.
//!
//! Keys appear as fingerprints. What this file does not do: judge (`verdict::criteria`).

use super::markdown::{at_most, escaped};
use super::sentence::{between, capital, seconds_down, span};
use crate::history::{KeyStanding, SETTLED};
use crate::units::{Duration, Fingerprint, counted, grouped};
use crate::verdict::{
    ClientErrors, Criterion, CriterionFinding, Decision, Interval, Judgement, KeyAnswer, Moments, Replica, Rotated, Verdict,
};
use std::fmt::Write;

/// Whether an objective of this name is told in the section of a credential.
pub(super) fn tells(objective: &str) -> bool {
    Criterion::WORDS.contains(&objective)
}

/// The worst of what was seen of the rotations, in a sentence for each; where there is nothing to object to, that.
pub(super) fn headline(verdict: &Verdict) -> String {
    let each = verdict.rotations.iter().filter(|rotated| !rotated.criteria.is_empty());
    let several = verdict.rotations.len() > 1;
    let sentences = each.map(|rotated| {
        let what = match worst(rotated) {
            Some(judgement) => format!("{}: {}", said(rotated, judgement, verdict.terms.rotation), judgement.verdict),
            None => sound(rotated, verdict.terms.rotation),
        };
        let whose = if several { format!("{}: ", escaped(&rotated.provider)) } else { String::new() };
        format!("{whose}{}.", capital(&what))
    });
    sentences.collect::<Vec<_>>().join(" ")
}

/// What is to be said against each criterion that was not met, as sentences without their full stop.
pub(super) fn findings(verdict: &Verdict) -> Vec<String> {
    let several = verdict.rotations.len() > 1;
    let each = verdict.rotations.iter().flat_map(|rotated| rotated.criteria.iter().map(move |judgement| (rotated, judgement)));
    let bad = each.filter(|(_, judgement)| judgement.verdict != Decision::Met);
    bad.map(|(rotated, judgement)| {
        let whose = if several { format!(" of {}", rotated.provider) } else { String::new() };
        format!("objective {}{whose}: {}: {}", judgement.name, said(rotated, judgement, verdict.terms.rotation), judgement.verdict)
    })
    .collect()
}

/// A line for the terminal about each rotation: label and value.
pub(super) fn lines(verdict: &Verdict) -> Vec<(&'static str, String)> {
    let limit = span(verdict.terms.rotation);
    let mut lines = Vec::new();
    for rotated in &verdict.rotations {
        let took = match rotated.moments.t6 {
            Some(t6) => between(t6),
            None => format!("not on every replica {} after it began", seconds_down(rotated.watched.0)),
        };
        let whose = if verdict.rotations.len() > 1 { format!("{}: ", rotated.provider) } else { String::new() };
        lines.push(("rotation", format!("{whose}{took}   (objective: {limit})")));
        lines.push(("new key", format!("{whose}{}{}", named(rotated.new, "never created"), heard(rotated.new_asked))));
        lines.push(("old key", format!("{whose}{}{}", named(rotated.old, "not known"), heard(rotated.old_asked))));
        let errors = rotated.client_errors;
        let limit = errors.limit.map(|limit| format!("   (objective: {})", at_most(limit))).unwrap_or_default();
        lines.push(("lost", format!("{whose}{} of clients{}{limit}", some(errors.lost), cut(errors))));
    }
    lines
}

/// The section about each rotation. `heading` is what stands before a heading at this place.
pub(super) fn section(verdict: &Verdict, heading: &str) -> String {
    let mut text = String::new();
    for rotated in &verdict.rotations {
        // Writing to a String cannot fail.
        let _ = RotationSection { rotated, limit: verdict.terms.rotation }.write(&mut text, verdict, heading);
    }
    text
}

struct RotationSection<'a> {
    rotated: &'a Rotated,
    limit: Duration,
}

impl RotationSection<'_> {
    fn write(&self, text: &mut String, verdict: &Verdict, heading: &str) -> std::fmt::Result {
        let rotated = self.rotated;
        let (provider, credential) = (escaped(&rotated.provider), escaped(&rotated.credential));
        let whose = if provider == credential { provider } else { format!("{credential}, for {provider}") };
        writeln!(text, "{heading} The credential: {whose}\n")?;
        self.timeline(text)?;
        self.replicas(text)?;
        self.criteria(text, verdict)?;
        self.limits(text)
    }

    fn timeline(&self, text: &mut String) -> std::fmt::Result {
        let rotated = self.rotated;
        let (old, new) = (named(rotated.old, "not known"), named(rotated.new, "never created"));
        writeln!(text, "| moment | what | time after T0 | known from |\n|---|---|---|---|")?;
        let Moments { t0, t1, t2, t3, t4, t5, t6, revoked } = rotated.moments;
        let proxy = format!("the proxy in front of {}", escaped(&rotated.provider));
        let began = if rotated.planned { "the planned rotation begins".to_owned() } else { format!("the old key ({old}) is revoked") };
        let confirmed = if rotated.planned { "Lifeboat" } else { "the issuer, checked" };
        let store =
            rotated.store.as_ref().map_or_else(|| "the store, read again".to_owned(), |place| format!("{}, read again", escaped(place)));
        let rows = [
            ("T0", began, t0, confirmed.to_owned()),
            ("T1", "the provider refuses the old key for the first time".to_owned(), t1, proxy.clone()),
            ("T2", format!("a new key ({new}) is created"), t2, "the issuer's answer".to_owned()),
            ("T3", "the store holds the new key".to_owned(), t3, store),
            ("T4", "first request with the new key".to_owned(), t4, proxy.clone()),
            ("T5", "last request with the old key".to_owned(), t5, proxy.clone()),
            ("T6", "every replica uses the new key".to_owned(), t6, proxy),
        ];
        for (moment, what, when, from) in rows {
            writeln!(text, "| {moment} | {what} | {} | {from} |", shown(when))?;
        }
        if rotated.planned {
            writeln!(text, "| | the old key ({old}) is revoked | {} | the issuer's answer |", shown(revoked))?;
        }
        for (which, asked) in [("new", rotated.new_asked), ("old", rotated.old_asked)] {
            if let Some(asked) = asked {
                let when = between(asked.at);
                writeln!(text, "| | Lifeboat tries the {which} key: {} | {when} | the provider, asked directly |", answer(asked))?;
            }
        }
        if let Some((stored, new)) = rotated.stored.zip(rotated.new).filter(|(stored, new)| stored != new) {
            writeln!(text, "\n**The store holds {stored}, which is not the key that was created ({new}).**")?;
        }
        writeln!(text)
    }

    fn replicas(&self, text: &mut String) -> std::fmt::Result {
        if self.rotated.replicas.is_empty() {
            return Ok(());
        }
        writeln!(
            text,
            "Requests to the provider by the key that they carried, from each replica of the gateway; times are after T0.\n\n| replica | last with the old key | refused with it | answered with it too late | first with the new key | first answered with it | on the new key from | requests since then | with other keys |\n|---|---|---|---|---|---|---|---|---|"
        )?;
        for replica in &self.rotated.replicas {
            let since = if replica.since == SETTLED as u64 { format!("{SETTLED} or more") } else { replica.since.to_string() };
            writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} | {} | {since} | {} |",
                replica.replica.map_or_else(|| "none of them".to_owned(), |number| number.to_string()),
                replica
                    .last_old
                    .map_or_else(|| "never".to_owned(), |last| if last.hi == Some(0) { "before T0".to_owned() } else { between(last) }),
                replica.refused,
                replica.answered_late,
                shown(replica.first_new),
                shown(replica.first_answered),
                if replica.replica.is_some() { shown(replica.moved) } else { String::new() },
                replica.other
            )?;
        }
        writeln!(text)
    }

    fn criteria(&self, text: &mut String, verdict: &Verdict) -> std::fmt::Result {
        if self.rotated.criteria.is_empty() {
            return Ok(());
        }
        writeln!(text, "| objective | meaning | promised | measured | verdict |\n|---|---|---|---|---|")?;
        for judgement in &self.rotated.criteria {
            let (promised, declared) = self.promised(judgement.name, verdict);
            let seen = capital(&said(self.rotated, judgement, self.limit));
            writeln!(text, "| {} | {promised} | {declared} | {seen} | {} |", judgement.name, judgement.verdict)?;
        }
        writeln!(text)
    }

    /// What a criterion promises, and the limit that was declared.
    fn promised(&self, name: Criterion, verdict: &Verdict) -> (&'static str, String) {
        let propagation = span(self.rotated.propagation);
        match name {
            Criterion::NewKeyAccepted => ("The provider accepts the new key", "when asked directly at the end".to_owned()),
            Criterion::OldKeyRefused => (
                "The old key is dead: the provider refuses it, and answers no request with it",
                format!("{propagation} after its revocation"),
            ),
            Criterion::OldKeyUnused => ("No replica uses the old key any more", format!("{SETTLED} requests of each replica without it")),
            Criterion::ClientErrors => (
                "Clients lose no more requests than agreed",
                self.rotated.client_errors.limit.map_or_else(String::new, |limit| format!("{} lost", at_most(limit))),
            ),
            Criterion::Rotation => ("Every replica uses the new key in time", format!("within {}", span(self.limit))),
            Criterion::Fallback => ("Another provider answers in the meantime", "at least once".to_owned()),
            Criterion::PrimaryResumed => (
                "The primary serves again with its new key, and goes on",
                verdict.terms.failback.map_or_else(|| "before the drill ends".to_owned(), |limit| format!("within {} of T6", span(limit))),
            ),
            Criterion::TokensReminted => {
                ("Tokens made from the old key are dead and replaced", format!("{propagation} after its revocation"))
            }
        }
    }

    fn limits(&self, text: &mut String) -> std::fmt::Result {
        let rotated = self.rotated;
        writeln!(text, "What this does not claim:\n")?;
        writeln!(
            text,
            "- The old key was tried at one location, and no sooner than {} after its revocation. Issuers with many locations may take longer until all of them refuse it: some say 15 minutes.",
            span(rotated.propagation)
        )?;
        if rotated.of(Criterion::TokensReminted).is_none() {
            writeln!(
                text,
                "- No token was seen being made from these keys. Where a gateway makes some, they may outlive the key by an hour."
            )?;
        }
        writeln!(text, "- Only requests that go through the proxy are seen. Those that bypass it may use either key.")?;
        writeln!(text, "- A replica that sent no request has shown nothing: T6 is when the last of them was seen with the new key.\n")
    }
}

/// What is worst: a miss before a doubt, and of these the one that explains most.
fn worst(rotated: &Rotated) -> Option<&Judgement> {
    let bad = rotated.criteria.iter().filter(|judgement| judgement.verdict != Decision::Met);
    let wrong = misplaced(rotated).is_some();
    bad.min_by_key(|judgement| {
        let weight = match judgement.finding {
            CriterionFinding::NeverMinted => 0,
            CriterionFinding::TooLate | CriterionFinding::EndedBefore if wrong && judgement.name == Criterion::Rotation => 1,
            CriterionFinding::OldKeyAccepted => 2,
            CriterionFinding::OldKeyAnswered => 3,
            CriterionFinding::StillBorne => 4,
            CriterionFinding::NeverRevoked => 5,
            CriterionFinding::NewKeyRefused => 6,
            CriterionFinding::NotReminted => 7,
            _ => 8,
        };
        (judgement.verdict != Decision::Missed, weight)
    })
}

/// The key that the store holds instead of the one that was minted.
fn misplaced(rotated: &Rotated) -> Option<Fingerprint> {
    rotated.stored.filter(|stored| rotated.new.is_some_and(|new| new != *stored))
}

/// Where there is nothing to object to.
fn sound(rotated: &Rotated, limit: Duration) -> String {
    let took = rotated.moments.t6.map_or_else(String::new, |t6| format!(" {}", between(t6)));
    let since = if rotated.planned { "the rotation began" } else { "the old one was revoked" };
    format!("every replica used the new key{took} after {since} (objective: {}), and the provider refuses the old one: met", span(limit))
}

/// What was seen of a criterion, as a sentence without its full stop.
fn said(rotated: &Rotated, judgement: &Judgement, limit: Duration) -> String {
    let since = if rotated.planned { "the rotation began" } else { "it was revoked" };
    let began = if rotated.planned { "the rotation began" } else { "the old one was revoked" };
    let watched = seconds_down(rotated.watched.0);
    match (judgement.name, judgement.finding) {
        (_, CriterionFinding::NeverMinted) => "no new key was created".to_owned(),
        (_, CriterionFinding::SightLost) => "the proxy missed some requests, so it is not known which key they carried".to_owned(),
        (_, CriterionFinding::NeverRevoked) => "the old key was never revoked".to_owned(),
        (Criterion::NewKeyAccepted, CriterionFinding::Holds) => heard_of("new", rotated.new_asked),
        (Criterion::NewKeyAccepted, CriterionFinding::NewKeyRefused) => {
            format!("the provider refuses the new key{}", status(rotated.new_asked))
        }
        (Criterion::NewKeyAccepted, CriterionFinding::EndedBefore) => {
            format!("no new key had been created when the drill ended, {watched} after {began}")
        }
        (Criterion::NewKeyAccepted, _) => heard_of("new", rotated.new_asked),
        (Criterion::OldKeyRefused, CriterionFinding::OldKeyAccepted) => {
            let at = rotated.old_asked.map_or_else(String::new, |asked| format!(", {} after {since}", seconds_down(asked.at.lo)));
            format!("the provider still accepts the old key{at}")
        }
        (Criterion::OldKeyRefused, CriterionFinding::OldKeyAnswered) => answered_late(rotated),
        (Criterion::OldKeyRefused, CriterionFinding::AskedTooEarly) => {
            format!("the provider was asked sooner than {} after the revocation, which proves nothing", span(rotated.propagation))
        }
        (Criterion::OldKeyRefused, CriterionFinding::EndedBefore) => "the drill ended before the old key had to be revoked".to_owned(),
        (Criterion::OldKeyRefused, _) => heard_of("old", rotated.old_asked),
        (Criterion::OldKeyUnused, CriterionFinding::Holds) => {
            let last =
                rotated.moments.t5.map_or_else(String::new, |t5| format!(": the last request with it came {} after T0", between(t5)));
            format!("no replica uses the old key{last}")
        }
        (Criterion::OldKeyUnused, CriterionFinding::StillBorne) => still_borne(rotated, since),
        (Criterion::OldKeyUnused, CriterionFinding::TooFewSince) => {
            let few = rotated.replicas.iter().filter(|replica| replica.replica.is_some()).map(|replica| replica.since).min().unwrap_or(0);
            format!("a replica sent only {} after its last one with the old key", counted(few, "request"))
        }
        (Criterion::OldKeyUnused, _) => format!("not every replica was seen with the new key; {}", unmoved(rotated)),
        (Criterion::ClientErrors, finding) => {
            let errors = rotated.client_errors;
            let lost = if errors.at_most > errors.lost {
                format!("{} to {}", grouped(errors.lost), counted(errors.at_most, "request"))
            } else {
                some(errors.lost)
            };
            let open = if finding == CriterionFinding::EndedBefore { ", which was not over when the drill ended" } else { "" };
            format!("clients lost {lost}{} during the rotation{open}", cut(errors))
        }
        (Criterion::Rotation, CriterionFinding::TooLate | CriterionFinding::EndedBefore) if rotated.moments.t6.is_none() => {
            match misplaced(rotated) {
                Some(stored) => format!("the store holds another key ({stored}) than the one that was created{}", created(rotated)),
                None if rotated.new.is_some() && rotated.moments.t3.is_none() => "the new key was created and never stored".to_owned(),
                None => format!("{} {watched} after {began}", unmoved(rotated)),
            }
        }
        (Criterion::Rotation, CriterionFinding::NotSeen) => "no proxy saw a key on any request to the provider".to_owned(),
        (Criterion::Rotation, _) => {
            let t6 = rotated.moments.t6.map_or_else(String::new, between);
            format!("every replica used the new key {t6} after {began}; the objective is {}", span(limit))
        }
        (Criterion::Fallback, CriterionFinding::NotAnswered) => "no other provider answered while the old key was refused".to_owned(),
        (Criterion::Fallback, CriterionFinding::NotSeen) => "it was not seen who answered while the old key was refused".to_owned(),
        (Criterion::Fallback, _) => rotated.fallback.map_or_else(String::new, |fallback| {
            format!(
                "other providers answered {} of {} while the old key was refused",
                grouped(fallback.answered),
                counted(fallback.requests, "request")
            )
        }),
        (Criterion::PrimaryResumed, finding) => match (rotated.resumed, finding) {
            (Some(Interval { hi: None, .. }), CriterionFinding::EndedBefore) => {
                "the drill ended before it was certain that the primary goes on serving".to_owned()
            }
            (Some(interval @ Interval { hi: Some(_), .. }), _) => {
                format!("the primary served again {} after T6, and went on", between(interval))
            }
            (Some(_), _) => "the primary did not serve well again before the drill ended".to_owned(),
            (None, _) => "not every replica had the new key, without which the primary cannot serve".to_owned(),
        },
        (Criterion::TokensReminted, CriterionFinding::Holds) => "tokens are made from the new key".to_owned(),
        (Criterion::TokensReminted, CriterionFinding::OldKeyAnswered) => {
            "a token of the old key was issued or answered after the key was revoked".to_owned()
        }
        (Criterion::TokensReminted, CriterionFinding::NotReminted) => "tokens of the old key were used to the end".to_owned(),
        (Criterion::TokensReminted, _) => "no token of the new key was seen after those of the old one".to_owned(),
    }
}

/// `replica 2 still used the old key 24.00 s after it was revoked`.
fn still_borne(rotated: &Rotated, since: &str) -> String {
    let (t6, last) = (rotated.moments.t6, |replica: &Replica| replica.last_old.map(|last| last.lo));
    let unmoved = rotated.replicas.iter().filter(|replica| replica.moved.is_none() || replica.replica.is_none());
    match unmoved.max_by_key(|replica| last(replica)) {
        Some(replica) => {
            let at = seconds_down(last(replica).unwrap_or(0));
            format!("{} still used the old key {at} after {since}", who(replica))
        }
        None => format!("the old key is still in use{}", t6.map_or("", |_| " after T6")),
    }
}

fn answered_late(rotated: &Rotated) -> String {
    let worst = rotated.replicas.iter().max_by_key(|replica| replica.answered_late);
    worst.map_or_else(String::new, |replica| {
        format!(
            "the provider answered {} of {} with the old key, more than {} after its revocation",
            counted(replica.answered_late, "request"),
            who(replica),
            span(rotated.propagation)
        )
    })
}

/// `replica 2 was not on the new key`.
fn unmoved(rotated: &Rotated) -> String {
    let numbers: Vec<String> = rotated
        .replicas
        .iter()
        .filter(|replica| replica.moved.is_none())
        .filter_map(|replica| Some(replica.replica?.to_string()))
        .collect();
    match numbers.as_slice() {
        [] => "every replica was on the new key".to_owned(),
        [one] => format!("replica {one} was not on the new key"),
        _ if rotated.replicas.iter().all(|replica| replica.moved.is_none()) => "no replica was on the new key".to_owned(),
        _ => format!("replicas {} were not on the new key", numbers.join(", ")),
    }
}

fn who(replica: &Replica) -> String {
    replica.replica.map_or_else(|| "a client that is none of the replicas".to_owned(), |number| format!("replica {number}"))
}

fn created(rotated: &Rotated) -> String {
    rotated.new.map_or_else(String::new, |new| format!(" ({new})"))
}

/// How many of the lost were answers that ended early; empty where none was.
fn cut(errors: ClientErrors) -> String {
    match errors.truncated {
        0 => String::new(),
        1 if errors.lost == 1 => " (truncated)".to_owned(),
        count => format!(" ({} truncated)", grouped(count)),
    }
}

/// `no requests`, `1 request`, `1,234 requests`.
fn some(requests: u64) -> String {
    if requests == 0 { "no requests".to_owned() } else { counted(requests, "request") }
}

fn named(key: Option<Fingerprint>, otherwise: &str) -> String {
    key.map_or_else(|| otherwise.to_owned(), |key| key.to_string())
}

fn shown(moment: Option<Interval>) -> String {
    moment.map_or_else(|| "not seen".to_owned(), between)
}

/// What the provider said: `refused with 401`.
fn answer(asked: KeyAnswer) -> String {
    match (asked.standing, asked.status) {
        (KeyStanding::Unknown, _) => "no clear answer, which proves nothing".to_owned(),
        (standing, 0) => standing.to_string(),
        (standing, status) => format!("{standing} with {status}"),
    }
}

fn heard(asked: Option<KeyAnswer>) -> String {
    asked.map_or_else(|| ", not tried".to_owned(), |asked| format!(", {}", answer(asked)))
}

fn heard_of(which: &str, asked: Option<KeyAnswer>) -> String {
    match asked.map(|asked| asked.standing) {
        None => format!("the {which} key was not tried at the provider"),
        Some(KeyStanding::Accepted) => format!("the provider accepts the {which} key"),
        Some(KeyStanding::Refused) => format!("the provider refuses the {which} key{}", status(asked)),
        Some(KeyStanding::Unknown) => format!("the provider gave no clear answer about the {which} key, which proves nothing"),
    }
}

fn status(asked: Option<KeyAnswer>) -> String {
    asked.filter(|asked| asked.status > 0).map_or_else(String::new, |asked| format!(" with {}", asked.status))
}

#[cfg(test)]
mod tests;
