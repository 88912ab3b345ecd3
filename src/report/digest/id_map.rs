//! A map by the number of a request. Numbers that are near each other stand together, so that requests in about the order of their numbers are taken
//! in and out of a page that is at hand.
//!
//! What this file does not do: know what a number means.

use std::collections::BTreeMap;

/// So many numbers are on a page.
const PAGE: u64 = 64;

/// A map by the number of a request.
#[derive(Debug, Clone)]
pub(super) struct IdMap<T> {
    pages: BTreeMap<u64, IdPage<T>>,
    len: usize,
}

#[derive(Debug, Clone)]
struct IdPage<T> {
    /// A bit for each that there is.
    present: u64,
    values: Box<[T; PAGE as usize]>,
}

impl<T> Default for IdMap<T> {
    fn default() -> Self {
        Self { pages: BTreeMap::new(), len: 0 }
    }
}

impl<T: Copy + Default> IdMap<T> {
    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// What is kept of this number, and whether that is new: then it is the usual value.
    pub(super) fn of(&mut self, id: u64) -> (&mut T, bool) {
        let blank = || IdPage { present: 0, values: Box::new([T::default(); PAGE as usize]) };
        let page = self.pages.entry(id / PAGE).or_insert_with(blank);
        let (place, bit) = ((id % PAGE) as usize, 1 << (id % PAGE));
        let is_new = page.present & bit == 0;
        if is_new {
            page.present |= bit;
            page.values[place] = T::default();
            self.len += 1;
        }
        (&mut page.values[place], is_new)
    }

    /// What was kept of this number; it is forgotten.
    pub(super) fn remove(&mut self, id: u64) -> Option<T> {
        let page = self.pages.get_mut(&(id / PAGE))?;
        let bit = 1 << (id % PAGE);
        if page.present & bit == 0 {
            return None;
        }
        page.present &= !bit;
        self.len -= 1;
        let value = page.values[(id % PAGE) as usize];
        if page.present == 0 {
            self.pages.remove(&(id / PAGE));
        }
        Some(value)
    }

    /// Forgets the smallest number.
    pub(super) fn pop_first(&mut self) {
        let first = self.pages.first_key_value().map(|(page, content)| page * PAGE + u64::from(content.present.trailing_zeros()));
        first.and_then(|id| self.remove(id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_that_of_an_ordinary_map() {
        let (mut map, mut plain) = (IdMap::<u64>::default(), BTreeMap::<u64, u64>::new());
        // Numbers that come again, near each other and far apart.
        let ids = (0..5_000_u64).map(|step| (step * step * 7_919 + step / 3) % 700 + if step % 17 == 0 { 1 << 45 } else { 0 });
        for (step, id) in (0_u64..).zip(ids) {
            match step % 5 {
                0 => assert_eq!(map.remove(id), plain.remove(&id)),
                1 => {
                    map.pop_first();
                    plain.pop_first();
                }
                _ => {
                    let (value, is_new) = map.of(id);
                    assert_eq!((is_new, *value), (!plain.contains_key(&id), plain.get(&id).copied().unwrap_or_default()));
                    *value += step;
                    *plain.entry(id).or_default() += step;
                }
            }
            assert_eq!(map.len(), plain.len());
        }
        assert!(map.len() > 100, "{}", map.len());
    }
}
