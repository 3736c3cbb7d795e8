#!/usr/bin/env python3
"""launch/fastdds_large_messages.xml: Fast DDS takes it without a word, and a message of 1 MB passes.

    python3 tests/peers/ros/namespace.py .deps/ros-kilted/bin/python tests/peers/ros/test_fastdds_profile.py

Two processes of rclpy: one sends 1 MB with the profile, the other, with the profile too, says what it received. That
the profile was read shows in its files: shared memory of Fast DDS is there without it and absent with it. With
--planwright FILE the map of a maze of 60 x 60 cells (360 KB) passes from `planwright node sim` as well.
"""

import argparse
import glob
import importlib.metadata
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROFILE = ROOT / "launch" / "fastdds_large_messages.xml"
# Fast DDS 2 knows only the old name; Fast DDS 3 takes it, but complains.
VARIABLES = {"jazzy": "FASTRTPS_DEFAULT_PROFILES_FILE", "kilted": "FASTDDS_DEFAULT_PROFILES_FILE"}
BYTES = 1_000_000
SIDE = 60  # of the maze, in cells of 10 x 10 bytes
DEADLINE_SECS = 60.0


def payload():
    return bytes(index % 251 for index in range(BYTES))


def node_of(name):
    import rclpy
    from rclpy.qos import DurabilityPolicy, QoSProfile

    rclpy.init()
    return rclpy, rclpy.create_node(name), QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


def send():
    rclpy, node, latched = node_of("large_sender")
    from std_msgs.msg import UInt8MultiArray

    publisher = node.create_publisher(UInt8MultiArray, "large", latched)
    publisher.publish(UInt8MultiArray(data=payload()))
    rclpy.spin(node)


def receive():
    rclpy, node, latched = node_of("large_receiver")
    from std_msgs.msg import UInt8MultiArray

    received = []
    node.create_subscription(UInt8MultiArray, "large", lambda message: received.append(bytes(message.data)), latched)
    deadline = time.monotonic() + DEADLINE_SECS
    while not received and time.monotonic() < deadline:
        rclpy.spin_once(node, timeout_sec=0.1)
    print(json.dumps({
        "bytes": len(received[0]) if received else 0,
        "same": bool(received) and received[0] == payload(),
        "shared_memory": len(glob.glob("/dev/shm/*fastrtps*") + glob.glob("/dev/shm/*fastdds*")),
    }), flush=True)
    os._exit(0)  # a peer that is done need not say goodbye


def receive_map():
    rclpy, node, latched = node_of("map_receiver")
    from nav_msgs.msg import OccupancyGrid

    received = []
    node.create_subscription(OccupancyGrid, "map", lambda grid: received.append(len(grid.data)), latched)
    deadline = time.monotonic() + DEADLINE_SECS
    while not received and time.monotonic() < deadline:
        rclpy.spin_once(node, timeout_sec=0.1)
    print(json.dumps({"cells": received[0] if received else 0}), flush=True)
    os._exit(0)


def map_passes(planwright, environment):
    """Cells of the map that arrived."""
    bare = {name: value for name, value in os.environ.items()
            if name not in ("LD_LIBRARY_PATH", "_ROS_WHEELS_BOOTSTRAP_COMPLETE")}
    with tempfile.TemporaryDirectory() as folder:
        layout = pathlib.Path(folder) / "wide.txt"
        rows = ["#" * SIDE] + ["#" + "O" * (SIDE - 2) + "#"] * (SIDE - 3) + ["#" + "O" * (SIDE - 3) + "G#", "#" * SIDE]
        layout.write_text("\n".join(rows))
        command = [planwright, "node", "sim", "--ros-args", "-p", f"layout:={layout}"]
        sim = subprocess.Popen(command, env=bare, stderr=subprocess.DEVNULL)
        try:
            receiver = subprocess.run([sys.executable, __file__, "--role", "map"], env=environment, capture_output=True,
                                      text=True, timeout=2 * DEADLINE_SECS)
        finally:
            sim.kill()
            sim.wait()
    lines = receiver.stdout.strip().splitlines()
    return json.loads(lines[-1])["cells"] if lines else receiver.stderr


def exchange(environment):
    """Runs both ends. Gives what the receiver says and what either wrote to stderr."""
    command = [sys.executable, __file__, "--role"]
    sender = subprocess.Popen([*command, "send"], env=environment, stderr=subprocess.PIPE, text=True)
    try:
        receiver = subprocess.run([*command, "receive"], env=environment, capture_output=True, text=True,
                                  timeout=2 * DEADLINE_SECS)
    finally:
        sender.kill()
    said = sender.communicate()[1] + receiver.stderr
    lines = receiver.stdout.strip().splitlines()
    return (json.loads(lines[-1]) if lines else {"bytes": 0, "same": False, "shared_memory": -1}), said


def main(planwright):
    failed = 0

    def check(name, expected, got):
        nonlocal failed
        failed += expected != got
        print(f"ok {name}" if expected == got else f"FAILED {name}: expected {expected!r}, got {got!r}", flush=True)

    names = {package.metadata["Name"] for package in importlib.metadata.distributions()}
    distributions = [name for name in VARIABLES if f"ros-{name}-rclpy" in names]
    check("one distribution is installed", 1, len(distributions))
    bare = {name: value for name, value in os.environ.items() if name not in VARIABLES.values()}
    with_profile = {**bare, **{VARIABLES[name]: str(PROFILE) for name in distributions}}
    report, said = exchange(with_profile)
    check("1 MB passes with the profile", (BYTES, True), (report["bytes"], report["same"]))
    check("no word on stderr", "", said.strip())
    check("no shared memory with the profile", 0, report["shared_memory"])
    # The counter-proof: without the profile Fast DDS shares memory, so its absence above came from the profile.
    report, _ = exchange(bare)
    check("shared memory without the profile", True, report["shared_memory"] > 0)
    if planwright:
        check("a map of 360 KB passes with the profile", (10 * SIDE) ** 2, map_passes(planwright, with_profile))
    print(json.dumps({"test": "fastdds_profile", "failed": failed}))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--role", choices=["send", "receive", "map"])
    parser.add_argument("--planwright", metavar="FILE", help="the command, for the map")
    arguments = parser.parse_args()
    if arguments.role:
        {"send": send, "receive": receive, "map": receive_map}[arguments.role]()
    else:
        main(arguments.planwright)
