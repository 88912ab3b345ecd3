//! How a service shows that its providers share the load (active-active), although nobody has said so.
//!
//! What this file does not do: tell when a share has moved (`verdict`).

use serde::{Deserialize, Serialize};

/// Who answers fewer than this share of requests may be a standby that was asked now and then, and shares nothing.
const LEAST: f64 = 0.1;

/// The providers among which a load was balanced, though only some of them were said to serve when nothing is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Balanced(Vec<String>);

impl Balanced {
    /// Of `served` answers each provider of a service gave so many; the first `primaries` of them were said to give at least `wanted`.
    /// `None` where that is so, or where it is not balance that ails the service.
    pub fn of<'n>(providers: impl Iterator<Item = (&'n str, u64)>, primaries: usize, served: u64, wanted: f64) -> Option<Self> {
        let each: Vec<(&str, u64)> = providers.collect();
        let reach = |part: &[(&str, u64)]| part.iter().map(|(_, count)| count).sum::<u64>() as f64 >= wanted * served as f64;
        let sharing = each.iter().filter(|(_, count)| *count as f64 >= LEAST * served as f64);
        let sharing: Vec<String> = sharing.map(|(name, _)| (*name).to_owned()).collect();
        (served > 0 && reach(&each) && !reach(&each[..primaries.min(each.len())]) && sharing.len() > 1).then_some(Self(sharing))
    }

    /// What to write in the inventory.
    pub fn hint(&self) -> String {
        let (all, list) = (self.0.join(" and "), self.0.join(", "));
        format!("if {all} share the load on purpose, say so in the inventory: `providers: {{share: [{list}]}}`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_balanced_load_is_told_from_a_primary_that_fails() {
        let of = |counts: [u64; 3], primaries| Balanced::of(["a", "b", "c"].into_iter().zip(counts), primaries, 57, 0.98);
        let hint = of([28, 29, 0], 1).unwrap().hint();
        assert!(hint.ends_with("if a and b share the load on purpose, say so in the inventory: `providers: {share: [a, b]}`"), "{hint}");
        for (counts, primaries, why) in [
            ([57, 0, 0], 1, "it serves as was said"),
            ([28, 29, 0], 2, "it was said"),
            ([54, 3, 0], 1, "a standby was asked now and then"),
            ([1, 56, 0], 1, "another one serves alone"),
            ([28, 9, 0], 1, "others serve, who are none of its providers"),
            ([0, 0, 0], 1, "nobody serves"),
        ] {
            assert_eq!(of(counts, primaries), None, "{why}");
        }
        assert!(Balanced::of([].into_iter(), 1, 0, 0.98).is_none());
    }
}
