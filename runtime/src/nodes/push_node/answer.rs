//! A checked push as the action's result: force, contact and the simulated motion, each with its frame.

use super::failure::{PushErrorCode, PushFailure};
use super::planning::PushAnswer;
use crate::nodes::managed::duration;
use planwright_ros2::messages::geometry_msgs::{
    Point, PointStamped, Pose, PoseStamped, Vector3, Vector3Stamped, Wrench, WrenchStamped,
};
use planwright_ros2::messages::planwright_msgs::PushObjectResult;
use planwright_ros2::messages::std_msgs::Header;
use planwright_ros2::tf::Transform;
use planwright_ros2::time::RosTime;
use std::time::Duration;

/// Frames and time of an answer.
#[derive(Clone, Copy, Debug)]
pub struct AnswerFrames<'a> {
    /// Name of the table's frame.
    pub table: &'a str,
    /// Name of the robot's.
    pub robot: &'a str,
    /// Pose of the table in the robot's frame.
    pub robot_from_table: Transform,
    /// Time of the answer.
    pub stamp: RosTime,
}

/// The result of a goal with a push, whose force is applied for `push_secs`.
pub fn result_of(answer: &PushAnswer, frames: &AnswerFrames<'_>, push_secs: f64, took: Duration) -> PushObjectResult {
    let push = answer.checked.push();
    let body = &answer.initiator;
    let (sin, cos) = push.direction_rad.sin_cos();
    let impulse_ns = body.mass_kg * push.speed_mps;
    let radius_m = body.shape.outer_radius_m();
    let [x, y] = body.position_m;
    let height_m = body.shape.rest_height_m();
    // Behind the object, seen along the push, at the height of its centre: no torque.
    let at = [x - radius_m * cos, y - radius_m * sin, height_m];
    let table_from_contact = Transform { translation: at, ..Transform::from_xy_yaw(0.0, 0.0, push.direction_rad) };
    let force_n = impulse_ns / push_secs;
    let force = frames.robot_from_table.apply_to_vector([force_n * cos, force_n * sin, 0.0]);
    let header = |frame: &str| Header { stamp: frames.stamp.into(), frame_id: frame.to_owned() };
    let [vx, vy] = answer.checked.struck_mps();
    let [u, v] = answer.initiator_px;
    PushObjectResult {
        error_code: PushErrorCode::None as u16,
        error_msg: String::new(),
        push: WrenchStamped {
            header: header(frames.robot),
            wrench: Wrench { force: vector(force), torque: Vector3::default() },
        },
        push_time: duration(Duration::try_from_secs_f64(push_secs).unwrap_or_default()),
        contact: PoseStamped {
            header: header(frames.robot),
            pose: pose(frames.robot_from_table.compose(table_from_contact)),
        },
        impulse_ns,
        speed_mps: push.speed_mps,
        initiator: PointStamped { header: header(frames.table), point: Point { x, y, z: height_m } },
        initiator_px: Point { x: u, y: v, z: 0.0 },
        simulated_velocity: Vector3Stamped { header: header(frames.table), vector: vector([vx, vy, 0.0]) },
        confidence: answer.confidence,
        planning_time: duration(took),
    }
}

/// The result of a goal without a push.
pub fn failed(failure: &PushFailure, took: Duration) -> PushObjectResult {
    PushObjectResult {
        error_code: failure.code as u16,
        error_msg: failure.message.clone(),
        planning_time: duration(took),
        ..PushObjectResult::default()
    }
}

fn vector([x, y, z]: [f64; 3]) -> Vector3 {
    Vector3 { x, y, z }
}

fn pose(transform: Transform) -> Pose {
    let [x, y, z] = transform.translation;
    Pose { position: Point { x, y, z }, orientation: transform.rotation.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::{PushGate, PushGateLimits, PushTiming};
    use crate::world::scene::{Body, Goal, Kind, generate};

    fn answer() -> (PushAnswer, Goal) {
        (0..)
            .find_map(|seed| {
                let made = generate(Kind::Balls, seed, false);
                let goal = made.goal?;
                let checked = PushGate::new(PushGateLimits::default())
                    .check(&made.scene, &goal, &made.push, PushTiming::default)
                    .ok()?;
                let initiator: Body = made.scene.bodies[made.push.body];
                Some((PushAnswer { checked, initiator, initiator_px: [3.0, 4.0], confidence: 0.5 }, goal))
            })
            .expect("a scene whose push meets its goal")
    }

    #[test]
    fn force_and_contact_are_in_the_robots_frame_and_make_up_the_impulse() {
        let (answer, goal) = answer();
        let push = answer.checked.push();
        // The robot stands at (1, 0) of the table and looks along its y axis.
        let table_from_robot = Transform::from_xy_yaw(1.0, 0.0, std::f64::consts::FRAC_PI_2);
        let frames = AnswerFrames {
            table: "table",
            robot: "base_link",
            robot_from_table: table_from_robot.inverse(),
            stamp: RosTime::from_nanos(5),
        };
        let result = result_of(&answer, &frames, 0.05, Duration::from_millis(80));
        assert_eq!((result.error_code, result.push.header.frame_id.as_str()), (0, "base_link"));
        let force = &result.push.wrench.force;
        let along = table_from_robot.apply_to_vector([force.x, force.y, force.z]);
        let (sin, cos) = push.direction_rad.sin_cos();
        let impulse_ns = answer.initiator.mass_kg * push.speed_mps;
        for (got, expected) in along.into_iter().zip([impulse_ns / 0.05 * cos, impulse_ns / 0.05 * sin, 0.0]) {
            assert!((got - expected).abs() < 1e-9, "{along:?}");
        }
        assert!((result.impulse_ns - impulse_ns).abs() < 1e-12 && result.push_time.nanosec == 50_000_000);
        let contact = Transform::from(&result.contact.pose);
        let [x, y, z] = table_from_robot.apply_to_point(contact.translation);
        let [bx, by] = answer.initiator.position_m;
        let off = [bx - x, by - y];
        // On the surface, and from there along the push to the middle.
        assert!((off[0].hypot(off[1]) - answer.initiator.shape.outer_radius_m()).abs() < 1e-9);
        assert!((off[1].atan2(off[0]) - push.direction_rad).sin().abs() < 1e-9);
        assert!((z - answer.initiator.shape.rest_height_m()).abs() < 1e-9);
        let heading = table_from_robot.apply_to_vector(contact.apply_to_vector([1.0, 0.0, 0.0]));
        assert!((heading[0] - cos).abs() < 1e-9 && (heading[1] - sin).abs() < 1e-9, "{heading:?}");
        let seen = &result.simulated_velocity.vector;
        assert!((seen.x.hypot(seen.y) / goal.speed_mps - 1.0).abs() < 0.2, "{seen:?}");
    }

    #[test]
    fn a_failure_has_code_and_reason_and_no_force() {
        let failure = PushFailure::new(PushErrorCode::NoTarget, "no_target", "expected one");
        let result = failed(&failure, Duration::ZERO);
        assert_eq!((result.error_code, result.error_msg.as_str()), (PushObjectResult::NO_TARGET, "expected one"));
        assert_eq!(result.push, WrenchStamped::default());
    }
}
