//! The time that no planner can beat, computed on a lattice.
//!
//! Without drag and with the command held for `dt`, a double integrator with commands {-1, 0, 1} moves on an
//! exact lattice: speeds are multiples of `dv = v_max / K`, positions multiples of `dv * dt / 2`, with
//! `dt = dv / a_max`. A breadth-first search backwards from the goal disc gives the least time from every
//! lattice state at once. The relaxations all favour the ball: no drag, walls yield by 5 cm and stop it dead
//! when it touches them, any speed will do at the goal; the coarser control is paid back by one lattice step.

use super::episode::{EpisodeRules, GOAL_RADIUS_M};
use super::{Episode, Layout, MAX_ACCELERATION_MPS2, MAX_SPEED_MPS, Point, RADIUS_M, STEP_SECS, State};
use crate::geometry::distance;

/// Speed levels on each side of zero.
const LEVELS: i64 = 6;
/// A place and a speed of the lattice: row, column, and both speeds.
type Lattice = (u16, u16, i8, i8);
const SPEEDS: i64 = 2 * LEVELS + 1;
const SPEED_QUANTUM: f64 = MAX_SPEED_MPS / LEVELS as f64;
const LATTICE_SECS: f64 = SPEED_QUANTUM / MAX_ACCELERATION_MPS2;
const POSITION_QUANTUM: f64 = 0.5 * SPEED_QUANTUM * LATTICE_SECS;
/// Memory that one goal's times may take, bytes: about 500 free cells.
const MAX_BYTES: u64 = 640 << 20;
/// Measured worst penetration of the soft walls is 5 cm.
const PENETRATION_M: f64 = 0.05;
const UNREACHED: u16 = u16::MAX;
/// A place where the ball cannot be.
const BLOCKED: u32 = u32::MAX;

/// A maze that is too large for the lattice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a maze whose least times take at most {} MB, got one of {cells} free cells ({rows} m x {columns} m) that takes {} MB\nhint: position and speed are searched together, about 1.3 MB and 0.1 s for each free cell; cut the maze to the part around start and goal",
    MAX_BYTES >> 20,
    .bytes >> 20
)]
pub struct BoundError {
    /// Free cells that are connected to the goal.
    pub cells: usize,
    /// Rows of the maze.
    pub rows: usize,
    /// Columns of the maze.
    pub columns: usize,
    /// Bytes that would be needed, at least.
    pub bytes: u64,
}

/// Least times to one goal from anywhere in a maze.
#[derive(Clone, Debug)]
pub struct TimeOptimalBound {
    origin: Point,
    size: [i64; 2],
    /// Number of each place where the ball can be, row by row; [`BLOCKED`] elsewhere.
    places: Vec<u32>,
    /// Lattice steps to the goal, by place and speed.
    steps: Vec<u16>,
    reached: usize,
}

impl TimeOptimalBound {
    /// Solves for one goal. About a second for D4RL's umaze, ten for its large maze.
    ///
    /// # Errors
    /// If the maze is too large; nothing has been computed then.
    pub fn new(layout: &Layout, goal: Point) -> Result<Self, BoundError> {
        Self::until(layout, goal, None, &mut |_| {})
    }

    /// The same, no further than the time from one state needs. `progress` receives the share of all states that is done.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn until(
        layout: &Layout,
        goal: Point,
        start: Option<&State>,
        progress: &mut dyn FnMut(f64),
    ) -> Result<Self, BoundError> {
        let (rows, columns) = (layout.rows(), layout.columns());
        let connected = connected_cells(layout, goal);
        let cells = connected.iter().filter(|connected| **connected).count();
        let extent = |cells: usize| ((cells as f64) / POSITION_QUANTUM).ceil() as i64;
        let size = [extent(rows), extent(columns)];
        let check = |places: u64| {
            let bytes = 4 * (size[0] * size[1]) as u64 + 2 * places * (SPEEDS * SPEEDS) as u64;
            if bytes <= MAX_BYTES { Ok(()) } else { Err(BoundError { cells, rows, columns, bytes }) }
        };
        check(0)?;
        let mut bound = Self { origin: [-0.7, -0.7], size, places: Vec::new(), steps: Vec::new(), reached: 0 };
        let mut count = 0;
        bound.places = (0..size[0] * size[1])
            .map(|index| {
                let point = bound.point(index / size[1], index % size[1]);
                let (row, column) = Layout::cell_of(point);
                let inside = (0..rows as i64).contains(&row) && (0..columns as i64).contains(&column);
                if !(inside && connected[row as usize * columns + column as usize] && is_reachable(layout, point)) {
                    return BLOCKED;
                }
                count += 1;
                count - 1
            })
            .collect();
        check(u64::from(count))?;
        bound.steps = vec![UNREACHED; count as usize * (SPEEDS * SPEEDS) as usize];
        bound.search(goal, start, progress);
        Ok(bound)
    }

    fn point(&self, ix: i64, iy: i64) -> Point {
        [self.origin[0] + POSITION_QUANTUM * ix as f64, self.origin[1] + POSITION_QUANTUM * iy as f64]
    }

    fn is_free(&self, ix: i64, iy: i64) -> bool {
        ix >= 0
            && iy >= 0
            && ix < self.size[0]
            && iy < self.size[1]
            && self.places[(ix * self.size[1] + iy) as usize] != BLOCKED
    }

    /// Of a place where the ball can be.
    fn index(&self, ix: i64, iy: i64, px: i64, py: i64) -> usize {
        let place = i64::from(self.places[(ix * self.size[1] + iy) as usize]);
        ((place * SPEEDS + px + LEVELS) * SPEEDS + py + LEVELS) as usize
    }

    fn search(&mut self, goal: Point, start: Option<&State>, progress: &mut dyn FnMut(f64)) {
        let mut frontier = Vec::new();
        for ix in 0..self.size[0] {
            for iy in 0..self.size[1] {
                let point = self.point(ix, iy);
                let inside = distance(point, goal) <= GOAL_RADIUS_M;
                if inside && self.is_free(ix, iy) {
                    for px in -LEVELS..=LEVELS {
                        for py in -LEVELS..=LEVELS {
                            let index = self.index(ix, iy, px, py);
                            self.steps[index] = 0;
                            self.reached += 1;
                            frontier.push((ix as u16, iy as u16, px as i8, py as i8));
                        }
                    }
                }
            }
        }
        let mut depth = 0;
        while !frontier.is_empty() && depth < UNREACHED - 1 {
            depth += 1;
            let mut next = Vec::new();
            while let Some((ix, iy, px, py)) = frontier.pop() {
                let state = [i64::from(ix), i64::from(iy), i64::from(px), i64::from(py)];
                self.expand(state, depth, &mut frontier, &mut next);
            }
            frontier = next;
            progress(self.reached as f64 / self.steps.len() as f64);
            if start.is_some_and(|start| self.least_secs(start).is_finite()) {
                break;
            }
        }
    }

    /// Predecessors of one state: those one step before, and those that a wall stopped just now.
    fn expand(&mut self, [ix, iy, px, py]: [i64; 4], depth: u16, same: &mut Vec<Lattice>, next: &mut Vec<Lattice>) {
        for ax in -1..=1 {
            for ay in -1..=1 {
                let (qx, qy) = (px - ax, py - ay);
                if qx.abs() > LEVELS || qy.abs() > LEVELS {
                    continue;
                }
                let (jx, jy) = (ix - (2 * qx + ax), iy - (2 * qy + ay));
                let passes = self.is_free(jx, jy) && self.is_free((ix + jx).div_euclid(2), (iy + jy).div_euclid(2));
                if passes {
                    self.visit([jx, jy, qx, qy], depth, next);
                }
            }
        }
        for (axis, speed) in [(0, px), (1, py)] {
            if speed != 0 {
                continue;
            }
            for direction in [-1, 1] {
                let touches = (1..=2 * LEVELS).any(|reach| {
                    let ahead = if axis == 0 { (ix + direction * reach, iy) } else { (ix, iy + direction * reach) };
                    !self.is_free(ahead.0, ahead.1)
                });
                if touches {
                    for level in 1..=LEVELS {
                        let mut state = [ix, iy, px, py];
                        state[2 + axis] = direction * level;
                        self.visit(state, depth - 1, same);
                    }
                }
            }
        }
    }

    fn visit(&mut self, [ix, iy, px, py]: [i64; 4], depth: u16, frontier: &mut Vec<Lattice>) {
        let index = self.index(ix, iy, px, py);
        if self.steps[index] == UNREACHED {
            self.steps[index] = depth;
            self.reached += 1;
            frontier.push((ix as u16, iy as u16, px as i8, py as i8));
        }
    }

    /// Least seconds from a state into the goal disc; infinite if there is no way.
    pub fn least_secs(&self, state: &State) -> f64 {
        let lattice = |value: f64, quantum: f64| (value / quantum).round() as i64;
        let ix = lattice(state.position[0] - self.origin[0], POSITION_QUANTUM);
        let iy = lattice(state.position[1] - self.origin[1], POSITION_QUANTUM);
        let speed = |value: f64| lattice(value, SPEED_QUANTUM).clamp(-LEVELS, LEVELS);
        let steps = if self.is_free(ix, iy) {
            self.steps[self.index(ix, iy, speed(state.velocity[0]), speed(state.velocity[1]))]
        } else {
            UNREACHED
        };
        if steps == UNREACHED {
            return f64::INFINITY;
        }
        // One lattice step is given back: a finer control could save at most about that.
        LATTICE_SECS * f64::from(steps.saturating_sub(1))
    }

    /// The largest return an episode from this start can have.
    pub fn best_return(&self, rules: &EpisodeRules, episode: &Episode) -> f64 {
        let wait = (self.least_secs(&episode.start) / STEP_SECS).floor();
        (rules.steps as f64 - wait.max(0.0)).clamp(0.0, rules.steps as f64)
    }
}

/// Which cells lie on a way to the goal, in row order. Diagonal ones count: the search decides what is a way.
fn connected_cells(layout: &Layout, goal: Point) -> Vec<bool> {
    let columns = layout.columns() as i64;
    let mut connected = vec![false; layout.rows() * layout.columns()];
    let mut open = vec![Layout::cell_of(goal)];
    while let Some((row, column)) = open.pop() {
        if layout.is_wall_signed(row, column)
            || std::mem::replace(&mut connected[(row * columns + column) as usize], true)
        {
            continue;
        }
        open.extend((-1..=1).flat_map(|i| (-1..=1).map(move |j| (row + i, column + j))));
    }
    connected
}

/// Whether the ball's centre can be there, walls yielding by the measured penetration.
fn is_reachable(layout: &Layout, point: Point) -> bool {
    let (row, column) = Layout::cell_of(point);
    if layout.is_wall_signed(row, column) {
        return false;
    }
    let near = RADIUS_M - PENETRATION_M;
    (row - 1..=row + 1).all(|i| {
        (column - 1..=column + 1).all(|j| {
            if !layout.is_wall_signed(i, j) {
                return true;
            }
            distance(point, Layout::cell_box(i, j).nearest(point)) >= near
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_dash_takes_what_the_closed_form_says() {
        let Ok(layout) = Layout::parse("corridor", "##########\n#GOOOOOOO#\n##########") else { panic!("parses") };
        let bound = TimeOptimalBound::new(&layout, [0.8, 1.0]).expect("a small maze");
        // From rest, d metres to the disc: accelerate to v_max, then cruise.
        let distance = 6.0 - GOAL_RADIUS_M;
        let ramp = MAX_SPEED_MPS / MAX_ACCELERATION_MPS2;
        let exact = ramp + (distance - 0.5 * MAX_SPEED_MPS * ramp) / MAX_SPEED_MPS;
        let least = bound.least_secs(&State::at_rest([0.8, 7.0]));
        assert!(least <= exact && least > exact - 2.0 * LATTICE_SECS, "{least} against {exact}");
    }

    #[test]
    fn no_way_is_infinite_and_the_goal_is_free() {
        let Ok(layout) = Layout::parse("two", "#####\n#G#O#\n#####") else { panic!("parses") };
        let bound = TimeOptimalBound::new(&layout, [1.0, 1.0]).expect("a small maze");
        assert_eq!(bound.least_secs(&State::at_rest([0.8, 2.8])), f64::INFINITY);
        assert_eq!(bound.least_secs(&State::at_rest([1.0, 1.0])), 0.0);
        assert_eq!(bound.least_secs(&State::at_rest([f64::NAN, 1.0])), f64::INFINITY);
    }

    #[test]
    fn a_maze_that_is_too_large_is_refused_before_memory_is_spent() {
        let hall = |side: usize| {
            format!("{0}\n{1}{0}", "#".repeat(side), format!("#{}#\n", "O".repeat(side - 2)).repeat(side - 2))
        };
        for side in [34, 66, 1000] {
            let Ok(layout) = Layout::parse("hall", &hall(side)) else { panic!("parses") };
            let error = TimeOptimalBound::new(&layout, [1.0, 1.0]).expect_err("too large");
            assert_eq!((error.cells, error.rows), ((side - 2) * (side - 2), side));
            assert!(error.to_string().contains("MB, got one of"), "{error}");
        }
    }

    #[test]
    fn a_goal_at_the_end_of_the_longest_maze_is_found() {
        let corridor = format!("#{}#OOO#", "O".repeat(1020));
        let wall = "#".repeat(corridor.len());
        let Ok(layout) = Layout::parse("corridor", &format!("{wall}\n{corridor}\n{wall}")) else { panic!("parses") };
        let end = layout.columns() as f64 - 2.2;
        let bound = TimeOptimalBound::new(&layout, [0.8, end]).expect("a short part");
        let secs = bound.least_secs(&State::at_rest([0.8, end - 2.0]));
        assert!((0.1..5.0).contains(&secs), "{secs}");
        assert_eq!(bound.least_secs(&State::at_rest([0.8, 1.0])), f64::INFINITY);
    }

    #[test]
    fn the_search_for_one_start_ends_there_with_the_same_time() {
        let (layout, start) = (Layout::umaze(), State::at_rest([1.0, 3.0]));
        let whole = TimeOptimalBound::new(&layout, [1.0, 1.0]).expect("a small maze");
        let mut shares = Vec::new();
        let some = TimeOptimalBound::until(&layout, [1.0, 1.0], Some(&start), &mut |share| shares.push(share));
        let some = some.expect("a small maze");
        assert_eq!(some.least_secs(&start), whole.least_secs(&start));
        assert!(some.reached < whole.reached && shares.is_sorted() && shares.iter().all(|share| *share < 1.0));
    }
}
