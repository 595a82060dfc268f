"""Trials for a client system: a partner that follows a script, and waits for the system to do its part.

A vendor points its system at the sandbox and works through the list, in any order; each trial is ticked off when the
partner, or the sender's view of a document, shows that the system did it. What it does wrong fails the trial at once;
what it never does is `not-run` when the sandbox is closed, with what was still waited for.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from gateway.client import Problem, Unreachable
from gateway.conformance import papers
from gateway.conformance.lossy_line import LossyLine
from gateway.conformance.partner import MessageType, NotTaken, Partner, Seat
from gateway.conformance.play import Came, Missed, Outcome, Result, expect
from gateway.demo.papers import read
from gateway.model.packet import BusinessType, Content, Document, Organ, Status, StatusCode

LOOK_S = 0.2
SETTLE_S = 1.5
"""How long to look for what must not come twice."""
FINISHED = frozenset({StatusCode.ACCEPTED, StatusCode.FINISHED})


@dataclass(slots=True)
class Desk:
    """The scripted partner's desk: what came to it from the system under test, in order; shared by all trials."""

    partner: Partner
    system: Seat
    line: LossyLine
    numbers: Iterator[str]
    clock: Callable[[], datetime]
    came: list[Came] = field(default_factory=list)
    awaiting: dict[str, str] = field(default_factory=dict)
    """By trial: what it waits for now."""
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def collect(self) -> None:
        """Fetch and confirm what comes, until cancelled."""
        while True:
            with suppress(Unreachable, NotTaken, Problem):  # the gateway is asked again in a moment
                for kind in _KINDS:
                    for doc_id in await self.partner.waiting(kind):
                        await self._take(doc_id)
            await asyncio.sleep(LOOK_S)

    async def _take(self, doc_id: str) -> None:
        one = Came(doc_id, read(await self.partner.fetch(doc_id)))
        await self.partner.confirm(doc_id)
        async with self._news:
            self.came.append(one)
            self._news.notify_all()

    async def send(self, subject: str, of: Document | None = None, kind: BusinessType = BusinessType.NEW) -> Sent:
        """A letter to the system's agency, or a change of one."""
        seat, number = self.partner.seat, next(self.numbers)
        if of is None:
            to = (Organ(self.system.agency, self.system.name),)
            document = papers.letter(seat, to, number, subject, self.clock())
        else:
            document = papers.change(of, kind, number, subject)
        paper = papers.packed(document, seat, self.clock(), "Conformance")
        return Sent(document, await self.partner.send(paper.file, "edoc"), "edoc")

    async def say(self, code: StatusCode, of: Document, description: str) -> Sent:
        """A status packet to the system's agency."""
        said = papers.status(self.partner.seat, self.system.agency, of, code, self.clock(), description)
        paper = papers.packed(said, self.partner.seat, self.clock())
        return Sent(of, await self.partner.send(paper.file, "status"), "status")

    async def confirmed(self, trial: str, sent: Sent) -> None:
        """The system fetches what was sent and says that it has it."""
        self.awaiting[trial] = f"fetch and confirm {sent.document.code}"
        while (fates := set((await self.partner.fates(sent.doc_id, sent.kind)).values())) != {"done"}:
            expect("fail" not in fates, f"the system refused {sent.document.code}")
            await asyncio.sleep(LOOK_S)

    async def comes(self, trial: str, what: str, is_it: Callable[[Came], bool]) -> Came:
        """The first thing from the system that fits; also one that came before."""
        self.awaiting[trial] = what
        async with self._news:
            while True:
                found = next((one for one in self.came if is_it(one)), None)
                if found is not None:
                    return found
                await self._news.wait()

    async def status(self, trial: str, of: Document, *codes: StatusCode) -> Status:
        """A status of the system about a document."""

        def is_it(one: Came) -> bool:
            said = one.content
            return (
                isinstance(said, Status)
                and said.response_for.document_id == of.document_id
                and said.status_code in set(codes)
            )

        came = await self.comes(trial, f"send status {' or '.join(codes)} about {of.code}", is_it)
        assert isinstance(came.content, Status), "as asked for"
        expect(bool(came.content.timestamp), f"status {came.content.status_code} has no Timestamp")
        return came.content


@dataclass(frozen=True, slots=True)
class Sent:
    """What the partner sent."""

    document: Document
    doc_id: str
    kind: MessageType


_KINDS: tuple[MessageType, ...] = ("edoc", "status")


async def receive(desk: Desk) -> None:
    """Fetch a document and confirm it."""
    await desk.confirmed("receive", await desk.send("V/v hãy tiếp nhận văn bản này"))


async def report(desk: Desk) -> None:
    """Report 03 and 06 about a document, each with its time."""
    sent = await desk.send("V/v hãy tiếp nhận (03) rồi hoàn thành (06)")
    await desk.confirmed("report", sent)
    for code in (StatusCode.ACCEPTED, StatusCode.FINISHED):
        await desk.status("report", sent.document, code)


async def refuse(desk: Desk) -> None:
    """Refuse a document (02) with the reason."""
    sent = await desk.send("V/v hãy từ chối văn bản này (02), có lý do")
    said = await desk.status("refuse", sent.document, StatusCode.REFUSED, *FINISHED)
    expect(said.status_code == StatusCode.REFUSED, f"it answered {said.status_code} where 02 was asked for")
    expect(bool(said.description), "02 came without a reason in Description")


async def give_back(desk: Desk) -> None:
    """Answer 13 with 15 or 16."""
    sent = await desk.send("V/v văn bản này sẽ được xin lấy lại (13)")
    await desk.confirmed("give-back", sent)
    await desk.confirmed("give-back", await desk.say(StatusCode.TAKE_BACK, sent.document, "Gửi nhầm nơi nhận"))
    await desk.status("give-back", sent.document, StatusCode.CHANGE_AGREED, StatusCode.CHANGE_REFUSED)


async def recalled(desk: Desk) -> None:
    """Answer a recall by document (type 1) with 15 or 16."""
    await _changed(desk, "recalled", BusinessType.RECALL)


async def updated(desk: Desk) -> None:
    """Take an update (type 2)."""
    await _changed(desk, "updated", BusinessType.UPDATE)


async def replaced(desk: Desk) -> None:
    """Take a replacement (type 3)."""
    await _changed(desk, "replaced", BusinessType.REPLACE)


async def _changed(desk: Desk, trial: str, kind: BusinessType) -> None:
    sent = await desk.send(f"V/v văn bản này sẽ thay đổi (loại {kind.value})")
    await desk.confirmed(trial, sent)
    change = await desk.send("Điều chỉnh nội dung", sent.document, kind)
    await desk.confirmed(trial, change)
    if kind is BusinessType.RECALL:
        await desk.status(trial, sent.document, StatusCode.CHANGE_AGREED, StatusCode.CHANGE_REFUSED)


async def send(desk: Desk) -> None:
    """Send a document with an attachment; take the statuses 01, 03 and 06 about it."""
    came = await desk.comes("send", f"send a document to {desk.partner.seat.agency}", _is_letter)
    document = came.content
    assert isinstance(document, Document), "as asked for"
    for value, name in (
        (document.document_id, "DocumentId"),
        (document.code_notation, "CodeNotation"),
        (document.promulgated_on, "PromulgationDate"),
        (document.subject, "Subject"),
    ):
        expect(bool(value), f"the document came without its {name}")
    expect(bool(came.claim.attachments), "the document came without an attachment")
    for code in (StatusCode.ARRIVED, StatusCode.ACCEPTED, StatusCode.FINISHED):
        await desk.confirmed("send", await desk.say(code, document, "Đối tác trả lời"))


async def send_again(desk: Desk) -> None:
    """The answer to the first document is lost on the line: send the very same again."""
    first = await desk.comes("send-again", f"send a document to {desk.partner.seat.agency}", _is_letter)
    desk.awaiting["send-again"] = "send the document again: the answer to it was lost"
    await desk.line.again.wait()
    await asyncio.sleep(SETTLE_S)
    sent = [one.content for one in desk.came if _is_letter(one)]
    same = [one for one in sent if isinstance(one, Document) and _words(one) == _words(first.content)]
    expect(len(same) == 1, f"sent again as another packet, it came {len(same)} times")


def _is_letter(one: Came) -> bool:
    return isinstance(one.content, Document) and one.content.business_type is BusinessType.NEW


def _words(content: Content) -> tuple[str | None, ...]:
    """What makes two packets one document to a clerk, whatever identifiers they have."""
    return (content.code, content.promulgated_on, content.subject) if isinstance(content, Document) else ()


async def take_back(desk: Desk) -> None:
    """Ask a document back: 13, or a recall of type 1; take the answer 15."""

    def asks(one: Came) -> bool:
        said = one.content
        if isinstance(said, Status):
            return said.status_code == StatusCode.TAKE_BACK
        return said.business_type is BusinessType.RECALL

    came = await desk.comes("take-back", "send 13, or a recall, about a document sent before", asks)
    said = came.content
    target = said.response_for.document_id if isinstance(said, Status) else said.change_target
    document = next(
        (one.content for one in desk.came if isinstance(one.content, Document) and one.content.document_id == target),
        None,
    )
    if not isinstance(document, Document):
        raise Missed(f"it asks back {target!r}, which it never sent here")
    reason = said.description if isinstance(said, Status) else said.business.reason if said.business else None
    expect(bool(reason), "it asks back without a reason")
    await desk.confirmed("take-back", await desk.say(StatusCode.CHANGE_AGREED, document, "Đồng ý"))


Trial = Callable[[Desk], Awaitable[None]]

TRIALS: Mapping[str, Trial] = {
    "receive": receive,
    "report": report,
    "refuse": refuse,
    "give-back": give_back,
    "recalled": recalled,
    "updated": updated,
    "replaced": replaced,
    "send": send,
    "send-again": send_again,
    "take-back": take_back,
}
"""Every trial by its name in reports."""


async def hold_trials(
    partner: Partner,
    system: Seat,
    line: LossyLine,
    clock: Callable[[], datetime],
    stop: asyncio.Event,
    told: Callable[[Result], None] = lambda _: None,
) -> tuple[Result, ...]:
    """All trials at once, until each is decided or `stop` is set."""
    start = clock().strftime("%H%M%S")
    desk = Desk(partner, system, line, (f"{start}{number:03}" for number in itertools.count(1)), clock)
    results: dict[str, Result] = {}

    async def hold(name: str, trial: Trial) -> None:
        results[name] = await _held(name, trial, desk)
        told(results[name])

    async def hold_all() -> None:
        async with asyncio.TaskGroup() as holding:
            for name, trial in TRIALS.items():
                holding.create_task(hold(name, trial))

    async def until_stopped() -> None:
        await stop.wait()

    works = [asyncio.create_task(work) for work in (desk.collect(), hold_all(), until_stopped())]
    await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
    for one in works:
        one.cancel()
    await asyncio.gather(*works, return_exceptions=True)
    undone = (
        Result(name, system.agency, Outcome.NOT_RUN, f"waited for: {desk.awaiting.get(name, 'the gateway')}")
        for name in TRIALS
        if name not in results
    )
    return (*results.values(), *undone)


async def _held(name: str, trial: Trial, desk: Desk) -> Result:
    try:
        await trial(desk)
    except Missed as missed:
        return Result(name, desk.system.agency, Outcome.FAIL, str(missed))
    except (NotTaken, Problem, Unreachable) as no:
        return Result(name, desk.system.agency, Outcome.FAIL, f"{type(no).__name__}: {' '.join(str(no).split())}")
    return Result(name, desk.system.agency, Outcome.PASS)
