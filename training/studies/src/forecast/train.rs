//! One run: teacher forcing on synthetic windows, AdamW, a rate that falls along a line.

use super::checkpoint::Checkpoint;
use super::model::Model;
use super::pool::{Pool, Window};
use super::settings::ForecastSettings;
use planwright_training::fit::Moments;
use planwright_training::recipe::OptimiserSettings;
use planwright_training::study::StudyError;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::path::Path;
use std::time::Instant;
use tch::{Device, Kind, Tensor};

/// Steps whose losses are averaged for the curve.
pub(super) const EPOCH: usize = 100;
/// Steps between two checkpoints.
const KEEP: usize = 500;
/// Largest norm of a gradient.
const CLIP: f64 = 1.0;

fn to_vec(tensor: &Tensor) -> Result<Vec<f32>, StudyError> {
    Ok(Vec::<f32>::try_from(tensor.detach())?)
}

/// Fits, or goes on from the checkpoint at `path`, and leaves the fitted parameters there. `tick` is called after every step.
pub(super) fn train(
    model: &Model,
    pool: &Pool,
    run: &ForecastSettings,
    path: &Path,
    tick: impl FnMut(usize, f64),
) -> Result<Checkpoint, StudyError> {
    train_until(model, pool, run, path, run.shared.steps, tick)
}

fn train_until(
    model: &Model,
    pool: &Pool,
    run: &ForecastSettings,
    path: &Path,
    until: usize,
    mut tick: impl FnMut(usize, f64),
) -> Result<Checkpoint, StudyError> {
    let begun = Instant::now();
    let specs = model.network.specs();
    let start = match Checkpoint::read(path, specs, run)? {
        Some(done) if done.step >= run.shared.steps => return Ok(done),
        Some(part) => part,
        None => {
            let initial = model.network.initial(run.seed);
            let zeros = vec![0.0; initial.len()];
            Checkpoint { step: 0, losses: Vec::new(), wall_secs: 0.0, values: [initial, zeros.clone(), zeros] }
        }
    };
    let Checkpoint { step: first, mut losses, wall_secs, values } = start;
    let [mut parameters, first_moment, second_moment] = values.map(|values| Tensor::from_slice(&values));
    parameters = parameters.set_requires_grad(true);
    let mut moments = Moments::zeros(0, Device::Cpu);
    (moments.first, moments.second) = (first_moment, second_moment);
    let mut epoch = Vec::with_capacity(EPOCH);
    let snapshot = |step: usize, losses: &[f64], parameters: &Tensor, moments: &Moments| {
        let done = step >= run.shared.steps;
        let moment = |tensor: &Tensor| if done { Ok(Vec::new()) } else { to_vec(tensor) };
        let values = [to_vec(parameters)?, moment(&moments.first)?, moment(&moments.second)?];
        let wall_secs = wall_secs + begun.elapsed().as_secs_f64();
        let checkpoint = Checkpoint { step, losses: losses.to_vec(), wall_secs, values };
        checkpoint.write(path, specs, run)?;
        Ok::<Checkpoint, StudyError>(checkpoint)
    };
    for step in first..until.min(run.shared.steps) {
        let loss = model.loss(&model.network.views(&parameters), &model.batch(&windows(pool, run, step))?);
        let value = loss.double_value(&[]);
        if !value.is_finite() {
            return Err(StudyError::Diverged { cell: run.path(), epoch: step / EPOCH, loss: value });
        }
        let gradient = Tensor::run_backward(&[&loss], &[&parameters], false, false).swap_remove(0);
        let settings = OptimiserSettings {
            learning_rate: run.shared.learning_rate * (1.0 - step as f64 / run.shared.steps as f64),
            warmup_steps: 0,
            final_share: 1.0,
            weight_decay: 0.0,
            clip_norm: CLIP,
            muon: None,
        };
        moments.update(&mut parameters, &gradient, &settings, step as u64, run.shared.steps as u64);
        tick(step, value);
        epoch.push(value);
        let next = step + 1;
        if next.is_multiple_of(EPOCH) || next == run.shared.steps {
            losses.push(epoch.iter().sum::<f64>() / epoch.len() as f64);
            epoch.clear();
        }
        if next.is_multiple_of(KEEP) && next < run.shared.steps {
            snapshot(next, &losses, &parameters, &moments)?;
        }
    }
    snapshot(until.min(run.shared.steps), &losses, &parameters, &moments)
}

/// Windows of a step: a stream each, so that a resumed fit sees what an unbroken one does.
fn windows(pool: &Pool, run: &ForecastSettings, step: usize) -> Vec<Window> {
    let mut rng = ChaCha8Rng::seed_from_u64(run.seed);
    rng.set_stream(1 + step as u64);
    let shared = &run.shared;
    (0..shared.batch).map(|_| pool.window(&mut rng, &shared.lengths, shared.mixture_share)).collect()
}

/// Parameters as views.
pub(super) fn views(model: &Model, parameters: &[f32]) -> Vec<Tensor> {
    model.network.views(&Tensor::from_slice(parameters).to_kind(Kind::Float))
}

#[cfg(test)]
mod tests {
    use super::super::settings::{ForecastHead, Shared, Variant};
    use super::*;

    fn run(variant: Variant) -> ForecastSettings {
        let shared = Shared { steps: 200, batch: 8, ..Shared::quick() };
        ForecastSettings { variant, seed: 1, shared }
    }

    #[test]
    fn the_loss_falls_under_every_head() {
        let pool = Pool::generate(&Shared::quick().pool);
        let folder = tempfile::tempdir().expect("a folder");
        let free = ForecastHead::Fourier { frequencies: 16, regularisation: 0.0 };
        for variant in [Variant::LINEAR, Variant::fourier(16), Variant { head: free, ..Variant::LINEAR }] {
            let run = run(variant);
            let model = Model::new(&run).expect("a model");
            let path = folder.path().join(variant.name());
            let mut ticks = 0;
            let done = train(&model, &pool, &run, &path, |_, _| ticks += 1).expect("a fit");
            assert_eq!((done.step, done.losses.len(), ticks), (200, 2, 200));
            // All tokens alike: ln 256 = 5.545.
            assert!(done.losses[1] < 5.0 && done.losses[1] < done.losses[0], "{}: {:?}", variant.name(), done.losses);
            let again = train(&model, &pool, &run, &path, |_, _| panic!("nothing is left to do")).expect("a fit");
            assert_eq!(again, done);
        }
    }

    #[test]
    fn a_fit_that_was_cut_off_goes_on_as_if_it_had_not() {
        let pool = Pool::generate(&Shared::quick().pool);
        let folder = tempfile::tempdir().expect("a folder");
        let run =
            ForecastSettings { shared: Shared { steps: 20, batch: 4, ..Shared::quick() }, ..run(Variant::fourier(8)) };
        let model = Model::new(&run).expect("a model");
        let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
        let whole = train(&model, &pool, &run, &whole, |_, _| {}).expect("a fit");
        let part = train_until(&model, &pool, &run, &parts, 7, |_, _| {}).expect("a part");
        assert_eq!(part.step, 7);
        let rest = train(&model, &pool, &run, &parts, |_, _| {}).expect("the rest");
        assert_eq!(rest.values[0], whole.values[0]);
        let other = ForecastSettings { seed: 2, ..run.clone() };
        let refused = train(&model, &pool, &other, &parts, |_, _| {}).expect_err("other settings").to_string();
        assert!(refused.contains("expected a result of these settings ("), "{refused}");
        std::fs::write(&parts, "{").expect("written");
        let refused = train(&model, &pool, &run, &parts, |_, _| {}).map(|_| ());
        assert!(matches!(refused, Err(StudyError::Result { .. })), "{refused:?}");
    }
}
