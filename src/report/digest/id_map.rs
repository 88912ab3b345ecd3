//! A map by the number of a request. Numbers that are near each other stand together, so that requests in about the order of their numbers are taken
//! in and out of a page that is at hand.
//!
//! What this file does not do: know what a number means.

use std::collections::BTreeMap;

/// So many numbers are on a page.
const PAGE: u64 = 64;
/// The logarithm of how many pages are at hand.
const AT_HAND: u32 = 6;
/// No page has this number.
const NO_PAGE: u64 = u64::MAX;

/// A map by the number of a request.
#[derive(Debug, Clone)]
pub(super) struct IdMap<T> {
    /// Where each page is.
    places: BTreeMap<u64, usize>,
    pages: Vec<IdPage<T>>,
    /// Pages that are free.
    free: Vec<usize>,
    /// Pages that were looked for of late, each at a place that follows from its number, with where it is.
    at_hand: [(u64, usize); 1 << AT_HAND],
    len: usize,
}

#[derive(Debug, Clone)]
struct IdPage<T> {
    /// A bit for each that there is.
    present: u64,
    values: [T; PAGE as usize],
}

impl<T> Default for IdMap<T> {
    fn default() -> Self {
        let at_hand = [(NO_PAGE, 0); 1 << AT_HAND];
        Self { places: BTreeMap::new(), pages: Vec::new(), free: Vec::new(), at_hand, len: 0 }
    }
}

impl<T: Copy + Default> IdMap<T> {
    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// What is kept of this number, and whether that is new: then it is the usual value.
    #[inline]
    pub(super) fn of(&mut self, id: u64) -> (&mut T, bool) {
        let place = self.found(id / PAGE).unwrap_or_else(|| self.add(id / PAGE));
        let page = &mut self.pages[place];
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
    #[inline]
    pub(super) fn remove(&mut self, id: u64) -> Option<T> {
        let place = self.found(id / PAGE)?;
        let page = &mut self.pages[place];
        let bit = 1 << (id % PAGE);
        if page.present & bit == 0 {
            return None;
        }
        page.present &= !bit;
        self.len -= 1;
        let value = page.values[(id % PAGE) as usize];
        if page.present == 0 {
            self.places.remove(&(id / PAGE));
            self.free.push(place);
            self.at_hand[hand(id / PAGE)] = (NO_PAGE, 0);
        }
        Some(value)
    }

    /// Forgets the smallest number.
    pub(super) fn pop_first(&mut self) {
        let first = self.places.first_key_value().map(|(page, place)| (page * PAGE, self.pages[*place].present.trailing_zeros()));
        first.and_then(|(from, bit)| self.remove(from + u64::from(bit)));
    }

    /// Where a page is.
    #[inline]
    fn found(&mut self, page: u64) -> Option<usize> {
        let (known, place) = self.at_hand[hand(page)];
        if known == page {
            return Some(place);
        }
        let place = *self.places.get(&page)?;
        self.at_hand[hand(page)] = (page, place);
        Some(place)
    }

    /// An empty page with this number, which there is none of.
    fn add(&mut self, page: u64) -> usize {
        let place = self.free.pop().unwrap_or_else(|| {
            self.pages.push(IdPage { present: 0, values: [T::default(); PAGE as usize] });
            self.pages.len() - 1
        });
        self.places.insert(page, place);
        self.at_hand[hand(page)] = (page, place);
        place
    }
}

/// The place at hand of a page, so that pages which follow each other stand apart (Fibonacci hashing).
#[inline]
const fn hand(page: u64) -> usize {
    (page.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - AT_HAND)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_that_of_an_ordinary_map() {
        let (mut map, mut plain) = (IdMap::<u64>::default(), BTreeMap::<u64, u64>::new());
        // Numbers that come again, near each other and far apart.
        let ids = (0..5_000_u64).map(|step| {
            (step * step * 7_919 + step / 3) % 700 * if step % 2 == 0 { 1 } else { PAGE } + if step % 17 == 0 { 1 << 45 } else { 0 }
        });
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
