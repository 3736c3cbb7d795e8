//! Every odometry fault by name, and its recovery.

use super::*;
use crate::time::RosTime;
use proptest::prelude::*;
use std::time::{Duration, Instant};

const PERIOD_SECS: f64 = 0.02;

/// A robot at 1 m/s along x that reports at 50 Hz, with faults on demand.
struct Robot {
    monitor: OdometryMonitor,
    start: Instant,
    /// Seconds since the start, on every clock.
    secs: f64,
    x: f64,
    command: f64,
}

impl Robot {
    fn new() -> Self {
        Self::with(OdometryLimits::default())
    }

    fn with(limits: OdometryLimits) -> Self {
        Self { monitor: OdometryMonitor::new(limits), start: Instant::now(), secs: 0.0, x: 0.0, command: 1.0 }
    }

    fn instant(&self) -> Instant {
        self.start + Duration::from_secs_f64(self.secs)
    }

    fn sample(&self) -> OdometrySample {
        let now = self.now();
        let (received, position, commanded_speed_mps) = (self.instant(), [self.x, 0.0], self.command);
        OdometrySample { received, now, stamp: now, position, yaw_rad: 0.0, commanded_speed_mps }
    }

    /// A period on, with a good message but for what is changed.
    fn step(&mut self, change: impl FnOnce(&mut OdometrySample)) -> OdometryOutcome {
        self.secs += PERIOD_SECS;
        self.x += PERIOD_SECS;
        let mut sample = self.sample();
        change(&mut sample);
        self.monitor.observe(&sample)
    }

    fn good(&mut self) -> OdometryOutcome {
        self.step(|_| {})
    }

    fn run(mut self, steps: usize) -> Self {
        for _ in 0..steps {
            assert_eq!(self.good(), OdometryOutcome::Fresh);
        }
        self
    }

    fn now(&self) -> RosTime {
        RosTime::from_secs_f64(1000.0 + self.secs).expect("a time")
    }

    fn status(&self) -> OdometryStatus {
        self.monitor.status(self.instant(), self.now())
    }

    fn statistics(&self) -> OdometryStatistics {
        self.monitor.statistics(self.now())
    }
}

fn shifted(time: RosTime, secs: f64) -> RosTime {
    time.saturating_add_nanos((secs * 1e9) as i64)
}

#[test]
fn good_messages_are_fresh_and_counted() {
    let robot = Robot::new().run(100);
    let statistics = robot.statistics();
    assert_eq!((statistics.received, statistics.count("fresh"), statistics.count("nonsense")), (100, 100, 0));
    assert!(statistics.mean_rate_hz.is_some_and(|rate| (rate - 50.0).abs() < 0.1));
    assert!((statistics.worst_gap_secs - PERIOD_SECS).abs() < 1e-6);
    assert_eq!((statistics.arrival_age_secs, statistics.stamp_age_secs), (Some(0.0), Some(0.0)));
    assert_eq!(robot.monitor.trusted_place().map(|place| place.1), Some([robot.x, 0.0]));
    assert!(robot.status().is_trusted());
}

#[test]
fn before_the_first_message_it_waits() {
    let robot = Robot::new();
    assert_eq!((robot.status(), robot.status().name()), (OdometryStatus::Waiting, "waiting"));
    assert!(!robot.status().is_trusted() && robot.monitor.trusted_place().is_none());
    assert_eq!(robot.statistics().mean_rate_hz, None);
}

#[test]
fn silence_is_a_stop_and_a_message_ends_it() {
    let mut robot = Robot::new().run(20);
    robot.secs += 0.19;
    assert!(robot.status().is_trusted());
    robot.secs += 0.02;
    let OdometryStatus::Stopped { age_secs, limit_secs: 0.2, clock_stands: false } = robot.status() else {
        panic!("{:?}", robot.status())
    };
    assert!((age_secs - 0.21).abs() < 1e-6 && !robot.status().is_trusted());
    assert!(matches!(robot.good(), OdometryOutcome::Jitter { .. }), "after a long gap");
    assert!(robot.status().is_trusted());
    assert_eq!(robot.good(), OdometryOutcome::Fresh);
}

#[test]
fn older_and_equal_stamps_are_dropped_and_do_not_spoil_the_stream() {
    let mut robot = Robot::new().run(20);
    let OdometryOutcome::OutOfOrder { behind_secs } = robot.step(|s| s.stamp = shifted(s.stamp, -0.05)) else {
        panic!("not out of order")
    };
    assert!((behind_secs - 0.03).abs() < 1e-6);
    let place = robot.monitor.trusted_place().expect("a place");
    assert_eq!(robot.step(|s| s.stamp = place.0), OdometryOutcome::Duplicate { stamp: place.0 });
    assert_eq!(robot.monitor.trusted_place(), Some(place));
    assert!(robot.status().is_trusted(), "the last good one is 40 ms old");
    // Nothing but the same message again and again.
    for _ in 0..10 {
        assert_eq!(robot.step(|s| s.stamp = place.0), OdometryOutcome::Duplicate { stamp: place.0 });
    }
    assert_eq!(robot.status(), OdometryStatus::Running(OdometryOutcome::Duplicate { stamp: place.0 }));
    assert!(!robot.status().is_trusted());
    assert_eq!(robot.good(), OdometryOutcome::Fresh);
}

#[test]
fn a_stamp_from_the_future_is_dropped_and_not_remembered() {
    let mut robot = Robot::new().run(20);
    let OdometryOutcome::Future { ahead_secs, limit_secs: 0.1 } = robot.step(|s| s.stamp = shifted(s.stamp, 60.0))
    else {
        panic!("not from the future")
    };
    assert!((ahead_secs - 60.0).abs() < 1e-6);
    assert_eq!(robot.good(), OdometryOutcome::Fresh);
    assert_eq!(robot.step(|s| s.stamp = shifted(s.stamp, 0.09)), OdometryOutcome::Fresh, "clocks differ a little");
}

#[test]
fn what_was_old_on_arrival_is_late() {
    let mut robot = Robot::new();
    for _ in 0..10 {
        let outcome = robot.step(|s| s.stamp = shifted(s.stamp, -0.5));
        assert!(matches!(outcome, OdometryOutcome::Late { age_secs } if (age_secs - 0.5).abs() < 1e-6));
        assert_eq!(robot.status().name(), "late");
    }
    assert!(!robot.status().is_trusted() && robot.monitor.trusted_place().is_none());
    assert_eq!(robot.good(), OdometryOutcome::Fresh);
    // Also behind good ones: that it is old says more than that it is out of order.
    assert_eq!(robot.step(|s| s.stamp = shifted(s.stamp, -0.5)).name(), "late");
    assert_eq!(robot.good(), OdometryOutcome::Fresh);
}

#[test]
fn numbers_that_are_none_are_dropped() {
    let mut robot = Robot::new().run(5);
    let place = robot.monitor.trusted_place();
    for number in [f64::NAN, f64::INFINITY] {
        assert_eq!(robot.step(|s| s.position[1] = number), OdometryOutcome::Invalid);
        assert_eq!(robot.step(|s| s.yaw_rad = number), OdometryOutcome::Invalid);
    }
    assert_eq!(robot.monitor.trusted_place(), place);
    assert_eq!(robot.good(), OdometryOutcome::Fresh);
}

#[test]
fn a_jump_is_held_back_until_five_messages_agree() {
    let mut robot = Robot::new().run(20);
    let before = robot.monitor.trusted_place();
    robot.x += 10.0;
    for held in 1..5 {
        let OdometryOutcome::Jump { metres, allowed_m, secs } = robot.good() else { panic!("trusted after {held}") };
        assert!((secs - PERIOD_SECS * f64::from(held)).abs() < 1e-9);
        let reach = 5.0 * PERIOD_SECS * f64::from(held) * 1.5 + 0.1;
        assert!((metres - 10.0 - PERIOD_SECS * f64::from(held)).abs() < 1e-9 && (allowed_m - reach).abs() < 1e-6);
        assert_eq!(robot.status().name(), "jump", "at once, though the last good one is young");
        assert_eq!(robot.monitor.trusted_place(), before);
    }
    assert!(matches!(robot.good(), OdometryOutcome::Relocalised { metres } if metres > 10.0));
    assert!(robot.status().is_trusted());
    assert_eq!(robot.good(), OdometryOutcome::Fresh);
}

#[test]
fn outliers_and_two_publishers_never_move_the_place() {
    let mut robot = Robot::new().run(20);
    for _ in 0..50 {
        assert_eq!(robot.step(|s| s.position = [50.0, 50.0]).name(), "jump");
        assert_eq!(robot.good(), OdometryOutcome::Fresh);
    }
    // Outliers that do not even agree with each other.
    for metres in [20.0, -20.0, 40.0, -40.0, 60.0, -60.0, 80.0] {
        assert_eq!(robot.step(|s| s.position[1] = metres).name(), "jump");
    }
    assert_eq!(robot.good(), OdometryOutcome::Fresh);
}

#[test]
fn a_small_jump_does_not_become_credible_by_waiting() {
    // 0.5 m is within reach after three more messages, and still needs all five.
    let mut robot = Robot::new().run(20);
    robot.x += 0.5;
    let names: Vec<_> = (0..6).map(|_| robot.good().name()).collect();
    assert_eq!(names, ["jump", "jump", "jump", "jump", "relocalised", "fresh"]);
}

#[test]
fn fast_but_possible_is_no_jump() {
    let mut robot = Robot::new().run(20);
    for _ in 0..20 {
        robot.x += 5.0 * PERIOD_SECS;
        assert_eq!(robot.good(), OdometryOutcome::Fresh);
    }
    robot.x += 5.0 * PERIOD_SECS * 1.5 + 0.1;
    assert_eq!(robot.good().name(), "jump");
}

#[test]
fn one_message_is_enough_where_relocalisation_is_trusted() {
    for relocalise_after in [0, 1] {
        let mut robot = Robot::with(OdometryLimits { relocalise_after, ..OdometryLimits::default() }).run(3);
        robot.x += 10.0;
        assert_eq!(robot.good().name(), "relocalised");
    }
}

#[test]
fn the_same_pose_under_new_stamps_is_stuck_when_it_should_move() {
    let mut robot = Robot::new().run(20);
    let frozen = [robot.x, 0.0];
    let trusted = (0..).take_while(|_| robot.step(|s| s.position = frozen) == OdometryOutcome::Fresh).count();
    assert_eq!(trusted, 50, "one second at 50 Hz");
    assert_eq!(robot.status().name(), "stuck");
    let OdometryOutcome::Stuck { secs, messages } = robot.step(|s| s.position = frozen) else { panic!("not stuck") };
    assert!((secs - 1.02).abs() < 1e-6 && messages == 52);
    // It was moving all the while, as the first new pose shows.
    assert_eq!(robot.good().name(), "jump");
    let names: Vec<_> = (0..5).map(|_| robot.good().name()).collect();
    assert_eq!(names, ["jump", "jump", "jump", "relocalised", "fresh"]);
}

#[test]
fn a_fast_stream_of_a_robot_that_gets_going_is_not_stuck() {
    let mut robot = Robot::new().run(5);
    let frozen = [robot.x, 0.0];
    for _ in 0..900 {
        robot.secs += 0.001 - PERIOD_SECS;
        assert!(robot.step(|s| s.position = frozen).is_trusted(), "0.9 s at 1 kHz");
    }
}

#[test]
fn standing_still_on_command_or_turning_is_not_stuck() {
    let mut robot = Robot::new().run(20);
    let frozen = [robot.x, 0.0];
    robot.command = 0.04;
    for _ in 0..200 {
        assert_eq!(robot.step(|s| s.position = frozen), OdometryOutcome::Fresh);
    }
    // The time it stood counts only from the command on.
    robot.command = -1.0;
    for _ in 0..40 {
        assert_eq!(robot.step(|s| s.position = frozen), OdometryOutcome::Fresh);
    }
    for turn in 1..200 {
        let outcome = robot.step(|s| (s.position, s.yaw_rad) = (frozen, f64::from(turn) * 0.01));
        assert_eq!(outcome, OdometryOutcome::Fresh);
    }
    robot.command = f64::NAN;
    assert!((0..60).any(|_| robot.step(|s| s.position = frozen).name() == "stuck"), "no command is not no motion");
}

#[test]
fn jitter_is_counted_and_trusted() {
    let mut robot = Robot::new().run(50);
    robot.secs += 0.1;
    let outcome = robot.good();
    let OdometryOutcome::Jitter { gap_secs, mean_gap_secs } = outcome else { panic!("{outcome:?}") };
    assert!((gap_secs - 0.12).abs() < 1e-6 && (mean_gap_secs - PERIOD_SECS).abs() < 1e-3);
    assert!(outcome.is_trusted());
    assert_eq!(robot.good(), OdometryOutcome::Fresh);
    let worst = robot.statistics().worst_gap_secs;
    assert!((worst - 0.12).abs() < 1e-6);
}

#[test]
fn a_long_pause_neither_hides_jitter_nor_a_burst_the_rate() {
    let mut robot = Robot::new().run(50);
    robot.secs += 600.0;
    assert_eq!(robot.good().name(), "jitter");
    robot.secs += 0.1;
    assert_eq!(robot.good().name(), "jitter");
    // Twenty at once out of a queue, then as usual.
    let mut burst = Robot::new();
    for _ in 0..20 {
        burst.secs += 1e-6;
        let sample = burst.sample();
        burst.monitor.observe(&sample);
    }
    let jitters = (0..200).filter(|_| burst.good().name() == "jitter").count();
    assert!((1..=40).contains(&jitters), "{jitters}");
    let rate = burst.statistics().mean_rate_hz.expect("a rate");
    assert!((rate - 50.0).abs() < 1.0, "{rate}");
}

#[test]
fn a_clock_that_went_back_starts_anew() {
    let mut robot = Robot::new().run(20);
    robot.monitor.reset();
    assert_eq!(robot.status(), OdometryStatus::Waiting);
    assert_eq!(robot.monitor.trusted_place(), None);
    let back = |s: &mut OdometrySample| (s.now, s.stamp) = (shifted(s.now, -900.0), shifted(s.stamp, -900.0));
    robot.x = -30.0;
    assert_eq!(robot.step(back), OdometryOutcome::Fresh, "another place, another time");
    assert_eq!(robot.statistics().received, 21);
    // Also unannounced.
    let mut robot = Robot::new().run(20);
    robot.x = -30.0;
    for _ in 0..5 {
        assert_eq!(robot.step(back), OdometryOutcome::Fresh);
        assert_eq!(robot.statistics().stamp_age_secs, Some(0.0));
    }
}

#[test]
fn a_simulation_that_falters_has_not_stopped_but_nothing_is_driven_meanwhile() {
    let mut robot = Robot::new();
    robot.monitor.set_tick(0.01);
    let robot = robot.run(50);
    let (later, now) = (|secs: f64| robot.instant() + Duration::from_secs_f64(secs), robot.now());
    assert!(robot.monitor.status(later(1.9), now).is_trusted());
    let stopped = |status| matches!(status, OdometryStatus::Stopped { clock_stands: true, .. });
    assert!(stopped(robot.monitor.status(later(2.1), now)));
    assert!(robot.monitor.status_under_way(later(0.15), now).is_trusted());
    assert!(stopped(robot.monitor.status_under_way(later(0.3), now)));
    // Messages go on, and it is the clock alone that stands.
    let mut robot = robot;
    let at = robot.now();
    for _ in 0..20 {
        robot.step(|s| (s.stamp, s.now) = (at, at));
    }
    assert_eq!(robot.monitor.status(robot.instant(), at).name(), "duplicate");
    // The system's clock does not falter.
    let mut robot = Robot::new().run(50);
    robot.monitor.set_tick(0.0);
    assert!(stopped(robot.monitor.status(robot.instant() + Duration::from_secs_f64(0.3), robot.now())));
}

#[test]
fn slow_simulated_time_makes_no_message_old() {
    // A tenth of real time: 50 Hz of the simulation are 5 Hz here.
    let mut monitor = OdometryMonitor::new(OdometryLimits::default());
    let (start, mut robot) = (Instant::now(), Robot::new());
    for step in 0..200_u32 {
        robot.secs = f64::from(step) * PERIOD_SECS;
        robot.x = robot.secs;
        let received = start + Duration::from_secs_f64(10.0 * robot.secs);
        assert!(monitor.observe(&OdometrySample { received, ..robot.sample() }).is_trusted());
        // Just before the next one.
        let later = received + Duration::from_millis(199);
        assert!(monitor.status(later, robot.now()).is_trusted(), "{:?}", monitor.status(later, robot.now()));
    }
    assert_eq!(monitor.statistics(robot.now()).trusted_age_secs, Some(0.0));
    // A clock that stands hides a silence only as long as ten gaps.
    let silent = |secs| start + Duration::from_secs_f64(10.0 * robot.secs + secs);
    assert!(monitor.status(silent(1.9), robot.now()).is_trusted());
    let status = monitor.status(silent(2.1), robot.now());
    assert!(matches!(status, OdometryStatus::Stopped { clock_stands: true, .. }), "{status:?}");
    // One that goes on does not.
    let status = monitor.status(silent(0.3), shifted(robot.now(), 0.21));
    assert!(matches!(status, OdometryStatus::Stopped { clock_stands: false, .. }), "{status:?}");
}

#[test]
fn a_stamp_between_two_ticks_is_not_from_the_future() {
    let with_tick = |tick_secs: f64| {
        let mut robot = Robot::new();
        robot.monitor.set_tick(tick_secs);
        robot
    };
    // A clock of 2 Hz: it stands for 25 messages.
    let mut robot = with_tick(0.5);
    for _ in 0..200 {
        let outcome = robot.step(|s| s.now = RosTime::from_nanos(s.now.nanos() / 500_000_000 * 500_000_000));
        assert!(outcome.is_trusted(), "{outcome:?}");
    }
    // The clock ticks: the newest message is as young as before.
    assert!(robot.status().is_trusted());
    let mut robot = with_tick(0.05);
    assert!(robot.step(|s| s.stamp = shifted(s.stamp, 0.19)).is_trusted());
    let outcome = robot.step(|s| s.stamp = shifted(s.stamp, 0.21));
    assert!(matches!(outcome, OdometryOutcome::Future { limit_secs, .. } if (limit_secs - 0.2).abs() < 1e-12));
}

#[test]
fn limits_that_are_not_numbers_trust_nothing() {
    let limits = OdometryLimits { max_speed_mps: f64::NAN, ..OdometryLimits::default() };
    let mut robot = Robot::with(limits);
    robot.good();
    assert_eq!(robot.good().name(), "jump");
    let mut robot = Robot::with(OdometryLimits { max_age_secs: f64::NAN, ..OdometryLimits::default() });
    assert_eq!(robot.good().name(), "late");
    assert_eq!(robot.status().name(), "stopped");
}

#[test]
fn names_are_in_the_order_of_the_counts() {
    let outcomes = [
        OdometryOutcome::Fresh,
        OdometryOutcome::Jitter { gap_secs: 0.0, mean_gap_secs: 0.0 },
        OdometryOutcome::Relocalised { metres: 0.0 },
        OdometryOutcome::Invalid,
        OdometryOutcome::OutOfOrder { behind_secs: 0.0 },
        OdometryOutcome::Duplicate { stamp: RosTime::ZERO },
        OdometryOutcome::Future { ahead_secs: 0.0, limit_secs: 0.0 },
        OdometryOutcome::Late { age_secs: 0.0 },
        OdometryOutcome::Jump { metres: 0.0, allowed_m: 0.0, secs: 0.0 },
        OdometryOutcome::Stuck { secs: 0.0, messages: 0 },
    ];
    assert_eq!(outcomes.map(|outcome| outcome.name()), OdometryOutcome::NAMES);
}

proptest! {
    #[test]
    fn no_input_panics_and_good_messages_always_bring_it_back(
        faults in prop::collection::vec(
            (prop::num::f64::ANY, any::<i64>(), any::<Option<i64>>(), prop::num::f64::ANY, 0..1_000_000_u64), 0..50),
        jitter_factor in prop::num::f64::ANY,
    ) {
        let mut robot = Robot::with(OdometryLimits { jitter_factor, ..OdometryLimits::default() });
        for (x, stamp, now, command, micros) in faults {
            robot.secs += micros as f64 * 1e-6;
            robot.step(|s| {
                (s.position[0], s.stamp, s.commanded_speed_mps) = (x, RosTime::from_nanos(stamp), command);
                s.now = now.map_or(s.now, RosTime::from_nanos);
            });
            let _ = robot.statistics();
        }
        let counts = robot.statistics();
        prop_assert_eq!(counts.received, counts.counts.iter().sum::<u64>());
        for _ in 0..10 {
            robot.good();
        }
        prop_assert!(robot.status().is_trusted(), "{:?}", robot.status());
    }
}
