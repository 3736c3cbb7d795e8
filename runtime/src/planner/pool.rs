//! A ring buffer of unconditional samples of a transform, the candidates of every plan.

use super::PlanError;
use super::denoiser::EngineDenoiser;
use crate::diffusion::{Sampler, SamplerSettings, Start};
use crate::world::Point;

/// A ring of decoded paths. Samples do not depend on start and goal, so that one that does not fit a task may fit the
/// next; every plan renews a part of the ring. Memory is fixed at construction.
pub(super) struct Pool {
    horizon: usize,
    capacity: usize,
    /// Capacity x H points, filled up to `len` paths.
    points: Vec<Point>,
    len: usize,
    next: usize,
    /// Copy made by [`Pool::keep`].
    kept: Vec<Point>,
}

impl Pool {
    /// Room for `capacity` paths of `horizon` points.
    pub(super) fn new(capacity: usize, horizon: usize) -> Self {
        Self { horizon, capacity, points: vec![[0.0; 2]; capacity * horizon], len: 0, next: 0, kept: Vec::new() }
    }

    /// Copies the paths, for [`Self::restore`].
    pub(super) fn keep(&mut self) {
        self.kept.clone_from(&self.points);
    }

    /// Restores the copy.
    pub(super) fn restore(&mut self) {
        if self.kept.len() == self.points.len() {
            self.points.copy_from_slice(&self.kept);
            self.next = 0;
        }
    }

    /// Paths held.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether no more fit without one being overwritten.
    pub(super) fn is_full(&self) -> bool {
        self.len == self.capacity
    }

    /// One path, H points in metres.
    pub(super) fn path(&self, index: usize) -> &[Point] {
        &self.points[index * self.horizon..(index + 1) * self.horizon]
    }

    /// Draws one batch of codes, decodes it, and overwrites the oldest paths with all neighbours of every code.
    /// `go_on` is evaluated before every network call. Returns the calls made and whether they were cut short.
    pub(super) fn renew(
        &mut self,
        sampler: &mut Sampler,
        denoiser: &mut EngineDenoiser,
        settings: SamplerSettings,
        seed: u64,
        mut go_on: impl FnMut() -> bool,
    ) -> Result<(usize, bool), PlanError> {
        let sampled = sampler.sample(settings, denoiser, &[], Start::Noise, seed, |_| go_on())?;
        if let Some(decoded) = denoiser.decode(sampler.samples())? {
            for path in decoded.trajectories.chunks_exact(2 * self.horizon) {
                if path.iter().all(|value| value.is_finite()) {
                    self.put(path);
                }
            }
        }
        Ok((sampled.steps, sampled.cut_short))
    }

    fn put(&mut self, path: &[f32]) {
        let first = self.next * self.horizon;
        for (point, pair) in self.points[first..first + self.horizon].iter_mut().zip(path.chunks_exact(2)) {
            *point = [f64::from(pair[0]), f64::from(pair[1])];
        }
        self.next = (self.next + 1) % self.capacity;
        self.len = (self.len + 1).min(self.capacity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_path_is_overwritten() {
        let mut pool = Pool::new(2, 2);
        for value in [1.0, 2.0, 3.0] {
            pool.put(&[value; 4]);
        }
        assert!(pool.is_full());
        assert_eq!((pool.len(), pool.path(0)[0], pool.path(1)[1]), (2, [3.0; 2], [2.0; 2]));
        pool.keep();
        pool.put(&[4.0; 4]);
        pool.restore();
        assert_eq!((pool.path(0)[0], pool.path(1)[1]), ([3.0; 2], [2.0; 2]));
    }
}
