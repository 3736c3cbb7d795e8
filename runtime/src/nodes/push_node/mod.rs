//! The goal-force planner as a managed ROS 2 node: pictures in, the action `push_object`, pushes out; every published push
//! has passed the gate.
//!
//! Two threads. The node's loop takes messages and answers; it never waits. The planning thread decodes the picture,
//! proposes, corrects and checks. One goal is planned at a time; others are answered `BUSY`.

mod answer;
pub mod camera;
mod diagnostics;
mod failure;
mod goal;
mod inputs;
mod lifecycle_callbacks;
mod parameters;
mod planning;
mod requests;
mod worker;

pub use failure::PushErrorCode;
pub use parameters::{PushNodeParameters, PushParameters};

use crate::nodes::autostart::{self, Autostart};
use crate::pilot::Latencies;
use inputs::{Inputs, RawPicture};
use planning::PlanningSummary;
use planwright_ros2::action::{Actions, GoalLimits};
use planwright_ros2::base::{self, Base, NodeSetup, NodeState};
use planwright_ros2::bond::Bond;
use planwright_ros2::executor::Executor;
use planwright_ros2::kept;
use planwright_ros2::lifecycle::{self, Lifecycle, LifecycleState};
use planwright_ros2::logger::Severity;
use planwright_ros2::messages::bond as bond_msgs;
use planwright_ros2::messages::geometry_msgs::{PoseStamped, WrenchStamped};
use planwright_ros2::messages::planwright_msgs::PushObject;
use planwright_ros2::messages::sensor_msgs::{CameraInfo, CompressedImage, Image};
use planwright_ros2::messages::tf2_msgs::TFMessage;
use planwright_ros2::node::{NodeError, Publisher};
use planwright_ros2::qos::Qos;
use planwright_ros2::tf::Inserted;
use requests::Pending;
use std::collections::BTreeMap;
use std::time::Duration;
use worker::Worker;

/// Name of the node unless it is remapped.
pub const NAME: &str = "planwright_goal_force";
/// Name of the action unless it is remapped.
pub const ACTION: &str = "push_object";

/// Topics of the inputs.
const IMAGE: &str = "image";
const COMPRESSED: &str = "image/compressed";
const CAMERA_INFO: &str = "camera_info";

struct Topics {
    push: Publisher<WrenchStamped>,
    contact: Publisher<PoseStamped>,
    predicted: Publisher<CompressedImage>,
}

/// Counts and latencies of the node's loop.
#[derive(Default)]
struct Counters {
    answered: u64,
    canceled: u64,
    failed: BTreeMap<&'static str, u64>,
    planning: Latencies,
    whole: Latencies,
}

/// The state of the goal-force node.
pub struct PushNode {
    base: Base<PushNodeParameters>,
    lifecycle: Lifecycle,
    bond: Bond,
    actions: Actions<PushObject>,
    topics: Topics,
    worker: Worker,
    inputs: Inputs,
    /// The goal that is planned for.
    pending: Option<Pending>,
    /// The planning thread has not reported on the last goal yet, which may have been answered already.
    is_planning: bool,
    loaded: Option<PlanningSummary>,
    load_failure: Option<String>,
    autostart: Autostart,
    counters: Counters,
    exit: Option<u8>,
}

impl PushNode {
    /// Opens everything and returns the node with its loop.
    ///
    /// # Errors
    /// If the middleware refuses.
    pub fn open(setup: NodeSetup<PushNodeParameters>) -> Result<(Self, Executor<Self>), NodeError> {
        let mut executor = Executor::new(Self::malformed)?;
        let waker = executor.waker();
        let mut base = Base::open(setup, waker.clone())?;
        base::serve(&mut base, &mut executor)?;
        let lifecycle = Lifecycle::open(&mut base.node)?;
        lifecycle::serve(&mut base.node, &mut executor)?;
        let parameters = base.parameters.push.clone();
        let secs = |secs| Duration::try_from_secs_f64(secs).unwrap_or_default();
        let bond = Bond::open(&mut base.node, secs(parameters.bond_heartbeat_period), secs(parameters.bond_timeout))?;
        let actions = Actions::open(&mut base.node, &mut executor, ACTION, GoalLimits::default())?;
        let topics = Topics {
            push: base.node.publisher("push", Qos::Reliable)?,
            contact: base.node.publisher("push_contact", Qos::Reliable)?,
            predicted: base.node.publisher("~/predicted/compressed", Qos::Events)?,
        };
        Self::subscribe(&mut base, &mut executor)?;
        executor.every(Duration::from_millis(10), Self::keep_deadline);
        executor.every(Duration::from_millis(100), Self::watch_worker);
        executor.every(Duration::from_millis(20), Self::keep_bond);
        executor.every(Duration::from_secs(1), |state: &mut Self| state.actions.expire());
        executor.every(Duration::from_millis(100), autostart::retry::<Self>);
        executor.on_wake(Self::take_reports);
        let worker = Worker::start(waker)?;
        let state = Self {
            inputs: Inputs::new(&parameters.table_frame, &parameters.robot_frame, parameters.max_frames),
            base,
            lifecycle,
            bond,
            actions,
            topics,
            worker,
            pending: None,
            is_planning: false,
            loaded: None,
            load_failure: None,
            autostart: Autostart::default(),
            counters: Counters::default(),
            exit: None,
        };
        Ok((state, executor))
    }

    fn subscribe(base: &mut Base<PushNodeParameters>, executor: &mut Executor<Self>) -> Result<(), NodeError> {
        let node = &mut base.node;
        if base.parameters.push.image_transport == "compressed" {
            let pictures = node.subscription::<CompressedImage>(COMPRESSED, Qos::Sensor)?;
            executor.subscribe(pictures, |state: &mut Self, image, _| {
                state.take_picture(RawPicture::Compressed(image));
            })?;
        } else {
            let pictures = node.subscription::<Image>(IMAGE, Qos::Sensor)?;
            executor.subscribe(pictures, |state: &mut Self, image, _| state.take_picture(RawPicture::Plain(image)))?;
        }
        executor.subscribe(
            node.subscription::<CameraInfo>(CAMERA_INFO, Qos::Sensor)?,
            |state: &mut Self, info, _| {
                let rectified = state.base.parameters.push.rectified;
                if let Err(failure) = state.inputs.take_camera_info(&info, rectified) {
                    state.base.fault(failure.name, &failure.message);
                }
            },
        )?;
        executor
            .subscribe(node.subscription::<TFMessage>("/tf", Qos::Transforms)?, |state: &mut Self, message, _| {
                state.take_transforms(&message, false)
            })?;
        kept::subscribe(node, executor, "/tf_static", Qos::StaticTransforms, |state: &mut Self, message, _| {
            state.take_transforms(&message, true);
        })?;
        executor.subscribe(
            node.subscription::<bond_msgs::Status>("bond", Qos::Events)?,
            |state: &mut Self, status, _| {
                if state.bond.receive(&status) {
                    state.bond_broken();
                }
            },
        )?;
        Ok(())
    }

    /// Runs until the waker stops it. Gives the exit code.
    ///
    /// # Errors
    /// If the system refuses to wait.
    pub fn run(mut self, mut executor: Executor<Self>) -> std::io::Result<u8> {
        if self.base.parameters.push.autostart {
            autostart::begin(&mut self);
        }
        let _disposal = self.base.node.disposal();
        let ran = executor.run(&mut self);
        self.bond.stop(self.base.now());
        self.drop_goal("shutdown");
        self.base.log(Severity::Info, "ended");
        // Reliable messages leave with the middleware's own thread.
        std::thread::sleep(Duration::from_millis(50));
        let code = self.exit.unwrap_or(0);
        // Every reader and writer goes before the disposal is sent.
        drop((executor, self));
        ran.map(|()| code)
    }

    /// The common parts.
    pub fn base_mut(&mut self) -> &mut Base<PushNodeParameters> {
        &mut self.base
    }

    fn is_active(&self) -> bool {
        self.lifecycle.state() == LifecycleState::Active
    }

    fn take_picture(&mut self, raw: RawPicture) {
        let now = self.base.now();
        if let Err(failure) = self.inputs.take_picture(raw, now) {
            self.base.fault(failure.name, &failure.message);
        }
    }

    fn take_transforms(&mut self, message: &TFMessage, is_static: bool) {
        let now = self.base.now();
        self.inputs.transforms.set_now(now);
        for transform in &message.transforms {
            match self.inputs.take_transform(transform, is_static, now) {
                Ok(Inserted::Reparented { previous }) => {
                    let (child, parent) = (&transform.child_frame_id, &transform.header.frame_id);
                    let text = format!("expected {child} below {previous}, got it below {parent}");
                    self.base.fault("tf_reparented", &text);
                }
                Ok(_) => {}
                Err(error) => self.base.fault(error.name(), &error.to_string()),
            }
        }
        if self.inputs.transforms.is_crowded() {
            self.inputs.transforms.trim();
        }
    }

    /// A message could not be decoded. A picture that cannot is a refused one.
    fn malformed(state: &mut Self, topic: &str) {
        base::malformed(state, topic);
        let is = |name: &str| state.base().node.names().topic(name).is_ok_and(|name| name == topic);
        let is_picture = [IMAGE, COMPRESSED].into_iter().any(is);
        if is_picture {
            state.inputs.refuse_picture(failure::PushFailure::new(
                PushErrorCode::NoPicture,
                "message_malformed",
                "expected a picture that decodes, got one that does not",
            ));
        }
    }
}
