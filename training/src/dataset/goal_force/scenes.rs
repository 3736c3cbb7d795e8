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
    /// Share of scenes with dominos.
    #[serde(default)]
    pub dominos: f64,
    /// Share of scenes with tools.
    #[serde(default)]
    pub tools: f64,
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
        let kinds = self.blocked + self.dominos + self.tools;
        if !(kinds <= 1.0) {
            return Err(format!("expected blocked, dominos and tools to sum to 1 at most, got {kinds}"));
        }
        if !(0.0..=60.0).contains(&self.max_tilt_deg) {
            return Err(format!("expected max_tilt_deg from 0 to 60, got {}", self.max_tilt_deg));
        }
        Ok(())
    }
}

impl SceneSettings {
    /// Kind of the scene of a number: the kinds take turns by their shares, so that any number of scenes has them.
    fn kind(&self, index: usize) -> Kind {
        /// The golden ratio's fraction: its multiples are spread evenly over the unit interval.
        const SPREAD: f64 = 0.618_033_988_749_894_9;
        let place = (index as f64 * SPREAD).fract();
        let kinds = [(Kind::Blocked, self.blocked), (Kind::Dominos, self.dominos), (Kind::Tools, self.tools)];
        let mut upper = 0.0;
        for (kind, share) in kinds {
            upper += share;
            if place < upper {
                return kind;
            }
        }
        Kind::Balls
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
        let scene = |index: usize| {
            let seed = settings.seed.wrapping_add((index as u64 + 1).wrapping_mul(SEED_STEP));
            progress();
            generate(settings.kind(index), seed, false)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> SceneSettings {
        SceneSettings {
            scenes: 20,
            blocked: 0.5,
            dominos: 0.1,
            tools: 0.1,
            max_tilt_deg: 60.0,
            goal_shown: 0.7,
            masses_shown: 0.5,
            seed: 1,
        }
    }

    #[test]
    fn every_kind_has_its_share_and_scenes_do_not_depend_on_threads() {
        let settings = settings();
        for (kind, share) in [(Kind::Blocked, 500), (Kind::Dominos, 100), (Kind::Tools, 100), (Kind::Balls, 300)] {
            let count = (0..1000).filter(|index| settings.kind(*index) == kind).count();
            assert!(count.abs_diff(share) < 12, "{kind:?} {count}");
        }
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
        let alone = one.install(|| SceneSet::simulate(&settings, &|| ()));
        assert_eq!(alone.sha256(), SceneSet::simulate(&settings, &|| ()).sha256());
        let other = SceneSet::simulate(&SceneSettings { seed: 2, ..settings }, &|| ());
        assert_ne!(alone.sha256(), other.sha256());
    }

    #[test]
    fn settings_without_sense_are_refused_by_name() {
        assert_eq!(settings().check(), Ok(()));
        for (wrong, name) in [
            (SceneSettings { scenes: 0, ..settings() }, "scenes"),
            (SceneSettings { blocked: 0.9, dominos: 0.3, ..settings() }, "sum"),
            (SceneSettings { goal_shown: f64::NAN, ..settings() }, "goal_shown"),
            (SceneSettings { max_tilt_deg: 80.0, ..settings() }, "max_tilt_deg"),
        ] {
            let problem = wrong.check().expect_err("refused");
            assert!(problem.contains(name), "{problem}");
        }
    }
}
