//! The stores of keys that a drill writes into: asked about before it begins, and
//! put back where a drill was killed.

use super::arguments::relative;
use super::{ask, say};
use crate::exercise::keys_written;
use crate::model::DrillPlan;
use crate::secret::{left_in, put_back};
use crate::units::explained;
use std::path::Path;

/// Whether whoever keeps keys there wants all of these drills.
pub(super) fn agreed<'p>(plans: impl Iterator<Item = &'p DrillPlan>) -> bool {
    let lines = plans.filter_map(|plan| Some(format!("\n  {}\n    {}\n", plan.scenario.title, keys_written(plan)?)));
    say(&format!("keys will be written into stores of the inventory\n{}", lines.collect::<String>()));
    ask::yes_or_no("Write there?")
}

/// Says which stores a drill could not put back; true where there is one.
pub(super) fn left(folder: &Path) -> bool {
    let left = left_in(folder);
    for file in &left {
        say(&format!(
            "error: a key that the drill replaced in a store was not restored; it is kept in {}\n\nhint: lifeboat run --undo {}; or write it back by \
             hand, then take that file away\n",
            relative(file),
            relative(folder)
        ));
    }
    !left.is_empty()
}

/// Puts back what a drill that was killed left in stores. True where nothing is left to put back.
pub(super) async fn put_back_left(folder: &Path) -> bool {
    let mut good = true;
    for file in left_in(folder) {
        match put_back(&file).await {
            Ok(place) => say(&format!("the store {place} was restored to what it held before the drill")),
            Err(error) => {
                say(&format!("error: {}", explained(&error)));
                good = false;
            }
        }
    }
    good
}
