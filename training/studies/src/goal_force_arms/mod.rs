//! Goal-force planners trained with one thing changed at a time, beside one another: branch against concatenated control, and
//! the ablations of chapters 3 and 4 of the thesis.
//!
//! Every arm has the same number of steps, which is an eighth of that of goal-force-balls.toml, fixed before any result; every model is
//! measured on the same scenes.

mod arm;
mod cell;
mod table;

pub use arm::Arm;
pub use cell::{ArmCell, ArmResult, Chosen};
pub use table::{ArmRow, ArmTable};

use clap::Args;
use planwright_training::study::{Request, Results, Section, Shown, Study, StudyError};

/// Scenes of the data, steps of the fit, evaluated scenes of each kind: usual and quick.
const SIZES: [(usize, u64, usize); 2] = [(12_000, 2000, 100), (200, 20, 4)];
/// Seeds of data and fit.
const SEEDS: [u64; 3] = [1, 2, 3];

/// Which arms.
#[derive(Args, Clone, Debug, Default)]
pub struct ArmOptions {
    /// Only these arms (default: all)
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAMES")]
    arms: Vec<Arm>,
}

/// The study.
pub struct GoalForceArms;

impl Study for GoalForceArms {
    const NAME: &'static str = "goal_force_arms";
    const ABOUT: &'static str = "Goal-force planners trained with one thing changed at a time: branch, masks, data";
    const SIZES: &'static [&'static str] = &["reduced", "quick"];
    const EXAMPLES: &'static str = "\
Examples:
  planwright-study run goal_force_arms --size quick
  planwright-study run goal_force_arms --arms base,branch --seeds 1,2,3 --threads 1
  planwright-study table goal_force_arms --json

Each arm has a folder of its own with checkpoint and model.onnx; a fit that was cut off continues from its checkpoint.";
    type Options = ArmOptions;
    type Cell = ArmCell;

    fn cells(&self, request: &Request<ArmOptions>) -> Result<Vec<ArmCell>, StudyError> {
        let quick = usize::from(request.size == "quick");
        let (scenes, steps, evaluated) = SIZES[quick];
        let seeds = request.seeds_or(if quick == 1 { &SEEDS[..1] } else { &SEEDS });
        let arms =
            Arm::ALL.into_iter().filter(|arm| request.options.arms.is_empty() || request.options.arms.contains(arm));
        let mut cells = Vec::new();
        for arm in arms {
            for seed in &seeds {
                let recipe = arm.recipe(*seed, scenes, steps)?;
                let library = request.common.onnxruntime.clone();
                cells.push(ArmCell { arm, seed: *seed, recipe, evaluated, library });
            }
        }
        Ok(cells)
    }

    fn table(&self, request: &Request<ArmOptions>, done: &Results<Self>) -> Result<Shown, StudyError> {
        let table = ArmTable::of(&request.command, &done.results);
        Shown::of(&table, table.text())
    }

    fn section(&self, request: &Request<ArmOptions>, done: &Results<Self>) -> Result<Section, StudyError> {
        let text = ArmTable::of(&request.command, &done.results).markdown();
        let (title, commands) = ("Goal force, one change at a time".to_owned(), vec![request.command.clone()]);
        Ok(Section { title, commands, text, figures: Vec::new() }.incomplete(done.missing.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;
    use planwright_training::recipe::Recipe;

    fn all(line: &str) -> Vec<ArmCell> {
        GoalForceArms.cells(&conformance::request(&GoalForceArms, line).expect("a request")).expect("cells")
    }

    #[test]
    fn every_arm_is_a_sound_recipe_of_its_own_with_the_same_number_of_steps() {
        let cells = all("");
        assert_eq!(cells.len(), 30);
        conformance::every_setting_changes_the_hash(&cells);
        let base = &cells[0].recipe;
        for cell in &cells {
            let recipe = Recipe::GoalForce(cell.recipe.clone());
            assert_eq!(recipe.check().map_err(|error| error.to_string()), Ok(()), "{}", cell.arm.name());
            assert_eq!(cell.recipe.training.steps, base.training.steps);
            assert_eq!(cell.recipe.diffusion, base.diffusion);
        }
        assert_eq!([all("--size quick").len(), all("--arms base,branch --seeds 1").len()], [10, 2]);
    }

    #[test]
    fn one_arm_is_fitted_exported_and_measured_and_its_result_is_kept() {
        let cells = all("--size quick --arms direct-only");
        let folder = tempfile::tempdir().expect("a folder");
        let store = planwright_training::study::Store::new(folder.path());
        let options = planwright_training::study::RunOptions {
            store: store.clone(),
            batch: 1,
            shard: planwright_training::study::Shard::default(),
            progress: false,
        };
        let run = || planwright_training::study::run_cells(&cells, &options).expect("results").results;
        let first = run();
        assert_eq!((first.len(), first[0].chosen[0].scenes, first[0].direct.rows.len()), (1, 4, 3));
        assert!(first[0].loss.is_some_and(f64::is_finite) && first[0].parameters == 2_659_776);
        assert_eq!(run(), first);
        let table = ArmTable::of("command", &first);
        assert!(table.text().contains("direct-only") && table.rows[0].seeds == 1, "{}", table.text());
    }
}
