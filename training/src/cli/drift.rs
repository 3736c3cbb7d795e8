//! `planwright-train drift`: does a generator keep the distribution of a physical quantity?

use super::{CliError, print_json, print_text, set_threads};
use crate::drift::{AblationOptions, DriftError, DriftRecipe, UnitOptions, ablations, run_unit};
use crate::fit::FitError;
use crate::report::Method;
use crate::system::SystemName;
use clap::{Args, Subcommand, ValueEnum};
use planwright::model::{EngineChoice, EngineKind};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  planwright-train drift fit --size quick --system tent --seed 1 --method transform
  planwright-train drift ablate --size reduced

A study's size is a file: training/recipes/drift-SIZE.toml. Everything lies in runs/drift-SIZE: a fit that is done is
not done again, one that was cut short goes on from its checkpoint.";

/// What to do in a drift study.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Drift {
    #[command(subcommand)]
    command: DriftCommand,
}

#[derive(Subcommand)]
enum DriftCommand {
    /// Fit, export, sample and measure models
    Fit(Fit),
    /// Change one thing at a time on the tent map (table F)
    Ablate(Ablate),
}

/// Which study, and how it runs.
#[derive(Args, Clone, Debug)]
struct Study {
    /// Size: quick, reduced, paper, or a recipe's file
    #[arg(long, default_value = "reduced", value_name = "NAME|FILE")]
    size: String,
    /// Folder of the study (default: runs/drift-SIZE)
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Threads of a fit and of a network call
    #[arg(long, default_value_t = 1, value_name = "N")]
    threads: usize,
    /// ONNX Runtime's shared library, where it is not in a usual place
    #[arg(long, value_name = "FILE")]
    onnxruntime: Option<PathBuf>,
    /// Print JSON, no progress bar
    #[arg(long)]
    json: bool,
}

impl Study {
    fn recipe(&self) -> Result<DriftRecipe, CliError> {
        set_threads(self.threads)?;
        let named = Path::new("training/recipes").join(format!("drift-{}.toml", self.size));
        let plain = self.size.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let path = match plain.then(|| planwright::files::find(&named)).flatten() {
            Some(found) => found,
            None if plain => named,
            None => PathBuf::from(&self.size),
        };
        DriftRecipe::read(&path).map_err(CliError::input)
    }

    fn options(&self, recipe: &DriftRecipe) -> UnitOptions {
        UnitOptions {
            folder: self.out.clone().unwrap_or_else(|| Path::new("runs").join(format!("drift-{}", recipe.name))),
            engine: EngineChoice {
                kind: EngineKind::OnnxRuntime,
                library: self.onnxruntime.clone(),
                threads: self.threads,
                ..EngineChoice::default()
            },
            progress: !self.json,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum MethodArgument {
    Baseline,
    Reweight,
    Conditional,
    Transform,
}

impl MethodArgument {
    fn method(self) -> Method {
        match self {
            Self::Baseline => Method::Baseline,
            Self::Reweight => Method::Reweight,
            Self::Conditional => Method::Conditional,
            Self::Transform => Method::Transform,
        }
    }
}

#[derive(Args)]
struct Fit {
    #[command(flatten)]
    study: Study,
    /// Systems, separated by commas (default: all of the recipe)
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    system: Vec<String>,
    /// Seeds, separated by commas (default: the recipe's)
    #[arg(long, value_delimiter = ',', value_name = "N")]
    seed: Vec<u64>,
    /// Methods, separated by commas (default: all)
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAME")]
    method: Vec<MethodArgument>,
}

impl Fit {
    fn run(&self) -> Result<(), CliError> {
        let recipe = self.study.recipe()?;
        let options = self.study.options(&recipe);
        let systems = systems(&recipe, &self.system)?;
        let methods: Vec<Method> = match self.method.as_slice() {
            [] => Method::ALL.to_vec(),
            chosen => chosen.iter().map(|method| method.method()).collect(),
        };
        let mut results = Vec::new();
        for method in methods {
            for system in &systems {
                let Some(plan) = recipe.plan(*system) else { continue };
                let seeds = if self.seed.is_empty() { &plan.seeds } else { &self.seed };
                for seed in seeds {
                    let result = run_unit(&recipe, plan, *seed, method, &options).map_err(failure)?;
                    if !self.study.json {
                        print_text(&format!(
                            "{} seed {seed} {}: TV to the intended distribution {:.3} ({} samples, {} dropped, {} steps, {:.0} s)",
                            system.as_str(),
                            method.name(),
                            result.tv_prior,
                            result.generated,
                            result.dropped,
                            result.steps,
                            result.wall_secs
                        ))?;
                    }
                    results.push(result);
                }
            }
        }
        if self.study.json { print_json(&results) } else { Ok(()) }
    }
}

/// The systems that are asked for, or all of the recipe.
fn systems(recipe: &DriftRecipe, names: &[String]) -> Result<Vec<SystemName>, CliError> {
    let planned: Vec<SystemName> = recipe.systems.iter().map(|plan| plan.system.name).collect();
    if names.is_empty() {
        return Ok(planned);
    }
    names
        .iter()
        .map(|name| {
            let found = planned.iter().copied().find(|system| system.as_str() == name);
            found.ok_or_else(|| {
                let known: Vec<&str> = planned.iter().map(|system| system.as_str()).collect();
                CliError::input(DriftError::NotPlanned { known: known.join(", "), got: name.clone() })
            })
        })
        .collect()
}

/// Failures that no other input would mend are not the caller's.
fn failure(error: DriftError) -> CliError {
    match error {
        DriftError::Fit(FitError::Diverged { .. }) | DriftError::NothingLeft { .. } | DriftError::Export(_) => {
            CliError::failed(error)
        }
        other => CliError::input(other),
    }
}

#[derive(Args)]
struct Ablate {
    #[command(flatten)]
    study: Study,
    /// Only these hypotheses, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "H1a")]
    only: Vec<String>,
    /// Show what is done, run nothing
    #[arg(long)]
    done_only: bool,
}

impl Ablate {
    fn run(&self) -> Result<(), CliError> {
        let recipe = self.study.recipe()?;
        let options = self.study.options(&recipe);
        let wanted = AblationOptions { only: self.only.clone(), done_only: self.done_only };
        let rows = ablations(&recipe, &options, &wanted).map_err(failure)?;
        if self.study.json {
            return print_json(&rows);
        }
        let number = |value: Option<f64>| value.map_or("missing".to_owned(), |value| format!("{value:.3}"));
        for row in rows {
            print_text(&format!(
                "{:<5} {:<34} data {} model {} (published {} and {})",
                row.hypothesis,
                row.experiment,
                number(row.tv_data),
                number(row.tv_model),
                number(row.published_data),
                number(row.published_model)
            ))?;
        }
        Ok(())
    }
}

impl Drift {
    pub(super) fn run(&self) -> Result<(), CliError> {
        match &self.command {
            DriftCommand::Fit(command) => command.run(),
            DriftCommand::Ablate(command) => command.run(),
        }
    }
}
