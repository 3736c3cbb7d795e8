//! Dynamical systems with a physical quantity per trajectory: generation, recovery of the quantity, admissibility.
//! Kernels, fits and reports know a system only through [`System`]; [`MazeSegments`] is the one that robots plan with.

mod error;
mod free_space;
mod maze_segments;
mod quotas;
mod recovered;

pub use error::SystemError;
pub use maze_segments::{MazeSegments, SegmentSettings};
pub use quotas::Quotas;
pub use recovered::Recovered;

use crate::dataset::{Limits, Trajectories};
use planwright::quantity::QuantityGrid;
use planwright::world::Layout;

/// A family of trajectories with one physical quantity.
pub trait System: Send + Sync {
    /// Name in tables and files, such as `maze2d`.
    fn name(&self) -> &'static str;

    /// The quantity and its unit (`1` for a plain number).
    fn quantity(&self) -> (&'static str, &'static str);

    /// Time steps of a trajectory, H.
    fn horizon(&self) -> usize;

    /// Coordinates per time step, C.
    fn columns(&self) -> usize;

    /// Name and unit of each coordinate.
    fn coordinates(&self) -> Vec<(&'static str, &'static str)> {
        vec![("state", "1"); self.columns()]
    }

    /// The maze through which the trajectories are paths, if they are.
    fn layout(&self) -> Option<&Layout> {
        None
    }

    /// Seconds between time steps (1 for maps).
    fn step_secs(&self) -> f64;

    /// The range over which the quantity is meant to be uniform.
    fn range(&self) -> [f64; 2];

    /// The cells on which distributions are compared; they reach beyond the range where measured values can.
    fn grid(&self) -> QuantityGrid;

    /// Standard deviation of the Gaussian of all density curves, in the quantity's unit.
    fn bandwidth(&self) -> f64;

    /// What maps to -1 and 1 per coordinate: the valid range of the coordinates.
    fn limits(&self) -> Limits;

    /// `count` trajectories with the intended distribution of the quantity; the same seed gives the same.
    ///
    /// # Errors
    /// If the system cannot make so many.
    fn generate(&self, count: usize, seed: u64) -> Result<Trajectories, SystemError>;

    /// One trajectory per given value of the quantity, where a value determines its trajectory.
    ///
    /// # Errors
    /// If a value has no trajectory, or the system has many for each.
    fn trajectories_at(&self, values: &[f64]) -> Result<Trajectories, SystemError> {
        let _ = values;
        let expected = "a system with one trajectory per value".to_owned();
        let got = "one whose data are simulated and then chosen by what is measured on them".to_owned();
        Err(SystemError::Setting { system: self.name(), expected, got })
    }

    /// Measures every trajectory.
    ///
    /// # Errors
    /// If a trajectory is not finite or of another shape.
    fn recover(&self, trajectories: &Trajectories) -> Result<Recovered, SystemError>;

    /// Width of the state bins in normalised [-1, 1] coordinates, if states are quantised.
    fn state_bin(&self) -> Option<f32> {
        None
    }

    /// Whether first and last step of a trajectory are given to the generator (inpainted).
    fn endpoints_fixed(&self) -> bool {
        false
    }

    /// The admissibility map of a deviated trajectory, in place, physical units, H x C (appendix C.1). `original` is
    /// the trajectory it deviates from. Without more, coordinates are clipped to the limits.
    fn admit(&self, original: &[f32], deviated: &mut [f32]) {
        let _ = original;
        let limits = self.limits();
        for step in deviated.chunks_mut(self.columns()) {
            for (column, value) in step.iter_mut().enumerate() {
                *value = value.clamp(limits.low[column], limits.high[column]);
            }
        }
    }

    /// Whether a replacement for time step `step` (normalised coordinates) may follow `before` on the way that
    /// leads to `after`, the neighbours in the trajectory it replaces. Used by the kernel to restrict its draws.
    fn continues(&self, before: &[f32], piece: &[f32]) -> bool {
        let _ = (before, piece);
        true
    }

    /// Whether a generated trajectory (physical units, H x C) counts at all; the maze drops those through walls.
    fn is_admissible(&self, trajectory: &[f32]) -> bool {
        let _ = trajectory;
        true
    }
}
