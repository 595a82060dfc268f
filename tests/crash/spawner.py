"""Where gateways come from: the real command, or a fork of a process that has the program loaded already.

Loading takes a second of CPU, and these tests start hundreds of gateways. A forked one is a process of its own that
runs the same command from its first line.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from tests.house.source import TOP


class ColdStarts:
    """Every gateway is `python -m gateway`, as an operator starts it."""

    def __init__(self, folder: Path = TOP) -> None:
        """`folder`: where the program lies."""
        self._folder = folder
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def spawn(self, arguments: Sequence[str], log: Path) -> int:
        """Run `gateway` with these arguments; its process id."""
        command = [sys.executable, "-m", "gateway", *arguments]
        with log.open("ab") as said:
            process = subprocess.Popen(command, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        self._processes[process.pid] = process
        return process.pid

    def wait(self, pid: int) -> int:
        """Wait until it has ended; its exit status, or minus the signal that ended it."""
        return self._processes.pop(pid).wait()


class Spawner:
    """Every gateway is a fork. A context manager; at its end, or when this process dies, nothing stays behind."""

    def __init__(self, within: Sequence[str] = ()) -> None:
        """`within`: a command the forking process is run by, and becomes (exec)."""
        self._process = subprocess.Popen(
            [*within, sys.executable, "-m", "tests.crash.forking"],
            cwd=TOP,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        assert self._answer() == "loaded"

    def __enter__(self) -> Spawner:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.communicate()

    @property
    def root(self) -> Path:
        """The file system as the gateways see it."""
        return Path(f"/proc/{self._process.pid}/root")

    def spawn(self, arguments: Sequence[str], log: Path) -> int:
        """Run `gateway` with these arguments; its process id."""
        return self._ask(arguments=list(arguments), log=str(log))

    def wait(self, pid: int) -> int:
        """Wait until it has ended; its exit status, or minus the signal that ended it."""
        return self._ask(wait=pid)

    def _ask(self, **request: object) -> int:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        answer = self._answer()
        assert isinstance(answer, int), answer
        return answer

    def _answer(self) -> int | str:
        assert self._process.stdout is not None
        answer: int | str = json.loads(self._process.stdout.readline())
        return answer


Origin = ColdStarts | Spawner
