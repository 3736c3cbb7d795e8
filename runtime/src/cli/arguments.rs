//! Arguments that several commands share: planner, engine, pilot, drift, view.

use super::map_arguments::corridor;
use super::output::CliError;
use crate::correction::{CorrectionSettings, Strength};
use crate::figures::Place;
use crate::gate::Infeasible;
use crate::model::{Artefact, EngineSettings};
use crate::pilot::PilotSettings;
use crate::planner::corridor::{CorridorPlanner, PathMethod};
use crate::planner::{
    Control, ControlPlanner, DenoiserSettings, Planner, PlannerDescription, PlannerSettings, RolloutSettings, load,
};
use crate::quantity::{DriftError, DriftSettings, DriftStatus, Intended, IntendedChoice};
use crate::view::{FINISH_TIMEOUT, Subject, View, ViewOptions};
use crate::world::{Layout, Point, State};
use clap::Args;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

/// A parser of numbers within a range, for clap's `value_parser`.
pub fn within<T>(range: RangeInclusive<T>) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: FromStr + PartialOrd + Display + Clone + Send + Sync + 'static,
{
    move |text| {
        let value = text.parse::<T>().ok().filter(|value| range.contains(value));
        value.ok_or_else(|| format!("expected between {} and {}, got {text}", range.start(), range.end()))
    }
}

/// A planner: a model on an engine, or a control; with its pilot and the view.
#[derive(Args, Clone, Debug)]
pub(super) struct PlannerArguments {
    /// The maze whose shipped model is taken: umaze, medium or large; with --control any layout file
    #[arg(long, default_value = "umaze", value_name = "NAME")]
    pub(super) layout: String,
    /// Another model
    #[arg(long, value_name = "FILE")]
    pub(super) model: Option<PathBuf>,
    /// Plan without a network, through the same correction and gate
    #[arg(long, value_enum, conflicts_with = "model", value_name = "NAME")]
    pub(super) control: Option<Control>,
    /// A planner of any map instead: corridor takes the network of --model or the shipped one, the others need none
    #[arg(long, value_enum, conflicts_with = "control", value_name = "NAME")]
    pub(super) planner: Option<PathMethod>,
    #[command(flatten)]
    pub(super) settings: PlannerSettings,
    #[command(flatten)]
    pub(super) engine: EngineSettings,
    #[command(flatten)]
    pub(super) pilot: PilotArguments,
    #[command(flatten)]
    pub(super) view: ViewArguments,
}

/// A planner, and the file it comes from.
pub(super) struct Opened {
    pub(super) planner: Box<dyn Planner>,
    /// File and hash; `None` for a control.
    pub(super) model: Option<(PathBuf, String)>,
}

impl PlannerArguments {
    /// The control, else the model, else the shipped one of that name, else the layout's.
    pub(super) fn open(&self, shipped_name: Option<&str>) -> Result<Opened, CliError> {
        if let Some(control) = self.control {
            self.check_options(&format!("--control {}", control.name()), false)?;
            let planner = ControlPlanner::new(control, layout(&self.layout)?, self.settings.seed);
            return Ok(Opened { planner: Box::new(planner), model: None });
        }
        if let Some(method) = self.planner {
            return self.open_for_any_map(method);
        }
        let own = match (&self.model, shipped_name) {
            (None, Some(name)) => Some(shipped(name)?),
            (model, _) => model.clone(),
        };
        let (path, artefact) = open_model(own.as_deref(), &self.layout)?;
        let planner = load(&artefact, &self.engine.choice().map_err(CliError::input)?, &self.settings)
            .map_err(CliError::input)?;
        Ok(Opened { planner, model: Some((path, artefact.sha256().to_owned())) })
    }

    /// A planner of any map.
    pub(super) fn open_for_any_map(&self, method: PathMethod) -> Result<Opened, CliError> {
        self.check_options(&format!("--planner {}", method.name()), method == PathMethod::Corridor)?;
        if method != PathMethod::Corridor {
            return Ok(Opened { planner: Box::new(CorridorPlanner::new(method)), model: None });
        }
        let (planner, model) = corridor(self.model.as_deref(), &self.engine.choice().map_err(CliError::input)?)?;
        Ok(Opened { planner: Box::new(planner), model: Some(model) })
    }

    /// The maze to plan in: the planner's own, or for a planner of any map the one that is named.
    pub(super) fn maze(&self, planner: &PlannerDescription) -> Result<Layout, CliError> {
        planner.layout.clone().map_or_else(|| layout(&self.layout), Ok)
    }

    /// Refuses options that would have no effect: those of any network, or of a network other than a corridor's.
    fn check_options(&self, of: &str, runs_network: bool) -> Result<(), CliError> {
        let PlannerSettings { denoiser, rollout, seed: _ } = &self.settings;
        let DenoiserSettings { solver, denoising_steps, candidates, warm_start } = denoiser;
        let RolloutSettings { rollouts, temperature, target_return } = rollout;
        let EngineSettings { engine, onnxruntime_library, threads } = &self.engine;
        let options = [
            ("--solver", solver.is_some()),
            ("--steps", denoising_steps.is_some()),
            ("--candidates", candidates.is_some()),
            ("--warm-start", warm_start.is_some()),
            ("--rollouts", rollouts.is_some()),
            ("--temperature", temperature.is_some()),
            ("--target-return", target_return.is_some()),
            ("--model", !runs_network && self.model.is_some()),
            ("--engine", !runs_network && engine != "auto"),
            ("--onnxruntime", !runs_network && onnxruntime_library.is_some()),
            ("--threads", !runs_network && *threads != 1),
        ];
        let given: Vec<&str> = options.into_iter().filter_map(|(option, given)| given.then_some(option)).collect();
        if given.is_empty() {
            return Ok(());
        }
        let (expected, hint) = match runs_network {
            true => ("no options of other networks", "its network is called once, without sampling"),
            false => ("no options of a network", "it runs no network"),
        };
        Err(CliError::wrong(format!(
            "{of}: expected {expected}, got {}\nhint: {hint}; leave them out",
            given.join(", ")
        )))
    }
}

/// Correction and pilot.
#[derive(Args, Clone, Debug)]
pub(super) struct PilotArguments {
    /// Strength of the correction: 0 leaves the proposal, inf is the simulated path
    #[arg(long, default_value = "inf", value_name = "GAMMA", allow_hyphen_values = true)]
    pub(super) gamma: Strength,
    /// Keep the proposal's own time parameterisation instead of the fastest that the motors allow
    #[arg(long)]
    pub(super) keep_pace: bool,
    /// Keep the shape of the proposal's path instead of shortening it (models of paths: always)
    #[arg(long)]
    pub(super) keep_shape: bool,
    /// Control steps of 0.01 s between plans
    #[arg(long, default_value_t = 10, value_parser = within(1..=10_000_usize), value_name = "N")]
    pub(super) replan_steps: usize,
    /// Time from observation to checked plan, milliseconds (0: no deadline)
    #[arg(long, value_parser = within(0.0..=1e6), value_name = "MS")]
    pub(super) deadline_ms: Option<f64>,
    #[command(flatten)]
    pub(super) drift: DriftArguments,
}

/// The intended distribution of path lengths, and the drift monitor.
#[derive(Args, Clone, Debug)]
pub(super) struct DriftArguments {
    /// Distribution that the plans' lengths in metres should have: uniform:LOW:HIGH[:BINS], JSON as in the manifest,
    /// or none (default: the model's own, if it has one)
    #[arg(long, value_name = "DISTRIBUTION")]
    pub(super) intended: Option<String>,
    /// Total variation from the intended distribution that is still no drift, 0 to 1
    #[arg(long, default_value_t = DriftSettings::DEFAULT_THRESHOLD, value_name = "SHARE", allow_hyphen_values = true)]
    pub(super) drift_threshold: f64,
    /// Number of newest plans in the comparison
    #[arg(long, default_value_t = DriftSettings::DEFAULT_WINDOW, value_name = "N")]
    pub(super) drift_window: usize,
}

impl DriftArguments {
    /// The monitor's settings; `None` without a distribution. `own` is the model's.
    fn settings(&self, own: Option<&Intended>) -> Result<Option<DriftSettings>, CliError> {
        let text = self.intended.as_deref().unwrap_or("model");
        let choice: IntendedChoice = text.parse().map_err(|error| CliError::wrong(format!("--intended: {error}")))?;
        let of = |intended| DriftSettings::new(intended, self.drift_window, self.drift_threshold);
        let intended = choice.resolve(own);
        intended.map(of).transpose().map_err(|error| {
            let option = match &error {
                DriftError::Window { .. } => "--drift-window",
                DriftError::Threshold { .. } => "--drift-threshold",
            };
            CliError::wrong(format!("{option}: {error}"))
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
    /// `default_deadline` holds where no deadline was given, the planner's own distribution where no other was.
    pub(super) fn settings(
        &self,
        default_deadline: Option<Duration>,
        planner: &PlannerDescription,
    ) -> Result<PilotSettings, CliError> {
        let own = |ms: f64| (ms > 0.0).then(|| Duration::from_secs_f64(ms * 1e-3));
        let deadline = self.deadline_ms.map_or(default_deadline, own);
        let mut correction =
            CorrectionSettings { strength: self.gamma, retime: !self.keep_pace, ..CorrectionSettings::default() };
        correction.path.keep_shape = self.keep_shape;
        let drift = self.drift.settings(planner.intended.as_ref())?;
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
        self.start_for(Subject::Robot)
    }

    pub(super) fn start_for(&self, subject: Subject) -> Result<View, CliError> {
        let (file, viewer) = (self.rrd.clone(), self.viewer.clone());
        let options = ViewOptions { file, viewer, subject, ..ViewOptions::default() };
        View::start(&options).map_err(CliError::input)
    }
}

/// The model of a path, or the shipped one of a layout.
pub(super) fn open_model(path: Option<&Path>, layout: &str) -> Result<(PathBuf, Artefact), CliError> {
    let path = match path {
        Some(path) => path.to_owned(),
        None => match shipped(&format!("maze-{layout}")) {
            Err(_) if Layout::named(layout).is_none() => {
                return Err(CliError::wrong(format!(
                    "--layout: expected one of {}, got '{layout}'\nhint: the models of umaze, medium and large are shipped; --model FILE names another one, --control plans in any layout file",
                    Layout::NAMES.join(", ")
                )));
            }
            found => found?,
        },
    };
    let artefact = open_artefact(&path)?;
    Ok((path, artefact))
}

/// The model in a file.
pub(super) fn open_artefact(path: &Path) -> Result<Artefact, CliError> {
    let artefact = Artefact::open(path).map_err(CliError::input)?;
    if artefact.saved_again() {
        eprintln!(
            "warning: {}: another tool has saved the file again since its export; its content is the same",
            path.display()
        );
    }
    Ok(artefact)
}

/// `models/NAME.onnx` here, or beside the command or one of the folders above it.
pub(super) fn shipped(name: &str) -> Result<PathBuf, CliError> {
    let name = Path::new("models").join(format!("{name}.onnx"));
    if let Some(found) = crate::files::find(&name) {
        return Ok(found);
    }
    Err(CliError::wrong(format!(
        "expected the model {}, got none here or beside the command\nhint: run from the project's folder, or name a model with --model FILE",
        name.display()
    )))
}

/// Ends the view and prints its first error, if it had one.
pub(super) fn finish_view(view: View) {
    let report = view.finish(FINISH_TIMEOUT);
    if let Some(error) = &report.statistics.last_error {
        eprintln!("warning: the view is incomplete: {error}");
    }
}

/// A layout by name or file.
pub(super) fn layout(name: &str) -> Result<Layout, CliError> {
    Layout::named_or_file(name).map_err(CliError::input)
}

/// Numbers separated by commas.
pub(super) fn numbers(text: &str, what: &str, counts: &[usize]) -> Result<Vec<f64>, CliError> {
    let parsed: Option<Vec<f64>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
    parsed.filter(|values| counts.contains(&values.len()) && values.iter().all(|value| value.is_finite())).ok_or_else(
        || {
            let counts: Vec<String> = counts.iter().map(usize::to_string).collect();
            CliError::wrong(format!(
                "{what}: expected {} finite numbers separated by commas, got '{text}'",
                counts.join(" or ")
            ))
        },
    )
}

/// Refuses a point that is not in free space; `given` is the layout's name or file.
pub(super) fn check_free(layout: &Layout, given: &str, point: Point, what: &str) -> Result<(), CliError> {
    if layout.is_free(point) {
        return Ok(());
    }
    let (row, column) = Layout::cell_of(point);
    let place = if row < 0 || column < 0 || row as usize >= layout.rows() || column as usize >= layout.columns() {
        "outside the maze"
    } else {
        "in a wall"
    };
    Err(CliError::wrong(format!(
        "{what}: expected a point in free space, got {}, which is {place}\nhint: `planwright world show --layout {}` prints the free cells",
        Place(point),
        given
    )))
}

/// A problem that no plan can solve, by the option at fault; `ends` are those that name both ends, and
/// `given` is the layout's name or file.
pub(super) fn impossible(infeasible: Infeasible, given: &str, ends: &str) -> CliError {
    let option = match infeasible {
        Infeasible::NoWay { .. } => ends,
        _ if infeasible.is_of_start() => "--start",
        _ => "--goal",
    };
    let text = infeasible.to_string();
    let problem = text.split_once("\nhint: ").map_or(text.as_str(), |(problem, _)| problem);
    CliError::wrong(format!(
        "{option}: {problem}\nhint: `planwright world show --layout {}` prints the free cells",
        given
    ))
}

/// `x,y` or `x,y,vx,vy`.
pub(super) fn parse_state(text: &str, what: &str) -> Result<State, CliError> {
    let values = numbers(text, what, &[2, 4])?;
    let at = |index: usize| values.get(index).copied().unwrap_or(0.0);
    Ok(State::from_array(std::array::from_fn(at)))
}

/// `x,y`, or the layout's own goal.
pub(super) fn parse_goal(text: Option<&str>, layout: &Layout) -> Result<Point, CliError> {
    match text {
        Some(text) => numbers(text, "--goal", &[2]).map(|values| [values[0], values[1]]),
        None => layout.goal().ok_or_else(|| {
            CliError::wrong(format!("expected a goal: the layout '{}' has none\nhint: --goal X,Y", layout.name()))
        }),
    }
}
