//! The lattice without its time: where its nodes lie, which moves the map allows, how long they take, and the least cost
//! from each node to the end of the window where nothing moves.

use super::lattice::LatticeSettings;
use crate::geometry::{Footprint, Point, distance};
use crate::planner::corridor::reference::{KNOT_M, Reference};
use crate::world::Map;
use crate::world::map::GridMap;

/// Stations of a window at most.
pub const STATIONS: usize = 64;
/// Lanes: the middle one is the reference.
pub const LANES: usize = 21;
/// Distance between lanes, metres.
pub const LANE_M: f64 = 0.1;
/// Stations before the reference's first knot, so that there is room to give way.
pub(super) const BEHIND: usize = 20;
/// The reference's lane.
pub(super) const MIDDLE: usize = LANES / 2;

/// Stations and lanes that a move passes. The first waits; the last steps back.
pub(super) const MOVES: [[isize; 2]; 9] = [[0, 0], [1, 0], [1, 1], [1, -1], [1, 2], [1, -2], [0, 1], [0, -1], [-1, 0]];
/// Moves that are computed; the others are these backwards, or wait.
const COMPUTED: std::ops::RangeInclusive<usize> = 1..=6;
/// Moves of a robot that moves along its heading.
const AHEAD: std::ops::RangeInclusive<usize> = 1..=3;
const ASIDE: usize = 7;
const BACK: usize = 8;
/// Layers of a move at most: longer ones are closed.
pub(super) const MAX_MOVE_LAYERS: usize = 6;
/// Layers per station straight ahead at full speed.
pub(super) const STRAIGHT_LAYERS: f64 = 2.0;

/// Cost of a second a metre beside the reference, seconds.
const LATERAL_COST: f64 = 0.1;
/// Cost of a change of lane, seconds per lane.
const LANE_COST_SECS: f64 = 0.02;

/// Stations about the beginning on whose lanes moves may be as near to obstacles as the robot is.
const NEAR_STATIONS: usize = 2;

/// By how much the distance field between cells' centres can be off, in cells.
const FIELD_ERROR_CELLS: f64 = 0.75;

/// Where a robot is to go, and where it came from.
#[derive(Clone, Copy, Debug)]
pub struct Ways<'a> {
    /// From where the lattice begins to the goal.
    pub ahead: &'a Reference,
    /// Back from there; beyond its end, or where it is empty, straight on.
    pub behind: &'a Reference,
}

impl Ways<'_> {
    /// Where a station's lane lies.
    fn place_of(&self, station: usize, lane: usize) -> Point {
        let beside_m = LANE_M * (lane as f64 - MIDDLE as f64);
        let Some(back) = BEHIND.checked_sub(station).filter(|back| *back > 0) else {
            return self.ahead.beside(station - BEHIND, beside_m);
        };
        let last = self.behind.len().saturating_sub(1);
        let knot = back.min(last);
        // On the way back left is right.
        let (at, [across_x, across_y]) = match self.behind.normals.get(knot).filter(|_| knot > 0) {
            Some([x, y]) => (self.behind.beside(knot, -beside_m), [-x, -y]),
            None => (self.ahead.beside(0, beside_m), self.ahead.normals[0]),
        };
        let beyond_m = KNOT_M * (back - knot) as f64;
        [at[0] - beyond_m * across_y, at[1] + beyond_m * across_x]
    }
}

/// Nodes and moves of a window.
#[derive(Clone, Debug, Default)]
pub(super) struct Edges {
    /// Of the window.
    pub(super) stations: usize,
    /// Time of a layer, seconds.
    pub(super) layer_secs: f64,
    /// Places of the nodes, station by station.
    pub(super) points: Vec<Point>,
    /// Layers of each node's moves; 0: closed.
    pub(super) layers: Vec<[u8; MOVES.len()]>,
    /// Least cost to the last station's middle lane without discs, seconds; infinite where there is no way ahead.
    pub(super) rest_secs: Vec<f64>,
    /// Length of the longest open move, metres.
    pub(super) longest_m: f64,
    distances: Vec<f64>,
    /// Clearance that moves at each node keep.
    needed: Vec<f64>,
}

impl Edges {
    /// Fills it for the first `knots` knots of the way ahead and the stations behind them, with layers of `layer_secs`.
    pub(super) fn fill(
        &mut self,
        map: &GridMap,
        ways: Ways<'_>,
        layer_secs: f64,
        knots: usize,
        settings: &LatticeSettings,
    ) {
        self.stations = (BEHIND + knots.min(ways.ahead.len())).min(STATIONS);
        self.layer_secs = layer_secs;
        self.place(map, ways, settings);
        self.layers.clear();
        self.layers.resize(self.points.len(), [0; MOVES.len()]);
        self.longest_m = 0.0;
        let layer_m = settings.speed_mps * self.layer_secs;
        let error_m = FIELD_ERROR_CELLS * map.geometry().resolution_m;
        for node in 0..self.points.len() {
            if !settings.holds(node % LANES) {
                continue;
            }
            self.layers[node][0] = 1;
            for index in COMPUTED {
                if !(settings.steps_aside || AHEAD.contains(&index)) {
                    continue;
                }
                let Some(to) = self.target(node, index).filter(|to| settings.holds(to % LANES)) else { continue };
                let (from_m, to_m) = (self.distances[node], self.distances[to]);
                let needed_m = self.needed[node].min(self.needed[to]);
                if from_m.min(to_m) + error_m < needed_m {
                    continue;
                }
                let (from, end) = (self.points[node], self.points[to]);
                let length_m = distance(from, end);
                let layers = (length_m / layer_m - 1e-6).ceil().max(1.0);
                if !(layers <= MAX_MOVE_LAYERS as f64) {
                    continue;
                }
                // The distance changes by at most a metre per metre.
                let is_wide = 0.5 * (from_m + to_m - length_m) - error_m >= needed_m;
                let footprint = Footprint::Circle { radius_m: needed_m };
                if !(is_wide || map.swept_clearance(footprint, from, end) >= 0.0) {
                    continue;
                }
                self.longest_m = self.longest_m.max(length_m);
                self.layers[node][index] = layers as u8;
                match MOVES[index] {
                    [1, 0] if settings.steps_aside => self.layers[to][BACK] = layers as u8,
                    [0, 1] => self.layers[to][ASIDE] = layers as u8,
                    _ => {}
                }
            }
        }
        self.find_rests();
    }

    /// Places of the nodes, their distance from obstacles, and the clearance that each needs: the wanted one; on the middle
    /// lane, and about the beginning on all of them, what the middle lane itself has, but never less than the hard one.
    fn place(&mut self, map: &GridMap, ways: Ways<'_>, settings: &LatticeSettings) {
        for values in [&mut self.distances, &mut self.needed] {
            values.clear();
        }
        self.points.clear();
        for station in 0..self.stations {
            for lane in 0..LANES {
                let point = ways.place_of(station, lane);
                self.points.push(point);
                self.distances.push(map.distance(point));
            }
        }
        let middle = |station: usize| self.points[station * LANES + MIDDLE];
        for station in 0..self.stations {
            // The way back may begin at a wall, which is no matter for the way ahead.
            let (first, last) = if station < BEHIND {
                (station.saturating_sub(1), station + 1)
            } else {
                (station.max(BEHIND + 1) - 1, station + 1)
            };
            let own_m = [first, last.min(self.stations - 1)]
                .map(|beside| map.swept_clearance(Footprint::Circle { radius_m: 0.0 }, middle(station), middle(beside)))
                .into_iter()
                .fold(f64::INFINITY, f64::min);
            let own_m = (own_m - 1e-9).min(settings.wanted_clearance_m).max(settings.clearance_m);
            let is_near = station.abs_diff(BEHIND) <= NEAR_STATIONS;
            let needed = |lane: usize| if is_near || lane == MIDDLE { own_m } else { settings.wanted_clearance_m };
            self.needed.extend((0..LANES).map(needed));
        }
    }

    /// The node where the lattice begins: the reference's first knot.
    pub(super) fn start(&self) -> usize {
        BEHIND * LANES + MIDDLE
    }

    /// Knots of the reference in the window.
    pub(super) fn knots(&self) -> usize {
        self.stations - BEHIND
    }

    /// The node at which a move ends; `None` outside the window.
    pub(super) fn target(&self, node: usize, index: usize) -> Option<usize> {
        let [stations, lanes] = MOVES[index];
        let station = (node / LANES).checked_add_signed(stations).filter(|station| *station < self.stations)?;
        let lane = (node % LANES).checked_add_signed(lanes).filter(|lane| *lane < LANES)?;
        Some(station * LANES + lane)
    }

    /// Cost of a move that takes some layers and ends at a node, seconds.
    pub(super) fn cost(&self, layers: u8, index: usize, to: usize) -> f64 {
        let beside_m = LANE_M * (to % LANES).abs_diff(MIDDLE) as f64;
        let secs = self.layer_secs * f64::from(layers);
        secs * (1.0 + LATERAL_COST * beside_m) + LANE_COST_SECS * MOVES[index][1].unsigned_abs() as f64
    }

    /// The node where the window ends.
    pub(super) fn end(&self) -> usize {
        (self.stations - 1) * LANES + MIDDLE
    }

    /// The move that leads on to the window's end at least cost, where nothing moves, and where it ends.
    pub(super) fn onward(&self, node: usize) -> Option<(usize, usize)> {
        let open = (1..BACK).filter(|index| self.layers[node][*index] > 0);
        let ends = open.filter_map(|index| Some((index, self.target(node, index)?)));
        let cost =
            |(index, to): &(usize, usize)| self.cost(self.layers[node][*index], *index, *to) + self.rest_secs[*to];
        ends.min_by(|one, other| cost(one).total_cmp(&cost(other))).filter(|best| cost(best).is_finite())
    }

    fn find_rests(&mut self) {
        self.rest_secs.clear();
        self.rest_secs.resize(self.points.len(), f64::INFINITY);
        let end = self.end();
        self.rest_secs[end] = 0.0;
        for station in (0..self.stations).rev() {
            let lanes = station * LANES..(station + 1) * LANES;
            // Once with the moves ahead, then aside to the left and to the right, each after its neighbour.
            for (order, moves) in [(false, 1..=5), (false, 7..=7), (true, 6..=6)] {
                for position in lanes.clone() {
                    let node = if order { lanes.start + lanes.end - 1 - position } else { position };
                    for index in moves.clone() {
                        let layers = self.layers[node][index];
                        let Some(to) = self.target(node, index).filter(|_| layers > 0) else { continue };
                        let secs = self.cost(layers, index, to) + self.rest_secs[to];
                        self.rest_secs[node] = self.rest_secs[node].min(secs);
                    }
                }
            }
        }
    }
}
