"""Comparison of outputs: JSON, text with numbers, and the files that training writes."""

import collections
import hashlib
import json
import re
import struct
import zipfile
from dataclasses import dataclass, field
from decimal import Decimal

import cases

NUMBER = re.compile(r"(?<![\w.])-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w])")
# Whole numbers below this say nothing about a computation where their place is not compared: an index, a count.
TELLING = 1000
# Two numbers with as many digits are not equal by chance.
DIGITS = 5


@dataclass
class Found:
    differences: list = field(default_factory=list)
    added: list = field(default_factory=list)
    meant: list = field(default_factory=list)

    def differ(self, path, problem):
        self.differences.append({"path": path, "problem": problem})


class Number(str):
    """A number of a JSON document as it is written, so that no digit is lost."""


def read_json(text):
    return json.loads(text, parse_float=Number, parse_int=Number)


def same_number(old, new):
    return old == new or Decimal(old) == Decimal(new)


def step(one, before, after):
    """Compares what a command printed."""
    found = Found()
    if before["code"] != after["code"]:
        found.differ("exit code", f"{before['code']} -> {after['code']}: {after['stderr'].strip()[:300]}")
    elif one.by != "code" and before["stdout"].strip():
        ignore = cases.TIMES | cases.NAMES | one.ignore
        if one.by == "exact":
            values(read_json(before["stdout"]), read_json(after["stdout"]), "", ignore, found)
            for difference in list(found.differences):
                was, now, why = one.meant.get(difference["path"], ((), None, None))
                if difference["problem"] in [f"{value} -> {now}" for value in was]:
                    found.differences.remove(difference)
                    found.meant.append(f"{difference['path']}: {difference['problem']} ({why})")
        else:
            inclusion(numbers_of(before["stdout"], ignore), numbers_of(after["stdout"], ignore), found)
    return found


def values(old, new, path, ignore, found):
    """Path by path. What is only in the new output is no difference."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key, value in old.items():
            if key in ignore:
                continue
            if key not in new:
                found.differ(f"{path}.{key}", f"{short(value)} -> missing")
            else:
                values(value, new[key], f"{path}.{key}", ignore, found)
        found.added += [f"{path}.{key}" for key in new if key not in old]
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            found.differ(path, f"{len(old)} entries -> {len(new)}")
        for index, (one, other) in enumerate(zip(old, new)):
            values(one, other, f"{path}[{index}]", ignore, found)
    elif isinstance(old, Number) and isinstance(new, Number):
        if not same_number(old, new):
            found.differ(path, f"{old} -> {new}")
    elif type(old) is not type(new) or old != new:
        found.differ(path, f"{short(old)} -> {short(new)}")


def short(value):
    text = str(value) if isinstance(value, Number) else json.dumps(value)
    return text if len(text) < 80 else text[:77] + "..."


def numbers_of(text, ignore):
    """Every number of a JSON document apart from ignored fields, or of a text."""
    try:
        document = read_json(text)
    except ValueError:
        return collections.Counter(canonical(number) for number in NUMBER.findall(text))
    counted = collections.Counter()

    def walk(value):
        if isinstance(value, dict):
            for key, inner in value.items():
                if key not in ignore:
                    walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)
        elif isinstance(value, Number):
            counted[canonical(value)] += 1

    walk(document)
    return counted


def canonical(number):
    value = Decimal(number).normalize()
    return "0" if value == 0 else str(value)


def telling(number):
    value = Decimal(number)
    return value != value.to_integral_value() or abs(value) >= TELLING


def inclusion(old, new, found):
    """Every number of the old output occurs in the new one: as often, if it has so few digits that it may be another's;
    once, if it has more, as a table may repeat a figure."""
    for number, count in (old - new).items():
        digits = len(number.lower().split("e")[0].strip("-").replace(".", "").strip("0"))
        if telling(number) and (digits < DIGITS or number not in new):
            found.differ("numbers", f"{number} occurs {count} times less often")


def files(pattern, old_folder, new_folder):
    differences = []
    old = {path.name: path for path in sorted(old_folder.glob(pattern))}
    new = {path.name: path for path in sorted(new_folder.glob(pattern))}
    for name, path in old.items():
        found = Found()
        if name not in new:
            # A plot may have another name: its numbers decide.
            twins = [twin for twin in new.values() if twin.name not in old and READERS.get(twin.suffix)]
            found.differ(name, "no such file") if not twins else best(path, twins, found)
        else:
            one_file(path, new[name], found)
        differences += [{**difference, "path": f"{name} {difference['path']}"} for difference in found.differences]
    if not old:
        differences.append({"path": pattern, "problem": "no such file on the old side"})
    return differences


def best(path, twins, found):
    tried = []
    for twin in twins:
        one = Found()
        one_file(path, twin, one)
        tried.append(one.differences)
    found.differences += min(tried, key=len)


def one_file(old, new, found):
    reader = READERS.get(old.suffix)
    if reader is None:
        if old.read_bytes() != new.read_bytes():
            found.differ("", "other bytes")
        return
    missing = reader(old) - reader(new)
    for what in list(missing)[:5]:
        found.differ("", f"{what} -> missing")


def table_rows(path):
    """Rows of the tables as the numbers in them, in their order, without commands and times."""
    counted = collections.Counter()
    for line in path.read_text().splitlines():
        if line.startswith("|"):
            cells = re.sub(r"`+[^`]*`+", "", line).split("|")
            cells = [cell for cell in cells if not re.fullmatch(r"\s*[\d.]+ (?:s|min|h)\s*", cell)]
            numbers = tuple(canonical(number) for cell in cells for number in NUMBER.findall(cell))
            counted[numbers] += bool(numbers)
    return counted


def plot_numbers(path):
    """Coordinates of the data; titles, fonts and labels may change."""
    drawn = re.findall(r'(?:points|d|cx|cy)="([^"]*)"', path.read_text())
    return collections.Counter(number for text in drawn for number in NUMBER.findall(text))


def metrics(path):
    """Lines of JSON without their times."""
    counted = collections.Counter()
    for line in path.read_text().splitlines():
        counted[json.dumps({k: v for k, v in read_json(line).items() if k not in cases.TIMES}, sort_keys=True)] += 1
    return counted


def archive(path):
    with zipfile.ZipFile(path) as opened:
        return collections.Counter((info.filename, info.file_size, f"{info.CRC:08x}") for info in opened.infolist())


def digest(*parts):
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


def tensors(path):
    """Tensors of a safetensors file by type, shape and bytes: their names may change."""
    raw = path.read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    header, data = json.loads(raw[8:8 + size]), raw[8 + size:]
    counted = collections.Counter()
    for name, entry in header.items():
        if name != "__metadata__":
            low, high = entry["data_offsets"]
            counted[f"{entry['dtype']}{entry['shape']} {digest(data[low:high])}"] += 1
    return counted


def varint(raw, at):
    value = shift = 0
    while True:
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(raw):
    """Fields of one protobuf message."""
    at = 0
    while at < len(raw):
        key, at = varint(raw, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(raw, at)
        elif kind == 2:
            size, at = varint(raw, at)
            value, at = raw[at:at + size], at + size
        else:
            size = 8 if kind == 1 else 4
            value, at = raw[at:at + size], at + size
        yield key >> 3, value


def weights(path):
    """Initialisers of an ONNX graph by their contents, and the kinds of its nodes."""
    counted = collections.Counter()
    graph = next(value for key, value in fields(path.read_bytes()) if key == 7)
    for key, value in fields(graph):
        if key == 5:  # TensorProto: all but the name
            counted["weights " + digest(*(bytes(str(k), "ascii") + (v if isinstance(v, bytes) else str(v).encode())
                                          for k, v in fields(value) if k != 8))] += 1
        elif key == 1:
            counted["node " + next((v.decode() for k, v in fields(value) if k == 4), "")] += 1
    return counted


READERS = {".safetensors": tensors, ".onnx": weights, ".npz": archive, ".jsonl": metrics, ".md": table_rows,
           ".svg": plot_numbers}
