//! Rows of whole numbers in little memory, each of which is read by itself: of each column only what is above its smallest number is kept, in as many
//! bits as the largest takes (frame of reference and bit packing, as columnar stores do it).
//!
//! A thousand requests that follow each other differ little, so that moments in nanoseconds fit in three bytes and a column that never changes in
//! none. What this file does not do: know what a number means.

/// Rows of `N` numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PackedRows<const N: usize> {
    count: u32,
    columns: [PackedColumn; N],
    /// All columns, each from a byte of its own on, and eight bytes more, so that every number can be read as part of a whole word.
    bits: Box<[u8]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PackedColumn {
    least: u64,
    /// Its first byte.
    start: u32,
    /// Bits of each number: up to 56, or 64.
    width: u8,
}

impl<const N: usize> PackedRows<N> {
    /// These rows.
    pub(super) fn pack(rows: &[[u64; N]]) -> Self {
        let mut columns = [PackedColumn { least: u64::MAX, start: 0, width: 0 }; N];
        let mut most = [0; N];
        for row in rows {
            for (place, value) in row.iter().enumerate() {
                columns[place].least = columns[place].least.min(*value);
                most[place] = most[place].max(*value);
            }
        }
        let mut bytes = 0;
        for (column, most) in columns.iter_mut().zip(most) {
            let width = 64 - most.saturating_sub(column.least).leading_zeros();
            (column.start, column.width) = (bytes as u32, if width > 56 { 64 } else { width as u8 });
            bytes += (rows.len() * usize::from(column.width)).div_ceil(8);
        }
        let mut bits = Vec::with_capacity(bytes + 8);
        for (place, column) in columns.iter().enumerate().filter(|(_, column)| column.width > 0) {
            column.write(rows.iter().map(|row| row[place] - column.least), &mut bits);
        }
        bits.resize(bytes + 8, 0);
        Self { count: rows.len() as u32, columns, bits: bits.into_boxed_slice() }
    }

    /// How many rows.
    pub(super) const fn len(&self) -> usize {
        self.count as usize
    }

    /// The number in this column of the row at this place, which there is.
    #[inline]
    pub(super) fn number(&self, column: usize, row: usize) -> u64 {
        let column = &self.columns[column];
        if column.width == 0 {
            return column.least;
        }
        let (byte, shift) = column.position(row);
        // No number lies outside; where a caller only wants some columns, the others cost nothing this way.
        let word = self.bits.get(byte..).and_then(|rest| rest.first_chunk::<8>()).map_or(0, |word| u64::from_le_bytes(*word));
        column.least.wrapping_add((word >> shift) & column.mask())
    }

    /// The row at this place, which there is.
    #[inline]
    pub(super) fn row(&self, row: usize) -> [u64; N] {
        std::array::from_fn(|column| self.number(column, row))
    }

    /// All of them, in order.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = [u64; N]> {
        (0..self.len()).map(|row| self.row(row))
    }
}

impl PackedColumn {
    /// Writes these numbers, none of which has more bits, one behind the other: whole words, then the bytes that the rest takes.
    fn write(&self, numbers: impl Iterator<Item = u64>, bits: &mut Vec<u8>) {
        let width = u32::from(self.width);
        let (mut word, mut filled) = (0_u64, 0);
        for number in numbers {
            word |= number << filled;
            filled += width;
            if filled >= u64::BITS {
                bits.extend_from_slice(&word.to_le_bytes());
                filled -= u64::BITS;
                // What did not fit of it; of a number that ended with the word, nothing.
                word = number.checked_shr(width - filled).unwrap_or(0);
            }
        }
        bits.extend_from_slice(&word.to_le_bytes()[..filled.div_ceil(8) as usize]);
    }

    /// The byte in which a number begins, and the bits before it there.
    #[inline]
    const fn position(&self, row: usize) -> (usize, u32) {
        let bit = row * self.width as usize;
        (self.start as usize + bit / 8, (bit % 8) as u32)
    }

    #[inline]
    const fn mask(&self) -> u64 {
        if self.width == 64 { u64::MAX } else { (1 << self.width) - 1 }
    }
}

/// A signed number as one that keeps the order.
#[inline]
pub(super) const fn ordered(number: i64) -> u64 {
    (number as u64) ^ (1 << 63)
}

/// And back.
#[inline]
pub(super) const fn signed_again(number: u64) -> i64 {
    (number ^ (1 << 63)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_number_comes_back(widths in prop::array::uniform3(0_u32..=64), seeds in prop::collection::vec(any::<[u64; 3]>(), 0..300)) {
            let cut = |(value, width): (u64, u32)| if width == 0 { 7 } else { value >> (64 - width) };
            let rows: Vec<[u64; 3]> = seeds.iter().map(|row| std::array::from_fn(|place| cut((row[place], widths[place])))).collect();
            let packed = PackedRows::pack(&rows);
            prop_assert_eq!(packed.iter().collect::<Vec<_>>(), rows);
        }

        #[test]
        fn signed_numbers_keep_their_order(one: i64, other: i64) {
            prop_assert_eq!(one.cmp(&other), ordered(one).cmp(&ordered(other)));
            prop_assert_eq!(signed_again(ordered(one)), one);
        }
    }

    #[test]
    fn what_never_changes_takes_no_room() {
        let packed = PackedRows::pack(&[[u64::MAX, 3]; 1000]);
        assert_eq!((packed.bits.len(), packed.row(999)), (8, [u64::MAX, 3]));
        assert_eq!(PackedRows::<2>::pack(&[]).len(), 0);
    }
}
