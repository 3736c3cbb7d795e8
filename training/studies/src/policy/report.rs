//! The study's part of a report: a table per task and variant, curves over frequencies and variants.

use super::settings::BASE;
use super::table::{AgainstLinear, PolicyRow, PolicyTable, head_name, interval, percent, reached};
use planwright_training::statistics::Interval;
use planwright_training::study::plot::curves::{Curve, CurvePanel, CurvePoint};
use planwright_training::study::{Column, Figure, Section, StudyError, Table, distinct};

const OPENING: &str = "The same network, data, seeds and steps under each head. Return: 0 is random motion, 100 the waypoint controller without noise. \
Temperature 1 draws from the density as learnt, 0 takes its mode. Intervals: 95%, by resampling the seeds. Gain: normalised return over the linear head's, seed by seed.\n";

const COLUMNS: [Column<PolicyRow>; 10] = [
    ("temperature", |row| row.temperature.to_string()),
    ("head", |row| head_name(row.frequencies)),
    ("seeds", |row| row.seeds.to_string()),
    ("return", |row| interval(row.return_normalised, 1)),
    ("gain", |row| {
        let gain = |against: AgainstLinear| against.gain_percent.map_or("linear earns nothing".to_owned(), percent);
        row.against_linear.map_or(String::new(), gain)
    }),
    ("better in", |row| row.against_linear.map_or(String::new(), |one| format!("{} of {}", one.better, one.seeds))),
    ("reached", reached),
    ("jerk, m/s\u{b3}", |row| interval(row.jerk_mps3, 0)),
    ("change of action", |row| interval(row.action_change, 2)),
    ("smoothness of the pmf", |row| format!("{:.4}", row.pmf_smoothness.mean)),
];

/// What a curve shows of a row.
type Measure = fn(&PolicyRow) -> Interval;

/// The section of a comparison.
///
/// # Errors
/// If a figure cannot be drawn.
pub(super) fn section(table: &PolicyTable) -> Result<Section, StudyError> {
    let mut text = OPENING.to_owned();
    for (task, variant) in distinct(table.rows.iter().map(|row| (row.task.as_str(), row.variant.as_str()))) {
        let rows = Table::of(&COLUMNS, table.of_task(task, variant)).markdown();
        text.push_str(&format!("\n### {task}, {variant}\n\n{rows}"));
        if let Some(sentence) = verdict(table, task, variant) {
            text.push_str(&format!("\n{sentence}\n"));
        }
    }
    let figures = vec![
        Figure::curves("policy-frequencies.svg", "Return and jerk over frequencies", &over_frequencies(table), 2)?,
        Figure::curves("policy-variants.svg", "Return over widths and numbers of episodes", &over_variants(table), 2)?,
    ];
    let title = "Policies: linear against Fourier".to_owned();
    Ok(Section { title, commands: vec![table.command.clone()], text, figures })
}

/// Each head at the temperature that suits it best.
fn verdict(table: &PolicyTable, task: &str, variant: &str) -> Option<String> {
    let linear = table.best(task, variant, None)?;
    let fourier = table.of_task(task, variant).into_iter().filter_map(|row| row.frequencies);
    let best = fourier
        .filter_map(|frequencies| table.best(task, variant, Some(frequencies)))
        .max_by(|left, right| left.return_normalised.mean.total_cmp(&right.return_normalised.mean))?;
    Some(format!(
        "Each at its best temperature: linear {} at {}, {} {} at {}; jerk {:.0} and {:.0} m/s\u{b3}.",
        interval(linear.return_normalised, 1),
        linear.temperature,
        head_name(best.frequencies),
        interval(best.return_normalised, 1),
        best.temperature,
        linear.jerk_mps3.mean,
        best.jerk_mps3.mean,
    ))
}

fn point(x: f64, value: Interval) -> CurvePoint {
    CurvePoint { x, mean: value.mean, half: 0.5 * (value.high - value.low) }
}

/// Temperatures with the places of their colours.
fn temperatures(rows: &[&PolicyRow]) -> impl Iterator<Item = (usize, f64)> {
    let mut all: Vec<f64> = distinct(rows.iter().map(|row| row.temperature));
    all.sort_by(f64::total_cmp);
    all.into_iter().enumerate()
}

/// On the first task: a curve per temperature, the linear head's level dashed in the same colour.
fn over_frequencies(table: &PolicyTable) -> Vec<CurvePanel> {
    let Some(task) = table.rows.first().map(|row| &row.task) else { return Vec::new() };
    let rows = table.of_task(task, BASE);
    let measures: [(&str, Measure); 2] =
        [("normalised return", |row| row.return_normalised), ("jerk, m/s\u{b3}", |row| row.jerk_mps3)];
    let one = |(y_label, of): (&str, Measure)| {
        let curves = temperatures(&rows).flat_map(|(colour, temperature)| {
            let at = || rows.iter().filter(move |row| row.temperature == temperature);
            let fourier: Vec<CurvePoint> =
                at().filter_map(|row| Some(point(row.frequencies? as f64, of(row)))).collect();
            let linear = at().find(|row| row.frequencies.is_none()).map(|row| of(row).mean);
            let ends = [fourier.first(), fourier.last()].into_iter().flatten();
            let level = ends.filter_map(|end| Some(CurvePoint::at(end.x, linear?))).collect();
            [
                Curve::new(format!("T {temperature}"), colour, false, fourier),
                Curve::new(format!("linear, T {temperature}"), colour, true, level),
            ]
        });
        CurvePanel::new(task, "frequencies", y_label, curves.collect())
    };
    measures.into_iter().map(one).collect()
}

/// On the first task, over the variants of a kind: linear dashed, the fewest frequencies drawn through.
fn over_variants(table: &PolicyTable) -> Vec<CurvePanel> {
    let one = |(kind, x_label): (&str, &str)| {
        let numbered = |row: &&PolicyRow| -> Option<f64> { row.variant.strip_prefix(kind)?.trim().parse().ok() };
        let all: Vec<&PolicyRow> = table.rows.iter().filter(|row| numbered(row).is_some()).collect();
        let fewest = all.iter().filter_map(|row| row.frequencies).min();
        let shown = |row: &&PolicyRow| row.frequencies.is_none() || row.frequencies == fewest;
        let rows: Vec<&PolicyRow> = all.into_iter().filter(shown).collect();
        let curve = |(colour, temperature): (usize, f64), head: Option<usize>| {
            let chosen = rows.iter().filter(|row| (row.temperature, row.frequencies) == (temperature, head));
            let mut points: Vec<CurvePoint> =
                chosen.filter_map(|row| Some(point(numbered(row)?, row.return_normalised))).collect();
            points.sort_by(|left, right| left.x.total_cmp(&right.x));
            Curve::new(format!("{}, T {temperature}", head_name(head)), colour, head.is_none(), points)
        };
        let curves = temperatures(&rows).flat_map(|place| [fewest, None].map(|head| curve(place, head)));
        CurvePanel::new(format!("over {x_label}"), x_label, "normalised return", curves.collect())
    };
    [("width", "channels"), ("episodes", "episodes")].into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::result;
    use super::*;

    #[test]
    fn the_section_has_a_table_per_variant_and_both_figures() {
        let mut results = Vec::new();
        for (frequencies, returned) in [(None, 40.0), (Some(2), 60.0), (Some(8), 50.0)] {
            results.push(result(frequencies, 1, returned, 10.0));
            let mut narrow = result(frequencies, 1, 0.5 * returned, 10.0);
            narrow.variant = "width 16".to_owned();
            results.push(narrow);
        }
        let section = section(&PolicyTable::of("test", "a command", &results)).expect("a section");
        for expected in [
            "### ring, base\n\n| temperature | head |",
            "| 0.5 | Fourier 2 | 1 | 60.0 (60.0 to 60.0) | +50% (+50 to +50) | 1 of 1 | 100% |",
            "linear 40.0 (40.0 to 40.0) at 0.5, Fourier 2 60.0 (60.0 to 60.0) at 0.5; jerk 10 and 10",
            "### ring, width 16",
        ] {
            assert!(section.text.contains(expected), "{expected}: {}", section.text);
        }
        assert_eq!(section.commands, ["a command"]);
        for (figure, curve) in section.figures.iter().zip(["linear, T 0.5", "Fourier 2, T 0.5"]) {
            assert!(figure.svg.contains(curve) && !figure.svg.contains("Fourier 8"), "{}", figure.file);
        }
    }
}
