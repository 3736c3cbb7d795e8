//! The distribution that a quantity should have over many plans.

use super::grid::{QuantityError, QuantityGrid};
use super::marginal::Marginal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// An intended distribution, in the quantity's own unit: even bins over a range, and a mass for each.
///
/// As JSON `{"low": 2, "high": 6, "mass": [1, 1, 2]}`; the masses are scaled to sum to one. As text
/// `uniform:LOW:HIGH`, `uniform:LOW:HIGH:BINS`, or the JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "IntendedJson", into = "IntendedJson")]
#[schemars(with = "IntendedJson")]
pub struct Intended {
    marginal: Marginal,
    /// As they were given: what is read and written again stays the same to the last digit.
    weights: Vec<f64>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Intended")]
struct IntendedJson {
    /// Lower end of the first bin.
    low: f64,
    /// Upper end of the last bin.
    high: f64,
    /// Mass per bin, at least 0; scaled to sum to one.
    mass: Vec<f64>,
}

/// Why something is no intended distribution.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum IntendedError {
    /// A range or a mass that is none.
    #[error(transparent)]
    Quantity(#[from] QuantityError),
    /// More bins than can be watched.
    #[error("expected between 1 and {max} bins, got {bins}", max = Intended::MAX_BINS)]
    Bins {
        /// How many.
        bins: usize,
    },
    /// An empty text.
    #[error(
        "expected an intended distribution, got '{text}'{}\nhint: uniform:LOW:HIGH, uniform:LOW:HIGH:BINS, or JSON such as {{\"low\": 2, \"high\": 6, \"mass\": [1, 1, 2]}}",
        if .problem.is_empty() { String::new() } else { format!(": {problem}") }
    )]
    Text {
        /// The text.
        text: String,
        /// What is wrong with it, where more is known.
        problem: String,
    },
}

impl Intended {
    /// No number of plans that a robot makes resolves more bins than this.
    pub const MAX_BINS: usize = 256;
    /// Bins by default.
    pub const DEFAULT_BINS: usize = 16;

    /// Any masses over even bins from `low` to `high`; they are scaled to sum to one.
    ///
    /// # Errors
    /// If there is no range, no bin or too many, or a mass that is none.
    pub fn new(low: f64, high: f64, mass: Vec<f64>) -> Result<Self, IntendedError> {
        if !(1..=Self::MAX_BINS).contains(&mass.len()) {
            return Err(IntendedError::Bins { bins: mass.len() });
        }
        let grid = QuantityGrid::new(low, high, mass.len())?;
        let marginal = Marginal::from_weights(grid, mass.clone())?;
        Ok(Self { marginal, weights: mass })
    }

    /// The same mass in every bin from `low` to `high`.
    ///
    /// # Errors
    /// If there is no range, no bin or too many.
    pub fn uniform(low: f64, high: f64, bins: usize) -> Result<Self, IntendedError> {
        // Checked before so many masses are made.
        if !(1..=Self::MAX_BINS).contains(&bins) {
            return Err(IntendedError::Bins { bins });
        }
        Self::new(low, high, vec![1.0 / bins as f64; bins])
    }

    /// The masses over their cells.
    pub fn marginal(&self) -> &Marginal {
        &self.marginal
    }

    /// The bins.
    pub fn grid(&self) -> QuantityGrid {
        self.marginal.grid()
    }
}

impl TryFrom<IntendedJson> for Intended {
    type Error = IntendedError;

    fn try_from(json: IntendedJson) -> Result<Self, IntendedError> {
        Self::new(json.low, json.high, json.mass)
    }
}

impl From<Intended> for IntendedJson {
    fn from(intended: Intended) -> Self {
        let grid = intended.grid();
        Self { low: grid.low(), high: grid.high(), mass: intended.weights }
    }
}

impl FromStr for Intended {
    type Err = IntendedError;

    fn from_str(text: &str) -> Result<Self, IntendedError> {
        let text = text.trim();
        let wrong = |problem: String| IntendedError::Text { text: text.to_owned(), problem };
        if text.starts_with('{') {
            return serde_json::from_str(text).map_err(|error| wrong(error.to_string()));
        }
        let unknown = || wrong(String::new());
        let parts: Vec<&str> = text.split(':').map(str::trim).collect();
        let number = |part: &str| part.parse::<f64>().map_err(|_| unknown());
        match parts.as_slice() {
            ["uniform", low, high] => Self::uniform(number(low)?, number(high)?, Self::DEFAULT_BINS),
            ["uniform", low, high, bins] => {
                Self::uniform(number(low)?, number(high)?, bins.parse().map_err(|_| unknown())?)
            }
            _ => Err(unknown()),
        }
    }
}

/// Whose intended distribution is held against the plans.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum IntendedChoice {
    /// The model's own, if it has one. As text: nothing, or `model`.
    #[default]
    Model,
    /// None: nothing is watched. As text `none`.
    Off,
    /// This one. As text: what [`Intended`] reads.
    Given(Intended),
}

impl IntendedChoice {
    /// The distribution, given the model's own.
    pub fn resolve(self, of_model: Option<&Intended>) -> Option<Intended> {
        match self {
            Self::Model => of_model.cloned(),
            Self::Off => None,
            Self::Given(intended) => Some(intended),
        }
    }
}

impl FromStr for IntendedChoice {
    type Err = IntendedError;

    fn from_str(text: &str) -> Result<Self, IntendedError> {
        match text.trim() {
            "" | "model" => Ok(Self::Model),
            "none" => Ok(Self::Off),
            other => other.parse().map(Self::Given),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_json_mean_the_same() {
        let even = Intended::uniform(2.0, 6.0, 4).expect("a range");
        assert_eq!("uniform:2:6:4".parse(), Ok(even.clone()));
        assert_eq!(r#"{"low": 2, "high": 6, "mass": [0.25, 0.25, 0.25, 0.25]}"#.parse(), Ok(even.clone()));
        assert_eq!("uniform: 2 : 6".parse::<Intended>().map(|text| text.grid().cells()), Ok(Intended::DEFAULT_BINS));
        assert_eq!(even.marginal().mass(), [0.25; 4]);
        let json = serde_json::to_value(&even).expect("plain data");
        assert_eq!(json, serde_json::json!({"low": 2.0, "high": 6.0, "mass": [0.25, 0.25, 0.25, 0.25]}));
    }

    #[test]
    fn masses_are_scaled_and_come_back_as_they_were() {
        let intended = Intended::new(0.0, 3.0, vec![0.1, 0.2, 0.4]).expect("masses");
        assert!((intended.marginal().mass().iter().sum::<f64>() - 1.0).abs() < 1e-15);
        let text = serde_json::to_string(&intended).expect("plain data");
        assert_eq!(text.parse(), Ok(intended));
    }

    #[test]
    fn what_is_no_distribution_is_refused_in_a_line() {
        for text in [
            "uniform",
            "uniform:2",
            "uniform:6:2",
            "uniform:nan:2",
            "uniform:1:2:0",
            "uniform:1:2:257",
            "uniform:1:2:1.5",
            "uniform:1:2:18446744073709551615",
            "normal:1:2",
            r#"{"low": 2, "high": 6, "mass": []}"#,
            r#"{"low": 2, "high": 6, "mass": [0, 0]}"#,
            r#"{"low": 2, "high": 6, "mass": [1, -1]}"#,
            r#"{"low": 2, "high": 6, "mass": [1, null]}"#,
            r#"{"low": 2, "high": 6, "mass": [1e308, 1e308]}"#,
            r#"{"low": 6, "high": 6, "mass": [1]}"#,
            r#"{"low": 2, "high": 6, "mass": [1], "unit": "m"}"#,
        ] {
            let message = text.parse::<Intended>().expect_err(text).to_string();
            assert!(message.starts_with("expected"), "{text}: {message}");
        }
    }

    #[test]
    fn a_choice_is_the_models_none_or_another() {
        let own = Intended::uniform(1.0, 2.0, 4).expect("a range");
        let resolve = |text: &str| text.parse::<IntendedChoice>().map(|choice| choice.resolve(Some(&own)));
        assert_eq!(resolve(""), Ok(Some(own.clone())));
        assert_eq!(resolve("none"), Ok(None));
        assert_eq!(resolve("uniform:2:6").map(|other| other.is_some_and(|other| other != own)), Ok(true));
        assert!(matches!(resolve("nothing"), Err(error) if error.to_string().starts_with("expected")));
        assert_eq!(IntendedChoice::Model.resolve(None), None);
    }
}
