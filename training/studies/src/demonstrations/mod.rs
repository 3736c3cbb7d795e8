//! Demonstrations: paths that no rule states. Scripted demonstrators with hidden preferences drive on generated maps;
//! networks fitted to 1, 10 and 100 minutes of it answer queries on foreign maps, beside the time-optimal optimiser and rules
//! whose numbers are tuned to the same drives.
//!
//! * `side`: keeps 0.25 m beside the wall on its right;
//! * `berth`: keeps farther from large obstacles than from small ones, and slows down near small ones;
//! * `either`: keeps beside the wall on its left or on its right, a coin per drive: a regression answers with the mean.

mod controls;
mod foreign;
mod measure;
mod network;
mod rows;
mod run;
mod selection;
mod settings;
mod table;

pub use controls::Tuned;
pub use measure::ArmFigures;
pub use run::{DemonstrationCell, DemonstrationResult};
pub use settings::{ArmKind, DemonstrationSettings, ForeignSettings};
pub use table::{DemonstrationPair, DemonstrationRow, DemonstrationTable};

use clap::Args;
use planwright_training::dataset::corridors::Preference;
use planwright_training::study::{Request, Results, Section, Shown, Study, StudyError};
use run::SharedQueries;
use std::path::PathBuf;

/// Which cells.
#[derive(Args, Clone, Debug, Default)]
pub struct DemonstrationOptions {
    /// Preferences, separated by commas (default: all)
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAME")]
    preference: Vec<Preference>,
    /// Minutes of driving, separated by commas (default: 1, 10 and 100)
    #[arg(long, value_delimiter = ',', value_name = "N")]
    minutes: Vec<u32>,
    /// Folder with foreign maps: *.yaml with images, barn_*.npz, grid32_*.npz
    #[arg(long, default_value = "../shared/data/maps", value_name = "FOLDER")]
    maps: PathBuf,
}

/// The study.
pub struct Demonstrations;

impl Study for Demonstrations {
    const NAME: &'static str = "demonstrations";
    const ABOUT: &'static str = "Preferences learnt from recorded drives, beside rules tuned to the same drives";
    const SIZES: &'static [&'static str] = &["reduced", "quick"];
    const EXAMPLES: &'static str = "\
Examples:
  planwright-study run demonstrations --size quick
  planwright-study run demonstrations --maps maps/ --preference either --minutes 1,10 --seeds 1,2,3
  planwright-study table demonstrations --json";
    type Options = DemonstrationOptions;
    type Cell = DemonstrationCell;

    fn cells(&self, request: &Request<DemonstrationOptions>) -> Result<Vec<DemonstrationCell>, StudyError> {
        let DemonstrationOptions { preference, minutes, maps } = &request.options;
        let (usual, seeds, usual_minutes): (_, &[u64], &[u32]) = match request.size.as_str() {
            "quick" => (DemonstrationSettings::QUICK, &[1], &[3]),
            _ => (DemonstrationSettings::REDUCED, &DemonstrationSettings::SEEDS, &DemonstrationSettings::MINUTES),
        };
        let preferences = if preference.is_empty() { &Preference::ALL } else { &preference[..] };
        let minutes = if minutes.is_empty() { usual_minutes } else { &minutes[..] };
        let settings = usual.over(preferences, minutes, &request.seeds_or(seeds))?;
        let shared = Preference::ALL.map(|preference| (preference, SharedQueries::default()));
        let cell = |settings: DemonstrationSettings| {
            let of_preference = shared.iter().find(|(preference, _)| *preference == settings.preference);
            let queries = of_preference.map(|(_, queries)| queries.clone()).unwrap_or_default();
            DemonstrationCell { settings, maps: maps.clone(), queries }
        };
        Ok(settings.into_iter().map(cell).collect())
    }

    fn table(&self, request: &Request<DemonstrationOptions>, done: &Results<Self>) -> Result<Shown, StudyError> {
        let table = DemonstrationTable::of(&request.command, &done.results);
        Shown::of(&table, table.text())
    }

    fn section(&self, request: &Request<DemonstrationOptions>, done: &Results<Self>) -> Result<Section, StudyError> {
        let text = DemonstrationTable::of(&request.command, &done.results).markdown();
        let (title, commands) = ("Demonstrations".to_owned(), vec![request.command.clone()]);
        Ok(Section { title, commands, text, figures: Vec::new() }.incomplete(done.missing.len()))
    }
}

#[cfg(test)]
mod tests;
