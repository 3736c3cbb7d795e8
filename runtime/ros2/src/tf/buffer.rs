//! The transform buffer: the tree of frames, and insertion into it.

use super::frames::{FrameId, Frames, MAX_NAME_BYTES};
use super::history::{History, Recorded};
use super::{Transform, TransformError};
use crate::messages::geometry_msgs::TransformStamped;
use crate::time::RosTime;
use crate::validate::{Oddities, Oddity, is_rounding, without_slash};
use std::collections::VecDeque;

/// How far the squared norm of a rotation may be from 1, as in tf2; within it, it is normalised.
const SQUARED_NORM_TOLERANCE: f64 = 0.01;
/// Frames that are requested; the one requested longest ago makes room.
const MAX_REQUESTED: usize = 16;
/// Frames until [`TransformBuffer::trim`], which knows what is used: a static transform comes only once.
const MAX_FRAMES_AT_FIRST: usize = 250_000;
/// Samples of all edges together that are not in use.
const SAMPLES_IN_ALL: usize = 200_000;
/// Samples that each edge has at least.
const LEAST_SAMPLES: usize = 4;

/// Bounds of a buffer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TransformSettings {
    /// Samples older than this against the newest of their edge are forgotten, seconds.
    pub history_secs: f64,
    /// Samples per edge; at a higher rate than this over `history_secs` the history is shorter. With hundreds of frames
    /// those not in use have fewer.
    pub max_samples: usize,
    /// Frames. Beyond it, those not in use are dropped.
    pub max_frames: usize,
    /// Stamps further ahead of [`TransformBuffer::set_now`] are refused, seconds. Localisation stamps a second ahead
    /// on purpose.
    pub future_tolerance_secs: f64,
}

impl Default for TransformSettings {
    fn default() -> Self {
        Self { history_secs: 10.0, max_samples: 1000, max_frames: 10_000, future_tolerance_secs: 5.0 }
    }
}

/// What became of a transform that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// One more sample, or a new static transform.
    Added,
    /// In place of an earlier one: of the same stamp, or static.
    Replaced,
    /// The child had another parent, or changed between static and moving; its history was dropped. Worth a warning:
    /// two nodes may be publishing the same frame.
    Reparented {
        /// The parent it had.
        previous: String,
    },
    /// Not kept: there are more frames than are kept, and this one is not in use.
    Unused,
}

/// What a buffer was given so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransformCounts {
    /// Accepted, in any way.
    pub accepted: u64,
    /// Of these, with a new parent.
    pub reparented: u64,
    /// Refused, for any reason.
    pub refused: u64,
    /// Sound, but not kept: not in use.
    pub unused: u64,
}

/// One edge of the tree, for diagnostics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EdgeInfo<'a> {
    /// Parent frame.
    pub parent: &'a str,
    /// Child frame.
    pub child: &'a str,
    /// From `/tf_static`.
    pub is_static: bool,
    /// Newest sample.
    pub newest: RosTime,
    /// Samples kept.
    pub samples: usize,
}

/// Edge from a child to its parent.
#[derive(Clone, Debug)]
pub(super) struct Edge {
    pub(super) parent: FrameId,
    pub(super) is_static: bool,
    pub(super) parent_from_child: History,
}

/// Transforms of the last seconds, as a tree of frames. See [the module](super) for names and bounds.
#[derive(Clone, Debug)]
pub struct TransformBuffer {
    pub(super) settings: TransformSettings,
    pub(super) frames: Frames,
    /// By child.
    pub(super) edges: Vec<Option<Edge>>,
    now: Option<RosTime>,
    counts: TransformCounts,
    requested: VecDeque<String>,
    is_trimmed: bool,
    odd: Oddities,
}

impl Default for TransformBuffer {
    fn default() -> Self {
        Self::new(TransformSettings::default())
    }
}

impl TransformBuffer {
    /// Empty.
    pub fn new(settings: TransformSettings) -> Self {
        Self {
            settings,
            frames: Frames::default(),
            edges: Vec::new(),
            now: None,
            counts: TransformCounts::default(),
            requested: VecDeque::new(),
            is_trimmed: false,
            odd: Oddities::default(),
        }
    }

    /// What it was given so far.
    pub fn counts(&self) -> TransformCounts {
        self.counts
    }

    /// Number of frames known.
    pub fn frame_count(&self) -> usize {
        self.frames.len()
    }

    /// What was accepted so far although it is odd.
    pub fn oddities(&self) -> Oddities {
        self.odd
    }

    /// Requests a frame: it and those above it are in use, and kept however many others come.
    pub fn request(&mut self, frame: &str) {
        let frame = without_slash(frame);
        if frame.is_empty() || frame.len() > MAX_NAME_BYTES {
            return;
        }
        let known = self.requested.iter().position(|requested| requested == frame);
        let name = known.and_then(|index| self.requested.remove(index)).unwrap_or_else(|| frame.to_owned());
        if self.requested.len() >= MAX_REQUESTED {
            self.requested.pop_front();
        }
        self.requested.push_back(name);
    }

    /// True if there are more frames than are kept once it is known which are used: time for [`Self::trim`].
    pub fn is_crowded(&self) -> bool {
        !self.is_trimmed && self.frames.len() > self.settings.max_frames
    }

    /// Drops frames that are not in use, the last ones first, until there is room. From here on the bound holds.
    pub fn trim(&mut self) {
        let mut is_used = vec![false; self.edges.len()];
        for frame in self.in_use() {
            if let Some(used) = is_used.get_mut(frame) {
                *used = true;
            }
        }
        // With room for more, so that the next one does not trim again.
        let room = self.settings.max_frames - self.settings.max_frames / 8;
        let mut kept = self.emptied();
        kept.is_trimmed = true;
        for used in [true, false] {
            for (child, slot) in self.edges.iter_mut().enumerate() {
                if is_used.get(child) != Some(&used) {
                    continue;
                }
                let Some(edge) = slot.take() else { continue };
                if used || kept.frames.len() + 2 <= room {
                    kept.adopt(self.frames.name(child), self.frames.name(edge.parent), edge);
                } else {
                    kept.counts.unused += 1;
                }
            }
        }
        *self = kept;
    }

    /// The requested frames that are known, and all above them.
    fn in_use(&self) -> impl Iterator<Item = FrameId> {
        let parent = |frame: &FrameId| self.edge(*frame).map(|edge| edge.parent);
        let known = self.requested.iter().filter_map(|frame| self.frames.find(frame));
        known.flat_map(move |frame| std::iter::successors(Some(frame), parent))
    }

    /// Whether an edge from this child up belongs to a chain in use.
    fn is_in_use(&self, child: &str) -> bool {
        self.requested.iter().any(|requested| requested == child)
            || self.frames.find(child).is_some_and(|child| self.in_use().any(|frame| frame == child))
    }

    /// Without frames, but with all else.
    fn emptied(&mut self) -> Self {
        Self {
            now: self.now,
            counts: self.counts,
            requested: std::mem::take(&mut self.requested),
            is_trimmed: self.is_trimmed,
            odd: self.odd,
            ..Self::new(self.settings)
        }
    }

    fn adopt(&mut self, child: &str, parent: &str, edge: Edge) {
        let (parent, child) = (self.intern(parent), self.intern(child));
        if let Some(slot) = self.edges.get_mut(child) {
            *slot = Some(Edge { parent, ..edge });
        }
    }

    /// Tells the time, against which stamps from the future are known. Without it there is no such check. To be
    /// called before each batch of transforms.
    pub fn set_now(&mut self, now: RosTime) {
        self.now = Some(now);
    }

    /// Takes one transform of a `/tf` or `/tf_static` message.
    pub fn insert_message(&mut self, message: &TransformStamped, is_static: bool) -> Result<Inserted, TransformError> {
        let stamp = match RosTime::try_from(&message.header.stamp) {
            Ok(stamp) => stamp,
            // It holds at all times.
            Err(_) if is_static => RosTime::ZERO,
            Err(fault) => {
                self.counts.refused += 1;
                return Err(TransformError::Stamp { frame: shortened(&message.child_frame_id), fault });
            }
        };
        let parent_from_child = Transform::from(&message.transform);
        self.insert(&message.header.frame_id, &message.child_frame_id, stamp, parent_from_child, is_static)
    }

    /// Takes `parent_from_child`. Leading slashes are dropped. What is refused changes nothing but the counts.
    pub fn insert(
        &mut self,
        parent: &str,
        child: &str,
        stamp: RosTime,
        parent_from_child: Transform,
        is_static: bool,
    ) -> Result<Inserted, TransformError> {
        let bytes = parent.len() + child.len();
        let (parent, child) = (without_slash(parent), without_slash(child));
        let norm = parent_from_child.rotation.norm();
        let inserted = checked(parent, child, parent_from_child)
            .and_then(|transform| self.insert_checked(parent, child, stamp, transform, is_static));
        match &inserted {
            Ok(Inserted::Unused) => self.counts.unused += 1,
            Ok(kind) => {
                self.odd.note_if(parent.len() + child.len() < bytes, Oddity::FrameSlash);
                self.odd.note_if(!is_rounding(norm), Oddity::NotNormalised);
                self.counts.accepted += 1;
                self.counts.reparented += u64::from(matches!(kind, Inserted::Reparented { .. }));
            }
            Err(_) => self.counts.refused += 1,
        }
        inserted
    }

    fn insert_checked(
        &mut self,
        parent: &str,
        child: &str,
        stamp: RosTime,
        parent_from_child: Transform,
        is_static: bool,
    ) -> Result<Inserted, TransformError> {
        let settings = self.settings;
        let ahead_secs = if is_static { 0.0 } else { self.now.map_or(0.0, |now| stamp.since(now)) };
        if !(ahead_secs <= settings.future_tolerance_secs) {
            let (frame, limit_secs) = (child.to_owned(), settings.future_tolerance_secs);
            return Err(TransformError::Future { frame, ahead_secs, limit_secs });
        }
        self.check_loop(parent, child)?;
        self.check_straggler(parent, child, stamp, is_static)?;
        let Some((parent, child)) = self.intern_both(parent, child)? else { return Ok(Inserted::Unused) };
        let max_samples = self.max_samples(child);
        let Self { edges, frames, .. } = self;
        let Some(slot) = edges.get_mut(child) else {
            return Err(TransformError::UnknownFrame { frame: frames.name(child).to_owned() });
        };
        let Some(edge) = slot else {
            let mut history = History::default();
            history.replace(stamp, parent_from_child);
            *slot = Some(Edge { parent, is_static, parent_from_child: history });
            return Ok(Inserted::Added);
        };
        if edge.parent != parent || edge.is_static != is_static {
            let previous = frames.name(edge.parent).to_owned();
            (edge.parent, edge.is_static) = (parent, is_static);
            edge.parent_from_child.replace(stamp, parent_from_child);
            return Ok(Inserted::Reparented { previous });
        }
        if is_static {
            edge.parent_from_child.replace(stamp, parent_from_child);
            return Ok(Inserted::Replaced);
        }
        match edge.parent_from_child.record(stamp, parent_from_child, settings.history_secs, max_samples) {
            Recorded::Added => Ok(Inserted::Added),
            Recorded::Replaced => Ok(Inserted::Replaced),
            Recorded::Old { age_secs } => {
                let (frame, limit_secs) = (frames.name(child).to_owned(), settings.history_secs);
                Err(TransformError::Old { frame, age_secs, limit_secs })
            }
        }
    }

    /// Forgets everything that moves, and the time; static transforms stay. For clocks that jump back.
    pub fn clear_dynamic(&mut self) {
        let mut kept = Self { now: None, ..self.emptied() };
        for (child, slot) in self.edges.drain(..).enumerate() {
            let Some(edge) = slot.filter(|edge| edge.is_static) else { continue };
            kept.adopt(self.frames.name(child), self.frames.name(edge.parent), edge);
        }
        *self = kept;
    }

    /// Every edge, in the order in which its child was first named.
    pub fn edges(&self) -> impl Iterator<Item = EdgeInfo<'_>> {
        self.edges.iter().enumerate().filter_map(|(child, slot)| {
            let edge = slot.as_ref()?;
            Some(EdgeInfo {
                parent: self.frames.name(edge.parent),
                child: self.frames.name(child),
                is_static: edge.is_static,
                newest: edge.parent_from_child.newest()?,
                samples: edge.parent_from_child.len(),
            })
        })
    }

    /// The edge of a child; None for a root.
    pub(super) fn edge(&self, child: FrameId) -> Option<&Edge> {
        self.edges.get(child)?.as_ref()
    }

    /// Refuses an edge whose parent lies below its child.
    fn check_loop(&self, parent: &str, child: &str) -> Result<(), TransformError> {
        let (Some(parent), Some(child)) = (self.frames.find(parent), self.frames.find(child)) else { return Ok(()) };
        let ancestors = || std::iter::successors(Some(parent), |&frame| self.edge(frame).map(|edge| edge.parent));
        if !ancestors().any(|frame| frame == child) {
            return Ok(());
        }
        let mut frames = vec![self.frames.name(child).to_owned()];
        frames.extend(ancestors().take_while(|&frame| frame != child).map(|frame| self.frames.name(frame).to_owned()));
        frames.push(self.frames.name(child).to_owned());
        Err(TransformError::Loop { frames })
    }

    /// Refuses a sample under another parent that is older than what is known: one parent has handed the frame over
    /// to the next, and a straggler must not take it back.
    fn check_straggler(
        &self,
        parent: &str,
        child: &str,
        stamp: RosTime,
        is_static: bool,
    ) -> Result<(), TransformError> {
        let moving = self.frames.find(child).and_then(|id| self.edge(id)).filter(|edge| !edge.is_static && !is_static);
        let Some(edge) = moving.filter(|edge| self.frames.find(parent) != Some(edge.parent)) else { return Ok(()) };
        let age_secs = edge.parent_from_child.newest().map_or(0.0, |newest| newest.since(stamp));
        if age_secs > 0.0 {
            return Err(TransformError::Old { frame: child.to_owned(), age_secs, limit_secs: 0.0 });
        }
        Ok(())
    }

    /// The numbers of an edge's frames; none if there is no room and they are not in use.
    fn intern_both(&mut self, parent: &str, child: &str) -> Result<Option<(FrameId, FrameId)>, TransformError> {
        let limit = self.settings.max_frames.max(if self.is_trimmed { 0 } else { MAX_FRAMES_AT_FIRST });
        let has_room = |buffer: &Self| {
            let new = [parent, child].into_iter().filter(|name| buffer.frames.find(name).is_none()).count();
            buffer.frames.len() + new <= limit
        };
        if !has_room(self) {
            if !self.is_in_use(child) {
                return Ok(None);
            }
            self.trim();
            if !has_room(self) {
                return Err(TransformError::TooManyFrames { frame: child.to_owned(), limit });
            }
        }
        Ok(Some((self.intern(parent), self.intern(child))))
    }

    /// How many samples the edge of a child has at most.
    fn max_samples(&self, child: FrameId) -> usize {
        let share = (SAMPLES_IN_ALL / self.frames.len().max(1)).clamp(LEAST_SAMPLES, usize::MAX);
        let is_full = || self.edge(child).is_some_and(|edge| edge.parent_from_child.len() >= share);
        if share < self.settings.max_samples && is_full() && !self.in_use().any(|frame| frame == child) {
            return share;
        }
        self.settings.max_samples
    }

    fn intern(&mut self, name: &str) -> FrameId {
        let id = self.frames.intern(name);
        self.edges.resize(self.frames.len(), None);
        id
    }
}

/// The transform with its rotation normalised, if it and the names are sound.
fn checked(parent: &str, child: &str, mut transform: Transform) -> Result<Transform, TransformError> {
    let invalid = |expected, got| Err(TransformError::Invalid { frame: shortened(child), expected, got });
    if parent.is_empty() || child.is_empty() {
        return invalid("two names of frames", format!("`{}` and `{}`", shortened(parent), shortened(child)));
    }
    if parent.len().max(child.len()) > MAX_NAME_BYTES {
        return invalid("names of at most 256 bytes", format!("{} and {}", parent.len(), child.len()));
    }
    if parent == child {
        return invalid("a parent other than the frame itself", format!("`{parent}`"));
    }
    if !transform.is_finite() {
        return invalid("finite numbers", format!("{transform:?}"));
    }
    let norm = transform.rotation.norm();
    match transform.rotation.normalized() {
        Some(rotation) if (norm * norm - 1.0).abs() < SQUARED_NORM_TOLERANCE => transform.rotation = rotation,
        _ => return invalid("a rotation of norm 1", format!("norm {norm}")),
    }
    Ok(transform)
}

/// A name fit for an error, however long it is.
pub(super) fn shortened(name: &str) -> String {
    const KEPT: usize = 100;
    if name.chars().count() <= KEPT { name.to_owned() } else { name.chars().take(KEPT).chain("...".chars()).collect() }
}
