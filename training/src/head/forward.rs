//! A head at work in libtorch: logits, densities, coefficients and the smoothness penalty.
//!
//! With the affine map's outputs a_0..a_N (complex) and A(z) = sum_l a_l exp(i l pi z), the density on [-1, 1] is
//! |A(z)|^2 / (2 c_0), which is the published 1/2 + Re sum_k (c_k / c_0) exp(i k pi z) with the autocorrelation
//! c_k = sum_l a_(l+k) conj(a_l), and is not negative even after rounding.

use super::settings::{HeadError, HeadSettings, Objective};
use crate::network::ParameterSpec;
use planwright::density::bin_centre;
use std::f64::consts::PI;
use tch::{Kind, Tensor};

/// Added to a Gaussian mixture's density before the logarithm.
const MIXTURE_FLOOR: f64 = 1e-5;
/// Added to a density before the logarithm of a likelihood.
const LIKELIHOOD_FLOOR: f64 = 1e-10;

/// Parameters of a head, in the shapes of [`HeadSettings::parameters`].
#[derive(Debug)]
pub struct HeadWeights {
    /// Of the affine map: outputs x features.
    pub weight: Tensor,
    /// Of the affine map: outputs.
    pub bias: Tensor,
    /// Of a mixture: dimensions x components, before the softplus.
    pub scale: Option<Tensor>,
}

/// Output of a head for a batch.
#[derive(Debug)]
pub struct HeadOutput {
    /// batch x dimensions x bins, for a softmax.
    pub logits: Tensor,
    /// Outputs of the affine map: batch x (dimensions times outputs per dimension).
    pub raw: Tensor,
}

/// A head whose tables are built once.
#[derive(Debug)]
pub struct Head {
    spec: HeadSettings,
    dimensions: i64,
    tables: Tables,
}

#[derive(Debug)]
enum Tables {
    Linear,
    Fourier {
        /// a to real and imaginary parts of A at the bins' centres: 2(N+1) x 2 bins.
        at_bins: Tensor,
        /// a to real and imaginary parts of A at 2N+2 even points: as many as determine c.
        at_points: Tensor,
        /// |A|^2 at those points to c_0..c_N, real parts first.
        to_coefficients: Tensor,
        /// 0, pi, .., N pi.
        angular: Tensor,
        /// k^2 for real, then for imaginary parts.
        squares: Tensor,
    },
    Mixture {
        centres: Tensor,
    },
}

/// cos and sin of l pi z as the map from (Re a, Im a) to (Re A(z), Im A(z)) at the points.
fn synthesis(frequencies: usize, points: &[f64]) -> Tensor {
    let (rows, columns) = (frequencies + 1, points.len());
    let mut values = vec![0.0_f32; 4 * rows * columns];
    let places = values.chunks_exact_mut(2 * columns).enumerate();
    for (row, line) in places {
        let (imaginary, frequency) = (row >= rows, row % rows);
        let (real_part, imaginary_part) = line.split_at_mut(columns);
        for ((real, imag), z) in real_part.iter_mut().zip(imaginary_part).zip(points) {
            let (sin, cos) = (frequency as f64 * PI * z).sin_cos();
            (*real, *imag) = if imaginary { (-sin as f32, cos as f32) } else { (cos as f32, sin as f32) };
        }
    }
    Tensor::from_slice(&values).view([2 * rows as i64, 2 * columns as i64])
}

/// Mean of |A|^2 exp(-i k pi z) over the points: c_k, if there are more than 2N of them.
fn analysis(frequencies: usize, points: &[f64]) -> Tensor {
    let scale = 1.0 / points.len() as f64;
    let parts = |z: f64| {
        let angle = move |k: usize| (k as f64 * PI * z).sin_cos();
        let real = (0..=frequencies).map(move |k| (scale * angle(k).1) as f32);
        real.chain((0..=frequencies).map(move |k| (-scale * angle(k).0) as f32))
    };
    let values: Vec<f32> = points.iter().flat_map(|z| parts(*z)).collect();
    Tensor::from_slice(&values).view([points.len() as i64, 2 * (frequencies as i64 + 1)])
}

/// Centres of equal bins on [-1, 1].
fn bin_centres(bins: usize) -> Vec<f64> {
    (0..bins).map(|bin| bin_centre(bin, bins)).collect()
}

fn floats(values: &[f64]) -> Tensor {
    Tensor::from_slice(values).to_kind(Kind::Float)
}

/// |A|^2 from (Re A, Im A), each `points` long, in the last axis.
fn power(raw: &Tensor, table: &Tensor, points: i64) -> Tensor {
    let parts = raw.matmul(table).square();
    parts.narrow(-1, 0, points) + parts.narrow(-1, points, points)
}

impl Head {
    /// For `dimensions` values, each with its own outputs of one affine map.
    ///
    /// # Errors
    /// If there is no such head.
    pub fn new(spec: HeadSettings, dimensions: usize) -> Result<Self, HeadError> {
        // One feature stands for any number: only the head itself is in question.
        spec.parameters("head", 1, dimensions, Objective::Classification)?;
        let tables = match spec {
            HeadSettings::Linear { .. } => Tables::Linear,
            HeadSettings::Mixture { bins, .. } => Tables::Mixture { centres: floats(&bin_centres(bins)) },
            HeadSettings::Fourier { bins, frequencies, .. } => {
                let count = 2 * frequencies + 2;
                let points: Vec<f64> = (0..count).map(|point| -1.0 + 2.0 * point as f64 / count as f64).collect();
                let squares: Vec<f64> = (0..=frequencies).map(|k| (k * k) as f64).collect();
                let angular: Vec<f64> = (0..=frequencies).map(|k| k as f64 * PI).collect();
                Tables::Fourier {
                    at_bins: synthesis(frequencies, &bin_centres(bins)),
                    at_points: synthesis(frequencies, &points),
                    to_coefficients: analysis(frequencies, &points),
                    angular: floats(&angular),
                    squares: floats(&squares.repeat(2)),
                }
            }
        };
        Ok(Self { spec, dimensions: dimensions as i64, tables })
    }

    /// Which head it is.
    pub fn spec(&self) -> &HeadSettings {
        &self.spec
    }

    /// Its parameters; see [`HeadSettings::parameters`].
    ///
    /// # Errors
    /// If there are no features.
    pub fn parameters(
        &self,
        name: &str,
        features: usize,
        objective: Objective,
    ) -> Result<Vec<ParameterSpec>, HeadError> {
        self.spec.parameters(name, features, self.dimensions as usize, objective)
    }

    /// Weights from views in the order of [`HeadSettings::parameters`]; `None` if their number is another.
    pub fn weights(&self, views: &[Tensor]) -> Option<HeadWeights> {
        let (weight, bias, scale) = match (&self.tables, views) {
            (Tables::Mixture { .. }, [weight, bias, scale]) => (weight, bias, Some(scale.shallow_clone())),
            (Tables::Linear | Tables::Fourier { .. }, [weight, bias]) => (weight, bias, None),
            _ => return None,
        };
        Some(HeadWeights { weight: weight.shallow_clone(), bias: bias.shallow_clone(), scale })
    }

    /// From features (batch x features, or with more axes before).
    pub fn forward(&self, features: &Tensor, weights: &HeadWeights) -> HeadOutput {
        let raw = features.linear(&weights.weight, Some(&weights.bias));
        HeadOutput { logits: self.logits(&raw, weights.scale.as_ref()), raw }
    }

    /// One axis per dimension: .. x dimensions x outputs.
    fn split(&self, raw: &Tensor) -> Tensor {
        raw.unflatten(-1, [self.dimensions, self.spec.outputs_per_dimension() as i64])
    }

    /// Logits, .. x dimensions x bins, from the affine map's outputs. A mixture's `scale` may have more axes in front,
    /// if they match those of the outputs.
    pub fn logits(&self, raw: &Tensor, scale: Option<&Tensor>) -> Tensor {
        let raw = self.split(raw);
        match (&self.tables, &self.spec) {
            (Tables::Fourier { at_bins, .. }, HeadSettings::Fourier { bins, floor, .. }) => {
                let power = power(&raw, at_bins, *bins as i64);
                // The sum is bins times c_0, save at half as many frequencies as bins.
                let sum = power.sum_dim_intlist(-1, true, None::<Kind>);
                ((power / sum).g_add_scalar(*floor)).log()
            }
            (Tables::Mixture { centres }, _) => (mixture(&raw, scale, centres).g_add_scalar(MIXTURE_FLOOR)).log(),
            _ => raw,
        }
    }

    /// Density, batch x dimensions, at values of the same shape. A Fourier density has period 2, so that it also has
    /// one for a value outside [-1, 1]; a mixture is not cut there.
    ///
    /// # Errors
    /// For a linear head.
    pub fn density(&self, raw: &Tensor, scale: Option<&Tensor>, values: &Tensor) -> Result<Tensor, HeadError> {
        let raw = self.split(raw);
        match &self.tables {
            Tables::Linear => Err(HeadError::NoDensity),
            Tables::Mixture { .. } => Ok(mixture(&raw, scale, &values.unsqueeze(-1)).squeeze_dim(-1)),
            Tables::Fourier { angular, .. } => {
                let angles = values.unsqueeze(-1) * angular;
                let (cos, sin) = (angles.cos(), angles.sin());
                let parts = raw.chunk(2, -1);
                let [real, imaginary] = parts.as_slice() else { return Err(HeadError::NoDensity) };
                let sum = |tensor: &Tensor| tensor.sum_dim_intlist(-1, false, None::<Kind>);
                let real_part = sum(&(real * &cos - imaginary * &sin));
                let imaginary_part = sum(&(real * &sin + imaginary * &cos));
                let first = sum(&raw.square());
                Ok((real_part.square() + imaginary_part.square()) / (first * 2.0))
            }
        }
    }

    /// Mean of -ln(p + 1e-10) at the values.
    ///
    /// # Errors
    /// For a linear head.
    pub fn negative_log_likelihood(
        &self,
        raw: &Tensor,
        scale: Option<&Tensor>,
        values: &Tensor,
    ) -> Result<Tensor, HeadError> {
        Ok(-(self.density(raw, scale, values)?.g_add_scalar(LIKELIHOOD_FLOOR)).log().mean(None::<Kind>))
    }

    /// Coefficients c_0..c_N, not divided by c_0: .. x dimensions x 2(N+1), real parts first. `None` for other heads.
    pub fn coefficients(&self, raw: &Tensor) -> Option<Tensor> {
        match &self.tables {
            Tables::Fourier { at_points, to_coefficients, .. } => {
                let points = to_coefficients.size().first().copied()?;
                Some(power(&self.split(raw), at_points, points).matmul(to_coefficients))
            }
            _ => None,
        }
    }

    /// The smoothness penalty 4 pi^2 gamma sum_k k^2 |c_k|^2, averaged over batch and dimensions. `None` if there is
    /// none: then a loss has nothing to add.
    pub fn regulariser(&self, raw: &Tensor) -> Option<Tensor> {
        match (&self.tables, &self.spec) {
            (Tables::Fourier { squares, .. }, HeadSettings::Fourier { regularisation, .. })
                if *regularisation > 0.0 =>
            {
                let sum = (self.coefficients(raw)?.square() * squares).sum_dim_intlist(-1, false, None::<Kind>);
                Some(sum.mean(None::<Kind>) * (4.0 * PI * PI * regularisation))
            }
            _ => None,
        }
    }
}

/// Mean of the Gaussians' densities at `points` (last axis), from means before tanh: .. x components.
fn mixture(raw: &Tensor, scale: Option<&Tensor>, points: &Tensor) -> Tensor {
    // Without its deviations a mixture has no probabilities: NaN, which no loss passes with.
    let Some(scale) = scale else { return raw.unsqueeze(-1) * f64::NAN };
    let deviation = scale.softplus().unsqueeze(-1);
    let points = if points.dim() > 1 { points.unsqueeze(-2) } else { points.shallow_clone() };
    let away = (points - raw.tanh().unsqueeze(-1)) / &deviation;
    let densities = (away.square() * -0.5).exp() / (deviation * (2.0 * PI).sqrt());
    densities.mean_dim(-2, false, None::<Kind>)
}
