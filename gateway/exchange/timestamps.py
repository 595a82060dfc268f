"""Time stamps over checkpoints: what a third party says about when the ledger was as it is.

One token covers every entry below its checkpoint, so a whole interval of documents costs one question, and an authority
that was away is caught up with by one. Until then the debt is shown (`/readyz`, metrics, log) and documents go on: what
waits is the proof of their time by somebody else, not the proof of what happened.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from gateway.exchange import bell
from gateway.exchange.line import Line, StampDebt
from gateway.exchange.rounds import rounds
from gateway.store import KeepTimestamp, queries
from gateway.trust.timestamp import NONCE_BYTES, StampError, Window, open_stamp, request

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TimestampRules:
    """How time stamps are asked for."""

    interval_s: float = 60.0
    """At most one question in so many seconds."""
    retry_s: float = 60.0
    """After an answer that did not come or did not hold."""
    timeout_s: float = 20.0
    skew_s: float = 120.0
    """How far the authority's clock may be from ours; what lies beyond is refused."""
    debt_h_max: float = 4.0
    """Entries without a time stamp for longer than this are reported as trouble."""


class AwayError(Exception):
    """The authority could not be reached, or did not answer as one. The message is for the operator."""


class Authority(Protocol):
    """The way to a time-stamping authority. AwayError for whatever the network or the other side does."""

    async def ask(self, question: bytes, timeout_s: float) -> bytes: ...


@dataclass
class Stamper:
    """Asks one authority, and knows how far its stamps lag behind. Only its own task changes it."""

    authority: Authority
    anchors: tuple[bytes, ...]
    """DER of the roots its certificate may lead to."""
    rules: TimestampRules
    debt: StampDebt
    clock: Callable[[], datetime]
    nonce: Callable[[], bytes] = lambda: secrets.token_bytes(NONCE_BYTES)
    _due: datetime | None = None
    _failing: str = ""

    async def once(self, line: Line) -> bool:
        """Have the newest checkpoint stamped, where one waits and it is time to ask. False: nothing more to do now."""
        now = self.clock()
        if self._due is not None and now < self._due:
            self._tell_debt()
            return False
        waiting = await line.store.read(queries.stamp_debt)
        self.debt.since = waiting.since
        if waiting.newest is None:
            self._tell_debt()
            return False
        self._due = now + timedelta(seconds=self.rules.retry_s)
        try:
            stamped_at, response = await self._ask(waiting.newest.note)
        except (AwayError, StampError) as fault:
            self._failed(fault)
        else:
            await line.store.write(KeepTimestamp(waiting.newest.size, stamped_at, self.clock(), response))
            self.debt.since, self._due = None, self.clock() + timedelta(seconds=self.rules.interval_s)
            if self._failing:
                LOG.warning("time stamps go on")
            self._failing = ""
        self._tell_debt()
        return False

    async def _ask(self, note: bytes) -> tuple[datetime, bytes]:
        nonce, asked_at = self.nonce(), self.clock()
        response = await self.authority.ask(request(note, nonce), self.rules.timeout_s)
        stamp = await asyncio.to_thread(open_stamp, response, note, self.anchors, nonce)
        Window(asked_at, self.clock(), timedelta(seconds=self.rules.skew_s)).check(stamp.stamped_at)
        return stamp.stamped_at, response

    def _failed(self, fault: AwayError | StampError) -> None:
        """An answer that is false is worth an alarm each time; one that does not come, when it begins."""
        kind = fault.fault.value if isinstance(fault, StampError) else "away"
        self.debt.faults[kind] += 1
        if isinstance(fault, StampError):
            LOG.error("the time-stamping authority's answer is refused: %s", fault)
        elif self._failing != kind:
            LOG.warning("time stamps are put off: %s", fault)
        self._failing = kind

    def _tell_debt(self) -> None:
        """Said when the debt passes its bound, and when it is paid."""
        late = self.debt.seconds(self.clock()) > self.rules.debt_h_max * 3600
        if late and not self.debt.late:
            LOG.error("entries wait for a time stamp since %s", self.debt.since)
        elif self.debt.late and not late:
            LOG.warning("no entry waits too long for a time stamp any more")
        self.debt.late = late


async def run(line: Line, stamper: Stamper) -> None:
    """Stamp checkpoints until cancelled."""

    async def once() -> bool:
        return await stamper.once(line)

    await rounds(line, bell.CHECKPOINT, once)
