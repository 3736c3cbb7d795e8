//! `planwright world generate`

use super::output::{CliError, print_json, print_text};
use crate::world::map::generate::{GeneratedMap, MapKind, RESOLUTION_M};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "\
Example: planwright world generate --kind rooms --seed 3 --out rooms.yaml

Writes map_server's YAML and, beside it, its image as PGM. Maps are 10 to 20 m wide and high, in cells of 0.1 m; equal
seeds give equal maps.")]
pub(super) struct Generate {
    /// What stands on the map
    #[arg(long, value_enum)]
    kind: MapKind,
    /// Seed
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The YAML file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Generate {
    pub(super) fn run(&self) -> Result<(), CliError> {
        let map = GeneratedMap::draw(self.kind, self.seed);
        let image =
            map.write(&self.out).map_err(|error| CliError::wrong(format!("--out {}: {error}", self.out.display())))?;
        let size_m = [map.width, map.height].map(|cells| cells as f64 * RESOLUTION_M);
        if self.json {
            return print_json(&serde_json::json!({
                "map": self.out,
                "image": image,
                "name": map.name,
                "width": map.width,
                "height": map.height,
                "resolution_m": RESOLUTION_M,
                "free_share": map.free_share(),
            }));
        }
        print_text(&format!(
            "{}: {:.1} x {:.1} m, {:.0}% free\n{}\n{}",
            map.name,
            size_m[0],
            size_m[1],
            100.0 * map.free_share(),
            self.out.display(),
            image.display()
        ))
    }
}
