"""Plays the month: what is due is done tick by tick, in virtual time, by the very line that serves the doors.

Within a tick everything of one kind happens at once, as it does with several hundred systems; what concerns the same
document happens one after the other. So the same seed gives the same month.
"""

from __future__ import annotations

import asyncio
import hashlib
import heapq
import itertools
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import IntEnum
from functools import partial
from random import Random

from gateway.exchange import courier, lifecycle, reminders, watch
from gateway.exchange.lifecycle import Telling
from gateway.exchange.line import Line
from gateway.model.agency import Peer
from gateway.model.calendar import VIET_NAM, local_day
from gateway.model.delivery import DeliveryStatus
from gateway.model.dispatch import Receipt
from gateway.model.lifecycle import Reported
from gateway.model.packet import Document, Organ, StatusCode
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from gateway.store.queries import InboxItem
from tests.exchange.conftest import Story
from tests.http.town import Clock
from tests.month import papers
from tests.month.fates import TICK, Again, Fate, System, Turn

POLL_TICKS = (1, 2, 3, 6)
"""How many ticks apart systems look into their inboxes."""
AWAY_SHARE, LONG_AWAY_SHARE, LONG_AWAY_DAYS = 0.01, 0.03, 5
"""Of the systems: away on a given day; away for days on end once in the month, and for how many."""
PAGE_ITEMS = 500
REASON, WORDS = "Ban hành nhầm", {StatusCode.REFUSED: "Không thuộc thẩm quyền"}
SWEEPS_H = (8, 11, 16)
"""When reminders are looked for on each day, local hours."""


class Phase(IntEnum):
    """What happens within a tick, in this order."""

    POLL = 0
    LETTER = 1
    TURN = 2
    REPORT = 3


@dataclass(frozen=True, slots=True)
class Kept:
    """What a sender keeps of a receipt."""

    dispatch_id: str
    ledger_index: int
    digest: str
    """SHA-256 of the sealed XML."""

    @classmethod
    def of(cls, receipt: Receipt) -> Kept:
        return cls(receipt.dispatch_id, receipt.ledger_index, hashlib.sha256(receipt.xml).hexdigest())


@dataclass(slots=True)
class Letter:
    """A document that was admitted, and what its addressees did so far."""

    fate: Fate
    content: Document
    receipt: Kept
    peer: str
    collected: dict[str, str] = field(default_factory=dict)
    """Delivery ids, by addressee, of those whose systems stored it."""
    told: defaultdict[str, list[Reported]] = field(default_factory=lambda: defaultdict(list))
    """Statuses by addressee, as their people told them."""
    coming: Counter[str] = field(default_factory=Counter)
    """How many statuses of an addressee are still to be told."""
    given_back: set[str] = field(default_factory=set)
    turned: bool = False
    changes: str | None = None
    """The dispatch this one recalls, updates or replaces."""


@dataclass(frozen=True, order=True)
class Due:
    """Something to do at an instant. `key`: what else may not happen at the same time."""

    at: datetime
    phase: Phase
    number: int
    key: str = field(compare=False)
    act: Callable[[], Awaitable[None]] = field(compare=False)


class Month:
    """The province at work."""

    def __init__(
        self, line: Line, clock: Clock, fates: Iterable[Fate], ends_at: datetime, seed: int, often: int = 1
    ) -> None:
        self.line, self.clock, self.ends_at = line, clock, ends_at
        self.counts: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        """By reason."""
        self.letters: dict[str, Letter] = {}
        """By dispatch, changes among them."""
        self.statuses: dict[str, Kept] = {}
        """By dispatch: status packets that agencies sent, or had the gateway write."""
        self._story, self._telling = Story(line, clock), Telling(line)
        self._due: list[Due] = []
        self._numbers = itertools.count()
        self._polls: set[str] = set()
        """Systems that will look into their inboxes."""
        self._asked_back: dict[str, Letter] = {}
        """The documents that status packets ask back, by dispatch of the packet."""
        self._unconfirmed: set[str] = set()
        """Deliveries whose systems fetched them and never say so."""
        self._away = {one.key: _away_days(one.key, clock.now, ends_at, seed, often) for one in line.directory.peers}
        for fate in fates:
            self._plan(fate.at, Phase.LETTER, str(fate.number), partial(self._write, fate))

    async def play(self, tell: Callable[[Month], None] = lambda _month: None) -> None:
        """To the end of the month; `tell` hears of each day."""
        now = self.clock.now
        while now < self.ends_at:
            self.clock.now = now
            await self._tick()
            if now.minute == 0:
                await self._hour(now.astimezone(VIET_NAM).hour, tell)
            hour = now.replace(minute=0) + timedelta(hours=1)
            now = min(hour, max(self._due[0].at, now + TICK)) if self._due else hour
        self.clock.now = self.ends_at

    def away(self, peer: str, at: datetime) -> bool:
        """Whether a system is away at an instant."""
        return local_day(at) in self._away[peer]

    def peer_of(self, agency: str) -> Peer:
        """The system that speaks for an agency."""
        found = self.line.directory.agency(agency)
        peer = self.line.directory.route(found, self.clock.now) if found else None
        assert peer is not None
        return peer

    async def _tick(self) -> None:
        """Everything that is due."""
        while self._due and self._due[0].at <= self.clock.now:
            phase, acts = self._due[0].phase, []
            while self._due and self._due[0].at <= self.clock.now and self._due[0].phase is phase:
                acts.append(heapq.heappop(self._due))
            for wave in _waves(acts):
                await asyncio.gather(*(one.act() for one in wave))
        while await self._telling.once():
            pass
        await self._story.seal()

    async def _hour(self, hour: int, tell: Callable[[Month], None]) -> None:
        while closed := await watch.expire(self.line):
            self.counts["expired"] += closed
        if hour in SWEEPS_H:
            self.counts["reminders"] += await reminders.sweep(self.line)
        await self._story.seal()
        if hour == 0:
            tell(self)

    def _plan(self, at: datetime, phase: Phase, key: str, act: Callable[[], Awaitable[None]]) -> None:
        """For the next tick that is not before `at`; what the month does not reach is never done."""
        steps = -((self.clock.now - at) // TICK)
        due = self.clock.now + max(steps, 0) * TICK
        if due < self.ends_at:
            heapq.heappush(self._due, Due(due, phase, next(self._numbers), key, act))

    def _at_work(self, hours: float) -> datetime:
        """So many working hours from now."""
        return self.line.calendar.add_working_time(self.clock.now, timedelta(hours=hours))

    # Senders.

    async def _write(self, fate: Fate) -> None:
        """A document is sent; what the door refuses is mended an hour later, or given up."""
        content = papers.document(fate, self.line.directory)
        if fate.flaw is not None and await self._refuses(fate, papers.flawed(content, fate.flaw)):
            if not fate.mended:
                self.counts["given_up"] += 1
                return
            self._plan(self._at_work(1.0), Phase.LETTER, str(fate.number), partial(self._send, fate, content))
            return
        await self._send(fate, content)

    async def _send(self, fate: Fate, content: Document, changes: str | None = None) -> None:
        file = papers.file_of(content, self.clock.now)
        peer = self.peer_of(fate.sender)
        receipt = await self._story.submit(file, peer.key)
        letter = Letter(fate, content, Kept.of(receipt), peer.key, changes=changes)
        self.letters[receipt.dispatch_id] = letter
        self._note(receipt)
        for one in fate.addressees:
            self._wake(one)
        if changes is None:
            if fate.again is not None:
                again = partial(self._send_again, letter, file)
                self._plan(self._at_work(0.5), Phase.LETTER, str(fate.number), again)
            if fate.turn is not None:
                self._plan(self._at_work(fate.turn_h), Phase.TURN, str(fate.number), partial(self._turn, letter))

    async def _send_again(self, letter: Letter, file: bytes) -> None:
        """A clerk presses the button twice, sends other bytes under the id, or the same number under another id."""
        fate = letter.fate
        match fate.again:
            case Again.SAME_BYTES:
                receipt = await self._story.submit(file, letter.peer)
                assert receipt.repeated and Kept.of(receipt) == letter.receipt
                self.counts["repeated"] += 1
            case Again.OTHER_BYTES:
                other = replace(letter.content, subject=f"{letter.content.subject} (bổ sung)")
                assert await self._refuses(fate, papers.file_of(other, self.clock.now))
            case _:
                twin = replace(letter.content, document_id=f"{letter.content.document_id}-again")
                await self._send(replace(fate, turn=None, again=None), twin)

    async def _refuses(self, fate: Fate, file: bytes) -> bool:
        """The door says no; counted by its reason."""
        try:
            await self._story.submit(file, self.peer_of(fate.sender).key)
        except Refused as no:
            self.refused[no.reason.value] += 1
            return True
        return False

    async def _turn(self, letter: Letter) -> None:
        """The sender recalls, updates or replaces its document."""
        turn, letter.turned = letter.fate.turn, True
        assert turn is not None
        self.counts[turn.value] += 1
        if turn is not Turn.RECALL_STATUS:
            content = papers.changed(letter.content, turn, REASON)
            await self._send(letter.fate, content, changes=letter.receipt.dispatch_id)
            return
        peer = self.line.directory.peer(letter.peer)
        assert peer is not None
        for one in await lifecycle.recall(self.line, peer, letter.receipt.dispatch_id, REASON):
            if one.receipt is not None:
                self.statuses[one.receipt.dispatch_id] = Kept.of(one.receipt)
                self._asked_back[one.receipt.dispatch_id] = letter
                self._note(one.receipt)
                self._wake(one.delivery.addressee)
                self.counts["not_left"] += one.delivery.status is DeliveryStatus.WITHDRAWN
        self._wake(letter.fate.sender)

    def _note(self, receipt: Receipt) -> None:
        """Warnings that a receipt carries."""
        self.counts["duplicates"] += any(one.reason is Reason.DUPLICATE for one in receipt.warnings)
        self.counts["unmatched"] += any(one.reason is Reason.STATUS_UNMATCHED for one in receipt.warnings)

    # Addressees.

    def _wake(self, agency: str) -> None:
        """The agency's system will find something when it next looks, unless it is away."""
        peer = self.peer_of(agency).key
        if peer in self._polls:
            return
        self._polls.add(peer)
        at = self.clock.now + TICK * POLL_TICKS[_number(peer) % len(POLL_TICKS)]
        while self.away(peer, at):
            at += timedelta(hours=1)
        self._plan(at, Phase.POLL, peer, partial(self._poll, peer))

    async def _poll(self, key: str) -> None:
        """A system looks into its inbox and takes everything; its people see it in the inbox's order."""
        self._polls.discard(key)
        peer, after = self.line.directory.peer(key), None
        assert peer is not None
        while items := await courier.inbox(self.line, peer, after, PAGE_ITEMS, 0):
            new = [one for one in items if one.delivery_id not in self._unconfirmed]
            stored = await asyncio.gather(*(self._take(peer, one) for one in new))
            for one in itertools.compress(new, stored):
                self._stored(one)
            after = items[-1].delivery_id

    async def _take(self, peer: Peer, item: InboxItem) -> bool:
        """Fetch a packet, and say what became of it. True where it was stored."""
        await courier.fetch(self.line, peer, item.delivery_id)
        letter = self.letters.get(item.dispatch_id)
        reception = letter.fate.receptions.get(item.addressee) if letter else None
        if letter is not None and reception is not None and letter.changes is None:
            if reception.system is System.NEVER_CONFIRMS:
                self._unconfirmed.add(item.delivery_id)
                return False
            if reception.system is System.REFUSES:
                await courier.decline(self.line, peer, item.delivery_id, "Hệ thống không đọc được tệp")
                return False
        await courier.acknowledge(self.line, peer, item.delivery_id)
        return True

    def _stored(self, item: InboxItem) -> None:
        """What the people behind a system owe for a packet it stored."""
        letter = self.letters.get(item.dispatch_id)
        if letter is None:
            self._read_status(item)
            return
        reception = letter.fate.receptions.get(item.addressee)
        letter.collected[item.addressee] = item.delivery_id
        if letter.changes is not None:
            self._owe_an_answer(self.letters[letter.changes], item.addressee)
        elif reception is not None:
            letter.coming[item.addressee] = len(reception.reports)
            self._plan_report(letter, item.addressee, 0)

    def _read_status(self, item: InboxItem) -> None:
        self.counts["statuses_read"] += 1
        if item.dispatch_id not in self.statuses:
            self.counts["told_by_gateway"] += 1
        elif item.status_code == StatusCode.TAKE_BACK:
            self._owe_an_answer(self._asked_back[item.dispatch_id], item.addressee)

    def _owe_an_answer(self, target: Letter, addressee: str) -> None:
        reception = target.fate.receptions[addressee]
        if reception.answer is not None and addressee in target.collected:
            act = partial(self._answer, target, addressee)
            self._plan(self._at_work(reception.answer_h), Phase.REPORT, str(target.fate.number), act)

    async def _answer(self, letter: Letter, addressee: str) -> None:
        """The addressee's people agree to what was asked, or do not."""
        code = letter.fate.receptions[addressee].answer
        assert code is not None
        await self._report(letter, addressee, code, timedelta(0))
        if code is StatusCode.CHANGE_AGREED and letter.fate.turn in {Turn.RECALL_DOCUMENT, Turn.RECALL_STATUS}:
            letter.given_back.add(addressee)

    def _plan_report(self, letter: Letter, addressee: str, place: int) -> None:
        reports = letter.fate.receptions[addressee].reports
        if place < len(reports):
            act = partial(self._tell, letter, addressee, place)
            self._plan(self._at_work(reports[place].after_h), Phase.REPORT, str(letter.fate.number), act)

    async def _tell(self, letter: Letter, addressee: str, place: int) -> None:
        """The addressee's people say how far they are; what was given back is spoken of no more."""
        if addressee in letter.given_back:
            return
        report = letter.fate.receptions[addressee].reports[place]
        letter.coming[addressee] -= 1
        await self._report(letter, addressee, report.code, report.behind)
        self._plan_report(letter, addressee, place + 1)

    async def _report(self, letter: Letter, addressee: str, code: StatusCode, behind: timedelta) -> None:
        """A status, as a packet of the addressee's own or through the native door."""
        peer, words, now = self.peer_of(addressee), WORDS.get(code), self.clock.now
        stated = now
        if letter.fate.receptions[addressee].by_packet:
            stated = now - behind
            agency = self.line.directory.agency(addressee)
            assert agency is not None
            organ = Organ(addressee, agency.name)
            file = papers.status(organ, letter.fate.sender, letter.content, code, words, stated)
            receipt = await self._story.submit(file, peer.key)
        else:
            receipt = await lifecycle.report_status(self.line, peer, letter.collected[addressee], code, words)
        assert receipt.dispatch_id not in self.statuses
        self.statuses[receipt.dispatch_id] = Kept.of(receipt)
        self._note(receipt)
        letter.told[addressee].append(Reported(code, now, stated))
        self._wake(letter.fate.sender)


def _waves(acts: list[Due]) -> Iterator[list[Due]]:
    """What can happen at once, in order: one act for each key."""
    while acts:
        wave: dict[str, Due] = {}
        later = [one for one in acts if wave.setdefault(one.key, one) is not one]
        yield list(wave.values())
        acts = later


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])


def _away_days(peer: str, begins_at: datetime, ends_at: datetime, seed: int, often: int) -> frozenset[date]:
    """The days on which a system is away: single ones, and for some of them five on end."""
    chance = Random(f"{seed}/{peer}")
    days = [local_day(begins_at) + timedelta(days=one) for one in range((ends_at - begins_at).days + 1)]
    away = {day for day in days if chance.random() < AWAY_SHARE * often}
    if chance.random() < LONG_AWAY_SHARE * often:
        first = chance.randrange(len(days))
        away |= set(days[first : first + LONG_AWAY_DAYS])
    return frozenset(away)
