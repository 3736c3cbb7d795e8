//! The contract of [`Map`], checked on random points and segments.

use super::{CLEARANCE_CAP_M, Map};
use crate::geometry::{Footprint, Point, lerp};
use crate::world::BrokenContract;
use crate::world::contract::ensure_clause;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Points and segments drawn.
const DRAWS: usize = 1000;
/// Points of a segment at which sweeping and standing are compared.
const SAMPLES: usize = 400;

/// Checks the contract of [`Map`] on random points and segments, the same on every call.
///
/// # Errors
/// The first clause that does not hold.
pub fn check_map(map: &dyn Map) -> Result<(), BrokenContract> {
    let (bounds, mut rng) = (map.bounds(), ChaCha8Rng::seed_from_u64(7));
    let mut drawn = || -> Point { [0, 1].map(|axis| rng.random_range(bounds.low[axis]..bounds.high[axis])) };
    let centre = Footprint::Circle { radius_m: 0.0 };
    for _ in 0..DRAWS {
        let point = drawn();
        let clearance_m = map.clearance(centre, point);
        ensure_clause!(clearance_m <= CLEARANCE_CAP_M, "clearances up to the cap", "{clearance_m} m at {point:?}");
        let free = map.is_free(point);
        ensure_clause!(free == (clearance_m > 0.0), "free space to be clear", "{clearance_m} m at {point:?}");
        let (mut nearest_m, mut unit) = (CLEARANCE_CAP_M, true);
        map.visit_surfaces(point, &mut |surface| {
            nearest_m = nearest_m.min(surface.distance_m);
            unit &= (surface.normal[0].hypot(surface.normal[1]) - 1.0).abs() < 1e-9;
        });
        ensure_clause!(unit, "normals of length 1", "others at {point:?}");
        let inside = !free && nearest_m <= 0.0;
        let alike = inside || (nearest_m - clearance_m).abs() < 1e-9;
        ensure_clause!(alike, "surfaces where the clearance is", "{nearest_m} and {clearance_m} m at {point:?}");

        let disc = Footprint::Circle { radius_m: 0.1 };
        let to = lerp(point, drawn(), 0.5);
        let swept_m = map.swept_clearance(disc, point, to);
        let standing_m = (0..=SAMPLES)
            .map(|sample| map.clearance(disc, lerp(point, to, sample as f64 / SAMPLES as f64)))
            .fold(f64::INFINITY, f64::min);
        let strict = swept_m <= standing_m + 1e-9;
        ensure_clause!(strict, "a swept clearance not above that of any point", "{swept_m}, {standing_m} m");
        let denied = swept_m > 0.0 && !map.may_connect(0.1, point, to);
        ensure_clause!(!denied, "a way where the straight line is clear", "none from {point:?} to {to:?}");
    }
    let size = [0, 1].map(|axis| bounds.high[axis] - bounds.low[axis]);
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e12, -1e12, bounds.low[0] - size[0] - size[1]] {
        for point in [[bad, bounds.low[1]], [bounds.low[0], bad], [bad, bad]] {
            let clear = map.clearance(centre, point) > 0.0 || map.swept_clearance(centre, drawn(), point) > 0.0;
            ensure_clause!(!map.is_free(point) && !clear, "no free space outside the bounds", "some at {point:?}");
        }
    }
    ensure_clause!(map.push_out([f64::NAN; 2], 0.1)[0].is_nan(), "NaN to stay NaN", "a number");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Layout;

    #[test]
    fn mazes_conform() {
        for layout in [Layout::umaze(), Layout::medium(), Layout::large()] {
            assert_eq!(check_map(&layout), Ok(()), "{}", layout.name());
        }
    }
}
