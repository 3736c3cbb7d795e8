//! A corridor network beside the reference line, the optimiser and the expert, on maps that it was not fitted to.

use super::piloted::Piloted;
use super::{CorridorProblem, Expert};
use planwright::evaluate::ScoreSummary;
use planwright::geometry::Footprint;
use planwright::planner::PlanError;
use planwright::planner::corridor::{
    ArrivalTime, CLEARANCE_WEIGHT, CorridorNetwork, LATERAL_STEP_M, LATERALS, NARROW_MARGIN_M, OffsetOptimizer,
    OffsetWeights, POINTS_PER_KNOT, PathRepair, RAMP_KNOTS, WINDOW, features, is_path_clear, path_points,
    window_starts,
};
use planwright::world::map::GridMap;
use planwright::world::{Map, Point};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Turning lengths at which figures are stated apart, metres.
const BANDS_M: [f64; 4] = [0.0, 1.0, 2.0, f64::INFINITY];
/// Clearance beyond the radius that a free path keeps, as `planwright eval map` counts them, metres.
const FREE_M: f64 = NARROW_MARGIN_M;
/// Of the one optimisation that stands beside the network without repair: curvature weight per metre of turning length,
/// m^2, iterations, and preferred clearance beyond the one that is kept, metres.
const OPTIMIZER: (f64, usize, f64) = (0.06, 25, 0.01);

/// A map with routes to be driven on it.
#[derive(Clone, Debug)]
pub struct ProblemSet {
    /// The map.
    pub map: Arc<GridMap>,
    /// The routes.
    pub problems: Vec<CorridorProblem>,
}

/// The experts of a comparison.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ExpertSettings {
    /// Steps of the hill climbing at the largest turning length.
    pub bumps: usize,
    /// Clearance beyond the radius that their paths keep where the map has the room, metres; as routes, if less.
    pub margin_m: f64,
    /// Seed of the hill climbing.
    pub seed: u64,
}

/// Paths of one method.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct MethodFigures {
    /// Share of the paths that are free of collisions before any repair, with 6 mm to spare.
    pub raw_free: f64,
    /// Share that also keeps the experts' margin before any repair.
    pub raw_clear: f64,
    /// Share that keeps the margin after the repair.
    pub repaired_clear: f64,
    /// Mean time of arrival of the repaired paths, divided by the expert's.
    pub time_ratio: f64,
}

/// Where a network's path is not free before any repair.
#[derive(Clone, Debug, Serialize)]
pub struct RawFailure {
    /// The map.
    pub map: String,
    /// The robot's radius, metres.
    pub radius_m: f64,
    /// v^2/a, metres.
    pub turning_length_m: f64,
    /// Length of the route, metres.
    pub route_m: f64,
    /// Way along the route to the place where the path lacks most clearance, metres.
    pub at_m: f64,
    /// The place, map frame.
    pub position: Point,
    /// How much, metres.
    pub lack_m: f64,
    /// The radius of the largest robot for which there is room beside the route at that place, metres.
    pub room_m: f64,
    /// At an end, where two windows are blended, or neither.
    pub place: Place,
}

/// A part of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Where offsets fade to 0 at start or goal.
    End,
    /// Where two windows of the network are blended.
    Joint,
    /// Neither.
    Middle,
}

/// All methods on one band of turning lengths.
#[derive(Clone, Debug, Default, Serialize)]
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
    /// Times of arrival through correction and gate, divided by those of the planner's optimiser: the expert's.
    pub piloted_expert: ScoreSummary,
    /// The network's, pushed clear.
    pub piloted_network: ScoreSummary,
    /// Root mean square of the network's offsets less the expert's, metres.
    pub error_rms_m: f64,
    /// Root mean square of the expert's offsets, metres.
    pub expert_rms_m: f64,
    /// Mean time of features and network calls, milliseconds.
    pub network_ms: f64,
    /// The network's paths that are not free before any repair.
    pub failures: Vec<RawFailure>,
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

#[derive(Clone, Debug, Default)]
struct Band {
    problems: usize,
    methods: [Sums; 3],
    portfolio: f64,
    /// Of expert and network, to the planner's optimiser.
    piloted: [Vec<f64>; 2],
    error: f64,
    expert: f64,
    knots: usize,
    elapsed: Duration,
    failures: Vec<RawFailure>,
}

/// Compares on all maps. `margin_m` is the clearance beyond the radius that features are computed for.
///
/// # Errors
/// Whatever the network's engine reports.
pub fn compare(
    sets: impl IntoIterator<Item = ProblemSet>,
    experts: ExpertSettings,
    network: &mut CorridorNetwork,
    margin_m: f64,
    mut advance: impl FnMut(),
) -> Result<Vec<CorridorFigures>, PlanError> {
    let mut bands: [Band; BANDS_M.len() - 1] = Default::default();
    let (mut expert, mut optimizer, mut measure) = (Expert::default(), OffsetOptimizer::default(), Measure::default());
    let (mut best, mut offsets, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for (index, ProblemSet { map, problems }) in sets.into_iter().enumerate() {
        advance();
        let mut rng = ChaCha8Rng::seed_from_u64(experts.seed);
        rng.set_stream(2 * index as u64 + 1);
        let mut piloted = Piloted::new(&map);
        for problem in &problems {
            let kept_m = problem.clearance_m.max(problem.radius_m + experts.margin_m);
            let wide = CorridorProblem { clearance_m: kept_m, ..problem.clone() };
            let mut solve = |problem| expert.solve(&map, problem, experts.bumps, &mut rng, &mut best);
            let Some(times) = solve(&wide).or_else(|| solve(problem)) else { continue };
            let chosen = BANDS_M.partition_point(|from| *from <= problem.turning_length_m) - 1;
            let band = &mut bands[chosen];
            let count = problem.reference.len();
            band.problems += 1;
            band.portfolio += times.optimizer_secs.min(times.reference_secs) / times.expert_secs;
            offsets.clear();
            offsets.resize(count, 0.0);
            measure.add(&map, problem, &mut offsets, times.expert_secs, &mut band.methods[0]);
            offsets.fill(0.0);
            let (weight, iterations, soft_m) = OPTIMIZER;
            let weights = OffsetWeights {
                clearance_m: problem.clearance_m + soft_m,
                clearance: CLEARANCE_WEIGHT,
                free_curvature: 1.0 / problem.turning_length_m,
                curvature: weight * problem.turning_length_m,
                iterations,
            };
            optimizer.optimize(&map, &problem.reference, &weights, &mut offsets);
            measure.add(&map, problem, &mut offsets, times.expert_secs, &mut band.methods[1]);
            let began = Instant::now();
            let feature_clearance_m = problem.radius_m + margin_m;
            let turning_m = network.trained_turning_length_m(problem.turning_length_m);
            features(&map, &problem.reference, problem.step_m, feature_clearance_m, turning_m, &mut values);
            network.offsets(&values, count, &mut offsets)?;
            band.elapsed += began.elapsed();
            band.error += best.iter().zip(&offsets).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
            band.expert += best.iter().map(|offset| offset * offset).sum::<f64>();
            band.knots += count;
            path_points(&problem.reference, &offsets, &mut measure.points);
            band.failures.extend(failure(&map, problem, &measure.points));
            let is_clear = measure.add(&map, problem, &mut offsets, times.expert_secs, &mut band.methods[2]);
            if is_clear && let Some(usual_secs) = piloted.optimizer_secs(problem) {
                let network_secs = piloted.path_secs(problem, &measure.points);
                path_points(&problem.reference, &best, &mut measure.points);
                let expert_secs = piloted.path_secs(problem, &measure.points);
                for (ratios, secs) in band.piloted.iter_mut().zip([expert_secs, network_secs]) {
                    ratios.extend(secs.map(|secs| secs / usual_secs));
                }
            }
        }
    }
    let figures = bands.into_iter().zip(BANDS_M).map(|(band, from)| {
        let [reference, optimizer, network] = band.methods.map(|sums| sums.figures(band.problems));
        let [piloted_expert, piloted_network] = band.piloted.map(|ratios| ScoreSummary::of(&ratios));
        let (problems, knots) = (band.problems.max(1) as f64, band.knots.max(1) as f64);
        CorridorFigures {
            turning_length_m: from,
            problems: band.problems,
            reference,
            optimizer,
            portfolio_time_ratio: band.portfolio / problems,
            network,
            piloted_expert,
            piloted_network,
            error_rms_m: (band.error / knots).sqrt(),
            expert_rms_m: (band.expert / knots).sqrt(),
            network_ms: 1e3 * band.elapsed.as_secs_f64() / problems,
            failures: band.failures,
        }
    });
    Ok(figures.collect())
}

/// Where a path lacks most clearance, if it is not free.
fn failure(map: &GridMap, problem: &CorridorProblem, points: &[Point]) -> Option<RawFailure> {
    let footprint = Footprint::Circle { radius_m: problem.radius_m + FREE_M };
    let clearances = points.windows(2).map(|pair| map.swept_clearance(footprint, pair[0], pair[1]));
    let (index, clearance_m) = clearances.enumerate().min_by(|one, other| one.1.total_cmp(&other.1))?;
    if clearance_m >= 0.0 {
        return None;
    }
    let (reference, knot) = (&problem.reference, index / POINTS_PER_KNOT);
    let count = reference.len();
    let is_end = knot.min(count - 1 - knot) <= RAMP_KNOTS;
    let windows = window_starts(count).filter(|first| (*first..*first + WINDOW).contains(&knot)).count();
    let middle = (LATERALS / 2) as f64;
    let beside = (0..LATERALS).map(|lateral| reference.beside(knot, (lateral as f64 - middle) * LATERAL_STEP_M));
    Some(RawFailure {
        map: map.name().to_owned(),
        radius_m: problem.radius_m,
        turning_length_m: problem.turning_length_m,
        route_m: problem.step_m * (count - 1) as f64,
        at_m: problem.step_m * index as f64 / POINTS_PER_KNOT as f64,
        position: points[index],
        lack_m: -clearance_m,
        room_m: beside.map(|point| map.distance(point)).fold(0.0, f64::max),
        place: if is_end {
            Place::End
        } else if windows > 1 {
            Place::Joint
        } else {
            Place::Middle
        },
    })
}

/// Buffers of a measurement.
#[derive(Default)]
struct Measure {
    repair: PathRepair,
    arrival: ArrivalTime,
    points: Vec<Point>,
}

impl Measure {
    /// Returns whether the path is clear after the repair; `points` are its.
    fn add(
        &mut self,
        map: &GridMap,
        problem: &CorridorProblem,
        offsets: &mut [f64],
        expert_secs: f64,
        sums: &mut Sums,
    ) -> bool {
        path_points(&problem.reference, offsets, &mut self.points);
        sums.free += usize::from(is_path_clear(map, &self.points, problem.radius_m + FREE_M));
        sums.clear += usize::from(is_path_clear(map, &self.points, problem.clearance_m));
        let is_clear = self.repair.repair(map, &problem.reference, problem.clearance_m, offsets, &mut self.points);
        if is_clear {
            sums.repaired += 1;
            sums.ratio += self.arrival.of(&self.points, problem.turning_length_m.sqrt(), 1.0) / expert_secs;
        }
        is_clear
    }
}
