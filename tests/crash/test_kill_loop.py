"""kill -9 under load, as often as a test run has time for; `make crash CYCLES=1000` for more."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from gateway.client import Problem
from tests.crash.audit import Audit
from tests.crash.installation import found
from tests.crash.loop import Summary, crash
from tests.crash.notebook import Notebook, Receipted, of_kind, read
from tests.crash.parties import ONCE, Parties, client, papers
from tests.crash.serving import Serving
from tests.crash.spawner import ColdStarts, Spawner
from tests.http.town import awaited
from tests.postgres import PostgresServer

pytestmark = pytest.mark.crash

CYCLES = {"sqlite": 20, "postgresql": 4}
SECONDS_MAX = 60
RETURN_S_MAX = 120
"""Until senders that were told to come again have done so."""


def nothing_happened(summary: Summary) -> None:
    assert summary.sound, summary.faults
    assert summary.receipted > 10 * summary.cycles
    assert summary.proofs_checked == 20
    assert summary.checkpoints >= summary.cycles


def test_kills_under_load_lose_nothing_and_double_nothing(
    tmp_path: Path, spawner: Spawner, engine: str, database: str | None
) -> None:
    summary = crash(tmp_path, spawner, cycles=CYCLES[engine], seed=7, database=database, seconds_max=SECONDS_MAX)
    nothing_happened(summary)
    assert summary.cycles == CYCLES[engine]


def test_the_command_an_operator_starts_is_what_is_killed(tmp_path: Path) -> None:
    nothing_happened(crash(tmp_path, ColdStarts(), cycles=2, seed=9, database=None))


@pytest.mark.postgres
@awaited
async def test_a_database_server_that_dies_is_waited_for(
    tmp_path: Path, spawner: Spawner, postgres: PostgresServer
) -> None:
    """No restart of the gateway: while the server is away it says 503, and what it receipted is there afterwards."""
    database = postgres.empty_database()
    installation = await asyncio.to_thread(
        found, tmp_path / "gateway", hub_url="http://127.0.0.1:9/", database=database
    )
    serving, notebook = Serving(installation, spawner), Notebook(tmp_path / "notebook.jsonl")
    (tmp_path / "fetched").mkdir()
    try:
        await asyncio.to_thread(serving.start)
        async with Parties(installation, notebook, 10, tmp_path / "fetched").at_work():
            while len(of_kind(notebook.lines, Receipted)) <= 10:
                await asyncio.sleep(0.05)
            await asyncio.to_thread(postgres.kill)
            before = len(of_kind(notebook.lines, Receipted))
            await says_that_the_store_is_away(serving)
            assert len(of_kind(notebook.lines, Receipted)) - before <= 4  # answers that were on their way
            postgres.start()  # here, not in a thread: the server ends with the thread that started it
            async with asyncio.timeout(RETURN_S_MAX):
                while len(of_kind(notebook.lines, Receipted)) <= before + 10:
                    await asyncio.sleep(0.1)
        report = await asyncio.to_thread(Audit(installation).look, read(notebook.path))
        assert report.sound, report
        assert serving.readiness()[0] == 200
    finally:
        serving.close()
        notebook.close()


async def says_that_the_store_is_away(serving: Serving) -> None:
    installation = serving.installation
    status, dependencies = await asyncio.to_thread(serving.readiness)
    assert (status, dependencies["store"]) == (503, False)
    packet = next(papers(installation.cast, random.Random(11)))
    async with client(installation, installation.cast.ministry.peer, ONCE) as gateway:
        with pytest.raises(Problem) as refused:
            await gateway.submit(packet.file)
    assert (refused.value.status, refused.value.reason) == (503, "unavailable.store")
    assert refused.value.retry_after_s
