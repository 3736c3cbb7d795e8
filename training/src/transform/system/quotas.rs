//! Quotas per bin of a quantity: kept trajectories are uniform over a range.

use super::SystemError;
use planwright::quantity::QuantityGrid;
use rand::Rng;
use rand::seq::SliceRandom;

/// Trajectories that each bin of a quantity still takes.
pub struct Quotas {
    bins: QuantityGrid,
    room: Vec<usize>,
}

impl Quotas {
    /// For `count` trajectories in all. What does not divide evenly goes to bins chosen at random.
    pub fn new(bins: QuantityGrid, count: usize, rng: &mut impl Rng) -> Self {
        let mut room: Vec<usize> =
            (0..bins.cells()).map(|bin| count / bins.cells() + usize::from(bin < count % bins.cells())).collect();
        room.shuffle(rng);
        Self { bins, room }
    }

    /// Whether a trajectory with this value is wanted; it counts as taken then.
    pub fn take(&mut self, value: f64) -> bool {
        let Some(room) = self.bins.cell_of(value).and_then(|bin| self.room.get_mut(bin)) else { return false };
        let wanted = *room > 0;
        *room -= usize::from(wanted);
        wanted
    }

    /// Room of a bin.
    pub fn room(&self, bin: usize) -> usize {
        self.room.get(bin).copied().unwrap_or(0)
    }

    /// Whether nothing more is wanted.
    pub fn are_full(&self) -> bool {
        self.room.iter().all(|room| *room == 0)
    }

    /// Checks that all bins are full.
    ///
    /// # Errors
    /// Names the first bin with room.
    pub fn unfilled(&self, system: &'static str, quantity: &'static str) -> Result<(), SystemError> {
        let Some(bin) = self.room.iter().position(|room| *room > 0) else { return Ok(()) };
        let (centre, half) = (self.bins.centre(bin), 0.5 * self.bins.width());
        Err(SystemError::EmptyBin { system, quantity, low: centre - half, high: centre + half })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn bins_take_their_share_and_no_more() {
        let bins = QuantityGrid::new(0.0, 4.0, 4).expect("a range");
        let mut quotas = Quotas::new(bins, 10, &mut rand_chacha::ChaCha8Rng::seed_from_u64(0));
        assert_eq!((0..4).map(|bin| quotas.room(bin)).sum::<usize>(), 10);
        assert!(!quotas.take(-1.0) && !quotas.take(f64::NAN));
        for bin in 0..3 {
            let room = quotas.room(bin);
            assert!((2..=3).contains(&room));
            assert!((0..room).all(|_| quotas.take(bin as f64 + 0.5)) && !quotas.take(bin as f64 + 0.5));
        }
        let Err(error) = quotas.unfilled("tent", "parameter") else { panic!("the last bin is open") };
        assert!(error.to_string().contains("got none between 3.0000 and 4.0000"), "{error}");
        while quotas.take(4.0) {}
        assert!(quotas.are_full() && quotas.unfilled("tent", "parameter").is_ok());
    }
}
