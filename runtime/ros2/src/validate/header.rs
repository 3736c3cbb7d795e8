//! Validation of stamps and frames.

use super::{InvalidMessage, Oddities, Oddity};
use crate::messages::builtin_interfaces::Time;
use crate::time::RosTime;

/// A frame's name as tf2 has it: without leading slashes, which ROS 1 wrote.
pub fn without_slash(frame: &str) -> &str {
    frame.trim_start_matches('/')
}

/// A stamp that is used: not before the epoch, less than a second of nanoseconds.
pub(super) fn stamp_at(field: &str, stamp: &Time) -> Result<RosTime, InvalidMessage> {
    RosTime::try_from(stamp).map_err(|fault| InvalidMessage::Stamp { field: field.to_owned(), fault })
}

/// A frame's name: not empty. Slashes alone are no name.
pub(super) fn frame_at<'a>(field: &str, frame: &'a str, odd: &mut Oddities) -> Result<&'a str, InvalidMessage> {
    let name = without_slash(frame);
    if name.is_empty() {
        return Err(InvalidMessage::EmptyFrame { field: field.to_owned() });
    }
    odd.note_if(name.len() < frame.len(), Oddity::FrameSlash);
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::StampError;

    #[test]
    fn stamps_and_frames_are_checked() {
        let stamp = |sec, nanosec| stamp_at("header.stamp", &Time { sec, nanosec });
        assert_eq!(stamp(3, 7), Ok(RosTime::from_nanos(3_000_000_007)));
        assert_eq!(stamp(0, 0), Ok(RosTime::ZERO), "not stamped is allowed");
        let fault = StampError::Nanoseconds { nanosec: 1_000_000_000 };
        let error = stamp(3, 1_000_000_000).expect_err("a second of nanoseconds");
        assert_eq!(error, InvalidMessage::Stamp { field: "header.stamp".to_owned(), fault });
        assert_eq!(error.name(), "stamp_nanoseconds");
        assert_eq!(stamp(-1, 0).map_err(|error| error.name()), Err("stamp_before_epoch"));
        let mut odd = Oddities::default();
        for frame in ["", "/", "//"] {
            let error = frame_at("header.frame_id", frame, &mut odd).expect_err("no frame");
            assert_eq!(error, InvalidMessage::EmptyFrame { field: "header.frame_id".to_owned() });
        }
        assert_eq!(frame_at("f", "map", &mut odd), Ok("map"));
        assert_eq!(odd, Oddities::default());
        assert_eq!(frame_at("f", "/map", &mut odd), Ok("map"));
        assert_eq!(odd.iter().collect::<Vec<_>>(), [Oddity::FrameSlash]);
    }
}
