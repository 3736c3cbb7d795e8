//! `planwright launch`: robot, planner and view in one process, for people without ROS.

use super::arguments::{ViewArguments, finish_view, impossible, layout, numbers, open_model};
use super::node::{end_on_signals, environment, warn};
use super::output::{CliError, print_json, print_text};
use crate::gate::check_problem;
use crate::model::FamilyName;
use crate::nodes::planner_node::{NodeParameters, PlannerNode};
use crate::nodes::sim_node::{SimNode, SimParameters};
use crate::world::{MazeWorld, Point, PointMass};
use clap::Args;
use planwright_ros2::arguments::RosArguments;
use planwright_ros2::base::NodeState;
use planwright_ros2::executor::Waker;
use planwright_ros2::messages::nav2_msgs::ComputePathToPose;
use planwright_ros2::network::Environment;
use planwright_ros2::start;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;

#[derive(Args)]
#[command(after_help = "\
Examples:
  planwright launch                                           a tour of the maze, until Ctrl-C
  planwright launch --layout large --goal 7,9 --goal 1,1 --once --rrd tour.rrd
  planwright launch --model models/maze-policy.onnx           the same under a policy
  planwright launch --viewer rerun+http://127.0.0.1:9876/proxy

Both are ordinary nodes: `ros2 topic list` shows them, and other nodes may take part.")]
pub(super) struct Launch {
    /// The maze: umaze, medium or large
    #[arg(long, default_value = "umaze", value_name = "NAME")]
    layout: String,
    /// Another model
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// A goal, x,y in metres; may be given several times (default: a tour of the maze)
    #[arg(long, value_name = "X,Y")]
    goal: Vec<String>,
    /// End after the last goal instead of beginning anew
    #[arg(long)]
    once: bool,
    /// Print a summary as JSON at the end
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    view: ViewArguments,
}

impl Launch {
    pub(super) fn run(&self) -> Result<u8, CliError> {
        let maze = layout(&self.layout)?;
        let (model, artefact) = open_model(self.model.as_deref(), &self.layout)?;
        let family = artefact.manifest().family.name();
        drop(artefact);
        let mut parameters = match family {
            FamilyName::MazePolicy => NodeParameters::policy(),
            _ => NodeParameters::maze(),
        };
        let (world, clearance_m) = (MazeWorld::new(maze.clone()), parameters.planner.clearance_m);
        let place = |(row, column): (usize, usize)| [row as f64, column as f64];
        // Where the robot begins.
        let start = maze.free_cells().last().map(place).unwrap_or_default();
        let mut goals = Vec::new();
        for text in &self.goal {
            let pair = numbers(text, "--goal", &[2])?;
            let goal = [pair[0], pair[1]];
            check_problem(&world, start, goal, clearance_m)
                .map_err(|infeasible| impossible(infeasible, &self.layout, "--goal"))?;
            goals.push(goal);
        }
        if goals.is_empty() {
            let free: Vec<_> = maze.free_cells().map(place).filter(|goal| maze.is_connected(start, *goal)).collect();
            // Far apart and all over the maze: every third cell, from both ends in turn.
            goals = (0..free.len()).step_by(3).flat_map(|index| [free[index], free[free.len() - 1 - index]]).collect();
        }
        parameters.planner.model = model.display().to_string();
        (parameters.planner.autostart, parameters.planner.drive) = (true, true);
        self.run_nodes(&parameters, goals)
    }

    fn run_nodes(&self, parameters: &NodeParameters, goals: Vec<Point>) -> Result<u8, CliError> {
        let environment = environment()?;
        let view = self.view.start()?;
        let (sim, sim_waker, wall_contacts) = start_sim(&self.layout, environment)?;
        let arguments = RosArguments::default();
        let opened = start::open(parameters.node_name(), parameters, &arguments, environment);
        let (setup, warnings) = opened.map_err(CliError::input)?;
        warn(&warnings);
        let opened = PlannerNode::<ComputePathToPose>::open(setup, Arc::new(PointMass::default()), view.clone());
        let (mut node, executor) = opened.map_err(CliError::failed)?;
        let visited = goals.len();
        node.set_tour(goals, self.once);
        end_on_signals(vec![node.base().waker.clone(), sim_waker.clone()])?;
        let begun = Instant::now();
        let code = node.run(executor).map_err(CliError::failed)?;
        sim_waker.stop();
        // Its error has been printed by its own thread.
        let _ = sim.join();
        finish_view(view);
        let contacts = wall_contacts.load(Ordering::Relaxed);
        let secs = begun.elapsed().as_secs_f64();
        if self.json {
            print_json(&serde_json::json!({
                "layout": self.layout, "model": parameters.planner.model, "goals": visited, "once": self.once, "secs": secs,
                "wall_contacts": contacts, "rrd": self.view.rrd,
            }))?;
        } else {
            print_text(&format!("{secs:.1} s, walls touched in {contacts} steps"))?;
        }
        Ok(code)
    }
}

/// Runs the robot on a thread of its own: its loop stays where it was made.
fn start_sim(layout: &str, environment: Environment) -> Result<(JoinHandle<()>, Waker, Arc<AtomicU64>), CliError> {
    let (sender, receiver) = sync_channel(1);
    let parameters = SimParameters { layout: layout.to_owned(), ..SimParameters::default() };
    let run = move || run_sim(&parameters, environment, &sender);
    let thread = std::thread::Builder::new().name("robot".to_owned()).spawn(run).map_err(CliError::failed)?;
    let started = receiver.recv().map_err(|_| CliError::failed(anyhow::anyhow!("the robot's thread ended early")))?;
    let (waker, contacts) = started.map_err(|problem| CliError::failed(anyhow::anyhow!(problem)))?;
    Ok((thread, waker, contacts))
}

type Started = Result<(Waker, Arc<AtomicU64>), String>;

fn run_sim(parameters: &SimParameters, environment: Environment, started: &SyncSender<Started>) {
    let opened = start::open("planwright_sim", parameters, &RosArguments::default(), environment)
        .map_err(|error| error.to_string())
        .and_then(|(setup, _)| SimNode::open(setup).map_err(|error| error.to_string()));
    match opened {
        Err(problem) => {
            let _ = started.send(Err(problem));
        }
        Ok((mut node, executor)) => {
            let _ = started.send(Ok((node.base().waker.clone(), node.wall_contacts())));
            if let Err(error) = node.run(executor) {
                eprintln!("warning: the robot ended: {error}");
            }
        }
    }
}
