//! The scene: events as rerun's archetypes, entities and times.

use re_chunk::ChunkError;
use re_log_types::{LogMsg, StoreId, TimePoint, Timeline};
use re_sdk_types::AsComponents;
use re_sdk_types::archetypes::{
    AnnotationContext, BarChart, DepthImage, LineStrips2D, Points2D, RecordingInfo, Scalars, SegmentationImage,
    SeriesLines, TextLog, Transform3D,
};
use re_sdk_types::components::TextLogLevel;
use re_sdk_types::datatypes::Rgba32;

use super::super::Subject;
use super::super::event::{DENOISING_STRIDE, Event, Level, Stage, Stamp, denoising_index};
use super::super::outline::outlines;
use super::chunks::ChunkRows;
use super::map_image;
use super::thinned::Thinned;
use super::wall_lines::{joined, wall_lines};
use super::{Fixed, push};
use crate::world::scene::FRAME_SECS;
use crate::world::{GOAL_RADIUS_M, Point, State, World};

pub(super) const SIM_TIME: &str = "sim_time";
const STEP: &str = "step";
const DENOISING: &str = "denoising";
pub(super) const FRAME: &str = "frame";

/// Where things stand in the recording.
pub(super) mod entity {
    pub const MAZE: &str = "maze";
    pub const WALLS: &str = "maze/walls";
    pub const MAP: &str = "maze/map";
    pub const FIELD: &str = "maze/field";
    pub const ROUTE: &str = "maze/route";
    pub const FOOTPRINT: &str = "maze/footprint";
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

pub(super) const GREY: u32 = 0xa8b0_bcff;
const ORANGE: u32 = 0xff96_1eff;
pub(super) const GREEN: u32 = 0x3ddc_6eff;
const RED: u32 = 0xff3b_5cff;
const BLUE: u32 = 0x3fa0_ffff;
pub(super) const YELLOW: u32 = 0xf7d1_3d90;
const WALL: u32 = 0x4a54_68ff;
pub(super) const VIOLET: u32 = 0xb78c_ffff;
const OUTLINE: u32 = 0x8fe8_aeb0;

const PATH_POINTS: usize = 2000;
const PATH_EVERY_STEPS: u64 = 10;
const OVERVIEW_STRIPS: usize = 12;
const OVERVIEW_POINTS: usize = 128;
/// Outlines of the robot along a plan at most.
const OUTLINES: usize = 60;
/// Radius of the goal where the map is no maze, metres.
const GOAL_MARK_M: f64 = 0.08;

/// The picture so far, as far as the next event needs it.
pub(super) struct Scene {
    rows: ChunkRows,
    sim_time: Timeline,
    step: Timeline,
    denoising: Timeline,
    frame: Timeline,
    last_nanos: i64,
    path: Thinned<[f32; 2]>,
    executed: u64,
    overview: Thinned<Vec<[f32; 2]>>,
    overview_plan: Option<u64>,
    /// The world that is shown, and whether its map and the ends of the way are drawn with the next flush.
    world: Option<World>,
    map_is_new: bool,
    shows_grid: bool,
    ends_are_new: bool,
    ends: Option<[Point; 2]>,
}

impl Scene {
    pub(super) fn new(store: StoreId) -> Self {
        Self {
            rows: ChunkRows::new(store),
            sim_time: Timeline::new_duration(SIM_TIME),
            step: Timeline::new_sequence(STEP),
            denoising: Timeline::new_sequence(DENOISING),
            frame: Timeline::new_sequence(FRAME),
            last_nanos: 0,
            path: Thinned::new(PATH_POINTS),
            executed: 0,
            overview: Thinned::new(OVERVIEW_STRIPS),
            overview_plan: None,
            world: None,
            map_is_new: false,
            shows_grid: false,
            ends_are_new: false,
            ends: None,
        }
    }

    /// The store's announcement and everything whose looks never change.
    pub(super) fn opening(&self, name: &str, subject: Subject) -> Result<Vec<LogMsg>, ChunkError> {
        let mut messages = vec![self.rows.announcement()];
        let mut fixed =
            |entity: &str, data: &dyn AsComponents| self.rows.fixed(entity, data).map(|message| messages.push(message));
        fixed("__properties", &RecordingInfo::new().with_name(name))?;
        // A push is drawn on its picture.
        if subject == Subject::Push {
            return Ok(messages);
        }
        // The viewer's y points down; a robot's map has it up.
        for root in [entity::MAZE, entity::DENOISING] {
            fixed(root, &Transform3D::from_mat3x3([[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]]))?;
        }
        let classes = map_image::CLASSES.map(|(id, name, color)| (id, name, Rgba32::from_u32(color)));
        fixed(entity::MAZE, &AnnotationContext::new(classes))?;
        let paths = [
            (entity::FOOTPRINT, OUTLINE, 0.006, 18.0),
            (entity::ROUTE, VIOLET, 0.012, 19.0),
            (entity::PROPOSAL, GREY, 0.020, 20.0),
            (entity::CORRECTED, ORANGE, 0.022, 21.0),
            (entity::CHECKED, GREEN, 0.026, 22.0),
            (entity::FALLBACK, RED, 0.026, 23.0),
            (entity::EXECUTED, BLUE, 0.034, 24.0),
        ];
        for (entity, color, radius, order) in paths {
            fixed(entity, &path_style(color, radius, order))?;
        }
        fixed(entity::BALL, &Points2D::update_fields().with_colors([BLUE]).with_draw_order(30.0))?;
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

    /// Adds an event.
    pub(super) fn draw(&mut self, stamp: Stamp, event: &Event) {
        let time = self.time(stamp);
        match event {
            Event::World { world, start, goal } => {
                let (ends, is_same) = ([*start, *goal], self.world.as_ref().is_some_and(|shown| shown.is_same(world)));
                if is_same || self.ends != Some(ends) {
                    self.path.clear();
                    self.executed = 0;
                    (self.ends, self.ends_are_new) = (Some(ends), true);
                }
                if !is_same {
                    (self.world, self.map_is_new) = (Some(world.clone()), true);
                }
            }
            Event::Route { plan, points } => {
                self.rows.add(entity::ROUTE, &self.stage_time(time, *plan, 4), &strip(points.as_slice()));
            }
            Event::Poses { plan, positions, headings } => {
                let outlines = self.outlines(positions.as_slice(), headings.as_slice());
                let looks = LineStrips2D::update_fields().with_strips(outlines);
                self.rows.add(entity::FOOTPRINT, &self.stage_time(time, *plan, 1), &looks);
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
                self.rows.add(entity::FOOTPRINT, &time, &strip(&[]));
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
            Event::Push(view) => {
                // Pushes follow one another on both timelines.
                let (frames, sim_time, start) = (self.frame, self.sim_time, self.last_nanos);
                let first = i64::try_from(stamp.step).unwrap_or(i64::MAX);
                let time = |frame: usize| {
                    let nanos = (frame as f64 * FRAME_SECS * 1e9) as i64;
                    TimePoint::default()
                        .with(frames, first.saturating_add(frame as i64))
                        .with(sim_time, start.saturating_add(nanos))
                };
                push::draw(&mut self.rows, time, view);
            }
            Event::Text { level, message } => {
                let level = match level {
                    Level::Info => TextLogLevel::INFO,
                    Level::Warning => TextLogLevel::WARN,
                    Level::Error => TextLogLevel::ERROR,
                };
                self.rows.add(entity::LOG, &time, &TextLog::new(message.as_ref()).with_level(level));
            }
        }
    }

    /// What holds for all times and has changed since the last call, by entity: a map's images are made here, so that of
    /// maps that follow each other quickly only the last one is.
    pub(super) fn drain_fixed(&mut self) -> Result<Fixed, ChunkError> {
        let mut fixed = Fixed::new();
        if std::mem::take(&mut self.map_is_new)
            && let Some(world) = &self.world
        {
            let mut add = |entity, data: &dyn AsComponents| -> Result<(), ChunkError> {
                fixed.insert(entity, self.rows.fixed(entity, data)?);
                Ok(())
            };
            // What the map before was drawn with is emptied.
            let showed_grid = std::mem::replace(&mut self.shows_grid, world.map().as_grid().is_some());
            match world.map().as_grid() {
                Some(grid) => {
                    let ((cells, placed), (field, field_placed)) = (map_image::cells(grid), map_image::field(grid));
                    add(entity::MAP, &[&cells as &dyn AsComponents, &placed])?;
                    add(entity::FIELD, &[&field as &dyn AsComponents, &field_placed])?;
                    add(entity::WALLS, &LineStrips2D::clear_fields())?;
                }
                None => {
                    let walls = joined(&world.map().obstacles());
                    let (strips, radii): (Vec<_>, Vec<_>) = walls.iter().flat_map(wall_lines).unzip();
                    let walls = LineStrips2D::new(strips).with_radii(radii).with_colors([WALL]).with_draw_order(1.0);
                    add(entity::WALLS, &walls)?;
                    if showed_grid {
                        add(entity::MAP, &SegmentationImage::clear_fields())?;
                        add(entity::FIELD, &DepthImage::clear_fields())?;
                    }
                }
            }
        }
        if std::mem::take(&mut self.ends_are_new)
            && let Some(ends) = self.ends
        {
            let goal_m = if self.shows_grid { GOAL_MARK_M } else { GOAL_RADIUS_M };
            let [start, goal] = ends.map(|point| point.map(|coordinate| coordinate as f32));
            let mark = |point, radius_m: f64, color, name, order| {
                let mark = Points2D::new([point]).with_radii([radius_m as f32]).with_colors([color]);
                mark.with_labels([name]).with_draw_order(order)
            };
            let marks = [
                (entity::GOAL, mark(goal, goal_m, YELLOW, "goal", 2.0)),
                (entity::START, mark(start, 0.06, GREY, "start", 3.0)),
            ];
            for (entity, mark) in marks {
                fixed.insert(entity, self.rows.fixed(entity, &mark)?);
            }
        }
        Ok(fixed)
    }

    /// Outlines of the robot in poses, each about a robot's length from the one before, on maps that are no mazes.
    fn outlines(&self, positions: &[[f32; 2]], headings: &[[f32; 2]]) -> Vec<Vec<[f32; 2]>> {
        let on_grid = |world: &&World| world.map().as_grid().is_some();
        let Some(world) = self.world.as_ref().filter(on_grid) else { return Vec::new() };
        let poses = positions.iter().zip(headings);
        let poses = poses.map(|(at, heading)| State::at_pose(at.map(f64::from), f64::from(heading[0])));
        let drawn = outlines(world.robot().footprint(), poses, OUTLINES);
        let single = |point: Point| point.map(|coordinate| coordinate as f32);
        drawn.into_iter().map(|outline| outline.into_iter().map(single).collect()).collect()
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
        let radius_m = self.world.as_ref().map_or(0.0, |world| world.robot().footprint().inscribed_radius_m());
        let ball = Points2D::update_fields().with_positions([position]).with_radii([radius_m as f32]);
        self.rows.add(entity::BALL, time, &ball);
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
pub(super) fn finite(points: &[[f32; 2]]) -> Vec<[f32; 2]> {
    points.iter().copied().filter(|point| point.iter().all(|coordinate| coordinate.is_finite())).collect()
}

fn thin(points: Vec<[f32; 2]>) -> Vec<[f32; 2]> {
    if points.len() <= OVERVIEW_POINTS {
        return points;
    }
    let last = points.len() - 1;
    (0..OVERVIEW_POINTS).filter_map(|place| points.get(place * last / (OVERVIEW_POINTS - 1)).copied()).collect()
}

/// From dark violet (0, noise) over rose to yellow (1, plan).
fn shade(part: f32) -> u32 {
    let stops = [[72.0, 52.0, 130.0], [190.0, 70.0, 120.0], [250.0, 220.0, 70.0]];
    let (low, high, within) =
        if part < 0.5 { (stops[0], stops[1], part * 2.0) } else { (stops[1], stops[2], part * 2.0 - 1.0) };
    let mixed: [f32; 3] = std::array::from_fn(|channel| low[channel] + (high[channel] - low[channel]) * within);
    u32::from_be_bytes([mixed[0] as u8, mixed[1] as u8, mixed[2] as u8, 0xff])
}
