"""A scenario on its way: two partners, what they sent and what came, and how it ended."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import aiohttp

from gateway.client import Problem, TransferDamaged, Unreachable
from gateway.conformance import papers
from gateway.conformance.papers import Paper
from gateway.conformance.partner import NO_ANSWER, MessageType, NotTaken, Partner
from gateway.demo.papers import read
from gateway.model.packet import BusinessType, Claim, Content, Document, Organ, Status, StatusCode
from gateway.model.refusal import Refused

STEP_S = 0.1


class Outcome(StrEnum):
    """How a scenario ended."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    NOT_RUN = "not-run"


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the report. `reason`: what was expected and what came; empty for a pass."""

    scenario: str
    by: str
    """Who played it: `axis > native`, or the name of the system under test."""
    outcome: Outcome
    reason: str = ""


class Missed(Exception):
    """What a scenario expects did not come; the message says what and what came instead."""


class NotApplicable(Exception):
    """This scenario cannot be played with these partners; the message says why."""


@dataclass(frozen=True, slots=True)
class Came:
    """A packet fetched from a waiting list."""

    doc_id: str
    claim: Claim

    @property
    def content(self) -> Content:
        return self.claim.content


@dataclass(slots=True)
class Play:
    """What a scenario may use. Numbers are given out once a run: a test may be repeated against the same gateway."""

    sender: Partner
    receiver: Partner
    numbers: Iterator[str]
    clock: Callable[[], datetime]
    within_s: float
    settle_s: float
    """How long to look for what must not come."""
    _read: dict[str, Came] = field(default_factory=dict)

    def letter(self, subject: str, addressees: Sequence[Organ] | None = None) -> Paper:
        """A letter of the sender to the receiver, with a page."""
        seat = self.receiver.seat
        to = addressees if addressees is not None else (Organ(seat.agency, seat.name),)
        document = papers.letter(self.sender.seat, to, next(self.numbers), subject, self.clock())
        return papers.packed(document, self.sender.seat, self.clock(), "Conformance")

    def change(self, of: Document, kind: BusinessType, reason: str) -> Paper:
        """A recall, update or replacement by the sender."""
        changed = papers.change(of, kind, next(self.numbers), reason)
        page = "" if kind is BusinessType.RECALL else "Changed"
        return papers.packed(changed, self.sender.seat, self.clock(), page)

    def status(self, by: Partner, to: Partner, of: Document, code: StatusCode, description: str) -> Paper:
        """A status packet of one partner to the other."""
        said = papers.status(by.seat, to.seat.agency, of, code, self.clock(), description)
        return papers.packed(said, by.seat, self.clock())

    async def comes(self, to: Partner, document_id: str | None) -> Came:
        """The document packet of this id, fetched as soon as it waits for a partner."""
        return await self._awaited(to, "edoc", f"document {document_id}", lambda one: _id(one) == document_id)

    async def status_comes(self, to: Partner, of: Document, *codes: StatusCode) -> Status:
        """A status packet with one of these codes about a document; it is confirmed."""

        def is_it(one: Content) -> bool:
            return (
                isinstance(one, Status)
                and one.response_for.document_id == of.document_id
                and one.status_code in set(codes)
            )

        came = await self._awaited(to, "status", f"status {'/'.join(codes)} about {of.document_id}", is_it)
        await to.confirm(came.doc_id)
        assert isinstance(came.content, Status), "as asked for"
        return came.content

    async def _awaited(self, to: Partner, kind: MessageType, what: str, is_it: Callable[[Content], bool]) -> Came:
        async with self._patience(f"{what} never came to {to.seat.agency} ({to.dialect})"):
            while True:
                for came in await self.all_waiting(to, kind):
                    if is_it(came.content):
                        return came
                await asyncio.sleep(STEP_S)

    async def all_waiting(self, to: Partner, kind: MessageType) -> list[Came]:
        """Everything that waits for a partner, fetched once."""
        found = []
        for doc_id in await to.waiting(kind):
            if doc_id not in self._read:
                self._read[doc_id] = Came(doc_id, read(await to.fetch(doc_id)))
            found.append(self._read[doc_id])
        return found

    async def fate(self, doc_id: str, wanted: str, kind: MessageType = "edoc") -> None:
        """The sender sees that every addressee's delivery stands as `wanted`."""
        seen: Mapping[str, str] = {}
        async with self._patience(lambda: f"the sender should see {wanted}, and sees {dict(seen)}"):
            while not seen or set(seen.values()) != {wanted}:
                seen = await self.sender.fates(doc_id, kind)
                await asyncio.sleep(STEP_S / 10)

    async def refused(self, sending: Awaitable[str]) -> None:
        """This must be refused, and in the dialect's own words."""
        try:
            doc_id = await sending
        except NotTaken as no:
            expect(no.code != NO_ANSWER, no.words)
        else:
            raise Missed(f"should have been refused, and was taken as {doc_id}")

    def _patience(self, words: str | Callable[[], str]) -> _Patience:
        return _Patience(self.within_s, words)


class _Patience:
    """A time within which something must happen; Missed in these words where it does not."""

    def __init__(self, within_s: float, words: str | Callable[[], str]) -> None:
        self._timeout, self._words, self._within_s = asyncio.timeout(within_s), words, within_s

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(self, *fault: object) -> None:
        try:
            await self._timeout.__aexit__(*fault)  # type: ignore[arg-type]
        except TimeoutError:
            words = self._words if isinstance(self._words, str) else self._words()
            raise Missed(f"{words}, within {self._within_s:g} s") from None


def expect(holds: bool, otherwise: str) -> None:
    """Missed, in these words, unless it holds."""
    if not holds:
        raise Missed(otherwise)


def _id(content: Content) -> str | None:
    return content.document_id if isinstance(content, Document) else None


Script = Callable[[Play], Awaitable[None]]


async def play_all(
    scenarios: Mapping[str, Script],
    partners: Sequence[Partner],
    clock: Callable[[], datetime],
    within_s: float,
    settle_s: float,
    told: Callable[[Result], None] = lambda _: None,
) -> tuple[Result, ...]:
    """Every scenario with every ordered pair of partners; a fault of one ends none of the others."""
    start = clock().strftime("%H%M%S")
    numbers = (f"{start}{number:03}" for number in itertools.count(1))
    results = []
    for sender, receiver in itertools.permutations(partners, 2):
        if sender.seat == receiver.seat:
            continue  # one agency with two doors
        for name, script in scenarios.items():
            play = Play(sender, receiver, numbers, clock, within_s, settle_s)
            results.append(await _played(name, script, play))
            told(results[-1])
    return tuple(results)


async def _played(name: str, script: Script, play: Play) -> Result:
    by = f"{play.sender.dialect} > {play.receiver.dialect}"
    try:
        await script(play)
    except NotApplicable as why:
        return Result(name, by, Outcome.NOT_RUN, str(why))
    except Missed as missed:
        return Result(name, by, Outcome.FAIL, str(missed))
    except (NotTaken, Problem, Unreachable, TransferDamaged, Refused, OSError, aiohttp.ClientError, TimeoutError) as no:
        return Result(name, by, Outcome.FAIL, f"{type(no).__name__}: {' '.join(str(no).split())}")
    except (AssertionError, KeyError, TypeError, ValueError) as odd:  # an answer of a shape nobody announced
        return Result(name, by, Outcome.FAIL, f"an answer of another shape: {odd!r}")
    return Result(name, by, Outcome.PASS)
