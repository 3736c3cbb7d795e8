//! A polygon as footprint, covered by discs for collision checks.

use crate::figures::{Figure, Place};
use crate::geometry::{Point, distance, distance_to_segment};

/// Corners at most.
pub const MAX_CORNERS: usize = 32;
/// Discs at most.
const MAX_DISCS: usize = 8;
/// Discs are added until they stick out of the polygon by at most this share of its inscribed radius.
const OVERHANG_SHARE: f64 = 0.1;
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

/// A disc in the robot's frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Disc {
    /// Its centre, metres.
    pub centre: Point,
    /// Its radius, padding included, metres.
    pub radius_m: f64,
}

/// A simple polygon, convex or concave, that contains the robot's centre, with a padding around.
///
/// Maps sweep discs, so 1 to 8 discs along its longer side cover it: none of its points is outside them, and no point of
/// them is farther than [`Polygon::overhang_m`] from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Polygon {
    corners: [Point; MAX_CORNERS],
    corner_count: usize,
    discs: [Disc; MAX_DISCS],
    disc_count: usize,
    overhang_m: f64,
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
        let (discs, disc_count, overhang_m) = covering(corners, OVERHANG_SHARE * inscribed_m);
        let mut polygon = Self {
            corners: [[0.0; 2]; MAX_CORNERS],
            corner_count: corners.len(),
            discs: discs.map(|disc| Disc { radius_m: disc.radius_m + padding_m, ..disc }),
            disc_count,
            overhang_m,
            inscribed_radius_m: inscribed_m + padding_m,
            circumscribed_radius_m: corners.iter().map(|[x, y]| x.hypot(*y)).fold(0.0, f64::max) + padding_m,
        };
        polygon.corners[..corners.len()].copy_from_slice(corners);
        Ok(polygon)
    }

    /// The corners, metres, without the padding.
    pub fn corners(&self) -> &[Point] {
        self.corners.get(..self.corner_count).unwrap_or_default()
    }

    /// Discs that cover polygon and padding.
    pub fn discs(&self) -> &[Disc] {
        self.discs.get(..self.disc_count).unwrap_or_default()
    }

    /// How far the discs reach beyond polygon and padding at most, metres.
    pub const fn overhang_m(&self) -> f64 {
        self.overhang_m
    }

    /// As [`Footprint::inscribed_radius_m`](super::Footprint::inscribed_radius_m).
    pub const fn inscribed_radius_m(&self) -> f64 {
        self.inscribed_radius_m
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

/// As few discs as stick out by at most `enough_m`, or [`MAX_DISCS`]; how many, and how far they stick out.
fn covering(corners: &[Point], enough_m: f64) -> ([Disc; MAX_DISCS], usize, f64) {
    let range = |axis: usize| {
        let values = corners.iter().map(|corner| corner[axis]);
        [values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max)]
    };
    let [width, height] = [0, 1].map(|axis| range(axis)[1] - range(axis)[0]);
    let axis = usize::from(height > width);
    let [low, high] = range(axis);
    let mut discs = [Disc::default(); MAX_DISCS];
    let (mut count, mut overhang_m) = (0, f64::INFINITY);
    while count < MAX_DISCS && overhang_m > enough_m {
        count += 1;
        let cut = |index: usize| low + (high - low) * index as f64 / count as f64;
        for (index, disc) in discs.iter_mut().enumerate().take(count) {
            *disc = of_strip(corners, axis, [cut(index), cut(index + 1)]);
        }
        overhang_m = discs.iter().take(count).map(|disc| overhang(corners, disc)).fold(0.0, f64::max);
    }
    (discs, count, overhang_m)
}

/// A disc round the part of the polygon between two cuts across an axis: its farthest points are corners of that part.
fn of_strip(corners: &[Point], axis: usize, [from, to]: [f64; 2]) -> Disc {
    let part = || {
        let at_cuts = sides(corners).flat_map(move |(a, b)| {
            [from, to].into_iter().filter_map(move |cut| {
                let share = (cut - a[axis]) / (b[axis] - a[axis]);
                (0.0..=1.0).contains(&share).then(|| crate::geometry::lerp(a, b, share))
            })
        });
        let within = move |corner: &Point| (from..=to).contains(&corner[axis]);
        corners.iter().copied().filter(within).chain(at_cuts)
    };
    let across = part().map(|point| point[1 - axis]);
    let middle = 0.5 * (across.clone().fold(f64::INFINITY, f64::min) + across.fold(f64::NEG_INFINITY, f64::max));
    let mut centre = [0.5 * (from + to); 2];
    centre[1 - axis] = middle;
    // A hair wider, against rounding at the corners.
    Disc { centre, radius_m: part().map(|point| distance(point, centre)).fold(0.0, f64::max) + 1e-9 }
}

/// How far a disc sticks out, at 90 points of its circle.
fn overhang(corners: &[Point], disc: &Disc) -> f64 {
    let [x, y] = disc.centre;
    (0..90)
        .map(|index| (4.0 * f64::from(index)).to_radians().sin_cos())
        .map(|(sin, cos)| [x + disc.radius_m * cos, y + disc.radius_m * sin])
        .filter(|point| !contains(corners, *point))
        .map(|point| to_sides(corners, point))
        .fold(0.0, f64::max)
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
    fn discs_cover_the_polygon_and_stick_out_no_farther_than_stated() {
        let turned: Vec<Point> = FORK.iter().map(|[x, y]| [0.8 * x - 0.6 * y, 0.6 * x + 0.8 * y]).collect();
        for corners in [&BOX[..], &FORK, &turned, &[[2.0, 0.1], [-2.0, 0.1], [0.0, -0.3]]] {
            let polygon = Polygon::new(corners, 0.0).expect("a polygon");
            assert!((1..=MAX_DISCS).contains(&polygon.discs().len()));
            let (mut inside, mut worst) = (0, 0.0_f64);
            for index in 0..40_000 {
                let point = [f64::from(index % 200) * 0.025 - 2.5, f64::from(index / 200) * 0.025 - 2.5];
                let covered = polygon.discs().iter().any(|disc| distance(disc.centre, point) <= disc.radius_m);
                let within = contains(corners, point);
                assert!(covered || !within, "{point:?}");
                inside += u32::from(within);
                if covered && !within {
                    worst = worst.max(to_sides(corners, point));
                }
            }
            assert!(inside > 100 && worst <= polygon.overhang_m() + 2e-3, "{worst} {}", polygon.overhang_m());
        }
        // Nearly square: three discs, 1.6 cm out.
        let jackal = Polygon::new(&[[0.254, 0.215], [-0.254, 0.215], [-0.254, -0.215], [0.254, -0.215]], 0.0);
        let jackal = jackal.expect("a box");
        assert_eq!(jackal.discs().len(), 3);
        assert!(jackal.overhang_m() < 0.0215, "{}", jackal.overhang_m());
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
