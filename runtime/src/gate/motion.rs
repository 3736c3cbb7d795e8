//! Whether the states of a plan follow from one another within the limits of the robot's motion. Fails for NaN.

use super::checks::Measured;
use super::envelope::{DriveEnvelope, Envelope, along};
use super::rejection::Rejection;
use crate::geometry::wrapped;
use crate::trajectory::Trajectory;
use crate::world::{Actuation, State};

type Verdict = Result<(), Rejection>;

/// Motion across the heading that counts as none, m/s.
const SLIP_MPS: f64 = 0.01;
/// Up to this speed a car stands, m/s: its wheels may turn meanwhile, and no state shows them.
const STANDING_MPS: f64 = 1e-6;
/// Rounding of the steering angle, rad.
const ANGLE_RAD: f64 = 1e-6;

/// Checks every pair of neighbours, and of a drive every state.
pub(super) fn check(envelope: &Envelope, plan: &Trajectory, measured: &mut Measured) -> Verdict {
    if let Some(drive) = &envelope.drive {
        plan.states.iter().try_for_each(|state| check_drive(drive, state))?;
    }
    let mut wheels = envelope.drive.as_ref().and_then(|drive| Wheels::of(drive, plan.states.first()?));
    for (from, to) in plan.states.iter().zip(plan.states.iter().skip(1)) {
        match (envelope.actuation, &envelope.drive) {
            (Actuation::Force { .. }, _) => {
                for axis in from.axes().into_iter().zip(to.axes()) {
                    accelerate(of_axis(axis, plan.dt_secs), envelope, measured)?;
                }
            }
            (_, None) => accelerate(of_magnitudes(from, to, plan.dt_secs), envelope, measured)?,
            (_, Some(drive)) => {
                check_arc(drive, envelope, [from, to], plan.dt_secs, measured)?;
                if let Some(wheels) = &mut wheels {
                    wheels.turn(to, plan.dt_secs)?;
                }
            }
        }
    }
    Ok(())
}

fn accelerate(acceleration: f64, envelope: &Envelope, measured: &mut Measured) -> Verdict {
    measured.acceleration_mps2 = measured.acceleration_mps2.max(acceleration);
    if !(acceleration <= envelope.acceleration_mps2) {
        return Err(Rejection::Acceleration { mps2: acceleration });
    }
    Ok(())
}

/// The acceleration along an axis. Positions must follow from velocities: a teleport shows here.
fn of_axis(((x, v), (next_x, next_v)): ((f64, f64), (f64, f64)), dt_secs: f64) -> f64 {
    let by_velocity = (next_v - v) / dt_secs;
    let mean = 0.5 * (v + next_v);
    let moved = (next_x - x) / dt_secs;
    let hidden = 2.0 * (moved - mean).abs() / dt_secs;
    by_velocity.abs().max(hidden)
}

/// The same of vectors.
fn of_magnitudes(from: &State, to: &State, dt_secs: f64) -> f64 {
    let [x, y] = from.axes();
    let [to_x, to_y] = to.axes();
    let [by_x, by_y] = [(x, to_x), (y, to_y)].map(|((_, v), (_, next))| (next - v) / dt_secs);
    let [hidden_x, hidden_y] = [(x, to_x), (y, to_y)]
        .map(|((at, v), (next_at, next))| 2.0 * ((next_at - at) / dt_secs - 0.5 * (v + next)) / dt_secs);
    let (seen, hidden) = (by_x.hypot(by_y), hidden_x.hypot(hidden_y));
    if seen >= hidden || seen.is_nan() { seen } else { hidden }
}

/// Speed in reverse, turn rate, radius, lateral acceleration and slip of a state.
fn check_drive(drive: &DriveEnvelope, state: &State) -> Verdict {
    let (speed, rate) = (along(state), state.turn_rate_radps);
    if !(speed >= drive.min_speed_mps - 1e-9) {
        return Err(Rejection::Speed { mps: speed });
    }
    let lateral = (speed * rate).abs();
    // Rounding: a robot that stands may turn by a hair.
    let turns = rate.abs() <= drive.turn_rate_radps && rate.abs() * drive.radius_m <= speed.abs() + 1e-6;
    if !(turns && lateral <= drive.lateral_acceleration_mps2) {
        return Err(Rejection::TurnRate { radps: rate });
    }
    let across = state.velocity[1] * state.heading_rad.cos() - state.velocity[0] * state.heading_rad.sin();
    if !(across.abs() <= SLIP_MPS) {
        return Err(Rejection::Slip { mps: across });
    }
    Ok(())
}

/// Positions must follow from headings and speeds, headings from turn rates, as on an arc.
fn check_arc(
    drive: &DriveEnvelope,
    envelope: &Envelope,
    [from, to]: [&State; 2],
    dt_secs: f64,
    measured: &mut Measured,
) -> Verdict {
    let (v, next_v) = (along(from), along(to));
    let (w, next_w) = (from.turn_rate_radps, to.turn_rate_radps);
    let turned = wrapped(to.heading_rad - from.heading_rad);
    let by_rate = (next_w - w).abs() / dt_secs;
    let hidden = 2.0 * (turned / dt_secs - 0.5 * (w + next_w)).abs() / dt_secs;
    let turn_acceleration = if by_rate >= hidden || by_rate.is_nan() { by_rate } else { hidden };
    if !(turn_acceleration <= drive.turn_acceleration_radps2) {
        return Err(Rejection::TurnAcceleration { radps2: turn_acceleration });
    }
    // The chord of an arc lies along the middle heading.
    let (sin, cos) = (from.heading_rad + 0.5 * turned).sin_cos();
    let [x, y] = [to.position[0] - from.position[0], to.position[1] - from.position[1]];
    let across = (y * cos - x * sin) / dt_secs;
    if !(across.abs() <= SLIP_MPS) {
        return Err(Rejection::Slip { mps: across });
    }
    let arc = 0.5 * turned;
    let stretch = if arc.abs() > 1e-6 { arc / arc.sin() } else { 1.0 };
    let along_arc = stretch * (x * cos + y * sin);
    accelerate(of_axis(((0.0, v), (along_arc, next_v)), dt_secs), envelope, measured)?;
    Ok(())
}

/// The wheels of a car along a plan: their angle where it moves, all that they can have turned to where it stands.
struct Wheels {
    wheelbase_m: f64,
    rate_radps: f64,
    /// Least and largest angle, rad.
    angles: [f64; 2],
}

impl Wheels {
    /// At the first state; those of a car that stands are straight.
    fn of(drive: &DriveEnvelope, first: &State) -> Option<Self> {
        let (wheelbase_m, rate_radps) = drive.steering?;
        let mut wheels = Self { wheelbase_m, rate_radps, angles: [0.0; 2] };
        wheels.angles = [wheels.angle(first).unwrap_or_default(); 2];
        Some(wheels)
    }

    /// The angle that a state's curvature shows, at any speed.
    fn angle(&self, state: &State) -> Option<f64> {
        let speed = along(state);
        // Also true for NaN.
        let moves = !(speed.abs() <= STANDING_MPS);
        moves.then(|| (self.wheelbase_m * state.turn_rate_radps / speed).atan())
    }

    /// On to the next state.
    fn turn(&mut self, to: &State, dt_secs: f64) -> Verdict {
        let ([low, high], by) = (self.angles, self.rate_radps * dt_secs);
        let Some(angle) = self.angle(to) else {
            self.angles = [low - by, high + by];
            return Ok(());
        };
        let off = if angle < low { low - angle } else { (angle - high).max(0.0) };
        if !(angle - high <= by + ANGLE_RAD && low - angle <= by + ANGLE_RAD) {
            return Err(Rejection::Steering { radps: if angle.is_nan() { angle } else { off / dt_secs } });
        }
        self.angles = [angle; 2];
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Ackermann, Differential, Omni, Robot};

    fn driven(robot: &dyn Robot) -> Trajectory {
        let mut state = State::at_pose([0.0; 2], 3.0);
        let mut plan = Trajectory { dt_secs: robot.step_secs(), states: vec![state], commands: Vec::new() };
        for step in 0..150 {
            state = robot.free_step(&state, [(0.03 * f64::from(step)).cos(), (0.05 * f64::from(step)).sin()]);
            plan.states.push(state);
        }
        plan
    }

    fn verdict(robot: &dyn Robot, change: impl FnOnce(&mut Vec<State>)) -> &'static str {
        let mut plan = driven(robot);
        change(&mut plan.states);
        match check(&Envelope::of(robot), &plan, &mut Measured::default()) {
            Ok(()) => "passed",
            Err(rejection) => rejection.name(),
        }
    }

    /// A creeping car: what its wheels do shows at every speed.
    #[test]
    fn wheels_that_jump_at_a_crawl_are_caught_and_those_of_a_car_that_stands_may_turn() {
        let car = Ackermann::default();
        let creeping = |angles: &[Option<f64>]| {
            let mut state = State::at_rest([0.0; 2]);
            let mut plan = Trajectory { dt_secs: car.step_secs, states: vec![state], commands: Vec::new() };
            for angle in angles {
                let speed = if angle.is_some() { 0.02 } else { 0.0 };
                let rate = angle.map_or(0.0, |angle| speed * angle.tan() / car.wheelbase_m);
                let (from, turned) = (state.forward_speed(), state.turn_rate_radps);
                state = crate::world::robot::arc(&state, [from, speed], [turned, rate], car.step_secs);
                plan.states.push(state);
            }
            check(&Envelope::of(&car), &plan, &mut Measured::default())
        };
        // 2 rad/s in steps of 0.02 s: 0.04 rad.
        assert_eq!(creeping(&[Some(0.04), Some(0.08), Some(0.04)]), Ok(()));
        match creeping(&[Some(0.04), Some(0.24), Some(0.24)]) {
            Err(Rejection::Steering { radps }) => assert!((radps - 10.0).abs() < 1e-6, "{radps}"),
            other => panic!("{other:?}"),
        }
        // A stop of three steps gives time for three, and for the step before and after.
        let up = [0.04, 0.08, 0.12, 0.16].map(Some);
        let stopped = |steps: usize, then: f64| {
            let mut angles = up.to_vec();
            angles.extend(std::iter::repeat_n(None, steps));
            angles.push(Some(then));
            creeping(&angles)
        };
        assert_eq!(stopped(3, 0.0), Ok(()));
        assert!(matches!(stopped(2, 0.0), Err(Rejection::Steering { .. })));
        assert!(creeping(&[Some(f64::NAN)]).is_err());
    }

    #[test]
    fn what_a_robot_drives_passes_and_every_kind_of_jump_is_caught() {
        let robots: [&dyn Robot; 3] = [&Omni::default(), &Differential::default(), &Ackermann::default()];
        for robot in robots {
            assert_eq!(verdict(robot, |_| ()), "passed", "{robot:?}");
            let teleported = |states: &mut Vec<State>| {
                let (sin, cos) = states[60].heading_rad.sin_cos();
                states[60].position = [states[60].position[0] + 0.02 * cos, states[60].position[1] + 0.02 * sin];
            };
            let jumped = verdict(robot, teleported);
            assert!(["acceleration", "slip"].contains(&jumped), "{jumped} {robot:?}");
            let halted = verdict(robot, |states| states[60].velocity = [0.0; 2]);
            assert!(["acceleration", "turn_rate"].contains(&halted), "{halted} {robot:?}");
        }
        for robot in &robots[1..] {
            let turned = verdict(*robot, |states| states[60].heading_rad += 0.02);
            assert!(["turn_acceleration", "slip"].contains(&turned), "{turned} {robot:?}");
            let faster = verdict(*robot, |states| states[60].turn_rate_radps += 0.4);
            assert!(["turn_acceleration", "turn_rate"].contains(&faster), "{faster} {robot:?}");
            let spun = |states: &mut Vec<State>| states.iter_mut().for_each(|state| state.turn_rate_radps = 20.0);
            assert_eq!(verdict(*robot, spun), "turn_rate", "{robot:?}");
            let sideways = |states: &mut Vec<State>| {
                for (index, state) in states.iter_mut().enumerate() {
                    let (sin, cos) = state.heading_rad.sin_cos();
                    let by = 0.001 * index as f64;
                    state.position = [state.position[0] - by * sin, state.position[1] + by * cos];
                }
            };
            assert_eq!(verdict(*robot, sideways), "slip", "{robot:?}");
            let reversed = |states: &mut Vec<State>| {
                for state in states {
                    state.velocity = state.velocity.map(|value| -4.0 * value);
                }
            };
            assert_eq!(verdict(*robot, reversed), "speed", "{robot:?}");
            for bad in [f64::NAN, f64::INFINITY] {
                assert_ne!(verdict(*robot, |states| states[9].heading_rad = bad), "passed");
                assert_ne!(verdict(*robot, |states| states[9].turn_rate_radps = bad), "passed");
            }
        }
    }
}
