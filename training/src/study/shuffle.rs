//! Shuffled orders of the training rows of a batched ensemble: one per member and epoch, from the member's own seed.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::Tensor;

/// Orders of the rows of all members.
pub struct RowOrders {
    generators: Vec<ChaCha8Rng>,
    first_stream: u64,
    indices: Vec<i64>,
    rows: usize,
}

impl RowOrders {
    /// Epoch e of a member is drawn from stream `first_stream + e` of its seed's generator, from the word on that the
    /// epoch before left off at: epochs are drawn one after the other.
    pub fn new(seeds: impl Iterator<Item = u64>, rows: usize, first_stream: u64) -> Self {
        let generators: Vec<ChaCha8Rng> = seeds.map(ChaCha8Rng::seed_from_u64).collect();
        Self { indices: vec![0; generators.len() * rows], generators, first_stream, rows }
    }

    /// Indices of rows, members x rows; each row once per member.
    pub fn of_epoch(&mut self, epoch: usize) -> Tensor {
        let members = self.generators.len() as i64;
        for (generator, order) in self.generators.iter_mut().zip(self.indices.chunks_exact_mut(self.rows.max(1))) {
            generator.set_stream(self.first_stream + epoch as u64);
            order.iter_mut().zip(0..).for_each(|(index, row)| *index = row);
            shuffle(order, generator);
        }
        Tensor::from_slice(&self.indices).view([members, self.rows as i64])
    }
}

/// Fisher-Yates shuffle: every order is equally likely.
pub fn shuffle<T>(values: &mut [T], rng: &mut ChaCha8Rng) {
    for last in (1..values.len()).rev() {
        values.swap(last, rng.random_range(0..=last));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_sees_every_row_once_per_epoch_in_an_order_of_its_own() {
        let of = |seeds: &[u64], epoch| {
            Vec::<Vec<i64>>::try_from(RowOrders::new(seeds.iter().copied(), 20, 2).of_epoch(epoch)).expect("orders")
        };
        let first = of(&[1, 2], 0);
        for order in &first {
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert!(sorted.into_iter().eq(0..20));
        }
        assert_ne!(first[0], first[1]);
        assert_ne!(first, of(&[1, 2], 1));
        // A member's orders do not depend on the members beside it.
        assert_eq!(first[1], of(&[2], 0)[0]);
        let mut orders = RowOrders::new([2].into_iter(), 20, 2);
        let [_, second] = [0, 1].map(|epoch| Vec::<Vec<i64>>::try_from(orders.of_epoch(epoch)).expect("orders"));
        assert_ne!(second, of(&[2], 0));
    }
}
