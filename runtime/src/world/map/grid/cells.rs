//! Occupied cells as one bit each, row by row, with the next occupied cell of a row to either side.

/// Bits of a grid's cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cells {
    width: usize,
    height: usize,
    words: usize,
    bits: Vec<u64>,
}

impl Cells {
    /// Of flags in row order.
    pub(super) fn new(width: usize, height: usize, flags: &[bool]) -> Self {
        let words = width.div_ceil(64);
        let mut bits = Vec::with_capacity(words * height);
        for row in flags.chunks_exact(width) {
            let word =
                |flags: &[bool]| flags.iter().enumerate().fold(0, |word, (bit, flag)| word | u64::from(*flag) << bit);
            bits.extend(row.chunks(64).map(word));
        }
        Self { width, height, words, bits }
    }

    /// The flag of a cell; true outside.
    pub(super) fn get(&self, column: usize, row: usize) -> bool {
        column >= self.width
            || row >= self.height
            || self.bits[row * self.words + column / 64] >> (column % 64) & 1 == 1
    }

    /// Sets the flag of a cell of the grid.
    pub(super) fn set(&mut self, column: usize, row: usize, flag: bool) {
        let (word, bit) = (row * self.words + column / 64, 1 << (column % 64));
        if flag { self.bits[word] |= bit } else { self.bits[word] &= !bit }
    }

    /// The first set cell of a row in columns `from..=to`, which lie in the grid.
    pub(super) fn first_from(&self, row: usize, from: usize, to: usize) -> Option<usize> {
        let row = &self.bits[row * self.words..(row + 1) * self.words];
        let mut mask = u64::MAX << (from % 64);
        for (word, bits) in row.iter().enumerate().take(to / 64 + 1).skip(from / 64) {
            let bits = bits & mask;
            if bits != 0 {
                let column = word * 64 + bits.trailing_zeros() as usize;
                return (column <= to).then_some(column);
            }
            mask = u64::MAX;
        }
        None
    }

    /// The last set cell of a row in columns `from..=to`, which lie in the grid.
    pub(super) fn last_until(&self, row: usize, from: usize, to: usize) -> Option<usize> {
        let row = &self.bits[row * self.words..(row + 1) * self.words];
        let mut mask = u64::MAX >> (63 - to % 64);
        for word in (from / 64..=to / 64).rev() {
            let bits = row[word] & mask;
            if bits != 0 {
                let column = word * 64 + 63 - bits.leading_zeros() as usize;
                return (column >= from).then_some(column);
            }
            mask = u64::MAX;
        }
        None
    }
}
