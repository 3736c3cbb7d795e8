#!/usr/bin/env python3
"""The client of `planwright bench --ros`: plans asked for by rclpy, one after the other, and how long each took.

Run by rclpy's Python in the node's domain; the node has to be there or to come. Prints one JSON line.
"""

import argparse
import json
import math
import sys
import time

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from nav2_msgs.action import ComputePathToPose
from rclpy.action import ActionClient

ENDS = [((3.0, 1.0), (1.0, 1.0)), ((1.0, 1.0), (3.0, 1.0)), ((3.0, 2.0), (1.0, 2.0)), ((2.0, 3.0), (3.0, 1.0))]


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


def goal_of(index):
    start, end = ENDS[index % len(ENDS)]
    goal = ComputePathToPose.Goal(use_start=True)
    for pose, (x, y) in ((goal.start, start), (goal.goal, end)):
        pose.header.frame_id = "map"
        pose.pose.position.x, pose.pose.position.y = x, y
        pose.pose.orientation.w = 1.0
    return goal


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--warm-up", type=int, default=50)
    arguments = parser.parse_args()
    rclpy.init()
    node = rclpy.create_node("planwright_bench")
    client = ActionClient(node, ComputePathToPose, "compute_path_to_pose")
    values = {}

    def hear(array):
        for status in array.status:
            if status.name == "planwright_maze: planner":
                values.update({pair.key: pair.value for pair in status.values})

    node.create_subscription(DiagnosticArray, "/diagnostics", hear, 10)
    # The executor is kept: spin_until_future_complete makes a new entry for the node at every call.
    executor = rclpy.executors.SingleThreadedExecutor()
    executor.add_node(node)

    def wait(future, secs=30.0):
        executor.spin_until_future_complete(future, secs)
        if not future.done():
            sys.exit("expected an answer within %g s, got none" % secs)
        return future.result()

    if not client.wait_for_server(30.0):
        sys.exit("expected the action compute_path_to_pose within 30 s, got none")
    deadline = time.monotonic() + 60.0
    while not wait(client.send_goal_async(goal_of(0))).accepted:
        # Not active yet.
        if time.monotonic() > deadline:
            sys.exit("expected an active node within 60 s, got one that rejects goals")
        time.sleep(0.1)
    whole, planning, outside = [], [], []
    for index in range(arguments.warm_up + arguments.requests):
        goal = goal_of(index)
        begun = time.perf_counter()
        handle = wait(client.send_goal_async(goal))
        result = wait(handle.get_result_async()).result
        took = 1e3 * (time.perf_counter() - begun)
        if result.error_code != 0:
            sys.exit("expected a plan, got error %d: %s" % (result.error_code, result.error_msg))
        if index >= arguments.warm_up:
            spent = 1e3 * result.planning_time.sec + 1e-6 * result.planning_time.nanosec
            whole.append(took)
            planning.append(spent)
            outside.append(took - spent)
    until = time.monotonic() + 2.5
    while time.monotonic() < until:
        executor.spin_once(0.1)
    print(json.dumps({
        "requests": arguments.requests,
        "p50_ms": round(quantile(whole, 0.5), 3),
        "p99_ms": round(quantile(whole, 0.99), 3),
        "planning_p50_ms": round(quantile(planning, 0.5), 3),
        "planning_p99_ms": round(quantile(planning, 0.99), 3),
        "outside_planning_p50_ms": round(quantile(outside, 0.5), 3),
        "node_overhead_p50_ms": float(values.get("node_overhead_p50_ms", "nan")),
        "node_overhead_p99_ms": float(values.get("node_overhead_p99_ms", "nan")),
        "engine": values.get("engine", "?"),
    }), flush=True)


if __name__ == "__main__":
    main()
