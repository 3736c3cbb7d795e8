//! A corridor network beside the reference line, the optimiser and the expert, on maps that it was not fitted to.

use super::{CorridorProblem, CorridorSettings, Expert, problems};
use planwright::planner::PlanError;
use planwright::planner::corridor::{
    ArrivalTime, CLEARANCE_WEIGHT, CorridorNetwork, OffsetOptimizer, OffsetWeights, PathRepair, features,
    is_path_clear, path_points,
};
use planwright::world::Point;
use planwright::world::map::GridMap;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use std::time::{Duration, Instant};

/// Turning lengths at which figures are stated apart, metres.
const BANDS_M: [f64; 4] = [0.0, 1.0, 2.0, f64::INFINITY];
/// Of the one optimisation that stands beside the network without repair: curvature weight per metre of turning length,
/// m^2, iterations, and preferred clearance beyond the one that is kept, metres.
const OPTIMIZER: (f64, usize, f64) = (0.06, 25, 0.01);

/// Paths of one method.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct MethodFigures {
    /// Share of the paths that are free of collisions before any repair.
    pub raw_free: f64,
    /// Share that also keeps the experts' margin before any repair.
    pub raw_clear: f64,
    /// Share that keeps the margin after the repair.
    pub repaired_clear: f64,
    /// Mean time of arrival of the repaired paths, divided by the expert's.
    pub time_ratio: f64,
}

/// All methods on one band of turning lengths.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct CorridorFigures {
    /// From this turning length on, metres.
    pub turning_length_m: f64,
    /// Problems with an expert.
    pub problems: usize,
    /// Offset 0.
    pub reference: MethodFigures,
    /// One optimisation of the offsets.
    pub optimizer: MethodFigures,
    /// The best of the experts' optimisations, pushed clear: mean time divided by the expert's.
    pub portfolio_time_ratio: f64,
    /// The network.
    pub network: MethodFigures,
    /// Root mean square of the network's offsets less the expert's, metres.
    pub error_rms_m: f64,
    /// Root mean square of the expert's offsets, metres.
    pub expert_rms_m: f64,
    /// Mean time of features and network calls, milliseconds.
    pub network_ms: f64,
}

/// Sums of one method.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    free: usize,
    clear: usize,
    repaired: usize,
    ratio: f64,
}

impl Sums {
    fn figures(&self, problems: usize) -> MethodFigures {
        let share = |count: usize| count as f64 / problems.max(1) as f64;
        MethodFigures {
            raw_free: share(self.free),
            raw_clear: share(self.clear),
            repaired_clear: share(self.repaired),
            time_ratio: self.ratio / self.repaired.max(1) as f64,
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Band {
    problems: usize,
    methods: [Sums; 3],
    portfolio: f64,
    error: f64,
    expert: f64,
    knots: usize,
    elapsed: Duration,
}

/// Compares on all maps of the settings; `margin_m` is the clearance beyond the radius that features are computed for.
///
/// # Errors
/// Whatever the network's engine reports.
pub fn compare(
    settings: &CorridorSettings,
    network: &mut CorridorNetwork,
    margin_m: f64,
    mut advance: impl FnMut(),
) -> Result<Vec<CorridorFigures>, PlanError> {
    let mut bands = [Band::default(); BANDS_M.len() - 1];
    let (mut expert, mut optimizer, mut measure) = (Expert::default(), OffsetOptimizer::default(), Measure::default());
    let (mut best, mut offsets, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for index in 0..settings.maps {
        advance();
        let Ok((grid, problems)) = problems(settings, index) else { continue };
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
        rng.set_stream(2 * index as u64 + 1);
        for problem in &problems {
            let Some(times) = expert.solve(&grid, problem, settings.bumps, &mut rng, &mut best) else { continue };
            let chosen = BANDS_M.partition_point(|from| *from <= problem.turning_length_m) - 1;
            let band = &mut bands[chosen];
            let count = problem.reference.len();
            band.problems += 1;
            band.portfolio += times.optimizer_secs.min(times.reference_secs) / times.expert_secs;
            offsets.clear();
            offsets.resize(count, 0.0);
            measure.add(&grid, problem, &mut offsets, times.expert_secs, &mut band.methods[0]);
            offsets.fill(0.0);
            let (weight, iterations, soft_m) = OPTIMIZER;
            let weights = OffsetWeights {
                clearance_m: problem.clearance_m + soft_m,
                clearance: CLEARANCE_WEIGHT,
                free_curvature: 1.0 / problem.turning_length_m,
                curvature: weight * problem.turning_length_m,
                iterations,
            };
            optimizer.optimize(&grid, &problem.reference, &weights, &mut offsets);
            measure.add(&grid, problem, &mut offsets, times.expert_secs, &mut band.methods[1]);
            let began = Instant::now();
            let shown_m = problem.radius_m + margin_m;
            features(&grid, &problem.reference, problem.step_m, shown_m, problem.turning_length_m, &mut values);
            network.offsets(&values, count, &mut offsets)?;
            band.elapsed += began.elapsed();
            band.error += best.iter().zip(&offsets).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
            band.expert += best.iter().map(|offset| offset * offset).sum::<f64>();
            band.knots += count;
            measure.add(&grid, problem, &mut offsets, times.expert_secs, &mut band.methods[2]);
        }
    }
    let figures = bands.iter().zip(BANDS_M).map(|(band, from)| {
        let [reference, optimizer, network] = band.methods.map(|sums| sums.figures(band.problems));
        let (problems, knots) = (band.problems.max(1) as f64, band.knots.max(1) as f64);
        CorridorFigures {
            turning_length_m: from,
            problems: band.problems,
            reference,
            optimizer,
            portfolio_time_ratio: band.portfolio / problems,
            network,
            error_rms_m: (band.error / knots).sqrt(),
            expert_rms_m: (band.expert / knots).sqrt(),
            network_ms: 1e3 * band.elapsed.as_secs_f64() / problems,
        }
    });
    Ok(figures.collect())
}

/// Buffers of a measurement.
#[derive(Default)]
struct Measure {
    repair: PathRepair,
    arrival: ArrivalTime,
    points: Vec<Point>,
}

impl Measure {
    fn add(
        &mut self,
        map: &GridMap,
        problem: &CorridorProblem,
        offsets: &mut [f64],
        expert_secs: f64,
        sums: &mut Sums,
    ) {
        path_points(&problem.reference, offsets, &mut self.points);
        sums.free += usize::from(is_path_clear(map, &self.points, problem.radius_m));
        sums.clear += usize::from(is_path_clear(map, &self.points, problem.clearance_m));
        if self.repair.repair(map, &problem.reference, problem.clearance_m, offsets, &mut self.points) {
            sums.repaired += 1;
            sums.ratio += self.arrival.of(&self.points, problem.turning_length_m.sqrt(), 1.0) / expert_secs;
        }
    }
}
