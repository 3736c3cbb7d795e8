//! Whether a model pushes as masses ask: for a fixed goal a heavier target needs a faster push, a heavier pushed ball a
//! slower one (thesis, figure 4.6).

use planwright::correction::{PushLimits, correct_push};
use planwright::planner::goal_force::{GoalForcePlanner, PushRequest, SeenScene};
use planwright::world::scene::{
    Camera, Generated, Goal, Kind, Light, Picture, Renderer, Scene, Simulation, Surface, generate, ghost_push,
};
use planwright_training::study::StudyError;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// The goal, m/s.
const GOAL_MPS: f64 = 0.25;
/// Motions per scene.
const MOTIONS: u64 = 3;
/// Scenes' seeds begin here: no other evaluation has them.
const FIRST_SEED: u64 = 1 << 42;
/// A detection is a body's within this of where its centre is seen, px.
const SAME_PX: f64 = 3.0;

/// Masses within those of training, or beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MassTest {
    /// 1.3 and 3.7 kg.
    Within,
    /// 0.7 and 5 kg.
    Beyond,
}

impl MassTest {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Within, Self::Beyond];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Within => "masses-within",
            Self::Beyond => "masses-beyond",
        }
    }

    fn kg(self) -> [f64; 2] {
        match self {
            Self::Within => [1.3, 3.7],
            Self::Beyond => [0.7, 5.0],
        }
    }
}

/// Pushes with one pair of masses.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MassCell {
    /// Of the pushed ball, kg.
    pub pushed_kg: f64,
    /// Of the target, kg.
    pub target_kg: f64,
    /// Mean speed of the push as it is read, m/s.
    pub read_mps: f64,
    /// Mean speed that the goal needs in the true scene, m/s.
    pub true_mps: f64,
}

/// All four pairs on the same scenes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MassRelations {
    /// Scenes in which every pair has a push of the ball that was pushed there.
    pub scenes: usize,
    /// Light and light, light and heavy, heavy and light, heavy and heavy: pushed ball and target.
    pub cells: Vec<MassCell>,
    /// Scenes in which the relation holds, by relation: a heavier target is struck faster, by the light and by the heavy
    /// ball; a heavier ball is pushed slower, at the light and at the heavy target.
    pub holds: [usize; 4],
}

/// Measures the four pairs.
///
/// # Errors
/// If the engine fails.
pub(super) fn measure(
    test: MassTest,
    seed: u64,
    scenes: usize,
    planner: &mut GoalForcePlanner,
) -> Result<MassRelations, StudyError> {
    let [light, heavy] = test.kg();
    let pairs = [[light, light], [light, heavy], [heavy, light], [heavy, heavy]];
    let mut simulation = Simulation::new();
    let mut all: Vec<[[f64; 2]; 4]> = Vec::new();
    for number in 0..40 * scenes as u64 {
        if all.len() == scenes {
            break;
        }
        let made = generate(Kind::Balls, FIRST_SEED + seed * 1_000_003 + number, false);
        let mut speeds = [[0.0; 2]; 4];
        let mut complete = true;
        for (speed, masses) in speeds.iter_mut().zip(pairs) {
            let found = one(&made, masses, &mut simulation, planner)?;
            complete &= found.is_some();
            *speed = found.unwrap_or_default();
            if !complete {
                break;
            }
        }
        if complete {
            all.push(speeds);
        }
    }
    let count = all.len().max(1) as f64;
    let mean = |pair: usize, of: usize| all.iter().map(|speeds| speeds[pair][of]).sum::<f64>() / count;
    let cell = |(pair, [pushed_kg, target_kg]): (usize, [f64; 2])| MassCell {
        pushed_kg,
        target_kg,
        read_mps: mean(pair, 0),
        true_mps: mean(pair, 1),
    };
    let faster = |slow: usize, fast: usize| all.iter().filter(|speeds| speeds[fast][0] > speeds[slow][0]).count();
    Ok(MassRelations {
        scenes: all.len(),
        cells: pairs.into_iter().enumerate().map(cell).collect(),
        holds: [faster(0, 1), faster(2, 3), faster(2, 0), faster(3, 1)],
    })
}

/// Speeds of the push as it is read and as the goal needs it. `None` where the scene has no direct hit, the goal cannot be
/// met, or the model pushes another ball.
fn one(
    made: &Generated,
    [pushed_kg, target_kg]: [f64; 2],
    simulation: &mut Simulation,
    planner: &mut GoalForcePlanner,
) -> Result<Option<[f64; 2]>, StudyError> {
    let Some(goal) = made.goal.filter(|goal| is_direct(made, goal)) else { return Ok(None) };
    let goal = Goal { speed_mps: GOAL_MPS, ..goal };
    let pushed = made.push.body;
    let mut scene: Scene = made.scene.clone();
    scene.bodies[pushed].mass_kg = pushed_kg;
    scene.bodies[goal.body].mass_kg = target_kg;
    let Some(aimed) = ghost_push(&scene, pushed, &goal) else { return Ok(None) };
    let limits = PushLimits::default();
    let Ok(needed) = correct_push(aimed, &goal, &limits, |push| simulation.struck(&scene, push, goal.body)) else {
        return Ok(None);
    };
    let size = [planner.spec().picture_px; 2];
    let camera = Camera::over_table(scene.table.half_m, 0.3, 0.0, size).map_err(StudyError::failed)?;
    let mut picture = Picture::default();
    let light = Light::random(&mut ChaCha8Rng::seed_from_u64(made.seed));
    Renderer::new(false).render(&scene, &camera, &light, &mut picture);
    let px = |body: usize| camera.project(scene.bodies[body].centre_m());
    let masses: Vec<([f64; 2], f64)> =
        (0..scene.bodies.len()).filter_map(|body| Some((px(body)?, scene.bodies[body].mass_kg))).collect();
    let request = PushRequest {
        rgb: &picture.rgb,
        camera: &camera,
        target_px: px(goal.body).unwrap_or([f64::NAN; 2]),
        direction_rad: goal.direction_rad,
        speed_mps: goal.speed_mps,
        masses: &masses,
        surface: Surface::default(),
    };
    let (Ok(seen), Some(at)) = (SeenScene::new(&request, planner.spec()), px(pushed)) else { return Ok(None) };
    let is_pushed = |body: usize| {
        let [u, v] = seen.detections[body].centre_px;
        (u - at[0]).hypot(v - at[1]) < SAME_PX
    };
    let mut read = Vec::new();
    for motion in 0..MOTIONS {
        let proposals = planner.propose(&picture.rgb, &seen, &camera, made.seed.wrapping_add(motion));
        for proposal in proposals.map_err(StudyError::failed)?.into_iter().flatten() {
            if is_pushed(proposal.push.body) {
                read.push(proposal.push.speed_mps);
            }
        }
    }
    let mean = read.iter().sum::<f64>() / read.len().max(1) as f64;
    Ok((!read.is_empty()).then_some([mean, needed.push.speed_mps]))
}

/// Whether the pushed ball itself strikes the target, first of all and nearly head on.
fn is_direct(made: &Generated, goal: &Goal) -> bool {
    let first = made.tracks.contacts.first().is_some_and(|contact| contact.bodies == [made.push.body, goal.body]);
    let off = made.push.direction_rad - goal.direction_rad;
    first && off.sin().atan2(off.cos()).abs() < 0.5
}
