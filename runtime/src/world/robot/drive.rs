//! Motion along the heading: the unicycle's arc, and the tracking controller of drives.

use super::limits::DriveLimits;
use crate::geometry::wrapped;
use crate::world::state::State;

/// Below this speed a robot counts as standing, m/s: its curvature is not known.
pub(super) const STANDING_MPS: f64 = 1e-6;

/// The state after `secs` at the mean of the speeds and of the turn rates before and after: an arc, exact where they do
/// not change. The heading stays within [-pi, pi].
pub(crate) fn arc(state: &State, speeds_mps: [f64; 2], rates_radps: [f64; 2], secs: f64) -> State {
    let (speed, rate) = (0.5 * (speeds_mps[0] + speeds_mps[1]), 0.5 * (rates_radps[0] + rates_radps[1]));
    let half = 0.5 * rate * secs;
    let chord = speed * secs * sinc(half);
    let (sin, cos) = (state.heading_rad + half).sin_cos();
    let position = [state.position[0] + chord * cos, state.position[1] + chord * sin];
    State::driving(position, wrapped(state.heading_rad + 2.0 * half), speeds_mps[1], rates_radps[1])
}

/// `sin(x) / x`.
fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-4 { 1.0 - x * x / 6.0 } else { x.sin() / x }
}

/// Damping of the tracking controller.
const DAMPING: f64 = 0.8;
/// Gain of the lateral error, 1/m^2: the error turns the robot within some 0.3 m.
const LATERAL_GAIN: f64 = 12.0;
/// Natural frequency at rest, rad/s.
const REST_RADPS: f64 = 2.0;

/// Speed and turn rate a step later by the nonlinear law of De Luca, Oriolo and Vendittelli (2001, eq. 18), which is
/// Kanayama's (1990) with gains that grow with the reference's motion: with the errors `e` in the robot's frame,
/// `v = v_r cos e_h + k_1 e_x` and `w = w_r + b v_r sin(e_h)/e_h e_y + k_3 e_h`. The reference's speeds are those of its
/// next state, so that a motion which the robot itself made is followed exactly.
pub(super) fn tracked(state: &State, reference: &State, next: &State, secs: f64) -> [f64; 2] {
    let (sin, cos) = state.heading_rad.sin_cos();
    let off = [0, 1].map(|axis: usize| reference.position[axis] - state.position[axis]);
    let (ahead, left) = (cos * off[0] + sin * off[1], cos * off[1] - sin * off[0]);
    let turn = wrapped(reference.heading_rad - state.heading_rad);
    let (speed, rate) = (next.forward_speed(), next.turn_rate_radps);
    let frequency = (rate * rate + LATERAL_GAIN * speed * speed + REST_RADPS * REST_RADPS).sqrt();
    // Faster than the steps is unstable.
    let gain = (2.0 * DAMPING * frequency).min(0.5 / secs);
    [speed * turn.cos() + gain * ahead, rate + LATERAL_GAIN * speed * sinc(turn) * left + gain * turn]
}

/// Share of the turn acceleration besides: between the points of a path its bend changes faster than at them. With 0.95
/// of it Jackal's fastest plan through the small maze is tracked to 26 mm, with 0.75 to 5 mm, 4% slower.
const TURN_SHARE: f64 = 0.85;

/// A share of the accelerations; the rest is left for feedback. Speeds stay.
pub(super) fn with_share(limits: DriveLimits, share: f64) -> DriveLimits {
    DriveLimits {
        acceleration_mps2: share * limits.acceleration_mps2,
        turn_acceleration_radps2: TURN_SHARE * share * limits.turn_acceleration_radps2,
        turn_rate_radps: (0.5 + 0.5 * share) * limits.turn_rate_radps,
        curvature_radpm: (0.5 + 0.5 * share) * limits.curvature_radpm,
        curvature_rate: share * limits.curvature_rate,
        lateral_acceleration_mps2: share * limits.lateral_acceleration_mps2,
        ..limits
    }
}

/// What is not a number counts as zero: a broken command stops a robot.
pub(super) fn or_zero(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    #[test]
    fn a_quarter_of_a_circle_ends_where_geometry_says() {
        let mut state = State::driving([1.0, 2.0], PI - 0.1, 1.0, 0.5);
        let steps = 50;
        for _ in 0..steps {
            state = arc(&state, [1.0; 2], [0.5; 2], PI / f64::from(steps));
        }
        // Radius 2 m, a quarter turn to the left.
        let (from, to) = (PI - 0.1, 1.5 * PI - 0.1);
        let end = [1.0 + 2.0 * (to.sin() - from.sin()), 2.0 - 2.0 * (to.cos() - from.cos())];
        assert!(state.distance(end) < 1e-12 && wrapped(state.heading_rad - to).abs() < 1e-12, "{state:?}");
        assert!(state.heading_rad.abs() <= PI);
    }
}
