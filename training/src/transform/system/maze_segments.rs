//! Segments of D4RL's Maze2D (umaze); the quantity is the length of the path.
//!
//! Segments are cut from runs of our own generator with D4RL's published recipe: positions, one step is 0.01 s. Of
//! 128-step segments the middle 98% are between 3.10 and 4.60 m long, none is shorter than 2.4 m or longer than 5.1 m.
//! The range 3.5 to 4.75 m was found by the published median step of data, .034 m: it gives .0335, a lower end of 3.4 m
//! .033, one of 3.0 m .032. Every bin can be filled well: of 10000 segments none overlaps another of its bin.

use super::free_space::FreeSpace;
use super::quotas::Quotas;
use super::{Recovered, System, SystemError};
use crate::dataset::{GeneratorSettings, Limits, Trajectories, generate};
use planwright::quantity::{QuantityGrid, path_length_m};
use planwright::world::{Layout, MAX_SPEED_MPS, Point, PointMass, STEP_SECS, Sweep};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

const NAME: &str = "maze2d";
/// How far the ball's surface may be inside a wall, metres. Walls are soft: at full speed the ball enters one by up to
/// 22 mm. Data and samples that go deeper than this have hit a wall and are dropped.
const PENETRATION_M: f64 = 0.005;
/// How far apart two successive points may be where one trajectory is continued by another's: two steps at full speed.
const REACH_M: f64 = 2.0 * MAX_SPEED_MPS * STEP_SECS;
/// Steps of one run; longer recordings are several runs, made side by side.
const RUN_STEPS: usize = 500_000;
/// Seeds of the runs start here, so that they differ from those of any planner's data.
const FIRST_SEED: u64 = 0x6d61_7a65;

/// Which segments, and how their lengths are compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SegmentSettings {
    /// Steps of 0.01 s of a segment, H.
    pub horizon: usize,
    /// The range over which the path length is meant to be uniform, metres.
    pub range: [f64; 2],
    /// The span of the grid on which distributions are compared, metres.
    pub grid_range: [f64; 2],
    /// Cells of that grid.
    pub grid_cells: usize,
    /// Standard deviation of the Gaussian of all density curves as a share of the range.
    pub bandwidth_share: f64,
    /// Bins of the range that data fill evenly.
    pub quantity_bins: usize,
    /// Steps of 0.01 s of the recording from which segments are cut.
    pub recording_steps: usize,
}

impl Default for SegmentSettings {
    fn default() -> Self {
        Self {
            horizon: 128,
            range: [3.5, 4.75],
            grid_range: [2.0, 8.0],
            grid_cells: 512,
            bandwidth_share: 0.04,
            quantity_bins: 32,
            recording_steps: 4_000_000,
        }
    }
}

/// The system; see the module's text.
pub struct MazeSegments {
    layout: Layout,
    free: FreeSpace,
    /// Half the sides of the box of the limits: a unit of normalised coordinates.
    half_m: Point,
    horizon: usize,
    range: [f64; 2],
    grid: QuantityGrid,
    bandwidth: f64,
    bins: QuantityGrid,
    recording_steps: usize,
}

/// One run: where the ball was, and at which steps the way to the next point goes through a wall.
struct Run {
    points: Vec<[f32; 2]>,
    hits: Vec<bool>,
}

impl MazeSegments {
    /// Of the umaze.
    ///
    /// # Errors
    /// If a segment has fewer than two steps, the ball cannot drive the range's lengths, or a grid is none.
    pub fn new(settings: &SegmentSettings) -> Result<Self, SystemError> {
        if settings.horizon < 2 {
            let (expected, got) = ("a horizon of at least 2".to_owned(), settings.horizon.to_string());
            return Err(SystemError::Setting { system: NAME, expected, got });
        }
        let ([low_m, high_m], [first_m, last_m]) = (settings.range, settings.grid_range);
        let layout = Layout::umaze();
        let longest_m = std::f64::consts::SQRT_2 * MAX_SPEED_MPS * STEP_SECS * settings.horizon as f64;
        for value in settings.range {
            if !(value >= 0.0 && value <= longest_m) {
                let (quantity, low) = ("path length", 0.0);
                return Err(SystemError::OutOfRange { system: NAME, quantity, low, high: longest_m, got: value });
            }
        }
        let free = FreeSpace::of(&layout);
        let (low, high) = free.bounds();
        Ok(Self {
            half_m: std::array::from_fn(|axis| 0.5 * (high[axis] - low[axis]) + PENETRATION_M),
            free,
            layout,
            horizon: settings.horizon,
            range: settings.range,
            grid: QuantityGrid::new(first_m, last_m, settings.grid_cells)?,
            bandwidth: settings.bandwidth_share * (high_m - low_m),
            bins: QuantityGrid::new(low_m, high_m, settings.quantity_bins)?,
            recording_steps: settings.recording_steps,
        })
    }

    fn run(&self, steps: usize, seed: u64) -> Run {
        let recording = generate(&self.layout, &GeneratorSettings::published(self.layout.name(), steps, seed));
        let points: Vec<[f32; 2]> = recording.true_states.iter().map(|state| [state[0], state[1]]).collect();
        let sweep = Sweep::new(&self.layout, PointMass::FOOTPRINT);
        let near = &recording.wall_contacts;
        let hits = points.windows(2).zip(near.windows(2)).map(|(pair, near)| {
            // Away from walls there is nothing to look for.
            near.contains(&true) && !(sweep.segment(wide(pair[0]), wide(pair[1])) >= -PENETRATION_M)
        });
        Run { hits: hits.collect(), points }
    }

    /// Start and path length of every segment of a run that hits no wall.
    fn segments(&self, run: &Run) -> Vec<(usize, f64)> {
        let chords = self.horizon - 1;
        let mut found = Vec::new();
        // Length and hits up to each point; differences of them are those of a segment.
        let (mut length, mut hits) = (vec![0.0_f64], vec![0_u32]);
        for (end, (pair, hit)) in run.points.windows(2).zip(&run.hits).enumerate() {
            length.push(length[end] + path_length_m(pair.iter().copied().map(wide)));
            hits.push(hits[end] + u32::from(*hit));
            if let Some(start) = (end + 1).checked_sub(chords).filter(|start| hits[*start] == hits[end + 1]) {
                found.push((start, length[end + 1] - length[start]));
            }
        }
        found
    }

    fn measure(segment: &[f32]) -> f64 {
        path_length_m(segment.as_chunks::<2>().0.iter().copied().map(wide))
    }
}

fn wide(point: [f32; 2]) -> Point {
    point.map(f64::from)
}

/// `count` of the candidate starts, as far apart as can be: first those that overlap no other, then with half the
/// distance, and so on. Which of many equals is drawn at random.
fn spread(candidates: &mut [usize], count: usize, horizon: usize, rng: &mut impl Rng) -> BTreeSet<usize> {
    candidates.shuffle(rng);
    let mut chosen = BTreeSet::new();
    let mut apart = horizon;
    while apart > 0 {
        for start in candidates.iter() {
            if chosen.len() == count {
                return chosen;
            }
            let near = (start + 1).saturating_sub(apart)..start + apart;
            if chosen.range(near).next().is_none() {
                chosen.insert(*start);
            }
        }
        apart /= 2;
    }
    chosen
}

impl System for MazeSegments {
    fn name(&self) -> &'static str {
        NAME
    }

    fn quantity(&self) -> (&'static str, &'static str) {
        ("path length", "m")
    }

    fn horizon(&self) -> usize {
        self.horizon
    }

    fn columns(&self) -> usize {
        2
    }

    fn coordinates(&self) -> Vec<(&'static str, &'static str)> {
        vec![("x", "m"), ("y", "m")]
    }

    fn layout(&self) -> Option<&Layout> {
        Some(&self.layout)
    }

    fn step_secs(&self) -> f64 {
        STEP_SECS
    }

    fn range(&self) -> [f64; 2] {
        self.range
    }

    fn grid(&self) -> QuantityGrid {
        self.grid
    }

    fn bandwidth(&self) -> f64 {
        self.bandwidth
    }

    /// The box of the maze's free space, with the penetration that is tolerated.
    fn limits(&self) -> Limits {
        let (low, high) = self.free.bounds();
        Limits {
            low: low.map(|value| (value - PENETRATION_M) as f32).to_vec(),
            high: high.map(|value| (value + PENETRATION_M) as f32).to_vec(),
        }
    }

    fn generate(&self, count: usize, seed: u64) -> Result<Trajectories, SystemError> {
        let runs = self.recording_steps.div_ceil(RUN_STEPS);
        let recorded: Vec<(Run, Vec<(usize, f64)>)> = (0..runs)
            .into_par_iter()
            .map(|index| {
                let steps = RUN_STEPS.min(self.recording_steps - index * RUN_STEPS);
                let first = FIRST_SEED.wrapping_add(seed.wrapping_mul(1 << 20));
                let run = self.run(steps, first.wrapping_add(index as u64));
                let segments = self.segments(&run);
                (run, segments)
            })
            .collect();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut quotas = Quotas::new(self.bins, count, &mut rng);
        let mut candidates = vec![Vec::new(); self.bins.cells()];
        for (run, (_, segments)) in recorded.iter().enumerate() {
            for (start, length_m) in segments {
                if let Some(bin) = self.bins.cell_of(*length_m).and_then(|bin| candidates.get_mut(bin)) {
                    bin.push(run * RUN_STEPS + start);
                }
            }
        }
        let mut starts = Vec::with_capacity(count);
        for (bin, candidates) in candidates.iter_mut().enumerate() {
            let chosen = spread(candidates, quotas.room(bin), self.horizon, &mut rng);
            // A bin that did not get its share stays open, and is named below.
            (0..chosen.len()).for_each(|_| _ = quotas.take(self.bins.centre(bin)));
            starts.extend(chosen);
        }
        quotas.unfilled(NAME, self.quantity().0)?;
        starts.shuffle(&mut rng);
        let mut kept = Trajectories::empty(self.horizon, 2);
        for start in starts {
            let points = recorded.get(start / RUN_STEPS).map_or(&[][..], |(run, _)| &run.points);
            let from = start % RUN_STEPS;
            kept.values.extend(points.get(from..from + self.horizon).unwrap_or_default().iter().flatten());
        }
        Ok(kept)
    }

    fn recover(&self, trajectories: &Trajectories) -> Result<Recovered, SystemError> {
        trajectories.check(self.horizon, 2)?;
        Ok(Recovered::Values(trajectories.iter().map(Self::measure).collect()))
    }

    fn endpoints_fixed(&self) -> bool {
        true
    }

    /// Endpoints as in the original, interior points in the maze's free space.
    fn admit(&self, original: &[f32], deviated: &mut [f32]) {
        let last = self.horizon.saturating_sub(1);
        let originals = original.as_chunks::<2>().0;
        for (step, point) in deviated.as_chunks_mut::<2>().0.iter_mut().enumerate() {
            match originals.get(step) {
                Some(kept) if step == 0 || step == last => *point = *kept,
                _ => *point = self.free.nearest(wide(*point)).map(|value| value as f32),
            }
        }
    }

    fn continues(&self, before: &[f32], piece: &[f32]) -> bool {
        let step_m = |axis: usize| self.half_m[axis] * (f64::from(piece[axis]) - f64::from(before[axis]));
        before.len() == 2 && piece.len() == 2 && step_m(0).hypot(step_m(1)) <= REACH_M
    }

    fn is_admissible(&self, trajectory: &[f32]) -> bool {
        let points = trajectory.as_chunks::<2>().0.iter().copied().map(wide);
        Sweep::new(&self.layout, PointMass::FOOTPRINT).path(points).is_clear_by(-PENETRATION_M)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planwright::quantity::Marginal;

    fn maze(recording_steps: usize, range: [f64; 2]) -> MazeSegments {
        let settings = SegmentSettings { recording_steps, range, ..SegmentSettings::default() };
        MazeSegments::new(&settings).expect("valid")
    }

    #[test]
    fn segments_are_uniform_in_length_free_of_walls_and_the_same_for_a_seed() {
        let maze = maze(200_000, [3.6, 4.4]);
        let data = maze.generate(640, 3).expect("data");
        assert_eq!((data.len(), data.size()), (640, 256));
        assert_eq!(data, maze.generate(640, 3).expect("data"));
        assert_ne!(data, maze.generate(640, 4).expect("data"));
        let found = maze.recover(&data).expect("finite");
        let counts = Marginal::from_values(maze.bins, &found.values()).expect("values");
        // A length that lies on the edge of a bin may be rounded to the other side.
        assert!(counts.mass().iter().all(|mass| (mass * 640.0 - 20.0).abs() < 1.5), "{counts:?}");
        assert!(data.iter().all(|segment| maze.is_admissible(segment)));
        let limits = maze.limits();
        let normal = data.normalised(&limits);
        assert!(normal.values.iter().all(|value| (-1.0..=1.0).contains(value)));
        for segment in normal.iter() {
            assert!(segment.chunks(2).zip(segment[2..].chunks(2)).all(|(before, piece)| maze.continues(before, piece)));
        }
        let mut starts: Vec<[u32; 4]> = data.iter().map(|s| [s[0], s[1], s[2], s[3]].map(f32::to_bits)).collect();
        starts.sort_unstable();
        starts.dedup();
        assert_eq!(starts.len(), 640, "every segment starts elsewhere");
    }

    #[test]
    fn lengths_without_a_segment_are_named() {
        let Err(error) = maze(20_000, [2.0, 6.0]).generate(64, 0) else { panic!("no segment of 128 steps has 2 m") };
        assert!(error.to_string().contains("expected data in every bin of path length"), "{error}");
        let far = SegmentSettings { range: [2.0, 9.9], ..SegmentSettings::default() };
        assert!(matches!(MazeSegments::new(&far), Err(SystemError::OutOfRange { quantity: "path length", .. })));
    }

    #[test]
    fn starts_are_spread_as_far_as_the_candidates_allow() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let mut many: Vec<usize> = (0..1000).collect();
        let chosen: Vec<usize> = spread(&mut many, 5, 64, &mut rng).into_iter().collect();
        assert!(chosen.len() == 5 && chosen.windows(2).all(|pair| pair[1] - pair[0] >= 64), "{chosen:?}");
        let mut few = vec![10, 11, 12, 500];
        assert_eq!(spread(&mut few, 4, 64, &mut rng).into_iter().collect::<Vec<_>>(), [10, 11, 12, 500]);
        assert!(spread(&mut few, 2, 64, &mut rng).contains(&500));
        assert_eq!(spread(&mut few, 9, 64, &mut rng).len(), 4);
    }

    #[test]
    fn admission_keeps_the_ends_and_moves_the_rest_out_of_walls() {
        let maze = MazeSegments { horizon: 4, ..maze(1000, [3.6, 4.4]) };
        let original = [1.0, 1.0, 1.0, 1.1, 1.0, 1.2, 1.0, 1.3];
        let mut deviated = [9.0, 9.0, 0.1, 1.0, 1.0, 1.25, -1.0, 0.0];
        maze.admit(&original, &mut deviated);
        assert_eq!(deviated, [1.0, 1.0, 0.4, 1.0, 1.0, 1.25, 1.0, 1.3]);
    }

    #[test]
    fn ways_through_walls_do_not_count() {
        let maze = maze(1000, [3.6, 4.4]);
        assert!(maze.is_admissible(&[1.0, 1.0, 1.0, 2.8]));
        // Both ends are free, the way between them is not.
        assert!(!maze.is_admissible(&[1.0, 1.0, 3.0, 1.0]));
        assert!(!maze.is_admissible(&[1.0, 1.0, f32::NAN, 1.0]));
        // 4 mm inside the wall at 0.3 + 0.1 m is a touch, 6 mm is a hit.
        assert!(maze.is_admissible(&[0.396, 1.0]) && !maze.is_admissible(&[0.394, 1.0]));
    }

    #[test]
    fn jumps_do_not_continue() {
        let maze = maze(1000, [3.6, 4.4]);
        // 0.1 m and 0.11 m in units of half the box, 1.405 m.
        assert!(maze.continues(&[0.0, 0.0], &[0.1 / 1.405, 0.0]));
        assert!(!maze.continues(&[0.0, 0.0], &[0.0, 0.11 / 1.405]));
        assert!(!maze.continues(&[0.0, 0.0], &[f32::NAN, 0.0]));
    }
}
