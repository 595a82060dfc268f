"""Server processes under measurement: started, watched through /proc with all they started themselves, ended."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.outcome import Point

_TICKS = os.sysconf("SC_CLK_TCK")
_PORT = re.compile(r"(?:^|:)([0-9]{2,5})\b")
STOP_S_MAX = 60.0


@dataclass(frozen=True, slots=True)
class Served:
    """A running server: its process, its port on loopback, and how long it took from its start to naming the port."""

    pid: int
    port: int
    started_s: float = 0.0

    @property
    def cpu_s(self) -> float:
        """User and system seconds used so far, all threads of all its processes, those that ended too."""
        return sum(_cpu_s(pid) for pid in self.pids)

    @property
    def memory_peak_mb(self) -> float:
        """The peaks of its processes, added: at most what they had together at any time."""
        return sum(_memory_mb(pid, "VmHWM") for pid in self.pids)

    @property
    def memory_mb(self) -> float:
        return sum(_memory_mb(pid, "VmRSS") for pid in self.pids)

    @property
    def pids(self) -> list[int]:
        """The process, and those below it."""
        found = [self.pid]
        for pid in found:
            with suppress(OSError):
                for task in Path(f"/proc/{pid}/task").iterdir():
                    found += map(int, (task / "children").read_text().split())
        return found

    def stop(self) -> None:
        """Tell it to end before its time, and wait until it has let go of what it holds."""
        os.kill(self.pid, signal.SIGTERM)
        with suppress(ChildProcessError):
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)


@contextmanager
def serving(
    command: Sequence[str | Path], program: str | Path = sys.executable, **environment: str
) -> Iterator[Served]:
    """Run a server that names its port on the first line it writes, until the block ends."""
    began_s = time.perf_counter()
    process = subprocess.Popen(
        [str(program), *map(str, command)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        port = _PORT.search(first)
        if port is None:
            raise RuntimeError(f"{command} did not start: {first}{process.stdout.read()}")
        yield Served(process.pid, int(port[1]), time.perf_counter() - began_s)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=STOP_S_MAX)


@contextmanager
def watching(served: Served, every_s: float) -> Iterator[list[Point]]:
    """(seconds since the beginning, memory in MB), taken every so often while the block runs."""
    taken, ended, began_s = list[Point](), threading.Event(), time.perf_counter()

    def watch() -> None:
        while not ended.wait(every_s):
            taken.append((time.perf_counter() - began_s, served.memory_mb))

    taken.append((0.0, served.memory_mb))
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield taken
    finally:
        ended.set()
        watcher.join()


def _cpu_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has just ended
        return 0.0
    return sum(map(int, fields[11:15])) / _TICKS


def _memory_mb(pid: int, name: str) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = status.partition(f"{name}:")[2].split()
    return int(found[0]) / 1024 if found else 0.0
