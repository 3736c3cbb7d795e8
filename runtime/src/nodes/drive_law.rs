//! From a wanted velocity to a motor command: what the base of a robot does by itself.

use crate::world::{DAMPING_NSPM, GEAR_N, MASS_KG, Point, STEP_SECS, State};

/// The motor command that brings the world's ball to a velocity within a step, as well as its motors can: a
/// velocity controller such as a robot's base has.
pub fn command_for_velocity(state: &State, velocity: Point) -> [f64; 2] {
    std::array::from_fn(|axis| {
        let wanted = (velocity[axis] - state.velocity[axis]) / STEP_SECS;
        let force = wanted * (MASS_KG + DAMPING_NSPM * STEP_SECS) + DAMPING_NSPM * state.velocity[axis];
        let command = force / GEAR_N;
        if command.is_nan() { 0.0 } else { command.clamp(-1.0, 1.0) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Layout, MazeWorld};

    #[test]
    fn the_velocity_controller_reaches_what_the_motors_allow() {
        let world = MazeWorld::new(Layout::umaze());
        let mut state = State::at_rest([3.0, 1.0]);
        for _ in 0..10 {
            state = world.step(&state, command_for_velocity(&state, [0.0, 1.0])).0;
        }
        assert!((state.velocity[1] - 1.0).abs() < 1e-9, "{state:?}");
        assert_eq!(command_for_velocity(&state, [f64::NAN, 9.0]), [0.0, 1.0]);
    }
}
