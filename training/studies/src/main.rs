//! The command that runs the published experiments.

fn main() -> std::process::ExitCode {
    planwright_studies::REGISTRY.main()
}
