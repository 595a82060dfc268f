"""The ledger: how fast its tree is recomputed, what a proof costs in a ledger of ten million entries, what integration
costs beside everything else a document costs, and how long an entry waits for its checkpoint at full load.

`make bench SCENARIO=ledger`. The large ledger is made in a temporary folder of about 1.2 GB for ten million entries,
and removed.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from benchmarks.door import CONNECTIONS, packets_of
from benchmarks.gate import receipted
from benchmarks.installed import HOST, UNLIMITED, Installed, installed
from benchmarks.load import fire
from benchmarks.outcome import Goal, Outcome, Table
from benchmarks.parties import submissions
from gateway import config
from gateway.app import open_line
from gateway.cli.audit_source import Folder, LedgerSource
from gateway.exchange.sequencer import Sequencer
from gateway.ledger import Checkpoint, Tree, leaf_hash, sign_checkpoint
from gateway.ledger.note import NoteKey, NoteSigner
from gateway.ledger.survey import survey
from gateway.ledger.tiles import Resource, bundle, resources
from gateway.ledger.tree import TILE_WIDTH, inclusion, verify_inclusion
from gateway.store.publication import Publication

CHUNK = 256 * TILE_WIDTH
PROOFS = 2_000
AUDIT_PER_S, SHARE_MAX = 200_000.0, 5.0
NEVER = {"delivery.checkpoint_interval_s": 3_600.0, "delivery.ledger_lag_s_max": 3_600.0}
ENTRIES_PER_CHECKPOINT = 64
"""About as many as come together between two checkpoints at full load; with fewer, each would cost more."""


@dataclass(frozen=True, slots=True)
class Audited:
    """A ledger of `entries`, written as files and audited on one core."""

    entries: int
    megabytes: float
    entries_per_s: float
    """`audit verify`, everything: read, hash, compare."""
    proof_us: float
    """To make one inclusion proof from the tiles, median."""
    proof_us_small: float
    """The same in a ledger a thousand times smaller."""


@dataclass(frozen=True, slots=True)
class Integrated:
    """What the ledger costs a gateway at full load."""

    documents: int
    share: float
    """Of the server's CPU per document: read, hash, grow, remember, sign, keep."""
    lag_ms_median: float
    """Between two checkpoints shown at the doors."""
    lag_ms_max: float


def outcome(entries: int, integrated: int) -> Outcome:
    """A ledger of so many entries, audited; so many documents integrated."""
    audit, load = _audited(entries), _integrated(integrated)
    return Outcome(
        (
            Table(
                f"{entries:,} entries as files ({audit.megabytes:,.0f} MiB), one core.",
                ("", "audit verify, entries/s", "a proof, µs", "in a ledger a thousandth as large, µs"),
                (("read, hash, compare", audit.entries_per_s, audit.proof_us, audit.proof_us_small),),
            ),
            Table(
                f"Integration while {load.documents:,} documents come over {CONNECTIONS} connections.",
                ("", "of the server's CPU %", "between checkpoints ms, median", "at most ms"),
                (
                    ("read, hash, grow, remember, sign, keep", 100 * load.share, load.lag_ms_median, load.lag_ms_max),
                ),
            ),
        ),
        (
            Goal("audit of the ledger", audit.entries_per_s, AUDIT_PER_S, "entries/s", reference="one core"),
            Goal(
                "integration, of the server's CPU", 100 * load.share, SHARE_MAX, "%", at_least=False,
                reference="everything else a document costs",
            ),
        ),
    )  # fmt: skip


def entry(number: int) -> bytes:
    """As long as an acknowledgement is."""
    return (
        b"truc-ledger-v1\nkind: acknowledge\nat: 2026-11-23T08:00:00.123456Z\n"
        b"dispatch: 01KB2M7Q0N5W4Z8T3R%08d\ndelivery: 01KB2M7Q0N9F7H2J5K%08d\naddressee: G22.99\n" % (number, number)
    )


def _signer() -> NoteSigner:
    return NoteSigner(NoteKey("bench.example/ledger", bytes(32)), lambda _: bytes(64))


def _audited(entries: int) -> Audited:
    with tempfile.TemporaryDirectory(prefix="ledger-bench-") as place:
        folder = Path(place)
        tree = _lay(folder, entries)
        megabytes = sum(one.stat().st_size for one in folder.rglob("*") if one.is_file()) / 1_048_576
        read = LedgerSource(Folder(folder))
        began_s = time.process_time()
        flaws = list(survey(tree.size, tree.root, read, lambda _: None))
        seconds = time.process_time() - began_s
        if flaws:
            raise RuntimeError(f"a sound ledger has flaws: {flaws[:3]}")
        small = Path(place) / "small"
        small_tree = _lay(small, max(1, entries // 1_000))
        return Audited(
            entries,
            megabytes,
            entries / seconds,
            _proof_us(read, tree),
            _proof_us(LedgerSource(Folder(small)), small_tree),
        )


def _lay(folder: Path, entries: int) -> Tree:
    """A published ledger of so many entries; flushing each file would measure the disk, so they are only written."""
    tree, tiles = Tree(), dict[tuple[int, int], bytes]()
    Publication(folder).open()
    for start in range(0, entries, CHUNK):
        chunk = [entry(number) for number in range(start, min(start + CHUNK, entries))]
        grown = tree.grow(map(leaf_hash, chunk))
        tiles.update(grown.tiles)
        for one in resources(tree.size, grown.tree.size):
            if one.level is None:
                first = one.number * TILE_WIDTH - start
                data = bundle(chunk[first : first + one.width])
            else:
                data = tiles[one.level, one.number]
            _write(folder, one, data)
        tree = grown.tree
        tiles = {place: data for place, data in tiles.items() if len(data) < TILE_WIDTH * 32}
    note = sign_checkpoint(Checkpoint(_signer().key.name, tree.size, tree.root), [_signer()])
    (folder / "checkpoint").write_bytes(note)
    return tree


def _write(folder: Path, one: Resource, data: bytes) -> None:
    place = folder / one.path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)


def _proof_us(read: LedgerSource, tree: Tree) -> float:
    chance, took = random.Random(1), []

    def tile(level: int, number: int, width: int) -> bytes:
        data = read(Resource(level, number, width))
        if data is None:
            raise RuntimeError("a tile is missing")
        return data

    for _ in range(PROOFS):
        index = chance.randrange(tree.size)
        began_s = time.perf_counter()
        proof = inclusion(index, tree.size, tile)
        took.append(time.perf_counter() - began_s)
        verify_inclusion(leaf_hash(entry(index)), index, tree.size, proof, tree.root)
    return 1e6 * statistics.median(took)


def _integrated(documents: int) -> Integrated:
    """Two loads: one shows how long entries wait; the other leaves them all to be integrated here, and timed."""
    with installed() as gateway:
        lags, _ = asyncio.run(_loaded(gateway, documents))
    with installed({**UNLIMITED, **NEVER}) as gateway:
        _, served_s = asyncio.run(_loaded(gateway, documents, watched=False))
        gateway.served.stop()
        own_s = asyncio.run(_integrate(gateway))
    lags = lags or [0.0]  # so few that one checkpoint held them all
    share = own_s / (own_s + served_s)
    return Integrated(documents, share, 1000 * statistics.median(lags), 1000 * max(lags))


async def _integrate(gateway: Installed) -> float:
    """CPU seconds, all threads, of bringing everything that was committed under checkpoints."""
    async with open_line(config.load(gateway.stage.config)) as line:
        sequencer = Sequencer(line, ENTRIES_PER_CHECKPOINT)
        began_s = time.process_time()
        while await sequencer.once():
            pass
        return time.process_time() - began_s


async def _loaded(gateway: Installed, documents: int, watched: bool = True) -> tuple[list[float], float]:
    """Seconds between checkpoints that differ, while the load runs; the server's CPU seconds of the whole load."""
    ministry, lags = gateway.stage.cast.ministry, list[float]()
    packets = packets_of(gateway, ministry, documents, 1)
    before_s = gateway.served.cpu_s
    watching = asyncio.create_task(_watch(gateway.port, lags)) if watched else None
    load = await fire(HOST, gateway.port, submissions(gateway, ministry.peer, packets), CONNECTIONS)
    cpu_s = gateway.served.cpu_s - before_s
    receipted(load, packets)
    if watching is not None:
        watching.cancel()
    return lags, cpu_s


async def _watch(port: int, lags: list[float]) -> None:
    """While documents come all the time, the time between two checkpoints bounds what any entry waits for its own."""
    size, since_s = 0, time.perf_counter()
    while True:
        now = await asyncio.to_thread(_size, port)
        if now != size:
            at_s = time.perf_counter()
            if size:
                lags.append(at_s - since_s)
            size, since_s = now, at_s
        await asyncio.sleep(0.01)


def _size(port: int) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/checkpoint", timeout=10) as answer:
            return int(answer.read().split(b"\n")[1])
    except OSError:
        return 0
