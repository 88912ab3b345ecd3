//! A project to begin with, made from a gateway's configuration, from the names of variables, or from six answers.
//!
//! ```text
//!  a configuration ─┐
//!  a .env file ─────┼─► BegunProject ──begun_files──► inventory, scenarios, runbook, schemas ──place──► a folder
//!  six answers ─────┘
//! ```
//!
//! `from_gateway`, `from_variables` and `answers` each make a [`BegunProject`]; a file of `text/` writes one kind of file; `place` is the only one that
//! touches the disk. Everything that is made is text for people, who go on from there: none of it is read again by this room.
//!
//! What this room does not do: overwrite what is there, keep a secret's value, or ask a gateway or a provider anything.

mod answers;
mod beginning;
mod begun_files;
mod from_gateway;
mod from_variables;
mod place;
mod text;
mod well_known;

pub use answers::{Answers, InitQuestion};
pub use beginning::{BegunGateway, BegunProject, BegunProvider};
pub use begun_files::{BegunFile, files};
pub use from_gateway::from_gateway;
pub use from_variables::{from_variables, is_variables};
pub use place::{PlaceError, place};

#[cfg(test)]
mod tests;
