//! Light of a scene and the camera's exposure.

use super::super::vector::{Vector3, add, cross, norm, scaled};
use rand::{Rng, RngExt};

/// Shadow rays of a point.
pub(super) const SHADOW_RAYS: usize = 6;

/// A lamp far away, and light from everywhere.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Light {
    /// Towards the lamp from the x axis in a top view, rad.
    pub azimuth_rad: f64,
    /// Of the lamp over the table, rad.
    pub elevation_rad: f64,
    /// Half of the angle that the lamp fills, rad: 0 for hard shadows.
    pub half_angle_rad: f64,
    /// Share of the light that comes from everywhere, 0 to 1.
    pub ambient: f32,
    /// Highlights: 0 for none.
    pub gloss: f32,
    /// Brightness by red, green, blue: 1 keeps the look's colours where the table is in full light.
    pub exposure: [f32; 3],
    /// Standard deviation of the sensor's noise, parts of the 255 steps.
    pub noise: f32,
}

impl Default for Light {
    /// From the upper left, without noise.
    fn default() -> Self {
        Self {
            azimuth_rad: 2.3,
            elevation_rad: 0.95,
            half_angle_rad: 0.06,
            ambient: 0.4,
            gloss: 0.0,
            exposure: [1.0; 3],
            noise: 0.0,
        }
    }
}

impl Light {
    /// One of the lights that pictures are made with in training.
    pub fn random(rng: &mut impl Rng) -> Self {
        let mut draw = |low: f64, high: f64| low + (high - low) * rng.random::<f64>();
        let gain = draw(0.8, 1.1);
        Self {
            azimuth_rad: draw(-std::f64::consts::PI, std::f64::consts::PI),
            elevation_rad: draw(0.7, 1.4),
            half_angle_rad: draw(0.02, 0.15),
            ambient: draw(0.3, 0.7) as f32,
            gloss: (draw(-0.3, 0.4).max(0.0)) as f32,
            exposure: std::array::from_fn(|_| (gain * draw(0.94, 1.06)) as f32),
            noise: draw(0.0, 0.012) as f32,
        }
    }

    /// Unit vector towards the lamp.
    pub fn toward(&self) -> Vector3 {
        let (sin, cos) = self.elevation_rad.sin_cos();
        [cos * self.azimuth_rad.cos(), cos * self.azimuth_rad.sin(), sin]
    }

    /// Unit vectors towards points of the lamp: a Fermat spiral on its disc, which fills it evenly.
    pub(super) fn rays(&self) -> [Vector3; SHADOW_RAYS] {
        let toward = self.toward();
        let helper = if toward[2].abs() < 0.9 { [0.0, 0.0, 1.0] } else { [1.0, 0.0, 0.0] };
        let across = cross(toward, helper);
        let across = scaled(across, 1.0 / norm(across));
        let third = cross(toward, across);
        let reach = self.half_angle_rad.clamp(0.0, 0.5).tan();
        std::array::from_fn(|ray| {
            let radius = reach * ((ray as f64 + 0.5) / SHADOW_RAYS as f64).sqrt();
            let (sin, cos) = (2.399_963_229_728_653 * ray as f64).sin_cos();
            let ray = add(toward, add(scaled(across, radius * cos), scaled(third, radius * sin)));
            scaled(ray, 1.0 / norm(ray))
        })
    }
}
