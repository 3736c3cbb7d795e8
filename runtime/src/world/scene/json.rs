//! A scene with its motion as JSON in the terms of the published files.
//!
//! Angles are degrees in the picture, 0 to the right and 90 up; coordinates are pixels with the origin at the bottom left;
//! magnitudes lie in 30 to 400; -1 marks what is not given.

use super::{Camera, FRAME_SECS, Generated};
use serde_json::{Map, Value, json};

/// Distractors of a published row.
const DISTRACTORS: usize = 8;
/// Range of the published magnitudes.
const MAGNITUDES: [f64; 2] = [30.0, 400.0];
/// The speed that the largest magnitude stands for, m/s: that of the fastest push.
const LARGEST_MPS: f64 = super::generate::MAX_PUSH_MPS;
/// The largest published wind, and the speed that it stands for, m/s: that of the strongest wind of the generated scenes.
const LARGEST_WIND: f64 = 15_000.0;
const LARGEST_WIND_MPS: f64 = super::generate::MAX_WIND_MPS;
/// What is not given.
const NONE: f64 = -1.0;

/// The scene and its tracks as a camera sees them; what is behind the camera is not given.
///
/// `projectile_force_magnitude` and `target_indirect_force_magnitude` are speeds right after the push and 0.1 s after the
/// hit, 30 to 400 for 0 to 2 m/s; the same in m/s is under `push` and `goal`. `wind_speed` is 0 to 15000 for 0 to 0.8 m/s, and
/// `wind_angle` the wind's direction in the picture at the table's middle; in m/s and on the table it is under `wind`.
pub fn published(made: &Generated, camera: &Camera) -> Value {
    let flipped = |point: [f64; 3]| {
        let seen = camera.project(point);
        seen.map_or([NONE; 2], |[x, y]| [x, camera.height() as f64 - y])
    };
    let bodies = &made.scene.bodies;
    let mut row = Map::new();
    let mut put = |name: &str, value: f64| row.insert(name.to_owned(), json!(value));
    let seen_angle = |body: usize, direction_rad: f64| {
        let seen = camera.direction_px(bodies[body].centre_m(), direction_rad);
        seen.map_or(NONE, |(_, angle_rad)| angle_rad.to_degrees().rem_euclid(360.0))
    };
    let mut force = |prefix: &str, kind: &str, motion: Option<(usize, f64, f64)>| {
        let known = motion.filter(|(body, ..)| *body < bodies.len());
        let (angle, magnitude) =
            known.map_or((NONE, NONE), |(body, direction, speed)| (seen_angle(body, direction), magnitude(speed)));
        put(&format!("{prefix}_{kind}_angle"), angle);
        put(&format!("{prefix}_{kind}_magnitude"), magnitude);
        let ([x, y], mass) =
            known.map_or(([NONE; 2], NONE), |(body, ..)| (flipped(bodies[body].centre_m()), bodies[body].mass_kg));
        put(&format!("{prefix}_coordx"), x);
        put(&format!("{prefix}_coordy"), y);
        put(&format!("{prefix}_mass"), mass);
    };
    let push = made.wind.is_none().then_some(&made.push);
    force("projectile", "force", push.map(|push| (push.body, push.direction_rad, push.speed_mps)));
    force("target", "indirect_force", made.goal.map(|goal| (goal.body, goal.direction_rad, goal.speed_mps)));
    // Slots are those of the bodies that can move but the projectile; the target's own stays empty. Published rows of plants and
    // flags have none.
    let others =
        (0..bodies.len()).filter(|body| made.kind.has_goals() && bodies[*body].moves && *body != made.push.body);
    let mut slots = others.map(Some).chain(std::iter::repeat(None));
    for slot in 0..DISTRACTORS {
        let body = slots.next().flatten().filter(|body| made.goal.is_none_or(|goal| goal.body != *body));
        let ([x, y], mass) =
            body.map_or(([NONE; 2], NONE), |body| (flipped(bodies[body].centre_m()), bodies[body].mass_kg));
        put(&format!("distractor_{slot}_mass"), mass);
        put(&format!("distractor_{slot}_coordx"), x);
        put(&format!("distractor_{slot}_coordy"), y);
    }
    let wind = made.wind.and_then(|wind| {
        let (_, angle_rad) = camera.direction_px([0.0; 3], wind.direction_rad)?;
        Some([angle_rad.to_degrees().rem_euclid(360.0), LARGEST_WIND * wind.speed_mps / LARGEST_WIND_MPS])
    });
    let [angle, speed] = wind.unwrap_or([NONE; 2]);
    row.insert("wind_angle".to_owned(), json!(angle));
    row.insert("wind_speed".to_owned(), json!(speed));
    let track = |track: &Vec<[f32; 3]>| -> Value {
        let point = |place: &[f32; 3]| {
            let [x, y] = flipped(place.map(f64::from));
            json!({ "metres": place, "coordx": x, "coordy": y })
        };
        track.iter().map(point).collect()
    };
    row.insert("width".to_owned(), json!(camera.width()));
    row.insert("height".to_owned(), json!(camera.height()));
    row.insert("caption".to_owned(), json!(""));
    row.insert("kind".to_owned(), json!(made.kind));
    row.insert("seed".to_owned(), json!(made.seed));
    row.insert("wind".to_owned(), json!(made.wind));
    row.insert("push".to_owned(), json!(made.push));
    row.insert("goal".to_owned(), json!(made.goal));
    row.insert("frame_secs".to_owned(), json!(FRAME_SECS));
    row.insert("scene".to_owned(), json!(made.scene));
    row.insert("contacts".to_owned(), json!(made.tracks.contacts));
    row.insert("struck_mps".to_owned(), json!(made.tracks.struck_mps));
    row.insert("tracks".to_owned(), made.tracks.bodies.iter().map(track).collect());
    Value::Object(row)
}

/// A speed as a published magnitude.
fn magnitude(speed_mps: f64) -> f64 {
    MAGNITUDES[0] + (MAGNITUDES[1] - MAGNITUDES[0]) * (speed_mps / LARGEST_MPS).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::super::{FRAMES, Kind, generate};
    use super::*;

    #[test]
    fn a_scene_in_a_wind_has_the_published_columns_and_no_force() {
        let made = generate(Kind::Wind, 3, false);
        let camera = Camera::over_table(1.0, 0.0, 0.0, [200, 200]).expect("a camera");
        let value = published(&made, &camera);
        let wind = made.wind.expect("a wind");
        let number = |name: &str| value[name].as_f64().unwrap_or_else(|| panic!("no {name}"));
        assert_eq!([number("projectile_force_angle"), number("target_mass")], [NONE; 2]);
        let turned = number("wind_angle") - wind.direction_rad.to_degrees();
        assert!(((turned + 180.0).rem_euclid(360.0) - 180.0).abs() < 1e-6);
        assert!((number("wind_speed") - 15_000.0 * wind.speed_mps / 0.8).abs() < 1e-6);
        assert_eq!(number("distractor_0_mass"), NONE);
        assert_eq!(published(&generate(Kind::Balls, 3, false), &camera)["wind_angle"], json!(NONE));
    }

    #[test]
    fn a_scene_has_the_published_columns_with_the_origin_at_the_bottom_left() {
        let made =
            (0..).map(|seed| generate(Kind::Blocked, seed, false)).find(|made| made.goal.is_some()).expect("one");
        let camera = Camera::over_table(1.0, 0.0, 0.0, [200, 200]).expect("a camera");
        let value = published(&made, &camera);
        let number = |name: &str| value[name].as_f64().unwrap_or_else(|| panic!("no {name}"));
        let goal = made.goal.expect("a goal");
        let near = |a: f64, b: f64| (a - b).abs() < 1e-6;
        // From above angles are those on the table.
        let turned = |a: f64, b: f64| ((a - b.to_degrees() + 180.0).rem_euclid(360.0) - 180.0).abs() < 1e-3;
        assert!(turned(number("projectile_force_angle"), made.push.direction_rad));
        assert!(turned(number("target_indirect_force_angle"), goal.direction_rad));
        assert!((30.0..=400.0).contains(&number("projectile_force_magnitude")));
        let target = made.scene.bodies[goal.body];
        let [x, y] = camera.project(target.centre_m()).expect("in view");
        assert!(near(number("target_coordx"), x) && near(number("target_coordy"), 200.0 - y));
        // The origin is at the bottom left: what lies farther up in a top view has the larger coordinate.
        assert_eq!(target.position_m[1] > 0.0, number("target_coordy") > 100.0);
        assert!(near(number("target_mass"), target.mass_kg));
        let shown = (0..DISTRACTORS).filter(|slot| number(&format!("distractor_{slot}_mass")) > 0.0).count();
        assert_eq!(shown, made.scene.bodies.iter().filter(|body| body.moves).count() - 2);
        assert_eq!(value["tracks"].as_array().map(Vec::len), Some(made.scene.bodies.len()));
        assert_eq!(value["tracks"][0].as_array().map(Vec::len), Some(FRAMES + 1));
    }
}
