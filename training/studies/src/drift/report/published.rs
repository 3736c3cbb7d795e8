//! What the paper published (arXiv 2605.20299): the table of appendix C.2, the ablations of appendix F and the maze's
//! validity. Its tables 1 to 3 did not survive in the text at hand.

use super::results::{Source, Validity};

/// The five systems, in the paper's order.
pub const SYSTEMS: [&str; 5] = ["sinusoid", "tent", "logistic", "pendulum", "maze2d"];

/// Scales of table C.2, standard deviation in normalised coordinates: 0.0005 k^2.
pub const SCALES: [f64; 11] = [0.0, 0.0005, 0.002, 0.0045, 0.008, 0.0125, 0.018, 0.0245, 0.032, 0.0405, 0.05];

/// TV(prediction, model) at each of [`SCALES`]. Scale zero leaves the data as they are: TV(data, model).
const SWEEPS: [[f64; 11]; 5] = [
    [0.012, 0.012, 0.012, 0.012, 0.012, 0.012, 0.013, 0.015, 0.019, 0.023, 0.027],
    [0.159, 0.159, 0.159, 0.159, 0.151, 0.042, 0.030, 0.020, 0.019, 0.030, 0.038],
    [0.066, 0.066, 0.066, 0.042, 0.015, 0.017, 0.022, 0.025, 0.027, 0.030, 0.033],
    [0.163, 0.163, 0.163, 0.163, 0.160, 0.155, 0.139, 0.113, 0.077, 0.051, 0.133],
    [0.378, 0.376, 0.356, 0.245, 0.146, 0.031, 0.127, 0.176, 0.177, 0.123, 0.097],
];

/// One row of table F.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PublishedAblation {
    /// `H0` to `H10b`.
    pub hypothesis: &'static str,
    /// What was changed.
    pub experiment: &'static str,
    /// TV(data, prior).
    pub data: f64,
    /// TV(model, prior), if it survived.
    pub model: Option<f64>,
}

/// Table F, all on the tent map.
pub const ABLATIONS: [PublishedAblation; 19] = [
    row("H0", "baseline", 0.004, Some(0.186)),
    row("H1a", "posterior mean", 0.018, Some(0.208)),
    row("H1b", "absolute distance", 0.018, Some(0.183)),
    row("H1c", "posterior mean, absolute distance", 0.018, Some(0.183)),
    row("H2a", "quantity stratified by bins", 0.004, Some(0.191)),
    row("H3a", "fewer epochs", 0.018, Some(0.195)),
    row("H3b", "more epochs", 0.018, Some(0.178)),
    row("H3c", "other seeds", 0.016, None),
    row("H4a", "wider denoiser", 0.018, Some(0.190)),
    row("H5a", "larger kernel", 0.018, Some(0.194)),
    row("H5b", "MLP denoiser", 0.018, Some(0.449)),
    row("H6a", "fewer DDIM steps", 0.018, Some(0.204)),
    row("H7a", "clean-sample prediction", 0.018, Some(0.361)),
    row("H8a", "shorter trajectories", 0.018, Some(0.170)),
    row("H8b", "longer trajectories", 0.018, Some(0.197)),
    row("H9a", "autoregressive Transformer", 0.018, Some(0.368)),
    row("H9b", "VAE", 0.018, Some(0.950)),
    row("H10a", "lower interval", 0.015, Some(0.078)),
    row("H10b", "higher interval", 0.018, Some(0.227)),
];

const fn row(hypothesis: &'static str, experiment: &'static str, data: f64, model: Option<f64>) -> PublishedAblation {
    PublishedAblation { hypothesis, experiment, data, model }
}

/// Table F's row of a hypothesis.
pub fn ablation(hypothesis: &str) -> Option<&'static PublishedAblation> {
    ABLATIONS.iter().find(|row| row.hypothesis == hypothesis)
}

/// Table C.2 for a system: scale and TV(prediction, model).
pub fn sweep(system: &str) -> Option<[(f64, f64); 11]> {
    let column = SYSTEMS.iter().position(|name| *name == system).and_then(|place| SWEEPS.get(place))?;
    let mut pairs = [(0.0, 0.0); 11];
    for ((pair, scale), distance) in pairs.iter_mut().zip(SCALES).zip(column) {
        *pair = (scale, *distance);
    }
    Some(pairs)
}

/// Table C.2 at one scale.
pub fn tv_prediction_model(system: &str, scale: f64) -> Option<f64> {
    sweep(system)?.into_iter().find(|(published, _)| same_scale(*published, scale)).map(|(_, distance)| distance)
}

/// The smallest TV(prediction, model) of table C.2.
pub fn best_tv_prediction_model(system: &str) -> Option<f64> {
    sweep(system)?.into_iter().map(|(_, distance)| distance).reduce(f64::min)
}

/// Whether two scales are the same row of the table.
pub(super) fn same_scale(left: f64, right: f64) -> bool {
    (left - right).abs() < 1e-7
}

/// Maze validity of a source.
pub fn validity(source: Source) -> Validity {
    let (nearest, occupancy) = match source {
        Source::Data => (0.053, 0.728),
        Source::Baseline => (0.047, 0.153),
        Source::Transform => (0.054, 0.792),
    };
    Validity { median_step: Some(0.034), nearest_data_distance: Some(nearest), occupancy: Some(occupancy) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn column_minima_are_the_published_best() {
        let best = SYSTEMS.map(|system| best_tv_prediction_model(system).expect("a published system"));
        assert_eq!(best, [0.012, 0.019, 0.015, 0.051, 0.031]);
        assert_eq!(tv_prediction_model("tent", 0.032), Some(0.019));
        assert_eq!(tv_prediction_model("tent", 0.033), None);
        assert_eq!(tv_prediction_model("cart", 0.032), None);
    }

    #[test]
    fn scales_are_squares() {
        for (k, scale) in SCALES.iter().enumerate() {
            assert!(same_scale(*scale, 0.0005 * (k * k) as f64), "{k}");
        }
        assert_eq!(ablation("H9b").map(|row| row.model), Some(Some(0.95)));
        assert_eq!(ablation("H11"), None);
    }
}
