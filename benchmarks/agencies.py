"""A directory of a country: what importing, loading, looking up, searching and synchronising it cost.

`make bench SCENARIO=agencies`. The command imports, as an operator would;
everything else is asked of the store and the directory as the gateway asks it, in a process of its own, so that its
memory is the directory's. Times are of the CPU, all threads, so that a busy machine does not change them much; the
stall alone is by the clock.
"""

from __future__ import annotations

import asyncio
import csv
import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.axis_lists import lists
from benchmarks.country import AGENCIES, changed, country, systems
from benchmarks.outcome import Outcome, Table, table_lines, written
from gateway import config
from gateway.exchange.watch import read_directory
from gateway.model.agency import Agency, Directory
from gateway.store import PutDirectory, Store, queries

CHANGES = 50
TICK_S = 0.001
SECOND, MILLISECOND, MICROSECOND = 1.0, 1e3, 1e6


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing measured."""

    name: str
    taken: float
    unit: str
    memory_peak_mb: float | None = None


def outcome(agencies: int) -> Outcome:
    """So many agencies."""
    rows = tuple((one.name, f"{written(one.taken)} {one.unit}", one.memory_peak_mb) for one in measure(agencies))
    caption = (
        f"{agencies:,} agencies, three and four levels deep, and the systems that speak for them; times are of the CPU."
    )
    return Outcome((Table(caption, ("", "taken", "peak memory MB"), rows), lists(agencies)))


def measure(count: int = AGENCIES) -> list[Figure]:
    """A founded gateway in a temporary folder, the country in and out of it."""
    agencies = country(count)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        home = Path(folder) / "truc"
        _command("init", home, "--origin", "bench.invalid/ledger")
        figures = [*_imports(home, agencies)]
        asked = subprocess.run(
            [sys.executable, "-m", "benchmarks.agencies", str(home)], stdout=subprocess.PIPE, text=True, check=True
        )
        return figures + [Figure(**one) for one in json.loads(asked.stdout)]


def _imports(home: Path, agencies: tuple[Agency, ...]) -> Iterator[Figure]:
    file = home / "agencies.csv"
    _write(file, agencies)
    yield _imported(home, file, "import of the whole file")
    yield _imported(home, file, "the same file again: nothing is written")
    yield _imported(home, _renamed(file, agencies, len(agencies)), f"the whole file with {CHANGES} changes")
    yield _imported(home, _renamed(file, agencies, CHANGES), f"a file of {CHANGES} changes")


def _renamed(file: Path, agencies: tuple[Agency, ...], rows: int) -> Path:
    """A file of so many rows, the last ones under other names."""
    _write(file, (*agencies[: rows - CHANGES], *(replace(one, name=f"Tên mới {rows}") for one in agencies[-CHANGES:])))
    return file


def _write(file: Path, agencies: Sequence[Agency]) -> None:
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(("key", "name", "ids", "parent"))
        writer.writerows((one.key, one.name, " ".join(one.ids[1:]), one.parent) for one in agencies)


def _imported(home: Path, file: Path, name: str) -> Figure:
    used = _command("directory", "import", file, "--config", home / "gateway.toml")
    return Figure(name, used.ru_utime + used.ru_stime, "s", used.ru_maxrss / 1024)


def _command(*arguments: object) -> resource.struct_rusage:
    """Run `gateway ARGUMENTS…`; what it used."""
    command = [sys.executable, "-m", "gateway", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status != 0:
        raise RuntimeError(f"gateway {arguments} ended with {status}")
    return used


async def _ask(home: Path) -> list[Figure]:
    """What the gateway does with the directory, in the order in which it does it."""
    settings = config.load(home / "gateway.toml").store
    store = Store.open(settings.url, settings.blob_dir)
    before_mb = _memory_mb()
    started = time.process_time()
    known = await store.read(read_directory)
    loaded = Figure("load at the start, ready for look-ups and searches", time.process_time() - started, "s")
    grown_mb, peak_mb = _memory_mb() - before_mb, _memory_mb("VmHWM")
    with_directory = Figure("memory of the directory and of the page cache", grown_mb, "MB", peak_mb)
    at = datetime.now(UTC)
    known = await _let_in(store, known, at)
    figures = [loaded, with_directory, *_looked_up(known, at), *_searched(known)]
    figures += [await _took(store, "synchronise from nothing: every agency with its version", 0)]
    await store.write(PutDirectory(changed(known, CHANGES, 1), at, before=known))
    figures += [await _took(store, f"synchronise the last {CHANGES} changes", known.version)]
    started = time.process_time()
    await store.read(queries.directory_at, 1)
    figures.append(Figure("an old version, as an old examination needs it", time.process_time() - started, "s"))
    stalled, refreshed = await _refreshed(store, known)
    figures += [
        Figure(f"refresh by {CHANGES} changes", refreshed, "s"),
        Figure("longest stall of the loop by it, by the clock", stalled, "ms"),
    ]
    store.close()
    return figures


async def _let_in(store: Store, known: Directory, at: datetime) -> Directory:
    after = replace(known, version=known.version + 1, peers=systems(known.agencies))
    await store.write(PutDirectory(after, at, before=known))
    return after.prepare()


def _looked_up(known: Directory, at: datetime) -> Iterator[Figure]:
    some = known.agencies[:: max(1, len(known.agencies) // 10_000)]
    ids = [one.ids[-1] for one in some]
    yield _each("look up an identifier", ids, known.agency, MICROSECOND)
    yield _each("route, the first time in a version", some, lambda one: known.route(one, at), MICROSECOND)
    yield _each("route, again", some, lambda one: known.route(one, at), MICROSECOND)


def _searched(known: Directory) -> Iterator[Figure]:
    for name, query in (
        ("a page of the list", ""),
        ("a page of a search without diacritics", "so noi vu"),
        ("a page of a search with them", "trạm y tế kỳ lâm"),
        ("a search for one identifier", known.agencies[-1].ids[-1]),
        ("a search that finds nothing", "zzzz"),
    ):
        yield _each(name, [query] * 20, lambda one: known.find(one, limit=100), MILLISECOND)


def _each(name: str, ones: Sequence[object], action: Callable[..., object], unit: float) -> Figure:
    started = time.process_time()
    for one in ones:
        action(one)
    return Figure(name, (time.process_time() - started) / len(ones) * unit, "ms" if unit == MILLISECOND else "µs")


async def _took(store: Store, name: str, since: int) -> Figure:
    started = time.process_time()
    changed = await store.read(queries.agencies_changed_since, since)
    return Figure(f"{name} ({len(changed):,})", time.process_time() - started, "s")


async def _refreshed(store: Store, known: Directory) -> tuple[float, float]:
    """The longest time nothing else ran on the loop while a newer version was taken over, ms; its CPU, s."""
    gc.freeze()  # as the gateway does once it has started
    gaps, ended = [0.0], asyncio.Event()

    async def watch() -> None:
        last = time.perf_counter()
        while not ended.is_set():
            await asyncio.sleep(TICK_S)
            now = time.perf_counter()
            gaps.append(now - last - TICK_S)
            last = now

    watching = asyncio.create_task(watch())
    started = time.process_time()
    await store.read(read_directory, known)
    refreshed = time.process_time() - started
    ended.set()
    await watching
    return max(gaps) * MILLISECOND, refreshed


def _memory_mb(name: str = "VmRSS") -> float:
    return int(Path("/proc/self/status").read_text().partition(f"{name}:")[2].split()[0]) / 1024


def main() -> None:
    """Alone: measure and print. With a folder: ask of the gateway there, as JSON for the process that imported."""
    if len(sys.argv) > 1:
        figures = asyncio.run(_ask(Path(sys.argv[1])))
        print(json.dumps([{name: getattr(one, name) for name in Figure.__slots__} for one in figures]))
        return
    for one in outcome(AGENCIES).tables:
        print("\n".join(table_lines(one)))


if __name__ == "__main__":
    main()
