//! The highest peak of a Fourier density.

use super::FourierDensity;
use super::series::{Complex, LANES, turn};
use std::f64::consts::PI;

impl FourierDensity {
    /// Where the density is largest, in [-1, 1]. Of peaks that are equal to rounding it is one.
    ///
    /// The grid has sixteen points per frequency. By Bernstein's inequality a peak rises less than 2% of the largest
    /// density above the grid point next to it, so every local maximum of the grid that comes as near as 2% to the
    /// best is refined. The place is exact to rounding for a peak that is curved, and to about 1e-8 for a flat one.
    pub fn mode(&self) -> f64 {
        let steps = self.grid_steps();
        let width = 2.0 / steps as f64;
        let at = |step: usize| width * step as f64 - 1.0;
        // The density has period 2: the grid's last point is the neighbour of its first.
        let (mut before, mut here) = (self.series(at(steps - 1)), self.series(-1.0));
        let (mut best_on_grid, mut place, mut value) = (f64::NEG_INFINITY, -1.0, f64::NEG_INFINITY);
        for chunk in (0..steps).step_by(LANES) {
            let afters = self.series_lanes(std::array::from_fn(|lane| at(chunk + lane + 1)));
            for (lane, after) in afters.into_iter().enumerate() {
                best_on_grid = best_on_grid.max(here);
                if here >= before && here > after && here >= PEAK_SHARE * best_on_grid {
                    let (peak, height) = self.refine_peak(at(chunk + lane), width);
                    if height > value {
                        (place, value) = (peak, height);
                    }
                }
                (before, here) = (here, after);
            }
        }
        // A density without any peak is uniform: every place is as good, the middle is the least surprising.
        if value == f64::NEG_INFINITY { 0.0 } else { place }
    }

    /// First and second derivative of the series.
    fn slopes(&self, z: f64) -> (f64, f64) {
        let turn = turn(z);
        let (mut first, mut second) = (Complex::default(), Complex::default());
        for (index, ratio) in self.ratios.iter().enumerate().rev() {
            let rate = (index + 1) as f64 * PI;
            let slope = Complex { re: -rate * ratio.im, im: rate * ratio.re };
            first = first.times(turn).plus(slope);
            second = second.times(turn).plus(Complex { re: -rate * slope.im, im: rate * slope.re });
        }
        (first.times(turn).re, second.times(turn).re)
    }

    /// The top of a peak within a step of its grid point, and its height.
    fn refine_peak(&self, centre: f64, width: f64) -> (f64, f64) {
        let (mut low, mut high) = (centre - width, centre + width);
        for _ in 0..PEAK_SECTIONS {
            let third = (high - low) / 3.0;
            if self.series(low + third) < self.series(high - third) {
                low += third;
            } else {
                high -= third;
            }
        }
        let mut place = 0.5 * (low + high);
        // Heights alone tell places apart to the root of the rounding error; the slope does better.
        for _ in 0..4 {
            let (slope, bend) = self.slopes(place);
            let next = place - slope / bend;
            if !(bend < 0.0 && (next - centre).abs() <= width) {
                break;
            }
            place = next;
        }
        let wrapped = if place < -1.0 {
            place + 2.0
        } else if place > 1.0 {
            place - 2.0
        } else {
            place
        };
        (wrapped, self.series(wrapped))
    }
}

/// A grid point lower than this share of the best is not next to the highest peak.
const PEAK_SHARE: f64 = 0.98;

/// Each takes a third off the bracket of a peak.
const PEAK_SECTIONS: usize = 30;
