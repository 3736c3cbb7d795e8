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
pub use report::section;
pub use run::{ForecastResult, ForecastRunOptions, read_done, run_forecasts};
pub use series::Series;
pub use settings::{
    BinningKind, ForecastHead, ForecastPlan, ForecastSettings, Lengths, PoolSettings, Shared, Sizes, Variant,
};
pub use table::{ForecastCell, ForecastComparison, ForecastRow, ForecastTable, forecast_table, forecast_text};
