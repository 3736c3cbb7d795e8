//! The diffusion maze planner: start and goal are written into the noise, the network fills in the way.

use super::denoiser::EngineDenoiser;
use super::{Observation, PlanError, Planner, PlannerError, Proposal, check_family, layout_of, schedule_of};
use crate::correction::Resample;
use crate::diffusion::{Condition, Sampler, SamplerSettings, SamplingError, Solver, Start};
use crate::model::{Artefact, Engine, EngineChoice, EngineDescription, Family, Manifest, SolverDefaults, load_engine};
use crate::quantity::path_length_m;
use crate::trajectory::Trajectory;
use crate::view::{Event, View};
use crate::world::{Layout, Point, PointMass, State, Sweep};
use std::time::{Duration, Instant};

/// Columns of a knot: two actions, then x, y, vx, vy.
const COLUMNS: usize = 6;
const STATE_COLUMNS: std::ops::Range<usize> = 2..6;

/// Choices at run time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MazePlannerSettings {
    /// Rule of the sampler.
    pub solver: Solver,
    /// Network calls per plan.
    pub steps: usize,
    /// Plans drawn at once; the best leaves.
    pub candidates: usize,
    /// Noise share at which a replan grows out of the plan before; `None` starts from pure noise.
    pub warm_start: Option<f64>,
    /// Seed of all randomness.
    pub seed: u64,
}

impl MazePlannerSettings {
    /// What the model's card recommends.
    pub fn of(manifest: &Manifest) -> Self {
        let SolverDefaults { solver, steps, candidates } = manifest.solver.clone().unwrap_or_default();
        Self { solver, steps, candidates, warm_start: None, seed: 0 }
    }
}

/// A maze planner on an engine.
pub struct MazePlanner {
    manifest: Manifest,
    settings: MazePlannerSettings,
    layout: Layout,
    network: EngineDenoiser,
    sampler: Sampler,
    /// The normalised sample of the last proposal, H x 6.
    last: Vec<f32>,
    last_goal: Option<Point>,
    last_stamp_secs: f64,
    knots: Trajectory,
    scratch: Trajectory,
    conditions: [[f32; 4]; 2],
    /// Of the proposal under way; asking again within the correction keeps to it.
    deadline: Option<Instant>,
    plans: u64,
}

impl MazePlanner {
    /// Loads the engine for `settings.candidates` rows, warms it up, and takes the model's own layout.
    ///
    /// # Errors
    /// If the model is of another family, a setting does not fit it, or the engine refuses.
    pub fn new(
        artefact: &Artefact,
        choice: &EngineChoice,
        settings: MazePlannerSettings,
    ) -> Result<Self, PlannerError> {
        Self::check(artefact.manifest(), &settings)?;
        let engine = load_engine(artefact, choice, settings.candidates)?;
        Self::on_engine(artefact.manifest(), engine, settings)
    }

    pub(super) fn check(manifest: &Manifest, settings: &MazePlannerSettings) -> Result<(), PlannerError> {
        check_family(manifest, Family::MazeDiffusion)?;
        let trained = manifest.denoiser().map_err(PlannerError::Setting)?.0.steps;
        if settings.steps == 0 || settings.steps > trained {
            let problem = format!(
                "expected between 1 and {trained} denoising steps, got {}\nhint: the model was trained with {trained} steps; 1 to 5 are the usual choice",
                settings.steps
            );
            return Err(PlannerError::Setting(problem));
        }
        if !(1..=1024).contains(&settings.candidates) {
            let problem = format!("expected between 1 and 1024 candidates, got {}", settings.candidates);
            return Err(PlannerError::Setting(problem));
        }
        if settings.warm_start.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            return Err(PlannerError::Setting("expected a warm start between 0 and 1".to_owned()));
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
        settings: MazePlannerSettings,
    ) -> Result<Self, PlannerError> {
        Self::check(manifest, &settings)?;
        let manifest = manifest.clone();
        let layout = layout_of(&manifest)?;
        let schedule = schedule_of(&manifest)?;
        let size = manifest.horizon * COLUMNS;
        let room = || Trajectory::with_capacity(manifest.knot_secs, manifest.horizon);
        let mut planner = Self {
            sampler: Sampler::new(schedule, size, settings.candidates),
            network: EngineDenoiser::new(&manifest, engine, settings.candidates)?,
            last: vec![0.0; size],
            last_goal: None,
            last_stamp_secs: 0.0,
            knots: room(),
            scratch: room(),
            conditions: [[0.0; 4]; 2],
            deadline: None,
            plans: 0,
            layout,
            settings,
            manifest,
        };
        planner.warm_up()?;
        Ok(planner)
    }

    /// The map that the model was trained for.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The settings.
    pub fn settings(&self) -> &MazePlannerSettings {
        &self.settings
    }

    /// A few calls before the first plan, so that its time is like any other's.
    fn warm_up(&mut self) -> Result<(), PlannerError> {
        self.network.warm_up(self.last.len() * self.settings.candidates)
    }

    fn normalised(&self, column: usize, value: f64) -> f32 {
        let (low, high) = (self.manifest.normaliser.low[column], self.manifest.normaliser.high[column]);
        (2.0 * (value as f32 - low)) / (high - low) - 1.0
    }

    fn physical(&self, column: usize, value: f32) -> f64 {
        let (low, high) = (self.manifest.normaliser.low[column], self.manifest.normaliser.high[column]);
        f64::from(low + 0.5 * (value + 1.0) * (high - low))
    }

    fn write_conditions(&mut self, state: &State, goal: Point) {
        for (index, state) in [*state, State::at_rest(goal)].into_iter().enumerate() {
            for (axis, value) in state.to_array().into_iter().enumerate() {
                self.conditions[index][axis] = self.normalised(STATE_COLUMNS.start + axis, value);
            }
        }
    }

    /// Walks from noise, or from `self.last` at a level, and keeps the best candidate in `self.last`.
    fn walk(
        &mut self,
        warm_level: Option<usize>,
        seed: u64,
        deadline: Option<Instant>,
        mut observe: impl FnMut(usize, &[f32]),
    ) -> Result<Walk, PlanError> {
        let time_for = |call: Duration| deadline.is_none_or(|deadline| Instant::now() + call <= deadline);
        if !time_for(self.network.call()) {
            self.network.forget_a_little();
            return Err(PlanError::NoTime);
        }
        let call = self.network.call();
        let end = (self.manifest.horizon - 1) * COLUMNS;
        let conditions = [
            Condition::same(STATE_COLUMNS.start, &self.conditions[0]),
            Condition::same(end + STATE_COLUMNS.start, &self.conditions[1]),
        ];
        let start = warm_level.map_or(Start::Noise, |level| Start::Warm { samples: &self.last, level });
        let settings = SamplerSettings { solver: self.settings.solver, steps: self.settings.steps };
        let walked = self.sampler.sample(settings, &mut self.network, &conditions, start, seed, |step| {
            observe(step.index, step.clean);
            time_for(call)
        });
        let sampled = walked.map_err(|error| match error {
            SamplingError::Denoiser(error) => PlanError::Engine(error),
            other => PlanError::Steps(other.to_string()),
        })?;
        let (candidate, clearance_m) = self.best().ok_or(PlanError::AllBroken(self.settings.candidates))?;
        let size = self.last.len();
        self.last.copy_from_slice(&self.sampler.samples()[candidate * size..(candidate + 1) * size]);
        Ok(Walk { candidate, clearance_m, steps: sampled.steps, cut_short: sampled.cut_short })
    }

    /// The shortest candidate that is clear of walls, else the one with the most clearance. Candidates with
    /// a number that is not finite are out.
    fn best(&mut self) -> Option<(usize, f64)> {
        let size = self.last.len();
        let mut best: Option<(usize, f64, f64)> = None;
        for candidate in 0..self.settings.candidates {
            let range = candidate * size..(candidate + 1) * size;
            if !self.sampler.samples()[range.clone()].iter().all(|value| value.is_finite()) {
                continue;
            }
            if self.settings.candidates == 1 {
                // Nothing to choose from; the gate measures the clearance anyway.
                return Some((0, f64::NAN));
            }
            let mut scratch = std::mem::take(&mut self.scratch);
            self.unpack(range.start, &mut scratch);
            let length = path_length_m(scratch.points());
            let clearance = Sweep::new(&self.layout, PointMass::FOOTPRINT).path(halved(&scratch)).clearance_m;
            self.scratch = scratch;
            let better =
                best.is_none_or(|(_, best_clearance, best_length)| match (clearance > 0.0, best_clearance > 0.0) {
                    (true, true) => length < best_length,
                    (false, false) => clearance > best_clearance,
                    (clear, _) => clear,
                });
            if better {
                best = Some((candidate, clearance, length));
            }
        }
        best.map(|(candidate, clearance, _)| (candidate, clearance))
    }

    /// Physical knots of the sample that begins at `offset` in the sampler's buffer.
    fn unpack(&self, offset: usize, knots: &mut Trajectory) {
        unpack(self, &self.sampler.samples()[offset..offset + self.last.len()], knots);
    }

    fn seed_of(&self, plan: u64, round: usize) -> u64 {
        // An odd constant spreads neighbouring plans over the seed space; ChaCha mixes the rest.
        self.settings.seed.wrapping_add((plan * 64 + round as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// Writes the rest of the last plan, seen from `stamp_secs`, over `self.last`.
    fn shift_last(&mut self, stamp_secs: f64) {
        let elapsed = (stamp_secs - self.last_stamp_secs).max(0.0);
        let mut knots = std::mem::take(&mut self.knots);
        unpack(self, &self.last, &mut knots);
        for index in 0..self.manifest.horizon {
            let state = knots.state_at(elapsed + self.manifest.knot_secs * index as f64).unwrap_or_default();
            self.pack_state(index, &state);
        }
        self.knots = knots;
    }

    fn pack_state(&mut self, index: usize, state: &State) {
        for (axis, value) in state.to_array().into_iter().enumerate() {
            let column = STATE_COLUMNS.start + axis;
            self.last[index * COLUMNS + column] = self.normalised(column, value);
        }
    }
}

struct Walk {
    candidate: usize,
    clearance_m: f64,
    steps: usize,
    cut_short: bool,
}

fn unpack(planner: &MazePlanner, sample: &[f32], knots: &mut Trajectory) {
    knots.clear();
    knots.dt_secs = planner.manifest.knot_secs;
    for knot in sample.chunks_exact(COLUMNS) {
        let value = |column: usize| planner.physical(column, knot[column]);
        knots.commands.push([value(0), value(1)]);
        knots.states.push(State::from_array([value(2), value(3), value(4), value(5)]));
    }
}

/// Knots and the points half-way between them: a chord over 0.08 s would cut corners.
fn halved(knots: &Trajectory) -> impl Iterator<Item = Point> + '_ {
    let count = knots.states.len();
    (0..2 * count - 1)
        .filter_map(move |half| knots.state_at(0.5 * knots.dt_secs * half as f64).map(|state| state.position))
}

impl Planner for MazePlanner {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn engine(&self) -> &EngineDescription {
        self.network.engine()
    }

    fn propose(
        &mut self,
        observation: &Observation,
        deadline: Option<Instant>,
        view: &View,
        proposal: &mut Proposal,
    ) -> Result<(), PlanError> {
        proposal.trajectory.clear();
        if !(observation.state.is_finite() && observation.goal.iter().all(|value| value.is_finite())) {
            return Err(PlanError::NotFinite);
        }
        let warm = self.settings.warm_start.filter(|_| self.last_goal == Some(observation.goal));
        let level = warm.map(|share| self.sampler.level_of(share));
        if warm.is_some() {
            self.shift_last(observation.stamp_secs);
        }
        self.deadline = deadline;
        self.write_conditions(&observation.state, observation.goal);
        let (plan, seed) = (self.plans, self.seed_of(self.plans, 0));
        self.plans += 1;
        self.last_goal = None;
        let (low, high) =
            ([2, 3].map(|c| self.manifest.normaliser.low[c]), [2, 3].map(|c| self.manifest.normaliser.high[c]));
        let size = self.last.len();
        let walk = self.walk(level, seed, deadline, |step, clean| {
            if view.is_enabled() {
                show_denoising(view, observation, plan, step, clean, size, (low, high));
            }
        })?;
        self.last_goal = Some(observation.goal);
        self.last_stamp_secs = observation.stamp_secs;
        unpack(self, &self.last, &mut proposal.trajectory);
        proposal.candidate = walk.candidate;
        proposal.clearance_m = walk.clearance_m;
        proposal.denoising_steps = walk.steps;
        proposal.cut_short = walk.cut_short;
        proposal.warm = warm.is_some();
        Ok(())
    }

    fn reset(&mut self, seed: u64) {
        self.settings.seed = seed;
        self.plans = 0;
        self.last_goal = None;
    }

    fn proposal(&self) -> Proposal {
        let trajectory = Trajectory::with_capacity(self.manifest.knot_secs, self.manifest.horizon);
        Proposal { trajectory, ..Proposal::default() }
    }

    fn plans(&self) -> u64 {
        self.plans
    }
}

impl Resample for MazePlanner {
    fn resample(&mut self, knots: &mut Trajectory, noise_share: f64, round: usize) -> bool {
        if knots.states.len() != self.manifest.horizon {
            return false;
        }
        for (index, state) in knots.states.iter().enumerate() {
            self.pack_state(index, state);
        }
        let level = self.sampler.level_of(noise_share);
        let seed = self.seed_of(self.plans.saturating_sub(1), round);
        if self.walk(Some(level), seed, self.deadline, |_, _| ()).is_err() {
            return false;
        }
        unpack(self, &self.last, knots);
        true
    }
}

fn show_denoising(
    view: &View,
    observation: &Observation,
    plan: u64,
    step: usize,
    clean: &[f32],
    size: usize,
    (low, high): ([f32; 2], [f32; 2]),
) {
    for (candidate, sample) in clean.chunks_exact(size).enumerate() {
        let position = |index: usize| {
            std::array::from_fn(|axis| {
                let value = sample[index * COLUMNS + STATE_COLUMNS.start + axis];
                f64::from(low[axis] + 0.5 * (value + 1.0) * (high[axis] - low[axis]))
            })
        };
        if let Some(points) = view.points(size / COLUMNS, position) {
            let event = Event::Denoising { plan, step: step as u32, candidate: candidate as u32, points };
            view.log(observation.stamp(), event);
        }
    }
}
