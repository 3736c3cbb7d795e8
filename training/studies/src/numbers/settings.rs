//! What is run: heads, seeds, budgets.

use super::text::TextForm;
use planwright_training::head::HeadSettings;
use planwright_training::study::StudyError;
use planwright_training::study::settings::{axis, require, within};
use serde::{Deserialize, Serialize};

/// Numbers with two decimals in [-1, 1).
pub(super) const BINS: usize = 200;
/// Bins of the distance to the truth.
pub(super) const COARSE_BINS: usize = 20;
/// Rows of an optimiser step, as published.
pub(super) const BATCH: usize = 64;
/// Draws per prompt, as published.
pub(super) const DRAWS: usize = 128;
/// Share of the tokens that text is written with, as published for the models that write text.
pub(super) const TEXT_TOP_P: f64 = 0.95;

/// What ends the network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum NumberHead {
    /// One free logit per number.
    Linear {},
    /// A density of few frequencies over the numbers.
    Fourier {
        /// Highest frequency.
        frequencies: usize,
    },
    /// Text, token by token.
    Text {
        /// How the decimals are cut into tokens.
        form: TextForm,
    },
    /// No network: the true distribution, for what a perfect model would measure.
    Perfect {},
}

impl NumberHead {
    /// The Fourier head that stands for all in the comparisons. Its frequencies were chosen on seeds 1 to 3, which the
    /// study does not use; what it is compared against has nothing to choose but its passes.
    pub const TABLE: Self = Self::Fourier { frequencies: 8 };
    /// Frequencies of the published sweep are 1 to this.
    pub const FREQUENCIES: usize = 12;

    /// All of the study: the reference, what is compared against, Fourier heads of 1 to 12 frequencies.
    pub fn all() -> Vec<Self> {
        let mut heads = vec![Self::Perfect {}];
        heads.extend(Self::BASELINES);
        heads.extend((1..=Self::FREQUENCIES).map(|frequencies| Self::Fourier { frequencies }));
        heads
    }

    /// What Fourier heads are compared against.
    pub const BASELINES: [Self; 3] =
        [Self::Linear {}, Self::Text { form: TextForm::Digits }, Self::Text { form: TextForm::Pairs }];

    /// Kinds of heads, as the command line has them.
    pub const KINDS: [&'static str; 5] = ["perfect", "linear", "digits", "pairs", "fourier"];

    /// One of [`Self::KINDS`].
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Linear {} => "linear",
            Self::Fourier { .. } => "fourier",
            Self::Text { form: TextForm::Digits } => "digits",
            Self::Text { form: TextForm::Pairs } => "pairs",
            Self::Perfect {} => "perfect",
        }
    }

    /// Name in files and tables: `linear`, `fourier-12`, `digits`, `pairs`, `perfect`.
    pub fn name(&self) -> String {
        self.frequencies().map_or(self.kind().to_owned(), |frequencies| format!("fourier-{frequencies}"))
    }

    /// Frequencies of a Fourier head.
    pub fn frequencies(&self) -> Option<usize> {
        if let Self::Fourier { frequencies } = self { Some(*frequencies) } else { None }
    }

    /// The head over the numbers' bins, if it is one.
    pub(super) fn spec(&self) -> Option<HeadSettings> {
        match self {
            Self::Linear {} => Some(HeadSettings::Linear { bins: BINS }),
            Self::Fourier { frequencies } => Some(HeadSettings::fourier(BINS, *frequencies)),
            Self::Text { .. } | Self::Perfect {} => None,
        }
    }

    /// Share of the likeliest answers that is drawn from: all of them unless it is text.
    pub fn top_p(&self) -> f64 {
        if matches!(self, Self::Text { .. }) { TEXT_TOP_P } else { 1.0 }
    }
}

/// Everything that determines a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberSettings {
    /// Which head.
    pub head: NumberHead,
    /// Seed of prompts, initial values, order and draws.
    pub seed: u64,
    /// Passes over the prompts. The published 16 are of a model that could count before.
    pub epochs: usize,
    /// Prompts to learn from; published are 256.
    pub prompts: usize,
    /// Adam's first rate; it falls to a tenth in even steps, one per epoch, as published.
    pub rate: f64,
    /// Width of both hidden layers.
    pub width: usize,
}

impl NumberSettings {
    /// The published seeds.
    pub const SEEDS: [u64; 10] = [42, 43, 44, 45, 46, 47, 48, 49, 50, 51];
    /// Budgets.
    pub const EPOCHS: [usize; 5] = [16, 32, 64, 128, 256];
    /// The budget of the figures: on seeds 1 to 3 linear, text and Fourier heads are all at their best there.
    pub const TABLE_EPOCHS: usize = 64;
    /// Adam's first rate.
    pub const RATE: f64 = 3e-3;
    /// A run of the study's sizes.
    pub const TABLE: Self = Self {
        head: NumberHead::TABLE,
        seed: Self::SEEDS[0],
        epochs: Self::TABLE_EPOCHS,
        prompts: 256,
        rate: Self::RATE,
        width: 64,
    };

    /// Whether such a run can be made.
    ///
    /// # Errors
    /// The first setting without sense.
    pub fn check(&self) -> Result<(), StudyError> {
        within("epochs", 1..=1_000_000, self.epochs)?;
        let is_whole = self.prompts.is_multiple_of(BATCH) && (1..=1_000_000).contains(&self.prompts);
        require(is_whole, "prompts", "as a multiple of 64 up to 1000000", self.prompts)?;
        require(self.rate > 0.0 && self.rate <= 1.0, "rate", "above 0, at most 1", self.rate)?;
        within("width", 1..=4096, self.width)?;
        self.head.spec().map_or(Ok(()), |spec| Ok(spec.check()?))
    }

    /// The same with all of these: budget by budget, head by head.
    ///
    /// # Errors
    /// If one cannot be made.
    pub fn over(&self, epochs: &[usize], heads: &[NumberHead], seeds: &[u64]) -> Result<Vec<Self>, StudyError> {
        let runs = axis(std::slice::from_ref(self), epochs, |run, epochs| run.epochs = epochs);
        let runs = axis(&runs, heads, |run, head| run.head = head);
        let runs = axis(&runs, seeds, |run, seed| run.seed = seed);
        runs.iter().try_for_each(Self::check)?;
        Ok(runs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_study_has_all_heads() {
        let names: Vec<String> = NumberHead::all().iter().map(NumberHead::name).collect();
        assert_eq!(
            (names[..5].join(" "), names[15].as_str()),
            ("perfect linear digits pairs fourier-1".to_owned(), "fourier-12")
        );
    }

    #[test]
    fn runs_that_make_no_sense_are_refused() {
        let text = |change: fn(&mut NumberSettings)| {
            let mut run = NumberSettings::TABLE;
            change(&mut run);
            run.over(&[run.epochs], &[run.head], &[1]).expect_err("no such runs").to_string()
        };
        assert_eq!(text(|run| run.epochs = 0), "expected epochs between 1 and 1000000, got 0");
        assert_eq!(text(|run| run.prompts = 100), "expected prompts as a multiple of 64 up to 1000000, got 100");
        assert_eq!(text(|run| run.rate = f64::NAN), "expected rate above 0, at most 1, got NaN");
        assert_eq!(text(|run| run.width = 0), "expected width between 1 and 4096, got 0");
        let none = text(|run| run.head = NumberHead::Fourier { frequencies: 0 });
        assert!(none.starts_with("expected frequencies between 1"), "{none}");
        let many = text(|run| run.head = NumberHead::Fourier { frequencies: 101 });
        assert!(many.starts_with("expected at most 100 frequencies"), "{many}");
    }
}
