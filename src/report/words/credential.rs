//! A credential's rotation in words: what was seen of each promise, and the worst of it in a sentence.
//!
//! Keys appear as fingerprints. What this file does not do: judge (`verdict::criteria`), or make tables (`credential_section`).

use super::wording::{at_most, between, capital, seconds_down, span};
use crate::history::KeyStanding;
use crate::report::model::Text;
use crate::units::{Duration, Fingerprint, counted, grouped};
use crate::verdict::{
    ClientErrors, Criterion, CriterionFinding, Decision, Interval, Judgement, KeyAnswer, ObjectiveName, Replica, Rotated, Verdict,
};

/// Whether an objective of this name is told in the section of a credential.
pub(in crate::report) fn tells(objective: ObjectiveName) -> bool {
    matches!(objective, ObjectiveName::Rotation(_))
}

/// The worst of what was seen of the rotations, in a sentence for each; where there is nothing to object to, that.
pub(in crate::report) fn headline(verdict: &Verdict) -> Text {
    let several = verdict.rotations.len() > 1;
    let mut text = Text::default();
    for rotated in verdict.rotations.iter().filter(|rotated| !rotated.criteria.is_empty()) {
        let what = match worst(rotated) {
            Some(judgement) => format!("{}: {}", said(rotated, judgement, verdict.terms.rotation), judgement.verdict),
            None => sound(rotated, verdict.terms.rotation),
        };
        let pause = if text.is_empty() { "" } else { " " };
        let whose = if several { Text::outside(&rotated.provider).then(": ") } else { Text::default() };
        text = text.then(pause).then(whose).then(format!("{}.", capital(&what)));
    }
    text
}

/// A line for the terminal about each rotation: label and value.
pub(in crate::report) fn lines(verdict: &Verdict) -> Vec<(&'static str, String)> {
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
pub(in crate::report) fn said(rotated: &Rotated, judgement: &Judgement, limit: Duration) -> String {
    let finding = judgement.finding;
    match finding {
        CriterionFinding::NeverMinted => return "no new key was created".to_owned(),
        CriterionFinding::SightLost => return "the proxy missed some requests, so it is not known which key they carried".to_owned(),
        CriterionFinding::NeverRevoked => return "the old key was never revoked".to_owned(),
        _ => {}
    }
    match judgement.name {
        Criterion::NewKeyAccepted => new_key_accepted(rotated, finding),
        Criterion::OldKeyRefused => old_key_refused(rotated, finding),
        Criterion::OldKeyUnused => old_key_unused(rotated, finding),
        Criterion::ClientErrors => client_errors(rotated, finding),
        Criterion::Rotation => every_replica(rotated, finding, limit),
        Criterion::Fallback => fallback(rotated, finding),
        Criterion::PrimaryResumed => primary_resumed(rotated, finding),
        Criterion::TokensReminted => tokens_reminted(finding).to_owned(),
    }
}

/// What the times of a rotation are counted from, where a sentence is about the old key.
const fn since(rotated: &Rotated) -> &'static str {
    if rotated.planned { "the rotation began" } else { "it was revoked" }
}

/// The same where a sentence is about the whole.
pub(in crate::report) const fn began(rotated: &Rotated) -> &'static str {
    if rotated.planned { "the rotation began" } else { "the old one was revoked" }
}

fn new_key_accepted(rotated: &Rotated, finding: CriterionFinding) -> String {
    match finding {
        CriterionFinding::NewKeyRefused => format!("the provider refuses the new key{}", status(rotated.new_asked)),
        CriterionFinding::EndedBefore => {
            let watched = seconds_down(rotated.watched.0);
            format!("no new key had been created when the drill ended, {watched} after {}", began(rotated))
        }
        _ => heard_of("new", rotated.new_asked),
    }
}

fn old_key_refused(rotated: &Rotated, finding: CriterionFinding) -> String {
    match finding {
        CriterionFinding::OldKeyAccepted => {
            let after = |asked: KeyAnswer| format!(", {} after {}", seconds_down(asked.at.lo), since(rotated));
            format!("the provider still accepts the old key{}", rotated.old_asked.map_or_else(String::new, after))
        }
        CriterionFinding::OldKeyAnswered => answered_late(rotated),
        CriterionFinding::AskedTooEarly => {
            format!("the provider was asked sooner than {} after the revocation, which proves nothing", span(rotated.propagation))
        }
        CriterionFinding::EndedBefore => "the drill ended before the old key had to be revoked".to_owned(),
        _ => heard_of("old", rotated.old_asked),
    }
}

fn old_key_unused(rotated: &Rotated, finding: CriterionFinding) -> String {
    match finding {
        CriterionFinding::Holds => {
            let last =
                rotated.moments.t5.map_or_else(String::new, |t5| format!(": the last request with it came {} after T0", between(t5)));
            format!("no replica uses the old key{last}")
        }
        CriterionFinding::StillBorne => still_borne(rotated),
        CriterionFinding::TooFewSince => {
            let few = rotated.replicas.iter().filter(|replica| replica.replica.is_some()).map(|replica| replica.since).min().unwrap_or(0);
            format!("a replica sent only {} after its last one with the old key", counted(few, "request"))
        }
        _ => format!("not every replica was seen with the new key; {}", unmoved(rotated)),
    }
}

fn client_errors(rotated: &Rotated, finding: CriterionFinding) -> String {
    let errors = rotated.client_errors;
    let lost = if errors.at_most > errors.lost {
        format!("{} to {}", grouped(errors.lost), counted(errors.at_most, "request"))
    } else {
        some(errors.lost)
    };
    let open = if finding == CriterionFinding::EndedBefore { ", which was not over when the drill ended" } else { "" };
    format!("clients lost {lost}{} during the rotation{open}", cut(errors))
}

fn every_replica(rotated: &Rotated, finding: CriterionFinding, limit: Duration) -> String {
    match finding {
        CriterionFinding::TooLate | CriterionFinding::EndedBefore if rotated.moments.t6.is_none() => match misplaced(rotated) {
            Some(stored) => format!("the store holds another key ({stored}) than the one that was created{}", created(rotated)),
            None if rotated.new.is_some() && rotated.moments.t3.is_none() => "the new key was created and never stored".to_owned(),
            None => format!("{} {} after {}", unmoved(rotated), seconds_down(rotated.watched.0), began(rotated)),
        },
        CriterionFinding::NotSeen => "no proxy saw a key on any request to the provider".to_owned(),
        _ => {
            let t6 = rotated.moments.t6.map_or_else(String::new, between);
            format!("every replica used the new key {t6} after {}; the objective is {}", began(rotated), span(limit))
        }
    }
}

fn fallback(rotated: &Rotated, finding: CriterionFinding) -> String {
    match finding {
        CriterionFinding::NotAnswered => "no other provider answered while the old key was refused".to_owned(),
        CriterionFinding::NotSeen => "it was not seen who answered while the old key was refused".to_owned(),
        _ => rotated.fallback.map_or_else(String::new, |fallback| {
            let (answered, of) = (grouped(fallback.answered), counted(fallback.requests, "request"));
            format!("other providers answered {answered} of {of} while the old key was refused")
        }),
    }
}

fn primary_resumed(rotated: &Rotated, finding: CriterionFinding) -> String {
    match (rotated.resumed, finding) {
        (Some(Interval { hi: None, .. }), CriterionFinding::EndedBefore) => {
            "the drill ended before it was certain that the primary goes on serving".to_owned()
        }
        (Some(interval @ Interval { hi: Some(_), .. }), _) => {
            format!("the primary served again {} after T6, and went on", between(interval))
        }
        (Some(_), _) => "the primary did not serve well again before the drill ended".to_owned(),
        (None, _) => "not every replica had the new key, without which the primary cannot serve".to_owned(),
    }
}

const fn tokens_reminted(finding: CriterionFinding) -> &'static str {
    match finding {
        CriterionFinding::Holds => "tokens are made from the new key",
        CriterionFinding::OldKeyAnswered => "a token of the old key was issued or answered after the key was revoked",
        CriterionFinding::NotReminted => "tokens of the old key were used to the end",
        _ => "no token of the new key was seen after those of the old one",
    }
}

/// `replica 2 still used the old key 24.00 s after it was revoked`.
fn still_borne(rotated: &Rotated) -> String {
    let (t6, last) = (rotated.moments.t6, |replica: &Replica| replica.last_old.map(|last| last.lo));
    let unmoved = rotated.replicas.iter().filter(|replica| replica.moved.is_none() || replica.replica.is_none());
    match unmoved.max_by_key(|replica| last(replica)) {
        Some(replica) => {
            let at = seconds_down(last(replica).unwrap_or(0));
            format!("{} still used the old key {at} after {}", who(replica), since(rotated))
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

pub(in crate::report) fn named(key: Option<Fingerprint>, otherwise: &str) -> String {
    key.map_or_else(|| otherwise.to_owned(), |key| key.to_string())
}

pub(in crate::report) fn shown(moment: Option<Interval>) -> String {
    moment.map_or_else(|| "not seen".to_owned(), between)
}

/// What the provider said: `refused with 401`.
pub(in crate::report) fn answer(asked: KeyAnswer) -> String {
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
