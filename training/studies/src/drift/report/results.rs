//! What drift runs found: one structure that is filled by the commands, printed by `--json` and kept as
//! `report.json`. What was not measured is `None` or an empty list, never zero.

use clap::ValueEnum;
use planwright::quantity::QuantityGrid;
use planwright_training::statistics::TTest;
pub use planwright_training::transform::deviation::ScaleRow;
use serde::{Deserialize, Serialize};

/// Everything in a drift report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriftResults {
    /// [`DriftResults::SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Recipe that sized the runs: `quick`, `paper`, ...
    pub size: String,
    /// What was run. Rows name their command by its text; one that is not listed here is shown without details.
    #[serde(default)]
    pub commands: Vec<CommandRun>,
    /// One entry per system that was run.
    #[serde(default)]
    pub systems: Vec<SystemResult>,
    /// Table F; several rows of one hypothesis are its seeds.
    #[serde(default)]
    pub ablations: Vec<AblationRow>,
}

impl DriftResults {
    /// Of the structure written here.
    pub const SCHEMA_VERSION: u32 = 1;

    /// Nothing measured yet.
    pub fn new(size: &str) -> Self {
        Self {
            schema_version: Self::SCHEMA_VERSION,
            size: size.to_owned(),
            commands: Vec::new(),
            systems: Vec::new(),
            ablations: Vec::new(),
        }
    }
}

/// One command that was run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandRun {
    /// The whole line, so that it can be run again.
    pub command: String,
    /// Its seed.
    pub seed: Option<u64>,
    /// Optimiser steps of the fits it made.
    pub steps: Option<u64>,
    /// How long it took, seconds.
    pub wall_secs: Option<f64>,
    /// Where it ran, in words: processor or accelerator.
    pub device: Option<String>,
}

/// One system over all its seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemResult {
    /// Name, as [`planwright_training::transform::System::name`] says it.
    pub system: String,
    /// The physical quantity.
    pub quantity: String,
    /// Its unit; `1` for a plain number.
    pub unit: String,
    /// Cells of every curve below.
    pub grid: QuantityGrid,
    /// One entry per training seed.
    #[serde(default)]
    pub seeds: Vec<SeedResult>,
    /// Appendix C.2, one per seed that was swept.
    #[serde(default)]
    pub sweeps: Vec<Sweep>,
    /// Validity table of generated trajectories (the maze).
    pub validity: Option<Vec<ValidityRow>>,
    /// Appendix E.
    #[serde(default)]
    pub t_tests: TTests,
}

/// One training seed of a system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedResult {
    /// The training seed.
    pub seed: u64,
    /// What made these numbers.
    pub command: String,
    /// Distributions of the quantity.
    pub curves: Curves,
    /// TV(data, prior).
    pub tv_data_prior: Option<f64>,
    /// TV(model, prior).
    pub tv_model_prior: Option<f64>,
    /// TV(prediction, prior).
    pub tv_prediction_prior: Option<f64>,
    /// TV(prediction, model).
    pub tv_prediction_model: Option<f64>,
    /// Scale of the deviation kernel matched to the model's error, normalised coordinates.
    pub matched_scale: Option<f64>,
    /// The other reading of "matched": deviated trajectories have the model's error as a whole. Its scale.
    pub trajectory_scale: Option<f64>,
    /// TV(prediction, model) there.
    pub tv_prediction_model_by_trajectory: Option<f64>,
    /// The smallest TV(prediction, model) of the sweep and the matched scales: what the paper's table C.2 shows at best.
    pub tv_prediction_model_best: Option<f64>,
    /// Its scale, normalised coordinates.
    pub best_scale: Option<f64>,
    /// Mean squared error of the denoiser that the scale was matched to, per normalised coordinate.
    pub model_error: Option<f64>,
    /// Samples drawn from the model.
    pub generated: Option<u64>,
    /// Samples among them that were dropped as inadmissible.
    pub dropped: Option<u64>,
    /// Optimiser steps of the model.
    pub steps: Option<u64>,
    /// What was tried against the drift; at most one entry per method.
    #[serde(default)]
    pub mitigations: Vec<Mitigation>,
}

impl SeedResult {
    /// TV(data, model) of the two curves (eq. 7).
    pub fn tv_data_model(&self) -> Option<f64> {
        let (data, model) = (self.curves.data.as_ref()?, self.curves.model.as_ref()?);
        Some(0.5 * data.iter().zip(model).map(|(data, model)| (data - model).abs()).sum::<f64>())
    }

    /// The method's entry.
    pub fn mitigation(&self, method: Method) -> Option<&Mitigation> {
        self.mitigations.iter().find(|entry| entry.method == method)
    }

    /// How much nearer to the model the prediction is than the data (eq. 38).
    pub fn prediction_gain(&self) -> Option<f64> {
        Some(self.tv_data_model()? - self.tv_prediction_model?)
    }

    /// How much nearer to the prior the transform is than the baseline (eq. 39).
    pub fn transform_gain(&self) -> Option<f64> {
        let tv = |method| self.mitigation(method)?.tv_prior;
        Some(tv(Method::Baseline)? - tv(Method::Transform)?)
    }
}

/// Probability mass per cell of the system's grid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Curves {
    /// What was intended.
    pub prior: Option<Vec<f64>>,
    /// The training data.
    pub data: Option<Vec<f64>>,
    /// The kernel's prediction.
    pub prediction: Option<Vec<f64>>,
    /// The model's samples.
    pub model: Option<Vec<f64>>,
}

/// What is done against the drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Nothing.
    Baseline,
    /// Training data drawn by the inverse of the baseline's distribution.
    Reweight,
    /// The quantity given to the denoiser, with guidance.
    Conditional,
    /// The coordinate transform.
    Transform,
    /// Control: the transform after one optimiser step.
    TransformOneStep,
    /// Control: Gaussian noise in place of generated codes, paired at random, decoded as the transform's.
    TransformNoNetwork,
}

impl Method {
    /// In the order of tables and plots.
    pub const ALL: [Self; 6] = [
        Self::Baseline,
        Self::Reweight,
        Self::Conditional,
        Self::Transform,
        Self::TransformOneStep,
        Self::TransformNoNetwork,
    ];

    /// Whether it shows what the transform reaches without a trained network.
    pub fn is_control(self) -> bool {
        matches!(self, Self::TransformOneStep | Self::TransformNoNetwork)
    }

    /// Whether its samples are codes that are decoded to trajectories.
    pub fn has_codes(self) -> bool {
        self == Self::Transform || self.is_control()
    }

    /// Whether a network is fitted.
    pub fn has_network(self) -> bool {
        self != Self::TransformNoNetwork
    }

    /// What stands in a table where it was not run. Results of earlier versions have no controls.
    pub(crate) fn absent(self, otherwise: &'static str) -> &'static str {
        if self.is_control() { "not run" } else { otherwise }
    }

    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Reweight => "reweight",
            Self::Conditional => "conditional",
            Self::Transform => "transform",
            Self::TransformOneStep => "transform-one-step",
            Self::TransformNoNetwork => "transform-no-network",
        }
    }
}

/// One method with one seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mitigation {
    /// Which method.
    pub method: Method,
    /// What made these numbers.
    pub command: String,
    /// Mass per cell of the system's grid.
    pub curve: Option<Vec<f64>>,
    /// TV(method, prior).
    pub tv_prior: Option<f64>,
    /// Samples drawn.
    pub generated: Option<u64>,
    /// Samples among them that were dropped as inadmissible.
    pub dropped: Option<u64>,
    /// Optimiser steps.
    pub steps: Option<u64>,
}

/// Predictions at several scales of the kernel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    /// Seed of data, kernel and model.
    pub seed: u64,
    /// What made these numbers.
    pub command: String,
    /// One row per scale, rising.
    pub scales: Vec<ScaleRow>,
}

/// One-sided paired tests over the seeds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TTests {
    /// Of TV(data, model) - TV(prediction, model) (eq. 38).
    pub prediction: Option<TTest>,
    /// Of TV(baseline, prior) - TV(transform, prior) (eq. 39).
    pub transform: Option<TTest>,
}

impl TTests {
    /// Of the seeds that have what a test compares; a test with fewer than two such seeds is missing.
    pub fn of(seeds: &[SeedResult]) -> Self {
        let over = |gain: fn(&SeedResult) -> Option<f64>| {
            TTest::one_sided(&seeds.iter().filter_map(gain).collect::<Vec<f64>>())
        };
        Self { prediction: over(SeedResult::prediction_gain), transform: over(SeedResult::transform_gain) }
    }
}

/// One experiment of appendix F with one seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AblationRow {
    /// `H0` to `H10b`.
    pub hypothesis: String,
    /// What was changed, in words.
    pub experiment: String,
    /// TV(data, prior).
    pub tv_data: Option<f64>,
    /// TV(model, prior).
    pub tv_model: Option<f64>,
    /// The paper's TV(data, prior).
    pub published_data: Option<f64>,
    /// The paper's TV(model, prior).
    pub published_model: Option<f64>,
    /// Training seed.
    pub seed: u64,
    /// What made these numbers.
    pub command: String,
}

/// Whose trajectories were checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The training data.
    Data,
    /// The baseline model.
    Baseline,
    /// The transform.
    Transform,
}

impl Source {
    /// In the order of tables and plots.
    pub const ALL: [Self; 3] = [Self::Data, Self::Baseline, Self::Transform];

    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Baseline => "baseline",
            Self::Transform => "transform",
        }
    }
}

/// Validity and diversity of trajectories from one source with one seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidityRow {
    /// Whose trajectories.
    pub source: Source,
    /// What was measured.
    pub measured: Validity,
    /// What the paper found.
    pub published: Option<Validity>,
    /// Training seed.
    pub seed: u64,
    /// What made these numbers.
    pub command: String,
}

/// The three checks of appendix A.3.3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validity {
    /// Median displacement between adjacent states, metres.
    pub median_step: Option<f64>,
    /// Median distance to the nearest trajectory of the data (leave-one-out for the data).
    pub nearest_data_distance: Option<f64>,
    /// Share of the free maze cells that are visited, 0 to 1.
    pub occupancy: Option<f64>,
}
