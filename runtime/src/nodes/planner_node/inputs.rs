//! Validated inputs of the node: odometry, map and transforms.

use super::odometry_fault::OdometryFault;
use super::parameters::PlannerParameters;
use crate::nodes::map::{MapError, MappedWorld, layout_of, same_walls};
use crate::world::{Point, Robot, State, World};
use planwright_ros2::messages::geometry_msgs::PoseStamped;
use planwright_ros2::messages::nav_msgs::{OccupancyGrid, Odometry};
use planwright_ros2::odometry::{OdometryLimits, OdometryMonitor, OdometrySample, OdometryStatus};
use planwright_ros2::tf::{LookupTime, TransformBuffer, TransformError, TransformSettings};
use planwright_ros2::time::RosTime;
use planwright_ros2::validate::{
    InvalidMessage, Oddities, Oddity, PlanarOdometry, check_map, check_odometry, check_orientation, check_place,
    without_slash,
};
use std::cell::Cell;
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
    #[error(transparent)]
    Odometry(#[from] OdometryFault),
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
            Self::Transform(error) => error.name(),
            Self::Map(_) => "map_no_maze",
            Self::MapFrame { .. } => "map_frame",
            Self::Odometry(fault) => fault.name(),
            Self::NoOdometry => "odom_missing",
            Self::NoMap => "map_missing",
        }
    }
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
    base_frame: String,
    robot: Arc<dyn Robot>,
    /// Transforms.
    pub transforms: TransformBuffer,
    /// Plausibility of the odometry.
    pub odometry: OdometryMonitor,
    measured: Option<Measured>,
    map: Option<(MappedWorld, RosTime)>,
    trained: Option<MappedWorld>,
    map_differs: bool,
    odd_odometry: Oddities,
    odd_map: Oddities,
    odd_pose: Cell<Oddities>,
    /// In the order of [`Inputs::odd_inputs`].
    odd_known: [Oddities; 4],
}

impl Inputs {
    /// No input yet, for a robot that plans in `map_frame`.
    pub fn new(map_frame: &str, limits: OdometryLimits, robot: Arc<dyn Robot>) -> Self {
        Self {
            map_frame: without_slash(map_frame).to_owned(),
            base_frame: String::new(),
            robot,
            transforms: TransformBuffer::new(TransformSettings::default()),
            odometry: OdometryMonitor::new(limits),
            measured: None,
            map: None,
            trained: None,
            map_differs: false,
            odd_odometry: Oddities::default(),
            odd_map: Oddities::default(),
            odd_pose: Cell::default(),
            odd_known: Default::default(),
        }
    }

    /// The robot's frame where odometry names none, and how many frames are kept beside those in use.
    pub fn with_frames(mut self, base_frame: &str, max_frames: usize) -> Self {
        self.base_frame = without_slash(base_frame).to_owned();
        self.transforms = TransformBuffer::new(TransformSettings { max_frames, ..TransformSettings::default() });
        self
    }

    /// Keeps the frames of a request's poses from here on.
    pub fn request_frames<'a>(&mut self, poses: impl IntoIterator<Item = Option<&'a PoseStamped>>) {
        for pose in poses.into_iter().flatten() {
            self.transforms.request(&pose.header.frame_id);
        }
        // Last, so that no number of goals takes their place.
        let measured = self.measured.as_ref().map(|measured| measured.frame.as_str());
        for frame in measured.into_iter().chain([self.base_frame.as_str(), self.map_frame.as_str()]) {
            self.transforms.request(frame);
        }
    }

    fn odd_inputs(&self) -> [(&'static str, Oddities); 4] {
        [
            ("odometry", self.odd_odometry),
            ("map", self.odd_map),
            ("transform", self.transforms.oddities()),
            ("pose", self.odd_pose.get()),
        ]
    }

    /// What has been accepted although it is odd, by input.
    pub fn oddities(&self) -> impl Iterator<Item = (&'static str, Oddity)> {
        self.odd_inputs().into_iter().flat_map(|(input, odd)| odd.iter().map(move |oddity| (input, oddity)))
    }

    /// Of these, what was not there at the last call.
    pub fn take_new_oddities(&mut self) -> Vec<(&'static str, Oddity)> {
        let (now, mut new) = (self.odd_inputs(), Vec::new());
        for ((input, odd), known) in now.into_iter().zip(&mut self.odd_known) {
            new.extend(odd.except(std::mem::replace(known, odd)).iter().map(|oddity| (input, oddity)));
        }
        new
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
        let mut odd = self.odd_map;
        let (frame, yaw_rad) = check_map(map, &mut odd)?;
        if frame != self.map_frame {
            return Err(InputFault::MapFrame { expected: self.map_frame.clone(), got: frame.to_owned() });
        }
        let layout = layout_of(map)?;
        if yaw_rad != 0.0 {
            odd.note(Oddity::TurnedByRounding);
        }
        self.odd_map = odd;
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
        let odometry = check_odometry(message, &mut self.odd_odometry)?;
        let PlanarOdometry { stamp, frame, position, yaw_rad, .. } = odometry;
        let base_frame = if odometry.base_frame.is_empty() { &self.base_frame } else { odometry.base_frame };
        let outcome = self.odometry.observe(&OdometrySample {
            received: Instant::now(),
            now,
            stamp,
            position: [position[0], position[1]],
            yaw_rad,
            commanded_speed_mps: commanded_mps,
        });
        let fault = OdometryFault::of(outcome, *self.odometry.limits());
        if let (Some(fault), false) = (fault, outcome.is_trusted()) {
            return Err(fault.into());
        }
        // The twist is in the robot's own frame.
        let (sin, cos) = yaw_rad.sin_cos();
        let [forward, left] = odometry.velocity;
        let velocity = [cos * forward - sin * left, sin * forward + cos * left, 0.0];
        match &mut self.measured {
            Some(measured) if measured.frame == frame && measured.base_frame == base_frame => {
                (measured.position, measured.velocity) = (position, velocity);
                (measured.yaw_rad, measured.stamp) = (yaw_rad, stamp);
            }
            measured => {
                let (frame, base_frame) = (frame.to_owned(), base_frame.to_owned());
                *measured = Some(Measured { frame, base_frame, position, velocity, yaw_rad, stamp });
                self.request_frames([]);
            }
        }
        // From here on it is known which frames are in use.
        if self.transforms.is_crowded() && self.transforms.lookup(&self.map_frame, frame, LookupTime::Latest).is_ok() {
            self.transforms.trim();
        }
        fault.map_or(Ok(()), |fault| Err(fault.into()))
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
        match self.odometry.status(Instant::now(), now) {
            OdometryStatus::Waiting => return Err(InputFault::NoOdometry),
            status if !status.is_trusted() => {
                return Err(OdometryFault { status, limits: *self.odometry.limits() }.into());
            }
            _ => {}
        }
        let found = self.transforms.lookup_fresh(&self.map_frame, &measured.frame, now, max_age_secs)?;
        let map_from_odom = found.target_from_source;
        let position = map_from_odom.apply_to_point(measured.position);
        let velocity = map_from_odom.apply_to_vector(measured.velocity);
        let state = State { position: [position[0], position[1]], velocity: [velocity[0], velocity[1]] };
        // Between two ticks of a simulated clock a stamp is ahead of it.
        Ok(Located { state, stamp: measured.stamp.min(now), yaw_rad: map_from_odom.yaw() + measured.yaw_rad })
    }

    /// The position in the map of a pose in any known frame. Neither its stamp nor its orientation is used.
    ///
    /// # Errors
    /// If the pose is broken or its frame has no place in the map.
    pub fn position(&self, pose: &PoseStamped) -> Result<Point, InputFault> {
        let mut odd = self.odd_pose.get();
        let (frame, position) = check_place(pose, &mut odd)?;
        self.odd_pose.set(odd);
        let found = self.transforms.lookup(&self.map_frame, frame, LookupTime::Latest)?;
        let [x, y, _] = found.target_from_source.apply_to_point(position);
        Ok([x, y])
    }

    /// The position of a goal, whose orientation has to be one, or none.
    ///
    /// # Errors
    /// As [`Self::position`], or if the orientation is none.
    pub fn goal(&self, pose: &PoseStamped) -> Result<Point, InputFault> {
        let mut odd = self.odd_pose.get();
        check_orientation(&pose.pose.orientation, &mut odd)?;
        self.odd_pose.set(odd);
        self.position(pose)
    }
}
