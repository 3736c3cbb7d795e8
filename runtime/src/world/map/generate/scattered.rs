//! Obstacles at random places: forests of discs and boxes, and bug traps.

use super::chance;
use super::raster::Raster;
use crate::geometry::{Aabb, Point};
use rand::{Rng, RngExt};
use std::f64::consts::TAU;

/// A forest: discs and boxes on 4 to 22% of the ground, not counting overlaps.
pub(super) fn forest(rng: &mut impl Rng, raster: &mut Raster) {
    let size_m = raster.size_m();
    let discs = rng.random_range(0.2..1.0);
    let share = rng.random_range(0.04..0.22);
    let thickest_m = rng.random_range(0.2..0.6);
    let mut left_m2 = share * size_m[0] * size_m[1];
    while left_m2 > 0.0 {
        let centre = place(rng, size_m);
        if chance(rng, discs) {
            let radius_m = rng.random_range(0.08..thickest_m);
            raster.paint_stroke(centre, centre, radius_m, true);
            left_m2 -= 0.5 * TAU * radius_m * radius_m;
        } else {
            let half_m: Point = [0, 1].map(|_| rng.random_range(0.1..thickest_m + 0.2));
            let [low, high] = [-1.0, 1.0].map(|side| [0, 1].map(|axis| centre[axis] + side * half_m[axis]));
            raster.paint_box(Aabb { low, high }, true);
            left_m2 -= 4.0 * half_m[0] * half_m[1];
        }
    }
}

/// Bug traps: three walls at any angle, the fourth side open or narrowed to a mouth; some discs between them.
pub(super) fn bug_traps(rng: &mut impl Rng, raster: &mut Raster) {
    let size_m = raster.size_m();
    let area_m2 = size_m[0] * size_m[1];
    for _ in 0..(area_m2 / rng.random_range(9.0..25.0)).round() as usize {
        let (centre, angle) = (place(rng, size_m), rng.random_range(0.0..TAU));
        let [long_m, wide_m] = [0, 1].map(|_| rng.random_range(0.8..2.0));
        let radius_m = rng.random_range(0.08..0.18);
        let corner = |x: f64, y: f64| {
            let (sin, cos) = angle.sin_cos();
            [centre[0] + cos * x - sin * y, centre[1] + sin * x + cos * y]
        };
        // Half the width of the mouth; as wide as the trap where it has no lips.
        let mouth_m = if chance(rng, 0.5) { rng.random_range(0.5..0.8_f64).min(wide_m) } else { wide_m };
        let way = [(long_m, mouth_m), (long_m, wide_m), (-long_m, wide_m)];
        let way: Vec<Point> = way
            .iter()
            .chain(&[(-long_m, -wide_m), (long_m, -wide_m), (long_m, -mouth_m)])
            .map(|(x, y)| corner(*x, *y))
            .collect();
        for wall in way.windows(2) {
            raster.paint_stroke(wall[0], wall[1], radius_m, true);
        }
    }
    for _ in 0..(area_m2 * rng.random_range(0.0..0.12)).round() as usize {
        let centre = place(rng, size_m);
        raster.paint_stroke(centre, centre, rng.random_range(0.1..0.4), true);
    }
}

fn place(rng: &mut impl Rng, size_m: Point) -> Point {
    size_m.map(|side_m| rng.random_range(0.0..side_m))
}
