//! What is run: heads, seeds, budgets.

use super::text::TextForm;
use planwright_training::head::HeadSettings;
use planwright_training::study::StudyError;
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

    /// Name in files and tables: `linear`, `fourier-12`, `digits`, `pairs`, `perfect`.
    pub fn name(&self) -> String {
        match self {
            Self::Linear {} => "linear".to_owned(),
            Self::Fourier { frequencies } => format!("fourier-{frequencies}"),
            Self::Text { form: TextForm::Digits } => "digits".to_owned(),
            Self::Text { form: TextForm::Pairs } => "pairs".to_owned(),
            Self::Perfect {} => "perfect".to_owned(),
        }
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
    /// Whether such a run can be made.
    ///
    /// # Errors
    /// The first setting without sense.
    pub fn check(&self) -> Result<(), StudyError> {
        let wrong = |name, expected: &str, got: String| Err(StudyError::setting(name, expected, got));
        if !(1..=1_000_000).contains(&self.epochs) {
            return wrong("epochs", "between 1 and 1000000", self.epochs.to_string());
        }
        if self.prompts == 0 || !self.prompts.is_multiple_of(BATCH) || self.prompts > 1_000_000 {
            return wrong("prompts", "as a multiple of 64 up to 1000000", self.prompts.to_string());
        }
        if !(self.rate > 0.0 && self.rate <= 1.0) {
            return wrong("rate", "above 0, at most 1", self.rate.to_string());
        }
        if !(1..=4096).contains(&self.width) {
            return wrong("width", "between 1 and 4096", self.width.to_string());
        }
        self.head.spec().map_or(Ok(()), |spec| Ok(spec.check()?))
    }
}

/// Choices whose product are the runs of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberGrid {
    /// Which heads.
    pub heads: Vec<NumberHead>,
    /// Seeds of prompts, initial values, order and draws.
    pub seeds: Vec<u64>,
    /// Passes over the prompts: one table each.
    pub epochs: Vec<usize>,
    /// Prompts to learn from.
    pub prompts: usize,
    /// Adam's first rate.
    pub rate: f64,
    /// Width of both hidden layers.
    pub width: usize,
}

impl NumberGrid {
    /// The published seeds.
    pub const SEEDS: [u64; 10] = [42, 43, 44, 45, 46, 47, 48, 49, 50, 51];
    /// Budgets.
    pub const EPOCHS: [usize; 5] = [16, 32, 64, 128, 256];
    /// The budget of the figures: on seeds 1 to 3 linear, text and Fourier heads are all at their best there.
    pub const TABLE_EPOCHS: usize = 64;

    /// Adam's first rate.
    pub const RATE: f64 = 3e-3;

    /// Everything with the published seeds.
    pub fn whole() -> Self {
        Self {
            heads: NumberHead::all(),
            seeds: Self::SEEDS.to_vec(),
            epochs: Self::EPOCHS.to_vec(),
            prompts: 256,
            rate: Self::RATE,
            width: 64,
        }
    }

    /// Seconds instead of minutes: two seeds, few passes, one or two heads of each kind.
    pub fn quick() -> Self {
        let largest = NumberHead::Fourier { frequencies: NumberHead::FREQUENCIES };
        let heads =
            [NumberHead::Perfect {}].into_iter().chain(NumberHead::BASELINES).chain([NumberHead::TABLE, largest]);
        Self { heads: heads.collect(), seeds: vec![42, 43], epochs: vec![10], ..Self::whole() }
    }

    /// All runs: budget by budget, head by head.
    ///
    /// # Errors
    /// If one cannot be made.
    pub fn runs(&self) -> Result<Vec<NumberSettings>, StudyError> {
        let (prompts, rate, width) = (self.prompts, self.rate, self.width);
        let mut runs: Vec<NumberSettings> = Vec::new();
        for epochs in &self.epochs {
            for head in &self.heads {
                let one =
                    |seed: &u64| NumberSettings { head: *head, seed: *seed, epochs: *epochs, prompts, rate, width };
                runs.extend(self.seeds.iter().map(one));
            }
        }
        runs.iter().try_for_each(NumberSettings::check)?;
        Ok(runs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_study_has_all_heads_and_the_quick_one_a_few() {
        let count = |grid: NumberGrid| grid.runs().map(|runs| runs.len()).ok();
        assert_eq!(count(NumberGrid::whole()), Some(16 * 10 * NumberGrid::EPOCHS.len()));
        assert_eq!(count(NumberGrid::quick()), Some(6 * 2));
        let names: Vec<String> = NumberHead::all().iter().map(NumberHead::name).collect();
        assert_eq!(
            (names[..5].join(" "), names[15].as_str()),
            ("perfect linear digits pairs fourier-1".to_owned(), "fourier-12")
        );
    }

    #[test]
    fn runs_that_make_no_sense_are_refused() {
        let text = |grid: NumberGrid| grid.runs().expect_err("no such runs").to_string();
        let grid = NumberGrid::quick;
        assert_eq!(text(NumberGrid { epochs: vec![0], ..grid() }), "expected epochs between 1 and 1000000, got 0");
        let odd = text(NumberGrid { prompts: 100, ..grid() });
        assert_eq!(odd, "expected prompts as a multiple of 64 up to 1000000, got 100");
        assert_eq!(text(NumberGrid { rate: f64::NAN, ..grid() }), "expected rate above 0, at most 1, got NaN");
        assert_eq!(text(NumberGrid { width: 0, ..grid() }), "expected width between 1 and 4096, got 0");
        let heads = |frequencies| vec![NumberHead::Fourier { frequencies }];
        assert!(text(NumberGrid { heads: heads(0), ..grid() }).starts_with("expected frequencies between 1"));
        assert!(text(NumberGrid { heads: heads(101), ..grid() }).starts_with("expected at most 100 frequencies"));
    }
}
