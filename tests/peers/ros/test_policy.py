#!/usr/bin/env python3
"""A policy as a node: the same action, life and parameters as any planner, from `planwright node policy`.

    python3 tests/peers/ros/namespace.py .deps/ros-kilted/bin/python tests/peers/ros/test_policy.py --planwright target/release/planwright
"""

import argparse
import os
import sys

from peer import Checks, Peer, Programs, succeeded  # noqa: E402
from rcl_interfaces.msg import Parameter, ParameterValue
from rcl_interfaces.srv import GetParameters, SetParameters

POLICY = "/planwright_policy"
DOUBLE = 3


def policy(checks, programs, peer):
    parameters = {"autostart": True, "map_required": False, "deadline_secs": 10.0}
    peer.start(programs, "sim", full_name="/planwright_sim")
    node = peer.start(programs, "policy", parameters, full_name=POLICY)
    peer.wait_for_state("active", POLICY)
    answer = peer.eventually(succeeded)
    if checks.that("a goal succeeds", succeeded(answer), answer):
        poses = [p.pose.position for p in answer.result.path.poses]
        checks.near("the path begins at the start", 3.0, poses[0].x, 0.02)
        checks.that("the path ends at the goal", abs(poses[-1].x - 1.0) < 0.15 and abs(poses[-1].y - 1.0) < 0.15, poses[-1])
    got = peer.call(GetParameters, f"{POLICY}/get_parameters", GetParameters.Request(names=["temperature", "rollouts", "model"]))
    checks.equal("the default temperature", DOUBLE, got.values[0].type)
    checks.equal("the shipped policy is the default", "models/maze-policy.onnx", got.values[2].string_value)
    sharper = Parameter(name="temperature", value=ParameterValue(type=DOUBLE, double_value=0.0))
    done = peer.call(SetParameters, f"{POLICY}/set_parameters", SetParameters.Request(parameters=[sharper]))
    checks.that("another temperature is taken", done.results[0].successful, done.results[0].reason)
    answer = peer.eventually(succeeded)
    checks.that("a goal succeeds with the mode of the density", succeeded(answer), answer)
    wrong = Parameter(name="temperature", value=ParameterValue(type=DOUBLE, double_value=float("nan")))
    done = peer.call(SetParameters, f"{POLICY}/set_parameters", SetParameters.Request(parameters=[wrong]))
    checks.that("a temperature that is none is refused", not done.results[0].successful, done.results[0].reason)
    checks.equal("SIGINT ends the node with 0", 0, node.stop())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--planwright", default="target/release/planwright")
    arguments = parser.parse_args()
    checks = Checks()
    with Programs(arguments.planwright) as programs, Peer("policy") as peer:
        checks.section(policy, checks, programs, peer)
    return checks.finish()


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)
