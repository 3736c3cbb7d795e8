//! The command line: arguments, printing, exit codes; nothing else.

mod arguments;
mod backends;
mod bench;
mod bench_goal_force;
#[cfg(feature = "ros2")]
mod bench_ros;
mod demo;
mod demo_goal_force;
mod demo_transform;
mod eval;
mod eval_barn;
mod eval_goal_force;
mod eval_map;
mod eval_moving;
mod inspect;
#[cfg(feature = "ros2")]
mod launch;
mod map_arguments;
#[cfg(feature = "ros2")]
mod node;
pub mod output;
mod plan;
mod plan_push;
mod plan_text;
mod planned_push;
mod policy;
mod world;
mod world_generate;
mod world_scene;

use clap::{CommandFactory, Parser, Subcommand};
use std::process::ExitCode;

pub use arguments::within;

/// How many allocations the process has made so far.
pub type AllocationCount = fn() -> u64;

const EXAMPLES: &str = "\
Examples:
  planwright demo                                     drive a few episodes, write a recording for rerun
  planwright plan --start 3,1 --goal 1,1              one checked plan
  planwright eval maze --layout umaze --episodes 100  a score with its interval
  planwright world check rollouts.npz --layout umaze  our physics against a recorded one
  planwright inspect models/maze-umaze.onnx           a model's manifest: family, inputs, provenance, figures
  planwright bench models/maze-umaze.onnx             how fast it is here
  planwright node maze --ros-args -p autostart:=true  the planner as a ROS 2 node
  planwright backends                                 which engines there are, and why not

Exit codes: 0 done, 1 failed, 2 wrong usage or input. Data go to stdout, remarks to stderr.";

/// Learned planners propose, physics decides: plans that are corrected in a simulator and checked before
/// they leave.
#[derive(Parser)]
#[command(name = "planwright", version, after_help = EXAMPLES, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Drive a few episodes in closed loop and write a recording
    Demo(demo::Demo),
    /// Make one plan: propose, correct, check
    Plan(Box<plan::Plan>),
    /// Score a planner over many episodes
    #[command(subcommand)]
    Eval(eval::Eval),
    /// Look at a world, or hold its physics against recorded roll-outs
    #[command(subcommand)]
    World(world::World),
    /// Show a model's manifest, hash, parity and measured figures
    Inspect(inspect::Inspect),
    /// Measure latencies and allocations of a model on every engine
    Bench(bench::Bench),
    /// Run a planner, or the maze robot, as a ROS 2 node
    #[cfg(feature = "ros2")]
    #[command(subcommand)]
    Node(node::NodeCommand),
    /// Robot, planner and view together, as ROS 2 nodes in one process
    #[cfg(feature = "ros2")]
    Launch(launch::Launch),
    /// Say which engines are there, which are not, and why
    Backends(backends::Backends),
}

/// The whole command line.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs the command line of this process.
pub fn run(allocations: AllocationCount) -> ExitCode {
    let arguments: Arguments = match output::parse() {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    let done = match arguments.command {
        Command::Demo(command) => command.run(),
        Command::Plan(command) => command.run(),
        Command::Eval(command) => command.run(),
        Command::World(command) => command.run(),
        Command::Inspect(command) => command.run(),
        Command::Bench(command) => command.run(allocations),
        Command::Backends(command) => command.run(),
        #[cfg(feature = "ros2")]
        Command::Node(command) => return command.run().map_or_else(|error| error.report(), ExitCode::from),
        #[cfg(feature = "ros2")]
        Command::Launch(command) => return command.run().map_or_else(|error| error.report(), ExitCode::from),
    };
    done.map_or_else(|error| error.report(), |()| ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        command().debug_assert();
    }
}
