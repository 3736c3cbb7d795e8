//! The control signal (thesis 4.2): moving Gaussian blobs for the direct and the goal force, static blobs for masses,
//! averaged over the cells that the network works on.

use crate::model::{GoalForceSpec, WIND_PARTS};

/// Standard deviation of a force's blob as a share of the picture's width: 20 px of 832.
const FORCE_SIGMA: f64 = 20.0 / 832.0;
/// A force's blob travels from this share of the width
const LEAST_TRAVEL: f64 = 1.0 / 8.0;
/// to this one.
const MOST_TRAVEL: f64 = 1.0 / 2.0;
/// Standard deviation of the smallest mass's blob as a share of the width: 5 px of 832.
const LEAST_MASS_SIGMA: f64 = 5.0 / 832.0;
/// What the largest mass's blob adds to it: 35 px of 832.
const MASS_SIGMA_RANGE: f64 = 35.0 / 832.0;
/// A blob is cut off at this many standard deviations: 1e-8 of its peak is left.
const REACH: f64 = 6.0;

/// A force on what is seen at a place of the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Force {
    /// Place in the first picture, pixels to the right and downwards.
    pub at_px: [f64; 2],
    /// Direction in the picture, counter-clockwise from the right, rad.
    pub direction_rad: f64,
    /// Its size on the scale of the channel: 0 is the smallest, 1 the largest. Values beyond travel farther or less far.
    pub share: f64,
}

impl Force {
    /// The same as words tell it: one of eight directions 45 degrees apart in the picture, and one of three sizes. The cuts are
    /// those of the published text baselines, .25 and .75 of the scale; each size stands for the middle of its part.
    pub fn as_label(&self) -> Self {
        let share = match self.share {
            share if share < 0.25 => 0.125,
            share if share < 0.75 => 0.5,
            _ => 0.875,
        };
        Self { direction_rad: nearest_eighth(self.direction_rad), share, ..*self }
    }

    /// Centre of its blob at `time`, from 0 at the first frame to 1 at the last one, for a picture `width_px` wide.
    pub fn blob_px(&self, time: f64, width_px: f64) -> [f64; 2] {
        let travel = width_px * (LEAST_TRAVEL + (MOST_TRAVEL - LEAST_TRAVEL) * self.share);
        let (sin, cos) = self.direction_rad.sin_cos();
        [self.at_px[0] + travel * time * cos, self.at_px[1] - travel * time * sin]
    }
}

/// The nearest of eight directions 45 degrees apart, rad.
fn nearest_eighth(direction_rad: f64) -> f64 {
    let eighth = std::f64::consts::FRAC_PI_4;
    (direction_rad / eighth).round() * eighth
}

/// The mass of what is seen at a place of the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MassMark {
    /// Place in the first picture, pixels to the right and downwards.
    pub at_px: [f64; 2],
    /// 0 for the smallest mass of the scale, 1 for the largest.
    pub share: f64,
}

/// A wind that is the same everywhere in the picture and in all frames (thesis 3.2).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindMark {
    /// Direction in which it blows in the picture, counter-clockwise from the right, rad.
    pub direction_rad: f64,
    /// Its speed on the scale of the model: 0 is the least, 1 the largest.
    pub share: f64,
}

impl WindMark {
    /// The same as words tell it: one of eight directions 45 degrees apart, and one of four strengths. The cuts are those of the
    /// published text baselines, 2, 6 and 10 of 15; each strength stands for the middle of its part.
    pub fn as_label(&self) -> Self {
        let share = match 15.0 * self.share {
            share if share < 2.0 => 1.0 / 15.0,
            share if share < 6.0 => 4.0 / 15.0,
            share if share < 10.0 => 8.0 / 15.0,
            _ => 12.5 / 15.0,
        };
        Self { direction_rad: nearest_eighth(self.direction_rad), share }
    }

    /// The published channels: -1 to 1 for the speed, cosine and sine of the direction.
    fn channels(&self) -> [f32; WIND_PARTS] {
        let (sin, cos) = self.direction_rad.sin_cos();
        [2.0 * self.share - 1.0, cos, sin].map(|value| value as f32)
    }
}

/// What a model is conditioned on. Several forces add up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ControlSignal<'a> {
    /// Forces on what sets off by them.
    pub direct: &'a [Force],
    /// Motions that targets are to have.
    pub goal: &'a [Force],
    /// Known masses.
    pub masses: &'a [MassMark],
    /// The wind; a model without channels for it does not see it.
    pub wind: Option<WindMark>,
}

impl ControlSignal<'_> {
    /// Fills `channels`: per frame the direct force, then per frame the goal force, each averaged over every cell; then
    /// four mass channels, the quarters of every cell. `channels` x cells, all in [0, 1] but where forces overlap. In a model
    /// with wind three more follow, alike in all cells: -1 to 1 for its speed, cosine and sine of its direction; 0 without wind.
    pub fn fill(&self, spec: &GoalForceSpec, frames: usize, channels: &mut [f32]) {
        channels.fill(0.0);
        let (cells, side) = (spec.cells(), spec.side());
        let width = spec.picture_px as f64;
        let (forces, rest) = channels.split_at_mut(2 * frames * cells);
        let winds = if spec.wind_mps.is_some() { WIND_PARTS } else { 0 };
        let (masses, wind) = rest.split_at_mut(rest.len().saturating_sub(winds * cells));
        if let Some(mark) = self.wind {
            for (own, value) in wind.chunks_exact_mut(cells).zip(mark.channels()) {
                own.fill(value);
            }
        }
        for (kind, given) in [self.direct, self.goal].into_iter().enumerate() {
            for force in given {
                for frame in 0..frames {
                    let time = frame as f64 / (frames.max(2) - 1) as f64;
                    let own = &mut forces[(kind * frames + frame) * cells..][..cells];
                    add_blob(force.blob_px(time, width), FORCE_SIGMA * width, spec.picture_px, |x, y, value| {
                        let share = (spec.cell_px * spec.cell_px) as f64;
                        own[y / spec.cell_px * side + x / spec.cell_px] += (value / share) as f32;
                    });
                }
            }
        }
        let half = spec.cell_px / 2;
        for mark in self.masses {
            let sigma = (LEAST_MASS_SIGMA + MASS_SIGMA_RANGE * mark.share.clamp(0.0, 1.0)) * width;
            add_blob(mark.at_px, sigma, spec.picture_px, |x, y, value| {
                let part = 2 * (y % spec.cell_px / half) + x % spec.cell_px / half;
                let cell = y / spec.cell_px * side + x / spec.cell_px;
                masses[part * cells + cell] += (value / (half * half) as f64) as f32;
            });
        }
        for value in masses {
            *value = value.clamp(0.0, 1.0);
        }
    }
}

/// Calls `add` with every pixel of a picture that a blob with peak 1 reaches, and its value there.
fn add_blob(centre: [f64; 2], sigma: f64, size: usize, mut add: impl FnMut(usize, usize, f64)) {
    if !centre.iter().all(|value| value.is_finite()) {
        return;
    }
    let range = |centre: f64| {
        let bound = |value: f64| value.clamp(0.0, size as f64) as usize;
        bound(centre - REACH * sigma)..bound((centre + REACH * sigma).ceil())
    };
    for y in range(centre[1]) {
        for x in range(centre[0]) {
            // Places are in pixels from the picture's corner; the value of a pixel is that at its middle.
            let (dx, dy) = (x as f64 + 0.5 - centre[0], y as f64 + 0.5 - centre[1]);
            add(x, y, (-(dx * dx + dy * dy) / (2.0 * sigma * sigma)).exp());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAMES: usize = 16;

    fn spec() -> GoalForceSpec {
        GoalForceSpec::default()
    }

    fn filled(signal: ControlSignal<'_>) -> Vec<f32> {
        let mut channels = vec![f32::NAN; (2 * FRAMES + 4) * spec().cells()];
        signal.fill(&spec(), FRAMES, &mut channels);
        channels
    }

    fn centroid(cells: &[f32]) -> [f64; 2] {
        let sum: f64 = cells.iter().map(|value| f64::from(*value)).sum();
        let weighted = |of: fn(usize) -> usize| -> f64 {
            cells.iter().enumerate().map(|(cell, value)| (of(cell) as f64 * 4.0 + 2.0) * f64::from(*value)).sum()
        };
        [weighted(|cell| cell % 16) / sum, weighted(|cell| cell / 16) / sum]
    }

    #[test]
    fn a_label_has_one_of_eight_directions_and_three_sizes() {
        let label = |degrees: f64, share: f64| {
            let force = Force { at_px: [3.0, 4.0], direction_rad: degrees.to_radians(), share };
            let label = force.as_label();
            assert_eq!(label.at_px, force.at_px);
            (label.direction_rad.to_degrees().round(), label.share)
        };
        assert_eq!(label(20.0, 0.0), (0.0, 0.125));
        assert_eq!(label(25.0, 0.3), (45.0, 0.5));
        assert_eq!(label(-100.0, 0.75), (-90.0, 0.875));
        assert_eq!(label(179.0, -0.5), (180.0, 0.125));
    }

    #[test]
    fn a_label_of_a_wind_has_one_of_eight_directions_and_four_strengths() {
        let label = |degrees: f64, fifteenths: f64| {
            let label = WindMark { direction_rad: degrees.to_radians(), share: fifteenths / 15.0 }.as_label();
            (label.direction_rad.to_degrees().round(), (15.0 * label.share).round())
        };
        assert_eq!(label(20.0, 1.9), (0.0, 1.0));
        assert_eq!(label(25.0, 2.1), (45.0, 4.0));
        assert_eq!(label(-100.0, 6.1), (-90.0, 8.0));
        assert_eq!(label(179.0, 10.1).0, 180.0);
        assert!((WindMark { direction_rad: 0.0, share: 0.9 }.as_label().share - 12.5 / 15.0).abs() < 1e-12);
    }

    /// thesis 4.2 and the released code: x = w/8 .. w/2, y against the picture's axis, sigma 20 of 832.
    #[test]
    fn a_blob_goes_as_far_as_published() {
        let force = |direction_rad, share| Force { at_px: [100.0, 200.0], direction_rad, share };
        assert_eq!(force(0.0, 0.0).blob_px(1.0, 832.0), [204.0, 200.0]);
        assert_eq!(force(0.0, 1.0).blob_px(1.0, 832.0), [516.0, 200.0]);
        let [x, y] = force(std::f64::consts::FRAC_PI_2, 0.5).blob_px(0.5, 832.0);
        assert!((x - 100.0).abs() < 1e-9 && (y - 70.0).abs() < 1e-9, "{x} {y}");
        let mut values = Vec::new();
        add_blob([100.5, 200.5], FORCE_SIGMA * 832.0, 832, |x, y, value| values.push((x, y, value)));
        let at = |x: usize, y: usize| values.iter().find(|value| (value.0, value.1) == (x, y)).map(|value| value.2);
        assert_eq!(at(100, 200), Some(1.0));
        assert!((at(120, 200).unwrap_or_default() - (-0.5_f64).exp()).abs() < 1e-12);
    }

    #[test]
    fn each_force_has_its_channel_and_moves_over_all_frames() {
        let force = Force { at_px: [20.0, 30.0], direction_rad: 0.0, share: 1.0 };
        let channels = filled(ControlSignal { goal: &[force], ..ControlSignal::default() });
        assert!(channels[..FRAMES * 256].iter().all(|value| *value == 0.0), "no direct force");
        for frame in [0, 15] {
            let [x, y] = centroid(&channels[(FRAMES + frame) * 256..][..256]);
            assert!((x - 20.0 - 32.0 * frame as f64 / 15.0).abs() < 0.3 && (y - 30.0).abs() < 0.3, "{x} {y}");
        }
        let twice = filled(ControlSignal { goal: &[force, force], ..ControlSignal::default() });
        assert!(channels.iter().zip(&twice).all(|(once, twice)| (2.0 * once - twice).abs() < 1e-6));
    }

    /// The published channels: constant in space and time.
    #[test]
    fn a_wind_is_the_same_everywhere_and_absent_without_one() {
        let spec = GoalForceSpec { wind_mps: Some([0.1, 0.8]), ..spec() };
        assert_eq!(spec.scene_channels(FRAMES) - GoalForceSpec::default().scene_channels(FRAMES), 3);
        let fill = |wind| {
            let mut channels = vec![f32::NAN; (2 * FRAMES + 4 + 3) * spec.cells()];
            ControlSignal { wind, ..ControlSignal::default() }.fill(&spec, FRAMES, &mut channels);
            channels
        };
        let wind = fill(Some(WindMark { direction_rad: std::f64::consts::FRAC_PI_2, share: 0.25 }));
        let (before, channels) = wind.split_at(36 * 256);
        assert!(before.iter().all(|value| *value == 0.0));
        for (channel, expected) in channels.chunks_exact(256).zip([-0.5, 0.0, 1.0]) {
            assert!(channel.iter().all(|value| (value - expected).abs() < 1e-6));
        }
        assert!(fill(None).iter().all(|value| *value == 0.0));
    }

    #[test]
    fn a_larger_mass_has_a_larger_blob() {
        let total = |share| -> f32 {
            let mark = MassMark { at_px: [33.0, 31.0], share };
            filled(ControlSignal { masses: &[mark], ..ControlSignal::default() })[2 * FRAMES * 256..].iter().sum()
        };
        let sums = [0.0, 0.5, 1.0].map(total);
        assert!(sums[0] > 0.01 && sums[1] > 3.0 * sums[0] && sums[2] > 1.5 * sums[1], "{sums:?}");
    }

    #[test]
    fn blobs_outside_of_the_picture_and_nan_are_no_panic() {
        for at_px in [[-500.0, 3.0], [64.0, 64.0], [f64::NAN, 0.0], [1e300, -1e300]] {
            let force = Force { at_px, direction_rad: 1.0, share: 40.0 };
            let mark = MassMark { at_px, share: f64::NAN };
            let signal = ControlSignal { direct: &[force], goal: &[force], masses: &[mark], wind: None };
            assert!(filled(signal).len() == 36 * 256);
        }
    }
}
