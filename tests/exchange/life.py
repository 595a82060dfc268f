"""What tests of a document's life do again and again: write changes and statuses, look at what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from gateway import edxml
from gateway.exchange import courier, register
from gateway.model.agency import PolicyName
from gateway.model.delivery import Delivery
from gateway.model.dispatch import Dispatch, Receipt
from gateway.model.packet import Business, BusinessType, Organ, Receiver, Replacement, ResponseFor, Status
from tests.exchange.conftest import Story
from tests.http.town import MINISTRY, PROVINCE, document_of

OF_ADDRESSEES = {MINISTRY: "bo", PROVINCE: "tinh", "H29.17.00": "tinh", "G99.00.00": "xa"}
"""Which peer speaks for whom."""


def trusting(story: Story, policy: str = "transition") -> Story:
    """The story in a time of transition: packets without a seal are admitted."""
    peers = tuple(replace(one, policy=PolicyName(policy)) for one in story.line.directory.peers)
    story.line.state.directory = replace(story.line.directory, peers=peers)
    return story


def document(
    document_id: str = "G22.1", to: Sequence[str] = (PROVINCE,), number: str = "7816", **parts: object
) -> bytes:
    """A packet without seal and attachments."""
    return edxml.write(replace(document_of(document_id, to), code_number=number, **parts))  # type: ignore[arg-type]


def change(
    kind: BusinessType,
    document_id: str,
    of: str | None = None,
    to: Sequence[str] = (PROVINCE,),
    receivers: Sequence[str] = (),
    replaces: Sequence[Replacement] = (),
    response_for: Sequence[ResponseFor] = (),
    reason: str = "Sai số liệu",
    number: str = "7817",
) -> bytes:
    """A recall, update or replacement of document `of`."""
    business = Business(
        kind,
        reason,
        document_id=of,
        receivers=tuple(Receiver(one, "0") for one in receivers),
        replacements=tuple(replaces),
    )
    return document(document_id, to, number, business=business, response_for=tuple(response_for))


def status(
    code: str,
    of: str | None = "G22.1",
    sender: str = PROVINCE,
    to: str = MINISTRY,
    description: str | None = None,
    timestamp: str | None = "2026/11/23 15:00:00",
    target: ResponseFor | None = None,
) -> bytes:
    """A status packet of `sender` to `to`."""
    about = target or ResponseFor(to, "7816/BKT-VP", "2026/11/20", of)
    return edxml.write(Status(Organ(sender), about, code, description=description, timestamp=timestamp))


async def send(story: Story, file: bytes, sender: str = MINISTRY) -> Receipt:
    return await story.submit(file, OF_ADDRESSEES[sender])


async def seen(story: Story, dispatch_id: str, peer: str = "bo") -> Dispatch:
    return await register.dispatch(story.line, story.peer(peer), dispatch_id)


async def delivery(story: Story, dispatch_id: str, addressee: str = PROVINCE) -> Delivery:
    """The delivery of a dispatch to an addressee, as its sender sees it."""
    return next(one for one in (await seen(story, dispatch_id)).deliveries if one.addressee == addressee)


async def collect(story: Story, dispatch_id: str, addressee: str = PROVINCE) -> Delivery:
    """The addressee fetches and acknowledges its delivery."""
    one = await delivery(story, dispatch_id, addressee)
    peer = story.peer(OF_ADDRESSEES[addressee])
    await courier.fetch(story.line, peer, one.id)
    await courier.acknowledge(story.line, peer, one.id)
    return await delivery(story, dispatch_id, addressee)


def events(one: Delivery) -> list[str]:
    return [step.event for step in one.timeline]


def outcome(one: Delivery, now: datetime) -> str:
    """Of what was asked last."""
    return one.changes[-1].outcome(now).value
