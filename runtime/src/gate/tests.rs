//! One test per clause of the promise, and per fallback.

use super::*;
use crate::correction::{TimeParameterizer, Tracker};
use crate::geometry::{Footprint, Polygon};
use crate::world::{Differential, Layout, MazeWorld, Point, PointMass, Robot, STEP_SECS};
use std::sync::Arc;

const START: State = State::at_rest([1.0, 1.0]);

fn world() -> MazeWorld {
    MazeWorld::new(Layout::umaze())
}

/// A good plan along the first corridor.
fn good() -> Corrected {
    let path: Vec<Point> = (0..=10).map(|k| [1.0, 1.0 + 0.15 * f64::from(k)]).collect();
    let mut reference = Trajectory::default();
    let limits = PointMass::default().actuator_limits(0.8);
    let timed = TimeParameterizer::new(50, 500).parameterize(&path, &START, &limits, STEP_SECS, &mut reference);
    assert!(timed.is_ok());
    let mut corrected = Corrected { converged: true, ..Corrected::default() };
    Tracker.track(&world(), &START, &reference, 20, &mut corrected.trajectory);
    corrected
}

fn context() -> Context {
    Context { state: START, now_secs: 10.0, observed_secs: 9.99, map_secs: 9.99, elapsed_secs: 0.002 }
}

fn origin_of(corrected: &Corrected, context: &Context) -> Origin {
    Gate::new(GateLimits::default()).admit(&world(), Ok(corrected), context).origin()
}

fn reason_of(corrected: &Corrected, context: &Context) -> &'static str {
    match origin_of(corrected, context) {
        Origin::Planned => "passed",
        Origin::Fallback { reason, .. } => reason.name(),
    }
}

#[test]
fn a_good_plan_leaves() {
    assert_eq!(origin_of(&good(), &context()), Origin::Planned);
}

#[test]
fn finite_a_single_nan_or_infinity_anywhere_is_caught() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for index in [0, 7, good().trajectory.states.len() - 1] {
            for field in 0..4 {
                let mut plan = good();
                let mut values = plan.trajectory.states[index].to_array();
                values[field] = bad;
                plan.trajectory.states[index] = State::from_array(values);
                assert_eq!(reason_of(&plan, &context()), "not_finite");
            }
        }
        let mut plan = good();
        plan.trajectory.commands[3][1] = bad;
        assert_eq!(reason_of(&plan, &context()), "not_finite");
    }
}

#[test]
fn within_limits_outside_too_fast_too_sharp_and_teleports_are_caught() {
    let with = |change: &dyn Fn(&mut Vec<State>)| {
        let mut plan = good();
        change(&mut plan.trajectory.states);
        reason_of(&plan, &context())
    };
    assert_eq!(with(&|states| states[5].position = [90.0, 1.0]), "out_of_bounds");
    assert_eq!(with(&|states| states[5].velocity[1] = 6.0), "speed");
    assert_eq!(with(&|states| states[5].velocity[1] += 0.5), "acceleration");
    assert_eq!(with(&|states| states[5].position[0] -= 0.02), "acceleration");
    assert_eq!(with(&|states| states.clear()), "no_plan");
}

#[test]
fn a_plan_in_other_steps_than_the_robots_is_caught() {
    for dt_secs in [0.02, 0.0, -STEP_SECS, f64::NAN] {
        let mut plan = good();
        plan.trajectory.dt_secs = dt_secs;
        assert_eq!(reason_of(&plan, &context()), "period", "{dt_secs}");
    }
}

#[test]
fn collision_checked_a_plan_along_the_wall_is_caught() {
    let mut plan = good();
    for state in &mut plan.trajectory.states {
        state.position[0] += 0.199;
    }
    let shifted = Context { state: plan.trajectory.states[0], ..context() };
    assert_eq!(reason_of(&plan, &shifted), "collision");
}

#[test]
fn continuity_a_plan_from_elsewhere_is_caught() {
    let moved = Context { state: State::at_rest([1.0, 1.1]), ..context() };
    assert_eq!(reason_of(&good(), &moved), "discontinuity");
    let moving = Context { state: State { velocity: [0.0, 2.0], ..START }, ..context() };
    assert_eq!(reason_of(&good(), &moving), "discontinuity");
    let unknown = Context { state: State { position: [f64::NAN, 1.0], ..START }, ..context() };
    assert_eq!(reason_of(&good(), &unknown), "discontinuity");
}

#[test]
fn fresh_data_old_future_and_nan_stamps_are_caught() {
    for stamp in [9.0, 11.0, f64::NAN] {
        assert_eq!(reason_of(&good(), &Context { observed_secs: stamp, ..context() }), "stale_observation");
        assert_eq!(reason_of(&good(), &Context { map_secs: stamp, ..context() }), "stale_map");
    }
}

#[test]
fn on_time_a_late_plan_is_caught() {
    for late in [0.06, f64::INFINITY, f64::NAN] {
        assert_eq!(reason_of(&good(), &Context { elapsed_secs: late, ..context() }), "deadline");
    }
}

#[test]
fn a_plan_is_not_kept_on_stale_data_or_late() {
    let (world, mut gate) = (world(), Gate::new(GateLimits::default()));
    assert_eq!(gate.keep(&world, &context()), Err(Rejection::NoPlan));
    gate.admit(&world, Ok(&good()), &context());
    assert!(gate.keep(&world, &context()).is_ok());
    let keep = |gate: &mut Gate, context| gate.keep(&world, &context).map_err(|reason| reason.name()).err();
    assert_eq!(keep(&mut gate, Context { observed_secs: 9.0, ..context() }), Some("stale_observation"));
    assert_eq!(keep(&mut gate, Context { map_secs: 9.0, ..context() }), Some("stale_map"));
    assert_eq!(keep(&mut gate, Context { elapsed_secs: 0.06, ..context() }), Some("deadline"));
}

#[test]
fn a_correction_that_did_not_converge_is_caught() {
    assert_eq!(reason_of(&Corrected { converged: false, ..good() }, &context()), "not_converged");
    for residual_after_m in [0.2, f64::NAN] {
        assert_eq!(reason_of(&Corrected { residual_after_m, ..good() }, &context()), "not_converged");
    }
}

#[test]
fn fallbacks_last_safe_plan_then_brake_then_stop() {
    let (world, mut gate) = (world(), Gate::new(GateLimits::default()));
    let plan = good();
    assert_eq!(gate.admit(&world, Ok(&plan), &context()).origin(), Origin::Planned);

    // On the plan, half a second later: the rest of it is the best that is known.
    let on_plan =
        Context { state: plan.trajectory.states[20], now_secs: 10.2, observed_secs: 10.2, map_secs: 10.2, ..context() };
    let late = Context { elapsed_secs: 1.0, ..on_plan };
    let left = gate.admit(&world, Ok(&plan), &late);
    assert!(matches!(left.origin(), Origin::Fallback { kind: Fallback::LastSafePlan, .. }));
    assert_eq!(left.trajectory().states[0], plan.trajectory.states[20]);

    // Pushed off the plan: brake from where the robot is.
    let off_plan = Context { state: State::moving([0.8, 2.0], [0.0, 3.0]), ..late };
    let left = gate.admit(&world, Err(Rejection::PlannerFailed), &off_plan);
    assert!(matches!(left.origin(), Origin::Fallback { kind: Fallback::Brake, reason: Rejection::PlannerFailed }));
    assert!(left.trajectory().states.last().is_some_and(|state| state.speed() < 0.05));

    // Running at a wall that braking does not save from: nothing is safe but to let go.
    let doomed = Context { state: State::moving([0.8, 3.1], [0.0, 5.0]), ..late };
    let left = gate.admit(&world, Err(Rejection::PlannerFailed), &doomed);
    assert!(matches!(left.origin(), Origin::Fallback { kind: Fallback::Stop, .. }));

    // An unknown state: the plan holds no position.
    let lost = Context { state: State::from_array([f64::NAN; 4]), ..late };
    let left = gate.admit(&world, Err(Rejection::PlannerFailed), &lost);
    assert!(left.reference_at(10.0).is_none());
    assert_eq!((gate.rejections().total(), gate.fallbacks(Fallback::Stop)), (4, 2));
}

#[test]
fn one_bad_plan_does_not_poison_the_next() {
    let (world, mut gate) = (world(), Gate::new(GateLimits::default()));
    let mut bad = good();
    bad.trajectory.states[3].velocity[0] = f64::NAN;
    for _ in 0..3 {
        assert_ne!(gate.admit(&world, Ok(&bad), &context()).origin(), Origin::Planned);
        assert_eq!(gate.admit(&world, Ok(&good()), &context()).origin(), Origin::Planned);
    }
    assert_eq!((gate.passed(), gate.rejections().total()), (3, 3));
}

#[test]
fn every_fallback_that_has_states_is_itself_within_the_limits() {
    let (world, limits) = (world(), GateLimits::default());
    for velocity in [[0.0, 4.0], [0.5, -2.0], [-1.0, 1.0]] {
        let state = State::moving([0.8, 2.0], velocity);
        let here = Context { state, ..context() };
        let mut gate = Gate::new(limits);
        let left = gate.admit(&world, Err(Rejection::PlannerFailed), &here);
        assert!(matches!(left.origin(), Origin::Fallback { kind: Fallback::Brake, .. }), "{velocity:?}");
        assert!(checks::check_continuing(&limits, &world, left.trajectory(), &here).is_ok());
    }
}

/// A gentle plan straight from one place to another, at rest at both ends.
fn straight(from: Point, to: Point) -> Corrected {
    let path: Vec<Point> = (0..=20)
        .map(|k| {
            let share = f64::from(k) / 20.0;
            [from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])]
        })
        .collect();
    let mut reference = Trajectory::default();
    let limits = PointMass::default().actuator_limits(0.5);
    let start = State::at_rest(from);
    assert!(TimeParameterizer::new(50, 500).parameterize(&path, &start, &limits, STEP_SECS, &mut reference).is_ok());
    Corrected { converged: true, trajectory: reference, ..Corrected::default() }
}

#[test]
fn a_robot_that_has_touched_a_wall_may_leave_it_but_not_follow_it() {
    // The ball's radius is 0.1 m, and the wall above the first corridor ends at x = 0.3.
    let at_wall = [0.402, 1.5];
    let context = Context { state: State::at_rest(at_wall), ..context() };
    assert_eq!(reason_of(&straight(at_wall, [1.0, 1.5]), &context), "passed");
    assert_eq!(reason_of(&straight(at_wall, [0.402, 2.2]), &context), "collision");
    // Out and back into the wall again.
    let mut back = straight(at_wall, [1.0, 1.5]);
    let turned = |state: &State| State { velocity: state.velocity.map(|value| -value), ..*state };
    let returning: Vec<State> = back.trajectory.states.iter().rev().map(turned).collect();
    back.trajectory.states.extend(returning);
    back.trajectory.commands.clear();
    assert_eq!(reason_of(&back, &context), "collision");
    // Up to 3 cm deep there is a way out; deeper in a wall nothing helps.
    for (depth, verdict) in [(0.02, "passed"), (0.029, "passed"), (0.031, "collision"), (0.04, "collision")] {
        let inside = [0.4 - depth, 1.5];
        let context = Context { state: State::at_rest(inside), ..context };
        assert_eq!(reason_of(&straight(inside, [1.0, 1.5]), &context), verdict, "{depth}");
        let follows = reason_of(&straight(inside, [0.4 - depth, 2.2]), &context);
        assert_eq!(follows, "collision", "{depth}");
        let deeper = reason_of(&straight(inside, [0.39 - depth, 1.5]), &context);
        assert_eq!(deeper, "collision", "{depth}");
    }
    // Too slowly: after 0.3 s it is still in contact.
    let inside = [0.375, 1.5];
    let mut slow = straight(inside, [1.0, 1.5]);
    let waits = vec![State::at_rest(inside); 40];
    slow.trajectory.states.splice(0..0, waits);
    slow.trajectory.commands.clear();
    let context = Context { state: State::at_rest(inside), ..context };
    assert_eq!(reason_of(&slow, &context), "collision");
}

/// A box of 0.5 m x 0.4 m round its centre that faces the wall which ends at x = 0.3.
fn nose_to_wall(padding_m: f64) -> World {
    let corners = [[0.25, 0.2], [-0.25, 0.2], [-0.25, -0.2], [0.25, -0.2]];
    let footprint = Footprint::Polygon(Polygon::new(&corners, padding_m).expect("a box"));
    World::new(Arc::new(Differential { footprint, ..Differential::default() }), Arc::new(Layout::umaze()))
}

/// Straight back from where the nose is this far from the wall, 2 mm a state.
fn backwards(gap_m: f64) -> Trajectory {
    let at = |index: u32| State::at_pose([0.55 + gap_m + 2e-3 * f64::from(index), 1.5], std::f64::consts::PI);
    Trajectory { dt_secs: 0.02, states: (0..60).map(at).collect(), commands: Vec::new() }
}

fn leads_away(world: &World, plan: &Trajectory) -> bool {
    checks::leads_away(&GateLimits::default(), world, plan)
}

#[test]
fn a_polygons_way_out_of_contact_that_comes_3_mm_nearer_is_caught() {
    for (padding_m, gap_m) in [(0.01, 0.012), (0.01, 0.004), (0.03, 0.01)] {
        let world = nose_to_wall(padding_m);
        let plan = backwards(gap_m);
        assert!(leads_away(&world, &plan), "{padding_m} {gap_m}");
        let mut nearer = plan.clone();
        nearer.states[1..].iter_mut().for_each(|state| state.position[0] -= 3e-3);
        assert!(!leads_away(&world, &nearer), "{padding_m} {gap_m}");
        // Between two states that are equally near, a corner swings 3 mm nearer.
        let peak_rad = 0.2_f64.atan2(0.25);
        let half_rad = (1.0 - 3e-3 / 0.25_f64.hypot(0.2)).acos();
        let turned = |sign: f64| std::f64::consts::PI + peak_rad + sign * half_rad;
        let mut swinging = plan.clone();
        swinging.states.iter_mut().for_each(|state| {
            state.position[0] += 0.25_f64.hypot(0.2) - 3e-3 - 0.25;
            state.heading_rad = turned(-1.0);
        });
        assert!(leads_away(&world, &swinging), "{padding_m} {gap_m}");
        swinging.states[1..].iter_mut().for_each(|state| state.heading_rad = turned(1.0));
        swinging.states[1].position = swinging.states[0].position;
        assert!(!leads_away(&world, &swinging), "{padding_m} {gap_m}");
    }
}

#[test]
fn a_polygon_is_led_out_of_contact_only_as_deep_as_its_padding() {
    // A millimetre of the padding is the sweep's own.
    for (gap_m, verdict) in [(0.028, true), (0.01, true), (0.002, true), (-0.001, false), (-0.01, false)] {
        assert_eq!(leads_away(&nose_to_wall(0.03), &backwards(gap_m)), verdict, "{gap_m}");
    }
    assert!(!leads_away(&nose_to_wall(0.0), &backwards(-0.001)), "without padding there is no contact to leave");
    // Not deeper than other robots, however wide the padding is.
    assert!(leads_away(&nose_to_wall(0.1), &backwards(0.072)) && !leads_away(&nose_to_wall(0.1), &backwards(0.06)));
    // An outline that is thinner than 3 cm is nowhere deep, and in the wall all the same.
    let corners = [[0.25, 0.01], [-0.25, 0.01], [-0.25, -0.01], [0.25, -0.01]];
    let footprint = Footprint::Polygon(Polygon::new(&corners, 0.01).expect("a box"));
    let thin = World::new(Arc::new(Differential { footprint, ..Differential::default() }), Arc::new(Layout::umaze()));
    assert!(leads_away(&thin, &backwards(0.005)) && !leads_away(&thin, &backwards(-0.005)));
}
