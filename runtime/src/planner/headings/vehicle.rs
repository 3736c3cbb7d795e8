//! How a robot moves between poses: its motions, what they cost, and the shortest ways that join two poses.

use super::join::Join;
use super::motion::{Gait, Piece};
use crate::geometry::{Footprint, Point, distance, lerp, wrapped};
use crate::world::{AxisLimits, MotionLimits, Robot, State};
use std::f64::consts::{PI, TAU};

/// Share of the largest curvature that ways use; the rest is left for the tracking.
const CURVATURE_SHARE: f64 = 0.85;
/// Side of a cell of the search over the circumscribed radius, and its bounds, metres. Joins end exactly: what is narrower than
/// a cell is passed by them.
const CELL_SHARE: f64 = 0.2;
const CELLS_M: [f64; 2] = [0.04, 0.3];
/// Length of a motion over that of a cell: the next pose lies in another one.
const STEP_CELLS: f64 = 2.5;
/// Headings of the search.
pub(super) const HEADINGS: u64 = 48;
/// A turn of the search in place: a cell of the headings and a half, so that it leaves its own.
const TURN_RAD: f64 = 1.5 * TAU / HEADINGS as f64;
/// Distance between points of the outline, metres.
const OUTLINE_M: f64 = 0.1;
/// Directions of a shift.
const DIRECTIONS: u32 = 16;
/// Shares of the largest curvature of the search's arcs.
const CURVES: [f64; 5] = [0.0, 1.0, -1.0, 0.5, -0.5];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Steering {
    /// Turns where it stands.
    InPlace,
    /// Drives arcs.
    Arcs,
    /// Moves in any direction and never turns.
    None,
}

/// What a search needs of a robot.
#[derive(Clone, Debug)]
pub(super) struct Vehicle {
    steering: Steering,
    /// Forward and in reverse, m/s; 0: it does not reverse.
    speeds_mps: [f64; 2],
    turn_rate_radps: f64,
    /// Largest deceleration, m/s^2, and of the turn rate, rad/s^2.
    brakes: [f64; 2],
    /// Largest curvature of ways, 1/m.
    pub(super) curvature: f64,
    /// Of the footprint, metres.
    pub(super) radii_m: [f64; 2],
    /// Points of the outline without its padding, in the robot's frame, metres.
    pub(super) outline: Vec<Point>,
    /// Padding of a polygon, metres.
    pub(super) padding_m: f64,
    /// Side of a cell of positions, metres.
    pub(super) cell_m: f64,
    pub(super) motions: Vec<Piece>,
}

/// Where a way ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// Position, map frame, metres.
    pub position: Point,
    /// Heading, rad; `None`: any.
    pub heading_rad: Option<f64>,
}

impl Vehicle {
    /// `None` for robots that search over x and y serves as well: discs that move in any direction or turn in place.
    pub(super) fn of(robot: &dyn Robot) -> Option<Self> {
        let footprint = robot.footprint();
        let is_polygon = matches!(footprint, Footprint::Polygon(_));
        let radii_m = [footprint.inscribed_radius_m(), footprint.circumscribed_radius_m()];
        let (steering, speeds_mps, turn_rate_radps, brakes, curvature) = match robot.limits() {
            MotionLimits::Axes(AxisLimits { speed_mps, acceleration_mps2 })
            | MotionLimits::Norm { speed_mps, acceleration_mps2 } => {
                (Steering::None, [speed_mps, speed_mps], f64::INFINITY, [acceleration_mps2, f64::INFINITY], 0.0)
            }
            MotionLimits::Drive(limits) => {
                let steering = if limits.turns_in_place() { Steering::InPlace } else { Steering::Arcs };
                let speeds_mps = [limits.max_speed_mps, -limits.min_speed_mps];
                let brakes = [limits.acceleration_mps2, limits.turn_acceleration_radps2];
                (steering, speeds_mps, limits.turn_rate_radps, brakes, CURVATURE_SHARE * limits.curvature_radpm)
            }
        };
        if !is_polygon && steering != Steering::Arcs {
            return None;
        }
        let cell_m = (CELL_SHARE * radii_m[1]).clamp(CELLS_M[0], CELLS_M[1]);
        let mut vehicle = Self {
            steering,
            speeds_mps,
            turn_rate_radps,
            brakes,
            curvature,
            radii_m,
            outline: outline(&footprint),
            padding_m: if let Footprint::Polygon(polygon) = &footprint { polygon.padding_m() } else { 0.0 },
            cell_m,
            motions: Vec::new(),
        };
        vehicle.motions = vehicle.all_motions();
        Some(vehicle)
    }

    fn all_motions(&self) -> Vec<Piece> {
        let step_m = STEP_CELLS * self.cell_m;
        let mut lengths_m = vec![step_m];
        if self.reverses() {
            lengths_m.push(-step_m);
        }
        match self.steering {
            Steering::None => (0..DIRECTIONS)
                .map(|direction| TAU * f64::from(direction) / f64::from(DIRECTIONS))
                .map(|angle| Piece::Shift { by_m: [step_m * angle.cos(), step_m * angle.sin()] })
                .collect(),
            Steering::InPlace => {
                let straight = lengths_m.into_iter().map(|length_m| Piece::Arc { length_m, curvature: 0.0 });
                straight.chain([TURN_RAD, -TURN_RAD].map(|by_rad| Piece::Turn { by_rad })).collect()
            }
            Steering::Arcs => {
                // A large car turns less in a cell than a cell of headings: its motions are longer.
                let least_m = TURN_RAD / self.curvature;
                let arcs = |length_m: f64| {
                    let length_m = length_m.signum() * length_m.abs().max(least_m.min(4.0 * step_m));
                    CURVES.map(|share| Piece::Arc { length_m, curvature: share * self.curvature })
                };
                lengths_m.into_iter().flat_map(arcs).collect()
            }
        }
    }

    /// Whether it can drive backwards; what moves in any direction does not need to.
    pub(super) fn reverses(&self) -> bool {
        self.steering != Steering::None && self.speeds_mps[1] > 0.0
    }

    /// Whether its heading can be chosen.
    pub(super) fn turns(&self) -> bool {
        self.steering != Steering::None
    }

    /// Whether it reaches a heading only where its way leads to it: it cannot turn where it stands.
    pub(super) fn steers(&self) -> bool {
        self.steering == Steering::Arcs
    }

    /// Seconds of a piece after one of another gait; stops included.
    pub(super) fn secs(&self, before: Option<Gait>, piece: Piece) -> f64 {
        let gait = piece.gait();
        let stop = before.is_some_and(|before| before != gait);
        let stop_secs = if stop { self.speeds_mps[0] / self.brakes[0] } else { 0.0 };
        stop_secs
            + match gait {
                Gait::Forward | Gait::Shift => piece.length_m() / self.speeds_mps[0],
                Gait::Reverse => piece.length_m() / self.speeds_mps[1],
                Gait::Turn => piece.turn_rad().abs() / self.turn_rate_radps,
            }
    }

    /// Seconds of pieces in a row.
    pub(super) fn secs_of(&self, before: Option<Gait>, pieces: &[Piece]) -> f64 {
        let mut gait = before;
        pieces.iter().fold(0.0, |secs, piece| {
            let more = self.secs(gait, *piece);
            gait = Some(piece.gait());
            secs + more
        })
    }

    /// Seconds that are left at least, by the way that is left and the turn to the wanted heading.
    pub(super) fn least_secs(&self, way_m: f64, pose: &State, wanted_rad: Option<f64>) -> f64 {
        let drive = way_m / self.speeds_mps[0];
        let turn = wanted_rad.map_or(0.0, |wanted| wrapped(wanted - pose.heading_rad).abs());
        match self.steering {
            Steering::InPlace => drive + turn / self.turn_rate_radps,
            Steering::Arcs => drive.max(turn / self.curvature / self.speeds_mps[0]),
            Steering::None => drive,
        }
    }

    /// The way on which a robot in motion comes to rest.
    pub(super) fn braking(&self, state: &State) -> Option<Piece> {
        /// Share of the deceleration: the correction brakes with less than all.
        const SHARE: f64 = 0.6;
        let (speed, rate) = (state.forward_speed(), state.turn_rate_radps);
        let [brake, turn_brake] = self.brakes.map(|most| SHARE * most);
        match self.steering {
            Steering::None => {
                let by_m = state.velocity.map(|value| value * state.speed() / (2.0 * brake));
                (state.speed() > 0.02).then_some(Piece::Shift { by_m })
            }
            _ if speed.abs() > 0.02 => {
                let most = self.curvature.min(10.0);
                let curvature = (rate / speed).clamp(-most, most);
                Some(Piece::Arc { length_m: speed * speed.abs() / (2.0 * brake), curvature })
            }
            _ if rate.abs() > 0.02 => Some(Piece::Turn { by_rad: rate * rate.abs() / (2.0 * turn_brake) }),
            _ => None,
        }
    }

    /// Shows the ways of at most three pieces that join a pose to a target.
    pub(super) fn visit_joins(&self, from: &State, to: &Target, visit: &mut dyn FnMut(&[Piece])) {
        match self.steering {
            Steering::None => {
                let by_m = [0, 1].map(|axis: usize| to.position[axis] - from.position[axis]);
                visit(&[Piece::Shift { by_m }]);
            }
            Steering::InPlace => self.visit_turning(from, to, visit),
            Steering::Arcs => {
                visit_curves(from, to, self.curvature, false, visit);
                if self.reverses() {
                    visit_curves(from, to, self.curvature, true, visit);
                }
            }
        }
    }

    /// Turn, straight, turn.
    fn visit_turning(&self, from: &State, to: &Target, visit: &mut dyn FnMut(&[Piece])) {
        let length_m = distance(from.position, to.position);
        if length_m < 1e-6 {
            let by_rad = to.heading_rad.map_or(0.0, |wanted| wrapped(wanted - from.heading_rad));
            visit(&[Piece::Turn { by_rad }]);
            return;
        }
        let bearing = (to.position[1] - from.position[1]).atan2(to.position[0] - from.position[0]);
        for (sign, facing) in [(1.0, bearing), (-1.0, wrapped(bearing + PI))] {
            if sign < 0.0 && !self.reverses() {
                break;
            }
            let first = Piece::Turn { by_rad: wrapped(facing - from.heading_rad) };
            let straight = Piece::Arc { length_m: sign * length_m, curvature: 0.0 };
            let last = Piece::Turn { by_rad: to.heading_rad.map_or(0.0, |wanted| wrapped(wanted - facing)) };
            show(&[first, straight, last], visit);
        }
    }
}

/// Corners of a polygon and points of its sides; of a disc none.
fn outline(footprint: &Footprint) -> Vec<Point> {
    let Footprint::Polygon(polygon) = footprint else { return Vec::new() };
    let of_side = |(from, to): (Point, Point)| {
        let count = (distance(from, to) / OUTLINE_M).ceil().max(1.0) as usize;
        (0..count).map(move |index| lerp(from, to, index as f64 / count as f64))
    };
    polygon.sides().flat_map(of_side).collect()
}

/// Shows pieces without those of no extent.
fn show(pieces: &[Piece], visit: &mut dyn FnMut(&[Piece])) {
    let is_long = |piece: &Piece| {
        piece.length_m() > 1e-7 || (matches!(piece, Piece::Turn { .. }) && piece.turn_rad().abs() > 1e-7)
    };
    let kept: Join = pieces.iter().copied().filter(is_long).collect();
    visit(kept.pieces());
}

/// Dubins's (1957) words of a curve, a straight line and a curve, driven forward or in reverse; to a target of any heading,
/// of a curve and a straight line.
fn visit_curves(from: &State, to: &Target, curvature: f64, reversed: bool, visit: &mut dyn FnMut(&[Piece])) {
    let radius_m = 1.0 / curvature;
    // Driven in reverse, a way is that of a robot which faces the other way.
    let (flip, sign) = if reversed { (PI, -1.0) } else { (0.0, 1.0) };
    let begin = from.heading_rad + flip;
    let arc =
        |side: f64, angle: f64| Piece::Arc { length_m: sign * radius_m * angle, curvature: sign * side * curvature };
    let straight = |length_m: f64| Piece::Arc { length_m: sign * length_m, curvature: 0.0 };
    let centre = |at: Point, heading: f64, side: f64| {
        [at[0] - side * radius_m * heading.sin(), at[1] + side * radius_m * heading.cos()]
    };
    for side in [1.0, -1.0] {
        let first = centre(from.position, begin, side);
        let Some(wanted) = to.heading_rad.map(|heading| heading + flip) else {
            let away = [to.position[0] - first[0], to.position[1] - first[1]];
            let apart_m = away[0].hypot(away[1]);
            if apart_m > radius_m {
                let facing = away[1].atan2(away[0]) + side * (radius_m / apart_m).asin();
                let length_m = (apart_m * apart_m - radius_m * radius_m).sqrt();
                show(&[arc(side, positive(side * (facing - begin))), straight(length_m)], visit);
            }
            continue;
        };
        for other in [side, -side] {
            let last = centre(to.position, wanted, other);
            let away = [last[0] - first[0], last[1] - first[1]];
            let apart_m = away[0].hypot(away[1]);
            let (facing, length_m) = if other == side {
                (away[1].atan2(away[0]), apart_m)
            } else if apart_m >= 2.0 * radius_m {
                let facing = away[1].atan2(away[0]) + side * (2.0 * radius_m / apart_m).asin();
                (facing, (apart_m * apart_m - 4.0 * radius_m * radius_m).sqrt())
            } else {
                continue;
            };
            let turns = [positive(side * (facing - begin)), positive(other * (wanted - facing))];
            show(&[arc(side, turns[0]), straight(length_m), arc(other, turns[1])], visit);
        }
    }
}

/// The same angle within [0, 2 pi); a hair below 0 is 0.
fn positive(angle_rad: f64) -> f64 {
    let angle = angle_rad.rem_euclid(TAU);
    if angle > TAU - 1e-7 { 0.0 } else { angle }
}

#[cfg(test)]
mod tests {
    use super::super::motion::end_of;
    use super::*;
    use crate::geometry::Polygon;
    use crate::world::{Ackermann, Differential, Omni, PointMass};

    fn jackal() -> Footprint {
        let corners = [[0.254, 0.215], [-0.254, 0.215], [-0.254, -0.215], [0.254, -0.215]];
        Footprint::Polygon(Polygon::new(&corners, 0.01).expect("a box"))
    }

    #[test]
    fn discs_that_go_or_turn_anywhere_need_no_heading() {
        assert!(Vehicle::of(&PointMass::default()).is_none() && Vehicle::of(&Omni::default()).is_none());
        assert!(Vehicle::of(&Differential::default()).is_none());
        assert!(Vehicle::of(&Differential { footprint: jackal(), ..Differential::default() }).is_some());
        assert!(Vehicle::of(&Omni { footprint: jackal(), ..Omni::default() }).is_some());
        assert!(Vehicle::of(&Ackermann::default()).is_some_and(|car| car.steers() && car.reverses()));
    }

    #[test]
    fn every_join_ends_at_its_target() {
        let robots: [&dyn Robot; 2] =
            [&Differential { footprint: jackal(), ..Differential::default() }, &Ackermann::default()];
        for robot in robots {
            let vehicle = Vehicle::of(robot).expect("a vehicle");
            let mut joins = 0;
            for index in 0..400 {
                let angle = |factor: f64| wrapped(factor * f64::from(index));
                let from = State::at_pose([angle(0.7), angle(1.3)], angle(2.1));
                let to = State::at_pose([angle(3.7), angle(0.9)], angle(5.3));
                for heading_rad in [None, Some(to.heading_rad)] {
                    let target = Target { position: to.position, heading_rad };
                    vehicle.visit_joins(&from, &target, &mut |pieces| {
                        joins += 1;
                        let end = end_of(&from, pieces);
                        let wanted = State::at_pose(to.position, heading_rad.unwrap_or(end.heading_rad));
                        let off_rad = wrapped(end.heading_rad - wanted.heading_rad);
                        let alike = end.distance(wanted.position) < 1e-6 && off_rad.abs() < 1e-6;
                        assert!(alike, "{end:?} {wanted:?} {pieces:?}");
                        let forwards = pieces.iter().any(|piece| piece.gait() == Gait::Forward);
                        let backwards = pieces.iter().any(|piece| piece.gait() == Gait::Reverse);
                        assert!(!(forwards && backwards), "{pieces:?}");
                    });
                }
            }
            assert!(joins > 1500, "{joins}");
        }
    }
}
