//! One style for all plots: colours that colour-blind readers can tell apart (Okabe and Ito), sizes in pixels at 100%.

use super::results::{Method, Source};
use plotters::style::RGBColor;

/// The drawing library counts in whole units; this many make a pixel, so that curves are smooth.
pub(super) const FINE: u32 = 4;
/// Width of every plot.
pub(super) const WIDTH: f64 = 960.0;
/// Space around everything.
pub(super) const MARGIN: f64 = 14.0;
/// Height of the plot's title line.
pub(super) const TITLE_HEIGHT: f64 = 30.0;
/// Height of the line below everything.
pub(super) const FOOT: f64 = 20.0;
/// Between the legend and the panels.
pub(super) const BREATH: f64 = 8.0;
/// Height of a line of legend or note.
pub(super) const LINE_HEIGHT: f64 = 22.0;

pub(super) const FONT: &str = "sans-serif";
pub(super) const TITLE_SIZE: f64 = 16.0;
pub(super) const HEADING_SIZE: f64 = 13.0;
pub(super) const LABEL_SIZE: f64 = 12.0;
pub(super) const TICK_SIZE: f64 = 11.0;

/// Widths of lines.
pub(super) const THIN: f64 = 1.0;
pub(super) const MEDIUM: f64 = 1.5;
pub(super) const THICK: f64 = 2.25;
/// Radius of a dot that stands for one seed.
pub(super) const DOT: f64 = 3.0;

pub(super) const INK: RGBColor = RGBColor(30, 30, 30);
pub(super) const FAINT: RGBColor = RGBColor(110, 110, 110);
pub(super) const GRID: RGBColor = RGBColor(226, 226, 226);
/// Fill under the intended distribution.
pub(super) const PRIOR_FILL: RGBColor = RGBColor(228, 228, 228);
pub(super) const PRIOR: RGBColor = RGBColor(120, 120, 120);
pub(super) const DATA: RGBColor = RGBColor(30, 30, 30);
pub(super) const PREDICTION: RGBColor = RGBColor(213, 94, 0);
pub(super) const MODEL: RGBColor = RGBColor(0, 114, 178);
/// Band over the seeds, as the legend shows it.
pub(super) const BAND: RGBColor = RGBColor(204, 227, 240);
pub(super) const DATA_BAR: RGBColor = RGBColor(150, 150, 150);

/// A method keeps its colour in every plot; the baseline is the model.
pub(super) fn method_colour(method: Method) -> RGBColor {
    match method {
        Method::Baseline => MODEL,
        Method::Reweight => RGBColor(230, 159, 0),
        Method::Conditional => RGBColor(204, 121, 167),
        Method::Transform => RGBColor(0, 158, 115),
    }
}

pub(super) fn source_colour(source: Source) -> RGBColor {
    match source {
        Source::Data => DATA_BAR,
        Source::Baseline => method_colour(Method::Baseline),
        Source::Transform => method_colour(Method::Transform),
    }
}
