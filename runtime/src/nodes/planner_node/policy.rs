//! The Fourier-head policies as a family of nodes.

use super::family::{LoadRequest, PlannerFamily};
use crate::model::Artefact;
use crate::planner::{PolicyPlanner, PolicyPlannerSettings};
use crate::world::Layout;
use planwright_ros2::parameter::{Descriptor, ReadError, Values};

/// Policies, rolled out through the world.
pub struct Policy;

impl PlannerFamily for Policy {
    type Planner = PolicyPlanner;
    const NAME: &'static str = "policy";
    const DEFAULT_MODEL: &'static str = "models/maze-policy.onnx";

    fn parameters() -> Vec<Descriptor> {
        let default = PolicyPlannerSettings::default();
        vec![
            Descriptor::integer(
                "rollouts",
                default.rollouts as i64,
                "Futures that are imagined at once; the first that arrives is taken.",
            )
            .range(1, 256),
            Descriptor::double(
                "temperature",
                default.temperature,
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

    fn load(request: &LoadRequest, parameters: &Values) -> Result<PolicyPlanner, String> {
        let artefact = Artefact::open(&request.model).map_err(|error| error.to_string())?;
        let read = |error: ReadError| error.to_string();
        let default = PolicyPlannerSettings::default();
        let rollouts = parameters.integer("rollouts").map_err(read)?;
        let target = parameters.double("target_return").map_err(read)?;
        let settings = PolicyPlannerSettings {
            rollouts: usize::try_from(rollouts).unwrap_or(default.rollouts),
            temperature: parameters.double("temperature").map_err(read)?,
            target_return: (target > 0.0).then_some(target),
            seed: request.seed,
            ..default
        };
        PolicyPlanner::new(&artefact, &request.engine, settings).map_err(|error| error.to_string())
    }

    fn layout(planner: &PolicyPlanner) -> &Layout {
        planner.layout()
    }
}
