//! The way from a picture to a checked push with the true motion in the place of a network's.

use super::*;
use crate::correction::{PushLimits, correct_push};
use crate::gate::{PushGate, PushGateLimits, PushRejection, PushTiming};
use crate::model::GoalForceSpec;
use crate::world::scene::{
    Camera, Cells, Generated, Kind, Light, Picture, Push, Renderer, Simulation, Surface, generate, motion_field,
};

fn spec() -> GoalForceSpec {
    GoalForceSpec::default()
}

/// A generated scene in a camera's picture, with its true motion.
struct Seen {
    made: Generated,
    camera: Camera,
    picture: Picture,
    motion: Vec<f32>,
}

fn look_at(kind: Kind, seed: u64, tilt_rad: f64) -> Option<Seen> {
    let made = generate(kind, seed, false);
    made.goal?;
    let camera = Camera::random(made.scene.table.half_m, tilt_rad, [64; 2], seed).expect("a camera");
    let (mut picture, mut cells, mut motion) = (Picture::default(), Cells::default(), Vec::new());
    Renderer::new(false).render(&made.scene, &camera, &Light::default(), &mut picture);
    cells.fill(&picture);
    motion_field(&cells, &made.tracks, &camera, &mut motion);
    Some(Seen { made, camera, picture, motion })
}

impl Seen {
    fn request(&self) -> PushRequest<'_> {
        let goal = self.made.goal.expect("a goal");
        PushRequest {
            rgb: &self.picture.rgb,
            camera: &self.camera,
            target_px: self.camera.project(self.made.scene.bodies[goal.body].centre_m()).expect("in view"),
            direction_rad: goal.direction_rad,
            speed_mps: goal.speed_mps.clamp(0.05, 0.6),
            masses: &[],
            surface: Surface::default(),
        }
    }
}

#[test]
fn the_true_motion_is_read_as_the_push_that_made_it() {
    [Kind::Balls, Kind::Speeds].into_iter().for_each(reads_true_motions);
}

fn reads_true_motions(kind: Kind) {
    let (mut read_right, mut all, mut turns, mut speeds) = (0, 0, Vec::new(), Vec::new());
    for seen in (0..60).filter_map(|seed| look_at(kind, seed, 0.8)) {
        let Ok(scene) = SeenScene::new(&seen.request(), &spec()) else { continue };
        all += 1;
        let Ok(proposal) = read(&seen.motion, 256, 64.0, &scene, &seen.camera) else { continue };
        let place = scene.scene.bodies[proposal.push.body].position_m;
        let truth = seen.made.scene.bodies[seen.made.push.body].position_m;
        if (place[0] - truth[0]).hypot(place[1] - truth[1]) < 0.05 {
            read_right += 1;
            speeds.push(proposal.push.speed_mps / seen.made.push.speed_mps);
            turns.push(crate::geometry::wrapped(proposal.push.direction_rad - seen.made.push.direction_rad).abs());
        }
    }
    turns.sort_by(f64::total_cmp);
    assert!(all >= 35, "{kind:?}: {all} scenes are understood");
    assert!(read_right as f64 >= 0.85 * f64::from(all), "{kind:?}: {read_right} of {all}");
    assert!(turns[turns.len() / 2] < 0.05, "median error of the direction: {} rad", turns[turns.len() / 2]);
    // Neither the frames after the contact nor friction and rolling make a push slower than it was.
    speeds.sort_by(f64::total_cmp);
    let [low, middle, high] = [1, 2, 3].map(|quarter| speeds[quarter * speeds.len() / 4]);
    assert!(low > 0.85 && (0.93..1.07).contains(&middle) && high < 1.15, "{kind:?}: {low} {middle} {high}");
}

#[test]
fn a_read_push_is_corrected_and_passes_the_gate_and_a_changed_one_does_not() {
    let mut simulation = Simulation::new();
    let mut gate = PushGate::new(PushGateLimits::default());
    let (mut passed, mut all) = (0, 0);
    for seen in (0..30).filter_map(|seed| look_at(Kind::Balls, seed, 0.4)) {
        let Ok(scene) = SeenScene::new(&seen.request(), &spec()) else { continue };
        let Ok(proposal) = read(&seen.motion, 256, 64.0, &scene, &seen.camera) else { continue };
        all += 1;
        let simulate = |push: &Push| simulation.struck(&scene.scene, push, scene.goal.body);
        let Ok(corrected) = correct_push(proposal.push, &scene.goal, &PushLimits::default(), simulate) else {
            continue;
        };
        let mut check = |push: &Push, timing: PushTiming| gate.check(&scene.scene, &scene.goal, push, || timing);
        let now = PushTiming::default();
        let Ok(checked) = check(&corrected.push, now) else { continue };
        passed += 1;
        assert_eq!(checked.push(), corrected.push);
        let push = corrected.push;
        let turned = Push { direction_rad: push.direction_rad + 1.5, ..push };
        assert!(matches!(check(&turned, now), Err(PushRejection::Misses | PushRejection::Goal { .. })));
        let body = check(&Push { body: scene.goal.body, ..push }, now);
        assert_eq!(body, Err(PushRejection::Body(scene.goal.body)));
        assert_eq!(check(&Push { body: 99, ..push }, now), Err(PushRejection::Body(99)));
        assert!(matches!(check(&Push { speed_mps: 5.0, ..push }, now), Err(PushRejection::Speed { .. })));
        for speed_mps in [f64::NAN, f64::INFINITY, 0.0, -1.0] {
            assert_eq!(check(&Push { speed_mps, ..push }, now), Err(PushRejection::NotFinite));
        }
        assert!(matches!(check(&push, PushTiming { age_secs: 9.0, ..now }), Err(PushRejection::Stale { .. })));
        assert!(matches!(check(&push, PushTiming { age_secs: f64::NAN, ..now }), Err(PushRejection::Stale { .. })));
        assert!(matches!(check(&push, PushTiming { late_secs: 0.01, ..now }), Err(PushRejection::Late { .. })));
    }
    assert!(all >= 12 && f64::from(passed) >= 0.7 * f64::from(all), "{passed} of {all}");
}

#[test]
fn requests_that_make_no_sense_are_refused_by_name() {
    let seen = (0..50).find_map(|seed| look_at(Kind::Balls, seed, 0.0)).expect("a scene with a goal");
    let request = seen.request();
    let refused = |request: PushRequest<'_>| SeenScene::new(&request, &spec()).err();
    assert_eq!(refused(PushRequest { speed_mps: f64::NAN, ..request }), Some(RequestFault::NotFinite));
    assert_eq!(refused(PushRequest { target_px: [f64::NAN, 1.0], ..request }), Some(RequestFault::NotFinite));
    assert_eq!(
        refused(PushRequest { masses: &[([1.0, 1.0], f64::INFINITY)], ..request }),
        Some(RequestFault::NotFinite)
    );
    assert!(matches!(refused(PushRequest { speed_mps: 9.0, ..request }), Some(RequestFault::Speed { .. })));
    assert!(matches!(
        refused(PushRequest { target_px: [-40.0, 900.0], ..request }),
        Some(RequestFault::NoTarget { .. })
    ));
    let slippery = Surface { friction: 0.0, ..Surface::default() };
    assert!(
        matches!(refused(PushRequest { surface: slippery, ..request }), Some(RequestFault::Surface(fault)) if fault.name == "friction")
    );
    let black = vec![0; 3 * 64 * 64];
    let picture = refused(PushRequest { rgb: &black, ..request });
    assert_eq!(picture, Some(RequestFault::Picture(DetectError::NoObject)));
    let short = refused(PushRequest { rgb: &black[..100], ..request });
    assert!(matches!(short, Some(RequestFault::Picture(DetectError::Size { .. }))));
}
