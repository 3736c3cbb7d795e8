#!/usr/bin/env python3
"""A foreign client drives a differential robot on any map: it knows Nav2's actions and nothing else.

    python3 tests/peers/ros/namespace.py .deps/ros-kilted/bin/python tests/peers/ros/test_any_map.py --planwright PATH
        [--map FILE] [--goals N] [--seed N] [--only drive|updates|follow|refusals|models]

`planwright node sim --map FILE` is the robot, `planwright node planner` plans. In the section drive it follows its own plans;
in the section follow the client hands each path of ComputePathToPose to FollowPath. Every goal has a direction of its own, and
counts if the robot stands within 0.15 m of it, turned to it to 0.1 rad, and has touched nothing. Without --map the map is
generated: rooms with doors, its origin turned.
"""

import argparse
import itertools
import math
import random
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy

from geometry_msgs.msg import PoseStamped
from map_msgs.msg import OccupancyGridUpdate
from nav2_msgs.action import ComputePathThroughPoses, ComputePathToPose, FollowPath
from nav_msgs.msg import OccupancyGrid, Odometry, Path as RosPath
from sensor_msgs.msg import LaserScan
from std_msgs.msg import UInt64

from peer import BEST_EFFORT, LATCHED, RELIABLE, Checks, Peer, Programs, wait_until

SIM, PLANNER = "/planwright_sim", "/planwright_planner"
ROOM_M = 0.35  # around every goal
TOLERANCE_M, TOLERANCE_RAD = 0.15, 0.1
ARRIVAL_SECS = 90.0


def write_rooms(folder):
    """Four rooms of 4 m with doors of 1 m, at 0.05 m, as map_server writes them."""
    cells = numpy.full((170, 170), 254, dtype=numpy.uint8)
    cells[:4], cells[-4:], cells[:, :4], cells[:, -4:] = 0, 0, 0, 0
    cells[83:87], cells[:, 83:87] = 0, 0
    for door in (30, 125):
        cells[83:87, door:door + 20] = 254
    cells[120:140, 83:87] = 254
    cells[40:52, 120:132] = 0
    (folder / "rooms.pgm").write_bytes(b"P5\n170 170\n255\n" + cells.tobytes())
    text = "image: rooms.pgm\nresolution: 0.05\norigin: [-3.0, 2.0, 0.4]\nnegate: 0\noccupied_thresh: 0.65\nfree_thresh: 0.196\n"
    (folder / "rooms.yaml").write_text(text)
    return folder / "rooms.yaml"


def yaw_of(orientation):
    return 2.0 * math.atan2(orientation.z, orientation.w)


def off_rad(a, b):
    return abs(math.remainder(a - b, 2.0 * math.pi))


def pose(x, y, yaw):
    message = PoseStamped()
    message.header.frame_id = "map"
    message.pose.position.x, message.pose.position.y = x, y
    message.pose.orientation.z, message.pose.orientation.w = math.sin(0.5 * yaw), math.cos(0.5 * yaw)
    return message


class Roomy:
    """Places of a map where the robot has room and to which it can come."""

    def __init__(self, grid, start, seed):
        info = grid.info
        self.info, self.yaw = info, yaw_of(info.origin.orientation)
        free = numpy.array(grid.data, dtype=numpy.int8).reshape(info.height, info.width) == 0
        reach = math.ceil(ROOM_M / info.resolution)
        roomy = free.copy()
        roomy[:reach], roomy[-reach:], roomy[:, :reach], roomy[:, -reach:] = False, False, False, False
        for _ in range(reach):
            roomy[1:-1, 1:-1] &= roomy[:-2, 1:-1] & roomy[2:, 1:-1] & roomy[1:-1, :-2] & roomy[1:-1, 2:] & free[1:-1, 1:-1]
        connected = numpy.zeros_like(roomy)
        column, row = self.cell(*start)
        connected[row, column] = roomy[row, column] = True
        while True:
            grown = connected.copy()
            grown[1:] |= connected[:-1]
            grown[:-1] |= connected[1:]
            grown[:, 1:] |= connected[:, :-1]
            grown[:, :-1] |= connected[:, 1:]
            grown &= roomy
            if (grown == connected).all():
                break
            connected = grown
        self.cells = numpy.argwhere(connected)
        self.chance = random.Random(seed)

    def cell(self, x, y):
        x, y = x - self.info.origin.position.x, y - self.info.origin.position.y
        sin, cos = math.sin(self.yaw), math.cos(self.yaw)
        return int((cos * x + sin * y) / self.info.resolution), int((cos * y - sin * x) / self.info.resolution)

    def goal(self):
        row, column = self.chance.choice(self.cells)
        u, v = (column + 0.5) * self.info.resolution, (row + 0.5) * self.info.resolution
        sin, cos = math.sin(self.yaw), math.cos(self.yaw)
        x, y = self.info.origin.position.x + cos * u - sin * v, self.info.origin.position.y + sin * u + cos * v
        return float(x), float(y), self.chance.uniform(-math.pi, math.pi)


class Robot:
    """What the robot and its planner publish."""

    def __init__(self, peer, programs, map_file, seed, parameters):
        options = ("--map", str(map_file), "--robot", "differential")
        self.peer = peer
        self.sim = peer.start(programs, "sim", {"scan_rate_hz": 10.0}, options=options, full_name=SIM)
        self.odometry, self.contacts = peer.listen(Odometry, "/odom", BEST_EFFORT), peer.listen(UInt64, f"{SIM}/wall_contacts", LATCHED)
        self.planner = peer.start(programs, "planner", {"autostart": True, **parameters}, full_name=PLANNER)
        peer.wait_for_state("active", PLANNER)
        grid = peer.listen(OccupancyGrid, "/map", LATCHED)
        grid.wait()
        self.odometry.wait()
        self.places = Roomy(grid.last, self.place()[:2], seed)
        wait_until(lambda: "map_cells" in peer.diagnostics.values("planwright_planner: inputs"), what="the planner's map")
        for name, kind in (("compute_path_to_pose", ComputePathToPose), ("follow_path", FollowPath),
                           ("compute_path_through_poses", ComputePathThroughPoses)):
            peer.action(name, kind)

    def place(self):
        at = self.odometry.last
        return at.pose.pose.position.x, at.pose.pose.position.y, yaw_of(at.pose.pose.orientation)

    def stands(self):
        twist = self.odometry.last.twist.twist
        return abs(twist.linear.x) < 0.02 and abs(twist.angular.z) < 0.02

    def is_at(self, goal):
        x, y, yaw = self.place()
        return math.dist((x, y), goal[:2]) <= TOLERANCE_M and off_rad(yaw, goal[2]) <= TOLERANCE_RAD and self.stands()

    def touched(self):
        return self.contacts.last.data if self.contacts.last else None

    def check(self, checks, number, goal, begun):
        x, y, yaw = self.place()
        off = f"{math.dist((x, y), goal[:2]):.3f} m and {off_rad(yaw, goal[2]):.3f} rad off"
        print(f"goal {number}: {goal[0]:.2f}, {goal[1]:.2f}, {goal[2]:.2f} rad: {off} after {time.monotonic() - begun:.1f} s", flush=True)
        checks.that(f"goal {number} is reached in its direction", self.is_at(goal), off)
        checks.equal(f"nothing was touched on the way to goal {number}", 0, self.touched())


def plan(robot, goal):
    return robot.peer.send(ComputePathToPose.Goal(goal=pose(*goal)), "compute_path_to_pose")


def drive(checks, peer, programs, options):
    robot = Robot(peer, programs, options.map, options.seed, {"drive": True})
    for number in range(1, options.goals + 1):
        goal, begun = robot.places.goal(), time.monotonic()
        answer = plan(robot, goal)
        if not checks.that(f"goal {number} is planned", answer.status == 4, f"{answer} {answer.result and answer.result.error_msg}"):
            continue
        last = answer.result.path.poses[-1].pose
        checks.near(f"path {number} ends in the goal's direction", 0.0, off_rad(yaw_of(last.orientation), goal[2]), 1e-6)
        try:
            wait_until(lambda goal=goal: robot.is_at(goal), ARRIVAL_SECS)
        except TimeoutError:
            print(peer.diagnostics.values("planwright_planner: drive"), peer.diagnostics.values("planwright_planner: faults"), flush=True)
        robot.check(checks, number, goal, begun)


def updates(checks, peer, programs, options):
    """A costmap's stream of changes, none of them near the robot's way: no plan is dropped, no goal missed."""
    robot = Robot(peer, programs, options.map, options.seed + 2, {"drive": True})
    publisher = peer.publisher(OccupancyGridUpdate, "/map_updates", RELIABLE)
    ended = threading.Event()

    def publish():
        # In the wall of the map's corner, so that every message makes another map.
        for number in itertools.count():
            update = OccupancyGridUpdate(x=0, y=0, width=2, height=2, data=[100, 100, 100, 100 if number % 2 else 99])
            update.header.frame_id = "map"
            publisher.publish(update)
            if ended.wait(0.05):
                return
    thread = threading.Thread(target=publish)
    thread.start()
    try:
        for number in range(1, 3):
            goal, begun = robot.places.goal(), time.monotonic()
            answers = [plan(robot, goal) for _ in range(5)]
            checks.that(f"goal {number} is planned every time", all(answer.status == 4 for answer in answers),
                        [answer.result and answer.result.error_msg for answer in answers])
            try:
                wait_until(lambda goal=goal: robot.is_at(goal), ARRIVAL_SECS)
            except TimeoutError:
                print(peer.diagnostics.values("planwright_planner: drive"), flush=True)
            robot.check(checks, number, goal, begun)
        faults = peer.diagnostics.values("planwright_planner: faults")
        checks.that("no plan was dropped for another map", "map_changed" not in str(faults), faults)
    finally:
        ended.set()
        thread.join()


def follow(checks, peer, programs, options):
    robot = Robot(peer, programs, options.map, options.seed + 1, {})
    feedback = []
    for number in range(1, options.goals + 1):
        goal, begun = robot.places.goal(), time.monotonic()
        answer = plan(robot, goal)
        if not checks.that(f"goal {number} is planned", answer.status == 4, f"{answer} {answer.result and answer.result.error_msg}"):
            continue
        client = peer.action("follow_path")
        message = FollowPath.Goal(path=answer.result.path, controller_id="FollowPath")
        handle = peer.wait(client.send_goal_async(message, lambda m: feedback.append(m.feedback)), what="an answer to the path")
        result = peer.wait(handle.get_result_async(), ARRIVAL_SECS, "the end of the path")
        checks.that(f"path {number} is followed", result.status == 4, f"{result.status} {result.result.error_code} {result.result.error_msg}")
        wait_until(robot.stands, 5.0, "a robot that stands")
        robot.check(checks, number, goal, begun)
    checks.that("feedback has the way left and the speed", len(feedback) > 10 and max(f.speed for f in feedback) > 0.3
                and feedback[-1].distance_to_goal < 0.2, f"{len(feedback)} messages")
    canceled(checks, robot)


def canceled(checks, robot):
    """A path that is canceled under way, and one that a newer one takes the place of."""
    peer = robot.peer
    client = peer.action("follow_path")
    far = max((robot.places.goal() for _ in range(20)), key=lambda goal: math.dist(goal[:2], robot.place()[:2]))
    path = plan(robot, far).result.path
    handles = [peer.wait(client.send_goal_async(FollowPath.Goal(path=path))) for _ in range(2)]
    first = peer.wait(handles[0].get_result_async())
    checks.equal("a newer path takes the place of the one before", (6, FollowPath.Result.UNKNOWN), (first.status, first.result.error_code))
    wait_until(lambda: not robot.stands(), 10.0, "a robot that moves")
    peer.wait(handles[1].cancel_goal_async())
    checks.equal("a path is canceled", 5, peer.wait(handles[1].get_result_async()).status)
    wait_until(robot.stands, 5.0, "a robot that stands")


def refusals(checks, peer, programs, options):
    robot = Robot(peer, programs, options.map, options.seed, {})
    results = FollowPath.Result

    def followed(poses, frame="map", **goal):
        path = RosPath(poses=poses)
        path.header.frame_id = frame
        answer = peer.send(FollowPath.Goal(path=path, **goal), "follow_path")
        return answer.status, answer.result.error_code
    here = pose(*robot.place())
    checks.equal("an empty path", (6, results.INVALID_PATH), followed([]))
    checks.equal("another controller", (6, results.INVALID_CONTROLLER), followed([here], controller_id="DWB"))
    checks.equal("a path in an unknown frame", (6, results.TF_ERROR), followed([here], "attic"))
    checks.equal("a path of NaN", (6, results.INVALID_PATH), followed([pose(math.nan, 0.0, 0.0)]))
    checks.equal("a path to where the robot stands", (4, results.NONE), followed([here]))
    outside = pose(-500.0, 0.0, 0.0)
    checks.equal("a path off the map", (6, results.NO_VALID_CONTROL), followed([here, outside]))
    through = ComputePathThroughPoses.Result

    def passed(*goals):
        answer = peer.send(ComputePathThroughPoses.Goal(goals=[pose(*goal) for goal in goals]), "compute_path_through_poses")
        return answer.status, answer.result.error_code, answer.result.path.poses
    goals = [robot.places.goal() for _ in range(3)]
    *outcome, poses = passed(*goals)
    checks.equal("a path through three poses", [4, through.NONE], outcome)
    places = [(p.pose.position.x, p.pose.position.y) for p in poses]
    for number, goal in enumerate(goals, 1):
        nearest = min((math.dist(place, goal[:2]) for place in places), default=math.inf)
        checks.that(f"it passes pose {number}", nearest < 0.1, f"by {nearest} m")
    checks.equal("a path through no poses", (6, through.NO_VIAPOINTS_GIVEN), passed()[:2])
    checks.equal("a path through a pose off the map", (6, through.GOAL_OUTSIDE_MAP),
                 passed(goals[0], (-500.0, 0.0, 0.0), goals[1])[:2])
    scan = peer.listen(LaserScan, "/scan", BEST_EFFORT)
    got = scan.wait()
    checks.that("scans come", len(got.ranges) == 720 and 0.2 < min(got.ranges) < 30.0, min(got.ranges))
    # The whole map becomes an obstacle, by an update.
    grid = robot.places.info
    update = OccupancyGridUpdate(x=0, y=0, width=grid.width, height=grid.height, data=[100] * (grid.width * grid.height))
    update.header.frame_id = "map"
    peer.publisher(OccupancyGridUpdate, "/map_updates", RELIABLE).publish(update)

    def refused():
        answer = plan(robot, goals[0])
        return answer.result.error_code in (ComputePathToPose.Result.START_OCCUPIED, ComputePathToPose.Result.GOAL_OCCUPIED)
    wait_until(refused, 10.0, "a plan that the updated map refuses", 0.2)
    checks.that("an update of the map counts", True)


def models(checks, peer, programs, _options):
    """The same node plans on any map and, with a model of a maze, in that maze; each change reads the map anew."""
    peer.start(programs, "sim", {"layout": "umaze"}, full_name=SIM)
    peer.start(programs, "planner", {"autostart": True, "robot": "point-mass", "planner": "search"}, full_name=PLANNER)
    peer.wait_for_state("active", PLANNER)
    peer.action("compute_path_to_pose", ComputePathToPose)

    def plans():
        answer = peer.send(ComputePathToPose.Goal(goal=pose(1.0, 1.0, 0.5)), "compute_path_to_pose")
        return answer.result.error_code == 0
    wait_until(plans, 20.0, "a plan by search", 0.2)
    loaded = peer.set_atomically({"planner": "model", "model": "models/maze-umaze.onnx"}, PLANNER)
    checks.equal("a model of a maze takes over", (True, ""), loaded)
    wait_until(plans, 20.0, "a plan by the model", 0.2)
    values = peer.diagnostics.values("planwright_planner: planner")
    checks.that("it is the model that plans", values["model"].endswith("maze-umaze.onnx"), values["model"])
    cells = peer.diagnostics.values("planwright_planner: inputs")["map_cells"]
    checks.equal("the map is read as a maze", "5 x 5", cells)
    checks.equal("a planner of any map takes over", True, peer.set_parameter("planner", "smoothed", PLANNER))
    wait_until(plans, 20.0, "a plan on any map", 0.2)
    cells = peer.diagnostics.values("planwright_planner: inputs")["map_cells"]
    checks.equal("the map is read as a grid", "50 x 50", cells)
    successful, reason = peer.set_parameters({"planner": "corridor"}, PLANNER)[0]
    checks.that("corridor wants a model of that family", not successful and "corridor" in reason.lower(), reason)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--planwright", required=True)
    parser.add_argument("--map", help="a map of map_server; otherwise one is generated")
    parser.add_argument("--goals", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    checks = Checks(options.only)
    with tempfile.TemporaryDirectory() as folder:
        options.map = Path(options.map).resolve() if options.map else write_rooms(Path(folder))
        for section in (drive, updates, follow, refusals, models):
            with Programs(options.planwright) as programs, Peer("foreign_client") as peer:
                checks.section(section, checks, peer, programs, options)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
