"""Reminders: who is told, before a deadline, at it, and after it; each once ever, and written down before it is sent.

Step 0, shortly before a deadline: the agency's clerks. Step 1, at the deadline: its clerks and leaders. Step 2, so many
working hours after it: the leaders of the superior agency. Where more than one step was reached meanwhile, the last
counts. Every sweep looks at all that is open, a page at a time; the unique index keeps a reminder from coming twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, timedelta

from gateway.exchange import bell
from gateway.exchange.concerns import look
from gateway.exchange.deadlines import Deadline, owed
from gateway.exchange.line import Line
from gateway.exchange.rounds import rounds
from gateway.ledger import Entry, EntryKind
from gateway.model.calendar import local_day
from gateway.store import queries
from gateway.store.mails import RecordReminder
from gateway.store.queries import DeliveryFacts

CLERK, LEADER = "clerk", "leader"
LEVELS = (CLERK, LEADER)
STEPS = range(3)
"""Of escalation. What comes above them, the sender's clerk asked for by hand."""
PAGE_ROWS = 200
SWEEP_S = 60.0
"""Between two sweeps."""
DATED_DAYS = 31
"""How long after its day a document that nobody finished is still looked at."""


async def run(line: Line) -> None:
    """Sweep, and look how things stand, until cancelled."""

    async def once() -> bool:
        await sweep(line)
        line.state.concerns = await look(line.store, line.calendar, line.clock(), line.state.concerns)
        return True

    await rounds(line, bell.MAILS, once, pause_s=SWEEP_S)


async def sweep(line: Line) -> int:
    """Look at everything somebody may owe something for. Gives how many reminders were recorded."""
    recorded = 0
    async for ids in _candidates(line):
        facts = await line.store.read(queries.delivery_facts, ids)
        due = [one for each in facts for one in due_reminders(line, each, line.clock())]
        recorded += sum(await asyncio.gather(*(line.store.write(one) for one in due)))
    if recorded:
        line.bell.ring((bell.LEDGER, bell.CHANGES, bell.MAILS))
    return recorded


def due_reminders(line: Line, facts: DeliveryFacts, now: datetime) -> list[RecordReminder]:
    """The reminders of a delivery that are due and not recorded."""
    due = []
    for deadline in owed(facts, line.calendar, line.deadlines):
        level = step_reached(line, deadline, now)
        told = max((step for what, step in facts.reminded if what == deadline.what and step in STEPS), default=-1)
        if level is not None and level > told:
            agency = _told(line, facts.addressee, level)
            if agency is not None:
                due.append(_reminder(facts, deadline, level, agency, now))
    return due


def step_reached(line: Line, deadline: Deadline, now: datetime) -> int | None:
    """The step of escalation an instant is at; None before the first."""
    calendar, rules = line.calendar, line.reminders
    if now <= calendar.subtract_working_time(deadline.at, timedelta(hours=rules.before_h)):
        return None
    if now <= deadline.at:
        return 0
    return 1 if now <= calendar.add_working_time(deadline.at, timedelta(hours=rules.superior_after_h)) else 2


def _told(line: Line, addressee: str, level: int) -> str | None:
    """Whose people are told at a step; None where there is no superior agency."""
    if level < 2:
        return addressee
    agency = line.directory.agency(addressee)
    superiors = line.directory.lineage(agency)[1:] if agency else ()
    return superiors[0].key if superiors else None


def _reminder(facts: DeliveryFacts, deadline: Deadline, level: int, agency: str, now: datetime) -> RecordReminder:
    entry = Entry.of(
        EntryKind.REMIND,
        now,
        dispatch=facts.dispatch_id,
        delivery=facts.delivery_id,
        addressee=facts.addressee,
        what=deadline.what.value,
        level=str(level),
    )
    levels = ((CLERK,), (CLERK, LEADER), (LEADER,))[level]
    return RecordReminder(facts.delivery_id, deadline.what.value, level, agency, levels, now, entry.encode())


async def _candidates(line: Line) -> AsyncIterator[Sequence[str]]:
    """Pages of delivery ids: not acknowledged, to be dealt with by a day, recalled and not answered."""
    after = ("", "")
    while page := await line.store.read(queries.open_deliveries, after, PAGE_ROWS):
        yield [delivery_id for _, delivery_id in page]
        after = page[-1]
    today = local_day(line.clock())
    dated = ((today - timedelta(days=DATED_DAYS)).isoformat(), "")
    until: date = today + timedelta(days=1)
    while page := await line.store.read(queries.dated_dispatches, dated, until, PAGE_ROWS):
        ids = await line.store.read(queries.deliveries_of, [dispatch_id for _, dispatch_id in page])
        for start in range(0, len(ids), PAGE_ROWS):
            yield ids[start : start + PAGE_ROWS]
        dated = page[-1]
    asked = (0, "", "")
    while recalls := await line.store.read(queries.unanswered_recalls, asked, PAGE_ROWS):
        yield [delivery_id for _, _, delivery_id in recalls]
        asked = recalls[-1]
