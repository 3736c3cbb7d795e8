"""The parts of setup.py that are ROS 2 and DDS peers: rclpy of two distributions, and Cyclone DDS."""

import os
import re
import shutil
import sys

from setup_common import (DEPS, HERE, WORK, check_python, clean_environment, complete, forget_stamp, make_venv, pip_install, run, stamp_text,
                          write_stamp)

PEERS = os.path.join(HERE, "peers", "ros")
BUILDER = os.path.join(PEERS, "build_interfaces.py")
DEFINITIONS = os.path.join(os.path.dirname(HERE), "runtime", "ros2", "messages")
WITHOUT_WHEEL = ["tf2_msgs", "bond", "map_msgs", "ackermann_msgs", "nav2_msgs", "planwright_msgs"]  # built here, in this order
LATER = {"lyrical": ["nav2_msgs"]}  # distributions that have some of them in another form, by the folder that holds those

CYCLONE_SMOKE = """
import time
from dataclasses import dataclass
from cyclonedds.domain import DomainParticipant
from cyclonedds.idl import IdlStruct
from cyclonedds.pub import DataWriter
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic

@dataclass
class Text(IdlStruct, typename="std_msgs::msg::dds_::String_"):
    data: str

participant = DomainParticipant(0)
topic = Topic(participant, "rt/setup", Text)
reader, writer = DataReader(participant, topic), DataWriter(participant, topic)
end, got = time.monotonic() + 20, []
while not got and time.monotonic() < end:
    writer.write(Text("as it is"))
    time.sleep(0.05)
    got = reader.take(1)
assert got and got[0].data == "as it is", got
"""


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def environment(name, first=()):
    """Makes .deps/<name> from requirements-<name>.txt unless it is there. Returns its folder, its Python, and whether it was there.

    `first` names packages that must be there before the rest: a package without a wheel is built with them.
    """
    target = os.path.join(DEPS, name)
    python = os.path.join(target, "bin", "python")
    pins = os.path.join(HERE, "requirements-%s.txt" % name)
    # scripts in a venv hold its path, and the packages fit one Python: both count
    stamp = stamp_text(name, 1, read(pins), target, sys.version, sys.base_prefix)
    if complete(target, stamp):
        return target, python, True
    check_python()
    # A venv cannot be moved, so it is made in place; without its stamp it counts as not made.
    shutil.rmtree(target, ignore_errors=True)
    make_venv(target)
    if first:
        some = os.path.join(WORK, name + "-first.txt")
        with open(some, "w", encoding="utf-8") as f:
            f.writelines(line for line in re.findall(r"^\S.*(?:\n    .*)*\n", read(pins), re.M) if line.split("==")[0] in first)
        pip_install(python, some, "--only-binary=:all:")
    pip_install(python, pins, "--no-build-isolation")
    write_stamp(target, stamp)
    return target, python, False


def in_namespace(python, *arguments):
    """A command under the peers' network namespace, so that nothing reaches or comes from the network."""
    return [sys.executable, os.path.join(PEERS, "namespace.py"), python, *arguments]


def definitions():
    """Paths and texts of the definitions of the packages that are built here."""
    found = []
    for package in WITHOUT_WHEEL + [os.path.join(d, p) for d, packages in LATER.items() for p in packages]:
        for root, folders, files in os.walk(os.path.join(DEFINITIONS, package)):
            folders.sort()
            for name in sorted(files):
                path = os.path.join(root, name)
                found += [os.path.relpath(path, DEFINITIONS), read(path)]
    return found


def ros(distribution):
    """A virtual environment with rclpy on Fast DDS, and the message types that have no wheel."""
    name = "ros-" + distribution
    target, python, whole = environment(name, first=("setuptools", "wheel"))  # empy has no wheel
    stamp = stamp_text(name, 1, read(BUILDER), *definitions())
    if whole and complete(target, stamp, ".stamp-types"):
        return target, "already there"
    forget_stamp(target, ".stamp-types")
    run([python, BUILDER, "--definitions", DEFINITIONS, *WITHOUT_WHEEL], "building message types", cwd=WORK, env=clean_environment())
    for later, packages in LATER.items():
        run([python, BUILDER, "--definitions", os.path.join(DEFINITIONS, later), "--overlay", os.path.join(target, later), *packages],
            "building message types of " + later, cwd=WORK, env=clean_environment())
    run(in_namespace(python, os.path.join(PEERS, "smoke.py")), "trying the new environment", cwd=WORK, env=clean_environment())
    write_stamp(target, stamp, ".stamp-types")
    return target, "made"


def cyclonedds():
    name = "cyclonedds"
    target, python, whole = environment(name)
    stamp = stamp_text(name, 1, CYCLONE_SMOKE)
    if whole and complete(target, stamp, ".stamp-tried"):
        return target, "already there"
    run(in_namespace(python, "-c", CYCLONE_SMOKE), "trying the new environment", cwd=WORK, env=clean_environment())
    write_stamp(target, stamp, ".stamp-tried")
    return target, "made"
