"""The ledger: how fast its tree is recomputed, what a proof costs in a ledger of ten million entries, what integration
costs beside everything else a document costs, and how long an entry waits for its checkpoint at full load.

`python -m benchmarks.ledger [ENTRIES]` makes this part alone. The large ledger is made in a temporary folder of about
1.2 GB for ten million entries, and removed.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.door import ADDRESSEE, CONNECTIONS
from benchmarks.installed import UNLIMITED, Installed, installed
from benchmarks.load import fire, post
from benchmarks.packets import form, sealed_packets
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

ENTRIES = 10_000_000
CHUNK = 256 * TILE_WIDTH
PROOFS = 2_000
DOCUMENTS = 1_500
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


def measure(entries: int = ENTRIES) -> tuple[Audited, Integrated]:
    """Both parts."""
    return _audited(entries), _integrated()


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


def _integrated() -> Integrated:
    """Two loads: one shows how long entries wait; the other leaves them all to be integrated here, and timed."""
    with installed() as gateway:
        lags, _ = asyncio.run(_loaded(gateway))
    with installed({**UNLIMITED, **NEVER}) as gateway:
        _, served_s = asyncio.run(_loaded(gateway, watched=False))
        gateway.served.stop()
        own_s = asyncio.run(_integrate(gateway))
    return Integrated(DOCUMENTS, own_s / (own_s + served_s), 1000 * statistics.median(lags), 1000 * max(lags))


async def _integrate(gateway: Installed) -> float:
    """CPU seconds, all threads, of bringing everything that was committed under checkpoints."""
    async with open_line(config.load(gateway.stage.config)) as line:
        sequencer = Sequencer(line, ENTRIES_PER_CHECKPOINT)
        began_s = time.process_time()
        while await sequencer.once():
            pass
        return time.process_time() - began_s


async def _loaded(gateway: Installed, watched: bool = True) -> tuple[list[float], float]:
    """Seconds between checkpoints that differ, while the load runs; the server's CPU seconds of the whole load."""
    token, port = gateway.stage.tokens[gateway.stage.cast.ministry.peer], gateway.served.port
    sender, chance, requests = gateway.stage.cast.ministry, random.Random(1), []
    for packet in sealed_packets(sender, ADDRESSEE, DOCUMENTS, datetime.now(UTC), chance, 1):
        body, content_type = form(packet)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": content_type}
        requests.append(post("127.0.0.1", port, "/v1/packets", headers, body))
    before_s, lags = gateway.served.cpu_s, list[float]()
    watching = asyncio.create_task(_watch(port, lags)) if watched else None
    load = await fire("127.0.0.1", port, requests, CONNECTIONS, keep_bodies=True)
    cpu_s = gateway.served.cpu_s - before_s
    if load.statuses != {201: len(requests)}:
        raise RuntimeError(f"not every document was accepted: {dict(load.statuses)}")
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


def table(audited: Audited, integrated: Integrated) -> str:
    """Markdown."""
    return (
        f"The ledger, {audited.entries:,} entries as files ({audited.megabytes:,.0f} MiB), one core:\n\n"
        "| audit verify, entries/s | a proof, µs | in a ledger a thousandth as large, µs |\n|--:|--:|--:|\n"
        f"| {audited.entries_per_s:,.0f} | {audited.proof_us:.0f} | {audited.proof_us_small:.0f} |\n\n"
        f"Integration while {integrated.documents:,} documents come over {CONNECTIONS} connections:\n\n"
        "| of the server's CPU | between checkpoints ms, median | at most ms |\n|--:|--:|--:|\n"
        f"| {100 * integrated.share:.1f} % | {integrated.lag_ms_median:.0f} | {integrated.lag_ms_max:.0f} |\n"
    )


if __name__ == "__main__":
    print(table(*measure(int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES)))
