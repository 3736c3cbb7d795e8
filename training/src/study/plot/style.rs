//! One style for all plots: colours that colour-blind readers can tell apart (Okabe and Ito), sizes in pixels at 100%.

use plotters::style::RGBColor;

/// The drawing library counts in whole units; this many make a pixel, so that curves are smooth.
pub const FINE: u32 = 4;
/// Width of every plot.
pub const WIDTH: f64 = 960.0;
/// Space around everything.
pub const MARGIN: f64 = 14.0;
/// Height of the plot's title line.
pub const TITLE_HEIGHT: f64 = 30.0;
/// Height of the line below everything.
pub const FOOT: f64 = 20.0;
/// Between the legend and the panels.
pub const BREATH: f64 = 8.0;
/// Height of a line of legend or note.
pub const LINE_HEIGHT: f64 = 22.0;

/// Font family.
pub const FONT: &str = "sans-serif";
/// Text height of a plot's title, pixels.
pub const TITLE_SIZE: f64 = 16.0;
/// Text height of a panel's heading, pixels.
pub const HEADING_SIZE: f64 = 13.0;
/// Text height of labels and legends, pixels.
pub const LABEL_SIZE: f64 = 12.0;
/// Text height of ticks and notes, pixels.
pub const TICK_SIZE: f64 = 11.0;

/// A thin line, pixels.
pub const THIN: f64 = 1.0;
/// The usual line, pixels.
pub const MEDIUM: f64 = 1.5;
/// A thick line, pixels.
pub const THICK: f64 = 2.25;
/// Radius of a dot that stands for one seed.
pub const DOT: f64 = 3.0;

/// Text and axes.
pub const INK: RGBColor = RGBColor(30, 30, 30);
/// Notes.
pub const FAINT: RGBColor = RGBColor(110, 110, 110);
/// Grid lines.
pub const GRID: RGBColor = RGBColor(226, 226, 226);
/// Fill under the intended distribution.
pub const PRIOR_FILL: RGBColor = RGBColor(228, 228, 228);
/// Outline of the intended distribution.
pub const PRIOR: RGBColor = RGBColor(120, 120, 120);
/// Data.
pub const DATA: RGBColor = RGBColor(30, 30, 30);
/// Predictions.
pub const PREDICTION: RGBColor = RGBColor(213, 94, 0);
/// Models.
pub const MODEL: RGBColor = RGBColor(0, 114, 178);
/// Band over the seeds, as the legend shows it.
pub const BAND: RGBColor = RGBColor(204, 227, 240);
/// Bars of data.
pub const DATA_BAR: RGBColor = RGBColor(150, 150, 150);
