#!/usr/bin/env python3
"""Compares two builds: the same commands, every number to the last digit.

  python3 tests/golden/golden.py --old OLD --new NEW      each a folder of binaries (target/release of a checkout), or
                                                          a folder that --keep-old or --keep-new wrote
  --commit COMMIT    the old side is built from this commit, once, in .deps/golden; its outputs are kept there
  --quick            10 episodes in place of 100
  --only NAME,..     cases whose names begin so; --list prints them
  --keep-old FOLDER, --keep-new FOLDER   keep outputs there; what is there already is not run again
  --json             one JSON document in place of lines

Floating point differs between processors, so both sides run on one machine. Exit code 0: equal; 1: something differs;
2: wrong usage.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import cases  # noqa: E402
import compare  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent
INPUTS = Path(__file__).resolve().parent / "inputs"
LIBRARY = ROOT / ".deps/onnxruntime/libonnxruntime.so"


def wrong_usage(text):
    print(text, file=sys.stderr)
    raise SystemExit(2)


class Side:
    """One of two builds: its binaries and where its outputs are kept."""

    def __init__(self, given, keep, episodes):
        given = Path(given).resolve()
        self.binaries = given if (given / "planwright").is_file() else None
        if self.binaries is None and not any(given.glob("*/steps.json")):
            wrong_usage(f"{given}: expected a folder of binaries or of kept outputs\n"
                        "hint: cargo build --release --workspace, then target/release")
        self.keep = given if self.binaries is None else Path(keep).resolve()
        self.keep.mkdir(parents=True, exist_ok=True)
        # Models, recipes and test data are those of the build's own checkout.
        self.root = next((up for up in given.parents if (up / "models").is_dir()), ROOT)
        self.sizes = {"episodes": episodes, "drives": 30 if episodes >= 100 else 5}

    def outputs(self, case):
        """The steps' exit codes and stdouts; run unless kept."""
        folder = self.keep / case.name
        record = folder / "steps.json"
        commands = [step.command for step in case.steps]
        used = {name: size for name, size in self.sizes.items() if any(f"{{{name}}}" in one for one in commands)}
        asked = {"steps": commands, "sizes": used}
        if record.is_file():
            kept = json.loads(record.read_text())
            if kept["asked"] == asked:
                return folder, kept["done"]
        if self.binaries is None:
            return folder, None
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        done = [self.step(step, folder) for step in case.steps]
        record.write_text(json.dumps({"asked": asked, "done": done}))
        return folder, done

    def step(self, step, folder):
        begun = time.monotonic()
        code, out, err = self.run(step.command, folder)
        moved = [step.moved] if step.moved else [
            new + step.command[len(old):] for old, new in cases.MOVED if (step.command + " ").startswith(old + " ")]
        for command in moved:
            if code == 2 and (self.binaries / command.split()[0]).is_file():
                # One command of before can be several now: the first one's output is compared.
                first, *others = command.split(" && ")
                code, out, err = self.run(first, folder)
                for other in others:
                    code, _, err = (code, out, err) if code else self.run(other, folder)
        if step.save:
            (folder / step.save).write_text(out)
        # Paths are not results.
        for path, name in [(str(folder), "{out}"), (str(self.root), "{root}")]:
            out = out.replace(path, name)
        return {"code": code, "stdout": out, "stderr": err[-2000:], "secs": round(time.monotonic() - begun, 2)}

    def run(self, command, folder):
        words = shlex.split(command)
        fill = {"out": str(folder), "inputs": str(INPUTS), "ort": str(LIBRARY), **self.sizes}
        words = [word.format(**fill) for word in words]
        program = self.binaries / words[0]
        if not program.is_file():
            return 127, "", f"{program} is missing"
        done = subprocess.run([str(program), *words[1:]], cwd=self.root, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, env={**os.environ, "RAYON_NUM_THREADS": "1"})
        return done.returncode, done.stdout, done.stderr


def built(commit):
    """Binaries of a commit."""
    known = ["git", "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}"]
    if subprocess.run(known, cwd=ROOT, capture_output=True).returncode != 0:
        wrong_usage(f"expected a commit of this repository, got {commit}\nhint: git fetch, if the clone is shallow")
    folder = ROOT / ".deps/golden" / commit
    binaries = folder / "target/release"
    if not (folder / "built").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "x"], cwd=folder, check=True, input=archive)
        (folder / ".deps").symlink_to(ROOT / ".deps")
        # What is set for the checkout around it would build into that one's folder.
        environment = {key: value for key, value in os.environ.items() if key != "CARGO_TARGET_DIR"}
        command = ["cargo", "build", "--release", "--workspace", "--locked"]
        subprocess.run(command, cwd=folder, check=True, env=environment)
        (folder / "built").touch()
    return binaries


def compare_case(case, old, new):
    (old_folder, before), (new_folder, after) = old.outputs(case), new.outputs(case)
    if before is None or after is None:
        return {"name": case.name, "equal": False, "differences": [{"path": "", "problem": "not among kept outputs"}]}
    differences, added, meant = [], [], []
    for step, one, other in zip(case.steps, before, after):
        found = compare.step(step, one, other)
        differences += [{"command": step.command, **difference} for difference in found.differences]
        added += found.added
        meant += [f"{step.command} {one}" for one in found.meant]
    for pattern in case.files:
        differences += compare.files(pattern, old_folder, new_folder)
    return {"name": case.name, "equal": not differences, "differences": differences, "added": sorted(set(added)),
            "meant": meant, "secs": [round(sum(step["secs"] for step in side), 1) for side in (before, after)]}


def describe(result):
    lines = [f"{result['name']:<28} {'equal' if result['equal'] else 'DIFFERS'}"
             + (f"   {result['secs'][0]} s, {result['secs'][1]} s" if "secs" in result else "")]
    for difference in result["differences"][:12]:
        where = " ".join(filter(None, [difference.get("command", ""), difference["path"]]))
        lines.append(f"    {where}: {difference['problem']}")
    if len(result["differences"]) > 12:
        lines.append(f"    and {len(result['differences']) - 12} more")
    lines += [f"    meant: {one}" for one in result.get("meant", [])]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ["--old", "--new", "--keep-old", "--keep-new"]:
        parser.add_argument(name, metavar="FOLDER")
    parser.add_argument("--commit", metavar="COMMIT")
    parser.add_argument("--only", metavar="NAME[,NAME]")
    for name in ["--quick", "--json", "--list"]:
        parser.add_argument(name, action="store_true")
    chosen = parser.parse_args()
    wanted = chosen.only.split(",") if chosen.only else [""]
    selected = [case for case in cases.all_cases() if any(case.name.startswith(name) for name in wanted)]
    if chosen.list:
        print("\n".join(case.name for case in selected))
        return 0
    if not selected or bool(chosen.old) == bool(chosen.commit):
        parser.error("expected --old or --commit, and --only with the beginning of a case's name")
    episodes = 10 if chosen.quick else 100
    if chosen.commit:
        chosen.old = built(chosen.commit)
        chosen.keep_old = chosen.keep_old or ROOT / f".deps/golden/{chosen.commit}/outputs-{episodes}"
    with tempfile.TemporaryDirectory() as scratch:
        old = Side(chosen.old, chosen.keep_old or f"{scratch}/old", episodes)
        # One side alone: its outputs are kept for a later comparison.
        new = Side(chosen.new, chosen.keep_new or f"{scratch}/new", episodes) if chosen.new else None
        results = []
        for case in sorted(selected, key=lambda case: case.seconds):
            if new is None:
                done = old.outputs(case)[1]
                codes = [step["code"] for step in done]
                results.append({"name": case.name, "equal": True, "codes": codes})
                print(f"{case.name:<28} exit codes {codes}, {sum(step['secs'] for step in done):.1f} s", flush=True)
                continue
            results.append(compare_case(case, old, new))
            if not chosen.json:
                print(describe(results[-1]), flush=True)
    equal = sum(result["equal"] for result in results)
    if chosen.json:
        print(json.dumps({"equal": equal, "differ": len(results) - equal, "cases": results}, indent=2))
    elif new is not None:
        print(f"{equal} passed, {len(results) - equal} failed")
    return 0 if equal == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
