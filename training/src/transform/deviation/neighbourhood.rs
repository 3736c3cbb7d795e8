//! Local neighbourhoods of data pieces (appendix C.1): what a state may be mistaken for.

use super::error::DeviationError;
use super::kd_tree::{KdTree, Near, squared_distance};
use super::sorted_axis::SortedAxis;
use crate::dataset::Trajectories;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use rayon::prelude::*;

/// All pieces of the data, step by step: a piece is the state of one trajectory at one time step, in [-1, 1]
/// coordinates. One coordinate is looked up in sorted values, more in a tree. Knows nothing of any scale.
#[derive(Clone, Debug)]
pub struct Pieces {
    data: Trajectories,
    lookup: Lookup,
    longest_step: f32,
}

#[derive(Clone, Debug)]
enum Lookup {
    SortedAxis(Vec<SortedAxis>),
    Space(Vec<KdTree>),
}

/// The density rule at one scale: how far a draw reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Density {
    /// A neighbourhood with this many pieces within one scale is dense and reaches three scales; others reach one.
    pub cutoff: usize,
    /// With several coordinates: pieces in a typical neighbourhood; a draw is among this many nearest.
    pub neighbours: usize,
}

/// A neighbourhood is dense if one in so many trajectories passes within one scale. Over 4096 trajectories of each of
/// the five systems, the middle of the medians is the sinusoid's, 20 to 55 at scales of .0045 to .0125: cutoffs of 16
/// to 32. Of the two, 16 leaves the tent map where the published row has it (.116 at .0125; 32 gives .103).
const SHARE_OF_DENSE: usize = 256;

/// Pieces that medians are taken over.
const SAMPLED_PIECES: usize = 16_384;

/// Draws that are tried for a piece.
const ATTEMPTS: usize = 8;

/// A sparse neighbourhood reaches this many scales.
const CORE: f64 = 1.0;

/// A dense neighbourhood reaches this many scales, nearly the whole Gaussian.
const FULL: f64 = 3.0;

impl Pieces {
    /// Of trajectories in [-1, 1] coordinates.
    ///
    /// # Errors
    /// If there are fewer than two trajectories, or one is not finite.
    pub fn new(data: Trajectories) -> Result<Self, DeviationError> {
        data.check(data.horizon, data.columns)?;
        if data.len() < 2 {
            return Err(DeviationError::Support { needed: 2, got: data.len() });
        }
        let size = data.size();
        let lookup = if data.columns == 1 {
            let line = |step: usize| SortedAxis::new(data.values.iter().skip(step).step_by(size).copied());
            Lookup::SortedAxis((0..data.horizon).into_par_iter().map(line).collect())
        } else {
            let tree = |step: usize| {
                let start = step * data.columns;
                let points: Vec<f32> =
                    data.iter().flat_map(|row| row[start..start + data.columns].iter().copied()).collect();
                KdTree::new(data.columns, &points)
            };
            Lookup::Space((0..data.horizon).into_par_iter().map(tree).collect())
        };
        let steps = |row: &[f32]| {
            let columns = data.columns.max(1);
            let lengths = row.chunks(columns).zip(row.chunks(columns).skip(1));
            lengths.map(|(from, to)| squared_distance(from, to)).fold(0.0, f32::max)
        };
        let longest_step = data.iter().map(steps).fold(0.0, f32::max).sqrt();
        Ok(Self { data, lookup, longest_step })
    }

    /// The trajectories in [-1, 1] coordinates.
    pub fn data(&self) -> &Trajectories {
        &self.data
    }

    /// Length of the longest step from one state of a trajectory to its next.
    pub fn longest_step(&self) -> f32 {
        self.longest_step
    }

    /// The state of a trajectory at a step.
    pub fn piece(&self, trajectory: usize, step: usize) -> &[f32] {
        let start = step * self.data.columns;
        &self.data.get(trajectory)[start..start + self.data.columns]
    }

    /// Pieces within `reach` scales of a piece, its own included (eq. 27).
    pub fn count_within(&self, trajectory: usize, step: usize, scale: f64, reach: f64) -> usize {
        let radius = self.radius(scale, reach);
        let piece = self.piece(trajectory, step);
        match &self.lookup {
            Lookup::SortedAxis(lines) => lines[step].count_within(piece[0], radius),
            Lookup::Space(trees) => trees[step].count_within(piece, radius),
        }
    }

    /// Radius of `reach` scales: the scale is per coordinate, the distance over all of them.
    pub fn radius(&self, scale: f64, reach: f64) -> f32 {
        (reach * scale * (self.data.columns as f64).sqrt()) as f32
    }

    /// Median count of pieces within one scale: the local resolution of the data.
    pub fn median_count(&self, scale: f64) -> usize {
        median(self.sampled().map(|(trajectory, step)| self.count_within(trajectory, step, scale, CORE)).collect())
    }

    /// Applies the density rule at a scale. Without a given cutoff it follows the number of trajectories.
    pub fn density(&self, scale: f64, cutoff: Option<usize>) -> Density {
        let cutoff = cutoff.unwrap_or_else(|| power_of_two_not_above(self.data.len() / SHARE_OF_DENSE));
        let Lookup::Space(_) = &self.lookup else { return Density { cutoff, neighbours: 1 } };
        let counts = self.sampled().map(|(trajectory, step)| {
            let core = self.count_within(trajectory, step, scale, CORE);
            if core >= cutoff { self.count_within(trajectory, step, scale, FULL) } else { core }
        });
        Density { cutoff, neighbours: median(counts.collect()) }
    }

    /// Trajectory and step of pieces from all over the data.
    fn sampled(&self) -> impl ParallelIterator<Item = (usize, usize)> {
        let horizon = self.data.horizon;
        let pieces = self.data.len() * horizon;
        // An odd stride visits all steps of all parts of the data where the horizon is a power of two.
        let stride = (pieces / SAMPLED_PIECES) | 1;
        (0..pieces).into_par_iter().step_by(stride).map(move |place| (place / horizon, place % horizon))
    }

    /// Draws what replaces a piece (eq. 28): the trajectory that goes on from there, which is the piece's own if its
    /// own state is drawn. Only pieces that `allowed` accepts are drawn; `None` if the draw meets none.
    pub fn draw(
        &self,
        (trajectory, step): (usize, usize),
        scale: f64,
        density: Density,
        rng: &mut impl Rng,
        allowed: impl Fn(&[f32]) -> bool,
    ) -> Option<usize> {
        let own = self.piece(trajectory, step);
        match &self.lookup {
            Lookup::SortedAxis(lines) => {
                let line = &lines[step];
                let dense = line.count_within(own[0], self.radius(scale, CORE)) >= density.cutoff;
                let reach = if dense { FULL } else { CORE };
                let (value, holders) = (0..ATTEMPTS)
                    .filter_map(|_| line.nearest(own[0] + (scale * truncated_normal(rng, reach)) as f32))
                    .find(|(value, _)| allowed(&[*value]))?;
                if value == own[0] {
                    return Some(trajectory);
                }
                holders.get(rng.random_range(0..holders.len().max(1))).map(|holder| *holder as usize)
            }
            Lookup::Space(trees) => {
                let mut near: Vec<Near> = Vec::new();
                let reach = if density.neighbours > density.cutoff { FULL } else { CORE };
                trees[step].nearest(own, density.neighbours.max(1), self.radius(scale, reach), &mut near);
                weighted(near, scale, rng, |item| allowed(self.piece(item, step)))
            }
        }
    }

    /// Whether two trajectories are within `radius` of each other at a step.
    pub fn are_near(&self, (left, right): (usize, usize), step: usize, radius: f32) -> bool {
        squared_distance(self.piece(left, step), self.piece(right, step)) <= radius * radius
    }
}

/// One of the allowed by the Gaussian weights of eq. 26.
fn weighted(mut near: Vec<Near>, scale: f64, rng: &mut impl Rng, allowed: impl Fn(usize) -> bool) -> Option<usize> {
    let slope = (-0.5 / (scale * scale)) as f32;
    let weights = |near: &[Near]| -> Vec<f32> {
        // The nearest weighs one, so that the sum never vanishes.
        let least = near.iter().min().map_or(0.0, |near| near.squared);
        near.iter().map(|near| (slope * (near.squared - least)).exp()).collect()
    };
    let mut pick = |near: &[Near], weights: &[f32]| {
        let mut left = rng.random::<f32>() * weights.iter().sum::<f32>();
        let chosen = weights.iter().position(|weight| {
            left -= weight;
            !(left > 0.0)
        });
        near.get(chosen.unwrap_or(0)).map(|near| near.item as usize)
    };
    let all = weights(&near);
    // Mostly a draw is allowed; only where none of a few is, all are checked.
    for _ in 0..ATTEMPTS {
        let drawn = pick(&near, &all)?;
        if allowed(drawn) {
            return Some(drawn);
        }
    }
    near.retain(|near| allowed(near.item as usize));
    let left = weights(&near);
    pick(&near, &left)
}

/// Standard normal, cut at `reach` by drawing again.
fn truncated_normal(rng: &mut impl Rng, reach: f64) -> f64 {
    loop {
        let value: f64 = rng.sample(StandardNormal);
        if value.abs() <= reach {
            return value;
        }
    }
}

fn median(mut counts: Vec<usize>) -> usize {
    if counts.is_empty() {
        return 0;
    }
    let middle = counts.len() / 2;
    *counts.select_nth_unstable(middle).1
}

/// The cutoff that several systems share: the largest power of two not above the median of their
/// [`Pieces::median_count`]s.
pub fn common_cutoff(medians: &[usize]) -> usize {
    power_of_two_not_above(median(medians.to_vec()))
}

fn power_of_two_not_above(count: usize) -> usize {
    1 << count.max(1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn pieces(columns: usize, values: Vec<f32>) -> Pieces {
        Pieces::new(Trajectories { horizon: 1, columns, values }).expect("finite data")
    }

    #[test]
    fn sparse_neighbourhoods_reach_one_scale_and_dense_ones_three() {
        // Eleven values .1 apart: within .15 of each lie three, of the outermost two.
        let line = pieces(1, (0..11).map(|place| 0.1 * place as f32 - 0.5).collect());
        assert_eq!(line.median_count(0.15), 3);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut furthest = |cutoff: usize| {
            let density = line.density(0.15, Some(cutoff));
            (0..2000)
                .filter_map(|_| line.draw((5, 0), 0.15, density, &mut rng, |_| true))
                .map(|drawn| drawn.abs_diff(5))
                .max()
        };
        // .15 rounds to the second neighbour at most, .45 to the fifth.
        assert!(furthest(4) <= Some(2));
        assert!(furthest(3) >= Some(4));
    }

    #[test]
    fn draws_are_gaussian_in_distance_and_equal_values_share_them() {
        let line = pieces(1, vec![0.0, 0.1, 0.1, 0.2]);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut counts = [0; 4];
        for _ in 0..4000 {
            let drawn = line.draw((0, 0), 0.1, Density { cutoff: 1, neighbours: 1 }, &mut rng, |_| true);
            counts[drawn.expect("anything is allowed")] += 1;
        }
        // P(z < .5), half of P(.5 < z < 1.5) each, the rest, for a Gaussian cut at 3.
        for (count, share) in counts.into_iter().zip([0.692, 0.121, 0.121, 0.066]) {
            assert!((f64::from(count) / 4000.0 - share).abs() < 0.03, "{counts:?}");
        }
    }

    #[test]
    fn in_the_plane_the_typical_number_of_nearest_is_drawn_from_by_weight() {
        let plane = pieces(2, vec![0.0, 0.0, 0.1, 0.0, 0.0, 0.2, 0.9, 0.9]);
        let density = Density { cutoff: 1, neighbours: 3 };
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut counts = [0.0; 4];
        for _ in 0..4000 {
            counts[plane.draw((0, 0), 0.1, density, &mut rng, |_| true).expect("one is there")] += 1.0 / 4000.0;
        }
        let sum = 1.0 + (-0.5_f64).exp() + (-2.0_f64).exp();
        for (share, weight) in counts.into_iter().zip([1.0, (-0.5_f64).exp(), (-2.0_f64).exp(), 0.0]) {
            assert!((share - weight / sum).abs() < 0.03, "{counts:?}");
        }
        let far = |piece: &[f32]| piece[0] > 0.05;
        assert_eq!(plane.draw((0, 0), 0.1, density, &mut rng, far), Some(1));
        assert_eq!(plane.draw((0, 0), 0.1, density, &mut rng, |_| false), None);
    }

    #[test]
    fn several_systems_share_a_cutoff() {
        assert_eq!(common_cutoff(&[3, 900, 70, 66, 1]), 64);
        assert_eq!(common_cutoff(&[]), 1);
    }
}
