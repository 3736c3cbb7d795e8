//! A drive's way: brake and turn where the heading is off, drive along the path, turn to the goal's heading.

use super::{Node, TimeParameterizationError, TimeParameterizer, length, sub};
use crate::geometry::{Hermite, Point, wrapped};
use crate::trajectory::Trajectory;
use crate::world::robot::arc;
use crate::world::{DriveLimits, MotionLimits, State};

/// From this heading error on a standing drive turns in place before it sets out, rad.
const TURN_RAD: f64 = 0.35;
/// Up to this one the path begins with a curve from the robot's heading, rad.
pub(crate) const CURVE_RAD: f64 = 1.0;
/// Below this speed a drive counts as standing, m/s.
const STANDING_MPS: f64 = 0.02;
/// Such a curve is at least this long, metres, and takes at least this time, seconds.
const CURVE_M: f64 = 0.3;
const CURVE_SECS: f64 = 0.6;
/// Points of such a curve.
pub(super) const CURVE_POINTS: usize = 8;

impl TimeParameterizer {
    /// As [`Self::parameterize`], of a drive.
    pub(super) fn drive(
        &mut self,
        path: &[Point],
        start: &State,
        limits: &DriveLimits,
        timed: &mut Trajectory,
    ) -> Result<f64, TimeParameterizationError> {
        let room = self.path.capacity();
        self.path.clear();
        self.path.extend(path.iter().take(room));
        self.push(*start, timed)?;
        let mut pose = *start;
        let (mut reversed, mut off) = self.heading_error(&pose, limits)?;
        let moves = pose.speed() > STANDING_MPS || pose.turn_rate_radps.abs() > STANDING_MPS;
        let against = if reversed { pose.forward_speed() > 0.0 } else { pose.forward_speed() < 0.0 };
        if moves && (against || off.abs() > CURVE_RAD || self.path.is_empty()) {
            pose = self.brake(pose, limits, timed)?;
            (reversed, off) = self.heading_error(&pose, limits)?;
        }
        let stands = pose.speed() <= STANDING_MPS;
        if self.path.len() > 1 {
            if limits.turns_in_place() && stands && off.abs() > TURN_RAD {
                pose = self.turn(pose, off, limits, timed)?;
            } else if off.abs() > CURVE_RAD {
                return Err(TimeParameterizationError::Heading);
            } else {
                self.curve_into(&pose, reversed, off, limits);
            }
            pose = self.along(&pose, reversed, limits, timed)?;
        }
        if let Some(goal_rad) = self.goal_heading_rad.filter(|_| limits.turns_in_place()) {
            self.turn(pose, wrapped(goal_rad - pose.heading_rad), limits, timed)?;
        }
        if timed.states.len() < 2 {
            return Err(TimeParameterizationError::TooShort);
        }
        Ok(timed.duration_secs())
    }

    /// Whether the path is driven in reverse, and what the heading lacks for it, rad. Loads the path; one without length is
    /// emptied.
    fn heading_error(&mut self, pose: &State, limits: &DriveLimits) -> Result<(bool, f64), TimeParameterizationError> {
        let path = std::mem::take(&mut self.path);
        let loaded = self.load(&path);
        self.path = path;
        match loaded {
            Err(TimeParameterizationError::TooShort) => {
                self.path.clear();
                return Ok((false, 0.0));
            }
            other => other?,
        }
        let [x, y] = self.nodes.first().map_or([1.0, 0.0], |node| node.tangent);
        let off = wrapped(y.atan2(x) - pose.heading_rad);
        let reversed =
            !limits.turns_in_place() && limits.min_speed_mps < 0.0 && off.abs() > std::f64::consts::FRAC_PI_2;
        Ok((reversed, if reversed { wrapped(off + std::f64::consts::PI) } else { off }))
    }

    /// Brakes along the arc of its motion; the path then begins where the robot stands.
    fn brake(
        &mut self,
        start: State,
        limits: &DriveLimits,
        timed: &mut Trajectory,
    ) -> Result<State, TimeParameterizationError> {
        let by = [limits.acceleration_mps2, limits.turn_acceleration_radps2].map(|rate| rate * timed.dt_secs);
        let mut state = start;
        loop {
            let (speed, rate) = (state.forward_speed(), state.turn_rate_radps);
            if speed.abs() < 1e-9 && rate.abs() < 1e-9 {
                break;
            }
            let slower = speed - speed.clamp(-by[0], by[0]);
            let share = if speed.abs() > 1e-9 { slower / speed } else { 0.0 };
            let turned = (share * rate).clamp(rate - by[1], rate + by[1]);
            state = arc(&state, [speed, slower], [rate, turned], timed.dt_secs);
            self.push(state, timed)?;
        }
        let halted = state.halted();
        let gone = start.distance(halted.position);
        let last = self.path.len().saturating_sub(1);
        let mut index = 0;
        self.path.retain(|point| {
            index += 1;
            index > last || halted.distance(*point) > gone
        });
        self.path.insert(0, halted.position);
        Ok(halted)
    }

    /// Turns in place: turn rate up, constant, down.
    pub(super) fn turn(
        &self,
        pose: State,
        by_rad: f64,
        limits: &DriveLimits,
        timed: &mut Trajectory,
    ) -> Result<State, TimeParameterizationError> {
        let (angle, most) = (by_rad.abs(), limits.turn_acceleration_radps2);
        let end = State::at_pose(pose.position, wrapped(pose.heading_rad + by_rad));
        if angle < 1e-6 {
            return Ok(end);
        }
        let top = limits.turn_rate_radps.min((most * angle).sqrt());
        let (up, whole) = (top / most, angle / top + top / most);
        for step in 1..self.max_states {
            let time = timed.dt_secs * step as f64;
            if time >= whole {
                break;
            }
            let (early, late) = (time.min(up), (time - (whole - up)).max(0.0));
            let turned = 0.5 * most * early * early + top * (time - up).max(0.0) - 0.5 * most * late * late;
            let rate = most * early - most * late;
            let heading = wrapped(pose.heading_rad + turned.copysign(by_rad));
            let turning = State { turn_rate_radps: rate.copysign(by_rad), ..State::at_pose(pose.position, heading) };
            self.push(turning, timed)?;
        }
        self.push(end, timed)?;
        Ok(end)
    }

    /// Replaces the beginning of the path by a cubic from the robot's pose.
    fn curve_into(&mut self, pose: &State, reversed: bool, off: f64, limits: &DriveLimits) {
        if off.abs() < 1e-3 {
            return;
        }
        let mut reach = CURVE_M.max(CURVE_SECS * pose.speed());
        if limits.curvature_radpm.is_finite() {
            // Its curvature is up to four times its angle over its length.
            reach = reach.max(4.0 * off.abs() / limits.curvature_radpm);
        }
        let (mut gone, mut index) = (0.0, 0);
        while index + 2 < self.nodes.len() && gone < reach {
            gone += self.nodes[index].step;
            index += 1;
        }
        let Node { position: to, tangent, .. } = self.nodes[index];
        let span = length(sub(to, pose.position));
        if index == 0 || self.path.len() + CURVE_POINTS > self.path.capacity() {
            return;
        }
        let ahead = if reversed { -1.0 } else { 1.0 };
        let (sin, cos) = pose.heading_rad.sin_cos();
        let from = [ahead * cos, ahead * sin];
        self.path.clear();
        for step in 0..CURVE_POINTS {
            let weights = Hermite::at(step as f64 / CURVE_POINTS as f64);
            self.path.push(std::array::from_fn(|axis| {
                weights.value([pose.position[axis], span * from[axis], to[axis], span * tangent[axis]])
            }));
        }
        self.path.extend(self.nodes[index..].iter().map(|node| node.position));
    }

    /// Drives along the path from the state that was added last.
    fn along(
        &mut self,
        pose: &State,
        reversed: bool,
        limits: &DriveLimits,
        timed: &mut Trajectory,
    ) -> Result<State, TimeParameterizationError> {
        let path = std::mem::take(&mut self.path);
        let loaded = self.load(&path);
        self.path = path;
        loaded?;
        let ahead = if reversed { -1.0 } else { 1.0 };
        if let Some(first) = self.nodes.first_mut() {
            // The parabola through the first points is off by a hair: the heading is what the path begins with.
            let (sin, cos) = pose.heading_rad.sin_cos();
            let [x, y] = [ahead * cos, ahead * sin];
            if x * first.tangent[0] + y * first.tangent[1] > 0.9 {
                first.tangent = [x, y];
            }
        }
        for node in &mut self.nodes {
            node.bend = [node.tangent[0] * node.curvature[1] - node.tangent[1] * node.curvature[0], 0.0];
        }
        self.drive_nodes(pose, reversed, limits, timed)
    }

    /// Drives along the nodes, whose tangents and signed curvatures are known, from the state that was added last.
    pub(super) fn drive_nodes(
        &mut self,
        pose: &State,
        reversed: bool,
        limits: &DriveLimits,
        timed: &mut Trajectory,
    ) -> Result<State, TimeParameterizationError> {
        let ahead = if reversed { -1.0 } else { 1.0 };
        self.find_bend_rates();
        let fastest = if reversed { -limits.min_speed_mps } else { limits.max_speed_mps };
        let motion = MotionLimits::Drive(DriveLimits { max_speed_mps: fastest, ..*limits });
        self.backward(&motion);
        self.forward(ahead * pose.forward_speed(), &motion);
        let first = timed.states.len().saturating_sub(1);
        timed.states.truncate(first);
        self.sample(timed)?;
        let last_tangent = self.nodes.last().map_or([1.0, 0.0], |node| node.tangent);
        let states = timed.states.get_mut(first..).unwrap_or_default();
        let mut heading = pose.heading_rad;
        let (count, dt) = (states.len(), timed.dt_secs);
        for (index, state) in states.iter_mut().enumerate() {
            let [x, y] = if index + 1 == count { last_tangent } else { state.velocity };
            if x.hypot(y) > 0.0 {
                // Unwrapped, so that differences are turn rates.
                heading += wrapped((ahead * y).atan2(ahead * x) - heading);
            }
            state.heading_rad = heading;
        }
        for index in 1..count.saturating_sub(1) {
            states[index].turn_rate_radps =
                (states[index + 1].heading_rad - states[index - 1].heading_rad) / (2.0 * dt);
        }
        if let Some(first) = states.first_mut() {
            first.turn_rate_radps = pose.turn_rate_radps;
        }
        for state in states.iter_mut() {
            state.heading_rad = wrapped(state.heading_rad);
        }
        Ok(timed.states.last().copied().unwrap_or(*pose))
    }

    /// The rate of the signed curvature at every node, by the larger of the differences to its neighbours.
    fn find_bend_rates(&mut self) {
        let mut before = 0.0_f64;
        for index in 0..self.nodes.len().saturating_sub(1) {
            let after = (self.nodes[index + 1].bend[0] - self.nodes[index].bend[0]) / self.nodes[index].step;
            self.nodes[index].bend[1] = if before.abs() > after.abs() { before } else { after };
            before = after;
        }
    }
}
