//! The frames of the table's node: table, camera and robot.

use super::{SceneError, SceneParameters};
use crate::world::scene::Camera;
use planwright_ros2::messages::geometry_msgs::TransformStamped;
use planwright_ros2::messages::std_msgs::Header;
use planwright_ros2::messages::tf2_msgs::TFMessage;
use planwright_ros2::tf::{Quaternion, Transform};
use planwright_ros2::time::RosTime;
use planwright_ros2::validate::without_slash;

/// Names of the frames, and where the robot stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Frames {
    /// The table's.
    pub table: String,
    /// The camera's, optical.
    pub camera: String,
    /// The robot's.
    pub robot: String,
    /// The robot's pose on the table.
    pub table_from_robot: Transform,
}

impl Frames {
    /// As the parameters have them.
    ///
    /// # Errors
    /// If a name is empty or occurs twice, or the pose is not x, y and yaw.
    pub fn of(parameters: &SceneParameters) -> Result<Self, SceneError> {
        let [table, camera, robot] = [&parameters.table_frame, &parameters.camera_frame, &parameters.robot_frame]
            .map(|name| without_slash(name).to_owned());
        let is_name_of_one = [&table, &camera, &robot].iter().all(|name| !name.is_empty());
        if !is_name_of_one || table == camera || table == robot || camera == robot {
            return Err(SceneError::Frames { table, camera, robot });
        }
        let [x, y, yaw] = *parameters.robot_pose else {
            return Err(SceneError::RobotPose(parameters.robot_pose.clone()));
        };
        Ok(Self { table, camera, robot, table_from_robot: Transform::from_xy_yaw(x, y, yaw) })
    }

    /// `table_from_frame` of a frame that messages may be in: the table's or the robot's; `None` of others.
    pub fn table_from(&self, frame: &str) -> Option<Transform> {
        match without_slash(frame) {
            name if name == self.table => Some(Transform::IDENTITY),
            name if name == self.robot => Some(self.table_from_robot),
            _ => None,
        }
    }

    /// The pose of the robot on the table, for `/tf_static`.
    pub fn of_robot(&self, stamp: RosTime) -> TFMessage {
        self.one(&self.robot, self.table_from_robot, stamp)
    }

    /// The pose of the camera over the table, for `/tf`: every scene has its own, and a picture's holds at its stamp.
    pub fn of_camera(&self, camera: &Camera, stamp: RosTime) -> TFMessage {
        self.one(&self.camera, pose_of(camera), stamp)
    }

    fn one(&self, child: &str, table_from_child: Transform, stamp: RosTime) -> TFMessage {
        let transform = TransformStamped {
            header: Header { stamp: stamp.into(), frame_id: self.table.clone() },
            child_frame_id: child.to_owned(),
            transform: table_from_child.into(),
        };
        TFMessage { transforms: vec![transform] }
    }
}

/// `table_from_camera`.
fn pose_of(camera: &Camera) -> Transform {
    // A camera's matrix is a rotation.
    let rotation = Quaternion::from_matrix(camera.world_from_camera()).unwrap_or_default();
    Transform { translation: camera.position_m(), rotation }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::scene::MAX_TILT_RAD;

    #[test]
    fn points_of_the_robots_frame_are_found_on_the_table() {
        let parameters =
            SceneParameters { robot_pose: vec![-1.0, 0.5, 0.5 * std::f64::consts::PI], ..Default::default() };
        let frames = Frames::of(&parameters).expect("frames");
        let table_from_robot = frames.table_from("/base_link").expect("the robot's");
        let point = table_from_robot.apply_to_point([2.0, 1.0, 0.05]);
        assert!([-2.0, 2.5, 0.05].iter().zip(point).all(|(expected, got)| (expected - got).abs() < 1e-12), "{point:?}");
        assert_eq!(frames.table_from("table"), Some(Transform::IDENTITY));
        assert_eq!((frames.table_from("camera_optical"), frames.table_from("")), (None, None));
    }

    #[test]
    fn the_published_pose_of_a_camera_takes_points_where_the_camera_sees_them() {
        let frames = Frames::of(&SceneParameters::default()).expect("frames");
        for seed in 0..50 {
            let camera = Camera::random(0.5, MAX_TILT_RAD, [64, 64], seed).expect("a camera");
            let message = frames.of_camera(&camera, RosTime::from_nanos(7));
            assert_eq!(message.transforms[0].header.frame_id, "table");
            assert_eq!(message.transforms[0].child_frame_id, "camera_optical");
            let camera_from_table = Transform::from(&message.transforms[0].transform).inverse();
            let (point, seen) =
                (camera_from_table.apply_to_point([0.1, -0.2, 0.05]), camera.from_world([0.1, -0.2, 0.05]));
            assert!((0..3).all(|axis| (point[axis] - seen[axis]).abs() < 1e-12), "{point:?} {seen:?}");
            let robot = frames.of_robot(RosTime::from_nanos(7));
            assert_eq!(Transform::from(&robot.transforms[0].transform), frames.table_from_robot);
        }
    }

    #[test]
    fn frames_of_one_name_and_poses_of_other_lengths_are_refused() {
        let same = SceneParameters { robot_frame: "/table".to_owned(), ..Default::default() };
        let error = Frames::of(&same).expect_err("two of one name").to_string();
        assert!(error.contains("three names"), "{error}");
        let short = SceneParameters { robot_pose: vec![1.0, 2.0], ..Default::default() };
        let error = Frames::of(&short).expect_err("no yaw").to_string();
        assert!(error.contains("x, y and yaw"), "{error}");
    }
}
