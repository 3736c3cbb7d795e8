//! Jumps of ROS time that invalidate buffered data.

use super::RosTime;

/// What a clock did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JumpKind {
    /// Ahead by more than time passes between two readings.
    Forward,
    /// Back: stamps already seen are now in the future.
    Backward,
    /// Another clock altogether.
    SourceChanged,
}

impl JumpKind {
    /// Name for diagnostics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Forward => "clock_jump_forward",
            Self::Backward => "clock_jump_backward",
            Self::SourceChanged => "clock_source_changed",
        }
    }
}

/// A jump of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jump {
    /// What happened.
    pub kind: JumpKind,
    /// Time before, or what it would have been.
    pub from: RosTime,
    /// Time after.
    pub to: RosTime,
}

impl Jump {
    /// True if stamps from before it cannot be compared with stamps after it: transforms and odometry have to be
    /// forgotten. Only a jump forward lets old data simply age.
    pub fn forgets_data(&self) -> bool {
        self.kind != JumpKind::Forward
    }
}
