use super::*;
use crate::world::scene::{Body, Camera, Light, Look, MAX_TILT_RAD, Pattern, Picture, Renderer, Scene, Shape, Table};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const SIZE: [usize; 2] = [64, 64];
const HALF_M: f64 = 0.5;

/// A look; no colour of it is nearer than .3 (sRGB) to a colour of `avoid`.
fn look(rng: &mut ChaCha8Rng, patterned: f64, contrast: f32, scale_m: [f64; 2], avoid: &[[f32; 3]]) -> Look {
    let far = |a: [f32; 3], b: [f32; 3]| (0..3).map(|axis| (a[axis] - b[axis]).powi(2)).sum::<f32>().sqrt() > 0.3;
    let mut colour = |near: Option<[f32; 3]>| loop {
        let draw: [f32; 3] = std::array::from_fn(|_| rng.random());
        let colour = match near {
            Some(near) => std::array::from_fn(|axis| (near[axis] + contrast * (draw[axis] - 0.5)).clamp(0.05, 0.95)),
            None => draw.map(|value| 0.05 + 0.9 * value),
        };
        if avoid.iter().all(|other| far(colour, *other)) {
            return colour;
        }
    };
    let first = colour(None);
    let second = colour(Some(first));
    let pattern = match rng.random::<f64>() / patterned {
        share if share < 0.33 => Pattern::Stripes,
        share if share < 0.66 => Pattern::Checks,
        share if share < 1.0 => Pattern::Noise,
        _ => Pattern::Plain,
    };
    let scale_m = scale_m[0] + (scale_m[1] - scale_m[0]) * rng.random::<f64>();
    Look { colour: first, second, pattern, scale_m }
}

/// Three to seven balls and up to three boxes, apart from each other in a top view.
pub(super) fn random_scene(rng: &mut ChaCha8Rng) -> Scene {
    let ground = look(rng, 0.6, 0.5, [0.05, 0.25], &[]);
    let avoid = if ground.pattern == Pattern::Plain { vec![ground.colour] } else { vec![ground.colour, ground.second] };
    let (balls, boxes) = (3 + rng.random_range(0..5), rng.random_range(0..4));
    let mut bodies: Vec<Body> = Vec::new();
    for _ in 0..2000 {
        let made = bodies.len();
        if made == balls + boxes {
            break;
        }
        let mut draw = |low: f64, high: f64| low + (high - low) * rng.random::<f64>();
        let shape = if made < boxes {
            Shape::Box { half_m: [draw(0.08, 0.16), draw(0.025, 0.05), draw(0.03, 0.07)] }
        } else {
            Shape::Ball { radius_m: draw(0.045, 0.085) }
        };
        let room = HALF_M - shape.outer_radius_m();
        let position_m = [draw(-room, room), draw(-room, room)];
        let yaw_rad = draw(0.0, 3.1);
        let apart = |other: &Body| {
            let off = [other.position_m[0] - position_m[0], other.position_m[1] - position_m[1]];
            off[0].hypot(off[1]) > other.shape.outer_radius_m() + shape.outer_radius_m() + 0.01
        };
        if bodies.iter().all(apart) {
            let look = look(rng, 0.3, 0.6, [0.02, 0.08], &avoid);
            bodies.push(Body { shape, position_m, yaw_rad, mass_kg: 1.0, moves: made >= boxes, look, lift_m: 0.0 });
        }
    }
    Scene { bodies, table: Table { half_m: HALF_M, friction: 0.3, rolling_mps2: 0.1, restitution: 0.9, look: ground } }
}

/// Figures of the segmentation of many scenes.
#[derive(Default)]
struct Tally {
    balls: usize,
    found: usize,
    round: usize,
    wrong: usize,
    centre_px: f64,
}

impl Tally {
    fn add(&mut self, scene: &Scene, picture: &Picture, camera: &Camera) {
        let detections = segment(&picture.rgb, SIZE).unwrap_or_default();
        let mut used = vec![false; detections.len()];
        for (id, body) in (0_u16..).zip(&scene.bodies) {
            let Shape::Ball { radius_m } = body.shape else { continue };
            let own = |pixel: &usize| picture.ids[*pixel] == id;
            let area = picture.ids.iter().filter(|seen| **seen == id).count();
            let (centre, radius) =
                camera.outline_of_ball([body.position_m[0], body.position_m[1], radius_m], radius_m).unwrap();
            // A ball of which less than 60% is seen does not count.
            if (area as f64) < 0.6 * std::f64::consts::PI * radius * radius {
                continue;
            }
            self.balls += 1;
            let overlap = |detection: &Detection| {
                let common = detection.pixels.iter().filter(|pixel| own(pixel)).count();
                common as f64 / (area + detection.pixels.len() - common) as f64
            };
            let found = detections.iter().position(|detection| detection.round && overlap(detection) > 0.5);
            let Some(index) = found else { continue };
            used[index] = true;
            self.found += 1;
            let [u, v] = detections[index].centre_px;
            self.centre_px += (u - centre[0]).hypot(v - centre[1]);
        }
        // A ball that does not count may be found all the same.
        let is_ball = |detection: &Detection| {
            let seen = |id: u16| detection.pixels.iter().filter(|pixel| picture.ids[**pixel] == id).count();
            (0_u16..)
                .zip(&scene.bodies)
                .any(|(id, body)| matches!(body.shape, Shape::Ball { .. }) && 2 * seen(id) > detection.pixels.len())
        };
        for (detection, used) in detections.iter().zip(&used) {
            if detection.round && (*used || !is_ball(detection)) {
                self.round += 1;
                self.wrong += usize::from(!used);
            }
        }
    }
}

/// A scene and its picture.
fn random_picture(seed: u64, renderer: &mut Renderer) -> (Scene, Camera, Picture) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let scene = random_scene(&mut rng);
    let light = Light::random(&mut rng);
    let camera = Camera::random(HALF_M, MAX_TILT_RAD, SIZE, seed).unwrap();
    let mut picture = Picture::default();
    renderer.render(&scene, &camera, &light, &mut picture);
    (scene, camera, picture)
}

#[test]
fn balls_of_random_scenes_are_found_and_boxes_are_none() {
    let (mut renderer, mut tally) = (Renderer::new(true), Tally::default());
    for seed in 1000..1060 {
        let (scene, camera, picture) = random_picture(seed, &mut renderer);
        tally.add(&scene, &picture, &camera);
    }
    let (recall, wrong) = (tally.found as f64 / tally.balls as f64, tally.wrong as f64 / tally.round as f64);
    assert!(recall > 0.94 && wrong < 0.06, "recall {recall}, {wrong} wrong");
    assert!(tally.centre_px / (tally.found as f64) < 0.3);
}

/// One body on a grey table in a tilted view.
fn alone(shape: Shape, position_m: [f64; 2]) -> (Camera, Picture) {
    let (colour, ground) = (Look::plain([0.8, 0.1, 0.1]), Look::plain([0.6; 3]));
    let body = Body { shape, position_m, yaw_rad: 0.5, mass_kg: 1.0, moves: true, look: colour, lift_m: 0.0 };
    let table = Table { half_m: HALF_M, friction: 0.3, rolling_mps2: 0.1, restitution: 0.9, look: ground };
    let camera = Camera::over_table(HALF_M, 0.8, 0.4, SIZE).unwrap();
    let mut picture = Picture::default();
    Renderer::new(true).render(&Scene { bodies: vec![body], table }, &camera, &Light::default(), &mut picture);
    (camera, picture)
}

#[test]
fn a_ball_is_located_where_it_lies_and_its_shadow_is_no_object() {
    for position_m in [[0.0, 0.0], [0.3, -0.2], [-0.25, 0.3]] {
        let (camera, picture) = alone(Shape::Ball { radius_m: 0.07 }, position_m);
        let detections = segment(&picture.rgb, SIZE).unwrap();
        assert_eq!(detections.len(), 1, "{detections:?}");
        let body = locate(&detections[0], &camera).unwrap();
        let off = (body.position_m[0] - position_m[0]).hypot(body.position_m[1] - position_m[1]);
        let Shape::Ball { radius_m } = body.shape else { panic!("{body:?}") };
        assert!(body.moves && off < 0.01 && (radius_m - 0.07).abs() < 0.008, "{body:?}, {off} m off");
        assert!(body.look.colour[0] > 2.0 * body.look.colour[1]);
    }
}

#[test]
fn a_box_is_one_obstacle_that_holds_its_footprint() {
    let (camera, picture) = alone(Shape::Box { half_m: [0.15, 0.05, 0.05] }, [0.1, 0.0]);
    let detections = segment(&picture.rgb, SIZE).unwrap();
    assert_eq!(detections.len(), 1, "{detections:?}");
    let body = locate(&detections[0], &camera).unwrap();
    let Shape::Box { half_m } = body.shape else { panic!("{body:?}") };
    assert!(!body.moves && half_m[0].max(half_m[1]) > 0.14 && half_m[0].min(half_m[1]) > 0.05, "{body:?}");
    assert!(half_m[0].max(half_m[1]) < 0.22, "{body:?}");
}

#[test]
fn a_picture_of_one_colour_has_no_object() {
    for level in [0, 128, 255] {
        assert_eq!(segment(&vec![level; 64 * 64 * 3], SIZE), Err(DetectError::NoObject));
    }
}

#[test]
fn a_buffer_of_another_size_is_refused() {
    let refused = |bytes: usize, size: [usize; 2]| {
        let expected = DetectError::Size { width: size[0], height: size[1], bytes };
        assert_eq!(segment(&vec![0; bytes], size), Err(expected));
    };
    refused(64 * 64 * 3 - 1, SIZE);
    refused(0, [0, 0]);
    refused(3 * 8 * 64, [8, 64]);
    refused(10, [usize::MAX, 2]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn random_bytes_end_in_detections_or_a_named_error(
        seed in any::<u64>(), width in 16_usize..70, height in 16_usize..70, levels in 1_u8..=255,
    ) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let rgb: Vec<u8> = (0..3 * width * height).map(|_| rng.random_range(0..=255_u8) / levels * levels).collect();
        if let Ok(detections) = segment(&rgb, [width, height]) {
            prop_assert!(!detections.is_empty() && detections.len() <= MAX_OBJECTS);
            prop_assert!(detections.iter().all(|one| one.radius_px.is_finite() && one.radius_px > 0.0));
        }
    }
}
