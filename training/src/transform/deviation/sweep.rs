//! The scale sweep (appendix C.2): the prediction over a range of scales.

use super::error::DeviationError;
use super::kernel::DeviationKernel;
use super::transport::QuantityTransport;
use crate::dataset::Trajectories;
use crate::transform::{Recovered, System};
use planwright::quantity::Marginal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The published scales: .0005 k^2 for k = 0 to 10.
pub fn published_scales() -> [f64; 11] {
    std::array::from_fn(|k| 0.0005 * (k * k) as f64)
}

/// A prediction at one scale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScaleRow {
    /// Standard deviation per coordinate in [-1, 1] coordinates.
    pub scale: f64,
    /// Total variation between prediction and data.
    pub tv_prediction_data: f64,
    /// Total variation between prediction and the model's samples, if there is a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tv_prediction_model: Option<f64>,
    /// The prediction's mass in each fifth of the intended range.
    pub mass_by_fifth: Vec<f64>,
    /// Root of the mean squared deviation per value, in [-1, 1] coordinates.
    pub deviation_rms: f64,
    /// Share of the deviated trajectories that count.
    pub admissible: f64,
}

/// The sweep over all scales.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScaleSweep {
    /// Name of the system.
    pub system: String,
    /// Trajectories of the data.
    pub trajectories: usize,
    /// Deviations of each.
    pub draws: u32,
    /// Seed of the kernel.
    pub seed: u64,
    /// Total variation between data and model, if there is a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tv_data_model: Option<f64>,
    /// The data's mass in each fifth of the intended range.
    pub data_mass_by_fifth: Vec<f64>,
    /// One row per scale.
    pub scales: Vec<ScaleRow>,
}

/// A prediction at one scale, with its curve.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// Where the mass of every cell goes.
    pub transport: QuantityTransport,
    /// What the data's own distribution becomes, seen through the figure's Gaussian.
    pub marginal: Marginal,
    /// Root of the mean squared deviation per value, in [-1, 1] coordinates.
    pub deviation_rms: f64,
    /// Share of the deviated trajectories that count.
    pub admissible: f64,
}

/// Data with what was measured on them: measured once, used at every scale.
pub struct Predictor<'a> {
    system: &'a dyn System,
    recovered: Recovered,
    marginal: Marginal,
}

impl<'a> Predictor<'a> {
    /// Measures the data.
    ///
    /// # Errors
    /// If they cannot be measured.
    pub fn new(system: &'a dyn System, data: &Trajectories) -> Result<Self, DeviationError> {
        let recovered = system.recover(data)?;
        let marginal = recovered.marginal(system.grid(), system.bandwidth())?;
        Ok(Self { system, recovered, marginal })
    }

    /// The data's distribution, seen through the figure's Gaussian.
    pub fn data_marginal(&self) -> &Marginal {
        &self.marginal
    }

    /// Predicts by `draws` deviations of every trajectory. The data's own masses are pushed, which are the intended
    /// ones but for sampling: so sampling does not show as drift, and scale zero gives the data's distribution.
    ///
    /// # Errors
    /// If no deviation counts, or there is no draw.
    pub fn predict(&self, kernel: &DeviationKernel<'_>, draws: u32) -> Result<Prediction, DeviationError> {
        let deviated = kernel.deviate_all(draws)?;
        let kept: Vec<usize> =
            (0..deviated.len()).filter(|place| self.system.is_admissible(deviated.get(*place))).collect();
        let source_of: Vec<usize> = kept.iter().map(|place| place / draws as usize).collect();
        let admissible = kept.len() as f64 / deviated.len().max(1) as f64;
        let squares = deviated.iter().enumerate();
        let sum: f64 = squares.map(|(place, row)| kernel.squared_deviation(place / draws as usize, row)).sum();
        let deviation_rms = (sum / deviated.len().max(1) as f64).sqrt();
        let recovered = if kept.len() == deviated.len() {
            self.system.recover(&deviated)?
        } else {
            self.system.recover(&deviated.chosen(&kept))?
        };
        let grid = self.system.grid();
        let marginal = recovered.marginal(grid, self.system.bandwidth())?;
        let transport = QuantityTransport::kept(grid, &self.recovered, &recovered, &source_of)?;
        Ok(Prediction { transport, marginal, deviation_rms, admissible })
    }

    /// Predicts at every scale.
    ///
    /// # Errors
    /// If a scale is none, or a prediction fails.
    pub fn sweep(
        &self,
        kernel: &DeviationKernel<'_>,
        scales: &[f64],
        draws: u32,
        model: Option<&Marginal>,
    ) -> Result<ScaleSweep, DeviationError> {
        let [low, high] = self.system.range();
        let row = |scale: &f64| {
            let prediction = self.predict(&kernel.at_scale(*scale)?, draws)?;
            let to_model = model.map(|model| prediction.marginal.total_variation(model)).transpose()?;
            Ok(ScaleRow {
                scale: *scale,
                tv_prediction_data: prediction.marginal.total_variation(&self.marginal)?,
                tv_prediction_model: to_model,
                mass_by_fifth: prediction.marginal.mass_by_part(low, high, 5),
                deviation_rms: prediction.deviation_rms,
                admissible: prediction.admissible,
            })
        };
        Ok(ScaleSweep {
            system: self.system.name().to_owned(),
            trajectories: kernel.data().len(),
            draws,
            seed: kernel.settings().seed,
            tv_data_model: model.map(|model| self.marginal.total_variation(model)).transpose()?,
            data_mass_by_fifth: self.marginal.mass_by_part(low, high, 5),
            scales: scales.iter().map(row).collect::<Result<_, DeviationError>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Tent, Walk};
    use super::super::{DeviationKernel, KernelSettings};
    use super::*;

    fn sweep_of(system: &dyn System, count: usize, scales: &[f64], model: bool) -> ScaleSweep {
        let data = system.generate(count, 1).expect("data");
        let kernel = DeviationKernel::new(system, &data, KernelSettings::default()).expect("a kernel");
        let predictor = Predictor::new(system, &data).expect("measured");
        let model = model.then(|| predictor.data_marginal().clone());
        predictor.sweep(&kernel, scales, 1, model.as_ref()).expect("predictions")
    }

    #[test]
    fn the_scales_are_the_published_ones() {
        let scales = published_scales();
        assert_eq!((scales[0], scales[10]), (0.0, 0.05));
        assert!((scales[9] - 0.0405).abs() < 1e-12);
    }

    #[test]
    fn the_tent_row_has_the_published_shape() {
        let sweep = sweep_of(&Tent, 2048, &[0.0, 0.0045, 0.008, 0.0125, 0.032], true);
        let tv: Vec<f64> = sweep.scales.iter().map(|row| row.tv_prediction_data).collect();
        assert!(tv[0] == 0.0 && tv[1] == 0.0, "{tv:?}");
        assert!(tv[2] > 0.005 && tv[2] <= 0.04, "{tv:?}");
        assert!((0.10..=0.20).contains(&tv[3]), "{tv:?}");
        assert!((0.14..=0.185).contains(&tv[4]), "{tv:?}");
        let depleted = sweep.data_mass_by_fifth[4] - sweep.scales[4].mass_by_fifth[4];
        assert!((0.08..=0.13).contains(&depleted), "{depleted}");
        for row in &sweep.scales {
            assert_eq!((row.tv_prediction_model, row.admissible), (Some(row.tv_prediction_data), 1.0));
        }
    }

    #[test]
    fn longer_paths_are_predicted_where_noise_roughens_them() {
        let sweep = sweep_of(&Walk { columns: 2 }, 512, &[0.0, 0.02], false);
        assert_eq!((sweep.scales[0].tv_prediction_data, sweep.scales[0].tv_prediction_model), (0.0, None));
        assert!(sweep.scales[1].tv_prediction_data > 0.05, "{sweep:?}");
        assert!((0.002..0.02).contains(&sweep.scales[1].deviation_rms), "{sweep:?}");
    }
}
