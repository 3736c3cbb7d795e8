//! The ROS clock of a node: system time, or simulated time from `/clock`.

use super::{Jump, JumpKind, RosTime};
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Where time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockSource {
    /// The system's clock.
    System,
    /// The topic `/clock` (`use_sim_time`).
    Simulated,
}

/// What counts as a jump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockSettings {
    /// Simulated time that goes back by less than this holds still instead, nanoseconds. Simulators jitter: a step
    /// back of 85 microseconds once emptied transform buffers.
    pub backward_tolerance_nanos: i64,
    /// A step ahead of simulated time by more than this is a jump, nanoseconds.
    pub forward_threshold_nanos: i64,
    /// System time that leaves the monotonic clock by more than this between two polls was stepped, nanoseconds.
    pub system_step_nanos: i64,
}

impl Default for ClockSettings {
    fn default() -> Self {
        Self {
            backward_tolerance_nanos: 1_000_000,
            forward_threshold_nanos: 1_000_000_000,
            system_step_nanos: 100_000_000,
        }
    }
}

/// Share of the tick that is forgotten with every shorter one.
const TICK_DECAY: i64 = 16;

/// Simulated time before the first message.
const UNSET: i64 = i64::MIN;

/// A clock that threads share; a clone is a handle on the same clock. Reading never blocks.
///
/// For stamps, not deadlines: those are measured on [`Instant`], which neither stops nor steps.
#[derive(Clone, Debug)]
pub struct Clock {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    settings: ClockSettings,
    source: AtomicU8,
    simulated_nanos: AtomicI64,
    tick_nanos: AtomicI64,
    jumps: AtomicU64,
    /// The last poll; also held while time is written, never while it is read.
    writer: Mutex<Option<(RosTime, Instant)>>,
}

impl Clock {
    /// With the default settings.
    pub fn new(source: ClockSource) -> Self {
        Self::with_settings(source, ClockSettings::default())
    }

    /// With settings of one's own.
    pub fn with_settings(source: ClockSource, settings: ClockSettings) -> Self {
        let shared = Shared {
            settings,
            source: AtomicU8::new(source as u8),
            simulated_nanos: AtomicI64::new(UNSET),
            tick_nanos: AtomicI64::new(0),
            jumps: AtomicU64::new(0),
            writer: Mutex::new(None),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Where time comes from.
    pub fn source(&self) -> ClockSource {
        if self.shared.source.load(Ordering::Acquire) == ClockSource::Simulated as u8 {
            ClockSource::Simulated
        } else {
            ClockSource::System
        }
    }

    /// The time. Zero on a simulated clock without a message yet.
    pub fn now(&self) -> RosTime {
        match self.source() {
            ClockSource::System => system_time(),
            ClockSource::Simulated => self.simulated().unwrap_or(RosTime::ZERO),
        }
    }

    /// False on a simulated clock without a message yet: its time means nothing yet.
    pub fn is_set(&self) -> bool {
        self.source() == ClockSource::System || self.simulated().is_some()
    }

    /// The longest of the last steps of a simulated clock, seconds: between two ticks its time lags behind what is
    /// stamped. At most the threshold of a jump; zero on the system's clock.
    pub fn tick_secs(&self) -> f64 {
        RosTime::from_nanos(self.shared.tick_nanos.load(Ordering::Acquire)).as_secs_f64()
    }

    /// Jumps so far, of any kind. Where this has changed, stamps may be from before.
    pub fn jumps(&self) -> u64 {
        self.shared.jumps.load(Ordering::Acquire)
    }

    /// Takes a message of `/clock`. The first one sets the time and is no jump; on a system clock messages are
    /// ignored. Time that goes back by less than the tolerance holds still.
    pub fn on_clock_message(&self, stamp: RosTime) -> Option<Jump> {
        let _writing = self.shared.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if self.source() != ClockSource::Simulated {
            return None;
        }
        let Some(from) = self.simulated() else {
            self.store(stamp);
            return None;
        };
        let ahead = stamp.nanos_since(from);
        // Measured from the time that is held, so that many small steps back still add up to a jump.
        if ahead < 0 && ahead.saturating_neg() < self.shared.settings.backward_tolerance_nanos {
            return None;
        }
        self.store(stamp);
        let tick = self.shared.tick_nanos.load(Ordering::Acquire);
        let step = ahead.clamp(0, self.shared.settings.forward_threshold_nanos);
        self.shared.tick_nanos.store(step.max(tick - tick / TICK_DECAY), Ordering::Release);
        let kind = match ahead {
            ..0 => JumpKind::Backward,
            _ if ahead > self.shared.settings.forward_threshold_nanos => JumpKind::Forward,
            _ => return None,
        };
        self.report(Jump { kind, from, to: stamp })
    }

    /// Changes where time comes from (the parameter `use_sim_time` was set). Simulated time starts unset.
    pub fn set_source(&self, source: ClockSource) -> Option<Jump> {
        let mut last_poll = self.shared.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if self.source() == source {
            return None;
        }
        let from = self.now();
        *last_poll = None;
        // Unset before a reader can see the new source: it must not read the time of an earlier simulation.
        self.shared.simulated_nanos.store(UNSET, Ordering::Release);
        self.shared.tick_nanos.store(0, Ordering::Release);
        self.shared.source.store(source as u8, Ordering::Release);
        self.report(Jump { kind: JumpKind::SourceChanged, from, to: self.now() })
    }

    /// Compares system time with the monotonic clock and reports a step of it since the last poll (also a suspended
    /// machine, whose monotonic clock stood still). To be called about once a second; does nothing on a simulated
    /// clock. Slow corrections by a time daemon are no step.
    pub fn poll_system(&self) -> Option<Jump> {
        self.poll(system_time(), Instant::now())
    }

    fn poll(&self, system: RosTime, monotonic: Instant) -> Option<Jump> {
        let mut last_poll = self.shared.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if self.source() != ClockSource::System {
            return None;
        }
        let (then, polled) = last_poll.replace((system, monotonic))?;
        let expected = then.saturating_add(monotonic.saturating_duration_since(polled));
        let step = system.nanos_since(expected);
        if step.saturating_abs() <= self.shared.settings.system_step_nanos {
            return None;
        }
        let kind = if step < 0 { JumpKind::Backward } else { JumpKind::Forward };
        self.report(Jump { kind, from: expected, to: system })
    }

    fn simulated(&self) -> Option<RosTime> {
        let nanos = self.shared.simulated_nanos.load(Ordering::Acquire);
        (nanos != UNSET).then_some(RosTime::from_nanos(nanos))
    }

    fn store(&self, time: RosTime) {
        self.shared.simulated_nanos.store(time.nanos().max(UNSET + 1), Ordering::Release);
    }

    fn report(&self, jump: Jump) -> Option<Jump> {
        self.shared.jumps.fetch_add(1, Ordering::AcqRel);
        Some(jump)
    }
}

/// Time of the system; negative if its clock is set before 1970.
fn system_time() -> RosTime {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => RosTime::ZERO.saturating_add(after),
        Err(before) => RosTime::ZERO.saturating_sub(before.duration()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const SEC: i64 = 1_000_000_000;

    fn at(nanos: i64) -> RosTime {
        RosTime::from_nanos(nanos)
    }

    fn simulated_at(nanos: i64) -> Clock {
        let clock = Clock::new(ClockSource::Simulated);
        assert_eq!(clock.on_clock_message(at(nanos)), None);
        clock
    }

    #[test]
    fn simulated_time_is_zero_until_it_is_told() {
        let clock = Clock::new(ClockSource::Simulated);
        assert_eq!((clock.now(), clock.is_set()), (RosTime::ZERO, false));
        assert_eq!(clock.on_clock_message(at(50 * SEC)), None);
        assert_eq!((clock.now(), clock.is_set(), clock.jumps()), (at(50 * SEC), true, 0));
    }

    #[test]
    fn simulated_time_zero_counts_as_set() {
        let clock = simulated_at(0);
        assert!(clock.is_set());
        let lowest = simulated_at(i64::MIN);
        assert!(lowest.is_set());
    }

    #[test]
    fn a_tiny_step_back_holds_time() {
        let clock = simulated_at(10 * SEC);
        assert_eq!(clock.on_clock_message(at(10 * SEC - 85_000)), None);
        assert_eq!(clock.now(), at(10 * SEC));
        assert_eq!(clock.on_clock_message(at(10 * SEC + 1)), None);
        assert_eq!(clock.now(), at(10 * SEC + 1));
    }

    #[test]
    fn many_tiny_steps_back_are_a_jump_in_the_end() {
        let clock = simulated_at(10 * SEC);
        let jumps: Vec<_> = (1..=3).filter_map(|step| clock.on_clock_message(at(10 * SEC - step * 400_000))).collect();
        assert_eq!(jumps, [Jump { kind: JumpKind::Backward, from: at(10 * SEC), to: at(10 * SEC - 1_200_000) }]);
        assert_eq!(clock.now(), at(10 * SEC - 1_200_000));
    }

    #[test]
    fn without_tolerance_any_step_back_is_a_jump() {
        let settings = ClockSettings { backward_tolerance_nanos: 0, ..ClockSettings::default() };
        let clock = Clock::with_settings(ClockSource::Simulated, settings);
        assert_eq!(clock.on_clock_message(at(SEC)), None);
        assert_eq!(clock.on_clock_message(at(SEC)), None);
        assert_eq!(clock.on_clock_message(at(SEC - 1)).map(|jump| jump.kind), Some(JumpKind::Backward));
    }

    #[test]
    fn a_restarted_simulation_jumps_back_and_a_seek_jumps_ahead() {
        let clock = simulated_at(100 * SEC);
        assert_eq!(clock.on_clock_message(at(101 * SEC)), None);
        let ahead = clock.on_clock_message(at(103 * SEC)).expect("two seconds");
        assert_eq!((ahead.kind, ahead.forgets_data()), (JumpKind::Forward, false));
        let back = clock.on_clock_message(at(0)).expect("a restart");
        assert_eq!(back, Jump { kind: JumpKind::Backward, from: at(103 * SEC), to: at(0) });
        assert!(back.forgets_data());
        assert_eq!(clock.jumps(), 2);
    }

    #[test]
    fn the_ends_of_the_range_do_not_wrap() {
        let clock = simulated_at(i64::MAX);
        assert_eq!(clock.on_clock_message(at(i64::MIN)).map(|jump| jump.kind), Some(JumpKind::Backward));
        assert_eq!(clock.on_clock_message(at(i64::MAX)).map(|jump| jump.kind), Some(JumpKind::Forward));
    }

    #[test]
    fn the_tick_is_the_longest_of_the_last_steps() {
        let clock = simulated_at(0);
        assert_eq!(clock.tick_secs(), 0.0);
        let mut nanos = 0;
        let mut step = |by: i64| {
            nanos += by;
            clock.on_clock_message(at(nanos));
            clock.tick_secs()
        };
        assert_eq!(step(SEC / 10), 0.1);
        // A tick that was lost makes a longer step, which is forgotten by and by.
        assert_eq!(step(SEC / 5), 0.2);
        assert!(step(SEC / 10) < 0.2);
        (0..100).for_each(|_| _ = step(SEC / 10));
        assert_eq!(step(SEC / 10), 0.1);
        assert_eq!(step(900 * SEC), 1.0, "a leap is no tick");
        assert!(clock.set_source(ClockSource::System).is_some());
        assert_eq!(clock.tick_secs(), 0.0);
    }

    #[test]
    fn a_change_of_source_is_reported_once_and_forgets_the_old_simulation() {
        let clock = simulated_at(7 * SEC);
        let jump = clock.set_source(ClockSource::System).expect("a change");
        assert_eq!((jump.kind, jump.from), (JumpKind::SourceChanged, at(7 * SEC)));
        assert!(jump.to > at(1_000_000_000 * SEC) && clock.is_set());
        assert_eq!(clock.set_source(ClockSource::System), None);
        assert_eq!(clock.on_clock_message(at(9 * SEC)), None);
        assert!(clock.set_source(ClockSource::Simulated).is_some());
        assert_eq!((clock.now(), clock.is_set()), (RosTime::ZERO, false));
    }

    #[test]
    fn a_stepped_system_clock_is_found() {
        let clock = Clock::new(ClockSource::System);
        let start = Instant::now();
        let after = |secs: u64| start + Duration::from_secs(secs);
        assert_eq!(clock.poll(at(100 * SEC), start), None);
        assert_eq!(clock.poll(at(101 * SEC + 500_000), after(1)), None, "a daemon slews");
        let back = clock.poll(at(100 * SEC), after(2)).expect("stepped back");
        assert_eq!((back.kind, back.from, back.to), (JumpKind::Backward, at(102 * SEC + 500_000), at(100 * SEC)));
        assert_eq!(clock.poll(at(101 * SEC), after(3)), None, "reported once");
        assert_eq!(clock.poll(at(3602 * SEC), after(4)).map(|jump| jump.kind), Some(JumpKind::Forward));
        assert_eq!(clock.poll_system().map(|jump| jump.kind), Some(JumpKind::Forward), "real time is far ahead");
        assert_eq!(clock.poll_system(), None);
    }

    #[test]
    fn polls_from_before_a_change_of_source_do_not_count() {
        let clock = Clock::new(ClockSource::System);
        assert_eq!(clock.poll(at(100 * SEC), Instant::now()), None);
        assert!(clock.set_source(ClockSource::Simulated).is_some());
        assert!(clock.set_source(ClockSource::System).is_some());
        assert_eq!(clock.poll(at(900 * SEC), Instant::now()), None);
    }

    #[test]
    fn a_simulated_clock_does_not_look_at_the_system() {
        let clock = simulated_at(SEC);
        assert_eq!(clock.poll(at(0), Instant::now()), None);
        assert_eq!(clock.poll(at(500 * SEC), Instant::now()), None);
    }

    #[test]
    fn readers_in_other_threads_see_time_advance_only() {
        let clock = simulated_at(0);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                let reader = clock.clone();
                scope.spawn(move || {
                    let mut last = RosTime::ZERO;
                    while last < at(2000) {
                        let now = reader.now();
                        assert!(now >= last);
                        last = now;
                        std::thread::yield_now();
                    }
                });
            }
            for nanos in 1..=2000 {
                assert_eq!(clock.on_clock_message(at(nanos)), None);
            }
        });
    }
}
