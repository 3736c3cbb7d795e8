//! Whether a polygon has any way to a goal: a flood fill over position and heading that shares nothing with the planners.
//!
//! The poses of a lattice are held against the cells exactly; a move leads to any pose next to a free one, sideways and
//! turning alike, which is more than any robot can do. A continuous way passes from the neighbourhood of one lattice pose
//! to that of the next; with the outline smaller by what lies between neighbours, every pose that it passes is free. So
//! where even that outline finds no way there is none.

use super::audit::meets;
use crate::geometry::{Aabb, Footprint, Point, Polygon};
use crate::world::{GridMap, State, World};
use std::collections::VecDeque;

/// What a flood fill over position and heading found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Feasibility {
    /// A way over the lattice's poses, for a robot that moves in all directions.
    Connected,
    /// None over these; one of an outline that is smaller by what lies between them.
    Undecided,
    /// None of either: no way exists.
    Unsolvable,
}

/// Headings in a whole turn: 3 degrees apart.
const HEADINGS: usize = 120;
const ALL: u128 = u128::MAX >> (128 - HEADINGS);
/// Of a place whose free headings were not looked for yet.
const UNKNOWN: u128 = u128::MAX;
/// The lattice's step, metres, where the map's cells are no finer.
const STEP_M: f64 = 0.0125;
/// Steps along a cell at most, places at most (of 48 bytes), cells that are held against the outline at most.
const MAX_STEPS: usize = 8;
const MAX_PLACES: usize = 1 << 22;
const MAX_TESTS: usize = 1 << 23;

/// Whether a polygon comes from a pose to within `arrival_m` of a goal, `clearance_m` from all obstacles. `None` of a disc,
/// a map that is no grid, and a map or a robot that is too large for the lattice.
pub(super) fn feasibility(
    world: &World,
    start: &State,
    goal: Point,
    clearance_m: f64,
    arrival_m: f64,
) -> Option<Feasibility> {
    let Footprint::Polygon(polygon) = world.robot().footprint() else { return None };
    let grid = world.map().as_grid()?;
    let connects = |share: f64| Lattice::new(grid, &polygon, clearance_m, share)?.connects(start, goal, arrival_m);
    Some(if connects(0.0)? {
        Feasibility::Connected
    } else if connects(1.0)? {
        Feasibility::Undecided
    } else {
        Feasibility::Unsolvable
    })
}

/// The places of a lattice, several per cell of the grid, in the grid's frame.
struct Lattice<'a> {
    grid: &'a GridMap,
    /// Along the side of a cell.
    steps: usize,
    columns: usize,
    rows: usize,
    /// The cells that the outline meets, by place within a cell and heading, from that cell.
    met: Vec<Vec<[i32; 2]>>,
    /// Whether a cell has no occupied one near: every heading is free.
    open: Vec<bool>,
    /// Free headings by place, or [`UNKNOWN`].
    free: Vec<u128>,
}

impl<'a> Lattice<'a> {
    /// `share`: of what lies between neighbours, the part by which the outline is smaller.
    fn new(grid: &'a GridMap, polygon: &Polygon, clearance_m: f64, share: f64) -> Option<Self> {
        let geometry = grid.geometry();
        let cell_m = geometry.resolution_m;
        let fits = |steps: &usize| geometry.cells() * steps * steps <= MAX_PLACES;
        let wanted = ((cell_m / STEP_M).ceil() as usize).clamp(1, MAX_STEPS);
        let steps = (1..=wanted).rev().find(fits)?;
        let step_m = cell_m / steps as f64;
        // From a pose to the nearest of the lattice no point of the robot moves farther.
        let half_turn_rad = std::f64::consts::PI / HEADINGS as f64;
        let between_m = std::f64::consts::FRAC_1_SQRT_2 * step_m + polygon.circumscribed_radius_m() * half_turn_rad;
        // The padding is reduced first, then the cells.
        let padding_m = polygon.padding_m() + clearance_m - share * between_m;
        let outline = Polygon::new(polygon.corners(), padding_m.max(0.0)).ok()?;
        let inset_m = (-padding_m).max(0.0);
        let reach = (outline.circumscribed_radius_m() / cell_m).ceil() as usize + 1;
        if steps * steps * HEADINGS * (2 * reach + 1).pow(2) > MAX_TESTS {
            return None;
        }
        let open = open_cells(grid, reach);
        let places = geometry.cells() * steps * steps;
        let mut lattice = Self {
            grid,
            steps,
            columns: geometry.width * steps,
            rows: geometry.height * steps,
            met: Vec::new(),
            open,
            free: vec![UNKNOWN; places],
        };
        let reach = reach as i32;
        for place in 0..steps * steps {
            let at = [place % steps, place / steps].map(|index| (index as f64 + 0.5) * step_m);
            for heading in 0..HEADINGS {
                let pose = State::at_pose(at, 2.0 * half_turn_rad * heading as f64);
                let meets_cell = |[column, row]: &[i32; 2]| {
                    let low = [column, row].map(|index| f64::from(*index) * cell_m + inset_m);
                    let high = low.map(|value| value + cell_m - 2.0 * inset_m);
                    2.0 * inset_m < cell_m && meets(&Footprint::Polygon(outline), &pose, &Aabb { low, high })
                };
                let around = (-reach..=reach).flat_map(|row| (-reach..=reach).map(move |column| [column, row]));
                lattice.met.push(around.filter(meets_cell).collect());
            }
        }
        Some(lattice)
    }

    /// Whether the two ends' floods meet. They advance in turn: the smaller one decides.
    fn connects(&mut self, start: &State, goal: Point, arrival_m: f64) -> Option<bool> {
        let mut floods = [(); 2].map(|()| Flood { reached: vec![0; self.free.len()], queue: VecDeque::new() });
        let heading_rad = (start.heading_rad - self.grid.geometry().yaw_rad).rem_euclid(std::f64::consts::TAU);
        let nearest = (heading_rad / std::f64::consts::TAU * HEADINGS as f64).round() as usize % HEADINGS;
        let step_m = self.grid.geometry().resolution_m / self.steps as f64;
        for (side, end, within_m, headings) in
            [(0, start.position, 0.0, widened(1 << nearest)), (1, goal, arrival_m, ALL)]
        {
            let [column, row] = self.place_of(end)?;
            let reach = (within_m / step_m).ceil() as usize + 1;
            for row in row.saturating_sub(reach)..=row.saturating_add(reach).min(self.rows - 1) {
                for column in column.saturating_sub(reach)..=column.saturating_add(reach).min(self.columns - 1) {
                    let place = row * self.columns + column;
                    let seeds = self.free_at(place) & headings;
                    floods[side].take(place, seeds);
                    if floods[0].reached[place] & floods[1].reached[place] != 0 {
                        return Some(true);
                    }
                }
            }
        }
        for side in [0, 1].into_iter().cycle() {
            let Some(place) = floods[side].queue.pop_front() else { break };
            let spread = widened(floods[side].reached[place]);
            let (column, row) = (place % self.columns, place / self.columns);
            for row in row.saturating_sub(1)..=(row + 1).min(self.rows - 1) {
                for column in column.saturating_sub(1)..=(column + 1).min(self.columns - 1) {
                    let next = row * self.columns + column;
                    floods[side].take(next, spread & self.free_at(next));
                    if floods[0].reached[next] & floods[1].reached[next] != 0 {
                        return Some(true);
                    }
                }
            }
        }
        Some(false)
    }

    /// The place nearest to a point. `None` outside the grid.
    fn place_of(&self, point: Point) -> Option<[usize; 2]> {
        let geometry = self.grid.geometry();
        let (sin, cos) = geometry.yaw_rad.sin_cos();
        let [x, y] = [point[0] - geometry.origin[0], point[1] - geometry.origin[1]];
        let step_m = geometry.resolution_m / self.steps as f64;
        let at = [(cos * x + sin * y) / step_m, (cos * y - sin * x) / step_m];
        let inside = at[0] >= 0.0 && at[1] >= 0.0 && at[0] < self.columns as f64 && at[1] < self.rows as f64;
        inside.then(|| at.map(|value| value as usize))
    }

    fn free_at(&mut self, place: usize) -> u128 {
        if self.free[place] != UNKNOWN {
            return self.free[place];
        }
        let (column, row) = (place % self.columns, place / self.columns);
        let cell = [column / self.steps, row / self.steps];
        let free = if self.open[cell[1] * self.grid.geometry().width + cell[0]] {
            ALL
        } else {
            let first = (row % self.steps * self.steps + column % self.steps) * HEADINGS;
            let is_free = |heading: &usize| {
                // What is negative lies outside, as a large index does.
                let at = |[dx, dy]: &[i32; 2]| [cell[0] as i64 + i64::from(*dx), cell[1] as i64 + i64::from(*dy)];
                let met = self.met[first + heading].iter().map(at);
                met.into_iter().all(|[column, row]| !self.grid.is_occupied(column as usize, row as usize))
            };
            (0..HEADINGS).filter(is_free).fold(0, |free, heading| free | 1 << heading)
        };
        self.free[place] = free;
        free
    }
}

/// Reached headings by place, and the places with some from which none has been reached yet.
struct Flood {
    reached: Vec<u128>,
    queue: VecDeque<usize>,
}

impl Flood {
    fn take(&mut self, place: usize, headings: u128) {
        if headings & !self.reached[place] != 0 {
            self.reached[place] |= headings;
            self.queue.push_back(place);
        }
    }
}

/// With the next heading on both sides.
fn widened(headings: u128) -> u128 {
    (headings | headings << 1 | headings >> (HEADINGS - 1) | headings >> 1 | headings << (HEADINGS - 1)) & ALL
}

/// The cells with no occupied one, nor the grid's edge, within a square of `reach` cells around.
fn open_cells(grid: &GridMap, reach: usize) -> Vec<bool> {
    let (width, height) = (grid.geometry().width, grid.geometry().height);
    // Occupied cells below and to the left of a corner.
    let mut sums = vec![0_u32; (width + 1) * (height + 1)];
    let corner = |column: usize, row: usize| row * (width + 1) + column;
    for row in 0..height {
        for column in 0..width {
            let others = sums[corner(column, row + 1)] + sums[corner(column + 1, row)] - sums[corner(column, row)];
            sums[corner(column + 1, row + 1)] = others + u32::from(grid.is_occupied(column, row));
        }
    }
    let is_open = |column: usize, row: usize| {
        let inside = column >= reach && row >= reach && column + reach < width && row + reach < height;
        inside && {
            let (left, right) = (column - reach, column + reach + 1);
            let (low, high) = (row - reach, row + reach + 1);
            sums[corner(right, high)] + sums[corner(left, low)] == sums[corner(left, high)] + sums[corner(right, low)]
        }
    };
    (0..height).flat_map(|row| (0..width).map(move |column| (column, row))).map(|(c, r)| is_open(c, r)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Differential;
    use crate::world::map::grid::GridGeometry;
    use std::sync::Arc;

    const CELL_M: f64 = 0.05;
    const YAW_RAD: f64 = 0.7;
    const ORIGIN: Point = [3.0, -2.0];

    /// A point of the grid's frame in that of the map.
    fn placed([x, y]: Point) -> Point {
        let (sin, cos) = YAW_RAD.sin_cos();
        [ORIGIN[0] + cos * x - sin * y, ORIGIN[1] + sin * x + cos * y]
    }

    /// A box of these half sides on a turned grid of 4 x 4 m whose cells are occupied by their centres.
    fn found(half: Point, start: (Point, f64), goal: Point, is_occupied: impl Fn(Point) -> bool) -> Feasibility {
        let geometry = GridGeometry { origin: ORIGIN, yaw_rad: YAW_RAD, resolution_m: CELL_M, width: 80, height: 80 };
        let centre = |index: usize| (index as f64 + 0.5) * CELL_M;
        let cells = (0..80 * 80).map(|index| is_occupied([centre(index % 80), centre(index / 80)])).collect();
        let grid = GridMap::new("cells", geometry, cells).expect("a grid");
        let [x, y] = half;
        let outline = Polygon::new(&[[x, y], [-x, y], [-x, -y], [x, -y]], 0.01).expect("a box");
        let robot = Differential { footprint: Footprint::Polygon(outline), ..Differential::default() };
        let world = World::new(Arc::new(robot), Arc::new(grid));
        let start = State::at_pose(placed(start.0), start.1 + YAW_RAD);
        feasibility(&world, &start, placed(goal), 0.005, 0.05).expect("a polygon on a grid")
    }

    /// A wall across with a gap of so many cells.
    fn through_a_gap(half: Point, cells: u32) -> Feasibility {
        let high_m = 1.0 + f64::from(cells) * CELL_M;
        let in_wall = |[x, y]: Point| (1.9..2.1).contains(&x) && !(1.0..high_m).contains(&y);
        found(half, ([0.8, 2.0], 1.0), [3.2, 2.0], in_wall)
    }

    #[test]
    fn a_gap_narrower_than_the_robot_is_unsolvable_and_one_5_cm_wider_is_not() {
        // 0.43 m and the padding are 0.45 m.
        let jackal = [0.254, 0.215];
        assert_eq!(through_a_gap(jackal, 8), Feasibility::Unsolvable);
        assert_eq!(through_a_gap(jackal, 10), Feasibility::Connected);
        // As wide as the robot: the gate's clearance is wanting, by less than what lies between the lattice's poses.
        assert_eq!(through_a_gap(jackal, 9), Feasibility::Undecided);
    }

    #[test]
    fn a_long_robot_passes_a_straight_passage_and_no_bend_of_the_same_width() {
        // Passages of 0.5 m, straight and with a right angle.
        let straight = |[x, _]: Point| !(1.0..1.5).contains(&x);
        let bend = |[x, y]: Point| !((1.0..1.5).contains(&x) && y < 3.0 || x >= 1.0 && (2.5..3.0).contains(&y));
        let ahead = ([1.25, 1.0], std::f64::consts::FRAC_PI_2);
        let long = [0.7, 0.2];
        assert_eq!(found(long, ahead, [1.25, 2.9], straight), Feasibility::Connected);
        assert_eq!(found(long, ahead, [2.9, 2.75], bend), Feasibility::Unsolvable);
        assert_eq!(found([0.2, 0.2], ahead, [2.9, 2.75], bend), Feasibility::Connected);
    }

    #[test]
    fn a_goal_at_which_no_heading_is_free_is_unsolvable() {
        let beside = |[x, y]: Point| (1.0..1.8).contains(&x) && !(1.0..1.3).contains(&y);
        assert_eq!(found([0.254, 0.215], ([3.0, 2.0], 0.0), [1.4, 1.15], beside), Feasibility::Unsolvable);
    }
}
