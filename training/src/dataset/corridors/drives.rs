//! Recorded drives: a file of them, and what a corridor network is fitted to.
//!
//! One JSON object per line: `{"map": FILE, "radius_m": 0.2, "poses": [[secs, x, y], ..]}`, and `"turning_length_m"` (v^2/a,
//! 1 if it is left out). Files of maps are relative to the folder of the drives; poses are in the map's frame, their times
//! rise.

use super::projection::{Pose, project};
use super::{CorridorPath, CorridorSettings};
use planwright::files::describe;
use planwright::planner::corridor::{OFFSET_UNIT_M, Reference, RouteMap, features};
use planwright::world::map::GridMap;
use planwright::world::map::files::{MapFileError, open_map};
use planwright::world::map::grid::GridError;
use planwright::world::{PointMass, World};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Longest line, bytes.
const MAX_LINE: u64 = 16 << 20;
/// Largest file, bytes: some thirty hours of driving at 20 Hz.
const MAX_BYTES: u64 = 256 << 20;
/// Most drives of a file.
const MAX_DRIVES: usize = 1_000_000;
/// Knots of a drive's route at most.
const MAX_KNOTS: usize = 512;
/// Where a file gives none, metres.
const USUAL_TURNING_LENGTH_M: f64 = 1.0;

/// A recorded drive.
#[derive(Clone, Debug, PartialEq)]
pub struct Drive {
    /// File of the map, relative to the folder of the drives.
    pub map: PathBuf,
    /// Radius of the robot, metres.
    pub radius_m: f64,
    /// v^2/a of the robot, metres.
    pub turning_length_m: f64,
    /// Where it was.
    pub poses: Vec<Pose>,
}

/// Why drives cannot be read, written or used.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// File system.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A line that is no drive.
    #[error("{path}:{line}: {field}: {problem}")]
    Line {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// The field.
        field: String,
        /// Expected and got.
        problem: String,
    },
    /// The map of a drive.
    #[error("{path}:{line}: map: {source}")]
    Map {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// The cause.
        source: Box<MapFileError>,
    },
    /// A map on which no route can be searched.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// No drive is of use.
    #[error(
        "{path}: expected at least one drive that stays within 1 m of the shortest route between its ends, got none of {drives}\nhint: the route is searched for the drive's radius_m and data.margin_m; are map and poses in one frame?"
    )]
    NoneFits {
        /// The file.
        path: PathBuf,
        /// Drives of the file.
        drives: usize,
    },
}

/// Writes drives, one per line.
///
/// # Errors
/// Those of the file system.
pub fn write_drives(path: &Path, drives: &[Drive]) -> Result<(), DriveError> {
    let rounded = |value: f64| (1e4 * value).round() / 1e4;
    planwright::files::write_atomically(path, |file| {
        for Drive { map, radius_m, turning_length_m, poses } in drives {
            let poses: Vec<Pose> = poses.iter().map(|pose| pose.map(rounded)).collect();
            let line =
                json!({ "map": map, "radius_m": radius_m, "turning_length_m": turning_length_m, "poses": poses });
            writeln!(file, "{line}")?;
        }
        Ok(())
    })
    .map_err(|source| DriveError::Io { path: path.to_owned(), source })
}

/// Reads drives with the numbers of their lines.
///
/// # Errors
/// The first thing that is wrong, with file, line and field.
pub fn read_drives(path: &Path) -> Result<Vec<(usize, Drive)>, DriveError> {
    let io = |source| DriveError::Io { path: path.to_owned(), source };
    let metadata = std::fs::metadata(path).map_err(io)?;
    if !metadata.is_file() {
        let got = describe(metadata.file_type());
        return Err(io(std::io::Error::other(format!("expected a file of drives, got {got}"))));
    }
    if metadata.len() > MAX_BYTES {
        return Err(io(std::io::Error::other(format!("expected at most {MAX_BYTES} bytes, got {}", metadata.len()))));
    }
    let mut file = std::io::BufReader::new(std::fs::File::open(path).map_err(io)?);
    let mut drives = Vec::new();
    let (mut line, mut bytes) = (0, Vec::new());
    loop {
        line += 1;
        let wrong =
            |(field, problem): (String, String)| DriveError::Line { path: path.to_owned(), line, field, problem };
        bytes.clear();
        if file.by_ref().take(MAX_LINE).read_until(b'\n', &mut bytes).map_err(io)? == 0 {
            break;
        }
        if bytes.len() as u64 == MAX_LINE || drives.len() == MAX_DRIVES {
            let problem = format!("expected lines of up to {MAX_LINE} bytes and up to {MAX_DRIVES} of them, got more");
            return Err(wrong(("drive".to_owned(), problem)));
        }
        if !bytes.trim_ascii().is_empty() {
            drives.push((line, parse(&bytes).map_err(wrong)?));
        }
    }
    if drives.is_empty() {
        return Err(DriveError::NoneFits { path: path.to_owned(), drives: 0 });
    }
    Ok(drives)
}

/// A drive of a line, or field and problem.
fn parse(line: &[u8]) -> Result<Drive, (String, String)> {
    let fault =
        |field: &str, expected: &str, got: String| (field.to_owned(), format!("expected {expected}, got {got}"));
    let shown = |value: &Value| -> String { value.to_string().chars().take(40).collect() };
    let value: Value =
        serde_json::from_slice(line).map_err(|error| fault("drive", "one JSON object per line", format!("{error}")))?;
    let Value::Object(fields) = value else { return Err(fault("drive", "a JSON object", shown(&value))) };
    let known = ["map", "radius_m", "turning_length_m", "poses"];
    if let Some(name) = fields.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(fault(name, "one of map, radius_m, turning_length_m, poses", "another field".to_owned()));
    }
    let field = |name: &str| fields.get(name).unwrap_or(&Value::Null);
    let map = field("map").as_str().filter(|name| !name.is_empty());
    let map = map.ok_or_else(|| fault("map", "the name of a map file", shown(field("map"))))?;
    let number = |name: &str, usual: Option<f64>, most: f64| {
        let given = if field(name).is_null() { usual } else { field(name).as_f64() };
        given
            .filter(|value| *value > 0.0 && *value <= most)
            .ok_or_else(|| fault(name, &format!("metres above 0, at most {most}"), shown(field(name))))
    };
    let list = field("poses").as_array().filter(|list| list.len() >= 2);
    let list = list.ok_or_else(|| fault("poses", "at least two of [secs, x, y]", shown(field("poses"))))?;
    let mut poses: Vec<Pose> = Vec::with_capacity(list.len());
    for (index, entry) in list.iter().enumerate() {
        let numbers = entry.as_array().filter(|numbers| numbers.len() == 3);
        let numbers = numbers.and_then(|all| Some([all[0].as_f64()?, all[1].as_f64()?, all[2].as_f64()?]));
        let pose = numbers.filter(|pose| pose.iter().all(|value| value.is_finite()));
        let place = format!("poses[{index}]");
        let pose = pose.ok_or_else(|| fault(&place, "three numbers [secs, x, y]", shown(entry)))?;
        if let Some(before) = poses.last().filter(|before| !(pose[0] > before[0])) {
            return Err(fault(&place, &format!("a time after {} s", before[0]), format!("{} s", pose[0])));
        }
        poses.push(pose);
    }
    Ok(Drive {
        map: PathBuf::from(map),
        radius_m: number("radius_m", None, 1.0)?,
        turning_length_m: number("turning_length_m", Some(USUAL_TURNING_LENGTH_M), 100.0)?,
        poses,
    })
}

/// Drives as paths of the data of a fit.
#[derive(Clone, Debug)]
pub struct RecordedPaths {
    /// Those that follow the shortest route between their ends.
    pub paths: Vec<CorridorPath>,
    /// Drives that took another way, or whose ends the search cannot connect.
    pub left_out: usize,
}

/// Reads the drives that `settings` name and projects each onto the reference of the route between its ends.
///
/// # Errors
/// The first thing that is wrong, with file, line and field; if no drive is of use.
pub fn recorded(settings: &CorridorSettings, file: &Path) -> Result<RecordedPaths, DriveError> {
    let mut maps: HashMap<PathBuf, RouteMap> = HashMap::new();
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    let mut found = RecordedPaths { paths: Vec::new(), left_out: 0 };
    let mut route = Vec::new();
    for (line, drive) in read_drives(file)? {
        for (field, got, [low, high]) in [
            ("radius_m", drive.radius_m, settings.radius_m),
            ("turning_length_m", drive.turning_length_m, settings.turning_length_m),
        ] {
            if !(got >= low && got <= high) {
                let problem = format!("expected {low} to {high} as in the recipe, got {got}");
                return Err(DriveError::Line { path: file.to_owned(), line, field: field.to_owned(), problem });
            }
        }
        let map_path = file.parent().unwrap_or(Path::new("")).join(&drive.map);
        if !maps.contains_key(&map_path) {
            let opened = open_map(&map_path).map_err(|source| DriveError::Map {
                path: file.to_owned(),
                line,
                source: Box::new(source),
            })?;
            maps.insert(map_path.clone(), route_map(opened.map)?);
        }
        let Some(map) = maps.get_mut(&map_path) else { continue };
        let feature_clearance_m = drive.radius_m + settings.margin_m + settings.extra_clearance_m * rng.random::<f64>();
        match path_of(map, &drive, settings.margin_m, feature_clearance_m, &mut route) {
            Some(path) => found.paths.push(path),
            None => found.left_out += 1,
        }
    }
    if found.paths.is_empty() {
        return Err(DriveError::NoneFits { path: file.to_owned(), drives: found.left_out });
    }
    Ok(found)
}

/// A grid prepared for routes.
///
/// # Errors
/// None for a grid.
pub fn route_map(grid: GridMap) -> Result<RouteMap, GridError> {
    RouteMap::new(&World::new(Arc::new(PointMass::default()), Arc::new(grid)))
}

fn path_of(
    map: &mut RouteMap,
    drive: &Drive,
    margin_m: f64,
    feature_clearance_m: f64,
    route: &mut Vec<[f64; 2]>,
) -> Option<CorridorPath> {
    let [start, goal] = [drive.poses.first()?, drive.poses.last()?].map(|[_, x, y]| [*x, *y]);
    map.route(start, goal, drive.radius_m + margin_m, route).ok()?;
    let mut reference = Reference::default();
    let step_m = reference.follow(route, MAX_KNOTS);
    let projected = project(&reference, &drive.poses)?;
    let mut values = Vec::new();
    features(map.grid(), &reference, step_m, feature_clearance_m, drive.turning_length_m, &mut values);
    Some(CorridorPath {
        count: reference.len(),
        features: values,
        offsets: projected.offsets.iter().map(|offset| (offset / OFFSET_UNIT_M) as f32).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"map": "a.yaml", "radius_m": 0.2, "poses": [[0, 1, 1], [1.5, 2, 1.25]]}"#;

    fn refused(text: &str) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("drives.jsonl");
        std::fs::write(&path, text).expect("written");
        let error = read_drives(&path).expect_err(text).to_string();
        error.replace(&format!("{}/", folder.path().display()), "")
    }

    #[test]
    fn a_bad_line_is_named_by_file_line_and_field() {
        for (from, to, expected) in [
            ("\"a.yaml\"", "3", "drives.jsonl:2: map: expected the name of a map file, got 3"),
            ("\"map\": \"a.yaml\", ", "", "drives.jsonl:2: map: expected the name of a map file, got null"),
            ("0.2", "-1", "drives.jsonl:2: radius_m: expected metres above 0, at most 1, got -1"),
            ("0.2", "\"x\"", "drives.jsonl:2: radius_m: expected metres above 0"),
            ("1.5, 2", "0, 2", "drives.jsonl:2: poses[1]: expected a time after 0 s, got 0 s"),
            ("2, 1.25", "2", "drives.jsonl:2: poses[1]: expected three numbers [secs, x, y], got [1.5,2]"),
            (", [1.5, 2, 1.25]", "", "drives.jsonl:2: poses: expected at least two of [secs, x, y], got [[0,1,1]]"),
            ("\"poses\"", "\"path\"", "drives.jsonl:2: path: expected one of map, radius_m"),
            ("]}", "", "drives.jsonl:2: drive: expected one JSON object per line, got EOF"),
            (GOOD, "[]", "drives.jsonl:2: drive: expected a JSON object, got []"),
            (GOOD, "1e999", "drives.jsonl:2: drive: expected one JSON object per line, got number out of range"),
        ] {
            let text = refused(&format!("{GOOD}\n{}\n", GOOD.replacen(from, to, 1)));
            assert!(text.starts_with(expected), "{text}");
        }
        assert!(refused("\n\n").contains("expected at least one drive"), "{}", refused("\n"));
        let missing = read_drives(Path::new("/nowhere/drives.jsonl")).expect_err("no file").to_string();
        assert!(missing.starts_with("/nowhere/drives.jsonl: No such file"), "{missing}");
        let folder = read_drives(Path::new("/")).expect_err("a folder").to_string();
        assert!(folder.contains("expected a file of drives, got a folder"), "{folder}");
    }

    #[test]
    fn drives_come_back_from_their_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("drives.jsonl");
        let drive = Drive {
            map: PathBuf::from("maps/rooms-1.yaml"),
            radius_m: 0.25,
            turning_length_m: 2.0,
            poses: vec![[0.0, 1.0, 2.0], [0.05, 1.05, 2.0], [0.1, 1.1, 2.0001]],
        };
        write_drives(&path, &[drive.clone(), drive.clone()]).expect("written");
        assert_eq!(read_drives(&path).expect("drives"), [(1, drive.clone()), (2, drive)]);
    }
}
