//! Panels of curves with bands of one deviation: the usual figure of a comparison over one parameter.

use super::super::markdown::MISSING;
use super::super::table::distinct;
use super::axes::{Panel, Points, band, dashed, dots, line};
use super::style::{HEADING_SIZE, INK, MEDIUM};
use super::svg::{Area, Drawn, Mark, fit, sheet};
use crate::statistics::Summary;
use plotters::style::RGBColor;

const PANEL_HEIGHT: f64 = 264.0;
const DOT: f64 = 2.5;
/// Air above and below what is drawn, as a share of its height.
const AIR: f64 = 0.08;

/// Colours for curves without a colour of their own, in order (Okabe and Ito).
pub const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(30, 30, 30),
];

/// A mean with its deviation at one point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    /// The parameter.
    pub x: f64,
    /// Mean.
    pub mean: f64,
    /// Half the height of the band; 0 where there is none.
    pub half: f64,
}

impl CurvePoint {
    /// Without a band.
    pub fn at(x: f64, mean: f64) -> Self {
        Self { x, mean, half: 0.0 }
    }

    /// A mean with its sample deviation, if there is one.
    pub fn of(x: f64, summary: Summary) -> Self {
        Self { x, mean: summary.mean, half: summary.sd.unwrap_or(0.0) }
    }
}

/// A curve over the parameter; the same label has the same look in all panels.
#[derive(Clone, Debug)]
pub struct Curve {
    /// Text in the legend.
    pub label: String,
    /// Its colour.
    pub colour: RGBColor,
    /// Dashed and without dots: levels and published values.
    pub dashed: bool,
    /// By rising parameter.
    pub points: Vec<CurvePoint>,
}

impl CurvePanel {
    /// Axes from zero on, without a note.
    pub fn new(heading: impl Into<String>, x_label: &str, y_label: &str, curves: Vec<Curve>) -> Self {
        let [x_label, y_label] = [x_label, y_label].map(str::to_owned);
        Self { heading: heading.into(), note: String::new(), x_label, y_label, from_zero: true, curves }
    }
}

impl Curve {
    /// A curve of one of the [`COLOURS`].
    pub fn new(label: impl Into<String>, colour: usize, dashed: bool, points: Vec<CurvePoint>) -> Self {
        Self { label: label.into(), colour: colour_of(colour), dashed, points }
    }

    /// Mean and deviation of the values at each parameter, from (parameter, value) in any order.
    pub fn over(label: impl Into<String>, colour: usize, values: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let values: Vec<(f64, f64)> = values.into_iter().collect();
        let mut places = distinct(values.iter().map(|(x, _)| *x));
        places.sort_by(f64::total_cmp);
        let at = |x: &f64| values.iter().filter(|(place, _)| place == x).map(|(_, value)| *value).collect::<Vec<f64>>();
        let points = places.iter().filter_map(|x| Some(CurvePoint::of(*x, Summary::of(&at(x))?))).collect();
        Self::new(label, colour, false, points)
    }

    /// The mean and deviation of values that have no parameter, dashed from the first parameter to the last.
    pub fn level(label: impl Into<String>, colour: usize, ends: &[f64], values: &[f64]) -> Self {
        let all = Summary::of(values);
        let ends = [ends.first(), ends.last()].into_iter().flatten();
        Self::new(label, colour, true, ends.filter_map(|x| Some(CurvePoint::of(*x, all?))).collect())
    }

    /// The curve dashed.
    pub fn dashed(self) -> Self {
        Self { dashed: true, ..self }
    }

    /// Its parameters, rising.
    pub fn places(&self) -> Vec<f64> {
        self.points.iter().map(|point| point.x).collect()
    }
}

/// A colour of [`COLOURS`], [`INK`] beyond them.
pub fn colour_of(index: usize) -> RGBColor {
    COLOURS.get(index).copied().unwrap_or(INK)
}

/// One pair of axes with its curves.
#[derive(Clone, Debug)]
pub struct CurvePanel {
    /// Above the axes.
    pub heading: String,
    /// Smaller, beside the heading.
    pub note: String,
    /// Below the x axis.
    pub x_label: String,
    /// Beside the y axis.
    pub y_label: String,
    /// Whether the upright axis begins at zero.
    pub from_zero: bool,
    /// What is drawn.
    pub curves: Vec<Curve>,
}

/// Draws panels in rows of `columns`, one legend above them.
pub fn draw(heading: &str, panels: &[CurvePanel], columns: usize) -> Drawn<String> {
    let columns = columns.clamp(1, panels.len().max(1));
    let mut shown: Vec<&Curve> = Vec::new();
    for curve in panels.iter().flat_map(|panel| &panel.curves) {
        if !shown.iter().any(|known| known.label == curve.label) {
            shown.push(curve);
        }
    }
    let mark = |curve: &Curve| match curve.dashed {
        true => Mark::Dashed(curve.colour, MEDIUM),
        false => Mark::Line(curve.colour, MEDIUM),
    };
    let entries: Vec<(Mark, &str)> = shown.iter().map(|curve| (mark(curve), curve.label.as_str())).collect();
    let size = [panels.len().div_ceil(columns), columns];
    sheet(heading, &[&entries], size, PANEL_HEIGHT, |cells| {
        cells.iter().zip(panels).try_for_each(|(cell, panel)| one(cell, panel))
    })
}

fn one(area: &Area<'_>, shown: &CurvePanel) -> Drawn<()> {
    let points = || shown.curves.iter().flat_map(|curve| &curve.points);
    let bounds = |values: &mut dyn Iterator<Item = f64>| {
        values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| [low.min(value), high.max(value)])
    };
    let x = bounds(&mut points().map(|point| point.x));
    let y = bounds(&mut points().flat_map(|point| [point.mean - point.half, point.mean + point.half]));
    let heading = fit(&shown.heading, HEADING_SIZE, 240.0);
    let panel = |x, y| Panel::new(&heading, &shown.note, [&shown.x_label, &shown.y_label], x, y);
    // A minimum passes over a NaN, so each point is checked.
    let whole = points().all(|point| point.x.is_finite() && point.mean.is_finite() && point.half.is_finite());
    if !whole || x[0].is_infinite() || y[0].is_infinite() {
        return panel([0.0, 1.0], [0.0, 1.0]).empty(area, MISSING);
    }
    let mut chart = panel(widened(x, 0.02, false), widened(y, AIR, shown.from_zero)).chart(area)?;
    for curve in &shown.curves {
        let edge = |sign: f64| -> Points {
            curve.points.iter().map(|point| (point.x, point.mean + sign * point.half)).collect()
        };
        if curve.points.len() > 1 && curve.points.iter().any(|point| point.half > 0.0) {
            band(&mut chart, edge(-1.0), edge(1.0), curve.colour, 0.15)?;
        }
    }
    for curve in &shown.curves {
        let points: Points = curve.points.iter().map(|point| (point.x, point.mean)).collect();
        match curve.dashed {
            true => dashed(&mut chart, points, curve.colour, MEDIUM)?,
            false => {
                line(&mut chart, points.clone(), curve.colour, MEDIUM)?;
                dots(&mut chart, points, curve.colour, DOT)?;
            }
        }
    }
    Ok(())
}

/// A range with air around it, never without width.
fn widened([low, high]: [f64; 2], air: f64, from_zero: bool) -> [f64; 2] {
    let low = if from_zero { low.min(0.0) } else { low };
    let width = if high > low { high - low } else { low.abs().max(1.0) };
    [if from_zero && low >= 0.0 { 0.0 } else { low - air * width }, high + air * width]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel(points: Vec<CurvePoint>) -> CurvePanel {
        CurvePanel::new("returns", "frequencies", "return", vec![Curve::new("fourier", 0, false, points)])
    }

    #[test]
    fn a_single_place_and_none_are_drawn_without_failing() {
        for points in [vec![], vec![CurvePoint::at(2.0, 0.0)]] {
            let drawn = draw("Comparison", &[panel(points)], 3).expect("drawn");
            assert!(drawn.starts_with("<svg") && drawn.contains("returns"), "{drawn:.80}");
        }
    }

    #[test]
    fn numbers_that_are_none_are_named_missing_instead_of_drawn() {
        let drawn = draw("Comparison", &[panel(vec![CurvePoint::at(1.0, f64::NAN)])], 1).expect("drawn");
        assert!(drawn.contains(MISSING));
    }
}
