//! `planwright-train corridor`

use super::{CliError, print_json, print_text};
use crate::console::Progress;
use crate::dataset::corridors::{
    CorridorFigures, CorridorSettings, ExpertSettings, Place, ProblemSet, compare, foreign_problems, problems,
};
use clap::Args;
use planwright::model::{Artefact, EngineChoice, load_engine};
use planwright::planner::corridor::CorridorNetwork;
use planwright::world::map::files::MapSetKind;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

/// Turning lengths of `planwright eval map`, metres.
const TURNING_LENGTHS_M: [f64; 3] = [0.5, 1.0, 4.0];

#[derive(Args)]
#[command(after_help = "\
Examples:
  planwright-train corridor models/map-corridor.onnx --maps 70 --seed 1000 --json
  planwright-train corridor models/map-corridor.onnx --set barn --folder ../shared/data/maps --bumps 8000

Draws maps, start-goal pairs and experts as `fit` does, from a seed of their own, and runs the exported file on tract; or,
with --set, takes maps, queries and robots of `planwright eval map` at 0.5, 1 and 4 m, where nothing may be chosen.
Figures are stated apart for turning lengths v^2/a below 1 m, from 1 m on, and from 2 m on. Times through correction and
gate stand beside those of the planner's optimiser; JSON holds the place of every raw path that is not free.")]
pub(super) struct Corridor {
    /// A model of family corridor
    model: PathBuf,
    /// Maps; the seven kinds take turns
    #[arg(long, default_value_t = 70, value_name = "N")]
    maps: usize,
    /// Maps of a set in place of generated ones
    #[arg(long, value_enum, value_name = "SET")]
    set: Option<MapSetKind>,
    /// Folder of the set's maps
    #[arg(long, default_value = "../shared/data/maps", value_name = "FOLDER")]
    folder: PathBuf,
    /// Queries per map of a set, as of `planwright eval map`
    #[arg(long, default_value_t = 10, value_name = "N")]
    queries: usize,
    /// Seed of maps, pairs and experts; of a set's queries 0
    #[arg(long, default_value_t = 1000)]
    seed: u64,
    /// Clearance beyond the footprint that the network is given, metres (default: the model's)
    #[arg(long, value_name = "METRES")]
    margin: Option<f64>,
    /// Steps of an expert's hill climbing
    #[arg(long, default_value_t = 1500, value_name = "N")]
    bumps: usize,
    /// Clearance beyond the radius that experts keep where there is room, metres; the correction pushes what is nearer than
    /// 0.03, and paths that are pushed are slow
    #[arg(long, default_value_t = 0.02, value_name = "METRES")]
    expert_margin: f64,
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
        let experts = ExpertSettings { bumps: self.bumps, margin_m: self.expert_margin, seed: self.seed };
        let figures = if let Some(kind) = self.set {
            let sets =
                foreign_problems(&self.folder, kind, self.queries, 0, &TURNING_LENGTHS_M).map_err(CliError::input)?;
            let bar = Progress::new(sets.len() as u64, "maps", !self.json);
            compare(sets, experts, &mut network, margin_m, || bar.advance(1))
        } else {
            let bar = Progress::new(self.maps as u64, "maps", !self.json);
            let sets = (0..self.maps).filter_map(|index| {
                let (grid, problems) = problems(&settings, index).ok()?;
                Some(ProblemSet { map: Arc::new(grid), problems })
            });
            compare(sets, experts, &mut network, margin_m, || bar.advance(1))
        };
        let figures = figures.map_err(CliError::failed)?;
        if self.json {
            return print_json(&serde_json::json!({
                "model": self.model,
                "sha256": artefact.sha256(),
                "settings": self.set.is_none().then_some(settings),
                "set": self.set,
                "experts": experts,
                "network_margin_m": margin_m,
                "figures": figures,
            }));
        }
        print_text(&described(&figures))
    }
}

fn described(figures: &[CorridorFigures]) -> String {
    let mut text = String::new();
    for band in figures {
        let from = band.turning_length_m;
        let _ = writeln!(text, "v^2/a from {from} m: {} problems; raw free, clear, repaired; time", band.problems);
        for (name, figures) in [("reference", band.reference), ("optimizer", band.optimizer), ("network", band.network)]
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
        let (expert, network) = (band.piloted_expert, band.piloted_network);
        let _ = writeln!(
            text,
            "  time through correction and gate to the planner's optimizer's: expert {:.4} ({:.4} to {:.4}), network {:.4} ({:.4} to {:.4})",
            expert.mean, expert.low, expert.high, network.mean, network.low, network.high
        );
        let count = |place: Place| band.failures.iter().filter(|failure| failure.place == place).count();
        let lack_m = band.failures.iter().map(|failure| failure.lack_m).fold(0.0, f64::max);
        let _ = writeln!(
            text,
            "  not free: {} at ends, {} where windows meet, {} elsewhere; {:.1} cm at most",
            count(Place::End),
            count(Place::Joint),
            count(Place::Middle),
            100.0 * lack_m
        );
    }
    text
}
