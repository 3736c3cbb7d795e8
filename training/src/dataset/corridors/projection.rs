//! A driven path as offsets from a route's reference line: where it crosses the normal of each knot.

use planwright::geometry::{Point, lerp};
use planwright::planner::corridor::{MAX_OFFSET_M, Reference};

/// Where a drive was, and when: seconds, x and y in the map's frame, metres.
pub type Pose = [f64; 3];

/// How far along the drive a crossing is looked for before and after the one of the knot before, metres.
const BACK_M: f64 = 1.0;
const AHEAD_M: f64 = 2.5;
/// How far a crossing may lie from the line before the drive counts as one of another way, metres.
const REACH_M: f64 = MAX_OFFSET_M + 0.1;

/// A drive in the frame of a reference line, one entry per knot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Projected {
    /// Offsets, metres to the left.
    pub offsets: Vec<f64>,
    /// Speeds between the neighbouring knots' crossings, m/s.
    pub speeds_mps: Vec<f64>,
}

/// A drive from the reference's first point to its last. `None` where it leaves the corridor: it took another way.
pub fn project(reference: &Reference, poses: &[Pose]) -> Option<Projected> {
    let (count, last) = (reference.len(), poses.len().checked_sub(1)?);
    let mut crossings: Vec<(f64, Point)> = Vec::with_capacity(count);
    let mut projected = Projected::default();
    let mut at = 0;
    for knot in 0..count {
        let end = if knot == 0 { Some(0) } else { (knot + 1 == count).then_some(last) };
        let (offset_m, secs, point) = match end {
            Some(end) => (0.0, poses[end][0], point_of(poses[end])),
            None => {
                let (segment, offset_m, share) = crossing(reference, knot, poses, at)?;
                at = segment;
                let [a, b] = [poses[segment], poses[segment + 1]];
                (offset_m, a[0] + share * (b[0] - a[0]), lerp(point_of(a), point_of(b), share))
            }
        };
        projected.offsets.push(offset_m.clamp(-MAX_OFFSET_M, MAX_OFFSET_M));
        crossings.push((secs, point));
    }
    projected.speeds_mps = (0..count)
        .map(|knot| {
            let (before, after) = (crossings[knot.saturating_sub(1)], crossings[(knot + 1).min(count - 1)]);
            let secs = after.0 - before.0;
            if secs > 0.0 { planwright::geometry::distance(before.1, after.1) / secs } else { 0.0 }
        })
        .collect();
    Some(projected)
}

fn point_of([_, x, y]: Pose) -> Point {
    [x, y]
}

/// The crossing of a knot's normal that is nearest to the line, round segment `at`: segment, offset, share of the segment.
fn crossing(reference: &Reference, knot: usize, poses: &[Pose], at: usize) -> Option<(usize, f64, f64)> {
    let (origin, normal) = (reference.points[knot], reference.normals[knot]);
    let tangent = [normal[1], -normal[0]];
    let length_m = |segment: usize| {
        poses.get(segment + 1).map(|next| planwright::geometry::distance(point_of(poses[segment]), point_of(*next)))
    };
    let mut first = at;
    let mut back_m = 0.0;
    while first > 0 && back_m < BACK_M {
        first -= 1;
        back_m += length_m(first)?;
    }
    let mut best: Option<(usize, f64, f64)> = None;
    let mut passed_m = -back_m;
    for segment in first..poses.len() - 1 {
        // Poses may be sparse: the next piece counts however long this one is.
        if passed_m > AHEAD_M && segment > at + 1 {
            break;
        }
        passed_m += length_m(segment)?;
        let [a, b] = [poses[segment], poses[segment + 1]].map(point_of);
        let along = [a, b].map(|p| (p[0] - origin[0]) * tangent[0] + (p[1] - origin[1]) * tangent[1]);
        if !(along[0] <= 0.0 && along[1] > 0.0) {
            continue;
        }
        let share = along[0] / (along[0] - along[1]);
        let point = lerp(a, b, share);
        let offset_m = (point[0] - origin[0]) * normal[0] + (point[1] - origin[1]) * normal[1];
        if offset_m.abs() <= REACH_M && best.is_none_or(|(_, found, _)| offset_m.abs() < found.abs()) {
            best = Some((segment, offset_m, share));
        }
    }
    best
}

/// Poses of a drive along points at `full_mps` times the speed of the knot nearest to each; time 0 at the start.
pub fn poses_along(points: &[Point], points_per_knot: usize, speeds: &[f64], full_mps: f64) -> Vec<Pose> {
    let mut secs = 0.0;
    let mut poses = Vec::with_capacity(points.len());
    for (index, point) in points.iter().enumerate() {
        if let Some(before) = index.checked_sub(1).and_then(|before| points.get(before)) {
            let place = (index as f64 - 0.5) / points_per_knot as f64;
            let knot = (place as usize).min(speeds.len().saturating_sub(2));
            let share = (place - knot as f64).clamp(0.0, 1.0);
            let [from, to] = [knot, knot + 1].map(|knot| speeds.get(knot).copied().unwrap_or(1.0));
            secs += planwright::geometry::distance(*before, *point) / (full_mps * (from + share * (to - from)));
        }
        poses.push([secs, point[0], point[1]]);
    }
    poses
}

#[cfg(test)]
mod tests {
    use super::super::{CorridorSettings, problems};
    use super::*;
    use planwright::planner::corridor::{POINTS_PER_KNOT, path_points};

    #[test]
    fn offsets_and_speeds_of_a_drive_are_found_again() {
        let settings = CorridorSettings { goals: 1, starts: 2, seed: 4, ..CorridorSettings::usual() };
        let (mut points, mut square, mut knots) = (Vec::new(), 0.0, 0);
        for index in 0..14 {
            for problem in &problems(&settings, index).expect("a map").1 {
                let count = problem.reference.len();
                let wave = |knot: usize, scale: f64| scale * (knot as f64 * 0.3).sin();
                let offsets: Vec<f64> = (0..count)
                    .map(|knot| wave(knot, 0.2) * planwright::planner::corridor::end_share(knot, count))
                    .collect();
                let speeds: Vec<f64> = (0..count).map(|knot| 0.7 + wave(knot, 0.2)).collect();
                path_points(&problem.reference, &offsets, &mut points);
                let poses = poses_along(&points, POINTS_PER_KNOT, &speeds, 1.0);
                let Some(found) = project(&problem.reference, &poses) else { continue };
                knots += count;
                square += found.offsets.iter().zip(&offsets).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
                let middle = count / 2;
                assert!((found.speeds_mps[middle] - speeds[middle]).abs() < 0.06, "{index}");
            }
        }
        let rms_m = (square / knots as f64).sqrt();
        assert!(knots > 500 && rms_m < 0.01, "{rms_m} m over {knots} knots");
    }

    #[test]
    fn a_drive_of_another_way_is_none() {
        let mut reference = Reference::default();
        reference.follow(&[[0.0, 0.0], [6.0, 0.0]], 100);
        let detour = [[0.0, 0.0, 0.0], [3.0, 3.0, 2.5], [6.0, 6.0, 0.0]];
        assert_eq!(project(&reference, &detour), None);
        assert_eq!(project(&reference, &[]), None);
        let direct = [[0.0, 0.0, 0.0], [2.0, 3.0, 0.5], [4.0, 6.0, 0.0]];
        let found = project(&reference, &direct).expect("in the corridor");
        assert!((found.offsets[15] - 0.5).abs() < 1e-9 && (found.speeds_mps[7] - 1.52).abs() < 0.01, "{found:?}");
    }
}
