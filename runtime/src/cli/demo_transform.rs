//! `planwright demo --transform`: plans whose lengths keep their intended distribution, beside those of a plain model.

use super::arguments::{PlannerArguments, ViewArguments, finish_view, open_artefact, shipped};
use super::output::{CliError, print_json, print_text};
use crate::evaluate::Audit;
use crate::gate::Origin;
use crate::model::{Artefact, load_engine};
use crate::pilot::{Pilot, PilotStatistics};
use crate::planner::{LengthMatchedPlanner, LengthMatching, Observation, Planner, PlannerSettings};
use crate::quantity::{DriftStatus, Marginal};
use crate::view::{Event, Stage, Stamp, View};
use crate::world::{GOAL_RADIUS_M, MazeWorld, Point, STEP_SECS, State};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Steps of 0.01 s in which a plan is followed; every plan of the model's range ends well before.
const STEPS: usize = 400;
/// Planning rounds per goal until a plan passes the gate.
const TRIES: usize = 5;
const DEADLINE: Duration = Duration::from_millis(50);

/// Arguments of the demo.
pub(super) struct TransformDemo<'a> {
    pub(super) goals: usize,
    pub(super) json: bool,
    pub(super) arguments: &'a PlannerArguments,
    pub(super) rrd: Option<PathBuf>,
}

/// Results of one planner.
#[derive(Serialize)]
struct Driven {
    model: PathBuf,
    model_sha256: String,
    drift: Option<DriftStatus>,
    reach_rate: f64,
    wall_contacts: usize,
    plans_unsafe: u64,
    plan_ms: crate::pilot::LatencySummary,
    statistics: PilotStatistics,
}

impl TransformDemo<'_> {
    pub(super) fn run(&self) -> Result<(), CliError> {
        let path = shipped("maze-umaze-transform")?;
        let artefact = open_artefact(&path)?;
        let planner = self.planner(&artefact, true)?;
        let Some(intended) = artefact.manifest().intended().cloned() else {
            let problem = "expected a model with an intended distribution of path length, got none";
            return Err(CliError::wrong(format!("{}: {problem}", path.display())));
        };
        let tasks: Vec<(Point, Point)> = (0..self.goals).filter_map(|index| planner.task(index)).collect();
        let description = planner.description().clone();
        let free = Marginal::from_values(intended.grid(), &planner.pooled_lengths())
            .and_then(|found| found.total_variation(intended.marginal()))
            .map_err(CliError::failed)?;
        let world = MazeWorld::new(description.maze().map_err(CliError::input)?.clone());
        let view_arguments = ViewArguments { rrd: self.rrd.clone(), ..self.arguments.view.clone() };
        let view = view_arguments.start()?;
        let transform = self.drive(&path, &artefact, planner, &world, &tasks, view.clone())?;
        finish_view(view);
        let unranked = self.planner(&artefact, false)?;
        let unranked = self.drive(&path, &artefact, unranked, &world, &tasks, View::disabled())?;
        let plain_path = shipped("maze-umaze-paths")?;
        let plain = open_artefact(&plain_path)?;
        let baseline = self.planner(&plain, true)?;
        let baseline = self.drive(&plain_path, &plain, baseline, &world, &tasks, View::disabled())?;
        let plans_unsafe = transform.plans_unsafe + unranked.plans_unsafe + baseline.plans_unsafe;
        if self.json {
            return print_json(&serde_json::json!({
                "layout": world.layout().name(),
                "goals": tasks.len(),
                "seed": self.arguments.settings.seed,
                "total_variation": total_variation(&transform),
                "total_variation_unranked": total_variation(&unranked),
                "total_variation_baseline": total_variation(&baseline),
                "total_variation_unconditional": free,
                "plans_unsafe": plans_unsafe,
                "transform": transform,
                "unranked": unranked,
                "baseline": baseline,
                "engine": description.engine,
                "rrd": self.rrd,
            }));
        }
        let line = |name: &str, driven: &Driven| {
            let state = driven.drift.as_ref().map_or("off", |drift| drift.figures.state.name());
            format!(
                "{name:<26} {:.3} ({state}), {} plans, {} fallbacks, {} unsafe, {:.0}% reached, p50 {:.1} ms",
                total_variation(driven).unwrap_or(f64::NAN),
                driven.statistics.plans_checked,
                driven.statistics.fallbacks.total(),
                driven.plans_unsafe,
                100.0 * driven.reach_rate,
                driven.plan_ms.p50,
            )
        };
        let recording = self.rrd.as_ref().map_or(String::new(), |path| format!("\nrecording {}", path.display()));
        print_text(&format!(
            "{} goals in {}: total variation of the plans' lengths to the intended distribution\n{}\n{}\n{}\n{:<26} {free:.3}\nengine    {}{recording}",
            tasks.len(),
            world.layout().name(),
            line("transform, ranked", &transform),
            line("transform, not ranked", &unranked),
            line("plain model, inpainted", &baseline),
            "transform, no condition",
            description.engine_text(),
        ))
    }

    fn planner(&self, artefact: &Artefact, rank: bool) -> Result<LengthMatchedPlanner, CliError> {
        let settings = PlannerSettings { seed: self.arguments.settings.seed, ..PlannerSettings::default() };
        let matching = LengthMatching { rank, ..LengthMatching::default() };
        let choice = self.arguments.engine.choice().map_err(CliError::input)?;
        let engine = |batch| load_engine(artefact, &choice, batch);
        LengthMatchedPlanner::open(artefact.manifest(), &settings, &matching, engine).map_err(CliError::input)
    }

    /// One plan per goal, followed to its end.
    fn drive(
        &self,
        path: &Path,
        artefact: &Artefact,
        planner: LengthMatchedPlanner,
        world: &MazeWorld,
        tasks: &[(Point, Point)],
        view: View,
    ) -> Result<Driven, CliError> {
        let settings = self.arguments.pilot.settings(Some(DEADLINE), planner.description())?;
        let mut pilot = Pilot::new(planner, settings, view);
        let mut audit = Audit::new(world);
        let (mut reached, mut wall_contacts) = (0_usize, 0);
        for (task, (start, goal)) in tasks.iter().enumerate() {
            let mut state = State::at_rest(*start);
            // Times of different tasks do not overlap, so that a plan is never applied to the next task.
            let first = task * STEPS;
            let begun_secs = STEP_SECS * first as f64;
            let observation = Observation { state, goal: *goal, stamp_secs: begun_secs, step: first as u64 };
            pilot.view().log_world(observation.stamp(), world, *start, *goal);
            for _ in 0..TRIES {
                let plan = pilot.plan(world, &observation, begun_secs, begun_secs);
                audit.look(world, plan);
                if plan.origin() == Origin::Planned {
                    break;
                }
            }
            let mut arrived = false;
            for step in first..first + STEPS {
                let now_secs = STEP_SECS * step as f64;
                let (next, report) = world.step(&state, pilot.command(world, &state, now_secs));
                state = next;
                if pilot.view().is_enabled() {
                    let stamp = Stamp { time_secs: now_secs, step: step as u64 };
                    pilot.view().log(stamp, Event::Executed { position: state.position });
                }
                wall_contacts += usize::from(report.pushing > 0);
                arrived |= state.distance(*goal) <= GOAL_RADIUS_M;
            }
            reached += usize::from(arrived);
        }
        Ok(Driven {
            model: path.to_owned(),
            model_sha256: artefact.sha256().to_owned(),
            drift: pilot.drift(),
            reach_rate: reached as f64 / tasks.len().max(1) as f64,
            wall_contacts,
            plans_unsafe: audit.unsafe_plans,
            plan_ms: pilot.latency(Stage::Whole),
            statistics: pilot.statistics(),
        })
    }
}

fn total_variation(driven: &Driven) -> Option<f64> {
    driven.drift.as_ref().and_then(|drift| drift.figures.total_variation)
}
