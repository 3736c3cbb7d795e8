//! MovingAI's grid benchmarks: maps of 1 m cells, and scenarios with the length of their shortest way.

use super::super::grid::{GridGeometry, GridMap};
use super::super::layout_file::moving_ai_cells;
use super::{FieldFault, Query};

/// Most scenarios of a file.
const MAX_SCENARIOS: usize = 200_000;

/// A map of `type octile`: row 0 of the text is the highest. What the map does not show is occupied.
///
/// # Errors
/// If header and rows do not agree, a row has another letter than those of MovingAI, or the map is too large.
pub fn movingai_map(name: &str, text: &str) -> Result<GridMap, FieldFault> {
    let rows = moving_ai_cells(text).map_err(FieldFault::Rows)?;
    let (width, height) = (rows.first().map_or(0, Vec::len), rows.len());
    let geometry = GridGeometry { origin: [0.0; 2], yaw_rad: 0.0, resolution_m: 1.0, width, height };
    let occupied = rows.iter().rev().flatten().copied().collect();
    GridMap::new(name, geometry, occupied).map_err(|source| FieldFault::Grid { field: "size".to_owned(), source })
}

/// Scenarios of a map, from the centre of a cell to the centre of another; the reference is the length of the shortest way
/// over cells and their diagonals that cuts no corner, metres.
///
/// # Errors
/// The first line that is no scenario, is one of a map of another size, or lies outside the map.
pub fn movingai_scenarios(text: &str, map: &GridMap) -> Result<Vec<Query>, FieldFault> {
    let (width, height) = (map.geometry().width, map.geometry().height);
    let mut lines = text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty());
    let header = lines.next().map(|(_, line)| line).unwrap_or_default();
    if !header.starts_with("version") {
        let got =
            if header.is_empty() { "nothing".to_owned() } else { format!("`{}`", super::yaml::shortened(header)) };
        return Err(FieldFault::new("line 1", "`version 1`", got));
    }
    let mut queries = Vec::new();
    for (index, line) in lines {
        let field = || format!("line {}", index + 1);
        let words: Vec<&str> = line.split_whitespace().take(10).collect();
        let [_, _, size @ .., length] = words.as_slice() else { return Err(not_nine(field(), words.len())) };
        let numbers: Vec<usize> = size.iter().filter_map(|word| word.parse().ok()).collect();
        let &[columns, rows, ref ends @ ..] = numbers.as_slice() else { return Err(not_nine(field(), words.len())) };
        let &[start_x, start_y, goal_x, goal_y] = ends else { return Err(not_nine(field(), words.len())) };
        if (columns, rows) != (width, height) {
            let (expected, got) = (format!("{width} x {height} cells, as the map has"), format!("{columns} x {rows}"));
            return Err(FieldFault::new(field(), expected, got).hint("the scenarios belong to another map"));
        }
        let point = |x: usize, y: usize| {
            let outside = || FieldFault::new(field(), "cells within the map", format!("{x}, {y}"));
            (x < width && y < height).then(|| map.centre_of((x, height - 1 - y))).ok_or_else(outside)
        };
        let reference_m = length.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0);
        let Some(reference_m) = reference_m else {
            let got = format!("`{}`", super::yaml::shortened(length));
            return Err(FieldFault::new(field(), "the length of the shortest way", got));
        };
        if queries.len() == MAX_SCENARIOS {
            return Err(FieldFault::new(field(), format!("at most {MAX_SCENARIOS} scenarios"), "more"));
        }
        let (start, goal) = (point(start_x, start_y)?, point(goal_x, goal_y)?);
        queries.push(Query { start, goal, reference_m: Some(reference_m) });
    }
    Ok(queries)
}

fn not_nine(field: String, words: usize) -> FieldFault {
    let expected = "bucket, map, width, height, start x and y, goal x and y, and length";
    FieldFault::new(field, expected, format!("{words} words, or words that are no numbers"))
}
