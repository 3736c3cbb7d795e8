//! Upright bars: mean over seeds, one dot per seed, whiskers of one deviation, published value as a tick.

use super::axes::{Chart, Panel, Y_TICKS, dots, rectangle, segment, top, write};
use super::style::{DOT, INK, MEDIUM, THICK, TICK_SIZE};
use super::svg::{Area, Drawn, TextStyle, px};
use crate::statistics::Summary;
use plotters::prelude::{EmptyElement, Text};
use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{RGBColor, WHITE};

/// Whisker to the left, dots to the right of a bar's middle, so that neither hides the other; bars are 0.6 wide.
const ASIDE: f64 = 0.14;

/// One bar.
pub struct Bar<'l> {
    /// Below the bar.
    pub label: &'l str,
    /// Its colour.
    pub colour: RGBColor,
    /// One per seed; none is shown as missing.
    pub values: Vec<f64>,
    /// Drawn as a tick.
    pub published: Option<f64>,
}

impl Bar<'_> {
    fn is_empty(&self) -> bool {
        self.values.is_empty() && self.published.is_none()
    }
}

/// Draws bars side by side.
pub fn draw(area: &Area<'_>, heading: &str, note: &str, y_label: &str, bars: &[Bar<'_>]) -> Drawn<()> {
    let reach = |bar: &Bar<'_>| {
        let whisker = Summary::of(&bar.values).map_or(0.0, |all| all.mean + all.sd.unwrap_or(0.0));
        bar.values.iter().copied().chain([whisker, bar.published.unwrap_or(0.0)]).fold(0.0, f64::max)
    };
    let (x, y) = ([0.0, bars.len().max(1) as f64], [0.0, top(bars.iter().map(reach))]);
    let y_ticks = if bars.iter().all(Bar::is_empty) { 0 } else { Y_TICKS };
    let panel = Panel { x_ticks: 0, y_ticks, ..Panel::new(heading, note, ["", y_label], x, y) };
    let mut chart = panel.chart(area)?;
    for (place, bar) in bars.iter().enumerate() {
        let centre = place as f64 + 0.5;
        name(&mut chart, bar.label, centre)?;
        match Summary::of(&bar.values) {
            Some(all) => one(&mut chart, bar, centre, all)?,
            None => {
                let middle = (centre, 0.5 * panel.y[1]);
                write(&mut chart, "not", middle, -7.0)?;
                write(&mut chart, "measured", middle, 7.0)?;
            }
        }
        if let Some(published) = bar.published {
            segment(&mut chart, [(centre - 0.38, published), (centre + 0.38, published)], INK, THICK)?;
        }
    }
    Ok(())
}

fn one(chart: &mut Chart<'_, '_>, bar: &Bar<'_>, centre: f64, all: Summary) -> Drawn<()> {
    rectangle(chart, [(centre - 0.3, 0.0), (centre + 0.3, all.mean)], bar.colour)?;
    if let Some(sd) = all.sd {
        let (low, high, at) = ((all.mean - sd).max(0.0), all.mean + sd, centre - ASIDE);
        segment(chart, [(at, low), (at, high)], INK, MEDIUM)?;
        for end in [low, high] {
            segment(chart, [(at - 0.06, end), (at + 0.06, end)], INK, MEDIUM)?;
        }
    }
    let middle = 0.5 * (bar.values.len() as f64 - 1.0);
    let step = 0.24 / bar.values.len().max(3) as f64;
    let places = bar.values.iter().enumerate();
    let places: Vec<_> = places.map(|(seed, value)| (centre + ASIDE + (seed as f64 - middle) * step, *value)).collect();
    dots(chart, places.clone(), WHITE, DOT)?;
    dots(chart, places, INK, DOT - 1.0)
}

fn name(chart: &mut Chart<'_, '_>, label: &str, centre: f64) -> Drawn<()> {
    let style = TextStyle::plain(TICK_SIZE, INK).style(HPos::Center, VPos::Top);
    let text = EmptyElement::at((centre, 0.0)) + Text::new(label.to_owned(), (0, px(7.0)), style);
    chart.draw_series(std::iter::once(text))?;
    Ok(())
}
