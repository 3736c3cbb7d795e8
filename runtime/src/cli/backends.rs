//! `planwright backends`

use super::output::{CliError, print_json, print_text};
use crate::model::backends;
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "Example: planwright backends --json")]
pub(super) struct Backends {
    /// ONNX Runtime's shared library, where it is not in a usual place
    #[arg(long, value_name = "FILE")]
    onnxruntime: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Backends {
    pub(super) fn run(&self) -> Result<(), CliError> {
        let found = backends(self.onnxruntime.as_deref());
        if self.json {
            return print_json(&serde_json::json!({ "backends": found }));
        }
        let lines: Vec<String> = found
            .iter()
            .map(|status| {
                let version = status.version.as_deref().unwrap_or_default();
                match &status.reason {
                    None => format!("{:<24} there      {version}", status.name),
                    Some(reason) => format!("{:<24} not there  {}", status.name, reason.replace('\n', "; ")),
                }
            })
            .collect();
        print_text(&lines.join("\n"))
    }
}
