//! The control signal that a sample shows of a scene.

use planwright::model::GoalForceSpec;
use planwright::planner::goal_force::{ControlSignal, Force, MassMark, WindMark};
use planwright::world::scene::{Camera, Generated};

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
