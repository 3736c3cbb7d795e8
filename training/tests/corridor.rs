//! A small corridor network from recipe to planner: fit and resume, export, both engines, offsets.

use planwright::model::{Artefact, EngineChoice, Family, load_engine};
use planwright::planner::corridor::{CHANNELS, CorridorNetwork, OFFSET_UNIT_M, smooth};
use planwright_training::dataset::corridors::{CorridorSettings, Preference, demonstrations, write_demonstrations};
use planwright_training::export::{ExportOptions, TOLERANCE, export};
use planwright_training::fit::{Checkpoint, fit};
use planwright_training::network::CorridorNetworkSpec;
use planwright_training::recipe::{CorridorRecipe, Recipe};
use std::path::Path;

mod common;
use common::{fitted, onnxruntime, options};

/// The shipped recipe with less of everything.
fn recipe() -> Recipe {
    let text = include_str!("../recipes/map-corridor.toml");
    let Ok(Recipe::Corridor(recipe)) = Recipe::parse(text, Path::new("map-corridor.toml")) else {
        panic!("a recipe of a corridor network");
    };
    let mut training = recipe.training.clone();
    (training.steps, training.batch, training.checkpoint_every) = (20, 8, 10);
    let data = CorridorSettings { maps: 7, goals: 1, starts: 2, bumps: 20, ..recipe.data };
    let network = CorridorNetworkSpec { width: 16, blocks: 2, ..recipe.network };
    Recipe::Corridor(CorridorRecipe { name: "tiny".to_owned(), data, network, training, ..recipe })
}

#[test]
fn a_corridor_network_resumes_and_runs_alike_in_both_engines() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fitted(&recipe(), &folder.path().join("whole"), &[None]);
    assert!(whole == fitted(&recipe(), &folder.path().join("parts"), &[Some(10), None]), "resumed bit for bit");

    let checkpoint = Checkpoint::read(&folder.path().join("whole/checkpoint.safetensors")).unwrap();
    let path = folder.path().join("tiny.onnx");
    let options = ExportOptions { library: onnxruntime(), ..ExportOptions::to(&path) };
    let report = export(&checkpoint, &options).unwrap_or_else(|error| panic!("{error}"));
    for engine in ["tract", "onnxruntime"] {
        for kind in ["random", "extreme", "real"] {
            assert!(report.parity.largest[engine][kind] <= TOLERANCE, "{engine} {kind}");
        }
    }

    let artefact = Artefact::open(&path).unwrap();
    let manifest = artefact.manifest();
    let Family::Corridor { corridor } = &manifest.family else { panic!("{:?}", manifest.family) };
    assert_eq!((corridor.laterals_m[0], corridor.margin_m, corridor.smoothing_passes), (-0.9, 0.06, 2));
    assert!(manifest.provenance.data_sha256.len() == 64 && manifest.knot_secs == 0.2);
    let engine = |batch| load_engine(&artefact, &EngineChoice::default(), batch);
    let mut network = CorridorNetwork::open(manifest, engine).unwrap_or_else(|error| panic!("{error}"));
    // A test vector is one window; a path that begins and ends with it has its offsets, smoothed and faded at both ends.
    let golden = &manifest.golden[0];
    let count = golden.output.len();
    let mut offsets = Vec::new();
    network.offsets(&golden.inputs[0], count, &mut offsets).unwrap();
    assert_eq!((offsets.len(), offsets[0], offsets[count - 1]), (count, 0.0, 0.0));
    let mut expected: Vec<f64> = golden.output.iter().map(|value| OFFSET_UNIT_M * f64::from(*value)).collect();
    smooth(&mut expected, corridor.smoothing_passes);
    let expected = expected[count / 2];
    assert!((offsets[count / 2] - expected).abs() < 1e-5, "{} and {expected}", offsets[count / 2]);
    assert_eq!(golden.inputs[0].len(), CHANNELS * count);
}

#[test]
fn settings_without_sense_are_named() {
    let text = include_str!("../recipes/map-corridor.toml");
    for (from, to, words) in [
        ("patch = 4", "patch = 5", "a.toml: network: expected a patch that divides 64 knots, got 5"),
        ("bend = 0.3", "bend = -1.0", "a.toml: loss.bend: expected 0 to 1000, got -1"),
        ("smoothing_passes = 2", "smoothing_passes = 17", "a.toml: smoothing_passes: expected 0 to 16, got 17"),
        ("maps = 1120", "maps = 0", "a.toml: data: expected maps from 1 to 1e6, got 0"),
        ("radius_m = [0.18, 0.3]", "radius_m = [0.3, 0.18]", "a.toml: data: expected radius_m with 0 < low < high"),
        ("margin_m = 0.06", "margin_m = nan", "a.toml: margin_m: expected 0 to 0.5, got NaN"),
    ] {
        let refused = Recipe::parse(&text.replacen(from, to, 1), Path::new("a.toml")).expect_err(to).to_string();
        assert!(refused.starts_with(words) && refused.contains("hint: "), "{refused}");
    }
}

#[test]
fn drives_are_fitted_from_their_file_to_a_planner() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("drives.jsonl");
    let driven = demonstrations(Preference::Side, 1.0, 2).unwrap();
    write_demonstrations(&file, &driven, 2).unwrap();
    let text = include_str!("../recipes/map-drives.toml");
    let text = text.replace("drives/side.jsonl", &file.display().to_string());
    let text = text.replace("steps = 3000", "steps = 20").replace("batch = 64", "batch = 8");
    let recipe = Recipe::parse(&text, Path::new("map-drives.toml")).unwrap_or_else(|error| panic!("{error}"));
    let options = |name: &str| options(&folder.path().join(name));
    let report = fit(&recipe, &options("fit")).unwrap_or_else(|error| panic!("{error}"));
    assert!(report.step == 20 && report.loss.is_some_and(|loss| loss > 0.0 && loss.is_finite()), "{report:?}");
    let again = fit(&recipe, &options("again")).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((report.data_sha256, report.loss), (again.data_sha256, again.loss));

    std::fs::write(&file, "{\"map\": 1}\n").unwrap();
    let refused = fit(&recipe, &options("none")).unwrap_err().to_string();
    assert!(refused.contains("drives.jsonl:1: map: expected the name of a map file, got 1"), "{refused}");
    let both = text.replace("[data]", "[data]\nmaps = 7");
    let refused = Recipe::parse(&both, Path::new("map-drives.toml")).unwrap_err().to_string();
    assert!(refused.contains("data: expected drives or maps, got both"), "{refused}");
    let neither = text.lines().filter(|line| !line.starts_with("drives")).collect::<Vec<_>>().join("\n");
    let refused = Recipe::parse(&neither, Path::new("map-drives.toml")).unwrap_err().to_string();
    assert!(refused.contains("data: expected maps from 1 to 1e6, got 0"), "{refused}");
}
