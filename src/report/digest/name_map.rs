//! What is kept under names of which there are few, looked up for each of millions of events.

use std::collections::BTreeMap;

/// Among no more than this a name is found fastest by looking at each.
const FEW: usize = 8;

/// A map by name, in the order of the names.
#[derive(Debug, Clone)]
pub(in crate::report) struct NameMap<T> {
    /// The place of each name among the values.
    places: BTreeMap<String, usize>,
    /// In the order in which they came.
    values: Vec<(String, T)>,
}

impl<T> Default for NameMap<T> {
    fn default() -> Self {
        Self { places: BTreeMap::new(), values: Vec::new() }
    }
}

impl<T> NameMap<T> {
    /// What is kept under a name, which is only copied where it is new.
    pub(super) fn of(&mut self, name: &str) -> &mut T
    where
        T: Default,
    {
        let place = self.place(name).unwrap_or_else(|| {
            self.places.insert(name.to_owned(), self.values.len());
            self.values.push((name.to_owned(), T::default()));
            self.values.len() - 1
        });
        &mut self.values[place].1
    }

    /// The same where there is something.
    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        self.place(name).map(|place| &mut self.values[place].1)
    }

    /// What is kept under a name.
    pub(in crate::report) fn get(&self, name: &str) -> Option<&T> {
        self.place(name).map(|place| &self.values[place].1)
    }

    /// True where something is kept under it.
    pub(in crate::report) fn contains_key(&self, name: &str) -> bool {
        self.place(name).is_some()
    }

    /// All names.
    pub(in crate::report) fn keys(&self) -> impl Iterator<Item = &String> {
        self.places.keys()
    }

    /// All names, each with what is kept under it.
    pub(in crate::report) fn iter(&self) -> impl Iterator<Item = (&String, &T)> {
        self.places.iter().map(|(name, place)| (name, &self.values[*place].1))
    }

    #[inline]
    fn place(&self, name: &str) -> Option<usize> {
        if self.values.len() <= FEW {
            return self.values.iter().position(|(known, _)| known == name);
        }
        self.places.get(name).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_names_and_many_are_found_and_told_in_their_order() {
        let mut map = NameMap::<u64>::default();
        for count in 1..=3 * FEW as u64 {
            let name = format!("p{}", count * 7 % 25);
            assert_eq!((map.get(&name), map.contains_key(&name)), (None, false));
            assert_eq!(map.get_mut(&name), None);
            *map.of(&name) += count;
            *map.of("p0") += 1;
            assert_eq!(map.get(&name), Some(&count));
            let names: Vec<&String> = map.keys().collect();
            assert!(names.is_sorted() && names.len() as u64 == count + 1, "{names:?}");
        }
        assert_eq!(map.iter().map(|(_, value)| value).sum::<u64>(), 24 * 25 / 2 + 24);
    }
}
