//! From a seen scene to pushes: motions from the network, each read for its initiator.

use super::control::ControlSignal;
use super::planner::GoalForcePlanner;
use super::reading::{ReadFault, Reading, read_push, tracks};
use super::request::SeenScene;
use crate::planner::PlanError;
use crate::world::scene::{Camera, FRAME_SECS, Push, ROLLING_SHARE, Shape};

/// A push is at least this fast, m/s: a motion that is read as slower is one that hardly moves.
const LEAST_MPS: f64 = 0.05;

/// What one predicted motion proposes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PushProposal {
    /// The motion as it is read.
    pub reading: Reading,
    /// The push in the seen scene.
    pub push: Push,
}

impl GoalForcePlanner {
    /// Draws motions for a seen scene and reads each for the push that it takes: one result per candidate.
    ///
    /// # Errors
    /// If the picture does not fit the model, or the engine fails.
    pub fn propose(
        &mut self,
        rgb: &[u8],
        seen: &SeenScene,
        camera: &Camera,
        seed: u64,
    ) -> Result<Vec<Result<PushProposal, ReadFault>>, PlanError> {
        self.propose_with(rgb, seen, true, camera, seed)
    }

    /// The same with or without the control signal, for comparison.
    ///
    /// # Errors
    /// As [`Self::propose`].
    pub fn propose_with(
        &mut self,
        rgb: &[u8],
        seen: &SeenScene,
        controlled: bool,
        camera: &Camera,
        seed: u64,
    ) -> Result<Vec<Result<PushProposal, ReadFault>>, PlanError> {
        let (cells, width, candidates) = (self.spec().cells(), self.spec().picture_px as f64, self.candidates());
        let asked = ControlSignal { goal: &[seen.force], masses: &seen.masses, ..ControlSignal::default() };
        let motions = self.predict(rgb, if controlled { asked } else { ControlSignal::default() }, seed)?;
        let size = motions.len() / candidates;
        Ok(motions.chunks_exact(size).map(|motion| read(motion, cells, width, seen, camera)).collect())
    }
}

/// Reads the push of one motion.
pub fn read(
    motion: &[f32],
    cells: usize,
    width_px: f64,
    seen: &SeenScene,
    camera: &Camera,
) -> Result<PushProposal, ReadFault> {
    let all = tracks(motion, cells, &seen.cells);
    let bodies = &seen.scene.bodies;
    let reading = read_push(&all, seen.goal.body, width_px, |object| bodies[object].moves)?;
    let body = &bodies[reading.initiator];
    let height = body.shape.rest_height_m();
    let place = |px: [f64; 2]| camera.on_plane(px, height).ok_or(ReadFault::NotFinite);
    let (from, to) = (place(reading.from_px)?, place(reading.to_px)?);
    let way = [to[0] - from[0], to[1] - from[1]];
    let rolled = way[0].hypot(way[1]) / (reading.frames.max(1) as f64 * FRAME_SECS);
    let speed = if matches!(body.shape, Shape::Ball { .. }) { rolled / ROLLING_SHARE } else { rolled };
    let push = Push { body: reading.initiator, direction_rad: way[1].atan2(way[0]), speed_mps: speed.max(LEAST_MPS) };
    Ok(PushProposal { reading, push })
}
