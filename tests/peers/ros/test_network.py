#!/usr/bin/env python3
"""Two computers: one network namespace each, joined by a cable. Who sees and commands a node is what the discovery range says.

    python3 tests/peers/ros/namespace.py .deps/ros-kilted/bin/python tests/peers/ros/test_network.py --planwright target/release/planwright

Needs root and `ip` of iproute2.
"""

import argparse
import json
import os
import subprocess
import sys

from lifecycle_msgs.srv import GetState
from namespace import CLONE_NEWNET, call
from peer import Checks, Peer, Programs, wait_until

ROBOT, OTHER = "10.77.0.1", "10.77.0.2"
NAMES = {"maze": "planwright_maze", "sim": "planwright_sim"}


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


class Computer:
    """A process of rclpy, with variables and perhaps a network of its own, that says what it sees."""

    def __init__(self, environment, beside=None, apart=False):
        """`apart`: behind a cable; `beside`: in the network of this other one."""
        def enter():
            if apart:
                call("unshare", CLONE_NEWNET)
            elif beside is not None:
                with open(f"/proc/{beside.process.pid}/ns/net") as network:
                    call("setns", network.fileno(), CLONE_NEWNET)
        self.process = subprocess.Popen([sys.executable, __file__, "--computer"], env={**os.environ, **environment}, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=enter)
        self.process.stdout.readline()
        if apart:
            ip("link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", str(self.process.pid))
            ip("address", "add", f"{ROBOT}/24", "dev", "cable")
            ip("link", "set", "cable", "up")
            self.ask("network")

    def ask(self, *words):
        """The answer to a line."""
        print(*words, file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.kill()
        self.process.wait()


def computer():
    """The process of a Computer: a line in, a line out."""
    print("ready", flush=True)
    peers = {}
    for line in sys.stdin:
        word, *rest = line.split()
        answer = None
        if word == "network":
            ip("link", "set", "lo", "up")
            ip("address", "add", f"{OTHER}/24", "dev", "cable")
            ip("link", "set", "cable", "up")
            ip("route", "add", "224.0.0.0/4", "dev", "cable")
        elif word == "look":
            domain, name, secs = int(rest[0]), rest[1], float(rest[2])
            peer = peers[domain] = peers.get(domain) or Peer(f"computer_{domain}", domain_id=domain)
            client = peer.inside(lambda: peer.node.create_client(GetState, f"/{name}/get_state"))  # noqa: B023
            kind = f"/{name}/list_parameters"

            def seen():
                services = [service for service, _ in peer.node.get_service_names_and_types()]  # noqa: B023
                return name in peer.node.get_node_names() or kind in services  # noqa: B023
            try:
                answer = wait_until(seen, secs, name)
                if answer and "maze" in name:
                    answer = client.wait_for_service(secs) and peer.wait(client.call_async(GetState.Request()), secs) is not None
            except TimeoutError:
                answer = False
        print(json.dumps(answer), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--planwright", default="target/release/planwright")
    parser.add_argument("--computer", action="store_true")
    options = parser.parse_args()
    if options.computer:
        return computer()
    checks = Checks()
    local_range = {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
    here, here_local, far = Computer({}), Computer(local_range), Computer({}, apart=True)
    # One that knows the robot's address and sends to its ports, without multicast.
    far_listing = Computer({"ROS_STATIC_PEERS": ROBOT}, beside=far)
    table = [
        ("nothing set", "maze", {}, True),
        ("SUBNET", "sim", {"ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET"}, True),
        ("LOCALHOST", "maze", local_range, False),
        ("LOCALHOST", "sim", local_range, False),
        ("ROS_LOCALHOST_ONLY=1", "maze", {"ROS_LOCALHOST_ONLY": "1"}, False),
        ("an unknown range", "maze", {"ROS_AUTOMATIC_DISCOVERY_RANGE": "NOWHERE"}, False),
    ]
    for domain, (name, family, variables, met) in enumerate(table, 1):
        with checks.guarded(name), Programs(options.planwright) as programs:
            programs.node(family, environment={**variables, "ROS_DOMAIN_ID": str(domain)})
            near = [("here", here)] + [("here, LOCALHOST", here_local)] * (not met)
            for where, computer_ in near:
                checks.that(f"{name}, {family}: answers {where}", computer_.ask("look", domain, NAMES[family], 30.0), "not seen")
            for where, computer_ in (("another computer", far), ("one that lists its address", far_listing)):
                got = computer_.ask("look", domain, NAMES[family], 30.0 if met else 5.0)
                checks.equal(f"{name}, {family}: answers {where}", met, got)
    for one in (far_listing, far, here, here_local):
        one.close()
    return checks.finish()


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code or 0)
