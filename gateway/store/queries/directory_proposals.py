"""Reading what was proposed to the directory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, func, select

from gateway.model.directory_difference import AgenciesChange, Decision, Difference
from gateway.store.instants import instant, instant_or_none
from gateway.store.schema import agency_changes, directory_proposals


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal: how much it changes, by whom, and what became of it."""

    number: int
    base_version: int
    proposed_by: str
    proposed_at: datetime
    added: int
    changed: int
    gone: int
    cut_off: int
    sha256: str
    """Of the change."""
    outcome: Decision | None
    decided_by: str | None
    decided_at: datetime | None
    version: int | None
    """Of the directory it made."""


_AS_CHANGE = msgspec.json.Decoder(AgenciesChange)
_AS_DIFFERENCE = msgspec.json.Decoder(Difference)
_COLUMNS = [column for column in directory_proposals.columns if column.name not in {"change", "difference"}]
_PROPOSALS = select(*_COLUMNS).order_by(directory_proposals.c.number.desc()).limit(bindparam("count"))
_ONE = select(*_COLUMNS).where(directory_proposals.c.number == bindparam("number"))
_CHANGE = select(directory_proposals.c.change).where(directory_proposals.c.number == bindparam("number"))
_DIFFERENCE = select(directory_proposals.c.difference).where(directory_proposals.c.number == bindparam("number"))
_AGENCIES_VERSION = select(func.coalesce(func.max(agency_changes.c.version), 0))


def proposals(connection: Connection, limit: int) -> tuple[Proposal, ...]:
    """The latest proposals, the newest first."""
    return tuple(map(_proposal, connection.execute(_PROPOSALS, {"count": limit})))


def proposal(connection: Connection, number: int) -> Proposal | None:
    """One of them; None where there is none of that number."""
    row = connection.execute(_ONE, {"number": number}).one_or_none()
    return None if row is None else _proposal(row)


def proposed_change(connection: Connection, number: int) -> AgenciesChange:
    """The change of a proposal there is."""
    return _AS_CHANGE.decode(connection.execute(_CHANGE, {"number": number}).scalar_one())


def proposed_difference(connection: Connection, number: int) -> Difference:
    """What the change of a proposal there is comes to."""
    return _AS_DIFFERENCE.decode(connection.execute(_DIFFERENCE, {"number": number}).scalar_one())


def agencies_version(connection: Connection) -> int:
    """The version of the directory in which an agency last changed; a proposal made to an earlier one is outdated."""
    return int(connection.execute(_AGENCIES_VERSION).scalar_one())


def _proposal(row: Row[Any]) -> Proposal:
    return Proposal(
        row.number,
        row.base_version,
        row.proposed_by,
        instant(row.proposed_at),
        row.added,
        row.changed,
        row.gone,
        row.cut_off,
        row.sha256,
        Decision(row.outcome) if row.outcome else None,
        row.decided_by,
        instant_or_none(row.decided_at),
        row.version,
    )
