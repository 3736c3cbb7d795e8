//! Forecasting with tokens: the Chronos recipe at a size that trains on one core (thesis table A5).
//!
//! Trained on synthetic series alone (Gaussian processes and mixtures of them; the published mixtures are of real
//! series, which are kept for measuring here), measured on real series that were never seen. Linear and Fourier heads
//! share network, data, seeds and steps.

mod checkpoint;
mod decode;
mod evaluate;
mod kernels;
mod loss;
mod metrics;
mod model;
mod network;
mod pool;
mod published;
mod report;
mod run;
mod series;
mod settings;
mod table;
mod tokens;
mod train;

pub use evaluate::Example;
pub use metrics::{Scores, SeriesScore};
pub use pool::Pool;
pub use published::{PublishedRow, published};
pub use run::{ForecastCell, ForecastResult};
pub use series::Series;
pub use settings::{BinningKind, ForecastHead, ForecastSettings, Lengths, PoolSettings, Shared, Sizes, Variant};
pub use table::{ForecastComparison, ForecastRow, ForecastTable, Measured, forecast_table};

use clap::Args;
use planwright_training::study::{Request, Results, Section, Shown, Study, StudyError};

/// Which rows.
#[derive(Args, Clone, Debug, Default)]
pub struct ForecastOptions {
    /// Rows of the table by their names, separated by commas (default: all)
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    head: Vec<String>,
}

/// The study.
pub struct Forecast;

impl Study for Forecast {
    const NAME: &'static str = "forecast";
    const ABOUT: &'static str = "Forecasts by tokens under each head, trained on synthetic series (table A5)";
    const SIZES: &'static [&'static str] = &["table", "quick"];
    const FOLDER: &'static str = "fourier-forecast";
    const EXAMPLES: &'static str = "\
Examples:
  planwright-study run forecast --json
  planwright-study run forecast --head linear,fourier-550 --seeds 1
  planwright-study run forecast --size quick

Trained on synthetic series, measured on real ones that were never seen. A run of the table takes some minutes on one
core; a fit that was cut off continues from its checkpoint. The numbers of size quick mean nothing.";
    type Options = ForecastOptions;
    type Cell = ForecastCell;

    fn cells(&self, request: &Request<ForecastOptions>) -> Result<Vec<ForecastCell>, StudyError> {
        let shared = if request.size == "quick" { Shared::quick() } else { Shared::table() };
        let rows = Variant::rows(&shared.frequencies());
        let one = |name: &String| {
            let names = || rows.iter().map(Variant::name).collect::<Vec<String>>().join(", ");
            let wrong = || StudyError::setting("--head", format!("as one of {}", names()), name);
            rows.iter().find(|variant| variant.name() == *name).copied().ok_or_else(wrong)
        };
        let chosen: Vec<Variant> = request.options.head.iter().map(one).collect::<Result<_, _>>()?;
        let variants = if chosen.is_empty() { rows } else { chosen };
        let seeds = request.seeds_or(&ForecastSettings::SEEDS);
        Ok(ForecastCell::all(ForecastSettings::all(&shared, &variants, &seeds)?))
    }

    fn table(&self, request: &Request<ForecastOptions>, done: &Results<Self>) -> Result<Shown, StudyError> {
        let table = forecast_table(&done.results, &request.command)?;
        Shown::of(&table, table::forecast_text(&table))
    }

    fn section(&self, request: &Request<ForecastOptions>, done: &Results<Self>) -> Result<Section, StudyError> {
        let table = forecast_table(&done.results, &request.command)?;
        Ok(report::section(&done.results, &table)?.incomplete(done.missing.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;

    fn cells(line: &str) -> Result<Vec<ForecastCell>, StudyError> {
        Forecast.cells(&conformance::request(&Forecast, line)?)
    }

    #[test]
    fn flags_choose_the_runs() {
        let count = |line: &str| cells(line).map(|cells| cells.len()).ok();
        assert_eq!((count(""), count("--size quick")), (Some(7 * 2), Some(7 * 2)));
        assert_eq!(count("--head linear,fourier-64"), Some(4));
        let text = cells("--head spline").expect_err("no such head").to_string();
        assert!(text.starts_with("expected --head as one of linear, fourier-64, ") && text.ends_with("got spline"));
    }
}
