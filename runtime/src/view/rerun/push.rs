//! A push in rerun: the first picture with goal and candidates, the predicted and the simulated motion frame by frame.

use re_log_types::TimePoint;
use re_sdk_types::archetypes::{Arrows2D, Image, LineStrips2D, Points2D, TextDocument};
use re_sdk_types::components::MediaType;

use super::super::outline::circle;
use super::super::push::{PushView, arrow_px};
use super::super::push_strip::TRACKS;
use super::chunks::ChunkRows;
use super::finite;
use super::scene::{GREEN, GREY, VIOLET, YELLOW};
use crate::planner::goal_force::{PredictedVideo, projected_tracks};
use crate::world::scene::{FRAMES, Push};

/// Where a push stands in the recording.
pub(super) mod entity {
    pub const PICTURE: &str = "push/picture";
    pub const GOAL: &str = "push/picture/goal";
    pub const TARGET: &str = "push/picture/target";
    pub const MASSES: &str = "push/picture/masses";
    pub const CANDIDATES: &str = "push/picture/candidates";
    pub const CHECKED: &str = "push/picture/checked";
    pub const PREDICTED: &str = "push/predicted";
    pub const PREDICTED_TRACKS: &str = "push/predicted/tracks";
    pub const SIMULATED: &str = "push/simulated";
    pub const SIMULATED_TRACKS: &str = "push/simulated/tracks";
    pub const TABLE: &str = "push/table";
}

/// Radius of lines, px of the picture.
const LINE: f32 = 0.2;
/// Radius of arrows, px of the picture; the checked one is drawn thinner, over those that were read.
const ARROW: f32 = 0.4;

type Places = [[f64; 2]; FRAMES + 1];

/// Draws a push; `time` gives the place of every frame on the timelines.
pub(super) fn draw(rows: &mut ChunkRows, time: impl Fn(usize) -> TimePoint, view: &PushView) {
    let side_px = view.camera.width();
    let start = time(0);
    rows.add(entity::PICTURE, &start, &image(view.rgb.clone(), side_px));
    draw_controls(rows, &start, view);
    draw_pushes(rows, &start, view);
    let table = TextDocument::new(view.table()).with_media_type(MediaType::markdown());
    rows.add(entity::TABLE, &start, &table);

    let video = PredictedVideo::new(&view.rgb, side_px, &view.seen);
    let predicted = view.shown().and_then(|shown| view.candidates.get(shown)).map(|shown| shown.tracks.clone());
    let simulated = view.checked.as_ref().map(|checked| projected_tracks(&checked.tracks, &view.camera));
    for (picture, ways, tracks) in [
        (entity::PREDICTED, entity::PREDICTED_TRACKS, predicted),
        (entity::SIMULATED, entity::SIMULATED_TRACKS, simulated),
    ] {
        for frame in 0..=FRAMES {
            let time = time(frame);
            // A push without a motion empties the frames of the push before it.
            let Some(tracks) = &tracks else {
                rows.add(picture, &time, &Image::clear_fields());
                rows.add(ways, &time, &LineStrips2D::clear_fields());
                continue;
            };
            let mut rgb = Vec::new();
            video.frame(tracks, frame, &mut rgb);
            rows.add(picture, &time, &image(rgb, side_px));
            rows.add(ways, &time, &strips(tracks, frame));
        }
    }
}

/// Target, goal and masses.
fn draw_controls(rows: &mut ChunkRows, time: &TimePoint, view: &PushView) {
    let goal = view.seen.goal;
    let as_push = Push { body: goal.body, direction_rad: goal.direction_rad, speed_mps: goal.speed_mps };
    let label = format!("goal {:.2} m/s", goal.speed_mps);
    rows.add(entity::GOAL, time, &arrows(view, [(as_push, label)], YELLOW, ARROW).with_draw_order(12.0));
    let target = view.seen.detections.get(goal.body);
    let ring = target.map(|target| circle(target.centre_px, target.radius_px + 1.0).into_iter().map(single));
    let ring = LineStrips2D::new(ring).with_colors([YELLOW]).with_radii([LINE]).with_draw_order(11.0);
    rows.add(entity::TARGET, time, &ring);
    let masses = view.masses().into_iter().map(|(found, kg)| {
        // The text stands below its point; on the object it would hide the arrows.
        let [u, v] = found.centre_px;
        (single([u, v + found.radius_px]), format!("{kg:.1} kg"))
    });
    let (places, labels): (Vec<_>, Vec<_>) = masses.unzip();
    let marks = Points2D::new(places).with_radii([0.5]).with_colors([VIOLET]).with_labels(labels);
    rows.add(entity::MASSES, time, &marks.with_show_labels(true).with_draw_order(13.0));
}

/// The pushes as they are read, and the one that passed the gate.
fn draw_pushes(rows: &mut ChunkRows, time: &TimePoint, view: &PushView) {
    let read = view.candidates.iter().enumerate();
    let read = read.filter_map(|(index, candidate)| candidate.push.map(|push| (push, index)));
    let read = read.map(|(push, index)| (push, format!("{index}: {:.2} m/s", push.speed_mps)));
    rows.add(entity::CANDIDATES, time, &arrows(view, read, GREY, ARROW).with_draw_order(14.0));
    let checked =
        view.checked.iter().map(|checked| (checked.push, format!("checked {:.2} m/s", checked.push.speed_mps)));
    rows.add(entity::CHECKED, time, &arrows(view, checked, GREEN, LINE).with_draw_order(15.0));
}

/// Arrows of velocities, those in view of the camera. Their labels are shown where the pointer is: they stand in the table.
fn arrows(view: &PushView, pushes: impl IntoIterator<Item = (Push, String)>, color: u32, radius_px: f32) -> Arrows2D {
    let (mut origins, mut vectors, mut labels) = (Vec::new(), Vec::new(), Vec::new());
    for (push, label) in pushes {
        let Some([from, to]) = arrow_px(&view.camera, &view.seen, push.body, push.direction_rad, push.speed_mps) else {
            continue;
        };
        let (from, to) = (single(from), single(to));
        if from.iter().chain(&to).all(|value| value.is_finite()) {
            origins.push(from);
            vectors.push([to[0] - from[0], to[1] - from[1]]);
            labels.push(label);
        }
    }
    let arrows = Arrows2D::from_vectors(vectors).with_origins(origins).with_labels(labels);
    arrows.with_colors([color]).with_radii([radius_px]).with_show_labels(false)
}

/// The ways of all objects up to a frame, each with its colour.
fn strips(tracks: &[Places], frame: usize) -> LineStrips2D {
    let way = |track: &Places| finite(&track[..=frame].iter().map(|place| single(*place)).collect::<Vec<_>>());
    let color = |[red, green, blue]: [u8; 3]| u32::from_be_bytes([red, green, blue, 0xff]);
    let colors: Vec<u32> = TRACKS.into_iter().map(color).cycle().take(tracks.len()).collect();
    LineStrips2D::new(tracks.iter().map(way)).with_colors(colors).with_radii([LINE]).with_draw_order(10.0)
}

fn image(rgb: Vec<u8>, side_px: usize) -> Image {
    Image::from_rgb24(rgb, [side_px as u32; 2]).with_draw_order(0.0)
}

fn single(place: [f64; 2]) -> [f32; 2] {
    place.map(|value| value as f32)
}
