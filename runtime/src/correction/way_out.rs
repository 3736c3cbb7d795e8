//! The way out of contact: from where a robot touches an obstacle, straight to where it is clear.
//!
//! A simulated contact pushes a robot out of a wall by itself, at accelerations that no motor has; on a robot that
//! stands there because its odometry drifted, no wall pushes. So the way out is simulated in free motion, slowly, and
//! what the gate measures on it is the clearance on the map.

use super::time_parameterization::TimeParameterizer;
use super::tracker::Tracker;
use crate::geometry::{distance, lerp};
use crate::trajectory::Trajectory;
use crate::world::{DriveLimits, MotionLimits, Point, State, World};

/// Beyond the least clearance, metres: a plan that begins there may turn.
const MARGIN_M: f64 = 0.02;
/// Share of the actuators' power.
const SHARE: f64 = 0.25;
/// Steps for which the end is held.
const SETTLE_STEPS: usize = 5;
/// States of a way out at most.
pub(super) const MAX_STATES: usize = 75;
/// Pieces of the straight line: speeds change between points only.
const PIECES: usize = 8;
/// Below this speed a robot counts as standing, m/s.
pub(crate) const STANDING_MPS: f64 = 0.1;

/// Buffers of the way out; computing one allocates nothing.
#[derive(Clone, Debug)]
pub(crate) struct WayOut {
    timer: TimeParameterizer,
    reference: Trajectory,
    /// States and commands.
    pub(crate) trajectory: Trajectory,
}

impl Default for WayOut {
    fn default() -> Self {
        let room = || Trajectory::with_capacity(0.0, MAX_STATES);
        Self {
            timer: TimeParameterizer::new(PIECES + 1, MAX_STATES - SETTLE_STEPS),
            reference: room(),
            trajectory: room(),
        }
    }
}

impl WayOut {
    /// Leads a standing robot from nearer than `clearance_m` to an obstacle to where it is clear by more, with a clearance
    /// that does not fall on the way. Gives the last state; `None` where the robot moves, or there is no such place near.
    pub(crate) fn lead(&mut self, world: &World, start: &State, clearance_m: f64) -> Option<State> {
        self.trajectory.clear();
        if !(start.speed() <= STANDING_MPS) {
            return None;
        }
        let robot = world.robot();
        let (clear, limits) = match robot.actuator_limits(SHARE) {
            // Straight ahead or back: there is no room to turn.
            MotionLimits::Drive(limits) => {
                let straight = DriveLimits { curvature_radpm: limits.curvature_radpm.min(1.0), ..limits };
                (clear_along_heading(world, start, clearance_m)?, MotionLimits::Drive(straight))
            }
            limits => (clear_place(world, start.position, clearance_m)?, limits),
        };
        let path: [Point; PIECES + 1] =
            std::array::from_fn(|piece| lerp(start.position, clear, piece as f64 / PIECES as f64));
        self.timer.parameterize(&path, start, &limits, robot.step_secs(), &mut self.reference).ok()?;
        let tracker = Tracker;
        let heading_rad = self.reference.states.last().map_or(start.heading_rad, |last| last.heading_rad);
        let (held, mut state) = (State::at_pose(clear, heading_rad), *start);
        let at = |index: usize| self.reference.states.get(index).copied().unwrap_or(held);
        self.trajectory.dt_secs = robot.step_secs();
        self.trajectory.states.push(state);
        for index in 0..self.reference.states.len().saturating_sub(1) + SETTLE_STEPS {
            let command = tracker.command(robot, &state, &at(index), &at(index + 1));
            state = robot.free_step(&state, command);
            self.trajectory.commands.push(command);
            self.trajectory.states.push(state);
        }
        Some(state)
    }
}

/// The nearest place that is clear by `clearance_m` and a margin, or less margin in narrow passages, to which a straight
/// way never comes nearer to an obstacle than its beginning.
fn clear_place(world: &World, start: Point, clearance_m: f64) -> Option<Point> {
    let (map, sweep) = (world.map(), world.sweep());
    let radius_m = world.robot().footprint().inscribed_radius_m();
    let before_m = sweep.segment(start, start);
    [MARGIN_M, 0.5 * MARGIN_M].into_iter().find_map(|margin_m| {
        let wanted_m = clearance_m + margin_m;
        let place = map.push_out(start, radius_m + wanted_m);
        // Into a corner two walls push: the way is longer than out of one by the root of 2.
        let near = distance(start, place) <= 1.5 * (wanted_m - before_m);
        let clear = sweep.segment(place, place) >= wanted_m - 1e-3;
        (near && clear && sweep.segment(start, place) >= before_m - 1e-9).then_some(place)
    })
}

/// Lengths of a drive's way out, metres, and the distance between its poses that are compared.
const STRAIGHT_M: [f64; 5] = [0.02, 0.04, 0.06, 0.1, 0.15];
const SPACING_M: f64 = 2e-3;

/// The same for a drive, ahead or behind; the shortest first.
fn clear_along_heading(world: &World, start: &State, clearance_m: f64) -> Option<Point> {
    let sweep = world.sweep();
    // Pose by pose: a sweep takes off half a step of what it measures, and the first step would be nearer than the start.
    let clear_at = |ahead_m: f64| {
        let pose = State::at_pose(start.in_frame([ahead_m, 0.0]), start.heading_rad);
        sweep.motion(&pose, &pose)
    };
    let before_m = clear_at(0.0);
    STRAIGHT_M.into_iter().flat_map(|length_m| [length_m, -length_m]).find_map(|by_m| {
        let steps = (by_m.abs() / SPACING_M).ceil() as u32;
        let mut between = (1..=steps).map(|step| clear_at(by_m * f64::from(step) / f64::from(steps)));
        let is_clear =
            clear_at(by_m) >= clearance_m + 0.5 * MARGIN_M && between.all(|here_m| here_m >= before_m - 1e-9);
        is_clear.then(|| start.in_frame([by_m, 0.0]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Footprint, Polygon};
    use crate::world::{Differential, Layout, MazeWorld};
    use std::f64::consts::PI;
    use std::sync::Arc;

    #[test]
    fn the_way_out_leads_straight_from_walls_and_corners_and_its_clearance_never_falls() {
        let world = MazeWorld::new(Layout::umaze());
        // At a wall, in a corner, and at the corner of a wall that ends (1.3, 2.3).
        for start in [[0.38, 1.5], [0.404, 1.0], [0.37, 0.38], [1.3 - 0.06, 2.3 + 0.06]] {
            for clearance_m in [0.005, 0.1, 0.3] {
                let mut way = WayOut::default();
                let end = way.lead(&world, &State::at_rest(start), clearance_m).expect("a way out");
                let states = &way.trajectory.states;
                let clearances: Vec<f64> =
                    states.iter().map(|state| world.sweep().segment(state.position, state.position)).collect();
                assert!(clearances.windows(2).all(|pair| pair[1] >= pair[0] - 1e-6), "{start:?} {clearances:?}");
                assert!(clearances.last().is_some_and(|last| *last >= clearance_m + 5e-3), "{clearances:?}");
                assert!(states.len() < 100 && end.speed() < 0.05, "{} {end:?}", states.len());
            }
        }
    }

    #[test]
    fn a_drive_backs_out_of_contact() {
        let world = World::new(Arc::new(Differential::default()), Arc::new(Layout::umaze()));
        // Its radius is 0.22 m, and the wall ends at x = 0.3.
        for heading in [PI, 0.0] {
            let start = State::at_pose([0.51, 1.5], heading);
            let mut way = WayOut::default();
            let end = way.lead(&world, &start, 0.005).expect("a way out");
            assert!(world.sweep().motion(&end, &end) >= 0.01 && end.speed() < 0.05, "{end:?}");
            assert!((end.heading_rad - heading).abs() < 1e-6 && (end.position[1] - 1.5).abs() < 1e-6, "{end:?}");
        }
        // Along the wall there is no clear place.
        assert_eq!(WayOut::default().lead(&world, &State::at_pose([0.51, 1.5], 0.5 * PI), 0.005), None);
    }

    #[test]
    fn a_polygon_backs_out_of_contact_at_its_nose_its_tail_and_a_corner() {
        let corners = [[0.254, 0.215], [-0.254, 0.215], [-0.254, -0.215], [0.254, -0.215]];
        let footprint = Footprint::Polygon(Polygon::new(&corners, 0.01).expect("a box"));
        let robot = Arc::new(Differential { footprint, ..Differential::default() });
        let world = World::new(robot, Arc::new(Layout::umaze()));
        // The wall ends at x = 0.3; the padded nose reaches 0.264 m ahead.
        for (at_m, heading) in [(0.555, PI), (0.562, PI), (0.567, PI), (0.555, 0.0), (0.62, PI - 0.3), (0.61, 0.3)] {
            let start = State::at_pose([at_m, 1.5], heading);
            let before_m = world.sweep().motion(&start, &start);
            assert!((-0.03..0.005).contains(&before_m), "{at_m} {heading}: {before_m}");
            let mut way = WayOut::default();
            let end = way.lead(&world, &start, 0.005).expect("a way out");
            assert!(world.sweep().motion(&end, &end) >= 0.01 && end.speed() < 0.05, "{end:?}");
            let states = &way.trajectory.states;
            let clearances: Vec<f64> = states.iter().map(|state| world.sweep().motion(state, state)).collect();
            assert!(clearances.windows(2).all(|pair| pair[1] >= pair[0] - 1e-6), "{at_m} {heading} {clearances:?}");
        }
    }

    #[test]
    fn a_moving_robot_and_one_without_room_have_no_way_out() {
        let world = MazeWorld::new(Layout::umaze());
        let moving = State::moving([0.38, 1.5], [0.0, 1.0]);
        assert_eq!(WayOut::default().lead(&world, &moving, 0.005), None);
        // The corridor is 1 m wide: 0.6 m from both sides there is no place.
        assert_eq!(WayOut::default().lead(&world, &State::at_rest([0.8, 1.5]), 0.5), None);
        assert_eq!(WayOut::default().lead(&world, &State::from_array([f64::NAN; 4]), 0.005), None);
    }
}
