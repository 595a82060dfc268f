"""Server processes under measurement: started, watched through /proc, ended."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PORT = re.compile(r"(?:^|:)([0-9]{2,5})\b")


@dataclass(frozen=True, slots=True)
class Served:
    """A running server: its process and its port on loopback."""

    pid: int
    port: int

    @property
    def cpu_s(self) -> float:
        """User and system seconds used so far, all threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    @property
    def memory_peak_mb(self) -> float:
        return self._memory("VmHWM")

    @property
    def memory_mb(self) -> float:
        return self._memory("VmRSS")

    def stop(self) -> None:
        """Tell it to end before its time, and wait until it has let go of what it holds."""
        os.kill(self.pid, signal.SIGTERM)
        with suppress(ChildProcessError):
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)

    def _memory(self, name: str) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition(f"{name}:")[2].split()[0]) / 1024


@contextmanager
def serving(command: Sequence[str | Path], **environment: str) -> Iterator[Served]:
    """Run a Python server that names its port on the first line it writes, until the block ends."""
    process = subprocess.Popen(
        [sys.executable, *map(str, command)],
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
        yield Served(process.pid, int(port[1]))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
