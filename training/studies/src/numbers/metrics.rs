//! How far the answers are from the truth, how many different ones there are, how jagged their distribution is.

use super::settings::{BINS, COARSE_BINS, DRAWS};
use super::task::Prompt;
use planwright::density::{Categorical, SmoothnessMetric};
use planwright_training::study::StudyError;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Streams of a run's generator: this one and those after it draw the answers, prompt by prompt. The same uniform
/// numbers serve every head.
const DRAW_STREAM: u64 = 100;

/// What is measured on the test prompts of one run: means over the prompts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberMetrics {
    /// Total variation between the histogram of 128 draws and the truth, in 20 bins; 0 is perfect, but no 128 draws
    /// reach it.
    pub tvd: f64,
    /// The same of the distribution that is drawn from: without the chance of the draws.
    pub tvd_exact: f64,
    /// The same of the model before top-p.
    pub tvd_model: f64,
    /// Different numbers among 128 draws.
    pub distinct: f64,
    /// Smoothness of the distribution that is drawn from; 0 is even.
    pub smoothness: f64,
    /// `tvd` of each Gaussian, in the order of the published ones.
    pub tvd_by_gaussian: Vec<f64>,
    /// `distinct` of each Gaussian.
    pub distinct_by_gaussian: Vec<f64>,
}

/// What a model says to one prompt, over the numbers' bins.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    /// What is drawn from.
    pub(super) drawn: Vec<f64>,
    /// The same before top-p.
    pub(super) model: Vec<f64>,
}

/// Half the sum of absolute differences.
pub(super) fn total_variation(a: &[f64], b: &[f64]) -> f64 {
    0.5 * a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f64>()
}

/// The numbers' bins put together to the bins of the distance: ten each, from -1.00 on.
pub(super) fn coarse(pmf: &[f64]) -> Vec<f64> {
    pmf.chunks(BINS / COARSE_BINS).map(|part| part.iter().sum()).collect()
}

/// Draws from a distribution over the numbers' bins, as counts by bin.
fn draw(pmf: &[f64], seed: u64, prompt: u64) -> Result<Vec<f64>, StudyError> {
    let mut categorical = Categorical::new(BINS)?;
    categorical.set_pmf(pmf)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(DRAW_STREAM + prompt);
    let mut counts = vec![0.0; BINS];
    for _ in 0..DRAWS {
        if let Some(count) = counts.get_mut(categorical.sample_bin(1.0, &mut rng)?) {
            *count += 1.0;
        }
    }
    Ok(counts)
}

/// Measures a run's answers to its test prompts.
pub(super) fn measure(prompts: &[Prompt], answers: &[Answer], seed: u64) -> Result<NumberMetrics, StudyError> {
    let smoothness = SmoothnessMetric::new(BINS)?;
    let mut all: Vec<(usize, [f64; 5])> = Vec::with_capacity(prompts.len());
    for ((prompt, answer), index) in prompts.iter().zip(answers).zip(0..) {
        let truth = prompt.law().masses(COARSE_BINS)?;
        let counts = draw(&answer.drawn, seed, index)?;
        let histogram: Vec<f64> = coarse(&counts).iter().map(|count| count / DRAWS as f64).collect();
        let values = [
            total_variation(&histogram, &truth),
            total_variation(&coarse(&answer.drawn), &truth),
            total_variation(&coarse(&answer.model), &truth),
            counts.iter().filter(|count| **count > 0.0).count() as f64,
            smoothness.of(&answer.drawn)?,
        ];
        all.push((prompt.gaussian, values));
    }
    let mean = |gaussian: Option<usize>, which: fn(&[f64; 5]) -> f64| {
        let chosen = || all.iter().filter(|(of, _)| gaussian.is_none_or(|gaussian| gaussian == *of));
        chosen().map(|(_, values)| which(values)).sum::<f64>() / chosen().count() as f64
    };
    let by_gaussian = |which: fn(&[f64; 5]) -> f64| {
        (0..super::Gaussian::ALL.len()).map(|gaussian| mean(Some(gaussian), which)).collect()
    };
    Ok(NumberMetrics {
        tvd: mean(None, |values| values[0]),
        tvd_exact: mean(None, |values| values[1]),
        tvd_model: mean(None, |values| values[2]),
        distinct: mean(None, |values| values[3]),
        smoothness: mean(None, |values| values[4]),
        tvd_by_gaussian: by_gaussian(|values| values[0]),
        distinct_by_gaussian: by_gaussian(|values| values[3]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use planwright::density::DensityError;

    #[test]
    fn distances_of_hand_computed_distributions() {
        // (0.2 + 0.1 + 0.1) / 2; half the largest difference, as the text has it, would be 0.1.
        assert!((total_variation(&[0.5, 0.3, 0.2], &[0.3, 0.4, 0.3]) - 0.2).abs() < 1e-12);
        assert_eq!(total_variation(&[1.0, 0.0], &[0.0, 1.0]), 1.0);
        assert!(total_variation(&[f64::NAN, 0.0], &[0.0, 1.0]).is_nan());
        let mut pmf = vec![0.0; BINS];
        (pmf[0], pmf[9], pmf[10], pmf[199]) = (0.1, 0.2, 0.3, 0.4);
        let coarse = coarse(&pmf);
        assert_eq!((coarse.len(), coarse[1], coarse[19]), (20, 0.3, 0.4));
        assert!((coarse[0] - 0.3).abs() < 1e-12);
    }

    #[test]
    fn a_certain_answer_is_one_number_far_from_the_truth() {
        let prompts = Prompt::test(1);
        let mut pmf = vec![0.0; BINS];
        pmf[0] = 1.0;
        let answers = vec![Answer { drawn: pmf.clone(), model: pmf }; prompts.len()];
        let metrics = measure(&prompts, &answers, 1).expect("metrics");
        assert_eq!(metrics.distinct, 1.0);
        // The truth has next to nothing in the first bin.
        assert!(metrics.tvd > 0.999 && (metrics.tvd - metrics.tvd_exact).abs() < 1e-12, "{metrics:?}");
        assert_eq!(metrics.tvd_by_gaussian.len(), 4);
    }

    #[test]
    fn perfect_answers_are_near_the_truth_and_draws_depend_on_the_seed_alone() {
        let prompts = Prompt::test(1);
        let perfect =
            |prompt: &Prompt| prompt.law().rounded_masses().map(|pmf| Answer { drawn: pmf.clone(), model: pmf });
        let answers: Vec<Answer> = prompts.iter().map(perfect).collect::<Result<_, _>>().expect("answers");
        let metrics = measure(&prompts, &answers, 1).expect("metrics");
        assert!(metrics.tvd_exact < 0.03 && metrics.tvd > metrics.tvd_exact && metrics.tvd < 0.15, "{metrics:?}");
        assert!(metrics.distinct > 30.0 && metrics.distinct < 90.0, "{metrics:?}");
        let mean = metrics.tvd_by_gaussian.iter().sum::<f64>() / 4.0;
        assert!((mean - metrics.tvd).abs() < 1e-12);
        assert_eq!(measure(&prompts, &answers, 1).expect("metrics"), metrics);
        assert_ne!(measure(&prompts, &answers, 2).expect("metrics").tvd, metrics.tvd);
    }

    #[test]
    fn answers_that_are_no_numbers_are_refused() {
        let prompts = Prompt::test(1);
        let answers = vec![Answer { drawn: vec![f64::NAN; BINS], model: vec![f64::NAN; BINS] }; prompts.len()];
        let refused = measure(&prompts, &answers, 1);
        assert!(matches!(refused, Err(StudyError::Density(DensityError::NotFinite { .. }))), "{refused:?}");
    }
}
