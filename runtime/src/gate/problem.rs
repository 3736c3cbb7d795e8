//! Problems that have no plan: an end outside the map or too near to an obstacle, or no way between the two.
//!
//! Their cause is named before a plan is proposed: what a network, the correction or the gate reported about one would
//! be a consequence.

use crate::figures::{Figure, Place};
use crate::world::{Aabb, Footprint, Point, World};
use serde::Serialize;

/// Depth up to which a robot may stand in an obstacle of the map and still get a way out, metres: soft walls give way
/// by millimetres, and a place that was measured is off by centimetres. Of a polygon, see [`contact_m`].
pub const CONTACT_M: f64 = 0.03;

/// The same of a footprint, metres: a polygon may stand in an obstacle with its padding alone. Where its own outline is in
/// one, neither its depth nor the way out is known: an outline may be thinner than [`CONTACT_M`].
pub fn contact_m(footprint: &Footprint) -> f64 {
    match footprint {
        Footprint::Circle { .. } => CONTACT_M,
        Footprint::Polygon(polygon) => polygon.padding_m().min(CONTACT_M),
    }
}

/// Clearances that differ by less count as equal, metres.
const ROUNDING_M: f64 = 1e-9;

/// The first thing that makes a problem impossible.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Infeasible {
    /// The start lies outside the map.
    #[error("{}", outside("start", .at, .bounds))]
    StartOutsideMap {
        /// The start.
        at: Point,
        /// Of the map.
        #[serde(skip)]
        bounds: Aabb,
    },
    /// The robot does not fit at the start, deeper than [`contact_m`] or without a way out.
    #[error(
        "{}\nhint: from contact of up to {contact} m in a wall, of a polygon of its padding alone, a way out is planned; move the robot, or correct its place on the map", occupied("start", .at, .room), contact = CONTACT_M
    )]
    StartOccupied {
        /// The start.
        at: Point,
        /// What there is and what is needed.
        #[serde(flatten)]
        room: Room,
    },
    /// The goal lies outside the map.
    #[error("{}", outside("goal", .at, .bounds))]
    GoalOutsideMap {
        /// The goal.
        at: Point,
        /// Of the map.
        #[serde(skip)]
        bounds: Aabb,
    },
    /// The robot does not fit at the goal.
    #[error("{}", occupied("goal", .at, .room))]
    GoalOccupied {
        /// The goal.
        at: Point,
        /// What there is and what is needed.
        #[serde(flatten)]
        room: Room,
    },
    /// Free space does not connect start and goal.
    #[error(
        "expected start and goal in one part of the map, got no way from start to goal: walls part {} from {}", Place(*.start), Place(*.goal)
    )]
    NoWay {
        /// The start.
        start: Point,
        /// The goal.
        goal: Point,
    },
}

/// The room at one end of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Room {
    /// From the robot's centre to the nearest obstacle, metres; 0 inside one.
    pub distance_m: f64,
    /// Radius of the circle that the robot's footprint holds, metres.
    pub radius_m: f64,
    /// Least clearance that the gate lets pass, metres.
    pub clearance_m: f64,
}

impl Room {
    /// Distance from the robot's centre to an obstacle that a plan needs, metres.
    pub fn needed_m(&self) -> f64 {
        self.radius_m + self.clearance_m
    }
}

fn outside(end: &str, at: &Point, bounds: &Aabb) -> String {
    let ([x, y], [end_x, end_y]) = (bounds.low.map(Figure), bounds.high.map(Figure));
    format!(
        "expected the {end} on the map ({x} to {end_x} m in x, {y} to {end_y} m in y), got {}, which is outside the map",
        Place(*at)
    )
}

fn occupied(end: &str, at: &Point, room: &Room) -> String {
    let (needed, radius, clearance) = (Figure(room.needed_m()), Figure(room.radius_m), Figure(room.clearance_m));
    let place = if room.distance_m > 0.0 {
        // Rounded to micrometres: the rest is the arithmetic's.
        format!("{} m from a wall", Figure((1e6 * room.distance_m).round() * 1e-6))
    } else {
        "in a wall".to_owned()
    };
    format!(
        "expected the {end} in free space, got {}, which is {place}, needs {needed} m: the radius of {radius} m and a clearance of {clearance} m",
        Place(*at)
    )
}

impl Infeasible {
    /// Its name in diagnostics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::StartOutsideMap { .. } => "start_outside_map",
            Self::StartOccupied { .. } => "start_occupied",
            Self::GoalOutsideMap { .. } => "goal_outside_map",
            Self::GoalOccupied { .. } => "goal_occupied",
            Self::NoWay { .. } => "no_way",
        }
    }

    /// Whether the start is what makes it impossible.
    pub fn is_of_start(&self) -> bool {
        matches!(self, Self::StartOutsideMap { .. } | Self::StartOccupied { .. })
    }
}

/// Whether a plan from `start` to `goal` that keeps `clearance_m` can exist: start, then goal, then a way between them.
/// A start in contact, up to [`contact_m`] deep, passes.
///
/// # Errors
/// The first thing that is impossible.
pub fn check_problem(world: &World, start: Point, goal: Point, clearance_m: f64) -> Result<(), Infeasible> {
    check_start(world, start, clearance_m)?;
    check_goal(world, goal, clearance_m)?;
    check_way(world, start, goal, clearance_m)
}

/// The start alone.
///
/// # Errors
/// If it is outside the map or occupied.
pub fn check_start(world: &World, start: Point, clearance_m: f64) -> Result<(), Infeasible> {
    let bounds = world.map().bounds();
    if is_outside(&bounds, start) {
        return Err(Infeasible::StartOutsideMap { at: start, bounds });
    }
    let room = room_at(world, start, clearance_m);
    if has_room(&room, clearance_m.min(-contact_m(&world.robot().footprint()))) {
        Ok(())
    } else {
        Err(Infeasible::StartOccupied { at: start, room })
    }
}

/// The goal alone.
///
/// # Errors
/// If it is outside the map or occupied.
pub fn check_goal(world: &World, goal: Point, clearance_m: f64) -> Result<(), Infeasible> {
    let bounds = world.map().bounds();
    if is_outside(&bounds, goal) {
        return Err(Infeasible::GoalOutsideMap { at: goal, bounds });
    }
    let room = room_at(world, goal, clearance_m);
    if has_room(&room, clearance_m) { Ok(()) } else { Err(Infeasible::GoalOccupied { at: goal, room }) }
}

/// The way alone, between ends in free space.
///
/// # Errors
/// If there is none.
pub fn check_way(world: &World, start: Point, goal: Point, clearance_m: f64) -> Result<(), Infeasible> {
    let distance_m = world.robot().footprint().inscribed_radius_m() + clearance_m;
    if world.map().may_connect(distance_m, start, goal) { Ok(()) } else { Err(Infeasible::NoWay { start, goal }) }
}

/// False for NaN, which no room holds either.
fn is_outside(bounds: &Aabb, [x, y]: Point) -> bool {
    let ([low_x, low_y], [high_x, high_y]) = (bounds.low, bounds.high);
    x < low_x || y < low_y || x > high_x || y > high_y
}

/// The room at a point, for plans that keep `clearance_m`.
pub(crate) fn room_at(world: &World, point: Point, clearance_m: f64) -> Room {
    // No heading is free where the inscribed circle is not.
    let radius_m = world.robot().footprint().inscribed_radius_m();
    let free_m = world.map().clearance(Footprint::Circle { radius_m }, point) + radius_m;
    Room { distance_m: if world.map().is_free(point) { free_m } else { 0.0 }, radius_m, clearance_m }
}

fn has_room(room: &Room, clearance_m: f64) -> bool {
    room.distance_m > 0.0 && room.distance_m - room.radius_m >= clearance_m - ROUNDING_M
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::GateLimits;
    use crate::world::{Layout, MazeWorld};
    use std::sync::Arc;

    const FREE: Point = [1.0, 1.0];

    fn check(start: Point, goal: Point) -> Result<(), Infeasible> {
        check_problem(&MazeWorld::new(Layout::umaze()), start, goal, GateLimits::default().clearance_m)
    }

    fn problem(start: Point, goal: Point) -> (&'static str, String) {
        let problem = check(start, goal).expect_err("an impossible problem");
        (problem.name(), problem.to_string())
    }

    #[test]
    fn a_goal_within_the_robots_radius_of_a_wall_is_occupied_and_has_its_figures() {
        // The wall between the corridors begins at x = 1.3; that outside ends at y = 0.3.
        for (goal, distance) in
            [([1.25, 1.0], "0.05"), ([1.0, 0.4], "0.1"), ([1.0, 0.404], "0.104"), ([1.2, 0.31], "0.01")]
        {
            let (name, text) = problem(FREE, goal);
            assert_eq!(name, "goal_occupied");
            let figures =
                format!("{distance} m from a wall, needs 0.105 m: the radius of 0.1 m and a clearance of 0.005 m");
            assert!(text.starts_with("expected the goal in free space, got ") && text.contains(&figures), "{text}");
        }
        assert_eq!(check(FREE, [1.195, 1.0]), Ok(()), "what is needed suffices");
        assert!(problem(FREE, [2.0, 1.0]).1.contains("in a wall"));
    }

    #[test]
    fn a_start_in_contact_passes_and_a_deeper_one_has_its_figures() {
        for touching in [1.2, 1.195, 1.199, 1.22, 1.23] {
            assert_eq!(check([touching, 1.0], FREE), Ok(()), "{touching}");
        }
        let (name, text) = problem([1.25, 1.0], FREE);
        assert_eq!(name, "start_occupied");
        assert!(text.contains("0.05 m from a wall, needs 0.105 m") && text.contains("\nhint: "), "{text}");
        assert_eq!(problem([2.0, 1.0], FREE).0, "start_occupied");
    }

    #[test]
    fn a_thin_outline_in_a_wall_does_not_pass_the_start_check() {
        use crate::geometry::Polygon;
        use crate::world::Differential;
        // 4 cm wide, of which the padding is 1 cm to either side; the wall begins at x = 1.3.
        let corners = [[0.3, 0.01], [-0.3, 0.01], [-0.3, -0.01], [0.3, -0.01]];
        let footprint = Footprint::Polygon(Polygon::new(&corners, 0.01).expect("a box"));
        let world =
            World::new(Arc::new(Differential { footprint, ..Differential::default() }), Arc::new(Layout::umaze()));
        for (x, fits) in [(1.25, true), (1.285, true), (1.2895, true), (1.2905, false), (1.295, false), (1.31, false)] {
            let name = check_start(&world, [x, 1.0], 0.005).err().map(|problem| problem.name());
            assert_eq!(name, (!fits).then_some("start_occupied"), "{x}");
        }
    }

    #[test]
    fn the_cause_is_the_first_thing_that_is_impossible() {
        let (wall, far) = ([2.0, 1.0], [1.0, 1e300]);
        assert_eq!(problem(far, wall).0, "start_outside_map");
        assert_eq!(problem(wall, far).0, "start_occupied");
        let (name, text) = problem(FREE, far);
        assert_eq!(name, "goal_outside_map");
        assert!(text.contains("got 1, 1e300, which is outside the map") && text.len() < 200, "{text}");
        assert_eq!(problem(FREE, wall).0, "goal_occupied");
        assert_eq!(problem(FREE, [f64::NAN, 1.0]).0, "goal_occupied");
    }

    #[test]
    fn ends_that_no_way_connects_are_named_before_any_plan() {
        let world = MazeWorld::new(Layout::parse("apart", "#####\n#O#O#\n#####").expect("a maze"));
        let apart = check_problem(&world, [0.8, 0.8], [0.8, 2.8], 0.005).expect_err("walls between");
        assert_eq!(apart.name(), "no_way");
        assert!(apart.to_string().contains("no way from start to goal"), "{apart}");
    }
}
