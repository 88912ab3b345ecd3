//! A running drill on the terminal, from the live fold alone, and how far other long work is. Everything is written to stderr: stdout is for data.
//!
//! ```text
//!  line    spans of text with a tone, fitted to a width (pure)
//!  panel   live fold → the lines of the panel (pure)
//!  log     live fold → one plain line for each notable event (pure)
//!  clock   live fold of an execution, and the time → plain lines between events (pure)
//!  area    what is drawn in place at the end of a terminal, and what is said above it
//!  out     what is written, and the thread that writes it: nobody else waits for a terminal
//!  watch   the thread that shows one or the other
//!  work    how far long work is, and how long it still takes
//! ```
//!
//! What this room does not do: decide anything, judge, ask (a runbook's `confirm` step does; it hides the panel meanwhile), choose whether
//! there are colours (`cli` does), or show what is not in the history.

mod area;
mod clock;
mod line;
mod log;
mod out;
mod panel;
#[cfg(test)]
mod sample;
#[cfg(test)]
#[path = "../../tests/support/screen.rs"]
mod screen;
mod watch;
mod work;

pub use area::{above, last_words, leave};
pub use line::{StyledLine, Tone};
pub use log::PlainLog;
pub use out::{data, hurry, written};
pub use panel::panel;
pub use watch::{DisplayMode, LiveDisplay, watch};
pub use work::{Showing, WorkProgress, showing};
