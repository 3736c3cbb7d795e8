//! Local neighbourhoods of data pieces (appendix C.1): what a state may be mistaken for.

use super::error::DeviationError;
use super::kd_tree::{KdTree, Near, squared_distance};
use super::line::Line;
use crate::system::Trajectories;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use rayon::prelude::*;

/// All pieces of the data, step by step: a piece is the state of one trajectory at one time step, in [-1, 1]
/// coordinates. One coordinate is looked up in sorted values, more in a tree. Knows nothing of any scale.
#[derive(Clone, Debug)]
pub struct Pieces {
    data: Trajectories,
    lookup: Lookup,
}

#[derive(Clone, Debug)]
enum Lookup {
    Line(Vec<Line>),
    Space(Vec<KdTree>),
}

/// The density rule at one scale: how far a draw reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Density {
    /// A neighbourhood with this many pieces within one scale is dense and reaches three scales; others reach one.
    pub cutoff: usize,
    /// Pieces in a typical neighbourhood; with several coordinates a draw is among this many nearest.
    pub neighbours: usize,
}

/// Pieces that medians are taken over.
const SAMPLED_PIECES: usize = 16_384;

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
            let line = |step: usize| Line::new(data.values.iter().skip(step).step_by(size).copied());
            Lookup::Line((0..data.horizon).into_par_iter().map(line).collect())
        } else {
            let tree = |step: usize| {
                let start = step * data.columns;
                let points: Vec<f32> =
                    data.iter().flat_map(|row| row[start..start + data.columns].iter().copied()).collect();
                KdTree::new(data.columns, &points)
            };
            Lookup::Space((0..data.horizon).into_par_iter().map(tree).collect())
        };
        Ok(Self { data, lookup })
    }

    /// The trajectories in [-1, 1] coordinates.
    pub fn data(&self) -> &Trajectories {
        &self.data
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
            Lookup::Line(lines) => lines[step].count_within(piece[0], radius),
            Lookup::Space(trees) => trees[step].count_within(piece, radius),
        }
    }

    /// Radius of `reach` scales: the scale is per coordinate, the distance over all of them.
    pub fn radius(&self, scale: f64, reach: f64) -> f32 {
        (reach * scale * (self.data.columns as f64).sqrt()) as f32
    }

    /// Applies the density rule at a scale. Without a given cutoff it is the largest power of two not above the
    /// median count of pieces within one scale.
    pub fn density(&self, scale: f64, cutoff: Option<usize>) -> Density {
        let pieces = self.data.len() * self.data.horizon;
        // An odd stride visits all steps of all parts of the data, whatever the horizon.
        let stride = (pieces / SAMPLED_PIECES) | 1;
        let sampled: Vec<(usize, usize)> =
            (0..pieces).step_by(stride).map(|place| (place / self.data.horizon, place % self.data.horizon)).collect();
        let cores: Vec<usize> =
            sampled.par_iter().map(|(trajectory, step)| self.count_within(*trajectory, *step, scale, CORE)).collect();
        let cutoff = cutoff.unwrap_or_else(|| power_of_two_not_above(median(cores.clone())));
        let Lookup::Space(_) = &self.lookup else { return Density { cutoff, neighbours: median(cores) } };
        let counts = sampled
            .par_iter()
            .zip(cores)
            .map(
                |((trajectory, step), core)| {
                    if core >= cutoff { self.count_within(*trajectory, *step, scale, FULL) } else { core }
                },
            )
            .collect();
        Density { cutoff, neighbours: median(counts) }
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
            Lookup::Line(lines) => {
                let line = &lines[step];
                let dense = line.count_within(own[0], self.radius(scale, CORE)) >= density.cutoff;
                let offset = scale * truncated_normal(rng, if dense { FULL } else { CORE });
                let (value, holders) = line.nearest(own[0] + offset as f32)?;
                if !allowed(&[value]) {
                    None
                } else if value == own[0] {
                    Some(trajectory)
                } else {
                    holders.get(rng.random_range(0..holders.len().max(1))).map(|holder| *holder as usize)
                }
            }
            Lookup::Space(trees) => {
                let mut near: Vec<Near> = Vec::new();
                trees[step].nearest(own, density.neighbours.max(1), &mut near);
                near.retain(|near| allowed(self.piece(near.item as usize, step)));
                weighted(&near, scale, rng)
            }
        }
    }

    /// Whether two trajectories are within `reach` scales of each other at a step.
    pub fn are_near(&self, (left, right): (usize, usize), step: usize, radius: f32) -> bool {
        squared_distance(self.piece(left, step), self.piece(right, step)) <= radius * radius
    }
}

/// One of them by the Gaussian weights of eq. 26.
fn weighted(near: &[Near], scale: f64, rng: &mut impl Rng) -> Option<usize> {
    // The nearest weighs one, so that the sum never vanishes.
    let least = f64::from(near.first()?.squared);
    let weight = |near: &Near| (-0.5 * (f64::from(near.squared) - least) / (scale * scale)).exp();
    let mut left = rng.random::<f64>() * near.iter().map(weight).sum::<f64>();
    let chosen = near.iter().find(|near| {
        left -= weight(near);
        !(left > 0.0)
    });
    chosen.or(near.first()).map(|near| near.item as usize)
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

fn power_of_two_not_above(count: usize) -> usize {
    1 << count.max(1).ilog2()
}
