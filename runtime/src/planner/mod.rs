//! From an observation to a proposal. One file per family; what comes out is a dream until it is
//! corrected and checked.

mod action_head;
mod any_maze;
mod denoiser;
mod maze;
mod path;
mod policy;
mod policy_decider;
mod policy_engine;
mod policy_history;
mod pool;
mod ranking;
mod sequence;

pub use any_maze::{AnyMazePlanner, AnyMazeSettings};
pub use denoiser::EngineDenoiser;
pub use maze::{MazePlanner, MazePlannerSettings};
pub use path::{PathPlanner, PathPlannerSettings};
pub use policy::{PolicyPlanner, PolicyPlannerSettings};
pub use policy_decider::PolicyDecider;
pub(crate) use policy_engine::{PolicyEngine, policy_of};
pub(crate) use policy_history::{History, HistoryStep};
pub use sequence::{SequenceGenerator, SequenceRequest};

use crate::correction::Resample;
use crate::density::DensityError;
use crate::diffusion::NoiseSchedule;
use crate::model::{EngineDescription, EngineError, Family, Manifest, ModelError};
use crate::trajectory::Trajectory;
use crate::view::{Stamp, View};
use crate::world::{Layout, Point, State};
use std::time::Instant;

/// What a planner is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// Position and velocity in the maze's frame.
    pub state: State,
    /// Where to go.
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
}

/// What a planner dreams.
#[derive(Clone, Debug, Default)]
pub struct Proposal {
    /// Knots at the model's own period, from now.
    pub trajectory: Trajectory,
    /// Which candidate this is.
    pub candidate: usize,
    /// Smallest clearance of the candidate's path, metres.
    pub clearance_m: f64,
    /// Network calls made for it.
    pub denoising_steps: usize,
    /// Whether the deadline allowed fewer calls than were asked for.
    pub cut_short: bool,
    /// Whether it grew out of the previous plan.
    pub warm: bool,
}

/// Why there is no proposal.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The observation holds a number that is not finite.
    #[error("expected finite numbers in state and goal")]
    NotFinite,
    /// No network call fits before the deadline.
    #[error("no time for a single denoising step before the deadline")]
    NoTime,
    /// All candidates hold numbers that are not finite.
    #[error("all {0} candidates hold numbers that are not finite")]
    AllBroken(usize),
    /// No candidate's ends fit start and goal.
    #[error("none of {candidates} candidate paths leads from near the start to near the goal, clear of walls")]
    NoneFits {
        /// Candidates looked at.
        candidates: usize,
    },
    /// No imagined future arrives.
    #[error("none of {rollouts} roll-outs reaches the goal within {steps} steps")]
    NotReached {
        /// Roll-outs tried.
        rollouts: usize,
        /// Steps of each.
        steps: usize,
    },
    /// What a policy's head says describes no density.
    #[error("the policy's head: {0}")]
    Head(#[from] DensityError),
    /// The step count does not fit the model.
    #[error("{0}")]
    Steps(String),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Why a planner cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum PlannerError {
    /// The model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A setting that does not fit the model.
    #[error("{0}")]
    Setting(String),
}

/// A planner family.
///
/// Contract: `propose` ends before `deadline` by at most one network call's time, or says so in
/// `cut_short`; it does not log and, but for what the engine does inside, does not allocate once warm. A
/// proposal may be anything, colliding or absurd, but is finite. The same seed and observations give the
/// same proposals as long as no deadline interferes.
pub trait Planner: Resample {
    /// What the model says of itself.
    fn manifest(&self) -> &Manifest;
    /// What computes.
    fn engine(&self) -> &EngineDescription;
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
    /// Forgets the past: the next proposal is a cold start with the first seed.
    fn reset(&mut self, seed: u64);
    /// Room for a proposal, so that [`Self::propose`] does not allocate.
    fn proposal(&self) -> Proposal;
    /// Plans proposed since the last reset.
    fn plans(&self) -> u64;
}

/// Refuses a model of another family.
fn check_family(manifest: &Manifest, expected: Family) -> Result<(), PlannerError> {
    if manifest.family == expected {
        return Ok(());
    }
    Err(PlannerError::Setting(format!(
        "expected a model of family {expected:?}, got '{}' of family {:?}\nhint: `planwright inspect FILE` tells what a model is",
        manifest.name, manifest.family
    )))
}

/// The noise that a denoiser was trained with.
fn schedule_of(manifest: &Manifest) -> Result<NoiseSchedule, PlannerError> {
    let (diffusion, _) = manifest.denoiser().map_err(PlannerError::Setting)?;
    NoiseSchedule::new(diffusion.schedule, diffusion.steps).map_err(|error| PlannerError::Setting(error.to_string()))
}

/// The map that a model was trained for.
fn layout_of(manifest: &Manifest) -> Result<Layout, PlannerError> {
    let world = manifest.world.as_ref();
    let world = world.ok_or_else(|| PlannerError::Setting("expected a model with a world, got none".to_owned()))?;
    Layout::parse(&world.layout, &world.layout_text)
        .map_err(|error| PlannerError::Setting(format!("the model's layout: {error}")))
}
