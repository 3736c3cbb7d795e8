//! From a seen scene to pushes: motions from the network, each read for its initiator.

use super::control::ControlSignal;
use super::planner::GoalForcePlanner;
use super::reading::{ReadFault, Reading, read_push, tracks};
use super::request::SeenScene;
use crate::planner::PlanError;
use crate::world::scene::{Camera, FRAME_SECS, FRAMES, Push, Scene, Shape, ball_speed};

/// Raised with every change after which a motion is read as another push: results that are kept are of one version.
pub const READING_VERSION: u32 = 2;

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
    let start = camera.on_plane(reading.from_px, height).ok_or(ReadFault::NotFinite)?;
    let last = free_frames(&all[reading.initiator], &seen.scene, &reading, seen.goal.body, camera);
    let to = camera.on_plane(all[reading.initiator][last], height).ok_or(ReadFault::NotFinite)?;
    let way = [to[0] - start[0], to[1] - start[1]];
    let (way_m, secs) = (way[0].hypot(way[1]), last as f64 * FRAME_SECS);
    // A ball slides, rolls and slows down on its way; what slides is taken at its mean speed, for friction is hardly known.
    let speed = match body.shape {
        Shape::Ball { .. } => ball_speed(way_m, secs, &seen.scene.table),
        _ => way_m / secs,
    };
    let push = Push { body: reading.initiator, direction_rad: way[1].atan2(way[0]), speed_mps: speed.max(LEAST_MPS) };
    Ok(PushProposal { reading, push })
}

/// Frames in which the initiator moves and has not yet reached the target. The target is seen to move only once it is away
/// from its place by more than a pixel: with the frames between, in which the initiator has lost its speed, a push would be
/// read as too slow (`--example push_speeds`).
fn free_frames(
    track: &[[f64; 2]; FRAMES + 1],
    scene: &Scene,
    reading: &Reading,
    target: usize,
    camera: &Camera,
) -> usize {
    let (own, target) = (&scene.bodies[reading.initiator], &scene.bodies[target]);
    let reach = own.shape.outer_radius_m() + target.shape.outer_radius_m();
    let touches = |frame: &usize| {
        camera.on_plane(track[*frame], own.shape.rest_height_m()).is_none_or(|[x, y]| {
            let [tx, ty] = target.position_m;
            (x - tx).hypot(y - ty) <= reach
        })
    };
    let reached = (1..=reading.frames).find(touches).unwrap_or(reading.frames + 1);
    (reached - 1).max(1)
}
