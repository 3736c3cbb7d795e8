//! Typed parameters: one struct declares name, type, default, limits and description of each parameter of a node.

use super::descriptor::Descriptor;
use super::value::{Kind, TypedValue, Value};
use std::collections::BTreeMap;

/// A name that is not declared, or not with the type that is read: a fault in the code that reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a declared {expected} parameter `{name}`, got {}", got.map_or("none of that name", Kind::name))]
pub struct ReadError {
    /// The name.
    pub name: String,
    /// The type that is read.
    pub expected: Kind,
    /// The type declared.
    pub got: Option<Kind>,
}

/// The values of all declared parameters at one moment. Types never change, so a read that worked once always works.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Values {
    pub(super) by_name: BTreeMap<&'static str, Value>,
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

    /// The value as a Rust type; numbers are never NaN.
    ///
    /// # Errors
    /// A name that is not declared, or with another type.
    pub fn read<T: TypedValue>(&self, name: &str) -> Result<T, ReadError> {
        let value = self.by_name.get(name);
        let error = || ReadError { name: name.to_owned(), expected: T::KIND, got: value.map(Value::kind) };
        value.and_then(T::from_value).ok_or_else(error)
    }
}

/// The parameters of a node, or a part of them, as the fields of a struct: see [`parameters!`](crate::parameters).
pub trait ParameterSet: Clone + 'static {
    /// A descriptor for each field, in order; the defaults are the values in `self`.
    fn descriptors(&self) -> Vec<Descriptor>;

    /// The same fields with the values of a store.
    ///
    /// # Errors
    /// If the store was not declared from [`Self::descriptors`].
    fn read(&self, values: &Values) -> Result<Self, ReadError>;
}

/// Declares a [`ParameterSet`]: a struct whose fields are parameters. A field's documentation is its description on
/// the wire and in files; behind `=>` stand methods of [`Descriptor`](crate::parameter::Descriptor).
///
/// ```
/// use planwright_ros2::parameter::{ParameterSet, ParameterStore};
///
/// planwright_ros2::parameters! {
///     /// Of a planner.
///     pub struct Planner {
///         /// Time from observation to plan, s.
///         deadline_secs: f64 = 0.05 => range(0.001, 60.0),
///         /// Network calls per plan.
///         steps: usize = 5 => range(1, 1000).read_only(),
///     }
/// }
///
/// let store = ParameterStore::declare(Planner::default().descriptors()).expect("a sound table");
/// assert_eq!(store.descriptor("steps").map(|steps| steps.constraint()), Some("from 1 to 1000".to_owned()));
/// assert_eq!(Planner::default().read(store.values()).map(|planner| planner.deadline_secs), Ok(0.05));
/// ```
#[macro_export]
macro_rules! parameters {
    (
        $(#[$meta:meta])*
        $visibility:vis struct $name:ident {
            $(
                $(#[doc = $doc:literal])+
                $field:ident: $type:ty = $default:expr $(=> $($method:ident($($argument:expr),*)).+)?
            ),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        $visibility struct $name {
            $($(#[doc = $doc])+ pub $field: $type,)+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        impl $crate::parameter::ParameterSet for $name {
            fn descriptors(&self) -> Vec<$crate::parameter::Descriptor> {
                vec![$({
                    let default = $crate::parameter::TypedValue::to_value(&self.$field);
                    $crate::parameter::Descriptor::new(stringify!($field), default, concat!($($doc),+).trim_ascii())
                        $($(.$method($($argument),*))+)?
                },)+]
            }

            fn read(
                &self,
                values: &$crate::parameter::Values,
            ) -> Result<Self, $crate::parameter::ReadError> {
                Ok(Self { $($field: values.read(stringify!($field))?,)+ })
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::super::store::ParameterStore;
    use super::*;

    parameters! {
        /// One of each type.
        pub struct Every {
            /// Whether
            /// it drives.
            drive: bool = false => read_only(),
            /// Steps.
            steps: usize = 5 => range(0, 9).deferred(),
            /// Offset.
            offset: i64 = -1,
            /// Speed, m/s.
            speed: f64 = 0.5,
            /// Engine.
            engine: String = "auto".to_owned() => one_of(&["auto", "tract"]),
            /// Names.
            names: Vec<String> = vec!["a".to_owned()],
        }
    }

    #[test]
    fn a_struct_is_declared_and_read_back() {
        let defaults = Every { speed: 0.75, ..Every::default() };
        let mut store = ParameterStore::declare(defaults.descriptors()).expect("a sound table");
        assert_eq!(defaults.read(store.values()), Ok(defaults.clone()));
        let described = |name: &str| store.descriptor(name).expect("declared");
        assert_eq!(described("drive").description, "Whether it drives.");
        assert!(described("drive").read_only && !described("steps").read_only && described("steps").deferred);
        assert_eq!(described("engine").constraint(), "one of auto, tract");
        assert_eq!(
            (described("speed").default.clone(), described("steps").kind()),
            (Value::Double(0.75), Kind::Integer)
        );
        let changed = store.prepare(&[("steps", Value::Integer(7)), ("engine", "tract".into())]).expect("valid");
        store.commit(changed).expect("fresh");
        let expected = Every { steps: 7, engine: "tract".to_owned(), ..defaults.clone() };
        assert_eq!(defaults.read(store.values()), Ok(expected));
    }

    #[test]
    fn a_read_of_another_type_or_name_is_an_error() {
        let values = Values { by_name: BTreeMap::from([("a", Value::Double(0.5)), ("b", Value::Integer(-1))]) };
        assert_eq!(values.read::<f64>("a"), Ok(0.5));
        let error = values.read::<i64>("a").expect_err("a double");
        assert_eq!(error.to_string(), "expected a declared integer parameter `a`, got double");
        assert_eq!(values.read::<bool>("c").expect_err("no such").got, None);
        assert_eq!(values.read::<usize>("b").expect_err("negative").got, Some(Kind::Integer));
        assert_eq!(values.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["a", "b"]);
    }
}
