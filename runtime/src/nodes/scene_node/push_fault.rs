//! Why a push is refused.

use super::contact::MAX_GAP_M;
use super::push_request::{MAX_SPEED_MPS, MAX_STEEPNESS};

/// Why a push is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PushFault {
    /// A number.
    #[error("expected a finite {field}, got {got}")]
    NotFinite {
        /// Which.
        field: &'static str,
        /// What it is.
        got: f64,
    },
    /// A frame that is neither the table's nor the robot's.
    #[error("expected {field} of {table} or {robot}, got '{got}'")]
    Frame {
        /// Whose.
        field: &'static str,
        /// The table's frame.
        table: String,
        /// The robot's frame.
        robot: String,
        /// The frame.
        got: String,
    },
    /// The duration.
    #[error("expected a push_time above 0 s with nanosec below 1000000000, got {sec} s and {nanosec} ns")]
    PushTime {
        /// Its seconds.
        sec: i32,
        /// Its nanoseconds.
        nanosec: u32,
    },
    /// A torque.
    #[error("expected a push without torque, got {got_nm} Nm\nhint: a force acts at the contact's position")]
    Torque {
        /// Its magnitude.
        got_nm: f64,
    },
    /// No force, or one off the table's plane.
    #[error(
        "expected a force along the table, its z at most {MAX_STEEPNESS} of the rest, got {along_n} N along and {z_n} N off it"
    )]
    Steep {
        /// Along the table.
        along_n: f64,
        /// Along its z axis.
        z_n: f64,
    },
    /// No surface is near.
    #[error(
        "expected a contact within {MAX_GAP_M} m of the surface of an object that the force points into, got one {gap_m:.3} m off the nearest"
    )]
    FarContact {
        /// Distance of the nearest surface.
        gap_m: f64,
    },
    /// The force points away from every object.
    #[error("expected a force that points into an object, got one that points into no object")]
    NothingAhead,
    /// The body does not move.
    #[error("expected a contact on an object that moves, got one on object {body}, an obstacle")]
    Obstacle {
        /// Its index in the scene.
        body: usize,
    },
    /// The impulse.
    #[error("expected an object of at most {MAX_SPEED_MPS} m/s after the push, got {speed_mps:.3} m/s")]
    TooFast {
        /// Impulse over mass.
        speed_mps: f64,
    },
    /// Another push came before.
    #[error("expected a table at rest as the scene put it, got one that was pushed before\nhint: call new_scene")]
    Pushed,
}

impl PushFault {
    /// Its name in diagnostics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotFinite { .. } => "push_not_finite",
            Self::Frame { .. } => "push_frame",
            Self::PushTime { .. } => "push_time",
            Self::Torque { .. } => "push_torque",
            Self::Steep { .. } => "push_steep",
            Self::FarContact { .. } => "push_far_contact",
            Self::NothingAhead => "push_nothing_ahead",
            Self::Obstacle { .. } => "push_obstacle",
            Self::TooFast { .. } => "push_too_fast",
            Self::Pushed => "push_second",
        }
    }
}
