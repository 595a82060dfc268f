"""Reading who may enter, and whose session a cookie is."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from gateway.model.person import Person, Role, WorksFor
from gateway.store.instants import instant, instant_or_none
from gateway.store.schema import people as people_table
from gateway.store.schema import person_agencies, sessions


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody, with what lets them in."""

    person: Person
    password: str | None
    """The argon2id hash; None: enters through an identity provider, or has no password yet."""
    salt: bytes
    totp_serial: int
    locked_until: datetime | None


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session that has not ended."""

    person: PersonRow
    began_at: datetime
    seen_at: datetime


_PEOPLE = select(people_table).order_by(people_table.c.key)
_AGENCIES = select(person_agencies).order_by(person_agencies.c.person, person_agencies.c.agency)
_SESSION = select(sessions).where(sessions.c.digest == bindparam("digest"), sessions.c.ended_at.is_(None))


def people(connection: Connection) -> tuple[PersonRow, ...]:
    """Everybody who ever could enter, by name of entering."""
    held: defaultdict[str, list[WorksFor]] = defaultdict(list)
    for row in connection.execute(_AGENCIES):
        held[row.person].append(WorksFor(row.agency, row.subtree))
    return tuple(_person(row, held[row.key]) for row in connection.execute(_PEOPLE))


def person(connection: Connection, key: str) -> PersonRow | None:
    """Somebody, by the name they enter under; None where nobody has it."""
    row = connection.execute(_PEOPLE.where(people_table.c.key == key)).one_or_none()
    if row is None:
        return None
    held = connection.execute(_AGENCIES.where(person_agencies.c.person == key))
    return _person(row, [WorksFor(one.agency, one.subtree) for one in held])


def session(connection: Connection, digest: str) -> SessionRow | None:
    """The session of a cookie, by its SHA-256, unless it ended or its person may enter no more."""
    row = connection.execute(_SESSION, {"digest": digest}).one_or_none()
    who = None if row is None else person(connection, row.person)
    if row is None or who is None or who.person.disabled_at is not None:
        return None
    return SessionRow(who, instant(row.began_at), instant(row.seen_at))


def _person(row: Row[*tuple[Any, ...]], works_for: list[WorksFor]) -> PersonRow:
    return PersonRow(
        Person(
            row.key,
            row.name,
            frozenset(map(Role, row.roles.split())),
            tuple(works_for),
            row.lang,
            row.totp_serial > 0,
            instant_or_none(row.disabled_at),
        ),
        row.password,
        bytes(row.salt),
        row.totp_serial,
        instant_or_none(row.locked_until),
    )
