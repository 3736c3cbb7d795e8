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
const SPEEDS: i64 = 2 * LEVELS + 1;
const SPEED_QUANTUM: f64 = MAX_SPEED_MPS / LEVELS as f64;
const LATTICE_SECS: f64 = SPEED_QUANTUM / MAX_ACCELERATION_MPS2;
const POSITION_QUANTUM: f64 = 0.5 * SPEED_QUANTUM * LATTICE_SECS;
/// Measured worst penetration of the soft walls is 5 cm.
const PENETRATION_M: f64 = 0.05;
const UNREACHED: u16 = u16::MAX;

/// Least times to one goal from anywhere in a maze.
#[derive(Clone, Debug)]
pub struct TimeOptimalBound {
    origin: Point,
    size: [i64; 2],
    free: Vec<bool>,
    /// Lattice steps to the goal, by position and speed.
    steps: Vec<u16>,
}

impl TimeOptimalBound {
    /// Solves for one goal. About a second for D4RL's umaze, ten for its large maze.
    pub fn new(layout: &Layout, goal: Point) -> Self {
        let extent = |cells: usize| ((cells as f64) / POSITION_QUANTUM).ceil() as i64;
        let size = [extent(layout.rows()), extent(layout.columns())];
        let mut bound = Self { origin: [-0.7, -0.7], size, free: Vec::new(), steps: Vec::new() };
        bound.free = (0..size[0] * size[1])
            .map(|index| {
                let point = bound.point(index / size[1], index % size[1]);
                is_reachable(layout, point)
            })
            .collect();
        bound.search(goal);
        bound
    }

    fn point(&self, ix: i64, iy: i64) -> Point {
        [self.origin[0] + POSITION_QUANTUM * ix as f64, self.origin[1] + POSITION_QUANTUM * iy as f64]
    }

    fn is_free(&self, ix: i64, iy: i64) -> bool {
        ix >= 0 && iy >= 0 && ix < self.size[0] && iy < self.size[1] && self.free[(ix * self.size[1] + iy) as usize]
    }

    fn index(&self, ix: i64, iy: i64, px: i64, py: i64) -> usize {
        (((ix * self.size[1] + iy) * SPEEDS + px + LEVELS) * SPEEDS + py + LEVELS) as usize
    }

    fn search(&mut self, goal: Point) {
        self.steps = vec![UNREACHED; (self.size[0] * self.size[1] * SPEEDS * SPEEDS) as usize];
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
                            frontier.push([ix, iy, px, py].map(|value| value as i16));
                        }
                    }
                }
            }
        }
        let mut depth = 0;
        while !frontier.is_empty() && depth < UNREACHED - 1 {
            depth += 1;
            let mut next = Vec::new();
            while let Some(state) = frontier.pop() {
                self.expand(state.map(i64::from), depth, &mut frontier, &mut next);
            }
            frontier = next;
        }
    }

    /// Predecessors of one state: those one step before, and those that a wall stopped just now.
    fn expand(&mut self, [ix, iy, px, py]: [i64; 4], depth: u16, same: &mut Vec<[i16; 4]>, next: &mut Vec<[i16; 4]>) {
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

    fn visit(&mut self, [ix, iy, px, py]: [i64; 4], depth: u16, frontier: &mut Vec<[i16; 4]>) {
        let index = self.index(ix, iy, px, py);
        if self.steps[index] == UNREACHED {
            self.steps[index] = depth;
            frontier.push([ix, iy, px, py].map(|value| value as i16));
        }
    }

    /// Least seconds from a state into the goal disc; infinite if there is no way.
    pub fn least_secs(&self, state: &State) -> f64 {
        let lattice = |value: f64, quantum: f64| (value / quantum).round() as i64;
        let ix = lattice(state.position[0] - self.origin[0], POSITION_QUANTUM);
        let iy = lattice(state.position[1] - self.origin[1], POSITION_QUANTUM);
        let speed = |value: f64| lattice(value, SPEED_QUANTUM).clamp(-LEVELS, LEVELS);
        let inside = ix >= 0 && iy >= 0 && ix < self.size[0] && iy < self.size[1];
        let steps = if inside {
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
        let bound = TimeOptimalBound::new(&layout, [0.8, 1.0]);
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
        let bound = TimeOptimalBound::new(&layout, [1.0, 1.0]);
        assert_eq!(bound.least_secs(&State::at_rest([0.8, 2.8])), f64::INFINITY);
        assert_eq!(bound.least_secs(&State::at_rest([1.0, 1.0])), 0.0);
        assert_eq!(bound.least_secs(&State::at_rest([f64::NAN, 1.0])), f64::INFINITY);
    }
}
