//! Ablations on the tent map: one change at a time, and the drift with it (arXiv 2605.20299, table F).

mod cell;
mod changes;
pub mod generators;

pub use cell::{AblationCell, AblationResult};

use crate::drift::Inputs;
use crate::drift::report::{AblationRow, DriftResults, ablations_section};
use clap::Args;
use planwright_training::study::{Request, Results, Section, Shown, Study, StudyError};

/// Which hypotheses.
#[derive(Args, Clone, Debug, Default)]
pub struct AblationOptions {
    /// Only these hypotheses, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "H1a")]
    only: Vec<String>,
}

/// The study. Its results lie in the folder of the drift study, whose baseline H3b measures.
pub struct Ablations;

impl Ablations {
    fn rows(&self, request: &Request<AblationOptions>) -> Result<Vec<AblationRow>, StudyError> {
        AblationCell::rows(&self.cells(request)?, &request.run_options(self).store)
    }
}

impl Study for Ablations {
    const NAME: &'static str = "ablation";
    const ABOUT: &'static str = "Drift on the tent map with one thing changed at a time (table F)";
    const SIZES: &'static [&'static str] = crate::drift::inputs::SIZES;
    const EXAMPLES: &'static str = "\
Examples:
  planwright-study run ablation --size reduced
  planwright-study run ablation --only H1a,H6a --json";
    type Options = AblationOptions;
    type Cell = AblationCell;

    fn accepts_size(&self, _: &str) -> bool {
        true
    }

    fn folder(&self, request: &Request<AblationOptions>) -> String {
        Inputs::of(&request.common).map_or_else(|_| Self::NAME.to_owned(), |inputs| inputs.folder())
    }

    fn cells(&self, request: &Request<AblationOptions>) -> Result<Vec<AblationCell>, StudyError> {
        AblationCell::all(&Inputs::of(&request.common)?, &request.options.only)
    }

    fn table(&self, request: &Request<AblationOptions>, _: &Results<Self>) -> Result<Shown, StudyError> {
        let rows = self.rows(request)?;
        let number = |value: Option<f64>| value.map_or("missing".to_owned(), |value| format!("{value:.3}"));
        let line = |row: &AblationRow| {
            format!(
                "{:<5} {:<34} data {} model {} (published {} and {})",
                row.hypothesis,
                row.experiment,
                number(row.tv_data),
                number(row.tv_model),
                number(row.published_data),
                number(row.published_model)
            )
        };
        let text: Vec<String> = rows.iter().map(line).collect();
        Shown::of(&rows, text.join("\n"))
    }

    fn section(&self, request: &Request<AblationOptions>, done: &Results<Self>) -> Result<Section, StudyError> {
        let size = Inputs::of(&request.common)?.recipe.name.clone();
        let results = DriftResults { ablations: self.rows(request)?, ..DriftResults::new(&size) };
        Ok(ablations_section(&results, request.command.clone())?.incomplete(done.missing.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;
    use planwright_training::study::Cell;

    fn cells(line: &str) -> Result<Vec<AblationCell>, StudyError> {
        Ablations.cells(&conformance::request(&Ablations, line)?)
    }

    #[test]
    fn hypotheses_are_chosen_by_their_names() {
        let all = cells("").expect("cells");
        conformance::every_setting_changes_the_hash(&all);
        assert_eq!(all[0].path(), "ablation-H0/found");
        let few = cells("--only h1a,H6a,H10b").expect("cells");
        assert_eq!(few.iter().map(Cell::chain).collect::<Vec<_>>(), ["H0", "H0", "H10b"]);
        let refused = cells("--size quick").expect_err("no ablations").to_string();
        assert_eq!(refused, "expected a size with a section [ablations] and the tent map, got quick");
    }
}
