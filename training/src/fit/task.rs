//! A training task: a recipe with its data, as a loss per optimiser step.

use super::data_summary::DataSummary;
use super::error::FitError;
use super::trainer::Trainer;
use super::{Checkpoint, corridor, goal_force, maze_diffusion, policy};
use crate::recipe::{DeviceName, Recipe};
use tch::{Device, Tensor};

/// Loss of a step, counted from 0, from views of the parameters. Each step has its own stream of randomness, so that a
/// resumed fit computes what an uninterrupted one computes.
pub(super) type StepLoss<'a> = Box<dyn FnMut(u64, &[Tensor], Device) -> Tensor + 'a>;

/// A recipe with its data.
pub struct Task<'a> {
    /// The recipe, with the data's hash filled in where it has a place for it.
    pub(super) recipe: Recipe,
    /// What export needs of the data.
    pub(super) data: DataSummary,
    pub(super) loss: StepLoss<'a>,
}

impl<'a> Task<'a> {
    pub(super) fn new(recipe: &Recipe, data: DataSummary, loss: StepLoss<'a>) -> Self {
        Self { recipe: recipe.with_data_sha256(&data.sha256), data, loss }
    }

    /// Generates the data of a recipe.
    ///
    /// # Errors
    /// If the recipe yields no data, or its data come from a program ([`super::fit_sequences`]).
    pub fn of(recipe: &Recipe) -> Result<Self, FitError> {
        let (data, loss) = match recipe {
            Recipe::MazeDiffusion(settings) => maze_diffusion::data_and_loss(settings)?,
            Recipe::MazePolicy(settings) => policy::data_and_loss(settings)?,
            Recipe::Corridor(settings) => corridor::data_and_loss(settings)?,
            Recipe::GoalForce(settings) => goal_force::data_and_loss(settings)?,
            Recipe::SequenceDiffusion(_) | Recipe::MazeTransform(_) => {
                return Err(FitError::Data {
                    expected: "a recipe with a [data] section".to_owned(),
                    got: "none".to_owned(),
                });
            }
        };
        Ok(Self::new(recipe, data, loss))
    }

    /// What export needs of the data.
    pub fn data(&self) -> &DataSummary {
        &self.data
    }

    /// A trainer at step 0.
    pub fn trainer(&self, device: DeviceName) -> Trainer {
        Trainer::new(self.recipe.network().parameters(), self.recipe.training(), device)
    }

    /// One optimiser step.
    pub fn step(&mut self, trainer: &mut Trainer) -> super::StepReport {
        let step = trainer.step_count();
        trainer.step(|views, device| (self.loss)(step, views, device))
    }

    /// The checkpoint of a trainer of this task.
    pub fn checkpoint(&self, trainer: &Trainer) -> Checkpoint {
        Checkpoint::of(trainer, self.recipe.clone(), self.data.clone())
    }
}
