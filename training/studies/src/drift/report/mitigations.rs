//! `mitigations.svg`: the methods against the drift, curves and distances (figure 3). Controls have distances alone.

use super::colours::method_colour;
use super::results::{DriftResults, Method, SystemResult};
use super::select::{Spread, density_label, intended, method_distances, quantity_label, seeds_text, spread, systems};
use planwright_training::study::markdown::MISSING;
use planwright_training::study::plot::axes::{Panel, absence, dashed, line, top};
use planwright_training::study::plot::bars::{self, Bar};
use planwright_training::study::plot::style::{HEADING_SIZE, INK, MEDIUM, PRIOR_FILL, THICK};
use planwright_training::study::plot::svg::{Area, Drawn, Mark, fit, px, sheet};

const PANEL_HEIGHT: f64 = 232.0;
/// Of the width, for the curves.
const CURVES: f64 = 460.0;

pub(super) fn draw(results: &DriftResults) -> Drawn<String> {
    let systems = systems(results);
    let colour = |method| method_colour(method);
    let curves = [
        (Mark::Box(PRIOR_FILL), "prior (intended)"),
        (Mark::Line(colour(Method::Baseline), MEDIUM), "baseline"),
        (Mark::Dashed(colour(Method::Reweight), MEDIUM), "reweight"),
        (Mark::Dashed(colour(Method::Conditional), MEDIUM), "conditional"),
        (Mark::Line(colour(Method::Transform), THICK), "transform"),
    ];
    let marks = [(Mark::Dot(INK), "one seed"), (Mark::Line(INK, MEDIUM), "mean \u{b1} standard deviation over seeds")];
    let heading = format!("What is done against the drift (size {})", results.size);
    sheet(&heading, &[&curves, &marks], [systems.len(), 1], PANEL_HEIGHT, |rows| {
        rows.iter().zip(systems).try_for_each(|(row, (name, system))| {
            let (left, right) = row.split_horizontally(px(CURVES));
            curve_panel(&left, name, system)?;
            bar_panel(&right, system)
        })
    })
}

fn curve_panel(area: &Area<'_>, name: &str, system: Option<&SystemResult>) -> Drawn<()> {
    let heading = fit(name, HEADING_SIZE, 240.0);
    let x_label = system.map_or("quantity".to_owned(), quantity_label);
    let y_label = system.map_or("density".to_owned(), density_label);
    let note = system.map_or(String::new(), |system| seeds_text(system.seeds.iter().map(|seed| seed.seed)));
    let x = system.map_or([0.0, 1.0], |system| [system.grid.low(), system.grid.high()]);
    let mut panel = Panel { x_ticks: 7, ..Panel::new(&heading, &note, [&x_label, &y_label], x, [0.0, 1.0]) };
    let Some(system) = system else { return panel.empty(area, MISSING) };
    let prior = spread(system, |seed| seed.curves.prior.as_ref());
    let of = |method| (method, spread(system, |seed| seed.mitigation(method)?.curve.as_ref()));
    let curves: Vec<_> = Method::ALL.into_iter().filter(|method| !method.is_control()).map(of).collect();
    if curves.iter().all(|(_, curve)| curve.is_none()) {
        return panel.empty(area, MISSING);
    }
    let drawn = curves.iter().filter_map(|(_, curve)| curve.as_ref()).chain(prior.as_ref());
    panel.y = [0.0, top(drawn.map(Spread::highest))];
    let mut chart = panel.chart(area)?;
    intended(&mut chart, prior.as_ref())?;
    let mut absent = Vec::new();
    for (method, curve) in curves {
        let Some(curve) = curve else {
            absent.push(method.name());
            continue;
        };
        match method {
            Method::Baseline => line(&mut chart, curve.mean, method_colour(method), MEDIUM)?,
            Method::Transform => line(&mut chart, curve.mean, method_colour(method), THICK)?,
            _ => dashed(&mut chart, curve.mean, method_colour(method), MEDIUM)?,
        }
    }
    absence(&mut chart, &absent, panel.x, panel.y)
}

fn bar_panel(area: &Area<'_>, system: Option<&SystemResult>) -> Drawn<()> {
    let bars = Method::ALL.map(|method| Bar {
        label: match method {
            Method::TransformOneStep => "one step",
            Method::TransformNoNetwork => "no network",
            _ => method.name(),
        },
        colour: method_colour(method),
        values: system.map_or(Vec::new(), |system| method_distances(system, method)),
        published: None,
    });
    bars::draw(area, "", "", "TV to the prior", &bars)
}
