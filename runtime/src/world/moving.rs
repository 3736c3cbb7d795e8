//! Moving obstacles: discs of constant velocity, as a tracker of people or vehicles reports them.

use crate::figures::Figure;
use crate::geometry::Point;

/// Discs at most.
pub const MAX_DISCS: usize = 64;
/// Largest radius of a disc, metres.
pub const MAX_DISC_RADIUS_M: f64 = 10.0;
/// Largest speed of a disc, m/s.
pub const MAX_DISC_SPEED_MPS: f64 = 50.0;
/// Longest prediction, seconds.
pub const MAX_PREDICTION_SECS: f64 = 30.0;

/// A disc that moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MovingDisc {
    /// Centre, map frame, metres.
    pub position: Point,
    /// Velocity, map frame, m/s.
    pub velocity: Point,
    /// Radius, metres.
    pub radius_m: f64,
}

impl MovingDisc {
    /// Its centre `secs` later.
    pub fn after(&self, secs: f64) -> Point {
        [self.position[0] + secs * self.velocity[0], self.position[1] + secs * self.velocity[1]]
    }
}

/// Discs as they were at one moment, and how long their velocities count as constant.
#[derive(Clone, Debug, PartialEq)]
pub struct MovingObstacles {
    discs: Vec<MovingDisc>,
    stamp_secs: f64,
    horizon_secs: f64,
}

/// Moving obstacles that are none.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MovingError {
    /// More than [`MAX_DISCS`].
    #[error("expected at most {MAX_DISCS} moving discs, got {0}\nhint: the nearest ones suffice")]
    Count(usize),
    /// A number that is not finite or out of range.
    #[error("moving disc {index}, {field}: expected {expected}, got {}", Figure(*.got))]
    Disc {
        /// Of the disc, from 0.
        index: usize,
        /// Which number.
        field: &'static str,
        /// Its range.
        expected: &'static str,
        /// What it is.
        got: f64,
    },
    /// A stamp that is not finite, or a prediction of no or of unbounded length.
    #[error("moving discs, {field}: expected {expected}, got {}", Figure(*.got))]
    Time {
        /// Which number.
        field: &'static str,
        /// Its range.
        expected: &'static str,
        /// What it is.
        got: f64,
    },
}

impl MovingObstacles {
    /// How long velocities count as constant where nothing else is known, seconds.
    pub const PREDICTION_SECS: f64 = 4.0;

    /// Discs at `stamp_secs` on the pilot's clock; after `horizon_secs` they are not predicted any more.
    ///
    /// # Errors
    /// If there are too many, or a number is not finite or out of range.
    pub fn new(discs: Vec<MovingDisc>, stamp_secs: f64, horizon_secs: f64) -> Result<Self, MovingError> {
        if discs.len() > MAX_DISCS {
            return Err(MovingError::Count(discs.len()));
        }
        if !stamp_secs.is_finite() {
            return Err(MovingError::Time { field: "stamp_secs", expected: "a finite time", got: stamp_secs });
        }
        if !(horizon_secs > 0.0 && horizon_secs <= MAX_PREDICTION_SECS) {
            let expected = "more than 0 and at most 30 s";
            return Err(MovingError::Time { field: "horizon_secs", expected, got: horizon_secs });
        }
        for (index, disc) in discs.iter().enumerate() {
            let wrong = |field, expected, got| Err(MovingError::Disc { index, field, expected, got });
            if let Some(got) = disc.position.into_iter().find(|value| !(value.abs() <= 1e6)) {
                return wrong("position", "at most 1e6 m from the origin", got);
            }
            let speed_mps = disc.velocity[0].hypot(disc.velocity[1]);
            if !(speed_mps <= MAX_DISC_SPEED_MPS) {
                return wrong("velocity", "at most 50 m/s", speed_mps);
            }
            if !(disc.radius_m >= 0.0 && disc.radius_m <= MAX_DISC_RADIUS_M) {
                return wrong("radius_m", "0 to 10 m", disc.radius_m);
            }
        }
        Ok(Self { discs, stamp_secs, horizon_secs })
    }

    /// The discs at [`Self::stamp_secs`].
    pub fn discs(&self) -> &[MovingDisc] {
        &self.discs
    }

    /// When they were there, seconds on the pilot's clock.
    pub fn stamp_secs(&self) -> f64 {
        self.stamp_secs
    }

    /// How long after the stamp their velocities count as constant, seconds.
    pub fn horizon_secs(&self) -> f64 {
        self.horizon_secs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DISC: MovingDisc = MovingDisc { position: [1.0, 2.0], velocity: [0.5, -0.5], radius_m: 0.3 };

    fn problem(discs: Vec<MovingDisc>, stamp_secs: f64, horizon_secs: f64) -> String {
        MovingObstacles::new(discs, stamp_secs, horizon_secs).expect_err("bad input").to_string()
    }

    #[test]
    fn discs_that_are_none_are_refused_by_number_and_field() {
        let nan = MovingDisc { position: [f64::NAN, 2.0], ..DISC };
        let text = "moving disc 1, position: expected at most 1e6 m from the origin, got NaN";
        assert_eq!(problem(vec![DISC, nan], 0.0, 4.0), text);
        let negative = MovingDisc { radius_m: -0.1, ..DISC };
        assert_eq!(problem(vec![negative], 0.0, 4.0), "moving disc 0, radius_m: expected 0 to 10 m, got -0.1");
        for velocity in [[f64::NAN, 0.0], [0.0, f64::INFINITY], [40.0, 40.0]] {
            let fast = problem(vec![MovingDisc { velocity, ..DISC }], 0.0, 4.0);
            assert!(fast.starts_with("moving disc 0, velocity: expected at most 50 m/s, got"), "{fast}");
        }
        for radius_m in [f64::NAN, 1e9] {
            assert!(problem(vec![MovingDisc { radius_m, ..DISC }], 0.0, 4.0).contains("radius_m"));
        }
        assert!(problem(vec![DISC; 65], 0.0, 4.0).starts_with("expected at most 64 moving discs, got 65"));
        assert!(problem(vec![], f64::NAN, 4.0).contains("stamp_secs"));
        for horizon_secs in [0.0, -1.0, f64::NAN, 1e9] {
            assert!(problem(vec![], 0.0, horizon_secs).contains("horizon_secs"));
        }
        let discs = MovingObstacles::new(vec![DISC; 64], 7.0, 4.0).expect("sound");
        assert_eq!((discs.discs().len(), discs.discs()[3].after(2.0)), (64, [2.0, 1.0]));
    }
}
