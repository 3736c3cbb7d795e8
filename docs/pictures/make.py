#!/usr/bin/env python3
"""Runs the commands of docs/TUTORIAL.md that need no ROS, in a folder of their own, and keeps the pictures they write.

    python3 docs/pictures/make.py [--planwright FILE] [--check]

With --check nothing is written: the exit code is 1 if a command fails, a picture is missing, has another size in pixels
than the one that is kept, or is larger than 100 KB.
"""

import argparse
import pathlib
import re
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]
TUTORIAL = ROOT / "docs" / "TUTORIAL.md"
MOST_BYTES = 100_000


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", TUTORIAL.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def size(picture):
    """Width and height of a PNG."""
    head = picture.read_bytes()[:24]
    if not head.startswith(b"\x89PNG\r\n\x1a\n"):
        raise ValueError(f"{picture.name}: expected a PNG")
    return struct.unpack(">II", head[16:24])


def problem_with(made, kept):
    if made.stat().st_size > MOST_BYTES:
        return f"expected at most {MOST_BYTES} bytes, got {made.stat().st_size}"
    if not kept.is_file():
        return "expected it in docs/pictures, got none"
    return None if size(made) == size(kept) else f"expected {size(kept)} pixels, got {size(made)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--planwright", default=str(ROOT / "target" / "release" / "planwright"))
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    planwright = str(pathlib.Path(arguments.planwright).resolve(strict=True))
    lines = [line for block in blocks("sh") for line in block.replace("\\\n", " ").splitlines()]
    commands = [shlex.split(line) for line in lines if line.startswith("planwright ") and not line.startswith("planwright node")]
    (robot,) = blocks("toml")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "robot.toml").write_text(robot, encoding="utf-8")
        for command in commands:
            done = subprocess.run([planwright, *command[1:]], cwd=folder, capture_output=True, text=True, timeout=600)
            print(f"{' '.join(command)}\n{done.stdout}{done.stderr}", flush=True)
            if done.returncode != 0:
                sys.exit(f"expected exit code 0, got {done.returncode}: {' '.join(command)}")
        pictures = sorted(folder.glob("*.png"))
        problems = [(made.name, problem_with(made, FOLDER / made.name)) for made in pictures]
        problems = [f"{name}: {problem}" for name, problem in problems if problem]
        if not arguments.check:
            for made in pictures:
                shutil.copyfile(made, FOLDER / made.name)
                print(f"{made.name}: {made.stat().st_size} bytes")
        elif problems or not pictures:
            sys.exit("\n".join(problems or ["expected pictures, got none"]) + "\nhint: python3 docs/pictures/make.py")


if __name__ == "__main__":
    main()
