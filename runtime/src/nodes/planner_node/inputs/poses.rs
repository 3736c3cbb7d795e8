//! Poses of requests, placed in the map.

use super::Inputs;
use crate::nodes::planner_node::input_fault::InputFault;
use crate::nodes::robot::is_drive;
use crate::world::{Point, State};
use planwright_ros2::messages::geometry_msgs::{Pose, PoseStamped};
use planwright_ros2::messages::std_msgs::Header;
use planwright_ros2::tf::{LookupTime, Quaternion, Transform};
use planwright_ros2::validate::{LEAST_LEVEL, check_orientation, check_place};
use std::collections::BTreeMap;

/// A pose of a request in the map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// Position.
    pub position: Point,
    /// Direction; `None` where none is given.
    pub yaw_rad: Option<f64>,
}

impl Inputs {
    /// Keeps the frames of a request's poses from here on.
    pub fn request_frames<'a>(&mut self, poses: impl IntoIterator<Item = Option<&'a PoseStamped>>) {
        for pose in poses.into_iter().flatten() {
            self.transforms.request(&pose.header.frame_id);
        }
        // Last, so that no number of goals takes their place.
        let measured = self.measured.as_ref().map(|measured| measured.frame.as_str());
        for frame in measured.into_iter().chain([self.base_frame.as_str(), self.map_frame.as_str()]) {
            self.transforms.request(frame);
        }
    }

    /// A start at rest in the map, given in any known frame. Its stamp is not used, its orientation that of drives alone.
    ///
    /// # Errors
    /// If the pose is broken or its frame has no place in the map.
    pub fn start(&self, pose: &PoseStamped) -> Result<State, InputFault> {
        if is_drive(&*self.robot) {
            let Placed { position, yaw_rad } = self.goal("start", pose)?;
            return Ok(State::at_pose(position, yaw_rad.unwrap_or_default()));
        }
        let (position, map_from_frame) = self.position("start", pose)?;
        let [x, y, _] = map_from_frame.apply_to_point(position);
        Ok(State::at_rest([x, y]))
    }

    /// The place in the map of a goal, given in any known frame. An orientation of zeros gives no direction: clients that
    /// have none to give leave it so.
    ///
    /// # Errors
    /// As [`Self::start`], or if the orientation is none.
    pub fn goal(&self, of: &'static str, pose: &PoseStamped) -> Result<Placed, InputFault> {
        let (position, map_from_frame) = self.position(of, pose)?;
        self.placed(of, &pose.pose, position, map_from_frame)
    }

    /// The same of many poses, in their order: a frame's transform is looked up once.
    ///
    /// # Errors
    /// As [`Self::goal`], of the first that has no place.
    pub fn places<'a>(
        &self,
        of: &'static str,
        poses: impl Iterator<Item = (&'a Header, &'a Pose)>,
    ) -> Result<Vec<Placed>, InputFault> {
        self.places_by(of, poses, |frame| self.map_from(of, frame))
    }

    pub(super) fn places_by<'a>(
        &self,
        of: &'static str,
        poses: impl Iterator<Item = (&'a Header, &'a Pose)>,
        mut map_from: impl FnMut(&str) -> Result<Transform, InputFault>,
    ) -> Result<Vec<Placed>, InputFault> {
        let mut known: BTreeMap<&str, Transform> = BTreeMap::new();
        let place = |(header, pose): (&'a Header, &'a Pose)| {
            let (frame, position) = self.place(of, header, pose)?;
            let map_from_frame = match known.get(frame) {
                Some(transform) => *transform,
                None => *known.entry(frame).or_insert(map_from(frame)?),
            };
            self.placed(of, pose, position, map_from_frame)
        };
        poses.map(place).collect()
    }

    fn position(&self, of: &'static str, pose: &PoseStamped) -> Result<([f64; 3], Transform), InputFault> {
        let (frame, position) = self.place(of, &pose.header, &pose.pose)?;
        Ok((position, self.map_from(of, frame)?))
    }

    /// Frame and position of a pose.
    fn place<'a>(&self, of: &'static str, header: &'a Header, pose: &Pose) -> Result<(&'a str, [f64; 3]), InputFault> {
        let mut odd = self.odd_pose.get();
        let placed = check_place(header, pose, &mut odd).map_err(|invalid| invalid.below(of))?;
        self.odd_pose.set(odd);
        Ok(placed)
    }

    fn map_from(&self, of: &'static str, frame: &str) -> Result<Transform, InputFault> {
        let found = self.transforms.lookup(&self.map_frame, frame, LookupTime::Latest);
        let found = self.usable(frame, found).map_err(|fault| match fault {
            InputFault::Transform(fault) => InputFault::TransformOf { of, fault },
            other => other,
        })?;
        Ok(found.target_from_source)
    }

    fn placed(
        &self,
        of: &'static str,
        pose: &Pose,
        position: [f64; 3],
        map_from_frame: Transform,
    ) -> Result<Placed, InputFault> {
        let mut odd = self.odd_pose.get();
        let rotation = check_orientation(&pose.orientation, &mut odd).map_err(|invalid| invalid.below(of))?;
        self.odd_pose.set(odd);
        let rotation = rotation.map(|rotation| map_from_frame.rotation * rotation);
        // With its x axis up or down a robot has no direction, and what would be computed is the rounding's.
        let yaw_rad = rotation.filter(|rotation| rotation.level() >= LEAST_LEVEL).map(Quaternion::yaw);
        let [x, y, _] = map_from_frame.apply_to_point(position);
        Ok(Placed { position: [x, y], yaw_rad })
    }
}
