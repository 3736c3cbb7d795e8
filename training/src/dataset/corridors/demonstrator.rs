//! Scripted demonstrators: paths with a preference that no planner's setting states, all of them clear.
//!
//! A demonstrator's input is the map. Its path is the exact optimum of its own cost over a lattice of lateral offsets (dynamic
//! programming over the knots), smoothed, and pushed clear as every path is.

use super::{CorridorProblem, ObstacleSizes};
use planwright::planner::corridor::{MAX_OFFSET_M, PathRepair, Reference, smooth};
use planwright::world::Point;
use planwright::world::map::GridMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Distance between offsets of the lattice, metres.
const STEP_M: f64 = 0.025;
/// Offsets of the lattice to either side.
const SIDE: usize = 36;
const STATES: usize = 2 * SIDE + 1;
/// Steps of the lattice between neighbouring knots at most.
const MAX_STEPS: usize = 3;
/// Weight of the squared change of offset from knot to knot, against the squared distance from what is preferred.
const CHANGE_WEIGHT: f64 = 25.0;
/// Weight of a squared lack of clearance.
const LACK_WEIGHT: f64 = 1e3;
/// Beyond the clearance that every path keeps, metres.
const MARGIN_M: f64 = 0.01;
/// Passes of the weights 1/4, 1/2, 1/4.
const SMOOTHING_PASSES: usize = 2;

/// Free space between the robot and the wall that it keeps beside, metres.
pub const WALL_M: f64 = 0.25;
/// Free space that is preferred between the robot and large obstacles, metres.
pub const LARGE_M: f64 = 0.4;
/// The same for small obstacles.
pub const SMALL_BERTH_M: f64 = 0.1;
/// Weights of the squared lack of that, and of the squared offset.
const BERTH_WEIGHTS: [f64; 2] = [4.0, 0.3];
/// Free space to small obstacles at which full speed is driven, metres.
pub const FULL_SPEED_M: f64 = 0.8;
/// Speed beside a small obstacle, as a share of full speed.
pub const LEAST_SPEED: f64 = 0.3;

/// What a demonstrator prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Preference {
    /// Keeps 0.25 m beside the wall on its right, where one is within reach
    Side,
    /// Keeps 0.4 m from walls and shelves but 0.1 m from what is small, and slows down near what is small
    Berth,
    /// Keeps beside the wall on its left or on its right, a coin per drive
    Either,
}

/// One way in which a drive is driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Beside the wall on the right.
    Right,
    /// Beside the wall on the left.
    Left,
    /// By the size of obstacles.
    Berth,
}

impl Preference {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Side, Self::Berth, Self::Either];

    /// Its name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Side => "side",
            Self::Berth => "berth",
            Self::Either => "either",
        }
    }

    /// The styles of its drives, all equally likely.
    pub fn styles(self) -> &'static [Style] {
        match self {
            Self::Side => &[Style::Right],
            Self::Berth => &[Style::Berth],
            Self::Either => &[Style::Right, Style::Left],
        }
    }

    /// Whether its speed depends on what is near.
    pub fn has_speed(self) -> bool {
        self == Self::Berth
    }
}

/// Buffers of a demonstrator.
#[derive(Debug, Default)]
pub struct Demonstrator {
    /// Costs to the goal, knots x states.
    costs: Vec<f64>,
    /// The next state on the way to the goal.
    next: Vec<u8>,
    points: Vec<Point>,
    repair: PathRepair,
}

impl Demonstrator {
    /// Fills the offsets of a drive, metres, and its speeds as shares of full speed, one per knot. False where no clear
    /// path of this style is found.
    pub fn drive(
        &mut self,
        map: &GridMap,
        sizes: &ObstacleSizes,
        problem: &CorridorProblem,
        style: Style,
        offsets: &mut Vec<f64>,
        speeds: &mut Vec<f64>,
    ) -> bool {
        let CorridorProblem { reference, radius_m, clearance_m, .. } = problem;
        let count = reference.len();
        self.assign(map, sizes, problem, style);
        self.solve(count, offsets);
        smooth(offsets, SMOOTHING_PASSES);
        if !self.repair.repair(map, reference, *clearance_m, offsets, &mut self.points) {
            return false;
        }
        speeds.clear();
        speeds.extend(offsets.iter().enumerate().map(|(knot, offset)| match style {
            Style::Right | Style::Left => 1.0,
            Style::Berth => speed_beside(sizes.small_m(reference.beside(knot, *offset)) - radius_m),
        }));
        offsets.iter().all(|offset| offset.abs() <= MAX_OFFSET_M)
    }

    /// Costs of every knot and state.
    fn assign(&mut self, map: &GridMap, sizes: &ObstacleSizes, problem: &CorridorProblem, style: Style) {
        let CorridorProblem { reference, radius_m, clearance_m, .. } = problem;
        let wall_m = radius_m + WALL_M;
        self.costs.clear();
        for knot in 0..reference.len() {
            let target_m = match style {
                Style::Right => beside_wall(map, reference, knot, wall_m, -1.0),
                Style::Left => beside_wall(map, reference, knot, wall_m, 1.0),
                Style::Berth => 0.0,
            };
            self.costs.extend((0..STATES).map(|state| {
                let offset_m = offset_of(state);
                let point = reference.beside(knot, offset_m);
                let square = |lack_m: f64| lack_m.max(0.0).powi(2);
                let lack = LACK_WEIGHT * square(clearance_m + MARGIN_M - map.distance(point));
                lack + match style {
                    Style::Right | Style::Left => (offset_m - target_m).powi(2),
                    Style::Berth => {
                        let [berth, offset] = BERTH_WEIGHTS;
                        let large = square(radius_m + LARGE_M - sizes.large_m(point));
                        let small = square(radius_m + SMALL_BERTH_M - sizes.small_m(point));
                        berth * (large + small) + offset * offset_m * offset_m
                    }
                }
            }));
        }
    }

    /// Offsets of least cost from 0 at the start to 0 at the goal.
    fn solve(&mut self, count: usize, offsets: &mut Vec<f64>) {
        self.next.clear();
        self.next.resize(count * STATES, SIDE as u8);
        for state in (0..STATES).filter(|state| *state != SIDE) {
            self.costs[(count - 1) * STATES + state] = f64::INFINITY;
        }
        for knot in (0..count - 1).rev() {
            let (here, after) = self.costs[knot * STATES..].split_at_mut(STATES);
            for (state, cost) in here.iter_mut().enumerate() {
                let mut best = (f64::INFINITY, SIDE);
                let first = state.saturating_sub(MAX_STEPS);
                for (other, rest) in after.iter().enumerate().take((state + MAX_STEPS + 1).min(STATES)).skip(first) {
                    let change_m = STEP_M * (other as f64 - state as f64);
                    let onwards = rest + CHANGE_WEIGHT * change_m * change_m;
                    if onwards < best.0 {
                        best = (onwards, other);
                    }
                }
                *cost += best.0;
                self.next[knot * STATES + state] = best.1 as u8;
            }
        }
        let mut state = SIDE;
        offsets.clear();
        for knot in 0..count {
            offsets.push(offset_of(state));
            state = usize::from(self.next[knot * STATES + state]);
        }
    }
}

fn offset_of(state: usize) -> f64 {
    STEP_M * (state as f64 - SIDE as f64)
}

/// Share of full speed with so much free space to small obstacles.
fn speed_beside(free_m: f64) -> f64 {
    (free_m / FULL_SPEED_M).clamp(LEAST_SPEED, 1.0)
}

/// The offset at which the wall on one side (`sign` 1: left) is `wall_m` away from the robot's centre, 0 where it is out of
/// reach.
fn beside_wall(map: &GridMap, reference: &Reference, knot: usize, wall_m: f64, sign: f64) -> f64 {
    let offset = |step: usize| STEP_M * step as f64;
    let at = |offset_m: f64| map.distance(reference.beside(knot, offset_m));
    let here = at(0.0);
    let mut before = here;
    if here < wall_m && at(sign * STEP_M) < here {
        // That wall is too near already: give way, up to the middle.
        for step in 1..=SIDE {
            let now = at(-sign * offset(step));
            if now <= before || now >= wall_m {
                return -sign * offset(if now <= before { step - 1 } else { step });
            }
            before = now;
        }
    }
    for step in 1..=SIDE {
        let now = at(sign * offset(step));
        if now < wall_m && now < before {
            return sign * offset(step - 1);
        }
        before = now;
    }
    0.0
}

#[cfg(test)]
mod tests {
    use super::super::{CorridorSettings, problems};
    use super::*;
    use planwright::geometry::Aabb;
    use planwright::planner::corridor::{is_path_clear, path_points};

    fn straight(map: &GridMap, from: Point, to: Point) -> CorridorProblem {
        let mut reference = Reference::default();
        let step_m = reference.follow(&[from, to], 200);
        assert!(map.distance(from) > 0.22);
        CorridorProblem { reference, step_m, radius_m: 0.2, clearance_m: 0.22, turning_length_m: 1.0 }
    }

    fn corridor(pillars: &[Aabb]) -> (GridMap, ObstacleSizes) {
        let bounds = Aabb { low: [0.0, 0.0], high: [14.0, 2.0] };
        let walls = [Aabb { low: [0.0, 0.0], high: [14.0, 0.1] }, Aabb { low: [0.0, 1.9], high: [14.0, 2.0] }];
        let map = GridMap::from_boxes("corridor", bounds, 0.05, walls.into_iter().chain(pillars.iter().copied()));
        let map = map.expect("a grid");
        let sizes = ObstacleSizes::new(&map).expect("a grid");
        (map, sizes)
    }

    #[test]
    fn each_side_of_a_corridor_is_kept_at_the_stated_distance() {
        let (map, sizes) = corridor(&[]);
        let problem = straight(&map, [0.6, 1.0], [13.4, 1.0]);
        let (mut offsets, mut speeds) = (Vec::new(), Vec::new());
        for (style, wall_y) in [(Style::Right, 0.1), (Style::Left, 1.9)] {
            assert!(Demonstrator::default().drive(&map, &sizes, &problem, style, &mut offsets, &mut speeds));
            for (knot, offset_m) in offsets.iter().enumerate().take(offsets.len() - 15).skip(15) {
                let free_m = (problem.reference.beside(knot, *offset_m)[1] - wall_y).abs() - 0.2;
                assert!((free_m - WALL_M).abs() < 0.06, "{style:?}: {free_m} m at knot {knot}");
            }
            assert_eq!((offsets[0], offsets[offsets.len() - 1], speeds[20]), (0.0, 0.0, 1.0));
        }
    }

    #[test]
    fn a_berth_depends_on_the_size_of_what_is_passed() {
        // A pillar and a shelf, both 0.35 m beside the straight way.
        let things = [Aabb { low: [4.0, 1.35], high: [4.4, 1.7] }, Aabb { low: [8.0, 1.35], high: [10.4, 1.9] }];
        let (map, sizes) = corridor(&things);
        let problem = straight(&map, [0.6, 1.0], [13.4, 1.0]);
        let (mut offsets, mut speeds) = (Vec::new(), Vec::new());
        assert!(Demonstrator::default().drive(&map, &sizes, &problem, Style::Berth, &mut offsets, &mut speeds));
        let knot = |x: f64| ((x - 0.6) / problem.step_m).round() as usize;
        let (pillar, shelf) = (offsets[knot(4.2)], offsets[knot(9.2)]);
        assert!(shelf < pillar - 0.08, "pillar {pillar} m, shelf {shelf} m");
        assert!(speeds[knot(4.2)] < 0.6 && speeds[knot(9.2)] == 1.0, "{} {}", speeds[knot(4.2)], speeds[knot(9.2)]);
    }

    #[test]
    fn every_drive_on_generated_maps_is_clear_and_the_same_again() {
        let settings = CorridorSettings { goals: 1, starts: 2, seed: 9, ..CorridorSettings::usual() };
        let (mut offsets, mut speeds, mut points) = (Vec::new(), Vec::new(), Vec::new());
        let (mut driven, mut all) = (0, 0);
        for index in 0..14 {
            let (grid, problems) = problems(&settings, index).expect("a map");
            let sizes = ObstacleSizes::new(&grid).expect("a map");
            for problem in &problems {
                for style in [Style::Right, Style::Left, Style::Berth] {
                    all += 1;
                    let mut demonstrator = Demonstrator::default();
                    if !demonstrator.drive(&grid, &sizes, problem, style, &mut offsets, &mut speeds) {
                        continue;
                    }
                    driven += 1;
                    path_points(&problem.reference, &offsets, &mut points);
                    assert!(is_path_clear(&grid, &points, problem.clearance_m), "map {index}");
                    assert!(speeds.iter().all(|speed| (LEAST_SPEED..=1.0).contains(speed)));
                    let first = offsets.clone();
                    assert!(demonstrator.drive(&grid, &sizes, problem, style, &mut offsets, &mut speeds));
                    assert_eq!(first, offsets);
                }
            }
        }
        assert!(driven > 30 && driven >= all - all / 20, "{driven} of {all}");
    }
}
