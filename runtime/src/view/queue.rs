//! The bounded queue between the thread that plans and the thread that draws: full, it drops the oldest event.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_queue::ArrayQueue;

use super::event::{Event, Stamp};
use super::points::{Points, Pool};
use super::{MAX_STATIC_EVENTS, ViewReport, ViewStatistics};

/// An event with its number in the order of logging.
type Logged = (u64, Stamp, Event);

pub(super) struct Queue {
    events: ArrayQueue<Logged>,
    // Apart from the others, so that a burst of trajectories cannot push the walls out.
    statics: ArrayQueue<Logged>,
    /// The next of each lane, for the drawing thread: neither lane overtakes the other.
    next: Mutex<[Option<Logged>; 2]>,
    pool: Arc<Pool>,
    closed: AtomicBool,
    pub(super) counters: Counters,
    report: Mutex<Option<ViewReport>>,
    reported: Condvar,
}

/// Counts of events, and the last thing that went wrong.
#[derive(Default)]
pub(super) struct Counters {
    pub(super) logged: AtomicU64,
    pub(super) dropped: AtomicU64,
    pub(super) written: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) viewer_missed: AtomicU64,
    last_error: Mutex<Option<String>>,
}

impl Counters {
    pub(super) fn set_error(&self, message: String) {
        *lock(&self.last_error) = Some(message);
    }

    pub(super) fn statistics(&self) -> ViewStatistics {
        ViewStatistics {
            logged: self.logged.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
            written: self.written.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            viewer_missed: self.viewer_missed.load(Ordering::Relaxed),
            last_error: lock(&self.last_error).clone(),
        }
    }
}

impl Queue {
    pub(super) fn new(capacity: usize) -> Self {
        let capacity = capacity.max(1);
        Self {
            events: ArrayQueue::new(capacity),
            statics: ArrayQueue::new(MAX_STATIC_EVENTS),
            next: Mutex::default(),
            // One for each place, and some for the threads that fill and the thread that draws.
            pool: Arc::new(Pool::new(capacity + 64)),
            closed: AtomicBool::new(false),
            counters: Counters::default(),
            report: Mutex::new(None),
            reported: Condvar::new(),
        }
    }

    pub(super) fn points(&self, count: usize, position: impl FnMut(usize) -> [f64; 2]) -> Option<Points> {
        let points = self.pool.fill(count, position);
        if points.is_none() {
            self.counters.logged.fetch_add(1, Ordering::Relaxed);
            self.counters.dropped.fetch_add(1, Ordering::Relaxed);
        }
        points
    }

    pub(super) fn log(&self, stamp: Stamp, event: Event) {
        let place = self.counters.logged.fetch_add(1, Ordering::Relaxed);
        let lane = if matches!(event, Event::World { .. }) { &self.statics } else { &self.events };
        if self.is_closed() || lane.force_push((place, stamp, event)).is_some() {
            self.counters.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn pop(&self) -> Option<(Stamp, Event)> {
        let mut next = lock(&self.next);
        for (slot, lane) in next.iter_mut().zip([&self.statics, &self.events]) {
            if slot.is_none() {
                *slot = lane.pop();
            }
        }
        let first =
            next.iter_mut().filter(|slot| slot.is_some()).min_by_key(|slot| slot.as_ref().map(|(place, ..)| *place));
        first?.take().map(|(_, stamp, event)| (stamp, event))
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// From now on every event logged is dropped; what is already in the queue is still drawn.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    pub(super) fn publish_report(&self, report: ViewReport) {
        *lock(&self.report) = Some(report);
        self.reported.notify_all();
    }

    /// Waits for the drawing thread's report, at most `timeout`.
    pub(super) fn wait_for_report(&self, timeout: Duration) -> Option<ViewReport> {
        let deadline = Instant::now() + timeout;
        let mut report = lock(&self.report);
        loop {
            if report.is_some() {
                return report.clone();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            report = self.reported.wait_timeout(report, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// A lock that outlives a panic of its holder: what it guards is whole after every statement.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{Level, Stage};
    use crate::world::{Layout, MazeWorld, World};

    fn umaze() -> Event {
        let world = World::clone(&MazeWorld::new(Layout::umaze()));
        Event::World { world, start: [0.0; 2], goal: [0.0; 2] }
    }

    #[test]
    fn the_oldest_is_dropped_and_counted_exactly() {
        let queue = Queue::new(8);
        for step in 0..100 {
            queue.log(Stamp { time_secs: 0.0, step }, Event::Timing { stage: Stage::Whole, secs: 0.0 });
        }
        let statistics = queue.counters.statistics();
        assert_eq!((statistics.logged, statistics.dropped), (100, 92));
        let kept: Vec<u64> = std::iter::from_fn(|| queue.pop()).map(|(stamp, _)| stamp.step).collect();
        assert_eq!(kept, (92..100).collect::<Vec<u64>>());
    }

    #[test]
    fn walls_survive_a_burst() {
        let queue = Queue::new(2);
        queue.log(Stamp::default(), umaze());
        for _ in 0..1000 {
            queue.log(Stamp::default(), Event::Text { level: Level::Info, message: "burst".into() });
        }
        assert!(matches!(queue.pop(), Some((_, Event::World { .. }))));
    }

    #[test]
    fn an_event_after_the_end_is_dropped() {
        let queue = Queue::new(4);
        queue.close();
        queue.log(Stamp::default(), Event::Executed { position: [0.0; 2] });
        let statistics = queue.counters.statistics();
        assert_eq!((statistics.logged, statistics.dropped), (1, 1));
        assert!(queue.pop().is_none());
    }

    #[test]
    fn buffers_of_displaced_events_are_used_again() {
        let queue = Queue::new(4);
        for plan in 0..10_000 {
            let points = queue.points(100, |index| [index as f64, 0.0]);
            assert!(points.is_some(), "plan {plan}");
            if let Some(points) = points {
                queue.log(Stamp::default(), Event::Proposal { plan, points });
            }
        }
        assert_eq!(queue.counters.statistics().dropped, 10_000 - 4);
    }

    #[test]
    fn the_walls_of_the_next_episode_do_not_overtake_the_way_of_the_one_before() {
        let queue = Queue::new(8);
        let moved = || Event::Executed { position: [0.0; 2] };
        for event in [umaze(), moved(), umaze(), moved(), moved()] {
            queue.log(Stamp::default(), event);
        }
        let order: Vec<bool> =
            std::iter::from_fn(|| queue.pop()).map(|(_, event)| matches!(event, Event::World { .. })).collect();
        assert_eq!(order, [true, false, true, false, false]);
    }
}
