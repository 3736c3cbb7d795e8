//! `maze-validity.svg`: whether the trajectories are still those of the data (appendix A.3.3).

use super::colours::source_colour;
use super::published;
use super::results::{DriftResults, Source, Validity, ValidityRow};
use super::select::seeds_text;
use planwright_training::study::plot::bars::{self, Bar};
use planwright_training::study::plot::style::{INK, MEDIUM, THICK};
use planwright_training::study::plot::svg::{Drawn, Mark, sheet};
use std::collections::BTreeSet;

const PANEL_HEIGHT: f64 = 236.0;

/// The system whose validity the paper states.
pub(super) const MAZE: &str = "maze2d";

/// One of the three checks.
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) of: fn(&Validity) -> Option<f64>,
}

/// In the paper's order.
pub(super) const CHECKS: [Check; 3] = [
    Check { name: "median step", label: "median step (m)", of: |validity| validity.median_step },
    Check { name: "nearest-data distance", label: "distance", of: |validity| validity.nearest_data_distance },
    Check { name: "occupancy", label: "share of the free cells", of: |validity| validity.occupancy },
];

/// The maze's rows.
pub(super) fn rows(results: &DriftResults) -> impl Iterator<Item = &ValidityRow> {
    results.systems.iter().filter(|system| system.system == MAZE).flat_map(|system| system.validity.iter().flatten())
}

pub(super) fn draw(results: &DriftResults) -> Drawn<String> {
    let seeds: BTreeSet<u64> = rows(results).map(|row| row.seed).collect();
    let note = if seeds.is_empty() { String::new() } else { seeds_text(seeds) };
    let heading = format!("{MAZE}: validity and diversity of the trajectories (size {})", results.size);
    let entries = [
        (Mark::Dot(INK), "one seed"),
        (Mark::Line(INK, MEDIUM), "mean \u{b1} standard deviation over seeds"),
        (Mark::Line(INK, THICK), "across the bar: published"),
    ];
    sheet(&heading, &[&entries], [1, CHECKS.len()], PANEL_HEIGHT, |cells| {
        cells.iter().zip(CHECKS).try_for_each(|(cell, check)| {
            let measured = |source| rows(results).filter(move |row| row.source == source);
            let bars = Source::ALL.map(|source| Bar {
                label: source.name(),
                colour: source_colour(source),
                values: measured(source).filter_map(|row| (check.of)(&row.measured)).collect(),
                published: (check.of)(&published::validity(source)),
            });
            bars::draw(cell, check.name, &note, check.label, &bars)
        })
    })
}
