#!/usr/bin/env python3
"""What robots really send: odd, but accepted by tf2 and Nav2. It is taken, and what is not taken is refused with figures.

    python3 tests/peers/ros/namespace.py .deps/ros-kilted/bin/python tests/peers/ros/test_odd_inputs.py --planwright PATH
        [--only PART_OF_A_SECTION'S_NAME]
"""

import math
import sys
import time

from rosgraph_msgs.msg import Clock
from tf2_msgs.msg import TFMessage

from drive import MAZE, Feed, Watch, map_of, model, stamp_of, transform
from peer import Programs, goal_message, pose, run_sections, succeeded, wait_until

NONE, UNKNOWN, TF_ERROR = 0, 200, 202
NAN = math.nan
FREE, FAR = (3.0, 1.0), (1.0, 1.0)
# Longer than max_observation_age_secs: what came before is of no use any more.
SETTLE_SECS = 0.6


class OddFeed(Feed):
    """A feed whose odometry is changed before it is sent."""

    @staticmethod
    def change(message):
        """As it is."""

    def odometry(self):
        message = super().odometry()
        self.change(message)
        return message


class SlowFeed(Feed):
    """A simulation at a share of real time, whose clock ticks now and then."""

    factor, tick_nanos, odometry_nanos = 1.0, 20_000_000, 50_000_000

    def _feed(self):
        began, first = time.monotonic(), self.clock_nanos
        ticked = sent = 0
        while not self.ended.wait(0.005):
            nanos = first + int((time.monotonic() - began) * 1e9 * self.factor)
            if nanos - ticked >= self.tick_nanos:
                ticked = nanos - nanos % self.tick_nanos
                self.clock.publish(Clock(clock=stamp_of(ticked)))
            if nanos - sent >= self.odometry_nanos:
                self.clock_nanos = sent = nanos
                self.odom.publish(self.odometry())


class FalteringFeed(SlowFeed):
    """A simulation that stands for half a second again and again, clock and robot alike."""

    def _feed(self):
        nanos = self.clock_nanos
        while not self.ended.is_set():
            for _ in range(25):
                nanos += 20_000_000
                self.clock.publish(Clock(clock=stamp_of(nanos)))
                self.clock_nanos = nanos
                self.odom.publish(self.odometry())
                time.sleep(0.02)
            self.ended.wait(0.5)


class OddInputs:
    def __init__(self, checks, planwright):
        self.checks = checks
        self.planwright = planwright

    def maze(self, programs, watch, **parameters):
        maze = watch.start(programs, "maze", {"model": model("umaze"), "autostart": True, "deadline_secs": 5.0, **parameters}, full_name=f"/{MAZE}")
        wait_until(lambda: watch.status("lifecycle").get("state") == "active", what="the planner to be active")
        return maze

    def connected(self, watch, feed):
        feed.map.publish(map_of())
        feed.connect()
        wait_until(lambda: succeeded(watch.plan(FAR, None)), what="a first plan", period_secs=0.1)

    def plans(self, watch, name, goal=FAR, start=FREE):
        """A plan from where the odometry says that the robot is."""
        with self.checks.guarded(name):
            answer = watch.plan(goal, None)
            at = answer.result.path.poses[0].pose.position if succeeded(answer) else None
            holds = at is not None and math.dist((at.x, at.y), start) < 0.05
            self.checks.that(f"{name}: taken", holds, f"{answer}, from {at}")

    def refused(self, watch, name, code, *parts):
        with self.checks.guarded(name):
            answer = watch.plan(FAR, None)
            text = answer.result.error_msg
            holds = answer.result.error_code == code and all(part in text for part in parts)
            self.checks.that(f"{name}: refused with {', '.join(parts)}", holds, answer)

    # ---- messages ----------------------------------------------------------------------------------------------------

    def messages(self):
        with Programs(self.planwright) as programs, Watch() as watch, OddFeed(watch) as feed:
            maze = self.maze(programs, watch)
            self.connected(watch, feed)
            self.odometry(watch, feed)
            self.figures(watch, feed)
            self.goals(watch)
            self.maps(watch, feed)
            self.transforms(watch, feed)
            odd = {key for key in watch.fresh().status("inputs") if key.startswith("odd.")}
            self.checks.equal("oddities are in the status", {"odd.odometry", "odd.map", "odd.transform", "odd.pose"}, odd)
            text = maze.text()
            lines = [line for line in text.splitlines() if "taken although odd" in line]
            self.checks.that("each oddity is logged once", len(lines) == len(set(line.split("]: ")[-1] for line in lines)) >= 6, lines)
            self.checks.equal("messages: the node lives", None, maze.ended())

    def odometry(self, watch, feed):
        def covariance(message):
            message.pose.covariance[0] = message.pose.covariance[35] = message.twist.covariance[7] = NAN

        def unused(message):
            message.pose.pose.position.z = message.twist.twist.linear.z = NAN
            message.twist.twist.angular.x = message.twist.twist.angular.z = math.inf

        def nameless(message):
            message.child_frame_id = ""

        def slashes(message):
            message.header.frame_id, message.child_frame_id = "/odom", "/base_link"

        def rounded(message):
            message.pose.pose.orientation.w = 0.99

        def tiny(message):
            message.pose.pose.orientation.x = message.twist.twist.linear.y = 1e-320

        for change in (covariance, unused, nameless, slashes, rounded, tiny):
            feed.change = change
            time.sleep(SETTLE_SECS)
            self.plans(watch, f"odometry, {change.__name__}")

        def unset(message):
            message.pose.pose.orientation.w = 0.0

        def upright(message):
            message.pose.pose.orientation.y = message.pose.pose.orientation.w = math.sqrt(0.5)

        def nowhere(message):
            message.pose.pose.position.x = NAN

        before = watch.fresh().faults()
        for change, fault in ((unset, "bad_rotation"), (upright, "no_yaw"), (nowhere, "not_finite")):
            feed.change = change
            with self.checks.guarded(f"odometry, {change.__name__}"):
                watch.fault_after(fault, before, 10.0)
                self.checks.that(f"odometry, {change.__name__}: {fault}", True)
        feed.change = OddFeed.change
        time.sleep(SETTLE_SECS)
        self.plans(watch, "good odometry again")

    def figures(self, watch, feed):
        """Faults of odometry carry figures, limits and the parameter."""
        def old(message):
            message.header.stamp = stamp_of(time.time_ns() - 700_000_000)

        def other_clock(message):
            message.header.stamp = stamp_of(time.time_ns() - 300 * 10**9)

        def ahead(message):
            message.header.stamp = stamp_of(time.time_ns() + 900_000_000)

        for change, parts in ((old, ("0.7", "0.2 s", "max_observation_age_secs")), (other_clock, ("300.", "use_sim_time")),
                              (ahead, ("0.100 s", "got 0.", "future_tolerance_secs"))):
            feed.change = change
            time.sleep(SETTLE_SECS)
            self.refused(watch, f"odometry, {change.__name__}", TF_ERROR, *parts)
        feed.change = OddFeed.change
        time.sleep(SETTLE_SECS)
        feed.is_sending = False
        time.sleep(SETTLE_SECS)
        self.refused(watch, "odometry that stopped", TF_ERROR, "0.2 s", "got none for")
        feed.is_sending = True
        time.sleep(SETTLE_SECS)
        watch.clear_fault()
        watch.fresh()
        message = feed.odometry()
        message.pose.pose.position.x = 1.0
        feed.odom.publish(message)
        with self.checks.guarded("odometry that jumps"):
            wait_until(lambda: watch.first_fault() == "odom_jump", 10.0, "odom_jump")
            text = watch.fresh().status("faults")["_message"]
            holds = all(part in text for part in ("2.000 m", "5.3 m/s", "max_speed_mps"))
            self.checks.that("odometry that jumps: figures, limit and parameter", holds, text)
        # Jitter is no fault.
        for _ in range(3):
            feed.is_sending = False
            time.sleep(0.15)
            feed.is_sending = True
            time.sleep(0.3)
        inputs = watch.fresh().status("inputs")
        self.checks.that("jitter is counted", int(inputs.get("odom.jitter", 0)) >= 3, inputs)
        self.checks.that("jitter is no fault", "odom_jitter" not in watch.faults(), watch.faults())
        time.sleep(SETTLE_SECS)
        self.plans(watch, "after faults of odometry")

    def goals(self, watch):
        def unset(message):
            message.pose.orientation.w = 0.0

        def long(message):
            message.pose.orientation.z = message.pose.orientation.w = 1.0

        def slash(message):
            message.header.frame_id = "/map"

        def height(message):
            message.pose.position.z = NAN

        def stamp(message):
            message.header.stamp.nanosec = 1_500_000_000

        def tiny(message):
            message.pose.orientation.x = 1e-310

        for change in (unset, long, slash, height, stamp, tiny):
            message = pose(*FAR)
            change(message)
            answer = watch.send(goal_message(message))
            self.checks.that(f"goal, {change.__name__}: taken", succeeded(answer), answer)

    def maps(self, watch, feed):
        def slash(grid):
            grid.header.frame_id = "/map"

        def yaw(grid):
            grid.info.origin.orientation.z = 1e-5

        def unset(grid):
            grid.info.origin.orientation.w = 0.0

        def stamps(grid):
            grid.header.stamp.nanosec, grid.info.map_load_time.sec, grid.info.origin.position.z = 2**32 - 1, -1, NAN

        for change in (slash, yaw, unset, stamps):
            # A closed corridor shows that it is this map that counts.
            closed, again = map_of(closed={(2, 3)}), map_of()
            change(closed)
            change(again)
            name = f"map, {change.__name__}"
            with self.checks.guarded(name):
                feed.map.publish(closed)
                wait_until(lambda: not succeeded(watch.plan(FAR, FREE)), 10.0, "the corridor to be closed", 0.1)
                feed.map.publish(again)
                wait_until(lambda: succeeded(watch.plan(FAR, FREE)), 10.0, "the corridor to be open", 0.1)
                self.checks.that(f"{name}: taken", True)
        turned = map_of()
        turned.info.origin.orientation.z, turned.info.origin.orientation.w = math.sin(0.005), math.cos(0.005)
        watch.clear_fault()
        feed.map.publish(turned)
        with self.checks.guarded("map, really turned"):
            wait_until(lambda: watch.first_fault() == "map_no_maze", 10.0, "map_no_maze")
            text = watch.fresh().status("faults")["_message"]
            self.checks.that("map, really turned: refused with its figures", "0.01 rad" in text and "0.071 m" in text, text)
        feed.map.publish(map_of())
        wait_until(lambda: succeeded(watch.plan(FAR, FREE)), 10.0, "plans again", 0.1)

    def transforms(self, watch, feed):
        def turned(half, stamp=None):
            message = transform("/map", "/odom", feed.nanos())
            message.transform.rotation.z = message.transform.rotation.w = half
            if stamp is not None:
                message.header.stamp.nanosec = stamp
            feed.tf_static.publish(TFMessage(transforms=[message]))

        # A quarter turn takes this place to FREE.
        feed.place = (1.0, -3.0)
        for name, half, stamp in (("rounded to .71", 0.71, None), ("with a stamp that is none", math.sqrt(0.5), 2**31)):
            feed.connect()
            turned(half, stamp)
            time.sleep(SETTLE_SECS)
            self.plans(watch, f"static transform {name}")
        feed.place = FREE
        feed.connect()
        time.sleep(SETTLE_SECS)
        self.plans(watch, "the transform of before")

    # ---- a fleet's frames --------------------------------------------------------------------------------------------

    def fleet(self):
        """1,200 static frames before the robot's own and after it, and 5,000 that move; few are kept, the right ones."""
        for when in ("before", "after"):
            with Programs(self.planwright) as programs, Watch() as watch, Feed(watch) as feed:
                feed.is_sending = False
                self.maze(programs, watch, max_frames=100)
                wait_until(lambda: feed.tf_static.get_subscription_count(), what="the planner to listen")
                time.sleep(0.5)
                feed.map.publish(map_of())
                if when == "after":
                    feed.connect()
                for first in range(0, 1200, 50):
                    frames = [transform("map", f"robot_{n}/odom", feed.nanos(), n) for n in range(first, first + 50)]
                    feed.tf_static.publish(TFMessage(transforms=frames))
                    time.sleep(0.02)
                if when == "before":
                    feed.connect()
                feed.is_sending = True
                name = f"1,200 static frames {when} the robot's own"
                with self.checks.guarded(name):
                    wait_until(lambda: succeeded(watch.plan(FAR, None)), 20.0, "a plan", 0.1)
                    self.checks.that(f"{name}: plans", True)
                for first in range(0, 5000, 50):
                    frames = [transform("map", f"person_{n}", feed.nanos(), n) for n in range(first, first + 50)]
                    feed.tf.publish(TFMessage(transforms=frames))
                    time.sleep(0.01)
                self.plans(watch, f"{name}, then 5,000 moving ones")
                inputs = watch.fresh().status("inputs")
                holds = int(inputs["frames"]) <= 100 and int(inputs["transforms_unused"]) > 3000
                self.checks.that(f"{name}: no more than max_frames are kept", holds, inputs)
                self.checks.that(f"{name}: no fault", "tf_too_many_frames" not in watch.faults(), watch.faults())
                # A goal in one of the frames that were not kept: named, and kept once it comes again.
                message = pose(0.5, 1.0)
                message.header.frame_id = "person_4999"
                if "frames" in watch.send(goal_message(message)).result.error_msg:
                    feed.tf.publish(TFMessage(transforms=[transform("map", "person_4999", feed.nanos(), 0.5)]))
                    time.sleep(0.3)
                answer = watch.send(goal_message(message))
                self.checks.that(f"{name}: a goal's frame is kept", succeeded(answer), answer)

    # ---- simulated time ----------------------------------------------------------------------------------------------

    def simulation(self, name, factor, tick_secs, parameters=None):
        class Simulation(SlowFeed):
            pass

        Simulation.factor, Simulation.tick_nanos = factor, int(tick_secs * 1e9)
        with Programs(self.planwright) as programs, Watch() as watch, Simulation(watch, clock=True) as feed:
            maze = self.maze(programs, watch, use_sim_time=True, **(parameters or {}))
            self.connected(watch, feed)
            # A few ticks, to know how long one is.
            time.sleep(4.0 * tick_secs / factor)
            before = watch.fresh().faults()
            answers = []
            for number in range(40):
                time.sleep(0.01 * (number % 13))
                answers.append(watch.plan(FAR, None))
            bad = [answer for answer in answers if not succeeded(answer)]
            self.checks.that(f"{name}: every goal is answered with a plan", not bad, f"{len(bad)} of 40, {bad[:1]}")
            after = watch.fresh().faults()
            more = {fault: count - before.get(fault, 0) for fault, count in after.items() if fault.startswith("odom_")}
            self.checks.that(f"{name}: no fault of odometry", not any(more.values()), more)
            feed.ended.set()
            time.sleep(max(2.5, 15 * 0.05 / factor))
            self.refused(watch, f"{name}, that ends", TF_ERROR, "got none for")
            self.checks.equal(f"{name}: the node lives", None, maze.ended())

    def slow_simulation(self):
        """A tenth of real time: odometry of 20 Hz comes every 0.5 s, and is as young as ever."""
        self.simulation("a tenth of real time", 0.1, 0.002)

    def sparse_clock(self):
        """A clock of 2 Hz: what is stamped between two ticks is not from the future."""
        self.simulation("a clock of 2 Hz", 1.0, 0.5, {"max_observation_age_secs": 1.0})


    def faltering_simulation(self):
        """A simulator under load: its time stands for half a second, and with it the robot."""
        with Programs(self.planwright) as programs, Watch() as watch, FalteringFeed(watch, clock=True) as feed:
            self.maze(programs, watch, use_sim_time=True)
            self.connected(watch, feed)
            answers = []
            for number in range(40):
                time.sleep(0.01 * (number % 13))
                answers.append(watch.plan(FAR, None))
            bad = [answer for answer in answers if not succeeded(answer)]
            self.checks.that("a simulation that falters: every goal is answered with a plan", not bad, f"{len(bad)} of 40, {bad[:1]}")
            feed.ended.set()
            time.sleep(3.5)
            self.refused(watch, "a simulation that ends", TF_ERROR, "got none for")


SECTIONS = ("messages", "fleet", "slow_simulation", "sparse_clock", "faltering_simulation")


if __name__ == "__main__":
    sys.exit(run_sections(__doc__, OddInputs, SECTIONS))
