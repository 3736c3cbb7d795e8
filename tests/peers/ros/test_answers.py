#!/usr/bin/env python3
"""Every request is answered: of clients that were just made, of long messages, beside busy processes.

    python3 tests/peers/ros/namespace.py .deps/ros-kilted/bin/python tests/peers/ros/test_answers.py --planwright PATH
        [--only notes|new_clients|long_paths] [--rounds N] [--long N] [--busy N]

The goals lead to where the robot stands, so that a thousand of them take a minute.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import rclpy.action.client
from lifecycle_msgs.srv import GetState
from nav2_msgs.action import ComputePathToPose, FollowPath
from nav_msgs.msg import Path as RosPath

from peer import Checks, Peer, Programs
from test_any_map import PLANNER, Robot, pose, write_rooms

# Of one goal; what is lost is never answered.
ANSWER_SECS = 30.0
# In one message of 108 KB, two datagrams of Fast DDS.
LONG_POSES = 1500
# Beyond so many medians and a second a goal counts as late.
LATE_MEDIANS = 10.0


class Busy:
    """Processes that take all the time they get."""

    def __init__(self, count):
        self.count = count

    def __enter__(self):
        self.processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(self.count)]

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.wait()


def goals(robot, poses=1):
    """One of FollowPath and one of ComputePathToPose, as (name, kind, message)."""
    here = pose(*robot.place())
    path = RosPath(poses=[here] * poses)
    path.header.frame_id = "map"
    return [("follow_path", FollowPath, FollowPath.Goal(path=path)),
            ("compute_path_to_pose", ComputePathToPose, ComputePathToPose.Goal(goal=here))]


def answered(peer, client, message):
    """The status of a goal's end, and how long it took."""
    begun = time.monotonic()
    handle = peer.wait(client.send_goal_async(message, lambda _: None), ANSWER_SECS, "an answer to the goal")
    status = peer.wait(handle.get_result_async(), ANSWER_SECS, "a result").status
    return status, time.monotonic() - begun


def notes(checks, peer, robot, _options):
    """An answer is not lost that comes while rclpy notes the goal."""
    future = rclpy.action.client.Future

    def late(*arguments):
        time.sleep(0.05)
        return future(*arguments)
    rclpy.action.client.Future = late
    try:
        for name, kind, message in goals(robot):
            checks.equal(f"{name}: an answer that comes at once", 4, answered(peer, peer.action(name, kind), message)[0])
    finally:
        rclpy.action.client.Future = future


def new_clients(checks, peer, robot, options):
    """The first request of a client, to each action and to a service."""
    ended = {}
    with Busy(options.busy):
        for _ in range(options.rounds):
            for name, kind, message in goals(robot):
                client = peer.new_action(name, kind)
                ended.setdefault(name, []).append(answered(peer, client, message)[0])
                peer.inside(client.destroy)
            state = peer.call(GetState, f"{PLANNER}/get_state", secs=ANSWER_SECS).current_state
            ended.setdefault("get_state", []).append(4 if state.label == "active" else state.id)
            peer.drop_clients(f"{PLANNER}/get_state")
    for name, statuses in ended.items():
        checks.equal(f"{name}: the first goals of {options.rounds} clients", [4] * options.rounds, statuses)


def late(taken):
    """Those that took long beside the median: a reader that cannot assemble messages waits for seconds."""
    return [round(secs, 2) for secs in taken if secs > 1.0 + LATE_MEDIANS * statistics.median(taken)]


def long_paths(checks, peer, robot, options):
    """Messages of several datagrams, each after one of a single datagram: what the machine delays, it delays in both."""
    taken = {1: [], LONG_POSES: []}
    with Busy(options.busy):
        for poses in [1, LONG_POSES] * options.long:
            name, kind, message = goals(robot, poses)[0]
            status, secs = answered(peer, peer.action(name, kind), message)
            taken[poses].append(secs)
            if status != 4:
                checks.equal(f"path {len(taken[poses])} of {poses} poses", 4, status)
    short, long = late(taken[1]), late(taken[LONG_POSES])
    # A single datagram may be lost, and waits for the writer's next heartbeat.
    checks.that(f"of {options.long} long paths at most one more is late than of as many short ones",
                len(long) < 2 + len(short), (long, short))
    for poses, secs in taken.items():
        print(f"paths of {poses}: median {statistics.median(secs):.3f} s, slowest {max(secs):.3f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--planwright", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--long", type=int, default=400)
    parser.add_argument("--busy", type=int, default=2)
    options = parser.parse_args()
    checks = Checks(options.only)
    with tempfile.TemporaryDirectory() as folder, Programs(options.planwright) as programs, Peer("foreign_client") as peer:
        robot = Robot(peer, programs, write_rooms(Path(folder)), 1, {})
        for section in (notes, new_clients, long_paths):
            checks.section(section, checks, peer, robot, options)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
