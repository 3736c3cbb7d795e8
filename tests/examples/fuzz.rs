//! Runs every fuzz target with many mutated inputs from a seed, without a nightly compiler:
//!
//!     cargo run --release -p planwright-tests --example fuzz -- --cases 200000
//!
//! All targets run, also after one has failed; the exit code is 1 if any has.

use clap::Parser;
use planwright_tests::fuzz::{TARGETS, exercise};
use std::panic::catch_unwind;
use std::process::ExitCode;
use std::time::Instant;

#[derive(Parser)]
struct Options {
    /// Inputs of a cheap target; dear ones have fewer
    #[arg(long, default_value_t = 200_000)]
    cases: usize,
    /// Seed of the inputs
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Targets whose names contain this
    #[arg(long, default_value = "")]
    only: String,
}

fn main() -> ExitCode {
    let Options { cases, seed, only } = Options::parse();
    let mut failed = Vec::new();
    let chosen: Vec<_> = TARGETS.iter().filter(|target| target.name.contains(&only)).collect();
    for target in &chosen {
        let begun = Instant::now();
        let outcome = catch_unwind(|| exercise(target.name, cases, seed));
        let verdict = if outcome.is_ok() { "ok" } else { "FAILED" };
        println!(
            "{:<20} {verdict}, {} inputs, {:.1} s",
            target.name,
            cases.div_ceil(target.cost),
            begun.elapsed().as_secs_f64()
        );
        if outcome.is_err() {
            failed.push(target.name);
        }
    }
    println!("{} targets, seed {seed}, failed: {failed:?}", chosen.len());
    ExitCode::from(u8::from(!failed.is_empty() || chosen.is_empty()))
}
