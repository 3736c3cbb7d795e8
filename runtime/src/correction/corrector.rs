//! The correction loop: track, compare, blend, re-sample.

use super::path_smoother::{PathSettings, PathSmoother};
use super::time_parameterization::{TimeParameterizationError, TimeParameterizer};
use super::tracker::{Tracker, TrackingReport};
use crate::geometry::{Footprint, wrapped};
use crate::trajectory::Trajectory;
use crate::world::{MotionLimits, PlanRoom, Point, State, Sweep, World};

/// How much physics replaces of the proposal: gamma in (proposal + gamma * simulated) / (1 + gamma).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strength(f64);

impl Strength {
    /// The simulated path itself.
    pub const INFINITE: Self = Self(f64::INFINITY);

    /// A finite gamma of at least 0, or infinity. `None` for negative numbers and NaN.
    pub fn new(gamma: f64) -> Option<Self> {
        (gamma >= 0.0).then_some(Self(gamma))
    }

    /// Share of the simulated path in the blend: 0 at gamma 0, 1 at infinity.
    pub fn share(self) -> f64 {
        if self.0.is_infinite() { 1.0 } else { self.0 / (1.0 + self.0) }
    }
}

impl std::str::FromStr for Strength {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = if text == "inf" { Some(f64::INFINITY) } else { text.parse().ok() };
        parsed.and_then(Self::new).ok_or_else(|| format!("expected a number of at least 0 or 'inf', got '{text}'"))
    }
}

/// Settings of the loop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CorrectionSettings {
    /// Strength gamma of the correction.
    pub strength: Strength,
    /// Whether the path is shaped and driven as fast as the actuators allow, instead of at the proposal's pace.
    pub retime: bool,
    /// Share of the actuators' power that retiming uses; the rest is left for feedback.
    pub actuation_share: f64,
    /// Path cleaning before retiming.
    pub path: PathSettings,
    /// Largest residual at which the loop ends, metres.
    pub tolerance_m: f64,
    /// Largest distance from the goal at the end, metres.
    pub goal_tolerance_m: f64,
    /// Distance from the goal at which a plan has arrived, metres.
    pub arrival_radius_m: f64,
    /// Rounds at most, the first included.
    pub max_iterations: usize,
    /// Noise share to which a failed proposal is taken back before it is denoised anew; grows each round.
    pub resample_noise: f64,
    /// Steps for which the end is held after the reference, so that the ball settles.
    pub settle_steps: usize,
}

impl Default for CorrectionSettings {
    fn default() -> Self {
        Self {
            strength: Strength::INFINITE,
            retime: true,
            actuation_share: 0.95,
            path: PathSettings::default(),
            tolerance_m: 0.05,
            goal_tolerance_m: 0.1,
            arrival_radius_m: 0.5,
            max_iterations: 4,
            resample_noise: 0.5,
            settle_steps: 20,
        }
    }
}

/// Re-sampling of a proposal from its blend with the simulated trajectory.
pub trait Resample {
    /// Replaces `knots` (the planner's own period) by a proposal denoised from them after noising to
    /// `noise_share` of the range; `round` varies the seed. Returns false if there is no time left or the
    /// planner cannot; `knots` are unchanged then.
    fn resample(&mut self, knots: &mut Trajectory, noise_share: f64, round: usize) -> bool;
}

/// No re-sampling.
impl Resample for () {
    fn resample(&mut self, _knots: &mut Trajectory, _noise_share: f64, _round: usize) -> bool {
        false
    }
}

/// What the loop produced, reused from plan to plan.
#[derive(Clone, Debug)]
pub struct Corrected {
    /// States and commands, one per step of the robot.
    pub trajectory: Trajectory,
    /// Largest distance between the first proposal and the world's attempt at it, metres.
    pub residual_before_m: f64,
    /// The same for the last reference, metres.
    pub residual_after_m: f64,
    /// Rounds done.
    pub iterations: usize,
    /// Steps of the corrected plan in which a wall pushed.
    pub pushing_steps: usize,
    /// Smallest distance to a wall along it, metres.
    pub clearance_m: f64,
    /// Distance between its end and the goal, metres.
    pub goal_error_m: f64,
    /// Seconds until it first comes within [`CorrectionSettings::arrival_radius_m`] of the goal; infinite if it does not.
    pub arrival_secs: f64,
    /// Duration of the timed reference, seconds: the arrival at rest, to less than a step. Infinite where the proposal's own
    /// pace is kept.
    pub timed_secs: f64,
    /// Whether all tolerances were met.
    pub converged: bool,
}

impl Default for Corrected {
    /// Empty: nothing corrected, the goal never reached.
    fn default() -> Self {
        Self {
            trajectory: Trajectory::default(),
            residual_before_m: 0.0,
            residual_after_m: 0.0,
            iterations: 0,
            pushing_steps: 0,
            clearance_m: 0.0,
            goal_error_m: f64::INFINITY,
            arrival_secs: f64::INFINITY,
            timed_secs: f64::INFINITY,
            converged: false,
        }
    }
}

impl Corrected {
    /// Empties it; the memory stays.
    pub fn clear(&mut self) {
        let mut trajectory = std::mem::take(&mut self.trajectory);
        trajectory.clear();
        *self = Self { trajectory, ..Self::default() };
    }

    /// Puts a trajectory before it that ends where it begins.
    pub(crate) fn begin_with(&mut self, way: &Trajectory) {
        let (states, commands) = (&mut self.trajectory.states, &mut self.trajectory.commands);
        let before = way.states.split_last().map_or(&[][..], |(_, before)| before);
        states.extend_from_slice(before);
        states.rotate_right(before.len());
        commands.extend_from_slice(&way.commands);
        commands.rotate_right(way.commands.len());
        self.arrival_secs += way.duration_secs();
    }
}

/// Why a proposal cannot be corrected at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CorrectionError {
    /// A number in proposal, start or goal is not finite.
    #[error("expected finite numbers in proposal, start and goal")]
    NotFinite,
    /// Nothing to follow.
    #[error("expected a proposal of at least two states, got {0}")]
    TooShort(usize),
    /// The path cannot be timed.
    #[error(transparent)]
    Time(#[from] TimeParameterizationError),
}

/// Buffers and settings of the loop; correcting allocates nothing.
#[derive(Clone, Debug)]
pub struct Corrector {
    settings: CorrectionSettings,
    tracker: Tracker,
    smoother: PathSmoother,
    timer: TimeParameterizer,
    knots: Trajectory,
    reference: Trajectory,
    simulated: Trajectory,
    goal_heading_rad: Option<f64>,
    keeps_pace: bool,
}

/// Largest heading error at the end of a plan, where a heading is wanted, rad.
const GOAL_HEADING_RAD: f64 = 0.05;
/// Share of the actuators' power that a way of poses uses: where it leads there is little room for errors of tracking.
const POSES_SHARE: f64 = 0.7;

impl Corrector {
    /// Other settings from now on.
    pub fn configure(&mut self, settings: CorrectionSettings) {
        self.settings = settings;
    }

    /// Heading in which the plans of drives end from now on; `None`: any. Those that turn in place turn there at the end, others
    /// converge only where their way ends in it.
    pub fn set_goal_heading(&mut self, heading_rad: Option<f64>) {
        self.goal_heading_rad = heading_rad;
        self.timer.set_goal_heading(heading_rad);
    }

    /// Whether proposals from now on are tracked at their own pace on their own path, whatever the settings: of those whose
    /// times mean something.
    pub fn set_keeps_pace(&mut self, keeps_pace: bool) {
        self.keeps_pace = keeps_pace;
    }

    /// With room for the longest plans of any robot ([`PlanRoom::MOST`]).
    pub fn new(settings: CorrectionSettings) -> Self {
        let PlanRoom { steps, path_points } = PlanRoom::MOST;
        let room = || Trajectory::with_capacity(0.0, steps + settings.settle_steps + 1);
        Self {
            settings,
            tracker: Tracker,
            smoother: PathSmoother::new(path_points),
            timer: TimeParameterizer::new(path_points, steps),
            knots: room(),
            reference: room(),
            simulated: room(),
            goal_heading_rad: None,
            keeps_pace: false,
        }
    }

    /// The settings.
    pub fn settings(&self) -> &CorrectionSettings {
        &self.settings
    }

    /// Room for a corrected plan, so that [`Self::correct`] does not allocate.
    pub fn corrected(&self) -> Corrected {
        let states = PlanRoom::MOST.steps + self.settings.settle_steps + 1 + super::way_out::MAX_STATES;
        let trajectory = Trajectory::with_capacity(0.0, states);
        Corrected { trajectory, ..Corrected::default() }
    }

    /// Runs the loop on a proposal from `start` to `goal`. The result is filled even where it did not
    /// converge (then `converged` is false): the gate decides.
    ///
    /// # Errors
    /// If there is nothing finite to work on; `corrected` is empty then.
    pub fn correct(
        &mut self,
        world: &World,
        start: &State,
        goal: Point,
        proposal: &Trajectory,
        planner: &mut impl Resample,
        corrected: &mut Corrected,
    ) -> Result<(), CorrectionError> {
        corrected.clear();
        check(start, goal, proposal)?;
        self.knots.copy_from(proposal);
        let before = self.track_proposal(world, start);
        corrected.residual_before_m = before.residual_m;
        let settings = self.settings;
        for round in 0..settings.max_iterations.max(1) {
            if round > 0 {
                self.blend_into_knots();
                let noise = settings.resample_noise + 0.25 * (round - 1) as f64;
                if !planner.resample(&mut self.knots, noise.min(1.0), round) {
                    break;
                }
                // What comes from a network is checked before it is worked on.
                if !self.knots.states.iter().all(State::is_finite) {
                    break;
                }
                self.track_proposal(world, start);
            }
            corrected.iterations = round + 1;
            corrected.timed_secs = self.refer(world, start, goal)?;
            let report = self.tracker.track(world, start, &self.reference, settings.settle_steps, &mut self.simulated);
            self.fill(world, goal, report, corrected);
            if corrected.converged {
                break;
            }
            self.track_proposal(world, start);
        }
        Ok(())
    }

    /// Times and tracks poses from `start` to `goal`: straight and curved ways in both directions, and turns in place. Their
    /// shape is final; nothing is sampled again. The result is filled as by [`Self::correct`].
    ///
    /// # Errors
    /// As [`Self::correct`].
    pub fn follow(
        &mut self,
        world: &World,
        start: &State,
        goal: Point,
        poses: &Trajectory,
        corrected: &mut Corrected,
    ) -> Result<(), CorrectionError> {
        corrected.clear();
        check(start, goal, poses)?;
        let (robot, settings) = (world.robot(), self.settings);
        self.timer.set_max_states(robot.plan_room().within_most().steps);
        let limits = robot.actuator_limits(POSES_SHARE.min(settings.actuation_share));
        let timed = self.timer.follow(&poses.states, start, &limits, robot.step_secs(), &mut self.reference);
        corrected.timed_secs = match timed {
            Err(TimeParameterizationError::TooShort) => self.stay(start, goal),
            timed => timed?,
        };
        let report = self.tracker.track(world, start, &self.reference, settings.settle_steps, &mut self.simulated);
        corrected.iterations = 1;
        self.fill(world, goal, report, corrected);
        corrected.residual_before_m = corrected.residual_after_m;
        Ok(())
    }

    /// Standing at the goal is a plan too.
    fn stay(&mut self, start: &State, goal: Point) -> f64 {
        self.reference.states.clear();
        self.reference.states.extend([State::at_pose(goal, start.heading_rad); 2]);
        0.0
    }

    /// Tracks the knots at their own pace.
    fn track_proposal(&mut self, world: &World, start: &State) -> TrackingReport {
        self.pace(world);
        self.tracker.track(world, start, &self.reference, 0, &mut self.simulated)
    }

    /// The knots, interpolated at the simulation's period, as reference: as many steps as there is room for. Whether these
    /// are all.
    fn pace(&mut self, world: &World) -> bool {
        let step_secs = world.step_secs();
        self.reference.clear();
        self.reference.dt_secs = step_secs;
        let most = world.robot().plan_room().within_most().steps.saturating_sub(1);
        let steps = (self.knots.duration_secs() / step_secs).round() as usize;
        for index in 0..=steps.min(most) {
            self.reference.states.extend(self.knots.state_at(step_secs * index as f64));
        }
        steps <= most
    }

    /// The reference of this round: retimed, or the proposal's own pace.
    fn refer(&mut self, world: &World, start: &State, goal: Point) -> Result<f64, TimeParameterizationError> {
        if self.keeps_pace || !self.settings.retime {
            let max_states = world.robot().plan_room().within_most().steps;
            return if self.pace(world) {
                Ok(f64::INFINITY)
            } else {
                Err(TimeParameterizationError::TooLong { max_states })
            };
        }
        let (robot, proposed) = (world.robot(), self.knots.points());
        let room = robot.plan_room().within_most();
        self.timer.set_max_states(room.steps);
        self.smoother.set_max_points(room.path_points);
        let footprint = shaping_footprint(world, proposed.clone());
        let path = self.smoother.shape(world.map(), footprint, start, goal, proposed, &self.settings.path);
        let limits = robot.actuator_limits(self.settings.actuation_share);
        match self.timer.parameterize(path, start, &limits, robot.step_secs(), &mut self.reference) {
            Err(TimeParameterizationError::TooShort) => Ok(self.stay(start, goal)),
            done => done,
        }
    }

    fn fill(&mut self, world: &World, goal: Point, report: TrackingReport, corrected: &mut Corrected) {
        let settings = &self.settings;
        corrected.residual_after_m = report.residual_m;
        corrected.pushing_steps = report.pushing_steps;
        corrected.trajectory.copy_from(&self.simulated);
        let share = settings.strength.share();
        if share < 1.0 {
            for (index, state) in corrected.trajectory.states.iter_mut().enumerate() {
                let reference = self.reference.states.get(index).or(self.reference.states.last());
                if let Some(reference) = reference {
                    *state = reference.blend(state, share);
                }
            }
        }
        let trajectory = &corrected.trajectory;
        corrected.clearance_m = world.sweep().states(&trajectory.states).clearance_m;
        corrected.goal_error_m = trajectory.states.last().map_or(f64::INFINITY, |state| state.distance(goal));
        let arrival = trajectory.states.iter().position(|state| state.distance(goal) <= settings.arrival_radius_m);
        corrected.arrival_secs = arrival.map_or(f64::INFINITY, |index| world.step_secs() * index as f64);
        // The heading of other robots is not controlled.
        let wanted = self.goal_heading_rad.filter(|_| matches!(world.robot().limits(), MotionLimits::Drive(_)));
        let facing = wanted
            .zip(trajectory.states.last())
            .is_none_or(|(wanted, last)| wrapped(wanted - last.heading_rad).abs() <= GOAL_HEADING_RAD);
        corrected.converged = facing
            && report.residual_m <= settings.tolerance_m
            && corrected.goal_error_m <= settings.goal_tolerance_m
            && corrected.clearance_m >= 0.0
            && report.pushing_steps == 0;
    }

    /// The blend of the knots with what the world did at their times, where the next round begins.
    fn blend_into_knots(&mut self) {
        let share = self.settings.strength.share();
        let dt_secs = self.knots.dt_secs;
        for (index, knot) in self.knots.states.iter_mut().enumerate() {
            if let Some(simulated) = self.simulated.state_at(dt_secs * index as f64) {
                *knot = knot.blend(&simulated, share);
            }
        }
    }
}

/// What is kept clear while a path is shaped: of a polygon the circle that holds it in every heading, where the proposal
/// keeps that clear; shaping to the inscribed circle would lead its corners into walls.
fn shaping_footprint(world: &World, proposed: impl Iterator<Item = Point>) -> Footprint {
    let footprint = world.robot().footprint();
    let Footprint::Polygon(polygon) = &footprint else { return footprint };
    let round = Footprint::Circle { radius_m: polygon.circumscribed_radius_m() };
    if Sweep::new(world.map(), round).path(proposed).is_clear_by(0.0) { round } else { footprint }
}

/// # Errors
/// If there is nothing finite to work on.
fn check(start: &State, goal: Point, proposal: &Trajectory) -> Result<(), CorrectionError> {
    if proposal.states.len() < 2 {
        return Err(CorrectionError::TooShort(proposal.states.len()));
    }
    let finite = proposal.states.iter().all(State::is_finite) && start.is_finite();
    if !(finite && goal.iter().all(|value| value.is_finite()) && proposal.dt_secs > 0.0) {
        return Err(CorrectionError::NotFinite);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{GOAL_RADIUS_M, Layout, MazeWorld, STEP_SECS};

    /// A proposal at constant speed along corner points.
    fn proposal(corners: &[Point], secs: f64) -> Trajectory {
        let count = 32;
        let at = |t: f64| {
            let place = t * (corners.len() - 1) as f64;
            let index = (place.floor() as usize).min(corners.len() - 2);
            let (a, b) = (corners[index], corners[index + 1]);
            let u = place - index as f64;
            [a[0] + u * (b[0] - a[0]), a[1] + u * (b[1] - a[1])]
        };
        let dt_secs = secs / f64::from(count - 1);
        let states = (0..count)
            .map(|k| {
                let t = f64::from(k) / f64::from(count - 1);
                let (p, q) = (at((t - 0.01).max(0.0)), at((t + 0.01).min(1.0)));
                let width = secs * ((t + 0.01).min(1.0) - (t - 0.01).max(0.0));
                State::moving(at(t), [(q[0] - p[0]) / width, (q[1] - p[1]) / width])
            })
            .collect();
        Trajectory { dt_secs, states, commands: Vec::new() }
    }

    const WAY: [Point; 5] = [[3.0, 1.0], [3.0, 2.9], [2.0, 2.9], [0.8, 2.9], [1.0, 1.0]];

    fn correct(settings: CorrectionSettings, proposal: &Trajectory) -> Corrected {
        let world = MazeWorld::new(Layout::umaze());
        let mut corrector = Corrector::new(settings);
        let mut corrected = corrector.corrected();
        let done = corrector.correct(&world, &State::at_rest(WAY[0]), WAY[4], proposal, &mut (), &mut corrected);
        assert_eq!(done, Ok(()));
        corrected
    }

    #[test]
    fn the_corrected_plan_rerun_in_the_world_reaches_the_goal_without_a_wall() {
        let corrected = correct(CorrectionSettings::default(), &proposal(&WAY, 2.5));
        assert!(corrected.converged, "{:?}", Corrected { trajectory: Trajectory::default(), ..corrected });
        assert!(corrected.residual_after_m < 0.3 * corrected.residual_before_m);
        let world = MazeWorld::new(Layout::umaze());
        let mut state = corrected.trajectory.states[0];
        for (command, planned) in corrected.trajectory.commands.iter().zip(&corrected.trajectory.states[1..]) {
            let (next, report) = world.step(&state, *command);
            assert_eq!((next, report.pushing), (*planned, 0));
            state = next;
        }
        assert!(state.distance(WAY[4]) < 0.1);
    }

    #[test]
    fn gamma_0_is_the_proposal_and_infinity_the_simulated_path() {
        let proposed = proposal(&WAY, 2.5);
        let plain = CorrectionSettings { retime: false, max_iterations: 1, ..CorrectionSettings::default() };
        let with = |gamma| correct(CorrectionSettings { strength: Strength(gamma), ..plain }, &proposed);
        let (none, half, all) = (with(0.0), with(1.0), with(f64::INFINITY));
        for (index, state) in none.trajectory.states.iter().enumerate() {
            let expected = proposed.state_at(STEP_SECS * index as f64).unwrap_or_default();
            assert!(state.distance(expected.position) < 1e-9, "{index}");
            let simulated = all.trajectory.states[index].position;
            let middle = [0, 1].map(|axis: usize| 0.5 * (state.position[axis] + simulated[axis]));
            assert!(half.trajectory.states[index].distance(middle) < 1e-9);
        }
    }

    #[test]
    fn a_proposal_whose_pace_is_kept_is_too_long_rather_than_cut() {
        let world = MazeWorld::new(Layout::umaze());
        let (mut corrector, max_states) =
            (Corrector::new(CorrectionSettings::default()), world.robot().plan_room().steps);
        corrector.set_keeps_pace(true);
        let mut corrected = corrector.corrected();
        let mut run = |secs: f64| {
            let proposal = proposal(&WAY, secs);
            corrector.correct(&world, &State::at_rest(WAY[0]), WAY[4], &proposal, &mut (), &mut corrected)
        };
        let most_secs = STEP_SECS * (max_states - 1) as f64;
        assert_eq!(run(most_secs), Ok(()));
        let too_long = CorrectionError::Time(TimeParameterizationError::TooLong { max_states });
        assert_eq!(run(most_secs + STEP_SECS), Err(too_long));
        assert!(corrected.trajectory.states.is_empty());
    }

    #[test]
    fn retiming_arrives_sooner_than_the_proposal() {
        let slow = correct(CorrectionSettings { retime: false, ..CorrectionSettings::default() }, &proposal(&WAY, 4.0));
        let fast = correct(CorrectionSettings::default(), &proposal(&WAY, 4.0));
        assert_eq!(
            CorrectionSettings::default().arrival_radius_m,
            GOAL_RADIUS_M,
            "arrival is where Maze2D's reward begins"
        );
        assert!(fast.arrival_secs < 0.6 * slow.arrival_secs, "{} {}", fast.arrival_secs, slow.arrival_secs);
    }

    #[test]
    fn a_proposal_through_a_wall_is_sampled_again() {
        struct Second(usize);
        impl Resample for Second {
            fn resample(&mut self, knots: &mut Trajectory, _noise_share: f64, round: usize) -> bool {
                self.0 = round;
                knots.copy_from(&proposal(&WAY, 2.5));
                true
            }
        }
        let world = MazeWorld::new(Layout::umaze());
        let mut corrector = Corrector::new(CorrectionSettings::default());
        let mut corrected = corrector.corrected();
        let mut planner = Second(0);
        let through = proposal(&[[3.0, 1.0], [2.5, 1.0], [1.5, 1.0], [1.0, 1.0]], 1.0);
        let done = corrector.correct(&world, &State::at_rest(WAY[0]), WAY[4], &through, &mut planner, &mut corrected);
        assert_eq!((done, planner.0, corrected.iterations, corrected.converged), (Ok(()), 1, 2, true));
    }

    #[test]
    fn nan_is_an_error_and_leaves_no_plan() {
        let world = MazeWorld::new(Layout::umaze());
        let mut corrector = Corrector::new(CorrectionSettings::default());
        let mut corrected = corrector.corrected();
        let mut bad = proposal(&WAY, 2.5);
        bad.states[7].velocity[1] = f64::NAN;
        let mut run = |start: State, goal: Point, proposal: &Trajectory| {
            let done = corrector.correct(&world, &start, goal, proposal, &mut (), &mut corrected);
            (done, corrected.trajectory.states.len())
        };
        let start = State::at_rest(WAY[0]);
        assert_eq!(run(start, WAY[4], &bad), (Err(CorrectionError::NotFinite), 0));
        assert_eq!(run(start, [f64::INFINITY, 1.0], &proposal(&WAY, 2.5)), (Err(CorrectionError::NotFinite), 0));
        assert_eq!(run(start, WAY[4], &Trajectory::default()), (Err(CorrectionError::TooShort(0)), 0));
        assert!(run(start, WAY[4], &proposal(&WAY, 2.5)).0.is_ok(), "one bad proposal does not poison the next");
    }

    #[test]
    fn strengths_are_parsed_and_nonsense_is_refused() {
        assert_eq!("inf".parse(), Ok(Strength::INFINITE));
        assert_eq!("0".parse::<Strength>().map(Strength::share), Ok(0.0));
        for text in ["nan", "-1", "", "strong"] {
            let message = text.parse::<Strength>().expect_err(text);
            assert!(message.starts_with("expected a number of at least 0"), "{message}");
        }
    }
}
