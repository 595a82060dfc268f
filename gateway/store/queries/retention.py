"""Reading what may be erased, what is held, and what was destroyed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from gateway.store.instants import instant
from gateway.store.schema import (
    IN_FORCE,
    deliveries,
    destructions,
    dispatch_attachments,
    dispatches,
    erased_attachments,
    erasures,
    holds,
    statuses,
)


@dataclass(frozen=True, slots=True)
class Content:
    """What is kept of a dispatch."""

    dispatch_id: str
    kind: str
    sender: str
    code: str
    admitted_at: datetime
    promulgated_on: str | None
    ledger_index: int
    packet_digest: str
    envelope: bytes
    held: bool


@dataclass(frozen=True, slots=True)
class PartKept:
    """An attachment of a dispatch."""

    sha256: str
    size_bytes: int
    shared: bool
    """Another dispatch holds the same bytes."""


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A hold in force."""

    dispatch_id: str
    ledger_index: int


@dataclass(frozen=True, slots=True)
class ErasureRow:
    """A dispatch whose content is gone."""

    dispatch_id: str
    ledger_index: int
    erased_at: datetime
    certificate_sha256: str


_CONTENTS = (
    select(dispatches, holds.c.ledger_index.label("held_index"))
    .join_from(dispatches, holds, (holds.c.dispatch_id == dispatches.c.id) & IN_FORCE, isouter=True)
    .where(~select(erasures.c.dispatch_id).where(erasures.c.dispatch_id == dispatches.c.id).exists())
    .order_by(dispatches.c.id)
)
_BEHIND = dispatches.c.id > bindparam("after")
_other = dispatch_attachments.alias("other")
_PARTS = (
    select(
        dispatch_attachments.c.sha256,
        dispatch_attachments.c.size_bytes,
        select(_other.c.dispatch_id)
        .where(_other.c.sha256 == dispatch_attachments.c.sha256, _other.c.dispatch_id != bindparam("id"))
        .exists()
        .label("shared"),
    )
    .where(dispatch_attachments.c.dispatch_id == bindparam("id"))
    .order_by(dispatch_attachments.c.number)
)
_REPORTS = (
    select(statuses.c.dispatch_id)
    .join_from(statuses, deliveries, statuses.c.delivery_id == deliveries.c.id)
    .where(deliveries.c.dispatch_id == bindparam("id"))
)
_ERASURES = select(erasures).order_by(erasures.c.ledger_index)
_CERTIFICATE = (
    select(destructions.c.certificate)
    .join_from(erasures, destructions)
    .where(erasures.c.dispatch_id == bindparam("id"))
)


def contents(connection: Connection, after: str, limit: int) -> tuple[Content, ...]:
    """Dispatches whose content is kept, by id, from behind `after`."""
    rows = connection.execute(_CONTENTS.where(_BEHIND).limit(limit), {"after": after})
    return tuple(map(_content, rows))


def contents_of(connection: Connection, ids: Collection[str]) -> tuple[Content, ...]:
    """Those of these dispatches whose content is kept."""
    return tuple(map(_content, connection.execute(_CONTENTS.where(dispatches.c.id.in_(ids)))))


def _content(row: Row[*tuple[Any, ...]]) -> Content:
    return Content(
        row.id,
        row.kind,
        row.sender,
        row.code,
        instant(row.admitted_at),
        row.promulgated_on,
        row.ledger_index,
        row.packet_digest,
        bytes(row.envelope),
        row.held_index is not None,
    )


def parts_kept(connection: Connection, dispatch_id: str) -> tuple[PartKept, ...]:
    """The attachments of a dispatch, in the packet's order."""
    rows = connection.execute(_PARTS, {"id": dispatch_id})
    return tuple(PartKept(row.sha256, row.size_bytes, bool(row.shared)) for row in rows)


def reports_on(connection: Connection, dispatch_id: str) -> tuple[str, ...]:
    """The status packets that speak of a document: they go with it."""
    return tuple(connection.execute(_REPORTS, {"id": dispatch_id}).scalars())


def holds_in_force(connection: Connection) -> tuple[HeldRow, ...]:
    """Everything that is held, oldest first."""
    query = select(holds).where(IN_FORCE).order_by(holds.c.ledger_index)
    return tuple(HeldRow(row.dispatch_id, row.ledger_index) for row in connection.execute(query))


def erasures_recorded(connection: Connection) -> tuple[ErasureRow, ...]:
    """Everything that was erased, oldest first."""
    return tuple(
        ErasureRow(row.dispatch_id, row.ledger_index, instant(row.erased_at), row.destruction)
        for row in connection.execute(_ERASURES)
    )


def certificate_of(connection: Connection, dispatch_id: str) -> bytes | None:
    """The certificate of destruction of a dispatch; None where its content is kept."""
    certificate = connection.execute(_CERTIFICATE, {"id": dispatch_id}).scalar()
    return None if certificate is None else bytes(certificate)


def destroyed(connection: Connection, dispatch_id: str) -> ErasureRow | None:
    """The erasure of a dispatch; None where its content is kept."""
    row = connection.execute(select(erasures).where(erasures.c.dispatch_id == dispatch_id)).one_or_none()
    if row is None:
        return None
    return ErasureRow(row.dispatch_id, row.ledger_index, instant(row.erased_at), row.destruction)


def unused_digests(connection: Connection) -> tuple[str, ...]:
    """Digests of erased attachments that no dispatch holds any more."""
    query = select(erased_attachments.c.sha256).except_(select(dispatch_attachments.c.sha256))
    return tuple(connection.execute(query).scalars())
