//! Scenes in motion, on rapier3d.

use super::{Contact, FRAME_SECS, FRAMES, Push, Scene, Shape, Tracks};
use rapier3d::prelude::{
    CoefficientCombineRule, ColliderBuilder, ColliderHandle, PhysicsWorld, RigidBodyBuilder, RigidBodyHandle, Vector,
};

/// Steps of the simulation per frame.
const STEPS_PER_FRAME: usize = 36;
/// Time step, seconds.
const STEP_SECS: f64 = FRAME_SECS / STEPS_PER_FRAME as f64;
/// Steps between a target's first contact and the measurement of its velocity: 0.1 s.
const STRUCK_STEPS: usize = STEPS_PER_FRAME / 3;
/// Standard gravity, m/s^2.
const GRAVITY_MPS2: f32 = 9.81;
/// Half of the table's thickness, metres.
const TABLE_HALF_M: f32 = 0.5;
/// Half of the table's side: bodies do not fall off.
const TABLE_SIDE_M: f32 = 50.0;
/// Friction between bodies. rapier multiplies the coefficients of the two that touch: a body has the root of this, and the
/// table what makes its own out of that.
const BODY_FRICTION: f64 = 0.05;
/// Bodies slower than this for a while are put to rest, m/s.
const SLEEP_MPS: f32 = 0.004;

/// Simulates scenes, one after another.
#[derive(Default)]
pub struct Simulation {
    bodies: Vec<RigidBodyHandle>,
    colliders: Vec<ColliderHandle>,
    /// By body: the step of its first contact with another body, neither of them the table.
    touched: Vec<Option<usize>>,
}

impl std::fmt::Debug for Simulation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Simulation")
    }
}

impl Simulation {
    /// Without a scene.
    pub fn new() -> Self {
        Self::default()
    }

    /// The whole motion of a scene after a push.
    pub fn run(&mut self, scene: &Scene, push: &Push) -> Tracks {
        let mut tracks = Tracks::default();
        let mut world = self.begin(scene, push);
        let place = |world: &PhysicsWorld, handle: RigidBodyHandle| world.bodies[handle].translation().to_array();
        tracks.bodies.extend(self.bodies.iter().map(|handle| vec![place(&world, *handle)]));
        tracks.struck_mps.resize(self.bodies.len(), None);
        for step in 1..=FRAMES * STEPS_PER_FRAME {
            self.step(&mut world, scene, step, Some(&mut tracks.contacts));
            for body in 0..self.bodies.len() {
                if self.touched[body].is_some_and(|first| first + STRUCK_STEPS == step) {
                    tracks.struck_mps[body] = Some(self.velocity(&world, body));
                }
                if step % STEPS_PER_FRAME == 0 {
                    tracks.bodies[body].push(place(&world, self.bodies[body]));
                }
            }
        }
        tracks
    }

    /// The velocity of a target on the table 0.1 s after another body first touches it, m/s; `None` if none does within the
    /// motion's time.
    pub fn struck(&mut self, scene: &Scene, push: &Push, target: usize) -> Option<[f64; 2]> {
        let mut world = self.begin(scene, push);
        for step in 1..=FRAMES * STEPS_PER_FRAME {
            self.step(&mut world, scene, step, None);
            if self.touched.get(target).copied()?.is_some_and(|first| first + STRUCK_STEPS == step) {
                let velocity = self.velocity(&world, target);
                return velocity.iter().all(|value| value.is_finite()).then_some(velocity);
            }
            // Nothing moves any more.
            if step % STEPS_PER_FRAME == 0 && self.bodies.iter().all(|handle| is_still(&world, *handle)) {
                return None;
            }
        }
        None
    }

    fn velocity(&self, world: &PhysicsWorld, body: usize) -> [f64; 2] {
        let velocity = world.bodies[self.bodies[body]].linvel();
        [f64::from(velocity.x), f64::from(velocity.y)]
    }

    fn begin(&mut self, scene: &Scene, push: &Push) -> PhysicsWorld {
        let mut world = PhysicsWorld::new();
        world.gravity = Vector::new(0.0, 0.0, -GRAVITY_MPS2);
        world.integration_parameters.dt = STEP_SECS as f32;
        self.bodies.clear();
        self.colliders.clear();
        self.touched.clear();
        self.touched.resize(scene.bodies.len(), None);
        let table = ColliderBuilder::cuboid(TABLE_SIDE_M, TABLE_SIDE_M, TABLE_HALF_M)
            .friction((scene.table.friction / BODY_FRICTION.sqrt()) as f32)
            .friction_combine_rule(CoefficientCombineRule::Multiply)
            .restitution(0.0)
            .restitution_combine_rule(CoefficientCombineRule::Min);
        world.insert(RigidBodyBuilder::fixed().translation(Vector::new(0.0, 0.0, -TABLE_HALF_M)), table);
        for (index, body) in scene.bodies.iter().enumerate() {
            let [x, y] = body.position_m.map(|value| value as f32);
            let kind = if body.moves { RigidBodyBuilder::dynamic() } else { RigidBodyBuilder::fixed() };
            let rigid = kind
                .translation(Vector::new(x, y, body.shape.rest_height_m() as f32))
                .rotation(Vector::new(0.0, 0.0, body.yaw_rad as f32))
                .sleeping(body.moves && index != push.body);
            let collider = match body.shape {
                Shape::Ball { radius_m } => ColliderBuilder::ball(radius_m as f32),
                Shape::Box { half_m: [x, y, z] } => ColliderBuilder::cuboid(x as f32, y as f32, z as f32),
                Shape::Cylinder { radius_m, half_height_m } => {
                    // rapier's cylinders stand along y.
                    ColliderBuilder::cylinder(half_height_m as f32, radius_m as f32).rotation(Vector::new(
                        std::f32::consts::FRAC_PI_2,
                        0.0,
                        0.0,
                    ))
                }
            };
            let collider = collider
                .mass(body.mass_kg as f32)
                .friction(BODY_FRICTION.sqrt() as f32)
                .friction_combine_rule(CoefficientCombineRule::Multiply)
                .restitution(scene.table.restitution as f32)
                .restitution_combine_rule(CoefficientCombineRule::Min);
            let (handle, collider) = world.insert(rigid, collider);
            if body.moves {
                world.bodies[handle].activation_mut().normalized_linear_threshold = SLEEP_MPS;
            }
            self.bodies.push(handle);
            self.colliders.push(collider);
        }
        if let (Some(handle), Some(body)) = (self.bodies.get(push.body), scene.bodies.get(push.body)) {
            if body.moves {
                let (sin, cos) = push.direction_rad.sin_cos();
                let velocity = Vector::new((push.speed_mps * cos) as f32, (push.speed_mps * sin) as f32, 0.0);
                world.bodies[*handle].set_linvel(velocity, true);
            }
        }
        world
    }

    fn step(&mut self, world: &mut PhysicsWorld, scene: &Scene, step: usize, contacts: Option<&mut Vec<Contact>>) {
        world.step();
        let slower = (scene.table.rolling_mps2 * STEP_SECS) as f32;
        for (handle, body) in self.bodies.iter().zip(&scene.bodies) {
            let rigid = &mut world.bodies[*handle];
            if body.moves && !rigid.is_sleeping() && matches!(body.shape, Shape::Ball { .. }) {
                let velocity = rigid.linvel();
                let speed = velocity.x.hypot(velocity.y);
                // Rolling resistance: the spin slows down with the ball.
                let kept = (1.0 - slower / speed.max(1e-9)).max(0.0);
                rigid.set_linvel(Vector::new(kept * velocity.x, kept * velocity.y, velocity.z), false);
                let spin = rigid.angvel();
                rigid.set_angvel(spin * kept, false);
            }
        }
        self.look_for_contacts(world, step, contacts);
    }

    fn look_for_contacts(&mut self, world: &PhysicsWorld, step: usize, mut contacts: Option<&mut Vec<Contact>>) {
        for pair in world.narrow_phase.contact_pairs() {
            let body = |collider: ColliderHandle| self.colliders.iter().position(|own| *own == collider);
            let (Some(a), Some(b)) = (body(pair.collider1), body(pair.collider2)) else { continue };
            if (self.touched[a].is_some() && self.touched[b].is_some() && contacts.is_none())
                || !pair.has_any_active_contact()
            {
                continue;
            }
            if let Some(all) = contacts.as_deref_mut() {
                if !all.iter().any(|contact| contact.bodies == [a, b] || contact.bodies == [b, a]) {
                    // What was touched before, or was pushed, has come.
                    let came = if self.touched[b].is_some() && self.touched[a].is_none() { [b, a] } else { [a, b] };
                    all.push(Contact { bodies: came, secs: step as f64 * STEP_SECS });
                }
            }
            for body in [a, b] {
                self.touched[body].get_or_insert(step);
            }
        }
    }
}

fn is_still(world: &PhysicsWorld, handle: RigidBodyHandle) -> bool {
    let body = &world.bodies[handle];
    let velocity = body.linvel();
    !body.is_dynamic() || body.is_sleeping() || velocity.x.hypot(velocity.y) < SLEEP_MPS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::scene::{Body, Look, Table};

    fn ball(x: f64, y: f64, mass_kg: f64) -> Body {
        let shape = Shape::Ball { radius_m: 0.1 };
        Body { shape, position_m: [x, y], yaw_rad: 0.0, mass_kg, moves: true, look: Look::plain([0.5; 3]) }
    }

    fn scene(bodies: Vec<Body>) -> Scene {
        let look = Look::plain([0.5; 3]);
        Scene { bodies, table: Table { half_m: 1.0, friction: 0.3, rolling_mps2: 0.02, restitution: 0.8, look } }
    }

    fn push(speed_mps: f64) -> Push {
        Push { body: 0, direction_rad: 0.0, speed_mps }
    }

    #[test]
    fn a_ball_slides_then_rolls_at_five_sevenths() {
        let mut scene = scene(vec![ball(0.0, 0.0, 1.0)]);
        scene.table.rolling_mps2 = 0.0;
        let tracks = Simulation::new().run(&scene, &push(0.7));
        let x = |frame: usize| f64::from(tracks.bodies[0][frame][0]);
        let speed = (x(5) - x(4)) / FRAME_SECS;
        assert!((speed - 0.5).abs() < 0.02, "{speed}");
        assert!(tracks.bodies[0].len() == FRAMES + 1 && tracks.contacts.is_empty());
    }

    #[test]
    fn rolling_resistance_stops_a_ball_where_it_should() {
        let mut scene = scene(vec![ball(0.0, 0.0, 1.0)]);
        scene.table.rolling_mps2 = 0.1;
        let tracks = Simulation::new().run(&scene, &push(0.28));
        // Rolling at 0.2 m/s it takes 0.2 m, and a little for sliding.
        let end = f64::from(tracks.bodies[0][FRAMES][0]);
        assert!((0.18..0.24).contains(&end), "{end}");
        assert_eq!(tracks.bodies[0][FRAMES], tracks.bodies[0][FRAMES - 2]);
    }

    #[test]
    fn a_struck_ball_leaves_as_restitution_and_masses_say() {
        for (pushed, target) in [(1.0, 1.0), (1.0, 3.0), (4.0, 1.0)] {
            let mut scene = scene(vec![ball(-0.3, 0.0, pushed), ball(0.0, 0.0, target)]);
            (scene.table.rolling_mps2, scene.table.friction) = (0.0, 0.0);
            let mut simulation = Simulation::new();
            let struck = simulation.struck(&scene, &push(0.5), 1).expect("a contact");
            let expected = 1.8 * pushed / (pushed + target) * 0.5;
            assert!((struck[0] - expected).abs() < 0.04 * expected && struck[1].abs() < 0.01, "{struck:?} {expected}");
            let tracks = simulation.run(&scene, &push(0.5));
            assert_eq!(tracks.struck_mps[1], Some(struck));
            assert_eq!(tracks.contacts.len(), 1);
        }
    }

    #[test]
    fn what_is_blocked_or_too_slow_never_arrives() {
        let mut scene = scene(vec![ball(-0.6, 0.0, 1.0), ball(0.0, 0.0, 1.0)]);
        assert!(Simulation::new().struck(&scene, &push(0.4), 1).is_some());
        assert!(Simulation::new().struck(&scene, &push(0.05), 1).is_none());
        let shape = Shape::Box { half_m: [0.05, 0.2, 0.1] };
        scene.bodies.push(Body { shape, moves: false, ..ball(-0.3, 0.0, 1.0) });
        assert!(Simulation::new().struck(&scene, &push(0.4), 1).is_none());
        assert!(Simulation::new().struck(&scene, &push(0.4), 7).is_none());
        assert!(Simulation::new().struck(&scene, &Push { body: 9, ..push(0.4) }, 1).is_none());
    }

    #[test]
    fn bodies_at_rest_stay_at_rest_and_runs_are_equal() {
        let cylinder = Body { shape: Shape::Cylinder { radius_m: 0.1, half_height_m: 0.08 }, ..ball(0.5, 0.5, 2.0) };
        let scene = scene(vec![ball(-0.6, 0.1, 1.0), ball(0.0, 0.05, 1.0), ball(0.3, -0.5, 2.0), cylinder]);
        let mut simulation = Simulation::new();
        let tracks = simulation.run(&scene, &push(0.5));
        assert_eq!(tracks, simulation.run(&scene, &push(0.5)));
        for body in [2, 3] {
            let [from, to] = [0, FRAMES].map(|frame| tracks.bodies[body][frame]);
            // rapier's cylinders creep by less than a millimetre a second.
            assert!(from.iter().zip(to).all(|(from, to)| (from - to).abs() < 5e-3), "{body}: {from:?} {to:?}");
        }
    }
}
