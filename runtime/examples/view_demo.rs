//! Draws a made-up closed loop with every kind of event: `view_demo FILE.rrd` or `view_demo rerun+http://..`.
//!
//! No planner is at work here; it shows what the view makes of a planner's events.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use planwright::view::{Event, FINISH_TIMEOUT, Level, Stage, Stamp, View, ViewOptions};
use planwright::world::{Layout, MazeWorld, Point, STEP_SECS};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

const DENOISING_STEPS: u32 = 20;
const CANDIDATES: u32 = 4;
const STEPS: u64 = 600;
const REPLAN_STEPS: u64 = 100;

fn main() -> anyhow::Result<()> {
    let target = std::env::args().nth(1).unwrap_or_else(|| "view_demo.rrd".to_owned());
    let live = target.contains("://");
    let options = if live { ViewOptions::to_viewer(target) } else { ViewOptions::to_file(target) };
    let view = View::start(&options)?;

    let layout = Layout::medium();
    let goal = layout.goal().unwrap_or([6.0, 6.0]);
    let path = way(&layout, [1.0, 1.0], goal);
    view.log_world(Stamp::default(), &MazeWorld::new(layout.clone()), path[0], goal);
    let mut dice = ChaCha8Rng::seed_from_u64(0);
    for step in 0..STEPS {
        let stamp = Stamp { time_secs: step as f64 * STEP_SECS, step };
        let done = 0.5 * step as f64 / STEPS as f64;
        if step % REPLAN_STEPS == 0 {
            plan(&view, stamp, step / REPLAN_STEPS, &path, done, &mut dice);
        }
        let [x, y] = at(&path, done);
        view.log(stamp, Event::Executed { position: [x + 0.04 * (40.0 * done).sin(), y] });
        if live || step % 20 == 0 {
            // The view is drawn at 50 Hz; a loop that does not wait outruns it, as it may.
            std::thread::sleep(Duration::from_secs_f64(STEP_SECS));
        }
    }
    let report = view.finish(FINISH_TIMEOUT);
    println!("{report:?}");
    Ok(())
}

fn plan(view: &View, stamp: Stamp, plan: u64, path: &[Point], done: f64, dice: &mut ChaCha8Rng) {
    let count = 128;
    let ahead = |index: usize| at(path, done + (1.0 - done) * index as f64 / (count - 1) as f64);
    let wobble = |index: usize, size: f64| {
        let [x, y] = ahead(index);
        let phase = index as f64 / 9.0 + plan as f64;
        [x + size * phase.sin(), y + size * (1.3 * phase).cos()]
    };
    for candidate in 0..CANDIDATES {
        let noise: Vec<Point> =
            (0..count).map(|_| [dice.random_range(0.0..6.5), dice.random_range(0.0..6.5)]).collect();
        for step in 0..=DENOISING_STEPS {
            let clean = (f64::from(step) / f64::from(DENOISING_STEPS)).powf(0.6);
            let mix = |index: usize| {
                let (noisy, goal) = (noise[index], wobble(index, 0.25 + 0.1 * f64::from(candidate)));
                [0, 1].map(|axis| goal[axis] * clean + noisy[axis] * (1.0 - clean))
            };
            if let Some(points) = view.points(count, mix) {
                view.log(stamp, Event::Denoising { plan, step, candidate, points });
            }
        }
    }
    if let Some(points) = view.points(count, |index| wobble(index, 0.25)) {
        view.log(stamp, Event::Proposal { plan, points });
    }
    if let Some(points) = view.points(count, |index| wobble(index, 0.08)) {
        view.log(stamp, Event::Corrected { plan, points });
    }
    view.log(stamp, Event::Residual { before_m: 0.25 + 0.02 * plan as f64, after_m: 0.03 + 0.01 * (plan % 3) as f64 });
    let fallback = plan == 2;
    if let Some(points) =
        view.points(if fallback { 16 } else { count }, |index| wobble(index, if fallback { 0.02 } else { 0.05 }))
    {
        view.log(
            stamp,
            match fallback {
                true => Event::Fallback { plan, reason: "stop: the corrected plan touches a wall at 0.41 s", points },
                false => Event::Checked { plan, points },
            },
        );
    }
    for (stage, secs) in Stage::ALL.into_iter().zip([0.0006, 0.019, 0.0042, 0.0011, 0.025]) {
        view.log(stamp, Event::Timing { stage, secs: secs * dice.random_range(0.8..1.3) });
    }
    view.log(
        stamp,
        Event::Text { level: Level::Info, message: format!("plan {plan}: 4 candidates, 20 denoising steps").into() },
    );
}

/// The shortest way through the cells' centres.
fn way(layout: &Layout, start: Point, goal: Point) -> Vec<Point> {
    let (from, to) = (Layout::cell_of(start), Layout::cell_of(goal));
    let mut came_from = BTreeMap::from([(from, from)]);
    let mut frontier = VecDeque::from([from]);
    while let Some((row, column)) = frontier.pop_front() {
        for next in [(row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)] {
            if !layout.is_wall_signed(next.0, next.1) && !came_from.contains_key(&next) {
                came_from.insert(next, (row, column));
                frontier.push_back(next);
            }
        }
    }
    let mut cells = vec![to];
    let mut cell = to;
    while let Some(previous) = came_from.get(&cell).filter(|previous| **previous != cell) {
        cell = *previous;
        cells.push(cell);
    }
    cells.iter().rev().map(|(row, column)| [*row as f64 - 0.2, *column as f64 - 0.2]).collect()
}

/// The point at a part (0 to 1) of the way.
fn at(path: &[Point], part: f64) -> Point {
    let place = part.clamp(0.0, 1.0) * (path.len() - 1) as f64;
    let index = (place as usize).min(path.len().saturating_sub(2));
    let within = place - index as f64;
    [0, 1].map(|axis| path[index][axis] * (1.0 - within) + path[index + 1][axis] * within)
}
