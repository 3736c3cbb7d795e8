//! Axes with labels, and what is drawn inside them.

use super::super::markdown::MISSING;
use super::style::{DOT, FAINT, FINE, GRID, HEADING_SIZE, INK, LABEL_SIZE, MEDIUM, THIN, TICK_SIZE};
use super::svg::{Area, DASH, Drawn, GAP, TextStyle, clean, put, px, size, widest};
use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::{
    Cartesian2d, Circle, DashedLineSeries, EmptyElement, LineSeries, PathElement, Polygon, Rectangle, SVGBackend, Text,
};
use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{Color, RGBColor, TRANSPARENT, WHITE};

/// Axes that curves are drawn into.
pub type Chart<'r, 'a> = ChartContext<'r, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
/// Points of a curve.
pub type Points = Vec<(f64, f64)>;

/// One pair of axes.
pub struct Panel<'t> {
    /// Above the axes.
    pub heading: &'t str,
    /// Smaller, beside the heading.
    pub note: &'t str,
    /// Below the x axis.
    pub x_label: &'t str,
    /// Beside the y axis.
    pub y_label: &'t str,
    /// Ends of the x axis.
    pub x: [f64; 2],
    /// Ends of the y axis.
    pub y: [f64; 2],
    /// Ticks of the x axis; none where the places have names instead.
    pub x_ticks: usize,
    /// Ticks of the upright axis.
    pub y_ticks: usize,
}

/// Ticks of an upright axis, about.
pub const Y_TICKS: usize = 5;

/// Space above the axes of a panel, pixels.
pub const ABOVE: f64 = 26.0;
/// Space below the axes of a panel, pixels.
pub const BELOW: f64 = 38.0;
/// Between a panel and what follows below it.
const GAP_BELOW: f64 = 12.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 16.0;

impl<'t> Panel<'t> {
    /// Axes with about six ticks below and [`Y_TICKS`] beside.
    pub fn new(heading: &'t str, note: &'t str, [x_label, y_label]: [&'t str; 2], x: [f64; 2], y: [f64; 2]) -> Self {
        Self { heading, note, x_label, y_label, x, y, x_ticks: 6, y_ticks: Y_TICKS }
    }

    fn head(&self, area: &Area<'_>) -> Drawn<()> {
        put(area, self.heading, (LEFT, 4.0), TextStyle::bold(HEADING_SIZE, INK), HPos::Left, VPos::Top)?;
        let right = f64::from(area.dim_in_pixel().0) / f64::from(FINE) - RIGHT;
        put(area, self.note, (right, 5.0), TextStyle::plain(TICK_SIZE, FAINT), HPos::Right, VPos::Top)
    }

    /// Draws heading, axes, ticks and labels.
    pub fn chart<'r, 'a>(&self, area: &'r Area<'a>) -> Drawn<Chart<'r, 'a>> {
        self.axes(area, false)
    }

    /// Axes whose upright one has names in place of numbers, which the caller writes: for lying bars.
    pub fn upright<'r, 'a>(&self, area: &'r Area<'a>) -> Drawn<Chart<'r, 'a>> {
        self.axes(area, true)
    }

    fn axes<'r, 'a>(&self, area: &'r Area<'a>, is_upright: bool) -> Drawn<Chart<'r, 'a>> {
        self.head(area)?;
        let mut builder = ChartBuilder::on(area);
        builder.margin_top(px(ABOVE)).margin_right(px(RIGHT)).x_label_area_size(px(BELOW));
        match is_upright {
            true => builder.y_label_area_size(px(1.0)),
            false => builder.margin_bottom(px(GAP_BELOW)).y_label_area_size(px(LEFT)),
        };
        let mut chart = builder.build_cartesian_2d(self.x[0]..self.x[1], self.y[0]..self.y[1])?;
        let centred = |text: TextStyle| text.style(HPos::Center, VPos::Center);
        let mut mesh = chart.configure_mesh();
        mesh.light_line_style(TRANSPARENT)
            .bold_line_style(GRID.stroke_width(size(THIN)))
            .axis_style(INK.stroke_width(size(THIN)))
            .label_style(centred(TextStyle::plain(TICK_SIZE, INK)))
            .axis_desc_style(centred(TextStyle::plain(LABEL_SIZE, INK)))
            .x_labels(self.x_ticks)
            .x_label_formatter(&|value| number(*value))
            .x_desc(clean(self.x_label));
        match is_upright {
            true => mesh.disable_y_mesh().y_labels(0),
            false => mesh
                .disable_x_mesh()
                .y_labels(self.y_ticks)
                .y_label_formatter(&|value| number(*value))
                .set_all_tick_mark_size(px(3.0))
                .y_desc(clean(self.y_label)),
        };
        mesh.draw()?;
        Ok(chart)
    }

    /// Axes without numbers or anything else in them, and why.
    pub fn empty(self, area: &Area<'_>, why: &str) -> Drawn<()> {
        let bare = Self { x: [0.0, 1.0], y: [0.0, 1.0], x_ticks: 0, y_ticks: 0, ..self };
        write(&mut bare.chart(area)?, why, (0.5, 0.5), 0.0)
    }
}

/// A tick's number without superfluous zeros.
fn number(value: f64) -> String {
    let text = format!("{value:.4}");
    let short = text.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" { "0".to_owned() } else { short.to_owned() }
}

/// The end of an axis that starts at zero: the largest value and some air.
pub fn top(values: impl IntoIterator<Item = f64>) -> f64 {
    let largest = values.into_iter().fold(0.0, f64::max);
    if largest > 0.0 { 1.12 * largest } else { 1.0 }
}

/// A faint sentence on white, centred `down` pixels below a point of the chart.
pub fn write(chart: &mut Chart<'_, '_>, text: &str, at: (f64, f64), down: f64) -> Drawn<()> {
    let style = TextStyle::plain(TICK_SIZE, FAINT).style(HPos::Center, VPos::Center);
    let (wide, high) = (0.5 * widest(text, TICK_SIZE), 0.6 * TICK_SIZE);
    let ground = Rectangle::new([(px(-wide), px(down - high)), (px(wide), px(down + high))], WHITE.filled());
    let label = EmptyElement::at(at) + ground + Text::new(text.to_owned(), (0, px(down)), style);
    chart.draw_series(std::iter::once(label))?;
    Ok(())
}

/// Names the curves that are not there: none may be taken for one that hides under another.
pub fn absence(chart: &mut Chart<'_, '_>, names: &[&str], x: [f64; 2], y: [f64; 2]) -> Drawn<()> {
    if names.is_empty() {
        return Ok(());
    }
    let text = format!("{}: {MISSING}", names.join(", "));
    write(chart, &text, (0.5 * (x[0] + x[1]), 0.08 * y[1]), 0.0)
}

/// Draws a curve; `width` in pixels.
pub fn line(chart: &mut Chart<'_, '_>, points: Points, colour: RGBColor, width: f64) -> Drawn<()> {
    chart.draw_series(LineSeries::new(points, colour.stroke_width(size(width))))?;
    Ok(())
}

/// Draws a dashed curve; `width` in pixels.
pub fn dashed(chart: &mut Chart<'_, '_>, points: Points, colour: RGBColor, width: f64) -> Drawn<()> {
    chart.draw_series(DashedLineSeries::new(points, size(DASH), size(GAP), colour.stroke_width(size(width))))?;
    Ok(())
}

/// Fills between two curves over the same places.
pub fn band(chart: &mut Chart<'_, '_>, low: Points, high: Points, colour: RGBColor, alpha: f64) -> Drawn<()> {
    let outline: Points = low.into_iter().chain(high.into_iter().rev()).collect();
    chart.draw_series(std::iter::once(Polygon::new(outline, colour.mix(alpha).filled())))?;
    Ok(())
}

/// Draws open circles.
pub fn rings(chart: &mut Chart<'_, '_>, points: Points, colour: RGBColor) -> Drawn<()> {
    let style = colour.stroke_width(size(MEDIUM));
    chart.draw_series(points.into_iter().map(|at| Circle::new(at, px(DOT), style)))?;
    Ok(())
}

/// Draws filled circles; `radius` in pixels.
pub fn dots(chart: &mut Chart<'_, '_>, points: Points, colour: RGBColor, radius: f64) -> Drawn<()> {
    chart.draw_series(points.into_iter().map(|at| Circle::new(at, px(radius), colour.filled())))?;
    Ok(())
}

/// Draws a filled rectangle.
pub fn rectangle(chart: &mut Chart<'_, '_>, corners: [(f64, f64); 2], colour: RGBColor) -> Drawn<()> {
    chart.draw_series(std::iter::once(Rectangle::new(corners, colour.filled())))?;
    Ok(())
}

/// Draws a straight line; `width` in pixels.
pub fn segment(chart: &mut Chart<'_, '_>, ends: [(f64, f64); 2], colour: RGBColor, width: f64) -> Drawn<()> {
    chart.draw_series(std::iter::once(PathElement::new(ends.to_vec(), colour.stroke_width(size(width)))))?;
    Ok(())
}
