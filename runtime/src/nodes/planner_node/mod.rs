//! A planner as a managed ROS 2 node with Nav2's action; every published plan has passed the gate.
//!
//! Three threads. The node's loop takes messages, answers, and commands the robot; it never waits. The planning
//! thread proposes, corrects and checks. Models are loaded on a thread of their own, beside the planner at work.
//! A new family of planners adds its parameters: see [`FamilyParameters`].

mod control_loop;
mod diagnostics;
mod follow_path;
mod input_fault;
mod inputs;
mod jobs;
mod lifecycle_callbacks;
mod loader;
mod map_reader;
mod odometry_fault;
mod parameters;
mod path_actions;
mod path_follower;
mod path_proposer;
mod planner_pilot;
mod problem;
mod requests;
mod responses;
mod waypoint_tour;
mod worker;

pub use parameters::{FamilyParameters, NodeParameters, PlannerChoice, PlannerParameters};
pub use responses::{ErrorCode, PathAction};

use crate::nodes::autostart::{self, Autostart};
use crate::nodes::refusals::Input;
use crate::view::View;
use crate::world::{Actuation, Point, Robot};
use follow_path::Following;
use input_fault::InputFault;
use inputs::Inputs;
use jobs::Statistics;
use loader::Loaded;
use map_reader::{MapReader, ReadMap};
use path_follower::{BaseCommand, PathFollower};
use planwright_ros2::action::{Actions, GoalId, GoalLimits};
use planwright_ros2::base::{self, Base, NodeSetup};
use planwright_ros2::bond::Bond;
use planwright_ros2::executor::{Executor, Reply};
use planwright_ros2::kept;
use planwright_ros2::lifecycle::{self, Lifecycle, LifecycleState};
use planwright_ros2::logger::Severity;
use planwright_ros2::messages::ackermann_msgs::AckermannDriveStamped;
use planwright_ros2::messages::geometry_msgs::{PoseStamped, Twist, TwistStamped};
use planwright_ros2::messages::map_msgs::OccupancyGridUpdate;
use planwright_ros2::messages::nav_msgs::{self, OccupancyGrid, Odometry, Path};
use planwright_ros2::messages::nav2_msgs::{ComputePathThroughPoses, FollowPath};
use planwright_ros2::messages::visualization_msgs::MarkerArray;
use planwright_ros2::messages::{bond as bond_msgs, tf2_msgs};
use planwright_ros2::node::{NodeError, Publisher};
use planwright_ros2::qos::Qos;
use planwright_ros2::tf::Inserted;
use planwright_ros2::validate::without_slash;
use requests::PendingRequest;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use waypoint_tour::WaypointTour;
use worker::Worker;

/// Name of the action, unless it is remapped; Nav2's behaviour trees look for this one.
pub const ACTION: &str = "compute_path_to_pose";

/// Name of the action that plans through several poses.
const THROUGH_ACTION: &str = "compute_path_through_poses";
/// Name of the action that drives along a path.
const FOLLOW_ACTION: &str = "follow_path";

/// Topics of the inputs.
const MAP: &str = "map";
const MAP_UPDATES: &str = "map_updates";
const ODOMETRY: &str = "odom";
const TRANSFORMS: &str = "/tf";
const STATIC_TRANSFORMS: &str = "/tf_static";
const CLOCK: &str = "/clock";

/// Publisher of velocity commands.
enum CommandTopic {
    Plain(Publisher<Twist>),
    Stamped(Publisher<TwistStamped>),
}

struct Topics {
    plan: Publisher<Path>,
    plan_raw: Publisher<Path>,
    markers: Publisher<MarkerArray>,
    command: CommandTopic,
    /// Of a car.
    ackermann: Option<Publisher<AckermannDriveStamped>>,
}

/// Counts and latencies of the node's loop.
#[derive(Default)]
struct Counters {
    answered: u64,
    failed: BTreeMap<&'static str, u64>,
    canceled: u64,
    preempted: u64,
    cycles: u64,
    late_cycles: u64,
    stops: BTreeMap<&'static str, u64>,
    overhead: crate::pilot::Latencies,
}

/// The state of a planner's node.
pub struct PlannerNode<A: PathAction> {
    base: Base<NodeParameters>,
    lifecycle: Lifecycle,
    bond: Bond,
    actions: Actions<A>,
    /// Of a node of any planner.
    through: Option<Actions<ComputePathThroughPoses>>,
    follow: Option<Actions<FollowPath>>,
    topics: Topics,
    worker: Worker,
    maps: MapReader,
    /// The newest map, where a change of the planner may need it.
    kept_map: Option<(Arc<OccupancyGrid>, bool)>,
    inputs: Inputs,
    follower: PathFollower,
    following: Option<Following>,
    requests: BTreeMap<GoalId, PendingRequest>,
    services: BTreeMap<u64, (Reply<nav_msgs::GetPlanResponse>, PendingRequest)>,
    service_count: u64,
    map_frame: Arc<str>,
    loaded: Option<Loaded>,
    loading: Option<Instant>,
    /// Why the model that was to be loaded last is not.
    load_failure: Option<String>,
    autostart: Autostart,
    /// Whether parameters wait for the load, else a transition.
    load_is_swap: bool,
    statistics: Statistics,
    counters: Counters,
    view: View,
    maze_shown: bool,
    /// Start and goal that the view shows.
    shown_way: Option<[Point; 2]>,
    step: u64,
    /// The last command.
    commanded: BaseCommand,
    /// The angle of a car's front wheels that was commanded last.
    wheels_rad: f64,
    last_cycle: Option<Instant>,
    exit: Option<u8>,
    tour: WaypointTour,
}

impl<A: PathAction> PlannerNode<A> {
    /// Opens everything and returns the node of a robot with its loop. `view` shows every step.
    ///
    /// # Errors
    /// If the middleware refuses.
    pub fn open(
        setup: NodeSetup<NodeParameters>,
        robot: Arc<dyn Robot>,
        view: View,
    ) -> Result<(Self, Executor<Self>), NodeError> {
        let mut executor = Executor::new(Self::malformed)?;
        let waker = executor.waker();
        let mut base = Base::open(setup, waker.clone())?;
        base::serve(&mut base, &mut executor)?;
        let lifecycle = Lifecycle::open(&mut base.node)?;
        lifecycle::serve(&mut base.node, &mut executor)?;
        let parameters = base.parameters.planner.clone();
        let secs = |secs| Duration::try_from_secs_f64(secs).unwrap_or_default();
        let bond = Bond::open(&mut base.node, secs(parameters.bond_heartbeat_period), secs(parameters.bond_timeout))?;
        let actions = Actions::open(&mut base.node, &mut executor, ACTION, GoalLimits::default())?;
        let (mut through, mut follow) = (None, None);
        let is_any = matches!(base.parameters.family, FamilyParameters::Any(..));
        if is_any {
            let (node, limits) = (&mut base.node, GoalLimits::default());
            through = Some(Actions::open(node, &mut executor, THROUGH_ACTION, limits)?);
            follow = Some(Actions::open(node, &mut executor, FOLLOW_ACTION, limits)?);
            executor.subscribe(
                node.subscription::<OccupancyGridUpdate>(MAP_UPDATES, Qos::Reliable)?,
                |state: &mut Self, update, _| state.take_map_update(update),
            )?;
        }
        let topics = Topics {
            plan: base.node.publisher("plan", Qos::Reliable)?,
            plan_raw: base.node.publisher("plan_raw", Qos::Reliable)?,
            markers: base.node.publisher("~/markers", Qos::Reliable)?,
            command: if parameters.cmd_vel_stamped {
                CommandTopic::Stamped(base.node.publisher("cmd_vel", Qos::Reliable)?)
            } else {
                CommandTopic::Plain(base.node.publisher("cmd_vel", Qos::Reliable)?)
            },
            ackermann: match robot.actuation() {
                Actuation::Ackermann { .. } => Some(base.node.publisher("ackermann_cmd", Qos::Reliable)?),
                _ => None,
            },
        };
        Self::subscribe(&mut base, &mut executor)?;
        executor.every(Duration::from_secs_f64(parameters.control_period_secs()), Self::control);
        executor.every(Duration::from_millis(20), Self::keep_bond);
        executor.every(Duration::from_secs(1), Self::expire);
        executor.every(Duration::from_millis(100), autostart::retry::<Self>);
        executor.on_wake(Self::take_reports);
        let worker = Worker::start(waker)?;
        let report = worker.reporter();
        let maps =
            MapReader::start(Arc::clone(&robot), parameters.grid_reading(), parameters.clearance_m, move |read| {
                report(worker::Report::Map(Box::new(read)));
            })?;
        let limits = parameters.odometry_limits();
        let mut inputs = Inputs::new(&parameters.map_frame, limits, robot, base.clock.clone())
            .with_frames(&parameters.base_frame, parameters.max_frames);
        inputs.take_any_map(parameters.choice().takes_any_map() == Some(true));
        let state = Self {
            inputs,
            map_frame: without_slash(&parameters.map_frame).into(),
            base,
            lifecycle,
            bond,
            actions,
            through,
            follow,
            topics,
            worker,
            maps,
            kept_map: None,
            follower: PathFollower::default(),
            following: None,
            requests: BTreeMap::new(),
            services: BTreeMap::new(),
            service_count: 0,
            loaded: None,
            loading: None,
            load_failure: None,
            autostart: Autostart::default(),
            load_is_swap: false,
            statistics: Statistics::default(),
            counters: Counters::default(),
            view,
            maze_shown: false,
            shown_way: None,
            step: 0,
            commanded: BaseCommand::STOP,
            wheels_rad: 0.0,
            last_cycle: None,
            exit: None,
            tour: WaypointTour::default(),
        };
        Ok((state, executor))
    }

    fn subscribe(base: &mut Base<NodeParameters>, executor: &mut Executor<Self>) -> Result<(), NodeError> {
        let node = &mut base.node;
        executor.subscribe(node.subscription::<Odometry>(ODOMETRY, Qos::Sensor)?, |state: &mut Self, message, _| {
            let now = state.base.now();
            if let Err(fault) = state.inputs.take_odometry(&message, now, state.commanded_mps()) {
                state.input_fault(&fault);
            }
        })?;
        kept::subscribe(node, executor, MAP, Qos::Latched, |state: &mut Self, map: OccupancyGrid, is_volatile| {
            state.take_map(Arc::new(map), is_volatile);
        })?;
        executor.subscribe(
            node.subscription::<tf2_msgs::TFMessage>(TRANSFORMS, Qos::Transforms)?,
            |state: &mut Self, message, _| state.take_transforms(&message, false),
        )?;
        kept::subscribe(node, executor, STATIC_TRANSFORMS, Qos::StaticTransforms, |state: &mut Self, message, _| {
            state.take_transforms(&message, true);
        })?;
        executor.subscribe(
            node.subscription::<bond_msgs::Status>("bond", Qos::Events)?,
            |state: &mut Self, status, _| {
                if state.bond.receive(&status) {
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

    /// Runs until the waker stops it, then stops the robot and ends all work. Gives the exit code.
    ///
    /// # Errors
    /// If the system refuses to wait.
    pub fn run(mut self, mut executor: Executor<Self>) -> std::io::Result<u8> {
        if self.parameters().autostart {
            autostart::begin(&mut self);
        }
        let _disposal = self.base.node.disposal();
        let ran = executor.run(&mut self);
        self.shut_down();
        let code = self.exit.unwrap_or(0);
        // Every reader and writer goes before the disposal is sent.
        drop((executor, self));
        ran.map(|()| code)
    }

    /// Last messages: a driven robot is stopped, whatever its planner is doing.
    fn shut_down(&mut self) {
        if self.is_steering() {
            for _ in 0..3 {
                self.command(BaseCommand::STOP, 0.0);
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

    /// A map was refused: no plan that was made for the one before leaves, and a driven robot stands.
    fn map_refused(&mut self, fault: &InputFault) {
        self.input_fault(fault);
        self.follower.clear_plan();
    }

    fn expire(&mut self) {
        self.actions.expire();
        self.through.iter_mut().for_each(Actions::expire);
        self.follow.iter_mut().for_each(Actions::expire);
    }

    fn take_map(&mut self, map: Arc<OccupancyGrid>, is_volatile: bool) {
        let now = self.base.now();
        if matches!(self.base.parameters.family, FamilyParameters::Any(..)) {
            self.kept_map = Some((Arc::clone(&map), is_volatile));
        }
        if self.inputs.takes_any_map() {
            match self.inputs.check_grid(&map, now, is_volatile) {
                Ok((yaw_rad, received)) => self.maps.read(map, yaw_rad, received),
                Err(fault) => {
                    self.maps.forget();
                    self.map_refused(&fault);
                }
            }
            return;
        }
        let differed = self.inputs.map_differs();
        match self.inputs.take_map(&map, now, is_volatile) {
            // SLAM publishes a map every few seconds: the diagnostics have it as long as it differs.
            Ok(()) if self.inputs.map_differs() && !differed => {
                self.base.fault("map_differs", "expected the map that the model was trained for, got another\nhint: every plan is checked against the map that came; the model was not trained for it and may find no way");
            }
            Ok(()) => {}
            Err(fault) => self.map_refused(&fault),
        }
    }

    fn take_map_update(&mut self, update: OccupancyGridUpdate) {
        if !self.inputs.takes_any_map() {
            return;
        }
        let received = self.inputs.check_update(&update, self.base.now());
        let waits = received.and_then(|received| self.maps.update(update, received));
        if let Err(fault) = waits {
            self.maps.forget();
            self.inputs.refuse_map(&fault);
            self.map_refused(&fault);
        }
    }

    fn take_read_map(&mut self, read: ReadMap) {
        match self.inputs.take_read(read) {
            Ok(Some(world)) => {
                self.maze_shown = false;
                self.worker.prepare(world);
            }
            Ok(None) => {}
            Err(fault) => self.map_refused(&fault),
        }
    }

    /// Takes maps of any kind from here on, or mazes alone; the newest map is read anew.
    fn set_any_map(&mut self, any: bool) {
        if self.inputs.take_any_map(any)
            && let Some((map, is_volatile)) = self.kept_map.take()
        {
            self.take_map(map, is_volatile);
        }
    }

    fn take_transforms(&mut self, message: &tf2_msgs::TFMessage, is_static: bool) {
        let now = self.base.now();
        self.inputs.transforms.set_now(now);
        for transform in &message.transforms {
            match self.inputs.take_transform(transform, is_static, now) {
                Ok(Inserted::Reparented { previous }) => {
                    let (child, parent) = (&transform.child_frame_id, &transform.header.frame_id);
                    let text = format!("expected {child} below {previous}, got it below {parent}");
                    self.base.fault("tf_reparented", &text);
                }
                Ok(_) => {}
                Err(error) => self.base.fault(error.name(), &error.to_string()),
            }
        }
    }

    /// A message of a topic or a service could not be decoded. That of an input is a refused one.
    fn malformed(state: &mut Self, topic: &str) {
        base::malformed(state, topic);
        let is = |name: &str| state.base.node.names().topic(name).is_ok_and(|name| name == topic);
        let inputs = [(MAP, Input::Map), (MAP_UPDATES, Input::Map), (ODOMETRY, Input::Odometry), (CLOCK, Input::Clock)];
        let found = inputs.into_iter().find(|(name, _)| is(name));
        if let Some((name, input)) = found {
            state.inputs.refuse_malformed(input);
            if name == MAP || name == MAP_UPDATES {
                state.maps.forget();
                state.follower.clear_plan();
            }
        }
    }

    fn parameters(&self) -> &PlannerParameters {
        &self.base.parameters.planner
    }

    fn is_active(&self) -> bool {
        self.lifecycle.state() == LifecycleState::Active
    }
}
