//! A push that was planned on a picture, with all that led to it: what a command prints, draws and records.

use crate::gate::{CheckedPush, PushTiming};
use crate::pilot::PushPilot;
use crate::planner::PlanError;
use crate::planner::goal_force::{GoalForcePlanner, PushProposal, ReadFault, SeenScene, SquarePicture, tracks};
use crate::view::push_strip::PushStrip;
use crate::view::{PushCandidate, PushView, SimulatedPush};
use crate::world::scene::{FRAMES, Push, Simulation, Tracks};
use std::time::Instant;

/// What came of a picture.
pub(super) struct PlannedPush {
    pub seen: SeenScene,
    pub read: Vec<Result<PushProposal, ReadFault>>,
    pub checked: Option<CheckedPush>,
    pub problems: Vec<String>,
    /// The proposal that the checked push was corrected from.
    passed: Option<usize>,
    /// By proposal: why it was refused, or that it passed.
    outcomes: Vec<String>,
    pub plan_ms: f64,
}

impl PlannedPush {
    /// Proposes, corrects and checks, one proposal after another until one passes. `began` is when planning did.
    pub fn of(
        planner: &mut GoalForcePlanner,
        seen: SeenScene,
        square: &SquarePicture,
        seed: u64,
        began: Instant,
    ) -> Result<Self, PlanError> {
        let read = planner.propose(&square.rgb, &seen, &square.camera, seed)?;
        let mut pilot = PushPilot::default();
        let (mut checked, mut passed, mut problems) = (None, None, Vec::new());
        let mut outcomes = Vec::with_capacity(read.len());
        for (index, proposal) in read.iter().enumerate() {
            let problem = match proposal {
                _ if checked.is_some() => {
                    outcomes.push("not checked: one before it passed".to_owned());
                    continue;
                }
                Err(fault) => fault.to_string(),
                Ok(proposal) => match pilot.checked(&seen.scene, &seen.goal, proposal.push, PushTiming::default) {
                    Ok(push) => {
                        (checked, passed) = (Some(push), Some(index));
                        outcomes.push("passed the gate".to_owned());
                        continue;
                    }
                    Err(problem) => problem.to_string(),
                },
            };
            outcomes.push(problem.clone());
            problems.push(problem);
        }
        let plan_ms = 1e3 * began.elapsed().as_secs_f64();
        Ok(Self { seen, read, checked, passed, problems, outcomes, plan_ms })
    }

    /// By motion and object, the places that the model predicted last, px.
    fn predicted(&self, planner: &GoalForcePlanner) -> Vec<Vec<[[f64; 2]; FRAMES + 1]>> {
        let cells = planner.spec().cells();
        let motions = planner.motions().chunks_exact(2 * planner.frames() * cells);
        motions.map(|motion| tracks(motion, cells, &self.seen.cells)).collect()
    }

    /// The checked push with its motion in simulation.
    fn simulated(&self) -> Option<(Push, Tracks)> {
        let push = self.checked?.push();
        Some((push, Simulation::new().run(&self.seen.scene, &push)))
    }

    /// For a recording. The planner's last motions must be those of this push.
    pub fn view(&self, planner: &GoalForcePlanner, square: &SquarePicture) -> PushView {
        let candidate = |((tracks, read), outcome): ((_, &Result<PushProposal, ReadFault>), &String)| PushCandidate {
            tracks,
            push: read.as_ref().ok().map(|proposal| proposal.push),
            outcome: outcome.clone(),
        };
        let passed = self.passed.zip(self.simulated());
        PushView {
            rgb: square.rgb.clone(),
            camera: square.camera.clone(),
            seen: self.seen.clone(),
            candidates: self
                .predicted(planner)
                .into_iter()
                .zip(&self.read)
                .zip(&self.outcomes)
                .map(candidate)
                .collect(),
            checked: passed.map(|(candidate, (push, tracks))| SimulatedPush { candidate, push, tracks }),
        }
    }

    /// Picture with goal, first motion and simulated push, as PNG.
    pub fn strip(&self, planner: &GoalForcePlanner, square: &SquarePicture) -> Result<Vec<u8>, png::EncodingError> {
        let (predicted, simulated) = (self.predicted(planner), self.simulated());
        let strip = PushStrip {
            rgb: &square.rgb,
            camera: &square.camera,
            seen: &self.seen,
            proposed: predicted.first().map_or(&[], Vec::as_slice),
            checked: simulated.as_ref().map(|(push, tracks)| (*push, tracks)),
        };
        strip.png()
    }
}
