//! Planners of paths whose length keeps an intended distribution: a transform's samples, chosen by their endpoints, or
//! (to compare with) a plain denoiser of positions with inpainted endpoints.

use super::denoiser::EngineDenoiser;
use super::pool::Pool;
use super::ranking::Ranking;
use super::{Observation, PlanError, Planner, PlannerError, Proposal, layout_of, schedule_of};
use crate::correction::Resample;
use crate::diffusion::{Condition, Sampler, SamplerSettings, SamplingError, Solver, Start};
use crate::geometry::distance;
use crate::model::{Artefact, Engine, EngineChoice, EngineDescription, Manifest, SolverDefaults, load_engine};
use crate::quantity::path_length_m;
use crate::trajectory::Trajectory;
use crate::view::View;
use crate::world::{Layout, Point, PointMass, State, Sweep};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::Instant;

/// Choices at run time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PathPlannerSettings {
    /// Rule of the sampler.
    pub solver: Solver,
    /// Network calls per plan.
    pub steps: usize,
    /// Codes drawn per plan, or paths of a model without code space.
    pub candidates: usize,
    /// Paths that are kept to choose from.
    pub pool: usize,
    /// How far an end of a path may be from where it should be before it is bent there, metres.
    pub reach_m: f64,
    /// Clearance of a candidate from walls at least, metres.
    pub clearance_m: f64,
    /// Whether candidates are ranked by what the intended distribution misses; otherwise by their endpoints.
    pub rank: bool,
    /// Seed of all randomness.
    pub seed: u64,
}

impl PathPlannerSettings {
    /// What the model recommends.
    pub fn of(manifest: &Manifest) -> Self {
        let SolverDefaults { solver, steps, candidates } = manifest.solver.clone().unwrap_or_default();
        Self { solver, steps, candidates, pool: 2048, reach_m: 0.5, clearance_m: 0.03, rank: true, seed: 0 }
    }
}

/// A planner of paths, positions only; pace and commands come from the correction.
pub struct PathPlanner {
    manifest: Manifest,
    settings: PathPlannerSettings,
    layout: Layout,
    denoiser: EngineDenoiser,
    sampler: Sampler,
    pool: Pool,
    ranking: Option<Ranking>,
    candidate: Vec<Point>,
    best: Vec<Point>,
    endpoints: [[f32; 2]; 2],
    plans: u64,
}

/// How much more a bin must be needed for its candidate to be preferred, plans.
const NEED_GAIN: f64 = 1e-6;

/// A candidate that fits.
#[derive(Clone, Copy)]
struct Fit {
    candidate: usize,
    need: f64,
    clearance_m: f64,
    length_m: f64,
}

impl PathPlanner {
    /// Loads the engine for `settings.candidates` rows and fills the pool.
    ///
    /// # Errors
    /// If the model plans no paths, a setting does not fit it, or the engine refuses.
    pub fn new(
        artefact: &Artefact,
        choice: &EngineChoice,
        settings: PathPlannerSettings,
    ) -> Result<Self, PlannerError> {
        Self::check(artefact.manifest(), &settings)?;
        Self::on_engine(artefact.manifest(), load_engine(artefact, choice, settings.candidates)?, settings)
    }

    pub(super) fn check(manifest: &Manifest, settings: &PathPlannerSettings) -> Result<(), PlannerError> {
        if !manifest.plans_paths() {
            return Err(PlannerError::Setting(format!(
                "expected a model of paths (columns x, y), got '{}' of family {:?}\nhint: `planwright inspect FILE` tells what a model is",
                manifest.name, manifest.family
            )));
        }
        let wrong = |problem: String| Err(PlannerError::Setting(problem));
        let trained = schedule_of(manifest)?.steps();
        if !(1..=trained).contains(&settings.steps) {
            return wrong(format!("expected between 1 and {trained} denoising steps, got {}", settings.steps));
        }
        if !(1..=1024).contains(&settings.candidates) || !(1..=100_000).contains(&settings.pool) {
            return wrong(format!(
                "expected 1 to 1024 candidates and a pool of 1 to 100000 paths, got {} and {}",
                settings.candidates, settings.pool
            ));
        }
        if !(settings.reach_m >= 0.0 && settings.reach_m <= 10.0 && settings.clearance_m.is_finite()) {
            return wrong(format!("expected a reach of 0 to 10 m and a finite clearance, got {settings:?}"));
        }
        Ok(())
    }

    /// On an engine that is already loaded for `settings.candidates` rows.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn on_engine(
        manifest: &Manifest,
        engine: Box<dyn Engine>,
        settings: PathPlannerSettings,
    ) -> Result<Self, PlannerError> {
        Self::check(manifest, &settings)?;
        let manifest = manifest.clone();
        let layout = layout_of(&manifest)?;
        let schedule = schedule_of(&manifest)?;
        let horizon = manifest.horizon;
        let ranking =
            manifest.intended().filter(|_| settings.rank).map(|intended| Ranking::new(intended.marginal().clone()));
        let pool = if manifest.transform.is_some() { settings.pool } else { settings.candidates };
        let mut planner = Self {
            denoiser: EngineDenoiser::new(&manifest, engine, settings.candidates)?,
            sampler: Sampler::new(schedule, 2 * horizon, settings.candidates),
            pool: Pool::new(pool, horizon),
            ranking,
            candidate: Vec::with_capacity(horizon),
            best: Vec::with_capacity(horizon),
            endpoints: [[0.0; 2]; 2],
            plans: 0,
            layout,
            settings,
            manifest,
        };
        planner.denoiser.warm_up(2 * horizon * planner.settings.candidates)?;
        planner.fill().map_err(|error| PlannerError::Setting(format!("filling the pool: {error}")))?;
        Ok(planner)
    }

    /// The map that the model was trained for.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The settings.
    pub fn settings(&self) -> &PathPlannerSettings {
        &self.settings
    }

    /// What computes.
    pub fn engine_description(&self) -> EngineDescription {
        self.denoiser.engine().clone()
    }

    /// Start and goal of the paths that the model knows: endpoints of a pooled path, clear of walls. For tasks that are
    /// spread as the data are. `None` without a code space.
    pub fn task(&self, index: usize) -> Option<(Point, Point)> {
        let sweep = Sweep::new(&self.layout, PointMass::FOOTPRINT);
        let count = self.pool.len();
        self.manifest.transform.as_ref()?;
        (0..count).map(|offset| self.pool.path((index * 7919 + offset) % count)).find_map(|path| {
            let (start, goal) = (*path.first()?, *path.last()?);
            let clear = [start, goal].iter().all(|point| sweep.path([*point]).clearance_m > 0.05);
            clear.then_some((start, goal))
        })
    }

    /// Lengths of all paths in the pool, metres: what the model makes without any condition.
    pub fn pooled_lengths(&self) -> Vec<f64> {
        (0..self.pool.len()).map(|index| path_length_m(self.pool.path(index).iter().copied())).collect()
    }

    fn sampling(&self) -> SamplerSettings {
        SamplerSettings { solver: self.settings.solver, steps: self.settings.steps }
    }

    fn seed_of(&self, plan: u64) -> u64 {
        self.settings.seed.wrapping_add((plan + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// Fills the pool of a transform.
    fn fill(&mut self) -> Result<(), PlanError> {
        let mut round = 0;
        // A model whose samples are not finite would never fill it.
        while self.manifest.transform.is_some() && !self.pool.is_full() && round < 2 * self.settings.pool as u64 {
            let (seed, settings) = (self.seed_of(u64::MAX / 2 + round), self.sampling());
            self.pool.renew(&mut self.sampler, &mut self.denoiser, settings, seed, || true)?;
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
        let normaliser = &self.manifest.normaliser;
        for (endpoint, point) in self.endpoints.iter_mut().zip([observation.state.position, observation.goal]) {
            for axis in 0..2 {
                let (low, high) = (normaliser.low[axis], normaliser.high[axis]);
                endpoint[axis] = 2.0 * (point[axis] as f32 - low) / (high - low) - 1.0;
            }
        }
        let end = 2 * (self.manifest.horizon - 1);
        let fixed = [Condition::same(0, &self.endpoints[0]), Condition::same(end, &self.endpoints[1])];
        let settings = self.sampling();
        let walked = self.sampler.sample(settings, &mut self.denoiser, &fixed, Start::Noise, seed, |_| go_on());
        let sampled = walked.map_err(|error| match error {
            SamplingError::Denoiser(error) => PlanError::Engine(error),
            other => PlanError::Steps(other.to_string()),
        })?;
        Ok((sampled.steps, sampled.cut_short))
    }

    /// Puts one candidate path into `self.candidate`, bent to lead from start to goal.
    fn take(&mut self, index: usize, backwards: bool, start: Point, goal: Point) {
        self.candidate.clear();
        if self.manifest.transform.is_some() {
            let path = self.pool.path(index);
            if backwards {
                self.candidate.extend(path.iter().rev());
            } else {
                self.candidate.extend(path);
            }
        } else {
            let size = 2 * self.manifest.horizon;
            let normaliser = &self.manifest.normaliser;
            let sample = &self.sampler.samples()[index * size..(index + 1) * size];
            self.candidate.extend(sample.chunks_exact(2).map(|pair| {
                std::array::from_fn(|axis| {
                    let (low, high) = (normaliser.low[axis], normaliser.high[axis]);
                    f64::from(low + 0.5 * (pair[axis] + 1.0) * (high - low))
                })
            }));
        }
        bend(&mut self.candidate, start, goal);
    }

    /// Looks through all candidates from a place that the seed gives; the best one ends in `self.best`. Among equally
    /// needed ones the first found stands: any that fits is as good a sample.
    fn choose(&mut self, start: Point, goal: Point, seed: u64) -> Option<Fit> {
        let transform = self.manifest.transform.is_some();
        let (count, directions) = if transform { (self.pool.len(), 2) } else { (self.settings.candidates, 1) };
        let mut best: Option<Fit> = None;
        let total = count * directions;
        // Mixed, for neighbouring seeds must not begin at neighbouring candidates: they would find the same one.
        let first = ChaCha8Rng::seed_from_u64(seed).random_range(0..total.max(1));
        for offset in 0..total {
            let candidate = (first + offset) % total;
            let (index, backwards) = (candidate / directions, candidate % directions == 1);
            if transform && !self.ends_near(index, backwards, start, goal) {
                continue;
            }
            self.take(index, backwards, start, goal);
            let length_m = path_length_m(self.candidate.iter().copied());
            if !length_m.is_finite() {
                continue;
            }
            let need = self.ranking.as_ref().map_or(0.0, |ranking| ranking.need(length_m));
            if best.is_some_and(|best| !(need > best.need + NEED_GAIN)) {
                continue;
            }
            let clearance_m =
                Sweep::new(&self.layout, PointMass::FOOTPRINT).path(self.candidate.iter().copied()).clearance_m;
            // Without a code space there is nothing to wait for: the gate judges what there is.
            if clearance_m >= self.settings.clearance_m || (!transform && offset + 1 == total && best.is_none()) {
                best = Some(Fit { candidate, need, clearance_m, length_m });
                std::mem::swap(&mut self.best, &mut self.candidate);
            }
        }
        best
    }

    fn ends_near(&self, index: usize, backwards: bool, start: Point, goal: Point) -> bool {
        let path = self.pool.path(index);
        let (Some(first), Some(last)) = (path.first(), path.last()) else { return false };
        let (first, last) = if backwards { (last, first) } else { (first, last) };
        distance(*first, start) <= self.settings.reach_m && distance(*last, goal) <= self.settings.reach_m
    }
}

/// Moves the ends of a path to where they should be; what lies between moves by its share.
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

impl Planner for PathPlanner {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn engine(&self) -> &EngineDescription {
        self.denoiser.engine()
    }

    fn propose(
        &mut self,
        observation: &Observation,
        deadline: Option<Instant>,
        _view: &View,
        proposal: &mut Proposal,
    ) -> Result<(), PlanError> {
        proposal.trajectory.clear();
        if !(observation.state.is_finite() && observation.goal.iter().all(|value| value.is_finite())) {
            return Err(PlanError::NotFinite);
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(PlanError::NoTime);
        }
        // A step more, and the decoder's call after the last.
        let call = 2 * self.denoiser.call();
        let time_for = move || deadline.is_none_or(|deadline| Instant::now() + call <= deadline);
        let seed = self.seed_of(self.plans);
        self.plans += 1;
        let transform = self.manifest.transform.is_some();
        // A pool has something to say even without a new sample; a plain model has not.
        let (steps, cut_short) = if time_for() {
            let settings = self.sampling();
            if transform {
                self.pool.renew(&mut self.sampler, &mut self.denoiser, settings, seed, time_for)?
            } else {
                self.inpaint(observation, seed, time_for)?
            }
        } else {
            self.denoiser.forget_a_little();
            if !transform {
                return Err(PlanError::NoTime);
            }
            (0, true)
        };
        let (start, goal) = (observation.state.position, observation.goal);
        let fit = self.choose(start, goal, seed).ok_or(PlanError::NoneFits { candidates: self.pool.len() })?;
        if let Some(ranking) = &mut self.ranking {
            ranking.count(fit.length_m);
        }
        let dt = self.manifest.knot_secs;
        proposal.trajectory.dt_secs = dt;
        for index in 0..self.best.len() {
            let (before, after) = (index.saturating_sub(1), (index + 1).min(self.best.len() - 1));
            let span = dt * (after - before).max(1) as f64;
            let velocity = std::array::from_fn(|axis| (self.best[after][axis] - self.best[before][axis]) / span);
            proposal.trajectory.states.push(State { position: self.best[index], velocity });
        }
        proposal.candidate = fit.candidate;
        proposal.clearance_m = fit.clearance_m;
        proposal.denoising_steps = steps;
        proposal.cut_short = cut_short;
        proposal.warm = false;
        Ok(())
    }

    fn reset(&mut self, seed: u64) {
        self.settings.seed = seed;
        self.plans = 0;
        self.pool.restore();
        if let Some(ranking) = &mut self.ranking {
            ranking.reset();
        }
    }

    fn proposal(&self) -> Proposal {
        let trajectory = Trajectory::with_capacity(self.manifest.knot_secs, self.manifest.horizon);
        Proposal { trajectory, ..Proposal::default() }
    }

    fn plans(&self) -> u64 {
        self.plans
    }
}

impl Resample for PathPlanner {
    /// Another sample would be another path: the gate decides about the one that was chosen.
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
