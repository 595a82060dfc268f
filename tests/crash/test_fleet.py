"""Several processes on one store, killed in turn: a few times here, fifty by `python -m tests.crash.fleet`."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.crash.fleet import NOWHERE, RETURN_S_MAX, SETTINGS, WORKERS, Summary, Workers, nodes, workers
from tests.crash.installation import Installation, found
from tests.crash.parties import ONCE, client, papers
from tests.crash.spawner import Spawner
from tests.postgres import PostgresServer

pytestmark = pytest.mark.crash

SENDERS = 4


def nothing_happened(summary: Summary, kills: int) -> None:
    assert not summary.faults, summary.faults
    assert sum(summary.killed.values()) == kills
    assert summary.receipted >= 10 * kills
    assert summary.terms >= 2


def test_workers_die_in_turn_and_nobody_loses_anything(tmp_path: Path, spawner: Spawner) -> None:
    nothing_happened(asyncio.run(workers(tmp_path, spawner, kills=2, seed=3)), 2)


@pytest.mark.postgres
def test_nodes_the_lease_holder_and_the_database_die_in_turn_and_nobody_loses_anything(
    tmp_path: Path, spawner: Spawner, postgres: PostgresServer
) -> None:
    nothing_happened(asyncio.run(nodes(tmp_path, spawner, postgres, kills=3, seed=4)), 3)


def test_workers_are_renewed_one_by_one_and_not_one_submission_fails(tmp_path: Path, spawner: Spawner) -> None:
    installation = found(tmp_path / "gateway", hub_url=NOWHERE, settings={**SETTINGS, "server.workers": WORKERS})
    fleet = Workers(installation, spawner)
    try:
        assert asyncio.run(sent_while_renewed(installation, fleet)) > 20
        assert fleet.parent.stop() == 0
    finally:
        fleet.close()


async def sent_while_renewed(installation: Installation, fleet: Workers) -> int:
    """How many documents were taken in meanwhile. The senders have no patience: an error of any kind is raised."""
    over, supply = asyncio.Event(), papers(installation.cast, random.Random(5))

    async def send() -> int:
        sent = 0
        async with client(installation, installation.cast.ministry.peer, ONCE) as gateway:
            while not over.is_set():
                await gateway.submit(next(supply).file)
                sent += 1
        return sent

    async with asyncio.TaskGroup() as group:
        senders = [group.create_task(send()) for _ in range(SENDERS)]
        before = set(fleet.processes().values())
        await asyncio.sleep(0.5)
        os.kill(fleet.parent.pid, signal.SIGHUP)
        until_s = time.monotonic() + RETURN_S_MAX
        while before & (now := set(fleet.processes().values())) or len(now) != WORKERS:
            assert time.monotonic() < until_s, fleet.parent.log
            await asyncio.sleep(0.1)
        over.set()
    return sum(sender.result() for sender in senders)
