//! The record of a drill: events, their line format, and what is folded from them.
//!
//! # The format, in prose
//!
//! A history is a text file of JSON lines, `history.jsonl`, only ever appended to; of a drill with very many requests the same lines in frames of
//! Zstandard, `history.jsonl.zst`, each whole in itself (`run_folder`). Each line is one event: an object with
//! exactly two keys. The first, `t`, is when the journal took the event in: nanoseconds since the drill's origin, on the
//! host's monotonic clock, never decreasing from line to line. The second names the kind of event and holds its facts.
//! The index of an event is the number of its line, from 0.
//!
//! ```text
//! {"t":0,"started":{"format":"2.4","lifeboat":"0.1.0","drill":"…","seed":"…","wall_clock":"…","origin":{…},"gaps":[…],"plan":{…}}}
//! {"t":21003412,"phase":{"name":"baseline"}}
//! {"t":98230114,"request":{"id":0,"due":31003412,"late":41210,"proof":60123456,"done":67123456,"outcome":"ok"}}
//! {"t":98312992,"served":{"id":0,"by":"azure-swedencentral","at":31501222,"took":66200111,"key":"3fa9c1d2"}}
//! ```
//!
//! The first event is `started`. Its first key is the format, a major and a minor number: a reader leaves out what a newer minor format
//! added and says so with a remark, and refuses a newer major one. Then come the version of Lifeboat, which drill it is, the seed, the
//! wall-clock time of the origin (the only one in the file), who started it, where, why, and from which files, which are named by their
//! hashes and never quoted; and the whole plan, so that a verdict can be recomputed from the file alone. Moments (`due`, `at`, `lo`,
//! `hi`) are nanoseconds since the origin; in `request`, `late`, `proof` and `done` count from `due`, and in `served`, `took`
//! counts from `at`, and `tokens` are those of the prompt and of the answer as it reported them. Where a drill has several workloads, the `id` of a request holds its workload's place in the bits above the 40th and
//! its place in that workload's schedule in those below (see `number`); the first workload has place 0. A key whose value says nothing (`null`, `false`, an empty text, a `status` of 200) is left out. A history that ends
//! without `finished` belongs to a drill that was killed. One with `cancelled` for the reason `fault` belongs to a drill whose fault
//! proxy failed: what users suffered then may be the instrument's doing, and no verdict on it is decisive.
//!
//! A runbook that is walked for real (`lifeboat execute`) leaves the same format; its first event is `execution_started`, and its `t`
//! goes on by the wall clock where it is resumed after a crash or a reboot. There the history is the journal as well: `step_started` is on
//! disk before a try begins, `step_finished` right after it ended.
//!
//! Among the events stand seals, once a second, each with the hash of the lines since the one before (`seal`): no events, and whoever only reads events passes
//! over them.
//!
//! The last line may be torn, because the process may have died while writing it; it is then left out. Anything else that
//! cannot be read is an error that names its line.
//!
//! What this room does not do: stamp events or write files (`journal`), or judge (`verdict`).

mod alert;
mod approval;
mod bare;
mod bill;
mod broken;
mod bucket;
mod cancelled;
mod carried;
mod climb;
mod credential;
mod drilled;
mod edge;
mod event;
mod evidence;
mod execution;
mod fold;
mod format;
mod guard;
mod guarded;
mod health;
mod judged_request;
mod judged_requests;
mod live;
mod live_workload;
mod mending;
mod number;
mod open;
mod overlay;
mod packed_log;
mod packed_queue;
mod packed_rows;
mod parity;
mod passage;
mod people;
mod read;
mod remark;
mod replacement;
mod resumption;
mod rotation;
mod run_origin;
mod seal;
mod share;
mod side;
mod spared;
mod traffic_log;
mod traffic_row;
mod turns;

pub use crate::model::StepEnd;
pub use alert::{AlertReceived, AlertSource, AlertsAwaited, AlertsLeftOut};
pub use approval::{ApprovalWay, Approved};
pub use bare::{BareError, bare};
pub use bill::{BilledAnswer, BilledAnswers, Billing};
pub use broken::{FaultVisibility, ProviderFault, TouchedBy, is_health_check};
pub use bucket::Bucket;
pub use cancelled::{Cancelled, StopReason};
pub use carried::Carried;
pub use climb::{Climb, ClimbStep, ClimbTally};
pub use credential::{KeyHeld, KeyMinted, KeyProbed, KeyRevoked, KeyStanding, KeyStored, TokenMinted};
pub use drilled::RunbookDrilled;
pub use edge::Edge;
pub use event::{
    Awaited, Breaker, Event, FaultConfirmed, FaultHealed, FaultRequested, Finished, Gateway, Outcome, Overdue, Paced, Phase, PhaseEntered,
    PlainToxiproxy, ProxyClock, ReactionModelled, RequestDone, RunbookStarted, Served, Shed, SightGap, Stamped, Started, StepFinished,
    StepStarted, StepUndone,
};
pub use evidence::{Caveat, Evidence, Instrument, LedgerEntry, Lost, Shadow, Stopped};
pub use execution::{
    Acknowledged, Contacted, ExecutionEnd, ExecutionFinished, ExecutionStarted, Note, PageIncidentOpened, Resumed, StepOverran,
    UndoStarted, UpdateBegun,
};
pub use fold::{Fold, evidence};
pub use format::{FORMAT, FormatVersion, WrittenBy, history_schema};
pub use format::{drill_as_recorded, execution_as_recorded, runbook_as_recorded};
pub use guard::{GuardLevel, HeardFold, ShareFold, Streak, TrafficFold};
pub use guarded::{GuardEvidence, GuardSays, GuardSeen, Guarded};
pub use health::{HealthSeen, HealthState, HealthTally, TrafficHealth};
pub use judged_request::{Attempt, By, JudgedRequest};
pub use judged_requests::{Attempts, JudgedRequests, RequestAttempts, RequestSlice};
pub use live::{Live, LiveAlert, LiveFault, LiveStep};
pub use live_workload::LiveWorkload;
pub use number::{number_of, request_id, workload_of};
pub use open::OpenRequests;
pub use overlay::OverlayRead;
pub use packed_queue::PackedQueue;
pub use parity::{ParityProbed, ProbeRound};
pub use passage::{Passage, ProviderPassage, SeenCount, SeenProbe};
pub use people::{AnswerWay, Answered, RoleTaken, Speaker, StepExplained, Ticked};
pub use read::{History, ReadError, Reader, read};
pub use remark::{Remark, RemarkAbout};
pub use replacement::{KeyReplacement, ProbeAnswer};
pub use resumption::{HandedOver, Mended, Settlement, StepSettled, TakenOver};
pub use rotation::{KeyUse, ReplicaKeys, Rotation, SETTLED};
pub use run_origin::RunOrigin;
pub use seal::{Seal, Sealer};
pub use share::Balanced;
pub use side::{Side, Sides};
pub use spared::Spared;
pub use traffic_row::{EventBatch, Replay};
pub use turns::Turns;
