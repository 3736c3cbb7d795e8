//! A push and how it came about as a PNG: the picture with the goal, the motion that the model proposes, the simulated one.

use super::canvas::{Canvas, Colour};
use super::push::arrow_px;
use crate::geometry::{Aabb, Point};
use crate::planner::goal_force::SeenScene;
use crate::world::scene::{Camera, FRAMES, Push, Tracks};

/// Gap between the parts, px of the picture.
const GAP: f64 = 2.0;
/// Width of lines, px of the drawing.
const LINE: f64 = 3.0;
/// Of the goal: an arrow from the target.
const GOAL: Colour = [60, 220, 90];
/// Of the objects' ways, in turn.
pub(super) const TRACKS: [Colour; 6] =
    [[255, 170, 40], [70, 150, 255], [240, 80, 200], [80, 230, 230], [250, 250, 90], [190, 120, 255]];
/// Of the push: an arrow from the pushed object.
const PUSH: Colour = [255, 60, 60];

/// What is drawn.
#[derive(Debug)]
pub struct PushStrip<'a> {
    /// The square picture, RGB.
    pub rgb: &'a [u8],
    /// Its camera.
    pub camera: &'a Camera,
    /// What is seen in it, and the goal.
    pub seen: &'a SeenScene,
    /// By object, its places in the proposed motion, px; empty if there is none.
    pub proposed: &'a [[[f64; 2]; FRAMES + 1]],
    /// The checked push with its simulated motion.
    pub checked: Option<(Push, &'a Tracks)>,
}

impl PushStrip<'_> {
    /// The bytes of the PNG: the three parts from left to right, 900 pixels wide.
    ///
    /// # Errors
    /// If it cannot be encoded.
    pub fn png(&self) -> Result<Vec<u8>, png::EncodingError> {
        let side = self.camera.width() as f64;
        let (pitch, width) = (side + GAP, 3.0 * side + 2.0 * GAP);
        let mut canvas = Canvas::of(Aabb { low: [0.0; 2], high: [width, side] });
        canvas.fill(|[x, y]| {
            let within = x % pitch;
            if within < side { self.pixel(within, side - y) } else { [255; 3] }
        });
        // Rows go down, the canvas up.
        let at =
            |part: f64, [u, v]: [f64; 2]| -> Point { [part * pitch + u.clamp(0.0, side), side - v.clamp(0.0, side)] };
        let goal = self.seen.goal;
        for part in [0.0, 1.0, 2.0] {
            if let Some([from, to]) = self.arrow(goal.body, goal.direction_rad, goal.speed_mps) {
                canvas.polyline(&[at(part, from), at(part, to)], LINE, GOAL);
                canvas.polyline(&[at(part, from)], 3.0 * LINE, GOAL);
            }
        }
        for (track, colour) in self.proposed.iter().zip(TRACKS.iter().cycle()) {
            let points: Vec<Point> = track.iter().map(|place| at(1.0, *place)).collect();
            canvas.polyline(&points, LINE, *colour);
            canvas.polyline(&points[FRAMES..], 2.0 * LINE, *colour);
        }
        if let Some((push, tracks)) = self.checked {
            for (track, colour) in tracks.bodies.iter().zip(TRACKS.iter().cycle()) {
                let seen = |place: &[f32; 3]| self.camera.project(place.map(f64::from)).map(|px| at(2.0, px));
                let points: Vec<Point> = track.iter().filter_map(seen).collect();
                canvas.polyline(&points, LINE, *colour);
                canvas.polyline(&points[points.len().saturating_sub(1)..], 2.0 * LINE, *colour);
            }
            if let Some([from, to]) = self.arrow(push.body, push.direction_rad, push.speed_mps) {
                canvas.polyline(&[at(2.0, from), at(2.0, to)], LINE, PUSH);
            }
        }
        canvas.encoded()
    }

    fn pixel(&self, u: f64, v: f64) -> Colour {
        let side = self.camera.width();
        let place = |value: f64| (value as usize).min(side - 1);
        let at = 3 * (place(v) * side + place(u));
        self.rgb.get(at..at + 3).and_then(|pixel| pixel.try_into().ok()).unwrap_or([255; 3])
    }

    /// From a body's centre to where a speed leads, px.
    fn arrow(&self, body: usize, direction_rad: f64, speed_mps: f64) -> Option<[[f64; 2]; 2]> {
        arrow_px(self.camera, self.seen, body, direction_rad, speed_mps)
    }
}
