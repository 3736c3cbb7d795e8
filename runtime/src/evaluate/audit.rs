//! Audit of every published plan, by a computation independent of the gate's.

use crate::gate::{CheckedPlan, Origin};
use crate::geometry::{Aabb, Footprint, Point, Polygon, distance, lerp, wrapped};
use crate::world::{GridMap, State, World};

/// Largest distance between a plan and the world's re-run of its commands, metres.
const RERUN_TOLERANCE_M: f64 = 1e-6;
/// Poses per step in which the robot's outline is held against every wall.
const SAMPLES_PER_STEP: usize = 4;

/// Counts published plans, and those of them that fail the audit.
#[derive(Clone, Debug)]
pub struct Audit {
    /// Of maps that are no grids.
    walls: Vec<Aabb>,
    last_sequence: u64,
    /// Plans looked at.
    pub plans: u64,
    /// Plans that are not finite, hit a wall, or are not what the world does.
    pub unsafe_plans: u64,
}

impl Audit {
    /// For plans in a world.
    pub fn new(world: &World) -> Self {
        let walls = if world.map().as_grid().is_some() { Vec::new() } else { world.map().obstacles() };
        Self { walls, last_sequence: 0, plans: 0, unsafe_plans: 0 }
    }

    /// Looks at the plan in force, once per plan.
    pub fn look(&mut self, world: &World, plan: &CheckedPlan) {
        if plan.sequence() == self.last_sequence {
            return;
        }
        self.last_sequence = plan.sequence();
        self.plans += 1;
        self.unsafe_plans += u64::from(!self.is_safe(world, plan));
    }

    /// The gate sweeps segments; this holds sampled outlines against every wall and re-runs the commands.
    fn is_safe(&self, world: &World, plan: &CheckedPlan) -> bool {
        let states = &plan.trajectory().states;
        let footprint = world.robot().footprint();
        let clear = states.windows(2).all(|pair| {
            (0..=SAMPLES_PER_STEP).all(|sample| {
                let t = sample as f64 / SAMPLES_PER_STEP as f64;
                let turned = t * wrapped(pair[1].heading_rad - pair[0].heading_rad);
                let pose = State::at_pose(lerp(pair[0].position, pair[1].position, t), pair[0].heading_rad + turned);
                match world.map().as_grid() {
                    Some(grid) => is_clear(grid, &pose, &footprint),
                    None => self.walls.iter().all(|wall| !meets(&footprint, &pose, wall)),
                }
            })
        });
        // The rest of an older plan carries its commands too; only a plan without a place to be has none.
        let Some(first) = states.first() else { return plan.origin() != Origin::Planned };
        let mut state = *first;
        let mut followed = true;
        for (command, planned) in plan.trajectory().commands.iter().zip(&states[1..]) {
            let (next, report) = world.step(&state, *command);
            state = next;
            followed &= state.distance(planned.position) <= RERUN_TOLERANCE_M && report.pushing == 0;
        }
        clear && followed
    }
}

/// Whether a footprint in a pose meets a box.
pub(super) fn meets(footprint: &Footprint, pose: &State, wall: &Aabb) -> bool {
    match footprint {
        Footprint::Circle { radius_m } => distance(pose.position, wall.nearest(pose.position)) <= *radius_m,
        Footprint::Polygon(polygon) => outline_meets(polygon, pose, wall),
    }
}

/// Whether a polygon and its padding meet a box: a corner of one lies within the other, or two sides are near.
fn outline_meets(polygon: &Polygon, pose: &State, wall: &Aabb) -> bool {
    let [low, high] = [wall.low, wall.high];
    let wall_corners = [low, [high[0], low[1]], high, [low[0], high[1]]];
    let (sin, cos) = pose.heading_rad.sin_cos();
    let placed = |[x, y]: Point| [pose.position[0] + x * cos - y * sin, pose.position[1] + x * sin + y * cos];
    let corners: Vec<Point> = polygon.corners().iter().map(|corner| placed(*corner)).collect();
    let sides = |corners: &[Point]| -> Vec<[Point; 2]> {
        (0..corners.len()).map(|side| [corners[side], corners[(side + 1) % corners.len()]]).collect()
    };
    let (own, walls) = (sides(&corners), sides(&wall_corners));
    corners.iter().any(|corner| encloses(&walls, *corner))
        || wall_corners.iter().any(|corner| encloses(&own, *corner))
        || own.iter().any(|one| walls.iter().any(|other| gap_m(*one, *other) <= polygon.padding_m()))
}

/// Whether the sides go round a point: the angles under which it sees them add up to a whole turn.
fn encloses(sides: &[[Point; 2]], [x, y]: Point) -> bool {
    let angle = |[[a, b], [c, d]]: &[Point; 2]| {
        let ([a, b], [c, d]) = ([a - x, b - y], [c - x, d - y]);
        (a * d - b * c).atan2(a * c + b * d)
    };
    sides.iter().map(angle).sum::<f64>().abs() > std::f64::consts::PI
}

/// Distance between two segments: 0 where they cross, else that of an end of one from the other.
fn gap_m([a, b]: [Point; 2], [c, d]: [Point; 2]) -> f64 {
    let minus = |p: Point, q: Point| [p[0] - q[0], p[1] - q[1]];
    let cross = |p: Point, q: Point| p[0] * q[1] - p[1] * q[0];
    let side = |from: Point, to: Point, point: Point| cross(minus(to, from), minus(point, from));
    if side(a, b, c) * side(a, b, d) < 0.0 && side(c, d, a) * side(c, d, b) < 0.0 {
        return 0.0;
    }
    let to_segment = |point: Point, from: Point, to: Point| {
        let (way, off) = (minus(to, from), minus(point, from));
        let length = way[0].hypot(way[1]);
        let along = (way[0] * off[0] + way[1] * off[1]) / length;
        if !(along > 0.0) {
            off[0].hypot(off[1])
        } else if along > length {
            minus(point, to)[0].hypot(minus(point, to)[1])
        } else {
            cross(way, off).abs() / length
        }
    };
    to_segment(a, c, d).min(to_segment(b, c, d)).min(to_segment(c, a, b)).min(to_segment(d, a, b))
}

/// Whether a footprint touches no occupied cell: every cell around is looked at, without the grid's bits and distances.
fn is_clear(grid: &GridMap, pose: &State, footprint: &Footprint) -> bool {
    let (centre, radius_m) = (pose.position, footprint.circumscribed_radius_m());
    let geometry = grid.geometry();
    // The axes of the grid in the frame of the map.
    let along = [geometry.yaw_rad.cos(), geometry.yaw_rad.sin()];
    let axes = [along, [-along[1], along[0]]];
    let offset = [centre[0] - geometry.origin[0], centre[1] - geometry.origin[1]];
    let at = axes.map(|axis| offset[0] * axis[0] + offset[1] * axis[1]);
    if !at.iter().all(|value| value.abs() < 1e6) {
        return false;
    }
    let side_m = geometry.resolution_m;
    let in_grid = State::at_pose(at, pose.heading_rad - geometry.yaw_rad);
    let span = |axis: usize| {
        let cell = |value: f64| (value / side_m).floor() as i64;
        cell(at[axis] - radius_m) - 1..=cell(at[axis] + radius_m) + 1
    };
    span(1).all(|row| {
        span(0).all(|column| {
            let low = [column as f64 * side_m, row as f64 * side_m];
            let cell = Aabb { low, high: low.map(|value| value + side_m) };
            // What is negative lies outside, as a large index does.
            !grid.is_occupied(column as usize, row as usize) || !meets(footprint, &in_grid, &cell)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::map::grid::GridGeometry;
    use crate::world::{Map, Sweep};
    use proptest::prelude::*;

    proptest! {
        /// Two computations that share nothing but the cells.
        #[test]
        fn discs_on_cells_are_clear_where_the_clearance_is(
            cells in prop::collection::vec(prop::bool::weighted(0.1), 30 * 20),
            yaw_rad in -4.0..4.0_f64,
            radius_m in 0.0..0.5_f64,
            x in -0.5..3.5_f64,
            y in -0.5..2.5_f64,
        ) {
            let geometry = GridGeometry { origin: [-5.0, 7.0], yaw_rad, resolution_m: 0.1, width: 30, height: 20 };
            let grid = GridMap::new("cells", geometry, cells).expect("a grid");
            let (sin, cos) = yaw_rad.sin_cos();
            let point = [-5.0 + cos * x - sin * y, 7.0 + sin * x + cos * y];
            let disc = Footprint::Circle { radius_m };
            let clearance_m = grid.clearance(disc, point);
            let clear = |point| is_clear(&grid, &State::at_pose(point, x), &disc);
            prop_assert!(clearance_m.abs() < 1e-9 || clear(point) == (clearance_m > 0.0), "{clearance_m}");
            prop_assert!(!clear([f64::NAN, y]) && !clear([1e300, y]));
            // A fork, whose inside is a passage, with a padding; the sweep takes its skin off.
            let corners = [[0.6, 0.4], [-0.2, 0.4], [-0.2, -0.4], [0.6, -0.4], [0.6, -0.3], [0.1, -0.3], [0.1, 0.3], [0.6, 0.3]];
            let fork = Footprint::Polygon(Polygon::new(&corners, 0.02).expect("a fork"));
            let pose = State::at_pose(point, 3.0 * x);
            let swept_m = Sweep::new(&grid, fork).states(&[pose]).clearance_m;
            prop_assert!(swept_m.abs() < 2e-3 || is_clear(&grid, &pose, &fork) == (swept_m > 0.0), "{swept_m} at {pose:?}");
        }
    }
}
