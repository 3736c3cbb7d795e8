//! A parameter's value and its type, as ROS 2 knows them.

use crate::messages::rcl_interfaces::{ParameterType, ParameterValue};
use std::fmt;

/// A parameter's value.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// No value.
    #[default]
    NotSet,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A real number.
    Double(f64),
    /// Text.
    String(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A list of true and false.
    BoolArray(Vec<bool>),
    /// A list of whole numbers.
    IntegerArray(Vec<i64>),
    /// A list of real numbers.
    DoubleArray(Vec<f64>),
    /// A list of texts.
    StringArray(Vec<String>),
}

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// No value.
    NotSet,
    /// True or false.
    Bool,
    /// A whole number.
    Integer,
    /// A real number.
    Double,
    /// Text.
    String,
    /// Bytes.
    Bytes,
    /// A list of true and false.
    BoolArray,
    /// A list of whole numbers.
    IntegerArray,
    /// A list of real numbers.
    DoubleArray,
    /// A list of texts.
    StringArray,
}

/// A message whose type code is none of ROS 2's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a parameter type from 0 to 9, got {code}")]
pub struct UnknownType {
    /// The code found.
    pub code: u8,
}

impl Kind {
    /// The name that `ros2 param` prints, as `double` or `string_array`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotSet => "not_set",
            Self::Bool => "bool",
            Self::Integer => "integer",
            Self::Double => "double",
            Self::String => "string",
            Self::Bytes => "byte_array",
            Self::BoolArray => "bool_array",
            Self::IntegerArray => "integer_array",
            Self::DoubleArray => "double_array",
            Self::StringArray => "string_array",
        }
    }

    /// The code in messages: a constant of [`ParameterType`].
    pub const fn code(self) -> u8 {
        match self {
            Self::NotSet => ParameterType::PARAMETER_NOT_SET,
            Self::Bool => ParameterType::PARAMETER_BOOL,
            Self::Integer => ParameterType::PARAMETER_INTEGER,
            Self::Double => ParameterType::PARAMETER_DOUBLE,
            Self::String => ParameterType::PARAMETER_STRING,
            Self::Bytes => ParameterType::PARAMETER_BYTE_ARRAY,
            Self::BoolArray => ParameterType::PARAMETER_BOOL_ARRAY,
            Self::IntegerArray => ParameterType::PARAMETER_INTEGER_ARRAY,
            Self::DoubleArray => ParameterType::PARAMETER_DOUBLE_ARRAY,
            Self::StringArray => ParameterType::PARAMETER_STRING_ARRAY,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl Value {
    /// The type.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::NotSet => Kind::NotSet,
            Self::Bool(_) => Kind::Bool,
            Self::Integer(_) => Kind::Integer,
            Self::Double(_) => Kind::Double,
            Self::String(_) => Kind::String,
            Self::Bytes(_) => Kind::Bytes,
            Self::BoolArray(_) => Kind::BoolArray,
            Self::IntegerArray(_) => Kind::IntegerArray,
            Self::DoubleArray(_) => Kind::DoubleArray,
            Self::StringArray(_) => Kind::StringArray,
        }
    }

    /// The name of the type, as `double`.
    pub const fn type_name(&self) -> &'static str {
        self.kind().name()
    }

    /// Whether it is NaN, or a list with NaN in it.
    pub fn has_nan(&self) -> bool {
        match self {
            Self::Double(value) => value.is_nan(),
            Self::DoubleArray(values) => values.iter().any(|value| value.is_nan()),
            _ => false,
        }
    }

    /// As a message.
    pub fn to_message(&self) -> ParameterValue {
        let mut message = ParameterValue { r#type: self.kind().code(), ..ParameterValue::default() };
        match self {
            Self::NotSet => {}
            Self::Bool(value) => message.bool_value = *value,
            Self::Integer(value) => message.integer_value = *value,
            Self::Double(value) => message.double_value = *value,
            Self::String(value) => message.string_value.clone_from(value),
            Self::Bytes(values) => message.byte_array_value.clone_from(values),
            Self::BoolArray(values) => message.bool_array_value.clone_from(values),
            Self::IntegerArray(values) => message.integer_array_value.clone_from(values),
            Self::DoubleArray(values) => message.double_array_value.clone_from(values),
            Self::StringArray(values) => message.string_array_value.clone_from(values),
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
            ParameterType::PARAMETER_BOOL => Self::Bool(message.bool_value),
            ParameterType::PARAMETER_INTEGER => Self::Integer(message.integer_value),
            ParameterType::PARAMETER_DOUBLE => Self::Double(message.double_value),
            ParameterType::PARAMETER_STRING => Self::String(message.string_value.clone()),
            ParameterType::PARAMETER_BYTE_ARRAY => Self::Bytes(message.byte_array_value.clone()),
            ParameterType::PARAMETER_BOOL_ARRAY => Self::BoolArray(message.bool_array_value.clone()),
            ParameterType::PARAMETER_INTEGER_ARRAY => Self::IntegerArray(message.integer_array_value.clone()),
            ParameterType::PARAMETER_DOUBLE_ARRAY => Self::DoubleArray(message.double_array_value.clone()),
            ParameterType::PARAMETER_STRING_ARRAY => Self::StringArray(message.string_array_value.clone()),
            code => return Err(UnknownType { code }),
        })
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

macro_rules! value_from {
    ($($type:ty => $variant:ident),+) => {
        $(impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        })+
    };
}

value_from! {
    bool => Bool, i64 => Integer, f64 => Double, String => String, &str => String,
    Vec<i64> => IntegerArray, Vec<f64> => DoubleArray, Vec<String> => StringArray
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
            assert_eq!(message.r#type, code, "{}", value.type_name());
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
