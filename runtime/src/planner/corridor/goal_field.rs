//! Cost to a goal for the nodes of a search graph, with a bucket queue (Dial 1969): A* (Hart, Nilsson and Raphael 1968) from
//! the goal towards the first start; for another start Dijkstra's algorithm (1959) in all directions, resumed when a start
//! lies beyond what has been settled.

use super::search_graph::{NEIGHBOURS, SearchGraph};
use crate::geometry::{Point, distance};
use crate::planner::{PlanError, is_past};
use crate::world::map::GridMap;
use std::time::Instant;

/// Buckets of the queue: more than the longest edge spans.
const BUCKETS: usize = 64;
/// Blocks around an end in which it is connected to nodes.
const REACH: i32 = 2;
/// Nodes settled between two looks at the clock: some 50 us.
const CLOCK_EVERY: usize = 512;

/// Costs and ways to one goal. The memory is reused from goal to goal.
#[derive(Clone, Debug, Default)]
pub(super) struct GoalField {
    goal: Point,
    /// Clearance that ways keep, in cells.
    clearance: f32,
    /// Cost to the goal, in cells; infinite where it is not known.
    costs: Vec<f32>,
    /// The next node on the way to the goal; a node's own index where the goal is next.
    next: Vec<u32>,
    buckets: Vec<Vec<u32>>,
    /// The column and row towards which A* goes; `None`: in all directions.
    towards: Option<[f32; 2]>,
    /// Width of a bucket, in cells.
    width: f32,
    /// The bucket that is being settled, counted from the goal.
    current: usize,
    waiting: usize,
    /// The nodes of the bucket that is being settled.
    popped: Vec<u32>,
}

impl GoalField {
    /// Begins a field for a goal from which ways keep `clearance_m`; `towards` is the only start that it is for, if any.
    pub(super) fn begin(
        &mut self,
        map: &GridMap,
        graph: &SearchGraph,
        goal: Point,
        clearance_m: f64,
        towards: Option<Point>,
    ) {
        self.towards = towards.and_then(|start| map.cell_of(start)).map(|(column, row)| [column as f32, row as f32]);
        self.goal = goal;
        self.clearance = (clearance_m / map.geometry().resolution_m) as f32;
        self.costs.clear();
        self.costs.resize(graph.nodes.len(), f32::INFINITY);
        self.next.clear();
        self.next.resize(graph.nodes.len(), u32::MAX);
        self.buckets.resize(BUCKETS, Vec::new());
        self.buckets.iter_mut().for_each(Vec::clear);
        // A knight's move between far corners of its blocks, towards the start or away from it.
        self.width = 8.6 * graph.block as f32 / (BUCKETS - 2) as f32;
        self.current = usize::MAX;
        self.waiting = 0;
        let resolution_m = map.geometry().resolution_m;
        ends(map, graph, goal, clearance_m, |index, length_m| {
            let cost = (length_m / resolution_m) as f32;
            if cost < self.costs[index] {
                (self.costs[index], self.next[index]) = (cost, index as u32);
            }
        });
        let found = |index: &usize| self.costs[*index].is_finite();
        let first = around(map, graph, goal).filter(found).map(|index| self.bucket_of(graph, index)).min();
        self.current = first.unwrap_or_default();
        for index in around(map, graph, goal) {
            if self.costs[index].is_finite() {
                self.push(graph, index);
            }
        }
    }

    /// The bucket of a node: of its cost, and of the least that leads on to the start.
    fn bucket_of(&self, graph: &SearchGraph, index: usize) -> usize {
        let ahead = self.towards.map_or(0.0, |[column, row]| {
            let node = graph.nodes[index];
            let (right, up) = (f32::from(node.column) - column, f32::from(node.row) - row);
            (right * right + up * up).sqrt()
        });
        ((self.costs[index] + ahead) / self.width) as usize
    }

    /// Whether this is a field for that goal and clearance.
    pub(super) fn is_for(&self, map: &GridMap, graph: &SearchGraph, goal: Point, clearance_m: f64) -> bool {
        self.costs.len() == graph.nodes.len()
            && self.goal == goal
            && self.clearance == (clearance_m / map.geometry().resolution_m) as f32
    }

    /// Whether it is for a start: in all directions, or towards that one.
    pub(super) fn leads_from(&self, map: &GridMap, start: Point) -> bool {
        let cell = map.cell_of(start).map(|(column, row)| [column as f32, row as f32]);
        self.towards.is_none() || self.towards == cell
    }

    fn push(&mut self, graph: &SearchGraph, index: usize) {
        // Ends of the goal may lie farther away than an edge is long: the last bucket holds them until their turn.
        let bucket = self.bucket_of(graph, index).clamp(self.current, self.current + BUCKETS - 1);
        self.buckets[bucket % BUCKETS].push(index as u32);
        self.waiting += 1;
    }

    /// Settles nodes until those around `start` are, or none is left. What a deadline cuts off goes on in the next call.
    fn settle(&mut self, map: &GridMap, graph: &SearchGraph, start: Point, deadline: Option<Instant>) -> bool {
        let mut popped = std::mem::take(&mut self.popped);
        let (mut settled, mut in_time) = (0, true);
        while self.waiting > 0 {
            if settled >= CLOCK_EVERY {
                settled = 0;
                in_time = !is_past(deadline);
                if !in_time {
                    break;
                }
            }
            std::mem::swap(&mut self.buckets[self.current % BUCKETS], &mut popped);
            if popped.is_empty() {
                self.current += 1;
                let is_settled =
                    |index: usize| self.costs[index].is_finite() && self.bucket_of(graph, index) < self.current;
                if around(map, graph, start).any(is_settled)
                    && around(map, graph, start)
                        .filter(|index| graph.nodes[*index].distance >= self.clearance)
                        .all(is_settled)
                {
                    break;
                }
                continue;
            }
            self.waiting -= popped.len();
            settled += popped.len();
            for index in popped.drain(..) {
                self.relax(map, graph, index as usize);
            }
        }
        self.popped = popped;
        in_time
    }

    fn relax(&mut self, map: &GridMap, graph: &SearchGraph, index: usize) {
        let (node, cost) = (graph.nodes[index], self.costs[index]);
        // Improved since it was put here: it waits in an earlier bucket too.
        if self.bucket_of(graph, index) < self.current {
            return;
        }
        for offset in NEIGHBOURS {
            let Some(other) = graph.neighbour(index, offset) else { continue };
            let to = graph.nodes[other];
            if !(to.distance >= self.clearance) {
                continue;
            }
            let new_cost = cost + node.length_to(to);
            if new_cost < self.costs[other] && graph.is_clear(map, node, to, self.clearance) {
                (self.costs[other], self.next[other]) = (new_cost, index as u32);
                self.push(graph, other);
            }
        }
    }

    /// Least cost from a point to the goal, metres: of the nodes around it, or what has been settled where they are not.
    /// Infinite where no way leads from.
    pub(super) fn cost_m(&self, map: &GridMap, graph: &SearchGraph, point: Point) -> f64 {
        let resolution_m = map.geometry().resolution_m;
        let Some(cell) = map.cell_of(point) else { return f64::INFINITY };
        let index = graph.index_of(cell);
        if self.costs[index].is_finite() {
            let off_m = distance(point, map.centre_of(graph.nodes[index].cell()));
            return f64::from(self.costs[index]) * resolution_m + off_m;
        }
        let mut least_m = f64::INFINITY;
        for [right, up] in [[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [1, -1], [-1, 1], [-1, -1]] {
            let Some(other) = graph.neighbour(index, [right, up]) else { continue };
            if self.costs[other].is_finite() {
                let off_m = distance(point, map.centre_of(graph.nodes[other].cell()));
                least_m = least_m.min(f64::from(self.costs[other]) * resolution_m + off_m);
            }
        }
        if least_m.is_finite() || self.waiting == 0 {
            return least_m;
        }
        f64::from(self.width) * self.current as f64 * resolution_m
    }

    /// Fills `route` with points from `start` to the goal, both included. False where no way is found.
    ///
    /// # Errors
    /// [`PlanError::NoTime`] after the deadline.
    pub(super) fn route(
        &mut self,
        map: &GridMap,
        graph: &SearchGraph,
        start: Point,
        deadline: Option<Instant>,
        route: &mut Vec<Point>,
    ) -> Result<bool, PlanError> {
        route.clear();
        let resolution_m = map.geometry().resolution_m;
        let clearance_m = f64::from(self.clearance) * resolution_m;
        if !self.settle(map, graph, start, deadline) {
            return Err(PlanError::NoTime);
        }
        let mut best = (f64::INFINITY, usize::MAX);
        ends(map, graph, start, clearance_m, |index, length_m| {
            let cost_m = f64::from(self.costs[index]) * resolution_m + length_m;
            if cost_m < best.0 {
                best = (cost_m, index);
            }
        });
        route.push(start);
        let mut index = best.1;
        if !best.0.is_finite() {
            return Ok(false);
        }
        for _ in 0..=graph.nodes.len() {
            route.push(map.centre_of(graph.nodes[index].cell()));
            let next = self.next[index] as usize;
            if next == index {
                route.push(self.goal);
                return Ok(true);
            }
            index = next;
        }
        Ok(false)
    }
}

/// Nodes of the blocks around a point.
fn around<'a>(map: &GridMap, graph: &'a SearchGraph, point: Point) -> impl Iterator<Item = usize> + Clone + 'a {
    let centre = map.cell_of(point).map(|cell| graph.index_of(cell));
    let offsets = (-REACH..=REACH).flat_map(|up| (-REACH..=REACH).map(move |right| [right, up]));
    centre.into_iter().flat_map(move |index| offsets.clone().filter_map(move |offset| graph.neighbour(index, offset)))
}

/// Shows every node around a point to which the straight way keeps `clearance_m`, and its length, metres.
fn ends(map: &GridMap, graph: &SearchGraph, point: Point, clearance_m: f64, mut visit: impl FnMut(usize, f64)) {
    for index in around(map, graph, point) {
        let centre = map.centre_of(graph.nodes[index].cell());
        if graph.nodes[index].distance > 0.0 && map.keeps_distance(point, centre, clearance_m) {
            visit(index, distance(point, centre));
        }
    }
}
