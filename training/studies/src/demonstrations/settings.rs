//! What is measured: preferences, minutes of driving, what answers, seeds; queries and fits of each size.

use planwright_training::dataset::corridors::Preference;
use planwright_training::network::CorridorNetworkSpec;
use planwright_training::recipe::{DeviceName, OptimiserSettings, TrainingSettings};
use planwright_training::study::StudyError;
use planwright_training::study::settings::{axis, require};
use serde::{Deserialize, Serialize};

/// What a cell makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArmKind {
    /// Arms without a network.
    Controls,
    /// A network that states one path: mean squared error. Its parameters after one step are an arm of their own.
    Regression,
    /// A network that draws paths from a learnt distribution, plainly and with the transform.
    Diffusion,
}

impl ArmKind {
    pub(super) const ALL: [Self; 3] = [Self::Controls, Self::Regression, Self::Diffusion];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Controls => "controls",
            Self::Regression => "regression",
            Self::Diffusion => "diffusion",
        }
    }
}

/// Queries on maps that no drive was on. The same for every cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignSettings {
    /// Pairs on each of Nav2's maps.
    pub nav2: usize,
    /// Worlds of BARN, evenly over all of them.
    pub barn: usize,
    /// Starts on each of Neural A*'s maps.
    pub grid32: usize,
    /// Generated maps with seeds of their own, for checks without files: not foreign in kind.
    pub generated: usize,
    /// Seed of the queries.
    pub seed: u64,
}

/// Everything that determines a cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemonstrationSettings {
    /// What the demonstrator prefers.
    pub preference: Preference,
    /// Minutes of driving.
    pub minutes: u32,
    /// What is made.
    pub kind: ArmKind,
    /// Seed of drives, initial values, batches and draws.
    pub seed: u64,
    /// Queries.
    pub foreign: ForeignSettings,
    /// The network.
    pub network: CorridorNetworkSpec,
    /// Steps of a fit.
    pub steps: u64,
    /// Windows of a step.
    pub batch: usize,
    /// Paths that are drawn per query.
    pub samples: usize,
    /// Noise levels of a draw.
    pub levels: usize,
}

impl DemonstrationSettings {
    /// The study's size; fixed by what a core does in three quarters of an hour, before any result was seen.
    pub(super) const REDUCED: Self = Self {
        preference: Preference::Side,
        minutes: 1,
        kind: ArmKind::Controls,
        seed: 1,
        foreign: ForeignSettings { nav2: 10, barn: 50, grid32: 4, generated: 0, seed: 7 },
        network: CorridorNetworkSpec { patch: 4, width: 48, blocks: 4 },
        steps: 1200,
        batch: 48,
        samples: 8,
        levels: 10,
    };
    /// Seconds, without files of maps.
    pub(super) const QUICK: Self = Self {
        foreign: ForeignSettings { nav2: 0, barn: 0, grid32: 0, generated: 14, seed: 7 },
        network: CorridorNetworkSpec { patch: 4, width: 16, blocks: 3 },
        steps: 150,
        batch: 16,
        samples: 4,
        levels: 6,
        ..Self::REDUCED
    };
    pub(super) const MINUTES: [u32; 3] = [1, 10, 100];
    pub(super) const SEEDS: [u64; 3] = [1, 2, 3];

    /// The same with all of these.
    ///
    /// # Errors
    /// The first setting out of its range.
    pub(super) fn over(
        &self,
        preferences: &[Preference],
        minutes: &[u32],
        seeds: &[u64],
    ) -> Result<Vec<Self>, StudyError> {
        for got in minutes {
            require((1..=1000).contains(got), "minutes", "between 1 and 1000", got)?;
        }
        // Seed by seed, so that what is there of a run that was cut off has all preferences and minutes.
        let cells = axis(std::slice::from_ref(self), seeds, |cell, seed| cell.seed = seed);
        let cells = axis(&cells, preferences, |cell, preference| cell.preference = preference);
        let cells = axis(&cells, minutes, |cell, minutes| cell.minutes = minutes);
        Ok(axis(&cells, &ArmKind::ALL, |cell, kind| cell.kind = kind))
    }

    /// The fit, as that of the shipped corridor model but for its length.
    pub(super) fn training(&self) -> TrainingSettings {
        TrainingSettings {
            steps: self.steps,
            batch: self.batch,
            seed: self.seed,
            device: DeviceName::Cpu,
            checkpoint_every: self.steps,
            optimiser: OptimiserSettings {
                learning_rate: 2e-3,
                warmup_steps: (self.steps / 20).min(100),
                final_share: 0.02,
                weight_decay: 1e-2,
                clip_norm: 1.0,
                muon: None,
            },
            average_decay: 0.99,
            starts_from: None,
        }
    }
}
