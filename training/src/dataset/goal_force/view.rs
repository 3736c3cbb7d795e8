//! All that is random in a sample: which scene, from where and in which light it is seen, and what is shown of its forces.

use super::scenes::{SceneSet, SceneSettings};
use super::shown::{Shown, shown_signal};
use planwright::model::GoalForceSpec;
use planwright::world::scene::{Camera, Generated, Light};
use rand::{Rng, RngExt};

/// A scene as a sample shows it.
#[derive(Clone, Debug)]
pub struct SceneView<'a> {
    /// The scene.
    pub scene: &'a Generated,
    /// Its camera.
    pub camera: Camera,
    /// Its light.
    pub light: Light,
    /// What is shown of its forces and masses.
    pub shown: Shown,
}

impl<'a> SceneView<'a> {
    /// A random scene of a set.
    pub fn draw(set: &'a SceneSet, settings: &SceneSettings, spec: &GoalForceSpec, rng: &mut impl Rng) -> Self {
        loop {
            let scene = &set.scenes[rng.random_range(0..set.scenes.len())];
            // A camera is refused for settings that the recipe's check refuses first.
            if let Some(view) = Self::of(scene, settings, spec, rng) {
                return view;
            }
        }
    }

    /// A scene from a random camera; `None` where the settings allow none.
    pub fn of(
        scene: &'a Generated,
        settings: &SceneSettings,
        spec: &GoalForceSpec,
        rng: &mut impl Rng,
    ) -> Option<Self> {
        let tilt = settings.max_tilt_deg.to_radians();
        let camera = Camera::random(scene.scene.table.half_m, tilt, [spec.picture_px; 2], rng.random()).ok()?;
        let goal = rng.random::<f64>() < settings.goal_shown;
        let masses = rng.random::<f64>() < settings.masses_shown;
        let mut shown = shown_signal(scene, &camera, spec, goal, masses);
        if !settings.direct_shown {
            shown.direct.clear();
        }
        // Nothing is drawn where all show their force: samples of recipes without the setting stay as they were.
        if settings.force_shown < 1.0 && rng.random::<f64>() >= settings.force_shown {
            shown = Shown { masses: shown.masses, ..Shown::default() };
        }
        Some(Self { scene, camera, light: Light::random(rng), shown })
    }
}
