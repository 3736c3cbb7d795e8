//! The theory's figures as text tables.

use super::noise::Noise;
use super::{FitRange, NoiseMeasure, TheoryResult};
use planwright_training::study::{Table, spread, yes};

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
    let mut fits = Table::new(["t", "bins", "fitted", "N", "exponent", "expected", "error", "within 5%", "2t-1"]);
    for one in &theory.fits {
        fits.row([
            one.decay.to_string(),
            one.bins.to_string(),
            one.range.name().to_owned(),
            format!("{}-{}", one.fit.from_frequencies, one.fit.to_frequencies),
            format!("{:.3}", one.fit.exponent),
            one.fit.expected.to_string(),
            format!("{:+.1}%", 100.0 * one.relative_error),
            yes(one.within_5_percent).to_owned(),
            one.theorem.to_string(),
        ]);
    }
    let mut noise = Table::new(["noise", "measure", "measured", "published", "within one deviation"]);
    for one in &theory.noise {
        noise.row([
            one.noise.name().to_owned(),
            one.measure.name().to_owned(),
            spread(one.mean, Some(one.sd), 4),
            spread(one.published, Some(one.published_sd), 4),
            yes(one.within_one_sd).to_owned(),
        ]);
    }
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
