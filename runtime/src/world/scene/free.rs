//! The motion of a ball after a push until it meets something, in closed form.
//!
//! An impulse through its centre gives a ball speed but no spin: it slides, slowed by friction, until its spin fits its
//! speed, which then is 5/7 of the first one, and rolls on, slowed by rolling resistance.

use super::Table;

/// Standard gravity, m/s^2.
pub(super) const GRAVITY_MPS2: f64 = 9.81;
/// Share of its first speed at which a solid ball begins to roll.
pub const ROLLING_SHARE: f64 = 5.0 / 7.0;
/// Halvings that find a speed: from metres per second to less than a micrometre per second.
const HALVINGS: usize = 24;

/// A ball that nothing is in the way of.
#[derive(Clone, Copy, Debug)]
pub(super) struct FreeBall {
    speed_mps: f64,
    /// Deceleration while it slides, m/s^2.
    sliding_mps2: f64,
    /// How long it slides.
    sliding_secs: f64,
    /// Deceleration while it rolls, m/s^2.
    rolling_mps2: f64,
    /// How long it rolls, infinite without resistance.
    rolling_secs: f64,
}

/// Where such a ball is.
#[derive(Clone, Copy, Debug)]
pub(super) struct FreeState {
    /// Way behind it, metres.
    pub way_m: f64,
    /// Its speed, m/s.
    pub speed_mps: f64,
    /// Speed of its surface round its centre: equal to its speed when it rolls, m/s.
    pub surface_mps: f64,
    /// Way that its surface has turned, metres.
    pub turned_m: f64,
}

impl FreeBall {
    /// A ball right after a push.
    pub fn new(speed_mps: f64, table: &Table) -> Self {
        let sliding_mps2 = table.friction.max(0.0) * GRAVITY_MPS2;
        let rolling_mps2 = table.rolling_mps2.max(0.0);
        // The spin that fits comes of friction alone: without it a ball slides on for ever.
        let sliding_secs =
            if sliding_mps2 > 0.0 { (1.0 - ROLLING_SHARE) * speed_mps / sliding_mps2 } else { f64::INFINITY };
        let rolling_secs = if rolling_mps2 > 0.0 { ROLLING_SHARE * speed_mps / rolling_mps2 } else { f64::INFINITY };
        Self { speed_mps, sliding_mps2, sliding_secs, rolling_mps2, rolling_secs }
    }

    /// Its state after some time.
    pub fn after(&self, secs: f64) -> FreeState {
        let sliding = secs.min(self.sliding_secs);
        let speed = self.speed_mps - self.sliding_mps2 * sliding;
        let way = (self.speed_mps - 0.5 * self.sliding_mps2 * sliding) * sliding;
        // A solid ball's spin grows 5/2 times as fast as its speed shrinks.
        let surface = 2.5 * self.sliding_mps2 * sliding;
        let turned = 0.5 * surface * sliding;
        let rolling = (secs - sliding).min(self.rolling_secs);
        if !(rolling > 0.0) {
            return FreeState { way_m: way, speed_mps: speed, surface_mps: surface, turned_m: turned };
        }
        let on = (speed - 0.5 * self.rolling_mps2 * rolling) * rolling;
        let speed = (speed - self.rolling_mps2 * rolling).max(0.0);
        FreeState { way_m: way + on, speed_mps: speed, surface_mps: speed, turned_m: turned + on }
    }

    /// The least speed of a push after which a ball is `way_m` on after `secs` at most.
    pub fn least_speed(way_m: f64, secs: f64, table: &Table) -> f64 {
        let arrives = |speed: f64| Self::new(speed, table).after(secs).way_m >= way_m;
        let mut fast = (way_m / secs).max(1e-3);
        // Friction and resistance take a bounded share: doubling ends.
        for _ in 0..HALVINGS {
            if arrives(fast) {
                break;
            }
            fast *= 2.0;
        }
        let mut slow = 0.0;
        for _ in 0..HALVINGS {
            let middle = 0.5 * (slow + fast);
            *(if arrives(middle) { &mut fast } else { &mut slow }) = middle;
        }
        fast
    }
}

/// The speed of a push after which a ball that nothing is in the way of is `way_m` on after `secs`, m/s.
pub fn ball_speed(way_m: f64, secs: f64, table: &Table) -> f64 {
    FreeBall::least_speed(way_m, secs, table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::scene::Look;

    fn table(friction: f64, rolling_mps2: f64) -> Table {
        Table { half_m: 1.0, friction, rolling_mps2, restitution: 0.8, look: Look::plain([0.5; 3]) }
    }

    #[test]
    fn a_ball_slides_then_rolls_at_five_sevenths_then_stops() {
        let ball = FreeBall::new(0.7, &table(0.3, 0.05));
        assert!((ball.after(0.0).speed_mps - 0.7).abs() < 1e-12);
        let slid = ball.after(ball.sliding_secs);
        assert!((slid.speed_mps - 0.5).abs() < 1e-12 && (slid.surface_mps - 0.5).abs() < 1e-12);
        let (end, later) = (ball.after(20.0), ball.after(30.0));
        assert!(end.speed_mps == 0.0 && end.way_m == later.way_m);
        assert!((end.way_m - slid.way_m - 0.25 / 0.1).abs() < 1e-9);
    }

    #[test]
    fn the_least_speed_arrives_just_in_time() {
        for (way, secs, friction, rolling) in [(0.5, 3.0, 0.2, 0.01), (1.2, 4.5, 0.6, 0.05), (0.05, 2.5, 0.3, 0.0)] {
            let table = table(friction, rolling);
            let speed = FreeBall::least_speed(way, secs, &table);
            assert!((FreeBall::new(speed, &table).after(secs).way_m - way).abs() < 1e-4);
            assert!(FreeBall::new(0.99 * speed, &table).after(secs).way_m < way);
        }
    }
}
