//! Rows and columns; where a cell is a number, the number beside its words.

use super::status::ReportStatus;
use super::text::Text;
use crate::units::grouped;
use crate::verdict::Interval;
use serde::Serialize;

/// Rows under columns.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct ReportTable {
    /// The columns' headings.
    pub columns: Vec<&'static str>,
    /// The rows, as wide.
    pub rows: Vec<TableRow>,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Default, Serialize, schemars::JsonSchema)]
pub struct TableRow {
    /// The word of what it is about, as in `verdict.json`; `None` where it has none.
    pub key: Option<String>,
    /// How that ended, where it can go well or badly. A cell has the words.
    pub status: Option<ReportStatus>,
    /// One for each column.
    pub cells: Vec<TableCell>,
}

/// A cell of a table.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct TableCell {
    /// What stands in it; `None` where nothing can, or where a person is to fill it in.
    pub text: Option<Text>,
    /// The same as a number, where it is one.
    pub quantity: Option<Quantity>,
}

impl TableCell {
    /// A cell in which nothing stands.
    pub const BLANK: Self = Self { text: None, quantity: None };

    /// A cell of words that are a number.
    pub fn of(text: impl Into<Text>, quantity: Option<Quantity>) -> Self {
        Self { text: Some(text.into()), quantity }
    }

    /// A count, in figures.
    pub fn count(count: u64) -> Self {
        Self::of(grouped(count), Some(Quantity::Count(count)))
    }
}

impl<T: Into<Text>> From<T> for TableCell {
    fn from(text: T) -> Self {
        Self::of(text, None)
    }
}

impl TableRow {
    /// A row of nothing but words.
    pub fn of<const N: usize>(cells: [TableCell; N]) -> Self {
        Self { cells: cells.into(), ..Self::default() }
    }
}

/// A number that is told in words.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Nanoseconds between which something happened; without an end it had not happened when nobody looked any more.
    Between {
        /// The last proof that it had not.
        lo_ns: i64,
        /// The first proof that it had.
        hi_ns: Option<i64>,
    },
    /// A moment, or a length of time, in nanoseconds.
    Nanoseconds(i64),
    /// How many.
    Count(u64),
}

impl From<Interval> for Quantity {
    fn from(interval: Interval) -> Self {
        Self::Between { lo_ns: interval.lo, hi_ns: interval.hi }
    }
}
