//! The order in which lanes see their rows: another one every epoch, each lane's from its own seed.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::Tensor;

/// Orders of all lanes.
pub(super) struct RowOrders {
    generators: Vec<ChaCha8Rng>,
    first_stream: u64,
    places: Vec<i64>,
    rows: usize,
}

impl RowOrders {
    /// Epoch e of a lane is drawn from stream `first_stream + e` of its seed's generator, from the word on that the epoch
    /// before left off at: epochs are asked for one after the other.
    pub(super) fn new(seeds: impl Iterator<Item = u64>, rows: usize, first_stream: u64) -> Self {
        let generators: Vec<ChaCha8Rng> = seeds.map(ChaCha8Rng::seed_from_u64).collect();
        Self { places: vec![0; generators.len() * rows], generators, first_stream, rows }
    }

    /// Places of rows, lanes x rows; each row once per lane.
    pub(super) fn of_epoch(&mut self, epoch: usize) -> Tensor {
        let lanes = self.generators.len() as i64;
        for (generator, lane) in self.generators.iter_mut().zip(self.places.chunks_exact_mut(self.rows.max(1))) {
            generator.set_stream(self.first_stream + epoch as u64);
            lane.iter_mut().zip(0..).for_each(|(place, row)| *place = row);
            shuffle(lane, generator);
        }
        Tensor::from_slice(&self.places).view([lanes, self.rows as i64])
    }
}

/// Every order is equally likely.
pub(super) fn shuffle<T>(values: &mut [T], rng: &mut ChaCha8Rng) {
    for last in (1..values.len()).rev() {
        values.swap(last, rng.random_range(0..=last));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lane_sees_every_row_once_per_epoch_in_an_order_of_its_own() {
        let of = |seeds: &[u64], epoch| {
            Vec::<Vec<i64>>::try_from(RowOrders::new(seeds.iter().copied(), 20, 2).of_epoch(epoch)).expect("orders")
        };
        let first = of(&[1, 2], 0);
        for lane in &first {
            let mut sorted = lane.clone();
            sorted.sort_unstable();
            assert!(sorted.into_iter().eq(0..20));
        }
        assert_ne!(first[0], first[1]);
        assert_ne!(first, of(&[1, 2], 1));
        // A lane's orders do not depend on the lanes beside it.
        assert_eq!(first[1], of(&[2], 0)[0]);
        let mut orders = RowOrders::new([2].into_iter(), 20, 2);
        let [_, second] = [0, 1].map(|epoch| Vec::<Vec<i64>>::try_from(orders.of_epoch(epoch)).expect("orders"));
        assert_ne!(second, of(&[2], 0));
    }
}
