//! A planner as a ROS 2 node: Nav2's action, a managed life, and a promise about every plan that leaves.
//!
//! Three threads. The node's loop takes messages, answers, and commands the robot; it never waits. The planning
//! thread proposes, corrects and checks. Models are loaded on a thread of their own, beside the planner at work.
//! What a new family of planners has to add stands in [`PlannerFamily`].

mod answer;
mod drive;
mod driving;
mod family;
mod inputs;
mod life;
mod maze;
mod parameters;
mod planning;
mod policy;
mod questions;
mod report;
mod worker;

pub use answer::{ErrorCode, PathAction};
pub use family::{LoadRequest, Loaded, PlannerFamily};
pub use maze::Maze;
pub use parameters::descriptors;
pub use policy::Policy;

use crate::view::View;
use crate::world::Point;
use drive::Drive;
use driving::Tour;
use inputs::{InputFault, Inputs};
use planwright_ros2::action::{Actions, GoalId, GoalLimits};
use planwright_ros2::base::{self, Base, Start};
use planwright_ros2::bond::Bond;
use planwright_ros2::executor::{Executor, Reply, Waker};
use planwright_ros2::lifecycle::{self, Command, Lifecycle, State as LifecycleState};
use planwright_ros2::logger::Severity;
use planwright_ros2::messages::geometry_msgs::{PoseStamped, Twist, TwistStamped};
use planwright_ros2::messages::nav_msgs::{self, OccupancyGrid, Odometry, Path};
use planwright_ros2::messages::visualization_msgs::MarkerArray;
use planwright_ros2::messages::{bond as bond_msgs, tf2_msgs};
use planwright_ros2::node::{Endpoint, NodeError, Publisher};
use planwright_ros2::qos::Qos;
use planwright_ros2::tf::Inserted;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use worker::{Statistics, Worker};

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
}

impl Open {
    fn new() -> Self {
        let canceled = Arc::new(AtomicBool::new(false));
        Self { canceled, asked: Instant::now(), goal_to_drive: None, start_is_given: false }
    }
}
