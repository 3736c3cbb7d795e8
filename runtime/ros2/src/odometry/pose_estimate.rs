//! The trusted position of the robot, and a new one until enough messages agree on it.

use super::OdometryLimits;
use crate::time::RosTime;

/// A place and when it held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PoseEstimate {
    pub(super) stamp: RosTime,
    pub(super) position: [f64; 2],
}

impl PoseEstimate {
    pub(super) fn distance_m(self, other: Self) -> f64 {
        let ([x, y], [other_x, other_y]) = (self.position, other.position);
        (x - other_x).hypot(y - other_y)
    }

    /// How far the robot can have come between the two stamps, metres.
    pub(super) fn reach_m(self, later: Self, limits: &OdometryLimits) -> f64 {
        let secs = later.stamp.since(self.stamp);
        limits.max_speed_mps * secs * limits.speed_margin + limits.jump_tolerance_m
    }

    pub(super) fn can_reach(self, later: Self, limits: &OdometryLimits) -> bool {
        self.distance_m(later) <= self.reach_m(later, limits)
    }
}

/// What a place is against the ones before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    Near,
    Relocalised { metres: f64 },
    Held { metres: f64, allowed_m: f64, secs: f64 },
}

/// The trusted place, and a new one that has yet to prove itself.
#[derive(Clone, Debug, Default)]
pub(super) struct PoseTrack {
    trusted: Option<PoseEstimate>,
    /// Last message at the new place, and how many in a row agree on it.
    candidate: Option<(PoseEstimate, u32)>,
}

impl PoseTrack {
    pub(super) fn trusted(&self) -> Option<PoseEstimate> {
        self.trusted
    }

    pub(super) fn step(&mut self, place: PoseEstimate, limits: &OdometryLimits) -> Step {
        let Some(trusted) = self.trusted else {
            self.trusted = Some(place);
            return Step::Near;
        };
        let metres = trusted.distance_m(place);
        let candidate = self.candidate.filter(|(last, _)| last.can_reach(place, limits));
        // With time the trusted place reaches everywhere, so a message belongs to the nearer of the two.
        let joins_candidate = candidate.is_some_and(|(last, _)| last.distance_m(place) < metres);
        if trusted.can_reach(place, limits) && !joins_candidate {
            (self.trusted, self.candidate) = (Some(place), None);
            return Step::Near;
        }
        let agreeing = candidate.map_or(1, |(_, count)| count.saturating_add(1));
        if agreeing >= limits.relocalise_after {
            (self.trusted, self.candidate) = (Some(place), None);
            return Step::Relocalised { metres };
        }
        self.candidate = Some((place, agreeing));
        Step::Held { metres, allowed_m: trusted.reach_m(place, limits), secs: place.stamp.since(trusted.stamp) }
    }
}
