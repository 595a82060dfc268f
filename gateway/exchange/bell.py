"""Wake-ups: who waits for something is told that it may have come. The truth is always the store."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress

LEDGER = "ledger"
"""Rung after every commit that appended entries."""
CHANGES = "changes"
"""Rung after every change of a delivery."""
PUSH = "push"
"""Rung when a delivery that is pushed became due."""
NOTICES = "notices"
"""Rung when a notice for a webhook may be due."""
MAILS = "mails"
"""Rung when a mail may be due."""
CHECKPOINT = "checkpoint"
"""Rung when a new checkpoint was signed."""

WATCH = "watch"
"""Rung to look around before the interval has passed."""


def inbox(peer: str) -> str:
    """The bell of one peer's inbox."""
    return f"inbox {peer}"


class Bell:
    """Named bells. Missing a ring costs at most one polling interval, so a ring before the wait needs no memory."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, set[asyncio.Future[None]]] = defaultdict(set)
        self.abroad: Callable[[frozenset[str]], None] | None = None
        """Who tells the other processes (`relay`); None: there are none."""

    def ring(self, names: Iterable[str]) -> None:
        """Wake everyone who waits on any of these, wherever. Call from the event loop only."""
        rung = frozenset(names)
        self.ring_here(rung)
        if self.abroad is not None:
            self.abroad(rung)

    def ring_here(self, names: Iterable[str]) -> None:
        """Wake everyone in this process who waits on any of these."""
        for name in names:
            for waiter in self._waiting.pop(name, ()):
                if not waiter.done():
                    waiter.set_result(None)

    def listen(self, name: str) -> asyncio.Future[None]:
        """A future the next ring resolves. Listen first, then look: a ring in between is not lost."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting[name].add(waiter)
        waiter.add_done_callback(lambda done: self._forget(name, done))
        return waiter

    def _forget(self, name: str, waiter: asyncio.Future[None]) -> None:
        waiters = self._waiting.get(name)
        if waiters is not None:
            waiters.discard(waiter)
            if not waiters:
                del self._waiting[name]


async def wait(waiter: asyncio.Future[None], timeout_s: float) -> None:
    """Until the bell rings or the time is up, whichever is first."""
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):  # not wait_for: before 3.12 a ring swallows a cancellation there
            await waiter
