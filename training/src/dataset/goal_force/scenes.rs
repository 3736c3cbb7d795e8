//! Scenes simulated ahead of a fit.

use planwright::world::scene::{Generated, Kind, generate};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Scenes of one settings: their seeds are spread over the seed space by an odd constant.
const SEED_STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// Which scenes there are, and what a sample shows of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SceneSettings {
    /// Scenes.
    pub scenes: usize,
    /// Share of scenes with obstacles between the balls.
    pub blocked: f64,
    /// Largest tilt of the camera against the vertical, degrees.
    pub max_tilt_deg: f64,
    /// Share of samples of scenes with a struck target that show the goal; the others show the direct force.
    pub goal_shown: f64,
    /// Share of samples that show masses.
    pub masses_shown: f64,
    /// Seed.
    pub seed: u64,
}

impl SceneSettings {
    /// # Errors
    /// Expected and got, of the first setting out of its range.
    pub fn check(&self) -> Result<(), String> {
        if !(1..=10_000_000).contains(&self.scenes) {
            return Err(format!("expected 1 to 10000000 scenes, got {}", self.scenes));
        }
        let shares = [("blocked", self.blocked), ("goal_shown", self.goal_shown), ("masses_shown", self.masses_shown)];
        for (name, got) in shares {
            if !(0.0..=1.0).contains(&got) {
                return Err(format!("expected {name} from 0 to 1, got {got}"));
            }
        }
        if !(0.0..=60.0).contains(&self.max_tilt_deg) {
            return Err(format!("expected max_tilt_deg from 0 to 60, got {}", self.max_tilt_deg));
        }
        Ok(())
    }
}

/// Simulated scenes.
#[derive(Debug)]
pub struct SceneSet {
    /// All of them, by seed.
    pub scenes: Vec<Generated>,
}

impl SceneSet {
    /// Simulates the scenes of some settings on all threads; their order does not depend on the threads.
    pub fn simulate(settings: &SceneSettings, progress: &(dyn Fn() + Sync)) -> Self {
        let blocked = (settings.blocked * 1e6) as u64;
        let scene = |index: usize| {
            let seed = settings.seed.wrapping_add((index as u64 + 1).wrapping_mul(SEED_STEP));
            let kind = if seed.rotate_left(17) % 1_000_000 < blocked { Kind::Blocked } else { Kind::Balls };
            progress();
            generate(kind, seed, false)
        };
        Self { scenes: (0..settings.scenes).into_par_iter().map(scene).collect() }
    }

    /// SHA-256 of all bodies and tracks, hex.
    pub fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        for scene in &self.scenes {
            for body in &scene.scene.bodies {
                for value in [body.position_m[0], body.position_m[1], body.yaw_rad, body.mass_kg] {
                    hash.update(value.to_le_bytes());
                }
                hash.update([u8::from(body.moves)]);
            }
            for value in scene.tracks.bodies.iter().flatten().flatten() {
                hash.update(value.to_le_bytes());
            }
        }
        planwright::files::hex(&hash.finalize())
    }
}
