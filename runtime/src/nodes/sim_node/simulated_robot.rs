//! The simulated robot: its dynamics with a velocity controller, as a base has, and a command watchdog.

use crate::world::{MotionLimits, Point, State, World};

/// A velocity command is obeyed for this long.
pub const COMMAND_TIMEOUT_SECS: f64 = 0.2;

/// The robot, its clock and what pushed it.
#[derive(Clone, Debug)]
pub struct SimulatedRobot {
    world: World,
    state: State,
    /// Simulated time since the start, in steps.
    steps: u64,
    /// Forward and left, m/s.
    velocity: Point,
    turn_rate_radps: f64,
    commanded_at: Option<u64>,
    wall_steps: u64,
    travelled_m: f64,
}

impl SimulatedRobot {
    /// In a state in free space.
    pub fn new(world: World, state: State) -> Self {
        Self {
            world,
            state,
            steps: 0,
            velocity: [0.0; 2],
            turn_rate_radps: 0.0,
            commanded_at: None,
            wall_steps: 0,
            travelled_m: 0.0,
        }
    }

    /// The robot on its map.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Pose and velocity.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Simulated seconds since the start.
    pub fn secs(&self) -> f64 {
        self.steps as f64 * self.world.step_secs()
    }

    /// Simulated nanoseconds since the start, exact.
    pub fn nanos(&self) -> i64 {
        let step_nanos = (1e9 * self.world.step_secs()).round() as i64;
        i64::try_from(self.steps).unwrap_or(i64::MAX).saturating_mul(step_nanos)
    }

    /// Steps in which a wall pushed the robot.
    pub fn wall_steps(&self) -> u64 {
        self.wall_steps
    }

    /// Metres so far.
    pub fn travelled_m(&self) -> f64 {
        self.travelled_m
    }

    /// Takes a velocity in the robot's frame, m/s, and a turn rate, rad/s, which robots without a heading do not use.
    /// False, and nothing changes, if the numbers are not finite.
    pub fn command(&mut self, velocity: Point, turn_rate_radps: f64) -> bool {
        let finite = velocity.iter().all(|value| value.is_finite()) && turn_rate_radps.is_finite();
        if finite {
            (self.velocity, self.turn_rate_radps) = (velocity, turn_rate_radps);
            self.commanded_at = Some(self.steps);
        }
        finite
    }

    /// Whether a command is being obeyed.
    pub fn is_commanded(&self) -> bool {
        let limit = (COMMAND_TIMEOUT_SECS / self.world.step_secs()) as u64;
        self.commanded_at.is_some_and(|at| self.steps - at <= limit)
    }

    /// Moves on by a step.
    pub fn step(&mut self) {
        let (velocity, rate) =
            if self.is_commanded() { (self.velocity, self.turn_rate_radps) } else { ([0.0; 2], 0.0) };
        let before = self.state.position;
        let robot = self.world.robot();
        let command = match robot.limits() {
            // The ball's frame is never turned, so its velocity is the map's.
            MotionLimits::Axes(_) => robot.velocity_command(&self.state, velocity),
            _ => robot.twist_command(&self.state, velocity, rate),
        };
        let (next, report) = self.world.step(&self.state, command);
        self.state = next;
        self.steps += 1;
        self.wall_steps += u64::from(report.pushing > 0);
        self.travelled_m += next.distance(before);
    }

    /// Puts the robot somewhere else, at rest. False, and nothing changes, if the place is not free.
    pub fn place(&mut self, at: State) -> bool {
        let free = is_free(&self.world, &at);
        if free {
            self.state = at;
            (self.velocity, self.turn_rate_radps) = ([0.0; 2], 0.0);
            self.commanded_at = None;
        }
        free
    }
}

/// Whether a robot may be put there: the ball's centre in free space, since it may begin in contact with a soft wall; of
/// other robots the whole footprint.
pub fn is_free(world: &World, state: &State) -> bool {
    let is_ball = matches!(world.robot().limits(), MotionLimits::Axes(_));
    state.is_finite() && world.map().is_free(state.position) && (is_ball || world.sweep().motion(state, state) >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Differential, Layout, MazeWorld};
    use std::sync::Arc;

    fn ball() -> SimulatedRobot {
        SimulatedRobot::new(World::clone(&MazeWorld::new(Layout::umaze())), State::at_rest([3.0, 1.0]))
    }

    #[test]
    fn a_drive_takes_speed_and_turn_rate_within_its_limits_and_stops_at_walls() {
        let world = World::new(Arc::new(Differential::default()), Arc::new(Layout::umaze()));
        let mut robot = SimulatedRobot::new(world, State::at_pose([3.0, 1.0], 1.5));
        assert!(robot.command([0.0, 0.0], -1.0));
        (0..10).for_each(|_| robot.step());
        assert!(robot.state().turn_rate_radps < -0.7 && robot.state().heading_rad < 1.45, "{:?}", robot.state());
        assert!(!robot.place(State::at_pose([1.2, 1.0], 0.0)), "its footprint would touch the wall");
        assert!(robot.place(State::at_pose([3.0, 1.0], 0.0)));
        for _ in 0..100 {
            robot.command([1.0, 0.0], 0.0);
            robot.step();
        }
        assert!(robot.wall_steps() > 0 && robot.state().position[0] < 3.1, "{:?}", robot.state());
        assert_eq!(robot.nanos(), 2_200_000_000);
    }

    #[test]
    fn a_robot_whose_commands_stop_stops() {
        let mut robot = ball();
        assert!(robot.command([0.0, 0.5], 0.0));
        for _ in 0..10 {
            robot.step();
        }
        assert!((robot.state().velocity[1] - 0.5).abs() < 1e-9);
        for _ in 0..30 {
            robot.step();
        }
        assert!(!robot.is_commanded());
        assert!(robot.state().speed() < 1e-9 && robot.wall_steps() == 0);
        assert_eq!(robot.nanos(), 400_000_000);
    }

    #[test]
    fn nonsense_changes_nothing() {
        let mut robot = ball();
        assert!(!robot.command([f64::NAN, 0.0], 0.0) && !robot.command([0.0; 2], f64::NAN) && !robot.is_commanded());
        assert!(!robot.place(State::at_rest([0.0, 0.0])) && !robot.place(State::at_rest([f64::NAN, 1.0])));
        assert_eq!(robot.state().position, [3.0, 1.0]);
        assert!(robot.place(State::at_rest([1.0, 1.0])));
    }
}
