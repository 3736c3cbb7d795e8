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

fn study(arguments: &[&str]) -> Command {
    let mut command = command("planwright-study");
    command.args(arguments);
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
fn known_densities_are_trained_once_and_named_beside_the_published_cells() {
    let folder = folder();
    let density = |epochs: &str| {
        let cells = ["--dataset", "gaussian", "--head", "linear,fourier", "--seeds", "1", "--epochs", epochs];
        let mut command = study(&[&["run", "known_densities"], &cells[..], &["--json", "--out"]].concat());
        command.arg(folder.path());
        command
    };
    let first = json(&mut density("20"));
    let rows = first["rows"].as_array().unwrap_or_else(|| panic!("{first}"));
    // After one epoch the divergences are 1.43 and .91 nats, those of the even distribution about 1.3.
    for (head, bound) in [("linear", 0.3), ("fourier-12", 0.6)] {
        let found = rows.iter().find(|row| row["metric"] == "kl" && row["head"] == head);
        let row = found.unwrap_or_else(|| panic!("{head}: {first}"));
        assert!(number(&row["mean"]) < bound && number(&row["mean"]) > 0.0, "{row}");
        assert!(number(&row["published"]) > 0.1, "{row}");
    }
    assert_eq!(first, json(&mut density("20")));
    refused(&mut density("21"), &["expected", "--out"]);
}

#[test]
fn two_shards_over_one_folder_make_what_one_run_makes() {
    let folder = folder();
    let run = |verb: &str, out: &str, more: &[&str]| {
        let mut command = study(&[verb, "numbers", "--size", "quick", "--head", "perfect,linear", "--json", "--out"]);
        command.arg(folder.path().join(out)).args(more);
        command
    };
    let whole = json(&mut run("run", "whole", &[]));
    let half = json(&mut run("run", "shards", &["--shard", "1/2"]));
    assert_ne!(half["rows"], whole["rows"]);
    assert_eq!(json(&mut run("run", "shards", &["--shard", "2/2"]))["rows"], whole["rows"]);
    assert_eq!(json(&mut run("table", "shards", &[]))["rows"], whole["rows"]);
    refused(&mut run("table", "nothing", &[]), &["expected", "none", "planwright-study run numbers"]);
    refused(&mut run("run", "whole", &["--shard", "3/2"]), &["--shard", "I/N"]);
}

#[test]
fn commands_that_moved_answer_with_where_they_are() {
    for (old, new) in [
        (["toy", "--mle"], "run known_densities"),
        (["numbers", "--quick"], "run numbers"),
        (["forecast", "--quick"], "run forecast"),
        (["theory", "--json"], "run theory"),
        (["policy", "--done-only"], "run policy"),
        (["report", "--run"], "report heads"),
    ] {
        refused(&mut fourier(&old), &[&format!("moved: planwright-study {new}")]);
    }
    let listed = json(&mut study(&["list", "--json"]));
    let names: Vec<&str> = listed.as_array().into_iter().flatten().filter_map(|row| row["name"].as_str()).collect();
    for name in ["theory", "known_densities", "policy", "numbers", "forecast"] {
        assert!(names.contains(&name), "{listed}");
    }
}

#[test]
fn the_quick_comparison_of_heads_runs_to_its_table_and_is_not_run_twice() {
    let folder = folder();
    let policy = |verb: &str, size: &str| {
        let mut command = study(&[verb, "policy", "--size", size, "--json", "--onnxruntime"]);
        command.arg(onnxruntime()).arg("--out").arg(folder.path().join("fourier-policy-quick"));
        command
    };
    refused(&mut policy("table", "quick"), &["expected", "none", "planwright-study run policy --size quick"]);
    let table = json(policy("run", "quick").args(["--shard", "1/2"]));
    assert!(table["rows"].as_array().is_some_and(|rows| rows.len() < 8), "{table}");
    let table = json(&mut policy("run", "quick"));
    let rows = table["rows"].as_array().unwrap_or_else(|| panic!("{table}"));
    assert_eq!(rows.len(), 2 * 2 * 2, "two heads, two temperatures, two variants");
    for row in rows {
        assert_eq!(row["seeds"], 2, "{row}");
        assert!(number(&row["return_normalised"]["low"]) <= number(&row["return_normalised"]["high"]), "{row}");
        assert_eq!(row["frequencies"].is_null(), row["against_linear"].is_null(), "{row}");
    }
    assert_eq!(table, json(&mut policy("run", "quick")));
    assert_eq!(table, json(&mut policy("table", "quick")));

    let text = std::fs::read_to_string(root().join("training/studies/recipes/policy-quick.toml"));
    let other = text.unwrap_or_else(|error| panic!("{error}")).replace("evaluated = 4", "evaluated = 5");
    let other = write(folder.path().join("other.toml"), &other);
    refused(&mut policy("run", &other.display().to_string()), &["expected a result of these settings", "--out"]);

    let docs = folder.path().join("docs");
    let mut report = study(&["report", "heads", "--size", "policy=quick", "--runs"]);
    let (_, stderr, code) = run(report.arg(folder.path()).arg("--report").arg(&docs));
    assert_eq!(code, 0, "{stderr}");
    let text = std::fs::read_to_string(docs.join("report.md")).unwrap_or_else(|error| panic!("{error}"));
    assert!(text.contains("## Policies: linear against Fourier") && text.contains("### ring, episodes 10"), "{text}");
    assert!(docs.join("policy-variants.svg").is_file());
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
        let mut command = command("planwright-train");
        command.arg("fit");
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
        let mut command = study(&[&["run"], arguments].concat());
        command.arg("--json").arg("--out").arg(folder.path().join(out));
        command
    };
    let theory = || quick(&["theory", "--trials", "3", "--waves", "8"], "fourier-theory-quick");
    let first = json(&mut theory());
    assert_eq!(first, json(&mut theory()));
    assert!(first["command"].as_str().is_some_and(|command| command.ends_with("--waves 8")), "{first}");

    let numbers = || quick(&["numbers", "--size", "quick"], "fourier-numbers");
    let first = json(&mut numbers());
    let rows = first["rows"].as_array().unwrap_or_else(|| panic!("{first}"));
    // After one epoch every head is more than .6 from the truth.
    for (head, bound) in [("perfect", 0.12), ("linear", 0.56), ("digits", 0.5), ("fourier-8", 0.45)] {
        let row = rows.iter().find(|row| row["head"] == head).unwrap_or_else(|| panic!("{head}: {first}"));
        assert!(number(&row["tvd"]["mean"]) < bound, "{row}");
    }
    assert_eq!(first, json(&mut numbers()));

    let heads = ["forecast", "--size", "quick", "--head", "linear,fourier-8", "--seeds", "1"];
    let forecast = || quick(&heads, "fourier-forecast-quick");
    let first = json(&mut forecast());
    let rows = first["rows"].as_array().unwrap_or_else(|| panic!("{first}"));
    let names: Vec<&Value> = rows.iter().map(|row| &row["forecaster"]).collect();
    assert_eq!(names, ["linear", "fourier-8", "seasonal-naive", "last-value"], "{first}");
    // An untrained network has ln 256 = 5.55.
    assert!(rows[..2].iter().all(|row| number(&row["loss"]) < 5.2), "{first}");
    assert!((number(&rows[2]["mase"]["mean"]) - 1.0).abs() < 1e-12, "{first}");
    assert_eq!(first, json(&mut forecast()));

    // Results that are there are in the report; missing studies are named.
    let docs = folder.path().join("docs");
    let mut report = study(&["report", "heads", "--json", "--runs"]);
    report.arg(folder.path()).arg("--report").arg(&docs);
    for size in ["theory=quick", "numbers=quick", "forecast=quick"] {
        report.args(["--size", size]);
    }
    let written = json(&mut report);
    let text = std::fs::read_to_string(docs.join("report.md")).unwrap_or_else(|error| panic!("{error}"));
    assert!(text.contains("Scaling law") && text.contains("Not complete: 12 runs are missing."), "{text}");
    assert!(text.contains("Not run: `planwright-study run known_densities`"), "{text}");
    let files = written["files"].as_array().unwrap_or_else(|| panic!("{written}"));
    for file in files.iter().filter_map(Value::as_str).filter(|file| file.ends_with(".svg")) {
        let svg = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{error}"));
        assert!(svg.starts_with("<svg") && !svg.contains("NaN"), "{file}");
    }
    let mut nothing = study(&["report", "heads", "--runs"]);
    refused(nothing.arg(folder.path().join("nothing")), &["expected", "results of at least one study", "got none"]);
}
