//! What users were given: requests, and what the fault proxies saw of them.
//!
//! Events are written and read without a copy: serde derives both for the event itself from the fields that stand here (`remote`), which must be
//! all that the event has.

use super::record::{Recorded, Via, is_usual};
use crate::history::{Carried, Outcome, Overdue, Paced, RequestDone, Served, Shed};
use crate::model::Tokens;
use crate::units::{Fingerprint, Rate};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "RequestDone")]
pub(super) struct RequestRecord {
    id: u64,
    due: u64,
    #[serde(rename = "late")]
    lag: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proof: Option<u64>,
    done: u64,
    outcome: Outcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    why: Option<Cow<'static, str>>,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "Shed")]
pub(super) struct ShedRecord {
    id: u64,
    due: u64,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "Overdue")]
pub(super) struct OverdueRecord {
    id: u64,
    due: u64,
    after: u64,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "Paced")]
pub(super) struct PacedRecord {
    at: u64,
    rate: Rate,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    step: Option<u32>,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "Served")]
pub(super) struct ServedRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    by: Cow<'static, str>,
    at: u64,
    took: u64,
    #[serde(default = "all_well", skip_serializing_if = "is_all_well")]
    status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<Fingerprint>,
    #[serde(default, skip_serializing_if = "is_usual")]
    cut: bool,
    #[serde(default, skip_serializing_if = "is_usual")]
    touched: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tenant: Option<Fingerprint>,
    #[serde(default, with = "Via::<Option<TokenPairRecord>>", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<TokenPairRecord>")]
    tokens: Option<Tokens>,
}

/// Tokens of the prompt, then those of the answer.
#[derive(Serialize, Deserialize, schemars::JsonSchema)]
struct TokenPairRecord(u64, u64);

impl Recorded<Tokens> for TokenPairRecord {
    fn record(tokens: &Tokens) -> Self {
        Self(tokens.input, tokens.output)
    }

    fn restore(self) -> Tokens {
        let Self(input, output) = self;
        Tokens { input, output }
    }
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(remote = "Carried")]
pub(super) struct CarriedRecord {
    by: Cow<'static, str>,
    at: u64,
    took: u64,
    up: u64,
    down: u64,
    #[serde(default, skip_serializing_if = "is_usual")]
    cut: bool,
    #[serde(default, skip_serializing_if = "is_usual")]
    touched: bool,
}

const fn all_well() -> u16 {
    200
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_all_well(status: &u16) -> bool {
    *status == all_well()
}
