//! Time of a training step of a motion network.

use super::Trainer;
use crate::network::{MOTION_CELLS, MOTION_CHANNELS, MotionNetworkSpec, SCENE_CHANNELS, TorchGraph, declare_motion};
use crate::recipe::{DeviceName, MuonSettings, OptimiserSettings, TrainingSettings};
use std::time::Instant;
use tch::{Device, Kind, Tensor};

const BATCH: i64 = 24;

/// `cargo test --release --workspace --lib -- --ignored --nocapture --test-threads 1 time_of_a_step`
#[test]
#[ignore = "measures time"]
fn time_of_a_step_of_the_full_motion_network() {
    let spec = MotionNetworkSpec::full();
    let noise =
        |channels: usize| Tensor::randn([BATCH, channels as i64, MOTION_CELLS as i64], (Kind::Float, Device::Cpu));
    let (sample, scene, target) = (noise(MOTION_CHANNELS), noise(SCENE_CHANNELS), noise(MOTION_CHANNELS));
    let timestep = Tensor::arange(BATCH, (Kind::Float, Device::Cpu)) * 40.0;
    for threads in [1, 2] {
        tch::set_num_threads(threads);
        for muon in [None, Some(MuonSettings { learning_rate: 3e-3, momentum: 0.95 })] {
            let optimiser = OptimiserSettings {
                learning_rate: 1e-3,
                warmup_steps: 0,
                final_share: 1.0,
                weight_decay: 0.0,
                clip_norm: 1.0,
                muon,
            };
            let settings = TrainingSettings {
                steps: 100,
                batch: BATCH as usize,
                seed: 1,
                device: DeviceName::Cpu,
                checkpoint_every: 100,
                optimiser,
                average_decay: 0.999,
            };
            let mut trainer = Trainer::new(declare_motion(&spec), &settings, DeviceName::Cpu);
            let mut secs: Vec<f64> = (0..14)
                .map(|_| {
                    let begun = Instant::now();
                    trainer.step(|views, device| {
                        let mut graph = TorchGraph::new(views, device);
                        let clean = spec.forward(&mut graph, &sample, &timestep, &scene);
                        (clean - &target).square().mean(Kind::Float)
                    });
                    begun.elapsed().as_secs_f64()
                })
                .collect();
            secs.sort_by(f64::total_cmp);
            let muon = if muon.is_some() { "with" } else { "without" };
            println!(
                "{threads} threads, {muon} Muon: min {:.0} median {:.0} ms, {:.1} samples/s",
                secs[0] * 1e3,
                secs[7] * 1e3,
                BATCH as f64 / secs[7]
            );
        }
    }
}
