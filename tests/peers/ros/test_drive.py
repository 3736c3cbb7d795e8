#!/usr/bin/env python3
"""A foreign client drives a robot: it knows Nav2's ComputePathToPose and nothing else.

    python3 tests/peers/ros/namespace.py .deps/ros-kilted/bin/python tests/peers/ros/test_drive.py --planwright PATH
        [--layout umaze|medium|large] [--seed N] [--minutes M]

`planwright node sim` is the robot, `planwright node maze` plans and drives. A process of its own sends ten goals one after
the other with nothing but the action; what watches beside it sees by odometry that the robot arrives, and by the robot's own
count that no wall was touched. With --minutes the goals go on for so long, and memory must not grow.
"""

import argparse
import json
import math
import random
import subprocess
import sys
import time

from drive import MAZE, SIM, Growth, Watch, cells, model
from peer import Checks, Programs, wait_until

GOALS = 10
ARRIVAL_SECS = 30.0


def client():
    """Reads goals, "x y" a line, and writes what became of each. It knows the action and nothing else."""
    import rclpy
    from nav2_msgs.action import ComputePathToPose
    from rclpy.action import ActionClient

    rclpy.init()
    node = rclpy.create_node("foreign_client")
    action = ActionClient(node, ComputePathToPose, "compute_path_to_pose")

    def wait(future):
        rclpy.spin_until_future_complete(node, future, timeout_sec=60.0)
        return future.result()

    found = action.wait_for_server(60.0)
    print(json.dumps({"server": found}), flush=True)
    for line in sys.stdin:
        goal = ComputePathToPose.Goal()
        goal.goal.header.frame_id = "map"
        goal.goal.pose.position.x, goal.goal.pose.position.y = map(float, line.split())
        goal.goal.pose.orientation.w = 1.0
        begun = time.monotonic()
        handle = wait(action.send_goal_async(goal))
        if handle is None or not handle.accepted:
            print(json.dumps({"status": "rejected" if handle else "no answer"}), flush=True)
            continue
        answer = wait(handle.get_result_async())
        if answer is None:
            print(json.dumps({"status": "no result"}), flush=True)
            continue
        places = [(p.pose.position.x, p.pose.position.y) for p in answer.result.path.poses]
        planning = answer.result.planning_time
        print(json.dumps({
            "status": answer.status, "code": answer.result.error_code, "message": answer.result.error_msg,
            "poses": len(places), "path_m": round(sum(map(math.dist, places, places[1:])), 3),
            "ends_off_m": round(math.dist(places[-1], (goal.goal.pose.position.x, goal.goal.pose.position.y)), 3) if places else None,
            "round_trip_ms": round(1e3 * (time.monotonic() - begun), 1),
            "planning_ms": round(1e3 * planning.sec + planning.nanosec / 1e6, 3),
        }), flush=True)


class Client:
    """That process."""

    def __init__(self):
        self.popen = subprocess.Popen([sys.executable, __file__, "--client"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def answer(self):
        line = self.popen.stdout.readline()
        if not line:
            raise RuntimeError("expected an answer of the client, got its end")
        return json.loads(line)

    def ask(self, place):
        self.popen.stdin.write(f"{place[0]} {place[1]}\n")
        self.popen.stdin.flush()
        return self.answer()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.popen.kill()
        self.popen.wait()


def tour(layout, seed):
    """Goals for ever: every free cell once in a random order, a little off its middle, then again in another order."""
    chance = random.Random(seed)
    last = None
    while True:
        places = cells(layout)
        chance.shuffle(places)
        if places[0] == last:
            places.append(places.pop(0))
        last = places[-1]
        for x, y in places:
            yield round(x - 0.2 + chance.uniform(-0.2, 0.2), 3), round(y - 0.2 + chance.uniform(-0.2, 0.2), 3)


def go(checks, watch, foreign, place, number):
    """One goal, from where the robot is. What happened, for the summary."""
    start = tuple(round(value, 2) for value in watch.odometry[:2])
    begun = time.monotonic()
    answer = foreign.ask(place)
    trip = {"start": start, "goal": place, **answer}
    reached = answer.get("status") == 4
    if reached:
        try:
            watch.wait_near(place, ARRIVAL_SECS)
        except TimeoutError as error:
            reached, trip["lost"] = False, str(error)
    trip["secs"] = round(time.monotonic() - begun, 2)
    print(json.dumps(trip), flush=True)
    checks.that(f"goal {number} is reached", reached, f"expected {place} within {ARRIVAL_SECS} s, got {trip}")
    return reached


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--planwright")
    parser.add_argument("--layout", default="umaze", choices=["umaze", "medium", "large"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--client", action="store_true")
    options = parser.parse_args()
    if options.client:
        client()
        return 0
    checks = Checks()
    more = {}
    with Programs(options.planwright) as programs, Client() as foreign, Watch() as watch:
        sim = watch.start(programs, "sim", {"layout": options.layout}, full_name=f"/{SIM}")
        maze = watch.start(programs, "maze", {"model": model(options.layout), "drive": True, "autostart": True}, full_name=f"/{MAZE}")
        checks.that("the client finds the action", foreign.answer()["server"])
        wait_until(lambda: watch.status("lifecycle").get("state") == "active", what=f"{MAZE} to be active")
        # Discovery: the robot and its planner must have found each other before the first goal.
        if not checks.that("robot and planner find each other", watch.wait_hearing(), [watch.odometry, watch.newest]):
            return checks.finish()
        growths = {"maze": Growth(maze.pid), "sim": Growth(sim.pid)} if options.minutes else {}
        begun, reached = time.monotonic(), 0
        for number, place in enumerate(tour(options.layout, options.seed), 1):
            reached += go(checks, watch, foreign, place, number)
            if number - reached >= GOALS:
                break
            goes_on = time.monotonic() - begun < 60.0 * options.minutes if options.minutes else number < GOALS
            if not goes_on:
                break
        minutes = (time.monotonic() - begun) / 60.0
        watch.fresh()
        checks.equal("all goals are reached", number, reached)
        checks.that("no wall is touched", watch.contacts == 0, f"{watch.contacts} contacts: {watch.touches}")
        counters = watch.counters()
        checks.that("deadline misses are counted", "drive.deadline_misses" in counters and counters["cycles"] > 0, counters)
        robot = {k: v for k, v in watch.status("robot", SIM).items() if k in ("travelled_m", "late_steps", "wall_contacts", "commands")}
        for name, growth in growths.items():
            growth.stop()
            figures = growth.figures()
            more[name] = figures
            checks.that(f"the memory of {name} is flat", figures["growth"] <= 0.05, figures)
        checks.equal("both go on living", (None, None), (sim.ended(), maze.ended()))
        if options.minutes:
            rate = counters["cycles"] / (60.0 * minutes)
            checks.that("the loop keeps 50 Hz", 47.0 <= rate <= 53.0 + 60.0 / (60.0 * minutes), f"{rate:.2f} Hz")
            more["rate_hz"] = round(rate, 2)
    return checks.finish(layout=options.layout, seed=options.seed, goals=number, reached=reached, minutes=round(minutes, 2),
                         wall_contacts=watch.contacts, robot=robot, counters=counters, **more)


if __name__ == "__main__":
    sys.exit(main())
