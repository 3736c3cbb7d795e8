//! A map prepared for route searches: the graph, the costs to the last goal, and the shortened route.

use super::goal_field::GoalField;
use super::search_graph::SearchGraph;
use super::string_pulling::StringPuller;
use crate::geometry::Point;
use crate::planner::PlanError;
use crate::world::World;
use crate::world::map::grid::{GridError, GridMap};

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
    puller: StringPuller,
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
            puller: StringPuller::default(),
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

    /// Fills `route` with a polyline from start to goal that keeps `clearance_m` (footprint included) and cannot be
    /// shortened by a straight line between any two of its corners.
    ///
    /// # Errors
    /// [`PlanError::NoPath`] where the map has no such way.
    pub fn route(
        &mut self,
        start: Point,
        goal: Point,
        clearance_m: f64,
        route: &mut Vec<Point>,
    ) -> Result<(), PlanError> {
        let map = grid_of(&self.world, self.raster.as_ref());
        let mut found = search(map, &self.pooled, &mut self.pooled_field, start, goal, clearance_m, route);
        if !found && self.pooled.block > 1 {
            if self.full.nodes.is_empty() {
                self.full.rebuild(map, 1);
            }
            found = search(map, &self.full, &mut self.full_field, start, goal, clearance_m, route);
        }
        if !found {
            return Err(PlanError::NoPath);
        }
        self.puller.pull(map, clearance_m, route);
        Ok(())
    }
}

fn grid_of<'a>(world: &'a World, raster: Option<&'a GridMap>) -> &'a GridMap {
    match (raster, world.map().as_grid()) {
        (Some(raster), _) | (None, Some(raster)) => raster,
        (None, None) => unreachable!("a map that is no grid has been drawn as one"),
    }
}

fn search(
    map: &GridMap,
    graph: &SearchGraph,
    field: &mut GoalField,
    start: Point,
    goal: Point,
    clearance_m: f64,
    route: &mut Vec<Point>,
) -> bool {
    if super::string_pulling::is_in_sight(map, start, goal, clearance_m) {
        route.clear();
        route.extend([start, goal]);
        return true;
    }
    if !field.is_for(map, graph, goal, clearance_m) {
        field.begin(map, graph, goal, clearance_m, Some(start));
    } else if !field.leads_from(map, start) {
        field.begin(map, graph, goal, clearance_m, None);
    }
    field.route(map, graph, start, route)
}
