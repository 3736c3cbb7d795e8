//! The published experiments, one folder each, on the framework of [`planwright_training::study`].
//!
//! * [`drift`]: the drift of a physical quantity, its prediction and its mitigation;
//! * [`ablation`]: the same on the tent map with one thing changed at a time;
//! * [`theory`]: scaling law of the Fourier head's smoothness, coloured noise, square waves (theorem 2.2.3, table A1);
//! * [`known_densities`]: heads fitted to three known distributions (tables 2.1, A2 to A4);
//! * [`policy`]: linear against Fourier heads on maze policies;
//! * [`numbers`]: a small model that samples Gaussian numbers (figures 2.3 and A23);
//! * [`forecast`]: heads over thousands of tokens, in a network that forecasts series (table A5);
//! * [`demonstrations`]: preferences learnt from recorded drives, on maps that no drive was on;
//! * [`goal_force`]: pushes from pictures, beside controls without a network;
//! * [`goal_force_arms`]: planners of pushes that were trained with one thing changed at a time;
//! * [`force_prompting`]: what a poke does to plants and a wind to flags, confetti and smoke (chapter 3).

pub mod ablation;
#[cfg(test)]
mod conformance;
pub mod demonstrations;
pub mod drift;
pub mod force_prompting;
pub mod forecast;
pub mod goal_force;
pub mod goal_force_arms;
pub mod known_densities;
pub mod numbers;
pub mod policy;
pub mod theory;

use planwright_training::study::{Document, Registry};

/// All studies: a new one is one line here.
pub const REGISTRY: Registry = Registry {
    studies: &[
        &drift::Drift { ablations: ablation::AblationCell::done },
        &ablation::Ablations,
        &theory::Theory,
        &known_densities::KnownDensities,
        &policy::Policy,
        &numbers::Numbers,
        &forecast::Forecast,
        &demonstrations::Demonstrations,
        &goal_force::GoalForce,
        &goal_force_arms::GoalForceArms,
        &force_prompting::ForcePrompting,
    ],
    documents: &[Document {
        name: "heads",
        about: "All experiments on heads, as docs/fourier",
        title: "Fourier heads: what was measured",
        opening: "Written by `planwright-study report heads` from the results of the commands below; with `--run` it \
            makes what is missing first. Published figures are those of the thesis (chapter 2, appendices A.8 to \
            A.11). Seeds stand with the tables; all of it ran on two shared x86-64 cores.",
        folder: "docs/fourier",
        studies: &["theory", "known_densities", "policy", "forecast", "numbers"],
    }],
    tools: &[&drift::Predict, &drift::Release],
    examples: EXAMPLES,
};

const EXAMPLES: &str = "\
Examples:
  planwright-study list
  planwright-study run known_densities --dataset gaussian --head linear,fourier --seeds 1,2
  planwright-study run numbers --shard 3/10 --out /shared/numbers     as one of ten jobs
  planwright-study table numbers --json                               from what is done
  planwright-study report heads                                       docs/fourier from what is done

A cell that is done is not run again: its result lies in the study's folder, with a hash of its settings.
Exit codes: 0 done, 1 failed, 2 wrong usage or input. Data go to stdout, progress and remarks to stderr.";

#[cfg(test)]
mod tests {
    use super::REGISTRY;

    #[test]
    fn help_names_each_study_by_its_own_line() {
        let command = REGISTRY.command();
        let abouts = |verb: &str| -> Vec<(String, String)> {
            let of = |one: &clap::Command| {
                (one.get_name().to_owned(), one.get_about().map(ToString::to_string).unwrap_or_default())
            };
            command.find_subcommand(verb).expect("a command").get_subcommands().map(of).collect()
        };
        for verb in ["run", "table", "report"] {
            let shown = abouts(verb);
            for study in REGISTRY.studies {
                assert!(shown.contains(&(study.name().to_owned(), study.about().to_owned())), "{verb}: {shown:?}");
            }
        }
    }

    #[test]
    fn a_shard_without_cells_is_done_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("numbers").display().to_string();
        let line =
            ["planwright-study", "run", "numbers", "--size", "quick", "--shard", "500/500", "--json", "--out", &out];
        let matches = REGISTRY.command().try_get_matches_from(line).expect("arguments");
        let text = REGISTRY.dispatch(&matches).expect("nothing to do");
        assert!(text.contains("\"missing\": ["), "{text}");
        assert!(!folder.path().join("numbers").exists(), "nothing is written");
    }
}
