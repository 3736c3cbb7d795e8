//! Real series that forecasts are measured on and none is trained on. `training/data/series/collect.py` collected them
//! from Python packages that ship them.

use planwright_training::study::StudyError;
use serde::{Deserialize, Serialize};

const SERIES: &str = include_str!("../../../data/series/series.json");

/// A series with how it is measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// Name.
    pub name: String,
    /// Package that ships it, and what is read of it.
    pub source: String,
    /// Licence of the package, and what it says of the data.
    pub licence: String,
    /// Steps after which the season returns; 1 without season.
    pub period: usize,
    /// Steps that are forecast.
    pub horizon: usize,
    /// Values, evenly spaced in time.
    pub values: Vec<f64>,
}

/// What is known of a series, and what is to be forecast.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Task<'s> {
    pub(super) series: &'s Series,
    pub(super) history: &'s [f64],
    pub(super) future: &'s [f64],
}

impl Series {
    /// The first `count` of all series.
    ///
    /// # Errors
    /// If there are fewer.
    pub fn all(count: usize) -> Result<Vec<Self>, StudyError> {
        let mut series: Vec<Self> = serde_json::from_str(SERIES)
            .map_err(|error| StudyError::setting("series.json", "as a list of series", error))?;
        if count > series.len() {
            let expected = format!("of at most {}", series.len());
            return Err(StudyError::setting("series", expected, count));
        }
        series.truncate(count);
        Ok(series)
    }

    /// The last `windows` horizons with all that is known before each, the latest first; fewer where a series has no
    /// two seasons before one.
    pub(super) fn tasks(&self, windows: usize) -> Vec<Task<'_>> {
        let one = |window: usize| {
            let end = self.values.len().checked_sub(window * self.horizon)?;
            let begin = end.checked_sub(self.horizon)?;
            let (history, future) = (self.values.get(..begin)?, self.values.get(begin..end)?);
            (history.len() > 2 * self.period).then_some(Task { series: self, history, future })
        };
        (0..windows).map_while(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::Shared;
    use super::*;

    #[test]
    fn the_series_are_whole() {
        let shared = Shared::table();
        let all = Series::all(shared.series).expect("series");
        let more = Series::all(shared.series + 1).expect_err("the table measures all of them").to_string();
        assert!(more.contains(&format!("of at most {}", shared.series)), "{more}");
        for series in &all {
            let name = &series.name;
            assert!(series.values.iter().all(|value| value.is_finite()), "{name}");
            assert!((1..=shared.lengths.horizon).contains(&series.horizon) && series.period > 0, "{name}");
            assert!(!series.source.is_empty() && !series.licence.is_empty(), "{name}");
            assert_eq!(all.iter().filter(|other| other.name == *name).count(), 1, "{name}");
            let tasks = series.tasks(shared.windows);
            assert_eq!(tasks.len(), shared.windows, "{name}");
            assert!(tasks.iter().all(|task| task.history.len() >= shared.lengths.shortest_context), "{name}");
        }
        let airline = all.iter().find(|series| series.name == "airline").expect("the airline's passengers");
        assert_eq!((airline.values.len(), airline.values[0], airline.values[143]), (144, 112.0, 432.0));
    }

    #[test]
    fn tasks_are_the_last_horizons() {
        let text = |text: &str| text.to_owned();
        let values = (0..10).map(f64::from).collect();
        let (name, source, licence) = (text("a"), text("b"), text("c"));
        let series = Series { name, source, licence, period: 2, horizon: 2, values };
        let tasks = series.tasks(9);
        assert_eq!((tasks[0].history.len(), tasks[0].future), (8, &[8.0, 9.0][..]));
        assert_eq!((tasks[1].history.len(), tasks[1].future), (6, &[6.0, 7.0][..]));
        // Of the third only four values are known, which is no more than two seasons.
        assert_eq!(tasks.len(), 2);
    }
}
