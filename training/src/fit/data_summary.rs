//! Statistics and samples of a data set that the exported file needs: hash, normaliser, quantity, real rows.

use crate::transform::DecoderTables;
use planwright::model::{Column, ConditionSpec, Normaliser, PolicySpec, QuantitySpec, TransformSpec, WorldSpec};
use planwright::world::{Layout, MAX_ACCELERATION_MPS2, MAX_SPEED_MPS, RADIUS_M};
use serde::{Deserialize, Serialize};

/// Real rows that a checkpoint carries for the parity gate and the golden vectors.
pub(super) const REAL_ROWS: usize = 8;
/// A stream of randomness that no training step reaches.
pub(super) const REAL_STREAM: u64 = u64::MAX - 1;

/// What export needs of a data set. Measured once, at the fit, and carried by every checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataSummary {
    /// SHA-256 of the data, hex.
    pub sha256: String,
    /// Names, units and frames of the columns.
    pub columns: Vec<Column>,
    /// Physical values that map to -1 and 1, per column.
    pub normaliser: Normaliser,
    /// Seconds between time steps.
    pub step_secs: f64,
    /// The world, for a planner of a robot.
    pub world: Option<WorldSpec>,
    /// Distribution of the physical quantity.
    pub quantity: Option<QuantitySpec>,
    /// Range and guidance of the condition.
    pub condition: Option<ConditionSpec>,
    /// Code space.
    pub transform: Option<TransformSpec>,
    /// History, head, actions and returns, for a policy.
    pub policy: Option<PolicySpec>,
    /// How a program made the data, where the recipe does not determine them.
    pub made: Option<serde_json::Value>,
    /// Rows of the data as the network sees them. Tensors of the checkpoint, no part of its JSON.
    #[serde(skip)]
    pub real: Vec<Row>,
    /// Codes and their trajectories, with [`Self::transform`]. Tensors of the checkpoint, no part of its JSON.
    #[serde(skip)]
    pub decoder: Option<DecoderTables>,
}

impl DataSummary {
    /// Of data without world, quantity, condition, transform, policy and decoder.
    pub(super) fn plain(
        sha256: String,
        columns: Vec<Column>,
        normaliser: Normaliser,
        step_secs: f64,
        real: Vec<Row>,
    ) -> Self {
        Self {
            sha256,
            columns,
            normaliser,
            step_secs,
            real,
            world: None,
            quantity: None,
            condition: None,
            transform: None,
            policy: None,
            made: None,
            decoder: None,
        }
    }
}

/// One row of a network's inputs: the values of every input of the graph, in its order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Values per input. The first input is a sample, H x C.
    pub inputs: Vec<Vec<f32>>,
}

impl Row {
    /// The first input.
    pub fn sample(&self) -> &[f32] {
        self.inputs.first().map_or(&[], Vec::as_slice)
    }

    /// The second input, of a denoiser.
    pub fn timestep(&self) -> f32 {
        self.inputs.get(1).and_then(|values| values.first()).copied().unwrap_or_default()
    }
}

/// A maze and the limits of the robot in it.
pub(super) fn world_spec(layout: &Layout) -> WorldSpec {
    WorldSpec {
        layout: layout.name().to_owned(),
        layout_text: layout.to_text(),
        radius_m: RADIUS_M,
        max_speed_mps: MAX_SPEED_MPS,
        max_acceleration_mps2: MAX_ACCELERATION_MPS2,
    }
}
