"""Writing who may enter, and their sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy import bindparam, delete, select, update

from gateway.model.person import Person
from gateway.store.acts import Act, record
from gateway.store.instants import micros
from gateway.store.schema import people, person_agencies, recovery_codes, sessions
from gateway.store.statements import Insertion
from gateway.store.transaction import Operation, Transaction

_PERSON = Insertion(
    people, "key", "name", "roles", "lang", "salt", "totp_serial", "totp_step", "failures", "added_at",
    where_missing=True,
)  # fmt: skip
_AGENCY = Insertion(person_agencies, "person", "agency", "subtree")
_CODE = Insertion(recovery_codes, "digest", "person")
_SESSION = Insertion(sessions, "digest", "person", "began_at", "seen_at")
_OF_PERSON = people.c.key == bindparam("person_key")
_DESCRIBE = (
    update(people)
    .where(_OF_PERSON)
    .values(name=bindparam("new_name"), roles=bindparam("new_roles"), lang=bindparam("new_lang"))
)
_OPEN_SESSIONS = (
    update(sessions)
    .where(sessions.c.person == bindparam("whose"), sessions.c.ended_at.is_(None))
    .values(ended_at=bindparam("at"))
)


@dataclass(frozen=True, slots=True)
class PutPerson(Operation[None]):
    """Let somebody in from now on, or change what they may do. Their password and second factor stay as they are."""

    person: Person
    salt: bytes
    """Taken the first time only."""
    act: Act

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[None]:
        for one in operations:
            one._put(tx)
        record(tx, [one.act for one in operations])
        return [None] * len(operations)

    def _put(self, tx: Transaction) -> None:
        who, roles = self.person, " ".join(sorted(self.person.roles))
        _PERSON.run(tx.connection, [(who.key, who.name, roles, who.lang, self.salt, 0, 0, 0, micros(self.act.at))])
        described = {"person_key": who.key, "new_name": who.name, "new_roles": roles, "new_lang": who.lang}
        tx.connection.execute(_DESCRIBE, described)
        tx.connection.execute(delete(person_agencies).where(person_agencies.c.person == who.key))
        _AGENCY.run(tx.connection, [(who.key, one.agency, one.subtree) for one in who.works_for])


@dataclass(frozen=True, slots=True)
class PutSecrets(Operation[None]):
    """Give somebody a new password, and a new second factor or none. Their sessions end, a lock-out is lifted."""

    person: str
    password: str
    """The argon2id hash."""
    totp_serial: int | None
    """Which second factor is derived from now on; 0: none; None: as before."""
    recovery: tuple[str, ...]
    """SHA-256 of the recovery codes, which take the place of the old ones where `totp_serial` is given."""
    act: Act

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[None]:
        for one in operations:
            one._put(tx)
        record(tx, [one.act for one in operations])
        return [None] * len(operations)

    def _put(self, tx: Transaction) -> None:
        fresh: dict[str, Any] = {"password": self.password, "failures": 0, "locked_until": None}
        if self.totp_serial is not None:
            fresh |= {"totp_serial": self.totp_serial, "totp_step": 0}
            tx.connection.execute(delete(recovery_codes).where(recovery_codes.c.person == self.person))
            _CODE.run(tx.connection, [(digest, self.person) for digest in self.recovery])
        tx.connection.execute(update(people).where(people.c.key == self.person).values(fresh))
        tx.connection.execute(_OPEN_SESSIONS, {"whose": self.person, "at": micros(self.act.at)})


@dataclass(frozen=True, slots=True)
class DisablePerson(Operation[bool]):
    """Let somebody in no more; their sessions end. False, and nothing recorded, where nobody of that name may enter."""

    person: str
    act: Act

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[bool]:
        return [one._disable(tx) for one in operations]

    def _disable(self, tx: Transaction) -> bool:
        at = micros(self.act.at)
        gone = update(people).where(people.c.key == self.person, people.c.disabled_at.is_(None)).values(disabled_at=at)
        if tx.connection.execute(gone).rowcount == 0:
            return False
        tx.connection.execute(_OPEN_SESSIONS, {"whose": self.person, "at": at})
        record(tx, [self.act])
        return True


@dataclass(frozen=True, slots=True)
class Enter(Operation[bool]):
    """Begin a session for somebody whose password and code were right.

    False, and nothing begun, where the code was used before: by its time step, or the recovery code by its digest. A
    code overheard is worth nothing even to who is faster.
    """

    person: str
    session: str
    """SHA-256 of the cookie."""
    at: datetime
    entry: bytes
    totp_step: int | None = None
    recovery: str | None = None

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[bool]:
        return [one._enter(tx) for one in operations]

    def _enter(self, tx: Transaction) -> bool:
        if not self._use_code(tx):
            return False
        let_in = update(people).where(people.c.key == self.person).values(failures=0, locked_until=None)
        tx.connection.execute(let_in)
        at = micros(self.at)
        _SESSION.run(tx.connection, [(self.session, self.person, at, at)])
        tx.append([self.entry])
        return True

    def _use_code(self, tx: Transaction) -> bool:
        if self.recovery is not None:
            unused = (recovery_codes.c.digest == self.recovery, recovery_codes.c.used_at.is_(None))
            used = update(recovery_codes).where(recovery_codes.c.person == self.person, *unused)
            return tx.connection.execute(used.values(used_at=micros(self.at))).rowcount == 1
        if self.totp_step is None:
            return True
        later = update(people).where(people.c.key == self.person, people.c.totp_step < self.totp_step)
        return tx.connection.execute(later.values(totp_step=self.totp_step)).rowcount == 1


@dataclass(frozen=True, slots=True)
class NotLetIn(Operation[datetime | None]):
    """Count a wrong password or code; beyond the limit the door is locked for a while, longer each time.

    Gives until when it is locked, or None.
    """

    person: str
    failures_max: int
    lock: timedelta
    at: datetime
    entry: bytes

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[datetime | None]:
        return [one._count(tx) for one in operations]

    def _count(self, tx: Transaction) -> datetime | None:
        counted = update(people).where(people.c.key == self.person).values(failures=people.c.failures + 1)
        tx.connection.execute(counted)
        failures = tx.connection.execute(select(people.c.failures).where(people.c.key == self.person)).scalar()
        tx.append([self.entry])
        if failures is None or failures < self.failures_max:
            return None
        until: datetime = self.at + self.lock * 2.0 ** min(failures - self.failures_max, 6)
        tx.connection.execute(update(people).where(people.c.key == self.person).values(locked_until=micros(until)))
        return until


@dataclass(frozen=True, slots=True)
class TouchSession(Operation[None]):
    """Note that a session is in use."""

    session: str
    at: datetime

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[None]:
        for one in operations:
            used = update(sessions).where(sessions.c.digest == one.session, sessions.c.ended_at.is_(None))
            tx.connection.execute(used.values(seen_at=micros(one.at)))
        return [None] * len(operations)


@dataclass(frozen=True, slots=True)
class EndSession(Operation[None]):
    """End a session: leaving, or shown out."""

    session: str
    at: datetime
    entry: bytes

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[None]:
        for one in operations:
            still = update(sessions).where(sessions.c.digest == one.session, sessions.c.ended_at.is_(None))
            if tx.connection.execute(still.values(ended_at=micros(one.at))).rowcount:
                tx.append([one.entry])
        return [None] * len(operations)
