//! A camera's picture as a model takes it: the centred square, averaged over areas to the model's size.

use crate::world::scene::{Camera, CameraError, MAX_SIDE_PX};

/// Why a picture is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PictureFault {
    /// Too small or too large.
    #[error("expected a picture of {least} to {MAX_SIDE_PX} px a side, got {} x {}", .got[0], .got[1])]
    Size {
        /// The model's side, px.
        least: usize,
        /// Width and height, px.
        got: [usize; 2],
    },
    /// Other bytes than its size says.
    #[error("expected {expected} bytes of RGB, got {got}")]
    Bytes {
        /// For its size.
        expected: usize,
        /// Those given.
        got: usize,
    },
    /// The camera is that of another picture.
    #[error("expected a camera of the picture's {} x {} px, got one of {} x {} px", .picture[0], .picture[1], .camera[0], .camera[1])]
    CameraSize {
        /// The picture's width and height, px.
        picture: [usize; 2],
        /// The camera's, px.
        camera: [usize; 2],
    },
    /// All pixels are alike: a closed lens, or no picture yet.
    #[error("expected a picture of something, got one colour all over")]
    Plain,
    /// The camera of the part that is kept is none.
    #[error(transparent)]
    Camera(#[from] CameraError),
}

/// A square picture with the camera that would have taken it.
#[derive(Clone, Debug, PartialEq)]
pub struct SquarePicture {
    /// RGB, row by row from the top.
    pub rgb: Vec<u8>,
    /// Of the square.
    pub camera: Camera,
    offset_px: [f64; 2],
    /// Pixels of the original per pixel of the square.
    scale: f64,
}

impl SquarePicture {
    /// The centred square of an RGB picture of `[width, height]` pixels, `side_px` wide.
    ///
    /// # Errors
    /// See [`PictureFault`].
    pub fn new(rgb: &[u8], [width, height]: [usize; 2], camera: &Camera, side_px: usize) -> Result<Self, PictureFault> {
        let sides = side_px.max(1)..=MAX_SIDE_PX;
        if !sides.contains(&width) || !sides.contains(&height) {
            return Err(PictureFault::Size { least: side_px, got: [width, height] });
        }
        if rgb.len() != 3 * width * height {
            return Err(PictureFault::Bytes { expected: 3 * width * height, got: rgb.len() });
        }
        if [camera.width(), camera.height()] != [width, height] {
            let camera = [camera.width(), camera.height()];
            return Err(PictureFault::CameraSize { picture: [width, height], camera });
        }
        if rgb.chunks_exact(3).all(|pixel| pixel == &rgb[..3]) {
            return Err(PictureFault::Plain);
        }
        let kept = width.min(height);
        let offset = [(width - kept) / 2, (height - kept) / 2];
        let scale = kept as f64 / side_px as f64;
        let offset_px = offset.map(|value| value as f64);
        let camera = camera.of_square(offset_px, scale, side_px)?;
        let spans: Vec<Vec<(usize, f64)>> = (0..side_px).map(|index| span(index, scale, kept)).collect();
        let mut square = Vec::with_capacity(3 * side_px * side_px);
        for rows in &spans {
            for columns in &spans {
                let mut sums = [0.0; 3];
                let mut all = 0.0;
                for (row, along) in rows {
                    for (column, across) in columns {
                        let at = 3 * ((row + offset[1]) * width + column + offset[0]);
                        (0..3).for_each(|channel| sums[channel] += along * across * f64::from(rgb[at + channel]));
                        all += along * across;
                    }
                }
                square.extend(sums.map(|sum| (sum / all).round() as u8));
            }
        }
        Ok(Self { rgb: square, camera, offset_px, scale })
    }

    /// A pixel of the original in the square; it may lie outside.
    pub fn point(&self, original_px: [f64; 2]) -> [f64; 2] {
        [0, 1].map(|axis| (original_px[axis] - self.offset_px[axis]) / self.scale)
    }

    /// A pixel of the square in the original.
    pub fn original(&self, square_px: [f64; 2]) -> [f64; 2] {
        [0, 1].map(|axis| square_px[axis] * self.scale + self.offset_px[axis])
    }
}

/// The original pixels that a pixel of the square covers, with the share of each.
fn span(index: usize, scale: f64, most: usize) -> Vec<(usize, f64)> {
    let (from, to) = (index as f64 * scale, (index + 1) as f64 * scale);
    let last = (to.ceil() as usize).min(most);
    let share = |pixel: usize| (to.min(pixel as f64 + 1.0) - from.max(pixel as f64)).max(0.0);
    (from as usize..last).map(|pixel| (pixel, share(pixel))).filter(|(_, share)| *share > 0.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn camera(size: [usize; 2]) -> Camera {
        Camera::over_table(1.0, 0.5, 0.3, size).expect("a camera")
    }

    #[test]
    fn a_picture_of_the_models_size_stays_as_it_is() {
        let rgb: Vec<u8> = (0..3 * 64 * 64).map(|index| (index % 251) as u8).collect();
        let square = SquarePicture::new(&rgb, [64, 64], &camera([64, 64]), 64).expect("a picture");
        assert_eq!((square.rgb, square.camera), (rgb, camera([64, 64])));
    }

    proptest! {
        /// Whatever the size: a point of the table is seen at the same place, and a uniform colour keeps its value.
        #[test]
        fn points_and_colours_are_kept(width in 64_usize..200, height in 64_usize..200, x in -0.5..0.5, y in -0.5..0.5) {
            let camera = camera([width, height]);
            let mut rgb = vec![120; 3 * width * height];
            rgb[0] = 121;
            let square = SquarePicture::new(&rgb, [width, height], &camera, 64).expect("a picture");
            prop_assert!(square.rgb.iter().all(|value| (119..=121).contains(value)));
            let there = square.point(camera.project([x, y, 0.0]).expect("in front"));
            let seen = square.camera.project([x, y, 0.0]).expect("in front");
            prop_assert!((there[0] - seen[0]).abs() < 1e-9 && (there[1] - seen[1]).abs() < 1e-9);
            let back = square.original(there);
            prop_assert!((square.point(back)[0] - there[0]).abs() < 1e-9);
        }
    }

    #[test]
    fn what_is_no_picture_is_refused_by_name() {
        let new = |rgb: &[u8], size| SquarePicture::new(rgb, size, &camera([80, 64]), 64);
        let good: Vec<u8> = (0..3 * 80 * 64).map(|index| index as u8).collect();
        assert!(new(&good, [80, 64]).is_ok());
        assert!(matches!(new(&good, [80, 63]), Err(PictureFault::Size { .. })));
        assert!(matches!(new(&good, [80_000, 64]), Err(PictureFault::Size { .. })));
        assert!(matches!(new(&good[1..], [80, 64]), Err(PictureFault::Bytes { .. })));
        assert!(matches!(new(&[0; 3 * 64 * 64], [64, 64]), Err(PictureFault::CameraSize { .. })));
        assert_eq!(new(&[7; 3 * 80 * 64], [80, 64]), Err(PictureFault::Plain));
        assert!(matches!(SquarePicture::new(&[], [0, 0], &camera([80, 64]), 64), Err(PictureFault::Size { .. })));
    }
}
