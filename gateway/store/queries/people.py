"""Reading who may enter, and whose session a cookie is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select

from gateway.model.person import Person, Role, WorksFor
from gateway.store.instants import instant, instant_or_none, micros
from gateway.store.schema import known_browsers, person_agencies, provider_accounts, recovery_codes, sessions
from gateway.store.schema import people as people_table


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
    digest: str
    began_at: datetime
    seen_at: datetime
    method: str
    """How it began, as the ledger says it."""
    agent: str
    """What their browser calls itself."""


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
    return _session(who, row)


def sessions_of(
    connection: Connection, key: str, began_since: datetime, seen_since: datetime
) -> tuple[SessionRow, ...]:
    """The sessions of somebody that are not over, the last used first."""
    who = person(connection, key)
    recent = (sessions.c.began_at >= micros(began_since), sessions.c.seen_at >= micros(seen_since))
    theirs = select(sessions).where(sessions.c.person == key, sessions.c.ended_at.is_(None), *recent)
    rows = connection.execute(theirs.order_by(sessions.c.seen_at.desc(), sessions.c.digest))
    return () if who is None else tuple(_session(who, row) for row in rows)


def recovery_codes_left(connection: Connection, key: str) -> int:
    """How many of somebody's recovery codes were not used."""
    unused = select(func.count()).where(recovery_codes.c.person == key, recovery_codes.c.used_at.is_(None))
    return int(connection.execute(unused).scalar_one())


def locked_browser(connection: Connection, key: str, digest: str, at: datetime) -> bool:
    """Whether the door is locked for a browser somebody entered from before, by SHA-256 of its cookie."""
    theirs = (known_browsers.c.digest == digest, known_browsers.c.person == key)
    until = connection.execute(select(known_browsers.c.locked_until).where(*theirs)).scalar()
    return until is not None and until > micros(at)


def holder_of(connection: Connection, issuer: str, subject: str) -> PersonRow | None:
    """Whose an account at a provider is; None where it is nobody's."""
    theirs = (provider_accounts.c.issuer == issuer, provider_accounts.c.subject == subject)
    key = connection.execute(select(provider_accounts.c.person).where(*theirs)).scalar()
    return None if key is None else person(connection, key)


def provider_subjects(connection: Connection) -> Mapping[str, str]:
    """The account at the provider of everybody who has one, by the name they enter under."""
    return {row.person: row.subject for row in connection.execute(select(provider_accounts))}


def _session(who: PersonRow, row: Row[*tuple[Any, ...]]) -> SessionRow:
    return SessionRow(who, row.digest, instant(row.began_at), instant(row.seen_at), row.method, row.agent or "")


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
