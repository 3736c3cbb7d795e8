//! Map files of Nav2's map_server: a YAML file with resolution, origin, thresholds and mode, and an image.

use super::super::grid::GridGeometry;
use super::yaml::{Value, mapping};
use super::{FieldFault, MapImage};
use crate::figures::Figure;

/// How the brightness of a pixel is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MapMode {
    /// Free, occupied, unknown.
    #[default]
    Trinary,
    /// Between the thresholds in percent of the way from one to the other; what is not opaque is unknown.
    Scale,
    /// Samples from 0 to 100 are occupancies, others unknown.
    Raw,
}

/// The YAML file of a map.
#[derive(Clone, Debug, PartialEq)]
pub struct MapMetadata {
    /// The image, relative to the YAML file.
    pub image: String,
    /// Side of a cell.
    pub resolution_m: f64,
    /// x and y (metres) and yaw (radians) of the lower left corner.
    pub origin: [f64; 3],
    /// Whether white is occupied.
    pub negate: bool,
    /// More than this share is occupied.
    pub occupied_thresh: f64,
    /// Less than this share is free.
    pub free_thresh: f64,
    /// How pixels are read.
    pub mode: MapMode,
    /// Keys that map_server does not know.
    pub unknown_keys: Vec<String>,
}

impl MapMetadata {
    /// Reads a YAML text. As in map_server `mode` may be left out, and nothing else.
    ///
    /// # Errors
    /// The first field that is missing or out of its range.
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        let pairs = mapping(text)?;
        let find = |field: &str| pairs.iter().find(|(key, _)| key == field).map(|(_, value)| value);
        let need = |field: &'static str, expected: &str, hint: &'static str| {
            find(field).ok_or_else(|| FieldFault::new(field, expected, "no such key").hint(hint))
        };
        let image = match need("image", "the name of a picture", "for example `image: map.pgm`")? {
            Value::Scalar(name) if !name.trim().is_empty() => name.clone(),
            other => return Err(FieldFault::new("image", "the name of a picture", other.shown())),
        };
        let resolution_m =
            number("resolution", need("resolution", "metres per cell", "for example `resolution: 0.05`")?)?;
        if !(resolution_m > 0.0 && resolution_m.is_finite()) {
            return Err(FieldFault::new("resolution", "more than 0 m per cell", Figure(resolution_m).to_string()));
        }
        let three = "x, y and yaw";
        let origin = match need("origin", three, "for example `origin: [-10.0, -10.0, 0.0]`")? {
            Value::List(parts) if parts.len() == 3 => {
                let mut origin = [0.0; 3];
                for (to, part) in origin.iter_mut().zip(parts) {
                    *to = number("origin", &Value::Scalar(part.clone()))?;
                }
                origin
            }
            other => return Err(FieldFault::new("origin", format!("a list of {three}"), other.shown())),
        };
        if !origin.iter().all(|value| value.is_finite()) {
            return Err(FieldFault::new("origin", "finite numbers", format!("{origin:?}")));
        }
        let negate = match need("negate", "0 or 1", "`negate: 0`, where black is occupied")? {
            Value::Scalar(text) => match text.as_str() {
                "0" | "0.0" | "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => false,
                "1" | "1.0" | "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => true,
                _ => return Err(FieldFault::new("negate", "0 or 1", Value::Scalar(text.clone()).shown())),
            },
            other => return Err(FieldFault::new("negate", "0 or 1", other.shown())),
        };
        let share = |field: &'static str, hint: &'static str| {
            let value = number(field, need(field, "a share from 0 to 1", hint)?)?;
            let inside = (0.0..=1.0).contains(&value);
            let wrong = || FieldFault::new(field, "a share from 0 to 1", Figure(value).to_string()).hint(hint);
            inside.then_some(value).ok_or_else(wrong)
        };
        let occupied_thresh = share("occupied_thresh", "map_server's usual one is 0.65")?;
        let free_thresh = share("free_thresh", "map_server's usual one is 0.25")?;
        if free_thresh > occupied_thresh {
            let expected = format!("at most occupied_thresh, {}", Figure(occupied_thresh));
            return Err(FieldFault::new("free_thresh", expected, Figure(free_thresh).to_string()));
        }
        let mode = match find("mode") {
            None => MapMode::default(),
            Some(Value::Scalar(name)) if name == "trinary" => MapMode::Trinary,
            Some(Value::Scalar(name)) if name == "scale" => MapMode::Scale,
            Some(Value::Scalar(name)) if name == "raw" => MapMode::Raw,
            Some(other) => return Err(FieldFault::new("mode", "trinary, scale or raw", other.shown())),
        };
        let known = ["image", "resolution", "origin", "negate", "occupied_thresh", "free_thresh", "mode"];
        let unknown_keys = pairs.into_iter().map(|(key, _)| key).filter(|key| !known.contains(&key.as_str())).collect();
        Ok(Self { image, resolution_m, origin, negate, occupied_thresh, free_thresh, mode, unknown_keys })
    }

    /// Where the cells of an image lie.
    pub fn geometry(&self, image: &MapImage) -> GridGeometry {
        let [x, y, yaw_rad] = self.origin;
        let MapImage { width, height, .. } = *image;
        GridGeometry { origin: [x, y], yaw_rad, resolution_m: self.resolution_m, width, height }
    }

    /// Occupancies of an image's cells in percent, -1 for unknown space: row 0 is the lowest, the image's last.
    pub fn occupancy(&self, image: &MapImage) -> Vec<i8> {
        let mut values = Vec::with_capacity(image.width * image.height);
        for row in (0..image.height).rev() {
            values.extend((row * image.width..(row + 1) * image.width).map(|index| self.occupancy_of(image, index)));
        }
        values
    }

    fn occupancy_of(&self, image: &MapImage, index: usize) -> i8 {
        let pixel = image.pixel(index);
        // In trinary mode map_server takes the mean of colours and opacity.
        let counted = pixel.alpha.filter(|_| self.mode == MapMode::Trinary);
        let (sum, all) = match counted {
            Some(alpha) => (pixel.sum + alpha, 4 * pixel.white),
            None => (pixel.sum, 3 * pixel.white),
        };
        if self.mode == MapMode::Raw {
            let value = (f64::from(sum) / f64::from(all) * 255.0).round();
            return if value <= 100.0 { value as i8 } else { -1 };
        }
        let share = f64::from(if self.negate { sum } else { all - sum }) / f64::from(all);
        if self.mode == MapMode::Scale && pixel.alpha.is_some_and(|alpha| alpha < pixel.white) {
            -1
        } else if share > self.occupied_thresh {
            100
        } else if share < self.free_thresh {
            0
        } else if self.mode == MapMode::Scale && self.free_thresh < self.occupied_thresh {
            ((share - self.free_thresh) / (self.occupied_thresh - self.free_thresh) * 100.0).round_ties_even() as i8
        } else {
            -1
        }
    }
}

/// A number as YAML writes it; whole ones are numbers too.
fn number(field: &str, value: &Value) -> Result<f64, FieldFault> {
    let wrong = || FieldFault::new(field, "a number", value.shown());
    let Value::Scalar(text) = value else { return Err(wrong()) };
    match text.trim() {
        ".nan" | ".NaN" | ".NAN" => Ok(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" => Ok(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Ok(f64::NEG_INFINITY),
        text => text.parse().map_err(|_| wrong()),
    }
}
