#!/usr/bin/env python3
"""Inputs that are refused, missing, or odd but accepted: what is answered, what the diagnostics hold, what a driven robot does.

    python3 tests/peers/ros/namespace.py .deps/ros-kilted/bin/python tests/peers/ros/test_inputs.py --planwright PATH
        [--only PART_OF_A_SECTION'S_NAME]

An input whose newest message was refused is not usable: nothing is planned with the one before.
"""

import array
import math
import os
import shutil
import sys
import tempfile
import time

from nav_msgs.msg import OccupancyGrid
from rclpy.qos import QoSProfile
from rosgraph_msgs.msg import Clock
from tf2_msgs.msg import TFMessage

from drive import MAZE, SIM, Feed, Watch, map_of, model, stamp_of, transform
from peer import BEST_EFFORT, LATCHED, RELIABLE, Programs, goal_message, pose, run_sections, succeeded, wait_until

NONE, UNKNOWN, TF_ERROR = 0, 200, 202
OK, WARN, ERROR = b"\x00", b"\x01", b"\x02"
FREE, FAR = (3.0, 1.0), (1.0, 1.0)
# A robot must be commanded to stand this soon after an input was refused.
STOP_SECS = 0.5
# The passage between FREE and FAR.
CLOSED = {(2, 3)}


class Inputs:
    """All sections. Each makes its own nodes and leaves none behind."""

    def __init__(self, checks, planwright):
        self.checks = checks
        self.planwright = planwright

    def maze(self, programs, watch, active=True, **parameters):
        settings = {"model": model("umaze"), "autostart": True, **parameters}
        maze = watch.start(programs, "maze", settings, full_name=f"/{MAZE}")
        if active:
            wait_until(lambda: watch.status("lifecycle").get("state") == "active", what="the planner to be active")
        return maze

    def hears(self, feed):
        topics = (feed.odom, feed.tf_static, feed.map)
        wait_until(lambda: all(topic.get_subscription_count() for topic in topics), what="the planner to listen")

    def answered(self, watch, name, message, code, *words):
        answer = eventually_answered(watch, message, code, words)
        result = answer.result if answer.accepted else None
        holds = result and result.error_code == code and all(word in result.error_msg for word in words)
        self.checks.that(f"{name}: {code} {' '.join(words)}", holds and bool(result.path.poses) == (code == NONE), answer)

    def finds(self, watch, name, status, level, *words):
        """The diagnostics hold this level and these words."""
        fits = lambda status, values: status.level == level and all(word in f"{status.message} {values}" for word in words)
        with self.checks.guarded(f"{name}: {status} is at {level[0]} with {words}"):
            try:
                watch.diagnostics.status(f"{MAZE}: {status}", fits, 10.0)
            except TimeoutError:
                _, got, values = watch.diagnostics.newest[f"{MAZE}: {status}"]
                raise TimeoutError(f"got {got.level} '{got.message}' {values}") from None
            self.checks.that(f"{name}: {status} is at {level[0]} with {words}", True)

    def usable(self, watch, feed, name):
        """A readable map comes, and all is well."""
        feed.map.publish(map_of())
        self.answered(watch, name, goal_message(FAR), NONE)

    # ---- maps --------------------------------------------------------------------------------------------------------

    def refused_maps(self):
        """After a good map comes one in which the passage is closed, but which is refused: nothing leaves by the old one."""
        def changed(change):
            grid = map_of(closed=CLOSED)
            change(grid)
            return grid

        def cell(grid):
            grid.data[7] = 101

        def frame(grid):
            grid.header.frame_id = "kitchen"

        def no_frame(grid):
            grid.header.frame_id = ""

        def resolution(grid):
            grid.info.resolution = math.nan

        def empty(grid):
            grid.info.width, grid.data = 0, array.array("b")

        def short(grid):
            grid.info.width += 1

        def turned(grid):
            grid.info.origin.orientation.w, grid.info.origin.orientation.z = 0.0, 1.0

        def shifted(grid):
            grid.info.origin.position.x = -3.7

        def far(grid):
            grid.info.origin.position.x = math.inf

        def open_space(grid):
            grid.data = array.array("b", bytes(2500))

        table = [(cell, "map_cell"), (frame, "map_frame"), (no_frame, "empty_frame"), (resolution, "map_resolution"), (empty, "map_empty"), (short, "map_length"), (turned, "map_no_maze"),
                 (shifted, "map_no_maze"), (far, "not_finite"), (open_space, "map_no_maze")]
        for map_required in (True, False):
            with Programs(self.planwright) as programs, Watch() as watch, Feed(watch) as feed:
                maze = self.maze(programs, watch, map_required=map_required)
                self.hears(feed)
                feed.connect()
                rows = table if map_required else table[:1]
                if map_required:
                    self.usable(watch, feed, "a good map")
                for change, reason in rows:
                    name = f"map_required {map_required}: refused map, {change.__name__}"
                    feed.map.publish(changed(change))
                    self.answered(watch, name, goal_message(FAR), UNKNOWN, reason, "usable map")
                    self.answered(watch, name, goal_message(FAR, FREE), UNKNOWN, reason)
                    self.finds(watch, name, "inputs", ERROR, "map_refused", reason)
                    self.usable(watch, feed, f"a readable map after {change.__name__}")
                self.finds(watch, "a readable map", "inputs", OK)
                if map_required:
                    undecodable = watch.heard_publisher(OccupancyGrid, "/map", LATCHED)
                    undecodable.publish(b"\x00\x01\x00\x00" + b"\xff" * 64)
                    self.answered(watch, "a map that does not decode", goal_message(FAR), UNKNOWN, "message_malformed")
                    watch.inside(lambda: watch.node.destroy_publisher(undecodable))
                    self.usable(watch, feed, "a readable map after one that does not decode")
                self.checks.equal("refused maps: the node lives", None, maze.ended())

    def a_map_is_refused_under_way(self):
        with Programs(self.planwright) as programs, Watch() as watch:
            watch.start(programs, "sim", {"start": [3.0, 1.0]}, full_name=f"/{SIM}")
            maze = self.maze(programs, watch, drive=True)
            wait_until(lambda: watch.odometry and watch.is_hearing(), what="robot and planner to find each other")
            maps = watch.heard_publisher(OccupancyGrid, "/map", LATCHED)
            answer = watch.eventually(succeeded, goal=FAR, start=None)
            self.checks.that("under way: a plan", succeeded(answer), answer)
            watch.wait_driven(10.0)
            bad = map_of(closed=CLOSED)
            bad.data[7] = 101
            since = time.monotonic()
            maps.publish(bad)
            time.sleep(1.5)
            moves, commands = watch.moves(since + STOP_SECS), watch.commands_from(since + STOP_SECS)
            self.checks.that(f"a map is refused under way: stands within {STOP_SECS} s", commands and not moves,
                             f"{len(moves)} of {len(commands)} commands move")
            self.checks.that("a map is refused under way: it was under way", not watch.near(FAR), watch.odometry)
            self.finds(watch, "a map is refused under way", "drive", OK, "halt.map_refused")
            self.finds(watch, "a map is refused under way", "inputs", ERROR, "map_cell")
            maps.publish(map_of())
            watch.wait_near(FAR, 20.0)
            self.checks.that("a readable map under way: goes on and arrives", True)
            self.checks.equal("a map is refused under way: the node lives", None, maze.ended())

    def a_newer_map_while_a_plan_is_made(self):
        """A plan that was begun on the map before is not published where the newest one is closed."""
        slow = {"solver": "ddpm", "candidates": 16, "denoising_steps": 32, "deadline_secs": 60.0, "hang_timeout_secs": 60.0,
                "max_observation_age_secs": 60.0}
        with Programs(self.planwright) as programs, Watch() as watch, Feed(watch) as feed:
            self.maze(programs, watch, **slow)
            self.hears(feed)
            feed.connect()
            self.usable(watch, feed, "a slow planner")
            for name, grid, words in (("closed", map_of(closed=CLOSED), "newest"), ("refused", map_of(frame="kitchen"), "map_frame")):
                handles = [watch.send_goal(goal_message(FAR, FREE)) for _ in range(3)]
                feed.map.publish(grid)
                results = [watch.wait(handle.get_result_async()).result for handle in handles]
                last = results[-1]
                self.checks.that(f"a map that is {name} while a plan is made: {UNKNOWN}",
                                 last.error_code == UNKNOWN and words in last.error_msg and not last.path.poses, last.error_msg)
                self.usable(watch, feed, f"after one that is {name}")

    # ---- odometry, transforms, time ----------------------------------------------------------------------------------

    def refused_odometry(self):
        with Programs(self.planwright) as programs, Watch() as watch, Feed(watch) as feed:
            feed.is_sending = False
            self.maze(programs, watch)
            self.hears(feed)
            feed.connect()
            feed.map.publish(map_of())
            self.answered(watch, "no odometry", goal_message(FAR), TF_ERROR, "expected odometry, got none yet")

            def stream(change):
                message = feed.odometry()
                change(message)
                feed.odom.publish(message)

            def nan(message):
                message.pose.pose.position.x = math.nan

            def simulated(message):
                message.header.stamp = stamp_of(10 * 10**9)

            def ahead(message):
                message.header.stamp = stamp_of(feed.nanos() + 600 * 10**9)

            for name, change, words in (("NaN", nan, ("not_finite", "pose.pose.position.x")),
                                        ("simulated time", simulated, ("odom_late", "use_sim_time")),
                                        ("ten minutes ahead", ahead, ("odom_future", "use_sim_time"))):
                for _ in range(20):
                    stream(change)
                    time.sleep(0.01)
                self.answered(watch, f"odometry with {name}", goal_message(FAR), TF_ERROR, *words)
                self.finds(watch, f"odometry with {name}", "inputs", ERROR, words[0])
            feed.is_sending = True
            self.answered(watch, "sound odometry", goal_message(FAR), NONE)
            self.finds(watch, "sound odometry", "inputs", OK)

    def refused_transforms(self):
        with Programs(self.planwright) as programs, Watch() as watch, Feed(watch) as feed:
            self.maze(programs, watch)
            self.hears(feed)
            feed.map.publish(map_of())

            def static(change):
                message = transform("map", "odom", feed.nanos())
                change(message)
                feed.tf_static.publish(TFMessage(transforms=[message]))

            def nan(message):
                message.transform.translation.x = math.nan

            def rotation(message):
                message.transform.rotation.w = 0.5

            def no_parent(message):
                message.header.frame_id = ""

            def itself(message):
                message.header.frame_id = "odom"

            table = ((nan, "tf_invalid"), (rotation, "tf_invalid"), (no_parent, "tf_invalid"))
            static(nan)
            self.answered(watch, "refused from the first on", goal_message(FAR), TF_ERROR, "tf_invalid", "usable transform")
            for change, reason in table:
                feed.connect()
                self.answered(watch, "a sound transform", goal_message(FAR), NONE)
                static(change)
                self.answered(watch, f"refused transform, {change.__name__}", goal_message(FAR), TF_ERROR, reason)
                self.finds(watch, f"refused transform, {change.__name__}", "inputs", ERROR, "tf_refused", reason)
            feed.connect()
            self.answered(watch, "a sound transform again", goal_message(FAR), NONE)
            # Between map and odometry the newest message says something else, and cannot be taken.
            feed.connect("odom", "map")
            self.answered(watch, "a transform that closes a loop", goal_message(FAR), TF_ERROR, "tf_loop")
            dock = pose(*FAR, frame="dock")
            self.answered(watch, "a loop and an unknown frame of the goal", goal_message(dock), TF_ERROR, "`dock`")
            feed.connect()
            self.answered(watch, "a sound transform after a loop", goal_message(FAR), NONE)
            static(itself)
            feed.tf.publish(TFMessage(transforms=[transform("odom", "camera", feed.nanos(), math.nan)]))
            time.sleep(0.5)
            self.answered(watch, "refused transforms beside the way, and of a frame to itself", goal_message(FAR), NONE)

    def transforms_that_cannot_be_heard(self):
        """A best-effort publisher of /tf reaches neither tf2's listeners nor this node: the answer says so."""
        with Programs(self.planwright) as programs, Watch() as watch, Feed(watch) as feed:
            self.maze(programs, watch)
            self.hears(feed)
            feed.map.publish(map_of())
            unheard = watch.publisher(TFMessage, "/tf", BEST_EFFORT, matched=False)
            unheard.publish(TFMessage(transforms=[transform("map", "odom", time.time_ns())]))
            self.answered(watch, "transforms of a best-effort publisher", goal_message(FAR), TF_ERROR, "does not fit: /tf", "best effort")

    def refused_time(self):
        with Programs(self.planwright) as programs, Watch() as watch:
            self.maze(programs, watch, use_sim_time=True)
            with Feed(watch) as feed:
                self.hears(feed)
                feed.connect()
                feed.map.publish(map_of())
                self.answered(watch, "no time", goal_message(FAR), TF_ERROR, "/clock")
                self.finds(watch, "no time", "inputs", ERROR, "clock_missing")
            with Feed(watch, clock=True) as feed:
                wait_until(lambda: feed.clock.get_subscription_count(), what="the planner to hear the clock")
                feed.connect()
                self.answered(watch, "time", goal_message(FAR), NONE)
                feed.is_ticking = False
                time.sleep(0.1)
                broken = Clock()
                broken.clock.nanosec = 2_000_000_000
                feed.clock.publish(broken)
                self.answered(watch, "refused time", goal_message(FAR), TF_ERROR, "stamp_nanoseconds")
                self.finds(watch, "refused time", "inputs", ERROR, "clock_refused")
                feed.is_ticking = True
                self.answered(watch, "time goes on", goal_message(FAR), NONE)

    # ---- odd, but accepted -------------------------------------------------------------------------------------------

    def volatile_publishers(self):
        """What nobody keeps for late joiners arrives all the same, and is named."""
        with Programs(self.planwright) as programs, Watch() as watch, Feed(watch) as feed:
            maze = self.maze(programs, watch)
            self.hears(feed)
            maps = watch.heard_publisher(OccupancyGrid, "/map", QoSProfile(depth=10))
            maps.publish(map_of())
            wait_until(lambda: "map_cells" in watch.fresh().status("inputs"), 10.0, "the map")
            self.finds(watch, "volatile map", "inputs", ERROR, "map_volatile")
            transforms = watch.heard_publisher(TFMessage, "/tf_static", RELIABLE)
            transforms.publish(TFMessage(transforms=[transform("map", "odom", time.time_ns())]))
            self.answered(watch, "volatile map and transform", goal_message(FAR), NONE)
            self.finds(watch, "volatile map", "inputs", WARN, "map_volatile")
            for topic in ("/map", "/tf_static"):
                line = maze.wait_for_line(f"{topic}: expected a publisher that keeps", 10.0)
                self.checks.that(f"volatile {topic}: is in the log", "late joiners" in line, line)
            self.checks.that("volatile publishers are no fault", "qos_mismatch" not in watch.faults(), watch.faults())
            # One that is refused counts, whoever publishes it.
            maps.publish(map_of(frame="kitchen"))
            self.answered(watch, "volatile map, refused", goal_message(FAR), UNKNOWN, "map_frame")
            self.usable(watch, feed, "a map that is kept after a volatile one")
            self.finds(watch, "a map that is kept", "inputs", OK)

    def foreign_parameters(self):
        """What every rclcpp node tolerates is one warning; a misspelt parameter of one's own is exit code 2."""
        folder = tempfile.mkdtemp(prefix="planwright-parameters-")
        try:
            path = os.path.join(folder, "nav2.yaml")
            with open(path, "w") as file:
                file.write(
                    "planner_server:\n  ros__parameters:\n    expected_planner_frequency: 20.0\n    planner_plugins: [GridBased]\n"
                    "    costmap_update_timeout: 1.0\n    GridBased:\n      plugin: nav2_navfn_planner::NavfnPlanner\n"
                    "      tolerance: 0.5\n    a_parameter_of_a_later_nav2: 3\n    qos_overrides:\n      /tf:\n"
                    "        publisher: {depth: 10}\n    start_type_description_service: false\n    seed: 5\n"
                    "controller_server:\n  ros__parameters:\n    min_x_velocity_threshold: 0.001\n"
                    "/**:\n  ros__parameters:\n    use_sim_time: false\n    robot_description: x\n")
            with Programs(self.planwright) as programs, Watch() as watch:
                arguments = ("--params-file", path, "-p", "qos_overrides./map.subscription.durability:=volatile")
                node = programs.node("maze", name="planner_server", ros=arguments)
                watch.wait_for_state("unconfigured", "/planner_server")
                self.checks.equal("a section of planner_server: what is ours counts", [5],
                                  watch.get_parameters("seed", node="/planner_server"))
                warnings = [line for line in node.lines if line.startswith("warning: ")]
                self.checks.that("a section of planner_server: one warning", len(warnings) == 1 and "ignored 10 parameters" in warnings[0],
                                 warnings)
                for name, arguments in (("command line", ("-p", "deadline_sec:=0.1")), ("qos_override", ("-p", "qos_override.x:=1"))):
                    node = programs.node("maze", ros=arguments)
                    self.checks.equal(f"misspelt, {name}: exit code", 2, node.wait(20.0))
                self.checks.that("misspelt: the nearest name", "did you mean `deadline_secs`" in programs.all[-2].text(), programs.all[-2].text())
                with open(path, "a") as file:
                    file.write("/planner_server:\n  ros__parameters:\n    autostrat: true\n")
                node = programs.node("maze", name="planner_server", ros=("--params-file", path))
                self.checks.equal("misspelt in a section of planner_server: exit code", 2, node.wait(20.0))
                self.checks.that("misspelt in a section of planner_server: the nearest name", "did you mean `autostart`" in node.text(), node.text())
        finally:
            shutil.rmtree(folder)

    # ---- the start ---------------------------------------------------------------------------------------------------

    def autostart_without_a_model(self):
        folder = tempfile.mkdtemp(prefix="planwright-autostart-")
        try:
            path = os.path.join(folder, "late.onnx")
            with Programs(self.planwright) as programs, Watch() as watch:
                settings = {"model": path, "autostart": True, "autostart_timeout_secs": 60.0, "map_required": False}
                maze = watch.start(programs, "maze", settings, full_name=f"/{MAZE}")
                for status in ("lifecycle", "planner"):
                    self.finds(watch, "autostart without a model", status, ERROR, "late.onnx" if status == "planner" else "autostart")
                self.checks.equal("autostart without a model: it is tried again", None, maze.ended())
                shutil.copy(model("umaze"), path + ".part")
                os.rename(path + ".part", path)
                wait_until(lambda: watch.fresh().status("lifecycle").get("state") == "active", 60.0, "the planner to be active")
                self.checks.that("a model that comes late: plans", succeeded(watch.plan(FAR, FREE)))
                self.finds(watch, "a model that comes late", "planner", OK)
                # Autostart is over: what an operator does later stays.
                self.checks.that("deactivate", watch.change_state("deactivate"))
                time.sleep(2.5)
                self.checks.equal("autostart is over", "inactive", watch.state())
                maze.stop()
                for name, content in (("missing", None), ("no model", b"this is no model")):
                    bad = os.path.join(folder, "bad.onnx")
                    if content:
                        with open(bad, "wb") as file:
                            file.write(content)
                    begun = time.monotonic()
                    maze = programs.node("maze", {**settings, "model": bad, "autostart_timeout_secs": 3.0})
                    code = maze.wait(60.0)
                    secs = time.monotonic() - begun
                    self.checks.that(f"autostart, model {name}: exit code 1 after 3 s", code == 1 and secs >= 3.0, (code, secs))
                    self.checks.that(f"autostart, model {name}: says why", "bad.onnx" in maze.text() and "autostart" in maze.text(), maze.text())
        finally:
            shutil.rmtree(folder)


SECTIONS = ("refused_maps", "a_map_is_refused_under_way", "a_newer_map_while_a_plan_is_made", "refused_odometry", "refused_transforms",
            "transforms_that_cannot_be_heard", "refused_time", "volatile_publishers", "foreign_parameters", "autostart_without_a_model")


def eventually_answered(watch, message, code, words, attempts=100, period_secs=0.1):
    """Asks until the answer is as wanted: what was published before may still be under way."""
    answer = None
    for _ in range(attempts):
        answer = watch.send(message)
        result = answer.result if answer.accepted else None
        if result and result.error_code == code and all(word in result.error_msg for word in words):
            break
        time.sleep(period_secs)
    return answer


if __name__ == "__main__":
    sys.exit(run_sections(__doc__, Inputs, SECTIONS))
