//! The planning thread: plans job after job, while the node's loop goes on with heartbeats, commands and stops.

use super::inputs::Placed;
use super::jobs::{DebugOutput, LoadRequest, PlanJob, Planned, Purpose, Statistics};
use super::loader::{Loaded, Ready};
use super::map_reader::ReadMap;
use super::parameters::PlannerParameters;
use super::planner_pilot::PlannerPilot;
use crate::gate::{CheckedPlan, MAX_STATES, Origin};
use crate::nodes::path::{markers_of, path_of, raw_path_of};
use crate::pilot::PilotSettings;
use crate::view::View;
use crate::world::{Robot, World};
use planwright_ros2::executor::Waker;
use planwright_ros2::messages::nav_msgs::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Jobs that may wait for the planning thread. The action server's own limit lies below.
const MAX_JOBS: usize = 64;

/// A report of the planning or a loading thread.
pub enum Report {
    /// A plan, or the reason why there is none.
    Planned(Box<Planned>),
    /// A model is ready to be installed, or the reason why not.
    Loaded(Box<Result<Ready, String>>),
    /// The warm-up is over.
    Warm,
    /// A map has been read, or refused.
    Map(Box<ReadMap>),
    /// Display of the plan reported before; sent after it, so that no answer waits for it.
    Debug(Box<DebugOutput>),
    /// Statistics, sent after every plan.
    Statistics(Box<Statistics>),
}

/// The pilot of the planning thread, once a model is loaded.
type Slot = Option<Box<PlannerPilot>>;

enum Job {
    Plan(Box<PlanJob>),
    Change(Box<dyn FnOnce(&mut Slot) + Send>),
}

/// The node's handle of the planning thread.
pub struct Worker {
    jobs: Sender<Job>,
    /// Plans that wait or are being made.
    waiting: Arc<AtomicUsize>,
    reports: Receiver<Report>,
    reporting: Sender<Report>,
    waker: Waker,
    spare: Vec<CheckedPlan>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system has no thread left.
    pub fn start(waker: Waker) -> std::io::Result<Self> {
        let (jobs, work) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let left = Arc::clone(&waiting);
        let (reporting, reports) = channel();
        let (sender, wake) = (reporting.clone(), waker.clone());
        let thread = std::thread::Builder::new()
            .name("planner".to_owned())
            .spawn(move || serve(&work, &left, &sender, &wake))?;
        let spare = (0..4).map(|_| CheckedPlan::with_capacity(MAX_STATES)).collect();
        Ok(Self { jobs, waiting, reports, reporting, waker, spare, thread: Some(thread) })
    }

    /// Reports from other threads of the node.
    pub fn reporter(&self) -> impl Fn(Report) + Send + use<> {
        let (reporting, waker) = (self.reporting.clone(), self.waker.clone());
        move |report| {
            // The node may have ended meanwhile.
            let _ = reporting.send(report);
            waker.wake();
        }
    }

    /// The next report, if there is one.
    pub fn report(&self) -> Option<Report> {
        self.reports.try_recv().ok()
    }

    /// A plan to write into.
    pub fn spare(&mut self) -> CheckedPlan {
        self.spare.pop().unwrap_or_else(|| CheckedPlan::with_capacity(MAX_STATES))
    }

    /// Takes a plan back for later use.
    pub fn recycle(&mut self, plan: CheckedPlan) {
        if self.spare.len() < 8 {
            self.spare.push(plan);
        }
    }

    /// Queues a job; returns it if too many are waiting or the thread is gone.
    ///
    /// # Errors
    /// The job.
    pub fn plan(&self, job: Box<PlanJob>) -> Result<(), Box<PlanJob>> {
        if self.waiting.fetch_add(1, Ordering::AcqRel) >= MAX_JOBS {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            return Err(job);
        }
        self.jobs.send(Job::Plan(job)).map_err(|unsent| match unsent.0 {
            Job::Plan(job) => job,
            Job::Change(_) => unreachable!("the job that was sent comes back"),
        })
    }

    /// Loads and tests a model on a thread of its own, beside the one at work, and warms it up there if it is to
    /// take over at once. Ends with [`Report::Loaded`].
    pub fn load(
        &self,
        request: LoadRequest,
        parameters: PlannerParameters,
        robot: Arc<dyn Robot>,
        view: View,
        warm: bool,
    ) {
        let report = self.reporter();
        let load = move || report(Report::Loaded(Box::new(request.load(&parameters, robot, view, warm))));
        if let Err(error) = std::thread::Builder::new().name("loader".to_owned()).spawn(load) {
            let problem = format!("expected a thread to load the model on, got: {error}");
            let _ = self.reporting.send(Report::Loaded(Box::new(Err(problem))));
            self.waker.wake();
        }
    }

    /// Replaces the pilot.
    pub fn install(&self, ready: Ready) -> Loaded {
        let Ready { pilot, loaded } = ready;
        self.change(move |slot| *slot = Some(pilot));
        loaded
    }

    /// Drops the pilot.
    pub fn unload(&self) {
        self.change(|slot| *slot = None);
    }

    /// Other settings for the pilot.
    pub fn configure(&self, settings: PilotSettings) {
        self.change(move |slot| slot.iter_mut().for_each(|pilot| pilot.configure(settings.clone())));
    }

    /// Prepares the planner for a map, so that the first plan on it does not have to.
    pub fn prepare(&self, world: Arc<World>) {
        self.change(move |slot| slot.iter_mut().for_each(|pilot| pilot.prepare(&world)));
    }

    /// Clears the robot's plan in force.
    pub fn reset(&self) {
        self.change(|slot| slot.iter_mut().for_each(|pilot| pilot.reset()));
    }

    /// Plans a few times and clears the statistics. Ends with [`Report::Warm`].
    pub fn warm_up(&self, world: Arc<World>) {
        let (reporting, waker) = (self.reporting.clone(), self.waker.clone());
        self.change(move |slot| {
            slot.iter_mut().for_each(|pilot| pilot.warm_up(&world));
            let _ = reporting.send(Report::Warm);
            waker.wake();
        });
    }

    fn change(&self, change: impl FnOnce(&mut Slot) + Send + 'static) {
        // Never waits: plans, which may pile up, are counted in `plan`. The thread may be gone at the end.
        let _ = self.jobs.send(Job::Change(Box::new(change)));
    }
}

impl Drop for Worker {
    /// Waits for the thread only if it is idle: a plan under way, or one that hangs, must not hold up the end.
    fn drop(&mut self) {
        let (empty, _) = channel();
        self.jobs = empty;
        if let Some(thread) = self.thread.take() {
            let patience = Instant::now() + Duration::from_millis(100);
            while !thread.is_finished() && Instant::now() < patience {
                std::thread::sleep(Duration::from_millis(1));
            }
            if thread.is_finished() {
                let _ = thread.join();
            }
        }
    }
}

fn serve(work: &Receiver<Job>, waiting: &AtomicUsize, reports: &Sender<Report>, waker: &Waker) {
    let mut pilot: Slot = None;
    while let Ok(job) = work.recv() {
        let job = match job {
            Job::Plan(job) => job,
            Job::Change(change) => {
                change(&mut pilot);
                continue;
            }
        };
        waiting.fetch_sub(1, Ordering::AcqRel);
        let (planned, output) = plan(&mut pilot, *job, |planned| {
            let sent = reports.send(Report::Planned(planned)).is_ok();
            waker.wake();
            sent
        });
        if !planned {
            return;
        }
        if let Some(output) = output {
            let _ = reports.send(Report::Debug(Box::new(output)));
        }
        let mut statistics = Box::new(Statistics::default());
        if let Some(pilot) = &pilot {
            pilot.statistics(&mut statistics);
        }
        if reports.send(Report::Statistics(statistics)).is_err() {
            return;
        }
        waker.wake();
    }
}

/// Makes a plan, reports it, and then draws it. False if the node has ended.
fn plan(pilot: &mut Slot, mut job: PlanJob, report: impl FnOnce(Box<Planned>) -> bool) -> (bool, Option<DebugOutput>) {
    let begun = Instant::now();
    let mut checked = std::mem::replace(&mut job.plan, CheckedPlan::with_capacity(0));
    let canceled = job.canceled.load(Ordering::Acquire);
    let had_planner = pilot.is_some();
    let mut planned = Planned {
        purpose: job.purpose,
        path: Path::default(),
        planning: Duration::ZERO,
        observation: job.observation,
        world: Arc::clone(&job.world),
        canceled,
        had_planner,
        plan: CheckedPlan::with_capacity(0),
    };
    if let (Some(pilot), false) = (pilot.as_mut(), canceled) {
        // Other jobs may have come first.
        let now = job.clock.now();
        let waited_secs = now.since(job.now);
        job.now = now;
        job.map_secs += waited_secs;
        if job.start_is_given {
            job.observation.stamp_secs = now.as_secs_f64();
        }
        let last = Placed { position: job.observation.goal, yaw_rad: job.goal_yaw_rad };
        let legs: Vec<Placed> = std::mem::take(&mut job.via).into_iter().chain([last]).collect();
        let mut start = job.now;
        for leg in legs {
            (job.observation.goal, job.goal_yaw_rad) = (leg.position, leg.yaw_rad);
            pilot.plan(&job, &mut checked);
            if job.purpose != Purpose::Drive && checked.origin() != Origin::Planned {
                planned.path = Path::default();
                break;
            }
            let path = path_of(&checked, &job.world, &job.frame, start, &job.style, job.goal_yaw_rad);
            if planned.path.poses.is_empty() {
                planned.path = path;
            } else {
                planned.path.poses.extend(path.poses.into_iter().skip(1));
            }
            // The next leg begins where this one ends.
            let trajectory = checked.trajectory();
            let secs = trajectory.dt_secs * trajectory.states.len().saturating_sub(1) as f64;
            start = start.saturating_add(Duration::try_from_secs_f64(secs).unwrap_or_default());
            if let Some(end) = trajectory.states.last() {
                job.observation.state = end.halted();
            }
        }
        planned.planning = begun.elapsed();
        planned.canceled = job.canceled.load(Ordering::Acquire);
    }
    let show = job.show && planned.had_planner && !canceled;
    // Drawn from a copy, after the plan itself was sent.
    let copy = show.then(|| checked.clone());
    planned.plan = checked;
    let sent = report(Box::new(planned));
    let shown = copy.zip(pilot.as_ref()).map(|(checked, pilot)| DebugOutput {
        raw: raw_path_of(&pilot.proposal(&job).trajectory, &job.frame, job.now, job.goal_yaw_rad),
        markers: markers_of(
            &checked,
            &pilot.proposal(&job).trajectory,
            job.observation.goal,
            &job.world,
            &job.frame,
            job.now,
        ),
    });
    (sent, shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::path::PathStyle;
    use crate::planner::Observation;
    use crate::world::{Layout, MazeWorld, State};
    use planwright_ros2::time::{Clock, ClockSource, RosTime};
    use std::sync::atomic::AtomicBool;

    fn job(canceled: bool) -> PlanJob {
        let (start, goal) = ([1.0, 1.0], [3.0, 1.0]);
        PlanJob {
            purpose: Purpose::Service(7),
            observation: Observation { state: State::at_rest(start), goal, stamp_secs: 0.0, step: 0 },
            now: RosTime::ZERO,
            clock: Clock::new(ClockSource::Simulated),
            start_is_given: true,
            goal_yaw_rad: None,
            via: Vec::new(),
            path: None,
            map_secs: 0.0,
            world: Arc::new(World::clone(&MazeWorld::new(Layout::umaze()))),
            frame: "map".into(),
            style: PathStyle { period_secs: 0.05, clearance_m: 0.005 },
            show: true,
            canceled: Arc::new(AtomicBool::new(canceled)),
            plan: CheckedPlan::with_capacity(MAX_STATES),
        }
    }

    #[test]
    fn a_job_without_a_planner_or_canceled_is_answered_with_a_stop_and_shows_nothing() {
        for canceled in [false, true] {
            let (sender, receiver) = channel();
            let (sent, output) = plan(&mut None, job(canceled), |planned| sender.send(planned).is_ok());
            let planned = receiver.recv().expect("an answer");
            assert!(sent && output.is_none() && planned.path.poses.is_empty());
            assert_eq!((planned.had_planner, planned.canceled), (false, canceled));
            assert_eq!((planned.purpose, planned.plan.origin() == Origin::Planned), (Purpose::Service(7), false));
        }
    }
}
