//! Messages as CDR bytes with the four-byte encapsulation header, the form in which they are recorded and handed over.

use ros2_client::Message;
use ros2_client::dds::rustdds::serialization::{
    Error, RepresentationIdentifier, deserialize_from_cdr_with_rep_id, to_writer_with_rep_id,
};

/// Length of the encapsulation header: two bytes of representation, two of options.
const HEADER_BYTES: usize = 4;

/// A type of message together with the way of its bytes into Rust and back.
#[derive(Clone, Copy, Debug)]
pub struct RoundTrip {
    /// ROS name of the type: `std_msgs/msg/Header`, `rcl_interfaces/srv/SetParameters_Request`,
    /// `nav2_msgs/action/ComputePathToPose_SendGoal_Request`. A type of one distribution alone has its name in front.
    pub name: &'static str,
    /// Decodes CDR bytes of either byte order and encodes them again as little endian.
    pub recode: fn(&[u8]) -> Result<Vec<u8>, RecodeError>,
}

/// Bytes that are no message, or a message that has no bytes.
#[derive(Debug, thiserror::Error)]
pub enum RecodeError {
    /// The input is shorter than its header.
    #[error("expected a header of {HEADER_BYTES} bytes before the message, got {got} bytes")]
    NoHeader {
        /// Length of the input in bytes.
        got: usize,
    },
    /// The input is not plain CDR.
    #[error("expected representation 00 00 or 00 01 (plain CDR), got {:02x} {:02x}", .got[0], .got[1])]
    Representation {
        /// The representation identifier that was found.
        got: [u8; 2],
    },
    /// The bytes do not form a message of the type.
    #[error("expected a message of the requested type, got bytes that do not decode: {source}")]
    Decode {
        /// What the decoder found.
        source: Error,
    },
    /// The message cannot be written: a bound of its definition is exceeded.
    #[error("expected a message within the bounds of its definition, got one that does not encode: {source}")]
    Encode {
        /// What the encoder found.
        source: Error,
    },
}

/// Reads a message from CDR bytes of either byte order. Bytes behind the message are padding and not looked at.
///
/// # Errors
/// Any of [`RecodeError`] but `Encode`.
pub fn decode<T: Message>(bytes: &[u8]) -> Result<T, RecodeError> {
    let Some((header, body)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
        return Err(RecodeError::NoHeader { got: bytes.len() });
    };
    let [first, second, _, _] = *header;
    let representation = match [first, second] {
        [0, 0] => RepresentationIdentifier::CDR_BE,
        [0, 1] => RepresentationIdentifier::CDR_LE,
        got => return Err(RecodeError::Representation { got }),
    };
    let (message, _used) =
        deserialize_from_cdr_with_rep_id(body, representation).map_err(|source| RecodeError::Decode { source })?;
    Ok(message)
}

/// Writes a message as little-endian CDR, without padding at the end.
///
/// # Errors
/// `Encode`, where a sequence or string is longer than its definition allows.
pub fn encode<T: Message>(message: &T) -> Result<Vec<u8>, RecodeError> {
    let mut bytes = vec![0, 1, 0, 0];
    to_writer_with_rep_id(&mut bytes, message, RepresentationIdentifier::CDR_LE)
        .map_err(|source| RecodeError::Encode { source })?;
    Ok(bytes)
}

/// Reads a message of type `T` and writes it again as little-endian CDR.
///
/// # Errors
/// Any of [`RecodeError`].
pub fn recode<T: Message>(bytes: &[u8]) -> Result<Vec<u8>, RecodeError> {
    encode(&decode::<T>(bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::{diagnostic_msgs, geometry_msgs, nav_msgs, rcl_interfaces, sensor_msgs, std_msgs};

    #[test]
    fn a_sequence_longer_than_the_input_is_refused() {
        let endless = [vec![0, 1, 0, 0], vec![0xff; 64]].concat();
        assert!(matches!(decode::<diagnostic_msgs::DiagnosticArray>(&endless), Err(RecodeError::Decode { .. })));
        assert!(matches!(decode::<rcl_interfaces::ParameterValue>(&endless), Err(RecodeError::Decode { .. })));
        assert!(matches!(decode::<sensor_msgs::CompressedImage>(&endless), Err(RecodeError::Decode { .. })));
        // The length alone, with every element missing: the first word of a GetParameters request.
        let bare = [0, 1, 0, 0, 0xff, 0xff, 0xff, 0xff];
        assert!(matches!(decode::<rcl_interfaces::GetParametersRequest>(&bare), Err(RecodeError::Decode { .. })));
    }

    #[test]
    fn both_byte_orders_are_read() {
        let mut odometry = nav_msgs::Odometry { child_frame_id: "base".to_string(), ..Default::default() };
        odometry.header.stamp.sec = -5;
        odometry.pose.covariance[35] = 0.25;
        let mut big = vec![0, 0, 0, 0];
        to_writer_with_rep_id(&mut big, &odometry, RepresentationIdentifier::CDR_BE).expect("writing to memory");
        let little = encode(&odometry).expect("no bounds");
        assert_ne!(big[4..], little[4..]);
        assert_eq!(recode::<nav_msgs::Odometry>(&big).expect("big endian"), little);
        assert_eq!(decode::<nav_msgs::Odometry>(&big).expect("big endian"), odometry);
    }

    #[test]
    fn what_is_no_plain_cdr_is_named() {
        assert!(matches!(decode::<std_msgs::Header>(&[0, 1, 0]), Err(RecodeError::NoHeader { got: 3 })));
        let Err(error) = decode::<std_msgs::Header>(&[0, 7, 0, 0, 1]) else { panic!("XCDR2 was read as plain CDR") };
        assert_eq!(error.to_string(), "expected representation 00 00 or 00 01 (plain CDR), got 00 07");
    }

    #[test]
    fn a_bound_of_the_definition_is_kept() {
        let range = rcl_interfaces::IntegerRange { from_value: 0, to_value: 9, step: 1 };
        let mut descriptor =
            rcl_interfaces::ParameterDescriptor { integer_range: vec![range.clone()], ..Default::default() };
        let bytes = encode(&descriptor).expect("one range is allowed");
        assert_eq!(decode::<rcl_interfaces::ParameterDescriptor>(&bytes).expect("own bytes"), descriptor);
        descriptor.integer_range.push(range);
        assert!(matches!(encode(&descriptor), Err(RecodeError::Encode { .. })));
    }

    #[test]
    fn defaults_of_the_definition_are_kept() {
        let pose = geometry_msgs::PoseWithCovariance::default();
        assert_eq!((pose.pose.orientation.x, pose.pose.orientation.w), (0.0, 1.0));
        assert_eq!(pose.covariance, [0.0; 36]);
    }
}
