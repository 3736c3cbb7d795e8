//! Why a manifest cannot be used, and the checks of single values.

use crate::diffusion::ScheduleError;
use crate::world::LayoutError;

/// The version of the manifest that this library reads and writes.
pub const SCHEMA_VERSION: u32 = 1;

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// No JSON, a missing or unknown entry, or a value of another type.
    #[error("expected a planwright manifest, got {0}\nhint: export the model again with `planwright-train export`")]
    Json(#[from] serde_json::Error),
    /// Written by a newer or an unknown program.
    #[error("expected manifest version {SCHEMA_VERSION}, got {}\nhint: use the planwright that wrote the model, or export it again", .got.map_or("none".to_owned(), |got| got.to_string()))]
    SchemaVersion {
        /// The version found, if any.
        got: Option<u32>,
    },
    /// Without it every plan would be in wrong units.
    #[error(
        "expected a normaliser (the smallest and largest value per column), got none\nhint: export the model again with `planwright-train export`"
    )]
    NoNormaliser,
    /// A value that makes no sense.
    #[error(
        "manifest entry `{entry}`: expected {expected}, got {got}\nhint: export the model again with `planwright-train export`"
    )]
    Entry {
        /// Which entry.
        entry: String,
        /// What it should be.
        expected: String,
        /// What it is.
        got: String,
    },
    /// The noise schedule.
    #[error("manifest entry `diffusion`: {0}")]
    Schedule(#[from] ScheduleError),
    /// The map.
    #[error("manifest entry `world.layout_text`: {0}")]
    Layout(#[from] LayoutError),
}

pub(super) fn positive(entry: &str, value: f64) -> Result<(), ManifestError> {
    ensure(value > 0.0 && value.is_finite(), entry, "a number above 0", value)
}

pub(super) fn ensure(
    holds: bool,
    entry: impl Into<String>,
    expected: impl Into<String>,
    got: impl ToString,
) -> Result<(), ManifestError> {
    if holds {
        return Ok(());
    }
    Err(ManifestError::Entry { entry: entry.into(), expected: expected.into(), got: got.to_string() })
}
