//! Serde for sequences and strings with an upper bound (`T[<=N]`, `string<=N`): the bound is kept in both directions.
//!
//! A field takes part with `#[serde(with = "super::bounded::AtMost::<N>")]`.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error as _, SeqAccess, Visitor};
use serde::ser::{Error as _, Serialize, Serializer};

/// A sequence of at most `N` elements.
pub struct AtMost<const N: usize>;

impl<const N: usize> AtMost<N> {
    /// Writes the sequence with its length.
    ///
    /// # Errors
    /// The sequence is longer than `N`, or the serializer fails.
    pub fn serialize<S: Serializer, T: Serialize>(elements: &[T], serializer: S) -> Result<S::Ok, S::Error> {
        if elements.len() > N {
            return Err(S::Error::custom(format_args!("expected at most {N} elements, got {}", elements.len())));
        }
        elements.serialize(serializer)
    }

    /// Reads a length and so many elements.
    ///
    /// # Errors
    /// The sequence is longer than `N`, or the deserializer fails.
    pub fn deserialize<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
        deserializer.deserialize_seq(AtMostVisitor::<T, N>(PhantomData))
    }
}

/// A string of at most `N` bytes.
pub struct TextAtMost<const N: usize>;

impl<const N: usize> TextAtMost<N> {
    /// Writes the string.
    ///
    /// # Errors
    /// The string is longer than `N` bytes, or the serializer fails.
    pub fn serialize<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
        if text.len() > N {
            return Err(S::Error::custom(format_args!("expected at most {N} bytes of text, got {}", text.len())));
        }
        serializer.serialize_str(text)
    }

    /// Reads a string.
    ///
    /// # Errors
    /// The string is longer than `N` bytes, or the deserializer fails.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.len() > N {
            return Err(D::Error::custom(format_args!("expected at most {N} bytes of text, got {}", text.len())));
        }
        Ok(text)
    }
}

/// Collects elements up to the bound.
struct AtMostVisitor<T, const N: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const N: usize> Visitor<'de> for AtMostVisitor<T, N> {
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "at most {N} elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Vec<T>, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = sequence.next_element()? {
            if elements.len() == N {
                return Err(A::Error::invalid_length(N + 1, &self));
            }
            elements.push(element);
        }
        Ok(elements)
    }
}

#[cfg(test)]
mod tests {
    use ros2_client::dds::rustdds::serialization::{
        RepresentationIdentifier, deserialize_from_cdr_with_rep_id, to_writer_with_rep_id,
    };
    use serde::{Deserialize, Serialize};

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Free {
        numbers: Vec<u16>,
        name: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Bound {
        #[serde(with = "super::AtMost::<2>")]
        numbers: Vec<u16>,
        #[serde(with = "super::TextAtMost::<3>")]
        name: String,
    }

    #[test]
    fn the_bound_holds_both_ways() {
        let encoding = RepresentationIdentifier::CDR_LE;
        for (numbers, name, fits) in [(2, "abc", true), (3, "abc", false), (2, "abcd", false), (0, "", true)] {
            let free = Free { numbers: vec![5; numbers], name: name.to_string() };
            let mut bytes = Vec::new();
            to_writer_with_rep_id(&mut bytes, &free, encoding).expect("writing to memory");
            let read = deserialize_from_cdr_with_rep_id::<Bound>(&bytes, encoding);
            assert_eq!(read.is_ok(), fits, "{numbers} {name}");
            let bound = Bound { numbers: free.numbers, name: free.name };
            let mut written = Vec::new();
            assert_eq!(to_writer_with_rep_id(&mut written, &bound, encoding).is_ok(), fits, "{numbers} {name}");
            if fits {
                assert_eq!(written, bytes);
            }
        }
    }
}
