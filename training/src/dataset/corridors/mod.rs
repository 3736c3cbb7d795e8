//! Corridors with offsets to learn: random maps, start-goal pairs and paths that arrive early; or recorded drives, of which
//! scripted demonstrators give examples.

mod comparison;
mod demonstrations;
mod demonstrator;
mod drives;
mod expert;
mod obstacle_sizes;
mod problems;
mod projection;
mod windows;

pub use comparison::{CorridorFigures, MethodFigures, compare};
pub use demonstrations::{Demonstration, demonstrations, write_demonstrations};
pub use demonstrator::{Demonstrator, Preference, Style};
pub use drives::{Drive, DriveError, RecordedPaths, read_drives, recorded, route_map, write_drives};
pub use expert::{Expert, ExpertTimes};
pub use obstacle_sizes::ObstacleSizes;
pub use problems::{CorridorProblem, CorridorSettings, generated, problems};
pub use projection::{Pose, Projected, project};
pub use windows::{CorridorBatch, CorridorWindows};

use crate::console::Progress;
use planwright::planner::corridor::{OFFSET_UNIT_M, features};
use planwright::world::map::grid::GridError;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

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

/// Draws all maps and problems of the settings and solves them; each map from its own stream of randomness, so that the
/// number of threads changes nothing.
///
/// # Errors
/// None for maps that were drawn.
pub fn generate(settings: &CorridorSettings, progress: bool) -> Result<Vec<CorridorPath>, GridError> {
    let bar = Progress::new(settings.maps as u64, "maps", progress);
    let maps: Result<Vec<Vec<CorridorPath>>, GridError> = (0..settings.maps)
        .into_par_iter()
        .map(|index| {
            let paths = solved(settings, index);
            bar.advance(1);
            paths
        })
        .collect();
    Ok(maps?.into_iter().flatten().collect())
}

fn solved(settings: &CorridorSettings, index: usize) -> Result<Vec<CorridorPath>, GridError> {
    let (grid, problems) = problems(settings, index)?;
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    rng.set_stream(2 * index as u64 + 1);
    let mut expert = Expert::default();
    let mut paths = Vec::with_capacity(problems.len());
    let mut offsets = Vec::new();
    for problem in &problems {
        if expert.solve(&grid, problem, settings.bumps, &mut rng, &mut offsets).is_none() {
            continue;
        }
        let shown_m = problem.clearance_m + settings.extra_clearance_m * rng.random::<f64>();
        let mut values = Vec::new();
        features(&grid, &problem.reference, problem.step_m, shown_m, problem.turning_length_m, &mut values);
        paths.push(CorridorPath {
            count: offsets.len(),
            features: values,
            offsets: offsets.iter().map(|offset| (offset / OFFSET_UNIT_M) as f32).collect(),
        });
    }
    Ok(paths)
}

/// SHA-256 of the data, hex.
pub fn sha256(paths: &[CorridorPath]) -> String {
    let mut hash = Sha256::new();
    for number in paths.iter().flat_map(|path| path.features.iter().chain(&path.offsets)) {
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
        let paths = generate(&settings, false).expect("maps");
        assert!(paths.len() > 7, "{} paths", paths.len());
        assert_eq!(sha256(&paths), sha256(&generate(&settings, false).expect("maps")));
        let other = generate(&CorridorSettings { seed: 6, ..settings }, false).expect("maps");
        assert_ne!(sha256(&paths), sha256(&other));
        for path in &paths {
            assert_eq!((path.features.len(), path.offsets.len()), (CHANNELS * path.count, path.count));
            assert!(path.features.iter().chain(&path.offsets).all(|value| value.is_finite()));
            assert_eq!((path.offsets[0], path.offsets[path.count - 1]), (0.0, 0.0));
        }
    }
}
