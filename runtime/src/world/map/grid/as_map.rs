//! A grid as a map: occupied cells are closed boxes, space outside is occupied.

use super::GridMap;
use crate::geometry::{Aabb, Footprint, Point, distance};
use crate::world::map::{CLEARANCE_CAP_M, Map, Surface};

/// Times that a point is pushed out of the nearest obstacle.
const PUSHES: usize = 12;

impl Map for GridMap {
    fn name(&self) -> &str {
        &self.name
    }

    fn bounds(&self) -> Aabb {
        self.frame.bounds()
    }

    fn is_free(&self, point: Point) -> bool {
        let at = self.frame.cells_from_map(point);
        at.iter().all(|value| value.is_finite()) && self.nearest(at, at, 1.0) > 0.0
    }

    fn swept_clearance(&self, footprint: Footprint, from: Point, to: Point) -> f64 {
        if !from.iter().chain(&to).all(|value| value.is_finite()) {
            return f64::NAN;
        }
        let (radius_m, side_m) = (footprint.circumscribed_radius_m(), self.geometry().resolution_m);
        let reach_m = radius_m + CLEARANCE_CAP_M;
        let [from, to] = [from, to].map(|point| self.frame.cells_from_map(point));
        (self.nearest(from, to, reach_m / side_m) * side_m - radius_m).min(CLEARANCE_CAP_M)
    }

    /// Of several cells in a row those are left out whose neighbour is nearer: a flat wall has one surface.
    fn visit_surfaces(&self, point: Point, visit: &mut dyn FnMut(Surface)) {
        let at = self.frame.cells_from_map(point);
        if !at.iter().all(|value| value.is_finite()) {
            return;
        }
        let side_m = self.geometry().resolution_m;
        let mut show = |surface: Surface| {
            visit(Surface { normal: self.frame.turned(surface.normal), distance_m: surface.distance_m * side_m });
        };
        let reach = CLEARANCE_CAP_M / side_m;
        let size = [self.geometry().width, self.geometry().height];
        for axis in 0..2 {
            for (sign, distance_m) in [(1.0, at[axis]), (-1.0, size[axis] as f64 - at[axis])] {
                if distance_m <= reach {
                    let mut normal = [0.0; 2];
                    normal[axis] = sign;
                    show(Surface { normal, distance_m });
                }
            }
        }
        let span = |axis: usize| {
            let cell = |value: f64| (value.max(0.0) as usize).min(size[axis]);
            cell(at[axis] - reach)..cell(at[axis] + reach + 1.0)
        };
        for row in span(1) {
            let columns = span(0);
            let mut from = columns.start;
            while from < columns.end
                && let Some(column) = self.occupied.first_from(row, from, columns.end - 1)
            {
                from = column + 1;
                if let Some(surface) = self.surface_of([column, row], at) {
                    show(surface);
                }
            }
        }
    }

    fn push_out(&self, point: Point, distance_m: f64) -> Point {
        let mut out = point;
        for _ in 0..PUSHES {
            let mut nearest = Surface { normal: [0.0; 2], distance_m };
            self.visit_surfaces(out, &mut |surface| {
                if surface.distance_m < nearest.distance_m {
                    nearest = surface;
                }
            });
            if nearest.distance_m < 0.0
                && let Some(surface) = self.way_out(out)
            {
                nearest = surface;
            }
            let by_m = distance_m - nearest.distance_m;
            if !(by_m > 1e-9) {
                break;
            }
            out = [out[0] + by_m * nearest.normal[0], out[1] + by_m * nearest.normal[1]];
        }
        out
    }

    /// As [`GridMap::compute_ways`] found it; true before.
    fn may_connect(&self, distance_m: f64, from: Point, to: Point) -> bool {
        let apart = self.ways.as_ref().zip(self.cell_of(from)).zip(self.cell_of(to));
        !apart.is_some_and(|((ways, from), to)| ways.are_apart(distance_m, from, to))
    }

    fn as_grid(&self) -> Option<&GridMap> {
        Some(self)
    }

    /// Of a turned grid no box along the axes is a cell: none.
    fn obstacles(&self) -> Vec<Aabb> {
        if self.geometry().yaw_rad != 0.0 {
            return Vec::new();
        }
        let (width, height) = (self.geometry().width, self.geometry().height);
        let mut boxes = Vec::new();
        for row in 0..height {
            let mut from = 0;
            while from < width
                && let Some(first) = self.occupied.first_from(row, from, width - 1)
            {
                let past = (first..width).find(|column| !self.is_occupied(*column, row)).unwrap_or(width);
                let corner = |column: usize, row: usize| self.frame.map_from_cells([column as f64, row as f64]);
                boxes.push(Aabb { low: corner(first, row), high: corner(past, row + 1) });
                from = past;
            }
        }
        boxes
    }
}

impl GridMap {
    /// Whether a segment keeps a distance from everything occupied: as [`Map::swept_clearance`] of a disc of that radius
    /// with its sign alone, so that nothing farther away is looked at.
    pub fn keeps_distance(&self, from: Point, to: Point, distance_m: f64) -> bool {
        if !from.iter().chain(&to).all(|value| value.is_finite()) {
            return false;
        }
        let [from, to] = [from, to].map(|point| self.frame.cells_from_map(point));
        let reach = distance_m / self.geometry().resolution_m;
        self.nearest(from, to, reach) >= reach
    }

    /// From inside an obstacle: the surface towards the nearest free cell, if one is within [`CLEARANCE_CAP_M`].
    fn way_out(&self, point: Point) -> Option<Surface> {
        let (at, side_m) = (self.frame.cells_from_map(point), self.geometry().resolution_m);
        let size = [self.geometry().width as f64, self.geometry().height as f64];
        let middle = [0, 1].map(|axis| at[axis].clamp(0.0, size[axis]) as i64);
        let reach = (CLEARANCE_CAP_M / side_m).ceil() as i64;
        let mut best = (reach as f64, at);
        for ring in 0..=reach {
            if ring as f64 - 1.0 > best.0 {
                break;
            }
            for dv in -ring..=ring {
                let step = if dv.abs() == ring { 1 } else { 2 * ring };
                for du in (-ring..=ring).step_by(step.max(1) as usize) {
                    let cell = [middle[0] + du, middle[1] + dv];
                    // What is negative becomes huge, and lies outside.
                    if !self.is_occupied(cell[0] as usize, cell[1] as usize) {
                        let low = cell.map(|index| index as f64);
                        let nearest = Aabb { low, high: low.map(|value| value + 1.0) }.nearest(at);
                        let away = distance(at, nearest);
                        if away < best.0 {
                            best = (away, nearest);
                        }
                    }
                }
            }
        }
        let (away, nearest) = best;
        let normal = [nearest[0] - at[0], nearest[1] - at[1]].map(|value| value / away);
        (away > 0.0 && nearest != at).then(|| Surface { normal: self.frame.turned(normal), distance_m: -away * side_m })
    }

    /// The surface of an occupied cell, in cells; `None` where an occupied neighbour is nearer to the point.
    fn surface_of(&self, cell: [usize; 2], at: Point) -> Option<Surface> {
        let low = cell.map(|index| index as f64);
        let wall = Aabb { low, high: low.map(|value| value + 1.0) };
        // The neighbour to either side along an axis; outside there is a surface already.
        let is_covered = |axis: usize, up: bool| {
            let mut beside = cell;
            beside[axis] = if up { beside[axis] + 1 } else { beside[axis].wrapping_sub(1) };
            self.is_occupied(beside[0], beside[1])
        };
        let mut inside = true;
        for (axis, value) in at.into_iter().enumerate() {
            let (below, above) = (value < wall.low[axis], value > wall.high[axis]);
            if below && is_covered(axis, false) || above && is_covered(axis, true) {
                return None;
            }
            inside &= !below && !above;
        }
        if !inside {
            return Some(Surface::of_box(&wall, at));
        }
        // From inside: out through the nearest face that is not covered.
        let faces = [
            ([-1.0, 0.0], at[0] - wall.low[0], is_covered(0, false)),
            ([1.0, 0.0], wall.high[0] - at[0], is_covered(0, true)),
            ([0.0, -1.0], at[1] - wall.low[1], is_covered(1, false)),
            ([0.0, 1.0], wall.high[1] - at[1], is_covered(1, true)),
        ];
        let open = faces.into_iter().filter(|face| !face.2).min_by(|a, b| a.1.total_cmp(&b.1));
        let (normal, depth) = open.map_or_else(|| wall.nearest_face(at), |(normal, depth, _)| (normal, depth));
        Some(Surface { normal, distance_m: -depth })
    }
}
