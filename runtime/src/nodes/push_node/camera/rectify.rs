//! Pictures without distortion: a map from pixels of the pinhole to places in the picture, made once, then bilinear
//! interpolation of each picture.

use super::{CameraRefusal, Intrinsics, RgbPicture};
use std::borrow::Cow;

/// Focal lengths that differ by more than this share are made equal: pixels that are not square.
const SQUARE_SHARE: f64 = 0.005;
/// Steps and distance at which the inverse of a lens model is found, px.
const MAX_STEPS: usize = 200;
const CLOSE_PX: f64 = 1e-3;
/// Parts of a pixel in which places are kept.
const PARTS: f64 = 256.0;

/// From where a pixel takes its colour: four pixels, the right and lower ones by 256ths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tap {
    /// Index of the left upper pixel.
    at: u32,
    /// 256ths of the right and of the lower pixels; 0 at the last column and row, which have none.
    parts: [u8; 2],
}

/// Removes the distortion of one camera's pictures; equal if made for equal intrinsics.
#[derive(Clone, Debug)]
pub struct Rectifier {
    of: Intrinsics,
    pinhole: Intrinsics,
    /// By pixel; `None` if every pixel stays.
    taps: Option<Vec<Tap>>,
}

impl PartialEq for Rectifier {
    fn eq(&self, other: &Self) -> bool {
        self.of == other.of
    }
}

impl Rectifier {
    /// Makes the map of a camera; 8 bytes a pixel, and as many evaluations of the lens.
    pub fn new(of: &Intrinsics) -> Self {
        let pinhole = pinhole_of(of);
        if pinhole == *of {
            return Self { of: *of, pinhole, taps: None };
        }
        let [width, height] = of.size;
        let mut taps = Vec::with_capacity(width * height);
        for v in 0..height {
            for u in 0..width {
                let [u, v] = source(of, &pinhole, [u as f64 + 0.5, v as f64 + 0.5]);
                let ((column, right), (row, below)) = (split(u, width), split(v, height));
                taps.push(Tap { at: (row * width + column) as u32, parts: [right, below] });
            }
        }
        Self { of: *of, pinhole, taps: Some(taps) }
    }

    /// Whether it was made for this camera.
    pub fn is_of(&self, intrinsics: &Intrinsics) -> bool {
        self.of == *intrinsics
    }

    /// The camera of the rectified pictures, without distortion. Focal lengths that differ by more than 0.5% are both the
    /// larger one, so that no part of the picture shows what the camera does not see.
    pub fn pinhole(&self) -> &Intrinsics {
        &self.pinhole
    }

    /// Where a rectified pixel is in the picture as it was taken, px.
    pub fn raw_px(&self, rectified_px: [f64; 2]) -> [f64; 2] {
        source(&self.of, &self.pinhole, rectified_px)
    }

    /// Where a pixel of the picture as it was taken is in the rectified one, px: the inverse of [`Self::raw_px`], by
    /// fixed-point steps. `None` where the lens model has none.
    pub fn rectified_px(&self, raw_px: [f64; 2]) -> Option<[f64; 2]> {
        let mut at = raw_px;
        for _ in 0..MAX_STEPS {
            let seen = self.raw_px(at);
            let off = [0, 1].map(|axis| raw_px[axis] - seen[axis]);
            if off[0].hypot(off[1]) < CLOSE_PX {
                return Some(at);
            }
            at = [0, 1].map(|axis| at[axis] + off[axis]);
        }
        None
    }

    /// A picture without distortion. Where the camera sees nothing, the colour is that of the nearest edge.
    ///
    /// # Errors
    /// If the picture has another size than the camera's, or other bytes than its size says.
    pub fn rectify<'a>(&self, picture: &'a RgbPicture) -> Result<Cow<'a, RgbPicture>, CameraRefusal> {
        let [width, height] = self.of.size;
        if picture.size != self.of.size || picture.rgb.len() != 3 * width * height {
            return Err(CameraRefusal::PictureSize { camera: self.of.size, picture: picture.size });
        }
        let Some(taps) = &self.taps else { return Ok(Cow::Borrowed(picture)) };
        let mut rgb = Vec::with_capacity(picture.rgb.len());
        for tap in taps {
            let upper = 3 * tap.at as usize;
            let [right, below] = tap.parts.map(u32::from);
            let across = if right > 0 { 3 } else { 0 };
            let lower = if below > 0 { upper + 3 * width } else { upper };
            for channel in 0..3 {
                let at = |index: usize| u32::from(picture.rgb[index + channel]);
                let row = |start: usize| at(start) * (256 - right) + at(start + across) * right;
                let sum = row(upper) * (256 - below) + row(lower) * below;
                rgb.push(((sum + (1 << 15)) >> 16) as u8);
            }
        }
        Ok(Cow::Owned(RgbPicture { rgb, size: picture.size }))
    }
}

/// One picture without distortion, and its camera. For many pictures of a camera, keep a [`Rectifier`].
///
/// # Errors
/// As [`Rectifier::rectify`].
pub fn rectify<'a>(
    picture: &'a RgbPicture,
    intrinsics: &Intrinsics,
) -> Result<(Cow<'a, RgbPicture>, Intrinsics), CameraRefusal> {
    // Before the map is made, which takes longer.
    if picture.size != intrinsics.size {
        return Err(CameraRefusal::PictureSize { camera: intrinsics.size, picture: picture.size });
    }
    let rectifier = Rectifier::new(intrinsics);
    Ok((rectifier.rectify(picture)?, rectifier.pinhole))
}

fn pinhole_of(of: &Intrinsics) -> Intrinsics {
    let [along_u, along_v] = of.focal_px;
    let larger = along_u.max(along_v);
    let is_square = (along_u - along_v).abs() <= SQUARE_SHARE * larger;
    let focal_px = if is_square { of.focal_px } else { [larger; 2] };
    Intrinsics { focal_px, distortion: None, ..*of }
}

/// Where the camera sees what its pinhole sees at a pixel, px.
fn source(of: &Intrinsics, pinhole: &Intrinsics, pixel: [f64; 2]) -> [f64; 2] {
    let ray = [0, 1].map(|axis| (pixel[axis] - pinhole.principal_px[axis]) / pinhole.focal_px[axis]);
    let bent = of.distortion.map_or(ray, |distortion| distortion.distort(ray));
    [0, 1].map(|axis| of.principal_px[axis] + of.focal_px[axis] * bent[axis])
}

/// The pixel whose centre is before a place along an axis, and 256ths of a pixel beyond it; within the picture.
fn split(place_px: f64, side_px: usize) -> (usize, u8) {
    let last = PARTS * (side_px - 1) as f64;
    // `max` takes 0 for what is no number.
    let parts = (PARTS * (place_px - 0.5)).round().max(0.0).min(last) as usize;
    (parts >> 8, (parts & 0xff) as u8)
}

#[cfg(test)]
mod tests {
    use super::super::Distortion;
    use super::*;
    use proptest::prelude::*;

    const SIZE: [usize; 2] = [160, 120];

    fn intrinsics(distortion: Option<Distortion>) -> Intrinsics {
        Intrinsics { size: SIZE, focal_px: [120.0; 2], principal_px: [78.0, 61.5], distortion }
    }

    /// A picture whose red is 255 in a soft disc of 4 px about a place.
    fn spot(at: [f64; 2]) -> RgbPicture {
        let mut rgb = Vec::new();
        for v in 0..SIZE[1] {
            for u in 0..SIZE[0] {
                let away = (u as f64 + 0.5 - at[0]).hypot(v as f64 + 0.5 - at[1]);
                rgb.extend([(255.0 * (1.0 - away / 4.0).max(0.0)) as u8, 10, 20]);
            }
        }
        RgbPicture { rgb, size: SIZE }
    }

    /// The red's centre of mass, px.
    fn centre(picture: &RgbPicture) -> [f64; 2] {
        let mut sums = [0.0; 3];
        for (index, pixel) in picture.rgb.chunks_exact(3).enumerate() {
            let red = f64::from(pixel[0]);
            sums[0] += red * ((index % SIZE[0]) as f64 + 0.5);
            sums[1] += red * ((index / SIZE[0]) as f64 + 0.5);
            sums[2] += red;
        }
        [sums[0] / sums[2], sums[1] / sums[2]]
    }

    #[test]
    fn a_picture_without_distortion_stays_as_it_is() {
        let picture = spot([30.0, 40.0]);
        for focal_px in [[120.0, 120.0], [120.0, 120.5]] {
            let of = Intrinsics { focal_px, ..intrinsics(None) };
            let (same, pinhole) = rectify(&picture, &of).expect("a picture");
            assert!(matches!(same, Cow::Borrowed(_)) && pinhole == of);
        }
    }

    /// A distortion too small to move a pixel by a 256th: the map is taken, and changes nothing.
    #[test]
    fn the_map_of_almost_no_distortion_is_the_identity() {
        let picture = RgbPicture { rgb: (0..3 * 160 * 120).map(|index| (index * 7 % 251) as u8).collect(), size: SIZE };
        let distortion = Distortion::Polynomial { radial: [1e-9, 0.0, 0.0, 0.0, 0.0, 0.0], tangential: [0.0; 2] };
        let (same, _) = rectify(&picture, &intrinsics(Some(distortion))).expect("a picture");
        assert!(matches!(&same, Cow::Owned(owned) if *owned == picture));
    }

    #[test]
    fn pixels_that_are_not_square_are_made_square_without_inventing_any() {
        let of = Intrinsics { focal_px: [60.0, 120.0], ..intrinsics(None) };
        let rectifier = Rectifier::new(&of);
        assert_eq!(rectifier.pinhole(), &Intrinsics { focal_px: [120.0; 2], ..of });
        let rectified = rectifier.rectify(&spot([88.0, 51.5])).expect("a picture").into_owned();
        let [u, v] = centre(&rectified);
        assert!((u - 98.0).abs() < 0.1 && (v - 51.5).abs() < 0.1, "{u} {v}");
    }

    #[test]
    fn outside_is_the_colour_of_the_nearest_edge() {
        // The corners of the pinhole lie outside a picture with this cushion.
        let distortion = Distortion::Polynomial { radial: [2.0, 0.0, 0.0, 0.0, 0.0, 0.0], tangential: [0.0; 2] };
        let mut picture = RgbPicture { rgb: vec![50; 3 * 160 * 120], size: SIZE };
        picture.rgb[..3].copy_from_slice(&[200, 100, 0]);
        let (rectified, _) = rectify(&picture, &intrinsics(Some(distortion))).expect("a picture");
        assert_eq!(rectified.rgb[..3], [200, 100, 0]);
        assert_eq!(rectified.rgb[3 * (160 * 119 + 159)..], [50, 50, 50]);
    }

    #[test]
    fn a_rectifier_is_kept_while_the_camera_stays_and_refuses_others_pictures() {
        let of = intrinsics(Some(Distortion::Equidistant { radial: [0.02, 0.0, 0.0, 0.0] }));
        let rectifier = Rectifier::new(&of);
        assert!(rectifier.is_of(&of) && !rectifier.is_of(&intrinsics(None)));
        assert!(rectifier == Rectifier::new(&of) && rectifier != Rectifier::new(&intrinsics(None)));
        for picture in [RgbPicture { rgb: vec![0; 12], size: [2, 2] }, RgbPicture { rgb: vec![0; 12], size: SIZE }] {
            let refusal = rectifier.rectify(&picture).expect_err("another size");
            assert_eq!(refusal.name(), "camera_picture_size");
        }
        assert!(matches!(rectify(&RgbPicture::default(), &of), Err(CameraRefusal::PictureSize { .. })));
    }

    /// Numbers that are valid and absurd: places that are no numbers, and pictures of one pixel.
    #[test]
    fn absurd_lenses_give_a_picture() {
        for size in [[1, 1], [1, 9], [9, 1]] {
            for value in [1e300, -1e300, f64::MAX] {
                let distortion = Some(Distortion::Polynomial { radial: [value; 6], tangential: [value; 2] });
                let of = Intrinsics { size, focal_px: [1e-300, 1e300], principal_px: [value; 2], distortion };
                let picture = RgbPicture { rgb: vec![7; 3 * size[0] * size[1]], size };
                assert_eq!(rectify(&picture, &of).expect("a picture").0.into_owned(), picture);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// A spot painted where the lens shows a ray is found where the pinhole sees that ray.
        #[test]
        fn a_spot_moves_to_where_the_pinhole_sees_it(
            u in 25.0_f64..135.0, v in 25.0_f64..95.0, k1 in -0.15..0.15, k2 in -0.05..0.05, p in prop::array::uniform2(-0.01..0.01),
            is_fisheye: bool,
        ) {
            let distortion = if is_fisheye {
                Distortion::Equidistant { radial: [k1, k2, 0.0, 0.0] }
            } else {
                Distortion::Polynomial { radial: [k1, k2, 0.0, 0.0, 0.0, 0.0], tangential: p }
            };
            let of = intrinsics(Some(distortion));
            let ray = [(u - 78.0) / 120.0, (v - 61.5) / 120.0];
            let bent = distortion.distort(ray);
            let picture = spot([78.0 + 120.0 * bent[0], 61.5 + 120.0 * bent[1]]);
            let (rectified, pinhole) = rectify(&picture, &of).expect("a picture");
            prop_assert_eq!(pinhole, intrinsics(None));
            let got = centre(&rectified);
            prop_assert!((got[0] - u).hypot(got[1] - v) < 0.3, "{:?} instead of {u} {v}", got);
        }
    }
}
