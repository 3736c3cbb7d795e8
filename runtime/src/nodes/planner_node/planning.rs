//! A pilot of any family at work: for the robot under way, and for questions that have nothing to do with it.

use super::worker::{PlanJob, Purpose, Statistics};
use crate::gate::{CheckedPlan, Origin, Rejection};
use crate::pilot::{Pilot, PilotMemory, PilotSettings, PilotStatistics};
use crate::planner::{Observation, Planner};
use crate::trajectory::Trajectory;
use crate::world::{MazeWorld, State};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Plans made before work begins, so that no first-run cost shows in it.
const WARM_UP_PLANS: usize = 5;
/// Tries at a question, each with a seed of its own.
const MAX_TRIES: u64 = 16;

fn is_late(plan: &CheckedPlan) -> bool {
    matches!(plan.origin(), Origin::Fallback { reason: Rejection::Deadline { .. }, .. })
}

/// A pilot of any family.
pub(super) trait Planning: Send {
    fn configure(&mut self, settings: PilotSettings);
    fn plan(&mut self, job: &PlanJob, into: &mut CheckedPlan);
    fn proposal(&self) -> &Trajectory;
    fn warm_up(&mut self, world: &MazeWorld);
    fn reset(&mut self);
    fn statistics(&self, statistics: &mut Statistics);
}

pub(super) struct PilotOf<P> {
    pub(super) pilot: Pilot<P>,
    /// While a query is planned the robot's plans rest here, else those of the queries.
    pub(super) queries: PilotMemory,
    pub(super) seed: u64,
    /// Seeds of questions that found no answer.
    pub(super) seeds_spent: u64,
    pub(super) statistics: Statistics,
}

/// Adds what one job changed to the counts of its purpose. What the gate counts is kept per purpose already.
fn account(of: &mut PilotStatistics, before: &PilotStatistics, after: PilotStatistics) {
    let (rounds, kept) = (of.rounds, of.plans_kept);
    let (misses, cut) = (of.deadline_misses, of.cut_short);
    *of = PilotStatistics {
        rounds: rounds + after.rounds - before.rounds,
        plans_kept: kept + after.plans_kept - before.plans_kept,
        deadline_misses: misses + after.deadline_misses - before.deadline_misses,
        cut_short: cut + after.cut_short - before.cut_short,
        ..after
    };
}

impl<P: Planner + Send> Planning for PilotOf<P> {
    fn configure(&mut self, mut settings: PilotSettings) {
        settings.correction.path.keep_shape = self.pilot.planner().description().keeps_shape;
        self.pilot.configure(settings);
    }

    fn plan(&mut self, job: &PlanJob, into: &mut CheckedPlan) {
        let now_secs = job.now.as_secs_f64();
        let before = self.pilot.statistics();
        if job.purpose == Purpose::Drive {
            into.copy_from(self.pilot.plan(&job.world, &job.observation, now_secs, job.map_secs));
            account(&mut self.statistics.drive, &before, self.pilot.statistics());
            return;
        }
        // A question has nothing to do with the plan in force, and the same question has the same answer: the
        // first of a row of seeds whose plan passes, as many as fit before the deadline.
        let begun = Instant::now();
        let deadline = self.pilot.settings().deadline.unwrap_or(Duration::MAX);
        self.pilot.exchange(&mut self.queries);
        for round in 0..MAX_TRIES {
            let tried = Instant::now();
            self.pilot.reset(self.seed.wrapping_add(self.seeds_spent + round));
            let plan = self.pilot.plan_since(begun, &job.world, &job.observation, now_secs, job.map_secs);
            let passed = plan.origin() == Origin::Planned;
            // Of several refusals the first counts, but a check that failed says more than time that ran out.
            if round == 0 || passed || is_late(into) {
                into.copy_from(plan);
            }
            let spent = begun.elapsed();
            let is_hopeless = matches!(
                plan.origin(),
                Origin::Fallback { reason: Rejection::StaleMap { .. } | Rejection::StaleObservation { .. }, .. }
            );
            if passed || is_hopeless || spent + tried.elapsed() > deadline || job.canceled.load(Ordering::Acquire) {
                break;
            }
        }
        if into.origin() != Origin::Planned {
            // Whoever asks again gets other seeds than those that failed.
            self.seeds_spent += MAX_TRIES;
        }
        account(&mut self.statistics.queries, &before, self.pilot.statistics());
        self.pilot.exchange(&mut self.queries);
    }

    fn proposal(&self) -> &Trajectory {
        &self.pilot.proposal().trajectory
    }

    fn warm_up(&mut self, world: &MazeWorld) {
        let free: Vec<_> = world.layout().free_cells().collect();
        let at = |index: usize| free.get(index % free.len().max(1)).map(|(x, y)| [*x as f64, *y as f64]);
        for index in 0..WARM_UP_PLANS {
            let (Some(start), Some(goal)) = (at(index), at(free.len() / 2 + index)) else { break };
            let state = State::at_rest(start);
            let observation = Observation { state, goal, stamp_secs: 0.0, step: 0 };
            self.pilot.plan(world, &observation, 0.0, 0.0);
        }
        self.pilot.reset(self.seed);
        self.pilot.clear_statistics();
        self.queries = PilotMemory::new();
        self.statistics = Statistics::default();
    }

    fn reset(&mut self) {
        self.pilot.reset(self.seed);
    }

    fn statistics(&self, statistics: &mut Statistics) {
        statistics.queries.clone_from(&self.statistics.queries);
        statistics.drive.clone_from(&self.statistics.drive);
        statistics.stages_ms = self.pilot.latency_by_stage();
        statistics.drift = self.pilot.drift();
    }
}
