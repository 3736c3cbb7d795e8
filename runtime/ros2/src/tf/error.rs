//! Errors of the transform tree.

use crate::time::{RosTime, StampError, other_clock_hint};

/// Why a transform was refused or could not be found.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TransformError {
    /// No transform ever named the frame.
    #[error("expected a known frame, got `{frame}`\nhint: is the node that publishes it running?")]
    UnknownFrame {
        /// The frame.
        frame: String,
    },
    /// Both frames are known, but lie in different trees.
    #[error("expected `{target}` and `{source_frame}` in one tree, got two trees")]
    NotConnected {
        /// Requested frame.
        target: String,
        /// Frame of the data.
        source_frame: String,
    },
    /// A requested time before the first sample that is kept.
    #[error("expected a time of `{frame}` from {} s on, got {} s", .oldest.as_secs_f64(), .requested.as_secs_f64())]
    ExtrapolationIntoPast {
        /// Child frame of the edge in question.
        frame: String,
        /// Requested time.
        requested: RosTime,
        /// First sample.
        oldest: RosTime,
    },
    /// A requested time after the last sample.
    #[error("expected a time of `{frame}` up to {} s, got {} s", .newest.as_secs_f64(), .requested.as_secs_f64())]
    ExtrapolationIntoFuture {
        /// Child frame of the edge in question.
        frame: String,
        /// Requested time.
        requested: RosTime,
        /// Last sample.
        newest: RosTime,
    },
    /// Too old to be used, or to be kept.
    #[error("expected a transform of `{frame}` of at most {limit_secs} s of age, got {age_secs} s{}", other_clock_hint(*.age_secs))]
    Old {
        /// Child frame of the edge, or the source of a lookup.
        frame: String,
        /// Age, seconds.
        age_secs: f64,
        /// Limit, seconds.
        limit_secs: f64,
    },
    /// Stamped too far ahead of the clock. Kept, it would make every later sample look old.
    #[error("expected a stamp of `{frame}` at most {limit_secs} s ahead of the clock, got {ahead_secs} s{}", other_clock_hint(*.ahead_secs))]
    Future {
        /// Child frame of the edge, or the source of a lookup.
        frame: String,
        /// How far ahead, seconds.
        ahead_secs: f64,
        /// Limit, seconds.
        limit_secs: f64,
    },
    /// The edge would close a loop.
    #[error("expected a tree of frames, got the loop {}", .frames.join(" <- "))]
    Loop {
        /// From the child over the new parent and its ancestors back to the child.
        frames: Vec<String>,
    },
    /// Broken in itself.
    #[error("expected {expected} in the transform of `{frame}`, got {got}")]
    Invalid {
        /// Child frame of the edge.
        frame: String,
        /// What was expected.
        expected: &'static str,
        /// What was there.
        got: String,
    },
    /// The stamp of a message is none.
    #[error("transform of `{frame}`: {fault}")]
    Stamp {
        /// Child frame of the edge.
        frame: String,
        /// What is wrong with it.
        fault: StampError,
    },
    /// More frames than the buffer holds, and this is none of those kept.
    #[error(
        "expected a known frame, got `{frame}`, and more frames than the {limit} that are kept\nhint: raise the parameter max_frames"
    )]
    TooManyFrames {
        /// The frame that found no room.
        frame: String,
        /// Limit.
        limit: usize,
    },
}

impl TransformError {
    /// Name for diagnostics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::UnknownFrame { .. } => "tf_unknown_frame",
            Self::NotConnected { .. } => "tf_not_connected",
            Self::ExtrapolationIntoPast { .. } => "tf_extrapolation_into_past",
            Self::ExtrapolationIntoFuture { .. } => "tf_extrapolation_into_future",
            Self::Old { .. } => "tf_old",
            Self::Future { .. } => "tf_future",
            Self::Loop { .. } => "tf_loop",
            Self::Invalid { .. } => "tf_invalid",
            Self::Stamp { .. } => "tf_stamp",
            Self::TooManyFrames { .. } => "tf_too_many_frames",
        }
    }
}
