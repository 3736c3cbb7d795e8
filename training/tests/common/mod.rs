//! What tests of more than one family need.

use planwright_training::fit::{FitOptions, fit};
use planwright_training::recipe::Recipe;
use std::path::{Path, PathBuf};

/// The checkpoint of a fit in parts, each up to its step or to the end; all but the first one resume.
pub fn fitted(recipe: &Recipe, folder: &Path, parts: &[Option<u64>]) -> Vec<u8> {
    for (part, until) in parts.iter().enumerate() {
        let options = FitOptions { until: *until, resume: part > 0, ..options(folder) };
        fit(recipe, &options).unwrap_or_else(|error| panic!("{error}"));
    }
    std::fs::read(folder.join("checkpoint.safetensors")).unwrap_or_else(|error| panic!("{error}"))
}

/// A whole fit in a folder.
pub fn options(folder: &Path) -> FitOptions {
    FitOptions { folder: folder.to_owned(), resume: false, until: None, device: None, progress: false, initial: None }
}

/// ONNX Runtime, as `tests/setup.py` puts it there.
pub fn onnxruntime() -> Option<PathBuf> {
    Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.deps/onnxruntime/libonnxruntime.so"))
}
