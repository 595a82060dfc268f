"""The entrance: who a person is, and for how long that holds.

A password (argon2id) and, where they have one, a code; a few wrong tries lock the door for a while, longer each time.
A session ends when it is not used, when its time is up, when its person leaves or is let in no more, or when their
secrets change. Every entering and every refusal is in the ledger, under a salted digest of who it was; so is what
somebody inside was refused.

Nobody learns at the entrance who exists: an unknown name is refused like a wrong password, and takes as long.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.exchange import bell
from gateway.exchange.acts import SALT_BYTES, Actor, note, operator_act
from gateway.exchange.line import Line
from gateway.ledger import Entry, EntryKind
from gateway.model.person import Person, Role
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, Unavailable, found
from gateway.store.people import EndSession, Enter, NotLetIn, TouchSession
from gateway.store.queries import people
from gateway.store.queries.people import PersonRow
from gateway.trust import codes, passwords

COOKIE_BYTES = 32
CHECKS_MAX = 16
"""Passwords that may wait for their check; whoever comes then is told to come back."""
TOUCH_EVERY = timedelta(minutes=1)
REFUSED_EVERY = timedelta(minutes=1)
"""The same thing refused to the same person again is recorded once in so long: reloading a page fills no ledger."""
NOBODY = hashlib.sha256(b"nobody of that name").hexdigest()
"""Who was refused under a name nobody has."""


@dataclass(frozen=True, slots=True)
class EntranceRules:
    """How people enter."""

    failures_max: int = 5
    """Wrong tries before the door is locked."""
    lock_s: float = 60.0
    """For how long it is locked first; twice as long at each further wrong try."""
    idle_s: float = 1800.0
    """A session not used for so long is over."""
    session_s: float = 28_800.0
    """No session is longer: a working day."""


@dataclass(frozen=True, slots=True)
class Inside:
    """Somebody who entered."""

    person: Person
    by: str
    """What the ledger calls them: a salted digest."""
    session: str
    """SHA-256 of their cookie."""
    began_at: datetime


def pseudonym(row: PersonRow) -> str:
    """What the ledger calls somebody. Without the salt, which is kept beside their row, it names nobody."""
    return hashlib.sha256(row.salt + row.person.key.encode()).hexdigest()


class Entrance:
    """The way in. Passwords are checked in two threads of its own: each check takes 64 MiB."""

    def __init__(self, line: Line, rules: EntranceRules) -> None:
        self._line, self._rules = line, rules
        self._checking = 0
        self._refused: dict[tuple[str, str, str], datetime] = {}
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="entrance")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def enter(self, key: str, password: str, code: str) -> str:
        """Let somebody in by password and code: the cookie of their session.

        Refused(person.locked_out) while the door is locked, Refused(person.not_let_in) for anything that is wrong.
        """
        line, at = self._line, self._line.clock()
        row = await line.store.read(people.person, key.strip().lower())
        if row is not None and row.locked_until is not None and row.locked_until > at:
            raise Refused(found(Reason.PERSON_LOCKED_OUT))
        right = await self.knows(row, password)
        if row is None or not right or row.person.disabled_at is not None:
            raise await self._not_let_in(row, "password")
        step, recovery = _proof(line, row, code, at)
        if row.totp_serial and step is None and recovery is None:
            raise await self._not_let_in(row, "code")
        cookie = secrets.token_urlsafe(COOKIE_BYTES)
        method = "recovery" if recovery else "code" if step is not None else "password"
        entry = login_entry(pseudonym(row), method, "let_in", at)
        if not await line.store.write(Enter(row.person.key, digest(cookie), at, entry, step, recovery)):
            raise await self._not_let_in(row, "code")
        line.bell.ring((bell.LEDGER,))
        return cookie

    async def knows(self, row: PersonRow | None, password: str) -> bool:
        """Whether this is their password. Takes as long where there is nobody."""
        if self._checking >= CHECKS_MAX:
            raise Unavailable(Reason.OVERLOADED, retry_after_s=2, cause="many passwords at once")
        self._checking += 1
        try:
            kept, loop = row.password if row else None, asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, passwords.matches, password, kept)
        finally:
            self._checking -= 1

    async def _not_let_in(self, row: PersonRow | None, method: str) -> Refused:
        at, rules = self._line.clock(), self._rules
        entry = login_entry(pseudonym(row) if row else NOBODY, method, "refused", at)
        key, lock = row.person.key if row else "", timedelta(seconds=rules.lock_s)
        await self._line.store.write(NotLetIn(key, rules.failures_max, lock, at, entry))
        self._line.bell.ring((bell.LEDGER,))
        return Refused(found(Reason.PERSON_NOT_LET_IN))

    async def inside(self, cookie: str, *, used: bool = True) -> Inside | None:
        """Who holds this cookie; None where their session is over. `used`: by a person, not by a page left open."""
        at, session, rules = self._line.clock(), digest(cookie), self._rules
        row = await self._line.store.read(people.session, session)
        if row is None:
            return None
        if at - row.seen_at > timedelta(seconds=rules.idle_s) or at - row.began_at > timedelta(seconds=rules.session_s):
            return None
        if used and at - row.seen_at > TOUCH_EVERY:
            await self._line.store.write(TouchSession(session, at))
        return Inside(row.person.person, pseudonym(row.person), session, row.began_at)

    async def refused(self, who: Inside, action: str, what: str) -> None:
        """Record that somebody inside was refused `what`; `action` says why."""
        at, this = self._line.clock(), (who.person.key, action, what)
        recent = {one: when for one, when in self._refused.items() if at - when < REFUSED_EVERY}
        if this in recent:
            return
        self._refused = {**recent, this: at}
        salt = secrets.token_bytes(SALT_BYTES)
        await note(self._line, operator_act(Actor(who.person.key, who.by), action, what, "", salt, at))

    async def leave(self, who: Inside) -> None:
        """End a session."""
        at = self._line.clock()
        await self._line.store.write(EndSession(who.session, at, login_entry(who.by, "session", "left", at)))
        self._line.bell.ring((bell.LEDGER,))


def _proof(line: Line, row: PersonRow, code: str, at: datetime) -> tuple[int | None, str | None]:
    """The time step of the code, or the digest of what may be a recovery code."""
    if not row.totp_serial:
        return None, None
    typed = "".join(code.split())
    if typed.isdecimal() and len(typed) == 6:
        return codes.right_step(second_factor(line, row.person.key, row.totp_serial), typed, at), None
    return None, codes.recovery_digest(typed) if typed else None


def second_factor(line: Line, person: str, serial: int) -> bytes:
    """The secret in somebody's telephone."""
    return line.secrets.secret("totp", person, serial)


def check_role(who: Inside, *roles: Role) -> None:
    """Refused(person.not_allowed) unless one of these roles is theirs."""
    if not who.person.may(*roles):
        raise Refused(found(Reason.PERSON_NOT_ALLOWED))


def digest(cookie: str) -> str:
    """SHA-256 (hex) of a cookie: by this its session is kept."""
    return hashlib.sha256(cookie.encode()).hexdigest()


def login_entry(by: str, method: str, outcome: str, at: datetime) -> bytes:
    """What the ledger keeps of an entering, a refusal or a leaving."""
    return Entry.of(EntryKind.LOGIN, at, by=by, method=method, outcome=outcome).encode()
