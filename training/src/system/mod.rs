//! Systems whose physical quantity a generator should keep: how their trajectories are made, measured and kept
//! admissible. Everything else (kernel, fits, mitigations, reports) knows a system only through [`System`].

mod error;
mod family;
mod free_space;
pub mod lyapunov;
mod maps;
mod maze2d;
mod pendulum;
mod quotas;
mod settings;
mod sinusoid;
mod strata;
mod trajectories;
pub mod validity;

pub use error::SystemError;
pub use settings::{Draw, RecoverySettings, Summary, SystemName, SystemSettings};
pub use trajectories::{Recovered, Trajectories};

use strata::stratified;

use crate::dataset::Limits;
use planwright::quantity::QuantityGrid;

/// A family of trajectories with one physical quantity.
pub trait System: Send + Sync {
    /// `sinusoid`, `tent`, `logistic`, `pendulum` or `maze2d`.
    fn name(&self) -> &'static str;

    /// The quantity and its unit (`1` for a plain number).
    fn quantity(&self) -> (&'static str, &'static str);

    /// Time steps of a trajectory, H.
    fn horizon(&self) -> usize;

    /// Coordinates per time step, C.
    fn columns(&self) -> usize;

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
