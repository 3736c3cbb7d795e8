//! Random windows of paths, mirrored and reversed at random.

use super::CorridorPath;
use planwright::planner::corridor::{CHANNELS, LATERALS, WINDOW, end_share, window_starts};
use rand::{Rng, RngExt};

/// Channels after the lateral distances.
const CURVATURE: usize = LATERALS;
const START: usize = LATERALS + 1;
const GOAL: usize = LATERALS + 2;

/// One batch in plain memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CorridorBatch {
    /// B x channels x knots.
    pub features: Vec<f32>,
    /// The expert's offsets, in the network's unit, B x knots.
    pub offsets: Vec<f32>,
    /// Share of the network's offset that counts, B x knots.
    pub shares: Vec<f32>,
    /// 1 for knots of the path, 0 beyond its end, B x knots.
    pub known: Vec<f32>,
    /// Windows.
    pub count: usize,
}

impl CorridorBatch {
    /// Removes all windows; the memory is kept.
    pub fn clear(&mut self) {
        self.features.clear();
        self.offsets.clear();
        self.shares.clear();
        self.known.clear();
        self.count = 0;
    }
}

/// Paths of which windows are drawn, each path as often as a planner needs windows for it.
pub struct CorridorWindows {
    paths: Vec<CorridorPath>,
    /// Index of the path of every window.
    owners: Vec<u32>,
    /// Whether windows are mirrored and reversed at random.
    is_symmetric: bool,
}

impl CorridorWindows {
    /// Counts the windows.
    pub fn new(paths: Vec<CorridorPath>) -> Self {
        let owners = paths.iter().enumerate();
        let owners = owners.flat_map(|(index, path)| window_starts(path.count).map(move |_| index as u32)).collect();
        Self { paths, owners, is_symmetric: true }
    }

    /// Windows as they were driven: who keeps to the right does not keep to the left of a mirrored way.
    #[must_use]
    pub fn as_driven(self) -> Self {
        Self { is_symmetric: false, ..self }
    }

    /// Windows that a planner would need for all paths.
    pub fn len(&self) -> usize {
        self.owners.len()
    }

    /// Whether there is no path.
    pub fn is_empty(&self) -> bool {
        self.owners.is_empty()
    }

    /// Appends a random window of a random path.
    pub fn draw(&self, rng: &mut impl Rng, batch: &mut CorridorBatch) {
        let path = &self.paths[self.owners[rng.random_range(0..self.owners.len())] as usize];
        let first = rng.random_range(0..=path.count.saturating_sub(WINDOW));
        let [reversed, mirrored] = if self.is_symmetric { [rng.random(), rng.random()] } else { [false; 2] };
        push(path, first, reversed, mirrored, batch);
    }
}

/// Appends the window that begins at a knot, counted from the start of the path or, if `reversed`, from its goal.
fn push(path: &CorridorPath, first: usize, reversed: bool, mirrored: bool, batch: &mut CorridorBatch) {
    let last = path.count - 1;
    // Left of a path driven backwards is right of it.
    let flipped = reversed != mirrored;
    let sign = if flipped { -1.0 } else { 1.0 };
    push_features(&path.features, path.count, first, reversed, flipped, &mut batch.features);
    for index in 0..WINDOW {
        let known = first + index <= last;
        batch.offsets.push(if known { sign * path.offsets[place(first + index, last, reversed)] } else { 0.0 });
        batch.shares.push(if known { end_share(first + index, path.count) as f32 } else { 0.0 });
        batch.known.push(if known { 1.0 } else { 0.0 });
    }
    batch.count += 1;
}

/// Appends the features (channels x `count`) of the window that begins at a knot, counted from the end at which the network
/// begins; `flipped`: left and right change places.
pub(super) fn push_features(
    features: &[f32],
    count: usize,
    first: usize,
    reversed: bool,
    flipped: bool,
    window: &mut Vec<f32>,
) {
    let last = count - 1;
    for channel in 0..CHANNELS {
        let source = match channel {
            lateral if lateral < LATERALS && flipped => LATERALS - 1 - lateral,
            START if reversed => GOAL,
            GOAL if reversed => START,
            other => other,
        };
        let scale = if channel == CURVATURE && flipped { -1.0 } else { 1.0 };
        let values = &features[source * count..][..count];
        window.extend((first..first + WINDOW).map(|knot| scale * values[place(knot, last, reversed)]));
    }
}

/// The knot of the path that is the `knot`-th from the end at which the network begins; the last one beyond it.
fn place(knot: usize, last: usize, reversed: bool) -> usize {
    let knot = knot.min(last);
    if reversed { last - knot } else { knot }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planwright::planner::corridor::{KNOT_M, Reference, features, fill_window};
    use planwright::world::map::generate::{GeneratedMap, MapKind};
    use rand::SeedableRng;

    /// Features and offsets of a line and of the same line driven backwards.
    #[test]
    fn a_reversed_window_is_the_window_of_the_reversed_path() {
        let grid = GeneratedMap::draw(MapKind::Forest, 1).grid().expect("a map");
        let way = [[2.0, 2.0], [5.0, 3.0], [6.0, 7.0], [9.0, 8.0]];
        let path = |way: &[[f64; 2]], sign: f32| {
            let (mut reference, mut values) = (Reference::default(), Vec::new());
            reference.follow(way, 500);
            features(&grid, &reference, KNOT_M, 0.2, 1.0, &mut values);
            let count = reference.len();
            let offsets = (0..count).map(|knot| sign * (knot * (count - 1 - knot)) as f32).collect();
            CorridorPath { count, features: values, offsets }
        };
        let backwards: Vec<[f64; 2]> = way.into_iter().rev().collect();
        let (forwards, backwards) = (path(&way, 1.0), path(&backwards, -1.0));
        let [mut a, mut b] = [CorridorBatch::default(), CorridorBatch::default()];
        push(&forwards, 0, true, false, &mut a);
        push(&backwards, 0, false, false, &mut b);
        let near = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-3);
        assert!(near(&a.features, &b.features) && near(&a.offsets, &b.offsets) && a.known == b.known);
        // Without either, it is a planner's input of the network.
        let mut window = vec![0.0; CHANNELS * WINDOW];
        fill_window(&backwards.features, backwards.count, 0, &mut window);
        assert_eq!(b.features, window);
        assert_eq!(a.known.iter().filter(|known| **known > 0.0).count(), forwards.count);
        assert_eq!((a.shares[0], a.shares[forwards.count - 1], a.shares[5]), (0.0, 0.0, 1.0));
    }

    #[test]
    fn windows_of_drives_are_never_mirrored() {
        let offsets = vec![0.5; 80];
        let path = CorridorPath { count: 80, features: vec![0.0; CHANNELS * 80], offsets };
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let [mut free, mut driven] = [CorridorBatch::default(), CorridorBatch::default()];
        let windows = CorridorWindows::new(vec![path.clone()]);
        (0..20).for_each(|_| windows.draw(&mut rng, &mut free));
        let windows = CorridorWindows::new(vec![path]).as_driven();
        (0..20).for_each(|_| windows.draw(&mut rng, &mut driven));
        assert!(free.offsets.contains(&-0.5) && driven.offsets.iter().all(|offset| *offset == 0.5));
    }

    #[test]
    fn mirroring_twice_changes_nothing() {
        let values = (0..CHANNELS * 80).map(|value| value as f32).collect();
        let path = CorridorPath { count: 80, features: values, offsets: (0..80).map(|knot| knot as f32).collect() };
        let [mut once, mut twice] = [CorridorBatch::default(), CorridorBatch::default()];
        push(&path, 7, false, true, &mut once);
        let mirrored = CorridorPath { count: WINDOW, features: once.features.clone(), offsets: once.offsets.clone() };
        push(&mirrored, 0, false, true, &mut twice);
        let mut plain = CorridorBatch::default();
        push(&path, 7, false, false, &mut plain);
        assert_eq!((&twice.features, &twice.offsets), (&plain.features, &plain.offsets));
        assert_ne!(once.features, plain.features);
    }
}
