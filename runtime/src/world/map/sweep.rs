//! Clearance of a whole path: the footprint is swept along it, not sampled.

use super::{CLEARANCE_CAP_M, Map};
use crate::geometry::{Footprint, Point, Polygon, wrapped};
use crate::world::State;

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

/// From this clearance of its circumscribed circle on a polygon's own is not looked at, metres.
const NEAR_M: f64 = 0.05;
/// Steps in which a polygon is swept, metres, and how many between two poses at most.
const STEP_M: f64 = 0.01;
const MAX_STEPS: f64 = 16.0;
/// Distance between the lines along which the inside of a polygon is looked at, metres: less than a cell of most maps.
const CHORD_M: f64 = 0.01;
/// Sides are this much wider than their padding, metres: one that enters an obstacle has a negative clearance.
const SKIN_M: f64 = 1e-3;

/// The lesser; NaN if one is.
fn lesser(a: f64, b: f64) -> f64 {
    if a < b || a.is_nan() { a } else { b }
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
        self.worst(points, |from, to| self.segment(from, to))
    }

    /// Clearance of one straight segment, as in [`Self::path`]. Of a polygon, whose heading is not known here, the
    /// inscribed circle counts: what is not clear for it is clear in no heading.
    pub fn segment(&self, from: Point, to: Point) -> f64 {
        let radius_m = self.footprint.inscribed_radius_m();
        self.map.swept_clearance(Footprint::Circle { radius_m }, from, to)
    }

    /// Clearance between two poses, the heading changing over its shortest arc. The way between them may be an arc: what
    /// it leaves the chord by is taken off. A polygon is swept in steps of at most 1 cm (more than 16 of them are longer),
    /// and half a step is taken off.
    pub fn motion(&self, from: &State, to: &State) -> f64 {
        let [least_m, between_m] = self.in_steps(from, to);
        least_m - between_m
    }

    /// As [`Self::motion`], without what is taken off between the steps of a polygon: the clearance that was measured.
    pub(crate) fn at_steps(&self, from: &State, to: &State) -> f64 {
        self.in_steps(from, to)[0]
    }

    /// The least clearance of the steps, and half of one, metres; a circle is swept without steps.
    fn in_steps(&self, from: &State, to: &State) -> [f64; 2] {
        let turn = wrapped(to.heading_rad - from.heading_rad);
        let moved_m = from.distance(to.position);
        let bend_m = 0.125 * turn.abs() * moved_m;
        let radius_m = self.footprint.circumscribed_radius_m();
        let circle_m = self.map.swept_clearance(Footprint::Circle { radius_m }, from.position, to.position) - bend_m;
        match &self.footprint {
            Footprint::Polygon(polygon) if !(circle_m >= NEAR_M) => {
                let length_m = moved_m + radius_m * turn.abs();
                let steps = (length_m / STEP_M).ceil().clamp(1.0, MAX_STEPS) as u32;
                let least_m = (0..=steps)
                    .map(|step| self.standing(polygon, &from.blend(to, f64::from(step) / f64::from(steps))))
                    .fold(CLEARANCE_CAP_M, lesser);
                [least_m - bend_m, 0.5 * length_m / f64::from(steps)]
            }
            _ => [circle_m, 0.0],
        }
    }

    /// Clearance of a polygon in a pose: of its sides, as wide as the padding and [`SKIN_M`], and of its inside.
    fn standing(&self, polygon: &Polygon, pose: &State) -> f64 {
        let swept = |radius_m: f64, [a, b]: [Point; 2]| {
            self.map.swept_clearance(Footprint::Circle { radius_m }, pose.in_frame(a), pose.in_frame(b))
        };
        let inside_m = swept(polygon.inscribed_radius_m(), polygon.spine());
        polygon.sides().map(|(a, b)| swept(polygon.padding_m() + SKIN_M, [a, b])).fold(inside_m, lesser)
    }

    /// Clearance along states: as [`Self::path`], with the heading of each. What lies inside a polygon at the beginning is
    /// looked for there; later it would have had to pass a side.
    pub fn states<'s>(&self, states: impl IntoIterator<Item = &'s State>) -> SweptPath {
        let mut states = states.into_iter().peekable();
        let holds_obstacle = states.peek().is_some_and(|first| self.holds_obstacle(first));
        let swept = self.worst(states, |from, to| self.motion(from, to));
        let depth_m = -self.footprint.inscribed_radius_m();
        if holds_obstacle && !(swept.clearance_m <= depth_m) && !swept.clearance_m.is_nan() {
            return SweptPath { clearance_m: depth_m, segment: 0 };
        }
        swept
    }

    /// Whether a polygon's own outline, without its padding, overlaps an obstacle in a pose: at a side, or wider than
    /// `CHORD_M` inside. How deep is not measured. False of a circle, whose depth is its clearance.
    pub fn overlaps(&self, pose: &State) -> bool {
        let Footprint::Polygon(polygon) = &self.footprint else { return false };
        self.holds_obstacle(pose) || polygon.sides().any(|(a, b)| self.meets_obstacle(pose, [a, b]))
    }

    /// Whether an obstacle wider than `CHORD_M` lies inside a polygon in a pose.
    fn holds_obstacle(&self, pose: &State) -> bool {
        let Footprint::Polygon(polygon) = &self.footprint else { return false };
        let mut holds = false;
        polygon.visit_chords(CHORD_M, &mut |chord| holds |= self.meets_obstacle(pose, chord));
        holds
    }

    /// Whether a segment in the robot's frame meets an obstacle. True for NaN.
    fn meets_obstacle(&self, pose: &State, [a, b]: [Point; 2]) -> bool {
        let point = Footprint::Circle { radius_m: 0.0 };
        !(self.map.swept_clearance(point, pose.in_frame(a), pose.in_frame(b)) > 0.0)
    }

    /// The least clearance between neighbours.
    fn worst<T: Copy>(&self, places: impl IntoIterator<Item = T>, clearance_of: impl Fn(T, T) -> f64) -> SweptPath {
        let mut result = SweptPath { clearance_m: CLEARANCE_CAP_M, segment: 0 };
        let mut previous: Option<T> = None;
        for (index, place) in places.into_iter().enumerate() {
            let clearance = clearance_of(previous.unwrap_or(place), place);
            if clearance.is_nan() {
                return SweptPath { clearance_m: f64::NAN, segment: index.saturating_sub(1) };
            }
            if clearance < result.clearance_m {
                result = SweptPath { clearance_m: clearance, segment: index.saturating_sub(1) };
            }
            previous = Some(place);
        }
        result
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

    /// A long narrow robot fits along a corridor, not across it, and cannot turn there.
    #[test]
    fn a_polygon_is_swept_with_its_heading() {
        let layout = Layout::umaze();
        let corners = [[0.6, 0.2], [-0.6, 0.2], [-0.6, -0.2], [0.6, -0.2]];
        let polygon = Polygon::new(&corners, 0.0).expect("a box");
        let sweep = Sweep::new(&layout, Footprint::Polygon(polygon));
        let along = std::f64::consts::FRAC_PI_2;
        let (from, to) = (State::at_pose([0.8, 1.2], along), State::at_pose([0.8, 2.4], along));
        // The corridor is 1 m wide: 0.3 m on both sides, less the skin; 1.2 m in 17 steps take 4 cm.
        assert!((sweep.motion(&from, &from) - 0.299).abs() < 1e-9, "{}", sweep.motion(&from, &from));
        let clearance = sweep.motion(&from, &to);
        assert!((0.25..0.299).contains(&clearance), "{clearance}");
        assert!((sweep.segment([0.8, 1.2], [0.8, 2.4]) - 0.3).abs() < 1e-9);
        assert!(sweep.motion(&from, &State::at_pose([0.8, 1.2], 0.0)) < 0.0);
        let turned = State::at_pose([0.8, 1.2], along + 0.3);
        let reach = 0.6 * 0.3_f64.sin() + 0.2 * 0.3_f64.cos();
        assert!((sweep.motion(&turned, &turned) - (0.5 - reach - 0.001)).abs() < 1e-9);
        assert!(sweep.motion(&from, &State::at_pose([0.8, f64::NAN], along)).is_nan());
        assert!(!sweep.states(&[from, State::at_pose([0.8, 1.2], f64::NAN)]).is_clear_by(0.0));
        // Between steps a polygon loses half of one, and nothing where it stands.
        let near = State::at_pose([0.8, 1.206], along);
        assert!((sweep.at_steps(&from, &near) - sweep.motion(&from, &near) - 0.003).abs() < 1e-12);
        assert_eq!(sweep.at_steps(&from, &from), sweep.motion(&from, &from));
    }

    #[test]
    fn an_outline_in_a_wall_overlaps_and_one_whose_padding_is_in_it_does_not() {
        let layout = Layout::umaze();
        // The wall ends at x = 0.3; the second outline is too thin for a chord.
        for half_m in [0.2, 0.004] {
            let corners = [[0.5, half_m], [-0.1, half_m], [-0.1, -half_m], [0.5, -half_m]];
            let polygon = Polygon::new(&corners, 0.05).expect("a box");
            let sweep = Sweep::new(&layout, Footprint::Polygon(polygon));
            let overlaps = |x: f64| sweep.overlaps(&State::at_pose([x, 1.5], std::f64::consts::PI));
            assert!(!overlaps(0.9) && !overlaps(0.802) && overlaps(0.798) && overlaps(0.5) && overlaps(f64::NAN));
        }
        assert!(!Sweep::new(&layout, PointMass::FOOTPRINT).overlaps(&State::at_rest([0.35, 1.5])));
    }

    #[test]
    fn an_obstacle_inside_a_polygon_is_found_where_no_side_touches_it() {
        use crate::geometry::Polygon;
        use crate::world::map::grid::{GridGeometry, GridMap};
        let geometry = GridGeometry { origin: [-5.0, -5.0], yaw_rad: 0.0, resolution_m: 0.05, width: 200, height: 200 };
        let concave = [[0.2, 0.2], [-1.5, 0.2], [-1.5, 1.2], [-2.5, 1.2], [-2.5, -0.2], [0.2, -0.2]];
        let footprint = Footprint::Polygon(Polygon::new(&concave, 0.0).expect("a polygon"));
        let clear = |cell: Option<(usize, usize)>, heading_rad: f64| {
            let mut occupied = vec![false; 200 * 200];
            cell.into_iter().for_each(|(column, row)| occupied[row * 200 + column] = true);
            let map = GridMap::new("one cell", geometry, occupied).expect("a grid");
            let pose = State::at_pose([0.0, 0.0], heading_rad);
            Sweep::new(&map, footprint).states([&pose, &pose]).is_clear_by(0.0)
        };
        assert!(clear(None, 0.3));
        // (-2, 0.8) and (-0.5, 0) lie inside, (0.5, 0.8) outside.
        for (x, y, free) in [(-2.0, 0.8, false), (-0.5, 0.0, false), (0.5, 0.8, true), (-1.0, 0.7, true)] {
            for heading_rad in [0.0, 0.3, 2.0, -1.2_f64] {
                let (sin, cos) = heading_rad.sin_cos();
                let [at_x, at_y]: [f64; 2] = [x * cos - y * sin, x * sin + y * cos];
                let cell = (((at_x + 5.0) / 0.05) as usize, ((at_y + 5.0) / 0.05) as usize);
                assert_eq!(clear(Some(cell), heading_rad), free, "{x} {y} {heading_rad}");
            }
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
