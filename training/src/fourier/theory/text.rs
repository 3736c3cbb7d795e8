//! The figures for people.

use super::{FitRange, NoiseMeasure, ScalingFit, Theory};
use crate::fourier::Noise;

impl FitRange {
    /// Short name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::NearHalf => "N near m/2",
            Self::Widest => "widest Gaussian",
            Self::Few => "few N, many bins",
        }
    }
}

impl NoiseMeasure {
    /// Name in tables.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Smoothness => "smoothness",
            Self::SpectralEntropy => "spectral entropy",
        }
    }
}

impl Noise {
    /// Name in tables.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Brown => "brown",
            Self::Pink => "pink",
            Self::White => "white",
            Self::Blue => "blue",
        }
    }
}

/// `yes` or `no`.
pub(super) fn yes(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

/// The first few of a list, and how many there are.
pub(super) fn listed(numbers: &[usize]) -> String {
    let shown: Vec<String> = numbers.iter().take(8).map(usize::to_string).collect();
    match numbers.len() {
        0 => "never".to_owned(),
        count if count > shown.len() => format!("at {}, .. ({count} times)", shown.join(", ")),
        _ => format!("at {}", shown.join(", ")),
    }
}

/// All tables as plain text.
pub fn text(theory: &Theory) -> String {
    let mut lines = vec![format!(
        "{:<2} {:<5} {:<17} {:<9} {:<8} {:<8} {:<8} {:<9} 2t-1",
        "t", "bins", "fitted", "N", "exponent", "expected", "error", "within 5%"
    )];
    lines.extend(theory.fits.iter().map(|one: &ScalingFit| {
        let range = format!("{}-{}", one.fit.from_frequencies, one.fit.to_frequencies);
        format!(
            "{:<2} {:<5} {:<17} {range:<9} {:<8.3} {:<8} {:<8} {:<9} {}",
            one.decay,
            one.bins,
            one.range.name(),
            one.fit.exponent,
            one.fit.expected,
            format!("{:+.1}%", 100.0 * one.relative_error),
            yes(one.within_5_percent),
            one.theorem
        )
    }));
    lines.push(String::new());
    lines.push(format!("{:<6} {:<17} {:<16} {:<16} within one deviation", "noise", "measure", "measured", "published"));
    lines.extend(theory.noise.iter().map(|one| {
        let cell = |mean: f64, sd: f64| format!("{mean:.4} ± {sd:.4}");
        let (measured, published) = (cell(one.mean, one.sd), cell(one.published, one.published_sd));
        let (noise, measure, within) = (one.noise.name(), one.measure.name(), yes(one.within_one_sd));
        format!("{noise:<6} {measure:<17} {measured:<16} {published:<16} {within}")
    }));
    lines.push(String::new());
    lines.push(format!("square waves of 1 to {} sine waves over {} bins", theory.square_waves.len(), theory.wave_bins));
    lines.push(format!("smoothness (L2) falls with a wave more: {}", listed(&theory.falls)));
    lines.push(format!("smoothness (L1) falls with a wave more: {}", listed(&theory.falls_l1)));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(listed(&[]), "never");
        assert_eq!(listed(&[81, 83]), "at 81, 83");
        assert_eq!(listed(&(1..=20).collect::<Vec<_>>()), "at 1, 2, 3, 4, 5, 6, 7, 8, .. (20 times)");
    }
}
