//! The thesis' table A8 on families of scenes: of three things that could push the target, obstacles bar two. One motion a
//! scene; which thing sets off first in it?
//!
//! Objects, their outlines and the surface are given, for segmentation knows balls alone; which of them are obstacles is not: what sets off
//! first counts, whatever it is. The published count leaves degraded videos out first; here a motion is degraded where the
//! cells of one thing part.

use planwright::evaluate::{KnownPart, PushCase, PushChooser, PushEvaluation};
use planwright::planner::goal_force::{
    ControlSignal, GoalForcePlanner, ObjectCells, ReadFault, SeenScene, read_push, tracks,
};
use planwright::world::scene::{FRAMES, MAX_TILT_RAD, Room};
use planwright_training::study::StudyError;
use serde::{Deserialize, Serialize};

/// A thing's cells have parted where the median distance of their last places from where they were to one another is more
/// than this, px: one cell.
const PARTED_PX: f64 = 4.0;

/// What a motion is predicted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoomArm {
    /// Picture and goal.
    Model,
    /// The picture without the obstacles, and the goal.
    NoObstacles,
    /// The picture alone.
    NoControl,
}

impl RoomArm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Model, Self::NoObstacles, Self::NoControl];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::NoObstacles => "picture without obstacles",
            Self::NoControl => "without control signal",
        }
    }
}

/// Motions of one arm, by what is read from them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoomCounts {
    /// The thing that can cause the goal sets off first, and the target moves after it.
    pub success: usize,
    /// One that is barred does.
    pub barred: usize,
    /// An obstacle does.
    pub obstacle: usize,
    /// The target sets off by itself.
    pub spontaneous: usize,
    /// Nothing moves, or the target does not.
    pub still: usize,
    /// Cells of one thing part, or a number is not finite.
    pub degraded: usize,
}

impl RoomCounts {
    /// Motions that are not degraded.
    pub fn valid(&self) -> usize {
        self.success + self.barred + self.obstacle + self.spontaneous + self.still
    }

    /// All motions.
    pub fn all(&self) -> usize {
        self.valid() + self.degraded
    }
}

/// One room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoomResult {
    /// Scenes.
    pub scenes: usize,
    /// By arm, in the order of [`RoomArm::ALL`].
    pub arms: Vec<RoomCounts>,
    /// Scenes whose goal is met after correction, objects and surface known: by model, random, nearest and aligned objects,
    /// search.
    pub corrected: [usize; 5],
    /// Scenes in which the first proposal of the same pushes the thing that can.
    pub initiator: [usize; 5],
    /// Pushes that break the gate's promise, of all five.
    pub pushes_unsafe: usize,
}

/// What every chooser is given; masses are not shown, as in the published scenes.
const KNOWN: [KnownPart; 2] = [KnownPart::Objects, KnownPart::Surface];

const CHOOSERS: [PushChooser; 5] =
    [PushChooser::Model, PushChooser::Random, PushChooser::Nearest, PushChooser::Aligned, PushChooser::Search];

/// Runs all arms.
///
/// # Errors
/// If the engine fails.
pub(super) fn measure(
    room: Room,
    seed: u64,
    scenes: usize,
    planner: &mut GoalForcePlanner,
) -> Result<RoomResult, StudyError> {
    let cases = PushCase::draw_room(room, MAX_TILT_RAD, planner.spec().picture_px, seed, scenes);
    if cases.len() < scenes {
        return Err(StudyError::failed(format!(
            "{room:?}, seed {seed}: expected {scenes} scenes in which one thing alone can cause the goal, got {}",
            cases.len()
        )));
    }
    let mut arms = vec![RoomCounts::default(); RoomArm::ALL.len()];
    for case in &cases {
        let seen = case.seen(planner.spec(), &KNOWN).map_err(StudyError::failed)?;
        for (arm, counts) in RoomArm::ALL.into_iter().zip(&mut arms) {
            let rgb = if arm == RoomArm::NoObstacles { &case.rgb_without_obstacles } else { &case.picture.rgb };
            let goal = [seen.force];
            let control = match arm {
                RoomArm::NoControl => ControlSignal::default(),
                RoomArm::Model | RoomArm::NoObstacles => ControlSignal { goal: &goal, ..ControlSignal::default() },
            };
            let (cells, width) = (planner.spec().cells(), planner.spec().picture_px as f64);
            let size = 2 * planner.frames() * cells;
            let motion = &planner.predict(rgb, control, case.seed).map_err(StudyError::failed)?[..size];
            count(case, &seen, motion, cells, width, counts);
        }
    }
    let mut evaluation = PushEvaluation::new(planner.spec().clone(), planner.candidates()).knowing(&KNOWN);
    let (mut corrected, mut initiator, mut pushes_unsafe) = ([0; CHOOSERS.len()], [0; CHOOSERS.len()], 0);
    for (index, chooser) in CHOOSERS.into_iter().enumerate() {
        let summary = evaluation.run(chooser, &cases, Some(planner), || ()).map_err(StudyError::failed)?;
        corrected[index] = summary.outcomes.iter().filter(|outcome| outcome.corrected).count();
        initiator[index] = summary.outcomes.iter().filter(|outcome| outcome.initiator).count();
        pushes_unsafe += summary.pushes_unsafe;
    }
    Ok(RoomResult { scenes: cases.len(), arms, corrected, initiator, pushes_unsafe })
}

fn count(case: &PushCase, seen: &SeenScene, motion: &[f32], cells: usize, width_px: f64, counts: &mut RoomCounts) {
    let bodies = &case.truth.scene.bodies;
    let movable = seen.cells.iter().zip(bodies).filter(|(_, body)| body.moves);
    if movable.into_iter().any(|(object, _)| has_parted(motion, cells, object)) {
        counts.degraded += 1;
        return;
    }
    let all = tracks(motion, cells, &seen.cells);
    let counted = match read_push(&all, seen.goal.body, width_px, |_| true) {
        Ok(reading) if case.feasible[reading.initiator].is_some() => &mut counts.success,
        Ok(reading) if bodies[reading.initiator].moves => &mut counts.barred,
        Ok(_) => &mut counts.obstacle,
        Err(ReadFault::Spontaneous) => &mut counts.spontaneous,
        Err(ReadFault::NothingMoves | ReadFault::TargetStill) => &mut counts.still,
        Err(ReadFault::NotFinite) => &mut counts.degraded,
    };
    *counted += 1;
}

/// Whether the cells of a thing end in other places to one another than they began.
pub(super) fn has_parted(motion: &[f32], cells: usize, object: &ObjectCells) -> bool {
    let way = |cell: &usize| {
        let sum = |axis: usize| -> f64 {
            (0..FRAMES).filter_map(|frame| motion.get((2 * frame + axis) * cells + cell)).map(|v| f64::from(*v)).sum()
        };
        [sum(0), sum(1)]
    };
    let ways: Vec<[f64; 2]> = object.cells.iter().map(way).collect();
    let middle = |axis: usize| {
        let mut values: Vec<f64> = ways.iter().map(|way| way[axis]).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or_default()
    };
    let centre = [middle(0), middle(1)];
    let mut off: Vec<f64> = ways.iter().map(|way| (way[0] - centre[0]).hypot(way[1] - centre[1])).collect();
    off.sort_by(f64::total_cmp);
    // The lower of two for an even number: of two cells one is the middle itself.
    off.get(off.len() / 2).is_some_and(|off| *off > PARTED_PX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_go_apart_have_parted_and_those_that_go_together_have_not() {
        let cells = 9;
        let object = ObjectCells { cells: vec![1, 2, 3, 4], centre_px: [5.0; 2] };
        let motion = |of: &dyn Fn(usize) -> f32| {
            let mut motion = vec![0.0; 2 * FRAMES * cells];
            for frame in 0..FRAMES {
                for cell in &object.cells {
                    motion[2 * frame * cells + cell] = of(*cell);
                }
            }
            motion
        };
        assert!(!has_parted(&motion(&|_| 2.0), cells, &object));
        assert!(has_parted(&motion(&|cell| if cell > 2 { 2.0 } else { 0.0 }), cells, &object));
        // One cell at its edge that stays behind does not part it.
        assert!(!has_parted(&motion(&|cell| if cell > 1 { 2.0 } else { 0.0 }), cells, &object));
        assert!(!has_parted(&motion(&|_| 2.0), cells, &ObjectCells::default()));
    }
}
