//! thread entry
use planwright_training::fit::*;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let recipe = Recipe::read(std::path::Path::new(&args[1])).unwrap_or_else(|e| panic!("{e}"));
    tch::set_num_threads(args[2].parse().unwrap_or(1));
    let report = fit(&recipe, &FitOptions { folder: args[3].clone().into(), resume: std::path::Path::new(&args[3]).join("checkpoint.safetensors").exists(), until: args.get(4).and_then(|s| s.parse().ok()), device: None, progress: true });
    println!("{report:?}");
}
