//! One episode in the simulated world, under the pilot.

use super::Pilot;
use crate::gate::CheckedPlan;
use crate::planner::{Observation, Planner};
use crate::view::Event;
use crate::world::{Command, Episode, State, World};
use std::time::{Duration, Instant};

/// Which time the loop keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// As fast as it goes; planning takes no simulated time.
    Simulated,
    /// 100 Hz on the monotonic clock; a late step is counted, not caught up.
    RealTime,
}

/// States and commands of an episode, for recording.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EpisodeTrace {
    /// Before each step and after the last.
    pub states: Vec<State>,
    /// Commands.
    pub commands: Vec<Command>,
}

/// How an episode went.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EpisodeReport {
    /// Sum of rewards.
    pub total_reward: f64,
    /// Whether the goal was ever reached.
    pub reached: bool,
    /// Seconds until then.
    pub arrival_secs: f64,
    /// Steps in which a wall pushed.
    pub wall_steps: usize,
    /// Steps that began late in real time.
    pub late_steps: usize,
}

impl EpisodeReport {
    /// Counts the state after step `index`.
    pub(crate) fn count(&mut self, episode: &Episode, state: &State, index: usize, step_secs: f64, pushing: usize) {
        let reward = episode.reward(state);
        if reward > 0.0 && !self.reached {
            self.reached = true;
            self.arrival_secs = step_secs * (index + 1) as f64;
        }
        self.total_reward += reward;
        self.wall_steps += usize::from(pushing > 0);
    }
}

impl<P: Planner> Pilot<P> {
    /// Drives an episode of `steps` steps. `on_plan` sees the plan in force after every planning round;
    /// `trace` is filled if given.
    pub fn run_episode(
        &mut self,
        world: &World,
        episode: &Episode,
        steps: usize,
        clock: Clock,
        mut on_plan: impl FnMut(&CheckedPlan),
        mut trace: Option<&mut EpisodeTrace>,
    ) -> EpisodeReport {
        let mut report = EpisodeReport::default();
        let mut state = episode.start;
        if let Some(trace) = &mut trace {
            trace.states.clear();
            trace.commands.clear();
            trace.states.push(state);
        }
        self.view().log_world(Default::default(), world, state.position, episode.goal);
        let step_secs = world.step_secs();
        let begun = Instant::now();
        for index in 0..steps {
            if clock == Clock::RealTime {
                let due = Duration::from_secs_f64(step_secs * index as f64);
                match due.checked_sub(begun.elapsed()) {
                    Some(rest) => std::thread::sleep(rest),
                    None => report.late_steps += usize::from(index > 0),
                }
            }
            let now_secs = step_secs * index as f64;
            let observation = Observation { state, goal: episode.goal, stamp_secs: now_secs, step: index as u64 };
            if index % self.settings().replan_steps.max(1) == 0 {
                // The simulated map is true at every moment.
                on_plan(self.plan(world, &observation, now_secs, now_secs));
            }
            let command = self.command(world, &state, now_secs);
            let (next, step) = world.step(&state, command);
            state = next;
            report.count(episode, &state, index, step_secs, step.pushing);
            if let Some(trace) = &mut trace {
                trace.commands.push(command);
                trace.states.push(state);
            }
            if self.view().is_enabled() {
                self.view().log(observation.stamp(), Event::Executed { position: state.position });
            }
        }
        report
    }
}
