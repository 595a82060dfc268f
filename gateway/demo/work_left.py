"""Work for those who look at the demo while it stays up: a document past its day, and a delivery that is held back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from gateway.demo.papers import arrived, letter
from gateway.demo.people import doorman
from gateway.demo.story import to
from gateway.demo.theatre import Theatre
from gateway.exchange import intake, operating
from gateway.exchange.line import DeliveryRules, Line
from gateway.exchange.operating import Move
from gateway.model.calendar import VIET_NAM
from gateway.model.packet import Document

WEEK_DAYS = 7


async def past_its_day(theatre: Theatre) -> Document:
    """A letter of last week that was to be done by yesterday, and nobody has said a word: the clerks' work.

    The gateway takes it in with a warning, and says so on the document's page.
    """
    ministry, province, now = theatre.cast.ministry, to(theatre.cast.hub), theatre.now
    subject = "V/v báo cáo kết quả chuyển đổi số quý này"
    written = letter(ministry, province, 91, subject, now - timedelta(days=WEEK_DAYS))
    document = replace(written, due_on=f"{now.astimezone(VIET_NAM) - timedelta(days=1):%Y/%m/%d}")
    await theatre.clients[ministry.peer].submit(theatre.sealed(document, ministry, "Report by yesterday").file)
    return document


async def held_back(theatre: Theatre, line: Line) -> None:
    """A letter the gateway holds back until its addressee was asked: the operator's work.

    It is taken in under the deadline of every day. Under the demo's it would be over before anybody looked.
    """
    ministry, narrator = theatre.cast.ministry, theatre.narrator
    peer = line.directory.peer(ministry.peer)
    assert peer is not None, "the ministry is in the directory"
    document = theatre.letter(92, "V/v xác nhận địa chỉ nhận văn bản", *to(theatre.cast.silent))
    everyday = replace(line, rules=replace(line.rules, deadline_h=DeliveryRules().deadline_h))
    paper = theatre.sealed(document, ministry, "Please confirm your address")
    receipt = await intake.accept(everyday, peer, arrived(paper.file, line.blobs.stage))
    (delivery,) = (await theatre.clients[ministry.peer].status(receipt.dispatch_id)).deliveries
    reason = narrator.say("demo.why.held")
    await operating.move(line, doorman(line.secrets), delivery.id, Move.HOLD, reason)
