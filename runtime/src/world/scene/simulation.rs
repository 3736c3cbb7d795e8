//! Scenes in motion, on rapier3d.
//!
//! A ball that is pushed moves in closed form up to its first contact; from there rapier steps at 1/120 s. A body that
//! nothing has come near is not in rapier's world at all, and motion ends when every body is at rest.

use super::free::{FreeBall, FreeState, GRAVITY_MPS2};
use super::{Body, Contact, FRAME_SECS, FRAMES, Push, Scene, Shape, Tracks, way};
use rapier3d::prelude::{
    CoefficientCombineRule, Collider, ColliderBuilder, ContactPair, PhysicsWorld, RigidBody, RigidBodyBuilder,
    RigidBodyHandle, Rotation, SphericalJointBuilder, Vector,
};

/// Steps of the simulation per frame.
const STEPS_PER_FRAME: usize = 36;
/// Steps of a whole motion.
const STEPS: usize = FRAMES * STEPS_PER_FRAME;
/// Time step, seconds.
const STEP_SECS: f64 = FRAME_SECS / STEPS_PER_FRAME as f64;
/// Steps between a body's first contact and the measurement of its velocity: 0.1 s.
const STRUCK_STEPS: usize = STEPS_PER_FRAME / 3;
/// Distance at which rapier takes over, and bodies at rest are put into its world, metres: more than any body moves in one
/// step.
const MARGIN_M: f64 = 0.04;
/// Distance at which rapier looks for contacts, metres. Its 2 cm blur where balls meet.
const PREDICTION_M: f32 = 0.01;
/// Half of the table's thickness, metres.
const TABLE_HALF_M: f32 = 0.5;
/// Half of the table's side: bodies do not fall off.
const TABLE_SIDE_M: f32 = 50.0;
/// Friction between bodies, at most that of the table: that of polished balls.
const BODY_FRICTION: f64 = 0.05;
/// Slip below which a ball counts as rolling, m/s.
const SLIP_MPS: f32 = 0.02;
/// Speed below which a ball comes to rest even on a table without resistance, and other bodies count as at rest, m/s.
const REST_MPS: f32 = 0.002;
/// Spin below which bodies count as at rest, rad/s.
const REST_RADPS: f32 = 0.02;
/// Distance at which two bodies count as in contact, metres.
const TOUCH_M: f32 = 2e-4;
/// Damping of dominos, 1/s: a free hop takes a tenth of a second, less than one frame.
const DOMINO_DAMPING: f32 = 25.0;
/// Marks the table among colliders' user data; bodies have their index there.
const TABLE: u128 = u128::MAX;

/// Simulates scenes, one after another; keeps its buffers.
///
/// Inputs that are not finite move nothing.
#[derive(Default)]
pub struct Simulation {
    /// By body: its handle, once something has come near.
    bodies: Vec<Option<RigidBodyHandle>>,
    /// By body: the step of its first contact with another body, the table aside.
    touched: Vec<Option<usize>>,
    contacts: Vec<Contact>,
}

impl std::fmt::Debug for Simulation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulation").field("bodies", &self.bodies.len()).finish_non_exhaustive()
    }
}

impl Simulation {
    /// Without a scene.
    pub fn new() -> Self {
        Self::default()
    }

    /// The whole motion of a scene after a push.
    pub fn run(&mut self, scene: &Scene, push: &Push) -> Tracks {
        let mut tracks = Tracks { struck_mps: vec![None; scene.bodies.len()], ..Tracks::default() };
        let rest = scene.bodies.iter().map(|body| body.centre_m().map(|value| value as f32));
        tracks.bodies.extend(rest.map(with_room));
        let upright = scene.bodies.iter().map(|body| quaternion([0.0, 0.0, 1.0], body.yaw_rad));
        tracks.rotations.extend(upright.map(with_room));
        let Some(start) = Start::of(scene, push) else {
            tracks.fill(FRAMES);
            return tracks;
        };
        for frame in 1..=start.step / STEPS_PER_FRAME {
            tracks.fill(frame);
            start.write(scene, push, frame, &mut tracks);
        }
        if start.step < STEPS {
            let mut world = self.begin(scene, push, &start);
            for step in start.step + 1..=STEPS {
                self.step(&mut world, scene, push, step);
                for (body, touched) in self.touched.iter().enumerate() {
                    if touched.is_some_and(|first| first + STRUCK_STEPS == step) {
                        tracks.struck_mps[body] = finite(self.velocity(&world, body));
                    }
                }
                if step % STEPS_PER_FRAME == 0 {
                    self.write(&world, step / STEPS_PER_FRAME, push.body, &mut tracks);
                    if self.is_at_rest(&world, scene, push, step) {
                        break;
                    }
                }
            }
            tracks.contacts.extend_from_slice(&self.contacts);
        }
        tracks.fill(FRAMES);
        tracks
    }

    /// The velocity of a target on the table 0.1 s after another body first touches it, m/s: known as soon as it is
    /// reached; `None` if it never is.
    pub fn struck(&mut self, scene: &Scene, push: &Push, target: usize) -> Option<[f64; 2]> {
        if target >= scene.bodies.len() {
            return None;
        }
        let start = Start::of(scene, push)?;
        if start.step + STRUCK_STEPS >= STEPS {
            return None;
        }
        let mut world = self.begin(scene, push, &start);
        for step in start.step + 1..=STEPS {
            self.step(&mut world, scene, push, step);
            match self.touched[target] {
                Some(first) if first + STRUCK_STEPS == step => return finite(self.velocity(&world, target)),
                None if step % STRUCK_STEPS == 0 && self.is_at_rest(&world, scene, push, step) => return None,
                _ => {}
            }
        }
        None
    }

    fn velocity(&self, world: &PhysicsWorld, body: usize) -> [f64; 2] {
        let velocity = self.bodies[body].map_or(Vector::ZERO, |handle| world.bodies[handle].linvel());
        [f64::from(velocity.x), f64::from(velocity.y)]
    }

    /// A world at the end of the way that is known in closed form.
    fn begin(&mut self, scene: &Scene, push: &Push, start: &Start) -> PhysicsWorld {
        let mut world = PhysicsWorld::new();
        world.gravity = Vector::new(0.0, 0.0, -GRAVITY_MPS2 as f32);
        world.integration_parameters.dt = STEP_SECS as f32;
        world.integration_parameters.normalized_prediction_distance = PREDICTION_M;
        // A contact that is recycled keeps its normal: balls that meet off centre would leave in a wrong direction.
        world.integration_parameters.contact_recycling = false;
        self.bodies.clear();
        self.contacts.clear();
        self.touched.clear();
        self.touched.resize(scene.bodies.len(), None);
        let table = ColliderBuilder::cuboid(TABLE_SIDE_M, TABLE_SIDE_M, TABLE_HALF_M)
            .user_data(TABLE)
            .friction(scene.table.friction.max(0.0) as f32)
            .friction_combine_rule(CoefficientCombineRule::Max)
            .restitution(0.0)
            .restitution_combine_rule(CoefficientCombineRule::Min);
        world.insert(RigidBodyBuilder::fixed().translation(Vector::new(0.0, 0.0, -TABLE_HALF_M)), table);
        self.bodies.resize(scene.bodies.len(), None);
        for (index, body) in scene.bodies.iter().enumerate() {
            if !body.moves || index == push.body {
                self.insert(&mut world, scene, index);
            }
        }
        if let Some(handle) = self.bodies[push.body] {
            start.set(&mut world.bodies[handle], scene, push);
        }
        world
    }

    fn insert(&mut self, world: &mut PhysicsWorld, scene: &Scene, index: usize) {
        let (body, collider) = rigid(scene, index);
        let (handle, _) = world.insert(body, collider);
        self.bodies[index] = Some(handle);
        if let (Shape::Pendulum { rod_m, .. }, true) = (scene.bodies[index].shape, scene.bodies[index].moves) {
            let [x, y, z] = scene.bodies[index].centre_m();
            let end = [x, y, z + rod_m].map(|value| value as f32);
            let end = world.insert_body(RigidBodyBuilder::fixed().translation(Vector::from_array(end)));
            let joint = SphericalJointBuilder::new().local_anchor2(Vector::new(0.0, 0.0, rod_m as f32));
            world.insert_impulse_joint(end, handle, joint);
        }
    }

    /// Puts bodies at rest into the world that one that moves has come near.
    fn insert_near(&mut self, world: &mut PhysicsWorld, scene: &Scene) {
        for index in 0..scene.bodies.len() {
            if self.bodies[index].is_some() {
                continue;
            }
            let (own, centre) = (&scene.bodies[index], scene.bodies[index].centre_m());
            let is_near = |(handle, other): (&Option<RigidBodyHandle>, &Body)| {
                let Some(handle) = handle.filter(|_| other.moves) else { return false };
                let to = world.bodies[handle].translation().to_array();
                let square: f64 = (0..3).map(|axis| (f64::from(to[axis]) - centre[axis]).powi(2)).sum();
                let near = sphere_m(&own.shape) + sphere_m(&other.shape) + MARGIN_M;
                square <= near * near
            };
            if self.bodies.iter().zip(&scene.bodies).any(is_near) {
                self.insert(world, scene, index);
            }
        }
    }

    fn step(&mut self, world: &mut PhysicsWorld, scene: &Scene, push: &Push, step: usize) {
        self.insert_near(world, scene);
        world.step();
        let slower = (scene.table.rolling_mps2.max(0.0) * STEP_SECS) as f32;
        for (handle, body) in self.bodies.iter().zip(&scene.bodies) {
            if let (Shape::Ball { radius_m }, Some(handle), true) = (body.shape, *handle, body.moves) {
                resist(&mut world.bodies[handle], radius_m as f32, slower);
            }
        }
        for pair in world.narrow_phase.contact_pairs() {
            let [a, b] = [pair.collider1, pair.collider2].map(|handle| world.colliders[handle].user_data);
            if a == TABLE || b == TABLE {
                continue;
            }
            if touches(pair) {
                self.meet(a as usize, b as usize, push, step);
            }
        }
    }

    /// Notes a contact, if it is the first one of the two.
    fn meet(&mut self, a: usize, b: usize, push: &Push, step: usize) {
        if self.contacts.iter().any(|contact| contact.bodies == [a, b] || contact.bodies == [b, a]) {
            return;
        }
        // What moved first has come: the pushed body, else what was touched earlier.
        let since = |body: usize| if body == push.body { 0 } else { self.touched[body].unwrap_or(usize::MAX) };
        let bodies = if since(b) < since(a) { [b, a] } else { [a, b] };
        self.contacts.push(Contact { bodies, secs: step as f64 * STEP_SECS });
        for body in bodies {
            self.touched[body].get_or_insert(step);
        }
    }

    /// Whether nothing moves, and no velocity is still to be measured.
    ///
    /// A pendulum is at rest for a moment where it turns.
    fn is_at_rest(&self, world: &PhysicsWorld, scene: &Scene, push: &Push, step: usize) -> bool {
        self.bodies.iter().zip(&self.touched).enumerate().all(|(index, (handle, touched))| {
            let is_still = |body: &RigidBody| {
                !body.is_dynamic() || (body.linvel().length() < REST_MPS && body.angvel().length() < REST_RADPS)
            };
            let swings = (index == push.body || touched.is_some())
                && matches!(scene.bodies[index].shape, Shape::Pendulum { .. });
            !swings
                && handle.is_none_or(|handle| is_still(&world.bodies[handle]))
                && touched.is_none_or(|first| first + STRUCK_STEPS <= step)
        })
    }

    fn write(&self, world: &PhysicsWorld, frame: usize, pushed: usize, tracks: &mut Tracks) {
        tracks.fill(frame);
        for (index, handle) in self.bodies.iter().enumerate() {
            let Some(body) = handle.map(|handle| &world.bodies[handle]) else { continue };
            // What was never touched is where it was, to the last digit.
            if body.is_dynamic() && (index == pushed || self.touched[index].is_some()) {
                tracks.bodies[index][frame] = body.translation().to_array();
                tracks.rotations[index][frame] = body.rotation().to_array();
            }
        }
    }
}

impl Tracks {
    /// Repeats what is known last up to a frame.
    fn fill(&mut self, frame: usize) {
        fn fill<T: Clone>(track: &mut Vec<T>, frame: usize) {
            if let Some(last) = track.last().cloned() {
                track.resize(track.len().max(frame + 1), last);
            }
        }
        self.bodies.iter_mut().for_each(|track| fill(track, frame));
        self.rotations.iter_mut().for_each(|track| fill(track, frame));
    }
}

/// What is pushed, at the step from which rapier takes over.
struct Start {
    step: usize,
    free: Option<FreeBall>,
}

impl Start {
    /// `None` if the push moves nothing.
    fn of(scene: &Scene, push: &Push) -> Option<Self> {
        let body = scene.bodies.get(push.body).filter(|body| body.moves)?;
        if !(push.speed_mps.is_finite() && push.speed_mps > 0.0 && push.direction_rad.is_finite()) {
            return None;
        }
        let sizes = |body: &Body| {
            let shape = [body.shape.rest_height_m(), body.shape.outer_radius_m(), body.mass_kg];
            body.position_m.iter().chain([&body.yaw_rad]).all(|value| value.is_finite())
                && shape.iter().all(|value| value.is_finite() && *value > 0.0)
        };
        let table = [scene.table.friction, scene.table.rolling_mps2, scene.table.restitution];
        if !scene.bodies.iter().all(sizes) || !table.iter().all(|value| value.is_finite()) {
            return None;
        }
        if !matches!(body.shape, Shape::Ball { .. }) {
            return Some(Self { step: 0, free: None });
        }
        let ball = FreeBall::new(push.speed_mps, &scene.table);
        let clear = way::nearest(scene, push.body, push.direction_rad, MARGIN_M).map_or(f64::INFINITY, |(_, way)| way);
        // The last step at which the way behind it is still shorter: the way grows with time.
        let (mut before, mut after) = (0, STEPS + 1);
        while after - before > 1 {
            let middle = before.midpoint(after);
            if ball.after(middle as f64 * STEP_SECS).way_m < clear { before = middle } else { after = middle }
        }
        Some(Self { step: before, free: Some(ball) })
    }

    fn state(&self, step: usize) -> Option<FreeState> {
        Some(self.free?.after(step as f64 * STEP_SECS))
    }

    /// The place and turn of the pushed ball at a frame.
    fn write(&self, scene: &Scene, push: &Push, frame: usize, tracks: &mut Tracks) {
        let Some(state) = self.state(frame * STEPS_PER_FRAME) else { return };
        let (position, turn) = placed(scene, push, &state);
        tracks.bodies[push.body][frame] = position;
        tracks.rotations[push.body][frame] = turn.to_array();
    }

    fn set(&self, rigid: &mut RigidBody, scene: &Scene, push: &Push) {
        let (sin, cos) = push.direction_rad.sin_cos();
        let along = |speed: f64| Vector::new((speed * cos) as f32, (speed * sin) as f32, 0.0);
        let Some(state) = self.state(self.step) else {
            rigid.set_linvel(along(push.speed_mps), true);
            if let Shape::Pendulum { rod_m, .. } = scene.bodies[push.body].shape {
                // It turns about the rod's upper end.
                let spin = (push.speed_mps / rod_m) as f32;
                rigid.set_angvel(Vector::new(spin * sin as f32, -spin * cos as f32, 0.0), true);
            }
            if let Some(half_m) = domino(&scene.bodies[push.body].shape) {
                // Struck high up: it turns about its lower edge.
                let spin = (push.speed_mps / half_m[2]) as f32;
                rigid.set_angvel(Vector::new(-spin * sin as f32, spin * cos as f32, 0.0), true);
            }
            return;
        };
        let (position, turn) = placed(scene, push, &state);
        rigid.set_translation(Vector::from_array(position), true);
        rigid.set_rotation(turn, true);
        rigid.set_linvel(along(state.speed_mps), true);
        let spin = (state.surface_mps / scene.bodies[push.body].shape.outer_radius_m()) as f32;
        rigid.set_angvel(Vector::new(-spin * sin as f32, spin * cos as f32, 0.0), true);
    }
}

/// Centre and turn of the pushed ball.
fn placed(scene: &Scene, push: &Push, state: &FreeState) -> ([f32; 3], Rotation) {
    let body = &scene.bodies[push.body];
    let (sin, cos) = push.direction_rad.sin_cos();
    let [x, y, z] = body.centre_m();
    let centre = [x + cos * state.way_m, y + sin * state.way_m, z].map(|value| value as f32);
    let rolled = Rotation::from_array(quaternion([-sin, cos, 0.0], state.turned_m / body.shape.outer_radius_m()));
    (centre, rolled * Rotation::from_array(quaternion([0.0, 0.0, 1.0], body.yaw_rad)))
}

/// A turn about a unit axis: x, y, z, w.
pub(super) fn quaternion(axis: [f64; 3], angle_rad: f64) -> [f32; 4] {
    let (sin, cos) = (0.5 * angle_rad).sin_cos();
    [axis[0] * sin, axis[1] * sin, axis[2] * sin, cos].map(|value| value as f32)
}

/// A turn about a unit axis after another turn.
pub(super) fn turned(axis: [f64; 3], angle_rad: f64, before: [f32; 4]) -> [f32; 4] {
    (Rotation::from_array(quaternion(axis, angle_rad)) * Rotation::from_array(before)).to_array()
}

fn with_room<T>(first: T) -> Vec<T> {
    let mut track = Vec::with_capacity(FRAMES + 1);
    track.push(first);
    track
}

fn finite(velocity: [f64; 2]) -> Option<[f64; 2]> {
    velocity.iter().all(|value| value.is_finite()).then_some(velocity)
}

/// Half of the sides of a box that topples rather than slides.
fn domino(shape: &Shape) -> Option<[f64; 3]> {
    match *shape {
        Shape::Box { half_m } if shape.is_domino() => Some(half_m),
        _ => None,
    }
}

/// Radius of a sphere that holds a shape whatever its turn, metres.
fn sphere_m(shape: &Shape) -> f64 {
    match *shape {
        Shape::Ball { radius_m } => radius_m,
        _ => shape.outer_radius_m().hypot(shape.rest_height_m()),
    }
}

/// A body for rapier.
fn rigid(scene: &Scene, index: usize) -> (RigidBody, Collider) {
    let body = &scene.bodies[index];
    let kind = if body.moves { RigidBodyBuilder::dynamic() } else { RigidBodyBuilder::fixed() };
    let centre = body.centre_m().map(|value| value as f32);
    let damping = if domino(&body.shape).is_some() { DOMINO_DAMPING } else { 0.0 };
    let rigid = kind
        .angular_damping(damping)
        .linear_damping(damping)
        .translation(Vector::from_array(centre))
        .rotation(Vector::new(0.0, 0.0, body.yaw_rad as f32))
        // Bodies that fall asleep in rapier 0.36 sink into the table for a while after they are woken.
        .can_sleep(false)
        .build();
    let collider = match body.shape {
        Shape::Ball { radius_m } | Shape::Pendulum { radius_m, .. } => ColliderBuilder::ball(radius_m as f32),
        Shape::Box { half_m: [x, y, z] } => ColliderBuilder::cuboid(x as f32, y as f32, z as f32),
        // rapier's cylinders stand along y.
        Shape::Cylinder { radius_m, half_height_m } => {
            let turn = Vector::new(std::f32::consts::FRAC_PI_2, 0.0, 0.0);
            ColliderBuilder::cylinder(half_height_m as f32, radius_m as f32).rotation(turn)
        }
    };
    let table = &scene.table;
    let collider = collider
        .user_data(index as u128)
        .mass(body.mass_kg as f32)
        .friction(BODY_FRICTION.min(table.friction.max(0.0)) as f32)
        .friction_combine_rule(CoefficientCombineRule::Max)
        .restitution(table.restitution.clamp(0.0, 1.0) as f32)
        .restitution_combine_rule(CoefficientCombineRule::Min);
    (rigid, collider.build())
}

fn touches(pair: &ContactPair) -> bool {
    let points = pair.manifolds().iter().flat_map(|manifold| &manifold.points);
    points.into_iter().any(|point| point.dist <= TOUCH_M || point.data.impulse > 0.0)
}

/// Rolling resistance of one step: speed and spin of a ball that rolls shrink together, down to rest.
fn resist(rigid: &mut RigidBody, radius_m: f32, slower_mps: f32) {
    let (velocity, spin) = (rigid.linvel(), rigid.angvel());
    let speed = velocity.x.hypot(velocity.y);
    // Velocity of the point that touches the table.
    let slip = (velocity.x - spin.y * radius_m).hypot(velocity.y + spin.x * radius_m);
    let hops = rigid.translation().z > 1.02 * radius_m;
    if slip > SLIP_MPS || hops {
        return;
    }
    if speed <= slower_mps.max(REST_MPS) {
        rigid.set_linvel(Vector::ZERO, false);
        rigid.set_angvel(Vector::ZERO, false);
        return;
    }
    if slower_mps > 0.0 {
        let kept = 1.0 - slower_mps / speed;
        rigid.set_linvel(Vector::new(kept * velocity.x, kept * velocity.y, velocity.z), false);
        rigid.set_angvel(Vector::new(kept * spin.x, kept * spin.y, spin.z), false);
    }
}

#[cfg(test)]
mod tests;
