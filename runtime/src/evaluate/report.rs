//! Results of an evaluation.

use super::Protocol;
use crate::model::EngineDescription;
use crate::pilot::{EpisodeReport, LatencySummary, PilotStatistics, StageLatencies};
use crate::planner::Control;
use crate::quantity::DriftStatus;
use crate::world::{Episode, EpisodeRules, TimeOptimalBound};
use serde::Serialize;

/// A mean with its 95% interval (normal approximation, 1.96 standard errors).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct ScoreSummary {
    /// Mean.
    pub mean: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl ScoreSummary {
    /// Of independent values.
    pub fn of(values: &[f64]) -> Self {
        let count = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
        let half = 1.96 * (variance / count).sqrt();
        Self { mean, low: mean - half, high: mean + half }
    }
}

/// The result of an evaluation. Scores are D4RL-normalised percent; where D4RL has no reference for the maze
/// they are shares of the best possible return in percent.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluation {
    /// The maze.
    pub layout: String,
    /// The protocol.
    pub protocol: Protocol,
    /// Episodes.
    pub episodes: usize,
    /// Steps per episode.
    pub steps: usize,
    /// Seed of starts and plans.
    pub seed: u64,
    /// Whether the scores are D4RL's.
    pub d4rl_normalised: bool,
    /// Mean score.
    pub score_mean: f64,
    /// Lower end of its 95% interval.
    pub score_low: f64,
    /// Upper end.
    pub score_high: f64,
    /// The score that no planner can exceed on these starts.
    pub score_bound: f64,
    /// Mean return.
    pub return_mean: f64,
    /// Smallest return.
    pub return_min: f64,
    /// Share of episodes that reach the goal.
    pub reach_rate: f64,
    /// Mean seconds to the goal over the episodes that reach it; `None` if none does.
    pub arrival_secs: Option<f64>,
    /// The same for the bound, over all episodes.
    pub arrival_bound_secs: f64,
    /// Steps in which a wall pushed, all episodes together.
    pub wall_contacts: usize,
    /// Episodes with such a step.
    pub wall_episodes: usize,
    /// Denoising steps per plan; none for a policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denoising_steps: Option<usize>,
    /// Plans drawn at once, or roll-outs of a policy.
    pub candidates: usize,
    /// Solver; none for a policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub solver: Option<String>,
    /// Sharpness of a policy's actions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// The control that planned instead of a model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control: Option<Control>,
    /// The model file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_sha256: Option<String>,
    /// The engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<EngineDescription>,
    /// Time per plan, milliseconds (whole round for the pilot, network and sampler for Diffuser's protocol).
    pub plan_ms: LatencySummary,
    /// The same by stage; pilot only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stages_ms: Option<StageLatencies>,
    /// What left and why; pilot only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pilot: Option<PilotStatistics>,
    /// How the plans' lengths stand to the intended distribution; pilot only, and only if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<DriftStatus>,
    /// Published plans that failed the audit; pilot only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plans_unsafe: Option<u64>,
}

/// Scores of episodes and of the bound on the same starts.
#[derive(Clone, Debug)]
pub(crate) struct Scores {
    pub(crate) d4rl_normalised: bool,
    pub(crate) score: ScoreSummary,
    pub(crate) bound: f64,
    pub(crate) arrival_bound_secs: f64,
}

impl Scores {
    pub(crate) fn of(
        rules: &EpisodeRules,
        bound: &TimeOptimalBound,
        episodes: &[Episode],
        reports: &[EpisodeReport],
    ) -> Self {
        let best: Vec<f64> = episodes.iter().map(|episode| bound.best_return(rules, episode)).collect();
        let normalised = |total: f64, best: f64| {
            rules.normalised_score(total).unwrap_or(if best > 0.0 { 100.0 * total / best } else { 0.0 })
        };
        let scores: Vec<f64> =
            reports.iter().zip(&best).map(|(report, best)| normalised(report.total_reward, *best)).collect();
        let bounds: Vec<f64> = best.iter().map(|best| normalised(*best, *best)).collect();
        let least: f64 = episodes.iter().map(|episode| bound.least_secs(&episode.start)).sum();
        Self {
            d4rl_normalised: rules.reference.is_some(),
            score: ScoreSummary::of(&scores),
            bound: ScoreSummary::of(&bounds).mean,
            arrival_bound_secs: least / episodes.len().max(1) as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_the_textbooks() {
        let summary = ScoreSummary::of(&[1.0, 2.0, 3.0, 4.0]);
        let half = 1.96 * (5.0_f64 / 3.0 / 4.0).sqrt();
        assert!((summary.mean - 2.5).abs() < 1e-12 && (summary.high - 2.5 - half).abs() < 1e-12);
        assert_eq!(ScoreSummary::of(&[]).mean, 0.0);
    }
}
