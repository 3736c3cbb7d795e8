//! Fuzz targets of everything that parses, with a deterministic driver: random and mutated inputs from a seed.
//!
//! `fuzz/` runs the same targets under libFuzzer; `tests/tests/parsers.rs` runs a few hundred inputs of each.

mod camera;
mod density;
mod mutate;
mod targets;

use mutate::Mutator;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
pub use targets::TARGETS;

/// One parser with its examples.
pub struct Target {
    /// Its name: that of the binary in `fuzz/fuzz_targets`.
    pub name: &'static str,
    /// Parses the bytes. An error is fine; a panic is a fault, and so is an accepted value that does not read back.
    pub run: fn(&[u8]),
    /// Valid inputs that are mutated.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Relative cost of one input: the driver makes fewer of dear ones.
    pub cost: usize,
}

/// Runs one input of the target with this name.
///
/// # Panics
/// If there is no such target, or the input reveals a fault.
pub fn run(name: &str, bytes: &[u8]) {
    (target(name).run)(bytes);
}

fn target(name: &str) -> &'static Target {
    TARGETS.iter().find(|target| target.name == name).unwrap_or_else(|| panic!("no target `{name}`"))
}

/// Runs the target's examples and `cases / cost` mutated inputs, the same ones for the same seed.
///
/// # Panics
/// At the first input that reveals a fault; the input is printed.
pub fn exercise(name: &str, cases: usize, seed: u64) {
    let target = target(name);
    let seeds = (target.seeds)();
    let mut mutator = Mutator::new(seed);
    let mutated = (0..cases.div_ceil(target.cost)).map(|_| mutator.input(&seeds));
    for input in seeds.iter().cloned().chain(mutated) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (target.run)(&input))) {
            let shown = &input[..input.len().min(4000)];
            eprintln!("{name}, {} bytes: {}", input.len(), String::from_utf8_lossy(shown).escape_debug());
            resume_unwind(panic);
        }
    }
}
