//! Drill → judge → report: the one place where engine and judgement meet.
//!
//! A drill's folder holds `history.jsonl` (the evidence), and what is computed from it and from nothing else: `verdict.json` and
//! `report.md`. [`judge`] computes them again from a stored history, or judges a bare history that somebody else recorded; [`judge_record`]
//! judges what another tool recorded in its own format.

mod folder;
mod judge;

pub use folder::{DrillRequest, Exercise, ExerciseError, FinishedDrill};
pub use judge::{JudgeError, Judged, judge, judge_counting, judge_record, judge_record_counting, whose};
