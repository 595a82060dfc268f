"""Mails to agencies' people: reminders as they are recorded, and a digest on the morning of each working day.

A mail is in the queue before it is sent and leaves it after: a crash in between may send one twice, under one
Message-ID, and loses none. A server that is away or asks for patience is tried again; one that says never is believed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Protocol

from gateway.exchange import bell
from gateway.exchange.deadlines import What
from gateway.exchange.letters import DIGEST_ROWS_MAX, Letter, digest, reminder
from gateway.exchange.line import Line
from gateway.exchange.reminders import DATED_DAYS, LEVELS
from gateway.exchange.rounds import rounds
from gateway.model.calendar import VIET_NAM, local_day
from gateway.store import queries
from gateway.store.instants import instant
from gateway.store.mails import ClaimMails, DueMail, RecordDigests, SettleMail
from gateway.store.queries import Contact

MAILS_PER_ROUND = 20
AGENCIES_PER_PAGE = 200
DIGEST_LOOKS_AT_MAX = 4 * DIGEST_ROWS_MAX
"""Deliveries one digest looks at."""


@dataclass(frozen=True, slots=True)
class Handed:
    """What a mail server said: taken, or not now, or (`never`) not at all."""

    taken: bool
    detail: str
    never: bool = False


class Mailer(Protocol):
    """The way to a mail server. Never raises for what the server or the network does: that is `Handed`."""

    async def send(self, letter: Letter, to: tuple[Contact, ...], message_id: str, at: datetime) -> Handed: ...


class Mails:
    """The rounds of mail. Remembers the last day whose digests are all recorded, to ask no more that day."""

    def __init__(self, line: Line, mailer: Mailer | None) -> None:
        """Without a mailer what is recorded is settled as not to be sent."""
        self._line, self._mailer = line, mailer
        self._digest_at = time.fromisoformat(line.reminders.digest_at)
        self._digested: str | None = None

    async def run(self) -> None:
        """Send what is due, until cancelled."""
        await rounds(self._line, bell.MAILS, self.once)

    async def once(self) -> bool:
        """One round. False where there was nothing to do."""
        line = self._line
        await self.record_digests()
        if not await line.store.read(queries.mails_due, line.clock()):
            return False
        seconds = MAILS_PER_ROUND * line.mail.timeout_s
        chance = line.chance.random()
        claim = ClaimMails(line.clock(), MAILS_PER_ROUND, line.reminders.backoff, chance, claim_s=seconds)
        due = await line.store.write(claim)
        for one in due:
            await line.store.write(await self._settled(one))
        return bool(due)

    async def record_digests(self) -> None:
        """On working days, from the hour on: one digest for each agency somebody is written to at."""
        line, now = self._line, self._line.clock()
        local, today = now.astimezone(VIET_NAM), local_day(now)
        day = today.isoformat()
        too_early = local.time() < self._digest_at
        if too_early or day == self._digested or not line.calendar.is_working_day(today):
            return
        after = ""
        while page := await line.store.read(queries.agencies_with_contacts, after, AGENCIES_PER_PAGE):
            await line.store.write(RecordDigests(day, page, LEVELS, now))
            after = page[-1]
        self._digested = day

    async def _settled(self, due: DueMail) -> SettleMail:
        """Send one mail; what is to be recorded of it."""
        line = self._line
        to = await line.store.read(queries.recipients, due.agency, due.levels)
        if self._mailer is None or not to:
            return SettleMail(due.id, line.clock(), "nobody to write to" if self._mailer else "mail is off", sent=True)
        letter = await self._letter(due)
        if letter is None or letter.empty:
            return SettleMail(due.id, line.clock(), "nothing to tell", sent=True)
        handed = await self._mailer.send(letter, to, f"mail-{due.id}", line.clock())
        if handed.taken:
            return SettleMail(due.id, line.clock(), handed.detail, sent=True)
        too_old = line.clock() - instant(due.recorded_at) > timedelta(hours=line.reminders.given_up_after_h)
        again_at = line.reminders.backoff.next_at(line.clock(), due.attempt, line.chance.random())
        given_up = handed.never or too_old
        return SettleMail(due.id, line.clock(), handed.detail, given_up=given_up, next_attempt_at=again_at)

    async def _letter(self, due: DueMail) -> Letter | None:
        line = self._line
        if due.delivery_id is not None and due.what is not None and due.level is not None:
            facts = await line.store.read(queries.delivery_facts, (due.delivery_id,))
            return reminder(line, facts[0], What(due.what), due.level) if facts else None
        assert due.day is not None, "a mail is a reminder or a digest"
        today = local_day(line.clock())
        since, until = today - timedelta(days=DATED_DAYS), today + timedelta(days=1)
        ids = await line.store.read(queries.concerning, due.agency, since, until, DIGEST_LOOKS_AT_MAX)
        before = datetime.combine(line.calendar.previous_working_day(today), self._digest_at, VIET_NAM)
        back = await line.store.read(queries.sent_back, due.agency, before.astimezone(UTC), DIGEST_ROWS_MAX)
        return digest(
            line,
            due.agency,
            await line.store.read(queries.delivery_facts, ids),
            await line.store.read(queries.delivery_facts, back),
            due.day,
        )
