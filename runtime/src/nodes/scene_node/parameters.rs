//! Parameters of the table's node.

use crate::world::scene::Kind;

/// Kinds of scenes in which what is pushed is a ball: an impulse at the contact then gives a velocity alone. Sticks and
/// boxes on end would turn as well, which [`crate::world::scene::Push`] does not describe.
pub const KINDS: [&str; 2] = ["balls", "blocked"];

planwright_ros2::parameters! {
    /// The simulated table's parameters.
    pub struct SceneParameters {
        /// Stamp with the time of /clock instead of the system's. Motion is played at the pace of the system's clock.
        use_sim_time: bool = false,
        /// Seed of the first scene; later ones come of the service new_scene.
        seed: u64 = 0 => range(0, i64::MAX).read_only(),
        /// What lies on the table from the next scene on: balls, or balls with obstacles.
        kind: String = "balls".to_owned() => one_of(&KINDS),
        /// Obstacles of shapes and colours that do not occur in training, from the next scene on.
        held_out: bool = false,
        /// Largest tilt of the next scenes' cameras against the vertical, degrees.
        max_tilt_deg: f64 = 60.0 => range(0.0, 60.0),
        /// Side of the picture, px.
        size_px: usize = 128 => range(32, 1024).read_only(),
        /// Pictures a second, Hz.
        rate_hz: f64 = 10.0 => range(0.1, 60.0).read_only(),
        /// Publish pictures as PNG as well, on image/compressed.
        compressed: bool = false => read_only(),
        /// Frame of the table: its surface is z = 0, its middle the origin.
        table_frame: String = "table".to_owned() => read_only(),
        /// Optical frame of the camera.
        camera_frame: String = "camera_optical".to_owned() => read_only(),
        /// Frame of the robot that pushes.
        robot_frame: String = "base_link".to_owned() => read_only(),
        /// Where the robot stands on the table: x and y, m, and yaw, rad.
        robot_pose: Vec<f64> = vec![-1.2, 0.0, 0.0] => range(-100.0, 100.0).read_only(),
    }
}

/// The kind of a name of [`KINDS`].
pub(super) fn kind_of(name: &str) -> Kind {
    if name == "blocked" { Kind::Blocked } else { Kind::Balls }
}
