//! A way of poses: straight and curved pieces in both directions, with stops between them, and turns in place.

use super::{Node, TimeParameterizationError, TimeParameterizer, begin, length, sub};
use crate::geometry::wrapped;
use crate::trajectory::Trajectory;
use crate::world::{DriveLimits, MotionLimits, State};

/// A drive stands at least this long between pieces, so that its tracking settles, seconds.
const STOP_SECS: f64 = 0.1;
/// Poses nearer to one another than this are a turn in place, metres.
const TURN_M: f64 = 1e-6;

/// What leads from a pose to the next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gait {
    Forward,
    Reverse,
    Turn,
}

fn gait(from: &State, to: &State) -> Gait {
    let [x, y] = sub(to.position, from.position);
    if !(length([x, y]) > TURN_M) {
        return Gait::Turn;
    }
    let (sin, cos) = (from.heading_rad + 0.5 * wrapped(to.heading_rad - from.heading_rad)).sin_cos();
    if x * cos + y * sin < 0.0 { Gait::Reverse } else { Gait::Forward }
}

impl TimeParameterizer {
    /// Fills `timed` with the fastest drive through poses, which begin where `start` is: no corner is cut. A drive stops where
    /// its direction changes, turns in place where poses do, and a car's wheels are straight when it sets out. Robots of other
    /// kinds keep `start`'s heading.
    ///
    /// # Errors
    /// As [`Self::parameterize`].
    pub fn follow(
        &mut self,
        poses: &[State],
        start: &State,
        limits: &MotionLimits,
        dt_secs: f64,
        timed: &mut Trajectory,
    ) -> Result<f64, TimeParameterizationError> {
        begin(poses.iter().all(State::is_finite), start, limits, dt_secs, timed)?;
        let MotionLimits::Drive(drive) = limits else {
            let mut path = std::mem::take(&mut self.path);
            if poses.len() > path.capacity() {
                let max_states = path.capacity();
                self.path = path;
                return Err(TimeParameterizationError::TooLong { max_states });
            }
            path.clear();
            path.extend(poses.iter().map(|pose| pose.position));
            let done = self.parameterize(&path, start, limits, dt_secs, timed);
            self.path = path;
            return done;
        };
        self.push(*start, timed)?;
        let mut pose = *start;
        let mut rest = poses;
        while let [from, to, ..] = rest {
            let way = gait(from, to);
            let count = 1 + rest.windows(2).take_while(|pair| gait(&pair[0], &pair[1]) == way).count();
            let (piece, end) = (&rest[..count], rest[count - 1]);
            pose = match way {
                Gait::Turn => {
                    let by_rad = piece.windows(2).map(|pair| wrapped(pair[1].heading_rad - pair[0].heading_rad)).sum();
                    self.turn(pose, by_rad, drive, timed)?;
                    State::at_pose(pose.position, end.heading_rad)
                }
                way => self.drive_piece(piece, &pose, way == Gait::Reverse, drive, timed)?,
            };
            rest = &rest[count - 1..];
            if rest.len() > 1 {
                self.stand(pose.halted(), drive, timed)?;
            }
        }
        if timed.states.len() < 2 {
            return Err(TimeParameterizationError::TooShort);
        }
        Ok(timed.duration_secs())
    }

    /// Drives one piece, whose headings give tangents and curvatures.
    fn drive_piece(
        &mut self,
        piece: &[State],
        pose: &State,
        reversed: bool,
        limits: &DriveLimits,
        timed: &mut Trajectory,
    ) -> Result<State, TimeParameterizationError> {
        if piece.len() > self.nodes.capacity() {
            return Err(TimeParameterizationError::TooLong { max_states: self.nodes.capacity() });
        }
        let ahead = if reversed { -1.0 } else { 1.0 };
        self.nodes.clear();
        self.nodes.extend(piece.iter().map(|pose| {
            let (sin, cos) = pose.heading_rad.sin_cos();
            Node { position: pose.position, tangent: [ahead * cos, ahead * sin], ..Node::default() }
        }));
        let mut before = None;
        for (index, pair) in piece.windows(2).enumerate() {
            let step = length(sub(pair[1].position, pair[0].position));
            let bend = wrapped(pair[1].heading_rad - pair[0].heading_rad) / step;
            self.nodes[index].step = step;
            self.nodes[index].bend[0] = before.map_or(bend, |before: f64| 0.5 * (before + bend));
            self.nodes[index + 1].bend[0] = bend;
            before = Some(bend);
        }
        // A car that stands sets out with its wheels straight.
        if let Some(first) = self.nodes.first_mut().filter(|_| limits.curvature_rate.is_finite()) {
            let speed = pose.forward_speed();
            first.bend[0] = if speed.abs() > 1e-6 { ahead * pose.turn_rate_radps / speed } else { 0.0 };
        }
        self.drive_nodes(pose, reversed, limits, timed)
    }

    /// Stands until the tracking has settled and a car's wheels are straight.
    fn stand(
        &self,
        pose: State,
        limits: &DriveLimits,
        timed: &mut Trajectory,
    ) -> Result<(), TimeParameterizationError> {
        let bend = self.nodes.last().map_or(0.0, |node| node.bend[0].abs());
        let secs = if limits.curvature_rate.is_finite() { bend / limits.curvature_rate } else { 0.0 };
        for _ in 0..(secs.max(STOP_SECS) / timed.dt_secs).ceil() as usize {
            self.push(pose, timed)?;
        }
        Ok(())
    }
}
