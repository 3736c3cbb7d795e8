//! The engine as a setting, declared once: command line, configuration files and ROS parameters take names, ranges and
//! descriptions from it.

use super::engine::{EngineChoice, EngineNameError};
use clap::Args;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use std::path::PathBuf;

const THREADS: RangeInclusive<usize> = 1..=256;

/// The engine of a model.
#[derive(Args, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct EngineSettings {
    /// Engine: auto, tract, onnxruntime, onnxruntime-cuda or onnxruntime-tensorrt
    #[arg(long, default_value = "auto", value_parser = name, value_name = "NAME")]
    #[schemars(extend("enum" = EngineChoice::NAMES))]
    pub engine: String,
    /// ONNX Runtime's shared library, where it is not in a usual place
    #[arg(long = "onnxruntime", value_name = "FILE")]
    pub onnxruntime_library: Option<PathBuf>,
    /// Threads of one network call
    #[arg(long, default_value_t = 1, value_parser = threads, value_name = "N")]
    #[schemars(range(min = 1, max = 256))]
    pub threads: usize,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self { engine: EngineChoice::default().name().to_owned(), onnxruntime_library: None, threads: 1 }
    }
}

impl EngineSettings {
    /// What is loaded.
    ///
    /// # Errors
    /// If there is no engine of that name.
    pub fn choice(&self) -> Result<EngineChoice, EngineNameError> {
        self.choice_of(&self.engine)
    }

    /// Another engine with the same library and threads.
    ///
    /// # Errors
    /// If there is no engine of that name.
    pub fn choice_of(&self, engine: &str) -> Result<EngineChoice, EngineNameError> {
        let (library, threads) = (self.onnxruntime_library.clone(), self.threads);
        Ok(EngineChoice { library, threads, ..engine.parse()? })
    }
}

fn name(text: &str) -> Result<String, EngineNameError> {
    text.parse::<EngineChoice>().map(|choice| choice.name().to_owned())
}

fn threads(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| THREADS.contains(count));
    count.ok_or_else(|| format!("expected between {} and {}, got {text}", THREADS.start(), THREADS.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_holds_names_range_and_defaults() {
        let schema = schemars::schema_for!(EngineSettings).to_value();
        let of = |name: &str| &schema["properties"][name];
        assert_eq!(
            (&of("engine")["default"], of("engine")["enum"][4].as_str()),
            (&"auto".into(), Some(EngineChoice::NAMES[4]))
        );
        assert_eq!((&of("threads")["default"], &of("threads")["maximum"]), (&1.into(), &(*THREADS.end()).into()));
        assert!(of("onnxruntime_library")["default"].is_null());
    }

    #[test]
    fn what_is_out_of_range_is_refused() {
        assert_eq!(threads("0"), Err("expected between 1 and 256, got 0".to_owned()));
        assert!(threads("257").is_err() && threads("256") == Ok(256));
        assert!(name("onnx").is_err());
        let settings = EngineSettings { threads: 3, ..EngineSettings::default() };
        let choice = settings.choice_of("tract").expect("an engine");
        assert_eq!((choice.name(), choice.threads), ("tract", 3));
    }
}
