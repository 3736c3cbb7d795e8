//! Sampling of one action coordinate from the output of a policy's head.

use super::{PlanError, PlannerError};
use crate::density::{Categorical, DensityError, FourierDensity};
use crate::model::{ActionSpec, HeadSpec};
use rand_chacha::ChaCha8Rng;

/// Cells in which a Fourier density is raised to a power, per coefficient.
const CELLS_PER_COEFFICIENT: usize = 16;

/// One coordinate's density with its bins. Nothing is allocated after construction.
pub(super) struct ActionHead {
    density: Density,
    action: ActionSpec,
}

enum Density {
    Fourier { density: FourierDensity, cells: Vec<f64> },
    Categorical(Categorical),
}

impl ActionHead {
    /// Room for the output of a head of this kind.
    pub(super) fn new(head: HeadSpec, action: &ActionSpec) -> Result<Self, PlannerError> {
        let wrong = |error: DensityError| PlannerError::Setting(format!("{}: {error}", action.name));
        let density = match head {
            HeadSpec::Fourier { frequencies } => Density::Fourier {
                density: FourierDensity::new(frequencies).map_err(wrong)?,
                cells: vec![0.0; CELLS_PER_COEFFICIENT * (frequencies + 1)],
            },
            HeadSpec::Categorical {} => Density::Categorical(Categorical::new(action.bins.bins()).map_err(wrong)?),
        };
        Ok(Self { density, action: action.clone() })
    }

    /// A value in the action's unit from the network's output: the mode at temperature 0, else a sample. A sample of a
    /// Fourier density is continuous; one of a categorical density is uniform within its bin.
    pub(super) fn value(&mut self, output: &[f32], temperature: f64, rng: &mut ChaCha8Rng) -> Result<f64, PlanError> {
        let position = match &mut self.density {
            Density::Fourier { density, cells } => {
                density.set(output)?;
                density.with_temperature(temperature, cells)?.sample(rng)
            }
            Density::Categorical(density) => {
                density.set(output)?;
                if temperature == 0.0 { density.mode() } else { density.sample(temperature, rng)? }
            }
        };
        Ok(self.action.bins.from_unit(position)?)
    }

    /// Probabilities of the bins.
    pub(super) fn pmf(&mut self, output: &[f32], pmf: &mut [f64]) -> Result<(), PlanError> {
        match &mut self.density {
            Density::Fourier { density, .. } => {
                density.set(output)?;
                density.pmf_into(pmf)?;
            }
            Density::Categorical(density) => {
                density.set(output)?;
                for (mass, known) in pmf.iter_mut().zip(density.pmf()) {
                    *mass = *known;
                }
            }
        }
        Ok(())
    }
}
