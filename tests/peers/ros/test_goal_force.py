#!/usr/bin/env python3
"""The goal-force planner as a node, in a closed loop with the simulated table, by a client that knows rclpy alone.

    python3 tests/peers/ros/namespace.py .deps/ros-kilted/bin/python tests/peers/ros/test_goal_force.py \\
        --planwright target/release/planwright [--only SECTION]

`fifty_scenes`: scene after scene is put on the table, the goal is sent with a pixel of the target, and the push of the answer is
executed; a goal is met if the target moves within 15 degrees and 30% of the wanted speed. The figures are in the last line.
"""

import math
import os
import signal
import struct
import sys
import time

from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, PointStamped, PoseStamped, TransformStamped, Vector3, WrenchStamped
from peer import BEST_EFFORT, KEPT, Peer, Programs, run_sections, wait_until
from planwright_msgs.action import PushObject
from planwright_msgs.srv import ExecutePush, NewScene
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from tf2_msgs.msg import TFMessage

NODE = "/planwright_goal_force"
SIM = "/planwright_scene"
ACTION = "push_object"
SUCCEEDED, CANCELED, ABORTED = 4, 5, 6
SCENES = 50
# A slow machine is no fault here: time is measured elsewhere.
PATIENT = {"deadline_secs": 30.0, "max_picture_age_secs": 30.0}
CODES = PushObject.Result


def distance(a, b):
    return math.dist((a.x, a.y, a.z), (b.x, b.y, b.z))


def goal_of(scene, **more):
    """The goal that a scene suggests, its target given as a pixel."""
    goal = PushObject.Goal(target=PointStamped(point=scene.target_px), velocity=scene.velocity, **more)
    # No picture of the scene before is planned on.
    goal.target.header.stamp = scene.velocity.header.stamp
    return goal


def is_met(wanted, got):
    """Within 15 degrees and 30% of the speed."""
    speed, wanted_speed = math.hypot(got.x, got.y), math.hypot(wanted.x, wanted.y)
    if speed == 0.0:
        return False
    turn = math.atan2(got.y, got.x) - math.atan2(wanted.y, wanted.x)
    turn = math.atan2(math.sin(turn), math.cos(turn))
    return abs(turn) <= math.radians(15.0) and abs(speed / wanted_speed - 1.0) <= 0.3


class Table:
    """The node beside the simulated table, and the client."""

    def __init__(self, planwright, kind="blocked", parameters=None, sim=None):
        self.programs = Programs(planwright)
        self.peer = Peer("table_client")
        self.parameters = {"autostart": True, **PATIENT, **(parameters or {})}
        self.sim = {"seed": 0, "rate_hz": 20.0, **(sim or {})}
        self.kind = kind

    def __enter__(self):
        peer = self.peer
        self.sim_program = self.programs.node("sim", self.sim, options=("--scene", "--kind", self.kind))
        self.node = self.programs.node("goal-force", self.parameters)
        peer.wait_for_state("active", NODE)
        peer.action(ACTION, PushObject)
        peer.diagnostics.status("planwright_goal_force: inputs", lambda status, values: values.get("picture_age_secs") != "never")
        return self

    def __exit__(self, *_):
        self.programs.__exit__()
        self.peer.close()

    def scene(self, seed):
        """The scene with this seed, once the node has its picture."""
        answer = self.peer.call(NewScene, f"{SIM}/new_scene", NewScene.Request(seed=seed))
        assert answer.success, answer.message
        return answer

    def next_scene(self, seeds):
        """The next scene with a goal."""
        return next(scene for scene in map(self.scene, seeds) if scene.has_goal)

    def send(self, goal):
        return self.peer.send(goal, ACTION)

    def ask(self, goal, attempts=100):
        """Sends a goal until the node has the scene's picture and camera: they come on topics of their own."""
        for _ in range(attempts):
            answer = self.send(goal)
            if answer.result.error_code not in (CODES.NO_PICTURE, CODES.NO_CAMERA, CODES.TF_ERROR, CODES.BUSY):
                return answer
            time.sleep(0.05)
        return answer


class Suite:
    def __init__(self, checks, planwright):
        self.checks, self.planwright = checks, planwright

    def fifty_scenes(self):
        checks = self.checks
        counts = dict(scenes=0, planned=0, on_obstacles=0, met=0, no_push=0, no_object=0)
        with Table(self.planwright) as table:
            seed = 0
            while counts["scenes"] < SCENES:
                scene = table.scene(seed)
                seed += 1
                if not scene.has_goal:
                    continue
                counts["scenes"] += 1
                points = [PointStamped(point=point) for point in scene.points_px]
                goal = goal_of(scene, mass_points=points, masses_kg=scene.masses_kg)
                answer = table.ask(goal)
                result = answer.result
                if answer.status != SUCCEEDED:
                    kind = "no_push" if result.error_code == CODES.NO_PUSH else "no_object"
                    counts[kind] += 1
                    continue
                counts["planned"] += 1
                request = ExecutePush.Request(push=result.push, push_time=result.push_time, contact=result.contact)
                done = table.peer.call(ExecutePush, f"{SIM}/execute_push", request)
                # An upright cylinder looks like a ball from above; the table says so, and nothing moves.
                if not done.success and "an obstacle" in done.message:
                    counts["on_obstacles"] += 1
                elif checks.that(f"scene {seed - 1}: the table executes the push", done.success, done.message):
                    counts["met"] += is_met(scene.velocity.vector, done.struck[scene.target])
        print(f"figures {counts}", flush=True)
        checks.that("pushes on obstacles are rare", counts["on_obstacles"] <= 3, counts)
        checks.that("most goals get a push", counts["planned"] >= 25, counts)
        checks.that("most pushes meet their goal", 2 * counts["met"] > counts["planned"], counts)

    def one_answer(self):
        checks = self.checks
        with Table(self.planwright, "balls") as table:
            peer = table.peer
            pushes = peer.listen(WrenchStamped, "push")
            contacts = peer.listen(PoseStamped, "push_contact")
            frames = peer.listen(CompressedImage, f"{NODE}/predicted/compressed")
            answer = None
            for seed in range(20):
                scene = table.scene(seed)
                if not scene.has_goal:
                    continue
                frames.clear()
                answer = table.ask(goal_of(scene))
                if answer.status == SUCCEEDED:
                    break
            result = answer.result
            if not checks.equal("a goal succeeds", SUCCEEDED, answer.status):
                print(result.error_code, result.error_msg)
                return
            checks.equal("its code is none", CODES.NONE, result.error_code)
            push = pushes.wait(lambda message: message.header.stamp == result.push.header.stamp)
            checks.equal("the push is published", result.push, push)
            contact = contacts.wait(lambda message: message.header.stamp == result.contact.header.stamp)
            checks.equal("its contact is published", result.contact, contact)
            checks.equal("in the robot's frame", "base_link", push.header.frame_id)
            force = math.hypot(push.wrench.force.x, push.wrench.force.y)
            seconds = result.push_time.sec + 1e-9 * result.push_time.nanosec
            checks.near("force times time is the impulse", result.impulse_ns, force * seconds, 1e-9)
            checks.equal("no torque", Vector3(), push.wrench.torque)
            checks.that("a confidence is a share", 0.0 < result.confidence <= 1.0, result.confidence)
            wanted, got = scene.velocity.vector, result.simulated_velocity.vector
            checks.that("in the gate's simulation the goal is met", is_met(wanted, got), (wanted, got))
            checks.equal("in the table's frame", "table", result.simulated_velocity.header.frame_id)
            # The robot stands at (-1.2, 0) without a turn: its frame and the table's differ by that.
            at = result.contact.pose.position
            off = distance(Point(x=at.x - 1.2, y=at.y, z=at.z), result.initiator.point)
            checks.that("the contact is on the object", 0.01 < off < 0.3, off)
            wait_until(lambda: len(frames.items) >= 17, what="17 frames of the predicted motion")
            sizes = {struct.unpack(">II", bytes(frame.data[16:24])) for frame in frames.messages}
            checks.equal("the predicted motion has frames of 64 px", {(64, 64)}, sizes)
            table.peer.diagnostics.status("planwright_goal_force: planner", lambda status, values: int(values["answered"]) > 0)

            # The same target as a point on the table, in two frames, and the same answer to the same question.
            again = table.send(goal_of(scene))
            checks.equal("the same question has the same answer", result.push.wrench, again.result.push.wrench)
            stages = []
            handle = peer.wait(peer.action(ACTION).send_goal_async(
                goal_of(scene), feedback_callback=lambda message: stages.append(message.feedback.stage)))
            peer.wait(handle.get_result_async())
            checks.that("stages are told", stages[:1] == ["proposing"], stages)

    def bad_goals(self):
        checks = self.checks
        with Table(self.planwright, "balls") as table:
            scene = table.next_scene(range(20))
            table.ask(goal_of(scene))
            pushes = table.peer.listen(WrenchStamped, "push")
            nan = float("nan")

            def refused(name, code, text, **changes):
                goal = goal_of(scene)
                for field, value in changes.items():
                    setattr(goal, field, value)
                answer = table.send(goal)
                holds = answer.status == ABORTED and answer.result.error_code == code and text in answer.result.error_msg
                checks.that(name, holds, (answer.status, answer.result.error_code, answer.result.error_msg))

            later = PointStamped(point=scene.target_px)
            later.header.stamp.sec = scene.velocity.header.stamp.sec + 1000

            def velocity(x, y, z=0.0, frame=""):
                message = type(scene.velocity)(vector=Vector3(x=x, y=y, z=z))
                message.header.frame_id = frame
                return message

            def target(x, y, z=0.0, frame=""):
                message = PointStamped(point=Point(x=x, y=y, z=z))
                message.header.frame_id = frame
                return message

            refused("a target that is NaN", CODES.INVALID_GOAL, "target: expected finite", target=target(nan, 3.0))
            refused("a velocity that is NaN", CODES.INVALID_GOAL, "velocity: expected finite", velocity=velocity(nan, 0.1))
            refused("no velocity", CODES.INVALID_GOAL, "along the table", velocity=velocity(0.0, 0.0))
            refused("a velocity away from the table", CODES.INVALID_GOAL, "along the table", velocity=velocity(0.1, 0.0, 0.3))
            refused("a velocity beyond the training's", CODES.INVALID_GOAL, "m/s, got 9.00", velocity=velocity(9.0, 0.0))
            refused("an unknown frame", CODES.TF_ERROR, "nowhere", target=target(0.0, 0.0, 0.0, "nowhere"))
            refused("a target beside the picture", CODES.NO_TARGET, "target on an object", target=target(-900.0, 4000.0))
            refused("a mass without a point", CODES.INVALID_GOAL, "mass_points", masses_kg=[1.0])
            refused("a mass of no kilograms", CODES.INVALID_GOAL, "kg above 0", mass_points=[scene_point(scene)], masses_kg=[0.0])
            refused("a mass on nothing", CODES.INVALID_GOAL, "mass_points on objects", mass_points=[target(0.1, 0.1)], masses_kg=[2.0])
            refused("a target of a picture to come", CODES.NO_PICTURE, "goal's stamp", target=later)
            refused("a negative deadline", CODES.INVALID_GOAL, "deadline_secs", deadline_secs=-1.0)
            refused("a deadline that nothing can meet", CODES.TIMEOUT, "", deadline_secs=1e-6)
            checks.equal("nothing was pushed", 0, len(pushes.items))

            # Several at once: while the process stands still all of them come in, and the loop takes them in one turn.
            table.ask(goal_of(scene))
            table.node.send_signal(signal.SIGSTOP)
            futures = [table.peer.action(ACTION).send_goal_async(goal_of(scene)) for _ in range(4)]
            time.sleep(0.3)
            table.node.send_signal(signal.SIGCONT)
            handles = [table.peer.wait(future) for future in futures]
            answers = [table.peer.wait(handle.get_result_async()) for handle in handles]
            codes = [answer.result.error_code for answer in answers]
            checks.that("of goals at once one is planned for", any(code in (CODES.NONE, CODES.NO_PUSH) for code in codes), codes)
            checks.that("and others are refused", CODES.BUSY in codes, codes)
            answer = table.ask(goal_of(scene))
            checks.that("the next goal is planned for", answer.result.error_code in (CODES.NONE, CODES.NO_PUSH), answer)

            # A goal may be faster than its cancellation; twenty in a row are not.
            statuses = []
            while CANCELED not in statuses and len(statuses) < 20:
                table.ask(goal_of(scene))
                handle = table.peer.send_goal(goal_of(scene), ACTION)
                table.peer.wait(handle.cancel_goal_async())
                statuses.append(table.peer.wait(handle.get_result_async()).status)
            checks.that("a goal can be canceled", CANCELED in statuses, statuses)

    def pictures(self):
        """Pictures and cameras of a publisher of our own: what fields really send, and what makes no sense."""
        checks = self.checks
        with Programs(self.planwright) as programs, Peer("camera") as peer:
            source = Camera(peer)
            node = programs.node("goal-force", {"autostart": True, **PATIENT, "max_picture_age_secs": 1.0})
            peer.wait_for_state("active", NODE)
            peer.action(ACTION, PushObject)
            wait_until(lambda: source.pictures.get_subscription_count() > 0, what="the node's reader")
            goal = PushObject.Goal()
            goal.target.point = Point(x=40.5, y=32.5, z=0.0)
            goal.velocity.vector = Vector3(x=0.2, y=0.0, z=0.0)

            def outcome(name, code, text="", attempts=60):
                for _ in range(attempts):
                    source.publish()
                    time.sleep(0.05)
                    answer = peer.send(goal, ACTION)
                    if answer.result.error_code == code and text in answer.result.error_msg:
                        break
                checks.that(name, answer.result.error_code == code and text in answer.result.error_msg,
                            (answer.result.error_code, answer.result.error_msg))

            source.silent = True
            outcome("no picture yet", CODES.NO_PICTURE, "none has come")
            source.silent, source.without_info = False, True
            outcome("no camera_info", CODES.NO_CAMERA, "none has come")
            source.without_info = False
            outcome("without transforms", CODES.TF_ERROR, "")
            source.send_transforms()
            fine = (CODES.NONE, CODES.NO_PUSH)

            def is_fine(name):
                for _ in range(60):
                    source.publish()
                    time.sleep(0.05)
                    answer = peer.send(goal, ACTION)
                    if answer.result.error_code in fine:
                        break
                checks.that(name, answer.result.error_code in fine, (answer.result.error_code, answer.result.error_msg))

            is_fine("a picture of two balls is planned on")
            for encoding in ("bgr8", "rgba8", "bgra8", "rgb16"):
                source.encoding = encoding
                is_fine(f"encoding {encoding}")
            source.encoding, source.padding = "rgb8", 24
            is_fine("rows with padding")
            source.padding = 0
            for encoding, text in (("mono8", "mono8"), ("16UC1", "16UC1"), ("bayer_rggb8", "bayer_rggb8"), ("", "''"), ("rgb9", "rgb9")):
                source.label = encoding
                outcome(f"encoding {encoding or 'none'} is refused", CODES.NO_PICTURE, text)
            source.label = None
            is_fine("and a good picture is planned on after it")
            source.step = 7
            outcome("a stride that lies", CODES.NO_PICTURE, "step of 7")
            source.step = None
            source.cut = 500
            outcome("a picture that is cut off", CODES.NO_PICTURE, "bytes")
            source.cut = 0
            source.black = True
            outcome("a picture that is all black", CODES.NO_PICTURE, "one colour")
            source.black = False
            source.empty = True
            outcome("a table without objects", CODES.NO_OBJECT)
            source.empty = False
            source.info_size = (32, 64)
            outcome("a camera of another size", CODES.NO_CAMERA, "camera_info states")
            source.info_size = None
            source.focal = 0.0
            outcome("a camera without intrinsics", CODES.NO_CAMERA, "")
            source.focal = float("nan")
            outcome("a camera whose focal length is NaN", CODES.NO_CAMERA, "")
            source.focal = Camera.FOCAL
            source.model, source.coefficients = "thin_prism", [0.1] * 5
            outcome("a lens that is not known", CODES.NO_CAMERA, "thin_prism")
            source.model, source.coefficients = "plumb_bob", [-0.05, 0.01, 0.0, 0.0, 0.0]
            is_fine("a lens with distortion")
            source.coefficients = [0.0] * 5
            source.age_secs = 5.0
            outcome("a picture that is stale", CODES.NO_PICTURE, "old")
            source.age_secs = -5.0
            outcome("a picture from the future", CODES.NO_PICTURE, "ahead")
            source.age_secs = None
            outcome("a picture without a stamp", CODES.NO_PICTURE, "without a stamp")
            source.age_secs = 0.0
            source.frame = ""
            outcome("a picture without a frame", CODES.NO_PICTURE, "frame_id")
            source.frame = "camera"
            is_fine("a good picture is planned on after all of them")
            faults = peer.diagnostics.values("planwright_goal_force: faults")
            for name in ("picture_encoding", "picture_stride", "picture_stamp", "picture_future", "camera_uncalibrated"):
                checks.that(f"the diagnostics count {name}", int(faults.get(name, 0)) > 0, faults)
            checks.equal("SIGINT ends the node with 0", 0, node.stop())

    def compressed(self):
        checks = self.checks
        with Table(self.planwright, "balls", {"image_transport": "compressed"}, {"compressed": True}) as table:
            met = 0
            for seed in range(6):
                scene = table.scene(seed)
                if scene.has_goal:
                    answer = table.ask(goal_of(scene))
                    met += answer.result.error_code in (CODES.NONE, CODES.NO_PUSH)
            checks.that("compressed pictures are planned on", met > 0, met)

    def life(self):
        checks = self.checks
        with Programs(self.planwright) as programs, Peer("manager") as peer:
            node = programs.node("goal-force", PATIENT)
            peer.wait_for_state("unconfigured", NODE)
            peer.action(ACTION, PushObject)
            checks.that("an unconfigured node takes no goals", not peer.send_goal(PushObject.Goal(), ACTION).accepted)
            peer.set_parameter("model", "no-such-model.onnx", NODE)
            checks.that("a model that is none is not configured", not peer.change_state("configure", NODE))
            _, values = peer.diagnostics.status("planwright_goal_force: planner", lambda status, values: "model_rejected" in values)
            checks.that("and the diagnostics say why", "no-such-model" in values["model_rejected"], values)
            peer.set_parameter("model", "models/maze-umaze.onnx", NODE)
            checks.that("a model of another family is not configured", not peer.change_state("configure", NODE))
            peer.set_parameter("model", "models/goal-force.onnx", NODE)
            checks.that("it can be configured", peer.change_state("configure", NODE))
            accepted, reason = peer.set_parameters({"model": "models/other.onnx"}, NODE)[0]
            checks.that("a configured node keeps its model", not accepted and "unconfigured" in reason, reason)
            checks.that("an inactive node takes no goals", not peer.send_goal(PushObject.Goal(), ACTION).accepted)
            checks.that("it can be activated", peer.change_state("activate", NODE))
            answer = peer.send(PushObject.Goal(), ACTION)
            checks.equal("an empty goal is invalid", CODES.INVALID_GOAL, answer.result.error_code)
            checks.that("deadlines are set while it works", peer.set_parameter("deadline_secs", 2.0, NODE))
            for transition, state in (("deactivate", "inactive"), ("activate", "active"), ("deactivate", "inactive"),
                                      ("cleanup", "unconfigured"), ("configure", "inactive"), ("shutdown", "finalized")):
                done = peer.change_state(transition, NODE)
                checks.that(f"{transition} leads to {state}", done and peer.state(NODE) == state, (done, peer.state(NODE)))
            checks.equal("SIGINT ends the node with 0", 0, node.stop())

    def bad_pushes(self):
        """The table refuses pushes that make no sense, and takes one per scene."""
        checks = self.checks
        with Table(self.planwright, "balls") as table:
            scene = answer = None
            for seed in range(20):
                scene = table.scene(seed)
                if not scene.has_goal:
                    continue
                answer = table.ask(goal_of(scene))
                if answer.status == SUCCEEDED:
                    break
            result = answer.result

            def execute(change=lambda request: None):
                request = ExecutePush.Request(push=result.push, push_time=result.push_time, contact=result.contact)
                request = type(request)(push=copy(request.push), push_time=copy(request.push_time), contact=copy(request.contact))
                change(request)
                return table.peer.call(ExecutePush, f"{SIM}/execute_push", request)

            def refused(name, change):
                done = execute(change)
                checks.that(name, not done.success and "expected" in done.message, done.message)

            def set_force(x):
                def change(request):
                    request.push.wrench.force.x = x
                return change

            def set_far(request):
                request.contact.pose.position.x += 5.0

            def set_frame(request):
                request.push.header.frame_id = "nowhere"

            def set_time(request):
                request.push_time.sec, request.push_time.nanosec = 0, 0

            refused("a force that is NaN", set_force(float("nan")))
            refused("a force that no table bears", set_force(1e9))
            refused("a contact far from every object", set_far)
            refused("an unknown frame", set_frame)
            refused("no time", set_time)
            done = execute()
            checks.that("the push itself is executed", done.success, done.message)
            refused("a second push on the same scene", lambda request: None)


def copy(message):
    from rclpy.serialization import deserialize_message, serialize_message

    return deserialize_message(serialize_message(message), type(message))


def scene_point(scene):
    return PointStamped(point=scene.target_px)


class Camera:
    """A camera 2 m above the table, looking down, that sees two balls."""

    SIDE = 64
    FOCAL = 70.0

    def __init__(self, peer):
        self.peer = peer
        self.pictures = peer.publisher(Image, "image", BEST_EFFORT, matched=False)
        self.infos = peer.publisher(CameraInfo, "camera_info", BEST_EFFORT, matched=False)
        self.transforms = peer.publisher(TFMessage, "/tf_static", KEPT, matched=False)
        self.silent = self.without_info = self.black = self.empty = False
        self.encoding, self.label, self.padding, self.step, self.cut = "rgb8", None, 0, None, 0
        self.info_size, self.focal, self.age_secs, self.frame = None, self.FOCAL, 0.0, "camera"
        self.model, self.coefficients = "plumb_bob", [0.0] * 5

    def send_transforms(self):
        """x to the right and y up in the picture; the camera's z axis points down."""
        camera = TransformStamped(child_frame_id="camera")
        camera.header.frame_id = "table"
        camera.transform.translation.z = 2.0
        camera.transform.rotation.x = 1.0
        camera.transform.rotation.w = 0.0
        robot = TransformStamped(child_frame_id="base_link")
        robot.header.frame_id = "table"
        robot.transform.rotation.w = 1.0
        self.transforms.publish(TFMessage(transforms=[camera, robot]))

    def pixel(self, u, v):
        if self.black:
            return (0, 0, 0)
        if not self.empty:
            for centre, colour in (((16, 32), (210, 40, 40)), ((40, 32), (40, 60, 210))):
                if (u + 0.5 - centre[0]) ** 2 + (v + 0.5 - centre[1]) ** 2 <= 16.0:
                    return colour
        return (120, 120, 120) if not self.empty or (u, v) != (0, 0) else (121, 120, 120)

    def stamp(self):
        if self.age_secs is None:
            return Time()
        nanos = self.peer.node.get_clock().now().nanoseconds - int(1e9 * self.age_secs)
        return Time(sec=nanos // 10**9, nanosec=nanos % 10**9)

    def publish(self):
        if self.silent:
            return
        orders = {"rgb8": "rgb", "bgr8": "bgr", "rgba8": "rgba", "bgra8": "bgra", "rgb16": "rgb"}
        wide = self.encoding.endswith("16")
        data = bytearray()
        for v in range(self.SIDE):
            for u in range(self.SIDE):
                channels = dict(zip("rgb", self.pixel(u, v)), a=255)
                for letter in orders[self.encoding]:
                    data += bytes((0, channels[letter]) if wide else (channels[letter],))
            data += bytes(self.padding)
        message = Image(height=self.SIDE, width=self.SIDE, encoding=self.encoding if self.label is None else self.label)
        message.step = len(data) // self.SIDE if self.step is None else self.step
        message.data = bytes(data[:len(data) - self.cut])
        message.header.frame_id, message.header.stamp = self.frame, self.stamp()
        if not self.without_info:
            width, height = self.info_size or (self.SIDE, self.SIDE)
            info = CameraInfo(width=width, height=height, distortion_model=self.model, d=self.coefficients)
            centre = 0.5 * self.SIDE - 0.5
            info.k = [self.focal, 0.0, centre, 0.0, self.focal, centre, 0.0, 0.0, 1.0]
            info.header.frame_id, info.header.stamp = "camera", message.header.stamp
            self.infos.publish(info)
        self.pictures.publish(message)


if __name__ == "__main__":
    code = run_sections(__doc__, Suite, ["fifty_scenes", "one_answer", "bad_goals", "pictures", "compressed", "life", "bad_pushes"])
    sys.stdout.flush()
    os._exit(code)
