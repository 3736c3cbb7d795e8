//! Times of a grid of 2000 x 2000 cells on one core: the whole distance field, the update of a rectangle, and the swept
//! clearance of short segments. Times are those of the thread on its processor: other work on the machine does not count.
//!
//! ```text
//! cargo run --release --example grid_bench
//! ```

use planwright::geometry::Footprint;
use planwright::world::map::Map;
use planwright::world::map::grid::{GridGeometry, GridMap};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::hint::black_box;

const SIDE: usize = 2000;
const ROUNDS: usize = 25;
const SEGMENTS: usize = 200_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut rng = ChaCha8Rng::seed_from_u64(33);
    let mut dots = |share: f64| (0..SIDE * SIDE).map(|_| rng.random_range(0.0..1.0) < share).collect::<Vec<bool>>();
    let maps = [
        ("empty", vec![false; SIDE * SIDE]),
        ("dots of 0.1%", dots(0.001)),
        ("dots of 1%", dots(0.01)),
        ("dots of 10%", dots(0.1)),
        ("blocks of 10%", blocks()),
    ];
    let geometry = GridGeometry { origin: [0.0; 2], yaw_rad: 0.3, resolution_m: 0.05, width: SIDE, height: SIDE };
    for (name, occupied) in maps {
        let mut map = GridMap::new(name, geometry, occupied.clone())?;
        // What is not the field takes 2 to 3 ms of this: bits of the cells.
        let whole = times(|| GridMap::new(name, geometry, occupied.clone()).map(|map| map.distance([5.0, 5.0])));
        println!("{name}: map with its field {whole}");
        let mut round = 0;
        let update = times(|| {
            round += 1;
            let corner = [(round * 389) % (SIDE - 100), (round * 577) % (SIDE - 100)];
            let values: Vec<i8> = (0..100 * 100).map(|cell| if (cell + round) % 37 == 0 { 100 } else { 0 }).collect();
            map.update(corner, [100, 100], &values)
        });
        println!("{name}: update of 100 x 100 cells {update}");
        let ways = times(|| map.compute_ways(0.25));
        println!("{name}: cells that a way of 0.25 m connects {ways}");
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut drawn = || map.centre_of((rng.random_range(0..SIDE), rng.random_range(0..SIDE)));
        let from: Vec<_> = (0..SEGMENTS).map(|_| drawn()).collect();
        let start = cpu_secs();
        let mut clear = 0;
        for from in &from {
            let to = [from[0] + 0.046, from[1] + 0.02];
            let clearance_m = map.swept_clearance(Footprint::Circle { radius_m: 0.25 }, *from, to);
            clear += usize::from(black_box(clearance_m) > 0.0);
        }
        let micros = 1e6 * (cpu_secs() - start) / SEGMENTS as f64;
        println!(
            "{name}: swept clearance of 5 cm {micros:.3} us, {:.1}% clear",
            100.0 * clear as f64 / SEGMENTS as f64
        );
    }
    Ok(())
}

/// Rectangles of up to 4 m that cover a tenth, as in Nav2's planner benchmark.
fn blocks() -> Vec<bool> {
    let mut rng = ChaCha8Rng::seed_from_u64(34);
    let (mut occupied, mut count) = (vec![false; SIDE * SIDE], 0);
    while 10 * count < SIDE * SIDE {
        let size = [rng.random_range(2..80), rng.random_range(2..80)];
        let corner = size.map(|size| rng.random_range(0..SIDE - size));
        for row in corner[1]..corner[1] + size[1] {
            for cell in &mut occupied[row * SIDE + corner[0]..][..size[0]] {
                count += usize::from(!std::mem::replace(cell, true));
            }
        }
    }
    occupied
}

/// Least, median and largest of some runs.
fn times<T>(mut run: impl FnMut() -> T) -> String {
    let mut millis: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = cpu_secs();
            black_box(run());
            1e3 * (cpu_secs() - start)
        })
        .collect();
    millis.sort_by(f64::total_cmp);
    format!("least {:.2}, p50 {:.2}, max {:.2} ms", millis[0], millis[ROUNDS / 2], millis[ROUNDS - 1])
}

/// Time that this thread has run on a processor, seconds.
fn cpu_secs() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes one timespec to a place that is one.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
}
