//! The bounded controller that drives a reference through the world.

use crate::trajectory::Trajectory;
use crate::world::{Command, Robot, State, World};

/// Drives references with the robot's own tracking controller.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tracker;

/// What tracking a reference did.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TrackingReport {
    /// Largest distance between reference and ball, metres.
    pub residual_m: f64,
    /// Steps in which a wall pushed.
    pub pushing_steps: usize,
}

impl Tracker {
    /// The command at a state for a reference state and the one a step later: [`Robot::tracking_command`].
    pub fn command(&self, robot: &dyn Robot, state: &State, reference: &State, next: &State) -> Command {
        robot.tracking_command(state, reference, next)
    }

    /// Tracks `reference` (of the robot's period) from `start` and fills `simulated` with states and
    /// commands; it is as long as the reference plus `settle_steps` steps of holding its end.
    /// Does not allocate if `simulated` has the room.
    pub fn track(
        &self,
        world: &World,
        start: &State,
        reference: &Trajectory,
        settle_steps: usize,
        simulated: &mut Trajectory,
    ) -> TrackingReport {
        simulated.clear();
        simulated.dt_secs = world.step_secs();
        simulated.states.push(*start);
        let mut report = TrackingReport::default();
        let Some(last) = reference.states.last() else { return report };
        let held = last.halted();
        let at = |index: usize| reference.states.get(index).copied().unwrap_or(held);
        let mut state = *start;
        report.residual_m = state.distance(at(0).position);
        for index in 0..reference.states.len() - 1 + settle_steps {
            let command = self.command(world.robot(), &state, &at(index), &at(index + 1));
            let (next, step) = world.step(&state, command);
            state = next;
            let off = state.distance(at(index + 1).position);
            // NaN must win: max() would drop it.
            report.residual_m = if off > report.residual_m || off.is_nan() { off } else { report.residual_m };
            report.pushing_steps += usize::from(step.pushing > 0);
            simulated.commands.push(command);
            simulated.states.push(state);
        }
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Layout, MazeWorld, STEP_SECS};

    #[test]
    fn a_gentle_reference_is_followed_to_the_millimetre() {
        let world = MazeWorld::new(Layout::medium());
        // One second along x = 1, a smooth step of 1 m.
        let states = (0..=150)
            .map(|k| {
                let t = (f64::from(k) * STEP_SECS).min(1.0);
                let position = 1.0 + t * t * (3.0 - 2.0 * t);
                State::moving([1.0, position - 0.2], [0.0, 6.0 * t * (1.0 - t)])
            })
            .collect();
        let reference = Trajectory { dt_secs: STEP_SECS, states, commands: Vec::new() };
        let mut simulated = Trajectory::default();
        let report = Tracker.track(&world, &reference.states[0], &reference, 20, &mut simulated);
        assert!(report.residual_m < 0.01, "{report:?}");
        assert_eq!((report.pushing_steps, simulated.states.len(), simulated.commands.len()), (0, 171, 170));
    }

    #[test]
    fn a_reference_of_nan_commands_nothing_and_shows_in_the_residual() {
        let world = MazeWorld::new(Layout::umaze());
        let states = vec![State::from_array([f64::NAN; 4]); 3];
        let reference = Trajectory { dt_secs: STEP_SECS, states, commands: Vec::new() };
        let mut simulated = Trajectory::default();
        let report = Tracker.track(&world, &State::at_rest([1.0, 1.0]), &reference, 0, &mut simulated);
        assert!(report.residual_m.is_nan());
        assert!(simulated.commands.iter().all(|command| *command == [0.0, 0.0]));
    }
}
