#!/usr/bin/env python3
"""The action in the form of ROS 2 Lyrical, which has viapoints in its goal.

    python3 tests/peers/ros/namespace.py .deps/ros-kilted/bin/python tests/peers/ros/test_lyrical.py --planwright target/release/planwright

Only under Kilted's Python: Jazzy's middleware wants type support that the folder of Lyrical's types does not have.
"""

import argparse
import os
import sys
from pathlib import Path

# The types of Lyrical stand in a folder of the environment and go before its own.
sys.path.insert(0, str(Path(sys.prefix) / "lyrical"))

from nav2_msgs.action import ComputePathToPose  # noqa: E402

from peer import Checks, Peer, Programs, goal_id, goal_message, pose, succeeded  # noqa: E402

MAZE = "/planwright_maze"


def lyrical(checks, programs, peer):
    parameters = {"autostart": True, "map_required": False, "deadline_secs": 10.0}
    peer.start(programs, "sim", full_name="/planwright_sim")
    node = peer.start(programs, "maze", parameters, options=("--distribution", "lyrical"), full_name=MAZE)
    peer.wait_for_state("active", MAZE)
    checks.equal("the goal has viapoints", True, "viapoints" in ComputePathToPose.Goal.get_fields_and_field_types())
    checks.equal("the result has Lyrical's codes", (1, 2), (ComputePathToPose.Result.GOAL_REJECTED, ComputePathToPose.Result.SEND_GOAL_FAILURE))
    answer = peer.eventually(succeeded)
    if checks.that("a goal succeeds", succeeded(answer), answer):
        poses = [p.pose.position for p in answer.result.path.poses]
        checks.near("the path begins at the start", 3.0, poses[0].x, 0.02)
        checks.that("the path ends at the goal", abs(poses[-1].x - 1.0) < 0.15 and abs(poses[-1].y - 1.0) < 0.15, poses[-1])
        checks.equal("the path's frame", "map", answer.result.path.header.frame_id)
        checks.that("planning_time", answer.result.planning_time.nanosec > 0, answer.result.planning_time)
    answer = peer.eventually(succeeded, start=None)
    checks.that("a goal from where the robot is succeeds", succeeded(answer), answer)
    answer = peer.plan(planner_id="other")
    checks.equal("INVALID_PLANNER", (6, 201), (answer.status, answer.result.error_code))
    message = goal_message((1, 1), (3, 1))
    message.viapoints = [pose(3, 3), pose(2, 3)]
    answer = peer.send(message)
    checks.that("viapoints are refused, and the message says so", answer.status == 6 and answer.result.error_code == 200
                and "viapoints" in answer.result.error_msg, answer)
    identifier = goal_id()
    checks.that("raw send_goal", peer.wait(peer.raw_send_goal(identifier, goal_message((1, 1), (3, 1)))).accepted, "rejected")
    checks.equal("raw get_result", 4, peer.wait(peer.raw_get_result(identifier)).status)
    unknown = peer.wait(peer.raw_get_result(goal_id()))
    checks.equal("raw get_result of an unknown goal", 0, unknown.status)
    checks.equal("cancel of an ended goal", 3, peer.wait(peer.raw_cancel(identifier)).return_code)
    checks.equal("SIGINT ends the node with 0", 0, node.stop())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--planwright", default="target/release/planwright")
    arguments = parser.parse_args()
    checks = Checks()
    with Programs(arguments.planwright) as programs, Peer("lyrical") as peer:
        checks.section(lyrical, checks, programs, peer)
    return checks.finish()


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)
