//! Queries on maps that no drive was on, with what the demonstrator does there.

use super::settings::ForeignSettings;
use planwright::planner::corridor::{KNOT_M, MAX_OFFSET_M, PathRepair, ROUTE_MARGIN_M, Reference, features};
use planwright::world::map::GridMap;
use planwright::world::map::files::{MapSetKind, NamedMap, Query as Ends, open_map_set};
use planwright_training::dataset::corridors::{
    CorridorProblem, CorridorSettings, Demonstrator, ObstacleSizes, Preference, problems, route_map,
};
use planwright_training::study::StudyError;
use std::path::Path;
use std::sync::Arc;

/// Knots of a route at most.
const MAX_KNOTS: usize = 512;
/// v^2/a of every query, metres.
const TURNING_LENGTH_M: f64 = 1.0;
/// Distance between the places at which the room beside a knot is looked for, metres.
const ROOM_STEP_M: f64 = 0.05;

/// A path with its speeds, one entry per knot.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Driven {
    /// Offsets, metres.
    pub(super) offsets: Vec<f64>,
    /// Shares of full speed.
    pub(super) speeds: Vec<f64>,
}

/// A route on a map.
#[derive(Clone, Debug)]
pub(super) struct Query {
    pub(super) map: Arc<GridMap>,
    pub(super) problem: CorridorProblem,
    /// Inputs of a network.
    pub(super) features: Vec<f32>,
    /// What the demonstrator does, one entry per style, all equally likely.
    pub(super) modes: Vec<Driven>,
    /// Offset 0, pushed clear.
    pub(super) route: Vec<f64>,
    /// The largest free space beside every knot within reach, metres.
    pub(super) room: Vec<f64>,
}

/// The largest free space within reach beside every knot, metres.
pub(super) fn room(map: &GridMap, problem: &CorridorProblem) -> Vec<f64> {
    let steps = (MAX_OFFSET_M / ROOM_STEP_M).round() as i32;
    let at = |knot: usize, step: i32| map.distance(problem.reference.beside(knot, ROOM_STEP_M * f64::from(step)));
    let widest = |knot: usize| (-steps..=steps).map(|step| at(knot, step)).fold(0.0, f64::max);
    (0..problem.reference.len()).map(|knot| (widest(knot) - problem.radius_m).max(0.0)).collect()
}

/// Free space of a path over the free space that there is, mean over the knots: 1 in the middle of everything.
pub(super) fn room_share(map: &GridMap, problem: &CorridorProblem, room: &[f64], offsets: &[f64]) -> f64 {
    let free = offsets
        .iter()
        .enumerate()
        .map(|(knot, offset)| (map.distance(problem.reference.beside(knot, *offset)) - problem.radius_m).max(0.0));
    let shares = free.zip(room).filter(|(_, room)| **room > 0.0).map(|(free, room)| (free / room).min(1.0));
    let (sum, count) = shares.fold((0.0, 0_usize), |(sum, count), share| (sum + share, count + 1));
    sum / count.max(1) as f64
}

/// Opens the maps and drives every query; those without a way, or without a clear path of the demonstrator, are left out.
///
/// # Errors
/// If a map cannot be read, or there is no query.
pub(super) fn queries(
    preference: Preference,
    settings: &ForeignSettings,
    folder: &Path,
) -> Result<Vec<Query>, StudyError> {
    let mut found = Vec::new();
    let mut demonstrator = Demonstrator::default();
    for (kind, count, radius_m) in [
        (MapSetKind::Nav2, settings.nav2, 0.22),
        (MapSetKind::Barn, settings.barn, 0.25),
        (MapSetKind::Grid32, settings.grid32, 0.18),
    ] {
        if count == 0 {
            continue;
        }
        let maps = open_map_set(folder, kind, count, settings.seed).map_err(StudyError::input)?;
        let every = if kind == MapSetKind::Barn { maps.len().div_ceil(count).max(1) } else { 1 };
        for NamedMap { map, queries, .. } in maps.into_iter().step_by(every) {
            let mut routes = route_map(map.clone()).map_err(StudyError::input)?;
            let sizes = ObstacleSizes::new(&map).map_err(StudyError::input)?;
            let (map, mut route) = (Arc::new(map), Vec::new());
            for Ends { start, goal, .. } in queries {
                let clearance_m = radius_m + ROUTE_MARGIN_M;
                if routes.route(start, goal, clearance_m, &mut route).is_err() {
                    continue;
                }
                let mut reference = Reference::default();
                let step_m = reference.follow(&route, MAX_KNOTS);
                // What is spaced wider than the training's knots is another task.
                if step_m > 1.5 * KNOT_M {
                    continue;
                }
                let turning_length_m = TURNING_LENGTH_M;
                let problem = CorridorProblem { reference, step_m, radius_m, clearance_m, turning_length_m };
                found.extend(query(&map, &sizes, problem, preference, &mut demonstrator));
            }
        }
    }
    let drawn = CorridorSettings { goals: 1, starts: 1, seed: 90_000 + settings.seed, ..CorridorSettings::usual() };
    for index in 0..settings.generated {
        let (map, problems) = problems(&drawn, index).map_err(StudyError::input)?;
        let sizes = ObstacleSizes::new(&map).map_err(StudyError::input)?;
        let map = Arc::new(map);
        for problem in problems {
            found.extend(query(&map, &sizes, problem, preference, &mut demonstrator));
        }
    }
    if found.is_empty() {
        return Err(StudyError::setting("maps", "with at least one query that has a way", folder.display()));
    }
    Ok(found)
}

fn query(
    map: &Arc<GridMap>,
    sizes: &ObstacleSizes,
    problem: CorridorProblem,
    preference: Preference,
    demonstrator: &mut Demonstrator,
) -> Option<Query> {
    let mut route = vec![0.0; problem.reference.len()];
    if !PathRepair::default().repair(map, &problem.reference, problem.clearance_m, &mut route, &mut Vec::new()) {
        return None;
    }
    let mut modes = Vec::new();
    for style in preference.styles() {
        let mut mode = Driven::default();
        if !demonstrator.drive(map, sizes, &problem, *style, &mut mode.offsets, &mut mode.speeds) {
            return None;
        }
        modes.push(mode);
    }
    let mut values = Vec::new();
    features(map, &problem.reference, problem.step_m, problem.clearance_m, problem.turning_length_m, &mut values);
    let room = room(map, &problem);
    Some(Query { map: Arc::clone(map), problem, features: values, modes, route, room })
}
