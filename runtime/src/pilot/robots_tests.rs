//! Every kind of robot drives through a maze: proposal, correction, gate and tracking in closed loop.

use super::*;
use crate::geometry::{Footprint, Polygon, wrapped};
use crate::planner::{Control, ControlPlanner};
use crate::world::{Ackermann, Differential, Layout, Map, Omni, Robot, RobotFile};
use std::sync::Arc;

/// What a drive from one end of the small maze to the other came to.
#[derive(Debug)]
struct Drive {
    end: State,
    secs: f64,
    pushing: usize,
    least_clearance_m: f64,
    statistics: PilotStatistics,
}

fn drive(robot: Arc<dyn Robot>, heading_rad: f64, goal_heading_rad: Option<f64>, limit_secs: f64) -> Drive {
    let layout = Layout::umaze();
    let world = World::new(robot, Arc::new(layout.clone()) as Arc<dyn Map>);
    let correction = CorrectionSettings { arrival_radius_m: 0.05, ..CorrectionSettings::default() };
    let settings = PilotSettings { deadline: None, correction, ..PilotSettings::default() };
    let mut pilot = Pilot::new(ControlPlanner::new(Control::Search, layout, 0), settings, View::disabled());
    pilot.set_goal_heading(goal_heading_rad);
    let (mut state, goal) = (State::at_pose([2.9, 0.9], heading_rad), [0.9, 0.9]);
    let mut drive =
        Drive { end: state, secs: 0.0, pushing: 0, least_clearance_m: f64::INFINITY, statistics: pilot.statistics() };
    let steps = (limit_secs / world.step_secs()) as usize;
    for step in 0..steps {
        let now_secs = world.step_secs() * step as f64;
        if step % 10 == 0 {
            let observation = Observation { state, goal, stamp_secs: now_secs, step: step as u64 };
            pilot.plan(&world, &observation, now_secs, now_secs);
        }
        let command = pilot.command(&world, &state, now_secs);
        let (next, report) = world.step(&state, command);
        drive.pushing += report.pushing;
        drive.least_clearance_m = drive.least_clearance_m.min(world.sweep().motion(&state, &next));
        state = next;
        let faces = goal_heading_rad.is_none_or(|wanted| wrapped(wanted - state.heading_rad).abs() < 0.05);
        if state.distance(goal) < 0.05 && state.speed() < 0.02 && faces {
            drive.secs = now_secs;
            break;
        }
    }
    Drive { end: state, statistics: pilot.statistics(), ..drive }
}

fn arrives(robot: Arc<dyn Robot>, heading_rad: f64, goal_heading_rad: Option<f64>, limit_secs: f64) {
    let drive = drive(Arc::clone(&robot), heading_rad, goal_heading_rad, limit_secs);
    assert!(
        drive.secs > 0.0 && drive.end.is_finite() && drive.pushing == 0 && drive.least_clearance_m > 0.0,
        "{robot:?}: {drive:?}"
    );
    assert_eq!(drive.statistics.fallbacks.stop + drive.statistics.fallbacks.brake, 0, "{robot:?}: {drive:?}");
}

/// The way is 5.4 m long.
#[test]
fn every_kind_of_robot_drives_through_the_maze() {
    arrives(Arc::new(Omni::default()), 0.4, None, 30.0);
    for heading in [1.5, 0.0, -2.0] {
        arrives(Arc::new(Differential::default()), heading, None, 30.0);
    }
    arrives(Arc::new(Differential { step_secs: 0.05, ..Differential::default() }), 0.0, Some(2.0), 30.0);
    arrives(Arc::new(Ackermann::default()), 1.57, None, 30.0);
}

#[test]
fn shipped_robots_drive_through_the_maze() {
    for (name, limit_secs) in [("turtlebot3-burger", 60.0), ("jackal", 20.0)] {
        let robot = RobotFile::find(name).expect("built in").robot;
        arrives(robot, 3.0, Some(-1.0), limit_secs);
    }
    let corners = [[0.35, 0.2], [-0.35, 0.2], [-0.35, -0.2], [0.35, -0.2]];
    let footprint = Polygon::new(&corners, 0.0).map(Footprint::Polygon).expect("a box");
    arrives(Arc::new(Differential { footprint, ..Differential::default() }), 1.57, None, 30.0);
}
