//! Validated inputs of the node: the map, transforms, odometry and the poses of requests, each in a file of its own.

mod maps;
mod odometry;
mod poses;
mod transforms;

pub use poses::Placed;

use self::odometry::Measured;
use super::input_fault::InputFault;
use crate::nodes::map::MappedWorld;
use crate::nodes::refusals::{Input, Reason, Refusals, TransformRefusals};
use crate::world::Robot;
use planwright_ros2::messages::geometry_msgs::PoseStamped;
use planwright_ros2::odometry::{OdometryLimits, OdometryMonitor};
use planwright_ros2::tf::{TransformBuffer, TransformSettings};
use planwright_ros2::time::{Clock, ClockSource, RosTime, StampError};
use planwright_ros2::validate::{Oddities, Oddity, without_slash};
use std::cell::Cell;
use std::sync::Arc;

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
    /// The planner takes any map, which is read elsewhere; else a map has to be a maze.
    takes_any_map: bool,
    /// Maps received, and which of them was the last to be refused.
    maps_received: u64,
    map_refused: u64,
    map_differs: bool,
    odd_odometry: Oddities,
    odd_map: Oddities,
    odd_pose: Cell<Oddities>,
    /// In the order of [`Inputs::oddities`].
    odd_known: [Oddities; 4],
    clock: Clock,
    /// Refusals of maps.
    pub map_refusals: Refusals,
    /// Refusals of odometry.
    pub odometry_refusals: Refusals,
    /// Refusals of the simulated time.
    pub clock_refusals: Refusals,
    transform_refusals: TransformRefusals,
    map_mismatch: Option<String>,
    transform_mismatch: Option<String>,
    map_is_volatile: bool,
}

impl Inputs {
    /// No input yet, for a robot that plans in `map_frame`, on the node's clock.
    pub fn new(map_frame: &str, limits: OdometryLimits, robot: Arc<dyn Robot>, clock: Clock) -> Self {
        Self {
            map_frame: without_slash(map_frame).to_owned(),
            base_frame: String::new(),
            robot,
            transforms: TransformBuffer::new(TransformSettings::default()),
            odometry: OdometryMonitor::new(limits),
            measured: None,
            map: None,
            trained: None,
            takes_any_map: false,
            maps_received: 0,
            map_refused: 0,
            map_differs: false,
            odd_odometry: Oddities::default(),
            odd_map: Oddities::default(),
            odd_pose: Cell::default(),
            odd_known: Default::default(),
            clock,
            map_refusals: Refusals::new(Input::Map),
            odometry_refusals: Refusals::new(Input::Odometry),
            clock_refusals: Refusals::new(Input::Clock),
            transform_refusals: TransformRefusals::default(),
            map_mismatch: None,
            transform_mismatch: None,
            map_is_volatile: false,
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

    /// What has been accepted although it is odd, by input.
    pub fn oddities(&self) -> [(&'static str, Oddities); 4] {
        [
            ("odometry", self.odd_odometry),
            ("map", self.odd_map),
            ("transform", self.transforms.oddities()),
            ("pose", self.odd_pose.get()),
        ]
    }

    /// Of these, what was not there at the last call.
    pub fn take_new_oddities(&mut self) -> Vec<(&'static str, Oddity)> {
        let (now, mut new) = (self.oddities(), Vec::new());
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
        self.odometry_refusals.accept();
        self.transform_refusals.forget_moving();
    }

    /// A message of `/clock` was taken, or refused.
    pub fn take_clock(&mut self, refused: Option<&StampError>) {
        match refused {
            Some(error) => self.refuse_clock(error.name(), error.to_string()),
            None => self.clock_refusals.accept(),
        }
    }

    /// A message of `/clock` was refused.
    fn refuse_clock(&mut self, name: &'static str, text: String) {
        self.clock_refusals.refuse(Reason { name, text, stamp_age_secs: None });
    }

    /// A message of an input did not decode.
    pub fn refuse_malformed(&mut self, input: Input) {
        let fault = InputFault::Malformed;
        match input {
            Input::Map => _ = self.refuse_map(&fault),
            Input::Odometry => self.refuse_odometry(&fault, None),
            Input::Clock => self.refuse_clock(fault.name(), fault.to_string()),
            // Of which frame is not known.
            Input::Transform => {}
        }
    }

    /// Checks the time, on which every age depends.
    fn check_clock(&self) -> Result<(), InputFault> {
        if self.clock.source() == ClockSource::System {
            return Ok(());
        }
        match self.clock_refusals.refused() {
            Some(refused) => Err(refused.into()),
            None if self.clock.is_set() => Ok(()),
            None => Err(InputFault::NoClock),
        }
    }

    /// The robot whose plans these are the inputs of.
    pub fn robot(&self) -> &Arc<dyn Robot> {
        &self.robot
    }
}

#[cfg(test)]
mod tests;
