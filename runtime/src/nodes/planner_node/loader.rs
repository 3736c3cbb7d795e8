//! Loads a model of any family and builds its pilot, on a thread of its own.

use super::jobs::LoadRequest;
use super::parameters::{PlannerChoice, PlannerParameters};
use super::planner_pilot::PlannerPilot;
use crate::model::{Artefact, load_engine};
use crate::nodes::map::MappedWorld;
use crate::planner::corridor::{CorridorPlanner, PathMethod};
use crate::planner::{Planner, load};
use crate::quantity::Intended;
use crate::view::View;
use crate::world::{Layout, MotionLimits, Robot, World};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// A loaded planner in figures, for diagnostics.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Name of the engine.
    pub engine: String,
    /// The model's file; the method's name without one.
    pub model: PathBuf,
    /// Loading time, seconds.
    pub secs: f64,
    /// The robot on the map for which the model was trained; `None` for a planner of any map.
    pub trained: Option<MappedWorld>,
    /// Where first plans are made before work begins.
    pub warm_up: Arc<World>,
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
        let planner = self.planner()?;
        let description = planner.description();
        let mut settings = parameters.pilot_settings();
        settings.drift = parameters.drift_settings(description.intended.as_ref())?;
        let trained = description.layout.clone().map(|maze| MappedWorld::new(Arc::clone(&robot), maze));
        if trained.is_some() && !matches!(robot.limits(), MotionLimits::Axes(_)) {
            return Err(format!(
                "expected the robot point-mass for '{}', which plans in one maze, got {}\nhint: parameter robot, or planner: optimizer",
                description.name,
                robot.name()
            ));
        }
        let sample = || MappedWorld::new(robot, Layout::umaze());
        let loaded = Loaded {
            engine: description.engine_text(),
            model: if description.engine.is_some() { self.model.clone() } else { PathBuf::from(&description.name) },
            warm_up: Arc::clone(trained.as_ref().map_or_else(sample, Clone::clone).world()),
            trained,
            intended: description.intended.clone(),
            summary: format!("{} knots of {} s", description.horizon, description.knot_secs),
            secs: begun.elapsed().as_secs_f64(),
        };
        let mut pilot = Box::new(PlannerPilot::new(planner, self.settings.seed, settings, view));
        if warm {
            pilot.warm_up(&loaded.warm_up);
        }
        Ok(Ready { pilot, loaded })
    }

    /// Opens the model, where the choice needs one.
    fn planner(&self) -> Result<Box<dyn Planner>, String> {
        let open = || Artefact::open(&self.model).map_err(|error| error.to_string());
        match self.planner {
            PlannerChoice::Model => load(&open()?, &self.engine, &self.settings).map_err(|error| error.to_string()),
            PlannerChoice::AnyMap(PathMethod::Corridor) => {
                let artefact = open()?;
                let engine = |batch| load_engine(&artefact, &self.engine, batch);
                let planner = CorridorPlanner::open(artefact.manifest(), engine).map_err(|error| error.to_string())?;
                Ok(Box::new(planner))
            }
            PlannerChoice::AnyMap(method) => Ok(Box::new(CorridorPlanner::new(method))),
        }
    }
}
