//! Controls without a network: shortest path over free cells, straight line, or random knots, as proposals for the same
//! correction and gate as a model's.

use super::{Observation, PlanError, Planner, PlannerDescription, Proposal, stream_seed};
use crate::correction::Resample;
use crate::geometry::distance;
use crate::trajectory::Trajectory;
use crate::view::View;
use crate::world::{Layout, Map, Point, State};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;
use std::time::Instant;

/// A control: what stands beside a model's score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Control {
    /// Shortest path over free cells (breadth-first, four neighbours), through the cells' centres
    Search,
    /// Straight line from start to goal
    Straight,
    /// Knots uniform over the maze between start and goal
    Random,
}

impl Control {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Straight => "straight",
            Self::Random => "random",
        }
    }
}

/// Time between knots, seconds.
const KNOT_SECS: f64 = 0.1;
/// Largest number of knots.
const HORIZON: usize = 256;
/// Speed along the path before time parameterisation, metres per second.
const SPEED_MPS: f64 = 2.5;
/// Knots of a random proposal between start and goal.
const RANDOM_KNOTS: usize = 30;

/// A planner without a network. Positions alone carry information: velocities are those of a constant pace, and the
/// correction replaces them by its time parameterisation.
#[derive(Debug)]
pub struct ControlPlanner {
    description: PlannerDescription,
    layout: Layout,
    control: Control,
    seed: u64,
    plans: u64,
    way: Vec<Point>,
    search: CellSearch,
}

impl ControlPlanner {
    /// A control in a maze.
    pub fn new(control: Control, layout: Layout, seed: u64) -> Self {
        let cells = layout.rows() * layout.columns();
        let description = PlannerDescription {
            layout: Some(layout.clone()),
            keeps_shape: false,
            ..PlannerDescription::without_network(control.name(), HORIZON, KNOT_SECS)
        };
        let search = CellSearch { came_from: vec![None; cells], queue: VecDeque::with_capacity(cells) };
        Self { description, layout, control, seed, plans: 0, way: Vec::with_capacity(HORIZON), search }
    }

    /// Fills `way` with points from start to goal.
    fn find_way(&mut self, start: Point, goal: Point) -> Result<(), PlanError> {
        self.way.clear();
        self.way.push(start);
        let layout = &self.layout;
        match self.control {
            Control::Straight => {}
            Control::Search => self.search.run(layout, start, goal, &mut self.way)?,
            Control::Random => {
                let mut rng = ChaCha8Rng::seed_from_u64(stream_seed(self.seed, self.plans + 1));
                let bounds = layout.bounds();
                for _ in 0..RANDOM_KNOTS {
                    let point = |axis: usize| rng.random_range(bounds.low[axis]..bounds.high[axis]);
                    self.way.push([0, 1].map(point));
                }
            }
        }
        self.way.push(goal);
        Ok(())
    }
}

/// Breadth-first search over cells. No allocation after construction.
#[derive(Debug)]
struct CellSearch {
    /// Cell before each cell that was reached, by index in row order; the goal's own is itself.
    came_from: Vec<Option<usize>>,
    queue: VecDeque<usize>,
}

impl CellSearch {
    /// Adds the centres of the cells strictly between those of start and goal.
    fn run(&mut self, layout: &Layout, start: Point, goal: Point, way: &mut Vec<Point>) -> Result<(), PlanError> {
        let columns = layout.columns();
        let cell_of = |point: Point| {
            let (row, column) = Layout::cell_of(point);
            let free = layout.is_free(point);
            usize::try_from(row).ok().zip(usize::try_from(column).ok()).filter(|_| free)
        };
        let (Some(first), Some(last)) = (cell_of(start), cell_of(goal)) else { return Err(PlanError::NoPath) };
        let (first, last) = (first.0 * columns + first.1, last.0 * columns + last.1);
        self.came_from.fill(None);
        self.queue.clear();
        // From the goal, so that the cells before each other are the way forwards.
        self.queue.push_back(last);
        self.came_from[last] = Some(last);
        while let Some(cell) = self.queue.pop_front().filter(|cell| *cell != first) {
            let (row, column) = (cell / columns, cell % columns);
            // The border is walls: no index leaves the grid.
            for (row, column) in [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)] {
                let next = row * columns + column;
                if !layout.is_wall(row, column) && self.came_from[next].is_none() {
                    self.came_from[next] = Some(cell);
                    self.queue.push_back(next);
                }
            }
        }
        let mut cell = self.came_from[first].ok_or(PlanError::NoPath)?;
        while cell != last {
            let cell_box = Layout::cell_box((cell / columns) as i64, (cell % columns) as i64);
            way.push([0, 1].map(|axis| 0.5 * (cell_box.low[axis] + cell_box.high[axis])));
            cell = self.came_from[cell].ok_or(PlanError::NoPath)?;
        }
        Ok(())
    }
}

impl Planner for ControlPlanner {
    fn description(&self) -> &PlannerDescription {
        &self.description
    }

    fn propose(
        &mut self,
        observation: &Observation,
        _deadline: Option<Instant>,
        _view: &View,
        proposal: &mut Proposal,
    ) -> Result<(), PlanError> {
        proposal.begin(KNOT_SECS);
        observation.check_finite()?;
        self.find_way(observation.state.position, observation.goal)?;
        self.plans += 1;
        pace(&self.way, &mut proposal.trajectory.states);
        Ok(())
    }

    fn reset(&mut self, seed: u64) {
        (self.seed, self.plans) = (seed, 0);
    }

    fn plans(&self) -> u64 {
        self.plans
    }
}

/// Knots along a polyline at a constant pace of at most [`SPEED_MPS`], the end included and at rest.
fn pace(way: &[Point], knots: &mut Vec<State>) {
    let length_m: f64 = way.windows(2).map(|pair| distance(pair[0], pair[1])).sum();
    let pieces = ((length_m / (SPEED_MPS * KNOT_SECS)).ceil() as usize).clamp(1, HORIZON - 1);
    let step_m = length_m / pieces as f64;
    let mut passed_m = 0.0;
    for pair in way.windows(2) {
        let segment_m = distance(pair[0], pair[1]);
        while knots.len() < pieces && step_m * knots.len() as f64 <= passed_m + segment_m {
            let share = if segment_m > 0.0 { (step_m * knots.len() as f64 - passed_m) / segment_m } else { 0.0 };
            let mut state = State::at_rest([0, 1].map(|axis| pair[0][axis] + share * (pair[1][axis] - pair[0][axis])));
            if segment_m > 0.0 {
                let speed_mps = step_m / KNOT_SECS;
                state.velocity = [0, 1].map(|axis| speed_mps * (pair[1][axis] - pair[0][axis]) / segment_m);
            }
            knots.push(state);
        }
        passed_m += segment_m;
    }
    knots.extend(way.last().map(|goal| State::at_rest(*goal)));
}

impl Resample for ControlPlanner {
    /// A control's proposal is final: the gate checks it.
    fn resample(&mut self, _knots: &mut Trajectory, _noise_share: f64, _round: usize) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn propose(control: Control, layout: Layout, start: Point, goal: Point) -> Result<Vec<Point>, PlanError> {
        let mut planner = ControlPlanner::new(control, layout, 0);
        let mut proposal = planner.proposal();
        let observation = Observation { state: State::at_rest(start), goal, stamp_secs: 0.0, step: 0 };
        planner.propose(&observation, None, &View::disabled(), &mut proposal)?;
        Ok(proposal.trajectory.points().collect())
    }

    #[test]
    fn the_search_goes_round_the_wall_and_stays_in_free_cells() {
        let layout = Layout::umaze();
        let path = propose(Control::Search, layout.clone(), [3.0, 1.0], [1.0, 1.0]).expect("a path");
        assert_eq!((path.first(), path.last()), (Some(&[3.0, 1.0]), Some(&[1.0, 1.0])));
        assert!(path.iter().all(|point| layout.is_free(*point)), "{path:?}");
        assert!(path.windows(2).all(|pair| distance(pair[0], pair[1]) < SPEED_MPS * KNOT_SECS + 1e-9));
        let length_m: f64 = path.windows(2).map(|pair| distance(pair[0], pair[1])).sum();
        assert!((5.0..6.5).contains(&length_m), "{length_m} m over six cells");
    }

    #[test]
    fn cells_that_nothing_connects_are_an_error() {
        let layout = Layout::parse("apart", "#####\n#O#O#\n#####").expect("a maze");
        let apart = propose(Control::Search, layout.clone(), [1.0, 1.0], [1.0, 3.0]);
        assert!(matches!(apart, Err(PlanError::NoPath)), "{apart:?}");
        let walled = propose(Control::Search, layout, [1.0, 2.0], [1.0, 1.0]);
        assert!(matches!(walled, Err(PlanError::NoPath)), "{walled:?}");
    }

    #[test]
    fn every_control_leads_from_start_to_goal_even_where_both_are_one() {
        for control in [Control::Search, Control::Straight, Control::Random] {
            for goal in [[3.0, 1.0], [3.0, 1.1]] {
                let path = propose(control, Layout::umaze(), [3.0, 1.0], goal).expect("a path");
                assert_eq!((path.first(), path.last()), (Some(&[3.0, 1.0]), Some(&goal)), "{control:?}");
                assert!(path.len() >= 2 && path.len() <= HORIZON, "{control:?}: {}", path.len());
            }
        }
    }
}
