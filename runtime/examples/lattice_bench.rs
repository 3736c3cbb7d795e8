//! Times of the lattice over station, lane and time on one core: generated rooms and corridors, 64 layers, several numbers of
//! discs. Times are those of the thread on its processor: other work on the machine does not count.
//!
//! ```text
//! cargo run --release --example lattice_bench
//! ```

use planwright::geometry::Point;
use planwright::planner::corridor::{LatticePath, LatticeSettings, MovingLattice, Reference, RouteMap, Ways};
use planwright::world::map::generate::{GeneratedMap, MapKind};
use planwright::world::{MovingDisc, Omni, World};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::hint::black_box;
use std::sync::Arc;

const MAPS: u64 = 20;
const ROUNDS: usize = 20;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let settings = LatticeSettings {
        speed_mps: 1.0,
        clearance_m: 0.226,
        wanted_clearance_m: 0.31,
        radius_m: 0.37,
        steps_aside: true,
        lanes_beside: 10,
        horizon_secs: 6.4,
    };
    for count in [1, 4, 12, 64] {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let (mut micros, mut found) = (Vec::new(), 0);
        let (mut lattice, mut path) = (MovingLattice::default(), LatticePath::default());
        for seed in 0..MAPS {
            let kind = if seed % 2 == 0 { MapKind::Rooms } else { MapKind::Corridors };
            let grid = Arc::new(GeneratedMap::draw(kind, seed).grid()?);
            let mut routes = RouteMap::new(&World::new(Arc::new(Omni::default()), Arc::clone(&grid) as _))?;
            let mut drawn = || -> Point { grid.centre_of((rng.random_range(5..95), rng.random_range(5..95))) };
            let mut route = Vec::new();
            let is_long = |route: &[Point]| {
                route.windows(2).map(|pair| planwright::geometry::distance(pair[0], pair[1])).sum::<f64>() > 5.0
            };
            while !(routes.route(drawn(), drawn(), 0.27, &mut route).is_ok() && is_long(&route)) {}
            let mut reference = Reference::default();
            let step_m = reference.follow(&route, 500);
            let behind = Reference::default();
            let ways = Ways { ahead: &reference, behind: &behind };
            for _ in 0..ROUNDS {
                let discs: Vec<MovingDisc> = (0..count)
                    .map(|_| MovingDisc {
                        position: reference.points[rng.random_range(5..reference.len())]
                            .map(|value| value + rng.random_range(-1.0..1.0)),
                        velocity: [rng.random_range(-0.7..0.7), rng.random_range(-0.7..0.7)],
                        radius_m: rng.random_range(0.2..0.35),
                    })
                    .collect();
                let start = cpu_secs();
                found += usize::from(black_box(lattice.solve(&grid, ways, step_m, &discs, &settings, &mut path)));
                micros.push(1e6 * (cpu_secs() - start));
            }
        }
        micros.sort_by(f64::total_cmp);
        let at = |share: f64| micros[((micros.len() - 1) as f64 * share) as usize];
        println!(
            "{count} discs: p50 {:.0}, p99 {:.0}, max {:.0} us; a way in {found} of {}",
            at(0.5),
            at(0.99),
            at(1.0),
            micros.len()
        );
    }
    Ok(())
}

/// Time that this thread has run on a processor, seconds.
fn cpu_secs() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes one timespec to a place that is one.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
}
