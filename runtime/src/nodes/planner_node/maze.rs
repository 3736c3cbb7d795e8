//! The diffusion maze planners as a family of nodes: of knots, or of paths whose length keeps a distribution.

use super::family::{LoadRequest, PlannerFamily};
use crate::model::Artefact;
use crate::planner::{AnyMazePlanner, MazePlanner, MazePlannerSettings, PathPlanner, PathPlannerSettings};
use crate::world::Layout;
use planwright_ros2::parameter::{Descriptor, ReadError, Values};

/// The diffusion maze planners.
pub struct Maze;

impl PlannerFamily for Maze {
    type Planner = AnyMazePlanner;
    const NAME: &'static str = "maze";
    const DEFAULT_MODEL: &'static str = "models/maze-umaze.onnx";

    fn parameters() -> Vec<Descriptor> {
        vec![
            Descriptor::string("solver", "model", "Rule of the sampler; 'model' takes the model's own.").one_of(&[
                "model",
                "ddim",
                "ddpm",
                "dpm-solver++",
            ]),
            Descriptor::integer("denoising_steps", 0, "Network calls per plan; 0 takes the model's own number.")
                .range(0, 1000),
            Descriptor::integer("candidates", 0, "Plans drawn at once, of which the best is taken; 0: the model's.")
                .range(0, 256),
            Descriptor::double(
                "warm_start",
                0.0,
                "Noise share at which a replan grows out of the plan before it; 0 starts from pure noise.",
            )
            .range(0.0, 1.0),
        ]
    }

    fn load(request: &LoadRequest, parameters: &Values) -> Result<AnyMazePlanner, String> {
        let artefact = Artefact::open(&request.model).map_err(|error| error.to_string())?;
        let default = MazePlannerSettings::of(artefact.manifest());
        let read = |error: ReadError| error.to_string();
        let chosen = |name: &str, own: usize| {
            let value = parameters.integer(name).map_err(read)?;
            Ok::<usize, String>(usize::try_from(value).ok().filter(|value| *value > 0).unwrap_or(own))
        };
        let solver = match parameters.string("solver").map_err(read)? {
            "model" => default.solver,
            name => name.parse().map_err(|error| format!("solver: {error}"))?,
        };
        let (steps, candidates) =
            (chosen("denoising_steps", default.steps)?, chosen("candidates", default.candidates)?);
        if artefact.manifest().plans_paths() {
            let own = PathPlannerSettings::of(artefact.manifest());
            let settings = PathPlannerSettings { solver, steps, candidates, seed: request.seed, ..own };
            let planner = PathPlanner::new(&artefact, &request.engine, settings);
            return planner.map(AnyMazePlanner::Paths).map_err(|error| error.to_string());
        }
        let warm_start = parameters.double("warm_start").map_err(read)?;
        let settings = MazePlannerSettings {
            solver,
            steps,
            candidates,
            warm_start: (warm_start > 0.0).then_some(warm_start),
            seed: request.seed,
        };
        let planner = MazePlanner::new(&artefact, &request.engine, settings);
        planner.map(AnyMazePlanner::Knots).map_err(|error| error.to_string())
    }

    fn layout(planner: &AnyMazePlanner) -> &Layout {
        planner.layout()
    }
}
