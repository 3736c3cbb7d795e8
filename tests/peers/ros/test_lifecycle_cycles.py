#!/usr/bin/env python3
"""A planner's node goes through its life again and again: it must not leak, and every answer must come.

    python3 tests/peers/ros/namespace.py .deps/ros-kilted/bin/python tests/peers/ros/test_lifecycle_cycles.py --planwright PATH
        [--cycles N]

A cycle is configure, activate, deactivate, cleanup, each asked of change_state; now and then a goal is planned in between.
"""

import argparse
import statistics
import sys
import time

from drive import MAZE, Watch, descriptor_count, model, rss_kib, thread_count
from peer import Checks, Programs, succeeded

# After so many cycles memory, threads and descriptors must have settled.
SETTLED = 50
GOAL_EVERY = 50
# How long one answer may take; beyond it counts as a deadlock.
ANSWER_SECS = 20.0
TRANSITIONS = ("configure", "activate", "deactivate", "cleanup")


def cycle(watch, slowest):
    """Names of the transitions that were refused."""
    refused = []
    for transition in TRANSITIONS:
        begun = time.monotonic()
        if not watch.change_state(transition, secs=ANSWER_SECS):
            refused.append(transition)
        slowest[transition] = max(slowest.get(transition, 0.0), time.monotonic() - begun)
    return refused


def settled_threads(pid):
    """The loading thread may be about to end."""
    counts = []
    for _ in range(20):
        counts.append(thread_count(pid))
        time.sleep(0.01)
    return min(counts)


def growths(rss, settled):
    """The least growth from one half of the settled cycles to the other, of least, median and greatest memory, and a text.

    A leak raises all three. What the allocator keeps, and a model that is being loaded, moves one of them: the least where a
    sample falls between dropping and loading, the greatest where it falls within a load.
    """
    kept = rss[settled:]
    halves = kept[:len(kept) // 2], kept[len(kept) // 2:]
    measures = [tuple(round(measure(half)) for half in halves) for measure in (min, statistics.median, max)]
    return min(late / early - 1.0 for early, late in measures), ", ".join(f"{early} to {late}" for early, late in measures) + " KiB"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--planwright", required=True)
    parser.add_argument("--cycles", type=int, default=1000)
    options = parser.parse_args()
    if options.cycles < 4:
        parser.error(f"--cycles: expected at least 4, got {options.cycles}")
    checks = Checks()
    with Programs(options.planwright) as programs, Watch() as watch:
        # With its own map it needs neither robot nor map server. In one arena, because glibc's others come and go.
        maze = watch.start(programs, "maze", {"model": model("umaze"), "map_required": False, "max_observation_age_secs": 10.0},
                           full_name=f"/{MAZE}", environment={"MALLOC_ARENA_MAX": "1"})
        checks.equal("it begins unconfigured", "unconfigured", watch.state())
        slowest, rss, refused, goals, planned = {}, [], [], 0, 0
        before = None
        begun = time.monotonic()
        for number in range(1, options.cycles + 1):
            if number % GOAL_EVERY == 1:
                goals += 1
                watch.activate()
                answer = watch.plan(start=(3.0, 1.0), goal=(1.0, 1.0), secs=ANSWER_SECS)
                planned += succeeded(answer)
                refused += [name for name in ("deactivate", "cleanup") if not watch.change_state(name, secs=ANSWER_SECS)]
            else:
                refused += cycle(watch, slowest)
            rss.append(rss_kib(maze.pid))
            if number == min(SETTLED, options.cycles // 2):
                before = settled_threads(maze.pid), descriptor_count(maze.pid)
        secs = time.monotonic() - begun
        after = settled_threads(maze.pid), descriptor_count(maze.pid)
        checks.equal("every transition succeeds", [], refused[:10])
        checks.equal("every goal in between is planned", goals, planned)
        checks.equal("threads and descriptors stay", before, after)
        growth, text = growths(rss, min(SETTLED, options.cycles // 2))
        checks.that("memory is flat", growth <= 0.05, f"expected at most 5 %, got {100 * growth:.1f} %: {text}")
        checks.equal("it ends unconfigured", "unconfigured", watch.state())
        watch.fresh()
        checks.equal("nothing was found wrong", {}, watch.faults())
        code = maze.stop()
        checks.equal("it ends as asked", 0, code)
    every = max(1, len(rss) // 10)
    return checks.finish(cycles=options.cycles, goals=goals, cycles_per_sec=round(options.cycles / secs, 2),
                         slowest_ms={name: round(1e3 * value, 1) for name, value in slowest.items()},
                         rss_kib=rss[::every] + rss[-1:], threads=after[0], descriptors=after[1], node=MAZE)


if __name__ == "__main__":
    sys.exit(main())
