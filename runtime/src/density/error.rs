//! Errors of distributions: construction, inputs, queries.

/// Why a distribution cannot be made or queried.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DensityError {
    /// No frequencies, or more than a head can have.
    #[error("expected between 1 and {max} frequencies, got {got}", max = super::FourierDensity::MAX_FREQUENCIES)]
    Frequencies {
        /// How many.
        got: usize,
    },
    /// No bins, or more than an axis can have.
    #[error("expected between 1 and {max} bins, got {got}", max = super::Binning::MAX_BINS)]
    Bins {
        /// How many.
        got: usize,
    },
    /// A slice of another length than the distribution needs.
    #[error("expected {expected} {what}, got {got}")]
    Count {
        /// What the values are.
        what: &'static str,
        /// How many are needed.
        expected: usize,
        /// How many came.
        got: usize,
    },
    /// A value that is NaN or infinite.
    #[error("expected finite {what}, got {value} as value {index}")]
    NotFinite {
        /// What the values are.
        what: &'static str,
        /// Its place.
        index: usize,
        /// The value.
        value: f64,
    },
    /// Coefficients without any power: the density would be 0 divided by 0.
    #[error(
        "expected coefficients whose squares have a normal sum above 0, got a sum of {power}\nhint: the head has collapsed or its weights were never loaded"
    )]
    NoPower {
        /// The sum of squares.
        power: f64,
    },
    /// Coefficients of a function that is no density.
    #[error("expected coefficients of a density, got one that is {density} at {position}")]
    Negative {
        /// Where, in [-1, 1].
        position: f64,
        /// Its value there.
        density: f64,
    },
    /// A probability that is none.
    #[error("expected a probability between 0 and 1, got {probability}")]
    Probability {
        /// What came.
        probability: f64,
    },
    /// Ends in the wrong order, or no numbers.
    #[error("expected an interval with low <= high, got {low} to {high}")]
    Interval {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// Frequencies that so few bins cannot tell apart.
    #[error(
        "expected at least {} bins for {frequencies} frequencies, got {bins}\nhint: bins resolve half as many waves",
        2 * .frequencies
    )]
    Aliased {
        /// Frequencies of the density.
        frequencies: usize,
        /// Requested bins.
        bins: usize,
    },
    /// A temperature that is negative or no number.
    #[error("expected a finite temperature of at least 0, got {temperature}")]
    Temperature {
        /// What came.
        temperature: f64,
    },
    /// Probabilities that are negative or do not sum to one.
    #[error("expected probabilities of at least 0 that sum to 1, got {problem}")]
    Pmf {
        /// What is wrong.
        problem: String,
    },
    /// A component of a mixture that is no Gaussian.
    #[error("expected components with std > 0 and weights of at least 0 with a sum above 0, got {problem}")]
    Component {
        /// What is wrong.
        problem: String,
    },
    /// Limits of an axis that are none.
    #[error("expected finite limits with low < high and low <= dense low < dense high <= high, got {problem}")]
    Limits {
        /// What is wrong.
        problem: String,
    },
    /// A value that no bin holds.
    #[error("expected a value between {low} and {high}, got {value}")]
    OutOfRange {
        /// Lower end of the first bin.
        low: f64,
        /// Upper end of the last bin.
        high: f64,
        /// The value.
        value: f64,
    },
    /// A bin that the axis does not have.
    #[error("expected a bin below {bins}, got {bin}")]
    NoSuchBin {
        /// How many there are.
        bins: usize,
        /// The requested one.
        bin: usize,
    },
    /// Nothing to choose limits from.
    #[error("expected at least one value to choose limits from, got none")]
    NoValues,
}

/// The first value that is NaN or infinite, as an error.
pub(super) fn finite(what: &'static str, values: impl IntoIterator<Item = f64>) -> Result<(), DensityError> {
    match values.into_iter().enumerate().find(|(_, value)| !value.is_finite()) {
        Some((index, value)) => Err(DensityError::NotFinite { what, index, value }),
        None => Ok(()),
    }
}

/// An error unless so many values came as are needed.
pub(super) fn count(what: &'static str, expected: usize, got: usize) -> Result<(), DensityError> {
    if expected == got { Ok(()) } else { Err(DensityError::Count { what, expected, got }) }
}

/// An error unless it is a probability.
pub(super) fn probability(probability: f64) -> Result<f64, DensityError> {
    if (0.0..=1.0).contains(&probability) { Ok(probability) } else { Err(DensityError::Probability { probability }) }
}

/// An error unless it is a temperature.
pub(super) fn temperature(temperature: f64) -> Result<f64, DensityError> {
    if temperature.is_finite() && temperature >= 0.0 {
        Ok(temperature)
    } else {
        Err(DensityError::Temperature { temperature })
    }
}

/// An error unless the ends are numbers in order.
pub(super) fn ordered(low: f64, high: f64) -> Result<(), DensityError> {
    if low <= high { Ok(()) } else { Err(DensityError::Interval { low, high }) }
}

/// An error unless these are probabilities that sum to one, as far as single precision can.
pub(super) fn pmf(values: &[f64]) -> Result<(), DensityError> {
    finite("probabilities", values.iter().copied())?;
    if let Some((index, value)) = values.iter().enumerate().find(|(_, value)| !(**value >= -NEGLIGIBLE)) {
        return Err(DensityError::Pmf { problem: format!("{value} as value {index}") });
    }
    let sum: f64 = values.iter().sum();
    if (sum - 1.0).abs() <= SUM_TOLERANCE {
        Ok(())
    } else {
        Err(DensityError::Pmf { problem: format!("{} values with a sum of {sum}", values.len()) })
    }
}

/// A network's probabilities in single precision, thousands of them, sum to one within this.
const SUM_TOLERANCE: f64 = 1e-3;

/// What rounding leaves below zero.
pub(super) const NEGLIGIBLE: f64 = 1e-9;
