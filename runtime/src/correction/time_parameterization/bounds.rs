//! What limits mean at a place of the path: the largest squared speed there, and the accelerations along it.

use super::Node;
use crate::world::{AxisLimits, DriveLimits, MotionLimits};

const NONE: (f64, f64) = (f64::INFINITY, f64::NEG_INFINITY);

/// Whether all limits are positive. False for NaN.
pub(super) fn are_sound(limits: &MotionLimits) -> bool {
    match limits {
        MotionLimits::Axes(AxisLimits { speed_mps, acceleration_mps2 })
        | MotionLimits::Norm { speed_mps, acceleration_mps2 } => *acceleration_mps2 > 0.0 && *speed_mps > 0.0,
        MotionLimits::Drive(drive) => {
            let all = [
                drive.max_speed_mps,
                drive.acceleration_mps2,
                drive.turn_rate_radps,
                drive.turn_acceleration_radps2,
                drive.lateral_acceleration_mps2,
                drive.curvature_radpm,
                drive.curvature_rate,
            ];
            all.into_iter().all(|value| value > 0.0) && drive.min_speed_mps <= 0.0
        }
    }
}

/// Largest squared speed by the limits of speeds, (m/s)^2.
///
/// Per axis `|q'_i| sqrt(x) <= v_max`. Of a drive, with curvature `k` and `k'` its rate along the path: `v <= v_max`,
/// `|k| v <= w_max`, `|k| v^2 <= a_lateral`, `|k'| v <= ` the rate of the steering.
pub(super) fn largest_square(node: &Node, limits: &MotionLimits) -> f64 {
    match limits {
        MotionLimits::Axes(limits) => [0, 1].into_iter().fold(f64::INFINITY, |high, axis: usize| {
            let reach = limits.speed_mps / node.tangent[axis].abs().max(1e-9);
            high.min(reach * reach)
        }),
        MotionLimits::Norm { speed_mps, .. } => speed_mps * speed_mps,
        MotionLimits::Drive(drive) => {
            let [bend, rate] = node.bend.map(|value| value.abs().max(1e-9));
            let speed = drive.max_speed_mps.min(drive.turn_rate_radps / bend).min(drive.curvature_rate / rate);
            (speed * speed).min(drive.lateral_acceleration_mps2 / bend)
        }
    }
}

/// Least and largest acceleration along the path at a squared speed; empty (low > high) if none will do.
pub(super) fn accelerations(node: &Node, square: f64, limits: &MotionLimits) -> (f64, f64) {
    match limits {
        MotionLimits::Axes(limits) => of_axes(node, square, limits),
        MotionLimits::Norm { acceleration_mps2, .. } => {
            // Across the path stands the centripetal acceleration.
            let across = node.curvature[0].hypot(node.curvature[1]) * square;
            let left = acceleration_mps2 * acceleration_mps2 - across * across;
            if left < 0.0 { NONE } else { (-left.sqrt(), left.sqrt()) }
        }
        MotionLimits::Drive(limits) => of_drive(node, square, limits),
    }
}

/// `|q'_i u + q''_i x| <= a_max`.
fn of_axes(node: &Node, square: f64, limits: &AxisLimits) -> (f64, f64) {
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    for axis in 0..2 {
        let (tangent, turn) = (node.tangent[axis], node.curvature[axis] * square);
        if tangent.abs() < 1e-9 {
            if turn.abs() > limits.acceleration_mps2 {
                return (f64::INFINITY, f64::NEG_INFINITY);
            }
            continue;
        }
        let (a, b) = ((-limits.acceleration_mps2 - turn) / tangent, (limits.acceleration_mps2 - turn) / tangent);
        low = low.max(a.min(b));
        high = high.min(a.max(b));
    }
    (low, high)
}

/// `|u| <= a_max` and `|k u + k' x| <= alpha_max`, the turn acceleration.
fn of_drive(node: &Node, square: f64, limits: &DriveLimits) -> (f64, f64) {
    let ([bend, rate], most) = (node.bend, limits.turn_acceleration_radps2);
    let (low, high) = (-limits.acceleration_mps2, limits.acceleration_mps2);
    let turn = rate * square;
    if bend.abs() < 1e-6 {
        return if turn.abs() > most { NONE } else { (low, high) };
    }
    let (a, b) = ((-most - turn) / bend, (most - turn) / bend);
    (low.max(a.min(b)), high.min(a.max(b)))
}
