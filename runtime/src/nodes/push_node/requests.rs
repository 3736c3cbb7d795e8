//! Goals of the action: taken, planned for, answered.

use super::PushNode;
use super::answer::{AnswerFrames, failed, result_of};
use super::failure::{PushErrorCode, PushFailure};
use super::goal::Goal;
use super::planning::PushJob;
use super::worker::{Job, Planned, Report};
use crate::gate::PushRejection;
use crate::world::scene::FRAME_SECS;
use planwright_ros2::action::{ActionHandler, Actions, GoalId, GoalStatus};
use planwright_ros2::lifecycle::{self, LifecycleState, TransitionOutcome};
use planwright_ros2::logger::Severity;
use planwright_ros2::messages::planwright_msgs::{PushObject, PushObjectFeedback, PushObjectGoal, PushObjectResult};
use planwright_ros2::messages::sensor_msgs::CompressedImage;
use planwright_ros2::messages::std_msgs::Header;
use planwright_ros2::tf::Transform;
use planwright_ros2::time::RosTime;
use std::time::{Duration, Instant};

/// A goal without an answer yet.
pub(super) struct Pending {
    id: GoalId,
    requested: Instant,
    due: Instant,
}

impl ActionHandler<PushObject> for PushNode {
    fn actions(&mut self) -> &mut Actions<PushObject> {
        &mut self.actions
    }

    fn now(&self) -> RosTime {
        self.base.now()
    }

    fn accepts(&mut self, _goal: &PushObjectGoal) -> bool {
        self.is_active()
    }

    fn begin(&mut self, id: GoalId, goal: PushObjectGoal) {
        let requested = Instant::now();
        match self.enqueue(id, &goal, requested) {
            Ok(pending) => {
                self.pending = Some(pending);
                self.is_planning = true;
                self.actions.execute(&id);
            }
            Err(failure) => self.abort(id, &failure, requested),
        }
    }

    fn cancel(&mut self, id: GoalId) {
        self.counters.canceled += 1;
        self.pending = self.pending.take().filter(|pending| pending.id != id);
        let failure = PushFailure::new(PushErrorCode::Unknown, "canceled", "canceled as asked");
        self.actions.end(&id, GoalStatus::Canceled, failed(&failure, Duration::ZERO));
    }
}

impl PushNode {
    fn enqueue(&self, id: GoalId, goal: &PushObjectGoal, requested: Instant) -> Result<Pending, PushFailure> {
        let busy = || {
            let text = "expected one goal at a time, got another while one is planned for";
            PushFailure::new(PushErrorCode::Busy, "busy", text)
        };
        if self.is_planning {
            return Err(busy());
        }
        let parameters = &self.base.parameters;
        let goal = Goal::of(goal, |frame| self.inputs.table_from(frame))?;
        let snapshot = self.inputs.snapshot(
            self.base.now(),
            parameters.push.max_picture_age_secs,
            parameters.push.rectified,
            goal.not_before,
        )?;
        let due = requested + goal.deadline.unwrap_or(parameters.push.deadline());
        let job = PushJob {
            snapshot,
            goal,
            due,
            clock: self.base.clock.clone(),
            newest: self.inputs.newest(),
            parameters: parameters.clone(),
        };
        if self.worker.give(Job::Plan(id, Box::new(job))) { Ok(Pending { id, requested, due }) } else { Err(busy()) }
    }

    fn abort(&mut self, id: GoalId, failure: &PushFailure, requested: Instant) {
        *self.counters.failed.entry(failure.name).or_default() += 1;
        self.base.fault(failure.name, &failure.message);
        self.actions.end(&id, GoalStatus::Aborted, failed(failure, requested.elapsed()));
    }

    /// Aborts the goal that is planned for: the node stops planning.
    pub(super) fn drop_goal(&mut self, name: &'static str) {
        if let Some(pending) = self.pending.take() {
            let failure = PushFailure::new(PushErrorCode::Unknown, name, "the node has stopped planning");
            self.abort(pending.id, &failure, pending.requested);
        }
    }

    /// Ends the process if the planning thread has ended: no goal would be answered any more.
    pub(super) fn watch_worker(&mut self) {
        if self.worker.has_ended() && self.exit.is_none() {
            self.base.log(Severity::Fatal, "planner_failed: expected a planning thread, it has ended\nhint: the process ends with 1, so that what supervises it starts it afresh");
            self.exit = Some(1);
            self.base.waker.stop();
        }
    }

    /// Answers a goal whose deadline has passed, whatever the planning thread does.
    pub(super) fn keep_deadline(&mut self) {
        if self.pending.as_ref().is_some_and(|pending| Instant::now() > pending.due)
            && let Some(pending) = self.pending.take()
        {
            let secs = pending.due.saturating_duration_since(pending.requested).as_secs_f64();
            let text = format!("expected a push within {secs:.3} s, it was not ready");
            self.abort(pending.id, &PushFailure::new(PushErrorCode::Timeout, "late", text), pending.requested);
        }
    }

    pub(super) fn take_reports(&mut self) {
        while let Some(report) = self.worker.report() {
            match report {
                Report::Loaded(loaded) => self.take_loaded(loaded),
                Report::Warm => {
                    if self.lifecycle.state() == LifecycleState::Activating {
                        lifecycle::finish(self, TransitionOutcome::Success);
                    }
                }
                Report::Stage(id, stage) => {
                    if self.pending.as_ref().is_some_and(|pending| pending.id == id) {
                        self.actions.feedback(&id, PushObjectFeedback { stage: stage.to_owned() });
                    }
                }
                Report::Planned(planned) => self.take_planned(*planned),
                Report::Predicted(frames) => self.publish_predicted(frames),
            }
        }
    }

    fn take_planned(&mut self, planned: Planned) {
        self.is_planning = false;
        self.counters.planning.record(planned.planning);
        let Planned { id, answer, job, .. } = planned;
        // Gone: canceled, too late, or the node was stopped.
        let Some(pending) = self.pending.take_if(|pending| pending.id == id) else { return };
        let answer = answer.and_then(|answer| Ok((answer, self.still_holds(&pending, &job)?)));
        let result = match answer {
            Ok((answer, robot_from_table)) => {
                let parameters = &job.parameters.push;
                let frames = AnswerFrames {
                    table: &parameters.table_frame,
                    robot: &parameters.robot_frame,
                    robot_from_table,
                    stamp: self.base.now(),
                };
                result_of(&answer, &frames, parameters.push_secs, pending.requested.elapsed())
            }
            Err(failure) => {
                self.abort(id, &failure, pending.requested);
                self.draw();
                return;
            }
        };
        self.publish(&result);
        self.actions.end(&id, GoalStatus::Succeeded, result);
        self.counters.answered += 1;
        self.counters.whole.record(pending.requested.elapsed());
        self.draw();
    }

    /// What has to hold when a push is published, after all that was checked before: the deadline, the picture's age, and
    /// that the robot is known to be somewhere now. Returns the pose of the table in its frame.
    fn still_holds(&self, pending: &Pending, job: &PushJob) -> Result<Transform, PushFailure> {
        if Instant::now() > pending.due {
            let text = "the push was ready after its deadline";
            return Err(PushFailure::new(PushErrorCode::Timeout, "late", text));
        }
        let (now, most_secs) = (self.base.now(), job.parameters.push.max_picture_age_secs);
        let age_secs = now.since(job.snapshot.picture.stamp);
        if !(age_secs <= most_secs) {
            return Err(PushRejection::Stale { age_secs, most_secs }.into());
        }
        self.inputs.robot_from_table(now)
    }

    fn publish(&self, result: &PushObjectResult) {
        if self.is_active() {
            self.topics.contact.publish(result.contact.clone());
            self.topics.push.publish(result.push.clone());
        }
    }

    /// Has the predicted motion drawn; a goal that comes meanwhile waits for it, some milliseconds.
    fn draw(&self) {
        if self.base.parameters.push.publish_predicted {
            self.worker.give(Job::Draw);
        }
    }

    fn publish_predicted(&self, frames: Vec<Vec<u8>>) {
        if !self.is_active() {
            return;
        }
        let now = self.base.now();
        for (index, data) in frames.into_iter().enumerate() {
            let ahead = Duration::try_from_secs_f64(index as f64 * FRAME_SECS).unwrap_or_default();
            let header = Header { stamp: now.saturating_add(ahead).into(), frame_id: String::new() };
            self.topics.predicted.publish(CompressedImage {
                header,
                format: "rgb8; png compressed rgb8".to_owned(),
                data,
            });
        }
    }
}
