//! `planwright-train bench`

use super::{CliError, print_json, print_text, set_threads};
use crate::dataset::{GeneratorSettings, WindowSettings};
use crate::fit::Task;
use crate::network::NetworkSpec;
use crate::recipe::{DeviceName, DiffusionSettings, MazeDiffusionRecipe, OptimiserSettings, Recipe, TrainingSettings};
use clap::Args;
use planwright::diffusion::ScheduleKind;
use planwright::pilot::Latencies;
use std::time::Instant;

#[derive(Args)]
#[command(after_help = "\
Example: planwright-train bench --threads 2 --json
In turn with PyTorch eager on the same network: python3 tests/peers/bench_step.py

Times whole optimiser steps of Diffuser's published network (3,682,118 parameters, horizon 128): forward,
backward, clipping, AdamW, average.")]
pub(super) struct Bench {
    /// Windows per step
    #[arg(long, default_value_t = 32, value_name = "N")]
    batch: usize,
    /// Timed steps
    #[arg(long, default_value_t = 20, value_name = "N")]
    steps: usize,
    /// Threads
    #[arg(long, default_value_t = 2, value_name = "N")]
    threads: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const HORIZON: usize = 128;

impl Bench {
    pub(super) fn run(&self) -> Result<(), CliError> {
        set_threads(self.threads)?;
        if !(1..=4096).contains(&self.batch) || !(1..=100_000).contains(&self.steps) {
            return Err(CliError::input(anyhow::anyhow!("expected a batch of 1 to 4096 and 1 to 100000 steps")));
        }
        let recipe = Recipe::MazeDiffusion(MazeDiffusionRecipe {
            name: "published".to_owned(),
            data: GeneratorSettings::published("umaze", 20_000, 0),
            windows: WindowSettings { horizon: HORIZON, stride: 1, within_leg: false, leg_start_share: 0.0 },
            network: NetworkSpec::published(),
            diffusion: DiffusionSettings { schedule: ScheduleKind::Cosine, steps: 64 },
            training: TrainingSettings {
                steps: 1_000_000,
                batch: self.batch,
                seed: 0,
                device: DeviceName::Cpu,
                checkpoint_every: 1_000_000,
                optimiser: OptimiserSettings {
                    learning_rate: 2e-4,
                    warmup_steps: 0,
                    final_share: 1.0,
                    weight_decay: 0.01,
                    clip_norm: 1.0,
                    muon: None,
                },
                average_decay: 0.995,
                starts_from: None,
            },
        });
        let mut task = Task::of(&recipe).map_err(CliError::failed)?;
        let mut trainer = task.trainer(DeviceName::Cpu);
        let (mut latencies, mut loss) = (Latencies::new(), 0.0);
        for step in 0..self.steps + 3 {
            let begun = Instant::now();
            loss = task.step(&mut trainer).loss;
            // The first steps fill caches.
            if step >= 3 {
                latencies.record(begun.elapsed());
            }
        }
        let summary = latencies.summary();
        if self.json {
            return print_json(&serde_json::json!({
                "step_ms": summary,
                "batch": self.batch,
                "horizon": HORIZON,
                "threads": self.threads,
                "loss": loss,
            }));
        }
        print_text(&format!(
            "p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms per step of {} windows on {} threads",
            summary.p50, summary.p99, summary.max, self.batch, self.threads
        ))
    }
}
