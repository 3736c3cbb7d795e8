//! An expert's path beside a reference line: the best of a small portfolio of optimisations, then hill climbing on the
//! time of arrival; every path that is kept is clear.

use super::CorridorProblem;
use planwright::planner::corridor::{
    ArrivalTime, CLEARANCE_WEIGHT, MAX_OFFSET_M, OffsetOptimizer, OffsetWeights, POINTS_PER_KNOT, PathRepair,
    is_path_clear, path_points,
};
use planwright::world::Point;
use planwright::world::map::GridMap;
use rand::{Rng, RngExt};
use std::f64::consts::PI;

/// Weights of curvature, m^2 per metre of turning length: from taut to wide.
const CURVATURE_WEIGHTS: [f64; 5] = [0.003, 0.015, 0.06, 0.25, 1.0];
const ITERATIONS: usize = 25;
/// Clearance that the optimisations prefer beyond the one that is kept, metres.
const SOFT_MARGIN_M: f64 = 0.01;
/// Half the width of a bump, knots.
const HALF_WIDTHS: std::ops::RangeInclusive<usize> = 1..=14;
/// Logarithms of a bump's height, metres.
const LOG_HEIGHTS: std::ops::Range<f64> = -6.0..-1.2;
/// A turning length at which every step of the hill climbing counts, metres.
const LONG_TURNING_M: f64 = 4.0;
/// Share of the steps that are made however short the turning length is.
const LEAST_SHARE: f64 = 0.25;

/// Times of arrival from rest to rest with an acceleration of 1 m/s^2, seconds; infinite where no clear path was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExpertTimes {
    /// Of the smoothed reference, pushed clear.
    pub reference_secs: f64,
    /// Of the best optimisation, pushed clear.
    pub optimizer_secs: f64,
    /// Of the expert.
    pub expert_secs: f64,
}

/// Buffers of an expert.
#[derive(Default)]
pub struct Expert {
    optimizer: OffsetOptimizer,
    repair: PathRepair,
    arrival: ArrivalTime,
    trial: Vec<f64>,
    points: Vec<Point>,
}

impl Expert {
    /// Fills `offsets` (metres) with the expert's path for a problem. `None` where no clear path is found.
    pub fn solve(
        &mut self,
        map: &GridMap,
        problem: &CorridorProblem,
        bumps: usize,
        rng: &mut impl Rng,
        offsets: &mut Vec<f64>,
    ) -> Option<ExpertTimes> {
        let knots = problem.reference.len();
        self.trial.clear();
        self.trial.resize(knots, 0.0);
        let reference_secs = self.clear_secs(map, problem);
        offsets.clone_from(&self.trial);
        let mut best_secs = reference_secs;
        let mut optimizer_secs = f64::INFINITY;
        self.trial.fill(0.0);
        for weight in CURVATURE_WEIGHTS {
            let weights = OffsetWeights {
                clearance_m: problem.clearance_m + SOFT_MARGIN_M,
                clearance: CLEARANCE_WEIGHT,
                free_curvature: 1.0 / problem.turning_length_m,
                curvature: weight * problem.turning_length_m,
                iterations: ITERATIONS,
            };
            self.optimizer.optimize(map, &problem.reference, &weights, &mut self.trial);
            let secs = self.clear_secs(map, problem);
            optimizer_secs = optimizer_secs.min(secs);
            if secs < best_secs {
                best_secs = secs;
                offsets.clone_from(&self.trial);
            }
        }
        if !best_secs.is_finite() {
            return None;
        }
        let share = (problem.turning_length_m / LONG_TURNING_M).clamp(LEAST_SHARE, 1.0);
        let steps = if knots < 3 { 0 } else { (share * bumps as f64).round() as usize };
        for _ in 0..steps {
            best_secs = self.bump(map, problem, rng, offsets, best_secs);
        }
        Some(ExpertTimes { reference_secs, optimizer_secs, expert_secs: best_secs })
    }

    /// Time of the trial, after it has been pushed clear; infinite where it cannot be.
    fn clear_secs(&mut self, map: &GridMap, problem: &CorridorProblem) -> f64 {
        let CorridorProblem { reference, clearance_m, turning_length_m, .. } = problem;
        match self.repair.repair(map, reference, *clearance_m, &mut self.trial, &mut self.points) {
            true => self.arrival.of(&self.points, turning_length_m.sqrt(), 1.0),
            false => f64::INFINITY,
        }
    }

    /// Adds a bump at a random place if the path then arrives earlier and stays clear; returns the time.
    fn bump(
        &mut self,
        map: &GridMap,
        problem: &CorridorProblem,
        rng: &mut impl Rng,
        offsets: &mut [f64],
        best_secs: f64,
    ) -> f64 {
        let CorridorProblem { reference, clearance_m, turning_length_m, .. } = problem;
        let last = offsets.len() - 1;
        let (centre, half) = (rng.random_range(1..last), rng.random_range(HALF_WIDTHS));
        let height_m = rng.random_range(LOG_HEIGHTS).exp() * if rng.random::<bool>() { 1.0 } else { -1.0 };
        let (first, end) = (centre.saturating_sub(half - 1).max(1), (centre + half).min(last));
        self.trial.clear();
        self.trial.extend_from_slice(offsets);
        for (knot, offset) in self.trial.iter_mut().enumerate().take(end).skip(first) {
            let share = 0.5 + 0.5 * (PI * (knot as f64 - centre as f64) / half as f64).cos();
            *offset += share * height_m;
            if !(offset.abs() <= MAX_OFFSET_M) {
                return best_secs;
            }
        }
        path_points(reference, &self.trial, &mut self.points);
        let secs = self.arrival.of(&self.points, turning_length_m.sqrt(), 1.0);
        if !(secs < best_secs) {
            return best_secs;
        }
        // A cubic piece depends on the two knots to either side of it.
        let from = first.saturating_sub(2) * POINTS_PER_KNOT;
        let to = ((end + 1) * POINTS_PER_KNOT + 1).min(self.points.len());
        if !is_path_clear(map, &self.points[from..to], *clearance_m) {
            return best_secs;
        }
        offsets.copy_from_slice(&self.trial);
        secs
    }
}

#[cfg(test)]
mod tests {
    use super::super::{CorridorSettings, problems};
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn an_expert_is_never_slower_than_reference_and_optimizer_and_always_clear() {
        let settings = CorridorSettings { goals: 2, starts: 2, seed: 3, ..CorridorSettings::usual() };
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
        let (mut expert, mut offsets, mut points) = (Expert::default(), Vec::new(), Vec::new());
        let (mut solved, mut faster) = (0, 0);
        for index in 0..14 {
            let (grid, problems) = problems(&settings, index).expect("a map");
            for problem in &problems {
                let Some(times) = expert.solve(&grid, problem, 200, &mut rng, &mut offsets) else { continue };
                assert!(times.expert_secs <= times.reference_secs.min(times.optimizer_secs), "{times:?}");
                path_points(&problem.reference, &offsets, &mut points);
                assert!(is_path_clear(&grid, &points, problem.clearance_m), "map {index}");
                let secs = ArrivalTime::default().of(&points, problem.turning_length_m.sqrt(), 1.0);
                assert!((secs - times.expert_secs).abs() < 1e-9, "{secs} and {times:?}");
                (solved, faster) = (solved + 1, faster + usize::from(times.expert_secs < times.optimizer_secs));
            }
        }
        assert!(solved > 30 && faster > solved / 2, "{solved} solved, {faster} faster than the optimiser");
    }
}
