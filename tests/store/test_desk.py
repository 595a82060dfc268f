"""What lies on a clerk's desk, read on each engine."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

from sqlalchemy import create_engine, event

from gateway.model.delivery import DeliveryEvent
from gateway.store import Advance, Store
from gateway.store.queries.books import book
from gateway.store.queries.deadlines import concerning
from gateway.store.queries.desktop import END, Period, desktop
from gateway.store.queries.parties import happened
from tests.store.samples import NOW, admit, dispatch_id, write


def test_the_desk_the_books_and_the_stream_read_the_same_on_each_engine(store: Store) -> None:
    for number in range(1, 4):
        write(store, admit(number, "G22", "G23"))
    refused = admit(1, "G22", "G23").deliveries[0].id
    write(store, Advance(refused, DeliveryEvent.REFUSED, NOW, None, "Sai nơi nhận"))
    period = Period(NOW - timedelta(days=1), "", NOW.date(), "")
    ours = asyncio.run(store.read(desktop, ("G01",), period, 2, "clerk.settled"))
    assert [one.id for one in ours.sent] == [dispatch_id(3), dispatch_id(2)]
    assert (ours.sent_today, ours.received_today, ours.received) == (3, 0, ())
    assert refused in ours.ours and ours.sores[refused]["refused"].detail == "Sai nơi nhận"
    theirs = asyncio.run(store.read(desktop, ("G22",), period, 10, "clerk.settled"))
    assert (theirs.sent_today, theirs.received_today) == (0, 3)
    assert [one.deliveries[0].addressee for one in theirs.received] == ["G22"] * 3
    rows = asyncio.run(store.read(book, "G22", False, "", dispatch_id(1), END, 10))
    assert {one.addressees for one in rows.rows} == {("G22",)}
    outgoing = asyncio.run(store.read(book, "G01", True, "", dispatch_id(1), END, 1))
    assert (outgoing.numbered_after, [one.id for one in outgoing.rows]) == (1, [dispatch_id(2)])
    seen = asyncio.run(store.read(happened, 0, 100))
    assert {(one.sender, one.addressee) for one in seen} == {("G01", "G22"), ("G01", "G23")}


def test_what_is_owed_is_found_by_what_waits_not_by_all_an_agency_ever_got(sqlite_url: str) -> None:
    engine = create_engine(sqlite_url)
    asked: list[str] = []

    def explain(connection: Any, cursor: Any, statement: str, values: Any, *_: object) -> None:
        if not statement.startswith("EXPLAIN"):
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            asked.append(" ".join(row[3] for row in rows))

    event.listen(engine, "before_cursor_execute", explain)
    with engine.connect() as connection:
        concerning(connection, "G22", date(2026, 11, 1), date(2026, 11, 30), 10)
    engine.dispose()
    plans = " ".join(asked)
    assert all(one in plans for one in ("ix_deliveries_open", "ix_dispatches_due_on", "ix_changes_unanswered"))
    assert "ix_deliveries_addressee" not in plans
