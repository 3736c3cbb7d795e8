//! Questions for a path, from action, service and goal_pose, and their answers.

use super::answer::{ErrorCode, PathAction, Question, Refusal, check_goal, check_start};
use super::inputs::InputFault;
use super::worker::{PlanJob, Planned, Purpose, Report, Statistics};
use super::{Open, PlannerFamily, PlannerNode};
use crate::gate::{CheckedPlan, Origin};
use crate::nodes::path::PathStyle;
use crate::planner::Observation;
use crate::world::{MazeWorld, Point, State};
use planwright_ros2::action::{Acting, Actions, GoalId, GoalStatus};
use planwright_ros2::executor::Reply;
use planwright_ros2::lifecycle::{self, Outcome, State as LifecycleState};
use planwright_ros2::logger::Severity;
use planwright_ros2::messages::geometry_msgs::PoseStamped;
use planwright_ros2::messages::nav_msgs::{self, Path};
use planwright_ros2::parameter::Value;
use planwright_ros2::time::RosTime;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

impl<F: PlannerFamily, A: PathAction> PlannerNode<F, A> {
    /// Looks at a question and, if it can be planned, hands it to the planning thread.
    fn ask(&mut self, purpose: Purpose, question: &Question, open: &mut Open) -> Result<(), Refusal> {
        let ids = match self.base.parameters.values().get("planner_ids") {
            Some(Value::StringArray(ids)) => ids.clone(),
            _ => Vec::new(),
        };
        if !ids.contains(&question.planner_id) {
            let message = format!("expected planner_id to be one of {}, got '{}'", ids.join(", "), question.planner_id);
            return Err(Refusal::new(ErrorCode::InvalidPlanner, "invalid_planner", message));
        }
        if question.viapoints > 0 {
            let message = format!("expected no viapoints, got {}: this planner goes its own way", question.viapoints);
            return Err(Refusal::new(ErrorCode::Unknown, "viapoints", message));
        }
        let input = |fault: InputFault| Refusal::of_input(&fault);
        let now = self.base.now();
        let (world, map_secs) = self.world(now).map_err(input)?;
        let goal = self.inputs.place(&question.goal).map_err(input)?;
        let (state, stamp) = match &question.start {
            Some(start) => (State::at_rest(self.inputs.place(start).map_err(input)?), now),
            None => {
                let located = self.inputs.located(now, self.base.double("max_observation_age_secs")).map_err(input)?;
                open.goal_to_drive = Some(goal);
                (located.state, located.stamp)
            }
        };
        open.start_is_given = question.start.is_some();
        check_start(world.layout(), state.position)?;
        check_goal(world.layout(), goal)?;
        let observation = Observation { state, goal, stamp_secs: stamp.as_secs_f64(), step: self.step };
        let job = self.job(purpose, observation, now, world, map_secs, open);
        self.worker.plan(job).map_err(|job| {
            self.worker.recycle(job.plan);
            Refusal::new(ErrorCode::Unknown, "too_many_goals", "expected at most 64 plans waiting, got more")
        })
    }

    /// The map to plan in and when it was last known to be true, seconds of ROS time.
    pub(super) fn world(&self, now: RosTime) -> Result<(Arc<MazeWorld>, f64), InputFault> {
        let (world, since) = self.inputs.world(self.base.flag("map_required"))?;
        let limit_secs = self.base.double("max_map_age_secs");
        let is_stale = since.is_some_and(|since| limit_secs > 0.0 && !(now.since(since) <= limit_secs));
        Ok((world, if is_stale { f64::NEG_INFINITY } else { now.as_secs_f64() }))
    }

    pub(super) fn job(
        &mut self,
        purpose: Purpose,
        observation: Observation,
        now: RosTime,
        world: Arc<MazeWorld>,
        map_secs: f64,
        open: &Open,
    ) -> Box<PlanJob> {
        if !self.maze_shown {
            self.view.log_map(Default::default(), world.layout(), observation.state.position, observation.goal);
            self.maze_shown = true;
        }
        Box::new(PlanJob {
            purpose,
            observation,
            now,
            clock: self.base.clock.clone(),
            start_is_given: open.start_is_given,
            map_secs,
            world,
            frame: Arc::clone(&self.map_frame),
            style: PathStyle {
                period_secs: self.base.double("path_period_secs"),
                clearance_m: self.base.double("clearance_m"),
            },
            show: self.base.flag("publish_debug"),
            canceled: Arc::clone(&open.canceled),
            plan: self.worker.spare(),
        })
    }

    pub(super) fn serve_plan(&mut self, reply: Reply<nav_msgs::GetPlanResponse>, request: nav_msgs::GetPlanRequest) {
        // The service has no error code: an empty plan says no, and the diagnostics say why.
        let mut open = Open::new();
        if !self.is_active() {
            self.base.fault("not_active", "expected an active node, got a request for a plan before");
            reply.send(nav_msgs::GetPlanResponse::default());
            return;
        }
        let start = (!request.start.header.frame_id.is_empty()).then_some(request.start);
        let question = Question { goal: request.goal, start, planner_id: String::new(), viapoints: 0 };
        self.service_count += 1;
        let number = self.service_count;
        match self.ask(Purpose::Service(number), &question, &mut open) {
            Ok(()) => {
                self.services.insert(number, (reply, open));
            }
            Err(refusal) => {
                self.count_refusal(&refusal);
                reply.send(nav_msgs::GetPlanResponse::default());
            }
        }
    }

    fn count_refusal(&mut self, refusal: &Refusal) {
        *self.counters.refused.entry(refusal.name).or_default() += 1;
        self.base.fault(refusal.name, &refusal.message);
    }

    pub(super) fn refuse(&mut self, id: GoalId, refusal: &Refusal) {
        self.count_refusal(refusal);
        if let Some(open) = self.open.remove(&id) {
            open.canceled.store(true, Ordering::Release);
        }
        self.actions.end(&id, GoalStatus::Aborted, A::result(Path::default(), Duration::ZERO, Some(refusal)));
    }

    pub(super) fn take_goal_pose(&mut self, pose: &PoseStamped) {
        if !(self.is_active() && self.base.flag("drive")) {
            self.base.fault("not_driving", "expected an active node with the parameter drive, got a goal_pose");
            return;
        }
        let checked = self.inputs.place(pose).map_err(|fault| Refusal::of_input(&fault)).and_then(|goal| {
            let (world, _) = self.world(self.base.now()).map_err(|fault| Refusal::of_input(&fault))?;
            check_goal(world.layout(), goal).map(|()| goal)
        });
        match checked {
            Ok(goal) => self.drive_to(goal),
            Err(refusal) => self.count_refusal(&refusal),
        }
    }

    pub(super) fn drive_to(&mut self, goal: Point) {
        if self.drive.goal() != Some(goal) {
            self.drive.set_goal(Some(goal));
            self.inputs.odometry.forgive();
            self.maze_shown = false;
            self.base.log(Severity::Info, &format!("driving to {:.2}, {:.2}", goal[0], goal[1]));
        }
    }

    pub(super) fn take_reports(&mut self) {
        while let Some(report) = self.worker.report() {
            match report {
                Report::Planned(planned) => self.take_plan(*planned),
                Report::Shown(shown) => {
                    if self.is_active() {
                        self.topics.plan_raw.publish(shown.raw);
                        self.topics.markers.publish(shown.markers);
                    }
                }
                Report::Loaded(loaded) => self.take_loaded(*loaded),
                Report::Warm => {
                    if self.lifecycle.state() == LifecycleState::Activating {
                        lifecycle::finish(self, Outcome::Success);
                    }
                }
                Report::Statistics(statistics) => self.take_statistics(*statistics),
            }
        }
    }

    fn take_statistics(&mut self, statistics: Statistics) {
        let crossings = |statistics: &Statistics| statistics.drift.as_ref().map_or(0, |drift| drift.figures.crossings);
        let has_crossed = crossings(&statistics) > crossings(&self.statistics);
        self.statistics = statistics;
        let drift = self.statistics.drift.as_ref().filter(|_| has_crossed).map(|drift| drift.figures);
        if let Some(figures) = drift {
            let text = format!(
                "drifting: expected a total variation of at most {} to the intended distribution, got {:.3} over {} plans",
                figures.threshold,
                figures.total_variation.unwrap_or(f64::NAN),
                figures.plans
            );
            self.base.log(Severity::Warn, &text);
        }
    }

    fn take_plan(&mut self, mut planned: Planned) {
        let plan = std::mem::replace(&mut planned.plan, CheckedPlan::with_capacity(0));
        let recycled = match planned.purpose {
            Purpose::Drive => self.take_drive_plan(&mut planned, plan),
            Purpose::Action(id) => {
                self.answer_goal(id, &mut planned, Refusal::of_plan(&plan));
                plan
            }
            Purpose::Service(number) => {
                if let Some((reply, open)) = self.services.remove(&number) {
                    let refusal = Refusal::of_plan(&plan);
                    if let Some(refusal) = &refusal {
                        self.count_refusal(refusal);
                    }
                    self.counters.answered += u64::from(refusal.is_none());
                    reply.send(nav_msgs::GetPlanResponse { plan: planned.path.clone() });
                    self.note_overhead(&planned, &open);
                }
                plan
            }
        };
        self.worker.recycle(recycled);
    }

    fn note_overhead(&mut self, planned: &Planned, open: &Open) {
        self.counters.overhead.record(open.asked.elapsed().saturating_sub(planned.planning));
    }

    fn answer_goal(&mut self, id: GoalId, planned: &mut Planned, refusal: Option<Refusal>) {
        // Gone: canceled, preempted, or answered because the planner hung.
        let Some(open) = self.open.remove(&id) else { return };
        let refusal = match refusal {
            _ if !planned.had_planner => Some(Refusal::new(
                ErrorCode::Unknown,
                "not_active",
                "expected an active node, got one without a planner",
            )),
            other => other,
        };
        if let Some(refusal) = &refusal {
            self.count_refusal(refusal);
            self.actions.end(&id, GoalStatus::Aborted, A::result(Path::default(), planned.planning, Some(refusal)));
            return;
        }
        let path = std::mem::take(&mut planned.path);
        self.actions.end(&id, GoalStatus::Succeeded, A::result(path.clone(), planned.planning, None));
        self.note_overhead(planned, &open);
        self.counters.answered += 1;
        if self.is_active() {
            self.topics.plan.publish(path);
            if let (true, Some(goal)) = (self.base.flag("drive"), open.goal_to_drive) {
                self.drive_to(goal);
            }
        }
    }

    fn take_drive_plan(&mut self, planned: &mut Planned, plan: CheckedPlan) -> CheckedPlan {
        let stale = self.drive.goal() != Some(planned.observation.goal) || !planned.had_planner || planned.canceled;
        if stale || !self.is_active() {
            self.drive.give_up();
            return plan;
        }
        if let Origin::Fallback { kind, reason } = plan.origin() {
            self.base.fault(reason.name(), &format!("{}: {reason}", kind.name()));
        }
        let changed = plan.sequence() != self.drive.plan().sequence();
        if changed {
            self.topics.plan.publish(std::mem::take(&mut planned.path));
        }
        self.drive.receive(plan)
    }
}

impl<F: PlannerFamily, A: PathAction> Acting<A> for PlannerNode<F, A> {
    fn actions(&mut self) -> &mut Actions<A> {
        &mut self.actions
    }

    fn now(&self) -> RosTime {
        self.base.now()
    }

    fn accepts(&mut self, _goal: &A::Goal) -> bool {
        self.is_active()
    }

    fn begin(&mut self, id: GoalId, goal: A::Goal) {
        if self.base.flag("preempt") {
            let before: Vec<GoalId> = self.open.keys().copied().collect();
            for id in before {
                self.counters.preempted += 1;
                self.refuse(
                    id,
                    &Refusal::new(ErrorCode::Unknown, "preempted", "a newer goal took the place of this one"),
                );
            }
        }
        let mut open = Open::new();
        match self.ask(Purpose::Action(id), &A::question(goal), &mut open) {
            Ok(()) => {
                self.open.insert(id, open);
                self.actions.execute(&id);
            }
            Err(refusal) => self.refuse(id, &refusal),
        }
    }

    fn cancel(&mut self, id: GoalId) {
        self.counters.canceled += 1;
        if let Some(open) = self.open.remove(&id) {
            open.canceled.store(true, Ordering::Release);
            if self.drive.goal().is_some() && self.drive.goal() == open.goal_to_drive {
                self.drive.clear();
            }
        }
        let refusal = Refusal::new(ErrorCode::Unknown, "canceled", "canceled as asked");
        self.actions.end(&id, GoalStatus::Canceled, A::result(Path::default(), Duration::ZERO, Some(&refusal)));
    }
}
