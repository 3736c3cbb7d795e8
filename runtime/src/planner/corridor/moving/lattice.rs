//! Dynamic programming forward in time: the least cost at which each node can be reached in each layer.

use super::edges::{Edges, LANES, MAX_MOVE_LAYERS, MIDDLE, MOVES, STATIONS, STRAIGHT_LAYERS, Ways};
use crate::geometry::{Point, distance};
use crate::planner::corridor::reference::{KNOT_M, Reference};
use crate::world::map::GridMap;
use crate::world::{MAX_DISCS, MovingDisc};

/// Layers at most.
pub const LAYERS: usize = 64;
/// Layers in which nodes may be reached: moves that begin in the last one end later.
const TABLE_LAYERS: usize = LAYERS + MAX_MOVE_LAYERS;
const NODES: usize = STATIONS * LANES;
/// The move of a node that none has reached.
const NONE: u8 = u8::MAX;

/// What a lattice is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LatticeSettings {
    /// Speed of every move but waiting, m/s.
    pub speed_mps: f64,
    /// Distance from the robot's centre to obstacles of the map that every move keeps, metres.
    pub clearance_m: f64,
    /// The same where the reference itself has the room.
    pub wanted_clearance_m: f64,
    /// Radius of the robot and of its margin from discs, metres.
    pub radius_m: f64,
    /// Whether it may step aside and back; else it waits, advances, or changes a lane while it advances.
    pub steps_aside: bool,
    /// Lanes to either side of the reference, at most 10.
    pub lanes_beside: usize,
    /// Time after which discs are not looked at, seconds from the lattice's beginning; of 64 layers at most.
    pub horizon_secs: f64,
}

impl LatticeSettings {
    /// Whether a lane is one of them.
    pub(super) fn holds(&self, lane: usize) -> bool {
        lane.abs_diff(MIDDLE) <= self.lanes_beside
    }
}

/// The way that a lattice found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LatticePath {
    /// Moments, seconds from the lattice's beginning, and places, metres; between them the motion is straight and even.
    pub stops: Vec<(f64, Point)>,
    /// Its cost, seconds: time to the window's end, and a little for lanes beside the reference.
    pub cost_secs: f64,
}

/// Buffers of the lattice; after the first use of each nothing is allocated.
#[derive(Clone, Debug, Default)]
pub struct MovingLattice {
    edges: Edges,
    /// Least costs, layer by layer, seconds.
    costs: Vec<f32>,
    /// The moves by which they are reached.
    moves: Vec<u8>,
    /// First and last station reached per layer.
    reached: Vec<[usize; 2]>,
}

impl MovingLattice {
    /// Fills `path` with the fastest way along a reference, from its first knot, among discs that are predicted from the
    /// lattice's beginning on. After the horizon, or where the window ends, it leads on to the reference's end as if nothing
    /// moved. False where there is none. `step_m` is the distance of its knots.
    ///
    /// From within the margin of a disc moves lead away from it only.
    pub fn solve(
        &mut self,
        map: &GridMap,
        ways: Ways<'_>,
        step_m: f64,
        discs: &[MovingDisc],
        settings: &LatticeSettings,
        path: &mut LatticePath,
    ) -> bool {
        path.stops.clear();
        // Knots of a short way are nearer to each other than lanes are.
        let layer_secs = step_m.max(KNOT_M) / (STRAIGHT_LAYERS * settings.speed_mps);
        let is_sound = layer_secs > 0.0 && layer_secs.is_finite() && settings.horizon_secs.is_finite();
        if !(is_sound && ways.ahead.len() > 1) {
            return false;
        }
        let layers = ((settings.horizon_secs / layer_secs).ceil().max(0.0) as usize).min(LAYERS);
        let layers = if discs.is_empty() { 0 } else { layers };
        // Eight knots more than can be reached, so that there is room to return to the reference.
        let knots = (layers as f64 / STRAIGHT_LAYERS) as usize + 8;
        self.edges.fill(map, ways, layer_secs, knots, settings);
        let discs = Discs::new(discs, settings.radius_m, self.edges.longest_m, layer_secs);
        let Some((cost_secs, layer, node)) = self.search(layers, &discs) else { return false };
        path.cost_secs = cost_secs;
        self.trace(layer, node, path);
        self.lead_on(node, ways.ahead, settings.speed_mps, path);
        true
    }

    /// The least cost with the layer and the node in which the rest of the way is no more held against discs.
    fn search(&mut self, layers: usize, discs: &Discs) -> Option<(f64, usize, usize)> {
        let nodes = self.edges.points.len();
        self.clear(layers, nodes);
        let (start, end) = (self.edges.start(), self.edges.end());
        self.costs[start] = 0.0;
        self.reached[0] = [start / LANES; 2];
        let mut best: Option<(f64, usize, usize)> =
            (layers == 0).then_some((self.edges.rest_secs[start], 0, start)).filter(|(secs, ..)| secs.is_finite());
        for layer in 0..layers {
            let [first, last] = self.reached[layer];
            if first > last {
                continue;
            }
            for node in first * LANES..(last + 1) * LANES {
                let cost = f64::from(self.costs[layer * nodes + node]);
                // What remains without discs bounds what remains with them.
                let least =
                    cost + if self.edges.rest_secs[node].is_finite() { self.edges.rest_secs[node] } else { 0.0 };
                if !cost.is_finite() || node == end || best.is_some_and(|(secs, ..)| least >= secs) {
                    continue;
                }
                let from = self.edges.points[node];
                let near = discs.near(from, layer);
                for index in 0..MOVES.len() {
                    let taken = self.edges.layers[node][index];
                    let Some(to) = self.edges.target(node, index).filter(|_| taken > 0) else { continue };
                    let later = layer + usize::from(taken);
                    let cost = cost + self.edges.cost(taken, index, to);
                    let place = later * nodes + to;
                    if !((cost as f32) < self.costs[place])
                        || near != 0 && discs.meet(near, from, self.edges.points[to], layer, taken)
                    {
                        continue;
                    }
                    (self.costs[place], self.moves[place]) = (cost as f32, index as u8);
                    let station = to / LANES;
                    let [first, last] = &mut self.reached[later];
                    (*first, *last) = ((*first).min(station), (*last).max(station));
                    let whole = cost + self.edges.rest_secs[to];
                    if (later >= layers || to == end) && best.is_none_or(|(secs, ..)| whole < secs) && whole.is_finite()
                    {
                        best = Some((whole, later, to));
                    }
                }
            }
        }
        best
    }

    fn clear(&mut self, layers: usize, nodes: usize) {
        if self.costs.len() < TABLE_LAYERS * NODES {
            self.costs.resize(TABLE_LAYERS * NODES, f32::INFINITY);
            self.moves.resize(TABLE_LAYERS * NODES, NONE);
            self.reached.resize(TABLE_LAYERS, [STATIONS, 0]);
        }
        self.costs[..(layers + MAX_MOVE_LAYERS) * nodes].fill(f32::INFINITY);
        self.moves[..(layers + MAX_MOVE_LAYERS) * nodes].fill(NONE);
        self.reached.fill([STATIONS, 0]);
    }

    /// The way to a node in a layer, from its end to its beginning, then turned round.
    fn trace(&self, mut layer: usize, mut node: usize, path: &mut LatticePath) {
        let (nodes, layer_secs) = (self.edges.points.len(), self.edges.layer_secs);
        path.stops.push((layer_secs * layer as f64, self.edges.points[node]));
        while layer > 0 {
            let index = usize::from(self.moves[layer * nodes + node]);
            let Some([stations, lanes]) = MOVES.get(index) else { break };
            let from = node.wrapping_add_signed(-(stations * LANES as isize + lanes));
            (layer, node) = (layer - usize::from(self.edges.layers[from][index]), from);
            path.stops.push((layer_secs * layer as f64, self.edges.points[node]));
        }
        path.stops.reverse();
    }

    /// On to the window's end, and along the reference to its own.
    fn lead_on(&self, mut node: usize, reference: &Reference, speed_mps: f64, path: &mut LatticePath) {
        let mut secs = path.stops.last().map_or(0.0, |(secs, _)| *secs);
        // Every move leads on: there are no more of them than nodes.
        for _ in 0..self.edges.points.len() {
            let Some((index, to)) = self.edges.onward(node).filter(|_| node != self.edges.end()) else { break };
            secs += self.edges.layer_secs * f64::from(self.edges.layers[node][index]);
            node = to;
            path.stops.push((secs, self.edges.points[node]));
        }
        for pair in reference.points[self.edges.knots() - 1..].windows(2) {
            secs += distance(pair[0], pair[1]) / speed_mps;
            path.stops.push((secs, pair[1]));
        }
    }
}

/// Discs with the robot's radius added, and how near they have to be to a node to meet one of its moves.
struct Discs {
    count: usize,
    discs: [MovingDisc; MAX_DISCS],
    reach_m: [f64; MAX_DISCS],
    layer_secs: f64,
}

impl Discs {
    fn new(discs: &[MovingDisc], radius_m: f64, longest_m: f64, layer_secs: f64) -> Self {
        let none = MovingDisc { position: [0.0; 2], velocity: [0.0; 2], radius_m: 0.0 };
        let mut all = Self { count: 0, discs: [none; MAX_DISCS], reach_m: [0.0; MAX_DISCS], layer_secs };
        let slots = all.discs.iter_mut().zip(&mut all.reach_m);
        for ((slot, reach_m), disc) in slots.zip(discs) {
            *slot = MovingDisc { radius_m: disc.radius_m + radius_m, ..*disc };
            let travelled_m = disc.velocity[0].hypot(disc.velocity[1]) * layer_secs * MAX_MOVE_LAYERS as f64;
            *reach_m = slot.radius_m + longest_m + travelled_m;
            all.count += 1;
        }
        all
    }

    /// One bit per disc that may meet a move from a place in a layer.
    fn near(&self, from: Point, layer: usize) -> u64 {
        let secs = self.layer_secs * layer as f64;
        let mut near = 0;
        for (index, (disc, reach_m)) in self.discs[..self.count].iter().zip(&self.reach_m).enumerate() {
            let [x, y] = disc.after(secs);
            let (dx, dy) = (from[0] - x, from[1] - y);
            // Also for NaN.
            near |= u64::from(!(dx * dx + dy * dy >= reach_m * reach_m)) << index;
        }
        near
    }

    /// Whether any of some discs comes nearer than its radius to the robot, which moves straight and evenly from one place to
    /// another within some layers: the exact closest approach of two linear motions.
    fn meet(&self, near: u64, from: Point, to: Point, layer: usize, layers: u8) -> bool {
        let (secs, taken_secs) = (self.layer_secs * layer as f64, self.layer_secs * f64::from(layers));
        let mut left = near;
        while left != 0 {
            let disc = &self.discs[left.trailing_zeros() as usize];
            left &= left - 1;
            let centre = disc.after(secs);
            let apart: Point = std::array::from_fn(|axis| from[axis] - centre[axis]);
            let passed: Point = std::array::from_fn(|axis| to[axis] - from[axis] - taken_secs * disc.velocity[axis]);
            let along = apart[0] * passed[0] + apart[1] * passed[1];
            if along >= 0.0 {
                // It is nearest at the beginning, and was let in there.
                continue;
            }
            let share = (-along / (passed[0] * passed[0] + passed[1] * passed[1])).min(1.0);
            let (dx, dy) = (apart[0] + share * passed[0], apart[1] + share * passed[1]);
            if !(dx * dx + dy * dy >= disc.radius_m * disc.radius_m) {
                return true;
            }
        }
        false
    }
}
