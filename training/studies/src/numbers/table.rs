//! Runs over seeds as rows, and Fourier heads against the others, seed by seed.

use super::run::NumberResult;
use super::settings::NumberHead;
use planwright_training::statistics::{Summary, TTest};
use planwright_training::study::{Column, Table, distinct, paired};
use serde::Serialize;

/// How many times nearer to the truth than the untuned language model: tuned to write text, and tuned with a Fourier
/// head (caption of figure 2.3).
pub const PUBLISHED_GAIN: [f64; 2] = [2.07, 4.86];

/// One head after so many passes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NumberRow {
    /// Passes over the prompts.
    pub epochs: usize,
    /// Name of the head; `perfect` is no network but the true distribution.
    pub head: String,
    /// Parameters of the network.
    pub parameters: usize,
    /// Number of seeds.
    pub seeds: usize,
    /// Total variation of 128 draws.
    pub tvd: Summary,
    /// Total variation of what is drawn from.
    pub tvd_exact: Summary,
    /// Total variation of the model before top-p.
    pub tvd_model: Summary,
    /// Different numbers among 128 draws.
    pub distinct: Summary,
    /// Smoothness of what is drawn from.
    pub smoothness: Summary,
    /// Mean total variation of text of single digits over that of this head.
    pub gain_over_digits: Option<f64>,
    /// Mean total variation of text of paired digits over that of this head.
    pub gain_over_pairs: Option<f64>,
}

/// A Fourier head against another on the same seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NumberComparison {
    /// Name of the Fourier head.
    pub head: String,
    /// Its passes over the prompts.
    pub epochs: usize,
    /// Name of the other head.
    pub against: String,
    /// The other's passes.
    pub against_epochs: usize,
    /// Whether each has the passes that are best for itself, by its mean over these seeds and test prompts.
    pub at_own_best: bool,
    /// Seeds with both heads.
    pub seeds: usize,
    /// Those of them in which the Fourier head is nearer to the truth.
    pub fourier_below: usize,
    /// Mean of the other's total variation minus that of the Fourier head: above zero if Fourier is nearer.
    pub difference: f64,
    /// One-sided paired test of that difference; `None` if there is none.
    pub test: Option<TTest>,
}

/// All rows of a set of runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NumberTable {
    /// The command that makes them.
    pub command: String,
    /// Published gains over an untuned language model, of which there is no counterpart here: text, Fourier.
    pub published_gain_over_untuned: [f64; 2],
    /// Their quotient: what the published Fourier head gains over text.
    pub published_gain_over_text: f64,
    /// Budget by budget, head by head.
    pub rows: Vec<NumberRow>,
    /// Fourier heads against linear and text, with equal passes, then each with its own best.
    pub comparisons: Vec<NumberComparison>,
}

/// Results of one head after so many passes.
pub(super) fn of<'r>(results: &'r [NumberResult], head: &NumberHead, epochs: usize) -> Vec<&'r NumberResult> {
    results.iter().filter(|result| result.settings.head == *head && result.settings.epochs == epochs).collect()
}

/// All budgets, in their order.
pub(super) fn budgets(results: &[NumberResult]) -> Vec<usize> {
    distinct(results.iter().map(|result| result.settings.epochs))
}

/// All heads, in their order.
pub(super) fn heads(results: &[NumberResult]) -> Vec<NumberHead> {
    distinct(results.iter().map(|result| result.settings.head))
}

fn mean_tvd(results: &[&NumberResult]) -> Option<f64> {
    let values: Vec<f64> = results.iter().map(|result| result.found.metrics.tvd).collect();
    Summary::of(&values).map(|summary| summary.mean)
}

/// Rows and comparisons.
pub fn table(results: &[NumberResult], command: &str) -> NumberTable {
    let (budgets, heads) = (budgets(results), heads(results));
    let rows = budgets.iter().flat_map(|epochs| heads.iter().filter_map(|head| row(results, head, *epochs))).collect();
    let mut comparisons = Vec::new();
    let fourier = || heads.iter().filter(|head| matches!(head, NumberHead::Fourier { .. }));
    for epochs in &budgets {
        for head in fourier() {
            let against = |other| compare(results, (head, *epochs), (other, *epochs), false);
            comparisons.extend(NumberHead::BASELINES.iter().filter_map(against));
        }
    }
    if budgets.len() > 1 {
        for head in fourier() {
            let against = |other| {
                let (own, others) = (best_budget(results, head)?, best_budget(results, other)?);
                compare(results, (head, own), (other, others), true)
            };
            comparisons.extend(NumberHead::BASELINES.iter().filter_map(against));
        }
    }
    let [text, fourier] = PUBLISHED_GAIN;
    NumberTable {
        command: command.to_owned(),
        published_gain_over_untuned: PUBLISHED_GAIN,
        published_gain_over_text: fourier / text,
        rows,
        comparisons,
    }
}

fn row(results: &[NumberResult], head: &NumberHead, epochs: usize) -> Option<NumberRow> {
    let chosen = of(results, head, epochs);
    let spread = |value: fn(&NumberResult) -> f64| {
        let values: Vec<f64> = chosen.iter().map(|result| value(result)).collect();
        Summary::of(&values)
    };
    let tvd = spread(|result| result.found.metrics.tvd)?;
    let gain = |index: usize| {
        let text = NumberHead::BASELINES.get(index)?;
        Some(mean_tvd(&of(results, text, epochs))? / tvd.mean)
    };
    Some(NumberRow {
        epochs,
        head: head.name(),
        parameters: chosen.first()?.found.parameters,
        seeds: chosen.len(),
        tvd,
        tvd_exact: spread(|result| result.found.metrics.tvd_exact)?,
        tvd_model: spread(|result| result.found.metrics.tvd_model)?,
        distinct: spread(|result| result.found.metrics.distinct)?,
        smoothness: spread(|result| result.found.metrics.smoothness)?,
        gain_over_digits: gain(1),
        gain_over_pairs: gain(2),
    })
}

/// The number of passes after which a head is nearest to the truth, by its mean over seeds.
pub(super) fn best_budget(results: &[NumberResult], head: &NumberHead) -> Option<usize> {
    let means = budgets(results).into_iter().filter_map(|epochs| Some((epochs, mean_tvd(&of(results, head, epochs))?)));
    means.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(epochs, _)| epochs)
}

fn compare(
    results: &[NumberResult],
    (head, epochs): (&NumberHead, usize),
    (against, against_epochs): (&NumberHead, usize),
    at_own_best: bool,
) -> Option<NumberComparison> {
    let tvd = |head: &NumberHead, epochs: usize| {
        of(results, head, epochs).into_iter().map(|result| (result.settings.seed, result.found.metrics.tvd))
    };
    let pairs = paired(tvd(head, epochs), tvd(against, against_epochs));
    let differences: Vec<f64> = pairs.iter().map(|(own, other)| other - own).collect();
    Some(NumberComparison {
        head: head.name(),
        epochs,
        against: against.name(),
        against_epochs,
        at_own_best,
        seeds: differences.len(),
        fourier_below: differences.iter().filter(|difference| **difference > 0.0).count(),
        difference: Summary::of(&differences)?.mean,
        test: TTest::one_sided(&differences),
    })
}

impl NumberComparison {
    /// One line for people.
    pub(super) fn text(&self) -> String {
        let passes = match self.at_own_best {
            true => format!("each at its best ({} and {} epochs)", self.epochs, self.against_epochs),
            false => format!("{} epochs", self.epochs),
        };
        let p = self.test.map(|test| format!(", p = {:.2e}", test.p)).unwrap_or_default();
        let (below, difference) = (self.fourier_below, self.difference);
        format!(
            "{} against {}, {passes}: nearer to the truth in {below} of {} seeds, by {difference:+.4} on average{p}",
            self.head, self.against, self.seeds
        )
    }
}

/// `x2.35`.
pub(super) fn gain(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |value| format!("x{value:.2}"))
}

const COLUMNS: [Column<NumberRow>; 8] = [
    ("epochs", |row| row.epochs.to_string()),
    ("head", |row| row.head.clone()),
    ("seeds", |row| row.seeds.to_string()),
    ("tvd of draws", |row| row.tvd.text(4)),
    ("tvd of model", |row| row.tvd_model.text(4)),
    ("distinct", |row| row.distinct.text(1)),
    ("smoothness", |row| row.smoothness.text(4)),
    ("over digits, pairs", |row| format!("{}, {}", gain(row.gain_over_digits), gain(row.gain_over_pairs))),
];

/// The table for people: all rows, and the comparisons of the Fourier head that was chosen beforehand.
pub fn text(table: &NumberTable) -> String {
    let mut lines = vec![Table::of(&COLUMNS, &table.rows).text()];
    let [text, fourier] = table.published_gain_over_untuned;
    let over_text = table.published_gain_over_text;
    lines.push(format!(
        "published, over an untuned language model (no counterpart here): text x{text:.2}, Fourier x{fourier:.2}; so \
         Fourier over text x{over_text:.2}"
    ));
    let main = NumberHead::TABLE.name();
    lines.extend(table.comparisons.iter().filter(|one| one.head == main).map(NumberComparison::text));
    lines.join("\n")
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::metrics::NumberMetrics;
    use super::super::run::NumberFit;
    use super::super::settings::NumberSettings;
    use super::super::text::TextForm;
    use super::*;
    use crate::conformance;

    pub(in super::super) fn result(head: NumberHead, seed: u64, epochs: usize, tvd: f64) -> NumberResult {
        let metrics = NumberMetrics {
            tvd,
            tvd_exact: tvd - 0.05,
            tvd_model: tvd - 0.06,
            distinct: 40.0,
            smoothness: 0.01,
            tvd_by_gaussian: vec![tvd; 4],
            distinct_by_gaussian: vec![40.0; 4],
        };
        let found = NumberFit { metrics, example: vec![0.005; 200], losses: Some([5.3, 4.0]), parameters: 1000 };
        conformance::outcome(NumberSettings { head, seed, epochs, ..NumberSettings::TABLE }, found)
    }

    pub(in super::super) fn results() -> Vec<NumberResult> {
        let digits = NumberHead::Text { form: TextForm::Digits };
        vec![
            result(NumberHead::Perfect {}, 1, 16, 0.07),
            result(NumberHead::Linear {}, 1, 16, 0.2),
            result(NumberHead::Linear {}, 2, 16, 0.1),
            result(digits, 1, 16, 0.3),
            result(digits, 2, 16, 0.3),
            result(NumberHead::TABLE, 1, 16, 0.1),
            result(NumberHead::TABLE, 2, 16, 0.14),
            result(NumberHead::Linear {}, 1, 64, 0.12),
            result(NumberHead::Linear {}, 2, 64, 0.1),
            result(NumberHead::TABLE, 1, 64, 0.2),
            result(NumberHead::TABLE, 2, 64, 0.2),
        ]
    }

    #[test]
    fn rows_hold_mean_deviation_and_gain() {
        let table = table(&results(), "a command");
        assert_eq!(table.rows.len(), 6);
        let row = table.rows.iter().find(|row| row.head == "fourier-8" && row.epochs == 16).expect("a row");
        assert!(
            (row.tvd.mean - 0.12).abs() < 1e-12 && row.tvd.sd.is_some_and(|sd| (sd - 0.0008_f64.sqrt()).abs() < 1e-12)
        );
        assert!(row.gain_over_digits.is_some_and(|gain| (gain - 2.5).abs() < 1e-12));
        assert_eq!((row.gain_over_pairs, row.seeds), (None, 2));
        assert!((table.published_gain_over_text - 2.3478).abs() < 1e-4);
        let alone = table.rows.iter().find(|row| row.head == "perfect").expect("a row");
        assert_eq!((alone.tvd.sd, alone.tvd.text(2)), (None, "0.07".to_owned()));
    }

    #[test]
    fn heads_are_compared_seed_by_seed_with_equal_and_with_their_own_best_passes() {
        let table = table(&results(), "a command");
        let found: Vec<(&str, usize, usize, bool, usize)> = table
            .comparisons
            .iter()
            .map(|one| (one.against.as_str(), one.epochs, one.against_epochs, one.at_own_best, one.fourier_below))
            .collect();
        assert_eq!(
            found,
            [
                ("linear", 16, 16, false, 1),
                ("digits", 16, 16, false, 2),
                ("linear", 64, 64, false, 0),
                // Fourier is best after 16, linear after 64.
                ("linear", 16, 64, true, 1),
                ("digits", 16, 16, true, 2),
            ]
        );
        assert!((table.comparisons[0].difference - 0.03).abs() < 1e-12);
        let text = text(&table);
        assert!(text.contains("16      fourier-8  2      0.1200 \u{b1} 0.0283"), "{text}");
        assert!(text.contains("fourier-8 against linear, each at its best (16 and 64 epochs): nearer"), "{text}");
        assert!(text.contains("text x2.07, Fourier x4.86; so Fourier over text x2.35"), "{text}");
    }
}
