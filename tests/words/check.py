#!/usr/bin/env python3
"""Spelling of documents, comments and help texts (codespell), and the words that the project rules out.

  tests/words/known.txt      words that codespell takes for mistakes and are none
  tests/words/ruled_out.txt  words that give software a will, a belief or a voice, with what to say instead
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = Path(__file__).resolve().parent
# Copied from the definitions of ROS, spelling included.
GENERATED = re.compile(r"/messages/(\w+_msgs|\w+_interfaces|\w+_srvs|bond|nav2_msgs\w*)\.rs$|/message_types\.rs$")


def tracked():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.md", "*.rs"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout
    return [name for name in listed.splitlines() if not GENERATED.search(name) and (ROOT / name).is_file()]


def misspelt(files):
    """Lines of codespell's report."""
    command = [sys.executable, "-m", "codespell_lib", "--ignore-words", str(HERE / "known.txt"), *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.stderr and not done.stdout and done.returncode:
        sys.exit(f"{done.stderr.strip()}\nhint: python3 tests/setup.py --only venv")
    return done.stdout.splitlines()


def rules():
    for line in (HERE / "ruled_out.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            pattern, _, instead = line.partition(" -> ")
            yield re.compile(rf"(?<![\w]){pattern}(?![\w])", re.IGNORECASE), instead


def ruled_out(files):
    """Every use as file, line, word and what to say instead."""
    patterns = list(rules())
    for name in files:
        for number, line in enumerate((ROOT / name).read_text().splitlines(), 1):
            for pattern, instead in patterns:
                for found in pattern.finditer(line):
                    yield f"{name}:{number}: '{found[0]}' -> {instead}"


def main():
    files = tracked()
    spelling, words = misspelt(files), list(ruled_out(files))
    for line in spelling + words:
        print(line)
    print(f"{len(files)} files: {len(spelling)} misspelt words, {len(words)} ruled-out words")
    return 1 if spelling or words else 0


if __name__ == "__main__":
    sys.exit(main())
