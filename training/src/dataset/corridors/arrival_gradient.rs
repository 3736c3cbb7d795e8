//! Slope of the time of arrival by the points of a path: [`ArrivalTime`](planwright::planner::corridor::ArrivalTime) with
//! its chain rule, backwards.
//!
//! The acceleration that is left along the path, `sqrt(a^2 - (k w)^2)`, has an infinite slope where a curve takes all of
//! it; there the slope at [`LEAST_SHARE`] of `a` stands for it.

use planwright::geometry::distance;
use planwright::planner::corridor::{curvature, curvature_span};
use planwright::world::Point;

/// Least acceleration along the path in the slope of the rest, share of the whole.
const LEAST_SHARE: f64 = 0.3;

/// What a squared speed is bounded by.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Bound {
    Speed,
    Curvature,
    Neighbour,
}

/// Buffers.
#[derive(Default)]
pub(crate) struct ArrivalGradient {
    steps: Vec<f64>,
    /// Signed.
    curvatures: Vec<f64>,
    /// Squared speeds after the pass from the goal, and what bounds them.
    backward: Vec<(f64, Bound)>,
    /// After the pass from the start; true where that bounds them.
    forward: Vec<(f64, bool)>,
    /// Slopes by steps, curvatures, and squared speeds of both passes.
    by_step: Vec<f64>,
    by_curvature: Vec<f64>,
    by_backward: Vec<f64>,
    by_forward: Vec<f64>,
}

impl ArrivalGradient {
    /// Seconds from rest to rest, and their slopes in `gradient`, one per point. Infinite, and zero slopes, for fewer than
    /// two points or for what is not finite.
    pub(crate) fn of(
        &mut self,
        points: &[Point],
        speed_mps: f64,
        acceleration_mps2: f64,
        gradient: &mut Vec<Point>,
    ) -> f64 {
        let count = points.len();
        gradient.clear();
        gradient.resize(count, [0.0; 2]);
        if count < 2 || !points.iter().flatten().all(|value| value.is_finite()) {
            return f64::INFINITY;
        }
        self.measure(points);
        let along = Along { acceleration_mps2 };
        let secs = self.passes(speed_mps, along);
        self.back(along);
        for index in 0..count - 1 {
            let (from, to) = (points[index], points[index + 1]);
            let scale = self.by_step[index] / self.steps[index].max(1e-9);
            for axis in 0..2 {
                let by = scale * (to[axis] - from[axis]);
                gradient[index + 1][axis] += by;
                gradient[index][axis] -= by;
            }
        }
        for index in 0..count {
            let span = curvature_span(index, count);
            let by = self.by_curvature[index];
            if span > 0 && by != 0.0 {
                let slopes = curvature_slopes(points[index - span], points[index], points[index + span]);
                for (at, slope) in [index - span, index, index + span].into_iter().zip(slopes) {
                    for axis in 0..2 {
                        gradient[at][axis] += by * slope[axis];
                    }
                }
            }
        }
        if secs.is_finite() { secs } else { f64::INFINITY }
    }

    fn measure(&mut self, points: &[Point]) {
        let count = points.len();
        self.steps.clear();
        self.steps.extend(points.windows(2).map(|pair| distance(pair[0], pair[1])));
        self.curvatures.clear();
        self.curvatures.extend((0..count).map(|index| {
            let span = curvature_span(index, count);
            curvature(points[index - span], points[index], points[index + span])
        }));
    }

    fn passes(&mut self, speed_mps: f64, along: Along) -> f64 {
        let count = self.curvatures.len();
        self.backward.clear();
        self.backward.extend(self.curvatures.iter().map(|curvature| {
            let square = along.acceleration_mps2 / curvature.abs().max(1e-9);
            let most = speed_mps * speed_mps;
            if most < square { (most, Bound::Speed) } else { (square, Bound::Curvature) }
        }));
        self.backward[0] = (0.0, Bound::Speed);
        self.backward[count - 1] = (0.0, Bound::Speed);
        for index in (0..count - 1).rev() {
            let next = self.backward[index + 1].0;
            let reach = next + 2.0 * self.steps[index] * along.left(self.curvatures[index + 1], next);
            if reach < self.backward[index].0 {
                self.backward[index] = (reach, Bound::Neighbour);
            }
        }
        self.forward.clear();
        self.forward.extend(self.backward.iter().map(|(square, _)| (*square, false)));
        let mut secs = 0.0;
        for index in 0..count - 1 {
            let square = self.forward[index].0;
            let reach = square + 2.0 * self.steps[index] * along.left(self.curvatures[index], square);
            if reach < self.forward[index + 1].0 {
                self.forward[index + 1] = (reach, true);
            }
            let speeds = square.sqrt() + self.forward[index + 1].0.sqrt();
            secs += if speeds > 0.0 { 2.0 * self.steps[index] / speeds } else { 0.0 };
        }
        secs
    }

    /// The chain rule from the time to steps and curvatures.
    fn back(&mut self, along: Along) {
        let count = self.curvatures.len();
        for slopes in [&mut self.by_step, &mut self.by_curvature, &mut self.by_backward, &mut self.by_forward] {
            slopes.clear();
            slopes.resize(count, 0.0);
        }
        for index in 0..count - 1 {
            let roots = [index, index + 1].map(|at| self.forward[at].0.sqrt());
            let speeds = roots[0] + roots[1];
            if !(speeds > 0.0) {
                continue;
            }
            self.by_step[index] += 2.0 / speeds;
            for (at, root) in [index, index + 1].into_iter().zip(roots) {
                if root > 0.0 {
                    self.by_forward[at] -= self.steps[index] / (speeds * speeds * root);
                }
            }
        }
        for index in (0..count - 1).rev() {
            let by = self.by_forward[index + 1];
            if self.forward[index + 1].1 {
                let by_square = self.reach(along, index, index, self.forward[index].0, by);
                self.by_forward[index] += by_square;
            } else {
                self.by_backward[index + 1] += by;
            }
        }
        for index in 1..count - 1 {
            let (square, bound) = self.backward[index];
            let by = self.by_backward[index];
            match bound {
                Bound::Speed => {}
                Bound::Curvature => {
                    let curvature = self.curvatures[index];
                    self.by_curvature[index] -= by * square / curvature.abs().max(1e-9) * curvature.signum();
                }
                Bound::Neighbour => {
                    let by_square = self.reach(along, index, index + 1, self.backward[index + 1].0, by);
                    self.by_backward[index + 1] += by_square;
                }
            }
        }
    }

    /// Of `w + 2 d sqrt(a^2 - (k w)^2)` over step `step`, with the curvature at `at` and w there: adds the slopes by step and
    /// curvature, returns that by w.
    fn reach(&mut self, along: Along, step: usize, at: usize, square: f64, by: f64) -> f64 {
        let (step_m, curvature) = (self.steps[step], self.curvatures[at]);
        self.by_step[step] += 2.0 * by * along.left(curvature, square);
        let slope = 2.0 * step_m * by * along.slope(curvature * square);
        self.by_curvature[at] += slope * square;
        by + slope * curvature
    }
}

/// Acceleration along the path, of which curves take a part.
#[derive(Clone, Copy)]
struct Along {
    acceleration_mps2: f64,
}

impl Along {
    fn left(self, curvature: f64, square: f64) -> f64 {
        let across = curvature * square;
        (self.acceleration_mps2 * self.acceleration_mps2 - across * across).max(0.0).sqrt()
    }

    /// By the acceleration across the path.
    fn slope(self, across: f64) -> f64 {
        -across / self.left(1.0, across).max(LEAST_SHARE * self.acceleration_mps2)
    }
}

/// Slopes of [`curvature`] by the three points.
fn curvature_slopes(before: Point, here: Point, after: Point) -> [Point; 3] {
    let (u, v, w) = (difference(here, before), difference(after, here), difference(after, before));
    let sides = length(u) * length(v) * length(w);
    if !(sides > 1e-12) {
        return [[0.0; 2]; 3];
    }
    let curvature = curvature(before, here, after);
    let square = |side: Point| side[0] * side[0] + side[1] * side[1];
    let across = [[v[1], -v[0]], [-u[1], u[0]]];
    let [by_u, by_v]: [Point; 2] = [(u, across[0]), (v, across[1])].map(|(side, across)| {
        [0, 1].map(|axis| 2.0 * across[axis] / sides - curvature * (side[axis] / square(side) + w[axis] / square(w)))
    });
    [by_u.map(|value| -value), difference(by_u, by_v), by_v]
}

fn difference(a: Point, b: Point) -> Point {
    [a[0] - b[0], a[1] - b[1]]
}

fn length(side: Point) -> f64 {
    side[0].hypot(side[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use planwright::planner::corridor::ArrivalTime;

    /// Two bends, every 5 cm.
    fn bends(height_m: f64) -> Vec<Point> {
        (0..=160).map(|index| 0.05 * f64::from(index)).map(|x| [x, height_m * (0.9 * x).sin()]).collect()
    }

    fn by_differences(points: &[Point], speed_mps: f64) -> Vec<Point> {
        let mut arrival = ArrivalTime::default();
        let mut moved = points.to_vec();
        let mut slope = |index: usize, axis: usize| {
            let mut secs = |by: f64| {
                moved[index][axis] = points[index][axis] + by;
                let secs = arrival.of(&moved, speed_mps, 1.0);
                moved[index][axis] = points[index][axis];
                secs
            };
            (secs(1e-6) - secs(-1e-6)) / 2e-6
        };
        (0..points.len()).map(|index| [slope(index, 0), slope(index, 1)]).collect()
    }

    #[test]
    fn time_is_that_of_arrival_time_and_slopes_are_those_of_differences() {
        // Of the second, curves take most of the acceleration somewhere, where the slope is bounded.
        for (height_m, speed_mps, least) in [(0.2, 1.0, 0.999), (0.6, 2.0, 0.3)] {
            let (points, mut gradient) = (bends(height_m), Vec::new());
            let secs = ArrivalGradient::default().of(&points, speed_mps, 1.0, &mut gradient);
            assert!((secs - ArrivalTime::default().of(&points, speed_mps, 1.0)).abs() < 1e-9, "{secs} s");
            let expected = by_differences(&points, speed_mps);
            let product = |a: &[Point], b: &[Point]| -> f64 {
                a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| a * b).sum()
            };
            let alike =
                product(&gradient, &expected) / (product(&gradient, &gradient) * product(&expected, &expected)).sqrt();
            assert!(alike > least, "{height_m} m: {alike}");
        }
    }

    #[test]
    fn what_is_not_finite_takes_for_ever_and_has_no_slope() {
        let mut gradient = Vec::new();
        let secs = ArrivalGradient::default().of(&[[0.0; 2], [f64::NAN; 2], [1.0; 2]], 1.0, 1.0, &mut gradient);
        assert_eq!((secs, &gradient[..]), (f64::INFINITY, &[[0.0; 2]; 3][..]));
    }
}
