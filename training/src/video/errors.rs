//! Errors of the colours of predicted frames, of moving and of resting pixels apart.

use crate::dataset::goal_force::is_moving;
use serde::Serialize;

/// Root mean square errors of colours between 0 and 1, over all frames and scenes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct VideoErrors {
    /// Of pixels that move in the true frame.
    pub moving: f64,
    /// Of all others.
    pub resting: f64,
    /// Of pixels that move, by frame.
    pub moving_by_frame: Vec<f64>,
}

/// Squares and their number, of moving and of resting pixels, by frame.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    frames: Vec<[(f64, usize); 2]>,
}

impl Sums {
    /// Adds the frames of one video.
    pub(super) fn add(&mut self, first: &[u8], truth: &[Vec<u8>], predicted: &[Vec<u8>]) {
        self.frames.resize(self.frames.len().max(truth.len()), [(0.0, 0); 2]);
        for (sums, (truth, predicted)) in self.frames.iter_mut().zip(truth.iter().zip(predicted)) {
            let pixels = first.chunks_exact(3).zip(truth.chunks_exact(3)).zip(predicted.chunks_exact(3));
            for ((first, truth), predicted) in pixels {
                let (sum, count) = &mut sums[usize::from(!is_moving(first, truth))];
                for (a, b) in truth.iter().zip(predicted) {
                    *sum += (f64::from(a.abs_diff(*b)) / 255.0).powi(2);
                }
                *count += 3;
            }
        }
    }

    /// Share of moving pixels.
    pub(super) fn moving_share(&self) -> f64 {
        let [moving, resting] = [0, 1].map(|kind| self.frames.iter().map(|sums| sums[kind].1).sum::<usize>());
        moving as f64 / (moving + resting).max(1) as f64
    }

    pub(super) fn errors(&self) -> VideoErrors {
        let root = |(sum, count): (f64, usize)| (sum / count.max(1) as f64).sqrt();
        let all = |kind: usize| {
            let parts = self.frames.iter().map(|sums| sums[kind]);
            root(parts.fold((0.0, 0), |(sum, count), part| (sum + part.0, count + part.1)))
        };
        VideoErrors {
            moving: all(0),
            resting: all(1),
            moving_by_frame: self.frames.iter().map(|sums| root(sums[0])).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_moving_and_resting_pixels_are_apart() {
        // Two pixels, of which the first one moves in the first frame, and both rest in the second.
        let first = [100_u8; 6];
        let truth = vec![vec![200, 200, 200, 100, 100, 100], first.to_vec()];
        let mut sums = Sums::default();
        sums.add(&first, &truth, &[first.to_vec(), first.to_vec()]);
        let errors = sums.errors();
        assert!((errors.moving - 100.0 / 255.0).abs() < 1e-12 && errors.resting == 0.0, "{errors:?}");
        assert_eq!(errors.moving_by_frame[1], 0.0);
        assert!((sums.moving_share() - 0.25).abs() < 1e-12);
        // A prediction of the moving pixel that is right, and of a resting one that is not.
        let mut sums = Sums::default();
        sums.add(&first, &truth, &[truth[0].clone(), vec![100, 100, 100, 151, 100, 100]]);
        let errors = sums.errors();
        assert!(errors.moving == 0.0 && (errors.resting - 0.2 / 3.0).abs() < 1e-12, "{errors:?}");
    }

    #[test]
    fn nothing_has_no_error() {
        assert_eq!(Sums::default().errors(), VideoErrors::default());
        assert_eq!(Sums::default().moving_share(), 0.0);
    }
}
