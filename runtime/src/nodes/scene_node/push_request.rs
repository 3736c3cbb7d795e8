//! A requested push, checked and in the table's frame.

use super::contact::pushed_body;
use super::frames::Frames;
use super::push_fault::PushFault;
use crate::world::scene::{Push, Scene};
use planwright_ros2::messages::builtin_interfaces::Duration;
use planwright_ros2::messages::planwright_msgs::ExecutePushRequest;
use planwright_ros2::tf::Transform;

/// Largest speed that a push may give, m/s: generated pushes have at most 2.
pub const MAX_SPEED_MPS: f64 = 5.0;
/// Largest part of a force along z, against the part along the table: 3 degrees.
pub const MAX_STEEPNESS: f64 = 0.05;
/// Largest torque that is rounding, Nm.
const ROUNDING_NM: f64 = 1e-6;

/// An impulse at a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Impulse {
    /// Where it acts, in the table's frame, metres.
    pub contact_m: [f64; 3],
    /// Unit vector on the table.
    pub direction: [f64; 2],
    /// Its magnitude, N s.
    pub impulse_ns: f64,
}

impl Impulse {
    /// Of a request whose frames are the table's or the robot's. Stamps and the contact's orientation are not used.
    ///
    /// # Errors
    /// If a number is not finite, a frame not known, the time not positive, or the force not one along the table.
    pub fn of(request: &ExecutePushRequest, frames: &Frames) -> Result<Self, PushFault> {
        let (wrench, position) = (&request.push.wrench, &request.contact.pose.position);
        let force = [wrench.force.x, wrench.force.y, wrench.force.z];
        let torque = [wrench.torque.x, wrench.torque.y, wrench.torque.z];
        let contact = [position.x, position.y, position.z];
        for (field, numbers) in [("force", force), ("torque", torque), ("contact.pose.position", contact)] {
            if let Some(got) = numbers.into_iter().find(|number| !number.is_finite()) {
                return Err(PushFault::NotFinite { field, got });
            }
        }
        let got_nm = torque[0].hypot(torque[1]).hypot(torque[2]);
        if !(got_nm <= ROUNDING_NM) {
            return Err(PushFault::Torque { got_nm });
        }
        let secs = secs_of(&request.push_time)?;
        let table_from_push = known(frames, "push.header.frame_id", &request.push.header.frame_id)?;
        let table_from_contact = known(frames, "contact.header.frame_id", &request.contact.header.frame_id)?;
        let [x, y, z] = table_from_push.apply_to_vector(force);
        let along_n = x.hypot(y);
        if !(along_n > 0.0 && along_n.is_finite() && z.abs() <= MAX_STEEPNESS * along_n) {
            return Err(PushFault::Steep { along_n, z_n: z });
        }
        Ok(Self {
            contact_m: table_from_contact.apply_to_point(contact),
            direction: [x / along_n, y / along_n],
            impulse_ns: along_n * secs,
        })
    }

    /// The push of the body that it acts on. A ball is pushed through its middle wherever on it the contact is.
    ///
    /// # Errors
    /// If it acts on no body or on an obstacle, or its speed would be above [`MAX_SPEED_MPS`].
    pub fn push(&self, scene: &Scene) -> Result<Push, PushFault> {
        let body = pushed_body(scene, self.contact_m, self.direction)?;
        let speed_mps = self.impulse_ns / scene.bodies[body].mass_kg;
        if !(speed_mps <= MAX_SPEED_MPS) {
            return Err(PushFault::TooFast { speed_mps });
        }
        Ok(Push { body, direction_rad: self.direction[1].atan2(self.direction[0]), speed_mps })
    }
}

fn secs_of(time: &Duration) -> Result<f64, PushFault> {
    let Duration { sec, nanosec } = *time;
    let secs = f64::from(sec) + 1e-9 * f64::from(nanosec);
    if nanosec < 1_000_000_000 && secs > 0.0 { Ok(secs) } else { Err(PushFault::PushTime { sec, nanosec }) }
}

/// Characters of an unknown frame's name that are shown.
const MAX_FRAME_CHARS: usize = 80;

fn known(frames: &Frames, field: &'static str, frame: &str) -> Result<Transform, PushFault> {
    // A reply has room for a name, not for whatever came as one.
    let got = || frame.chars().take(MAX_FRAME_CHARS).filter(|char| !char.is_control()).collect();
    let unknown = || PushFault::Frame { field, table: frames.table.clone(), robot: frames.robot.clone(), got: got() };
    frames.table_from(frame).ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use super::super::SceneParameters;
    use super::*;
    use crate::world::scene::{Kind, generate};

    fn frames() -> Frames {
        let quarter = 0.5 * std::f64::consts::PI;
        Frames::of(&SceneParameters { robot_pose: vec![-1.0, 0.2, quarter], ..Default::default() }).expect("frames")
    }

    fn request() -> ExecutePushRequest {
        let mut request = ExecutePushRequest::default();
        request.push.header.frame_id = "base_link".to_owned();
        request.push.wrench.force.x = 20.0;
        request.push_time = Duration { sec: 0, nanosec: 10_000_000 };
        request.contact.header.frame_id = "base_link".to_owned();
        request.contact.pose.position.x = 0.5;
        request.contact.pose.position.z = 0.05;
        request
    }

    #[test]
    fn a_force_of_the_robots_frame_is_an_impulse_in_the_tables() {
        let impulse = Impulse::of(&request(), &frames()).expect("a push");
        let near = |got: &[f64], expected: &[f64]| {
            assert!(got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{got:?}, expected {expected:?}");
        };
        near(&impulse.contact_m, &[-1.0, 0.7, 0.05]);
        near(&impulse.direction, &[0.0, 1.0]);
        near(&[impulse.impulse_ns], &[0.2]);
        // Force and contact may come in different frames.
        let mut mixed = request();
        mixed.contact.header.frame_id = "/table".to_owned();
        near(&Impulse::of(&mixed, &frames()).expect("a push").contact_m, &[0.5, 0.0, 0.05]);
    }

    #[test]
    fn what_is_no_push_along_the_table_is_refused_by_name() {
        type Change = fn(&mut ExecutePushRequest);
        let changes: [(&str, Change); 11] = [
            ("push_not_finite", |request| request.push.wrench.force.y = f64::NAN),
            ("push_not_finite", |request| request.push.wrench.torque.z = f64::INFINITY),
            ("push_not_finite", |request| request.contact.pose.position.z = f64::NAN),
            ("push_torque", |request| request.push.wrench.torque.x = 0.1),
            ("push_time", |request| request.push_time = Duration::default()),
            ("push_time", |request| request.push_time = Duration { sec: -1, nanosec: 10 }),
            ("push_time", |request| request.push_time = Duration { sec: 0, nanosec: 1_000_000_000 }),
            ("push_frame", |request| request.push.header.frame_id.clear()),
            ("push_frame", |request| request.contact.header.frame_id = "odom".to_owned()),
            ("push_steep", |request| request.push.wrench.force.z = 1.1),
            ("push_steep", |request| request.push.wrench.force.x = 0.0),
        ];
        for (name, change) in changes {
            let mut request = request();
            change(&mut request);
            let error = Impulse::of(&request, &frames()).expect_err(name);
            assert_eq!(error.name(), name, "{error}");
        }
        let mut huge = request();
        huge.push.wrench.force.x = 1e308;
        huge.push.wrench.force.y = 1e308;
        assert_eq!(
            Impulse::of(&huge, &frames()).map_err(|error| error.name()),
            Err("push_steep"),
            "not finite in length"
        );
    }

    #[test]
    fn an_impulse_over_the_mass_is_the_speed_and_not_any_speed_is_taken() {
        let made = generate(Kind::Balls, 0, false);
        let (body, (sin, cos)) = (made.scene.bodies[made.push.body], made.push.direction_rad.sin_cos());
        let radius_m = body.shape.outer_radius_m();
        let contact_m = [body.position_m[0] - radius_m * cos, body.position_m[1] - radius_m * sin, radius_m];
        let of = |speed_mps: f64| {
            Impulse { contact_m, direction: [cos, sin], impulse_ns: body.mass_kg * speed_mps }.push(&made.scene)
        };
        let push = of(made.push.speed_mps).expect("a push");
        assert_eq!(push.body, made.push.body);
        assert!((push.speed_mps - made.push.speed_mps).abs() < 1e-12);
        assert!((push.direction_rad - made.push.direction_rad).sin().abs() < 1e-12);
        for speed in [5.01, f64::INFINITY, f64::NAN] {
            assert_eq!(of(speed).map_err(|error| error.name()), Err("push_too_fast"), "{speed}");
        }
    }
}
