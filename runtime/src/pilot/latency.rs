//! Latency histograms in bounded memory.

use serde::Serialize;
use std::time::Duration;

/// Buckets per octave: a quantile is off by at most 2.2%.
const PER_OCTAVE: f64 = 32.0;
/// From 64 ns to 18 minutes.
const OCTAVES: usize = 34;
const LEAST_NANOS: f64 = 64.0;

/// A histogram of durations with logarithmic buckets. Recording neither allocates nor fails.
#[derive(Clone, Debug)]
pub struct Latencies {
    buckets: Vec<u64>,
    count: u64,
    max: Duration,
    last: Duration,
    sum: Duration,
}

/// Quantiles of a stage, milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct LatencySummary {
    /// Median.
    pub p50: f64,
    /// 99% quantile.
    pub p99: f64,
    /// Largest.
    pub max: f64,
    /// Number of values.
    pub count: u64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self::new()
    }
}

impl Latencies {
    /// Empty.
    pub fn new() -> Self {
        let buckets = vec![0; OCTAVES * PER_OCTAVE as usize];
        Self { buckets, count: 0, max: Duration::ZERO, last: Duration::ZERO, sum: Duration::ZERO }
    }

    /// Adds one.
    pub fn record(&mut self, duration: Duration) {
        let octaves = (duration.as_nanos() as f64 / LEAST_NANOS).max(1.0).log2();
        let index = ((octaves * PER_OCTAVE) as usize).min(self.buckets.len() - 1);
        if let Some(bucket) = self.buckets.get_mut(index) {
            *bucket += 1;
        }
        self.count += 1;
        self.max = self.max.max(duration);
        self.last = duration;
        self.sum += duration;
    }

    /// The last one recorded, seconds.
    pub fn last_secs(&self) -> f64 {
        self.last.as_secs_f64()
    }

    /// Mean, milliseconds.
    pub fn mean_ms(&self) -> f64 {
        self.sum.as_secs_f64() * 1e3 / self.count.max(1) as f64
    }

    fn quantile_ms(&self, share: f64) -> f64 {
        let rank = (share * self.count as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (index, bucket) in self.buckets.iter().enumerate() {
            seen += bucket;
            if seen >= rank {
                let nanos = LEAST_NANOS * ((index as f64 + 0.5) / PER_OCTAVE).exp2();
                return (nanos * 1e-6).min(self.max.as_secs_f64() * 1e3);
            }
        }
        0.0
    }

    /// Median, 99% quantile and maximum so far.
    pub fn summary(&self) -> LatencySummary {
        LatencySummary {
            p50: self.quantile_ms(0.5),
            p99: self.quantile_ms(0.99),
            max: self.max.as_secs_f64() * 1e3,
            count: self.count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_a_few_percent() {
        let mut latencies = Latencies::new();
        for micros in 1..=1000 {
            latencies.record(Duration::from_micros(micros));
        }
        let summary = latencies.summary();
        assert!((summary.p50 - 0.5).abs() < 0.015 && (summary.p99 - 0.99).abs() < 0.03, "{summary:?}");
        assert_eq!((summary.max, summary.count), (1.0, 1000));
        assert_eq!(Latencies::new().summary(), LatencySummary::default());
    }
}
