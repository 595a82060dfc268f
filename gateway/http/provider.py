"""Asking an OpenID Connect provider over HTTP: small answers, in time, from the address asked and no other."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import quote

import aiohttp
from aiohttp import hdrs

from gateway.exchange.provider import AwayError

ANSWER_BYTES_MAX = 262_144


class HttpAsker:
    """A provider over a session that its caller owns."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def get(self, url: str, timeout_s: float) -> bytes:
        """The body of a 200; AwayError for anything else."""
        status, body = await self._ask("GET", url, timeout_s)
        if status != 200:
            raise AwayError(f"HTTP {status}")
        return body

    async def post(
        self, url: str, fields: Mapping[str, str], login: tuple[str, str] | None, timeout_s: float
    ) -> tuple[int, bytes]:
        """Send a form, and say who we are in the header where `login` is given: status and body of the answer."""
        headers: dict[str, str] = {}
        if login is not None:  # RFC 6749, 2.3.1: both are form-encoded first
            written = ":".join(quote(one, safe="") for one in login)
            headers[hdrs.AUTHORIZATION] = f"Basic {base64.b64encode(written.encode()).decode()}"
        return await self._ask("POST", url, timeout_s, fields, headers)

    async def _ask(
        self,
        method: str,
        url: str,
        timeout_s: float,
        fields: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        timeout, sent = aiohttp.ClientTimeout(total=timeout_s), {hdrs.ACCEPT: "application/json", **(headers or {})}
        try:
            async with self._session.request(
                method, url, data=fields, headers=sent, timeout=timeout, allow_redirects=False
            ) as answer:
                body = bytearray()
                async for chunk in answer.content.iter_chunked(65_536):
                    body += chunk
                    if len(body) > ANSWER_BYTES_MAX:
                        raise AwayError(f"more than {ANSWER_BYTES_MAX} bytes")
                return answer.status, bytes(body)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as fault:
            raise AwayError(type(fault).__name__) from fault


@asynccontextmanager
async def asking() -> AsyncIterator[HttpAsker]:
    """The way to a provider until the block ends. It keeps no cookies: nobody's session there is ours."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield HttpAsker(session)
