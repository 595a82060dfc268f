"""A kill at each durable call of one document's life: from the first flush of its attachment to its last checkpoint.

Where the database is a server, what the gateway itself does about it is to send and to read: it is killed there.
After each kill the gateway is started over what is left, the life is lived to its end by asking again what was not
answered, and the register is audited. One installation lives through all of it.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from gateway.client import GatewayClient, Unreachable
from gateway.demo.papers import Paper
from tests.crash.audit import Audit
from tests.crash.faults import BLOB_FLUSHES, FLUSHES, KILLS, READS, SENDS, WRITES, injected
from tests.crash.hub import hub
from tests.crash.installation import INLINE_BYTES_MAX, Installation, found
from tests.crash.notebook import Answered, Line, Receipted
from tests.crash.parties import DOGGED, ONCE, client
from tests.crash.rows import paper
from tests.crash.serving import Serving
from tests.crash.spawner import Spawner

pytestmark = pytest.mark.crash

POINTS = {
    "sqlite": (
        *((BLOB_FLUSHES, number) for number in (1, 2, 3)),
        ("mkdir", 1),
        ("rename", 1),
        *((FLUSHES, number) for number in range(1, 9)),
        *((WRITES, number) for number in range(1, 100, 4)),
    ),
    "postgresql": (
        (BLOB_FLUSHES, 1),
        ("rename", 1),
        *((SENDS, number) for number in range(1, 170, 28)),
        *((READS, number) for number in range(1, 120, 29)),
    ),
}
"""Calls of one life. With SQLite five for its attachment, its commits, and every fourth write of a page. With a server
a sample: of the same five, and of what its writer sends (some 190 times) and reads (some 130 times)."""
MISSED_SHARE_MAX = 0.2
"""A life takes a few commits more or less: what comes together is committed together."""
FIRST_NUMBER = 1
ENTRIES_OF_A_LIFE = 4
"""Accepted; delivered to and acknowledged by the party; acknowledged by the hub."""


class Life:
    """One document to the party, which pulls, and to the hub, which is pushed to."""

    def __init__(self, installation: Installation, packet: Paper, folder: Path) -> None:
        self._installation, self._packet, self._folder = installation, packet, folder
        self.told: list[Line] = []

    async def live(self, patient: bool) -> None:
        """Submit, collect, acknowledge, follow to the end. Unreachable where the gateway dies, unless `patient`."""
        cast, patience = self._installation.cast, DOGGED if patient else ONCE
        async with (
            client(self._installation, cast.ministry.peer, patience) as sender,
            client(self._installation, cast.party.peer, patience) as party,
        ):
            accepted = await sender.submit(self._packet.file)
            one = Receipted(accepted.dispatch_id, accepted.ledger_index, accepted.packet_digest, cast.ministry.peer)
            self.told.append(one)
            await self._collect(party, one.dispatch_id)
            while signed_size(await sender.checkpoint()) < one.ledger_index + ENTRIES_OF_A_LIFE:
                await asyncio.sleep(0.01)

    async def _collect(self, party: GatewayClient, dispatch_id: str) -> None:
        for item in (await party.inbox()).deliveries:
            assert item.dispatch_id == dispatch_id
            await party.fetch_file(item.delivery_id, self._folder / f"{item.delivery_id}.edxml")
            answer = await party.acknowledge(item.delivery_id)
            self.told.append(Answered(item.delivery_id, dispatch_id, answer.status))


def signed_size(note: bytes) -> int:
    """How many entries a checkpoint covers: its second line."""
    return int(note.split(b"\n")[1])


def test_a_kill_at_any_durable_call_loses_nothing(
    tmp_path: Path, spawner: Spawner, hub_port: int, engine: str, database: str | None
) -> None:
    installation = found(
        tmp_path / "gateway",
        hub_url=f"http://127.0.0.1:{hub_port}/",
        settings={"delivery.checkpoint_interval_s": 0.05, "delivery.backoff.most_s": 0.05},
        database=database,
    )
    points, serving = POINTS[engine], Serving(installation, spawner)
    try:
        died = asyncio.run(sweep(serving, points, tmp_path, hub_port))
    finally:
        serving.close()
    assert died >= len(points) * (1 - MISSED_SHARE_MAX), f"only {died} of {len(points)} points were reached"


async def sweep(serving: Serving, points: Sequence[tuple[str, int]], folder: Path, hub_port: int) -> int:
    """All points; how many of them a life came to."""
    installation = serving.installation
    cast, audit, told, died = installation.cast, Audit(installation), list[Line](), 0
    await asyncio.to_thread(serving.start)
    async with hub(hub_port):
        for number, (call, count) in enumerate(points, FIRST_NUMBER):
            packet = paper(installation, number, cast.party, cast.hub, size_bytes=4 * INLINE_BYTES_MAX)
            life = Life(installation, packet, folder)
            with injected(serving, call, KILLS, str(count)), suppress(Unreachable):
                await life.live(patient=False)
            if serving.ends_within(0):
                died += serving.ended() == -signal.SIGKILL
                await asyncio.to_thread(serving.start)
            await life.live(patient=True)
            told += life.told
            report = await asyncio.to_thread(audit.look, told)
            assert report.sound, (call, count, str(report))
            assert report.dispatches == number + 1 - FIRST_NUMBER
    report = Audit(installation).look(told)
    assert report.sound, report
    return died
