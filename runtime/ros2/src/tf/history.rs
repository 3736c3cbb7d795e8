//! Time series of one edge's transform.

use super::Transform;
use crate::time::RosTime;
use std::collections::VecDeque;

/// One sample: `parent_from_child` at a time.
#[derive(Clone, Copy, Debug)]
struct Sample {
    stamp: RosTime,
    transform: Transform,
}

/// Samples sorted by time, bounded in span and number.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    samples: VecDeque<Sample>,
}

/// What became of a sample.
pub(super) enum Recorded {
    Added,
    /// There was one with the same stamp.
    Replaced,
    /// Older than what is kept: dropped. Holds its age against the newest, seconds.
    Old {
        age_secs: f64,
    },
}

/// The samples around a time.
pub(super) enum Sampled {
    At(Transform),
    Before { oldest: RosTime },
    After { newest: RosTime },
    Empty,
}

impl History {
    pub(super) fn newest(&self) -> Option<RosTime> {
        self.samples.back().map(|sample| sample.stamp)
    }

    pub(super) fn len(&self) -> usize {
        self.samples.len()
    }

    /// Keeps samples of the last `span_secs` before the newest, at most `max_samples` and at least the newest.
    pub(super) fn record(
        &mut self,
        stamp: RosTime,
        transform: Transform,
        span_secs: f64,
        max_samples: usize,
    ) -> Recorded {
        let age_secs = self.newest().map_or(0.0, |newest| newest.since(stamp));
        if age_secs > 0.0 && !(age_secs <= span_secs) {
            return Recorded::Old { age_secs };
        }
        let index = self.samples.partition_point(|sample| sample.stamp < stamp);
        if let Some(same) = self.samples.get_mut(index).filter(|sample| sample.stamp == stamp) {
            same.transform = transform;
            return Recorded::Replaced;
        }
        if index == 0 && self.samples.len() >= max_samples.max(1) {
            return Recorded::Old { age_secs };
        }
        self.samples.insert(index, Sample { stamp, transform });
        let newest = self.newest().unwrap_or(stamp);
        while self.samples.len() > max_samples.max(1)
            || self
                .samples
                .front()
                .is_some_and(|oldest| oldest.stamp < newest && !(newest.since(oldest.stamp) <= span_secs))
        {
            self.samples.pop_front();
        }
        Recorded::Added
    }

    /// Makes a sample the only one.
    pub(super) fn replace(&mut self, stamp: RosTime, transform: Transform) {
        self.samples.clear();
        // Static transforms are many, and never more than one sample.
        self.samples.reserve_exact(1);
        self.samples.push_back(Sample { stamp, transform });
    }

    pub(super) fn latest(&self) -> Option<Transform> {
        self.samples.back().map(|sample| sample.transform)
    }

    /// Exact at a sample, interpolated between two.
    pub(super) fn at(&self, time: RosTime) -> Sampled {
        let index = self.samples.partition_point(|sample| sample.stamp < time);
        let before = index.checked_sub(1).and_then(|previous| self.samples.get(previous));
        match (before, self.samples.get(index)) {
            (_, Some(after)) if after.stamp == time => Sampled::At(after.transform),
            (Some(before), Some(after)) => {
                let share = time.since(before.stamp) / after.stamp.since(before.stamp);
                Sampled::At(before.transform.interpolate(after.transform, share))
            }
            (None, Some(first)) => Sampled::Before { oldest: first.stamp },
            (Some(last), None) => Sampled::After { newest: last.stamp },
            (None, None) => Sampled::Empty,
        }
    }
}
