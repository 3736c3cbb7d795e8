//! Outlines of a robot along a plan, for pictures.

use crate::world::{Footprint, Point, State};

/// Sides of the outline of a disc.
const DISC_SIDES: usize = 24;

/// The closed outline in a pose, without the padding.
fn outline(footprint: Footprint, pose: &State) -> Vec<Point> {
    match footprint {
        Footprint::Circle { radius_m } => circle(pose.position, radius_m),
        Footprint::Polygon(polygon) => {
            let corners = polygon.corners();
            corners.iter().chain(corners.first()).map(|corner| pose.in_frame(*corner)).collect()
        }
    }
}

/// A closed circle, as a polygon.
pub(super) fn circle([x, y]: Point, radius_m: f64) -> Vec<Point> {
    (0..=DISC_SIDES)
        .map(|index| (std::f64::consts::TAU * index as f64 / DISC_SIDES as f64).sin_cos())
        .map(|(sin, cos)| [x + radius_m * cos, y + radius_m * sin])
        .collect()
}

/// Outlines at the first pose, then about a robot's width apart, `most` of them at most, and at the last pose. Poses that
/// are not finite are left out.
pub(super) fn outlines(footprint: Footprint, poses: impl Iterator<Item = State>, most: usize) -> Vec<Vec<Point>> {
    let (mut apart, mut last): (Vec<State>, Option<State>) = (Vec::new(), None);
    for pose in poses.filter(State::is_finite) {
        last = Some(pose);
        let is_apart = |last: &State| last.distance(pose.position) >= 2.0 * footprint.inscribed_radius_m();
        if apart.last().is_none_or(is_apart) {
            apart.push(pose);
        }
    }
    let stride = apart.len().div_ceil(most.max(1)).max(1);
    let last = last.filter(|pose| apart.last() != Some(pose));
    apart.iter().step_by(stride).chain(&last).map(|pose| outline(footprint, pose)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Polygon;

    #[test]
    fn outlines_stand_at_their_headings_and_are_bounded() {
        let polygon = Polygon::new(&[[0.4, 0.2], [-0.2, 0.2], [-0.2, -0.2], [0.4, -0.2]], 0.05).expect("a polygon");
        let quarter = State::at_pose([1.0, 2.0], std::f64::consts::FRAC_PI_2);
        let lost = State::at_pose([f64::NAN, 2.0], 0.0);
        let drawn = outlines(Footprint::Polygon(polygon), [lost, quarter, quarter].into_iter(), 60);
        assert_eq!(drawn.len(), 1, "one that stands is drawn once");
        let corners = [[0.8, 2.4], [0.8, 1.8], [1.2, 1.8], [1.2, 2.4], [0.8, 2.4]];
        assert!(drawn[0].iter().zip(corners).all(|(a, b)| (a[0] - b[0]).hypot(a[1] - b[1]) < 1e-12), "{drawn:?}");
        let turned = State { heading_rad: 0.0, ..quarter };
        let drawn = outlines(Footprint::Polygon(polygon), [quarter, turned].into_iter(), 60);
        assert_eq!(drawn.len(), 2, "and where it has turned at the end");
        let along = (0..1000).map(|index| State::at_rest([0.1 * index as f64, 0.0]));
        let drawn = outlines(Footprint::Circle { radius_m: 0.1 }, along, 60);
        assert!((40..=61).contains(&drawn.len()), "{}", drawn.len());
        assert!(drawn.iter().flatten().zip(drawn[0].iter()).all(|(point, _)| point[1].abs() <= 0.1 + 1e-12));
    }
}
