//! Answers without a network: the route, the time-optimal path, and rules whose numbers are tuned to the same drives.

use super::foreign::{Driven, Query};
use super::rows::Recorded;
use planwright::planner::corridor::{MAX_OFFSET_M, OffsetOptimizer, OffsetWeights, PathRepair, end_share};
use planwright::world::Point;
use planwright::world::map::GridMap;
use planwright_training::dataset::corridors::{CorridorProblem, Expert};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

/// Drives that rules are tuned to at most, evenly over all.
const TUNED_DRIVES: usize = 60;
/// Clearances beyond the radius, metres, and weights of a squared lack of them against length, 1/m^2.
const CLEARANCES_M: [f64; 7] = [0.05, 0.1, 0.15, 0.25, 0.4, 0.6, 0.8];
const WEIGHTS: [f64; 4] = [2.0, 20.0, 200.0, 2000.0];
/// Of the tuned optimisation: weight of curvature, m^2 per metre of turning length, and iterations.
const CURVATURE: f64 = 0.06;
const ITERATIONS: usize = 40;
/// Constant offsets, metres, and clearances beyond the radius to which paths at them are pushed.
const OFFSETS_M: [f64; 13] = [-0.9, -0.75, -0.6, -0.45, -0.3, -0.15, 0.0, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9];
const PUSHES_M: [f64; 5] = [0.02, 0.1, 0.2, 0.3, 0.4];
/// Clearances over which speeds are averaged: width of a bin, metres, and their number.
const SPEED_BIN_M: f64 = 0.05;
const SPEED_BINS: usize = 24;
/// Random paths: amplitude of a constant offset and of two waves, metres.
const RANDOM_M: f64 = 0.6;

/// A rule's two numbers, as tuned to the drives.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tuned {
    /// Clearance beyond the radius, metres.
    pub clearance_m: f64,
    /// Weight of a squared lack of it, 1/m^2; of the constant offset's rule the offset, metres.
    pub number: f64,
    /// Mean distance from the drives, metres.
    pub error_m: f64,
}

/// Speeds as a function of the clearance: means over the drives.
#[derive(Clone, Debug)]
pub(super) struct SpeedRule(Vec<f64>);

impl SpeedRule {
    pub(super) fn of(recorded: &[Recorded]) -> Self {
        let mut sums = vec![(0.0, 0_usize); SPEED_BINS];
        for Recorded { drive, projected, .. } in recorded {
            for (knot, (offset, speed)) in projected.offsets.iter().zip(&projected.speeds_mps).enumerate() {
                let (sum, count) = &mut sums[bin(&drive.map, &drive.problem, knot, *offset)];
                (*sum, *count) = (*sum + speed, *count + 1);
            }
        }
        let all = sums.iter().fold((0.0, 0), |(sum, count), (more, other)| (sum + more, count + other));
        let mean = |(sum, count): (f64, usize)| (count > 0).then(|| sum / count as f64);
        Self(sums.iter().map(|one| mean(*one).or(mean(all)).unwrap_or(1.0)).collect())
    }

    fn speeds(&self, query: &Query, offsets: &[f64]) -> Vec<f64> {
        let speed = |(knot, offset): (usize, &f64)| self.0[bin(&query.map, &query.problem, knot, *offset)];
        offsets.iter().enumerate().map(speed).collect()
    }
}

fn bin(map: &GridMap, problem: &CorridorProblem, knot: usize, offset_m: f64) -> usize {
    let free_m = map.distance(problem.reference.beside(knot, offset_m)) - problem.radius_m;
    ((free_m.max(0.0) / SPEED_BIN_M) as usize).min(SPEED_BINS - 1)
}

/// Buffers of all rules.
#[derive(Default)]
pub(super) struct Rules {
    optimizer: OffsetOptimizer,
    repair: PathRepair,
    expert: Expert,
    points: Vec<Point>,
}

impl Rules {
    /// The best of a portfolio of optimisations of the arrival time.
    pub(super) fn time_optimal(&mut self, query: &Query, rng: &mut impl Rng) -> Driven {
        let mut offsets = Vec::new();
        if self.expert.solve(&query.map, &query.problem, 0, rng, &mut offsets).is_none() {
            offsets.clone_from(&query.route);
        }
        Driven { speeds: vec![1.0; offsets.len()], offsets }
    }

    /// The optimiser with a clearance term: least length and curvature against a lack of clearance.
    fn cleared(&mut self, map: &GridMap, problem: &CorridorProblem, [clearance_m, weight]: [f64; 2]) -> Vec<f64> {
        let mut offsets = vec![0.0; problem.reference.len()];
        let weights = OffsetWeights {
            clearance_m: problem.radius_m + clearance_m,
            clearance: weight,
            free_curvature: 1.0 / problem.turning_length_m,
            curvature: CURVATURE * problem.turning_length_m,
            iterations: ITERATIONS,
        };
        self.optimizer.optimize(map, &problem.reference, &weights, &mut offsets);
        self.repair.repair(map, &problem.reference, problem.clearance_m, &mut offsets, &mut self.points);
        offsets
    }

    /// One offset everywhere, pushed to a clearance as far as there is room.
    fn beside(&mut self, map: &GridMap, problem: &CorridorProblem, [clearance_m, offset_m]: [f64; 2]) -> Vec<f64> {
        let count = problem.reference.len();
        let mut offsets: Vec<f64> = (0..count).map(|knot| offset_m * end_share(knot, count)).collect();
        for clearance_m in [problem.radius_m + clearance_m, problem.clearance_m] {
            self.repair.repair(map, &problem.reference, clearance_m, &mut offsets, &mut self.points);
            offsets.iter_mut().for_each(|offset| *offset = offset.clamp(-MAX_OFFSET_M, MAX_OFFSET_M));
        }
        offsets
    }

    pub(super) fn tuned_clearance(&mut self, query: &Query, tuned: &Tuned, speeds: &SpeedRule) -> Driven {
        let offsets = self.cleared(&query.map, &query.problem, [tuned.clearance_m, tuned.number]);
        Driven { speeds: speeds.speeds(query, &offsets), offsets }
    }

    pub(super) fn tuned_offset(&mut self, query: &Query, tuned: &Tuned, speeds: &SpeedRule) -> Driven {
        let offsets = self.beside(&query.map, &query.problem, [tuned.clearance_m, tuned.number]);
        Driven { speeds: speeds.speeds(query, &offsets), offsets }
    }

    /// The clearance and weight, and the clearance and offset, whose paths are nearest to the drives.
    pub(super) fn tune(&mut self, recorded: &[Recorded]) -> [Tuned; 2] {
        let chosen: Vec<&Recorded> = recorded.iter().step_by(recorded.len().div_ceil(TUNED_DRIVES).max(1)).collect();
        let mut best = [Tuned { clearance_m: 0.0, number: 0.0, error_m: f64::INFINITY }; 2];
        let mut keep = |place: usize, pair: [f64; 2], path: &mut dyn FnMut(&GridMap, &CorridorProblem) -> Vec<f64>| {
            let errors = chosen.iter().map(|one| {
                let offsets = path(&one.drive.map, &one.drive.problem);
                mean_distance_m(&offsets, &one.projected.offsets)
            });
            let error_m = errors.sum::<f64>() / chosen.len().max(1) as f64;
            if error_m < best[place].error_m {
                best[place] = Tuned { clearance_m: pair[0], number: pair[1], error_m };
            }
        };
        for clearance_m in CLEARANCES_M {
            for weight in WEIGHTS {
                let pair = [clearance_m, weight];
                keep(0, pair, &mut |map, problem| self.cleared(map, problem, pair));
            }
        }
        for clearance_m in PUSHES_M {
            for offset_m in OFFSETS_M {
                let pair = [clearance_m, offset_m];
                keep(1, pair, &mut |map, problem| self.beside(map, problem, pair));
            }
        }
        best
    }
}

/// Mean distance of two paths beside one route, metres.
pub(super) fn mean_distance_m(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| (a - b).abs()).sum::<f64>() / one.len().max(1) as f64
}

/// A smooth path at random: a constant offset and two waves.
pub(super) fn random_path(query: &Query, rng: &mut impl Rng) -> Driven {
    let count = query.problem.reference.len();
    let mut uniform = |most: f64| most * (2.0 * rng.random::<f64>() - 1.0);
    let constant = uniform(RANDOM_M);
    let waves = [0, 1].map(|_| [uniform(0.5 * RANDOM_M), uniform(0.3), uniform(std::f64::consts::PI)]);
    let offset = |knot: usize| {
        let wave = |[height, rate, phase]: &[f64; 3]| height * (rate * knot as f64 + phase).sin();
        let sum = constant + waves.iter().map(wave).sum::<f64>();
        sum.clamp(-MAX_OFFSET_M, MAX_OFFSET_M) * end_share(knot, count)
    };
    Driven { offsets: (0..count).map(offset).collect(), speeds: vec![1.0; count] }
}

/// The way of every answer to the robot: pushed clear, or the route where that fails.
#[derive(Default)]
pub(super) struct Clearing {
    repair: PathRepair,
    points: Vec<Point>,
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was clear before the repair.
    Clear,
    /// It was pushed clear.
    Repaired,
    /// It could not be, and the route was taken.
    Route,
}

impl Clearing {
    pub(super) fn clear(&mut self, query: &Query, driven: &mut Driven) -> Outcome {
        let problem = &query.problem;
        let (map, offsets) = (&query.map, &mut driven.offsets);
        if !self.repair.repair(map, &problem.reference, problem.clearance_m, offsets, &mut self.points) {
            offsets.clone_from(&query.route);
            return Outcome::Route;
        }
        if self.repair.lack_m() <= 0.0 { Outcome::Clear } else { Outcome::Repaired }
    }
}
