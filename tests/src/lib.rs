//! What the tests across boundaries share: where the commands, models, data and Python peers are.

pub mod fuzz;
pub mod message_types;

/// The examples of docs/EXTENDING.md, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/EXTENDING.md")]
pub struct Extending;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The project's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A command of the workspace, built beside this test.
///
/// # Panics
/// If it is not there.
pub fn command(name: &str) -> Command {
    let test = std::env::current_exe().unwrap_or_else(|error| panic!("{error}"));
    let folder = test.ancestors().nth(2).unwrap_or_else(|| panic!("a test lies in target/PROFILE/deps"));
    let path = folder.join(name);
    assert!(path.is_file(), "{} is missing: run `cargo build --release --workspace` first", path.display());
    let mut command = Command::new(path);
    command.current_dir(root());
    command
}

/// A Python peer of `tests/peers`, in the environment that `tests/setup.py` made.
///
/// # Panics
/// If the environment is not there: a peer that cannot run is a failure, not a skip.
pub fn peer(script: &str) -> Command {
    let python = root().join(".deps/venv/bin/python3");
    assert!(python.exists(), "{} is missing: run `python3 tests/setup.py` first", python.display());
    let mut command = Command::new(python);
    command.arg(root().join("tests/peers").join(script)).current_dir(root()).env("CUDA_VISIBLE_DEVICES", "");
    command
}

/// Runs and returns stdout, stderr and the exit code.
///
/// # Panics
/// If it cannot be started or is killed by a signal.
pub fn run(command: &mut Command) -> (String, String, i32) {
    let Output { status, stdout, stderr } = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let code = status.code().unwrap_or_else(|| panic!("{command:?} was killed"));
    (text(stdout), text(stderr), code)
}

/// Runs, expects exit code 0 and one JSON value on stdout.
///
/// # Panics
/// If either is missing.
pub fn json(command: &mut Command) -> serde_json::Value {
    let (stdout, stderr, code) = run(command);
    assert_eq!(code, 0, "{command:?}\n{stdout}\n{stderr}");
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{command:?}: {error}\n{stdout}"))
}

/// Recorded data in `tests/data`.
pub fn data(name: &str) -> PathBuf {
    root().join("tests/data").join(name)
}

/// The mazes that models ship for.
pub const LAYOUTS: [&str; 3] = ["umaze", "medium", "large"];

/// A shipped model.
pub fn model(layout: &str) -> PathBuf {
    root().join(format!("models/maze-{layout}.onnx"))
}

/// ONNX Runtime's library, where `tests/setup.py` puts it.
pub fn onnxruntime() -> PathBuf {
    root().join(".deps/onnxruntime/libonnxruntime.so")
}
