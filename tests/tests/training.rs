//! Training across processes: resume bit for bit, refusals, and the way from a recipe to a model that loads.

use planwright_tests::{command, json, onnxruntime, peer, root, run};
use std::path::Path;
use std::process::Command;

const RECIPE: &str = r#"
name = "tiny"
[data]
layout = "umaze"
steps = 30000
seed = 1
dwell_steps = 64
[windows]
horizon = 16
stride = 4
within_leg = true
[network]
base_channels = 16
multipliers = [1, 2]
[diffusion]
schedule = "cosine"
steps = 16
[training]
steps = 40
batch = 8
seed = 3
checkpoint_every = 10
average_decay = 0.99
[training.optimiser]
learning_rate = 1e-3
warmup_steps = 5
final_share = 0.1
clip_norm = 1.0
"#;

fn fit(recipe: &Path, out: &Path) -> Command {
    let mut command = command("planwright-train");
    command.arg("fit").arg(recipe).arg("--out").arg(out).args(["--threads", "1", "--json"]);
    command
}

#[test]
fn resumed_training_is_bit_equal_and_the_result_exports_and_loads() {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let recipe = folder.path().join("tiny.toml");
    std::fs::write(&recipe, RECIPE).unwrap_or_else(|error| panic!("{error}"));
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    let report = json(&mut fit(&recipe, &whole));
    assert_eq!(report["step"], 40);
    assert_eq!(json(fit(&recipe, &parts).args(["--until", "20"]))["step"], 20);
    assert_eq!(json(fit(&recipe, &parts).arg("--resume"))["step"], 40);
    let read = |run: &Path| std::fs::read(run.join("checkpoint.safetensors")).unwrap_or_else(|error| panic!("{error}"));
    assert!(read(&whole) == read(&parts), "20 steps, resume, 20 steps differ from 40 steps");
    let metrics = std::fs::read_to_string(whole.join("metrics.jsonl")).unwrap_or_else(|error| panic!("{error}"));
    for line in metrics.lines() {
        let metric: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(metric["loss"].as_f64().is_some_and(|loss| loss > 0.0), "{line}");
    }

    // A run that is there is not overwritten; a checkpoint of another recipe is not gone on from.
    let (_, stderr, code) = run(&mut fit(&recipe, &whole));
    assert!(code == 2 && stderr.contains("--resume"), "{stderr}");
    let other = folder.path().join("other.toml");
    std::fs::write(&other, RECIPE.replace("batch = 8", "batch = 9")).unwrap_or_else(|error| panic!("{error}"));
    let (_, stderr, code) = run(fit(&other, &parts).arg("--resume"));
    assert!(code == 2 && stderr.contains("checkpoint of recipe") && stderr.contains("hint"), "{stderr}");
    let (_, stderr, code) = run(fit(&recipe, &folder.path().join("fresh")).arg("--resume"));
    assert!(code == 2 && stderr.contains("none"), "{stderr}");
    let truncated = folder.path().join("truncated");
    std::fs::create_dir(&truncated).unwrap_or_else(|error| panic!("{error}"));
    let bytes = read(&whole);
    std::fs::write(truncated.join("checkpoint.safetensors"), &bytes[..bytes.len() / 2])
        .unwrap_or_else(|e| panic!("{e}"));
    let (_, stderr, code) = run(fit(&recipe, &truncated).arg("--resume"));
    assert!(code == 2 && stderr.contains("expected a checkpoint"), "{stderr}");

    let checkpoint = whole.join("checkpoint.safetensors");
    let (_, stderr, code) = run(command("planwright-train").arg("video").arg(&checkpoint));
    assert!(code == 2 && stderr.contains("expected a checkpoint of family goal-force"), "{stderr}");

    // From the checkpoint to a file that PyTorch and onnx.checker accept.
    let model = folder.path().join("tiny.onnx");
    let mut export = command("planwright-train");
    export.arg("export").arg(whole.join("checkpoint.safetensors")).arg("--out").arg(&model);
    let exported = json(export.args(["--json", "--onnxruntime"]).arg(onnxruntime()));
    assert_eq!(exported["training_steps"], 40);
    let checked = json(peer("check_model.py").arg(&model));
    assert!(checked["relative_difference_to_pytorch"].as_f64().is_some_and(|d| d <= 1e-5), "{checked}");
    let shown = json(command("planwright").arg("inspect").arg(&model).arg("--json"));
    assert_eq!(shown["manifest"]["name"], "tiny");
}

#[test]
fn a_network_of_pixels_is_drawn_and_measured_and_refused_by_export() {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let at = |name: &str| folder.path().join(name);
    let mut text = std::fs::read_to_string(root().join("training/recipes/goal-force-pixels.toml"))
        .unwrap_or_else(|error| panic!("{error}"));
    for (from, to) in [
        ("scenes = 40000", "scenes = 6"),
        ("widths = [384, 512, 512]", "widths = [16, 16]"),
        ("steps = 4000", "steps = 2"),
        ("batch = 128", "batch = 2"),
    ] {
        assert!(text.contains(from), "the recipe has no `{from}`");
        text = text.replacen(from, to, 1);
    }
    std::fs::write(at("tiny.toml"), text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(json(&mut fit(&at("tiny.toml"), &at("run")))["step"], 2);
    let checkpoint = at("run").join("checkpoint.safetensors");

    let (stdout, stderr, code) =
        run(command("planwright-train").arg("export").arg(&checkpoint).arg("--out").arg(at("tiny.onnx")));
    assert!(code == 2 && stdout.is_empty() && !at("tiny.onnx").exists(), "{stdout}{stderr}");
    assert!(stderr.contains("expected a network of motions, got one with network.sample = \"pixels\""), "{stderr}");
    assert!(stderr.contains("hint: `planwright-train video`") && !stderr.contains("panicked"), "{stderr}");

    let video = |more: &[&str]| {
        let mut command = command("planwright-train");
        command.arg("video").arg(&checkpoint).args(["--scenes", "3"]).args(more);
        command
    };
    let model = root().join("models/goal-force.onnx");
    let report = json(video(&["--json", "--motion"]).arg(&model).arg("--png").arg(at("strip.png")));
    assert_eq!(report["rows"].as_array().map(Vec::len), Some(4), "{report}");
    for row in report["rows"].as_array().into_iter().flatten() {
        assert!(row["moving"].as_f64().is_some_and(|error| error > 0.0 && error < 1.0), "{row}");
    }
    let png = std::fs::read(at("strip.png")).unwrap_or_else(|error| panic!("{error}"));
    assert!(png.starts_with(b"\x89PNG") && png.len() > 10_000, "{} bytes", png.len());
    let (stdout, stderr, code) = run(&mut video(&[]));
    assert!(
        code == 0 && stdout.contains("first picture repeated") && stdout.contains("true motion"),
        "{stdout}{stderr}"
    );

    for (more, word) in [
        (["--scenes", "0"], "--scenes: expected 1 to 10000, got 0"),
        (["--steps", "0"], "--steps: expected 1 to 1000, got 0"),
        (["--seed", "x"], "--seed"),
        (["--png", "/proc/planwright/x.png"], "--png"),
        (["--motion", "nowhere.onnx"], "nowhere.onnx"),
        (["--motion", "models/maze-umaze.onnx"], "maze"),
    ] {
        let mut command = command("planwright-train");
        let (stdout, stderr, code) = run(command.arg("video").arg(&checkpoint).args(more).current_dir(root()));
        assert!(code == 2 && stdout.is_empty() && stderr.contains(word), "{more:?}: {stdout}{stderr}");
        assert!(!stderr.contains("panicked"), "{more:?}: {stderr}");
    }
    let (_, stderr, code) = run(command("planwright-train").args(["video", "nowhere.safetensors"]));
    assert!(code == 2 && stderr.contains("nowhere.safetensors"), "{stderr}");
}

const POLICY: &str = r#"
family = "maze-policy"
name = "tiny-policy"
head = { kind = "fourier", bins = 32, frequencies = 4 }
action_reach = 1.5
horizon = 40
[data]
layout = "umaze"
episodes = 10
steps = 30
control_steps = 5
waypoint_share = 0.8
noise = 0.3
seed = 1
[network]
context = 4
width = 8
layers = 1
heads = 2
[training]
steps = 20
batch = 8
seed = 2
checkpoint_every = 10
average_decay = 0.9
[training.optimiser]
learning_rate = 1e-3
clip_norm = 1.0
"#;

#[test]
fn a_policy_takes_the_same_door_and_resumes_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let recipe = folder.path().join("policy.toml");
    std::fs::write(&recipe, POLICY).unwrap_or_else(|error| panic!("{error}"));
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    let fitted = json(&mut fit(&recipe, &whole));
    assert_eq!(json(fit(&recipe, &parts).args(["--until", "10"]))["step"], 10);
    assert_eq!(json(fit(&recipe, &parts).arg("--resume"))["step"], 20);
    let checkpoint = |run: &Path| run.join("checkpoint.safetensors");
    let read = |run: &Path| std::fs::read(checkpoint(run)).unwrap_or_else(|error| panic!("{error}"));
    assert!(read(&whole) == read(&parts), "10 steps, resume, 10 steps differ from 20 steps");
    let model = folder.path().join("policy.onnx");
    let export = || {
        let mut export = command("planwright-train");
        export.arg("export").arg(checkpoint(&whole)).arg("--out").arg(&model);
        export.args(["--json", "--onnxruntime"]).arg(onnxruntime());
        export
    };
    assert_eq!(json(&mut export())["data_sha256"], fitted["data_sha256"]);
    let shown = json(command("planwright").arg("inspect").arg(&model).arg("--json"));
    assert_eq!(shown["manifest"]["family"], "maze-policy");
    let (_, stderr, code) = run(export().args(["--steps", "3"]));
    assert!(code == 2 && stderr.contains("no sampler"), "{stderr}");
}

#[test]
fn a_checkpoint_of_the_first_format_is_refused_with_a_hint() {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let path = folder.path().join("checkpoint.safetensors");
    let state = r#"{"__metadata__":{"planwright.training":"{\"step\":40,\"recipe\":{}}"}}"#;
    let bytes = [&(state.len() as u64).to_le_bytes()[..], state.as_bytes()].concat();
    std::fs::write(&path, bytes).unwrap_or_else(|error| panic!("{error}"));
    let mut export = command("planwright-train");
    let (_, stderr, code) = run(export.arg("export").arg(&path).arg("--out").arg(folder.path().join("model.onnx")));
    let line = "expected a checkpoint of format 2, got format 1";
    assert!(code == 2 && stderr.contains(line) && stderr.contains("hint: fit the recipe again"), "{stderr}");
}

#[test]
fn commands_that_moved_name_their_new_place() {
    let (_, stderr, code) = run(command("planwright-train").args(["fourier", "fit", "x.toml"]));
    assert!(code == 2 && stderr.contains("moved: planwright-train fit RECIPE"), "{stderr}");
}

#[test]
fn cuda_without_a_device_is_refused() {
    let recipe = root().join("training/recipes/maze-umaze.toml");
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let (_, stderr, code) = run(fit(&recipe, folder.path()).args(["--device", "cuda"]));
    // On a machine with CUDA this would begin to train; the CPU libtorch of the tests has none.
    assert!(code == 2 && stderr.contains("CUDA"), "{stderr}");
}

#[test]
fn data_from_the_command_line_have_a_hash_that_repeats() {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let out = folder.path().join("medium.npz");
    let arguments = ["data", "--layout", "medium", "--steps", "20000", "--seed", "9", "--json"];
    let first = json(command("planwright-train").args(arguments).arg("--out").arg(&out));
    let second = json(command("planwright-train").args(arguments));
    assert_eq!(first["sha256"], second["sha256"]);
    let read = planwright_training::dataset::Recording::read(&out).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(Some(read.sha256().as_str()), first["sha256"].as_str());
}
