//! Tables of the appendices: the scales of C.2, the ablations of F, the maze's validity.

use super::ablations::experiments;
use super::commands::Commands;
use super::published;
use super::results::{DriftResults, ScaleRow, Source, SystemResult};
use super::validity::{CHECKS, MAZE, rows};
use planwright_training::study::markdown::MISSING;
use planwright_training::study::markdown::{cell, distance, head, published as lost_or, row};
use std::fmt::Write as _;

pub(super) fn sweeps(out: &mut String, systems: &[(&str, Option<&SystemResult>)], commands: &Commands<'_>) {
    out.push_str("\n## Table C.2: the prediction over the scale of the deviations\n");
    out.push_str("\nThe scale is a standard deviation in normalised coordinates. Fifths of the intended range, the lowest first.\n");
    for (name, system) in systems {
        let _ = write!(out, "\n### {}\n\n", cell(name));
        let sweeps = system.map_or(&[][..], |system| &system.sweeps);
        if sweeps.is_empty() {
            let known: Vec<String> = published::sweep(name)
                .into_iter()
                .flatten()
                .map(|(scale, distance)| format!("{distance:.3} at {scale}"))
                .collect();
            let known = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
            let _ = writeln!(out, "{MISSING}. Published TV(prediction, model): {known}.");
            continue;
        }
        out.push_str(&head([
            "scale",
            "seed",
            "TV(prediction, data)",
            "TV(prediction, model)",
            "published TV(prediction, model)",
            "mass by fifth",
            "made by",
        ]));
        let line = |scale: f64, found: Option<(&ScaleRow, u64, &str)>| {
            let masses = |row: &ScaleRow| row.mass_by_fifth.iter().map(|mass| format!("{mass:.3}")).collect::<Vec<_>>();
            let published = match published::tv_prediction_model(name, scale) {
                Some(value) => format!("{value:.3}"),
                None => "not published".to_owned(),
            };
            let missing = || MISSING.to_owned();
            row([
                scale.to_string(),
                found.map_or_else(missing, |(_, seed, _)| seed.to_string()),
                distance(found.map(|(row, ..)| row.tv_prediction_data)),
                distance(found.and_then(|(row, ..)| row.tv_prediction_model)),
                published,
                found.map_or_else(missing, |(row, ..)| masses(row).join(" ")),
                found.map_or_else(missing, |(.., command)| commands.mark(command)),
            ])
        };
        for scale in scales(name, sweeps.iter().flat_map(|sweep| &sweep.scales)) {
            let mut any = false;
            for sweep in sweeps {
                for found in sweep.scales.iter().filter(|row| published::same_scale(row.scale, scale)) {
                    out.push_str(&line(scale, Some((found, sweep.seed, &sweep.command))));
                    any = true;
                }
            }
            if !any {
                out.push_str(&line(scale, None));
            }
        }
    }
}

/// Published scales and those that were run, rising, each once.
fn scales<'r>(system: &str, rows: impl Iterator<Item = &'r ScaleRow>) -> Vec<f64> {
    let mut all: Vec<f64> = published::sweep(system).into_iter().flatten().map(|(scale, _)| scale).collect();
    for row in rows {
        if !all.iter().any(|scale| published::same_scale(*scale, row.scale)) {
            all.push(row.scale);
        }
    }
    all.sort_by(f64::total_cmp);
    all
}

pub(super) fn ablations(out: &mut String, results: &DriftResults, commands: &Commands<'_>) {
    out.push_str("\n## Table F: ablations on the tent map\n\n");
    out.push_str(&head([
        "hypothesis",
        "experiment",
        "seed",
        "TV(data, prior)",
        "published",
        "TV(model, prior)",
        "published",
        "made by",
    ]));
    for entry in experiments(results) {
        let (data, model) = (lost_or(entry.published_data), lost_or(entry.published_model));
        let start = [cell(entry.hypothesis), cell(entry.name)];
        if entry.rows.is_empty() {
            let missing = || MISSING.to_owned();
            out.push_str(&row(start.into_iter().chain([missing(), missing(), data, missing(), model, missing()])));
            continue;
        }
        for found in entry.rows {
            out.push_str(&row([
                cell(entry.hypothesis),
                cell(&found.experiment),
                found.seed.to_string(),
                distance(found.tv_data),
                data.clone(),
                distance(found.tv_model),
                model.clone(),
                commands.mark(&found.command),
            ]));
        }
    }
}

pub(super) fn validity(out: &mut String, results: &DriftResults, commands: &Commands<'_>) {
    let _ = write!(out, "\n## Maze validity ({MAZE})\n\n");
    let mut names = vec!["source", "seed"];
    for check in &CHECKS {
        names.extend([check.name, "published"]);
    }
    names.push("made by");
    out.push_str(&head(names));
    for source in Source::ALL {
        let published = published::validity(source);
        let mut any = false;
        for found in rows(results).filter(|row| row.source == source) {
            any = true;
            let beside = found.published.unwrap_or(published);
            let cells =
                CHECKS.iter().flat_map(|check| [distance((check.of)(&found.measured)), lost_or((check.of)(&beside))]);
            let start = [source.name().to_owned(), found.seed.to_string()];
            out.push_str(&row(start.into_iter().chain(cells).chain([commands.mark(&found.command)])));
        }
        if !any {
            let cells = CHECKS.iter().flat_map(|check| [MISSING.to_owned(), lost_or((check.of)(&published))]);
            let start = [source.name().to_owned(), MISSING.to_owned()];
            out.push_str(&row(start.into_iter().chain(cells).chain([MISSING.to_owned()])));
        }
    }
}
