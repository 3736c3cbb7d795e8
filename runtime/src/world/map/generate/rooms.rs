//! Rooms by repeated division, with a door or two in every wall, and furniture.

use super::chance;
use super::raster::Raster;
use crate::geometry::{Aabb, Point};
use rand::{Rng, RngExt};

/// Rooms below this side are not divided, metres.
const ROOMS_M: std::ops::Range<f64> = 2.6..5.0;
const WALLS_M: std::ops::Range<f64> = 0.1..0.3;
const DOORS_M: std::ops::Range<f64> = 0.8..1.4;
/// Free ground before and behind a door, metres.
const THRESHOLD_M: f64 = 0.5;

/// Paints rooms on the whole map.
pub(super) fn paint(rng: &mut impl Rng, raster: &mut Raster) {
    let room_m = rng.random_range(ROOMS_M);
    let furniture = rng.random_range(0.0..0.12);
    let mut doors = Vec::new();
    let mut open = vec![Aabb { low: [0.0; 2], high: raster.size_m() }];
    while let Some(room) = open.pop() {
        let sides_m: Point = [0, 1].map(|axis| room.high[axis] - room.low[axis]);
        let axis = usize::from(sides_m[1] > sides_m[0]);
        if sides_m[axis] < 2.0 * room_m {
            furnish(rng, raster, &room, furniture);
            continue;
        }
        let across = 1 - axis;
        let at_m = rng.random_range(room.low[axis] + room_m..=room.high[axis] - room_m);
        let half_m = 0.5 * rng.random_range(WALLS_M);
        let (mut wall, mut below, mut above) = (room, room, room);
        (wall.low[axis], wall.high[axis]) = (at_m - half_m, at_m + half_m);
        (below.high[axis], above.low[axis]) = (at_m, at_m);
        raster.paint_box(wall, true);
        for _ in 0..if chance(rng, 0.25) { 2 } else { 1 } {
            let width_m = rng.random_range(DOORS_M).min(0.8 * sides_m[across]);
            let from_m = rng.random_range(room.low[across] + 0.1..=room.high[across] - width_m - 0.1);
            let mut door = wall;
            (door.low[axis], door.high[axis]) = (at_m - THRESHOLD_M, at_m + THRESHOLD_M);
            (door.low[across], door.high[across]) = (from_m, from_m + width_m);
            doors.push(door);
        }
        open.extend([below, above]);
    }
    // Last of all: a wall of a later division, or furniture, may stand before a door.
    for door in doors {
        raster.paint_box(door, false);
    }
}

/// Boxes in a room: `share` of its area, each 0.3 to 1.2 m long.
fn furnish(rng: &mut impl Rng, raster: &mut Raster, room: &Aabb, share: f64) {
    let area_m2 = (room.high[0] - room.low[0]) * (room.high[1] - room.low[1]);
    for _ in 0..(share * area_m2 / 0.5).round() as usize {
        let size_m = [0, 1].map(|_| rng.random_range(0.3..1.2));
        let low = [0, 1].map(|axis: usize| {
            let highest = (room.high[axis] - size_m[axis]).max(room.low[axis] + 0.01);
            rng.random_range(room.low[axis]..highest)
        });
        raster.paint_box(Aabb { low, high: [low[0] + size_m[0], low[1] + size_m[1]] }, true);
    }
}
