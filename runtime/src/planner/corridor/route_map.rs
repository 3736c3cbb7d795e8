//! A map prepared for route searches: the graph, the costs to the last goal, and the shortened route.

use super::goal_field::GoalField;
use super::search_graph::SearchGraph;
use super::string_pulling::StringPuller;
use crate::geometry::Point;
use crate::planner::{PlanError, is_past};
use crate::world::World;
use crate::world::map::grid::{GridError, GridMap};
use std::time::Instant;

/// Resolution at which a map that is no grid is drawn for the search, metres.
const RASTER_M: f64 = 0.05;

/// Graphs and costs for one map. Costs are kept per goal: a new start on the same map costs a descent only.
#[derive(Debug)]
pub struct RouteMap {
    world: World,
    /// Where the world's map is no grid.
    raster: Option<GridMap>,
    pooled: SearchGraph,
    pooled_field: GoalField,
    /// Blocks of one cell, built when the pooled graph has no way.
    full: SearchGraph,
    full_field: GoalField,
    /// Costs for the search with heading, on the pooled graph or the full one.
    guide_field: GoalField,
    guide_is_full: bool,
    puller: StringPuller,
    deadline: Option<Instant>,
}

impl RouteMap {
    /// Prepares the map of a world.
    ///
    /// # Errors
    /// If a map that is no grid is too large to be drawn as one.
    pub fn new(world: &World) -> Result<Self, GridError> {
        let raster = match world.map().as_grid() {
            Some(_) => None,
            None => {
                let map = world.map();
                Some(GridMap::from_boxes(map.name(), map.bounds(), RASTER_M, map.obstacles().into_iter())?)
            }
        };
        let mut prepared = Self {
            world: world.clone(),
            raster,
            pooled: SearchGraph::default(),
            pooled_field: GoalField::default(),
            full: SearchGraph::default(),
            full_field: GoalField::default(),
            guide_field: GoalField::default(),
            guide_is_full: false,
            puller: StringPuller::default(),
            deadline: None,
        };
        let mut pooled = std::mem::take(&mut prepared.pooled);
        pooled.rebuild(prepared.grid(), SearchGraph::block_for(prepared.grid()));
        prepared.pooled = pooled;
        Ok(prepared)
    }

    /// Whether it was made for this world's map and robot.
    pub fn is_of(&self, world: &World) -> bool {
        self.world.is_same(world)
    }

    /// Robot and map.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The grid on which routes are searched.
    pub fn grid(&self) -> &GridMap {
        grid_of(&self.world, self.raster.as_ref())
    }

    /// When searches end from now on; `None`: when they are done.
    pub fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.deadline = deadline;
    }

    /// Fills `route` with a polyline from start to goal that keeps `clearance_m` (footprint included) and cannot be
    /// shortened by a straight line between any two of its corners.
    ///
    /// # Errors
    /// [`PlanError::NoPath`] where the map has no such way, [`PlanError::NoTime`] after the deadline.
    pub fn route(
        &mut self,
        start: Point,
        goal: Point,
        clearance_m: f64,
        route: &mut Vec<Point>,
    ) -> Result<(), PlanError> {
        let (map, deadline) = (grid_of(&self.world, self.raster.as_ref()), self.deadline);
        let way = Way { start, goal, clearance_m, deadline };
        let mut found = search(map, &self.pooled, &mut self.pooled_field, &way, route)?;
        if !found && self.pooled.block > 1 {
            if self.full.nodes.is_empty() {
                self.full.rebuild(map, 1);
            }
            found = search(map, &self.full, &mut self.full_field, &way, route)?;
        }
        if !found {
            return Err(PlanError::NoPath);
        }
        self.puller.pull(map, clearance_m, deadline, route);
        Ok(())
    }

    /// Fills `route` as [`Self::route`], and keeps the costs of all places from which ways to the goal are shorter, for
    /// [`Self::guide_cost_m`].
    ///
    /// # Errors
    /// As [`Self::route`].
    pub fn guide(
        &mut self,
        start: Point,
        goal: Point,
        clearance_m: f64,
        route: &mut Vec<Point>,
    ) -> Result<(), PlanError> {
        let (map, deadline) = (grid_of(&self.world, self.raster.as_ref()), self.deadline);
        let is_known = self.guide_is_full && self.guide_field.is_for(map, &self.full, goal, clearance_m);
        for is_full in [is_known, true] {
            if is_full && self.pooled.block <= 1 {
                break;
            }
            if is_full && self.full.nodes.is_empty() {
                self.full.rebuild(map, 1);
            }
            let (graph, field) = (if is_full { &self.full } else { &self.pooled }, &mut self.guide_field);
            if is_full != self.guide_is_full || !field.is_for(map, graph, goal, clearance_m) {
                field.begin(map, graph, goal, clearance_m, None);
                self.guide_is_full = is_full;
            }
            if field.route(map, graph, start, deadline, route)? {
                self.puller.pull(map, clearance_m, deadline, route);
                return Ok(());
            }
        }
        Err(PlanError::NoPath)
    }

    /// Least length of ways from a point to the goal of the last [`Self::guide`], metres, about: infinite where none leads.
    pub fn guide_cost_m(&self, point: Point) -> f64 {
        let graph = if self.guide_is_full { &self.full } else { &self.pooled };
        self.guide_field.cost_m(self.grid(), graph, point)
    }
}

fn grid_of<'a>(world: &'a World, raster: Option<&'a GridMap>) -> &'a GridMap {
    match (raster, world.map().as_grid()) {
        (Some(raster), _) | (None, Some(raster)) => raster,
        (None, None) => unreachable!("a map that is no grid has been drawn as one"),
    }
}

/// What a route is sought for.
struct Way {
    start: Point,
    goal: Point,
    clearance_m: f64,
    deadline: Option<Instant>,
}

fn search(
    map: &GridMap,
    graph: &SearchGraph,
    field: &mut GoalField,
    way: &Way,
    route: &mut Vec<Point>,
) -> Result<bool, PlanError> {
    let Way { start, goal, clearance_m, deadline } = *way;
    if is_past(deadline) {
        return Err(PlanError::NoTime);
    }
    if super::string_pulling::is_in_sight(map, start, goal, clearance_m) {
        route.clear();
        route.extend([start, goal]);
        return Ok(true);
    }
    if !field.is_for(map, graph, goal, clearance_m) {
        field.begin(map, graph, goal, clearance_m, Some(start));
    } else if !field.leads_from(map, start) {
        field.begin(map, graph, goal, clearance_m, None);
    }
    field.route(map, graph, start, deadline, route)
}
