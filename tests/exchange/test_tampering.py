"""What somebody changes behind the gateway's back, triggers and all, the replay of the ledger names exactly."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.exchange import courier, lifecycle
from gateway.ledger.directory_text import directory_entry
from gateway.model.packet import BusinessType
from gateway.store import PutDirectory, Store
from gateway.store.engine import parse_url, reader_engine, writer_engine
from gateway.store.reconciling import Difference, replay
from tests.exchange.conftest import Story
from tests.exchange.life import change, collect, delivery, document, send, status, trusting
from tests.exchange.replayed import differences
from tests.http.town import FAR, PROVINCE, Clock, directory, open_line
from tests.pki import NOW
from tests.postgres import PostgresServer
from tests.stores import ENGINES


async def live(story: Story) -> None:
    """A document collected, reported on and asked back; one declined; one taken back before it left; a stranger."""
    line = story.line
    town = directory()
    await line.store.write(PutDirectory(town, NOW, directory_entry(town, NOW)))
    first = await send(story, document("G22.1", (PROVINCE, FAR)))
    await collect(story, first.dispatch_id)
    await send(story, status("03", "G22.1"), PROVINCE)
    far = await delivery(story, first.dispatch_id, FAR)
    await courier.decline(line, story.peer("xa"), far.id, "không đúng nơi nhận")
    await lifecycle.recall(line, story.peer("bo"), first.dispatch_id, "Sai số liệu", [PROVINCE])
    await send(story, status("15", "G22.1", description="Đồng ý"), PROVINCE)
    await send(story, document("G22.2", number="7900"))
    await send(story, change(BusinessType.RECALL, "G22.3", "G22.2", number="7901"))
    await send(story, document("G22.4", number="7816"))
    await story.seal()


@pytest.fixture(scope="module", params=ENGINES)
def lived(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, Story]:
    """The address of a register after that story."""
    folder = tmp_path_factory.mktemp("lived")
    server: PostgresServer | None = None
    if request.param == "sqlite":
        url = f"sqlite:///{folder / 'gateway.db'}"
        Store.create(url)
    else:
        server = request.getfixturevalue("postgres")
        url = server.fresh_database()
    store = Store.open(url, folder / "blobs")
    clock = Clock()
    story = trusting(Story(open_line(store, folder, clock), clock))
    asyncio.run(live(story))
    assert asyncio.run(differences(story.line)) == []
    store.close()
    return request.param, url, story


ONE = "(SELECT min(id) FROM dispatches)"
FAR_ONE = f"dispatch_id = {ONE} AND addressee = 'G99.00.00'"
LAST = "(SELECT envelope FROM dispatches WHERE id = (SELECT max(id) FROM dispatches))"
PARTS = {
    "a status of a delivery is another": (
        f"UPDATE deliveries SET status = 'delivered' WHERE {FAR_ONE}",
        {("changed", "delivery", "status")},
    ),
    "a delivery is gone": (
        f"DELETE FROM delivery_events WHERE delivery_id IN (SELECT id FROM deliveries WHERE {FAR_ONE});"
        f"DELETE FROM deliveries WHERE {FAR_ONE}",
        {("missing", "delivery", ""), ("missing", "event", "")},
    ),
    "an answer is another": (
        "UPDATE changes SET answer = 'refused' WHERE answer = 'done'",
        {("changed", "change", "answer")},
    ),
    "an answer is taken back": (
        "UPDATE changes SET answer = NULL, answered_at = NULL, answered_by = NULL, answer_index = NULL"
        " WHERE answer = 'done'",
        {("changed", "change", "answer"), ("changed", "change", "answered_by"), ("changed", "change", "answer_index")},
    ),
    "a change is gone": ("DELETE FROM changes WHERE answer = 'withdrawn'", {("missing", "change", "")}),
    "a status packet says something else": (
        "UPDATE statuses SET status_code = '06' WHERE status_code = '03'",
        {("changed", "status", "code")},
    ),
    "the words of an answer are others": (
        "UPDATE statuses SET description = 'Không đồng ý' WHERE status_code = '15'",
        {("changed", "status", "reason")},
    ),
    "the words of a refusal are others": (
        "UPDATE delivery_events SET detail = 'trùng' WHERE event = 'refused'",
        {("changed", "event", "reason")},
    ),
    "an event is gone": ("DELETE FROM delivery_events WHERE event = 'status_03'", {("missing", "event", "")}),
    "an event is invented": (
        "INSERT INTO delivery_events (delivery_id, event, at, detail, ledger_index)"
        " SELECT id, 'status_06', 0, '', 1 FROM deliveries LIMIT 1",
        {("added", "event", "")},
    ),
    "the subject is another": (
        f"UPDATE dispatches SET subject = 'Khác' WHERE id = {ONE}",
        {("changed", "dispatch", "misquoted")},
    ),
    "the packet is another": (
        f"UPDATE dispatches SET envelope = {LAST} WHERE id = {ONE}",
        {("changed", "dispatch", "packet"), ("changed", "dispatch", "misquoted")},
    ),
    "the receipt is another": (
        f"UPDATE dispatches SET receipt_xml = report_xml WHERE id = {ONE}",
        {("changed", "dispatch", "receipt")},
    ),
    "it came earlier": (
        f"UPDATE dispatches SET admitted_at = admitted_at - 1 WHERE id = {ONE}",
        {("changed", "dispatch", "admitted_at")},
    ),
    "it repeats nothing": (
        "UPDATE dispatches SET duplicate_of = NULL, duplicate_by = NULL WHERE duplicate_of IS NOT NULL",
        {("changed", "dispatch", "duplicate_of"), ("changed", "dispatch", "duplicate_by")},
    ),
    "a peer has one more key": (
        "INSERT INTO credentials (digest, kind, peer, added_at) VALUES ('x', 'token', 'bo', 0)",
        {("added", "peer", "")},
    ),
    "an agency of the directory is another": (
        "UPDATE agency_changes SET gone = NOT gone WHERE agency = 'G99.00.00'",
        {("changed", "directory", "sha256")},
    ),
    "an entry is another": (
        "UPDATE ledger_entries SET entry = (SELECT entry FROM ledger_entries WHERE ledger_index = 0)"
        " WHERE ledger_index = (SELECT max(ledger_index) FROM ledger_entries)",
        {("ledger", "entry", "leaf_hash")},
    ),
}


def tampered(engine: str, url: str, statements: str, story: Story, tmp_path: Path) -> set[tuple[str, str, str]]:
    keys = [story.line.notary.key]

    def named(found: list[Difference]) -> set[tuple[str, str, str]]:
        return {(one.how.value, one.what, one.field) for one in found}

    if engine == "sqlite":
        copy = tmp_path / "copy.db"
        with (
            closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
            for (name,) in target.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                target.execute(f"DROP TRIGGER {name}")
            target.executescript(statements)
        reader = reader_engine(parse_url(f"sqlite:///{copy}"), 1)
        with reader.connect() as connection:
            found = list(replay(connection, keys))
        reader.dispose()
        return named(found)
    writer = writer_engine(parse_url(url))
    with writer.connect() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements.split(";"):
            connection.execute(text(statement))
        found = list(replay(connection, keys))
        connection.rollback()
    writer.dispose()
    return named(found)


@pytest.mark.parametrize("part", PARTS)
def test_each_kind_of_tampering_is_named_exactly(lived: tuple[str, str, Story], part: str, tmp_path: Path) -> None:
    engine, url, story = lived
    statements, expected = PARTS[part]
    found = tampered(engine, url, statements, story, tmp_path)
    assert expected <= found
    if ("ledger", "entry", "leaf_hash") not in expected:
        assert found == expected


def test_a_ledger_made_anew_is_not_the_signed_one(lived: tuple[str, str, Story], tmp_path: Path) -> None:
    """Whoever rewrites entry and hash still lacks the key the checkpoint was signed with."""
    engine, url, story = lived
    statements = (
        "UPDATE ledger_entries SET entry = (SELECT entry FROM ledger_entries WHERE ledger_index = 2),"
        " leaf_hash = (SELECT leaf_hash FROM ledger_entries WHERE ledger_index = 2) WHERE ledger_index = 1"
    )
    assert ("ledger", "checkpoint", "root") in tampered(engine, url, statements, story, tmp_path)
