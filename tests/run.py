#!/usr/bin/env python3
"""Runs every check and every test: python3 tests/run.py

Does all the set-up on a machine with Rust, python3 with its headers and a C++ compiler (tests/setup.py fetches
libtorch, ONNX Runtime, the Python peers and two ROS 2 distributions, pinned with hashes, into .deps/). Nothing is
skipped: a test whose component is missing fails.

  --only STEP[,STEP]   some of: setup, format, clippy, features, build, test, doc
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def cargo(*arguments, **environment):
    return ["cargo", *arguments], environment


STEPS = {
    "setup": [([sys.executable, "tests/setup.py"], {})],
    "format": [cargo("fmt", "--all", "--check")],
    # One feature set and one profile for everything that is run, so that dependencies compile once.
    "build": [cargo("build", "--release", "--workspace", "--locked")],
    "test": [cargo("test", "--release", "--workspace", "--locked")],
    "clippy": [cargo("clippy", "--release", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings")],
    # The providers for NVIDIA GPUs compile without CUDA; they need it to run.
    "features": [
        cargo("check", "--release", "--workspace", "--features", "planwright/cuda,planwright/tensorrt", "--locked"),
        cargo("check", "--release", "-p", "planwright", "--no-default-features", "--locked"),
    ],
    "doc": [cargo("doc", "--release", "--workspace", "--no-deps", "--locked", RUSTDOCFLAGS="-D warnings")],
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="STEP[,STEP]", default=",".join(STEPS))
    chosen = parser.parse_args().only.split(",")
    unknown = [step for step in chosen if step not in STEPS]
    if unknown:
        parser.error(f"expected some of {', '.join(STEPS)}, got {', '.join(unknown)}")
    times = []
    for step in chosen:
        begun = time.monotonic()
        for command, environment in STEPS[step]:
            print(f"==> {step}: {' '.join(command)}", flush=True)
            done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment})
            if done.returncode != 0:
                print(f"==> {step} FAILED with exit code {done.returncode}", flush=True)
                return 1
        times.append(f"{step} {time.monotonic() - begun:.0f} s")
    print(f"==> all passed: {', '.join(times)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
