//! What is accepted although it is odd, because ROS's own nodes accept it.

/// A kind of oddity; its `Display` says what is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[repr(u8)]
pub enum Oddity {
    /// ROS 1 wrote it, tf2 drops it.
    #[error("a frame with a leading '/': dropped")]
    FrameSlash,
    /// Odometry without the robot's frame.
    #[error("an empty child_frame_id: the parameter base_frame counts")]
    NoChildFrame,
    /// An orientation that was never set: tf2 computes a yaw of 0 of it.
    #[error("an orientation of zeros: none")]
    NoRotation,
    /// An orientation that was rounded.
    #[error("an orientation whose norm is not 1: normalised")]
    NotNormalised,
    /// A map whose origin is turned by a rounding error.
    #[error("an origin turned by rounding: taken as not turned")]
    TurnedByRounding,
}

impl Oddity {
    /// All.
    pub const ALL: [Self; 5] =
        [Self::FrameSlash, Self::NoChildFrame, Self::NoRotation, Self::NotNormalised, Self::TurnedByRounding];

    /// Name for diagnostics.
    pub fn name(self) -> &'static str {
        match self {
            Self::FrameSlash => "frame_slash",
            Self::NoChildFrame => "no_child_frame",
            Self::NoRotation => "no_rotation",
            Self::NotNormalised => "not_normalised",
            Self::TurnedByRounding => "turned_by_rounding",
        }
    }
}

/// A set of oddities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Oddities(u8);

impl Oddities {
    /// Adds one.
    pub fn note(&mut self, oddity: Oddity) {
        self.0 |= 1 << oddity as u8;
    }

    /// Adds one if it is the case.
    pub(crate) fn note_if(&mut self, is_odd: bool, oddity: Oddity) {
        if is_odd {
            self.note(oddity);
        }
    }

    /// All that are in it.
    pub fn iter(self) -> impl Iterator<Item = Oddity> {
        Oddity::ALL.into_iter().filter(move |oddity| self.0 & (1 << *oddity as u8) != 0)
    }

    /// Those that are not in another set.
    pub fn except(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}
