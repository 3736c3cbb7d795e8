//! The monitor on the way of the plans.

use super::*;
use crate::correction::Resample;
use crate::geometry::{Aabb, Footprint, Polygon};
use crate::planner::PlannerDescription;
use crate::planner::corridor::{CorridorPlanner, PathMethod};
use crate::quantity::{Intended, Marginal};
use crate::trajectory::Trajectory;
use crate::world::{Differential, GridMap, Layout, MazeWorld, MovingDisc, MovingObstacles, Robot};
use std::sync::{Arc, LazyLock};

/// Proposes the straight line, and every fifth time nothing.
#[derive(Default)]
struct Straight {
    proposed: u64,
}

impl Resample for Straight {
    fn resample(&mut self, _knots: &mut Trajectory, _noise_share: f64, _round: usize) -> bool {
        false
    }
}

impl Planner for Straight {
    fn description(&self) -> &PlannerDescription {
        static DESCRIPTION: LazyLock<PlannerDescription> = LazyLock::new(|| PlannerDescription {
            keeps_shape: false,
            ..PlannerDescription::without_network("straight", 40, 0.04)
        });
        &DESCRIPTION
    }

    fn propose(
        &mut self,
        observation: &Observation,
        _deadline: Option<Instant>,
        _view: &View,
        proposal: &mut Proposal,
    ) -> Result<(), PlanError> {
        self.proposed += 1;
        if self.proposed.is_multiple_of(5) {
            return Err(PlanError::AllBroken(1));
        }
        const KNOTS: usize = 40;
        let knots = &mut proposal.trajectory;
        knots.clear();
        knots.dt_secs = 0.04;
        let (from, to) = (observation.state.position, observation.goal);
        let way = [to[0] - from[0], to[1] - from[1]];
        let secs = knots.dt_secs * (KNOTS - 1) as f64;
        for knot in 0..KNOTS {
            let share = knot as f64 / (KNOTS - 1) as f64;
            let mut state = State::at_rest([from[0] + share * way[0], from[1] + share * way[1]]);
            state.velocity = [way[0] / secs, way[1] / secs];
            knots.states.push(state);
        }
        Ok(())
    }

    fn reset(&mut self, _seed: u64) {}

    fn proposal(&self) -> Proposal {
        Proposal { trajectory: Trajectory::with_capacity(0.04, 64), ..Proposal::default() }
    }

    fn plans(&self) -> u64 {
        self.proposed
    }
}

fn settings() -> PilotSettings {
    let drift = Intended::uniform(0.0, 4.0, 8).map(DriftSettings::of).expect("a range");
    PilotSettings { deadline: None, drift: Some(drift), ..PilotSettings::default() }
}

/// Plans along the free row of the small maze. Gives the lengths of the plans that newly left.
fn drive(pilot: &mut Pilot<Straight>, rounds: usize) -> Vec<f64> {
    let world = MazeWorld::new(Layout::umaze());
    let mut sequence = pilot.plan_in_force().sequence();
    let mut lengths_m = Vec::new();
    for round in 0..rounds {
        // Every observation is planned from twice: the second plan is no better, and the first is kept.
        let goal = [1.0, 1.3 + 0.1 * (round / 2 % 17) as f64];
        let now_secs = (round / 2) as f64 + 0.01 * (round % 2) as f64;
        let state = State::at_rest([1.0, 1.0]);
        let observation = Observation { state, goal, stamp_secs: now_secs, step: round as u64 };
        if round % 7 == 0 {
            pilot.reset(0);
        }
        let checked = pilot.plan(&world, &observation, now_secs, now_secs);
        if checked.origin() == Origin::Planned && checked.sequence() != sequence {
            lengths_m.push(path_length_m(checked.trajectory().points()));
        }
        sequence = checked.sequence();
    }
    lengths_m
}

#[test]
fn every_plan_that_newly_leaves_is_watched_once() {
    let mut pilot = Pilot::new(Straight::default(), settings(), View::disabled());
    let lengths_m = drive(&mut pilot, 100);
    let statistics = pilot.statistics();
    assert!(statistics.plans_checked >= 20, "{statistics:?}");
    assert!(statistics.fallbacks.total() >= 10 && statistics.plans_kept >= 10, "{statistics:?}");
    assert_eq!(statistics.plans_checked, lengths_m.len() as u64);
    let status = pilot.drift().expect("it is watched");
    assert_eq!((status.figures.plans_seen, status.figures.outside), (statistics.plans_checked, 0));
    let counted = Marginal::from_values(status.grid, &lengths_m).expect("lengths");
    let intended = Intended::uniform(0.0, 4.0, 8).expect("a range");
    let offline = counted.total_variation(intended.marginal()).expect("the same bins");
    assert!(status.figures.total_variation.is_some_and(|got| (got - offline).abs() < 1e-12), "{status:?}");
}

#[test]
fn what_is_watched_lasts_over_questions_and_settings_but_not_over_clearing() {
    let mut pilot = Pilot::new(Straight::default(), settings(), View::disabled());
    let mut queries = PilotMemory::new();
    let mut seen = drive(&mut pilot, 30).len();
    pilot.exchange(&mut queries);
    seen += drive(&mut pilot, 30).len();
    pilot.exchange(&mut queries);
    let plans = |pilot: &Pilot<Straight>| pilot.drift().map(|drift| drift.figures.plans);
    assert_eq!(plans(&pilot), Some(seen));
    pilot.configure(settings());
    assert_eq!(plans(&pilot), Some(seen));
    pilot.clear_statistics();
    assert_eq!(plans(&pilot), Some(0));
    pilot.configure(PilotSettings { drift: None, ..settings() });
    assert!(pilot.drift().is_none() && !drive(&mut pilot, 10).is_empty());
    pilot.configure(settings());
    assert_eq!(plans(&pilot), Some(0));
}

#[test]
fn a_round_without_a_proposal_shows_nothing_of_the_plan_before() {
    let mut pilot = Pilot::new(Straight::default(), settings(), View::disabled());
    let world = MazeWorld::new(Layout::umaze());
    let observation = Observation { state: State::at_rest([1.0, 1.0]), goal: [1.0, 2.0], stamp_secs: 0.0, step: 0 };
    for round in 1..=5 {
        let checked = pilot.plan(&world, &observation, 0.0, 0.0);
        assert_eq!(checked.origin() == Origin::Planned, round < 5, "every fifth proposal fails");
        let sizes = [&pilot.proposal().trajectory, &pilot.corrected().trajectory].map(|shown| shown.states.len());
        assert_eq!(sizes.iter().all(|size| *size > 0), round < 5, "{round}: {sizes:?}");
        assert_eq!(pilot.corrected().arrival_secs.is_finite(), round < 5);
    }
    assert_eq!(pilot.proposal().trajectory.states.len(), 0);
}

fn settled(pilot: &mut Pilot<Straight>, world: &World, start: Point, goal: Point) -> Origin {
    pilot.reset(0);
    let observation = Observation { state: State::at_rest(start), goal, stamp_secs: 0.0, step: 0 };
    pilot.plan(world, &observation, 0.0, 0.0).origin()
}

#[test]
fn a_robot_in_contact_gets_a_way_out_and_then_goes_on_to_the_goal() {
    let world = MazeWorld::new(Layout::umaze());
    // Against the wall at x = 0.3, in the corner there, and against the wall at x = 1.3.
    for start in [[0.4, 1.5], [0.39, 1.5], [0.375, 1.5], [0.37, 0.371], [1.23, 1.5], [1.2, 1.5]] {
        let mut pilot = Pilot::new(Straight::default(), settings(), View::disabled());
        let origin = settled(&mut pilot, &world, start, [0.8, 2.5]);
        assert_eq!(origin, Origin::Planned, "{start:?}");
        let states = &pilot.plan_in_force().trajectory().states;
        let clearances: Vec<f64> =
            states.iter().map(|state| world.sweep().segment(state.position, state.position)).collect();
        let at_start = clearances.first().copied().unwrap_or(f64::NAN);
        assert!(clearances.iter().all(|clearance| *clearance >= at_start - 1e-6), "{start:?} {clearances:?}");
        assert!(clearances.iter().skip(30).all(|clearance| *clearance >= 0.005), "{start:?} {clearances:?}");
        assert!(states.last().is_some_and(|state| state.distance([0.8, 2.5]) < 0.1));
        // Half-way out and in motion, the rest of that plan is what is followed.
        let (half, secs) = (states[8], 0.08);
        let observation = Observation { state: half, goal: [0.8, 2.5], stamp_secs: secs, step: 8 };
        let followed = pilot.plan(&world, &observation, secs, secs);
        let moves = !matches!(followed.origin(), Origin::Fallback { kind: Fallback::Stop | Fallback::Brake, .. });
        assert!(moves, "{start:?}: {:?}", followed.origin());
    }
}

#[test]
fn what_is_impossible_is_named_before_the_planner_is_called() {
    let apart = MazeWorld::new(Layout::parse("apart", "######\n#OO#O#\n######").expect("a maze"));
    let umaze = MazeWorld::new(Layout::umaze());
    let reason = |world: &World, start: Point, goal: Point| {
        let mut pilot = Pilot::new(Straight::default(), settings(), View::disabled());
        let origin = settled(&mut pilot, world, start, goal);
        let Origin::Fallback { reason, .. } = origin else { panic!("a plan from {start:?} to {goal:?}") };
        assert_eq!(pilot.planner().proposed, 0, "{reason}");
        assert_eq!(pilot.statistics().rejections.iter().collect::<Vec<_>>(), [(reason.name(), 1)]);
        reason.name()
    };
    assert_eq!(reason(&apart, [1.0, 1.0], [0.8, 4.0]), "no_way");
    assert_eq!(reason(&umaze, [1.0, 1.0], [1.25, 1.5]), "goal_occupied");
    assert_eq!(reason(&umaze, [1.25, 1.5], [1.0, 1.0]), "start_occupied");
    assert_eq!(reason(&umaze, [1.0, 1.0], [1.0, 1e300]), "goal_outside_map");
    assert_eq!(reason(&umaze, [-7.0, 1.0], [2.0, 1.0]), "start_outside_map");
    // Old data come first.
    let mut pilot = Pilot::new(Straight::default(), settings(), View::disabled());
    let state = State::at_rest([1.0, 1.0]);
    let observation = Observation { state, goal: [1.25, 1.5], stamp_secs: 0.0, step: 0 };
    for (now_secs, map_secs, name) in [(5.0, 5.0, "stale_observation"), (0.0, f64::NEG_INFINITY, "stale_map")] {
        let origin = pilot.plan(&umaze, &observation, now_secs, map_secs).origin();
        assert!(matches!(origin, Origin::Fallback { reason, .. } if reason.name() == name), "{origin:?}");
    }
    assert_eq!(pilot.planner().proposed, 0);
}

/// Proposes what no gate accepts until its last retreat, which proposes the straight line, or nothing.
struct Retreating {
    straight: Straight,
    retreats: usize,
    most: usize,
    last: Option<fn() -> PlanError>,
}

impl Resample for Retreating {
    fn resample(&mut self, _knots: &mut Trajectory, _noise_share: f64, _round: usize) -> bool {
        false
    }
}

impl Planner for Retreating {
    fn description(&self) -> &PlannerDescription {
        self.straight.description()
    }

    fn propose(
        &mut self,
        observation: &Observation,
        deadline: Option<Instant>,
        view: &View,
        proposal: &mut Proposal,
    ) -> Result<(), PlanError> {
        let is_last = self.retreats == self.most;
        if let (true, Some(error)) = (is_last, self.last) {
            return Err(error());
        }
        self.straight.propose(observation, deadline, view, proposal)?;
        // Away from the goal, so that the end is not at it.
        if !is_last {
            proposal.trajectory.states.truncate(2);
            proposal.trajectory.states.fill(observation.state);
        }
        Ok(())
    }

    fn has_retreat(&self) -> bool {
        self.retreats < self.most
    }

    fn retreat(&mut self) {
        self.retreats += 1;
    }

    fn reset(&mut self, _seed: u64) {}

    fn plans(&self) -> u64 {
        self.straight.proposed
    }
}

#[test]
fn every_retreat_is_tried_and_one_without_a_proposal_leaves_the_reason_of_the_gate() {
    let world = MazeWorld::new(Layout::umaze());
    let observation = Observation { state: State::at_rest([1.0, 1.0]), goal: [1.0, 2.5], stamp_secs: 0.0, step: 0 };
    let origin_of = |most: usize, last: Option<fn() -> PlanError>| {
        let planner = Retreating { straight: Straight::default(), retreats: 0, most, last };
        // As it is proposed, so that no time parameterisation leads it to the goal.
        let correction = CorrectionSettings { retime: false, max_iterations: 1, ..CorrectionSettings::default() };
        let settings = PilotSettings { correction, ..settings() };
        let mut pilot = Pilot::new(planner, settings, View::disabled());
        let origin = pilot.plan(&world, &observation, 0.0, 0.0).origin();
        (origin, pilot.planner().retreats, pilot.statistics().deadline_misses)
    };
    assert_eq!(origin_of(3, None), (Origin::Planned, 3, 0));
    let (rejected, retreats, _) = origin_of(MAX_RETREATS + 1, None);
    let Origin::Fallback { reason, .. } = rejected else { panic!("a plan after {retreats} retreats") };
    assert_eq!((reason.name(), retreats), ("not_converged", MAX_RETREATS));
    for (error, misses) in [((|| PlanError::NoPath) as fn() -> PlanError, 0), (|| PlanError::NoTime, 1)] {
        let (origin, retreats, late) = origin_of(2, Some(error));
        assert!(matches!(origin, Origin::Fallback { reason: found, .. } if found == reason), "{origin:?}");
        assert_eq!((retreats, late), (2, misses));
    }
}

#[test]
fn among_discs_a_robot_that_is_no_disc_has_as_many_retreats_as_are_tried() {
    let half = [[0.35, 0.2], [-0.35, 0.2], [-0.35, -0.2], [0.35, -0.2]];
    let footprint = Footprint::Polygon(Polygon::new(&half, 0.0).expect("a box"));
    let robot: Arc<dyn Robot> = Arc::new(Differential { footprint, ..Differential::default() });
    let bounds = Aabb { low: [0.0; 2], high: [6.0, 4.0] };
    let wall = Aabb { low: [2.8, 0.0], high: [3.1, 1.4] };
    let map = GridMap::from_boxes("hall", bounds, 0.05, std::iter::once(wall)).expect("a grid");
    let disc = MovingDisc { position: [5.5, 0.5], velocity: [0.0; 2], radius_m: 0.1 };
    let moving = MovingObstacles::new(vec![disc], 0.0, 4.0).expect("a disc");
    let world = World::new(robot, Arc::new(map)).with_moving(Arc::new(moving));
    let mut planner = CorridorPlanner::new(PathMethod::Smoothed);
    let mut proposal = planner.proposal();
    let observation =
        Observation { state: State::at_pose([1.0, 1.0], 0.0), goal: [5.0, 2.4], stamp_secs: 0.0, step: 0 };
    let mut retreats = 0;
    planner.set_world(&world).expect("a grid");
    loop {
        let _ = planner.propose(&observation, None, &View::disabled(), &mut proposal);
        if !planner.has_retreat() {
            break;
        }
        planner.retreat();
        retreats += 1;
    }
    assert_eq!((retreats, proposal.has_poses), (MAX_RETREATS, true));
}
