//! Transforms between frames, and what a refused one takes away.

use super::Inputs;
use crate::nodes::planner_node::input_fault::InputFault;
use planwright_ros2::messages::geometry_msgs::TransformStamped;
use planwright_ros2::tf::{Inserted, StampedTransform, TransformError};
use planwright_ros2::time::RosTime;
use planwright_ros2::validate::without_slash;

impl Inputs {
    /// A publisher of transforms cannot be heard, for this reason.
    pub fn note_transform_mismatch(&mut self, topic: &str, reason: &str) {
        self.transform_mismatch = Some(format!("{topic}: {reason}"));
    }

    /// Takes one transform.
    ///
    /// # Errors
    /// If it is refused. Then the one before is not usable either, unless that is the newer of the two.
    pub fn take_transform(
        &mut self,
        transform: &TransformStamped,
        is_static: bool,
        now: RosTime,
    ) -> Result<Inserted, TransformError> {
        self.transform_refusals.insert(&mut self.transforms, transform, is_static, now)
    }

    /// What a lookup found on the way from `frame` to the map, unless a newer transform on it was refused.
    pub(super) fn usable(
        &self,
        frame: &str,
        found: Result<StampedTransform, TransformError>,
    ) -> Result<StampedTransform, InputFault> {
        if self.transform_refusals.is_empty() {
            return Ok(found?);
        }
        let is_unknown =
            matches!(&found, Err(TransformError::UnknownFrame { frame: unknown }) if unknown == without_slash(frame));
        let refused = match is_unknown {
            // What was refused of other frames has nothing to do with it.
            true => self.transform_refusals.refused(std::iter::once(without_slash(frame))),
            false => self.transform_refusals.refused(self.transforms.frames_between(&self.map_frame, frame)),
        };
        match (found, refused) {
            (Ok(found), None | Some((_, false))) => Ok(found),
            (_, Some((refused, _))) => Err(refused.into()),
            (Err(error), None) => Err(error.into()),
        }
    }

    /// Checks that a plan can be published whose goal and start, or else the robot, were placed by way of these frames:
    /// that no transform has been refused since, nor the time.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn check_frames(&self, frames: &[String], start_is_given: bool) -> Result<(), InputFault> {
        let measured = self.measured.as_ref().filter(|_| !start_is_given).map(|measured| &measured.frame);
        if measured.is_some() {
            self.check_clock()?;
        }
        if self.transform_refusals.is_empty() {
            return Ok(());
        }
        for frame in frames.iter().chain(measured) {
            let between = self.transforms.frames_between(&self.map_frame, frame);
            if let Some((refused, true)) = self.transform_refusals.refused(between) {
                return Err(refused.into());
            }
        }
        Ok(())
    }
}
