"""Where and with what a figure was taken."""

from __future__ import annotations

import os
import platform
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import __version__ as sqlalchemy_version

from tests.postgres import binaries

LIBRARIES = ("aiohttp", "lxml", "cryptography", "psycopg")


@dataclass(frozen=True, slots=True)
class Machine:
    """What every figure depends on."""

    cores: int
    processor: str
    memory_gb: float
    kernel: str
    file_system: str
    versions: dict[str, str]


def machine() -> Machine:
    """This one."""
    return Machine(
        os.cpu_count() or 1,
        _first("/proc/cpuinfo", "model name") or platform.machine(),
        int((_first("/proc/meminfo", "MemTotal") or "0 kB").split()[0]) / 1_048_576,
        platform.release(),
        _file_system(Path("/tmp")),
        {
            "Python": platform.python_version(),
            "SQLite": sqlite3.sqlite_version,
            "PostgreSQL": _postgres(),
            "SQLAlchemy": sqlalchemy_version,
            **{name: version(name) for name in LIBRARIES},
        },
    )


def sentence(one: Machine) -> str:
    """The machine in a line or two."""
    versions = ", ".join(f"{name} {number}" for name, number in one.versions.items())
    where = f"{one.memory_gb:.0f} GB, Linux {one.kernel}, {one.file_system}"
    return f"{one.cores} cores of {one.processor}, {where}; {versions}"


def load_average() -> float:
    """Of the last minute: what it is before a scenario begins, others brought."""
    return os.getloadavg()[0]


def now() -> str:
    """The instant, to the minute."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _first(file: str, name: str) -> str | None:
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), None)


def _file_system(folder: Path) -> str:
    """The kind that holds a folder: the longest mount point that leads to it."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    fitting = [(point, kind) for point, kind in mounts if folder.is_relative_to(point)]
    return max(fitting, key=lambda one: len(one[0]))[1] if fitting else "?"


def _postgres() -> str:
    found = binaries()
    return found.parent.name if found and found.parent.name.isdigit() else "none" if found is None else "on the path"
