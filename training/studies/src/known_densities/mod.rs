//! Three distributions that are known exactly, learnt by one small network under different heads (thesis tables 2.1, A2,
//! A3 and A4, figures A19 and A20).
//!
//! The recipe is the published one; the random numbers are this project's own, so that seeds name other draws than the
//! published ones do. Runs of equal shape are trained side by side as lanes of the same tensors.

mod data;
mod figure;
mod metrics;
mod network;
mod published;
mod report;
mod run;
mod settings;
mod table;
mod train;

pub use data::ToyData;
pub use metrics::{Pooled, ToyMetrics};
pub use published::{PublishedCell, published};
pub use report::section;
pub use run::{ToyDone, ToyExample, ToyResult, read_done, run_all};
pub use settings::{Dataset, Task, ToyHead, ToyPlan, ToySettings};
pub use table::{Comparison, ToyRow, ToyTable, table, text};
