//! The ball: D4RL's point mass under MuJoCo's semi-implicit Euler rule.

use super::Layout;
use super::contact::Contacts;

/// Position or direction in the observation frame, metres.
pub type Point = [f64; 2];
/// Motor commands for x and y, each clipped to [-1, 1].
pub type Action = [f64; 2];

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

/// What the robot observes: position and velocity.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct State {
    /// Position, metres.
    pub position: Point,
    /// Velocity, metres per second.
    pub velocity: Point,
}

impl State {
    /// At rest at a point.
    pub const fn at_rest(position: Point) -> Self {
        Self { position, velocity: [0.0, 0.0] }
    }

    /// `[x, y, vx, vy]`, D4RL's observation.
    pub const fn to_array(self) -> [f64; 4] {
        [self.position[0], self.position[1], self.velocity[0], self.velocity[1]]
    }

    /// From D4RL's observation.
    pub const fn from_array(values: [f64; 4]) -> Self {
        Self { position: [values[0], values[1]], velocity: [values[2], values[3]] }
    }

    /// Whether all four numbers are finite.
    pub fn is_finite(&self) -> bool {
        self.to_array().iter().all(|value| value.is_finite())
    }

    /// Distance between the positions of two states.
    pub fn distance(&self, point: Point) -> f64 {
        (self.position[0] - point[0]).hypot(self.position[1] - point[1])
    }

    /// Speed, metres per second.
    pub fn speed(&self) -> f64 {
        self.velocity[0].hypot(self.velocity[1])
    }
}

/// Which MuJoCo the contacts follow; the two families differ by up to 1.3 m after a corner hit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ContactLaw {
    /// MuJoCo 2.3.1, the oldest that installs; D4RL's data were made with 2.0.
    #[default]
    Mujoco2,
    /// MuJoCo 3.8.1 and later: margins add up, and the ball's inverse weight is 1/m.
    Mujoco3,
}

impl ContactLaw {
    pub(super) fn inverse_weight(self) -> f64 {
        match self {
            Self::Mujoco2 => 2.0 / (3.0 * MASS_KG),
            Self::Mujoco3 => 1.0 / MASS_KG,
        }
    }

    pub(super) fn margin_factor(self) -> f64 {
        match self {
            Self::Mujoco2 => 1.0,
            Self::Mujoco3 => 2.0,
        }
    }
}

/// What happened in one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepReport {
    /// Walls within the contact margin.
    pub contacts: usize,
    /// Walls that pushed.
    pub pushing: usize,
}

/// The physics of a maze. Steps are pure functions of state and action: no allocation, no randomness.
#[derive(Clone, Debug)]
pub struct MazeWorld {
    layout: Layout,
    contact_law: ContactLaw,
}

impl MazeWorld {
    /// The world of a layout, with D4RL's contacts.
    pub fn new(layout: Layout) -> Self {
        Self { layout, contact_law: ContactLaw::default() }
    }

    /// The same with other contacts.
    pub fn with_contact_law(layout: Layout, contact_law: ContactLaw) -> Self {
        Self { layout, contact_law }
    }

    /// The map.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Advances by [`STEP_SECS`]. A command that is NaN counts as zero, so that a broken command can stop a
    /// robot but never corrupt the world.
    pub fn step(&self, state: &State, action: Action) -> (State, StepReport) {
        let command = action.map(|value| if value.is_nan() { 0.0 } else { value.clamp(-1.0, 1.0) });
        let velocity = state.velocity.map(|value| value.clamp(-VELOCITY_CLIP_MPS, VELOCITY_CLIP_MPS));
        let free = [
            (GEAR_N * command[0] - DAMPING_NSPM * velocity[0]) / MASS_KG,
            (GEAR_N * command[1] - DAMPING_NSPM * velocity[1]) / MASS_KG,
        ];
        let contacts = Contacts::find(&self.layout, self.contact_law, state.position, velocity);
        let (acceleration, pushing) = if contacts.count() == 0 { (free, 0) } else { contacts.solve(free) };
        let scale = STEP_SECS * MASS_KG / IMPLICIT_MASS;
        let next_velocity = [velocity[0] + scale * acceleration[0], velocity[1] + scale * acceleration[1]];
        let next = State {
            position: [
                state.position[0] + STEP_SECS * next_velocity[0],
                state.position[1] + STEP_SECS * next_velocity[1],
            ],
            velocity: next_velocity,
        };
        (next, StepReport { contacts: contacts.count(), pushing })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
