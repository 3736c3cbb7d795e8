use super::super::{Look, MAX_TILT_RAD, Pattern, Shape};
use super::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const SIZE: [usize; 2] = [64, 64];

fn body(shape: Shape, position_m: [f64; 2], look: Look) -> Body {
    Body { shape, position_m, yaw_rad: 0.6, mass_kg: 1.0, moves: true, look, lift_m: 0.0 }
}

fn scene(bodies: Vec<Body>, look: Look) -> Scene {
    Scene { bodies, table: Table { half_m: 0.5, friction: 0.3, rolling_mps2: 0.1, restitution: 0.9, look } }
}

fn picture(scene: &Scene, camera: &Camera, light: &Light, smooth: bool) -> Picture {
    let mut picture = Picture::default();
    Renderer::new(smooth).render(scene, camera, light, &mut picture);
    picture
}

fn grey() -> Look {
    Look::plain([0.6; 3])
}

fn red() -> Look {
    Look::plain([0.8, 0.1, 0.1])
}

/// Ten bodies of all shapes and patterns.
fn full_scene(seed: u64) -> Scene {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let patterns = [Pattern::Plain, Pattern::Stripes, Pattern::Checks, Pattern::Noise];
    let mut bodies = Vec::new();
    for index in 0..10_usize {
        let place = |cell: usize, shift: f64| -0.4 + 0.25 * cell as f64 + 0.04 * shift;
        let position_m = [place(index % 4, rng.random()), place(index / 4, rng.random())];
        let shape = match index % 3 {
            0 => Shape::Ball { radius_m: 0.06 },
            1 => Shape::Box { half_m: [0.08, 0.04, 0.05] },
            _ => Shape::Cylinder { radius_m: 0.05, half_height_m: 0.08 },
        };
        let (colour, second) = (std::array::from_fn(|_| rng.random()), std::array::from_fn(|_| rng.random()));
        bodies.push(body(shape, position_m, Look { colour, second, pattern: patterns[index % 4], scale_m: 0.03 }));
    }
    let pattern = patterns[seed as usize % 4];
    scene(bodies, Look { colour: [0.75, 0.65, 0.5], second: [0.55, 0.45, 0.35], pattern, scale_m: 0.1 })
}

#[test]
fn a_ball_covers_the_area_of_its_cone() {
    // A ball at angle a off the axis whose cone has half-angle h is seen as an ellipse with the semi-axes below.
    for (place, tilt, radius_m) in [([0.0, 0.0], 0.0, 0.2), ([0.2, 0.1], 0.0, 0.15), ([-0.15, 0.2], 1.0, 0.2)] {
        let camera = Camera::over_table(0.5, tilt, 0.3, [128, 128]).unwrap();
        let scene = scene(vec![body(Shape::Ball { radius_m }, place, red())], grey());
        let seen = picture(&scene, &camera, &Light::default(), false).ids.iter().filter(|id| **id == 0).count() as f64;
        let [x, y, z] = camera.from_world([place[0], place[1], radius_m]);
        let range = (x * x + y * y + z * z).sqrt();
        let (off, half) = ((z / range).acos(), (radius_m / range).asin());
        let long = 0.5 * ((off + half).tan() - (off - half).tan());
        let short = half.sin() / (off.cos().powi(2) - half.sin().powi(2)).sqrt();
        let expected = std::f64::consts::PI * long * short * camera.focal_px()[0].powi(2);
        assert!((seen / expected - 1.0).abs() < 0.05, "{seen} px, expected {expected:.1}");
    }
}

#[test]
fn a_shadow_falls_away_from_the_lamp() {
    let camera = Camera::over_table(0.5, 0.0, 0.0, SIZE).unwrap();
    let scene = scene(vec![body(Shape::Ball { radius_m: 0.1 }, [0.0, 0.0], red())], grey());
    for azimuth_rad in [0.0_f64, 1.1, 2.9, -2.0] {
        let light = Light { azimuth_rad, elevation_rad: 0.8, ..Light::default() };
        let picture = picture(&scene, &camera, &light, false);
        let (mut sum, mut count) = ([0.0, 0.0], 0.0);
        for index in 0..picture.ids.len() {
            let (u, v) = (index % 64, index / 64);
            if picture.ids[index] == NO_BODY && picture.at(u, v).unwrap()[1] < 130 {
                sum = [sum[0] + u as f64 - 31.5, sum[1] - (v as f64 - 31.5)];
                count += 1.0;
            }
        }
        assert!(count > 20.0, "{count} px of shadow");
        let away = -(sum[0] * azimuth_rad.cos() + sum[1] * azimuth_rad.sin()) / sum[0].hypot(sum[1]);
        assert!(away > 0.97, "cosine {away} at {azimuth_rad}");
    }
}

#[test]
fn a_level_table_in_full_light_has_the_colour_of_its_look() {
    let camera = Camera::over_table(0.5, 0.5, 0.0, SIZE).unwrap();
    let scene = scene(vec![], Look::plain([0.2, 0.5, 1.0]));
    let picture = picture(&scene, &camera, &Light::default(), true);
    assert!(picture.rgb.chunks(3).all(|rgb| rgb[0].abs_diff(51) < 2 && rgb[1].abs_diff(128) < 2 && rgb[2] > 253));
}

#[test]
fn what_is_seen_where_a_centre_projects_is_that_body_or_one_before_it() {
    for seed in 0..20 {
        let scene = full_scene(seed);
        let camera = Camera::random(0.5, MAX_TILT_RAD, SIZE, seed).unwrap();
        for smooth in [false, true] {
            let picture = picture(&scene, &camera, &Light::default(), smooth);
            let mut own = 0;
            for (id, body) in (0..).zip(&scene.bodies) {
                let centre = Placement::at_rest(body).centre_m;
                let pixel = camera.project(centre).unwrap();
                let seen = picture.ids[pixel[1] as usize * 64 + pixel[0] as usize];
                own += usize::from(seen == id);
                let depth = |at: &Body| camera.from_world(Placement::at_rest(at).centre_m)[2];
                let before = scene.bodies.get(usize::from(seen)).is_some_and(|other| depth(other) < depth(body));
                assert!(seen == id || before, "seed {seed}: body {id} is not seen at {pixel:?} but {seen}");
            }
            assert!(own >= 7, "seed {seed}: {own} of 10");
        }
    }
}

#[test]
fn a_renderer_that_is_used_again_makes_the_same_picture() {
    let mut renderer = Renderer::new(false);
    let (mut first, mut again) = (Picture::default(), Picture::default());
    let camera = Camera::over_table(0.5, 0.7, 0.2, SIZE).unwrap();
    let light = Light { noise: 0.02, ..Light::default() };
    renderer.render(&full_scene(1), &camera, &light, &mut first);
    renderer.render(&full_scene(2), &camera, &light, &mut again);
    assert_ne!(first, again);
    renderer.render(&full_scene(1), &camera, &light, &mut again);
    assert_eq!(first, again);
}

#[test]
fn a_body_at_another_centre_is_seen_there_and_one_that_is_nowhere_is_left_out() {
    let camera = Camera::over_table(0.5, 0.0, 0.0, SIZE).unwrap();
    let scene = scene(vec![body(Shape::Ball { radius_m: 0.05 }, [0.0, 0.0], red()); 3], grey());
    let (mut renderer, mut picture) = (Renderer::default(), Picture::default());
    let centres = [[0.3, 0.2, 0.05], [f64::NAN, 0.0, 0.05], [0.0, 0.0, 50.0]].into_iter();
    renderer.render_at(&scene, centres, &camera, &Light::default(), &mut picture);
    let pixel = camera.project([0.3, 0.2, 0.05]).unwrap();
    assert_eq!(picture.ids[pixel[1] as usize * 64 + pixel[0] as usize], 0);
    assert!(picture.ids.iter().all(|id| *id == 0 || *id == NO_BODY));
}

#[test]
fn a_domino_that_lies_is_longer_than_one_that_stands() {
    let camera = Camera::over_table(0.5, 0.0, 0.0, SIZE).unwrap();
    let domino = Body { yaw_rad: 0.0, ..body(Shape::Box { half_m: [0.02, 0.06, 0.15] }, [0.0, 0.0], red()) };
    let scene = scene(vec![domino], grey());
    let lying =
        Placement { centre_m: [0.0, 0.0, 0.02], world_from_body: [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]] };
    let mut picture = Picture::default();
    let width = |picture: &Picture| {
        let columns = (0..64).filter(|u| (0..64).any(|v| picture.ids[64 * v + u] == 0));
        columns.count()
    };
    let mut renderer = Renderer::default();
    renderer.render(&scene, &camera, &Light::default(), &mut picture);
    let standing = width(&picture);
    renderer.render_placed(&scene, &[lying], &camera, &Light::default(), &mut picture);
    assert!(width(&picture) > 3 * standing, "{} px, {standing} px", width(&picture));
}

#[test]
fn a_picture_written_as_png_is_read_back() {
    let camera = Camera::over_table(0.5, 0.3, 0.0, [20, 10]).unwrap();
    let picture = picture(&full_scene(0), &camera, &Light::default(), false);
    let mut bytes = Vec::new();
    picture.write_png(&mut bytes, 2).unwrap();
    let back = Picture::read_png(&bytes).unwrap();
    assert_eq!((back.width, back.height), (40, 20));
    assert_eq!(back.at(6, 2), picture.at(3, 1));
    for end in [0, 8, 30, bytes.len() / 2] {
        assert!(Picture::read_png(&bytes[..end]).is_err(), "{end}");
    }
    assert!(Picture::default().write_png(Vec::new(), 6).is_err());
    assert_eq!(picture.at(20, 0), None);
}
