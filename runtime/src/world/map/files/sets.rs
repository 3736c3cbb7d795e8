//! Sets of maps with their queries: the files of a folder that have one form.

use super::super::grid::GridMap;
use super::{ArrayFile, MapFile, MapFileError, Query, barn, draws, extension, grid32, open_map, read_bytes, stem};
use std::path::{Path, PathBuf};

/// Maps of a set of grids of which queries are drawn.
const GRID32_MAPS: usize = 10;

/// The form of a set's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MapSetKind {
    /// BARN's worlds: `barn_*.npz`
    Barn,
    /// Neural A*'s grids of 32 x 32 cells: `grid32_*.npz`
    Grid32,
    /// Map files of map_server: `*.yaml` with their images
    Nav2,
    /// MovingAI's maps: `*.map` with `*.scen`
    Movingai,
}

impl MapSetKind {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Barn => "barn",
            Self::Grid32 => "grid32",
            Self::Nav2 => "nav2",
            Self::Movingai => "movingai",
        }
    }

    /// Radius of the robot that is evaluated on its maps, metres: BARN's Jackal turned, a third of a cell of the 32 x 32
    /// maps, and a TurtleBot with its default padding.
    pub fn robot_radius_m(self) -> f64 {
        match self {
            Self::Barn | Self::Movingai => 0.25,
            Self::Grid32 => 0.18,
            Self::Nav2 => 0.22,
        }
    }

    /// Beginning and ending of its files' names.
    fn pattern(self) -> (&'static str, &'static str) {
        match self {
            Self::Barn => ("barn_", "npz"),
            Self::Grid32 => ("grid32_", "npz"),
            Self::Nav2 => ("", "yaml"),
            Self::Movingai => ("", "map"),
        }
    }
}

/// A map of a set.
#[derive(Clone, Debug)]
pub struct NamedMap {
    /// The file's name, and the map's in the file where that holds many.
    pub name: String,
    /// The map.
    pub map: GridMap,
    /// Its queries; none where it has no room for any.
    pub queries: Vec<Query>,
    /// What is in the file and has no effect, and what is missing.
    pub warnings: Vec<String>,
}

/// Opens the maps of a folder, in the order of their names.
///
/// * `barn`: every world with its own query.
/// * `grid32`: about ten maps in all, as many of each file, evenly over its maps, and `queries` starts on each: some ten
///   times `queries` in all, however many files there are.
/// * `nav2`: `queries` random pairs on each map.
/// * `movingai`: `queries` of each map's scenarios, evenly over their lengths.
///
/// The same seed gives the same queries.
///
/// # Errors
/// If the folder has no such file, and as [`open_map`].
pub fn open_map_set(folder: &Path, kind: MapSetKind, queries: usize, seed: u64) -> Result<Vec<NamedMap>, MapFileError> {
    let paths = files_of(folder, kind)?;
    let mut maps = Vec::new();
    for path in &paths {
        let name = stem(path);
        match kind {
            MapSetKind::Barn => maps.extend(barn::worlds(&name, archive(path)?).map_err(|fault| fault.of(path))?),
            MapSetKind::Grid32 => {
                let count = GRID32_MAPS.div_ceil(paths.len());
                let read = grid32::maps(&name, archive(path)?, count, queries, seed);
                maps.extend(read.map_err(|fault| fault.of(path))?);
            }
            MapSetKind::Nav2 | MapSetKind::Movingai => {
                maps.push(open_map_with_queries(path, queries, seed)?);
            }
        }
    }
    Ok(maps)
}

/// Opens one map: with `queries` of its scenarios if it is MovingAI's, evenly over their lengths, else with as many random
/// pairs.
///
/// # Errors
/// As [`open_map`].
pub fn open_map_with_queries(path: &Path, queries: usize, seed: u64) -> Result<NamedMap, MapFileError> {
    let name = stem(path);
    let MapFile { map, queries: own, mut warnings } = open_map(path)?;
    let has_scenarios = extension(path) == "map";
    let queries = if has_scenarios {
        draws::evenly_by_length(own, queries, seed)
    } else {
        draws::random_pairs(&map, &name, queries, seed)
    };
    if queries.is_empty() {
        let why = if has_scenarios { "no scenarios beside it" } else { "no room for start and goal" };
        warnings.push(format!("{}: no queries: {why}", path.display()));
    }
    Ok(NamedMap { name, map, queries, warnings })
}

fn archive(path: &Path) -> Result<ArrayFile, MapFileError> {
    let bytes = read_bytes(path).map_err(|got| MapFileError::read(path, "arrays of maps", got))?;
    ArrayFile::new(bytes).map_err(|fault| fault.of(path))
}

fn files_of(folder: &Path, kind: MapSetKind) -> Result<Vec<PathBuf>, MapFileError> {
    let (begin, end) = kind.pattern();
    let expected = || format!("a folder with files {begin}*.{end}");
    let entries = std::fs::read_dir(folder).map_err(|error| MapFileError::read(folder, expected(), error))?;
    let is_of_kind = |path: &PathBuf| {
        extension(path) == end && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(begin))
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_of_kind).collect();
    paths.sort();
    if paths.is_empty() { Err(MapFileError::read(folder, expected(), "none")) } else { Ok(paths) }
}
