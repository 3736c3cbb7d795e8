//! A polygon as footprint.

use crate::figures::{Figure, Place};
use crate::geometry::{Point, distance, distance_to_segment};

/// Corners at most.
pub const MAX_CORNERS: usize = 32;
/// Corners are at most this far from the centre, metres.
const MAX_EXTENT_M: f64 = 100.0;

/// A polygon that is no footprint.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum FootprintError {
    /// Too few or too many corners.
    #[error("expected 3 to {MAX_CORNERS} corners, got {0}")]
    Corners(usize),
    /// Not a number, or too far out.
    #[error("expected corners within {MAX_EXTENT_M} m of the centre, got corner {corner} at {}", Place(*.at))]
    Corner {
        /// Its index.
        corner: usize,
        /// Where it is.
        at: Point,
    },
    /// Two sides meet.
    #[error("expected sides that do not meet, got a polygon that intersects itself: side {first} meets side {second}")]
    SelfIntersecting {
        /// Index of the corner where one side begins.
        first: usize,
        /// The same of the other.
        second: usize,
    },
    /// The centre is not inside.
    #[error("expected a polygon round the robot's centre (0, 0), got one that does not contain it")]
    CentreOutside,
    /// Negative, not finite, or too large.
    #[error("expected a padding of 0 to {MAX_EXTENT_M} m, got {}", Figure(*.0))]
    Padding(f64),
}

/// A simple polygon, convex or concave, that contains the robot's centre, with a padding around.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Polygon {
    corners: [Point; MAX_CORNERS],
    corner_count: usize,
    padding_m: f64,
    spine: [Point; 2],
    inscribed_radius_m: f64,
    circumscribed_radius_m: f64,
}

impl Polygon {
    /// From corners in order (either way round), metres, and a padding that is added all round.
    ///
    /// # Errors
    /// If it is no simple polygon round the centre.
    pub fn new(corners: &[Point], padding_m: f64) -> Result<Self, FootprintError> {
        if !(0.0..=MAX_EXTENT_M).contains(&padding_m) {
            return Err(FootprintError::Padding(padding_m));
        }
        if !(3..=MAX_CORNERS).contains(&corners.len()) {
            return Err(FootprintError::Corners(corners.len()));
        }
        if let Some(corner) = corners.iter().position(|[x, y]| !(x.hypot(*y) <= MAX_EXTENT_M)) {
            return Err(FootprintError::Corner { corner, at: corners[corner] });
        }
        if let Some((first, second)) = meeting_sides(corners) {
            return Err(FootprintError::SelfIntersecting { first, second });
        }
        let inscribed_m = to_sides(corners, [0.0; 2]);
        if !(contains(corners, [0.0; 2]) && inscribed_m > 1e-6) {
            return Err(FootprintError::CentreOutside);
        }
        let mut polygon = Self {
            corners: [[0.0; 2]; MAX_CORNERS],
            corner_count: corners.len(),
            padding_m,
            spine: spine(corners, inscribed_m),
            inscribed_radius_m: inscribed_m + padding_m,
            circumscribed_radius_m: corners.iter().map(|[x, y]| x.hypot(*y)).fold(0.0, f64::max) + padding_m,
        };
        polygon.corners[..corners.len()].copy_from_slice(corners);
        Ok(polygon)
    }

    /// Shows lines across the inside, `spacing_m` apart: whatever is wider than that and lies inside meets one.
    pub(crate) fn visit_chords(&self, spacing_m: f64, visit: &mut dyn FnMut([Point; 2])) {
        let (low, high) = self
            .corners()
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), corner| (low.min(corner[1]), high.max(corner[1])));
        let lines = ((high - low) / spacing_m).ceil().max(1.0) as usize;
        for line in 0..lines {
            let y = low + (high - low) * (line as f64 + 0.5) / lines as f64;
            let (mut crossings, mut count) = ([0.0; MAX_CORNERS], 0);
            for (a, b) in self.sides().filter(|(a, b)| (a[1] > y) != (b[1] > y)) {
                crossings[count] = a[0] + (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]);
                count += 1;
            }
            crossings[..count].sort_unstable_by(f64::total_cmp);
            crossings[..count].chunks_exact(2).for_each(|pair| visit([[pair[0], y], [pair[1], y]]));
        }
    }

    /// The corners, metres, without the padding.
    pub fn corners(&self) -> &[Point] {
        self.corners.get(..self.corner_count).unwrap_or_default()
    }

    /// The padding, metres.
    pub const fn padding_m(&self) -> f64 {
        self.padding_m
    }

    /// The sides, from corner to corner, without the padding.
    pub fn sides(&self) -> impl Iterator<Item = (Point, Point)> + Clone + '_ {
        sides(self.corners())
    }

    /// A segment through the centre along which the inscribed circle, moved, stays inside the polygon.
    pub const fn spine(&self) -> [Point; 2] {
        self.spine
    }

    /// As [`Footprint::inscribed_radius_m`](super::Footprint::inscribed_radius_m).
    pub const fn inscribed_radius_m(&self) -> f64 {
        self.inscribed_radius_m
    }

    /// As [`Footprint::least_width_m`](super::Footprint::least_width_m).
    pub fn least_width_m(&self) -> f64 {
        let corners = self.corners();
        // One side of the narrowest strip lies along two corners.
        let across = |a: Point, b: Point| {
            let length_m = distance(a, b);
            let offs = corners.iter().map(|corner| cross(a, b, *corner) / length_m);
            let (low, high) =
                offs.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), off| (low.min(off), high.max(off)));
            if length_m > 0.0 { high - low } else { f64::INFINITY }
        };
        let pairs =
            corners.iter().enumerate().flat_map(|(first, a)| corners[first + 1..].iter().map(|b| across(*a, *b)));
        pairs.fold(f64::INFINITY, f64::min) + 2.0 * self.padding_m
    }

    /// As [`Footprint::circumscribed_radius_m`](super::Footprint::circumscribed_radius_m).
    pub const fn circumscribed_radius_m(&self) -> f64 {
        self.circumscribed_radius_m
    }
}

fn sides(corners: &[Point]) -> impl Iterator<Item = (Point, Point)> + Clone + '_ {
    corners.iter().copied().zip(corners.iter().copied().cycle().skip(1))
}

fn cross(origin: Point, a: Point, b: Point) -> f64 {
    (a[0] - origin[0]) * (b[1] - origin[1]) - (a[1] - origin[1]) * (b[0] - origin[0])
}

/// The first two sides that have more in common than the corner between neighbours.
fn meeting_sides(corners: &[Point]) -> Option<(usize, usize)> {
    let count = corners.len();
    for (first, (a, b)) in sides(corners).enumerate() {
        if !(distance(a, b) > 1e-6) {
            return Some((first, (first + 1) % count));
        }
        for (second, (c, d)) in sides(corners).enumerate().skip(first + 1) {
            // Neighbours meet only where one folds back onto the other.
            let folds = |tip: Point, from: Point, to: Point| {
                let along = (from[0] - tip[0]) * (to[0] - tip[0]) + (from[1] - tip[1]) * (to[1] - tip[1]);
                cross(tip, from, to).abs() < 1e-12 && along > 0.0
            };
            let meet = if second == first + 1 {
                folds(b, a, d)
            } else if (second + 1) % count == first {
                folds(a, b, c)
            } else {
                let apart = [(a, c, d), (b, c, d), (c, a, b), (d, a, b)]
                    .into_iter()
                    .all(|(point, from, to)| distance_to_segment(point, from, to) > 1e-9);
                let crossing = cross(a, b, c) * cross(a, b, d) < 0.0 && cross(c, d, a) * cross(c, d, b) < 0.0;
                !apart || crossing
            };
            if meet {
                return Some((first, second));
            }
        }
    }
    None
}

/// Whether a point lies inside: a ray from it crosses an odd number of sides.
fn contains(corners: &[Point], [x, y]: Point) -> bool {
    sides(corners).fold(false, |inside, (a, b)| {
        let crosses = (a[1] > y) != (b[1] > y) && x < a[0] + (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]);
        inside != crosses
    })
}

fn to_sides(corners: &[Point], point: Point) -> f64 {
    sides(corners).map(|(a, b)| distance_to_segment(point, a, b)).fold(f64::INFINITY, f64::min)
}

/// Steps in which the spine grows each way.
const SPINE_STEPS: u32 = 64;

/// Along the frame's axis in which the polygon is longer, as far as the circle stays inside.
fn spine(corners: &[Point], radius_m: f64) -> [Point; 2] {
    let most = |axis: usize| corners.iter().map(|corner| corner[axis].abs()).fold(0.0, f64::max);
    let axis = usize::from(most(1) > most(0));
    [-1.0, 1.0].map(|side| {
        let at = |step: u32| {
            let mut point = [0.0; 2];
            point[axis] = side * most(axis) * f64::from(step) / f64::from(SPINE_STEPS);
            point
        };
        let fits = |step: &u32| contains(corners, at(*step)) && to_sides(corners, at(*step)) >= radius_m - 1e-9;
        at((1..=SPINE_STEPS).take_while(fits).last().unwrap_or(0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOX: [Point; 4] = [[0.3, 0.2], [-0.2, 0.2], [-0.2, -0.2], [0.3, -0.2]];
    /// A U that is open ahead.
    const FORK: [Point; 8] =
        [[0.6, 0.4], [-0.2, 0.4], [-0.2, -0.4], [0.6, -0.4], [0.6, -0.3], [0.1, -0.3], [0.1, 0.3], [0.6, 0.3]];

    #[test]
    fn radii_are_those_of_the_nearest_side_and_the_farthest_corner() {
        let polygon = Polygon::new(&BOX, 0.05).expect("a box");
        assert!((polygon.inscribed_radius_m() - 0.25).abs() < 1e-12);
        assert!((polygon.circumscribed_radius_m() - (0.13_f64.sqrt() + 0.05)).abs() < 1e-12);
        assert_eq!(polygon.corners(), BOX);
    }

    #[test]
    fn the_least_width_is_that_of_the_narrowest_direction() {
        let width = |corners: &[Point], padding_m| Polygon::new(corners, padding_m).expect("a polygon").least_width_m();
        assert!((width(&BOX, 0.05) - 0.5).abs() < 1e-12);
        assert!((width(&FORK, 0.0) - 0.8).abs() < 1e-12);
        for corners in [&[[0.5, -0.1], [0.1, 0.4], [-0.3, 0.2], [-0.2, -0.3]][..], &FORK] {
            let at = |direction: f64| {
                let offs = corners.iter().map(|[x, y]| x * direction.cos() + y * direction.sin());
                let (low, high) = offs.fold((0.0, 0.0), |(low, high): (f64, f64), off| (low.min(off), high.max(off)));
                high - low
            };
            let least = (0..3000).map(|step| at(f64::from(step) / 3000.0 * std::f64::consts::PI)).fold(9.0, f64::min);
            assert!((width(corners, 0.0) - least).abs() < 1e-3, "{least}");
        }
    }

    #[test]
    fn the_spine_carries_the_inscribed_circle_through_the_inside() {
        let long = Polygon::new(&[[0.6, 0.2], [-0.6, 0.2], [-0.6, -0.2], [0.6, -0.2]], 0.0).expect("a box");
        let [back, front] = long.spine();
        assert!((front[0] - 0.4).abs() < 0.02 && (back[0] + 0.4).abs() < 0.02 && front[1] == 0.0, "{back:?} {front:?}");
        let fork = Polygon::new(&FORK, 0.0).expect("a fork");
        for end in fork.spine() {
            assert!(contains(&FORK, end) && to_sides(&FORK, end) >= fork.inscribed_radius_m() - 1e-9, "{end:?}");
        }
    }

    #[test]
    fn what_is_no_simple_polygon_round_the_centre_is_named() {
        let fault = |corners: &[Point]| Polygon::new(corners, 0.0).expect_err("no footprint");
        let bow = [[1.0, 1.0], [-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0]];
        assert_eq!(fault(&bow), FootprintError::SelfIntersecting { first: 0, second: 2 });
        // A spike that folds back, a repeated corner, a corner on a far side.
        for bad in [
            &[[1.0, -1.0], [1.0, 1.0], [1.0, 0.0], [-1.0, 0.5]][..],
            &[[1.0, -1.0], [1.0, -1.0], [0.0, 1.0], [-1.0, -1.0]],
            &[[1.0, -1.0], [1.0, 1.0], [-1.0, 1.0], [1.0, 0.0], [-1.0, -1.0]],
        ] {
            assert!(matches!(fault(bad), FootprintError::SelfIntersecting { .. }), "{bad:?}");
        }
        assert_eq!(fault(&[[1.0, 1.0], [2.0, 1.0], [2.0, 2.0]]), FootprintError::CentreOutside);
        assert_eq!(fault(&[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), FootprintError::CentreOutside);
        assert_eq!(fault(&BOX[..2]), FootprintError::Corners(2));
        assert_eq!(fault(&[[0.1, 0.1]; 33]), FootprintError::Corners(33));
        for bad in [f64::NAN, f64::INFINITY, 1e9] {
            let found = fault(&[[0.3, 0.2], [bad, 0.2], [-0.2, -0.2]]);
            assert!(matches!(found, FootprintError::Corner { corner: 1, .. }), "{found}");
            assert!(matches!(Polygon::new(&BOX, -bad), Err(FootprintError::Padding(_))));
        }
    }
}
