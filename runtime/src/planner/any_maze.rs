//! Whatever plans in a maze, behind one type: a node loads any of its family's models.

use super::{MazePlanner, Observation, PathPlanner, PlanError, Planner, PolicyPlanner, Proposal};
use crate::correction::Resample;
use crate::model::{EngineDescription, Manifest};
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

impl AnyMazePlanner {
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
