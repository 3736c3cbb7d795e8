//! A planner as one ONNX file that describes and checks itself, and the engines that run it.
//!
//! [`Artefact`] is the file, [`Manifest`] its description, [`Engine`] what computes it. An engine
//! only comes out of [`load_engine`], which has compared the graph with the manifest and run the file's own
//! test vectors.
//!
//! ```no_run
//! use planwright::model::{Artefact, EngineChoice, load_engine};
//!
//! # fn main() -> Result<(), planwright::model::ModelError> {
//! let artefact = Artefact::open("models/maze-umaze.onnx".as_ref())?;
//! let mut engine = load_engine(&artefact, &EngineChoice::default(), 1)?;
//! let horizon = artefact.manifest().horizon;
//! let mut clean = vec![0.0; horizon * 6];
//! engine.run(&[&vec![0.0; horizon * 6], &[10.0]], &mut [&mut clean])?;
//! println!("{}", engine.description());
//! # Ok(())
//! # }
//! ```

mod artefact;
mod backends;
mod builder;
mod contract;
mod corridor_spec;
mod engine;
mod engine_settings;
mod error;
mod family;
mod foreign;
mod goal_force_spec;
mod load;
mod manifest;
mod manifest_check;
mod manifest_entries;
mod manifest_error;
#[cfg(feature = "onnxruntime")]
mod onnxruntime_engine;
#[cfg(feature = "onnxruntime")]
mod onnxruntime_library;
mod policy_spec;
#[cfg(any(test, feature = "onnxruntime"))]
mod probe;
mod protobuf;
mod tract_engine;
mod vector_state;

pub use artefact::{Artefact, MANIFEST_KEY, MAX_FILE_BYTES, SHA256_KEY};
pub use backends::{BackendStatus, backends};
pub use builder::ManifestBuilder;
pub use contract::{CODES, SUPPORT};
pub use corridor_spec::{CORRIDOR_COLUMNS, CorridorSpec};
pub use engine::{Engine, EngineChoice, EngineDescription, EngineKind, EngineNameError, Provider};
pub use engine_settings::EngineSettings;
pub use error::{EngineError, ModelError};
pub use family::{Family, FamilyName, MAX_CANDIDATES, tensors};
pub use foreign::known_kind;
pub(crate) use goal_force_spec::WIND_PARTS;
pub use goal_force_spec::{GoalForceSpec, MOTION_COLUMNS};
pub use load::{SELF_TEST_TOLERANCE, load_engine, relative_difference};
pub use manifest::Manifest;
pub use manifest_entries::{
    Column, ConditionSpec, DenoiserSpec, DiffusionSpec, Dimension, Golden, Normaliser, Parity, Prediction, Provenance,
    QuantitySpec, SolverDefaults, TensorSpec, TransformSpec, WorldSpec,
};
pub use manifest_error::{ManifestError, SCHEMA_VERSION};
pub use policy_spec::{ActionSpec, HeadSpec, POLICY_COLUMNS, PolicySpec, ReturnSpec};
