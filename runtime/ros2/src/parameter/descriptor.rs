//! Parameter descriptors: name, type, default, limits and description.

use super::value::{Kind, Value, double_text};
use crate::messages::rcl_interfaces::{FloatingPointRange, IntegerRange, ParameterDescriptor};
use std::fmt;

/// One declared parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Descriptor {
    /// Its name, parts separated by `.`.
    pub name: &'static str,
    /// Its value until another is set; its type is the parameter's type.
    pub default: Value,
    /// What it does, with its unit.
    pub description: &'static str,
    /// Where a number, or every number of a list, must lie.
    pub range: Option<Range>,
    /// What a text, or every text of a list, must be one of; empty: any.
    pub one_of: Vec<&'static str>,
    /// Whether it can be set at the start only.
    pub read_only: bool,
    /// Whether a change takes long to apply and is answered once it has succeeded or failed.
    pub deferred: bool,
}

/// Where a number must lie: both ends are allowed; with a step above zero only `from` plus whole steps, and `to`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Range {
    /// Of whole numbers.
    Integer {
        /// Smallest value.
        from: i64,
        /// Largest value.
        to: i64,
        /// Step; 0: any.
        step: u64,
    },
    /// Of real numbers.
    Double {
        /// Smallest value.
        from: f64,
        /// Largest value.
        to: f64,
        /// Step; 0.0: any.
        step: f64,
    },
}

/// A number that can bound a range: `i64` or `f64`.
pub trait Bound: Copy {
    /// The range between two of them.
    fn range(from: Self, to: Self) -> Range;
}

impl Bound for i64 {
    fn range(from: Self, to: Self) -> Range {
        Range::Integer { from, to, step: 0 }
    }
}

impl Bound for f64 {
    fn range(from: Self, to: Self) -> Range {
        Range::Double { from, to, step: 0.0 }
    }
}

impl Range {
    /// Whether the value, or every number of a list, lies within; false for NaN and for values of another type.
    pub fn contains(&self, value: &Value) -> bool {
        match value {
            Value::Integer(value) => self.contains_integer(*value),
            Value::IntegerArray(values) => values.iter().all(|&value| self.contains_integer(value)),
            Value::Double(value) => self.contains_double(*value),
            Value::DoubleArray(values) => values.iter().all(|&value| self.contains_double(value)),
            _ => false,
        }
    }

    fn contains_integer(&self, value: i64) -> bool {
        let Self::Integer { from, to, step } = *self else { return false };
        let on_step = || step == 0 || value == to || value.abs_diff(from) % step == 0;
        from <= value && value <= to && on_step()
    }

    fn contains_double(&self, value: f64) -> bool {
        let Self::Double { from, to, step } = *self else { return false };
        let on_step =
            || !(step > 0.0) || value == to || nearly_equal(value, from + ((value - from) / step).round() * step);
        from <= value && value <= to && on_step()
    }

    /// Whether it can bound a parameter of this type.
    pub(super) fn fits(&self, kind: Kind) -> bool {
        match self {
            Self::Integer { .. } => matches!(kind, Kind::Integer | Kind::IntegerArray),
            Self::Double { .. } => matches!(kind, Kind::Double | Kind::DoubleArray),
        }
    }

    /// Whether it holds a value at all, and its step makes sense.
    pub(super) fn is_sound(&self) -> bool {
        match *self {
            Self::Integer { from, to, .. } => from <= to,
            Self::Double { from, to, step } => from <= to && step.is_finite() && step >= 0.0,
        }
    }
}

/// Equal but for the last digits, which counting steps costs; the ends of a range are exact.
fn nearly_equal(left: f64, right: f64) -> bool {
    left == right || (left - right).abs() <= f64::EPSILON * 100.0 * left.abs().min(right.abs())
}

impl fmt::Display for Range {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Integer { from, to, step: 0 } => write!(formatter, "from {from} to {to}"),
            Self::Integer { from, to, step } => write!(formatter, "from {from} to {to} in steps of {step}"),
            Self::Double { from, to, step } => {
                write!(formatter, "from {} to {}", double_text(from), double_text(to))?;
                if step > 0.0 { write!(formatter, " in steps of {}", double_text(step)) } else { Ok(()) }
            }
        }
    }
}

impl Descriptor {
    /// A parameter with the type of its default.
    pub fn new(name: &'static str, default: impl Into<Value>, description: &'static str) -> Self {
        Self {
            name,
            default: default.into(),
            description,
            range: None,
            one_of: Vec::new(),
            read_only: false,
            deferred: false,
        }
    }

    /// Between these, ends included: two `i64` for whole numbers, two `f64` for real ones.
    #[must_use]
    pub fn range<B: Bound>(mut self, from: B, to: B) -> Self {
        self.range = Some(B::range(from, to));
        self
    }

    /// One of these texts.
    #[must_use]
    pub fn one_of(mut self, texts: &[&'static str]) -> Self {
        self.one_of = texts.to_vec();
        self
    }

    /// Can be set at the start only.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// A change takes long to apply: see [`Self::deferred`].
    #[must_use]
    pub fn deferred(mut self) -> Self {
        self.deferred = true;
        self
    }

    /// The type.
    pub const fn kind(&self) -> Kind {
        self.default.kind()
    }

    /// What the value may be, in words; empty: anything of its type.
    pub fn constraint(&self) -> String {
        match &self.range {
            Some(range) => range.to_string(),
            None if self.one_of.is_empty() => String::new(),
            None => format!("one of {}", self.one_of.join(", ")),
        }
    }

    /// As a message, for `DescribeParameters`.
    pub fn to_message(&self) -> ParameterDescriptor {
        let mut message = ParameterDescriptor {
            name: self.name.to_owned(),
            r#type: self.kind().code(),
            description: self.description.to_owned(),
            read_only: self.read_only,
            dynamic_typing: false,
            ..ParameterDescriptor::default()
        };
        match self.range {
            Some(Range::Integer { from, to, step }) => {
                message.integer_range = vec![IntegerRange { from_value: from, to_value: to, step }];
            }
            Some(Range::Double { from, to, step }) => {
                message.floating_point_range = vec![FloatingPointRange { from_value: from, to_value: to, step }];
            }
            // The message has fields for numbers; everything else is text.
            None => message.additional_constraints = self.constraint(),
        }
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_parameters_reads_well_and_becomes_messages() {
        let deadline =
            Descriptor::new("deadline_secs", 0.05, "Longest time for one plan, in seconds.").range(0.001, 10.0);
        let message = deadline.to_message();
        assert_eq!((message.name.as_str(), message.r#type, message.read_only), ("deadline_secs", 3, false));
        assert_eq!(
            message.floating_point_range,
            vec![FloatingPointRange { from_value: 0.001, to_value: 10.0, step: 0.0 }]
        );
        assert_eq!((message.integer_range.len(), message.additional_constraints.as_str()), (0, ""));
        assert_eq!(deadline.constraint(), "from 0.001 to 10.0");

        let message = Descriptor::new("steps", 5, "Denoising steps.").range(1, 100).read_only().to_message();
        assert_eq!(message.integer_range, vec![IntegerRange { from_value: 1, to_value: 100, step: 0 }]);
        assert!(message.read_only && !message.dynamic_typing);

        let message = Descriptor::new("engine", "auto", "Engine.").one_of(&["auto", "tract"]).to_message();
        assert_eq!(message.additional_constraints, "one of auto, tract");
        assert_eq!(message.description, "Engine.");
    }

    #[test]
    fn ranges_hold_their_ends_and_steps() {
        let range = Range::Integer { from: -1, to: 10, step: 3 };
        for (value, inside) in [(-2, false), (-1, true), (2, true), (3, false), (8, true), (10, true), (11, false)] {
            assert_eq!(range.contains(&Value::Integer(value)), inside, "{value}");
        }
        let all = Range::Integer { from: i64::MIN, to: i64::MAX, step: u64::MAX };
        assert!(all.contains(&Value::Integer(i64::MIN)) && all.contains(&Value::Integer(i64::MAX)));
        assert!(!all.contains(&Value::Integer(0)));
        let range = Range::Double { from: 0.0, to: 1.0, step: 0.1 };
        for (value, inside) in [(0.3, true), (0.35, false), (1.0, true), (1.1, false), (-0.1, false)] {
            assert_eq!(range.contains(&Value::Double(value)), inside, "{value}");
        }
    }

    #[test]
    fn neither_nan_nor_another_type_is_within() {
        let range = Range::Double { from: 0.0, to: f64::INFINITY, step: 0.0 };
        assert!(!range.contains(&Value::Double(f64::NAN)));
        assert!(range.contains(&Value::Double(1e300)));
        assert!(range.contains(&Value::Double(f64::INFINITY)));
        assert!(!range.contains(&Value::Double(f64::NEG_INFINITY)));
        assert!(!range.contains(&Value::Double(-1.0)));
        let range = Range::Double { from: -1.0, to: 10.0, step: 0.5 };
        assert!(!range.contains(&Value::Double(f64::INFINITY)));
        assert!(!range.contains(&Value::Double(10.000_000_000_000_002)));
        assert!(!range.contains(&Value::Integer(1)));
        assert!(!range.contains(&Value::DoubleArray(vec![1.0, -1.5])));
        assert!(range.contains(&Value::DoubleArray(vec![1.0, 2.0])));
    }
}
