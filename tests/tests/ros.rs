//! The nodes against peers that we did not write: rclpy of Kilted and Jazzy, and Cyclone DDS.
//!
//! Every test runs in a network, process and shared-memory namespace of its own; the scripts in `tests/peers/ros/`
//! start the nodes as users do, as processes, and end with 0 if all was as it should be.

use planwright_tests::root;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// One at a time: what happens within milliseconds is watched on two cores.
static TURN: Mutex<()> = Mutex::new(());

/// A program of this build.
fn built(name: &str) -> PathBuf {
    PathBuf::from(planwright_tests::command(name).get_program())
}

fn peer(python: &str, script: &str, arguments: &[&str]) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let python = root().join(".deps").join(python).join("bin/python");
    assert!(python.is_file(), "expected {}\nhint: python3 tests/setup.py", python.display());
    let done = Command::new("python3")
        .arg("tests/peers/ros/namespace.py")
        .arg(python)
        .arg(format!("tests/peers/ros/{script}"))
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("python3");
    let (out, error) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{script} {arguments:?}: {}\n{out}\n{error}", done.status);
    println!("{out}");
}

fn with_nodes(python: &str, script: &str, arguments: &[&str]) {
    let planwright = built("planwright");
    let planwright = planwright.to_str().expect("a path in UTF-8");
    peer(python, script, &[&["--planwright", planwright], arguments].concat());
}

fn every_type(python: &str) {
    let program = built("examples/roundtrip");
    peer(python, "message_roundtrip.py", &["--program", program.to_str().expect("a path in UTF-8")]);
}

#[test]
fn every_type_survives_the_way_through_rclpy_kilted() {
    every_type("ros-kilted");
}

#[test]
fn every_type_survives_the_way_through_rclpy_jazzy() {
    every_type("ros-jazzy");
}

#[test]
fn rclpy_kilted_finds_what_it_expects() {
    with_nodes("ros-kilted", "test_conformance.py", &[]);
}

#[test]
fn rclpy_jazzy_finds_what_it_expects() {
    with_nodes("ros-jazzy", "test_conformance.py", &[]);
}

#[test]
fn lyricals_form_of_the_action_is_spoken() {
    with_nodes("ros-kilted", "test_lyrical.py", &[]);
}

#[test]
fn a_policy_is_a_node_like_any_planner() {
    with_nodes("ros-kilted", "test_policy.py", &[]);
}

#[test]
fn a_client_that_knows_rclpy_alone_pushes_objects_in_fifty_scenes_kilted() {
    with_nodes("ros-kilted", "test_goal_force.py", &[]);
}

#[test]
fn a_client_that_knows_rclpy_alone_pushes_objects_jazzy() {
    with_nodes("ros-jazzy", "test_goal_force.py", &["--only", "one_answer"]);
}

#[test]
fn cyclone_dds_finds_what_it_expects() {
    with_nodes("cyclonedds", "test_cyclone.py", &[]);
}

#[test]
fn a_client_that_knows_only_the_action_drives_the_robot_to_ten_goals() {
    with_nodes("ros-kilted", "test_drive.py", &[]);
}

#[test]
fn a_client_that_knows_only_nav2s_actions_drives_a_differential_robot_on_any_map() {
    with_nodes("ros-kilted", "test_any_map.py", &[]);
}

#[test]
fn every_fault_has_its_outcome_and_is_recovered_from_kilted() {
    with_nodes("ros-kilted", "test_faults.py", &[]);
}

#[test]
fn every_fault_has_its_outcome_and_is_recovered_from_jazzy() {
    with_nodes("ros-jazzy", "test_faults.py", &[]);
}

#[test]
fn what_robots_really_send_is_taken_or_refused_with_figures_kilted() {
    with_nodes("ros-kilted", "test_odd_inputs.py", &[]);
}

#[test]
fn what_robots_really_send_is_taken_or_refused_with_figures_jazzy() {
    with_nodes("ros-jazzy", "test_odd_inputs.py", &[]);
}

#[test]
fn an_input_that_is_refused_is_not_planned_with_kilted() {
    with_nodes("ros-kilted", "test_inputs.py", &[]);
}

#[test]
fn an_input_that_is_refused_is_not_planned_with_jazzy() {
    with_nodes("ros-jazzy", "test_inputs.py", &[]);
}

#[test]
// The full thousand: tests/peers/ros/test_lifecycle_cycles.py --cycles 1000, about five minutes.
fn many_lives_leave_nothing_behind() {
    with_nodes("ros-jazzy", "test_lifecycle_cycles.py", &["--cycles", "200"]);
}

#[test]
fn large_messages_pass_with_the_profile_for_fast_dds() {
    with_nodes("ros-kilted", "test_fastdds_profile.py", &[]);
    with_nodes("ros-jazzy", "test_fastdds_profile.py", &[]);
}

#[test]
fn a_first_request_and_latched_data_wait_for_no_heartbeat() {
    for python in ["ros-kilted", "ros-jazzy"] {
        with_nodes(
            python,
            "bench_discovery.py",
            &["--starts", "8", "--control", "1", "--load", "2", "--check", "--json"],
        );
    }
}

#[test]
fn new_clients_and_long_paths_are_answered_beside_busy_processes() {
    for python in ["ros-kilted", "ros-jazzy"] {
        with_nodes(python, "test_answers.py", &[]);
    }
}

#[test]
fn another_computer_sees_and_commands_what_the_discovery_range_lets_it() {
    for python in ["ros-kilted", "ros-jazzy"] {
        with_nodes(python, "test_network.py", &[]);
    }
}

/// A script that needs no peer, run in a network without peers.
fn script(arguments: &[&str]) {
    let mut command = Command::new("python3");
    command.arg("tests/peers/ros/namespace.py").arg("python3").args(arguments).current_dir(root());
    let (out, error, code) = planwright_tests::run(&mut command);
    assert_eq!(code, 0, "{arguments:?}\n{out}\n{error}");
}

#[test]
fn the_launch_files_start_what_they_say() {
    let planwright = built("planwright");
    script(&["tests/peers/ros/test_launch_files.py", "--planwright", planwright.to_str().expect("a path in UTF-8")]);
}

#[test]
fn the_message_types_are_what_the_definitions_say() {
    script(&["runtime/ros2/messages/generate.py", "--check"]);
}

#[test]
fn parameter_files_and_tables_are_those_of_the_code() {
    let planwright = built("planwright");
    script(&["launch/reference.py", "--check", "--planwright", planwright.to_str().expect("a path in UTF-8")]);
}

#[test]
fn one_command_drives_a_robot_without_ros() {
    let planwright = built("planwright");
    let mut command = Command::new("python3");
    command.arg("tests/peers/ros/namespace.py").arg(planwright).current_dir(root());
    let summary =
        planwright_tests::json(command.args(["launch", "--goal", "1,1", "--goal", "3,1", "--once", "--json"]));
    assert_eq!((summary["wall_contacts"].as_u64(), summary["goals"].as_u64()), (Some(0), Some(2)), "{summary}");
}
