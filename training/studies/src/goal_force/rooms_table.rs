//! Over seeds: the rooms of table A8 with their means, and diversity.

use super::diversity::{Diversity, delta};
use super::rooms::{RoomArm, RoomCounts, RoomResult};
use super::table::{percent, range, spread};
use super::{GoalForceResult, Measure};
use planwright::world::scene::Room;
use planwright_training::study::Column;
use serde::Serialize;

/// A room over all seeds, or the mean of several.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RoomRow {
    /// Its name.
    pub room: String,
    /// Scenes in all.
    pub scenes: usize,
    /// As published: share of the valid videos, and of all.
    pub published: [f64; 2],
    /// Share of the motions that is not degraded.
    pub valid: f64,
    /// Of the valid motions, the share in which the right thing sets off first.
    pub of_valid: f64,
    /// The same of all motions: least, mean and most of the seeds.
    pub of_all: [f64; 3],
    /// Of all motions: the target sets off by itself.
    pub spontaneous: f64,
    /// Of all motions: a thing that is barred sets off first.
    pub barred: f64,
    /// Of all motions: an obstacle does.
    pub obstacle: f64,
    /// Of all motions: nothing moves, or the target does not.
    pub still: f64,
    /// Share of all scenes that the model gets right from a picture without obstacles, and without control signal.
    pub controls: [f64; 2],
    /// Share of all scenes in which a random thing is the right one, the nearest is, and the one most nearly straight behind the
    /// target.
    pub random_nearest_aligned: [f64; 3],
    /// Share of all scenes whose goal is met after correction: by model, random, nearest and aligned things, search.
    pub corrected: [f64; 5],
    /// Pushes that break the gate's promise.
    pub pushes_unsafe: usize,
}

/// Diversity over all seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DiversityRow {
    /// Scenes in all.
    pub scenes: usize,
    /// Share of the motions that can be read.
    pub read: f64,
    /// Delta of a scene's motions: least, mean and most of the scenes.
    pub delta: [f64; 3],
    /// Delta of all motions together.
    pub pooled: f64,
    /// Share of each domino, the farthest from the target first.
    pub shares: Vec<f64>,
    /// Mean delta without the control signal, and the share of its motions that can be read.
    pub without_control: [f64; 2],
}

fn summed(results: &[&RoomResult], arm: RoomArm) -> RoomCounts {
    let place = RoomArm::ALL.iter().position(|other| *other == arm).unwrap_or_default();
    let mut sum = RoomCounts::default();
    for counts in results.iter().filter_map(|result| result.arms.get(place)) {
        sum.success += counts.success;
        sum.barred += counts.barred;
        sum.obstacle += counts.obstacle;
        sum.spontaneous += counts.spontaneous;
        sum.still += counts.still;
        sum.degraded += counts.degraded;
    }
    sum
}

fn share(count: usize, of: usize) -> f64 {
    count as f64 / of.max(1) as f64
}

fn row(room: Room, results: &[&RoomResult]) -> RoomRow {
    let model = summed(results, RoomArm::Model);
    let scenes: usize = results.iter().map(|result| result.scenes).sum();
    let all = model.all();
    let by_seed: Vec<f64> = results
        .iter()
        .map(|result| {
            let counts = summed(&[*result], RoomArm::Model);
            share(counts.success, counts.all())
        })
        .collect();
    let right = |arm: RoomArm| {
        let counts = summed(results, arm);
        share(counts.success, counts.all())
    };
    let of_chooser = |index: usize| share(results.iter().map(|result| result.initiator[index]).sum(), scenes);
    let corrected = |index: usize| share(results.iter().map(|result| result.corrected[index]).sum(), scenes);
    let [valid, success] = room.published();
    let name = clap::ValueEnum::to_possible_value(&room).map_or_else(String::new, |value| value.get_name().to_owned());
    RoomRow {
        room: name,
        scenes,
        published: [share(success, valid), share(success, 50)],
        valid: share(model.valid(), all),
        of_valid: share(model.success, model.valid()),
        of_all: spread(&by_seed),
        spontaneous: share(model.spontaneous, all),
        barred: share(model.barred, all),
        obstacle: share(model.obstacle, all),
        still: share(model.still, all),
        controls: [right(RoomArm::NoObstacles), right(RoomArm::NoControl)],
        random_nearest_aligned: [1, 2, 3].map(of_chooser),
        corrected: std::array::from_fn(corrected),
        pushes_unsafe: results.iter().map(|result| result.pushes_unsafe).sum(),
    }
}

/// The mean of rooms, each counting once.
fn mean(name: &str, rows: &[&RoomRow]) -> RoomRow {
    let of =
        |value: &dyn Fn(&RoomRow) -> f64| rows.iter().map(|row| value(row)).sum::<f64>() / rows.len().max(1) as f64;
    RoomRow {
        room: name.to_owned(),
        scenes: rows.iter().map(|row| row.scenes).sum(),
        published: [of(&|row| row.published[0]), of(&|row| row.published[1])],
        valid: of(&|row| row.valid),
        of_valid: of(&|row| row.of_valid),
        of_all: [0, 1, 2].map(|index| of(&|row| row.of_all[index])),
        spontaneous: of(&|row| row.spontaneous),
        barred: of(&|row| row.barred),
        obstacle: of(&|row| row.obstacle),
        still: of(&|row| row.still),
        controls: [0, 1].map(|index| of(&|row| row.controls[index])),
        random_nearest_aligned: [0, 1, 2].map(|index| of(&|row| row.random_nearest_aligned[index])),
        corrected: [0, 1, 2, 3, 4].map(|index| of(&|row| row.corrected[index])),
        pushes_unsafe: rows.iter().map(|row| row.pushes_unsafe).sum(),
    }
}

/// One row a room, then the means of plain rooms, of those with tools, and of all.
pub(super) fn rooms(results: &[GoalForceResult]) -> Vec<RoomRow> {
    let of_room = |room: Room| {
        let all: Vec<&RoomResult> = results
            .iter()
            .filter(|result| result.measure == Measure::Room(room))
            .filter_map(|result| result.room.as_ref())
            .collect();
        (!all.is_empty()).then(|| (room, row(room, &all)))
    };
    let rows: Vec<(Room, RoomRow)> = Room::ALL.into_iter().filter_map(of_room).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let of = |tool: Option<bool>| -> Vec<&RoomRow> {
        rows.iter().filter(|(room, _)| tool.is_none_or(|tool| room.is_tool() == tool)).map(|(_, row)| row).collect()
    };
    let means = [("mean, plain", Some(false)), ("mean, tools", Some(true)), ("mean", None)];
    let means: Vec<RoomRow> =
        means.into_iter().filter(|(_, tool)| !of(*tool).is_empty()).map(|(name, tool)| mean(name, &of(tool))).collect();
    rows.iter().map(|(_, row)| row.clone()).chain(means).collect()
}

pub(super) fn diversity(results: &[GoalForceResult]) -> Vec<DiversityRow> {
    let all: Vec<&Diversity> = results.iter().filter_map(|result| result.diversity.as_ref()).collect();
    let scenes: usize = all.iter().map(|one| one.scenes).sum();
    if scenes == 0 {
        return Vec::new();
    }
    let mut pooled = [0; 5];
    for counts in all.iter().flat_map(|one| &one.counts) {
        pooled.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    let drawn = scenes * super::diversity::MOTIONS;
    let read: usize = pooled.iter().sum();
    let deltas: Vec<f64> = all.iter().flat_map(|one| one.delta.iter().copied()).collect();
    let without: Vec<f64> = all.iter().flat_map(|one| one.delta_without_control.iter().copied()).collect();
    vec![DiversityRow {
        scenes,
        read: share(read, drawn),
        delta: spread(&deltas),
        pooled: delta(&pooled),
        shares: pooled.iter().map(|count| share(*count, read)).collect(),
        without_control: [spread(&without)[1], share(all.iter().map(|one| one.read_without_control).sum(), drawn)],
    }]
}

pub(super) const ROOMS: [Column<RoomRow>; 12] = [
    ("room", |row| row.room.clone()),
    ("scenes", |row| row.scenes.to_string()),
    ("published: valid, all", |row| format!("{}, {}", percent(row.published[0]), percent(row.published[1]))),
    ("valid", |row| percent(row.valid)),
    ("right, of valid", |row| percent(row.of_valid)),
    ("right, of all", |row| range(row.of_all)),
    ("spontaneous", |row| percent(row.spontaneous)),
    ("barred / obstacle / still", |row| {
        format!("{} / {} / {}", percent(row.barred), percent(row.obstacle), percent(row.still))
    }),
    ("no obstacles / no control", |row| format!("{} / {}", percent(row.controls[0]), percent(row.controls[1]))),
    ("random / nearest / aligned", |row| row.random_nearest_aligned.map(percent).join(" / ")),
    ("corrected: model / random / nearest / aligned / search", |row| row.corrected.map(percent).join(" / ")),
    ("unsafe", |row| row.pushes_unsafe.to_string()),
];

pub(super) const DIVERSITY: [Column<DiversityRow>; 6] = [
    ("scenes", |row| row.scenes.to_string()),
    ("motions read", |row| percent(row.read)),
    ("delta", |row| format!("{:.3} ({:.3} to {:.3})", row.delta[1], row.delta[0], row.delta[2])),
    ("delta of all together", |row| format!("{:.3}", row.pooled)),
    ("share of each domino, farthest first", |row| {
        row.shares.iter().map(|share| percent(*share)).collect::<Vec<_>>().join(", ")
    }),
    ("without control: delta, read", |row| {
        format!("{:.3}, {}", row.without_control[0], percent(row.without_control[1]))
    }),
];
