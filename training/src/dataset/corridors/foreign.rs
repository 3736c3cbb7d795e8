//! Problems on maps that nothing was fitted to: the sets of `planwright eval map`, with its queries and robots.

use super::{CorridorProblem, ProblemSet};
use planwright::planner::corridor::{NARROW_MARGIN_M, ROUTE_MARGIN_M, Reference, RouteMap};
use planwright::world::map::files::{MapFileError, MapSetKind, open_map_set};
use planwright::world::{Map, PointMass, World};
use std::path::Path;
use std::sync::Arc;

/// Clearances beyond the radius that a planner tries in turn, metres.
const MARGINS_M: [f64; 2] = [ROUTE_MARGIN_M, NARROW_MARGIN_M];
/// Knots of a route at most, as a planner has them.
const MAX_KNOTS: usize = 1024;

/// The maps of a folder, and each of their queries once for every turning length; queries without a way are left out.
///
/// # Errors
/// As [`open_map_set`].
pub fn foreign_problems(
    folder: &Path,
    kind: MapSetKind,
    queries: usize,
    seed: u64,
    turning_lengths_m: &[f64],
) -> Result<Vec<ProblemSet>, MapFileError> {
    let maps = open_map_set(folder, kind, queries, seed)?;
    let radius_m = kind.robot_radius_m();
    let sets = maps.into_iter().filter_map(|named| {
        let map = Arc::new(named.map);
        let world = World::new(Arc::new(PointMass::default()), Arc::clone(&map) as Arc<dyn Map>);
        let mut routes = RouteMap::new(&world).ok()?;
        let mut problems = Vec::new();
        let mut route = Vec::new();
        for query in &named.queries {
            let found = MARGINS_M
                .into_iter()
                .map(|margin_m| radius_m + margin_m)
                .find(|clearance_m| routes.route(query.start, query.goal, *clearance_m, &mut route).is_ok());
            let Some(clearance_m) = found else { continue };
            let mut reference = Reference::default();
            let step_m = reference.follow(&route, MAX_KNOTS);
            problems.extend(turning_lengths_m.iter().map(|turning_length_m| CorridorProblem {
                reference: reference.clone(),
                step_m,
                radius_m,
                clearance_m,
                turning_length_m: *turning_length_m,
            }));
        }
        // One robot after the other.
        problems.sort_by(|one, other| one.turning_length_m.total_cmp(&other.turning_length_m));
        Some(ProblemSet { map, problems })
    });
    Ok(sets.collect())
}
