//! Scenes generated per second, and times of a simulation and of a search for feasible pushes, on one core.
//!
//! ```sh
//! cargo run --release -p planwright --example scene_bench
//! ```

use planwright::evaluate::feasible;
use planwright::world::scene::{Kind, Simulation, generate};
use std::hint::black_box;
use std::time::Instant;

/// Scenes of each kind.
const SCENES: u64 = 400;

fn main() {
    println!("kind            scenes/s   run ms   struck ms   feasible ms   feasible of candidates");
    let kinds = [
        ("balls", Kind::Balls, false),
        ("blocked", Kind::Blocked, false),
        ("blocked, held", Kind::Blocked, true),
        ("dominos", Kind::Dominos, false),
        ("tools", Kind::Tools, false),
    ];
    for (name, kind, held_out) in kinds {
        let start = Instant::now();
        let all: Vec<_> = (0..SCENES).map(|seed| generate(kind, seed, held_out)).collect();
        let per_second = SCENES as f64 / start.elapsed().as_secs_f64();
        let mut simulation = Simulation::new();
        let start = Instant::now();
        for made in &all {
            black_box(simulation.run(&made.scene, &made.push));
        }
        let run = start.elapsed().as_secs_f64() * 1e3 / SCENES as f64;
        let goals: Vec<_> = all.iter().filter_map(|made| Some((made, made.goal?))).collect();
        let start = Instant::now();
        for (made, goal) in &goals {
            black_box(simulation.struck(&made.scene, &made.push, goal.body));
        }
        let struck = start.elapsed().as_secs_f64() * 1e3 / goals.len() as f64;
        let start = Instant::now();
        let (mut can, mut candidates) = (0, 0);
        for (made, goal) in &goals {
            can += feasible(&made.scene, goal, &mut simulation).iter().flatten().count();
            candidates += made.scene.bodies.iter().filter(|body| body.moves).count() - 1;
        }
        let search = start.elapsed().as_secs_f64() * 1e3 / goals.len() as f64;
        println!("{name:14}  {per_second:8.0}  {run:7.2}  {struck:10.2}  {search:12.1}   {can} of {candidates}");
    }
}
