//! The scene: events as rerun's archetypes, entities and times.

use re_chunk::ChunkError;
use re_log_types::{LogMsg, StoreId, TimePoint, Timeline};
use re_sdk_types::AsComponents;
use re_sdk_types::archetypes::{
    BarChart, LineStrips2D, Points2D, RecordingInfo, Scalars, SeriesLines, TextLog, Transform3D,
};
use re_sdk_types::components::TextLogLevel;

use super::super::event::{DENOISING_STRIDE, Event, Level, Stage, Stamp, denoising_index};
use super::chunks::ChunkRows;
use super::thinned::Thinned;
use crate::world::{Aabb, GOAL_RADIUS_M, Point, RADIUS_M};

pub(super) const SIM_TIME: &str = "sim_time";
const STEP: &str = "step";
const DENOISING: &str = "denoising";

/// Where things stand in the recording.
pub(super) mod entity {
    pub const MAZE: &str = "maze";
    pub const WALLS: &str = "maze/walls";
    pub const GOAL: &str = "maze/goal";
    pub const START: &str = "maze/start";
    pub const PROPOSAL: &str = "maze/proposal";
    pub const CORRECTED: &str = "maze/corrected";
    pub const CHECKED: &str = "maze/checked";
    pub const FALLBACK: &str = "maze/fallback";
    pub const EXECUTED: &str = "maze/executed";
    pub const BALL: &str = "maze/ball";
    pub const DENOISING: &str = "denoising";
    pub const OVERVIEW: &str = "denoising/overview";
    pub const LOG: &str = "log";
    pub const TOTAL_VARIATION: &str = "drift/total_variation";
    pub const BY_CHANCE: &str = "drift/by_chance";
    pub const THRESHOLD: &str = "drift/threshold";
    pub const OBSERVED: &str = "quantity/observed";
    pub const INTENDED: &str = "quantity/intended";
}

const GREY: u32 = 0xa8b0_bcff;
const ORANGE: u32 = 0xff96_1eff;
const GREEN: u32 = 0x3ddc_6eff;
const RED: u32 = 0xff3b_5cff;
const BLUE: u32 = 0x3fa0_ffff;
const YELLOW: u32 = 0xf7d1_3d90;
const WALL: u32 = 0x4a54_68ff;
const VIOLET: u32 = 0xb78c_ffff;

const PATH_POINTS: usize = 2000;
const PATH_EVERY_STEPS: u64 = 10;
const OVERVIEW_STRIPS: usize = 12;
const OVERVIEW_POINTS: usize = 128;
const WALL_LINES: usize = 16;

/// The picture so far, as far as the next event needs it.
pub(super) struct Scene {
    rows: ChunkRows,
    sim_time: Timeline,
    step: Timeline,
    denoising: Timeline,
    last_nanos: i64,
    path: Thinned<[f32; 2]>,
    executed: u64,
    overview: Thinned<Vec<[f32; 2]>>,
    overview_plan: Option<u64>,
}

impl Scene {
    pub(super) fn new(store: StoreId) -> Self {
        Self {
            rows: ChunkRows::new(store),
            sim_time: Timeline::new_duration(SIM_TIME),
            step: Timeline::new_sequence(STEP),
            denoising: Timeline::new_sequence(DENOISING),
            last_nanos: 0,
            path: Thinned::new(PATH_POINTS),
            executed: 0,
            overview: Thinned::new(OVERVIEW_STRIPS),
            overview_plan: None,
        }
    }

    /// The store's announcement and everything whose looks never change.
    pub(super) fn opening(&self, name: &str) -> Result<Vec<LogMsg>, ChunkError> {
        let mut messages = vec![self.rows.announcement()];
        let mut fixed =
            |entity: &str, data: &dyn AsComponents| self.rows.fixed(entity, data).map(|message| messages.push(message));
        fixed("__properties", &RecordingInfo::new().with_name(name))?;
        // The viewer's y points down; a robot's map has it up.
        for root in [entity::MAZE, entity::DENOISING] {
            fixed(root, &Transform3D::from_mat3x3([[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]]))?;
        }
        let paths = [
            (entity::PROPOSAL, GREY, 0.020, 20.0),
            (entity::CORRECTED, ORANGE, 0.022, 21.0),
            (entity::CHECKED, GREEN, 0.026, 22.0),
            (entity::FALLBACK, RED, 0.026, 23.0),
            (entity::EXECUTED, BLUE, 0.034, 24.0),
        ];
        for (entity, color, radius, order) in paths {
            fixed(entity, &path_style(color, radius, order))?;
        }
        fixed(
            entity::BALL,
            &Points2D::update_fields().with_colors([BLUE]).with_radii([RADIUS_M as f32]).with_draw_order(30.0),
        )?;
        for (entity, color, name) in [("residual/before", GREY, "before"), ("residual/after", ORANGE, "after")] {
            fixed(entity, &SeriesLines::new().with_colors([color]).with_names([name]).with_widths([2.0]))?;
        }
        for (entity, color, name) in [
            (entity::TOTAL_VARIATION, BLUE, "total variation"),
            (entity::BY_CHANCE, GREY, "by chance"),
            (entity::THRESHOLD, RED, "threshold"),
        ] {
            fixed(entity, &SeriesLines::new().with_colors([color]).with_names([name]).with_widths([2.0]))?;
        }
        for (stage, color) in Stage::ALL.into_iter().zip([BLUE, GREY, ORANGE, GREEN, VIOLET]) {
            fixed(
                timing(stage),
                &SeriesLines::new().with_colors([color]).with_names([stage.name()]).with_widths([2.0]),
            )?;
        }
        Ok(messages)
    }

    /// Adds an event. Returns what holds for all times, if that has changed.
    pub(super) fn draw(&mut self, stamp: Stamp, event: &Event) -> Result<Vec<LogMsg>, ChunkError> {
        let time = self.time(stamp);
        match event {
            Event::Maze { walls, goal, start } => {
                self.path.clear();
                self.executed = 0;
                return self.maze(walls, *goal, *start);
            }
            Event::Denoising { plan, step, candidate, points } => {
                let strip = finite(points.as_slice());
                let index = TimePoint::default().with(self.denoising, denoising_index(*plan, *step));
                let entity = format!("{}/candidate/{candidate}", entity::DENOISING);
                let looks = LineStrips2D::new([strip.clone()]).with_colors([VIOLET]).with_radii([0.02]);
                self.rows.add(&entity, &index, &looks);
                if *candidate == 0 {
                    if self.overview_plan.replace(*plan) != Some(*plan) {
                        self.overview.clear();
                    }
                    self.overview.push(thin(strip));
                }
            }
            Event::Proposal { plan, points } => {
                self.draw_overview(&time);
                self.rows.add(entity::PROPOSAL, &self.stage_time(time, *plan, 3), &strip(points.as_slice()));
            }
            Event::Corrected { plan, points } => {
                self.rows.add(entity::CORRECTED, &self.stage_time(time, *plan, 2), &strip(points.as_slice()));
            }
            Event::Checked { plan, points } => {
                let time = self.stage_time(time, *plan, 1);
                self.rows.add(entity::CHECKED, &time, &strip(points.as_slice()));
                self.rows.add(entity::FALLBACK, &time, &strip(&[]));
            }
            Event::Fallback { plan, reason, points } => {
                let line = TextLog::new(format!("fallback: {reason}")).with_level(TextLogLevel::WARN);
                self.rows.add(entity::LOG, &time, &line);
                let time = self.stage_time(time, *plan, 1);
                self.rows.add(entity::CHECKED, &time, &strip(&[]));
                self.rows.add(entity::FALLBACK, &time, &strip(points.as_slice()));
            }
            Event::Executed { position } => self.executed(&time, position.map(|coordinate| coordinate as f32)),
            Event::Residual { before_m, after_m } => {
                self.rows.add("residual/before", &time, &Scalars::single(*before_m));
                self.rows.add("residual/after", &time, &Scalars::single(*after_m));
            }
            Event::Drift { total_variation, by_chance, threshold } => {
                self.rows.add(entity::TOTAL_VARIATION, &time, &Scalars::single(*total_variation));
                self.rows.add(entity::BY_CHANCE, &time, &Scalars::single(*by_chance));
                self.rows.add(entity::THRESHOLD, &time, &Scalars::single(*threshold));
            }
            Event::Histogram { observed, intended } => {
                // Side by side in each bin.
                self.rows.add(entity::OBSERVED, &time, &bars(observed.as_slice(), -0.2, BLUE));
                self.rows.add(entity::INTENDED, &time, &bars(intended.as_slice(), 0.2, GREY));
            }
            Event::Timing { stage, secs } => self.rows.add(timing(*stage), &time, &Scalars::single(secs * 1e3)),
            Event::Text { level, message } => {
                let level = match level {
                    Level::Info => TextLogLevel::INFO,
                    Level::Warning => TextLogLevel::WARN,
                    Level::Error => TextLogLevel::ERROR,
                };
                self.rows.add(entity::LOG, &time, &TextLog::new(message.as_ref()).with_level(level));
            }
        }
        Ok(Vec::new())
    }

    /// The messages of everything drawn since the last time.
    pub(super) fn drain(&mut self) -> Result<Vec<LogMsg>, ChunkError> {
        self.rows.drain()
    }

    fn time(&mut self, stamp: Stamp) -> TimePoint {
        let nanos = stamp.time_secs * 1e9;
        if nanos.is_finite() {
            self.last_nanos = nanos as i64;
        }
        let step = i64::try_from(stamp.step).unwrap_or(i64::MAX);
        TimePoint::default().with(self.sim_time, self.last_nanos).with(self.step, step)
    }

    /// Puts a stage's outcome also behind the last denoising step of its plan, `from_end` places from the end.
    fn stage_time(&self, time: TimePoint, plan: u64, from_end: u64) -> TimePoint {
        let step = u32::try_from(DENOISING_STRIDE - from_end).unwrap_or(u32::MAX);
        time.with(self.denoising, denoising_index(plan, step))
    }

    fn executed(&mut self, time: &TimePoint, position: [f32; 2]) {
        if !position.iter().all(|coordinate| coordinate.is_finite()) {
            return;
        }
        self.rows.add(entity::BALL, time, &Points2D::update_fields().with_positions([position]));
        self.path.push(position);
        if self.executed.is_multiple_of(PATH_EVERY_STEPS) {
            let path: Vec<[f32; 2]> = self.path.iter().copied().collect();
            self.rows.add(entity::EXECUTED, time, &LineStrips2D::update_fields().with_strips([path]));
        }
        self.executed += 1;
    }

    /// All the steps of one plan in one picture: the darker, the noisier.
    fn draw_overview(&mut self, time: &TimePoint) {
        if self.overview_plan.take().is_none() {
            return;
        }
        let strips: Vec<Vec<[f32; 2]>> = self.overview.iter().cloned().collect();
        let last = strips.len().saturating_sub(1).max(1) as f32;
        let colors = (0..strips.len()).map(|place| shade(place as f32 / last));
        let radii = (0..strips.len()).map(|place| if place + 1 == strips.len() { 0.035 } else { 0.006 });
        self.rows.add(entity::OVERVIEW, time, &LineStrips2D::new(strips.clone()).with_colors(colors).with_radii(radii));
    }

    fn maze(&mut self, walls: &[Aabb], goal: Point, start: Point) -> Result<Vec<LogMsg>, ChunkError> {
        let (strips, radii): (Vec<_>, Vec<_>) = joined(walls).iter().flat_map(wall_lines).unzip();
        let goal = goal.map(|coordinate| coordinate as f32);
        let start = start.map(|coordinate| coordinate as f32);
        let walls = LineStrips2D::new(strips).with_radii(radii).with_colors([WALL]).with_draw_order(1.0);
        let goal = Points2D::new([goal])
            .with_radii([GOAL_RADIUS_M as f32])
            .with_colors([YELLOW])
            .with_labels(["goal"])
            .with_draw_order(2.0);
        let start =
            Points2D::new([start]).with_radii([0.06]).with_colors([GREY]).with_labels(["start"]).with_draw_order(3.0);
        [(entity::WALLS, &walls as &dyn AsComponents), (entity::GOAL, &goal), (entity::START, &start)]
            .into_iter()
            .map(|(entity, data)| self.rows.fixed(entity, data))
            .collect()
    }
}

fn timing(stage: Stage) -> &'static str {
    match stage {
        Stage::Observe => "timing/observe",
        Stage::Propose => "timing/propose",
        Stage::Correct => "timing/correct",
        Stage::Check => "timing/check",
        Stage::Whole => "timing/whole",
    }
}

/// Bars of two fifths of a bin's width, `aside` bins beside the bins' centres.
fn bars(bins: &[[f32; 2]], aside: f32, color: u32) -> BarChart {
    let bin = match bins {
        [[first, _], [second, _], ..] => second - first,
        _ => 1.0,
    };
    let heights: Vec<f32> = bins.iter().map(|[_, mass]| *mass).collect();
    let places: Vec<f32> = bins.iter().map(|[centre, _]| centre + aside * bin).collect();
    let widths = vec![0.4 * bin; bins.len()];
    BarChart::new(heights.as_slice()).with_abscissa(places.as_slice()).with_widths(widths).with_color(color)
}

fn path_style(color: u32, radius_m: f32, order: f32) -> LineStrips2D {
    LineStrips2D::update_fields().with_colors([color]).with_radii([radius_m]).with_draw_order(order)
}

fn strip(points: &[[f32; 2]]) -> LineStrips2D {
    LineStrips2D::update_fields().with_strips([finite(points)])
}

/// The viewer loses a whole strip to one NaN.
fn finite(points: &[[f32; 2]]) -> Vec<[f32; 2]> {
    points.iter().copied().filter(|point| point.iter().all(|coordinate| coordinate.is_finite())).collect()
}

fn thin(points: Vec<[f32; 2]>) -> Vec<[f32; 2]> {
    if points.len() <= OVERVIEW_POINTS {
        return points;
    }
    let last = points.len() - 1;
    (0..OVERVIEW_POINTS).filter_map(|place| points.get(place * last / (OVERVIEW_POINTS - 1)).copied()).collect()
}

/// Walls that touch along x and span the same y, as one.
fn joined(walls: &[Aabb]) -> Vec<Aabb> {
    let mut sorted = walls.to_vec();
    let key = |wall: &Aabb| [wall.low[1], wall.high[1], wall.low[0]];
    sorted.sort_by(|one, other| key(one).partial_cmp(&key(other)).unwrap_or(std::cmp::Ordering::Equal));
    let mut runs: Vec<Aabb> = Vec::with_capacity(sorted.len());
    for wall in sorted {
        match runs.last_mut() {
            Some(run)
                if [run.low[1], run.high[1]] == [wall.low[1], wall.high[1]] && wall.low[0] <= run.high[0] + 1e-9 =>
            {
                run.high[0] = run.high[0].max(wall.high[0]);
            }
            _ => runs.push(wall),
        }
    }
    runs
}

/// rerun fills no rectangles in two dimensions, so a wall is filled with lines along x; their ends are round,
/// so they are thin. Returns the lines, all of the same radius, metres.
fn wall_lines(wall: &Aabb) -> impl Iterator<Item = (Vec<[f32; 2]>, f32)> {
    let [low, high] = [wall.low, wall.high];
    let radius = (high[1] - low[1]) / (2 * WALL_LINES) as f64;
    (0..WALL_LINES).map(move |line| {
        let y = low[1] + radius * (2 * line + 1) as f64;
        let ends = [[low[0] + radius, y], [high[0] - radius, y]];
        // A little wider than their distance, so that no seam shows.
        (ends.map(|point| point.map(|coordinate| coordinate as f32)).to_vec(), 1.1 * radius as f32)
    })
}

/// From dark violet (0, noise) over rose to yellow (1, plan).
fn shade(part: f32) -> u32 {
    let stops = [[72.0, 52.0, 130.0], [190.0, 70.0, 120.0], [250.0, 220.0, 70.0]];
    let (low, high, within) =
        if part < 0.5 { (stops[0], stops[1], part * 2.0) } else { (stops[1], stops[2], part * 2.0 - 1.0) };
    let mixed: [f32; 3] = std::array::from_fn(|channel| low[channel] + (high[channel] - low[channel]) * within);
    u32::from_be_bytes([mixed[0] as u8, mixed[1] as u8, mixed[2] as u8, 0xff])
}
