//! D4RL's waypoint controller: drives through the cells of a route with a proportional-derivative rule.

use super::grid_policy::GridPolicy;
use planwright::geometry::distance;
use planwright::world::{Command, Layout, Point, State};
use rand::{Rng, RngExt};

const SOLVED_M: f64 = 0.1;
const POSITION_GAIN: f64 = 10.0;
const VELOCITY_GAIN: f64 = -1.0;

pub(super) struct WaypointController<'a> {
    layout: &'a Layout,
    /// Whether the last waypoint is the target itself rather than its cell's index.
    follows_target: bool,
    target_cell: Option<(i64, i64)>,
    goal: Point,
    waypoints: Vec<Point>,
    next: usize,
    previous_position: Point,
    /// Whether one of several equally short ways is drawn; D4RL takes the first.
    any_way: bool,
}

/// D4RL's rounding: the nearest index pair, which is not the cell that holds the point.
pub(super) fn rounded(point: Point) -> (i64, i64) {
    // numpy rounds half to even.
    (point[0].round_ties_even() as i64, point[1].round_ties_even() as i64)
}

impl<'a> WaypointController<'a> {
    pub(super) fn new(layout: &'a Layout, follows_target: bool) -> Self {
        Self {
            layout,
            follows_target,
            target_cell: None,
            goal: [0.0; 2],
            waypoints: Vec::new(),
            next: 0,
            previous_position: [0.0; 2],
            any_way: false,
        }
    }

    /// Draws among equally short ways.
    pub(super) fn any_way(self) -> Self {
        Self { any_way: true, ..self }
    }

    /// The command for an observation, and whether the goal counts as reached.
    pub(super) fn act(&mut self, observed: &State, target: Point, rng: &mut impl Rng) -> (Command, bool) {
        let cell = if self.follows_target { Layout::cell_of(target) } else { rounded(target) };
        let goal_moved = self.follows_target && target != self.goal;
        if self.target_cell != Some(cell) || goal_moved {
            self.plan(observed.position, target, cell, rng);
        }
        let displacement = distance(observed.position, self.previous_position);
        let solved = distance(observed.position, self.goal) < SOLVED_M && displacement < SOLVED_M;
        let waypoint = if solved { self.goal } else { self.waypoints.get(self.next).copied().unwrap_or(self.goal) };
        let command = [0, 1].map(|axis: usize| {
            let raw =
                POSITION_GAIN * (waypoint[axis] - observed.position[axis]) + VELOCITY_GAIN * observed.velocity[axis];
            raw.clamp(-1.0, 1.0)
        });
        let arrived = distance(observed.position, waypoint) < SOLVED_M && displacement < SOLVED_M;
        if !solved && arrived {
            self.next += 1;
        }
        self.previous_position = observed.position;
        (command, solved)
    }

    fn plan(&mut self, position: Point, target: Point, cell: (i64, i64), rng: &mut impl Rng) {
        let start = if self.follows_target { Layout::cell_of(position) } else { rounded(position) };
        let policy = GridPolicy::solve(self.layout, cell);
        let route = if self.any_way {
            policy.route_by(start, |count| rng.random_range(0..count.max(1)))
        } else {
            policy.route(start)
        };
        self.goal = if self.follows_target { target } else { [cell.0 as f64, cell.1 as f64] };
        self.waypoints = route.iter().map(|(row, column)| [*row as f64, *column as f64]).collect();
        if self.waypoints.pop().is_some() {
            for waypoint in &mut self.waypoints {
                *waypoint = waypoint.map(|value| value - 0.2 * rng.random::<f64>());
            }
        }
        self.waypoints.push(self.goal);
        self.next = 0;
        self.target_cell = Some(cell);
        self.previous_position = [start.0 as f64, start.1 as f64];
    }
}
