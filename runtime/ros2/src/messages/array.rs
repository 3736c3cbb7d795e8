//! Serde for arrays with more than 32 elements, which serde's derive does not know.
//!
//! A field takes part with `#[serde(with = "super::array")]`. On the wire an array is its elements, without a length.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeTuple, Serializer};

/// Writes the elements as a tuple of `N`.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S, T, const N: usize>(array: &[T; N], serializer: S) -> Result<S::Ok, S::Error>
where
    S: Serializer,
    T: Serialize,
{
    let mut tuple = serializer.serialize_tuple(N)?;
    for element in array {
        tuple.serialize_element(element)?;
    }
    tuple.end()
}

/// Reads a tuple of `N` elements.
///
/// # Errors
/// Those of the deserializer, and an invalid length if the input ends before `N` elements.
pub fn deserialize<'de, D, T, const N: usize>(deserializer: D) -> Result<[T; N], D::Error>
where
    D: Deserializer<'de>,
    T: Copy + Default + Deserialize<'de>,
{
    deserializer.deserialize_tuple(N, ArrayVisitor(PhantomData))
}

/// Collects `N` elements of type `T`.
struct ArrayVisitor<T, const N: usize>(PhantomData<T>);

impl<'de, T, const N: usize> Visitor<'de> for ArrayVisitor<T, N>
where
    T: Copy + Default + Deserialize<'de>,
{
    type Value = [T; N];

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "an array of {N} elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<[T; N], A::Error> {
        let mut array = [T::default(); N];
        for (position, slot) in array.iter_mut().enumerate() {
            *slot = sequence.next_element()?.ok_or_else(|| A::Error::invalid_length(position, &self))?;
        }
        Ok(array)
    }
}

#[cfg(test)]
mod tests {
    use ros2_client::dds::rustdds::serialization::{
        RepresentationIdentifier, deserialize_from_cdr_with_rep_id, to_writer_with_rep_id,
    };
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Matrix {
        flag: u8,
        #[serde(with = "super")]
        values: [f64; 36],
    }

    #[test]
    fn an_array_is_its_elements_without_a_length() {
        let matrix = Matrix { flag: 7, values: std::array::from_fn(|i| i as f64) };
        let mut bytes = Vec::new();
        to_writer_with_rep_id(&mut bytes, &matrix, RepresentationIdentifier::CDR_LE).expect("writing to memory");
        assert_eq!(bytes.len(), 8 + 36 * 8);
        assert_eq!(bytes[16..24], 1.0_f64.to_le_bytes());
        let (back, used) =
            deserialize_from_cdr_with_rep_id::<Matrix>(&bytes, RepresentationIdentifier::CDR_LE).expect("own bytes");
        assert_eq!((back, used), (matrix, bytes.len()));
        let cut = deserialize_from_cdr_with_rep_id::<Matrix>(&bytes[..100], RepresentationIdentifier::CDR_LE);
        assert_eq!(cut.expect_err("cut off").to_string(), "unexpected end of input");
    }
}
