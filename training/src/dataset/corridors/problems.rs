//! Start-goal pairs on generated maps, with their routes and reference lines.

use planwright::planner::corridor::{Reference, RouteMap};
use planwright::world::map::generate::{GeneratedMap, MapKind};
use planwright::world::map::grid::{GridError, GridMap};
use planwright::world::{Point, PointMass, World};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

/// Knots of a route at most.
const MAX_KNOTS: usize = 512;
/// Start and goal lie at least this far apart, metres.
const LEAST_WAY_M: f64 = 2.0;
/// Share of the straight routes that are kept: they teach little.
const STRAIGHT_SHARE: f64 = 0.1;
/// Draws until a place or a route is found.
const DRAWS: usize = 40;

/// Everything that determines the data of a corridor network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorridorSettings {
    /// A file of recorded drives (`planwright-train drives` writes one) to be fitted to, instead of generated maps with
    /// experts; `maps`, `goals`, `starts` and `bumps` are left out then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drives: Option<PathBuf>,
    /// Maps; the seven kinds take turns.
    #[serde(default)]
    pub maps: usize,
    /// Goals per map, each with a radius and a turning length of its own.
    #[serde(default)]
    pub goals: usize,
    /// Starts per goal.
    #[serde(default)]
    pub starts: usize,
    /// Smallest and largest radius of the robot, metres; uniform.
    pub radius_m: [f64; 2],
    /// Smallest and largest turning length v^2/a, metres; its logarithm is uniform.
    pub turning_length_m: [f64; 2],
    /// Clearance beyond the radius that routes and experts keep, metres.
    pub margin_m: f64,
    /// Features are computed for a clearance that is up to this much larger, metres; uniform.
    pub extra_clearance_m: f64,
    /// Steps of an expert's hill climbing at the largest turning length; proportionally fewer at smaller ones.
    #[serde(default)]
    pub bumps: usize,
    /// Seed of everything random.
    pub seed: u64,
}

impl CorridorSettings {
    /// A small set with the usual ranges.
    pub fn usual() -> Self {
        Self {
            drives: None,
            maps: 70,
            goals: 5,
            starts: 4,
            radius_m: [0.18, 0.3],
            turning_length_m: [0.25, 4.0],
            margin_m: 0.02,
            extra_clearance_m: 0.02,
            bumps: 1200,
            seed: 0,
        }
    }

    /// # Errors
    /// Expected and got, for the first setting without sense.
    pub fn check(&self) -> Result<(), String> {
        for (name, got) in [("maps", self.maps), ("goals", self.goals), ("starts", self.starts)] {
            if self.drives.is_some() && got > 0 {
                return Err(format!("expected drives or {name}, got both"));
            }
            if self.drives.is_none() && !(1..=1_000_000).contains(&got) {
                return Err(format!("expected {name} from 1 to 1e6, got {got}"));
            }
        }
        if self.bumps > 1_000_000 {
            return Err(format!("expected bumps from 0 to 1e6, got {}", self.bumps));
        }
        for (name, [low, high], most) in
            [("radius_m", self.radius_m, 1.0), ("turning_length_m", self.turning_length_m, 100.0)]
        {
            if !(low > 0.0 && low < high && high <= most) {
                return Err(format!("expected {name} with 0 < low < high <= {most}, got {low} and {high}"));
            }
        }
        for (name, got) in [("margin_m", self.margin_m), ("extra_clearance_m", self.extra_clearance_m)] {
            if !(0.0..=0.5).contains(&got) {
                return Err(format!("expected {name} from 0 to 0.5, got {got}"));
            }
        }
        Ok(())
    }
}

/// A route to be driven.
#[derive(Clone, Debug)]
pub struct CorridorProblem {
    /// Knots along the smoothed route.
    pub reference: Reference,
    /// Distance between its knots along the route, metres.
    pub step_m: f64,
    /// Radius of the robot, metres.
    pub radius_m: f64,
    /// Clearance that the route keeps, metres: radius and margin.
    pub clearance_m: f64,
    /// v^2/a, metres.
    pub turning_length_m: f64,
}

/// A map of the settings, by its number: the kinds take turns.
pub fn generated(settings: &CorridorSettings, index: usize) -> GeneratedMap {
    let kind = MapKind::ALL[index % MapKind::ALL.len()];
    GeneratedMap::draw(kind, settings.seed.wrapping_shl(32).wrapping_add(index as u64))
}

/// A map of the settings, by its number, and the problems on it: at most `goals * starts`.
///
/// # Errors
/// None for a map that was drawn.
pub fn problems(settings: &CorridorSettings, index: usize) -> Result<(GridMap, Vec<CorridorProblem>), GridError> {
    let grid = generated(settings, index).grid()?;
    let mut map = RouteMap::new(&World::new(Arc::new(PointMass::default()), Arc::new(grid.clone())))?;
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    rng.set_stream(2 * index as u64);
    let mut found = Vec::new();
    let mut route = Vec::new();
    for _ in 0..settings.goals {
        let radius_m = rng.random_range(settings.radius_m[0]..settings.radius_m[1]);
        let [short, long] = settings.turning_length_m.map(f64::ln);
        let turning_length_m = rng.random_range(short..long).exp();
        let clearance_m = radius_m + settings.margin_m;
        let Some(goal) = place(&grid, clearance_m, &mut rng) else { continue };
        let (mut starts, mut draws) = (0, 0);
        while starts < settings.starts && draws < DRAWS {
            draws += 1;
            let Some(start) = place(&grid, clearance_m, &mut rng) else { break };
            let far = planwright::geometry::distance(start, goal) >= LEAST_WAY_M;
            if !far || map.route(start, goal, clearance_m, &mut route).is_err() {
                continue;
            }
            if route.len() == 2 && rng.random::<f64>() >= STRAIGHT_SHARE {
                continue;
            }
            let mut reference = Reference::default();
            let step_m = reference.follow(&route, MAX_KNOTS);
            found.push(CorridorProblem { reference, step_m, radius_m, clearance_m, turning_length_m });
            starts += 1;
        }
    }
    Ok((grid, found))
}

/// A random place with room for the robot.
fn place(grid: &GridMap, clearance_m: f64, rng: &mut impl Rng) -> Option<Point> {
    let geometry = grid.geometry();
    (0..DRAWS).find_map(|_| {
        let cell = (rng.random_range(0..geometry.width), rng.random_range(0..geometry.height));
        (f64::from(grid.field().at(cell.0, cell.1)) > clearance_m).then(|| grid.centre_of(cell))
    })
}
