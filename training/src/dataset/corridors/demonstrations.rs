//! Minutes of driving of a scripted demonstrator on generated maps, as a robot would record them.

use super::drives::{Drive, DriveError, write_drives};
use super::projection::{Pose, poses_along};
use super::{CorridorProblem, CorridorSettings, Demonstrator, ObstacleSizes, Preference, Style, generated, problems};
use planwright::files::make_folder;
use planwright::planner::corridor::{POINTS_PER_KNOT, path_points};
use planwright::world::map::GridMap;
use planwright::world::map::grid::GridError;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Full speed of a demonstrator, m/s.
const FULL_MPS: f64 = 1.0;
/// Between the seeds of training sets and those of demonstrations.
const FIRST_SEED: u64 = 5_000;
/// Maps at most, however few drives they give.
const MAX_MAPS: usize = 100_000;

/// One drive.
#[derive(Clone, Debug)]
pub struct Demonstration {
    /// Number of its map.
    pub index: usize,
    /// The map.
    pub map: Arc<GridMap>,
    /// Route and robot.
    pub problem: CorridorProblem,
    /// How it was driven.
    pub style: Style,
    /// What was recorded: a pose every 0.05 m.
    pub poses: Vec<Pose>,
}

/// Where demonstrations are driven: two drives on each map, of robots of 0.18 to 0.3 m.
fn settings(seed: u64) -> CorridorSettings {
    CorridorSettings { goals: 2, starts: 1, bumps: 0, seed: seed.wrapping_add(FIRST_SEED), ..CorridorSettings::usual() }
}

/// Drives until `minutes` of driving are recorded. Fewer minutes of the same seed are the first of more.
///
/// # Errors
/// If a map cannot be a grid: never for maps that were drawn.
pub fn demonstrations(preference: Preference, minutes: f64, seed: u64) -> Result<Vec<Demonstration>, GridError> {
    let settings = settings(seed);
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    let mut demonstrator = Demonstrator::default();
    let (mut offsets, mut speeds, mut points) = (Vec::new(), Vec::new(), Vec::new());
    let (mut driven, mut secs) = (Vec::new(), 0.0);
    for index in 0..MAX_MAPS {
        let (grid, problems) = problems(&settings, index)?;
        let (map, sizes) = (Arc::new(grid.clone()), ObstacleSizes::new(&grid)?);
        for problem in problems {
            let styles = preference.styles();
            let style = styles[rng.random_range(0..styles.len())];
            if !demonstrator.drive(&map, &sizes, &problem, style, &mut offsets, &mut speeds) {
                continue;
            }
            path_points(&problem.reference, &offsets, &mut points);
            let poses = poses_along(&points, POINTS_PER_KNOT, &speeds, FULL_MPS);
            secs += poses.last().map_or(0.0, |pose| pose[0]);
            driven.push(Demonstration { index, map: Arc::clone(&map), problem, style, poses });
            if secs >= 60.0 * minutes {
                return Ok(driven);
            }
        }
    }
    Ok(driven)
}

/// Writes drives as a file and their maps into the folder `maps` beside it.
///
/// # Errors
/// Those of the file system.
pub fn write_demonstrations(file: &Path, driven: &[Demonstration], seed: u64) -> Result<Vec<Drive>, DriveError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source: std::io::Error| DriveError::Io { path, source }
    };
    let folder = file.parent().unwrap_or(Path::new("")).join("maps");
    make_folder(&folder).map_err(io(&folder))?;
    let mut drives: Vec<Drive> = Vec::with_capacity(driven.len());
    for Demonstration { index, problem, poses, .. } in driven {
        let map = generated(&settings(seed), *index);
        let name = PathBuf::from("maps").join(format!("{}.yaml", map.name));
        if drives.last().is_none_or(|last| last.map != name) {
            let path = folder.join(format!("{}.yaml", map.name));
            map.write(&path).map_err(io(&path))?;
        }
        let (radius_m, turning_length_m) = (problem.radius_m, problem.turning_length_m);
        drives.push(Drive { map: name, radius_m, turning_length_m, poses: poses.clone() });
    }
    write_drives(file, &drives)?;
    Ok(drives)
}

#[cfg(test)]
mod tests {
    use super::super::{Projected, project, recorded, sha256};
    use super::*;

    #[test]
    fn fewer_minutes_are_the_first_of_more() {
        let [few, more] = [1.0, 3.0].map(|minutes| demonstrations(Preference::Either, minutes, 3).expect("maps"));
        assert!(!few.is_empty() && more.len() > few.len(), "{} and {}", few.len(), more.len());
        for (one, other) in few.iter().zip(&more) {
            assert_eq!((&one.poses, one.style), (&other.poses, other.style));
        }
        assert!(more.iter().any(|drive| drive.style != more[0].style), "one style only");
        let secs: f64 = few.iter().filter_map(|drive| drive.poses.last()).map(|pose| pose[0]).sum();
        assert!((60.0..120.0).contains(&secs), "{secs} s");
    }

    #[test]
    fn what_is_read_from_the_file_is_what_was_driven() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("drives.jsonl");
        let driven = demonstrations(Preference::Side, 1.0, 1).expect("maps");
        let drives = write_demonstrations(&file, &driven, 1).expect("written");
        assert_eq!(drives.len(), driven.len());
        let settings = CorridorSettings { drives: Some(file.clone()), ..settings(1) };
        let read = recorded(&settings, &file).expect("drives");
        assert!(read.left_out * 10 <= driven.len(), "{} of {} left out", read.left_out, driven.len());
        let offsets = |projected: Projected| projected.offsets;
        let direct: Vec<Vec<f64>> =
            driven.iter().filter_map(|drive| project(&drive.problem.reference, &drive.poses).map(offsets)).collect();
        for (path, direct) in read.paths.iter().zip(&direct) {
            assert_eq!(path.count, direct.len());
            for (got, expected) in path.offsets.iter().zip(direct) {
                assert!((0.3 * f64::from(*got) - expected).abs() < 2e-3, "{got} and {expected}");
            }
        }
        assert_eq!(sha256(&read.paths), sha256(&recorded(&settings, &file).expect("drives").paths));
        let narrow = CorridorSettings { radius_m: [0.01, 0.02], ..settings };
        let refused = recorded(&narrow, &file).expect_err("other radii").to_string();
        assert!(refused.contains("drives.jsonl:1: radius_m: expected 0.01 to 0.02 as in the recipe"), "{refused}");
        std::fs::write(&file, r#"{"map": "maps/gone.yaml", "radius_m": 0.2, "poses": [[0, 1, 1], [1, 2, 1]]}"#)
            .expect("written");
        let wide = CorridorSettings { radius_m: [0.1, 0.4], ..narrow };
        let refused = recorded(&wide, &file).expect_err("no map").to_string();
        assert!(refused.contains("drives.jsonl:1: map: ") && refused.contains("gone.yaml"), "{refused}");
    }
}
