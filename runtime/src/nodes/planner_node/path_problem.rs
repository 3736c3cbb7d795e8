//! The problem that a request states: start, goal and map, or why there is none.

use super::inputs::{Inputs, Placed};
use super::parameters::PlannerParameters;
use super::responses::{ErrorCode, PathRequest, PlanningFailure};
use crate::gate::{Rejection, check_problem};
use crate::world::{State, World};
use planwright_ros2::messages::geometry_msgs::PoseStamped;
use planwright_ros2::time::RosTime;
use std::sync::Arc;

/// Characters of a name that a message repeats.
const LONGEST_QUOTED: usize = 60;

/// Start, goal and map of a valid request.
pub(super) struct Problem {
    pub(super) state: State,
    pub(super) stamp: RosTime,
    pub(super) goal: Placed,
    pub(super) via: Vec<Placed>,
    pub(super) world: Arc<World>,
    pub(super) map_secs: f64,
}

impl PathRequest {
    /// Goal, start and the poses between, as far as they are given.
    pub(super) fn poses(&self) -> impl Iterator<Item = &PoseStamped> {
        [&self.goal].into_iter().chain(&self.start).chain(&self.via)
    }
}

impl Problem {
    /// Start, goal and map of a request.
    ///
    /// # Errors
    /// Nav2's code and the fault, if the request is not for this planner or an input is missing or invalid.
    pub(super) fn of(
        request: &PathRequest,
        parameters: &PlannerParameters,
        inputs: &Inputs,
        now: RosTime,
    ) -> Result<Self, PlanningFailure> {
        let ids = &parameters.planner_ids;
        if !ids.contains(&request.planner_id) {
            let names: Vec<String> = ids.iter().map(|id| format!("'{id}'")).collect();
            let got: String = request.planner_id.chars().take(LONGEST_QUOTED).collect();
            let message = format!("expected planner_id to be one of {}, got '{got}'", names.join(", "));
            return Err(PlanningFailure::new(ErrorCode::InvalidPlanner, "invalid_planner", message));
        }
        if request.viapoints > 0 {
            let message = format!("expected no viapoints, got {}: this planner does not take any", request.viapoints);
            return Err(PlanningFailure::new(ErrorCode::Unknown, "viapoints", message));
        }
        let (world, map_secs) = inputs.world(parameters, now)?;
        if map_secs == f64::NEG_INFINITY {
            let secs = inputs.map().map_or(f64::INFINITY, |(_, since)| now.since(since));
            return Err(Rejection::StaleMap { secs }.into());
        }
        let goal = inputs.goal("goal", &request.goal)?;
        let (state, stamp) = match &request.start {
            Some(start) => (inputs.start(start)?, now),
            None => {
                let located = inputs.located(now, parameters.max_observation_age_secs)?;
                (located.state, located.stamp)
            }
        };
        let via = request.via.iter().map(|pose| inputs.goal("goals", pose)).collect::<Result<Vec<_>, _>>()?;
        let mut from = state.position;
        for to in via.iter().chain([&goal]) {
            check_problem(&world, from, to.position, parameters.clearance_m)?;
            from = to.position;
        }
        Ok(Self { state, stamp, goal, via, world, map_secs })
    }
}

#[cfg(test)]
mod tests;
