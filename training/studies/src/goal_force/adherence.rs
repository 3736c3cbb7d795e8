//! How well predicted motions keep to the goal and to mechanics (thesis, table 4.1, by machine measures instead of people):
//! adherence is the error of the target's first velocity against the goal, realism the distance from the simulation of the push
//! as it is read, quality the share of motions in which the cells of one thing part. Beside the goal as it is stand the goal as a
//! label, as text tells it, and no goal.

use super::rooms::has_parted;
use planwright::evaluate::{KnownPart, PushCase};
use planwright::planner::goal_force::{ControlSignal, GoalForcePlanner, SeenScene, read, tracks};
use planwright::world::scene::{Camera, FRAME_SECS, FRAMES, Kind, MAX_TILT_RAD, Simulation, Tracks};
use planwright_training::statistics::median;
use planwright_training::study::StudyError;
use serde::{Deserialize, Serialize};

/// Objects and surface are given: what is measured is the motion, not the segmentation.
const KNOWN: [KnownPart; 2] = [KnownPart::Objects, KnownPart::Surface];
/// Frames after which places are compared.
const COMPARED: [usize; 2] = [8, FRAMES];

/// A class of scenes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GoalClass {
    /// A ball strikes another.
    Balls,
    /// A row of six dominos.
    Dominos,
    /// Things that slide, and tools.
    Tools,
}

impl GoalClass {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Balls, Self::Dominos, Self::Tools];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Balls => "balls",
            Self::Dominos => "dominos",
            Self::Tools => "tools",
        }
    }

    fn cases(self, picture_px: usize, seed: u64, scenes: usize) -> Vec<PushCase> {
        match self {
            Self::Balls => PushCase::draw(Kind::Balls, false, MAX_TILT_RAD, picture_px, seed, scenes),
            Self::Dominos => PushCase::draw_rows(MAX_TILT_RAD, picture_px, seed, scenes),
            Self::Tools => PushCase::draw(Kind::Tools, false, MAX_TILT_RAD, picture_px, seed, scenes),
        }
    }
}

/// What the network is given beside the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Told {
    /// The goal.
    Goal,
    /// The goal as one of eight directions and three speeds.
    Label,
    /// Nothing.
    Nothing,
}

impl Told {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Goal, Self::Label, Self::Nothing];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Goal => "goal",
            Self::Label => "label",
            Self::Nothing => "nothing",
        }
    }
}

/// One arm on the scenes of a class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdherenceArm {
    /// What the network is given.
    pub told: Told,
    /// Motions from which a push is read.
    pub read: usize,
    /// Motions in which the cells of one thing part.
    pub parted: usize,
    /// Of those read: median angle of the target's first velocity to the goal in the picture, degrees.
    pub angle_deg: Option<f64>,
    /// Of those read: median of its speed over the goal's.
    pub speed_ratio: Option<f64>,
    /// Of those read: median distance of pushed thing and target from their places in the simulation of the push as it is read,
    /// after 8 and 16 frames, px.
    pub off_px: Option<[f64; 2]>,
}

/// One class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adherence {
    /// The class.
    pub class: GoalClass,
    /// Scenes.
    pub scenes: usize,
    /// By what the network is given.
    pub arms: Vec<AdherenceArm>,
}

/// Runs all arms.
///
/// # Errors
/// If the engine fails.
pub(super) fn measure(
    class: GoalClass,
    seed: u64,
    scenes: usize,
    planner: &mut GoalForcePlanner,
) -> Result<Adherence, StudyError> {
    let cases = class.cases(planner.spec().picture_px, seed, scenes);
    let mut arms = Vec::new();
    for told in Told::ALL {
        arms.push(arm(told, &cases, planner)?);
    }
    Ok(Adherence { class, scenes: cases.len(), arms })
}

fn arm(told: Told, cases: &[PushCase], planner: &mut GoalForcePlanner) -> Result<AdherenceArm, StudyError> {
    let (cells, width_px) = (planner.spec().cells(), planner.spec().picture_px as f64);
    let size = 2 * planner.frames() * cells;
    let mut simulation = Simulation::new();
    let mut counted = AdherenceArm { told, read: 0, parted: 0, angle_deg: None, speed_ratio: None, off_px: None };
    let (mut angles, mut ratios, mut off) = (Vec::new(), Vec::new(), [Vec::new(), Vec::new()]);
    for case in cases {
        // A request that is refused has no motion.
        let Ok(seen) = case.seen(planner.spec(), &KNOWN) else { continue };
        let goal = match told {
            Told::Goal => vec![seen.force],
            Told::Label => vec![seen.force.as_label()],
            Told::Nothing => Vec::new(),
        };
        let control = ControlSignal { goal: &goal, ..ControlSignal::default() };
        let motion = &planner.predict(&case.picture.rgb, control, case.seed).map_err(StudyError::failed)?[..size];
        let movable = seen.cells.iter().zip(&seen.scene.bodies).filter(|(_, body)| body.moves);
        if movable.into_iter().any(|(object, _)| has_parted(motion, cells, object)) {
            counted.parted += 1;
        }
        let Ok(proposal) = read(motion, cells, width_px, &seen, &case.camera) else { continue };
        counted.read += 1;
        let [u, v] = proposal.reading.target_px;
        let turn = (-v).atan2(u) - seen.force.direction_rad;
        angles.push(turn.sin().atan2(turn.cos()).abs().to_degrees());
        if let Some(wanted) = wanted_px(&seen, &case.camera) {
            ratios.push(u.hypot(v) / wanted.max(1e-9));
        }
        let simulated = simulation.run(&case.truth.scene, &proposal.push);
        let ways = tracks(motion, cells, &seen.cells);
        for (values, frame) in off.iter_mut().zip(COMPARED) {
            for body in [proposal.push.body, seen.goal.body] {
                if let Some(there) = moved_px(&simulated, body, frame, &case.camera) {
                    let own = [0, 1].map(|axis| ways[body][frame][axis] - ways[body][0][axis]);
                    values.push((own[0] - there[0]).hypot(own[1] - there[1]));
                }
            }
        }
    }
    (counted.angle_deg, counted.speed_ratio) = (median(angles), median(ratios));
    let [early, late] = off.map(median);
    counted.off_px = early.zip(late).map(|(early, late)| [early, late]);
    Ok(counted)
}

/// The target's speed in the picture that the goal asks for, px per frame.
fn wanted_px(seen: &SeenScene, camera: &Camera) -> Option<f64> {
    let centre = seen.scene.bodies[seen.goal.body].centre_m();
    let way = seen.goal.speed_mps * FRAME_SECS;
    let (sin, cos) = seen.goal.direction_rad.sin_cos();
    let [from, to] = [centre, [centre[0] + way * cos, centre[1] + way * sin, centre[2]]].map(|at| camera.project(at));
    let (from, to) = (from?, to?);
    Some((to[0] - from[0]).hypot(to[1] - from[1]))
}

/// Where a body is seen in a frame of the simulation, from where it was at rest, px.
fn moved_px(tracks: &Tracks, body: usize, frame: usize, camera: &Camera) -> Option<[f64; 2]> {
    let [from, to] = [0, frame].map(|frame| camera.project(tracks.bodies[body][frame].map(f64::from)));
    let (from, to) = (from?, to?);
    Some([to[0] - from[0], to[1] - from[1]])
}
