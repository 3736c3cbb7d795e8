//! Audit of every published plan, by a computation independent of the gate's.

use crate::gate::{CheckedPlan, Origin};
use crate::geometry::{Aabb, Point, distance, lerp};
use crate::world::{GridMap, World};

/// Largest distance between a plan and the world's re-run of its commands, metres.
const RERUN_TOLERANCE_M: f64 = 1e-6;
/// Points per step at which the robot's disc is held against every wall.
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

    /// The gate sweeps segments; this holds sampled discs against every wall and re-runs the commands.
    fn is_safe(&self, world: &World, plan: &CheckedPlan) -> bool {
        let states = &plan.trajectory().states;
        let radius_m = world.robot().footprint().circumscribed_radius_m();
        let clear = states.windows(2).all(|pair| {
            (0..=SAMPLES_PER_STEP).all(|sample| {
                let t = sample as f64 / SAMPLES_PER_STEP as f64;
                let point = lerp(pair[0].position, pair[1].position, t);
                match world.map().as_grid() {
                    Some(grid) => is_clear(grid, point, radius_m),
                    None => self.walls.iter().all(|wall| distance(point, wall.nearest(point)) > radius_m),
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

/// Whether a disc touches no occupied cell: every cell around is looked at, without the grid's bits and distances.
fn is_clear(grid: &GridMap, centre: Point, radius_m: f64) -> bool {
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
    let span = |axis: usize| {
        let cell = |value: f64| (value / side_m).floor() as i64;
        cell(at[axis] - radius_m) - 1..=cell(at[axis] + radius_m) + 1
    };
    span(1).all(|row| {
        span(0).all(|column| {
            let low = [column as f64 * side_m, row as f64 * side_m];
            let cell = Aabb { low, high: low.map(|value| value + side_m) };
            // What is negative lies outside, as a large index does.
            !grid.is_occupied(column as usize, row as usize) || distance(at, cell.nearest(at)) > radius_m
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Footprint;
    use crate::world::Map;
    use crate::world::map::grid::GridGeometry;
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
            let clearance_m = grid.clearance(Footprint::Circle { radius_m }, point);
            prop_assert!(clearance_m.abs() < 1e-9 || is_clear(&grid, point, radius_m) == (clearance_m > 0.0), "{clearance_m}");
            prop_assert!(!is_clear(&grid, [f64::NAN, y], radius_m) && !is_clear(&grid, [1e300, y], radius_m));
        }
    }
}
