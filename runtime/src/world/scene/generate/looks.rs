//! Colours: of balls, of the ground, of obstacles in training and in the benchmark.

use crate::world::scene::{Look, Pattern, Scene};
use rand::{Rng, RngExt};

/// Colours of bodies: none has a hue of the benchmark's obstacles, unless it is almost grey.
const COLOURS: [[f32; 3]; 12] = [
    [0.85, 0.08, 0.12],
    [0.10, 0.30, 0.85],
    [0.10, 0.55, 0.20],
    [0.85, 0.90, 0.15],
    [0.55, 0.12, 0.65],
    [0.95, 0.95, 0.95],
    [0.07, 0.07, 0.09],
    [0.10, 0.72, 0.78],
    [0.95, 0.45, 0.68],
    [0.50, 0.88, 0.30],
    [0.30, 0.20, 0.55],
    [0.45, 0.05, 0.20],
];
/// Hues that obstacles have in the benchmark alone, degrees: browns and oranges.
pub(super) const HELD_OUT_HUES: [f64; 2] = [24.0, 50.0];
/// Hues that no obstacle, ball or ground has in training, degrees: wider, so that light does not bring them together.
pub(super) const NO_TRAINING_HUES: [f64; 2] = [18.0, 60.0];
/// Saturation below which a hue does not show.
pub(super) const GREY: f32 = 0.2;
/// How far colours of one kind vary in each channel, to either side.
const VARIATION: f32 = 0.05;
/// Least distance of the ground's colours from those of what lies on it, in sRGB.
const CONTRAST: f32 = 0.25;
/// Draws of a colour before the last one is taken.
const DRAWS: usize = 200;

/// Hue in degrees, saturation and value of an sRGB colour.
pub(super) fn hsv([r, g, b]: [f32; 3]) -> [f32; 3] {
    let (most, least) = (r.max(g).max(b), r.min(g).min(b));
    let range = most - least;
    if !(range > 0.0) {
        return [0.0, 0.0, most];
    }
    let sixths = if most == r {
        ((g - b) / range).rem_euclid(6.0)
    } else if most == g {
        (b - r) / range + 2.0
    } else {
        (r - g) / range + 4.0
    };
    [60.0 * sixths, range / most, most]
}

/// The sRGB colour of a hue in degrees, saturation and value.
fn rgb(hue: f64, saturation: f64, value: f64) -> [f32; 3] {
    [5.0, 3.0, 1.0].map(|offset: f64| {
        let k = (offset + hue / 60.0).rem_euclid(6.0);
        (value - value * saturation * k.min(4.0 - k).clamp(0.0, 1.0)) as f32
    })
}

/// Whether a colour is one that training leaves to the benchmark.
pub(super) fn is_held_out(colour: [f32; 3]) -> bool {
    let [hue, saturation, _] = hsv(colour);
    saturation > GREY && (NO_TRAINING_HUES[0]..NO_TRAINING_HUES[1]).contains(&f64::from(hue))
}

fn varied(colour: [f32; 3], rng: &mut impl Rng) -> [f32; 3] {
    colour.map(|value| (value + rng.random_range(-VARIATION..VARIATION)).clamp(0.0, 1.0))
}

/// The first draw that fits, else the last one that training may have.
fn drawn(mut draw: impl FnMut() -> [f32; 3], fits: impl Fn([f32; 3]) -> bool, grey: f32) -> [f32; 3] {
    for _ in 0..DRAWS {
        let colour = draw();
        if fits(colour) {
            return colour;
        }
    }
    [grey; 3]
}

/// Looks of balls: distinct colours first, some with a pattern of a second one.
pub(super) fn balls(count: usize, rng: &mut impl Rng) -> Vec<Look> {
    let mut order: Vec<usize> = (0..COLOURS.len()).collect();
    for place in (1..order.len()).rev() {
        order.swap(place, rng.random_range(0..=place));
    }
    let one = |index: usize| {
        let base = COLOURS[order[index % order.len()]];
        let colour = drawn(|| varied(base, rng), |colour| !is_held_out(colour), 0.95);
        let pattern = match rng.random_range(0..10) {
            0..=5 => return Look::plain(colour),
            6..=7 => Pattern::Stripes,
            8 => Pattern::Checks,
            _ => Pattern::Noise,
        };
        // Lighter or darker: the hue stays.
        let factor: f32 = rng.random_range(0.45..0.7);
        let second = if hsv(colour)[2] > 0.5 {
            colour.map(|value| factor * value)
        } else {
            colour.map(|value| 1.0 - factor * (1.0 - value))
        };
        Look { colour, second, pattern, scale_m: rng.random_range(0.04..0.12) }
    };
    (0..count).map(one).collect()
}

/// The look of an obstacle.
pub(super) fn obstacle(held_out: bool, rng: &mut impl Rng) -> Look {
    let hues = if held_out { HELD_OUT_HUES } else { [NO_TRAINING_HUES[1], 360.0 + NO_TRAINING_HUES[0]] };
    let hue = rng.random_range(hues[0]..hues[1]);
    let (saturation, value) = if held_out {
        (rng.random_range(0.45..0.95), rng.random_range(0.3..0.95))
    } else {
        (rng.random_range(0.0..0.95), rng.random_range(0.15..0.95))
    };
    let colour = rgb(hue.rem_euclid(360.0), saturation, value);
    if held_out || rng.random::<f64>() < 0.7 {
        return Look::plain(colour);
    }
    let pattern = if rng.random() { Pattern::Stripes } else { Pattern::Noise };
    Look { colour, second: colour.map(|value| 0.6 * value), pattern, scale_m: rng.random_range(0.04..0.12) }
}

/// A ground whose colours are not close to those of any body.
pub(super) fn ground(scene: &Scene, rng: &mut impl Rng) -> Look {
    let apart = |colour: [f32; 3]| {
        let far = |other: [f32; 3]| (0..3).map(|c| (colour[c] - other[c]).powi(2)).sum::<f32>() >= CONTRAST * CONTRAST;
        !is_held_out(colour) && scene.bodies.iter().all(|body| far(body.look.colour) && far(body.look.second))
    };
    let plain = rng.random::<f64>() < 0.4;
    let contrast = rng.random_range(0.04_f32..0.12);
    let second = |colour: [f32; 3]| colour.map(|value| value * (1.0 - contrast));
    let draw = || rgb(rng.random_range(0.0..360.0), rng.random_range(0.0..0.45), rng.random_range(0.2..0.95));
    let colour = drawn(draw, |colour| apart(colour) && apart(second(colour)), 0.5);
    if plain {
        return Look::plain(colour);
    }
    let pattern = [Pattern::Noise, Pattern::Checks, Pattern::Stripes][rng.random_range(0..3)];
    Look { colour, second: second(colour), pattern, scale_m: rng.random_range(0.05..0.4) }
}
