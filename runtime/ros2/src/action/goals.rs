//! The goals of an action server: bounded in number, results kept for late and repeated requests.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The 16 bytes of a goal's UUID.
pub type GoalId = [u8; 16];

/// Where a goal is; the discriminants are those of `action_msgs/GoalStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i8)]
pub enum GoalStatus {
    /// Waiting for its turn.
    Accepted = 1,
    /// Being worked on.
    Executing = 2,
    /// To be given up.
    Canceling = 3,
    /// Done.
    Succeeded = 4,
    /// Canceled by request.
    Canceled = 5,
    /// Given up because it could not be done.
    Aborted = 6,
}

impl GoalStatus {
    /// Whether nothing more happens to it.
    pub fn is_terminal(self) -> bool {
        self as i8 >= Self::Succeeded as i8
    }
}

/// The goals to cancel, as defined by `action_msgs/CancelGoal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancelFilter {
    /// A goal, or all zeros for any.
    pub id: GoalId,
    /// Goals accepted at or before this time as well; zero for none.
    pub stamp_nanos: i64,
}

/// Which goals a cancel request means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CancelSelection {
    /// These, which can still be canceled.
    Goals(Vec<GoalId>),
    /// The goal is not known.
    Unknown,
    /// The goal has ended already.
    Terminated,
}

/// How many goals there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoalLimits {
    /// Goals that have not ended; a further one is rejected.
    pub active: usize,
    /// Ended goals whose results are kept; the oldest goes first.
    pub ended: usize,
    /// How long a result is kept.
    pub keep: Duration,
    /// Requests that may wait for one goal's result; a further one takes the place of the oldest.
    pub waiting: usize,
}

impl Default for GoalLimits {
    fn default() -> Self {
        Self { active: 32, ended: 64, keep: Duration::from_secs(120), waiting: 16 }
    }
}

struct Goal<R, W> {
    status: GoalStatus,
    accepted_nanos: i64,
    sequence: u64,
    ended: Option<(Instant, R)>,
    waiting: Vec<W>,
}

/// What a request for a result gets.
#[derive(Debug, PartialEq)]
pub enum ResultAnswer<R> {
    /// The result.
    Ready(GoalStatus, R),
    /// It comes later.
    Later,
    /// No such goal.
    Unknown,
}

/// All goals. `R` is the result, `W` a request that waits for one.
pub struct Goals<R, W> {
    goals: BTreeMap<GoalId, Goal<R, W>>,
    limits: GoalLimits,
    sequence: u64,
}

impl<R: Clone, W> Goals<R, W> {
    /// None yet.
    pub fn new(limits: GoalLimits) -> Self {
        Self { goals: BTreeMap::new(), limits, sequence: 0 }
    }

    /// Takes a goal in. False if its id is in use or there are too many.
    pub fn accept(&mut self, id: GoalId, accepted_nanos: i64) -> bool {
        if self.goals.contains_key(&id) || self.active() >= self.limits.active {
            return false;
        }
        self.sequence += 1;
        let status = GoalStatus::Accepted;
        let goal = Goal { status, accepted_nanos, sequence: self.sequence, ended: None, waiting: Vec::new() };
        self.goals.insert(id, goal);
        true
    }

    /// Goals that have not ended.
    pub fn active(&self) -> usize {
        self.goals.values().filter(|goal| goal.ended.is_none()).count()
    }

    /// Goals that are known.
    pub fn len(&self) -> usize {
        self.goals.len()
    }

    /// Whether no goal is known.
    pub fn is_empty(&self) -> bool {
        self.goals.is_empty()
    }

    /// Where a goal is.
    pub fn status(&self, id: &GoalId) -> Option<GoalStatus> {
        self.goals.get(id).map(|goal| goal.status)
    }

    /// Goals that have not ended, oldest first.
    pub fn active_ids(&self) -> Vec<GoalId> {
        let mut active: Vec<_> = self.goals.iter().filter(|(_, goal)| goal.ended.is_none()).collect();
        active.sort_by_key(|(_, goal)| goal.sequence);
        active.into_iter().map(|(id, _)| *id).collect()
    }

    /// Id, time of acceptance and status of every goal, oldest first.
    pub fn statuses(&self) -> Vec<(GoalId, i64, GoalStatus)> {
        let mut all: Vec<_> = self.goals.iter().collect();
        all.sort_by_key(|(_, goal)| goal.sequence);
        all.into_iter().map(|(id, goal)| (*id, goal.accepted_nanos, goal.status)).collect()
    }

    /// Work begins. False if the goal has ended or is to be given up.
    pub fn execute(&mut self, id: &GoalId) -> bool {
        match self.goals.get_mut(id) {
            Some(goal) if goal.status == GoalStatus::Accepted => {
                goal.status = GoalStatus::Executing;
                true
            }
            _ => false,
        }
    }

    /// Which goals a request means, by the four cases of `action_msgs/CancelGoal`.
    pub fn select(&self, filter: CancelFilter) -> CancelSelection {
        let any = filter.id == [0; 16];
        let named = self.goals.get(&filter.id);
        if !any && filter.stamp_nanos == 0 {
            return match named {
                None => CancelSelection::Unknown,
                Some(goal) if goal.status.is_terminal() => CancelSelection::Terminated,
                Some(_) => CancelSelection::Goals(vec![filter.id]),
            };
        }
        let all = any && filter.stamp_nanos == 0;
        let meant = self.active_ids().into_iter().filter(|id| {
            let early = self.goals.get(id).is_some_and(|goal| goal.accepted_nanos <= filter.stamp_nanos);
            all || early || *id == filter.id
        });
        CancelSelection::Goals(meant.collect())
    }

    /// Marks a goal as to be given up. False if it has ended.
    pub fn cancel(&mut self, id: &GoalId) -> bool {
        match self.goals.get_mut(id) {
            Some(goal) if !goal.status.is_terminal() => {
                goal.status = GoalStatus::Canceling;
                true
            }
            _ => false,
        }
    }

    /// Ends a goal and hands back who waited for it. `None` if it has ended before or is not known.
    pub fn end(&mut self, id: &GoalId, status: GoalStatus, result: R) -> Option<Vec<W>> {
        let goal = self.goals.get_mut(id)?;
        if goal.ended.is_some() {
            return None;
        }
        goal.status = status;
        goal.ended = Some((Instant::now(), result));
        let waiting = std::mem::take(&mut goal.waiting);
        self.forget(self.limits.ended);
        Some(waiting)
    }

    /// The result, or a place in the queue for it.
    pub fn result(&mut self, id: &GoalId, waiter: impl FnOnce() -> W) -> ResultAnswer<R> {
        let Some(goal) = self.goals.get_mut(id) else { return ResultAnswer::Unknown };
        if let Some((_, result)) = &goal.ended {
            return ResultAnswer::Ready(goal.status, result.clone());
        }
        if goal.waiting.len() >= self.limits.waiting {
            goal.waiting.remove(0);
        }
        goal.waiting.push(waiter());
        ResultAnswer::Later
    }

    /// Forgets results that were kept long enough. True if there were any.
    pub fn expire(&mut self, now: Instant) -> bool {
        let before = self.goals.len();
        let keep = self.limits.keep;
        self.goals.retain(|_, goal| goal.ended.as_ref().is_none_or(|(ended, _)| now.duration_since(*ended) < keep));
        self.goals.len() < before
    }

    fn forget(&mut self, keep: usize) {
        let mut ended: Vec<_> =
            self.goals.iter().filter(|(_, goal)| goal.ended.is_some()).map(|(id, goal)| (goal.sequence, *id)).collect();
        if ended.len() <= keep {
            return;
        }
        ended.sort_unstable();
        for (_, id) in ended.iter().take(ended.len() - keep) {
            self.goals.remove(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: GoalId = [1; 16];
    const B: GoalId = [2; 16];

    fn goals() -> Goals<&'static str, u32> {
        Goals::new(GoalLimits { active: 2, ended: 2, keep: Duration::from_secs(1), waiting: 2 })
    }

    #[test]
    fn every_waiter_gets_the_result_and_those_who_come_late_or_twice_too() {
        let mut goals = goals();
        assert!(goals.accept(A, 1) && !goals.accept(A, 2));
        assert_eq!(goals.result(&A, || 7), ResultAnswer::Later);
        assert_eq!(goals.result(&A, || 8), ResultAnswer::Later);
        assert!(goals.execute(&A) && !goals.execute(&A));
        assert_eq!(goals.end(&A, GoalStatus::Succeeded, "path"), Some(vec![7, 8]));
        assert_eq!(goals.end(&A, GoalStatus::Aborted, "other"), None);
        for _ in 0..2 {
            assert_eq!(goals.result(&A, || 9), ResultAnswer::Ready(GoalStatus::Succeeded, "path"));
        }
        assert_eq!(goals.result(&B, || 9), ResultAnswer::Unknown);
    }

    #[test]
    fn goals_and_results_are_bounded() {
        let mut goals = goals();
        assert!(goals.accept(A, 1) && goals.accept(B, 2) && !goals.accept([3; 16], 3));
        for k in 0..20_u8 {
            let id = [k + 10; 16];
            goals.end(&A, GoalStatus::Canceled, "");
            goals.end(&B, GoalStatus::Canceled, "");
            assert!(goals.accept(id, i64::from(k)));
            goals.end(&id, GoalStatus::Succeeded, "");
            assert!(goals.len() <= 3, "{}", goals.len());
        }
        for waiter in 0..9 {
            goals.accept([99; 16], 0);
            goals.result(&[99; 16], || waiter);
        }
        assert_eq!(goals.end(&[99; 16], GoalStatus::Succeeded, ""), Some(vec![7, 8]));
        assert!(goals.expire(Instant::now() + Duration::from_secs(2)));
        assert!(goals.is_empty());
    }

    #[test]
    fn cancel_requests_mean_what_the_definition_says() {
        let mut goals = goals();
        goals.accept(A, 10);
        goals.accept(B, 20);
        let select = |goals: &Goals<_, _>, id, stamp_nanos| goals.select(CancelFilter { id, stamp_nanos });
        assert_eq!(select(&goals, [0; 16], 0), CancelSelection::Goals(vec![A, B]));
        assert_eq!(select(&goals, [0; 16], 15), CancelSelection::Goals(vec![A]));
        assert_eq!(select(&goals, B, 15), CancelSelection::Goals(vec![A, B]));
        assert_eq!(select(&goals, B, 0), CancelSelection::Goals(vec![B]));
        assert_eq!(select(&goals, [9; 16], 0), CancelSelection::Unknown);
        assert!(goals.cancel(&A));
        assert!(!goals.execute(&A));
        goals.end(&A, GoalStatus::Canceled, "");
        assert_eq!(select(&goals, A, 0), CancelSelection::Terminated);
        assert!(!goals.cancel(&A));
    }
}
