//! Fits that start from the weights of another recipe's fit: first that one, then this one.

use super::checkpoint::Checkpoint;
use super::error::FitError;
use super::run::{FitOptions, FitReport, fit};
use crate::recipe::{FieldError, Recipe, RecipeError};
use std::path::Path;

/// Recipes that may follow one another.
const MOST_STAGES: usize = 8;

/// The recipe of a file after those that it starts from, first stage first.
///
/// # Errors
/// If one of them cannot be read, has another network, or starts from itself over others.
pub fn stages(path: &Path) -> Result<Vec<Recipe>, RecipeError> {
    let mut chain = vec![Recipe::read(path)?];
    let mut own_path = path.to_owned();
    loop {
        let own = &chain[chain.len() - 1];
        let Some(name) = own.training().starts_from.clone() else { break };
        let wrong =
            |problem: String| Err(RecipeError::value(&own_path, FieldError::new("training.starts_from", problem)));
        if chain.iter().any(|recipe| recipe.name() == name) {
            return wrong(format!("expected a recipe that does not start from '{}' itself, got '{name}'", own.name()));
        }
        if chain.len() == MOST_STAGES {
            return wrong(format!("expected at most {MOST_STAGES} recipes that start from one another, got more"));
        }
        let first_path = own_path.with_file_name(format!("{name}.toml"));
        if !first_path.is_file() {
            return wrong(format!("expected a recipe in {}, got none", first_path.display()));
        }
        let first = Recipe::read(&first_path)?;
        if first.name() != name {
            let got = first.name();
            return wrong(format!("expected the name '{name}' in {}, got '{got}'", first_path.display()));
        }
        if first.network() != own.network() {
            return wrong(format!(
                "expected a recipe with the same [network], got another in {}",
                first_path.display()
            ));
        }
        if let (Recipe::GoalForce(first), Recipe::GoalForce(own)) = (&first, own)
            && (&first.goal_force, first.diffusion()) != (&own.goal_force, own.diffusion())
        {
            let path = first_path.display();
            return wrong(format!(
                "expected a recipe with the same [goal_force] and [diffusion], got others in {path}"
            ));
        }
        chain.push(first);
        own_path = first_path;
    }
    chain.reverse();
    Ok(chain)
}

/// Fits all stages, each but the last in the folder of its name within that of the next. With `resume` from where the last run
/// stopped, in whichever stage; without it a folder with any checkpoint that is not a whole first stage's is refused.
///
/// # Errors
/// See [`FitError`].
pub fn fit_stages(stages: &[Recipe], options: &FitOptions) -> Result<FitReport, FitError> {
    let Some((own, before)) = stages.split_last() else {
        return Err(FitError::Data { expected: "a recipe".to_owned(), got: "none".to_owned() });
    };
    let own_checkpoint = options.folder.join("checkpoint.safetensors");
    let Some(first) = before.last().filter(|_| options.initial.is_none()) else {
        return fit(own, options);
    };
    let folder = options.folder.join(first.name());
    let path = folder.join("checkpoint.safetensors");
    if own_checkpoint.exists() {
        // What the last stage has started from must still be what its recipe says.
        if path.exists() {
            Checkpoint::read(&path)?.check_recipe(first, &path)?;
        }
        return fit(own, options);
    }
    let whole = |path: &Path| -> Result<Option<Checkpoint>, FitError> {
        if !path.exists() {
            return Ok(None);
        }
        let kept = Checkpoint::read(path)?;
        kept.check_recipe(first, path)?;
        Ok(Some(kept).filter(|kept| kept.step >= first.training().steps))
    };
    let kept = match whole(&path)? {
        Some(kept) => kept,
        // There is nothing of any stage.
        None if options.resume && !folder.exists() => return Err(FitError::NothingToResume(own_checkpoint)),
        None => {
            fit_stages(before, &FitOptions { folder, until: None, ..options.clone() })?;
            Checkpoint::read(&path)?
        }
    };
    // The last stage begins anew: where it had begun, its own checkpoint was found above.
    fit(own, &FitOptions { initial: Some(kept.averaged().to_vec()), resume: false, ..options.clone() })
}
