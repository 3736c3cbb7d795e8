//! The transform buffer against closed forms, random trees and hostile input.

use super::frames::MAX_NAME_BYTES;
use super::*;
use crate::messages::builtin_interfaces::Time;
use crate::messages::geometry_msgs::TransformStamped;
use crate::time::{RosTime, StampError};
use proptest::prelude::*;

fn at(secs: f64) -> RosTime {
    RosTime::from_secs_f64(secs).expect("a time")
}

/// A buffer where `parent -> child` moves along x at 1 m/s and turns at 0.5 rad/s, sampled at the seconds given.
fn moving(seconds: &[u8]) -> TransformBuffer {
    let mut buffer = TransformBuffer::default();
    for &second in seconds {
        assert_eq!(put(&mut buffer, "odom", "base", f64::from(second)), Ok(Inserted::Added));
    }
    buffer
}

fn pose_at(secs: f64) -> Transform {
    Transform::from_xy_yaw(secs, 0.0, 0.5 * secs)
}

fn put(buffer: &mut TransformBuffer, parent: &str, child: &str, secs: f64) -> Result<Inserted, TransformError> {
    buffer.insert(parent, child, at(secs), pose_at(secs), false)
}

fn put_static(buffer: &mut TransformBuffer, parent: &str, child: &str, x: f64) -> Result<Inserted, TransformError> {
    buffer.insert(parent, child, RosTime::ZERO, Transform::from_xy_yaw(x, 0.0, 0.0), true)
}

fn gap(a: Transform, b: Transform) -> f64 {
    let linear: f64 = a.translation.iter().zip(b.translation).map(|(a, b)| (a - b).abs()).sum();
    linear + a.rotation.angle_to(b.rotation)
}

fn error_name(result: Result<impl std::fmt::Debug, TransformError>) -> &'static str {
    result.expect_err("a fault").name()
}

#[test]
fn exact_at_samples_and_closed_form_between() {
    let buffer = moving(&[3, 1, 2]);
    for secs in [1.0, 2.0, 3.0] {
        let found = buffer.lookup("odom", "base", LookupTime::At(at(secs))).expect("a sample");
        assert!(gap(found.target_from_source, pose_at(secs)) < 1e-15);
        assert_eq!(found.target_from_source.translation, [secs, 0.0, 0.0]);
        assert_eq!((found.stamp, found.is_static), (at(secs), false));
    }
    for secs in [1.25, 1.5, 2.999] {
        let found = buffer.lookup("odom", "base", LookupTime::At(at(secs))).expect("between samples");
        assert!(gap(found.target_from_source, pose_at(secs)) < 1e-12);
        let back = buffer.lookup("base", "odom", LookupTime::At(at(secs))).expect("the other way");
        assert!(gap(back.target_from_source, pose_at(secs).inverse()) < 1e-12);
    }
    assert_eq!(buffer.lookup("odom", "base", LookupTime::Latest).map(|found| found.stamp), Ok(at(3.0)));
}

#[test]
fn nothing_is_extrapolated() {
    let buffer = moving(&[1, 2]);
    let (requested, frame) = (at(0.999), "base".to_owned());
    let past = TransformError::ExtrapolationIntoPast { frame: frame.clone(), requested, oldest: at(1.0) };
    assert_eq!(buffer.lookup("odom", "base", LookupTime::At(requested)), Err(past));
    let requested = at(2.001);
    let future = TransformError::ExtrapolationIntoFuture { frame, requested, newest: at(2.0) };
    assert_eq!(buffer.lookup("base", "odom", LookupTime::At(requested)), Err(future));
}

#[test]
fn latest_is_the_newest_common_time() {
    let mut buffer = moving(&[1, 2, 3]);
    for secs in [1.0, 2.5] {
        assert_eq!(put(&mut buffer, "map", "odom", secs), Ok(Inserted::Added));
    }
    assert_eq!(put_static(&mut buffer, "base", "lidar", 0.2), Ok(Inserted::Added));
    let found = buffer.lookup("map", "lidar", LookupTime::Latest).expect("connected");
    let expected = pose_at(2.5) * pose_at(2.5) * Transform::from_xy_yaw(0.2, 0.0, 0.0);
    assert_eq!((found.stamp, found.is_static), (at(2.5), false));
    assert!(gap(found.target_from_source, expected) < 1e-12);
    // One edge ended before the other began: no time in common.
    let mut apart = moving(&[8, 9]);
    assert_eq!(put(&mut apart, "map", "odom", 2.0), Ok(Inserted::Added));
    assert_eq!(error_name(apart.lookup("map", "base", LookupTime::Latest)), "tf_extrapolation_into_past");
}

#[test]
fn static_transforms_hold_at_all_times_and_never_age() {
    let mut buffer = TransformBuffer::default();
    assert_eq!(put_static(&mut buffer, "base", "lidar", 0.2), Ok(Inserted::Added));
    assert_eq!(put_static(&mut buffer, "base", "lidar", 0.3), Ok(Inserted::Replaced));
    let found = buffer.lookup("base", "lidar", LookupTime::At(at(1e6))).expect("static");
    assert_eq!((found.target_from_source.translation, found.stamp), ([0.3, 0.0, 0.0], at(1e6)));
    assert!(buffer.lookup_fresh("lidar", "base", at(1e6), 0.1).is_ok_and(|found| found.is_static));
}

#[test]
fn unknown_and_unconnected_frames_are_named() {
    let mut buffer = moving(&[1]);
    assert_eq!(put_static(&mut buffer, "shelf", "box", 1.0), Ok(Inserted::Added));
    let unknown = TransformError::UnknownFrame { frame: "map".to_owned() };
    assert_eq!(buffer.lookup("map", "base", LookupTime::Latest), Err(unknown.clone()));
    assert_eq!(buffer.lookup("base", "map", LookupTime::Latest), Err(unknown));
    assert_eq!(error_name(buffer.lookup("", "", LookupTime::Latest)), "tf_unknown_frame");
    let error = buffer.lookup("odom", "box", LookupTime::Latest).expect_err("two trees");
    assert_eq!(error, TransformError::NotConnected { target: "odom".to_owned(), source_frame: "box".to_owned() });
    assert!(error.to_string().contains("`odom` and `box`"));
    let same = buffer.lookup("map", "/map", LookupTime::At(at(4.0))).expect("itself");
    assert_eq!((same.target_from_source, same.stamp), (Transform::IDENTITY, at(4.0)));
}

#[test]
fn an_old_or_future_transform_is_not_fresh() {
    let buffer = moving(&[10]);
    assert!(buffer.lookup_fresh("odom", "base", at(10.2), 0.2).is_ok());
    let error = buffer.lookup_fresh("odom", "base", at(10.5), 0.2).expect_err("old");
    assert_eq!(error, TransformError::Old { frame: "base".to_owned(), age_secs: 0.5, limit_secs: 0.2 });
    assert_eq!(error_name(buffer.lookup_fresh("odom", "base", at(10.0), f64::NAN)), "tf_old");
    assert!(buffer.lookup_fresh("odom", "base", at(9.0), 0.2).is_ok(), "post-dated by a second");
    assert_eq!(error_name(buffer.lookup_fresh("odom", "base", at(4.0), 0.2)), "tf_future");
}

#[test]
fn broken_transforms_are_refused() {
    let mut buffer = moving(&[1]);
    let good = pose_at(2.0);
    let translated = |translation| Transform { translation, ..good };
    let rotated = |x, w| Transform { rotation: Quaternion { x, y: 0.0, z: 0.0, w }, ..good };
    let broken = [
        translated([f64::NAN, 0.0, 0.0]),
        translated([0.0, f64::INFINITY, 0.0]),
        rotated(f64::NAN, 1.0),
        rotated(0.0, 0.0),
        rotated(0.0, 1.0051),
        rotated(0.0, 0.9949),
        rotated(0.72, 0.72),
        rotated(1e300, 1.0),
    ];
    for transform in broken {
        assert_eq!(error_name(buffer.insert("odom", "base", at(2.0), transform, false)), "tf_invalid", "{transform:?}");
        assert_eq!(error_name(buffer.insert("base", "lidar", at(2.0), transform, true)), "tf_invalid");
    }
    let long = "a".repeat(MAX_NAME_BYTES + 1);
    for (parent, child) in [("", "a"), ("a", ""), ("/", "a"), ("a", "a"), ("/a", "a"), ("a", &long), (&long, "a")] {
        assert_eq!(error_name(put(&mut buffer, parent, child, 2.0)), "tf_invalid", "{parent} {child}");
    }
    assert_eq!(buffer.counts(), TransformCounts { accepted: 1, refused: 23, ..TransformCounts::default() });
    assert_eq!(buffer.frame_count(), 2);
    assert_eq!(buffer.lookup("odom", "base", LookupTime::Latest).map(|found| found.stamp), Ok(at(1.0)));
}

#[test]
fn finite_edges_whose_product_overflows_are_no_answer() {
    let mut buffer = TransformBuffer::default();
    for (parent, child) in [("map", "odom"), ("odom", "base")] {
        assert_eq!(put_static(&mut buffer, parent, child, f64::MAX), Ok(Inserted::Added));
    }
    assert_eq!(error_name(buffer.lookup("map", "base", LookupTime::Latest)), "tf_invalid");
}

#[test]
fn nearly_a_unit_quaternion_is_normalised_and_slashes_are_dropped() {
    let mut buffer = TransformBuffer::default();
    let rotation = Quaternion { w: 1.0009, ..Quaternion::IDENTITY };
    let transform = Transform { translation: [0.0; 3], rotation };
    assert_eq!(buffer.insert("/map", "//odom", at(1.0), transform, false), Ok(Inserted::Added));
    let found = buffer.lookup("map", "/odom", LookupTime::Latest).expect("without slashes");
    assert_eq!(found.target_from_source.rotation, Quaternion::IDENTITY);
}

#[test]
fn messages_with_broken_stamps_are_refused() {
    let mut buffer = TransformBuffer::default();
    let mut message = TransformStamped { transform: pose_at(1.5).into(), ..TransformStamped::default() };
    (message.header.frame_id, message.child_frame_id) = ("odom".to_owned(), "base".to_owned());
    message.header.stamp = Time { sec: 1, nanosec: 1_000_000_000 };
    let fault = StampError::Nanoseconds { nanosec: 1_000_000_000 };
    let error = TransformError::Stamp { frame: "base".to_owned(), fault };
    assert_eq!(buffer.insert_message(&message, false), Err(error));
    message.header.stamp.nanosec = 500_000_000;
    assert_eq!(buffer.insert_message(&message, false), Ok(Inserted::Added));
    assert_eq!(buffer.lookup("odom", "base", LookupTime::Latest).map(|found| found.stamp), Ok(at(1.5)));
    assert_eq!(buffer.counts(), TransformCounts { accepted: 1, refused: 1, ..TransformCounts::default() });
}

#[test]
fn equal_stamps_replace_and_old_samples_are_dropped() {
    let mut buffer = moving(&[1, 5, 20]);
    assert_eq!(buffer.edges().map(|edge| edge.samples).collect::<Vec<_>>(), [1], "20 s leaves nothing older than 10");
    let elsewhere = Transform::from_xy_yaw(7.0, 7.0, 0.0);
    assert_eq!(buffer.insert("odom", "base", at(20.0), elsewhere, false), Ok(Inserted::Replaced));
    let found = buffer.lookup("odom", "base", LookupTime::At(at(20.0))).expect("replaced");
    assert_eq!(found.target_from_source, elsewhere);
    let error = put(&mut buffer, "odom", "base", 9.5).expect_err("old");
    assert_eq!(error, TransformError::Old { frame: "base".to_owned(), age_secs: 10.5, limit_secs: 10.0 });
    assert_eq!(put(&mut buffer, "odom", "base", 10.0), Ok(Inserted::Added));
}

#[test]
fn loops_are_refused_and_leave_the_tree_as_it_was() {
    let mut buffer = TransformBuffer::default();
    for (parent, child) in [("map", "odom"), ("odom", "base"), ("base", "lidar")] {
        assert_eq!(put_static(&mut buffer, parent, child, 1.0), Ok(Inserted::Added));
    }
    let error = put(&mut buffer, "lidar", "odom", 1.0).expect_err("a loop");
    let frames: Vec<_> = ["odom", "lidar", "base", "odom"].map(str::to_owned).into();
    assert_eq!(error, TransformError::Loop { frames });
    assert!(error.to_string().ends_with("odom <- lidar <- base <- odom"), "{error}");
    assert_eq!(error_name(put_static(&mut buffer, "lidar", "map", 1.0)), "tf_loop");
    let found = buffer.lookup("map", "lidar", LookupTime::Latest).expect("still there");
    assert_eq!(found.target_from_source.translation, [3.0, 0.0, 0.0]);
}

#[test]
fn a_new_parent_is_taken_and_counted_but_a_straggler_is_not() {
    let mut buffer = moving(&[1, 2]);
    let previous = "odom".to_owned();
    assert_eq!(put(&mut buffer, "wheel_odom", "base", 3.0), Ok(Inserted::Reparented { previous }));
    let frames = buffer.frame_count();
    let error = put(&mut buffer, "odom", "base", 2.5).expect_err("late");
    assert_eq!(error.name(), "tf_old");
    assert_eq!(error_name(put(&mut buffer, "new", "base", 2.5)), "tf_old");
    assert_eq!(buffer.frame_count(), frames);
    assert_eq!(error_name(buffer.lookup("odom", "base", LookupTime::Latest)), "tf_not_connected");
    assert!(buffer.lookup("wheel_odom", "base", LookupTime::Latest).is_ok());
    // From moving to static and back also starts anew.
    let wheel = || "wheel_odom".to_owned();
    assert_eq!(put_static(&mut buffer, "wheel_odom", "base", 1.0), Ok(Inserted::Reparented { previous: wheel() }));
    assert_eq!(put(&mut buffer, "wheel_odom", "base", 1.0), Ok(Inserted::Reparented { previous: wheel() }));
    assert_eq!(buffer.counts().reparented, 3);
}

#[test]
fn a_stamp_from_the_future_does_not_poison_the_history() {
    let mut buffer = moving(&[1]);
    buffer.set_now(at(2.0));
    let error = put(&mut buffer, "odom", "base", 1e6).expect_err("far ahead");
    assert!(matches!(error, TransformError::Future { limit_secs: 5.0, .. }), "{error:?}");
    assert_eq!(put(&mut buffer, "odom", "base", 2.0), Ok(Inserted::Added));
    assert_eq!(put(&mut buffer, "map", "odom", 3.0), Ok(Inserted::Added), "post-dated as localisation does");
    assert_eq!(buffer.insert("base", "arm", at(1e6), pose_at(0.0), true), Ok(Inserted::Added), "static");
}

#[test]
fn a_jump_back_forgets_what_moves() {
    let mut buffer = moving(&[100, 101]);
    assert_eq!(put(&mut buffer, "map", "odom", 101.0), Ok(Inserted::Added));
    assert_eq!(put_static(&mut buffer, "base", "lidar", 0.2), Ok(Inserted::Added));
    buffer.set_now(at(101.0));
    assert_eq!(error_name(put(&mut buffer, "odom", "base", 1.0)), "tf_old");
    buffer.clear_dynamic();
    let offset = buffer.lookup("base", "lidar", LookupTime::Latest).map(|found| found.target_from_source.translation);
    assert_eq!(offset, Ok([0.2, 0.0, 0.0]));
    assert_eq!(error_name(buffer.lookup("odom", "lidar", LookupTime::Latest)), "tf_unknown_frame");
    assert_eq!(put(&mut buffer, "odom", "base", 1.0), Ok(Inserted::Added));
    assert_eq!(buffer.lookup("odom", "lidar", LookupTime::Latest).map(|found| found.stamp), Ok(at(1.0)));
    assert_eq!((buffer.frame_count(), buffer.edges().count()), (3, 2));
}

#[test]
fn a_flood_is_bounded() {
    let settings = TransformSettings { max_samples: 50, max_frames: 20, ..TransformSettings::default() };
    let mut buffer = TransformBuffer::new(settings);
    for index in 0..2000_u32 {
        assert!(put(&mut buffer, "odom", "base", 1.0 + f64::from(index) * 1e-4).is_ok());
        let _ = put(&mut buffer, "odom", &format!("child_{index}"), 1.0);
        let _ = put(&mut buffer, &format!("parent_{index}"), "lost", 1.0 + f64::from(index));
    }
    assert!(buffer.is_crowded() && buffer.frame_count() <= 4003, "until it is known what is used");
    buffer.trim();
    assert!(!buffer.is_crowded() && buffer.frame_count() <= 20);
    for index in 0..2000_u32 {
        let child = format!("other_{index}");
        assert!(put(&mut buffer, "odom", &child, 1.0).is_ok() && buffer.frame_count() <= 20);
    }
    assert_eq!(put(&mut buffer, "odom", "one_more", 1.0), Ok(Inserted::Unused));
    assert!(buffer.edges().all(|edge| edge.samples <= 50));
    assert!(put(&mut buffer, "odom", "base", 1.3).is_ok(), "fifty of them");
    assert_eq!(error_name(put(&mut buffer, "odom", "base", 1.1)), "tf_old", "before a full history");
    buffer.clear_dynamic();
    assert_eq!(buffer.frame_count(), 0);
}

#[test]
fn a_fleets_frames_do_not_push_out_those_in_use() {
    let unrelated = |buffer: &mut TransformBuffer, count: u32| {
        for index in 0..count {
            let child = format!("robot_{index}/odom");
            assert!(put_static(buffer, "map", &child, 1.0).is_ok());
        }
    };
    // Known before the flood, after it, and with the odometry's frame requested before or after.
    for (requested_first, flood_first, deep) in
        [(true, true, false), (true, false, true), (false, true, true), (false, false, false)]
    {
        let mut buffer = TransformBuffer::new(TransformSettings { max_frames: 50, ..TransformSettings::default() });
        buffer.request("/map");
        let request = |buffer: &mut TransformBuffer| buffer.request("odom");
        let connect = |buffer: &mut TransformBuffer| {
            if deep {
                put_static(buffer, "map", "site", 1.0).expect("kept");
                put_static(buffer, "site", "odom", 1.0).expect("kept");
            } else {
                put_static(buffer, "map", "odom", 2.0).expect("kept");
            }
        };
        if requested_first {
            request(&mut buffer);
        }
        if flood_first {
            unrelated(&mut buffer, 1200);
            connect(&mut buffer);
        } else {
            connect(&mut buffer);
            unrelated(&mut buffer, 1200);
        }
        request(&mut buffer);
        let x = |buffer: &TransformBuffer| {
            buffer.lookup("map", "odom", LookupTime::Latest).map(|found| found.target_from_source.translation[0])
        };
        assert_eq!(x(&buffer), Ok(2.0));
        buffer.trim();
        unrelated(&mut buffer, 100_000);
        assert_eq!(x(&buffer), Ok(2.0));
        assert!(buffer.frame_count() <= 50 && buffer.counts().unused > 100_000, "{:?}", buffer.counts());
        // A frame that was dropped is named as such, and kept once it is requested and comes again.
        let lost = buffer.lookup("map", "robot_1100/odom", LookupTime::Latest);
        assert_eq!(error_name(lost), "tf_too_many_frames");
        buffer.request("robot_1100/odom");
        unrelated(&mut buffer, 1200);
        assert!(buffer.lookup("odom", "robot_1100/odom", LookupTime::Latest).is_ok());
        assert!(buffer.frame_count() <= 50);
    }
}

#[test]
fn parents_without_end_above_a_frame_in_use_are_bounded() {
    let mut buffer = TransformBuffer::new(TransformSettings { max_frames: 20, ..TransformSettings::default() });
    buffer.request("odom");
    buffer.trim();
    for index in 0..1000_u32 {
        let parent = format!("parent_{index}");
        assert!(put(&mut buffer, &parent, "odom", 1.0 + f64::from(index)).is_ok());
        assert!(buffer.frame_count() <= 20);
    }
    // A chain that is in use from end to end has to end.
    let names = (0..30).map(|index| put_static(&mut buffer, &format!("up_{}", index + 1), &format!("up_{index}"), 0.0));
    let _ = names.collect::<Vec<_>>();
    put(&mut buffer, "up_0", "odom", 5000.0).expect("the newest parent");
    let refused =
        (0..30).map(|index| put_static(&mut buffer, &format!("up_{}", index + 1), &format!("up_{index}"), 0.0));
    assert!(refused.filter_map(Result::err).any(|error| error.name() == "tf_too_many_frames"));
    assert!(buffer.frame_count() <= 20);
}

#[test]
fn with_many_frames_histories_are_short_but_for_those_in_use() {
    let mut buffer = TransformBuffer::default();
    buffer.request("robot_7");
    for step in 0..30_u32 {
        for index in 0..9_000_u32 {
            put(&mut buffer, "map", &format!("robot_{index}"), 1.0 + f64::from(step) * 0.01).expect("kept");
        }
    }
    let samples = |child: &str| buffer.edges().find(|edge| edge.child == child).map(|edge| edge.samples);
    assert_eq!(samples("robot_7"), Some(30));
    assert_eq!(samples("robot_8"), Some(200_000 / 9_001));
}

#[test]
fn a_static_transform_with_a_stamp_that_is_none_holds() {
    let mut buffer = TransformBuffer::default();
    let mut message = TransformStamped::default();
    (message.header.frame_id, message.child_frame_id) = ("/map".to_owned(), "odom".to_owned());
    message.header.stamp = Time { sec: -1, nanosec: u32::MAX };
    (message.transform.rotation.z, message.transform.rotation.w) = (0.71, 0.71);
    assert_eq!(buffer.insert_message(&message, true), Ok(Inserted::Added));
    let odd: Vec<_> = buffer.oddities().iter().map(|oddity| oddity.name()).collect();
    assert_eq!(odd, ["frame_slash", "not_normalised"]);
    let found = buffer.lookup("map", "odom", LookupTime::Latest).expect("static").target_from_source;
    assert!((found.yaw() - std::f64::consts::FRAC_PI_2).abs() < 1e-12);
    assert_eq!(error_name(buffer.insert_message(&message, false)), "tf_stamp");
}

#[test]
fn a_chain_of_100_frames() {
    let mut buffer = TransformBuffer::default();
    let step = Transform::from_xy_yaw(0.1, 0.02, 0.03);
    let mut expected = Transform::IDENTITY;
    for index in 0..100 {
        let (parent, child) = (format!("f{index}"), format!("f{}", index + 1));
        assert_eq!(buffer.insert(&parent, &child, at(1.0), step, index % 2 == 0), Ok(Inserted::Added));
        expected = expected * step;
    }
    let found = buffer.lookup("f0", "f100", LookupTime::Latest).expect("connected");
    assert!(gap(found.target_from_source, expected) < 1e-12);
    let back = buffer.lookup("f100", "f0", LookupTime::At(at(1.0))).expect("connected");
    assert!(gap(back.target_from_source * expected, Transform::IDENTITY) < 1e-12);
    assert!((found.target_from_source.rotation.norm() - 1.0).abs() < 1e-11);
}

fn any_transform() -> impl Strategy<Value = Transform> {
    let component = || -1.0..1.0_f64;
    (prop::array::uniform3(-10.0..10.0_f64), (component(), component(), component(), component())).prop_filter_map(
        "a rotation",
        |(translation, (x, y, z, w))| {
            let rotation = Quaternion { x, y, z, w };
            (rotation.norm() > 1e-3).then(|| rotation.normalized())?.map(|rotation| Transform { translation, rotation })
        },
    )
}

/// Parents by index (0 is the root) and the edges to them.
fn any_tree() -> impl Strategy<Value = Vec<(usize, Transform, bool)>> {
    prop::collection::vec((any::<prop::sample::Index>(), any_transform(), any::<bool>()), 1..20).prop_map(|edges| {
        edges
            .into_iter()
            .enumerate()
            .map(|(child, (parent, edge, fixed))| (parent.index(child + 1), edge, fixed))
            .collect()
    })
}

proptest! {
    #[test]
    fn composition_and_inverse(a in any_transform(), b in any_transform(), c in any_transform()) {
        prop_assert!(gap((a * b) * c, a * (b * c)) < 1e-9);
        prop_assert!(gap(a * a.inverse(), Transform::IDENTITY) < 1e-9);
        prop_assert!(gap((a * b).inverse(), b.inverse() * a.inverse()) < 1e-9);
        prop_assert!(gap(a * Transform::IDENTITY, a) < 1e-12);
        let point = c.translation;
        let direct = (a * b).apply_to_point(point);
        let stepwise = a.apply_to_point(b.apply_to_point(point));
        prop_assert!(direct.iter().zip(stepwise).all(|(x, y)| (x - y).abs() < 1e-9));
    }

    #[test]
    fn interpolation_is_exact_at_both_ends_and_even_between(a in any_transform(), b in any_transform(), share in 0.0..=1.0) {
        prop_assert_eq!(a.interpolate(b, 0.0), a);
        prop_assert_eq!(a.interpolate(b, 1.0), b);
        let between = a.interpolate(b, share);
        prop_assert!((between.rotation.norm() - 1.0).abs() < 1e-12);
        let whole = a.rotation.angle_to(b.rotation);
        prop_assert!((a.rotation.angle_to(between.rotation) - share * whole).abs() < 1e-6);
    }

    #[test]
    fn lookups_in_random_trees_compose(tree in any_tree(), picks in any::<[prop::sample::Index; 3]>()) {
        let mut buffer = TransformBuffer::default();
        let mut root_from = vec![Transform::IDENTITY];
        for (child, &(parent, edge, fixed)) in tree.iter().enumerate() {
            let names = (format!("f{parent}"), format!("f{}", child + 1));
            prop_assert_eq!(buffer.insert(&names.0, &names.1, at(1.0), edge, fixed), Ok(Inserted::Added));
            root_from.push(root_from[parent] * edge);
        }
        let [a, b, c] = picks.map(|pick| pick.index(root_from.len()));
        let look = |target: usize, source: usize| {
            buffer.lookup(&format!("f{target}"), &format!("f{source}"), LookupTime::Latest).map(|found| found.target_from_source)
        };
        let (ac, ab, bc) = (look(a, c)?, look(a, b)?, look(b, c)?);
        prop_assert!(gap(ac, ab * bc) < 1e-6);
        prop_assert!(gap(ac, root_from[a].inverse() * root_from[c]) < 1e-6);
    }

    #[test]
    fn exactly_the_edges_that_close_a_loop_are_refused(edges in prop::collection::vec((0..8_usize, 0..8_usize), 1..60)) {
        let mut buffer = TransformBuffer::default();
        let mut parents = [None; 8];
        for (parent, child) in edges {
            let mut ancestors = std::iter::successors(Some(parent), |&frame| parents[frame]);
            let loops = ancestors.any(|frame| frame == child);
            let inserted = put(&mut buffer, &format!("f{parent}"), &format!("f{child}"), 1.0);
            let refused = loops.then_some(if parent == child { "tf_invalid" } else { "tf_loop" });
            prop_assert_eq!(inserted.err().map(|error| error.name()), refused);
            if !loops {
                parents[child] = Some(parent);
            }
        }
        for target in 0..8 {
            for source in 0..8 {
                // Ends, whatever the answer.
                let _ = buffer.lookup(&format!("f{target}"), &format!("f{source}"), LookupTime::Latest);
            }
        }
    }

    #[test]
    fn any_order_of_insertion_gives_the_same_answers(order in Just((0..20_u8).collect::<Vec<_>>()).prop_shuffle(), secs in 0.0..19.0_f64) {
        let settings = TransformSettings { history_secs: 100.0, ..TransformSettings::default() };
        let mut buffer = TransformBuffer::new(settings);
        for second in order {
            prop_assert_eq!(put(&mut buffer, "odom", "base", f64::from(second)), Ok(Inserted::Added));
        }
        let found = buffer.lookup("odom", "base", LookupTime::At(at(secs)))?;
        prop_assert!(gap(found.target_from_source, pose_at(secs)) < 1e-8);
    }

    #[test]
    fn no_input_panics(
            numbers in prop::array::uniform7(prop::num::f64::ANY),
            stamps in any::<[i64; 3]>(),
            fixed in any::<bool>(),
            now in any::<Option<i64>>(),
            names in any::<[u8; 4]>(),
        ) {
        let mut buffer = TransformBuffer::default();
        let [x, y, z, qx, qy, qz, qw] = numbers;
        let rotation = Quaternion { x: qx, y: qy, z: qz, w: qw };
        let [first, second, asked] = stamps.map(RosTime::from_nanos);
        let [a, b, c, d] = names.map(|name| format!("f{}", name % 4));
        if let Some(now) = now {
            buffer.set_now(RosTime::from_nanos(now));
        }
        let _ = buffer.insert(&a, &b, first, Transform { translation: [x, y, z], rotation }, fixed);
        let unit = Transform { translation: [x, y, z], ..Transform::IDENTITY };
        let _ = buffer.insert(&c, &d, first, unit, fixed);
        let _ = buffer.insert(&c, &d, second, unit, false);
        for (target, source) in [(&a, &d), (&c, &d), (&b, &c)] {
            for time in [LookupTime::At(asked), LookupTime::Latest] {
                let found = buffer.lookup(target, source, time);
                prop_assert!(found.is_err() || found.is_ok_and(|found| found.target_from_source.is_finite()));
            }
            let _ = buffer.lookup_fresh(target, source, asked, x);
        }
    }
}

#[test]
fn the_frames_of_a_lookup_are_those_below_the_common_one() {
    let mut buffer = TransformBuffer::default();
    for (parent, child) in [("earth", "map"), ("map", "odom"), ("odom", "base"), ("base", "camera"), ("x", "y")] {
        put_static(&mut buffer, parent, child, 0.0).expect("sound");
    }
    for (target, source, frames) in [
        ("map", "base", vec!["base", "odom"]),
        ("map", "/odom", vec!["odom"]),
        ("camera", "odom", vec!["camera", "base"]),
        ("map", "map", vec![]),
        ("map", "y", vec!["y", "x", "map", "earth"]),
        ("map", "new", vec!["new", "map", "earth"]),
        ("new", "new", vec![]),
    ] {
        assert_eq!(buffer.frames_between(target, source).collect::<Vec<_>>(), frames, "{target} from {source}");
    }
}
