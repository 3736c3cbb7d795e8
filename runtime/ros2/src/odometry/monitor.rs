//! The odometry monitor: classifies each message against those before it.

use super::arrival_stats::ArrivalStats;
use super::pose_estimate::{PoseEstimate, PoseTrack, Step};
use super::{OdometryLimits, OdometryOutcome, OdometryStatistics, OdometryStatus};
use crate::time::RosTime;
use std::time::Instant;

/// One message, as the monitor needs it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OdometrySample {
    /// When it arrived, on the monotonic clock.
    pub received: Instant,
    /// ROS time on arrival.
    pub now: RosTime,
    /// Stamp of the message.
    pub stamp: RosTime,
    /// Position in the odometry's frame, metres.
    pub position: [f64; 2],
    /// Orientation about z in the odometry's frame, radians: a robot that turns on the spot is not stuck.
    pub yaw_rad: f64,
    /// Linear speed that was last commanded, m/s, of either sign.
    pub commanded_speed_mps: f64,
}

/// When a message came, on both clocks.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    received: Instant,
    /// On the node's clock; its stamp, if that is later: between two ticks a simulated clock lags behind.
    at: RosTime,
}

/// Two ticks: messages of one simulated step overtake each other, and a tick may be lost on the way.
const TICKS_AHEAD: f64 = 2.0;

/// A silence on the monotonic clock that is no stop while simulated time stands, seconds: a simulation that falters, or
/// becomes slower at once, holds its robot still as well.
const FALTERING_SECS: f64 = 2.0;

/// One and the same pose while commanded to move.
#[derive(Clone, Copy, Debug)]
struct Standstill {
    since: RosTime,
    messages: u32,
}

/// Watches a stream of odometry. Its memory does not grow.
#[derive(Clone, Debug)]
pub struct OdometryMonitor {
    limits: OdometryLimits,
    arrivals: ArrivalStats,
    places: PoseTrack,
    last_stamp: Option<RosTime>,
    last_pose: Option<([f64; 2], f64)>,
    standstill: Option<Standstill>,
    last: Option<OdometryOutcome>,
    /// The last one that was not dropped.
    last_kept: Option<OdometryOutcome>,
    arrived: Option<Arrival>,
    trusted: Option<Arrival>,
    tick_secs: f64,
    received: u64,
    counts: [u64; OdometryOutcome::NAMES.len()],
    stamp_age_secs: Option<f64>,
}

impl OdometryMonitor {
    /// Without a message yet.
    pub fn new(limits: OdometryLimits) -> Self {
        Self {
            limits,
            arrivals: ArrivalStats::default(),
            places: PoseTrack::default(),
            last_stamp: None,
            last_pose: None,
            standstill: None,
            last: None,
            last_kept: None,
            arrived: None,
            trusted: None,
            tick_secs: 0.0,
            received: 0,
            counts: [0; OdometryOutcome::NAMES.len()],
            stamp_age_secs: None,
        }
    }

    /// The limits.
    pub fn limits(&self) -> &OdometryLimits {
        &self.limits
    }

    /// Changes the limits; the history stays.
    pub fn set_limits(&mut self, limits: OdometryLimits) {
        self.limits = limits;
    }

    /// Sets the step of the node's clock, seconds: stamps between two ticks of a simulated clock are ahead of it.
    pub fn set_tick(&mut self, tick_secs: f64) {
        self.tick_secs = tick_secs;
    }

    /// How far a stamp may be ahead of the clock, seconds.
    fn future_tolerance_secs(&self) -> f64 {
        self.limits.future_tolerance_secs + TICKS_AHEAD * self.tick_secs
    }

    /// Classifies a message. Use its pose only if that is [trusted](OdometryOutcome::is_trusted).
    pub fn observe(&mut self, sample: &OdometrySample) -> OdometryOutcome {
        let gap = self.arrivals.record(sample.received, &self.limits);
        let outcome = match (self.classify(sample), gap) {
            (OdometryOutcome::Fresh, Some(gap)) => {
                OdometryOutcome::Jitter { gap_secs: gap.gap_secs, mean_gap_secs: gap.mean_gap_secs }
            }
            (outcome, _) => outcome,
        };
        self.stamp_age_secs = Some(sample.now.since(sample.stamp));
        self.received += 1;
        if let Some(index) = OdometryOutcome::NAMES.iter().position(|name| *name == outcome.name())
            && let Some(count) = self.counts.get_mut(index)
        {
            *count += 1;
        }
        self.last = Some(outcome);
        if !outcome.is_dropped() {
            self.last_kept = Some(outcome);
        }
        let is_ahead = matches!(outcome, OdometryOutcome::Future { .. });
        let at = if is_ahead { sample.now } else { sample.now.max(sample.stamp) };
        self.arrived = Some(Arrival { received: sample.received, at });
        if outcome.is_trusted() {
            self.trusted = self.arrived;
        }
        outcome
    }

    /// How the stream is, at a time on both clocks.
    pub fn status(&self, received: Instant, now: RosTime) -> OdometryStatus {
        let is_simulated = self.tick_secs > 0.0;
        self.status_after(received, now, if is_simulated { FALTERING_SECS } else { 0.0 })
    }

    /// How the stream is while the robot is driven: a clock that stands is not waited for, because it may be the clock
    /// alone that does.
    pub fn status_under_way(&self, received: Instant, now: RosTime) -> OdometryStatus {
        self.status_after(received, now, 0.0)
    }

    fn status_after(&self, received: Instant, now: RosTime, faltering_secs: f64) -> OdometryStatus {
        let (Some(arrived), Some(last)) = (self.arrived, self.last) else {
            return OdometryStatus::Waiting;
        };
        if let Some(stopped) = self.silence_after(arrived, received, now, faltering_secs) {
            return stopped;
        }
        // Where messages come, and none can be trusted, nothing falters.
        let trusted = self.trusted.is_some_and(|trusted| self.silence_after(trusted, received, now, 0.0).is_none());
        OdometryStatus::Running(self.last_kept.filter(|_| trusted).unwrap_or(last))
    }

    /// [`OdometryStatus::Stopped`] if an arrival is too long ago.
    fn silence_after(
        &self,
        arrival: Arrival,
        received: Instant,
        now: RosTime,
        faltering_secs: f64,
    ) -> Option<OdometryStatus> {
        let (age_secs, limit_secs) = (now.since(arrival.at), self.limits.max_age_secs);
        if !(age_secs <= limit_secs) {
            return Some(OdometryStatus::Stopped { age_secs, limit_secs, clock_stands: false });
        }
        let age_secs = received.saturating_duration_since(arrival.received).as_secs_f64();
        let limit_secs = self.arrivals.longest_silence_secs(&self.limits).max(faltering_secs);
        (!(age_secs <= limit_secs)).then_some(OdometryStatus::Stopped { age_secs, limit_secs, clock_stands: true })
    }

    /// The last trusted position: stamp, and metres. For its age see [`Self::status`].
    pub fn trusted_place(&self) -> Option<(RosTime, [f64; 2])> {
        self.places.trusted().map(|place| (place.stamp, place.position))
    }

    /// Figures for diagnostics.
    pub fn statistics(&self, now: RosTime) -> OdometryStatistics {
        let age_secs = |arrival: Option<Arrival>| Some(now.since(arrival?.at).max(0.0));
        OdometryStatistics {
            received: self.received,
            counts: self.counts,
            mean_rate_hz: self.arrivals.mean_rate_hz(),
            worst_gap_secs: self.arrivals.worst_gap_secs(),
            arrival_age_secs: age_secs(self.arrived),
            trusted_age_secs: age_secs(self.trusted),
            stamp_age_secs: self.stamp_age_secs,
        }
    }

    /// Clears a standstill, after an operator has looked or with a new goal.
    pub fn clear_stuck(&mut self) {
        self.standstill = None;
        if matches!(self.last_kept, Some(OdometryOutcome::Stuck { .. })) {
            self.last_kept = Some(OdometryOutcome::Fresh);
        }
        if matches!(self.last, Some(OdometryOutcome::Stuck { .. })) {
            self.last = Some(OdometryOutcome::Fresh);
        }
    }

    /// Forgets places and stamps: the clock jumped back, or the robot was put elsewhere. Figures stay. A clock that
    /// went back by more than the tolerance is also noticed by itself.
    pub fn reset(&mut self) {
        *self = Self {
            arrivals: std::mem::take(&mut self.arrivals),
            received: self.received,
            counts: self.counts,
            tick_secs: self.tick_secs,
            ..Self::new(self.limits)
        };
    }

    fn classify(&mut self, sample: &OdometrySample) -> OdometryOutcome {
        let OdometrySample { now, stamp, position, yaw_rad, .. } = *sample;
        let (age_secs, limit_secs) = (now.since(stamp), self.future_tolerance_secs());
        if ![position[0], position[1], yaw_rad].iter().all(|number| number.is_finite()) {
            return OdometryOutcome::Invalid;
        }
        // The clock went back unannounced: the history cannot be compared with what follows.
        if self.last_stamp.is_some_and(|last| !(last.since(now) <= limit_secs)) {
            self.reset();
        }
        // Before the stamp is remembered: everything after it would be out of order.
        if !(-age_secs <= limit_secs) {
            return OdometryOutcome::Future { ahead_secs: -age_secs, limit_secs };
        }
        match self.last_stamp {
            Some(last) if stamp < last && !(age_secs <= self.limits.max_age_secs) => {
                return OdometryOutcome::Late { age_secs };
            }
            Some(last) if stamp < last => return OdometryOutcome::OutOfOrder { behind_secs: last.since(stamp) },
            Some(last) if stamp == last => return OdometryOutcome::Duplicate { stamp },
            _ => self.last_stamp = Some(stamp),
        }
        let standstill = self.standstill(sample);
        if !(age_secs <= self.limits.max_age_secs) {
            return OdometryOutcome::Late { age_secs };
        }
        if let Some((secs, messages)) = standstill
            && !(secs < self.limits.stuck_secs)
        {
            return OdometryOutcome::Stuck { secs, messages };
        }
        match self.places.step(PoseEstimate { stamp, position }, &self.limits) {
            Step::Near => OdometryOutcome::Fresh,
            Step::Relocalised { metres } => OdometryOutcome::Relocalised { metres },
            Step::Held { metres, allowed_m, secs } => OdometryOutcome::Jump { metres, allowed_m, secs },
        }
    }

    /// For how long and how many messages the pose has been the same, to the bit, while commanded to move. A real
    /// sensor is never that quiet on a moving robot.
    fn standstill(&mut self, sample: &OdometrySample) -> Option<(f64, u32)> {
        let pose = (sample.position, sample.yaw_rad);
        let same = self.last_pose.replace(pose) == Some(pose);
        let commanded = !(sample.commanded_speed_mps.abs() <= self.limits.moving_speed_mps);
        // A stuck robot is commanded to stop, so that only another pose clears it.
        let was_stuck = matches!(self.last_kept, Some(OdometryOutcome::Stuck { .. }));
        if !(same && (commanded || was_stuck)) {
            self.standstill = None;
            return None;
        }
        let standstill = self.standstill.get_or_insert(Standstill { since: sample.stamp, messages: 0 });
        standstill.messages = standstill.messages.saturating_add(1);
        Some((sample.stamp.since(standstill.since), standstill.messages))
    }
}
