//! The security suite: the binary as those meet it who mean ill. Each file is one of them, and says what they try; what must hold is the
//! same for all: no key leaves, no file outside the project is shown, nothing is injected, nothing stays.
//!
//! What it does not look at: whoever may read this process's memory, and root.

mod another_user;
mod bounds;
mod capture;
mod hostile_project;
mod hostile_server;
mod killed_drill;
mod rebound;
mod web_page;
