//! Lines on pixels, encoded as PNG.

use crate::geometry::{Aabb, Point, distance_to_segment};

/// Pixels of the longer side.
const LONGER_SIDE: f64 = 900.0;
/// Of what nothing is drawn on.
const BLANK: Colour = [255, 255, 255];

pub(super) type Colour = [u8; 3];

/// Pixels over a part of the plane, y up.
pub(super) struct Canvas {
    pub(super) frame: Aabb,
    pub(super) px_per_m: f64,
    width: usize,
    height: usize,
    pixels: Vec<Colour>,
}

impl Canvas {
    pub(super) fn of(frame: Aabb) -> Self {
        let size_m = [0, 1].map(|axis| (frame.high[axis] - frame.low[axis]).max(1e-6));
        let px_per_m = LONGER_SIDE / size_m[0].max(size_m[1]);
        let [width, height] = size_m.map(|metres| ((metres * px_per_m).round() as usize).max(1));
        Self { frame, px_per_m, width, height, pixels: vec![BLANK; width * height] }
    }

    /// The middle of a pixel on the map.
    fn point(&self, column: usize, row: usize) -> Point {
        let Aabb { low, high } = self.frame;
        [low[0] + (column as f64 + 0.5) / self.px_per_m, high[1] - (row as f64 + 0.5) / self.px_per_m]
    }

    pub(super) fn fill(&mut self, colour_of: impl Fn(Point) -> Colour) {
        for row in 0..self.height {
            for column in 0..self.width {
                self.pixels[row * self.width + column] = colour_of(self.point(column, row));
            }
        }
    }

    /// A line with round ends, its edge blended; of one point a disc. What is not finite is left out.
    pub(super) fn polyline(&mut self, points: &[Point], width_px: f64, colour: Colour) {
        if let [point] = points {
            return self.segment(*point, *point, width_px, colour);
        }
        for pair in points.windows(2) {
            self.segment(pair[0], pair[1], width_px, colour);
        }
    }

    fn segment(&mut self, from: Point, to: Point, width_px: f64, colour: Colour) {
        if !from.iter().chain(&to).all(|value| value.is_finite()) {
            return;
        }
        let reach_m = (0.5 * width_px + 1.0) / self.px_per_m;
        let Aabb { low, high } = self.frame;
        // A conversion to an integer saturates at 0.
        let place = |metres: f64| (metres * self.px_per_m) as usize;
        let columns = place(from[0].min(to[0]) - reach_m - low[0])..place(from[0].max(to[0]) + reach_m - low[0]) + 1;
        let rows = place(high[1] - from[1].max(to[1]) - reach_m)..place(high[1] - from[1].min(to[1]) + reach_m) + 1;
        for row in rows.start..rows.end.min(self.height) {
            for column in columns.start..columns.end.min(self.width) {
                let off_px = distance_to_segment(self.point(column, row), from, to) * self.px_per_m;
                let share = (0.5 + 0.5 * width_px - off_px).clamp(0.0, 1.0);
                let pixel = &mut self.pixels[row * self.width + column];
                *pixel = std::array::from_fn(|channel| {
                    (f64::from(pixel[channel]) * (1.0 - share) + f64::from(colour[channel]) * share).round() as u8
                });
            }
        }
    }

    pub(super) fn encoded(&self) -> Result<Vec<u8>, png::EncodingError> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(self.pixels.as_flattened())?;
        writer.finish()?;
        Ok(bytes)
    }
}
