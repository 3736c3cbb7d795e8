//! Sinks: destinations of events, and the thread that feeds them from the queue.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::event::{Event, Stamp};
use super::queue::Queue;
use super::{ViewError, ViewOptions, ViewReport};

/// How often the queue is emptied. Polled, because waking this thread would cost the planning thread a system call.
const POLL: Duration = Duration::from_millis(20);
/// Events between two flushes at most; bounds the memory of a batch to about 8 MiB.
const BATCH_EVENTS: u64 = 2048;

/// A destination of events: a recording, a running viewer.
///
/// Contract: every method runs on the view's own thread, which no planning waits for. A sink may allocate; it blocks
/// no longer than its storage does, and never waits for a peer except in `close`, and there a bounded time. Each event
/// is counted once, as written or as failed, in this flush or a later one. Coordinates may be NaN.
///
/// ```
/// use std::time::Duration;
/// use planwright::view::{Event, FINISH_TIMEOUT, Flushed, Sink, Stamp, View};
///
/// /// Prints the positions of the robot.
/// #[derive(Default)]
/// struct Printer(Flushed);
///
/// impl Sink for Printer {
///     fn write(&mut self, stamp: Stamp, event: &Event) {
///         if let Event::Executed { position } = event {
///             println!("{:.2} s: {position:?}", stamp.time_secs);
///         }
///         self.0.written += 1;
///     }
///
///     fn flush(&mut self) -> Flushed {
///         std::mem::take(&mut self.0)
///     }
/// }
///
/// # fn main() -> Result<(), planwright::view::ViewError> {
/// let view = View::to_sinks(vec![Box::new(Printer::default())], 64)?;
/// view.log(Stamp { time_secs: 0.1, step: 10 }, Event::Executed { position: [1.0, 2.0] });
/// assert_eq!(view.finish(FINISH_TIMEOUT).statistics.written, 1);
/// # Ok(())
/// # }
/// ```
pub trait Sink: Send {
    /// Takes one event, in the order of logging; may keep it until `flush`.
    fn write(&mut self, stamp: Stamp, event: &Event);

    /// Hands out what was written since the last flush, and reports what became of it.
    fn flush(&mut self) -> Flushed;

    /// The longest time between two flushes.
    fn flush_interval(&self) -> Duration {
        Duration::from_secs(1)
    }

    /// Whether this is a running viewer; what fails there is counted as missed by the viewer.
    fn is_live(&self) -> bool {
        false
    }

    /// Ends the sink after its last flush.
    fn close(self: Box<Self>) -> Closed {
        Closed::default()
    }
}

/// What became of events since the last flush.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flushed {
    /// Events that reached the destination.
    pub written: u64,
    /// Events that did not.
    pub failed: u64,
    /// The last thing that went wrong.
    pub error: Option<String>,
}

/// How a sink ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closed {
    /// What became of the events that no flush has reported.
    pub flushed: Flushed,
    /// The recording under its final name.
    pub file: Option<PathBuf>,
    /// Bytes written to the recording.
    pub file_bytes: u64,
}

/// Opens the sinks that the options name; none if they name none of its kind.
pub(super) type Open = fn(&ViewOptions) -> Result<Vec<Box<dyn Sink>>, ViewError>;

/// Opens every sink of a registry that the options name.
pub(super) fn open(registry: &[Open], options: &ViewOptions) -> Result<Vec<Box<dyn Sink>>, ViewError> {
    let mut sinks = Vec::new();
    for open in registry {
        sinks.extend(open(options)?);
    }
    if sinks.is_empty() { Err(ViewError::NotBuilt) } else { Ok(sinks) }
}

/// Starts the thread that owns the sinks.
pub(super) fn start(sinks: Vec<Box<dyn Sink>>, queue: Arc<Queue>) -> Result<(), ViewError> {
    let mut writer = Writer { sinks, queue: Arc::clone(&queue), unflushed: 0 };
    let thread = std::thread::Builder::new().name("view".to_owned());
    let spawned = thread.spawn(move || {
        // The report must come whatever happens in a sink, or `finish` would wait in vain.
        if catch_unwind(AssertUnwindSafe(|| writer.run())).is_err() {
            queue.counters.set_error("drawing panicked; the view has ended".to_owned());
        }
        queue.close();
        let report = catch_unwind(AssertUnwindSafe(|| writer.end())).unwrap_or_default();
        queue.publish_report(ViewReport { statistics: queue.counters.statistics(), ..report });
    });
    spawned.map(|_| ()).map_err(ViewError::Thread)
}

struct Writer {
    sinks: Vec<Box<dyn Sink>>,
    queue: Arc<Queue>,
    /// Events since the last flush.
    unflushed: u64,
}

impl Writer {
    fn run(&mut self) {
        let interval = self.sinks.iter().map(|sink| sink.flush_interval()).min().unwrap_or(POLL);
        let mut flushed = Instant::now();
        loop {
            // Read before the queue is emptied, so that what was logged before the end is written.
            let last = self.queue.is_closed();
            while let Some((stamp, event)) = self.queue.pop() {
                self.sinks.iter_mut().for_each(|sink| sink.write(stamp, &event));
                self.unflushed += 1;
                if self.unflushed >= BATCH_EVENTS {
                    self.flush();
                }
            }
            if last || flushed.elapsed() >= interval {
                self.flush();
                flushed = Instant::now();
            }
            if last {
                return;
            }
            std::thread::sleep(POLL);
        }
    }

    fn flush(&mut self) {
        self.unflushed = 0;
        for (index, sink) in self.sinks.iter_mut().enumerate() {
            let flushed = sink.flush();
            count(&self.queue, index == 0, sink.is_live(), flushed);
        }
    }

    fn end(&mut self) -> ViewReport {
        // Logged while the last batch was written.
        while self.queue.pop().is_some() {
            self.queue.counters.dropped.fetch_add(1, Ordering::Relaxed);
        }
        let mut report = ViewReport::default();
        for (index, sink) in self.sinks.drain(..).enumerate() {
            let live = sink.is_live();
            let closed = sink.close();
            count(&self.queue, index == 0, live, closed.flushed);
            report.file = report.file.or(closed.file);
            report.file_bytes += closed.file_bytes;
        }
        report
    }
}

/// The first sink's counts are the view's.
fn count(queue: &Queue, first: bool, live: bool, flushed: Flushed) {
    let counters = &queue.counters;
    let add = |counter: &AtomicU64, events: u64| counter.fetch_add(events, Ordering::Relaxed);
    if first {
        add(&counters.written, flushed.written);
        add(&counters.failed, flushed.failed);
    }
    if live {
        add(&counters.viewer_missed, flushed.failed);
    }
    if let Some(error) = flushed.error {
        counters.set_error(error);
    }
}
