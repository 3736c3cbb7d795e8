"""Training step: PyTorch eager against planwright-train, the same network, in turn, in one run.

    .deps/venv/bin/python3 tests/peers/bench_step.py [--threads 2] [--rounds 5]
"""

import argparse
import json
import os
import statistics
import subprocess
import time
from pathlib import Path

import torch
from temporal_unet import TemporalUnet, cosine_alpha_bar

ROOT = Path(__file__).resolve().parents[2]


def eager(batch, steps, threads):
    """One optimiser step as a trainer makes it: noise, forward, backward, clipping, AdamW, average."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    network = TemporalUnet()
    average = TemporalUnet()
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-4, weight_decay=0.01)
    alpha_bar = cosine_alpha_bar(64).float()
    clean = torch.rand(batch, 128, 6) * 2 - 1
    times = []
    for step in range(steps + 3):
        begun = time.perf_counter()
        t = torch.randint(0, 64, (batch,))
        bar = alpha_bar[t][:, None, None]
        noisy = bar.sqrt() * clean + (1 - bar).sqrt() * torch.randn_like(clean)
        noisy[:, [0, -1], 2:] = clean[:, [0, -1], 2:]
        loss = (network(noisy, t) - clean).square().mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        with torch.no_grad():
            torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), 0.005)
        loss.item()
        if step >= 3:
            times.append(1e3 * (time.perf_counter() - begun))
    return statistics.median(times)


def ours(batch, steps, threads):
    command = [os.environ.get("PLANWRIGHT_TRAIN", str(ROOT / "target/release/planwright-train")), "bench", "--json"]
    command += ["--batch", str(batch), "--steps", str(steps), "--threads", str(threads)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["step_ms"]["p50"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    count = sum(parameter.numel() for parameter in TemporalUnet().parameters())
    rounds = []
    for _ in range(arguments.rounds):
        peer = eager(arguments.batch, arguments.steps, arguments.threads)
        mine = ours(arguments.batch, arguments.steps, arguments.threads)
        rounds.append({"pytorch_eager_ms": peer, "planwright_ms": mine, "ratio": mine / peer})
    ratio = statistics.median(entry["ratio"] for entry in rounds)
    print(json.dumps({"parameters": count, "torch": torch.__version__, "rounds": rounds, "ratio_median": ratio}, indent=2))


if __name__ == "__main__":
    main()
