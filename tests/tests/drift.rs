//! Drift studies across processes: prediction, the quick study from end to end, refusals, the shipped transform.

use planwright::model::{Artefact, EngineChoice, Family, load_engine};
use planwright_tests::{command, json, model, onnxruntime, root, run};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

fn study(arguments: &[&str]) -> Command {
    let mut command = command("planwright-study");
    command.args(arguments);
    command
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("expected a number, got {value}"))
}

#[test]
fn the_tent_map_is_predicted_as_published() {
    let found = json(&mut study(&["predict", "--system", "tent", "--json"]));
    let rows = found["scales"].as_array().unwrap_or_else(|| panic!("{found}"));
    assert_eq!(rows.len(), 11);
    let at = |scale: f64| {
        let row = rows.iter().find(|row| (number(&row["scale"]) - scale).abs() < 1e-9);
        row.unwrap_or_else(|| panic!("no scale of {scale}"))
    };
    let tv = |scale: f64| number(&at(scale)["tv_prediction_data"]);
    for scale in [0.0, 0.0005, 0.002, 0.0045] {
        assert!(tv(scale) < 0.002, "{scale}: {}", tv(scale));
    }
    assert!(tv(0.008) <= 0.04 && (0.10..=0.20).contains(&tv(0.0125)) && (0.14..=0.18).contains(&tv(0.032)));
    let top = number(&at(0.0)["mass_by_fifth"][4]) - number(&at(0.032)["mass_by_fifth"][4]);
    assert!((0.08..=0.15).contains(&top), "the top fifth lost {top}");
}

#[test]
fn the_quick_study_runs_from_data_to_report_and_is_not_run_twice() {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let out = folder.path().join("quick");
    let quick = |arguments: &[&str]| {
        let mut command = study(arguments);
        command.args(["--size", "quick", "--json", "--onnxruntime"]).arg(onnxruntime()).arg("--out").arg(&out);
        command
    };
    let table = json(&mut quick(&["run", "drift"]));
    let units = table["units"].as_array().unwrap_or_else(|| panic!("{table}"));
    assert_eq!(units.len(), 12, "two systems, four methods, two controls");
    for unit in units {
        // A plain model of this size may miss the intended range altogether; the transform and its controls may not.
        let has_codes = unit["method"].as_str().is_some_and(|method| method.starts_with("transform"));
        let most = if has_codes { 0.2 } else { 1.0 };
        assert!((0.0..=most).contains(&number(&unit["tv_prior"])), "{unit}");
        let mass: f64 = unit["mass"].as_array().map_or(0.0, |mass| mass.iter().map(number).sum());
        assert!((mass - 1.0).abs() < 1e-6, "{mass}");
    }
    let seed = &table["systems"][0]["seeds"][0];
    for key in ["tv_data_prior", "tv_model_prior", "tv_prediction_prior", "tv_prediction_model"] {
        assert!(number(&seed[key]) >= 0.0, "{key}");
    }
    assert_eq!(table["systems"][1]["validity"].as_array().map(Vec::len), Some(3), "data, baseline, transform");
    assert_eq!(seed["mitigations"].as_array().map(Vec::len), Some(6));
    let command = "planwright-study run drift --size quick --system tent --seeds 1 --method baseline";
    assert_eq!(seed["command"], command);
    assert_eq!(json(&mut quick(&["run", "drift"])), table, "what is done is not done again");
    assert_eq!(json(&mut quick(&["table", "drift"])), table);
    let files = json(&mut quick(&["report", "drift"]));
    for file in files["files"].as_array().unwrap_or_else(|| panic!("{files}")) {
        let path = Path::new(file.as_str().unwrap_or_default());
        assert!(std::fs::metadata(path).is_ok_and(|found| found.len() > 100), "{file}");
    }
    // Another recipe does not take the units for its own.
    let text = std::fs::read_to_string(root().join("training/recipes/drift-quick.toml")).unwrap_or_default();
    let other = folder.path().join("other.toml");
    std::fs::write(&other, text.replace("generated = 200", "generated = 100"))
        .unwrap_or_else(|error| panic!("{error}"));
    let (_, stderr, code) =
        run(study(&["run", "drift", "--system", "tent", "--size"]).arg(&other).arg("--out").arg(&out));
    assert!(code == 2 && stderr.contains("expected a result of these settings") && stderr.contains("hint"), "{stderr}");
}

#[test]
fn what_makes_no_sense_is_one_clear_line() {
    let refused = |arguments: &[&str], expected: &[&str]| {
        let (_, stderr, code) = run(&mut study(arguments));
        assert_eq!(code, 2, "{arguments:?}: {stderr}");
        assert!(expected.iter().all(|word| stderr.contains(word)), "{arguments:?}: {stderr}");
    };
    refused(&["predict", "--system", "spring"], &["expected one of sinusoid", "'spring'", "recovery rule"]);
    refused(&["predict", "--system", "tent", "--scale", "-1"], &["expected", "-1"]);
    let logistic = ["run", "drift", "--size", "quick", "--system", "logistic"];
    refused(&logistic, &["expected one of the recipe's systems", "logistic"]);
    refused(&["table", "drift", "--size", "nowhere"], &["drift-nowhere.toml", "hint"]);
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let text = std::fs::read_to_string(root().join("training/recipes/drift-quick.toml")).unwrap_or_default();
    for (from, to, expected) in [
        ("support = 512", "support = 4", "codes"),
        ("data = 1024", "data = 100", "data for a support"),
        ("horizon = 16", "horizon = 17", "power of two"),
        ("batch = 32", "batch = 0", "batch"),
        ("name = \"quick\"", "name = \"../quick\"", "letters"),
        ("[kernel]", "[kernel]\ncolour = 1", "colour"),
    ] {
        let path = folder.path().join("wrong.toml");
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap_or_else(|error| panic!("{error}"));
        let path = path.display().to_string();
        refused(&["table", "drift", "--size", &path], &["expected", expected]);
    }
}

#[test]
fn moved_commands_name_their_successor() {
    for (old, new) in
        [("fit", "run drift"), ("ablate", "run ablation"), ("mitigate", "table drift"), ("ship", "release")]
    {
        let mut command = command("planwright-train");
        let (_, stderr, code) = run(command.args(["drift", old, "--size", "quick"]));
        assert!(code == 2 && stderr.contains(&format!("moved: planwright-study {new}")), "{stderr}");
    }
}

#[test]
fn a_transform_whose_codes_and_trajectories_disagree_is_refused() {
    let artefact = Artefact::open(&model("umaze-transform")).unwrap_or_else(|error| panic!("{error}"));
    let mut manifest = artefact.manifest().clone();
    let Family::MazeTransform { transform, .. } = &mut manifest.family else { panic!("a transform") };
    transform.support -= 1;
    let wrong = artefact.with_manifest(manifest).unwrap_or_else(|error| panic!("{error}"));
    let error = load_engine(&wrong, &EngineChoice::default(), 1).err().map(|error| error.to_string());
    assert!(error.as_ref().is_some_and(|error| error.contains("codes and trajectories disagree")), "{error:?}");
}

#[test]
fn the_demo_of_the_transform_keeps_the_distribution_and_lets_nothing_unsafe_out() {
    let mut demo = command("planwright");
    let found = json(demo.args(["demo", "--transform", "--json", "--episodes", "100", "--deadline-ms", "0"]));
    assert_eq!(found["plans_unsafe"], 0);
    assert_eq!(found["goals"], 100);
    let tv = |key: &str| number(&found[key]);
    assert!(tv("total_variation") < 0.5 * tv("total_variation_baseline"), "{found}");
    assert!(number(&found["transform"]["reach_rate"]) > 0.9, "{found}");
    assert!(found["transform"]["drift"]["state"].is_string(), "{found}");
}
