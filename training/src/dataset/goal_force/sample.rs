//! One sample: a scene in a random camera's picture, its motion, and the control signal.

use super::scenes::{SceneSet, SceneSettings};
use planwright::model::GoalForceSpec;
use planwright::planner::goal_force::{
    ControlSignal, Force, MAX_MOTION_PX, MassMark, UNIT_MOTION_PX, WindMark, picture_features,
};
use planwright::world::scene::{Camera, Cells, FRAMES, Generated, Light, Picture, Renderer, motion_field};
use rand::{Rng, RngExt};

/// Forces and masses that a sample shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    /// Direct forces.
    pub direct: Vec<Force>,
    /// Goals.
    pub goal: Vec<Force>,
    /// Masses.
    pub masses: Vec<MassMark>,
    /// The wind.
    pub wind: Option<WindMark>,
}

impl Shown {
    /// As a control signal.
    pub fn signal(&self) -> ControlSignal<'_> {
        ControlSignal { direct: &self.direct, goal: &self.goal, masses: &self.masses, wind: self.wind }
    }
}

/// Where a value lies in a range, 0 at its lower and 1 at its upper end.
fn share(value: f64, range: [f64; 2]) -> f64 {
    (value - range[0]) / (range[1] - range[0])
}

/// The control signal of a scene in a camera's picture: the goal, or the push (thesis 4.2: never both), and masses of all
/// that can move on their own. Forces on what the camera does not see are left out. A scene in a wind shows the wind alone.
pub fn shown_signal(scene: &Generated, camera: &Camera, spec: &GoalForceSpec, goal: bool, masses: bool) -> Shown {
    let mut shown = Shown::default();
    if let Some(wind) = scene.wind {
        // At the table's middle: elsewhere perspective turns it a little.
        let seen = camera.direction_px([0.0; 3], wind.direction_rad).zip(spec.wind_mps);
        let mark = |((_, direction_rad), range)| WindMark { direction_rad, share: share(wind.speed_mps, range) };
        return Shown { wind: seen.map(mark), ..shown };
    }
    match (goal, scene.goal) {
        (true, Some(goal)) => {
            let force = camera.direction_px(scene.scene.bodies[goal.body].centre_m(), goal.direction_rad);
            shown.goal.extend(force.map(|(at_px, direction_rad)| Force {
                at_px,
                direction_rad,
                share: share(goal.speed_mps, spec.goal_mps),
            }));
        }
        _ => {
            let push = scene.push;
            let force = camera.direction_px(scene.scene.bodies[push.body].centre_m(), push.direction_rad);
            shown.direct.extend(force.map(|(at_px, direction_rad)| Force {
                at_px,
                direction_rad,
                share: share(push.speed_mps, spec.direct_mps),
            }));
        }
    }
    // Parts of a plant have no masses of their own.
    if masses && scene.kind.has_goals() {
        let marks = scene.scene.bodies.iter().filter(|body| body.moves).filter_map(|body| {
            let at_px = camera.project(body.centre_m())?;
            Some(MassMark { at_px, share: share(body.mass_kg, spec.mass_kg) })
        });
        shown.masses.extend(marks);
    }
    shown
}

/// Draws samples, with the buffers that this takes.
#[derive(Debug)]
pub struct MotionBatch {
    spec: GoalForceSpec,
    renderer: Renderer,
    picture: Picture,
    cells: Cells,
    field: Vec<f32>,
    /// Clean motions in units of [`UNIT_MOTION_PX`]: samples x frames x (u, v) x cells.
    pub motions: Vec<f32>,
    /// Picture and control signal: samples x channels x cells.
    pub scenes: Vec<f32>,
}

impl MotionBatch {
    /// Empty.
    pub fn new(spec: &GoalForceSpec) -> Self {
        Self {
            spec: spec.clone(),
            renderer: Renderer::new(false),
            picture: Picture::default(),
            cells: Cells::default(),
            field: Vec::new(),
            motions: Vec::new(),
            scenes: Vec::new(),
        }
    }

    /// Removes all samples.
    pub fn clear(&mut self) {
        self.motions.clear();
        self.scenes.clear();
    }

    /// Adds a sample of a random scene.
    pub fn draw(&mut self, set: &SceneSet, settings: &SceneSettings, rng: &mut impl Rng) {
        let size = [self.spec.picture_px; 2];
        loop {
            let scene = &set.scenes[rng.random_range(0..set.scenes.len())];
            let tilt = settings.max_tilt_deg.to_radians();
            // A camera is refused for settings that the recipe's check refuses first.
            if let Ok(camera) = Camera::random(scene.scene.table.half_m, tilt, size, rng.random()) {
                return self.add(scene, &camera, settings, rng);
            }
        }
    }

    fn add(&mut self, scene: &Generated, camera: &Camera, settings: &SceneSettings, rng: &mut impl Rng) {
        let goal = rng.random::<f64>() < settings.goal_shown;
        let masses = rng.random::<f64>() < settings.masses_shown;
        let mut shown = shown_signal(scene, camera, &self.spec, goal, masses);
        if !settings.direct_shown {
            shown.direct.clear();
        }
        // Nothing is drawn where all show their force: samples of recipes without the setting stay as they were.
        if settings.force_shown < 1.0 && rng.random::<f64>() >= settings.force_shown {
            shown = Shown { masses: shown.masses, ..Shown::default() };
        }
        self.renderer.render(&scene.scene, camera, &Light::random(rng), &mut self.picture);
        self.cells.fill(&self.picture);
        motion_field(&self.cells, &scene.tracks, camera, &mut self.field);
        let scaled = |value: &f32| (f64::from(*value).clamp(-MAX_MOTION_PX, MAX_MOTION_PX) / UNIT_MOTION_PX) as f32;
        self.motions.extend(self.field.iter().map(scaled));
        let (cells, start) = (self.spec.cells(), self.scenes.len());
        self.scenes.resize(start + self.spec.scene_channels(FRAMES) * cells, 0.0);
        let (pixels, signal) = self.scenes[start..].split_at_mut(self.spec.picture_channels() * cells);
        picture_features(&self.picture.rgb, &self.spec, pixels);
        shown.signal().fill(&self.spec, FRAMES, signal);
    }
}
