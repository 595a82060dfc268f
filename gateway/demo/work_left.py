"""Work for those who look at the demo while it stays up: a document past its day, and a delivery that is held back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from gateway.app import open_line
from gateway.config import Config
from gateway.demo.cast import Cast
from gateway.demo.papers import arrived, letter, one_page_pdf, seal
from gateway.demo.people import doorman
from gateway.demo.story import to
from gateway.demo.theatre import Theatre
from gateway.exchange import courier, intake, operating, reminders
from gateway.exchange.bell import Bell
from gateway.exchange.line import DeliveryRules, Line
from gateway.exchange.operating import Move
from gateway.model.calendar import VIET_NAM, Calendar, local_day
from gateway.model.packet import Document
from gateway.store import queries

OPENS, SENDS = time(8), time(9, 15)


@dataclass(frozen=True, slots=True)
class Before:
    """Days before the demo: what was sent on a working day, to be done by the next one, which is over."""

    sent_on: date
    due_on: date
    closed_at: datetime
    """When the offices closed on `due_on`."""

    @classmethod
    def of(cls, now: datetime, calendar: Calendar) -> Before:
        """The last two working days that are over."""
        due_on = calendar.previous_working_day(local_day(now))
        return cls(calendar.previous_working_day(due_on), due_on, calendar.closing(due_on))

    @property
    def opened_at(self) -> datetime:
        """When the gateway began: the morning of the day the letter was sent."""
        return datetime.combine(self.sent_on, OPENS, VIET_NAM).astimezone(UTC)

    @property
    def late_at(self) -> datetime:
        """Just after the offices closed on the day it was to be done by."""
        return self.closed_at + timedelta(minutes=1)

    @property
    def sent_at(self) -> datetime:
        return datetime.combine(self.sent_on, SENDS, VIET_NAM).astimezone(UTC)


async def past_its_day(settings: Config, cast: Cast, before: Before) -> Document:
    """A letter the province's system stored days ago, and its people have not said a word since: the clerks' work.

    It goes through the line before the doors open, under the clock of its day, and so does the reminder that the
    gateway sends by itself: the clerk's is not the second within the hour.
    """
    subject = "V/v báo cáo kết quả chuyển đổi số quý này"
    written = letter(cast.ministry, to(cast.hub), 91, subject, before.sent_at)
    document = replace(written, due_on=f"{before.due_on:%Y/%m/%d}")
    paper = seal(document, (one_page_pdf("Report, please"),), cast.ministry, before.sent_at)
    async with open_line(settings, lambda: before.sent_at) as line:
        sender, receiver = (line.directory.peer(one.peer) for one in (cast.ministry, cast.hub))
        assert sender is not None and receiver is not None, "both are in the directory"
        await intake.accept(line, sender, arrived(paper.file, line.blobs.stage))
        (item,) = await courier.inbox(line, receiver, None, 1, 0)
        await courier.acknowledge(line, receiver, item.delivery_id)
    async with open_line(settings, lambda: before.late_at) as line:
        await reminders.sweep(line)
    return document


async def held_back(theatre: Theatre, line: Line) -> None:
    """A letter the gateway holds back until its addressee was asked: the operator's work. Once released, it goes.

    It is taken in under the deadline of every day. Under the demo's it would be over before anybody looked. No bell
    rings for it, or its addressee's system, which is awake, would have it before it is held.
    """
    ministry, narrator = theatre.cast.ministry, theatre.narrator
    peer = line.directory.peer(ministry.peer)
    assert peer is not None, "the ministry is in the directory"
    document = theatre.letter(92, "V/v xác nhận địa chỉ nhận văn bản", *to(theatre.cast.far))
    everyday = replace(line, rules=replace(line.rules, deadline_h=DeliveryRules().deadline_h), bell=Bell())
    paper = theatre.sealed(document, ministry, "Please confirm your address")
    receipt = await intake.accept(everyday, peer, arrived(paper.file, line.blobs.stage))
    sent = await line.store.read(queries.dispatch, receipt.dispatch_id)
    assert sent is not None, "it was taken in just now"
    await operating.move(line, doorman(line.secrets), sent.deliveries[0].id, Move.HOLD, narrator.say("demo.why.held"))
