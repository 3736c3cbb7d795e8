#!/usr/bin/env python3
"""planwright's nodes against Cyclone DDS on the wire, as rmw_cyclonedds speaks it: topics, services, lifecycle, the action.

    python3 tests/peers/ros/namespace.py .deps/cyclonedds/bin/python tests/peers/ros/test_cyclone.py --planwright target/release/planwright

There is no ROS in this environment: the types are read from runtime/ros2/messages, names and headers are made here.
"""

import argparse
import dataclasses
import functools
import json
import math
import os
import random
import re
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

from cyclonedds.core import Policy, Qos
from cyclonedds.domain import DomainParticipant
from cyclonedds.idl import make_idl_struct, types
from cyclonedds.pub import DataWriter
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic
from cyclonedds.util import duration

MESSAGES = Path(__file__).resolve().parents[3] / "runtime" / "ros2" / "messages"
PATIENCE_SECS = 60.0
RELIABLE = Policy.Reliability.Reliable(duration(seconds=1))
VOLATILE = Qos(RELIABLE, Policy.Durability.Volatile, Policy.History.KeepLast(100))
LATCHED = Qos(RELIABLE, Policy.Durability.TransientLocal, Policy.History.KeepLast(1))
BEST_EFFORT = Qos(Policy.Reliability.BestEffort, Policy.Durability.Volatile, Policy.History.KeepLast(10))
PRIMITIVES = {"bool": (bool, False), "byte": (types.uint8, 0), "char": (types.uint8, 0), "string": (str, ""),
              "float32": (types.float32, 0.0), "float64": (types.float64, 0.0),
              **{kind: (getattr(types, kind), 0) for kind in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")}}
# rmw_cyclonedds puts the client and the number of the request before each request and reply.
HEADER = [("guid", types.uint64, 0), ("sequence", types.int64, 0)]


# ---- types -----------------------------------------------------------------------------------------------------------

def struct(dds_name, fields):
    """An IDL struct with (name, type, default) fields; a callable default is called for each value."""
    names = {name: kind for name, kind, _ in fields}
    defaults = {name: dataclasses.field(default_factory=default) if callable(default) else default for name, _, default in fields}
    made = make_idl_struct(dds_name.split("::")[-1], dds_name.replace("::", "."), names, dataclassify=False)
    for name, default in defaults.items():
        setattr(made, name, default)
    return dataclasses.dataclass(made)


def parts(text):
    """The fields of a definition: [(name, type, default)]."""
    fields = []
    for line in text.splitlines():
        line = line.split("#")[0].strip()
        if not line or re.match(r"^\S+\s+[A-Z0-9_]+\s*=", line):
            continue
        kind, name = line.split()[:2]
        fields.append((name, kind))
    return fields


def field(package, name, kind):
    match = re.fullmatch(r"([\w/]+)(<=\d+)?(\[(<=)?(\d*)\])?", kind)
    base, brackets, bounded, size = match.group(1), match.group(3), match.group(4), match.group(5)
    if base in PRIMITIVES:
        element, default = PRIMITIVES[base]
    else:
        element = message(base if "/" in base else f"{package}/{base}" if base != "Header" else "std_msgs/Header")
        default = element
    if brackets is None:
        return name, element, default
    if size and not bounded:
        count = int(size)
        return name, types.array[element, count], lambda: [default() if callable(default) else default for _ in range(count)]
    return name, types.sequence[element], list


@functools.cache
def message(name):
    """The type of package/Name."""
    package, short = name.split("/")
    text = (MESSAGES / package / "msg" / f"{short}.msg").read_text()
    return struct(f"{package}::msg::dds_::{short}_", [field(package, *part) for part in parts(text)])


def sections(file):
    """The parts of a definition between its lines of dashes."""
    return re.split(r"(?m)^---$", file.read_text())


def hidden(fields):
    """An empty message has one byte on the wire."""
    return fields or [("structure_needs_at_least_one_member", types.uint8, 0)]


@functools.cache
def service(name):
    """Request and reply of package/Name, with their headers."""
    package, short = name.split("/")
    halves = sections(MESSAGES / package / "srv" / f"{short}.srv")
    return tuple(struct(f"{package}::srv::dds_::{short}_{half}_", HEADER + hidden([field(package, *part) for part in parts(text)]))
                 for half, text in zip(("Request", "Response"), halves))


@functools.cache
def action(name):
    """The types of package/Name: goal, result, and the send_goal and get_result services with their headers."""
    package, short = name.split("/")
    texts = sections(MESSAGES / package / "action" / f"{short}.action")
    prefix = f"{package}::action::dds_::{short}_"
    goal, result, _ = (struct(f"{prefix}{part}_", hidden([field(package, *one) for one in parts(text)]))
                       for part, text in zip(("Goal", "Result", "Feedback"), texts))
    identifier, stamp = message("unique_identifier_msgs/UUID"), message("builtin_interfaces/Time")
    send = (struct(f"{prefix}SendGoal_Request_", HEADER + [("goal_id", identifier, identifier), ("goal", goal, goal)]),
            struct(f"{prefix}SendGoal_Response_", HEADER + [("accepted", bool, False), ("stamp", stamp, stamp)]))
    get = (struct(f"{prefix}GetResult_Request_", HEADER + [("goal_id", identifier, identifier)]),
           struct(f"{prefix}GetResult_Response_", HEADER + [("status", types.int8, 0), ("result", result, result)]))
    return goal, send, get


# ---- tools -----------------------------------------------------------------------------------------------------------

def wait_until(condition, secs=PATIENCE_SECS, what="the condition"):
    end = time.monotonic() + secs
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"expected {what} within {secs} s")
        time.sleep(0.005)


class Listener:
    def __init__(self, participant, kind, topic, qos):
        self.reader = DataReader(participant, Topic(participant, "rt" + topic, kind, qos=qos), qos=qos)
        self.topic = topic

    def wait(self, predicate=lambda sample: True, secs=PATIENCE_SECS):
        def look():
            return next(((sample,) for sample in self.reader.take(N=100) if hasattr(sample, "__idl__") and predicate(sample)), None)
        return wait_until(look, secs, f"a message on {self.topic}")[0]


class Client:
    """A client of a service, as rmw_cyclonedds makes it."""

    def __init__(self, participant, pair, name, secs=PATIENCE_SECS):
        self.request, self.name = pair[0], name
        self.guid, self.sequence = random.getrandbits(64), 0
        self.reader = DataReader(participant, Topic(participant, f"rr{name}Reply", pair[1], qos=VOLATILE), qos=VOLATILE)
        self.writer = DataWriter(participant, Topic(participant, f"rq{name}Request", pair[0], qos=VOLATILE), qos=VOLATILE)
        self.replies = []
        wait_until(lambda: self.writer.get_matched_subscriptions() and self.reader.get_matched_publications(), secs,
                   f"the service {name}")
        time.sleep(0.2)  # the server has to know the reader as well

    def send(self, **fields):
        self.sequence += 1
        self.writer.write(self.request(guid=self.guid, sequence=self.sequence, **fields))
        return self.sequence

    def receive(self, sequence, secs=PATIENCE_SECS):
        def look():
            self.replies += [r for r in self.reader.take(N=100) if hasattr(r, "__idl__")]
            return next((r for r in self.replies if (r.guid, r.sequence) == (self.guid, sequence)), None)
        return wait_until(look, secs, f"a reply of {self.name}")

    def call(self, secs=PATIENCE_SECS, **fields):
        return self.receive(self.send(**fields), secs)


class Checks:
    def __init__(self):
        self.passed, self.failed, self.begun = 0, [], time.monotonic()

    def that(self, name, holds, got=""):
        if holds:
            self.passed += 1
            print(f"ok {name}", flush=True)
        else:
            self.failed.append(name)
            print(f"FAILED {name}: {str(got)[:2000]}", flush=True)

    def equal(self, name, expected, got):
        self.that(name, expected == got, f"expected {expected!r}, got {got!r}")

    def run(self, function, *arguments):
        try:
            function(*arguments)
        except Exception as error:  # every kind of fault is a finding
            self.that(function.__name__, False, f"{type(error).__name__}: {error}")

    def finish(self):
        print(json.dumps({"passed": self.passed, "failed": self.failed, "secs": round(time.monotonic() - self.begun, 1)}), flush=True)
        return 0 if self.passed and not self.failed else 1


def pose(x, y, frame="map"):
    stamped = message("geometry_msgs/PoseStamped")()
    stamped.header.frame_id = frame
    stamped.pose.position.x, stamped.pose.position.y, stamped.pose.orientation.w = float(x), float(y), 1.0
    return stamped


# ---- the test --------------------------------------------------------------------------------------------------------

def topics(checks, participant):
    grid = Listener(participant, message("nav_msgs/OccupancyGrid"), "/map", LATCHED).wait()
    checks.equal("map is latched and in frame map", "map", grid.header.frame_id)
    checks.equal("map is as large as it says", grid.info.width * grid.info.height, len(grid.data))
    checks.equal("map's cells", {0, 100}, set(grid.data))
    for name, qos in (("best effort", BEST_EFFORT), ("reliable", VOLATILE)):
        odometry = Listener(participant, message("nav_msgs/Odometry"), "/odom", qos).wait()
        checks.equal(f"odom, {name}", ("odom", "base_link", 1.0),
                     (odometry.header.frame_id, odometry.child_frame_id, odometry.pose.pose.orientation.w))
        checks.that(f"odom, {name}: stamp", abs(odometry.header.stamp.sec - time.time()) < 10, odometry.header)
    transforms = Listener(participant, message("tf2_msgs/TFMessage"), "/tf_static", LATCHED).wait().transforms
    checks.equal("tf_static", ("map", "odom"), (transforms[0].header.frame_id, transforms[0].child_frame_id))
    statuses = set()

    def collect(array):
        statuses.update(status.name for status in array.status)
        return {"planwright_maze: planner", "planwright_sim: robot"} <= statuses
    Listener(participant, message("diagnostic_msgs/DiagnosticArray"), "/diagnostics", VOLATILE).wait(collect)
    checks.that("diagnostics of both nodes", True)


def lifecycle(checks, participant):
    change = Client(participant, service("lifecycle_msgs/ChangeState"), "/planwright_maze/change_state")
    state = Client(participant, service("lifecycle_msgs/GetState"), "/planwright_maze/get_state")
    events = Listener(participant, message("lifecycle_msgs/TransitionEvent"), "/planwright_maze/transition_event", VOLATILE)
    transition = message("lifecycle_msgs/Transition")
    checks.equal("get_state", "unconfigured", state.call().current_state.label)
    checks.equal("activate is not possible yet", False, change.call(transition=transition(id=3)).success)
    checks.equal("configure by label", True, change.call(transition=transition(label="configure")).success)
    checks.equal("activate by number", True, change.call(transition=transition(id=3)).success)
    checks.equal("get_state at the end", (3, "active"), (state.call().current_state.id, state.call().current_state.label))
    events.wait(lambda event: event.goal_state.label == "active")
    checks.that("transition events", True)
    other = Client(participant, service("lifecycle_msgs/GetState"), "/planwright_maze/get_state")
    first, second = state.send(), other.send()
    checks.equal("two clients at once", ("active", "active"), (state.receive(first).current_state.label, other.receive(second).current_state.label))


def plans(checks, participant):
    goal_type, send_pair, get_pair = action("nav2_msgs/ComputePathToPose")
    send = Client(participant, send_pair, "/compute_path_to_pose/_action/send_goal")
    get = Client(participant, get_pair, "/compute_path_to_pose/_action/get_result")
    cancel = Client(participant, service("action_msgs/CancelGoal"), "/compute_path_to_pose/_action/cancel_goal")
    plan = Listener(participant, message("nav_msgs/Path"), "/plan", VOLATILE)
    statuses = Listener(participant, message("action_msgs/GoalStatusArray"), "/compute_path_to_pose/_action/status", LATCHED)

    def identifier():
        return message("unique_identifier_msgs/UUID")(uuid=list(uuid.uuid4().bytes))

    def ask(**fields):
        mine = identifier()
        accepted = send.call(goal_id=mine, goal=goal_type(**fields)).accepted
        return mine, accepted, get.call(goal_id=mine)
    mine, accepted, answer = ask(goal=pose(1, 1), start=pose(3, 1), use_start=True)
    for _ in range(50):  # until the map has come
        if answer.result.error_code == 0:
            break
        time.sleep(0.1)
        mine, accepted, answer = ask(goal=pose(1, 1), start=pose(3, 1), use_start=True)
    checks.equal("a goal is accepted and succeeds", (True, 4, 0), (accepted, answer.status, answer.result.error_code))
    points = [(p.pose.position.x, p.pose.position.y) for p in answer.result.path.poses]
    checks.that("its path leads from start to goal", len(points) > 5 and math.dist(points[0], (3, 1)) < 0.02 and math.dist(points[-1], (1, 1)) < 0.15, points)
    checks.equal("its frame", "map", answer.result.path.header.frame_id)
    checks.that("planning_time", answer.result.planning_time.nanosec > 0, answer.result.planning_time)
    again = get.call(goal_id=mine)
    checks.equal("the result again", points, [(p.pose.position.x, p.pose.position.y) for p in again.result.path.poses])
    checks.equal("plan is published", len(points), len(plan.wait(lambda p: len(p.poses) == len(points)).poses))
    statuses.wait(lambda array: any(list(s.goal_info.goal_id.uuid) == list(mine.uuid) and s.status == 4 for s in array.status_list))
    checks.that("goal status", True)
    ids = [identifier() for _ in range(8)]
    sent = [send.send(goal_id=one, goal=goal_type(goal=pose(1, 1 + k % 3), start=pose(3, 1), use_start=True)) for k, one in enumerate(ids)]
    checks.that("eight goals at once are accepted", all(send.receive(number).accepted for number in sent))
    waiting = [get.send(goal_id=one) for one in ids]
    results = [get.receive(number) for number in waiting]
    checks.equal("eight goals at once succeed", [(4, 0)] * 8, [(r.status, r.result.error_code) for r in results])
    _, _, answer = ask(goal=pose(1, 1), start=pose(2, 1), use_start=True)
    checks.equal("START_OCCUPIED", (6, 205), (answer.status, answer.result.error_code))
    _, _, answer = ask(goal=pose(1, 1), planner_id="other")
    checks.equal("INVALID_PLANNER", (6, 201), (answer.status, answer.result.error_code))
    checks.that("its message", "other" in answer.result.error_msg, answer.result.error_msg)
    _, _, answer = ask(goal=pose(1, 2))
    checks.equal("from where the robot is", (4, 0), (answer.status, answer.result.error_code))
    unknown = get.call(goal_id=identifier())
    checks.equal("an unknown goal", 0, unknown.status)
    info = message("action_msgs/GoalInfo")
    checks.equal("cancel of an ended goal", 3, cancel.call(goal_info=info(goal_id=mine)).return_code)
    checks.equal("cancel of an unknown goal", 2, cancel.call(goal_info=info(goal_id=identifier())).return_code)
    get_plan = Client(participant, service("nav_msgs/GetPlan"), "/planwright_maze/get_plan")
    path = get_plan.call(start=pose(3, 1), goal=pose(1, 1)).plan
    checks.that("get_plan", len(path.poses) > 5 and path.header.frame_id == "map", path.header)


def parameters(checks, participant):
    get = Client(participant, service("rcl_interfaces/GetParameters"), "/planwright_maze/get_parameters")
    set_ = Client(participant, service("rcl_interfaces/SetParameters"), "/planwright_maze/set_parameters")
    value, parameter = message("rcl_interfaces/ParameterValue"), message("rcl_interfaces/Parameter")
    checks.equal("get_parameters", [10.0], [v.double_value for v in get.call(names=["deadline_secs"]).values])
    results = set_.call(parameters=[parameter(name="deadline_secs", value=value(type=3, double_value=9.0)),
                                    parameter(name="deadline_secs", value=value(type=3, double_value=900.0))]).results
    checks.equal("set_parameters", [True, False], [r.successful for r in results])
    checks.equal("get_parameters afterwards", [9.0], [v.double_value for v in get.call(names=["deadline_secs"]).values])


def commands(checks, participant):
    odometry = Listener(participant, message("nav_msgs/Odometry"), "/odom", VOLATILE)
    qos, twist_type = VOLATILE, message("geometry_msgs/Twist")
    writer = DataWriter(participant, Topic(participant, "rt/cmd_vel", twist_type, qos=qos), qos=qos)
    wait_until(writer.get_matched_subscriptions, what="a listener of cmd_vel")
    begin = odometry.wait().pose.pose.position
    twist = twist_type()
    twist.linear.y = -0.5
    moved = None
    for _ in range(200):
        writer.write(twist)
        time.sleep(0.02)
        here = [sample for sample in odometry.reader.take(N=100) if hasattr(sample, "__idl__")]
        if here and here[-1].pose.pose.position.y < begin.y - 0.2:
            moved = here[-1]
            break
    checks.that("cmd_vel moves the robot", moved is not None, "it stands")
    writer.write(twist_type())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--planwright", default="target/release/planwright")
    arguments = parser.parse_args()
    environment = {**os.environ, "RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp"}
    environment.pop("LD_LIBRARY_PATH", None)
    checks = Checks()
    commands_ = [["node", "sim"], ["node", "maze", "--ros-args", "-p", "deadline_secs:=10.0", "-p", "max_observation_age_secs:=5.0"]]
    nodes = []
    try:
        participant, nodes = start([[arguments.planwright, *command] for command in commands_], environment)
        for section in (topics, lifecycle, plans, parameters, commands):
            checks.run(section, checks, participant)
        for node, name in zip(nodes, ("sim", "maze")):
            checks.equal(f"{name} still runs", None, node.poll())
            node.send_signal(signal.SIGINT)
            checks.equal(f"SIGINT ends {name} with 0", 0, node.wait(PATIENCE_SECS))
    finally:
        stop(nodes)
    return checks.finish()


def stop(nodes):
    for node in nodes:
        node.kill()
        node.wait()


def start(commands_, environment):
    """Starts the nodes and waits until both are wholly discovered."""
    nodes = [subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL) for command in commands_]
    participant = DomainParticipant(0)
    try:
        for name in ("sim", "maze"):
            client = Client(participant, service("rcl_interfaces/GetParameters"), f"/planwright_{name}/get_parameters", 20.0)
            client.call(20.0, names=["use_sim_time"])
        heard = set()
        diagnostics = Listener(participant, message("diagnostic_msgs/DiagnosticArray"), "/diagnostics", VOLATILE)
        diagnostics.wait(lambda array: heard.update(s.name.split(":")[0] for s in array.status) or len(heard) == 2, 20.0)
        Listener(participant, message("nav_msgs/Odometry"), "/odom", BEST_EFFORT).wait(secs=20.0)
    except TimeoutError:
        stop(nodes)
        raise
    return participant, nodes


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)
