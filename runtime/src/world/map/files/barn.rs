//! BARN's worlds (Perille, Truong, Xiao and Stone 2020): cylinders between a start and a goal.

use super::super::grid::{GridGeometry, GridMap};
use super::{ArrayFile, FieldFault, NamedMap, Query, grid_fault};
use crate::geometry::{Aabb, Point, distance};

const RESOLUTION_M: f64 = 0.05;
const RADIUS_M: f64 = 0.075;
/// Free space round cylinders, start and goal.
const MARGIN_M: f64 = 4.0;
const START: Point = [-2.25, 3.0];
const GOAL: Point = [-2.25, 13.0];
/// Share of a cell's side by which a cylinder may overlap a cell that stays free.
const HAIR: f64 = 1e-3;

/// Every world of an archive: `world_NNN` (n x 2, centres in metres) with `path_length_NNN`.
pub(super) fn worlds(name: &str, mut archive: ArrayFile) -> Result<Vec<NamedMap>, FieldFault> {
    let fields: Vec<String> = archive.names().into_iter().filter(|name| name.starts_with("world_")).collect();
    if fields.is_empty() {
        return Err(FieldFault::new("world_NNN", "at least one array of cylinders (n, 2)", "no array of such a name"));
    }
    let mut maps = Vec::new();
    for field in fields {
        let cylinders = archive.shaped(&field, &[None, Some(2)])?;
        let centres: Vec<Point> = cylinders.values.as_chunks().0.to_vec();
        if !centres.as_flattened().iter().all(|value| value.is_finite()) {
            return Err(FieldFault::new(field, "finite metres", "a number that is not finite"));
        }
        let length_field = field.replace("world_", "path_length_");
        let length = archive.shaped(&length_field, &[])?.values;
        let reference_m = length.first().copied().filter(|length| *length > 0.0 && length.is_finite());
        if reference_m.is_none() {
            return Err(FieldFault::new(length_field, "metres above 0", format!("{length:?}")));
        }
        let name = format!("{name}/{field}");
        let map = draw(&name, &centres).map_err(|source| grid_fault(&field, source))?;
        let queries = vec![Query { start: START, goal: GOAL, reference_m }];
        maps.push(NamedMap { name, map, queries, warnings: Vec::new() });
    }
    Ok(maps)
}

/// Cylinders drawn as cells: every cell that one overlaps by more than a hair is occupied.
fn draw(name: &str, centres: &[Point]) -> Result<GridMap, super::GridError> {
    let ends = [START, GOAL];
    let over = |pick: fn(f64, f64) -> f64, by: f64| {
        [0, 1].map(|axis| {
            let cylinders = centres.iter().map(|centre| centre[axis] + by.signum() * RADIUS_M);
            cylinders.chain(ends.map(|end| end[axis])).fold(START[axis], pick) + by
        })
    };
    let (low, high) = (over(f64::min, -MARGIN_M), over(f64::max, MARGIN_M));
    let [width, height] = [0, 1].map(|axis| ((high[axis] - low[axis]) / RESOLUTION_M).ceil() as usize);
    let geometry = GridGeometry { origin: low, yaw_rad: 0.0, resolution_m: RESOLUTION_M, width, height };
    geometry.check()?;
    let mut occupied = vec![false; geometry.cells()];
    let reach = RADIUS_M / RESOLUTION_M;
    for centre in centres {
        let at = [0, 1].map(|axis| (centre[axis] - low[axis]) / RESOLUTION_M);
        let span = |axis: usize| (at[axis] - reach).floor() as usize..=(at[axis] + reach).floor() as usize;
        for row in span(1) {
            for column in span(0) {
                let corner = [column as f64, row as f64];
                let cell = Aabb { low: corner, high: corner.map(|value| value + 1.0) };
                if distance(cell.nearest(at), at) < reach - HAIR {
                    occupied[row * width + column] = true;
                }
            }
        }
    }
    GridMap::new(name, geometry, occupied)
}
