//! Colour of a [`Look`] at a point, and the sRGB transfer function (IEC 61966-2-1).

use super::super::body::{Look, Pattern};
use super::super::vector::Vector3;

/// Entries of the table from linear light to sRGB.
const STEPS: usize = 4096;

/// Linear light of an sRGB value between 0 and 1.
pub(super) fn linear(srgb: f32) -> f32 {
    if srgb <= 0.04045 { srgb / 12.92 } else { ((srgb + 0.055) / 1.055).powf(2.4) }
}

/// Linear light, clipped to 0 to 1, to sRGB between 0 and 255.
#[derive(Clone, Debug)]
pub(super) struct ToSrgb(Vec<f32>);

impl Default for ToSrgb {
    fn default() -> Self {
        // The curve is steepest at 0, where the eye and the table's steps are finest: indexed by the square root.
        let value = |index: usize| {
            let root = index as f32 / STEPS as f32;
            let light = root * root;
            255.0 * if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
        };
        Self((0..=STEPS).map(value).collect())
    }
}

impl ToSrgb {
    pub(super) fn value(&self, light: f32) -> f32 {
        let index = (light.clamp(0.0, 1.0).sqrt() * STEPS as f32) as usize;
        self.0.get(index).copied().unwrap_or(255.0)
    }
}

/// A look in linear light.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint {
    first: [f32; 3],
    second: [f32; 3],
    pattern: Pattern,
    per_m: f64,
    origin: Vector3,
}

impl Paint {
    /// A size that is none makes one colour.
    pub(super) fn new(look: &Look) -> Self {
        let sized = look.scale_m.is_finite() && look.scale_m > 0.0;
        // Tables of one pattern differ in where it begins, which follows from its size.
        let origin = std::array::from_fn(|axis| f64::from(hash(look.scale_m.to_bits() as i64, axis as i64, 7)) * 16.0);
        Self {
            first: look.colour.map(linear),
            second: look.second.map(linear),
            pattern: if sized { look.pattern } else { Pattern::Plain },
            per_m: if sized { 1.0 / look.scale_m } else { 0.0 },
            origin,
        }
    }

    /// Linear colour at a point of the body's own frame, metres.
    pub(super) fn at(&self, point_m: Vector3) -> [f32; 3] {
        let cell = |axis: usize| point_m[axis] * self.per_m + self.origin[axis];
        let share = match self.pattern {
            Pattern::Plain => return self.first,
            Pattern::Stripes => cell(0).floor().rem_euclid(2.0) as f32,
            Pattern::Checks => (cell(0).floor() + cell(1).floor() + cell(2).floor()).rem_euclid(2.0) as f32,
            Pattern::Noise => {
                let point = std::array::from_fn(cell);
                0.65 * noise(point) + 0.35 * noise(point.map(|value| 2.0 * value))
            }
        };
        std::array::from_fn(|channel| self.first[channel] + share * (self.second[channel] - self.first[channel]))
    }
}

/// Value noise between 0 and 1 on the integer lattice.
fn noise(point: Vector3) -> f32 {
    let floor = point.map(f64::floor);
    let corner = floor.map(|value| value as i64);
    let [x, y, z]: [f32; 3] = std::array::from_fn(|axis| {
        let part = (point[axis] - floor[axis]) as f32;
        part * part * (3.0 - 2.0 * part)
    });
    let mix = |a: f32, b: f32, share: f32| a + share * (b - a);
    let edge = |dy: i64, dz: i64| {
        let at = |dx: i64| hash(corner[0].wrapping_add(dx), corner[1].wrapping_add(dy), corner[2].wrapping_add(dz));
        mix(at(0), at(1), x)
    };
    mix(mix(edge(0, 0), edge(1, 0), y), mix(edge(0, 1), edge(1, 1), y), z)
}

/// A number between 0 and 1 of three integers.
pub(super) fn hash(x: i64, y: i64, z: i64) -> f32 {
    let mut bits = (x as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        ^ (y as u64).wrapping_mul(0xC2B2_AE3D_27D4_EB4F)
        ^ (z as u64).wrapping_mul(0x1656_67B1_9E37_79F9);
    bits = (bits ^ (bits >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    ((bits ^ (bits >> 29)) >> 40) as f32 / 16_777_216.0
}
