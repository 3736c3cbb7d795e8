//! What must hold in a manifest before anything is planned with it.

use super::manifest::Manifest;
use super::manifest_entries::{Dimension, QuantitySpec, TensorSpec};
use super::manifest_error::{ManifestError, ensure, positive};

const MAX_HORIZON: usize = 100_000;
/// The quantity that the runtime measures on every plan.
const PATH_LENGTH: &str = "path_length";

impl Manifest {
    pub(super) fn check(&self) -> Result<(), ManifestError> {
        ensure(!self.name.trim().is_empty(), "name", "a name", "nothing")?;
        let knots = format!("2 to {MAX_HORIZON} knots");
        ensure((2..=MAX_HORIZON).contains(&self.horizon), "horizon", knots, self.horizon)?;
        positive("knot_secs", self.knot_secs)?;
        self.family.check(&self.columns, self.knot_secs)?;
        self.check_normaliser()?;
        if let Some(quantity) = &self.quantity {
            let figures = [quantity.low, quantity.mean, quantity.high];
            let ordered = figures.iter().all(|value| value.is_finite()) && quantity.low <= quantity.high;
            ensure(ordered, "quantity", "finite figures with low <= high", format!("{figures:?}"))?;
            check_intended(quantity)?;
        }
        let (inputs, outputs) = self.family.tensors(self.horizon, &self.columns);
        check_shapes("inputs", &self.inputs, &inputs)?;
        check_shapes("outputs", &self.outputs, &outputs)?;
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

fn check_shapes(entry: &str, got: &[TensorSpec], expected: &[TensorSpec]) -> Result<(), ManifestError> {
    let shapes = |specs: &[TensorSpec]| specs.iter().map(|spec| spec.shape.clone()).collect::<Vec<Vec<Dimension>>>();
    let (got, expected) = (shapes(got), shapes(expected));
    ensure(got == expected, entry, format!("shapes {expected:?}"), format!("{got:?}"))
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
        assert!(matches!(manifest.to_json(), Err(ManifestError::Json(_))));
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
