#!/usr/bin/env python3
"""Sends every message type, filled at random, through our program and back, and compares with rclpy's own bytes.

    .deps/ros-kilted/bin/python tests/peers/ros/message_roundtrip.py --program target/release/examples/roundtrip

The program prints its type names, one a line, with --list (std_msgs/msg/Header, std_srvs/srv/SetBool_Request,
nav2_msgs/action/ComputePathToPose_SendGoal_Request). Without it, it answers each line `<type> <hex of CDR>` of its
standard input by `<hex of CDR>`, decoded and encoded again, or by `error: <reason>`.

Names of types that only one distribution has so begin with it (lyrical/nav2_msgs/action/ComputePathToPose_Goal): those
come from the folder of that name in the environment, in a process of their own.

Each filling is checked three ways: rclpy's bytes against an encoder of our own (which also tells which bytes are
padding, whose content is free), the program's bytes against those, and the message that rclpy reads from the
program's bytes against the original, field by field. The last line of the output is a summary in JSON.
"""

import argparse
import importlib
import json
import math
import os
import random
import struct
import subprocess
import sys
import threading

from rclpy.serialization import deserialize_message, serialize_message
from rosidl_parser.definition import (AbstractSequence, AbstractString, Array, BasicType, BoundedSequence, BoundedString, NamespacedType)

HEADER = b"\x00\x01\x00\x00"  # plain CDR, little endian, no options
INTEGERS = {name + str(bits): (bits, name == "int") for name in ("int", "uint") for bits in (8, 16, 32, 64)}
FORMATS = {"boolean": "?", "octet": "c", "float": "f", "double": "d", "int8": "b", "uint8": "B", "int16": "h", "uint16": "H",
           "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q"}
FLOATS = {"float": ("<f", "<I", 32), "double": ("<d", "<Q", 64)}
LETTERS = "aZ0/_ \t\n\"\\'\u00e4\u00df\u03c0\u0416\u4e2d\u20ac\u200d\U0001f916\U0010ffff"


def find_class(name):
    """The rclpy class of package/kind/Type, where Type may name a part of a service or an action."""
    package, kind, part = name.split("/")[-3:]
    whole = getattr(importlib.import_module(f"{package}.{kind}"), part.split("_")[0])
    return getattr(sys.modules[whole.__module__], part)


def fields(message):
    """(name, value, type) of each field. An empty message has one hidden byte on the wire."""
    kinds = message.SLOT_TYPES
    names = list(message.get_fields_and_field_types())
    if not names:
        return [(None, 0, BasicType("uint8"))]
    return [(n, getattr(message, n), k) for n, k in zip(names, kinds)]


# ---- filling -----------------------------------------------------------------------------------------------------

def fill(message, rng, longest):
    for name, _, kind in fields(message):
        if name is not None:
            setattr(message, name, value(kind, rng, longest))
    return message


def value(kind, rng, longest):
    if isinstance(kind, Array):
        return [value(kind.value_type, rng, longest) for _ in range(kind.size)]
    if isinstance(kind, AbstractSequence):
        most = kind.maximum_size if isinstance(kind, BoundedSequence) else longest
        length = rng.choice([0, 1, most, rng.randint(0, most)])
        # Sequences within sequences get shorter, or some messages would become huge.
        return [value(kind.value_type, rng, max(1, longest // 2)) for _ in range(min(length, max(longest, 1)))]
    if isinstance(kind, NamespacedType):
        return fill(find_class("/".join(kind.namespaced_name()))(), rng, longest)
    if isinstance(kind, AbstractString):
        if isinstance(kind, BoundedString):
            return "".join(rng.choice("abcXYZ019_") for _ in range(rng.choice([0, kind.maximum_size])))
        return "".join(rng.choice(LETTERS) for _ in range(rng.choice([0, 1, 2, 3, 4, 5, 30])))
    if isinstance(kind, BasicType):
        return basic(kind.typename, rng)
    raise TypeError(f"no filling for {kind!r}")


def basic(name, rng):
    if name == "boolean":
        return rng.random() < 0.5
    if name == "octet":
        return bytes([rng.choice([0, 255, rng.randrange(256)])])
    if name in FLOATS:
        form, pattern, bits = FLOATS[name]
        while True:  # any bit pattern but those of NaN, whose bits rclpy need not keep; the first ones are 0, the smallest, infinity
            raw = rng.choice([0, 1, 0xFF << 23 if bits == 32 else 0x7FF << 52, rng.getrandbits(bits), rng.getrandbits(bits)])
            number = struct.unpack(form, struct.pack(pattern, raw | rng.getrandbits(1) << (bits - 1)))[0]
            if not math.isnan(number):
                return number
    bits, signed = INTEGERS[name]
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    return rng.choice([low, high, 0, 1, rng.randint(low, high), rng.randint(low, high)])


# ---- an encoder that knows its padding -----------------------------------------------------------------------------

class Encoder:
    """Plain CDR (XCDR1), little endian. `padding` has a True for every byte that is only alignment."""

    def __init__(self):
        self.bytes = bytearray()
        self.padding = []

    def put(self, form, item):
        size = struct.calcsize("<" + form)
        gap = -len(self.bytes) % size
        self.bytes += bytes(gap) + struct.pack("<" + form, item)
        self.padding += [True] * gap + [False] * size

    def message(self, message):
        for _, item, kind in fields(message):
            self.field(item, kind)

    def field(self, item, kind):
        if isinstance(kind, (Array, AbstractSequence)):
            if not isinstance(kind, Array):
                self.put("I", len(item))
            for one in item:
                self.field(one, kind.value_type)
        elif isinstance(kind, NamespacedType):
            self.message(item)
        elif isinstance(kind, AbstractString):
            text = item.encode() + b"\0"
            self.put("I", len(text))
            self.bytes += text
            self.padding += [False] * len(text)
        else:
            self.put(FORMATS[kind.typename], item)


def compare_bytes(expected, padding, got, who):
    """What is wrong with `got` against the encoder's bytes, or None. At the end there may be padding to four bytes."""
    if got[:2] != HEADER[:2]:
        return f"{who}: encapsulation {got[:4].hex()}, expected {HEADER.hex()}"
    body = got[4:]
    if not len(expected) <= len(body) <= len(expected) + 3:
        return f"{who}: {len(body)} bytes, expected {len(expected)}"
    for at, (a, b, free) in enumerate(zip(expected, body, padding)):
        if a != b and not free:
            return f"{who}: byte {at} is {b:#04x}, expected {a:#04x}"
    return None


def compare_messages(a, b, path=""):
    """Where two messages differ first, or None. Floats are compared by their bits."""
    for (name, left, kind), (_, right, _) in zip(fields(a), fields(b)):
        found = compare_values(left, right, kind, f"{path}.{name}")
        if found:
            return found
    return None


def compare_values(a, b, kind, path):
    if isinstance(kind, (Array, AbstractSequence)):
        if len(a) != len(b):
            return f"{path}: {len(b)} elements, expected {len(a)}"
        for i, (left, right) in enumerate(zip(a, b)):
            found = compare_values(left, right, kind.value_type, f"{path}[{i}]")
            if found:
                return found
        return None
    if isinstance(kind, NamespacedType):
        return compare_messages(a, b, path)
    same = a == b
    if isinstance(kind, BasicType) and kind.typename in FLOATS:
        form = FLOATS[kind.typename][0]
        same = struct.pack(form, a) == struct.pack(form, b)
    return None if same else f"{path}: {b!r}, expected {a!r}"


# ---- the program -------------------------------------------------------------------------------------------------

class Program:
    def __init__(self, command, timeout_secs):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.watchdog = threading.Timer(timeout_secs, self.process.kill)
        self.watchdog.daemon = True
        self.watchdog.start()

    def ask(self, line):
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise SystemExit(f"the program ended early (exit code {self.process.wait()}) at {line[:200]}")
        return answer.rstrip("\n")

    def close(self):
        self.process.stdin.close()
        code = self.process.wait()
        self.watchdog.cancel()
        return code


def check(name, message, program):
    """One filling of one type through the program. Returns what is wrong, or None, and how many bytes went out."""
    sent = serialize_message(message)
    encoder = Encoder()
    encoder.message(message)
    expected = bytes(encoder.bytes)
    # rclpy's buffer is larger than what it writes; a message on the wire ends with the next full four bytes.
    sent = sent[:len(HEADER) + -(-len(expected) // 4) * 4]
    wrong = compare_bytes(expected, encoder.padding, sent, "rclpy")
    if wrong:
        return wrong, len(sent)
    answer = program.ask(f"{name} {sent.hex()}")
    try:
        got = bytes.fromhex(answer)
    except ValueError:
        return f"the program answers {answer[:200]!r}", len(sent)
    wrong = compare_bytes(expected, encoder.padding, got, "the program")
    if wrong is None:
        wrong = compare_messages(message, deserialize_message(got, type(message)))
    return wrong, len(sent)


def distribution(name):
    return name.split("/")[0] if name.count("/") == 3 else ""


def check_others(name):
    """The same for the types that are of one distribution alone. Returns that process's summary."""
    folder = os.path.join(sys.prefix, name)
    command = [sys.executable, os.path.abspath(__file__), *sys.argv[1:], "--distribution", name]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": folder})
    lines = done.stdout.splitlines()
    if not lines or not lines[-1].startswith("{"):
        return {"types": 0, "cases": 0, "bytes": 0, "failures": [f"{name}: no summary, exit code {done.returncode}"]}
    return json.loads(lines[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="path of the program")
    parser.add_argument("--fillings", type=int, default=25, help="random fillings per type, besides the defaults")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--distribution", default="", help="check only the types that this one alone has so")
    parser.add_argument("--timeout-secs", type=float, default=300.0)
    arguments = parser.parse_args()
    every = subprocess.run([arguments.program, "--list"], stdout=subprocess.PIPE, text=True, timeout=60, check=True).stdout.split()
    listed = [name for name in every if distribution(name) == arguments.distribution]
    failures, cases, sizes = [], 0, 0
    program = Program([arguments.program], arguments.timeout_secs)
    for name in listed:
        try:
            kind = find_class(name)
        except (ImportError, AttributeError, ValueError) as error:
            failures.append(f"{name}: rclpy has no such type: {error}")
            continue
        for case in range(arguments.fillings + 1):
            message = kind()
            if case:
                message = fill(message, random.Random(f"{arguments.seed} {name} {case}"), longest=4 if case % 5 else 20)
            wrong, size = check(name, message, program)
            cases += 1
            sizes += size
            if wrong:
                failures.append(f"{name}, filling {case}: {wrong}")
                break
    code = program.close()
    if code != 0:
        failures.append(f"the program ended with exit code {code}")
    if not listed:
        failures.append("the program lists no types")
    summary = {"types": len(listed), "cases": cases, "bytes": sizes, "failures": failures}
    if not arguments.distribution:
        for other in sorted({distribution(name) for name in every} - {""}):
            for key, more in check_others(other).items():
                summary[key] += more
    print(json.dumps(summary))
    return 1 if summary["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
