"""A newer release comes over a gateway that is at work: its schema first, its processes one after the other.

The newer release is this one with a migration more, in a folder of its own: processes of two versions at one register.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.demo.papers import Paper
from tests.crash.audit import Audit
from tests.crash.fleet import NOWHERE, SETTINGS
from tests.crash.installation import Installation, found, free_port
from tests.crash.notebook import Line, Receipted
from tests.crash.parties import ONCE, client, papers
from tests.crash.replaying import replayed
from tests.crash.serving import Serving
from tests.crash.spawner import ColdStarts, Spawner
from tests.house.source import PACKAGE, TOP
from tests.stores import ENGINES

pytestmark = pytest.mark.crash

NEXT = '''"""One step further: it only adds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{last}"


def upgrade() -> None:
    """A column, a table, an index."""
    op.add_column("dispatches", sa.Column("weight", sa.Integer()))
    op.add_column("deliveries", sa.Column("colour", sa.String(16), server_default="red", nullable=False))
    op.create_table("weights", sa.Column("id", sa.Integer(), primary_key=True))
    op.create_index("ix_deliveries_colour", "deliveries", ["colour"])
'''


class Newer(ColdStarts):
    """The next release, as an operator starts it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        shutil.copytree(PACKAGE, folder / "gateway", ignore=shutil.ignore_patterns("__pycache__"))
        for beside in ("schemas", "config"):
            (folder / beside).symlink_to(TOP / beside)
        versions = folder / "gateway/store/migrations/versions"
        last = max(path.name for path in versions.glob("m[0-9]*.py"))[1:5]
        (versions / "m9999_next.py").write_text(NEXT.format(last=last))

    def upgrade(self, installation: Installation) -> str:
        """`gateway upgrade`, of that release."""
        command = [sys.executable, "-m", "gateway", "--lang", "en", "upgrade", "--config", str(installation.config)]
        return subprocess.run(command, cwd=self._folder, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("engine", ENGINES)
def test_the_next_release_comes_over_a_gateway_at_work_and_the_old_one_goes_on_meanwhile(
    engine: str, tmp_path: Path, spawner: Spawner, request: pytest.FixtureRequest
) -> None:
    database = request.getfixturevalue("postgres").empty_database() if engine == "postgresql" else None
    old = found(tmp_path / "gateway", hub_url=NOWHERE, database=database, settings=SETTINGS)
    newer = Newer(tmp_path / "newer")
    told = asyncio.run(rolled(old, newer, spawner))
    report = Audit(old).look(told)
    assert report.sound, report
    assert replayed(old) == []


async def rolled(old: Installation, newer: Newer, spawner: Spawner) -> list[Line]:
    """What was receipted while the release changed. No submission may fail."""
    serving, told, supply = Serving(old, spawner), list[Line](), papers(old.cast, random.Random(1))
    new = replace(old, port=free_port())
    config = old.folder / "next.toml"
    config.write_text(old.config.read_text().replace(f"port = {old.port:_}", f"port = {new.port}"))
    following = Serving(new, newer, config)
    try:
        await asyncio.to_thread(serving.start)
        async with sending(old, supply, told):
            assert "newest schema now" in await asyncio.to_thread(newer.upgrade, old)
            await _more(told)
        await asyncio.to_thread(serving.kill)
        await asyncio.to_thread(serving.start)  # the old release starts again on the newer schema
        await asyncio.to_thread(following.start)
        async with sending(old, supply, told), sending(new, supply, told):
            await _more(told)
        assert await asyncio.to_thread(serving.stop) == 0
        async with sending(new, supply, told):
            await _more(told)
        assert await asyncio.to_thread(following.stop) == 0
    finally:
        serving.close()
        following.close()
    return told


@asynccontextmanager
async def sending(installation: Installation, supply: Iterator[Paper], told: list[Line]) -> AsyncIterator[None]:
    """A system without patience sends until the block ends: whatever goes wrong is raised."""
    over, peer = asyncio.Event(), installation.cast.ministry.peer

    async def send() -> None:
        async with client(installation, peer, ONCE) as gateway:
            while not over.is_set():
                one = await gateway.submit(next(supply).file)
                told.append(Receipted(one.dispatch_id, one.ledger_index, one.packet_digest, peer))

    async with asyncio.TaskGroup() as group:
        group.create_task(send())
        yield
        over.set()


async def _more(told: list[Line]) -> None:
    wanted = len(told) + 5
    async with asyncio.timeout(120):
        while len(told) < wanted:
            await asyncio.sleep(0.02)
