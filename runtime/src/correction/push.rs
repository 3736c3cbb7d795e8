//! Correction of a push by simulation: its angle and speed are changed until the target moves as it is to.

use crate::geometry::wrapped;
use crate::world::scene::{Goal, Push};

/// Simulations of a correction at most.
const MAX_SIMULATIONS: usize = 40;
/// Angles that are tried round a push that misses, rad: as far to either side as the trial's scan.
const SCAN_RAD: f64 = 12.0 / 180.0 * std::f64::consts::PI;
/// Step of that scan, rad.
const SCAN_STEP_RAD: f64 = 1.5 / 180.0 * std::f64::consts::PI;
/// Largest change of the angle in one step, rad.
const MAX_TURN_RAD: f64 = 4.0 / 180.0 * std::f64::consts::PI;
/// First change of the angle, by which its effect is measured, rad.
const PROBE_RAD: f64 = 0.5 / 180.0 * std::f64::consts::PI;
/// A change of which less than this share can be made is given up.
const MIN_SHARE: f64 = 0.05;
/// What a push that reaches nothing is made faster by.
const FASTER: f64 = 1.5;

/// What a corrected push may be and must reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PushLimits {
    /// Largest speed right after a push, m/s.
    pub max_speed_mps: f64,
    /// Largest difference of the target's direction from the goal's, rad.
    pub direction_rad: f64,
    /// Largest difference of the target's speed from the goal's, as a share of the goal's.
    pub speed_share: f64,
}

impl Default for PushLimits {
    fn default() -> Self {
        Self { max_speed_mps: 2.0, direction_rad: 5.0_f64.to_radians(), speed_share: 0.1 }
    }
}

/// A push that meets its goal in simulation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CorrectedPush {
    /// The push.
    pub push: Push,
    /// The target's velocity after it is struck, m/s.
    pub struck_mps: [f64; 2],
    /// Simulations that it took.
    pub simulations: usize,
}

/// Why there is no corrected push.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum PushFault {
    /// A number of push or goal is not finite, or a speed is not above 0.
    #[error("expected finite angles and speeds above 0 in push and goal")]
    NotFinite,
    /// No push near the proposed one reaches the target.
    #[error("no push within {:.0} degrees of the proposed one reaches the target in simulation", SCAN_RAD.to_degrees())]
    Misses,
    /// The target is reached, but not moved as it is to.
    #[error(
        "the best push moves the target {:.0} degrees and {:.0}% off the goal in simulation",
        .direction_rad.to_degrees(), 100.0 * .speed_share
    )]
    Off {
        /// Difference of the directions, rad.
        direction_rad: f64,
        /// Difference of the speeds as a share of the goal's.
        speed_share: f64,
    },
}

/// How far a target's velocity is from a goal: difference of direction, rad, and of speed as a share of the goal's.
pub fn goal_error(goal: &Goal, struck_mps: [f64; 2]) -> (f64, f64) {
    let direction = wrapped(struck_mps[1].atan2(struck_mps[0]) - goal.direction_rad);
    let speed = struck_mps[0].hypot(struck_mps[1]);
    (direction, speed / goal.speed_mps - 1.0)
}

/// Changes angle and speed of a push until the target's velocity meets the goal. `simulate` gives the target's velocity
/// after it was struck, or `None` if it never is.
///
/// # Errors
/// If no such push is found within 40 simulations.
pub fn correct_push(
    first: Push,
    goal: &Goal,
    limits: &PushLimits,
    simulate: impl FnMut(&Push) -> Option<[f64; 2]>,
) -> Result<CorrectedPush, PushFault> {
    let numbers = [first.direction_rad, first.speed_mps, goal.direction_rad, goal.speed_mps];
    if !(numbers.iter().all(|value| value.is_finite()) && first.speed_mps > 0.0 && goal.speed_mps > 0.0) {
        return Err(PushFault::NotFinite);
    }
    let mut trials = Trials { simulate, limits, count: 0 };
    let first = Push { speed_mps: first.speed_mps.min(limits.max_speed_mps), ..first };
    let mut hit = trials.first_hit(first).ok_or(PushFault::Misses)?;
    // Angle and error of the step before, for the secant.
    let mut before: Option<(f64, f64)> = None;
    let mut best = (f64::INFINITY, PushFault::Misses);
    loop {
        let (direction_rad, speed_share) = goal_error(goal, hit.struck_mps);
        let excess = (direction_rad / limits.direction_rad).abs().max((speed_share / limits.speed_share).abs());
        if excess <= 1.0 {
            return Ok(CorrectedPush { push: hit.push, struck_mps: hit.struck_mps, simulations: trials.count });
        }
        if excess < best.0 {
            best = (excess, PushFault::Off { direction_rad, speed_share });
        }
        let turn = turn(hit.push.direction_rad, direction_rad, before);
        before = Some((hit.push.direction_rad, direction_rad));
        let faster = (1.0 / (1.0 + speed_share)).clamp(0.5, 2.0);
        hit = trials.towards(&hit.push, turn, faster).ok_or(best.1)?;
    }
}

/// The next change of the angle: a secant step towards no error, rad.
fn turn(angle: f64, error: f64, before: Option<(f64, f64)>) -> f64 {
    match before {
        Some((old_angle, old_error)) if (angle - old_angle).abs() > 1e-9 && (error - old_error).abs() > 1e-9 => {
            (-error * (angle - old_angle) / (error - old_error)).clamp(-MAX_TURN_RAD, MAX_TURN_RAD)
        }
        // What passes farther to the left of the target strikes it to the right.
        _ => PROBE_RAD.copysign(error),
    }
}

/// A push that reaches the target, and the target's velocity after it.
struct Hit {
    push: Push,
    struck_mps: [f64; 2],
}

/// Simulations with their count.
struct Trials<'a, S> {
    simulate: S,
    limits: &'a PushLimits,
    count: usize,
}

impl<S: FnMut(&Push) -> Option<[f64; 2]>> Trials<'_, S> {
    fn hit(&mut self, push: Push) -> Option<Hit> {
        if self.count >= MAX_SIMULATIONS {
            return None;
        }
        self.count += 1;
        let struck_mps = (self.simulate)(&push)?;
        struck_mps.iter().all(|value| value.is_finite()).then_some(Hit { push, struck_mps })
    }

    /// The proposed push, else the nearest of the scan that reaches the target, else the same with a faster push.
    fn first_hit(&mut self, first: Push) -> Option<Hit> {
        for faster in [1.0, FASTER] {
            let speed_mps = (first.speed_mps * faster).min(self.limits.max_speed_mps);
            for step in 0..=(SCAN_RAD / SCAN_STEP_RAD).round() as usize {
                for side in [1.0, -1.0] {
                    let direction_rad = first.direction_rad + side * step as f64 * SCAN_STEP_RAD;
                    if let Some(hit) = self.hit(Push { direction_rad, speed_mps, ..first }) {
                        return Some(hit);
                    }
                    if step == 0 {
                        break;
                    }
                }
            }
        }
        None
    }

    /// A changed push; where it misses, less of the change is made.
    fn towards(&mut self, push: &Push, turn: f64, faster: f64) -> Option<Hit> {
        let mut share = 1.0;
        while share > MIN_SHARE && self.count < MAX_SIMULATIONS {
            let speed_mps = (push.speed_mps * (1.0 + share * (faster - 1.0))).min(self.limits.max_speed_mps);
            let changed = Push { direction_rad: push.direction_rad + share * turn, speed_mps, ..*push };
            if let Some(hit) = self.hit(changed) {
                return Some(hit);
            }
            share *= 0.5;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Discs without friction: the target is struck along the line of centres; speeds below the least do not arrive.
    fn discs(distance_m: f64, least_mps: f64) -> impl FnMut(&Push) -> Option<[f64; 2]> {
        move |push| {
            let offset = distance_m * push.direction_rad.sin() / 0.25;
            if offset.abs() >= 1.0 || push.speed_mps < least_mps {
                return None;
            }
            let normal = push.direction_rad - offset.asin();
            let speed = 0.9 * push.speed_mps * offset.asin().cos();
            Some([speed * normal.cos(), speed * normal.sin()])
        }
    }

    fn goal(direction_rad: f64, speed_mps: f64) -> Goal {
        Goal { body: 1, direction_rad, speed_mps }
    }

    #[test]
    fn angle_and_speed_are_found_from_a_push_that_misses() {
        for direction in [-0.9, -0.3, 0.0, 0.4, 0.8] {
            for first in [-0.2, 0.0, 0.3] {
                let first = Push { body: 0, direction_rad: first, speed_mps: 0.2 };
                let found = correct_push(first, &goal(direction, 0.4), &PushLimits::default(), discs(1.0, 0.1));
                let found = found.unwrap_or_else(|fault| panic!("{direction} from {first:?}: {fault}"));
                let (off, share) = goal_error(&goal(direction, 0.4), found.struck_mps);
                assert!(off.abs() < 0.0873 && share.abs() <= 0.1, "{direction}: {off} {share}");
                assert!(found.simulations <= MAX_SIMULATIONS);
            }
        }
    }

    #[test]
    fn what_no_push_can_do_is_named() {
        let push = Push { body: 0, direction_rad: 1.5, speed_mps: 0.5 };
        let limits = PushLimits::default();
        assert_eq!(correct_push(push, &goal(0.0, 0.3), &limits, discs(1.0, 0.1)), Err(PushFault::Misses));
        let ahead = Push { direction_rad: 0.0, ..push };
        // Beyond a right angle to the way of what is pushed nothing can be struck.
        let off = correct_push(ahead, &goal(2.5, 0.3), &limits, discs(1.0, 0.1));
        assert!(matches!(off, Err(PushFault::Off { .. })), "{off:?}");
        // Faster than a push may be.
        let fast = correct_push(ahead, &goal(0.0, 9.0), &limits, discs(1.0, 0.1));
        assert!(matches!(fast, Err(PushFault::Off { .. })), "{fast:?}");
        for broken in [f64::NAN, f64::INFINITY] {
            let push = Push { direction_rad: broken, ..push };
            assert_eq!(correct_push(push, &goal(0.0, 0.3), &limits, |_| None), Err(PushFault::NotFinite));
        }
        let nan = correct_push(ahead, &goal(0.0, 0.3), &limits, |_| Some([f64::NAN, 0.0]));
        assert_eq!(nan, Err(PushFault::Misses));
    }
}
