//! `report.md`: the tables of the paper with what was found, and who found it.

use super::commands::Commands;
use super::published;
use super::results::{DriftResults, Method, Mitigation, SeedResult, SystemResult};
use super::select::{method_distances, seeds_text, systems};
use super::tables_appendix::{ablations, sweeps, validity};
use planwright_training::statistics::TTest;
use planwright_training::study::markdown::MISSING;
use planwright_training::study::markdown::{cell, count, distance, head, optional, published as lost_or, row, spread};
use planwright_training::study::{Figure, Table};
use std::fmt::Write as _;

type Systems<'r> = [(&'r str, Option<&'r SystemResult>)];

/// What the tables' words mean.
pub(super) const NOTES: &str = "\
TV is the total variation between two distributions of a system's quantity: 0 if they are equal, 1 if they have nothing \
in common.\nA value with \u{b1} is the mean over training seeds and their sample standard deviation.\nWhat was not run \
says \"not measured\". Numbers in brackets name the command, listed under [Provenance](#provenance).\nPublished values \
are those of arXiv 2605.20299.\n";

/// What the controls of the transform are.
const CONTROLS: &str = "\n`transform-one-step` and `transform-no-network` are controls: the same transform after one \
optimiser step, and Gaussian noise as codes, paired with trajectories at random, through the same decoder. A distance \
that they reach too is one of the codes and their decoder, not of a trained network.\n";

/// The whole report.
pub(super) fn markdown(results: &DriftResults, figures: &[Figure]) -> String {
    let mut out = format!("# Drift of physical quantities, size `{}`\n\n{NOTES}", results.size.replace('`', "'"));
    for figure in figures {
        let _ = write!(out, "\n![{}]({})\n", figure.caption, figure.file);
    }
    out + &all(results)
}

/// All tables.
pub(super) fn all(results: &DriftResults) -> String {
    let (mut out, commands, systems) = (String::new(), Commands::of(results), systems(results));
    table_1(&mut out, &systems, &commands);
    table_2(&mut out, &systems, &commands);
    table_3(&mut out, &systems, &commands);
    sweeps(&mut out, &systems, &commands);
    ablations(&mut out, results, &commands);
    validity(&mut out, results, &commands);
    commands.table(&mut out);
    out
}

/// Table F alone.
pub(super) fn ablations_alone(results: &DriftResults) -> String {
    let (mut out, commands) = (String::new(), Commands::of(results));
    ablations(&mut out, results, &commands);
    commands.table(&mut out);
    out
}

/// One cell per system.
fn across(systems: &Systems<'_>, name: &str, of: impl Fn(&SystemResult) -> String) -> String {
    let cells = systems.iter().map(|(_, system)| system.map_or(MISSING.to_owned(), &of));
    row(std::iter::once(name.to_owned()).chain(cells))
}

fn over_seeds(systems: &Systems<'_>, name: &str, of: impl Fn(&SeedResult) -> Option<f64>) -> String {
    across(systems, name, |system| {
        spread(&system.seeds.iter().filter_map(&of).collect::<Vec<f64>>(), system.seeds.len())
    })
}

fn head_of(systems: &Systems<'_>, first: &str) -> String {
    let names: Vec<String> = systems.iter().map(|(name, _)| cell(name)).collect();
    head(std::iter::once(first).chain(names.iter().map(String::as_str)))
}

fn made_by(systems: &Systems<'_>, commands: &Commands<'_>) -> String {
    let seeds = across(systems, "made with", |system| seeds_text(system.seeds.iter().map(|seed| seed.seed)));
    let marks = systems.iter().map(|(_, system)| {
        system
            .map_or(MISSING.to_owned(), |system| commands.marks(system.seeds.iter().map(|seed| seed.command.as_str())))
    });
    seeds + &row(std::iter::once("made by".to_owned()).chain(marks))
}

/// TV(prediction, model) as a share of TV(data, model).
fn remaining(seed: &SeedResult) -> Option<f64> {
    ratio(seed.tv_prediction_model?, seed.tv_data_model()?)
}

fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

fn table_1(out: &mut String, systems: &Systems<'_>, commands: &Commands<'_>) {
    out.push_str("\n## Table 1: distances between prior, data, prediction and model\n\n");
    out.push_str(&head_of(systems, "distance"));
    out.push_str(&over_seeds(systems, "TV(data, prior)", |seed| seed.tv_data_prior));
    out.push_str(&over_seeds(systems, "TV(model, prior)", |seed| seed.tv_model_prior));
    out.push_str(&over_seeds(systems, "TV(prediction, prior)", |seed| seed.tv_prediction_prior));
    out.push_str(&over_seeds(systems, "TV(prediction, model)", |seed| seed.tv_prediction_model));
    let by_trajectory = |seed: &SeedResult| seed.tv_prediction_model_by_trajectory;
    out.push_str(&over_seeds(systems, "the same, matched by trajectory", by_trajectory));
    out.push_str(&over_seeds(systems, "the same at the best scale", |seed| seed.tv_prediction_model_best));
    out.push_str(&over_seeds(systems, "TV(data, model)", SeedResult::tv_data_model));
    out.push_str(&over_seeds(systems, "TV(prediction, model) / TV(data, model)", remaining));
    let best = systems.iter().map(|(name, _)| lost_or(published::best_tv_prediction_model(name)));
    out.push_str(&row(std::iter::once("published smallest TV(prediction, model)".to_owned()).chain(best)));
    let start = systems.iter().map(|(name, _)| lost_or(published::tv_prediction_model(name, 0.0)));
    out.push_str(&row(std::iter::once("published TV(data, model)".to_owned()).chain(start)));
    out.push_str(&made_by(systems, commands));
    out.push_str("\nBy seed:\n\n");
    let small = |value| optional(value, |value: f64| format!("{value:.5}"));
    type Row<'r> = (&'r str, &'r SeedResult);
    let by_seed = Table::with::<Row<'_>>(
        &[
            ("system", &|(name, _)| cell(name)),
            ("seed", &|(_, seed)| seed.seed.to_string()),
            ("TV(data, prior)", &|(_, seed)| distance(seed.tv_data_prior)),
            ("TV(model, prior)", &|(_, seed)| distance(seed.tv_model_prior)),
            ("TV(prediction, prior)", &|(_, seed)| distance(seed.tv_prediction_prior)),
            ("TV(prediction, model)", &|(_, seed)| distance(seed.tv_prediction_model)),
            ("matched scale", &|(_, seed)| small(seed.matched_scale)),
            ("by trajectory", &|(_, seed)| distance(seed.tv_prediction_model_by_trajectory)),
            ("its scale", &|(_, seed)| small(seed.trajectory_scale)),
            ("at the best scale", &|(_, seed)| distance(seed.tv_prediction_model_best)),
            ("best scale", &|(_, seed)| small(seed.best_scale)),
            ("model error", &|(_, seed)| small(seed.model_error)),
            ("generated", &|(_, seed)| count(seed.generated)),
            ("dropped", &|(_, seed)| count(seed.dropped)),
            ("steps", &|(_, seed)| count(seed.steps)),
            ("made by", &|(_, seed)| commands.mark(&seed.command)),
        ],
        seeds(systems),
    );
    out.push_str(&by_seed.markdown());
}

/// All seeds with the names of their systems.
fn seeds<'r>(systems: &Systems<'r>) -> impl Iterator<Item = (&'r str, &'r SeedResult)> {
    systems.iter().flat_map(|(name, system)| system.iter().flat_map(|system| &system.seeds).map(|seed| (*name, seed)))
}

fn table_2(out: &mut String, systems: &Systems<'_>, commands: &Commands<'_>) {
    out.push_str("\n## Table 2: TV to the prior with each method\n\n");
    out.push_str(&head_of(systems, "method"));
    for method in Method::ALL {
        let of = |system: &SystemResult| match method_distances(system, method) {
            none if none.is_empty() => method.absent(MISSING).to_owned(),
            values => spread(&values, system.seeds.len()),
        };
        let cells = systems.iter().map(|(_, system)| system.map_or(method.absent(MISSING).to_owned(), of));
        out.push_str(&row(std::iter::once(method.name().to_owned()).chain(cells)));
    }
    let tv = |seed: &SeedResult, method| seed.mitigation(method)?.tv_prior;
    let share = |seed: &SeedResult| ratio(tv(seed, Method::Transform)?, tv(seed, Method::Baseline)?);
    out.push_str(&over_seeds(systems, "transform / baseline", share));
    out.push_str(CONTROLS);
    out.push_str("\nBy seed:\n\n");
    type Row<'r> = (&'r str, u64, Method, Option<&'r Mitigation>);
    let shown = |(_, _, method, entry): &Row<'_>, text: &dyn Fn(&Mitigation) -> String| {
        entry.map_or_else(|| method.absent(MISSING).to_owned(), text)
    };
    let rows = seeds(systems)
        .flat_map(|(name, seed)| Method::ALL.map(|method| (name, seed.seed, method, seed.mitigation(method))));
    let by_seed = Table::with::<Row<'_>>(
        &[
            ("system", &|(name, ..)| cell(name)),
            ("seed", &|(_, seed, ..)| seed.to_string()),
            ("method", &|(_, _, method, _)| method.name().to_owned()),
            ("TV to the prior", &|row| shown(row, &|entry| distance(entry.tv_prior))),
            ("generated", &|row| shown(row, &|entry| count(entry.generated))),
            ("dropped", &|row| shown(row, &|entry| count(entry.dropped))),
            ("steps", &|row| shown(row, &|entry| count(entry.steps))),
            ("made by", &|row| shown(row, &|entry| commands.mark(&entry.command))),
        ],
        rows,
    );
    out.push_str(&by_seed.markdown());
}

fn table_3(out: &mut String, systems: &Systems<'_>, commands: &Commands<'_>) {
    out.push_str("\n## Table 3: one-sided paired t-tests over seeds\n\n");
    out.push_str(
        "Prediction: TV(data, model) - TV(prediction, model). Transform: TV(baseline, prior) - TV(transform, prior). \
         p is the probability of at least such a t if the mean difference were zero. A test needs two seeds or more \
         that have both distances.\n\n",
    );
    out.push_str(&head(["system", "test", "mean difference", "deviation", "t", "p", "n", "seeds", "made by"]));
    for (name, system) in systems {
        let Some(system) = system else {
            let rest = std::iter::repeat_n(MISSING.to_owned(), 7);
            for test in ["prediction", "transform"] {
                out.push_str(&row([cell(name), test.to_owned()].into_iter().chain(rest.clone())));
            }
            continue;
        };
        let tested = |gain: fn(&SeedResult) -> Option<f64>| system.seeds.iter().filter(move |s| gain(s).is_some());
        let seeds: Vec<&SeedResult> = tested(SeedResult::prediction_gain).collect();
        let made = commands.marks(seeds.iter().map(|seed| seed.command.as_str()));
        out.push_str(&test_row(name, "prediction", system.t_tests.prediction, &seeds, made));
        let seeds: Vec<&SeedResult> = tested(SeedResult::transform_gain).collect();
        let compared = |entry: &&Mitigation| matches!(entry.method, Method::Baseline | Method::Transform);
        let entries = seeds.iter().flat_map(|seed| seed.mitigations.iter().filter(compared));
        let made = commands.marks(entries.map(|entry| entry.command.as_str()));
        out.push_str(&test_row(name, "transform", system.t_tests.transform, &seeds, made));
    }
}

fn test_row(name: &str, test: &str, result: Option<TTest>, seeds: &[&SeedResult], made_by: String) -> String {
    let start = [cell(name), test.to_owned()];
    let Some(found) = result else {
        return row(start.into_iter().chain(std::iter::repeat_n(MISSING.to_owned(), 7)));
    };
    let p = if found.p < 1e-4 { "< 0.0001".to_owned() } else { format!("{:.4}", found.p) };
    let numbers = [format!("{:.4}", found.mean), format!("{:.4}", found.sd), format!("{:.2}", found.t), p];
    let made = [found.n.to_string(), seeds_text(seeds.iter().map(|seed| seed.seed)), made_by];
    row(start.into_iter().chain(numbers).chain(made))
}
