//! Denoising diffusion without any engine: schedules, samplers, conditioning and warm start.

mod schedule;

pub use schedule::{NoiseSchedule, ScheduleError, ScheduleKind};
