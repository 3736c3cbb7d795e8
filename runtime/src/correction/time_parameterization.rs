//! How fast a path can be driven: time-optimal path parametrisation under per-axis limits.
//!
//! With `x` the squared speed along the path and `u` the acceleration along it, every axis demands
//! `|q'_i u + q''_i x| <= a_max` and `|q'_i| sqrt(x) <= v_max` (Pham and Pham 2018, reachability analysis):
//! a backward pass finds the largest `x` from which the end can still be met, a forward pass drives as fast
//! as that allows.

use crate::geometry::{Hermite, Point};
use crate::trajectory::Trajectory;
use crate::world::{AxisLimits, State};

/// A path that cannot be timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeParameterizationError {
    /// Fewer than two distinct points.
    #[error("expected a path of at least two distinct points")]
    TooShort,
    /// A number that is not finite.
    #[error("expected a finite path and finite limits above 0")]
    NotFinite,
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
    max_states: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Node {
    position: Point,
    tangent: Point,
    curvature: Point,
    /// Arc length to the next node.
    step: f64,
    /// Largest squared speed from which the end can be met.
    ceiling: f64,
    /// Squared speed of the result.
    square: f64,
}

const BISECTIONS: usize = 24;
/// Below this squared speed the path counts as standing still, (m/s)^2.
const STILL: f64 = 1e-6;

impl TimeParameterizer {
    /// For paths of up to `max_points` points and trajectories of up to `max_states` states.
    pub fn new(max_points: usize, max_states: usize) -> Self {
        Self { nodes: Vec::with_capacity(max_points), max_states }
    }

    /// Fills `timed` (period `dt_secs`) with the fastest drive along `path` that ends at rest and begins
    /// with the part of `start`'s velocity that lies along the path. Returns its duration, seconds.
    ///
    /// # Errors
    /// If the path has no length, is not finite, or takes too long.
    pub fn parameterize(
        &mut self,
        path: &[Point],
        start: &State,
        limits: &AxisLimits,
        dt_secs: f64,
        timed: &mut Trajectory,
    ) -> Result<f64, TimeParameterizationError> {
        timed.clear();
        timed.dt_secs = dt_secs;
        let sound = limits.acceleration_mps2 > 0.0 && limits.speed_mps > 0.0 && start.is_finite();
        if !sound || path.iter().flatten().any(|value| !value.is_finite()) {
            return Err(TimeParameterizationError::NotFinite);
        }
        self.load(path)?;
        self.backward(limits);
        self.forward(start, limits);
        self.sample(dt_secs, timed)
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

    fn backward(&mut self, limits: &AxisLimits) {
        let mut next_ceiling = 0.0;
        for index in (0..self.nodes.len()).rev() {
            let node = self.nodes[index];
            let mut high = [0, 1].into_iter().fold(f64::INFINITY, |high, axis: usize| {
                let reach = limits.speed_mps / node.tangent[axis].abs().max(1e-9);
                high.min(reach * reach)
            });
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

    fn forward(&mut self, start: &State, limits: &AxisLimits) {
        let along = start.velocity[0] * self.nodes[0].tangent[0] + start.velocity[1] * self.nodes[0].tangent[1];
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

    fn sample(&self, dt_secs: f64, timed: &mut Trajectory) -> Result<f64, TimeParameterizationError> {
        let (mut index, mut begun, mut time) = (0, 0.0, 0.0);
        let duration_of = |node: &Node, next: &Node| {
            let speeds = node.square.max(0.0).sqrt() + next.square.max(0.0).sqrt();
            2.0 * node.step / speeds.max(STILL.sqrt())
        };
        let last = self.nodes.len() - 1;
        loop {
            while index < last && time > begun + duration_of(&self.nodes[index], &self.nodes[index + 1]) {
                begun += duration_of(&self.nodes[index], &self.nodes[index + 1]);
                index += 1;
            }
            if timed.states.len() >= self.max_states {
                return Err(TimeParameterizationError::TooLong { max_states: self.max_states });
            }
            if index >= last {
                timed.states.push(State::at_rest(self.nodes[last].position));
                return Ok(begun);
            }
            let (from, to) = (&self.nodes[index], &self.nodes[index + 1]);
            timed.states.push(between(from, to, time - begun, duration_of(from, to)));
            time += dt_secs;
        }
    }
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

/// Least and largest acceleration along the path at a squared speed; empty (low > high) if none will do.
fn accelerations(node: &Node, square: f64, limits: &AxisLimits) -> (f64, f64) {
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    for axis in 0..2 {
        let (tangent, turn) = (node.tangent[axis], node.curvature[axis] * square);
        if tangent.abs() < 1e-9 {
            if turn.abs() > limits.acceleration_mps2 {
                return (f64::INFINITY, f64::NEG_INFINITY);
            }
            continue;
        }
        let (a, b) = ((-limits.acceleration_mps2 - turn) / tangent, (limits.acceleration_mps2 - turn) / tangent);
        low = low.max(a.min(b));
        high = high.min(a.max(b));
    }
    (low, high)
}

fn feasible(node: &Node, square: f64, next_ceiling: f64, limits: &AxisLimits) -> bool {
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
mod tests {
    use super::*;

    const LIMITS: AxisLimits = AxisLimits { acceleration_mps2: 20.0, speed_mps: 5.0 };

    fn parameterize(path: &[Point], start: State) -> (f64, Trajectory) {
        let mut timed = Trajectory::default();
        let mut timer = TimeParameterizer::new(1000, 5000);
        match timer.parameterize(path, &start, &LIMITS, 0.01, &mut timed) {
            Ok(duration) => (duration, timed),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn a_straight_line_takes_the_closed_form_time() {
        let path: Vec<Point> = (0..=100).map(|k| [0.04 * f64::from(k), 0.0]).collect();
        let (duration, timed) = parameterize(&path, State::at_rest([0.0, 0.0]));
        // 4 m: 0.625 m up, 0.625 m down, the rest at 5 m/s.
        let exact = 0.25 + 0.25 + (4.0 - 1.25) / 5.0;
        assert!((duration - exact).abs() < 0.02, "{duration} against {exact}");
        assert_eq!(timed.states.last().map(|state| state.position), Some([4.0, 0.0]));
    }

    #[test]
    fn a_bend_is_driven_within_the_limits_of_both_axes() {
        let path: Vec<Point> = (0..=80)
            .map(|k| {
                let angle = std::f64::consts::PI * f64::from(k) / 80.0;
                [0.8 * angle.sin(), 0.8 - 0.8 * angle.cos()]
            })
            .collect();
        let (_, timed) = parameterize(&path, State::at_rest(path[0]));
        for pair in timed.states.windows(2) {
            for axis in 0..2 {
                let acceleration = (pair[1].velocity[axis] - pair[0].velocity[axis]) / 0.01;
                assert!(acceleration.abs() < 1.1 * LIMITS.acceleration_mps2, "{acceleration}");
                assert!(pair[0].velocity[axis].abs() < 1.02 * LIMITS.speed_mps);
            }
        }
    }

    /// A way of a few centimetres has room to speed up and to brake, or it would take for ever.
    #[test]
    fn a_short_way_from_rest_to_rest_takes_a_fraction_of_a_second() {
        let path: Vec<Point> = (0..=8).map(|k| [0.005 * f64::from(k), 0.0]).collect();
        let (duration, _) = parameterize(&path, State::at_rest([0.0, 0.0]));
        // 2 cm up and 2 cm down at 20 m/s^2.
        assert!((duration - 2.0 * (0.04_f64 / 20.0).sqrt()).abs() < 0.02, "{duration}");
    }

    #[test]
    fn a_running_start_is_kept_and_bad_paths_are_refused() {
        let path: Vec<Point> = (0..=40).map(|k| [0.1 * f64::from(k), 0.0]).collect();
        let (_, timed) = parameterize(&path, State::moving([0.0, 0.0], [3.0, 0.0]));
        assert!((timed.states[0].velocity[0] - 3.0).abs() < 1e-6);
        let mut out = Trajectory::default();
        let mut timer = TimeParameterizer::new(10, 100);
        let still = State::default();
        assert_eq!(
            timer.parameterize(&[[1.0, 1.0]; 4], &still, &LIMITS, 0.01, &mut out),
            Err(TimeParameterizationError::TooShort)
        );
        assert_eq!(timer.parameterize(&[], &still, &LIMITS, 0.01, &mut out), Err(TimeParameterizationError::TooShort));
        let nan = [[0.0, 0.0], [f64::NAN, 0.0]];
        assert_eq!(
            timer.parameterize(&nan, &still, &LIMITS, 0.01, &mut out),
            Err(TimeParameterizationError::NotFinite)
        );
    }
}
