//! Places from which a tight goal is straight ahead, and to which a straight way leads from a tight start: beside a wall or
//! in a bay no turn is possible, so that the lattice's poses, some centimetres and degrees apart, lead there by luck alone.

use super::motion::Piece;
use super::search::Problem;
use super::vehicle::Target;
use crate::planner::is_past;
use crate::world::State;
use std::f64::consts::TAU;
use std::time::Instant;

/// Headings at the end that are looked at: half a degree apart.
const HEADINGS: u32 = 720;
/// How far a straight way to the end begins from it at most, metres, and the distance between its points.
const LONGEST_M: f64 = 3.0;
const STEP_M: f64 = 0.1;
/// Places that are kept, the nearest to the end first.
const MOST: usize = 8;

/// Fills `places` with poses that have room for the circumscribed circle, nearest first, from each of which a straight
/// way leads to `end`, and back, with the problem's least clearance; the robot faces the end, or away from it. None where
/// the end itself has that room. After the deadline no more are sought.
pub(super) fn approaches(problem: &Problem<'_>, end: &Target, deadline: Option<Instant>, places: &mut Vec<State>) {
    let Problem { grid, sweep, vehicle, least_m, .. } = problem;
    places.clear();
    let wide_m = vehicle.radii_m[1] + least_m;
    if !vehicle.turns() || grid.distance(end.position) >= wide_m {
        return;
    }
    let any = (0..HEADINGS).map(|step| TAU * f64::from(step) / f64::from(HEADINGS));
    let headings: Vec<f64> = end.heading_rad.map_or_else(|| any.collect(), |wanted| vec![wanted]);
    let mut found: Vec<(f64, State)> = Vec::new();
    for heading_rad in headings {
        let at_end = State::at_pose(end.position, heading_rad);
        if is_past(deadline) {
            break;
        }
        if !sweep.states([&at_end, &at_end]).is_clear_by(*least_m) {
            continue;
        }
        for side in [-1.0, 1.0] {
            if side > 0.0 && !vehicle.reverses() {
                break;
            }
            let steps = (LONGEST_M / STEP_M) as u32;
            let away = (1..=steps).map(|step| STEP_M * f64::from(step));
            let place = |by_m: f64| State::at_pose(at_end.in_frame([side * by_m, 0.0]), heading_rad);
            let wide = away.clone().find(|by_m| grid.distance(place(*by_m).position) >= wide_m);
            if let Some(by_m) = wide
                && problem.clearance_m(&place(by_m), &[Piece::Arc { length_m: -side * by_m, curvature: 0.0 }])
                    >= *least_m
            {
                found.push((by_m, place(by_m)));
            }
        }
    }
    found.sort_by(|one, other| one.0.total_cmp(&other.0));
    places.extend(found.into_iter().take(MOST).map(|(_, place)| place));
}
