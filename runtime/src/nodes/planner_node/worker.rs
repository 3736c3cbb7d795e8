//! The thread that plans. The node's loop hands it work and goes on; a plan under way can neither hold up a
//! heartbeat nor a stop.

use super::family::{LoadRequest, Loaded, PlannerFamily};
use super::parameters::drift_settings;
use super::planning::{PilotOf, Planning};
use crate::gate::{CheckedPlan, MAX_STATES, Origin};
use crate::nodes::path::{PathStyle, markers_of, path_of, raw_path_of};
use crate::pilot::{Pilot, PilotMemory, PilotSettings, PilotStatistics, StageLatencies};
use crate::planner::Observation;
use crate::quantity::DriftStatus;
use crate::view::View;
use crate::world::MazeWorld;
use planwright_ros2::action::GoalId;
use planwright_ros2::executor::Waker;
use planwright_ros2::messages::nav_msgs::Path;
use planwright_ros2::messages::visualization_msgs::MarkerArray;
use planwright_ros2::parameter::Values;
use planwright_ros2::time::{Clock, RosTime};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Jobs that may wait for the planning thread. The action server's own limit lies below.
const MAX_JOBS: usize = 64;

/// For whom a plan is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A goal of the action.
    Action(GoalId),
    /// A request of the service, by number.
    Service(u64),
    /// The robot under way.
    Drive,
}

/// A plan to make.
pub struct PlanJob {
    /// For whom.
    pub purpose: Purpose,
    /// From where, to where.
    pub observation: Observation,
    /// ROS time when the job was made; when its turn comes it is read anew from `clock`.
    pub now: RosTime,
    /// The node's clock.
    pub clock: Clock,
    /// The start is where the question puts it, and as true now as it was: it does not age.
    pub start_is_given: bool,
    /// When the map was last known to be true, seconds of ROS time.
    pub map_secs: f64,
    /// The map.
    pub world: Arc<MazeWorld>,
    /// The map's frame.
    pub frame: Arc<str>,
    /// How its path is written.
    pub style: PathStyle,
    /// Whether anyone looks at the proposal and the markers.
    pub show: bool,
    /// Set when nobody wants the plan any more.
    pub canceled: Arc<AtomicBool>,
    /// A plan to write into, so that none is allocated on the way.
    pub plan: CheckedPlan,
}

/// What became of a job.
pub struct Planned {
    /// For whom.
    pub purpose: Purpose,
    /// What left the gate; the stop, if there is no planner.
    pub plan: CheckedPlan,
    /// It as a path. Empty if it is a fallback and nobody drives.
    pub path: Path,
    /// Time spent planning, correcting and checking.
    pub planning: Duration,
    /// The robot's or the asked-for start.
    pub observation: Observation,
    /// Nobody wanted it any more.
    pub canceled: bool,
    /// Whether there was a planner.
    pub had_planner: bool,
}

/// What people look at.
pub struct Shown {
    /// The proposal, which nobody has checked, as a path.
    pub raw: Path,
    /// For RViz.
    pub markers: MarkerArray,
}

/// What the planning and loading threads report.
pub enum Report {
    /// A plan, or why there is none.
    Planned(Box<Planned>),
    /// A model is ready to be installed, or why not.
    Loaded(Box<Result<Ready, String>>),
    /// The warm-up is over.
    Warm,
    /// What is shown of the plan reported before; it comes after, so that nobody waits for it.
    Shown(Box<Shown>),
    /// Statistics, sent after every plan.
    Statistics(Box<Statistics>),
}

/// What has been measured since the last warm-up.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    /// Goals of action and service.
    pub queries: PilotStatistics,
    /// The robot under way.
    pub drive: PilotStatistics,
    /// Times of all of them.
    pub stages_ms: StageLatencies,
    /// How the lengths of all of them stand to the intended distribution, if there is one.
    pub drift: Option<DriftStatus>,
}

/// A pilot on its way to the planning thread, hidden behind what every family's has in common.
pub struct Ready {
    pilot: Box<dyn Planning>,
    /// What was loaded.
    pub loaded: Loaded,
}

enum Job {
    Install(Box<dyn Planning>),
    Configure(Box<PilotSettings>),
    WarmUp(Arc<MazeWorld>),
    Reset,
    Plan(Box<PlanJob>),
    Unload,
}

/// The planning thread's end in the node's loop.
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

    /// Hands a job over. Gives it back if too many are waiting or the thread is gone.
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
            _ => unreachable!("the job that was sent comes back"),
        })
    }

    /// Loads and tests a model on a thread of its own, beside the one at work, and warms it up there if it is to
    /// take over at once. Ends with [`Report::Loaded`].
    pub fn load<F: PlannerFamily>(
        &self,
        request: LoadRequest,
        parameters: Values,
        settings: PilotSettings,
        view: View,
        warm: bool,
    ) {
        let (reporting, waker) = (self.reporting.clone(), self.waker.clone());
        let load = move || {
            let result = load::<F>(&request, &parameters, settings, view, warm);
            // The node may have ended meanwhile.
            let _ = reporting.send(Report::Loaded(Box::new(result)));
            waker.wake();
        };
        if let Err(error) = std::thread::Builder::new().name("loader".to_owned()).spawn(load) {
            let problem = format!("expected a thread to load the model on, got: {error}");
            let _ = self.reporting.send(Report::Loaded(Box::new(Err(problem))));
            self.waker.wake();
        }
    }

    /// Puts a loaded pilot to work in place of the one before.
    pub fn install(&self, ready: Ready) -> Loaded {
        self.send(Job::Install(ready.pilot));
        ready.loaded
    }

    /// Other settings for the pilot.
    pub fn configure(&self, settings: PilotSettings) {
        self.send(Job::Configure(Box::new(settings)));
    }

    /// Plans a few times and forgets what it took. Ends with [`Report::Warm`].
    pub fn warm_up(&self, world: Arc<MazeWorld>) {
        self.send(Job::WarmUp(world));
    }

    /// Forgets the robot's plan in force.
    pub fn reset(&self) {
        self.send(Job::Reset);
    }

    /// Lets go of the pilot.
    pub fn unload(&self) {
        self.send(Job::Unload);
    }

    fn send(&self, job: Job) {
        // Never waits: what may pile up, plans, is counted in `plan`. The thread may be gone at the end.
        let _ = self.jobs.send(job);
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

fn load<F: PlannerFamily>(
    request: &LoadRequest,
    parameters: &Values,
    mut settings: PilotSettings,
    view: View,
    warm: bool,
) -> Result<Ready, String> {
    let begun = Instant::now();
    let planner = F::load(request, parameters)?;
    let description = planner.description();
    settings.drift = drift_settings(parameters, description.intended.as_ref())?;
    settings.correction.path.keep_shape = description.keeps_shape;
    let loaded = Loaded {
        engine: description.engine_text(),
        model: request.model.clone(),
        layout: description.layout.clone(),
        intended: description.intended.clone(),
        summary: format!("{} knots of {} s", description.horizon, description.knot_secs),
        secs: begun.elapsed().as_secs_f64(),
    };
    let pilot = Pilot::new(planner, settings, view);
    let mut planning = PilotOf {
        pilot,
        queries: PilotMemory::new(),
        seed: request.seed,
        seeds_spent: 0,
        statistics: Statistics::default(),
    };
    if warm {
        planning.warm_up(&MazeWorld::new(loaded.layout.clone()));
    }
    Ok(Ready { pilot: Box::new(planning), loaded })
}

fn serve(work: &Receiver<Job>, waiting: &AtomicUsize, reports: &Sender<Report>, waker: &Waker) {
    let mut pilot: Option<Box<dyn Planning>> = None;
    while let Ok(job) = work.recv() {
        let report = match job {
            Job::Install(new) => {
                pilot = Some(new);
                continue;
            }
            Job::Unload => {
                pilot = None;
                continue;
            }
            Job::Configure(settings) => {
                if let Some(pilot) = &mut pilot {
                    pilot.configure(*settings);
                }
                continue;
            }
            Job::Reset => {
                if let Some(pilot) = &mut pilot {
                    pilot.reset();
                }
                continue;
            }
            Job::WarmUp(world) => {
                if let Some(pilot) = &mut pilot {
                    pilot.warm_up(&world);
                }
                Report::Warm
            }
            Job::Plan(job) => {
                waiting.fetch_sub(1, Ordering::AcqRel);
                let (planned, shown) = plan(&mut pilot, *job, |planned| {
                    let sent = reports.send(Report::Planned(planned)).is_ok();
                    waker.wake();
                    sent
                });
                if !planned {
                    return;
                }
                if let Some(shown) = shown {
                    let _ = reports.send(Report::Shown(Box::new(shown)));
                }
                let mut statistics = Box::new(Statistics::default());
                if let Some(pilot) = &pilot {
                    pilot.statistics(&mut statistics);
                }
                Report::Statistics(statistics)
            }
        };
        if reports.send(report).is_err() {
            return;
        }
        waker.wake();
    }
}

/// Makes a plan, reports it, and then draws what is shown of it. False if nobody hears reports any more.
fn plan(
    pilot: &mut Option<Box<dyn Planning>>,
    mut job: PlanJob,
    report: impl FnOnce(Box<Planned>) -> bool,
) -> (bool, Option<Shown>) {
    let begun = Instant::now();
    let mut checked = std::mem::replace(&mut job.plan, CheckedPlan::with_capacity(0));
    let canceled = job.canceled.load(Ordering::Acquire);
    let had_planner = pilot.is_some();
    let mut planned = Planned {
        purpose: job.purpose,
        path: Path::default(),
        planning: Duration::ZERO,
        observation: job.observation,
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
        pilot.plan(&job, &mut checked);
        planned.planning = begun.elapsed();
        if job.purpose == Purpose::Drive || checked.origin() == Origin::Planned {
            planned.path = path_of(&checked, job.world.layout(), &job.frame, job.now, &job.style);
        }
        planned.canceled = job.canceled.load(Ordering::Acquire);
    }
    let show = job.show && planned.had_planner && !canceled;
    // Drawn from a copy, after the plan itself has left.
    let copy = show.then(|| checked.clone());
    planned.plan = checked;
    let sent = report(Box::new(planned));
    let shown = copy.zip(pilot.as_ref()).map(|(checked, pilot)| Shown {
        raw: raw_path_of(pilot.proposal(), &job.frame, job.now),
        markers: markers_of(&checked, pilot.proposal(), job.observation.goal, &job.frame, job.now),
    });
    (sent, shown)
}
