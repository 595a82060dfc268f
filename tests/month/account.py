"""The end of the month: where every document stands and why, whether the ledger says the same, and the clerk's numbers.

Nothing here trusts the register: where a delivery stands must follow from what its addressee was seen to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime

from gateway.exchange.deadlines import overdue, received_same_day
from gateway.exchange.line import Line
from gateway.ledger import Entry, EntryKind, decode
from gateway.model.delivery import Delivery, DeliveryStatus
from gateway.model.dispatch import Dispatch
from gateway.model.lifecycle import Answer, ChangeKind, Reported, processing
from gateway.model.packet import StatusCode
from gateway.store import queries
from tests.exchange.replayed import differences
from tests.month.fates import TICK, System
from tests.month.play import Letter, Month

PAGE_ROWS = 2_000
FINAL = {
    "finished by its people",
    "refused by its people, with a reason",
    "refused by the system, with a reason",
    "withdrawn before it left",
    "given back at its sender's request",
    "expired: the system was away for more than three days",
    "a recall, update or replacement, stored",
}
"""What nothing more is to be expected of; everything else is on its way for a reason that is named."""


class UnexplainedError(AssertionError):
    """A delivery that stands where nothing that was seen has brought it."""


@dataclass
class Account:
    """The month in numbers."""

    documents: int = 0
    deliveries: int = 0
    stands: Counter[str] = field(default_factory=Counter)
    """Deliveries of documents by where they stand and why."""
    received: int = 0
    same_day: int = 0
    overdue: Counter[str] = field(default_factory=Counter)
    """By what is owed."""
    recalls: Counter[str] = field(default_factory=Counter)
    """Recalls of single addressees, by outcome."""
    reminders: Counter[str] = field(default_factory=Counter)
    """By what is owed and the step."""
    entries: Counter[str] = field(default_factory=Counter)
    """Of the ledger, by kind."""


async def account(month: Month) -> Account:
    """Explain every document, reconcile with the ledger, count. AssertionError where something does not hold."""
    drawn = Account(documents=len(month.letters))
    for dispatch_id, letter in month.letters.items():
        seen = await month.line.store.read(queries.dispatch, dispatch_id)
        assert seen is not None, f"a receipt was given for {dispatch_id}, and the register does not know it"
        for one in seen.deliveries:
            drawn.deliveries += 1
            drawn.stands[explain(month, letter, seen, one)] += 1
            for change in one.changes:
                if change.kind is ChangeKind.RECALL:
                    drawn.recalls[change.outcome(month.ends_at).value] += 1
        await _count_deadlines(month, seen, drawn)
    await _reconcile(month, drawn)
    return drawn


def explain(month: Month, letter: Letter, seen: Dispatch, one: Delivery) -> str:
    """Why a delivery stands where it stands."""
    if one.addressee in letter.collected:
        if one.status is DeliveryStatus.ACKNOWLEDGED:
            return _explain_stored(month, letter, seen, one)
        raise UnexplainedError(f"{one.id} of {seen.id} was stored by {one.addressee}, and is {one.status}")
    match one.status:
        case DeliveryStatus.WITHDRAWN if letter.turned:
            return "withdrawn before it left"
        case DeliveryStatus.EXPIRED if _away_at(month, one, one.deadline_at):
            return "expired: the system was away for more than three days"
        case DeliveryStatus.QUEUED if _away_at(month, one, month.ends_at - TICK):
            return "waits: the system is away"
        case DeliveryStatus.REFUSED if _system(letter, one) is System.REFUSES:
            return "refused by the system, with a reason"
        case DeliveryStatus.DELIVERED if _system(letter, one) is System.NEVER_CONFIRMS:
            return "fetched, and its system never said that it stored it"
    raise UnexplainedError(f"{one.id} of {seen.id} to {one.addressee} is {one.status}")


def _explain_stored(month: Month, letter: Letter, seen: Dispatch, one: Delivery) -> str:
    if letter.changes is not None:
        return "a recall, update or replacement, stored"
    told = letter.told[one.addressee]
    expected = processing(told, seen.admitted_at)
    shown = one.processing
    if (shown and shown.code) != (expected and expected.code):
        raise UnexplainedError(f"{one.id} of {seen.id} shows {shown}, and its addressee said {told}")
    given_back = any(change.kind is ChangeKind.RECALL and change.answer is Answer.DONE for change in one.changes)
    if given_back != (one.addressee in letter.given_back):
        raise UnexplainedError(f"{one.id} of {seen.id} was given back on one side alone")
    if given_back:
        return "given back at its sender's request"
    later = letter.coming[one.addressee] > 0
    return _how_far(expected, later)


def _how_far(expected: Reported | None, later: bool) -> str:
    if expected is None:
        return "stored; its people act on it next month" if later else "stored; its people report nothing"
    if expected.code == StatusCode.REFUSED:
        return "refused by its people, with a reason"
    if expected.code == StatusCode.FINISHED:
        return "finished by its people"
    return "in work; more is reported next month" if later else "in work; its people report no end"


def _system(letter: Letter, one: Delivery) -> System | None:
    return letter.fate.receptions[one.addressee].system if letter.changes is None else None


def _away_at(month: Month, one: Delivery, at: datetime) -> bool:
    return month.away(month.peer_of(one.addressee).key, at)


async def _count_deadlines(month: Month, seen: Dispatch, drawn: Account) -> None:
    line, ids = month.line, [one.id for one in seen.deliveries]
    for facts in await line.store.read(queries.delivery_facts, ids):
        if facts.received_at is not None:
            drawn.received += 1
            drawn.same_day += received_same_day(facts.received_at, facts.admitted_at, line.calendar)
        for deadline in overdue(facts, line.calendar, line.deadlines, month.ends_at):
            drawn.overdue[deadline.what.value] += 1
        for what, level in facts.reminded:
            drawn.reminders[f"{what}, step {level}"] += 1


async def _reconcile(month: Month, drawn: Account) -> None:
    """Every receipt has its entry and every entry its receipt; the counts agree; the register is what the ledger
    says."""
    receipts = {
        one.dispatch_id: one for one in (*(each.receipt for each in month.letters.values()), *month.statuses.values())
    }
    written_by_us = 0
    async for index, entry in _entries(month.line):
        drawn.entries[entry.kind.value] += 1
        if entry.kind is EntryKind.ACCEPT:
            receipt = receipts.pop(entry["dispatch"], None)
            written_by_us += receipt is None
            assert receipt is None or receipt.ledger_index == index
            assert receipt is None or receipt.digest == entry["receipt"]
    assert not receipts, f"receipts without an entry: {sorted(receipts)}"
    counted, entries = month.counts, drawn.entries
    assert written_by_us == counted["not_left"], "the gateway tells a sender once of each that never left"
    torn = month.refused["receive.body_truncated"]  # what did not arrive whole is no packet, and has no entry
    assert entries["refuse"] + entries["conflict"] == month.refused.total() - torn
    assert entries["conflict"] == month.refused["record.document_id_taken"]
    assert entries["duplicate"] == counted["duplicates"]
    assert entries["expire"] == counted["expired"]
    assert entries["remind"] == counted["reminders"] == drawn.reminders.total()
    assert entries["status"] == len(month.statuses) + written_by_us
    assert await differences(month.line) == [], "the ledger alone tells another register"


async def _entries(line: Line) -> AsyncIterator[tuple[int, Entry]]:
    start = 0
    while page := await line.store.read(queries.entries, start, PAGE_ROWS):
        for place, one in enumerate(page):
            yield start + place, decode(one)
        start += len(page)
