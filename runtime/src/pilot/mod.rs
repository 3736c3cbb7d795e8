//! The receding-horizon loop: observe, propose, correct, check, execute; on time, or with a named fallback.

// The loop must not panic.
#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod episode;
mod latency;
mod push;
mod robot_contract;
#[cfg(test)]
mod robots_tests;
#[cfg(test)]
mod tests;

pub use episode::{Clock, EpisodeReport, EpisodeTrace};
pub use latency::{Latencies, LatencySummary};
pub use push::{PushPilot, PushProblem};
pub use robot_contract::check_robot;

use crate::correction::{
    Corrected, CorrectionError, CorrectionSettings, Corrector, STANDING_MPS, TimeParameterizationError, Tracker, WayOut,
};
use crate::gate::{
    self, CheckedPlan, Context, Fallback, Gate, GateLimits, Infeasible, Origin, Rejection, RejectionCounts,
};
use crate::geometry::Footprint;
use crate::planner::{Observation, PlanError, Planner, PlannerDescription, Proposal};
use crate::quantity::{DriftMonitor, DriftSettings, DriftState, DriftStatus, path_length_m};
use crate::view::{Event, Level, Stage, View};
use crate::world::{Command, Point, State, World};
use serde::Serialize;
use std::time::{Duration, Instant};

/// How the loop runs.
#[derive(Clone, Debug, PartialEq)]
pub struct PilotSettings {
    /// Control steps between plans.
    pub replan_steps: usize,
    /// Time from observation to checked plan; `None` waits for ever (evaluation that must repeat exactly).
    pub deadline: Option<Duration>,
    /// A new plan replaces the one in force only if it arrives this much sooner, seconds: plans of equal
    /// worth would otherwise alternate.
    pub switch_gain_secs: f64,
    /// The correction.
    pub correction: CorrectionSettings,
    /// The gate; its deadline is overwritten by `deadline`.
    pub limits: GateLimits,
    /// Intended distribution of the lengths of published plans; `None`: no drift monitor.
    pub drift: Option<DriftSettings>,
}

impl Default for PilotSettings {
    fn default() -> Self {
        Self {
            replan_steps: 10,
            deadline: Some(Duration::from_millis(50)),
            switch_gain_secs: 0.02,
            correction: CorrectionSettings::default(),
            limits: GateLimits::default(),
            drift: None,
        }
    }
}

impl PilotSettings {
    fn limits_with_deadline(&self) -> GateLimits {
        let deadline_secs = self.deadline.map_or(f64::INFINITY, |deadline| deadline.as_secs_f64());
        GateLimits { deadline_secs, ..self.limits }
    }

    /// For a planner, whose paths may have to keep their shape.
    fn of_planner(mut self, planner: &PlannerDescription) -> Self {
        self.correction.path.keep_shape |= planner.keeps_shape;
        self
    }
}

/// What left, and why.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PilotStatistics {
    /// Planning rounds.
    pub rounds: u64,
    /// New plans that passed the gate.
    pub plans_checked: u64,
    /// Rounds in which the plan in force was checked again and kept, because the new one was no better.
    pub plans_kept: u64,
    /// Fallbacks that left, by kind.
    pub fallbacks: FallbackCounts,
    /// Rejections, by reason.
    pub rejections: RejectionCounts,
    /// Rounds that ended after their deadline.
    pub deadline_misses: u64,
    /// Rounds in which the deadline allowed fewer denoising steps than requested.
    pub cut_short: u64,
    /// Mean residual of proposals, metres.
    pub residual_before: f64,
    /// Mean residual of corrected plans, metres.
    pub residual_after: f64,
    /// Mean rounds of the correction loop.
    pub iterations: f64,
}

/// Times of the stages of a planning round, milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct StageLatencies {
    /// Observation to proposal: the network and its sampler.
    pub propose: LatencySummary,
    /// Proposal to corrected plan.
    pub correct: LatencySummary,
    /// Corrected plan to checked plan.
    pub check: LatencySummary,
    /// All of it.
    pub whole: LatencySummary,
}

/// Fallbacks by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FallbackCounts {
    /// The rest of the last safe plan.
    pub last_safe_plan: u64,
    /// Braking.
    pub brake: u64,
    /// Zero command.
    pub stop: u64,
}

impl FallbackCounts {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.last_safe_plan + self.brake + self.stop
    }
}

/// A planner with its correction and its gate. After construction a planning round allocates nothing but
/// what the engine allocates inside.
pub struct Pilot<P> {
    planner: P,
    settings: PilotSettings,
    corrector: Corrector,
    tracker: Tracker,
    way_out: WayOut,
    gate: Gate,
    proposal: Proposal,
    corrected: Corrected,
    view: View,
    /// Goal and time of arrival of the last plan of the planner's own.
    in_force: Option<(Point, f64)>,
    goal_heading_rad: Option<f64>,
    latencies: [Latencies; 4],
    sums: [f64; 3],
    summed: u64,
    statistics: PilotStatistics,
    /// A slowly forgetting maximum of what correction and gate take: kept free for them in the deadline.
    reserve: Duration,
    /// Every plan that newly leaves, for whatever purpose, goes through this one.
    drift: Option<DriftMonitor>,
    /// State of the drift that the view has been told.
    drift_shown: DriftState,
}

/// How a robot stands before it is planned for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Departure {
    /// Clear of obstacles, or in motion.
    Clear,
    /// Nearer to an obstacle than the gate allows. `deep`: so far in it that a simulated contact would push.
    Touching { deep: bool },
}

/// One pair of proposal and correction.
struct Attempt {
    /// Whether there is a corrected plan to check.
    corrected: Result<(), Rejection>,
    proposed_at: Instant,
    out_of_time: bool,
}

impl Attempt {
    /// Nothing was proposed.
    fn none(reason: Rejection) -> Self {
        Self { corrected: Err(reason), proposed_at: Instant::now(), out_of_time: false }
    }
}

/// Proposals at most that take the place of a rejected one: as many as a planner of any map has, among discs and with poses.
const MAX_RETREATS: usize = 5;

/// Beyond the gate's clearance: nearer to an obstacle a polygon that stands may need a way out, metres.
const BESIDE_M: f64 = 0.01;

/// Depth in a wall from which on its simulated contact pushes in every motion, metres.
const PRESSED_M: f64 = 1e-3;

/// The plans that a [`Pilot`] has let out for one purpose: see [`Pilot::exchange`].
#[derive(Clone, Debug)]
pub struct PilotMemory {
    gate: Gate,
    in_force: Option<(Point, f64)>,
}

impl PilotMemory {
    /// Nothing has been let out.
    pub fn new() -> Self {
        Self { gate: Gate::new(GateLimits::default()), in_force: None }
    }

    /// Forgets the plans; counts stay.
    pub fn reset(&mut self) {
        self.gate.reset();
        self.in_force = None;
    }
}

impl Default for PilotMemory {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Planner> Pilot<P> {
    /// A pilot that has planned nothing yet.
    pub fn new(planner: P, settings: PilotSettings, view: View) -> Self {
        let settings = settings.of_planner(planner.description());
        let limits = settings.limits_with_deadline();
        let corrector = Corrector::new(settings.correction);
        Self {
            proposal: planner.proposal(),
            corrected: corrector.corrected(),
            corrector,
            tracker: Tracker,
            way_out: WayOut::default(),
            gate: Gate::new(limits),
            planner,
            drift: settings.drift.clone().map(DriftMonitor::new),
            drift_shown: DriftState::default(),
            settings: PilotSettings { limits, ..settings },
            view,
            in_force: None,
            goal_heading_rad: None,
            latencies: std::array::from_fn(|_| Latencies::new()),
            sums: [0.0; 3],
            summed: 0,
            statistics: PilotStatistics::default(),
            reserve: Duration::from_micros(500),
        }
    }

    /// The planner.
    pub fn planner(&self) -> &P {
        &self.planner
    }

    /// The planner, to be shown other problems.
    pub fn planner_mut(&mut self) -> &mut P {
        &mut self.planner
    }

    /// The settings.
    pub fn settings(&self) -> &PilotSettings {
        &self.settings
    }

    /// Where every step is shown.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Other settings from now on. Plans and statistics stay.
    pub fn configure(&mut self, settings: PilotSettings) {
        let settings = settings.of_planner(self.planner.description());
        let limits = settings.limits_with_deadline();
        self.corrector.configure(settings.correction);
        self.gate.set_limits(limits);
        match (&mut self.drift, &settings.drift) {
            (Some(monitor), Some(wanted)) => monitor.configure(wanted.clone()),
            (monitor, wanted) => *monitor = wanted.clone().map(DriftMonitor::new),
        }
        self.settings = PilotSettings { limits, ..settings };
    }

    /// Heading in which the plans of drives end from now on, in the map's frame; `None`: any. A plan in force for another one is
    /// not kept.
    pub fn set_goal_heading(&mut self, heading_rad: Option<f64>) {
        if heading_rad != self.goal_heading_rad {
            self.in_force = None;
        }
        self.goal_heading_rad = heading_rad;
        self.corrector.set_goal_heading(heading_rad);
        self.planner.set_goal_heading(heading_rad);
    }

    /// Sets every count and time to zero: times of the warm-up are not those of operation.
    pub fn clear_statistics(&mut self) {
        self.statistics = PilotStatistics::default();
        self.gate.clear_counts();
        self.latencies.fill_with(Latencies::new);
        (self.sums, self.summed) = ([0.0; 3], 0);
        if let Some(monitor) = &mut self.drift {
            monitor.clear();
        }
    }

    /// Puts the plan in force aside and takes up another: so one planner serves a robot that is under way and
    /// questions that have nothing to do with it. Counts of what left travel with it.
    pub fn exchange(&mut self, other: &mut PilotMemory) {
        other.gate.set_limits(self.settings.limits);
        std::mem::swap(&mut self.gate, &mut other.gate);
        std::mem::swap(&mut self.in_force, &mut other.in_force);
    }

    /// Forgets plans, not statistics; later plans depend on `seed` alone.
    pub fn reset(&mut self, seed: u64) {
        self.planner.reset(seed);
        self.gate.reset();
        self.in_force = None;
    }

    /// The plan in force.
    pub fn plan_in_force(&self) -> &CheckedPlan {
        self.gate.active()
    }

    /// The last proposal, before correction.
    pub fn proposal(&self) -> &Proposal {
        &self.proposal
    }

    /// The last corrected plan, before the gate.
    pub fn corrected(&self) -> &Corrected {
        &self.corrected
    }

    /// What left so far, and why.
    pub fn statistics(&self) -> PilotStatistics {
        let mean = |sum: f64| if self.summed == 0 { 0.0 } else { sum / self.summed as f64 };
        PilotStatistics {
            plans_checked: self.gate.passed(),
            fallbacks: FallbackCounts {
                last_safe_plan: self.gate.fallbacks(Fallback::LastSafePlan),
                brake: self.gate.fallbacks(Fallback::Brake),
                stop: self.gate.fallbacks(Fallback::Stop),
            },
            rejections: *self.gate.rejections(),
            residual_before: mean(self.sums[0]),
            residual_after: mean(self.sums[1]),
            iterations: mean(self.sums[2]),
            ..self.statistics.clone()
        }
    }

    /// Drift of the lengths of published plans from the intended distribution; `None` without a drift monitor.
    pub fn drift(&self) -> Option<DriftStatus> {
        self.drift.as_ref().map(DriftMonitor::status)
    }

    /// Times per stage: propose, correct, check, whole.
    pub fn latency(&self, stage: Stage) -> LatencySummary {
        self.latencies_of(stage).summary()
    }

    /// Times of every stage.
    pub fn latency_by_stage(&self) -> StageLatencies {
        StageLatencies {
            propose: self.latency(Stage::Propose),
            correct: self.latency(Stage::Correct),
            check: self.latency(Stage::Check),
            whole: self.latency(Stage::Whole),
        }
    }

    /// One planning round: from an observation to a checked plan or a fallback. `now_secs` and `map_secs`
    /// (when the map was last known to be true) are on the observation's clock; time taken is measured on
    /// the monotonic clock.
    pub fn plan(&mut self, world: &World, observation: &Observation, now_secs: f64, map_secs: f64) -> &CheckedPlan {
        self.plan_since(Instant::now(), world, observation, now_secs, map_secs)
    }

    /// The same, with a deadline that has been running since `begun`: for a second try at a question.
    pub fn plan_since(
        &mut self,
        begun: Instant,
        world: &World,
        observation: &Observation,
        now_secs: f64,
        map_secs: f64,
    ) -> &CheckedPlan {
        self.statistics.rounds += 1;
        // A round that fails shows and reports nothing of the one before.
        self.proposal.trajectory.clear();
        self.corrected.clear();
        let context = |elapsed: Duration| Context {
            state: observation.state,
            now_secs,
            observed_secs: observation.stamp_secs,
            map_secs,
            elapsed_secs: elapsed.as_secs_f64(),
        };
        let possible = self.gate.check_age(&context(begun.elapsed())).and_then(|()| self.departure(world, observation));
        let mut leaves_contact = matches!(possible, Ok(Departure::Touching { deep: true }));
        let mut attempt = match possible {
            Err(impossible) => Attempt::none(impossible),
            Ok(_) => self.attempt(begun, world, observation, leaves_contact),
        };
        if let (Ok(Departure::Touching { deep: false }), false) = (possible, attempt.out_of_time) {
            let context = context(begun.elapsed());
            let rejected = attempt.corrected.and_then(|()| self.gate.verdict(world, &self.corrected, &context)).err();
            if rejected.is_some_and(|reason| !matches!(reason, Rejection::Deadline { .. })) {
                leaves_contact = true;
                attempt = self.attempt(begun, world, observation, true);
            }
        }
        for _ in 0..MAX_RETREATS {
            let may_retreat = possible.is_ok() && self.planner.has_retreat();
            if !may_retreat || attempt.out_of_time {
                break;
            }
            let context = context(begun.elapsed());
            let rejected = attempt.corrected.and_then(|()| self.gate.verdict(world, &self.corrected, &context)).err();
            let is_late = |reason: &Rejection| matches!(reason, Rejection::Deadline { .. });
            let Some(reason) = rejected.filter(|reason| !is_late(reason)) else { break };
            self.planner.retreat();
            attempt = self.attempt(begun, world, observation, leaves_contact);
            let has_none = matches!(attempt.corrected, Err(Rejection::PlannerFailed | Rejection::NoDrivableWay));
            if has_none && faces_away(&reason) {
                // The search with heading has found that there is no way round either.
                attempt.corrected = Err(Rejection::NoDrivableWay);
            } else if has_none || attempt.out_of_time {
                // Why there is no plan is what the gate found, not that there is no other one or no time for it.
                attempt.corrected = Err(reason);
            }
        }
        let Attempt { corrected, proposed_at, out_of_time } = attempt;
        let corrected_at = Instant::now();
        if corrected.is_ok() {
            self.sums[0] += self.corrected.residual_before_m;
            self.sums[1] += self.corrected.residual_after_m;
            self.sums[2] += self.corrected.iterations as f64;
            self.summed += 1;
        }
        let context = context(begun.elapsed());
        let comparable = corrected.is_ok() && self.corrected.converged;
        let mut is_new = false;
        if comparable && self.keeps_plan(world, observation.goal, &context) {
            self.statistics.plans_kept += 1;
        } else {
            let arrival_secs = now_secs + self.corrected.arrival_secs;
            let checked = self.gate.admit(world, corrected.map(|()| &self.corrected), &context);
            if checked.origin() == Origin::Planned {
                self.in_force = Some((observation.goal, arrival_secs));
                is_new = true;
                if let Some(monitor) = &mut self.drift {
                    monitor.push(path_length_m(checked.trajectory().points()));
                }
            }
        }
        let done = Instant::now();
        self.time(Stage::Check, done - corrected_at);
        self.time(Stage::Whole, done - begun);
        let late = self.settings.deadline.is_some_and(|deadline| done - begun > deadline);
        self.statistics.deadline_misses += u64::from(late || out_of_time);
        self.reserve = (done - proposed_at).max(self.reserve.mul_f64(0.98));
        self.show(observation);
        if is_new {
            self.show_drift(observation);
        }
        self.gate.active()
    }

    /// How the robot stands before it is planned for: on data and between ends that allow a plan.
    fn departure(&mut self, world: &World, observation: &Observation) -> Result<Departure, Rejection> {
        let (state, goal, clearance_m) = (&observation.state, observation.goal, self.settings.limits.clearance_m);
        let (start, stands) = (state.position, state.speed() <= STANDING_MPS);
        if stands {
            gate::check_start(world, start, clearance_m).map_err(Rejection::Infeasible)?;
        }
        gate::check_goal(world, goal, clearance_m).map_err(Rejection::Infeasible)?;
        if world.map().is_free(start) {
            gate::check_way(world, start, goal, clearance_m).map_err(Rejection::Infeasible)?;
        }
        let clear_m = world.sweep().motion(state, state);
        // Beside an obstacle a polygon has no room to turn: if nothing else is found, it is led away as from contact.
        let is_polygon = matches!(world.robot().footprint(), Footprint::Polygon(_));
        let is_beside = stands
            && is_polygon
            && clear_m < clearance_m + BESIDE_M
            && self.way_out.lead(world, state, clearance_m).is_some();
        let touching = is_beside || (stands && clear_m < clearance_m);
        Ok(if touching { Departure::Touching { deep: clear_m < -PRESSED_M } } else { Departure::Clear })
    }

    /// Proposal and correction, from where the robot is or from the end of a way out of contact.
    fn attempt(&mut self, begun: Instant, world: &World, observation: &Observation, leaves_contact: bool) -> Attempt {
        self.proposal.trajectory.clear();
        self.corrected.clear();
        let mut observation = *observation;
        let clearance_m = self.settings.limits.clearance_m;
        if leaves_contact {
            let at = observation.state.position;
            let Some(clear) = self.way_out.lead(world, &observation.state, clearance_m) else {
                let room = gate::room_at(world, at, clearance_m);
                return Attempt::none(Rejection::Infeasible(Infeasible::StartOccupied { at, room }));
            };
            observation.state = clear;
        }
        let deadline = self.settings.deadline.map(|deadline| begun + deadline.saturating_sub(self.reserve));
        let started = Instant::now();
        let (planner, proposal) = (&mut self.planner, &mut self.proposal);
        let proposed =
            planner.set_world(world).and_then(|()| planner.propose(&observation, deadline, &self.view, proposal));
        let proposed_at = Instant::now();
        self.time(Stage::Propose, proposed_at - started);
        self.statistics.cut_short += u64::from(proposed.is_ok() && self.proposal.cut_short);
        let out_of_time = matches!(proposed, Err(PlanError::NoTime));
        let rejection = |error: PlanError| match error {
            PlanError::NoTime => Rejection::Deadline { secs: begun.elapsed().as_secs_f64() },
            PlanError::NoPath => Rejection::NoDrivableWay,
            _ => Rejection::PlannerFailed,
        };
        let corrected = proposed.map_err(rejection).and_then(|()| {
            let (start, goal) = (&observation.state, observation.goal);
            let trajectory = &self.proposal.trajectory;
            self.corrector.set_keeps_pace(self.proposal.keeps_pace);
            let done = if self.proposal.has_poses {
                self.corrector.follow(world, start, goal, trajectory, &mut self.corrected)
            } else {
                self.corrector.correct(world, start, goal, trajectory, &mut self.planner, &mut self.corrected)
            };
            done.map_err(|error| match error {
                CorrectionError::Time(TimeParameterizationError::TooLong { max_states }) => {
                    Rejection::TooLong { max_steps: max_states }
                }
                error => Rejection::CorrectionFailed { error },
            })
        });
        self.time(Stage::Correct, proposed_at.elapsed());
        if leaves_contact && corrected.is_ok() {
            self.corrected.begin_with(&self.way_out.trajectory);
        }
        Attempt { corrected, proposed_at, out_of_time }
    }

    /// Whether the plan in force still holds here and now and the new one is not worth a change.
    fn keeps_plan(&mut self, world: &World, goal: Point, context: &Context) -> bool {
        let Some((planned_goal, arrival_at)) = self.in_force else { return false };
        let remaining = (arrival_at - context.now_secs).max(0.0);
        planned_goal == goal
            && self.gate.active().origin() == Origin::Planned
            && self.corrected.arrival_secs + self.settings.switch_gain_secs >= remaining
            && self.gate.keep(world, context).is_ok()
    }

    /// The command at a time: the plan in force, tracked. Without a plan that has a place to be, zero.
    pub fn command(&self, world: &World, state: &State, now_secs: f64) -> Command {
        match self.gate.active().reference_at(now_secs) {
            Some((reference, next)) => self.tracker.command(world.robot(), state, &reference, &next),
            None => [0.0, 0.0],
        }
    }

    fn time(&mut self, stage: Stage, duration: Duration) {
        let [propose, correct, check, whole] = &mut self.latencies;
        let of_stage = match stage {
            Stage::Propose => propose,
            Stage::Correct => correct,
            Stage::Check => check,
            Stage::Observe | Stage::Whole => whole,
        };
        of_stage.record(duration);
    }

    fn latencies_of(&self, stage: Stage) -> &Latencies {
        let [propose, correct, check, whole] = &self.latencies;
        match stage {
            Stage::Propose => propose,
            Stage::Correct => correct,
            Stage::Check => check,
            Stage::Observe | Stage::Whole => whole,
        }
    }

    fn show(&self, observation: &Observation) {
        let view = &self.view;
        if !view.is_enabled() {
            return;
        }
        let (stamp, plan) = (observation.stamp(), self.planner.plans());
        // Both are empty where planning or correction failed.
        let proposal = &self.proposal.trajectory.states;
        let points = |states: &[State]| {
            let position = |index: usize| states.get(index).map_or([f64::NAN; 2], |state| state.position);
            (!states.is_empty()).then(|| view.points(states.len(), position)).flatten()
        };
        if let Some(points) = points(proposal) {
            view.log(stamp, Event::Proposal { plan, points });
        }
        let corrected = &self.corrected.trajectory.states;
        if let Some(points) = points(corrected) {
            view.log(stamp, Event::Corrected { plan, points });
            let (before_m, after_m) = (self.corrected.residual_before_m, self.corrected.residual_after_m);
            view.log(stamp, Event::Residual { before_m, after_m });
        }
        let active = self.gate.active();
        let checked = &active.trajectory().states;
        if let Some(points) =
            view.points(checked.len(), |index| checked.get(index).map_or([f64::NAN; 2], |state| state.position))
        {
            view.log(
                stamp,
                match active.origin() {
                    Origin::Planned => Event::Checked { plan, points },
                    Origin::Fallback { reason, .. } => Event::Fallback { plan, reason: reason.name(), points },
                },
            );
        }
        let headings = |index: usize| checked.get(index).map_or([f64::NAN; 2], |state| [state.heading_rad, 0.0]);
        if active.origin() == Origin::Planned
            && let Some((positions, headings)) = points(checked).zip(view.points(checked.len(), headings))
        {
            view.log(stamp, Event::Poses { plan, positions, headings });
        }
        for stage in [Stage::Propose, Stage::Correct, Stage::Check, Stage::Whole] {
            let secs = self.latencies_of(stage).last_secs();
            view.log(stamp, Event::Timing { stage, secs });
        }
    }
}

/// New plans between two pictures of the histogram.
const HISTOGRAM_EVERY: u64 = 10;

/// Whether a plan was rejected because its path begins behind a robot that cannot turn where it stands.
fn faces_away(reason: &Rejection) -> bool {
    let heading = CorrectionError::Time(TimeParameterizationError::Heading);
    matches!(reason, Rejection::CorrectionFailed { error } if *error == heading)
}

impl<P: Planner> Pilot<P> {
    /// The total variation after every new plan; the histogram now and then, and when the state changes.
    fn show_drift(&mut self, observation: &Observation) {
        let Some(monitor) = self.drift.as_ref().filter(|_| self.view.is_enabled()) else { return };
        let (figures, stamp) = (monitor.figures(), observation.stamp());
        let has_changed = figures.state != self.drift_shown;
        self.drift_shown = figures.state;
        if has_changed {
            let (level, message) = match figures.state {
                DriftState::Collecting => (Level::Info, "drift: collecting"),
                DriftState::Within => (Level::Info, "drift: within"),
                DriftState::Drifting => (Level::Warning, "drift: drifting"),
            };
            self.view.log(stamp, Event::Text { level, message: message.into() });
        }
        let Some(total_variation) = figures.total_variation else { return };
        let (by_chance, threshold) = (figures.interval.high, figures.threshold);
        self.view.log(stamp, Event::Drift { total_variation, by_chance, threshold });
        if !has_changed && !figures.plans_seen.is_multiple_of(HISTOGRAM_EVERY) {
            return;
        }
        let bins = monitor.settings().intended().grid().cells();
        let bars = |of: fn((f64, f64, f64)) -> [f64; 2]| self.view.points(bins, |bin| of(monitor.bar(bin)));
        let observed = bars(|(centre, observed, _)| [centre, observed]);
        let intended = bars(|(centre, _, intended)| [centre, intended]);
        if let (Some(observed), Some(intended)) = (observed, intended) {
            self.view.log(stamp, Event::Histogram { observed, intended });
        }
    }
}
