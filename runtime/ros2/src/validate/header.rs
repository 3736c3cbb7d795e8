//! Validation of stamps and frames.

use super::InvalidMessage;
use crate::messages::builtin_interfaces::Time;
use crate::messages::std_msgs::Header;
use crate::time::RosTime;

/// A time stamp: not before the epoch, less than a second of nanoseconds.
pub fn check_stamp(stamp: &Time) -> Result<RosTime, InvalidMessage> {
    stamp_at("stamp", stamp)
}

/// A frame's name: not empty. Slashes alone are no name.
pub fn check_frame(frame: &str) -> Result<(), InvalidMessage> {
    frame_at("frame_id", frame)
}

/// Stamp and frame. Gives the stamp.
pub fn check_header(header: &Header) -> Result<RosTime, InvalidMessage> {
    frame_at("header.frame_id", &header.frame_id)?;
    stamp_at("header.stamp", &header.stamp)
}

pub(super) fn stamp_at(field: &str, stamp: &Time) -> Result<RosTime, InvalidMessage> {
    RosTime::try_from(stamp).map_err(|fault| InvalidMessage::Stamp { field: field.to_owned(), fault })
}

pub(super) fn frame_at(field: &str, frame: &str) -> Result<(), InvalidMessage> {
    if frame.trim_start_matches('/').is_empty() {
        return Err(InvalidMessage::EmptyFrame { field: field.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::StampError;

    #[test]
    fn stamps_and_frames_are_checked() {
        let header = |sec, nanosec, frame: &str| Header { stamp: Time { sec, nanosec }, frame_id: frame.to_owned() };
        assert_eq!(check_header(&header(3, 7, "map")), Ok(RosTime::from_nanos(3_000_000_007)));
        assert_eq!(check_stamp(&Time { sec: 0, nanosec: 0 }), Ok(RosTime::ZERO), "not stamped is allowed");
        for frame in ["", "/", "//"] {
            let error = check_header(&header(3, 7, frame)).expect_err("no frame");
            assert_eq!(error, InvalidMessage::EmptyFrame { field: "header.frame_id".to_owned() });
            assert_eq!(check_frame(frame).map_err(|error| error.name()), Err("empty_frame"));
        }
        let fault = StampError::Nanoseconds { nanosec: 1_000_000_000 };
        let error = check_header(&header(3, 1_000_000_000, "map")).expect_err("a second of nanoseconds");
        assert_eq!(error, InvalidMessage::Stamp { field: "header.stamp".to_owned(), fault });
        assert_eq!(error.name(), "stamp_nanoseconds");
        assert_eq!(check_header(&header(-1, 0, "map")).map_err(|error| error.name()), Err("stamp_before_epoch"));
    }
}
