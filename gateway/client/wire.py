"""One request to the gateway, tried as often as makes sense, never faster than the gateway asks for."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import aiohttp
from yarl import URL

from gateway.client.problem import Problem, Unreachable

Result = TypeVar("Result")
Body = bytes | AsyncIterator[bytes] | None

FAULTS = (Problem, aiohttp.ClientError, TimeoutError, ConnectionError)
"""How a try may fail."""
CONNECT_TIMEOUT_S = 15.0
QUIET_TIMEOUT_S = 120.0
"""Longest silence of the gateway inside an answer, beyond what we asked it to wait."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often, and how long between."""

    attempts_max: int = 6
    first_s: float = 0.2
    most_s: float = 20.0

    def pause_s(self, attempt: int, asked_s: float | None, chance: float) -> float:
        """Before the next try: at least what the gateway asked for, otherwise doubling, with jitter."""
        own_s = min(self.first_s * 2.0 ** min(attempt - 1, 62), self.most_s) * (0.5 + chance / 2)
        return max(own_s, asked_s or 0.0)


@dataclass(frozen=True, slots=True)
class Ask:
    """What to ask. `body` makes the body anew for each try."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Callable[[], Body] = lambda: None
    quiet_s: float = QUIET_TIMEOUT_S
    """Longest silence inside the answer."""


class Wire:
    """The connection pool and its retries."""

    def __init__(
        self,
        base_url: str,
        token: str | None,
        tls: ssl.SSLContext | None,
        language: str,
        patience: Patience,
        chance: random.Random,
    ) -> None:
        headers = {"Accept-Language": language}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        self._base = base_url.rstrip("/")
        self._patience = patience
        self._chance = chance
        self._session = aiohttp.ClientSession(
            headers=headers,
            connector=aiohttp.TCPConnector(ssl=tls or True, limit_per_host=64),
            auto_decompress=False,
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()

    async def ask(self, ask: Ask, read: Callable[[aiohttp.ClientResponse], Awaitable[Result]]) -> Result:
        """`read` of the answer.

        Problem where the gateway says no, Unreachable where nothing more can be tried.
        """
        attempt = 1
        while True:
            try:
                async with self.opened(ask) as answer:
                    return await read(answer)
            except FAULTS as fault:
                await self.pause(attempt, fault, passing=isinstance(fault, Problem) and fault.transient)
            attempt += 1

    async def pause(self, attempt: int, fault: Exception, *, passing: bool) -> None:
        """Wait before the next try; Problem or Unreachable where there is none: it does not pass, or we are tired."""
        tired = attempt >= self._patience.attempts_max
        if isinstance(fault, Problem):
            if tired or not passing:
                raise fault
        elif tired or isinstance(fault, aiohttp.ClientSSLError | aiohttp.InvalidURL):  # trying again cannot mend these
            raise Unreachable(f"{self._base}: {fault or type(fault).__name__}") from fault
        asked_s = fault.retry_after_s if isinstance(fault, Problem) else None
        await asyncio.sleep(self._patience.pause_s(attempt, asked_s, self._chance.random()))

    @asynccontextmanager
    async def opened(self, ask: Ask) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer to one try; Problem for every status but success."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=ask.quiet_s)
        async with self._session.request(
            ask.method,
            URL(self._base + ask.path, encoded=True),
            params=ask.query,
            headers=ask.headers,
            data=ask.body(),
            timeout=timeout,
            allow_redirects=False,
        ) as answer:
            if not 200 <= answer.status < 300:
                raise Problem.read(answer.status, await answer.read(), answer.headers.get("Retry-After"))
            yield answer
