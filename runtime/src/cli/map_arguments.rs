//! Maps and robots by name or file, for evaluations.

use super::arguments::{open_artefact, shipped};
use super::output::CliError;
use crate::evaluate::{BarnWorld, MapCase};
use crate::geometry::Footprint;
use crate::model::EngineChoice;
use crate::planner::corridor::{CorridorPlanner, PathMethod};
use crate::world::robot::{Differential, DriveLimits, Omni};
use crate::world::{Map, Robot};
use serde::Serialize;
use std::path::Path;
use std::sync::Arc;

/// A set of maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum MapSet {
    /// Worlds of the BARN challenge: barn_*.npz
    Barn,
    /// Planning data sets of 32 x 32 cells: grid32_*.npz
    Grid32,
    /// Maps of Nav2's map_server: *.yaml
    Nav2,
    /// MovingAI's maps with scenarios: *.map and *.scen
    Movingai,
}

impl MapSet {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Barn => "barn",
            Self::Grid32 => "grid32",
            Self::Nav2 => "nav2",
            Self::Movingai => "movingai",
        }
    }

    /// Radius of the robot on these maps, metres: BARN's Jackal turned, a third of a cell of the 32 x 32 maps, and a
    /// TurtleBot with its default padding.
    fn radius_m(self) -> f64 {
        match self {
            Self::Barn | Self::Movingai => 0.25,
            Self::Grid32 => 0.18,
            Self::Nav2 => 0.22,
        }
    }
}

/// A robot by name, with accelerations of 1 m/s^2 and the speed that gives the turning length v^2/a; or from a file.
pub(super) fn robot_for(name: &str, set: MapSet, turning_length_m: f64) -> Result<Arc<dyn Robot>, CliError> {
    let footprint = Footprint::Circle { radius_m: set.radius_m() };
    let (speed_mps, step_secs) = (turning_length_m.sqrt(), 0.02);
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
        _ => robot_from(name),
    }
}

/// A robot by name, else from a file.
pub(super) fn robot_named(name: &str) -> Result<Arc<dyn Robot>, CliError> {
    match name {
        "omni" => Ok(Arc::new(Omni::default())),
        "differential" => Ok(Arc::new(Differential::default())),
        _ => robot_from(name),
    }
}

/// The map in a file.
pub(super) fn map_from(path: &Path) -> Result<Arc<dyn Map>, CliError> {
    Err(CliError::wrong(format!("{}: not read yet", path.display())))
}

fn robot_from(path: &str) -> Result<Arc<dyn Robot>, CliError> {
    Err(CliError::wrong(format!("--robot: expected omni, differential or a robot's file, got '{path}'")))
}

/// The methods' planners; the corridor network is a model's, else the shipped one's.
pub(super) fn planners_of(methods: &[PathMethod], model: Option<&Path>) -> Result<Vec<CorridorPlanner>, CliError> {
    methods
        .iter()
        .map(|method| match method {
            PathMethod::Corridor => corridor(model),
            method => Ok(CorridorPlanner::new(*method)),
        })
        .collect()
}

fn corridor(model: Option<&Path>) -> Result<CorridorPlanner, CliError> {
    let path = model.map_or_else(|| shipped("map-corridor"), |path| Ok(path.to_owned()))?;
    let artefact = open_artefact(&path)?;
    CorridorPlanner::open(&artefact, &EngineChoice::default()).map_err(CliError::input)
}

/// The maps of a set with their queries.
pub(super) fn load_cases(_folder: &Path, _set: MapSet, _queries: usize, _seed: u64) -> Result<Vec<MapCase>, CliError> {
    Ok(Vec::new())
}

/// Every n-th world of a file.
pub(super) fn barn_worlds(_file: &Path, _every: usize) -> Result<Vec<BarnWorld>, CliError> {
    Ok(Vec::new())
}

/// The Jackal: 0.508 x 0.430 m, 2 m/s; or a robot's file.
pub(super) fn barn_robot(file: Option<&str>) -> Result<Arc<dyn Robot>, CliError> {
    match file {
        Some(file) => robot_from(file),
        None => robot_from("jackal"),
    }
}
