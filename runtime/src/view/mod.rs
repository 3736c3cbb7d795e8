//! Visualisation of every step of planning: map, denoising, proposal, corrected plan, checked plan, executed path and
//! stage times, written to sinks ([`Sink`]): a recording and a running viewer of [rerun](https://rerun.io).
//!
//! A sink can block (a stopped viewer, a full disk), so none runs on the thread that plans. That thread *logs* events:
//! a bounded queue takes them, drops the oldest when it is full, and one thread of its own writes them to the sinks.
//!
//! ```
//! use planwright::view::{Event, Stamp, View};
//!
//! fn plan(view: &View, stamp: Stamp, plan: u64, trajectory: &[[f64; 2]]) {
//!     if view.is_enabled() {
//!         if let Some(points) = view.points(trajectory.len(), |index| trajectory[index]) {
//!             view.log(stamp, Event::Proposal { plan, points });
//!         }
//!     }
//! }
//!
//! let view = View::disabled();
//! plan(&view, Stamp { time_secs: 0.1, step: 10 }, 0, &[[1.0, 1.0], [1.2, 1.0]]);
//! ```
//!
//! Colours: grey is proposed, orange corrected, green checked, red a fallback, blue executed, yellow the goal, violet the
//! route. An occupancy grid is one image at its pose and resolution; its distance field is a second one, hidden at first.
//! On the screen x points right and y up, as on a ROS map. Timelines: `sim_time`, `step`, and `denoising`
//! (plan x 1000 + denoising step), on which the making of one plan can be scrubbed.
//!
//! A push ([`PushView`]) is shown on its picture, v down: the goal yellow, pushes as they are read grey, the checked one
//! green; beside it the predicted and the simulated motion, frame by frame on the timelines `frame` and `sim_time`.

mod canvas;
mod event;
mod outline;
pub mod picture;
mod points;
mod push;
pub mod push_strip;
mod queue;
#[cfg(feature = "rerun")]
mod rerun;
mod sink;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use event::{DENOISING_STRIDE, Event, Level, Stage, Stamp, denoising_index};
pub use points::{MAX_POINTS, Points};
pub use push::{PushCandidate, PushView, SimulatedPush};
use queue::Queue;
pub use sink::{Closed, Flushed, Sink};

use crate::geometry::Point;
use crate::world::World;

/// Every kind of sink of this build.
const SINKS: &[sink::Open] = &[
    #[cfg(feature = "rerun")]
    rerun::open,
];

/// Where a viewer started with `rerun` listens.
pub const DEFAULT_VIEWER_URL: &str = "rerun+http://127.0.0.1:9876/proxy";
/// How long [`View::finish`] should usually be given.
pub const FINISH_TIMEOUT: Duration = Duration::from_secs(3);
/// How many worlds may wait to be drawn.
pub const MAX_STATIC_EVENTS: usize = 4;

/// How long the last handle waits for the thread when it is dropped instead of finished.
const DROP_TIMEOUT: Duration = Duration::from_secs(1);

/// What a view is laid out for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Subject {
    /// A robot on its map.
    #[default]
    Robot,
    /// Pushes on a table: [`Event::Push`].
    Push,
}

/// Where to draw, and how many events may wait.
#[derive(Clone, Debug)]
pub struct ViewOptions {
    /// A recording to write (`.rrd`). A regular file is written beside its name and renamed at the end, so
    /// that a recording under its name is complete; anything else (`/dev/null`, a named pipe) in place.
    pub file: Option<PathBuf>,
    /// A viewer to send to, for example [`DEFAULT_VIEWER_URL`]. It may come and go.
    pub viewer: Option<String>,
    /// Events that may wait; each place costs 4 KiB. The default, 2048, holds 32 candidates of 64 steps.
    pub queue_events: usize,
    /// Name of the recording in the viewer.
    pub name: String,
    /// Its layout in the viewer.
    pub subject: Subject,
}

impl Default for ViewOptions {
    fn default() -> Self {
        Self {
            file: None,
            viewer: None,
            queue_events: 2048,
            name: "planwright".to_owned(),
            subject: Subject::default(),
        }
    }
}

impl ViewOptions {
    /// A recording in a file.
    pub fn to_file(path: impl Into<PathBuf>) -> Self {
        Self { file: Some(path.into()), ..Self::default() }
    }

    /// A running viewer.
    pub fn to_viewer(url: impl Into<String>) -> Self {
        Self { viewer: Some(url.into()), ..Self::default() }
    }
}

/// Why nothing can be shown; found before planning starts.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// The command was built without rerun.
    #[error(
        "expected a build with pictures, got one without the feature `rerun`\nhint: build with `--features rerun`, or leave the recording and the viewer out"
    )]
    NotBuilt,
    /// The recording cannot be written.
    #[error(
        "expected a place to write the recording, got an error at {path}\nhint: name a file in an existing, writable folder on a disk with space"
    )]
    File {
        /// The path.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The viewer's address means nothing.
    #[error("expected a viewer's address such as {DEFAULT_VIEWER_URL}, got '{url}': {reason}")]
    Url {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// rerun refused the scene's fixed part.
    #[error("expected rerun to encode the layout of the view, got: {0}")]
    Encode(String),
    /// No thread could be started.
    #[error("expected a thread for the view, got none")]
    Thread(#[source] std::io::Error),
}

/// Counts of events since the start. After [`View::finish`], `logged = dropped + written + failed`, but for what other
/// threads log at that moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ViewStatistics {
    /// Events logged.
    pub logged: u64,
    /// Events that a full queue displaced, that found no buffer, or that came after the end.
    pub dropped: u64,
    /// Events that reached the file; without a file, those that were sent to a connected viewer.
    pub written: u64,
    /// Events that reached neither, because the disk was full or no viewer was there.
    pub failed: u64,
    /// Events that the viewer did not get, because it was absent or too slow.
    pub viewer_missed: u64,
    /// The last thing that went wrong with file or viewer.
    pub last_error: Option<String>,
}

/// How a view ended.
#[derive(Clone, Debug, Default)]
pub struct ViewReport {
    /// The final counts (if `detached`: the counts so far).
    pub statistics: ViewStatistics,
    /// The recording under its final name, if there is one and it could be closed.
    pub file: Option<PathBuf>,
    /// Bytes written to the recording.
    pub file_bytes: u64,
    /// The thread did not end in time and was detached; a recording is then beside its name, `.part`.
    pub detached: bool,
}

/// A handle to the view: cheap to clone, free to send. Nothing it does blocks, but [`View::finish`], and
/// dropping the last handle of a view that was not finished, which waits at most a second for the recording.
#[derive(Clone, Default)]
pub struct View {
    handle: Option<Arc<Handle>>,
}

struct Handle {
    queue: Arc<Queue>,
}

impl View {
    /// A view that shows nothing and costs nothing.
    pub fn disabled() -> Self {
        Self::default()
    }

    /// Opens the recording, starts the thread. Without file and viewer this is [`View::disabled`].
    ///
    /// # Errors
    /// If the file cannot be written, the address cannot be read, or this build has no rerun. An absent
    /// viewer is no error: the connection is tried again in the background.
    pub fn start(options: &ViewOptions) -> Result<Self, ViewError> {
        if options.file.is_none() && options.viewer.is_none() {
            return Ok(Self::disabled());
        }
        Self::to_sinks(sink::open(SINKS, options)?, options.queue_events)
    }

    /// Starts the thread with sinks of one's own; `queue_events` as in [`ViewOptions`].
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn to_sinks(sinks: Vec<Box<dyn Sink>>, queue_events: usize) -> Result<Self, ViewError> {
        let queue = Arc::new(Queue::new(queue_events));
        sink::start(sinks, Arc::clone(&queue))?;
        Ok(Self { handle: Some(Arc::new(Handle { queue })) })
    }

    /// Whether an event would be shown; checked before one is built.
    pub fn is_enabled(&self) -> bool {
        self.handle.as_ref().is_some_and(|handle| !handle.queue.is_closed())
    }

    /// A trajectory of `count` positions, metres, in a buffer from the pool; `position` is called for at most
    /// [`MAX_POINTS`] of them. `None` if the view is disabled, or if no buffer is free, which counts as an
    /// event logged and dropped. Neither allocates nor blocks.
    pub fn points(&self, count: usize, position: impl FnMut(usize) -> [f64; 2]) -> Option<Points> {
        self.handle.as_ref().and_then(|handle| handle.queue.points(count, position))
    }

    /// Logs an event. Never blocks, and does not allocate: if the queue is full, the oldest event is dropped.
    pub fn log(&self, stamp: Stamp, event: Event) {
        if let Some(handle) = &self.handle {
            handle.queue.log(stamp, event);
        }
    }

    /// Logs the world of an episode with its start and goal: shared, not copied.
    pub fn log_world(&self, stamp: Stamp, world: &World, start: Point, goal: Point) {
        if self.is_enabled() {
            self.log(stamp, Event::World { world: world.clone(), start, goal });
        }
    }

    /// Counts so far.
    pub fn statistics(&self) -> ViewStatistics {
        self.handle.as_ref().map_or_else(ViewStatistics::default, |handle| handle.queue.counters.statistics())
    }

    /// Ends the view for all its handles: draws what waits, closes the recording, lets the viewer go. Waits at
    /// most `timeout` (see [`FINISH_TIMEOUT`]), then detaches the thread, which the report states.
    pub fn finish(self, timeout: Duration) -> ViewReport {
        let Some(handle) = &self.handle else {
            return ViewReport::default();
        };
        handle.queue.close();
        handle.queue.wait_for_report(timeout).unwrap_or_else(|| ViewReport {
            statistics: handle.queue.counters.statistics(),
            detached: true,
            ..ViewReport::default()
        })
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // A finished view has waited; one that is dropped unfinished, for instance by an early return, still
        // completes its recording.
        if !self.queue.is_closed() {
            self.queue.close();
            let _ = self.queue.wait_for_report(DROP_TIMEOUT);
        }
    }
}

impl std::fmt::Debug for View {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("View").field("enabled", &self.is_enabled()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disabled_view_takes_everything_and_shows_nothing() {
        let view = View::disabled();
        assert!(!view.is_enabled() && view.points(3, |_| [0.0; 2]).is_none());
        view.log(Stamp::default(), Event::Executed { position: [0.0; 2] });
        assert_eq!(view.statistics(), ViewStatistics::default());
        assert!(!view.finish(Duration::ZERO).detached);
        assert!(View::start(&ViewOptions::default()).is_ok_and(|view| !view.is_enabled()));
    }

    #[cfg(not(feature = "rerun"))]
    #[test]
    fn a_recording_without_the_feature_is_refused() {
        assert!(matches!(View::start(&ViewOptions::to_file("plan.rrd")), Err(ViewError::NotBuilt)));
    }
}
