#!/usr/bin/env python3
"""Writes the parameter files and the tables of docs/ROS.md anew, from what the nodes say of themselves.

    cargo build --release && python3 launch/reference.py [--planwright FILE] [--check]

With --check nothing is written, and the exit code is 1 if something would change.
"""

import argparse
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "ROS.md"
# The words after `planwright node`, and the parameter file of that node.
NODES = {"planner": "planner", "maze": "maze", "policy": "policy", "goal-force": "goal_force", "sim": "sim",
         "sim --scene": "scene"}


def described(planwright, node, form):
    # In a network of its own: describing a node opens it.
    command = [sys.executable, "tests/peers/ros/namespace.py", planwright, "node", *node.split(), "--describe", form]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip() + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--planwright", default=str(ROOT / "target" / "release" / "planwright"))
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    texts = {PAGE: PAGE.read_text(encoding="utf-8")}
    for node, name in NODES.items():
        texts[ROOT / "launch" / "params" / f"{name}.yaml"] = described(arguments.planwright, node, "yaml")
        begin = f"<!-- generated: planwright node {node} --describe markdown -->\n"
        block = begin + described(arguments.planwright, node, "markdown") + "<!-- end -->"
        page, count = re.subn(re.escape(begin) + r".*?<!-- end -->", lambda _: block, texts[PAGE], flags=re.DOTALL)
        if count != 1:
            sys.exit(f"{PAGE.name}: expected one place that begins with {begin.strip()}, got {count}")
        texts[PAGE] = page
    changed = [path for path, text in texts.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in changed:
        print(f"{path.relative_to(ROOT)}: {'differs' if arguments.check else 'written'}")
        if not arguments.check:
            path.write_text(texts[path], encoding="utf-8")
    if changed and arguments.check:
        print("hint: python3 launch/reference.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
