//! Audit of every published plan, by a computation independent of the gate's.

use crate::gate::{CheckedPlan, Origin};
use crate::geometry::{Aabb, distance, lerp};
use crate::world::World;

/// Largest distance between a plan and the world's re-run of its commands, metres.
const RERUN_TOLERANCE_M: f64 = 1e-6;
/// Points per step at which the ball is held against every wall.
const SAMPLES_PER_STEP: usize = 4;

/// Counts published plans, and those of them that fail the audit.
#[derive(Clone, Debug)]
pub struct Audit {
    walls: Vec<Aabb>,
    last_sequence: u64,
    /// Plans looked at.
    pub plans: u64,
    /// Plans that are not finite, hit a wall, or are not what the world does.
    pub unsafe_plans: u64,
}

impl Audit {
    /// For plans in a world.
    pub fn new(world: &World) -> Self {
        Self { walls: world.map().obstacles(), last_sequence: 0, plans: 0, unsafe_plans: 0 }
    }

    /// Looks at the plan in force, once per plan.
    pub fn look(&mut self, world: &World, plan: &CheckedPlan) {
        if plan.sequence() == self.last_sequence {
            return;
        }
        self.last_sequence = plan.sequence();
        self.plans += 1;
        self.unsafe_plans += u64::from(!self.is_safe(world, plan));
    }

    /// The gate sweeps segments; this holds sampled discs against every wall and re-runs the commands.
    fn is_safe(&self, world: &World, plan: &CheckedPlan) -> bool {
        let states = &plan.trajectory().states;
        let radius_m = world.robot().footprint().circumscribed_radius_m();
        let clear = states.windows(2).all(|pair| {
            (0..=SAMPLES_PER_STEP).all(|sample| {
                let t = sample as f64 / SAMPLES_PER_STEP as f64;
                let point = lerp(pair[0].position, pair[1].position, t);
                self.walls.iter().all(|wall| distance(point, wall.nearest(point)) > radius_m)
            })
        });
        // The rest of an older plan carries its commands too; only a plan without a place to be has none.
        let Some(first) = states.first() else { return plan.origin() != Origin::Planned };
        let mut state = *first;
        let mut followed = true;
        for (command, planned) in plan.trajectory().commands.iter().zip(&states[1..]) {
            let (next, report) = world.step(&state, *command);
            state = next;
            followed &= state.distance(planned.position) <= RERUN_TOLERANCE_M && report.pushing == 0;
        }
        clear && followed
    }
}
