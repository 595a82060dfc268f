"""Tenure: the time in which this process does what one process at a time does, on all machines of a gateway.

The lease in the database says whose it is, and no two clocks need to agree. The holder counts a beat there every fifth
of a lease, and stops by itself when it could not for four fifths. Another process takes the lease where it saw the same
beat for the whole of it, by its own stopwatch, which began later: so the holder stopped before. A process that was
frozen and does not know how late it is finds its writes refused: what the ledger signs is compared-and-set (`PutTree`),
what is told outside is claimed first.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any

from gateway.exchange.line import Line
from gateway.model.refusal import Unavailable
from gateway.store.leases import FREE, GiveLeaseBack, KeepLease, Lease, TakeLease, lease

LOG = logging.getLogger(__name__)

NAME = "duties"
Duty = Callable[[], Coroutine[Any, Any, None]]
"""Work that goes on until it is cancelled; begun anew in every tenure, so it keeps nothing from the last."""


async def run(line: Line, duties: Mapping[str, Duty]) -> None:
    """Do the duties whenever it is this process's turn, until cancelled."""
    turn = Turn(line)
    while True:
        began_s = await turn.come()
        try:
            async with asyncio.TaskGroup() as tasks:
                work = [tasks.create_task(duty(), name=name) for name, duty in duties.items()]
                try:
                    await turn.pass_by(began_s)
                finally:
                    for task in work:
                        task.cancel()
        finally:
            await turn.end()


class Turn:
    """This process's turns at the lease."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._lease_s = line.rules.lease_s
        self._beat_s = line.rules.lease_s / 5
        self._term: int | None = None
        """The last that was ours."""
        self._new = True
        """Nothing was seen yet: what a process of our name left behind ended with it."""

    async def come(self) -> float:
        """Wait for our turn; since when (loop time) it is ours."""
        loop, seen, since_s = asyncio.get_running_loop(), FREE, 0.0
        while True:
            looked_s = loop.time()
            with suppress(Unavailable):  # whoever held the lease could not keep it meanwhile either
                now = await self._line.store.read(lease, NAME)
                if now != seen:
                    seen, since_s = now, loop.time()
                if self._may_take(now, looked_s - since_s):
                    began_s = loop.time()
                    term = await self._line.store.write(TakeLease(NAME, self._line.name, now))
                    if term is not None:
                        self._term = term
                        LOG.info("%s does the duties of the gateway, term %s", self._line.name, self._term)
                        self._line.state.on_duty = True
                        return began_s
                self._new = False
            await asyncio.sleep(self._beat_s)

    def _may_take(self, now: Lease, unchanged_s: float) -> bool:
        left_behind = self._new and now.holder == self._line.name
        return now.holder is None or left_behind or now.term == self._term or unchanged_s >= self._lease_s

    async def pass_by(self, began_s: float) -> None:
        """Count beats; returns when the lease is somebody else's, or could be soon."""
        loop, keep = asyncio.get_running_loop(), KeepLease(NAME, self._term or 0)
        until_s = began_s + self._lease_s - self._beat_s
        with suppress(TimeoutError):
            while True:
                await asyncio.sleep(self._beat_s)
                asked_s = loop.time()
                with suppress(Unavailable):
                    async with asyncio.timeout_at(until_s):
                        if not await self._line.store.write(keep):
                            break
                    until_s = asked_s + self._lease_s - self._beat_s
                if loop.time() >= until_s:
                    break
        LOG.warning("%s gives the duties of the gateway up: it could not keep the lease", self._line.name)

    async def end(self) -> None:
        """Give the lease back, where it can be: otherwise it runs out."""
        self._line.state.on_duty = False
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(self._beat_s):
                await self._line.store.write(GiveLeaseBack(NAME, self._term or 0))
