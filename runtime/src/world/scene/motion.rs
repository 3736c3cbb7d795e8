//! Motion of the first picture's pixels: what a goal-force network is trained to propose.
//!
//! The picture is divided into cells; a cell belongs to the body that covers most of it in the first picture, and moves
//! as that body's projected centre does, frame by frame.

use super::{Camera, FRAMES, NO_BODY, Picture, Tracks};

/// Side of a cell, px.
pub const CELL_PX: usize = 4;
/// Least share of a cell that its body covers, percent.
const LEAST_COVER_PERCENT: usize = 40;

/// Bodies of the cells of a picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cells {
    /// Cells a row. Pixels beyond the last whole cell belong to none.
    pub width: usize,
    /// Rows of cells.
    pub height: usize,
    /// height x width: index of the cell's body, or [`NO_BODY`].
    pub bodies: Vec<u16>,
}

impl Cells {
    /// Fills the cells from what is seen in a picture.
    pub fn fill(&mut self, picture: &Picture) {
        (self.width, self.height) = (picture.width / CELL_PX, picture.height / CELL_PX);
        self.bodies.clear();
        for row in 0..self.height {
            for column in 0..self.width {
                let seen: [u16; CELL_PX * CELL_PX] = std::array::from_fn(|pixel| {
                    let (u, v) = (CELL_PX * column + pixel % CELL_PX, CELL_PX * row + pixel / CELL_PX);
                    picture.ids.get(v * picture.width + u).copied().unwrap_or(NO_BODY)
                });
                self.bodies.push(main_body(seen));
            }
        }
    }
}

/// The body with most pixels, if it has enough.
fn main_body(mut seen: [u16; CELL_PX * CELL_PX]) -> u16 {
    seen.sort_unstable();
    let bodies = seen.chunk_by(|a, b| a == b).filter(|run| run.first() != Some(&NO_BODY));
    let most =
        bodies.max_by_key(|run| run.len()).filter(|run| 100 * run.len() >= LEAST_COVER_PERCENT * CELL_PX * CELL_PX);
    most.and_then(|run| run.first()).copied().unwrap_or(NO_BODY)
}

/// Fills `field`, `[FRAMES][u, v][cells]`, with the velocity of every cell between a frame and the next, px per frame:
/// that of its body's projected centre. Zero where no body is, and from the frame on whose start finds the centre
/// outside the picture.
pub fn motion_field(cells: &Cells, tracks: &Tracks, camera: &Camera, field: &mut Vec<f32>) {
    let count = cells.bodies.len();
    field.clear();
    field.resize(FRAMES * 2 * count, 0.0);
    for (id, track) in (0..NO_BODY).zip(&tracks.bodies) {
        if !cells.bodies.contains(&id) {
            continue;
        }
        for (frame, pair) in track.windows(2).take(FRAMES).enumerate() {
            let [from, to] = [pair[0], pair[1]].map(|centre_m| camera.project(centre_m.map(f64::from)));
            let (Some(from), Some(to)) = (from.filter(|pixel| camera.holds(*pixel)), to) else { break };
            for axis in 0..2 {
                let velocity = (to[axis] - from[axis]) as f32;
                let plane = &mut field[(2 * frame + axis) * count..][..count];
                for (value, body) in plane.iter_mut().zip(&cells.bodies) {
                    if *body == id {
                        *value = velocity;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Body, Light, Look, Renderer, Scene, Shape, Table};
    use super::*;

    fn ball(position_m: [f64; 2], radius_m: f64) -> Body {
        let look = Look::plain([0.8, 0.1, 0.1]);
        Body { shape: Shape::Ball { radius_m }, position_m, yaw_rad: 0.0, mass_kg: 1.0, moves: true, look, lift_m: 0.0 }
    }

    fn scene(bodies: Vec<Body>) -> Scene {
        let look = Look::plain([0.6; 3]);
        let table = Table { half_m: 0.5, friction: 0.3, rolling_mps2: 0.1, restitution: 0.9, look };
        Scene { bodies, table }
    }

    fn field(scene: &Scene, tracks: &Tracks, camera: &Camera) -> (Cells, Vec<f32>) {
        let (mut picture, mut cells, mut field) = (Picture::default(), Cells::default(), Vec::new());
        Renderer::new(false).render(scene, camera, &Light::default(), &mut picture);
        cells.fill(&picture);
        motion_field(&cells, tracks, camera, &mut field);
        (cells, field)
    }

    #[test]
    fn a_body_that_moves_straight_has_one_velocity_in_a_top_view() {
        let scene = scene(vec![ball([-0.2, 0.1], 0.08), ball([0.3, -0.3], 0.06)]);
        let track = |start: [f32; 3], step: [f32; 3]| {
            (0..=FRAMES).map(move |frame| [0, 1, 2].map(|axis| start[axis] + frame as f32 * step[axis]))
        };
        let moving = track([-0.2, 0.1, 0.08], [0.01, -0.005, 0.0]).collect();
        let still = track([0.3, -0.3, 0.06], [0.0; 3]).collect();
        let tracks = Tracks { bodies: vec![moving, still], ..Tracks::default() };
        let camera = Camera::over_table(0.5, 0.0, 0.0, [64, 64]).unwrap();
        let (cells, field) = field(&scene, &tracks, &camera);
        assert_eq!((cells.bodies.len(), field.len()), (256, 16 * 2 * 256));
        let px_per_m = camera.focal_px()[0] / (camera.position_m()[2] - 0.08);
        let covered = cells.bodies.iter().filter(|body| **body == 0).count();
        assert!((4..=12).contains(&covered), "{covered} cells");
        for (index, value) in field.iter().enumerate() {
            let (axis, body) = (index / 256 % 2, cells.bodies[index % 256]);
            let expected = if body == 0 { [0.01, 0.005][axis] * px_per_m } else { 0.0 };
            assert!((f64::from(*value) - expected).abs() < 1e-4, "{index}: {value}, expected {expected}");
        }
    }

    #[test]
    fn a_body_that_has_left_the_picture_no_longer_moves() {
        let scene = scene(vec![ball([0.3, 0.0], 0.08)]);
        let track = (0..=FRAMES).map(|frame| [0.3 + 0.05 * frame as f32, 0.0, 0.08]).collect();
        let tracks = Tracks { bodies: vec![track], ..Tracks::default() };
        let camera = Camera::over_table(0.5, 0.0, 0.0, [64, 64]).unwrap();
        let (_, field) = field(&scene, &tracks, &camera);
        let most = |frame: usize| field[frame * 512..][..512].iter().fold(0.0_f32, |most, value| most.max(value.abs()));
        assert!(most(0) > 3.0 && most(2) > 3.0);
        assert!((5..FRAMES).all(|frame| most(frame) == 0.0));
    }

    #[test]
    fn tracks_that_are_no_numbers_or_too_short_move_nothing() {
        let scene = scene(vec![ball([0.3, 0.0], 0.08), ball([-0.3, 0.0], 0.08)]);
        let tracks = Tracks { bodies: vec![vec![[f32::NAN; 3]; 17], vec![[0.0; 3]]], ..Tracks::default() };
        let camera = Camera::over_table(0.5, 0.0, 0.0, [64, 64]).unwrap();
        assert!(field(&scene, &tracks, &camera).1.iter().all(|value| *value == 0.0));
    }
}
