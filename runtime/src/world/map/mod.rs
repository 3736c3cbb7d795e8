//! Maps: free space, clearance and obstacles behind the trait [`Map`].

mod boxes;
mod layout;
mod sweep;

pub use layout::{Layout, LayoutError};
pub use sweep::{Sweep, SweptPath};

use crate::geometry::{Aabb, Footprint, Point};
use std::fmt;

/// Clearances above this are reported as this, metres: farther obstacles are not looked at.
pub const CLEARANCE_CAP_M: f64 = 0.5;

/// Where obstacles are, in the observation frame.
///
/// Contract: no method but [`Map::obstacles`] allocates, none panics; space outside [`Map::bounds`] is occupied, and
/// what is not finite is never free nor clear.
pub trait Map: fmt::Debug + Send + Sync {
    /// Its name.
    fn name(&self) -> &str;

    /// The box that holds all free space.
    fn bounds(&self) -> Aabb;

    /// Whether a point lies in free space. False for NaN and outside.
    fn is_free(&self, point: Point) -> bool;

    /// Smallest distance between the footprint, moved along a segment, and an obstacle, metres: at most
    /// [`CLEARANCE_CAP_M`], negative where it enters one, NaN for what is not finite.
    fn swept_clearance(&self, footprint: Footprint, from: Point, to: Point) -> f64;

    /// The same for a footprint that stands.
    fn clearance(&self, footprint: Footprint, point: Point) -> f64 {
        self.swept_clearance(footprint, point, point)
    }

    /// Shows every obstacle within [`CLEARANCE_CAP_M`] of a point, always in the same order; some beyond may come too.
    fn visit_obstacles(&self, point: Point, visit: &mut dyn FnMut(&Aabb));

    /// The nearest point that keeps `distance_m` from every obstacle around, as far as a few projections find it.
    fn push_out(&self, point: Point, distance_m: f64) -> Point;

    /// All obstacles.
    fn obstacles(&self) -> Vec<Aabb>;
}
