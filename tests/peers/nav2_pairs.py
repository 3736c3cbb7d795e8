#!/usr/bin/env python3
"""Starts and goals of Nav2's planner benchmark, in the order of its script: Python's generator with seed 33, cells of the
costmap at least 100 from the rim whose cost is below 210, goals more than 3 m from their start.

    .deps/venv/bin/python3 tests/peers/nav2_pairs.py ../shared/data/maps/100by100_10.yaml > pairs.csv
    planwright eval map --map ../shared/data/maps/100by100_10.yaml --pairs pairs.csv --json

The costmap is that of Nav2's defaults: a circle of 0.22 m, inflation over 0.55 m with factor 3. A cost below 210 is then a
distance from obstacles above 0.22 + ln(252 / 210) / 3 m. The script draws a yaw after each end, which is drawn here too.
"""

import argparse
import math
import random
from pathlib import Path

import numpy as np

SEED, PAIRS, SIDE_BUFFER, MAX_COST, LEAST_M = 33, 100, 100, 210, 3.0
RADIUS_M, INFLATION_M, FACTOR = 0.22, 0.55, 3.0


def pixels(data):
    """The rows of a binary PGM with 8 bits."""
    magic, width, height, largest = data.split(maxsplit=4)[:4]
    if (magic, largest) != (b"P5", b"255"):
        raise SystemExit(f"expected a binary PGM with 8 bits, got {magic} with {largest}")
    size = int(width) * int(height)
    return np.frombuffer(data[-size:], dtype=np.uint8).reshape(int(height), int(width)).astype(float)


def costs(occupied, resolution_m):
    """Inflation costs: 254 for obstacles, 253 within the radius, then 252 exp(-factor (distance - radius))."""
    reach = math.ceil(INFLATION_M / resolution_m)
    cost = np.zeros(occupied.shape)
    height, width = occupied.shape
    for row in range(-reach, reach + 1):
        for column in range(-reach, reach + 1):
            away_m = math.hypot(row, column) * resolution_m
            if away_m > INFLATION_M:
                continue
            value = 254.0 if away_m == 0.0 else 253.0
            if away_m > RADIUS_M:
                value = math.floor(252.0 * math.exp(-FACTOR * (away_m - RADIUS_M)))
            to = (slice(max(row, 0), height + min(row, 0)), slice(max(column, 0), width + min(column, 0)))
            of = (slice(max(-row, 0), height + min(-row, 0)), slice(max(-column, 0), width + min(-column, 0)))
            cost[to] = np.maximum(cost[to], np.where(occupied[of], value, 0.0))
    return cost


def end(cost, resolution_m, start=None):
    """A random cell with its metres from the map's lower left corner."""
    height, width = cost.shape
    while True:
        row = random.randint(SIDE_BUFFER, height - SIDE_BUFFER)
        column = random.randint(SIDE_BUFFER, width - SIDE_BUFFER)
        place = (column * resolution_m, row * resolution_m)
        if cost[row, column] < MAX_COST and (start is None or math.dist(start, place) > LEAST_M):
            random.uniform(0, 1)
            return place


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("map", type=Path, help="map_server's YAML file")
    map_file = parser.parse_args().map
    lines = (line.split(":", 1) for line in map_file.read_text().splitlines() if ":" in line)
    settings = {key.strip(): value.strip() for key, value in lines}
    shade = pixels((map_file.parent / settings["image"]).read_bytes()) / 255.0
    occupancy = shade if settings["negate"] == "1" else 1.0 - shade
    # Row 0 of a costmap is the lowest.
    occupied = np.flipud(occupancy > float(settings["occupied_thresh"]))
    resolution_m = float(settings["resolution"])
    x, y, _ = (float(value) for value in settings["origin"].strip("[]").split(","))
    cost = costs(occupied, resolution_m)
    random.seed(SEED)
    print("start_x,start_y,goal_x,goal_y")
    for _ in range(PAIRS):
        start = end(cost, resolution_m)
        goal = end(cost, resolution_m, start)
        # The corner of a cell in Nav2's script; its centre is meant.
        half = 0.5 * resolution_m
        print(",".join(f"{value + half:.4f}" for value in (start[0] + x, start[1] + y, goal[0] + x, goal[1] + y)))


if __name__ == "__main__":
    main()
