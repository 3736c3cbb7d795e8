//! Whether a plan keeps clear of moving discs: the straight motion of each of its steps against that which is predicted of
//! each disc. Fails for NaN.
//!
//! Of two points that move straight and at constant speed one is, seen from the other, a segment; its distance from the
//! origin is the closest approach. Nothing here is shared with the search that makes such plans.

use super::checks::GateLimits;
use super::rejection::Rejection;
use crate::geometry::{Point, distance_to_segment};
use crate::trajectory::Trajectory;
use crate::world::{MovingDisc, State, World};

/// Approach that counts as none, metres.
const ROUNDING_M: f64 = 1e-6;

/// Age of the discs, then every step of a plan that begins now. A plan that begins nearer to a disc than the limit may not
/// come nearer. Steps beyond the prediction, and a robot that stands at the end of its plan, are not held against discs.
pub(super) fn check(limits: &GateLimits, world: &World, plan: &Trajectory, now_secs: f64) -> Result<(), Rejection> {
    let Some(moving) = world.moving() else { return Ok(()) };
    let age_secs = now_secs - moving.stamp_secs();
    if !(age_secs.abs() <= limits.max_age_secs) {
        return Err(Rejection::StaleMoving { secs: age_secs });
    }
    let Some(first) = plan.states.first() else { return Err(Rejection::NoPlan) };
    let robot_m = world.robot().footprint().circumscribed_radius_m();
    for disc in moving.discs() {
        let apart_m = robot_m + disc.radius_m;
        let from = seen_from(disc, first, age_secs);
        // min() drops NaN, which the first step then shows.
        let needed_m = limits.moving_clearance_m.min(from[0].hypot(from[1]) - apart_m - ROUNDING_M);
        for (index, (state, next)) in plan.states.iter().zip(plan.states.iter().skip(1)).enumerate() {
            let secs = plan.dt_secs * index as f64;
            if age_secs + secs > moving.horizon_secs() {
                break;
            }
            let path = [seen_from(disc, state, age_secs + secs), seen_from(disc, next, age_secs + secs + plan.dt_secs)];
            let clearance_m = distance_to_segment([0.0; 2], path[0], path[1]) - apart_m;
            if !(clearance_m >= needed_m) {
                return Err(Rejection::MovingCollision { clearance_m, secs });
            }
        }
    }
    Ok(())
}

/// The robot's place seen from a disc.
fn seen_from(disc: &MovingDisc, state: &State, secs: f64) -> Point {
    let [x, y] = disc.after(secs);
    [state.position[0] - x, state.position[1] - y]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::{Context, Fallback, Gate, Origin};
    use crate::world::{GridMap, Map, MovingObstacles, Omni, Robot};
    use std::sync::Arc;

    const NOW_SECS: f64 = 100.0;

    fn hall() -> Arc<dyn Map> {
        let bounds = crate::world::Aabb { low: [0.0; 2], high: [12.0, 8.0] };
        Arc::new(GridMap::from_boxes("hall", bounds, 0.1, std::iter::empty()).expect("a grid"))
    }

    fn world(disc: MovingDisc, stamp_secs: f64) -> World {
        let moving = MovingObstacles::new(vec![disc], stamp_secs, 5.0).expect("discs");
        World::new(Arc::new(Omni::default()), hall()).with_moving(Arc::new(moving))
    }

    /// Along y = 4 at 1 m/s from x = 2.
    fn driven(secs: f64) -> Trajectory {
        let state = |step: usize| State::moving([2.0 + 0.02 * step as f64, 4.0], [1.0, 0.0]);
        Trajectory { dt_secs: 0.02, states: (0..=(secs / 0.02) as usize).map(state).collect(), commands: Vec::new() }
    }

    fn verdict(disc: MovingDisc, stamp_secs: f64) -> Result<(), Rejection> {
        check(&GateLimits::default(), &world(disc, stamp_secs), &driven(6.0), NOW_SECS)
    }

    #[test]
    fn a_disc_on_the_way_is_caught_when_it_is_there_and_not_before_or_after() {
        // It crosses x = 4 on the plan's line 2 s from now, when the robot is there.
        let crossing = MovingDisc { position: [4.0, 2.0], velocity: [0.0, 1.0], radius_m: 0.3 };
        let Err(Rejection::MovingCollision { clearance_m, secs }) = verdict(crossing, NOW_SECS) else {
            panic!("expected a collision")
        };
        assert!(clearance_m < 0.05 && (1.2..2.0).contains(&secs), "{clearance_m} {secs}");
        // The same disc half as fast or twice as fast is elsewhere.
        assert_eq!(verdict(MovingDisc { velocity: [0.0, 0.5], ..crossing }, NOW_SECS), Ok(()));
        assert_eq!(verdict(MovingDisc { velocity: [0.0, 2.0], ..crossing }, NOW_SECS), Ok(()));
        // One that runs ahead of the robot, almost as fast, has moved on since it was seen.
        let ahead_m = world(crossing, NOW_SECS).robot().footprint().circumscribed_radius_m() + 0.3;
        let ahead = MovingDisc { position: [2.0 + ahead_m, 4.0], velocity: [1.0, 0.0], radius_m: 0.3 };
        assert_eq!(verdict(MovingDisc { velocity: [0.99, 0.0], ..ahead }, NOW_SECS - 0.15), Ok(()));
        assert!(verdict(MovingDisc { velocity: [0.99, 0.0], ..ahead }, NOW_SECS).is_err());
        // Beyond the prediction it is not looked at: the robot is at x = 7 after 5 s.
        let late = MovingDisc { position: [7.3, 4.0], velocity: [0.0; 2], radius_m: 0.1 };
        assert!(verdict(late, NOW_SECS).is_err());
        assert_eq!(verdict(MovingDisc { position: [7.6, 4.0], ..late }, NOW_SECS), Ok(()));
    }

    #[test]
    fn a_fast_disc_cannot_pass_between_two_steps() {
        // 40 m/s: 0.8 m a step, and a radius of 0.05 m.
        let disc = MovingDisc { position: [3.0, 4.0 - 39.6], velocity: [0.0, 40.0], radius_m: 0.05 };
        assert!(matches!(verdict(disc, NOW_SECS), Err(Rejection::MovingCollision { .. })));
    }

    #[test]
    fn old_discs_discs_from_the_future_and_times_that_are_nan_are_refused() {
        let far = MovingDisc { position: [10.0, 7.0], velocity: [0.0; 2], radius_m: 0.3 };
        assert_eq!(verdict(far, NOW_SECS - 0.1), Ok(()));
        for stamp_secs in [NOW_SECS - 0.3, NOW_SECS + 0.3, 0.0] {
            assert!(matches!(verdict(far, stamp_secs), Err(Rejection::StaleMoving { .. })), "{stamp_secs}");
        }
        let at = |now_secs| check(&GateLimits::default(), &world(far, NOW_SECS), &driven(1.0), now_secs);
        assert!(matches!(at(f64::NAN), Err(Rejection::StaleMoving { .. })));
        let mut lost = driven(1.0);
        lost.states[7].position[1] = f64::NAN;
        let broken = check(&GateLimits::default(), &world(far, NOW_SECS), &lost, NOW_SECS);
        assert!(matches!(broken, Err(Rejection::MovingCollision { .. })), "{broken:?}");
        let limits = GateLimits { moving_clearance_m: f64::NAN, ..GateLimits::default() };
        let touching = MovingDisc { position: [4.0, 4.0], ..far };
        assert!(check(&limits, &world(touching, NOW_SECS), &driven(6.0), NOW_SECS).is_err());
    }

    #[test]
    fn from_beside_a_disc_a_plan_may_lead_away_and_not_nearer() {
        // Clearances of 0.03 and -0.02 m: the robot's radius is 0.22 m.
        for apart_m in [0.55, 0.5] {
            let behind = MovingDisc { position: [2.0 - apart_m, 4.0], velocity: [0.0; 2], radius_m: 0.3 };
            assert_eq!(verdict(behind, NOW_SECS), Ok(()));
            let ahead = MovingDisc { position: [2.0 + apart_m, 4.0], ..behind };
            assert!(verdict(ahead, NOW_SECS).is_err());
        }
    }

    #[test]
    fn the_plan_in_force_is_dropped_for_a_disc_and_the_robot_brakes_with_the_reason() {
        let mut gate = Gate::new(GateLimits::default());
        let free = World::new(Arc::new(Omni::default()), hall());
        let mut state = State::at_rest([2.0, 4.0]);
        let mut corrected = crate::correction::Corrected { converged: true, ..Default::default() };
        corrected.trajectory.dt_secs = 0.02;
        corrected.trajectory.states.push(state);
        for _ in 0..200 {
            state = Omni::default().free_step(&state, [1.0, 0.0]);
            corrected.trajectory.commands.push([1.0, 0.0]);
            corrected.trajectory.states.push(state);
        }
        let context = |now_secs: f64, state: State| Context {
            state,
            now_secs,
            observed_secs: now_secs,
            map_secs: now_secs,
            elapsed_secs: 0.0,
        };
        let begun = context(NOW_SECS, corrected.trajectory.states[0]);
        assert_eq!(gate.admit(&free, Ok(&corrected), &begun).origin(), Origin::Planned);
        let later = context(NOW_SECS + 1.0, corrected.trajectory.states[50]);
        assert!(gate.keep(&free, &later).is_ok());
        let disc = MovingDisc { position: [4.5, 4.0], velocity: [-0.5, 0.0], radius_m: 0.3 };
        let occupied = world(disc, NOW_SECS + 1.0);
        let reason = gate.keep(&occupied, &later).expect_err("a disc ahead");
        assert_eq!(reason.name(), "moving_collision");
        let plan = gate.admit(&occupied, Err(reason), &later);
        assert_eq!(plan.origin(), Origin::Fallback { kind: Fallback::Brake, reason });
        assert!(plan.trajectory().states.last().is_some_and(|last| last.speed() < 1e-6));
    }
}
