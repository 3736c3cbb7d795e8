//! Corridors with offsets to learn: random maps, start-goal pairs and paths that arrive early; or recorded drives, of which
//! scripted demonstrators give examples.

mod arrival_gradient;
mod comparison;
mod demonstrations;
mod demonstrator;
mod drives;
mod expert;
mod foreign;
mod objective;
mod obstacle_sizes;
mod piloted;
mod problems;
mod projection;
mod whole_paths;
mod windows;

pub use comparison::{CorridorFigures, ExpertSettings, MethodFigures, Place, ProblemSet, RawFailure, compare};
pub use demonstrations::{Demonstration, demonstrations, write_demonstrations};
pub use demonstrator::{Demonstrator, Preference, Style};
pub use drives::{Drive, DriveError, RecordedPaths, read_drives, recorded, route_map, write_drives};
pub use expert::{Expert, ExpertTimes};
pub use foreign::foreign_problems;
pub(crate) use objective::PathObjective;
pub use obstacle_sizes::ObstacleSizes;
pub use problems::{CorridorProblem, CorridorSettings, generated, problems};
pub use projection::{Pose, Projected, project};
pub use whole_paths::{DrawnPath, PathBatch};
pub use windows::{CorridorBatch, CorridorWindows};

use crate::console::Progress;
use planwright::planner::corridor::{MAX_OFFSET_M, OFFSET_UNIT_M, features};
use planwright::world::map::GridMap;
use planwright::world::map::grid::GridError;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Step of the search for room beside a path, metres.
const ROOM_STEP_M: f64 = 0.02;

/// One path of the data.
#[derive(Clone, Debug, PartialEq)]
pub struct CorridorPath {
    /// Knots.
    pub count: usize,
    /// Features, channels x knots.
    pub features: Vec<f32>,
    /// The expert's offset per knot, in units of [`OFFSET_UNIT_M`].
    pub offsets: Vec<f32>,
}

/// A path with what other paths beside its reference are judged by.
#[derive(Clone, Debug)]
pub struct JudgedPath {
    /// The expert's.
    pub expert: CorridorPath,
    /// Its time of arrival with an acceleration of 1 m/s^2, seconds.
    pub expert_secs: f64,
    /// Route, radius, turning length.
    pub problem: CorridorProblem,
    /// Clearance that the features are computed for, metres.
    pub feature_clearance_m: f64,
    /// Largest clearance across the reference about the expert's path, per knot, metres; at least where that is less than
    /// what the features are computed for.
    pub rooms_m: Vec<f32>,
    /// The map.
    pub map: Arc<GridMap>,
}

/// Draws all maps and problems of the settings and solves them; each map from its own stream of randomness, so that the
/// number of threads changes nothing.
///
/// # Errors
/// None for maps that were drawn.
pub fn generate(settings: &CorridorSettings, progress: bool) -> Result<Vec<JudgedPath>, GridError> {
    let bar = Progress::new(settings.maps as u64, "maps", progress);
    let maps: Result<Vec<Vec<JudgedPath>>, GridError> = (0..settings.maps)
        .into_par_iter()
        .map(|index| {
            let paths = solved(settings, index);
            bar.advance(1);
            paths
        })
        .collect();
    Ok(maps?.into_iter().flatten().collect())
}

fn solved(settings: &CorridorSettings, index: usize) -> Result<Vec<JudgedPath>, GridError> {
    let (grid, problems) = problems(settings, index)?;
    let map = Arc::new(grid);
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    rng.set_stream(2 * index as u64 + 1);
    let mut expert = Expert::default();
    let mut paths = Vec::with_capacity(problems.len());
    let mut offsets = Vec::new();
    for problem in problems {
        let Some(times) = expert.solve(&map, &problem, settings.bumps, &mut rng, &mut offsets) else { continue };
        let feature_clearance_m = problem.clearance_m + settings.extra_clearance_m * rng.random::<f64>();
        let mut values = Vec::new();
        features(&map, &problem.reference, problem.step_m, feature_clearance_m, problem.turning_length_m, &mut values);
        paths.push(JudgedPath {
            expert: CorridorPath {
                count: offsets.len(),
                features: values,
                offsets: offsets.iter().map(|offset| (offset / OFFSET_UNIT_M) as f32).collect(),
            },
            expert_secs: times.expert_secs,
            rooms_m: rooms(&map, &problem, &offsets, feature_clearance_m + ROOM_STEP_M),
            problem,
            feature_clearance_m,
            map: Arc::clone(&map),
        });
    }
    Ok(paths)
}

/// At every knot the distance field's height where it rises no more, from the offset to either side; up to `most_m`.
fn rooms(map: &GridMap, problem: &CorridorProblem, offsets: &[f64], most_m: f64) -> Vec<f32> {
    let height = |knot: usize, offset: f64| map.distance(problem.reference.beside(knot, offset));
    let climb = |knot: usize, step_m: f64| {
        let (mut offset, mut here_m) = (offsets[knot] + step_m, height(knot, offsets[knot]));
        while here_m < most_m && offset.abs() <= MAX_OFFSET_M {
            let next_m = height(knot, offset);
            if !(next_m > here_m) {
                break;
            }
            (offset, here_m) = (offset + step_m, next_m);
        }
        here_m
    };
    (0..offsets.len()).map(|knot| climb(knot, ROOM_STEP_M).max(climb(knot, -ROOM_STEP_M)) as f32).collect()
}

/// SHA-256 of the data, hex.
pub fn sha256<'a>(paths: impl IntoIterator<Item = &'a CorridorPath>) -> String {
    let mut hash = Sha256::new();
    for number in paths.into_iter().flat_map(|path| path.features.iter().chain(&path.offsets)) {
        hash.update(number.to_le_bytes());
    }
    planwright::files::hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use planwright::planner::corridor::CHANNELS;

    #[test]
    fn equal_seeds_give_equal_data() {
        let settings =
            CorridorSettings { maps: 7, goals: 1, starts: 2, bumps: 40, seed: 5, ..CorridorSettings::usual() };
        let drawn = |settings: &CorridorSettings| -> Vec<CorridorPath> {
            generate(settings, false).expect("maps").into_iter().map(|path| path.expert).collect()
        };
        let paths = drawn(&settings);
        assert!(paths.len() > 7, "{} paths", paths.len());
        assert_eq!(sha256(&paths), sha256(&drawn(&settings)));
        let other = drawn(&CorridorSettings { seed: 6, ..settings });
        assert_ne!(sha256(&paths), sha256(&other));
        for path in &paths {
            let count = path.count;
            assert_eq!((path.features.len(), path.offsets.len()), (CHANNELS * count, count));
            assert!(path.features.iter().chain(&path.offsets).all(|value| value.is_finite()));
            assert_eq!((path.offsets[0], path.offsets[count - 1]), (0.0, 0.0));
        }
    }
}
