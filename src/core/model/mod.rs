//! Valid plain data: what an inventory, a scenario and a runbook say once they have been checked.
//!
//! Nothing here reads a file or knows YAML (that is `project`), and nothing here runs. A value of these types may be
//! relied on: the room `project` is the only one that makes them from text, and a history carries them as JSON so that a
//! drill can be judged again without its files.

mod action;
mod aim;
mod approvals;
mod bound;
mod bursts;
mod business;
mod calendar_source;
mod canary;
mod command;
mod complete;
mod condition;
mod confirm;
mod contact;
mod contract;
mod dialect;
mod drilled_modes;
mod due_pattern;
mod environment;
mod evidence;
mod executable;
mod execution;
mod failure_mode;
mod fault;
mod guard;
mod history_form;
mod hop;
mod http_call;
mod inquiry;
mod inventory;
mod kept_texts;
mod latency;
mod load_steps;
mod mail;
mod manual;
mod named_workload;
mod night_review;
mod notify;
mod objective;
mod only;
mod operation;
mod overlay;
mod pace;
mod parity;
mod plan;
mod prediction;
mod price;
mod prompt;
mod proof;
mod ramp;
mod reaction;
mod review;
mod rotation;
mod runbook;
mod sabotage;
mod scenario;
mod schedule;
mod secret_source;
mod serving;
mod sign_in;
mod step;
mod stop_here;
mod store;
mod switch;
mod tokens;
mod trace;
mod wire;
mod workload;

pub use action::Action;
pub use aim::{Aim, FaultShape, Match, Requests};
pub use approvals::{Approvals, Approver};
pub use bound::{Bound, merge_all, of_body, stays_bounded};
pub use bursts::Bursts;
pub use business::Business;
pub use calendar_source::CalendarSource;
pub use canary::{Canary, QUANTILE_MIN, WorseBy};
pub use command::Command;
pub use complete::{Complete, StreamEnd, UsageReport};
pub use condition::{Condition, Goal, HttpProbe, ProviderSelector};
pub use confirm::Confirm;
pub use contact::{
    AcknowledgementWay, ComponentImpact, Contact, ContactService, EscalationUntil, OpsgenieIntegration, PagerdutyService, StatusPage,
    StatusUpdate, UpdateTime,
};
pub use contract::{Contract, DataExport, DayStanding, RevocableBy};
pub use dialect::Dialect;
pub use due_pattern::{DayOfSpan, DueDays, DuePattern, DueSpan};
pub use environment::{
    AlertsBinding, Allow, BreakerSettings, ControlBinding, DualRun, Environment, GatewayConfiguration, GatewayKind, GatewaySettings,
    KeySource, LeverBinding, LocksBinding, ProxyBinding, ResetCommand, RouteCredentials, RouteResidency, ServiceBinding, StartCommand,
    TokenCache,
};
pub use evidence::{BucketPlace, EvidencePolicy, LockMode, ObjectLock, ShipTo, WitnessPolicy, WitnessSource};
pub use executable::Executable;
pub use execution::{ExecutionPlan, ReadFile, SourceFile};
pub use failure_mode::FailureMode;
pub use fault::{
    ActsOn, AtIssuer, Attribute, CacheFate, Fault, FaultKind, Mistake, Needs, Pointless, Refusal, RetryForm, Setting, SettingKind,
    SettingValue, Settings, Taken, TlsProblem,
};
pub use guard::{GUARDS_MAX, Guard, GuardWatch, OutsideGuard, PercentileLimit, ServiceGuard, SuccessLimit, Unreachable};
pub use history_form::HistoryForm;
pub use hop::{CheckOutcome, HopCheck, HopReason, HopState};
pub use http_call::HttpCall;
pub use inquiry::{Inquiry, InquiryGoal, InquirySource};
pub use inventory::{
    Credential, CredentialKind, Criticality, Inventory, ModelTimes, Provider, ProviderCapacity, RateLimits, Service, Simulation,
    origin_and_path,
};
pub use kept_texts::KeptTexts;
pub use latency::{TAIL_SIGMA, Z95};
pub use load_steps::{Bearing, LoadSteps, STEP_MIN};
pub use mail::{Mail, MailServer};
pub use manual::{Ask, Manual, RoleHolder};
pub use named_workload::{NamedWorkload, WORKLOADS_MAX, Workloads};
pub use night_review::{NightReview, ReviewEntry, ReviewTopic, StepReviewed, StepTruth};
pub use notify::{Channel, Notify, NotifySeverity};
pub use objective::{DeclaredObjectives, Gate, LossBudget, Objectives, Rescues, SloOn};
pub use only::{Only, Sessions, header_parts};
pub use operation::{Expect, Operation, RequestKind};
pub use overlay::{OVERLAY_POINTS, OVERLAYS_MAX, Overlay, OverlaySource, PrometheusBinding};
pub use parity::{ParityProbe, ProbeDecision, ProbeText, RefusalRule};
pub use plan::{DrillPlan, REHEARSALS};
pub use prediction::{PredictedChange, Prediction, PredictionTerm};
pub use price::Price;
pub use proof::{KnownProof, ProofFile, ProofStanding, Proven, ProvenControl};
pub use ramp::{Ramp, RampPoint};
pub use reaction::Reaction;
pub use review::{FindingId, FindingSeverity, FindingState, KeptFinding, KeptFindings};
pub use rotation::{AzureSlot, Issuer, Rotate, RotationPart};
pub use runbook::{Escalation, Runbook, StartMode};
pub use sabotage::{Sabotage, SabotageCommand, SabotageKind, SabotageReason};
pub use scenario::{PlannedFault, Scenario, Timeline};
pub use schedule::{ApprovalWish, DrillSchedule, DueRule, IfMissed, OverlapPolicy, ScheduleNotices};
pub use secret_source::SecretSource;
pub use serving::{NoticeKind, ServePolicy, Webhook};
pub use sign_in::{AccessRole, OidcProvider};
pub use step::{Backoff, IN_CONDITIONS, OnFailure, OnSuccess, Repeat, Step, StepEnd, When};
pub use stop_here::{StopHere, WalkResult};
pub use store::{CredentialSource, SecretStore, StoreKind, VaultLogin};
pub use switch::{DocumentSelector, KeyChange, KubernetesObject, Switch, Within};
pub use tokens::Tokens;
pub use trace::{INPUT_MAX, OUTPUT_MAX, Trace, TraceRow};
pub use wire::{Connections, HttpVersion, PlainRequest, Timeouts, Wire};
pub use workload::{Arrivals, Engine, Workload};

/// A closed set of words: its text form in files, on screen and in histories, and the list for "write one of …".
#[macro_export]
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// Every word, in the order of the documentation.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// The word as it is written.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The value of a word; `None` for any other text.
            pub fn from_word(text: &str) -> Option<Self> {
                match text { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}
pub use words;
