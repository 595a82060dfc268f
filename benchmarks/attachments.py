"""Big attachments: documents of one, ten and a hundred megabytes, in and out, beside hashing and writing as much."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import tempfile
import time
from datetime import UTC, datetime

from benchmarks.gate import receipted, stored, verify
from benchmarks.installed import HOST, Installed, installed
from benchmarks.load import fire
from benchmarks.outcome import Cell, Outcome, Table
from benchmarks.packets import Prepared, prepared, sealed_packets
from benchmarks.parties import Puller, submissions

SIZES_MB = (1, 10, 100)
CONNECTIONS = 4
BATCH = 1 << 20


def measure(attached_mb: int) -> Outcome:
    """About so many megabytes of each size that fits in."""
    rows = []
    with installed() as gateway:
        for size in SIZES_MB:
            if size <= attached_mb:
                rows.append(_one_size(gateway, size, max(2, attached_mb // size)))
        peak_mb = gateway.served.memory_peak_mb
    caption = (
        f"Sealed documents with one attachment each, {CONNECTIONS} at a time; out to one system, fetched and compared. "
        f"Peak memory of the gateway over all of it: {peak_mb:.0f} MB."
    )
    columns = (
        "attachment", "documents", "in MB/s", "hashed and written bare MB/s", "out MB/s", "server CPU in ms/MB",
    )  # fmt: skip
    return Outcome((Table(caption, columns, tuple(rows)),))


def _one_size(gateway: Installed, size_mb: int, count: int) -> tuple[Cell, ...]:
    cast, at = gateway.stage.cast, datetime.now(UTC)
    to = ((cast.silent.agency, cast.silent.name),)
    size = size_mb * 1_000_000
    papers = sealed_packets(cast.ministry, to, count, at, random.Random(size_mb), size_mb * 10_000, size)
    packets = [prepared(one) for one in papers]
    bare_s = _bare_s(packets)
    in_s, cpu_s, out_s = asyncio.run(_through(gateway, packets))
    total_mb = size_mb * count
    return (f"{size_mb} MB", count, total_mb / in_s, total_mb / bare_s, total_mb / out_s, 1000 * cpu_s / total_mb)


async def _through(gateway: Installed, packets: list[Prepared]) -> tuple[float, float, float]:
    """Seconds in, CPU seconds in, seconds out."""
    cast = gateway.stage.cast
    before_s = gateway.served.cpu_s
    load = await fire(HOST, gateway.port, submissions(gateway, cast.ministry.peer, packets), CONNECTIONS)
    cpu_s = gateway.served.cpu_s - before_s
    told = receipted(load, packets)
    puller, began_s = Puller(gateway, cast.silent.peer), time.perf_counter()
    await puller.pull(len(packets))
    out_s = time.perf_counter() - began_s
    await verify(gateway, cast.ministry.peer, told)
    stored(puller.shelf, told)
    return load.seconds, cpu_s, out_s


def _bare_s(packets: list[Prepared]) -> float:
    """What the same bytes cost that are only hashed, written and flushed, one after another."""
    began_s = time.perf_counter()
    for one in packets:
        with tempfile.TemporaryFile() as file:
            digest = hashlib.sha256()
            for start in range(0, len(one.body), BATCH):
                piece = one.body[start : start + BATCH]
                digest.update(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
    return time.perf_counter() - began_s
