//! What several commands share: models, engines, settings, output, errors.

use crate::correction::{CorrectionSettings, Strength};
use crate::diffusion::Solver;
use crate::model::{Artefact, EngineChoice, Manifest};
use crate::pilot::PilotSettings;
use crate::planner::MazePlannerSettings;
use crate::quantity::{DriftError, DriftSettings, DriftStatus, IntendedChoice};
use crate::view::{View, ViewOptions};
use crate::world::{Layout, Point};
use clap::Args;
use serde::Serialize;
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How a command fails.
#[derive(Debug)]
pub(super) enum CliError {
    /// Wrong usage or input: exit code 2.
    Input(anyhow::Error),
    /// Anything else: exit code 1.
    Failed(anyhow::Error),
}

impl CliError {
    pub(super) fn input(error: impl Into<anyhow::Error>) -> Self {
        Self::Input(error.into())
    }

    pub(super) fn failed(error: impl Into<anyhow::Error>) -> Self {
        Self::Failed(error.into())
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Input(error) | Self::Failed(error)) = self;
        write!(f, "{error:#}")
    }
}

/// Prints data to stdout. A reader that went away is no error; a full disk is.
pub(super) fn print_text(text: &str) -> Result<(), CliError> {
    let mut stdout = std::io::stdout().lock();
    let written = writeln!(stdout, "{}", text.trim_end()).and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(CliError::input(anyhow::anyhow!("expected an output that can be written, got: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints one JSON object to stdout.
pub(super) fn print_json(value: &impl Serialize) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(value).map_err(CliError::failed)?;
    print_text(&text)
}

/// Model and engine.
#[derive(Args, Clone, Debug)]
pub(super) struct EngineArguments {
    /// Engine: auto, tract, onnxruntime, onnxruntime-cuda or onnxruntime-tensorrt
    #[arg(long, default_value = "auto", value_name = "NAME")]
    pub(super) engine: String,
    /// ONNX Runtime's shared library, where it is not in a usual place
    #[arg(long, value_name = "FILE")]
    pub(super) onnxruntime: Option<PathBuf>,
    /// Threads of one network call
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(super) threads: usize,
}

impl EngineArguments {
    pub(super) fn choice(&self) -> Result<EngineChoice, CliError> {
        let choice: EngineChoice = self.engine.parse().map_err(CliError::input)?;
        if !(1..=256).contains(&self.threads) {
            return Err(CliError::input(anyhow::anyhow!("expected between 1 and 256 threads, got {}", self.threads)));
        }
        Ok(EngineChoice { library: self.onnxruntime.clone(), threads: self.threads, ..choice })
    }
}

/// Sampler.
#[derive(Args, Clone, Debug)]
pub(super) struct SamplerArguments {
    /// Solver: ddim, ddpm or dpm-solver++ (default: the model's)
    #[arg(long, value_name = "NAME")]
    pub(super) solver: Option<String>,
    /// Denoising steps per plan (default: the model's)
    #[arg(long, value_name = "N")]
    pub(super) steps: Option<usize>,
    /// Plans drawn at once, of which the best is taken (default: the model's)
    #[arg(long, value_name = "N")]
    pub(super) candidates: Option<usize>,
    /// Let a replan grow out of the plan before, noised to this share (0 to 1)
    #[arg(long, value_name = "SHARE")]
    pub(super) warm_start: Option<f64>,
}

/// Correction and pilot.
#[derive(Args, Clone, Debug)]
pub(super) struct PilotArguments {
    /// Strength of the correction: 0 leaves the proposal, inf is the simulated path
    #[arg(long, default_value = "inf", value_name = "GAMMA", allow_hyphen_values = true)]
    pub(super) gamma: String,
    /// Keep the proposal's own pace instead of the fastest that the motors allow
    #[arg(long)]
    pub(super) keep_pace: bool,
    /// Keep the proposal's way with all its turns instead of the shortest way along it (models of paths: always)
    #[arg(long)]
    pub(super) keep_shape: bool,
    /// Control steps of 0.01 s between plans
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub(super) replan_steps: usize,
    /// Time from observation to checked plan, milliseconds (0: no deadline)
    #[arg(long, value_name = "MS")]
    pub(super) deadline_ms: Option<f64>,
    #[command(flatten)]
    pub(super) drift: DriftArguments,
}

/// What the plans' lengths are held against.
#[derive(Args, Clone, Debug)]
pub(super) struct DriftArguments {
    /// Distribution that the plans' lengths in metres should have: uniform:LOW:HIGH[:BINS], JSON as in the manifest,
    /// or none (default: the model's own, if it has one)
    #[arg(long, value_name = "DISTRIBUTION")]
    pub(super) intended: Option<String>,
    /// Share of the plans that may be elsewhere than intended before it is called drift, 0 to 1
    #[arg(long, default_value_t = DriftSettings::DEFAULT_THRESHOLD, value_name = "SHARE", allow_hyphen_values = true)]
    pub(super) drift_threshold: f64,
    /// Newest plans that are held against it
    #[arg(long, default_value_t = DriftSettings::DEFAULT_WINDOW, value_name = "N")]
    pub(super) drift_window: usize,
}

impl DriftArguments {
    /// What to watch; nothing without a distribution.
    fn settings(&self, manifest: &Manifest) -> Result<Option<DriftSettings>, CliError> {
        let text = self.intended.as_deref().unwrap_or("model");
        let choice: IntendedChoice =
            text.parse().map_err(|error| CliError::input(anyhow::anyhow!("--intended: {error}")))?;
        let of = |intended| DriftSettings::new(intended, self.drift_window, self.drift_threshold);
        let intended = choice.resolve(manifest.intended());
        intended.map(of).transpose().map_err(|error| {
            let option = match &error {
                DriftError::Window { .. } => "--drift-window",
                DriftError::Threshold { .. } => "--drift-threshold",
            };
            CliError::input(anyhow::anyhow!("{option}: {error}"))
        })
    }
}

/// The drift in a line.
pub(super) fn describe_drift(drift: Option<&DriftStatus>) -> String {
    let Some(figures) = drift.map(|drift| &drift.figures) else { return String::new() };
    let total_variation = figures.total_variation.unwrap_or(f64::NAN);
    format!(
        "\ndrift     {}: total variation {total_variation:.3} over {} plans ({:.3} to {:.3} by chance, threshold {})",
        figures.state.name(),
        figures.plans,
        figures.interval.low,
        figures.interval.high,
        figures.threshold,
    )
}

impl PilotArguments {
    /// `default_deadline` holds where no deadline was given, the manifest's distribution where no other was.
    pub(super) fn settings(
        &self,
        default_deadline: Option<Duration>,
        manifest: &Manifest,
    ) -> Result<PilotSettings, CliError> {
        let strength: Strength =
            self.gamma.parse().map_err(|problem: String| CliError::input(anyhow::anyhow!("--gamma: {problem}")))?;
        let deadline = match self.deadline_ms {
            None => default_deadline,
            Some(0.0) => None,
            Some(ms) if ms > 0.0 && ms <= 1e6 => Some(Duration::from_secs_f64(ms * 1e-3)),
            Some(ms) => {
                let problem = anyhow::anyhow!("--deadline-ms: expected between 0 and 1e6, got {ms}");
                return Err(CliError::input(problem));
            }
        };
        if !(1..=10_000).contains(&self.replan_steps) {
            let problem = anyhow::anyhow!("--replan-steps: expected between 1 and 10000, got {}", self.replan_steps);
            return Err(CliError::input(problem));
        }
        let mut correction = CorrectionSettings { strength, retime: !self.keep_pace, ..CorrectionSettings::default() };
        correction.path.keep_shape = self.keep_shape || manifest.plans_paths();
        let drift = self.drift.settings(manifest)?;
        Ok(PilotSettings { replan_steps: self.replan_steps, deadline, correction, drift, ..PilotSettings::default() })
    }
}

/// Recording and viewer.
#[derive(Args, Clone, Debug)]
pub(super) struct ViewArguments {
    /// Write a recording for the rerun viewer
    #[arg(long, value_name = "FILE")]
    pub(super) rrd: Option<PathBuf>,
    /// Send to a running rerun viewer, for example rerun+http://127.0.0.1:9876/proxy
    #[arg(long, value_name = "URL")]
    pub(super) viewer: Option<String>,
}

impl ViewArguments {
    pub(super) fn start(&self) -> Result<View, CliError> {
        let options = ViewOptions { file: self.rrd.clone(), viewer: self.viewer.clone(), ..ViewOptions::default() };
        View::start(&options).map_err(CliError::input)
    }
}

/// The model that is asked for, or the shipped one for a layout.
pub(super) fn open_model(path: Option<&Path>, layout: &str) -> Result<(PathBuf, Artefact), CliError> {
    let path = match path {
        Some(path) => path.to_owned(),
        None => shipped_model(layout)?,
    };
    let artefact = Artefact::open(&path).map_err(CliError::input)?;
    Ok((path, artefact))
}

/// `models/maze-LAYOUT.onnx` here, or beside the command or one of the folders above it.
fn shipped_model(layout: &str) -> Result<PathBuf, CliError> {
    shipped(&format!("maze-{layout}"))
}

/// `models/NAME.onnx` here, or beside the command or one of the folders above it.
pub(super) fn shipped(name: &str) -> Result<PathBuf, CliError> {
    let name = Path::new("models").join(format!("{name}.onnx"));
    if let Some(found) = crate::files::find(&name) {
        return Ok(found);
    }
    Err(CliError::input(anyhow::anyhow!(
        "expected the model {}, got none here or beside the command\nhint: run from the project's folder, or name a model with --model FILE",
        name.display()
    )))
}

impl SamplerArguments {
    pub(super) fn settings(&self, artefact: &Artefact, seed: u64) -> Result<MazePlannerSettings, CliError> {
        let default = MazePlannerSettings::of(artefact.manifest());
        let solver: Solver = match &self.solver {
            Some(name) => name.parse().map_err(CliError::input)?,
            None => default.solver,
        };
        Ok(MazePlannerSettings {
            solver,
            steps: self.steps.unwrap_or(default.steps),
            candidates: self.candidates.unwrap_or(default.candidates),
            warm_start: self.warm_start,
            seed,
        })
    }
}

/// A layout by name or file.
pub(super) fn layout(name: &str) -> Result<Layout, CliError> {
    Layout::named_or_file(name).map_err(|error| CliError::input(anyhow::anyhow!("{name}: {error}")))
}

/// Numbers separated by commas.
pub(super) fn numbers(text: &str, what: &str, counts: &[usize]) -> Result<Vec<f64>, CliError> {
    let parsed: Option<Vec<f64>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
    parsed.filter(|values| counts.contains(&values.len()) && values.iter().all(|value| value.is_finite())).ok_or_else(
        || {
            let counts: Vec<String> = counts.iter().map(usize::to_string).collect();
            CliError::input(anyhow::anyhow!(
                "{what}: expected {} finite numbers separated by commas, got '{text}'",
                counts.join(" or ")
            ))
        },
    )
}

/// Refuses a point that is not in free space.
pub(super) fn check_free(layout: &Layout, point: Point, what: &str) -> Result<(), CliError> {
    if layout.is_free(point) {
        return Ok(());
    }
    let (row, column) = Layout::cell_of(point);
    let place = if row < 0 || column < 0 || row as usize >= layout.rows() || column as usize >= layout.columns() {
        "outside the maze"
    } else {
        "in a wall"
    };
    Err(CliError::input(anyhow::anyhow!(
        "{what}: expected a point in free space, got {},{}, which is {place}\nhint: `planwright world show --layout {}` prints the free cells",
        point[0],
        point[1],
        layout.name()
    )))
}
