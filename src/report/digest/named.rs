//! What is kept under names of which there are few, looked up for each of millions of events.

use std::collections::BTreeMap;

/// What is kept under a name, which is only copied where it is new.
pub(super) fn named<'m, T: Default>(map: &'m mut BTreeMap<String, T>, name: &str) -> &'m mut T {
    if !map.contains_key(name) {
        map.insert(name.to_owned(), T::default());
    }
    map.get_mut(name).expect("it was inserted where it was not there")
}
