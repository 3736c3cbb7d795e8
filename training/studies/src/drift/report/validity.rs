//! `maze-validity.svg`: whether the trajectories are still those of the data (appendix A.3.3).

use super::colours::source_colour;
use super::published;
use super::results::{DriftResults, Source, Validity, ValidityRow};
use super::select::seeds_text;
use planwright_training::study::plot::bars::{self, Bar};
use planwright_training::study::plot::style::{BREATH, INK, LINE_HEIGHT, MARGIN, MEDIUM, TITLE_HEIGHT, WIDTH};
use planwright_training::study::plot::svg::{Drawn, Mark, legend, px, svg, title};
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
    let head = MARGIN + TITLE_HEIGHT + LINE_HEIGHT + BREATH;
    svg(WIDTH, head + PANEL_HEIGHT + MARGIN, |area| {
        let seeds: BTreeSet<u64> = rows(results).map(|row| row.seed).collect();
        title(area, &format!("{MAZE}: validity and diversity of the trajectories (size {})", results.size))?;
        let entries = [
            (Mark::Dot(INK), "one seed"),
            (Mark::Line(INK, MEDIUM), "mean \u{b1} standard deviation over seeds"),
            (Mark::Line(INK, planwright_training::study::plot::style::THICK), "across the bar: published"),
        ];
        legend(area, MARGIN + TITLE_HEIGHT, &entries)?;
        let body = area.margin(px(head), px(MARGIN), px(MARGIN / 2.0), px(MARGIN / 2.0));
        for (cell, check) in body.split_evenly((1, CHECKS.len())).iter().zip(CHECKS) {
            let bars = Source::ALL.map(|source| Bar {
                label: source.name(),
                colour: source_colour(source),
                values: rows(results)
                    .filter(|row| row.source == source)
                    .filter_map(|row| (check.of)(&row.measured))
                    .collect(),
                published: (check.of)(&published::validity(source)),
            });
            let note = if seeds.is_empty() { String::new() } else { seeds_text(seeds.iter().copied()) };
            bars::draw(cell, check.name, &note, check.label, &bars)?;
        }
        Ok(())
    })
}
