"""The audit bites: each way of losing, doubling or rewriting something is found. Else its silence would prove nothing.

The changes are made to a copy of a real register, behind the back of its triggers.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.client.results import Accepted
from tests.crash.audit import Audit, Found
from tests.crash.installation import EMBEDDED, INLINE_BYTES_MAX, Installation
from tests.crash.notebook import Answered, Line, Receipted, Sealed, Seen, of_kind
from tests.crash.parties import ONCE, client
from tests.crash.rows import paper, settled, submit
from tests.crash.serving import Serving
from tests.crash.spawner import Spawner

pytestmark = pytest.mark.crash

LAST_DISPATCH = "(SELECT max(id) FROM dispatches)"
LAST_ENTRY = "(SELECT max(ledger_index) FROM ledger_entries)"
LOST, DOUBLED, WRONG = "lost", "doubled", "wrong"

CHANGES = {
    "a dispatch is gone": (
        LOST,
        f"DELETE FROM deliveries WHERE dispatch_id = {LAST_DISPATCH};"
        f" DELETE FROM dispatches WHERE id = {LAST_DISPATCH}",
    ),
    "a delivery is gone": (LOST, f"DELETE FROM deliveries WHERE dispatch_id = {LAST_DISPATCH}"),
    "a delivery is there twice": (
        DOUBLED,
        "DROP INDEX uq_deliveries_addressee; CREATE TEMP TABLE twin AS SELECT * FROM deliveries LIMIT 1;"
        " UPDATE twin SET id = id || '.x'; INSERT INTO deliveries SELECT * FROM twin",
    ),
    "an acknowledgement is taken back": (LOST, "UPDATE deliveries SET status = 'queued'"),
    "a receipt is another": (WRONG, "UPDATE dispatches SET receipt_xml = CAST(receipt_xml || ' ' AS BLOB)"),
    "an entry is another": (
        WRONG,
        "UPDATE ledger_entries SET entry = CAST(replace(entry, 'A99', 'A98') AS BLOB)"
        f" WHERE ledger_index = {LAST_ENTRY}",
    ),
    "an entry is gone": (WRONG, f"DELETE FROM ledger_entries WHERE ledger_index = {LAST_ENTRY} - 1"),
    "the end of the ledger is gone": (
        LOST,
        f"UPDATE ledger_head SET size = size - 1; DELETE FROM ledger_entries WHERE ledger_index = {LAST_ENTRY};"
        " DELETE FROM checkpoints WHERE size > (SELECT size FROM ledger_head)",
    ),
    "a tile is damaged": (WRONG, "UPDATE ledger_tiles SET hashes = zeroblob(length(hashes))"),
    "the checkpoint that was seen is gone": (
        LOST,
        "DELETE FROM checkpoints WHERE size = (SELECT max(size) FROM checkpoints)",
    ),
    "an attachment has other bytes": (WRONG, "UPDATE blobs SET data = zeroblob(length(data)) WHERE data IS NOT NULL"),
}


@pytest.fixture(scope="module")
def register(
    template: Installation, tmp_path_factory: pytest.TempPathFactory, spawner: Spawner
) -> tuple[Installation, list[Line]]:
    """A gateway that took in three documents and one acknowledgement, and is gone; and what its peers were told."""
    installation = template.copy(tmp_path_factory.mktemp("register") / "gateway")
    serving = Serving(installation, spawner)
    serving.start()
    try:
        return installation, asyncio.run(live(installation))
    finally:
        serving.close()


async def live(installation: Installation) -> list[Line]:
    """Three documents; the first is acknowledged, the last has a large attachment."""
    told: list[Line] = []
    cast = installation.cast
    for number, size_bytes in enumerate((100, 100, 4 * INLINE_BYTES_MAX), 1):
        accepted = await submit(installation, paper(installation, number, cast.party, size_bytes=size_bytes))
        assert isinstance(accepted, Accepted)
        peer = cast.ministry.peer
        told.append(Receipted(accepted.dispatch_id, accepted.ledger_index, accepted.packet_digest, peer))
    async with client(installation, cast.party.peer, ONCE) as party:
        item = (await party.inbox(limit=1)).deliveries[0]
        answer = await party.acknowledge(item.delivery_id)
        told.append(Answered(item.delivery_id, item.dispatch_id, answer.status))
        await settled(installation)
        told.append(Seen((await party.checkpoint()).decode()))
    return told


def audited(installation: Installation, told: list[Line]) -> Found:
    return Audit(installation).look(told)


def test_what_really_happened_is_sound(register: tuple[Installation, list[Line]], tmp_path: Path) -> None:
    installation, told = register
    report = audited(installation.copy(tmp_path / "copy"), told)
    assert report.sound, report
    assert (report.dispatches, report.signed) == (3, report.size)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_the_register_is_found(
    register: tuple[Installation, list[Line]], tmp_path: Path, change: str
) -> None:
    installation, told = register
    copy = installation.copy(tmp_path / "copy")
    kind, statements = CHANGES[change]
    with closing(sqlite3.connect(copy.folder / EMBEDDED)) as connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        connection.executescript(statements)
    assert getattr(audited(copy, told), kind), change


def test_a_file_of_the_blob_folder_that_is_gone_is_found(
    register: tuple[Installation, list[Line]], tmp_path: Path
) -> None:
    installation, told = register
    copy = installation.copy(tmp_path / "copy")
    (file,) = [path for path in copy.blobs.glob("??/*") if path.is_file()]
    file.unlink()
    assert audited(copy, told).lost


def test_a_promise_the_register_does_not_keep_is_found(
    register: tuple[Installation, list[Line]], tmp_path: Path
) -> None:
    installation, told = register
    copy = installation.copy(tmp_path / "copy")
    receipted = of_kind(told, Receipted)[0]
    unknown = "0" * len(receipted.dispatch_id)
    assert audited(copy, [Receipted(unknown, 1, receipted.packet_digest, receipted.peer)]).lost
    other = Receipted(receipted.dispatch_id, receipted.ledger_index + 1, receipted.packet_digest, receipted.peer)
    assert audited(copy, [other]).wrong
    assert audited(copy, [Sealed(receipted.dispatch_id, "0" * 64)]).wrong
    answered = of_kind(told, Answered)[0]
    assert audited(copy, [Answered(answered.delivery_id, answered.dispatch_id, "refused")]).lost
