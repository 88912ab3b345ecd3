//! Drill → judge → report: the one place where engine and judgement meet.
//!
//! A drill's folder holds `history.jsonl` (the evidence), and what is computed from it and from nothing else: `verdict.json` and
//! `report.md`. [`judge`] computes them again from a stored history, or judges a bare history that somebody else recorded; [`judge_record`]
//! judges what another tool recorded in its own format.
//!
//! Before a drill begins, no lever may be pulled, and what it shares with other drills is locked (`permit`).
//!
//! What people write beside findings is kept in `findings.yaml` ([`keep_findings`]), which alone is not computed from the history.
//!
//! [`run`] runs drills from plain [`DrillOrders`]; [`ReadScenario`] makes them of files. Several drills of one scenario are a series (`repeats`), in a
//! folder of their own with one report of them all; [`judge_repeats`] makes that again.

mod allowed;
mod attest;
mod ceiling;
mod drilled;
mod earlier;
mod folder;
mod judge;
mod listener;
mod observer;
mod orders;
mod outline;
mod permit;
mod pipeline;
mod plan_hash;
mod predicted;
mod proven;
mod provenance;
mod repeated;
mod repeats;
mod reset;
mod review;
mod run;
mod spending;
mod verified;

pub use allowed::{approval_subject, approvals_in, permits, take_approvals, time_permits};
pub use attest::{Attested, Attesting};
pub use ceiling::priced;
pub use drilled::drills_of;
pub use earlier::{DrillFilter, earlier_among, earlier_drills};
pub use folder::{DrillRequest, Exercise, ExerciseError, FinishedDrill};
pub use judge::{JudgeError, Judged, judge, judge_counting, judge_record, judge_record_counting, whose};
pub use listener::unheard;
pub use observer::{DrillTurn, Observer};
pub use orders::{Consent, DrillOrders, PlannedDrill, ReadScenario, Refusal, drawn_seed};
pub use outline::{OutlineLine, outline};
pub use permit::{levers_of, lock_order, lock_wishes_of, lock_wishes_of_proxy};
pub use plan_hash::plan_hash;
pub use proven::{PROOFS, ProofFileError, known_proof, known_proof_of, proof_file, proof_hash, read_proof, write_proof};
pub use repeated::{FinishedRepeats, holds_repeats, judge_repeats};
pub use review::{ReviewProblem, keep_findings, review_of, reviews_in};
pub use run::run;
pub use spending::{bill_told, keys_written, most_spent, most_spent_before};
pub use verified::{Verified, verified};
