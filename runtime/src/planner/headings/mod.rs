//! Search over position and heading, for robots that are no discs or cannot turn where they stand: hybrid A* (Dolgov,
//! Thrun, Montemerlo and Diebel 2010) on motions that the robot can drive, its real footprint checked along each.
//!
//! The way of the data: costs to the goal for a disc of the inscribed radius (the heuristic) and the route of that disc
//! (the guide), then the search (`search.rs`) from the start over the vehicle's motions, with joins straight to the goal,
//! to places in the middle of the guide's passages and to those straight before a tight goal or start (`approach.rs`), then the shortening (`shorten.rs`), then poses for the correction.
//!
//! It is complete at its resolution: what no motion of the lattice enters is not found. Expansions, nodes and time are
//! bounded, and all memory is kept from plan to plan.

mod approach;
mod guide;
mod join;
mod motion;
mod passage;
mod poses;
mod search;
mod shorten;
#[cfg(test)]
mod tests;
mod vehicle;

pub use search::HeadingSearch;
pub use vehicle::Target;
