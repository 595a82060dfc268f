"""Tables of rules: two people, once, and nothing of it changes afterwards; the database itself sees to it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from gateway.store import ApproveTable, ProposeTable, Store, queries
from gateway.store.engine import parse_url, writer_engine
from tests.store.samples import NOW, run, write

LATER = NOW + timedelta(days=3)


def propose(version: int, by: str = "lan", effective_from: datetime = LATER) -> ProposeTable:
    return ProposeTable("authority", version, effective_from, by, NOW, b"der", b"<sealed/>", b"proposed")


def approve(version: int, by: str = "minh", at: datetime = NOW) -> ApproveTable:
    return ApproveTable("authority", version, by, at, b"approved %d" % version)


def in_force(store: Store, at: datetime) -> int | None:
    return run(store.read(queries.table_version_in_force, "authority", at))


def test_a_table_is_in_force_when_it_was_approved_and_its_time_has_come(store: Store) -> None:
    write(store, propose(2))
    assert in_force(store, LATER) is None
    write(store, approve(2))
    assert in_force(store, LATER - timedelta(microseconds=1)) is None
    assert in_force(store, LATER) == 2
    write(store, propose(3, effective_from=NOW))
    late = LATER + timedelta(days=1)
    write(store, approve(3, at=late))
    assert (in_force(store, LATER), in_force(store, late)) == (2, 3)


def test_it_comes_back_as_it_was_with_the_entry_of_its_approval(store: Store) -> None:
    write(store, propose(2))
    write(store, approve(2))
    row, index, entry = run(store.read(queries.approved_table, "authority", 2))
    assert (index, entry) == (run(store.read(queries.ledger_head)).size - 1, b"approved 2")
    assert (row.proposed_by, row.approved_by, row.effective_from, row.approved_at) == ("lan", "minh", LATER, NOW)
    assert (row.certificate, row.document) == (b"der", b"<sealed/>")
    assert run(store.read(queries.tables)) == (row,)


@pytest.mark.parametrize("wrong", [approve(2, "lan"), approve(9), propose(2), propose(1)])
def test_nobody_approves_alone_and_no_version_comes_twice(store: Store, wrong: ProposeTable | ApproveTable) -> None:
    write(store, propose(2))
    with pytest.raises(Refused) as refused:
        write(store, wrong)
    assert refused.value.reason is Reason.STATE_CONFLICT
    assert run(store.read(queries.ledger_head)).size == 1
    assert in_force(store, LATER) is None


def test_nobody_approves_twice(store: Store) -> None:
    write(store, propose(2))
    write(store, approve(2))
    with pytest.raises(Refused) as refused:
        write(store, approve(2, "hoa"))
    assert refused.value.reason is Reason.STATE_CONFLICT


CHANGES = [
    "UPDATE rule_tables SET approved_by = 'lan', approved_at = 1",
    "UPDATE rule_tables SET approved_by = 'minh'",
    "UPDATE rule_tables SET document = '00', approved_by = 'minh', approved_at = 1",
    "UPDATE rule_tables SET effective_from = 0, approved_by = 'minh', approved_at = 1",
    "UPDATE rule_tables SET proposed_by = 'hoa'",
    "DELETE FROM rule_tables",
]


@pytest.mark.parametrize("statement", CHANGES)
def test_the_database_refuses_one_person_and_any_other_change(store: Store, store_url: str, statement: str) -> None:
    write(store, propose(2))
    engine = writer_engine(parse_url(store_url))
    with pytest.raises(DBAPIError), engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()
    (row,) = run(store.read(queries.tables))
    assert (row.approved_by, row.proposed_by, row.document) == (None, "lan", b"<sealed/>")


def test_what_was_approved_stays_approved_by_whom_it_was(store: Store, store_url: str) -> None:
    write(store, propose(2))
    write(store, approve(2))
    engine = writer_engine(parse_url(store_url))
    for statement in ("UPDATE rule_tables SET approved_by = 'hoa'", "UPDATE rule_tables SET approved_by = NULL"):
        with pytest.raises(DBAPIError, match="only approved, and once"), engine.begin() as connection:
            connection.execute(text(statement))
    engine.dispose()
