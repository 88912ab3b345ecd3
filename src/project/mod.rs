//! Text → model, with findings: the only room that knows YAML and CSV.
//!
//! ```text
//! bytes ──source──► text ──tree──► nodes with places ──inventory, scenario, runbook──► model ──cross──► DrillPlan
//!                          table (CSV) ─────┘                    └────── findings ──────────┘
//! ```
//!
//! Reading never stops at the first mistake. What cannot be read leaves a finding and a placeholder, so that everything else
//! is still looked at; a plan is only given out where no finding is an error. Hostile files are bounded before they are parsed
//! (1 MB, UTF-8) and while they are (64 levels, 20 000 values with aliases expanded). No file is read that a project names outside of itself,
//! and none is quoted that is not Lifeboat's (`inside`, `shape`).
//!
//! This is the one room on its floor that touches the file system: it reads the files of a project, and writes none. It has
//! no clock, no network, no environment variables, and it prints nothing: a finding renders itself as text.

mod address;
mod aim;
mod allow;
mod annotated;
mod asked;
mod business;
mod by_hand;
mod canary;
mod chance;
mod check;
mod clear_text;
mod command;
mod condition;
mod configuration;
mod contact;
mod cross;
mod document;
mod doubts;
mod each;
mod edit;
mod edit_keys;
mod environment;
mod evidence;
mod fault;
mod fields;
mod finding;
mod flow;
mod gaps;
mod guard;
mod guarded;
mod http_call;
mod inquiry;
mod inside;
mod inventory;
mod lever;
mod listeners;
mod mail;
mod night_review;
mod notify;
mod objective;
mod opened_project;
mod overlay;
mod parameter;
mod part;
mod question;
mod reaction;
mod reader;
mod review;
mod rotation;
mod runbook;
mod runbook_document;
mod runbook_file;
mod sabotage;
mod scenario;
mod schedule;
mod schedule_doubts;
mod schema;
mod secretive;
mod service;
mod serving;
mod shape;
mod sign_in;
mod source;
mod splice;
mod step;
mod step_list;
mod store;
mod sums;
mod switch;
mod syntax;
mod table;
#[cfg(test)]
mod tests;
mod trace;
mod tree;
mod update;
mod variable;
mod vocabulary;
mod when;
mod wire;
mod workload;

pub use annotated::AnnotatedFile;
pub use check::{Checked, check, runbooks_of, scenarios_of};
pub use edit::{EditError, FileFormat, ValueSpan};
pub use finding::{Finding, Findings, Severity};
pub use night_review::NightReviewFile;
pub use opened_project::{Project, ProjectError};
pub use parameter::{Parameter, refused};
pub use review::{ReviewError, ReviewFile};
pub use schema::{ProjectFile, project_schema};
pub use splice::Splice;
