//! `planwright-train drives`

use super::{CliError, print_json, print_text};
use crate::dataset::corridors::{Preference, demonstrations, write_demonstrations};
use clap::Args;
use planwright::quantity::path_length_m;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "\
Example: planwright-train drives --preference side --minutes 10 --seed 1 --out drives/side.jsonl --json

Each line of the file is one drive: {\"map\": FILE, \"radius_m\": R, \"turning_length_m\": L, \"poses\": [[secs, x, y], ..]},
with files of maps relative to the folder of the drives. Drives that a robot recorded have the same form. A recipe of
family corridor with `drives = \"FILE\"` in [data] is fitted to them.")]
pub(super) struct Drives {
    /// What the scripted demonstrator prefers
    #[arg(long, value_enum)]
    preference: Preference,
    /// Minutes of driving at up to 1 m/s
    #[arg(long, default_value_t = 10.0, value_name = "MINUTES")]
    minutes: f64,
    /// Seed of maps, starts and goals
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write the drives; the maps go into the folder `maps` beside them
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Drives {
    pub(super) fn run(&self) -> Result<(), CliError> {
        if !(self.minutes > 0.0 && self.minutes <= 1000.0) {
            let problem = format!("--minutes: expected above 0, at most 1000, got {}", self.minutes);
            return Err(CliError::input(anyhow::anyhow!(problem)));
        }
        let folder = self.out.parent().filter(|folder| !folder.as_os_str().is_empty());
        folder
            .map_or(Ok(()), planwright::files::make_folder)
            .and_then(|()| planwright::files::check_writable(&self.out))
            .map_err(|error| CliError::input(anyhow::anyhow!("--out {}: {error}", self.out.display())))?;
        let driven = demonstrations(self.preference, self.minutes, self.seed).map_err(CliError::failed)?;
        let drives = write_demonstrations(&self.out, &driven, self.seed).map_err(CliError::input)?;
        let secs: f64 = drives.iter().filter_map(|drive| drive.poses.last()).map(|pose| pose[0]).sum();
        let length_m: f64 =
            drives.iter().map(|drive| path_length_m(drive.poses.iter().map(|[_, x, y]| [*x, *y]))).sum();
        let mut maps: Vec<_> = drives.iter().map(|drive| &drive.map).collect();
        maps.dedup();
        if self.json {
            return print_json(&serde_json::json!({
                "preference": self.preference,
                "seed": self.seed,
                "out": self.out,
                "drives": drives.len(),
                "maps": maps.len(),
                "minutes": secs / 60.0,
                "length_m": length_m,
            }));
        }
        print_text(&format!(
            "{} drives on {} maps: {:.1} minutes, {length_m:.0} m\n{}",
            drives.len(),
            maps.len(),
            secs / 60.0,
            self.out.display()
        ))
    }
}
