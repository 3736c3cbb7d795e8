//! Times of the search with heading on one core, beside the search over x and y alone: halls with gaps narrower than the
//! robot's circle. A search ends after ten seconds.
//!
//! ```text
//! cargo run --release --example headings_bench
//! ```

use planwright::planner::corridor::RouteMap;
use planwright::planner::headings::{HeadingSearch, Target};
use planwright::world::map::generate::narrow_passages;
use planwright::world::{Robot, RobotFile, State, World};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const MAPS: u64 = 20;
const QUERIES: usize = 5;
const DEADLINE: Duration = Duration::from_secs(10);
/// 0.5 m long and 0.3 m wide.
const CAR: &str = "kind = 'ackermann'\n[footprint]\npolygon = [[0.4, 0.15], [-0.1, 0.15], [-0.1, -0.15], [0.4, -0.15]]\n[limits]\n\
    max_speed_mps = 1.5\nmin_speed_mps = -0.5\nacceleration_mps2 = 1.5\nwheelbase_m = 0.3\nsteering_rad = 0.6\nsteering_rate_radps = 2.0";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let robots =
        [("jackal", RobotFile::find("jackal")?.robot), ("car", RobotFile::parse(CAR, Path::new("car"))?.robot)];
    for (name, robot) in robots {
        measure(name, robot)?;
    }
    Ok(())
}

fn measure(name: &str, robot: Arc<dyn Robot>) -> Result<(), Box<dyn std::error::Error>> {
    let footprint = robot.footprint();
    let (inner_m, outer_m) = (footprint.inscribed_radius_m(), footprint.circumscribed_radius_m());
    let mut search = HeadingSearch::of(&*robot).ok_or("expected a robot that needs headings, got another")?;
    let (mut with_heading, mut without, mut expanded, mut found) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for seed in 0..MAPS {
        let (map, queries) = narrow_passages(seed, footprint.least_width_m() + 0.06..2.0 * outer_m, QUERIES)?;
        let world = World::new(Arc::clone(&robot), Arc::new(map));
        for [start, goal] in queries {
            let (mut routes, mut route, mut poses) = (RouteMap::new(&world)?, Vec::new(), Vec::new());
            let begun = Instant::now();
            let _ = routes.route(start, goal, inner_m + 0.007, &mut route);
            without.push(begun.elapsed().as_secs_f64() * 1e3);
            let target = Target { position: goal, heading_rad: Some(0.0) };
            let begun = Instant::now();
            let deadline = Some(begun + DEADLINE);
            let done = search.plan(&mut routes, &State::at_pose(start, 1.0), target, 4096, deadline, &mut poses);
            with_heading.push(begun.elapsed().as_secs_f64() * 1e3);
            expanded.push(search.expanded() as f64);
            found += usize::from(done.is_ok());
        }
    }
    println!("{name}: {found} of {} found", with_heading.len());
    for (what, values) in
        [("x, y alone, ms", &mut without), ("with heading, ms", &mut with_heading), ("poses expanded", &mut expanded)]
    {
        values.sort_by(f64::total_cmp);
        let at = |share: f64| values.get(((values.len() - 1) as f64 * share) as usize).copied().unwrap_or_default();
        println!("  {what:<18} p50 {:>9.2}  p99 {:>9.2}  max {:>9.2}", at(0.5), at(0.99), at(1.0));
    }
    Ok(())
}
