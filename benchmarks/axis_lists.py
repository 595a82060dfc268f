"""The axis dialect's lists of a whole country: what writing one costs, what is kept of it, and what sending it costs.

A part of `make bench SCENARIO=agencies`. Times are of the CPU; memory is what the process grew by at its peak.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.country import country
from benchmarks.outcome import Table
from gateway.http.axis.agency_pages import Row, agency_rows, pack, unit_rows, unpack
from gateway.model.agency import Directory
from gateway.store.queries import ChangedAgency

MB = 1e6


def lists(agencies: int) -> Table:
    """Both lists of so many agencies."""
    at = datetime.now(UTC)
    directory = Directory(1, country(agencies))
    changed = [ChangedAgency(one, 1, False, at) for one in directory.agencies]
    rows = (
        _row("getAgenciesListQD20", lambda: agency_rows(directory, at, "code102")),
        _row("getSynchronizeUnit from the beginning", lambda: unit_rows(changed, directory, at)),
    )
    columns = ("", "written, s", "grown by, MB", "kept, MB", "sent without gzip, MB", "unfolded, s")
    return Table("The same agencies as the axis dialect lists them; times are of the CPU.", columns, rows)


def _row(name: str, rows: Callable[[], Iterator[Row]]) -> tuple[str, float, float, float, float, float]:
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before_mb, started = _memory_mb("VmRSS"), time.process_time()
    packed = pack(rows())
    written, grown_mb = time.process_time() - started, _memory_mb("VmHWM") - before_mb
    started = time.process_time()
    whole = sum(map(len, unpack(packed)))
    unfolded = time.process_time() - started
    return name, written, grown_mb, len(packed) / MB, whole / MB, unfolded


def _memory_mb(name: str) -> float:
    return int(Path("/proc/self/status").read_text().partition(f"{name}:")[2].split()[0]) / 1024
