//! Maps and robots by name or file, for evaluations.

use super::arguments::{open_artefact, shipped};
use super::output::CliError;
use crate::evaluate::{BarnWorld, MapCase};
use crate::figures::{Figure, Place};
use crate::geometry::Footprint;
use crate::model::{EngineChoice, load_engine};
use crate::planner::corridor::{CorridorPlanner, PathMethod};
use crate::planner::headings::HeadingSearch;
use crate::world::map::files::{MapSetKind, NamedMap, open_map, open_map_set, open_map_with_queries, open_pairs};
use crate::world::map::generate::narrow_passages;
use crate::world::robot::{Differential, DriveLimits, Omni, RobotFile};
use crate::world::{Map, Robot};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A robot by name, with accelerations of 1 m/s^2 and the speed that gives the turning length v^2/a; or from a file.
pub(super) fn robot_for(name: &str, set: MapSetKind, turning_length_m: f64) -> Result<Arc<dyn Robot>, CliError> {
    let footprint = Footprint::Circle { radius_m: set.robot_radius_m() };
    // Ways through a city take minutes.
    let step_secs = if set == MapSetKind::Movingai { 0.05 } else { 0.02 };
    let speed_mps = turning_length_m.sqrt();
    match name {
        "omni" => Ok(Arc::new(Omni { step_secs, footprint, speed_mps, acceleration_mps2: 1.0 })),
        "differential" => {
            let limits = DriveLimits {
                max_speed_mps: speed_mps,
                min_speed_mps: 0.0,
                acceleration_mps2: 1.0,
                turn_rate_radps: 2.0,
                turn_acceleration_radps2: 4.0,
                lateral_acceleration_mps2: 1.0,
                ..Differential::default().limits
            };
            Ok(Arc::new(Differential { step_secs, footprint, limits }))
        }
        _ => robot_named(name),
    }
}

/// A robot by name, else from a file.
pub(super) fn robot_named(name: &str) -> Result<Arc<dyn Robot>, CliError> {
    RobotFile::find(name).map(|file| file.robot).map_err(CliError::input)
}

/// The map in a file, with the parts that a robot can pass which keeps `distance_m` from obstacles.
pub(super) fn map_from(path: &Path, distance_m: f64) -> Result<Arc<dyn Map>, CliError> {
    let mut file = open_map(path).map_err(CliError::input)?;
    file.map.compute_ways(distance_m);
    for warning in &file.warnings {
        eprintln!("warning: {warning}");
    }
    Ok(Arc::new(file.map))
}

/// The methods' planners; the corridor network is a model's, else the shipped one's. Of robots for which headings are
/// searched, the search without them comes first.
pub(super) fn planners_of(
    methods: &[PathMethod],
    model: Option<&Path>,
    robot: &dyn Robot,
) -> Result<Vec<CorridorPlanner>, CliError> {
    if model.is_some() && !methods.contains(&PathMethod::Corridor) {
        return Err(CliError::wrong(
            "--model: expected planner corridor among --planners, got others alone\nhint: only a network reads it",
        ));
    }
    let control = HeadingSearch::of(robot).map(|_| Ok(CorridorPlanner::new(PathMethod::Search).without_headings()));
    let planners = methods.iter().map(|method| match method {
        PathMethod::Corridor => Ok(corridor(model, &EngineChoice::default())?.0),
        method => Ok(CorridorPlanner::new(*method)),
    });
    control.into_iter().chain(planners).collect()
}

/// A corridor network's planner, and the model's file and hash.
pub(super) fn corridor(
    model: Option<&Path>,
    engine: &EngineChoice,
) -> Result<(CorridorPlanner, (PathBuf, String)), CliError> {
    let path = model.map_or_else(|| shipped("map-corridor"), |path| Ok(path.to_owned()))?;
    let artefact = open_artefact(&path)?;
    let planner = CorridorPlanner::open(artefact.manifest(), |batch| load_engine(&artefact, engine, batch));
    Ok((planner.map_err(CliError::input)?, (path, artefact.sha256().to_owned())))
}

/// Maps of the generated set.
const NARROW_MAPS: u64 = 10;
/// A gap is at least this much wider than the robot, metres.
const NARROW_ROOM_M: f64 = 0.06;

/// Maps with gaps wider than a robot and narrower than its circumscribed circle.
pub(super) fn narrow_cases(robot: &dyn Robot, queries: usize, seed: u64) -> Result<Vec<MapCase>, CliError> {
    let footprint = robot.footprint();
    let gaps_m = footprint.least_width_m() + NARROW_ROOM_M..2.0 * footprint.circumscribed_radius_m();
    if !(gaps_m.start < gaps_m.end) || gaps_m.end > 2.0 {
        return Err(CliError::wrong(format!(
            "--narrow: expected a robot whose circumscribed circle is wider than {} m (its width and {NARROW_ROOM_M} m) and at most 2 m wide, got {} m\nhint: --robot jackal",
            Figure(gaps_m.start),
            Figure(gaps_m.end)
        )));
    }
    let queries = queries.div_ceil(NARROW_MAPS as usize);
    (0..NARROW_MAPS)
        .map(|index| {
            let (map, queries) =
                narrow_passages(NARROW_MAPS.wrapping_mul(seed).wrapping_add(index), gaps_m.clone(), queries)
                    .map_err(CliError::input)?;
            Ok(MapCase { map: Arc::new(map), queries })
        })
        .collect()
}

/// The maps of a set with their queries.
pub(super) fn load_cases(folder: &Path, set: MapSetKind, queries: usize, seed: u64) -> Result<Vec<MapCase>, CliError> {
    let maps = open_map_set(folder, set, queries, seed).map_err(CliError::input)?;
    Ok(maps.into_iter().map(case_of).collect())
}

/// One map with the pairs of a file, else with queries of its own or random ones.
pub(super) fn load_case(map: &Path, pairs: Option<&Path>, queries: usize, seed: u64) -> Result<MapCase, CliError> {
    let mut named = open_map_with_queries(map, queries, seed).map_err(CliError::input)?;
    if let Some(pairs) = pairs {
        named.queries = open_pairs(pairs).map_err(CliError::input)?;
        for (index, query) in named.queries.iter().enumerate() {
            if let Some(end) = [query.start, query.goal].into_iter().find(|end| named.map.cell_of(*end).is_none()) {
                return Err(CliError::wrong(format!(
                    "{}: pair {}: expected start and goal on the map, got {}\nhint: metres in the map's frame",
                    pairs.display(),
                    index + 1,
                    Place(end)
                )));
            }
        }
    }
    Ok(case_of(named))
}

fn case_of(named: NamedMap) -> MapCase {
    for warning in &named.warnings {
        eprintln!("warning: {warning}");
    }
    let queries = named.queries.iter().map(|query| [query.start, query.goal]).collect();
    MapCase { queries, map: Arc::new(named.map) }
}

/// The worlds in a folder whose numbers are multiples of `every`.
pub(super) fn barn_worlds(folder: &Path, every: usize) -> Result<Vec<BarnWorld>, CliError> {
    let maps = open_map_set(folder, MapSetKind::Barn, 1, 0).map_err(CliError::input)?;
    let number = |name: &str| name.rsplit(|letter: char| !letter.is_ascii_digit()).next()?.parse::<usize>().ok();
    let world = |named: NamedMap| {
        let number = number(&named.name).filter(|number| number % every == 0)?;
        let path_length_m = named.queries.first()?.reference_m?;
        Some(BarnWorld { number, truth: Arc::new(named.map), path_length_m })
    };
    let worlds: Vec<BarnWorld> = maps.into_iter().filter_map(world).collect();
    if worlds.is_empty() {
        return Err(CliError::wrong(format!(
            "--every: expected the number of a world in {} to be a multiple of {every}, got none",
            folder.display()
        )));
    }
    Ok(worlds)
}
