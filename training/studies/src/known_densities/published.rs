//! Published cells. Deviations of KL, MSE and perplexity are over the four published seeds, those of smoothness over
//! all distributions of all seeds. Figures A19 print no numbers: theirs are means of the released result files.

use super::settings::{Dataset, Task, ToyHead};

/// A number to compare with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PublishedCell {
    /// Mean.
    pub mean: f64,
    /// Deviation, where it is published.
    pub sd: Option<f64>,
    /// Which table or figure.
    pub source: &'static str,
}

type Cell = (f64, f64);

/// KL, MSE and smoothness of tables 2.1, A2 and A3, by data set, to the digits of the released results.
const LINEAR: [[Cell; 3]; 3] = [
    [(0.1695, 0.0523), (0.0106, 0.0009), (0.1162, 0.0497)],
    [(0.2376, 0.0318), (0.1265, 0.0043), (0.0680, 0.0224)],
    [(0.2342, 0.0316), (0.2758, 0.0083), (0.1274, 0.0442)],
];
const MIXTURE: [[Cell; 3]; 3] = [
    [(0.0260, 0.0110), (0.0104, 0.0010), (0.0678, 0.0119)],
    [(0.0300, 0.0055), (0.1198, 0.0035), (0.0425, 0.0093)],
    [(0.4070, 0.0116), (0.2733, 0.0090), (0.0607, 0.0032)],
];
const FOURIER: [[Cell; 3]; 3] = [
    [(0.1163, 0.0433), (0.0124, 0.0009), (0.0569, 0.0113)],
    [(0.1459, 0.0328), (0.1229, 0.0049), (0.0376, 0.0067)],
    [(0.1914, 0.0163), (0.2749, 0.0080), (0.0765, 0.0214)],
];
/// MSE of the regression (table A3), as printed.
const REGRESSION: [Cell; 3] = [(0.010, 0.001), (0.121, 0.004), (0.275, 0.009)];
/// Table A3 prints the likeliest bin's error here, and the expected bin's everywhere else.
const LINEAR_GAUSSIAN_ARGMAX: Cell = (0.0126, 0.001);

/// KL and perplexity of table A4, as printed.
const MIXTURE_VALUES: [[Cell; 2]; 3] =
    [[(0.012, 0.002), (0.410, 0.014)], [(0.018, 0.001), (0.702, 0.015)], [(0.257, 0.03), (0.623, 0.035)]];
const FOURIER_VALUES: [[Cell; 2]; 3] =
    [[(0.034, 0.003), (0.422, 0.019)], [(0.072, 0.005), (0.740, 0.014)], [(0.130, 0.005), (0.542, 0.017)]];

/// Figure A19, frequencies 2, 4, .., 20.
const SWEEP_KL: [[f64; 10]; 3] = [
    [0.5627, 0.1972, 0.0952, 0.1004, 0.0978, 0.1163, 0.0873, 0.1331, 0.0868, 0.1125],
    [0.3848, 0.1738, 0.1289, 0.1406, 0.1612, 0.1459, 0.2105, 0.2053, 0.1955, 0.1689],
    [0.8474, 0.5480, 0.3831, 0.2822, 0.2249, 0.1914, 0.1722, 0.1589, 0.1671, 0.1694],
];
const SWEEP_SMOOTHNESS: [[f64; 10]; 3] = [
    [0.01695, 0.03539, 0.04898, 0.05348, 0.05479, 0.05685, 0.05833, 0.05257, 0.06097, 0.05913],
    [0.01555, 0.02692, 0.03437, 0.03530, 0.03458, 0.03760, 0.03510, 0.03821, 0.03900, 0.04306],
    [0.01616, 0.02896, 0.04211, 0.05514, 0.06687, 0.07649, 0.08607, 0.09299, 0.09577, 0.09823],
];
/// The same with gamma = 1e-6.
const SWEEP_KL_PENALISED: [[f64; 10]; 3] = [
    [0.5617, 0.2071, 0.1208, 0.1034, 0.1141, 0.1239, 0.1297, 0.1118, 0.1134, 0.1309],
    [0.3886, 0.1897, 0.1876, 0.1544, 0.1700, 0.1712, 0.1521, 0.2274, 0.1502, 0.2283],
    [0.8743, 0.5576, 0.3774, 0.2874, 0.2323, 0.1933, 0.1834, 0.1807, 0.1706, 0.1718],
];

/// Names of the metrics.
pub(super) const METRICS: [&str; 5] = ["kl", "mse", "mse_argmax", "smoothness", "perplexity"];

/// The published cell of a metric (`kl`, `mse`, `mse_argmax`, `smoothness` or `perplexity`), if there is one.
pub fn published(task: Task, dataset: Dataset, head: &ToyHead, metric: &str) -> Option<PublishedCell> {
    let place = Dataset::ALL.iter().position(|other| *other == dataset)?;
    let cell = |(mean, sd): Cell, source| Some(PublishedCell { mean, sd: Some(sd), source });
    let column = |names: &[&str]| names.iter().position(|name| *name == metric);
    if task == Task::Values {
        let table = match head {
            ToyHead::Mixture {} => MIXTURE_VALUES,
            head if *head == ToyHead::TABLE => FOURIER_VALUES,
            _ => return None,
        };
        return cell(*table.get(place)?.get(column(&["kl", "perplexity"])?)?, "table A4");
    }
    let table = match head {
        ToyHead::Linear {} if metric == "mse_argmax" && dataset == Dataset::Gaussian => {
            return cell(LINEAR_GAUSSIAN_ARGMAX, "table A3");
        }
        ToyHead::Regression {} => {
            return if metric == "mse" { cell(*REGRESSION.get(place)?, "table A3") } else { None };
        }
        ToyHead::Linear {} => LINEAR,
        ToyHead::Mixture {} => MIXTURE,
        head if *head == ToyHead::TABLE => FOURIER,
        ToyHead::Fourier { frequencies, regularisation } => return swept(place, *frequencies, *regularisation, metric),
    };
    let source = if metric == "mse" { "table A3" } else { "table A2" };
    cell(*table.get(place)?.get(column(&["kl", "mse", "smoothness"])?)?, source)
}

fn swept(dataset: usize, frequencies: usize, regularisation: f64, metric: &str) -> Option<PublishedCell> {
    let table = match metric {
        "kl" if regularisation == 0.0 => SWEEP_KL,
        "kl" if regularisation == 1e-6 => SWEEP_KL_PENALISED,
        "smoothness" if regularisation == 0.0 => SWEEP_SMOOTHNESS,
        _ => return None,
    };
    if !frequencies.is_multiple_of(2) {
        return None;
    }
    let mean = *table.get(dataset)?.get((frequencies / 2).checked_sub(1)?)?;
    Some(PublishedCell { mean, sd: None, source: "figure A19" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_found_by_data_set_head_and_metric() {
        let bins = |dataset, head: &ToyHead, metric| published(Task::Bins, dataset, head, metric).map(|cell| cell.mean);
        let sweep = |frequencies, regularisation| ToyHead::Fourier { frequencies, regularisation };
        assert_eq!(bins(Dataset::Gmm2, &ToyHead::TABLE, "kl"), Some(0.1459));
        assert_eq!(bins(Dataset::Beta, &ToyHead::Mixture {}, "smoothness"), Some(0.0607));
        assert_eq!(bins(Dataset::Gaussian, &ToyHead::Linear {}, "mse_argmax"), Some(0.0126));
        assert_eq!(bins(Dataset::Beta, &ToyHead::Linear {}, "mse_argmax"), None);
        assert_eq!(bins(Dataset::Gmm2, &ToyHead::Regression {}, "mse"), Some(0.121));
        assert_eq!(bins(Dataset::Gmm2, &ToyHead::Regression {}, "kl"), None);
        assert_eq!(bins(Dataset::Beta, &sweep(20, 0.0), "kl"), Some(0.1694));
        assert_eq!(bins(Dataset::Beta, &sweep(2, 1e-6), "kl"), Some(0.8743));
        assert_eq!(bins(Dataset::Beta, &sweep(2, 1e-6), "smoothness"), None);
        assert_eq!(bins(Dataset::Beta, &sweep(22, 0.0), "kl"), None);
        assert_eq!(bins(Dataset::Beta, &sweep(3, 0.0), "kl"), None);
        let values = |head: &ToyHead, metric| published(Task::Values, Dataset::Beta, head, metric);
        assert_eq!(values(&ToyHead::TABLE, "perplexity").map(|cell| cell.mean), Some(0.542));
        assert_eq!(values(&ToyHead::Mixture {}, "kl").and_then(|cell| cell.sd), Some(0.03));
        assert_eq!(values(&ToyHead::TABLE, "mse"), None);
    }

    /// The tables and the figure are of the same runs.
    #[test]
    fn twelve_frequencies_have_the_same_mean_in_tables_and_figure() {
        for (place, row) in FOURIER.iter().enumerate() {
            assert_eq!(swept(place, 12, 0.0, "kl").map(|cell| cell.mean), Some(row[0].0));
            let smoothness = swept(place, 12, 0.0, "smoothness").map_or(f64::NAN, |cell| cell.mean);
            assert!((smoothness - row[2].0).abs() < 1e-4, "{smoothness} {row:?}");
        }
    }
}
