//! Wind over a table: what it does to what floats and to what is tethered to a pole (thesis 3.4, in closed form or as one
//! oscillator each).

use std::f64::consts::TAU;

/// A wind that sets in at the first frame and stays, alike everywhere.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wind {
    /// Direction in which it blows from the x axis, rad.
    pub direction_rad: f64,
    /// Speed, m/s.
    pub speed_mps: f64,
}

/// Something light in the air: it takes up the wind's speed, and swirls.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Floating {
    /// Time after which it has 63% of the wind's speed, seconds.
    pub lag_secs: f64,
    /// Speed upwards, m/s.
    pub rise_mps: f64,
    /// Swirl: ways to either side per speed of the wind, seconds; its frequency, hertz; where it is in its turn, rad.
    pub swirl: [f64; 3],
}

impl Floating {
    /// Way along the wind, across it and upwards, metres.
    pub fn way_m(&self, wind: &Wind, secs: f64) -> [f64; 3] {
        let taken = 1.0 - (-secs / self.lag_secs).exp();
        let along = wind.speed_mps * (secs - self.lag_secs * taken);
        let [reach, hz, turn] = self.swirl;
        let across = reach * wind.speed_mps * taken * ((TAU * hz * secs + turn).sin() - turn.sin());
        [along, across, self.rise_mps * secs]
    }
}

/// Something long that is tethered to a pole at one end and aligns with the wind, downwind of the pole, with waves running along
/// it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tethered {
    /// Length, metres.
    pub length_m: f64,
    /// Direction from the pole at rest, rad.
    pub rest_rad: f64,
    /// Square of the natural angular frequency, rad^2/s^2, in a wind of one length a second.
    pub stiffness: f64,
    /// Damping ratio.
    pub damping: f64,
    /// Waves: largest turn at the free end, rad; where they are in their turn at the pole, rad.
    pub waves: [f64; 2],
}

/// Waves of a flag that pass a place while the wind goes its length (Strouhal number), and waves on it.
const STROUHAL: f64 = 0.25;
const WAVES: f64 = 0.8;
/// Steps of the integration a second.
const STEPS_PER_SEC: f64 = 400.0;

impl Tethered {
    /// Its direction from the pole at the times `every_secs` apart, from 0 on.
    pub fn directions_rad(&self, wind: &Wind, every_secs: f64, count: usize) -> Vec<f64> {
        let rate = wind.speed_mps / self.length_m;
        let pull = self.stiffness * rate * rate;
        let drag = 2.0 * self.damping * self.stiffness.sqrt() * rate;
        let steps = (every_secs * STEPS_PER_SEC).ceil().max(1.0) as usize;
        let step = every_secs / steps as f64;
        let (mut angle, mut speed) = (self.rest_rad, 0.0);
        let mut directions = Vec::with_capacity(count);
        for _ in 0..count {
            directions.push(angle);
            for _ in 0..steps {
                // Semi-implicit: damping and pull are small over one step.
                speed += step * (-pull * (angle - wind.direction_rad).sin() - drag * speed);
                angle += step * speed;
            }
        }
        directions
    }

    /// Turn of the place at a share of its length against its direction, rad.
    pub fn wave_rad(&self, wind: &Wind, share: f64, secs: f64) -> f64 {
        let rate = wind.speed_mps / self.length_m;
        let [most, start] = self.waves;
        // They grow while the wind goes one length.
        let grown = 1.0 - (-rate * secs).exp();
        most * share * grown * (TAU * (STROUHAL * rate * secs - WAVES * share) + start).sin()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIND: Wind = Wind { direction_rad: 0.4, speed_mps: 0.5 };

    #[test]
    fn what_floats_takes_up_the_winds_speed() {
        let floating = Floating { lag_secs: 0.4, rise_mps: 0.05, swirl: [0.0, 0.5, 1.0] };
        let [before, after] = [3.0, 3.1].map(|secs| floating.way_m(&WIND, secs));
        assert!((after[0] - before[0] - 0.05).abs() < 1e-4 && after[1] == 0.0 && (after[2] - 0.155).abs() < 1e-9);
        // v' = (w - v) / lag: the way lags behind the wind's by the lag.
        assert!((floating.way_m(&WIND, 5.0)[0] - 0.5 * (5.0 - 0.4)).abs() < 1e-5);
        // Across the wind: reach x speed x what is taken up x the swirl's sine since the start.
        let swirled = Floating { swirl: [0.2, 0.5, 1.0], ..floating }.way_m(&WIND, 0.7)[1];
        let expected = 0.2 * 0.5 * (1.0 - (-0.7_f64 / 0.4).exp()) * ((TAU * 0.5 * 0.7 + 1.0).sin() - 1.0_f64.sin());
        assert!((swirled - expected).abs() < 1e-12 && expected.abs() > 0.05, "{swirled} {expected}");
        assert_eq!(Floating { swirl: [0.2, 0.5, 1.0], ..floating }.way_m(&WIND, 0.0), [0.0; 3]);
    }

    #[test]
    fn what_is_tethered_aligns_with_the_wind_and_the_faster_the_sooner() {
        let tethered = Tethered { length_m: 0.4, rest_rad: -1.2, stiffness: 1.5, damping: 0.4, waves: [0.3, 0.0] };
        let directions = |speed_mps| tethered.directions_rad(&Wind { speed_mps, ..WIND }, 0.3, 60);
        let (slow, fast) = (directions(0.2), directions(0.8));
        assert_eq!((slow[0], slow.len()), (-1.2, 60));
        assert!((fast[59] - 0.4).abs() < 0.02, "{}", fast[59]);
        assert!((fast[3] - 0.4).abs() < (slow[3] - 0.4).abs());
        assert!(directions(0.0).iter().all(|angle| *angle == -1.2));
        assert_eq!(tethered.wave_rad(&WIND, 1.0, 0.0), 0.0);
        assert!((0..50).all(|k| tethered.wave_rad(&WIND, 1.0, f64::from(k)).abs() <= 0.3));
    }
}
