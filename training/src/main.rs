//! The command that fits planners and exports them.

fn main() -> std::process::ExitCode {
    planwright_training::cli::run()
}
