//! The published experiments, one folder each, on the framework of [`planwright_training::study`].
//!
//! * [`drift`]: the drift of a physical quantity, its prediction and its mitigation;
//! * [`ablation`]: the same on the tent map with one thing changed at a time;
//! * [`theory`]: scaling law of the Fourier head's smoothness, coloured noise, square waves (theorem 2.2.3, table A1);
//! * [`known_densities`]: heads fitted to three known distributions (tables 2.1, A2 to A4);
//! * [`policy`]: linear against Fourier heads on maze policies;
//! * [`numbers`]: a small model that samples Gaussian numbers (figures 2.3 and A23);
//! * [`forecast`]: heads over thousands of tokens, in a network that forecasts series (table A5).

pub mod ablation;
#[cfg(test)]
mod conformance;
pub mod drift;
pub mod forecast;
pub mod known_densities;
pub mod numbers;
pub mod policy;
pub mod theory;

use planwright_training::study::{Document, Registry};

/// All studies: a new one is one line here.
pub const REGISTRY: Registry = Registry {
    studies: &[
        &drift::Drift,
        &ablation::Ablations,
        &theory::Theory,
        &known_densities::KnownDensities,
        &policy::Policy,
        &numbers::Numbers,
        &forecast::Forecast,
    ],
    documents: &[Document {
        name: "heads",
        about: "All experiments on heads, as docs/fourier",
        title: "Fourier heads: what was measured",
        opening: "Written by `planwright-study report heads` from the results of the commands below; with `--run` it \
            makes what is missing first. Published figures are those of the thesis (chapter 2, appendices A.8 to \
            A.11). Seeds stand with the tables; all of it ran on two shared x86-64 cores.",
        folder: "docs/fourier",
        studies: &["theory", "known_densities", "policy", "forecast", "numbers"],
    }],
    tools: &[&drift::Predict, &drift::Release],
};
