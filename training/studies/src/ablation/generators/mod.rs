//! The other generators of the ablations (appendix F): an MLP denoiser (H5b), an autoregressive Transformer (H9a) and
//! a VAE (H9b). They are fitted to normalised trajectories, sampled and measured; they are never exported.
//!
//! Equal seeds give equal samples: every random number comes from `ChaCha8Rng`, none from libtorch.

mod layers;
mod learner;
mod mlp_denoiser;
mod settings;
mod transformer;
mod vae;
mod vocabulary;

pub use mlp_denoiser::{MlpDenoiser, MlpDenoiserSpec};
pub use settings::{AblationSettings, FitCurve};
pub use transformer::{Transformer, TransformerSpec};
pub use vae::{Vae, VaeSpec};
pub use vocabulary::Vocabulary;

use planwright_training::dataset::Trajectories;
use planwright_training::study::StudyError;
use serde::{Deserialize, Serialize};

/// Something that learns a family of trajectories and makes more of them.
pub trait Generator {
    /// Fits to trajectories normalised to [-1, 1]; what was learnt before is forgotten.
    ///
    /// # Errors
    /// If settings or trajectories make no fit, or the loss leaves the finite numbers.
    fn fit(&mut self, data: &Trajectories, settings: &AblationSettings) -> Result<FitCurve, StudyError>;

    /// `count` new trajectories in [-1, 1] of the shape that was fitted; the same seed gives the same.
    ///
    /// # Errors
    /// If nothing was fitted yet, `count` is 0, or the network gives a number that is not finite.
    fn sample(&self, count: usize, seed: u64) -> Result<Trajectories, StudyError>;
}

/// Which generator, with its sizes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum GeneratorSpec {
    /// Diffusion with an MLP in place of the U-Net (H5b).
    MlpDenoiser(MlpDenoiserSpec),
    /// A causal Transformer over quantised states (H9a).
    Transformer(TransformerSpec),
    /// A variational autoencoder (H9b).
    Vae(VaeSpec),
}

impl GeneratorSpec {
    /// The generator, not yet fitted.
    pub fn build(&self) -> Box<dyn Generator> {
        match self.clone() {
            Self::MlpDenoiser(spec) => Box::new(MlpDenoiser::new(spec)),
            Self::Transformer(spec) => Box::new(Transformer::new(spec)),
            Self::Vae(spec) => Box::new(Vae::new(spec)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> [GeneratorSpec; 3] {
        let mlp = MlpDenoiserSpec { width: 64, layers: 3, diffusion_steps: 20, ..MlpDenoiserSpec::default() };
        let transformer = TransformerSpec { width: 16, layers: 1, heads: 2, ..TransformerSpec::default() };
        let vae = VaeSpec { width: 32, latent: 4, ..VaeSpec::default() };
        [GeneratorSpec::MlpDenoiser(mlp), GeneratorSpec::Transformer(transformer), GeneratorSpec::Vae(vae)]
    }

    fn settings() -> AblationSettings {
        AblationSettings { steps: 400, batch: 64, learning_rate: 1e-2, seed: 5, threads: 1 }
    }

    /// Two columns: one constant per trajectory, -0.5 or 0.5, and its negative.
    fn two_levels() -> Trajectories {
        let values = (0..200).flat_map(|index| if index % 2 == 0 { [0.5, -0.5] } else { [-0.5, 0.5] }.repeat(4));
        Trajectories { horizon: 4, columns: 2, values: values.collect() }
    }

    /// Share of samples all of whose values are within `reach` of one of the two trajectories of [`two_levels`].
    fn share_near(samples: &Trajectories, reach: f32) -> f64 {
        let near = |sample: &&[f32]| {
            [0.5, -0.5].iter().any(|level| {
                sample.chunks(2).all(|step| (step[0] - level).abs() < reach && (step[1] + level).abs() < reach)
            })
        };
        samples.iter().filter(near).count() as f64 / samples.len() as f64
    }

    #[test]
    fn every_generator_learns_two_levels() {
        let data = two_levels();
        for spec in all() {
            let mut generator = spec.build();
            let untaught = AblationSettings { steps: 1, ..settings() };
            generator.fit(&data, &untaught).expect("one step");
            let before = share_near(&generator.sample(200, 3).expect("samples"), 0.25);
            let curve = generator.fit(&data, &settings()).expect("a fit");
            assert_eq!(curve.losses.len(), 400);
            assert!(curve.last() < 0.5 * curve.first(), "{spec:?}: {} to {}", curve.first(), curve.last());
            let samples = generator.sample(200, 3).expect("samples");
            assert!(samples.check(4, 2).is_ok() && samples.len() == 200);
            assert!(samples.values.iter().all(|value| (-1.0..=1.0).contains(value)));
            let after = share_near(&samples, 0.25);
            assert!(before < 0.2 && after > 0.6, "{spec:?}: {before} to {after}");
            let high = samples.iter().filter(|sample| sample[0] > 0.0).count();
            assert!((50..=150).contains(&high), "{spec:?}: {high} of 200 on the upper level");
        }
    }

    #[test]
    fn equal_seeds_give_equal_samples_and_others_do_not() {
        let data = two_levels();
        let short = AblationSettings { steps: 20, ..settings() };
        for spec in all() {
            let made = |fit_seed, sample_seed| {
                let mut generator = spec.build();
                generator.fit(&data, &AblationSettings { seed: fit_seed, ..short.clone() }).expect("a fit");
                generator.sample(30, sample_seed).expect("samples")
            };
            let first = made(1, 2);
            assert_eq!(first, made(1, 2), "{spec:?}");
            assert_ne!(first, made(1, 3), "{spec:?}");
            assert_ne!(first, made(2, 2), "{spec:?}");
        }
    }

    #[test]
    fn more_samples_begin_with_the_same() {
        let data = two_levels();
        for spec in all() {
            // The diffusion sampler draws for its whole batch at once.
            if matches!(spec, GeneratorSpec::MlpDenoiser(_)) {
                continue;
            }
            let mut generator = spec.build();
            generator.fit(&data, &AblationSettings { steps: 20, ..settings() }).expect("a fit");
            let few = generator.sample(3, 9).expect("samples");
            let many = generator.sample(40, 9).expect("samples");
            let apart = few.values.iter().zip(&many.values).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(apart < 1e-4, "{spec:?}: {apart}");
        }
    }

    #[test]
    fn bad_input_gives_one_clear_line() {
        let data = two_levels();
        let reason = |spec: &GeneratorSpec, data: &Trajectories, settings: AblationSettings| {
            let Err(error) = spec.build().fit(data, &settings) else { panic!("{spec:?} was fitted") };
            error.to_string()
        };
        for spec in all() {
            let with = |change: fn(&mut AblationSettings)| {
                let mut changed = settings();
                change(&mut changed);
                reason(&spec, &data, changed)
            };
            assert_eq!(with(|s| s.steps = 0), "expected steps between 1 and 10000000, got 0");
            assert_eq!(with(|s| s.batch = 0), "expected batch between 1 and 65536, got 0");
            assert_eq!(with(|s| s.threads = 0), "expected threads between 1 and 1024, got 0");
            assert_eq!(with(|s| s.learning_rate = f64::NAN), "expected learning_rate above 0 and at most 1, got NaN");
            let none = reason(&spec, &Trajectories::empty(4, 2), settings());
            assert_eq!(none, "expected at least 2 trajectories to learn from, got 0");
            let mut holed = data.clone();
            holed.values[9] = f32::NAN;
            let text = reason(&spec, &holed, settings());
            assert_eq!(text, "expected finite trajectories, got NaN or infinity in trajectory 1 at step 0");
            let mut wide = data.clone();
            wide.values[3] = 1.5;
            let text = reason(&spec, &wide, settings());
            assert!(text.starts_with("expected trajectories normalised to [-1, 1], got 1.5 in trajectory 0"), "{text}");
            let generator = spec.build();
            let Err(error) = generator.sample(4, 1) else { panic!("sampled before fitting") };
            assert_eq!(error.to_string(), "expected a fitted generator, got one before its fit");
        }
    }

    #[test]
    fn sizes_that_make_no_network_are_refused() {
        let specs = [
            GeneratorSpec::MlpDenoiser(MlpDenoiserSpec { layers: 0, ..MlpDenoiserSpec::default() }),
            GeneratorSpec::MlpDenoiser(MlpDenoiserSpec { time_width: 7, ..MlpDenoiserSpec::default() }),
            GeneratorSpec::MlpDenoiser(MlpDenoiserSpec { diffusion_steps: 0, ..MlpDenoiserSpec::default() }),
            GeneratorSpec::Transformer(TransformerSpec { heads: 3, ..TransformerSpec::default() }),
            GeneratorSpec::Transformer(TransformerSpec { tokens: 1, ..TransformerSpec::default() }),
            GeneratorSpec::Vae(VaeSpec { latent: 0, ..VaeSpec::default() }),
            GeneratorSpec::Vae(VaeSpec { deviation: 0.0, ..VaeSpec::default() }),
            GeneratorSpec::Vae(VaeSpec { beta: f64::NAN, ..VaeSpec::default() }),
        ];
        for spec in specs {
            let Err(error) = spec.build().fit(&two_levels(), &settings()) else { panic!("{spec:?} was fitted") };
            let text = error.to_string();
            assert!(text.starts_with("expected ") && text.contains(", got ") && !text.contains('\n'), "{text}");
        }
    }

    #[test]
    fn a_loss_that_leaves_the_numbers_ends_the_fit() {
        // So small a variance that the squared error is infinite in single precision.
        let spec = GeneratorSpec::Vae(VaeSpec { deviation: 1e-22, ..VaeSpec::default() });
        let Err(error) = spec.build().fit(&two_levels(), &settings()) else { panic!("fitted") };
        assert!(error.to_string().starts_with("expected a finite loss, got inf at step 0"), "{error}");
    }

    #[test]
    fn specs_are_read_from_json_and_typing_errors_are_refused() {
        let read = |text: &str| serde_json::from_str::<GeneratorSpec>(text);
        let spec = read(r#"{"kind": "vae", "latent": 8}"#).expect("a spec");
        assert_eq!(spec, GeneratorSpec::Vae(VaeSpec { latent: 8, ..VaeSpec::default() }));
        for (wrong, named) in
            [(r#"{"kind": "vae", "latnt": 8}"#, "field `latnt`"), (r#"{"kind": "gan"}"#, "variant `gan`")]
        {
            let error = read(wrong).expect_err(named).to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
