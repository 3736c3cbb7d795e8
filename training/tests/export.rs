//! A small network goes through export and both engines.

use planwright::diffusion::ScheduleKind;
use planwright::model::{Artefact, EngineChoice, EngineKind, Manifest, ModelError, load_engine, relative_difference};
use planwright_training::dataset::{GeneratorSettings, WindowSettings};
use planwright_training::export::{ExportError, ExportOptions, ExportReport, GateError, TOLERANCE, export};
use planwright_training::fit::{Checkpoint, Task};
use planwright_training::network::NetworkSpec;
use planwright_training::recipe::{
    DeviceName, DiffusionSettings, MazeDiffusionRecipe, OptimiserSettings, Recipe, TrainingSettings,
};
use std::path::{Path, PathBuf};

const HORIZON: usize = 16;

fn recipe() -> MazeDiffusionRecipe {
    MazeDiffusionRecipe {
        name: "tiny".to_owned(),
        data: GeneratorSettings { dwell_steps: 40, ..GeneratorSettings::published("umaze", 20_000, 3) },
        windows: WindowSettings { horizon: HORIZON, stride: 4, within_leg: true, leg_start_share: 0.5 },
        network: NetworkSpec {
            columns: 6,
            base_channels: 16,
            multipliers: vec![1, 2, 4],
            kernel: 5,
            groups: 8,
            condition: None,
        },
        diffusion: DiffusionSettings { schedule: ScheduleKind::Cosine, steps: 64 },
        training: TrainingSettings {
            steps: 10,
            batch: 4,
            seed: 7,
            device: DeviceName::Cpu,
            checkpoint_every: 10,
            optimiser: OptimiserSettings {
                learning_rate: 1e-3,
                warmup_steps: 0,
                final_share: 1.0,
                weight_decay: 0.0,
                clip_norm: 1.0,
                muon: None,
            },
            average_decay: 0.99,
            starts_from: None,
        },
    }
}

/// Where `tests/setup.py` puts it. A machine without it is not set up for testing, so its absence fails.
fn library() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../.deps/onnxruntime/libonnxruntime.so")
}

fn options(path: &Path) -> ExportOptions {
    ExportOptions { library: Some(library()), ..ExportOptions::to(path) }
}

fn checkpoint() -> Checkpoint {
    let task = Task::of(&Recipe::MazeDiffusion(recipe())).unwrap_or_else(|error| panic!("{error}"));
    task.checkpoint(&task.trainer(DeviceName::Cpu))
}

fn exported(folder: &Path) -> (PathBuf, ExportReport) {
    let path = folder.join("tiny.onnx");
    let report = export(&checkpoint(), &options(&path)).unwrap_or_else(|error| panic!("{error}"));
    (path, report)
}

fn choice(kind: EngineKind) -> EngineChoice {
    EngineChoice { kind, library: Some(library()), ..EngineChoice::default() }
}

#[test]
fn an_exported_network_runs_alike_in_both_engines_at_every_batch() {
    let folder = tempfile::tempdir().unwrap();
    let (path, report) = exported(folder.path());
    for engine in ["tract", "onnxruntime"] {
        for kind in ["random", "extreme", "real"] {
            let got = report.parity.largest[engine][kind];
            println!("{engine} {kind}: {got:.2e}");
            assert!(got <= TOLERANCE);
        }
    }
    let artefact = Artefact::open(&path).unwrap();
    assert_eq!((artefact.sha256(), artefact.bytes().len()), (report.sha256.as_str(), report.bytes));
    let size = HORIZON * 6;
    let sample: Vec<f32> = (0..5 * size).map(|index| (index as f32 * 0.7).sin()).collect();
    let timesteps = [0.0, 10.0, 20.0, 40.0, 63.0];
    let mut rows: Vec<Vec<f32>> = Vec::new();
    for kind in [EngineKind::Tract, EngineKind::OnnxRuntime] {
        let mut single = load_engine(&artefact, &choice(kind), 1).unwrap();
        let mut one_by_one = vec![0.0; 5 * size];
        for row in 0..5 {
            let range = row * size..(row + 1) * size;
            single.run(&[&sample[range.clone()], &timesteps[row..=row]], &mut [&mut one_by_one[range]]).unwrap();
        }
        let mut together = vec![0.0; 5 * size];
        let mut engine = load_engine(&artefact, &choice(kind), 5).unwrap();
        engine.run(&[&sample, &timesteps], &mut [&mut together]).unwrap();
        assert!(relative_difference(&one_by_one, &together) < 1e-5, "{}", engine.description());
        let again = together.clone();
        engine.run(&[&sample, &timesteps], &mut [&mut together]).unwrap();
        assert_eq!(together, again, "the same inputs give the same bits");
        rows.push(together);
    }
    assert!(relative_difference(&rows[0], &rows[1]) < 1e-5);
}

#[test]
fn the_manifest_tells_what_the_recipe_said() {
    let folder = tempfile::tempdir().unwrap();
    let (path, report) = exported(folder.path());
    let artefact = Artefact::open(&path).unwrap();
    let manifest = artefact.manifest();
    assert_eq!(Manifest::from_json(&manifest.to_json().unwrap()).unwrap(), *manifest);
    assert_eq!(
        (manifest.horizon, manifest.knot_secs, manifest.family.denoiser().map(|denoiser| denoiser.diffusion.steps)),
        (HORIZON, 0.04, Some(64))
    );
    assert_eq!(manifest.family.world().map(|world| world.layout.as_str()), Some("umaze"));
    assert_eq!(manifest.provenance.data_sha256, report.data_sha256);
    assert_eq!(serde_json::from_value::<MazeDiffusionRecipe>(manifest.provenance.recipe.clone()).unwrap(), recipe());
    assert_eq!(manifest.golden.len(), 2);
    assert!(manifest.golden[0].inputs[1][0] < manifest.golden[1].inputs[1][0], "two noise levels");
    let quantity = manifest.quantity.as_ref().unwrap();
    assert!(0.0 <= quantity.low && quantity.low < quantity.mean && quantity.mean < quantity.high, "{quantity:?}");
    for library in ["libtorch", "tract", "onnxruntime"] {
        assert!(manifest.provenance.libraries.contains_key(library), "{library}");
    }
}

#[test]
fn the_same_checkpoint_gives_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let (_, first) = exported(folder.path());
    let (_, second) = exported(folder.path());
    assert_eq!(first.sha256, second.sha256);
}

#[test]
fn a_flipped_bit_in_the_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (path, report) = exported(folder.path());
    let bytes = std::fs::read(&path).unwrap();
    for position in [0, 1_000, report.bytes / 2, report.bytes - 100, report.bytes - 1] {
        let mut damaged = bytes.clone();
        damaged[position] ^= 1;
        std::fs::write(&path, damaged).unwrap();
        let refused = Artefact::open(&path).err();
        assert!(
            matches!(&refused, Some(ModelError::InFile { source, .. }) if matches!(**source, ModelError::Damaged { .. } | ModelError::Truncated)),
            "byte {position}: {refused:?}"
        );
    }
}

#[test]
fn without_onnxruntime_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.onnx");
    let checkpoint = checkpoint();
    let missing = ExportOptions { library: Some("/nowhere/libonnxruntime.so".into()), ..options(&path) };
    let error = export(&checkpoint, &missing).expect_err("no library");
    assert!(matches!(error, ExportError::Gate(GateError::Engine(_))) && error.to_string().contains("hint:"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_network_with_nan_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.onnx");
    let mut checkpoint = checkpoint();
    checkpoint.values[1][0] = f32::NAN;
    let error = export(&checkpoint, &options(&path)).expect_err("NaN");
    assert!(matches!(error, ExportError::Gate(GateError::NotFinite { .. })), "{error}");
    assert!(!path.exists());
}
