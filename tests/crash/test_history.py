"""Attacks on the history of a live gateway: yesterday's database, a second gateway from one key.

Each is noticed thrice: by the file beside the key, by a witness, and by whoever follows the ledger from outside.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.cli.audit_monitor import Alarmed, Monitor
from gateway.cli.audit_source import Address, LedgerSource
from gateway.client import GatewayClient, Problem
from gateway.http.witness_server import witness_at
from gateway.ledger import NoteKey
from gateway.ledger.cosignature import cosignatures
from gateway.model.reasons import Reason
from gateway.store.witness_book import WitnessBook
from tests.crash.installation import Installation, found, free_port
from tests.crash.parties import DOGGED, client
from tests.crash.rows import paper
from tests.crash.serving import Serving
from tests.crash.spawner import Spawner
from tests.ledger.test_cosignature import W1

pytestmark = pytest.mark.crash


@asynccontextmanager
async def watched(folder: Path, port: int, vkey: str) -> AsyncIterator[WitnessBook]:
    """A witness at the address the gateway was told."""
    WitnessBook.create(folder / "witness.db")
    book = WitnessBook(folder / "witness.db", W1)
    book.add_log(NoteKey.parse(vkey))
    try:
        async with witness_at(book, lambda: datetime.now(UTC), "127.0.0.1", port):
            yield book
    finally:
        book.close()


async def submit(installation: Installation, *numbers: int) -> None:
    for number in numbers:
        async with client(installation, installation.cast.ministry.peer, DOGGED) as sender:
            accepted = await sender.submit(paper(installation, number, installation.cast.party).file)
            async with asyncio.timeout(120):
                while await signed(sender) <= accepted.ledger_index:
                    await asyncio.sleep(0.02)


async def signed(sender: GatewayClient) -> int:
    """How many entries the published checkpoint covers; none before the first is published."""
    try:
        return int((await sender.checkpoint()).split(b"\n")[1])
    except Problem as no:
        assert no.reason == Reason.NOT_FOUND, no
        return 0


def monitor(installation: Installation, state: Path) -> Monitor:
    place = LedgerSource(Address(installation.base_url))
    return Monitor([NoteKey.parse(installation.vkey)], [W1.key], 0, place, [], state, 3_600.0)


def forget(installation: Installation) -> None:
    """A thief of the keys does without the file beside them."""
    (installation.folder / "keys" / "ledger.signed").unlink()


def test_a_rollback_and_a_fork_of_a_live_gateway_are_noticed_by_all_who_watch(tmp_path: Path, spawner: Spawner) -> None:
    port = free_port()
    settings = {"ledger.witnesses": (f"{W1.key.vkey} http://127.0.0.1:{port}",), "delivery.checkpoint_interval_s": 0.05}
    installation = found(tmp_path / "gateway", hub_url="http://127.0.0.1:9/", settings=settings)
    asyncio.run(attacked(tmp_path, installation, spawner, port))


async def attacked(tmp_path: Path, installation: Installation, spawner: Spawner, port: int) -> None:
    serving = Serving(installation, spawner)
    watching = monitor(installation, tmp_path / "seen.json")
    try:
        async with watched(tmp_path, port, installation.vkey) as book:
            await asyncio.to_thread(serving.start)
            await submit(installation, 1, 2)
            await asyncio.to_thread(serving.stop)
            yesterday = installation.copy(tmp_path / "yesterday")
            await asyncio.to_thread(serving.start)
            await submit(installation, 3, 4)
            seen = await asyncio.to_thread(watching.look, datetime.now(UTC))
            await cosigned(book, seen.checkpoint.size)
            async with asyncio.timeout(120):
                while not cosignatures((await asyncio.to_thread(watching.look, datetime.now(UTC))).note, [W1.key]):
                    await asyncio.sleep(0.05)
            await asyncio.to_thread(serving.stop)
            ((_, held),) = book.logs()  # pushes go on failing, so it may have grown since it was looked at

            # Yesterday's database under today's keys: the gateway itself refuses to start.
            database = next((installation.folder / "db").glob("register.db"))
            for part in database.parent.iterdir():
                part.unlink()
            shutil.copy(yesterday.folder / "db" / "register.db", database)
            status = await asyncio.to_thread(refuses_to_start, installation)
            assert "was rolled back" in status

            # Without the file it starts, shows the smaller tree, and outsiders notice.
            forget(installation)
            await asyncio.to_thread(serving.start)
            await noticed(watching, {"rollback"})
            await until_said(serving, f"witness {W1.key.name} does not cosign: it holds {held} entries")

            # It goes on as another history, until it is larger than the first: a fork.
            await submit(installation, 5, 6, 7, 8)
            await noticed(watching, {"fork"})
            await until_said(serving, "do not continue the")
            assert book.contradictions(), "the witness keeps what the ledger signed: it is the proof"
            assert book.logs() == [(NoteKey.parse(installation.vkey).name, held)]
    finally:
        serving.close()


def refuses_to_start(installation: Installation) -> str:
    """What the gateway says that does not start."""
    log = installation.folder / "refused.log"
    with Spawner() as own:
        pid = own.spawn(["--lang", "en", "serve", "--config", str(installation.config)], log)
        assert own.wait(pid) == 1
    return log.read_text("utf-8")


async def noticed(watching: Monitor, codes: set[str]) -> None:
    with pytest.raises(Alarmed) as alarm:
        await asyncio.to_thread(watching.look, datetime.now(UTC))
    assert {one.code for one in alarm.value.alarms} == codes
    assert alarm.value.final and alarm.value.kept is not None
    assert {one.name for one in alarm.value.kept.iterdir()} == {"held.checkpoint", "shown.checkpoint"}


async def cosigned(book: WitnessBook, size: int) -> None:
    async with asyncio.timeout(120):
        while dict(book.logs()).get(next(iter(dict(book.logs()))), 0) < size:
            await asyncio.sleep(0.05)


async def until_said(serving: Serving, words: str) -> None:
    async with asyncio.timeout(120):
        while words not in serving.log:
            await asyncio.sleep(0.05)


def test_two_gateways_that_share_keys_and_not_their_database_never_both_sign(tmp_path: Path, spawner: Spawner) -> None:
    """A machine was cloned while its keys stayed on a shared disk."""
    one = found(tmp_path / "one", hub_url="http://127.0.0.1:9/", settings={"delivery.checkpoint_interval_s": 0.05})
    twin = replace(one.copy(tmp_path / "two"), port=free_port())
    config = twin.config.read_text("utf-8").replace(f"port = {one.port}", f"port = {twin.port}")
    config = config.replace(f"port = {one.port:_}", f"port = {twin.port:_}")
    twin.config.write_text(config, "utf-8")
    shutil.rmtree(twin.folder / "keys")
    (twin.folder / "keys").symlink_to(one.folder / "keys")
    first = Serving(one, spawner)
    try:
        first.start()
        asyncio.run(submit(one, 1))
        assert "Nothing is signed" in refuses_to_start(twin)
        asyncio.run(submit(one, 2))
        with sqlite3.connect(next((twin.folder / "db").glob("register.db"))) as database:
            assert database.execute("SELECT count(*) FROM checkpoints").fetchone() == (0,), "it signed nothing"
    finally:
        first.close()
