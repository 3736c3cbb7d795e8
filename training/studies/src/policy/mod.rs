//! Linear and Fourier heads on maze policies: the same network, data, seeds and steps under each head; returns, jerk and
//! smoothness of the exported policies (thesis section 2.3.1).

mod report;
mod run;
mod settings;
mod table;

pub use run::{PolicyCell, PolicyDrive, PolicyResult};
pub use settings::{PolicySweep, PolicyTask};
pub use table::{AgainstLinear, PolicyRow, PolicyTable};

use clap::Args;
use planwright_training::study::{Request, Results, Section, Shown, Study, StudyError};

/// No arguments beside those of all studies.
#[derive(Args, Clone, Debug, Default)]
pub struct PolicyOptions {}

/// The study.
pub struct Policy;

impl Policy {
    fn sweep(request: &Request<PolicyOptions>) -> Result<PolicySweep, StudyError> {
        let sweep = PolicySweep::of_size(&request.size)?;
        Ok(PolicySweep { seeds: request.seeds_or(&sweep.seeds), ..sweep })
    }
}

impl Study for Policy {
    const NAME: &'static str = "policy";
    const ABOUT: &'static str = "Linear against Fourier heads on maze policies: returns, jerk, smoothness";
    const SIZES: &'static [&'static str] = &["reduced", "quick"];
    const EXAMPLES: &'static str = "\
Examples:
  planwright-study run policy --size quick
  planwright-study run policy --shard 2/8 --threads 2
  planwright-study run policy --size my-policies.toml

A size is also a TOML file such as training/studies/recipes/policy-quick.toml. Each policy has a folder of its own with
checkpoint and model.onnx; a fit that was cut off continues from its checkpoint.";
    type Options = PolicyOptions;
    type Cell = PolicyCell;

    fn accepts_size(&self, size: &str) -> bool {
        Self::SIZES.contains(&size) || size.ends_with(".toml")
    }

    fn folder(&self, request: &Request<PolicyOptions>) -> String {
        // A file that cannot be read is an error of the cells.
        Self::sweep(request).map_or_else(|_| Self::NAME.to_owned(), |sweep| sweep.name)
    }

    fn cells(&self, request: &Request<PolicyOptions>) -> Result<Vec<PolicyCell>, StudyError> {
        Ok(Self::sweep(request)?.all(request.common.onnxruntime.as_deref()))
    }

    fn table(&self, request: &Request<PolicyOptions>, done: &Results<Self>) -> Result<Shown, StudyError> {
        let table = PolicyTable::of(&Self::sweep(request)?.name, &request.command, &done.results);
        Shown::of(&table, table::text(&table))
    }

    fn section(&self, request: &Request<PolicyOptions>, done: &Results<Self>) -> Result<Section, StudyError> {
        let table = PolicyTable::of(&Self::sweep(request)?.name, &request.command, &done.results);
        Ok(report::section(&table)?.incomplete(done.missing.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;
    use planwright_training::study::Cell;

    fn cells(line: &str) -> Result<Vec<PolicyCell>, StudyError> {
        Policy.cells(&conformance::request(&Policy, line)?)
    }

    #[test]
    fn sizes_seeds_and_files_choose_the_policies() {
        let count = |line: &str| cells(line).map(|cells| cells.len()).ok();
        // Ten seeds: six heads on the first of three tasks, three elsewhere and for each width and number of episodes.
        assert_eq!((count(""), count("--size quick")), (Some(10 * (6 + 2 * 3 + 4 * 3)), Some(2 * 4)));
        assert_eq!(count("--size quick --seeds 1,2,3"), Some(3 * 4));
        let refused = |size: &str| cells(&format!("--size {size}")).expect_err("no such size").to_string();
        assert_eq!(refused("large"), "expected size as reduced or quick or a TOML file, got large");
        assert!(
            refused("/nowhere/large.toml").starts_with("/nowhere/large.toml: "),
            "{}",
            refused("/nowhere/large.toml")
        );

        let folder = tempfile::tempdir().expect("a folder");
        let file = |from: &str, to: &str| {
            let path = folder.path().join("own.toml");
            std::fs::write(&path, settings::QUICK.replace(from, to)).expect("written");
            path.display().to_string()
        };
        let renamed = file("name = \"fourier-policy-quick\"", "name = \"own\"");
        assert_eq!(count(&format!("--size {renamed}")), Some(2 * 4));
        let request = conformance::request(&Policy, &format!("--size {renamed}")).expect("a request");
        assert_eq!(Study::folder(&Policy, &request), "own");
        for (from, to, expected) in [
            ("seeds = [1, 2]", "seeds = []", "expected at least one of seeds, got none"),
            ("temperatures = [0.0, 1.0]", "temperatures = [nan]", "expected temperatures from 0 to 100, got NaN"),
            ("context = 4", "context = 0", "ring-base-linear-s1: network: expected context from 1 to 1024, got 0"),
            ("bins = 32", "bins = \"many\"", "invalid type"),
        ] {
            let text = refused(&file(from, to));
            assert!(text.contains("own.toml: ") && text.contains(expected), "{expected}: {text}");
        }
    }

    #[test]
    fn every_setting_changes_the_hash() {
        let mut all = cells("--size quick").expect("cells");
        let first = all[0].clone();
        let width = |recipe: &planwright_training::recipe::PolicyRecipe| {
            let mut recipe = recipe.clone();
            recipe.network.width = 16;
            recipe
        };
        all.extend([
            PolicyCell { evaluated: 5, ..first.clone() },
            PolicyCell { temperatures: vec![0.0], ..first.clone() },
            PolicyCell { recipe: width(&first.recipe), ..first },
        ]);
        conformance::every_setting_changes_the_hash(&all);
    }

    /// Their hashes and paths are those of `planwright-train fourier policy`, which made the results of docs/fourier.
    #[test]
    fn results_made_before_the_study_moved_stay_readable() {
        let [quick, reduced] = ["--size quick", ""].map(|line| cells(line).expect("cells")[0].clone());
        assert_eq!(quick.path(), "ring-base-linear-s1/cell");
        assert_eq!(quick.sha256(), "8e42cc2075cb30a7e675232395aeebb0948e672d9d4a1192fd798ca33cbba390");
        assert_eq!(
            Study::folder(&Policy, &conformance::request(&Policy, "").expect("a request")),
            "fourier-policy-reduced"
        );
        assert_eq!(reduced.sha256(), "cafc64602bd90594d4a162eb42a4bd9b7fa3206f0fbeca8e269f72d762a190e0");
    }
}
