//! A method and a source keep their colour in every plot of the drift report.

use super::results::{Method, Source};
use planwright_training::study::plot::style::{DATA_BAR, MODEL};
use plotters::style::RGBColor;

/// A method keeps its colour in every plot; the baseline is the model.
pub(super) fn method_colour(method: Method) -> RGBColor {
    match method {
        Method::Baseline => MODEL,
        Method::Reweight => RGBColor(230, 159, 0),
        Method::Conditional => RGBColor(204, 121, 167),
        Method::Transform => RGBColor(0, 158, 115),
        Method::TransformOneStep => RGBColor(150, 150, 150),
        Method::TransformNoNetwork => RGBColor(190, 190, 190),
    }
}

pub(super) fn source_colour(source: Source) -> RGBColor {
    match source {
        Source::Data => DATA_BAR,
        Source::Baseline => method_colour(Method::Baseline),
        Source::Transform => method_colour(Method::Transform),
    }
}
