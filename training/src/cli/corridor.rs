//! `planwright-train corridor`

use super::{CliError, print_json, print_text};
use crate::console::Progress;
use crate::dataset::corridors::{CorridorSettings, compare};
use clap::Args;
use planwright::model::{Artefact, EngineChoice, load_engine};
use planwright::planner::corridor::CorridorNetwork;
use std::fmt::Write as _;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "\
Example: planwright-train corridor models/map-corridor.onnx --maps 70 --seed 1000 --json

Draws maps, start-goal pairs and experts as `fit` does, from a seed of their own, and runs the exported file on tract.
Figures are stated apart for turning lengths v^2/a below 1 m, from 1 m on, and from 2 m on.")]
pub(super) struct Corridor {
    /// A model of family corridor
    model: PathBuf,
    /// Maps; the seven kinds take turns
    #[arg(long, default_value_t = 70, value_name = "N")]
    maps: usize,
    /// Seed of maps, pairs and experts
    #[arg(long, default_value_t = 1000)]
    seed: u64,
    /// Clearance beyond the footprint that the network is given, metres (default: the model's)
    #[arg(long, value_name = "METRES")]
    margin: Option<f64>,
    /// Steps of an expert's hill climbing
    #[arg(long, default_value_t = 1500, value_name = "N")]
    bumps: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Corridor {
    pub(super) fn run(&self) -> Result<(), CliError> {
        let artefact = Artefact::open(&self.model).map_err(CliError::input)?;
        let manifest = artefact.manifest();
        let engine = |batch| load_engine(&artefact, &EngineChoice::default(), batch);
        let mut network = CorridorNetwork::open(manifest, engine).map_err(CliError::input)?;
        let margin_m = self.margin.or(manifest.family.corridor().map(|corridor| corridor.margin_m)).unwrap_or_default();
        let usual = CorridorSettings::usual();
        let settings = CorridorSettings { maps: self.maps, seed: self.seed, bumps: self.bumps, ..usual };
        settings.check().map_err(|problem| CliError::input(anyhow::anyhow!(problem)))?;
        let bar = Progress::new(self.maps as u64, "maps", !self.json);
        let figures = compare(&settings, &mut network, margin_m, || bar.advance(1)).map_err(CliError::failed)?;
        drop(bar);
        if self.json {
            return print_json(&serde_json::json!({
                "model": self.model,
                "sha256": artefact.sha256(),
                "settings": settings,
                "network_margin_m": margin_m,
                "figures": figures,
            }));
        }
        let mut text = String::new();
        for band in figures {
            let from = band.turning_length_m;
            let _ = writeln!(text, "v^2/a from {from} m: {} problems; raw free, clear, repaired; time", band.problems);
            for (name, figures) in
                [("reference", band.reference), ("optimizer", band.optimizer), ("network", band.network)]
            {
                let _ = writeln!(
                    text,
                    "  {name:<10} {:6.1}% {:6.1}% {:6.1}%  {:.4}",
                    100.0 * figures.raw_free,
                    100.0 * figures.raw_clear,
                    100.0 * figures.repaired_clear,
                    figures.time_ratio
                );
            }
            let (error_cm, expert_cm) = (100.0 * band.error_rms_m, 100.0 * band.expert_rms_m);
            let _ = writeln!(
                text,
                "  portfolio  time {:.4}; offsets: {error_cm:.1} cm off the expert's {expert_cm:.1} cm; {:.2} ms",
                band.portfolio_time_ratio, band.network_ms
            );
        }
        print_text(&text)
    }
}
