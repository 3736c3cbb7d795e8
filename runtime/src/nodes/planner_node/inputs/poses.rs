//! Poses of requests in the map.

use super::Inputs;
use crate::nodes::planner_node::input_fault::InputFault;
use crate::nodes::robot::is_drive;
use crate::world::{Point, State};
use planwright_ros2::messages::geometry_msgs::PoseStamped;
use planwright_ros2::tf::{LookupTime, Quaternion, Transform};
use planwright_ros2::validate::{LEAST_LEVEL, check_orientation, check_place};

/// A pose of a request in the map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// Position.
    pub position: Point,
    /// Direction; `None` where none is given.
    pub yaw_rad: Option<f64>,
}

/// A frame whose place in the map has been looked up.
#[derive(Clone, Debug)]
pub struct KnownFrame {
    frame: String,
    map_from_frame: Transform,
}

impl Inputs {
    /// A start at rest in the map, given in any known frame. Its stamp is not used, its orientation that of drives alone.
    ///
    /// # Errors
    /// If the pose is broken or its frame has no place in the map.
    pub fn start(&self, pose: &PoseStamped) -> Result<State, InputFault> {
        if is_drive(&*self.robot) {
            let Placed { position, yaw_rad } = self.goal("start", pose)?;
            return Ok(State::at_pose(position, yaw_rad.unwrap_or_default()));
        }
        self.position("start", pose, &mut None).map(|(position, _)| State::at_rest(position))
    }

    /// The place in the map of a goal, given in any known frame. An orientation of zeros gives no direction: clients that
    /// have none to give leave it so.
    ///
    /// # Errors
    /// As [`Self::start`], or if the orientation is none.
    pub fn goal(&self, of: &'static str, pose: &PoseStamped) -> Result<Placed, InputFault> {
        self.goal_among(of, pose, &mut None)
    }

    /// The same for one of many: the transform of the frame of the one before is taken from `known`.
    ///
    /// # Errors
    /// As [`Self::goal`].
    pub fn goal_among(
        &self,
        of: &'static str,
        pose: &PoseStamped,
        known: &mut Option<KnownFrame>,
    ) -> Result<Placed, InputFault> {
        let (position, map_from_frame) = self.position(of, pose, known)?;
        let mut odd = self.odd_pose.get();
        let rotation = check_orientation(&pose.pose.orientation, &mut odd).map_err(|invalid| invalid.below(of))?;
        self.odd_pose.set(odd);
        let rotation = rotation.map(|rotation| map_from_frame.rotation * rotation);
        // With its x axis up or down a robot has no direction, and what would be computed is the rounding's.
        let yaw_rad = rotation.filter(|rotation| rotation.level() >= LEAST_LEVEL).map(Quaternion::yaw);
        Ok(Placed { position, yaw_rad })
    }

    fn position(
        &self,
        of: &'static str,
        pose: &PoseStamped,
        known: &mut Option<KnownFrame>,
    ) -> Result<(Point, Transform), InputFault> {
        let mut odd = self.odd_pose.get();
        let (frame, position) = check_place(pose, &mut odd).map_err(|invalid| invalid.below(of))?;
        self.odd_pose.set(odd);
        let map_from_frame = match known {
            Some(known) if known.frame == frame => known.map_from_frame,
            _ => {
                let found = self.transforms.lookup(&self.map_frame, frame, LookupTime::Latest);
                let found = self.usable(frame, found).map_err(|fault| match fault {
                    InputFault::Transform(fault) => InputFault::TransformOf { of, fault },
                    other => other,
                })?;
                let map_from_frame = found.target_from_source;
                *known = Some(KnownFrame { frame: frame.to_owned(), map_from_frame });
                map_from_frame
            }
        };
        let [x, y, _] = map_from_frame.apply_to_point(position);
        Ok(([x, y], map_from_frame))
    }
}
