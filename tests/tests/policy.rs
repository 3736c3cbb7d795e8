//! Policies across processes: the shipped one under demo, eval, plan and bench; heads from the command line; refusals.

use planwright_tests::{command, json, model, onnxruntime, root, run};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

fn planwright(arguments: &[&str]) -> Command {
    let mut command = command("planwright");
    command.args(arguments);
    command
}

fn fourier(arguments: &[&str]) -> Command {
    let mut command = command("planwright-train");
    command.arg("fourier").args(arguments);
    command
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("expected a number, got {value}"))
}

fn refused(command: &mut Command, words: &[&str]) {
    let (stdout, stderr, code) = run(command);
    assert_eq!((code, stdout.as_str()), (2, ""), "{command:?}\n{stderr}");
    for word in words {
        assert!(stderr.contains(word), "expected '{word}' in: {stderr}");
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"))
}

fn write(path: PathBuf, text: &str) -> PathBuf {
    std::fs::write(&path, text).unwrap_or_else(|error| panic!("{error}"));
    path
}

#[test]
fn demo_policy_reaches_goals_and_no_plan_that_leaves_is_unsafe() {
    // Without a deadline: how fast this machine is belongs to benchmarks.
    let arguments = ["demo", "policy", "--episodes", "8", "--no-rrd", "--json", "--deadline-ms", "0"];
    let out = json(&mut planwright(&arguments));
    assert_eq!(out["plans_unsafe"], 0, "{out}");
    assert!(number(&out["reach_rate"]) >= 0.9 && number(&out["plans_checked"]) >= 8.0, "{out}");
    assert_eq!(out["wall_contacts"], 0, "{out}");
    assert!(number(&out["residual_after"]) < 0.1, "{out}");
    let mut again = json(&mut planwright(&arguments));
    // Times differ from run to run.
    for key in ["plan_ms", "stages_ms"] {
        again[key] = out[key].clone();
    }
    assert_eq!(out, again, "the same seed drives the same");
}

#[test]
fn a_policy_alone_reaches_goals_at_every_temperature() {
    for temperature in ["0", "0.5", "1"] {
        let out =
            json(&mut planwright(&["eval", "policy", "--episodes", "40", "--temperature", temperature, "--json"]));
        assert!(number(&out["summary"]["reach_rate"]) >= 0.8, "{temperature}: {out}");
        let smoothness = number(&out["summary"]["pmf_smoothness"]);
        assert!((0.0..0.3).contains(&smoothness), "{out}");
    }
}

#[test]
fn a_policys_plan_begins_and_ends_where_it_should_on_both_engines() {
    let library = onnxruntime();
    for engine in ["tract", "onnxruntime"] {
        let mut plan = planwright(&["plan", "--start", "3,1", "--goal", "1,1", "--json", "--deadline-ms", "0"]);
        let out =
            json(plan.arg("--model").arg(model("policy")).args(["--engine", engine, "--onnxruntime"]).arg(&library));
        let states = out["states"].as_array().unwrap_or_else(|| panic!("{out}"));
        let near = |state: &Value, x: f64, y: f64| (number(&state[0]) - x).hypot(number(&state[1]) - y) < 0.05;
        assert!(near(&states[0], 3.0, 1.0) && near(&states[states.len() - 1], 1.0, 1.0), "{engine}: {out}");
    }
}

#[test]
fn inspect_shows_history_head_and_bins_of_a_policy() {
    let out = json(planwright(&["inspect", "--json"]).arg(model("policy")));
    let policy = &out["manifest"]["policy"];
    assert!(number(&policy["context"]) >= 2.0 && number(&policy["head"]["fourier"]["frequencies"]) >= 2.0, "{out}");
    assert_eq!(policy["actions"].as_array().map(Vec::len), Some(2), "{out}");
    assert_eq!(out["manifest"]["family"], "maze-policy");
}

#[test]
fn bench_measures_a_decision_with_its_head_and_plans_without_allocating_around_the_engine() {
    let mut bench = planwright(&["bench", "--plans", "20", "--json", "--onnxruntime"]);
    let out = json(bench.arg(onnxruntime()).arg(model("policy")));
    let engines = out["engines"].as_array().unwrap_or_else(|| panic!("{out}"));
    assert_eq!(engines.len(), 2, "{out}");
    for engine in engines {
        assert!(number(&engine["decision_ms"]["p50"]) > 0.0 && number(&engine["calls_per_plan"]) > 1.0, "{engine}");
        assert!(number(&engine["allocations_around_engine"]) < 0.5, "{engine}");
    }
}

#[test]
fn smoothness_of_a_distribution_has_its_golden_values() {
    let one_hot: Vec<&str> = (0..18).map(|bin| if bin == 6 { "1" } else { "0" }).collect();
    let out = json(&mut fourier(&["smoothness", "--pmf", &one_hot.join(","), "--json"]));
    assert!((number(&out["smoothness"]) - 0.776_394_492_7).abs() < 1e-9, "{out}");
    assert!(number(&out["spectral_entropy"]) > 0.0);
    let even = json(&mut fourier(&["smoothness", "--pmf", "0.25,0.25,0.25,0.25", "--json"]));
    assert!(number(&even["smoothness"]).abs() < 1e-12, "{even}");
    for wrong in ["", "0.5,half", "nan,1", "-0.5,1.5", "0,0"] {
        refused(&mut fourier(&["smoothness", "--pmf", wrong]), &["expected", "got"]);
    }
}

#[test]
fn toys_are_trained_once_and_named_beside_the_published_cells() {
    let folder = folder();
    let toy = |epochs: &str| {
        let mut command = fourier(&["toy", "--dataset", "gaussian", "--head", "linear,fourier", "--seeds", "1"]);
        command.args(["--epochs", epochs, "--json", "--out"]).arg(folder.path());
        command
    };
    let first = json(&mut toy("3"));
    let rows = first["rows"].as_array().unwrap_or_else(|| panic!("{first}"));
    let kl = rows.iter().find(|row| row["metric"] == "kl" && row["head"] == "linear");
    assert!(kl.is_some_and(|row| number(&row["mean"]) > 0.0 && number(&row["published"]) > 0.0), "{first}");
    assert_eq!(first, json(&mut toy("3")));
    refused(&mut toy("4"), &["expected", "--out"]);
}

#[test]
fn the_quick_comparison_of_heads_runs_to_its_table_and_is_not_run_twice() {
    let folder = folder();
    let study = |more: &[&str]| {
        let mut command = fourier(&["policy", "--size", "quick", "--json", "--onnxruntime"]);
        command.arg(onnxruntime()).arg("--out").arg(folder.path().join("cells")).args(more);
        command
    };
    assert_eq!(json(&mut study(&["--done-only"]))["rows"].as_array().map(Vec::len), Some(0));
    let table = json(&mut study(&[]));
    let rows = table["rows"].as_array().unwrap_or_else(|| panic!("{table}"));
    assert_eq!(rows.len(), 2 * 2 * 2, "two heads, two temperatures, two variants");
    for row in rows {
        assert_eq!(row["seeds"], 2, "{row}");
        assert!(number(&row["return_normalised"]["low"]) <= number(&row["return_normalised"]["high"]), "{row}");
        assert_eq!(row["frequencies"].is_null(), row["against_linear"].is_null(), "{row}");
    }
    assert_eq!(table, json(&mut study(&[])));
    assert_eq!(table, json(&mut study(&["--done-only"])));
}

fn recipe(head: &str, extra: &str) -> String {
    let text = std::fs::read_to_string(root().join("training/recipes/maze-policy.toml"));
    let text = text.unwrap_or_else(|error| panic!("{error}"));
    let with_head: Vec<String> = text
        .lines()
        .map(|line| if line.starts_with("head =") { format!("head = {head}\n{extra}") } else { line.to_owned() })
        .collect();
    with_head.join("\n")
}

#[test]
fn recipes_without_sense_are_one_line_and_exit_code_2() {
    let folder = folder();
    let fit = |name: &str, text: &str| {
        let path = write(folder.path().join(name), text);
        let mut command = fourier(&["fit"]);
        command.arg(path).arg("--out").arg(folder.path().join("run"));
        command
    };
    for (head, words) in [
        ("{ kind = \"fourier\", bins = 64, frequencies = 0 }", ["expected", "got 0"]),
        ("{ kind = \"fourier\", bins = 64, frequencies = 33 }", ["expected", "33"]),
        ("{ kind = \"fourier\", bins = 0, frequencies = 1 }", ["expected", "got"]),
        ("{ kind = \"mixture\", bins = 64, components = 2 }", ["expected linear or fourier", "mixture"]),
        ("{ kind = \"spline\", bins = 64 }", ["spline", "expected"]),
    ] {
        refused(&mut fit("head.toml", &recipe(head, "")), &words);
    }
    let usual = "{ kind = \"fourier\", bins = 64, frequencies = 8 }";
    refused(&mut fit("order.toml", &recipe(usual, "[bins]")), &["order.toml"]);
    refused(&mut fit("context.toml", &recipe(usual, "").replace("context = ", "context = -")), &["context.toml"]);
    refused(
        &mut fit("reach.toml", &recipe(usual, "").replace("action_reach = 1.5", "action_reach = nan")),
        &["action_reach", "got NaN"],
    );
    assert!(!folder.path().join("run").exists(), "nothing is half written");
}

#[test]
fn choices_that_no_policy_can_follow_are_refused() {
    for (wrong, words) in [
        (["--temperature", "nan"], ["temperature", "got NaN"]),
        (["--temperature", "-1"], ["temperature", "got -1"]),
        (["--rollouts", "0"], ["roll-outs", "got 0"]),
        (["--target-return", "inf"], ["target return", "inf"]),
    ] {
        refused(&mut planwright(&[&["demo", "policy", "--no-rrd"], &wrong[..]].concat()), &words);
    }
    let eval = ["eval", "policy", "--model"];
    refused(planwright(&eval).arg(model("umaze")), &["expected", "MazePolicy"]);
    refused(planwright(&eval).arg(Path::new("/nowhere/policy.onnx")), &["/nowhere/policy.onnx"]);
}

#[test]
fn theory_numbers_and_forecasts_run_at_their_smallest_and_are_not_run_twice() {
    let folder = folder();
    let quick = |arguments: &[&str], out: &str| {
        let mut command = fourier(arguments);
        command.arg("--json").arg("--out").arg(folder.path().join(out));
        command
    };
    let theory = || quick(&["theory", "--trials", "3", "--waves", "8"], "fourier-theory");
    let first = json(&mut theory());
    assert_eq!(first, json(&mut theory()));
    assert!(first["command"].as_str().is_some_and(|command| command.ends_with("--waves 8")), "{first}");

    let numbers = || quick(&["numbers", "--quick"], "fourier-numbers");
    let first = json(&mut numbers());
    let rows = first["rows"].as_array().unwrap_or_else(|| panic!("{first}"));
    assert!(
        rows.iter().any(|row| row["head"] == "linear") && rows.iter().any(|row| row["head"] == "digits"),
        "{first}"
    );
    assert_eq!(first, json(&mut numbers()));

    let forecast = || quick(&["forecast", "--quick", "--head", "linear,fourier-8", "--seeds", "1"], "forecast");
    let first = json(&mut forecast());
    assert!(first["rows"].as_array().is_some_and(|rows| rows.len() >= 2), "{first}");
    assert_eq!(first, json(&mut forecast()));

    // What was run is in the report; what was not is named.
    let docs = folder.path().join("docs");
    let mut report = fourier(&["report", "--json", "--runs"]);
    let said = json(report.arg(folder.path()).arg("--report").arg(&docs));
    let text = std::fs::read_to_string(docs.join("report.md")).unwrap_or_else(|error| panic!("{error}"));
    assert!(text.contains("Scaling law") && text.contains("Not run: `planwright-train fourier toy`"), "{text}");
    let files = said["files"].as_array().unwrap_or_else(|| panic!("{said}"));
    for file in files.iter().filter_map(Value::as_str).filter(|file| file.ends_with(".svg")) {
        let svg = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{error}"));
        assert!(svg.starts_with("<svg") && !svg.contains("NaN"), "{file}");
    }
    refused(fourier(&["report", "--runs"]).arg(folder.path().join("nothing")), &["expected results", "got none"]);
}
