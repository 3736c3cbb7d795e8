//! Scenes with discs that walk: a generated map, a start and a goal that a way connects, and the discs' motion.

use crate::geometry::{Point, distance, lerp};
use crate::planner::corridor::RouteMap;
use crate::quantity::path_length_m;
use crate::world::map::generate::{GeneratedMap, MapKind};
use crate::world::{Footprint, GridMap, Map, MovingDisc, Robot, World};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::ops::Range;
use std::sync::Arc;

const DISCS: std::ops::RangeInclusive<usize> = 4..=12;
const RADII_M: Range<f64> = 0.2..0.35;
const SPEEDS_MPS: Range<f64> = 0.2..1.0;
/// Length of the way from start to goal, metres.
const WAYS_M: Range<f64> = 6.0..20.0;
/// Distance of start and goal from obstacles beyond the robot's radius, metres.
const ROOM_M: f64 = 0.15;
/// Distance of a disc from the start at first, metres.
const APART_M: f64 = 2.0;
/// Half of the discs begin within this distance of the way, metres.
const BESIDE_M: f64 = 1.5;
/// Length of the line on which a disc walks back and forth, metres.
const LINES_M: Range<f64> = 2.0..6.0;
/// Draws of an end or a disc until it is given up.
const TRIES: usize = 300;
/// Maps that are drawn for a scene until it is given up.
const MAPS: u64 = 100;
/// Half the distance between the points of a difference of distances, metres.
const DIFFERENCE_M: f64 = 0.05;

/// A disc that walks straight until an obstacle reflects it, or back and forth on a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Walker {
    pub(super) disc: MovingDisc,
    line: Option<[Point; 2]>,
}

impl Walker {
    #[cfg(test)]
    pub(super) fn straight(disc: MovingDisc) -> Self {
        Self { disc, line: None }
    }

    /// A step. A disc that turns stands for that step.
    pub(super) fn step(&mut self, map: &GridMap, secs: f64) {
        let next = self.disc.after(secs);
        let disc = &mut self.disc;
        let turned = match self.line {
            Some(line) => {
                let [from, to] = if heads_to(disc, line[1]) { line } else { [line[1], line[0]] };
                (distance(from, next) > distance(from, to)).then(|| disc.velocity.map(|value| -value))
            }
            None if keeps_clear(map, disc.radius_m, next, next) => None,
            None => Some(reflected(map, disc)),
        };
        match turned {
            Some(velocity) => disc.velocity = velocity,
            None => disc.position = next,
        }
    }
}

fn heads_to(disc: &MovingDisc, end: Point) -> bool {
    let to = [end[0] - disc.position[0], end[1] - disc.position[1]];
    disc.velocity[0] * to[0] + disc.velocity[1] * to[1] > 0.0
}

/// The velocity after a reflection at the nearest obstacle; backwards where the disc leaves that already.
fn reflected(map: &GridMap, disc: &MovingDisc) -> Point {
    let ([x, y], d) = (disc.position, DIFFERENCE_M);
    let slope =
        [map.distance([x + d, y]) - map.distance([x - d, y]), map.distance([x, y + d]) - map.distance([x, y - d])];
    let steep = slope[0].hypot(slope[1]);
    let normal = if steep > 0.0 { slope.map(|value| value / steep) } else { [0.0; 2] };
    let into = disc.velocity[0] * normal[0] + disc.velocity[1] * normal[1];
    let back = disc.velocity.map(|value| -value);
    if into < 0.0 { [0, 1].map(|axis: usize| disc.velocity[axis] - 2.0 * into * normal[axis]) } else { back }
}

fn keeps_clear(map: &GridMap, radius_m: f64, from: Point, to: Point) -> bool {
    map.swept_clearance(Footprint::Circle { radius_m }, from, to) >= 0.0
}

/// Where a robot is to go, and what walks there.
#[derive(Clone, Debug)]
pub struct MovingScene {
    /// Its number within its seed.
    pub number: usize,
    pub(super) map: Arc<GridMap>,
    pub(super) start: Point,
    pub(super) goal: Point,
    pub(super) walkers: Vec<Walker>,
}

impl MovingScene {
    /// Largest circumscribed radius of a robot that a corridor has room for, metres.
    pub const WIDEST_M: f64 = 0.85;

    /// The scene of a number: rooms or corridors (`world::map::generate`), a way of 6 to 20 m, and 4 to 12 discs of 0.2 to
    /// 0.35 m at 0.2 to 1 m/s, half of which begin near the way. Equal seeds and robots give equal scenes. `None` where no such
    /// way is found on 100 maps.
    pub fn draw(robot: &Arc<dyn Robot>, seed: u64, number: usize) -> Option<Self> {
        let kind = if number.is_multiple_of(2) { MapKind::Rooms } else { MapKind::Corridors };
        let radius_m = robot.footprint().circumscribed_radius_m();
        (0..MAPS).find_map(|attempt| {
            let map_seed = seed.wrapping_mul(1_000_003).wrapping_add(number as u64 + 500_009 * attempt);
            let mut rng = ChaCha8Rng::seed_from_u64(map_seed);
            // A drawn map is a grid.
            let mut map = GeneratedMap::draw(kind, map_seed).grid().ok()?;
            map.compute_ways(radius_m);
            let map = Arc::new(map);
            let world = World::new(Arc::clone(robot), Arc::clone(&map) as _);
            let way = draw_way(&mut rng, &world, &map, radius_m)?;
            let (start, goal) = (way[0], way[way.len() - 1]);
            let count = rng.random_range(DISCS);
            let walkers = (0..count).filter_map(|index| draw_walker(&mut rng, &map, &way, index % 2 == 0)).collect();
            Some(Self { number, map, start, goal, walkers })
        })
    }
}

fn draw_point(rng: &mut impl Rng, map: &GridMap) -> Point {
    let geometry = map.geometry();
    map.centre_of((rng.random_range(0..geometry.width), rng.random_range(0..geometry.height)))
}

/// A way between two random places.
fn draw_way(rng: &mut impl Rng, world: &World, map: &GridMap, radius_m: f64) -> Option<Vec<Point>> {
    let mut routes = RouteMap::new(world).ok()?;
    let mut route = Vec::new();
    for _ in 0..TRIES {
        let ends = [draw_point(rng, map), draw_point(rng, map)];
        let fits = ends.iter().all(|end| keeps_clear(map, radius_m + ROOM_M, *end, *end));
        if fits
            && routes.route(ends[0], ends[1], radius_m + ROUTE_ROOM_M, &mut route).is_ok()
            && WAYS_M.contains(&path_length_m(route.iter().copied()))
        {
            return Some(route);
        }
    }
    None
}

/// Room beyond the robot's radius all along the way, metres.
const ROUTE_ROOM_M: f64 = 0.05;

fn draw_walker(rng: &mut impl Rng, map: &GridMap, way: &[Point], is_near: bool) -> Option<Walker> {
    let radius_m = rng.random_range(RADII_M);
    let speed_mps = rng.random_range(SPEEDS_MPS);
    let walks_on_line = rng.random::<bool>();
    for _ in 0..TRIES {
        let position = if is_near { draw_beside(rng, way) } else { draw_point(rng, map) };
        let (sin, cos) = rng.random_range(0.0..std::f64::consts::TAU).sin_cos();
        let length_m = rng.random_range(LINES_M);
        let end = [position[0] + length_m * cos, position[1] + length_m * sin];
        let last = if walks_on_line { end } else { position };
        if distance(position, way[0]) < APART_M || !keeps_clear(map, radius_m, position, last) {
            continue;
        }
        let disc = MovingDisc { position, velocity: [speed_mps * cos, speed_mps * sin], radius_m };
        return Some(Walker { disc, line: walks_on_line.then_some([position, end]) });
    }
    None
}

/// A point within [`BESIDE_M`] of a random point of the way.
fn draw_beside(rng: &mut impl Rng, way: &[Point]) -> Point {
    let piece = rng.random_range(0..way.len() - 1);
    let [x, y] = lerp(way[piece], way[piece + 1], rng.random::<f64>());
    [x + rng.random_range(-BESIDE_M..BESIDE_M), y + rng.random_range(-BESIDE_M..BESIDE_M)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Omni;

    #[test]
    fn scenes_repeat_and_their_discs_stay_on_free_ground_at_their_speed() {
        let robot: Arc<dyn Robot> = Arc::new(Omni::default());
        for number in 0..4 {
            let scene = MovingScene::draw(&robot, 5, number).expect("a scene");
            let again = MovingScene::draw(&robot, 5, number).expect("a scene");
            assert_eq!((&scene.walkers, scene.start, scene.goal), (&again.walkers, again.start, again.goal));
            assert!(!scene.walkers.is_empty() && scene.walkers.len() <= 12);
            let mut turns = 0;
            let speed = |walker: &Walker| walker.disc.velocity[0].hypot(walker.disc.velocity[1]);
            for first in &scene.walkers {
                let mut walker = *first;
                for _ in 0..2000 {
                    let before = walker.disc;
                    walker.step(&scene.map, 0.02);
                    assert!((speed(&walker) - speed(first)).abs() < 1e-9);
                    assert!(keeps_clear(
                        &scene.map,
                        before.radius_m - 1e-6,
                        walker.disc.position,
                        walker.disc.position
                    ));
                    turns += usize::from(walker.disc.velocity != before.velocity);
                }
            }
            assert!(turns > 0);
        }
    }

    #[test]
    fn a_robot_that_no_passage_has_room_for_gets_no_scene_and_the_draws_end() {
        for radius_m in [1.5, 9.0] {
            let robot: Arc<dyn Robot> = Arc::new(Omni { footprint: Footprint::Circle { radius_m }, ..Omni::default() });
            assert!((0..2).all(|number| MovingScene::draw(&robot, 0, number).is_none()), "{radius_m}");
        }
    }
}
