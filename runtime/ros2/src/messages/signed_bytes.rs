//! Serde for `int8[]`, the cells of an occupancy grid: the bytes are moved at once instead of one by one.
//!
//! A field takes part with `#[serde(with = "super::signed_bytes")]`. In CDR the form is the same as that of any
//! sequence. A format that shows its numbers shows -1 as 255.

use serde::de::Deserializer;
use serde::ser::Serializer;

/// Writes the numbers with their count.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(numbers: &[i8], serializer: S) -> Result<S::Ok, S::Error> {
    let bytes: Vec<u8> = numbers.iter().map(|number| number.cast_unsigned()).collect();
    serializer.serialize_bytes(&bytes)
}

/// Reads a count and so many numbers.
///
/// # Errors
/// Those of the deserializer: the input ends before the count is reached.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<i8>, D::Error> {
    let bytes = super::bytes::deserialize(deserializer)?;
    Ok(bytes.into_iter().map(u8::cast_signed).collect())
}

#[cfg(test)]
mod tests {
    use ros2_client::dds::rustdds::serialization::{
        RepresentationIdentifier, deserialize_from_cdr_with_rep_id, to_writer_with_rep_id,
    };
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Cells {
        #[serde(with = "super")]
        data: Vec<i8>,
    }

    #[test]
    fn cells_look_like_any_sequence_on_the_wire() {
        let cells = Cells { data: vec![-1, 0, 100, -128] };
        let mut bytes = Vec::new();
        to_writer_with_rep_id(&mut bytes, &cells, RepresentationIdentifier::CDR_LE).expect("writing to memory");
        assert_eq!(bytes, [4, 0, 0, 0, 0xff, 0, 100, 0x80]);
        let (back, _) =
            deserialize_from_cdr_with_rep_id::<Cells>(&bytes, RepresentationIdentifier::CDR_LE).expect("own bytes");
        assert_eq!(back, cells);
        let cut = deserialize_from_cdr_with_rep_id::<Cells>(&bytes[..7], RepresentationIdentifier::CDR_LE);
        assert_eq!(cut.expect_err("cut off").to_string(), "unexpected end of input");
    }
}
