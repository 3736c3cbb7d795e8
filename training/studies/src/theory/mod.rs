//! Checks of density heads without a network: the scaling law of smoothness, coloured noise and square waves, beside
//! the published figures (theorem 2.2.3, table A1, figures A16 and A17).

mod dft;
mod l1_smoothness;
mod noise;
mod report;
mod scaling;
mod square_wave;
mod text;

use clap::Args;
use noise::{Noise, NoiseRow, PUBLISHED_BINS as NOISE_BINS, noise_rows};
use planwright::density::DensityError;
use planwright_training::recipe::content_sha256;
use planwright_training::study::{Bench, Cell, Request, Results, Section, Shown, Study, StudyError};
use scaling::{PowerFit, ScalingLaw, scaling_law};
use serde::{Deserialize, Serialize};
use square_wave::{PUBLISHED_BINS as WAVE_BINS, SquareWaveRow, square_waves};
use std::borrow::Cow;

/// Rates of decay at which the law is measured.
const DECAYS: [f64; 3] = [2.0, 3.0, 4.0];
/// Bins where the theorem's exponent is looked for: with many more, growth near m/2 is below double precision at t = 4.
const SCALING_BINS: usize = 256;
/// Bins for the range of few frequencies, which takes many.
const FEW_BINS: usize = 4096;
/// A fit is good within this share of its exponent.
const TOLERANCE: f64 = 0.05;

/// How much is measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TheoryCell {
    /// Samples of each colour of noise; published are 1000.
    pub trials: usize,
    /// Seed of the noise.
    pub seed: u64,
    /// Most sine waves in a square wave.
    pub waves: usize,
}

/// Which figure was fitted over which N; see `ScalingLaw`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoiseMeasure {
    /// Definition 2.2.2.
    Smoothness,
    /// Equation A.9.2, nats.
    SpectralEntropy,
}

/// One cell of table A1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TheoryResult {
    /// The command that makes it: its `--seed` is the seed of the noise.
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

impl TheoryCell {
    /// The command that makes the same figures.
    fn line(&self) -> String {
        let Self { trials, seed, waves } = self;
        format!("planwright-study run theory --trials {trials} --seed {seed} --waves {waves}")
    }

    /// Measures everything; equal settings give the same figures on any number of threads. `on_step` is called after
    /// each of the [`Cell::steps`].
    ///
    /// # Errors
    /// If there are too few trials, or no waves or too many for the bins.
    fn measure(&self, mut on_step: impl FnMut()) -> Result<TheoryResult, DensityError> {
        self.check()?;
        let waves: Vec<usize> = (1..=self.waves).collect();
        let mut laws = Vec::new();
        for decay in DECAYS {
            for bins in [SCALING_BINS, FEW_BINS] {
                laws.push(scaling_law(decay, bins)?);
                on_step();
            }
        }
        let square_waves = square_waves(WAVE_BINS, &waves)?;
        on_step();
        let noise = self.noise()?;
        on_step();
        let falls = |of: fn(&SquareWaveRow) -> f64| {
            let pairs = square_waves.iter().zip(square_waves.iter().skip(1));
            pairs.filter(|(before, after)| !(of(after) >= of(before))).map(|(_, after)| after.waves).collect()
        };
        Ok(TheoryResult {
            command: self.line(),
            fits: laws.iter().flat_map(fits).collect(),
            noise_bins: NOISE_BINS,
            trials: self.trials,
            noise,
            wave_bins: WAVE_BINS,
            falls: falls(|row| row.smoothness),
            falls_l1: falls(|row| row.smoothness_l1),
            square_waves,
            laws,
        })
    }

    fn check(&self) -> Result<(), DensityError> {
        square_wave::square_wave(WAVE_BINS, self.waves)?;
        if self.trials < 2 {
            return Err(DensityError::Count { what: "trials or more", expected: 2, got: self.trials });
        }
        Ok(())
    }

    fn noise(&self) -> Result<Vec<NoiseFigure>, DensityError> {
        let rows = noise_rows(NOISE_BINS, self.trials, self.seed)?;
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
}

impl Cell for TheoryCell {
    type Output = TheoryResult;

    fn path(&self) -> String {
        "theory".to_owned()
    }

    fn sha256(&self) -> String {
        content_sha256(self)
    }

    fn sha256_of(output: &TheoryResult) -> Cow<'_, str> {
        // The seed stands in the command alone.
        let after_flag = output.command.split("--seed ").nth(1).and_then(|rest| rest.split_whitespace().next());
        let seed = after_flag.and_then(|seed| seed.parse().ok()).unwrap_or_default();
        let made_with = Self { trials: output.trials, seed, waves: output.square_waves.len() };
        Cow::Owned(made_with.sha256())
    }

    fn run(&self, bench: &Bench<'_>) -> Result<TheoryResult, StudyError> {
        Ok(self.measure(|| bench.progress.advance(1))?)
    }

    fn steps(&self) -> u64 {
        2 * DECAYS.len() as u64 + 2
    }
}

/// What is measured.
#[derive(Args, Clone, Debug)]
pub struct TheoryOptions {
    /// Samples of each colour of noise (default: 1000)
    #[arg(long, value_name = "N")]
    trials: Option<usize>,
    /// Seed of the noise
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// Most sine waves in a square wave (default: 256)
    #[arg(long, value_name = "N")]
    waves: Option<usize>,
}

/// The study.
pub struct Theory;

impl Study for Theory {
    const NAME: &'static str = "theory";
    const ABOUT: &'static str = "Scaling law, coloured noise and square waves (theorem 2.2.3, table A1, figure A17)";
    const SIZES: &'static [&'static str] = &["table", "quick"];
    const EXAMPLES: &'static str = "Example: planwright-study run theory --size quick";
    const FOLDER: &'static str = "fourier-theory";
    type Options = TheoryOptions;
    type Cell = TheoryCell;

    fn cells(&self, request: &Request<TheoryOptions>) -> Result<Vec<TheoryCell>, StudyError> {
        let (trials, waves) = if request.size == "quick" { (3, 8) } else { (1000, 256) };
        let TheoryOptions { trials: given_trials, seed, waves: given_waves } = request.options;
        let (trials, waves) = (given_trials.unwrap_or(trials), given_waves.unwrap_or(waves));
        let cell = TheoryCell { trials, seed, waves };
        cell.check()?;
        Ok(vec![cell])
    }

    fn table(&self, _: &Request<TheoryOptions>, done: &Results<Self>) -> Result<Shown, StudyError> {
        let text = done.results.iter().map(text::text).collect::<Vec<_>>().join("\n");
        match done.results.first() {
            Some(theory) => Shown::of(theory, text),
            None => Shown::of(&(), text),
        }
    }

    fn section(&self, request: &Request<TheoryOptions>, done: &Results<Self>) -> Result<Section, StudyError> {
        let cells = self.cells(request)?;
        match done.results.iter().zip(&cells).next() {
            Some((theory, cell)) => report::section(theory, cell.line()),
            None => Err(StudyError::setting("theory", "with a result", "none")),
        }
    }
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
        let figures = TheoryCell { trials: 4, seed: 0, waves: 256 }.noise().expect("figures");
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
        let text = |trials, waves| TheoryCell { trials, seed: 0, waves }.check().expect_err("no such cell").to_string();
        assert_eq!(text(1000, 0), "expected between 1 and 65536 frequencies, got 0");
        assert!(text(1000, 600).starts_with("expected at least 2398 bins"));
        assert_eq!(text(1, 256), "expected 2 trials or more, got 1");
    }

    #[test]
    fn results_of_earlier_commands_are_read_with_their_seed() {
        let cell = TheoryCell { trials: 2, seed: 7, waves: 3 };
        let mut found = cell.measure(|| {}).expect("figures");
        found.command = "planwright-train fourier theory --trials 2 --seed 7 --waves 3".to_owned();
        assert_eq!(TheoryCell::sha256_of(&found), cell.sha256());
        found.command = found.command.replace('7', "8");
        assert_ne!(TheoryCell::sha256_of(&found), cell.sha256());
    }
}
