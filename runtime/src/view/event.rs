//! Events of the view: plain data, independent of any sink.

use std::borrow::Cow;

use super::points::Points;
use super::push::PushView;
use crate::world::{Point, World};

/// When something happened, on the clock of the simulation or the robot.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stamp {
    /// Seconds since the start of the episode. A value that is not finite is shown at the last finite one.
    pub time_secs: f64,
    /// Control steps since the start of the episode.
    pub step: u64,
}

/// One thing to show. Positions are in metres in the frame of the world; y points up on the screen.
#[derive(Debug)]
pub enum Event {
    /// The robot on its map, valid from now on for all times. Starts a new executed path, unless only the map is another
    /// one. Never dropped by the queue,
    /// unless more than [`MAX_STATIC_EVENTS`](super::MAX_STATIC_EVENTS) of them wait. Sinks draw the map itself: only
    /// where it is another than that of the event before.
    World {
        /// Robot and map.
        world: World,
        /// Where the episode starts.
        start: Point,
        /// Centre of the goal; in a maze its radius is [`GOAL_RADIUS_M`](crate::world::GOAL_RADIUS_M).
        goal: Point,
    },
    /// The route that a planner of any map searched before it planned beside it.
    Route {
        /// Counts plans from 0.
        plan: u64,
        /// Its corners.
        points: Points,
    },
    /// A trajectory between noise and plan, on the timeline `denoising` (see [`denoising_index`]).
    Denoising {
        /// Counts plans from 0.
        plan: u64,
        /// Denoising steps done so far, 0 for pure noise.
        step: u32,
        /// Which of the candidates drawn together; candidate 0 is the one that the overview shows.
        candidate: u32,
        /// The positions along the trajectory.
        points: Points,
    },
    /// The proposal of the planner.
    Proposal {
        /// Counts plans from 0.
        plan: u64,
        /// The positions along the trajectory.
        points: Points,
    },
    /// The corrected plan.
    Corrected {
        /// Counts plans from 0.
        plan: u64,
        /// The positions along the trajectory.
        points: Points,
    },
    /// The checked plan. Removes the fallback from the picture.
    Checked {
        /// Counts plans from 0.
        plan: u64,
        /// The positions along the trajectory.
        points: Points,
    },
    /// Poses along the checked plan, for the outline of the robot there.
    Poses {
        /// Counts plans from 0.
        plan: u64,
        /// The positions along the trajectory.
        positions: Points,
        /// For each its heading, radians, and 0.
        headings: Points,
    },
    /// The fallback published instead of a checked plan. Removes the checked plan from the picture, and stands in the log.
    Fallback {
        /// Counts plans from 0.
        plan: u64,
        /// The fallback's name and why.
        reason: &'static str,
        /// The positions along the trajectory; may be empty.
        points: Points,
    },
    /// Where the body is now; the positions since the last [`Event::World`] make up the executed path.
    Executed {
        /// The body's centre.
        position: Point,
    },
    /// How far a plan is from what physics allows, before and after correction.
    Residual {
        /// Root mean square distance before correction, metres.
        before_m: f64,
        /// The same after correction, metres.
        after_m: f64,
    },
    /// How far the published plans are from the intended distribution of their quantity.
    Drift {
        /// Share of the mass that is elsewhere, 0 to 1.
        total_variation: f64,
        /// The same for plans that do as intended: it is higher by chance in 1 of 40 cases.
        by_chance: f64,
        /// Above this it is drift.
        threshold: f64,
    },
    /// The distribution of the plans' quantity: for each bin its centre, in the quantity's unit, and its mass.
    Histogram {
        /// Of the published plans.
        observed: Points,
        /// As it should be.
        intended: Points,
    },
    /// How long a stage took.
    Timing {
        /// Which stage.
        stage: Stage,
        /// Wall-clock seconds.
        secs: f64,
    },
    /// A push and how it came about, on the timeline `frame`.
    Push(Box<PushView>),
    /// A line for the log. A borrowed message costs no allocation.
    Text {
        /// How much it matters.
        level: Level,
        /// The line.
        message: Cow<'static, str>,
    },
}

/// The stages of one planning cycle, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Sensors to observation.
    Observe,
    /// Observation to proposal: the network.
    Propose,
    /// Proposal to corrected plan.
    Correct,
    /// Corrected plan to checked plan.
    Check,
    /// All of them together.
    Whole,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 5] = [Self::Observe, Self::Propose, Self::Correct, Self::Check, Self::Whole];

    /// The stage's name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Propose => "propose",
            Self::Correct => "correct",
            Self::Check => "check",
            Self::Whole => "whole",
        }
    }
}

/// How much a line of the log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// For the record.
    Info,
    /// The robot continues in a degraded mode.
    Warning,
    /// Something failed.
    Error,
}

/// Steps that one plan has on the timeline `denoising`; the last three show proposal, corrected and checked.
pub const DENOISING_STRIDE: u64 = 1000;

/// The place of a denoising step on the timeline `denoising`: plan 3, step 17 is 3017.
pub fn denoising_index(plan: u64, step: u32) -> i64 {
    let step = u64::from(step).min(DENOISING_STRIDE - 1);
    i64::try_from(plan.saturating_mul(DENOISING_STRIDE).saturating_add(step)).unwrap_or(i64::MAX)
}
