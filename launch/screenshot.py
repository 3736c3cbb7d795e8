#!/usr/bin/env python3
"""A picture of a recording, without a screen or a GPU: screenshot.py FILE.rrd OUT.png

Needs the rerun viewer (pip install rerun-sdk==0.36.3) and, on Debian,
  apt-get install xvfb xauth mesa-vulkan-drivers libgl1-mesa-dri libvulkan1 libegl1 libgl1 libxkbcommon-x11-0
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

PACKAGES = "xvfb xauth mesa-vulkan-drivers libgl1-mesa-dri libvulkan1 libegl1 libgl1 libxkbcommon-x11-0"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def fail(expected: str, got: str, hint: str) -> None:
    sys.exit(f"screenshot: expected {expected}, got {got}\nhint: {hint}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", type=pathlib.Path, metavar="FILE.rrd")
    parser.add_argument("picture", type=pathlib.Path, metavar="OUT.png")
    parser.add_argument("--rerun", default="rerun", help="the viewer (default: the one on PATH)")
    parser.add_argument("--size", default="1400x900", help="pixels, width x height (default: %(default)s)")
    parser.add_argument("--timeout", type=float, default=120.0, help="seconds (default: %(default)s)")
    arguments = parser.parse_args()

    if not arguments.recording.is_file():
        fail("a recording", f"no file {arguments.recording}", "record one with --record FILE.rrd")
    rerun = shutil.which(arguments.rerun)
    if rerun is None:
        fail("the rerun viewer", f"no command '{arguments.rerun}'", "pip install rerun-sdk==0.36.3, or name it with --rerun")
    if shutil.which("xvfb-run") is None or shutil.which("xauth") is None:
        fail("a virtual screen", "no xvfb-run or no xauth", f"apt-get install {PACKAGES}")
    if not list(pathlib.Path("/usr/share/vulkan/icd.d").glob("*.json")):
        fail("a Vulkan driver", "none in /usr/share/vulkan/icd.d", f"apt-get install {PACKAGES}")

    arguments.picture.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="screenshot-") as runtime_folder:
        os.chmod(runtime_folder, 0o700)
        command = ["xvfb-run", "-a", "-s", "-screen 0 2000x1400x24", rerun, str(arguments.recording)]
        command += ["--screenshot-to", str(arguments.picture), "--renderer=vulkan", "--window-size", arguments.size]
        environment = os.environ | {"XDG_RUNTIME_DIR": runtime_folder, "RERUN_ANALYTICS": "0"}
        try:
            viewer = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=arguments.timeout)
            said = viewer.stdout + viewer.stderr
        except subprocess.TimeoutExpired:
            said = f"no end within {arguments.timeout} s"

    # The viewer may panic after it has saved, so the picture is the judge, not the exit status.
    if not arguments.picture.is_file() or not arguments.picture.read_bytes().startswith(PNG_SIGNATURE):
        fail("a picture", f"none; the viewer said:\n{said[-2000:]}", f"apt-get install {PACKAGES}")
    print(f"{arguments.picture} ({arguments.picture.stat().st_size} bytes)")


if __name__ == "__main__":
    main()
