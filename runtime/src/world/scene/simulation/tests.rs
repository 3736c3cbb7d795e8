use super::*;
use crate::world::scene::{Look, Table};

fn ball(x: f64, y: f64, mass_kg: f64) -> Body {
    let shape = Shape::Ball { radius_m: 0.1 };
    Body { shape, position_m: [x, y], yaw_rad: 0.0, mass_kg, moves: true, look: Look::plain([0.5; 3]), lift_m: 0.0 }
}

fn scene(bodies: Vec<Body>) -> Scene {
    let look = Look::plain([0.5; 3]);
    Scene { bodies, table: Table { half_m: 1.0, friction: 0.3, rolling_mps2: 0.02, restitution: 0.8, look } }
}

fn push(speed_mps: f64) -> Push {
    Push { body: 0, direction_rad: 0.0, speed_mps }
}

#[test]
fn rapier_rolls_a_ball_as_the_closed_form_does() {
    let scene = scene(vec![ball(0.0, 0.0, 1.0)]);
    let free = Simulation::new().run(&scene, &push(0.7));
    // The same from the first step on in rapier.
    let mut simulation = Simulation::new();
    let start = Start { step: 0, ..Start::of(&scene, &push(0.7)).expect("it moves") };
    let mut world = simulation.begin(&scene, &push(0.7), &start);
    for step in 1..=STEPS {
        simulation.step(&mut world, &scene, &push(0.7), step);
        if step % STEPS_PER_FRAME == 0 {
            let [x, y, z] = world.bodies[simulation.bodies[0].expect("inserted")].translation().to_array();
            let [fx, ..] = free.bodies[0][step / STEPS_PER_FRAME];
            assert!((x - fx).abs() < 0.006 && y.abs() < 1e-4 && (z - 0.1).abs() < 1e-3, "{step}: {x} {fx} {z}");
        }
    }
}

#[test]
fn momentum_is_kept_in_a_head_on_hit_of_equal_balls() {
    let mut scene = scene(vec![ball(-0.4, 0.0, 2.0), ball(0.0, 0.0, 2.0)]);
    (scene.table.friction, scene.table.rolling_mps2) = (0.0, 0.0);
    let tracks = Simulation::new().run(&scene, &push(0.4));
    let speed = |body: usize| {
        f64::from(tracks.bodies[body][FRAMES][0] - tracks.bodies[body][FRAMES - 2][0]) / (2.0 * FRAME_SECS)
    };
    assert!((speed(0) + speed(1) - 0.4).abs() < 0.004, "{} {}", speed(0), speed(1));
    assert!((speed(1) - speed(0) - 0.8 * 0.4).abs() < 0.01, "{} {}", speed(0), speed(1));
}

#[test]
fn a_struck_ball_leaves_as_restitution_and_masses_say() {
    for (pushed, target, speed) in [(1.0, 1.0, 0.5), (1.0, 3.0, 0.2), (4.0, 1.0, 0.5), (2.0, 2.0, 1.5)] {
        let mut scene = scene(vec![ball(-0.3, 0.0, pushed), ball(0.0, 0.0, target)]);
        (scene.table.rolling_mps2, scene.table.friction) = (0.0, 0.0);
        let mut simulation = Simulation::new();
        let struck = simulation.struck(&scene, &push(speed), 1).expect("a contact");
        let expected = 1.8 * pushed / (pushed + target) * speed;
        assert!((struck[0] - expected).abs() < 0.02 * expected && struck[1].abs() < 0.002, "{struck:?} {expected}");
        let tracks = simulation.run(&scene, &push(speed));
        assert_eq!(tracks.struck_mps[1], Some(struck));
        assert_eq!(tracks.contacts.len(), 1);
        assert_eq!(tracks.contacts[0].bodies, [0, 1]);
        let secs = 0.1 / speed;
        assert!((tracks.contacts[0].secs - secs).abs() < 2.0 * STEP_SECS, "{} {secs}", tracks.contacts[0].secs);
    }
}

#[test]
fn a_ball_hit_off_centre_leaves_along_the_line_of_centres() {
    let mut scene = scene(vec![ball(-0.5, 0.1, 1.0), ball(0.0, 0.0, 1.0)]);
    scene.table.friction = 0.2;
    let struck = Simulation::new().struck(&scene, &push(0.5), 1).expect("a contact");
    // Centres are 0.1 m apart across the way and 0.2 m in all: 30 degrees. Friction of the balls turns it by less than 3.
    let angle = struck[1].atan2(struck[0]).to_degrees();
    assert!((angle + 30.0).abs() < 4.0, "{angle}");
}

#[test]
fn what_is_blocked_or_too_slow_never_arrives() {
    let mut scene = scene(vec![ball(-0.6, 0.0, 1.0), ball(0.0, 0.0, 1.0)]);
    assert!(Simulation::new().struck(&scene, &push(0.4), 1).is_some());
    assert!(Simulation::new().struck(&scene, &push(0.05), 1).is_none());
    let shape = Shape::Box { half_m: [0.02, 0.2, 0.1] };
    scene.bodies.push(Body { shape, moves: false, ..ball(-0.3, 0.0, 1.0) });
    for speed in [0.2, 0.4, 2.0] {
        assert!(Simulation::new().struck(&scene, &push(speed), 1).is_none());
        let tracks = Simulation::new().run(&scene, &push(speed));
        assert_eq!(tracks.contacts[0].bodies, [0, 2]);
        assert!(tracks.bodies[0].iter().all(|[x, ..]| *x < -0.41), "{:?}", tracks.bodies[0]);
        assert_eq!(tracks.bodies[1][FRAMES], [0.0, 0.0, 0.1]);
    }
}

#[test]
fn a_ball_at_rest_stays_at_rest_and_runs_are_equal() {
    let cylinder = Body { shape: Shape::Cylinder { radius_m: 0.1, half_height_m: 0.08 }, ..ball(0.5, 0.5, 2.0) };
    let scene = scene(vec![ball(-0.6, 0.1, 1.0), ball(0.0, 0.05, 1.0), ball(0.3, -0.5, 2.0), cylinder]);
    let mut simulation = Simulation::new();
    let tracks = simulation.run(&scene, &push(0.5));
    assert_eq!(tracks, simulation.run(&scene, &push(0.5)));
    assert_eq!(tracks, Simulation::new().run(&scene, &push(0.5)));
    for body in [2, 3] {
        assert!(tracks.bodies[body].iter().all(|place| *place == tracks.bodies[body][0]), "{body}");
    }
    assert!(tracks.bodies.iter().all(|track| track.len() == FRAMES + 1));
    assert!(tracks.rotations.iter().all(|track| track.len() == FRAMES + 1));
    // Awake, it does not creep either.
    let alone = self::scene(vec![ball(0.2, 0.3, 1.0)]);
    let start = Start { step: 0, free: None };
    let mut world = simulation.begin(&alone, &push(0.0), &start);
    for step in 1..=STEPS {
        simulation.step(&mut world, &alone, &push(0.0), step);
    }
    let [x, y, z] = world.bodies[simulation.bodies[0].expect("inserted")].translation().to_array();
    assert!((x - 0.2).abs() < 1e-5 && (y - 0.3).abs() < 1e-5 && (z - 0.1).abs() < 1e-3, "{x} {y} {z}");
}

#[test]
fn pushes_and_scenes_out_of_range_move_nothing() {
    let scene = scene(vec![ball(-0.6, 0.0, 1.0), ball(0.0, 0.0, 1.0)]);
    let mut simulation = Simulation::new();
    for wrong in [
        Push { body: 9, ..push(0.4) },
        push(f64::NAN),
        push(-1.0),
        push(0.0),
        Push { direction_rad: f64::INFINITY, ..push(0.4) },
    ] {
        let tracks = simulation.run(&scene, &wrong);
        assert!(tracks.contacts.is_empty() && tracks.bodies[0][FRAMES] == tracks.bodies[0][0]);
        assert_eq!(simulation.struck(&scene, &wrong, 1), None);
    }
    assert_eq!(simulation.struck(&scene, &push(0.4), 7), None);
    let mut broken = scene.clone();
    broken.bodies[1].mass_kg = f64::NAN;
    assert_eq!(simulation.struck(&broken, &push(0.4), 1), None);
}

/// A bob of finite size on a rod without mass: w^2 = g l / (l^2 + 2 r^2 / 5) for small swings.
#[test]
fn a_pendulum_swings_with_its_period_and_does_not_come_to_rest_where_it_turns() {
    let (rod_m, radius_m, speed_mps) = (0.9, 0.1, 0.3);
    let bob = Body { shape: Shape::Pendulum { radius_m, rod_m }, lift_m: 0.015, ..ball(0.0, 0.0, 2.0) };
    let tracks = Simulation::new().run(&scene(vec![bob]), &push(speed_mps));
    let rate = (GRAVITY_MPS2 * rod_m / (rod_m * rod_m + 0.4 * radius_m * radius_m)).sqrt();
    for (frame, place) in tracks.bodies[0].iter().enumerate() {
        let expected = speed_mps / rate * (rate * frame as f64 * FRAME_SECS).sin();
        let [x, y, z] = place.map(f64::from);
        assert!((x - expected).abs() < 0.006 && y.abs() < 1e-3, "{frame}: {x}, expected {expected}");
        let height = 0.115 + rod_m - (rod_m * rod_m - x * x).sqrt();
        assert!((z - height).abs() < 0.003, "{frame}: {z}, expected {height}");
    }
}

#[test]
fn a_pendulum_passes_its_momentum_on_to_an_equal_ball() {
    let bob = Body { shape: Shape::Pendulum { radius_m: 0.1, rod_m: 0.9 }, ..ball(0.0, 0.0, 1.0) };
    let scene = scene(vec![bob, ball(0.25, 0.0, 1.0)]);
    let tracks = Simulation::new().run(&scene, &push(0.5));
    let [x, y] = tracks.struck_mps[1].expect("a hit");
    // It has risen by 5 cm of way; (1 + 0.8) / 2 of the rest is passed on, and sliding takes a little.
    let striking = (0.5_f64.powi(2) - GRAVITY_MPS2 / 0.9 * 0.05 * 0.05).sqrt();
    assert!(y.abs() < 0.01 && (0.6..1.0).contains(&(x / (0.9 * striking))), "{x} {y}");
}
