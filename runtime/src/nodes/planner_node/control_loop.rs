//! The control loop of a driving node: one velocity command and one replan per control period.

use super::input_fault::InputFault;
use super::inputs::Placed;
use super::jobs::Purpose;
use super::path_follower::{self, BaseCommand, StopReason};
use super::responses::{ErrorCode, PathAction, PlanningFailure};
use super::waypoint_tour::WaypointTour;
use super::{CommandTopic, PendingRequest, PlannerNode};
use crate::planner::Observation;
use crate::view::{Event, Stamp};
use crate::world::{Actuation, Point};
use planwright_ros2::action::GoalId;
use planwright_ros2::logger::Severity;
use planwright_ros2::messages::ackermann_msgs::{AckermannDrive, AckermannDriveStamped};
use planwright_ros2::messages::geometry_msgs::{Twist, TwistStamped};
use planwright_ros2::messages::nav_msgs;
use planwright_ros2::messages::std_msgs::Header;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Below this speed a car's curvature is not that of its wheels, m/s.
const STANDING_MPS: f64 = 1e-3;

/// Why the robot stands.
pub(super) enum Halt {
    /// A reason of the follower's.
    Stop(StopReason),
    /// An input is to blame.
    Input(InputFault),
}

impl Halt {
    pub(super) fn reason(&self) -> StopReason {
        match self {
            Self::Stop(reason) => *reason,
            Self::Input(InputFault::Transform(_) | InputFault::TransformUnheard { .. }) => StopReason::Transform,
            Self::Input(fault) => StopReason::Input(fault.name()),
        }
    }
}

impl From<StopReason> for Halt {
    fn from(reason: StopReason) -> Self {
        Self::Stop(reason)
    }
}

impl From<InputFault> for Halt {
    fn from(fault: InputFault) -> Self {
        Self::Input(fault)
    }
}

impl<A: PathAction> PlannerNode<A> {
    /// Goals to visit in turn while driving, again and again, or `once`: then the loop ends after the last.
    pub fn set_tour(&mut self, goals: Vec<Point>, once: bool) {
        self.tour = WaypointTour::new(goals, once);
    }

    /// On to the next goal of the tour; after the last the loop ends.
    fn continue_tour(&mut self) {
        let step = self.tour.advance();
        if let Some(travelled) = step.travelled {
            let [x, y] = self.follower.goal().unwrap_or_default();
            let text = format!("arrived at {x:.2}, {y:.2} after {:.2} s", travelled.as_secs_f64());
            self.base.log(Severity::Info, &text);
        }
        if step.is_last() {
            self.follower.clear();
            self.base.waker.stop();
        }
        if let Some(position) = step.goal {
            self.drive_to(Placed { position, yaw_rad: None });
        }
    }

    /// One control period: measured state, next plan, command.
    pub(super) fn control(&mut self) {
        self.watch_planner();
        if !self.is_steering() {
            self.last_cycle = None;
            return;
        }
        let period_secs = self.parameters().control_period_secs();
        let begun = Instant::now();
        self.counters.cycles += 1;
        let late = self.last_cycle.is_some_and(|last| (begun - last).as_secs_f64() > 1.5 * period_secs);
        self.counters.late_cycles += u64::from(late);
        self.last_cycle = Some(begun);
        self.step += 1;
        match self.steer(period_secs) {
            Ok((command, yaw_rad)) => {
                self.go_on_following();
                if self.is_steering() {
                    self.command(command, yaw_rad);
                }
            }
            Err(halt) => {
                let reason = halt.reason();
                self.end_following(&halt);
                *self.counters.stops.entry(reason.name()).or_default() += 1;
                if matches!(halt, Halt::Input(_)) {
                    self.follower.pause();
                }
                if reason.is_rest() {
                    self.continue_tour();
                } else if reason.is_fault() {
                    let stops = "the robot gets a stop command";
                    match &halt {
                        Halt::Input(fault) => self.base.fault(reason.name(), &format_args!("{stops}: {fault}")),
                        Halt::Stop(_) => self.base.fault(reason.name(), stops),
                    }
                }
                self.command(BaseCommand::STOP, 0.0);
            }
        }
    }

    /// Whether the node commands the robot.
    pub(super) fn is_steering(&self) -> bool {
        self.is_active() && (self.parameters().drive || self.following.is_some())
    }

    fn steer(&mut self, period_secs: f64) -> Result<(BaseCommand, f64), Halt> {
        let Some(goal) = self.follower.goal() else { return Err(StopReason::NoGoal.into()) };
        let now = self.base.now();
        let parameters = &self.base.parameters.planner;
        let (tolerance_m, patience) = (parameters.goal_tolerance_m, parameters.hang_timeout());
        let tolerance_rad = parameters.goal_yaw_tolerance_rad;
        let located = self.inputs.located_under_way(now, parameters.max_observation_age_secs)?;
        let (world, map_secs) = self.inputs.world(parameters, now)?;
        let state = path_follower::predicted(&world, &located.state, now.since(located.stamp), self.commanded);
        let stamp = Stamp { time_secs: now.as_secs_f64(), step: self.step };
        if self.view.is_enabled() {
            self.view.log(stamp, Event::Executed { position: state.position });
        }
        if !self.follower.is_planning() {
            let observation = Observation { state, goal, stamp_secs: located.stamp.as_secs_f64(), step: self.step };
            let request = PendingRequest::towards(self.follower.goal_yaw_rad());
            let mut job = self.job(Purpose::Drive, observation, now, Arc::clone(&world), map_secs, &request);
            job.path = self.following.as_ref().map(|following| Arc::clone(following.path()));
            match self.worker.plan(job) {
                Ok(()) => self.follower.requested(),
                Err(job) => self.worker.recycle(job.plan),
            }
        }
        self.watch_following(&state);
        if self.follower.check_pose(world.robot(), &state, tolerance_m, tolerance_rad) {
            return Err(StopReason::Arrived.into());
        }
        let command = self.follower.command(world.robot(), &state, now.as_secs_f64(), period_secs, patience)?;
        Ok((command, located.yaw_rad))
    }

    /// Fails requests that wait for a planner that hangs.
    fn watch_planner(&mut self) {
        let parameters = self.parameters();
        let patience = Duration::from_secs_f64(parameters.hang_timeout_secs + parameters.deadline_secs);
        let is_late = |request: &PendingRequest| request.requested.elapsed() > patience * 4;
        let message = "expected a plan, got no answer from the planner";
        let late: Vec<GoalId> =
            self.requests.iter().filter(|(_, request)| is_late(request)).map(|(id, _)| *id).collect();
        for id in late {
            self.fail(id, &PlanningFailure::new(ErrorCode::Timeout, "planner_hangs", message));
        }
        for (_, (reply, request)) in self.services.extract_if(.., |_, (_, request)| is_late(request)) {
            request.cancel();
            self.base.fault("planner_hangs", message);
            reply.send(nav_msgs::GetPlanResponse::default());
        }
        if self.follower.silence().is_some_and(|silence| silence > patience) {
            self.base.fault("planner_hangs", message);
        }
    }

    /// Speed commanded last, m/s.
    pub(super) fn commanded_mps(&self) -> f64 {
        self.commanded.speed_mps()
    }

    /// Publishes a command in the robot's frame, whose x axis has this direction in the map.
    pub(super) fn command(&mut self, command: BaseCommand, yaw_rad: f64) {
        let command = command.or_stop();
        self.commanded = command;
        let mut twist = Twist::default();
        match command {
            BaseCommand::Velocity(velocity) => {
                let (sin, cos) = yaw_rad.sin_cos();
                twist.linear.x = cos * velocity[0] + sin * velocity[1];
                twist.linear.y = cos * velocity[1] - sin * velocity[0];
            }
            BaseCommand::Drive { speed_mps, turn_rate_radps } => {
                (twist.linear.x, twist.angular.z) = (speed_mps, turn_rate_radps);
            }
        }
        self.steer_wheels(&twist);
        match &self.topics.command {
            CommandTopic::Plain(topic) => topic.publish(twist),
            CommandTopic::Stamped(topic) => {
                let header = Header { stamp: self.base.now().into(), frame_id: self.inputs.base_frame().to_owned() };
                topic.publish(TwistStamped { header, twist })
            }
        };
    }

    /// The same command for the wheels of a car: the front wheels keep their angle where it stands.
    fn steer_wheels(&mut self, twist: &Twist) {
        let Some(topic) = &self.topics.ackermann else { return };
        let Actuation::Ackermann { wheelbase_m, steering_rad, .. } = self.inputs.robot().actuation() else { return };
        let (speed_mps, rate_radps) = (twist.linear.x, twist.angular.z);
        if speed_mps.abs() > STANDING_MPS {
            self.wheels_rad = (wheelbase_m * rate_radps / speed_mps).atan().clamp(-steering_rad, steering_rad);
        }
        let header = Header { stamp: self.base.now().into(), frame_id: self.inputs.base_frame().to_owned() };
        let drive = AckermannDrive {
            steering_angle: self.wheels_rad as f32,
            speed: speed_mps as f32,
            ..AckermannDrive::default()
        };
        topic.publish(AckermannDriveStamped { header, drive });
    }
}
