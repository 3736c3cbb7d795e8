//! Maps: free space, clearance and obstacles behind the trait [`Map`].

mod boxes;
mod contract;
pub mod files;
pub mod generate;
pub mod grid;
mod layout;
mod layout_file;
mod regions;
mod sweep;

pub use contract::check_map;
pub use grid::GridMap;
pub use layout::{Layout, LayoutError};
pub use sweep::{Sweep, SweptPath};

use crate::geometry::{Aabb, Footprint, Point};
use std::fmt;

/// Clearances above this are reported as this, metres: farther obstacles are not looked at.
pub const CLEARANCE_CAP_M: f64 = 0.5;

/// Where obstacles are, in the observation frame.
///
/// Contract: no method but [`Map::obstacles`] allocates, none panics; space outside [`Map::bounds`] is occupied, and
/// what is not finite is never free nor clear. [`check_map`] checks it.
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

    /// Shows the nearest surface of every obstacle within [`CLEARANCE_CAP_M`] of a point, always in the same order; some
    /// beyond may come too.
    fn visit_surfaces(&self, point: Point, visit: &mut dyn FnMut(Surface));

    /// The nearest point that keeps `distance_m` from every obstacle around, as far as a few projections find it.
    fn push_out(&self, point: Point, distance_m: f64) -> Point;

    /// False where no way between two points keeps `distance_m` from every obstacle; true also where the map cannot tell.
    fn may_connect(&self, _distance_m: f64, _from: Point, _to: Point) -> bool {
        true
    }

    /// The map as a grid of cells, where it is one.
    fn as_grid(&self) -> Option<&GridMap> {
        None
    }

    /// Boxes that cover all obstacles, for pictures and for the audit of an evaluation; none of a turned grid, whose cells
    /// are had by [`Map::as_grid`].
    fn obstacles(&self) -> Vec<Aabb>;
}

/// The surface of an obstacle nearest to a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Surface {
    /// Unit vector from the surface to the point; outwards where the point lies inside.
    pub normal: Point,
    /// Distance of the point, metres; negative inside.
    pub distance_m: f64,
}

impl Surface {
    /// Of a box.
    pub fn of_box(wall: &Aabb, point: Point) -> Self {
        let nearest = wall.nearest(point);
        let offset = [point[0] - nearest[0], point[1] - nearest[1]];
        let distance_m = offset[0].hypot(offset[1]);
        if distance_m > 1e-12 {
            return Self { normal: [offset[0] / distance_m, offset[1] / distance_m], distance_m };
        }
        let (normal, depth_m) = wall.nearest_face(point);
        Self { normal, distance_m: -depth_m }
    }

    /// Of a disc.
    pub fn of_disc(centre: Point, radius_m: f64, point: Point) -> Self {
        let offset = [point[0] - centre[0], point[1] - centre[1]];
        let from_centre_m = offset[0].hypot(offset[1]);
        let normal = if from_centre_m > 1e-12 { offset.map(|value| value / from_centre_m) } else { [1.0, 0.0] };
        Self { normal, distance_m: from_centre_m - radius_m }
    }
}
