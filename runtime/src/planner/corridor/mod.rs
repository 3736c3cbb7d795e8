//! Planning on any map: a complete search for the route, and a path beside it from smoothing, from optimisation or from
//! a network whose input is the corridor round the route, not the map.
//!
//! The way of the data: [`RouteMap::route`] (graph of the grid, costs to the goal, any-angle shortcuts), then
//! [`Reference`] (knots every 0.2 m), then one lateral offset per knot ([`PathMethod`]), then [`PathRepair`], which pushes
//! the path out of what is too near. Where that fails the route itself is proposed: it is clear by construction.
//!
//! Where discs move in the world and the gate rejects that for them, the next proposals are timed paths of the lattice
//! ([`MovingLattice`]) along it: [`Avoidance`].

mod arrival;
mod features;
mod goal_field;
mod moving;
mod network;
mod offsets;
mod path;
mod planner;
mod reference;
mod route_map;
mod search_graph;
mod string_pulling;
#[cfg(test)]
mod tests;

pub use arrival::{ArrivalTime, curvature_span};
pub use features::{CHANNELS, LATERAL_STEP_M, LATERALS, features};
pub use moving::{Avoidance, LANE_M, LANES, LAYERS, LatticePath, LatticeSettings, MovingLattice, STATIONS, Ways};
pub use network::{CorridorNetwork, RAMP_KNOTS, blend_share, end_share, fill_window, smooth, window_starts};
pub use offsets::{CLEARANCE_WEIGHT, MAX_OFFSET_M, OffsetOptimizer, OffsetWeights, distance_slope};
pub use path::{POINTS_PER_KNOT, PathRepair, is_path_clear, path_points};
pub use planner::{CorridorPlanner, NARROW_MARGIN_M, PathMethod, PathOutcome, ROUTE_MARGIN_M, turning_length_m};
pub use reference::{KNOT_M, Reference, curvature};
pub use route_map::RouteMap;

pub(in crate::planner) use string_pulling::densify;

/// Knots of a network's window.
pub const WINDOW: usize = 64;
/// Unit of a network's offsets, metres.
pub const OFFSET_UNIT_M: f64 = 0.3;
