#!/usr/bin/env python3
"""How soon a node is found and answers: planwright's planner and, as the control, a node of rclpy, started in turn beside busy processes.

    python3 tests/peers/ros/namespace.py .deps/ros-kilted/bin/python tests/peers/ros/bench_discovery.py \
        --planwright target/release/planwright --starts 200 --control 40 --load 4

A client, a listener and a latched map are there before every start. Printed are, per kind of node: the starts at which
they did not find each other within `--patience` seconds (invisible), the times of the first requests right after
`wait_for_service()`, from the client that was there before and from one that is made afterwards, and when the map
had arrived, from the start of the process.
"""

import argparse
import json
import math
import os
import signal
import subprocess
import sys
import time
from collections import Counter

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from lifecycle_msgs.srv import GetState
from nav_msgs.msg import OccupancyGrid
from drive import map_of
from peer import FOREIGN_ENVIRONMENT, LATCHED, RELIABLE, Peer, Program, Programs, wait_until
from rclpy.node import NodeNameNonExistentError

# Of a period of 3 s; a busy machine may need some of it, but not at most starts.
HEARTBEAT_SECS = 2.5
NODES = {"planwright": "planwright_maze", "control": "control"}


def quantile(values, share):
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)], 4) if ordered else None


def serve():
    """The control: a service, a latched subscription and a diagnostic message a second, all of rclpy."""
    peer = Peer("control")
    arrived = []

    def state(_, response):
        response.current_state.label = "unconfigured"
        return response
    maps = peer.listen(OccupancyGrid, "/map", LATCHED)
    peer.inside(lambda: peer.node.create_service(GetState, "~/get_state", state))
    publisher = peer.inside(lambda: peer.node.create_publisher(DiagnosticArray, "/diagnostics", RELIABLE))
    ended = []
    signal.signal(signal.SIGINT, lambda *_: ended.append(True))
    while not ended:
        arrived = arrived or [at for at, _ in maps.items]
        age = f"{time.monotonic() - arrived[0]:.3f}" if arrived else "never"
        status = DiagnosticStatus(name="control: inputs", values=[KeyValue(key="map_age_secs", value=age)])
        publisher.publish(DiagnosticArray(status=[status]))
        for _ in range(20):
            time.sleep(0.0 if ended else 0.05)
    peer.close()
    return 0


def ends_of(peer, name):
    """Numbers of what the graph shows of a node: publishers, subscribers, services."""
    graph = peer.node
    try:
        return [len(query(name, "/")) for query in (graph.get_publisher_names_and_types_by_node,
                graph.get_subscriber_names_and_types_by_node, graph.get_service_names_and_types_by_node)]
    except NodeNameNonExistentError:
        return [0, 0, 0]


def one_start(peer, programs, kind, patience, wanted):
    """What one start was like: the times in seconds, None for what did not come."""
    name = NODES[kind]
    early = peer.inside(lambda: peer.node.create_client(GetState, f"/{name}/get_state"))
    begun = time.monotonic()
    if kind == "planwright":
        program = programs.node("maze", {"model": "models/maze-umaze.onnx"})
    else:
        program = Program([sys.executable, __file__, "--serve"], {key: os.environ[key] for key in FOREIGN_ENVIRONMENT if key in os.environ})
        programs.all.append(program)
    found = {"visible": None, "early": None, "late": None, "map": None}

    def first(client, key):
        if not client.wait_for_service(max(0.1, begun + patience - time.monotonic())):
            raise TimeoutError(key)
        found.setdefault("found", time.monotonic() - begun)
        asked = time.monotonic()
        peer.wait(client.call_async(GetState.Request()), patience, key)
        found[key] = time.monotonic() - asked
    late = None
    try:
        first(early, "early")
        left = max(0.1, begun + patience - time.monotonic())
        wait_until(lambda: all(got >= least for got, least in zip(ends_of(peer, name), wanted)), left, "the whole node in the graph")
        found["visible"] = time.monotonic() - begun
        status = f"{name}: inputs"
        _, heard = peer.diagnostics.status(status, lambda _, values: values.get("map_age_secs", "never") != "never", patience)
        found["map"] = peer.diagnostics.newest[status][0] - float(heard["map_age_secs"]) - begun
        late = peer.inside(lambda: peer.node.create_client(GetState, f"/{name}/get_state"))
        first(late, "late")
    except TimeoutError as error:
        found["missing"] = f"{error}; {ends_of(peer, name)} of {wanted}"
    program.stop(3.0)
    for client in (early, late):
        if client is not None:
            peer.inside(lambda client=client: peer.node.destroy_client(client))
    if "missing" not in found:
        wait_until(lambda: name not in peer.node.get_node_names(), 30.0, f"{name} to be forgotten")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--planwright", default="target/release/planwright")
    parser.add_argument("--starts", type=int, default=40)
    parser.add_argument("--control", type=int, default=10)
    parser.add_argument("--load", type=int, default=4, help="busy processes")
    parser.add_argument("--patience", type=float, default=20.0)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true", help="end with 1 if a start was invisible, or heartbeats are waited for in most")
    parser.add_argument("--serve", action="store_true", help="be the control's node")
    options = parser.parse_args()
    if options.serve:
        return serve()
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(options.load)]
    starts = {kind: [] for kind in NODES}
    described = subprocess.run([options.planwright, "node", "maze", "--describe", "json"], capture_output=True, check=True).stdout
    # The graph shows a topic once, also where a node has two subscriptions to it.
    roles = Counter(role for role, _ in {(end["role"], end["name"]) for end in json.loads(described)["topics"]})
    wanted_ends = {"planwright": [roles["publishes"], roles["subscribes"], roles["serves"]], "control": [2, 1, 1]}
    try:
        with Programs(options.planwright) as programs, Peer("before") as peer:
            peer.publisher(OccupancyGrid, "/map", LATCHED, matched=False).publish(map_of())
            peer.diagnostics  # noqa: B018  (made now, before any node)
            for index in range(max(options.starts, options.control)):
                for kind, wanted in (("planwright", options.starts), ("control", options.control)):
                    if index < wanted:
                        got = one_start(peer, programs, kind, options.patience, wanted_ends[kind])
                        starts[kind].append(got)
                        print(kind, index, f"{time.monotonic():.3f}", {k: v if isinstance(v, str) or v is None else round(v, 3) for k, v in got.items()}, file=sys.stderr, flush=True)
    finally:
        for process in busy:
            process.kill()
    summary = {"load": options.load}
    for kind, all_ in starts.items():
        figures = {"starts": len(all_), "invisible": sum("missing" in got for got in all_)}
        for key in ("found", "visible", "early", "late", "map"):
            values = [got[key] for got in all_ if got.get(key) is not None]
            figures[key] = {"p50_secs": quantile(values, 0.5), "p99_secs": quantile(values, 0.99), "count": len(values)}
        summary[kind] = figures
    print(json.dumps(summary, indent=None if options.json else 1), flush=True)
    ours = summary["planwright"]
    waits = any(ours[key]["p50_secs"] is None or ours[key]["p50_secs"] > HEARTBEAT_SECS for key in ("early", "late", "map"))
    return int(options.check and (waits or ours["invisible"] > 0))


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)
