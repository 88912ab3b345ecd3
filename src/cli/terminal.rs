//! The one way to the terminal for what is said in lines: stdout for data, stderr for people, and nothing in either that drives a terminal.
//! (The panel of a drill is the other, in `console`, which cleans each span and then adds its own colours.)

use crate::units::printable;
use std::io::Write;

/// A line for people, on stderr. A stderr that is closed is nobody's loss.
pub(super) fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", printable(text));
}

/// Data, on stdout. A reader that has gone away (`| head`) ends the command quietly.
pub(super) fn put(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().write_all(printable(text).as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Stderr for diagnostics, which name paths, addresses and what servers said.
pub(super) struct Cleaned;

impl Write for Cleaned {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        std::io::stderr().write_all(printable(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}
