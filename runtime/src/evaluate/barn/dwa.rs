//! The dynamic window approach (Fox, Burgard and Thrun 1997) as a control: arcs of constant speed and turn rate that the
//! accelerations allow within a period, scored by where they lead along a route.

use crate::geometry::{Point, distance, lerp};
use crate::world::robot::DriveLimits;
use crate::world::{State, World};

/// Samples of the speed and of the turn rate.
const SAMPLES: [usize; 2] = [12, 31];
/// An arc is followed this long, seconds.
const HORIZON_SECS: f64 = 1.5;
/// Poses of an arc that are checked.
const PIECES: usize = 10;
/// Distance ahead along the route that an arc is to lead to, metres.
const LOOKAHEAD_M: f64 = 1.2;
/// Clearance of an arc below which it costs, metres.
const WANTED_M: f64 = 0.2;
/// Weights: distance from the point ahead, 1/m; lack of clearance, 1/m; lack of speed, s/m; turn rate, s/rad.
const WEIGHTS: [f64; 4] = [1.0, 1.5, 0.5, 0.02];

/// The best speed along the heading (m/s) and turn rate (rad/s) for a period; `None` where every arc collides.
pub(super) fn dynamic_window(
    world: &World,
    limits: &DriveLimits,
    state: &State,
    route: &[Point],
    period_secs: f64,
) -> Option<[f64; 2]> {
    let target = ahead(route, state.position)?;
    let (speed, rate) = (state.forward_speed(), state.turn_rate_radps);
    let (reach, swing) = (period_secs * limits.acceleration_mps2, period_secs * limits.turn_acceleration_radps2);
    let window = |now: f64, change: f64, low: f64, high: f64, sample: usize, samples: usize| {
        let (low, high) = ((now - change).max(low), (now + change).min(high));
        low + (high - low) * sample as f64 / (samples - 1) as f64
    };
    let mut best: Option<(f64, [f64; 2])> = None;
    for fast in 0..SAMPLES[0] {
        let v = window(speed, reach, limits.min_speed_mps.max(0.0), limits.max_speed_mps, fast, SAMPLES[0]);
        for turned in 0..SAMPLES[1] {
            let w = window(rate, swing, -limits.turn_rate_radps, limits.turn_rate_radps, turned, SAMPLES[1]);
            let Some((end, clearance_m)) = arc(world, limits, state, v, w) else { continue };
            let bearing = (target[1] - end.position[1]).atan2(target[0] - end.position[0]);
            let off = crate::geometry::wrapped(bearing - end.heading_rad).abs();
            let cost = WEIGHTS[0] * (distance(end.position, target) + 0.3 * off)
                + WEIGHTS[1] * (WANTED_M - clearance_m).max(0.0)
                + WEIGHTS[2] * (limits.max_speed_mps - v)
                + WEIGHTS[3] * w.abs();
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, [v, w]));
            }
        }
    }
    best.map(|(_, command)| command)
}

/// Where an arc leads, and its clearance; `None` where it collides before the robot could stop on it.
fn arc(world: &World, limits: &DriveLimits, state: &State, v: f64, w: f64) -> Option<(State, f64)> {
    let sweep = world.sweep();
    let stopping_secs = v.abs() / limits.acceleration_mps2;
    let secs = HORIZON_SECS.max(stopping_secs) / PIECES as f64;
    let (mut here, mut clearance_m) = (*state, f64::INFINITY);
    for piece in 0..PIECES {
        let next = crate::world::robot::arc(&here, [v; 2], [w; 2], secs);
        let clear_m = sweep.motion(&here, &next);
        if !(clear_m > 0.0) {
            // An admissible arc leaves the way to stop.
            let way_secs = secs * piece as f64;
            let allowed = v.abs() * 0.5 * stopping_secs <= v.abs() * way_secs && piece > 0;
            return allowed.then_some((here, 0.0));
        }
        clearance_m = clearance_m.min(clear_m);
        here = next;
    }
    Some((here, clearance_m))
}

/// The point of a route that lies [`LOOKAHEAD_M`] beyond the one nearest to a position.
fn ahead(route: &[Point], position: Point) -> Option<Point> {
    let last = *route.last()?;
    let mut nearest = (f64::INFINITY, 0, 0.0);
    for (index, pair) in route.windows(2).enumerate() {
        let along = [pair[1][0] - pair[0][0], pair[1][1] - pair[0][1]];
        let squared = along[0] * along[0] + along[1] * along[1];
        let share = if squared > 0.0 {
            let dot = (position[0] - pair[0][0]) * along[0] + (position[1] - pair[0][1]) * along[1];
            (dot / squared).clamp(0.0, 1.0)
        } else {
            0.0
        };
        let apart = distance(position, lerp(pair[0], pair[1], share));
        if apart < nearest.0 {
            nearest = (apart, index, share);
        }
    }
    let (_, first, share) = nearest;
    let mut rest_m = LOOKAHEAD_M;
    let mut from = route.get(first + 1).map_or(last, |to| lerp(route[first], *to, share));
    for to in route.iter().skip(first + 1) {
        let piece_m = distance(from, *to);
        if piece_m >= rest_m {
            return Some(lerp(from, *to, rest_m / piece_m));
        }
        rest_m -= piece_m;
        from = *to;
    }
    Some(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_point_ahead_lies_on_the_route() {
        let route = [[0.0, 0.0], [1.0, 0.0], [1.0, 3.0]];
        let [x, y] = ahead(&route, [0.5, 0.1]).expect("a route");
        assert!((x - 1.0).abs() < 1e-12 && (y - (LOOKAHEAD_M - 0.5)).abs() < 1e-12, "{x} {y}");
        assert_eq!(ahead(&route, [1.0, 2.9]), Some([1.0, 3.0]));
        assert_eq!(ahead(&[], [0.0; 2]), None);
    }
}
