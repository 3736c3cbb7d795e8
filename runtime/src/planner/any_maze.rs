//! Whatever plans in a maze, behind one type: a node loads any of its family's models.

use super::{
    MazePlanner, MazePlannerSettings, Observation, PathPlanner, PathPlannerSettings, PlanError, Planner, PlannerError,
    PolicyPlanner, PolicyPlannerSettings, Proposal, policy_of,
};
use crate::correction::Resample;
use crate::model::{Engine, EngineDescription, Family, Manifest};
use crate::trajectory::Trajectory;
use crate::view::View;
use crate::world::Layout;
use std::time::Instant;

/// A maze planner of any kind.
pub enum AnyMazePlanner {
    /// Knots with positions, velocities and commands.
    Knots(MazePlanner),
    /// Paths whose length keeps an intended distribution.
    Paths(PathPlanner),
    /// A policy, rolled out through the world.
    Policy(PolicyPlanner),
}

/// The choices at run time of a planner of any kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AnyMazeSettings {
    /// For knots.
    Knots(MazePlannerSettings),
    /// For paths.
    Paths(PathPlannerSettings),
    /// For a policy.
    Policy(PolicyPlannerSettings),
}

impl AnyMazeSettings {
    /// A model's own.
    pub fn of(manifest: &Manifest) -> Self {
        if manifest.family == Family::MazePolicy {
            Self::Policy(PolicyPlannerSettings::default())
        } else if manifest.plans_paths() {
            Self::Paths(PathPlannerSettings::of(manifest))
        } else {
            Self::Knots(MazePlannerSettings::of(manifest))
        }
    }

    /// Whether a model can be asked so, before anything is loaded.
    ///
    /// # Errors
    /// If model and settings are of different kinds, or expected and got for the first setting without sense.
    pub fn check(&self, manifest: &Manifest) -> Result<(), PlannerError> {
        match self {
            Self::Knots(settings) => MazePlanner::check(manifest, settings),
            Self::Paths(settings) => PathPlanner::check(manifest, settings),
            Self::Policy(settings) => policy_of(manifest).and_then(|_| settings.check()),
        }
    }

    /// Rows of one network call.
    pub fn rows(&self) -> usize {
        match self {
            Self::Knots(settings) => settings.candidates,
            Self::Paths(settings) => settings.candidates,
            Self::Policy(settings) => settings.rollouts,
        }
    }
}

impl AnyMazePlanner {
    /// On an engine that is already loaded for `settings.rows()` rows.
    ///
    /// # Errors
    /// If model and settings are of different kinds, or as the kind's own planner.
    pub fn on_engine(
        manifest: &Manifest,
        engine: Box<dyn Engine>,
        settings: AnyMazeSettings,
    ) -> Result<Self, PlannerError> {
        match settings {
            AnyMazeSettings::Knots(settings) => MazePlanner::on_engine(manifest, engine, settings).map(Self::Knots),
            AnyMazeSettings::Paths(settings) => PathPlanner::on_engine(manifest, engine, settings).map(Self::Paths),
            AnyMazeSettings::Policy(settings) => PolicyPlanner::on_engine(manifest, engine, settings).map(Self::Policy),
        }
    }

    /// The map that the model was trained for.
    pub fn layout(&self) -> &Layout {
        match self {
            Self::Knots(planner) => planner.layout(),
            Self::Paths(planner) => planner.layout(),
            Self::Policy(planner) => planner.layout(),
        }
    }

    fn inner(&self) -> &dyn Planner {
        match self {
            Self::Knots(planner) => planner,
            Self::Paths(planner) => planner,
            Self::Policy(planner) => planner,
        }
    }

    fn inner_mut(&mut self) -> &mut dyn Planner {
        match self {
            Self::Knots(planner) => planner,
            Self::Paths(planner) => planner,
            Self::Policy(planner) => planner,
        }
    }
}

impl Planner for AnyMazePlanner {
    fn manifest(&self) -> &Manifest {
        self.inner().manifest()
    }

    fn engine(&self) -> &EngineDescription {
        self.inner().engine()
    }

    fn propose(
        &mut self,
        observation: &Observation,
        deadline: Option<Instant>,
        view: &View,
        proposal: &mut Proposal,
    ) -> Result<(), PlanError> {
        self.inner_mut().propose(observation, deadline, view, proposal)
    }

    fn reset(&mut self, seed: u64) {
        self.inner_mut().reset(seed);
    }

    fn proposal(&self) -> Proposal {
        self.inner().proposal()
    }

    fn plans(&self) -> u64 {
        self.inner().plans()
    }
}

impl Resample for AnyMazePlanner {
    fn resample(&mut self, knots: &mut Trajectory, noise_share: f64, round: usize) -> bool {
        self.inner_mut().resample(knots, noise_share, round)
    }
}
