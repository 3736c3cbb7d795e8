//! Loads a model of any family and builds its pilot, on a thread of its own.

use super::jobs::LoadRequest;
use super::parameters::PlannerParameters;
use super::planner_pilot::PlannerPilot;
use crate::model::Artefact;
use crate::nodes::map::MappedWorld;
use crate::planner::load;
use crate::quantity::Intended;
use crate::view::View;
use crate::world::Robot;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// A loaded planner in figures, for diagnostics.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Name of the engine.
    pub engine: String,
    /// The model's file.
    pub model: PathBuf,
    /// Loading time, seconds.
    pub secs: f64,
    /// The robot on the map for which the model was trained.
    pub trained: MappedWorld,
    /// The model's own intended distribution of the plans' lengths, if it has one.
    pub intended: Option<Intended>,
    /// Horizon of its plans.
    pub summary: String,
}

/// A pilot for the planning thread.
pub struct Ready {
    pub(super) pilot: Box<PlannerPilot>,
    /// Its figures.
    pub loaded: Loaded,
}

impl LoadRequest {
    /// Opens and self-tests the model; `warm` if its first plan is to be as fast as later ones.
    pub(super) fn load(
        &self,
        parameters: &PlannerParameters,
        robot: Arc<dyn Robot>,
        view: View,
        warm: bool,
    ) -> Result<Ready, String> {
        let begun = Instant::now();
        let artefact = Artefact::open(&self.model).map_err(|error| error.to_string())?;
        let planner = load(&artefact, &self.engine, &self.settings).map_err(|error| error.to_string())?;
        let description = planner.description();
        let mut settings = parameters.pilot_settings();
        settings.drift = parameters.drift_settings(description.intended.as_ref())?;
        settings.correction.path.keep_shape = description.keeps_shape;
        let loaded = Loaded {
            engine: description.engine_text(),
            model: self.model.clone(),
            trained: MappedWorld::new(robot, description.maze().map_err(|error| error.to_string())?.clone()),
            intended: description.intended.clone(),
            summary: format!("{} knots of {} s", description.horizon, description.knot_secs),
            secs: begun.elapsed().as_secs_f64(),
        };
        let mut pilot = Box::new(PlannerPilot::new(planner, self.settings.seed, settings, view));
        if warm {
            pilot.warm_up(loaded.trained.world());
        }
        Ok(Ready { pilot, loaded })
    }
}
