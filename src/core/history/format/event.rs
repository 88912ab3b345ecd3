//! What else is recorded of a drill, but its beginning.
//!
//! Events are written and read without a copy: serde derives both for the event itself from the fields that stand here (`remote`), which must be
//! all that the event has.

use super::record::{Via, is_usual};
use super::timeline::AimRecord;
use crate::history::{
    Acknowledged, AlertReceived, AlertSource, AlertsAwaited, AlertsLeftOut, ApprovalWay, Approved, Awaited, Breaker, Cancelled, Contacted,
    ExecutionEnd, ExecutionFinished, FaultConfirmed, FaultHealed, FaultRequested, Finished, Gateway, HealthSeen, HealthState, KeyHeld,
    KeyMinted, KeyProbed, KeyRevoked, KeyStanding, KeyStored, Note, PageIncidentOpened, ParityProbed, Phase, PhaseEntered, PlainToxiproxy,
    ProbeRound, ProxyClock, ReactionModelled, Remark, RemarkAbout, Resumed, RunbookDrilled, RunbookStarted, SightGap, Spared, StepFinished,
    StepOverran, StepStarted, StepUndone, StopReason, TokenMinted, UndoStarted, UpdateBegun,
};
use crate::model::{AcknowledgementWay, Aim, Fault, ProbeDecision, StepEnd};
use crate::units::Fingerprint;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "PhaseEntered")]
pub(super) struct PhaseRecord {
    name: Phase,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "FaultRequested")]
pub(super) struct FaultRequestedRecord {
    fault: u32,
    on: String,
    what: Fault,
    #[serde(default, with = "Via::<AimRecord>", skip_serializing_if = "Aim::is_everything")]
    #[schemars(with = "AimRecord")]
    aim: Aim,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "FaultConfirmed")]
pub(super) struct FaultConfirmedRecord {
    fault: u32,
    on: String,
    lo: u64,
    hi: u64,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "FaultHealed")]
pub(super) struct FaultHealedRecord {
    fault: u32,
    on: String,
    lo: u64,
    hi: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    touched: Option<u64>,
    #[serde(default, skip_serializing_if = "is_usual")]
    expired: bool,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "Spared")]
pub(super) struct SparedEventRecord {
    fault: u32,
    on: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unmarked_seen: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unmarked_touched: Option<u64>,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "ProxyClock")]
pub(super) struct ProxyClockRecord {
    ahead: i64,
    error: u64,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "PlainToxiproxy")]
pub(super) struct PlainToxiproxyRecord {
    version: String,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "SightGap")]
pub(super) struct SightGapRecord {
    missed: u64,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "Gateway")]
pub(super) struct GatewayBreakerRecord {
    at: u64,
    provider: String,
    breaker: Breaker,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "AlertReceived")]
pub(super) struct AlertReceivedRecord {
    at: u64,
    source: AlertSource,
    name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    instance: String,
    firing: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    starts_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ends_at: Option<String>,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "AlertsAwaited")]
pub(super) struct AlertsAwaitedRecord {
    url: String,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "AlertsLeftOut")]
pub(super) struct AlertsLeftOutRecord {
    awaited: u64,
    others: u64,
    repeated: u64,
    unread: u64,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "RunbookDrilled")]
pub(super) struct RunbookDrilledRecord {
    steps: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    drill: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    started: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verdict: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cutover_lo: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cutover_hi: Option<i64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    same: bool,
    #[serde(default, skip_serializing_if = "is_usual")]
    more: u64,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "RunbookStarted")]
pub(super) struct RunbookStartedRecord {
    runbook: String,
    because: String,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "ReactionModelled")]
pub(super) struct ReactionModelledRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    step: Option<u32>,
    length: u64,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "StepStarted")]
pub(super) struct StepStartedRecord {
    step: u32,
    name: String,
    attempt: u32,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "StepFinished")]
pub(super) struct StepFinishedRecord {
    step: u32,
    end: StepEnd,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    output: String,
    #[serde(default, skip_serializing_if = "is_usual")]
    unsure: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "StepUndone")]
pub(super) struct StepUndoneRecord {
    step: u32,
    end: StepEnd,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    output: String,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "StepOverran")]
pub(super) struct StepOverranRecord {
    step: u32,
    expected: u64,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "UndoStarted")]
pub(super) struct UndoStartedRecord {
    step: u32,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "KeyHeld")]
pub(super) struct KeyHeldRecord {
    credential: String,
    key: Fingerprint,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "KeyMinted")]
pub(super) struct KeyMintedRecord {
    credential: String,
    key: Fingerprint,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    id: String,
    lo: u64,
    hi: u64,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "KeyStored")]
pub(super) struct KeyStoredRecord {
    credential: String,
    key: Fingerprint,
    place: String,
    version: String,
    lo: u64,
    hi: u64,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "KeyRevoked")]
pub(super) struct KeyRevokedRecord {
    credential: String,
    key: Fingerprint,
    lo: u64,
    hi: u64,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "KeyProbed")]
pub(super) struct KeyProbedRecord {
    credential: String,
    key: Fingerprint,
    standing: KeyStanding,
    #[serde(default, skip_serializing_if = "is_usual")]
    status: u16,
    lo: u64,
    hi: u64,
    #[serde(default, skip_serializing_if = "is_usual")]
    last: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    why: String,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "TokenMinted")]
pub(super) struct TokenMintedRecord {
    credential: String,
    token: Fingerprint,
    from: Fingerprint,
    at: u64,
    life: u64,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "Resumed")]
pub(super) struct ResumedRecord {
    wall_clock: String,
    #[serde(default, skip_serializing_if = "is_usual")]
    undo: bool,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "Note")]
pub(super) struct NoteRecord {
    text: String,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "Contacted")]
pub(super) struct ContactedRecord {
    contact: String,
    because: String,
    end: StepEnd,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    output: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    key: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    said: String,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "UpdateBegun")]
pub(super) struct UpdateBegunRecord {
    contact: String,
    key: String,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "Acknowledged")]
pub(super) struct AcknowledgedRecord {
    by: String,
    how: AcknowledgementWay,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    spared: Vec<String>,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "PageIncidentOpened")]
pub(super) struct PageIncidentOpenedRecord {
    contact: String,
    incident: String,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "ExecutionFinished")]
pub(super) struct ExecutionFinishedRecord {
    end: ExecutionEnd,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "Remark")]
pub(super) struct RemarkRecord {
    about: RemarkAbout,
    text: String,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "Approved")]
pub(super) struct ApprovedRecord {
    who: String,
    how: ApprovalWay,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    plan: String,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "Awaited")]
pub(super) struct AwaitedRecord {
    what: String,
    most: u64,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "HealthSeen")]
pub(super) struct HealthSeenRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    workload: Option<String>,
    state: HealthState,
    detail: String,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "Cancelled")]
pub(super) struct CancelledRecord {
    reason: StopReason,
    detail: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "ParityProbed")]
pub(super) struct ParityProbedRecord {
    probe: u32,
    id: u64,
    round: ProbeRound,
    at: u64,
    took: u64,
    #[serde(default, skip_serializing_if = "is_usual")]
    status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    decision: Option<ProbeDecision>,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "Finished")]
pub(super) struct FinishedRecord {
    observed_until: u64,
    requests: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    by_workload: Vec<u64>,
}
