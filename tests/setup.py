#!/usr/bin/env python3
"""Fetches what the build and the tests need, and no package registry of Rust has, into .deps/.

    python3 tests/setup.py                       # everything
    python3 tests/setup.py --only libtorch,venv  # some parts

  libtorch     .deps/libtorch/{include,lib}       libtorch 2.11.0 for the CPU (tch; LIBTORCH=.deps/libtorch)
  onnxruntime  .deps/onnxruntime/libonnxruntime.so  ONNX Runtime 1.31.1 (ort)
  venv         .deps/venv                         Python with PyTorch (CPU), onnx, MuJoCo, Rerun: the tests' references
  ros-kilted   .deps/ros-kilted                   Python with rclpy of ROS 2 Kilted on Fast DDS: a peer for our nodes
  ros-jazzy    .deps/ros-jazzy                    the same of ROS 2 Jazzy
  cyclonedds   .deps/cyclonedds                   Python with Cyclone DDS: a peer with another DDS

Every file comes from a pinned, hash-checked package (requirements*.txt beside this file). A part that is
complete is left alone; an interrupted run is safe to start again. Linux x86-64, Python 3.10 to 3.13 with
venv and its headers, and a C and a C++ compiler with binutils. Only the standard library is used here.
"""

import argparse
import fcntl
import glob
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import time
import zipfile
import zlib

from setup_common import (CACHE, DEPS, HERE, WORK, Failed, check_python, clean_environment, complete, make_venv, pip_install, run, sha256,
                          stamp_text, write_stamp)
from setup_ros import cyclonedds, ros

NATIVE = os.path.join(HERE, "requirements-native.txt")
VENV_PINS = os.path.join(HERE, "requirements.txt")
LIBTORCH_TAG = "cp311"  # one fixed wheel: the same bits whichever Python runs this
PLATFORMS = ["manylinux_2_%d_x86_64" % n for n in (28, 27, 26, 25, 24, 17, 12, 5)] + ["manylinux2014_x86_64"]

# libtorch.so itself only pulls in its parts (and the CUDA one, which a CPU does not need): a stub takes its place.
TORCH_CPU_LIBS = ["libc10.so", "libtorch_cpu.so", "libgomp.so.1", "libshm.so"]
CUDA_LIBS = {"nvidia-cuda-runtime": "libcudart.so.13", "nvidia-cuda-cupti": "libcupti.so.13"}


def say(part, text):
    print("%-12s %s" % (part + ":", text), flush=True)


# ---- pins and wheels ---------------------------------------------------------------------------------------------

def pin(name):
    """The line of requirements-native.txt for one package."""
    with open(NATIVE, encoding="utf-8") as f:
        for line in f:
            if line.startswith(name + "=="):
                return line.strip()
    raise Failed("no pin for %s in %s" % (name, os.path.basename(NATIVE)))


_pip = []


def pip():
    """A pip to call: this Python's own, or one in a throw-away venv (Debian's python3 has none)."""
    if not _pip:
        own = [sys.executable, "-m", "pip"]
        if subprocess.run(own + ["--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0:
            where = os.path.join(WORK, "pip")
            make_venv(where)
            own = [os.path.join(where, "bin", "python"), "-m", "pip"]
        _pip.extend(own + ["--disable-pip-version-check", "--no-input"])
    return _pip


def wheel(name, tag=LIBTORCH_TAG):
    """Path of one wheel, downloaded unless it is there; pip and this function both check the hash."""
    line = pin(name)
    version = re.match(r"[^=]+==(\S+)", line).group(1)
    hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})", line)
    pattern = os.path.join(CACHE, "%s-%s-*.whl" % (name.replace("-", "_"), version))

    def have():
        for path in glob.glob(pattern):
            if "-%s-" % tag not in path and "-py3-" not in path:
                continue
            if sha256(path) in hashes:
                return path
            os.remove(path)
        return None

    path = have()
    if path is None:
        os.makedirs(CACHE, exist_ok=True)
        os.makedirs(WORK, exist_ok=True)
        one = os.path.join(WORK, "one.txt")
        with open(one, "w", encoding="utf-8") as f:
            f.write(line + "\n")
        command = pip() + ["download", "--quiet", "--no-cache-dir", "--no-deps", "--only-binary=:all:", "--require-hashes",
                           "--implementation", "cp", "--python-version", tag[2] + "." + tag[3:], "--abi", tag]
        for p in PLATFORMS:
            command += ["--platform", p]
        run(command + ["-r", one, "-d", CACHE], "download of %s %s" % (name, version))
        path = have()
        if path is None:
            raise Failed("%s %s: pip left no wheel with a pinned hash" % (name, version))
    return path


def extract(archive, member, target):
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with archive.open(member) as src, open(target, "wb") as dst:
        shutil.copyfileobj(src, dst, 1 << 20)
    if archive.getinfo(member).external_attr >> 16 & 0o111:
        os.chmod(target, 0o755)


# ---- parts -------------------------------------------------------------------------------------------------------

def put(made, target, stamp):
    """Moves a finished folder to its place; the stamp travels inside, so it is there only with the rest."""
    write_stamp(made, stamp)
    old = os.path.join(WORK, "old-" + os.path.basename(target))
    shutil.rmtree(old, ignore_errors=True)
    if os.path.isdir(target):
        os.rename(target, old)
    os.rename(made, target)
    shutil.rmtree(old, ignore_errors=True)


def fresh(name):
    folder = os.path.join(WORK, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    return folder


def cc(source_name, source, output, *flags):
    """Compiles a stub library. The old kind of rpath, as in PyTorch's own libraries, serves dependencies of dependencies too."""
    path = os.path.join(WORK, source_name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(source)
    command = shlex.split(os.environ.get("CC", "cc")) + [
        "-shared", "-fPIC", "-O1", "-o", output, "-Wl,-soname," + os.path.basename(output),
        "-Wl,--disable-new-dtags,-rpath,$ORIGIN", "-Wl,--no-as-needed", path] + list(flags)
    run(command, "compiling the stub " + os.path.basename(output))


def cuda_libs(lib):
    for name, file in CUDA_LIBS.items():
        with zipfile.ZipFile(wheel(name)) as z:
            extract(z, "nvidia/cu13/lib/" + file, os.path.join(lib, file))


def libtorch_stub(lib):
    cc("torch_stub.c", "/* libtorch.so: only a name that loads libtorch_cpu.so */\n",
       os.path.join(lib, "libtorch.so"), "-L" + lib, "-Wl,--allow-shlib-undefined", "-ltorch_cpu", "-lc10")


def libtorch():
    target = os.path.join(DEPS, "libtorch")
    stamp = stamp_text("libtorch", 1, pin("torch"), *map(pin, CUDA_LIBS))
    if complete(target, stamp):
        return target, "already there"
    made = fresh("libtorch")
    lib = os.path.join(made, "lib")
    with zipfile.ZipFile(wheel("torch")) as z:
        for member in z.namelist():
            if member.startswith("torch/include/") and not member.endswith("/"):
                extract(z, member, os.path.join(made, member[len("torch/"):]))
        for name in TORCH_CPU_LIBS:
            extract(z, "torch/lib/" + name, os.path.join(lib, name))
    cuda_libs(lib)
    libtorch_stub(lib)
    put(made, target, stamp)
    return target, "made"


def onnxruntime():
    target = os.path.join(DEPS, "onnxruntime")
    line = pin("onnxruntime")
    stamp = stamp_text("onnxruntime", 1, line)
    if complete(target, stamp):
        return target, "already there"
    made = fresh("onnxruntime")
    file = "libonnxruntime.so." + re.match(r"[^=]+==(\S+)", line).group(1)
    with zipfile.ZipFile(wheel("onnxruntime")) as z:
        extract(z, "onnxruntime/capi/" + file, os.path.join(made, file))
        for name in ("LICENSE", "ThirdPartyNotices.txt"):
            extract(z, "onnxruntime/" + name, os.path.join(made, name))
    os.symlink(file, os.path.join(made, "libonnxruntime.so"))
    put(made, target, stamp)
    return target, "made"


# PyTorch's own Python library is linked against the CUDA parts. These stubs stand in for them: every symbol that it
# wants and no library at hand has is defined, and ends the process if it is ever called (which CPU work does not do).
STUB_HEAD = r"""
#include <stdio.h>
#include <stdlib.h>
__attribute__((used, visibility("hidden"))) void planwright_no_cuda(const char *name) {
    fprintf(stderr, "this PyTorch has its CUDA parts left out (tests/setup.py): %s was called\n", name);
    abort();
}
"""
# Called while the library is loaded, to set a hook through the reference that it returns
RETURNS_A_SLOT = {"_ZN4c10d15get_gil_checkerEv"}
TORCH_SKIP = re.compile(r"torch/(include/|share/|bin/(?!torch_shm_manager)"
                        r"|lib/(libtorch\.so|libtorch_cuda.*|libtorch_nvshmem.*|libcaffe2_nvrtc.*)$)")

OTHERS = re.compile(r"_?Py|_Z(N?K?|T[VISH]N?)S[a-z]|_Z(nw|na|dl|da)")  # Python's own, and the C++ library's without a version

SMOKE = """
import sys, numpy, onnx.checker, rerun, torch
if sys.version_info < (3, 12):
    import mujoco
    m = mujoco.MjModel.from_xml_string('<mujoco><worldbody><body><freejoint/><geom size="1"/></body></worldbody></mujoco>')
    d = mujoco.MjData(m)
    for _ in range(100):
        mujoco.mj_step(m, d)
    assert d.qpos.shape == (7,) and -0.3 < float(numpy.array(d.qpos)[2]) < -0.1, d.qpos
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Conv1d(4, 8, 3), torch.nn.GroupNorm(2, 8), torch.nn.Mish(), torch.nn.ConvTranspose1d(8, 4, 3))
opt = torch.optim.AdamW(net.parameters(), lr=0.01)
x = torch.from_numpy(numpy.random.default_rng(0).standard_normal((2, 4, 16), dtype=numpy.float32))
losses = []
for _ in range(5):
    loss = (net(x) - x).pow(2).mean()
    opt.zero_grad(); loss.backward(); opt.step(); losses.append(loss.item())
assert losses[-1] < losses[0], losses
assert torch.linalg.inv(torch.eye(3)).equal(torch.eye(3))
"""


def symbols(library, kind):
    """Names in a library's dynamic symbol table that carry no version (those of the C and C++ libraries do)."""
    lines = run(["nm", "-D", kind, library], "listing symbols (nm is in binutils)").splitlines()
    fields = [line.split() for line in lines]
    return {f[-1] for f in fields if len(f) >= 2 and "@" not in f[-1] and f[-2] not in "vw"}


def cuda_stubs(lib):
    missing = symbols(os.path.join(lib, "libtorch_python.so"), "--undefined-only")
    for name in TORCH_CPU_LIBS + ["libc10_cuda.so"]:
        missing -= symbols(os.path.join(lib, name), "--defined-only")
    missing = sorted(n for n in missing if not OTHERS.match(n))
    code = [".text"]
    data = [".data", ".balign 16", "planwright_slot: .zero 64"]
    for i, n in enumerate(missing):
        if n.startswith("_ZTI"):  # type information is compared by name when the bindings are set up
            data += [".globl " + n, ".type %s,@object" % n, n + ":",
                     ".quad _ZTVN10__cxxabiv117__class_type_infoE+16, 9f", '9: .asciz "%s"' % n[4:], ".balign 16"]
        elif n.startswith("_ZT"):
            data += [".globl " + n, ".type %s,@object" % n, n + ": .zero 1024"]
        elif n in RETURNS_A_SLOT:
            code += [".globl " + n, ".type %s,@function" % n, n + ": lea planwright_slot(%rip), %rax", "ret"]
        else:
            data += ['planwright_name_%d: .asciz "%s"' % (i, n), ".balign 16"]
            code += [".globl " + n, ".type %s,@function" % n,
                     n + ": lea planwright_name_%d(%%rip), %%rdi" % i, "jmp planwright_no_cuda"]
    asm = code + data + [".text"]
    body = "\n".join("    " + '"' + line.replace('"', '\\"') + '\\n"' for line in asm)
    cc("cuda_stub.c", STUB_HEAD + "__asm__(\n%s);\n" % body, os.path.join(lib, "libtorch_cuda.so"), "-lstdc++")
    # cuDNN's one symbol has a version, so it needs the library's name and a version script
    script = os.path.join(WORK, "cudnn.map")
    with open(script, "w", encoding="utf-8") as f:
        f.write("libcudnn.so.9 { global: cudnn*; };\n")
    cc("cudnn_stub.c", STUB_HEAD + 'void cudnnGetProperty(void) { planwright_no_cuda("cudnnGetProperty"); }\n',
       os.path.join(lib, "libcudnn.so.9"), "-Wl,--version-script=" + script)
    cc("cufile_stub.c", "/* its symbols are in the libtorch_cuda.so stub */\n", os.path.join(lib, "libcufile.so.0"))


def crc32(path):
    value = 0
    with open(path, "rb") as f:
        for block in iter(lambda: f.read(1 << 20), b""):
            value = zlib.crc32(block, value)
    return value


def torch_cpu(site, tag):
    """PyTorch for eager work on the CPU, without the several GB of CUDA libraries that its wheel asks for."""
    shared = os.path.join(DEPS, "libtorch", "lib")
    lib = os.path.join(site, "torch", "lib")
    with zipfile.ZipFile(wheel("torch", tag)) as z:
        for info in z.infolist():
            if info.is_dir() or TORCH_SKIP.match(info.filename):
                continue
            target = os.path.join(site, info.filename)
            twin = os.path.join(shared, os.path.basename(target))
            if (os.path.dirname(target) == lib and os.path.isfile(twin) and os.path.getsize(twin) == info.file_size
                    and crc32(twin) == info.CRC):
                os.makedirs(lib, exist_ok=True)
                try:
                    os.link(twin, target)  # libtorch_cpu.so alone is 450 MB
                    continue
                except OSError:
                    pass
            extract(z, info.filename, target)
    cuda_libs(lib)
    libtorch_stub(lib)
    cuda_stubs(lib)


def venv():
    target = os.path.join(DEPS, "venv")
    python = os.path.join(target, "bin", "python")
    with open(VENV_PINS, encoding="utf-8") as f:
        pins = f.read()
    # scripts in a venv hold its path, and the packages fit one Python: both count
    stamp = stamp_text("venv", 1, pins, pin("torch"), *map(pin, CUDA_LIBS), target, sys.version, sys.base_prefix)
    if complete(target, stamp):
        return target, "already there"
    check_python()
    # A venv cannot be moved, so it is made in place; without its stamp it counts as not made.
    shutil.rmtree(target, ignore_errors=True)
    make_venv(target)
    pip_install(python, VENV_PINS, "--only-binary=:all:")
    site = run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], "asking the venv").strip()
    torch_cpu(site, "cp%d%d" % sys.version_info[:2])
    run([python, "-c", SMOKE], "trying the new environment", cwd=WORK, env=clean_environment())
    write_stamp(target, stamp)
    return target, "made"


PARTS = {
    "libtorch": libtorch,
    "onnxruntime": onnxruntime,
    "venv": venv,
    "ros-kilted": lambda: ros("kilted"),
    "ros-jazzy": lambda: ros("jazzy"),
    "cyclonedds": cyclonedds,
}


def size(folder):
    total, seen = 0, set()
    for root, _, files in os.walk(folder):
        for name in files:
            s = os.lstat(os.path.join(root, name))
            if s.st_ino not in seen:
                seen.add(s.st_ino)
                total += s.st_blocks * 512
    return "%d MB" % round(total / 1e6)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="PART,PART", help="some of: " + ", ".join(PARTS))
    names = parser.parse_args().only
    names = [n.strip() for n in names.split(",")] if names else list(PARTS)
    for name in names:
        if name not in PARTS:
            parser.error("no part named %r; there are %s" % (name, ", ".join(PARTS)))
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise Failed("the pinned wheels are for Linux on x86-64 only")
    os.makedirs(DEPS, exist_ok=True)
    with open(os.path.join(DEPS, ".gitignore"), "w", encoding="utf-8") as f:
        f.write("*\n")
    with open(os.path.join(DEPS, ".lock"), "w") as lock:  # two runs at once would tread on each other
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(WORK, ignore_errors=True)
        os.makedirs(WORK)
        for name in names:
            started = time.monotonic()
            try:
                where, what = PARTS[name]()
            except (Failed, OSError, zipfile.BadZipFile, KeyError) as error:
                raise Failed("%s: %s" % (name, error)) from None
            say(name, "%s, %s, %s, %.0f s" % (what, os.path.relpath(where), size(where), time.monotonic() - started))
        shutil.rmtree(WORK, ignore_errors=True)
        shutil.rmtree(CACHE, ignore_errors=True)


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit("setup.py: " + str(failure))
    except KeyboardInterrupt:
        sys.exit("setup.py: interrupted; start it again to go on")
