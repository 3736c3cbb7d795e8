//! Scenes of an evaluation, each with a camera's picture, a goal, and which objects can cause it.

use super::feasible::feasible;
use super::known::{KnownPart, true_objects, visible_px};
use crate::model::GoalForceSpec;
use crate::planner::goal_force::{PushRequest, RequestFault, SeenScene};
use crate::world::scene::{
    Camera, Cells, Generated, Goal, Kind, Light, Picture, Push, Renderer, Room, Scene, Simulation, Surface, domino_row,
    generate, ghost_push,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Objects of a scene that can be pushed, the target apart, at least.
const LEAST_CANDIDATES: usize = 3;
/// Scenes looked at for each that fits.
const TRIES: u64 = 60;
/// Cameras that are tried for a scene.
const CAMERAS: u64 = 20;
/// A detection is a body's if it is nearer than this to where the body's centre is seen, pixels.
const SAME_PX: f64 = 3.0;

/// A scene with its picture and its goal.
#[derive(Clone, Debug)]
pub struct PushCase {
    /// Seed of the scene.
    pub seed: u64,
    /// The true scene, with the push that made its goal.
    pub truth: Generated,
    /// The goal for its target.
    pub goal: Goal,
    /// Which bodies can cause it, by body: a push that does.
    pub feasible: Vec<Option<Push>>,
    /// Which bodies cannot, but could if there were no obstacles, by body.
    pub barred: Vec<bool>,
    /// The camera.
    pub camera: Camera,
    /// Its picture.
    pub picture: Picture,
    /// The same picture without the obstacles.
    pub rgb_without_obstacles: Vec<u8>,
    /// Whether masses are shown.
    pub masses_shown: bool,
}

impl PushCase {
    /// The first `count` scenes of a kind, from a seed on, with a goal, at least three objects to choose from, and at least
    /// one that can and one that cannot cause it.
    pub fn draw(kind: Kind, held_out: bool, max_tilt_rad: f64, size: usize, seed: u64, count: usize) -> Vec<Self> {
        first(seed, count, |seed, simulation| Self::of(kind, held_out, max_tilt_rad, size, seed, simulation))
    }

    /// The first `count` scenes of a room, from a seed on, in which one of its three things (of dominos: one of its three
    /// lines) can cause the goal and obstacles alone keep the others from it. Each of the nine classes of nearest, middle and
    /// farthest one on the left, in the middle and on the right can in turn, but for dominos, of which the nearest line always
    /// does. The camera sees enough of each, and masses are not shown. Balanced for multiples of nine. Fewer where
    /// too few seeds have such a scene. [`Room::generate_as`] with the class gives the scene of a case again.
    pub fn draw_room(room: Room, max_tilt_rad: f64, size: usize, seed: u64, count: usize) -> Vec<Self> {
        let mut drawn = 0;
        first(seed, count, |seed, simulation| {
            let truth = room.generate_as(Some(drawn), seed);
            (room == Room::Dominos || rank(&truth) == Some(drawn % 3)).then_some(())?;
            let case = Self::of_room(room, truth, max_tilt_rad, size, seed, simulation)?;
            drawn += 1;
            Some(case)
        })
    }

    /// The first `count` rows of six dominos, from a seed on, that the camera sees enough of; masses are not shown.
    pub fn draw_rows(max_tilt_rad: f64, size: usize, seed: u64, count: usize) -> Vec<Self> {
        first(seed, count, |seed, simulation| {
            let truth = domino_row(seed);
            let feasible = feasible(&truth.scene, &truth.goal?, simulation);
            let all_seen = |picture: &Picture| sees_all(&truth.scene, picture);
            let case = Self::build(truth.clone(), feasible, max_tilt_rad, size, seed, simulation, all_seen)?;
            Some(Self { masses_shown: false, ..case })
        })
    }

    fn of_room(
        room: Room,
        truth: Generated,
        max_tilt_rad: f64,
        size: usize,
        seed: u64,
        simulation: &mut Simulation,
    ) -> Option<Self> {
        let (goal, pushed) = (truth.goal?, truth.push.body);
        let lines = room == Room::Dominos;
        let feasible =
            if lines { reaching(&truth.scene, &goal, simulation) } else { feasible(&truth.scene, &goal, simulation) };
        let can: Vec<usize> = (0..feasible.len()).filter(|body| feasible[*body].is_some()).collect();
        // Of a line both dominos, of which the hindmost is pushed.
        if can != if lines { vec![pushed - 1, pushed] } else { vec![pushed] } {
            return None;
        }
        let all_seen = |picture: &Picture| sees_all(&truth.scene, picture);
        let case = Self::build(truth.clone(), feasible, max_tilt_rad, size, seed, simulation, all_seen)?;
        let barred = case.barred.iter().filter(|barred| **barred).count();
        (lines || barred == 2).then_some(Self { masses_shown: false, ..case })
    }

    fn of(
        kind: Kind,
        held_out: bool,
        max_tilt_rad: f64,
        size: usize,
        seed: u64,
        simulation: &mut Simulation,
    ) -> Option<Self> {
        let truth = generate(kind, seed, held_out);
        let goal = truth.goal?;
        let others = truth.scene.bodies.iter().filter(|body| body.moves).count() - 1;
        if others < LEAST_CANDIDATES {
            return None;
        }
        let feasible = feasible(&truth.scene, &goal, simulation);
        let can = feasible.iter().flatten().count();
        if can == 0 || can == others {
            return None;
        }
        Self::build(truth, feasible, max_tilt_rad, size, seed, simulation, |_| true)
    }

    /// A case of any scene with a goal, seen by the first random camera that fits.
    fn build(
        truth: Generated,
        feasible: Vec<Option<Push>>,
        max_tilt_rad: f64,
        size: usize,
        seed: u64,
        simulation: &mut Simulation,
        is_camera: impl Fn(&Picture) -> bool,
    ) -> Option<Self> {
        let goal = truth.goal?;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let light = Light::random(&mut rng);
        let picture_of = |scene: &Scene, camera: &Camera| {
            let mut picture = Picture::default();
            Renderer::new(false).render(scene, camera, &light, &mut picture);
            picture
        };
        let (camera, picture) = (0..CAMERAS).find_map(|number: u64| {
            let seed = seed.wrapping_add(number << 32);
            let camera = Camera::random(truth.scene.table.half_m, max_tilt_rad, [size; 2], seed).ok()?;
            let picture = picture_of(&truth.scene, &camera);
            is_camera(&picture).then_some((camera, picture))
        })?;
        let (kept, bodies): (Vec<usize>, Vec<_>) =
            truth.scene.bodies.iter().copied().enumerate().filter(|(_, body)| body.moves).unzip();
        let open = Scene { bodies, table: truth.scene.table };
        let rgb_without_obstacles = picture_of(&open, &camera).rgb;
        let barred = barred(&truth.scene, &feasible, &goal, (&kept, &open), simulation)?;
        let masses_shown = rng.random();
        Some(Self { seed, truth, goal, feasible, barred, camera, picture, rgb_without_obstacles, masses_shown })
    }

    /// Of the objects that can cause the goal or are barred from it, the share that is barred; `None` where none is.
    pub fn chance_barred(&self) -> Option<f64> {
        let barred = self.barred.iter().filter(|barred| **barred).count();
        let all = barred + self.feasible.iter().flatten().count();
        (barred > 0).then(|| barred as f64 / all as f64)
    }

    /// Share of the objects beside the target that can cause the goal.
    pub fn chance(&self) -> f64 {
        let others = self.truth.scene.bodies.iter().filter(|body| body.moves).count() - 1;
        self.feasible.iter().flatten().count() as f64 / others as f64
    }

    /// What a planner sees of it, with the parts of the truth that it is given beside the picture.
    ///
    /// # Errors
    /// If the picture or the request is refused.
    pub fn seen(&self, spec: &GoalForceSpec, known: &[KnownPart]) -> Result<SeenScene, RequestFault> {
        let Scene { bodies, table } = &self.truth.scene;
        let masses_shown = self.masses_shown || known.contains(&KnownPart::Masses);
        let objects = known
            .contains(&KnownPart::Objects)
            .then(|| true_objects(&self.truth.scene, &self.camera, &self.picture, masses_shown));
        let px = |index: usize| match &objects {
            Some(objects) => visible_px(&objects[index].0, self.picture.width),
            None => self.camera.project(bodies[index].centre_m()),
        };
        let masses: Vec<([f64; 2], f64)> = (0..bodies.len())
            .filter(|index| masses_shown && bodies[*index].moves)
            .filter_map(|index| px(index).map(|at| (at, bodies[index].mass_kg)))
            .collect();
        let request = PushRequest {
            rgb: &self.picture.rgb,
            camera: &self.camera,
            target_px: px(self.goal.body).unwrap_or([f64::NAN; 2]),
            direction_rad: self.goal.direction_rad,
            speed_mps: self.goal.speed_mps.clamp(spec.goal_mps[0], spec.goal_mps[1]),
            masses: &masses,
            surface: if known.contains(&KnownPart::Surface) { Surface::of(table) } else { Surface::default() },
        };
        match objects {
            Some(objects) => SeenScene::with_objects(&request, objects, spec),
            None => SeenScene::new(&request, spec),
        }
    }

    /// The body that is seen at a place of the picture.
    pub(super) fn body_at(&self, at_px: [f64; 2]) -> Option<usize> {
        let off = |index: &usize| {
            let centre = self.truth.scene.bodies[*index].centre_m();
            self.camera.project(centre).map_or(f64::INFINITY, |px| (px[0] - at_px[0]).hypot(px[1] - at_px[1]))
        };
        let nearest = (0..self.truth.scene.bodies.len()).min_by(|a, b| off(a).total_cmp(&off(b)))?;
        (off(&nearest) < SAME_PX).then_some(nearest)
    }
}

/// The first `count` cases from a seed on.
fn first(seed: u64, count: usize, mut case: impl FnMut(u64, &mut Simulation) -> Option<PushCase>) -> Vec<PushCase> {
    let mut simulation = Simulation::new();
    let seeds =
        (0..count as u64 * TRIES).map(|number| seed.wrapping_mul(1_000_003).wrapping_add(number).wrapping_add(1 << 40));
    seeds.filter_map(|seed| case(seed, &mut simulation)).take(count).collect()
}

/// How many of the things that could be pushed lie nearer to the target than the one that is.
fn rank(truth: &Generated) -> Option<usize> {
    let (bodies, target) = (&truth.scene.bodies, truth.target?);
    let off = |body: usize| {
        let [x, y] = [0, 1].map(|axis| bodies[body].position_m[axis] - bodies[target].position_m[axis]);
        x.hypot(y)
    };
    let nearer = |body: &usize| *body != target && bodies[*body].moves && off(*body) < off(truth.push.body);
    Some((0..bodies.len()).filter(nearer).count())
}

/// By body, the push of a domino that reaches the target at whatever speed: those of one line move it at different ones.
fn reaching(scene: &Scene, goal: &Goal, simulation: &mut Simulation) -> Vec<Option<Push>> {
    let reaches = |body: usize| {
        let push = ghost_push(scene, body, goal).filter(|_| body != goal.body)?;
        simulation.struck(scene, &push, goal.body).map(|_| push)
    };
    (0..scene.bodies.len()).map(reaches).collect()
}

/// Whether everything that can move has a cell of the picture.
fn sees_all(scene: &Scene, picture: &Picture) -> bool {
    let mut cells = Cells::default();
    cells.fill(picture);
    let bodies = scene.bodies.iter().zip(0_u16..);
    bodies.filter(|(body, _)| body.moves).all(|(_, index)| cells.bodies.contains(&index))
}

/// By body, whether obstacles alone keep it from causing a goal. `open` is the scene without them, with the index of each
/// of its bodies in the whole one.
fn barred(
    scene: &Scene,
    can: &[Option<Push>],
    goal: &Goal,
    (kept, open): (&[usize], &Scene),
    simulation: &mut Simulation,
) -> Option<Vec<bool>> {
    let mut barred = vec![false; scene.bodies.len()];
    if kept.len() < scene.bodies.len() {
        let body = kept.iter().position(|index| *index == goal.body)?;
        for (index, push) in kept.iter().zip(feasible(open, &Goal { body, ..*goal }, simulation)) {
            barred[*index] = push.is_some() && can[*index].is_none();
        }
    }
    Some(barred)
}
