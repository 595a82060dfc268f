"""Pushing: deliveries whose addressee has an endpoint are carried there.

The attempt is registered before it is made, with the next try already due: a crash is then only a late retry, and there
is no recovery code. One slow or broken addressee cannot take all the carriers, and a packet that always fails waits
longer each time while others pass it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Protocol

from gateway.exchange import bell
from gateway.exchange.entries import delivery_entry
from gateway.exchange.line import Line
from gateway.ledger import EntryKind
from gateway.model.delivery import Outcome
from gateway.store import ClaimDue, CloseAttempt, DueAttempt, queries

CLAIM_ROWS_MAX = 64


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


async def run(line: Line, carrier: Carrier) -> None:
    """Push what is due, until cancelled."""
    under_way: Counter[str] = Counter()
    async with asyncio.TaskGroup() as carriers:
        while True:
            rung = line.bell.listen(bell.PUSH)
            room = line.rules.push_concurrency - under_way.total()
            due = await _claim(line, under_way, room)
            for attempt in due:
                under_way[attempt.addressee] += 1
                carry = carriers.create_task(_carry(line, carrier, attempt))
                carry.add_done_callback(lambda _, addressee=attempt.addressee: _landed(line, under_way, addressee))
            if due:
                rung.cancel()
            else:
                await bell.wait(rung, line.rules.poll_s)


def _landed(line: Line, under_way: Counter[str], addressee: str) -> None:
    under_way[addressee] -= 1
    line.bell.ring((bell.PUSH,))


async def _claim(line: Line, under_way: Counter[str], room: int) -> tuple[DueAttempt, ...]:
    if room <= 0:
        return ()
    now = line.clock()
    return await line.store.write(
        ClaimDue(
            now=now,
            limit=min(room, CLAIM_ROWS_MAX),
            per_addressee=line.rules.push_concurrency_per_addressee,
            under_way=dict(under_way),
            backoff=line.rules.backoff,
            chance=line.chance.random(),
        )
    )


async def _carry(line: Line, carrier: Carrier, due: DueAttempt) -> None:
    """One attempt, from the endpoint's address to its recorded outcome."""
    peer = line.directory.peer(due.peer)
    if peer is None or peer.push_url is None:
        answer = Answer(Outcome.DEFERRED, "no endpoint")
    else:
        packet = await line.store.read(queries.packet, due.dispatch_id)
        consignment = Consignment(peer.push_url, due.delivery_id, due.dispatch_id, due.addressee, due.number, packet)
        answer = await carrier.push(consignment, line.rules.push_timeout_s)
    await line.store.write(_close(line, due, answer))
    line.bell.ring((bell.LEDGER, bell.CHANGES))


def _close(line: Line, due: DueAttempt, answer: Answer) -> CloseAttempt:
    at = line.clock()
    kinds = {
        Outcome.DELIVERED: EntryKind.ACKNOWLEDGE if answer.acknowledged else EntryKind.DELIVER,
        Outcome.REFUSED: EntryKind.DECLINE,
    }
    kind = kinds.get(answer.outcome)
    entry = delivery_entry(kind, due.dispatch_id, due.delivery_id, due.addressee, at, answer.detail) if kind else None
    return CloseAttempt(due.delivery_id, due.number, at, answer.outcome, answer.detail, entry, answer.acknowledged)
