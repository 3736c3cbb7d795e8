//! Planner families: an observation in, a proposal out. Proposals are not yet dynamically feasible.
//!
//! [`load`] opens a model of any family; [`ControlPlanner`] needs none. docs/EXTENDING.md shows a new family.
//!
//! ```no_run
//! use planwright::model::{Artefact, EngineChoice};
//! use planwright::planner::{Observation, PlannerSettings, load};
//! use planwright::view::View;
//! use planwright::world::State;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let artefact = Artefact::open("models/maze-umaze.onnx".as_ref())?;
//! let mut planner = load(&artefact, &EngineChoice::default(), &PlannerSettings::default())?;
//! let mut proposal = planner.proposal();
//! let observation = Observation { state: State::at_rest([3.0, 1.0]), goal: [1.0, 1.0], stamp_secs: 0.0, step: 0 };
//! planner.propose(&observation, None, &View::disabled(), &mut proposal)?;
//! println!("{} knots", proposal.trajectory.states.len());
//! # Ok(())
//! # }
//! ```

mod action_head;
mod control;
pub mod corridor;
mod denoiser;
mod description;
mod diffusion;
mod error;
pub mod goal_force;
pub mod headings;
mod length_matched;
mod load;
mod manifest_parts;
mod policy;
mod policy_engine;
mod policy_history;
mod policy_runner;
mod pool;
mod ranking;
mod sequence;
mod settings;

pub use control::{Control, ControlPlanner};
pub use denoiser::EngineDenoiser;
pub use description::PlannerDescription;
pub use error::{PlanError, PlannerError};
pub use length_matched::{LengthMatchedPlanner, LengthMatching};
pub use load::{load, load_with};
pub(crate) use manifest_parts::policy_of;
use manifest_parts::{layout_of, schedule_of};
pub(crate) use policy_engine::PolicyEngine;
pub(crate) use policy_history::{History, HistoryStep};
pub use policy_runner::PolicyRunner;
pub use sequence::{SequenceGenerator, SequenceRequest};
pub use settings::{DenoiserSettings, PlannerSettings, RolloutSettings};

use crate::correction::Resample;
use crate::trajectory::Trajectory;
use crate::view::{Stamp, View};
use crate::world::{Point, State, World};
use std::time::Instant;

/// Whether a deadline has passed.
fn is_past(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| Instant::now() >= deadline)
}

/// Input of a planner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// Position and velocity in the maze's frame.
    pub state: State,
    /// Goal position in the maze's frame, metres.
    pub goal: Point,
    /// When the state was measured, seconds on the pilot's clock.
    pub stamp_secs: f64,
    /// Control step of the measurement, for the view.
    pub step: u64,
}

impl Observation {
    /// Its time and step.
    pub fn stamp(&self) -> Stamp {
        Stamp { time_secs: self.stamp_secs, step: self.step }
    }

    /// # Errors
    /// If a number of state or goal is not finite.
    pub(crate) fn check_finite(&self) -> Result<(), PlanError> {
        let finite = self.state.is_finite() && self.goal.iter().all(|value| value.is_finite());
        if finite { Ok(()) } else { Err(PlanError::NotFinite) }
    }
}

/// Output of a planner, before correction and gate.
#[derive(Clone, Debug, Default)]
pub struct Proposal {
    /// Knots at the planner's own period, from now.
    pub trajectory: Trajectory,
    /// Index of the chosen candidate.
    pub candidate: usize,
    /// Smallest clearance of the candidate's path, metres.
    pub clearance_m: f64,
    /// Network calls made for it.
    pub denoising_steps: usize,
    /// Whether the deadline allowed fewer network calls than the settings give.
    pub cut_short: bool,
    /// Whether the sampler started from the previous plan.
    pub warm: bool,
    /// Whether the states are poses whose headings count: the correction times this very way, with its turns and changes of
    /// direction, and shapes nothing.
    pub has_poses: bool,
    /// Whether its times mean something (moving obstacles are passed at them): correction keeps its path and its pace.
    pub keeps_pace: bool,
}

impl Proposal {
    /// Empties it for a proposal without a network: one candidate, whose clearance the gate measures.
    pub fn begin(&mut self, knot_secs: f64) {
        self.trajectory.clear();
        self.trajectory.dt_secs = knot_secs;
        (self.candidate, self.clearance_m, self.denoising_steps) = (0, f64::NAN, 0);
        (self.cut_short, self.warm, self.has_poses, self.keeps_pace) = (false, false, false, false);
    }
}

/// A planner of any family.
///
/// Contract: `propose` ends before `deadline` by at most one network call's time, or sets `cut_short`; it does not log
/// and, but for what the engine does inside, does not allocate once warm. A proposal may collide and may be dynamically
/// infeasible, but is finite. The same seed and observations give the same proposals as long as no deadline interferes.
pub trait Planner: Resample + Send {
    /// Name, maze, engine and settings in use.
    fn description(&self) -> &PlannerDescription;
    /// Fills `proposal` for an observation.
    ///
    /// # Errors
    /// If there is nothing finite to propose, or no time.
    fn propose(
        &mut self,
        observation: &Observation,
        deadline: Option<Instant>,
        view: &View,
        proposal: &mut Proposal,
    ) -> Result<(), PlanError>;
    /// The robot and the map to plan for, before each proposal; the same ones cost nothing. Planners that were trained for
    /// one maze plan for that.
    ///
    /// # Errors
    /// If there is no planning on that map.
    fn set_world(&mut self, _world: &World) -> Result<(), PlanError> {
        Ok(())
    }
    /// Heading in which plans end from now on, map frame, rad; `None`: any. Planners of paths leave it to the correction.
    fn set_goal_heading(&mut self, _heading_rad: Option<f64>) {}
    /// Whether there is another proposal than the last one, for when the gate rejects that: [`Self::retreat`].
    fn has_retreat(&self) -> bool {
        false
    }
    /// Makes the next proposal, and only that, the other one.
    fn retreat(&mut self) {}
    /// Forgets the past: the next proposal is a cold start with the first seed.
    fn reset(&mut self, seed: u64);
    /// Plans proposed since the last reset.
    fn plans(&self) -> u64;
    /// Room for a proposal, so that [`Self::propose`] does not allocate.
    fn proposal(&self) -> Proposal {
        let description = self.description();
        // Start and goal may be added to the knots of the horizon.
        let trajectory = Trajectory::with_capacity(description.knot_secs, description.horizon + 2);
        Proposal { trajectory, ..Proposal::default() }
    }
}

impl Planner for Box<dyn Planner> {
    fn description(&self) -> &PlannerDescription {
        (**self).description()
    }

    fn propose(
        &mut self,
        observation: &Observation,
        deadline: Option<Instant>,
        view: &View,
        proposal: &mut Proposal,
    ) -> Result<(), PlanError> {
        (**self).propose(observation, deadline, view, proposal)
    }

    fn set_world(&mut self, world: &World) -> Result<(), PlanError> {
        (**self).set_world(world)
    }

    fn set_goal_heading(&mut self, heading_rad: Option<f64>) {
        (**self).set_goal_heading(heading_rad);
    }

    fn has_retreat(&self) -> bool {
        (**self).has_retreat()
    }

    fn retreat(&mut self) {
        (**self).retreat();
    }

    fn reset(&mut self, seed: u64) {
        (**self).reset(seed);
    }

    fn plans(&self) -> u64 {
        (**self).plans()
    }

    fn proposal(&self) -> Proposal {
        (**self).proposal()
    }
}

impl Resample for Box<dyn Planner> {
    fn resample(&mut self, knots: &mut Trajectory, noise_share: f64, round: usize) -> bool {
        (**self).resample(knots, noise_share, round)
    }
}

/// The seed of a stream of random numbers: an odd constant spreads neighbouring indices over the seed space, ChaCha
/// mixes the rest.
fn stream_seed(seed: u64, index: u64) -> u64 {
    seed.wrapping_add(index.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}
