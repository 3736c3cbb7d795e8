//! Chapter 3 of the thesis: models that are given a force, a poke or a wind, and predict the motion it causes.
//!
//! The published benchmark asks people (table 3.1); here direction, length and course of the predicted motion are compared with
//! the simulated one, by the published classes of what is moved. Arms are the published ablations: point and wind in one model
//! or each alone, flags that transfer to smoke and confetti or one flag that does not, half of the data.

mod arm;
mod cell;
mod measure;
mod table;

pub use arm::PromptArm;
pub use cell::{PromptCell, PromptResult};
pub use measure::{Moved, Prompt, PromptCounts};
pub use table::{PromptRow, PromptTable};

use clap::Args;
use planwright_training::study::{Request, Results, Section, Shown, Study, StudyError};

/// Scenes of the data, steps of the fit, evaluated scenes of each class: usual and quick.
const SIZES: [(usize, u64, usize); 2] = [(12_000, 2000, 60), (200, 20, 3)];
/// Seeds of data and fit.
const SEEDS: [u64; 3] = [1, 2, 3];

/// Which arms.
#[derive(Args, Clone, Debug, Default)]
pub struct PromptOptions {
    /// Only these arms (default: all)
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAMES")]
    arms: Vec<PromptArm>,
}

/// The study.
pub struct ForcePrompting;

impl Study for ForcePrompting {
    const NAME: &'static str = "force_prompting";
    const ABOUT: &'static str =
        "Models of what a poke does to plants and a wind to flags, confetti and smoke (thesis, chapter 3)";
    const SIZES: &'static [&'static str] = &["reduced", "quick"];
    const EXAMPLES: &'static str = "\
Examples:
  planwright-study run force_prompting --size quick
  planwright-study run force_prompting --arms flags,one-flag --seeds 1,2,3 --threads 1
  planwright-study table force_prompting --json

Each arm has a folder of its own with checkpoint and model.onnx; a fit that was cut off continues from its checkpoint.";
    type Options = PromptOptions;
    type Cell = PromptCell;

    fn cells(&self, request: &Request<PromptOptions>) -> Result<Vec<PromptCell>, StudyError> {
        let quick = usize::from(request.size == "quick");
        let (scenes, steps, evaluated) = SIZES[quick];
        let seeds = request.seeds_or(if quick == 1 { &SEEDS[..1] } else { &SEEDS });
        let chosen = &request.options.arms;
        let arms = PromptArm::ALL.into_iter().filter(|arm| chosen.is_empty() || chosen.contains(arm));
        let mut cells = Vec::new();
        for arm in arms {
            for seed in &seeds {
                let recipe = arm.recipe(*seed, scenes, steps)?;
                let library = request.common.onnxruntime.clone();
                cells.push(PromptCell { arm, seed: *seed, recipe, evaluated, library });
            }
        }
        Ok(cells)
    }

    fn table(&self, request: &Request<PromptOptions>, done: &Results<Self>) -> Result<Shown, StudyError> {
        let table = PromptTable::of(&request.command, &done.results);
        Shown::of(&table, table.text())
    }

    fn section(&self, request: &Request<PromptOptions>, done: &Results<Self>) -> Result<Section, StudyError> {
        let text = PromptTable::of(&request.command, &done.results).markdown();
        let (title, commands) = ("Force prompting".to_owned(), vec![request.command.clone()]);
        Ok(Section { title, commands, text, figures: Vec::new() }.incomplete(done.missing.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{every_setting_changes_the_hash, request};
    use planwright_training::study::{RunOptions, Shard, Store, run_cells};

    fn all(line: &str) -> Vec<PromptCell> {
        ForcePrompting.cells(&request(&ForcePrompting, line).expect("options")).expect("cells")
    }

    #[test]
    fn arms_differ_in_their_data_alone_and_all_have_sense() {
        let cells = all("");
        assert_eq!(cells.len(), 18);
        every_setting_changes_the_hash(&cells);
        for cell in &cells {
            assert_eq!(cell.recipe.check().map_err(|error| error.to_string()), Ok(()), "{}", cell.arm.name());
            assert_eq!((&cell.recipe.network, cell.recipe.training.steps), (&cells[0].recipe.network, 2000));
        }
        let shares = |arm: PromptArm| {
            let data = arm.recipe(1, 100, 10).expect("a recipe").data;
            ([data.plants, data.wind, data.flags, data.one_flag], data.scenes)
        };
        assert_eq!(
            PromptArm::ALL.map(shares),
            [
                ([0.34, 0.33, 0.0, 0.0], 100),
                ([0.5, 0.0, 0.0, 0.0], 100),
                ([0.0, 1.0, 0.0, 0.0], 100),
                ([0.0, 0.0, 1.0, 0.0], 100),
                ([0.0, 0.0, 0.0, 1.0], 100),
                ([0.34, 0.33, 0.0, 0.0], 50),
            ]
        );
        assert_eq!([all("--size quick").len(), all("--arms flags,one-flag --seeds 1").len()], [6, 2]);
    }

    #[test]
    fn one_arm_is_fitted_exported_and_measured_and_its_result_is_kept() {
        let cells = all("--size quick --arms unified");
        let folder = tempfile::tempdir().expect("a folder");
        let options =
            RunOptions { store: Store::new(folder.path()), batch: 1, shard: Shard::default(), progress: false };
        let run = || run_cells(&cells, &options).expect("results").results;
        let first = run();
        assert_eq!((first.len(), first[0].counts.len()), (1, 12));
        assert!(first[0].loss.is_some_and(f64::is_finite) && first[0].counts.iter().all(|counts| counts.scenes == 3));
        assert_eq!(run(), first);
        let table = PromptTable::of("command", &first);
        assert!(table.text().contains("confetti") && table.rows.len() == 12, "{}", table.text());
    }
}
