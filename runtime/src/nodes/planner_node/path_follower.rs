//! Path follower: from the plan in force to a velocity per control period, or a stop with its reason.

use crate::correction::Tracker;
use crate::gate::{CheckedPlan, Fallback, MAX_STATES, Origin};
use crate::geometry::wrapped;
use crate::nodes::robot::{is_drive, turns_in_place};
use crate::world::{Point, Robot, State, World};
use std::time::{Duration, Instant};

/// Why zero velocity is commanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// No goal is set.
    NoGoal,
    /// It has arrived.
    Arrived,
    /// An input is not usable, by the name of the fault: implausible odometry, no map, a refused one.
    Input(&'static str),
    /// No transform from the odometry's frame to the map.
    Transform,
    /// No plan has left the gate yet.
    NoPlan,
    /// The planner has not answered for too long.
    PlannerHangs,
    /// The gate's own last resort.
    GateStop,
}

impl StopReason {
    /// Its name in diagnostics.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoGoal => "no_goal",
            Self::Arrived => "arrived",
            Self::Input(name) => name,
            Self::Transform => "tf_missing",
            Self::NoPlan => "no_plan",
            Self::PlannerHangs => "planner_hangs",
            Self::GateStop => "gate_stop",
        }
    }

    /// Whether the robot is at rest without a fault or a plan to wait for.
    pub fn is_rest(self) -> bool {
        matches!(self, Self::NoGoal | Self::Arrived)
    }

    /// Whether it is a fault. Waiting for the first plan to a goal is none.
    pub fn is_fault(self) -> bool {
        !self.is_rest() && self != Self::NoPlan
    }
}

/// What the robot's base is commanded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BaseCommand {
    /// A velocity in the map's frame, m/s.
    Velocity(Point),
    /// Of a drive: speed along its heading, m/s, and turn rate, rad/s.
    Drive {
        /// Negative in reverse.
        speed_mps: f64,
        /// Counter-clockwise.
        turn_rate_radps: f64,
    },
}

impl BaseCommand {
    /// To stand.
    pub const STOP: Self = Self::Velocity([0.0; 2]);

    /// The command; to stand if a number of it is not finite.
    pub fn or_stop(self) -> Self {
        let [x, y] = match self {
            Self::Velocity(velocity) => velocity,
            Self::Drive { speed_mps, turn_rate_radps } => [speed_mps, turn_rate_radps],
        };
        if x.is_finite() && y.is_finite() { self } else { Self::STOP }
    }

    /// Speed, m/s.
    pub fn speed_mps(self) -> f64 {
        match self {
            Self::Velocity([x, y]) => x.hypot(y),
            Self::Drive { speed_mps, .. } => speed_mps.abs(),
        }
    }
}

/// Turn rate and speed below which a drive rests, rad/s and m/s.
const RESTS: f64 = 0.05;

/// Goal and plan of the driven robot.
pub struct PathFollower {
    goal: Option<Point>,
    goal_yaw_rad: Option<f64>,
    plan: CheckedPlan,
    tracker: Tracker,
    /// When the plan in the making was requested.
    outstanding: Option<Instant>,
    /// When the last plan came.
    planned: Option<Instant>,
    arrived: bool,
}

impl Default for PathFollower {
    fn default() -> Self {
        Self {
            goal: None,
            goal_yaw_rad: None,
            plan: CheckedPlan::with_capacity(MAX_STATES),
            tracker: Tracker,
            outstanding: None,
            planned: None,
            arrived: false,
        }
    }
}

impl PathFollower {
    /// The goal in the map, m.
    pub fn goal(&self) -> Option<Point> {
        self.goal
    }

    /// Another goal. The plan in force stays until there is one for it.
    pub fn set_goal(&mut self, goal: Option<Point>) {
        self.goal = goal;
        self.goal_yaw_rad = None;
        self.arrived = false;
    }

    /// Direction at the goal: of the paths that are shown, and of robots that turn in place.
    pub fn goal_yaw_rad(&self) -> Option<f64> {
        self.goal_yaw_rad
    }

    /// Another direction at the same goal.
    pub fn set_goal_yaw(&mut self, yaw_rad: Option<f64>) {
        self.goal_yaw_rad = yaw_rad;
    }

    /// Clears plan and goal.
    pub fn clear(&mut self) {
        self.set_goal(None);
        self.clear_plan();
    }

    /// Clears the plan: time or position have jumped.
    pub fn clear_plan(&mut self) {
        self.plan = CheckedPlan::with_capacity(MAX_STATES);
        self.planned = None;
    }

    /// The robot stands because of an input: what it has to follow is the next plan, however old the last one is by then.
    pub fn pause(&mut self) {
        self.planned = None;
    }

    /// Whether a plan is being made. One is requested at a time.
    pub fn is_planning(&self) -> bool {
        self.outstanding.is_some()
    }

    /// A plan has been requested.
    pub fn requested(&mut self) {
        self.outstanding = Some(Instant::now());
    }

    /// A plan has come; the one before it is handed back.
    pub fn receive(&mut self, plan: CheckedPlan) -> CheckedPlan {
        self.outstanding = None;
        self.planned = Some(Instant::now());
        std::mem::replace(&mut self.plan, plan)
    }

    /// The plan requested last was not made.
    pub fn give_up(&mut self) {
        self.outstanding = None;
    }

    /// The plan in force.
    pub fn plan(&self) -> &CheckedPlan {
        &self.plan
    }

    /// Time since the request that has no answer yet.
    pub fn silence(&self) -> Option<Duration> {
        self.outstanding.map(|requested| requested.elapsed())
    }

    /// Whether the robot rests within `tolerance_m` of its goal. Once it has arrived it may roll a little.
    pub fn check_arrival(&mut self, state: &State, tolerance_m: f64) -> bool {
        let Some(goal) = self.goal else { return false };
        let distance = state.distance(goal);
        let near = if self.arrived { distance <= 2.0 * tolerance_m } else { distance <= tolerance_m };
        self.arrived = near && state.speed() < 0.3;
        self.arrived
    }

    /// Whether a robot of any kind rests at its goal: a drive stands, and one that turns in place has the goal's direction
    /// to `tolerance_rad`. Once it has arrived it may be off by twice as much.
    pub fn check_pose(&mut self, robot: &dyn Robot, state: &State, tolerance_m: f64, tolerance_rad: f64) -> bool {
        let had_arrived = self.arrived;
        let near = self.check_arrival(state, tolerance_m);
        if !is_drive(robot) {
            return near;
        }
        let off_rad = self.goal_yaw_rad.filter(|_| turns_in_place(robot)).map_or(0.0, |yaw_rad| {
            let off_rad = wrapped(yaw_rad - state.heading_rad);
            off_rad.abs()
        });
        let allowed_rad = if had_arrived { 2.0 * tolerance_rad } else { tolerance_rad };
        let rests = had_arrived || (state.speed() <= RESTS && state.turn_rate_radps.abs() <= RESTS);
        self.arrived = near && rests && off_rad <= allowed_rad;
        self.arrived
    }

    /// The command for the coming `period_secs`.
    ///
    /// # Errors
    /// The reason to stop instead.
    pub fn command(
        &self,
        robot: &dyn Robot,
        state: &State,
        now_secs: f64,
        period_secs: f64,
        patience: Duration,
    ) -> Result<BaseCommand, StopReason> {
        if self.goal.is_none() {
            return Err(StopReason::NoGoal);
        }
        let Some(planned) = self.planned else { return Err(StopReason::NoPlan) };
        if planned.elapsed() > patience {
            return Err(StopReason::PlannerHangs);
        }
        if matches!(self.plan.origin(), Origin::Fallback { kind: Fallback::Stop, .. }) {
            return Err(StopReason::GateStop);
        }
        let Some((reference, next)) = self.plan.reference_at(now_secs) else { return Err(StopReason::NoPlan) };
        let command = self.tracker.command(robot, state, &reference, &next);
        // The velocity that the command gives within a step and then, for the rest of the period, what the plan adds:
        // the robot's base takes a velocity, not a force.
        let Some((ahead, _)) = self.plan.reference_at(now_secs + period_secs) else { return Err(StopReason::NoPlan) };
        let after = robot.free_step(state, command);
        if is_drive(robot) {
            return Ok(BaseCommand::Drive {
                speed_mps: after.forward_speed() + (ahead.forward_speed() - next.forward_speed()),
                turn_rate_radps: after.turn_rate_radps + (ahead.turn_rate_radps - next.turn_rate_radps),
            });
        }
        let after = after.velocity;
        Ok(BaseCommand::Velocity(std::array::from_fn(|axis| {
            after[axis] + (ahead.velocity[axis] - next.velocity[axis])
        })))
    }
}

/// The state now: that measured `age_secs` ago, simulated with the velocity commanded since, up to 0.2 s; the gate takes
/// no older data. From inside a wall it is simulated in free motion: no wall pushes a robot whose odometry drifted.
pub fn predicted(world: &World, state: &State, age_secs: f64, commanded: BaseCommand) -> State {
    let mut state = *state;
    let robot = world.robot();
    let is_inside = world.sweep().segment(state.position, state.position) < 0.0;
    let steps = (age_secs.clamp(0.0, 0.2) / world.step_secs()).round() as usize;
    for _ in 0..steps {
        let command = match commanded {
            BaseCommand::Velocity(velocity) => robot.velocity_command(&state, velocity),
            BaseCommand::Drive { speed_mps, turn_rate_radps } => {
                robot.twist_command(&state, [speed_mps, 0.0], turn_rate_radps)
            }
        };
        state = if is_inside { robot.free_step(&state, command) } else { world.step(&state, command).0 };
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Differential, PointMass};

    #[test]
    fn without_a_goal_a_plan_or_an_answer_the_robot_stops() {
        let mut follower = PathFollower::default();
        let (state, patience) = (State::at_rest([1.0, 1.0]), Duration::from_millis(20));
        let velocity = |follower: &PathFollower| follower.command(&PointMass::default(), &state, 0.0, 0.02, patience);
        assert_eq!(velocity(&follower), Err(StopReason::NoGoal));
        follower.set_goal(Some([3.0, 1.0]));
        assert_eq!(velocity(&follower), Err(StopReason::NoPlan));
        follower.requested();
        follower.receive(CheckedPlan::with_capacity(1));
        assert_eq!(velocity(&follower), Err(StopReason::GateStop));
        std::thread::sleep(Duration::from_millis(30));
        assert_eq!(velocity(&follower), Err(StopReason::PlannerHangs));
        follower.pause();
        assert_eq!(velocity(&follower), Err(StopReason::NoPlan), "nothing was requested meanwhile");
        follower.receive(CheckedPlan::with_capacity(1));
        assert_eq!(velocity(&follower), Err(StopReason::GateStop));
    }

    #[test]
    fn a_drive_has_arrived_when_it_stands_in_the_goals_direction() {
        let (robot, mut follower) = (Differential::default(), PathFollower::default());
        follower.set_goal(Some([1.0, 1.0]));
        follower.set_goal_yaw(Some(3.1));
        let mut at = |heading_rad: f64, speed_mps: f64, rate_radps: f64| {
            let state = State::driving([1.0, 1.05], heading_rad, speed_mps, rate_radps);
            follower.check_pose(&robot, &state, 0.1, 0.1)
        };
        assert!(!at(2.0, 0.0, 0.0) && !at(3.1, 0.2, 0.0) && !at(3.1, 0.0, -0.3));
        assert!(at(-3.15, 0.0, 0.0), "the shorter way round");
        assert!(at(2.95, 0.0, 0.1) && !at(2.8, 0.0, 0.0) && !at(2.95, 0.0, 0.0));
    }

    #[test]
    fn arrival_needs_rest_and_allows_a_little_roll() {
        let mut follower = PathFollower::default();
        follower.set_goal(Some([1.0, 1.0]));
        let moving = State::moving([1.0, 1.05], [1.0, 0.0]);
        assert!(!follower.check_arrival(&moving, 0.1));
        assert!(follower.check_arrival(&State::at_rest([1.0, 1.05]), 0.1));
        assert!(follower.check_arrival(&State::at_rest([1.0, 1.15]), 0.1));
        assert!(!follower.check_arrival(&State::at_rest([1.0, 1.25]), 0.1));
        assert!(!follower.check_arrival(&State::at_rest([1.0, 1.15]), 0.1));
    }
}
