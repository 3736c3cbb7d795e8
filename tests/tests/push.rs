//! Pushes from pictures on the command line: a table is drawn, planned on, and refused where it makes no sense.

use planwright::world::scene::Picture;
use planwright_tests::{command, json, root, run};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

fn planwright(arguments: &[&str]) -> Command {
    let mut command = command("planwright");
    command.args(arguments);
    command
}

/// Writes a table's files, and says what was written.
fn table(folder: &Path, name: &str, arguments: &[&str]) -> Value {
    let out = folder.join(name);
    json(planwright(&["world", "scene", "--json", "--out"]).arg(out).args(arguments))
}

/// A table whose push reaches a target: its picture, its camera, the target and the goal as options are given.
fn question(folder: &Path, seed: u64, size: &str) -> Option<[String; 4]> {
    let seed = seed.to_string();
    let made = table(folder, "table", &["--kind", "blocked", "--seed", &seed, "--size", size]);
    let (goal, target) = (&made["goal"], &made["target_px"]);
    let number = |value: &Value| value.as_f64().expect("a number");
    goal.is_object().then(|| {
        let (sin, cos) = number(&goal["direction_rad"]).sin_cos();
        let file = |index: usize| made["files"][index].as_str().expect("a file").to_owned();
        let target = format!("{},{}", number(&target[0]), number(&target[1]));
        [file(0), file(1), target, format!("{cos},{sin},{}", number(&goal["speed_mps"]))]
    })
}

fn plan([picture, camera, target, goal]: &[String; 4]) -> Command {
    let mut command = planwright(&["plan", "--image", picture, "--camera", camera, "--target", target]);
    command.arg(format!("--goal={goal}"));
    command
}

#[test]
fn equal_seeds_draw_equal_tables_with_the_published_terms() {
    let folder = tempfile::tempdir().expect("a folder");
    let [one, other] = ["one", "other"].map(|name| {
        table(folder.path(), name, &["--kind", "balls", "--seed", "4"]);
        [".png", ".camera.json", ".json"]
            .map(|end| std::fs::read(folder.path().join(format!("{name}{end}"))).expect(end))
    });
    assert_eq!(one, other);
    let scene: Value = serde_json::from_slice(&one[2]).expect("JSON");
    assert!(scene["projectile_force_magnitude"].is_number() && scene["tracks"].is_array(), "{scene}");
}

#[test]
fn rooms_of_table_a8_are_drawn_and_are_no_kind_of_scene() {
    let folder = tempfile::tempdir().expect("a folder");
    for room in ["dominos", "pool1", "coffee-cups", "tool-air-hockey"] {
        let made = table(folder.path(), room, &["--room", room, "--seed", "2"]);
        assert!(
            made["goal"]["speed_mps"].is_number() && made["bodies"].as_u64().is_some_and(|count| count >= 6),
            "{made}"
        );
    }
    // What `plan --image` cannot rebuild is not handed to it.
    for (room, hint) in [("pool1", "planwright plan --image"), ("coffee-cups", "rebuilds balls alone")] {
        let out = folder.path().join(room);
        let (stdout, ..) = run(planwright(&["world", "scene", "--room", room, "--seed", "2", "--out"]).arg(out));
        assert!(stdout.contains(hint), "{stdout}");
    }
    let (_, stderr, code) =
        run(planwright(&["world", "scene", "--room", "pool1", "--kind", "balls", "--out", "x"])
            .current_dir(folder.path()));
    assert!(code == 2 && stderr.contains("--kind"), "{stderr}");
    let (_, stderr, code) =
        run(planwright(&["world", "scene", "--room", "pool9", "--out", "x"]).current_dir(folder.path()));
    assert!(code == 2 && stderr.contains("pool1"), "{stderr}");
}

#[test]
fn tables_of_any_size_of_picture_are_planned_on_and_drawn() {
    let folder = tempfile::tempdir().expect("a folder");
    for size in ["64", "150"] {
        let (mut asked, mut planned) = (0, 0);
        for seed in 0..16 {
            let Some(question) = question(folder.path(), seed, size) else { continue };
            asked += 1;
            let strip = folder.path().join("push.png");
            let (stdout, stderr, code) = run(plan(&question).arg("--json").arg("--png").arg(&strip));
            // Where no push passes the gate the reasons are printed.
            assert!(code == 0 || (code == 1 && stderr.contains("no push passed the gate: ")), "{code}: {stderr}");
            let out: Value = serde_json::from_str(&stdout).expect("JSON");
            assert_eq!(out["outcome"] == "planned", code == 0, "{out}");
            assert_eq!(out["push"].is_object(), code == 0, "{out}");
            planned += usize::from(code == 0);
            let drawn = std::fs::read(&strip).expect("a drawing");
            assert!(drawn.starts_with(&[0x89, b'P', b'N', b'G']) && drawn.len() > 2000);
        }
        assert!(asked > 8 && 3 * planned >= asked, "{size}: {planned} of {asked}");
    }
}

#[test]
fn a_push_is_recorded_for_the_viewer_whether_or_not_one_passes() {
    let folder = tempfile::tempdir().expect("a folder");
    let rrd = folder.path().join("push.rrd");
    let mut codes = Vec::new();
    for question in (0..12).filter_map(|seed| question(folder.path(), seed, "150")) {
        let (_, stderr, code) = run(plan(&question).args(["--candidates", "3", "--rrd"]).arg(&rrd));
        codes.push(code);
        assert!(!stderr.contains("the view is incomplete"), "{stderr}");
        let size = std::fs::metadata(&rrd).map(|data| data.len()).unwrap_or(0);
        assert!(size > 20_000, "{size} bytes");
        let rerun = root().join(".deps/venv/bin/rerun");
        let (stdout, stderr, code) = run(Command::new(rerun).args(["rrd", "verify"]).arg(&rrd));
        assert_eq!(code, 0, "{stdout}{stderr}");
        if codes.contains(&0) && codes.contains(&1) {
            break;
        }
    }
    assert!(codes.contains(&0), "{codes:?}");
    let good = (0..).find_map(|seed| question(folder.path(), seed, "64")).expect("a table");
    let (_, stderr, code) = run(plan(&good).args(["--rrd", "/nonexist/x.rrd"]));
    assert!(code == 2 && stderr.contains("/nonexist/x.rrd"), "{stderr}");
}

#[test]
fn what_is_no_question_is_refused_in_one_line_and_nothing_is_drawn() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = (0..).find_map(|seed| question(folder.path(), seed, "64")).expect("a table");
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        path.display().to_string()
    };
    let picture = std::fs::read(&good[0]).expect("a picture");
    let camera: Value = serde_json::from_slice(&std::fs::read(&good[1]).expect("a camera")).expect("JSON");
    let with = |key: &str, value: Value| {
        let mut other = camera.clone();
        other[key] = value;
        file(&format!("{key}.json"), other.to_string().as_bytes())
    };
    let mut black = Vec::new();
    let picture_of = Picture { width: 64, height: 64, rgb: vec![0; 3 * 64 * 64], ids: Vec::new() };
    picture_of.write_png(&mut black, 1).expect("a PNG");
    let change = |place: usize, value: &str| {
        let mut changed = good.clone();
        changed[place] = value.to_owned();
        changed
    };
    let table: Vec<([String; 4], &str)> = vec![
        (change(0, "nowhere.png"), "expected a file"),
        (change(0, &file("cut.png", &picture[..picture.len() / 2])), "expected a PNG"),
        (change(0, &file("text.png", b"no picture")), "expected a PNG"),
        (change(0, &file("black.png", &black)), "one colour all over"),
        (change(1, &file("broken.json", b"{")), "expected a camera"),
        (change(1, &with("focal_px", serde_json::json!([0.0, 0.0]))), "positive focal lengths"),
        (change(1, &with("width", serde_json::json!(640))), "expected a camera of the picture's 64 x 64 px"),
        (change(2, "1,1"), "expected the target on an object"),
        (change(2, "nan,20"), "--target"),
        (change(2, "20"), "--target"),
        (change(3, "1,0,99"), "expected a goal of"),
        (change(3, "0,0,0.2"), "--goal"),
        (change(3, "1,0"), "--goal"),
        (change(3, "inf,0,0.2"), "--goal"),
    ];
    let [strip, rrd]: [PathBuf; 2] = ["push.png", "push.rrd"].map(|name| folder.path().join(name));
    for (question, words) in table {
        let (stdout, stderr, code) = run(plan(&question).arg("--png").arg(&strip).arg("--rrd").arg(&rrd));
        assert_eq!(code, 2, "{question:?}: {stderr}");
        assert!(stderr.contains(words) && !stderr.contains("panicked"), "expected '{words}' in: {stderr}");
        assert!(stdout.is_empty() && !strip.exists() && !rrd.exists(), "{question:?}");
    }
    for kind in ["plants", "wind", "flags", "one-flag"] {
        let (stdout, stderr, code) = run(&mut planwright(&["eval", "goal-force", "--kind", kind, "--scenes", "3"]));
        assert!(code == 2 && stdout.is_empty() && stderr.contains("expected a kind of scenes with goals"), "{stderr}");
    }
    let (_, stderr, code) = run(plan(&good).args(["--mass", "3,3,0"]));
    assert!(code == 2 && stderr.contains("--mass"), "{stderr}");
    for (surface, words) in [
        ("0.4,0.02", "--surface: expected 3 finite numbers"),
        ("0.4,nan,0.8", "--surface: expected 3 finite numbers"),
        ("9,0.02,0.8", "--surface: friction: expected 0.2 to 0.6, got 9"),
        ("0.4,0,0.8", "--surface: rolling: expected 0.005 to 0.05 m/s^2, got 0"),
        ("0.4,0.02,1.5", "--surface: restitution: expected 0.6 to 0.95, got 1.5"),
    ] {
        let (stdout, stderr, code) = run(plan(&good).args(["--surface", surface]));
        assert!(code == 2 && stdout.is_empty() && stderr.contains(words), "{surface}: {stderr}");
        assert_eq!(stderr.trim().lines().count(), 1, "{stderr}");
    }
    let (_, stderr, code) = run(plan(&good).args(["--surface", "0.3,0.01,0.9"]));
    assert!(code < 2, "{stderr}");
    let (_, stderr, code) = run(plan(&good).args(["--model", "models/maze-umaze.onnx"]));
    assert!(code == 2 && stderr.contains("family"), "{stderr}");
}

#[test]
fn the_shipped_model_chooses_better_than_chance_and_publishes_nothing_unsafe() {
    let folder = tempfile::tempdir().expect("a folder");
    let rrd = folder.path().join("pushes.rrd");
    let out = json(planwright(&["demo", "goal-force", "--episodes", "60", "--json", "--rrd"]).arg(&rrd));
    let (stdout, stderr, code) =
        run(Command::new(root().join(".deps/venv/bin/rerun")).args(["rrd", "verify"]).arg(&rrd));
    assert_eq!(code, 0, "{stdout}{stderr}");
    // A few bytes for each of the 17 frames of a table would not hold their pictures.
    assert!(std::fs::metadata(&rrd).is_ok_and(|data| data.len() > 60 * 17 * 1000), "recording of 60 tables");
    assert_eq!((&out["unsafe"], &out["scenes"]), (&Value::from(0), &Value::from(60)), "{out}");
    let random = &out["controls"][0];
    assert_eq!(random["chooser"], "random", "{out}");
    let [own, other] = [&out["initiator"], &random["initiator"]].map(|share| share.as_f64().expect("a share"));
    // Of 60 scenes three standard errors are 0.19; the card's figures differ by more.
    assert!(own > other + 0.1, "{own} {other}");
    let quiet = json(&mut planwright(&["demo", "goal-force", "--episodes", "1", "--json", "--no-rrd"]));
    assert_eq!(quiet["recording"], Value::Null);
    let (_, stderr, code) = run(&mut planwright(&["demo", "goal-force", "--control", "search"]));
    assert!(code == 2 && stderr.contains("--control"), "{stderr}");
}
