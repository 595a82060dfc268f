"""Webhooks: what happens to a peer's deliveries is posted to its endpoints, signed, in the order of each dispatch.

Fed from the timeline that event streams read, with a durable cursor: nothing is lost and nothing is made twice; on the
wire a notice may come again, under the same id. A slow or dead endpoint has its own share of posts and its own pauses,
so it delays nobody else; one notice an endpoint cannot digest delays only those of the same dispatch.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from gateway.exchange import bell
from gateway.exchange.line import Line
from gateway.exchange.rounds import rounds
from gateway.ledger.entry import write_instant
from gateway.model.refusal import Unavailable
from gateway.model.webhook import signed_headers, written_secret
from gateway.store import Change, queries
from gateway.store.instants import instant
from gateway.store.webhooks import ClaimNotices, DueNotice, FeedNotices, SettleNotice

PURPOSE = "webhook"
"""What secrets are derived for."""
EVENTS_PER_ROUND = 500
FEED_PAUSE_S = 0.05
"""Between two looks for news at the least: one look takes in what came meanwhile."""
CLAIM_MARGIN_S = 15.0
GONE = 410
NOT_NOW = frozenset({408, 425, 429})
"""Answers below 500 that blame the moment, not the notice."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What an endpoint answered. `status` is None where it did not."""

    status: int | None
    detail: str
    retry_after_s: float | None = None

    @property
    def told(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def endpoint_to_blame(self) -> bool:
        """It would not have taken another notice either."""
        return self.status is None or self.status >= 500 or self.status in NOT_NOW


class Poster(Protocol):
    """The way to an endpoint. Never raises for what the network or the other side does: that is a `Reply`."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> Reply: ...


def message_id(event_id: int) -> str:
    """The id of the notice of an event: the same at every attempt and every replay."""
    return f"evt_{event_id}"


def body_of(change: Change) -> bytes:
    """What is posted of an event: the same bytes at every attempt."""
    data = {
        "id": change.id,
        "dispatch_id": change.dispatch_id,
        "delivery_id": change.delivery_id,
        "event": change.event,
        "at": write_instant(change.at),
        "addressee": change.addressee,
    }
    message = {"type": f"delivery.{change.event}", "timestamp": write_instant(change.at), "data": data}
    return json.dumps(message, separators=(",", ":")).encode()


def secret_of(line: Line, webhook_id: str, serial: int) -> bytes:
    """The secret of a webhook; derived, so nobody keeps it."""
    return line.secrets.secret(PURPOSE, webhook_id, serial)


def shown_secret(line: Line, webhook_id: str, serial: int) -> str:
    """The secret as the peer's people copy it."""
    return written_secret(secret_of(line, webhook_id, serial))


async def run(line: Line, poster: Poster) -> None:
    """Feed and post until cancelled."""
    async with asyncio.TaskGroup() as posts:
        posts.create_task(rounds(line, bell.CHANGES, lambda: feed(line), FEED_PAUSE_S))
        posts.create_task(rounds(line, bell.NOTICES, Posting(line, poster, posts).once))


async def feed(line: Line) -> bool:
    """Make notices of what happened. True where there may be more."""
    if not await line.store.glance(queries.news_waits):
        return False
    fed = await line.store.write(FeedNotices(line.clock(), EVENTS_PER_ROUND))
    line.bell.ring((bell.NOTICES,))
    return fed == EVENTS_PER_ROUND


class Posting:
    """Claims notices that are due and posts each in a task of its own."""

    def __init__(self, line: Line, poster: Poster, posts: asyncio.TaskGroup) -> None:
        self._line, self._poster, self._posts = line, poster, posts

    async def once(self) -> bool:
        """Post what is due. False where nothing was."""
        line, rules = self._line, self._line.webhooks
        if not await line.store.glance(queries.notices_due, line.clock()):
            return False
        due = await line.store.write(
            ClaimNotices(
                now=line.clock(),
                per_webhook=rules.concurrency_per_webhook,
                backoff=rules.backoff,
                chance=line.chance.random(),
                claim_s=rules.timeout_s + CLAIM_MARGIN_S,
            )
        )
        for one in due:
            self._posts.create_task(_post(line, self._poster, one))
        return bool(due)


async def _post(line: Line, poster: Poster, due: DueNotice) -> None:
    with suppress(Unavailable):  # the claim runs out, and the notice is due again
        if shut_out(line, due.peer):
            await line.store.write(SettleNotice(due, line.clock(), "the peer was revoked", stopped=True))
            return
        body = body_of(await line.store.read(queries.change, due.event_id))
        headers = signed_headers(_secrets(line, due, line.clock()), message_id(due.event_id), line.clock(), body)
        reply = await poster.post(due.url, headers, body, line.webhooks.timeout_s)
        await line.store.write(settled(line, due, reply))
        line.bell.ring((bell.NOTICES,))


def shut_out(line: Line, peer_key: str) -> bool:
    """Whether a peer is none any more: what happens to its deliveries is then none of its business."""
    peer = line.directory.peer(peer_key)
    return peer is None or (peer.revoked_at is not None and peer.revoked_at <= line.clock())


def _secrets(line: Line, due: DueNotice, at: datetime) -> list[bytes]:
    serials = [due.serial]
    if due.previous_until is not None and at < instant(due.previous_until):
        serials.append(due.serial - 1)
    return [secret_of(line, due.webhook_id, serial) for serial in serials]


def settled(line: Line, due: DueNotice, reply: Reply) -> SettleNotice:
    """What a reply means: told; or later, when the endpoint or this very notice is believed to fare better."""
    at, rules = line.clock(), line.webhooks
    if reply.told:
        return SettleNotice(due, at, reply.detail, delivered=True)
    dead_before = at - timedelta(hours=rules.dead_after_h)
    if reply.status == GONE:
        return SettleNotice(due, at, reply.detail, stopped=True, next_attempt_at=at)
    if not reply.endpoint_to_blame:
        return SettleNotice(due, at, reply.detail, dead_before=dead_before)
    failures = due.failures + 1
    asked = at + timedelta(seconds=min(reply.retry_after_s or 0.0, rules.backoff.most_s))
    pause = max(rules.backoff.next_at(at, failures, line.chance.random()), asked)
    return SettleNotice(
        due, at, reply.detail, dead_before=dead_before, next_attempt_at=pause, failures=failures, paused_until=pause
    )
