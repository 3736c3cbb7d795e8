//! Physical quantities of a trajectory, measured the same way for training, evaluation and robot, and their
//! distributions over many trajectories.

mod drift;
mod energy;
mod grid;
mod intended;
mod marginal;
mod monitor;
mod recovery;
mod sampling;

pub use drift::{DriftError, DriftFigures, DriftSettings, DriftState, DriftStatus};
pub use energy::{angular_rates_radps, median, median_energy_j, wrapped_rad};
pub use grid::{QuantityError, QuantityGrid};
pub use intended::{Intended, IntendedChoice, IntendedError};
pub use marginal::Marginal;
pub use monitor::DriftMonitor;
pub use recovery::{Discrepancy, PosteriorRule, RecoveryError, posterior_means, posterior_modes};
pub use sampling::{Sampling, SamplingInterval};

use crate::geometry::{Point, distance};

/// Length of a polyline, metres: the sum of its steps.
pub fn path_length_m(points: impl IntoIterator<Item = Point>) -> f64 {
    let mut previous: Option<Point> = None;
    points.into_iter().fold(0.0, |total, point| {
        let step = previous.map_or(0.0, |from| distance(point, from));
        previous = Some(point);
        total + step
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_walk_has_the_length_of_its_sides() {
        let square = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]];
        assert_eq!(path_length_m(square), 4.0);
        assert_eq!(path_length_m([]), 0.0);
        assert!(path_length_m([[0.0, 0.0], [f64::NAN, 0.0]]).is_nan());
    }
}
