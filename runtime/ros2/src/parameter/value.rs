//! Parameter values and their types, as in `rcl_interfaces/ParameterValue`.

use crate::messages::rcl_interfaces::{ParameterType, ParameterValue};
use std::fmt;

/// A message whose type code is none of ROS 2's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a parameter type from 0 to 9, got {code}")]
pub struct UnknownType {
    /// The code found.
    pub code: u8,
}

/// A Rust type that holds the value of one parameter.
pub trait TypedValue: Sized {
    /// The parameter's type.
    const KIND: Kind;
    /// As a parameter's value.
    fn to_value(&self) -> Value;
    /// From a parameter's value; `None` if it has another type or does not fit.
    fn from_value(value: &Value) -> Option<Self>;
}

/// One row per type: variant, Rust type, name in `ros2 param`, code and field of the message.
macro_rules! values {
    ($($(#[doc = $doc:literal])+ $variant:ident($type:ty), $name:literal, $code:ident, $field:ident;)+) => {
        /// A parameter's value.
        #[derive(Debug, Clone, PartialEq, Default)]
        pub enum Value {
            /// No value.
            #[default]
            NotSet,
            $($(#[doc = $doc])+ $variant($type),)+
        }

        /// The type of a value.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            /// No value.
            NotSet,
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Kind {
            /// The name that `ros2 param` prints, as `double` or `string_array`.
            pub const fn name(self) -> &'static str {
                match self {
                    Self::NotSet => "not_set",
                    $(Self::$variant => $name,)+
                }
            }

            /// The code in messages: a constant of [`ParameterType`].
            pub const fn code(self) -> u8 {
                match self {
                    Self::NotSet => ParameterType::PARAMETER_NOT_SET,
                    $(Self::$variant => ParameterType::$code,)+
                }
            }
        }

        impl Value {
            /// The type.
            pub const fn kind(&self) -> Kind {
                match self {
                    Self::NotSet => Kind::NotSet,
                    $(Self::$variant(_) => Kind::$variant,)+
                }
            }

            /// As a message.
            pub fn to_message(&self) -> ParameterValue {
                let mut message = ParameterValue { r#type: self.kind().code(), ..ParameterValue::default() };
                match self {
                    Self::NotSet => {}
                    $(Self::$variant(value) => message.$field.clone_from(value),)+
                }
                message
            }

            /// From a message: the field that its type code names.
            ///
            /// # Errors
            /// A type code above 9.
            pub fn from_message(message: &ParameterValue) -> Result<Self, UnknownType> {
                Ok(match message.r#type {
                    ParameterType::PARAMETER_NOT_SET => Self::NotSet,
                    $(ParameterType::$code => Self::$variant(message.$field.clone()),)+
                    code => return Err(UnknownType { code }),
                })
            }
        }

        $(impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$variant(value)
            }
        }

        impl TypedValue for $type {
            const KIND: Kind = Kind::$variant;

            fn to_value(&self) -> Value {
                Value::$variant(self.clone())
            }

            fn from_value(value: &Value) -> Option<Self> {
                if let Value::$variant(value) = value { Some(value.clone()) } else { None }
            }
        })+
    };
}

values! {
    /// True or false.
    Bool(bool), "bool", PARAMETER_BOOL, bool_value;
    /// A whole number.
    Integer(i64), "integer", PARAMETER_INTEGER, integer_value;
    /// A real number.
    Double(f64), "double", PARAMETER_DOUBLE, double_value;
    /// Text.
    String(String), "string", PARAMETER_STRING, string_value;
    /// Bytes.
    Bytes(Vec<u8>), "byte_array", PARAMETER_BYTE_ARRAY, byte_array_value;
    /// A list of true and false.
    BoolArray(Vec<bool>), "bool_array", PARAMETER_BOOL_ARRAY, bool_array_value;
    /// A list of whole numbers.
    IntegerArray(Vec<i64>), "integer_array", PARAMETER_INTEGER_ARRAY, integer_array_value;
    /// A list of real numbers.
    DoubleArray(Vec<f64>), "double_array", PARAMETER_DOUBLE_ARRAY, double_array_value;
    /// A list of texts.
    StringArray(Vec<String>), "string_array", PARAMETER_STRING_ARRAY, string_array_value;
}

/// Counts, as whole numbers.
macro_rules! counts {
    ($($type:ty),+) => {
        $(impl TypedValue for $type {
            const KIND: Kind = Kind::Integer;

            fn to_value(&self) -> Value {
                Value::Integer(i64::try_from(*self).unwrap_or(i64::MAX))
            }

            fn from_value(value: &Value) -> Option<Self> {
                i64::from_value(value).and_then(|value| value.try_into().ok())
            }
        })+
    };
}

counts!(usize, u64);

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl Value {
    /// Whether it is NaN, or a list with NaN in it.
    pub fn has_nan(&self) -> bool {
        match self {
            Self::Double(value) => value.is_nan(),
            Self::DoubleArray(values) => values.iter().any(|value| value.is_nan()),
            _ => false,
        }
    }

    /// The value as `kind`, where files and the command line may be loose: a whole number for a real one, an empty
    /// list for any list, whole numbers for bytes. Everything else stays as it is; so does a whole number that a
    /// real one cannot hold exactly.
    pub fn loosened(self, kind: Kind) -> Self {
        match (kind, self) {
            (Kind::Double, Self::Integer(value)) => exact(value).map_or(Self::Integer(value), Self::Double),
            (Kind::DoubleArray, Self::IntegerArray(values)) => match values.iter().copied().map(exact).collect() {
                Some(exact) => Self::DoubleArray(exact),
                None => Self::IntegerArray(values),
            },
            (Kind::Bytes, Self::IntegerArray(values)) => {
                match values.iter().map(|&byte| u8::try_from(byte)).collect() {
                    Ok(bytes) => Self::Bytes(bytes),
                    Err(_) => Self::IntegerArray(values),
                }
            }
            (Kind::Bytes, Self::StringArray(values)) if values.is_empty() => Self::Bytes(Vec::new()),
            (Kind::BoolArray, Self::StringArray(values)) if values.is_empty() => Self::BoolArray(Vec::new()),
            (Kind::IntegerArray, Self::StringArray(values)) if values.is_empty() => Self::IntegerArray(Vec::new()),
            (Kind::DoubleArray, Self::StringArray(values)) if values.is_empty() => Self::DoubleArray(Vec::new()),
            (_, value) => value,
        }
    }
}

/// The whole number as a real one, if that is exact.
fn exact(value: i64) -> Option<f64> {
    const LARGEST: u64 = 1 << 53;
    (value.unsigned_abs() <= LARGEST).then_some(value as f64)
}

/// YAML text that reads back as the same value and type, in rcl and in Python.
impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSet => Ok(()),
            Self::Bool(value) => write!(formatter, "{value}"),
            Self::Integer(value) => write!(formatter, "{value}"),
            Self::Double(value) => formatter.write_str(&double_text(*value)),
            Self::String(value) => formatter.write_str(&string_text(value)),
            Self::Bytes(values) => list(formatter, values.iter().map(u8::to_string)),
            Self::BoolArray(values) => list(formatter, values.iter().map(bool::to_string)),
            Self::IntegerArray(values) => list(formatter, values.iter().map(i64::to_string)),
            Self::DoubleArray(values) => list(formatter, values.iter().map(|&value| double_text(value))),
            Self::StringArray(values) => list(formatter, values.iter().map(|value| string_text(value))),
        }
    }
}

fn list(formatter: &mut fmt::Formatter<'_>, texts: impl Iterator<Item = String>) -> fmt::Result {
    write!(formatter, "[{}]", texts.collect::<Vec<_>>().join(", "))
}

/// A real number with a point and a signed exponent: YAML 1.1 reads `1e7` as text.
pub(super) fn double_text(value: f64) -> String {
    if value.is_nan() {
        return ".nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let text = format!("{value:?}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let point = if mantissa.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with('-') { "" } else { "+" };
    format!("{mantissa}{point}e{sign}{exponent}")
}

fn string_text(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 2);
    text.push('"');
    for character in value.chars() {
        match character {
            '"' | '\\' => {
                text.push('\\');
                text.push(character);
            }
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            _ if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                text.push_str(&format!("\\U{:08x}", u32::from(character)));
            }
            _ => text.push(character),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_of_each() -> Vec<Value> {
        vec![
            Value::NotSet,
            Value::Bool(true),
            Value::Integer(-7),
            Value::Double(0.25),
            Value::String("maze".to_owned()),
            Value::Bytes(vec![0, 255]),
            Value::BoolArray(vec![true, false]),
            Value::IntegerArray(vec![i64::MIN, i64::MAX]),
            Value::DoubleArray(vec![1.0, -2.5]),
            Value::StringArray(vec!["a".to_owned(), String::new()]),
        ]
    }

    #[test]
    fn every_type_survives_the_message() {
        for (code, value) in (0u8..).zip(one_of_each()) {
            let message = value.to_message();
            assert_eq!(message.r#type, code, "{}", value.kind());
            assert_eq!(Value::from_message(&message), Ok(value));
        }
    }

    #[test]
    fn a_message_with_an_unknown_type_is_refused() {
        let message = ParameterValue { r#type: 10, ..ParameterValue::default() };
        assert_eq!(Value::from_message(&message), Err(UnknownType { code: 10 }));
    }

    #[test]
    fn only_exact_conversions_are_made() {
        assert_eq!(Value::Integer(1).loosened(Kind::Double), Value::Double(1.0));
        let too_large = (1 << 53) + 1;
        assert_eq!(Value::Integer(too_large).loosened(Kind::Double), Value::Integer(too_large));
        assert_eq!(Value::IntegerArray(vec![1, 2]).loosened(Kind::DoubleArray), Value::DoubleArray(vec![1.0, 2.0]));
        assert_eq!(Value::IntegerArray(vec![1, 255]).loosened(Kind::Bytes), Value::Bytes(vec![1, 255]));
        assert_eq!(Value::IntegerArray(vec![256]).loosened(Kind::Bytes), Value::IntegerArray(vec![256]));
        assert_eq!(Value::StringArray(vec![]).loosened(Kind::IntegerArray), Value::IntegerArray(vec![]));
        assert_eq!(Value::Double(1.0).loosened(Kind::Integer), Value::Double(1.0));
        assert_eq!(Value::String("1".to_owned()).loosened(Kind::Integer), Value::String("1".to_owned()));
    }

    #[test]
    fn nan_is_seen_in_numbers_and_lists() {
        assert!(Value::Double(f64::NAN).has_nan());
        assert!(Value::DoubleArray(vec![0.0, f64::NAN]).has_nan());
        assert!(!Value::DoubleArray(vec![0.0, f64::INFINITY]).has_nan());
    }

    #[test]
    fn numbers_are_written_for_every_yaml_reader() {
        let cases = [(1.0, "1.0"), (1e16, "1.0e+16"), (1.5e-7, "1.5e-7"), (2e-9, "2.0e-9"), (f64::INFINITY, ".inf")];
        for (value, text) in cases {
            assert_eq!(double_text(value), text);
        }
        assert_eq!(Value::String("a\"b\\\n\u{7}".to_owned()).to_string(), r#""a\"b\\\n\U00000007""#);
    }
}
