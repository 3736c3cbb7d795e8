use super::super::parameters::NodeParameters;
use super::odometry::Located;
use super::*;
use crate::nodes::map::grid_of;
use crate::nodes::path::keeps_clear;
use crate::world::{Layout, PointMass};
use planwright_ros2::messages::builtin_interfaces::Time;
use planwright_ros2::messages::geometry_msgs::TransformStamped;
use planwright_ros2::messages::nav_msgs::{OccupancyGrid, Odometry, Path};
use planwright_ros2::messages::std_msgs::Header;

const NOW: RosTime = RosTime::from_nanos(5_000_000_000);
const MAX_AGE_SECS: f64 = 0.2;

fn inputs_on(clock: Clock) -> Inputs {
    Inputs::new("map", OdometryLimits::default(), Arc::new(PointMass::default()), clock)
}

fn inputs() -> Inputs {
    inputs_on(Clock::new(ClockSource::System))
}

fn map() -> OccupancyGrid {
    grid_of(&Layout::umaze(), "map", NOW)
}

fn odometry() -> Odometry {
    let header = Header { stamp: NOW.into(), frame_id: "odom".to_owned() };
    let mut message = Odometry { header, child_frame_id: "base_link".to_owned(), ..Odometry::default() };
    message.pose.pose.orientation.w = 1.0;
    message
}

fn transform(parent: &str, child: &str, stamp: RosTime) -> TransformStamped {
    let header = Header { stamp: stamp.into(), frame_id: parent.to_owned() };
    let mut message = TransformStamped { header, child_frame_id: child.to_owned(), ..TransformStamped::default() };
    message.transform.rotation.w = 1.0;
    message
}

fn pose([x, y]: [f64; 2]) -> PoseStamped {
    let mut pose = PoseStamped::default();
    pose.header.frame_id = "map".to_owned();
    (pose.pose.position.x, pose.pose.position.y, pose.pose.orientation.w) = (x, y, 1.0);
    pose
}

fn located(inputs: &Inputs) -> Result<Located, InputFault> {
    inputs.located(NOW, MAX_AGE_SECS)
}

fn refusal<T>(result: Result<T, InputFault>) -> (&'static str, String) {
    let fault = result.err().expect("refused");
    (fault.name(), fault.to_string())
}

type Change = fn(&mut OccupancyGrid);

#[test]
fn after_a_refused_map_none_is_usable_until_a_readable_one_comes() {
    let changes: [(&str, Change); 10] = [
        ("map_cell", |map| map.data[7] = 101),
        ("map_frame", |map| map.header.frame_id = "kitchen".to_owned()),
        ("empty_frame", |map| map.header.frame_id.clear()),
        ("map_resolution", |map| map.info.resolution = f32::NAN),
        ("map_empty", |map| (map.info.width, map.data) = (0, Vec::new())),
        ("map_length", |map| map.data.truncate(9)),
        ("map_too_large", |map| (map.info.width, map.info.height) = (u32::MAX, u32::MAX)),
        ("not_finite", |map| map.info.origin.position.x = f64::NAN),
        ("map_no_maze", |map| map.info.origin.position.x = -3.7),
        ("map_no_maze", |map| map.data.fill(0)),
    ];
    for map_required in [true, false] {
        let mut parameters = NodeParameters::maze().planner;
        parameters.map_required = map_required;
        let mut inputs = inputs();
        inputs.set_trained(Some(MappedWorld::new(Arc::clone(inputs.robot()), Layout::umaze())));
        for (reason, change) in changes {
            inputs.take_map(&map(), NOW, false).expect("a maze");
            let (world, _) = inputs.world(&parameters, NOW).expect("usable");
            assert!(inputs.check_plan(&parameters, NOW, &world, |_| false).is_ok());
            let mut bad = map();
            change(&mut bad);
            assert_eq!(inputs.take_map(&bad, NOW, false).map_err(|fault| fault.name()), Err(reason));
            let (name, text) = refusal(inputs.world(&parameters, NOW));
            assert_eq!(name, "map_refused", "{text}");
            assert!(text.contains(&format!("as {reason} (1 since the last usable one): ")), "{text}");
            assert_eq!(refusal(inputs.check_plan(&parameters, NOW, &world, |_| false)).0, "map_refused");
        }
        inputs.refuse_malformed(Input::Map);
        assert_eq!(inputs.map_refusals.total(), changes.len() as u64 + 1);
        inputs.take_map(&map(), NOW, false).expect("a maze");
        assert!(inputs.world(&parameters, NOW).is_ok());
    }
}

#[test]
fn a_plan_that_was_made_for_the_map_before_is_published_only_if_it_is_clear_on_the_newest() {
    let parameters = NodeParameters::maze().planner;
    let mut inputs = inputs();
    inputs.take_map(&map(), NOW, false).expect("a maze");
    let (world, _) = inputs.world(&parameters, NOW).expect("usable");
    inputs.take_map(&map(), NOW, false).expect("the same again");
    let path_of = |points: &[[f64; 2]]| {
        let mut path = Path::default();
        path.poses.extend(points.iter().map(|point| pose(*point)));
        path
    };
    let through = path_of(&[[1.0, 1.0], [1.0, 3.0], [3.0, 3.0], [3.0, 1.0]]);
    let (beside, none) = (path_of(&[[1.0, 1.0], [1.0, 3.0]]), path_of(&[]));
    let check = |inputs: &Inputs, path: &Path| {
        inputs.check_plan(&parameters, NOW, &world, |world| keeps_clear(path, world, parameters.clearance_m))
    };
    for path in [&through, &beside, &none] {
        assert!(check(&inputs, path).is_ok(), "on its own map a plan has passed the gate");
    }
    let mut closed = map();
    closed.data[20 * 50 + 30] = 100;
    inputs.take_map(&closed, NOW, false).expect("a maze");
    assert!(check(&inputs, &beside).is_ok());
    for path in [through, none, path_of(&[[1.0, 1.0], [f64::NAN, 1.0]])] {
        assert_eq!(refusal(check(&inputs, &path)).0, "map_changed");
    }
}

#[test]
fn odometry_that_is_refused_is_not_answered_as_none() {
    let mut inputs = inputs();
    assert_eq!(refusal(located(&inputs)).0, "odom_missing");
    let mut broken = odometry();
    broken.pose.pose.position.x = f64::NAN;
    assert_eq!(refusal(inputs.take_odometry(&broken, NOW, 0.0)).0, "not_finite");
    let (name, text) = refusal(located(&inputs));
    assert_eq!(name, "odom_refused");
    assert!(text.contains("`pose.pose.position.x`: expected a finite number, got NaN"), "{text}");
    assert!(!text.contains("use_sim_time"), "{text}");
    // Simulated stamps for a node on the system's clock, and the other way round.
    for stamp in [Time { sec: 1_700_000_000, nanosec: 0 }, Time { sec: 1, nanosec: 0 }] {
        let now = RosTime::from_nanos(1_000_000_000_000_000_000);
        let mut other = odometry();
        other.header.stamp = stamp;
        assert!(inputs.take_odometry(&other, now, 0.0).is_err());
        let (name, text) = refusal(located(&inputs));
        assert!(name == "odom_refused" && text.contains("is use_sim_time the same on all nodes"), "{name}: {text}");
    }
    inputs.take_transform(&transform("map", "odom", NOW), true, NOW).expect("sound");
    inputs.clear_timed();
    inputs.take_odometry(&odometry(), NOW, 0.0).expect("sound");
    assert!(located(&inputs).is_ok());
}

#[test]
fn a_refused_transform_on_the_way_to_the_map_takes_the_one_before_away() {
    let broken = |parent, child| {
        let mut message = transform(parent, child, NOW);
        message.transform.translation.y = f64::NAN;
        message
    };
    for is_static in [true, false] {
        let mut inputs = inputs();
        inputs.take_odometry(&odometry(), NOW, 0.0).expect("sound");
        // Refused from the first on.
        assert!(inputs.take_transform(&broken("map", "odom"), is_static, NOW).is_err());
        let (name, text) = refusal(located(&inputs));
        assert!(name == "tf_refused" && text.contains("as tf_invalid (1 since"), "{name}: {text}");
        let good = transform("map", "odom", NOW);
        inputs.take_transform(&good, is_static, NOW).expect("sound");
        assert!(located(&inputs).is_ok());
        // Refused after a good one, with and without a slash.
        for child in ["odom", "/odom"] {
            assert!(inputs.take_transform(&broken("map", child), is_static, NOW).is_err());
            assert_eq!(refusal(located(&inputs)).0, "tf_refused");
            let mut goal = PoseStamped::default();
            (goal.header.frame_id, goal.pose.orientation.w) = ("odom".to_owned(), 1.0);
            assert_eq!(refusal(inputs.goal("goal", &goal)).0, "tf_refused");
            inputs.take_transform(&good, is_static, NOW).expect("sound");
            assert!(located(&inputs).is_ok() && inputs.goal("goal", &goal).is_ok());
        }
        // Frames beside the way, and above the map.
        for (parent, child) in [("odom", "camera"), ("earth", "map")] {
            assert!(inputs.take_transform(&broken(parent, child), is_static, NOW).is_err());
        }
        assert!(located(&inputs).is_ok());
        // Time jumps: what moves is forgotten, with its refusals.
        assert!(inputs.take_transform(&broken("map", "odom"), is_static, NOW).is_err());
        inputs.clear_timed();
        inputs.take_odometry(&odometry(), NOW, 0.0).expect("sound");
        assert_eq!(refusal(located(&inputs)).0, if is_static { "tf_refused" } else { "tf_unknown_frame" });
    }
}

#[test]
fn a_transform_that_is_refused_while_a_plan_is_made_keeps_it_back() {
    let mut inputs = inputs();
    inputs.take_odometry(&odometry(), NOW, 0.0).expect("sound");
    for (parent, child) in [("map", "odom"), ("map", "dock")] {
        inputs.take_transform(&transform(parent, child, NOW), true, NOW).expect("sound");
    }
    let (map, dock) = (["map".to_owned()], ["/dock".to_owned()]);
    assert!(inputs.check_frames(&map, false).is_ok() && inputs.check_frames(&dock, true).is_ok());
    let mut broken = transform("map", "odom", NOW);
    broken.transform.rotation.w = f64::NAN;
    assert!(inputs.take_transform(&broken, true, NOW).is_err());
    assert_eq!(refusal(inputs.check_frames(&map, false)).0, "tf_refused");
    assert!(inputs.check_frames(&dock, true).is_ok(), "not by way of that frame");
    broken.child_frame_id = "dock".to_owned();
    assert!(inputs.take_transform(&broken, true, NOW).is_err());
    assert_eq!(refusal(inputs.check_frames(&dock, true)).0, "tf_refused");
}

#[test]
fn transforms_that_cannot_be_heard_are_named_where_a_frame_is_missing() {
    let mut inputs = inputs();
    inputs.take_odometry(&odometry(), NOW, 0.0).expect("sound");
    assert!(!refusal(located(&inputs)).1.contains("does not fit"));
    inputs.note_transform_mismatch("/tf", "the reader asks for reliable, the writer offers best effort");
    let (name, text) = refusal(located(&inputs));
    assert_eq!(name, "tf_unknown_frame");
    assert!(text.contains("got `map`\nhint: ") && text.contains("does not fit: /tf: the reader asks"), "{text}");
}

#[test]
fn a_transform_that_would_close_a_loop_takes_the_way_through_it_away() {
    for child in ["map", "odom"] {
        let mut inputs = inputs();
        inputs
            .take_odometry(
                &Odometry { header: Header { frame_id: "base".to_owned(), ..odometry().header }, ..odometry() },
                NOW,
                0.0,
            )
            .expect("sound");
        let sound = [("map", "odom"), ("odom", "base")].map(|(parent, child)| transform(parent, child, NOW));
        let accept = |inputs: &mut Inputs| {
            sound.iter().for_each(|transform| _ = inputs.take_transform(transform, true, NOW).expect("sound"));
            assert!(located(inputs).is_ok());
        };
        accept(&mut inputs);
        assert!(inputs.take_transform(&transform("base", child, NOW), true, NOW).is_err());
        let (name, text) = refusal(located(&inputs));
        assert!(name == "tf_refused" && text.contains("as tf_loop"), "{name}: {text}");
        accept(&mut inputs);
        // A goal's frame that no message has named has nothing to do with it.
        assert!(inputs.take_transform(&transform("base", child, NOW), true, NOW).is_err());
        let mut goal = PoseStamped::default();
        (goal.header.frame_id, goal.pose.orientation.w) = ("dock".to_owned(), 1.0);
        assert_eq!(refusal(inputs.goal("goal", &goal)).0, "tf_unknown_frame");
    }
}

#[test]
fn odometry_of_another_unit_is_refused_by_its_speed() {
    let mut inputs = inputs();
    inputs.take_transform(&transform("map", "odom", NOW), true, NOW).expect("sound");
    let mut message = odometry();
    message.twist.twist.linear.x = 500.0;
    let (name, text) = refusal(inputs.take_odometry(&message, NOW, 0.0));
    assert!(name == "odom_speed" && text.contains("got 500.000 m/s\nhint: parameter max_speed_mps"), "{name}: {text}");
    assert_eq!(refusal(located(&inputs)).0, "odom_refused");
}

#[test]
fn a_straggler_and_a_frame_below_itself_take_no_transform_away() {
    let mut inputs = inputs();
    inputs.take_odometry(&odometry(), NOW, 0.0).expect("sound");
    inputs.take_transform(&transform("map", "odom", NOW), false, NOW).expect("sound");
    let straggler = transform("elsewhere", "odom", RosTime::ZERO);
    assert_eq!(inputs.take_transform(&straggler, false, NOW).map_err(|error| error.name()), Err("tf_old"));
    assert!(inputs.take_transform(&transform("/odom", "odom", NOW), false, NOW).is_err());
    assert!(located(&inputs).is_ok());
}

#[test]
fn time_that_is_missing_or_refused_is_named() {
    let clock = Clock::new(ClockSource::Simulated);
    let mut inputs = inputs_on(clock.clone());
    inputs.take_transform(&transform("map", "odom", NOW), true, NOW).expect("sound");
    inputs.take_odometry(&odometry(), NOW, 0.0).expect("sound");
    assert_eq!(refusal(located(&inputs)).0, "clock_missing");
    clock.on_clock_message(NOW);
    inputs.take_clock(None);
    assert!(located(&inputs).is_ok());
    inputs.take_clock(Some(&StampError::Nanoseconds { nanosec: 2_000_000_000 }));
    let (name, text) = refusal(located(&inputs));
    assert!(name == "clock_refused" && text.contains("got 2000000000"), "{name}: {text}");
    clock.set_source(ClockSource::System);
    assert!(located(&inputs).is_ok(), "the system's time does not depend on it");
    clock.set_source(ClockSource::Simulated);
    clock.on_clock_message(NOW);
    inputs.take_clock(None);
    assert!(located(&inputs).is_ok());
}

#[test]
fn a_map_that_cannot_be_heard_is_named() {
    let (mut inputs, parameters) = (inputs(), NodeParameters::maze().planner);
    assert!(refusal(inputs.world(&parameters, NOW)).1.contains("got none yet"));
    inputs.note_map_mismatch("the reader asks for reliable, the writer offers best effort");
    let (name, text) = refusal(inputs.world(&parameters, NOW));
    assert!(name == "map_missing" && text.contains("the writer offers best effort"), "{text}");
    inputs.take_map(&map(), NOW, true).expect("a maze");
    assert!(inputs.map_is_volatile() && inputs.world(&parameters, NOW).is_ok());
}
