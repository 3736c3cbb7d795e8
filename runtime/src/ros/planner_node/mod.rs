//! A planner as a ROS 2 node: Nav2's action, a managed life, and a promise about every plan that leaves.
//!
//! Three threads. The node's loop takes messages, answers, and commands the robot; it never waits. The planning
//! thread proposes, corrects and checks. Models are loaded on a thread of their own, beside the planner at work.
//! What a new family of planners has to add stands in [`PlannerFamily`].

mod answer;
mod drive;
mod family;
mod inputs;
mod parameters;
mod report;
mod worker;

pub use answer::{ErrorCode, PathAction};
pub use family::{LoadRequest, Loaded, Maze, PlannerFamily};
pub use parameters::descriptors;

use super::action::{Acting, Actions, GoalId, GoalLimits, GoalStatus};
use super::base::{self, Base, NodeState, Start, Verdict};
use super::bond::Bond;
use super::diagnostics::Status;
use super::executor::{Executor, Reply, Waker};
use super::lifecycle::{self, Command, Lifecycle, Managed, Outcome, State as LifecycleState};
use super::logger::Severity;
use super::messages::geometry_msgs::{PoseStamped, Twist, TwistStamped};
use super::messages::nav_msgs::{self, OccupancyGrid, Odometry, Path};
use super::messages::std_msgs::Header;
use super::messages::visualization_msgs::MarkerArray;
use super::messages::{bond as bond_msgs, tf2_msgs};
use super::node::{Endpoint, NodeError, Publisher};
use super::parameter::{Change, Transaction};
use super::path::PathStyle;
use super::qos::Qos;
use super::tf::Inserted;
use super::time::{Jump, RosTime};
use crate::gate::{CheckedPlan, Origin};
use crate::planner::Observation;
use crate::view::{Event, Stamp, View};
use crate::world::{MazeWorld, Point, State};
use answer::{Question, Refusal, check_goal, check_start};
use drive::{Drive, Halt};
use inputs::{InputFault, Inputs};
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use worker::{PlanJob, Planned, Purpose, Report, Statistics, Worker, show_maze};

/// Name of the action, unless it is remapped; Nav2's behaviour trees look for this one.
pub const ACTION: &str = "compute_path_to_pose";

/// Where velocities go.
enum CommandTopic {
    Plain(Publisher<Twist>),
    Stamped(Publisher<TwistStamped>),
}

struct Topics {
    plan: Publisher<Path>,
    plan_raw: Publisher<Path>,
    markers: Publisher<MarkerArray>,
    command: CommandTopic,
}

/// A question under way.
struct Open {
    canceled: Arc<AtomicBool>,
    asked: Instant,
    /// Whether the robot is to go there once there is a path.
    goal_to_drive: Option<Point>,
    /// The start is the question's, not the robot's.
    start_is_given: bool,
}

/// What the node's own loop measures and counts.
#[derive(Default)]
struct Counters {
    answered: u64,
    refused: BTreeMap<&'static str, u64>,
    canceled: u64,
    preempted: u64,
    cycles: u64,
    late_cycles: u64,
    halts: BTreeMap<&'static str, u64>,
    overhead: crate::pilot::Latencies,
}

/// The state of a planner's node.
pub struct PlannerNode<F: PlannerFamily, A: PathAction> {
    base: Base,
    lifecycle: Lifecycle,
    bond: Bond,
    actions: Actions<A>,
    topics: Topics,
    worker: Worker,
    inputs: Inputs,
    drive: Drive,
    open: BTreeMap<GoalId, Open>,
    services: BTreeMap<u64, (Reply<nav_msgs::GetPlanResponse>, Open)>,
    service_count: u64,
    map_frame: Arc<str>,
    loaded: Option<Loaded>,
    loading: Option<Instant>,
    /// Who waits for the load: a transition, or parameters.
    load_is_swap: bool,
    statistics: Statistics,
    counters: Counters,
    view: View,
    maze_shown: bool,
    step: u64,
    /// The last velocity in the map's frame, m/s.
    commanded: Point,
    last_cycle: Option<Instant>,
    exit: Option<u8>,
    tour: Tour,
    family: PhantomData<F>,
}

/// Goals that are visited one after the other without being asked for: see [`PlannerNode::set_tour`].
#[derive(Clone, Debug, Default)]
struct Tour {
    goals: Vec<Point>,
    next: usize,
    begun: Option<Instant>,
    once: bool,
}

impl<F: PlannerFamily, A: PathAction> PlannerNode<F, A> {
    /// Opens everything and returns the node with its loop. `view` shows every step.
    ///
    /// # Errors
    /// If the middleware refuses.
    pub fn open(start: Start, view: View) -> Result<(Self, Executor<Self>), NodeError> {
        let mut executor = Executor::new(base::malformed::<Self>)?;
        let waker = executor.waker();
        let mut base = Base::open(start, waker.clone())?;
        base::serve(&mut base, &mut executor)?;
        let lifecycle = Lifecycle::open(&mut base.node)?;
        lifecycle::serve(&mut base.node, &mut executor)?;
        let secs = |name: &str| Duration::try_from_secs_f64(base.double(name)).unwrap_or_default();
        let (period, timeout) = (secs("bond_heartbeat_period"), secs("bond_timeout"));
        let bond = Bond::open(&mut base.node, period, timeout)?;
        let actions = Actions::open(&mut base.node, &mut executor, ACTION, GoalLimits::default())?;
        let topics = Topics {
            plan: base.node.publisher("plan", Qos::Reliable)?,
            plan_raw: base.node.publisher("plan_raw", Qos::Reliable)?,
            markers: base.node.publisher("~/markers", Qos::Reliable)?,
            command: if base.flag("cmd_vel_stamped") {
                CommandTopic::Stamped(base.node.publisher("cmd_vel", Qos::Reliable)?)
            } else {
                CommandTopic::Plain(base.node.publisher("cmd_vel", Qos::Reliable)?)
            },
        };
        Self::subscribe(&mut base, &mut executor)?;
        let limits = parameters::odometry_limits(base.parameters.values()).unwrap_or_default();
        let map_frame = base.text("map_frame");
        let drive_period = Duration::from_secs_f64(1.0 / base.double("drive_rate_hz").clamp(1.0, 200.0));
        executor.every(drive_period, Self::control);
        executor.every(Duration::from_millis(20), Self::keep_bond);
        executor.every(Duration::from_secs(1), |state: &mut Self| state.actions.expire());
        executor.on_wake(Self::take_reports);
        let worker = Worker::start(waker)?;
        let state = Self {
            inputs: Inputs::new(&map_frame, limits),
            map_frame: map_frame.into(),
            base,
            lifecycle,
            bond,
            actions,
            topics,
            worker,
            drive: Drive::default(),
            open: BTreeMap::new(),
            services: BTreeMap::new(),
            service_count: 0,
            loaded: None,
            loading: None,
            load_is_swap: false,
            statistics: Statistics::default(),
            counters: Counters::default(),
            view,
            maze_shown: false,
            step: 0,
            commanded: [0.0; 2],
            last_cycle: None,
            exit: None,
            tour: Tour::default(),
            family: PhantomData,
        };
        Ok((state, executor))
    }

    fn subscribe(base: &mut Base, executor: &mut Executor<Self>) -> Result<(), NodeError> {
        let node = &mut base.node;
        executor.subscribe(node.subscription::<Odometry>("odom", Qos::Sensor)?, |state: &mut Self, message, _| {
            let now = state.base.now();
            if let Err(fault) = state.inputs.take_odometry(&message, now, state.commanded_mps()) {
                state.input_fault(&fault);
            }
        })?;
        executor.subscribe(node.subscription::<OccupancyGrid>("map", Qos::Latched)?, |state: &mut Self, map, _| {
            let now = state.base.now();
            match state.inputs.take_map(&map, now) {
                Ok(()) if state.inputs.map_differs() => {
                    state.base.fault("map_differs", "expected the map that the model was trained for, got another\nhint: every plan is checked against the map that came; the model may know no way through it");
                }
                Ok(()) => {}
                Err(fault) => state.input_fault(&fault),
            }
        })?;
        for (topic, qos, is_static) in [("/tf", Qos::Transforms, false), ("/tf_static", Qos::StaticTransforms, true)] {
            let subscription = node.subscription::<tf2_msgs::TFMessage>(topic, qos)?;
            executor.subscribe(subscription, move |state: &mut Self, message, _| {
                state.inputs.transforms.set_now(state.base.now());
                for transform in &message.transforms {
                    match state.inputs.transforms.insert_message(transform, is_static) {
                        Ok(Inserted::Reparented { previous }) => {
                            let (child, parent) = (&transform.child_frame_id, &transform.header.frame_id);
                            let text = format!("expected {child} below {previous}, got it below {parent}");
                            state.base.fault("tf_reparented", &text);
                        }
                        Ok(_) => {}
                        Err(error) => state.base.fault(error.name(), &error.to_string()),
                    }
                }
            })?;
        }
        executor.subscribe(
            node.subscription::<bond_msgs::Status>("bond", Qos::Events)?,
            |state: &mut Self, status, _| {
                if state.bond.hear(&status) {
                    state.bond_broken();
                }
            },
        )?;
        let goal_pose = node.subscription::<PoseStamped>("goal_pose", Qos::Reliable)?;
        executor.subscribe(goal_pose, |state: &mut Self, pose, _| state.take_goal_pose(&pose))?;
        executor.serve(node.server::<nav_msgs::GetPlan>("~/get_plan")?, |state: &mut Self, reply, request| {
            state.serve_plan(reply, request);
        })?;
        Ok(())
    }

    /// Configures and activates if the parameter `autostart` says so.
    pub fn autostart(&mut self) {
        if self.base.flag("autostart") {
            lifecycle::request(self, Command::Configure);
        }
    }

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

    /// Runs until the node is told to end, stops the robot, and says goodbye. Gives the exit code.
    ///
    /// # Errors
    /// If the system refuses to wait.
    pub fn run(mut self, mut executor: Executor<Self>) -> std::io::Result<u8> {
        self.autostart();
        let _farewell = self.base.node.farewell();
        let ran = executor.run(&mut self);
        self.say_goodbye();
        let code = self.exit.unwrap_or(0);
        // Every reader and writer goes before the farewell does.
        drop((executor, self));
        ran.map(|()| code)
    }

    /// What it has opened, in order.
    pub fn endpoints(&self) -> &[Endpoint] {
        self.base.node.endpoints()
    }

    /// A handle that ends the loop.
    pub fn waker(&self) -> Waker {
        self.base.waker.clone()
    }

    /// The last things that leave: a robot that was driven is told to stand, whatever its planner is doing.
    fn say_goodbye(&mut self) {
        if self.base.flag("drive") && self.lifecycle.state() == LifecycleState::Active {
            for _ in 0..3 {
                self.command([0.0, 0.0], 0.0);
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        self.bond.stop(self.base.now());
        self.drop_work("shutdown");
        self.base.log(Severity::Info, "ended");
        // Reliable messages leave with the middleware's own thread.
        std::thread::sleep(Duration::from_millis(50));
    }

    fn input_fault(&mut self, fault: &InputFault) {
        self.base.fault(fault.name(), &fault.to_string());
    }

    fn is_active(&self) -> bool {
        self.lifecycle.state() == LifecycleState::Active
    }

    // ---- questions -------------------------------------------------------------------------------------------

    /// Looks at a question and, if it can be planned, hands it to the planning thread.
    fn ask(&mut self, purpose: Purpose, question: &Question, open: &mut Open) -> Result<(), Refusal> {
        let ids = match self.base.parameters.values().get("planner_ids") {
            Some(super::parameter::Value::StringArray(ids)) => ids.clone(),
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
    fn world(&self, now: RosTime) -> Result<(Arc<MazeWorld>, f64), InputFault> {
        let (world, since) = self.inputs.world(self.base.flag("map_required"))?;
        let limit_secs = self.base.double("max_map_age_secs");
        let is_stale = since.is_some_and(|since| limit_secs > 0.0 && !(now.since(since) <= limit_secs));
        Ok((world, if is_stale { f64::NEG_INFINITY } else { now.as_secs_f64() }))
    }

    fn job(
        &mut self,
        purpose: Purpose,
        observation: Observation,
        now: RosTime,
        world: Arc<MazeWorld>,
        map_secs: f64,
        open: &Open,
    ) -> Box<PlanJob> {
        if !self.maze_shown {
            show_maze(&self.view, world.layout(), observation.state.position, observation.goal);
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

    fn serve_plan(&mut self, reply: Reply<nav_msgs::GetPlanResponse>, request: nav_msgs::GetPlanRequest) {
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

    fn refuse(&mut self, id: GoalId, refusal: &Refusal) {
        self.count_refusal(refusal);
        if let Some(open) = self.open.remove(&id) {
            open.canceled.store(true, Ordering::Release);
        }
        self.actions.end(&id, GoalStatus::Aborted, A::result(Path::default(), Duration::ZERO, Some(refusal)));
    }

    fn take_goal_pose(&mut self, pose: &PoseStamped) {
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

    fn drive_to(&mut self, goal: Point) {
        if self.drive.goal() != Some(goal) {
            self.drive.set_goal(Some(goal));
            self.inputs.odometry.forgive();
            self.maze_shown = false;
            self.base.log(Severity::Info, &format!("driving to {:.2}, {:.2}", goal[0], goal[1]));
        }
    }

    // ---- plans -----------------------------------------------------------------------------------------------

    fn take_reports(&mut self) {
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
                Report::Statistics(statistics) => self.statistics = *statistics,
            }
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

    // ---- driving ---------------------------------------------------------------------------------------------

    /// One control period: where is the robot, where should it be, and the next plan.
    fn control(&mut self) {
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
            self.view.offer(stamp, Event::Executed { position: state.position });
        }
        if !self.drive.is_planning() {
            let observation = Observation { state, goal, stamp_secs: located.stamp.as_secs_f64(), step: self.step };
            let open = Open::new();
            let job = self.job(Purpose::Drive, observation, now, world, map_secs, &open);
            match self.worker.plan(job) {
                Ok(()) => self.drive.asked(),
                Err(job) => self.worker.recycle(job.plan),
            }
        }
        if self.drive.check_arrival(&state, self.base.double("goal_tolerance_m")) {
            return Err(Halt::Arrived);
        }
        let patience = Duration::from_secs_f64(self.base.double("hang_timeout_secs"));
        let velocity = self.drive.velocity(&state, now.as_secs_f64(), period_secs, patience)?;
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
    fn commanded_mps(&self) -> f64 {
        self.commanded[0].hypot(self.commanded[1])
    }

    /// Sends a velocity of the map's frame in the robot's own.
    fn command(&mut self, velocity: Point, yaw_rad: f64) {
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

    // ---- life ------------------------------------------------------------------------------------------------

    fn load(&mut self, values: &super::parameter::Values, is_swap: bool) -> Result<(), String> {
        let request = parameters::load_request(values)?;
        let settings = parameters::pilot_settings(values).map_err(|error| error.to_string())?;
        self.loading = Some(Instant::now());
        self.load_is_swap = is_swap;
        self.base.log(Severity::Info, &format!("loading {}", request.model.display()));
        self.worker.load::<F>(request, values.clone(), settings, self.view.clone(), is_swap);
        Ok(())
    }

    fn take_loaded(&mut self, loaded: Result<worker::Ready, String>) {
        let is_swap = std::mem::take(&mut self.load_is_swap);
        self.loading = None;
        let wanted = is_swap || self.lifecycle.state() == LifecycleState::Configuring;
        match loaded {
            Ok(ready) if wanted => {
                let loaded = self.worker.install(ready);
                let text = format!("loaded {} on {} in {:.2} s", loaded.model.display(), loaded.engine, loaded.secs);
                self.base.log(Severity::Info, &text);
                self.inputs.set_trained(&loaded.layout);
                self.loaded = Some(loaded);
                if is_swap {
                    base::finish_set(self, Ok(()));
                } else {
                    lifecycle::finish(self, Outcome::Success);
                }
            }
            Ok(_) => {}
            Err(reason) => {
                self.base.fault("model_rejected", &reason);
                if is_swap {
                    base::finish_set(self, Err(reason));
                } else if wanted {
                    lifecycle::finish(self, Outcome::Failure);
                }
            }
        }
    }

    fn drop_work(&mut self, name: &'static str) {
        let refusal = Refusal::new(ErrorCode::Unknown, name, "the node has stopped planning");
        let ids: Vec<GoalId> = self.open.keys().copied().collect();
        for id in ids {
            self.refuse(id, &refusal);
        }
        for (_, (reply, open)) in std::mem::take(&mut self.services) {
            open.canceled.store(true, Ordering::Release);
            reply.send(nav_msgs::GetPlanResponse::default());
        }
        self.drive.clear();
    }

    fn keep_bond(&mut self) {
        let now = self.base.now();
        if self.bond.tick(now) {
            self.bond_broken();
        }
    }

    fn bond_broken(&mut self) {
        self.base.fault("bond_broken", "expected the lifecycle manager's heartbeat, got none\nhint: the node goes on; the manager can form a new bond by activating it again");
    }
}

impl Open {
    fn new() -> Self {
        let canceled = Arc::new(AtomicBool::new(false));
        Self { canceled, asked: Instant::now(), goal_to_drive: None, start_is_given: false }
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

impl<F: PlannerFamily, A: PathAction> Managed for PlannerNode<F, A> {
    fn lifecycle(&mut self) -> &mut Lifecycle {
        &mut self.lifecycle
    }

    fn begin(&mut self, command: Command) {
        match command {
            Command::Configure => {
                let values = self.base.parameters.values().clone();
                if let Err(reason) = self.load(&values, false) {
                    self.base.fault("model_rejected", &reason);
                    lifecycle::finish(self, Outcome::Failure);
                }
            }
            Command::Activate => match &self.loaded {
                Some(loaded) => self.worker.warm_up(Arc::new(MazeWorld::new(loaded.layout.clone()))),
                None => lifecycle::finish(self, Outcome::Error),
            },
            Command::Deactivate => {
                if self.base.flag("drive") {
                    self.command([0.0, 0.0], 0.0);
                }
                self.drop_work("deactivated");
                self.bond.stop(self.base.now());
                lifecycle::finish(self, Outcome::Success);
            }
            Command::Cleanup => {
                self.worker.unload();
                self.loaded = None;
                lifecycle::finish(self, Outcome::Success);
            }
            Command::Shutdown => {
                if self.base.flag("drive") && self.commanded_mps() > 0.0 {
                    self.command([0.0, 0.0], 0.0);
                }
                self.drop_work("shutdown");
                self.bond.stop(self.base.now());
                self.worker.unload();
                self.loaded = None;
                lifecycle::finish(self, Outcome::Success);
            }
        }
    }

    fn recover(&mut self) -> bool {
        self.drop_work("error");
        self.worker.unload();
        self.loaded = None;
        true
    }

    fn entered(&mut self, state: LifecycleState) {
        self.base.log(Severity::Info, state.label());
        match state {
            LifecycleState::Active => self.bond.start(),
            LifecycleState::Inactive if self.base.flag("autostart") && self.lifecycle.transitions() == 2 => {
                lifecycle::request(self, Command::Activate);
            }
            _ => {}
        }
    }

    fn now_nanos(&self) -> i64 {
        self.base.now().nanos()
    }
}

impl<F: PlannerFamily, A: PathAction> NodeState for PlannerNode<F, A> {
    fn base(&mut self) -> &mut Base {
        &mut self.base
    }

    fn takes_long(&self, name: &str) -> bool {
        // Before it is configured there is nothing to swap.
        parameters::is_loaded::<F>(name) && self.loaded.is_some()
    }

    fn check_parameters(&mut self, transaction: &Transaction) -> Verdict {
        if let Err(reason) = parameters::load_request(transaction.after()) {
            return Verdict::Refused(reason);
        }
        if !transaction.names().iter().any(|name| self.takes_long(name)) {
            return Verdict::Now;
        }
        if self.loading.is_some() {
            return Verdict::Refused("expected one load at a time, got another while one is under way".to_owned());
        }
        match self.load(transaction.after(), true) {
            Ok(()) => Verdict::Later,
            Err(reason) => Verdict::Refused(reason),
        }
    }

    fn parameters_changed(&mut self, changes: &[Change]) {
        if let Ok(settings) = parameters::pilot_settings(self.base.parameters.values()) {
            self.worker.configure(settings);
        }
        if let Ok(limits) = parameters::odometry_limits(self.base.parameters.values()) {
            self.inputs.odometry.set_limits(limits);
        }
        if changes.iter().any(|change| change.name == "drive") && !self.base.flag("drive") {
            self.command([0.0, 0.0], 0.0);
            self.drive.clear();
        }
    }

    fn time_jumped(&mut self, jump: &Jump) {
        if jump.forgets_data() {
            self.inputs.forget_time();
            self.drive.forget_plan();
            self.worker.reset();
        }
    }

    fn statuses(&mut self) -> Vec<Status> {
        self.report()
    }

    fn fault_cleared(&mut self) {
        self.inputs.odometry.forgive();
    }

    fn middleware_failed(&mut self) {
        self.base
            .log(Severity::Fatal, "writes_blocked: ending, so that whatever supervises this process starts it afresh");
        self.exit = Some(1);
        self.base.waker.stop();
    }
}
