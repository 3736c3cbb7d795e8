#!/usr/bin/env python3
"""What goes with the nodes on a robot: launch/ (launch files, Nav2's configuration, the systemd unit) and docs/ROS.md.

    python3 tests/peers/ros/namespace.py python3 tests/peers/ros/test_launch_files.py --planwright target/release/planwright

ROS 2's launcher is not needed: launch_stub.py stands in for it. With --planwright every command line that the files
would start is given to the real command, with --describe, which reads all arguments and parameter files and ends.
"""

import argparse
import configparser
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

from launch_stub import run_python, run_xml

ROOT = pathlib.Path(__file__).resolve().parents[3]
LAUNCH = ROOT / "launch"
ARGUMENTS = [
    {},
    {"with_sim": "true", "drive": "true"},
    {"with_sim": "True", "respawn": "True", "use_sim_time": "true", "layout": "large", "model": "models/maze-large.onnx"},
    {"namespace": "/robot", "log_level": "debug", "autostart": "false", "distribution": "lyrical", "respawn": "true"},
    {"planwright": "/opt/two words/planwright", "model": "my models/a.onnx", "with_sim": "1"},
]
GOAL_FORCE_ARGUMENTS = [
    {},
    {"sim": "true", "kind": "blocked"},
    {"image": "/camera/image_rect", "camera_info": "/camera/camera_info", "rectified": "true", "use_sim_time": "true"},
    {"image": "camera/image_raw", "image_transport": "compressed", "autostart": "false", "respawn": "True"},
    {"namespace": "/arm", "log_level": "debug", "sim": "1", "planwright": "/opt/two words/planwright",
     "model": "my models/a.onnx"},
]
# Directives of systemd 252 (Debian 12) that the unit may use; systemd-analyze has the last word where it is installed.
DIRECTIVES = {
    "Unit": "Description Documentation Wants After StartLimitIntervalSec StartLimitBurst",
    "Service": """Type Environment EnvironmentFile WorkingDirectory ExecStart Restart RestartSec RestartPreventExitStatus
        KillSignal TimeoutStopSec Nice MemoryMax TasksMax DynamicUser NoNewPrivileges CapabilityBoundingSet ProtectSystem
        ProtectHome PrivateTmp PrivateDevices ProtectClock ProtectHostname ProtectKernelLogs ProtectKernelModules
        ProtectKernelTunables ProtectControlGroups LockPersonality RestrictNamespaces RestrictSUIDSGID
        RestrictAddressFamilies SystemCallArchitectures SystemCallFilter UMask""",
    "Install": "WantedBy",
}


# Actions of a node of any planner, which may be served aside.
ACTIONS = ("compute_path_to_pose", "compute_path_through_poses", "follow_path")
# Topics of the camera, which may be remapped.
CAMERA_TOPICS = ("image", "image/compressed", "camera_info")
# Node -> its parameter file in launch/params; the simulated table is `node sim --scene`.
PARAMETER_FILES = {"maze": "maze", "sim": "sim", "planner": "planner", "goal-force": "goal_force", "scene": "scene"}


class Checks:
    def __init__(self):
        self.passed, self.failed = 0, 0

    def equal(self, name, expected, got):
        if expected == got:
            self.passed += 1
            print(f"ok {name}", flush=True)
        else:
            self.failed += 1
            print(f"FAILED {name}: expected {expected!r}, got {got!r}", flush=True)


def scalar(text):
    text = text.strip()
    if text.startswith("["):
        inner = text[1:text.rindex("]")].strip()
        return [scalar(item) for item in inner.split(",")] if inner else []
    if text[:1] in ("'", '"'):
        return text[1:text.index(text[0], 1)]
    text = text.split(" #")[0].strip()
    if text in ("true", "false"):
        return text == "true"
    try:
        return float(text)
    except ValueError:
        return text


def read_yaml(path):
    """Nested maps of scalars and one-line lists: all that our files hold."""
    root = {}
    levels = [(-1, root)]
    for number, line in enumerate(path.read_text().splitlines(), 1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        indent = len(line) - len(line.lstrip())
        key, separator, rest = bare.partition(":")
        if not separator or bare.startswith("- ") or "\t" in line:
            raise ValueError(f"{path.name}:{number}: expected `key: value`, got {bare!r}")
        while levels[-1][0] >= indent:
            levels.pop()
        parent = levels[-1][1]
        if key in parent:
            raise ValueError(f"{path.name}:{number}: expected {key!r} once, got it again")
        if rest.strip() and not rest.strip().startswith("#"):
            parent[key] = scalar(rest)
        else:
            parent[key] = {}
            levels.append((indent, parent[key]))
    return root


def parameters_of(path):
    (entry,) = read_yaml(path).values()
    return entry["ros__parameters"]


def fault_of(command, known):
    """The first thing wrong with a command line of `planwright node`, by its grammar."""
    rest = list(command[1:])
    if rest[:1] != ["node"] or rest[1] not in known:
        return f"expected node {' or '.join(known)}, got {rest[:2]}"
    kind, rest = rest[1], rest[2:]
    if kind == "sim" and rest[:1] == ["--scene"]:
        kind, rest = "scene", rest[1:]
    if kind == "maze" and rest[:1] == ["--distribution"]:
        if rest[1] not in ("jazzy", "kilted", "lyrical"):
            return f"distribution {rest[1]}"
        rest = rest[2:]
    if rest[:1] != ["--ros-args"]:
        return f"expected --ros-args, got {rest[:1]}"
    rest = rest[1:]
    if len(rest) % 2:
        return f"expected flags with values, got {rest}"
    for flag, value in zip(rest[::2], rest[1::2]):
        name, separator, right = value.partition(":=")
        if flag == "-p" and (not separator or name not in known[kind] or not right):
            return f"-p {value}"
        is_action = kind == "planner" and name in ACTIONS and right == f"planwright/{name}"
        is_camera = kind == "goal-force" and name in CAMERA_TOPICS and right
        if flag == "-r" and not (is_action or is_camera or (name == "__ns" and right.startswith("/"))):
            return f"-r {value}"
        if flag == "--log-level" and value not in ("debug", "info", "warn", "error", "fatal"):
            return f"--log-level {value}"
        if flag == "--params-file" and not pathlib.Path(value).is_file():
            return f"--params-file {value}"
        if flag not in ("-p", "-r", "--log-level", "--params-file"):
            return flag
    return None


def described(planwright, command):
    """What the real command says to the arguments: exit code and stderr."""
    words = [planwright, *command[1:3], "--describe", "json", *command[3:]]
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("LD_LIBRARY_PATH", "_ROS_WHEELS_BOOTSTRAP_COMPLETE")}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stderr.strip()


def check_maze(checks, known, planwright):
    for arguments in ARGUMENTS:
        given = " ".join(f"{name}:={value}" for name, value in arguments.items()) or "no arguments"
        python, declared_python = run_python(LAUNCH / "planwright_maze.launch.py", arguments)
        xml, declared_xml = run_xml(LAUNCH / "planwright_maze.launch.xml", arguments)
        checks.equal(f"both files start the same ({given})", python, xml)
        checks.equal(f"both files declare the same ({given})", declared_python, declared_xml)
        with_sim = arguments.get("with_sim", "false").lower() in ("true", "1")
        names = (["planwright_sim"] if with_sim else []) + ["planwright_maze"]
        checks.equal(f"what starts ({given})", names, [process.name for process in python])
        respawn = arguments.get("respawn", "false").lower() == "true"
        checks.equal(f"respawn ({given})", [respawn] * len(names), [process.respawn for process in python])
        for process in python:
            checks.equal(f"{process.name}: command ({given})", arguments.get("planwright", "planwright"), process.cmd[0])
            checks.equal(f"{process.name}: grammar ({given})", None, fault_of(process.cmd, known))
            if planwright:
                checks.equal(f"{process.name}: planwright takes it ({given})", (0, ""), described(planwright, process.cmd))
    _, declared = run_python(LAUNCH / "planwright_maze.launch.py", {})
    checks.equal("every argument is described", [], [name for name, (_, text) in declared.items() if not text])
    # What the files set over the parameter file is what stands in it, so that the files change nothing unasked.
    own = {"model": known["maze"]["model"], "use_sim_time": "false", "drive": "false"}
    checks.equal("defaults are the parameters' own", own, {name: declared[name][0] for name in own})
    checks.equal("default layout", known["sim"]["layout"], declared["layout"][0])


def check_goal_force(checks, known, planwright):
    path = LAUNCH / "goal_force.launch.py"
    for arguments in GOAL_FORCE_ARGUMENTS:
        given = "goal_force " + (" ".join(f"{name}:={value}" for name, value in arguments.items()) or "no arguments")
        nodes, _ = run_python(path, arguments)
        sim = arguments.get("sim", "false") in ("true", "1")
        names = (["planwright_scene"] if sim else []) + ["planwright_goal_force"]
        checks.equal(f"what starts ({given})", names, [process.name for process in nodes])
        respawn = arguments.get("respawn", "false").lower() == "true"
        checks.equal(f"respawn ({given})", [respawn] * len(names), [process.respawn for process in nodes])
        for process in nodes:
            checks.equal(f"{process.name}: command ({given})", arguments.get("planwright", "planwright"), process.cmd[0])
            checks.equal(f"{process.name}: grammar ({given})", None, fault_of(process.cmd, known))
            if planwright:
                checks.equal(f"{process.name}: planwright takes it ({given})", (0, ""), described(planwright, process.cmd))
        image = arguments.get("image", "image")
        remaps = [f"image:={image}", f"image/compressed:={image}/compressed",
                  f"camera_info:={arguments.get('camera_info', 'camera_info')}"]
        checks.equal(f"the camera's topics ({given})", [], [remap for remap in remaps if remap not in nodes[-1].cmd])
    _, declared = run_python(path, {})
    checks.equal("goal_force: every argument is described", [], [name for name, (_, text) in declared.items() if not text])
    for kind, names in [("goal-force", ("model", "use_sim_time", "image_transport", "rectified")),
                        ("scene", ("kind", "use_sim_time"))]:
        own = {name: str(known[kind][name]).replace("False", "false") for name in names}
        checks.equal(f"goal_force: defaults are the parameters' own ({kind})", own,
                     {name: declared[name][0] for name in names})
    frames = ("table_frame", "robot_frame")
    checks.equal("goal_force: node and table have the same frames", [known["scene"][name] for name in frames],
                 [known["goal-force"][name] for name in frames])


def check_nav2(checks, known):
    nodes, _ = run_python(LAUNCH / "nav2" / "nav2.launch.py", {"with_sim": "true"})
    names = [process.name for process in nodes]
    params = read_yaml(LAUNCH / "nav2" / "nav2_params.yaml")
    manager = params["lifecycle_manager_navigation"]["ros__parameters"]
    managed = manager["node_names"]
    checks.equal("the manager manages what is launched", sorted(managed),
                 sorted(set(names) - {"planwright_sim", "lifecycle_manager_navigation"}))
    checks.equal("planner_server stays out", [], [name for name in ("planner_server", "smoother_server")
                                                  if name in names or name in managed or name in params])
    checks.equal("bt_navigator comes last", "bt_navigator", managed[-1])
    checks.equal("bonds are wanted and can be kept", True,
                 manager["bond_timeout"] > 10 * known["maze"]["bond_heartbeat_period"] > 0)
    maze = next(process for process in nodes if process.name == "planwright_maze")
    checks.equal("the manager brings the planner up", True, "autostart:=false" in maze.cmd and "drive:=false" in maze.cmd)
    for process in nodes:
        for parameter in process.parameters:
            files = parameter.values() if isinstance(parameter, dict) else [parameter]
            missing = [file for file in files if "/" in file and not pathlib.Path(file).is_file()]
            checks.equal(f"{process.name}: its files are there", [], missing)
        if process.package:
            checks.equal(f"{process.name}: has parameters", True, process.name in params)
    stamped = {name: entry["ros__parameters"].get("enable_stamped_cmd_vel") for name, entry in params.items()
               if "enable_stamped_cmd_vel" in entry.get("ros__parameters", {})}
    checks.equal("velocities have one type", {known["maze"]["cmd_vel_stamped"]}, set(stamped.values()))
    checks.equal("all who command say which", {"controller_server", "behavior_server", "velocity_smoother"}, set(stamped))
    controllers = params["controller_server"]["ros__parameters"]
    for lists in ("progress_checker_plugins", "goal_checker_plugins", "controller_plugins"):
        checks.equal(f"{lists} are configured", [], [name for name in controllers[lists] if name not in controllers])
    critics = controllers["FollowPath"]
    checks.equal("critics are configured", [], [name for name in critics["critics"] if name not in critics])

    tree = ElementTree.parse(LAUNCH / "nav2" / "navigate_to_pose.xml").getroot()
    (plan,) = tree.iter("ComputePathToPose")
    checks.equal("planner_id is ours", True, plan.get("planner_id") in known["maze"]["planner_ids"])
    (follow,) = tree.iter("FollowPath")
    checks.equal("controller_id is configured", True, follow.get("controller_id") in controllers["controller_plugins"])
    checks.equal("no service of planner_server", [], [node.get("service_name") for node in tree.iter()
                                                      if "global" in (node.get("service_name") or "")])
    checks.equal("every RecoveryNode has two children", [], [node.get("name") for node in tree.iter("RecoveryNode")
                                                            if len(node) != 2])
    behaviors = params["behavior_server"]["ros__parameters"]["behavior_plugins"]
    used = {tag.lower() for tag in ("Spin", "BackUp", "Wait", "DriveOnHeading") if next(tree.iter(tag), None) is not None}
    checks.equal("behaviours of the tree are served", used, set(behaviors))
    variables = {value for node in tree.iter() for value in node.attrib.values() if value.startswith("{")}
    checks.equal("blackboard", {"{goal}", "{path}", "{compute_path_error_code}", "{follow_path_error_code}"}, variables)


def check_turtlebot3(checks, known, planwright):
    """planwright as both servers, as planner, as controller: each with what it leaves to Nav2."""
    folder = LAUNCH / "turtlebot3"
    params = read_yaml(folder / "nav2_params.yaml")
    own = parameters_of(folder / "planwright.yaml")
    checks.equal("turtlebot3: planwright's parameters exist", [], sorted(set(own) - set(known["planner"])))
    stamped = {name: entry["ros__parameters"]["enable_stamped_cmd_vel"] for name, entry in params.items()
               if "enable_stamped_cmd_vel" in entry.get("ros__parameters", {})}
    checks.equal("turtlebot3: velocities have one type", {own["cmd_vel_stamped"]}, set(stamped.values()))
    frames = {entry["ros__parameters"].get("robot_base_frame", own["base_frame"]) for entry in params.values()
              if "ros__parameters" in entry}
    checks.equal("turtlebot3: the robot has one frame", {own["base_frame"]}, frames)
    for arguments, aside, nav2 in [
        ({}, [], []),
        ({"controller": "false", "use_sim_time": "true"}, ["follow_path"], ["controller_server"]),
        ({"planner": "false", "namespace": "/robot", "robot": "jackal"}, list(ACTIONS[:2]), ["planner_server"]),
    ]:
        given = "turtlebot3 " + (" ".join(f"{name}:={value}" for name, value in arguments.items()) or "no arguments")
        nodes, declared = run_python(folder / "turtlebot3.launch.py", arguments)
        checks.equal(f"every argument is described ({given})", [], [name for name, (_, text) in declared.items() if not text])
        names = [process.name for process in nodes]
        (manager,) = [name for name in names if name.startswith("lifecycle_manager")]
        managed = params[manager]["ros__parameters"]["node_names"]
        checks.equal(f"the manager manages what is launched ({given})", sorted(managed), sorted(set(names) - {manager}))
        checks.equal(f"what Nav2 does ({given})", sorted(nav2 + ["behavior_server", "bt_navigator"]),
                     sorted(set(managed) - {"planwright_planner"}))
        checks.equal(f"bt_navigator comes last ({given})", "bt_navigator", managed[-1])
        (process,) = [process for process in nodes if process.name == "planwright_planner"]
        checks.equal(f"grammar ({given})", None, fault_of(process.cmd, known))
        moved = [value.split(":=")[0] for flag, value in zip(process.cmd, process.cmd[1:]) if flag == "-r" and "__ns" not in value]
        checks.equal(f"one server for each action ({given})", aside, moved)
        if planwright:
            checks.equal(f"planwright takes it ({given})", (0, ""), described(planwright, process.cmd))
        for process in nodes:
            files = [file for parameter in process.parameters
                     for file in (parameter.values() if isinstance(parameter, dict) else [parameter]) if "/" in file]
            checks.equal(f"{process.name}: its files are there ({given})", [], [f for f in files if not pathlib.Path(f).is_file()])
            checks.equal(f"{process.name}: has parameters ({given})", True, not process.package or process.name in params)
    controllers = params["controller_server"]["ros__parameters"]
    for lists in ("progress_checker_plugins", "goal_checker_plugins", "controller_plugins"):
        checks.equal(f"turtlebot3: {lists} are configured", [], [name for name in controllers[lists] if name not in controllers])
    tree = ElementTree.parse(folder / "navigate_to_pose.xml").getroot()
    (plan,), (follow,) = tree.iter("ComputePathToPose"), tree.iter("FollowPath")
    checks.equal("turtlebot3: planner_id is everybody's", (True, True),
                 (plan.get("planner_id") in known["planner"]["planner_ids"],
                  plan.get("planner_id") in params["planner_server"]["ros__parameters"]["planner_plugins"]))
    checks.equal("turtlebot3: controller_id is everybody's", (True, True),
                 (follow.get("controller_id") in known["planner"]["controller_ids"],
                  follow.get("controller_id") in controllers["controller_plugins"]))
    checks.equal("turtlebot3: no service of a costmap", [], [node.tag for node in tree.iter() if node.get("service_name")])
    behaviors = params["behavior_server"]["ros__parameters"]["behavior_plugins"]
    used = {tag.lower() for tag in ("Spin", "BackUp", "Wait", "DriveOnHeading") if next(tree.iter(tag), None) is not None}
    checks.equal("turtlebot3: behaviours of the tree are served", used, set(behaviors))


def check_unit(checks, known, planwright):
    path = LAUNCH / "planwright-maze.service"
    unit = configparser.RawConfigParser(strict=False, comment_prefixes=("#",), delimiters=("=",))
    unit.optionxform = str
    unit.read_string(path.read_text())
    checks.equal("sections of the unit", list(DIRECTIVES), unit.sections())
    for section in unit.sections():
        unknown = [key for key in unit[section] if key not in DIRECTIVES[section].split()]
        checks.equal(f"directives of [{section}]", [], unknown)
    service = unit["Service"]
    wanted = {"Type": "exec", "Restart": "on-failure", "KillSignal": "SIGTERM", "TimeoutStopSec": "2",
              "NoNewPrivileges": "yes", "ProtectSystem": "strict", "PrivateTmp": "yes"}
    checks.equal("how it is run", wanted, {key: service.get(key) for key in wanted})
    command = service["ExecStart"].replace("${PLANWRIGHT_AUTOSTART}", "true").split()
    installed = "/etc/planwright/maze.yaml"
    checks.equal("its parameter file", True, installed in command)
    command[command.index(installed)] = str(LAUNCH / "params" / "maze.yaml")
    checks.equal("its command line", None, fault_of(command, known))
    if planwright:
        checks.equal("planwright takes its command line", (0, ""), described(planwright, command))
    if shutil.which("systemd-analyze"):
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder) / path.name
            # Only the command differs: the installed one need not be there.
            copy.write_text(path.read_text().replace("ExecStart=/usr/local/bin/planwright",
                                                     f"ExecStart={planwright or sys.executable}"))
            done = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, timeout=60)
        complaints = [line for line in done.stderr.splitlines() if path.name in line]
        checks.equal("systemd-analyze verify", (0, []), (done.returncode, complaints))


def names_in_sources():
    """The faults that the nodes can name, from their sources; what is no fault left out."""
    client, nodes = ROOT / "runtime" / "ros2" / "src", ROOT / "runtime" / "src" / "nodes"
    texts = {path: path.read_text().split("#[cfg(test)]")[0]
             for folder in (client, nodes) for path in folder.rglob("*.rs") if "messages" not in path.parts}
    found = set()
    for text in texts.values():
        for pattern in (r'\.fault\(\s*"(\w+)"', r'\bFailure::new\(\s*(?:FollowPathResult::\w+|code),\s*"(\w+)"',
                        r'const NO_VIAPOINTS: &str = "(\w+)"', r'PlanningFailure::new\(\s*ErrorCode::\w+,\s*"(\w+)"', r'drop_work\("(\w+)"'):
            found |= set(re.findall(pattern, text))
    # Enumerations of faults, and where their names stand in them.
    for place in (client / "validate/error.rs", client / "time/stamp.rs", client / "tf/error.rs",
                  nodes / "planner_node/input_fault.rs", nodes / "planner_node/odometry_fault.rs",
                  nodes / "planner_node/path_follower.rs"):
        found |= set(re.findall(r'(?:=> |Odometry\()"(\w+)"', texts[place]))
    found |= set(re.findall(r'"(\w+_refused)"', texts[nodes / "refusals.rs"]))
    found |= set(re.findall(r'"((?:start|goal)_(?:occupied|outside_map))"', texts[nodes / "planner_node/responses.rs"]))
    # Of the goal-force node and the simulated table.
    push = "".join(text for path, text in texts.items() if path.parent == nodes / "push_node")
    for pattern in (r'PushErrorCode::\w+,\s*"(\w+)"', r'\b(?:no_picture|no_camera|invalid|refused)\(\s*"(\w+)"',
                    r'drop_goal\("(\w+)"'):
        found |= set(re.findall(pattern, push))
    runtime = ROOT / "runtime" / "src"
    for place in (nodes / "push_node/camera/refusal.rs", nodes / "scene_node/push_fault.rs", runtime / "gate/push.rs",
                  runtime / "planner/goal_force/reading.rs"):
        found |= set(re.findall(r'=> (?:\{\s*)?"(\w+)"', place.read_text().split("#[cfg(test)]")[0]))
    gate = (ROOT / "runtime" / "src" / "gate" / "rejection.rs").read_text()
    found |= set(re.findall(r'"(\w+)"', re.search(r"NAMES: \[[^=]*= \[(.*?)\]", gate, re.DOTALL).group(1)))
    return found - {"no_goal", "arrived", "canceled"}


def check_page(checks):
    page = (ROOT / "docs" / "ROS.md").read_text()
    tables = "".join(page.split(f"\n{heading}\n")[1].split("\n##")[0]
                     for heading in ("### Faults by name", "### Faults of pushes"))
    listed = {name for line in tables.splitlines() if line.startswith("| `")
              for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    sources = names_in_sources()
    checks.equal("enough faults are found in the sources", True, len(sources) > 50)
    checks.equal("every fault is in docs/ROS.md", [], sorted(sources - listed))
    checks.equal("every fault in docs/ROS.md exists", [], sorted(listed - sources))
    for page_path in (ROOT / "docs" / "ROS.md", LAUNCH / "nav2" / "README.md", LAUNCH / "turtlebot3" / "README.md"):
        links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page_path.read_text())
        links += [str(pathlib.Path(os.path.relpath(ROOT, page_path.parent)) / file)
                  for file in re.findall(r"`(launch/[\w./-]+)`", page_path.read_text())]
        checks.equal(f"{page_path.name}: files are there", [], [link for link in links
                                                              if not (page_path.parent / link).exists()])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--planwright", metavar="FILE", help="the command, to be asked as well")
    given = parser.parse_args().planwright
    planwright = str(pathlib.Path(given).resolve(strict=True)) if given else None
    checks = Checks()
    known = {kind: parameters_of(LAUNCH / "params" / f"{file}.yaml") for kind, file in PARAMETER_FILES.items()}
    check_maze(checks, known, planwright)
    check_goal_force(checks, known, planwright)
    check_nav2(checks, known)
    check_turtlebot3(checks, known, planwright)
    check_unit(checks, known, planwright)
    check_page(checks)
    print(json.dumps({"test": "launch_files", "passed": checks.passed, "failed": checks.failed}))
    sys.exit(1 if checks.failed else 0)


if __name__ == "__main__":
    main()
