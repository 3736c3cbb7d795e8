//! How fast a path can be driven: time-optimal path parametrisation under the robot's limits.
//!
//! With `x` the squared speed along the path and `u` the acceleration along it, limits are bounds of `x` and linear
//! bounds of `u` at a given `x` (`bounds.rs`; Pham and Pham 2018, reachability analysis): a backward pass finds the
//! largest `x` from which the end can still be met, a forward pass drives as fast as that allows. A drive turns in place
//! before and after the path where it has to (`facing.rs`); a way of poses is timed piece by piece (`poses.rs`).

mod bounds;
mod facing;
mod poses;

use crate::geometry::{Hermite, Point};
use crate::trajectory::Trajectory;
use crate::world::{MotionLimits, State};
use bounds::{accelerations, largest_square};
pub(crate) use facing::CURVE_RAD;

/// A path that cannot be timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeParameterizationError {
    /// Fewer than two distinct points.
    #[error("expected a path of at least two distinct points")]
    TooShort,
    /// A number that is not finite.
    #[error("expected a finite path and finite limits above 0")]
    NotFinite,
    /// A drive that cannot turn in place faces elsewhere.
    #[error("expected a path that begins within 1 rad of the robot's heading, for it cannot turn in place")]
    Heading,
    /// The trajectory would be longer than its buffer.
    #[error("expected a path that takes at most {max_states} steps")]
    TooLong {
        /// Room in states.
        max_states: usize,
    },
}

/// Buffers of the retiming; nothing is allocated after [`TimeParameterizer::new`].
#[derive(Clone, Debug)]
pub struct TimeParameterizer {
    nodes: Vec<Node>,
    /// A drive's path as it is driven.
    path: Vec<Point>,
    max_states: usize,
    goal_heading_rad: Option<f64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Node {
    position: Point,
    tangent: Point,
    curvature: Point,
    /// Signed curvature, 1/m, and its rate along the path, 1/m^2.
    bend: [f64; 2],
    /// Arc length to the next node.
    step: f64,
    /// Largest squared speed from which the end can be met.
    ceiling: f64,
    /// Squared speed of the result.
    square: f64,
}

/// Empties what is to be filled, of a path that `is_finite` or not.
fn begin(
    is_finite: bool,
    start: &State,
    limits: &MotionLimits,
    dt_secs: f64,
    timed: &mut Trajectory,
) -> Result<(), TimeParameterizationError> {
    timed.clear();
    timed.dt_secs = dt_secs;
    let is_sound = is_finite && start.is_finite() && bounds::are_sound(limits);
    if is_sound { Ok(()) } else { Err(TimeParameterizationError::NotFinite) }
}

const BISECTIONS: usize = 24;
/// Below this squared speed the path counts as standing still, (m/s)^2.
const STILL: f64 = 1e-6;

impl TimeParameterizer {
    /// For paths of up to `max_points` points and trajectories of up to `max_states` states.
    pub fn new(max_points: usize, max_states: usize) -> Self {
        // A drive's path begins with a curve, after the place where it has come to rest.
        let room = max_points + facing::CURVE_POINTS + 1;
        Self { nodes: Vec::with_capacity(room), path: Vec::with_capacity(room), max_states, goal_heading_rad: None }
    }

    /// States at most from now on; no more than buffers have room for.
    pub fn set_max_states(&mut self, max_states: usize) {
        self.max_states = max_states;
    }

    /// Heading in which drives that turn in place end; `None`: that of the path's end.
    pub fn set_goal_heading(&mut self, heading_rad: Option<f64>) {
        self.goal_heading_rad = heading_rad;
    }

    /// Fills `timed` (period `dt_secs`) with the fastest drive along `path` that ends at rest and begins
    /// with the part of `start`'s velocity that lies along the path. Returns its duration, seconds.
    ///
    /// A drive faces along the path. Where its heading is off, it turns in place first (if it moves, it brakes before), or
    /// the path begins with a curve into it; at the end it turns to the goal's heading. A robot of other kinds keeps
    /// `start`'s heading.
    ///
    /// # Errors
    /// If the path has no length (of a drive: and there is nothing to turn to), is not finite, or takes too long.
    pub fn parameterize(
        &mut self,
        path: &[Point],
        start: &State,
        limits: &MotionLimits,
        dt_secs: f64,
        timed: &mut Trajectory,
    ) -> Result<f64, TimeParameterizationError> {
        begin(path.iter().flatten().all(|value| value.is_finite()), start, limits, dt_secs, timed)?;
        if let MotionLimits::Drive(drive) = limits {
            return self.drive(path, start, drive, timed);
        }
        self.load(path)?;
        self.backward(limits);
        let tangent = self.nodes[0].tangent;
        self.forward(start.velocity[0] * tangent[0] + start.velocity[1] * tangent[1], limits);
        self.sample(timed)?;
        for state in &mut timed.states {
            state.heading_rad = start.heading_rad;
        }
        Ok(self.duration_secs())
    }

    fn load(&mut self, path: &[Point]) -> Result<(), TimeParameterizationError> {
        self.nodes.clear();
        for point in path {
            let far = self.nodes.last().is_none_or(|node| length(sub(*point, node.position)) > 1e-6);
            if far && self.nodes.len() < self.nodes.capacity() {
                self.nodes.push(Node { position: *point, ..Node::default() });
            }
        }
        let count = self.nodes.len();
        if count < 2 {
            return Err(TimeParameterizationError::TooShort);
        }
        for index in 0..count - 1 {
            self.nodes[index].step = length(sub(self.nodes[index + 1].position, self.nodes[index].position));
        }
        for index in 0..count {
            let (here, node) = (self.nodes[index].position, index.clamp(1, count.max(3) - 2));
            if count == 2 {
                self.nodes[index].tangent =
                    scale(sub(self.nodes[1].position, self.nodes[0].position), 1.0 / self.nodes[0].step);
                continue;
            }
            let before = self.nodes[node - 1];
            let (middle, after) = (self.nodes[node], self.nodes[node + 1].position);
            let first = scale(sub(middle.position, before.position), 1.0 / before.step);
            let second = scale(sub(after, middle.position), 1.0 / middle.step);
            let curvature = scale(sub(second, first), 2.0 / (before.step + middle.step));
            // The parabola through three nodes, differentiated where this node lies on it.
            let offset = if index < node {
                -before.step
            } else if index > node {
                middle.step
            } else {
                0.0
            };
            let weight = middle.step / (before.step + middle.step);
            let central = add(scale(first, weight), scale(second, 1.0 - weight));
            let tangent = add(central, scale(curvature, offset));
            debug_assert!(here[0].is_finite());
            self.nodes[index].tangent = scale(tangent, 1.0 / length(tangent).max(1e-9));
            self.nodes[index].curvature = curvature;
        }
        Ok(())
    }

    fn backward(&mut self, limits: &MotionLimits) {
        let mut next_ceiling = 0.0;
        for index in (0..self.nodes.len()).rev() {
            let node = self.nodes[index];
            let mut high = largest_square(&node, limits);
            if index + 1 == self.nodes.len() {
                high = 0.0;
            } else if !feasible(&node, high, next_ceiling, limits) {
                let mut low = 0.0;
                for _ in 0..BISECTIONS {
                    let middle = 0.5 * (low + high);
                    if feasible(&node, middle, next_ceiling, limits) { low = middle } else { high = middle }
                }
                high = low;
            }
            self.nodes[index].ceiling = high;
            next_ceiling = high;
        }
    }

    fn forward(&mut self, along: f64, limits: &MotionLimits) {
        // Faster than the ceiling cannot be undone on the path: the tracker will show it as residual.
        self.nodes[0].square = (along.max(0.0) * along.max(0.0)).min(self.nodes[0].ceiling);
        for index in 0..self.nodes.len() - 1 {
            let node = self.nodes[index];
            let (low, high) = accelerations(&node, node.square, limits);
            let wanted = (self.nodes[index + 1].ceiling - node.square) / (2.0 * node.step);
            let chosen = wanted.min(high).max(low.min(wanted));
            self.nodes[index + 1].square =
                (node.square + 2.0 * node.step * chosen).clamp(0.0, self.nodes[index + 1].ceiling);
        }
    }

    /// Seconds from the first node to the last.
    fn duration_secs(&self) -> f64 {
        self.nodes.windows(2).map(|pair| duration_of(&pair[0], &pair[1])).sum()
    }

    /// Adds the states at multiples of the period.
    fn sample(&self, timed: &mut Trajectory) -> Result<(), TimeParameterizationError> {
        let (mut index, mut begun, mut time) = (0, 0.0, 0.0);
        let last = self.nodes.len() - 1;
        loop {
            while index < last && time > begun + duration_of(&self.nodes[index], &self.nodes[index + 1]) {
                begun += duration_of(&self.nodes[index], &self.nodes[index + 1]);
                index += 1;
            }
            if index >= last {
                return self.push(State::at_rest(self.nodes[last].position), timed);
            }
            let (from, to) = (&self.nodes[index], &self.nodes[index + 1]);
            self.push(between(from, to, time - begun, duration_of(from, to)), timed)?;
            time += timed.dt_secs;
        }
    }

    fn push(&self, state: State, timed: &mut Trajectory) -> Result<(), TimeParameterizationError> {
        if timed.states.len() >= self.max_states {
            return Err(TimeParameterizationError::TooLong { max_states: self.max_states });
        }
        timed.states.push(state);
        Ok(())
    }
}

fn duration_of(node: &Node, next: &Node) -> f64 {
    let speeds = node.square.max(0.0).sqrt() + next.square.max(0.0).sqrt();
    2.0 * node.step / speeds.max(STILL.sqrt())
}

/// The state `elapsed` seconds into a piece that takes `duration`: constant acceleration along a curve
/// that has the tangents of both ends.
fn between(from: &Node, to: &Node, elapsed: f64, duration: f64) -> State {
    let (v, w) = (from.square.max(0.0).sqrt(), to.square.max(0.0).sqrt());
    let acceleration = (w - v) / duration;
    let along = (v * elapsed + 0.5 * acceleration * elapsed * elapsed).clamp(0.0, from.step);
    let speed = v + acceleration * elapsed;
    let t = along / from.step;
    let weights = Hermite::at(t);
    let [of_chord, of_start, _, of_end] = weights.slope;
    let mut state = State::default();
    for axis in 0..2 {
        let (p, q) = (from.position[axis], to.position[axis]);
        let (a, b) = (from.step * from.tangent[axis], from.step * to.tangent[axis]);
        state.position[axis] = weights.value([p, a, q, b]);
        let slope = of_chord * (p - q) + of_start * a + of_end * b;
        state.velocity[axis] = speed * slope / from.step;
    }
    state
}

fn feasible(node: &Node, square: f64, next_ceiling: f64, limits: &MotionLimits) -> bool {
    let (low, high) = accelerations(node, square, limits);
    let slowest = square + 2.0 * node.step * low;
    low <= high && slowest <= next_ceiling && square + 2.0 * node.step * high >= 0.0
}

fn add(a: Point, b: Point) -> Point {
    [a[0] + b[0], a[1] + b[1]]
}
fn sub(a: Point, b: Point) -> Point {
    [a[0] - b[0], a[1] - b[1]]
}
fn scale(a: Point, by: f64) -> Point {
    [a[0] * by, a[1] * by]
}
fn length(a: Point) -> f64 {
    a[0].hypot(a[1])
}

#[cfg(test)]
mod tests;
