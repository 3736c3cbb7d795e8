//! A simulated table as a ROS 2 node: pictures, camera info and transforms out; scenes and pushes in.
//!
//! A push sets the table in motion once: the motion is simulated at once, answered, and then played in the pictures at its
//! own pace. Scenes are drawn again only while something moves.

mod camera_info;
mod contact;
mod frames;
mod parameters;
mod picture_topics;
mod playback;
mod push_fault;
mod push_request;
mod scene_answer;
mod table;

pub use camera_info::camera_info;
pub use contact::{MAX_GAP_M, pushed_body};
pub use frames::Frames;
pub use parameters::{KINDS, SceneParameters};
pub use playback::{MOTION_SECS, place_at};
pub use push_fault::PushFault;
pub use push_request::{Impulse, MAX_SPEED_MPS, MAX_STEEPNESS};
pub use scene_answer::scene_answer;
pub use table::SimulatedTable;

use crate::world::scene::CameraError;
use parameters::kind_of;
use picture_topics::PictureTopics;
use planwright_ros2::base::{self, Base, NodeSetup, NodeState};
use planwright_ros2::diagnostics::{Level, Status};
use planwright_ros2::executor::Executor;
use planwright_ros2::messages::geometry_msgs::Vector3;
use planwright_ros2::messages::planwright_msgs::{
    ExecutePush, ExecutePushRequest, ExecutePushResponse, NewScene, NewSceneResponse,
};
use planwright_ros2::messages::std_msgs::Header;
use planwright_ros2::messages::tf2_msgs::TFMessage;
use planwright_ros2::node::{NodeError, Publisher};
use planwright_ros2::parameter::Change;
use planwright_ros2::qos::Qos;
use planwright_ros2::time::RosTime;
use std::time::{Duration, Instant};

/// The state of the table's node.
pub struct SceneNode {
    base: Base<SceneParameters>,
    frames: Frames,
    table: SimulatedTable,
    pictures: PictureTopics,
    tf: Publisher<TFMessage>,
    tf_static: Publisher<TFMessage>,
    scenes: u64,
    pushes: u64,
    refused: u64,
}

/// Why the table cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum SceneError {
    /// The middleware.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The camera.
    #[error(transparent)]
    Camera(#[from] CameraError),
    /// The frames.
    #[error(
        "table_frame, camera_frame, robot_frame: expected three names of which no two are the same, got '{table}', '{camera}' and '{robot}'"
    )]
    Frames {
        /// The table's frame.
        table: String,
        /// The camera's frame.
        camera: String,
        /// The robot's frame.
        robot: String,
    },
    /// The robot's pose.
    #[error("robot_pose: expected x, y and yaw on the table, m and rad, got {0:?}")]
    RobotPose(Vec<f64>),
}

impl SceneNode {
    /// Opens everything and returns the node with its loop.
    ///
    /// # Errors
    /// If frames, pose or camera are invalid, or the middleware refuses.
    pub fn open(setup: NodeSetup<SceneParameters>) -> Result<(Self, Executor<Self>), SceneError> {
        let mut executor = Executor::new(base::malformed::<Self>).map_err(NodeError::Io)?;
        let mut base = Base::open(setup, executor.waker())?;
        base::serve(&mut base, &mut executor)?;
        let frames = Frames::of(&base.parameters)?;
        let table = table_of(&base.parameters, base.parameters.seed)?;
        let node = &mut base.node;
        let tf = node.publisher("/tf", Qos::Transforms)?;
        let tf_static = node.publisher("/tf_static", Qos::StaticTransforms)?;
        let pictures = PictureTopics::open(node, base.parameters.compressed)?;
        let scenes = base.node.server::<NewScene>("~/new_scene")?;
        let pushes = base.node.server::<ExecutePush>("~/execute_push")?;
        executor
            .serve(scenes, |state: &mut Self, reply, request| reply.send(state.put_scene(request.seed)))
            .map_err(NodeError::Io)?;
        executor
            .serve(pushes, |state: &mut Self, reply, request| reply.send(state.execute_push(&request)))
            .map_err(NodeError::Io)?;
        executor.every(Duration::from_secs_f64(1.0 / base.parameters.rate_hz), Self::publish_picture);
        let state = Self { base, frames, table, pictures, tf, tf_static, scenes: 1, pushes: 0, refused: 0 };
        Ok((state, executor))
    }

    /// Runs until the waker stops it.
    ///
    /// # Errors
    /// If the system refuses to wait.
    pub fn run(mut self, mut executor: Executor<Self>) -> std::io::Result<u8> {
        self.publish_statics();
        let _disposal = self.base.node.disposal();
        let ran = executor.run(&mut self);
        // Every reader and writer goes before the disposal is sent.
        drop((executor, self));
        ran.map(|()| 0)
    }

    fn publish_statics(&self) {
        self.tf_static.publish(self.frames.of_robot(self.base.now()));
    }

    fn publish_picture(&mut self) {
        self.picture_stamp();
    }

    /// Publishes the camera's pose, its info and the picture of the table as it is now, all of one stamp, which it returns.
    fn picture_stamp(&mut self) -> RosTime {
        if let Err(error) = self.pictures.draw(&self.table, Instant::now()) {
            self.base.fault("picture_failed", &format!("expected a picture as PNG, got: {error}"));
        }
        let stamp = self.base.now();
        self.tf.publish(self.frames.of_camera(self.table.camera(), stamp));
        let header = Header { stamp: stamp.into(), frame_id: self.frames.camera.clone() };
        self.pictures.publish(self.table.camera(), &header);
        stamp
    }

    /// Puts the scene of a seed on the table. Camera pose, camera info and the first picture are published before the answer
    /// is sent, which has the picture's stamp.
    fn put_scene(&mut self, seed: u64) -> NewSceneResponse {
        match table_of(&self.base.parameters, seed) {
            Ok(table) => self.table = table,
            Err(error) => {
                self.base.fault("scene_refused", &error);
                return NewSceneResponse { message: error.to_string(), ..NewSceneResponse::default() };
            }
        }
        self.scenes += 1;
        self.pictures.discard();
        let stamp = self.picture_stamp();
        let header = Header { stamp: stamp.into(), frame_id: self.frames.table.clone() };
        scene_answer(&self.table, self.pictures.picture(), header)
    }

    fn execute_push(&mut self, request: &ExecutePushRequest) -> ExecutePushResponse {
        let pushed = Impulse::of(request, &self.frames).and_then(|impulse| self.table.push(&impulse, Instant::now()));
        match pushed {
            Ok((body, tracks)) => {
                self.pushes += 1;
                let velocity = |struck: &Option<[f64; 2]>| {
                    let [x, y] = struck.unwrap_or_default();
                    Vector3 { x, y, z: 0.0 }
                };
                ExecutePushResponse {
                    success: true,
                    message: format!("object {body} is pushed"),
                    struck: tracks.struck_mps.iter().map(velocity).collect(),
                    pushed: u32::try_from(body).unwrap_or(u32::MAX),
                }
            }
            Err(fault) => {
                self.refused += 1;
                self.base.fault(fault.name(), &fault);
                ExecutePushResponse { message: fault.to_string(), ..ExecutePushResponse::default() }
            }
        }
    }
}

/// The table of a seed, of the parameters' kind.
fn table_of(parameters: &SceneParameters, seed: u64) -> Result<SimulatedTable, CameraError> {
    let SceneParameters { held_out, max_tilt_deg, size_px, .. } = *parameters;
    SimulatedTable::new(kind_of(&parameters.kind), seed, held_out, max_tilt_deg, size_px)
}

impl NodeState for SceneNode {
    type Parameters = SceneParameters;

    fn base(&mut self) -> &mut Base<SceneParameters> {
        &mut self.base
    }

    // Kind, held_out and max_tilt_deg are read when the next scene is made.
    fn parameters_changed(&mut self, _changes: &[Change]) {}

    fn statuses(&mut self) -> Vec<Status> {
        let mut status = Status::new("table");
        let drawing = self.pictures.drawing();
        if drawing.as_secs_f64() * self.base.parameters.rate_hz > 1.0 {
            status.find(Level::Warn, "a picture takes longer than rate_hz allows");
        }
        let made = self.table.made();
        status.value("seed", made.seed);
        status.value("objects", made.scene.bodies.len());
        status.value("has_goal", made.goal.is_some());
        status.value("phase", self.table.phase(Instant::now()));
        status.value("drawing_ms", format!("{:.1}", 1e3 * drawing.as_secs_f64()));
        status.value("pictures", self.pictures.published());
        status.value("scenes", self.scenes);
        status.value("pushes", self.pushes);
        status.value("pushes_refused", self.refused);
        vec![status]
    }

    fn middleware_failed(&mut self) {
        self.base.waker.stop();
    }
}
