//! What a policy's head says about one action coordinate, as a value.

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
    /// Room for what a head of this kind says.
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

    /// Takes what the network says, and gives a value in the action's unit: the mode at temperature 0, else a draw.
    /// A draw from a Fourier density is continuous; one from bins is even within its bin.
    pub(super) fn value(&mut self, said: &[f32], temperature: f64, rng: &mut ChaCha8Rng) -> Result<f64, PlanError> {
        let place = match &mut self.density {
            Density::Fourier { density, cells } => {
                density.set(said)?;
                density.with_temperature(temperature, cells)?.sample(rng)
            }
            Density::Categorical(density) => {
                density.set(said)?;
                if temperature == 0.0 { density.mode() } else { density.sample(temperature, rng)? }
            }
        };
        Ok(self.action.bins.from_unit(place)?)
    }

    /// Probabilities of the bins.
    pub(super) fn pmf(&mut self, said: &[f32], pmf: &mut [f64]) -> Result<(), PlanError> {
        match &mut self.density {
            Density::Fourier { density, .. } => {
                density.set(said)?;
                density.pmf_into(pmf)?;
            }
            Density::Categorical(density) => {
                density.set(said)?;
                for (mass, known) in pmf.iter_mut().zip(density.pmf()) {
                    *mass = *known;
                }
            }
        }
        Ok(())
    }
}
