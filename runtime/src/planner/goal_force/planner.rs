//! The network of a goal-force model: predictions of the motion of a picture's cells.

use super::control::ControlSignal;
use super::features::picture_features;
use crate::diffusion::{Denoiser, Sampler, SamplerSettings, Start};
use crate::model::{Engine, EngineDescription, EngineError, GoalForceSpec, Manifest, ModelError};
use crate::planner::manifest_parts::{goal_force_of, schedule_of};
use crate::planner::{PlanError, PlannerError};
use std::fmt;

/// Largest speed of a cell on either axis in a motion, pixels per frame of a picture 64 pixels wide.
pub const MAX_MOTION_PX: f64 = 6.0;
/// Speed on either axis that a sample's value of 1 means, pixels per frame: what moves then has a root mean square of
/// 0.6 against the noise's 1. The larger the unit, the later in the walk the sample shows which object sets off.
pub const UNIT_MOTION_PX: f64 = 1.5;

/// How a goal-force model is sampled; `None` is the model's own choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GoalForceSettings {
    /// Network calls per motion.
    pub steps: Option<usize>,
    /// Motions drawn at once.
    pub candidates: Option<usize>,
}

/// A goal-force model on an engine, with its buffers.
pub struct GoalForcePlanner {
    network: SceneDenoiser,
    sampler: Sampler,
    settings: SamplerSettings,
    spec: GoalForceSpec,
    frames: usize,
    candidates: usize,
    /// Pixels per frame that 1 means, by axis.
    unit_px: f64,
    motions: Vec<f32>,
}

/// The engine, with what the network sees beside the noisy motion.
struct SceneDenoiser {
    engine: Box<dyn Engine>,
    timesteps: Vec<f32>,
    scene: Vec<f32>,
}

impl Denoiser for SceneDenoiser {
    type Error = EngineError;

    fn denoise(&mut self, noisy: &[f32], timestep: usize, clean: &mut [f32]) -> Result<(), EngineError> {
        self.timesteps.fill(timestep as f32);
        self.engine.run(&[noisy, &self.timesteps, &self.scene], &mut [clean])
    }
}

impl GoalForcePlanner {
    /// Of a model of family `goal-force`; `engine` is called once, with the number of motions that are drawn at once.
    ///
    /// # Errors
    /// If the model is of another family, a setting is out of its range, or the engine refuses it.
    pub fn open(
        manifest: &Manifest,
        settings: GoalForceSettings,
        engine: impl FnOnce(usize) -> Result<Box<dyn Engine>, ModelError>,
    ) -> Result<Self, PlannerError> {
        let spec = goal_force_of(manifest)?.clone();
        let denoiser = manifest.denoiser().map_err(PlannerError::Setting)?;
        let steps = settings.steps.unwrap_or(denoiser.solver.steps);
        let candidates = settings.candidates.unwrap_or(denoiser.solver.candidates);
        for (name, got, most) in [("steps", steps, denoiser.diffusion.steps), ("candidates", candidates, 64)] {
            if !(1..=most).contains(&got) {
                return Err(PlannerError::Setting(format!("expected 1 to {most} {name}, got {got}")));
            }
        }
        let unit_px = f64::from(manifest.normaliser.high[0]);
        let frames = manifest.horizon;
        let size = 2 * frames * spec.cells();
        let network = SceneDenoiser {
            engine: engine(candidates)?,
            timesteps: vec![0.0; candidates],
            scene: vec![0.0; candidates * spec.scene_channels(frames) * spec.cells()],
        };
        let largest = (MAX_MOTION_PX / unit_px) as f32;
        if !(unit_px > 0.0 && largest.is_finite()) {
            return Err(PlannerError::Setting(format!("expected a normaliser with high[0] above 0, got {unit_px}")));
        }
        let sampler = Sampler::new(schedule_of(manifest)?, size, candidates).with_largest(largest);
        let settings = SamplerSettings { solver: denoiser.solver.solver, steps };
        Ok(Self {
            network,
            sampler,
            settings,
            frames,
            candidates,
            unit_px,
            motions: vec![0.0; size * candidates],
            spec,
        })
    }

    /// Picture, cells and scales.
    pub fn spec(&self) -> &GoalForceSpec {
        &self.spec
    }

    /// The engine.
    pub fn engine(&self) -> &EngineDescription {
        self.network.engine.description()
    }

    /// Motions drawn at once.
    pub fn candidates(&self) -> usize {
        self.candidates
    }

    /// Frames of a motion.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// The motions that were drawn last: by candidate, frames x (u, v) x cells, pixels per frame.
    pub fn motions(&self) -> &[f32] {
        &self.motions
    }

    /// Draws motions for a square RGB picture and a control signal: by candidate, frames x (u, v) x cells, pixels per
    /// frame. The same seed gives the same motions.
    ///
    /// # Errors
    /// If the picture is of another size, or the engine fails.
    pub fn predict(&mut self, rgb: &[u8], control: ControlSignal<'_>, seed: u64) -> Result<&[f32], PlanError> {
        let expected = 3 * self.spec.picture_px * self.spec.picture_px;
        if rgb.len() != expected {
            return Err(PlanError::Picture { expected, got: rgb.len() });
        }
        let cells = self.spec.cells();
        let size = self.spec.scene_channels(self.frames) * cells;
        let (first, others) = self.network.scene.split_at_mut(size);
        let (picture, signal) = first.split_at_mut(self.spec.picture_channels() * cells);
        picture_features(rgb, &self.spec, picture);
        control.fill(&self.spec, self.frames, signal);
        for other in others.chunks_exact_mut(size) {
            other.copy_from_slice(first);
        }
        self.sampler.sample(self.settings, &mut self.network, &[], Start::Noise, seed, |_| true)?;
        for (own, value) in self.motions.iter_mut().zip(self.sampler.samples()) {
            *own = *value * self.unit_px as f32;
        }
        Ok(&self.motions)
    }
}

impl fmt::Debug for GoalForcePlanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GoalForcePlanner on {}", self.network.engine.description())
    }
}
