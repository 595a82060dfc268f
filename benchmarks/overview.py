"""The overview at a million dispatches: what the figures of a page cost to read, on either engine.

`python -m benchmarks.overview`. Times are by the clock: the median of 20, and the slowest.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.exchange.overview import Scope, figures_of
from gateway.model.activity import MEASURES, Level, Measure, Span, rows_of
from gateway.model.agency import Agency, AgencyKind, Directory
from gateway.store import Store
from gateway.store.engine import parse_url, writer_engine
from gateway.store.schema import activity
from gateway.store.statements import Insertion
from tests.postgres import PostgresServer, binaries

DISPATCHES = 1_000_000
AGENCIES = 1_000
YEAR = 2026
ROUNDS = 20


def main() -> None:
    """Measure and print, as Markdown."""
    print(f"{DISPATCHES:,} dispatches in a year among {AGENCIES:,} agencies:\n")
    print("| | SQLite, ms | slowest | PostgreSQL, ms | slowest |\n|---|--:|--:|--:|--:|")
    with TemporaryDirectory() as folder:
        sqlite = f"sqlite:///{folder}/gateway.db"
        Store.create(sqlite)
        (cluster := Path(folder) / "pg").mkdir()
        Path(folder).chmod(0o755)
        programs = binaries()
        assert programs is not None, "PostgreSQL is installed (.ci/packages)"
        server = PostgresServer(programs, cluster)
        try:
            times = [asyncio.run(_measured(url, Path(folder) / "blobs")) for url in (sqlite, server.fresh_database())]
        finally:
            server.kill()
    for name in times[0]:
        cells = " | ".join(f"{statistics.median(each[name]):.0f} | {max(each[name]):.0f}" for each in times)
        print(f"| {name} | {cells} |")


async def _measured(url: str, blobs: Path) -> dict[str, list[float]]:
    _fill(url)
    store, directory = Store.open(url, blobs), _directory()
    try:
        asked = {
            "a month, everybody": (Span.read("2026-11"), Scope()),
            "a quarter, everybody": (Span.read("2026-q4"), Scope()),
            "a year, everybody": (Span.read("2026"), Scope()),
            "a year, one level": (Span.read("2026"), Scope(level=Level.COMMUNE)),
            "a month, one level": (Span.read("2026-11"), Scope(level=Level.COMMUNE)),
        }
        return {
            name: [await _timed(store, span, scope, directory) for _ in range(ROUNDS)]
            for name, (span, scope) in asked.items()
            if span is not None
        }
    finally:
        store.close()


def _fill(url: str) -> None:
    engine = writer_engine(parse_url(url))
    with engine.begin() as connection:
        for added in _counts():
            Insertion(activity).load(connection, [(*where, *counts) for where, counts in added.items()])
    engine.dispose()


async def _timed(store: Store, span: Span, scope: Scope, directory: Directory) -> float:
    started_s = time.perf_counter()
    await store.read(figures_of, span, scope, directory)
    return (time.perf_counter() - started_s) * 1000


def _directory() -> Directory:
    kinds = (AgencyKind.MINISTRY, AgencyKind.PROVINCE_COMMITTEE, AgencyKind.COMMUNE_COMMITTEE, AgencyKind.DEPARTMENT)
    return Directory(
        1,
        tuple(Agency(_key(one), f"Cơ quan {one}", (_key(one),), kinds=(kinds[one % 4],)) for one in range(AGENCIES)),
    )


def _key(number: int) -> str:
    return f"H{number:05d}"


def _counts() -> Iterator[dict[tuple[str, str], list[int]]]:
    """A year, month by month: on each day each agency sends and receives its share, more or less."""
    chance, first = random.Random(7), date(YEAR, 1, 1)
    share = 2 * DISPATCHES // (365 * AGENCIES)
    days = [first + timedelta(days=one) for one in range(365)]
    for month in range(1, 13):
        added: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * len(MEASURES))
        for day in (one for one in days if one.month == month):
            for number in range(AGENCIES):
                sent, received = chance.randint(0, share), chance.randint(0, share)
                for span in rows_of(day):
                    counts = added[span, _key(number)]
                    counts[MEASURES.index(Measure.SENT)] += sent
                    counts[MEASURES.index(Measure.RECEIVED)] += received
        yield added


if __name__ == "__main__":
    main()
