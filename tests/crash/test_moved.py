"""A gateway with a life behind it moves to PostgreSQL, and nobody it knows notices."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.client import GatewayClient
from gateway.client.results import Accepted
from gateway.demo.papers import Paper
from gateway.rules.authority_table import shipped_path
from tests.cli.command import done, gateway
from tests.crash.audit import Audit
from tests.crash.fleet import NOWHERE
from tests.crash.installation import EMBEDDED, Installation, found
from tests.crash.notebook import Line, Receipted, Sealed, Seen
from tests.crash.parties import client
from tests.crash.replaying import replayed
from tests.crash.rows import paper
from tests.crash.serving import Serving
from tests.crash.spawner import Spawner
from tests.postgres import PostgresServer

pytestmark = [pytest.mark.crash, pytest.mark.postgres]


def test_a_register_with_a_life_behind_it_moves_and_its_ledger_goes_on(
    tmp_path: Path, spawner: Spawner, postgres: PostgresServer
) -> None:
    old = found(tmp_path / "gateway", hub_url=NOWHERE, settings={"delivery.checkpoint_interval_s": 0.05})
    file, url = old.folder / EMBEDDED, postgres.empty_database()
    serving = Serving(old, spawner)
    serving.start()
    papers = [paper(old, number, old.cast.party, old.cast.hub) for number in range(1, 5)]
    told = asyncio.run(live(old, papers))
    in_use = gateway("migrate", "sqlite-to-postgres", file, url, lang="en")
    assert in_use.code == 1 and "Stop the gateway" in in_use.err
    assert serving.stop() == 0
    employ(old)

    said = done("migrate", "sqlite-to-postgres", file, url, lang="en")
    assert "counts and digests agree" in said.out and "0 differences" in said.out
    assert "gateway@" in said.err and "postgresql://" in said.err

    refuses = gateway("serve", "--config", old.config, lang="en")
    assert refuses.code == 1 and "went on in" in refuses.err
    new = replace(old, url=url)
    new.config.write_text(new.config.read_text().replace(f"sqlite:///{EMBEDDED}", url))
    serving = Serving(new, spawner)
    serving.start()
    try:
        told += asyncio.run(go_on(new, papers))
    finally:
        serving.close()
    assert "Nguyễn Thị Lan" in done("person", "list", "--config", new.config).out
    report = Audit(new).look(told)
    assert report.sound and report.signed == report.size, report
    assert replayed(new) == []


async def live(installation: Installation, papers: list[Paper]) -> list[Line]:
    """Documents sent, stored, declined, left to wait; everything signed. What the peers were told."""
    cast = installation.cast
    async with (
        client(installation, cast.ministry.peer) as ministry,
        client(installation, cast.party.peer) as party,
    ):
        sent = [await ministry.submit(one.file) for one in papers]
        waiting = [one.delivery_id for one in (await party.inbox(wait_s=5)).deliveries]
        assert len(waiting) == len(sent)
        for one in waiting[:3]:
            await party.fetch_file(one, installation.folder / "fetched.edxml")
        await party.acknowledge(waiting[0])
        await party.decline(waiting[1], "Gửi nhầm nơi nhận")
        await party.acknowledge(waiting[2])
        return [line for one in sent for line in await receipt_of(ministry, one)] + [await signed(ministry, 12)]


async def receipt_of(sender: GatewayClient, one: Accepted) -> list[Line]:
    receipt = hashlib.sha256(await sender.receipt(one.dispatch_id)).hexdigest()
    told = Receipted(one.dispatch_id, one.ledger_index, one.packet_digest, "qlvb-bo-mau")
    return [told, Sealed(one.dispatch_id, receipt)]


async def signed(sender: GatewayClient, size: int) -> Seen:
    """The first checkpoint of at least so many entries."""
    async with asyncio.timeout(120):
        while True:
            note = (await sender.checkpoint()).decode()
            if int(note.split("\n")[1]) >= size:
                return Seen(note)
            await asyncio.sleep(0.05)


def employ(installation: Installation) -> None:
    """A person who may enter, somebody who is written to, a table that waits for its second person."""
    of = ("--config", installation.config)
    done("person", "add", "lan.nguyen", "--name", "Nguyễn Thị Lan", "--role", "auditor", "--reason", "mới", *of)
    done("contact", "add", "G99", "vt@bo.example.vn", "--level", "clerk", "--name", "Văn thư", *of)
    second = installation.folder / "authority-2.xml"
    written = (
        shipped_path().read_text(encoding="utf-8").replace('Id="authority" version="1"', 'Id="authority" version="2"')
    )
    second.write_text(written, encoding="utf-8")
    done("table", "propose", second, "--by", "lan.nguyen", "--effective-from", "2030-01-01", *of)


async def go_on(installation: Installation, papers: list[Paper]) -> list[Line]:
    """What was sent before is sent again, what waited is stored, something new is sent, and all of it is signed."""
    cast = installation.cast
    async with (
        client(installation, cast.ministry.peer) as ministry,
        client(installation, cast.party.peer) as party,
    ):
        again = [await ministry.submit(one.file) for one in papers]
        assert all(one.repeated for one in again)
        for one in (await party.inbox()).deliveries:
            await party.fetch_file(one.delivery_id, installation.folder / "fetched.edxml")
            await party.acknowledge(one.delivery_id)
        fresh = await ministry.submit(paper(installation, 9, cast.party).file)
        told = [line for one in (*again, fresh) for line in await receipt_of(ministry, one)]
        return [*told, await signed(ministry, fresh.ledger_index + 1)]
