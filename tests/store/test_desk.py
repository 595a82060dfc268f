"""What lies on a clerk's desk, read on each engine."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, create_engine, event

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


def plans_of(url: str, act: Callable[[Connection], object]) -> list[str]:
    """How the engine would go about each statement of `act`: a line for each step."""
    engine = create_engine(url)
    lines: list[str] = []

    def explain(connection: Connection, cursor: Any, statement: str, values: Any, *_: object) -> None:
        if statement.startswith("SELECT"):
            how = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
            lines.extend(str(row[-1]) for row in connection.exec_driver_sql(f"{how} {statement}", values))

    event.listen(engine, "before_cursor_execute", explain)
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":  # of tables this small it would rather read all
            connection.exec_driver_sql("SET enable_seqscan = off")
        act(connection)
    engine.dispose()
    return lines


READS_ALL = re.compile(r"Seq Scan|SCAN (?!\(subquery|CONSTANT|anon_\d+$|changes USING INDEX ix_changes_unanswered)")


def test_the_desk_of_fifty_agencies_reads_stretches_of_indexes_on_each_engine(store_url: str) -> None:
    period = Period(NOW - timedelta(days=30), dispatch_id(1), NOW.date(), dispatch_id(1))
    agencies = tuple(f"G{number}" for number in range(50))
    lines = plans_of(store_url, lambda connection: desktop(connection, agencies, period, 50, "clerk.settled"))
    assert lines and not [one for one in lines if READS_ALL.search(one)]
    if store_url.startswith("sqlite"):  # PostgreSQL chooses among indexes by how much is in the tables
        used = " ".join(lines)
        named = ("ix_deliveries_unsettled", "ix_deliveries_due_from", "ix_deliveries_due_to", "ix_deliveries_open")
        assert [one for one in named if one not in used] == []


def test_the_desk_asks_as_much_of_fifty_agencies_as_of_one_but_for_their_lists(sqlite_url: str) -> None:
    period = Period(NOW - timedelta(days=30), dispatch_id(1), NOW.date(), dispatch_id(1))
    asked = []
    for count in (1, 50):
        agencies = tuple(f"G{number}" for number in range(count))
        engine, seen = create_engine(sqlite_url), []
        event.listen(engine, "before_cursor_execute", lambda *said, seen=seen: seen.append(said[2]))
        with engine.connect() as connection:
            desktop(connection, agencies, period, 50, "clerk.settled")
        engine.dispose()
        asked.append(len(seen))
    assert asked[1] - asked[0] == 2 * 49


def test_what_is_owed_is_found_by_what_waits_not_by_all_an_agency_ever_got(sqlite_url: str) -> None:
    days = date(2026, 11, 1), date(2026, 11, 30)
    plans = " ".join(plans_of(sqlite_url, lambda connection: concerning(connection, "G22", *days, 10)))
    assert all(one in plans for one in ("ix_deliveries_open", "ix_deliveries_due_to", "ix_changes_unanswered"))
    assert "ix_deliveries_addressee" not in plans
