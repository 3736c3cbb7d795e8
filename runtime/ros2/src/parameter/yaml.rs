//! YAML scalars and lists as parameter values, typed by rcl's rules.

use super::value::Value;
use crate::names::shorten;
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};

/// Longest text of one value on the command line, in bytes.
const MAX_VALUE_BYTES: usize = 64 * 1024;

/// Why a text is no parameter value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum YamlError {
    /// No YAML at all.
    #[error("expected YAML, got a syntax error: {0}")]
    Syntax(String),
    /// Nothing there.
    #[error("expected a value, got nothing\nhint: write \"\" for an empty text")]
    Missing,
    /// `[1, 2.0]`.
    #[error("expected a list of one type, got {first} and {other}\nhint: write every number with a point, or none")]
    Mixed {
        /// The type of the first element.
        first: &'static str,
        /// A type that differs.
        other: &'static str,
    },
    /// A list in a list, or a map in a list.
    #[error("expected a flat list, got {got} in it")]
    Nested {
        /// What is in the list.
        got: &'static str,
    },
    /// `{a: 1}`.
    #[error("expected a value, got a map\nhint: quote a text that contains `: `")]
    Map,
    /// `*name`.
    #[error("expected a plain value, got an alias\nhint: write the value out; ROS takes no YAML aliases")]
    Alias,
    /// `!!str 1`.
    #[error(
        "expected a value without a tag, got `{}`\nhint: quote a number or a bool that is to be text",
        shorten(tag)
    )]
    Tag {
        /// The tag.
        tag: String,
    },
    /// More than one document.
    #[error("expected one value, got several YAML documents")]
    Several,
    /// Too much text.
    #[error("expected at most {max} bytes, got {got}")]
    TooLong {
        /// Bytes allowed.
        max: usize,
        /// Bytes found.
        got: usize,
    },
}

impl From<ScanError> for YamlError {
    fn from(error: ScanError) -> Self {
        Self::Syntax(shorten(error.info()))
    }
}

/// The type and value of a scalar as rcl sees it: a quoted one is text; then bool (YAML 1.1), integer (decimal,
/// `0x` or octal with a leading `0`), double, text.
pub fn scalar(text: &str, quoted: bool) -> Value {
    if quoted {
        return Value::String(text.to_owned());
    }
    match text {
        "Y" | "y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Value::Bool(true),
        "N" | "n" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Value::Bool(false);
        }
        ".nan" | ".NaN" | ".NAN" => return Value::Double(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Value::Double(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Value::Double(f64::NEG_INFINITY),
        _ => {}
    }
    integer(text)
        .map(Value::Integer)
        .or_else(|| double(text).map(Value::Double))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

/// C's `strtol` with base 0, over the whole text.
fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ("-", text.get(1..)?),
        b'+' => ("", text.get(1..)?),
        _ => ("", text),
    };
    let (radix, digits) = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => (16, digits),
        None if digits.len() > 1 && digits.starts_with('0') => (8, digits),
        None => (10, digits),
    };
    // The standard parser would take a second sign.
    if !digits.starts_with(|first: char| first.is_ascii_hexdigit()) {
        return None;
    }
    i64::from_str_radix(&format!("{sign}{digits}"), radix).ok()
}

/// C's `strtod` over the whole text, without its hexadecimal form; out of range is no number, as in rcl.
fn double(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    let spelled_out = !text.contains(|character: char| character.is_ascii_digit());
    (value.is_finite() || spelled_out).then_some(value)
}

/// Collects the elements of one list, which must be of one type.
#[derive(Debug, Default)]
pub(super) struct ListBuilder {
    list: Option<Value>,
}

impl ListBuilder {
    /// Adds an element.
    pub(super) fn push(&mut self, element: Value) -> Result<(), YamlError> {
        let other = element.kind().name();
        match (&mut self.list, element) {
            (list @ None, Value::Bool(value)) => *list = Some(Value::BoolArray(vec![value])),
            (list @ None, Value::Integer(value)) => *list = Some(Value::IntegerArray(vec![value])),
            (list @ None, Value::Double(value)) => *list = Some(Value::DoubleArray(vec![value])),
            (list @ None, Value::String(value)) => *list = Some(Value::StringArray(vec![value])),
            (Some(Value::BoolArray(values)), Value::Bool(value)) => values.push(value),
            (Some(Value::IntegerArray(values)), Value::Integer(value)) => values.push(value),
            (Some(Value::DoubleArray(values)), Value::Double(value)) => values.push(value),
            (Some(Value::StringArray(values)), Value::String(value)) => values.push(value),
            (list, _) => {
                let first = match list {
                    Some(Value::BoolArray(_)) => "bool",
                    Some(Value::IntegerArray(_)) => "integer",
                    Some(Value::DoubleArray(_)) => "double",
                    _ => "string",
                };
                return Err(YamlError::Mixed { first, other });
            }
        }
        Ok(())
    }

    /// The list; an empty one counts as a list of texts, see [`Value::loosened`].
    pub(super) fn finish(self) -> Value {
        self.list.unwrap_or(Value::StringArray(Vec::new()))
    }
}

/// The value of a scalar event; the tag `!!str` makes it text.
pub(super) fn scalar_event(event: &Event<'_>) -> Result<Value, YamlError> {
    let Event::Scalar(text, style, _, tag) = event else { return Err(YamlError::Missing) };
    match tag {
        Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => return Ok(scalar(text, true)),
        Some(tag) => return Err(YamlError::Tag { tag: tag.to_string() }),
        None => {}
    }
    if is_missing(event) {
        return Err(YamlError::Missing);
    }
    Ok(scalar(text, matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted)))
}

/// Whether the parser made this scalar up because nothing is written there.
pub(super) fn is_missing(event: &Event<'_>) -> bool {
    matches!(event, Event::Scalar(text, ScalarStyle::Plain, ..) if text.is_empty())
}

/// The next event and its place, or the syntax error; the end of the stream when there is none.
pub(super) fn next<'a>(parser: &mut Parser<'a, StrInput<'a>>) -> Result<(Event<'a>, Span), ScanError> {
    parser.next_event().unwrap_or(Ok((Event::StreamEnd, Span::default())))
}

/// The value after `:=` on the command line.
///
/// # Errors
/// Text that is no scalar and no flat list of one type.
pub fn parse_value(text: &str) -> Result<Value, YamlError> {
    if text.len() > MAX_VALUE_BYTES {
        return Err(YamlError::TooLong { max: MAX_VALUE_BYTES, got: text.len() });
    }
    let mut parser = Parser::new_from_str(text);
    let mut value: Option<Value> = None;
    let mut list: Option<ListBuilder> = None;
    loop {
        let (event, _) = next(&mut parser)?;
        match (&event, &mut list) {
            (Event::StreamEnd, _) => return value.ok_or(YamlError::Missing),
            (Event::Scalar(..), Some(list)) => list.push(scalar_event(&event)?)?,
            (Event::Scalar(..), None) if value.is_none() => value = Some(scalar_event(&event)?),
            (Event::SequenceStart(_, None), list @ None) if value.is_none() => *list = Some(ListBuilder::default()),
            (Event::SequenceStart(_, Some(tag)), _) | (Event::MappingStart(_, Some(tag)), _) => {
                return Err(YamlError::Tag { tag: tag.to_string() });
            }
            (Event::Scalar(..) | Event::SequenceStart(..), None) => return Err(YamlError::Several),
            (Event::SequenceEnd, _) => value = list.take().map(ListBuilder::finish),
            (Event::SequenceStart(..), Some(_)) => return Err(YamlError::Nested { got: "a list" }),
            (Event::MappingStart(..), Some(_)) => return Err(YamlError::Nested { got: "a map" }),
            (Event::MappingStart(..), None) => return Err(YamlError::Map),
            (Event::Alias(_), _) => return Err(YamlError::Alias),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(text: &str) -> Value {
        parse_value(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn scalars_have_the_types_that_rcl_gives_them() {
        let text = |text: &str| Value::String(text.to_owned());
        let cases = [
            ("1", Value::Integer(1)),
            ("-3", Value::Integer(-3)),
            ("+3", Value::Integer(3)),
            ("0x1F", Value::Integer(31)),
            ("010", Value::Integer(8)),
            ("08", Value::Double(8.0)),
            ("-9223372036854775808", Value::Integer(i64::MIN)),
            ("99999999999999999999", Value::Double(1e20)),
            ("1.0", Value::Double(1.0)),
            ("1.", Value::Double(1.0)),
            (".5", Value::Double(0.5)),
            ("1e3", Value::Double(1000.0)),
            (".inf", Value::Double(f64::INFINITY)),
            ("-.inf", Value::Double(f64::NEG_INFINITY)),
            ("inf", Value::Double(f64::INFINITY)),
            ("1e999", text("1e999")),
            ("true", Value::Bool(true)),
            ("Yes", Value::Bool(true)),
            ("y", Value::Bool(true)),
            ("OFF", Value::Bool(false)),
            ("n", Value::Bool(false)),
            ("tRue", text("tRue")),
            ("'1'", text("1")),
            ("\"yes\"", text("yes")),
            ("\"\"", text("")),
            ("hello world", text("hello world")),
            ("null", text("null")),
            ("1_000", text("1_000")),
            ("--1", text("--1")),
            ("0x", text("0x")),
            ("2026-01-01", text("2026-01-01")),
            ("1 # one", Value::Integer(1)),
            ("~", text("~")),
            ("!!str 5", text("5")),
        ];
        for (source, expected) in cases {
            assert_eq!(parsed(source), expected, "{source}");
        }
        assert!(parsed(".nan").has_nan() && parsed("nan").has_nan());
    }

    #[test]
    fn lists_have_one_type() {
        assert_eq!(parsed("[1, 2]"), Value::IntegerArray(vec![1, 2]));
        assert_eq!(parsed("[1.0, .5]"), Value::DoubleArray(vec![1.0, 0.5]));
        assert_eq!(parsed("[true, no]"), Value::BoolArray(vec![true, false]));
        assert_eq!(parsed("[a, '1']"), Value::StringArray(vec!["a".to_owned(), "1".to_owned()]));
        assert_eq!(parsed("- 1\n- 2"), Value::IntegerArray(vec![1, 2]));
        assert_eq!(parsed("[]"), Value::StringArray(vec![]));
    }

    #[test]
    fn every_fault_of_a_value_is_told() {
        let error = |text: &str| parse_value(text).expect_err(text);
        assert_eq!(error("[1, 2.0]"), YamlError::Mixed { first: "integer", other: "double" });
        assert_eq!(error("[a, 1]"), YamlError::Mixed { first: "string", other: "integer" });
        assert_eq!(error("[1, [2]]"), YamlError::Nested { got: "a list" });
        assert_eq!(error("[1, {a: 2}]"), YamlError::Nested { got: "a map" });
        assert_eq!(error("{a: 1}"), YamlError::Map);
        assert_eq!(error("a: b"), YamlError::Map);
        assert_eq!(error(""), YamlError::Missing);
        assert_eq!(error("# nothing"), YamlError::Missing);
        assert_eq!(error("- 1\n-\n"), YamlError::Missing);
        assert_eq!(error("[&a 1, *a]"), YamlError::Alias);
        assert!(matches!(error("!!int 5"), YamlError::Tag { .. }));
        assert!(matches!(error("!!seq [5]"), YamlError::Tag { .. }));
        assert_eq!(error("--- 1\n--- 2"), YamlError::Several);
        assert_eq!(error("--- [1]\n--- [2]"), YamlError::Several);
        assert!(matches!(error("[1"), YamlError::Syntax(_)));
        assert!(matches!(error(&"x".repeat(70_000)), YamlError::TooLong { .. }));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,40}|[\\[\\]{}:,&*!|>'\"%@` \\n\\t#?\\-0-9a-z~.]{0,60}") {
            let _ = parse_value(&text);
        }

        #[test]
        fn what_is_written_reads_back(
            number in any::<f64>().prop_filter("NaN differs from itself", |number| !number.is_nan()),
            whole in any::<i64>(),
            text in any::<String>(),
        ) {
            for value in [
                Value::Double(number),
                Value::Integer(whole),
                Value::String(text.clone()),
                Value::DoubleArray(vec![number, 1.0]),
                Value::StringArray(vec![text.clone(), "1".to_owned()]),
            ] {
                prop_assert_eq!(parse_value(&value.to_string()), Ok(value));
            }
        }
    }
}
