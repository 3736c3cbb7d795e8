#!/usr/bin/env python3
"""Faults, injected for real: each has a named outcome, a visible effect, and an end after which all is well again.

    python3 tests/peers/ros/namespace.py .deps/ros-kilted/bin/python tests/peers/ros/test_faults.py --planwright PATH
        [--only PART_OF_A_SECTION'S_NAME]

A section is a set of nodes and what is done to them; a check says the name of the fault, what the node did, and how it
went on. Diagnostics count faults by name: `faults` of /diagnostics is where the names are looked up.
"""

import array
import contextlib
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter

from geometry_msgs.msg import PoseStamped, PoseWithCovariance, PoseWithCovarianceStamped
from nav2_msgs.action import ComputePathToPose
from nav_msgs.msg import OccupancyGrid, Odometry
from nav_msgs.srv import GetPlan
from rclpy._rclpy_pybind11 import RCLError
from rosgraph_msgs.msg import Clock
from tf2_msgs.msg import TFMessage

from drive import MAZE, SIM, Feed, Frozen, Watch, map_of, model, rss_kib, stamp_of, transform
from peer import BEST_EFFORT, LATCHED, RELIABLE, Programs, goal_id, goal_message, pose, run_sections, succeeded, wait_until

NONE, UNKNOWN, INVALID_PLANNER, TF_ERROR, START_OUTSIDE, GOAL_OUTSIDE, START_OCCUPIED, GOAL_OCCUPIED, TIMEOUT, NO_PATH = (
    0, 200, 201, 202, 203, 204, 205, 206, 207, 208)
NAN, INF = math.nan, math.inf
FREE, FAR = (3.0, 1.0), (1.0, 1.0)
# A robot must be told to stand this soon after its data went bad.
STOP_SECS = 0.5
SendGoal = ComputePathToPose.Impl.SendGoalService
# Settings with which one plan takes long on any machine: 32 network calls of 64 rows.
SLOW = {"solver": "ddpm", "candidates": 64, "denoising_steps": 32}
PATIENT = {"deadline_secs": 60.0, "max_observation_age_secs": 60.0}


class Faults:
    """All sections. Each makes its own nodes and leaves none behind."""

    def __init__(self, checks, planwright):
        self.checks = checks
        self.planwright = planwright

    def maze(self, programs, watch, **parameters):
        settings = {"model": model("umaze"), "autostart": True, **parameters}
        return watch.start(programs, "maze", settings, full_name=f"/{MAZE}")

    def wait_active(self, watch):
        wait_until(lambda: watch.status("lifecycle").get("state") == "active", what="the planner to be active")

    def drive(self, programs, watch, sim_parameters=None, **parameters):
        """A robot and its planner, in touch with each other."""
        sim = watch.start(programs, "sim", {"start": [3.0, 1.0], **(sim_parameters or {})}, full_name=f"/{SIM}")
        maze = self.maze(programs, watch, drive=True, **parameters)
        wait_until(lambda: watch.odometry and watch.is_hearing(), what="robot and planner to find each other")
        return sim, maze

    def foreign(self, code):
        """A peer that is a process of its own."""
        folder = os.path.dirname(os.path.abspath(__file__))
        return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder)

    def counted(self, watch, name, inject, fault):
        """Injects, and waits until the diagnostics count the fault once more."""
        before = watch.faults()
        inject()
        with self.checks.guarded(name):
            watch.fault_after(fault, before, 10.0)
            self.checks.that(f"{name}: {fault}", True)

    def counted_all(self, watch, table):
        """The same for many at once, rows of name, injection, fault. Only where the sum is short, one by one."""
        before = watch.fresh().faults()
        for _, inject, _ in table:
            inject()
            time.sleep(0.05)
        watch.fresh()
        after = watch.faults()
        wanted = Counter(fault for _, _, fault in table)
        for name, inject, fault in table:
            if after.get(fault, 0) - before.get(fault, 0) >= wanted[fault]:
                self.checks.that(f"{name}: {fault}", True)
            else:
                self.counted(watch, name, inject, fault)

    def answered(self, watch, name, message, code, contains=""):
        """The goal ends with this code of Nav2's, and a message that says why."""
        with self.checks.guarded(name):
            answer = watch.send(message)
            got = (answer.status, answer.result.error_code) if answer.accepted else "rejected"
            expected = (4, NONE) if code == NONE else (6, code)
            holds = got == expected and (code == NONE) == bool(answer.result.path.poses)
            holds = holds and contains in answer.result.error_msg and bool(answer.result.error_msg) == (code != NONE)
            self.checks.that(f"{name}: {code}", holds, f"expected {expected} '{contains}', got {answer}")

    def plans(self, watch, name, start=FREE):
        """All is well: a plan from where the robot is."""
        answer = watch.eventually(succeeded, attempts=30, goal=FAR, start=None)
        at = answer.result.path.poses[0].pose.position if succeeded(answer) else None
        holds = at is not None and math.dist((at.x, at.y), start) < 0.05
        self.checks.that(f"{name}: plans", holds, f"{answer}, from {at}")

    # ---- messages, maps, goals, transforms: a feed of our own ----------------------------------------------------

    def inputs(self):
        with Programs(self.planwright) as programs, Watch() as watch, Feed(watch) as feed:
            feed.is_sending = False
            maze = self.maze(programs, watch)
            self.wait_active(watch)
            wait_until(lambda: feed.odom.get_subscription_count() and feed.tf_static.get_subscription_count()
                       and feed.map.get_subscription_count(), what="the planner to listen")
            self.missing(watch, feed)
            self.goals(watch)
            self.odometry(watch, feed)
            self.maps(watch, feed)
            self.transforms(watch, feed)
            self.unknown_goals(watch)
            self.first_fault_stays(watch, feed)
            self.malformed(watch, feed, maze)
            self.many_goals(watch, maze)
            self.checks.equal("inputs: the node lives", None, maze.ended())

    def missing(self, watch, feed):
        self.answered(watch, "nothing came", goal_message(FAR), UNKNOWN, "expected a map")
        # Best effort and not kept: a planner that wants its map reliable must not take it silently, but say so.
        careless = watch.publisher(OccupancyGrid, "/map", BEST_EFFORT, matched=False)
        time.sleep(0.5)
        careless.publish(map_of())
        time.sleep(0.3)
        self.answered(watch, "QoS mismatch", goal_message(FAR), UNKNOWN, "reliable and transient local")
        watch.fresh()
        self.checks.that("QoS mismatch: qos_mismatch", watch.faults().get("qos_mismatch", 0) > 0, watch.faults())
        watch.inside(lambda: watch.node.destroy_publisher(careless))
        feed.map.publish(map_of())
        wait_until(lambda: "map_cells" in watch.fresh().status("inputs"), 10.0, "the map")
        self.answered(watch, "no odometry", goal_message(FAR), TF_ERROR, "expected odometry, got none")
        feed.is_sending = True
        time.sleep(0.3)
        self.answered(watch, "no transform", goal_message(FAR), TF_ERROR, "frame")
        feed.connect()
        self.plans(watch, "everything came")
        names = watch.fresh().faults()
        missing = {"map_missing", "odom_missing", "tf_unknown_frame"} - set(names)
        self.checks.that("missing inputs are named", not missing, f"not {missing}, but {names}")

    def goals(self, watch):
        def broken(change, x=1.0, y=1.0):
            message = pose(x, y)
            change(message)
            return message

        def stamp(message):
            message.header.stamp.nanosec = 1_000_000_000

        def turn(message):
            message.pose.orientation.w = 0.5

        def undirected(message):
            message.pose.orientation.w = 0.0

        def nan_turn(message):
            message.pose.orientation.z = NAN

        def no_frame(message):
            message.header.frame_id = ""

        def other_frame(message):
            message.header.frame_id = "kitchen"

        nothing = lambda message: None
        table = [
            ("goal with NaN", broken(nothing, NAN, 1.0), UNKNOWN, "finite"),
            ("goal with Inf", broken(nothing, 1.0, INF), UNKNOWN, "finite"),
            ("goal with a huge number", broken(nothing, 1e308, -1e308), GOAL_OUTSIDE, "outside"),
            ("goal turned by half", broken(turn), NONE, ""),
            ("goal turned by NaN", broken(nan_turn), UNKNOWN, "finite"),
            ("goal without frame", broken(no_frame), UNKNOWN, "frame"),
            ("goal in an unknown frame", broken(other_frame), TF_ERROR, "kitchen"),
            ("goal with 1e9 ns", broken(stamp), NONE, ""),
            ("goal outside", pose(50.0, 50.0), GOAL_OUTSIDE, "outside"),
            ("goal below", pose(-5.0, 1.0), GOAL_OUTSIDE, "outside"),
            ("goal in a wall", pose(2.0, 1.0), GOAL_OCCUPIED, "wall"),
            ("goal within the radius of a wall", pose(1.25, 1.0), GOAL_OCCUPIED, "0.05 m from a wall, needs 0.105 m"),
            ("goal of zeros as orientation", broken(undirected), NONE, ""),
        ]
        for name, place, code, contains in table:
            self.answered(watch, name, goal_message(place, FREE), code, contains)
        starts = [
            ("start with NaN", broken(nothing, NAN, 1.0), UNKNOWN, "finite"),
            ("start without frame", broken(no_frame), UNKNOWN, "frame"),
            ("start with 1e9 ns", broken(stamp), NONE, ""),
            ("start outside", pose(-50.0, 1.0), START_OUTSIDE, "outside"),
            ("start in a wall", pose(2.0, 1.0), START_OCCUPIED, "wall"),
            ("start within the radius of a wall", pose(3.25, 1.0), START_OCCUPIED, "0.05 m from a wall, needs 0.105 m"),
            ("start in contact with a wall", pose(3.21, 1.0), NONE, ""),
        ]
        for name, place, code, contains in starts:
            self.answered(watch, name, goal_message(FAR, place), code, contains)
        self.answered(watch, "unknown planner", goal_message(FAR, FREE, "teleport"), INVALID_PLANNER, "teleport")
        self.answered(watch, "start and goal the same", goal_message(FREE, FREE), NONE)
        service = watch.call(GetPlan, f"{MAZE}/get_plan", GetPlan.Request(start=pose(*FREE), goal=broken(nothing, NAN)))
        self.checks.equal("service with NaN: an empty plan", 0, len(service.plan.poses))
        names = watch.fresh().faults()
        wanted = {"not_finite", "empty_frame", "tf_unknown_frame", "goal_outside_map",
                  "goal_occupied", "start_outside_map", "start_occupied", "invalid_planner"}
        self.checks.that("bad goals are named", not wanted - set(names), f"not {wanted - set(names)}, but {names}")
        self.plans(watch, "after bad goals")

    def odometry(self, watch, feed):
        def send(change):
            message = feed.odometry()
            message.pose.pose.position.x = 1.0  # elsewhere: it would show if it were believed
            change(message)
            feed.odom.publish(message)

        def nan(message):
            message.pose.pose.position.y = NAN

        def inf(message):
            message.twist.twist.linear.x = -INF

        def rotation(message):
            message.pose.pose.orientation.w = 0.0

        def frame(message):
            message.header.frame_id = ""

        def nanosec(message):
            message.header.stamp.nanosec = 1_500_000_000

        def epoch(message):
            message.header.stamp.sec = -5

        table = [
            ("odometry with NaN", nan, "not_finite"), ("odometry with Inf", inf, "not_finite"),
            ("odometry turned by nothing", rotation, "bad_rotation"), ("odometry without frame", frame, "empty_frame"),
            ("odometry with 1.5e9 ns", nanosec, "stamp_nanoseconds"), ("odometry from before 1970", epoch, "stamp_before_epoch"),
            ("odometry of another place", lambda message: None, "odom_jump"),
        ]
        self.counted_all(watch, [(name, lambda change=change: send(change), fault) for name, change, fault in table])
        self.plans(watch, "after bad odometry")
        feed.is_sending = False
        time.sleep(0.4)
        self.answered(watch, "odometry stops", goal_message(FAR), TF_ERROR, "got none for")
        feed.is_sending = True
        self.plans(watch, "odometry goes on")

    def maps(self, watch, feed):
        def broken(**changes):
            grid = map_of()
            for name, value in changes.items():
                target = grid.info if name in ("width", "height", "resolution") else grid
                setattr(target, name, value)
            return grid

        def origin(x=-0.7, w=1.0, z=0.0):
            grid = map_of()
            grid.info.origin.position.x = x
            grid.info.origin.orientation.w, grid.info.origin.orientation.z = w, z
            return grid

        def other_frame():
            return map_of(frame="kitchen")

        def no_frame():
            return map_of(frame="")

        def cell(value):
            grid = map_of()
            grid.data[7] = value
            return grid

        most = 0xFFFFFFFF
        walls = array.array("b", [100] * 2500)
        table = [
            ("map of 2^32 x 2^32", broken(width=most, height=most), "map_too_large"),
            ("map of 2^16 x 2^16", broken(width=65536, height=65536), "map_too_large"),
            ("map of 2^32 x 1", broken(width=most, height=1), "map_too_large"),
            ("map too short", broken(width=51), "map_length"), ("map too long", broken(height=49), "map_length"),
            ("map without data", broken(data=array.array("b")), "map_length"),
            ("map without cells", broken(width=0, data=array.array("b")), "map_empty"),
            ("resolution 0", broken(resolution=0.0), "map_resolution"), ("resolution NaN", broken(resolution=NAN), "map_resolution"),
            ("resolution -1", broken(resolution=-1.0), "map_resolution"),
            ("resolution tiny", broken(resolution=1e-30), "map_no_maze"), ("resolution huge", broken(resolution=1e30), "map_no_maze"),
            ("map origin NaN", origin(x=NAN), "not_finite"), ("map origin far away", origin(x=1e300), "map_no_maze"),
            ("map turned by NaN", origin(w=NAN), "not_finite"), ("map turned", origin(w=0.0, z=1.0), "map_no_maze"),
            ("map in another frame", other_frame(), "map_frame"), ("map without frame", no_frame(), "empty_frame"),
            ("map cell of 101", cell(101), "map_cell"),
            ("map of walls", broken(data=walls), "map_no_maze"),
            ("map without walls", broken(data=array.array("b", [0] * 2500)), "map_no_maze"),
        ]
        self.counted_all(watch, [(name, lambda grid=grid: feed.map.publish(grid), fault) for name, grid, fault in table])
        self.answered(watch, "no plan after a map that is refused", goal_message(FAR), UNKNOWN, "map_no_maze")
        self.readable_map(watch, feed, "a readable map after bad ones")
        # 16 MB over loopback, at 5 cm: 200 m square, and free. It may be refused or lost, but must not hold up the node.
        # Once it is refused there is no plan, and the answers go on.
        huge = map_of()
        huge.info.width = huge.info.height = 4000
        huge.data = array.array("b", bytes(16_000_000))
        watch.worst_gap_secs = 0.0
        feed.map.publish(huge)
        begun = time.monotonic()
        while time.monotonic() - begun < 4.0:
            answer = watch.plan(FAR, FREE)
            if not succeeded(answer) and "map_no_maze" not in answer.result.error_msg:
                break
        holds = succeeded(answer) or "map_no_maze" in answer.result.error_msg
        self.checks.that("huge map: answers go on", holds, answer)
        self.checks.that("huge map: diagnostics go on", 0.0 < watch.worst_gap_secs < 2.5, watch.worst_gap_secs)
        self.readable_map(watch, feed, "a readable map after the huge one")
        # Another maze than the model's: what does not fit the map does not leave.
        self.counted(watch, "a closed corridor", lambda: feed.map.publish(map_of(closed={(2, 3)})), "map_differs")
        self.answered(watch, "no way through the map", goal_message(FAR, FREE), NO_PATH, "no way from start to goal")
        self.answered(watch, "goal in a closed corridor", goal_message((2.0, 3.0), FREE), GOAL_OCCUPIED, "wall")
        feed.map.publish(map_of())
        wait_until(lambda: succeeded(watch.plan(FAR, FREE)), 10.0, "plans in the old map", 0.1)
        self.plans(watch, "the corridor is open again")

    def readable_map(self, watch, feed, name):
        feed.map.publish(map_of())
        wait_until(lambda: succeeded(watch.plan(FAR, FREE)), 10.0, "plans in a readable map", 0.1)
        self.plans(watch, name)

    def transforms(self, watch, feed):
        def send(change, topic=None, parent="odom", child="tool"):
            message = transform(parent, child, feed.nanos())
            change(message)
            (topic or feed.tf).publish(TFMessage(transforms=[message]))

        def nan(message):
            message.transform.translation.x = NAN

        def rotation(message):
            message.transform.rotation.w = 0.0

        def nameless(message):
            message.child_frame_id = ""

        def itself(message):
            message.child_frame_id = message.header.frame_id

        def nanosec(message):
            message.header.stamp.nanosec = 2**32 - 1

        def future(message):
            message.header.stamp = stamp_of(feed.nanos() + 100 * 10**9)

        def old(message):
            message.header.stamp = stamp_of(feed.nanos() - 100 * 10**9)

        nothing = lambda message: None
        send(nothing)
        table = [
            ("transform with NaN", lambda: send(nan), "tf_invalid"), ("transform turned by nothing", lambda: send(rotation), "tf_invalid"),
            ("transform without child", lambda: send(nameless), "tf_invalid"), ("transform to itself", lambda: send(itself), "tf_invalid"),
            ("transform with 4e9 ns", lambda: send(nanosec), "tf_stamp"), ("transform from the future", lambda: send(future), "tf_future"),
            ("transform of long ago", lambda: send(old), "tf_old"),
            ("transforms in a loop", lambda: send(nothing, parent="base_link", child="map"), "tf_loop"),
        ]
        self.counted_all(watch, table)
        self.answered(watch, "no plan over transforms that a newer one contradicts", goal_message(FAR), TF_ERROR, "tf_loop")
        feed.connect()
        self.plans(watch, "after bad transforms")
        # Localisation that stops.
        feed.map_from_odom = True
        time.sleep(0.3)
        self.plans(watch, "moving transform")
        feed.map_from_odom = False
        time.sleep(0.5)
        self.answered(watch, "transform grows old", goal_message(FAR), TF_ERROR, "age")
        feed.map_from_odom = True
        self.plans(watch, "transform comes again")
        # Another node takes the frame away.
        feed.map_from_odom = False
        self.counted(watch, "frame with another parent", lambda: feed.connect("elsewhere", "odom"), "tf_reparented")
        self.answered(watch, "frame with another parent", goal_message(FAR), TF_ERROR, "map")
        feed.connect()
        self.plans(watch, "frame with its parent again")

    def unknown_goals(self, watch):
        watch.action()
        result = watch.wait(watch.raw_get_result(goal_id()))
        self.checks.equal("result of an unknown goal: unknown", 0, result.status)
        answer = watch.wait(watch.raw_cancel(goal_id()))
        self.checks.equal("cancel of an unknown goal: ERROR_UNKNOWN_GOAL_ID", (2, 0), (answer.return_code, len(answer.goals_canceling)))
        identifier = goal_id()
        first = watch.wait(watch.raw_send_goal(identifier, goal_message(FAR, FREE)))
        again = watch.wait(watch.raw_send_goal(identifier, goal_message(FAR, FREE)))
        self.checks.equal("a goal's id can be used once", (True, False), (first.accepted, again.accepted))
        watch.wait(watch.raw_get_result(identifier))
        answer = watch.wait(watch.raw_cancel(identifier))
        self.checks.equal("cancel of an ended goal: ERROR_GOAL_TERMINATED", 3, answer.return_code)

    def first_fault_stays(self, watch, feed):
        watch.clear_fault()
        watch.fresh()
        self.checks.equal("a cleared fault is gone", None, watch.first_fault())
        feed.map.publish(map_of(frame="kitchen"))
        wait_until(lambda: watch.first_fault() == "map_frame", 10.0, "the first fault")
        self.readable_map(watch, feed, "a readable map after a fault")
        self.answered(watch, "a later fault", goal_message((2.0, 1.0), FREE), GOAL_OCCUPIED)
        watch.fresh()
        watch.fresh()
        self.checks.equal("the first fault stays", "map_frame", watch.first_fault())
        self.checks.equal("clearing says which it was", "map_frame", watch.clear_fault())

    def malformed(self, watch, feed, maze):
        """Bytes that are no message, with the right type's name on them."""
        chance = random.Random(5)
        header = b"\x00\x01\x00\x00"
        samples = [b"", b"\x00", header, b"\xff" * 64, header + b"\xff" * 64, header + b"\x00" * 7,
                   header + b"\x00" * 8 + b"\xff\xff\xff\x7f" + b"x" * 40, b"\x00\x00\x00\x00" + b"\x01" * 300]
        samples += [header + chance.randbytes(chance.randrange(1, 900)) for _ in range(60)]
        endpoints = [(Odometry, "/odom", RELIABLE), (TFMessage, "/tf", RELIABLE), (OccupancyGrid, "/map", LATCHED),
                     (PoseStamped, "/goal_pose", RELIABLE), (Clock, "/clock", RELIABLE)]
        senders = [watch.heard_publisher(kind, topic, qos) for kind, topic, qos in endpoints]
        memory = rss_kib(maze.pid)
        before = int(watch.fresh().status("middleware")["messages_malformed"])
        sent = 0
        for sample in samples:
            for sender in senders:
                # Some are such that the sender's own middleware does not take them.
                with contextlib.suppress(RCLError):
                    sender.publish(sample)
                    sent += 1
            time.sleep(0.005)
        time.sleep(0.5)
        watch.fresh()
        grown = int(watch.status("middleware")["messages_malformed"]) - before
        self.checks.that("malformed messages are sent", sent > 200, f"{sent}")
        self.checks.that("malformed messages are counted", grown > sent // 4, f"{grown} of {sent}")
        self.checks.that("malformed messages: message_malformed", watch.faults().get("message_malformed", 0) > 0, watch.faults())
        self.checks.equal("malformed messages: the node lives", None, maze.ended())
        growth = rss_kib(maze.pid) - memory
        self.checks.that("malformed messages take no memory", growth < 20_000, f"{growth} KiB")
        for sender in senders:
            watch.inside(lambda sender=sender: watch.node.destroy_publisher(sender))
        self.readable_map(watch, feed, "after malformed messages")

    def many_goals(self, watch, maze):
        """More than the planner holds, while its process does not run, as on a machine that is busy."""
        client = watch.deep_client(SendGoal, "compute_path_to_pose/_action/send_goal")
        os.kill(maze.pid, signal.SIGSTOP)
        futures = [client.call_async(SendGoal.Request(goal_id=goal_id(), goal=goal_message(FAR, FREE))) for _ in range(200)]
        time.sleep(0.3)
        os.kill(maze.pid, signal.SIGCONT)
        answers = [watch.wait(future) for future in futures]
        accepted = sum(answer.accepted for answer in answers)
        self.checks.that("200 goals at once are all answered", accepted >= 32, f"{accepted} accepted")
        wait_until(lambda: watch.fresh().status("planner").get("goals_active") == "0", 30.0, "all goals to end")
        self.plans(watch, "after 200 goals")

    # ---- a robot under way -------------------------------------------------------------------------------------------

    def toggle(self, watch, ends=((1.0, 1.0), (3.0, 1.0))):
        """Sends the robot to the end from which it is farther, and waits until it is under way."""
        x, y = watch.odometry[:2]
        goal = max(ends, key=lambda end: math.dist(end, (x, y)))
        answer = watch.eventually(succeeded, attempts=50, goal=goal, start=None)
        if not succeeded(answer):
            raise RuntimeError(f"no plan to {goal}: {answer}")
        watch.wait_driven(10.0)
        return goal

    def arrives(self, watch, name, goal):
        try:
            watch.wait_near(goal, 20.0)
            self.checks.that(f"{name}: goes on and arrives", True)
        except TimeoutError as error:
            self.checks.that(f"{name}: goes on and arrives", False, f"{error}; {watch.status('drive')}")

    def stops(self, watch, name, since, secs, until=None):
        """From `secs` after the fault on, all commands are to stand, and there are commands."""
        moves, commands = watch.moves(since + secs, until or math.inf), watch.commands_from(since + secs, until or math.inf)
        self.checks.that(f"{name}: stops within {secs} s", commands and not moves,
                         f"{len(moves)} of {len(commands)} commands move, the last after {moves[-1][0] - since if moves else 0:.2f} s")

    def odometry_faults(self):
        """The robot's own faults while it is driven. It must stop where nothing can be known, and go on where it can."""
        with Programs(self.planwright) as programs, Watch() as watch:
            sim, maze = self.drive(programs, watch)
            place = watch.heard_publisher(PoseWithCovarianceStamped, "/initialpose")
            start = pose(3.0, 1.0)
            #  fault, what the diagnostics count, seconds to the stop (None: it may go on), how long it lasts
            table = [
                ("off", "odom_stopped", STOP_SECS, 1.2), ("garbage", "not_finite", STOP_SECS, 1.2),
                ("slow", "odom_late", STOP_SECS, 1.6), ("future", "odom_future", STOP_SECS, 1.2),
                ("stuck", "odom_stuck", 1.5, 4.0), ("jitter", None, None, 0.0),
                ("out_of_order", "odom_out_of_order", None, 0.0), ("jump", "odom_jump", None, 3.0),
            ]
            watch.set_parameter("odom_fault", "none", SIM)
            for fault, counted, stop_secs, lasts in table:
                touched = watch.contacts
                with self.checks.guarded(f"odometry {fault}"):
                    self.odometry_fault(watch, fault, counted, stop_secs, lasts)
                watch.set_parameter("odom_fault", "none", SIM)
                if stop_secs is None and fault != "jump":
                    self.checks.that(f"odometry {fault}: no wall is touched", watch.contacts == touched, watch.touches[-1:])
                # The next one begins in the middle of a corridor, wherever this one has led.
                place.publish(PoseWithCovarianceStamped(header=start.header, pose=PoseWithCovariance(pose=start.pose)))
                time.sleep(0.5)
            self.checks.equal("odometry faults: both live", (None, None), (sim.ended(), maze.ended()))

    def odometry_fault(self, watch, fault, counted, stop_secs, lasts):
        name = f"odometry {fault}"
        before = watch.fresh().faults()
        # What is stuck says (1, 1), which must not be where it is to go.
        goal = self.toggle(watch, ((3.0, 3.0), (3.0, 1.0)) if fault == "stuck" else ((1.0, 1.0), (3.0, 1.0)))
        since = time.monotonic()
        watch.set_parameter("odom_fault", fault, SIM)
        if stop_secs is None and not lasts:
            self.arrives(watch, name, goal)
            if counted is None:
                jitters = watch.fresh().status("inputs").get("odom.jitter", 0)
                self.checks.that(f"{name}: is counted", int(jitters) > 0, watch.status("inputs"))
                return
            watch.fault_after(counted, before, 5.0)
            self.checks.that(f"{name}: {counted}", True)
            return
        time.sleep(lasts)
        ended = time.monotonic()
        watch.fault_after(counted, before, 5.0)
        self.checks.that(f"{name}: {counted}", True)
        if stop_secs is not None:
            self.stops(watch, name, since, stop_secs, ended)
            self.checks.that(f"{name}: odom_status is not ok", watch.status("inputs")["_message"] != "ok", watch.status("inputs"))
        watch.set_parameter("odom_fault", "none", SIM)
        self.arrives(watch, name, goal)

    def contact(self):
        """A robot that was parked against a wall: it leaves it, and touches none on its way."""
        with Programs(self.planwright) as programs, Watch() as watch:
            self.drive(programs, watch, {"start": [3.2, 1.0]})
            wait_until(lambda: watch.odometry[0] > 3.19, what="the robot at the wall")
            answer = watch.eventually(succeeded, attempts=50, goal=FAR, start=None)
            self.checks.that("in contact: a plan from where the robot is", succeeded(answer), answer)
            wait_until(lambda: watch.odometry[0] < 3.19 or watch.odometry[1] > 1.2, what="the robot off the wall")
            time.sleep(0.1)
            touched = watch.contacts
            self.arrives(watch, "in contact", FAR)
            self.checks.equal("in contact: no wall is touched on the way", touched, watch.contacts)
            # Into the wall's reach nothing is driven.
            self.answered(watch, "driven to a wall", goal_message((1.25, 1.0)), GOAL_OCCUPIED, "0.05 m from a wall, needs 0.105 m")
            before = watch.fresh().faults()
            watch.heard_publisher(PoseStamped, "/goal_pose").publish(pose(1.25, 1.0))
            with self.checks.guarded("a goal_pose at a wall"):
                watch.fault_after("goal_occupied", before, 10.0)
                self.checks.that("a goal_pose at a wall: goal_occupied, and the robot stays", watch.near(FAR), watch.odometry)

    def robot_dies(self):
        with Programs(self.planwright) as programs, Watch() as watch:
            sim, maze = self.drive(programs, watch)
            goal = self.toggle(watch)
            before = watch.faults()
            since = time.monotonic()
            sim.kill()
            time.sleep(1.0)
            self.stops(watch, "robot killed", since, STOP_SECS)
            watch.fault_after("odom_stopped", before, 5.0)
            self.checks.that("robot killed: odom_stopped", True)
            self.answered(watch, "robot killed", goal_message((3.0, 3.0)), TF_ERROR, "got none for")
            programs.node("sim", {"start": [3.0, 1.0]})
            self.arrives(watch, "robot comes back", goal)
            # The frame of its odometry is lost, and found again.
            feed = watch.heard_publisher(TFMessage, "/tf_static", LATCHED)
            goal = self.toggle(watch)
            since = time.monotonic()
            feed.publish(TFMessage(transforms=[transform("elsewhere", "odom", time.time_ns())]))
            time.sleep(1.0)
            self.stops(watch, "frame lost under way", since, STOP_SECS)
            feed.publish(TFMessage(transforms=[transform("map", "odom", time.time_ns())]))
            self.arrives(watch, "frame found again", goal)
            # A goal that is nonsense does not change where it goes.
            nonsense = watch.heard_publisher(PoseStamped, "/goal_pose")
            before = watch.fresh().faults()
            goal = self.toggle(watch)
            for x, y in ((NAN, 1.0), (2.0, 1.0), (90.0, 1.0)):
                nonsense.publish(pose(x, y))
            self.arrives(watch, "nonsense under way", goal)
            for fault in ("not_finite", "goal_occupied", "goal_outside_map"):
                watch.fault_after(fault, before, 5.0)
            self.checks.that("nonsense under way: is named", True)
            # Somebody who listens, reliably, and then sleeps.
            listen = "import sys, drive, peer; w = peer.Peer('sleeper'); w.listen(drive.Twist, '/cmd_vel'); " \
                     "w.listen(drive.OccupancyGrid, '/map', peer.LATCHED); print('up', flush=True); sys.stdin.read()"
            sleeper = self.foreign(listen)
            try:
                sleeper.stdout.readline()
                time.sleep(0.5)
                sleeper.send_signal(signal.SIGSTOP)
                late = int(watch.fresh().status("drive")["late_cycles"])
                for _ in range(2):
                    self.arrives(watch, "a listener sleeps", self.toggle(watch))
                late = int(watch.fresh().status("drive")["late_cycles"]) - late
                self.checks.that("a listener that sleeps holds nothing up", late <= 10, f"{late} late cycles")
            finally:
                sleeper.kill()
                sleeper.wait()
            code = maze.stop(number=signal.SIGTERM)
            self.checks.equal("robot_dies: ends as asked", 0, code)

    def clock(self):
        """Time from /clock, which jumps."""
        with Programs(self.planwright) as programs, Watch() as watch, Feed(watch, clock=True) as feed:
            maze = self.maze(programs, watch, use_sim_time=True)
            self.wait_active(watch)
            feed.map.publish(map_of())
            feed.map_from_odom = True
            self.plans(watch, "simulated time")
            for name, by_secs in (("clock jumps back", -500), ("clock jumps forward", 900), ("clock jumps to its start", -1390)):
                before = watch.faults()
                feed.clock_nanos += by_secs * 10**9
                watch.fault_after("time_jumped", before, 10.0)
                self.checks.that(f"{name}: time_jumped", True)
                self.plans(watch, name)
            # After a jump back, what was stamped before it must not be believed.
            feed.is_sending = False
            feed.clock_nanos -= 3 * 10**9
            time.sleep(0.2)
            self.answered(watch, "data of before the jump", goal_message(FAR), TF_ERROR)
            feed.is_sending = True
            self.plans(watch, "data of after the jump")
            jumps = int(watch.fresh().status("middleware")["time_jumps"])
            feed.clock_nanos -= 500_000  # jitter, not a jump
            time.sleep(0.1)
            self.checks.equal("half a millisecond is no jump", jumps, int(watch.fresh().status("middleware")["time_jumps"]))
            # Time that stands: diagnostics and services do not depend on it.
            feed.is_ticking = False
            time.sleep(0.5)
            self.answered(watch, "clock stands", goal_message(FAR), TF_ERROR)
            feed.is_ticking = True
            self.plans(watch, "clock goes on")
            broken = Clock()
            broken.clock.nanosec = 2_000_000_000
            self.counted(watch, "clock of 2e9 ns", lambda: feed.clock.publish(broken), "clock_invalid")
            self.checks.equal("clock: the node lives", None, maze.ended())

    def clock_of_the_robot(self):
        """The simulation is started again while its robot is driven: time begins anew."""
        with Programs(self.planwright) as programs, Watch() as watch:
            sim, _ = self.drive(programs, watch, {"publish_clock": True}, use_sim_time=True)
            time.sleep(1.0)
            goal = self.toggle(watch)
            before = watch.faults()
            sim.kill()
            programs.node("sim", {"start": [3.0, 1.0], "publish_clock": True})
            watch.fault_after("time_jumped", before, 20.0)
            self.checks.that("simulation starts again: time_jumped", True)
            self.arrives(watch, "simulation starts again", goal)

    # ---- a planner that takes long -----------------------------------------------------------------------------------

    def slow_planner(self):
        with Programs(self.planwright) as programs, Watch() as watch:
            maze = self.maze(programs, watch, map_required=False, hang_timeout_secs=20.0, **SLOW, **PATIENT)
            self.wait_active(watch)
            answer = watch.plan(FAR, FREE)
            self.checks.that("a slow plan is a plan", succeeded(answer), answer)
            # A client that is killed while its goal is under way.
            code = "import peer; p = peer.Peer('doomed'); h = p.send_goal(peer.goal_message((1.0, 1.0), (3.0, 1.0))); " \
                   "h.get_result_async(); print('sent', flush=True); peer.time.sleep(60)"
            doomed = self.foreign(code)
            doomed.stdout.readline()
            doomed.kill()
            doomed.wait()
            self.checks.that("a client is killed: others are served", succeeded(watch.plan((3.0, 3.0), FREE)))
            # More goals than are taken, none of which can end soon; all are answered when the node stops planning.
            identifiers = [goal_id() for _ in range(100)]
            watch.set_parameter("clearance_m", 0.005)
            self.checks.that("a transition that is none is refused", not watch.change_state(99))
            watch.worst_gap_secs = 0.0
            client = watch.deep_client(SendGoal, "compute_path_to_pose/_action/send_goal")
            requests = [SendGoal.Request(goal_id=identifier, goal=goal_message(FAR, FREE)) for identifier in identifiers]
            taken = [watch.wait(future).accepted for future in [client.call_async(request) for request in requests]]
            self.checks.that("goals beyond the limit are rejected", 32 <= sum(taken) <= 40, f"{sum(taken)} of 100 accepted")
            # Services wait in the same line, and must not fill it up for good.
            request = GetPlan.Request(start=pose(*FREE), goal=pose(*FAR))
            client = watch.deep_client(GetPlan, f"{MAZE}/get_plan")
            asked = [client.call_async(request) for _ in range(100)]
            time.sleep(0.5)
            begun = time.monotonic()
            # Settings go to the same thread; the node's loop must not wait for it.
            self.checks.that("a parameter is set meanwhile", watch.set_parameter("clearance_m", 0.006))
            secs = time.monotonic() - begun
            self.checks.that("a parameter is set at once", secs < 1.0, f"{secs:.2f} s")
            begun = time.monotonic()
            self.checks.that("it can be deactivated meanwhile", watch.change_state("deactivate"))
            secs = time.monotonic() - begun
            self.checks.that("it is deactivated at once", secs < 1.0, f"{secs:.2f} s")
            results = [watch.wait(watch.raw_get_result(i)) for i, accepted in zip(identifiers, taken) if accepted]
            statuses = Counter(result.status for result in results)
            self.checks.that("all goals have ended", set(statuses) <= {4, 6} and statuses[6] > 0, statuses)
            self.checks.that("all services are answered", all(watch.wait(future) is not None for future in asked))
            begun = time.monotonic()
            self.checks.that("it can be cleaned up meanwhile", watch.change_state("cleanup"))
            secs = time.monotonic() - begun
            self.checks.that("it is cleaned up at once", secs < 1.0, f"{secs:.2f} s")
            watch.fresh()
            self.checks.that("diagnostics went on", watch.worst_gap_secs < 2.0, f"{watch.worst_gap_secs:.2f} s between two")
            self.checks.equal("a client is killed: the node lives", None, maze.ended())

    def sigterm_during_inference(self):
        with Programs(self.planwright) as programs, Watch() as watch:
            # Slow enough to be hit while it computes, and still able to drive.
            settings = {**SLOW, **PATIENT, "hang_timeout_secs": 20.0}
            _, maze = self.drive(programs, watch, **settings)
            self.toggle(watch)
            begun = time.monotonic()
            code = maze.stop(number=signal.SIGTERM)
            secs = time.monotonic() - begun
            self.checks.equal("SIGTERM during inference: exit code", 0, code)
            self.checks.that("SIGTERM during inference: within 1 s", secs < 1.0, f"{secs:.2f} s")
            time.sleep(0.3)
            last = watch.commands[-1][1:] if watch.commands else None
            self.checks.equal("SIGTERM during inference: the last command is to stand", (0.0, 0.0), last)
            sent = watch.moves(begun - 0.5, begun)
            self.checks.that("SIGTERM during inference: it was under way", sent, "no command to move before it")

    def planner_hangs(self):
        """The planning thread is held still, under way: everything else must go on, and the robot must not."""
        with Programs(self.planwright) as programs, Watch() as watch:
            _, maze = self.drive(programs, watch)
            before = watch.fresh().faults()
            watch.worst_gap_secs = 0.0
            goal = self.toggle(watch)
            with Frozen(maze.pid, "planner"):
                since = time.monotonic()
                answer = watch.plan(FREE, FAR)
                code = answer.result.error_code if answer.accepted else "rejected"
                self.checks.equal("planner hangs: goals are answered TIMEOUT", TIMEOUT, code)
                watch.fault_after("planner_hangs", before, 10.0)
                self.checks.that("planner hangs: planner_hangs", True)
                # hang_timeout_secs is 0.5, and a period.
                self.stops(watch, "planner hangs", since, 0.7, time.monotonic())
                gap_secs = watch.worst_gap_secs
                self.checks.that("planner hangs: diagnostics go on", gap_secs < 2.0, f"{gap_secs:.2f} s between two")
            self.arrives(watch, "planner answers again", goal)
            self.plans(watch, "planner answers again", watch.odometry[:2])
            goal = self.toggle(watch)
            with Frozen(maze.pid, "planner"):
                begun = time.monotonic()
                maze.send_signal(signal.SIGTERM)
                # A thread that is held still cannot end either.
                wait_until(lambda: "ended" in maze.text(), 10.0, "the end")
                self.checks.that("SIGTERM while it hangs: ends within 1 s", time.monotonic() - begun < 1.0)
            self.checks.equal("SIGTERM while it hangs: exit code", 0, maze.wait(10.0))
            time.sleep(0.3)
            self.checks.equal("SIGTERM while it hangs: the last command is to stand", (0.0, 0.0), watch.commands[-1][1:])

    def slow_for_its_deadline(self):
        """Plans that cannot be ready in time: the robot is not driven by what is late, and a faster planner drives it again."""
        with Programs(self.planwright) as programs, Watch() as watch:
            _, maze = self.drive(programs, watch)
            self.arrives(watch, "before it is slow", self.toggle(watch))
            before = watch.fresh().faults()
            # One network call takes longer than the deadline, however idle the machine is: fewer steps do not help.
            slow = {**SLOW, "candidates": 512}
            taken = [taken for taken, _ in watch.set_parameters(slow)]
            self.checks.equal("slow planner: is taken", [True] * len(slow), taken)
            watch.fault_after("deadline", before, 10.0)
            self.checks.that("slow planner: deadline", True)
            answer = watch.plan(FAR, FREE)
            # With fewer steps it may be ready in time; what is late does not leave.
            secs = answer.result.planning_time.sec + answer.result.planning_time.nanosec / 1e9
            in_time = succeeded(answer) and secs <= 0.05
            holds = in_time or answer.result.error_code == TIMEOUT
            self.checks.that("slow planner: goals are answered in time or with TIMEOUT", holds, (answer, secs))
            misses = int(watch.fresh().status("planner")["drive.deadline_misses"])
            self.checks.that("slow planner: misses are counted", misses > 0, misses)
            taken = [taken for taken, _ in watch.set_parameters({"solver": "model", "candidates": 0, "denoising_steps": 0})]
            self.checks.equal("fast planner: is taken", [True] * 3, taken)
            self.arrives(watch, "fast planner", self.toggle(watch))
            # Hiccups, some of which hit it while it computes: a plan that was late must not be the last one.
            before = watch.fresh().faults()
            for turn in range(1000):
                with Frozen(maze.pid, "planner"):
                    time.sleep(0.07)
                time.sleep(0.03 + 0.001 * (turn % 10))
                # At least as many as before, and until one has hit: it computes for some milliseconds of a period.
                if turn >= 25 and watch.faults().get("deadline", 0) > before.get("deadline", 0):
                    break
            watch.fault_after("deadline", before, 5.0)
            self.checks.that("hiccups: deadline", True)
            for _ in range(3):
                self.arrives(watch, "after hiccups", self.toggle(watch))

    # ---- models ------------------------------------------------------------------------------------------------------

    def models(self):
        folder = tempfile.mkdtemp(prefix="planwright-models-")
        try:
            with Programs(self.planwright) as programs, Watch() as watch:
                self.model_files(programs, watch, folder)
        finally:
            shutil.rmtree(folder)

    def model_files(self, programs, watch, folder):
        with open(model("umaze"), "rb") as file:
            good = file.read()

        def write(name, data):
            path = os.path.join(folder, name)
            with open(path, "wb") as out:
                out.write(data)
            return path

        def flipped(at):
            data = bytearray(good)
            data[at] ^= 0x10
            return bytes(data)

        unreadable = write("fifo-free.onnx", b"")
        other = good.replace(b"planwright", b"planwrong_", 1) if b"planwright" in good else good[::-1]
        table = [
            ("missing", os.path.join(folder, "none.onnx")), ("a folder", folder), ("empty", unreadable),
            ("truncated", write("truncated.onnx", good[:len(good) // 2])), ("cut by a byte", write("cut.onnx", good[:-1])),
            ("bit-flipped in its weights", write("flipped.onnx", flipped(len(good) // 2))),
            ("bit-flipped at its start", write("head.onnx", flipped(3))),
            ("text", write("text.onnx", b"this is no model\n" * 100)), ("zeros", write("zeros.onnx", bytes(100_000))),
            ("of another family", write("other.onnx", other)),
        ]
        maze = watch.start(programs, "maze", {"model": table[0][1], "map_required": False}, full_name=f"/{MAZE}")
        self.checks.equal("model missing at start: waits", "unconfigured", watch.state())
        for name, path in table:
            with self.checks.guarded(f"model {name}"):
                watch.set_parameter("model", path)
                configured = watch.change_state("configure")
                self.checks.equal(f"model {name}: configure fails", (False, "unconfigured"), (configured, watch.state()))
        watch.fresh()
        rejected = watch.faults().get("model_rejected", 0)
        self.checks.equal("bad models: model_rejected", len(table), rejected)
        self.checks.equal("the first fault stays", "model_rejected", watch.first_fault())
        self.checks.equal("bad models: the node lives", None, maze.ended())
        watch.set_parameter("model", model("umaze"))
        watch.activate()
        self.checks.that("a good model after bad ones: plans", succeeded(watch.plan(FAR, FREE)))
        # While it works, a bad one must not take its place.
        for name, path in table[:1] + table[5:6]:
            taken, reason = watch.set_parameters({"model": path})[0]
            self.checks.that(f"swap to a model {name}: refused", not taken and reason, (taken, reason))
        self.checks.equal("the old model's name stays", [model("umaze")], watch.get_parameters("model"))
        table = [("denoising_steps", 1000), ("denoising_steps", -1), ("candidates", 1025), ("deadline_secs", NAN), ("engine", "abacus")]
        for name, value in table:
            taken, reason = watch.set_parameters({name: value})[0]
            self.checks.that(f"{name} := {value}: refused", not taken and reason, (taken, reason))
        self.checks.that("the old model goes on", succeeded(watch.plan(FAR, FREE)))

    # ---- alone -------------------------------------------------------------------------------------------------------

    def alone(self):
        """Nobody else in the domain."""
        with Programs(self.planwright) as programs:
            environment = {"ROS_DOMAIN_ID": "77"}
            maze = programs.node("maze", {"model": model("umaze"), "autostart": True, "drive": True}, environment=environment)
            maze.wait_for_line("active", 30.0)
            time.sleep(1.0)
            self.checks.equal("alone: it lives", None, maze.ended())
            begun = time.monotonic()
            code = maze.stop(number=signal.SIGTERM)
            secs = time.monotonic() - begun
            self.checks.that("alone: ends as asked within 1 s", code == 0 and secs < 1.0, f"{code} after {secs:.2f} s")
            bad = programs.node("maze", environment={"ROS_DOMAIN_ID": "999"})
            self.checks.that("a domain that is none: refused", bad.wait(10.0) != 0 and "ROS_DOMAIN_ID" in bad.text(), bad.text())


SECTIONS = ("inputs", "contact", "odometry_faults", "robot_dies", "clock", "clock_of_the_robot", "slow_planner", "sigterm_during_inference",
            "planner_hangs", "slow_for_its_deadline", "models", "alone")


if __name__ == "__main__":
    sys.exit(run_sections(__doc__, Faults, SECTIONS))
