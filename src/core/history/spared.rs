//! What a fault that is limited to some requests left alone.

use crate::units::{counted, grouped};

/// What the proxy counted of the requests that a fault may not touch, told when it has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spared {
    /// Its place on the timeline, from 0.
    pub fault: u32,
    /// The provider.
    pub on: String,
    /// How many such requests came while it was in force; `None` where the proxy does not tell.
    pub unmarked_seen: Option<u64>,
    /// How many of them it touched all the same.
    pub unmarked_touched: Option<u64>,
}

impl Spared {
    /// True where it is proven that nobody else was touched.
    pub fn is_proven(&self) -> bool {
        self.unmarked_touched == Some(0)
    }

    /// In words, as they follow what was broken.
    pub fn told(&self) -> String {
        let on = &self.on;
        match (self.unmarked_seen, self.unmarked_touched) {
            (Some(0), Some(0)) => format!("nobody else asked {on} while the fault was in force, so there was nobody to spare"),
            (Some(seen), Some(0)) => format!("of {} at {on} the fault touched none", counted(seen, "request of others")),
            (Some(seen), Some(touched)) => {
                format!("the fault touched {} of {} at {on}, which it may not", grouped(touched), counted(seen, "request of others"))
            }
            _ => format!(
                "the proxy at {on} does not count which requests of others a fault touches, so it is not proven that it left them alone"
            ),
        }
    }
}
