"""`python -m tests.month`: a month of one province, and the clerk's numbers, as Markdown.

--per-day N    documents sent on each working day (5,000)
--days N       only the first so many days of the month
--seed N       another month (2026)
--engine NAME  sqlite (as it is), or postgresql: a server of its own, started here
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.model.calendar import local_day
from gateway.store import Store
from tests.month.account import FINAL, Account, account
from tests.month.play import Month
from tests.month.run import month_in
from tests.postgres import PACKAGE, PostgresServer, binaries


def main() -> None:
    """Play, and print."""
    arguments = argparse.ArgumentParser(prog="python -m tests.month", description=__doc__.splitlines()[0])
    arguments.add_argument("--per-day", type=int, default=5_000)
    arguments.add_argument("--days", type=int, default=30)
    arguments.add_argument("--seed", type=int, default=2026)
    arguments.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    asked = arguments.parse_args()
    with TemporaryDirectory(prefix="month-") as folder, _database(asked.engine, Path(folder)) as url:
        asyncio.run(_run(Path(folder), url, asked.per_day, asked.days, asked.seed))


@contextmanager
def _database(engine: str, folder: Path) -> Iterator[str]:
    """A fresh one."""
    if engine == "sqlite":
        Store.create(url := f"sqlite:///{folder / 'month.db'}")
        yield url
        return
    if (programs := binaries()) is None:
        raise SystemExit(f"PostgreSQL's programs are not installed (Debian: apt-get install {PACKAGE})")
    folder.chmod(0o755)  # the server runs as somebody else
    (home := folder / "postgresql").mkdir()
    server = PostgresServer(programs, home)
    try:
        yield server.fresh_database()
    finally:
        server.kill()


async def _run(folder: Path, url: str, per_day: int, days: int, seed: int) -> None:
    began = time.monotonic()
    async with month_in(folder, url, per_day, days, seed) as month:
        await month.play(lambda now: _tell(now, began))
        played_s = time.monotonic() - began
        drawn = await account(month)
        print(f"<!-- python -m tests.month {' '.join(sys.argv[1:])} -->".replace("  ", " "))
        print(_cost(folder, played_s, time.monotonic() - began - played_s))
        print(numbers(month, drawn), end="")


def _tell(month: Month, began: float) -> None:
    done = f"{local_day(month.clock.now)}: {len(month.letters):,} documents, {len(month.statuses):,} statuses"
    print(f"{done}, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


def _cost(folder: Path, played_s: float, accounted_s: float) -> str:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = usage.ru_utime + usage.ru_stime
    return (
        f"Played in {played_s:.0f} s, accounted for in {accounted_s:.0f} s ({cpu_s:.0f} s of CPU, "
        f"{usage.ru_maxrss / 1024:.0f} MB at the peak, database {_size_mb(folder):.0f} MB); "
        f"{os.cpu_count()} cores, Python {platform.python_version()}, load average {os.getloadavg()[1]:.1f}.\n"
    )


def _size_mb(folder: Path) -> float:
    """Without what is only a log of it."""
    files = [folder / "month.db", *(folder / "postgresql" / "data" / "base").rglob("*")]
    return sum(one.stat().st_size for one in files if one.is_file()) / 1e6


def numbers(month: Month, drawn: Account) -> str:
    """The clerk's numbers."""
    final = sum(count for why, count in drawn.stands.items() if why in FINAL)
    counted, same_day = (
        month.counts,
        f"{drawn.same_day:,} of {drawn.received:,} ({drawn.same_day / drawn.received:.1%})",
    )
    return "\n".join(
        [
            "| | |\n|---|--:|",
            f"| documents admitted, changes among them | {drawn.documents:,} |",
            f"| deliveries of them | {drawn.deliveries:,} |",
            f"| statuses told by people | {len(month.statuses):,} |",
            f"| entries in the ledger | {drawn.entries.total():,} |",
            f"| received the same day | {same_day} |",
            f"| sent twice by mistake: the first receipt again | {counted['repeated']:,} |",
            f"| duplicates warned of | {counted['duplicates']:,} |",
            f"| refused and given up | {counted['given_up']:,} |",
            f"| statuses that matched nothing | {counted['unmatched']:,} |",
            *_rows("refused: ", month.refused, "`"),
            *_rows("overdue at the end: ", drawn.overdue),
            *_rows("recalled from an addressee: ", drawn.recalls),
            *_rows("reminders: ", drawn.reminders),
            "",
            f"Where the deliveries stand ({final / drawn.deliveries:.1%} final, none unexplained):",
            "",
            "| | |\n|---|--:|",
            *(
                f"| {why}{' (final)' if why in FINAL else ''} | {count:,} |"
                for why, count in drawn.stands.most_common()
            ),
            "",
        ]
    )


def _rows(before: str, counted: Counter[str], mark: str = "") -> list[str]:
    return [f"| {before}{mark}{what}{mark} | {count:,} |" for what, count in sorted(counted.items())]


if __name__ == "__main__":
    main()
