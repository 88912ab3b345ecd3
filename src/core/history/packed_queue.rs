//! Rows of whole numbers that wait, first in, first out: packed while many wait, and plain at both ends.
//!
//! A few thousand rows cost what a ring of them costs. Where a million wait, they take a tenth of that memory, and none of it has to be copied to make
//! room for more. What this file does not do: know what a number means.

use super::packed_rows::PackedRows;
use std::collections::VecDeque;

/// So many rows are packed together.
const BLOCK: usize = 1024;

/// Rows of `N` numbers, taken out in the order in which they came.
#[derive(Debug, Clone)]
pub struct PackedQueue<const N: usize> {
    /// Those that came first, and how many of them were taken.
    oldest: Vec<[u64; N]>,
    taken: usize,
    packed: VecDeque<PackedRows<N>>,
    /// Those that came last, fewer than are packed together.
    newest: Vec<[u64; N]>,
}

impl<const N: usize> Default for PackedQueue<N> {
    fn default() -> Self {
        Self { oldest: Vec::new(), taken: 0, packed: VecDeque::new(), newest: Vec::new() }
    }
}

impl<const N: usize> PackedQueue<N> {
    /// How many wait.
    pub fn len(&self) -> usize {
        self.oldest.len() - self.taken + self.packed.len() * BLOCK + self.newest.len()
    }

    /// True where none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One more, behind all others.
    pub fn push(&mut self, row: [u64; N]) {
        self.newest.push(row);
        if self.newest.len() == BLOCK {
            self.packed.push_back(PackedRows::pack(&self.newest));
            self.newest.clear();
        }
    }

    /// Takes the first out where it is as asked.
    #[inline]
    pub fn pop_if(&mut self, is_wanted: impl FnOnce(&[u64; N]) -> bool) -> Option<[u64; N]> {
        if self.taken == self.oldest.len() && !self.reach() {
            return None;
        }
        let first = self.oldest.get(self.taken).copied().filter(is_wanted)?;
        self.taken += 1;
        Some(first)
    }

    /// Has the next ones at hand; false where there are none.
    fn reach(&mut self) -> bool {
        self.oldest.clear();
        self.taken = 0;
        match self.packed.pop_front() {
            Some(rows) => self.oldest.extend(rows.iter()),
            None => std::mem::swap(&mut self.oldest, &mut self.newest),
        }
        !self.oldest.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_taken_in_the_order_in_which_they_came_however_many_wait() {
        let (mut queue, mut plain) = (PackedQueue::default(), VecDeque::new());
        for step in 0..40_000_u64 {
            let grows = step / 10_000 % 2 == 0;
            if (step % 4 == 0) == grows {
                let most = step - step % 3;
                let is_wanted = |first: &[u64; 3]| first[0] < most;
                let expected = if plain.front().is_some_and(is_wanted) { plain.pop_front() } else { None };
                assert_eq!(queue.pop_if(is_wanted), expected);
            } else {
                let row = [step, step * step, u64::MAX - step % 7];
                queue.push(row);
                plain.push_back(row);
            }
            assert_eq!((queue.len(), queue.is_empty()), (plain.len(), plain.is_empty()));
        }
        queue.push([1; 3]);
        plain.push_back([1; 3]);
        (0..5_000).for_each(|step| queue.push([step; 3]));
        plain.extend((0..5_000).map(|step| [step; 3]));
        let left: Vec<_> = std::iter::from_fn(|| queue.pop_if(|_| true)).collect();
        assert!(left.len() > 5_000 && plain == left, "{}", left.len());
    }
}
