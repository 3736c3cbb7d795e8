//! Odometry, and the robot's state in the map.

use super::Inputs;
use crate::geometry::wrapped;
use crate::nodes::planner_node::input_fault::InputFault;
use crate::nodes::planner_node::odometry_fault::OdometryFault;
use crate::world::{MotionLimits, State};
use planwright_ros2::messages::nav_msgs::Odometry;
use planwright_ros2::messages::std_msgs::Header;
use planwright_ros2::odometry::{OdometrySample, OdometryStatus};
use planwright_ros2::tf::{LookupTime, TransformError};
use planwright_ros2::time::RosTime;
use planwright_ros2::validate::{PlanarOdometry, check_odometry};
use std::time::Instant;

/// Odometry of which the last message was refused this long ago has stopped, s.
const REFUSED_SECS: f64 = 2.0;

/// Age of a message by its stamp, seconds, if it has one.
pub(super) fn stamp_age(header: &Header, now: RosTime) -> Option<f64> {
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

/// The last plausible odometry.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    pub(super) frame: String,
    pub(super) base_frame: String,
    pub(super) position: [f64; 3],
    pub(super) velocity: [f64; 3],
    pub(super) forward_mps: f64,
    pub(super) turn_rate_radps: f64,
    pub(super) yaw_rad: f64,
    pub(super) stamp: RosTime,
}

impl Inputs {
    /// Odometry was refused; `stamp_age_secs` is its age, if it has one.
    pub fn refuse_odometry(&mut self, fault: &InputFault, stamp_age_secs: Option<f64>) {
        let reason = fault.reason(stamp_age_secs);
        if matches!(reason.name, "odom_duplicate" | "odom_out_of_order") {
            self.odometry_refusals.refuse_repetition(reason);
        } else {
            self.odometry_refusals.refuse(reason);
        }
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
}
