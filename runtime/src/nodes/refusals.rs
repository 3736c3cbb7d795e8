//! Refusals of inputs: why the newest message of each was refused, when, and how many since the last usable one.
//!
//! An input whose newest message was refused is not usable, however good the one before was: the map that was refused
//! may be the one that shows the closed passage.

use planwright_ros2::messages::geometry_msgs::TransformStamped;
use planwright_ros2::tf::{Inserted, TransformBuffer, TransformError};
use planwright_ros2::time::{RosTime, other_clock};
use planwright_ros2::validate::without_slash;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Instant;

/// Frames whose refused transforms are remembered.
const MAX_FRAMES: usize = 1000;
/// Longest name of such a frame, bytes: none that is longer can be on the way to the map.
const MAX_NAME_BYTES: usize = 256;

/// Frames of a loop that are noted as refused: no robot has more between its odometry and the map.
const MAX_LOOP: usize = 64;

/// Inputs that can be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The map.
    Map,
    /// Odometry.
    Odometry,
    /// A transform on the way from a frame to the map.
    Transform,
    /// The time on `/clock`.
    Clock,
}

impl Input {
    /// The fault that a request is refused with.
    pub fn fault_name(self) -> &'static str {
        match self {
            Self::Map => "map_refused",
            Self::Odometry => "odom_refused",
            Self::Transform => "tf_refused",
            Self::Clock => "clock_refused",
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Map => "map",
            Self::Odometry => "odometry message",
            Self::Transform => "transform",
            Self::Clock => "time on /clock",
        }
    }
}

/// Why the newest message of an input was refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// The input.
    pub input: Input,
    /// The refusal's name.
    pub reason: &'static str,
    /// Expected and got.
    pub text: String,
    /// Since the last refusal, seconds.
    pub age_secs: f64,
    /// Refusals since the last usable message.
    pub count: u64,
    /// Age of the message by its stamp, seconds, if that was the matter.
    pub stamp_age_secs: Option<f64>,
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { input, reason, text, age_secs, count, .. } = self;
        let noun = input.noun();
        let (fault, hint) = text.split_once("\nhint: ").unwrap_or((text, ""));
        write!(
            formatter,
            "expected a usable {noun}, got one refused {age_secs:.1} s ago as {reason} ({count} since the last usable one): \
             {fault}\nhint: nothing is planned until a usable one comes"
        )?;
        if !hint.is_empty() {
            write!(formatter, "; {hint}")?;
        }
        match self.stamp_age_secs.and_then(other_clock) {
            // The refusal may have it already.
            Some(other) if !hint.contains(other) => write!(formatter, "; {other}"),
            _ => Ok(()),
        }
    }
}

/// Why one message was refused.
#[derive(Clone, Debug)]
pub struct Reason {
    /// Its name.
    pub name: &'static str,
    /// Expected and got.
    pub text: String,
    /// Age of the message by its stamp, seconds, if that was the matter.
    pub stamp_age_secs: Option<f64>,
}

#[derive(Clone, Debug)]
struct Newest {
    reason: Reason,
    at: Instant,
    count: u64,
}

impl Newest {
    fn after(before: Option<&Self>, reason: Reason) -> Self {
        Self { reason, at: Instant::now(), count: before.map_or(0, |before| before.count) + 1 }
    }

    fn refused(&self, input: Input) -> Refused {
        let Reason { name, text, stamp_age_secs } = self.reason.clone();
        let age_secs = self.at.elapsed().as_secs_f64();
        Refused { input, reason: name, text, age_secs, count: self.count, stamp_age_secs }
    }
}

/// The refusals of one input.
#[derive(Clone, Debug)]
pub struct Refusals {
    input: Input,
    /// `None`: the newest message was usable.
    newest: Option<Newest>,
    total: u64,
}

impl Refusals {
    /// None yet.
    pub fn new(input: Input) -> Self {
        Self { input, newest: None, total: 0 }
    }

    /// Notes a refused message. True if the one before was usable.
    pub fn refuse(&mut self, reason: Reason) -> bool {
        self.total += 1;
        let newest = Newest::after(self.newest.as_ref(), reason);
        self.newest.replace(newest).is_none()
    }

    /// Notes a refused message that is no newer than the one before: if that was refused, its reason stays.
    pub fn refuse_repetition(&mut self, reason: Reason) {
        let first = self.newest.as_ref().map(|newest| newest.reason.clone());
        self.refuse(first.unwrap_or(reason));
    }

    /// Notes a usable message.
    pub fn accept(&mut self) {
        self.newest = None;
    }

    /// Why the newest message is not usable.
    pub fn refused(&self) -> Option<Refused> {
        self.newest.as_ref().map(|newest| newest.refused(self.input))
    }

    /// The input.
    pub fn input(&self) -> Input {
        self.input
    }

    /// Refusals since the start.
    pub fn total(&self) -> u64 {
        self.total
    }
}

#[derive(Clone, Debug)]
struct RefusedFrame {
    newest: Newest,
    is_static: bool,
    /// Whether the transform in the buffer is not usable any more. A straggler takes nothing away.
    is_newer: bool,
}

/// The refusals of transforms, by child frame.
#[derive(Clone, Debug, Default)]
pub struct TransformRefusals {
    by_child: BTreeMap<String, RefusedFrame>,
}

impl TransformRefusals {
    /// Puts a transform into the buffer and notes what became of it.
    ///
    /// # Errors
    /// If it is refused. Then the one before is not usable either, unless that is the newer of the two.
    pub fn insert(
        &mut self,
        buffer: &mut TransformBuffer,
        transform: &TransformStamped,
        is_static: bool,
        now: RosTime,
    ) -> Result<Inserted, TransformError> {
        let inserted = buffer.insert_message(transform, is_static);
        match &inserted {
            Ok(_) => self.accept(without_slash(&transform.child_frame_id)),
            Err(error) => self.note(transform, is_static, error, now),
        }
        inserted
    }

    fn note(&mut self, transform: &TransformStamped, is_static: bool, error: &TransformError, now: RosTime) {
        let child = without_slash(&transform.child_frame_id);
        // As in tf2, a frame below itself carries no information on its place.
        let is_itself = without_slash(&transform.header.frame_id) == child;
        let is_newer = !(is_itself || matches!(error, TransformError::Old { .. }));
        let stamp_age_secs = match error {
            TransformError::Old { .. } | TransformError::Future { .. } => {
                RosTime::try_from(&transform.header.stamp).ok().map(|stamp| now.since(stamp))
            }
            _ => None,
        };
        let reason = Reason { name: error.name(), text: error.to_string(), stamp_age_secs };
        // Between two frames of a loop the newest message has them otherwise than the transforms that are known.
        if let TransformError::Loop { frames } = error {
            for frame in frames.iter().filter(|frame| *frame != child).take(MAX_LOOP) {
                self.refuse(frame, is_static, true, reason.clone());
            }
        }
        self.refuse(child, is_static, is_newer, reason);
    }

    /// Why a transform that was found by way of these frames is not usable: one on it was refused since.
    pub fn taken_away<'a>(&self, frames: impl Iterator<Item = &'a str>) -> Option<Refused> {
        self.refused(frames).filter(|(_, takes_away)| *takes_away).map(|(refused, _)| refused)
    }

    /// Notes a refused transform; `is_newer` unless it is older than the one that is known.
    pub fn refuse(&mut self, child: &str, is_static: bool, is_newer: bool, reason: Reason) {
        if child.len() > MAX_NAME_BYTES {
            return;
        }
        let before = self.by_child.get(child);
        let is_newer = is_newer || before.is_some_and(|before| before.is_newer);
        let newest = Newest::after(before.map(|before| &before.newest), reason);
        if before.is_none() && self.by_child.len() >= MAX_FRAMES {
            let oldest = self.by_child.iter().min_by_key(|(_, frame)| (frame.is_newer, frame.newest.at));
            if let Some(name) = oldest.map(|(name, _)| name.clone()) {
                self.by_child.remove(&name);
            }
        }
        self.by_child.insert(child.to_owned(), RefusedFrame { newest, is_static, is_newer });
    }

    /// Notes a usable transform.
    pub fn accept(&mut self, child: &str) {
        if !self.by_child.is_empty() {
            self.by_child.remove(child);
        }
    }

    /// Forgets transforms that move: time has jumped.
    pub fn forget_moving(&mut self) {
        self.by_child.retain(|_, frame| frame.is_static);
    }

    /// Whether none was refused.
    pub fn is_empty(&self) -> bool {
        self.by_child.is_empty()
    }

    /// Why one of these frames' transforms is not usable; and whether it takes the place of one that is known.
    pub fn refused<'a>(&self, frames: impl Iterator<Item = &'a str>) -> Option<(Refused, bool)> {
        let found = frames.filter_map(|frame| self.by_child.get(frame)).max_by_key(|frame| frame.is_newer)?;
        Some((found.newest.refused(Input::Transform), found.is_newer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str, stamp_age_secs: Option<f64>) -> Reason {
        Reason { name: "odom_future", text: text.to_owned(), stamp_age_secs }
    }

    #[test]
    fn the_newest_refusal_stands_until_a_usable_message_comes() {
        let mut refusals = Refusals::new(Input::Odometry);
        assert_eq!(refusals.refused(), None);
        assert!(refusals.refuse(reason("expected a, got b", None)));
        assert!(!refusals.refuse(reason("expected a, got c\nhint: do d", None)));
        let refused = refusals.refused().expect("refused");
        assert_eq!((refused.reason, refused.count), ("odom_future", 2));
        assert_eq!(
            refused.to_string(),
            "expected a usable odometry message, got one refused 0.0 s ago as odom_future (2 since the last usable one): \
             expected a, got c\nhint: nothing is planned until a usable one comes; do d"
        );
        refusals.refuse_repetition(Reason { name: "odom_duplicate", ..reason("", None) });
        assert_eq!(refusals.refused().map(|refused| (refused.reason, refused.count)), Some(("odom_future", 3)));
        refusals.accept();
        assert_eq!((refusals.refused(), refusals.total()), (None, 3));
        assert!(refusals.refuse(reason("", None)));
    }

    #[test]
    fn a_stamp_minutes_away_is_of_another_clock() {
        let text = |secs| {
            let mut refusals = Refusals::new(Input::Odometry);
            refusals.refuse(reason("expected a stamp, got another", Some(secs)));
            refusals.refused().map(|refused| refused.to_string()).unwrap_or_default()
        };
        for secs in [-1.7e9, 90.0, f64::NAN] {
            assert!(
                text(secs).ends_with(
                    "usable one comes; is use_sim_time the same on all nodes, and are the computers' clocks?"
                )
            );
        }
        assert!(!text(0.3).contains("use_sim_time"));
    }

    #[test]
    fn frames_are_bounded_and_what_takes_a_transform_away_stays_longest() {
        let mut refusals = TransformRefusals::default();
        refusals.refuse("odom", true, true, reason("", None));
        for index in 0..2 * MAX_FRAMES {
            refusals.refuse(&format!("frame{index}"), false, false, reason("", None));
        }
        refusals.refuse(&"x".repeat(1 << 20), true, true, reason("", None));
        assert_eq!(refusals.by_child.len(), MAX_FRAMES);
        assert!(refusals.refused(["base", "odom"].into_iter()).is_some_and(|(_, is_newer)| is_newer));
        refusals.forget_moving();
        assert_eq!(refusals.by_child.len(), 1);
        refusals.accept("odom");
        assert_eq!(refusals.refused(["odom"].into_iter()), None);
    }
}
