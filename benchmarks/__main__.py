"""`python -m benchmarks`: what the gateway costs, beside the floor in the same run.

--quick           fewer documents, a smaller attachment: under a minute
--rounds N        rounds of each kind of load (5)
--documents N     documents in a round (1,500)
--megabytes N     size of the large attachment (1,024)
--json FILE       the figures as JSON too
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import agencies, door, large, ledger, steps


def main() -> None:
    """Measure, print the table as Markdown, keep the JSON where asked."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    arguments.add_argument("--quick", action="store_true")
    arguments.add_argument("--rounds", type=int)
    arguments.add_argument("--documents", type=int)
    arguments.add_argument("--megabytes", type=int)
    arguments.add_argument("--json", type=Path)
    asked = arguments.parse_args()
    rounds = asked.rounds or (2 if asked.quick else 5)
    documents = asked.documents or (400 if asked.quick else 1_500)
    megabytes = asked.megabytes or (128 if asked.quick else 1_024)

    print(f"<!-- python -m benchmarks {' '.join(sys.argv[1:])} -->".replace("  ", " "))
    print(_machine(), flush=True)
    costs = steps.measure()
    print(_step_table(costs), flush=True)
    doors = door.measure(rounds, documents)
    print(_door_table(doors), flush=True)
    big = large.measure(megabytes)
    print(_large_table(big), flush=True)
    audited, integrated = ledger.measure(100_000 if asked.quick else ledger.ENTRIES)
    print(ledger.table(audited, integrated), flush=True)
    directory = agencies.measure()
    print(agencies.table(directory))
    if asked.json:
        figures = {
            "machine": _machine(),
            "command": sys.argv,
            "steps": [dataclasses.asdict(one) for one in costs],
            "door": [dataclasses.asdict(one) for one in doors],
            "large": dataclasses.asdict(big),
            "ledger": [dataclasses.asdict(audited), dataclasses.asdict(integrated)],
            "agencies": [dataclasses.asdict(one) for one in directory],
        }
        asked.json.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n")


def _machine() -> str:
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    return (
        f"{os.cpu_count()} cores of {model}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}; "
        f"load generator on the same cores, load average {os.getloadavg()[0]:.1f} at the start\n"
    )


def _step_table(costs: Sequence[steps.Step]) -> str:
    rows = [f"| {one.name} | {one.ms:.3f} |" for one in costs]
    return "\n".join(["One packet of the door, in one process:\n", "| step | CPU ms |", "|---|--:|", *rows]) + "\n"


def _door_table(doors: tuple[door.Door, ...]) -> str:
    floor = doors[0].median("rate")
    rows = [
        f"Sealed 5 KB envelope + 20 KB attachment, {door.CONNECTIONS} connections, "
        f"median of {len(doors[0].rounds)} rounds of {doors[0].documents} documents:\n",
        "| | documents/s | of the floor | server CPU ms/document | p50 ms | p99 ms | peak memory MB |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for one in doors:
        rate = one.median("rate")
        rows.append(
            f"| {one.name} | {rate:.0f} | {rate / floor:.2f} | {one.median('cpu_ms'):.2f} "
            f"| {one.median('p50_ms'):.1f} | {one.median('p99_ms'):.1f} | {one.memory_peak_mb:.0f} |"
        )
    return "\n".join(rows) + "\n"


def _large_table(big: large.Large) -> str:
    return (
        f"One attachment of {big.megabytes} MiB:\n\n"
        "| in MiB/s | out MiB/s | memory before MB | peak memory MB |\n|--:|--:|--:|--:|\n"
        f"| {big.megabytes / big.in_s:.0f} | {big.megabytes / big.out_s:.0f} "
        f"| {big.memory_idle_mb:.0f} | {big.memory_peak_mb:.0f} |\n"
    )


if __name__ == "__main__":
    main()
