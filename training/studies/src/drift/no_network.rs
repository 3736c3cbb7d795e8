//! The transform's control without a network: Gaussian noise as codes, decoded with a random pairing.

use super::DriftError;
use super::cell::{UnitCell, UnitResult};
use super::decode::DecodedSamples;
use super::measure::prior;
use super::samples::{SAMPLING_SEED_OFFSET, write_samples};
use planwright_training::dataset::Trajectories;
use planwright_training::study::StudyError;
use planwright_training::transform::{CodeSpace, Codes, DecoderTables, System, TransformSettings, paired_codes};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use std::path::Path;
use std::time::Instant;

/// Decodes as many codes of noise as the transform generates, and measures the distribution of the quantity. The
/// decoded trajectories lie in the folder as `samples.npy`.
pub(super) fn measure(
    cell: &UnitCell,
    system: &dyn System,
    data: &Trajectories,
    settings_sha256: String,
    folder: &Path,
) -> Result<UnitResult, DriftError> {
    let begun = Instant::now();
    let UnitCell { inputs, plan, seed, method } = cell;
    // Without swaps the pairing is its random start: every trajectory once, in random order.
    let settings = TransformSettings { swaps: 0, ..inputs.recipe.transform.clone() };
    let paired = paired_codes(&settings, system, data, *seed)?;
    let decoded = decoded_noise(&paired.tables, [paired.rows.horizon, paired.rows.columns], plan.generated, *seed)?;
    let (found, kept, dropped) = decoded.measured(system)?;
    planwright::files::make_folder(folder).map_err(|source| StudyError::Io { path: folder.to_owned(), source })?;
    write_samples(&folder.join("samples.npy"), &kept)?;
    Ok(UnitResult {
        system: plan.system.name,
        seed: *seed,
        method: *method,
        plan_sha256: settings_sha256,
        recipe_sha256: String::new(),
        tv_prior: found.total_variation(&prior(system)?)?,
        mass: found.mass().to_vec(),
        generated: plan.generated as u64,
        dropped: dropped as u64,
        steps: 0,
        loss: None,
        wall_secs: begun.elapsed().as_secs_f64(),
        model_sha256: String::new(),
        model_error: None,
        error_timestep: None,
        pairing: serde_json::to_value(&paired.report).ok(),
    })
}

/// `count` codes of standard normal coordinates, each decoded by its nearest codes, with the weights and draws that an
/// exported file's decoder has.
fn decoded_noise(
    tables: &DecoderTables,
    [horizon, columns]: [usize; 2],
    count: usize,
    seed: u64,
) -> Result<DecodedSamples, DriftError> {
    let size = horizon * columns;
    let space = CodeSpace {
        codes: Codes::from_values(tables.codes.clone(), size)?,
        k: tables.neighbours,
        bandwidth_squared: tables.bandwidth_squared as f32,
    };
    let mut rng = ChaCha8Rng::seed_from_u64(seed.wrapping_add(SAMPLING_SEED_OFFSET));
    let noise: Vec<f32> = (0..count * size).map(|_| rng.sample(StandardNormal)).collect();
    let (neighbours, weights) = space.weights(&noise)?;
    let mut decoded = DecodedSamples::empty(horizon, columns);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for (codes, weights) in neighbours.codes.chunks_exact(space.k).zip(weights.chunks_exact(space.k)) {
        let weights: Vec<f32> = weights.iter().map(|weight| *weight as f32).collect();
        let trajectory = |code: &u32| tables.support.chunks_exact(size).nth(*code as usize).unwrap_or_default();
        let trajectories: Vec<f32> = codes.iter().flat_map(trajectory).copied().collect();
        decoded.push(&weights, &trajectories, &mut rng);
    }
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::super::Drift;
    use crate::conformance;
    use crate::drift::UnitResult;
    use crate::drift::samples::read_samples;
    use planwright_training::study::{RunOptions, Shard, Store, Study, run_cells};

    #[test]
    fn noise_decodes_to_trajectories_of_the_data_near_the_intended_distribution() {
        let folder = tempfile::tempdir().expect("a folder");
        let line = "--size quick --method transform-no-network --seeds 1,2";
        let cells = Drift.cells(&conformance::request(&Drift, line).expect("a request")).expect("cells");
        let run = |name: &str| -> Vec<UnitResult> {
            let store = Store::new(folder.path().join(name));
            let options = RunOptions { store, batch: 1, shard: Shard::default(), progress: false };
            run_cells(&cells, &options).expect("results").results
        };
        let (units, again) = (run("one"), run("two"));
        for ((cell, unit), again) in cells.iter().zip(&units).zip(&again) {
            assert_eq!((unit.generated, unit.dropped, unit.steps), (200, 0, 0));
            assert!(unit.tv_prior <= 0.12, "{}", unit.tv_prior);
            assert_eq!((&unit.mass, unit.tv_prior), (&again.mass, again.tv_prior), "a seed names the result");
            let samples = read_samples(&folder.path().join("one").join(unit.folder()).join("samples.npy"));
            let samples = samples.expect("samples");
            let system = cell.plan.system.build().expect("a system");
            let data = system.generate(cell.plan.data, cell.seed).expect("data");
            assert_eq!(samples.len(), 200);
            assert!(samples.iter().all(|sample| data.iter().any(|stored| stored == sample)), "all are stored ones");
        }
        assert_ne!(units[0].mass, units[1].mass, "seeds differ");
    }
}
