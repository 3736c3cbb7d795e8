#!/usr/bin/env python3
"""planwright's nodes against rclpy: topics, services, lifecycle, the action, parameters, time, diagnostics, bond.

    python3 tests/peers/ros/namespace.py .deps/ros-kilted/bin/python tests/peers/ros/test_conformance.py --planwright target/release/planwright
"""

import argparse
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import rclpy
from rclpy.action import get_action_names_and_types
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from action_msgs.msg import GoalStatusArray
from bond.msg import Status as BondStatus
from lifecycle_msgs.msg import TransitionEvent
from lifecycle_msgs.srv import GetAvailableStates, GetAvailableTransitions
from nav2_msgs.action import ComputePathToPose
from nav_msgs.msg import OccupancyGrid, Odometry, Path as PathMessage
from nav_msgs.srv import GetPlan
from rcl_interfaces.msg import Log, ParameterEvent
from rcl_interfaces.srv import DescribeParameters, GetParameterTypes, ListParameters
from rosgraph_msgs.msg import Clock
from std_msgs.msg import UInt64
from std_srvs.srv import Trigger
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import MarkerArray

from peer import (BEST_EFFORT, KEPT, LATCHED, RELIABLE, Checks, Peer, Programs, goal_id, goal_message, pose, succeeded,
                  wait_until)

MAZE, SIM = "/planwright_maze", "/planwright_sim"
# On a busy machine plans and odometry may be late; what is tested here is not how late.
PATIENT = {"deadline_secs": 10.0, "max_observation_age_secs": 5.0}
# Plans of half a second or more, so that a cancel request comes before their end
SLOW = {"solver": "ddpm", "denoising_steps": 24, "candidates": 16}
NORMAL = {"solver": "model", "denoising_steps": 0, "candidates": 0}
CODES = ComputePathToPose.Result


class Test:
    def __init__(self, arguments, checks, programs, peer):
        self.arguments, self.checks, self.programs, self.peer = arguments, checks, programs, peer
        self.models = Path(arguments.models).resolve()
        self.folder = Path(tempfile.mkdtemp(prefix="conformance-"))
        self.grid = None

    def start(self):
        """One robot and its planner for most of the test."""
        checks, peer = self.checks, self.peer
        peer.diagnostics
        self.sim = peer.start(self.programs, "sim", {"layout": "umaze"}, full_name=SIM)
        self.maze = peer.start(self.programs, "maze", PATIENT, full_name=MAZE)
        self.status_topic = peer.listen(GoalStatusArray, "compute_path_to_pose/_action/status", LATCHED)
        self.rosout = peer.listen(Log, "/rosout", KEPT)
        self.events = peer.listen(ParameterEvent, "/parameter_events")
        checks.equal("the node is unconfigured at its start", "unconfigured", peer.state(MAZE))
        handle = peer.send_goal(goal_message((1, 1), (3, 1)))
        checks.that("a goal before activation is rejected", not handle.accepted, "accepted")
        peer.activate(MAZE)
        checks.equal("the node gets active", "active", peer.state(MAZE))
        answer = peer.eventually(succeeded, start=None)
        checks.that("a goal from where the robot is succeeds", succeeded(answer), answer)

    # ---- topics ----------------------------------------------------------------------------------------------------

    def topics(self):
        checks, peer = self.checks, self.peer
        odom = peer.listen(Odometry, "odom", BEST_EFFORT)
        tf = peer.listen(TFMessage, "/tf", RELIABLE)
        tf_static = peer.listen(TFMessage, "/tf_static", KEPT)
        late_map = peer.listen(OccupancyGrid, "map", LATCHED)
        contacts = peer.listen(UInt64, SIM + "/wall_contacts", LATCHED)
        plan, raw = peer.listen(PathMessage, "plan"), peer.listen(PathMessage, "plan_raw")
        markers = peer.listen(MarkerArray, MAZE + "/markers")
        message = odom.wait()
        checks.equal("odom's frames", ("odom", "base_link"), (message.header.frame_id, message.child_frame_id))
        place = message.pose.pose.position
        checks.that("odom's pose", math.isfinite(place.x) and message.pose.pose.orientation.w == 1.0, message.pose.pose)
        wall = time.time()
        stamp = message.header.stamp.sec + message.header.stamp.nanosec * 1e-9
        checks.near("odom's stamp is the system's time", wall, stamp, 10.0)
        begun, at = len(odom.items), time.monotonic()
        time.sleep(1.0)
        transform = tf.wait().transforms[0]
        checks.equal("tf's frames", ("odom", "base_link"), (transform.header.frame_id, transform.child_frame_id))
        transform = tf_static.wait().transforms[0]
        checks.equal("tf_static's frames", ("map", "odom"), (transform.header.frame_id, transform.child_frame_id))
        checks.equal("tf_static is the identity", (0.0, 0.0, 1.0), (transform.transform.translation.x, transform.transform.translation.y,
                                                                   transform.transform.rotation.w))
        self.grid = late_map.wait()
        info = self.grid.info
        checks.equal("a late subscriber gets the map, in frame map", "map", self.grid.header.frame_id)
        checks.near("the map's resolution", 0.1, info.resolution, 1e-6)
        checks.equal("the map is as large as it says", info.width * info.height, len(self.grid.data))
        checks.equal("the map's cells are free or occupied", {0, 100}, set(self.grid.data))
        checks.that("cells of the maze", self.is_free(3, 1) and self.is_free(1, 1) and not self.is_free(2, 1), "")
        checks.equal("wall contacts are latched", 0, contacts.wait().data)
        answer = peer.plan()
        checks.that("a goal succeeds", succeeded(answer), answer)
        path = plan.wait(lambda path: path.header.frame_id == "map")
        checks.equal("plan is the action's path", answer.result.path, path)
        proposal = raw.wait()
        checks.that("plan_raw has poses in frame map", proposal.header.frame_id == "map" and len(proposal.poses) > 5, proposal.header)
        array = markers.wait()
        checks.equal("markers", ["proposal", "plan", "goal"], [marker.ns for marker in array.markers])
        checks.that("markers have frames and points", all(m.header.frame_id == "map" for m in array.markers) and len(array.markers[1].points) > 5,
                    array.markers[1].header)
        rate = (len(odom.items) - begun) / (time.monotonic() - at)
        checks.that("odom comes at about 100 Hz", 10 <= rate <= 130, rate)
        for recorder in (odom, tf):
            peer.forget(recorder)

    def is_free(self, x, y):
        info = self.grid.info
        column = math.floor((x - info.origin.position.x) / info.resolution)
        row = math.floor((y - info.origin.position.y) / info.resolution)
        return 0 <= column < info.width and 0 <= row < info.height and self.grid.data[row * info.width + column] == 0

    def graph(self):
        """Qualities of service and names, as the other side sees them."""
        checks, node = self.checks, self.peer.node
        reliable, best_effort = ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT
        volatile, kept = DurabilityPolicy.VOLATILE, DurabilityPolicy.TRANSIENT_LOCAL
        publishers = [("/odom", "nav_msgs/msg/Odometry", SIM, reliable, volatile), ("/map", "nav_msgs/msg/OccupancyGrid", SIM, reliable, kept),
                      ("/tf", "tf2_msgs/msg/TFMessage", SIM, reliable, volatile), ("/tf_static", "tf2_msgs/msg/TFMessage", SIM, reliable, kept),
                      (SIM + "/wall_contacts", "std_msgs/msg/UInt64", SIM, reliable, kept),
                      ("/plan", "nav_msgs/msg/Path", MAZE, reliable, volatile), ("/plan_raw", "nav_msgs/msg/Path", MAZE, reliable, volatile),
                      (MAZE + "/markers", "visualization_msgs/msg/MarkerArray", MAZE, reliable, volatile),
                      ("/cmd_vel", "geometry_msgs/msg/Twist", MAZE, reliable, volatile),
                      ("/diagnostics", "diagnostic_msgs/msg/DiagnosticArray", MAZE, reliable, volatile),
                      ("/rosout", "rcl_interfaces/msg/Log", MAZE, reliable, kept),
                      ("/parameter_events", "rcl_interfaces/msg/ParameterEvent", MAZE, reliable, volatile),
                      (MAZE + "/transition_event", "lifecycle_msgs/msg/TransitionEvent", MAZE, reliable, volatile),
                      ("/bond", "bond/msg/Status", MAZE, reliable, volatile),
                      ("/compute_path_to_pose/_action/status", "action_msgs/msg/GoalStatusArray", MAZE, reliable, kept)]
        subscriptions = [("/odom", "nav_msgs/msg/Odometry", MAZE, best_effort, volatile),
                         ("/map", "nav_msgs/msg/OccupancyGrid", MAZE, reliable, kept),
                         ("/map", "nav_msgs/msg/OccupancyGrid", MAZE, reliable, volatile),
                         ("/tf_static", "tf2_msgs/msg/TFMessage", MAZE, reliable, volatile),
                         ("/tf", "tf2_msgs/msg/TFMessage", MAZE, reliable, volatile), ("/tf_static", "tf2_msgs/msg/TFMessage", MAZE, reliable, kept),
                         ("/clock", "rosgraph_msgs/msg/Clock", MAZE, best_effort, volatile),
                         ("/goal_pose", "geometry_msgs/msg/PoseStamped", MAZE, reliable, volatile),
                         ("/cmd_vel", "geometry_msgs/msg/Twist", SIM, reliable, volatile)]
        for what, rows, look in (("publisher", publishers, node.get_publishers_info_by_topic),
                                 ("subscription", subscriptions, node.get_subscriptions_info_by_topic)):
            for topic, kind, owner, reliability, durability in rows:
                def infos():
                    return [i for i in look(topic) if "/" + i.node_name == owner]
                try:
                    # The middleware's own node has a second publisher of some topics.
                    got = [(i.topic_type, i.qos_profile.reliability, i.qos_profile.durability)
                           for i in wait_until(infos, 10.0, f"{owner}'s {what} of {topic}")]
                    checks.that(f"{what} {topic}", (kind, reliability, durability) in got, got)
                except TimeoutError as error:
                    checks.that(f"{what} {topic}", False, f"{error}; {[(i.node_name, i.topic_type) for i in look(topic)]}")
        names = [n for n, _ in node.get_node_names_and_namespaces()]
        checks.that("both nodes have their names in the graph, once", names.count(MAZE[1:]) == 1 and names.count(SIM[1:]) == 1, names)
        actions = dict(get_action_names_and_types(node))
        checks.equal("the action is in the graph", ["nav2_msgs/action/ComputePathToPose"], actions.get("/compute_path_to_pose"))
        services = dict(node.get_service_names_and_types_by_node(MAZE[1:], "/"))
        expected = {"get_plan": "nav_msgs/srv/GetPlan", "clear_fault": "std_srvs/srv/Trigger", "change_state": "lifecycle_msgs/srv/ChangeState",
                    "get_state": "lifecycle_msgs/srv/GetState", "get_available_states": "lifecycle_msgs/srv/GetAvailableStates",
                    "get_available_transitions": "lifecycle_msgs/srv/GetAvailableTransitions",
                    "get_transition_graph": "lifecycle_msgs/srv/GetAvailableTransitions", "set_parameters": "rcl_interfaces/srv/SetParameters",
                    "set_parameters_atomically": "rcl_interfaces/srv/SetParametersAtomically",
                    "get_parameters": "rcl_interfaces/srv/GetParameters", "get_parameter_types": "rcl_interfaces/srv/GetParameterTypes",
                    "list_parameters": "rcl_interfaces/srv/ListParameters", "describe_parameters": "rcl_interfaces/srv/DescribeParameters"}
        wrong = {name: services.get(f"{MAZE}/{name}") for name, kind in expected.items() if services.get(f"{MAZE}/{name}") != [kind]}
        checks.equal("all services are in the graph", {}, wrong)

    # ---- services --------------------------------------------------------------------------------------------------

    def get_plan(self):
        checks, peer = self.checks, self.peer
        plan = peer.call(GetPlan, MAZE + "/get_plan", GetPlan.Request(start=pose(3, 1), goal=pose(1, 1))).plan
        self.check_path("get_plan", plan, (3, 1), (1, 1))
        plan = peer.call(GetPlan, MAZE + "/get_plan", GetPlan.Request(goal=pose(1, 2))).plan
        self.check_path("get_plan from where the robot is", plan, None, (1, 2))
        plan = peer.call(GetPlan, MAZE + "/get_plan", GetPlan.Request(start=pose(3, 1), goal=pose(2, 1))).plan
        checks.equal("get_plan into a wall is an empty plan", 0, len(plan.poses))
        many = [peer.call_async(GetPlan, MAZE + "/get_plan", GetPlan.Request(start=pose(3, 1), goal=pose(1, 1))) for _ in range(4)]
        lengths = [len(peer.wait(future).plan.poses) for future in many]
        checks.that("four requests at once are all answered", min(lengths) > 5, lengths)

    def check_path(self, name, path, start, goal):
        checks = self.checks
        poses = [p.pose for p in path.poses]
        if not checks.that(f"{name}: has poses", len(poses) > 5, len(poses)):
            return
        points = [(p.position.x, p.position.y) for p in poses]
        numbers = [n for p in poses for n in (p.position.x, p.position.y, p.position.z, p.orientation.x, p.orientation.y, p.orientation.z, p.orientation.w)]
        checks.that(f"{name}: finite", all(map(math.isfinite, numbers)), numbers)
        norms = [math.hypot(p.orientation.x, p.orientation.y, p.orientation.z, p.orientation.w) for p in poses]
        checks.that(f"{name}: unit quaternions", all(abs(norm - 1.0) < 1e-6 for norm in norms), norms)
        if start is not None:
            checks.that(f"{name}: starts at the start", math.dist(points[0], start) < 0.02, points[0])
        checks.that(f"{name}: ends at the goal", math.dist(points[-1], goal) < 0.15, points[-1])
        frames = {p.header.frame_id for p in path.poses} | {path.header.frame_id}
        checks.equal(f"{name}: frame", {"map"}, frames)
        times = [p.header.stamp.sec * 10**9 + p.header.stamp.nanosec for p in path.poses]
        checks.that(f"{name}: times increase", all(a < b for a, b in zip(times, times[1:])), times)
        begun = path.header.stamp.sec * 10**9 + path.header.stamp.nanosec
        checks.equal(f"{name}: begins at its stamp", begun, times[0])
        occupied = [point for point in points if not self.is_free(*point)]
        checks.equal(f"{name}: all in free cells", [], occupied)
        steps = [math.dist(a, b) for a, b in zip(points, points[1:])]
        checks.that(f"{name}: no gaps", max(steps) < 0.6, max(steps))

    # ---- lifecycle -------------------------------------------------------------------------------------------------

    def lifecycle(self):
        checks, peer = self.checks, self.peer
        node = "/life/planwright_life"
        program = peer.start(self.programs, "maze", {"model": "/nowhere/missing.onnx", **PATIENT}, name="planwright_life", namespace="/life",
                             full_name=node)
        with Peer("reference", namespace="/reference", node=LifecycleNode):
            def rows(service, of):
                transitions = peer.call(GetAvailableTransitions, f"{of}/{service}").available_transitions
                return [(t.transition.id, t.transition.label, t.start_state.id, t.start_state.label, t.goal_state.id, t.goal_state.label)
                        for t in transitions]
            graph = rows("get_transition_graph", "/reference/reference")
            checks.that("rclpy's own node has a graph", len(graph) > 20, len(graph))
            checks.equal("get_transition_graph is rcl's", sorted(graph), sorted(rows("get_transition_graph", node)))
            checks.equal("get_available_transitions at the start is rcl's", sorted(rows("get_available_transitions", "/reference/reference")),
                         sorted(rows("get_available_transitions", node)))

            def states(of):
                return [(s.id, s.label) for s in peer.call(GetAvailableStates, f"{of}/get_available_states").available_states]
            checks.equal("get_available_states is rcl's", sorted(states("/reference/reference")), sorted(states(node)))
        peer.drop_clients("/reference")
        events = peer.listen(TransitionEvent, node + "/transition_event")
        wait_until(lambda: peer.node.count_publishers(node + "/transition_event") > 0)
        time.sleep(0.2)  # the publisher must know the subscription as well

        def change(name, transition, success, state):
            checks.equal(name, (success, state), (peer.change_state(transition, node), peer.state(node)))
        change("activate is not possible at the start", "activate", False, "unconfigured")
        change("deactivate (4) is not possible at the start", 4, False, "unconfigured")
        change("an unknown label is refused", "nonsense", False, "unconfigured")
        change("an unknown number is refused", 99, False, "unconfigured")
        change("an inner transition (10) is refused", 10, False, "unconfigured")
        change("configure with a missing model fails", "configure", False, "unconfigured")
        _, values = peer.diagnostics.status("planwright_life: faults", lambda _, values: "first" in values)
        checks.equal("the fault is in the diagnostics", "model_rejected", values["first"])
        corrupt = self.corrupt_model()
        peer.set_parameter("model", str(corrupt), node)
        change("configure with a corrupt model fails", 1, False, "unconfigured")
        peer.set_parameter("model", str(self.models / "maze-umaze.onnx"), node)
        before = len(events.items)
        change("configure by label with the right model", "configure", True, "inactive")
        available = peer.call(GetAvailableTransitions, node + "/get_available_transitions").available_transitions
        checks.equal("transitions of an inactive node", [(2, "cleanup"), (3, "activate"), (6, "shutdown")],
                     sorted((t.transition.id, t.transition.label) for t in available))
        change("configure again is refused", "configure", False, "inactive")
        change("activate by number", 3, True, "active")
        answer = peer.plan(action="/life/compute_path_to_pose")
        checks.equal("no map yet: UNKNOWN", CODES.UNKNOWN, answer.result.error_code)
        checks.that("no map yet: the message says it", "map" in answer.result.error_msg, answer.result.error_msg)
        peer.set_parameter("map_required", False, node)
        answer = peer.plan(action="/life/compute_path_to_pose", start=None)
        checks.equal("no odometry: TF_ERROR", CODES.TF_ERROR, answer.result.error_code)
        answer = peer.plan(action="/life/compute_path_to_pose")
        checks.that("the trained map does without map_required", succeeded(answer), answer)
        change("deactivate by label", "deactivate", True, "inactive")
        handle = peer.send_goal(goal_message((1, 1), (3, 1)), "/life/compute_path_to_pose")
        checks.that("an inactive node rejects goals", not handle.accepted, "accepted")
        plan = peer.call(GetPlan, node + "/get_plan", GetPlan.Request(start=pose(3, 1), goal=pose(1, 1))).plan
        checks.equal("an inactive node has no plan", 0, len(plan.poses))
        change("activate again by label", "activate", True, "active")
        change("deactivate by number", 4, True, "inactive")
        change("cleanup by number", 2, True, "unconfigured")
        change("configure by number", 1, True, "inactive")
        change("cleanup by label", "cleanup", True, "unconfigured")
        change("shutdown by label", "shutdown", True, "finalized")
        checks.equal("a finalized node has no transitions", 0,
                     len(peer.call(GetAvailableTransitions, node + "/get_available_transitions").available_transitions))
        change("configure after the end is refused", "configure", False, "finalized")
        expected = [(1, "configure", 1, 10), (10, "transition_success", 10, 2), (3, "activate", 2, 13), (30, "transition_success", 13, 3),
                    (4, "deactivate", 3, 14), (40, "transition_success", 14, 2), (3, "activate", 2, 13), (30, "transition_success", 13, 3),
                    (4, "deactivate", 3, 14), (40, "transition_success", 14, 2), (2, "cleanup", 2, 11), (20, "transition_success", 11, 1),
                    (1, "configure", 1, 10), (10, "transition_success", 10, 2), (2, "cleanup", 2, 11), (20, "transition_success", 11, 1),
                    (5, "shutdown", 1, 12), (50, "transition_success", 12, 4)]
        wait_until(lambda: len(events.items) >= before + len(expected), 10.0, "all transition events")
        got = [(e.transition.id, e.transition.label, e.start_state.id, e.goal_state.id) for e in events.messages]
        failed = [(1, "configure", 1, 10), (11, "transition_failure", 10, 1)] * 2
        checks.equal("a transition_event for each transition", failed + expected, got)
        checks.equal("a finalized node still runs", None, program.ended())
        checks.equal("SIGINT ends it with 0", 0, program.stop())

    def corrupt_model(self):
        data = bytearray((self.models / "maze-umaze.onnx").read_bytes())
        for at in range(len(data) // 2, len(data) // 2 + 64):
            data[at] ^= 0xFF
        path = self.folder / "corrupt.onnx"
        path.write_bytes(data)
        return path

    # ---- the action ------------------------------------------------------------------------------------------------

    def action(self):
        checks, peer = self.checks, self.peer
        answer = peer.plan()
        if checks.that("one goal", succeeded(answer), answer):
            self.check_path("one goal", answer.result.path, (3, 1), (1, 1))
            planning = answer.result.planning_time.sec + answer.result.planning_time.nanosec * 1e-9
            checks.that("planning_time", 0.0 < planning < answer.secs, planning)
            checks.equal("no error message", "", answer.result.error_msg)
        goals = [((1, 1), (3, 1)), ((3, 1), (1, 1)), ((1, 2), (3, 2)), ((3, 3), (1, 1)), ((1, 3), (3, 3)), ((3, 2), (1, 2)), ((2, 3), (1, 1)),
                 ((1, 1), (2, 3))]
        client = peer.action()
        handles = [peer.wait(future) for future in [client.send_goal_async(goal_message(goal, start)) for goal, start in goals]]
        checks.that("eight goals at once are accepted", all(handle.accepted for handle in handles), handles)
        results = [peer.wait(future) for future in [handle.get_result_async() for handle in handles]]
        checks.equal("eight goals at once are answered", [(4, 0)] * 8, [(r.status, r.result.error_code) for r in results])
        ends = [(round(r.result.path.poses[-1].pose.position.x), round(r.result.path.poses[-1].pose.position.y)) for r in results]
        checks.equal("each gets its own path", [goal for goal, _ in goals], ends)
        for planner_id in ("GridBased", "planwright"):
            answer = peer.plan(planner_id=planner_id)
            checks.that(f"planner_id {planner_id}", succeeded(answer), answer)
        answer = peer.plan(goal=(1, 2), start=None)
        if checks.that("from where the robot is", succeeded(answer), answer):
            self.check_path("from where the robot is", answer.result.path, (3, 3), (1, 2))
        twice = [peer.plan() for _ in range(2)]
        points = [[(p.pose.position.x, p.pose.position.y) for p in answer.result.path.poses] for answer in twice]
        checks.that("the same question has the same answer", points[0] == points[1], "different paths")
        answer = peer.plan(goal=(1, 1), start=(3, 1), frame="odom")
        checks.that("poses in another known frame", succeeded(answer), answer)
        self.directions()

    def directions(self):
        """Controllers take the goal's direction from the path's last pose; the others point in the direction of travel."""
        checks, peer = self.checks, self.peer

        def yaw(pose):
            return 2.0 * math.atan2(pose.orientation.z, pose.orientation.w)

        def apart(a, b):
            return abs(math.remainder(a - b, 2.0 * math.pi))
        for wanted in (0.0, 2.0, -1.5, math.pi):
            goal = pose(1, 1)
            goal.pose.orientation.z, goal.pose.orientation.w = math.sin(0.5 * wanted), math.cos(0.5 * wanted)
            answer = peer.plan(goal=goal)
            if checks.that(f"a goal turned by {wanted:.2f}", succeeded(answer), answer):
                poses = [stamped.pose for stamped in answer.result.path.poses]
                checks.near(f"a goal turned by {wanted:.2f}: the last pose has its direction", 0.0, apart(yaw(poses[-1]), wanted), 1e-6)
                # From (3, 1) the way begins along y.
                checks.near(f"a goal turned by {wanted:.2f}: the first pose points along the way", 0.0, apart(yaw(poses[0]), 0.5 * math.pi), 0.6)
            plan = peer.call(GetPlan, MAZE + "/get_plan", GetPlan.Request(start=pose(3, 1), goal=goal)).plan
            checks.that(f"get_plan to a goal turned by {wanted:.2f}", plan.poses and apart(yaw(plan.poses[-1].pose), wanted) < 1e-6, plan.poses[-1:])
        undirected = pose(1, 1)
        undirected.pose.orientation.w = 0.0
        answer = peer.plan(goal=undirected, start=pose(3, 1))
        if checks.that("a goal with a quaternion of zeros", succeeded(answer), answer):
            last, before = (answer.result.path.poses[index].pose for index in (-1, -2))
            checks.near("a goal with a quaternion of zeros: the direction of travel", 0.0, apart(yaw(last), yaw(before)), 0.5)
        goal = pose(3, 1)
        goal.pose.orientation.z, goal.pose.orientation.w = math.sin(0.6), math.cos(0.6)
        answer = peer.plan(goal=goal, start=(3, 1))
        checks.that("start and goal in one place: the goal's direction", succeeded(answer)
                    and apart(yaw(answer.result.path.poses[-1].pose), 1.2) < 1e-6, answer)

    def results(self):
        """Results asked for late, again, and at once."""
        checks, peer = self.checks, self.peer
        identifier = goal_id()
        checks.that("a goal by raw services", peer.wait(peer.raw_send_goal(identifier, goal_message((1, 1), (3, 1)))).accepted, "rejected")
        again = peer.wait(peer.raw_send_goal(identifier, goal_message((1, 1), (3, 1))))
        checks.that("its id again is rejected", not again.accepted, "accepted")
        first = peer.wait(peer.raw_get_result(identifier))
        checks.equal("its result", (4, 0), (first.status, first.result.error_code))
        time.sleep(1.0)
        checks.equal("its result a second later", first, peer.wait(peer.raw_get_result(identifier)))
        many = [peer.wait(future) for future in [peer.raw_get_result(identifier) for _ in range(6)]]
        checks.that("its result six times at once", all(result == first for result in many), [result.status for result in many])
        again = peer.wait(peer.raw_send_goal(identifier, goal_message((1, 1), (3, 1))))
        checks.that("its id after its end is rejected", not again.accepted, "accepted")
        unknown = peer.wait(peer.raw_get_result(goal_id()))
        checks.equal("an unknown goal's result has status 0", (0, 0), (unknown.status, len(unknown.result.path.poses)))
        late = peer.listen(GoalStatusArray, "compute_path_to_pose/_action/status", LATCHED)

        def status_of(message):
            return next((s for s in message.status_list if s.goal_info.goal_id == identifier and s.status == 4), None)
        known = status_of(late.wait(status_of, what="the goal's status"))
        checks.that("a late listener hears the goal's status", True)
        checks.that("the status has the time of acceptance", known is not None and abs(known.goal_info.stamp.sec - time.time()) < 60, known)
        peer.forget(late)

    def cancel(self):
        checks, peer = self.checks, self.peer
        none = peer.wait(peer.raw_cancel(goal_id()))
        checks.equal("cancel of an unknown goal", (2, 0), (none.return_code, len(none.goals_canceling)))
        handle = peer.send_goal(goal_message((1, 1), (3, 1)))
        peer.wait(handle.get_result_async())
        ended = peer.wait(peer.raw_cancel(handle.goal_id))
        checks.equal("cancel of an ended goal", (3, 0), (ended.return_code, len(ended.goals_canceling)))
        checks.equal("slow plans", (True, ""), peer.set_atomically(SLOW, MAZE))
        try:
            self.cancel_slow_plans()
        finally:
            checks.equal("normal plans", (True, ""), peer.set_atomically({**NORMAL, "preempt": False}, MAZE))
        answer = peer.plan()
        checks.that("a goal afterwards", succeeded(answer), answer)

    def cancel_slow_plans(self):
        checks, peer = self.checks, self.peer
        begun = time.monotonic()
        handle = peer.send_goal(goal_message((1, 1), (3, 1)))
        waiting = [peer.raw_get_result(handle.goal_id) for _ in range(3)]
        executing = [s.status for s in self.status_topic.wait(lambda m: any(s.goal_info.goal_id == handle.goal_id for s in m.status_list)).status_list
                     if s.goal_info.goal_id == handle.goal_id]
        checks.that("its status before the end", executing[0] in (1, 2), executing)
        canceled = peer.wait(handle.cancel_goal_async())
        secs = time.monotonic() - begun
        checks.equal("cancel of one", (0, [bytes(handle.goal_id.uuid)]), (canceled.return_code, [bytes(g.goal_id.uuid) for g in canceled.goals_canceling]))
        results = [peer.wait(future) for future in waiting]
        checks.equal("all three who wait hear it", [5] * 3, [result.status for result in results])
        checks.that("cancel came in time", secs < 10.0, secs)
        self.status_topic.wait(lambda m: any(s.goal_info.goal_id == handle.goal_id and s.status == 5 for s in m.status_list))
        checks.that("status topic: canceled", True)
        again = peer.wait(peer.raw_cancel(handle.goal_id))
        checks.equal("cancel again", 3, again.return_code)

        handles = [peer.send_goal(goal_message((1, 1), (3, 1))) for _ in range(3)]
        futures = [handle.get_result_async() for handle in handles]
        everything = peer.wait(peer.raw_cancel())
        ids = sorted(bytes(g.goal_id.uuid) for g in everything.goals_canceling)
        checks.equal("cancel of all", (0, sorted(bytes(h.goal_id.uuid) for h in handles)), (everything.return_code, ids))
        checks.equal("all are canceled", [5] * 3, [peer.wait(future).status for future in futures])
        nothing = peer.wait(peer.raw_cancel())
        checks.equal("cancel of all when there is none", (0, 0), (nothing.return_code, len(nothing.goals_canceling)))

        older, newer = peer.send_goal(goal_message((1, 1), (3, 1))), None
        older_result = older.get_result_async()
        newer = peer.send_goal(goal_message((1, 2), (3, 1)))
        newer_result = newer.get_result_async()
        stamp = older.stamp
        by_time = peer.wait(peer.raw_cancel(stamp=stamp))
        checks.equal("cancel of all up to a time", [bytes(older.goal_id.uuid)], [bytes(g.goal_id.uuid) for g in by_time.goals_canceling])
        checks.equal("it is canceled", 5, peer.wait(older_result).status)
        peer.wait(newer.cancel_goal_async())
        checks.equal("the newer one as well when it is asked for", 5, peer.wait(newer_result).status)

        peer.set_parameter("preempt", True, MAZE)
        first = peer.send_goal(goal_message((1, 1), (3, 1)))
        first_result = first.get_result_async()
        second = peer.send_goal(goal_message((1, 2), (3, 1)))
        result = peer.wait(first_result)
        checks.equal("preempt aborts the older one", (6, CODES.UNKNOWN), (result.status, result.result.error_code))
        peer.wait(second.cancel_goal_async())
        peer.set_parameter("preempt", False, MAZE)

        # A client that is killed while its plan is under way
        command = [sys.executable, __file__, "--vanish"]
        vanishing = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = vanishing.stdout.readline()
        vanishing.send_signal(signal.SIGKILL)
        vanishing.wait()
        checks.equal("a client that vanishes had its goal accepted", "accepted True", line.strip())
        peer.wait(peer.raw_cancel())

    def errors(self):
        """Every error code that can be provoked."""
        checks, peer = self.checks, self.peer

        def expect(name, code, answer, text=""):
            checks.that(f"{name}: {code}", answer.accepted and answer.status == 6 and answer.result.error_code == code
                        and len(answer.result.path.poses) == 0 and answer.result.error_msg != "" and text in answer.result.error_msg, answer)
        expect("INVALID_PLANNER", 201, peer.plan(planner_id="other"), "other")
        expect("TF_ERROR of the goal", 202, peer.plan(frame="unheard_of"), "unheard_of")
        expect("TF_ERROR of the start", 202, peer.plan(goal=pose(1, 1), start=pose(3, 1, "unheard_of")), "unheard_of")
        expect("START_OUTSIDE_MAP", 203, peer.plan(start=(-20, 1)))
        expect("GOAL_OUTSIDE_MAP", 204, peer.plan(goal=(1, 1e6)))
        expect("GOAL_OUTSIDE_MAP far away", 204, peer.plan(goal=(-1e300, 1)))
        expect("START_OCCUPIED", 205, peer.plan(start=(2, 1)))
        expect("GOAL_OCCUPIED", 206, peer.plan(goal=(2, 2)))
        expect("GOAL_OCCUPIED at the border", 206, peer.plan(goal=(0, 1)))
        figures = "0.05 m from a wall, needs 0.105 m"
        expect("GOAL_OCCUPIED within the robot's radius of a wall", 206, peer.plan(goal=(1.25, 1)), figures)
        expect("START_OCCUPIED within the robot's radius of a wall", 205, peer.plan(start=(1.25, 1)), figures)
        for touching in (1.2, 1.21, 1.22):
            answer = peer.plan(start=(touching, 1), goal=(3, 1))
            checks.that(f"a start in contact, {1.3 - touching:.2f} m from a wall, gets a way out", succeeded(answer), answer)
        broken = {"NaN": pose(float("nan"), 1), "infinity": pose(1, float("-inf")), "an empty frame": pose(1, 1, "")}
        for name, message in broken.items():
            expect(f"UNKNOWN: goal with {name}", 200, peer.plan(goal=message), "`goal.")
            expect(f"UNKNOWN: start with {name}", 200, peer.plan(start=message), "`start.")
        late, tilted = pose(1, 1), pose(1, 1)
        late.header.stamp.nanosec = 1_000_000_000
        tilted.pose.orientation.w = float("nan")
        expect("UNKNOWN: goal with a NaN quaternion", 200, peer.plan(goal=tilted), "`goal.")
        for name, ends in {"goal": {"goal": late}, "start": {"start": late}}.items():
            checks.that(f"the stamp of a {name} is not used", succeeded(peer.plan(**ends)))
        checks.that("the direction of a start is not used", succeeded(peer.plan(start=tilted)))
        _, before = peer.diagnostics.status("planwright_maze: planner")
        peer.set_parameter("deadline_secs", 0.001, MAZE)
        expect("TIMEOUT", 207, peer.plan())
        _, after = peer.diagnostics.status("planwright_maze: planner", lambda _, v: v.get("refused.deadline") != before.get("refused.deadline"), 10.0)
        missed = [int(values["queries.deadline_misses"]) for values in (before, after)]
        checks.that("the missed deadline is counted", missed[1] > missed[0], missed)
        peer.set_parameters(PATIENT, MAZE)
        peer.set_parameter("clearance_m", 0.3, MAZE)
        expect("GOAL_OCCUPIED for the gate's clearance", 206, peer.plan(), "0.3 m from a wall, needs 0.4 m")
        # In the middle of the corridors: what cuts a corner comes too near to it.
        expect("NO_VALID_PATH", 208, peer.plan(goal=(0.8, 0.8), start=(2.8, 0.8)), "plan that passes the gate")
        peer.set_parameter("clearance_m", 0.005, MAZE)
        answer = peer.plan()
        checks.that("a goal after all these", succeeded(answer), answer)

    # ---- parameters ------------------------------------------------------------------------------------------------

    def parameters(self):
        checks, peer = self.checks, self.peer
        described = json.loads(subprocess.run([self.arguments.planwright, "node", "maze", "--describe", "json"], stdout=subprocess.PIPE,
                                              check=True, text=True).stdout)
        checks.that("--describe json", isinstance(described, (dict, list)) and "deadline_secs" in json.dumps(described), str(described)[:200])
        listed = peer.call(ListParameters, MAZE + "/list_parameters").result
        names = sorted(listed.names)
        checks.that("list_parameters", {"model", "deadline_secs", "use_sim_time", "drive", "seed"} <= set(names), names)
        checks.that("list_parameters: all described by --describe", all(f'"{name}"' in json.dumps(described) for name in names), names)
        prefixed = peer.call(ListParameters, MAZE + "/list_parameters", ListParameters.Request(prefixes=["drive"])).result
        checks.equal("list_parameters with a prefix", ["drive"], list(prefixed.names))
        types = peer.call(GetParameterTypes, MAZE + "/get_parameter_types", GetParameterTypes.Request(names=["drive", "seed", "deadline_secs", "model", "planner_ids"])).types
        checks.equal("get_parameter_types", [1, 2, 3, 4, 9], list(types))
        descriptors = {d.name: d for d in peer.call(DescribeParameters, MAZE + "/describe_parameters", DescribeParameters.Request(names=names)).descriptors}
        checks.equal("describe_parameters describes all", names, sorted(descriptors))
        checks.equal("everything has a description", [], [name for name, d in descriptors.items() if len(d.description) < 10])
        ranges = descriptors["deadline_secs"].floating_point_range
        checks.equal("a double's range", [(0.001, 60.0, 0.0)], [(r.from_value, r.to_value, r.step) for r in ranges])
        ranges = descriptors["threads"].integer_range
        checks.equal("an integer's range", [(1, 256, 0)], [(r.from_value, r.to_value, r.step) for r in ranges])
        checks.equal("read_only", (True, False), (descriptors["autostart"].read_only, descriptors["drive"].read_only))
        checks.equal("types in the descriptors", (1, 3, 4), (descriptors["drive"].type, descriptors["deadline_secs"].type, descriptors["model"].type))
        checks.equal("get_parameters", [10.0, 0.005, False, ["", "GridBased", "planwright"]],
                     [list(v) if isinstance(v, (list, tuple)) else v
                      for v in peer.get_parameters("deadline_secs", "clearance_m", "preempt", "planner_ids", node=MAZE)])
        checks.equal("get_parameters with an unknown name has no values", [], peer.get_parameters("deadline_secs", "unknown", node=MAZE))

        self.events.clear()
        checks.equal("set a double", [(True, "")], peer.set_parameters({"deadline_secs": 9.0}, MAZE))
        event = self.events.wait(lambda e: e.node == MAZE, 20.0, what="a parameter event")
        checks.equal("/parameter_events", ([], ["deadline_secs"], [], 9.0),
                     ([p.name for p in event.new_parameters], [p.name for p in event.changed_parameters], [p.name for p in event.deleted_parameters],
                      event.changed_parameters[0].value.double_value))
        checks.equal("it is set", [9.0], peer.get_parameters("deadline_secs", node=MAZE))
        self.events.clear()
        refusals = {"out of range": {"deadline_secs": 100.0}, "below the range": {"threads": 0}, "NaN": {"deadline_secs": float("nan")},
                    "infinity": {"clearance_m": float("inf")}, "wrong type": {"deadline_secs": "soon"}, "an integer for a double": {"deadline_secs": 2},
                    "unknown": {"deadlines": 1.0}, "read-only": {"map_frame": "world"}, "not one of": {"engine": "steam"},
                    "wrong type for a list": {"planner_ids": [1, 2]}}
        for name, values in refusals.items():
            successful, reason = peer.set_parameters(values, MAZE)[0]
            checks.that(f"refused: {name}", not successful and ("expected" in reason or "read-only" in reason), (successful, reason))
        results = peer.set_parameters({"preempt": True, "deadline_secs": 100.0, "publish_debug": False}, MAZE)
        checks.equal("one bad of three: the others are set", [True, False, True], [successful for successful, _ in results])
        checks.equal("one bad of three: values", [True, 9.0, False], peer.get_parameters("preempt", "deadline_secs", "publish_debug", node=MAZE))
        self.events.clear()
        successful, reason = peer.set_atomically({"preempt": False, "deadline_secs": 100.0, "publish_debug": True}, MAZE)
        checks.that("atomically with one bad is refused", not successful and "deadline_secs" in reason, (successful, reason))
        checks.equal("atomically with one bad: nothing changed", [True, 9.0, False], peer.get_parameters("preempt", "deadline_secs", "publish_debug", node=MAZE))
        checks.equal("atomically", (True, ""), peer.set_atomically({"preempt": False, "deadline_secs": 10.0, "publish_debug": True}, MAZE))
        checks.equal("atomically: values", [False, 10.0, True], peer.get_parameters("preempt", "deadline_secs", "publish_debug", node=MAZE))
        event = self.events.wait(lambda e: e.node == MAZE, 20.0)
        checks.equal("one event for all of them, and none for the refused", ["deadline_secs", "preempt", "publish_debug"],
                     sorted(p.name for p in event.changed_parameters))
        checks.equal("the robot's parameters", ["umaze", "none"], peer.get_parameters("layout", "odom_fault", node=SIM))

    def swap(self):
        """Another model while the node is active."""
        checks, peer = self.checks, self.peer
        peer.call(Trigger, MAZE + "/clear_fault")
        umaze, large = str(self.models / "maze-umaze.onnx"), str(self.models / "maze-large.onnx")
        pointer, page = self.folder / "pointer.onnx", self.folder / "page.onnx"
        pointer.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4032673\n")
        page.write_text("<!DOCTYPE html><html>Sign in</html>")
        for name, path, words in (("corrupt", str(self.corrupt_model()), "corrupt.onnx: expected SHA-256"),
                                  ("missing", "/nowhere/missing.onnx", "/nowhere/missing.onnx: expected a model file"),
                                  ("git-lfs", str(pointer), "pointer.onnx: expected a model"), ("web page", str(page), "a web page")):
            successful, reason = peer.set_parameters({"model": path}, MAZE)[0]
            checks.that(f"a {name} model is refused with the reason", not successful and words in reason, (successful, reason))
            checks.equal(f"a {name} model: the parameter stays", ["models/maze-umaze.onnx"], peer.get_parameters("model", node=MAZE))
            answer = peer.plan()
            checks.that(f"a {name} model: planning goes on", succeeded(answer), answer)
        # Of faults that follow each other closely the log has the first.
        self.rosout.wait(lambda log: "model_rejected" in log.msg and "corrupt.onnx: expected SHA-256" in log.msg, 20.0)
        _, values = peer.diagnostics.status("planwright_maze: faults", lambda _, v: v.get("first") == "model_rejected")
        checks.that("the refused models are counted", int(values["model_rejected"]) >= 2, values)
        swapped = peer.call_async(*self.set_request({"model": large}))
        answers = []
        while not swapped.done() and len(answers) < 1000:
            answers.append(peer.plan())
        result = peer.wait(swapped).results[0]
        checks.equal("a model for another map is taken", (True, ""), (result.successful, result.reason))
        good = [succeeded(answer) for answer in answers[:-1]]
        checks.that("plans while it is loaded", all(good), answers)
        status, _ = peer.diagnostics.status("planwright_maze: inputs", lambda status, _: "map_differs" in status.message)
        checks.equal("the other map is a warning", 1, status.level[0] if isinstance(status.level, bytes) else status.level)
        checks.equal("the node stays active", "active", peer.state(MAZE))
        answer = peer.plan()
        checks.that("a goal is still answered", answer.accepted and answer.status in (4, 6), answer)
        _, values = peer.diagnostics.status("planwright_maze: planner", lambda _, v: v.get("model", "").endswith("maze-large.onnx"))
        checks.equal("and back", [(True, "")], peer.set_parameters({"model": umaze}, MAZE))
        answer = peer.plan()
        checks.that("a goal after the way back", succeeded(answer), answer)
        line = self.rosout.wait(lambda log: log.name == MAZE[1:] and "loaded" in log.msg and "maze-umaze" in log.msg, 20.0, what="a line on /rosout")
        checks.equal("a line on /rosout", (20, MAZE[1:]), (line.level if isinstance(line.level, int) else line.level[0], line.name))
        checks.near("its stamp", time.time(), line.stamp.sec, 120.0)
        peer.diagnostics.status("planwright_maze: inputs", lambda status, _: "map_differs" not in status.message)
        peer.call(Trigger, MAZE + "/clear_fault")

    @staticmethod
    def set_request(values, node=MAZE):
        from rcl_interfaces.srv import SetParameters

        return SetParameters, node + "/set_parameters", SetParameters.Request(parameters=Peer._parameters(values))

    def command_line(self):
        """What the command line says."""
        checks, peer = self.checks, self.peer
        file = self.folder / "parameters.yaml"
        file.write_text("/**:\n  ros__parameters:\n    seed: 5\n    deadline_secs: 0.7\n"
                        "/robot/boss:\n  ros__parameters:\n    clearance_m: 0.02\n    deadline_secs: 0.8\n    planner_ids: [\"\", \"mine\"]\n"
                        "/robot/other:\n  ros__parameters:\n    seed: 9\n")
        program = peer.start(self.programs, "maze", {"deadline_secs": 0.9, "cmd_vel_stamped": True}, {"odom": "/odometry/filtered", "map": "/floor/map"},
                             "boss", "/robot", ros=["--params-file", str(file)], full_name="/robot/boss")
        elsewhere = self.programs.node("maze", name="faraway", environment={"ROS_DOMAIN_ID": "42"})
        values = peer.get_parameters("seed", "deadline_secs", "clearance_m", "planner_ids", node="/robot/boss")
        checks.equal("-p, --params-file and their order", [5, 0.9, 0.02, ["", "mine"]], [list(v) if isinstance(v, (list, tuple)) else v for v in values])
        node = peer.node

        def subscribed(topic):
            # The map has two readers, of which one is for publishers that keep nothing.
            infos = node.get_subscriptions_info_by_topic(topic)
            return sorted({i.topic_type for i in infos if (i.node_name, i.node_namespace) == ("boss", "/robot")})
        wait_until(lambda: subscribed("/odometry/filtered"), 20.0, "the remapped topic")
        checks.equal("remapped topics", (["nav_msgs/msg/Odometry"], ["nav_msgs/msg/OccupancyGrid"], [], []),
                     (subscribed("/odometry/filtered"), subscribed("/floor/map"), subscribed("/robot/odom"), subscribed("/odom")))
        commands = [i.topic_type for i in node.get_publishers_info_by_topic("/robot/cmd_vel")]
        checks.equal("cmd_vel_stamped", ["geometry_msgs/msg/TwistStamped"], commands)
        checks.that("the namespaced action is there", peer.action("/robot/compute_path_to_pose") is not None)
        with Peer("far", domain_id=42) as far:
            checks.equal("a node in domain 42 is seen there", "unconfigured", far.state("/faraway"))
            seen = [name for name, _ in far.node.get_node_names_and_namespaces()]
            checks.that("domain 42 does not see domain 0", "planwright_maze" not in seen and "boss" not in seen, seen)
        names = [name for name, _ in node.get_node_names_and_namespaces()]
        checks.that("domain 0 does not see domain 42", "faraway" not in names and "boss" in names, names)
        checks.equal("SIGTERM ends with 0", 0, elsewhere.stop(number=signal.SIGTERM))
        checks.equal("SIGINT ends with 0", 0, program.stop())

        def left():
            return (node.count_publishers("/robot/plan"), node.count_services("/robot/boss/get_state"),
                    [name for name, _ in node.get_node_names_and_namespaces() if name == "boss"])
        with checks.guarded("a node that has ended leaves the network at once"):
            wait_until(lambda: left() == (0, 0, []), 10.0, "nothing left of the node")
            checks.that("a node that has ended leaves the network at once", True)
        for name, parameters, environment, text in (
                ("an unknown parameter", {"deadline": 1.0}, {}, "deadline_secs"), ("a value out of range", {"deadline_secs": 1000.0}, {}, "deadline_secs"),
                ("a value of another type", {"deadline_secs": "soon"}, {}, "deadline_secs"), ("no domain", {}, {"ROS_DOMAIN_ID": "many"}, "ROS_DOMAIN_ID")):
            failed = self.programs.node("maze", parameters, environment=environment)
            code = failed.wait()
            checks.that(f"{name} ends at once with an error", code not in (0, None) and code > 0 and text in failed.text() and "panicked" not in failed.text(),
                        (code, failed.text()))

    # ---- time ------------------------------------------------------------------------------------------------------

    def clock(self):
        checks, peer = self.checks, self.peer
        remaps = {"/tf": "/simulated/tf", "/tf_static": "/simulated/tf_static"}
        clock = peer.listen(Clock, "/clock", BEST_EFFORT)
        peer.start(self.programs, "sim", {"publish_clock": True}, remaps, "clock_sim", "/simulated", full_name="/simulated/clock_sim")
        peer.start(self.programs, "maze", {"use_sim_time": True, "autostart": True, **PATIENT}, remaps, "clock_maze", "/simulated",
                   full_name="/simulated/clock_maze")
        peer.wait_for_state("active", "/simulated/clock_maze")

        def seconds(stamp):
            return stamp.sec + stamp.nanosec * 1e-9
        answer = peer.eventually(succeeded, action="/simulated/compute_path_to_pose", start=None)
        checks.that("a goal from where the robot is, in simulated time", succeeded(answer), answer)
        before = seconds(clock.last.clock)
        answer = peer.plan(action="/simulated/compute_path_to_pose")
        after = seconds(clock.wait(lambda m: seconds(m.clock) >= before + 0.05).clock)
        stamp = seconds(answer.result.path.header.stamp)
        checks.that("plans have simulated stamps", before - 0.1 <= stamp <= after + 0.1 and stamp < 1e6, (before, stamp, after))
        checks.that("simulated time goes on", seconds(clock.last.clock) > seconds(clock.messages[0].clock), clock.last)
        diagnostics = peer.diagnostics.wait(lambda m: any(s.name.startswith("clock_maze") for s in m.status))
        checks.that("diagnostics have simulated stamps", diagnostics.header.stamp.sec < 1e6, diagnostics.header)
        peer.set_parameter("use_sim_time", False, "/simulated/clock_maze")
        answer = peer.eventually(succeeded, action="/simulated/compute_path_to_pose")
        checks.near("use_sim_time off at run time", time.time(), seconds(answer.result.path.header.stamp), 10.0)
        peer.set_parameter("use_sim_time", True, "/simulated/clock_maze")
        answer = peer.eventually(lambda a: succeeded(a) and seconds(a.result.path.header.stamp) < 1e6, action="/simulated/compute_path_to_pose")
        checks.that("use_sim_time on at run time", succeeded(answer) and seconds(answer.result.path.header.stamp) < 1e6, answer)
        answer = peer.eventually(succeeded, action="/simulated/compute_path_to_pose", start=None)
        checks.that("and the robot is found again", succeeded(answer), answer)
        peer.forget(clock)

    # ---- diagnostics and bond ------------------------------------------------------------------------------------------

    def diagnostics(self):
        checks, peer = self.checks, self.peer
        expected = {
            "lifecycle": ["state", "bond", "transitions", "loading_secs"],
            "planner": ["model", "engine", "parity_self_test", "answered", "canceled", "queries.deadline_misses", "queries.fallbacks"]
            + [f"{stage}_p{p}_ms" for stage in ("propose", "correct", "check", "whole", "node_overhead") for p in (50, 99)],
            "inputs": ["odom_status", "odom_age_secs", "map_age_secs", "odom_rate_hz", "transforms_accepted"],
            "drive": ["enabled", "goal", "cycles", "late_cycles"],
            "middleware": ["messages_written", "messages_refused", "messages_malformed", "uptime_secs", "time_jumps"],
            "faults": []}
        peer.plan()
        values = {}
        for name, keys in expected.items():
            status, values[name] = peer.diagnostics.status(f"planwright_maze: {name}")
            missing = [key for key in keys if key not in values[name]]
            checks.equal(f"diagnostics: {name} has its values", [], missing)
            checks.that(f"diagnostics: {name} has a message and a hardware id", status.message != "" and status.hardware_id != "", status)
        checks.equal("diagnostics: state", "active", values["lifecycle"]["state"])
        checks.equal("diagnostics: parity self test", "passed", values["planner"]["parity_self_test"])
        p50, p99 = (float(values["planner"][f"whole_p{p}_ms"]) for p in (50, 99))
        checks.that("diagnostics: p50 <= p99, both measured", 0.0 < p50 <= p99, (p50, p99))
        checks.that("diagnostics: the odometry is young", float(values["inputs"]["odom_age_secs"]) < 5.0, values["inputs"])
        status, robot = peer.diagnostics.status("planwright_sim: robot")
        checks.that("diagnostics: the robot", "position" in robot and "wall_contacts" in robot, robot)
        while peer.call(Trigger, MAZE + "/clear_fault").success:
            pass
        nothing = peer.call(Trigger, MAZE + "/clear_fault")
        checks.equal("clear_fault without a fault", (False, "no fault"), (nothing.success, nothing.message))
        _, before = peer.diagnostics.status("planwright_maze: faults", lambda status, v: "first" not in v)
        peer.plan(planner_id="other")
        peer.plan(goal=(2, 1))
        status, faults = peer.diagnostics.status("planwright_maze: faults", lambda _, v: "first" in v and int(v.get("goal_occupied", 0)) > int(before.get("goal_occupied", 0)))
        checks.equal("the first fault stays", "invalid_planner", faults["first"])
        checks.that("faults are counted by name", int(faults["invalid_planner"]) == int(before.get("invalid_planner", 0)) + 1, faults)
        _, faults = peer.diagnostics.status("planwright_maze: faults")
        checks.equal("the first fault stays on", "invalid_planner", faults["first"])
        cleared = peer.call(Trigger, MAZE + "/clear_fault")
        checks.equal("clear_fault names it", (True, "invalid_planner"), (cleared.success, cleared.message))
        _, faults = peer.diagnostics.status("planwright_maze: faults")
        checks.that("it is gone", faults.get("first") != "invalid_planner", faults)
        times = [at for at, m in peer.diagnostics.items if any(s.name == "planwright_maze: lifecycle" for s in m.status)]
        gaps = sorted(b - a for a, b in zip(times, times[1:]))
        checks.near("diagnostics come at 1 Hz", 1.0, gaps[len(gaps) // 2], 0.2)

    def bond(self):
        checks, peer = self.checks, self.peer
        node = "/bonded/bonded_maze"
        peer.start(self.programs, "maze", {"autostart": True, "bond_timeout": 1.5, "map_required": False, **PATIENT}, name="bonded_maze",
                   namespace="/bonded", full_name=node)
        heard = peer.listen(BondStatus, "/bonded/bond")
        publisher = peer.publisher(BondStatus, "/bonded/bond")
        peer.wait_for_state("active", node)

        def own(message):
            return message.instance_id != "the-manager"

        def state(name):
            return peer.diagnostics.status("bonded_maze: lifecycle", lambda _, values: values["bond"] == name)
        state("waiting")
        message = heard.wait(own)
        checks.equal("its heartbeat", ("bonded_maze", True, 1.5, 0.1),
                     (message.id, message.active, round(message.heartbeat_timeout, 3), round(message.heartbeat_period, 3)))
        beating, active = threading.Event(), [True]
        beating.set()
        end = threading.Event()

        def beat():
            while not end.wait(0.1):
                if beating.is_set():
                    status = BondStatus(id="bonded_maze", instance_id="the-manager", active=active[0], heartbeat_timeout=4.0, heartbeat_period=0.1)
                    status.header.stamp = peer.node.get_clock().now().to_msg()
                    publisher.publish(status)
        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            state("formed")
            checks.that("the bond forms", True)
            time.sleep(2.0)
            checks.equal("the bond holds", "formed", peer.diagnostics.values("bonded_maze: lifecycle")["bond"])
            beating.clear()
            status, _ = state("broken")
            checks.that("the bond breaks when the manager falls silent", "bond_broken" in status.message, status)
            _, faults = peer.diagnostics.status("bonded_maze: faults", lambda _, v: "bond_broken" in v)
            checks.that("bond_broken is counted", int(faults["bond_broken"]) >= 1, faults)
            checks.that("the node goes on", succeeded(peer.plan(action="/bonded/compute_path_to_pose")), "")
            heard.clear()
            checks.that("deactivate", peer.change_state("deactivate", node))
            checks.that("activate", peer.change_state("activate", node))
            beating.set()
            state("formed")
            checks.that("a new bond forms after a new activation", True)
            heard.clear()
            peer.change_state("deactivate", node)
            goodbye = heard.wait(lambda m: own(m) and not m.active, 20.0, what="a goodbye")
            checks.equal("deactivation says goodbye", "bonded_maze", goodbye.id)
            checks.equal("the bond is off", "off", state("off")[1]["bond"])
            peer.change_state("activate", node)
            state("formed")
            active[0] = False
            state("broken")
            checks.that("the bond breaks when the manager says goodbye", True)
        finally:
            end.set()
            thread.join()

    def end(self):
        checks = self.checks
        checks.equal("the planner still runs", None, self.maze.ended())
        checks.equal("the robot still runs", None, self.sim.ended())
        contacts = self.peer.diagnostics.values("planwright_sim: robot")["wall_contacts"]
        checks.equal("no wall was touched", "0", contacts)
        checks.equal("SIGINT ends the planner with 0", 0, self.maze.stop())
        checks.equal("SIGINT ends the robot with 0", 0, self.sim.stop())
        for program in self.programs.all:
            if "panicked" in program.text():
                checks.that("no node panicked", False, program.text()[-2000:])


def vanish():
    """A client that is killed by its parent after its goal was accepted."""
    with Peer("vanishing") as peer:
        handle = peer.send_goal(goal_message((1, 1), (3, 1)))
        handle.get_result_async()
        print("accepted", handle.accepted, flush=True)
        time.sleep(60.0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--planwright", default="target/release/planwright")
    parser.add_argument("--models", default="models")
    parser.add_argument("--only", default="", help="run the sections whose names contain this")
    parser.add_argument("--vanish", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.vanish:
        vanish()
        return 0
    checks = Checks(arguments.only)
    with Programs(arguments.planwright) as programs, Peer("conformance") as peer:
        test = Test(arguments, checks, programs, peer)
        with checks.guarded("start"):
            test.start()
            test.grid = peer.listen(OccupancyGrid, "map", LATCHED).wait()
        for section in (test.topics, test.graph, test.get_plan, test.lifecycle, test.action, test.results, test.cancel, test.errors,
                        test.parameters, test.swap, test.command_line, test.clock, test.diagnostics, test.bond):
            checks.section(section)
        with checks.guarded("end"):
            test.end()
    return checks.finish()


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # rclpy's threads may hold up the interpreter's end.
    os._exit(code)
