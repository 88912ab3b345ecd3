//! The trait of a reader of one format. Each format is a file of its own.

use super::cells::Quotes;
use super::record::{RecordNature, RowCollector};

/// A reader of one format: takes lines in and makes rows of them.
pub(super) trait RecordReader {
    /// Takes one line in. An error says why it cannot be read.
    fn line(&mut self, line: &str, rows: &mut RowCollector) -> Result<(), String>;

    /// How a row is followed over several lines, where this format has such rows.
    fn quotes(&mut self, _line: &str) -> Option<Quotes> {
        None
    }

    /// Whether this line is a row by itself, or begins as a whole one, though a quote in its last cell may not be closed.
    fn is_row(&mut self, _line: &str) -> bool {
        false
    }

    /// When the row that begins with this line was sent, as far as that line tells.
    fn moment(&mut self, _line: &str) -> Option<i64> {
        None
    }

    /// The record is at its end.
    fn end(&mut self, _rows: &mut RowCollector) {}

    /// What this format tells and what it does not, once everything was read.
    fn nature(&self) -> RecordNature;

    /// What to do about lines that cannot be read.
    fn hint(&self) -> &'static str;
}
