//! Drift of physical quantities: does a generator keep the intended distribution of a quantity, can that be predicted
//! from data alone, and what mitigates it (arXiv 2605.20299, tables 1 to 3 and C.2).
//!
//! ```text
//! recipe -> data -> kernel -> prediction
//!             `-> fit -> ONNX file -> samples (by the runtime) -> recovered quantity -> unit.json
//! ```
//! Every fit is a cell with a folder of its own for checkpoint, model and samples; a fit that was cut off continues
//! from its checkpoint.

mod cell;
mod collect;
mod decode;
pub(crate) mod inputs;
pub(crate) mod measure;
pub(crate) mod measured_fit;
pub mod mitigation;
mod no_network;
mod predict;
pub(crate) mod prepare;
mod recipe;
mod release;
pub mod report;
pub(crate) mod samples;
pub mod system;
mod table;

pub use cell::{UnitCell, UnitResult};
pub use inputs::Inputs;
pub use predict::{Matched, Predict, Prediction};
pub use recipe::{AblationPlan, DriftRecipe, FitPlan, KernelPlan, MethodSteps, SystemPlan};
pub use release::{Release, Released};

use clap::Args;
use planwright_training::study::{Request, Results, Section, Shown, Store, Study, StudyError};
use report::{AblationRow, DriftResults, Method};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Which fits.
#[derive(Args, Clone, Debug, Default)]
pub struct DriftOptions {
    /// Systems, separated by commas (default: all of the size)
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    system: Vec<String>,
    /// Methods, separated by commas (default: all)
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAME")]
    method: Vec<Method>,
}

/// The study.
pub struct Drift {
    /// Reads the ablations that are done, for the report. A function, because ablations are built on this study.
    pub ablations: fn(&Arc<Inputs>, &Store) -> Result<Vec<AblationRow>, StudyError>,
}

impl Drift {
    #[cfg(test)]
    pub(crate) const ALONE: Self = Self { ablations: |_, _| Ok(Vec::new()) };

    /// All results with predictions, and their store.
    fn collected(
        &self,
        request: &Request<DriftOptions>,
        done: &Results<Self>,
    ) -> Result<(DriftResults, Store), StudyError> {
        let (inputs, store) = (Inputs::of(&request.common)?, request.run_options(self).store);
        let plans = inputs.plans(&request.options.system)?;
        Ok((collect::collect(&inputs, &plans, &done.results, &store)?, store))
    }
}

impl Study for Drift {
    const NAME: &'static str = "drift";
    const ABOUT: &'static str = "Drift of a physical quantity: measured, predicted and mitigated (tables 1 to 3, C.2)";
    const SIZES: &'static [&'static str] = inputs::SIZES;
    const EXAMPLES: &'static str = "\
Examples:
  planwright-study run drift --size quick
  planwright-study run drift --system tent --method baseline,transform --seeds 1
  planwright-study run drift --method transform-one-step,transform-no-network     controls of the transform
  planwright-study table drift --json
  planwright-study report drift --report docs/drift
  planwright-study predict --system tent
  planwright-study release --method transform --file models/maze-umaze-transform.onnx

A size is a file, training/recipes/drift-SIZE.toml, or the path of another one. Results lie in runs/drift-SIZE, with
checkpoint, model and samples of every fit beside them.";
    type Options = DriftOptions;
    type Cell = UnitCell;

    fn accepts_size(&self, _: &str) -> bool {
        true
    }

    fn folder(&self, request: &Request<DriftOptions>) -> String {
        Inputs::of(&request.common).map_or_else(|_| Self::NAME.to_owned(), |inputs| inputs.folder())
    }

    fn cells(&self, request: &Request<DriftOptions>) -> Result<Vec<UnitCell>, StudyError> {
        let (inputs, options) = (Inputs::of(&request.common)?, &request.options);
        let methods = if options.method.is_empty() { Method::ALL.to_vec() } else { options.method.clone() };
        let plans = inputs.plans(&options.system)?;
        let mut cells = Vec::new();
        for method in methods {
            for plan in &plans {
                let seeds = request.seeds_or(&plan.seeds).into_iter();
                cells.extend(seeds.map(|seed| UnitCell { inputs: inputs.clone(), plan: plan.clone(), seed, method }));
            }
        }
        Ok(cells)
    }

    fn table(&self, request: &Request<DriftOptions>, done: &Results<Self>) -> Result<Shown, StudyError> {
        table::table(&done.results, self.collected(request, done)?.0)
    }

    fn section(&self, request: &Request<DriftOptions>, done: &Results<Self>) -> Result<Section, StudyError> {
        let section = report::section(&self.collected(request, done)?.0, request.command.clone())?;
        Ok(section.incomplete(done.missing.len()))
    }

    /// With the ablations that are done, whose results lie in the same folder.
    fn write_report(
        &self,
        request: &Request<DriftOptions>,
        done: &Results<Self>,
        folder: &Path,
    ) -> Result<Vec<PathBuf>, StudyError> {
        let (mut results, store) = self.collected(request, done)?;
        let inputs = Inputs::of(&request.common)?;
        if inputs.recipe.ablations.is_some() && results.systems.iter().any(|system| system.system == "tent") {
            results.ablations = (self.ablations)(&inputs, &store)?;
        }
        report::write_report(&results, folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;
    use planwright_training::study::{self, Cell};

    fn cells(line: &str) -> Result<Vec<UnitCell>, StudyError> {
        Drift::ALONE.cells(&conformance::request(&Drift::ALONE, line)?)
    }

    #[test]
    fn flags_choose_the_fits() {
        let quick = cells("--size quick").expect("cells");
        assert_eq!(quick.len(), 2 * Method::ALL.len());
        let paths: Vec<String> = quick.iter().take(3).map(Cell::path).collect();
        assert_eq!(paths, ["tent-s1-baseline/unit", "maze2d-s1-baseline/unit", "tent-s1-reweight/unit"]);
        assert_eq!(quick[2].chain(), quick[0].path(), "reweighting continues from its baseline");
        let few = cells("--size quick --system tent --method baseline,transform --seeds 3,4").expect("cells");
        assert_eq!(few.len(), 4);
        let refused = cells("--size quick --system logistic").expect_err("no such system").to_string();
        assert_eq!(refused, "expected one of the recipe's systems (tent, maze2d), got logistic");
    }

    #[test]
    fn results_of_earlier_versions_have_the_same_hashes() {
        let hashes = ["ec7605cd7ef64a18", "bd68a8320009d9a4", "b7d3952f55615a94", "2d02970a8589eab4"];
        let others = ["f3da0aecf8e7691c", "f62128eca11e33c9", "2fdc7e8139ec7522", "ccf2bb7510ef9b99"];
        let quick = cells("--size quick").expect("cells");
        for (cell, hash) in quick.iter().zip(hashes.into_iter().chain(others)) {
            assert!(cell.sha256().starts_with(hash), "{}: {}", cell.path(), cell.sha256());
        }
    }

    #[test]
    fn the_control_with_one_step_is_the_transform_but_for_its_steps_and_name() {
        let line = "--size quick --system tent --method transform,transform-one-step,transform-no-network";
        let cells = cells(line).expect("cells");
        let hashes: std::collections::HashSet<String> = cells.iter().map(Cell::sha256).collect();
        assert_eq!(hashes.len(), 3);
        let [transform, one_step] = [&cells[0], &cells[1]].map(|cell| {
            let mut fit = cell.inputs.recipe.fit_recipe(&cell.plan, cell.method, 7, 2);
            let steps = std::mem::take(&mut fit.training.steps);
            fit.name.clear();
            (steps, fit)
        });
        assert_eq!((one_step.0, one_step.1), (1, transform.1));
        assert!(transform.0 > 1);
        let path = cells[2].path();
        assert_eq!(path, "tent-s1-transform-no-network/unit");
    }

    #[test]
    fn a_method_has_one_name_on_the_command_line_in_json_and_in_tables() {
        for method in Method::ALL {
            assert_eq!(serde_json::to_value(method).expect("a name"), method.name());
            let cells = cells(&format!("--size quick --method {}", method.name())).expect("cells");
            assert!(cells.iter().all(|cell| cell.method == method));
        }
    }

    #[test]
    fn controls_alone_make_a_table() {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().display();
        let line = format!("run --size quick --system tent --method transform-no-network --json --out {out}");
        let matches = study::arguments::<Drift>().try_get_matches_from(line.split(' ')).expect("arguments");
        let text = study::AnyStudy::table(&Drift::ALONE, &matches, false).expect("a table").text;
        let row = text.lines().rev().find(|line| line.contains("tent")).expect("a row");
        let words: Vec<&str> = row.split_whitespace().filter(|word| !["|", "\u{2502}"].contains(word)).collect();
        assert_eq!(words[..6], ["tent", "1", "missing", "missing", "missing", "missing"], "{row}");
        assert_eq!(words[6..8], ["not", "run"], "{row}");
        assert!(words[8].parse::<f64>().is_ok_and(|tv| tv < 0.12), "{row}");
    }

    #[test]
    fn a_size_in_a_file_is_passed_on_as_it_was_given() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("two-words.toml");
        let quick = include_str!("../../../recipes/drift-quick.toml").replace("\"quick\"", "\"two-words\"");
        std::fs::write(&file, quick).expect("written");
        let size = file.display().to_string();
        let one = cells(&format!("--size {size} --system tent --method baseline")).expect("cells");
        assert_eq!((one[0].inputs.size.as_str(), one[0].inputs.folder().as_str()), (size.as_str(), "drift-two-words"));
    }
}
