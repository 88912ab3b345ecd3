//! How long something took, as far as that is known: the last moment at which it had not happened, and the first at which it had.

use super::Millis;
use serde::Serialize;
use serde::ser::SerializeMap;

/// `lo < T ≤ hi`, in nanoseconds from the disruption; without `hi` it is right-censored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// The last proof that it had not happened; 0 where there is none.
    pub lo: i64,
    /// The first proof that it had.
    pub hi: Option<i64>,
}

impl Serialize for Interval {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("lo_ms", &Millis(self.lo))?;
        map.serialize_entry("hi_ms", &self.hi.map(Millis))?;
        map.end()
    }
}
