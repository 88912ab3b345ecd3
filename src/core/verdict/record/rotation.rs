//! What `verdict.json` says of a key that was replaced.

use super::parts::{IntervalRecord, RecordOf, record};
use crate::history::KeyStanding;
use crate::units::Fingerprint;
use crate::verdict::{
    ClientErrors, Criterion, CriterionFinding, Decision, Fallback, Judgement, KeyAnswer, Millis, Moments, Replica, Rotated,
};
use serde::{Deserialize, Serialize};

record! {
    /// The judgement of one rotation.
    RotatedRecord of Rotated {
        provider: String,
        credential: String,
        planned: bool,
        old: Option<Fingerprint>,
        new: Option<Fingerprint>,
        stored: Option<Fingerprint>,
        store: Option<String>,
        old_asked: Option<KeyAnswerRecord>,
        new_asked: Option<KeyAnswerRecord>,
        #[serde(rename = "propagation_ms")]
        propagation: Millis,
        moments: MomentsRecord,
        #[serde(rename = "watched_ms")]
        watched: Millis,
        replicas: Vec<ReplicaRecord>,
        client_errors: ClientErrorsRecord,
        fallback: Option<FallbackRecord>,
        resumed: Option<IntervalRecord>,
        criteria: Vec<JudgementRecord>,
    }
}

record! {
    /// What a provider said to a key when the drill itself asked it, past gateway and proxies.
    KeyAnswerRecord of KeyAnswer {
        standing: KeyStanding,
        status: u16,
        at: IntervalRecord,
    }
}

record! {
    /// When what happened, from T0.
    MomentsRecord of Moments {
        t0: Option<IntervalRecord>,
        t1: Option<IntervalRecord>,
        t2: Option<IntervalRecord>,
        t3: Option<IntervalRecord>,
        t4: Option<IntervalRecord>,
        t5: Option<IntervalRecord>,
        t6: Option<IntervalRecord>,
        revoked: Option<IntervalRecord>,
    }
}

record! {
    /// What one replica did.
    ReplicaRecord of Replica {
        replica: Option<u32>,
        last_old: Option<IntervalRecord>,
        first_new: Option<IntervalRecord>,
        first_answered: Option<IntervalRecord>,
        moved: Option<IntervalRecord>,
        refused: u64,
        answered_late: u64,
        new: u64,
        since: u64,
        other: u64,
    }
}

record! {
    /// Requests that clients lost during a rotation.
    ClientErrorsRecord of ClientErrors {
        lost: u64,
        truncated: u64,
        at_most: u64,
        limit: Option<u64>,
    }
}

record! {
    /// Requests while a provider refused the old key.
    FallbackRecord of Fallback {
        requests: u64,
        answered: u64,
        perhaps: u64,
    }
}

record! {
    /// The judgement of one criterion.
    JudgementRecord of Judgement {
        name: Criterion,
        verdict: Decision,
        finding: CriterionFinding,
    }
}
