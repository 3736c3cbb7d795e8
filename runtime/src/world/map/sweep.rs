//! Clearance of a whole path: the footprint is swept along it, not sampled.

use super::{CLEARANCE_CAP_M, Map};
use crate::geometry::{Footprint, Point};

/// What a sweep found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SweptPath {
    /// Smallest distance between the footprint and an obstacle, metres; negative where it enters one, at most
    /// [`CLEARANCE_CAP_M`]. NaN if the path holds a number that is not finite.
    pub clearance_m: f64,
    /// Index of the segment (from 0) where the clearance is smallest.
    pub segment: usize,
}

impl SweptPath {
    /// Whether the footprint stays at least `clearance_m` away from every obstacle. False for NaN.
    pub fn is_clear_by(&self, clearance_m: f64) -> bool {
        self.clearance_m >= clearance_m
    }
}

/// Sweeps a footprint along polylines on a map.
#[derive(Clone, Copy, Debug)]
pub struct Sweep<'a> {
    map: &'a dyn Map,
    footprint: Footprint,
}

impl<'a> Sweep<'a> {
    /// Of this footprint on this map.
    pub fn new(map: &'a dyn Map, footprint: Footprint) -> Self {
        Self { map, footprint }
    }

    /// Clearance of a polyline of positions. One point is a path of one spot; no point has the largest clearance.
    /// Leaving the map counts as entering an obstacle.
    pub fn path(&self, points: impl IntoIterator<Item = Point>) -> SweptPath {
        let mut result = SweptPath { clearance_m: CLEARANCE_CAP_M, segment: 0 };
        let mut previous: Option<Point> = None;
        for (index, point) in points.into_iter().enumerate() {
            let from = previous.unwrap_or(point);
            let clearance = self.segment(from, point);
            if clearance.is_nan() {
                return SweptPath { clearance_m: f64::NAN, segment: index.saturating_sub(1) };
            }
            if clearance < result.clearance_m {
                result = SweptPath { clearance_m: clearance, segment: index.saturating_sub(1) };
            }
            previous = Some(point);
        }
        result
    }

    /// Clearance of one straight segment, as in [`Self::path`].
    pub fn segment(&self, from: Point, to: Point) -> f64 {
        self.map.swept_clearance(self.footprint, from, to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Layout, PointMass};
    use proptest::prelude::*;

    #[test]
    fn clearance_in_the_middle_of_a_corridor_is_what_the_geometry_says() {
        let layout = Layout::umaze();
        let sweep = Sweep::new(&layout, PointMass::FOOTPRINT);
        let swept = sweep.path([[0.8, 1.0], [0.8, 2.8]]);
        assert!((swept.clearance_m - 0.4).abs() < 1e-12, "{swept:?}");
        assert!(swept.is_clear_by(0.39) && !swept.is_clear_by(0.41));
    }

    #[test]
    fn a_long_step_through_a_wall_is_seen() {
        let layout = Layout::umaze();
        assert!(
            (Sweep::new(&layout, PointMass::FOOTPRINT).path([[1.0, 1.0], [3.0, 1.0]]).clearance_m + 0.1).abs() < 1e-12
        );
    }

    #[test]
    fn nan_and_leaving_the_grid_are_never_clear() {
        let layout = Layout::umaze();
        let sweep = Sweep::new(&layout, PointMass::FOOTPRINT);
        for bad in [f64::NAN, f64::INFINITY, 1e12, -1e12] {
            assert!(!sweep.path([[1.0, 1.0], [bad, 1.0]]).is_clear_by(0.0), "{bad}");
            assert!(!sweep.path([[bad, 1.0]]).is_clear_by(0.0), "{bad}");
        }
    }

    proptest! {
        /// The swept check is never more generous than a dense sampling of the same segment.
        #[test]
        fn sweeping_is_at_least_as_strict_as_sampling(x in 0.3..3.3f64, y in 0.3..3.3f64, u in 0.3..3.3f64, v in 0.3..3.3f64) {
            let layout = Layout::umaze();
            let sweep = Sweep::new(&layout, PointMass::FOOTPRINT);
            let swept = sweep.segment([x, y], [u, v]);
            let sampled = (0..=400).map(|k| {
                let t = f64::from(k) / 400.0;
                let point = [x + t * (u - x), y + t * (v - y)];
                sweep.segment(point, point)
            }).fold(f64::INFINITY, f64::min);
            prop_assert!(swept <= sampled + 1e-12);
            prop_assert!(sampled - swept < 0.02);
        }
    }
}
