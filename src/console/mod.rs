//! A running drill on the terminal, from the live fold alone. Everything is written to stderr: stdout is for data.
//!
//! ```text
//!  line    spans of text with a tone, fitted to a width (pure)
//!  panel   live fold → the lines of the panel (pure)
//!  log     live fold → one plain line for each notable event (pure)
//!  clock   live fold of an execution, and the time → plain lines between events (pure)
//!  watch   the thread that shows one or the other
//! ```
//!
//! What this room does not do: decide anything, judge, ask (a runbook's `confirm` step does; it hides the panel meanwhile), or show
//! what is not in the history.

mod clock;
mod line;
mod log;
mod panel;
#[cfg(test)]
mod sample;
mod watch;

pub use line::{Line, Tone};
pub use log::Log;
pub use panel::panel;
pub use watch::{Shape, Watch, watch};
