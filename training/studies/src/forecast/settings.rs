//! What is run: heads, binnings, seeds, and the sizes that all of them share.

use planwright_training::head::HeadSettings;
use planwright_training::recipe::content_sha256;
use planwright_training::study::StudyError;
use planwright_training::study::settings::{axis, require, within};
use serde::{Deserialize, Serialize};

/// How scaled values become bins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BinningKind {
    /// Narrow bins from -1 to 10, wide ones to -15 and 15.
    Mixed,
    /// Even bins from -15 to 15.
    Uniform,
}

/// What ends the network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ForecastHead {
    /// Free logits.
    Linear {},
    /// The Fourier head.
    Fourier {
        /// Highest frequency.
        frequencies: usize,
        /// Gamma of the smoothness penalty, which is part of the loss here; the released trainer leaves it out.
        regularisation: f64,
    },
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Which head.
    pub head: ForecastHead,
    /// Which bins.
    pub binning: BinningKind,
}

/// The published penalty.
const REGULARISATION: f64 = 1e-6;

impl Variant {
    /// Free logits over mixed-precision bins.
    pub const LINEAR: Self = Self { head: ForecastHead::Linear {}, binning: BinningKind::Mixed };

    /// The published Fourier head over mixed-precision bins.
    pub const fn fourier(frequencies: usize) -> Self {
        let head = ForecastHead::Fourier { frequencies, regularisation: REGULARISATION };
        Self { head, binning: BinningKind::Mixed }
    }

    /// The rows of table A5 with these frequencies: the last of them also without penalty, and over even bins.
    pub fn rows(frequencies: &[usize]) -> Vec<Self> {
        let fourier = frequencies.iter().map(|frequencies| Self::fourier(*frequencies));
        let ablations = frequencies.last().map(|frequencies| {
            let free = ForecastHead::Fourier { frequencies: *frequencies, regularisation: 0.0 };
            let uniform = Self { binning: BinningKind::Uniform, ..Self::fourier(*frequencies) };
            [Self { head: free, binning: BinningKind::Mixed }, uniform]
        });
        [Self::LINEAR].into_iter().chain(fourier).chain(ablations.into_iter().flatten()).collect()
    }

    /// Frequencies; `None` for a linear head.
    pub fn frequencies(&self) -> Option<usize> {
        match self.head {
            ForecastHead::Linear {} => None,
            ForecastHead::Fourier { frequencies, .. } => Some(frequencies),
        }
    }

    /// Name in files and tables: `linear`, `fourier-64`, `fourier-550-free`, `fourier-550-uniform`.
    pub fn name(&self) -> String {
        let head = match self.head {
            ForecastHead::Linear {} => "linear".to_owned(),
            ForecastHead::Fourier { frequencies, regularisation } if regularisation > 0.0 => {
                format!("fourier-{frequencies}")
            }
            ForecastHead::Fourier { frequencies, .. } => format!("fourier-{frequencies}-free"),
        };
        match self.binning {
            BinningKind::Mixed => head,
            BinningKind::Uniform => format!("{head}-uniform"),
        }
    }

    /// The head over so many tokens, with the constants that were published for forecasting.
    pub(super) fn spec(&self, tokens: usize) -> HeadSettings {
        match self.head {
            ForecastHead::Linear {} => HeadSettings::Linear { bins: tokens },
            ForecastHead::Fourier { frequencies, regularisation } => HeadSettings::Fourier {
                bins: tokens,
                frequencies,
                regularisation,
                weight_divisor: 1000.0,
                bias_divisor: 10.0,
                floor: 1.3e-5,
            },
        }
    }
}

/// Steps of series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lengths {
    /// Most that is known.
    pub context: usize,
    /// Least that is known in training.
    pub shortest_context: usize,
    /// What follows, in training; series that are measured have their own horizon up to this.
    pub horizon: usize,
}

/// The synthetic series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolSettings {
    /// Random compositions of kernels.
    pub compositions: usize,
    /// Series from each.
    pub draws: usize,
    /// Steps of a series.
    pub length: usize,
    /// Seed.
    pub seed: u64,
}

/// Sizes of the encoder and the decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sizes {
    /// Features.
    pub width: usize,
    /// Attention heads.
    pub heads: usize,
    /// Features between the two maps of a feed-forward layer.
    pub feed_forward: usize,
    /// Layers of the encoder, and of the decoder.
    pub layers: usize,
}

/// Everything that determines a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForecastSettings {
    /// Head and bins.
    pub variant: Variant,
    /// Seed of initial values, windows and samples.
    pub seed: u64,
    /// What all runs of a study share.
    pub shared: Shared,
}

/// What all runs of a study share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shared {
    /// Tokens in all, the two that are no values included.
    pub tokens: usize,
    /// Steps of series.
    pub lengths: Lengths,
    /// The synthetic series.
    pub pool: PoolSettings,
    /// Share of windows that are mixtures.
    pub mixture_share: f64,
    /// The network.
    pub network: Sizes,
    /// Optimiser steps.
    pub steps: usize,
    /// Windows of an optimiser step.
    pub batch: usize,
    /// At the first step; falls to 0 along a line.
    pub learning_rate: f64,
    /// Paths that are sampled per window.
    pub samples: usize,
    /// Likeliest tokens that are sampled from, as in the published decoder.
    pub top: usize,
    /// Windows of a measured series, each a horizon before the next, the last at its end.
    pub windows: usize,
    /// Series that are measured, from the first on.
    pub series: usize,
}

impl Shared {
    /// The sizes of the table: a run takes some minutes on one core.
    pub fn table() -> Self {
        Self {
            tokens: 4096,
            lengths: Lengths { context: 128, shortest_context: 24, horizon: 24 },
            pool: PoolSettings { compositions: 2048, draws: 2, length: 256, seed: 0 },
            mixture_share: 0.9,
            network: Sizes { width: 64, heads: 4, feed_forward: 256, layers: 2 },
            steps: 2000,
            batch: 32,
            learning_rate: 1e-3,
            samples: 20,
            top: 50,
            windows: 3,
            series: 26,
        }
    }

    /// Sizes that run in seconds, to see that all parts work; their numbers say nothing.
    pub fn quick() -> Self {
        Self {
            tokens: 256,
            lengths: Lengths { context: 32, shortest_context: 16, horizon: 24 },
            pool: PoolSettings { compositions: 24, draws: 2, length: 64, seed: 0 },
            network: Sizes { width: 16, heads: 2, feed_forward: 32, layers: 1 },
            steps: 40,
            batch: 16,
            learning_rate: 3e-3,
            samples: 5,
            top: 20,
            windows: 1,
            series: 4,
            ..Self::table()
        }
    }

    /// Frequencies of the table's Fourier heads that these tokens can bear.
    pub fn frequencies(&self) -> Vec<usize> {
        let published = [64, 128, 256, 550];
        let fitting: Vec<usize> = published.into_iter().filter(|frequencies| 2 * frequencies < self.tokens).collect();
        if fitting.len() == published.len() { fitting } else { vec![8, 16, 32, 64] }
    }
}

impl ForecastSettings {
    /// Path of the result in a run folder, without its ending.
    pub(super) fn path(&self) -> String {
        format!("{}/seed-{}", self.variant.name(), self.seed)
    }

    /// SHA-256 of the settings, hex.
    pub(super) fn sha256(&self) -> String {
        content_sha256(self)
    }

    /// Whether such a run can be made.
    ///
    /// # Errors
    /// The first setting without sense.
    pub fn check(&self) -> Result<(), StudyError> {
        let Shared { tokens, lengths, pool, network, mixture_share, learning_rate, .. } = &self.shared;
        let window = lengths.context + lengths.horizon;
        for (name, got) in [
            ("steps", self.shared.steps),
            ("batch", self.shared.batch),
            ("samples", self.shared.samples),
            ("top", self.shared.top),
            ("windows", self.shared.windows),
            ("series", self.shared.series),
            ("horizon", lengths.horizon),
            ("shortest_context", lengths.shortest_context),
            ("compositions", pool.compositions),
            ("draws", pool.draws),
            ("heads", network.heads),
            ("layers", network.layers),
            ("feed_forward", network.feed_forward),
        ] {
            require(got > 0, name, "above 0", got)?;
        }
        within("tokens", 8..=65_536, *tokens)?;
        let (shortest, context) = (lengths.shortest_context, lengths.context);
        require(shortest <= context, "shortest_context", format!("of at most the context of {context}"), shortest)?;
        let expected = format!("of at least the {window} steps of a window");
        require(pool.length >= window, "pool length", expected, pool.length)?;
        // Pairs of sines and cosines in every head.
        let (width, pairs) = (network.width, 2 * network.heads);
        require(width > 0 && width.is_multiple_of(pairs), "width", format!("as a multiple of {pairs}"), width)?;
        within("mixture_share", 0.0..=1.0, *mixture_share)?;
        require(*learning_rate > 0.0 && learning_rate.is_finite(), "learning_rate", "above 0", learning_rate)?;
        Ok(self.variant.spec(*tokens).check()?)
    }

    /// The table's seeds.
    pub const SEEDS: [u64; 2] = [1, 2];

    /// All runs, seed by seed: a table of whole rows is there as early as can be.
    ///
    /// # Errors
    /// If one cannot be made.
    pub fn all(shared: &Shared, variants: &[Variant], seeds: &[u64]) -> Result<Vec<Self>, StudyError> {
        let run = Self { variant: Variant::LINEAR, seed: 0, shared: shared.clone() };
        let runs =
            axis(&axis(&[run], seeds, |run, seed| run.seed = seed), variants, |run, variant| run.variant = variant);
        runs.iter().try_for_each(Self::check)?;
        Ok(runs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(shared: &Shared) -> Result<Vec<ForecastSettings>, StudyError> {
        ForecastSettings::all(shared, &Variant::rows(&Shared::table().frequencies()), &[1, 2])
    }

    #[test]
    fn the_rows_are_those_of_the_published_table() {
        let names: Vec<String> = Variant::rows(&Shared::table().frequencies()).iter().map(Variant::name).collect();
        let published = ["linear", "fourier-64", "fourier-128", "fourier-256", "fourier-550", "fourier-550-free"];
        assert_eq!((&names[..6], names[6].as_str()), (&published.map(str::to_owned)[..], "fourier-550-uniform"));
        let runs = runs(&Shared::table()).expect("runs");
        assert_eq!((runs.len(), runs[7].path().as_str()), (14, "linear/seed-2"));
        assert_eq!(Shared::quick().frequencies(), [8, 16, 32, 64]);
    }

    #[test]
    fn runs_that_make_no_sense_are_refused() {
        let text = |change: fn(&mut Shared)| {
            let mut shared = Shared::table();
            change(&mut shared);
            runs(&shared).expect_err("no such runs").to_string()
        };
        assert_eq!(text(|shared| shared.steps = 0), "expected steps above 0, got 0");
        assert_eq!(text(|shared| shared.tokens = 2), "expected tokens between 8 and 65536, got 2");
        assert_eq!(text(|shared| shared.network.width = 12), "expected width as a multiple of 8, got 12");
        let short = text(|shared| shared.pool.length = 100);
        assert_eq!(short, "expected pool length of at least the 152 steps of a window, got 100");
        let none = text(|shared| shared.mixture_share = f64::NAN);
        assert_eq!(none, "expected mixture_share between 0 and 1, got NaN");
        assert!(text(|shared| shared.tokens = 1024).starts_with("expected at most 512 frequencies for 1024 bins"));
    }
}
