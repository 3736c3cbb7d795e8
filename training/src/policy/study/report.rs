//! The part of the report that compares heads on policies.

use super::{BASE, Interval, StudyRow, StudyTable};
use crate::study::plot::curves::{self, COLOURS, Curve, CurvePanel, CurvePoint};
use crate::study::{Figure, Section, StudyError as FrameworkError, markdown};

/// The section of a comparison.
///
/// # Errors
/// If a figure cannot be drawn.
pub fn section(table: &StudyTable) -> Result<Section, FrameworkError> {
    let mut text = OPENING.to_owned();
    for (task, variant) in places(table) {
        text.push_str(&format!("\n### {task}, {variant}\n\n"));
        text.push_str(&markdown::head(HEAD));
        for row in table.of_task(task, variant) {
            text.push_str(&markdown::row(cells(row)));
        }
        if let Some(sentence) = verdict(table, task, variant) {
            text.push_str(&format!("\n{sentence}\n"));
        }
    }
    let figure = |file: &str, caption: &str, panels: &[CurvePanel]| {
        Figure::drawn(file, caption, curves::draw(caption, panels, 2))
    };
    let figures = vec![
        figure("policy-frequencies.svg", "Return and jerk over frequencies", &over_frequencies(table))?,
        figure("policy-variants.svg", "Return over widths and numbers of episodes", &over_variants(table))?,
    ];
    Ok(Section {
        title: "Policies: linear against Fourier".to_owned(),
        commands: vec![table.command.clone()],
        text,
        figures,
    })
}

const OPENING: &str = "The same network, data, seeds and steps under each head. Return: 0 is random motion, 100 the waypoint controller without noise. \
Temperature 1 draws from the density as learnt, 0 takes its mode. Intervals: 95%, by resampling the seeds. Gain: normalised return over the linear head's, seed by seed.\n";

const HEAD: [&str; 10] = [
    "temperature",
    "head",
    "seeds",
    "return",
    "gain",
    "better in",
    "reached",
    "jerk, m/s\u{b3}",
    "change of action",
    "smoothness of the pmf",
];

/// What a curve shows of a row.
type Measure = fn(&StudyRow) -> Interval;

fn places(table: &StudyTable) -> Vec<(&str, &str)> {
    let mut places = Vec::new();
    for row in &table.rows {
        let place = (row.task.as_str(), row.variant.as_str());
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

fn interval(Interval { mean, low, high }: Interval, digits: usize) -> String {
    format!("{mean:.digits$} ({low:.digits$} to {high:.digits$})")
}

fn head_name(frequencies: Option<usize>) -> String {
    frequencies.map_or("linear".to_owned(), |frequencies| format!("Fourier {frequencies}"))
}

fn cells(row: &StudyRow) -> Vec<String> {
    let gain = row.against_linear.map_or(String::new(), |against| match against.gain_percent {
        Some(Interval { mean, low, high }) => format!("{mean:+.0}% ({low:+.0} to {high:+.0})"),
        None => "linear earns nothing".to_owned(),
    });
    let better = row.against_linear.map_or(String::new(), |against| format!("{} of {}", against.better, against.seeds));
    vec![
        row.temperature.to_string(),
        head_name(row.frequencies),
        row.seeds.to_string(),
        interval(row.return_normalised, 1),
        gain,
        better,
        format!("{:.0}%", 100.0 * row.reach_rate.mean),
        interval(row.jerk_mps3, 0),
        interval(row.action_change, 2),
        format!("{:.4}", row.pmf_smoothness.mean),
    ]
}

/// Each head at the temperature that suits it best.
fn verdict(table: &StudyTable, task: &str, variant: &str) -> Option<String> {
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

fn place(x: f64, value: Interval) -> CurvePoint {
    CurvePoint { x, mean: value.mean, half: 0.5 * (value.high - value.low) }
}

fn temperatures(rows: &[&StudyRow]) -> Vec<f64> {
    let mut all: Vec<f64> = rows.iter().map(|row| row.temperature).collect();
    all.sort_by(f64::total_cmp);
    all.dedup();
    all
}

/// On the first task: a curve per temperature, the linear head's level dashed in the same colour.
fn over_frequencies(table: &StudyTable) -> Vec<CurvePanel> {
    let Some(task) = table.rows.first().map(|row| row.task.clone()) else { return Vec::new() };
    let rows = table.of_task(&task, BASE);
    let measures: [(&str, Measure); 2] =
        [("normalised return", |row| row.return_normalised), ("jerk, m/s\u{b3}", |row| row.jerk_mps3)];
    let panel = |(y_label, of): (&str, Measure)| {
        let mut curves = Vec::new();
        for (temperature, colour) in temperatures(&rows).into_iter().zip(COLOURS) {
            let at = || rows.iter().filter(move |row| row.temperature == temperature);
            let fourier: Vec<CurvePoint> =
                at().filter_map(|row| Some(place(row.frequencies? as f64, of(row)))).collect();
            let ends = [fourier.first().map(|place| place.x), fourier.last().map(|place| place.x)];
            let linear = at().find(|row| row.frequencies.is_none());
            let level = linear.map_or(Vec::new(), |row| {
                ends.into_iter().flatten().map(|x| CurvePoint { x, mean: of(row).mean, half: 0.0 }).collect()
            });
            curves.push(Curve { label: format!("T {temperature}"), colour, dashed: false, points: fourier });
            curves.push(Curve { label: format!("linear, T {temperature}"), colour, dashed: true, points: level });
        }
        CurvePanel {
            heading: task.clone(),
            note: String::new(),
            x_label: "frequencies".to_owned(),
            y_label: y_label.to_owned(),
            from_zero: true,
            curves,
        }
    };
    measures.into_iter().map(panel).collect()
}

/// On the first task, over the variants of a kind: linear dashed, the fewest frequencies drawn through.
fn over_variants(table: &StudyTable) -> Vec<CurvePanel> {
    let kinds = [("width", "channels"), ("episodes", "episodes")];
    let panel = |(kind, x_label): (&str, &str)| {
        let numbered = |row: &&StudyRow| -> Option<f64> { row.variant.strip_prefix(kind)?.trim().parse().ok() };
        let all: Vec<&StudyRow> = table.rows.iter().filter(|row| numbered(row).is_some()).collect();
        let fewest = all.iter().filter_map(|row| row.frequencies).min();
        let shown = |row: &&&StudyRow| row.frequencies.is_none() || row.frequencies == fewest;
        let rows: Vec<&StudyRow> = all.iter().filter(shown).copied().collect();
        let mut curves = Vec::new();
        for (temperature, colour) in temperatures(&rows).into_iter().zip(COLOURS) {
            for linear in [false, true] {
                let chosen =
                    rows.iter().filter(|row| row.temperature == temperature && row.frequencies.is_none() == linear);
                let mut places: Vec<CurvePoint> =
                    chosen.filter_map(|row| Some(place(numbered(row)?, row.return_normalised))).collect();
                places.sort_by(|left, right| left.x.total_cmp(&right.x));
                let head = head_name(if linear { None } else { fewest });
                curves.push(Curve {
                    label: format!("{head}, T {temperature}"),
                    colour,
                    dashed: linear,
                    points: places,
                });
            }
        }
        CurvePanel {
            heading: format!("over {x_label}"),
            note: String::new(),
            x_label: x_label.to_owned(),
            y_label: "normalised return".to_owned(),
            from_zero: true,
            curves,
        }
    };
    kinds.into_iter().map(panel).collect()
}
