//! Statistics of message arrivals: mean and longest gap.

use super::OdometryLimits;
use std::time::Instant;

/// Longest silence before a rate is known, seconds.
const FIRST_SILENCE_SECS: f64 = 1.0;

/// Gaps before the mean is good enough to call one of them jitter.
const WARM_UP: u64 = 10;
/// Share of a new gap in the mean, once warm.
const WEIGHT: f64 = 1.0 / 32.0;

/// Gaps between arrivals.
#[derive(Clone, Debug, Default)]
pub(super) struct ArrivalStats {
    last: Option<Instant>,
    gaps: u64,
    mean_gap_secs: f64,
    worst_gap_secs: f64,
}

/// An unusual gap.
pub(super) struct UnusualGap {
    pub(super) gap_secs: f64,
    pub(super) mean_gap_secs: f64,
}

impl ArrivalStats {
    pub(super) fn record(&mut self, received: Instant, limits: &OdometryLimits) -> Option<UnusualGap> {
        let gap_secs = received.saturating_duration_since(self.last.replace(received)?).as_secs_f64();
        self.worst_gap_secs = self.worst_gap_secs.max(gap_secs);
        self.gaps += 1;
        let mean_gap_secs = self.mean_gap_secs;
        let usual_secs = limits.jitter_factor * mean_gap_secs;
        let unusual = self.gaps > WARM_UP && !(gap_secs <= usual_secs);
        // A pause is no rate: it counts only as far as it was no stop. (`max` and `min` drop a NaN.)
        let counted = if unusual { gap_secs.min(usual_secs.max(limits.max_age_secs)) } else { gap_secs };
        self.mean_gap_secs += (counted - mean_gap_secs) * WEIGHT.max(1.0 / self.gaps as f64);
        unusual.then_some(UnusualGap { gap_secs, mean_gap_secs })
    }

    /// The silence on the monotonic clock that counts as a stop, seconds. Simulated time may pass slowly, so that it
    /// is measured against the rate of arrivals.
    pub(super) fn longest_silence_secs(&self, limits: &OdometryLimits) -> f64 {
        let usual_secs = if self.gaps > 0 { limits.silence_factor * self.mean_gap_secs } else { FIRST_SILENCE_SECS };
        usual_secs.max(limits.max_age_secs)
    }

    pub(super) fn mean_rate_hz(&self) -> Option<f64> {
        (self.mean_gap_secs > 0.0).then(|| 1.0 / self.mean_gap_secs)
    }

    pub(super) fn worst_gap_secs(&self) -> f64 {
        self.worst_gap_secs
    }
}
