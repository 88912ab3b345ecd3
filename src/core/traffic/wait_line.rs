//! A line of waits of one kind, all equally long: they end in the order in which they began, so the first in the line is the next to end.
//!
//! A timer for each would be sorted into a heap or a wheel; here beginning one and calling it off cost the same few instructions, however
//! many wait.

const NONE: u32 = u32::MAX;

/// A line of waits, each known by a small number: a place in a list of those who wait.
#[derive(Debug)]
pub(super) struct WaitLine {
    places: Vec<WaitPlace>,
    first: u32,
    last: u32,
}

/// A place in the line.
#[derive(Debug, Clone, Copy)]
struct WaitPlace {
    before: u32,
    after: u32,
    until: u64,
    is_taken: bool,
}

impl Default for WaitLine {
    fn default() -> Self {
        Self { places: Vec::new(), first: NONE, last: NONE }
    }
}

impl WaitLine {
    /// Begins a wait until this moment, in place of one that it may have had.
    pub(super) fn begin(&mut self, who: u32, until: u64) {
        self.end(who);
        if self.places.len() <= who as usize {
            self.places.resize(who as usize + 1, WaitPlace { before: NONE, after: NONE, until: 0, is_taken: false });
        }
        // Nearly always at the end; a clock that was read a little later may have come first.
        let mut before = self.last;
        while before != NONE && self.places[before as usize].until > until {
            before = self.places[before as usize].before;
        }
        let after = if before == NONE { self.first } else { self.places[before as usize].after };
        self.places[who as usize] = WaitPlace { before, after, until, is_taken: true };
        self.join(before, who);
        self.join(who, after);
    }

    /// Whether there is a wait.
    pub(super) fn has(&self, who: u32) -> bool {
        self.places.get(who as usize).is_some_and(|place| place.is_taken)
    }

    /// Calls a wait off, where there is one.
    pub(super) fn end(&mut self, who: u32) {
        let Some(place) = self.places.get_mut(who as usize).filter(|place| place.is_taken) else { return };
        place.is_taken = false;
        let WaitPlace { before, after, .. } = *place;
        self.join(before, after);
    }

    /// Makes two neighbours. The line's ends are neighbours of nobody.
    fn join(&mut self, before: u32, after: u32) {
        match self.places.get_mut(before as usize) {
            Some(place) => place.after = after,
            None => self.first = after,
        }
        match self.places.get_mut(after as usize) {
            Some(place) => place.before = before,
            None => self.last = before,
        }
    }

    /// When the next wait ends.
    pub(super) fn next(&self) -> Option<u64> {
        self.places.get(self.first as usize).map(|place| place.until)
    }

    /// Takes out the first whose wait has ended.
    pub(super) fn take(&mut self, now: u64) -> Option<u32> {
        let first = self.first;
        let place = self.places.get(first as usize)?;
        (place.until <= now).then(|| {
            self.end(first);
            first
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn waits_end_in_their_order_whatever_is_called_off(steps in proptest::collection::vec((0u32..12, 0u64..40, 0u8..3), 0..200)) {
            let (mut line, mut model) = (WaitLine::default(), BTreeMap::new());
            for (who, until, what) in steps {
                match what {
                    0 => {
                        line.begin(who, until);
                        model.insert(who, until);
                    }
                    1 => {
                        line.end(who);
                        model.remove(&who);
                    }
                    _ => {
                        let taken = line.take(until);
                        let first = model.values().copied().min();
                        prop_assert_eq!(taken.is_some(), first.is_some_and(|first| first <= until));
                        if let Some(who) = taken {
                            prop_assert_eq!(model.remove(&who), first);
                        }
                    }
                }
                prop_assert_eq!(line.next(), model.values().copied().min());
            }
        }
    }
}
