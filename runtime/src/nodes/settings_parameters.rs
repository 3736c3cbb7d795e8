//! Parameters of the engine and of a family of planners, from the schema of their settings: name, limits, default and
//! description are declared once, with the settings ([`EngineSettings`], [`crate::planner::PlannerSettings`]).
//!
//! A ROS parameter always has a value: where a setting has no default but the model's own it is 0, `model` for a name, or
//! empty for a file.

use crate::diffusion::Solver;
use crate::model::EngineSettings;
use crate::planner::{DenoiserSettings, RolloutSettings};
use planwright_ros2::parameter::{Descriptor, ReadError, Value, Values};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json, json};
use std::iter::once;
use std::sync::LazyLock;

/// Value of a name that takes the model's own.
const OF_MODEL: &str = "model";

/// Settings whose fields are parameters of a node. A change of one loads another planner.
pub(in crate::nodes) trait NodeSettings:
    Default + JsonSchema + Serialize + DeserializeOwned + 'static
{
    /// The fields.
    fn fields() -> &'static [Field];
}

static ENGINE: LazyLock<Vec<Field>> = LazyLock::new(Field::all::<EngineSettings>);
static DENOISER: LazyLock<Vec<Field>> = LazyLock::new(Field::all::<DenoiserSettings>);
static ROLLOUT: LazyLock<Vec<Field>> = LazyLock::new(Field::all::<RolloutSettings>);

impl NodeSettings for EngineSettings {
    fn fields() -> &'static [Field] {
        &ENGINE
    }
}

impl NodeSettings for DenoiserSettings {
    fn fields() -> &'static [Field] {
        &DENOISER
    }
}

impl NodeSettings for RolloutSettings {
    fn fields() -> &'static [Field] {
        &ROLLOUT
    }
}

/// A field as a parameter.
pub(in crate::nodes) struct Field {
    name: String,
    description: String,
    default: Value,
    limits: [f64; 2],
    /// The values of a name; any text where there are none.
    names: Vec<String>,
    /// Whether the default stands for the model's own value.
    is_neutral: bool,
}

impl Field {
    fn all<T: NodeSettings>() -> Vec<Self> {
        let schema = schemars::schema_for!(T).to_value();
        let properties = schema["properties"].as_object();
        properties.into_iter().flatten().map(|(name, property)| Self::of(name, property)).collect()
    }

    fn of(name: &str, property: &Json) -> Self {
        let kinds = &property["type"];
        let has_type = |kind: &str| {
            kinds.as_str() == Some(kind) || kinds.as_array().is_some_and(|kinds| kinds.contains(&json!(kind)))
        };
        let own = &property["default"];
        let names = property["enum"].as_array().map_or(&[][..], Vec::as_slice).iter();
        let mut names: Vec<String> = names.filter_map(|name| Some(name.as_str()?.to_owned())).collect();
        let (default, neutral) = if has_type("integer") {
            (Value::Integer(own.as_i64().unwrap_or(0)), "0")
        } else if has_type("number") {
            (Value::Double(own.as_f64().unwrap_or(0.0)), "0")
        } else if has_type("string") {
            (Value::String(own.as_str().unwrap_or_default().to_owned()), "an empty text")
        } else {
            names = once(OF_MODEL).chain(Solver::ALL.map(Solver::name)).map(str::to_owned).collect();
            (Value::String(OF_MODEL.to_owned()), "'model'")
        };
        let is_neutral = own.is_null();
        let least = property["minimum"].as_f64().unwrap_or(0.0);
        let from = if is_neutral { least.min(0.0) } else { least };
        let text = property["description"].as_str().unwrap_or_default().replace('\n', " ");
        let takes = if is_neutral { format!("; {neutral} takes the default") } else { String::new() };
        let limits = [from, property["maximum"].as_f64().unwrap_or(0.0)];
        Self { name: name.to_owned(), description: format!("{text}{takes}."), default, limits, names, is_neutral }
    }

    fn descriptor(&'static self) -> Descriptor {
        let plain = Descriptor::new(&self.name, self.default.clone(), &self.description).deferred();
        let [from, to] = self.limits;
        match self.default {
            #[expect(clippy::cast_possible_truncation, reason = "limits of counts are small whole numbers")]
            Value::Integer(_) => plain.range(from as i64, to as i64),
            Value::Double(_) => plain.range(from, to),
            _ if self.names.is_empty() => plain,
            _ => plain.one_of(&self.names.iter().map(String::as_str).collect::<Vec<_>>()),
        }
    }

    /// The value as the settings hold it; `None` for the model's own.
    fn read(&self, values: &Values) -> Result<Option<Json>, ReadError> {
        let (name, kind) = (self.name.as_str(), self.default.kind());
        let value = values.get(name).filter(|value| value.kind() == kind);
        let error = || ReadError { name: name.to_owned(), expected: kind, got: values.get(name).map(Value::kind) };
        let value = value.ok_or_else(error)?;
        Ok((!self.is_neutral || *value != self.default).then(|| match value {
            Value::Integer(value) => json!(value),
            Value::Double(value) => json!(value),
            Value::String(value) => json!(value),
            _ => Json::Null,
        }))
    }
}

/// A descriptor for each field.
pub(in crate::nodes) fn descriptors<T: NodeSettings>() -> Vec<Descriptor> {
    T::fields().iter().map(Field::descriptor).collect()
}

/// The settings with the values of a store.
///
/// # Errors
/// If the store was not declared from [`descriptors`].
pub(in crate::nodes) fn read<T: NodeSettings>(values: &Values) -> Result<T, ReadError> {
    let mut map = Map::new();
    for field in T::fields() {
        map.extend(field.read(values)?.map(|value| (field.name.clone(), value)));
    }
    // A value within its limits always reads; a field that does not is named with the type that the node declared.
    serde_json::from_value(Json::Object(map)).map_err(|error| {
        let name = error.to_string();
        ReadError { name, expected: planwright_ros2::parameter::Kind::NotSet, got: None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use planwright_ros2::parameter::ParameterStore;

    fn set<T: NodeSettings>(changes: &[(&str, Value)]) -> T {
        let mut store = ParameterStore::declare(descriptors::<T>()).expect("a sound table");
        let changed = store.prepare(changes).expect("valid");
        store.commit(changed).expect("fresh");
        read(store.values()).expect("declared")
    }

    #[test]
    fn defaults_are_the_models_own_or_those_of_the_settings() {
        assert_eq!(set::<DenoiserSettings>(&[]), DenoiserSettings::default());
        let own = set::<RolloutSettings>(&[]);
        assert_eq!((own.rollouts, own.temperature, own.target_return), (Some(4), Some(0.5), None));
    }

    #[test]
    fn an_engine_is_named_and_its_library_is_none_unless_given() {
        assert_eq!(set::<EngineSettings>(&[]), EngineSettings::default());
        let changes = [("engine", "tract".into()), ("threads", 4.into()), ("onnxruntime_library", "lib.so".into())];
        let found = set::<EngineSettings>(&changes);
        assert_eq!((found.engine.as_str(), found.threads), ("tract", 4));
        assert_eq!(found.onnxruntime_library, Some("lib.so".into()));
        let store = ParameterStore::declare(descriptors::<EngineSettings>()).expect("a sound table");
        let of = |name: &str| store.descriptor(name).expect("declared").constraint();
        assert_eq!(of("threads"), "from 1 to 256");
        assert!(of("engine").starts_with("one of auto, tract, onnxruntime,"), "{}", of("engine"));
        assert!(store.prepare(&[("engine", "warp".into())]).is_err());
    }

    #[test]
    fn every_field_and_every_solver_can_be_set() {
        for solver in Solver::ALL {
            let found = set::<DenoiserSettings>(&[("solver", solver.name().into())]);
            assert_eq!(found.solver, Some(solver));
        }
        let changes = [("denoising_steps", Value::Integer(3)), ("candidates", 1024.into()), ("warm_start", 0.5.into())];
        let found = set::<DenoiserSettings>(&changes);
        assert_eq!((found.denoising_steps, found.candidates, found.warm_start), (Some(3), Some(1024), Some(0.5)));
        let found = set::<RolloutSettings>(&[("temperature", 0.0.into()), ("target_return", 3.0.into())]);
        assert_eq!((found.temperature, found.target_return), (Some(0.0), Some(3.0)), "0 is a temperature");
    }

    #[test]
    fn limits_and_texts_are_those_of_the_settings() {
        let store = ParameterStore::declare(descriptors::<DenoiserSettings>()).expect("a sound table");
        let of = |name: &str| store.descriptor(name).expect("declared");
        assert_eq!(of("candidates").constraint(), "from 0 to 1024");
        assert_eq!(of("warm_start").constraint(), "from 0.0 to 1.0");
        assert_eq!(of("solver").constraint(), "one of model, ddpm, ddim, dpm-solver++");
        assert_eq!(
            of("denoising_steps").description,
            "Network calls per plan (default: the model's); 0 takes the default."
        );
        assert!(of("solver").deferred);
    }
}
