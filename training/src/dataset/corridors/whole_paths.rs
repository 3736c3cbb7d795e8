//! Batches of whole paths, cut into the windows of a planner; paths are mirrored and reversed at random.

use super::JudgedPath;
use super::windows::push_features;
use planwright::planner::corridor::{CHANNELS, OFFSET_UNIT_M, WINDOW, blend_share, end_share, smooth, window_starts};
use rand::{Rng, RngExt};

/// A path of a batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DrawnPath {
    /// Its number in the data.
    pub path: usize,
    /// The batch's number of its first knot.
    pub first: usize,
    /// Whether its knots are counted from the goal.
    pub reversed: bool,
    /// Whether left and right change places.
    pub flipped: bool,
}

/// One batch in plain memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PathBatch {
    /// Windows x channels x knots.
    pub features: Vec<f32>,
    /// The batch's knot of every output, windows x knots; 0 beyond a path's end.
    pub places: Vec<i64>,
    /// Share of every output in its knot's offset, windows x knots; 0 beyond a path's end.
    pub shares: Vec<f32>,
    /// Paths, their knots one path after the other.
    pub paths: Vec<DrawnPath>,
    /// Windows.
    pub windows: usize,
    /// Knots of all paths.
    pub knots: usize,
}

impl PathBatch {
    /// Removes all paths; the memory is kept.
    pub fn clear(&mut self) {
        self.features.clear();
        self.places.clear();
        self.shares.clear();
        self.paths.clear();
        (self.windows, self.knots) = (0, 0);
    }

    /// Appends random paths until there are `windows` of their windows.
    pub fn draw(&mut self, paths: &[JudgedPath], windows: usize, rng: &mut impl Rng) {
        while self.windows < windows {
            let path = rng.random_range(0..paths.len());
            let (reversed, mirrored): (bool, bool) = (rng.random(), rng.random());
            // Left of a path driven backwards is right of it.
            self.push(path, &paths[path].expert.features, reversed, reversed != mirrored);
        }
    }

    fn push(&mut self, path: usize, features: &[f32], reversed: bool, flipped: bool) {
        let count = features.len() / CHANNELS;
        let starts: Vec<usize> = window_starts(count).collect();
        for first in &starts {
            push_features(features, count, *first, reversed, flipped, &mut self.features);
        }
        // From the last window on: what it leaves of a knot is the share of those before it.
        let begin = self.places.len();
        self.places.resize(begin + starts.len() * WINDOW, 0);
        self.shares.resize(begin + starts.len() * WINDOW, 0.0);
        let mut left = vec![1.0; count];
        for (window, first) in starts.iter().enumerate().rev() {
            for index in 0..WINDOW.min(count - first) {
                let (at, knot) = (begin + window * WINDOW + index, first + index);
                let share = left[knot] * blend_share(*first, index);
                left[knot] -= share;
                self.places[at] = (self.knots + knot) as i64;
                self.shares[at] = share as f32;
            }
        }
        self.paths.push(DrawnPath { path, first: self.knots, reversed, flipped });
        self.windows += starts.len();
        self.knots += count;
    }
}

impl DrawnPath {
    /// The path's offsets in metres, as a planner computes them, from the blended outputs of all knots of a batch.
    pub fn offsets(&self, count: usize, smoothing_passes: usize, outputs: &[f32], offsets: &mut Vec<f64>) {
        let scale = if self.flipped { -OFFSET_UNIT_M } else { OFFSET_UNIT_M };
        offsets.clear();
        offsets.extend(
            (0..count).map(|knot| scale * end_share(knot, count) * f64::from(outputs[self.place(knot, count)])),
        );
        smooth(offsets, smoothing_passes);
    }

    /// Slopes by the blended outputs from those by the offsets, which are changed.
    pub fn spread(&self, smoothing_passes: usize, by_offset: &mut [f64], by_output: &mut [f32]) {
        let (count, scale) = (by_offset.len(), if self.flipped { -OFFSET_UNIT_M } else { OFFSET_UNIT_M });
        // Both ends stay where they are.
        (by_offset[0], by_offset[count - 1]) = (0.0, 0.0);
        smooth(by_offset, smoothing_passes);
        for (knot, slope) in by_offset.iter().enumerate() {
            by_output[self.place(knot, count)] = (scale * end_share(knot, count) * slope) as f32;
        }
    }

    /// The batch's number of a knot, counted from the start.
    fn place(&self, knot: usize, count: usize) -> usize {
        self.first + if self.reversed { count - 1 - knot } else { knot }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planwright::planner::corridor::{KNOT_M, Reference, features, fill_window};
    use planwright::world::map::generate::{GeneratedMap, MapKind};

    /// Features of a line and of the same line driven backwards.
    #[test]
    fn a_reversed_window_is_the_window_of_the_reversed_path() {
        let grid = GeneratedMap::draw(MapKind::Forest, 1).grid().expect("a map");
        let way = [[2.0, 2.0], [5.0, 3.0], [6.0, 7.0], [9.0, 8.0]];
        let values = |way: &[[f64; 2]]| {
            let (mut reference, mut values) = (Reference::default(), Vec::new());
            reference.follow(way, 500);
            features(&grid, &reference, KNOT_M, 0.2, 1.0, &mut values);
            values
        };
        let backwards: Vec<[f64; 2]> = way.into_iter().rev().collect();
        let (forwards, backwards) = (values(&way), values(&backwards));
        let [mut a, mut b] = [PathBatch::default(), PathBatch::default()];
        a.push(0, &forwards, true, true);
        b.push(0, &backwards, false, false);
        assert!(a.features.iter().zip(&b.features).all(|(a, b)| (a - b).abs() < 1e-3));
        assert!(a.shares == b.shares && a.places == b.places);
        // Without either, it is a planner's input of the network.
        let mut window = vec![0.0; CHANNELS * WINDOW];
        fill_window(&backwards, backwards.len() / CHANNELS, 0, &mut window);
        assert_eq!(b.features[..window.len()], window);
    }

    #[test]
    fn shares_of_overlapping_windows_are_one_in_all() {
        for count in [4, 63, 64, 65, 130, 200] {
            let mut batch = PathBatch::default();
            for _ in 0..2 {
                batch.push(0, &vec![0.0; CHANNELS * count], false, false);
            }
            let mut sums = vec![0.0; batch.knots];
            for (place, share) in batch.places.iter().zip(&batch.shares) {
                sums[*place as usize] += share;
            }
            assert_eq!((batch.knots, batch.places.len()), (2 * count, batch.windows * WINDOW));
            assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-6), "{count}: {sums:?}");
        }
    }

    #[test]
    fn slopes_go_back_the_way_that_offsets_come() {
        let outputs: Vec<f32> = (0..50).map(|index| (0.3 * index as f32).sin()).collect();
        let way: Vec<f64> = (0..40).map(|index| (0.2 * f64::from(index)).cos()).collect();
        for (reversed, flipped) in [(false, false), (true, false), (false, true), (true, true)] {
            let drawn = DrawnPath { path: 0, first: 10, reversed, flipped };
            let (mut offsets, mut slopes, mut by_output) = (Vec::new(), way.clone(), vec![0.0; 50]);
            drawn.offsets(40, 2, &outputs, &mut offsets);
            assert_eq!((offsets.len(), offsets[0], offsets[39]), (40, 0.0, 0.0));
            drawn.spread(2, &mut slopes, &mut by_output);
            let there: f64 = offsets.iter().zip(&way).map(|(a, b)| a * b).sum();
            let back: f64 = outputs.iter().zip(&by_output).map(|(a, b)| f64::from(a * b)).sum();
            assert!((there - back).abs() < 1e-5, "{there} and {back}");
        }
    }
}
