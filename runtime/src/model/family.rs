//! Model families: entries of each beside the common ones, the tensors of its graph, and its checks.

use super::corridor_spec::{CORRIDOR_COLUMNS, CorridorSpec};
use super::goal_force_spec::{GoalForceSpec, MOTION_COLUMNS};
use super::manifest_entries::{
    Column, ConditionSpec, DenoiserSpec, DiffusionSpec, Dimension, Prediction, SolverDefaults, TensorSpec,
    TransformSpec, WorldSpec,
};
use super::manifest_error::{ManifestError, ensure, positive};
use super::policy_spec::{HeadSpec, POLICY_COLUMNS, PolicySpec};
use crate::diffusion::NoiseSchedule;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The planner that a model belongs to; it decides what inputs and outputs mean.
#[derive(Clone, Debug, PartialEq)]
pub enum Family {
    /// A denoiser of maze trajectories: inputs noisy trajectory and timestep, output the clean trajectory.
    MazeDiffusion {
        /// Noise and sampler.
        denoiser: DenoiserSpec,
        /// Where it was trained and within which limits.
        world: WorldSpec,
    },
    /// A denoiser of a system's trajectories: inputs noisy trajectory, timestep and, if it is conditioned, the
    /// condition vector; output what `diffusion.prediction` names.
    SequenceDiffusion {
        /// Noise and sampler.
        denoiser: DenoiserSpec,
        /// The vector that the network is conditioned on, if it takes one.
        condition: Option<ConditionSpec>,
        /// The code space that the network lives in, and its decoder, if it has one.
        transform: Option<TransformSpec>,
        /// The world, of a planner of a robot.
        world: Option<WorldSpec>,
    },
    /// A denoiser of codes and their decoder: inputs noisy code, timestep and a code to decode; outputs what
    /// `diffusion.prediction` names, the decoder's weights, and the trajectories they belong to.
    MazeTransform {
        /// Noise and sampler.
        denoiser: DenoiserSpec,
        /// The code space and its decoder.
        transform: TransformSpec,
        /// Where it was trained and within which limits.
        world: WorldSpec,
    },
    /// A policy: input the last steps, output of its head for the next action, per coordinate.
    MazePolicy {
        /// History, head, actions, returns.
        policy: PolicySpec,
        /// Where it was trained and within which limits.
        world: WorldSpec,
    },
    /// A regression for any map: input the corridor round a route, output one lateral offset per knot.
    Corridor {
        /// The corridor and the meaning of the output.
        corridor: CorridorSpec,
    },
    /// A denoiser of the motion of a picture's cells: inputs noisy motion, timestep, and picture with control signal;
    /// output the clean motion.
    GoalForce {
        /// Noise and sampler.
        denoiser: DenoiserSpec,
        /// Picture, cells, and the scales of the control signal.
        goal_force: GoalForceSpec,
    },
}

/// Names of the tensors of the graphs.
pub mod tensors {
    /// Noisy sample, batch x H x C.
    pub const SAMPLE: &str = "sample";
    /// Timestep, batch.
    pub const TIMESTEP: &str = "timestep";
    /// Predicted clean sample.
    pub const CLEAN: &str = "clean";
    /// Predicted noise.
    pub const NOISE: &str = "noise";
    /// Condition vector, batch x width.
    pub const CONDITION: &str = "condition";
    /// Code to decode, batch x H x C.
    pub const CODE: &str = "code";
    /// Weights of the decoder's neighbours, batch x k.
    pub const WEIGHTS: &str = "weights";
    /// Trajectories of the decoder's neighbours, batch x k x H x C.
    pub const DECODED: &str = "decoded";
    /// Last steps of a policy, batch x context x columns.
    pub const HISTORY: &str = "history";
    /// Activations of a Fourier head, batch x dimensions x 2 (N + 1).
    pub const ACTIVATIONS: &str = "activations";
    /// Logits of a linear head, batch x dimensions x bins.
    pub const LOGITS: &str = "logits";
    /// Corridor round a route, batch x channels x knots.
    pub const CORRIDOR: &str = "corridor";
    /// Lateral offsets of a corridor network, batch x knots.
    pub const OFFSETS: &str = "offsets";
    /// First picture and control signal by cells, batch x channels x cells.
    pub const SCENE: &str = "scene";
}

const MAX_COLUMNS: usize = 64;
/// Largest number of plans that a planner draws at once.
pub const MAX_CANDIDATES: usize = 1_024;
const MAX_SUPPORT: usize = 1 << 20;
const KNOT_COLUMNS: [&str; 6] = ["action_x", "action_y", "x", "y", "vx", "vy"];
const POSITION_COLUMNS: [&str; 2] = ["x", "y"];

/// Inputs, then outputs, of a graph.
pub(super) type Tensors = (Vec<TensorSpec>, Vec<TensorSpec>);

impl Family {
    /// The family that a manifest names, from the entries that it needs.
    pub(super) fn take(mut entries: Entries) -> Result<Self, ManifestError> {
        let family = match entries.family {
            FamilyName::MazeDiffusion => Self::MazeDiffusion { denoiser: entries.denoiser()?, world: entries.world()? },
            FamilyName::SequenceDiffusion => Self::SequenceDiffusion {
                denoiser: entries.denoiser()?,
                condition: entries.condition.take(),
                transform: entries.transform.take(),
                world: entries.world.take(),
            },
            FamilyName::MazeTransform => Self::MazeTransform {
                denoiser: entries.denoiser()?,
                transform: entries.transform()?,
                world: entries.world()?,
            },
            FamilyName::MazePolicy => Self::MazePolicy { policy: entries.policy()?, world: entries.world()? },
            FamilyName::Corridor => Self::Corridor { corridor: entries.corridor()? },
            FamilyName::GoalForce => {
                Self::GoalForce { denoiser: entries.denoiser()?, goal_force: entries.goal_force()? }
            }
        };
        entries.check_left_over()?;
        Ok(family)
    }

    /// Its name.
    pub fn name(&self) -> FamilyName {
        match self {
            Self::MazeDiffusion { .. } => FamilyName::MazeDiffusion,
            Self::SequenceDiffusion { .. } => FamilyName::SequenceDiffusion,
            Self::MazeTransform { .. } => FamilyName::MazeTransform,
            Self::MazePolicy { .. } => FamilyName::MazePolicy,
            Self::Corridor { .. } => FamilyName::Corridor,
            Self::GoalForce { .. } => FamilyName::GoalForce,
        }
    }

    /// Noise and sampler of a denoiser.
    pub fn denoiser(&self) -> Option<&DenoiserSpec> {
        match self {
            Self::MazeDiffusion { denoiser, .. }
            | Self::SequenceDiffusion { denoiser, .. }
            | Self::MazeTransform { denoiser, .. }
            | Self::GoalForce { denoiser, .. } => Some(denoiser),
            Self::MazePolicy { .. } | Self::Corridor { .. } => None,
        }
    }

    /// The same, to be changed.
    pub fn denoiser_mut(&mut self) -> Option<&mut DenoiserSpec> {
        match self {
            Self::MazeDiffusion { denoiser, .. }
            | Self::SequenceDiffusion { denoiser, .. }
            | Self::MazeTransform { denoiser, .. }
            | Self::GoalForce { denoiser, .. } => Some(denoiser),
            Self::MazePolicy { .. } | Self::Corridor { .. } => None,
        }
    }

    /// The world that a planner of a robot was trained for.
    pub fn world(&self) -> Option<&WorldSpec> {
        match self {
            Self::MazeDiffusion { world, .. } | Self::MazeTransform { world, .. } | Self::MazePolicy { world, .. } => {
                Some(world)
            }
            Self::SequenceDiffusion { world, .. } => world.as_ref(),
            Self::Corridor { .. } | Self::GoalForce { .. } => None,
        }
    }

    /// The condition vector.
    pub fn condition(&self) -> Option<&ConditionSpec> {
        match self {
            Self::SequenceDiffusion { condition, .. } => condition.as_ref(),
            _ => None,
        }
    }

    /// The code space.
    pub fn transform(&self) -> Option<&TransformSpec> {
        match self {
            Self::MazeTransform { transform, .. } => Some(transform),
            Self::SequenceDiffusion { transform, .. } => transform.as_ref(),
            _ => None,
        }
    }

    /// History, head, actions, returns of a policy.
    pub fn policy(&self) -> Option<&PolicySpec> {
        match self {
            Self::MazePolicy { policy, .. } => Some(policy),
            _ => None,
        }
    }

    /// The corridor of a network for any map.
    pub fn corridor(&self) -> Option<&CorridorSpec> {
        match self {
            Self::Corridor { corridor } => Some(corridor),
            _ => None,
        }
    }

    /// Picture, cells and control signal of a goal-force model.
    pub fn goal_force(&self) -> Option<&GoalForceSpec> {
        match self {
            Self::GoalForce { goal_force, .. } => Some(goal_force),
            _ => None,
        }
    }

    /// Names that the columns must have; free where `None`.
    fn columns(&self) -> Option<&'static [&'static str]> {
        match self {
            Self::MazeDiffusion { .. } => Some(&KNOT_COLUMNS),
            Self::MazeTransform { .. } => Some(&POSITION_COLUMNS),
            Self::MazePolicy { .. } => Some(&POLICY_COLUMNS),
            Self::Corridor { .. } => Some(&CORRIDOR_COLUMNS),
            Self::GoalForce { .. } => Some(&MOTION_COLUMNS),
            Self::SequenceDiffusion { .. } => None,
        }
    }

    /// Inputs and outputs of the graph.
    pub(super) fn tensors(&self, horizon: usize, columns: &[Column]) -> Tensors {
        match self {
            Self::MazeDiffusion { denoiser, .. } => denoiser_tensors(denoiser, None, None, horizon, columns, "maze"),
            Self::SequenceDiffusion { denoiser, condition, transform, .. } => {
                denoiser_tensors(denoiser, condition.as_ref(), transform.as_ref(), horizon, columns, "")
            }
            Self::MazeTransform { denoiser, transform, .. } => {
                denoiser_tensors(denoiser, None, Some(transform), horizon, columns, "")
            }
            Self::MazePolicy { policy, .. } => {
                let output = match policy.head {
                    HeadSpec::Fourier { .. } => tensors::ACTIVATIONS,
                    HeadSpec::Categorical {} => tensors::LOGITS,
                };
                let history = tensor(tensors::HISTORY, &[policy.context, columns.len()], "1", "");
                (vec![history], vec![tensor(output, &[policy.actions.len(), policy.outputs()], "1", "")])
            }
            Self::Corridor { .. } => {
                let corridor = tensor(tensors::CORRIDOR, &[columns.len(), horizon], "1", "");
                (vec![corridor], vec![tensor(tensors::OFFSETS, &[horizon], "1", "")])
            }
            Self::GoalForce { goal_force, .. } => {
                let motion = [horizon * columns.len(), goal_force.cells()];
                let inputs = vec![
                    tensor(tensors::SAMPLE, &motion, "1", "image"),
                    tensor(tensors::TIMESTEP, &[], "1", ""),
                    tensor(tensors::SCENE, &[goal_force.scene_channels(horizon), goal_force.cells()], "1", "image"),
                ];
                (inputs, vec![tensor(tensors::CLEAN, &motion, "1", "image")])
            }
        }
    }

    /// The checks of the family's own entries.
    pub(super) fn check(&self, columns: &[Column], knot_secs: f64) -> Result<(), ManifestError> {
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let (fits, expected) = match self.columns() {
            Some(expected) => (names == expected, format!("{expected:?}")),
            None => {
                ((1..=MAX_COLUMNS).contains(&names.len()) && !names.contains(&""), format!("1 to {MAX_COLUMNS} names"))
            }
        };
        ensure(fits, "columns", expected, format!("{names:?}"))?;
        match self {
            Self::MazeDiffusion { denoiser, world } => check_denoiser(denoiser).and_then(|()| check_world(world)),
            Self::MazeTransform { denoiser, transform, world } => {
                check_denoiser(denoiser)?;
                check_transform(transform)?;
                check_world(world)
            }
            Self::SequenceDiffusion { denoiser, condition, transform, world } => {
                check_denoiser(denoiser)?;
                condition.as_ref().map_or(Ok(()), check_condition)?;
                transform.as_ref().map_or(Ok(()), check_transform)?;
                world.as_ref().map_or(Ok(()), check_world)
            }
            Self::MazePolicy { policy, world } => {
                let wrong = |(entry, expected, got): (&str, String, String)| ManifestError::Entry {
                    entry: entry.to_owned(),
                    expected,
                    got,
                };
                policy.check(knot_secs).map_err(wrong)?;
                check_world(world)
            }
            Self::Corridor { corridor } => corridor.check(),
            Self::GoalForce { denoiser, goal_force } => {
                check_denoiser(denoiser)?;
                let prediction = denoiser.diffusion.prediction;
                let clean = prediction == Prediction::CleanSample;
                ensure(clean, "diffusion.prediction", "clean-sample", format!("{prediction:?}"))?;
                goal_force.check()
            }
        }
    }
}

fn tensor(name: &str, sizes: &[usize], unit: &str, frame: &str) -> TensorSpec {
    TensorSpec {
        name: name.to_owned(),
        shape: std::iter::once(Dimension::Batch).chain(sizes.iter().map(|size| Dimension::Fixed(*size))).collect(),
        unit: unit.to_owned(),
        frame: frame.to_owned(),
    }
}

fn denoiser_tensors(
    denoiser: &DenoiserSpec,
    condition: Option<&ConditionSpec>,
    transform: Option<&TransformSpec>,
    horizon: usize,
    columns: &[Column],
    frame: &str,
) -> Tensors {
    let sizes = [horizon, columns.len()];
    let output = match denoiser.diffusion.prediction {
        Prediction::CleanSample => tensors::CLEAN,
        Prediction::Noise => tensors::NOISE,
    };
    let mut inputs = vec![tensor(tensors::SAMPLE, &sizes, "1", frame), tensor(tensors::TIMESTEP, &[], "1", "")];
    let mut outputs = vec![tensor(output, &sizes, "1", frame)];
    inputs.extend(condition.map(|condition| tensor(tensors::CONDITION, &[condition.width], "1", "")));
    if let Some(transform) = transform {
        let unit = columns.first().map_or("1", |column| column.unit.as_str());
        inputs.push(tensor(tensors::CODE, &sizes, "1", ""));
        outputs.push(tensor(tensors::WEIGHTS, &[transform.neighbours], "1", ""));
        outputs.push(tensor(tensors::DECODED, &[transform.neighbours, sizes[0], sizes[1]], unit, ""));
    }
    (inputs, outputs)
}

fn check_world(world: &WorldSpec) -> Result<(), ManifestError> {
    positive("world.radius_m", world.radius_m)?;
    positive("world.max_speed_mps", world.max_speed_mps)?;
    positive("world.max_acceleration_mps2", world.max_acceleration_mps2)?;
    crate::world::Layout::parse(&world.layout, &world.layout_text)?;
    Ok(())
}

fn check_denoiser(denoiser: &DenoiserSpec) -> Result<(), ManifestError> {
    let DenoiserSpec { diffusion, solver } = denoiser;
    NoiseSchedule::new(diffusion.schedule, diffusion.steps)?;
    let trained = diffusion.steps;
    let steps = format!("1 to {trained} steps");
    ensure((1..=trained).contains(&solver.steps), "solver.steps", steps, solver.steps)?;
    let candidates = format!("1 to {MAX_CANDIDATES}");
    ensure((1..=MAX_CANDIDATES).contains(&solver.candidates), "solver.candidates", candidates, solver.candidates)
}

fn check_condition(condition: &ConditionSpec) -> Result<(), ManifestError> {
    ensure((1..=1024).contains(&condition.width), "condition", "1 to 1024 values", format!("{condition:?}"))?;
    let range = condition.low.is_finite() && condition.high.is_finite() && condition.low < condition.high;
    ensure(range, "condition", "a finite range with low < high", format!("{condition:?}"))?;
    ensure(condition.guidance.is_finite(), "condition.guidance", "a finite weight", condition.guidance)
}

fn check_transform(transform: &TransformSpec) -> Result<(), ManifestError> {
    let support = format!("1 to {MAX_SUPPORT} codes");
    ensure((1..=MAX_SUPPORT).contains(&transform.support), "transform.support", support, transform.support)?;
    let neighbours = format!("1 to {} neighbours, as many as there are codes", transform.support);
    let inside = (1..=transform.support).contains(&transform.neighbours);
    ensure(inside, "transform.neighbours", neighbours, transform.neighbours)?;
    positive("transform.bandwidth_squared", transform.bandwidth_squared)
}

/// The name of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FamilyName {
    /// A denoiser of maze trajectories: inputs noisy trajectory and timestep, output the clean trajectory.
    MazeDiffusion,
    /// A denoiser of a system's trajectories: inputs noisy trajectory, timestep and, if it is conditioned, the
    /// condition vector; output what `diffusion.prediction` names.
    SequenceDiffusion,
    /// A denoiser of codes and their decoder: inputs noisy code, timestep and a code to decode; outputs what
    /// `diffusion.prediction` names, the decoder's weights, and the trajectories they belong to.
    MazeTransform,
    /// A policy: input the last steps, output of its head for the next action, per coordinate.
    MazePolicy,
    /// A regression for any map: input the corridor round a route, output one lateral offset per knot.
    Corridor,
    /// A denoiser of the motion of a picture's cells: inputs noisy motion, timestep, and picture with control signal;
    /// output the clean motion.
    GoalForce,
}

/// Entries of the families, taken by the one that the manifest names; what is left over is refused.
pub(super) struct Entries {
    pub(super) family: FamilyName,
    pub(super) diffusion: Option<DiffusionSpec>,
    pub(super) solver: Option<SolverDefaults>,
    pub(super) world: Option<WorldSpec>,
    pub(super) condition: Option<ConditionSpec>,
    pub(super) transform: Option<TransformSpec>,
    pub(super) policy: Option<PolicySpec>,
    pub(super) corridor: Option<CorridorSpec>,
    pub(super) goal_force: Option<GoalForceSpec>,
}

impl Entries {
    pub(super) fn denoiser(&mut self) -> Result<DenoiserSpec, ManifestError> {
        match (self.diffusion.take(), self.solver.take()) {
            (Some(diffusion), Some(solver)) => Ok(DenoiserSpec { diffusion, solver }),
            (diffusion, _) => {
                let got = if diffusion.is_some() { "no solver" } else { "no noise" };
                Err(missing("diffusion", format!("noise and sampler for {:?}", self.family), got))
            }
        }
    }

    pub(super) fn world(&mut self) -> Result<WorldSpec, ManifestError> {
        self.world.take().ok_or_else(|| missing("world", "the world that a planner is for", "none"))
    }

    pub(super) fn transform(&mut self) -> Result<TransformSpec, ManifestError> {
        self.transform.take().ok_or_else(|| missing("transform", "codes and their decoder", "none"))
    }

    pub(super) fn policy(&mut self) -> Result<PolicySpec, ManifestError> {
        let expected = "context, head, returns and the bins of every action";
        self.policy.take().ok_or_else(|| missing("policy", expected, "none"))
    }

    pub(super) fn corridor(&mut self) -> Result<CorridorSpec, ManifestError> {
        self.corridor.take().ok_or_else(|| missing("corridor", "the corridor that the network sees", "none"))
    }

    pub(super) fn goal_force(&mut self) -> Result<GoalForceSpec, ManifestError> {
        let expected = "the picture and the control signal that the network sees";
        self.goal_force.take().ok_or_else(|| missing("goal_force", expected, "none"))
    }

    /// Refuses entries that the family has not taken; a world may stay.
    pub(super) fn check_left_over(&self) -> Result<(), ManifestError> {
        let left_over = [
            ("diffusion", self.diffusion.is_some()),
            ("solver", self.solver.is_some()),
            ("condition", self.condition.is_some()),
            ("transform", self.transform.is_some()),
            ("policy", self.policy.is_some()),
            ("corridor", self.corridor.is_some()),
            ("goal_force", self.goal_force.is_some()),
        ];
        for (entry, is_there) in left_over {
            ensure(!is_there, entry, format!("none for {:?}", self.family), "one")?;
        }
        Ok(())
    }
}

fn missing(entry: &str, expected: impl Into<String>, got: &str) -> ManifestError {
    ManifestError::Entry { entry: entry.to_owned(), expected: expected.into(), got: got.to_owned() }
}
