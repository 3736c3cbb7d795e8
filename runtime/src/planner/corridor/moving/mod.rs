//! Paths among moving discs: least time through an exact lattice over station, lane and time, and the smooth motion along it.
//!
//! *Stations* are the knots of a reference, *lanes* lateral offsets of 0.1 m, *layers* moments. Every move of the lattice
//! (wait, advance, change lanes, step back) takes as many layers as its length needs at the lattice's speed, is swept
//! against the map, and is held against the exact closest approach of every disc. The motion along the result is its
//! average over a sliding window of time, which bounds the acceleration and begins exactly in the robot's state.

mod among;
mod average;
mod edges;
mod lattice;
mod pace;
#[cfg(test)]
mod tests;

pub(super) use among::Among;
pub use among::Avoidance;
pub use edges::{LANE_M, LANES, STATIONS, Ways};
pub use lattice::{LAYERS, LatticePath, LatticeSettings, MovingLattice};
pub(super) use pace::Pace;
