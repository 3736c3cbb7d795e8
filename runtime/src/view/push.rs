//! A push and how it came about, as plain data: what a sink shows of it is rendered on the thread that draws.

use crate::geometry::wrapped;
use crate::planner::goal_force::{Detection, SeenScene};
use crate::world::scene::{Camera, FRAME_SECS, FRAMES, Push, Tracks};

/// How far arrows lead: where their speed comes to within so many frames.
const ARROW_FRAMES: f64 = 3.0;

/// A picture with a goal, the predicted motions, and the push that passed the gate.
#[derive(Clone, Debug)]
pub struct PushView {
    /// The square picture, RGB.
    pub rgb: Vec<u8>,
    /// Its camera.
    pub camera: Camera,
    /// What is seen in it, and the goal.
    pub seen: SeenScene,
    /// What became of every predicted motion, in their order.
    pub candidates: Vec<PushCandidate>,
    /// The push that passed the gate.
    pub checked: Option<SimulatedPush>,
}

/// A predicted motion and what became of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PushCandidate {
    /// By object, its places, px.
    pub tracks: Vec<[[f64; 2]; FRAMES + 1]>,
    /// The push as it is read; `None` if there is none to read.
    pub push: Option<Push>,
    /// In words: why it was refused, or that it passed.
    pub outcome: String,
}

/// A checked push with the motion that it causes in simulation.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulatedPush {
    /// Index of the candidate that it was corrected from.
    pub candidate: usize,
    /// The push.
    pub push: Push,
    /// In the scene as it is seen.
    pub tracks: Tracks,
}

impl PushView {
    /// The candidate whose motion is shown: that of the checked push, else the first one with a push, else the first.
    pub fn shown(&self) -> Option<usize> {
        let read = || self.candidates.iter().position(|candidate| candidate.push.is_some());
        let checked = self.checked.as_ref().map(|checked| checked.candidate);
        checked.or_else(read).or(Some(0)).filter(|candidate| *candidate < self.candidates.len())
    }

    /// Objects of known mass, and kg.
    pub fn masses(&self) -> Vec<(&Detection, f64)> {
        let marked = |found: &Detection| self.seen.masses.iter().any(|mark| mark.at_px == found.centre_px);
        let bodies = self.seen.detections.iter().zip(&self.seen.scene.bodies);
        bodies.filter(|(found, _)| marked(found)).map(|(found, body)| (found, body.mass_kg)).collect()
    }

    /// Candidates and the checked push as a Markdown table.
    pub fn table(&self) -> String {
        let goal = &self.seen.goal;
        let turned = |direction_rad: f64| wrapped(direction_rad).to_degrees();
        let mut text = format!(
            "Goal of the target: {:.2} m/s at {:.0} degrees\n\n| motion | object, px | push, m/s | degrees | outcome |\n|---|---|---|---|---|\n",
            goal.speed_mps,
            turned(goal.direction_rad)
        );
        for (index, PushCandidate { push, outcome, .. }) in self.candidates.iter().enumerate() {
            let read = push.map_or(["", "", ""].map(str::to_owned), |push| {
                let [u, v] = self.seen.detections.get(push.body).map_or([f64::NAN; 2], |found| found.centre_px);
                [
                    format!("{u:.0}, {v:.0}"),
                    format!("{:.2}", push.speed_mps),
                    format!("{:.0}", turned(push.direction_rad)),
                ]
            });
            // A table's row is one line.
            let outcome = outcome.replace('\n', " ").replace('|', "/");
            text += &format!("| {index} | {} | {} | {} | {outcome} |\n", read[0], read[1], read[2]);
        }
        text += &match &self.checked {
            None => "\nNo push passed the gate.\n".to_owned(),
            Some(SimulatedPush { candidate, push, tracks }) => {
                let struck = tracks.struck_mps.get(goal.body).copied().flatten();
                let [vx, vy] = struck.unwrap_or([f64::NAN; 2]);
                format!(
                    "\nChecked, from motion {candidate}: {:.2} m/s at {:.0} degrees\n\nIn simulation the target then moves at {:.2} m/s, {:.0} degrees.\n",
                    push.speed_mps,
                    turned(push.direction_rad),
                    vx.hypot(vy),
                    turned(vy.atan2(vx))
                )
            }
        };
        text
    }
}

/// From a body's centre to where a speed leads within a few frames, px.
pub(super) fn arrow_px(
    camera: &Camera,
    seen: &SeenScene,
    body: usize,
    direction_rad: f64,
    speed_mps: f64,
) -> Option<[[f64; 2]; 2]> {
    let centre = seen.scene.bodies.get(body)?.centre_m();
    let by_m = speed_mps * ARROW_FRAMES * FRAME_SECS;
    let (sin, cos) = direction_rad.sin_cos();
    let to = [centre[0] + by_m * cos, centre[1] + by_m * sin, centre[2]];
    Some([camera.project(centre)?, camera.project(to)?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::GoalForceSpec;
    use crate::planner::goal_force::PushRequest;
    use crate::world::scene::{Kind, Light, Picture, Renderer, Surface, generate};

    /// A view of a generated table, without candidates.
    fn view(mass_kg: f64) -> PushView {
        let view = |seed| {
            let made = generate(Kind::Balls, seed, false);
            let goal = made.goal?;
            let camera = Camera::over_table(made.scene.table.half_m, 0.3, 0.0, [64; 2]).ok()?;
            let mut picture = Picture::default();
            Renderer::new(false).render(&made.scene, &camera, &Light::default(), &mut picture);
            let target_px = camera.project(made.scene.bodies[goal.body].centre_m())?;
            let request = PushRequest {
                rgb: &picture.rgb,
                camera: &camera,
                target_px,
                direction_rad: goal.direction_rad,
                speed_mps: 0.2,
                masses: &[(target_px, mass_kg)],
                surface: Surface::default(),
            };
            let seen = SeenScene::new(&request, &GoalForceSpec::default()).ok()?;
            Some(PushView { rgb: picture.rgb, camera, seen, candidates: Vec::new(), checked: None })
        };
        (0..50).find_map(view).expect("a table that is understood")
    }

    #[test]
    fn the_motion_of_the_checked_push_is_shown_and_every_outcome_is_in_the_table() {
        let mut view = view(2.5);
        assert_eq!((view.shown(), view.masses().len(), view.masses()[0].1), (None, 1, 2.5));
        let push = Push { body: 0, direction_rad: 1.0, speed_mps: 0.37 };
        let candidate = |push, outcome: &str| PushCandidate { push, outcome: outcome.to_owned(), ..Default::default() };
        view.candidates = vec![candidate(None, "nothing\nmoves | at all"), candidate(Some(push), "misses")];
        assert_eq!(view.shown(), Some(1));
        let table = view.table();
        assert!(table.contains("| 0 |  |  |  | nothing moves / at all |"), "{table}");
        assert!(table.contains("| 0.37 | 57 | misses |") && table.contains("No push passed"), "{table}");
        view.checked = Some(SimulatedPush { candidate: 0, push, tracks: Tracks::default() });
        assert!(view.shown() == Some(0) && view.table().contains("Checked, from motion 0: 0.37 m/s at 57 degrees"));
        view.checked = Some(SimulatedPush { candidate: 7, push, tracks: Tracks::default() });
        assert_eq!(view.shown(), None);
    }

    #[test]
    fn arrows_start_on_their_body() {
        let view = view(1.0);
        let arrow = |body, speed_mps| arrow_px(&view.camera, &view.seen, body, 0.0, speed_mps);
        let [from, to] = arrow(0, 0.3).expect("in view");
        let centre = view.seen.detections[0].centre_px;
        assert!((from[0] - centre[0]).hypot(from[1] - centre[1]) < 1.0, "{from:?} {centre:?}");
        assert!(to[0] > from[0] + 2.0 && (to[1] - from[1]).abs() < 1.0, "{to:?}");
        assert_eq!(arrow(999, 0.3), None);
    }
}
