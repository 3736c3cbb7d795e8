//! Which head a network ends in: how features become a distribution over bins or over [-1, 1].

use crate::network::{Init, ParameterSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The last layer of a network, with its sizes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum HeadSettings {
    /// One free logit per bin.
    Linear {
        /// Bins on [-1, 1].
        bins: usize,
    },
    /// A density of few frequencies, read at the bins' centres.
    Fourier {
        /// Bins on [-1, 1].
        bins: usize,
        /// Highest frequency, at most half the bins.
        frequencies: usize,
        /// Gamma of the smoothness penalty; 0 leaves it out.
        #[serde(default)]
        regularisation: f64,
        /// What PyTorch's initial weights are divided by: large makes the first density nearly even in its input.
        #[serde(default = "hundred")]
        weight_divisor: f64,
        /// What PyTorch's initial biases are divided by.
        #[serde(default = "hundred")]
        bias_divisor: f64,
        /// Added to each bin's mass before the logarithm, so that an empty bin has a finite logit.
        #[serde(default = "small")]
        floor: f64,
    },
    /// Equally weighted Gaussians whose means depend on the input and whose deviations do not.
    Mixture {
        /// Bins on [-1, 1].
        bins: usize,
        /// Gaussians per dimension.
        components: usize,
    },
}

fn hundred() -> f64 {
    100.0
}

fn small() -> f64 {
    1e-5
}

/// What a head is fitted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    /// Cross-entropy of the bin that was hit.
    Classification,
    /// Likelihood of the value itself.
    Likelihood,
}

/// Why there is no such head.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum HeadError {
    /// A size without sense.
    #[error("expected {name} between {low} and {high}, got {got}")]
    Size {
        /// Which one.
        name: &'static str,
        /// Smallest.
        low: usize,
        /// Largest.
        high: usize,
        /// The given one.
        got: usize,
    },
    /// More frequencies than the bins can tell apart.
    #[error("expected at most {half} frequencies for {bins} bins, got {got}\nhint: bins resolve half as many waves")]
    Frequencies {
        /// The most.
        half: usize,
        /// Bins.
        bins: usize,
        /// The given number.
        got: usize,
    },
    /// A constant out of its range.
    #[error("expected {name} {expected}, got {got}")]
    Constant {
        /// Which one.
        name: &'static str,
        /// Its range in words.
        expected: &'static str,
        /// The given one.
        got: f64,
    },
    /// A density of a head that only has bins.
    #[error("expected a Fourier or a mixture head for a density, got a linear one\nhint: a linear head has bins only")]
    NoDensity,
}

/// Most bins, frequencies, components or dimensions of a head.
const LARGEST: usize = 1 << 16;

fn size(name: &'static str, got: usize, low: usize) -> Result<(), HeadError> {
    if (low..=LARGEST).contains(&got) { Ok(()) } else { Err(HeadError::Size { name, low, high: LARGEST, got }) }
}

fn constant(name: &'static str, expected: &'static str, fits: bool, got: f64) -> Result<(), HeadError> {
    if fits && got.is_finite() { Ok(()) } else { Err(HeadError::Constant { name, expected, got }) }
}

impl HeadSettings {
    /// A Fourier head with the published constants and no penalty.
    pub fn fourier(bins: usize, frequencies: usize) -> Self {
        Self::Fourier {
            bins,
            frequencies,
            regularisation: 0.0,
            weight_divisor: hundred(),
            bias_divisor: hundred(),
            floor: small(),
        }
    }

    /// Bins on [-1, 1].
    pub fn bins(&self) -> usize {
        match self {
            Self::Linear { bins } | Self::Fourier { bins, .. } | Self::Mixture { bins, .. } => *bins,
        }
    }

    /// Whether such a head can be made.
    ///
    /// # Errors
    /// The first size or constant without sense.
    pub fn check(&self) -> Result<(), HeadError> {
        size("bins", self.bins(), 2)?;
        match *self {
            Self::Linear { .. } => Ok(()),
            Self::Mixture { components, .. } => size("components", components, 1),
            Self::Fourier { bins, frequencies, regularisation, weight_divisor, bias_divisor, floor } => {
                size("frequencies", frequencies, 1)?;
                if frequencies > bins / 2 {
                    return Err(HeadError::Frequencies { half: bins / 2, bins, got: frequencies });
                }
                constant("regularisation", "of at least 0", regularisation >= 0.0, regularisation)?;
                constant("weight_divisor", "above 0", weight_divisor > 0.0, weight_divisor)?;
                constant("bias_divisor", "above 0", bias_divisor > 0.0, bias_divisor)?;
                constant("floor", "above 0 and below 1", floor > 0.0 && floor < 1.0, floor)
            }
        }
    }

    /// Outputs of the affine map for one dimension.
    pub fn outputs_per_dimension(&self) -> usize {
        match *self {
            Self::Linear { bins } => bins,
            // Real parts 0..=N, then imaginary parts 0..=N.
            Self::Fourier { frequencies, .. } => 2 * (frequencies + 1),
            Self::Mixture { components, .. } => components,
        }
    }

    /// Parameters: `weight`, `bias`, and for a mixture `scale`, in this order, named after `name`. All dimensions come
    /// from one affine map, dimension by dimension.
    ///
    /// # Errors
    /// If there is no such head.
    pub fn parameters(
        &self,
        name: &str,
        features: usize,
        dimensions: usize,
        objective: Objective,
    ) -> Result<Vec<ParameterSpec>, HeadError> {
        self.check()?;
        size("features", features, 1)?;
        size("dimensions", dimensions, 1)?;
        let bound = 1.0 / (features as f64).sqrt();
        let (weight, bias) = match *self {
            Self::Fourier { weight_divisor, bias_divisor, .. } => (bound / weight_divisor, bound / bias_divisor),
            Self::Linear { .. } | Self::Mixture { .. } => (bound, bound),
        };
        let outputs = (dimensions * self.outputs_per_dimension()) as i64;
        let spec = |part: &str, shape, init| ParameterSpec { name: format!("{name}.{part}"), shape, init };
        let mut specs = vec![
            spec("weight", vec![outputs, features as i64], Init::Uniform(weight)),
            spec("bias", vec![outputs], Init::Uniform(bias)),
        ];
        if let Self::Mixture { bins, components } = *self {
            // Before the softplus: a deviation of one bin, or for values the published initial value, softplus(ln 2) = ln 3.
            let init = match objective {
                Objective::Classification => (2.0 / bins as f64).exp_m1().ln(),
                Objective::Likelihood => std::f64::consts::LN_2,
            };
            specs.push(spec("scale", vec![dimensions as i64, components as i64], Init::Constant(init)));
        }
        Ok(specs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_heads_give_one_clear_line() {
        let text = |spec: HeadSettings| spec.check().expect_err("no such head").to_string();
        assert_eq!(text(HeadSettings::fourier(50, 0)), "expected frequencies between 1 and 65536, got 0");
        let many = text(HeadSettings::fourier(50, 26));
        assert!(many.starts_with("expected at most 25 frequencies for 50 bins, got 26"), "{many}");
        assert_eq!(text(HeadSettings::Linear { bins: 1 }), "expected bins between 2 and 65536, got 1");
        let none = HeadSettings::Mixture { bins: 50, components: 0 };
        assert_eq!(text(none), "expected components between 1 and 65536, got 0");
        let with = |change: fn(&mut f64, &mut f64, &mut f64)| {
            let mut spec = HeadSettings::fourier(50, 12);
            if let HeadSettings::Fourier { regularisation, weight_divisor, floor, .. } = &mut spec {
                change(regularisation, weight_divisor, floor);
            }
            text(spec)
        };
        assert_eq!(with(|gamma, _, _| *gamma = -1.0), "expected regularisation of at least 0, got -1");
        assert_eq!(with(|_, divisor, _| *divisor = f64::NAN), "expected weight_divisor above 0, got NaN");
        assert_eq!(with(|_, _, floor| *floor = 0.0), "expected floor above 0 and below 1, got 0");
        assert_eq!(HeadSettings::fourier(50, 25).check(), Ok(()));
    }

    #[test]
    fn parameters_have_the_published_sizes_and_starts() {
        let specs = HeadSettings::fourier(50, 12).parameters("head", 32, 3, Objective::Classification).expect("a head");
        assert_eq!(specs[0].shape, [3 * 26, 32]);
        assert_eq!((specs[1].name.as_str(), specs.len()), ("head.bias", 2));
        let Init::Uniform(bound) = specs[0].init else { panic!("{specs:?}") };
        assert!((bound - 0.01 / 32.0_f64.sqrt()).abs() < 1e-15);
        let mixture = HeadSettings::Mixture { bins: 50, components: 2 };
        let init = |objective| match mixture.parameters("head", 32, 1, objective).expect("a head")[2].init {
            Init::Constant(init) => init.exp().ln_1p(),
            Init::Uniform(_) => panic!("expected a constant"),
        };
        assert!((init(Objective::Classification) - 0.04).abs() < 1e-12);
        assert!((init(Objective::Likelihood) - 3.0_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn specs_are_read_with_the_published_constants_and_typing_errors_are_refused() {
        let read = |text: &str| serde_json::from_str::<HeadSettings>(text);
        let spec = read(r#"{"kind": "fourier", "bins": 50, "frequencies": 12}"#).expect("a spec");
        assert_eq!(spec, HeadSettings::fourier(50, 12));
        for (wrong, named) in [
            (r#"{"kind": "fourier", "bins": 50, "frequencies": 12, "flor": 1e-7}"#, "unknown field `flor`"),
            (r#"{"kind": "spline", "bins": 50}"#, "unknown variant `spline`"),
        ] {
            let error = read(wrong).expect_err(named).to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
