"""Deliveries handed over, each to be dealt with exactly once, however often this process dies in between.

    async with GatewayClient(url, token=token) as gateway:
        with Collector(gateway, Path("collected")) as collector:
            await collector.run(store)      # async def store(handover: Handover) -> None

What can be promised, and is: `store` is called again for a delivery **only if it had not returned** (its return is
recorded, durably, before anything else is done). Between the last thing `store` does and that record a process can
still die; no order of two writes in two places avoids that. So every hand-over carries `key`, the same at every
attempt: a function that writes the key in its own transaction, and passes over a key it has, deals with each delivery
exactly once.

The gateway's inbox says what waits; a long poll, a webhook (`arrived`) or anything else (`ring`) only says: look now. A
lost webhook costs time, never a document; one that comes twice costs a look.
"""

from __future__ import annotations

import asyncio
import logging
import random
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

from gateway.client.gateway import GatewayClient
from gateway.client.journal import Journal
from gateway.client.problem import Problem, TransferDamaged, Unreachable
from gateway.client.results import Change, Fetched, InboxItem
from gateway.client.webhooks import verify_webhook
from gateway.client.wire import Patience

LATER = Patience(first_s=1.0, most_s=900.0)
"""How long a document that could not be dealt with is left alone: doubling from a second to a quarter of an hour."""

WAIT_S = 30.0
WITHIN_S = 600.0
REASON_CHARS_MAX = 2_000
OVER = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT})
"""What the gateway says where a delivery has ended meanwhile: taken back, expired, answered otherwise."""

Trouble = Callable[[InboxItem, Exception], None]
"""Told of every delivery that could not be dealt with now, and why."""


class Decline(Exception):
    """Raised by the caller's function: this document is not taken. Its sender reads the reason."""

    def __init__(self, reason: str) -> None:
        self.reason = "".join(one if one.isprintable() else " " for one in reason).strip()[:REASON_CHARS_MAX]
        if not self.reason:
            raise ValueError("a sender must be told why")
        super().__init__(self.reason)


@dataclass(frozen=True, slots=True)
class Handover:
    """A delivery in the caller's hands; an async context manager.

    Leaving it normally acknowledges, `Decline` declines, any other exception leaves it for later; neither goes further.
    The files are the caller's to move; what is left of them is deleted once the answer is recorded.
    """

    item: InboxItem
    fetched: Fetched
    attempt: int
    """Counted from 1. Above 1, an earlier attempt ended without returning: it may have had effects."""
    _collector: Collector

    @property
    def key(self) -> str:
        """The same at every attempt, and of no other delivery: the delivery id. (A dispatch to two agencies behind one
        system is two deliveries.)"""
        return self.item.delivery_id

    async def __aenter__(self) -> Handover:
        return self

    async def __aexit__(self, _: object, fault: BaseException | None, __: object) -> bool:
        if fault is None or isinstance(fault, Decline):
            await self._collector.settle(self, fault.reason if fault else None)
        elif isinstance(fault, Exception):
            self._collector.leave(self.item, fault)
        return fault is None or isinstance(fault, Exception)


class Collector:
    """Takes everything that waits for a system, keeps what it must know in a folder. A context manager."""

    def __init__(
        self,
        gateway: GatewayClient,
        folder: Path,
        *,
        trouble: Trouble | None = None,
        patience: Patience = LATER,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        chance: random.Random | None = None,
    ) -> None:
        """`folder` is this collector's alone: JournalTaken where another has it."""
        self.journal = Journal(folder / "journal.db")
        self._gateway = gateway
        self._spool = folder / "spool"
        shutil.rmtree(self._spool, ignore_errors=True)  # what an earlier run fetched and did not hand over
        self._trouble = trouble or _logged
        self._patience, self._clock = patience, clock
        self._chance = chance or random.Random()  # noqa: S311  (jitter)
        self._under_way: set[str] = set()
        self._bell = asyncio.Event()

    def __enter__(self) -> Collector:
        return self

    def __exit__(self, *_: object) -> None:
        self.journal.__exit__()

    async def run(
        self, function: Callable[[Handover], Awaitable[None]], *, at_once: int = 4, within_s: float = WITHIN_S
    ) -> None:
        """Hand everything that waits and comes to `function`, until cancelled; a call that takes longer than
        `within_s` is cancelled and left for later, so that none keeps its place for ever.
        """
        places = asyncio.Semaphore(at_once)

        async def hand(item: InboxItem, attempts: int) -> None:
            try:
                handover = await self._taken(item, attempts)
                if handover is not None:
                    async with handover, asyncio.timeout(within_s):
                        await function(handover)
            finally:
                places.release()

        async with asyncio.TaskGroup() as tasks:
            async for item, attempts in self._due():
                await places.acquire()
                tasks.create_task(hand(item, attempts))

    async def handovers(self) -> AsyncIterator[Handover]:
        """The same as an iterator: `async for handover in …: async with handover: …`, one fetched after the other."""
        async for item, attempts in self._due():
            handover = await self._taken(item, attempts)
            if handover is not None:
                yield handover

    async def changes(self) -> AsyncIterator[Change]:
        """What happens to documents this system sent or receives: handed over, refused, recalled, their statuses.

        Goes on behind the last change that was dealt with, in whatever process: one is dealt with when the next is
        asked for. After a crash the last may come again; its `id` says so.
        """
        async for change in self._gateway.events(await self.journal.cursor("changes")):
            yield change
            await self.journal.advance("changes", change.id)

    def arrived(self, headers: Mapping[str, str], body: bytes, secrets: str | Iterable[str]) -> Change:
        """A webhook has come: look at the inbox now. WebhookRejected where it is none of the gateway's, or old."""
        change = verify_webhook(headers, body, secrets, self._clock())
        self.ring()
        return change

    def ring(self) -> None:
        """Look at the inbox now."""
        self._bell.set()

    async def settle(self, handover: Handover, declined: str | None) -> None:
        """The function has returned, or declined: record it, tell the gateway, let the files go."""
        await self.journal.answer(handover.key, declined)
        await self._tell(handover.item, declined)
        await asyncio.to_thread(_drop, handover.fetched)
        self._under_way.discard(handover.key)

    def leave(self, item: InboxItem, fault: Exception) -> None:
        """It could not be dealt with: it comes again when its time is due."""
        self._trouble(item, fault)
        self._under_way.discard(item.delivery_id)
        self.ring()

    async def _due(self) -> AsyncIterator[tuple[InboxItem, int]]:
        """What is to be handed over now, and how often that was tried; without end."""
        while True:
            self._bell.clear()
            listed = await self._listed()
            soonest: datetime | None = None
            for item in listed:
                handed = await self.journal.handed(item.delivery_id)
                if item.delivery_id in self._under_way:
                    continue
                if handed is not None and handed.answered:
                    await self._tell(item, handed.declined)
                elif handed is not None and handed.due_at > self._clock():
                    soonest = min(handed.due_at, soonest or handed.due_at)
                else:
                    self._under_way.add(item.delivery_id)
                    yield item, handed.attempts if handed else 0
            await self._pause(listed, soonest)

    async def _listed(self) -> list[InboxItem]:
        """The inbox; nothing while the gateway cannot be reached. Problem where it will not speak to us."""
        try:
            return await self._gateway.waiting()
        except (Unreachable, TransferDamaged) as fault:
            _LOG.warning("the inbox could not be read: %s", fault)
        except Problem as no:
            if not no.transient:
                raise
            _LOG.warning("the inbox could not be read: %s", no)
        return []

    async def _pause(self, listed: list[InboxItem], soonest: datetime | None) -> None:
        """Until something new comes, the bell rings, or the soonest of those left for later is due."""
        after = listed[-1].delivery_id if listed else None
        polling = asyncio.ensure_future(self._gateway.inbox(WAIT_S, after=after, limit=1))
        ringing = asyncio.ensure_future(self._bell.wait())
        wait_s = None if soonest is None else max(0.0, (soonest - self._clock()).total_seconds())
        try:
            await asyncio.wait((polling, ringing), timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            polling.cancel()
            ringing.cancel()
            await asyncio.gather(polling, ringing, return_exceptions=True)  # the next listing meets the same fault

    async def _taken(self, item: InboxItem, attempts: int) -> Handover | None:
        """The delivery, fetched; None where that cannot be now.

        The attempt is registered before anything is tried, with the next one already due later: a document that kills
        the process waits its turn behind the others, like any that fails.
        """
        pause_s = self._patience.pause_s(attempts + 1, None, self._chance.random())
        attempt = await self.journal.begin(item.delivery_id, self._clock() + timedelta(seconds=pause_s))
        try:
            fetched = await self._gateway.fetch(item.delivery_id, self._spool)
        except (Problem, Unreachable, TransferDamaged, OSError) as fault:
            self.leave(item, fault)
            return None
        return Handover(item, fetched, attempt, self)

    async def _tell(self, item: InboxItem, declined: str | None) -> None:
        """Tell the gateway the answer; what it cannot hear now it is told at the next look."""
        try:
            if declined is None:
                await self._gateway.acknowledge(item.delivery_id)
            else:
                await self._gateway.decline(item.delivery_id, declined)
        except (Problem, Unreachable, TransferDamaged) as fault:
            self._trouble(item, fault)
            if not (isinstance(fault, Problem) and fault.status in OVER):
                return
        await self.journal.tell(item.delivery_id)


_LOG = logging.getLogger(__name__)


def _logged(item: InboxItem, fault: Exception) -> None:
    _LOG.warning("delivery %s of %s is left for later: %s", item.delivery_id, item.code, fault)


def _drop(fetched: Fetched) -> None:
    fetched.packet.unlink(missing_ok=True)
    shutil.rmtree(fetched.packet.with_suffix(""), ignore_errors=True)
