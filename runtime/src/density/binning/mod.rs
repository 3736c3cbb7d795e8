//! The bins of one axis: values in its own unit <-> bins <-> places in [-1, 1].

use super::error::{self, DensityError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bins over a closed range of values, even ones or narrower in the middle.
///
/// As JSON `{"low": -1, "high": 1, "bins": 50}`, or with a dense middle
/// `{"low": -15, "high": 15, "bins": 4096, "dense": {"low": -1, "high": 10, "sparse_share": 0.2}}`.
///
/// A bin holds its lower edge; the last also its upper one. Encoding the centre of a bin gives that bin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "BinningJson", into = "BinningJson")]
#[schemars(with = "BinningJson")]
pub struct Binning {
    bins: usize,
    dense: Option<DenseMiddle>,
    /// Stretches of even bins, in order; each begins where the one before ends.
    stretches: Vec<Stretch>,
}

/// Where the narrow bins are, and how many are not among them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DenseMiddle {
    /// Lower end of the narrow bins.
    pub low: f64,
    /// Upper end of the narrow bins.
    pub high: f64,
    /// Share of all bins that lies outside, split between the two sides by their length and rounded down; a side of
    /// any length gets at least one.
    pub sparse_share: f64,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Binning")]
struct BinningJson {
    /// Lower end of the first bin.
    low: f64,
    /// Upper end of the last bin.
    high: f64,
    /// Number of bins.
    bins: usize,
    /// Narrower bins in the middle; none = all bins are even.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dense: Option<DenseMiddle>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Stretch {
    low: f64,
    high: f64,
    /// Bins before it.
    first: usize,
    bins: usize,
}

impl Binning {
    /// More bins than this are a mistake.
    pub const MAX_BINS: usize = 65_536;

    /// Even bins.
    ///
    /// # Errors
    /// If there are no bins or too many, or no range.
    pub fn uniform(low: f64, high: f64, bins: usize) -> Result<Self, DensityError> {
        Self::new(low, high, bins, None)
    }

    /// Narrow bins in the middle and wide ones outside: mixed precision.
    ///
    /// # Errors
    /// If there are no bins or too many, the limits are none, or a stretch would be left without a bin.
    pub fn mixed(low: f64, high: f64, bins: usize, dense: DenseMiddle) -> Result<Self, DensityError> {
        Self::new(low, high, bins, Some(dense))
    }

    /// Mixed precision with limits chosen from values: the range is theirs, and the middle holds all but
    /// `sparse_share` of them, half of that on either side. So bins inside and outside hold about as many values each.
    ///
    /// The bins are even where that gains nothing: the middle is a point, or its bins would not be a tenth narrower than
    /// even ones (values that are spread evenly, or gather at the ends). Values that are all the same get even bins over one unit about them.
    ///
    /// # Errors
    /// If there is no value, one is not finite, there are no bins or too many, or the share is not between 0 and 1.
    pub fn mixed_from_data(values: &[f64], bins: usize, sparse_share: f64) -> Result<Self, DensityError> {
        error::finite("values", values.iter().copied())?;
        if !(sparse_share > 0.0 && sparse_share < 1.0) {
            return Err(DensityError::Limits { problem: format!("a sparse share of {sparse_share}") });
        }
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (Some(&low), Some(&high)) = (sorted.first(), sorted.last()) else {
            return Err(DensityError::NoValues);
        };
        if low == high {
            return Self::uniform(low - 0.5, low + 0.5, bins);
        }
        let dense = DenseMiddle {
            low: quantile(&sorted, 0.5 * sparse_share),
            high: quantile(&sorted, 1.0 - 0.5 * sparse_share),
            sparse_share,
        };
        let even = (high - low) / bins as f64;
        match Self::mixed(low, high, bins, dense) {
            Ok(mixed) if mixed.dense_width().is_some_and(|width| width < 0.9 * even) => Ok(mixed),
            _ => Self::uniform(low, high, bins),
        }
    }

    fn new(low: f64, high: f64, bins: usize, dense: Option<DenseMiddle>) -> Result<Self, DensityError> {
        if !(1..=Self::MAX_BINS).contains(&bins) {
            return Err(DensityError::Bins { got: bins });
        }
        let wrong = |problem: String| DensityError::Limits { problem };
        if !(low < high && (high - low).is_finite()) {
            return Err(wrong(format!("{low} to {high}")));
        }
        let mut stretches = Vec::with_capacity(3);
        match dense {
            None => stretches.push(Stretch { low, high, first: 0, bins }),
            Some(dense) => {
                let share = dense.sparse_share;
                if !(low <= dense.low && dense.low < dense.high && dense.high <= high) {
                    return Err(wrong(format!("{low} to {high} with {} to {} dense", dense.low, dense.high)));
                }
                if !((0.0..1.0).contains(&share)) {
                    return Err(wrong(format!("a sparse share of {share}")));
                }
                let sparse = (share * bins as f64).floor();
                let lengths = [dense.low - low, high - dense.high];
                let [left, right] = lengths.map(|length| {
                    let even = (sparse * (length / (lengths[0] + lengths[1]))).floor();
                    if length > 0.0 { (even as usize).max(1) } else { 0 }
                });
                let Some(middle) = bins.checked_sub(left + right).filter(|middle| *middle > 0) else {
                    return Err(wrong(format!("{bins} bins, of which {} sparse", left + right)));
                };
                let all = [
                    Stretch { low, high: dense.low, first: 0, bins: left },
                    Stretch { low: dense.low, high: dense.high, first: left, bins: middle },
                    Stretch { low: dense.high, high, first: left + middle, bins: right },
                ];
                stretches.extend(all.into_iter().filter(|stretch| stretch.bins > 0));
            }
        }
        let binning = Self { bins, dense, stretches };
        // Bins too narrow for their numbers to be distinct would not decode to what was encoded.
        if let Some(stretch) = binning.stretches.iter().find(|stretch| !stretch.resolved()) {
            return Err(wrong(format!("{} bins from {} to {}", stretch.bins, stretch.low, stretch.high)));
        }
        Ok(binning)
    }

    /// Number of bins.
    pub fn bins(&self) -> usize {
        self.bins
    }

    /// Lower end of the first bin.
    pub fn low(&self) -> f64 {
        self.stretches.first().map_or(f64::NAN, |stretch| stretch.low)
    }

    /// Upper end of the last bin.
    pub fn high(&self) -> f64 {
        self.stretches.last().map_or(f64::NAN, |stretch| stretch.high)
    }

    /// The dense middle; none if all bins are even.
    pub fn dense(&self) -> Option<DenseMiddle> {
        self.dense
    }

    /// Number of bins in each stretch of even ones, from low to high.
    pub fn stretch_bins(&self) -> impl ExactSizeIterator<Item = usize> + '_ {
        self.stretches.iter().map(|stretch| stretch.bins)
    }

    /// The edges of all bins, one more than there are bins.
    pub fn edges(&self) -> Vec<f64> {
        let inner = self.stretches.iter().flat_map(|stretch| (0..stretch.bins).map(|bin| stretch.at(bin as f64)));
        inner.chain([self.high()]).collect()
    }

    /// The centres of all bins.
    pub fn centres(&self) -> Vec<f64> {
        self.stretches.iter().flat_map(|stretch| (0..stretch.bins).map(|bin| stretch.at(bin as f64 + 0.5))).collect()
    }

    /// The bin that holds a value.
    ///
    /// # Errors
    /// If the value is outside the range or NaN.
    pub fn encode(&self, value: f64) -> Result<usize, DensityError> {
        self.place(value).map(|(stretch, place)| stretch.first + (place as usize).min(stretch.bins - 1))
    }

    /// The bin that holds a value, or the one at the end beyond which it lies.
    ///
    /// # Errors
    /// If the value is NaN.
    pub fn encode_clamped(&self, value: f64) -> Result<usize, DensityError> {
        self.encode(value.clamp(self.low(), self.high()))
    }

    /// The centre of a bin.
    ///
    /// # Errors
    /// If there is no such bin.
    pub fn decode(&self, bin: usize) -> Result<f64, DensityError> {
        self.stretches
            .iter()
            .find(|stretch| bin >= stretch.first && bin - stretch.first < stretch.bins)
            .map(|stretch| stretch.at((bin - stretch.first) as f64 + 0.5))
            .ok_or(DensityError::NoSuchBin { bins: self.bins, bin })
    }

    /// A value's place in [-1, 1], where every bin is as wide as every other: what a head over the bins describes.
    /// Continuous, rising, linear within a stretch; the centre of a bin goes to its centre there.
    ///
    /// # Errors
    /// If the value is outside the range or NaN.
    pub fn to_unit(&self, value: f64) -> Result<f64, DensityError> {
        self.place(value).map(|(stretch, place)| 2.0 * (stretch.first as f64 + place) / self.bins as f64 - 1.0)
    }

    /// The value at a place in [-1, 1].
    ///
    /// # Errors
    /// If the place is outside [-1, 1] or NaN.
    pub fn from_unit(&self, unit: f64) -> Result<f64, DensityError> {
        let outside = || DensityError::OutOfRange { low: -1.0, high: 1.0, value: unit };
        if !(unit.abs() <= 1.0) {
            return Err(outside());
        }
        let place = 0.5 * (unit + 1.0) * self.bins as f64;
        let stretch = self.stretches.iter().rfind(|stretch| place >= stretch.first as f64).ok_or_else(outside)?;
        Ok(stretch.at(place - stretch.first as f64))
    }

    /// The stretch that holds a value, and how many of its bins lie below the value.
    fn place(&self, value: f64) -> Result<(Stretch, f64), DensityError> {
        let outside = || DensityError::OutOfRange { low: self.low(), high: self.high(), value };
        if !(value >= self.low() && value <= self.high()) {
            return Err(outside());
        }
        let stretch = self.stretches.iter().rfind(|stretch| value >= stretch.low).ok_or_else(outside)?;
        Ok((*stretch, stretch.place(value)))
    }

    fn dense_width(&self) -> Option<f64> {
        let dense = self.dense?;
        let stretch = self.stretches.iter().find(|stretch| stretch.low == dense.low)?;
        Some((stretch.high - stretch.low) / stretch.bins as f64)
    }
}

impl Stretch {
    /// How many bins lie below a value. Rises with the value: each of its steps does, rounding included.
    fn place(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low) * self.bins as f64
    }

    /// The value above so many bins; exactly the upper end above all.
    fn at(&self, place: f64) -> f64 {
        let share = place / self.bins as f64;
        if share >= 1.0 { self.high } else { (self.low + share * (self.high - self.low)).min(self.high) }
    }

    /// Whether every centre is in its own bin, judged by how coarse numbers of this size are.
    fn resolved(&self) -> bool {
        let width = (self.high - self.low) / self.bins as f64;
        width > 16.0 * f64::EPSILON * self.low.abs().max(self.high.abs())
            && width > 16.0 * f64::EPSILON * (self.high - self.low)
    }
}

/// A quantile of sorted values, linear between them.
fn quantile(sorted: &[f64], probability: f64) -> f64 {
    let place = probability * sorted.len().saturating_sub(1) as f64;
    let at = |index: usize| sorted.get(index).copied();
    let (below, above) = (at(place.floor() as usize), at(place.ceil() as usize));
    match (below, above) {
        (Some(below), Some(above)) => below + place.fract() * (above - below),
        _ => f64::NAN,
    }
}

impl TryFrom<BinningJson> for Binning {
    type Error = DensityError;

    fn try_from(json: BinningJson) -> Result<Self, DensityError> {
        Self::new(json.low, json.high, json.bins, json.dense)
    }
}

impl From<Binning> for BinningJson {
    fn from(binning: Binning) -> Self {
        Self { low: binning.low(), high: binning.high(), bins: binning.bins, dense: binning.dense }
    }
}

#[cfg(test)]
mod tests;
