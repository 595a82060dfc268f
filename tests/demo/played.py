"""The demo as a newcomer runs it: the command, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS_MAX = 60.0


@dataclass(frozen=True)
class Played:
    """A demo that ran to its end."""

    code: int
    text: str
    errors: str
    out: Path

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def summary(self) -> dict[str, Any]:
        """The last line, as a program reads it."""
        summary: dict[str, Any] = json.loads(self.lines[-1])
        return summary


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "gateway", *map(str, arguments)]


def play_once(out: Path, *options: str) -> Played:
    """`gateway demo --once --out OUT`."""
    done = subprocess.run(
        command(*options, "demo", "--once", "--out", out), capture_output=True, text=True, timeout=SECONDS_MAX
    )
    return Played(done.returncode, done.stdout, done.stderr, out)


@dataclass(frozen=True)
class Staying:
    """A demo that stays up, and its lines as they come."""

    process: subprocess.Popen[str]
    lines: Iterator[str]

    def until(self, mark: str) -> list[str]:
        """Its lines up to the one that holds `mark`."""
        seen = []
        for line in self.lines:
            seen.append(line.rstrip("\n"))
            if mark in line:
                return seen
        raise AssertionError(f"it ended without saying {mark!r}:\n" + "\n".join(seen))


@contextmanager
def staying_up(*options: str) -> Iterator[Staying]:
    """`gateway demo`; ended with the block, if it has not ended by then."""
    process = subprocess.Popen(
        command(*options, "demo"),
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ, PYTHONUNBUFFERED="1"),
    )
    assert process.stdout is not None
    too_long = threading.Timer(2 * SECONDS_MAX, process.kill)
    too_long.start()
    try:
        yield Staying(process, iter(process.stdout))
    finally:
        too_long.cancel()
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.stdout.close()
        process.wait(timeout=30)
