"""What the database itself keeps of notices and mails, whatever program asks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from gateway.store import Store, queries
from gateway.store.engine import parse_url, writer_engine
from gateway.store.mails import AddContact, ClaimMails, RecordDigests, RecordReminder, SettleMail
from gateway.store.webhooks import AddWebhook, FeedNotices
from tests.store.samples import NOW, admit, run, write
from tests.store.test_notices_machine import BACKOFF

WEBHOOK, CONTACT = "0" * 25 + "A", "0" * 25 + "B"


@pytest.fixture
def filled(store: Store, store_url: str) -> Iterator[Engine]:
    """A row in every table of notices; the one mail is sent."""
    one = admit(1, "H29")
    write(store, AddWebhook(WEBHOOK, "peer-H29", "https://so.example.vn/", NOW))
    write(store, one)
    write(store, FeedNotices(NOW, 10))
    write(store, AddContact(CONTACT, "H29", "clerk", "Văn thư", "vanthu@so.example.vn", NOW))
    write(store, RecordReminder(one.deliveries[0].id, "receipt", 0, "H29", ("clerk",), NOW, b"entry"))
    write(store, SettleMail(1, NOW, "taken", sent=True))
    engine = writer_engine(parse_url(store_url))
    yield engine
    engine.dispose()


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        *((f"DELETE FROM {table}", f"{table} rows are never deleted") for table in ("webhooks", "contacts", "mails")),
        ("DELETE FROM webhook_feed", "never deleted"),
        ("UPDATE mails SET detail = 'other'", "a mail that was sent never changes"),
        ("UPDATE webhook_feed SET event_id = event_id - 1", "the feed only goes forward"),
        ("INSERT INTO webhook_feed VALUES (2, 0)", "(?i)check"),
        ("UPDATE notices SET delivered_at = 1, dead_at = 1", "(?i)check"),
        (
            "INSERT INTO mails"
            " (agency, levels, delivery_id, what, level, recorded_at, attempts, next_attempt_at, detail)"
            " SELECT agency, levels, delivery_id, what, level, 0, 0, 0, '' FROM mails",
            "(?i)unique",
        ),
        (
            "INSERT INTO contacts SELECT 'other', agency, level, name, address, added_at, removed_at FROM contacts",
            "(?i)unique",
        ),
    ],
)
def test_the_database_refuses_with_the_reason(filled: Engine, statement: str, reason: str) -> None:
    with pytest.raises(DBAPIError, match=reason), filled.begin() as connection:
        connection.exec_driver_sql(statement)


def test_of_two_who_remind_by_hand_on_two_nodes_one_does_whatever_step_each_took_it_for(
    store: Store, store_url: str, tmp_path: Path
) -> None:
    one = admit(1, "H29")
    write(store, one)
    other = Store.open(store_url, tmp_path / "blobs")

    async def both() -> list[bool]:
        lately, now = NOW - timedelta(hours=4), NOW
        by_hand = [
            RecordReminder(one.deliveries[0].id, "receipt", step, "H29", ("clerk",), now, b"entry", lately)
            for step in (2, 3)
        ]
        return list(await asyncio.gather(store.write(by_hand[0]), other.write(by_hand[1])))

    try:
        assert sorted(asyncio.run(both())) == [False, True]
    finally:
        other.close()
    later = RecordReminder(one.deliveries[0].id, "receipt", 4, "H29", ("clerk",), NOW, b"entry", NOW)
    assert write(store, later), "the time between two reminders has passed"


def test_a_reminder_is_recorded_once_with_its_step_and_its_entry(store: Store) -> None:
    one = admit(1, "H29")
    write(store, one)
    reminder = RecordReminder(one.deliveries[0].id, "receipt", 1, "H29", ("clerk", "leader"), NOW, b"entry")
    size = len(run(store.read(queries.entries, 0, 10)))
    assert write(store, reminder)
    assert not write(store, reminder)
    assert len(run(store.read(queries.entries, 0, 10))) == size + 1
    assert len(run(store.read(queries.latest_mails, 10))) == 1


def test_the_digests_of_a_day_are_recorded_once_for_each_agency(store: Store) -> None:
    day = RecordDigests("2026-11-23", ("G22", "H29"), ("clerk",), NOW)
    assert write(store, day) == 2
    assert write(store, day) == 0
    more = RecordDigests("2026-11-23", ("G22", "H29", "H30"), ("clerk",), NOW)
    assert write(store, more) == 1
    assert write(store, RecordDigests("2026-11-25", ("G22",), ("clerk",), NOW)) == 1


def test_a_mail_is_claimed_by_one_and_is_due_again_later(store: Store) -> None:
    write(store, RecordDigests("2026-11-23", ("G22", "H29", "H30"), ("clerk",), NOW))
    claim = ClaimMails(NOW, 2, BACKOFF, 0.0, claim_s=60.0)
    assert [one.agency for one in write(store, claim)] == ["G22", "H29"]
    assert [one.agency for one in write(store, claim)] == ["H30"]
    assert write(store, claim) == ()
    assert not run(store.read(queries.mails_due, NOW))
    later = NOW + timedelta(seconds=61)
    assert run(store.read(queries.mails_due, later))
    assert len(write(store, ClaimMails(later, 10, BACKOFF, 0.0, claim_s=60.0))) == 3
