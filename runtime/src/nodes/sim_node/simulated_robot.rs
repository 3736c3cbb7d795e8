//! The simulated robot: a ball with a velocity controller and a command watchdog.

use crate::world::{MazeWorld, Point, STEP_SECS, State};

/// A velocity command is obeyed for this long.
pub const COMMAND_TIMEOUT_SECS: f64 = 0.2;

/// The ball, its clock and what pushed it.
#[derive(Clone, Debug)]
pub struct SimulatedRobot {
    world: MazeWorld,
    state: State,
    /// Simulated time since the start, in steps.
    steps: u64,
    velocity: Point,
    commanded_at: Option<u64>,
    wall_steps: u64,
    travelled_m: f64,
}

impl SimulatedRobot {
    /// At rest at a place in free space.
    pub fn new(world: MazeWorld, start: Point) -> Self {
        let state = State::at_rest(start);
        Self { world, state, steps: 0, velocity: [0.0; 2], commanded_at: None, wall_steps: 0, travelled_m: 0.0 }
    }

    /// The maze.
    pub fn world(&self) -> &MazeWorld {
        &self.world
    }

    /// Position and velocity.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Simulated seconds since the start.
    pub fn secs(&self) -> f64 {
        self.steps as f64 * STEP_SECS
    }

    /// Simulated nanoseconds since the start, exact.
    pub fn nanos(&self) -> i64 {
        i64::try_from(self.steps).unwrap_or(i64::MAX / 10_000_000).saturating_mul(10_000_000)
    }

    /// Steps in which a wall pushed the ball.
    pub fn wall_steps(&self) -> u64 {
        self.wall_steps
    }

    /// Metres so far.
    pub fn travelled_m(&self) -> f64 {
        self.travelled_m
    }

    /// Takes a velocity in the map's frame, m/s. False, and nothing changes, if it is not finite.
    pub fn command(&mut self, velocity: Point) -> bool {
        let finite = velocity.iter().all(|value| value.is_finite());
        if finite {
            self.velocity = velocity;
            self.commanded_at = Some(self.steps);
        }
        finite
    }

    /// Whether a command is being obeyed.
    pub fn is_commanded(&self) -> bool {
        let limit = (COMMAND_TIMEOUT_SECS / STEP_SECS) as u64;
        self.commanded_at.is_some_and(|at| self.steps - at <= limit)
    }

    /// Moves on by 0.01 s.
    pub fn step(&mut self) {
        let velocity = if self.is_commanded() { self.velocity } else { [0.0; 2] };
        let before = self.state.position;
        // A velocity controller such as a robot's base has.
        let command = self.world.robot().velocity_command(&self.state, velocity);
        let (next, report) = self.world.step(&self.state, command);
        self.state = next;
        self.steps += 1;
        self.wall_steps += u64::from(report.pushing > 0);
        self.travelled_m += next.distance(before);
    }

    /// Puts the ball somewhere else, at rest. False, and nothing changes, if the place is not free.
    pub fn place(&mut self, at: Point) -> bool {
        let free = self.world.layout().is_free(at);
        if free {
            self.state = State::at_rest(at);
            self.velocity = [0.0; 2];
            self.commanded_at = None;
        }
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Layout;

    #[test]
    fn a_robot_whose_commands_stop_stops() {
        let mut robot = SimulatedRobot::new(MazeWorld::new(Layout::umaze()), [3.0, 1.0]);
        assert!(robot.command([0.0, 0.5]));
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
        let mut robot = SimulatedRobot::new(MazeWorld::new(Layout::umaze()), [3.0, 1.0]);
        assert!(!robot.command([f64::NAN, 0.0]) && !robot.is_commanded());
        assert!(!robot.place([0.0, 0.0]) && !robot.place([f64::NAN, 1.0]));
        assert_eq!(robot.state().position, [3.0, 1.0]);
        assert!(robot.place([1.0, 1.0]));
    }
}
