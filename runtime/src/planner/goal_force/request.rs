//! A request, held against what the picture shows.

use super::reading::ObjectCells;
use super::segment::{DetectError, Detection, locate, segment};
use crate::model::GoalForceSpec;
use crate::planner::goal_force::{Force, MassMark};
use crate::world::scene::{Body, Camera, Goal, Scene, Shape, Surface, SurfaceFault};

/// Masses may be beyond those of the training by this factor: the network then sees what it was not trained for, while
/// correction and gate simulate them as they are.
const MASS_FACTOR: f64 = 4.0;

/// A goal for one object of a picture.
#[derive(Clone, Copy, Debug)]
pub struct PushRequest<'a> {
    /// The picture: square, RGB, row by row from the top.
    pub rgb: &'a [u8],
    /// The camera that took it.
    pub camera: &'a Camera,
    /// A point on the target, pixels.
    pub target_px: [f64; 2],
    /// Direction on the table in which the target is to move, from the x axis, rad.
    pub direction_rad: f64,
    /// Speed that the target is to have once it is struck, m/s.
    pub speed_mps: f64,
    /// Known masses: a point on the object, pixels, and its mass, kg.
    pub masses: &'a [([f64; 2], f64)],
    /// Friction, rolling resistance and restitution, which no picture shows.
    pub surface: Surface,
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RequestFault {
    /// Nothing to push is found in the picture.
    #[error(transparent)]
    Picture(#[from] DetectError),
    /// A number is not finite.
    #[error("expected finite numbers in target, goal and masses")]
    NotFinite,
    /// A number of the surface is out of its range.
    #[error(transparent)]
    Surface(#[from] SurfaceFault),
    /// Objects are seen, none of them on the table.
    #[error(
        "expected objects on the table, got {0} that do not lie on it\nhint: check the camera's pose: z is 0 on the table and points away from it"
    )]
    OffTable(usize),
    /// A mass far beyond those of the training.
    #[error("expected masses of {:.2} to {:.0} kg, got {got:.3e}", .range[0], .range[1])]
    Mass {
        /// Masses that are accepted, kg.
        range: [f64; 2],
        /// The mass, kg.
        got: f64,
    },
    /// The target is not on an object.
    #[error(
        "expected the target on an object of the picture, got ({:.1}, {:.1}) px; the nearest object is at ({:.1}, {:.1}) px",
        .got[0], .got[1], .nearest[0], .nearest[1]
    )]
    NoTarget {
        /// The requested target, pixels.
        got: [f64; 2],
        /// Middle of the nearest object, pixels.
        nearest: [f64; 2],
    },
    /// The target is an obstacle, which does not move.
    #[error("expected a target that can move, got an obstacle at ({:.1}, {:.1}) px", .0[0], .0[1])]
    Fixed([f64; 2]),
    /// The goal's speed is beyond what the model was trained for.
    #[error("expected a goal of {:.2} to {:.2} m/s, got {got:.2}", .range[0], .range[1])]
    Speed {
        /// Speeds of the training, m/s.
        range: [f64; 2],
        /// The goal's, m/s.
        got: f64,
    },
    /// There is nothing but the target to push.
    #[error("expected an object beside the target that can be pushed, found none")]
    NothingToPush,
}

impl RequestFault {
    /// The same with its pixels in another picture, of which the request's is a part.
    #[must_use]
    pub fn in_pixels_of(self, original: impl Fn([f64; 2]) -> [f64; 2]) -> Self {
        match self {
            Self::NoTarget { got, nearest } => Self::NoTarget { got: original(got), nearest: original(nearest) },
            Self::Fixed(at) => Self::Fixed(original(at)),
            other => other,
        }
    }
}

/// A request with the scene that the picture shows.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenScene {
    /// What is seen, in the order of the scene's bodies.
    pub detections: Vec<Detection>,
    /// The table as far as the picture tells.
    pub scene: Scene,
    /// The goal for one of its bodies.
    pub goal: Goal,
    /// The goal in the picture.
    pub force: Force,
    /// Known masses in the picture.
    pub masses: Vec<MassMark>,
    /// Cells of every body.
    pub cells: Vec<ObjectCells>,
}

impl SeenScene {
    /// Finds the objects of a picture, the target among them, and rebuilds the scene.
    ///
    /// # Errors
    /// See [`RequestFault`].
    pub fn new(request: &PushRequest<'_>, spec: &GoalForceSpec) -> Result<Self, RequestFault> {
        check(request, spec)?;
        // Objects that something else has found may lie on any table; what is segmented is balls.
        request.surface.check()?;
        let seen = segment(request.rgb, [spec.picture_px; 2])?;
        let count = seen.len();
        let body = |detection: Detection| locate(&detection, request.camera).map(|body| (detection, body));
        let located: Vec<_> = seen.into_iter().filter_map(body).collect();
        if located.is_empty() {
            return Err(RequestFault::OffTable(count));
        }
        Self::with_objects(request, located, spec)
    }

    /// The same with objects that something else has found, each with its body; the order is that of the scene's bodies.
    /// Pixels are those of the request's picture; an object of which none is seen is simulated, but not looked for in
    /// predicted motions. The surface is taken as it is: tables of dominos and of what slides are none of balls.
    ///
    /// # Errors
    /// See [`RequestFault`].
    pub fn with_objects(
        request: &PushRequest<'_>,
        objects: Vec<(Detection, Body)>,
        spec: &GoalForceSpec,
    ) -> Result<Self, RequestFault> {
        check(request, spec)?;
        let PushRequest { target_px, direction_rad, speed_mps, masses, camera, .. } = *request;
        let (detections, mut bodies): (Vec<Detection>, Vec<Body>) = objects.into_iter().unzip();
        let target = object_at(&detections, spec.picture_px, target_px).ok_or_else(|| {
            let off = |detection: &Detection| distance(detection.centre_px, target_px);
            let nearest = detections.iter().min_by(|a, b| off(a).total_cmp(&off(b)));
            RequestFault::NoTarget { got: target_px, nearest: nearest.map_or([f64::NAN; 2], |found| found.centre_px) }
        })?;
        if !bodies[target].moves {
            return Err(RequestFault::Fixed(detections[target].centre_px));
        }
        if bodies.iter().filter(|body| body.moves).count() < 2 {
            return Err(RequestFault::NothingToPush);
        }
        let mut marks = Vec::new();
        for (at_px, kg) in masses {
            if let Some(object) = object_at(&detections, spec.picture_px, *at_px) {
                bodies[object].mass_kg = *kg;
                let share = (kg - spec.mass_kg[0]) / (spec.mass_kg[1] - spec.mass_kg[0]);
                marks.push(MassMark { at_px: detections[object].centre_px, share });
            }
        }
        let goal = Goal { body: target, direction_rad, speed_mps };
        let share = (speed_mps - spec.goal_mps[0]) / (spec.goal_mps[1] - spec.goal_mps[0]);
        let (_, direction) =
            camera.direction_px(bodies[target].centre_m(), direction_rad).ok_or(RequestFault::NotFinite)?;
        let force = Force { at_px: detections[target].centre_px, direction_rad: direction, share };
        let cells = object_cells(&detections, &bodies, spec);
        let half_m = bodies.iter().flat_map(|body| body.position_m).fold(1.0, |most: f64, value| most.max(value.abs()));
        Ok(Self {
            scene: Scene { bodies, table: request.surface.table(half_m) },
            detections,
            goal,
            force,
            masses: marks,
            cells,
        })
    }
}

/// Whether the numbers of a request make sense.
fn check(request: &PushRequest<'_>, spec: &GoalForceSpec) -> Result<(), RequestFault> {
    let PushRequest { target_px, direction_rad, speed_mps, masses, .. } = *request;
    let numbers = [target_px[0], target_px[1], direction_rad, speed_mps];
    let known = masses.iter().flat_map(|(at, kg)| [at[0], at[1], *kg]);
    if numbers.into_iter().chain(known).any(|value| !value.is_finite()) {
        return Err(RequestFault::NotFinite);
    }
    if !(spec.goal_mps[0]..=spec.goal_mps[1]).contains(&speed_mps) {
        return Err(RequestFault::Speed { range: spec.goal_mps, got: speed_mps });
    }
    let range = [spec.mass_kg[0] / MASS_FACTOR, spec.mass_kg[1] * MASS_FACTOR];
    if let Some((_, got)) = request.masses.iter().find(|(_, kg)| !(range[0]..=range[1]).contains(kg)) {
        return Err(RequestFault::Mass { range, got: *got });
    }
    Ok(())
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// The object that covers a pixel; else the nearest whose circle does.
fn object_at(detections: &[Detection], width: usize, at_px: [f64; 2]) -> Option<usize> {
    let pixel = |value: f64| (value >= 0.0 && value < width as f64).then_some(value as usize);
    let at = pixel(at_px[0]).zip(pixel(at_px[1])).map(|(u, v)| v * width + u);
    let covers = |detection: &Detection| at.is_some_and(|at| detection.pixels.binary_search(&at).is_ok());
    detections.iter().position(covers).or_else(|| {
        let near = |detection: &Detection| distance(detection.centre_px, at_px) - detection.radius_px;
        let nearest = (0..detections.len()).min_by(|a, b| near(&detections[*a]).total_cmp(&near(&detections[*b])));
        nearest.filter(|object| near(&detections[*object]) <= 0.5)
    })
}

/// By object, the cells of which it covers at least half. Where there are none: of a ball that can move, the cell in its middle;
/// of others, which may be long and thin, the cell of which they cover most, of those that show no other object more, for such
/// a cell moves with that one.
fn object_cells(detections: &[Detection], bodies: &[Body], spec: &GoalForceSpec) -> Vec<ObjectCells> {
    let (cell, side) = (spec.cell_px, spec.side());
    let covered = |detection: &Detection| {
        let mut covered = vec![0_usize; spec.cells()];
        for pixel in &detection.pixels {
            covered[pixel / spec.picture_px / cell * side + pixel % spec.picture_px / cell] += 1;
        }
        covered
    };
    let all: Vec<Vec<usize>> = detections.iter().map(covered).collect();
    let of = |(own, (detection, body)): (&Vec<usize>, (&Detection, &Body))| {
        let mut cells: Vec<usize> = (0..own.len()).filter(|index| 2 * own[*index] >= cell * cell).collect();
        if cells.is_empty() && !detection.pixels.is_empty() {
            if body.moves && matches!(body.shape, Shape::Ball { .. }) {
                let place = |value: f64| (value.max(0.0) as usize / cell).min(side - 1);
                cells.push(place(detection.centre_px[1]) * side + place(detection.centre_px[0]));
            } else {
                let is_own = |index: &usize| own[*index] > 0 && all.iter().all(|other| other[*index] <= own[*index]);
                cells.extend((0..own.len()).filter(is_own).max_by_key(|index| own[*index]));
            }
        }
        ObjectCells { cells, centre_px: detection.centre_px }
    };
    all.iter().zip(detections.iter().zip(bodies)).map(of).collect()
}
