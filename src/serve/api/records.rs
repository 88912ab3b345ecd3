//! What is answered, as JSON. Keys are only ever added.

use super::route::{moment_schema, words_schema};
use crate::model::{AccessRole, FindingSeverity, FindingState};
use crate::schedule::{MissReason, Occurrence, OccurrenceEnd, OccurrenceState};
use crate::store::{AuditEntry, TokenEntry};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

/// Gives a name in the description to a closed list of words.
macro_rules! described {
    ($($(#[$meta:meta])* $name:ident = $schema:expr;)+) => {$(
        $(#[$meta])*
        pub(super) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                $schema.into()
            }
        }

        impl ToSchema for $name {}
    )+};
}

described! {
    /// What somebody may do.
    Role = words_schema(AccessRole::WORDS);
    /// A moment.
    Moment = moment_schema();
    /// How far an occurrence is.
    OccurrenceStage = words_schema(OccurrenceState::WORDS);
    /// As what it ended.
    OccurrenceOutcome = words_schema(OccurrenceEnd::WORDS);
    /// Why it was missed.
    OccurrenceReason = words_schema(MissReason::WORDS);
    /// How much a finding matters.
    Severity = words_schema(FindingSeverity::WORDS);
    /// What became of a finding.
    FindingStage = words_schema(FindingState::WORDS);
}

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// The version of Lifeboat.
    pub(super) lifeboat: &'static str,
    /// Whether the store can be asked now.
    pub(super) store_answers: bool,
    /// Whether several hosts may share the store.
    pub(super) store_is_shared: bool,
    /// Drills that this process runs.
    #[schema(minimum = 0)]
    pub(super) running: usize,
    /// Who calls.
    pub(super) caller: CallerRecord,
}

/// Who calls.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CallerRecord {
    /// By name.
    pub(super) name: String,
    /// What they may do.
    #[schema(value_type = Vec<Role>)]
    pub(super) roles: Vec<AccessRole>,
}

/// A token, without the token.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenRecord {
    /// Its name.
    name: String,
    /// Its first letters.
    shown: String,
    /// What whoever has it may do.
    #[schema(value_type = Vec<Role>)]
    roles: Vec<AccessRole>,
    /// When it was made.
    #[schema(value_type = Moment)]
    made: DateTime<Utc>,
    /// Who made it.
    made_by: String,
    /// When it ends by itself.
    #[schema(value_type = Option<Moment>)]
    expires: Option<DateTime<Utc>>,
    /// When somebody ended it.
    #[schema(value_type = Option<Moment>)]
    revoked: Option<DateTime<Utc>>,
    /// When it was used last, to the minute.
    #[schema(value_type = Option<Moment>)]
    used: Option<DateTime<Utc>>,
}

impl From<TokenEntry> for TokenRecord {
    fn from(entry: TokenEntry) -> Self {
        let TokenEntry { name, shown, roles, made, made_by, expires, revoked, used } = entry;
        Self { name, shown, roles, made, made_by, expires, revoked, used }
    }
}

/// A token that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenMade {
    /// The token itself; it cannot be had again.
    pub(super) token: String,
    /// What is known of it.
    pub(super) entry: TokenRecord,
}

/// A token that is to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenOrder {
    /// Its name; no two tokens ever have the same.
    #[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")]
    pub(super) name: String,
    /// What whoever has it may do.
    #[schema(value_type = Vec<Role>, min_items = 1, max_items = 5)]
    pub(super) roles: Vec<AccessRole>,
    /// After how many days it ends; without it, it does not end by itself.
    #[serde(default, deserialize_with = "whole")]
    #[schema(minimum = 1, maximum = 3650)]
    pub(super) days: Option<u32>,
}

/// A whole number, which JSON may also write as `30.0`.
fn whole<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let number = Option::<f64>::deserialize(deserializer)?;
    let is_whole = |number: &f64| number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(number);
    match number {
        Some(number) if !is_whole(&number) => Err(serde::de::Error::custom("this is no whole number")),
        // It was just seen to fit.
        number => Ok(number.map(|number| number as u32)),
    }
}

/// Something that somebody did, or was kept from doing.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditRecord {
    /// Its place in the order of time.
    id: String,
    /// When.
    #[schema(value_type = Moment)]
    at: DateTime<Utc>,
    /// Who; empty where nobody knows.
    who: String,
    /// How they are known.
    via: String,
    /// The address that they called from.
    address: String,
    /// What they did.
    action: String,
    /// With what.
    object: String,
    /// How it ended.
    outcome: String,
}

impl From<AuditEntry> for AuditRecord {
    fn from(entry: AuditEntry) -> Self {
        let AuditEntry { id, at, who, via, address, action, object, outcome } = entry;
        Self { id, at, who, via, address, action, object, outcome }
    }
}

/// The lever of the project: whether drills are stopped, and none may begin.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LeverRecord {
    /// Whether it is pulled.
    pub(super) stopped: bool,
    /// Who pulled it.
    pub(super) by: Option<String>,
    /// When, as they noted it.
    pub(super) since: Option<String>,
    /// Why.
    pub(super) reason: Option<String>,
}

/// Why drills are stopped.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LeverOrder {
    /// For those who are stopped by it.
    #[schema(min_length = 1, max_length = 500)]
    pub(super) reason: String,
}

/// What the team runs and depends on, as far as drills can name it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InventoryRecord {
    /// Services.
    pub(super) services: Vec<ListedService>,
    /// Providers.
    pub(super) providers: Vec<ListedProvider>,
    /// Where drills run.
    pub(super) environments: Vec<ListedEnvironment>,
    /// What is wrong or odd in the files.
    pub(super) problems: Vec<String>,
}

/// A service.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ListedService {
    /// Its name.
    pub(super) name: String,
    /// What its outage means.
    pub(super) criticality: String,
    /// Its providers: the primary, then its standbys.
    pub(super) providers: Vec<String>,
}

/// A provider.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ListedProvider {
    /// Its name.
    pub(super) name: String,
    /// How it speaks.
    pub(super) dialect: String,
}

/// Where drills run.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ListedEnvironment {
    /// Its name.
    pub(super) name: String,
    /// Whether everything in it is simulated.
    pub(super) simulated: bool,
    /// Whether a drill in it must be approved beforehand.
    pub(super) protected: bool,
}

/// One time that a schedule was due.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct OccurrenceRecord {
    /// The schedule's name.
    schedule: String,
    /// When it was due.
    #[schema(value_type = Moment)]
    due: DateTime<Utc>,
    /// How far it is.
    #[schema(value_type = OccurrenceStage)]
    state: OccurrenceState,
    /// As what it ended or, where it runs, began.
    #[schema(value_type = Option<OccurrenceOutcome>)]
    end: Option<OccurrenceEnd>,
    /// Why it was missed.
    #[schema(value_type = Option<OccurrenceReason>)]
    reason: Option<MissReason>,
    /// The same in words, or what stands in its way.
    told: String,
    /// The drills that were begun for it or keep it.
    drills: Vec<String>,
    /// Whether its drills were killed before they were over.
    interrupted: bool,
    /// When it began.
    #[schema(value_type = Option<Moment>)]
    began: Option<DateTime<Utc>>,
    /// When it was over.
    #[schema(value_type = Option<Moment>)]
    over: Option<DateTime<Utc>>,
}

impl From<Occurrence> for OccurrenceRecord {
    fn from(occurrence: Occurrence) -> Self {
        let Occurrence { schedule, due, state, end, reason, told, drills, interrupted, began, over } = occurrence;
        Self { schedule, due, state, end, reason, told, drills, interrupted, began, over }
    }
}

/// Drills that are due again and again.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct ListedSchedule {
    /// Its name.
    pub(super) name: String,
    /// The scenario files, in their order.
    pub(super) scenarios: Vec<String>,
    /// Where they run.
    pub(super) environment: String,
    /// When they are due, as it was written.
    pub(super) when: String,
    /// On whose clocks.
    pub(super) zone: String,
    /// When it is due next.
    #[schema(value_type = Option<Moment>)]
    pub(super) next: Option<DateTime<Utc>>,
    /// Within which time something that counts must have been drilled.
    pub(super) cadence: Option<String>,
    /// What becomes of one whose window has passed.
    pub(super) if_missed: String,
}

/// What is to become of an occurrence that somebody is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum LateChoice {
    /// It runs, late.
    Run,
    /// It stays missed.
    Decline,
}

/// An answer about a late occurrence.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LateOrder {
    /// Run it late, or decline.
    pub(super) answer: LateChoice,
}
