//! What a force does in predicted motions, beside the true ones: the mean way of all cells that truly move, frame by frame.

use planwright::planner::goal_force::{ControlSignal, GoalForcePlanner, MAX_MOTION_PX};
use planwright::world::scene::{
    Airborne, Cells, FRAMES, Generated, Kind, NO_BODY, Picture, Renderer, generate, motion_field, windy,
};
use planwright_training::dataset::goal_force::{Shown, shown_signal};
use planwright_training::statistics::median;
use planwright_training::study::StudyError;
use serde::{Deserialize, Serialize};

/// Scenes of an evaluation have seeds from here on: those of training are spread over all 64 bits.
const FIRST_SEED: u64 = 1 << 42;
/// Least true way, and least predicted way that is not counted as none, px.
const LEAST_TRUE_PX: f64 = 1.0;
const LEAST_PX: f64 = 0.5;
/// An angle to the true motion up to which a motion counts as one in its direction, degrees: half of a right angle.
const NEAR_DEG: f64 = 45.0;
/// Largest tilt of the camera, degrees.
const TILT_DEG: f64 = 60.0;

/// What is moved, by the classes of the published test (table 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moved {
    /// A plant is poked.
    Plants,
    /// Flags and windsocks in a wind.
    Tethered,
    /// Confetti in a wind.
    Aerodynamic,
    /// Smoke in a wind.
    Fluid,
}

impl Moved {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Plants, Self::Tethered, Self::Aerodynamic, Self::Fluid];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plants => "plants",
            Self::Tethered => "flags",
            Self::Aerodynamic => "confetti",
            Self::Fluid => "smoke",
        }
    }

    fn scene(self, seed: u64) -> Generated {
        match self {
            Self::Plants => generate(Kind::Plants, seed, false),
            Self::Tethered => windy(Airborne::Tethered, seed),
            Self::Aerodynamic => windy(Airborne::Aerodynamic, seed),
            Self::Fluid => windy(Airborne::Fluid, seed),
        }
    }
}

/// What the network is given beside the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Prompt {
    /// The force.
    Force,
    /// The force as one of eight directions and three or four strengths, as text tells it.
    Label,
    /// Nothing, as in a tenth of the training's samples.
    Nothing,
}

impl Prompt {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Force, Self::Label, Self::Nothing];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Force => "force",
            Self::Label => "label",
            Self::Nothing => "nothing",
        }
    }
}

/// One class with one prompt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromptCounts {
    /// What is moved.
    pub moved: Moved,
    /// What the network is given.
    pub prompt: Prompt,
    /// Scenes.
    pub scenes: usize,
    /// Scenes in which what should move is less than half a pixel from where it was, where its true way is longest.
    pub still: usize,
    /// Scenes in which it moves within 45 degrees of the true direction, where its true way is longest.
    pub near: usize,
    /// Of those that move: median angle to the true way, degrees.
    pub angle_deg: Option<f64>,
    /// Of those that move: median length of the way over that of the true one.
    pub way_ratio: Option<f64>,
    /// Of those that move: median over scenes of the correlation with the true way, frame by frame, along its direction: 1 for a
    /// plant that swings as the true one does.
    pub correlation: Option<f64>,
    /// Mean way of cells of bodies that do not move, px; `None` if there are none.
    pub others_px: Option<f64>,
}

/// A scene as the camera shows it.
struct Seen {
    made: Generated,
    shown: Shown,
    rgb: Vec<u8>,
    /// Cells of bodies that truly move, and of others.
    moving: Vec<usize>,
    resting: Vec<usize>,
    /// Mean true way of the moving cells, by frame, px.
    way_px: Vec<[f64; 2]>,
}

/// Measures all classes with all prompts.
///
/// # Errors
/// If the engine fails.
pub(super) fn measure(
    seed: u64,
    scenes: usize,
    planner: &mut GoalForcePlanner,
) -> Result<Vec<PromptCounts>, StudyError> {
    let mut rows = Vec::new();
    for moved in Moved::ALL {
        let cases = draw(moved, seed, scenes, planner);
        for prompt in Prompt::ALL {
            rows.push(counts(moved, prompt, &cases, planner)?);
        }
    }
    Ok(rows)
}

/// The first scenes of a class in which something moves by a pixel at least.
fn draw(moved: Moved, seed: u64, scenes: usize, planner: &GoalForcePlanner) -> Vec<Seen> {
    let first = FIRST_SEED + seed * 1_000_003;
    (first..).filter_map(|seed| see(moved.scene(seed), planner)).take(scenes).collect()
}

fn see(made: Generated, planner: &GoalForcePlanner) -> Option<Seen> {
    let spec = planner.spec();
    let (camera, light) = made.view(TILT_DEG, spec.picture_px).ok()?;
    let (mut picture, mut cells, mut field) = (Picture::default(), Cells::default(), Vec::new());
    Renderer::new(false).render(&made.scene, &camera, &light, &mut picture);
    cells.fill(&picture);
    motion_field(&cells, &made.tracks, &camera, &mut field);
    // As in training, and as a sample is bounded: a faster motion cannot be predicted.
    let largest = MAX_MOTION_PX as f32;
    field.iter_mut().for_each(|value| *value = value.clamp(-largest, largest));
    let moves = |body: u16| {
        made.tracks.bodies.get(usize::from(body)).is_some_and(|track| track.iter().any(|place| place != &track[0]))
    };
    let seen: Vec<usize> = (0..cells.bodies.len()).filter(|cell| cells.bodies[*cell] != NO_BODY).collect();
    let (moving, resting): (Vec<usize>, Vec<usize>) = seen.into_iter().partition(|cell| moves(cells.bodies[*cell]));
    let shown = shown_signal(&made, &camera, spec, false, false);
    (!moving.is_empty()).then_some(())?;
    let way_px = ways(&field, &moving, spec.cells());
    let long = way_px.iter().any(|way| length(*way) >= LEAST_TRUE_PX);
    (long && (shown.wind.is_some() || !shown.direct.is_empty())).then_some(())?;
    Some(Seen { made, shown, rgb: picture.rgb, moving, resting, way_px })
}

fn length([x, y]: [f64; 2]) -> f64 {
    x.hypot(y)
}

/// Mean way of some cells since the first picture, by frame, px.
fn ways(field: &[f32], of: &[usize], cells: usize) -> Vec<[f64; 2]> {
    let mut way = [0.0; 2];
    let frame = |frame: usize| {
        for (axis, way) in way.iter_mut().enumerate() {
            let plane = &field[(2 * frame + axis) * cells..][..cells];
            *way += of.iter().map(|cell| f64::from(plane[*cell])).sum::<f64>() / of.len().max(1) as f64;
        }
        way
    };
    (0..FRAMES).map(frame).collect()
}

fn counts(
    moved: Moved,
    prompt: Prompt,
    cases: &[Seen],
    planner: &mut GoalForcePlanner,
) -> Result<PromptCounts, StudyError> {
    let cells = planner.spec().cells();
    let (mut still, mut near) = (0, 0);
    let (mut angles, mut ratios, mut correlations, mut others) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for case in cases {
        let shown = match prompt {
            Prompt::Force => case.shown.clone(),
            Prompt::Label => Shown {
                direct: case.shown.direct.iter().map(planwright::planner::goal_force::Force::as_label).collect(),
                wind: case.shown.wind.map(|wind| wind.as_label()),
                ..Shown::default()
            },
            Prompt::Nothing => Shown::default(),
        };
        let signal: ControlSignal<'_> = shown.signal();
        let motion = planner.predict(&case.rgb, signal, case.made.seed).map_err(StudyError::failed)?;
        let motion = &motion[..2 * FRAMES * cells];
        let way = ways(motion, &case.moving, cells);
        for cell in &case.resting {
            others.push(ways(motion, &[*cell], cells).last().copied().map_or(0.0, length));
        }
        let farthest = (0..FRAMES).max_by(|a, b| length(case.way_px[*a]).total_cmp(&length(case.way_px[*b])));
        let Some(farthest) = farthest else { continue };
        let (got, real) = (way[farthest], case.way_px[farthest]);
        // What is back where it was has no direction.
        if length(got) < LEAST_PX {
            still += 1;
            continue;
        }
        let turned = (got[1].atan2(got[0]) - real[1].atan2(real[0])).to_degrees();
        let angle = (turned + 180.0).rem_euclid(360.0) - 180.0;
        near += usize::from(angle.abs() <= NEAR_DEG);
        angles.push(angle.abs());
        ratios.push(length(got) / length(real));
        let along = |way: &[[f64; 2]]| -> Vec<f64> {
            way.iter().map(|way| (way[0] * real[0] + way[1] * real[1]) / length(real)).collect()
        };
        correlations.push(correlation(&along(&way), &along(&case.way_px)));
    }
    let mean = others.iter().sum::<f64>() / others.len().max(1) as f64;
    Ok(PromptCounts {
        moved,
        prompt,
        scenes: cases.len(),
        still,
        near,
        angle_deg: median(angles),
        way_ratio: median(ratios),
        correlation: median(correlations),
        others_px: (!others.is_empty()).then_some(mean),
    })
}

/// Pearson's; 0 where one of them does not vary.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let sum = |of: &dyn Fn(f64, f64) -> f64| -> f64 { a.iter().zip(b).map(|(a, b)| of(a - mean_a, b - mean_b)).sum() };
    let both = sum(&|a, b| a * b);
    let spread = (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt();
    if spread > 1e-12 { both / spread } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlation_is_pearsons() {
        assert!((correlation(&[1.0, 2.0, 3.0], &[5.0, 7.0, 9.0]) - 1.0).abs() < 1e-12);
        assert!((correlation(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]) + 1.0).abs() < 1e-12);
        assert!((correlation(&[1.0, 2.0, 3.0, 4.0], &[1.0, -1.0, -1.0, 1.0])).abs() < 1e-12);
        assert_eq!(correlation(&[1.0, 1.0], &[3.0, 4.0]), 0.0);
    }

    #[test]
    fn a_way_is_the_sum_of_velocities_and_the_mean_of_cells() {
        let cells = 4;
        let mut field = vec![0.0_f32; 2 * FRAMES * cells];
        for frame in 0..FRAMES {
            field[2 * frame * cells + 1] = 1.0;
            field[(2 * frame + 1) * cells + 2] = -0.5;
        }
        let way = ways(&field, &[1, 2], cells);
        assert_eq!((way.len(), way[0], way[FRAMES - 1]), (FRAMES, [0.5, -0.25], [8.0, -4.0]));
    }
}
