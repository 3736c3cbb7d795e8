//! The drift report: the paper's plots and tables from one structure of results.
//!
//! Files that belong together are drawn and checked in memory first, then written whole, one after the other.

mod ablations;
mod check;
mod colours;
mod commands;
mod densities;
mod mitigations;
pub mod published;
mod results;
mod scales;
mod select;
mod tables;
mod tables_appendix;
mod validity;

pub use results::{
    AblationRow, CommandRun, Curves, DriftResults, Method, Mitigation, ScaleRow, SeedResult, Source, Sweep,
    SystemResult, TTests, Validity, ValidityRow,
};

use planwright_training::study::plot::svg::Drawn;
use planwright_training::study::{Figure, Section, StudyError, write_files};
use std::path::{Path, PathBuf};

/// A plot of the results: file, caption, drawing.
type Plot = (&'static str, &'static str, fn(&DriftResults) -> Drawn<String>);

const ABLATIONS: Plot = ("ablations.svg", "Ablations", ablations::draw);
const PLOTS: [Plot; 5] = [
    ("densities.svg", "Distributions: prior, data, prediction, model", densities::draw),
    ("mitigations.svg", "Distributions and distances of the mitigations", mitigations::draw),
    ("scales.svg", "The prediction over the scale of the deviations", scales::draw),
    ABLATIONS,
    ("maze-validity.svg", "Validity of the maze's trajectories", validity::draw),
];

fn figures(results: &DriftResults, plots: &[Plot]) -> Result<Vec<Figure>, StudyError> {
    check::check(results)?;
    plots.iter().map(|(file, caption, draw)| Figure::drawn(file, caption, draw(results))).collect()
}

/// Writes plots, `report.json` and `report.md` into a folder, which is made if needed. The same results give the same
/// bytes. Returns the paths.
///
/// # Errors
/// If a number is none or cannot be, or if a file cannot be written; nothing is written before all is drawn.
pub fn write_report(results: &DriftResults, folder: &Path) -> Result<Vec<PathBuf>, StudyError> {
    let figures = figures(results, &PLOTS)?;
    let json = serde_json::to_string_pretty(results).map_err(|error| StudyError::Failed(Box::new(error)))? + "\n";
    let texts = [("report.json".to_owned(), json), ("report.md".to_owned(), tables::markdown(results, &figures))];
    let files = figures.into_iter().map(|figure| (figure.file, figure.svg)).chain(texts);
    write_files(files.map(|(file, text)| (folder.join(file), text)).collect())
}

/// All tables and plots as a section of another report.
pub(crate) fn section(results: &DriftResults, command: String) -> Result<Section, StudyError> {
    let title = format!("Drift of physical quantities, size {}", results.size);
    let text = tables::NOTES.to_owned() + &tables::all(results);
    Ok(Section { title, commands: vec![command], text, figures: figures(results, &PLOTS)? })
}

/// The ablations alone.
pub(crate) fn ablations_section(results: &DriftResults, command: String) -> Result<Section, StudyError> {
    let title = format!("Ablations of the drift study, size {}", results.size);
    let figures = figures(results, &[ABLATIONS])?;
    Ok(Section { title, commands: vec![command], text: tables::ablations_alone(results), figures })
}

#[cfg(test)]
mod tests;
