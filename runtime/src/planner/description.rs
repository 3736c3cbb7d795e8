//! Properties of a planner that are fixed when it is built.

use super::{PlannerError, layout_of};
use crate::diffusion::SamplerSettings;
use crate::model::{EngineDescription, Manifest};
use crate::quantity::Intended;
use crate::world::Layout;

/// Name, maze, engine and settings in use of a planner.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannerDescription {
    /// Name of the model, or of the control without one.
    pub name: String,
    /// The maze that it plans in alone: a model's is the one it was trained for. `None`: any map.
    pub layout: Option<Layout>,
    /// Largest number of knots of a proposal, H.
    pub horizon: usize,
    /// Time between knots, seconds.
    pub knot_secs: f64,
    /// Whether the path's shape is the planner's result (models of paths), so that the correction only times it.
    pub keeps_shape: bool,
    /// Intended distribution of path lengths, if the model carries one.
    pub intended: Option<Intended>,
    /// The engine; `None` without a network.
    pub engine: Option<EngineDescription>,
    /// Batch size of one network call: candidates, or roll-outs of a policy. 1 without a network.
    pub batch: usize,
    /// Solver and network calls per plan of a denoiser.
    pub sampler: Option<SamplerSettings>,
    /// Temperature of a policy's actions.
    pub temperature: Option<f64>,
}

impl PlannerDescription {
    /// The maze that it plans in.
    ///
    /// # Errors
    /// If it plans on any map.
    pub fn maze(&self) -> Result<&Layout, PlannerError> {
        self.layout.as_ref().ok_or_else(|| PlannerError::NoMaze(self.name.clone()))
    }

    /// The engine in words.
    pub fn engine_text(&self) -> String {
        self.engine.as_ref().map_or_else(|| "no network".to_owned(), ToString::to_string)
    }

    /// Of a planner without a network, for any map.
    pub fn without_network(name: &str, horizon: usize, knot_secs: f64) -> Self {
        Self {
            name: name.to_owned(),
            layout: None,
            horizon,
            knot_secs,
            keeps_shape: true,
            intended: None,
            engine: None,
            batch: 1,
            sampler: None,
            temperature: None,
        }
    }

    /// Of a model on an engine that is loaded for `batch`.
    pub(super) fn of_model(
        manifest: &Manifest,
        engine: &EngineDescription,
        batch: usize,
    ) -> Result<Self, PlannerError> {
        Ok(Self {
            name: manifest.name.clone(),
            layout: Some(layout_of(manifest)?),
            horizon: manifest.horizon,
            knot_secs: manifest.knot_secs,
            keeps_shape: manifest.plans_paths(),
            intended: manifest.intended().cloned(),
            engine: Some(engine.clone()),
            batch,
            sampler: None,
            temperature: None,
        })
    }
}
