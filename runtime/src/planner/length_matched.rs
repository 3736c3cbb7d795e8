//! Planning of paths whose lengths follow an intended distribution: samples of a transform, chosen by their endpoints,
//! or (to compare with) of a plain denoiser of positions with inpainted endpoints.

use super::denoiser::EngineDenoiser;
use super::manifest_parts::{footprint_of, layout_of, wrong_family};
use super::pool::Pool;
use super::ranking::Ranking;
use super::settings::SamplerChoice;
use super::{
    Observation, PlanError, Planner, PlannerDescription, PlannerError, PlannerSettings, Proposal, is_past, schedule_of,
    stream_seed,
};
use crate::correction::Resample;
use crate::diffusion::{Condition, Sampler, SamplerSettings, Start};
use crate::geometry::distance;
use crate::model::{Engine, Manifest, ModelError, Normaliser};
use crate::quantity::path_length_m;
use crate::trajectory::Trajectory;
use crate::view::View;
use crate::world::{Footprint, Layout, Point, State, Sweep};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::Instant;

/// How candidates are kept and chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LengthMatching {
    /// Paths that are kept to choose from, 1 to 100,000.
    pub pool: usize,
    /// Largest distance between an end of a path and the end of the task to which it is bent, metres, at most 10.
    pub reach_m: f64,
    /// Least clearance of a candidate from walls, metres.
    pub clearance_m: f64,
    /// Whether candidates are ranked by the deficit of their length's bin in the intended distribution; otherwise the
    /// first that fits is taken.
    pub rank: bool,
}

impl Default for LengthMatching {
    fn default() -> Self {
        Self { pool: 2048, reach_m: 0.5, clearance_m: 0.03, rank: true }
    }
}

/// A planner of paths, positions only; time parameterisation and commands come from the correction.
pub struct LengthMatchedPlanner {
    description: PlannerDescription,
    layout: Layout,
    footprint: Footprint,
    normaliser: Normaliser,
    has_codes: bool,
    matching: LengthMatching,
    sampling: SamplerSettings,
    candidates: usize,
    seed: u64,
    denoiser: EngineDenoiser,
    sampler: Sampler,
    pool: Pool,
    ranking: Option<Ranking>,
    candidate: Vec<Point>,
    best: Vec<Point>,
    endpoints: [[f32; 2]; 2],
    plans: u64,
}

/// How much larger a bin's deficit must be for its candidate to be preferred, plans.
const DEFICIT_GAIN: f64 = 1e-6;

/// A candidate that fits.
#[derive(Clone, Copy)]
struct Fit {
    candidate: usize,
    deficit: f64,
    clearance_m: f64,
    length_m: f64,
}

impl LengthMatchedPlanner {
    /// On the engine that `engine` makes for a batch of the candidates; fills the pool.
    ///
    /// # Errors
    /// If the model plans no paths, a setting does not fit it, or the engine refuses.
    pub fn open(
        manifest: &Manifest,
        settings: &PlannerSettings,
        matching: &LengthMatching,
        engine: impl FnOnce(usize) -> Result<Box<dyn Engine>, ModelError>,
    ) -> Result<Self, PlannerError> {
        let wrong = |problem: String| Err(PlannerError::Setting(problem));
        if !manifest.plans_paths() {
            return Err(wrong_family(manifest, "a model of paths (columns x, y)"));
        }
        let SamplerChoice { sampler: sampling, candidates } = settings.denoiser.resolve(manifest)?;
        let matching = *matching;
        if !(1..=100_000).contains(&matching.pool) {
            return wrong(format!("expected a pool of 1 to 100000 paths, got {}", matching.pool));
        }
        if !((0.0..=10.0).contains(&matching.reach_m) && matching.clearance_m.is_finite()) {
            return wrong(format!("expected a reach of 0 to 10 m and a finite clearance, got {matching:?}"));
        }
        let denoiser = EngineDenoiser::new(manifest, engine(candidates)?, candidates)?;
        let mut description = PlannerDescription::of_model(manifest, denoiser.engine(), candidates)?;
        description.sampler = Some(sampling);
        let horizon = manifest.horizon;
        let has_codes = manifest.family.transform().is_some();
        let ranking =
            manifest.intended().filter(|_| matching.rank).map(|intended| Ranking::new(intended.marginal().clone()));
        let mut planner = Self {
            layout: layout_of(manifest)?,
            footprint: footprint_of(manifest)?,
            description,
            normaliser: manifest.normaliser.clone(),
            denoiser,
            sampler: Sampler::new(schedule_of(manifest)?, 2 * horizon, candidates),
            pool: Pool::new(if has_codes { matching.pool } else { candidates }, horizon),
            ranking,
            candidate: Vec::with_capacity(horizon),
            best: Vec::with_capacity(horizon),
            endpoints: [[0.0; 2]; 2],
            plans: 0,
            has_codes,
            matching,
            sampling,
            candidates,
            seed: settings.seed,
        };
        planner.denoiser.warm_up(2 * horizon * candidates)?;
        planner.fill().map_err(|error| PlannerError::Setting(format!("filling the pool: {error}")))?;
        Ok(planner)
    }

    /// Start and goal of a task: endpoints of a pooled path, clear of walls, so that tasks are distributed as the data
    /// are. `None` without a code space.
    pub fn task(&self, index: usize) -> Option<(Point, Point)> {
        if !self.has_codes {
            return None;
        }
        let sweep = Sweep::new(&self.layout, self.footprint);
        let count = self.pool.len();
        (0..count).map(|offset| self.pool.path((index * 7919 + offset) % count)).find_map(|path| {
            let (start, goal) = (*path.first()?, *path.last()?);
            let clear = [start, goal].iter().all(|point| sweep.path([*point]).clearance_m > 0.05);
            clear.then_some((start, goal))
        })
    }

    /// Lengths of all paths in the pool, metres: the model's unconditional distribution.
    pub fn pooled_lengths(&self) -> Vec<f64> {
        (0..self.pool.len()).map(|index| path_length_m(self.pool.path(index).iter().copied())).collect()
    }

    fn seed_of(&self, plan: u64) -> u64 {
        stream_seed(self.seed, plan + 1)
    }

    /// Fills the pool of a transform.
    fn fill(&mut self) -> Result<(), PlanError> {
        let mut round = 0;
        // A model whose samples are not finite would never fill it.
        while self.has_codes && !self.pool.is_full() && round < 2 * self.matching.pool as u64 {
            let seed = self.seed_of(u64::MAX / 2 + round);
            self.pool.renew(&mut self.sampler, &mut self.denoiser, self.sampling, seed, || true)?;
            round += 1;
        }
        self.pool.keep();
        Ok(())
    }

    /// Samples with inpainted endpoints, for a model without code space.
    fn inpaint(
        &mut self,
        observation: &Observation,
        seed: u64,
        mut go_on: impl FnMut() -> bool,
    ) -> Result<(usize, bool), PlanError> {
        for (endpoint, point) in self.endpoints.iter_mut().zip([observation.state.position, observation.goal]) {
            for axis in 0..2 {
                endpoint[axis] = self.normaliser.normalise(axis, point[axis]);
            }
        }
        let end = 2 * (self.description.horizon - 1);
        let fixed = [Condition::same(0, &self.endpoints[0]), Condition::same(end, &self.endpoints[1])];
        let sampled =
            self.sampler.sample(self.sampling, &mut self.denoiser, &fixed, Start::Noise, seed, |_| go_on())?;
        Ok((sampled.steps, sampled.cut_short))
    }

    /// Puts one candidate path into `self.candidate`, bent to lead from start to goal.
    fn take(&mut self, index: usize, backwards: bool, start: Point, goal: Point) {
        self.candidate.clear();
        if self.has_codes {
            let path = self.pool.path(index);
            if backwards {
                self.candidate.extend(path.iter().rev());
            } else {
                self.candidate.extend(path);
            }
        } else {
            let size = 2 * self.description.horizon;
            let sample = &self.sampler.samples()[index * size..(index + 1) * size];
            let physical = |pair: &[f32]| std::array::from_fn(|axis| self.normaliser.denormalise(axis, pair[axis]));
            self.candidate.extend(sample.chunks_exact(2).map(physical));
        }
        bend(&mut self.candidate, start, goal);
    }

    /// Searches all candidates, from an index that the seed gives, and leaves the best one in `self.best`: of equal
    /// deficits the first, because any that fits is as good a sample.
    fn choose(&mut self, start: Point, goal: Point, seed: u64) -> Option<Fit> {
        let (count, directions) = if self.has_codes { (self.pool.len(), 2) } else { (self.candidates, 1) };
        let mut best: Option<Fit> = None;
        let total = count * directions;
        // Mixed, because neighbouring seeds that began at neighbouring candidates would find the same one.
        let first = ChaCha8Rng::seed_from_u64(seed).random_range(0..total.max(1));
        for offset in 0..total {
            let candidate = (first + offset) % total;
            let (index, backwards) = (candidate / directions, candidate % directions == 1);
            if self.has_codes && !self.ends_near(index, backwards, start, goal) {
                continue;
            }
            self.take(index, backwards, start, goal);
            let length_m = path_length_m(self.candidate.iter().copied());
            if !length_m.is_finite() {
                continue;
            }
            let deficit = self.ranking.as_ref().map_or(0.0, |ranking| ranking.deficit(length_m));
            if best.is_some_and(|best| !(deficit > best.deficit + DEFICIT_GAIN)) {
                continue;
            }
            let clearance_m = Sweep::new(&self.layout, self.footprint).path(self.candidate.iter().copied()).clearance_m;
            // Without a code space a later plan has no other candidates either: the gate checks the last one.
            let is_last_resort = !self.has_codes && offset + 1 == total && best.is_none();
            if clearance_m >= self.matching.clearance_m || is_last_resort {
                best = Some(Fit { candidate, deficit, clearance_m, length_m });
                std::mem::swap(&mut self.best, &mut self.candidate);
            }
        }
        best
    }

    fn ends_near(&self, index: usize, backwards: bool, start: Point, goal: Point) -> bool {
        let path = self.pool.path(index);
        let (Some(first), Some(last)) = (path.first(), path.last()) else { return false };
        let (first, last) = if backwards { (last, first) } else { (first, last) };
        distance(*first, start) <= self.matching.reach_m && distance(*last, goal) <= self.matching.reach_m
    }
}

/// Moves the ends of a path to start and goal, and every point between by linear interpolation of the two shifts.
fn bend(path: &mut [Point], start: Point, goal: Point) {
    let (Some(first), Some(last)) = (path.first().copied(), path.last().copied()) else { return };
    let steps = path.len().saturating_sub(1).max(1) as f64;
    for (index, point) in path.iter_mut().enumerate() {
        let share = index as f64 / steps;
        for axis in 0..2 {
            point[axis] += (1.0 - share) * (start[axis] - first[axis]) + share * (goal[axis] - last[axis]);
        }
    }
}

impl Planner for LengthMatchedPlanner {
    fn description(&self) -> &PlannerDescription {
        &self.description
    }

    fn propose(
        &mut self,
        observation: &Observation,
        deadline: Option<Instant>,
        _view: &View,
        proposal: &mut Proposal,
    ) -> Result<(), PlanError> {
        proposal.trajectory.clear();
        observation.check_finite()?;
        if is_past(deadline) {
            return Err(PlanError::NoTime);
        }
        // One more step, and the decoder's call after the last.
        let call = 2 * self.denoiser.call_latency();
        let time_for = move || deadline.is_none_or(|deadline| Instant::now() + call <= deadline);
        let seed = self.seed_of(self.plans);
        self.plans += 1;
        // A pool has candidates even without a new sample; a plain model has none.
        let (steps, cut_short) = if time_for() {
            if self.has_codes {
                self.pool.renew(&mut self.sampler, &mut self.denoiser, self.sampling, seed, time_for)?
            } else {
                self.inpaint(observation, seed, time_for)?
            }
        } else {
            self.denoiser.decay_latency_estimate();
            if !self.has_codes {
                return Err(PlanError::NoTime);
            }
            (0, true)
        };
        let (start, goal) = (observation.state.position, observation.goal);
        let fit = self.choose(start, goal, seed).ok_or(PlanError::NoneFits { candidates: self.pool.len() })?;
        if let Some(ranking) = &mut self.ranking {
            ranking.count(fit.length_m);
        }
        let dt = self.description.knot_secs;
        proposal.trajectory.dt_secs = dt;
        for index in 0..self.best.len() {
            let (before, after) = (index.saturating_sub(1), (index + 1).min(self.best.len() - 1));
            let span = dt * (after - before).max(1) as f64;
            let velocity = std::array::from_fn(|axis| (self.best[after][axis] - self.best[before][axis]) / span);
            proposal.trajectory.states.push(State::moving(self.best[index], velocity));
        }
        proposal.candidate = fit.candidate;
        proposal.clearance_m = fit.clearance_m;
        proposal.denoising_steps = steps;
        proposal.cut_short = cut_short;
        proposal.warm = false;
        Ok(())
    }

    fn reset(&mut self, seed: u64) {
        self.seed = seed;
        self.plans = 0;
        self.pool.restore();
        if let Some(ranking) = &mut self.ranking {
            ranking.reset();
        }
    }

    fn plans(&self) -> u64 {
        self.plans
    }
}

impl Resample for LengthMatchedPlanner {
    /// Another sample would be another path: the gate checks the one that was chosen.
    fn resample(&mut self, _knots: &mut Trajectory, _noise_share: f64, _round: usize) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bending_moves_the_ends_and_their_neighbours_by_their_share() {
        let mut path = vec![[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]];
        bend(&mut path, [0.0, 0.5], [2.0, -0.25]);
        assert_eq!(path, [[0.0, 0.5], [1.0, 0.125], [2.0, -0.25]]);
        bend(&mut [], [0.0; 2], [0.0; 2]);
    }
}
