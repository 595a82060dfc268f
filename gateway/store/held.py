"""What the register holds, row by row, in the words in which the ledger says what it must hold."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select, union_all

from gateway import edxml
from gateway.edxml import Limits
from gateway.ledger.directory_text import directory_text
from gateway.ledger.entry import write_instant
from gateway.model.agency import EMPTY
from gateway.model.delivery import Outcome
from gateway.model.dispatch import Kind
from gateway.model.packet import Document, packet_digest_of
from gateway.model.refusal import Refused
from gateway.store.instants import instant
from gateway.store.queries.directory import directory_at
from gateway.store.rebuilt import Fact, Facts
from gateway.store.schema import (
    acts,
    attempts,
    changes,
    credentials,
    deliveries,
    delivery_events,
    destructions,
    directory_versions,
    dispatch_attachments,
    dispatches,
    erased_attachments,
    erasures,
    gateway_keys,
    holds,
    refusals,
    rule_sets,
    rule_tables,
    salts,
    statuses,
)

UNKNOWABLE = "?"
"""Stands for what can be compared with nothing: its words were erased by the rules of retention, or an earlier release
did not keep it."""
Read = Row[*tuple[Any, ...]]
_STREAMED = {"yield_per": 500}
_LIMITS = Limits()
_FAILED = (Outcome.DEFERRED.value, Outcome.INTERRUPTED.value)

_ATTACHMENTS = union_all(
    *(
        select(one.c.dispatch_id, one.c.number, one.c.sha256, one.c.size_bytes)
        for one in (dispatch_attachments, erased_attachments)
    )
).order_by("dispatch_id", "number")
_DISPATCHES = (
    select(dispatches, erasures.c.envelope_sha256)
    .join_from(dispatches, erasures, isouter=True)
    .order_by(dispatches.c.id)
)
_DELIVERIES = select(deliveries.c.id, deliveries.c.dispatch_id, deliveries.c.addressee, deliveries.c.status)
_OF_DELIVERY = (deliveries.c.dispatch_id.label("target"), deliveries.c.addressee)
_EVENTS = select(
    delivery_events.c.event, delivery_events.c.detail, delivery_events.c.ledger_index, *_OF_DELIVERY
).join_from(delivery_events, deliveries)
_CHANGES = select(changes, *_OF_DELIVERY).join_from(changes, deliveries)
_ATTEMPTS = (
    select(attempts.c.number, attempts.c.outcome, attempts.c.ledger_index, *_OF_DELIVERY)
    .join_from(attempts, deliveries)
    .where(attempts.c.outcome.in_(_FAILED))
)
_STATUSES = select(statuses, erasures.c.ledger_index.label("erased_index")).join_from(
    statuses, erasures, statuses.c.dispatch_id == erasures.c.dispatch_id, isouter=True
)
_REFUSALS = select(refusals).where(refusals.c.ledger_index.is_not(None))
_CREDENTIALS = select(
    credentials.c.peer,
    func.count().label("held"),
    (func.count() - func.count(credentials.c.revoked_at)).label("let_in"),
).group_by(credentials.c.peer)
_ERASURES = select(erasures.c.dispatch_id, erasures.c.ledger_index, destructions.c.certificate).join_from(
    erasures, destructions
)


def held(connection: Connection, facts: Facts) -> Iterator[Fact]:
    """Everything of the register that the ledger speaks of. `facts` tells which salt belongs to a refusal."""
    yield from _dispatches(connection)
    yield from _events(connection, facts)
    yield from _directories(connection)
    for what, query, read in _ROWS:
        for row in connection.execute(query, execution_options=_STREAMED):
            key, fields = read(row)
            yield Fact(what, key, fields)


def _dispatches(connection: Connection) -> Iterator[Fact]:
    """Each with the digest of the packet made anew from what is kept of it."""
    rows = connection.execute(_ATTACHMENTS, execution_options=_STREAMED)
    groups = groupby(rows, key=lambda row: row.dispatch_id)
    ahead = next(groups, None)
    for row in connection.execute(_DISPATCHES, execution_options=_STREAMED):
        parts: list[tuple[str, int]] = []
        if ahead is not None and ahead[0] == row.id:
            parts = [(one.sha256, one.size_bytes) for one in ahead[1]]
            ahead = next(groups, None)
        yield Fact("dispatch", row.id, _dispatch(row, parts))


def _dispatch(row: Read, parts: list[tuple[str, int]]) -> dict[str, Any]:
    envelope = bytes(row.envelope)
    erased = row.envelope_sha256 is not None and not envelope
    sha256 = row.envelope_sha256 if erased else hashlib.sha256(envelope).hexdigest()
    return {
        "ledger_index": row.ledger_index,
        "admitted_at": write_instant(instant(row.admitted_at)),
        "peer": row.peer,
        "sender": row.sender,
        "packet_digest": row.packet_digest,
        "packet": packet_digest_of(sha256, parts),
        "receipt": hashlib.sha256(row.receipt_xml).hexdigest(),
        "report": hashlib.sha256(row.report_xml).hexdigest(),
        "duplicate_of": row.duplicate_of,
        "duplicate_by": row.duplicate_by,
        "misquoted": UNKNOWABLE if erased else _misquoted(row, envelope),
    }


def _misquoted(row: Read, envelope: bytes) -> str:
    """The columns that do not repeat what the packet says, with a space between them."""
    try:
        content = edxml.read_header(edxml.parse(envelope, _LIMITS))
    except Refused:
        return "envelope"
    document = content if isinstance(content, Document) else None
    quoted = {
        "kind": Kind.DOCUMENT if document else Kind.STATUS,
        "document_id": document.document_id if document else None,
        "business_type": int(document.business_type) if document else 0,
        "code": document.code if document else "",
        "subject": (document.subject or "") if document else "",
    }
    return " ".join(name for name, value in quoted.items() if getattr(row, name) != value)


def _events(connection: Connection, facts: Facts) -> Iterator[Fact]:
    for row in connection.execute(_EVENTS, execution_options=_STREAMED):
        key, fields = f"{row.ledger_index} {row.target} {row.addressee} {row.event}", dict[str, Any]()
        said = facts.get("event", key) if row.event == "refused" else None
        if said is not None and "reason" in said:
            fields["reason"] = _digest_of(connection, said["reason"], row)
        yield Fact("event", key, fields)


def _digest_of(connection: Connection, digest: str, row: Read) -> str | None:
    """The digest of the words of a refusal, by the salt that is kept for the digest the ledger holds."""
    salt = connection.execute(select(salts.c.salt).where(salts.c.digest == digest)).scalar()
    if salt is not None:
        return hashlib.sha256(bytes(salt) + row.detail.encode()).hexdigest()
    gone = select(erasures.c.dispatch_id).where(erasures.c.dispatch_id == row.target)
    return None if connection.execute(gone).scalar() is None else UNKNOWABLE


def _directories(connection: Connection) -> Iterator[Fact]:
    """Each version, read from the one before it."""
    known = EMPTY
    for row in connection.execute(select(directory_versions).order_by(directory_versions.c.version)).all():
        known = directory_at(connection, row.version, known) or EMPTY
        sha256 = hashlib.sha256(directory_text(known)).hexdigest()
        yield Fact("directory", str(row.version), {"ledger_index": row.ledger_index, "sha256": sha256})


def _change(row: Read) -> tuple[str, dict[str, Any]]:
    names = ("kind", "ledger_index", "answer", "answered_by", "answer_index")
    return f"{row.dispatch_id} {row.target} {row.addressee}", {name: getattr(row, name) for name in names}


def _attempt(row: Read) -> tuple[str, dict[str, Any]]:
    index = UNKNOWABLE if row.ledger_index is None else row.ledger_index
    return f"{row.target} {row.addressee} {row.number}", {"outcome": row.outcome, "ledger_index": index}


def _status(row: Read) -> tuple[str, dict[str, Any]]:
    digest = hashlib.sha256(bytes.fromhex(row.salt) + row.description.encode()).hexdigest()
    return row.dispatch_id, {
        "ledger_index": row.ledger_index,
        "agency": row.agency,
        "code": row.status_code,
        "delivery": row.delivery_id,
        "reason": digest if row.erased_index is None else UNKNOWABLE,
    }


def _table(row: Read) -> tuple[str, dict[str, Any]]:
    return f"{row.name} {row.version}", {
        "sha256": hashlib.sha256(row.document).hexdigest(),
        "effective_from": write_instant(instant(row.effective_from)),
        "proposed_by": row.proposed_by,
        "approved_by": row.approved_by,
        "approved_index": row.approved_index,
    }


def _act(row: Read) -> tuple[str, dict[str, Any]]:
    digest = hashlib.sha256(bytes(row.salt) + row.reason.encode()).hexdigest()
    return str(row.ledger_index), {"action": row.action, "subject": row.subject, "reason": digest}


_ROWS: tuple[tuple[str, Select[Any], Callable[[Read], tuple[str, dict[str, Any]]]], ...] = (
    ("delivery", _DELIVERIES, lambda row: (f"{row.dispatch_id} {row.addressee}", {"status": row.status, "id": row.id})),
    ("attempt", _ATTEMPTS, _attempt),
    ("status", _STATUSES, _status),
    ("change", _CHANGES, _change),
    (
        "refusal",
        _REFUSALS,
        lambda row: (str(row.ledger_index), {"peer": row.peer, "packet": row.packet_digest, "reason": row.reason}),
    ),
    ("peer", _CREDENTIALS, lambda row: (row.peer, {"credentials": row.held, "let_in": row.let_in})),
    ("table", select(rule_tables), _table),
    (
        "rules",
        select(rule_sets),
        lambda row: (str(row.ledger_index), {"version": row.version, "sha256": row.sha256}),
    ),
    (
        "key",
        select(gateway_keys),
        lambda row: (str(row.ledger_index), {"which": row.which, "sha256": hashlib.sha256(row.public).hexdigest()}),
    ),
    ("act", select(acts), _act),
    (
        "hold",
        select(holds),
        lambda row: (str(row.ledger_index), {"dispatch": row.dispatch_id, "released_index": row.released_index}),
    ),
    (
        "erasure",
        _ERASURES,
        lambda row: (
            row.dispatch_id,
            {"ledger_index": row.ledger_index, "certificate": hashlib.sha256(row.certificate).hexdigest()},
        ),
    ),
)
"""By kind of fact: the rows, and how one reads."""
