//! What is run: data sets, heads, seeds.

use clap::ValueEnum;
use planwright_training::head::{HeadError, HeadSettings};
use planwright_training::study::StudyError;
use planwright_training::study::settings::{axis, require};
use serde::{Deserialize, Serialize};

/// Bins that values are quantised to.
pub(super) const BINS: usize = 50;
/// Rows of an optimiser step.
pub(super) const BATCH: usize = 32;
/// Share of the rows that is learnt from, as a fraction.
const TRAIN_SHARE: (usize, usize) = (4, 5);

/// A distribution of z given x and y.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Dataset {
    /// A Gaussian around y.
    Gaussian,
    /// Two equal Gaussians, around x and around y.
    Gmm2,
    /// A beta distribution of |x| and |y|, mirrored with a fair sign.
    Beta,
}

impl Dataset {
    /// All, in the order of the tables.
    pub const ALL: [Self; 3] = [Self::Gaussian, Self::Gmm2, Self::Beta];

    /// Name in files and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gaussian => "gaussian",
            Self::Gmm2 => "gmm2",
            Self::Beta => "beta",
        }
    }

    /// The floor that the published results of this data set were made with: read off their smallest masses.
    fn floor(self) -> f64 {
        match self {
            Self::Gaussian | Self::Gmm2 => 1e-7,
            Self::Beta => 1e-5,
        }
    }
}

/// What ends the network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum DensityHead {
    /// Free logits.
    Linear {},
    /// A Gaussian mixture: one component for [`Dataset::Gaussian`], else two.
    Mixture {},
    /// The Fourier head.
    Fourier {
        /// Highest frequency.
        frequencies: usize,
        /// Gamma of the smoothness penalty.
        regularisation: f64,
    },
    /// One number, fitted to the bin's centre by squared error.
    Regression {},
}

impl DensityHead {
    /// The Fourier head of the tables: twelve frequencies, no penalty.
    pub const TABLE: Self = Self::Fourier { frequencies: 12, regularisation: 0.0 };
    /// The sweep's penalties.
    pub const REGULARISATIONS: [f64; 2] = [0.0, 1e-6];

    /// The sweep over frequencies and penalties (figures A19 and A20).
    pub fn sweep() -> Vec<Self> {
        let one = |frequencies| {
            Self::REGULARISATIONS.map(move |regularisation| Self::Fourier { frequencies, regularisation })
        };
        (2..=20).step_by(2).flat_map(one).collect()
    }

    /// All that a report of a task has places for: its tables' and its sweep's.
    pub fn of_task(task: Task) -> Vec<Self> {
        let mut heads = match task {
            Task::Bins => vec![Self::Linear {}, Self::Mixture {}, Self::Regression {}],
            Task::Values => vec![Self::Mixture {}],
        };
        heads.extend(Self::sweep());
        heads
    }

    /// Kinds of heads, as the command line has them.
    pub const KINDS: [&'static str; 4] = ["linear", "mixture", "fourier", "regression"];

    /// One of [`Self::KINDS`].
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Linear {} => "linear",
            Self::Mixture {} => "mixture",
            Self::Regression {} => "regression",
            Self::Fourier { .. } => "fourier",
        }
    }

    /// Name in files and tables: `linear`, `mixture`, `regression`, `fourier-12`, `fourier-12-g1e-6`.
    pub fn name(&self) -> String {
        match self {
            Self::Fourier { frequencies, regularisation } if *regularisation > 0.0 => {
                format!("fourier-{frequencies}-g{regularisation:e}")
            }
            Self::Fourier { frequencies, .. } => format!("fourier-{frequencies}"),
            other => other.kind().to_owned(),
        }
    }
}

/// What is learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Bins from bins (tables 2.1, A2 and A3).
    Bins,
    /// Values from values, by maximum likelihood (table A4).
    Values,
}

impl Task {
    /// Name in files and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bins => "bins",
            Self::Values => "values",
        }
    }
}

/// Everything that determines a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DensitySettings {
    /// Which distribution.
    pub dataset: Dataset,
    /// Which head.
    pub head: DensityHead,
    /// Bins or values.
    pub task: Task,
    /// Seed of data, initial values and order.
    pub seed: u64,
    /// Passes over the training rows; published are 500.
    pub epochs: usize,
    /// Rows in all, of which four fifths are learnt from; published are 5000.
    pub samples: usize,
}

impl DensitySettings {
    /// The head of the network; `None` for the regression.
    pub(super) fn spec(&self) -> Option<HeadSettings> {
        let components = if self.dataset == Dataset::Gaussian { 1 } else { 2 };
        match self.head {
            DensityHead::Linear {} => Some(HeadSettings::Linear { bins: BINS }),
            DensityHead::Mixture {} => Some(HeadSettings::Mixture { bins: BINS, components }),
            DensityHead::Regression {} => None,
            DensityHead::Fourier { frequencies, regularisation } => Some(HeadSettings::Fourier {
                bins: BINS,
                frequencies,
                regularisation,
                weight_divisor: 100.0,
                bias_divisor: 100.0,
                floor: self.dataset.floor(),
            }),
        }
    }

    /// Rows that are learnt from.
    pub(super) fn train_rows(&self) -> usize {
        self.samples / TRAIN_SHARE.1 * TRAIN_SHARE.0
    }

    /// Whether such a run can be made.
    ///
    /// # Errors
    /// The first setting without sense.
    pub fn check(&self) -> Result<(), StudyError> {
        require(self.epochs > 0, "epochs", "above 0", self.epochs)?;
        // Whole batches from whole fifths.
        let unit = BATCH * TRAIN_SHARE.1 / TRAIN_SHARE.0;
        let is_whole = self.samples.is_multiple_of(unit) && (1..=10_000_000).contains(&self.samples);
        require(is_whole, "samples", format!("as a multiple of {unit} up to 10000000"), self.samples)?;
        match self.spec() {
            Some(spec) => spec.check()?,
            None => require(self.task == Task::Bins, "head", "with a density for values", self.head.name())?,
        }
        if self.task == Task::Values && self.head == (DensityHead::Linear {}) {
            return Err(HeadError::NoDensity.into());
        }
        Ok(())
    }

    /// The four published seeds and six more.
    pub const SEEDS: [u64; 10] = [1, 2, 3, 42, 4, 5, 6, 7, 8, 9];

    /// A run of the published length.
    pub fn published(task: Task) -> Self {
        let (dataset, head) = (Dataset::Gaussian, DensityHead::TABLE);
        Self { dataset, head, task, seed: 1, epochs: 500, samples: 5000 }
    }

    /// The same with all of these, head by head.
    ///
    /// # Errors
    /// If one cannot be made.
    pub fn over(&self, heads: &[DensityHead], datasets: &[Dataset], seeds: &[u64]) -> Result<Vec<Self>, StudyError> {
        let runs = axis(std::slice::from_ref(self), heads, |run, head| run.head = head);
        let runs = axis(&runs, datasets, |run, dataset| run.dataset = dataset);
        let runs = axis(&runs, seeds, |run, seed| run.seed = seed);
        runs.iter().try_for_each(Self::check)?;
        Ok(runs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn few(change: fn(&mut DensitySettings), heads: &[DensityHead]) -> Result<Vec<DensitySettings>, StudyError> {
        let mut run = DensitySettings::published(Task::Bins);
        change(&mut run);
        run.over(heads, &Dataset::ALL, &[1, 2])
    }

    #[test]
    fn the_sweep_has_ten_frequencies_with_and_without_penalty() {
        let names: Vec<String> = DensityHead::sweep().iter().map(DensityHead::name).collect();
        assert_eq!(names.len(), 20);
        assert_eq!(names[..3], ["fourier-2", "fourier-2-g1e-6", "fourier-4"]);
        assert_eq!(names[19], "fourier-20-g1e-6");
        assert_eq!([Task::Bins, Task::Values].map(|task| DensityHead::of_task(task).len()), [23, 21]);
    }

    #[test]
    fn runs_that_make_no_sense_are_refused() {
        let heads = [DensityHead::Linear {}, DensityHead::TABLE];
        let text = |change, heads: &[DensityHead]| few(change, heads).expect_err("no such runs").to_string();
        assert_eq!(few(|_| {}, &heads).map(|runs| runs.len()).ok(), Some(12));
        assert_eq!(text(|run| run.epochs = 0, &heads), "expected epochs above 0, got 0");
        let odd = text(|run| run.samples = 5001, &heads);
        assert_eq!(odd, "expected samples as a multiple of 40 up to 10000000, got 5001");
        let linear = text(|run| run.task = Task::Values, &heads);
        assert!(linear.starts_with("expected a Fourier or a mixture head for a density"), "{linear}");
        let regression = text(|run| run.task = Task::Values, &[DensityHead::Regression {}]);
        assert_eq!(regression, "expected head with a density for values, got regression");
        let none = text(|_| {}, &[DensityHead::Fourier { frequencies: 0, regularisation: 0.0 }]);
        assert!(none.starts_with("expected frequencies between 1"), "{none}");
    }
}
