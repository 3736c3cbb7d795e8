//! Map files: map_server's YAML with PGM or PNG, MovingAI's maps with scenarios, mazes; and sets of maps for evaluations.

mod barn;
mod draws;
mod error;
mod grid32;
mod image;
mod map_server;
mod moving_ai;
mod npz;
mod pairs;
mod sets;
mod yaml;

pub use error::{FieldFault, MapFileError};
pub use image::MapImage;
pub use map_server::{MapMetadata, MapMode};
pub use moving_ai::{movingai_map, movingai_scenarios};
pub use npz::{Array, ArrayFile};
pub use pairs::{open_pairs, parse_pairs};
pub use sets::{MapSetKind, NamedMap, open_map_set, open_map_with_queries};

use super::grid::{GridError, GridMap, MAX_SIDE_CELLS, Thresholds, UnknownSpace};
use super::{Layout, Map};
use crate::geometry::Point;
use crate::{files, text};
use std::io::{ErrorKind, Read as _};
use std::path::Path;

/// Sides of cells at which a maze is drawn, metres: the first with which it is not too large.
const MAZE_RESOLUTIONS_M: [f64; 4] = [0.05, 0.1, 0.25, 0.5];
/// Largest file of an image or of arrays: 4000 x 4000 pixels of four 16-bit samples with some header.
const MAX_BYTES: u64 = 8 * (MAX_SIDE_CELLS * MAX_SIDE_CELLS) as u64 + (1 << 20);

/// A start and a goal on a map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Query {
    /// In the map's frame, metres.
    pub start: Point,
    /// In the map's frame, metres.
    pub goal: Point,
    /// Length of the way that the file gives as the shortest, metres.
    pub reference_m: Option<f64>,
}

/// A map from a file.
#[derive(Clone, Debug)]
pub struct MapFile {
    /// The map.
    pub map: GridMap,
    /// Starts and goals that come with it.
    pub queries: Vec<Query>,
    /// What is in the file and has no effect.
    pub warnings: Vec<String>,
}

/// Opens a map by its file: `.yaml` or `.yml` of map_server, MovingAI's `.map` with the scenarios beside it
/// (`.map.scen` or `.scen`), else a maze by name or file. Unknown space counts as occupied.
///
/// # Errors
/// The first thing that is wrong, with file and field.
pub fn open_map(path: &Path) -> Result<MapFile, MapFileError> {
    open_map_with(path, UnknownSpace::default())
}

/// The same with unknown space as the policy says.
///
/// # Errors
/// As [`open_map`].
pub fn open_map_with(path: &Path, unknown: UnknownSpace) -> Result<MapFile, MapFileError> {
    match extension(path).as_str() {
        "yaml" | "yml" => open_map_server(path, unknown),
        "map" => open_movingai(path),
        "pgm" | "png" => Err(MapFileError::read(
            path,
            "a map file",
            "a picture\nhint: give the YAML file beside it, which holds resolution and origin",
        )),
        "scen" => {
            Err(MapFileError::read(path, "a map file", "a list of scenarios\nhint: give the .map file beside it"))
        }
        "npz" => Err(MapFileError::read(path, "a map file", "an archive of many maps\nhint: give its folder as a set")),
        _ => {
            let layout = Layout::named_or_file(&path.to_string_lossy())?;
            let map = draw_layout(&layout).map_err(|source| grid_fault("size", source).of(path))?;
            Ok(MapFile { map, queries: Vec::new(), warnings: Vec::new() })
        }
    }
}

fn extension(path: &Path) -> String {
    path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase()).unwrap_or_default()
}

/// The file's name without folders and ending.
fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(|| "map".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

fn grid_fault(field: &str, source: GridError) -> FieldFault {
    FieldFault::Grid { field: field.to_owned(), source }
}

fn open_map_server(path: &Path, unknown: UnknownSpace) -> Result<MapFile, MapFileError> {
    let text = text::read(path).map_err(|error| MapFileError::read(path, "a map file of map_server", error))?;
    let metadata = MapMetadata::parse(&text).map_err(|fault| fault.of(path))?;
    let image_path = path.parent().unwrap_or(Path::new("")).join(&metadata.image);
    let bytes = read_bytes(&image_path).map_err(|got| {
        let got = format!("{got}: {}", image_path.display());
        FieldFault::new("image", "a picture", got).hint("its name is relative to the folder of the YAML file").of(path)
    })?;
    let image = MapImage::decode(&bytes).map_err(|fault| fault.of(&image_path))?;
    let geometry = metadata.geometry(&image);
    let values = metadata.occupancy(&image);
    let map = GridMap::from_occupancy(&stem(path), geometry, &values, Thresholds::default(), unknown);
    let map = map.map_err(|source| {
        let field = if matches!(source, GridError::Origin { .. }) { "origin" } else { "resolution" };
        grid_fault(field, source).of(path)
    })?;
    let warning =
        |key: &String| format!("{}: {}: no key of map_server, without effect", path.display(), yaml::shortened(key));
    Ok(MapFile { map, queries: Vec::new(), warnings: metadata.unknown_keys.iter().map(warning).collect() })
}

fn open_movingai(path: &Path) -> Result<MapFile, MapFileError> {
    let read = |path: &Path, what: &str| text::read(path).map_err(|error| MapFileError::read(path, what, error));
    let map = movingai_map(&stem(path), &read(path, "a map of MovingAI")?).map_err(|fault| fault.of(path))?;
    let mut scenarios = path.as_os_str().to_owned();
    scenarios.push(".scen");
    let beside = [scenarios.into(), path.with_extension("scen")];
    let queries = match beside.iter().find(|path| path.exists()) {
        Some(scenarios) => {
            let text = read(scenarios, "scenarios of MovingAI")?;
            movingai_scenarios(&text, &map).map_err(|fault| fault.of(scenarios))?
        }
        None => Vec::new(),
    };
    Ok(MapFile { map, queries, warnings: Vec::new() })
}

/// A maze as a grid.
fn draw_layout(layout: &Layout) -> Result<GridMap, GridError> {
    let draw = |resolution_m: f64| {
        GridMap::from_boxes(layout.name(), layout.bounds(), resolution_m, layout.obstacles().into_iter())
    };
    let mut drawn = draw(MAZE_RESOLUTIONS_M[0]);
    for resolution_m in &MAZE_RESOLUTIONS_M[1..] {
        if matches!(drawn, Err(GridError::Size { .. })) {
            drawn = draw(*resolution_m);
        }
    }
    drawn
}

/// The bytes of a regular file that is not absurdly large; what is there otherwise.
fn read_bytes(path: &Path) -> Result<Vec<u8>, String> {
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => "no file of that name".to_owned(),
        _ => error.to_string(),
    })?;
    if !metadata.is_file() {
        return Err(files::describe(metadata.file_type()).to_owned());
    }
    if metadata.len() > MAX_BYTES {
        return Err(format!("more than {MAX_BYTES} bytes"));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
