//! Validated inputs of the node: odometry, map and transforms.

use super::parameters::PlannerParameters;
use crate::nodes::map::{MapError, MappedWorld, layout_of, same_walls};
use crate::world::{Point, Robot, State, World};
use planwright_ros2::messages::geometry_msgs::{self, PoseStamped};
use planwright_ros2::messages::nav_msgs::{OccupancyGrid, Odometry};
use planwright_ros2::odometry::{OdometryLimits, OdometryMonitor, OdometryOutcome, OdometrySample, OdometryStatus};
use planwright_ros2::tf::{LookupTime, Quaternion, TransformBuffer, TransformError, TransformSettings};
use planwright_ros2::time::RosTime;
use planwright_ros2::validate::{InvalidMessage, check_map, check_odometry, check_pose_stamped};
use std::sync::Arc;
use std::time::Instant;

/// What is wrong with an input.
#[derive(Clone, Debug, thiserror::Error)]
pub enum InputFault {
    /// An invalid message.
    #[error(transparent)]
    Invalid(#[from] InvalidMessage),
    /// No transform between two frames.
    #[error(transparent)]
    Transform(#[from] TransformError),
    /// No transform from the frame of a request's pose to the map's.
    #[error("{of}: {fault}")]
    TransformOf {
        /// `start`, `goal` or `goal_pose`.
        of: &'static str,
        /// What is missing.
        fault: TransformError,
    },
    /// A map that is no maze.
    #[error(transparent)]
    Map(#[from] MapError),
    /// A map in another frame than the planner's.
    #[error(
        "expected the map in frame '{expected}', got '{got}'\nhint: set the parameter map_frame, or publish the map in that frame"
    )]
    MapFrame {
        /// The parameter's.
        expected: String,
        /// The message's.
        got: String,
    },
    /// Implausible odometry.
    #[error("expected odometry that moves as the robot can, got {0}")]
    Odometry(&'static str),
    /// No odometry yet.
    #[error("expected odometry, got none yet\nhint: does something publish nav_msgs/Odometry on the topic odom?")]
    NoOdometry,
    /// No map yet.
    #[error(
        "expected a map, got none yet\nhint: does something publish nav_msgs/OccupancyGrid on the topic map, reliable and transient local?"
    )]
    NoMap,
}

impl InputFault {
    /// Its name in diagnostics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Invalid(invalid) => invalid.name(),
            Self::Transform(error) | Self::TransformOf { fault: error, .. } => error.name(),
            Self::Map(_) => "map_no_maze",
            Self::MapFrame { .. } => "map_frame",
            Self::Odometry(name) => name,
            Self::NoOdometry => "odom_missing",
            Self::NoMap => "map_missing",
        }
    }
}

/// The diagnostic's name of an odometry outcome; `None` if it is fresh.
fn fault_of(outcome: &OdometryOutcome) -> Option<&'static str> {
    Some(match outcome {
        OdometryOutcome::Fresh => return None,
        OdometryOutcome::Jitter { .. } => "odom_jitter",
        OdometryOutcome::Relocalised { .. } => "odom_relocalised",
        OdometryOutcome::Invalid => "odom_invalid",
        OdometryOutcome::OutOfOrder { .. } => "odom_out_of_order",
        OdometryOutcome::Duplicate => "odom_duplicate",
        OdometryOutcome::Future { .. } => "odom_future",
        OdometryOutcome::Late { .. } => "odom_late",
        OdometryOutcome::Jump { .. } => "odom_jump",
        OdometryOutcome::Stuck { .. } => "odom_stuck",
    })
}

/// A state in the map's frame and when it was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Located {
    /// Position and velocity.
    pub state: State,
    /// When.
    pub stamp: RosTime,
    /// Direction of the robot's x axis.
    pub yaw_rad: f64,
}

/// A pose of a request in the map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// Position.
    pub position: Point,
    /// Direction; `None` where none is given.
    pub yaw_rad: Option<f64>,
}

/// The last plausible odometry.
#[derive(Clone, Debug)]
struct Measured {
    frame: String,
    base_frame: String,
    position: [f64; 3],
    velocity: [f64; 3],
    yaw_rad: f64,
    stamp: RosTime,
}

/// All inputs.
pub struct Inputs {
    map_frame: String,
    robot: Arc<dyn Robot>,
    /// Transforms.
    pub transforms: TransformBuffer,
    /// Plausibility of the odometry.
    pub odometry: OdometryMonitor,
    measured: Option<Measured>,
    map: Option<(MappedWorld, RosTime)>,
    trained: Option<MappedWorld>,
    map_differs: bool,
}

impl Inputs {
    /// No input yet, for a robot that plans in `map_frame`.
    pub fn new(map_frame: &str, limits: OdometryLimits, robot: Arc<dyn Robot>) -> Self {
        Self {
            map_frame: map_frame.to_owned(),
            robot,
            transforms: TransformBuffer::new(TransformSettings::default()),
            odometry: OdometryMonitor::new(limits),
            measured: None,
            map: None,
            trained: None,
            map_differs: false,
        }
    }

    /// ROS time has jumped: clears moving transforms and odometry, keeps the map.
    pub fn clear_timed(&mut self) {
        self.transforms.clear_dynamic();
        self.odometry.reset();
        self.measured = None;
    }

    /// The robot whose plans these are the inputs of.
    pub fn robot(&self) -> &Arc<dyn Robot> {
        &self.robot
    }

    /// The map that the model was trained for.
    pub fn set_trained(&mut self, trained: MappedWorld) {
        self.trained = Some(trained);
        self.compare();
    }

    fn compare(&mut self) {
        self.map_differs = match (&self.map, &self.trained) {
            (Some((map, _)), Some(trained)) => !same_walls(map.layout(), trained.layout()),
            _ => false,
        };
    }

    /// Whether the map is another than the model was trained for.
    pub fn map_differs(&self) -> bool {
        self.map_differs
    }

    /// Takes a map.
    ///
    /// # Errors
    /// If it is broken, in another frame, or no maze; the map before it stays.
    pub fn take_map(&mut self, map: &OccupancyGrid, now: RosTime) -> Result<(), InputFault> {
        check_map(map)?;
        if map.header.frame_id != self.map_frame {
            return Err(InputFault::MapFrame { expected: self.map_frame.clone(), got: map.header.frame_id.clone() });
        }
        let layout = layout_of(map)?;
        let same = self.map.as_ref().is_some_and(|(map, _)| *map.layout() == layout);
        match &mut self.map {
            Some((_, since)) if same => *since = now,
            map => *map = Some((MappedWorld::new(Arc::clone(&self.robot), layout), now)),
        }
        self.compare();
        Ok(())
    }

    /// The map, and when it came.
    pub fn map(&self) -> Option<(&MappedWorld, RosTime)> {
        self.map.as_ref().map(|(map, since)| (map, *since))
    }

    /// The map to plan in, and when it was last known to hold, seconds of ROS time: the map received, else, if none is
    /// required, the one that the model was trained for.
    ///
    /// # Errors
    /// If there is none.
    pub fn world(&self, parameters: &PlannerParameters, now: RosTime) -> Result<(Arc<World>, f64), InputFault> {
        let (map, since) = match (&self.map, &self.trained) {
            (Some((map, since)), _) => (map, *since),
            (None, Some(trained)) if !parameters.map_required => (trained, now),
            _ => return Err(InputFault::NoMap),
        };
        let limit_secs = parameters.max_map_age_secs;
        let is_stale = limit_secs > 0.0 && !(now.since(since) <= limit_secs);
        Ok((Arc::clone(map.world()), if is_stale { f64::NEG_INFINITY } else { now.as_secs_f64() }))
    }

    /// Takes odometry. `commanded_mps` is the speed commanded last.
    ///
    /// # Errors
    /// If it is invalid or implausible; then the last good one stays, and ages.
    pub fn take_odometry(&mut self, message: &Odometry, now: RosTime, commanded_mps: f64) -> Result<(), InputFault> {
        let stamp = check_odometry(message)?;
        let pose = &message.pose.pose;
        let position = [pose.position.x, pose.position.y, pose.position.z];
        let yaw_rad = Quaternion::from(&pose.orientation).yaw();
        let outcome = self.odometry.observe(&OdometrySample {
            received: Instant::now(),
            now,
            stamp,
            position: [position[0], position[1]],
            yaw_rad,
            commanded_speed_mps: commanded_mps,
        });
        let fault = fault_of(&outcome);
        if let (Some(fault), false) = (fault, outcome.is_trusted()) {
            return Err(InputFault::Odometry(fault));
        }
        // The twist is in the robot's own frame.
        let (sin, cos) = yaw_rad.sin_cos();
        let linear = &message.twist.twist.linear;
        let velocity = [cos * linear.x - sin * linear.y, sin * linear.x + cos * linear.y, 0.0];
        match &mut self.measured {
            Some(measured)
                if measured.frame == message.header.frame_id && measured.base_frame == message.child_frame_id =>
            {
                (measured.position, measured.velocity) = (position, velocity);
                (measured.yaw_rad, measured.stamp) = (yaw_rad, stamp);
            }
            measured => {
                let frame = message.header.frame_id.clone();
                let base_frame = message.child_frame_id.clone();
                *measured = Some(Measured { frame, base_frame, position, velocity, yaw_rad, stamp });
            }
        }
        fault.map_or(Ok(()), |fault| Err(InputFault::Odometry(fault)))
    }

    /// Child frame of the odometry; empty before the first message.
    pub fn base_frame(&self) -> &str {
        self.measured.as_ref().map_or("", |measured| &measured.base_frame)
    }

    /// The robot's state in the map, as last measured.
    ///
    /// # Errors
    /// If there is no odometry, it has stopped, or its frame has no place in the map.
    pub fn located(&self, now: RosTime, max_age_secs: f64) -> Result<Located, InputFault> {
        let Some(measured) = &self.measured else { return Err(InputFault::NoOdometry) };
        match self.odometry.status(Instant::now()) {
            OdometryStatus::Waiting => return Err(InputFault::NoOdometry),
            OdometryStatus::Stopped { .. } => return Err(InputFault::Odometry("odom_stopped")),
            OdometryStatus::Running(outcome) if !outcome.is_trusted() => {
                return Err(InputFault::Odometry(fault_of(&outcome).unwrap_or("odom_invalid")));
            }
            OdometryStatus::Running(_) => {}
        }
        let found = self.transforms.lookup_fresh(&self.map_frame, &measured.frame, now, max_age_secs)?;
        let map_from_odom = found.target_from_source;
        let position = map_from_odom.apply_to_point(measured.position);
        let velocity = map_from_odom.apply_to_vector(measured.velocity);
        let state = State { position: [position[0], position[1]], velocity: [velocity[0], velocity[1]] };
        Ok(Located { state, stamp: measured.stamp, yaw_rad: map_from_odom.yaw() + measured.yaw_rad })
    }

    /// The place in the map of a request's start or goal, given in any known frame. An orientation of zeros alone gives no
    /// direction: clients that have none to give leave it so.
    ///
    /// # Errors
    /// If the pose is broken or its frame has no place in the map.
    pub fn place(&self, of: &'static str, pose: &PoseStamped) -> Result<Placed, InputFault> {
        let geometry_msgs::Quaternion { x, y, z, w } = pose.pose.orientation;
        if [x, y, z, w] == [0.0; 4] {
            let mut unturned = pose.clone();
            unturned.pose.orientation = Quaternion::IDENTITY.into();
            return Ok(Placed { yaw_rad: None, ..self.place(of, &unturned)? });
        }
        check_pose_stamped(pose).map_err(|invalid| invalid.below(of))?;
        let found = self.transforms.lookup(&self.map_frame, &pose.header.frame_id, LookupTime::Latest);
        let map_from_frame = found.map_err(|fault| InputFault::TransformOf { of, fault })?.target_from_source;
        let position = &pose.pose.position;
        let [x, y, _] = map_from_frame.apply_to_point([position.x, position.y, position.z]);
        let turn = map_from_frame.rotation * Quaternion::from(&pose.pose.orientation);
        Ok(Placed { position: [x, y], yaw_rad: Some(turn.yaw()) })
    }
}
