//! The Fourier-head policies as a family of nodes.

use super::family::{LoadRequest, PlannerFamily};
use crate::planner::{Planner, PlannerSettings, RolloutSettings};
use planwright_ros2::parameter::{Descriptor, ReadError, Values};

/// Policies, rolled out through the world.
pub struct Policy;

impl PlannerFamily for Policy {
    const NAME: &'static str = "policy";
    const DEFAULT_MODEL: &'static str = "models/maze-policy.onnx";

    fn parameters() -> Vec<Descriptor> {
        vec![
            Descriptor::integer(
                "rollouts",
                RolloutSettings::ROLLOUTS as i64,
                "Futures that are imagined at once; the first that arrives is taken.",
            )
            .range(1, 256),
            Descriptor::double(
                "temperature",
                RolloutSettings::TEMPERATURE,
                "Sharpness of the actions: 1 draws from the density as learnt, 0 takes its mode.",
            )
            .range(0.0, 100.0),
            Descriptor::double(
                "target_return",
                0.0,
                "Return that the policy is asked for, steps at the goal; 0 takes the model's own.",
            )
            .range(0.0, 1e6),
        ]
    }

    fn load(request: &LoadRequest, parameters: &Values) -> Result<Box<dyn Planner>, String> {
        let read = |error: ReadError| error.to_string();
        let rollout = RolloutSettings {
            rollouts: usize::try_from(parameters.integer("rollouts").map_err(read)?).ok(),
            temperature: Some(parameters.double("temperature").map_err(read)?),
            target_return: Some(parameters.double("target_return").map_err(read)?).filter(|target| *target > 0.0),
        };
        request.load(&PlannerSettings { rollout, seed: request.seed, ..PlannerSettings::default() })
    }
}
