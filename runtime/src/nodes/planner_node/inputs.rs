//! Validated inputs of the node: odometry, map and transforms.

use super::input_fault::InputFault;
use super::map_reader::{ReadMap, Received};
use super::odometry_fault::OdometryFault;
use super::parameters::PlannerParameters;
use super::refusals::{Input, Reason, Refusals, TransformRefusals};
use crate::geometry::wrapped;
use crate::nodes::map::{MappedWorld, layout_of, same_walls};
use crate::nodes::robot::is_drive;
use crate::world::{MotionLimits, Point, Robot, State, World};
use planwright_ros2::messages::geometry_msgs::{PoseStamped, TransformStamped};
use planwright_ros2::messages::map_msgs::OccupancyGridUpdate;
use planwright_ros2::messages::nav_msgs::{OccupancyGrid, Odometry};
use planwright_ros2::messages::std_msgs::Header;
use planwright_ros2::odometry::{OdometryLimits, OdometryMonitor, OdometrySample, OdometryStatus};
use planwright_ros2::tf::{
    Inserted, LookupTime, Quaternion, StampedTransform, Transform, TransformBuffer, TransformError, TransformSettings,
};
use planwright_ros2::time::{Clock, ClockSource, RosTime, StampError};
use planwright_ros2::validate::{
    LEAST_LEVEL, Oddities, Oddity, PlanarOdometry, check_map, check_odometry, check_orientation, check_place,
    without_slash,
};
use std::cell::Cell;
use std::sync::Arc;
use std::time::Instant;

/// Frames of a loop that are noted as refused: no robot has more between its odometry and the map.
const MAX_LOOP: usize = 64;
/// Odometry of which the last message was refused this long ago has stopped, s.
const REFUSED_SECS: f64 = 2.0;

/// Age of a message by its stamp, seconds, if it has one.
fn stamp_age(header: &Header, now: RosTime) -> Option<f64> {
    RosTime::try_from(&header.stamp).ok().map(|stamp| now.since(stamp))
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
    forward_mps: f64,
    turn_rate_radps: f64,
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

    /// The map that the model was trained for; `None` for a planner of any map.
    pub fn set_trained(&mut self, trained: Option<MappedWorld>) {
        // The same maze stays the same world: plans under way are not made for another.
        let layout = trained.as_ref().and_then(MappedWorld::layout);
        if self.trained.as_ref().and_then(MappedWorld::layout) != layout {
            self.trained = trained;
        }
        self.compare();
    }

    fn compare(&mut self) {
        let trained = self.trained.as_ref().and_then(MappedWorld::layout);
        let received = self.map.as_ref().and_then(|(map, _)| map.layout());
        self.map_differs = received.zip(trained).is_some_and(|(received, trained)| !same_walls(received, trained));
    }

    /// Whether maps of any kind are taken, which are read by a [`MapReader`](super::map_reader::MapReader).
    pub fn takes_any_map(&self) -> bool {
        self.takes_any_map
    }

    /// Takes maps of any kind, or mazes alone. A change clears the map: true then.
    pub fn take_any_map(&mut self, any: bool) -> bool {
        let changes = self.takes_any_map != any;
        if changes {
            (self.takes_any_map, self.map) = (any, None);
            self.compare();
        }
        changes
    }

    /// Whether the map is another than the model was trained for.
    pub fn map_differs(&self) -> bool {
        self.map_differs
    }

    /// Takes a map; `is_volatile`: its publisher keeps none for late joiners.
    ///
    /// # Errors
    /// If it is broken, in another frame, or no maze. Then no map is usable until one is taken.
    pub fn take_map(&mut self, map: &OccupancyGrid, now: RosTime, is_volatile: bool) -> Result<(), InputFault> {
        match self.read_map(map, now) {
            Ok(()) => {
                self.map_refusals.accept();
                (self.map_is_volatile, self.map_mismatch) = (is_volatile, None);
                Ok(())
            }
            Err(fault) => {
                self.refuse_map(&fault);
                Err(fault)
            }
        }
    }

    /// Checks a map of any kind before it is read elsewhere. Gives the yaw of its origin.
    ///
    /// # Errors
    /// If it is broken or in another frame. Then no map is usable until one is taken.
    pub fn check_grid(
        &mut self,
        map: &OccupancyGrid,
        now: RosTime,
        is_volatile: bool,
    ) -> Result<(f64, Received), InputFault> {
        self.maps_received += 1;
        let received = Received { number: self.maps_received, time: now, is_volatile };
        let checked = check_map(map, &mut self.odd_map).map_err(InputFault::from);
        let checked = checked.and_then(|(frame, yaw_rad)| {
            self.check_map_frame(frame)?;
            Ok((yaw_rad, received))
        });
        checked.inspect_err(|fault| _ = self.refuse_map(fault))
    }

    /// The same for a change of a part of the map.
    ///
    /// # Errors
    /// If it is in another frame.
    pub fn check_update(&mut self, update: &OccupancyGridUpdate, now: RosTime) -> Result<Received, InputFault> {
        self.maps_received += 1;
        let received = Received { number: self.maps_received, time: now, is_volatile: self.map_is_volatile };
        let checked = self.check_map_frame(without_slash(&update.header.frame_id)).map(|()| received);
        checked.inspect_err(|fault| _ = self.refuse_map(fault))
    }

    fn check_map_frame(&self, frame: &str) -> Result<(), InputFault> {
        if frame == self.map_frame {
            return Ok(());
        }
        Err(InputFault::MapFrame { expected: self.map_frame.clone(), got: frame.to_owned() })
    }

    /// Takes a map that was read elsewhere, unless one that came later has been refused. Gives the world if it is a new
    /// one.
    ///
    /// # Errors
    /// Why it was refused. Then no map is usable until one is taken.
    pub fn take_read(&mut self, read: ReadMap) -> Result<Option<Arc<World>>, InputFault> {
        let ReadMap { received, world } = read;
        if !self.takes_any_map || received.number <= self.map_refused {
            return Ok(None);
        }
        let world = world.inspect_err(|fault| _ = self.refuse_map(fault))?;
        self.map_refusals.accept();
        (self.map_is_volatile, self.map_mismatch) = (received.is_volatile, None);
        match &mut self.map {
            Some((map, since)) if Arc::ptr_eq(map.world(), &world) => {
                *since = received.time;
                Ok(None)
            }
            map => {
                *map = Some((MappedWorld::on_grid(Arc::clone(&world)), received.time));
                Ok(Some(world))
            }
        }
    }

    /// A map was refused. True if the one before was usable.
    pub fn refuse_map(&mut self, fault: &InputFault) -> bool {
        self.map_refused = self.maps_received;
        self.map_refusals.refuse(fault.reason(None))
    }

    /// Odometry was refused; `stamp_age_secs` is its age, if it has one.
    pub fn refuse_odometry(&mut self, fault: &InputFault, stamp_age_secs: Option<f64>) {
        let reason = fault.reason(stamp_age_secs);
        if matches!(reason.name, "odom_duplicate" | "odom_out_of_order") {
            self.odometry_refusals.refuse_repetition(reason);
        } else {
            self.odometry_refusals.refuse(reason);
        }
    }

    /// A publisher of a map cannot be heard, for this reason.
    pub fn note_map_mismatch(&mut self, reason: &str) {
        self.map_mismatch = Some(reason.to_owned());
    }

    /// A publisher of transforms cannot be heard, for this reason.
    pub fn note_transform_mismatch(&mut self, topic: &str, reason: &str) {
        self.transform_mismatch = Some(format!("{topic}: {reason}"));
    }

    /// Whether the publisher of the map keeps none for late joiners.
    pub fn map_is_volatile(&self) -> bool {
        self.map_is_volatile
    }

    fn read_map(&mut self, map: &OccupancyGrid, now: RosTime) -> Result<(), InputFault> {
        let mut odd = self.odd_map;
        let (frame, yaw_rad) = check_map(map, &mut odd)?;
        self.check_map_frame(frame)?;
        let layout = layout_of(map)?;
        if yaw_rad != 0.0 {
            odd.note(Oddity::TurnedByRounding);
        }
        self.odd_map = odd;
        let same = self.map.as_ref().is_some_and(|(map, _)| map.layout() == Some(&layout));
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
    /// If there is none, or the newest was refused.
    pub fn world(&self, parameters: &PlannerParameters, now: RosTime) -> Result<(Arc<World>, f64), InputFault> {
        if let Some(refused) = self.map_refusals.refused() {
            return Err(refused.into());
        }
        let (map, since) = match (&self.map, &self.trained) {
            (Some((map, since)), _) => (map, *since),
            (None, Some(trained)) if !parameters.map_required => (trained, now),
            _ => return Err(self.map_mismatch.clone().map_or(InputFault::NoMap, InputFault::MapUnheard)),
        };
        let limit_secs = parameters.max_map_age_secs;
        if limit_secs > 0.0 {
            self.check_clock()?;
        }
        let is_stale = limit_secs > 0.0 && !(now.since(since) <= limit_secs);
        Ok((Arc::clone(map.world()), if is_stale { f64::NEG_INFINITY } else { now.as_secs_f64() }))
    }

    /// Checks that a plan for this world can be published: that no newer map has come since, and none was refused.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn check_world(
        &self,
        parameters: &PlannerParameters,
        now: RosTime,
        world: &Arc<World>,
    ) -> Result<(), InputFault> {
        let (current, _) = self.world(parameters, now)?;
        if Arc::ptr_eq(&current, world) { Ok(()) } else { Err(InputFault::MapChanged) }
    }

    /// Takes one transform.
    ///
    /// # Errors
    /// If it is refused. Then the one before is not usable either, unless that is the newer of the two.
    pub fn take_transform(
        &mut self,
        transform: &TransformStamped,
        is_static: bool,
        now: RosTime,
    ) -> Result<Inserted, TransformError> {
        let inserted = self.transforms.insert_message(transform, is_static);
        let child = without_slash(&transform.child_frame_id);
        match &inserted {
            Ok(_) => self.transform_refusals.accept(child),
            Err(error) => {
                // As in tf2, a frame below itself carries no information on its place.
                let is_itself = without_slash(&transform.header.frame_id) == child;
                let is_newer = !(is_itself || matches!(error, TransformError::Old { .. }));
                let stamp_age_secs = match error {
                    TransformError::Old { .. } | TransformError::Future { .. } => stamp_age(&transform.header, now),
                    _ => None,
                };
                let reason = Reason { name: error.name(), text: error.to_string(), stamp_age_secs };
                // Between two frames of a loop the newest message has them otherwise than the transforms that are known.
                if let TransformError::Loop { frames } = error {
                    for frame in frames.iter().filter(|frame| *frame != child).take(MAX_LOOP) {
                        self.transform_refusals.refuse(frame, is_static, true, reason.clone());
                    }
                }
                self.transform_refusals.refuse(child, is_static, is_newer, reason);
            }
        }
        inserted
    }

    /// What a lookup found on the way from `frame` to the map, unless a newer transform on it was refused.
    fn usable(
        &self,
        frame: &str,
        found: Result<StampedTransform, TransformError>,
    ) -> Result<StampedTransform, InputFault> {
        if self.transform_refusals.is_empty() {
            return Ok(found?);
        }
        let is_unknown =
            matches!(&found, Err(TransformError::UnknownFrame { frame: unknown }) if unknown == without_slash(frame));
        let refused = match is_unknown {
            // What was refused of other frames has nothing to do with it.
            true => self.transform_refusals.refused(std::iter::once(without_slash(frame))),
            false => self.transform_refusals.refused(self.transforms.frames_between(&self.map_frame, frame)),
        };
        match (found, refused) {
            (Ok(found), None | Some((_, false))) => Ok(found),
            (_, Some((refused, _))) => Err(refused.into()),
            (Err(error), None) => Err(error.into()),
        }
    }

    /// Checks that a plan can be published whose goal and start, or else the robot, were placed by way of these frames:
    /// that no transform has been refused since, nor the time.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn check_frames(&self, frames: &[String], start_is_given: bool) -> Result<(), InputFault> {
        let measured = self.measured.as_ref().filter(|_| !start_is_given).map(|measured| &measured.frame);
        if measured.is_some() {
            self.check_clock()?;
        }
        if self.transform_refusals.is_empty() {
            return Ok(());
        }
        for frame in frames.iter().chain(measured) {
            let between = self.transforms.frames_between(&self.map_frame, frame);
            if let Some((refused, true)) = self.transform_refusals.refused(between) {
                return Err(refused.into());
            }
        }
        Ok(())
    }

    /// Takes odometry. `commanded_mps` is the speed commanded last.
    ///
    /// # Errors
    /// If it is invalid or implausible; then the last good one stays, and ages. Or a remark on one that was taken.
    pub fn take_odometry(&mut self, message: &Odometry, now: RosTime, commanded_mps: f64) -> Result<(), InputFault> {
        match self.read_odometry(message, now, commanded_mps) {
            Ok(remark) => {
                self.odometry_refusals.accept();
                remark.map_or(Ok(()), |fault| Err(fault.into()))
            }
            Err(fault) => {
                let stamp_age_secs =
                    matches!(fault, InputFault::Odometry(_)).then(|| stamp_age(&message.header, now)).flatten();
                self.refuse_odometry(&fault, stamp_age_secs);
                Err(fault)
            }
        }
    }

    fn read_odometry(
        &mut self,
        message: &Odometry,
        now: RosTime,
        commanded_mps: f64,
    ) -> Result<Option<OdometryFault>, InputFault> {
        let odometry = check_odometry(message, &mut self.odd_odometry)?;
        let PlanarOdometry { stamp, frame, position, yaw_rad, .. } = odometry;
        let (mps, limits) = (odometry.velocity[0].hypot(odometry.velocity[1]), self.odometry.limits());
        let limit_mps = limits.max_speed_mps * limits.speed_margin;
        if !(mps <= limit_mps) {
            return Err(InputFault::Speed { mps, limit_mps });
        }
        let base_frame = if odometry.base_frame.is_empty() { &self.base_frame } else { odometry.base_frame };
        self.odometry.set_tick(self.clock.tick_secs());
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
                (measured.forward_mps, measured.turn_rate_radps) = (forward, odometry.turn_rate_radps);
                (measured.yaw_rad, measured.stamp) = (yaw_rad, stamp);
            }
            measured => {
                let (frame, base_frame) = (frame.to_owned(), base_frame.to_owned());
                let (forward_mps, turn_rate_radps) = (forward, odometry.turn_rate_radps);
                *measured = Some(Measured {
                    frame,
                    base_frame,
                    position,
                    velocity,
                    forward_mps,
                    turn_rate_radps,
                    yaw_rad,
                    stamp,
                });
                self.request_frames([]);
            }
        }
        // From here on it is known which frames are in use.
        if self.transforms.is_crowded() && self.transforms.lookup(&self.map_frame, frame, LookupTime::Latest).is_ok() {
            self.transforms.trim();
        }
        Ok(fault)
    }

    /// Child frame of the odometry; empty before the first message.
    pub fn base_frame(&self) -> &str {
        self.measured.as_ref().map_or("", |measured| &measured.base_frame)
    }

    /// The robot's state in the map for a command to it: on a simulated clock that stands, nothing is driven.
    ///
    /// # Errors
    /// As [`Self::located`].
    pub fn located_under_way(&self, now: RosTime, max_age_secs: f64) -> Result<Located, InputFault> {
        let located = self.located(now, max_age_secs)?;
        match self.odometry.status_under_way(Instant::now(), now) {
            status @ OdometryStatus::Stopped { .. } => {
                Err(OdometryFault { status, limits: *self.odometry.limits() }.into())
            }
            _ => Ok(located),
        }
    }

    /// The robot's state in the map, as last measured.
    ///
    /// # Errors
    /// If there is no time, no odometry, it has stopped or was refused, or its frame has no place in the map.
    pub fn located(&self, now: RosTime, max_age_secs: f64) -> Result<Located, InputFault> {
        self.check_clock()?;
        let fault = |status| InputFault::from(OdometryFault { status, limits: *self.odometry.limits() });
        let none = || self.odometry_refusals.refused().map_or_else(|| fault(OdometryStatus::Waiting), InputFault::from);
        let Some(measured) = &self.measured else { return Err(none()) };
        let status = self.odometry.status(Instant::now(), now);
        match status {
            OdometryStatus::Waiting => return Err(none()),
            OdometryStatus::Stopped { .. } => {
                // What is refused comes, and has not stopped.
                let refused = self.odometry_refusals.refused().filter(|refused| refused.age_secs < REFUSED_SECS);
                return Err(refused.map_or_else(|| fault(status), InputFault::from));
            }
            OdometryStatus::Running(outcome) if !outcome.is_trusted() => return Err(fault(status)),
            _ => {}
        }
        let found = self.transforms.lookup_fresh(&self.map_frame, &measured.frame, now, max_age_secs);
        let found = self.usable(&measured.frame, found).map_err(|fault| match (fault, &self.transform_mismatch) {
            (
                InputFault::Transform(
                    fault @ (TransformError::UnknownFrame { .. } | TransformError::NotConnected { .. }),
                ),
                Some(unheard),
            ) => InputFault::TransformUnheard { fault, unheard: unheard.clone() },
            (fault, _) => fault,
        })?;
        let map_from_odom = found.target_from_source;
        let position = map_from_odom.apply_to_point(measured.position);
        let velocity = map_from_odom.apply_to_vector(measured.velocity);
        let yaw_rad = map_from_odom.yaw() + measured.yaw_rad;
        let (position, velocity) = ([position[0], position[1]], [velocity[0], velocity[1]]);
        let state = match self.robot.limits() {
            MotionLimits::Axes(_) => State::moving(position, velocity),
            MotionLimits::Norm { .. } => State { heading_rad: wrapped(yaw_rad), ..State::moving(position, velocity) },
            MotionLimits::Drive(_) => {
                State::driving(position, wrapped(yaw_rad), measured.forward_mps, measured.turn_rate_radps)
            }
        };
        // Between two ticks of a simulated clock a stamp is ahead of it.
        Ok(Located { state, stamp: measured.stamp.min(now), yaw_rad })
    }

    /// A start at rest in the map, given in any known frame. Its stamp is not used, its orientation that of drives alone.
    ///
    /// # Errors
    /// If the pose is broken or its frame has no place in the map.
    pub fn start(&self, pose: &PoseStamped) -> Result<State, InputFault> {
        if is_drive(&*self.robot) {
            let Placed { position, yaw_rad } = self.goal("start", pose)?;
            return Ok(State::at_pose(position, yaw_rad.unwrap_or_default()));
        }
        self.position("start", pose).map(|(position, _)| State::at_rest(position))
    }

    /// The place in the map of a goal, given in any known frame. An orientation of zeros gives no direction: clients that
    /// have none to give leave it so.
    ///
    /// # Errors
    /// As [`Self::start`], or if the orientation is none.
    pub fn goal(&self, of: &'static str, pose: &PoseStamped) -> Result<Placed, InputFault> {
        let (position, map_from_frame) = self.position(of, pose)?;
        let mut odd = self.odd_pose.get();
        let rotation = check_orientation(&pose.pose.orientation, &mut odd).map_err(|invalid| invalid.below(of))?;
        self.odd_pose.set(odd);
        let rotation = rotation.map(|rotation| map_from_frame.rotation * rotation);
        // With its x axis up or down a robot has no direction, and what would be computed is the rounding's.
        let yaw_rad = rotation.filter(|rotation| rotation.level() >= LEAST_LEVEL).map(Quaternion::yaw);
        Ok(Placed { position, yaw_rad })
    }

    fn position(&self, of: &'static str, pose: &PoseStamped) -> Result<(Point, Transform), InputFault> {
        let mut odd = self.odd_pose.get();
        let (frame, position) = check_place(pose, &mut odd).map_err(|invalid| invalid.below(of))?;
        self.odd_pose.set(odd);
        let found = self.transforms.lookup(&self.map_frame, frame, LookupTime::Latest);
        let found = self.usable(frame, found).map_err(|fault| match fault {
            InputFault::Transform(fault) => InputFault::TransformOf { of, fault },
            other => other,
        })?;
        let map_from_frame = found.target_from_source;
        let [x, y, _] = map_from_frame.apply_to_point(position);
        Ok(([x, y], map_from_frame))
    }
}

#[cfg(test)]
mod tests;
