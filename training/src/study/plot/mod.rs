//! Plots as SVG text: axes with curves, bands, bars and dots, in one style.

pub mod axes;
pub mod bars;
pub mod curves;
pub mod style;
pub mod svg;
