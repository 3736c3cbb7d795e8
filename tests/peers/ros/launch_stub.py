"""As much of ROS 2's launcher as the files in launch/ use: Python files run against stand-ins of its API, XML files are
read as its frontend reads them. Both give the processes that would start, for given launch arguments.

Stand-ins take the keywords of the real API and no others; a tag or an attribute that the frontend does not know is an
error, as it is there.
"""

import contextlib
import dataclasses
import importlib.util
import pathlib
import re
import shlex
import sys
import types
import xml.etree.ElementTree as ElementTree

TRUE, FALSE = {"true", "1"}, {"false", "0"}  # conditions compare in lower case


@dataclasses.dataclass
class Process:
    """A process of ExecuteProcess, or a node of an ament package."""

    name: str
    cmd: list
    respawn: bool = False
    respawn_delay: float = 0.0
    package: str = ""
    namespace: str = ""
    parameters: list = dataclasses.field(default_factory=list)
    remappings: list = dataclasses.field(default_factory=list)


class Context:
    def __init__(self, folder, arguments):
        self.folder, self.values, self.declared, self.processes = folder, dict(arguments), {}, []


def resolve(context, text):
    """A text from strings and substitutions."""
    if isinstance(text, str):
        return text
    if isinstance(text, (list, tuple)):
        return "".join(resolve(context, part) for part in text)
    return text.perform(context)


def truth(text):
    text = text.strip().lower()
    if text not in TRUE | FALSE:
        raise ValueError(f"expected a condition to be true or false, got {text!r}")
    return text in TRUE


# ---- the Python API ---------------------------------------------------------------------------------------------------


class LaunchConfiguration:
    def __init__(self, variable_name, *, default=None):
        self.name, self.default = variable_name, default

    def perform(self, context):
        value = context.values.get(self.name, self.default)
        if value is None:
            raise KeyError(f"launch configuration '{self.name}' does not exist")
        return value


class ThisLaunchFileDir:
    def perform(self, context):
        return str(context.folder)


class IfCondition:
    def __init__(self, predicate_expression):
        self.expression = predicate_expression

    def holds(self, context):
        return truth(resolve(context, self.expression))


class UnlessCondition(IfCondition):
    def holds(self, context):
        return not super().holds(context)


class Action:
    def __init__(self, *, condition=None):
        self.condition = condition

    def visit(self, context):
        if self.condition is None or self.condition.holds(context):
            self.execute(context)


class DeclareLaunchArgument(Action):
    def __init__(self, name, *, default_value=None, description=None, choices=None, **rest):
        super().__init__(**rest)
        self.name, self.default, self.description = name, default_value, description

    def execute(self, context):
        if self.name not in context.values:
            if self.default is None:
                raise KeyError(f"required launch argument '{self.name}' was not provided")
            context.values[self.name] = resolve(context, self.default)
        context.declared.setdefault(self.name, (self.default and resolve(context, self.default), self.description))


class ExecuteProcess(Action):
    def __init__(self, *, cmd, name=None, cwd=None, env=None, additional_env=None, shell=False, output="log",
                 respawn=False, respawn_delay=None, **rest):
        super().__init__(**rest)
        if not isinstance(respawn, bool):
            raise TypeError(f"expected a literal for respawn, got {respawn!r}")
        self.process = lambda context: Process(
            resolve(context, name), [resolve(context, word) for word in cmd], respawn, respawn_delay or 0.0)

    def execute(self, context):
        context.processes.append(self.process(context))


class GroupAction(Action):
    def __init__(self, actions, *, scoped=True, forwarding=True, launch_configurations=None, **rest):
        super().__init__(**rest)
        self.actions = list(actions)

    def execute(self, context):
        before = dict(context.values)
        for action in self.actions:
            action.visit(context)
        context.values = before


class PythonLaunchDescriptionSource:
    def __init__(self, launch_file_path):
        self.path = launch_file_path


class IncludeLaunchDescription(Action):
    def __init__(self, launch_description_source, *, launch_arguments=None, **rest):
        super().__init__(**rest)
        self.source, self.arguments = launch_description_source, list(launch_arguments or ())

    def execute(self, context):
        for name, value in self.arguments:
            context.values[name] = resolve(context, value)
        path = pathlib.Path(resolve(context, self.source.path)).resolve(strict=True)
        folder, context.folder = context.folder, path.parent
        for action in description_of(path).actions:
            action.visit(context)
        context.folder = folder


class Node(Action):
    def __init__(self, *, executable, package=None, name=None, namespace=None, parameters=None, remappings=None,
                 arguments=None, output="log", respawn=False, respawn_delay=None, **rest):
        super().__init__(**rest)

        def value(context, parameter):
            if isinstance(parameter, dict):
                return {key: resolve(context, item) for key, item in parameter.items()}
            return resolve(context, parameter)

        self.process = lambda context: Process(
            name, [executable], respawn, respawn_delay or 0.0, package, resolve(context, namespace or ""),
            [value(context, parameter) for parameter in parameters or ()], list(remappings or ()))

    def execute(self, context):
        context.processes.append(self.process(context))


class LaunchDescription:
    def __init__(self, initial_entities=None):
        self.actions = list(initial_entities or ())


MODULES = {
    "launch": [LaunchDescription],
    "launch.actions": [DeclareLaunchArgument, ExecuteProcess, GroupAction, IncludeLaunchDescription],
    "launch.conditions": [IfCondition, UnlessCondition],
    "launch.launch_description_sources": [PythonLaunchDescriptionSource],
    "launch.substitutions": [LaunchConfiguration, ThisLaunchFileDir],
    "launch_ros": [],
    "launch_ros.actions": [Node],
}


@contextlib.contextmanager
def stubbed():
    before = {name: sys.modules.get(name) for name in MODULES}
    for name, classes in MODULES.items():
        module = types.ModuleType(name)
        module.__dict__.update({item.__name__: item for item in classes})
        sys.modules[name] = module
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def description_of(path):
    spec = importlib.util.spec_from_file_location(f"launch_file_{abs(hash(path))}", path)
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    with stubbed():
        spec.loader.exec_module(module)
        return module.generate_launch_description()


def run_python(path, arguments):
    """Processes and declared arguments of a Python launch file."""
    context = Context(path.parent, arguments)
    for action in description_of(path).actions:
        action.visit(context)
    return context.processes, context.declared


# ---- the XML frontend -------------------------------------------------------------------------------------------------

ATTRIBUTES = {
    "launch": {"version"},
    "arg": {"name", "default", "description"},
    "let": {"name", "value"},
    "group": {"scoped", "forwarding"},
    "executable": {"cmd", "cwd", "name", "args", "shell", "output", "launch-prefix", "respawn", "respawn_delay",
                   "emulate_tty", "sigterm_timeout", "sigkill_timeout"},
    "push_ros_namespace": {"namespace"},
    "set_env": {"name", "value"},
    "env": {"name", "value"},
}
CHILDREN = {
    "launch": set(ATTRIBUTES) - {"launch", "env"},
    "group": set(ATTRIBUTES) - {"launch", "env"},
    "executable": {"env"},
}
SUBSTITUTION = re.compile(r"\$\(([a-z-]+)((?: [^()$]*)?)\)")


def parts(text):
    """Texts as they are, substitutions as pairs of name and argument."""
    found, at = [], 0
    for match in SUBSTITUTION.finditer(text):
        if match.start() > at:
            found.append(text[at:match.start()])
        found.append((match.group(1), match.group(2).strip()))
        at = match.end()
    if at < len(text):
        found.append(text[at:])
    if any("$(" in part for part in found if isinstance(part, str)):
        raise ValueError(f"expected substitutions as $(name argument), got {text!r}")
    return found


def substituted(context, part):
    if isinstance(part, str):
        return part
    name, argument = part
    if name == "dirname":
        return str(context.folder)
    if name == "var":
        return LaunchConfiguration(argument).perform(context)
    raise ValueError(f"expected $(var ...) or $(dirname), got $({name})")


def expanded(context, text):
    return "".join(substituted(context, part) for part in parts(text))


def words(context, text):
    """As ExecuteProcess splits cmd: at the spaces of the text, never inside what a substitution gave."""
    found, word = [], None
    for part in parts(text):
        if not isinstance(part, str):
            word = (word or "") + substituted(context, part)
            continue
        pieces = shlex.split(part)
        if part[0].isspace() and word is not None:
            found.append(word)
            word = None
        for index, piece in enumerate(pieces):
            if index > 0:
                found.append(word)
                word = None
            word = (word or "") + piece
        if part[-1].isspace() and word is not None:
            found.append(word)
            word = None
    return found + ([word] if word is not None else [])


def literal(element, name, kind, default):
    text = element.get(name)
    if text is None:
        return default
    if kind is bool:
        return truth(text)  # raises for a substitution, as the frontend may
    return kind(text)


def visit(context, element):
    tag, given = element.tag, set(element.attrib) - {"if", "unless"}
    if tag not in ATTRIBUTES:
        raise ValueError(f"expected a tag of the launch frontend, got <{tag}>")
    if given - ATTRIBUTES[tag]:
        raise ValueError(f"expected attributes {sorted(ATTRIBUTES[tag])} of <{tag}>, got {sorted(given)}")
    if any(child.tag not in CHILDREN.get(tag, set()) for child in element):
        raise ValueError(f"expected children {sorted(CHILDREN.get(tag, set()))} of <{tag}>, got {[c.tag for c in element]}")
    if "if" in element.attrib and not truth(expanded(context, element.get("if"))):
        return
    if "unless" in element.attrib and truth(expanded(context, element.get("unless"))):
        return
    if tag == "arg":
        default = element.get("default")
        DeclareLaunchArgument(element.attrib["name"], default_value=default and expanded(context, default),
                              description=element.get("description")).visit(context)
    elif tag in ("launch", "group"):
        before = dict(context.values)
        for child in element:
            visit(context, child)
        if tag == "group":
            context.values = before
    elif tag == "executable":
        context.processes.append(Process(
            expanded(context, element.get("name", "")), words(context, element.attrib["cmd"]),
            literal(element, "respawn", bool, False), literal(element, "respawn_delay", float, 0.0)))
    else:
        raise ValueError(f"<{tag}> is known to the frontend, but not to this stand-in")


def run_xml(path, arguments):
    """Processes and declared arguments of an XML launch file."""
    context = Context(path.parent, arguments)
    root = ElementTree.parse(path).getroot()
    if root.tag != "launch":
        raise ValueError(f"expected <launch>, got <{root.tag}>")
    visit(context, root)
    return context.processes, context.declared
