#!/usr/bin/env python3
"""Runs every check and every test: python3 tests/run.py

Does all the set-up on a machine with Rust, python3 with its headers and a C++ compiler (tests/setup.py fetches
libtorch, ONNX Runtime, the Python peers and two ROS 2 distributions, pinned with hashes, into .deps/). Nothing is
skipped: a test whose component is missing fails. A failure does not end the run: the steps that do not need the
failed one go on, and the summary names each failed command and test.

  --only STEP[,STEP]   these steps alone, in their order
  --nightly            the nightly steps too
  --list               the steps, and what each runs
"""

import argparse
import os
import re
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
VENV = ".deps/venv/bin/python3"
# The providers for NVIDIA GPUs compile without CUDA; they need it to run. One set of features serves every step that
# only checks, so that what is checked once is checked for all of them.
CHECKED = "--features planwright/cuda,planwright/tensorrt,planwright-fuzz/libfuzzer"
PEERS = f"{PYTHON} tests/peers/ros/namespace.py"


@dataclass
class Step:
    name: str
    commands: list
    needs: list = field(default_factory=list)
    nightly: bool = False
    environment: dict = field(default_factory=dict)


STEPS = [
    Step("setup", [f"{PYTHON} tests/setup.py"]),
    Step("format", ["cargo fmt --all --check"]),
    Step("words", [f"{VENV} tests/words/check.py"], ["setup"]),
    # One feature set and one profile for everything that is run, so that dependencies compile once.
    Step("build", ["cargo build --release --workspace --locked"], ["setup"]),
    Step("test", ["cargo test --release --workspace --locked --no-fail-fast"], ["build"]),
    Step("clippy", [f"cargo clippy --release --workspace --all-targets {CHECKED} --locked -- -D warnings"], ["setup"]),
    Step("doc", [f"cargo doc --release --workspace --no-deps {CHECKED} --locked"], ["setup"],
         environment={"RUSTDOCFLAGS": "-D warnings"}),
    Step("features", ["cargo check --release -p planwright --no-default-features --locked"]),
    Step("golden", [f"{PYTHON} tests/golden/golden.py --commit 2d0d788 --new target/release"], ["build"], nightly=True),
    Step("soak", [
        f"{PEERS} .deps/ros-kilted/bin/python tests/peers/ros/test_drive.py --planwright target/release/planwright "
        "--minutes 10",
        f"{PEERS} .deps/ros-jazzy/bin/python tests/peers/ros/test_lifecycle_cycles.py "
        "--planwright target/release/planwright --cycles 1000",
    ], ["build"], nightly=True),
    Step("fuzz", ["cargo run --release -p planwright-tests --example fuzz --locked -- --cases 200000"], ["build"],
         nightly=True),
]
NAMES = [step.name for step in STEPS]


@dataclass
class Outcome:
    """What a step came to: passed and failed commands or tests."""

    passed: int = 0
    failed: list = field(default_factory=list)
    secs: float = 0.0


def run(command, environment, outcome):
    """Runs a command and shows its output. The tests that it reports are counted one by one, others as one check."""
    binary, tests, failures, targets, ended = "", 0, [], [], {}
    process = subprocess.Popen(shlex.split(command), cwd=ROOT, env={**os.environ, **environment}, text=True,
                               errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for line in process.stdout:
        print(line, end="", flush=True)
        if found := re.match(r"\s+Running (?:unittests )?(\S+) \((?:.*/)?(\S+)-[0-9a-f]+\)|\s+Doc-tests (\S+)", line):
            binary = f"{found[2]} {found[1]}" if found[1] else f"documentation of {found[3]}"
            ended[binary] = False
        elif found := re.match(r"test (.+?)(?: - should panic)? \.\.\. FAILED", line):
            failures.append(f"{binary}: {found[1]}")
        elif found := re.match(r"test result: .*? (\d+) passed; (\d+) failed", line):
            tests += int(found[1])
            ended[binary] = True
        elif found := re.match(r"(\d+) passed, (\d+) failed$", line):
            tests += int(found[1])
            failures += [f"{int(found[2])} of its checks"] if int(found[2]) else []
        elif found := re.match(r"    `(-p .*)`$", line):
            targets.append(f"target {found[1]}")
    code = process.wait()
    if code != 0:
        # A binary that ended by a signal has no line of its own for the test that ended it.
        failures += [f"{binary}: ended without a result" for binary, whole in ended.items() if not whole]
    outcome.passed += tests if tests else int(code == 0)
    if code != 0:
        outcome.failed += failures or targets or [f"exit code {code}: {command}"]


def summary(outcomes, skipped):
    print("==> summary")
    for step in STEPS:
        if step.name in outcomes:
            outcome = outcomes[step.name]
            verdict = "FAILED" if outcome.failed else "ok"
            print(f"  {step.name:<9} {verdict:<7} {outcome.secs:6.0f} s  {outcome.passed} passed")
            for failure in outcome.failed:
                print(f"      {failure}")
        elif step.name in skipped:
            print(f"  {step.name:<9} not run: needs {skipped[step.name]}")
    passed = sum(outcome.passed for outcome in outcomes.values())
    failed = sum(len(outcome.failed) for outcome in outcomes.values()) + len(skipped)
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="STEP[,STEP]")
    parser.add_argument("--nightly", action="store_true")
    parser.add_argument("--list", action="store_true")
    chosen = parser.parse_args()
    default = [step.name for step in STEPS if chosen.nightly or chosen.list or not step.nightly]
    names = chosen.only.split(",") if chosen.only else default
    if unknown := [name for name in names if name not in NAMES]:
        parser.error(f"expected some of {', '.join(NAMES)}, got {', '.join(unknown)}")
    if chosen.list:
        for step in STEPS:
            for command in step.commands:
                print(f"{step.name:<9} {'nightly ' if step.nightly else ''}{command}")
        return 0
    outcomes, skipped = {}, {}
    for step in (step for step in STEPS if step.name in names):
        lacking = [name for name in step.needs if name in skipped or (name in outcomes and outcomes[name].failed)]
        if lacking:
            skipped[step.name] = ", ".join(lacking)
            continue
        begun = time.monotonic()
        outcome = outcomes[step.name] = Outcome()
        for command in step.commands:
            print(f"==> {step.name}: {command}", flush=True)
            run(command, step.environment, outcome)
        outcome.secs = time.monotonic() - begun
    return summary(outcomes, skipped)


if __name__ == "__main__":
    sys.exit(main())
