//! Which engines there are on this machine, and why the others are not.

use super::tract_engine;
use schemars::JsonSchema;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// One engine, there or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BackendStatus {
    /// As on the command line.
    pub name: &'static str,
    /// Whether it has just run a smallest model here.
    pub available: bool,
    /// Version, where known.
    pub version: Option<String>,
    /// Shared library in use.
    pub library: Option<PathBuf>,
    /// Why it is not available, with a hint.
    pub reason: Option<String>,
}

/// Tries every engine on a smallest model. `library` is ONNX Runtime's, looked for if `None`.
pub fn backends(library: Option<&Path>) -> Vec<BackendStatus> {
    let mut all = vec![BackendStatus {
        name: "tract",
        available: true,
        version: Some(tract_engine::VERSION.to_owned()),
        library: None,
        reason: None,
    }];
    all.extend(["onnxruntime", "onnxruntime-cuda", "onnxruntime-tensorrt"].map(|name| onnxruntime(name, library)));
    all
}

#[cfg(feature = "onnxruntime")]
fn onnxruntime(name: &'static str, library: Option<&Path>) -> BackendStatus {
    use super::engine::EngineChoice;
    let tried = name.parse().map_err(|error: super::EngineNameError| error.to_string()).and_then(|choice| {
        let choice = EngineChoice { library: library.map(Path::to_owned), ..choice };
        super::onnxruntime_engine::probe(&choice).map_err(|error| error.to_string())
    });
    match tried {
        Ok(loaded) => BackendStatus {
            name,
            available: true,
            version: Some(loaded.version),
            library: Some(loaded.path),
            reason: None,
        },
        Err(reason) => BackendStatus { name, available: false, version: None, library: None, reason: Some(reason) },
    }
}

#[cfg(not(feature = "onnxruntime"))]
fn onnxruntime(name: &'static str, _library: Option<&Path>) -> BackendStatus {
    let reason = "this planwright was built without it\nhint: build with --features onnxruntime".to_owned();
    BackendStatus { name, available: false, version: None, library: None, reason: Some(reason) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_missing_says_why() {
        let all = backends(None);
        let names: Vec<&str> = all.iter().map(|backend| backend.name).collect();
        assert_eq!(names, ["tract", "onnxruntime", "onnxruntime-cuda", "onnxruntime-tensorrt"]);
        assert!(all[0].available);
        assert!(all.iter().all(|backend| backend.available == backend.reason.is_none()), "{all:?}");
    }
}
