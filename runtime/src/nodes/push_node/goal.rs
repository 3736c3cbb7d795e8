//! A goal of the action with its frames resolved: points in pixels or on the table, the wanted velocity on the table.

use super::failure::{PushErrorCode, PushFailure};
use planwright_ros2::messages::geometry_msgs::PointStamped;
use planwright_ros2::messages::planwright_msgs::PushObjectGoal;
use planwright_ros2::tf::Transform;
use planwright_ros2::time::RosTime;
use std::time::Duration;

/// Known masses of one goal.
const MAX_MASSES: usize = 64;
/// A velocity may point away from the table by this share of its length.
const MAX_RISE: f64 = 0.05;
/// Longest deadline, seconds.
const MAX_DEADLINE_SECS: f64 = 60.0;

/// A point of a goal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// In the picture as it was published, px; the first pixel's centre at 0.5.
    Pixel([f64; 2]),
    /// In the table's frame, m.
    Table([f64; 3]),
}

/// What a goal asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// A point on the target.
    pub target: Place,
    /// The velocity that it is to have, along the table in the table's frame, m/s.
    pub velocity_mps: [f64; 2],
    /// Known masses, kg.
    pub masses: Vec<(Place, f64)>,
    /// Time to the answer, unless it is the node's.
    pub deadline: Option<Duration>,
    /// Stamp of the picture in which the target was found: no older one is planned on. `None` takes any.
    pub not_before: Option<RosTime>,
}

impl Goal {
    /// Resolves the frames of a goal. `table_from` gives the transform from a frame to the table's.
    ///
    /// # Errors
    /// If a number is not finite, masses and points do not fit, the velocity does not lie along the table, or a frame is
    /// not known.
    pub fn of(
        message: &PushObjectGoal,
        table_from: impl Fn(&str) -> Result<Transform, PushFailure>,
    ) -> Result<Self, PushFailure> {
        let invalid = |name, text: String| PushFailure::new(PushErrorCode::InvalidGoal, name, text);
        let place = |field: &str, point: &PointStamped| -> Result<Place, PushFailure> {
            let at = [point.point.x, point.point.y, point.point.z];
            if !at.iter().all(|value| value.is_finite()) {
                return Err(invalid("goal_not_finite", format!("{field}: expected finite numbers, got {at:?}")));
            }
            match point.header.frame_id.as_str() {
                "" => Ok(Place::Pixel([at[0], at[1]])),
                frame => Ok(Place::Table(table_from(frame)?.apply_to_point(at))),
            }
        };
        let target = place("target", &message.target)?;
        let wanted = &message.velocity.vector;
        let wanted = [wanted.x, wanted.y, wanted.z];
        if !wanted.iter().all(|value| value.is_finite()) {
            return Err(invalid("goal_not_finite", format!("velocity: expected finite m/s, got {wanted:?}")));
        }
        let [x, y, z] = match message.velocity.header.frame_id.as_str() {
            "" => wanted,
            frame => table_from(frame)?.apply_to_vector(wanted),
        };
        let speed = x.hypot(y);
        if !(speed > 0.0 && z.abs() <= MAX_RISE * speed) {
            let text = format!(
                "velocity: expected one along the table, got ({x:.3}, {y:.3}, {z:.3}) m/s in the table's frame, whose z points away from it"
            );
            return Err(invalid("goal_velocity", text));
        }
        let (points, masses) = (&message.mass_points, &message.masses_kg);
        if points.len() != masses.len() || points.len() > MAX_MASSES {
            let text = format!(
                "expected as many masses_kg as mass_points, at most {MAX_MASSES}, got {} and {}",
                masses.len(),
                points.len()
            );
            return Err(invalid("goal_masses", text));
        }
        let known = points.iter().zip(masses).map(|(point, kg)| {
            if !(*kg > 0.0 && kg.is_finite()) {
                return Err(invalid("goal_masses", format!("masses_kg: expected kg above 0, got {kg}")));
            }
            Ok((place("mass_points", point)?, *kg))
        });
        let masses = known.collect::<Result<_, _>>()?;
        let deadline = match message.deadline_secs {
            0.0 => None,
            secs if secs > 0.0 && secs <= MAX_DEADLINE_SECS => Duration::try_from_secs_f64(secs).ok(),
            secs => {
                let text = format!("deadline_secs: expected 0 to {MAX_DEADLINE_SECS} s, got {secs}");
                return Err(invalid("goal_deadline", text));
            }
        };
        let stamp = RosTime::try_from(&message.target.header.stamp)
            .map_err(|error| invalid("goal_stamp", format!("target.header.stamp: {error}")))?;
        let not_before = (stamp != RosTime::ZERO).then_some(stamp);
        Ok(Self { target, velocity_mps: [x, y], masses, deadline, not_before })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use planwright_ros2::messages::geometry_msgs::{Point, Vector3};
    use planwright_ros2::tf::TransformError;

    fn message(target: [f64; 3], frame: &str, velocity: [f64; 3]) -> PushObjectGoal {
        let mut goal = PushObjectGoal::default();
        goal.target.header.frame_id = frame.to_owned();
        goal.target.point = Point { x: target[0], y: target[1], z: target[2] };
        goal.velocity.vector = Vector3 { x: velocity[0], y: velocity[1], z: velocity[2] };
        goal
    }

    fn table_from(frame: &str) -> Result<Transform, PushFailure> {
        match frame {
            "base_link" => Ok(Transform::from_xy_yaw(1.0, 0.0, std::f64::consts::FRAC_PI_2)),
            _ => Err(TransformError::UnknownFrame { frame: frame.to_owned() }.into()),
        }
    }

    fn of(message: &PushObjectGoal) -> Result<Goal, &'static str> {
        Goal::of(message, table_from).map_err(|failure| failure.name)
    }

    #[test]
    fn pixels_stay_and_points_and_velocities_come_to_the_tables_frame() {
        let goal = of(&message([3.0, 4.0, 0.0], "", [0.1, 0.0, 0.0])).expect("a goal");
        assert_eq!((goal.target, goal.velocity_mps), (Place::Pixel([3.0, 4.0]), [0.1, 0.0]));
        assert_eq!((goal.deadline, goal.masses.len(), goal.not_before), (None, 0, None));
        let mut asked = message([0.5, 0.0, 0.0], "base_link", [0.2, 0.0, 0.0]);
        asked.velocity.header.frame_id = "base_link".to_owned();
        asked.deadline_secs = 0.5;
        asked.target.header.stamp = RosTime::from_nanos(7).into();
        asked.mass_points = vec![asked.target.clone()];
        asked.masses_kg = vec![2.0];
        let goal = of(&asked).expect("a goal");
        assert_eq!(goal.not_before, Some(RosTime::from_nanos(7)));
        let Place::Table([x, y, _]) = goal.target else { panic!("{goal:?}") };
        assert!((x - 1.0).abs() < 1e-12 && (y - 0.5).abs() < 1e-12, "{x} {y}");
        assert!(goal.velocity_mps[0].abs() < 1e-12 && (goal.velocity_mps[1] - 0.2).abs() < 1e-12);
        assert_eq!((goal.deadline, goal.masses[0].1), (Some(Duration::from_millis(500)), 2.0));
    }

    #[test]
    fn goals_without_sense_are_refused_by_name() {
        let good = message([3.0, 4.0, 0.0], "", [0.1, 0.0, 0.0]);
        let nan = f64::NAN;
        assert_eq!(of(&message([nan, 4.0, 0.0], "", [0.1, 0.0, 0.0])), Err("goal_not_finite"));
        assert_eq!(of(&message([3.0, 4.0, 0.0], "", [0.1, nan, 0.0])), Err("goal_not_finite"));
        assert_eq!(of(&message([3.0, 4.0, 0.0], "", [0.0; 3])), Err("goal_velocity"));
        assert_eq!(of(&message([3.0, 4.0, 0.0], "", [0.1, 0.0, 0.1])), Err("goal_velocity"));
        assert_eq!(of(&message([3.0, 4.0, 0.0], "nowhere", [0.1, 0.0, 0.0])), Err("tf_unknown_frame"));
        for kg in [0.0, -1.0, nan, f64::INFINITY] {
            let masses = PushObjectGoal { mass_points: vec![good.target.clone()], masses_kg: vec![kg], ..good.clone() };
            assert_eq!(of(&masses), Err("goal_masses"), "{kg}");
        }
        assert_eq!(of(&PushObjectGoal { masses_kg: vec![1.0], ..good.clone() }), Err("goal_masses"));
        let mut stamped = good.clone();
        stamped.target.header.stamp.sec = -1;
        assert_eq!(of(&stamped), Err("goal_stamp"));
        for deadline_secs in [-1.0, nan, 61.0] {
            assert_eq!(of(&PushObjectGoal { deadline_secs, ..good.clone() }), Err("goal_deadline"));
        }
    }
}
