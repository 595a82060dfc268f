"""Keeping the revocation snapshot fresh, beside the requests and never in one.

Sources are the configured ones and those that verified certificates in use name. A source that cannot be reached keeps
its last answer until that goes stale by itself; from then on what it answered for is unknown, and shown so.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from gateway.trust.chains import Chains
from gateway.trust.revocation import AnswerError, RevocationSnapshot, Source, SourceKind, read_answer

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RefreshRules:
    """How the snapshot is kept fresh."""

    lists: tuple[str, ...] = ()
    """URLs of revocation lists that are always kept, before any certificate names them."""
    refresh_s: float = 3600.0
    """A source that answered is asked again after this long."""
    retry_s: float = 120.0
    """A source that did not is asked again after this long."""
    timeout_s: float = 60.0
    """For one source, connection and answer included."""
    at_once: int = 4
    """Sources asked at once."""
    forget_d: float = 30.0
    """A source no certificate in use has named for so many days is not asked any more."""
    poll_s: float = 5.0
    """How often it is looked whether a source is due: for so long the revocation of a new certificate is unknown."""


class FetchError(Exception):
    """A source could not be reached, or did not answer with what was asked for. The message is for the operator."""


class Fetcher(Protocol):
    """The way to a source. FetchError for whatever the network or the other side does."""

    async def fetch(self, source: Source, timeout_s: float) -> bytes: ...


class Refresher:
    """Holds the snapshot that verification reads. Only its own task changes it, by putting a new one in its place."""

    def __init__(
        self, chains: Chains, folder: Path, fetcher: Fetcher, clock: Callable[[], datetime], rules: RefreshRules
    ) -> None:
        self._chains, self._folder, self._fetcher, self._clock, self._rules = chains, folder, fetcher, clock, rules
        self._due: dict[Source, datetime] = {}
        self.faults: dict[str, str] = {}
        """URLs that did not answer the last time, and why: for the operator."""
        self.snapshot = RevocationSnapshot.load(folder)
        self._kept = True
        """Whether the folder held the snapshot when it was last written."""

    async def run(self) -> None:
        """Keep the snapshot fresh until cancelled."""
        while True:
            await self.once()
            await asyncio.sleep(self._rules.poll_s)

    async def once(self) -> bool:
        """Ask every source that is due. True where the snapshot is a new one."""
        now = self._clock()
        wanted = self._wanted(now)
        due = [source for source in wanted if self._due.get(source, now) <= now]
        if not due:
            return False
        gate = asyncio.Semaphore(self._rules.at_once)
        fetched = await asyncio.gather(*(self._ask(source, gate) for source in due))
        answers = {source.key: answer for source, answer in zip(due, fetched, strict=True) if answer is not None}
        keep = frozenset(source.key for source in wanted)
        snapshot = await asyncio.to_thread(self._next, answers, keep, now)
        renewed = snapshot.version != self.snapshot.version
        self.snapshot = snapshot
        return renewed

    def _wanted(self, now: datetime) -> Sequence[Source]:
        configured = (Source(SourceKind.CRL, url) for url in self._rules.lists)
        named = self._chains.sources(now - timedelta(days=self._rules.forget_d))
        wanted = tuple(dict.fromkeys((*configured, *named)))
        self._due = {source: at for source, at in self._due.items() if source in wanted}
        return wanted

    async def _ask(self, source: Source, gate: asyncio.Semaphore) -> bytes | None:
        try:
            async with gate:
                answer = await self._fetcher.fetch(source, self._rules.timeout_s)
            answer = await asyncio.to_thread(read_answer, source.kind, answer)
        except (FetchError, AnswerError) as fault:
            self.faults[source.url] = str(fault)
            self._due[source] = self._clock() + timedelta(seconds=self._rules.retry_s)
            return None
        self.faults.pop(source.url, None)
        self._due[source] = self._clock() + timedelta(seconds=self._rules.refresh_s)
        return answer

    def _next(self, answers: dict[str, bytes], keep: frozenset[str], now: datetime) -> RevocationSnapshot:
        """The snapshot with these answers. The folder is for the next start: a disk that is full stops nothing."""
        snapshot = self.snapshot.renewed(answers, keep, now)
        try:
            snapshot.save(self._folder)
        except OSError as fault:
            if self._kept:
                LOG.warning("the revocation snapshot cannot be kept in %s: %s", self._folder, fault)
            self._kept = False
        else:
            if not self._kept:
                LOG.warning("the revocation snapshot is kept in %s again", self._folder)
            self._kept = True
        return snapshot
