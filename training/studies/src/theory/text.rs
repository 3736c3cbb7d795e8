//! The theory's figures as text tables.

use super::noise::Noise;
use super::report::tables;
use super::{FitRange, NoiseMeasure, TheoryResult};

impl FitRange {
    /// Name in tables and plots.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::NearHalf => "smoothness, N near m/2",
            Self::Widest => "term of the widest Gaussian",
            Self::Few => "smoothness, few N for many bins",
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
pub(super) fn text(theory: &TheoryResult) -> String {
    let [fits, noise] = tables(theory);
    format!(
        "{}\n\n{}\n\nsquare waves of 1 to {} sine waves over {} bins\n\
         smoothness (L2) falls with a wave more: {}\nsmoothness (L1) falls with a wave more: {}",
        fits.text(),
        noise.text(),
        theory.square_waves.len(),
        theory.wave_bins,
        listed(&theory.falls),
        listed(&theory.falls_l1)
    )
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
