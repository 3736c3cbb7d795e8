use super::looks::{HELD_OUT_HUES, hsv, is_held_out};
use super::obstacles::TRAINING_RATIO;
use super::*;
use crate::world::scene::{Body, Shape};
use clap::ValueEnum as _;

fn many(kind: Kind, held_out: bool, count: u64) -> Vec<Generated> {
    (0..count).map(|seed| generate(kind, seed, held_out)).collect()
}

#[test]
fn a_seed_gives_the_same_scene_and_others_give_others() {
    for kind in Kind::value_variants() {
        let kind = *kind;
        let [a, again, other] = [3, 3, 4].map(|seed| generate(kind, seed, false));
        assert_eq!(a, again);
        assert_ne!(a.scene, other.scene);
    }
}

#[test]
fn bodies_do_not_overlap_at_rest_and_lie_on_the_table() {
    let kinds = [
        (Kind::Balls, false, 150),
        (Kind::Blocked, false, 150),
        (Kind::Blocked, true, 150),
        (Kind::Tools, false, 40),
        (Kind::Around, false, 60),
        (Kind::Dominos, false, 20),
        (Kind::Pendulums, false, 60),
        (Kind::Speeds, false, 60),
    ];
    for made in kinds.into_iter().flat_map(|(kind, held_out, count)| many(kind, held_out, count)) {
        let bodies = &made.scene.bodies;
        let balls = bodies.iter().filter(|body| body.moves).count();
        let fits = match made.kind {
            Kind::Dominos => 3..=10,
            Kind::Tools => 2..=8,
            Kind::Around => 3..=4,
            Kind::Pendulums => 2..=5,
            Kind::Balls | Kind::Speeds | Kind::Blocked => 3..=9,
            kind => panic!("{kind:?} is not on this list"),
        };
        assert!(fits.contains(&balls), "{}", made.seed);
        for (index, a) in bodies.iter().enumerate() {
            assert!(a.position_m.iter().all(|value| value.abs() <= 1.0));
            for b in &bodies[..index] {
                assert!(!(a.moves || b.moves) || placement::gap(a, b) >= 0.0099, "{:?} {}", made.kind, made.seed);
            }
        }
        // What nothing touched is where it was, to the last digit.
        for (body, track) in made.tracks.bodies.iter().enumerate() {
            let touched = made.tracks.contacts.iter().any(|contact| contact.bodies.contains(&body));
            assert!(touched || body == made.push.body || track.iter().all(|place| *place == track[0]));
            assert!(
                track.len() == crate::world::scene::FRAMES + 1 && track.iter().flatten().all(|value| value.is_finite())
            );
        }
    }
}

#[test]
fn one_scene_in_five_has_no_goal_and_goals_are_what_the_simulation_shows() {
    for kind in [Kind::Balls, Kind::Blocked] {
        let all = many(kind, false, 250);
        let misses = all.iter().filter(|made| made.goal.is_none()).count();
        assert!((30..=70).contains(&misses), "{misses}");
        for made in &all {
            let Some(goal) = made.goal else {
                assert!(made.target.is_none());
                continue;
            };
            let again = Simulation::new().struck(&made.scene, &made.push, goal.body).expect("a hit");
            assert_eq!([goal.direction_rad, goal.speed_mps], [again[1].atan2(again[0]), again[0].hypot(again[1])]);
            assert!(made.push.speed_mps <= MAX_PUSH_MPS && made.push.body != goal.body);
        }
    }
}

#[test]
fn targets_are_reached_within_the_published_times() {
    let mut times: Vec<f64> = many(Kind::Balls, false, 200)
        .iter()
        .filter(|made| made.goal.is_some())
        .map(|made| made.tracks.contacts[0].secs)
        .collect();
    times.sort_by(f64::total_cmp);
    // 2.5 to 4.5 s, divided by about 1.2 to 1.6: by more where rolling resistance counts.
    assert!(times[0] > 0.8 && times[times.len() - 1] < 3.9, "{times:?}");
    assert!((1.9..2.8).contains(&times[times.len() / 2]), "{}", times[times.len() / 2]);
}

/// The published rule makes a push 1.2 to 1.6 times as fast as its way needs: the way then decides nearly alone, and a model
/// that is fitted to it has no use for masses.
#[test]
fn where_pushes_have_any_speed_the_way_does_not_tell_it() {
    // Squared correlation of the logarithms of way and speed, of direct hits.
    let explained = |kind: Kind| {
        let rows: Vec<[f64; 2]> = many(kind, false, 300)
            .iter()
            .filter_map(|made| {
                let goal = made.goal?;
                (made.tracks.contacts[0].bodies == [made.push.body, goal.body]).then_some(())?;
                assert!(kind != Kind::Speeds || (made.push.speed_mps <= 0.8 && goal.speed_mps <= 0.6));
                let [pushed, target] = [made.push.body, goal.body].map(|body| &made.scene.bodies[body]);
                Some([placement::gap(pushed, target).ln(), made.push.speed_mps.ln()])
            })
            .collect();
        assert!(rows.len() > 150);
        let mean = [0, 1].map(|of| rows.iter().map(|row| row[of]).sum::<f64>() / rows.len() as f64);
        let product = |a: usize, b: usize| rows.iter().map(|row| (row[a] - mean[a]) * (row[b] - mean[b])).sum::<f64>();
        product(0, 1).powi(2) / product(0, 0) / product(1, 1)
    };
    let (published, any) = (explained(Kind::Balls), explained(Kind::Speeds));
    assert!(published > 0.6 && any < 0.4, "{published} {any}");
}

#[test]
fn one_scene_in_ten_is_a_row() {
    let rows = many(Kind::Balls, false, 400)
        .iter()
        .filter(|made| made.goal.is_some_and(|goal| !made.tracks.contacts[0].bodies.contains(&goal.body)))
        .count();
    assert!((20..=60).contains(&rows), "{rows}");
}

#[test]
fn shapes_and_colours_of_the_benchmark_do_not_occur_in_training() {
    let ratio = |body: &Body| match body.shape {
        Shape::Box { half_m } => half_m[0].max(half_m[1]) / half_m[0].min(half_m[1]),
        _ => 1.0,
    };
    let training = many(Kind::Blocked, false, 200);
    for made in &training {
        assert!(made.scene.bodies.iter().any(|body| !body.moves));
        for body in &made.scene.bodies {
            assert!(
                ratio(body) <= TRAINING_RATIO && !is_held_out(body.look.colour) && !is_held_out(body.look.second),
                "{:?}",
                body.look
            );
        }
        assert!(!is_held_out(made.scene.table.look.colour) && !is_held_out(made.scene.table.look.second));
    }
    for made in many(Kind::Blocked, true, 100) {
        for body in made.scene.bodies.iter().filter(|body| !body.moves) {
            let [hue, saturation, _] = hsv(body.look.colour).map(f64::from);
            assert!(ratio(body) > 2.2 && saturation > 0.4, "{body:?}");
            assert!((HELD_OUT_HUES[0] - 0.1..HELD_OUT_HUES[1] + 0.1).contains(&hue), "{hue}");
        }
    }
    for made in many(Kind::Balls, false, 100) {
        assert!(made.scene.bodies.iter().all(|body| !is_held_out(body.look.colour) && !is_held_out(body.look.second)));
    }
}

#[test]
fn the_ground_is_not_close_to_the_bodies_colours() {
    for made in many(Kind::Blocked, false, 200) {
        let ground = made.scene.table.look;
        for body in &made.scene.bodies {
            let apart = (0..3).map(|c| (ground.colour[c] - body.look.colour[c]).powi(2)).sum::<f32>().sqrt();
            assert!(apart > 0.2, "{} {ground:?} {:?}", made.seed, body.look);
        }
    }
}

#[test]
fn a_hop_between_dominos_takes_at_least_one_frame() {
    let (mut hops, mut branches) = (0, 0);
    for made in many(Kind::Dominos, false, 60) {
        assert!((3..=10).contains(&made.scene.bodies.len()));
        for (index, contact) in made.tracks.contacts.iter().enumerate() {
            // When the one that came was itself touched.
            let before = made.tracks.contacts.iter().find(|earlier| earlier.bodies[1] == contact.bodies[0]);
            let since = before.map_or(0.0, |earlier| earlier.secs);
            hops += 1;
            branches +=
                usize::from(made.tracks.contacts[..index].iter().any(|other| other.bodies[0] == contact.bodies[0]));
            assert!(
                contact.secs - since >= crate::world::scene::FRAME_SECS,
                "{} {:?}",
                made.seed,
                made.tracks.contacts
            );
        }
    }
    assert!(hops > 60 && branches > 3, "{hops} {branches}");
}

#[test]
fn things_strike_what_they_are_for_and_obstacles_bar_some() {
    let (mut boxes, mut barred) = (0, 0);
    let all = many(Kind::Tools, false, 160);
    for made in all.iter().filter(|made| made.goal.is_some()) {
        let goal = made.goal.expect("filtered");
        // It may brush an obstacle before.
        let struck = made.tracks.contacts.iter().find(|contact| contact.bodies.contains(&goal.body));
        assert_eq!(struck.map(|contact| contact.bodies), Some([made.push.body, goal.body]), "{}", made.seed);
        boxes += usize::from(matches!(made.scene.bodies[goal.body].shape, Shape::Box { .. }));
        barred += usize::from(made.scene.bodies.iter().any(|body| !body.moves));
        // A tool of a pair meets its target first, and a block leaves roughly where it points, as does what a club strikes. What
        // is round leaves across the point of contact; cups may brush others, and round a target things come from the sides.
        let is_pair = made.scene.bodies.iter().all(|body| body.moves);
        let Body { shape, .. } = made.scene.bodies[made.push.body];
        let [is_stick, is_club] = match shape {
            Shape::Box { half_m: [x, y, _] } => [x > 3.0 * y, y > 2.0 * x],
            _ => [false; 2],
        };
        let is_block = matches!(made.scene.bodies[goal.body].shape, Shape::Box { .. });
        let least = if is_pair && (is_club || (is_stick && is_block)) { 0.7 } else { 0.4 };
        assert!((goal.direction_rad - made.push.direction_rad).cos() > least, "{}", made.seed);
        if is_pair && (is_stick || is_club) {
            assert_eq!(made.tracks.contacts[0].bodies, [made.push.body, goal.body], "{}", made.seed);
        }
    }
    assert!((15..=60).contains(&boxes) && (40..=90).contains(&barred), "{boxes} {barred}");
}

#[test]
fn around_a_target_all_but_one_have_an_obstacle_on_their_way_and_none_is_of_the_benchmark() {
    let mut balls = 0;
    for made in many(Kind::Around, false, 80) {
        let bodies = &made.scene.bodies;
        assert_eq!((made.target, made.goal.map(|goal| goal.body)), (Some(0), Some(0)));
        let things = bodies.iter().filter(|body| body.moves).count() - 1;
        let obstacles = bodies.len() - 1 - things;
        assert!((2..=3).contains(&things) && obstacles >= things - 1, "{}: {things} {obstacles}", made.seed);
        balls += usize::from(matches!(bodies[1].shape, Shape::Ball { .. }));
        for body in bodies.iter().filter(|body| !body.moves) {
            assert!(!is_held_out(body.look.colour) && !is_held_out(body.look.second), "{:?}", body.look);
        }
    }
    assert!((30..=65).contains(&balls), "{balls}");
}

#[test]
fn rooms_have_a_target_three_things_behind_it_and_obstacles_that_training_does_not_have() {
    for room in Room::ALL {
        for seed in 0..4 {
            let made = room.generate(seed);
            assert_eq!(made, room.generate(seed), "{room:?} {seed}");
            let bodies = &made.scene.bodies;
            let movable = bodies.iter().filter(|body| body.moves).count();
            assert_eq!(movable, if room == Room::Dominos { 7 } else { 4 }, "{room:?} {seed}");
            assert_eq!((made.target, made.goal.map(|goal| goal.body)), (Some(0), Some(0)));
            for obstacle in bodies.iter().filter(|body| !body.moves) {
                let [hue, ..] = hsv(obstacle.look.colour).map(f64::from);
                let Shape::Box { half_m } = obstacle.shape else { panic!("{room:?} {seed}: {obstacle:?}") };
                let ratio = half_m[0].max(half_m[1]) / half_m[0].min(half_m[1]);
                assert!((HELD_OUT_HUES[0] - 0.1..HELD_OUT_HUES[1] + 0.1).contains(&hue) && ratio > 2.2, "{ratio}");
            }
            assert_eq!(room == Room::Dominos, bodies.iter().all(|body| body.moves), "{room:?} {seed}");
        }
    }
    assert_eq!(Room::ALL.iter().filter(|room| room.is_tool()).count(), 9);
    let [valid, well] = [0, 1].map(|index| Room::ALL.iter().map(|room| room.published()[index]).sum::<usize>());
    assert_eq!([valid, well], [1006, 898]);
}

#[test]
fn a_row_of_dominos_has_its_target_last_and_any_other_pushed() {
    let mut pushed = [0; 5];
    for seed in 0..60 {
        let made = domino_row(seed);
        assert_eq!((made.scene.bodies.len(), made.target), (6, Some(5)));
        pushed[made.push.body] += 1;
    }
    assert!(pushed.iter().all(|count| *count > 2), "{pushed:?}");
}

#[test]
fn only_what_is_poked_or_blown_moves_and_begins_where_the_scene_has_it() {
    let kinds = [Kind::Plants, Kind::Wind, Kind::Flags, Kind::OneFlag];
    for made in kinds.into_iter().flat_map(|kind| many(kind, false, 60)) {
        let bodies = &made.scene.bodies;
        assert!(made.goal.is_none() && made.target.is_none() && made.tracks.contacts.is_empty());
        assert_eq!(made.wind.is_some(), made.kind != Kind::Plants);
        let mut moving = 0;
        for (body, track) in bodies.iter().zip(&made.tracks.bodies) {
            assert_eq!(track.len(), crate::world::scene::FRAMES + 1);
            let rest = body.centre_m();
            assert!(body.lift_m >= 0.0 && track.iter().flatten().all(|value| value.is_finite()), "{}", made.seed);
            assert!(
                (0..3).all(|axis| (f64::from(track[0][axis]) - rest[axis]).abs() < 1e-6),
                "{:?} {}",
                made.kind,
                made.seed
            );
            let moves = track.iter().any(|place| place != &track[0]);
            assert!(
                !moves || (body.moves && track.iter().all(|place| place[2] > 0.0)),
                "{:?} {}",
                made.kind,
                made.seed
            );
            moving += usize::from(moves);
        }
        let poked =
            made.tracks.bodies[made.push.body].iter().any(|place| place != &made.tracks.bodies[made.push.body][0]);
        assert!(moving > 0 && (made.wind.is_some() || poked), "{:?} {}", made.kind, made.seed);
        if made.kind == Kind::OneFlag {
            let poles = bodies.iter().filter(|body| !body.moves).count();
            assert!(poles == 1 && moving == 8, "{poles} {moving}");
        }
    }
}

#[test]
fn the_stronger_the_wind_the_farther_confetti_flies_and_along_it() {
    let mut ratios = Vec::new();
    for seed in 0..40 {
        let made = windy(Airborne::Aerodynamic, seed);
        let wind = made.wind.expect("a wind");
        let first = &made.tracks.bodies[0];
        let (from, to) = (first[0], first[crate::world::scene::FRAMES]);
        let way = [0, 1].map(|axis| f64::from(to[axis] - from[axis]));
        let off = (way[1].atan2(way[0]) - wind.direction_rad).sin_cos();
        assert!(off.1 > 0.9, "{seed}: {way:?}");
        ratios.push(way[0].hypot(way[1]) / wind.speed_mps);
    }
    // 4.8 s less the lag, swirl aside.
    assert!(ratios.iter().all(|ratio| (3.5..5.2).contains(ratio)), "{ratios:?}");
}

#[test]
fn pendulums_strike_every_kind_of_target() {
    let mut struck = [0; 3];
    for made in many(Kind::Pendulums, false, 120) {
        let shape = made.scene.bodies[0].shape;
        struck[match shape {
            Shape::Ball { .. } => 0,
            Shape::Cylinder { .. } => 1,
            _ => 2,
        }] += 1;
        assert!(matches!(made.scene.bodies[made.push.body].shape, Shape::Pendulum { .. }), "{}", made.seed);
    }
    // Cups and pucks are cylinders.
    assert!(struck[0] >= 15 && struck[1] >= 35 && struck[2] >= 15, "{struck:?}");
}

#[test]
fn a_stem_stays_in_its_pot_and_as_long_as_it_is() {
    for made in many(Kind::Plants, false, 60) {
        let tracks = &made.tracks.bodies;
        for (body, track) in made.scene.bodies.iter().zip(tracks) {
            let is_stem =
                matches!(body.shape, Shape::Cylinder { half_height_m, .. } if half_height_m > 0.04) && body.moves;
            let lean = |place: &[f32; 3]| {
                let [x, y] = [0, 1].map(|axis| f64::from(place[axis]) - body.position_m[axis]);
                x.hypot(y) / body.centre_m()[2]
            };
            assert!(!is_stem || track.iter().all(|place| lean(place) < 0.55), "{}", made.seed);
        }
    }
}
