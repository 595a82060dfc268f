"""Pushing: deliveries whose addressee has an endpoint are carried there.

The attempt is registered before it is made, with the next try already due: a crash is then only a late retry, and there
is no recovery code. One slow or broken addressee cannot take all the carriers, and a packet that always fails waits
longer each time while others pass it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from gateway.exchange import bell
from gateway.exchange.courier import check_kept
from gateway.exchange.entries import delivery_entry
from gateway.exchange.line import Line
from gateway.exchange.rounds import rounds
from gateway.ledger import EntryKind
from gateway.model.delivery import Outcome
from gateway.model.refusal import Refused, Unavailable
from gateway.store import ClaimDue, CloseAttempt, DueAttempt, InterruptAttempts, queries

CLAIM_ROWS_MAX = 64
CLAIM_MARGIN_S = 60.0
"""A claim outlives the push it is for by this much: time to record the outcome."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the addressee's endpoint said. `acknowledged`: it has not only taken but stored the packet."""

    outcome: Outcome
    detail: str = ""
    acknowledged: bool = False


@dataclass(frozen=True, slots=True)
class Consignment:
    """What is pushed: where to, under which idempotency key, and the packet."""

    url: str
    delivery_id: str
    dispatch_id: str
    addressee: str
    attempt: int
    packet: queries.PacketRow


class Carrier(Protocol):
    """The way to an endpoint. Never raises for what the network or the other side does: that is an `Outcome`."""

    async def push(self, consignment: Consignment, timeout_s: float) -> Answer: ...


class Pusher:
    """Claims due pushes and carries them, as many at once as the rules allow."""

    def __init__(self, line: Line, carrier: Carrier, carriers: asyncio.TaskGroup) -> None:
        self._line, self._carrier, self._carriers = line, carrier, carriers
        self._under_way: set[asyncio.Task[None]] = set()

    async def once(self) -> bool:
        """Send off what is due. False where nothing was, or no carrier is free."""
        due = await _claim(self._line, self._line.rules.push_concurrency - len(self._under_way))
        for attempt in due:
            carry = self._carriers.create_task(_carry(self._line, self._carrier, attempt))
            self._under_way.add(carry)
            carry.add_done_callback(self._landed)
        return bool(due)

    def _landed(self, carry: asyncio.Task[None]) -> None:
        self._under_way.discard(carry)
        self._line.bell.ring((bell.PUSH,))


async def run(line: Line, carrier: Carrier) -> None:
    """Push what is due, until cancelled. What a process that died left open is closed first, and is due again."""
    with suppress(Unavailable):  # otherwise the claims run out by themselves, later
        await line.store.write(InterruptAttempts(line.clock(), line.name))
    async with asyncio.TaskGroup() as carriers:
        await rounds(line, bell.PUSH, Pusher(line, carrier, carriers).once)


async def _claim(line: Line, room: int) -> tuple[DueAttempt, ...]:
    if room <= 0:
        return ()
    rules = line.rules
    return await line.store.write(
        ClaimDue(
            now=line.clock(),
            limit=min(room, CLAIM_ROWS_MAX),
            per_addressee=rules.push_concurrency_per_addressee,
            backoff=rules.backoff,
            chance=line.chance.random(),
            claimant=line.name,
            claim_s=rules.push_timeout_s + CLAIM_MARGIN_S,
        )
    )


async def _carry(line: Line, carrier: Carrier, due: DueAttempt) -> None:
    """One attempt, from the endpoint's address to its recorded outcome."""
    with suppress(Unavailable):  # the attempt stays open, and is closed as interrupted when its claim has run out
        answer = await _attempt(line, carrier, due)
        await line.store.write(_close(line, due, answer))
        line.bell.ring((bell.LEDGER, bell.CHANGES))


async def _attempt(line: Line, carrier: Carrier, due: DueAttempt) -> Answer:
    peer = line.directory.peer(due.peer)
    if peer is None or peer.push_url is None:
        return Answer(Outcome.DEFERRED, "no endpoint")
    packet = await line.store.glance(queries.packet, due.dispatch_id)
    consignment = Consignment(peer.push_url, due.delivery_id, due.dispatch_id, due.addressee, due.number, packet)
    try:
        check_kept(packet)
        await line.check_attachments(packet.attachments)
        return await carrier.push(consignment, line.rules.push_timeout_s)
    except Refused:  # by the rules of retention, before the attempt or during it
        return Answer(Outcome.DEFERRED, "destroyed")


def _close(line: Line, due: DueAttempt, answer: Answer) -> CloseAttempt:
    at = line.clock()
    kinds = {
        Outcome.DELIVERED: EntryKind.ACKNOWLEDGE if answer.acknowledged else EntryKind.DELIVER,
        Outcome.REFUSED: EntryKind.DECLINE,
    }
    kind = kinds.get(answer.outcome)
    salted = line.salted(answer.detail) if kind is EntryKind.DECLINE else None
    digest = salted.digest if salted else ""
    entry = delivery_entry(kind, due.dispatch_id, due.delivery_id, due.addressee, at, digest) if kind else None
    return CloseAttempt(
        due.delivery_id, due.number, at, answer.outcome, answer.detail, entry, answer.acknowledged, salted
    )
