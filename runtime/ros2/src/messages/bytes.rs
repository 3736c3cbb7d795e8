//! Serde for `uint8[]` and `byte[]`: the bytes are moved at once instead of one by one.
//!
//! A field takes part with `#[serde(with = "super::bytes")]`. The wire form is the same as that of any sequence.

use std::fmt;

use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde::ser::Serializer;

/// Space that is set aside before the elements have been seen, in bytes: a length that is read is not trusted.
const TRUSTED_BYTES: usize = 4096;

/// Writes the bytes with their length.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

/// Reads a length and so many bytes.
///
/// # Errors
/// Those of the deserializer: the input ends before the length is reached.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    deserializer.deserialize_byte_buf(BytesVisitor)
}

/// Collects bytes, whichever way the format hands them over.
struct BytesVisitor;

impl<'de> Visitor<'de> for BytesVisitor {
    type Value = Vec<u8>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a sequence of bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
        Ok(bytes)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Vec<u8>, A::Error> {
        let mut bytes = Vec::with_capacity(sequence.size_hint().unwrap_or(0).min(TRUSTED_BYTES));
        while let Some(byte) = sequence.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use ros2_client::dds::rustdds::serialization::{
        RepresentationIdentifier, deserialize_from_cdr_with_rep_id, to_writer_with_rep_id,
    };
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Fast {
        flag: u8,
        #[serde(with = "super")]
        data: Vec<u8>,
        end: u16,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Plain {
        flag: u8,
        data: Vec<u8>,
        end: u16,
    }

    #[test]
    fn bytes_look_like_any_sequence_on_the_wire() {
        for encoding in [RepresentationIdentifier::CDR_LE, RepresentationIdentifier::CDR_BE] {
            let (mut fast, mut plain) = (Vec::new(), Vec::new());
            let value = Fast { flag: 1, data: vec![1, 2, 3], end: 9 };
            to_writer_with_rep_id(&mut fast, &value, encoding).expect("writing to memory");
            to_writer_with_rep_id(&mut plain, &Plain { flag: 1, data: vec![1, 2, 3], end: 9 }, encoding)
                .expect("writing to memory");
            assert_eq!(fast, plain);
            assert_eq!(deserialize_from_cdr_with_rep_id::<Fast>(&fast, encoding).expect("own bytes").0, value);
        }
    }

    #[test]
    fn a_length_without_its_bytes_is_refused() {
        let bytes = [1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 2];
        let refused = deserialize_from_cdr_with_rep_id::<Fast>(&bytes, RepresentationIdentifier::CDR_LE);
        assert_eq!(refused.expect_err("two of many bytes").to_string(), "unexpected end of input");
    }
}
