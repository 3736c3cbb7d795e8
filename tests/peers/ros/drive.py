"""A robot under way and who watches it, on top of peer.py: mazes, recordings of movement, inputs that can be broken, memory."""

import array
import contextlib
import ctypes
import os
import statistics
import threading
import time

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import TransformStamped, Twist
from nav_msgs.msg import OccupancyGrid, Odometry
from rclpy.qos import QoSProfile
from rosgraph_msgs.msg import Clock
from std_msgs.msg import UInt64
from std_srvs.srv import Trigger
from tf2_msgs.msg import TFMessage

from peer import BEST_EFFORT, KEPT, LATCHED, PATIENCE_SECS, RELIABLE, Peer, wait_until

MAZE, SIM = "planwright_maze", "planwright_sim"
# D4RL's mazes: a row is x, a column is y.
LAYOUTS = {
    "umaze": "##### #OOO# ###O# #OOO# #####",
    "medium": "######## #OO##OO# #OO#OOO# ##OOO### #OO#OOO# #O#OO#O# #OOO#OO# ########",
    "large": "############ #OOOO#OOOOO# #O##O#O#O#O# #OOOOOO#OOO# #O####O###O# #OO#O#OOOOO# ##O#O#O#O### "
             "#OO#OOO#OOO# ############",
}


def cells(layout):
    """The middle of every free cell."""
    rows = LAYOUTS[layout].split()
    return [(float(x), float(y)) for x, row in enumerate(rows) for y, cell in enumerate(row) if cell != "#"]


def is_free(layout, x, y):
    rows = LAYOUTS[layout].split()
    row, column = int((x + 0.7) // 1), int((y + 0.7) // 1)
    return 0 <= row < len(rows) and 0 <= column < len(rows[0]) and rows[row][column] != "#"


def repository():
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


def model(layout):
    return os.path.join(repository(), "models", f"maze-{layout}.onnx")


# ---- processes as the system sees them -------------------------------------------------------------------------------

def rss_kib(pid):
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * (os.sysconf("SC_PAGE_SIZE") // 1024)


def thread_count(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


def descriptor_count(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class Frozen:
    """Holds one thread of a child process still, by the debugger's system call: a planner that hangs, for real.

    To be used from one thread, which alone may let it go on.
    """

    SEIZE, INTERRUPT, DETACH, WALL = 0x4206, 0x4207, 17, 0x40000000

    def __init__(self, pid, name):
        self.thread = None
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/comm") as file:
                if file.read().strip() == name:
                    self.thread = int(thread)
        if self.thread is None:
            raise RuntimeError(f"expected a thread '{name}' in {pid}")
        self.libc = ctypes.CDLL(None, use_errno=True)

    def _trace(self, request):
        if self.libc.ptrace(ctypes.c_long(request), ctypes.c_long(self.thread), None, None) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")

    def __enter__(self):
        self._trace(self.SEIZE)
        self._trace(self.INTERRUPT)
        os.waitpid(self.thread, self.WALL)
        return self

    def __exit__(self, *_):
        # It may have been killed meanwhile.
        with contextlib.suppress(OSError):
            self._trace(self.DETACH)


class Growth:
    """Samples a process's memory once a second and judges whether it grows."""

    def __init__(self, pid):
        self.pid = pid
        self.samples = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._sample, daemon=True)
        self.thread.start()

    def _sample(self):
        while not self.ended.is_set():
            try:
                self.samples.append(rss_kib(self.pid))
            except (OSError, IndexError):
                return
            self.ended.wait(1.0)

    def stop(self):
        self.ended.set()
        self.thread.join()

    def at(self, share):
        """Median of a few samples at this share of the time, KiB."""
        last = len(self.samples) - 1
        index = round(share * last)
        return statistics.median(self.samples[max(0, index - 5):index + 6])

    def figures(self):
        shares = {f"{round(100 * share)}%": self.at(share) for share in (0.1, 0.5, 1.0)}
        return {"rss_kib": shares, "growth": round(self.at(1.0) / self.at(0.1) - 1.0, 4), "samples": len(self.samples)}


# ---- who watches -----------------------------------------------------------------------------------------------------

class Watch(Peer):
    """Hears odometry, commands, wall contacts and diagnostics. Keeps commands of the last minute only."""

    def __init__(self, name="watch"):
        super().__init__(name)
        self.odometry = None
        self.odometry_at = 0.0
        self.commands = []
        self.contacts = None
        self.touches = []
        self.newest = {}
        self.array_at = 0.0
        self.worst_gap_secs = 0.0
        self.inside(self._listen)

    def _listen(self):
        create = self.node.create_subscription
        create(Odometry, "/odom", self._odometry, BEST_EFFORT)
        create(Twist, "/cmd_vel", self._command, RELIABLE)
        create(UInt64, f"/{SIM}/wall_contacts", self._contacts, LATCHED)
        create(DiagnosticArray, "/diagnostics", self._diagnostic, RELIABLE)

    def _odometry(self, message):
        p, v = message.pose.pose.position, message.twist.twist.linear
        self.odometry, self.odometry_at = (p.x, p.y, v.x, v.y), time.monotonic()

    def _command(self, message):
        now = time.monotonic()
        self.commands.append((now, message.linear.x, message.linear.y))
        if len(self.commands) > 6000:
            self.commands = self.commands[3000:]

    def _contacts(self, message):
        if self.contacts is not None and message.data > self.contacts:
            # What led there, for whoever has to find out.
            self.touches.append({"odometry": self.odometry, "commands": self.commands[-10:]})
        self.contacts = message.data

    def _diagnostic(self, message):
        now = time.monotonic()
        for status in message.status:
            self.newest[status.name] = {value.key: value.value for value in status.values}
            self.newest[status.name]["_message"] = status.message
            self.newest[status.name]["_at"] = now
        if any(status.name.startswith(MAZE) for status in message.status):
            if self.array_at:
                self.worst_gap_secs = max(self.worst_gap_secs, now - self.array_at)
            self.array_at = now

    def status(self, name, node=MAZE):
        return self.newest.get(f"{node}: {name}", {})

    def fresh(self, secs=PATIENCE_SECS):
        """Waits for diagnostics that were made from now on."""
        # The first to arrive may have been under way.
        before = time.monotonic()
        wait_until(lambda: self.array_at > before + 0.02, secs, "diagnostics")
        return self

    def heard_publisher(self, kind, topic, qos=RELIABLE):
        """A publisher that the other side knows as well: `matched` says only that this side knows the other."""
        publisher = self.publisher(kind, topic, qos)
        time.sleep(0.5)
        return publisher

    def deep_client(self, kind, name):
        """A client that keeps a thousand answers until it has time for them; ROS's own keep ten and lose the rest."""
        client = self.inside(lambda: self.node.create_client(kind, name, qos_profile=QoSProfile(depth=1000)))
        if not client.wait_for_service(PATIENCE_SECS):
            raise TimeoutError(f"expected the service {name}")
        return client

    def faults(self):
        """Counts by name."""
        return {key: int(value) for key, value in self.status("faults").items() if not key.startswith(("first", "_"))}

    def first_fault(self):
        return self.status("faults").get("first")

    def fault_after(self, name, before, secs=PATIENCE_SECS):
        """Waits until a fault was counted more often than before."""
        try:
            wait_until(lambda: self.faults().get(name, 0) > before.get(name, 0), secs)
        except TimeoutError:
            counts = self.faults()
            more = {key: count - before.get(key, 0) for key, count in counts.items() if count > before.get(key, 0)}
            raise TimeoutError(f"expected the fault {name} within {secs} s, got {more}") from None

    def clear_fault(self):
        return self.call(Trigger, f"{MAZE}/clear_fault").message

    def near(self, place, distance_m=0.15, speed_mps=0.3):
        if self.odometry is None:
            return False
        x, y, vx, vy = self.odometry
        return (x - place[0]) ** 2 + (y - place[1]) ** 2 <= distance_m**2 and (vx * vx + vy * vy) ** 0.5 <= speed_mps

    def commands_from(self, begin, end=float("inf")):
        return [command for command in list(self.commands) if begin <= command[0] <= end]

    def moves(self, begin, end=float("inf")):
        """Commands in this time that are not to stand."""
        return [command for command in self.commands_from(begin, end) if command[1] or command[2]]

    def is_driven(self):
        return any(abs(x) + abs(y) > 0.1 for _, x, y in self.commands_from(time.monotonic() - 0.2))

    def wait_driven(self, secs=PATIENCE_SECS):
        wait_until(self.is_driven, secs, "commands to move")

    def wait_near(self, place, secs=30.0):
        try:
            wait_until(lambda: self.near(place), secs)
        except TimeoutError:
            age_secs = time.monotonic() - self.odometry_at
            raise TimeoutError(f"expected the robot at {place} within {secs} s, got {self.odometry} {age_secs:.2f} s ago") from None

    def is_hearing(self):
        """Whether robot and planner have found each other."""
        inputs, robot = self.status("inputs"), self.status("robot", SIM)
        return "map_cells" in inputs and float(inputs.get("odom_rate_hz", 0)) > 1.0 and int(robot.get("commands", 0)) > 0

    def wait_hearing(self, secs=PATIENCE_SECS):
        try:
            return wait_until(lambda: self.odometry and self.is_hearing(), secs)
        except TimeoutError:
            return False

    def counters(self):
        """What the planner's node counts while it drives."""
        drive, planner = self.status("drive"), self.status("planner")
        figures = {key: int(drive[key]) for key in ("cycles", "late_cycles") if key in drive}
        figures["halts"] = {key[5:]: int(value) for key, value in drive.items() if key.startswith("halt.")}
        for key in ("drive.rounds", "drive.deadline_misses", "drive.fallbacks", "queries.deadline_misses", "queries.fallbacks"):
            if key in planner:
                figures[key] = int(planner[key])
        for key in ("whole_p50_ms", "whole_p99_ms"):
            if key in planner:
                figures[key] = float(planner[key])
        figures["rejected"] = {k[15:]: int(v) for k, v in planner.items() if k.startswith("drive.rejected.")}
        figures["faults"] = self.faults()
        return figures


# ---- inputs that can be broken ---------------------------------------------------------------------------------------

def stamp_of(nanos):
    return Time(sec=nanos // 10**9, nanosec=nanos % 10**9)


def map_of(layout="umaze", closed=(), frame="map"):
    """The maze as a grid of 0.1 m. `closed` are cells that are walls all the same."""
    rows = LAYOUTS[layout].split()
    grid = OccupancyGrid()
    grid.header.frame_id = frame
    grid.info.resolution = 0.1
    grid.info.width, grid.info.height = 10 * len(rows), 10 * len(rows[0])
    grid.info.origin.position.x = grid.info.origin.position.y = -0.7
    grid.info.origin.orientation.w = 1.0
    wall = [[cell == "#" or (x, y) in closed for y, cell in enumerate(row)] for x, row in enumerate(rows)]
    cells_of_grid = [100 * wall[x // 10][y // 10] for y in range(grid.info.height) for x in range(grid.info.width)]
    grid.data = array.array("b", cells_of_grid)
    return grid


def transform(parent, child, nanos, x=0.0, y=0.0):
    stamped = TransformStamped(child_frame_id=child)
    stamped.header.frame_id, stamped.header.stamp = parent, stamp_of(nanos)
    stamped.transform.translation.x, stamped.transform.translation.y = float(x), float(y)
    stamped.transform.rotation.w = 1.0
    return stamped


class Feed:
    """Odometry of a robot that stands, its transforms, the map and the clock, every part to be broken at will."""

    def __init__(self, peer, place=(3.0, 1.0), clock=False):
        def create(*arguments):
            return peer.inside(lambda: peer.node.create_publisher(*arguments))

        self.odom = create(Odometry, "/odom", RELIABLE)
        self.tf = create(TFMessage, "/tf", RELIABLE)
        self.tf_static = create(TFMessage, "/tf_static", KEPT)
        self.map = create(OccupancyGrid, "/map", LATCHED)
        self.clock = create(Clock, "/clock", RELIABLE) if clock else None
        self.place = place
        self.clock_nanos = 1_000 * 10**9
        self.is_sending = True
        self.is_ticking = True
        self.map_from_odom = False  # on /tf, as localisation would send it
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._feed, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def nanos(self):
        return self.clock_nanos if self.clock else time.time_ns()

    def odometry(self):
        message = Odometry(child_frame_id="base_link")
        message.header.frame_id, message.header.stamp = "odom", stamp_of(self.nanos())
        message.pose.pose.position.x, message.pose.pose.position.y = self.place
        message.pose.pose.orientation.w = 1.0
        return message

    def _feed(self):
        period_nanos = 20_000_000
        while not self.ended.wait(period_nanos / 1e9):
            if self.clock and self.is_ticking:
                self.clock_nanos += period_nanos
                self.clock.publish(Clock(clock=stamp_of(self.clock_nanos)))
            if self.is_sending:
                self.odom.publish(self.odometry())
                transforms = [transform("odom", "base_link", self.nanos(), *self.place)]
                if self.map_from_odom:
                    transforms.append(transform("map", "odom", self.nanos()))
                self.tf.publish(TFMessage(transforms=transforms))

    def connect(self, parent="map", child="odom"):
        self.tf_static.publish(TFMessage(transforms=[transform(parent, child, self.nanos())]))
