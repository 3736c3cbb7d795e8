//! Hybrid A*: continuous poses, one per cell of position and heading, in the order of time so far and at least to come. A
//! pose's way is checked when it is taken out of the queue, not when it is put in: most are never taken out.

use super::approach::approaches;
use super::guide::Guide;
use super::join::Join;
use super::motion::{Gait, Piece, clearance_m, end_of};
use super::passage::Outline;
use super::poses;
use super::shorten::Shortener;
use super::vehicle::{HEADINGS, Target, Vehicle};
use crate::geometry::{Point, distance, wrapped};
use crate::planner::corridor::RouteMap;
use crate::planner::{PlanError, is_past};
use crate::world::map::GridMap;
use crate::world::{Robot, State, Sweep};
use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashSet};
use std::f64::consts::{PI, TAU};
use std::sync::Arc;
use std::time::Instant;

/// Clearance that ways keep, metres: hardly more than the gate's, and after the gate has found the driven way too near. Below
/// the wanted clearance beyond that they cost more.
const LEAST_M: [f64; 2] = [0.007, 0.025];
const WANTED_M: f64 = 0.02;
/// Seconds that a piece with no more than the least clearance costs besides.
const NARROW_SECS: f64 = 2.0;
/// Weight of what is at least to come: above 1 the way is found sooner and is at most that much longer than the lattice's
/// shortest.
const WEIGHT: f64 = 2.0;
/// Poses that are expanded, and that are put into the queue, at most; of 128 bytes each.
const MAX_EXPANSIONS: usize = 30_000;
const MAX_NODES: usize = 400_000;
/// Joins to the goal are sought from every so many-th pose, and from all that are nearer, metres.
const JOIN_EVERY: usize = 4;
const JOIN_M: f64 = 2.0;
/// Where the robot fits at a goal in no heading, e.g. before the wall of a dead end, its way ends this near to it, metres:
/// arrival is counted to a few centimetres. The nearest ring with a pose that fits is taken.
const BESIDE_M: [f64; 4] = [0.01, 0.02, 0.03, 0.04];
const BESIDE_DIRECTIONS: u32 = 16;
/// Headings in which the robot is held against its surroundings at a goal.
const GOAL_HEADINGS: u32 = 72;
/// Distance between the points of a join at which the distance field is looked at, metres.
const LOOK_M: f64 = 0.08;

/// Which pose of its kind a node is: of several that lead to one, the first that is reached counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Cell,
    Guide(u32),
    /// Straight before the goal or the start.
    Approach(u32),
    Goal,
}

/// Where a search looks: along the guide first, whose some hundred poses lead through most passages in milliseconds, then
/// everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Guide,
    Everywhere,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    position: Point,
    heading_rad: f64,
    secs: f64,
    parent: u32,
    join: Join,
    checked: bool,
    place: Place,
}

impl Node {
    fn pose(&self) -> State {
        State::at_pose(self.position, self.heading_rad)
    }

    fn pieces(&self) -> &[Piece] {
        self.join.pieces()
    }

    fn gait(&self) -> Option<Gait> {
        self.pieces().last().map(|piece| piece.gait())
    }
}

/// A node in the queue: the least time first.
#[derive(Clone, Copy, Debug)]
struct Open {
    secs: f64,
    node: u32,
}

impl Ord for Open {
    fn cmp(&self, other: &Self) -> Ordering {
        other.secs.total_cmp(&self.secs).then(other.node.cmp(&self.node))
    }
}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Open {}

/// What a search is about.
pub(super) struct Problem<'a> {
    map: &'a RouteMap,
    pub(super) grid: &'a GridMap,
    pub(super) sweep: Sweep<'a>,
    pub(super) vehicle: &'a Vehicle,
    pub(super) target: Target,
    pub(super) least_m: f64,
}

impl Problem<'_> {
    /// Whether the inscribed circle is clear along pieces, by the distance field alone: false only where no way is.
    pub(super) fn may_be_clear(&self, pose: &State, pieces: &[Piece]) -> bool {
        // Between the centres of cells the field is off by less than a cell.
        let least_m = self.vehicle.radii_m[0] - self.grid.geometry().resolution_m;
        let mut from = *pose;
        pieces.iter().all(|piece| {
            let steps = (piece.length_m() / LOOK_M).ceil().max(1.0) as usize;
            let begin = from;
            from = piece.after(&begin, 1.0);
            (1..=steps).all(|step| {
                let here = piece.after(&begin, step as f64 / steps as f64);
                self.grid.distance(here.position) >= least_m
            })
        })
    }

    /// Whether no point of the outline lies in an obstacle, by the distance field alone: false only where no pose is.
    fn may_fit(&self, pose: &State) -> bool {
        // At the side of an occupied cell the field is half of what it is at the centre of the free one beside it.
        let least_m = if self.grid.is_exact_near() { 1e-9 } else { 0.25 * self.grid.geometry().resolution_m };
        let (sin, cos) = pose.heading_rad.sin_cos();
        self.vehicle.outline.iter().all(|[x, y]| {
            let point = [pose.position[0] + x * cos - y * sin, pose.position[1] + x * sin + y * cos];
            self.grid.distance(point) >= least_m
        })
    }

    /// Exact clearance along pieces, metres; below the least the computation ends.
    pub(super) fn clearance_m(&self, pose: &State, pieces: &[Piece]) -> f64 {
        clearance_m(&self.sweep, self.vehicle.radii_m[1], pose, pieces, self.least_m)
    }

    /// Clearance from which on more is no better, metres.
    pub(super) fn wanted_m(&self) -> f64 {
        self.least_m + WANTED_M
    }

    /// The wanted end, or the nearest beside it where the robot fits in the wanted heading, or in any if none is wanted.
    fn target_that_fits(&self) -> Target {
        let fits = |position: Point| {
            let clear = |heading_rad: f64| {
                let pose = State::at_pose(position, heading_rad);
                self.may_fit(&pose) && self.sweep.states([&pose, &pose]).is_clear_by(self.least_m)
            };
            match self.target.heading_rad {
                Some(wanted) => clear(wanted),
                // Of what does not turn, the search finds out for itself.
                None if !self.vehicle.turns() => true,
                None => (0..GOAL_HEADINGS).any(|step| clear(TAU * f64::from(step) / f64::from(GOAL_HEADINGS))),
            }
        };
        let wanted = self.target.position;
        if fits(wanted) {
            return self.target;
        }
        let around = BESIDE_M.into_iter().flat_map(|by_m| {
            (0..BESIDE_DIRECTIONS).map(move |step| {
                let (sin, cos) = (TAU * f64::from(step) / f64::from(BESIDE_DIRECTIONS)).sin_cos();
                [wanted[0] + by_m * cos, wanted[1] + by_m * sin]
            })
        });
        // With room to all sides: of a ring the place farthest from obstacles.
        let places: Vec<Point> = around.collect();
        let best = places.chunks(BESIDE_DIRECTIONS as usize).find_map(|ring| {
            let fitting = ring.iter().copied().filter(|place| fits(*place));
            fitting.max_by(|a, b| self.grid.distance(*a).total_cmp(&self.grid.distance(*b)))
        });
        best.map_or(self.target, |position| Target { position, ..self.target })
    }

    fn least_secs(&self, pose: &State) -> f64 {
        self.vehicle.least_secs(self.map.guide_cost_m(pose.position), pose, self.target.heading_rad)
    }
}

/// Buffers of the search for one robot.
#[derive(Debug)]
pub struct HeadingSearch {
    vehicle: Arc<Vehicle>,
    nodes: Vec<Node>,
    open: BinaryHeap<Open>,
    closed: HashSet<u64>,
    route: Vec<Point>,
    guide: Guide,
    /// Straight before a tight goal, and before a tight start.
    approaches: [Vec<State>; 2],
    pieces: Vec<Piece>,
    shortener: Shortener,
    expanded: usize,
    is_careful: bool,
}

impl HeadingSearch {
    /// `None` for a robot that needs none: a disc that moves in any direction or turns where it stands.
    pub fn of(robot: &dyn Robot) -> Option<Self> {
        Some(Self {
            vehicle: Arc::new(Vehicle::of(robot)?),
            nodes: Vec::new(),
            open: BinaryHeap::new(),
            closed: HashSet::new(),
            route: Vec::new(),
            guide: Guide::default(),
            approaches: Default::default(),
            pieces: Vec::new(),
            shortener: Shortener::default(),
            expanded: 0,
            is_careful: false,
        })
    }

    /// Whether the robot reaches a wanted heading only where the way leads to it: it cannot turn where it stands.
    pub fn ends_need_headings(&self) -> bool {
        self.vehicle.steers()
    }

    /// Whether ways keep more clearance from now on: the driven way differs from the searched one by up to centimetres.
    pub fn set_careful(&mut self, is_careful: bool) {
        self.is_careful = is_careful;
    }

    /// The shortest way of the inscribed circle, by which the last search was guided.
    pub fn guide(&self) -> &Vec<Point> {
        &self.route
    }

    /// Poses that the last search expanded.
    pub fn expanded(&self) -> usize {
        self.expanded
    }

    /// Fills `poses` (at most `most`) with a way from a state to a goal, in its heading if one is wanted and the robot turns,
    /// along which the footprint is clear. A robot in motion first comes to rest.
    ///
    /// # Errors
    /// [`PlanError::NoPath`] where the lattice has no such way within its bounds, [`PlanError::NoTime`] after the deadline.
    pub fn plan(
        &mut self,
        map: &mut RouteMap,
        start: &State,
        goal: Target,
        most: usize,
        deadline: Option<Instant>,
        poses: &mut Vec<State>,
    ) -> Result<(), PlanError> {
        poses.clear();
        self.expanded = 0;
        let braking = self.vehicle.braking(start);
        let stands = braking.map_or(start.halted(), |piece| piece.after(start, 1.0));
        let least_m = LEAST_M[usize::from(self.is_careful)];
        map.guide(stands.position, goal.position, self.vehicle.radii_m[0] + least_m, &mut self.route)?;
        let map = &*map;
        let vehicle = Arc::clone(&self.vehicle);
        let outline = Outline {
            points: &vehicle.outline,
            padding_m: vehicle.padding_m,
            heading_rad: (!vehicle.turns()).then_some(stands.heading_rad),
        };
        self.guide.follow(map.grid(), &self.route, &vehicle, &outline, deadline);
        let target = Target { heading_rad: goal.heading_rad.map(wrapped).filter(|_| vehicle.turns()), ..goal };
        let sweep = map.world().sweep();
        let mut problem = Problem { map, grid: map.grid(), sweep, vehicle: &vehicle, target, least_m };
        problem.target = problem.target_that_fits();
        let begin =
            Target { position: stands.position, heading_rad: Some(stands.heading_rad).filter(|_| vehicle.steers()) };
        for (end, places) in [problem.target, begin].iter().zip(&mut self.approaches) {
            approaches(&problem, end, deadline, places);
        }
        let last = match self.search(&problem, &stands, Reach::Guide, deadline) {
            Err(PlanError::NoPath) => self.search(&problem, &stands, Reach::Everywhere, deadline),
            done => done,
        }?;
        self.collect(last);
        self.shortener.shorten(&problem, &stands, &mut self.pieces, deadline);
        if let Some(braking) = braking {
            self.pieces.insert(0, braking);
        }
        poses::fill(start, &self.pieces, most, poses);
        // Rounding: the end itself.
        if let Some(end) = poses.last_mut() {
            end.position = problem.target.position;
        }
        Ok(())
    }

    /// The node at the goal.
    fn search(
        &mut self,
        problem: &Problem<'_>,
        start: &State,
        reach: Reach,
        deadline: Option<Instant>,
    ) -> Result<u32, PlanError> {
        self.nodes.clear();
        self.open.clear();
        self.closed.clear();
        self.add(problem, u32::MAX, start, 0.0, &[], Place::Cell);
        while let Some(Open { node: index, .. }) = self.open.pop() {
            if is_past(deadline) {
                return Err(PlanError::NoTime);
            }
            let node = self.nodes[index as usize];
            let key = self.key_of(&node);
            if self.closed.contains(&key) {
                continue;
            }
            if !node.checked {
                let from = self.nodes.get(node.parent as usize).map_or(*start, Node::pose);
                let clearance_m = problem.clearance_m(&from, node.pieces());
                if !(clearance_m >= problem.least_m) {
                    continue;
                }
                self.nodes[index as usize].checked = true;
                let lack = (problem.wanted_m() - clearance_m) / WANTED_M;
                if lack > 0.0 {
                    let dearer = node.secs + NARROW_SECS * lack;
                    self.nodes[index as usize].secs = dearer;
                    let secs = dearer + WEIGHT * problem.least_secs(&node.pose());
                    self.open.push(Open { secs, node: index });
                    continue;
                }
            }
            if node.place == Place::Goal {
                return Ok(index);
            }
            self.closed.insert(key);
            self.expanded += 1;
            if self.expanded >= MAX_EXPANSIONS || self.nodes.len() >= MAX_NODES {
                break;
            }
            self.expand(problem, index, reach);
        }
        Err(PlanError::NoPath)
    }

    fn expand(&mut self, problem: &Problem<'_>, index: u32, reach: Reach) {
        let node = self.nodes[index as usize];
        let pose = node.pose();
        let motions = if reach == Reach::Everywhere { &problem.vehicle.motions[..] } else { &[] };
        for piece in motions {
            let end = piece.after(&pose, 1.0);
            if problem.may_fit(&end) && problem.may_be_clear(&pose, &[*piece]) {
                let secs = node.secs + problem.vehicle.secs(node.gait(), *piece);
                self.add(problem, index, &end, secs, &[*piece], Place::Cell);
            }
        }
        let goal = problem.target;
        // Everywhere joins are sought from some poses only: they cost more than all motions.
        let is_sought = reach == Reach::Guide || self.expanded % JOIN_EVERY == 1;
        if is_sought || node.place != Place::Cell || distance(pose.position, goal.position) < JOIN_M {
            problem.vehicle.visit_joins(&pose, &goal, &mut |pieces| {
                self.join(problem, index, pieces, Place::Goal);
            });
        }
        if !is_sought && node.place == Place::Cell {
            return;
        }
        let guide = std::mem::take(&mut self.guide);
        for (number, place) in guide.ahead_of(pose.position) {
            for flipped in [false, true] {
                if flipped && !problem.vehicle.reverses() {
                    break;
                }
                let heading_rad = wrapped(place.heading_rad + if flipped { PI } else { 0.0 });
                let target = Target {
                    position: place.position,
                    heading_rad: Some(heading_rad).filter(|_| problem.vehicle.turns()),
                };
                self.join_best(problem, index, &target, Place::Guide(2 * number as u32 + u32::from(flipped)));
            }
        }
        self.guide = guide;
        let approaches = std::mem::take(&mut self.approaches);
        let [to_goal, from_start] = &approaches;
        let places = to_goal.iter().chain(from_start.iter().filter(|_| index == 0));
        for (number, place) in (0..).zip(places) {
            let target = Target { position: place.position, heading_rad: Some(place.heading_rad) };
            self.join_best(problem, index, &target, Place::Approach(number));
        }
        self.approaches = approaches;
    }

    /// The join to a place that takes the least time, of those that may be clear.
    fn join_best(&mut self, problem: &Problem<'_>, index: u32, target: &Target, place: Place) {
        let node = self.nodes[index as usize];
        let pose = node.pose();
        let mut best: Option<(f64, Join)> = None;
        problem.vehicle.visit_joins(&pose, target, &mut |pieces| {
            let secs = problem.vehicle.secs_of(node.gait(), pieces);
            if best.is_none_or(|best| secs < best.0) && problem.may_be_clear(&pose, pieces) {
                best = Some((secs, pieces.into()));
            }
        });
        if let Some((_, join)) = best {
            self.join(problem, index, join.pieces(), place);
        }
    }

    fn join(&mut self, problem: &Problem<'_>, index: u32, pieces: &[Piece], place: Place) {
        let node = self.nodes[index as usize];
        let pose = node.pose();
        let end = end_of(&pose, pieces);
        if problem.may_fit(&end) && problem.may_be_clear(&pose, pieces) {
            let secs = node.secs + problem.vehicle.secs_of(node.gait(), pieces);
            self.add(problem, index, &end, secs, pieces, place);
        }
    }

    fn add(&mut self, problem: &Problem<'_>, parent: u32, pose: &State, secs: f64, pieces: &[Piece], place: Place) {
        let least_secs = if place == Place::Goal { 0.0 } else { problem.least_secs(pose) };
        if !least_secs.is_finite() || self.nodes.len() >= MAX_NODES {
            return;
        }
        let node = Node {
            position: pose.position,
            heading_rad: pose.heading_rad,
            secs,
            parent,
            join: pieces.into(),
            checked: pieces.is_empty(),
            place,
        };
        if place != Place::Goal && self.closed.contains(&self.key_of(&node)) {
            return;
        }
        self.nodes.push(node);
        self.open.push(Open { secs: secs + WEIGHT * least_secs, node: (self.nodes.len() - 1) as u32 });
    }

    /// The cell of position and heading, or the place of the guide.
    fn key_of(&self, node: &Node) -> u64 {
        match node.place {
            Place::Goal => u64::MAX,
            Place::Guide(number) => (1 << 63) | u64::from(number),
            Place::Approach(number) => (3 << 62) | u64::from(number),
            Place::Cell => {
                let cell = |value: f64| (value / self.vehicle.cell_m).floor() as i64 as u64 & 0x3ff_ffff;
                let heading = (node.heading_rad.rem_euclid(TAU) / TAU * HEADINGS as f64) as u64 % HEADINGS;
                (cell(node.position[0]) << 33) | (cell(node.position[1]) << 7) | heading
            }
        }
    }

    /// The pieces from the start to a node.
    fn collect(&mut self, last: u32) {
        self.pieces.clear();
        let mut index = last;
        while let Some(node) = self.nodes.get(index as usize) {
            self.pieces.extend(node.pieces().iter().rev());
            index = node.parent;
        }
        self.pieces.reverse();
    }
}
