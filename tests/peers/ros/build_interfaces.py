#!/usr/bin/env python3
"""Builds the rclpy types of interface packages that have no wheel, from their .msg, .srv and .action definitions.

    .deps/ros-kilted/bin/python tests/peers/ros/build_interfaces.py --definitions runtime/ros2/messages tf2_msgs bond nav2_msgs

It runs under the Python of the environment that gets the types, which holds ROS 2's own generators (rosidl), the C
headers and the types of the other packages. Afterwards `import nav2_msgs.action` works there. A package becomes one
Python extension: C structures, (de)serialization for Fast DDS, introspection, conversion from and to Python, type
descriptions with their RIHS01 hashes. There are no headers and nothing for C++.

With --overlay FOLDER the packages go there and replace those of the same name for a process that has the folder first
in PYTHONPATH: the types of another distribution under their real names. Introspection is left out of these.

Needs a C and a C++ compiler (CC, CXX) and the headers of Python (on Debian: python3-dev).
"""

import argparse
import functools
import json
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy
import rosidl_parser.parser
from rosidl_adapter.action import convert_action_to_idl
from rosidl_adapter.msg import convert_msg_to_idl
from rosidl_adapter.srv import convert_srv_to_idl
from rosidl_generator_c import generate_c
from rosidl_generator_py import generate_py
from rosidl_generator_type_description import generate_type_hash
from rosidl_typesupport_c import generate_c as generate_dispatch
from rosidl_typesupport_fastrtps_c import generate_typesupport_fastrtps_c as generate_fastrtps
from rosidl_typesupport_introspection_c import generate_c as generate_introspection

# Every generator parses every definition again, which takes a third of the time.
rosidl_parser.parser.get_ast_from_idl_string = functools.cache(rosidl_parser.parser.get_ast_from_idl_string)

PREFIX = Path(sys.prefix)
SITE = Path(sysconfig.get_path("platlib"))
CONVERTERS = {"msg": convert_msg_to_idl, "srv": convert_srv_to_idl, "action": convert_action_to_idl}
SERIALIZER = "rosidl_typesupport_fastrtps_c"
INTROSPECTION = "rosidl_typesupport_introspection_c"
# What the extension may need of the packages that its messages contain, and of ROS 2 itself
LIBRARIES = ["*__rosidl_generator_c", "*__rosidl_generator_py", "*__rosidl_typesupport_c", "*__" + SERIALIZER, "*__" + INTROSPECTION,
             "rosidl_typesupport_c", SERIALIZER, "rosidl_typesupport_fastrtps_cpp", INTROSPECTION, "rosidl_runtime_c", "rcutils",
             "fastcdr"]


def definitions(folder, package):
    """The definition files of one package, as paths relative to its folder, e.g. msg/Status.msg."""
    found = [f.relative_to(folder / package) for kind in CONVERTERS for f in sorted((folder / package / kind).glob("*." + kind))]
    if not found:
        raise SystemExit(f"{package}: no definitions in {folder / package}")
    return found


def generate(package, folder, work, supports=(SERIALIZER, INTROSPECTION)):
    """Writes all the sources of one package below `work`, and its .idl and .json files to `work`/share.

    With a single type support the dispatching layer calls it directly and looks for no library.
    """
    share = work / "share" / package
    files = definitions(folder, package)
    for file in files:
        convert = CONVERTERS[file.suffix[1:]]
        convert((folder / package).resolve(), package, file, share / file.parent)
        shutil.copy(folder / package / file, share / file)
    idl = [file.with_suffix(".idl") for file in files]

    def arguments(generator, output, **more):
        output.mkdir(parents=True, exist_ok=True)
        path = work / (generator + ".json")
        path.write_text(json.dumps({
            "package_name": package,
            "output_dir": str(output),
            "template_dir": str(PREFIX / "share" / generator / "resource"),
            "idl_tuples": [f"{share}:{file}" for file in idl],
            "target_dependencies": [],
            **more,
        }))
        return str(path)

    others = [f"{p.name}:{p}" for p in sorted((PREFIX / "share").iterdir()) if p.name != package and any(p.glob("*/*.json"))]
    generate_type_hash(arguments("rosidl_generator_type_description", share, include_paths=others))
    source = work / "source"  # a folder per generator: two of them write files of the same name
    generate_c(arguments(
        "rosidl_generator_c", source / "c" / package,
        type_description_tuples=[f"{file}:{share / file.with_suffix('.json')}" for file in idl],
        ros_interface_files=[str(folder / package / file) for file in files]))
    generate_fastrtps(arguments(SERIALIZER, source / "fastrtps" / package))
    generate_introspection(arguments(INTROSPECTION, source / "introspection" / package))
    generate_dispatch(arguments("rosidl_typesupport_c", source / "dispatch" / package), list(supports))
    for generator in ("rosidl_generator_c", SERIALIZER, INTROSPECTION):
        name = generator + "__visibility_control.h"
        text = (PREFIX / "share" / generator / "resource" / (name + ".in")).read_text()
        text = text.replace("@PROJECT_NAME_UPPER@", package.upper()).replace("@PROJECT_NAME@", package)
        target = source / "c" / package / "msg" / name
        target.parent.mkdir(exist_ok=True)
        target.write_text(text)
    python = work / "python" / package
    for kind in {file.parent for file in files}:
        (python / kind).mkdir(parents=True)
    (python / "__init__.py").write_text("")
    generate_py(arguments("rosidl_generator_py", python), ["rosidl_typesupport_c"])


def compile_all(package, work, jobs):
    """Compiles and links everything that `generate` wrote into the package's one extension module."""
    include = [*(work / "source").iterdir(), work / "python", numpy.get_include(), sysconfig.get_path("include")]
    headers = PREFIX / "include"
    include += [headers] + [p for p in sorted(headers.iterdir()) if p.is_dir() and not p.name.startswith("python")]
    flags = ["-fPIC", "-O1", "-w", "-fno-strict-aliasing"]
    cc = shlex.split(os.environ.get("CC", "cc"))
    cxx = shlex.split(os.environ.get("CXX", "c++"))

    def compile_one(source):
        target = source.with_suffix(source.suffix + ".o")
        command = cxx + ["-std=c++17"] if source.suffix == ".cpp" else cc + ["-std=gnu11"]
        run(command + flags + [f"-I{p}" for p in include] + ["-c", str(source), "-o", str(target)], source.name)
        return str(target)

    sources = sorted(p for p in work.rglob("*.c*") if p.suffix in (".c", ".cpp"))
    with ThreadPoolExecutor(jobs) as pool:
        objects = list(pool.map(compile_one, sources))
    lib = PREFIX / "lib"
    libraries = [path for name in LIBRARIES for path in sorted(lib.glob(f"lib{name}.so"))]
    target = work / "python" / package / f"{package}_s__rosidl_typesupport_c.so"
    run(cxx + ["-shared", "-o", str(target)] + objects + [str(p) for p in libraries]
        + [f"-L{lib}", "-Wl,--as-needed,--allow-shlib-undefined", "-Wl,-rpath,$ORIGIN/../../.."], target.name)


def run(command, what):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        hint = "\nhint: the headers of Python are missing (on Debian: python3-dev)" if "Python.h" in done.stdout else ""
        raise SystemExit(f"{what}: {command[0]} failed:\n{done.stdout[-3000:]}{hint}")


def install(package, work):
    """Puts the finished package to its place: the Python part last, because that is what makes it importable."""
    extension = SITE / package / f"{package}_s__rosidl_typesupport_c.so"
    for support in (SERIALIZER, INTROSPECTION):  # the names under which the dispatching layer looks for them
        link = PREFIX / "lib" / f"lib{package}__{support}.so"
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.relpath(extension, link.parent))
    replace(work / "share" / package, PREFIX / "share" / package)
    replace(work / "python" / package, SITE / package)


def replace(made, target):
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(made, target, ignore=shutil.ignore_patterns("*.c", "*.o"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", nargs="+", help="in the order of their dependencies")
    parser.add_argument("--definitions", type=Path, required=True, help="folder with <package>/{msg,srv,action}/")
    parser.add_argument("--overlay", type=Path, help="folder for the packages, instead of the environment itself")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    for package in arguments.packages:
        with tempfile.TemporaryDirectory(prefix="interfaces-") as work:
            work = Path(work)
            supports = (SERIALIZER,) if arguments.overlay else (SERIALIZER, INTROSPECTION)
            generate(package, arguments.definitions.resolve(), work, supports)
            compile_all(package, work, arguments.jobs)
            if arguments.overlay:
                replace(work / "python" / package, arguments.overlay / package)
            else:
                install(package, work)


if __name__ == "__main__":
    main()
