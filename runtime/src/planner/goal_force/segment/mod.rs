//! Segmentation of a picture of a table into objects, without a network.
//!
//! The table's colours are those that are spread over the picture's border; a pixel is background if it is one of them,
//! or one of them darkened by a shadow. What is left falls into connected components; each is explained by circles as
//! far as they fit, and what no circle explains is not round.

mod background;
mod circle;
mod group;
mod locate;
mod outline;

pub use locate::{USUAL_MASS_KG, locate};
pub use outline::OrientedBox;

use background::classify;
use circle::{Circle, Explained, explain};

/// Most objects of a picture; more are a texture that was not recognised as the table's.
pub const MAX_OBJECTS: usize = 40;
/// Least pixels of an object.
const LEAST_PIXELS: usize = 6;

/// Why there are no detections.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DetectError {
    /// The buffer does not have the picture's size, or the picture is too small or too large.
    #[error("picture: expected 16 to 1024 px a side and 3 bytes a pixel, got {width} x {height} and {bytes} bytes")]
    Size {
        /// Pixels a row.
        width: usize,
        /// Rows.
        height: usize,
        /// Of the buffer.
        bytes: usize,
    },
    /// Everything has the background's colours.
    #[error(
        "picture: expected objects on a table, found none\nhint: the objects' colours must differ from the table's"
    )]
    NoObject,
    /// More than 40.
    #[error(
        "picture: expected at most {MAX_OBJECTS} objects, found {count}\nhint: the camera must see a table whose texture reaches the picture's border"
    )]
    TooMany {
        /// How many were found.
        count: usize,
    },
}

/// An object in a picture. Pixels: u to the right, v down, the first pixel's centre at (0.5, 0.5).
#[derive(Clone, Debug, PartialEq)]
pub struct Detection {
    /// Indices of its pixels, v * width + u, ascending.
    pub pixels: Vec<usize>,
    /// Of the circle if it is round, or of its pixels, px.
    pub centre_px: [f64; 2],
    /// Of the circle, or of the disc of the same area, px.
    pub radius_px: f64,
    /// Mean, sRGB, 0 to 1.
    pub colour: [f32; 3],
    /// Whether its outline is a circle: a ball.
    pub round: bool,
    /// The smallest turned rectangle round its pixels, px.
    pub outline: OrientedBox,
}

/// A picture's colours, sRGB between 0 and 1, by pixel.
struct Colours {
    width: usize,
    height: usize,
    rgb: Vec<[f32; 3]>,
}

impl Colours {
    fn of(rgb: &[u8], [width, height]: [usize; 2]) -> Self {
        let pixel = |bytes: &[u8]| std::array::from_fn(|channel| f32::from(bytes[channel]) / 255.0);
        Self { width, height, rgb: rgb.chunks_exact(3).map(pixel).collect() }
    }
}

impl Detection {
    /// What covers pixels of a height x width x 3 sRGB picture that something else has found, not round. Without pixels its
    /// place, size and colour are 0.
    ///
    /// # Panics
    /// If a pixel is outside of the picture.
    pub fn of_pixels(pixels: Vec<usize>, rgb: &[u8], size: [usize; 2]) -> Self {
        if pixels.is_empty() {
            let (outline, none) = (OrientedBox::default(), [0.0; 2]);
            return Self { pixels, centre_px: none, radius_px: 0.0, colour: [0.0; 3], round: false, outline };
        }
        detection(pixels, None, &Colours::of(rgb, size))
    }
}

/// Objects of a height x width x 3 sRGB picture, largest first.
///
/// # Errors
/// If the size is wrong, no object is found, or more than 40.
pub fn segment(rgb: &[u8], [width, height]: [usize; 2]) -> Result<Vec<Detection>, DetectError> {
    let sized = (16..=1024).contains(&width) && (16..=1024).contains(&height);
    if !sized || rgb.len() != 3 * width * height {
        return Err(DetectError::Size { width, height, bytes: rgb.len() });
    }
    let colours = Colours::of(rgb, [width, height]);
    let mask = classify(&colours);
    let mut detections = Vec::new();
    for component in components(&mask, width) {
        let Explained { round, others } = explain(&component, &colours);
        detections.extend(round.into_iter().map(|(circle, pixels)| detection(pixels, Some(circle), &colours)));
        for other in others {
            let mut left = vec![false; width * height];
            other.iter().for_each(|pixel| left[*pixel] = true);
            let parts = components(&left, width);
            detections.extend(parts.into_iter().map(|pixels| detection(pixels, None, &colours)));
        }
        // A texture that is not the table's would take long to take apart.
        if detections.len() > 4 * MAX_OBJECTS {
            break;
        }
    }
    match detections.len() {
        0 => Err(DetectError::NoObject),
        count if count > MAX_OBJECTS => Err(DetectError::TooMany { count }),
        _ => {
            detections.sort_by_key(|detection| std::cmp::Reverse(detection.pixels.len()));
            Ok(detections)
        }
    }
}

/// Connected pixels (by sides), of at least [`LEAST_PIXELS`], each ascending.
fn components(mask: &[bool], width: usize) -> Vec<Vec<usize>> {
    let (mut seen, mut found) = (vec![false; mask.len()], Vec::new());
    for start in 0..mask.len() {
        if !mask[start] || seen[start] {
            continue;
        }
        seen[start] = true;
        let mut component = vec![start];
        let mut next = 0;
        while let Some(&pixel) = component.get(next) {
            next += 1;
            for other in neighbours(pixel, width, mask.len()) {
                if mask[other] && !seen[other] {
                    seen[other] = true;
                    component.push(other);
                }
            }
        }
        if component.len() >= LEAST_PIXELS {
            component.sort_unstable();
            found.push(component);
        }
    }
    found
}

/// The pixels that share a side with one.
fn neighbours(pixel: usize, width: usize, count: usize) -> impl Iterator<Item = usize> {
    let column = pixel % width;
    let left = (column > 0).then(|| pixel - 1);
    let right = (column + 1 < width).then(|| pixel + 1);
    let below = (pixel + width < count).then(|| pixel + width);
    [left, right, pixel.checked_sub(width), below].into_iter().flatten()
}

fn detection(mut pixels: Vec<usize>, circle: Option<Circle>, colours: &Colours) -> Detection {
    pixels.sort_unstable();
    let count = pixels.len() as f64;
    let point = |pixel: &usize| [(pixel % colours.width) as f64 + 0.5, (pixel / colours.width) as f64 + 0.5];
    let mean = |axis: usize| pixels.iter().map(|pixel| point(pixel)[axis]).sum::<f64>() / count;
    let colour = |channel: usize| pixels.iter().map(|pixel| colours.rgb[*pixel][channel]).sum::<f32>() / count as f32;
    let (centre_px, radius_px) = match circle {
        Some(circle) => (circle.centre_px, circle.radius_px),
        None => ([mean(0), mean(1)], (count / std::f64::consts::PI).sqrt()),
    };
    let outline = OrientedBox::round(pixels.iter().map(point));
    let colour = std::array::from_fn(colour);
    Detection { centre_px, radius_px, colour, round: circle.is_some(), outline, pixels }
}

#[cfg(test)]
mod tests;
