"""What the parts of setup.py share: where things lie, commands, stamps, virtual environments."""

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
DEPS = os.path.join(os.path.dirname(HERE), ".deps")
CACHE = os.path.join(DEPS, ".cache")  # whole wheels; kept only while a run is unfinished
WORK = os.path.join(DEPS, ".work")  # half-made parts


class Failed(Exception):
    pass


def run(command, what, **kw):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **kw)
    except OSError as error:
        raise Failed("%s: cannot start %s: %s" % (what, command[0], error.strerror)) from None
    if done.returncode != 0:
        raise Failed("%s failed (exit %d): %s\n%s"
                     % (what, done.returncode, shlex.join(command)[:80] + " ...", done.stdout[-3000:].rstrip()))
    return done.stdout


def clean_environment():
    """The environment without what would change where a Python of .deps finds its modules and libraries."""
    unwanted = ("PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "_ROS_WHEELS_BOOTSTRAP_COMPLETE")
    return {k: v for k, v in os.environ.items() if k not in unwanted}


def sha256(path):
    h = hashlib.sha256()
    with open(path, "rb") as f:
        for block in iter(lambda: f.read(1 << 20), b""):
            h.update(block)
    return h.hexdigest()


def make_venv(where):
    shutil.rmtree(where, ignore_errors=True)
    run([sys.executable, "-m", "venv", where], "making a virtual environment (on Debian: apt install python3-venv)")


def check_python():
    """The pinned wheels exist for some Pythons only."""
    version = sys.version_info[:2]
    if not (3, 10) <= version <= (3, 13) or platform.python_implementation() != "CPython":
        raise Failed("pinned for CPython 3.10 to 3.13, this is %s %d.%d"
                     % (platform.python_implementation(), *version))


def pip_install(python, pins, *more):
    """Installs exactly what a requirements file of this folder lists, every file checked by its hash."""
    run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps",
         "--require-hashes", *more, "-r", pins], "installing " + os.path.basename(pins), env=clean_environment())


def stamp_text(part, recipe, *inputs):
    h = hashlib.sha256(("%s recipe %d\n" % (part, recipe)).encode())
    for text in inputs:
        h.update(text.encode() + b"\0")
    return h.hexdigest() + "\n"


def complete(folder, stamp, name=".stamp"):
    try:
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            return f.read() == stamp
    except OSError:
        return False


def write_stamp(folder, stamp, name=".stamp"):
    beside = os.path.join(folder, name + ".new")
    with open(beside, "w", encoding="utf-8") as f:
        f.write(stamp)
    os.replace(beside, os.path.join(folder, name))


def forget_stamp(folder, name):
    """Before a part is changed in place: an interrupted change must not look finished."""
    try:
        os.remove(os.path.join(folder, name))
    except FileNotFoundError:
        pass
