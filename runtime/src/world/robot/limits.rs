//! What bounds a robot's motion: limits for time parameterisation, and the constants of its data sheet.

/// Largest speed and acceleration, the same for each axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AxisLimits {
    /// Largest speed per axis, m/s.
    pub speed_mps: f64,
    /// Largest acceleration per axis, m/s^2.
    pub acceleration_mps2: f64,
}

/// Limits of a robot that moves along its heading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DriveLimits {
    /// Largest speed forward, m/s.
    pub max_speed_mps: f64,
    /// Largest speed in reverse as a negative number, m/s; 0: it does not reverse.
    pub min_speed_mps: f64,
    /// Largest rate of the speed along the heading, m/s^2.
    pub acceleration_mps2: f64,
    /// Largest turn rate, rad/s.
    pub turn_rate_radps: f64,
    /// Largest rate of the turn rate, rad/s^2.
    pub turn_acceleration_radps2: f64,
    /// Largest product of speed and turn rate, m/s^2; infinite where it does not matter.
    pub lateral_acceleration_mps2: f64,
    /// Largest curvature of its way, 1/m: the inverse of the least radius. Infinite: it turns in place.
    pub curvature_radpm: f64,
    /// Largest rate of the curvature over time, rad/(m s): that of the steering. Infinite where nothing steers.
    pub curvature_rate: f64,
}

impl DriveLimits {
    /// Whether it can turn without moving.
    pub fn turns_in_place(&self) -> bool {
        self.curvature_radpm.is_infinite()
    }
}

/// What bounds a robot's motion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MotionLimits {
    /// Each axis of the frame for itself.
    Axes(AxisLimits),
    /// Magnitudes of velocity and acceleration, in any direction.
    Norm {
        /// Largest speed, m/s.
        speed_mps: f64,
        /// Largest acceleration, m/s^2.
        acceleration_mps2: f64,
    },
    /// Along the heading.
    Drive(DriveLimits),
}

/// What a command does to a robot, with the constants of its data sheet. The gate computes its limits and its braking
/// from these by formulas of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Actuation {
    /// A force on a damped mass, per axis: `mass dv/dt = force * command - damping v`, implicit in the damping; speeds
    /// are clipped before each step.
    Force {
        /// Mass, kg.
        mass_kg: f64,
        /// Damping, N s/m.
        damping_nspm: f64,
        /// Force at full command, N.
        force_n: f64,
        /// Clip of the speed per axis before each step, m/s.
        speed_clip_mps: f64,
    },
    /// An acceleration in the frame of the map, `dv/dt = acceleration * command` with `|command| <= 1`, in any direction;
    /// the speed saturates.
    Holonomic {
        /// Largest speed, m/s.
        speed_mps: f64,
        /// Acceleration at full command, m/s^2.
        acceleration_mps2: f64,
    },
    /// Accelerations along the heading and of the turn rate; speed and turn rate saturate.
    Differential {
        /// Largest speed forward, m/s.
        max_speed_mps: f64,
        /// Largest speed in reverse as a negative number, m/s.
        min_speed_mps: f64,
        /// Acceleration at full command, m/s^2.
        acceleration_mps2: f64,
        /// Largest turn rate, rad/s.
        turn_rate_radps: f64,
        /// Turn acceleration at full command, rad/s^2.
        turn_acceleration_radps2: f64,
        /// Largest lateral acceleration of a plan, m/s^2; infinite: any.
        lateral_acceleration_mps2: f64,
        /// Least radius, m; 0: turns in place.
        min_radius_m: f64,
    },
    /// An acceleration of the rear axle's middle along the heading and a rate of the steering angle; both saturate. A robot
    /// that starts from rest has its wheels straight.
    Ackermann {
        /// Largest speed forward, m/s.
        max_speed_mps: f64,
        /// Largest speed in reverse as a negative number, m/s.
        min_speed_mps: f64,
        /// Acceleration at full command, m/s^2.
        acceleration_mps2: f64,
        /// Distance of the axles, m.
        wheelbase_m: f64,
        /// Largest angle of the (middle) front wheel, rad.
        steering_rad: f64,
        /// Its rate at full command, rad/s.
        steering_rate_radps: f64,
        /// Largest lateral acceleration of a plan, m/s^2; infinite: any.
        lateral_acceleration_mps2: f64,
    },
}
