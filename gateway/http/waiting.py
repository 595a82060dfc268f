"""Requests that wait: long polls and event streams. Each peer may hold a few; shutting down ends them all, politely."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.model.reasons import Reason
from gateway.model.refusal import Unavailable


class Waiting:
    """Who waits. Used from the event loop only."""

    def __init__(self, per_peer_max: int) -> None:
        self._per_peer_max = per_peer_max
        self._held: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[object]] = set()
        self._closing = False

    @contextmanager
    def place(self, peer_key: str) -> Iterator[None]:
        """A place to wait in. Unavailable where the peer holds too many, and (also midway) when we shut down."""
        if self._ending():
            raise Unavailable(Reason.DRAINING, retry_after_s=1)
        if self._held[peer_key] >= self._per_peer_max:
            raise Unavailable(Reason.RATE_LIMITED, retry_after_s=1)
        task = asyncio.current_task()
        assert task is not None
        self._held[peer_key] += 1
        self._tasks.add(task)
        try:
            yield
        except asyncio.CancelledError:
            if self._ending() and task.uncancel() == 0:
                raise Unavailable(Reason.DRAINING, retry_after_s=1) from None
            raise
        finally:
            self._tasks.discard(task)
            self._held[peer_key] -= 1
            if not self._held[peer_key]:
                del self._held[peer_key]

    def _ending(self) -> bool:
        return self._closing

    def close(self) -> None:
        """End every wait; its caller hears that we are draining and comes back elsewhere or later."""
        self._closing = True
        for task in tuple(self._tasks):
            task.cancel()
