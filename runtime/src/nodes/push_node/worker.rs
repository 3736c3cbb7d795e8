//! The planning thread: loads a model, plans goal after goal, while the node's loop goes on.

use super::failure::PushFailure;
use super::parameters::PushLoad;
use super::planning::{Planning, PlanningSummary, PushAnswer, PushJob};
use planwright_ros2::action::GoalId;
use planwright_ros2::executor::Waker;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Jobs that may wait for the thread: transitions and one goal.
const MAX_JOBS: usize = 8;
/// How long the end of the node waits for the job under way.
const LAST_WAIT: Duration = Duration::from_millis(500);

/// Work for the thread.
pub enum Job {
    /// Open a model.
    Load(Box<PushLoad>),
    /// Call the network once.
    WarmUp,
    /// Plan.
    Plan(GoalId, Box<PushJob>),
    /// Draw the motion that the last plan was read from.
    Draw,
    /// Drop the model.
    Unload,
}

/// What it answers.
pub enum Report {
    /// A model is open, or why not.
    Loaded(Result<PlanningSummary, String>),
    /// The network has been called.
    Warm,
    /// A goal has come to this stage.
    Stage(GoalId, &'static str),
    /// A goal has been planned for.
    Planned(Box<Planned>),
    /// Frames of the predicted motion as PNG files.
    Predicted(Vec<Vec<u8>>),
}

/// The result for a goal.
pub struct Planned {
    /// The goal.
    pub id: GoalId,
    /// The push, or why there is none.
    pub answer: Result<PushAnswer, PushFailure>,
    /// The job.
    pub job: Box<PushJob>,
    /// Time that planning took.
    pub planning: Duration,
}

/// The node's handle of the thread.
pub struct Worker {
    jobs: Option<SyncSender<Job>>,
    reports: Receiver<Report>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system has none left.
    pub fn start(waker: Waker) -> std::io::Result<Self> {
        let (jobs, work) = sync_channel(MAX_JOBS);
        let (reporting, reports) = channel();
        let thread =
            std::thread::Builder::new().name("planner".to_owned()).spawn(move || serve(&work, &reporting, &waker))?;
        Ok(Self { jobs: Some(jobs), reports, thread: Some(thread) })
    }

    /// Queues a job. False if too many wait, or the thread has ended.
    pub fn give(&self, job: Job) -> bool {
        self.jobs.as_ref().is_some_and(|jobs| jobs.try_send(job).is_ok())
    }

    /// Whether the thread is gone: it ends with the node alone, so that before it has failed.
    pub fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// The next report, if there is one.
    pub fn report(&self) -> Option<Report> {
        self.reports.try_recv().ok()
    }
}

impl Drop for Worker {
    /// Waits a little for the job under way. A long one ends with the process.
    fn drop(&mut self) {
        self.jobs = None;
        let until = Instant::now() + LAST_WAIT;
        while !self.has_ended() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        if let Some(thread) = self.thread.take().filter(JoinHandle::is_finished) {
            let _ = thread.join();
        }
    }
}

fn serve(work: &Receiver<Job>, reporting: &Sender<Report>, waker: &Waker) {
    let report = |report: Report| {
        // The node may have ended meanwhile.
        let _ = reporting.send(report);
        waker.wake();
    };
    let mut planning: Option<Planning> = None;
    while let Ok(job) = work.recv() {
        match job {
            Job::Load(request) => {
                planning = None;
                let loaded = Planning::load(&request);
                report(Report::Loaded(loaded.map(|loaded| planning.insert(loaded).summary().clone())));
            }
            Job::WarmUp => {
                if let Some(planning) = &mut planning {
                    planning.warm_up();
                }
                report(Report::Warm);
            }
            Job::Plan(id, job) => {
                let begun = Instant::now();
                let answer = match &mut planning {
                    Some(planning) => planning.plan(&job, |stage| report(Report::Stage(id, stage))),
                    None => Err(PushFailure::not_active()),
                };
                report(Report::Planned(Box::new(Planned { id, answer, job, planning: begun.elapsed() })));
            }
            Job::Draw => {
                if let Some(frames) = planning.as_mut().and_then(|planning| planning.predicted().ok()) {
                    report(Report::Predicted(frames));
                }
            }
            Job::Unload => planning = None,
        }
    }
}
