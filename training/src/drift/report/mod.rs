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

use crate::report::{ReportError, write_files};
use crate::study::plot::svg::Drawn;
use std::path::{Path, PathBuf};

/// A plot of the results.
type Plot = fn(&DriftResults) -> Drawn<String>;

const PLOTS: [(&str, Plot); 5] = [
    ("densities.svg", densities::draw),
    ("mitigations.svg", mitigations::draw),
    ("scales.svg", scales::draw),
    ("ablations.svg", ablations::draw),
    ("maze-validity.svg", validity::draw),
];

/// Writes plots, `report.json` and `report.md` into a folder, which is made if needed. The same results give the same
/// bytes. Returns the paths.
///
/// # Errors
/// If a number is none or cannot be, or if a file cannot be written; nothing is written before all is drawn.
pub fn write_report(results: &DriftResults, folder: &Path) -> Result<Vec<PathBuf>, ReportError> {
    check::check(results)?;
    let mut files = Vec::new();
    for (name, draw) in PLOTS {
        let text =
            draw(results).map_err(|error| ReportError::Draw { file: name.to_owned(), problem: error.to_string() })?;
        files.push((folder.join(name), text));
    }
    files.push((folder.join("report.json"), serde_json::to_string_pretty(results)? + "\n"));
    files.push((folder.join("report.md"), tables::markdown(results)));
    write_files(folder, files)
}

#[cfg(test)]
mod tests;
