//! Lookup of the transform between two frames at a time.

use super::buffer::{Edge, TransformBuffer, shortened};
use super::frames::FrameId;
use super::history::Sampled;
use super::{Transform, TransformError};
use crate::time::RosTime;
use crate::validate::without_slash;

/// The requested time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookupTime {
    /// The newest that all moving edges of the chain have in common.
    Latest,
    /// This very time, interpolated; never extrapolated.
    At(RosTime),
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StampedTransform {
    /// Maps coordinates in the source frame to the target frame.
    pub target_from_source: Transform,
    /// The time it holds for; zero for [`LookupTime::Latest`] if nothing on the chain moves.
    pub stamp: RosTime,
    /// Nothing on the chain moves: it holds at all times.
    pub is_static: bool,
}

impl TransformBuffer {
    /// `target_from_source` at a time. A frame against itself is the identity even if it is unknown. Does not
    /// allocate unless it fails.
    pub fn lookup(&self, target: &str, source: &str, time: LookupTime) -> Result<StampedTransform, TransformError> {
        let (target, source) = (without_slash(target), without_slash(source));
        if target == source && !target.is_empty() {
            let stamp = if let LookupTime::At(time) = time { time } else { RosTime::ZERO };
            return Ok(StampedTransform { target_from_source: Transform::IDENTITY, stamp, is_static: true });
        }
        let (target, source) = (self.known(target)?, self.known(source)?);
        let ancestor = self.common_ancestor(target, source)?;
        let chain = || self.edges_up(target, ancestor).chain(self.edges_up(source, ancestor)).map(|(_, edge)| edge);
        let is_static = chain().all(|edge| edge.is_static);
        let stamp = match time {
            LookupTime::At(time) => time,
            LookupTime::Latest => {
                let moving = chain().filter(|edge| !edge.is_static);
                moving.filter_map(|edge| edge.parent_from_child.newest()).min().unwrap_or(RosTime::ZERO)
            }
        };
        let ancestor_from_target = self.up(target, ancestor, stamp)?;
        let ancestor_from_source = self.up(source, ancestor, stamp)?;
        let target_from_source = ancestor_from_target.inverse() * ancestor_from_source;
        // Finite edges can still overflow in the product.
        if !target_from_source.is_finite() {
            let (frame, got) = (self.frames.name(source).to_owned(), format!("{target_from_source:?}"));
            return Err(TransformError::Invalid { frame, expected: "finite numbers along the chain", got });
        }
        Ok(StampedTransform { target_from_source, stamp, is_static })
    }

    /// The latest `target_from_source`, unless something on the chain is older than `max_age_secs` or further ahead
    /// of `now` than the settings allow. Static chains do not age.
    pub fn lookup_fresh(
        &self,
        target: &str,
        source: &str,
        now: RosTime,
        max_age_secs: f64,
    ) -> Result<StampedTransform, TransformError> {
        let found = self.lookup(target, source, LookupTime::Latest)?;
        let age_secs = now.since(found.stamp);
        let frame = || without_slash(source).to_owned();
        let limit_secs = self.settings.future_tolerance_secs;
        if found.is_static {
            Ok(found)
        } else if !(age_secs <= max_age_secs) {
            Err(TransformError::Old { frame: frame(), age_secs, limit_secs: max_age_secs })
        } else if !(-age_secs <= limit_secs) {
            Err(TransformError::Future { frame: frame(), ahead_secs: -age_secs, limit_secs })
        } else {
            Ok(found)
        }
    }

    /// The frames whose transforms a lookup crosses: from each of the two up to the frame below which both lie, that
    /// one left out. Of two trees, up to both roots; an unknown frame stands for itself.
    pub fn frames_between<'a>(&'a self, target: &'a str, source: &'a str) -> impl Iterator<Item = &'a str> {
        let names = [without_slash(source), without_slash(target)];
        let ids = names.map(|name| self.frames.find(name));
        let ancestor = match ids {
            [Some(source), Some(target)] => self.common_ancestor(target, source).ok(),
            _ => None,
        };
        let up = move |(name, id): (&'a str, Option<FrameId>)| {
            let parent = |frame: &FrameId| self.edge(*frame).map(|edge| edge.parent);
            let known = std::iter::successors(id, parent).take_while(move |&frame| Some(frame) != ancestor);
            id.is_none().then_some(name).into_iter().chain(known.map(|frame| self.frames.name(frame)))
        };
        names.into_iter().zip(ids).filter(move |_| names[0] != names[1]).flat_map(up)
    }

    fn known(&self, frame: &str) -> Result<FrameId, TransformError> {
        let (limit, counts) = (self.settings.max_frames, self.counts());
        self.frames.find(frame).ok_or_else(|| match counts.unused {
            0 => TransformError::UnknownFrame { frame: shortened(frame) },
            _ => TransformError::TooManyFrames { frame: shortened(frame), limit },
        })
    }

    /// The edges from a frame up to an ancestor (to the root, if it is none), each with its child.
    fn edges_up(&self, frame: FrameId, ancestor: FrameId) -> impl Iterator<Item = (FrameId, &Edge)> {
        let first = self.edge(frame).map(|edge| (frame, edge));
        std::iter::successors(first, |(_, edge)| self.edge(edge.parent).map(|next| (edge.parent, next)))
            .take_while(move |&(child, _)| child != ancestor)
    }

    fn common_ancestor(&self, target: FrameId, source: FrameId) -> Result<FrameId, TransformError> {
        let parent = |frame: FrameId| self.edge(frame).map(|edge| edge.parent);
        let path = |frame| std::iter::successors(Some(frame), move |&frame| parent(frame));
        let (target_depth, source_depth) = (path(target).count(), path(source).count());
        // From the same depth on, both paths meet in the same step.
        let level = path(target).skip(target_depth.saturating_sub(source_depth));
        let other = path(source).skip(source_depth.saturating_sub(target_depth));
        level.zip(other).find(|(a, b)| a == b).map(|(ancestor, _)| ancestor).ok_or_else(|| {
            let (target, source) = (self.frames.name(target), self.frames.name(source));
            TransformError::NotConnected { target: target.to_owned(), source_frame: source.to_owned() }
        })
    }

    /// `ancestor_from_frame` at a time.
    fn up(&self, frame: FrameId, ancestor: FrameId, time: RosTime) -> Result<Transform, TransformError> {
        self.edges_up(frame, ancestor).try_fold(Transform::IDENTITY, |child_from_frame, (child, edge)| {
            Ok(self.parent_from_child(child, edge, time)? * child_from_frame)
        })
    }

    fn parent_from_child(&self, child: FrameId, edge: &Edge, time: RosTime) -> Result<Transform, TransformError> {
        let frame = || self.frames.name(child).to_owned();
        if let Some(transform) = edge.parent_from_child.latest().filter(|_| edge.is_static) {
            return Ok(transform);
        }
        match edge.parent_from_child.at(time) {
            Sampled::At(transform) => Ok(transform),
            Sampled::Before { oldest } => {
                Err(TransformError::ExtrapolationIntoPast { frame: frame(), requested: time, oldest })
            }
            Sampled::After { newest } => {
                Err(TransformError::ExtrapolationIntoFuture { frame: frame(), requested: time, newest })
            }
            Sampled::Empty => Err(TransformError::UnknownFrame { frame: frame() }),
        }
    }
}
