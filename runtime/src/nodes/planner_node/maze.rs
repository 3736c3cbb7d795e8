//! The diffusion maze planners as a family of nodes: of knots, or of paths whose length keeps a distribution.

use super::family::{LoadRequest, PlannerFamily};
use crate::planner::{DenoiserSettings, Planner, PlannerSettings};
use planwright_ros2::parameter::{Descriptor, ReadError, Values};

/// The diffusion maze planners.
pub struct Maze;

impl PlannerFamily for Maze {
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

    fn load(request: &LoadRequest, parameters: &Values) -> Result<Box<dyn Planner>, String> {
        let read = |error: ReadError| error.to_string();
        let count = |name: &str| -> Result<Option<usize>, String> {
            Ok(usize::try_from(parameters.integer(name).map_err(read)?).ok().filter(|value| *value > 0))
        };
        let solver = match parameters.string("solver").map_err(read)? {
            "model" => None,
            name => Some(name.parse().map_err(|error| format!("solver: {error}"))?),
        };
        let denoiser = DenoiserSettings {
            solver,
            denoising_steps: count("denoising_steps")?,
            candidates: count("candidates")?,
            warm_start: Some(parameters.double("warm_start").map_err(read)?).filter(|share| *share > 0.0),
        };
        request.load(&PlannerSettings { denoiser, seed: request.seed, ..PlannerSettings::default() })
    }
}
