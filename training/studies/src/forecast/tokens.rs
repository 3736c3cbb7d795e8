//! Values <-> tokens: divided by the context's mean magnitude, then binned; two tokens at the left end are no values.

use super::pool::mean_magnitude;
use super::settings::BinningKind;
use planwright::density::{Binning, DenseMiddle};
use planwright_training::study::StudyError;

/// Fills contexts that are shorter than the network's.
pub(super) const PAD: i64 = 0;
/// Ends contexts and horizons.
pub(super) const END: i64 = 1;
/// Tokens that are no values.
pub(super) const SPECIAL: i64 = 2;

/// Largest scaled value.
const LIMIT: f64 = 15.0;
/// Where mixed precision has its narrow bins, and which share of the bins is outside (published).
const DENSE: DenseMiddle = DenseMiddle { low: -1.0, high: 10.0, sparse_share: 0.2 };

/// Values of one series <-> tokens, given its scale.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tokeniser {
    binning: Binning,
}

impl Tokeniser {
    /// With `tokens` in all, the two special ones included.
    pub(super) fn new(kind: BinningKind, tokens: usize) -> Result<Self, StudyError> {
        let bins = tokens.saturating_sub(SPECIAL as usize);
        let binning = match kind {
            BinningKind::Mixed => Binning::mixed(-LIMIT, LIMIT, bins, DENSE)?,
            BinningKind::Uniform => Binning::uniform(-LIMIT, LIMIT, bins)?,
        };
        Ok(Self { binning })
    }

    /// What values of a series with this context are divided by.
    pub(super) fn scale(context: &[f64]) -> f64 {
        mean_magnitude(context)
    }

    /// The token of a value; values beyond the limits go to the bins at the ends.
    pub(super) fn encode(&self, value: f64, scale: f64) -> Result<i64, StudyError> {
        Ok(self.binning.encode_clamped(value / scale)? as i64 + SPECIAL)
    }

    /// The value of a token; an error for those that are none.
    pub(super) fn decode(&self, token: i64, scale: f64) -> Result<f64, StudyError> {
        // A special token's index wraps round to one that no binning has.
        let bin = usize::try_from(token - SPECIAL).unwrap_or(usize::MAX);
        Ok(self.binning.decode(bin)? * scale)
    }

    /// A context as the network takes it: padded on the left to `length`, then the end token.
    pub(super) fn context(&self, context: &[f64], scale: f64, length: usize) -> Result<Vec<i64>, StudyError> {
        let known = context.get(context.len().saturating_sub(length)..).unwrap_or_default();
        let mut tokens = vec![PAD; length - known.len()];
        for value in known {
            tokens.push(self.encode(*value, scale)?);
        }
        tokens.push(END);
        Ok(tokens)
    }

    /// What the network is to answer: the tokens of the future, then the end token.
    pub(super) fn labels(&self, future: &[f64], scale: f64) -> Result<Vec<i64>, StudyError> {
        let values = future.iter().map(|value| self.encode(*value, scale));
        values.chain([Ok(END)]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planwright::density::DensityError;

    #[test]
    fn tokens_round_trip_on_centres_and_within_half_a_bin() {
        for kind in [BinningKind::Mixed, BinningKind::Uniform] {
            let tokeniser = Tokeniser::new(kind, 4096).expect("a tokeniser");
            for token in SPECIAL..4096 {
                let value = tokeniser.decode(token, 1.0).expect("a value");
                assert_eq!(tokeniser.encode(value, 1.0).ok(), Some(token));
            }
            for value in [-14.9, -0.3, 0.0, 1.0, 9.9, 14.9] {
                let token = tokeniser.encode(value * 3.0, 3.0).expect("a token");
                let back = tokeniser.decode(token, 3.0).expect("a value");
                assert!((back - value * 3.0).abs() < 3.0 * 0.013, "{value}: {back}");
            }
            assert_eq!([tokeniser.encode(-1e9, 1.0).ok(), tokeniser.encode(1e9, 1.0).ok()], [Some(2), Some(4095)]);
            let nan = tokeniser.encode(f64::NAN, 1.0);
            assert!(matches!(nan, Err(StudyError::Density(DensityError::OutOfRange { .. }))), "{nan:?}");
            for token in [-1, PAD, END, 4096] {
                let refused = tokeniser.decode(token, 1.0);
                assert!(
                    matches!(refused, Err(StudyError::Density(DensityError::NoSuchBin { .. }))),
                    "{token}: {refused:?}"
                );
            }
        }
        let few = Tokeniser::new(BinningKind::Mixed, 3).map(|_| ());
        assert!(matches!(few, Err(StudyError::Density(DensityError::Limits { .. }))), "{few:?}");
    }

    #[test]
    fn mixed_bins_are_narrow_where_most_values_are() {
        let width = |kind| {
            let tokeniser = Tokeniser::new(kind, 4096).expect("a tokeniser");
            let token = tokeniser.encode(1.0, 1.0).expect("a token");
            tokeniser.decode(token + 1, 1.0).expect("a value") - tokeniser.decode(token, 1.0).expect("a value")
        };
        assert!((width(BinningKind::Uniform) - 30.0 / 4094.0).abs() < 1e-12);
        // 818 of 4094 bins may be sparse: 602 below and 215 above after rounding down.
        assert!((width(BinningKind::Mixed) - 11.0 / 3277.0).abs() < 1e-12);
    }

    #[test]
    fn contexts_are_padded_on_the_left_and_end_with_the_end() {
        let tokeniser = Tokeniser::new(BinningKind::Uniform, 32).expect("a tokeniser");
        let scale = Tokeniser::scale(&[1.0, -3.0]);
        assert_eq!(scale, 2.0);
        let tokens = tokeniser.context(&[1.0, -3.0], scale, 4).expect("tokens");
        assert_eq!((tokens.len(), tokens[0], tokens[1], tokens[4]), (5, PAD, PAD, END));
        assert_eq!(tokens[2], tokeniser.encode(1.0, 2.0).expect("a token"));
        let long = tokeniser.context(&[9.0, 1.0, -3.0], scale, 2).expect("tokens");
        assert_eq!(long[..2], tokens[2..4]);
        let labels = tokeniser.labels(&[1.0], scale).expect("tokens");
        assert_eq!(labels, [tokens[2], END]);
    }
}
