//! Units, quantity and world of a system's trajectories, for the manifest.

use super::SequenceDescription;
use super::data_summary::world_spec;
use crate::transform::{PairedCodes, System};
use planwright::model::{Column, Normaliser, QuantitySpec};
use planwright::quantity::Intended;

/// Bins of the intended distribution that a robot's monitor counts in.
const MONITOR_BINS: usize = 16;

impl SequenceDescription {
    /// Of a denoiser of normalised trajectories.
    pub fn of_system(system: &dyn System) -> Self {
        let limits = system.limits();
        let (quantity, unit) = system.quantity();
        let [low, high] = system.range();
        let column =
            |(name, unit): (&str, &str)| Column { name: name.to_owned(), unit: unit.to_owned(), frame: String::new() };
        Self {
            columns: system.coordinates().into_iter().map(column).collect(),
            normaliser: Normaliser { low: limits.low, high: limits.high },
            step_secs: system.step_secs(),
            quantity: Some(QuantitySpec {
                name: quantity.replace(' ', "_"),
                unit: unit.to_owned(),
                mean: 0.5 * (low + high),
                low: low + 0.05 * (high - low),
                high: high - 0.05 * (high - low),
                intended: system.layout().and_then(|_| Intended::uniform(low, high, MONITOR_BINS).ok()),
            }),
            condition: None,
            transform: None,
            world: system.layout().map(world_spec),
            recipe: serde_json::Value::Null,
        }
    }

    /// Of a denoiser of codes: they live in [-1, 1] themselves, the decoder's trajectories are in physical units.
    #[must_use]
    pub fn with_codes(self, codes: &PairedCodes) -> Self {
        let columns = self.columns.len();
        Self {
            normaliser: Normaliser { low: vec![-1.0; columns], high: vec![1.0; columns] },
            transform: Some((codes.spec.clone(), codes.tables.clone())),
            ..self
        }
    }
}
