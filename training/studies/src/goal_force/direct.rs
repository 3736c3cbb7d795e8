//! Direct force: whether the object that is pushed sets off as asked, how far the predicted motion is from the simulated
//! one, and whether objects go farther the harder they are pushed (thesis, tables A7 and T4.1 by machine measures, and the
//! force linearity of chapter 3).

use planwright::planner::goal_force::{
    ControlSignal, Force, GoalForcePlanner, MassMark, PushRequest, SeenScene, tracks,
};
use planwright::world::scene::{
    Camera, FRAMES, Generated, Kind, Light, MAX_TILT_RAD, Picture, Push, Renderer, Scene, Simulation, Surface, Tracks,
    generate,
};
use planwright_training::statistics::median;
use planwright_training::study::StudyError;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Scenes' seeds begin here: no other evaluation has them.
const FIRST_SEED: u64 = 1 << 43;
/// Frames after which places are held against the simulation.
const COMPARED: [usize; 3] = [4, 8, 16];
/// Frames over which the direction and speed at the start are taken.
const FIRST_FRAMES: usize = 2;
/// A detection is a body's within this of where its centre is seen, px.
const SAME_PX: f64 = 3.0;
/// An object moves once it is farther from its start than this, px: as pushes are read.
const MOVES_PX: f64 = 1.3;
/// Pushes of the linearity test, m/s: the fastest leaves the ball on the table.
const FORCES_MPS: [f64; 8] = [0.1, 0.17, 0.24, 0.31, 0.38, 0.45, 0.52, 0.59];
/// Masses of the ball in the linearity test, kg.
const MASSES_KG: [f64; 2] = [1.3, 3.7];
/// Frame whose distance from the start is measured.
const FAR_FRAME: usize = 6;

/// What a motion is predicted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arm {
    /// The direct force.
    Model,
    /// No control signal.
    Unconditional,
    /// Nothing: every object stays where it is.
    Still,
}

impl Arm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Model, Self::Unconditional, Self::Still];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Unconditional => "without control signal",
            Self::Still => "standing still",
        }
    }
}

/// Figures of one arm on the same scenes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectRow {
    /// The arm.
    pub arm: Arm,
    /// Share of the scenes in which the pushed object moves, and no other before it.
    pub sets_off: f64,
    /// Of these: median angle in the picture between the start and the simulated one, degrees.
    pub angle_deg: Option<f64>,
    /// Of these: median speed of the start over the simulated one.
    pub speed_ratio: Option<f64>,
    /// Median distance of the pushed object from its simulated place after 4, 8 and 16 frames, px.
    pub pushed_off_px: [f64; 3],
    /// The same of the object that it strikes.
    pub struck_off_px: [f64; 3],
    /// Share of the scenes in which an object moves that the simulation leaves where it is.
    pub others_move: f64,
    /// Mean way of the cells in which no object is, px.
    pub ground_px: f64,
}

/// Force and distance for one mass.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinearityRow {
    /// Mass of the ball, kg.
    pub mass_kg: f64,
    /// By force: mean distance in the predicted motions, m.
    pub predicted_m: Vec<f64>,
    /// By force: mean distance in the simulation, m.
    pub simulated_m: Vec<f64>,
    /// Squared correlation of force and distance over all motions.
    pub r_squared: f64,
    /// The same over the means by force.
    pub r_squared_of_means: f64,
    /// That of the simulation, over all motions.
    pub simulated_r_squared: f64,
}

/// Results on scenes of one seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Direct {
    /// Scenes with a struck ball.
    pub scenes: usize,
    /// By arm.
    pub rows: Vec<DirectRow>,
    /// Balls of the linearity test; each is pushed with every force and mass.
    pub balls: usize,
    /// By mass.
    pub linearity: Vec<LinearityRow>,
    /// Two forces at once.
    pub several: Several,
}

/// Two balls that are pushed at once and do not meet: with both forces in one signal, each beside its own alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Several {
    /// Scenes.
    pub scenes: usize,
    /// Of the balls of these, two a scene: set off with both forces.
    pub both: usize,
    /// Set off with its own force alone.
    pub alone: usize,
    /// Of the scenes: both balls set off with both forces.
    pub scenes_both: usize,
    /// Set off though only the other one is pushed.
    pub by_the_other: usize,
    /// Median angle of the start to its force in the picture, with both and alone, degrees; `None` where nothing sets off.
    pub angle_deg: [Option<f64>; 2],
}

/// Places of an object by frame, px.
type Way = [[f64; 2]; FRAMES + 1];

/// A picture of a scene and what is seen in it.
struct Look {
    camera: Camera,
    rgb: Vec<u8>,
    seen: SeenScene,
    /// By body: its detection.
    detections: Vec<Option<usize>>,
}

impl Look {
    /// `None` where the two objects that count are not found.
    fn at(scene: &Scene, seed: u64, counts: &[usize], planner: &GoalForcePlanner) -> Option<Self> {
        let spec = planner.spec();
        let camera = Camera::random(scene.table.half_m, MAX_TILT_RAD, [spec.picture_px; 2], seed).ok()?;
        let light = Light::random(&mut ChaCha8Rng::seed_from_u64(seed));
        let mut picture = Picture::default();
        Renderer::new(false).render(scene, &camera, &light, &mut picture);
        let px = |body: usize| camera.project(scene.bodies[body].centre_m());
        // The goal is not used: the request is what finds objects and their cells.
        let request = PushRequest {
            rgb: &picture.rgb,
            camera: &camera,
            target_px: px(*counts.first()?)?,
            direction_rad: 0.0,
            speed_mps: spec.goal_mps[1],
            masses: &[],
            surface: Surface::default(),
        };
        let seen = SeenScene::new(&request, spec).ok()?;
        let near = |body: usize| {
            let at = px(body)?;
            seen.detections.iter().position(|found| {
                (found.centre_px[0] - at[0]).hypot(found.centre_px[1] - at[1]) < SAME_PX && found.round
            })
        };
        let detections: Vec<Option<usize>> = (0..scene.bodies.len()).map(near).collect();
        counts.iter().all(|body| detections[*body].is_some()).then_some(Self {
            camera,
            rgb: picture.rgb,
            seen,
            detections,
        })
    }

    fn force(&self, scene: &Scene, push: &Push, planner: &GoalForcePlanner) -> Option<Force> {
        let [low, high] = planner.spec().direct_mps;
        let body = &scene.bodies[push.body];
        let (at_px, direction_rad) = self.camera.direction_px(body.centre_m(), push.direction_rad)?;
        Some(Force { at_px, direction_rad, share: (push.speed_mps - low) / (high - low) })
    }

    /// Places of every body by frame, px; those without a detection are left out. With the mean way of the cells without an
    /// object, px.
    fn predicted(
        &self,
        control: ControlSignal<'_>,
        planner: &mut GoalForcePlanner,
        seed: u64,
    ) -> Result<(Vec<Option<Way>>, f64), StudyError> {
        let spec = planner.spec();
        let (cells, side, cell_px, width) = (spec.cells(), spec.side(), spec.cell_px, spec.picture_px);
        let size = 2 * planner.frames() * cells;
        let motions = planner.predict(&self.rgb, control, seed).map_err(StudyError::failed)?;
        let ways = tracks(&motions[..size], cells, &self.seen.cells);
        let mut is_ground = vec![true; cells];
        for pixel in self.seen.detections.iter().flat_map(|found| &found.pixels) {
            is_ground[pixel / width / cell_px * side + pixel % width / cell_px] = false;
        }
        let way = |cell: usize| {
            let sum = |axis: usize| -> f64 {
                (0..FRAMES).map(|frame| f64::from(motions[(2 * frame + axis) * cells + cell])).sum()
            };
            sum(0).hypot(sum(1))
        };
        let ground: Vec<f64> = (0..cells).filter(|cell| is_ground[*cell]).map(way).collect();
        let ground_px = ground.iter().sum::<f64>() / ground.len().max(1) as f64;
        Ok((self.detections.iter().map(|found| found.map(|found| ways[found])).collect(), ground_px))
    }

    /// Where a body is seen in a frame of the simulation, px.
    fn simulated(&self, tracks: &Tracks, body: usize, frame: usize) -> Option<[f64; 2]> {
        self.camera.project(tracks.bodies[body].get(frame)?.map(f64::from))
    }
}

/// Measures both parts.
///
/// # Errors
/// If the engine fails.
pub(crate) fn measure(seed: u64, scenes: usize, planner: &mut GoalForcePlanner) -> Result<Direct, StudyError> {
    let mut found: Vec<(Generated, usize, Look)> = Vec::new();
    let mut free: Vec<Generated> = Vec::new();
    for number in 0..40 * scenes as u64 {
        if found.len() == scenes {
            break;
        }
        let made = generate(Kind::Balls, FIRST_SEED + seed * 1_000_003 + number, false);
        let struck = made.tracks.contacts.first().filter(|contact| contact.bodies[0] == made.push.body);
        if let Some(struck) = struck.map(|contact| contact.bodies[1])
            && let Some(look) = Look::at(&made.scene, made.seed, &[made.push.body, struck], planner)
        {
            free.push(made.clone());
            found.push((made, struck, look));
        }
    }
    if found.is_empty() {
        return Err(StudyError::failed(std::io::Error::other("expected scenes in which a ball is struck, found none")));
    }
    let rows = Arm::ALL.into_iter().map(|arm| row(arm, &found, planner)).collect::<Result<Vec<_>, _>>()?;
    let balls = &free[..free.len().min(scenes / 5 + 1)];
    let linearity = MASSES_KG.into_iter().map(|mass_kg| linear(mass_kg, balls, planner)).collect::<Result<_, _>>()?;
    let several = several(balls, planner)?;
    Ok(Direct { scenes: found.len(), rows, balls: balls.len(), linearity, several })
}

fn row(arm: Arm, scenes: &[(Generated, usize, Look)], planner: &mut GoalForcePlanner) -> Result<DirectRow, StudyError> {
    let (mut sets_off, mut angles, mut ratios) = (0_usize, Vec::new(), Vec::new());
    let (mut others_move, mut ground) = (0_usize, 0.0);
    let mut off: [[Vec<f64>; 3]; 2] = Default::default();
    for (made, struck, look) in scenes {
        let pushed = made.push.body;
        let force = look.force(&made.scene, &made.push, planner);
        let forces: Vec<Force> = force.into_iter().collect();
        let (ways, ground_px) = match arm {
            Arm::Still => {
                let stay = |found: usize| [look.seen.detections[found].centre_px; FRAMES + 1];
                (look.detections.iter().map(|found| found.map(stay)).collect(), 0.0)
            }
            Arm::Model => {
                let control = ControlSignal { direct: &forces, ..ControlSignal::default() };
                look.predicted(control, planner, made.seed)?
            }
            Arm::Unconditional => look.predicted(ControlSignal::default(), planner, made.seed)?,
        };
        for (values, body) in off.iter_mut().zip([pushed, *struck]) {
            let Some(way) = &ways[body] else { continue };
            for (values, frame) in values.iter_mut().zip(COMPARED) {
                if let Some(there) = look.simulated(&made.tracks, body, frame) {
                    // From where each of the two begins: the error of segmentation is not that of the motion.
                    let begin = look.simulated(&made.tracks, body, 0).unwrap_or(way[0]);
                    let at = |axis: usize| way[frame][axis] - way[0][axis] - (there[axis] - begin[axis]);
                    values.push(at(0).hypot(at(1)));
                }
            }
        }
        let start = |way: &Way| way.iter().position(|at| (at[0] - way[0][0]).hypot(at[1] - way[0][1]) > MOVES_PX);
        let stays =
            |body: usize| body != pushed && made.tracks.contacts.iter().all(|contact| !contact.bodies.contains(&body));
        let moves = |(body, way): (usize, &Option<Way>)| stays(body) && way.as_ref().and_then(start).is_some();
        others_move += usize::from(ways.iter().enumerate().any(moves));
        ground += ground_px;
        let Some(own) = &ways[pushed] else { continue };
        let Some(first) = start(own) else { continue };
        let others = ways.iter().enumerate().filter(|(body, _)| *body != pushed);
        let earliest = others.filter_map(|(_, way)| way.as_ref().and_then(start)).min();
        if earliest.is_some_and(|earliest| earliest < first) {
            continue;
        }
        sets_off += 1;
        let moved = |from: [f64; 2], to: [f64; 2]| [to[0] - from[0], to[1] - from[1]];
        let predicted = moved(own[0], own[FIRST_FRAMES]);
        let places = [0, FIRST_FRAMES].map(|frame| look.simulated(&made.tracks, pushed, frame));
        if let [Some(from), Some(to)] = places {
            let simulated = moved(from, to);
            let turn = predicted[1].atan2(predicted[0]) - simulated[1].atan2(simulated[0]);
            angles.push(turn.sin().atan2(turn.cos()).abs().to_degrees());
            ratios.push(predicted[0].hypot(predicted[1]) / simulated[0].hypot(simulated[1]).max(1e-9));
        }
    }
    let medians = |values: [Vec<f64>; 3]| values.map(|values| median(values).unwrap_or(f64::NAN));
    let [pushed, struck] = off;
    Ok(DirectRow {
        arm,
        sets_off: sets_off as f64 / scenes.len().max(1) as f64,
        angle_deg: median(angles),
        speed_ratio: median(ratios),
        pushed_off_px: medians(pushed),
        struck_off_px: medians(struck),
        others_move: others_move as f64 / scenes.len().max(1) as f64,
        ground_px: ground / scenes.len().max(1) as f64,
    })
}

/// A ball beside one that stands aside, pushed through its middle with every force.
fn linear(mass_kg: f64, balls: &[Generated], planner: &mut GoalForcePlanner) -> Result<LinearityRow, StudyError> {
    let mut simulation = Simulation::new();
    let mut predicted: Vec<Vec<f64>> = vec![Vec::new(); FORCES_MPS.len()];
    let mut simulated = predicted.clone();
    for made in balls {
        let mut ball = made.scene.bodies[made.push.body];
        let direction_rad = made.push.direction_rad;
        let (sin, cos) = direction_rad.sin_cos();
        ball.mass_kg = mass_kg;
        ball.position_m = [-0.4 * cos, -0.4 * sin];
        // Objects are requested in pairs; the other one stands aside.
        let mut aside = made.scene.bodies[made.tracks.contacts[0].bodies[1]];
        aside.position_m = [-0.55 * sin, 0.55 * cos];
        let scene = Scene { bodies: vec![ball, aside], table: made.scene.table };
        let Some(look) = Look::at(&scene, made.seed, &[0], planner) else { continue };
        let [low, high] = planner.spec().mass_kg;
        let share = (mass_kg - low) / (high - low);
        for (force, mps) in FORCES_MPS.into_iter().enumerate() {
            let push = Push { body: 0, direction_rad, speed_mps: mps };
            let Some(direct) = look.force(&scene, &push, planner) else { continue };
            let mark = MassMark { at_px: direct.at_px, share };
            let control = ControlSignal { direct: &[direct], goal: &[], masses: &[mark], wind: None };
            let (ways, _) = look.predicted(control, planner, made.seed.wrapping_add(force as u64))?;
            let height_m = ball.shape.rest_height_m();
            let place = |px: [f64; 2]| look.camera.on_plane(px, height_m);
            let Some(way) = &ways[0] else { continue };
            let (Some(from), Some(to)) = (place(way[0]), place(way[FAR_FRAME])) else { continue };
            predicted[force].push((to[0] - from[0]).hypot(to[1] - from[1]));
            let tracks = simulation.run(&scene, &push);
            let [from, to] = [0, FAR_FRAME].map(|frame| tracks.bodies[0][frame].map(f64::from));
            simulated[force].push((to[0] - from[0]).hypot(to[1] - from[1]));
        }
    }
    let mean = |values: &Vec<f64>| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let pairs = |by_force: &[Vec<f64>]| -> Vec<[f64; 2]> {
        let of = |(mps, values): (f64, &Vec<f64>)| values.iter().map(|value| [mps, *value]).collect::<Vec<_>>();
        FORCES_MPS.into_iter().zip(by_force).flat_map(of).collect()
    };
    let predicted_m: Vec<f64> = predicted.iter().map(mean).collect();
    let means: Vec<[f64; 2]> = FORCES_MPS.into_iter().zip(&predicted_m).map(|(mps, m)| [mps, *m]).collect();
    Ok(LinearityRow {
        mass_kg,
        r_squared: r_squared(&pairs(&predicted)),
        r_squared_of_means: r_squared(&means),
        simulated_r_squared: r_squared(&pairs(&simulated)),
        simulated_m: simulated.iter().map(mean).collect(),
        predicted_m,
    })
}

/// Two balls side by side, pushed away from one another at angles of their own.
fn several(balls: &[Generated], planner: &mut GoalForcePlanner) -> Result<Several, StudyError> {
    let mut found = Several { scenes: 0, both: 0, alone: 0, scenes_both: 0, by_the_other: 0, angle_deg: [None; 2] };
    let (mut with_both, mut with_own) = (Vec::new(), Vec::new());
    for made in balls {
        let heading = made.push.direction_rad;
        let (sin, cos) = heading.sin_cos();
        let mut pair = [made.push.body, made.tracks.contacts[0].bodies[1]].map(|body| made.scene.bodies[body]);
        pair[0].position_m = [0.25 * cos, 0.25 * sin];
        pair[1].position_m = [-0.25 * cos, -0.25 * sin];
        let scene = Scene { bodies: pair.to_vec(), table: made.scene.table };
        let Some(look) = Look::at(&scene, made.seed, &[0, 1], planner) else { continue };
        // Away from one another, up to a radian to the side, by the scene's seed.
        let side = (made.seed % 9) as f64 / 4.0 - 1.0;
        let pushes = [heading + side, heading + std::f64::consts::PI - 0.5 * side]
            .into_iter()
            .enumerate()
            .map(|(body, direction_rad)| Push { body, direction_rad, speed_mps: made.push.speed_mps });
        let forces: Vec<Force> = pushes.filter_map(|push| look.force(&scene, &push, planner)).collect();
        let [first, second] = forces[..] else { continue };
        found.scenes += 1;
        let mut moved = |direct: &[Force]| -> Result<[Option<f64>; 2], StudyError> {
            let control = ControlSignal { direct, ..ControlSignal::default() };
            let (ways, _) = look.predicted(control, planner, made.seed)?;
            Ok([0, 1].map(|body| {
                let way = ways[body].as_ref()?;
                let to = way.iter().find(|at| (at[0] - way[0][0]).hypot(at[1] - way[0][1]) > MOVES_PX)?;
                // Angles in the picture are counter-clockwise, its rows go down.
                let angle = (way[0][1] - to[1]).atan2(to[0] - way[0][0]) - [first, second][body].direction_rad;
                Some(angle.sin().atan2(angle.cos()).abs().to_degrees())
            }))
        };
        let (both, one, other) = (moved(&[first, second])?, moved(&[first])?, moved(&[second])?);
        found.scenes_both += usize::from(both.iter().all(Option::is_some));
        found.both += both.iter().flatten().count();
        with_both.extend(both.into_iter().flatten());
        let own = [one[0], other[1]];
        found.alone += own.iter().flatten().count();
        with_own.extend(own.into_iter().flatten());
        found.by_the_other += [one[1], other[0]].iter().flatten().count();
    }
    found.angle_deg = [median(with_both), median(with_own)];
    Ok(found)
}

/// Squared correlation of two values; 0 where one does not vary.
fn r_squared(pairs: &[[f64; 2]]) -> f64 {
    let count = pairs.len().max(1) as f64;
    let mean = [0, 1].map(|axis| pairs.iter().map(|pair| pair[axis]).sum::<f64>() / count);
    let sum = |a: usize, b: usize| pairs.iter().map(|pair| (pair[a] - mean[a]) * (pair[b] - mean[b])).sum::<f64>();
    let spread = sum(0, 0) * sum(1, 1);
    if spread > 0.0 { sum(0, 1).powi(2) / spread } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_squared_correlation_is_one_on_a_line_and_known_off_it() {
        let line: Vec<[f64; 2]> = (0..5).map(|x| [f64::from(x), 3.0 - 2.0 * f64::from(x)]).collect();
        assert!((r_squared(&line) - 1.0).abs() < 1e-12);
        // x = 0, 1, 2 and y = 0, 1, 0: no correlation.
        assert!(r_squared(&[[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]]).abs() < 1e-12);
        // x = 0, 1, 2 and y = 0, 0, 1: 1 / (2 * 2/3).
        assert!((r_squared(&[[0.0, 0.0], [1.0, 0.0], [2.0, 1.0]]) - 0.75).abs() < 1e-12);
        assert_eq!(r_squared(&[]), 0.0);
        assert_eq!(r_squared(&[[1.0, 2.0], [1.0, 3.0]]), 0.0);
    }
}
