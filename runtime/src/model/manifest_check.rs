//! What must hold in a manifest before anything is planned with it.

use super::manifest::{Dimension, Family, Manifest, QuantitySpec, SCHEMA_VERSION, TensorSpec};
use super::policy_spec::POLICY_COLUMNS;
use crate::diffusion::{NoiseSchedule, ScheduleError};
use crate::world::{Layout, LayoutError};

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

const MAX_HORIZON: usize = 100_000;
/// Largest number of plans that a planner draws at once.
pub const MAX_CANDIDATES: usize = 1_024;
const MAX_COLUMNS: usize = 64;
const MAX_SUPPORT: usize = 1 << 20;
const PLACE_NAMES: [&str; 2] = ["x", "y"];
/// The quantity that the runtime measures on every plan.
const PATH_LENGTH: &str = "path_length";
const COLUMN_NAMES: [&str; 6] = ["action_x", "action_y", "x", "y", "vx", "vy"];

impl Manifest {
    pub(super) fn check(&self) -> Result<(), ManifestError> {
        ensure(!self.name.trim().is_empty(), "name", "a name", "nothing")?;
        let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        let expected: Option<&[&str]> = match self.family {
            Family::MazeDiffusion => Some(&COLUMN_NAMES),
            Family::MazeTransform => Some(&PLACE_NAMES),
            Family::MazePolicy => Some(&POLICY_COLUMNS),
            Family::SequenceDiffusion => None,
        };
        match expected {
            Some(expected) => ensure(names == expected, "columns", format!("{expected:?}"), format!("{names:?}"))?,
            None => ensure(
                (1..=MAX_COLUMNS).contains(&names.len()) && !names.contains(&""),
                "columns",
                format!("1 to {MAX_COLUMNS} names"),
                format!("{names:?}"),
            )?,
        }
        self.check_normaliser()?;
        ensure(
            (2..=MAX_HORIZON).contains(&self.horizon),
            "horizon",
            format!("2 to {MAX_HORIZON} knots"),
            self.horizon,
        )?;
        positive("knot_secs", self.knot_secs)?;
        match &self.world {
            Some(world) => {
                positive("world.radius_m", world.radius_m)?;
                positive("world.max_speed_mps", world.max_speed_mps)?;
                positive("world.max_acceleration_mps2", world.max_acceleration_mps2)?;
                Layout::parse(&world.layout, &world.layout_text)?;
            }
            None => {
                ensure(self.family == Family::SequenceDiffusion, "world", "the world that a planner is for", "none")?;
            }
        }
        self.check_condition()?;
        self.check_transform()?;
        if let Some(quantity) = &self.quantity {
            let figures = [quantity.low, quantity.mean, quantity.high];
            let ordered = figures.iter().all(|value| value.is_finite()) && quantity.low <= quantity.high;
            ensure(ordered, "quantity", "finite figures with low <= high", format!("{figures:?}"))?;
            check_intended(quantity)?;
        }
        self.check_denoiser()?;
        self.check_policy()?;
        self.check_tensors()?;
        self.check_golden()
    }

    fn check_normaliser(&self) -> Result<(), ManifestError> {
        let (low, high) = (&self.normaliser.low, &self.normaliser.high);
        let columns = self.columns.len();
        let sizes = format!("{} low and {} high values", low.len(), high.len());
        ensure(
            low.len() == columns && high.len() == columns,
            "normaliser",
            format!("{columns} low and high values"),
            sizes,
        )?;
        for ((low, high), column) in low.iter().zip(high).zip(&self.columns) {
            ensure(
                low.is_finite() && high.is_finite() && low < high,
                format!("normaliser of {}", column.name),
                "finite values with low < high",
                format!("low {low}, high {high}"),
            )?;
        }
        Ok(())
    }

    fn check_denoiser(&self) -> Result<(), ManifestError> {
        let (diffusion, solver) = match (&self.diffusion, &self.solver) {
            (Some(diffusion), Some(solver)) if self.family != Family::MazePolicy => (diffusion, solver),
            (None, None) if self.family == Family::MazePolicy => return Ok(()),
            (diffusion, _) => {
                let expected = format!("noise and sampler for a denoiser, none for {:?}", Family::MazePolicy);
                let got = format!("{:?} {} noise", self.family, if diffusion.is_some() { "with" } else { "without" });
                return ensure(false, "diffusion", expected, got);
            }
        };
        NoiseSchedule::new(diffusion.schedule, diffusion.steps)?;
        let (trained, steps, candidates) = (diffusion.steps, solver.steps, solver.candidates);
        ensure((1..=trained).contains(&steps), "solver.steps", format!("1 to {trained} steps"), steps)?;
        ensure(
            (1..=MAX_CANDIDATES).contains(&candidates),
            "solver.candidates",
            format!("1 to {MAX_CANDIDATES}"),
            candidates,
        )
    }

    fn check_policy(&self) -> Result<(), ManifestError> {
        let Some(policy) = &self.policy else {
            let free = self.family != Family::MazePolicy;
            return ensure(free, "policy", "context, head, returns and the bins of every action", "none");
        };
        ensure(self.family == Family::MazePolicy, "policy", "none for a denoiser", format!("{:?}", self.family))?;
        let problem = policy.check(self.knot_secs);
        problem.map_err(|(entry, expected, got)| ManifestError::Entry { entry: entry.to_owned(), expected, got })
    }

    fn check_tensors(&self) -> Result<(), ManifestError> {
        if let Some(policy) = &self.policy {
            let [context, columns] = [policy.context, self.columns.len()].map(Dimension::Fixed);
            let outputs = [policy.actions.len(), policy.outputs()].map(Dimension::Fixed);
            check_shapes("inputs", &self.inputs, &[&[Dimension::Batch, context, columns]])?;
            return check_shapes("outputs", &self.outputs, &[&[Dimension::Batch, outputs[0], outputs[1]]]);
        }
        let trajectory = [Dimension::Batch, Dimension::Fixed(self.horizon), Dimension::Fixed(self.columns.len())];
        let mut inputs: Vec<&[Dimension]> = vec![&trajectory, &[Dimension::Batch]];
        let mut outputs: Vec<&[Dimension]> = vec![&trajectory];
        let width = self.condition.as_ref().map(|condition| [Dimension::Batch, Dimension::Fixed(condition.width)]);
        inputs.extend(width.as_ref().map(<[_; 2]>::as_slice));
        let decoded = self.transform.as_ref().map(|transform| {
            let [batch, horizon, columns] = trajectory;
            [batch, Dimension::Fixed(transform.neighbours), horizon, columns]
        });
        if let Some(decoded) = &decoded {
            inputs.push(&trajectory);
            outputs.extend([&decoded[..2], decoded.as_slice()]);
        }
        check_shapes("inputs", &self.inputs, &inputs)?;
        check_shapes("outputs", &self.outputs, &outputs)
    }

    fn check_condition(&self) -> Result<(), ManifestError> {
        let Some(condition) = &self.condition else { return Ok(()) };
        let fits = self.family == Family::SequenceDiffusion && (1..=1024).contains(&condition.width);
        ensure(fits, "condition", "1 to 1024 values for a sequence model", format!("{condition:?}"))?;
        let range = condition.low.is_finite() && condition.high.is_finite() && condition.low < condition.high;
        ensure(range, "condition", "a finite range with low < high", format!("{condition:?}"))?;
        ensure(condition.guidance.is_finite(), "condition.guidance", "a finite weight", condition.guidance)
    }

    fn check_transform(&self) -> Result<(), ManifestError> {
        let Some(transform) = &self.transform else {
            let free = self.family != Family::MazeTransform;
            return ensure(free, "transform", "codes and their decoder", "none");
        };
        let fits = self.family != Family::MazeDiffusion;
        ensure(fits, "transform", "none for a planner of knots", format!("{:?}", self.family))?;
        let support = format!("1 to {MAX_SUPPORT} codes");
        ensure((1..=MAX_SUPPORT).contains(&transform.support), "transform.support", support, transform.support)?;
        let neighbours = format!("1 to {} neighbours, as many as there are codes", transform.support);
        let inside = (1..=transform.support).contains(&transform.neighbours);
        ensure(inside, "transform.neighbours", neighbours, transform.neighbours)?;
        positive("transform.bandwidth_squared", transform.bandwidth_squared)
    }

    fn check_golden(&self) -> Result<(), ManifestError> {
        ensure(!self.golden.is_empty(), "golden", "at least one test vector", "none")?;
        for golden in &self.golden {
            let got: Vec<usize> = golden.inputs.iter().map(Vec::len).collect();
            let expected: Vec<usize> = self.inputs.iter().map(|input| input.len_for(1)).collect();
            ensure(got == expected, "golden.inputs", format!("{expected:?} values"), format!("{got:?}"))?;
            let expected = self.outputs[0].len_for(1);
            ensure(
                golden.output.len() == expected,
                "golden.output",
                format!("{expected} values"),
                golden.output.len(),
            )?;
            let finite = golden.inputs.iter().flatten().chain(&golden.output).all(|value| value.is_finite());
            ensure(finite, "golden", "finite values", "NaN or infinity")?;
        }
        Ok(())
    }
}

/// The masses themselves have been checked when they were read.
fn check_intended(quantity: &QuantitySpec) -> Result<(), ManifestError> {
    let Some(intended) = &quantity.intended else { return Ok(()) };
    let measured = quantity.name == PATH_LENGTH && quantity.unit == "m";
    let got = format!("{} in {}", quantity.name, quantity.unit);
    ensure(measured, "quantity.intended", format!("a distribution of {PATH_LENGTH} in m"), got)?;
    // Nothing in common means another unit or another quantity.
    let grid = intended.grid();
    ensure(
        grid.low() <= quantity.high && grid.high() >= quantity.low,
        "quantity.intended",
        format!("a range that meets the data's, {} to {}", quantity.low, quantity.high),
        format!("{} to {}", grid.low(), grid.high()),
    )
}

fn check_shapes(entry: &str, tensors: &[TensorSpec], expected: &[&[Dimension]]) -> Result<(), ManifestError> {
    let got: Vec<&[Dimension]> = tensors.iter().map(|tensor| tensor.shape.as_slice()).collect();
    ensure(got == expected, entry, format!("shapes {expected:?}"), format!("{got:?}"))
}

fn positive(entry: &str, value: f64) -> Result<(), ManifestError> {
    ensure(value > 0.0 && value.is_finite(), entry, "a number above 0", value)
}

fn ensure(
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::probe::test_manifest;
    use serde_json::json;

    fn edited(edit: impl FnOnce(&mut serde_json::Value)) -> Result<Manifest, ManifestError> {
        let mut json = serde_json::to_value(test_manifest()).unwrap();
        edit(&mut json);
        Manifest::from_json(&serde_json::to_vec(&json).unwrap())
    }

    #[test]
    fn a_manifest_comes_back_as_it_was() {
        let manifest = test_manifest();
        assert_eq!(Manifest::from_json(&manifest.to_json().unwrap()).unwrap(), manifest);
        let json = serde_json::to_value(&manifest).unwrap();
        assert_eq!(json["inputs"][0]["shape"], json!(["batch", 4, 6]));
        assert_eq!(json["family"], "maze-diffusion");
        assert_eq!(json["diffusion"]["prediction"], "clean-sample");
    }

    #[test]
    fn a_model_without_normaliser_is_refused() {
        let missing = edited(|json| drop(json.as_object_mut().unwrap().remove("normaliser")));
        assert!(matches!(missing, Err(ManifestError::NoNormaliser)), "{missing:?}");
        let null = edited(|json| json["normaliser"] = json!(null));
        assert!(matches!(null, Err(ManifestError::NoNormaliser)), "{null:?}");
    }

    #[test]
    fn an_unknown_version_is_refused_before_anything_else() {
        let future = Manifest::from_json(br#"{"schema_version": 2, "something": "new"}"#);
        assert!(matches!(future, Err(ManifestError::SchemaVersion { got: Some(2) })), "{future:?}");
        let none = Manifest::from_json(b"{}");
        assert!(matches!(none, Err(ManifestError::SchemaVersion { got: None })), "{none:?}");
    }

    #[test]
    fn values_without_sense_are_named() {
        type Edit = fn(&mut serde_json::Value);
        let edits: [(&str, Edit); 15] = [
            ("normaliser of vx", |json| json["normaliser"]["high"][4] = json["normaliser"]["low"][4].clone()),
            ("normaliser", |json| json["normaliser"]["low"] = json!([0.0])),
            ("columns", |json| json["columns"][0]["name"] = json!("x")),
            ("diffusion", |json| json["diffusion"]["steps"] = json!(0)),
            ("horizon", |json| json["horizon"] = json!(1)),
            ("knot_secs", |json| json["knot_secs"] = json!(-0.01)),
            ("world.radius_m", |json| json["world"]["radius_m"] = json!(0)),
            ("world.layout_text", |json| json["world"]["layout_text"] = json!("###")),
            ("quantity", |json| json["quantity"]["low"] = json!(1e9)),
            ("quantity.intended", |json| {
                json["quantity"]["intended"] = json!({"low": 20.0, "high": 60.0, "mass": [1.0]});
            }),
            ("quantity.intended", |json| {
                json["quantity"]["intended"] = json!({"low": 2.0, "high": 6.0, "mass": [1.0]});
                json["quantity"]["name"] = json!("energy");
            }),
            ("solver.steps", |json| json["solver"]["steps"] = json!(10_000)),
            ("inputs", |json| json["inputs"][0]["shape"] = json!(["batch", 6, 4])),
            ("golden.output", |json| json["golden"][0]["output"] = json!([1.0])),
            ("golden", |json| json["golden"] = json!([])),
        ];
        for (entry, edit) in edits {
            let error = edited(edit).expect_err(entry).to_string();
            assert!(error.contains(&format!("`{entry}`")), "{entry}: {error}");
        }
    }

    #[test]
    fn an_intended_distribution_is_optional_and_comes_back() {
        assert_eq!(test_manifest().intended(), None);
        let written = serde_json::to_value(test_manifest()).unwrap();
        assert!(written["quantity"].get("intended").is_none(), "a model without it stays as it was");
        let with = edited(|json| {
            json["quantity"]["intended"] = json!({"low": 2.0, "high": 6.0, "mass": [0.1, 0.2, 0.4]});
        })
        .unwrap();
        assert_eq!(with.intended().map(|intended| intended.grid().cells()), Some(3));
        assert_eq!(Manifest::from_json(&with.to_json().unwrap()).unwrap(), with);
    }

    #[test]
    fn unknown_words_and_entries_are_refused() {
        for edit in [
            (|json| json["family"] = json!("teleport")) as fn(&mut serde_json::Value),
            |json| json["extra"] = json!(1),
            |json| json["inputs"][0]["shape"] = json!(["time", 4, 6]),
            |json| json["solver"]["solver"] = json!("euler"),
            |json| json["quantity"]["intended"] = json!({"low": 2.0, "high": 6.0, "mass": [1.0, -1.0]}),
            |json| json["quantity"]["intended"] = json!({"low": 6.0, "high": 2.0, "mass": [1.0]}),
        ] {
            assert!(matches!(edited(edit), Err(ManifestError::Json(_))));
        }
    }

    #[test]
    fn a_normaliser_that_is_nan_cannot_be_written() {
        let mut manifest = test_manifest();
        manifest.normaliser.low[0] = f32::NAN;
        assert!(manifest.to_json().is_err());
    }

    #[test]
    fn the_schema_names_every_entry() {
        let schema = Manifest::json_schema();
        let entries = serde_json::to_value(test_manifest()).unwrap();
        for entry in entries.as_object().unwrap().keys() {
            assert!(schema["properties"].get(entry).is_some(), "{entry}");
        }
    }
}
