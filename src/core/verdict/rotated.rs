//! What is told of one credential's rotation: its moments, what each replica did, and the judgement of each promise. Data only; `rotation` finds the
//! moments, `criteria` judges.

use super::interval::Interval;
use super::objective_name::Criterion;
use super::{Decision, Millis};
use crate::history::{Evidence, KeyStanding, Rotation};
use crate::model::words;
use crate::units::Fingerprint;

/// When what happened, from T0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moments {
    /// The key was revoked, or the planned rotation began.
    pub t0: Option<Interval>,
    /// The first refusal of the old key.
    pub t1: Option<Interval>,
    /// A new key was minted.
    pub t2: Option<Interval>,
    /// The store holds it.
    pub t3: Option<Interval>,
    /// The first request with it.
    pub t4: Option<Interval>,
    /// The last request with the old key.
    pub t5: Option<Interval>,
    /// Every replica uses the new key.
    pub t6: Option<Interval>,
    /// The issuer took the old key back; in an emergency that is T0.
    pub revoked: Option<Interval>,
}

/// What one replica did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replica {
    /// Its place in the inventory, from 1; `None` for requests that are of no replica.
    pub replica: Option<u32>,
    /// Its last request with the old key.
    pub last_old: Option<Interval>,
    /// Its first request with the new key.
    pub first_new: Option<Interval>,
    /// The first of these that was answered whole and well, by when it ended.
    pub first_answered: Option<Interval>,
    /// Its first request with the new key after its last with the old.
    pub moved: Option<Interval>,
    /// Requests that the provider refused because of the old key.
    pub refused: u64,
    /// Requests with the old key that were answered although it was revoked and that had had its time to spread, tokens included.
    pub answered_late: u64,
    /// Requests with the new key.
    pub new: u64,
    /// Requests with the new key since the last with the old; [`crate::history::SETTLED`] stands for that many or more.
    pub since: u64,
    /// Requests with any other key.
    pub other: u64,
}

/// Requests that clients lost during a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientErrors {
    /// Lost for certain.
    pub lost: u64,
    /// Of these, answers that broke off.
    pub truncated: u64,
    /// How many it may have been.
    pub at_most: u64,
    /// How many were agreed; `None` where nothing was.
    pub limit: Option<u64>,
}

/// What a provider said to a key when the drill itself asked it, past gateway and proxies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyAnswer {
    /// What.
    pub standing: KeyStanding,
    /// By which status; 0 where none came.
    pub status: u16,
    /// When.
    pub at: Interval,
}

/// Requests while a provider refused the old key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fallback {
    /// How many there were.
    pub requests: u64,
    /// How many of them another provider answered.
    pub answered: u64,
    /// How many more were answered by somebody who is not known.
    pub perhaps: u64,
}

/// The judgement of one rotation.
#[derive(Debug, Clone, PartialEq)]
pub struct Rotated {
    /// The provider.
    pub provider: String,
    /// The credential's name.
    pub credential: String,
    /// True where nothing was broken.
    pub planned: bool,
    /// The key that it had.
    pub old: Option<Fingerprint>,
    /// The key that was minted.
    pub new: Option<Fingerprint>,
    /// The key that its store held when it was read last.
    pub stored: Option<Fingerprint>,
    /// That store, as the inventory says it.
    pub store: Option<String>,
    /// What the provider said to the old key in the end.
    pub old_asked: Option<KeyAnswer>,
    /// The same to the new one.
    pub new_asked: Option<KeyAnswer>,
    /// How long the issuer may take until it refuses a revoked key everywhere.
    pub propagation: Millis,
    /// When what happened.
    pub moments: Moments,
    /// How long it was watched from T0.
    pub watched: Millis,
    /// What each replica did; last, where there are any, requests of no replica.
    pub replicas: Vec<Replica>,
    /// Requests that clients lost.
    pub client_errors: ClientErrors,
    /// Requests while the old key was refused; `None` where it never was, or where there is no other provider.
    pub fallback: Option<Fallback>,
    /// When the primary served well again after T6, from then; `None` where that was not looked for.
    pub resumed: Option<Interval>,
    /// The promises that apply, each judged. Empty where the drill is not valid.
    pub criteria: Vec<Judgement>,
}

impl Rotated {
    /// The judgement of one criterion, where it applies.
    pub fn of(&self, name: Criterion) -> Option<&Judgement> {
        self.criteria.iter().find(|judgement| judgement.name == name)
    }
}

words! {
    /// What decided a criterion.
    CriterionFinding {
        /// It is as promised.
        Holds = "holds",
        /// No new key was ever made.
        NeverMinted = "never_minted",
        /// The provider refused the new key.
        NewKeyRefused = "new_key_refused",
        /// The provider was not asked, or said neither.
        NoAnswer = "no_answer",
        /// The provider was asked before the revocation had had its time to spread.
        AskedTooEarly = "asked_too_early",
        /// Nobody revoked the old key.
        NeverRevoked = "never_revoked",
        /// The provider took the old key when the drill asked it.
        OldKeyAccepted = "old_key_accepted",
        /// The provider answered a request with the old key, or a token of it, long after it was revoked.
        OldKeyAnswered = "old_key_answered",
        /// The old key is still in use.
        StillBorne = "still_borne",
        /// Too few requests came after the last one with the old key.
        TooFewSince = "too_few_since",
        /// No proxy saw what would tell.
        NotSeen = "not_seen",
        /// More than was agreed.
        TooMany = "too_many",
        /// Later than was agreed.
        TooLate = "too_late",
        /// It may be within what was agreed or not.
        Unsure = "unsure",
        /// The drill ended before it could be told.
        EndedBefore = "ended_before",
        /// Requests came, and no other provider answered one.
        NotAnswered = "not_answered",
        /// Tokens of the old key were used to the end.
        NotReminted = "not_reminted",
        /// Some of the proxy's sight was lost, and with it the proof.
        SightLost = "sight_lost",
    }
}

/// The judgement of one criterion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgement {
    /// Which.
    pub name: Criterion,
    /// Its judgement.
    pub verdict: Decision,
    /// What decided it.
    pub finding: CriterionFinding,
}

/// One rotation with what it is judged by.
pub(super) struct RotationTrace<'e> {
    pub(super) evidence: &'e Evidence,
    pub(super) rotation: &'e Rotation,
    /// Largest error of a proxy's stamp.
    pub(super) error: i64,
}
