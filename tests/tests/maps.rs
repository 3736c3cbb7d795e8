//! Any map and any robot from the command line: foreign maps are planned on, and bad files are one clear line.

use planwright_tests::{command, json, root, run};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of test maps above the repository, or `None` where there is none.
fn maps() -> Option<PathBuf> {
    let root = root().canonicalize().expect("the repository");
    let found = root.ancestors().map(|above| above.join("shared/data/maps")).find(|folder| folder.is_dir());
    if found.is_none() {
        eprintln!("no test maps above the repository: nothing is planned");
    }
    found
}

fn planwright(arguments: &[&str]) -> Command {
    let mut command = command("planwright");
    command.args(arguments);
    command
}

/// Exit code 2, one line of problem with these words, no panic, nothing on stdout.
fn refused(command: &mut Command, words: &[&str]) {
    let (stdout, stderr, code) = run(command);
    assert_eq!(code, 2, "{command:?}\n{stdout}\n{stderr}");
    assert!(stdout.is_empty() && !stderr.contains("panicked"), "{command:?}: {stdout}{stderr}");
    for word in words {
        assert!(stderr.contains(word), "{command:?}: expected '{word}' in: {stderr}");
    }
}

fn evaluated(maps: &Path, set: &str, robot: &str, queries: &str) -> Value {
    json(
        planwright(&["eval", "map", "--set", set, "--robot", robot, "--queries", queries, "--seed", "3"])
            .args(["--planners", "search,smoothed,optimizer", "--turning-lengths", "0.5,4", "--json", "--maps"])
            .arg(maps),
    )
}

/// The results of a method at every turning length.
fn of_method<'a>(out: &'a Value, method: &'a str) -> impl Iterator<Item = &'a Value> {
    let lengths = out["by_turning_length"].as_array().into_iter().flatten();
    lengths.flat_map(move |at| {
        at["methods"].as_array().into_iter().flatten().filter(move |entry| entry["method"] == method)
    })
}

#[test]
fn every_solvable_query_on_foreign_maps_gets_a_plan_that_the_audit_passes() {
    let Some(maps) = maps() else { return };
    for set in ["grid32", "nav2", "movingai"] {
        let out = evaluated(&maps, set, "omni", "6");
        for method in ["search", "smoothed", "optimizer"] {
            let results: Vec<&Value> = of_method(&out, method).collect();
            assert_eq!(results.len(), 2, "{set}: {out}");
            for result in results {
                assert!(result["solvable"].as_u64().is_some_and(|queries| queries > 5), "{set}: {result}");
                assert_eq!(result["solved"], result["solvable"], "{set}: {result}");
                assert_eq!(result["plans_unsafe"], 0, "{set}: {result}");
            }
        }
        // With a long turning length the optimiser is worth its time.
        let last = of_method(&out, "optimizer").last().expect("results");
        assert!(last["arrival_to_search"]["mean"].as_f64().is_some_and(|ratio| ratio < 0.99), "{set}: {last}");
    }
}

#[test]
fn a_polygon_passes_every_gap_that_is_three_centimetres_wider_to_either_side() {
    let out = json(&mut planwright(&[
        "eval",
        "map",
        "--narrow",
        "--robot",
        "jackal",
        "--queries",
        "10",
        "--planners",
        "search",
        "--json",
    ]));
    let found: Vec<&Value> = of_method(&out, "search").collect();
    assert_eq!((found.len(), &found[0]["solved"], &found[0]["plans_unsafe"]), (1, &10.into(), &0.into()), "{out}");
    // The control: search over x and y alone.
    assert!(of_method(&out, "search-xy").all(|control| control["solved"].as_u64() < Some(8)), "{out}");
}

#[test]
fn the_same_seed_asks_the_same_queries_and_gets_the_same_arrival_times() {
    let Some(maps) = maps() else { return };
    let [a, b] = [(); 2].map(|()| evaluated(&maps, "nav2", "omni", "2"));
    let times = |out: &Value| -> Vec<f64> {
        of_method(out, "optimizer").filter_map(|result| result["arrival_secs"].as_f64()).collect()
    };
    assert_eq!(times(&a), times(&b));
    assert_eq!(times(&a).len(), 2);
}

#[test]
fn a_plan_on_a_turtlebots_map_is_drawn_and_ends_in_the_goals_orientation() {
    let Some(maps) = maps() else { return };
    let map = maps.join("tb3_sandbox.yaml");
    let plan = || {
        let mut command =
            planwright(&["plan", "--robot", "turtlebot3-burger", "--start=-2.0,-0.5,0", "--goal=0.5,2.0,1.57"]);
        command.arg("--map").arg(&map);
        command
    };
    let out = json(plan().arg("--json"));
    assert_eq!(out["outcome"], "planned", "{out}");
    let states = out["states"].as_array().expect("states");
    let headings = out["headings_rad"].as_array().expect("headings");
    assert_eq!(states.len(), headings.len());
    let last = headings.last().and_then(Value::as_f64).expect("a heading");
    assert!((last - 1.57).abs() < 0.1, "{last}");
    let (stdout, stderr, code) = run(&mut plan());
    assert_eq!(code, 0, "{stdout}{stderr}");
    for mark in ['#', 'S', 'G', '.'] {
        assert!(stdout.contains(mark), "{stdout}");
    }
}

#[test]
fn a_plan_on_a_map_is_a_picture_and_a_recording_that_reruns_verifier_takes() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    json(planwright(&["world", "generate", "--kind", "rooms", "--seed", "3", "--json", "--out"]).arg(at("map.yaml")));
    let (png, rrd) = (at("plan.png"), at("plan.rrd"));
    let mut plan = planwright(&["plan", "--robot", "jackal", "--start=1,1,0", "--goal=6,5,1.57", "--json"]);
    let out = json(plan.arg("--map").arg(at("map.yaml")).arg("--png").arg(&png).arg("--rrd").arg(&rrd));
    assert_eq!(out["outcome"], "planned", "{out}");
    let picture = std::fs::read(&png).expect("a picture");
    assert!(picture.starts_with(b"\x89PNG\r\n") && picture.len() < 100_000, "{} bytes", picture.len());
    let size = std::fs::metadata(&rrd).map(|data| data.len()).unwrap_or(0);
    assert!((10_000..1_000_000).contains(&size), "the recording has {size} bytes");
    let (stdout, stderr, code) =
        run(Command::new(root().join(".deps/venv/bin/rerun")).args(["rrd", "verify"]).arg(&rrd));
    assert_eq!(code, 0, "rerun's own verifier: {stdout}{stderr}");
}

#[test]
fn the_planner_of_any_map_drives_the_mazes() {
    for layout in ["umaze", "medium"] {
        let out = json(&mut planwright(&[
            "eval",
            "maze",
            "--layout",
            layout,
            "--planner",
            "optimizer",
            "--episodes",
            "3",
            "--json",
        ]));
        assert_eq!(out["reach_rate"], 1.0, "{out}");
        assert_eq!((&out["plans_unsafe"], &out["wall_contacts"]), (&Value::from(0), &Value::from(0)), "{out}");
    }
}

#[test]
fn a_robot_that_fits_nowhere_is_refused_before_the_evaluation() {
    let folder = tempfile::tempdir().expect("a folder");
    let robot = |kind: &str, rest: &str| {
        let text = format!(
            "kind = \"{kind}\"\n[footprint]\nradius_m = 50.0\n[limits]\nmax_speed_mps = 1.0\nacceleration_mps2 = 1.0\n{rest}"
        );
        write(folder.path(), &format!("{kind}.toml"), &text)
    };
    let words = ["--robot: expected a robot that", "50 m", "hint"];
    refused(&mut planwright(&["eval", "moving", "--robot", &robot("omni", "")]), &words);
    let Some(maps) = maps() else { return };
    let drive = robot("differential", "turn_rate_radps = 1.0\nturn_acceleration_radps2 = 2.0\n");
    refused(planwright(&["eval", "barn", "--every", "100", "--robot", &drive, "--maps"]).arg(maps), &words);
}

#[test]
fn a_base_that_keeps_its_heading_states_by_how_much_it_misses_the_goals_yaw() {
    let Some(maps) = maps() else { return };
    let map = maps.join("tb3_sandbox.yaml").display().to_string();
    let plan = |robot: &str| {
        let arguments =
            ["plan", "--map", &map, "--robot", robot, "--start", "0.5,-0.5,0", "--goal", "-1.9,0.5,1.5", "--json"];
        run(&mut planwright(&arguments))
    };
    let off = |stdout: &str| serde_json::from_str::<Value>(stdout).expect("JSON")["goal_heading_error_rad"].as_f64();
    let (stdout, stderr, code) = plan("omni");
    assert_eq!((code, off(&stdout)), (0, Some(1.5)), "{stderr}");
    assert!(stderr.contains("warning: --goal: expected a robot that turns for a yaw of 1.5 rad, got omni"), "{stderr}");
    let (stdout, stderr, code) = plan("differential");
    assert!(code == 0 && off(&stdout).is_some_and(|off| off.abs() < 0.05) && !stderr.contains("yaw"), "{stderr}");
}

#[test]
fn a_run_through_a_world_of_barn_has_a_score_of_at_most_a_half() {
    let Some(maps) = maps() else { return };
    let out =
        json(planwright(&["eval", "barn", "--every", "300", "--drivers", "optimizer", "--json", "--maps"]).arg(maps));
    let driver = &out["drivers"][0];
    assert_eq!((&out["worlds"], &driver["runs"]), (&Value::from(1), &Value::from(1)), "{out}");
    assert_eq!(driver["success"], 1.0, "{driver}");
    assert!(driver["score"]["mean"].as_f64().is_some_and(|score| score > 0.25 && score <= 0.5), "{driver}");
}

/// A folder with a good map and a robot, one of whose files a test breaks.
fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("a writable folder");
    path.display().to_string()
}

#[test]
fn bad_maps_and_robots_are_one_line_with_file_and_field() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let good = write(folder, "good.txt", "#####\n#GOO#\n###O#\n#OOO#\n#####\n");
    let plan = |map: &str, robot: &str, start: &str, goal: &str| {
        planwright(&["plan", "--map", map, "--robot", robot, &format!("--start={start}"), &format!("--goal={goal}")])
    };
    let yaml = |text: &str| write(folder, "map.yaml", text);
    write(folder, "short.pgm", "P5\n100 100\n255\nabc");
    write(folder, "huge.pgm", "P5\n100000 100000\n255\nabc");
    let rest = "resolution: 0.05\norigin: [0, 0, 0]\nnegate: 0\noccupied_thresh: 0.65\nfree_thresh: 0.196\n";
    for (text, words) in [
        (format!("image: missing.pgm\n{rest}"), ["map.yaml", "image"]),
        (format!("image: short.pgm\n{rest}"), ["short.pgm", "expected"]),
        (format!("image: huge.pgm\n{rest}"), ["huge.pgm", "4000"]),
        (format!("image: short.pgm\n{}", rest.replace("0.05", "0")), ["map.yaml", "resolution"]),
        (format!("image: short.pgm\n{}", rest.replace("0.65", "0.1")), ["map.yaml", "thresh"]),
        ("- 1\n- 2\n".to_owned(), ["map.yaml", "expected"]),
    ] {
        let map = yaml(&text);
        refused(&mut plan(&map, "omni", "0,0", "1,1"), &words);
    }
    refused(&mut plan("nowhere.yaml", "omni", "0,0", "1,1"), &["nowhere.yaml"]);
    let robot = |text: &str| write(folder, "robot.toml", text);
    let limits = "[limits]\nmax_speed_mps = 1.0\nacceleration_mps2 = 1.0\n";
    for (text, field) in [
        (format!("kind = \"omni\"\n[footprint]\nradius_m = -0.2\n{limits}"), "radius_m"),
        (format!("kind = \"omni\"\n[footprint]\npolygon = [[0, 0], [1, 1], [1, 0], [0, 1]]\n{limits}"), "polygon"),
        (format!("kind = \"omni\"\nwings = 2\n[footprint]\nradius_m = 0.2\n{limits}"), "wings"),
        (
            "kind = \"omni\"\n[footprint]\nradius_m = 0.2\n[limits]\nmax_speed_mps = 1.0\nacceleration_mps2 = 0.0\n"
                .to_owned(),
            "acceleration_mps2",
        ),
        (
            format!("kind = \"omni\"\n[footprint]\nradius_m = 0.2\n{}", limits.replace("= 1.0\na", "= 1e-9\na")),
            "max_speed_mps",
        ),
    ] {
        let file = robot(&text);
        refused(&mut plan(&good, &file, "0,0", "1,1"), &["robot.toml", field]);
    }
    refused(&mut plan(&good, "omni", "1e9,0", "1,1"), &["--start", "outside"]);
    let apart = write(folder, "apart.txt", "#####\n#O#O#\n#####\n");
    refused(&mut plan(&apart, "omni", "0.8,0.8", "0.8,2.8"), &["no way"]);
    refused(&mut plan(&good, "omni", "nan,0", "1,1"), &["--start"]);
    for (start, goal, option) in [("1,1,1e300", "1,3,0", "--start"), ("1,1,0", "1,3,90", "--goal")] {
        refused(&mut plan(&good, "differential", start, goal), &[option, "yaw", "radians"]);
    }
    // In contact at this yaw alone: the polygon is longer than wide.
    let long = robot(
        "kind = \"differential\"\n[footprint]\npolygon = [[0.6, 0.2], [-0.6, 0.2], [-0.6, -0.2], [0.6, -0.2]]\n\
        [limits]\nmax_speed_mps = 1.0\nmin_speed_mps = 0.0\nacceleration_mps2 = 1.0\nturn_rate_radps = 1.0\nturn_acceleration_radps2 = 2.0\n",
    );
    refused(
        &mut plan(&good, &long, "0.8,1.3,0", "0.8,2.3"),
        &[
            "--start: expected the robot's outline in free space, got it overlapping an obstacle at a yaw of 0 rad",
            "hint",
        ],
    );
    let padded = robot(
        "kind = \"omni\"\n[footprint]\npolygon = [[0.6, 0.2], [-0.6, 0.2], [-0.6, -0.2], [0.6, -0.2]]\npadding_m = 0.01\n\
        [limits]\nmax_speed_mps = 1.0\nacceleration_mps2 = 1.0\n",
    );
    let words = "in free space, or its padding at most 0.01 m in an obstacle, got it overlapping an obstacle";
    refused(&mut plan(&good, &padded, "0.8,1.3,0", "0.8,2.3"), &[words]);
    // It keeps its heading, which fits at the start alone.
    refused(
        &mut plan(&good, &padded, "0.8,1.3,1.571", "1.8,2.8,0"),
        &["--goal: expected the robot's outline", "yaw of 1.571"],
    );
    for (planner, option, value) in [
        ("optimizer", "--steps", "4"),
        ("search", "--engine", "tract"),
        ("smoothed", "--model", "a.onnx"),
        ("corridor", "--rollouts", "2"),
    ] {
        let mut command = plan(&good, "differential", "1,1", "1,3");
        refused(command.args(["--planner", planner, option, value]), &[planner, option, "expected no options of"]);
    }
    let mut nowhere = plan(&good, "differential", "1,1", "1,3");
    refused(nowhere.args(["--png", "no/such/folder/plan.png"]), &["--png", "no/such/folder/plan.png"]);
    refused(
        &mut planwright(&["eval", "map", "--set", "nav2", "--maps", &folder.join("none").display().to_string()]),
        &["none"],
    );
    for robot in ["jackal", "nowhere.toml"] {
        let evaluate = ["eval", "map", "--narrow", "--robot", robot, "--turning-lengths", "1"];
        let words = ["--turning-lengths: expected robot omni or differential", robot, "hint"];
        refused(&mut planwright(&evaluate), &words);
    }
    refused(
        &mut planwright(&["eval", "map", "--narrow", "--robot", "jackal", "--planners", "search", "--model", "a.onnx"]),
        &["--model: expected planner corridor", "hint"],
    );
}
