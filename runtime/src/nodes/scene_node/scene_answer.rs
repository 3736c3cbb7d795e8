//! The answer of `new_scene`: goal, masses, and where they are seen.

use super::table::SimulatedTable;
use crate::world::scene::Picture;
use planwright_ros2::messages::geometry_msgs::{Point, Vector3Stamped};
use planwright_ros2::messages::planwright_msgs::NewSceneResponse;
use planwright_ros2::messages::std_msgs::Header;

/// Goal and masses of a table that is seen in `picture`; `header` is the table's. Bodies that are hidden are left out, and
/// so are obstacles, whose masses mean nothing.
pub fn scene_answer(table: &SimulatedTable, picture: &Picture, header: Header) -> NewSceneResponse {
    let made = table.made();
    let mut answer = NewSceneResponse {
        success: true,
        message: format!("{} objects", made.scene.bodies.len()),
        ..NewSceneResponse::default()
    };
    for (index, body) in made.scene.bodies.iter().enumerate().filter(|(_, body)| body.moves) {
        let Some(point) = seen_at(table, picture, index) else { continue };
        answer.masses_kg.push(body.mass_kg);
        answer.points_px.push(point.clone());
        if let Some(goal) = made.goal.filter(|goal| goal.body == index) {
            let (sin, cos) = goal.direction_rad.sin_cos();
            answer.has_goal = true;
            answer.target_px = point;
            answer.target = u32::try_from(index).unwrap_or(u32::MAX);
            answer.velocity = Vector3Stamped { header: header.clone(), ..Vector3Stamped::default() };
            (answer.velocity.vector.x, answer.velocity.vector.y) = (goal.speed_mps * cos, goal.speed_mps * sin);
        }
    }
    answer
}

/// A point at which a body is seen, px: its projected centre, or, where another body hides that, the centre of the nearest
/// pixel. `None` if it is hidden or outside the picture.
fn seen_at(table: &SimulatedTable, picture: &Picture, body: usize) -> Option<Point> {
    let camera = table.camera();
    let [u, v] = camera.project(table.made().scene.bodies.get(body)?.centre_m())?;
    let id = u16::try_from(body).ok()?;
    let at = |[x, y]: [f64; 2]| Point { x, y, z: 0.0 };
    // Not negative within the picture, so that the cast rounds down.
    let middle = camera.holds([u, v]).then(|| v as usize * picture.width + u as usize);
    if middle.is_some_and(|index| picture.ids.get(index) == Some(&id)) {
        return Some(at([u, v]));
    }
    let centre = |index: usize| [(index % picture.width) as f64 + 0.5, (index / picture.width) as f64 + 0.5];
    let square = |[x, y]: [f64; 2]| (x - u).powi(2) + (y - v).powi(2);
    let seen = picture.ids.iter().enumerate().filter(|(_, seen)| **seen == id).map(|(index, _)| centre(index));
    seen.min_by(|a, b| square(*a).total_cmp(&square(*b))).map(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::scene::{Kind, NO_BODY, Renderer};

    fn seen(kind: Kind, seed: u64) -> (SimulatedTable, Picture) {
        let table = SimulatedTable::new(kind, seed, false, 60.0, 96).expect("a table");
        let mut picture = Picture::default();
        table.render(0.0, &mut Renderer::new(false), &mut Vec::new(), &mut picture);
        (table, picture)
    }

    #[test]
    fn every_point_is_on_a_body_of_its_mass_and_the_target_is_the_goals() {
        let mut goals = 0;
        for seed in 0..12 {
            let (table, picture) = seen(if seed % 2 == 0 { Kind::Balls } else { Kind::Blocked }, seed);
            let answer = scene_answer(&table, &picture, Header::default());
            assert!(answer.success && answer.masses_kg.len() == answer.points_px.len() && !answer.masses_kg.is_empty());
            let id_at = |point: &Point| picture.ids[point.y as usize * picture.width + point.x as usize];
            for (mass_kg, point) in answer.masses_kg.iter().zip(&answer.points_px) {
                let body = table.made().scene.bodies[usize::from(id_at(point))];
                assert!(body.moves && body.mass_kg == *mass_kg, "seed {seed}");
            }
            if let Some(goal) = table.made().goal.filter(|_| answer.has_goal) {
                goals += 1;
                assert_eq!((answer.target as usize, usize::from(id_at(&answer.target_px))), (goal.body, goal.body));
                let velocity = &answer.velocity.vector;
                assert!((velocity.x.hypot(velocity.y) - goal.speed_mps).abs() < 1e-12 && velocity.z == 0.0);
            }
        }
        assert!(goals > 3, "{goals} of 12");
    }

    #[test]
    fn a_body_whose_middle_is_hidden_is_shown_beside_it_and_one_that_is_hidden_is_left_out() {
        let (table, mut picture) = seen(Kind::Balls, 0);
        let body = table.made().push.body;
        let id = u16::try_from(body).expect("few bodies");
        let Point { x, y, .. } = seen_at(&table, &picture, body).expect("seen");
        picture.ids[y as usize * picture.width + x as usize] = NO_BODY;
        let beside = seen_at(&table, &picture, body).expect("seen beside");
        let distance_px = (beside.x - x).hypot(beside.y - y);
        assert!(distance_px > 0.0 && distance_px < 2.0, "{distance_px} px");
        picture.ids.iter_mut().filter(|seen| **seen == id).for_each(|seen| *seen = NO_BODY);
        assert_eq!(seen_at(&table, &picture, body), None);
        assert_eq!(seen_at(&table, &picture, 9999), None);
    }
}
