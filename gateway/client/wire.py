"""One request to the gateway, tried as often as makes sense: only what may succeed unchanged, never faster than asked."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
from yarl import URL

from gateway.client.problem import Problem, Unreachable

Result = TypeVar("Result")

CONNECT_TIMEOUT_S = 15.0
QUIET_TIMEOUT_S = 120.0
"""Longest silence of the gateway inside an answer, beyond what it was asked to wait."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often, and how long between."""

    attempts_max: int = 6
    first_s: float = 0.2
    most_s: float = 20.0

    def pause_s(self, attempt: int, asked_s: float | None, chance: float) -> float:
        """Before the next try: at least what the gateway asked for, otherwise doubling, with jitter."""
        own_s = min(self.first_s * 2.0 ** (attempt - 1), self.most_s) * (0.5 + chance / 2)
        return max(own_s, asked_s or 0.0)


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
        self._base = URL(base_url)
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

    async def ask(
        self,
        method: str,
        path: str,
        read: Callable[[aiohttp.ClientResponse], Awaitable[Result]],
        body: Callable[[], dict[str, Any]] = dict,
        **options: Any,
    ) -> Result:
        """`read` of the answer. `body` makes the request's body anew for each try.

        Problem where the gateway says no, Unreachable where nothing more can be tried.
        """
        attempt = 1
        while True:
            try:
                async with self.opened(method, path, **body(), **options) as answer:
                    return await read(answer)
            except Problem as no:
                if not no.transient or attempt >= self._patience.attempts_max:
                    raise
                asked_s = no.retry_after_s
            except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
                if isinstance(error, aiohttp.ClientSSLError | aiohttp.InvalidURL):
                    raise Unreachable(f"{self._base}: {error}") from error  # trying again cannot mend these
                if attempt >= self._patience.attempts_max:
                    raise Unreachable(f"{self._base}: {error or type(error).__name__}") from error
                asked_s = None
            await asyncio.sleep(self._patience.pause_s(attempt, asked_s, self._chance.random()))
            attempt += 1

    @asynccontextmanager
    async def opened(
        self, method: str, path: str, quiet_s: float = QUIET_TIMEOUT_S, **options: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer to one try; Problem for every status but success."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=quiet_s)
        async with self._session.request(
            method, self._base.join(URL(path)), timeout=timeout, allow_redirects=False, **options
        ) as answer:
            if not 200 <= answer.status < 300:
                raise Problem.read(answer.status, await answer.read(), answer.headers.get("Retry-After"))
            yield answer
