//! `planwright-train drift`: does a generator keep the distribution of a physical quantity?

use super::drift_table::Table;
use super::{CliError, print_json, print_text, set_threads};
use crate::drift::report::{Method, write_report};
use crate::drift::system::{SystemName, SystemSettings};
use crate::drift::{
    AblationOptions, CollectOptions, DriftError, DriftRecipe, PredictOptions, SystemPlan, UnitOptions, UnitResult,
    ablations, collect, predict, run_unit, ship,
};
use crate::fit::FitError;
use clap::{Args, Subcommand, ValueEnum};
use planwright::diffusion::Solver;
use planwright::model::{EngineChoice, EngineKind, SolverDefaults};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  planwright-train drift predict --system tent
  planwright-train drift run --size quick
  planwright-train drift table --size reduced --json
  planwright-train drift mitigate --size reduced --json
  planwright-train drift report --size reduced --report docs/drift
  planwright-train drift ship --size reduced --method transform --file models/maze-umaze-transform.onnx

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
    /// Predict from data alone where a quantity goes, over the scales of the kernel (table C.2)
    Predict(Predict),
    /// Everything that is not done yet: all fits, then the ablations
    Run(Run),
    /// Distances between prior, data, prediction and model (table 1)
    Table(Table),
    /// What reweighting, conditioning and the transform do against drift (tables 2 and 3)
    Mitigate(Table),
    /// Change one thing at a time on the tent map (table F)
    Ablate(Ablate),
    /// All plots and tables as files
    Report(Report),
    /// Write the model of one fit as a file for robots
    Ship(Ship),
}

/// Which study, and how it runs.
#[derive(Args, Clone, Debug)]
pub(super) struct Study {
    /// Size: quick, reduced, paper, or a recipe's file
    #[arg(long, default_value = "reduced", value_name = "NAME|FILE")]
    pub(super) size: String,
    /// Folder of the study (default: runs/drift-SIZE)
    #[arg(long, value_name = "FOLDER")]
    pub(super) out: Option<PathBuf>,
    /// Threads of a fit and of a network call
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(super) threads: usize,
    /// ONNX Runtime's shared library, where it is not in a usual place
    #[arg(long, value_name = "FILE")]
    pub(super) onnxruntime: Option<PathBuf>,
    /// Print JSON, no progress bar
    #[arg(long)]
    pub(super) json: bool,
}

impl Study {
    pub(super) fn recipe(&self) -> Result<DriftRecipe, CliError> {
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

    pub(super) fn options(&self, recipe: &DriftRecipe) -> UnitOptions {
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
pub(super) fn systems(recipe: &DriftRecipe, names: &[String]) -> Result<Vec<SystemName>, CliError> {
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
pub(super) fn failure(error: DriftError) -> CliError {
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

#[derive(Args)]
struct Predict {
    #[command(flatten)]
    study: Study,
    /// Which system: sinusoid, tent, logistic, pendulum or maze2d
    #[arg(long, value_name = "NAME")]
    system: String,
    /// Seed of data and kernel
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Scales, separated by commas (default: the published ones)
    #[arg(long, value_delimiter = ',', value_name = "X")]
    scale: Vec<f64>,
    /// Compare with the study's own baseline of this seed, and match the scale to its error
    #[arg(long)]
    with_model: bool,
}

impl Predict {
    fn run(&self) -> Result<(), CliError> {
        let recipe = self.study.recipe()?;
        let options = self.study.options(&recipe);
        let plan = self.plan(&recipe)?;
        let model: Option<UnitResult> = if self.with_model {
            Some(run_unit(&recipe, &plan, self.seed, Method::Baseline, &options).map_err(failure)?)
        } else {
            None
        };
        let scales = (!self.scale.is_empty()).then(|| self.scale.clone());
        let asked = PredictOptions { seed: self.seed, scales, model };
        let prediction = predict(&recipe, &plan, &asked).map_err(failure)?;
        if self.study.json {
            return print_json(&prediction);
        }
        let mut lines = vec![format!("{}: TV(data, prior) {:.3}", prediction.sweep.system, prediction.tv_data_prior)];
        lines.push("scale    TV(prediction, data)  TV(prediction, model)  mass by fifth".to_owned());
        for row in &prediction.sweep.scales {
            let model = row.tv_prediction_model.map_or("-".to_owned(), |value| format!("{value:.3}"));
            let fifths: Vec<String> = row.mass_by_fifth.iter().map(|mass| format!("{mass:.3}")).collect();
            lines.push(format!("{:<8.4} {:<21.3} {model:<22} {}", row.scale, row.tv_prediction_data, fifths.join(" ")));
        }
        if let Some(matched) = &prediction.matched {
            lines.push(format!(
                "matched  scale {:.4} to the model's error {:.2e}: TV(prediction, model) {:.3}, TV(data, model) {:.3}",
                matched.scale, matched.model_error, matched.tv_prediction_model, matched.tv_data_model
            ));
        }
        print_text(&lines.join("\n"))
    }

    /// Without a model a system is taken with its own constants; with one, as the study has it.
    fn plan(&self, recipe: &DriftRecipe) -> Result<SystemPlan, CliError> {
        let settings = SystemSettings::named(&self.system).map_err(|error| CliError::input(DriftError::from(error)))?;
        let planned = recipe.plan(settings.name);
        match (planned, self.with_model) {
            (Some(planned), true) => Ok(planned.clone()),
            (Some(planned), false) => Ok(SystemPlan { system: settings, ..planned.clone() }),
            (None, _) => {
                let known: Vec<&str> = recipe.systems.iter().map(|plan| plan.system.name.as_str()).collect();
                Err(CliError::input(DriftError::NotPlanned { known: known.join(", "), got: self.system.clone() }))
            }
        }
    }
}

#[derive(Args)]
struct Run {
    #[command(flatten)]
    study: Study,
    /// Systems, separated by commas (default: all of the recipe)
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    system: Vec<String>,
    /// Leave the ablations out
    #[arg(long)]
    no_ablations: bool,
}

impl Run {
    fn run(&self) -> Result<(), CliError> {
        let fits = Fit { study: self.study.clone(), system: self.system.clone(), seed: Vec::new(), method: Vec::new() };
        fits.run()?;
        let recipe = self.study.recipe()?;
        if self.no_ablations || recipe.ablations.is_none() {
            return Ok(());
        }
        Ablate { study: self.study.clone(), only: Vec::new(), done_only: false }.run()
    }
}

#[derive(Args)]
struct Report {
    #[command(flatten)]
    study: Study,
    /// Systems, separated by commas (default: all of the recipe)
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    system: Vec<String>,
    /// Folder of the report (default: the study's folder, report)
    #[arg(long, value_name = "FOLDER")]
    report: Option<PathBuf>,
}

impl Report {
    fn run(&self) -> Result<(), CliError> {
        let recipe = self.study.recipe()?;
        let options = self.study.options(&recipe);
        let systems = systems(&recipe, &self.system)?;
        let wanted = CollectOptions { predictions: true, ablations: true };
        let results = collect(&recipe, &systems, &options, wanted).map_err(failure)?;
        let folder = self.report.clone().unwrap_or_else(|| options.folder.join("report"));
        let files = write_report(&results, &folder).map_err(|error| failure(error.into()))?;
        if self.study.json {
            return print_json(&files);
        }
        let lines: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
        print_text(&lines.join("\n"))
    }
}

#[derive(Args)]
struct Ship {
    #[command(flatten)]
    study: Study,
    /// Which system
    #[arg(long, default_value = "maze2d", value_name = "NAME")]
    system: String,
    /// Which seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Which method
    #[arg(long, value_enum, default_value = "transform")]
    method: MethodArgument,
    /// For comparison, not for robots: the study's tolerance of the parity gate is enough
    #[arg(long)]
    comparison: bool,
    /// The file to write
    #[arg(long = "file", value_name = "FILE")]
    file: PathBuf,
    /// Denoising steps (DDIM) that a planner makes
    #[arg(long, default_value_t = 5, value_name = "N")]
    steps: usize,
    /// Codes or paths that a planner draws at once
    #[arg(long, default_value_t = 8, value_name = "N")]
    candidates: usize,
}

impl Ship {
    fn run(&self) -> Result<(), CliError> {
        let recipe = self.study.recipe()?;
        let options = self.study.options(&recipe);
        let chosen = systems(&recipe, std::slice::from_ref(&self.system))?;
        let Some(plan) = chosen.first().and_then(|system| recipe.plan(*system)) else { return Ok(()) };
        if self.steps == 0 || self.candidates == 0 {
            let problem =
                format!("expected at least 1 step and 1 candidate, got {} and {}", self.steps, self.candidates);
            return Err(CliError::input(anyhow::anyhow!(problem)));
        }
        let solver = SolverDefaults { solver: Solver::Ddim, steps: self.steps, candidates: self.candidates };
        let method = self.method.method();
        let shipped =
            ship(&recipe, plan, self.seed, method, &options, solver, !self.comparison, &self.file).map_err(failure)?;
        if self.study.json {
            return print_json(&shipped);
        }
        print_text(&format!("{}: {} bytes, sha256 {}", shipped.path.display(), shipped.bytes, shipped.sha256))
    }
}

impl Drift {
    pub(super) fn run(&self) -> Result<(), CliError> {
        match &self.command {
            DriftCommand::Fit(command) => command.run(),
            DriftCommand::Predict(command) => command.run(),
            DriftCommand::Run(command) => command.run(),
            DriftCommand::Table(command) => command.run(),
            DriftCommand::Mitigate(command) => command.run_mitigate(),
            DriftCommand::Ablate(command) => command.run(),
            DriftCommand::Report(command) => command.run(),
            DriftCommand::Ship(command) => command.run(),
        }
    }
}
