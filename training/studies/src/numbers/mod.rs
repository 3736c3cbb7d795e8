//! A small model that is asked for Gaussian numbers: it reads a mean, a deviation and up to nine numbers, and answers
//! with the next one, two decimals long (thesis section 2.3.2, appendix A.10.4, figures 2.3 and A23).
//!
//! The published model is a language model of eight billion parameters. Here a network of some ten thousand reads the
//! same prompts as numbers and starts from nothing, so that there is no counterpart to the untuned language model. What
//! can be compared are the endings: free logits, a Fourier density, or text that is written token by token.

mod figure;
mod metrics;
mod network;
mod report;
mod run;
mod settings;
mod table;
mod task;
mod text;
mod train;

pub use metrics::NumberMetrics;
pub use report::section;
pub use run::{NumberResult, read_done, run_all};
pub use settings::{NumberHead, NumberPlan, NumberSettings};
pub use table::{NumberComparison, NumberRow, NumberTable, PUBLISHED_GAIN, table, text};
pub use task::{Gaussian, Prompt};
pub use text::TextForm;
