//! Least time along a path from rest to rest under limits on the norm of velocity and acceleration: one backward and one
//! forward pass over squared speeds.

use super::reference::curvature;
use crate::geometry::{Point, distance};

/// Points to either side over which curvature is measured.
const SPAN: usize = 2;

/// Points to either side of one of `count` points over which its curvature is measured: fewer near the ends, none at them.
pub fn curvature_span(index: usize, count: usize) -> usize {
    SPAN.min(index).min(count - 1 - index)
}

/// Buffers of the passes.
#[derive(Clone, Debug, Default)]
pub struct ArrivalTime {
    steps: Vec<f64>,
    curvatures: Vec<f64>,
    squares: Vec<f64>,
}

impl ArrivalTime {
    /// Seconds along points at about equal spacing; infinite for fewer than two or for what is not finite.
    pub fn of(&mut self, points: &[Point], speed_mps: f64, acceleration_mps2: f64) -> f64 {
        let count = points.len();
        if count < 2 {
            return f64::INFINITY;
        }
        self.steps.clear();
        self.steps.extend(points.windows(2).map(|pair| distance(pair[0], pair[1])));
        self.curvatures.clear();
        self.curvatures.extend((0..count).map(|index| {
            let span = curvature_span(index, count);
            curvature(points[index - span], points[index], points[index + span]).abs()
        }));
        let cap = |curvature: f64| (speed_mps * speed_mps).min(acceleration_mps2 / curvature.max(1e-9));
        let along = |curvature: f64, square: f64| {
            let across = curvature * square;
            (acceleration_mps2 * acceleration_mps2 - across * across).max(0.0).sqrt()
        };
        self.squares.clear();
        self.squares.extend(self.curvatures.iter().map(|curvature| cap(*curvature)));
        (self.squares[0], self.squares[count - 1]) = (0.0, 0.0);
        for index in (0..count - 1).rev() {
            let next = self.squares[index + 1];
            let reach = next + 2.0 * self.steps[index] * along(self.curvatures[index + 1], next);
            self.squares[index] = self.squares[index].min(reach);
        }
        let mut secs = 0.0;
        for index in 0..count - 1 {
            let square = self.squares[index];
            let reach = square + 2.0 * self.steps[index] * along(self.curvatures[index], square);
            self.squares[index + 1] = self.squares[index + 1].min(reach);
            let speeds = square.sqrt() + self.squares[index + 1].sqrt();
            secs += if speeds > 0.0 { 2.0 * self.steps[index] / speeds } else { 0.0 };
        }
        if secs.is_finite() { secs } else { f64::INFINITY }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_line_takes_the_trapezoids_time() {
        let points: Vec<Point> = (0..=200).map(|index| [0.05 * f64::from(index), 0.0]).collect();
        // 10 m at 2 m/s and 1 m/s^2: 2 s up, 2 s down, 6 m between.
        let secs = ArrivalTime::default().of(&points, 2.0, 1.0);
        assert!((secs - 7.0).abs() < 1e-3, "{secs}");
    }

    #[test]
    fn a_circle_is_driven_at_the_speed_of_its_lateral_acceleration() {
        let points: Vec<Point> = (0..=400)
            .map(|index| 0.0125 * f64::from(index))
            .map(|angle| [2.0 * angle.cos(), 2.0 * angle.sin()])
            .collect();
        let secs = ArrivalTime::default().of(&points, 9.0, 0.5);
        // 10 m at 1 m/s, and about a quarter turn to speed up and to brake.
        assert!((10.0..13.0).contains(&secs), "{secs}");
        assert_eq!(ArrivalTime::default().of(&[[f64::NAN; 2], [0.0; 2], [1.0; 2]], 1.0, 1.0), f64::INFINITY);
    }
}
