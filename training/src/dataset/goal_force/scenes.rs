//! Scenes simulated ahead of a fit.

use planwright::world::scene::{Generated, Goal, Kind, Look, Push, Scene, Tracks, generate};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Scenes of one settings: their seeds are spread over the seed space by an odd constant.
const SEED_STEP: u64 = 0x9E37_79B9_7F4A_7C15;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
pub(crate) fn is_one(value: &f64) -> bool {
    *value == 1.0
}

pub(crate) fn one() -> f64 {
    1.0
}

fn yes() -> bool {
    true
}

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
    /// Share of scenes in which obstacles alone say which of several balls or things can cause the goal.
    #[serde(default)]
    pub around: f64,
    /// Share of scenes with balls alone that are pushed at any speed, so that masses and not the way decide how fast.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(extend("default" = 0.0))]
    pub speeds: f64,
    /// Share of scenes with pendulums that strike what stands beside them.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(extend("default" = 0.0))]
    pub pendulums: f64,
    /// Share of scenes with plants, one of which is poked.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(extend("default" = 0.0))]
    pub plants: f64,
    /// Share of scenes with flags, confetti or smoke in a wind.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(extend("default" = 0.0))]
    pub wind: f64,
    /// Share of scenes with flags alone in a wind.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(extend("default" = 0.0))]
    pub flags: f64,
    /// Share of scenes with one flag in a wind.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(extend("default" = 0.0))]
    pub one_flag: f64,
    /// Largest tilt of the camera against the vertical, degrees.
    pub max_tilt_deg: f64,
    /// Share of samples of scenes with a struck target that show the goal; the others show the direct force.
    pub goal_shown: f64,
    /// Share of samples that show masses.
    pub masses_shown: f64,
    /// Share of samples that show their force, goal or wind; the others show none, so that the network's output without one is
    /// trained.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    #[schemars(extend("default" = 1.0))]
    pub force_shown: f64,
    /// Whether samples without a goal show the direct force; without it they show no force at all.
    #[serde(default = "yes")]
    pub direct_shown: bool,
    /// Whether scenes keep what can move and is not reached by the push's motion.
    #[serde(default = "yes")]
    pub distractors: bool,
    /// Whether every table has the same plain grey ground.
    #[serde(default)]
    pub one_ground: bool,
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
        let kinds = self.kinds();
        let shown =
            [("goal_shown", self.goal_shown), ("masses_shown", self.masses_shown), ("force_shown", self.force_shown)];
        for (name, got) in kinds.iter().map(|(_, name, share)| (*name, *share)).chain(shown) {
            if !(0.0..=1.0).contains(&got) {
                return Err(format!("expected {name} from 0 to 1, got {got}"));
            }
        }
        let sum: f64 = kinds.iter().map(|(.., share)| share).sum();
        if !(sum <= 1.0) {
            let names = kinds.map(|(_, name, _)| name).join(", ");
            return Err(format!("expected {names} to sum to 1 at most, got {sum}"));
        }
        if !(0.0..=60.0).contains(&self.max_tilt_deg) {
            return Err(format!("expected max_tilt_deg from 0 to 60, got {}", self.max_tilt_deg));
        }
        Ok(())
    }
}

impl SceneSettings {
    /// Kinds of scenes beside balls alone: name and share.
    fn kinds(&self) -> [(Kind, &'static str, f64); 10] {
        [
            (Kind::Blocked, "blocked", self.blocked),
            (Kind::Dominos, "dominos", self.dominos),
            (Kind::Tools, "tools", self.tools),
            (Kind::Around, "around", self.around),
            (Kind::Speeds, "speeds", self.speeds),
            (Kind::Pendulums, "pendulums", self.pendulums),
            (Kind::Plants, "plants", self.plants),
            (Kind::Wind, "wind", self.wind),
            (Kind::Flags, "flags", self.flags),
            (Kind::OneFlag, "one_flag", self.one_flag),
        ]
    }

    /// Kind of the scene of a number: the kinds take turns by their shares, so that any number of scenes has them.
    fn kind(&self, index: usize) -> Kind {
        /// The golden ratio's fraction: its multiples are spread evenly over the unit interval.
        const SPREAD: f64 = 0.618_033_988_749_894_9;
        let place = (index as f64 * SPREAD).fract();
        let mut upper = 0.0;
        for (kind, _, share) in self.kinds() {
            upper += share;
            if place < upper {
                return kind;
            }
        }
        Kind::Balls
    }
}

/// The ground of `one_ground`.
const GREY: [f32; 3] = [0.55; 3];

/// A scene without what could move and is not reached: the pushed body, what it sets in motion and the obstacles stay.
fn without_distractors(made: &Generated) -> Generated {
    let reached = |body: usize| {
        body == made.push.body
            || Some(body) == made.target
            || made.tracks.contacts.iter().any(|contact| contact.bodies.contains(&body))
            || made.tracks.bodies[body].windows(2).any(|pair| pair[0] != pair[1])
    };
    let bodies = &made.scene.bodies;
    let kept: Vec<usize> = (0..bodies.len()).filter(|body| !bodies[*body].moves || reached(*body)).collect();
    let now = |body: usize| kept.iter().position(|old| *old == body).unwrap_or_default();
    let tracks = &made.tracks;
    Generated {
        scene: Scene { bodies: kept.iter().map(|body| bodies[*body]).collect(), table: made.scene.table },
        push: Push { body: now(made.push.body), ..made.push },
        target: made.target.map(now),
        goal: made.goal.map(|goal| Goal { body: now(goal.body), ..goal }),
        tracks: Tracks {
            bodies: kept.iter().map(|body| tracks.bodies[*body].clone()).collect(),
            rotations: kept.iter().map(|body| tracks.rotations[*body].clone()).collect(),
            contacts: tracks
                .contacts
                .iter()
                .map(|contact| planwright::world::scene::Contact { bodies: contact.bodies.map(now), ..*contact })
                .collect(),
            struck_mps: kept.iter().map(|body| tracks.struck_mps[*body]).collect(),
        },
        ..made.clone()
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
            let mut made = generate(settings.kind(index), seed, false);
            if !settings.distractors {
                made = without_distractors(&made);
            }
            if settings.one_ground {
                made.scene.table.look = Look::plain(GREY);
            }
            made
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
    use super::super::tests::settings;
    use super::*;

    #[test]
    fn what_stays_without_distractors_moves_as_before() {
        let mut removed = 0;
        for seed in 0..40 {
            let made = generate([Kind::Balls, Kind::Blocked, Kind::Tools][seed as usize % 3], seed, false);
            let few = without_distractors(&made);
            let [all, left] = [&made, &few].map(|made| made.scene.bodies.len());
            removed += all - left;
            assert!(left >= 1 && few.tracks.bodies.len() == left && few.tracks.struck_mps.len() == left);
            assert_eq!(few.scene.bodies[few.push.body], made.scene.bodies[made.push.body]);
            assert_eq!(few.tracks.bodies[few.push.body], made.tracks.bodies[made.push.body]);
            if let (Some(goal), Some(before)) = (few.goal, made.goal) {
                assert_eq!(few.scene.bodies[goal.body], made.scene.bodies[before.body]);
                assert_eq!(few.tracks.struck_mps[goal.body], made.tracks.struck_mps[before.body]);
            }
            let fixed = |made: &Generated| made.scene.bodies.iter().filter(|body| !body.moves).count();
            assert_eq!(fixed(&made), fixed(&few));
        }
        assert!(removed > 60, "{removed}");
    }

    #[test]
    fn one_ground_is_one_ground() {
        let set = SceneSet::simulate(&SceneSettings { one_ground: true, ..settings() }, &|| ());
        assert!(set.scenes.iter().all(|made| made.scene.table.look == Look::plain(GREY)));
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
            (SceneSettings { around: -0.1, ..settings() }, "around"),
            (SceneSettings { max_tilt_deg: 80.0, ..settings() }, "max_tilt_deg"),
        ] {
            let problem = wrong.check().expect_err("refused");
            assert!(problem.contains(name), "{problem}");
        }
    }
}
