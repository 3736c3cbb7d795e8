//! What is run: data sets, heads, seeds.

use clap::ValueEnum;
use planwright_training::head::{HeadError, HeadSettings};
use planwright_training::study::StudyError;
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

    /// Name in files and tables: `linear`, `mixture`, `regression`, `fourier-12`, `fourier-12-g1e-6`.
    pub fn name(&self) -> String {
        match self {
            Self::Linear {} => "linear".to_owned(),
            Self::Mixture {} => "mixture".to_owned(),
            Self::Regression {} => "regression".to_owned(),
            Self::Fourier { frequencies, regularisation } if *regularisation > 0.0 => {
                format!("fourier-{frequencies}-g{regularisation:e}")
            }
            Self::Fourier { frequencies, .. } => format!("fourier-{frequencies}"),
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
        let wrong = |name, expected: String, got: String| Err(StudyError::setting(name, expected, got));
        if self.epochs == 0 {
            return wrong("epochs", "above 0".to_owned(), self.epochs.to_string());
        }
        // Whole batches from whole fifths.
        let unit = BATCH * TRAIN_SHARE.1 / TRAIN_SHARE.0;
        if self.samples == 0 || !self.samples.is_multiple_of(unit) || self.samples > 10_000_000 {
            return wrong("samples", format!("as a multiple of {unit} up to 10000000"), self.samples.to_string());
        }
        match self.spec() {
            Some(spec) => spec.check()?,
            None if self.task == Task::Values => {
                return wrong("head", "with a density for values".to_owned(), self.head.name());
            }
            None => {}
        }
        if self.task == Task::Values && self.head == (DensityHead::Linear {}) {
            return Err(HeadError::NoDensity.into());
        }
        Ok(())
    }
}

/// Choices whose product are the runs of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct DensityGrid {
    /// Bins or values.
    pub task: Task,
    /// Which distributions.
    pub datasets: Vec<Dataset>,
    /// Which heads.
    pub heads: Vec<DensityHead>,
    /// Seeds of data, initial values and order.
    pub seeds: Vec<u64>,
    /// Passes over the training rows.
    pub epochs: usize,
    /// Rows in all.
    pub samples: usize,
}

impl DensityGrid {
    /// The four published seeds and six more.
    pub const SEEDS: [u64; 10] = [1, 2, 3, 42, 4, 5, 6, 7, 8, 9];

    /// All runs that a report of a task has places for: its tables and its sweep.
    pub fn whole(task: Task) -> Self {
        let mut heads = match task {
            Task::Bins => vec![DensityHead::Linear {}, DensityHead::Mixture {}, DensityHead::Regression {}],
            Task::Values => vec![DensityHead::Mixture {}],
        };
        heads.extend(DensityHead::sweep());
        Self { task, datasets: Dataset::ALL.to_vec(), heads, seeds: Self::SEEDS.to_vec(), epochs: 500, samples: 5000 }
    }

    /// All runs, head by head.
    ///
    /// # Errors
    /// If one cannot be made.
    pub fn runs(&self) -> Result<Vec<DensitySettings>, StudyError> {
        let mut runs = Vec::new();
        for head in &self.heads {
            for dataset in &self.datasets {
                for seed in &self.seeds {
                    let (head, dataset, seed) = (*head, *dataset, *seed);
                    let (task, epochs, samples) = (self.task, self.epochs, self.samples);
                    let run = DensitySettings { dataset, head, task, seed, epochs, samples };
                    run.check()?;
                    runs.push(run);
                }
            }
        }
        Ok(runs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> DensityGrid {
        DensityGrid {
            task: Task::Bins,
            datasets: Dataset::ALL.to_vec(),
            heads: vec![DensityHead::Linear {}, DensityHead::TABLE],
            seeds: vec![1, 2],
            epochs: 500,
            samples: 5000,
        }
    }

    #[test]
    fn the_sweep_has_ten_frequencies_with_and_without_penalty() {
        let names: Vec<String> = DensityHead::sweep().iter().map(DensityHead::name).collect();
        assert_eq!(names.len(), 20);
        assert_eq!(names[..3], ["fourier-2", "fourier-2-g1e-6", "fourier-4"]);
        assert_eq!(names[19], "fourier-20-g1e-6");
        let count = |task| DensityGrid::whole(task).runs().map(|runs| runs.len()).ok();
        assert_eq!([count(Task::Bins), count(Task::Values)], [Some(23 * 30), Some(21 * 30)]);
    }

    #[test]
    fn runs_that_make_no_sense_are_refused() {
        let text = |grid: DensityGrid| grid.runs().expect_err("no such runs").to_string();
        assert_eq!(grid().runs().map(|runs| runs.len()).ok(), Some(12));
        assert_eq!(text(DensityGrid { epochs: 0, ..grid() }), "expected epochs above 0, got 0");
        let odd = text(DensityGrid { samples: 5001, ..grid() });
        assert_eq!(odd, "expected samples as a multiple of 40 up to 10000000, got 5001");
        let linear = text(DensityGrid { task: Task::Values, ..grid() });
        assert!(linear.starts_with("expected a Fourier or a mixture head for a density"), "{linear}");
        let regression = DensityGrid { task: Task::Values, heads: vec![DensityHead::Regression {}], ..grid() };
        assert_eq!(text(regression), "expected head with a density for values, got regression");
        let none = DensityHead::Fourier { frequencies: 0, regularisation: 0.0 };
        assert!(text(DensityGrid { heads: vec![none], ..grid() }).starts_with("expected frequencies between 1"));
    }
}
