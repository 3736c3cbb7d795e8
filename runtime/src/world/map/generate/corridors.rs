//! Corridors through solid ground: straight, of random width, between random places, some of which are halls.

use super::chance;
use super::raster::Raster;
use crate::geometry::{Point, distance};
use rand::{Rng, RngExt};

/// Half the width of corridors, metres.
const HALVES_M: std::ops::Range<f64> = 0.4..0.9;
/// Places keep this from the border, metres.
const MARGIN_M: f64 = 1.0;

/// Paints corridors.
pub(super) fn paint(rng: &mut impl Rng, raster: &mut Raster) {
    let size_m = raster.size_m();
    raster.fill(true);
    let places: Vec<Point> = (0..rng.random_range(14..32))
        .map(|_| size_m.map(|side_m| rng.random_range(MARGIN_M..side_m - MARGIN_M)))
        .collect();
    for (index, place) in places.iter().enumerate() {
        if chance(rng, 0.3) {
            raster.paint_stroke(*place, *place, rng.random_range(1.0..2.2), false);
        }
        // Each place is joined to the nearest of those before it, so that all hang together; some to one more.
        let mut before: Vec<&Point> = places[..index].iter().collect();
        before.sort_by(|a, b| distance(**a, *place).total_cmp(&distance(**b, *place)));
        for other in before.into_iter().take(if chance(rng, 0.35) { 2 } else { 1 }) {
            let half_m = rng.random_range(HALVES_M);
            // Half of them turn at a right angle, as corridors of buildings do.
            let corner = if chance(rng, 0.5) { [place[0], other[1]] } else { *place };
            raster.paint_stroke(*place, corner, half_m, false);
            raster.paint_stroke(corner, *other, half_m, false);
        }
    }
}
