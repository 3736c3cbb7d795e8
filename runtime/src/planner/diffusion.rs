//! Diffuser-style planning (Janner et al. 2022): start and goal are inpainted, the denoiser fills in the trajectory.

use super::denoiser::EngineDenoiser;
use super::manifest_parts::{footprint_of, layout_of};
use super::settings::SamplerChoice;
use super::{
    Observation, PlanError, Planner, PlannerDescription, PlannerError, PlannerSettings, Proposal, schedule_of,
    stream_seed,
};
use crate::correction::Resample;
use crate::diffusion::{Condition, Sampler, SamplerSettings, Start};
use crate::model::{Engine, Manifest, ModelError, Normaliser};
use crate::quantity::path_length_m;
use crate::trajectory::Trajectory;
use crate::view::{Event, View};
use crate::world::{Footprint, Layout, Point, State, Sweep};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Columns of a knot: two actions, then x, y, vx, vy.
const COLUMNS: usize = 6;
const STATE_COLUMNS: std::ops::Range<usize> = 2..6;
/// Seeds of one plan: its own and those of the correction's rounds.
const SEEDS_PER_PLAN: u64 = 64;

/// A maze planner on an engine.
pub(super) struct DiffusionPlanner {
    description: PlannerDescription,
    layout: Layout,
    footprint: Footprint,
    normaliser: Arc<Normaliser>,
    sampling: SamplerSettings,
    candidates: usize,
    warm_start: Option<f64>,
    seed: u64,
    network: EngineDenoiser,
    sampler: Sampler,
    /// The normalised sample of the last proposal, H x 6.
    last: Vec<f32>,
    last_goal: Option<Point>,
    last_stamp_secs: f64,
    knots: Trajectory,
    scratch: Trajectory,
    conditions: [[f32; 4]; 2],
    /// Of the current proposal; resampling within the correction keeps to it.
    deadline: Option<Instant>,
    plans: u64,
}

impl DiffusionPlanner {
    /// On the engine that `engine` makes for a batch of the candidates.
    pub(super) fn open(
        manifest: &Manifest,
        settings: &PlannerSettings,
        engine: impl FnOnce(usize) -> Result<Box<dyn Engine>, ModelError>,
    ) -> Result<Self, PlannerError> {
        let SamplerChoice { sampler: sampling, candidates } = settings.denoiser.resolve(manifest)?;
        let network = EngineDenoiser::new(manifest, engine(candidates)?, candidates)?;
        let mut description = PlannerDescription::of_model(manifest, network.engine(), candidates)?;
        description.sampler = Some(sampling);
        let size = manifest.horizon * COLUMNS;
        let room = || Trajectory::with_capacity(manifest.knot_secs, manifest.horizon);
        let mut planner = Self {
            layout: layout_of(manifest)?,
            footprint: footprint_of(manifest)?,
            description,
            normaliser: Arc::new(manifest.normaliser.clone()),
            sampling,
            candidates,
            warm_start: settings.denoiser.warm_start,
            seed: settings.seed,
            sampler: Sampler::new(schedule_of(manifest)?, size, candidates),
            network,
            last: vec![0.0; size],
            last_goal: None,
            last_stamp_secs: 0.0,
            knots: room(),
            scratch: room(),
            conditions: [[0.0; 4]; 2],
            deadline: None,
            plans: 0,
        };
        planner.network.warm_up(size * candidates)?;
        Ok(planner)
    }

    fn write_conditions(&mut self, state: &State, goal: Point) {
        for (index, state) in [*state, State::at_rest(goal)].into_iter().enumerate() {
            for (axis, value) in state.to_array().into_iter().enumerate() {
                self.conditions[index][axis] = self.normaliser.normalise(STATE_COLUMNS.start + axis, value);
            }
        }
    }

    /// Samples from noise, or from `self.last` at a level, and keeps the best candidate in `self.last`.
    fn sample(
        &mut self,
        warm_level: Option<usize>,
        seed: u64,
        deadline: Option<Instant>,
        mut observe: impl FnMut(usize, &[f32]),
    ) -> Result<Chosen, PlanError> {
        let time_for = |call: Duration| deadline.is_none_or(|deadline| Instant::now() + call <= deadline);
        let call = self.network.call_latency();
        if !time_for(call) {
            self.network.decay_latency_estimate();
            return Err(PlanError::NoTime);
        }
        let end = (self.description.horizon - 1) * COLUMNS;
        let conditions = [
            Condition::same(STATE_COLUMNS.start, &self.conditions[0]),
            Condition::same(end + STATE_COLUMNS.start, &self.conditions[1]),
        ];
        let start = warm_level.map_or(Start::Noise, |level| Start::Warm { samples: &self.last, level });
        let sampled = self.sampler.sample(self.sampling, &mut self.network, &conditions, start, seed, |step| {
            observe(step.index, step.clean);
            time_for(call)
        })?;
        let (candidate, clearance_m) = self.best().ok_or(PlanError::AllBroken(self.candidates))?;
        let size = self.last.len();
        self.last.copy_from_slice(&self.sampler.samples()[candidate * size..(candidate + 1) * size]);
        Ok(Chosen { candidate, clearance_m, steps: sampled.steps, cut_short: sampled.cut_short })
    }

    /// The shortest candidate that is clear of walls, else the one with the most clearance. Candidates with
    /// a number that is not finite are left out.
    fn best(&mut self) -> Option<(usize, f64)> {
        let size = self.last.len();
        let mut best: Option<(usize, f64, f64)> = None;
        for candidate in 0..self.candidates {
            let range = candidate * size..(candidate + 1) * size;
            if !self.sampler.samples()[range.clone()].iter().all(|value| value.is_finite()) {
                continue;
            }
            if self.candidates == 1 {
                // No choice; the gate measures the clearance anyway.
                return Some((0, f64::NAN));
            }
            let mut scratch = std::mem::take(&mut self.scratch);
            self.unpack(range.start, &mut scratch);
            let length = path_length_m(scratch.points());
            let clearance = Sweep::new(&self.layout, self.footprint).path(halved(&scratch)).clearance_m;
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
        stream_seed(self.seed, plan * SEEDS_PER_PLAN + round as u64)
    }

    /// Writes what remains of the last plan at `stamp_secs` over `self.last`.
    fn shift_last(&mut self, stamp_secs: f64) {
        let elapsed = (stamp_secs - self.last_stamp_secs).max(0.0);
        let mut knots = std::mem::take(&mut self.knots);
        unpack(self, &self.last, &mut knots);
        for index in 0..self.description.horizon {
            let state = knots.state_at(elapsed + self.description.knot_secs * index as f64).unwrap_or_default();
            self.pack_state(index, &state);
        }
        self.knots = knots;
    }

    fn pack_state(&mut self, index: usize, state: &State) {
        for (axis, value) in state.to_array().into_iter().enumerate() {
            let column = STATE_COLUMNS.start + axis;
            self.last[index * COLUMNS + column] = self.normaliser.normalise(column, value);
        }
    }
}

/// The candidate of a sampling run that is kept.
struct Chosen {
    candidate: usize,
    clearance_m: f64,
    steps: usize,
    cut_short: bool,
}

fn unpack(planner: &DiffusionPlanner, sample: &[f32], knots: &mut Trajectory) {
    knots.clear();
    knots.dt_secs = planner.description.knot_secs;
    for knot in sample.chunks_exact(COLUMNS) {
        let value = |column: usize| planner.normaliser.denormalise(column, knot[column]);
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

impl Planner for DiffusionPlanner {
    fn description(&self) -> &PlannerDescription {
        &self.description
    }

    fn propose(
        &mut self,
        observation: &Observation,
        deadline: Option<Instant>,
        view: &View,
        proposal: &mut Proposal,
    ) -> Result<(), PlanError> {
        proposal.trajectory.clear();
        observation.check_finite()?;
        let warm = self.warm_start.filter(|_| self.last_goal == Some(observation.goal));
        let level = warm.map(|share| self.sampler.level_of(share));
        if warm.is_some() {
            self.shift_last(observation.stamp_secs);
        }
        self.deadline = deadline;
        self.write_conditions(&observation.state, observation.goal);
        let (plan, seed) = (self.plans, self.seed_of(self.plans, 0));
        self.plans += 1;
        self.last_goal = None;
        let (size, normaliser) = (self.last.len(), Arc::clone(&self.normaliser));
        let chosen = self.sample(level, seed, deadline, |step, clean| {
            if view.is_enabled() {
                show_denoising(view, observation, plan, step, clean, size, &normaliser);
            }
        })?;
        self.last_goal = Some(observation.goal);
        self.last_stamp_secs = observation.stamp_secs;
        unpack(self, &self.last, &mut proposal.trajectory);
        proposal.candidate = chosen.candidate;
        proposal.clearance_m = chosen.clearance_m;
        proposal.denoising_steps = chosen.steps;
        proposal.cut_short = chosen.cut_short;
        proposal.warm = warm.is_some();
        Ok(())
    }

    fn reset(&mut self, seed: u64) {
        self.seed = seed;
        self.plans = 0;
        self.last_goal = None;
    }

    fn plans(&self) -> u64 {
        self.plans
    }
}

impl Resample for DiffusionPlanner {
    fn resample(&mut self, knots: &mut Trajectory, noise_share: f64, round: usize) -> bool {
        if knots.states.len() != self.description.horizon {
            return false;
        }
        for (index, state) in knots.states.iter().enumerate() {
            self.pack_state(index, state);
        }
        let level = self.sampler.level_of(noise_share);
        let seed = self.seed_of(self.plans.saturating_sub(1), round);
        if self.sample(Some(level), seed, self.deadline, |_, _| ()).is_err() {
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
    normaliser: &Normaliser,
) {
    for (candidate, sample) in clean.chunks_exact(size).enumerate() {
        let position = |index: usize| {
            std::array::from_fn(|axis| {
                let column = STATE_COLUMNS.start + axis;
                normaliser.denormalise(column, sample[index * COLUMNS + column])
            })
        };
        if let Some(points) = view.points(size / COLUMNS, position) {
            let event = Event::Denoising { plan, step: step as u32, candidate: candidate as u32, points };
            view.log(observation.stamp(), event);
        }
    }
}
