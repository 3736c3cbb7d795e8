//! `planwright node`

use super::arguments::{ViewArguments, finish_view};
use super::output::{CliError, print_json, print_text};
use crate::nodes::planner_node::{ErrorCode, NodeParameters, PathAction, PlannerNode};
use crate::nodes::push_node::{self, PushErrorCode, PushNode, PushNodeParameters};
use crate::nodes::scene_node::{self, SceneNode, SceneParameters};
use crate::nodes::sim_node::{SimNode, SimParameters};
use clap::{Args, Subcommand, ValueEnum};
use planwright_ros2::arguments::RosArguments;
use planwright_ros2::base::NodeState;
use planwright_ros2::executor::Waker;
use planwright_ros2::messages::{nav2_msgs, nav2_msgs_lyrical};
use planwright_ros2::network::{Environment, Range};
use planwright_ros2::node::Endpoint;
use planwright_ros2::parameter::{Descriptor, ParameterSet, markdown_table, write_params_file};
use planwright_ros2::start;

const EXAMPLES: &str = "\
Examples:
  planwright node planner --ros-args -p robot:=differential -p drive:=true -p autostart:=true
  planwright node maze --ros-args -p model:=models/maze-large.onnx -p drive:=true -r odom:=/robot/odom
  planwright node maze --ros-args --params-file launch/params/maze.yaml -r __ns:=/robot
  planwright node policy --ros-args -p model:=models/maze-policy.onnx -p temperature:=0.0
  planwright node sim --ros-args -p layout:=umaze -p publish_clock:=true
  planwright node sim --map map.yaml --robot differential --ros-args -p scan_rate_hz:=10.0
  planwright node sim --scene --kind blocked --ros-args -p seed:=3 -p robot_pose:=[-1.2,0.0,0.0]
  planwright node goal-force --ros-args -p autostart:=true -r image:=/camera/image_raw -r camera_info:=/camera/camera_info
  planwright node maze --describe yaml > maze.yaml

ROS_DOMAIN_ID, RMW_IMPLEMENTATION, ROS_AUTOMATIC_DISCOVERY_RANGE and ROS_LOCALHOST_ONLY are read as by every node of
ROS 2. What else limits the network (docs/ROS.md) is refused, unless PLANWRIGHT_IGNORE names the variable.";

/// What to run as a node.
#[derive(Subcommand)]
pub(super) enum NodeCommand {
    /// A planner of any family on any map: Nav2's ComputePathToPose, ComputePathThroughPoses and FollowPath, a managed life,
    /// and commands if it drives
    Planner(PlannerArguments),
    /// The diffusion maze planner: Nav2's ComputePathToPose, a managed life, and commands if it drives
    Maze(PlannerArguments),
    /// A Fourier-head policy, rolled out through the maze: the same action, life and commands
    Policy(PlannerArguments),
    /// The goal-force planner: pictures of a table in, the action push_object, pushes out, a managed life
    GoalForce(GoalForceArguments),
    /// A robot on a map: odometry, transforms, map, scans and clock out, velocities in; with --scene a table: pictures,
    /// camera and transforms out, scenes and pushes in
    Sim(SimArguments),
}

/// Which of Nav2's versions of the action is spoken; their types are not the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Distribution {
    /// Also Kilted's
    #[default]
    Jazzy,
    /// The same as Jazzy's
    Kilted,
    /// With viapoints in the goal
    Lyrical,
}

/// A form of the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// A parameter file with every parameter, its range and its meaning
    Yaml,
    /// The tables of the README
    Markdown,
    /// For programs
    Json,
}

/// A planner's node.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct PlannerArguments {
    /// ROS 2 distribution whose ComputePathToPose is served
    #[arg(long, value_enum, default_value_t)]
    distribution: Distribution,
    /// Print the reference of parameters (and topics and error codes) and end
    #[arg(long, value_enum, value_name = "FORM")]
    describe: Option<Form>,
    #[command(flatten)]
    view: ViewArguments,
    /// --ros-args and what follows, as for every node of ROS 2
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "--ros-args ...")]
    ros: Vec<String>,
}

/// The goal-force planner's node.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct GoalForceArguments {
    /// Print the reference of parameters (and topics and error codes) and end
    #[arg(long, value_enum, value_name = "FORM")]
    describe: Option<Form>,
    /// --ros-args and what follows, as for every node of ROS 2
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "--ros-args ...")]
    ros: Vec<String>,
}

/// The robot's node, or the table's.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SimArguments {
    /// The map: a file that map_server reads, MovingAI's .map, or a layout; as the parameter map
    #[arg(long, value_name = "FILE")]
    map: Option<String>,
    /// The robot: point-mass, omni, differential, ackermann, or a TOML file; as the parameter robot
    #[arg(long, value_name = "NAME|FILE")]
    robot: Option<String>,
    /// Simulate a table with objects, which the services new_scene and execute_push set and push, instead of a robot
    #[arg(long, conflicts_with_all = ["map", "robot"])]
    scene: bool,
    /// What lies on the table; as the parameter kind
    #[arg(long, requires = "scene", value_parser = scene_node::KINDS)]
    kind: Option<String>,
    /// Obstacles of shapes and colours that do not occur in training; as the parameter held_out
    #[arg(long, requires = "scene")]
    held_out: bool,
    /// Print the reference of parameters and end
    #[arg(long, value_enum, value_name = "FORM")]
    describe: Option<Form>,
    /// --ros-args and what follows, as for every node of ROS 2
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "--ros-args ...")]
    ros: Vec<String>,
}

impl NodeCommand {
    pub(super) fn run(&self) -> Result<u8, CliError> {
        match self {
            Self::Planner(arguments) => planner(NodeParameters::any(), arguments),
            Self::Maze(arguments) => planner(NodeParameters::maze(), arguments),
            Self::Policy(arguments) => planner(NodeParameters::policy(), arguments),
            Self::Sim(arguments) if arguments.scene => scene(arguments),
            Self::GoalForce(arguments) => goal_force(arguments),
            Self::Sim(arguments) => sim(arguments),
        }
    }
}

/// The arguments of ROS among all; others are not understood here.
pub(super) fn ros_arguments(all: &[String]) -> Result<RosArguments, CliError> {
    let (ros, others) = RosArguments::parse(all.iter().cloned()).map_err(CliError::input)?;
    match others.first() {
        None => Ok(ros),
        Some(other) => Err(CliError::input(anyhow::anyhow!(
            "expected --ros-args before the arguments of ROS, got '{other}'\nhint: see `planwright node maze --help`"
        ))),
    }
}

/// A planner's node with the distribution's type of the action.
fn planner(defaults: NodeParameters, arguments: &PlannerArguments) -> Result<u8, CliError> {
    match arguments.distribution {
        Distribution::Jazzy | Distribution::Kilted => run_planner::<nav2_msgs::ComputePathToPose>(defaults, arguments),
        Distribution::Lyrical => run_planner::<nav2_msgs_lyrical::ComputePathToPose>(defaults, arguments),
    }
}

fn run_planner<A: PathAction>(defaults: NodeParameters, arguments: &PlannerArguments) -> Result<u8, CliError> {
    let name = defaults.node_name();
    let ros = ros_arguments(&arguments.ros)?;
    let environment = environment_for(arguments.describe.is_some())?;
    let view = arguments.view.start()?;
    let (setup, warnings) = start::open(name, &defaults, &ros, environment).map_err(CliError::input)?;
    warn(&warnings);
    let robot = setup.parameters.planner.robot().map_err(CliError::wrong)?;
    let (mut node, executor) = PlannerNode::<A>::open(setup, robot, view.clone()).map_err(CliError::failed)?;
    if let Some(form) = arguments.describe {
        let codes = ErrorCode::ALL.map(|(code, name, meaning)| (code as u16, name, meaning));
        return describe(form, name, &defaults.descriptors(), node.base().node.endpoints(), &codes).map(|()| 0);
    }
    end_on_signals(vec![node.base().waker.clone()])?;
    let code = node.run(executor).map_err(CliError::failed)?;
    finish_view(view);
    Ok(code)
}

fn goal_force(arguments: &GoalForceArguments) -> Result<u8, CliError> {
    let defaults = PushNodeParameters::default();
    let ros = ros_arguments(&arguments.ros)?;
    let environment = environment_for(arguments.describe.is_some())?;
    let (setup, warnings) = start::open(push_node::NAME, &defaults, &ros, environment).map_err(CliError::input)?;
    warn(&warnings);
    let (mut node, executor) = PushNode::open(setup).map_err(CliError::failed)?;
    if let Some(form) = arguments.describe {
        let codes = PushErrorCode::ALL.map(|(code, name, meaning)| (code as u16, name, meaning));
        return describe(form, push_node::NAME, &defaults.descriptors(), node.base().node.endpoints(), &codes)
            .map(|()| 0);
    }
    end_on_signals(vec![node.base().waker.clone()])?;
    node.run(executor).map_err(CliError::failed)
}

fn sim(arguments: &SimArguments) -> Result<u8, CliError> {
    let mut defaults = SimParameters::default();
    if let Some(map) = &arguments.map {
        defaults.map.clone_from(map);
    }
    if let Some(robot) = &arguments.robot {
        defaults.robot.clone_from(robot);
    }
    let ros = ros_arguments(&arguments.ros)?;
    let environment = environment_for(arguments.describe.is_some())?;
    let (setup, warnings) = start::open("planwright_sim", &defaults, &ros, environment).map_err(CliError::input)?;
    warn(&warnings);
    let (mut node, executor) = SimNode::open(setup).map_err(CliError::input)?;
    if let Some(form) = arguments.describe {
        return describe(form, "planwright_sim", &defaults.descriptors(), node.base().node.endpoints(), &[])
            .map(|()| 0);
    }
    end_on_signals(vec![node.base().waker.clone()])?;
    node.run(executor).map_err(CliError::failed)
}

fn scene(arguments: &SimArguments) -> Result<u8, CliError> {
    const NAME: &str = "planwright_scene";
    let mut defaults = SceneParameters { held_out: arguments.held_out, ..SceneParameters::default() };
    if let Some(kind) = &arguments.kind {
        defaults.kind.clone_from(kind);
    }
    let ros = ros_arguments(&arguments.ros)?;
    let environment = environment_for(arguments.describe.is_some())?;
    let (setup, warnings) = start::open(NAME, &defaults, &ros, environment).map_err(CliError::input)?;
    warn(&warnings);
    let (mut node, executor) = SceneNode::open(setup).map_err(CliError::input)?;
    if let Some(form) = arguments.describe {
        return describe(form, NAME, &defaults.descriptors(), node.base().node.endpoints(), &[]).map(|()| 0);
    }
    end_on_signals(vec![node.base().waker.clone()])?;
    node.run(executor).map_err(CliError::failed)
}

/// What ROS's variables say about the network. All that cannot be obeyed is refused together.
pub(super) fn environment() -> Result<Environment, CliError> {
    let (environment, warnings) = Environment::read().map_err(|refusals| {
        let all: Vec<String> = refusals.iter().map(ToString::to_string).collect();
        CliError::input(anyhow::anyhow!(all.join("\n")))
    })?;
    warn(&warnings);
    Ok(environment)
}

/// A node that is only described stays on this computer, whatever the variables demand.
fn environment_for(describing: bool) -> Result<Environment, CliError> {
    if describing { Ok(Environment { range: Range::Localhost, ..Environment::default() }) } else { environment() }
}

pub(super) fn warn(warnings: &[impl std::fmt::Display]) {
    for warning in warnings {
        eprintln!("warning: {warning}");
    }
}

/// The first SIGTERM or SIGINT ends the loops in good order, the second at once.
pub(super) fn end_on_signals(wakers: Vec<Waker>) -> Result<(), CliError> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT]).map_err(CliError::failed)?;
    let listen = move || {
        let mut seen = false;
        for signal in signals.forever() {
            if seen {
                std::process::exit(128 + signal);
            }
            seen = true;
            for waker in &wakers {
                waker.stop();
            }
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(listen).map_err(CliError::failed)?;
    Ok(())
}

fn describe(
    form: Form,
    name: &str,
    descriptors: &[Descriptor],
    endpoints: &[Endpoint],
    codes: &[(u16, &str, &str)],
) -> Result<(), CliError> {
    match form {
        // For the node in any namespace.
        Form::Yaml => print_text(write_params_file(&format!("/**/{name}"), descriptors).trim_end()),
        Form::Markdown => {
            let mut text = format!("{}\n{}", topics_table(endpoints), markdown_table(descriptors));
            if !codes.is_empty() {
                text.push_str("\n| code | name | given when |\n|---|---|---|\n");
                for (code, name, meaning) in codes {
                    text.push_str(&format!("| {code} | {name} | {meaning} |\n"));
                }
            }
            print_text(text.trim_end())
        }
        Form::Json => {
            let parameters: Vec<_> = descriptors
                .iter()
                .map(|descriptor| {
                    serde_json::json!({
                        "name": descriptor.name,
                        "type": descriptor.kind().to_string(),
                        "default": descriptor.default.to_string(),
                        "allowed": descriptor.constraint(),
                        "read_only": descriptor.read_only,
                        "description": descriptor.description,
                    })
                })
                .collect();
            let codes: Vec<_> = codes
                .iter()
                .map(|(code, name, meaning)| serde_json::json!({"code": code, "name": name, "meaning": meaning}))
                .collect();
            let all = serde_json::json!({
                "node": name, "parameters": parameters, "topics": endpoints, "error_codes": codes,
            });
            print_json(&all)
        }
    }
}

fn topics_table(endpoints: &[Endpoint]) -> String {
    let mut text = String::from("| | name | type | quality of service |\n|---|---|---|---|\n");
    for end in endpoints {
        text.push_str(&format!("| {} | `{}` | {} | {} |\n", end.role, end.name, end.type_name, end.qos));
    }
    text
}
