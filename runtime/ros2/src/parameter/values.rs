//! The values of all declared parameters at one moment, read by name and type.

use super::value::{Kind, Value};
use std::collections::BTreeMap;

/// A name that is not declared, or not of the type asked for: a fault in the code that asks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a declared {expected} parameter `{name}`, got {}", got.map_or("none of that name", Kind::name))]
pub struct ReadError {
    /// The name.
    pub name: String,
    /// The type asked for.
    pub expected: Kind,
    /// The type declared.
    pub got: Option<Kind>,
}

/// All values, by name. Types never change, so a read that worked once always works.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Values {
    pub(super) by_name: BTreeMap<&'static str, Value>,
}

macro_rules! typed_read {
    ($(#[$doc:meta])* $name:ident, $variant:ident, $type:ty, $value:ident => $read:expr) => {
        $(#[$doc])*
        ///
        /// # Errors
        /// A name that is not declared, or with another type.
        pub fn $name(&self, name: &str) -> Result<$type, ReadError> {
            match self.by_name.get(name) {
                Some(Value::$variant($value)) => Ok($read),
                other => {
                    Err(ReadError { name: name.to_owned(), expected: Kind::$variant, got: other.map(Value::kind) })
                }
            }
        }
    };
}

impl Values {
    /// The value of any type.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.by_name.get(name)
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.by_name.iter().map(|(&name, value)| (name, value))
    }

    typed_read! {
        /// The value of a bool.
        bool, Bool, bool, value => *value
    }
    typed_read! {
        /// The value of a whole number.
        integer, Integer, i64, value => *value
    }
    typed_read! {
        /// The value of a real number; never NaN.
        double, Double, f64, value => *value
    }
    typed_read! {
        /// The value of a text.
        string, String, &str, value => value.as_str()
    }
    typed_read! {
        /// The value of a list of real numbers; none is NaN.
        double_array, DoubleArray, &[f64], value => value.as_slice()
    }
    typed_read! {
        /// The value of a list of whole numbers.
        integer_array, IntegerArray, &[i64], value => value.as_slice()
    }
    typed_read! {
        /// The value of a list of texts.
        string_array, StringArray, &[String], value => value.as_slice()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_are_typed() {
        let values = Values { by_name: BTreeMap::from([("a", Value::Double(0.5)), ("b", Value::String("x".into()))]) };
        assert_eq!(values.double("a"), Ok(0.5));
        assert_eq!(values.string("b"), Ok("x"));
        let error = values.integer("a").expect_err("a double");
        assert_eq!(error.to_string(), "expected a declared integer parameter `a`, got double");
        assert_eq!(values.bool("c").expect_err("no such").got, None);
        assert_eq!(values.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["a", "b"]);
    }
}
