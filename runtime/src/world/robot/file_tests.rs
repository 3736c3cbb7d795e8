//! What is shipped conforms; every fault of a robot file is one line that names file and field.

use super::*;
use crate::pilot::check_robot;

#[test]
fn every_robot_that_is_shipped_conforms() {
    for name in RobotFile::names() {
        let found = RobotFile::find(name).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(found.name, *name);
        assert_eq!(check_robot(found.robot), Ok(()), "{name}");
    }
}

#[test]
fn the_files_of_the_kinds_are_their_defaults() {
    let shown = |name: &str| format!("{:?}", RobotFile::find(name).expect("built in").robot);
    assert_eq!(shown("point-mass"), format!("{:?}", PointMass::default()));
    assert_eq!(shown("omni"), format!("{:?}", Omni::default()));
    assert_eq!(shown("differential"), format!("{:?}", Differential::default()));
    assert_eq!(shown("ackermann"), format!("{:?}", Ackermann::default()));
}

/// The message for a shipped file in which one text is replaced.
fn message(name: &str, from: &str, to: &str) -> String {
    let (_, text) = BUILT_IN.iter().find(|(built_in, _)| *built_in == name).expect("built in");
    assert!(text.contains(from), "{from} in {name}");
    let error = RobotFile::parse(&text.replace(from, to), Path::new("a/robot.toml")).expect_err("a fault");
    error.to_string()
}

#[test]
fn every_fault_names_its_field() {
    let radius = "radius_m = 0.22";
    let polygon = "polygon = [[0.254, 0.215], [-0.254, 0.215], [-0.254, -0.215], [0.254, -0.215]]";
    let cases = [
        ("differential", radius, "radius_m = -1", "footprint.radius_m: expected 0.001 to 100 m, got -1"),
        ("differential", radius, "radius_m = nan", "footprint.radius_m: expected 0.001 to 100 m, got NaN"),
        ("differential", radius, "radius_m = 1e300", "footprint.radius_m: expected 0.001 to 100 m, got 1e300"),
        ("differential", radius, "radius_m = 'wide'", "footprint.radius_m: "),
        ("differential", radius, "radius = 0.2", "footprint"),
        ("differential", radius, "", "footprint: expected radius_m or polygon, got neither"),
        ("jackal", "padding_m = 0.01", "padding_m = -1.0", "footprint.padding_m: expected a padding"),
        ("jackal", "padding_m = 0.01", "radius_m = 0.3", "footprint: expected radius_m or polygon, got both"),
        ("jackal", polygon, "polygon = [[1, 1], [-1, -1], [-1, 1], [1, -1]]", "footprint.polygon: expected sides that"),
        ("jackal", polygon, "polygon = [[1, 1], [2, 1], [2, 2]]", "footprint.polygon: expected a polygon round"),
        ("jackal", polygon, "polygon = [[1, 1], [nan, 1], [2, 2]]", "footprint.polygon: expected corners within"),
        ("jackal", polygon, "polygon = [[1, 1]]", "footprint.polygon: expected 3 to 32 corners, got 1"),
        ("jackal", polygon, "polygon = [[1, 1, 1]]", "footprint.polygon"),
        ("differential", "= -0.3", "= 0.3", "limits.min_speed_mps: expected the speed in reverse as a negative"),
        ("differential", "= -0.3", "= 7.0", "limits.min_speed_mps: expected the speed in reverse as a negative"),
        ("differential", "max_speed_mps = 1.0", "max_speed_mps = 0", "limits.max_speed_mps: expected 0.001 to 1000"),
        ("differential", "max_speed_mps = 1.0", "", "limits"),
        (
            "differential",
            "acceleration_mps2 = 1.5",
            "acceleration_mps2 = 0",
            "limits.acceleration_mps2: expected 0.001 to 1000",
        ),
        (
            "differential",
            "acceleration_mps2 = 1.5",
            "acceleration_mps2 = 0.02",
            "limits.acceleration_mps2: expected at",
        ),
        (
            "differential",
            "turn_rate_radps = 2.0",
            "turn_rate_radps = inf",
            "limits.turn_rate_radps: expected 0.001 to 1000",
        ),
        (
            "differential",
            "# min_radius_m = 0.5 #",
            "min_radius_m = 0.4 #",
            "limits.min_radius_m: expected at least max_",
        ),
        (
            "differential",
            "turn_acceleration_radps2 = 4.0",
            "turn_acceleration_radps2 = 2.0\nmin_radius_m = 0.5",
            "limits.turn_acceleration_radps2: expected at least acceleration_mps2 / min_radius_m = 3 rad/s^2, got 2",
        ),
        (
            "differential",
            "turn_rate_radps = 2.0",
            "turn_rate_radps = nan",
            "limits.turn_rate_radps: expected 0.001 to 1000",
        ),
        ("differential", "step_secs = 0.02", "step_secs = 0", "step_secs: expected 0.01 to 0.1 s, got 0"),
        ("differential", "step_secs = 0.02", "step = 0.02", "robot"),
        ("ackermann", "steering_rad = 0.6", "steering_rad = 1.6", "limits.steering_rad: expected 0.01 to 1.4 rad"),
        ("ackermann", "wheelbase_m = 0.3", "wheelbase_m = -0.3", "limits.wheelbase_m: expected 0.001 to 1000"),
        ("point-mass", "\"point-mass\"", "\"point-mass\"\nstep_secs = 0.02", "step_secs: expected nothing beside"),
        ("omni", "\"omni\"", "\"hexapod\"", "kind"),
        ("omni", "kind = ", "kind ", "line 2: expected TOML"),
    ];
    for (name, from, to, expected) in cases {
        let found = message(name, from, to);
        assert!(found.starts_with(&format!("a/robot.toml: {expected}")), "{to}: {found}");
        assert_eq!(found.lines().count(), 2, "one line and a hint: {found}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named_with_the_built_in_robots() {
    let error = RobotFile::find("no/such.toml").expect_err("no file").to_string();
    assert!(error.starts_with("no/such.toml: expected a robot file or one of point-mass, omni, "), "{error}");
}
