#!/usr/bin/env python3
"""Measures ComputePathToPose from outside: goals one after the other, from send_goal to the result in hand.

    .deps/ros-kilted/bin/python tests/peers/ros/bench_roundtrip.py --requests 1000 --warm-up 50

The node must run and be active on the same network. Prints one line of JSON.
"""

import argparse
import json
import os
import sys
import time

from peer import ACTION, Peer, goal_message

# Pairs of start and goal at opposite ends of the U-shaped maze
QUESTIONS = [((3.0, 1.0), (1.0, 1.0)), ((1.0, 1.0), (3.0, 1.0)), ((3.0, 2.0), (1.0, 2.0)), ((1.0, 3.0), (3.0, 1.0))]


def percentile(values, share):
    """The value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 1000 * len(ordered)) // 1000) - 1))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--warm-up", type=int, default=50)
    parser.add_argument("--action", default=ACTION)
    parser.add_argument("--wait-secs", type=float, default=60.0, help="how long the first goals may be rejected or refused")
    arguments = parser.parse_args()
    with Peer("bench_roundtrip") as peer:
        end = time.monotonic() + arguments.wait_secs
        while True:  # until the node is active and has its map
            answer = peer.plan(action=arguments.action)
            if answer.accepted and answer.result.error_code == 0:
                break
            if time.monotonic() > end:
                print(f"no plan within {arguments.wait_secs} s: {answer}", file=sys.stderr)
                return 1
            time.sleep(0.1)
        trips_ms, planning_ms, refused = [], [], 0
        begun = time.monotonic()
        for number in range(arguments.warm_up + arguments.requests):
            if number == arguments.warm_up:
                begun = time.monotonic()
            start, goal = QUESTIONS[number % len(QUESTIONS)]
            answer = peer.send(goal_message(goal, start), arguments.action)
            if number < arguments.warm_up:
                continue
            if not answer.accepted or answer.result.error_code != 0:
                refused += 1
                continue
            trips_ms.append(answer.secs * 1e3)
            planning_ms.append(answer.result.planning_time.sec * 1e3 + answer.result.planning_time.nanosec * 1e-6)
        total_secs = time.monotonic() - begun
    if not trips_ms:
        print("no goal was answered with a path", file=sys.stderr)
        return 1
    overhead_ms = [trip - planning for trip, planning in zip(trips_ms, planning_ms)]
    print(json.dumps({
        "requests": arguments.requests, "refused": refused, "total_secs": round(total_secs, 3),
        **{f"{name}_{label}_ms": round(percentile(values, share), 3)
           for name, values in (("planning", planning_ms), ("overhead", overhead_ms)) for label, share in (("p50", 0.5), ("p99", 0.99))},
        "p50_ms": round(percentile(trips_ms, 0.5), 3), "p99_ms": round(percentile(trips_ms, 0.99), 3), "max_ms": round(max(trips_ms), 3),
    }), flush=True)
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)
