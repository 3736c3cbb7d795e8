//! D4RL's ball: a point mass that two motors push along x and y, under MuJoCo's semi-implicit Euler rule.

use super::contact::{Contacts, Sphere};
use super::{Actuation, AxisLimits, ContactLaw, MotionLimits, PlanRoom, Robot, StepReport};
use crate::geometry::{Footprint, Point};
use crate::world::map::Map;
use crate::world::state::{Command, State, saturated};

/// Simulation and control period.
pub const STEP_SECS: f64 = 0.01;
/// Ball radius.
pub const RADIUS_M: f64 = 0.1;
/// Ball mass: a sphere of density 1000 kg/m^3.
pub const MASS_KG: f64 = 4.0 / 3.0 * std::f64::consts::PI * RADIUS_M * RADIUS_M * RADIUS_M * 1000.0;
/// Joint damping per axis, N s/m.
pub const DAMPING_NSPM: f64 = 1.0;
/// Motor force at full command, N.
pub const GEAR_N: f64 = 100.0;
/// The velocity clip per axis, applied before each step.
pub const VELOCITY_CLIP_MPS: f64 = 5.0;
/// Mass plus the implicit damping term of one step.
const IMPLICIT_MASS: f64 = MASS_KG + DAMPING_NSPM * STEP_SECS;
/// Largest acceleration per axis from rest.
pub const MAX_ACCELERATION_MPS2: f64 = GEAR_N / IMPLICIT_MASS;
/// Largest speed per axis that free motion can show: the clip plus one step at full command.
pub const MAX_SPEED_MPS: f64 =
    VELOCITY_CLIP_MPS + STEP_SECS * (GEAR_N - DAMPING_NSPM * VELOCITY_CLIP_MPS) / IMPLICIT_MASS;

/// The ball of D4RL's Maze2D.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PointMass {
    /// Its contacts.
    pub contact_law: ContactLaw,
}

impl PointMass {
    /// A disc of [`RADIUS_M`].
    pub const FOOTPRINT: Footprint = Footprint::Circle { radius_m: RADIUS_M };

    fn advance(
        state: &State,
        command: Command,
        acceleration_at: impl FnOnce(Point, Point) -> (Point, StepReport),
    ) -> (State, StepReport) {
        let command = saturated(command);
        let velocity = state.velocity.map(clipped);
        let free = [
            (GEAR_N * command[0] - DAMPING_NSPM * velocity[0]) / MASS_KG,
            (GEAR_N * command[1] - DAMPING_NSPM * velocity[1]) / MASS_KG,
        ];
        let (acceleration, report) = acceleration_at(velocity, free);
        let scale = STEP_SECS * MASS_KG / IMPLICIT_MASS;
        let next_velocity = [velocity[0] + scale * acceleration[0], velocity[1] + scale * acceleration[1]];
        let position =
            [state.position[0] + STEP_SECS * next_velocity[0], state.position[1] + STEP_SECS * next_velocity[1]];
        (State { heading_rad: state.heading_rad, ..State::moving(position, next_velocity) }, report)
    }
}

fn clipped(speed_mps: f64) -> f64 {
    speed_mps.clamp(-VELOCITY_CLIP_MPS, VELOCITY_CLIP_MPS)
}

impl Robot for PointMass {
    fn name(&self) -> &str {
        "point_mass"
    }

    fn step_secs(&self) -> f64 {
        STEP_SECS
    }

    fn footprint(&self) -> Footprint {
        Self::FOOTPRINT
    }

    fn actuation(&self) -> Actuation {
        Actuation::Force {
            mass_kg: MASS_KG,
            damping_nspm: DAMPING_NSPM,
            force_n: GEAR_N,
            speed_clip_mps: VELOCITY_CLIP_MPS,
        }
    }

    fn limits(&self) -> MotionLimits {
        // Braking from the clip, drag and motor pull the same way.
        let acceleration_mps2 = (GEAR_N + DAMPING_NSPM * VELOCITY_CLIP_MPS) / IMPLICIT_MASS;
        MotionLimits::Axes(AxisLimits { speed_mps: MAX_SPEED_MPS, acceleration_mps2 })
    }

    fn actuator_limits(&self, share: f64) -> MotionLimits {
        // At the velocity clip the drag takes 5 N of the 100.
        let drag = DAMPING_NSPM * VELOCITY_CLIP_MPS;
        MotionLimits::Axes(AxisLimits {
            acceleration_mps2: (share * GEAR_N - drag) / IMPLICIT_MASS,
            // The clip acts before each step, so the motors add one step's worth to it at most.
            speed_mps: VELOCITY_CLIP_MPS + STEP_SECS * (share * GEAR_N - drag) / IMPLICIT_MASS,
        })
    }

    /// Mazes are crossed within 20 s.
    fn plan_room(&self) -> PlanRoom {
        PlanRoom { steps: 2000, path_points: 400 }
    }

    fn step(&self, map: &dyn Map, state: &State, command: Command) -> (State, StepReport) {
        Self::advance(state, command, |velocity, free| {
            let sphere = Sphere { radius_m: RADIUS_M, mass_kg: MASS_KG, law: self.contact_law };
            let contacts = Contacts::find(map, &sphere, state.position, velocity);
            let (acceleration, pushing) = if contacts.count() == 0 { (free, 0) } else { contacts.solve(&sphere, free) };
            (acceleration, StepReport { contacts: contacts.count(), pushing })
        })
    }

    fn free_step(&self, state: &State, command: Command) -> State {
        Self::advance(state, command, |_, free| (free, StepReport::default())).0
    }

    fn inverse_dynamics(&self, state: &State, next: &State) -> Command {
        std::array::from_fn(|axis| {
            // The clip included, so that the inverse of a step is exact.
            let from = clipped(state.velocity[axis]);
            let acceleration = (next.velocity[axis] - from) / STEP_SECS;
            (IMPLICIT_MASS * acceleration + DAMPING_NSPM * from) / GEAR_N
        })
    }

    fn mean_command(&self, before: &State, after: &State, secs: f64) -> Command {
        std::array::from_fn(|axis| {
            let (from, to) = (before.velocity[axis], after.velocity[axis]);
            let force_n = MASS_KG * (to - from) / secs + DAMPING_NSPM * 0.5 * (from + to);
            let command = force_n / GEAR_N;
            if command.is_finite() { command.clamp(-1.0, 1.0) } else { 0.0 }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Layout, MazeWorld};

    #[test]
    fn free_motion_has_the_published_top_speed() {
        assert!((MAX_SPEED_MPS - 5.226_255_4).abs() < 1e-6);
        let layout = Layout::parse("long", &format!("{0}\n#{1}#\n{0}", "#".repeat(60), "O".repeat(58)));
        let Ok(layout) = layout else { panic!("the corridor parses") };
        let world = MazeWorld::new(layout);
        let mut state = State::at_rest([1.0 - 0.2, 2.0]);
        for _ in 0..300 {
            state = world.step(&state, [0.0, 1.0]).0;
        }
        assert!((state.velocity[1] - MAX_SPEED_MPS).abs() < 1e-9, "{state:?}");
    }

    #[test]
    fn a_command_that_is_nan_does_not_corrupt_the_state() {
        let world = MazeWorld::new(Layout::umaze());
        let (state, _) = world.step(&State::at_rest([1.0, 1.0]), [f64::NAN, f64::INFINITY]);
        assert!(state.is_finite());
    }

    #[test]
    fn the_mean_command_between_two_states_is_the_one_that_was_held() {
        let robot = PointMass::default();
        for command in [[0.3, -0.2], [-0.05, 0.1], [0.0, 0.0]] {
            let before = State::moving([1.0, 1.0], [0.2, -0.1]);
            let mut after = before;
            for _ in 0..4 {
                after = robot.free_step(&after, command);
            }
            let found = robot.mean_command(&before, &after, 4.0 * STEP_SECS);
            let near = |axis: usize| (found[axis] - command[axis]).abs() < 0.02;
            assert!(near(0) && near(1), "{command:?} {found:?}");
        }
        let far = State::moving([1.0, 1.0], [f64::NAN, 100.0]);
        assert_eq!(robot.mean_command(&State::at_rest([1.0, 1.0]), &far, 0.04), [0.0, 1.0]);
    }

    #[test]
    fn the_velocity_command_reaches_what_the_motors_allow() {
        let robot = PointMass::default();
        let mut state = State::at_rest([3.0, 1.0]);
        for _ in 0..10 {
            state = robot.free_step(&state, robot.velocity_command(&state, [0.0, 1.0]));
        }
        assert!((state.velocity[1] - 1.0).abs() < 1e-9, "{state:?}");
        assert_eq!(robot.velocity_command(&state, [f64::NAN, 9.0]), [0.0, 1.0]);
    }
}
