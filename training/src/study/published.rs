//! Published values, beside which measured ones stand.

use super::table::spread;

/// A number to compare with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Published {
    /// Mean.
    pub mean: f64,
    /// Standard deviation, where it is published.
    pub sd: Option<f64>,
    /// Which table or figure.
    pub source: &'static str,
}

impl Published {
    /// Distance of a measured mean in published standard deviations.
    pub fn off_by(&self, mean: f64) -> Option<f64> {
        Some((mean - self.mean) / self.sd?)
    }

    /// Whether a measured mean is within one published standard deviation; NaN is not.
    pub fn within_one_sd(&self, mean: f64) -> Option<bool> {
        Some((mean - self.mean).abs() <= self.sd?)
    }

    /// `0.1695 ± 0.0523` with so many decimals.
    pub fn text(&self, decimals: usize) -> String {
        spread(self.mean, self.sd, decimals)
    }
}
