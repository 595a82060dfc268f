"""The entrance: who a person is, and for how long that holds.

A password (argon2id) and, where they have one, a code; a few wrong tries lock the door for a while, longer each time.
A browser somebody entered from before has a lock of its own, so that whoever guesses elsewhere keeps nobody out.
A session ends when it is not used, when its time is up, when its person leaves or is let in no more, or when their
secrets change. Every entering and every refusal is in the ledger, under a salted digest of who it was; so is what
somebody inside was refused.

Nobody learns at the entrance who exists: an unknown name is refused like a wrong password or a locked door, and takes
as long. That a door is locked is told to a browser known there alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from gateway.exchange import bell
from gateway.exchange.acts import SALT_BYTES, Actor, note, operator_act
from gateway.exchange.line import Line
from gateway.ledger import Entry, EntryKind
from gateway.model.person import Person, Role
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, Unavailable, found
from gateway.model.words import shown
from gateway.store.people import Browsers, EndSession, Enter, NotLetIn, Proof, Prove, TouchSession
from gateway.store.queries import people
from gateway.store.queries.people import PersonRow, SessionRow
from gateway.trust import codes, passwords
from gateway.trust.leaked import LeakedPasswords

COOKIE_BYTES = 32
PROVIDER_METHOD = "oidc"
"""What the ledger calls entering by an OpenID Connect provider."""
AGENT_CHARS_MAX = 200
FRESH = timedelta(minutes=5)
"""Who entered by the provider has no password to prove again who they are: for so long their entering is the proof."""
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
    leaked_passwords: Path | None = None
    """SHA-1 digests of passwords known from leaks, in order; none of them is taken as a new password."""


@dataclass(frozen=True, slots=True)
class Browser:
    """What somebody enters with."""

    cookie: str = ""
    """From an entering before, maybe."""
    agent: str = ""
    """What it calls itself."""


@dataclass(frozen=True, slots=True)
class Let:
    """The cookies of somebody who was let in."""

    session: str
    browser: str


@dataclass(frozen=True, slots=True)
class Inside:
    """Somebody who entered."""

    person: Person
    by: str
    """What the ledger calls them: a salted digest."""
    session: str
    """SHA-256 of their cookie."""
    began_at: datetime
    method: str = "password"
    """How they proved who they are, as the ledger says it."""


def pseudonym(row: PersonRow) -> str:
    """What the ledger calls somebody. Without the salt, which is kept beside their row, it names nobody."""
    return hashlib.sha256(row.salt + row.person.key.encode()).hexdigest()


class Entrance:
    """The way in. Passwords are checked in two threads of its own: each check takes 64 MiB."""

    def __init__(self, line: Line, rules: EntranceRules, leaked: LeakedPasswords | None = None) -> None:
        self._line, self._rules, self._leaked = line, rules, leaked
        self._checking = 0
        self._refused: dict[tuple[str, str, str], datetime] = {}
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="entrance")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._leaked is not None:
            self._leaked.close()

    async def enter(self, key: str, password: str, code: str, browser: Browser | None = None) -> Let:
        """Let somebody in by password and code.

        Refused(person.not_let_in) for anything that is wrong, also while the door is locked; Refused(person.locked_out)
        is for a browser known there.
        """
        line, at, browser = self._line, self._line.clock(), browser or Browser()
        row = await line.store.read(people.person, key.strip().lower())
        right = await self.knows(row, password)
        if row is None or not right or row.person.disabled_at is not None:
            raise await self._not_let_in(row, browser, "password")
        proof = _proof(line, row, code, at)
        if proof is None:
            raise await self._not_let_in(row, browser, "code")
        let = Let(secrets.token_urlsafe(COOKIE_BYTES), secrets.token_urlsafe(COOKIE_BYTES))
        method = "recovery" if proof.recovery else "code" if proof.totp_step is not None else "password"
        entry = login_entry(pseudonym(row), method, "let_in", at)
        browsers = Browsers(digest(browser.cookie), digest(let.browser))
        entering = Enter(
            row.person.key, digest(let.session), at, entry, method, agent_of(browser.agent), proof, browsers
        )
        if not await line.store.write(entering):
            raise await self._not_let_in(row, browser, method)
        line.bell.ring((bell.LEDGER,))
        return let

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

    async def fault_of(self, who: Inside, password: str) -> str | None:
        """What is wrong with a new password of theirs (`trust.passwords.fault_of`); None: nothing."""
        person, directory = who.person, self._line.directory
        agencies = [one for held in person.works_for if (one := directory.agency(held.agency)) is not None]
        around = [person.name, self._line.notary.key.name]
        around += [name for one in agencies for name in (one.name, one.key, *one.ids)]
        asked = partial(passwords.fault_of, password, person.key, around, self._leaked)
        return await asyncio.get_running_loop().run_in_executor(self._threads, asked)

    async def _not_let_in(self, row: PersonRow | None, browser: Browser, method: str) -> Refused:
        at, cookie = self._line.clock(), digest(browser.cookie)
        await self._count(row, cookie, method, at)
        if row is not None and await self._line.store.read(people.locked_browser, row.person.key, cookie, at):
            return Refused(found(Reason.PERSON_LOCKED_OUT))
        return Refused(found(Reason.PERSON_NOT_LET_IN))

    async def _count(self, row: PersonRow | None, browser: str, method: str, at: datetime) -> None:
        entry = login_entry(pseudonym(row) if row else NOBODY, method, "refused", at)
        key, lock = row.person.key if row else "", timedelta(seconds=self._rules.lock_s)
        await self._line.store.write(NotLetIn(key, browser, self._rules.failures_max, lock, at, entry))
        self._line.bell.ring((bell.LEDGER,))

    async def proves(self, who: Inside, password: str, code: str, browser: Browser) -> bool:
        """Whether somebody inside proves again who they are, before what a thief of their session must not do.

        With their password, and their code where they have one; a wrong try counts as one at the door. Who entered by
        the provider did so just now, or enters again.
        """
        line, at = self._line, self._line.clock()
        if who.method == PROVIDER_METHOD:
            return at - who.began_at <= FRESH
        row, cookie = await line.store.read(people.person, who.person.key), digest(browser.cookie)
        right = await self.knows(row, password)
        proof = _proof(line, row, code, at) if row is not None and right else None
        if proof is None or not await line.store.write(Prove(who.person.key, cookie, proof, at)):
            await self._count(row, cookie, "again", at)
            return False
        return True

    async def sessions(self, who: Inside) -> tuple[SessionRow, ...]:
        """Where somebody is in at present, the last used first."""
        at, rules = self._line.clock(), self._rules
        began, seen = at - timedelta(seconds=rules.session_s), at - timedelta(seconds=rules.idle_s)
        return await self._line.store.read(people.sessions_of, who.person.key, began, seen)

    async def end(self, who: Inside, ended: Collection[str]) -> int:
        """End sessions of somebody's own, by their digests; gives how many. Others' are left alone."""
        at = self._line.clock()
        theirs = [one.digest for one in await self.sessions(who) if one.digest in ended]
        for one in theirs:
            await self._line.store.write(EndSession(one, at, login_entry(who.by, "session", "ended", at)))
        self._line.bell.ring((bell.LEDGER,))
        return len(theirs)

    async def inside(self, cookie: str, *, used: bool = True) -> Inside | None:
        """Who holds this cookie; None where their session is over. `used`: by a person, not by a page left open."""
        at, session, rules = self._line.clock(), digest(cookie), self._rules
        row = await self._line.store.glance(people.session, session)
        if row is None:
            return None
        if at - row.seen_at > timedelta(seconds=rules.idle_s) or at - row.began_at > timedelta(seconds=rules.session_s):
            return None
        if used and at - row.seen_at > TOUCH_EVERY:
            await self._line.store.write(TouchSession(session, at))
        return Inside(row.person.person, pseudonym(row.person), session, row.began_at, row.method)

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


def _proof(line: Line, row: PersonRow, code: str, at: datetime) -> Proof | None:
    """What the code proves; nothing where none is asked for, None where it is wrong.

    A recovery code is compared where it is used up: whoever brings one learns nothing before.
    """
    if not row.totp_serial:
        return Proof()
    typed = "".join(code.split())
    if not (typed.isdecimal() and len(typed) == 6):
        return Proof(recovery=codes.recovery_digest(typed)) if typed else None
    step = codes.right_step(second_factor(line, row.person.key, row.totp_serial), typed, at)
    return None if step is None else Proof(step)


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


def agent_of(written: str) -> str:
    """What a browser calls itself, as it may be kept and shown."""
    return shown(written, AGENT_CHARS_MAX)


def login_entry(by: str, method: str, outcome: str, at: datetime) -> bytes:
    """What the ledger keeps of an entering, a refusal or a leaving."""
    return Entry.of(EntryKind.LOGIN, at, by=by, method=method, outcome=outcome).encode()
