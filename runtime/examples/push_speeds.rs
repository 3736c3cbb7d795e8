//! What the speed of a push depends on in generated scenes, and how true motions are read:
//! `cargo run --release -p planwright --example push_speeds`.
//!
//! For balls and pushes of any speed: the squared multiple correlation of the logarithm of a direct hit's push with way, goal and
//! masses (least squares), and the speed that is read from the true motion over the true one.

use planwright::model::GoalForceSpec;
use planwright::planner::goal_force::{PushRequest, SeenScene, read};
use planwright::world::scene::{
    Camera, Cells, FRAME_SECS, Generated, Kind, Light, Picture, ROLLING_SHARE, Renderer, Surface, generate,
    motion_field,
};

const SCENES: u64 = 400;

/// Logarithms of push, way, goal, cosine of the angle between push and goal, and of the share of the masses.
fn row(made: &Generated) -> Option<[f64; 5]> {
    let goal = made.goal?;
    let bodies = made.tracks.contacts.first()?.bodies;
    (bodies == [made.push.body, goal.body]).then_some(())?;
    let [own, target] = bodies.map(|body| &made.scene.bodies[body]);
    let [x, y] = [0, 1].map(|axis| target.position_m[axis] - own.position_m[axis]);
    let way_m = x.hypot(y) - own.shape.outer_radius_m() - target.shape.outer_radius_m();
    let cut = (made.push.direction_rad - goal.direction_rad).cos().abs();
    let masses = (own.mass_kg + target.mass_kg) / own.mass_kg;
    Some([made.push.speed_mps, way_m.max(0.05), goal.speed_mps, cut, masses].map(f64::ln))
}

/// Share of the variance of the first column that a linear function of the given ones explains: the columns are made orthogonal
/// one after the other.
fn explained(rows: &[[f64; 5]], columns: &[usize]) -> f64 {
    let centred = |column: usize| -> Vec<f64> {
        let mean = rows.iter().map(|row| row[column]).sum::<f64>() / rows.len() as f64;
        rows.iter().map(|row| row[column] - mean).collect()
    };
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let without = |from: &mut Vec<f64>, other: &[f64]| {
        let share = product(from, other) / product(other, other);
        from.iter_mut().zip(other).for_each(|(value, other)| *value -= share * other);
    };
    let mut rest = centred(0);
    let all = product(&rest, &rest);
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for column in columns {
        let mut own = centred(*column);
        basis.iter().for_each(|other| without(&mut own, other));
        without(&mut rest, &own);
        basis.push(own);
    }
    1.0 - product(&rest, &rest) / all
}

/// Speed that is read from the true motion over the true one: up to the contact, and up to where the target is seen to move.
fn ratios(made: &Generated, spec: &GoalForceSpec) -> Option<[f64; 2]> {
    row(made)?;
    let goal = made.goal?;
    let camera = Camera::random(made.scene.table.half_m, 0.8, [spec.picture_px; 2], made.seed).ok()?;
    let (mut picture, mut cells, mut motion) = (Picture::default(), Cells::default(), Vec::new());
    Renderer::new(false).render(&made.scene, &camera, &Light::default(), &mut picture);
    cells.fill(&picture);
    motion_field(&cells, &made.tracks, &camera, &mut motion);
    let request = PushRequest {
        rgb: &picture.rgb,
        camera: &camera,
        target_px: camera.project(made.scene.bodies[goal.body].centre_m())?,
        direction_rad: goal.direction_rad,
        speed_mps: goal.speed_mps.clamp(spec.goal_mps[0], spec.goal_mps[1]),
        masses: &[],
        surface: Surface::default(),
    };
    let seen = SeenScene::new(&request, spec).ok()?;
    let proposal = read(&motion, spec.cells(), spec.picture_px as f64, &seen, &camera).ok()?;
    let body = &seen.scene.bodies[proposal.push.body];
    let truth = made.scene.bodies[made.push.body].position_m;
    let off = (body.position_m[0] - truth[0]).hypot(body.position_m[1] - truth[1]);
    (off < 0.05).then_some(())?;
    let height = body.shape.rest_height_m();
    let [from, to] = [proposal.reading.from_px, proposal.reading.to_px].map(|px| camera.on_plane(px, height));
    let (from, to) = from.zip(to)?;
    let mean_mps = (to[0] - from[0]).hypot(to[1] - from[1]) / (proposal.reading.frames as f64 * FRAME_SECS);
    Some([proposal.push.speed_mps, mean_mps / ROLLING_SHARE].map(|speed| speed / made.push.speed_mps))
}

fn main() {
    let spec = GoalForceSpec::default();
    for (kind, name) in [(Kind::Balls, "balls"), (Kind::Speeds, "speeds")] {
        let made: Vec<Generated> = (1..=SCENES).map(|seed| generate(kind, seed, false)).collect();
        let rows: Vec<[f64; 5]> = made.iter().filter_map(row).collect();
        let [way, goal, masses] = [&[1][..], &[1, 2], &[1, 2, 3, 4]].map(|columns| 100.0 * explained(&rows, columns));
        println!(
            "{name}: {} direct hits; way explains {way:.0}%, goal too {goal:.0}%, angle and masses too {masses:.0}%",
            rows.len()
        );
        let pairs: Vec<[f64; 2]> = made.iter().filter_map(|made| ratios(made, &spec)).collect();
        for (index, until) in [(0, "contact"), (1, "target's motion")] {
            let mut values: Vec<f64> = pairs.iter().map(|pair| pair[index]).collect();
            values.sort_by(f64::total_cmp);
            let [low, middle, high] = [1, 2, 3].map(|quarter| values[quarter * (values.len() - 1) / 4]);
            println!(
                "  read up to the {until} of {} scenes: {middle:.2} ({low:.2} to {high:.2}, quartiles) of the true speed",
                values.len()
            );
        }
    }
}
