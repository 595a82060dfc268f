"""Writing who may enter, and their sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy import ColumnElement, bindparam, delete, select, update

from gateway.model.person import Person
from gateway.store.acts import Act, record
from gateway.store.instants import micros
from gateway.store.schema import known_browsers, people, person_agencies, recovery_codes, sessions
from gateway.store.statements import Insertion
from gateway.store.transaction import Operation, Transaction

_PERSON = Insertion(
    people, "key", "name", "roles", "lang", "salt", "totp_serial", "totp_step", "failures", "added_at",
    where_missing=True,
)  # fmt: skip
_AGENCY = Insertion(person_agencies, "person", "agency", "subtree")
_CODE = Insertion(recovery_codes, "digest", "person")
_SESSION = Insertion(sessions, "digest", "person", "began_at", "seen_at", "method", "agent")
_BROWSER = Insertion(known_browsers, "digest", "person", "failures", "entered_at")
SESSIONS_MAX, BROWSERS_MAX = 10, 8
"""Of one person at a time: one more takes the place of the oldest."""
DOUBLINGS_MAX = 6
"""Wrong tries beyond the limit that still make the lock longer."""
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
    """Let somebody in from now on, or change what they may do. Their password and second factor stay as they are.

    With other roles than before their sessions end: whoever may do more, or less, enters anew.
    """

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
        before = tx.connection.execute(select(people.c.roles).where(people.c.key == who.key)).scalar()
        if before not in {None, roles}:
            tx.connection.execute(_OPEN_SESSIONS, {"whose": who.key, "at": micros(self.act.at)})
        _PERSON.run(tx.connection, [(who.key, who.name, roles, who.lang, self.salt, 0, 0, 0, micros(self.act.at))])
        described = {"person_key": who.key, "new_name": who.name, "new_roles": roles, "new_lang": who.lang}
        tx.connection.execute(_DESCRIBE, described)
        tx.connection.execute(delete(person_agencies).where(person_agencies.c.person == who.key))
        _AGENCY.run(tx.connection, [(who.key, one.agency, one.subtree) for one in who.works_for])


@dataclass(frozen=True, slots=True)
class Speak(Operation[None]):
    """Somebody chooses the language they read here. That is no act: it concerns nobody else."""

    person: str
    lang: str

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[None]:
        for one in operations:
            tx.connection.execute(update(people).where(people.c.key == one.person).values(lang=one.lang))
        return [None] * len(operations)


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
        end_entrances(tx, self.person, self.act.at)


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
        end_entrances(tx, self.person, self.act.at)
        record(tx, [self.act])
        return True


@dataclass(frozen=True, slots=True)
class EndEntrances(Operation[None]):
    """End every session of somebody, who may enter again."""

    person: str
    act: Act

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[None]:
        for one in operations:
            end_entrances(tx, one.person, one.act.at)
        record(tx, [one.act for one in operations])
        return [None] * len(operations)


def end_entrances(tx: Transaction, person: str, at: datetime) -> None:
    """Whatever somebody entered by until now is over: their sessions, and the browsers known to be theirs."""
    tx.connection.execute(_OPEN_SESSIONS, {"whose": person, "at": micros(at)})
    tx.connection.execute(delete(known_browsers).where(known_browsers.c.person == person))


@dataclass(frozen=True, slots=True)
class Proof:
    """What somebody brought beside their password: the time step of a code, or the digest of a recovery code."""

    totp_step: int | None = None
    recovery: str | None = None

    def use(self, tx: Transaction, person: str, at: datetime) -> bool:
        """Use it up. False where it was used before, by whoever was faster: a code overheard is worth nothing."""
        if self.recovery is not None:
            unused = (recovery_codes.c.digest == self.recovery, recovery_codes.c.used_at.is_(None))
            used = update(recovery_codes).where(recovery_codes.c.person == person, *unused)
            return tx.connection.execute(used.values(used_at=micros(at))).rowcount == 1
        if self.totp_step is None:
            return True
        later = update(people).where(people.c.key == person, people.c.totp_step < self.totp_step)
        return tx.connection.execute(later.values(totp_step=self.totp_step)).rowcount == 1


@dataclass(frozen=True, slots=True)
class Browsers:
    """The browser somebody enters from, by SHA-256 of its cookies."""

    before: str
    """The cookie it brought, maybe from an entering before."""
    after: str
    """The one it is given now."""


@dataclass(frozen=True, slots=True)
class Enter(Operation[bool]):
    """Begin a session for somebody whose password and code were right, or who comes from the provider.

    False, and nothing begun, where the door is locked for them, or the code was used before.
    """

    person: str
    session: str
    """SHA-256 of the cookie."""
    at: datetime
    entry: bytes
    method: str
    agent: str
    proof: Proof = Proof()
    browsers: Browsers | None = None
    """None: from the provider, which counts wrong tries itself."""

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[bool]:
        return [one._enter(tx) for one in operations]

    def _enter(self, tx: Transaction) -> bool:
        if self.browsers is not None:
            door = _Door(tx, self.person, self.browsers.before)
            if door.locked(self.at) or not self.proof.use(tx, self.person, self.at):
                return False
            door.let_in()
            self._know_browser(tx, self.browsers)
        at, oldest_first = micros(self.at), (sessions.c.seen_at, sessions.c.digest)
        open_ones = select(sessions.c.digest).where(sessions.c.person == self.person, sessions.c.ended_at.is_(None))
        theirs = tx.connection.execute(open_ones.order_by(*oldest_first)).scalars().all()
        for one in theirs[: max(0, len(theirs) - SESSIONS_MAX + 1)]:
            tx.connection.execute(update(sessions).where(sessions.c.digest == one).values(ended_at=at))
        _SESSION.run(tx.connection, [(self.session, self.person, at, at, self.method, self.agent)])
        tx.append([self.entry])
        return True

    def _know_browser(self, tx: Transaction, browsers: Browsers) -> None:
        theirs = known_browsers.c.person == self.person
        tx.connection.execute(delete(known_browsers).where(theirs, known_browsers.c.digest == browsers.before))
        _BROWSER.run(tx.connection, [(browsers.after, self.person, 0, micros(self.at))])
        newest_first = (known_browsers.c.entered_at.desc(), known_browsers.c.digest)
        kept = select(known_browsers.c.digest).where(theirs).order_by(*newest_first)
        for one in tx.connection.execute(kept).scalars().all()[BROWSERS_MAX:]:
            tx.connection.execute(delete(known_browsers).where(known_browsers.c.digest == one))


class _Door:
    """Where wrong tries are counted: at the browser somebody is known by, otherwise at their name.

    A person who entered from a browser before can so not be kept out of it by whoever guesses elsewhere (OWASP calls
    it a device cookie).
    """

    def __init__(self, tx: Transaction, person: str, browser: str) -> None:
        self._tx = tx
        theirs = (known_browsers.c.digest == browser, known_browsers.c.person == person)
        known = tx.connection.execute(select(known_browsers.c.digest).where(*theirs)).first() is not None
        self._table = known_browsers if known else people
        self._where: Sequence[ColumnElement[bool]] = theirs if known else (people.c.key == person,)

    def locked(self, at: datetime) -> bool:
        until = self._tx.connection.execute(select(self._table.c.locked_until).where(*self._where)).scalar()
        return until is not None and until > micros(at)

    def let_in(self) -> None:
        self._tx.connection.execute(update(self._table).where(*self._where).values(failures=0, locked_until=None))

    def count(self, failures_max: int, lock: timedelta, at: datetime) -> None:
        """One more wrong try; beyond the limit the door is locked, longer each time."""
        counted = update(self._table).where(*self._where).values(failures=self._table.c.failures + 1)
        self._tx.connection.execute(counted)
        failures = self._tx.connection.execute(select(self._table.c.failures).where(*self._where)).scalar()
        if failures is not None and failures >= failures_max:
            until: datetime = at + lock * 2.0 ** min(failures - failures_max, DOUBLINGS_MAX)
            locked = update(self._table).where(*self._where).values(locked_until=micros(until))
            self._tx.connection.execute(locked)


@dataclass(frozen=True, slots=True)
class Prove(Operation[bool]):
    """Somebody inside proves again who they are: their code is used up. False where it was used, or they are locked."""

    person: str
    browser: str
    proof: Proof
    at: datetime

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[bool]:
        return [
            not _Door(tx, one.person, one.browser).locked(one.at) and one.proof.use(tx, one.person, one.at)
            for one in operations
        ]


@dataclass(frozen=True, slots=True)
class NotLetIn(Operation[None]):
    """Record a refusal, and count it unless the door is locked already: then a try makes the lock no longer."""

    person: str
    """Nobody's name: nothing is counted."""
    browser: str
    failures_max: int
    lock: timedelta
    at: datetime
    entry: bytes

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[None]:
        for one in operations:
            door = _Door(tx, one.person, one.browser)
            if not door.locked(one.at):
                door.count(one.failures_max, one.lock, one.at)
            tx.append([one.entry])
        return [None] * len(operations)


@dataclass(frozen=True, slots=True)
class NoteLogin(Operation[None]):
    """Record what came of an entering that counts against nobody."""

    entry: bytes

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[None]:
        tx.append([one.entry for one in operations])
        return [None] * len(operations)


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
