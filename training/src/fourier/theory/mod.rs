//! What can be checked without a network: the scaling law, coloured noise and square waves, beside what is published.

mod files;
mod report;
mod text;

pub use files::{read, write};
pub use report::section;
pub use text::text;

use super::noise::{Noise, NoiseRow, PUBLISHED_BINS as NOISE_BINS, noise_rows};
use super::scaling::{PowerFit, ScalingLaw, scaling_law};
use super::square_wave::{PUBLISHED_BINS as WAVE_BINS, SquareWaveRow, square_waves};
use planwright::density::DensityError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Rates of decay at which the law is measured.
const DECAYS: [f64; 3] = [2.0, 3.0, 4.0];
/// Bins where the theorem's exponent is looked for: with many more, growth near m/2 is below double precision at t = 4.
const SCALING_BINS: usize = 256;
/// Bins for the range of few frequencies, which takes many.
const FEW_BINS: usize = 4096;
/// A fit is good within this share of its exponent.
const TOLERANCE: f64 = 0.05;

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TheoryOptions {
    /// Samples of each colour of noise; published are 1000.
    pub trials: usize,
    /// Seed of the noise.
    pub seed: u64,
    /// Most sine waves in a square wave.
    pub waves: usize,
}

impl Default for TheoryOptions {
    fn default() -> Self {
        Self { trials: 1000, seed: 0, waves: 256 }
    }
}

/// Which figure was fitted over which N; see [`ScalingLaw`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FitRange {
    /// Smoothness, N just below half the bins.
    NearHalf,
    /// The widest Gaussian's term, N from sixteen times where it cuts.
    Widest,
    /// Smoothness, few frequencies for many bins: not the theorem's exponent.
    Few,
}

/// One fitted exponent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScalingFit {
    /// The coefficients fall as 1/k^decay.
    pub decay: f64,
    /// Number of bins, m.
    pub bins: usize,
    /// What was fitted.
    pub range: FitRange,
    /// The exponent of theorem 2.2.3, 2 t - 1.
    pub theorem: f64,
    /// The fit, with the exponent that is expected in this range.
    pub fit: PowerFit,
    /// Exponent over the expected one, less one.
    pub relative_error: f64,
    /// Whether that is within 5%.
    pub within_5_percent: bool,
    /// Exponent over the theorem's, less one.
    pub theorem_error: f64,
}

/// What is measured of noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoiseMeasure {
    /// Definition 2.2.2.
    Smoothness,
    /// Equation A.9.2, nats.
    SpectralEntropy,
}

/// One cell of table A1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoiseFigure {
    /// What is measured.
    pub measure: NoiseMeasure,
    /// The colour.
    pub noise: Noise,
    /// Mean over the trials.
    pub mean: f64,
    /// Standard deviation over the trials.
    pub sd: f64,
    /// The published mean.
    pub published: f64,
    /// The published deviation.
    pub published_sd: f64,
    /// Whether the mean is within one published deviation of the published mean.
    pub within_one_sd: bool,
}

/// All that was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Theory {
    /// The command that makes it.
    pub command: String,
    /// Fitted exponents: decay by decay, range by range.
    pub fits: Vec<ScalingFit>,
    /// What they were fitted to.
    pub laws: Vec<ScalingLaw>,
    /// Bins of the noise.
    pub noise_bins: usize,
    /// Samples of each colour.
    pub trials: usize,
    /// Table A1.
    pub noise: Vec<NoiseFigure>,
    /// Bins of the square waves.
    pub wave_bins: usize,
    /// Figure A17, by rising number of sine waves.
    pub square_waves: Vec<SquareWaveRow>,
    /// Numbers of sine waves at which smoothness is below that of one wave less.
    pub falls: Vec<usize>,
    /// The same for smoothness with absolute differences.
    pub falls_l1: Vec<usize>,
}

/// Mean and deviation of table A1, from smooth to sharp.
const PUBLISHED: [(NoiseMeasure, [(f64, f64); 4]); 2] = [
    (NoiseMeasure::Smoothness, [(0.0003, 0.0001), (0.0017, 0.0002), (0.0034, 0.0003), (0.0038, 0.0003)]),
    (NoiseMeasure::SpectralEntropy, [(0.4516, 0.0894), (0.3878, 0.0603), (0.4266, 0.0614), (0.4191, 0.0583)]),
];

impl Theory {
    /// Steps after each of which [`measure`] calls back.
    pub const STEPS: usize = 2 * DECAYS.len() + 2;
}

/// Measures everything; the same options give the same figures on any number of threads. `on_step` is called with
/// what was done.
///
/// # Errors
/// If there are too few trials, or no waves or too many for the bins.
pub fn measure(
    options: &TheoryOptions,
    command: &str,
    mut on_step: impl FnMut(&'static str),
) -> Result<Theory, DensityError> {
    let waves: Vec<usize> = (1..=options.waves).collect();
    if waves.is_empty() {
        return Err(DensityError::Frequencies { got: 0 });
    }
    // Whatever is too much is said before the work is done.
    super::square_wave::square_wave(WAVE_BINS, options.waves)?;
    if options.trials < 2 {
        return Err(DensityError::Count { what: "trials or more", expected: 2, got: options.trials });
    }
    let mut laws = Vec::new();
    for decay in DECAYS {
        for bins in [SCALING_BINS, FEW_BINS] {
            laws.push(scaling_law(decay, bins)?);
            on_step("scaling law");
        }
    }
    let square_waves = square_waves(WAVE_BINS, &waves)?;
    on_step("square waves");
    let noise = noise(options)?;
    on_step("noise");
    let falls = |of: fn(&SquareWaveRow) -> f64| {
        let pairs = square_waves.iter().zip(square_waves.iter().skip(1));
        pairs.filter(|(before, after)| !(of(after) >= of(before))).map(|(_, after)| after.waves).collect()
    };
    Ok(Theory {
        command: command.to_owned(),
        fits: laws.iter().flat_map(fits).collect(),
        noise_bins: NOISE_BINS,
        trials: options.trials,
        noise,
        wave_bins: WAVE_BINS,
        falls: falls(|row| row.smoothness),
        falls_l1: falls(|row| row.smoothness_l1),
        square_waves,
        laws,
    })
}

/// The theorem's ranges from few bins, the other one from many.
fn fits(law: &ScalingLaw) -> Vec<ScalingFit> {
    let theorem = 2.0 * law.decay - 1.0;
    let found = match law.bins {
        FEW_BINS => vec![(FitRange::Few, law.few)],
        _ => vec![(FitRange::NearHalf, law.near_half), (FitRange::Widest, law.widest)],
    };
    let one = |(range, fit): (FitRange, Option<PowerFit>)| {
        let fit = fit?;
        let relative_error = fit.exponent / fit.expected - 1.0;
        Some(ScalingFit {
            decay: law.decay,
            bins: law.bins,
            range,
            theorem,
            fit,
            relative_error,
            within_5_percent: relative_error.abs() <= TOLERANCE,
            theorem_error: fit.exponent / theorem - 1.0,
        })
    };
    found.into_iter().filter_map(one).collect()
}

fn noise(options: &TheoryOptions) -> Result<Vec<NoiseFigure>, DensityError> {
    let rows = noise_rows(NOISE_BINS, options.trials, options.seed)?;
    let figure = |measure, row: &NoiseRow, (published, published_sd): (f64, f64)| {
        let (mean, sd) = match measure {
            NoiseMeasure::Smoothness => (row.smoothness, row.smoothness_std),
            NoiseMeasure::SpectralEntropy => (row.spectral_entropy, row.spectral_entropy_std),
        };
        let within_one_sd = (mean - published).abs() <= published_sd;
        NoiseFigure { measure, noise: row.noise, mean, sd, published, published_sd, within_one_sd }
    };
    let figures = |(measure, cells): (NoiseMeasure, [(f64, f64); 4])| {
        rows.iter().zip(cells).map(move |(row, cell)| figure(measure, row, cell)).collect::<Vec<_>>()
    };
    Ok(PUBLISHED.into_iter().flat_map(figures).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_theorem_is_met_where_its_proof_holds_and_not_elsewhere() {
        let law = scaling_law(3.0, SCALING_BINS).expect("a law");
        let found = fits(&law);
        assert_eq!(found.len(), 2);
        for fit in &found {
            assert!(fit.within_5_percent, "{fit:?}");
            assert_eq!((fit.theorem, fit.relative_error), (5.0, fit.theorem_error));
        }
        let few = &fits(&scaling_law(3.0, FEW_BINS).expect("a law"))[0];
        assert_eq!(few.range, FitRange::Few);
        assert!(few.relative_error.abs() < 0.2 && few.theorem_error < -0.5, "{few:?}");
    }

    #[test]
    fn colours_have_their_published_cells() {
        let figures = noise(&TheoryOptions { trials: 4, ..TheoryOptions::default() }).expect("figures");
        assert_eq!(figures.len(), 8);
        let pink = &figures[5];
        assert_eq!((pink.measure, pink.noise, pink.published), (NoiseMeasure::SpectralEntropy, Noise::Pink, 0.3878));
        // Four samples are enough for smoothness, whose spread is small.
        let white = &figures[2];
        assert!((white.mean - 0.0034).abs() < 0.0005, "{white:?}");
        assert_eq!(white.within_one_sd, (white.mean - white.published).abs() <= white.published_sd);
    }

    #[test]
    fn what_makes_no_sense_is_refused_at_once() {
        let text = |options: TheoryOptions| measure(&options, "", |_| {}).expect_err("no such options").to_string();
        let whole = TheoryOptions::default();
        assert_eq!(text(TheoryOptions { waves: 0, ..whole }), "expected between 1 and 65536 frequencies, got 0");
        assert!(text(TheoryOptions { waves: 600, ..whole }).starts_with("expected at least 2398 bins"));
        assert_eq!(text(TheoryOptions { trials: 1, ..whole }), "expected 2 trials or more, got 1");
    }
}
