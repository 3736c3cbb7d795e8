//! A waypoint tour: goals that a driving node visits in turn.

use crate::world::Point;
use std::time::{Duration, Instant};

/// Goals in their order, once or again and again.
#[derive(Clone, Debug, Default)]
pub(super) struct WaypointTour {
    goals: Vec<Point>,
    next: usize,
    departed: Option<Instant>,
    once: bool,
}

/// What follows when the robot rests.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct TourStep {
    /// Time since it left for the goal that it has reached, if it had left.
    pub(super) travelled: Option<Duration>,
    /// The next goal; none after the last, and in an empty tour.
    pub(super) goal: Option<Point>,
}

impl TourStep {
    /// Whether the last goal was reached.
    pub(super) fn is_last(&self) -> bool {
        self.travelled.is_some() && self.goal.is_none()
    }
}

impl WaypointTour {
    pub(super) fn new(goals: Vec<Point>, once: bool) -> Self {
        Self { goals, next: 0, departed: None, once }
    }

    /// The robot rests: on to the next goal.
    pub(super) fn advance(&mut self) -> TourStep {
        let travelled = self.departed.take().map(|departed| departed.elapsed());
        if self.once && self.next >= self.goals.len() {
            self.goals.clear();
        }
        let goal = self.next.checked_rem(self.goals.len()).and_then(|index| self.goals.get(index)).copied();
        if goal.is_some() {
            self.next += 1;
            self.departed = Some(Instant::now());
        }
        TourStep { travelled, goal }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOALS: [Point; 2] = [[1.0, 1.0], [3.0, 1.0]];

    #[test]
    fn goals_are_visited_in_turn_and_again_from_the_first() {
        let mut tour = WaypointTour::new(GOALS.to_vec(), false);
        assert_eq!(tour.advance(), TourStep { travelled: None, goal: Some(GOALS[0]) });
        for goal in [GOALS[1], GOALS[0], GOALS[1]] {
            let step = tour.advance();
            assert_eq!((step.travelled.is_some(), step.goal, step.is_last()), (true, Some(goal), false));
        }
    }

    #[test]
    fn a_single_tour_ends_after_its_last_goal() {
        let mut tour = WaypointTour::new(GOALS.to_vec(), true);
        assert_eq!([tour.advance().goal, tour.advance().goal], GOALS.map(Some));
        assert!(tour.advance().is_last());
        assert_eq!(tour.advance(), TourStep::default());
    }

    #[test]
    fn an_empty_tour_has_no_goal_and_no_end() {
        for once in [false, true] {
            let step = WaypointTour::new(Vec::new(), once).advance();
            assert!(step == TourStep::default() && !step.is_last());
        }
    }
}
