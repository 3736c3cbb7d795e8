//! A plot as SVG text: pixels, texts and the legend.
//!
//! Without a font library the drawing library only guesses how wide a text is, so nothing here depends on it: every
//! text has an explicit anchor, and places are given room for the widest text that is meant for them.

use super::style::{
    BREATH, DOT, FAINT, FINE, FONT, FOOT, INK, LABEL_SIZE, LINE_HEIGHT, MARGIN, MEDIUM, THICK, THIN, TICK_SIZE,
    TITLE_HEIGHT, TITLE_SIZE, WIDTH,
};
use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::{
    Circle, DrawingArea, DrawingAreaErrorKind, IntoDrawingArea, PathElement, Rectangle, SVGBackend, Text,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, IntoFont, RGBColor, TextStyle as PlottersStyle, WHITE};

/// A part of a plot.
pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// Result of drawing; writing to memory does not fail, but a range without width does.
pub type Drawn<T> = Result<T, DrawingAreaErrorKind<std::io::Error>>;

/// Size and weight of a text.
#[derive(Clone, Copy)]
pub struct TextStyle {
    size: f64,
    colour: RGBColor,
    bold: bool,
}

impl TextStyle {
    /// Usual weight; `size` in pixels.
    pub fn plain(size: f64, colour: RGBColor) -> Self {
        Self { size, colour, bold: false }
    }

    /// Bold; `size` in pixels.
    pub fn bold(size: f64, colour: RGBColor) -> Self {
        Self { size, colour, bold: true }
    }

    /// With its anchor.
    pub fn style(self, across: HPos, down: VPos) -> PlottersStyle<'static> {
        // The SVG backend divides by this factor.
        let size = self.size * f64::from(FINE) * 1.24;
        let weight = if self.bold { FontStyle::Bold } else { FontStyle::Normal };
        let font = (FONT, size).into_font().style(weight);
        PlottersStyle { font, color: self.colour.to_backend_color(), pos: Pos::new(across, down) }
    }
}

/// Pixels at 100% in the library's whole units.
pub fn px(pixels: f64) -> i32 {
    (pixels * f64::from(FINE)).round() as i32
}

/// The same for sizes, at least one unit.
pub fn size(pixels: f64) -> u32 {
    px(pixels).max(1).unsigned_abs()
}

/// Draws on a white sheet of `width` x `height` pixels, with a line below that names the source of the numbers.
pub fn svg(width: f64, height: f64, draw: impl FnOnce(&Area<'_>) -> Drawn<()>) -> Drawn<String> {
    let height = height + FOOT;
    let (wide, high) = (size(width), size(height));
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, (wide, high)).into_drawing_area();
        area.fill(&WHITE)?;
        draw(&area.margin(0, px(FOOT), 0, 0))?;
        let foot = "Command and seed of every number: report.md beside this file.";
        put(&area, foot, (MARGIN, height - MARGIN), TextStyle::plain(TICK_SIZE, FAINT), HPos::Left, VPos::Bottom)?;
        area.present()?;
    }
    // Drawn in fine units, shown in pixels: the first size is that of the sheet, its viewBox stays fine.
    Ok(text.replacen(
        &format!("width=\"{wide}\" height=\"{high}\""),
        &format!("width=\"{width}\" height=\"{height}\""),
        1,
    ))
}

/// A sheet with a title, lines of legend below it, and panels of `panel_height` pixels in rows and columns.
pub fn sheet(
    heading: &str,
    legends: &[&[(Mark, &str)]],
    [rows, columns]: [usize; 2],
    panel_height: f64,
    draw: impl FnOnce(&[Area<'_>]) -> Drawn<()>,
) -> Drawn<String> {
    let rows = rows.max(1);
    let body = MARGIN + TITLE_HEIGHT + LINE_HEIGHT * legends.len() as f64 + BREATH;
    svg(WIDTH, body + panel_height * rows as f64 + MARGIN, |area| {
        title(area, heading)?;
        for (line, entries) in legends.iter().enumerate() {
            legend(area, MARGIN + TITLE_HEIGHT + LINE_HEIGHT * line as f64, entries)?;
        }
        let body = area.margin(px(body), px(MARGIN), px(MARGIN / 2.0), px(MARGIN / 2.0));
        draw(&body.split_evenly((rows, columns)))
    })
}

/// Writes at a place of the area, in pixels.
pub fn put(area: &Area<'_>, text: &str, at: (f64, f64), style: TextStyle, across: HPos, down: VPos) -> Drawn<()> {
    area.draw(&Text::new(clean(text), (px(at.0), px(at.1)), style.style(across, down)))
}

/// Title at the top left of a plot.
pub fn title(area: &Area<'_>, text: &str) -> Drawn<()> {
    put(area, text, (MARGIN, MARGIN), TextStyle::bold(TITLE_SIZE, INK), HPos::Left, VPos::Top)
}

/// What a legend shows before its text.
#[derive(Clone, Copy)]
pub enum Mark {
    /// A line of a width in pixels.
    Line(RGBColor, f64),
    /// A dashed line of a width in pixels.
    Dashed(RGBColor, f64),
    /// A filled box.
    Box(RGBColor),
    /// A filled circle.
    Dot(RGBColor),
    /// An open circle.
    Ring(RGBColor),
    /// The tick of a published value.
    Tick(RGBColor),
    /// An upright dashed line.
    Upright(RGBColor),
}

/// One line of legend from the left; `top` in pixels.
pub fn legend(area: &Area<'_>, top: f64, entries: &[(Mark, &str)]) -> Drawn<()> {
    const SWATCH: f64 = 26.0;
    let middle = px(top + 0.5 * LINE_HEIGHT);
    let mut left = MARGIN;
    for (mark, text) in entries {
        let (from, to) = (px(left), px(left + SWATCH));
        let centre = (from + to) / 2;
        let half = px(5.0);
        match mark {
            Mark::Line(colour, width) => {
                area.draw(&PathElement::new(vec![(from, middle), (to, middle)], colour.stroke_width(size(*width))))?;
            }
            Mark::Dashed(colour, width) => {
                let style = colour.stroke_width(size(*width));
                let path = vec![(from, middle), (to, middle)];
                area.draw(&DashedPathElement::new(path, px(DASH), px(GAP), style))?;
            }
            Mark::Box(colour) => {
                let corners = [(centre - px(9.0), middle - half), (centre + px(9.0), middle + half)];
                area.draw(&Rectangle::new(corners, colour.filled()))?;
            }
            Mark::Dot(colour) => area.draw(&Circle::new((centre, middle), px(DOT), colour.filled()))?,
            Mark::Ring(colour) => {
                let style = colour.stroke_width(size(MEDIUM));
                area.draw(&Circle::new((centre, middle), px(DOT), style))?;
            }
            Mark::Tick(colour) => {
                let style = colour.stroke_width(size(THICK));
                area.draw(&PathElement::new(vec![(centre, middle - half), (centre, middle + half)], style))?;
            }
            Mark::Upright(colour) => {
                let style = colour.stroke_width(size(THIN));
                let path = vec![(centre, middle - px(9.0)), (centre, middle + px(9.0))];
                area.draw(&DashedPathElement::new(path, px(3.0), px(3.0), style))?;
            }
        }
        let at = (left + SWATCH + 6.0, top + 0.5 * LINE_HEIGHT);
        put(area, text, at, TextStyle::plain(LABEL_SIZE, INK), HPos::Left, VPos::Center)?;
        left += SWATCH + 6.0 + widest(text, LABEL_SIZE) + 18.0;
    }
    Ok(())
}

/// Length of a dash, pixels.
pub const DASH: f64 = 7.0;
/// Gap between dashes, pixels.
pub const GAP: f64 = 3.0;

/// A width that no usual sans-serif font needs for this text, pixels.
pub fn widest(text: &str, size: f64) -> f64 {
    0.62 * size * text.chars().count() as f64
}

/// Cut to a width, with an ellipsis where something is missing.
pub fn fit(text: &str, size: f64, width: f64) -> String {
    let room = (width / (0.62 * size)).max(1.0) as usize;
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let kept: String = text.chars().take(room.saturating_sub(1)).collect();
    format!("{}\u{2026}", kept.trim_end())
}

/// XML has no control characters, not even escaped.
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') { ' ' } else { letter })
        .collect()
}
