//! A plan drawn on its map as a PNG: obstacles, route, the robot's outline along the plan, the plan by speed, and discs that
//! move.

use super::canvas::{Canvas, Colour};
use super::outline::{circle, outlines};
use crate::geometry::{Aabb, Point};
use crate::trajectory::Trajectory;
use crate::world::map::grid::CellClass;
use crate::world::{MovingDisc, State, World};

/// Space around what is drawn: at least this, metres, and this share of its size.
const MARGIN_M: f64 = 1.0;
const MARGIN: f64 = 0.15;
/// Outlines of the robot at most.
const OUTLINES: usize = 80;
/// The line from the centre of a disc leads to where it comes within this time, seconds.
const DISC_SECS: f64 = 1.0;

const FREE: Colour = [255, 255, 255];
const OCCUPIED: Colour = [52, 58, 70];
const UNKNOWN: Colour = [214, 218, 224];
const OUTLINE: Colour = [168, 190, 206];
const ROUTE: Colour = [208, 190, 240];
const START: Colour = [90, 96, 110];
const GOAL: Colour = [222, 140, 20];
/// Of what moves.
const DISC: Colour = [196, 60, 150];
const SCALE: Colour = [20, 20, 24];
/// Of the plan, from standing to its largest speed.
const SPEEDS: [Colour; 4] = [[38, 70, 200], [0, 160, 160], [236, 170, 20], [214, 40, 40]];

/// What is drawn.
#[derive(Debug)]
pub struct Picture<'a> {
    /// Robot and map.
    pub world: &'a World,
    /// The plan.
    pub plan: &'a Trajectory,
    /// The route beside which it was planned; may be empty.
    pub route: &'a [Point],
    /// Where the robot begins.
    pub start: State,
    /// Where it is to go, and in which direction if that matters.
    pub goal: (Point, Option<f64>),
}

impl Picture<'_> {
    /// The bytes of the PNG. Its larger side has 900 pixels; the bar in its corner is a metre long.
    ///
    /// # Errors
    /// If it cannot be encoded.
    pub fn png(&self) -> Result<Vec<u8>, png::EncodingError> {
        let mut canvas = Canvas::of(self.frame());
        canvas.fill(|point| self.ground(point));
        let px_per_m = canvas.px_per_m;
        let footprint = self.world.robot().footprint();
        for outline in outlines(footprint, self.plan.states.iter().copied(), OUTLINES) {
            canvas.polyline(&outline, 1.5, OUTLINE);
        }
        for disc in self.discs() {
            canvas.polyline(&circle(disc.position, disc.radius_m), 2.5, DISC);
            canvas.polyline(&[disc.position, disc.after(DISC_SECS)], 2.5, DISC);
        }
        let width_px = (0.035 * px_per_m).max(3.0);
        // Wider than the plan, so that it shows below it.
        canvas.polyline(self.route, 2.5 * width_px, ROUTE);
        let top_mps = self.plan.states.iter().map(State::speed).fold(0.0, f64::max);
        for pair in self.plan.states.windows(2) {
            let speed_mps = 0.5 * (pair[0].speed() + pair[1].speed());
            canvas.polyline(&[pair[0].position, pair[1].position], width_px, shade(speed_mps / top_mps));
        }
        let (goal, goal_heading_rad) = self.goal;
        let start_heading_rad = Some(self.start.heading_rad);
        for (at, heading_rad, colour) in
            [(self.start.position, start_heading_rad, START), (goal, goal_heading_rad, GOAL)]
        {
            let mark_m = (0.5 * footprint.inscribed_radius_m()).max(5.0 / px_per_m);
            canvas.polyline(&[at], 2.0 * mark_m * px_per_m, colour);
            if let Some(heading_rad) = heading_rad {
                let nose = State::at_pose(at, heading_rad).in_frame([2.5 * mark_m, 0.0]);
                canvas.polyline(&[at, nose], (0.6 * mark_m * px_per_m).max(2.0), colour);
            }
        }
        let Aabb { low, high } = canvas.frame;
        let bar = [0.04, 0.035].map(|share| share * (high[0] - low[0]).min(high[1] - low[1]));
        let bar = [low[0] + bar[0], low[1] + bar[1]];
        canvas.polyline(&[bar, [bar[0] + 1.0, bar[1]]], 4.0, SCALE);
        canvas.encoded()
    }

    fn discs(&self) -> &[MovingDisc] {
        self.world.moving().map_or(&[], |moving| moving.discs())
    }

    /// The part of the map that is drawn: around plan, route, ends and discs.
    fn frame(&self) -> Aabb {
        let of_disc = |disc: &MovingDisc| {
            let corner = |sign: f64| disc.position.map(|value| value + sign * disc.radius_m);
            [corner(-1.0), corner(1.0), disc.after(DISC_SECS)]
        };
        let points = self.plan.points().chain(self.route.iter().copied()).chain([self.start.position, self.goal.0]);
        let points = points.chain(self.discs().iter().flat_map(of_disc));
        let mut drawn = Aabb { low: self.start.position, high: self.start.position };
        for point in points.filter(|point| point.iter().all(|value| value.is_finite())) {
            drawn.low = [0, 1].map(|axis| drawn.low[axis].min(point[axis]));
            drawn.high = [0, 1].map(|axis| drawn.high[axis].max(point[axis]));
        }
        let size_m = (drawn.high[0] - drawn.low[0]).max(drawn.high[1] - drawn.low[1]);
        let (margin_m, bounds) = (MARGIN_M.max(MARGIN * size_m), self.world.map().bounds());
        for axis in 0..2 {
            drawn.low[axis] = (drawn.low[axis] - margin_m).max(bounds.low[axis]);
            drawn.high[axis] = (drawn.high[axis] + margin_m).min(bounds.high[axis]);
        }
        drawn
    }

    fn ground(&self, point: Point) -> Colour {
        let map = self.world.map();
        let class = match map.as_grid() {
            Some(grid) => grid.cell_of(point).map_or(CellClass::Unknown, |(column, row)| grid.class_of(column, row)),
            None if map.is_free(point) => CellClass::Free,
            None => CellClass::Occupied,
        };
        match class {
            CellClass::Free => FREE,
            CellClass::Occupied => OCCUPIED,
            CellClass::Unknown => UNKNOWN,
        }
    }
}

/// The colour of a share of the largest speed; of what is no number, that of standing.
fn shade(share: f64) -> Colour {
    let last = SPEEDS.len() - 1;
    let place = if share > 0.0 { share.min(1.0) * last as f64 } else { 0.0 };
    let index = (place as usize).min(last - 1);
    let mix = |channel: usize| {
        let (a, b) = (f64::from(SPEEDS[index][channel]), f64::from(SPEEDS[index + 1][channel]));
        (a + (b - a) * (place - index as f64)) as u8
    };
    [mix(0), mix(1), mix(2)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::map::grid::{GridGeometry, Thresholds, UnknownSpace};
    use crate::world::{Differential, GridMap, Layout, MazeWorld, MovingObstacles};
    use std::sync::Arc;

    fn pixels(png: &[u8]) -> (usize, usize, Vec<u8>) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().expect("a PNG");
        let mut bytes = vec![0; reader.output_buffer_size().expect("a size")];
        let info = reader.next_frame(&mut bytes).expect("pixels");
        (info.width as usize, info.height as usize, bytes)
    }

    #[test]
    fn a_plan_is_drawn_where_it_lies_on_a_turned_map() {
        // 4 m x 2 m turned by a quarter: x from 2 to 4, y from 0 to 4. Its last 1 m along y is a wall, x below 2.5 unknown.
        let geometry = GridGeometry {
            origin: [4.0, 0.0],
            yaw_rad: std::f64::consts::FRAC_PI_2,
            resolution_m: 0.5,
            width: 8,
            height: 4,
        };
        let values: Vec<i8> =
            (0..32).map(|cell| [[0, -1][usize::from(cell >= 24)], 100][usize::from(cell % 8 > 5)]).collect();
        let map = GridMap::from_occupancy("map", geometry, &values, Thresholds::default(), UnknownSpace::Free);
        let world = World::new(Arc::new(Differential::default()), Arc::new(map.expect("a map")));
        let states = vec![State::driving([3.0, 1.0], 1.57, 0.0, 0.0), State::driving([3.0, 2.0], 1.57, 1.0, 0.0)];
        let plan = Trajectory { dt_secs: 0.02, states, commands: Vec::new() };
        let picture = Picture {
            world: &world,
            plan: &plan,
            route: &[[3.0, 1.0], [f64::NAN, 1.5]],
            start: plan.states[0],
            goal: ([3.5, 2.5], Some(0.0)),
        };
        let (width, height, bytes) = pixels(&picture.png().expect("a picture"));
        // A metre around plan and goal, as far as the map goes: 2 m x 3.5 m.
        assert_eq!((width, height), (514, 900));
        let at = |x: f64, y: f64| {
            let px_per_m = 900.0 / 3.5;
            let (column, row) = (((x - 2.0) * px_per_m) as usize, ((3.5 - y) * px_per_m) as usize);
            <Colour>::try_from(&bytes[3 * (row * width + column)..][..3]).expect("a pixel")
        };
        assert_eq!([at(3.9, 0.1), at(2.2, 1.0), at(3.0, 3.3)], [FREE, UNKNOWN, OCCUPIED]);
        assert_eq!([at(3.5, 2.5), at(3.0, 1.0)], [GOAL, START]);
        assert_eq!(at(3.0, 1.7), shade(0.5), "the plan, at half its largest speed");
    }

    #[test]
    fn discs_that_move_are_circles_with_their_way_of_a_second() {
        let bounds = Aabb { low: [0.0; 2], high: [12.0, 8.0] };
        let map = GridMap::from_boxes("hall", bounds, 0.1, std::iter::empty()).expect("a grid");
        let disc = MovingDisc { position: [3.0, 6.0], velocity: [0.0, -1.5], radius_m: 0.5 };
        let moving = MovingObstacles::new(vec![disc], 0.0, 4.0).expect("a sound disc");
        let world = World::new(Arc::new(Differential::default()), Arc::new(map)).with_moving(Arc::new(moving));
        let plan = Trajectory { dt_secs: 0.02, states: vec![State::at_rest([2.0, 2.0])], commands: Vec::new() };
        let (start, goal) = (plan.states[0], ([4.0, 2.0], None));
        let picture = Picture { world: &world, plan: &plan, route: &[], start, goal };
        let (width, height, bytes) = pixels(&picture.png().expect("a picture"));
        // A metre around start, goal and disc.
        let px_per_m = 900.0_f64 / 6.5;
        assert_eq!((width, height), ((4.0 * px_per_m).round() as usize, 900));
        let at = |x: f64, y: f64| {
            let (column, row) = (((x - 1.0) * px_per_m) as usize, ((7.5 - y) * px_per_m) as usize);
            <Colour>::try_from(&bytes[3 * (row * width + column)..][..3]).expect("a pixel")
        };
        assert_eq!([at(3.5, 6.0), at(2.5, 6.0), at(3.0, 6.5), at(3.0, 5.0)], [DISC; 4]);
        assert_eq!([at(3.25, 6.0), at(3.0, 4.3)], [FREE; 2], "no more than circle and way");
    }

    #[test]
    fn a_plan_without_motion_in_a_maze_is_a_picture_too() {
        let world = MazeWorld::new(Layout::umaze());
        let plan = Trajectory { dt_secs: 0.01, states: vec![State::at_rest([1.0, 1.0])], commands: Vec::new() };
        let (start, goal) = (plan.states[0], ([3.0, 1.0], None));
        let picture = Picture { world: &world, plan: &plan, route: &[], start, goal };
        let png = picture.png().expect("a picture");
        assert!(png.len() < 60_000, "{} bytes", png.len());
        assert_eq!(shade(f64::NAN), SPEEDS[0]);
    }
}
