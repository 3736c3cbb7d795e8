//! From a detection to a body on the table.

use super::{Detection, OrientedBox};
use crate::world::scene::{Body, Camera, Look, Shape};

/// Rounds of fitting a ball to its outline.
const ROUNDS: usize = 12;
/// Mass of a body that no mass is given for, kg: the middle of the training's range.
pub const USUAL_MASS_KG: f64 = 2.5;

/// The body that a detection shows: a ball on the table that can move, or a box that cannot.
///
/// A ball's centre and radius are those whose outline is the detected circle. A box stands where its pixels' rays meet
/// the table: in a tilted view that is its footprint and what it hides behind it, so that it is never taken for smaller.
/// Of an object that reaches above the horizon the pixels below it count, and a round one is an obstacle there. `None`
/// where no pixel's ray meets the table.
pub fn locate(detection: &Detection, camera: &Camera) -> Option<Body> {
    let look = Look::plain(detection.colour);
    if let Some((position_m, radius_m)) = detection.round.then(|| ball(detection, camera)).flatten() {
        let shape = Shape::Ball { radius_m };
        return Some(Body { shape, position_m, yaw_rad: 0.0, mass_kg: USUAL_MASS_KG, moves: true, look, lift_m: 0.0 });
    }
    let corner = |pixel: &usize| {
        let (u, v) = ((pixel % camera.width()) as f64 + 0.5, (pixel / camera.width()) as f64 + 0.5);
        camera.on_plane([u, v], 0.0)
    };
    let points: Vec<[f64; 2]> = detection.pixels.iter().filter_map(corner).collect();
    // The size of a pixel in its middle; of what has that above the horizon, in its lowest row.
    let lowest = detection.pixels.last().map(|pixel| pixel / camera.width())?;
    let width_m = |[u, v]: [f64; 2]| {
        let (one, next) = (camera.on_plane([u, v], 0.0)?, camera.on_plane([u + 1.0, v], 0.0)?);
        Some((next[0] - one[0]).hypot(next[1] - one[1]))
    };
    let [u, v] = detection.centre_px;
    let pixel_m = width_m([u, v]).or_else(|| width_m([u, lowest as f64 + 0.5]))?;
    let OrientedBox { centre, half, angle_rad } = OrientedBox::padded(points.iter().copied(), 0.5 * pixel_m);
    let shape = Shape::Box { half_m: [half[0], half[1], half[0].min(half[1])] };
    Some(Body {
        shape,
        position_m: centre,
        yaw_rad: angle_rad,
        mass_kg: USUAL_MASS_KG,
        moves: false,
        look,
        lift_m: 0.0,
    })
}

/// Centre on the table and radius of the ball whose outline is a circle of the picture.
fn ball(detection: &Detection, camera: &Camera) -> Option<([f64; 2], f64)> {
    let seen = detection.centre_px;
    let mut aim = seen;
    let mut radius_m = 0.0;
    let mut position_m = camera.on_plane(aim, radius_m)?;
    for _ in 0..ROUNDS {
        if radius_m == 0.0 {
            let [x, y, z] = camera.from_world([position_m[0], position_m[1], 0.0]);
            radius_m = detection.radius_px / camera.focal_px()[0] * x.hypot(y).hypot(z);
        }
        let (centre_px, radius_px) = camera.outline_of_ball([position_m[0], position_m[1], radius_m], radius_m)?;
        aim = [aim[0] + seen[0] - centre_px[0], aim[1] + seen[1] - centre_px[1]];
        radius_m *= (detection.radius_px / radius_px).clamp(0.5, 2.0);
        position_m = camera.on_plane(aim, radius_m)?;
    }
    (radius_m.is_finite() && position_m.iter().all(|value| value.is_finite())).then_some((position_m, radius_m))
}
