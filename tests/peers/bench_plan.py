"""A whole plan: PyTorch Diffuser with 64 DDPM steps against our whole checked plan, in turn, in one run.

    .deps/venv/bin/python3 tests/peers/bench_plan.py [--model models/maze-umaze.onnx] [--rounds 5]

The peer is Diffuser's published network (3,682,118 parameters, horizon 128) with its own sampler, on one
thread. Its weights are random: time does not depend on them. Ours is proposed, corrected and checked.
"""

import argparse
import json
import os
import statistics
import subprocess
import time
from pathlib import Path

import torch
from temporal_unet import TemporalUnet, cosine_alpha_bar, ddpm_plan

ROOT = Path(__file__).resolve().parents[2]


def peer(plans):
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    network = TemporalUnet().eval()
    alpha_bar = cosine_alpha_bar(64)
    conditions = (torch.tensor([0.5, -0.5, 0.0, 0.0]), torch.tensor([-0.5, -0.5, 0.0, 0.0]))
    times = []
    for index in range(plans + 1):
        begun = time.perf_counter()
        ddpm_plan(network, alpha_bar, 128, 6, conditions, generator)
        if index:
            times.append(1e3 * (time.perf_counter() - begun))
    return statistics.median(times)


def ours(model, plans):
    binary = os.environ.get("PLANWRIGHT", str(ROOT / "target/release/planwright"))
    command = [binary, "bench", model, "--plans", str(plans), "--json"]
    result = json.loads(subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout)
    return {entry["engine"]["engine"]: entry for entry in result["engines"]}, result["machine"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="models/maze-umaze.onnx")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--plans", type=int, default=1000)
    arguments = parser.parse_args()
    rounds = []
    for _ in range(arguments.rounds):
        eager = peer(5)
        engines, machine = ours(arguments.model, arguments.plans)
        entry = {"pytorch_ddpm64_ms": eager}
        for name, result in engines.items():
            entry[f"{name}_checked_plan_ms"] = result["plan_ms"]["p50"]
            entry[f"{name}_speedup"] = eager / result["plan_ms"]["p50"]
        rounds.append(entry)
    medians = {key: statistics.median(entry[key] for entry in rounds) for key in rounds[0]}
    print(json.dumps({"machine": machine, "torch": torch.__version__, "rounds": rounds, "median": medians}, indent=2))


if __name__ == "__main__":
    main()
