//! Denoising diffusion without any engine: schedules, samplers, conditioning and warm start.
//!
//! A [`Sampler`] walks noise down to a plan. It calls a [`Denoiser`] (a network on whatever engine) for the
//! clean sample at each step and does the rest itself in f32, so that solver, step count, seed and warm
//! start are choices at run time.
//!
//! ```
//! use planwright::diffusion::{Denoiser, NoiseSchedule, Sampler, SamplerSettings, ScheduleKind, Solver, Start};
//!
//! /// The exact denoiser of a distribution that is a single point.
//! struct Point(f32);
//! impl Denoiser for Point {
//!     type Error = std::convert::Infallible;
//!     fn denoise(&mut self, _noisy: &[f32], _timestep: usize, clean: &mut [f32]) -> Result<(), Self::Error> {
//!         clean.fill(self.0);
//!         Ok(())
//!     }
//! }
//!
//! let schedule = NoiseSchedule::new(ScheduleKind::Cosine, 64)?;
//! let mut sampler = Sampler::new(schedule, 8, 1);
//! let settings = SamplerSettings { solver: Solver::Ddim, steps: 5 };
//! let done = sampler.sample(settings, &mut Point(0.25), &[], Start::Noise, 7, |_| true)?;
//! assert_eq!(done.steps, 5);
//! assert!(sampler.samples().iter().all(|value| (value - 0.25).abs() < 1e-6));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod sampler;
mod schedule;
mod solver;

pub use sampler::{Condition, Denoiser, Sampled, Sampler, SamplerSettings, SamplingError, Start, Step};
pub use schedule::{NoiseSchedule, ScheduleError, ScheduleKind};
pub use solver::{Solver, SolverNameError};
