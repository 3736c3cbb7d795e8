//! A policy's entries in the manifest: history, head, actions.

use crate::density::Binning;
use crate::world::STEP_SECS;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What one step of a policy's history holds, in order. `known` is 1 for a step that was, 0 before the first; the values
/// of an unknown step are those that the normaliser maps to 0, and its `known` is the low end.
pub const POLICY_COLUMNS: [&str; 10] =
    ["x", "y", "vx", "vy", "goal_x", "goal_y", "return_to_go", "action_x", "action_y", "known"];

const MAX_CONTEXT: usize = 1024;
const MAX_CONTROL_STEPS: usize = 1000;
const ACTIONS: [&str; 2] = ["action_x", "action_y"];

/// How the outputs of a policy become actions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicySpec {
    /// Steps of history that the network sees: a fixed window, the newest step last; there is no cache between calls.
    pub context: usize,
    /// What the outputs of a coordinate are.
    pub head: HeadSpec,
    /// One entry per action coordinate, with its bins.
    pub actions: Vec<ActionSpec>,
    /// The returns of the data.
    pub returns: ReturnSpec,
    /// Steps of the world for which an action is held.
    pub control_steps: usize,
}

/// Output of a head for one coordinate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum HeadSpec {
    /// 2 (N + 1) activations: real parts, then imaginary parts, of the coefficients whose autocorrelation is the
    /// Fourier series of the density.
    Fourier {
        /// Frequencies N.
        frequencies: usize,
    },
    /// One logit per bin.
    Categorical {},
}

impl std::fmt::Display for HeadSpec {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fourier { frequencies } => write!(out, "Fourier head with {frequencies} frequencies"),
            Self::Categorical {} => write!(out, "linear head"),
        }
    }
}

/// One action coordinate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActionSpec {
    /// `action_x`, `action_y`.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// Its range and bins.
    pub bins: Binning,
}

/// Target returns that a policy accepts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnSpec {
    /// Smallest return to go in the data.
    pub low: f64,
    /// Largest return to go in the data.
    pub high: f64,
    /// Default target return at the start of an episode.
    pub target: f64,
}

impl PolicySpec {
    /// Values of the head per coordinate.
    pub fn outputs(&self) -> usize {
        match self.head {
            HeadSpec::Fourier { frequencies } => 2 * (frequencies + 1),
            HeadSpec::Categorical {} => self.actions.first().map_or(0, |action| action.bins.bins()),
        }
    }

    /// The first entry without sense: its name, expected, got.
    pub(super) fn check(&self, knot_secs: f64) -> Result<(), (&'static str, String, String)> {
        let wrong = |entry, expected: String, got: String| Err((entry, expected, got));
        if !(1..=MAX_CONTEXT).contains(&self.context) {
            return wrong("policy.context", format!("1 to {MAX_CONTEXT} steps"), self.context.to_string());
        }
        let names: Vec<&str> = self.actions.iter().map(|action| action.name.as_str()).collect();
        if names != ACTIONS {
            return wrong("policy.actions", format!("{ACTIONS:?}"), format!("{names:?}"));
        }
        let bins: Vec<usize> = self.actions.iter().map(|action| action.bins.bins()).collect();
        let fewest = bins.iter().copied().min().unwrap_or(0);
        match self.head {
            HeadSpec::Fourier { frequencies } if !(1..=fewest / 2).contains(&frequencies) => {
                let expected = format!("1 to {} frequencies, half of the bins", fewest / 2);
                return wrong("policy.head", expected, frequencies.to_string());
            }
            HeadSpec::Categorical {} if bins.iter().any(|count| *count != fewest) => {
                return wrong("policy.actions", "as many bins for every action".to_owned(), format!("{bins:?}"));
            }
            _ => {}
        }
        let ReturnSpec { low, high, target } = self.returns;
        if !([low, high, target].iter().all(|value| value.is_finite()) && low <= high) {
            return wrong(
                "policy.returns",
                "finite figures with low <= high".to_owned(),
                format!("{:?}", self.returns),
            );
        }
        let period_secs = self.control_steps as f64 * STEP_SECS;
        if !((1..=MAX_CONTROL_STEPS).contains(&self.control_steps) && (knot_secs - period_secs).abs() < 1e-9) {
            let expected = format!("knot_secs / {STEP_SECS}");
            return wrong("policy.control_steps", expected, self.control_steps.to_string());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::probe::test_manifest;
    use crate::model::{Manifest, ManifestError};
    use serde_json::{Value, json};

    /// A policy of two steps of history and three frequencies.
    fn manifest() -> Value {
        let columns = POLICY_COLUMNS.map(|name| json!({"name": name, "unit": "1", "frame": "maze"}));
        let action = |name: &str| json!({"name": name, "unit": "1", "bins": {"low": -1.0, "high": 1.0, "bins": 50}});
        json!({
            "schema_version": 1, "name": "probe", "family": "maze-policy",
            "inputs": [{"name": "history", "shape": ["batch", 2, 10], "unit": "1", "frame": "maze"}],
            "outputs": [{"name": "head", "shape": ["batch", 2, 8], "unit": "1", "frame": ""}],
            "columns": columns,
            "normaliser": {"low": vec![-1.0; 10], "high": vec![1.0; 10]},
            "policy": {
                "context": 2, "head": {"fourier": {"frequencies": 3}}, "actions": [action("action_x"), action("action_y")],
                "returns": {"low": 0.0, "high": 20.0, "target": 20.0}, "control_steps": 4,
            },
            "horizon": 4, "knot_secs": 0.04,
        })
    }

    fn drop_entry(json: &mut Value, entry: &str) {
        if let Some(entries) = json.as_object_mut() {
            entries.remove(entry);
        }
    }

    /// The entry that a changed manifest is refused for, and the first line of why.
    fn refused(edit: impl FnOnce(&mut Value)) -> (String, String) {
        let mut json = serde_json::to_value(test_manifest()).expect("a manifest");
        for (entry, value) in manifest().as_object().into_iter().flatten() {
            json[entry] = value.clone();
        }
        drop_entry(&mut json, "diffusion");
        drop_entry(&mut json, "solver");
        json["golden"] = json!([{"inputs": [vec![0.1; 20]], "output": vec![0.1; 16]}]);
        edit(&mut json);
        let read = Manifest::from_json(&serde_json::to_vec(&json).expect("JSON"));
        let entry = match &read {
            Ok(_) => "none".to_owned(),
            Err(ManifestError::Entry { entry, .. }) => entry.clone(),
            Err(_) => "other".to_owned(),
        };
        let text = read.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(text.lines().skip(1).all(|line| line.starts_with("hint: ")), "{text}");
        (entry, text.lines().next().unwrap_or_default().to_owned())
    }

    #[test]
    fn a_policy_with_all_its_entries_is_read() {
        assert_eq!(refused(|_| {}), ("none".to_owned(), String::new()));
    }

    #[test]
    fn each_bad_entry_gives_one_line() {
        type Edit = fn(&mut Value);
        let edits: [(&str, &str, Edit); 8] = [
            ("policy.head", "expected 1 to 25 frequencies, half of the bins, got 0", |json| {
                json["policy"]["head"]["fourier"]["frequencies"] = json!(0);
            }),
            ("policy.head", "expected 1 to 25 frequencies, half of the bins, got 26", |json| {
                json["policy"]["head"]["fourier"]["frequencies"] = json!(26);
            }),
            ("policy.context", "expected 1 to 1024 steps, got 0", |json| json["policy"]["context"] = json!(0)),
            ("inputs", "expected shapes [[Batch, Fixed(3), Fixed(10)]], got [[Batch, Fixed(2), Fixed(10)]]", |json| {
                json["policy"]["context"] = json!(3);
            }),
            ("policy", "expected context, head, returns and the bins of every action, got none", |json| {
                drop_entry(json, "policy");
            }),
            ("policy.actions", r#"expected ["action_x", "action_y"], got []"#, |json| {
                json["policy"]["actions"] = json!([]);
            }),
            ("other", "missing field `bins`", |json| {
                drop_entry(&mut json["policy"]["actions"][1], "bins");
            }),
            ("other", "expected between 1 and 65536 bins, got 0", |json| {
                json["policy"]["actions"][0]["bins"]["bins"] = json!(0);
            }),
        ];
        for (entry, expected, edit) in edits {
            let (named, line) = refused(edit);
            assert_eq!(named, entry, "{line}");
            assert!(line.contains(expected), "{line}");
        }
    }
}
