//! The commands as a person meets them: JSON, help, and one clear line with exit code 2 for bad input.

use planwright_tests::{LAYOUTS, command, json, model, onnxruntime, peer, root, run};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs something wrong: exit code 2, nothing on stdout, a message that holds every word, no panic.
fn refused(command: &mut Command, words: &[&str]) -> String {
    let (stdout, stderr, code) = run(command);
    assert_eq!(code, 2, "{command:?}\n{stdout}\n{stderr}");
    assert!(stdout.is_empty(), "{command:?}: {stdout}");
    assert!(!stderr.contains("panicked"), "{command:?}: {stderr}");
    for word in words {
        assert!(stderr.contains(word), "{command:?}: expected '{word}' in: {stderr}");
    }
    stderr
}

fn planwright() -> Command {
    command("planwright")
}

fn train() -> Command {
    command("planwright-train")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"))
}

fn write(path: &Path, bytes: impl AsRef<[u8]>) -> PathBuf {
    std::fs::write(path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    path.to_owned()
}

#[test]
fn demo_drives_checks_and_records() {
    let folder = folder();
    let rrd = folder.path().join("demo.rrd");
    let out = json(planwright().args(["demo", "--episodes", "3", "--json", "--rrd"]).arg(&rrd));
    for key in ["score", "episodes", "plans_checked", "plans_unsafe", "fallbacks", "residual_before", "residual_after"]
    {
        assert!(out[key].is_number(), "{key} in {out}");
    }
    for key in ["p50", "p99", "max"] {
        assert!(out["plan_ms"][key].as_f64().is_some_and(|ms| ms > 0.0), "{out}");
    }
    assert_eq!(out["plans_unsafe"], 0);
    assert!(out["plans_checked"].as_u64().is_some_and(|plans| plans >= 3), "{out}");
    assert!(out["residual_after"].as_f64() < out["residual_before"].as_f64(), "{out}");
    assert_eq!(out["engine"]["engine"], "tract");
    let size = std::fs::metadata(&rrd).map(|data| data.len()).unwrap_or(0);
    assert!(size > 10_000, "the recording has {size} bytes");
    let rerun = root().join(".deps/venv/bin/rerun");
    let (stdout, stderr, code) = run(Command::new(rerun).args(["rrd", "verify"]).arg(&rrd));
    assert_eq!(code, 0, "rerun's own verifier: {stdout}{stderr}");
}

#[test]
fn the_drift_of_every_plan_that_left_is_watched() {
    let arguments = ["demo", "--episodes", "4", "--no-rrd", "--json", "--intended", "uniform:0:9:9"];
    let out = json(planwright().args(arguments).args(["--drift-window", "50", "--drift-threshold", "0.05"]));
    let drift = &out["drift"];
    assert_eq!(drift["plans_seen"], out["plans_checked"], "{out}");
    assert_eq!((&drift["window"], &drift["not_finite"]), (&serde_json::json!(50), &serde_json::json!(0)), "{out}");
    assert!(drift["total_variation"].as_f64().is_some_and(|got| (0.0..=1.0).contains(&got)), "{out}");
    assert!(["collecting", "within", "drifting"].iter().any(|state| drift["state"] == *state), "{out}");
    assert_eq!(drift["drift"].as_array().map(Vec::len), Some(9), "{out}");
    let off = json(planwright().args(["demo", "--episodes", "1", "--no-rrd", "--json", "--intended", "none"]));
    assert!(off["drift"].is_null(), "{off}");
    for (wrong, option) in [
        (["--intended", "uniform:6:2"], "--intended"),
        (["--intended", "normal:2:6"], "--intended"),
        (["--drift-window", "1"], "--drift-window"),
        (["--drift-threshold", "nan"], "--drift-threshold"),
        (["--drift-threshold", "-1"], "--drift-threshold"),
    ] {
        let watched = if option == "--intended" { &[][..] } else { &["--intended", "uniform:2:6"][..] };
        let plan = ["plan", "--start", "3,1"];
        refused(planwright().args(plan).args(watched).args(wrong), &[option, "expected", "got"]);
    }
}

#[test]
fn every_layout_has_a_planner_whose_plans_reach_the_goal() {
    for layout in LAYOUTS {
        let out =
            json(planwright().args(["eval", "maze", "--layout", layout, "--episodes", "10", "--seed", "7", "--json"]));
        assert_eq!(out["plans_unsafe"], 0, "{out}");
        assert!(out["reach_rate"].as_f64().is_some_and(|rate| rate >= 0.9), "{out}");
        let (score, bound) = (out["score_mean"].as_f64(), out["score_bound"].as_f64());
        assert!(score <= bound, "no planner exceeds the bound: {out}");
    }
}

#[test]
fn the_same_seed_gives_the_same_evaluation() {
    let once = || {
        let mut out = json(planwright().args(["eval", "maze", "--episodes", "4", "--seed", "5", "--json"]));
        out["plan_ms"] = serde_json::Value::Null;
        out["stages_ms"] = serde_json::Value::Null;
        out["pilot"]["deadline_misses"] = serde_json::Value::Null;
        out
    };
    assert_eq!(once(), once());
}

#[test]
fn what_an_evaluation_records_the_world_repeats() {
    let folder = folder();
    for (layout, protocol) in [("umaze", "diffuser"), ("large", "pilot")] {
        let npz = folder.path().join("rollouts.npz");
        let arguments = ["eval", "maze", "--layout", layout, "--protocol", protocol, "--episodes", "2", "--json"];
        json(planwright().args(arguments).arg("--record").arg(&npz));
        let out = json(planwright().args(["world", "check"]).arg(&npz).args(["--layout", layout, "--json"]));
        assert_eq!((out["one_step_max"].as_f64(), out["open_loop_max"].as_f64()), (Some(0.0), Some(0.0)), "{out}");
    }
}

#[test]
fn plan_prints_states_that_begin_and_end_where_they_should() {
    let out = json(planwright().args(["plan", "--start", "3,1", "--goal", "1,1", "--json"]));
    assert_eq!(out["outcome"], "planned");
    let states = out["states"].as_array().unwrap_or_else(|| panic!("{out}"));
    let position = |state: &serde_json::Value| [0, 1].map(|axis| state[axis].as_f64().unwrap_or(f64::NAN));
    let (first, last) = (position(&states[0]), position(&states[states.len() - 1]));
    assert_eq!(first, [3.0, 1.0]);
    assert!((last[0] - 1.0).hypot(last[1] - 1.0) < 0.1, "{last:?}");
    let (text, _, code) = run(planwright().args(["plan", "--start", "3,1"]));
    assert!(code == 0 && text.contains('S') && text.contains('G') && text.contains('.'), "{text}");
}

#[test]
fn what_does_not_arrive_has_no_arrival() {
    let straight = ["plan", "--start", "3,1", "--goal", "1,1", "--control", "straight", "--json"];
    let (stdout, stderr, code) = run(planwright().args(straight));
    let out: serde_json::Value = serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}"));
    assert_eq!(code, 1, "a wall is between start and goal: {stderr}");
    assert_eq!(
        (&out["arrival_secs"], &out["rejection"]["reason"]),
        (&serde_json::Value::Null, &"not_converged".into()),
        "{out}"
    );
    let random = ["eval", "maze", "--control", "random", "--protocol", "diffuser", "--episodes", "2", "--json"];
    let out = json(planwright().args(random));
    assert_eq!((&out["reach_rate"], &out["arrival_secs"]), (&0.0.into(), &serde_json::Value::Null), "{out}");
}

#[test]
fn options_of_a_network_are_refused_beside_a_control() {
    let control = ["plan", "--start", "3,1", "--control", "search"];
    let options = ["--temperature", "0.3", "--candidates", "9", "--engine", "onnxruntime-cuda"];
    let words = ["--control search: expected", "--candidates, --temperature, --engine", "hint"];
    refused(planwright().args(control).args(options), &words);
    refused(planwright().args(["demo", "policy", "--control", "search"]), &["got policy", "hint"]);
    let any_map = ["plan", "--start", "3,1", "--planner", "search", "--model", "models/map-corridor.onnx"];
    refused(planwright().args(any_map).args(options), &["--planner search: expected", "--model, --engine", "hint"]);
    let corridor = ["plan", "--start", "3,1", "--planner", "corridor", "--candidates", "9"];
    refused(planwright().args(corridor), &["--planner corridor: expected", "got --candidates", "hint"]);
}

#[test]
fn an_error_gives_its_cause_once_and_the_hint_last() {
    let cases = [
        (["plan", "--start", "3,1", "--model", "nosuch.onnx"], "No such file"),
        (["plan", "--start", "3,1", "--rrd", "/nonexist/x"], "No such file"),
        (["eval", "maze", "--episodes", "1", "--layout=moon"], "umaze, medium, large"),
    ];
    for (arguments, cause) in cases {
        let message = refused(planwright().args(arguments), &["hint: "]);
        let (problem, hint) = message.split_once("\nhint: ").unwrap_or_else(|| panic!("{message}"));
        assert!(problem.matches(cause).count() == 1 && !hint.contains(cause), "{message}");
    }
}

#[test]
fn one_limit_of_candidates_holds_for_commands_nodes_and_manifests() {
    let limit = planwright::model::MAX_CANDIDATES;
    let plan = ["plan", "--start", "3,1", "--candidates", &format!("{}", limit + 1)];
    refused(planwright().args(plan), &[&format!("between 1 and {limit} candidates")]);
    let (text, _, code) = run(planwright().args(["node", "maze", "--describe", "markdown"]));
    let row = text.lines().find(|line| line.starts_with("| `candidates`")).unwrap_or_default();
    assert!(code == 0 && row.contains(&format!("from 0 to {limit} ")), "{row}");
}

#[test]
fn a_node_is_described_whatever_the_variables_demand_of_the_network() {
    for (name, value) in [("RMW_IMPLEMENTATION", "rmw_zenoh_cpp"), ("ROS_DISCOVERY_SERVER", "10.0.0.7:11811")] {
        let nodes: [(&[&str], &str); 3] =
            [(&["maze"], "map_frame"), (&["goal-force"], "table_frame"), (&["sim", "--scene"], "table_frame")];
        for (node, parameter) in nodes {
            let arguments = [&["node"], node, &["--describe", "markdown"]].concat();
            let (text, _, code) = run(planwright().args(arguments).env(name, value));
            assert!(code == 0 && text.contains(&format!("| `{parameter}`")), "{name}: {text}");
        }
    }
}

#[test]
fn the_simulated_table_is_described_and_is_no_robot() {
    let (text, _, code) = run(planwright().args(["node", "sim", "--scene", "--kind", "blocked", "--describe", "json"]));
    assert_eq!(code, 0, "{text}");
    let out: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(out["node"], "planwright_scene");
    let ends: Vec<&str> =
        out["topics"].as_array().into_iter().flatten().filter_map(|end| end["name"].as_str()).collect();
    for name in ["image", "camera_info", "/tf_static", "~/new_scene", "~/execute_push"] {
        assert!(ends.contains(&name), "{name}: {ends:?}");
    }
    let kind = out["parameters"].as_array().into_iter().flatten().find(|parameter| parameter["name"] == "kind");
    assert_eq!(kind.map(|kind| &kind["default"]), Some(&serde_json::json!("\"blocked\"")));
    refused(planwright().args(["node", "sim", "--scene", "--map", "map.yaml"]), &["--map"]);
    refused(planwright().args(["node", "sim", "--kind", "balls"]), &["--scene"]);
    refused(planwright().args(["node", "sim", "--scene", "--kind", "tools"]), &["balls, blocked"]);
}

#[test]
fn the_goal_force_node_is_described_with_every_code_of_its_action() {
    let (text, _, code) = run(planwright().args(["node", "goal-force", "--describe", "markdown"]));
    assert_eq!(code, 0, "{text}");
    for name in ["| acts | `push_object` |", "| 0 | NONE |", "| 400 | UNKNOWN |", "| 409 | BUSY |"] {
        assert!(text.contains(name), "{name}: {text}");
    }
}

#[test]
fn inspect_shows_manifest_hash_parity_and_figures() {
    for layout in LAYOUTS {
        let out = json(planwright().arg("inspect").arg(model(layout)).arg("--json"));
        assert_eq!(out["manifest"]["world"]["layout"], layout);
        assert_eq!(out["sha256"].as_str().map(str::len), Some(64));
        for engine in ["onnxruntime", "tract"] {
            let kinds = out["parity"]["largest"][engine].as_object().unwrap_or_else(|| panic!("{out}"));
            assert!(["random", "extreme", "real"].iter().all(|kind| kinds[*kind].as_f64().is_some_and(|d| d <= 1e-5)));
        }
        for protocol in ["diffuser", "pilot"] {
            assert!(out["measured"][protocol]["score_mean"].is_number(), "{layout} {protocol}");
        }
    }
    assert!(json(planwright().args(["inspect", "--schema"]))["properties"]["normaliser"].is_object());
}

#[test]
fn backends_say_what_is_there_and_why_not() {
    let out = json(planwright().args(["backends", "--json", "--onnxruntime"]).arg(onnxruntime()));
    let all = out["backends"].as_array().unwrap_or_else(|| panic!("{out}"));
    let named = |name: &str| all.iter().find(|b| b["name"] == name).unwrap_or_else(|| panic!("{name}: {out}"));
    assert_eq!(named("tract")["available"], true);
    assert_eq!(named("onnxruntime")["available"], true);
    for name in ["onnxruntime-cuda", "onnxruntime-tensorrt"] {
        assert!(named(name)["available"] == true || named(name)["reason"].is_string(), "{out}");
    }
}

#[test]
fn bench_reports_every_engine_and_plans_without_allocating_around_them() {
    let arguments = ["--plans", "50", "--json", "--onnxruntime"];
    let out = json(planwright().arg("bench").arg(model("umaze")).args(arguments).arg(onnxruntime()));
    let engines = out["engines"].as_array().unwrap_or_else(|| panic!("{out}"));
    assert!(engines.len() >= 2, "{out}");
    for engine in engines {
        assert_eq!(engine["allocations_around_engine"].as_f64(), Some(0.0), "{engine}");
        for time in [&engine["plan_ms"]["p50"], &engine["in_engine_ms"]] {
            assert!(time.as_f64().is_some_and(|ms| ms > 0.0 && ms.is_finite()), "{engine}");
        }
    }
}

#[test]
fn help_has_examples_for_every_command() {
    for (program, commands) in [
        (
            "planwright",
            vec![
                "demo",
                "plan",
                "eval maze",
                "eval policy",
                "world check",
                "world show",
                "world bound",
                "inspect",
                "bench",
                "backends",
            ],
        ),
        ("planwright-train", vec!["data", "fit", "export", "card", "bench"]),
        (
            "planwright-study",
            vec!["list", "run theory", "table theory", "run policy", "report heads", "predict", "release"],
        ),
    ] {
        let (text, _, code) = run(command(program).arg("--help"));
        assert!(code == 0 && text.contains("Examples:") && text.contains("Exit codes:"), "{text}");
        for name in commands {
            let (text, _, code) = run(command(program).args(name.split(' ')).arg("--help"));
            assert!(code == 0 && text.contains("Example"), "{program} {name}: {text}");
            assert!(text.contains("--json"), "{program} {name} has no --json");
        }
    }
}

#[test]
fn wrong_usage_is_code_2() {
    refused(planwright().arg("fly"), &["fly"]);
    refused(&mut planwright(), &["Usage"]);
    refused(planwright().args(["demo", "--episodes", "0"]), &["expected", "got 0"]);
    refused(planwright().args(["eval", "maze", "--protocol", "hope"]), &["hope", "diffuser", "pilot"]);
    refused(planwright().args(["plan", "--start", "1,1", "--solver", "magic"]), &["ddim", "magic"]);
    refused(planwright().args(["plan", "--start", "1,1", "--gamma", "-1"]), &["--gamma"]);
}

#[test]
fn a_start_or_goal_in_a_wall_outside_or_nan_is_refused() {
    refused(planwright().args(["plan", "--start", "2,1"]), &["--start", "free space", "in a wall", "hint"]);
    refused(planwright().args(["plan", "--start", "50,1"]), &["--start", "outside the map"]);
    refused(planwright().args(["plan", "--start", "nan,1"]), &["finite"]);
    refused(planwright().args(["plan", "--start", "1,1", "--goal", "2,2"]), &["--goal", "in a wall"]);
    refused(planwright().args(["plan", "--start", "1,1", "--goal", "inf,2"]), &["finite"]);
    refused(planwright().args(["plan", "--start", "1;1"]), &["numbers", "1;1"]);
}

#[test]
fn a_start_or_goal_too_near_to_a_wall_or_that_no_way_leads_to_is_refused_with_its_figures() {
    let plan = |words: &[&str], parts: &[&str]| refused(planwright().arg("plan").args(words), parts);
    let figures = "0.05 m from a wall, needs 0.105 m";
    plan(&["--start", "3,1", "--goal", "1.25,1"], &["--goal: expected the goal in free space", figures, "hint"]);
    plan(&["--start", "1.25,1", "--goal", "3,1"], &["--start: expected the start in free space", figures, "hint"]);
    let huge = plan(&["--start", "1,1", "--goal", "1e300,1"], &["--goal", "1e300, 1", "outside the map"]);
    assert!(huge.len() < 400, "{huge}");
    let folder = folder();
    let sealed = write(&folder.path().join("sealed.txt"), "#######\n#OO#OO#\n#OO#OO#\n#######");
    let sealed = sealed.to_str().expect("a path in UTF-8");
    for control in ["search", "straight"] {
        let words = ["--control", control, "--layout", sealed, "--start", "1,1", "--goal", "1,4"];
        plan(&words, &["--start, --goal: ", "no way from start to goal"]);
    }
}

#[test]
fn a_robot_that_touches_a_wall_gets_a_way_out() {
    for start in ["1.2,1", "1.21,1", "0.38,0.38"] {
        let words = ["plan", "--control", "search", "--start", start, "--goal", "3,1", "--json"];
        assert_eq!(json(planwright().args(words))["outcome"], "planned", "{start}");
    }
}

#[test]
fn no_steps_or_more_than_trained_are_refused() {
    for steps in ["0", "65", "18446744073709551615"] {
        refused(planwright().args(["plan", "--start", "1,1", "--steps", steps]), &["denoising steps", steps, "hint"]);
    }
}

#[test]
fn an_unknown_or_absent_engine_is_refused_with_the_reason() {
    refused(planwright().args(["demo", "--engine", "warp"]), &["tract", "onnxruntime", "warp"]);
    let folder = folder();
    let fake = write(&folder.path().join("libonnxruntime.so"), "not a library");
    for library in [fake, folder.path().join("absent.so")] {
        let arguments = ["plan", "--start", "1,1", "--engine", "onnxruntime", "--onnxruntime"];
        refused(planwright().args(arguments).arg(library), &["hint"]);
    }
    let arguments = ["plan", "--start", "1,1", "--engine", "onnxruntime-cuda", "--onnxruntime"];
    refused(planwright().args(arguments).arg(onnxruntime()), &["hint"]);
}

#[test]
fn a_model_that_is_missing_truncated_flipped_or_foreign_is_refused() {
    let folder = folder();
    let good = std::fs::read(model("umaze")).unwrap_or_else(|error| panic!("{error}"));
    let bad = folder.path().join("bad.onnx");
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    let cases: [(&str, Vec<u8>); 5] = [
        ("truncated", good[..good.len() - 100].to_vec()),
        ("half", good[..good.len() / 2].to_vec()),
        ("flipped", flipped),
        ("foreign", b"PK\x03\x04 this is no model".to_vec()),
        ("empty", Vec::new()),
    ];
    for (name, bytes) in cases {
        write(&bad, bytes);
        for arguments in [vec!["inspect"], vec!["bench"], vec!["eval", "maze", "--model"], vec!["demo", "--model"]] {
            let message = refused(planwright().args(&arguments).arg(&bad), &["expected"]);
            assert!(message.contains("hint"), "{name}: {message}");
        }
    }
    refused(planwright().args(["inspect", "nowhere.onnx"]), &["nowhere.onnx"]);
    refused(planwright().arg("inspect").arg(folder.path()), &["expected"]);
}

#[test]
fn a_file_that_is_no_model_is_named_with_what_it_is() {
    let folder = folder();
    let path = folder.path().join("planner.onnx");
    let good = std::fs::read(model("umaze")).unwrap_or_else(|error| panic!("{error}"));
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4032673\n";
    let cases: [(&[u8], &str, &str); 8] = [
        (b"", "an empty file", "download"),
        (pointer.as_bytes(), "git-lfs pointer", "git lfs pull"),
        (b"<!DOCTYPE html>\n<html>Sign in</html>", "a web page", "raw link"),
        (b"Not Found", "'Not Found'", "download"),
        (b"\x1f\x8b\x08\0", "a gzip archive", "unpack"),
        (b"PK\x03\x04archive/data.pkl", "a PyTorch file", "planwright-train export"),
        (&[0; 1000], "all zero", "download"),
        (good.get(..good.len() / 3).unwrap_or_default(), "cut off", "download"),
    ];
    for (bytes, what, to_do) in cases {
        write(&path, bytes);
        for arguments in [&["inspect"][..], &["plan", "--start", "3,1", "--model"]] {
            refused(planwright().args(arguments).arg(&path), &["planner.onnx: expected", what, "hint: ", to_do]);
        }
    }
}

#[test]
fn what_is_given_instead_of_a_checkpoint_or_a_text_is_named() {
    let folder = folder();
    let path = folder.path().join("given");
    let out = folder.path().join("out.onnx");
    let shipped = std::fs::read(model("umaze")).unwrap_or_else(|error| panic!("{error}"));
    let cases: [(&[u8], &[&str]); 6] = [
        (b"", &["an empty file"]),
        (b"version https://git-lfs.github.com/spec/v1\n", &["git-lfs pointer", "git lfs pull"]),
        (b"<!DOCTYPE html>", &["a web page"]),
        (b"\x80\x05}q\0.", &["a Python pickle"]),
        (&shipped, &["an ONNX model"]),
        (b"\x10\0\0\0\0\0\0\0{\"w\":", &["cut off or damaged"]),
    ];
    for (bytes, words) in cases {
        write(&path, bytes);
        let message = refused(train().arg("export").arg(&path).arg("--out").arg(&out), words);
        assert!(message.contains("given: expected a checkpoint of `planwright-train fit`, got "), "{message}");
    }
    refused(train().arg("export").arg(folder.path()).arg("--out").arg(&out), &["a folder", "checkpoint.safetensors"]);
    for (bytes, words) in [(&b"<!DOCTYPE html>"[..], "a web page"), (b"\x89PNG\r\n", "a picture")] {
        write(&path, bytes);
        refused(train().arg("fit").arg(&path).arg("--out").arg(&out), &["given: expected a text, got ", words]);
    }
    for (path, words) in [("~/planner.onnx", "which only a shell replaces"), ("https://host/planner.onnx", "download")]
    {
        refused(planwright().arg("inspect").arg(path), &[path, words]);
    }
}

#[test]
fn a_model_that_another_tool_has_saved_again_is_taken_if_its_content_is_the_same() {
    let folder = folder();
    json(peer("resave_model.py").arg(model("umaze")).arg(folder.path()));
    let shipped = json(planwright().arg("inspect").arg(model("umaze")).arg("--json"));
    for name in ["saved", "shapes", "joined"] {
        let path = folder.path().join(format!("{name}.onnx"));
        let (stdout, stderr, code) = run(planwright().arg("inspect").arg(&path).arg("--json"));
        let read: serde_json::Value = serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stderr}"));
        assert_eq!((code, &read["sha256"]), (0, &shipped["sha256"]), "{name}: {stderr}");
        assert!(stderr.starts_with("warning: ") && stderr.contains(&format!("{name}.onnx")), "{stderr}");
        assert_eq!(run(planwright().args(["plan", "--start", "3,1", "--model"]).arg(&path)).2, 0, "{name}");
    }
    let refuse = |name: &str, words: &[&str]| {
        let path = folder.path().join(format!("{name}.onnx"));
        refused(planwright().arg("inspect").arg(path), words);
    };
    for name in ["changed", "opset", "unhashed"] {
        refuse(name, &[&format!("{name}.onnx: expected"), "saved again", "planwright-train export"]);
    }
    refuse("bare", &["bare.onnx: expected", "without a planwright manifest", "hint"]);
    refuse("apart", &["apart.onnx: expected all weights in the file", "in another file: weights.data\n", "onnx.save"]);
    std::fs::remove_file(folder.path().join("weights.data")).unwrap_or_else(|error| panic!("{error}"));
    refuse("apart", &["weights.data, which is missing"]);
}

#[test]
fn layouts_of_others_are_read_and_what_is_none_is_not_an_unknown_name() {
    let folder = folder();
    let path = folder.path().join("maze.txt");
    let d4rl = r"#####\#GOO#\###O#\#OOO#\#####";
    let lists = "[[1, 1, 1, 1, 1], [1, 'g', 0, 0, 1], [1, 1, 1, 0, 1], [1, 'r', 0, 0, 1], [1, 1, 1, 1, 1]]";
    let wide: Vec<u8> = d4rl.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let expected = json(planwright().args(["world", "show", "--json"]));
    for bytes in [d4rl.as_bytes(), lists.as_bytes(), &[&[0xff, 0xfe][..], &wide].concat()] {
        write(&path, bytes);
        let read = json(planwright().args(["world", "show", "--json", "--layout"]).arg(&path));
        assert_eq!(read["text"], expected["text"]);
    }
    let octile = format!("type octile\nheight 256\nwidth 256\nmap\n{}", format!("{}\n", ".".repeat(256)).repeat(256));
    write(&path, octile);
    let read = json(planwright().args(["world", "show", "--json", "--layout"]).arg(&path));
    assert_eq!(read["free_cells"].as_array().map(Vec::len), Some(256 * 256));
    refused(
        planwright().args(["world", "bound", "--start", "1,1", "--goal", "9,9", "--layout"]).arg(&path),
        &["65536 free cells", "MB", "hint"],
    );
    let (wall, hall) = ("@".repeat(1600), format!("@{}@", ".".repeat(1598)));
    write(&path, format!("type octile\nheight 3\nwidth 1600\nmap\n{wall}\n{hall}\n{wall}\n"));
    let words = ["maze.txt: expected at most", "3 x 1600 cells", "3 m x 1600 m", "hint"];
    refused(planwright().args(["world", "show", "--layout"]).arg(&path), &words);
    write(&path, b"\x89PNG\r\n\x1a\n\0\0");
    for (layout, words) in
        [(path.as_path(), "maze.txt: expected a layout file, got a picture"), (folder.path(), "got a folder")]
    {
        let message = refused(planwright().args(["world", "show", "--layout"]).arg(layout), &[words]);
        assert!(!message.contains("umaze"), "{message}");
    }
}

#[test]
fn a_malformed_layout_is_refused() {
    let folder = folder();
    let path = folder.path().join("maze.txt");
    for (text, word) in
        [("###\n#O#\n##\n", "row 2"), ("###\n#?#\n###\n", "'?'"), ("", "at least 3 x 3"), ("###\nOO#\n###", "border")]
    {
        write(&path, text);
        refused(planwright().args(["world", "show", "--layout"]).arg(&path), &["expected", word]);
        refused(train().args(["data", "--steps", "10", "--layout"]).arg(&path), &["expected", word]);
    }
    refused(planwright().args(["world", "show", "--layout", "nowhere"]), &["umaze", "nowhere"]);
}

#[test]
fn roll_outs_that_are_none_are_refused() {
    let folder = folder();
    let path = write(&folder.path().join("x.npz"), "not a zip");
    refused(planwright().args(["world", "check"]).arg(&path).args(["--layout", "umaze"]), &["states", "hint"]);
    refused(planwright().args(["world", "check", "nowhere.npz", "--layout", "umaze"]), &["nowhere.npz"]);
}

#[test]
fn a_malformed_recipe_is_refused() {
    let folder = folder();
    let good =
        std::fs::read_to_string(root().join("training/recipes/maze-umaze.toml")).unwrap_or_else(|e| panic!("{e}"));
    let path = folder.path().join("recipe.toml");
    let out = folder.path().join("run");
    let cases = [
        (good.replace("horizon = 32", "horizon = 30"), "horizon"),
        (good.replace("batch = 32", "batch = 0"), "batch"),
        (good.replace("learning_rate = 1e-3", "learning_rate = -1.0"), "learning_rate"),
        (good.replace("learning_rate = 1e-3", "learning_rate = nan"), "learning_rate"),
        (good.replace("[network]", "[network]\ncolour = \"blue\""), "colour"),
        (good.replace("layout = \"umaze\"", "layout = \"atlantis\""), "atlantis"),
        (good.replace("steps = 64", "steps = 0"), "diffusion"),
        ("name = ".to_owned(), "recipe.toml"),
    ];
    for (text, word) in cases {
        write(&path, text);
        refused(train().arg("fit").arg(&path).arg("--out").arg(&out), &[word]);
        assert!(!out.join("checkpoint.safetensors").exists(), "{word}");
    }
    refused(train().args(["fit", "nowhere.toml"]), &["nowhere.toml", "hint"]);
}

#[test]
fn an_output_that_cannot_be_written_is_refused_before_the_work() {
    let read_only = "/proc/planwright";
    let full = "/dev/full";
    refused(train().args(["data", "--steps", "100", "--out", &format!("{read_only}/x.npz")]), &["--out"]);
    let record = format!("{read_only}/x.npz");
    refused(planwright().args(["eval", "maze", "--episodes", "1", "--record", &record]), &["--record"]);
    refused(planwright().args(["demo", "--rrd", &format!("{read_only}/x.rrd")]), &["expected", "hint"]);
    let recipe = root().join("training/recipes/maze-umaze.toml");
    refused(train().arg("fit").arg(&recipe).args(["--out", read_only]), &["hint"]);
    // A full disk under stdout is reported, not swallowed.
    let sink = std::fs::OpenOptions::new().write(true).open(full).unwrap_or_else(|error| panic!("{error}"));
    let status = planwright().args(["world", "show"]).stdout(sink).status().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(status.code(), Some(2));
}

#[test]
fn a_full_disk_for_the_recording_is_refused_before_the_drive() {
    refused(planwright().args(["demo", "--episodes", "1", "--rrd", "/dev/full"]), &["/dev/full", "hint"]);
}

/// Makes something else than a file: a named pipe, or as root the device 1,3, which takes everything.
fn special(path: &Path, kind: &[&str]) -> bool {
    let made = Command::new("mknod").arg(path).args(kind).output().unwrap_or_else(|error| panic!("mknod: {error}"));
    made.status.success()
}

#[test]
fn an_output_that_is_a_device_a_pipe_or_a_folder_is_refused_and_left_alone() {
    use std::os::unix::fs::{FileTypeExt as _, symlink};
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let recipe = root().join("training/recipes/maze-umaze.toml");
    let link = |from: PathBuf, to: &Path| symlink(from, to).unwrap_or_else(|error| panic!("{error}"));
    assert!(special(&at("pipe"), &["p"]));
    let mut paths = vec![(at("pipe"), "a named pipe")];
    // Only root may make a device.
    if special(&at("device"), &["c", "1", "3"]) {
        paths.push((at("device"), "a character device"));
    }
    link(at("pipe"), &at("link"));
    paths.push((at("link"), "a named pipe"));
    std::fs::create_dir(at("folder")).unwrap_or_else(|error| panic!("{error}"));
    paths.push((at("folder"), "a folder"));
    for (path, what) in &paths {
        refused(train().args(["data", "--steps", "10", "--out"]).arg(path), &["--out ", what]);
        refused(planwright().args(["eval", "maze", "--episodes", "1", "--record"]).arg(path), &["--record ", what]);
        let study = ["release", "--steps", "2", "--file"];
        refused(command("planwright-study").args(study).arg(path), &[what]);
        if *what != "a folder" {
            refused(train().arg("fit").arg(&recipe).arg("--out").arg(path), &["expected a folder", what]);
            let run = ["run", "theory", "--out"];
            refused(command("planwright-study").args(run).arg(path), &[]);
        }
    }
    // A recording may be streamed: to a pipe that is read, and to a device.
    refused(planwright().args(["demo", "--episodes", "1", "--rrd"]).arg(at("pipe")), &["named pipe", "hint"]);
    refused(planwright().args(["demo", "--episodes", "1", "--rrd"]).arg(at("folder")), &["a folder", "hint"]);
    if paths.iter().any(|(_, what)| *what == "a character device") {
        let streamed = run(planwright().args(["demo", "--episodes", "1", "--rrd"]).arg(at("device")));
        assert_eq!(streamed.2, 0, "{}", streamed.1);
        let kind = std::fs::symlink_metadata(at("device")).map(|found| found.file_type().is_char_device());
        assert!(kind.is_ok_and(|is_device| is_device), "the device was replaced");
    }
    let kind = std::fs::symlink_metadata(at("pipe")).map(|found| found.file_type().is_fifo());
    assert!(kind.is_ok_and(|is_pipe| is_pipe) && at("link").is_symlink(), "the pipe or the link was replaced");
    refused(train().args(["data", "--steps", "10", "--out", "/dev/stdout"]), &["/dev/stdout", "standard output"]);
    // Written through, and the link stays.
    link(at("folder").join("data.npz"), &at("data.npz"));
    link(at("folder").join("demo.rrd"), &at("demo.rrd"));
    json(train().args(["data", "--steps", "10", "--json", "--out"]).arg(at("data.npz")));
    json(planwright().args(["demo", "--episodes", "1", "--json", "--rrd"]).arg(at("demo.rrd")));
    for name in ["data.npz", "demo.rrd"] {
        assert!(at(name).is_symlink() && at("folder").join(name).is_file(), "{name}");
    }
}

/// All writers use `files`, which replaces nothing that is no regular file.
#[test]
fn nothing_writes_a_file_but_through_one_module() {
    let ways =
        ["fs::write(", "fs::rename(", "fs::copy(", "fs::hard_link(", "File::create", "OpenOptions", "create_dir"];
    let mut open: Vec<PathBuf> = ["runtime/src", "runtime/ros2/src", "training/src", "training/studies/src"]
        .map(|room| root().join(room))
        .into();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            open.extend(entries.filter_map(|entry| entry.ok().map(|entry| entry.path())));
            continue;
        }
        if path.ends_with("runtime/src/files.rs") || path.extension().is_none_or(|ending| ending != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        // Tests, and what only tests use, write as they like.
        let code = text.split("#[cfg(test)]").next().unwrap_or_default().replace("PartFile::create(", "");
        let of_tests = ["tests", "tests.rs", "conformance.rs", "testing.rs"];
        let of_room = path.strip_prefix(root()).unwrap_or(&path);
        let is_test = of_room.components().any(|part| of_tests.iter().any(|test| part.as_os_str() == *test));
        let found = ways.iter().find(|way| !is_test && code.contains(**way));
        assert!(found.is_none(), "{}: expected `planwright::files` for what is written, got {found:?}", path.display());
    }
}

#[test]
fn numbers_of_300_digits_are_printed_short() {
    for arguments in [
        &["plan", "--start", "1e300,1"][..],
        &["plan", "--start", "1,1", "--goal", "1e300,-1e300"],
        &["world", "bound", "--start", "-1e300,1"],
        &["plan", "--start", "3,1", "--intended", "uniform:2:6", "--drift-threshold", "1e300"],
    ] {
        let message = refused(planwright().args(arguments), &["1e300"]);
        assert!(message.len() < 300, "{message}");
    }
    let message = refused(train().args(["data", "--steps", "10", "--noise", "1e300"]), &["1e300"]);
    assert!(message.len() < 300, "{message}");
}

#[test]
fn a_network_setting_that_cannot_be_obeyed_ends_the_start_of_every_node_with_its_reason() {
    let commands: [&[&str]; 6] = [
        &["node", "maze"],
        &["node", "policy"],
        &["node", "goal-force"],
        &["node", "sim"],
        &["node", "sim", "--scene"],
        &["launch", "--once"],
    ];
    let variables = [
        ("ROS_AUTOMATIC_DISCOVERY_RANGE", "OFF", "SUBNET"),
        ("ROS_STATIC_PEERS", "10.0.0.7", "by multicast"),
        ("ROS_DISCOVERY_SERVER", "10.0.0.7:11811", "by multicast"),
        ("RMW_IMPLEMENTATION", "rmw_zenoh_cpp", "rmw_fastrtps_cpp"),
        ("ROS_SECURITY_ENABLE", "true", "neither signed nor encrypted"),
        ("ROS_DOMAIN_ID", "233", "from 0 to 232"),
    ];
    for arguments in commands {
        for (name, value, reason) in variables {
            let error = refused(planwright().args(arguments).env(name, value), &[name, value, reason, "hint: "]);
            assert!(name == "ROS_DOMAIN_ID" || error.contains(&format!("PLANWRIGHT_IGNORE={name}")), "{error}");
        }
    }
}
