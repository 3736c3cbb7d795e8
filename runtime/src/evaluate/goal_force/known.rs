//! Parts of the truth that a planner is given beside the picture: what each of them costs where it is not known.

use crate::planner::goal_force::{Detection, USUAL_MASS_KG};
use crate::world::scene::{Body, Camera, Picture, Scene};
use serde::Serialize;

/// A part of the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KnownPart {
    /// Friction, rolling resistance and restitution
    Surface,
    /// The masses of all objects in all scenes, instead of half of the scenes
    Masses,
    /// Places, shapes and outlines of the bodies and which of them can move, instead of the segmentation
    Objects,
}

impl KnownPart {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Surface, Self::Masses, Self::Objects];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Surface => "surface",
            Self::Masses => "masses",
            Self::Objects => "objects",
        }
    }
}

/// The bodies of a true scene as a perfect segmentation finds them in its picture, in their order. Masses are true where
/// `masses_shown`, and the usual one elsewhere.
pub(super) fn true_objects(
    scene: &Scene,
    camera: &Camera,
    picture: &Picture,
    masses_shown: bool,
) -> Vec<(Detection, Body)> {
    let object = |(index, body): (usize, &Body)| {
        let own = |pixel: &usize| usize::from(picture.ids[*pixel]) == index;
        let pixels = (0..picture.ids.len()).filter(own).collect();
        let found = Detection::of_pixels(pixels, &picture.rgb, [picture.width, picture.height]);
        let centre_px = camera.project(body.centre_m()).unwrap_or(found.centre_px);
        let mass_kg = if masses_shown { body.mass_kg } else { USUAL_MASS_KG };
        (Detection { centre_px, round: body.moves, ..found }, Body { mass_kg, ..*body })
    };
    scene.bodies.iter().enumerate().map(object).collect()
}

/// The point of what is seen of an object that is nearest to its centre, px; `None` of what is hidden. Another object may
/// cover the centre itself.
pub(super) fn visible_px(detection: &Detection, width: usize) -> Option<[f64; 2]> {
    let point = |pixel: &usize| [(pixel % width) as f64 + 0.5, (pixel / width) as f64 + 0.5];
    let off = |[u, v]: &[f64; 2]| (u - detection.centre_px[0]).hypot(v - detection.centre_px[1]);
    detection.pixels.iter().map(point).min_by(|a, b| off(a).total_cmp(&off(b)))
}

#[cfg(test)]
mod tests {
    use super::super::{PushCase, PushChooser, PushEvaluation, PushOutcome};
    use super::*;
    use crate::model::GoalForceSpec;
    use crate::planner::goal_force::SeenScene;
    use crate::world::scene::{Kind, MAX_TILT_RAD, Surface};

    fn cases(count: usize) -> Vec<PushCase> {
        PushCase::draw(Kind::Blocked, false, MAX_TILT_RAD, GoalForceSpec::default().picture_px, 3, count)
    }

    fn seen(case: &PushCase, known: &[KnownPart]) -> SeenScene {
        case.seen(&GoalForceSpec::default(), known).expect("a scene that is understood")
    }

    #[test]
    fn a_part_that_is_known_is_the_true_one_and_all_else_is_as_seen() {
        let all = cases(8);
        let mut tried = 0;
        for case in all.iter().filter(|case| case.seen(&GoalForceSpec::default(), &[]).is_ok()) {
            let nothing = seen(case, &[]);
            assert_eq!(Surface::of(&nothing.scene.table), Surface::default());
            let surface = seen(case, &[KnownPart::Surface]);
            assert_eq!(Surface::of(&surface.scene.table), Surface::of(&case.truth.scene.table));
            assert_eq!((&surface.detections, &surface.scene.bodies), (&nothing.detections, &nothing.scene.bodies));
            let masses = seen(case, &[KnownPart::Masses]);
            assert_eq!(masses.detections, nothing.detections);
            assert!(masses.masses.len() > 2 && (case.masses_shown || nothing.masses.is_empty()));
            tried += 1;
        }
        assert!(tried > 3, "{tried}");
    }

    #[test]
    fn with_everything_known_the_seen_scene_is_the_true_one() {
        let mut hidden = 0;
        for case in cases(12) {
            let seen = seen(&case, &KnownPart::ALL);
            assert_eq!(seen.scene.bodies, case.truth.scene.bodies);
            assert_eq!(Surface::of(&seen.scene.table), Surface::of(&case.truth.scene.table));
            assert_eq!((seen.goal.body, seen.goal.direction_rad), (case.goal.body, case.goal.direction_rad));
            for (body, detection) in seen.detections.iter().enumerate() {
                assert_eq!(case.body_at(detection.centre_px), Some(body));
                assert_eq!(detection.pixels.is_empty(), seen.cells[body].cells.is_empty());
                hidden += usize::from(detection.pixels.is_empty());
            }
        }
        assert!(hidden < 12, "{hidden} bodies without a pixel");
    }

    #[test]
    fn with_everything_known_a_checked_push_meets_its_goal() {
        let (spec, cases) = (GoalForceSpec::default(), cases(16));
        let run = |known: &[KnownPart]| {
            let mut evaluation = PushEvaluation::new(spec.clone(), 2).knowing(known);
            evaluation.run(PushChooser::Search, &cases, None, || ()).expect("no engine").outcomes
        };
        let (with, without) = (run(&KnownPart::ALL), run(&[]));
        let count = |all: &[PushOutcome], of: fn(&PushOutcome) -> bool| all.iter().filter(|one| of(one)).count();
        for (outcome, case) in with.iter().zip(&cases) {
            assert!(!outcome.misidentified && !outcome.is_unsafe, "seed {}", case.seed);
            // The request of a goal beyond the speeds of training is clamped to them.
            if case.goal.speed_mps <= spec.goal_mps[1] {
                assert_eq!(outcome.checked, outcome.corrected, "seed {}", case.seed);
            }
        }
        let (met, met_without) = (count(&with, |one| one.corrected), count(&without, |one| one.corrected));
        assert!(met >= 14 && met > met_without, "{met} and {met_without} of 16");
    }
}
