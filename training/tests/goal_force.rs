//! A small goal-force planner from recipe to push: fit and resume, export, both engines, motions, evaluation.

use planwright::evaluate::{PushCase, PushChooser, PushEvaluation};
use planwright::model::{Artefact, EngineChoice, Family, load_engine};
use planwright::planner::goal_force::{ControlSignal, Force, GoalForcePlanner, GoalForceSettings, MAX_MOTION_PX};
use planwright::planner::{PlannerSettings, load};
use planwright::world::scene::Kind;
use planwright_training::dataset::goal_force::SceneSettings;
use planwright_training::export::{ExportError, ExportOptions, TOLERANCE, export};
use planwright_training::fit::{Checkpoint, FitError, FitOptions, fit, fit_stages, stages};
use planwright_training::network::{ControlPath, MotionNetworkSpec, Parameters, SampleKind};
use planwright_training::recipe::{GoalForceRecipe, Recipe};
use planwright_training::video::{VideoErrors, VideoOptions, VideoReport, compare};
use std::path::{Path, PathBuf};

mod common;
use common::{fitted, onnxruntime, options};

/// The recipe with less of everything.
fn recipe() -> Recipe {
    let text = include_str!("../recipes/goal-force-balls.toml");
    let Ok(Recipe::GoalForce(recipe)) = Recipe::parse(text, Path::new("goal-force-balls.toml")) else {
        panic!("a recipe of a goal-force planner");
    };
    let mut training = recipe.training.clone();
    (training.steps, training.batch, training.checkpoint_every) = (8, 4, 4);
    let data = SceneSettings { scenes: 12, ..recipe.data.clone() };
    let network = MotionNetworkSpec { widths: vec![16, 16, 16], ..recipe.network.clone() };
    Recipe::GoalForce(GoalForceRecipe { name: "tiny".to_owned(), data, network, training, ..recipe })
}

#[test]
fn a_goal_force_planner_resumes_and_runs_alike_in_both_engines() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fitted(&recipe(), &folder.path().join("whole"), &[None]);
    assert!(whole == fitted(&recipe(), &folder.path().join("parts"), &[Some(4), None]), "resumed bit for bit");

    let checkpoint = Checkpoint::read(&folder.path().join("whole/checkpoint.safetensors")).unwrap();
    let path = folder.path().join("tiny.onnx");
    let options = ExportOptions { library: onnxruntime(), ..ExportOptions::to(&path) };
    export(&checkpoint, &options).unwrap_or_else(|error| panic!("{error}"));

    let artefact = Artefact::open(&path).unwrap();
    let manifest = artefact.manifest();
    assert!(matches!(&manifest.family, Family::GoalForce { goal_force, .. } if goal_force.cells() == 256));
    assert!(manifest.provenance.data_sha256.len() == 64 && manifest.horizon == 16 && manifest.knot_secs == 0.3);
    let refused =
        load(&artefact, &EngineChoice::default(), &PlannerSettings::default()).err().map(|error| error.to_string());
    assert!(refused.is_some_and(|text| text.contains("drives")), "it plans for no robot");

    let engine = |batch| load_engine(&artefact, &EngineChoice::default(), batch);
    let settings = GoalForceSettings { steps: Some(2), candidates: Some(3) };
    let mut planner = GoalForcePlanner::open(manifest, settings, engine).unwrap_or_else(|error| panic!("{error}"));
    let rgb = vec![90; 3 * 64 * 64];
    let force = Force { at_px: [30.0, 30.0], direction_rad: 0.3, share: 0.5 };
    let signal = ControlSignal { goal: &[force], ..ControlSignal::default() };
    let motions = planner.predict(&rgb, signal, 7).unwrap().to_vec();
    assert_eq!(motions.len(), 3 * 16 * 2 * 256);
    assert!(motions.iter().all(|value| f64::from(value.abs()) <= MAX_MOTION_PX));
    assert_eq!(motions, planner.predict(&rgb, signal, 7).unwrap(), "the same seed");
    assert_ne!(motions, planner.predict(&rgb, signal, 8).unwrap(), "another seed");
    assert_ne!(motions, planner.predict(&rgb, ControlSignal::default(), 7).unwrap(), "no control");
    let refused = planner.predict(&rgb[1..], signal, 7).unwrap_err().to_string();
    assert!(refused.contains("expected a picture of 12288 bytes, got 12287"), "{refused}");

    // The search through the same correction and gate meets most goals; hardly trained motions meet none or few.
    let cases = PushCase::draw(Kind::Balls, false, 0.5, 64, 5, 8);
    let mut evaluation = PushEvaluation::new(planner.spec().clone(), planner.candidates());
    let mut run = |chooser| evaluation.run(chooser, &cases, Some(&mut planner), || ()).unwrap();
    let (search, model) = (run(PushChooser::Search), run(PushChooser::Model));
    assert!(search.cases == 8 && search.corrected >= 0.5, "{search:?}");
    assert!(model.corrected <= search.corrected && model.initiator <= model.proposed, "{model:?}");
}

#[test]
fn the_full_network_with_either_way_of_the_control_runs_alike_in_both_engines() {
    for control in [ControlPath::Concatenated, ControlPath::Branch] {
        let Recipe::GoalForce(mut recipe) = recipe() else { panic!("a recipe of a goal-force planner") };
        recipe.network = MotionNetworkSpec { control, ..MotionNetworkSpec::full() };
        recipe.training.steps = 1;
        let recipe = Recipe::GoalForce(recipe);
        // Values for which no layer is zero, as the first ones of many are.
        let initial = Parameters::new(recipe.network().parameters()).initial(5);
        let initial = initial.iter().enumerate().map(|(index, value)| value + 0.05 * (index as f32 * 0.7).sin());
        let folder = tempfile::tempdir().unwrap();
        let options = FitOptions { initial: Some(initial.collect()), ..options(folder.path()) };
        fit(&recipe, &options).unwrap_or_else(|error| panic!("{error}"));
        let checkpoint = Checkpoint::read(&folder.path().join("checkpoint.safetensors")).unwrap();
        let path = folder.path().join("full.onnx");
        let options = ExportOptions { library: onnxruntime(), ..ExportOptions::to(&path) };
        let report = export(&checkpoint, &options).unwrap_or_else(|error| panic!("{control:?}: {error}"));
        for engine in ["tract", "onnxruntime"] {
            for kind in ["random", "extreme", "real"] {
                assert!(report.parity.largest[engine][kind] <= TOLERANCE, "{engine} {kind}");
            }
        }
        let artefact = Artefact::open(&path).unwrap();
        let golden = &artefact.manifest().golden[0].output;
        assert!(golden.iter().any(|value| value.abs() > 1e-2), "the network gives something");
    }
}

/// The recipe of pixels with less of everything.
fn pixel_recipe() -> Recipe {
    let text = include_str!("../recipes/goal-force-pixels.toml");
    let Ok(Recipe::GoalForce(recipe)) = Recipe::parse(text, Path::new("goal-force-pixels.toml")) else {
        panic!("a recipe of a pixel network");
    };
    assert_eq!(recipe.network.sample, SampleKind::Pixels);
    let mut training = recipe.training.clone();
    (training.steps, training.batch, training.checkpoint_every) = (6, 2, 3);
    let data = SceneSettings { scenes: 8, ..recipe.data.clone() };
    let network = MotionNetworkSpec { widths: vec![16, 16], ..recipe.network.clone() };
    Recipe::GoalForce(GoalForceRecipe { name: "tiny-pixels".to_owned(), data, network, training, ..recipe })
}

/// Two equal comparisons.
fn compared(checkpoint: &Checkpoint, seed: u32) -> VideoReport {
    let options = VideoOptions { scenes: 5, seed, steps: Some(2) };
    let [first, second] = [0, 1].map(|_| compare(checkpoint, options, None, || ()).unwrap_or_else(|e| panic!("{e}")));
    assert_eq!(first.rows, second.rows, "the same seed");
    assert_eq!(first.strip, second.strip);
    first
}

/// Of checkpoint, first picture and true motion.
fn errors(report: &VideoReport) -> [&VideoErrors; 3] {
    let errors: Vec<&VideoErrors> = report.rows.iter().map(|row| &row.errors).collect();
    errors.try_into().unwrap_or_else(|rows| panic!("{rows:?}"))
}

#[test]
fn a_network_of_pixels_resumes_is_compared_with_simulated_videos_and_is_not_exported() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fitted(&pixel_recipe(), &folder.path().join("whole"), &[None]);
    assert!(whole == fitted(&pixel_recipe(), &folder.path().join("parts"), &[Some(3), None]), "resumed bit for bit");
    let mut light = pixel_recipe();
    let Recipe::GoalForce(recipe) = &mut light else { panic!("a recipe of a pixel network") };
    recipe.moving_weight = 1.0;
    assert!(whole != fitted(&light, &folder.path().join("light"), &[None]), "the weight of moving pixels counts");

    let checkpoint = Checkpoint::read(&folder.path().join("whole/checkpoint.safetensors")).unwrap();
    let path = folder.path().join("tiny.onnx");
    let refused = export(&checkpoint, &ExportOptions::to(&path)).unwrap_err();
    assert!(matches!(refused, ExportError::Pixels) && !path.exists(), "{refused}");

    let report = compared(&checkpoint, 0);
    let [own, repeated, true_motion] = errors(&report);
    assert!(own.moving > 0.0 && own.resting > 0.0 && own.moving_by_frame.len() == 16, "{own:?}");
    // What rests differs by the threshold of moving at most.
    assert!(repeated.resting < 8.5 / 255.0 && true_motion.moving < repeated.moving, "{repeated:?} {true_motion:?}");
    assert!((0.001..0.2).contains(&report.moving_share), "{}", report.moving_share);
    assert_eq!([report.strip.width, report.strip.height], [9 * 66 - 2, 4 * 136 - 6]);
    assert_ne!(report.rows, compared(&checkpoint, 1).rows, "other scenes");

    for (scenes, steps, words) in [(0, 2, "--scenes: expected 1 to"), (2, 1001, "--steps: expected 1 to 1000")] {
        let options = VideoOptions { scenes, seed: 0, steps: Some(steps) };
        let refused = compare(&checkpoint, options, None, || ()).unwrap_err().to_string();
        assert!(refused.starts_with(words), "{refused}");
    }
}

#[test]
fn a_network_of_motions_is_compared_by_splatting() {
    let folder = tempfile::tempdir().unwrap();
    fitted(&recipe(), folder.path(), &[None]);
    let report = compared(&Checkpoint::read(&folder.path().join("checkpoint.safetensors")).unwrap(), 0);
    let [own, repeated, true_motion] = errors(&report);
    // A hardly trained one moves something, but not as it should.
    assert!(own.moving > true_motion.moving && own.resting > repeated.resting, "{own:?} {repeated:?} {true_motion:?}");
}

/// Writes a small recipe that starts from another one, or from random values.
fn write_stage(folder: &Path, name: &str, starts_from: Option<&str>, width: usize) -> PathBuf {
    let start = starts_from.map_or(String::new(), |name| format!("\nstarts_from = \"{name}\""));
    let mut text = include_str!("../recipes/goal-force-rooms.toml").to_owned();
    for (from, to) in [
        ("name = \"goal-force-rooms\"", format!("name = \"{name}\"")),
        ("scenes = 50000", "scenes = 6".to_owned()),
        ("widths = [64, 96, 128]", format!("widths = [{width}, {width}]")),
        ("steps = 32000", "steps = 4".to_owned()),
        ("batch = 24", "batch = 2".to_owned()),
        ("checkpoint_every = 500", format!("checkpoint_every = 2{start}")),
    ] {
        assert!(text.contains(from), "the recipe has no `{from}`");
        text = text.replacen(from, &to, 1);
    }
    let path = folder.join(format!("{name}.toml"));
    std::fs::write(&path, text).unwrap_or_else(|error| panic!("{error}"));
    path
}

#[test]
fn a_recipe_that_starts_from_another_one_fits_that_first_and_goes_on_after_an_interruption_in_either() {
    let folder = tempfile::tempdir().unwrap();
    write_stage(folder.path(), "first", None, 16);
    let chain = stages(&write_stage(folder.path(), "second", Some("first"), 16)).unwrap();
    assert_eq!(chain.iter().map(Recipe::name).collect::<Vec<_>>(), ["first", "second"]);
    let kept = |run: &Path| std::fs::read(run.join("checkpoint.safetensors")).unwrap();

    let whole = folder.path().join("whole");
    let report = fit_stages(&chain, &options(&whole)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((report.name.as_str(), report.step), ("second", 4));
    // The second stage is the fit from the first one's averaged values, the first one a fit like any other.
    let first = Checkpoint::read(&whole.join("first/checkpoint.safetensors")).unwrap();
    assert!(fitted(&chain[0], &folder.path().join("alone"), &[None]) == kept(&whole.join("first")));
    let by_hand = folder.path().join("by-hand");
    let initial = Some(first.averaged().to_vec());
    fit(&chain[1], &FitOptions { initial, ..options(&by_hand) }).unwrap();
    assert!(kept(&by_hand) == kept(&whole));

    // Interrupted in the first stage, then in the second.
    let parts = folder.path().join("parts");
    fit(&chain[0], &FitOptions { until: Some(2), ..options(&parts.join("first")) }).unwrap();
    let refused = fit_stages(&chain, &options(&parts)).unwrap_err();
    assert!(matches!(refused, FitError::Exists(_)), "{refused}");
    fit_stages(&chain, &FitOptions { resume: true, until: Some(2), ..options(&parts) }).unwrap();
    fit_stages(&chain, &FitOptions { resume: true, ..options(&parts) }).unwrap();
    assert!(kept(&parts) == kept(&whole), "resumed bit for bit");

    let refused = fit_stages(&chain, &options(&whole)).unwrap_err();
    assert!(matches!(refused, FitError::Exists(_)), "{refused}");
    // What the last stage has started from is no longer what its recipe says.
    let mut edited = chain.clone();
    edited[0].set_seed(9);
    let refused = fit_stages(&edited, &FitOptions { resume: true, ..options(&whole) }).unwrap_err().to_string();
    assert!(refused.contains("expected a checkpoint of recipe 'first'"), "{refused}");
    let empty = FitOptions { resume: true, ..options(&folder.path().join("empty")) };
    let refused = fit_stages(&chain, &empty).unwrap_err();
    assert!(matches!(refused, FitError::NothingToResume(_)), "{refused}");
    let refused = fit(&chain[1], &options(&folder.path().join("weightless"))).unwrap_err().to_string();
    assert!(refused.contains("the weights of a fit of 'first'"), "{refused}");
}

#[test]
fn a_start_from_itself_from_another_network_or_from_nowhere_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |path: &Path| stages(path).unwrap_err().to_string();
    write_stage(folder.path(), "a", Some("b"), 16);
    let itself = refused(&write_stage(folder.path(), "b", Some("a"), 16));
    assert!(itself.contains("training.starts_from: expected a recipe that does not start from"), "{itself}");
    write_stage(folder.path(), "wide", None, 32);
    let other = refused(&write_stage(folder.path(), "narrow", Some("wide"), 16));
    assert!(other.contains("training.starts_from: expected a recipe with the same [network]"), "{other}");
    let none = refused(&write_stage(folder.path(), "c", Some("missing"), 16));
    assert!(
        none.contains("c.toml: training.starts_from: expected a recipe in") && none.contains("missing.toml"),
        "{none}"
    );
    let chain = |place: usize| {
        let before = (place > 0).then(|| format!("chain{}", place - 1));
        write_stage(folder.path(), &format!("chain{place}"), before.as_deref(), 16)
    };
    let paths: Vec<PathBuf> = (0..10).map(chain).collect();
    let long = refused(&paths[9]);
    assert!(long.contains("expected at most 8 recipes"), "{long}");
    let path = refused(&write_stage(folder.path(), "d", Some("../a"), 16));
    assert!(path.contains("training: expected starts_from"), "{path}");
}

#[test]
fn settings_of_pixels_without_sense_are_named() {
    let text = include_str!("../recipes/goal-force-pixels.toml");
    for (from, to, words) in [
        ("moving_weight = 20.0", "moving_weight = 0.0", "a.toml: moving_weight: expected a weight above 0"),
        ("sample = \"pixels\"", "", "a.toml: moving_weight: expected 1 with network.sample = \"motion\", got 20"),
        ("sample = \"pixels\"", "sample = \"voxels\"", "voxels"),
        ("shifted-flow-6", "shifted-flow-7", "shifted-flow-7"),
    ] {
        assert!(text.contains(from), "the recipe has no `{from}`");
        let refused = Recipe::parse(&text.replacen(from, to, 1), Path::new("a.toml")).expect_err(to).to_string();
        assert!(refused.contains(words), "{refused}");
    }
}

/// `--seed 1` is the shipped model's fit: later stages have a thousand more.
#[test]
fn the_shipped_model_has_the_seeds_of_its_stages() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes/goal-force.toml");
    let seeds: Vec<u64> = stages(&path).unwrap().iter().map(|recipe| recipe.training().seed).collect();
    assert_eq!(seeds, [1, 1001]);
}

#[test]
fn settings_without_sense_are_named() {
    let text = include_str!("../recipes/goal-force-balls.toml");
    for (from, to, words) in [
        ("scenes = 40000", "scenes = 0", "a.toml: data: expected 1 to 10000000 scenes, got 0"),
        ("blocked = 0.6", "blocked = 1.5", "a.toml: data: expected blocked from 0 to 1, got 1.5"),
        ("picture_px = 64", "picture_px = 60", "a.toml: goal_force: expected pictures of 64 px in cells of 4 px"),
        ("groups = 8", "groups = 7", "a.toml: network: expected even widths"),
        ("steps = 1000", "steps = 0", "a.toml: diffusion: expected between 1 and 10000 diffusion steps, got 0"),
        (
            "learning_rate = 3e-3",
            "learning_rate = -1.0",
            "a.toml: training.optimiser: expected muon.learning_rate above 0",
        ),
    ] {
        assert!(text.contains(from), "the recipe has no `{from}`");
        let refused = Recipe::parse(&text.replacen(from, to, 1), Path::new("a.toml")).expect_err(to).to_string();
        assert!(refused.starts_with(words), "{refused}");
    }
}
