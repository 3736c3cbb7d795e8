//! The contract of [`Robot`]: dynamics, corrector and gate describe the same physics.

use crate::correction::{Corrected, TimeParameterizer, Tracker};
use crate::gate::{Context, Gate, GateLimits, Origin, check_motion};
use crate::trajectory::Trajectory;
use crate::world::contract::ensure_clause;
use crate::world::{AxisLimits, BrokenContract, DriveLimits, Layout, MotionLimits, Point, Robot, State, World};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// Checks the contract of [`Robot`] with random states and commands, the same on every call.
///
/// # Errors
/// The first clause that does not hold.
pub fn check_robot(robot: Arc<dyn Robot>) -> Result<(), BrokenContract> {
    let world = hall(robot)?;
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    check_motion(&world, CENTRE, &mut rng)?;
    the_corrector_drives_it(&world, &mut rng)
}

/// An open hall of 60 m.
fn hall(robot: Arc<dyn Robot>) -> Result<World, BrokenContract> {
    let text = format!("{0}\n{1}{0}", "#".repeat(62), format!("#{}#\n", "O".repeat(60)).repeat(60));
    let layout = Layout::parse("hall", &text);
    let layout = layout.map_err(|error| BrokenContract { clause: "a hall", found: error.to_string() })?;
    Ok(World::new(robot, Arc::new(layout)))
}

const CENTRE: Point = [30.0, 30.0];

/// A motion that the robot made is followed exactly; the fastest way along a path is followed closely and passes the
/// gate.
fn the_corrector_drives_it(world: &World, rng: &mut ChaCha8Rng) -> Result<(), BrokenContract> {
    let (robot, tracker, start) = (world.robot(), Tracker, State::at_rest(CENTRE));
    let mut made = Trajectory { dt_secs: robot.step_secs(), states: vec![start], commands: Vec::new() };
    let mut state = start;
    for _ in 0..200 {
        state = robot.free_step(&state, std::array::from_fn(|_| rng.random_range(-1.0..=1.0)));
        made.states.push(state);
    }
    let mut driven = Trajectory::default();
    let report = tracker.track(world, &start, &made, 0, &mut driven);
    let exact = report.residual_m < 1e-9 && report.pushing_steps == 0;
    ensure_clause!(exact, "exact tracking of a motion that the robot made", "{report:?}");

    let [x, y] = CENTRE;
    let path: Vec<Point> =
        (0..=60).map(|index| 0.1 * f64::from(index)).map(|along| [x + along, y + (0.5 * along).sin()]).collect();
    let limits = robot.actuator_limits(0.95);
    let mut timed = Trajectory::default();
    let secs = TimeParameterizer::new(100, 2000).parameterize(&path, &start, &limits, robot.step_secs(), &mut timed);
    let (MotionLimits::Axes(AxisLimits { speed_mps, acceleration_mps2 })
    | MotionLimits::Norm { speed_mps, acceleration_mps2 }
    | MotionLimits::Drive(DriveLimits { max_speed_mps: speed_mps, acceleration_mps2, .. })) = robot.limits();
    // Twice as long as straight ahead at full speed, and 2 s for turns.
    let enough = 2.0 * (6.0 / speed_mps + speed_mps / acceleration_mps2) + 2.0;
    let in_time = secs.as_ref().is_ok_and(|secs| *secs < enough);
    ensure_clause!(in_time, "a path of 6 m driven about as fast as its limits allow", "{secs:?} for {enough} s");
    let report = tracker.track(world, &start, &timed, 20, &mut driven);
    let residual_after_m = report.residual_m;
    ensure_clause!(residual_after_m < 0.05, "the fastest way along a path tracked within 5 cm", "{report:?}");
    let corrected = Corrected { trajectory: driven, residual_after_m, converged: true, ..Corrected::default() };
    let context = Context { state: start, now_secs: 0.0, observed_secs: 0.0, map_secs: 0.0, elapsed_secs: 0.0 };
    let mut gate = Gate::new(GateLimits::default());
    let plan = gate.admit(world, Ok(&corrected), &context);
    let (origin, measured) = (plan.origin(), plan.measured());
    let passes = origin == Origin::Planned && measured.clearance_m > 0.4;
    ensure_clause!(passes, "a corrected plan that passes the gate", "{origin:?}, {measured:?}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Footprint, Polygon};
    use crate::world::{Ackermann, ContactLaw, Differential, Omni, PointMass};

    fn conforms(robot: impl Robot + 'static) {
        let found = check_robot(Arc::new(robot));
        assert_eq!(found, Ok(()));
    }

    #[test]
    fn the_point_mass_conforms() {
        for contact_law in [ContactLaw::Mujoco2, ContactLaw::Mujoco3] {
            conforms(PointMass { contact_law });
        }
    }

    #[test]
    fn the_omnidirectional_base_conforms() {
        conforms(Omni::default());
        conforms(Omni { step_secs: 0.05, acceleration_mps2: 4.0, ..Omni::default() });
    }

    #[test]
    fn the_differential_drive_conforms() {
        conforms(Differential::default());
        let forward_only = DriveLimits { min_speed_mps: 0.0, ..Differential::default().limits };
        conforms(Differential { step_secs: 0.05, limits: forward_only, ..Differential::default() });
        let jackal = [[0.254, 0.215], [-0.254, 0.215], [-0.254, -0.215], [0.254, -0.215]];
        let footprint = Polygon::new(&jackal, 0.02).map(Footprint::Polygon).expect("a box");
        let limits = DriveLimits { curvature_radpm: 2.0, ..Differential::default().limits };
        conforms(Differential { footprint, limits, ..Differential::default() });
    }

    #[test]
    fn the_car_conforms() {
        conforms(Ackermann::default());
        conforms(Ackermann { step_secs: 0.05, min_speed_mps: 0.0, ..Ackermann::default() });
    }
}
