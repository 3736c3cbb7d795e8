"""What the tests against real ROS 2 peers share: planwright's nodes as processes, an rclpy node that asks and listens, checks.

A test runs in a network of its own (namespace.py) under the Python of an environment with rclpy:

    checks = Checks()
    with Programs(planwright) as programs, Peer("tester") as peer:
        programs.node("sim", {"layout": "umaze"})
        programs.node("maze", {"autostart": True})
        peer.wait_for_state("planwright_maze", "active")
        checks.equal("a goal is answered", 0, peer.plan(start=(3, 1), goal=(1, 1)).result.error_code)
    sys.exit(checks.finish())

The rclpy node spins in a thread of its own, so a test may wait for anything anywhere.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
import uuid

import rclpy
from rclpy.action import ActionClient
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
from lifecycle_msgs.srv import ChangeState, GetState
from nav2_msgs.action import ComputePathToPose
from rcl_interfaces import srv as parameter_srv
from unique_identifier_msgs.msg import UUID

# How long anything may take on a busy machine. A test that passes never waits that long.
PATIENCE_SECS = 60.0
# Environments of rclpy lead the loader to their own libraries; planwright's processes are to run as outside.
FOREIGN_ENVIRONMENT = ("LD_LIBRARY_PATH", "_ROS_WHEELS_BOOTSTRAP_COMPLETE")

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
KEPT = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
RELIABLE = QoSProfile(depth=100)
VOLATILE_LAST = QoSProfile(depth=1)
BEST_EFFORT = QoSProfile(depth=5, history=HistoryPolicy.KEEP_LAST, reliability=ReliabilityPolicy.BEST_EFFORT)
ACTION = "compute_path_to_pose"


# ---- checks ----------------------------------------------------------------------------------------------------------

class Checks:
    """Counts what holds and what does not, one line each. `only` runs the sections whose names contain it."""

    def __init__(self, only=""):
        self.passed = 0
        self.failed = []
        self.begun = time.monotonic()
        self.only = only
        self.sections = {}

    def that(self, name, holds, got=""):
        if holds:
            self.passed += 1
            print(f"ok {name}", flush=True)
        else:
            self.failed.append(name)
            print(f"FAILED {name}: {got}", flush=True)
        return bool(holds)

    def equal(self, name, expected, got):
        return self.that(name, expected == got, f"expected {expected!r}, got {got!r}")

    def near(self, name, expected, got, tolerance):
        return self.that(name, abs(expected - got) <= tolerance, f"expected {expected} +- {tolerance}, got {got}")

    @contextlib.contextmanager
    def guarded(self, name):
        """What goes wrong inside fails one check, and the test goes on."""
        try:
            yield
        except Exception as error:  # every kind of fault is a finding
            where = traceback.extract_tb(error.__traceback__)[-1]
            script = os.path.realpath(sys.argv[0])
            own = [frame for frame in traceback.extract_tb(error.__traceback__) if os.path.realpath(frame.filename) == script]
            line = own[-1].lineno if own else where.lineno
            self.that(name, False, f"{type(error).__name__}: {error} (line {line})")

    def section(self, function, *arguments):
        """Runs one part of a test, guarded, and notes how long it took."""
        name = function.__name__
        if self.only not in name:
            return
        begun = time.monotonic()
        with self.guarded(name):
            function(*arguments)
        self.sections[name] = round(time.monotonic() - begun, 1)

    def finish(self, **more):
        """Prints the summary line and gives the exit code."""
        secs = round(time.monotonic() - self.begun, 1)
        summary = {"passed": self.passed, "failed": self.failed, "secs": secs, "sections": self.sections, **more}
        print(json.dumps(summary), flush=True)
        return 0 if self.passed > 0 and not self.failed else 1


def run_sections(about, suite, sections):
    """The program of a suite: `suite(checks, planwright)` has a method per section. Gives the exit code."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--planwright", required=True)
    parser.add_argument("--only", default="", help="sections whose names contain this")
    options = parser.parse_args()
    checks = Checks(options.only)
    parts = suite(checks, options.planwright)
    for name in sections:
        checks.section(getattr(parts, name))
    return checks.finish()


def wait_until(condition, secs=PATIENCE_SECS, what="the condition", period_secs=0.01):
    """The condition's first true value. TimeoutError if it has none in time."""
    end = time.monotonic() + secs
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"expected {what} within {secs} s")
        time.sleep(period_secs)


# ---- planwright's processes ------------------------------------------------------------------------------------------

class Program:
    """A process whose lines (standard output and error together) are collected."""

    def __init__(self, command, environment=None):
        clean = {key: value for key, value in os.environ.items() if key not in FOREIGN_ENVIRONMENT}
        clean.update(environment or {})
        self.lines = []
        self.command = command
        self.process = subprocess.Popen(command, env=clean, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, errors="replace")
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    @property
    def pid(self):
        return self.process.pid

    def ended(self):
        """The exit code, or None while it runs."""
        return self.process.poll()

    def wait(self, secs=PATIENCE_SECS):
        """The exit code. TimeoutError, and SIGKILL, if it has not ended in time."""
        try:
            code = self.process.wait(secs)
        except subprocess.TimeoutExpired:
            self.kill()
            raise TimeoutError(f"expected {self.command[:4]} to end within {secs} s") from None
        self.reader.join(5.0)
        return code

    def wait_for_line(self, text, secs=PATIENCE_SECS):
        """The first line with this text."""
        def look():
            return next((line for line in list(self.lines) if text in line), None)
        return wait_until(lambda: look() or (self.ended() is not None and (look() or "")) or None, secs, f"a line with '{text}'")

    def send_signal(self, number):
        if self.ended() is None:
            self.process.send_signal(number)

    def stop(self, secs=10.0, number=signal.SIGINT):
        """Asks it to end, and kills it if it does not. The exit code (negative: killed by that signal)."""
        self.send_signal(number)
        try:
            self.process.wait(secs)
        except subprocess.TimeoutExpired:
            self.kill()
        self.reader.join(5.0)
        return self.process.returncode

    def kill(self):
        self.send_signal(signal.SIGCONT)
        self.send_signal(signal.SIGKILL)
        self.process.wait()

    def text(self):
        return "\n".join(self.lines)


def ros_value(value):
    """A value as `-p name:=value` wants it."""
    if isinstance(value, bool) or isinstance(value, (list, tuple)):
        return json.dumps(value)
    return repr(value) if isinstance(value, float) else str(value)


class Programs:
    """Starts planwright's nodes; at the end none of them is left."""

    def __init__(self, planwright):
        self.planwright = str(planwright)
        self.all = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for program in self.all:
            program.send_signal(signal.SIGINT)
        end = time.monotonic() + 3.0
        for program in self.all:
            program.stop(max(0.1, end - time.monotonic()))

    def run(self, *arguments, environment=None):
        """`planwright ARGUMENTS`."""
        program = Program([self.planwright, *map(str, arguments)], environment)
        self.all.append(program)
        return program

    def node(self, family, parameters=None, remaps=None, name=None, namespace=None, ros=(), options=(), environment=None):
        """`planwright node FAMILY OPTIONS --ros-args ...`."""
        arguments = []
        for key, value in (parameters or {}).items():
            arguments += ["-p", f"{key}:={ros_value(value)}"]
        for key, value in (remaps or {}).items():
            arguments += ["-r", f"{key}:={value}"]
        if name:
            arguments += ["-r", f"__node:={name}"]
        if namespace:
            arguments += ["-r", f"__ns:={namespace}"]
        return self.run("node", family, *options, "--ros-args", *arguments, *ros, environment=environment)


# ---- the peer --------------------------------------------------------------------------------------------------------

class Recorder:
    """The messages of one topic, with the monotonic time at which each came."""

    def __init__(self, keep=20000):
        self.items = []
        self.keep = keep
        self.subscription = None

    def take(self, message):
        self.items.append((time.monotonic(), message))
        if len(self.items) > self.keep:
            del self.items[:self.keep // 2]

    @property
    def messages(self):
        return [message for _, message in list(self.items)]

    @property
    def last(self):
        return self.items[-1][1] if self.items else None

    def clear(self):
        self.items = []

    def wait(self, predicate=lambda message: True, secs=PATIENCE_SECS, after=0.0, what="a message"):
        """The first message that came after this monotonic time and fulfils the predicate."""
        def look():
            return next(((message,) for at, message in list(self.items) if at >= after and predicate(message)), None)
        return wait_until(look, secs, what)[0]

    def wait_count(self, count, secs=PATIENCE_SECS):
        wait_until(lambda: len(self.items) >= count, secs, f"{count} messages")
        return self.messages


class Diagnostics(Recorder):
    """The statuses of all nodes, the newest by name: 'planwright_maze: planner'."""

    def __init__(self):
        super().__init__()
        self.newest = {}

    def take(self, message):
        super().take(message)
        for status in message.status:
            values = {value.key: value.value for value in status.values}
            self.newest[status.name] = (time.monotonic(), status, values)

    def status(self, name, predicate=lambda status, values: True, secs=PATIENCE_SECS, fresh=True):
        """The first (status, values) of this name that fulfils the predicate; `fresh`: one that comes from now on."""
        after = time.monotonic() if fresh else 0.0

        def look():
            at, status, values = self.newest.get(name, (-1.0, None, None))
            return (status, values) if at >= after and predicate(status, values) else None
        return wait_until(look, secs, f"a status '{name}' as asked")

    def values(self, name, **how):
        return self.status(name, **how)[1]


def pose(x, y, frame="map", stamp=None):
    message = PoseStamped()
    message.header.frame_id = frame
    if stamp is not None:
        message.header.stamp = stamp
    message.pose.position.x, message.pose.position.y = float(x), float(y)
    message.pose.orientation.w = 1.0
    return message


def goal_message(goal=(1.0, 1.0), start=None, planner_id="", **frames):
    """A goal of ComputePathToPose: places as (x, y), or whole PoseStamped messages."""
    message = ComputePathToPose.Goal(planner_id=planner_id)
    message.goal = goal if isinstance(goal, PoseStamped) else pose(*goal, **frames)
    if start is not None:
        message.start = start if isinstance(start, PoseStamped) else pose(*start, **frames)
        message.use_start = True
    return message


def goal_id(data=None):
    return UUID(uuid=list(data if data is not None else uuid.uuid4().bytes))


class Answer:
    """What became of a goal."""

    def __init__(self, accepted, status=0, result=None, secs=0.0):
        self.accepted, self.status, self.result, self.secs = accepted, status, result, secs

    def __repr__(self):
        code = None if self.result is None else (self.result.error_code, self.result.error_msg, len(self.result.path.poses))
        return f"Answer(accepted={self.accepted}, status={self.status}, result={code})"


def _outcome(make):
    try:
        return make(), None
    except Exception as error:  # raised again where it was asked for
        return None, error


class GoalClient(ActionClient):
    """As rclpy's, but sends from the thread that spins.

    rclpy notes a request after it has sent it, and Kilted notes a goal twice, for two futures of which the first gets the answer:
    what comes in between, while the thread that sends has lost its turn, is lost.
    """

    def __init__(self, peer, kind, name):
        self._inside = peer.inside
        super().__init__(peer.node, kind, name)

    def send_goal_async(self, *arguments, **named):
        return self._inside(lambda: ActionClient.send_goal_async(self, *arguments, **named))

    def _get_result_async(self, handle):
        return self._inside(lambda: ActionClient._get_result_async(self, handle))

    def _cancel_goal_async(self, handle):
        return self._inside(lambda: ActionClient._cancel_goal_async(self, handle))


class Peer:
    """An rclpy node that spins in its own thread."""

    def __init__(self, name="peer", namespace="", domain_id=None, node=None, **options):
        """`node`: a class to make the node from, instead of rclpy's own."""
        self.context = rclpy.Context()
        rclpy.init(context=self.context, domain_id=domain_id)
        if node is None:
            self.node = rclpy.create_node(name, namespace=namespace, context=self.context, **options)
        else:
            self.node = node(name, namespace=namespace, context=self.context, **options)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.clients = {}
        self.action_clients = {}
        self.thread = threading.Thread(target=self._spin, daemon=True)
        self.thread.start()
        self._diagnostics = None

    def _spin(self):
        try:
            self.executor.spin()
        except ExternalShutdownException:
            pass
        except Exception:  # rclpy's own trouble when it is shut down meanwhile
            if self.context.ok():
                raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.executor.shutdown(timeout_sec=2.0)
        self.thread.join(3.0)
        # Jazzy keeps a node's publishers, and what they keep for late joiners, until it is destroyed.
        if not self.thread.is_alive():
            self.node.destroy_node()
        rclpy.try_shutdown(context=self.context)
        self.thread.join(3.0)

    def inside(self, make):
        """Calls the function in the thread that spins: entities that are made beside it trip rclpy up now and then."""
        if threading.current_thread() is self.thread:
            return make()
        made, error = self.wait(self.executor.create_task(_outcome, make), what="the executor's attention")
        if error is not None:
            raise error
        return made

    # -- topics

    def listen(self, kind, topic, qos=RELIABLE):
        recorder = Recorder()
        recorder.subscription = self.inside(lambda: self.node.create_subscription(kind, topic, recorder.take, qos))
        return recorder

    def forget(self, recorder):
        """Listens no longer."""
        self.inside(lambda: self.node.destroy_subscription(recorder.subscription))

    def publisher(self, kind, topic, qos=RELIABLE, matched=True, secs=PATIENCE_SECS):
        """`matched`: waits until somebody listens."""
        publisher = self.inside(lambda: self.node.create_publisher(kind, topic, qos))
        if matched:
            wait_until(lambda: publisher.get_subscription_count() > 0, secs, f"somebody who listens to {topic}")
        return publisher

    @property
    def diagnostics(self):
        if self._diagnostics is None:
            recorder = Diagnostics()
            recorder.subscription = self.inside(lambda: self.node.create_subscription(DiagnosticArray, "/diagnostics", recorder.take, RELIABLE))
            self._diagnostics = recorder
        return self._diagnostics

    # -- services

    def wait(self, future, secs=PATIENCE_SECS, what="an answer"):
        done = threading.Event()
        future.add_done_callback(lambda _: done.set())
        if not done.wait(secs):
            raise TimeoutError(f"expected {what} within {secs} s")
        return future.result()

    def client(self, kind, name, secs=PATIENCE_SECS):
        key = (kind, name)
        if key not in self.clients:
            client = self.inside(lambda: self.node.create_client(kind, name))
            if not client.wait_for_service(secs):
                raise TimeoutError(f"expected the service {name} within {secs} s")
            self.clients[key] = client
        return self.clients[key]

    def call_async(self, kind, name, request=None):
        return self.client(kind, name).call_async(request or kind.Request())

    def call(self, kind, name, request=None, secs=PATIENCE_SECS):
        return self.wait(self.call_async(kind, name, request), secs, f"an answer of {name}")

    def drop_clients(self, prefix):
        """Forgets the clients of services below this prefix."""
        for key in [key for key in self.clients if key[1].startswith(prefix)]:
            client = self.clients.pop(key)
            self.inside(lambda client=client: self.node.destroy_client(client))

    def start(self, programs, family, *arguments, full_name, **options):
        """Starts a node as `Programs.node` does and waits until it is wholly discovered."""
        program = programs.node(family, *arguments, **options)
        self.wait_for_discovery(full_name, managed=family != "sim", program=program)
        return program

    def wait_for_discovery(self, full_name, managed=True, program=None, secs=20.0):
        """Until this node's services answer and its diagnostics come. TimeoutError if they do not."""
        namespace, name = full_name.rsplit("/", 1)
        end = time.monotonic() + secs

        def ended():
            if program is not None and program.ended() is not None:
                raise RuntimeError(f"{full_name} has ended with {program.ended()}: {program.text()[-1000:]}")
            return False

        def left():
            ended()
            return max(0.5, end - time.monotonic())
        services = [(parameter_srv.ListParameters, "list_parameters"), (parameter_srv.GetParameters, "get_parameters"),
                    (parameter_srv.SetParameters, "set_parameters"), (parameter_srv.SetParametersAtomically, "set_parameters_atomically")]
        if managed:
            services += [(GetState, "get_state"), (ChangeState, "change_state")]
        for kind, service in services:
            # An empty request changes nothing: no parameters to set, and no transition has the number 0 and no label.
            self.client(kind, f"{full_name}/{service}", left())
            self.call(kind, f"{full_name}/{service}", secs=left())
        self.diagnostics.wait(lambda m: any(s.name.startswith(name + ": ") for s in m.status), left(), what=f"diagnostics of {name}")
        if managed:
            self.action(f"{namespace}/{ACTION}" if namespace else ACTION, secs=left())
            unknown = self.raw_get_result(goal_id(), f"{namespace}/{ACTION}" if namespace else ACTION)
            self.wait(unknown, left(), "an answer about an unknown goal")

    # -- lifecycle

    def state(self, node="planwright_maze"):
        state = self.call(GetState, f"{node}/get_state").current_state
        return state.label

    def change_state(self, transition, node="planwright_maze", secs=PATIENCE_SECS):
        """By label or by number. Whether it succeeded."""
        request = ChangeState.Request()
        if isinstance(transition, int):
            request.transition.id = transition
        else:
            request.transition.label = transition
        return self.call(ChangeState, f"{node}/change_state", request, secs).success

    def wait_for_state(self, label, node="planwright_maze", secs=PATIENCE_SECS):
        wait_until(lambda: self.state(node) == label, secs, f"{node} to be {label}", 0.05)

    def activate(self, node="planwright_maze"):
        """From unconfigured or inactive."""
        if self.state(node) == "unconfigured" and not self.change_state("configure", node):
            raise RuntimeError(f"{node} cannot be configured")
        if self.state(node) == "inactive" and not self.change_state("activate", node):
            raise RuntimeError(f"{node} cannot be activated")

    # -- parameters

    @staticmethod
    def _parameters(values):
        return [Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]

    def set_parameters(self, values, node="planwright_maze"):
        """[(successful, reason), ...] in the order of the values."""
        request = parameter_srv.SetParameters.Request(parameters=self._parameters(values))
        results = self.call(parameter_srv.SetParameters, f"{node}/set_parameters", request).results
        return [(result.successful, result.reason) for result in results]

    def set_parameter(self, name, value, node="planwright_maze"):
        """True; RuntimeError with the reason if the node refuses."""
        successful, reason = self.set_parameters({name: value}, node)[0]
        if not successful:
            raise RuntimeError(f"{name} := {value!r}: {reason}")
        return True

    def set_atomically(self, values, node="planwright_maze"):
        request = parameter_srv.SetParametersAtomically.Request(parameters=self._parameters(values))
        result = self.call(parameter_srv.SetParametersAtomically, f"{node}/set_parameters_atomically", request).result
        return result.successful, result.reason

    def get_parameters(self, *names, node="planwright_maze"):
        request = parameter_srv.GetParameters.Request(names=list(names))
        values = self.call(parameter_srv.GetParameters, f"{node}/get_parameters", request).values
        return [rclpy.parameter.parameter_value_to_python(value) for value in values]

    # -- the action

    def action(self, name=ACTION, kind=ComputePathToPose, secs=PATIENCE_SECS):
        """The action's client: one per name."""
        if name not in self.action_clients:
            self.action_clients[name] = self.new_action(name, kind, secs)
        return self.action_clients[name]

    def new_action(self, name=ACTION, kind=ComputePathToPose, secs=PATIENCE_SECS):
        """Another client of the action."""
        client = self.inside(lambda: GoalClient(self, kind, name))
        if not client.wait_for_server(secs):
            raise TimeoutError(f"expected the action {name} within {secs} s")
        return client

    def send_goal(self, message, action=ACTION, secs=PATIENCE_SECS):
        """The goal's handle; look at its `accepted`."""
        return self.wait(self.action(action).send_goal_async(message), secs, "an answer to the goal")

    def send(self, message, action=ACTION, secs=PATIENCE_SECS):
        """Sends a goal and waits for its result."""
        begun = time.monotonic()
        handle = self.send_goal(message, action, secs)
        if not handle.accepted:
            return Answer(False, secs=time.monotonic() - begun)
        answer = self.wait(handle.get_result_async(), secs, "a result")
        return Answer(True, answer.status, answer.result, time.monotonic() - begun)

    def plan(self, goal=(1.0, 1.0), start=(3.0, 1.0), planner_id="", action=ACTION, secs=PATIENCE_SECS, **frames):
        """Asks for one path; `start=None` means from where the robot is."""
        return self.send(goal_message(goal, start, planner_id, **frames), action, secs)

    def eventually(self, predicate, attempts=50, period_secs=0.1, **question):
        """Asks until the answer is as asked, e.g. until odometry and map have come."""
        answer = None
        for _ in range(attempts):
            answer = self.plan(**question)
            if predicate(answer):
                break
            time.sleep(period_secs)
        return answer

    # -- the action's services by themselves

    def raw_send_goal(self, identifier, message, action=ACTION, kind=ComputePathToPose):
        service = kind.Impl.SendGoalService
        return self.call_async(service, f"{action}/_action/send_goal", service.Request(goal_id=identifier, goal=message))

    def raw_get_result(self, identifier, action=ACTION, kind=ComputePathToPose):
        service = kind.Impl.GetResultService
        return self.call_async(service, f"{action}/_action/get_result", service.Request(goal_id=identifier))

    def raw_cancel(self, identifier=None, stamp=None, action=ACTION):
        from action_msgs.srv import CancelGoal

        request = CancelGoal.Request()
        request.goal_info.goal_id = identifier or UUID()
        if stamp is not None:
            request.goal_info.stamp = stamp
        return self.call_async(CancelGoal, f"{action}/_action/cancel_goal", request)


def succeeded(answer):
    return answer.accepted and answer.status == 4 and answer.result.error_code == 0
