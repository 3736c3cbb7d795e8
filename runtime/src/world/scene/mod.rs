//! Rigid bodies on a table: what a goal-force planner looks at, pushes and simulates.
//!
//! World frame: x to the right and y up in a top view, z away from the table, whose surface is z = 0; metres, seconds,
//! radians. A scene is made by [`generate`], simulated by [`Simulation`], and looked at through a [`Camera`].

mod body;
mod camera;
mod frame;
mod free;
mod generate;
mod ghost;
mod json;
mod motion;
mod picture;
mod plant;
mod simulation;
mod surface;
mod vector;
mod way;
mod wind;

pub use body::{Body, Look, Pattern, Shape, Table};
pub use camera::{Camera, CameraError, MAX_TILT_RAD, Ray};
pub use free::{ROLLING_SHARE, ball_speed};
pub use generate::{Airborne, Generated, Kind, Room, SCENES_VERSION, domino_row, generate, windy};
pub use ghost::{ghost_push, way_is_free};
pub use json::published;
pub use motion::{CELL_PX, Cells, motion_field};
pub use picture::{Light, NO_BODY, Picture, Placement, Renderer};
pub use simulation::Simulation;
pub use surface::{Surface, SurfaceFault};
pub use wind::Wind;

/// Most pixels a side of a picture.
pub const MAX_SIDE_PX: usize = 8192;

/// Frames of motion after the first picture.
pub const FRAMES: usize = 16;
/// Seconds between frames: the published videos last 5 s.
pub const FRAME_SECS: f64 = 0.3;

/// A table with bodies on it, at rest.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Scene {
    /// What lies on the table, without overlap.
    pub bodies: Vec<Body>,
    /// The table itself.
    pub table: Table,
}

/// What sets a scene in motion: an impulse on one body at rest, given as the velocity that it has afterwards.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Push {
    /// Index of the body.
    pub body: usize,
    /// Direction on the table from the x axis, rad.
    pub direction_rad: f64,
    /// Speed right after the push, m/s; the impulse is this times the mass.
    pub speed_mps: f64,
}

/// The motion that a target is to have.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Goal {
    /// Index of the target.
    pub body: usize,
    /// Direction on the table from the x axis, rad.
    pub direction_rad: f64,
    /// Speed 0.1 s after the target was struck, m/s.
    pub speed_mps: f64,
}

/// Where every body is at every frame.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Tracks {
    /// By body, then by frame: centre, metres. Frame 0 is the scene at rest; [`FRAMES`] more follow.
    pub bodies: Vec<Vec<[f32; 3]>>,
    /// By body, then by frame: turn from its place at rest with no yaw, a unit quaternion x, y, z, w.
    #[serde(default)]
    pub rotations: Vec<Vec<[f32; 4]>>,
    /// First contacts of two bodies of which at least one moves, in their order.
    pub contacts: Vec<Contact>,
    /// By body: velocity on the table 0.1 s after it was first touched by another body, m/s; `None` if it never was.
    pub struck_mps: Vec<Option<[f64; 2]>>,
}

/// The first contact of two bodies.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Contact {
    /// Indices of the bodies: first the one that came.
    pub bodies: [usize; 2],
    /// After the push, seconds.
    pub secs: f64,
}
