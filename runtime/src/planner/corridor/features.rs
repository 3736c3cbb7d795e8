//! Input of a corridor network: distances across the route, curvature, the ends, and the turning length v^2/a.

use super::reference::Reference;
use crate::world::map::GridMap;

/// Lateral samples per knot.
pub const LATERALS: usize = 9;
/// Distance between lateral samples, metres; they reach 0.9 m to either side.
pub const LATERAL_STEP_M: f64 = 0.225;
/// Channels per knot: lateral distances, curvature, nearness of start and of goal, turning length.
pub const CHANNELS: usize = LATERALS + 4;
/// Range of lateral distances, metres.
const DISTANCE_RANGE_M: [f64; 2] = [-0.5, 1.0];
/// Largest curvature shown, 1/m.
const MAX_CURVATURE: f64 = 5.0;

/// Fills `features` with `[CHANNELS][knots]`, channel by channel.
///
/// * lateral distances at the reference plus -0.9, .., 0.9 m along the normal: the distance field minus `clearance_m`
///   (footprint and asked margin), within -0.5 and 1 m;
/// * curvature of the reference, 1/m, within -5 and 5;
/// * exp(-d / 1 m) of the distance d along the reference from the start, and to the goal;
/// * the logarithm of the turning length v^2/a in metres: geometry from rest to rest depends on v and a through it alone.
pub fn features(
    map: &GridMap,
    reference: &Reference,
    step_m: f64,
    clearance_m: f64,
    turning_length_m: f64,
    features: &mut Vec<f32>,
) {
    let count = reference.len();
    features.clear();
    features.reserve(CHANNELS * count);
    for lateral in 0..LATERALS {
        let offset_m = (lateral as f64 - (LATERALS / 2) as f64) * LATERAL_STEP_M;
        features.extend((0..count).map(|knot| {
            let free_m = map.distance(reference.beside(knot, offset_m)) - clearance_m;
            free_m.clamp(DISTANCE_RANGE_M[0], DISTANCE_RANGE_M[1]) as f32
        }));
    }
    features.extend(reference.curvatures.iter().map(|value| value.clamp(-MAX_CURVATURE, MAX_CURVATURE) as f32));
    features.extend((0..count).map(|knot| (-step_m * knot as f64).exp() as f32));
    features.extend((0..count).map(|knot| (-step_m * (count - 1 - knot) as f64).exp() as f32));
    features.extend(std::iter::repeat_n(turning_length_m.ln() as f32, count));
}
