//! A framework for experiments over cells and seeds: results that resume, tables beside published values, reports.
//!
//! A study is a grid of [`Cell`]s (a head, a data set, a seed; a generation of a loop). [`run_cells`] makes those that
//! have no result in the [`Store`], in batches of the same shape, for one [`Shard`] of a job array. A [`Study`] adds
//! arguments, a table and a section of a report; a [`Registry`] of studies is a command.
//!
//! How a study is written: one type of cells, one type of results, one [`Study`], one line in the registry.
//!
//! ```
//! use clap::Args;
//! use planwright_training::statistics::Summary;
//! use planwright_training::study::{Bench, Cell, Registry, Request, Results, Section, Shown, Study, StudyError, Table};
//! use serde::{Deserialize, Serialize};
//! use std::borrow::Cow;
//!
//! /// Everything that determines a result.
//! #[derive(Clone, Serialize)]
//! struct Walk { steps: usize, seed: u64 }
//!
//! #[derive(Serialize, Deserialize)]
//! struct Distance { settings_sha256: String, metres: f64 }
//!
//! impl Cell for Walk {
//!     type Output = Distance;
//!     fn path(&self) -> String { format!("steps-{}/seed-{}", self.steps, self.seed) }
//!     fn sha256(&self) -> String { planwright_training::recipe::content_sha256(self) }
//!     fn sha256_of(output: &Distance) -> Cow<'_, str> { Cow::Borrowed(&output.settings_sha256) }
//!     fn run(&self, _bench: &Bench<'_>) -> Result<Distance, StudyError> {
//!         let metres = (self.steps as f64).sqrt() + self.seed as f64;
//!         Ok(Distance { settings_sha256: self.sha256(), metres })
//!     }
//! }
//!
//! #[derive(Args, Clone, Debug)]
//! struct Options {
//!     /// Steps of a walk
//!     #[arg(long, default_value_t = 100)]
//!     steps: usize,
//! }
//!
//! struct Walks;
//!
//! impl Study for Walks {
//!     const NAME: &'static str = "walks";
//!     const ABOUT: &'static str = "How far random walks lead";
//!     const SIZES: &'static [&'static str] = &["table"];
//!     type Options = Options;
//!     type Cell = Walk;
//!
//!     fn cells(&self, request: &Request<Options>) -> Result<Vec<Walk>, StudyError> {
//!         let steps = request.options.steps;
//!         if steps == 0 {
//!             return Err(StudyError::setting("steps", "above 0", steps));
//!         }
//!         Ok(request.seeds_or(&[1, 2]).into_iter().map(|seed| Walk { steps, seed }).collect())
//!     }
//!
//!     fn table(&self, _: &Request<Options>, done: &Results<Self>) -> Result<Shown, StudyError> {
//!         let metres: Vec<f64> = done.results.iter().map(|result| result.metres).collect();
//!         let mut table = Table::new(["seeds", "metres"]);
//!         table.row([metres.len().to_string(), Summary::of(&metres).map_or(String::new(), |all| all.text(3))]);
//!         Shown::of(&table, table.text())
//!     }
//!
//!     fn section(&self, request: &Request<Options>, done: &Results<Self>) -> Result<Section, StudyError> {
//!         let (title, text) = ("Walks".to_owned(), self.table(request, done)?.text);
//!         Ok(Section { title, commands: vec![request.command.clone()], text, figures: Vec::new() })
//!     }
//! }
//!
//! let folder = std::env::temp_dir().join("planwright-walks");
//! let registry = Registry { studies: &[&Walks], documents: &[], tools: &[], examples: "" };
//! let line = ["planwright-study", "run", "walks", "--seeds", "3,4", "--json", "--out"].map(std::ffi::OsString::from);
//! let matches = registry.command().get_matches_from(line.into_iter().chain([folder.into_os_string()]));
//! assert!(registry.dispatch(&matches)?.contains("13.500 \u{b1} 0.707"));
//! # Ok::<(), StudyError>(())
//! ```
//!
//! Settings that are trained as members of a batched ensemble implement [`Member`] instead: its results carry settings,
//! hash and time by themselves. Grids are made by [`settings::axis`], ranges checked by [`settings::within`]; tables are
//! [`Column`]s over rows, panels come from values by [`plot::curves::Curve::over`] and [`plot::curves::Curve::level`].
//!
//! A cell that needs the result or the checkpoint of another one calls [`Bench::require`] and gives both the same
//! [`Cell::chain`]; what many cells share and is costly (a data set) lies in the cells behind an `Arc<OnceLock<_>>`.

mod cell;
mod checkpoint;
mod command;
mod definition;
pub mod ensemble;
mod error;
pub mod markdown;
pub mod plot;
mod published;
mod request;
mod runner;
mod section;
pub mod settings;
pub mod shuffle;
mod store;
mod table;

pub use cell::{Bench, Cell, Member, Outcome};
pub use checkpoint::resumable;
pub use command::{Document, Registry, Tool};
pub use definition::{AnyStudy, Results, Study};
pub use error::StudyError;
pub use published::Published;
pub use request::{Common, Request, Shown, arguments};
pub use runner::{RunOptions, Shard, check_cells, run_cells};
pub use section::{Figure, Section, write_files, write_sections};
pub use store::{Done, Store, write_file};
pub use table::{Column, Table, distinct, paired, spread, yes};
