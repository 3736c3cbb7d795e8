#!/usr/bin/env python3
"""Runs a command in namespaces of its own: a network with only a loopback, shared memory and processes.

    python3 tests/peers/ros/namespace.py .deps/ros-kilted/bin/python tests/peers/ros/smoke.py

DDS peers started by the command, and their children, find each other by multicast and nobody else; Fast DDS shares
memory below /dev/shm, so that is fresh as well. Ends with the command's exit code (128 + N for signal N). What is left
of the processes dies with the command, and the command dies with the thread that started this script. Needs root, or
a kernel that lets users make user namespaces. Linux only, no other tools.
"""

import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys

CLONE_NEWUSER, CLONE_NEWNET, CLONE_NEWPID, CLONE_NEWNS = 0x10000000, 0x40000000, 0x20000000, 0x00020000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 0x2, 0x4, 0x8, 0x4000, 0x40000
PR_SET_PDEATHSIG = 1
SIOCSIFFLAGS, SIOCADDRT = 0x8914, 0x890B
IFF_UP, IFF_LOOPBACK, IFF_RUNNING, IFF_MULTICAST = 0x1, 0x8, 0x40, 0x1000
RTF_UP = 0x1
NOT_STARTED = 125  # exit code when there is no namespace, as env and timeout have it

libc = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def address(text):
    return struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton(text))


def unshare():
    """Leaves the host's network, mounts and processes. Without the rights, as root of a new user namespace."""
    user, group = os.getuid(), os.getgid()
    wanted = CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID
    try:
        call("unshare", wanted)
    except PermissionError:
        call("unshare", wanted | CLONE_NEWUSER)
        for file, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
            with open(f"/proc/self/{file}", "w") as f:
                f.write(text)


def loopback():
    """Brings lo up with multicast, and sends all multicast there."""
    device = ctypes.create_string_buffer(b"lo")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("=16sh14x", b"lo", IFF_UP | IFF_LOOPBACK | IFF_RUNNING | IFF_MULTICAST))
        # struct rtentry of a 64-bit Linux: pad, destination, gateway, mask, flags, ..., device
        route = struct.pack("@L16s16s16sHhLPhPLLH", 0, address("224.0.0.0"), address("0.0.0.0"), address("240.0.0.0"),
                            RTF_UP, 0, 0, 0, 0, ctypes.addressof(device), 0, 0, 0)
        fcntl.ioctl(s, SIOCADDRT, route)


def mounts():
    """Fresh shared memory, and a /proc that knows the processes by the numbers they have here."""
    call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    call("mount", b"tmpfs", b"/dev/shm", b"tmpfs", MS_NOSUID | MS_NODEV, b"mode=1777")
    call("mount", b"proc", b"/proc", b"proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, None)


def die_with(parent):
    """This process is killed when its parent ends, also if that has happened already."""
    call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def main():
    command = sys.argv[1:]
    if not command or command[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return NOT_STARTED
    try:
        die_with(os.getppid())
        unshare()
        loopback()
    except OSError as error:
        return not_started(f"no network namespace: {error}\nhint: run as root, or allow user namespaces")
    # The first child is process 1 of the new process namespace: when it ends, the kernel kills all the others there.
    child = os.fork()
    if child == 0:
        os._exit(process_one(command))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: os.kill(child, signal.SIGKILL))
    _, status = os.waitpid(child, 0)
    return exit_code(status)


def exit_code(status):
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def not_started(text):
    print("namespace.py: " + text, file=sys.stderr, flush=True)
    return NOT_STARTED


def process_one(command):
    """Starts the command and buries the orphans, until the command has ended. Returns the exit code."""
    call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL)
    try:
        mounts()
    except OSError as error:
        return not_started(f"no mounts of its own: {error}")
    child = os.fork()
    if child == 0:
        try:
            os.execvp(command[0], command)
        except OSError as error:
            os._exit(not_started(f"cannot start {command[0]}: {error.strerror}"))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while True:
        ended, status = os.wait()
        if ended == child:
            return exit_code(status)


if __name__ == "__main__":
    sys.exit(main())
