//! What a runbook does: one file a kind of step, and the walk that puts them in order, tries again, and takes back.
//!
//! A step ends in one of three ways: it did what it should, it is known not to have, or its timeout came first and what it did is
//! unknown. Commands are lists of arguments, never a shell line; a variable's value stays one argument. What a step printed goes into the
//! history cut and with every known secret replaced.
//!
//! What this room does not do: decide when a runbook starts (`drill`), read files (`project`), or ask on the terminal itself: a question is
//! handed to whoever owns the terminal.

mod alert_desk;
mod api_call;
mod asking;
mod attendance;
mod backend;
mod before;
mod board;
mod canary;
mod canary_cost;
mod command;
mod confirm;
mod contact;
mod context;
mod directory;
mod error;
mod http;
mod inquire;
mod interview;
mod keyring;
mod last_seen;
mod mail;
mod manual;
mod mend;
mod message;
mod notify;
mod outbox;
mod output;
mod paging;
mod perform;
mod question;
mod reference;
mod rotating;
mod rotation;
mod seen;
mod select;
mod status_page;
mod switch;
mod variables;
mod wait;
mod walk;
mod walk_state;

pub use alert_desk::AlertDesk;
pub use attendance::{Attendance, Prompt, PromptAnswer, StandIn};
pub use backend::declared;
pub use before::{Before, Changed, Notes};
pub use board::{AnswerRefusal, Board, LinkPurpose, OpenQuestion, Posting};
pub use contact::{ContactOutcome, alert_desk, is_page, tell, way_to};
pub use context::{Context, comes_from_a_step};
pub use directory::Directory;
pub use error::StepError;
pub use http::client;
pub use inquire::{asked_once, look};
pub use interview::{Heard, Interview, put_aside};
pub use keyring::Keyring;
pub use mend::cannot_mend;
pub use message::Message;
pub use notify::{desk_of, destination, key_of_step};
pub use outbox::{OpenAlert, Outbox};
pub use output::Output;
pub use perform::perform;
pub use question::{DONE, FAILED, LONGEST_SAID, Question, Reply, Said};
pub use rotating::CredentialBackend;
pub use rotation::can_rotate;
pub use switch::can_switch;
pub use variables::{Value, Variables};
pub use wait::{answers, detected};
pub use walk::{WalkStops, undo, walk};
pub use walk_state::{WalkEnd, WalkStage, WalkState};
