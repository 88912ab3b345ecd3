//! Rows of whole numbers that are only ever added to, and read from the first to the last: packed as they come.

use super::packed_rows::PackedRows;

/// So many rows are packed together.
const BLOCK: usize = 1024;

/// Rows of `N` numbers in the order in which they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PackedLog<const N: usize> {
    packed: Vec<PackedRows<N>>,
    /// The newest, fewer than are packed together.
    newest: Vec<[u64; N]>,
}

impl<const N: usize> Default for PackedLog<N> {
    fn default() -> Self {
        Self { packed: Vec::new(), newest: Vec::new() }
    }
}

impl<const N: usize> PackedLog<N> {
    /// One more.
    pub(super) fn push(&mut self, row: [u64; N]) {
        self.newest.push(row);
        if self.newest.len() == BLOCK {
            self.packed.push(PackedRows::pack(&self.newest));
            self.newest.clear();
        }
    }

    /// True where there is none.
    pub(super) const fn is_empty(&self) -> bool {
        self.packed.is_empty() && self.newest.is_empty()
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = [u64; N]> {
        self.packed.iter().flat_map(PackedRows::iter).chain(self.newest.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_in_their_order() {
        let mut log = PackedLog::default();
        assert!(log.is_empty());
        (0..2_500_u64).for_each(|number| log.push([number * 7 % 1_000, number]));
        assert!(log.iter().eq((0..2_500).map(|number| [number * 7 % 1_000, number])) && !log.is_empty());
    }
}
