//! The declared parameters of one node and their values, changed by transactions.

use super::descriptor::Descriptor;
use super::nearest::nearest;
use super::value::{Kind, Value};
use super::values::{ReadError, Values};
use crate::names::shorten;
use std::collections::BTreeMap;

/// Why a value cannot be set.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SetError {
    /// No parameter of that name.
    #[error("expected a declared parameter, got `{}`{}", shorten(name), nearest.map_or(String::new(), |nearest| format!("\nhint: did you mean `{nearest}`?")))]
    NotDeclared {
        /// The name.
        name: String,
        /// The declared name that is most like it.
        nearest: Option<&'static str>,
    },
    /// A value of another type.
    #[error("parameter `{name}`: expected {expected}, got {got} `{}`", shorten(&value.to_string()))]
    WrongType {
        /// The parameter.
        name: &'static str,
        /// Its type.
        expected: Kind,
        /// The type found.
        got: Kind,
        /// The value found.
        value: Value,
    },
    /// NaN, alone or in a list.
    #[error("parameter `{name}`: expected a number, got NaN")]
    NotANumber {
        /// The parameter.
        name: &'static str,
    },
    /// Outside of its range, or not one of its texts.
    #[error("parameter `{name}`: expected {expected}, got `{}`", shorten(&value.to_string()))]
    NotAllowed {
        /// The parameter.
        name: &'static str,
        /// What is allowed.
        expected: String,
        /// The value found.
        value: Value,
    },
    /// It can be set at the start only.
    #[error(
        "parameter `{name}` is read-only\nhint: set it in a parameter file or with `-p {name}:=value` at the start"
    )]
    ReadOnly {
        /// The parameter.
        name: &'static str,
    },
}

/// A fault in a table of descriptors.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DeclareError {
    /// Two of one name.
    #[error("expected each parameter once, got `{0}` twice")]
    Twice(&'static str),
    /// A name that is empty, or has other characters than letters, digits, `_` and single `.` between parts.
    #[error("expected a parameter name of letters, digits, `_` and `.`, got `{0}`")]
    Name(&'static str),
    /// Without a default there is no type.
    #[error("parameter `{0}`: expected a default, got none")]
    NoDefault(&'static str),
    /// A range or a list of texts that does not fit the type, or that holds nothing.
    #[error("parameter `{name}`: expected limits that fit {kind}, got {limits}")]
    Limits {
        /// The parameter.
        name: &'static str,
        /// Its type.
        kind: Kind,
        /// The limits.
        limits: String,
    },
    /// A default that is not allowed.
    #[error("default of {0}")]
    Default(#[from] SetError),
}

/// The transaction was prepared before another one was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected unchanged parameters between prepare and commit, got another change\nhint: set them again")]
pub struct StaleTransaction;

/// A parameter that was set.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Its name.
    pub name: &'static str,
    /// The value before.
    pub old: Value,
    /// The value now; it may be the same.
    pub new: Value,
}

/// Values that were found valid and are not set yet. To drop it changes nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Transaction {
    after: Values,
    names: Vec<&'static str>,
    revision: u64,
}

impl Transaction {
    /// All values as they will be, those that stay included.
    pub fn after(&self) -> &Values {
        &self.after
    }

    /// The parameters to be set, each once.
    pub fn names(&self) -> &[&'static str] {
        &self.names
    }

    /// Whether it sets this parameter.
    pub fn sets(&self, name: &str) -> bool {
        self.names.contains(&name)
    }

    /// Whether it sets nothing.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// How strictly types are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Files and command line: [`Value::loosened`], read-only parameters too.
    Start,
    /// Services: as rclcpp.
    Running,
}

/// The declared parameters and their values.
#[derive(Debug, Clone)]
pub struct ParameterStore {
    descriptors: BTreeMap<&'static str, Descriptor>,
    values: Values,
    revision: u64,
}

impl ParameterStore {
    /// Declares parameters, each with its default.
    ///
    /// # Errors
    /// Every fault in the table.
    pub fn declare(descriptors: impl IntoIterator<Item = Descriptor>) -> Result<Self, Vec<DeclareError>> {
        let mut store = Self { descriptors: BTreeMap::new(), values: Values::default(), revision: 0 };
        let mut errors = Vec::new();
        for descriptor in descriptors {
            let name = descriptor.name;
            if let Err(error) = check_descriptor(&descriptor) {
                errors.push(error);
            } else if store.descriptors.contains_key(name) {
                errors.push(DeclareError::Twice(name));
            } else {
                store.values.by_name.insert(name, descriptor.default.clone());
                store.descriptors.insert(name, descriptor);
            }
        }
        if errors.is_empty() { Ok(store) } else { Err(errors) }
    }

    /// All values.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// All descriptors, sorted by name.
    pub fn descriptors(&self) -> impl Iterator<Item = &Descriptor> {
        self.descriptors.values()
    }

    /// The descriptor of one parameter.
    pub fn descriptor(&self, name: &str) -> Option<&Descriptor> {
        self.descriptors.get(name)
    }

    /// The declared name that is most like this one.
    pub fn nearest_name(&self, name: &str) -> Option<&'static str> {
        nearest(name, self.descriptors.keys().copied())
    }

    /// A bool.
    ///
    /// # Errors
    /// See [`Values::bool`].
    pub fn bool(&self, name: &str) -> Result<bool, ReadError> {
        self.values.bool(name)
    }

    /// A whole number.
    ///
    /// # Errors
    /// See [`Values::integer`].
    pub fn integer(&self, name: &str) -> Result<i64, ReadError> {
        self.values.integer(name)
    }

    /// A real number, never NaN.
    ///
    /// # Errors
    /// See [`Values::double`].
    pub fn double(&self, name: &str) -> Result<f64, ReadError> {
        self.values.double(name)
    }

    /// A text.
    ///
    /// # Errors
    /// See [`Values::string`].
    pub fn string(&self, name: &str) -> Result<&str, ReadError> {
        self.values.string(name)
    }

    /// Checks values for parameters while the node runs; nothing is changed. Types are strict, as in rclcpp: a whole
    /// number is no real one. Of a name that comes twice the last value counts.
    ///
    /// # Errors
    /// Every value that cannot be set.
    pub fn prepare<N: AsRef<str>>(&self, values: &[(N, Value)]) -> Result<Transaction, Vec<SetError>> {
        self.prepare_in(Phase::Running, values)
    }

    /// Checks values from files and the command line: read-only parameters can be set, and types are taken as
    /// [`Value::loosened`] does.
    ///
    /// # Errors
    /// Every value that cannot be set.
    pub fn prepare_start<N: AsRef<str>>(&self, values: &[(N, Value)]) -> Result<Transaction, Vec<SetError>> {
        self.prepare_in(Phase::Start, values)
    }

    fn prepare_in<N: AsRef<str>>(&self, phase: Phase, values: &[(N, Value)]) -> Result<Transaction, Vec<SetError>> {
        let mut transaction = Transaction { after: self.values.clone(), names: Vec::new(), revision: self.revision };
        let mut errors = Vec::new();
        for (name, value) in values {
            match self.check(phase, name.as_ref(), value) {
                Ok((name, value)) => {
                    transaction.after.by_name.insert(name, value);
                    if !transaction.names.contains(&name) {
                        transaction.names.push(name);
                    }
                }
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(transaction) } else { Err(errors) }
    }

    fn check(&self, phase: Phase, name: &str, value: &Value) -> Result<(&'static str, Value), SetError> {
        let Some(descriptor) = self.descriptors.get(name) else {
            return Err(SetError::NotDeclared { name: name.to_owned(), nearest: self.nearest_name(name) });
        };
        let value = match phase {
            Phase::Running if descriptor.read_only => return Err(SetError::ReadOnly { name: descriptor.name }),
            Phase::Running => value.clone(),
            Phase::Start => value.clone().loosened(descriptor.kind()),
        };
        check_value(descriptor, &value)?;
        Ok((descriptor.name, value))
    }

    /// Sets what was prepared.
    ///
    /// # Errors
    /// Another transaction was committed since: what was checked then may not hold now. Nothing is changed.
    pub fn commit(&mut self, transaction: Transaction) -> Result<Vec<Change>, StaleTransaction> {
        if transaction.revision != self.revision {
            return Err(StaleTransaction);
        }
        let Transaction { mut after, names, .. } = transaction;
        let changes = names.into_iter().filter_map(|name| {
            let new = after.by_name.remove(name)?;
            let old = self.values.by_name.insert(name, new.clone()).unwrap_or_default();
            Some(Change { name, old, new })
        });
        let changes: Vec<_> = changes.collect();
        self.revision = self.revision.wrapping_add(1);
        Ok(changes)
    }
}

fn check_value(descriptor: &Descriptor, value: &Value) -> Result<(), SetError> {
    let name = descriptor.name;
    if value.kind() != descriptor.kind() {
        let (expected, got) = (descriptor.kind(), value.kind());
        return Err(SetError::WrongType { name, expected, got, value: value.clone() });
    }
    if value.has_nan() {
        return Err(SetError::NotANumber { name });
    }
    let is_listed = |text: &String| descriptor.one_of.is_empty() || descriptor.one_of.contains(&text.as_str());
    let listed = match value {
        Value::String(text) => is_listed(text),
        Value::StringArray(texts) => texts.iter().all(is_listed),
        _ => true,
    };
    if listed && descriptor.range.is_none_or(|range| range.contains(value)) {
        Ok(())
    } else {
        Err(SetError::NotAllowed { name, expected: descriptor.constraint(), value: value.clone() })
    }
}

fn check_descriptor(descriptor: &Descriptor) -> Result<(), DeclareError> {
    let (name, kind) = (descriptor.name, descriptor.kind());
    let is_part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !name.split('.').all(is_part) {
        return Err(DeclareError::Name(name));
    }
    if kind == Kind::NotSet {
        return Err(DeclareError::NoDefault(name));
    }
    let range_fits = descriptor.range.is_none_or(|range| range.fits(kind) && range.is_sound());
    let texts_fit = descriptor.one_of.is_empty() || matches!(kind, Kind::String | Kind::StringArray);
    if !range_fits || !texts_fit {
        return Err(DeclareError::Limits { name, kind, limits: descriptor.constraint() });
    }
    Ok(check_value(descriptor, &descriptor.default)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptors() -> Vec<Descriptor> {
        vec![
            Descriptor::double("deadline_secs", 0.05, "Longest time for one plan, in seconds.").range(0.001, 10.0),
            Descriptor::integer("steps", 5, "Denoising steps.").range(1, 100),
            Descriptor::string("engine", "auto", "Engine.").one_of(&["auto", "tract"]),
            Descriptor::string("model", "maze.onnx", "Model file."),
            Descriptor::bool("drive", false, "Whether it drives.").read_only(),
            Descriptor::double_array("gains", &[1.0, 2.0], "Gains.").range(0.0, 5.0),
        ]
    }

    fn store() -> ParameterStore {
        ParameterStore::declare(descriptors()).expect("a sound table")
    }

    fn text(text: &str) -> Value {
        Value::String(text.to_owned())
    }

    #[test]
    fn defaults_are_there_from_the_start() {
        let store = store();
        assert_eq!(store.double("deadline_secs"), Ok(0.05));
        assert_eq!(store.integer("steps"), Ok(5));
        assert_eq!(store.string("engine"), Ok("auto"));
        assert_eq!(store.bool("drive"), Ok(false));
        assert_eq!(store.values().double_array("gains"), Ok(&[1.0, 2.0][..]));
    }

    #[test]
    fn a_transaction_changes_nothing_until_it_is_committed() {
        let mut store = store();
        let prepared = store.prepare(&[("steps", Value::Integer(7)), ("engine", text("tract"))]).expect("valid");
        assert_eq!((prepared.after().integer("steps"), prepared.after().double("deadline_secs")), (Ok(7), Ok(0.05)));
        assert_eq!(
            (prepared.names(), prepared.sets("engine"), prepared.sets("model")),
            (&["steps", "engine"][..], true, false)
        );
        drop(prepared.clone());
        assert_eq!((store.integer("steps"), store.string("engine")), (Ok(5), Ok("auto")));
        let changes = store.commit(prepared).expect("fresh");
        assert_eq!(changes[0], Change { name: "steps", old: Value::Integer(5), new: Value::Integer(7) });
        assert_eq!(changes[1], Change { name: "engine", old: text("auto"), new: text("tract") });
        assert_eq!((store.integer("steps"), store.string("engine")), (Ok(7), Ok("tract")));
    }

    #[test]
    fn a_transaction_that_was_overtaken_is_refused() {
        let mut store = store();
        let slow = store.prepare(&[("model", text("b.onnx"))]).expect("valid");
        let quick = store.prepare(&[("steps", Value::Integer(9))]).expect("valid");
        store.commit(quick).expect("fresh");
        assert_eq!(store.commit(slow), Err(StaleTransaction));
        assert_eq!((store.string("model"), store.integer("steps")), (Ok("maze.onnx"), Ok(9)));
    }

    #[test]
    fn every_fault_of_a_set_is_told_at_once() {
        let store = store();
        let errors = store
            .prepare(&[
                ("stepz", Value::Integer(7)),
                ("steps", Value::Double(7.0)),
                ("steps", Value::Integer(0)),
                ("deadline_secs", Value::Integer(1)),
                ("deadline_secs", Value::Double(f64::NAN)),
                ("deadline_secs", Value::Double(f64::INFINITY)),
                ("gains", Value::DoubleArray(vec![1.0, f64::NAN])),
                ("gains", Value::DoubleArray(vec![1.0, 5.5])),
                ("engine", text("tensor")),
                ("drive", Value::Bool(true)),
                ("model", Value::NotSet),
            ])
            .expect_err("nothing here is valid");
        let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "expected a declared parameter, got `stepz`\nhint: did you mean `steps`?",
                "parameter `steps`: expected integer, got double `7.0`",
                "parameter `steps`: expected from 1 to 100, got `0`",
                "parameter `deadline_secs`: expected double, got integer `1`",
                "parameter `deadline_secs`: expected a number, got NaN",
                "parameter `deadline_secs`: expected from 0.001 to 10.0, got `.inf`",
                "parameter `gains`: expected a number, got NaN",
                "parameter `gains`: expected from 0.0 to 5.0, got `[1.0, 5.5]`",
                "parameter `engine`: expected one of auto, tract, got `\"tensor\"`",
                "parameter `drive` is read-only\nhint: set it in a parameter file or with `-p drive:=value` at the start",
                "parameter `model`: expected string, got not_set ``",
            ]
        );
    }

    #[test]
    fn one_fault_spoils_the_whole_transaction() {
        let store = store();
        let errors = store.prepare(&[("steps", Value::Integer(7)), ("engine", text("x"))]).expect_err("engine");
        assert_eq!(errors.len(), 1);
        assert_eq!(store.integer("steps"), Ok(5));
    }

    #[test]
    fn the_start_is_looser_than_the_services() {
        let mut store = store();
        let values = [
            ("deadline_secs", Value::Integer(1)),
            ("drive", Value::Bool(true)),
            ("gains", Value::IntegerArray(vec![3])),
        ];
        let prepared = store.prepare_start(&values).expect("valid at the start");
        store.commit(prepared).expect("fresh");
        assert_eq!((store.double("deadline_secs"), store.bool("drive")), (Ok(1.0), Ok(true)));
        assert_eq!(store.values().double_array("gains"), Ok(&[3.0][..]));
        let refused = |value| store.prepare_start(&[("deadline_secs", value)]).map(|_| ());
        let high = refused(Value::Integer(11)).expect_err("above the range");
        assert!(matches!(high[..], [SetError::NotAllowed { name: "deadline_secs", .. }]), "{high:?}");
        let nan = refused(Value::Double(f64::NAN)).expect_err("no number");
        assert!(matches!(nan[..], [SetError::NotANumber { name: "deadline_secs" }]), "{nan:?}");
    }

    #[test]
    fn the_last_of_two_values_counts() {
        let mut store = store();
        let prepared = store.prepare(&[("steps", Value::Integer(7)), ("steps", Value::Integer(8))]).expect("valid");
        assert_eq!(store.commit(prepared).expect("fresh").len(), 1);
        assert_eq!(store.integer("steps"), Ok(8));
    }

    #[test]
    fn faults_in_a_table_are_told() {
        let error = |descriptor: Descriptor| ParameterStore::declare([descriptor]).expect_err("unsound").remove(0);
        assert_eq!(error(Descriptor::bool("a b", true, "")), DeclareError::Name("a b"));
        assert_eq!(error(Descriptor::bool("a..b", true, "")), DeclareError::Name("a..b"));
        assert_eq!(error(Descriptor::new("a", Value::NotSet, "")), DeclareError::NoDefault("a"));
        assert!(matches!(error(Descriptor::integer("a", 1, "").range(0.0, 2.0)), DeclareError::Limits { .. }));
        assert!(matches!(error(Descriptor::double("a", 1.0, "").range(2.0, 0.0)), DeclareError::Limits { .. }));
        assert!(matches!(error(Descriptor::double("a", 1.0, "").range(0.0, f64::NAN)), DeclareError::Limits { .. }));
        assert!(matches!(error(Descriptor::bool("a", true, "").one_of(&["x"])), DeclareError::Limits { .. }));
        assert!(matches!(error(Descriptor::integer("a", 3, "").range(0, 2)), DeclareError::Default(_)));
        assert!(matches!(error(Descriptor::double("a", f64::NAN, "")), DeclareError::Default(_)));
        let twice = ParameterStore::declare([Descriptor::bool("a", true, ""), Descriptor::integer("a", 1, "")]);
        assert_eq!(twice.expect_err("twice"), [DeclareError::Twice("a")]);
    }
}
