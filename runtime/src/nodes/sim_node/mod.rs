//! A simulated robot as a ROS 2 node: odometry, transforms, map, scans and clock out, velocities in; with faults on
//! command, for tests of its consumers: stopped, stuck, jittering, jumping, wrong odometry.

mod fault;
mod odometry_noise;
mod scanner;
mod simulated_robot;

pub use fault::OdometryFault;
pub use simulated_robot::SimulatedRobot;

use super::grid;
use super::map::{check_side, grid_of};
use super::robot::{POINT_MASS, robot_of};
use crate::geometry::wrapped;
use crate::world::map::files::{MapFileError, open_map};
use crate::world::map::grid::GridError;
use crate::world::{Layout, Map, MotionLimits, State, World};
use odometry_noise::OdometryNoise;
use planwright_ros2::base::{self, Base, NodeSetup, NodeState};
use planwright_ros2::diagnostics::{Level, Status};
use planwright_ros2::executor::Executor;
use planwright_ros2::messages::geometry_msgs::{PoseWithCovarianceStamped, TransformStamped, Twist, TwistStamped};
use planwright_ros2::messages::nav_msgs::{OccupancyGrid, Odometry};
use planwright_ros2::messages::rosgraph_msgs::Clock as ClockMessage;
use planwright_ros2::messages::std_msgs::{Header, UInt64};
use planwright_ros2::messages::tf2_msgs::TFMessage;
use planwright_ros2::node::{Node, NodeError, Publisher};
use planwright_ros2::parameter::Change;
use planwright_ros2::qos::Qos;
use planwright_ros2::tf::Quaternion;
use planwright_ros2::time::RosTime;
use planwright_ros2::validate::{Oddities, check_orientation, check_planar_position, check_planar_velocity};
use scanner::Scanner;
use simulated_robot::is_free;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

planwright_ros2::parameters! {
    /// The simulator's parameters.
    pub struct SimParameters {
        /// Kept for other nodes' sake: this node makes the time, see publish_clock.
        use_sim_time: bool = false,
        /// The maze: umaze, medium, large, or a layout file.
        layout: String = "umaze".to_owned() => read_only(),
        /// Another map in its place: a file of map_server (.yaml), MovingAI's .map, or a layout, drawn as a grid.
        map: String = String::new() => read_only(),
        /// The robot: point-mass, omni, differential, ackermann, another built-in one, or a TOML file.
        robot: String = POINT_MASS.to_owned() => read_only(),
        /// Where the robot begins, x and y in m and, of drives, yaw in rad; empty: in the free cell farthest down the list of
        /// a maze, on other maps where there is most room.
        start: Vec<f64> = Vec::new() => read_only(),
        /// Publish simulated time on /clock and stamp with it, instead of the system's.
        publish_clock: bool = false => read_only(),
        /// Simulated seconds a second.
        real_time_factor: f64 = 1.0 => range(0.1, 10.0).read_only(),
        /// Odometry and transforms a simulated second, Hz; at most 100, and one in each step of the robot.
        odom_rate_hz: f64 = 100.0 => range(1.0, 100.0).read_only(),
        /// Frame of the map.
        map_frame: String = "map".to_owned() => read_only(),
        /// Frame of the odometry.
        odom_frame: String = "odom".to_owned() => read_only(),
        /// Frame of the robot.
        base_frame: String = "base_link".to_owned() => read_only(),
        /// Standard deviation of the noise on each position of the odometry, m.
        odom_noise_m: f64 = 0.0 => range(0.0, 1.0),
        /// The same of its headings, rad.
        odom_noise_rad: f64 = 0.0 => range(0.0, 1.0),
        /// Scans on the topic scan a simulated second, Hz; 0: none.
        scan_rate_hz: f64 = 0.0 => range(0.0, 50.0).read_only(),
        /// Beams of a scan.
        scan_beams: usize = 720 => range(2, 10_000).read_only(),
        /// Angle between the first and the last beam, rad; the middle one points ahead.
        scan_angle_rad: f64 = 4.712389 => range(0.01, std::f64::consts::TAU).read_only(),
        /// Largest range of a beam, m.
        scan_range_m: f64 = 30.0 => range(0.1, 1000.0).read_only(),
        /// Standard deviation of a range, m.
        scan_noise_m: f64 = 0.01 => range(0.0, 1.0).read_only(),
        /// Take cmd_vel as TwistStamped (Kilted's default) instead of Twist.
        cmd_vel_stamped: bool = false => read_only(),
        /// A fault of the odometry, for tests: the robot moves on, its odometry has the fault.
        odom_fault: String = "none".to_owned() => one_of(&OdometryFault::NAMES),
    }
}

/// The state of the robot's node.
pub struct SimNode {
    base: Base<SimParameters>,
    robot: SimulatedRobot,
    /// The map where it is a maze.
    layout: Option<Layout>,
    scanner: Option<Scanner>,
    noise: OdometryNoise,
    odom: Publisher<Odometry>,
    tf: Publisher<TFMessage>,
    tf_static: Publisher<TFMessage>,
    map: Publisher<OccupancyGrid>,
    clock: Option<Publisher<ClockMessage>>,
    wall_contacts: Publisher<UInt64>,
    fault: OdometryFault,
    frozen: State,
    started: RosTime,
    began: Instant,
    odom_steps: u64,
    steps: u64,
    reported_contacts: Option<u64>,
    wall_steps: Arc<AtomicU64>,
    late_steps: u64,
    commands: u64,
}

/// Why the robot cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The middleware.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The maze.
    #[error("layout: {0}")]
    Layout(#[from] crate::world::LayoutError),
    /// The map.
    #[error("map: {0}")]
    Map(#[from] MapFileError),
    /// The map as a grid, for scans.
    #[error("layout: {0}")]
    Grid(#[from] GridError),
    /// The robot.
    #[error("{0}")]
    Robot(String),
    /// The start.
    #[error("start: expected x and y (and a yaw within a turn, rad) of a place in free space, got {0:?}")]
    Start(Vec<f64>),
}

impl SimNode {
    /// Opens everything and returns the node with its loop.
    ///
    /// # Errors
    /// If map, robot or start are invalid, or the middleware refuses.
    pub fn open(setup: NodeSetup<SimParameters>) -> Result<(Self, Executor<Self>), SimError> {
        let mut executor = Executor::new(base::malformed::<Self>).map_err(NodeError::Io)?;
        let mut base = Base::open(setup, executor.waker())?;
        base::serve(&mut base, &mut executor)?;
        let parameters = base.parameters.clone();
        let (map, layout) = map_of(&parameters)?;
        let world = World::new(robot_of(&parameters.robot).map_err(SimError::Robot)?, map);
        let start = start_of(&world, layout.as_ref(), &parameters.start)?;
        let node = &mut base.node;
        Self::subscribe(node, &mut executor, parameters.cmd_vel_stamped)?;
        let odom = node.publisher("odom", Qos::Reliable)?;
        let tf = node.publisher("/tf", Qos::Transforms)?;
        let tf_static = node.publisher("/tf_static", Qos::StaticTransforms)?;
        let map = node.publisher("map", Qos::Latched)?;
        let wall_contacts = node.publisher("~/wall_contacts", Qos::Latched)?;
        let clock = if parameters.publish_clock { Some(base.node.publisher("/clock", Qos::Reliable)?) } else { None };
        let scanner = Scanner::open(&mut base.node, &parameters, &world)?;
        let step_secs = world.step_secs();
        let odom_steps = (1.0 / (step_secs * parameters.odom_rate_hz)).round().max(1.0) as u64;
        let fault = parameters.odom_fault.parse().unwrap_or_default();
        let started = base.now();
        let state = Self {
            base,
            robot: SimulatedRobot::new(world, start),
            layout,
            scanner,
            noise: OdometryNoise::default(),
            odom,
            tf,
            tf_static,
            map,
            clock,
            wall_contacts,
            fault,
            frozen: start,
            started,
            began: Instant::now(),
            odom_steps,
            steps: 0,
            reported_contacts: None,
            wall_steps: Arc::default(),
            late_steps: 0,
            commands: 0,
        };
        executor.every(Duration::from_secs_f64(step_secs / parameters.real_time_factor), Self::advance);
        Ok((state, executor))
    }

    fn subscribe(node: &mut Node, executor: &mut Executor<Self>, stamped: bool) -> Result<(), NodeError> {
        if stamped {
            let twist = node.subscription::<TwistStamped>("cmd_vel", Qos::Reliable)?;
            executor.subscribe(twist, |state: &mut Self, message, _| state.take_command(&message.twist))?;
        } else {
            let twist = node.subscription::<Twist>("cmd_vel", Qos::Reliable)?;
            executor.subscribe(twist, |state: &mut Self, message, _| state.take_command(&message))?;
        }
        let initial = node.subscription::<PoseWithCovarianceStamped>("initialpose", Qos::Reliable)?;
        Ok(executor.subscribe(initial, |state: &mut Self, message, _| state.take_initial_pose(&message))?)
    }

    /// Steps with a wall contact, readable from other threads.
    pub fn wall_contacts(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.wall_steps)
    }

    /// Runs until the waker stops it.
    ///
    /// # Errors
    /// If the system refuses to wait.
    pub fn run(mut self, mut executor: Executor<Self>) -> std::io::Result<u8> {
        self.publish_statics();
        let _disposal = self.base.node.disposal();
        let ran = executor.run(&mut self);
        // Every reader and writer goes before the disposal is sent.
        drop((executor, self));
        ran.map(|()| 0)
    }

    fn publish_statics(&mut self) {
        let now = self.stamp();
        let mut map_from_odom = TransformStamped {
            header: Header { stamp: now.into(), frame_id: self.base.parameters.map_frame.clone() },
            child_frame_id: self.base.parameters.odom_frame.clone(),
            ..TransformStamped::default()
        };
        map_from_odom.transform.rotation.w = 1.0;
        self.tf_static.publish(TFMessage { transforms: vec![map_from_odom] });
        let frame = &self.base.parameters.map_frame;
        let map = match (&self.layout, self.robot.world().map().as_grid()) {
            (Some(layout), _) => Some(grid_of(layout, frame, now)),
            (None, map) => map.map(|map| grid::grid_of(map, frame, now)),
        };
        map.into_iter().for_each(|map| _ = self.map.publish(map));
    }

    /// Now, as messages are stamped: simulated if the clock is published.
    fn stamp(&self) -> RosTime {
        match self.clock {
            Some(_) => RosTime::from_nanos(self.robot.nanos()),
            None => self.base.now(),
        }
    }

    fn take_command(&mut self, twist: &Twist) {
        match check_planar_velocity(twist) {
            Ok(velocity) => {
                self.commands += 1;
                let rate = twist.angular.z;
                self.robot.command(velocity, if rate.is_finite() { rate } else { 0.0 });
            }
            Err(error) => self.base.fault(error.name(), &error.to_string()),
        }
    }

    fn take_initial_pose(&mut self, message: &PoseWithCovarianceStamped) {
        let pose = &message.pose.pose;
        let heading_rad = check_orientation(&pose.orientation, &mut Oddities::default());
        let heading_rad = heading_rad.ok().flatten().filter(|_| self.has_heading()).map_or(0.0, Quaternion::yaw);
        match check_planar_position(pose) {
            Ok(position) if self.robot.place(State::at_pose(position, heading_rad)) => {}
            Ok(_) => {
                self.base.fault("place_occupied", "expected an initialpose in free space, got one in a wall or outside")
            }
            Err(error) => self.base.fault(error.name(), &error.to_string()),
        }
    }

    /// Whether the robot's heading is more than a convention.
    fn has_heading(&self) -> bool {
        !matches!(self.robot.world().robot().limits(), MotionLimits::Axes(_))
    }

    /// Steps the world up to wall-clock time, at most 0.1 s at once.
    fn advance(&mut self) {
        let (factor, step_secs) = (self.base.parameters.real_time_factor, self.robot.world().step_secs());
        let due = (self.began.elapsed().as_secs_f64() * factor / step_secs) as u64;
        let behind = due.saturating_sub(self.steps);
        if behind > 10 {
            // After a pause the lost time is skipped.
            self.late_steps += behind - 10;
            self.began += Duration::from_secs_f64((behind - 10) as f64 * step_secs / factor);
        }
        for _ in 0..behind.min(10) {
            self.steps += 1;
            self.robot.step();
        }
        if behind == 0 {
            return;
        }
        let stamp = self.stamp();
        if let Some(clock) = &self.clock {
            clock.publish(ClockMessage { clock: stamp.into() });
        }
        if self.steps % self.odom_steps < behind.min(10) {
            self.publish_odometry(stamp);
        }
        if let Some(scanner) = &mut self.scanner {
            scanner.scan(self.robot.state(), self.robot.secs(), stamp);
        }
        if self.reported_contacts != Some(self.robot.wall_steps()) {
            self.reported_contacts = Some(self.robot.wall_steps());
            self.wall_steps.store(self.robot.wall_steps(), Ordering::Relaxed);
            self.wall_contacts.publish(UInt64 { data: self.robot.wall_steps() });
        }
    }

    fn publish_odometry(&mut self, stamp: RosTime) {
        let Some((state, stamp)) = self.fault.distort(*self.robot.state(), self.frozen, stamp, self.steps) else {
            return;
        };
        let parameters = &self.base.parameters;
        let state = self.noise.added(state, parameters.odom_noise_m, parameters.odom_noise_rad);
        let orientation = Quaternion::from_yaw(state.heading_rad).into();
        let mut odometry = Odometry {
            header: Header { stamp: stamp.into(), frame_id: self.base.parameters.odom_frame.clone() },
            child_frame_id: self.base.parameters.base_frame.clone(),
            ..Odometry::default()
        };
        odometry.pose.pose.position.x = state.position[0];
        odometry.pose.pose.position.y = state.position[1];
        odometry.pose.pose.orientation = orientation;
        // In the robot's own frame.
        let (sin, cos) = state.heading_rad.sin_cos();
        odometry.twist.twist.linear.x = cos * state.velocity[0] + sin * state.velocity[1];
        odometry.twist.twist.linear.y = cos * state.velocity[1] - sin * state.velocity[0];
        odometry.twist.twist.angular.z = state.turn_rate_radps;
        let mut odom_from_base = TransformStamped {
            header: odometry.header.clone(),
            child_frame_id: self.base.parameters.base_frame.clone(),
            ..TransformStamped::default()
        };
        odom_from_base.transform.translation.x = state.position[0];
        odom_from_base.transform.translation.y = state.position[1];
        odom_from_base.transform.rotation = odometry.pose.pose.orientation.clone();
        self.odom.publish(odometry);
        self.tf.publish(TFMessage { transforms: vec![odom_from_base] });
    }
}

/// The map; with the maze, where it is one.
fn map_of(parameters: &SimParameters) -> Result<(Arc<dyn Map>, Option<Layout>), SimError> {
    if parameters.map.is_empty() {
        let layout = Layout::named_or_file(&parameters.layout)?;
        check_side(layout.rows(), layout.columns())?;
        return Ok((Arc::new(layout.clone()), Some(layout)));
    }
    Ok((Arc::new(open_map(parameters.map.as_ref())?.map), None))
}

fn start_of(world: &World, layout: Option<&Layout>, start: &[f64]) -> Result<State, SimError> {
    let state = match *start {
        [] => match (layout, world.map().as_grid()) {
            (Some(layout), _) => layout.free_cells().last().map(|(row, column)| [row as f64, column as f64]),
            (None, Some(map)) => {
                let values = map.field().values().iter().enumerate();
                let roomiest = values.max_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(index, _)| index);
                let width = map.geometry().width;
                roomiest.map(|index| map.centre_of((index % width, index / width)))
            }
            (None, None) => None,
        }
        .map(State::at_rest),
        [x, y] => Some(State::at_rest([x, y])),
        [x, y, yaw] if yaw.abs() <= std::f64::consts::TAU => Some(State::at_pose([x, y], wrapped(yaw))),
        _ => None,
    };
    state.filter(|state| is_free(world, state)).ok_or_else(|| SimError::Start(start.to_vec()))
}

impl NodeState for SimNode {
    type Parameters = SimParameters;

    fn base(&mut self) -> &mut Base<SimParameters> {
        &mut self.base
    }

    fn parameters_changed(&mut self, _changes: &[Change]) {
        self.fault = self.base.parameters.odom_fault.parse().unwrap_or_default();
        self.frozen = *self.robot.state();
    }

    fn statuses(&mut self) -> Vec<Status> {
        let mut status = Status::new("robot");
        let state = self.robot.state();
        if self.robot.wall_steps() > 0 {
            status.find(Level::Warn, "a wall was touched");
        }
        if self.fault != OdometryFault::None {
            status.find(Level::Warn, self.fault.name());
        }
        status.value("position", format!("{:.3}, {:.3}", state.position[0], state.position[1]));
        status.value("speed_mps", format!("{:.3}", state.speed()));
        status.value("wall_contacts", self.robot.wall_steps());
        status.value("travelled_m", format!("{:.2}", self.robot.travelled_m()));
        status.value("simulated_secs", format!("{:.2}", self.robot.secs()));
        status.value("late_steps", self.late_steps);
        status.value("commands", self.commands);
        status.value("commanded", self.robot.is_commanded());
        status.value("started_secs", format!("{:.3}", self.started.as_secs_f64()));
        vec![status]
    }

    fn middleware_failed(&mut self) {
        self.base.waker.stop();
    }
}
