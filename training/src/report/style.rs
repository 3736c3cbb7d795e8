//! One style for all plots: colours that colour-blind readers can tell apart (Okabe and Ito), sizes in pixels at 100%.

use plotters::style::RGBColor;

/// The drawing library counts in whole units; this many make a pixel, so that curves are smooth.
pub(crate) const FINE: u32 = 4;
/// Width of every plot.
pub(crate) const WIDTH: f64 = 960.0;
/// Space around everything.
pub(crate) const MARGIN: f64 = 14.0;
/// Height of the plot's title line.
pub(crate) const TITLE_HEIGHT: f64 = 30.0;
/// Height of the line below everything.
pub(crate) const FOOT: f64 = 20.0;
/// Between the legend and the panels.
pub(crate) const BREATH: f64 = 8.0;
/// Height of a line of legend or note.
pub(crate) const LINE_HEIGHT: f64 = 22.0;

pub(crate) const FONT: &str = "sans-serif";
pub(crate) const TITLE_SIZE: f64 = 16.0;
pub(crate) const HEADING_SIZE: f64 = 13.0;
pub(crate) const LABEL_SIZE: f64 = 12.0;
pub(crate) const TICK_SIZE: f64 = 11.0;

/// Widths of lines.
pub(crate) const THIN: f64 = 1.0;
pub(crate) const MEDIUM: f64 = 1.5;
pub(crate) const THICK: f64 = 2.25;
/// Radius of a dot that stands for one seed.
pub(crate) const DOT: f64 = 3.0;

pub(crate) const INK: RGBColor = RGBColor(30, 30, 30);
pub(crate) const FAINT: RGBColor = RGBColor(110, 110, 110);
pub(crate) const GRID: RGBColor = RGBColor(226, 226, 226);
/// Fill under the intended distribution.
pub(crate) const PRIOR_FILL: RGBColor = RGBColor(228, 228, 228);
pub(crate) const PRIOR: RGBColor = RGBColor(120, 120, 120);
pub(crate) const DATA: RGBColor = RGBColor(30, 30, 30);
pub(crate) const PREDICTION: RGBColor = RGBColor(213, 94, 0);
pub(crate) const MODEL: RGBColor = RGBColor(0, 114, 178);
/// Band over the seeds, as the legend shows it.
pub(crate) const BAND: RGBColor = RGBColor(204, 227, 240);
pub(crate) const DATA_BAR: RGBColor = RGBColor(150, 150, 150);
