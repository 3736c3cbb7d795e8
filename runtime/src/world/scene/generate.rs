//! Random scenes from a seed: tables with balls, rows and misses among them, with or without obstacles.
//!
//! Forces follow the published rule (thesis 4.4): the smallest push that reaches the target within 2.5 to 4.5 s, made 1.2 to
//! 1.6 times as fast; half of the pushes aim at the middle of the angles that hit, half anywhere among them.

use super::{Body, Goal, Look, Pattern, Push, Scene, Shape, Simulation, Table, Tracks};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::{PI, TAU};

/// Half of the side of the square in which bodies lie, metres.
const HALF_M: f64 = 1.0;
/// Radii of balls, metres.
const RADIUS_M: [f64; 2] = [0.09, 0.16];
/// Masses of balls, kg.
const MASS_KG: [f64; 2] = [1.0, 4.0];
/// Least gap between bodies, metres.
const GAP_M: f64 = 0.04;
/// Tries to place a body before the scene is taken as it is.
const TRIES: usize = 60;
/// Scenes tried for one seed.
const SCENES: usize = 40;
/// A struck target slower than this is no goal, m/s.
const LEAST_GOAL_MPS: f64 = 0.06;
/// A ball that is pushed rolls at this share of its speed soon after.
const ROLLING_SHARE: f64 = 5.0 / 7.0;
/// Colours of bodies in training, sRGB.
const COLOURS: [[f32; 3]; 12] = [
    [0.85, 0.10, 0.12],
    [0.10, 0.35, 0.85],
    [0.12, 0.60, 0.20],
    [0.95, 0.80, 0.10],
    [0.55, 0.15, 0.65],
    [0.95, 0.95, 0.95],
    [0.08, 0.08, 0.10],
    [0.10, 0.70, 0.75],
    [0.95, 0.45, 0.65],
    [0.55, 0.85, 0.25],
    [0.30, 0.20, 0.75],
    [0.70, 0.75, 0.80],
];
/// Colours of obstacles in training: what is not brown or orange.
const OBSTACLE_HUES: [f64; 2] = [70.0, 380.0];
/// Hues that obstacles of the benchmark have and those of training have not, degrees.
const HELD_OUT_HUES: [f64; 2] = [22.0, 58.0];

/// What a scene is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Balls alone
    Balls,
    /// Balls with obstacles that bar some of them from the target
    Blocked,
}

/// A scene, its push, and what comes of it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Generated {
    /// The seed.
    pub seed: u64,
    /// The kind.
    pub kind: Kind,
    /// The scene at rest.
    pub scene: Scene,
    /// The push.
    pub push: Push,
    /// What the push was made for, as the simulation shows it; `None` where the target is missed.
    pub goal: Option<Goal>,
    /// The motion.
    pub tracks: Tracks,
}

/// The scene of a seed. `held_out` takes obstacles of shapes and colours that do not occur otherwise: long bars, thin walls
/// and angles in browns and oranges, where training has cubes and cylinders of other hues.
pub fn generate(kind: Kind, seed: u64, held_out: bool) -> Generated {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut simulation = Simulation::new();
    let misses = rng.random::<f64>() < 0.2;
    let mut last = None;
    for _ in 0..SCENES {
        let (scene, push, target) = draft(kind, misses, held_out, &mut rng);
        let tracks = simulation.run(&scene, &push);
        let struck = tracks.struck_mps.get(target).copied().flatten();
        let goal = struck.map(|velocity| Goal {
            body: target,
            direction_rad: velocity[1].atan2(velocity[0]),
            speed_mps: velocity[0].hypot(velocity[1]),
        });
        let goal = goal.filter(|goal| goal.speed_mps >= LEAST_GOAL_MPS);
        let fits = if misses { tracks.contacts.is_empty() } else { goal.is_some() };
        let goal = if misses { None } else { goal };
        last = Some(Generated { seed, kind, scene, push, goal, tracks });
        if fits {
            break;
        }
    }
    // A constant of at least one scene.
    last.unwrap_or_else(|| unreachable!("at least one scene is drafted"))
}

/// A scene with a push: what is pushed, and the target.
fn draft(kind: Kind, misses: bool, held_out: bool, rng: &mut ChaCha8Rng) -> (Scene, Push, usize) {
    let table = table(rng);
    let count = if misses { rng.random_range(3..=5) } else { rng.random_range(3..=9) };
    let mut colours: Vec<usize> = (0..COLOURS.len()).collect();
    let ground = colours.swap_remove(rng.random_range(0..colours.len()));
    let mut scene = Scene { bodies: Vec::new(), table: Table { look: ground_look(COLOURS[ground], rng), ..table } };
    let row = !misses && rng.random::<f64>() < 0.1;
    for index in 0..count {
        let look = ball_look(COLOURS[colours[rng.random_range(0..colours.len())]], rng);
        let shape = Shape::Ball { radius_m: rng.random_range(RADIUS_M[0]..RADIUS_M[1]) };
        let mass_kg = rng.random_range(MASS_KG[0]..MASS_KG[1]);
        let body = Body { shape, position_m: [0.0; 2], yaw_rad: 0.0, mass_kg, moves: true, look };
        let beside = (row && (2..4).contains(&index)).then(|| scene.bodies[index - 1]);
        place(&mut scene, body, beside, rng);
    }
    let target = 0;
    let pushed = 1.min(scene.bodies.len() - 1);
    if kind == Kind::Blocked {
        obstacles(&mut scene, target, pushed, held_out, rng);
    }
    let push = aimed(&scene, pushed, target, misses, rng);
    (scene, push, target)
}

fn table(rng: &mut impl Rng) -> Table {
    Table {
        half_m: HALF_M,
        friction: rng.random_range(0.2..0.6),
        rolling_mps2: rng.random_range(0.005..0.04),
        restitution: rng.random_range(0.6..0.95),
        look: Look::plain([0.5; 3]),
    }
}

/// The ground is duller than what lies on it, and of another colour.
fn ground_look(colour: [f32; 3], rng: &mut impl Rng) -> Look {
    let dull = rng.random_range(0.35..0.75);
    let grey = rng.random_range(0.35..0.7);
    let mixed = colour.map(|value| dull * grey + (1.0 - dull) * value);
    let pattern = [Pattern::Plain, Pattern::Noise, Pattern::Noise, Pattern::Checks][rng.random_range(0..4)];
    let contrast = rng.random_range(0.02..0.10);
    Look {
        colour: mixed,
        second: mixed.map(|value| (value - contrast).max(0.0)),
        pattern,
        scale_m: rng.random_range(0.05..0.4),
    }
}

fn ball_look(colour: [f32; 3], rng: &mut impl Rng) -> Look {
    let vary = |value: f32, rng: &mut dyn FnMut() -> f32| (value + 0.16 * rng() - 0.08).clamp(0.0, 1.0);
    let mut draw = || rng.random::<f32>();
    let colour = colour.map(|value| vary(value, &mut draw));
    let patterned = draw() < 0.3;
    let second = colour.map(|value| if value > 0.5 { value - 0.25 } else { value + 0.25 });
    let pattern = match (patterned, draw() < 0.5) {
        (false, _) => Pattern::Plain,
        (true, true) => Pattern::Stripes,
        (true, false) => Pattern::Checks,
    };
    Look { colour, second, pattern, scale_m: f64::from(0.05 + 0.08 * draw()) }
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// Whether a body lies clear of all others and on the table.
fn is_clear(scene: &Scene, body: &Body) -> bool {
    let own = body.shape.outer_radius_m();
    let inside = body.position_m.iter().all(|value| value.abs() + own <= HALF_M);
    inside
        && scene
            .bodies
            .iter()
            .all(|other| distance(other.position_m, body.position_m) >= own + other.shape.outer_radius_m() + GAP_M)
}

/// Adds a body where it lies clear, if such a place is found: anywhere, or behind another one in a row.
fn place(scene: &mut Scene, mut body: Body, beside: Option<Body>, rng: &mut impl Rng) {
    for _ in 0..TRIES {
        body.position_m = match beside {
            Some(other) => {
                let (sin, cos) = (TAU * rng.random::<f64>()).sin_cos();
                let apart = body.shape.outer_radius_m() + other.shape.outer_radius_m() + rng.random_range(GAP_M..0.25);
                [other.position_m[0] + apart * cos, other.position_m[1] + apart * sin]
            }
            None => [rng.random_range(-HALF_M..HALF_M), rng.random_range(-HALF_M..HALF_M)],
        };
        if is_clear(scene, &body) {
            scene.bodies.push(body);
            return;
        }
    }
    // The first two must be there: target and what is pushed.
    if scene.bodies.len() < 2 {
        body.position_m = if scene.bodies.is_empty() { [0.3, 0.3] } else { [-0.5, -0.5] };
        scene.bodies.push(body);
    }
}

/// Obstacles across the straight ways of some balls to the target, but not of what is pushed.
fn obstacles(scene: &mut Scene, target: usize, pushed: usize, held_out: bool, rng: &mut impl Rng) {
    let goal = scene.bodies[target];
    let others: Vec<usize> = (0..scene.bodies.len()).filter(|body| *body != target && *body != pushed).collect();
    for body in others {
        if rng.random::<f64>() < 0.35 {
            continue;
        }
        let from = scene.bodies[body];
        let apart = distance(from.position_m, goal.position_m);
        let direction = direction(from.position_m, goal.position_m);
        for _ in 0..TRIES / 4 {
            let share = rng.random_range(0.3..0.7);
            let middle = [0, 1].map(|axis| {
                from.position_m[axis]
                    + share * (goal.position_m[axis] - from.position_m[axis])
                    + rng.random_range(-0.03..0.03)
            });
            let across = direction + PI / 2.0 + rng.random_range(-0.4..0.4);
            let parts = if held_out {
                held_out_obstacle(middle, across, apart, rng)
            } else {
                obstacle(middle, across, apart, rng)
            };
            let clear = parts.iter().all(|part| is_clear(scene, part) || is_narrowly_clear(scene, part));
            let open = parts.iter().all(|part| !is_across(part, &scene.bodies[pushed], &goal));
            if clear && open {
                scene.bodies.extend(parts);
                break;
            }
        }
    }
}

fn direction(from: [f64; 2], to: [f64; 2]) -> f64 {
    (to[1] - from[1]).atan2(to[0] - from[0])
}

/// A long box is clear of circles beside it although its outer circle is not.
fn is_narrowly_clear(scene: &Scene, part: &Body) -> bool {
    let Shape::Box { half_m } = part.shape else { return false };
    let (sin, cos) = part.yaw_rad.sin_cos();
    let inside = part.position_m.iter().all(|value| value.abs() <= HALF_M);
    inside
        && scene.bodies.iter().all(|other| {
            let off = [0, 1].map(|axis| other.position_m[axis] - part.position_m[axis]);
            let local = [off[0] * cos + off[1] * sin, -off[0] * sin + off[1] * cos];
            let gap = [0, 1].map(|axis: usize| (local[axis].abs() - half_m[axis]).max(0.0));
            gap[0].hypot(gap[1]) >= other.shape.outer_radius_m() + GAP_M
        })
}

/// Whether an obstacle bars the straight way between two balls.
fn is_across(part: &Body, from: &Body, to: &Body) -> bool {
    let (a, b) = (from.position_m, to.position_m);
    let length = distance(a, b).max(1e-9);
    let along = [(b[0] - a[0]) / length, (b[1] - a[1]) / length];
    let off = [part.position_m[0] - a[0], part.position_m[1] - a[1]];
    let place = (off[0] * along[0] + off[1] * along[1]).clamp(0.0, length);
    let nearest = [a[0] + place * along[0], a[1] + place * along[1]];
    let room = part.shape.outer_radius_m() + from.shape.outer_radius_m().max(to.shape.outer_radius_m());
    distance(nearest, part.position_m) < room
}

fn obstacle_look(hues: [f64; 2], rng: &mut impl Rng) -> Look {
    let hue = rng.random_range(hues[0]..hues[1]).rem_euclid(360.0);
    let colour = rgb(hue, rng.random_range(0.35..0.95), rng.random_range(0.3..0.9));
    Look::plain(colour)
}

/// sRGB of hue in degrees, saturation and value.
fn rgb(hue: f64, saturation: f64, value: f64) -> [f32; 3] {
    [5.0, 3.0, 1.0].map(|offset: f64| {
        let k = (offset + hue / 60.0).rem_euclid(6.0);
        (value - value * saturation * k.min(4.0 - k).clamp(0.0, 1.0)) as f32
    })
}

fn fixed(shape: Shape, position_m: [f64; 2], yaw_rad: f64, look: Look) -> Body {
    Body { shape, position_m, yaw_rad, mass_kg: 5.0, moves: false, look }
}

/// A cube or a cylinder.
fn obstacle(middle: [f64; 2], across: f64, apart: f64, rng: &mut impl Rng) -> Vec<Body> {
    let look = obstacle_look(OBSTACLE_HUES, rng);
    let size = rng.random_range(0.09_f64..0.17).min(0.3 * apart);
    let height = rng.random_range(0.05..0.16);
    let shape = if rng.random() {
        Shape::Box { half_m: [size, size * rng.random_range(0.7..1.0), height] }
    } else {
        Shape::Cylinder { radius_m: size, half_height_m: height }
    };
    vec![fixed(shape, middle, across, look)]
}

/// A bar, a thin wall, or an angle of two bars.
fn held_out_obstacle(middle: [f64; 2], across: f64, apart: f64, rng: &mut impl Rng) -> Vec<Body> {
    let look = obstacle_look(HELD_OUT_HUES, rng);
    let half = rng.random_range(0.16_f64..0.28).min(0.5 * apart);
    let height = rng.random_range(0.05..0.14);
    let bar = |half: f64, thick: f64| Shape::Box { half_m: [half, thick, height] };
    match rng.random_range(0..3) {
        0 => vec![fixed(bar(half, 0.045), middle, across, look)],
        1 => vec![fixed(bar(half, 0.02), middle, across, look)],
        _ => {
            let (sin, cos) = across.sin_cos();
            let (arm, thick) = (0.6 * half, 0.03);
            // The second bar begins where the first one ends, at a right angle.
            let corner = [middle[0] + (half - thick) * cos, middle[1] + (half - thick) * sin];
            let end = [corner[0] - (arm + thick) * sin, corner[1] + (arm + thick) * cos];
            vec![fixed(bar(half, thick), middle, across, look), fixed(bar(arm, thick), end, across + PI / 2.0, look)]
        }
    }
}

/// A push of one ball at another, or past all of them.
fn aimed(scene: &Scene, pushed: usize, target: usize, misses: bool, rng: &mut impl Rng) -> Push {
    let (from, to) = (&scene.bodies[pushed], &scene.bodies[target]);
    let apart = distance(from.position_m, to.position_m);
    let reach = from.shape.outer_radius_m() + to.shape.outer_radius_m();
    let straight = direction(from.position_m, to.position_m);
    let window = (reach / apart).min(1.0).asin();
    let direction_rad = match (misses, rng.random::<bool>()) {
        (true, _) => TAU * rng.random::<f64>() - PI,
        (false, true) => straight,
        (false, false) => straight + 0.9 * window * rng.random_range(-1.0..1.0),
    };
    let secs = rng.random_range(2.5..4.5);
    let way = (apart - reach).max(0.05);
    // Rolling with a constant deceleration a: way = v T - a T^2 / 2; the ball must not have stopped before.
    let slower = scene.table.rolling_mps2;
    let rolling = (way / secs + 0.5 * slower * secs).max((2.0 * slower * way).sqrt());
    let speed_mps = rolling / ROLLING_SHARE * rng.random_range(1.2..1.6);
    Push { body: pushed, direction_rad, speed_mps }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_scene_and_others_give_others() {
        let [a, again, other] = [3, 3, 4].map(|seed| generate(Kind::Blocked, seed, false));
        assert_eq!(a, again);
        assert_ne!(a.scene, other.scene);
    }

    #[test]
    fn most_scenes_have_a_goal_and_none_has_bodies_inside_others() {
        let mut goals = 0;
        for seed in 0..120 {
            let kind = if seed % 2 == 0 { Kind::Balls } else { Kind::Blocked };
            let made = generate(kind, seed, seed % 4 == 1);
            goals += usize::from(made.goal.is_some());
            let balls: Vec<&Body> = made.scene.bodies.iter().filter(|body| body.moves).collect();
            assert!((2..=9).contains(&balls.len()));
            for (index, a) in balls.iter().enumerate() {
                for b in &balls[..index] {
                    let room = a.shape.outer_radius_m() + b.shape.outer_radius_m();
                    assert!(distance(a.position_m, b.position_m) > room, "{seed}");
                }
            }
            assert!(made.tracks.bodies.iter().flatten().flatten().all(|value| value.is_finite()));
        }
        assert!((80..=112).contains(&goals), "{goals}");
    }

    #[test]
    fn targets_are_reached_within_the_published_times() {
        let mut times: Vec<f64> = (0..60)
            .map(|seed| generate(Kind::Balls, seed, false))
            .filter(|made| made.goal.is_some())
            .filter_map(|made| made.tracks.contacts.first().map(|contact| contact.secs))
            .collect();
        times.sort_by(f64::total_cmp);
        // 2.5 to 4.5 s, divided by 1.2 to 1.6; off-centre hits and nearer balls come sooner.
        let middle = times[times.len() / 2];
        assert!((1.4..3.4).contains(&middle), "{middle}");
    }

    #[test]
    fn shapes_and_colours_of_the_benchmark_do_not_occur_in_training() {
        let fixed = |held_out: bool| -> Vec<Body> {
            let all = (0..150).map(|seed| generate(Kind::Blocked, seed, held_out).scene.bodies);
            all.flatten().filter(|body| !body.moves).collect()
        };
        let slender = |body: &Body| match body.shape {
            Shape::Box { half_m } => half_m[0] > 2.0 * half_m[1],
            _ => false,
        };
        let brown = |body: &Body| {
            let [r, g, b] = body.look.colour;
            r > g && g > b && (g - b) / (r - b) > 0.3 && (g - b) / (r - b) < 1.0
        };
        let (training, benchmark) = (fixed(false), fixed(true));
        assert!(training.len() > 100 && benchmark.len() > 100, "{} {}", training.len(), benchmark.len());
        assert!(training.iter().all(|body| !slender(body) && !brown(body)));
        assert!(benchmark.iter().all(|body| slender(body) && brown(body)));
    }
}
