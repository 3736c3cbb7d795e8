//! The robot under way, as the node sees it: a command at every control period, and the next plan.

use super::answer::{ErrorCode, PathAction, Refusal};
use super::drive::{self, Halt};
use super::inputs::InputFault;
use super::worker::Purpose;
use super::{CommandTopic, Open, PlannerFamily, PlannerNode};
use crate::planner::Observation;
use crate::view::{Event, Stamp};
use crate::world::Point;
use planwright_ros2::action::GoalId;
use planwright_ros2::logger::Severity;
use planwright_ros2::messages::geometry_msgs::{Twist, TwistStamped};
use planwright_ros2::messages::nav_msgs;
use planwright_ros2::messages::std_msgs::Header;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Goals that are visited one after the other without being asked for: see [`PlannerNode::set_tour`].
#[derive(Clone, Debug, Default)]
pub(super) struct Tour {
    goals: Vec<Point>,
    next: usize,
    begun: Option<Instant>,
    once: bool,
}

impl<F: PlannerFamily, A: PathAction> PlannerNode<F, A> {
    /// Goals to visit in turn while driving, again and again, or `once`: then the loop ends after the last.
    pub fn set_tour(&mut self, goals: Vec<Point>, once: bool) {
        self.tour = Tour { goals, next: 0, begun: None, once };
    }

    /// On to the next goal of the tour.
    fn go_on(&mut self) {
        if self.tour.goals.is_empty() {
            return;
        }
        if let Some(begun) = self.tour.begun.take() {
            let goal = self.drive.goal().unwrap_or_default();
            let text =
                format!("arrived at {:.2}, {:.2} after {:.2} s", goal[0], goal[1], begun.elapsed().as_secs_f64());
            self.base.log(Severity::Info, &text);
            if self.tour.once && self.tour.next >= self.tour.goals.len() {
                self.drive.clear();
                self.tour.goals.clear();
                self.base.waker.stop();
                return;
            }
        }
        let Some(goal) = self.tour.goals.get(self.tour.next % self.tour.goals.len()).copied() else { return };
        self.tour.next += 1;
        self.tour.begun = Some(Instant::now());
        self.drive_to(goal);
    }

    /// One control period: where is the robot, where should it be, and the next plan.
    pub(super) fn control(&mut self) {
        self.watch_planner();
        if !(self.is_active() && self.base.flag("drive")) {
            self.last_cycle = None;
            return;
        }
        let period_secs = 1.0 / self.base.double("drive_rate_hz").clamp(1.0, 200.0);
        let begun = Instant::now();
        self.counters.cycles += 1;
        let late = self.last_cycle.is_some_and(|last| (begun - last).as_secs_f64() > 1.5 * period_secs);
        self.counters.late_cycles += u64::from(late);
        self.last_cycle = Some(begun);
        self.step += 1;
        match self.steer(period_secs) {
            Ok((velocity, yaw_rad)) => self.command(velocity, yaw_rad),
            Err(halt) => {
                *self.counters.halts.entry(halt.name()).or_default() += 1;
                if halt.is_rest() {
                    self.go_on();
                } else if halt.is_fault() {
                    self.base.fault(halt.name(), "the robot is told to stand");
                }
                self.command([0.0, 0.0], 0.0);
            }
        }
    }

    fn steer(&mut self, period_secs: f64) -> Result<(Point, f64), Halt> {
        let Some(goal) = self.drive.goal() else { return Err(Halt::NoGoal) };
        let now = self.base.now();
        let max_age_secs = self.base.double("max_observation_age_secs");
        let located = self.inputs.located(now, max_age_secs).map_err(|fault| match fault {
            InputFault::Transform(_) => Halt::Transform,
            other => Halt::Odometry(other.name()),
        })?;
        let (world, map_secs) = self.world(now).map_err(|_| Halt::Map)?;
        let state = drive::predicted(&world, &located.state, now.since(located.stamp), self.commanded);
        let stamp = Stamp { time_secs: now.as_secs_f64(), step: self.step };
        if self.view.is_enabled() {
            self.view.log(stamp, Event::Executed { position: state.position });
        }
        if !self.drive.is_planning() {
            let observation = Observation { state, goal, stamp_secs: located.stamp.as_secs_f64(), step: self.step };
            let open = Open::new();
            let job = self.job(Purpose::Drive, observation, now, Arc::clone(&world), map_secs, &open);
            match self.worker.plan(job) {
                Ok(()) => self.drive.asked(),
                Err(job) => self.worker.recycle(job.plan),
            }
        }
        if self.drive.check_arrival(&state, self.base.double("goal_tolerance_m")) {
            return Err(Halt::Arrived);
        }
        let patience = Duration::from_secs_f64(self.base.double("hang_timeout_secs"));
        let velocity = self.drive.velocity(world.robot(), &state, now.as_secs_f64(), period_secs, patience)?;
        Ok((velocity, located.yaw_rad))
    }

    /// Answers those who wait for a planner that hangs.
    fn watch_planner(&mut self) {
        let patience =
            Duration::from_secs_f64(self.base.double("hang_timeout_secs") + self.base.double("deadline_secs"));
        let late: Vec<GoalId> =
            self.open.iter().filter(|(_, open)| open.asked.elapsed() > patience * 4).map(|(id, _)| *id).collect();
        for id in late {
            let refusal =
                Refusal::new(ErrorCode::Timeout, "planner_hangs", "expected a plan, got no answer from the planner");
            self.refuse(id, &refusal);
        }
        let late: Vec<u64> = self
            .services
            .iter()
            .filter(|(_, (_, open))| open.asked.elapsed() > patience * 4)
            .map(|(number, _)| *number)
            .collect();
        for (reply, open) in late.iter().filter_map(|number| self.services.remove(number)).collect::<Vec<_>>() {
            open.canceled.store(true, Ordering::Release);
            self.base.fault("planner_hangs", "expected a plan, got no answer from the planner");
            reply.send(nav_msgs::GetPlanResponse::default());
        }
        if self.drive.silence().is_some_and(|silence| silence > patience) {
            self.base.fault("planner_hangs", "expected a plan, got no answer from the planner");
        }
    }

    /// How fast the robot is told to be, m/s.
    pub(super) fn commanded_mps(&self) -> f64 {
        self.commanded[0].hypot(self.commanded[1])
    }

    /// Sends a velocity of the map's frame in the robot's own.
    pub(super) fn command(&mut self, velocity: Point, yaw_rad: f64) {
        let velocity = if velocity.iter().all(|value| value.is_finite()) { velocity } else { [0.0, 0.0] };
        self.commanded = velocity;
        let (sin, cos) = yaw_rad.sin_cos();
        let mut twist = Twist::default();
        twist.linear.x = cos * velocity[0] + sin * velocity[1];
        twist.linear.y = cos * velocity[1] - sin * velocity[0];
        match &self.topics.command {
            CommandTopic::Plain(topic) => topic.publish(twist),
            CommandTopic::Stamped(topic) => {
                let header = Header { stamp: self.base.now().into(), frame_id: self.inputs.base_frame().to_owned() };
                topic.publish(TwistStamped { header, twist })
            }
        };
    }
}
